import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Callback } from "../../ffi/callbacks.ts";
import { fillTraps, memfdPages, mprotectPages } from "../../ffi/code_pages.ts";
import { CodeSpace, MAX_RESERVE } from "../../ffi/code_space.ts";
import { isCoherent } from "../../ffi/coherence.ts";
import { Gate } from "../../ffi/gate.ts";
import { openLibc } from "../../ffi/libc.ts";
import { ContextBlock } from "../../ffi/memory.ts";
import { bufferAt, detach, pointerTo } from "../../ffi/pointer.ts";
import { EMULATED, LINUX, MODES, NATIVE, runChild } from "./environment.ts";
import { CALL, hasWritableCode, INCREMENT, mappings, memoryFiles, publish } from "./machine.ts";

/** What lies in memory at `address`. */
function peek(address: number, length: number): number[] {
  const buffer = bufferAt(address, length);
  const bytes = [...new Uint8Array(buffer)];
  detach(buffer);
  return bytes;
}

function traps(length: number): number[] {
  const bytes = new Uint8Array(length);
  fillTraps(bytes, 0, length, Deno.build.arch);
  return [...bytes];
}

for (const mode of MODES) {
  Deno.test(`CodeSpace (${mode}) runs what it published`, NATIVE, () => {
    using space = new CodeSpace({ mode });
    using gate = new Gate(space);
    using context = new ContextBlock();
    if (mode !== "auto") assertEquals(space.mode, mode);
    const entries = Array.from({ length: 40 }, () => publish(space, INCREMENT));
    for (const entry of entries) gate.enter(entry, context.pointer);
    assertEquals(context.i64[0], 40n);
    assertEquals(space.stats().published, 40);
  });

  Deno.test(`CodeSpace (${mode}) publishes and frees under running code`, NATIVE, () => {
    using space = new CodeSpace({ mode });
    using gate = new Gate(space);
    using context = new ContextBlock();
    using inner = new ContextBlock();
    using callback = new Callback(() => {
      const address = space.publish(INCREMENT);
      gate.enter(pointerTo(address), inner.pointer);
      space.free(address);
      return Number(inner.i64[0]);
    });
    const entry = publish(space, CALL);
    context.i64[0] = BigInt(callback.address);
    for (let i = 1; i <= 50; i++) {
      gate.enter(entry, context.pointer);
      assertEquals(context.i64[1], BigInt(i));
    }
    assertEquals(space.stats().published, 1);
  });

  Deno.test(`CodeSpace (${mode}) has no page that is writable and executable`, LINUX, () => {
    using space = new CodeSpace({ mode });
    using gate = new Gate(space);
    using context = new ContextBlock();
    const seen: string[][] = [];
    using callback = new Callback(() => {
      const own = mappings(space.base, space.base + space.size);
      const all = [...own, ...memoryFiles()];
      assert(!hasWritableCode(all), JSON.stringify(all));
      // Of the mapping that runs right now, at least the page of the code is executable.
      assert(own.some(({ rights }) => rights.startsWith("r-x")), JSON.stringify(own));
      seen.push(own.map(({ rights }) => rights));
      return 0;
    });
    const entry = publish(space, CALL);
    context.i64[0] = BigInt(callback.address);
    gate.enter(entry, context.pointer);
    for (let i = 0; i < 5; i++) space.publish(INCREMENT);
    gate.enter(entry, context.pointer);
    assertEquals(callback.threw, false, callback.threw ? String(callback.takeError()) : "");
    assertEquals(seen.length, 2);
  });

  Deno.test(`CodeSpace (${mode}) leaves no page behind`, LINUX, () => {
    const before = memoryFiles().length;
    const space = new CodeSpace({ mode });
    const { base, size } = space;
    space.publish(INCREMENT);
    assertEquals(mappings(base, base + size).at(-1)!.end, base + size);
    if (space.mode === "memfd") assert(memoryFiles().length > before);
    space[Symbol.dispose]();
    space[Symbol.dispose]();
    // Another thread may have mapped something there by now; it is not code of ours.
    assert(!mappings(base, base + size).some(({ rights }) => rights[2] === "x"));
    assertEquals(memoryFiles().length, before);
  });

  Deno.test(`CodeSpace (${mode}) reuses what was freed`, NATIVE, () => {
    using space = new CodeSpace({ mode, reserve: 1 << 16 });
    using gate = new Gate(space);
    using context = new ContextBlock();
    const first = space.publish(CALL);
    const second = space.publish(INCREMENT);
    const { used } = space.stats();
    space.free(first);
    assert(space.stats().used < used);
    assertThrows(() => space.free(first), RangeError, "none was published there");
    assertEquals(space.publish(INCREMENT), first);
    for (const address of [first, second]) gate.enter(pointerTo(address), context.pointer);
    assertEquals(context.i64[0], 2n);
    space.free(first);
    space.free(second);
    assertEquals(space.stats().used, 0);
    assertEquals(space.stats().largestFree, space.size);
  });

  Deno.test(`CodeSpace (${mode}) dies on entering freed code`, NATIVE, async () => {
    const { code, signal, stdout } = await runChild(
      `import { CodeSpace } from "../../ffi/code_space.ts";
      import { Gate } from "../../ffi/gate.ts";
      import { ContextBlock } from "../../ffi/memory.ts";
      import { pointerTo } from "../../ffi/pointer.ts";
      import { INCREMENT } from "./machine.ts";
      const space = new CodeSpace({ mode: ${JSON.stringify(mode)} });
      const gate = new Gate(space);
      const context = new ContextBlock();
      const address = space.publish(INCREMENT);
      gate.enter(pointerTo(address), context.pointer);
      console.log(context.i64[0]);
      space.free(address);
      gate.enter(pointerTo(address), context.pointer);
      console.log("survived");`,
      "--allow-ffi",
    );
    assertEquals(stdout, "1n\n");
    assert(code !== 0);
    assertMatch(String(signal), /^SIG(TRAP|SEGV|BUS|ILL)$/);
  });
}

