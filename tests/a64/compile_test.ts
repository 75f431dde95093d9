/**
 * The A64 back end against the IR's evaluator on random programs, run by qemu: results, traps and
 * their places, fuel, memory. Every allocation is checked. Also reach, frames, determinism, and what
 * the engine relies on.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type A64Options, compileA64 } from "../../src/a64/compile.ts";
import { checkAllocation } from "../../src/codegen/check.ts";
import { type CompiledFunction, CompileError } from "../../src/codegen/compiled.ts";
import { Context } from "../../src/codegen/context.ts";
import { FuncBuilder } from "../../src/ir/builder.ts";
import type { Outcome } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Cond, Op, Type } from "../../src/ir/opcodes.ts";
import { parse } from "../../src/ir/parse.ts";
import { assertValid } from "../../src/ir/verify.ts";
import {
  answerExit,
  EXIT_FUEL,
  HEAP_BYTES,
  initialHeap,
  randomBits,
  randomProgram,
  runReference,
  SCRATCH_WORDS,
} from "../codegen/random_ir.ts";
import { CHARGES, crowdedArgs, crowdedFunction, crowdedResults } from "../codegen/crowded_ir.ts";
import { Random } from "../harness/random.ts";
import { A64Machine, type Entry, HEAP_AT, RUNS_A64 } from "../harness/run_a64.ts";

function entryOf(func: Func, index: number): Entry {
  return { index, paramTypes: func.paramTypes, resultTypes: func.resultTypes };
}

/**
 * Compiles the program of `seed`, runs it on random arguments and compares with the evaluator. Frames
 * get at least `outgoingBytes`, below what is saved and spilt; branches are written at `level`.
 */
async function compareSeed(
  machine: A64Machine,
  seed: number,
  kinds: Map<string, number>,
  { outgoingBytes = 0, level = 0 } = {},
): Promise<void> {
  const reference = randomProgram(seed);
  for (const func of reference) assertValid(func, `seed ${seed}`);
  const onAllocated: A64Options["onAllocated"] = (mach, allocation) => {
    checkAllocation(mach, allocation);
    mach.outgoingBytes = Math.max(mach.outgoingBytes, outgoingBytes);
  };
  machine.load(
    randomProgram(seed).map((func, index) => compileA64(func, index, { level, onAllocated })),
  );
  const random = new Random(seed ^ 0x5eed);
  const { context } = machine;
  for (const [index, func] of reference.entries()) {
    for (let round = 0; round < 4; round++) {
      const args = func.paramTypes.map((type) => randomBits(random, type));
      const fuel = BigInt(round === 0 ? random.below(40) : 400);
      const depth = random.below(8);
      const heap = initialHeap();
      const expected = runReference(reference, index, args, heap, BigInt(HEAP_AT), fuel, depth);
      machine.writeHeap(0, initialHeap());
      new Uint8Array(context.buffer, Context.scratch, 8 * SCRATCH_WORDS).fill(0);
      // The last round hands fuel out in small slices.
      const slice = round === 3 ? BigInt(1 + random.below(8)) : undefined;
      const outcome = await machine.run(entryOf(func, index), args, {
        fuel,
        slice,
        depth,
        onExit: (code) => {
          const word = context.getBigUint64(Context.scratch, true);
          context.setBigUint64(Context.scratch, answerExit(code, word), true);
          context.setBigUint64(Context.fuel, machine.fuelField + EXIT_FUEL, true);
        },
      });
      const where = `f${index}(${args.map((bits) => "0x" + bits.toString(16)).join(", ")})`;
      assertEquals(outcome, expected.outcome, where);
      assertEquals(await machine.readHeap(0, HEAP_BYTES), heap, `heap after ${where}`);
      for (let k = 0; k < SCRATCH_WORDS; k++) {
        const at = Context.scratch + 8 * k;
        const word = expected.machine.context.getBigUint64(at, true);
        assertEquals(context.getBigUint64(at, true), word, `scratch word ${k} after ${where}`);
      }
      if (outcome.kind !== "fuel") {
        assertEquals(machine.fuel, expected.machine.fuel, `fuel after ${where}`);
      }
      kinds.set(outcome.kind, (kinds.get(outcome.kind) ?? 0) + 1);
    }
  }
}

