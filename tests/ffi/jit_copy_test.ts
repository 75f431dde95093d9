import { assert, assertEquals } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { mapJitPages } from "../../ffi/code_pages.ts";
import { CodeSpace } from "../../ffi/code_space.ts";
import { Gate } from "../../ffi/gate.ts";
import { jitCopyRoutine } from "../../ffi/jit_copy.ts";
import { openLibc } from "../../ffi/libc.ts";
import { ContextBlock } from "../../ffi/memory.ts";
import { addressOf, type Pointer, pointerTo } from "../../ffi/pointer.ts";
import { PROTECTION } from "../../ffi/systems.ts";
import { assemble, hasTool } from "../harness/binutils.ts";
import { NATIVE } from "./environment.ts";
import { hasWritableCode, INCREMENT, mappings, publish } from "./machine.ts";

const FUNCTIONS = {
  writeProtect: 0x1122_3344_5566,
  copy: 0x0000_7fff_0123_4560,
  flush: 0x0001_0000_0008,
};

const SOURCE = `
  stp x29, x30, [sp, #-32]!
  mov x29, sp
  str x19, [sp, #16]
  mov x19, x0
  mov w0, #0
  ldr x16, protect
  blr x16
  ldp x0, x1, [x19]
  ldr x2, [x19, #16]
  ldr x16, copy
  blr x16
  mov w0, #1
  ldr x16, protect
  blr x16
  ldr x0, [x19]
  ldr x1, [x19, #16]
  ldr x16, flush
  blr x16
  ldr x19, [sp, #16]
  ldp x29, x30, [sp], #32
  mov w0, #0
  ret
  .balign 8
protect: .quad ${FUNCTIONS.writeProtect}
copy: .quad ${FUNCTIONS.copy}
flush: .quad ${FUNCTIONS.flush}
`;

function hex(bytes: Uint8Array): string {
  const words = new Uint32Array(bytes.slice().buffer);
  return [...words].map((word) => word.toString(16).padStart(8, "0") + "\n").join("");
}

Deno.test("jitCopyRoutine matches its golden file", async (t) => {
  const path = new URL("../golden/ffi/jit_copy.txt", import.meta.url).pathname;
  await assertSnapshot(t, hex(jitCopyRoutine(FUNCTIONS)), { path });
});

Deno.test("jitCopyRoutine matches the assembler (needs GNU as for AArch64)", {
  ignore: !hasTool("a64"),
}, async () => {
  assertEquals(hex(jitCopyRoutine(FUNCTIONS)), hex(await assemble("a64", SOURCE)));
});

const A64 = { ignore: NATIVE.ignore || Deno.build.arch !== "aarch64" };

const ONE_ARGUMENT = { parameters: ["pointer"], result: "i32" } as const;

/**
 * A code space on ordinary pages, with callbacks that do to them what the system does to MAP_JIT
 * pages, and write down what they were asked.
 */
class JitBench implements Disposable {
  readonly log: string[] = [];
  readonly space: CodeSpace;
  readonly #libc = openLibc();
  readonly #size = 1 << 20;
  readonly #writeProtect: Deno.UnsafeCallback<typeof ONE_ARGUMENT>;
  readonly #flush: Deno.UnsafeCallback<typeof ONE_ARGUMENT>;

  constructor() {
    const { read, write, execute } = PROTECTION;
    const base = this.#libc.map(this.#size, read | execute);
    this.#writeProtect = this.#logging((enabled) => {
      this.log.push(enabled === null ? "open" : `close(${addressOf(enabled)})`);
      this.#libc.protect(base, this.#size, read | (enabled === null ? write : execute));
    });
    this.#flush = this.#logging((start) => {
      this.log.push(`flush(${addressOf(start) - base})`);
      this.#libc.flushInstructionCache(base, this.#size);
    });
    const functions = {
      writeProtect: addressOf(this.#writeProtect.pointer),
      copy: this.#libc.address("memcpy"),
      flush: addressOf(this.#flush.pointer),
    };
    this.space = new CodeSpace({
      pages: (libc) => mapJitPages(libc, this.#size, { base, functions }),
    });
  }

  /** A C function of one argument; errors go to the log. */
  #logging(run: (argument: Pointer | null) => void): Deno.UnsafeCallback<typeof ONE_ARGUMENT> {
    return new Deno.UnsafeCallback(ONE_ARGUMENT, (argument) => {
      try {
        run(argument);
      } catch (error) {
        this.log.push(String(error));
      }
      return 0;
    });
  }

  [Symbol.dispose](): void {
    this.space[Symbol.dispose]();
    this.#writeProtect.close();
    this.#flush.close();
    this.#libc[Symbol.dispose]();
  }
}

Deno.test("mapJitPages runs what its routine wrote (needs AArch64)", A64, () => {
  using bench = new JitBench();
  const { space, log } = bench;
  assertEquals(space.mode, "map_jit");
  using gate = new Gate(space);
  using context = new ContextBlock();
  log.length = 0;
  const first = space.publish(INCREMENT);
  assertEquals(log, ["open", "close(1)", `flush(${first - space.base})`]);
  const own = mappings(space.base, space.base + space.size);
  assert(!hasWritableCode(own));
  gate.enter(pointerTo(first), context.pointer);
  space.free(first);
  const second = publish(space, INCREMENT);
  gate.enter(second, context.pointer);
  assertEquals(context.i64[0], 2n);
});

Deno.test("mapJitPages writes more than fits its staging area (needs AArch64)", A64, () => {
  using bench = new JitBench();
  const { space, log } = bench;
  using gate = new Gate(space);
  using context = new ContextBlock();
  log.length = 0;
  // 50,000 times "add x0, x0, #0", then the routine.
  const bytes = new Uint8Array(200_000 + INCREMENT.length);
  new Uint32Array(bytes.buffer, 0, 50_000).fill(0x91000000);
  bytes.set(INCREMENT, 200_000);
  const entry = publish(space, bytes);
  assertEquals(log.filter((line) => line === "open").length, 4);
  gate.enter(entry, context.pointer);
  assertEquals(context.i64[0], 1n);
});