Deno.test('CodeSpace takes "memfd" where it works (not in an emulator)', {
  ignore: LINUX.ignore || EMULATED,
}, () => {
  using space = new CodeSpace();
  assertEquals(space.mode, "memfd");
  assertEquals(space.stats().fallback, null);
});

Deno.test("isCoherent tells pages that show what was written last", LINUX, () => {
  using libc = openLibc();
  const pages = mprotectPages(libc, 1 << 14);
  assert(isCoherent(libc, pages));
  // As an emulator that holds on to its first translation.
  let writes = 0;
  const stale = {
    ...pages,
    write: (...args: Parameters<typeof pages.write>) => {
      if (writes++ === 0) pages.write(...args);
    },
  };
  assert(!isCoherent(libc, stale));
  assertEquals(writes, 2);
  pages.release();
});

Deno.test("CodeSpace fills the rest of a publication, and freed code, with traps", LINUX, () => {
  using space = new CodeSpace({ pages: (libc) => memfdPages(libc, 1 << 16) });
  const bytes = new Uint8Array(20).fill(1);
  const address = space.publish(bytes);
  assertEquals(peek(address, 32), [...bytes, ...traps(12)]);
  space.free(address);
  assertEquals(peek(address, 32), traps(32));
  using pages = new CodeSpace({ mode: "mprotect", reserve: 1 << 14 });
  const other = pages.publish(bytes);
  assertEquals(peek(other, 4096), [...bytes, ...traps(4076)]);
});

Deno.test("CodeSpace grows its writable window past its first step", NATIVE, () => {
  using space = new CodeSpace({ reserve: 4 << 20 });
  using gate = new Gate(space);
  using context = new ContextBlock();
  space.publish(new Uint8Array((1 << 20) - 8));
  const across = new Uint8Array(1 << 20);
  across.set(INCREMENT);
  const far = [space.publish(across), space.publish(INCREMENT)];
  for (const address of far) gate.enter(pointerTo(address), context.pointer);
  assertEquals(context.i64[0], 2n);
  assert(far[1] > space.base + (2 << 20) - 16);
});

Deno.test("CodeSpace aligns and lets code be patched for its address", NATIVE, () => {
  using space = new CodeSpace({ reserve: 1 << 20 });
  for (const align of [1, 16, 64, 4096]) {
    assertEquals(space.publish(INCREMENT, align) % align, 0);
  }
  const bytes = new Uint8Array(16);
  let told = 0;
  const address = space.publish(bytes, 16, (code, at) => {
    told = at;
    code[0] = 0x2a;
  });
  assertEquals(told, address);
  assertEquals(peek(address, 1), [0x2a]);
  const { used } = space.stats();
  assertThrows(
    () =>
      space.publish(bytes, 16, () => {
        throw new Error("out of reach");
      }),
    Error,
    "out of reach",
  );
  assertEquals(space.stats().used, used);
});

