import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { CodeSpace } from "../../ffi/code_space.ts";
import { Gate } from "../../ffi/gate.ts";
import { openLibc } from "../../ffi/libc.ts";
import { ContextBlock, GuestStack } from "../../ffi/memory.ts";
import { addressOf, addressOfBuffer, pointerTo } from "../../ffi/pointer.ts";
import { roundUp } from "../../ffi/range_allocator.ts";
import { LINUX, NATIVE, runChild } from "./environment.ts";
import { mappings, publish, SWITCH_STACK } from "./machine.ts";

Deno.test("ContextBlock has one set of bytes and many views", NATIVE, () => {
  using context = new ContextBlock();
  assert(context.size >= 4096);
  assertEquals(context.address % 4096, 0);
  assertEquals(addressOf(context.pointer), context.address);
  assertEquals(addressOfBuffer(context.u8.buffer), context.address);
  assert(context.u8.every((byte) => byte === 0));
  context.f64[1] = 1;
  assertEquals(context.i64[1], 0x3ff0_0000_0000_0000n);
  assertEquals(context.u64[1], 0x3ff0_0000_0000_0000n);
  assertEquals([context.i32[2], context.i32[3]], [0, 0x3ff0_0000]);
  context.i32[0] = -1;
  assertEquals(context.u32[0], 0xffff_ffff);
  assertEquals(context.u8[3], 0xff);
});

Deno.test("ContextBlock rounds its size and rejects nonsense", NATIVE, () => {
  using context = new ContextBlock(5000);
  assertEquals(context.size % 4096, 0);
  assert(context.size >= 5000);
  for (const size of [0, -1, 0.5, Infinity, NaN]) {
    assertThrows(() => new ContextBlock(size), RangeError, `a context block of ${size} bytes`);
  }
});

Deno.test("ContextBlock leaves empty views and no page", LINUX, () => {
  const context = new ContextBlock(1 << 20);
  const { address, size, i64 } = context;
  i64[0] = 1n;
  assert(mappings(address, address + 1)[0].rights === "rw-p");
  context[Symbol.dispose]();
  context[Symbol.dispose]();
  assertEquals(i64.length, 0);
  assertEquals(i64[0], undefined);
  assertThrows(() => context.pointer, Error, "Cannot use a ContextBlock after it was disposed");
  // Other threads map memory too, so the range may be in use again, but hardly all of it.
  assert(
    !mappings(address, address + size).some((m) => m.start <= address && m.end >= address + size),
  );
});

Deno.test("GuestStack lies between pages that cannot be accessed", LINUX, () => {
  using stack = new GuestStack({ size: 100_000, guard: 5000 });
  using libc = openLibc();
  assertEquals(stack.size, roundUp(100_000, libc.pageSize));
  assertEquals(stack.top - stack.limit, stack.size);
  assertEquals(stack.top % 16, 0);
  const rights = (start: number, end: number) => {
    const list = mappings(start, end);
    assert(list[0].start <= start && list.at(-1)!.end >= end);
    return list.map((mapping) => mapping.rights).join();
  };
  assertEquals(rights(stack.address, stack.limit), "---p");
  assertEquals(stack.limit - stack.address, roundUp(5000, libc.pageSize));
  assertEquals(rights(stack.limit, stack.top), "rw-p");
  assertEquals(rights(stack.top, stack.address + stack.mapped), "---p");
});

Deno.test("GuestStack carries frames of machine code", NATIVE, () => {
  using space = new CodeSpace();
  using gate = new Gate(space);
  using context = new ContextBlock();
  using stack = new GuestStack();
  const words = context.i64;
  const entry = publish(space, SWITCH_STACK);
  for (let i = 0; i < 3000; i++) {
    words.set([0n, BigInt(stack.top), 0n, BigInt(i), 1000n, 0n]);
    gate.enter(entry, context.pointer);
    assertEquals(words[5], BigInt(i + 1000));
  }
  assertEquals(words[2], BigInt(stack.top));
  assert(words[0] < BigInt(stack.address) || words[0] > BigInt(stack.address + stack.mapped));
});

Deno.test("running into a guard of a GuestStack kills the process", NATIVE, async () => {
  const { code, signal, stdout } = await runChild(
    `import { CodeSpace } from "../../ffi/code_space.ts";
    import { Gate } from "../../ffi/gate.ts";
    import { ContextBlock, GuestStack } from "../../ffi/memory.ts";
    import { publish, SWITCH_STACK } from "./machine.ts";
    const space = new CodeSpace();
    const gate = new Gate(space);
    const context = new ContextBlock();
    const stack = new GuestStack();
    const entry = publish(space, SWITCH_STACK);
    context.i64[1] = BigInt(stack.limit + 64);
    gate.enter(entry, context.pointer);
    console.log("in reach");
    context.i64[1] = BigInt(stack.limit);
    gate.enter(entry, context.pointer);
    console.log("survived");`,
    "--allow-ffi",
  );
  assertEquals(stdout, "in reach\n");
  assert(code !== 0);
  assertMatch(String(signal), /^SIG(SEGV|BUS)$/);
});

Deno.test("GuestStack rejects nonsense and use after disposal", NATIVE, () => {
  assertThrows(() => new GuestStack({ size: 0 }), RangeError, "a guest stack of 0 bytes");
  assertThrows(
    () => new GuestStack({ guard: -5 }),
    RangeError,
    "the guard of a guest stack of -5 bytes",
  );
  const stack = new GuestStack();
  stack[Symbol.dispose]();
  stack[Symbol.dispose]();
  for (const key of ["address", "limit", "top", "mapped"] as const) {
    assertThrows(() => stack[key], Error, "Cannot use a GuestStack after it was disposed");
  }
});

Deno.test("addressOfBuffer is stable while a WebAssembly.Memory grows", NATIVE, () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const address = addressOfBuffer(memory.buffer);
  const detached = memory.buffer;
  for (const pages of [1, 30, 500]) {
    memory.grow(pages);
    assertEquals(addressOfBuffer(memory.buffer), address);
  }
  assertThrows(() => addressOfBuffer(detached), TypeError, "an empty or detached buffer");
});

Deno.test("addressOfBuffer sees what small arrays see", NATIVE, () => {
  const small = new Uint8Array(8);
  assertEquals(addressOfBuffer(small.buffer), addressOfBuffer(small.buffer));
  assertThrows(() => addressOfBuffer(new ArrayBuffer(0)), TypeError, "an empty or detached buffer");
});

Deno.test("pointerTo takes native addresses only", NATIVE, () => {
  assertEquals(addressOf(pointerTo(0x1234_5678_9abc)), 0x1234_5678_9abc);
  assertEquals(addressOf(null), 0);
  for (const address of [0, -1, 1.5, 2 ** 53, NaN]) {
    assertThrows(() => pointerTo(address), RangeError, `${address} is not a native address`);
  }
});
