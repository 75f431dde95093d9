/**
 * The x86-64 back end against the IR's evaluator on random programs, with all optional instructions
 * and with none: results, traps and their places, fuel, memory. Every allocation is checked. Also
 * determinism, limits, and what the engine relies on.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkAllocation } from "../../src/codegen/check.ts";
import { CompileError } from "../../src/codegen/compiled.ts";
import { Context, NativeSymbol } from "../../src/codegen/context.ts";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";
import { parse } from "../../src/ir/parse.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { compileX64 } from "../../src/x64/compile.ts";
import { ALU, aluRI, aluRR, movImm, movRR, REG, ret, X64Buffer } from "../../src/x64/encoder.ts";
import { X64_ALL_FEATURES, X64_NO_FEATURES } from "../../src/x64/features.ts";
import {
  answerExit,
  EXIT_FUEL,
  initialHeap,
  randomBits,
  randomProgram,
  runReference,
  SCRATCH_WORDS,
} from "../codegen/random_ir.ts";
import { Random } from "../harness/random.ts";
import { RUNS_X64, X64Machine } from "../harness/run_x64.ts";

const SCRATCH = Context.scratch / 8;

/**
 * Compiles the program of `seed`, runs it on random arguments and compares with the evaluator. The
 * last round hands fuel out in `slice`s.
 */
function compareSeed(machine: X64Machine, seed: number, kinds: Map<string, number>): void {
  const all = seed % 2 === 0;
  const reference = randomProgram(seed);
  for (const func of reference) assertValid(func, `seed ${seed}`);
  const compiled = randomProgram(seed).map((func, index) =>
    compileX64(func, index, {
      cpu: all ? X64_ALL_FEATURES : X64_NO_FEATURES,
      onAllocated: checkAllocation,
    })
  );
  machine.load(compiled);
  const random = new Random(seed ^ 0x5eed);
  const heapBase = BigInt(machine.heap.address);
  reference.forEach((func, index) => {
    for (let round = 0; round < 4; round++) {
      const args = func.paramTypes.map((type) => randomBits(random, type));
      const fuel = BigInt(round === 0 ? random.below(40) : 400);
      const depth = random.below(8);
      const heap = initialHeap();
      const expected = runReference(reference, index, args, heap, heapBase, fuel, depth);
      machine.heap.u8.set(initialHeap());
      machine.context.u64.fill(0n, SCRATCH, SCRATCH + SCRATCH_WORDS);
      const slice = round === 3 ? BigInt(1 + random.below(8)) : undefined;
      const outcome = machine.run(index, func, args, {
        fuel,
        slice,
        depth,
        onExit: (code) => {
          const words = machine.context.u64;
          words[SCRATCH] = answerExit(code, words[SCRATCH]);
          words[Context.fuel / 8] += EXIT_FUEL;
        },
      });
      const where = `f${index}(${args.map((bits) => "0x" + bits.toString(16)).join(", ")})`;
      assertEquals(outcome, expected.outcome, where);
      assertEquals(machine.heap.u8, heap, `heap after ${where}`);
      const { context, fuel: left } = expected.machine;
      for (let k = 0; k < SCRATCH_WORDS; k++) {
        const word = context.getBigUint64(Context.scratch + 8 * k, true);
        assertEquals(machine.context.u64[SCRATCH + k], word, `scratch word ${k} after ${where}`);
      }
      if (outcome.kind !== "fuel") assertEquals(machine.fuel, left, `fuel after ${where}`);
      kinds.set(outcome.kind, (kinds.get(outcome.kind) ?? 0) + 1);
    }
  });
}