Deno.test("CodeSpace says what is wrong with its arguments", NATIVE, () => {
  for (const reserve of [0, -1, 1.5, NaN, MAX_RESERVE + 1]) {
    assertThrows(() => new CodeSpace({ reserve }), RangeError, `Cannot reserve ${reserve} bytes`);
  }
  assertThrows(
    () => new CodeSpace({ mode: "rwx" as "memfd" }),
    TypeError,
    'Unknown mode of code pages "rwx"',
  );
  using space = new CodeSpace({ reserve: 4096 });
  assertThrows(() => space.publish(new Uint8Array(0)), RangeError, "code of 0 bytes");
  for (const align of [0, -16, 3, 8192, NaN]) {
    assertThrows(() => space.publish(INCREMENT, align), RangeError, `to ${align} bytes`);
  }
  assertThrows(() => space.free(space.base), RangeError, "none was published there");
  const { size } = space;
  assertThrows(
    () => space.publish(new Uint8Array(size + 1)),
    Error,
    `Cannot publish ${size + 1} bytes of code: the longest free range of the code space has ` +
      `${size} of ${size} bytes`,
  );
  space.publish(new Uint8Array(size));
  assertThrows(() => space.publish(INCREMENT), Error, `has 0 of ${size} bytes`);
  space[Symbol.dispose]();
  assertThrows(() => space.publish(INCREMENT), Error, "a CodeSpace after it was disposed");
  assertThrows(() => space.free(space.base), Error, "a CodeSpace after it was disposed");
});

Deno.test('CodeSpace refuses "map_jit" where there is none', {
  ignore: NATIVE.ignore || (Deno.build.os === "darwin" && Deno.build.arch === "aarch64"),
}, () => {
  assertThrows(
    () => new CodeSpace({ mode: "map_jit" }),
    Error,
    'Code pages of mode "map_jit" exist on macOS with an AArch64 processor only',
  );
});

Deno.test("memfdPages gives everything back when it cannot map", LINUX, () => {
  using libc = openLibc();
  const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = { files: memoryFiles().length, descriptors: descriptors() };
  assertThrows(() => memfdPages(libc, 2 ** 50), Error, "Cannot map");
  assertEquals({ files: memoryFiles().length, descriptors: descriptors() }, before);
});

Deno.test("what was never disposed is unmapped after collection", LINUX, async () => {
  const { code, stdout, stderr } = await runChild(
    `import { Callback } from "../../ffi/callbacks.ts";
    import { CodeSpace } from "../../ffi/code_space.ts";
    import { Gate } from "../../ffi/gate.ts";
    import { ContextBlock, GuestStack } from "../../ffi/memory.ts";
    import { CALL, mappings, memoryFiles, publish } from "./machine.ts";
    const ranges: [number, number][] = [];
    let keptView: BigInt64Array | null = null;
    function use(mode: "auto" | "mprotect") {
      const space = new CodeSpace({ mode });
      const gate = new Gate(space);
      const context = new ContextBlock();
      const stack = new GuestStack();
      const callback = new Callback(() => 7);
      context.i64[0] = BigInt(callback.address);
      gate.enter(publish(space, CALL), context.pointer);
      if (context.i64[1] !== 7n) throw new Error("the callback did not run");
      ranges.push([space.base, space.base + space.size]);
      ranges.push([context.address, context.address + context.size]);
      ranges.push([stack.address, stack.address + stack.mapped]);
    }
    function keep() {
      const context = new ContextBlock();
      context.i64[3] = 42n;
      keptView = context.i64;
    }
    use("auto");
    use("mprotect");
    keep();
    const left = () => ranges.filter(([start, end]) =>
      mappings(start, end).some((m) => m.start <= start && m.end >= end || m.rights[2] === "x")
    ).length;
    const before = left();
    const filesBefore = memoryFiles().length;
    for (let i = 0; i < 50 && (left() > 0 || memoryFiles().length > 0); i++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    console.log(before > 0, filesBefore, left(), memoryFiles().length, keptView![3]);`,
    "--allow-all",
    "--v8-flags=--expose-gc",
  );
  assertEquals(stderr, "");
  assertEquals(stdout, `true ${EMULATED ? 0 : 2} 0 0 42n\n`);
  assertEquals(code, 0);
});
