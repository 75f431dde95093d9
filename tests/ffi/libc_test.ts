import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { type Libc, openLibc, type RawFunction } from "../../ffi/libc.ts";
import { addressOfBuffer, bufferAt, detach } from "../../ffi/pointer.ts";
import { PROTECTION } from "../../ffi/systems.ts";
import { LINUX, NATIVE } from "./environment.ts";
import { mappings } from "./machine.ts";

Deno.test("openLibc knows its machine", NATIVE, () => {
  using libc = openLibc();
  assertEquals(libc.arch, Deno.build.arch);
  assert(libc.pageSize >= 4096 && Number.isInteger(Math.log2(libc.pageSize)));
  assertMatch(libc.libraryName, /^libc\.|libSystem/);
});

Deno.test("handles share one library, and each is disposed by itself", NATIVE, () => {
  const first = openLibc();
  const second = openLibc();
  assertEquals(first.gate, second.gate);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertThrows(() => first.gate, Error, "Cannot use a Libc after it was disposed");
  using third = openLibc();
  assertEquals(second.gate, third.gate);
  second[Symbol.dispose]();
  assert(third.address("memcpy") > 0);
});

Deno.test("a library that was closed is opened again", NATIVE, () => {
  const addresses = [1, 2].map(() => {
    using libc = openLibc();
    return libc.address("memmove");
  });
  assertEquals(addresses[0], addresses[1]);
});

Deno.test("Libc.address names functions for machine code", NATIVE, () => {
  using libc = openLibc();
  const names: RawFunction[] = ["memcpy", "memmove", "memset", "memcmp"];
  for (const name of names) assertNotEquals(libc.address(name), 0, name);
  const darwin = Deno.build.os === "darwin";
  assertEquals(libc.address("sys_icache_invalidate") !== 0, darwin);
});

Deno.test("Libc.map gives zeroed pages that Libc.unmap takes back", LINUX, () => {
  using libc = openLibc();
  const size = 3 * libc.pageSize;
  const address = libc.map(size, PROTECTION.read | PROTECTION.write);
  const buffer = bufferAt(address, size);
  const view = new Uint8Array(buffer);
  assert(view.every((byte) => byte === 0));
  view.fill(7);
  assertEquals(addressOfBuffer(buffer), address);
  libc.protect(address + libc.pageSize, libc.pageSize, PROTECTION.read);
  const rights = (at: number) => mappings(at, at + 1).map((mapping) => mapping.rights).join();
  assertEquals(rights(address), "rw-p");
  assertEquals(rights(address + libc.pageSize), "r--p");
  detach(buffer);
  assertEquals(view.length, 0);
  libc.unmap(address, size);
  assertEquals(rights(address), "");
});

Deno.test("a memory file shared by two mappings", LINUX, () => {
  using libc = openLibc();
  const { read, write } = PROTECTION;
  const size = libc.pageSize;
  const fd = libc.memfd("burin-test", size);
  const first = libc.map(size, read | write, { fd });
  const second = libc.map(size, read, { fd });
  libc.close(fd);
  const written = bufferAt(first, size);
  const seen = bufferAt(second, size);
  new Uint8Array(written).set([1, 2, 3], 8);
  assertEquals([...new Uint8Array(seen, 8, 3)], [1, 2, 3]);
  detach(written);
  detach(seen);
  libc.unmap(first, size);
  libc.unmap(second, size);
});

Deno.test("failures carry the system's reason", LINUX, () => {
  using libc = openLibc();
  const cases: [(libc: Libc) => unknown, RegExp][] = [
    [(c) => c.map(2 ** 52, 0), /^Cannot map 4503599627370496 bytes: .+ \(errno 12\)$/],
    [(c) => c.map(0, 0), /^Cannot map 0 bytes: .+ \(errno 22\)$/],
    [
      (c) => c.protect(4097, 1, 0),
      /^Cannot set protection 0 on 1 bytes at 0x1001: .+ \(errno 22\)$/,
    ],
    [(c) => c.unmap(4097, 1), /^Cannot unmap 1 bytes at 0x1001: .+ \(errno 22\)$/],
    [(c) => c.close(-1), /^Cannot close file descriptor -1: .+ \(errno 9\)$/],
    [(c) => c.memfd("x".repeat(300), 1), /^Cannot create a memory file: .+ \(errno 22\)$/],
    [(c) => c.memfd("x", -1), /^Cannot set the size of a memory file to -1: .+ \(errno 22\)$/],
  ];
  for (const [action, message] of cases) {
    assertMatch(assertThrows(() => action(libc), Error).message, message);
  }
});