Deno.test(
  { name: "compileX64() agrees with the evaluator on random programs", ...RUNS_X64 },
  () => {
    using machine = new X64Machine();
    const kinds = new Map<string, number>();
    const first = Number(Deno.env.get("SEED") ?? 1);
    const count = Number(Deno.env.get("SEEDS") ?? 300);
    for (let seed = first; seed < first + count; seed++) {
      try {
        compareSeed(machine, seed, kinds);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    if (count < 100) return;
    for (const kind of ["return", "trap", "fuel", "depth"]) {
      assert((kinds.get(kind) ?? 0) > 10, `only ${kinds.get(kind)} runs ended with "${kind}"`);
    }
  },
);

Deno.test("compileX64() gives the same bytes whatever was compiled before", () => {
  const seeds = Array.from({ length: 30 }, (_, k) => k + 1);
  const compile = (seed: number) =>
    randomProgram(seed).map((func, index) => compileX64(func, index, { cpu: X64_ALL_FEATURES }));
  const forwards = seeds.map(compile);
  const backwards = seeds.toReversed().map(compile).toReversed();
  assertEquals(backwards, forwards);
});

Deno.test("compileX64() refuses a frame beyond 32-bit displacements", () => {
  const func = parse(`func big(i64) -> i64 {\nblock0(v0: i64):\n  ret v0\n}`);
  const error = assertThrows(
    () => compileX64(func, 3, { onAllocated: (mach) => mach.outgoingBytes = 0x7fff_0000 }),
    CompileError,
  );
  assertEquals(
    error.message,
    "Cannot compile function 3 'big': its frame needs 2147418120 bytes and 0 for arguments, more " +
      "than 2147418112",
  );
});

Deno.test({ name: "call_native aligns the stack and cuts i32 results", ...RUNS_X64 }, () => {
  using machine = new X64Machine();
  const code = new X64Buffer(64);
  // Returns its stack pointer modulo 16 under an upper half of ones.
  movImm(code, REG.RAX, 0, -1);
  movRR(code, 32, REG.RCX, REG.RSP);
  aluRI(code, ALU.AND, 32, REG.RCX, 15);
  aluRR(code, ALU.OR, 64, REG.RAX, REG.RCX);
  ret(code);
  machine.replaceNative(Context.memcmp, code.code());
  // Values alive across the call make frames of different sizes.
  for (let live = 0; live < 4; live++) {
    const b = new FuncBuilder("align", [Type.I64], [Type.I64]);
    const sums = Array.from({ length: live }, (_, k) => b.binary(Op.imul, 0, b.i64(BigInt(k + 3))));
    const zero = b.i64(0n);
    const call = b.callNative(NativeSymbol.memcmp, [zero, zero, zero], [Type.I32]);
    let result = b.unary(Op.extend_u, call + 1, Type.I64);
    for (const sum of sums) result = b.binary(Op.iadd, result, sum);
    b.ret([result]);
    const func = b.finish();
    machine.load([compileX64(func, 0, { onAllocated: checkAllocation })]);
    // The call itself pushed 8 bytes below a multiple of 16.
    assertEquals(machine.run(0, func, [0n]), { kind: "return", values: [8n] });
  }
});

Deno.test(
  { name: "an exit resumes with what the dispatcher left in the context", ...RUNS_X64 },
  () => {
    using machine = new X64Machine();
    const func = parse(`func ask(i64, f64) -> i64, f64 {
block0(v0: i64, v1: f64):
  ctx_store v0, 128
  exit 5, site0
  v2 = ctx_load.i64 128
  v3 = iadd.i64 v2, v0
  depth_check site1
  fuel 10, site2
  ret v3, v1
}
sites {
  site0 = exit pc 4
  site1 = depth pc 5
  site2 = fuel pcs [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
}`);
    machine.load([compileX64(func, 0, { onAllocated: checkAllocation })]);
    const words = machine.context.u64;
    const run = (fuel: bigint, depth: bigint) =>
      machine.run(0, func, [20n, 0x4008_0000_0000_0000n], {
        fuel: 1n,
        onExit: (code, site) => {
          assertEquals([code, site.pc, words[SCRATCH]], [5, 4, 20n]);
          words[SCRATCH] = 100n;
          words[Context.fuel / 8] = fuel;
          words[Context.depth / 8] = depth;
        },
      });
    const values = [120n, 0x4008_0000_0000_0000n];
    assertEquals(run(11n, 1n), { kind: "return", values });
    assertEquals(machine.fuel, 1n);
    assertEquals(run(11n, 0n), { kind: "depth", func: 0, pc: 5 });
    assertEquals(run(7n, 1n), { kind: "fuel", func: 0, pc: 7 });
  },
);

Deno.test(
  { name: "an offset cut from a wide value has nothing above its 32 bits", ...RUNS_X64 },
  () => {
    using machine = new X64Machine();
    // Only the low half of a value may reach an address, whatever it was cut from.
    const func = parse(`func cut(i64) -> i32, i32 {
block0(v0: i64):
  v1 = wrap v0
  v2 = hload8u.i32 v1
  v3 = wrap v0
  v4 = iconst.i32 0
  v5 = iadd.i32 v3, v4
  v6 = hload8u.i32 v5
  ret v2, v6
}`);
    machine.heap.u8[40] = 77;
    for (const cpu of [X64_ALL_FEATURES, X64_NO_FEATURES]) {
      machine.load([compileX64(func, 0, { cpu, onAllocated: checkAllocation })]);
      assertEquals(machine.run(0, func, [0x7fff_ffff_0000_0028n]), {
        kind: "return",
        values: [77n, 77n],
      });
    }
  },
);