Deno.test(
  { name: "compileA64() agrees with the evaluator on random programs", ...RUNS_A64 },
  async () => {
    await using machine = await A64Machine.start();
    const kinds = new Map<string, number>();
    const first = Number(Deno.env.get("SEED") ?? 1);
    const count = Number(Deno.env.get("SEEDS") ?? 300);
    for (let seed = first; seed < first + count; seed++) {
      try {
        await compareSeed(machine, seed, kinds);
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

// Slots out of reach of the scaled offsets of loads and stores, and of the immediates of add; branches
// as functions beyond 32 KiB and 1 MiB write them.
for (
  const form of [{ outgoingBytes: 40_008 }, { outgoingBytes: 20 << 20, level: 1 }, { level: 2 }]
) {
  Deno.test(
    { name: `random programs with ${JSON.stringify(form)} agree with the evaluator`, ...RUNS_A64 },
    async () => {
      await using machine = await A64Machine.start();
      const kinds = new Map<string, number>();
      const first = Number(Deno.env.get("SEED") ?? 1001);
      const count = Number(Deno.env.get("SEEDS") ?? 80);
      for (let seed = first; seed < first + count; seed++) {
        try {
          await compareSeed(machine, seed, kinds, form);
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
      if (count < 80) return;
      for (const kind of ["return", "trap", "fuel", "depth"]) assert(kinds.has(kind), kind);
    },
  );
}

Deno.test("compileA64() gives the same bytes whatever was compiled before", () => {
  const seeds = Array.from({ length: 30 }, (_, k) => k + 1);
  const compile = (seed: number) =>
    randomProgram(seed).map((func, index) => compileA64(func, index));
  const forwards = seeds.map(compile);
  const backwards = seeds.toReversed().map(compile).toReversed();
  assertEquals(backwards, forwards);
});

Deno.test("compileA64() refuses a frame beyond 32-bit offsets", () => {
  const func = parse(`func big(i64) -> i64 {\nblock0(v0: i64):\n  ret v0\n}`);
  const error = assertThrows(
    () => compileA64(func, 3, { onAllocated: (mach) => mach.outgoingBytes = 0x7fff_0010 }),
    CompileError,
  );
  assertEquals(
    error.message,
    "Cannot compile function 3 'big': its frame needs 2147418128 bytes and 0 for arguments, more " +
      "than 2147418112",
  );
});

/**
 * A function of `steps` steps that each may trap, by every kind of branch in turn. It returns
 * 3 * v0 + 5 * steps, or traps at step v1 with the code of the step.
 */
function longFunction(steps: number): Func {
  const b = new FuncBuilder("long", [Type.I64, Type.I64], [Type.I64]);
  const x = b.declareVar(Type.I64), at = b.declareVar(Type.I64);
  b.defVar(x, b.binary(Op.imul, 0, b.i64(3n)));
  b.defVar(at, 1);
  const header = b.createBlock(), body = b.createBlock(), exit = b.createBlock();
  const turns = b.declareVar(Type.I64);
  b.defVar(turns, b.i64(1n));
  b.jump(header);
  b.switchTo(header);
  b.brIf(b.icmp(Cond.ne, b.useVar(turns), b.i64(0n)), body, exit);
  b.seal(body);
  b.switchTo(body);
  const one = b.i64(1n), zero = b.i64(0n), five = b.i64(5n);
  const scale = b.f64Bits(0, 0x3ff0_0000);
  for (let k = 0; k < steps; k++) {
    const left = b.useVar(at);
    const site = b.func.addTrapSite(k % 0x7fff, k);
    switch (k % 4) {
      case 0: // b.cond
        b.trapIf(b.icmp(Cond.eq, left, b.i64(0x1234_5678_0000n + BigInt(k))), site);
        b.trapIf(b.icmp(Cond.eq, left, b.i64(BigInt(k))), site);
        break;
      case 1: // cbz
        b.trapIf(b.icmp(Cond.eq, b.binary(Op.isub, left, b.i64(BigInt(k))), zero), site);
        break;
      case 2: { // tbnz: only zero has 64 leading zeros
        const distance = b.binary(Op.isub, left, b.i64(BigInt(k)));
        const bit = b.binary(Op.iand, b.unary(Op.clz, distance), b.i64(64n));
        b.trapIf(b.icmp(Cond.ne, bit, zero), site);
        break;
      }
      default: { // tbnz of a sign, a float's rare part
        const distance = b.binary(Op.isub, left, b.i64(BigInt(k)));
        const square = b.binary(Op.imul, distance, distance);
        const float = b.unary(Op.fcvt_from_sint, square, Type.F64);
        const least = b.unary(Op.fcvt_to_sint, b.binary(Op.fmin, float, scale), Type.I64);
        b.trapIf(b.icmp(Cond.slt, b.binary(Op.isub, least, one), zero), site);
      }
    }
    b.defVar(x, b.binary(Op.iadd, b.useVar(x), five));
  }
  b.defVar(turns, b.binary(Op.isub, b.useVar(turns), one));
  b.jump(header);
  b.seal(header);
  b.seal(exit);
  b.switchTo(exit);
  b.ret([b.useVar(x)]);
  return b.finish();
}

Deno.test(
  { name: "branches reach in functions beyond 32 KiB and beyond 1 MiB", ...RUNS_A64 },
  async () => {
    await using machine = await A64Machine.start();
    const entry = { index: 0, paramTypes: [Type.I64, Type.I64], resultTypes: [Type.I64] };
    for (const [steps, least, most] of [[300, 0, 15], [2600, 15, 20], [45_000, 20, 26]]) {
      const compiled = compileA64(longFunction(steps), 0);
      const { length } = compiled.code;
      assert(length > 2 ** least && length < 2 ** most, `${steps} steps give ${length} bytes`);
      machine.load([compiled]);
      const stops = [-1, 0, 1, 2, 3, steps / 2, steps / 2 + 1, steps / 2 + 2, steps / 2 + 3];
      for (let k = 1; k <= 4; k++) stops.push(steps - k);
      const outcomes = await machine.runBatch(
        stops.map((stop) => ({ ...entry, args: [7n, BigInt.asUintN(64, BigInt(stop))] })),
      );
      const expected = stops.map((stop): Outcome =>
        stop < 0
          ? { kind: "return", values: [BigInt(21 + 5 * steps)] }
          : { kind: "trap", code: stop % 0x7fff, func: 0, pc: stop }
      );
      assertEquals(outcomes.map(({ outcome }) => outcome), expected);
    }
  },
);

Deno.test(
  { name: "frames, arguments and results beyond immediate offsets work", ...RUNS_A64 },
  async () => {
    await using machine = await A64Machine.start();
    // 5000 words travel through the area, the stack and a callee that turns them round.
    const types = Array.from({ length: 5000 }, (_, k) => k % 3 === 0 ? Type.F64 : Type.I64);
    const turned = types.toReversed();
    const inner = new FuncBuilder("turn", types, turned);
    inner.ret(types.map((_, k) => types.length - 1 - k));
    const outer = new FuncBuilder("outer", types, types);
    const call = outer.call(0, types.map((_, k) => k), turned, outer.func.addDepthSite(0));
    outer.ret(types.map((_, k) => call + types.length - k));
    const funcs = [inner.finish(), outer.finish()];
    const compiled = funcs.map((func, k) => compileA64(func, k, { onAllocated: checkAllocation }));
    assert(compiled[1].frameBytes > 1 << 16);
    machine.load(compiled);
    const args = types.map((_, k) => BigInt(k) << 32n | 1n);
    assertEquals(await machine.run(entryOf(funcs[0], 0), args), {
      kind: "return",
      values: args.toReversed(),
    });
    assertEquals(await machine.run(entryOf(funcs[1], 1), args), { kind: "return", values: args });
  },
);

Deno.test({ name: "frames beyond 16 MiB open and close", ...RUNS_A64 }, async () => {
  await using machine = await A64Machine.start();
  const text = `func deep(i64) -> i64 {
block0(v0: i64):
  v1 = iconst.i64 0
  v2 = icmp.eq v0, v1
  br_if v2, block1, block2
block1:
  ret v0
block2:
  v3 = iconst.i64 1
  v4 = isub.i64 v0, v3
  v5: i64 = call f0(v4), site0
  v6 = iadd.i64 v5, v0
  ret v6
}
sites {
  site0 = depth pc 1
}`;
  for (const bytes of [0, 8, 4096, 0x12340, 1 << 24, (1 << 24) + 0x5678]) {
    const func = parse(text);
    const compiled = compileA64(func, 0, { onAllocated: (mach) => mach.outgoingBytes = bytes });
    assert(compiled.frameBytes > bytes && compiled.frameBytes % 16 === 0);
    machine.load([compiled]);
    assertEquals(await machine.run(entryOf(func, 0), [2n]), { kind: "return", values: [3n] });
    assertEquals(await machine.run(entryOf(func, 0), [2n], { depth: 1 }), {
      kind: "depth",
      func: 0,
      pc: 1,
    });
  }
});

Deno.test({ name: "functions with a large index are called", ...RUNS_A64 }, async () => {
  await using machine = await A64Machine.start();
  const callee = 70_000;
  const functions: (CompiledFunction | undefined)[] = new Array(callee + 1).fill(undefined);
  const text = (body: string) =>
    `func f(i64) -> i64 {\nblock0(v0: i64):\n${body}\n}\nsites {\n  site0 = depth pc 1\n}`;
  const caller = parse(text(`  v1: i64 = call f${callee}(v0), site0\n  ret v1`));
  functions[0] = compileA64(caller, 0);
  functions[callee] = compileA64(parse(text("  v1 = iadd.i64 v0, v0\n  ret v1")), callee);
  machine.load(functions);
  assertEquals(await machine.run(entryOf(caller, 0), [21n]), { kind: "return", values: [42n] });
});

Deno.test(
  { name: "an exit resumes with what the dispatcher left in the context", ...RUNS_A64 },
  async () => {
    await using machine = await A64Machine.start();
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
    machine.load([compileA64(func, 0, { onAllocated: checkAllocation })]);
    const { context } = machine;
    const run = (fuel: bigint, depth: bigint) =>
      machine.run(entryOf(func, 0), [20n, 0x4008_0000_0000_0000n], {
        fuel: 1n,
        onExit: (code, site) => {
          const word = context.getBigUint64(Context.scratch, true);
          assertEquals([code, site.pc, word], [5, 4, 20n]);
          context.setBigUint64(Context.scratch, 100n, true);
          context.setBigUint64(Context.fuel, fuel, true);
          context.setBigUint64(Context.depth, depth, true);
        },
      });
    const values = [120n, 0x4008_0000_0000_0000n];
    assertEquals(await run(11n, 1n), { kind: "return", values });
    assertEquals(machine.fuel, 1n);
    assertEquals(await run(11n, 0n), { kind: "depth", func: 0, pc: 5 });
    assertEquals(await run(7n, 1n), { kind: "fuel", func: 0, pc: 7 });
  },
);

Deno.test(
  { name: "code that runs out of fuel goes on with all registers", ...RUNS_A64 },
  async () => {
    await using machine = await A64Machine.start();
    const func = crowdedFunction();
    assertValid(func, func.name);
    machine.load([compileA64(crowdedFunction(), 0, { onAllocated: checkAllocation })]);
    const run = (fuel: number, slice: bigint) =>
      machine.run(entryOf(func, 0), crowdedArgs(), { fuel: BigInt(fuel), slice });
    for (const slice of [1n, 2n, 3n]) {
      assertEquals(await run(CHARGES, slice), { kind: "return", values: crowdedResults() });
      assertEquals(machine.fuel, 0n);
      for (let fuel = 0; fuel < CHARGES; fuel++) {
        assertEquals(await run(fuel, slice), { kind: "fuel", func: 0, pc: fuel });
      }
    }
  },
);

Deno.test({ name: "large fuel charges and counters are exact", ...RUNS_A64 }, async () => {
  await using machine = await A64Machine.start();
  const costs = [1, 4095, 4096, 4097, 0xfff000, 0x12_3456];
  for (const cost of costs) {
    const b = new FuncBuilder("burn", [], []);
    b.fuel(cost, b.func.addFuelSite(Array.from({ length: cost }, (_, k) => k)));
    b.ret();
    const func = b.finish();
    machine.load([compileA64(func, 0)]);
    const entry = { ...entryOf(func, 0), args: [] };
    const top = (1n << 64n) - 1n, exact = BigInt(cost);
    assertEquals(
      await machine.runBatch([exact, exact - 1n, 0n, top].map((fuel) => ({ ...entry, fuel }))),
      [
        { outcome: { kind: "return", values: [] }, fuel: 0n },
        { outcome: { kind: "fuel", func: 0, pc: cost - 1 }, fuel: top },
        { outcome: { kind: "fuel", func: 0, pc: 0 }, fuel: top - exact + 1n },
        { outcome: { kind: "return", values: [] }, fuel: top - exact },
      ],
    );
  }
});

Deno.test(
  { name: "an offset cut from a wide value has nothing above its 32 bits", ...RUNS_A64 },
  async () => {
    await using machine = await A64Machine.start();
    // Only the low half of a value may reach an address, whatever it was cut from.
    const func = parse(`func cut(i64) -> i32, i32, i32 {
block0(v0: i64):
  v1 = wrap v0
  v2 = hload8u.i32 v1
  v3 = wrap v0
  v4 = iconst.i32 0
  v5 = iadd.i32 v3, v4
  v6 = hload8u.i32 v5
  v7 = wrap v0
  v8 = hload8u.i32 v7 + 1
  ret v2, v6, v8
}`);
    machine.writeHeap(40, Uint8Array.of(77, 78));
    machine.load([compileA64(func, 0, { onAllocated: checkAllocation })]);
    assertEquals(await machine.run(entryOf(func, 0), [0x7fff_ffff_0000_0028n]), {
      kind: "return",
      values: [77n, 77n, 78n],
    });
  },
);
