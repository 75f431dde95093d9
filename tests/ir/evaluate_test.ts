/** The reference evaluator on cases worked out by hand. @module */
import { assertEquals, assertThrows } from "@std/assert";
import {
  bitsFloat,
  evaluate,
  type EvaluateOptions,
  EvaluationError,
  floatBits,
  type Outcome,
} from "../../src/ir/evaluate.ts";
import { Op, OP_NAMES, OP_SHAPE, Shape, Type } from "../../src/ir/opcodes.ts";
import { parse, parseAll } from "../../src/ir/parse.ts";
import { assertValid } from "../../src/ir/verify.ts";

const MIN64 = 1n << 63n, MAX64 = MIN64 - 1n, ALL64 = (1n << 64n) - 1n;
const MIN32 = 1n << 31n, ALL32 = (1n << 32n) - 1n;
const NAN = 0x7ff8000000000000n, SNAN = 0x7ff0000000000001n, MINUS_NAN = 0xfff8000000000007n;
const NAN32 = 0x7fc00000n;

function run(text: string, args: bigint[], options: EvaluateOptions = {}): Outcome {
  const f = parse(text);
  assertValid(f, "parsing");
  return evaluate(f, args, options).outcome;
}

/** Result of one instruction; its operands are v0, v1, ... of the types given. */
function compute(inst: string, types: string, result: string, ...args: bigint[]): bigint {
  const params = types.split(" ").map((t, i) => `v${i}: ${t}`).join(", ");
  const text = `func t(${types.replaceAll(" ", ", ")}) -> ${result} {
    block0(${params}):
      v9 = ${inst}
      ret v9
    }`;
  const outcome = run(text, args);
  if (outcome.kind !== "return") throw new Error(`'${inst}' ended in ${outcome.kind}`);
  return outcome.values[0];
}

const d = (x: number) => floatBits(x, Type.F64), g = (x: number) => floatBits(x, Type.F32);
const I = "i64 i64", W = "i32 i32", D = "f64 f64", G = "f32 f32";

/** Instruction, operand types, result type, operands, expected. */
const cases: [string, string, string, bigint[], bigint][] = [
  ["copy.i64 v0", "i64", "i64", [ALL64], ALL64],
  ["select.i64 v0, v1, v2", "i32 i64 i64", "i64", [2n, 7n, 8n], 7n],
  ["select.f64 v0, v1, v2", "i32 f64 f64", "f64", [0n, 7n, SNAN], SNAN],
  ["iconst.i32 -1", "i32", "i32", [0n], ALL32],
  ["fconst.f64 -0.5", "i32", "f64", [0n], 0xbfe0000000000000n],
  ["fconst.f32 -0", "i32", "f32", [0n], 0x80000000n],
  ["iadd.i64 v0, v1", I, "i64", [ALL64, 2n], 1n],
  ["iadd.i32 v0, v1", W, "i32", [ALL32, 2n], 1n],
  ["isub.i32 v0, v1", W, "i32", [0n, 1n], ALL32],
  ["imul.i64 v0, v1", I, "i64", [1n << 63n, 3n], 1n << 63n],
  ["iand.i64 v0, v1", I, "i64", [12n, 10n], 8n],
  ["ior.i64 v0, v1", I, "i64", [12n, 10n], 14n],
  ["ixor.i64 v0, v1", I, "i64", [12n, 10n], 6n],
  ["ishl.i64 v0, v1", I, "i64", [3n, 127n], MIN64],
  ["ishl.i32 v0, v1", W, "i32", [3n, 33n], 6n],
  ["ushr.i64 v0, v1", I, "i64", [ALL64, 60n], 15n],
  ["sshr.i64 v0, v1", I, "i64", [MIN64, 62n], ALL64 - 1n],
  ["sshr.i32 v0, v1", W, "i32", [MIN32, 32n], MIN32],
  ["rotl.i32 v0, v1", W, "i32", [0x80000001n, 36n], 0x18n],
  ["rotr.i64 v0, v1", I, "i64", [1n, 1n], MIN64],
  ["rotr.i64 v0, v1", I, "i64", [5n, 64n], 5n],
  ["umulh.i64 v0, v1", I, "i64", [ALL64, ALL64], ALL64 - 1n],
  ["smulh.i64 v0, v1", I, "i64", [ALL64, ALL64], 0n],
  ["smulh.i32 v0, v1", W, "i32", [ALL32, 1n], ALL32],
  ["sdiv.i64 v0, v1", I, "i64", [ALL64 - 6n, 2n], ALL64 - 2n],
  ["srem.i64 v0, v1", I, "i64", [ALL64 - 6n, 2n], ALL64],
  ["udiv.i64 v0, v1", I, "i64", [ALL64, 2n], MAX64],
  ["urem.i32 v0, v1", W, "i32", [ALL32, 10n], 5n],
  ["ineg.i32 v0", "i32", "i32", [1n], ALL32],
  ["inot.i64 v0", "i64", "i64", [0n], ALL64],
  ["clz.i64 v0", "i64", "i64", [1n], 63n],
  ["clz.i32 v0", "i32", "i32", [0n], 32n],
  ["ctz.i64 v0", "i64", "i64", [40n], 3n],
  ["ctz.i64 v0", "i64", "i64", [0n], 64n],
  ["popcnt.i32 v0", "i32", "i32", [ALL32], 32n],
  ["popcnt.i64 v0", "i64", "i64", [0n], 0n],
  ["bswap.i32 v0", "i32", "i32", [0x01020304n], 0x04030201n],
  ["bswap.i64 v0", "i64", "i64", [1n], 1n << 56n],
  ["icmp.slt v0, v1", I, "i32", [ALL64, 0n], 1n],
  ["icmp.ult v0, v1", I, "i32", [ALL64, 0n], 0n],
  ["icmp.sge v0, v1", W, "i32", [MIN32, 0n], 0n],
  ["icmp.uge v0, v1", W, "i32", [MIN32, 0n], 1n],
  ["icmp.sgt v0, v1", I, "i32", [1n, 1n], 0n],
  ["icmp.sle v0, v1", I, "i32", [1n, 1n], 1n],
  ["icmp.ugt v0, v1", I, "i32", [2n, 1n], 1n],
  ["icmp.ule v0, v1", I, "i32", [2n, 1n], 0n],
  ["icmp.eq v0, v1", I, "i32", [2n, 2n], 1n],
  ["icmp.ne v0, v1", I, "i32", [2n, 2n], 0n],
  ["sadd_ovf v0, v1", I, "i32", [MAX64, 1n], 1n],
  ["sadd_ovf v0, v1", W, "i32", [ALL32, 1n], 0n],
  ["ssub_ovf v0, v1", W, "i32", [MIN32, 1n], 1n],
  ["ssub_ovf v0, v1", I, "i32", [0n, MIN64], 1n],
  ["smul_ovf v0, v1", I, "i32", [MIN64, ALL64], 1n],
  ["smul_ovf v0, v1", I, "i32", [ALL64, ALL64], 0n],
  ["sext8.i32 v0", "i32", "i32", [0x180n], 0xffffff80n],
  ["sext16.i64 v0", "i64", "i64", [0x8000n], ALL64 - 0x7fffn],
  ["sext32 v0", "i64", "i64", [MIN32], ALL64 - MIN32 + 1n],
  ["zext8.i64 v0", "i64", "i64", [ALL64], 0xffn],
  ["zext16.i32 v0", "i32", "i32", [ALL32], 0xffffn],
  ["extend_s v0", "i32", "i64", [ALL32], ALL64],
  ["extend_u v0", "i32", "i64", [ALL32], ALL32],
  ["wrap v0", "i64", "i32", [ALL64 - 1n], ALL32 - 1n],

  ["fadd.f64 v0, v1", D, "f64", [d(0.1), d(0.2)], d(0.1 + 0.2)],
  ["fadd.f32 v0, v1", G, "f32", [g(16777216), g(1)], g(16777216)],
  ["fsub.f64 v0, v1", D, "f64", [d(Infinity), d(Infinity)], NAN],
  ["fmul.f64 v0, v1", D, "f64", [d(-0), d(3)], d(-0)],
  ["fdiv.f64 v0, v1", D, "f64", [d(1), d(-0)], d(-Infinity)],
  ["fmin.f64 v0, v1", D, "f64", [d(0), d(-0)], d(-0)],
  ["fmax.f64 v0, v1", D, "f64", [d(-0), d(0)], d(0)],
  ["fmin.f64 v0, v1", D, "f64", [MINUS_NAN, d(1)], NAN],
  ["fmax.f32 v0, v1", G, "f32", [g(1), 0xffc00001n], NAN32],
  ["fminnum.f64 v0, v1", D, "f64", [SNAN, d(1)], d(1)],
  ["fminnum.f64 v0, v1", D, "f64", [d(2), d(1)], d(1)],
  ["fmaxnum.f64 v0, v1", D, "f64", [d(-5), MINUS_NAN], d(-5)],
  ["fmaxnum.f64 v0, v1", D, "f64", [SNAN, MINUS_NAN], NAN],
  ["fcopysign.f64 v0, v1", D, "f64", [SNAN, d(-1)], SNAN | MIN64],
  ["fneg.f64 v0", "f64", "f64", [SNAN], SNAN | MIN64],
  ["fabs.f32 v0", "f32", "f32", [g(-2)], g(2)],
  ["fsqrt.f64 v0", "f64", "f64", [d(2)], d(Math.SQRT2)],
  ["fsqrt.f64 v0", "f64", "f64", [d(-1)], NAN],
  ["ffloor.f64 v0", "f64", "f64", [d(-1.5)], d(-2)],
  ["fceil.f64 v0", "f64", "f64", [d(-0.5)], d(-0)],
  ["ftrunc.f64 v0", "f64", "f64", [d(-1.5)], d(-1)],
  ["fnearest.f64 v0", "f64", "f64", [d(2.5)], d(2)],
  ["fnearest.f64 v0", "f64", "f64", [d(-3.5)], d(-4)],
  ["fnearest.f64 v0", "f64", "f64", [d(-0.5)], d(-0)],
  ["fnearest.f64 v0", "f64", "f64", [d(0.49999999999999994)], d(0)],
  ["fcmp.eq v0, v1", D, "i32", [d(0), d(-0)], 1n],
  ["fcmp.ne v0, v1", D, "i32", [NAN, NAN], 1n],
  ["fcmp.lt v0, v1", D, "i32", [NAN, d(1)], 0n],
  ["fcmp.le v0, v1", D, "i32", [d(1), d(1)], 1n],
  ["fcmp.gt v0, v1", G, "i32", [g(2), g(1)], 1n],
  ["fcmp.ge v0, v1", D, "i32", [d(1), NAN], 0n],
  ["fcmp.uno v0, v1", D, "i32", [d(1), SNAN], 1n],
  ["fcmp.ord v0, v1", D, "i32", [d(1), d(2)], 1n],
  ["fcanon.f64 v0", "f64", "f64", [MINUS_NAN], NAN],
  ["fcanon.f64 v0", "f64", "f64", [d(-0)], d(-0)],
  ["fcvt_from_sint.f64 v0", "i64", "f64", [ALL64], d(-1)],
  ["fcvt_from_uint.f64 v0", "i64", "f64", [ALL64], d(2 ** 64)],
  ["fcvt_from_uint.f64 v0", "i64", "f64", [(1n << 53n) + 1n], d(2 ** 53)],
  ["fcvt_from_uint.f64 v0", "i64", "f64", [(1n << 53n) + 3n], d(2 ** 53 + 4)],
  // Rounded to f64 first this would be a tie and come out as 2^60.
  ["fcvt_from_sint.f32 v0", "i64", "f32", [(1n << 60n) + (1n << 36n) + 1n], g(2 ** 60 + 2 ** 37)],
  ["fcvt_to_sint.i64 v0", "f64", "i64", [d(-1.9)], ALL64],
  ["fcvt_to_uint.i32 v0", "f64", "i32", [d(4294967295.5)], ALL32],
  ["fcvt_to_sint_sat.i32 v0", "f64", "i32", [d(1e10)], MIN32 - 1n],
  ["fcvt_to_sint_sat.i64 v0", "f64", "i64", [d(-Infinity)], MIN64],
  ["fcvt_to_sint_sat.i64 v0", "f64", "i64", [NAN], 0n],
  ["fcvt_to_uint_sat.i64 v0", "f64", "i64", [d(-1)], 0n],
  ["fcvt_to_uint_sat.i64 v0", "f64", "i64", [d(2 ** 64)], ALL64],
  ["fpromote v0", "f32", "f64", [g(1.5)], d(1.5)],
  ["fdemote v0", "f64", "f32", [d(0.1)], g(Math.fround(0.1))],
  ["bitcast.f64 v0", "i64", "f64", [SNAN], SNAN],
];

Deno.test("single instructions", () => {
  for (const [inst, types, result, args, expected] of cases) {
    const got = compute(inst, types, result, ...args);
    assertEquals(got, expected, `${inst} of ${args}: ${got.toString(16)}`);
  }
});

Deno.test("the cases name every opcode that computes something from values", () => {
  const named = new Set(cases.map(([inst]) => inst.split(/[. ]/)[0]));
  const { unary, binary, ternary, compare, constant } = Shape;
  const wanted = Object.values(Op).filter((op) =>
    ([unary, binary, ternary, compare, constant] as number[]).includes(OP_SHAPE[op])
  ).map((op) => OP_NAMES[op]);
  assertEquals(wanted.filter((name) => !named.has(name)), []);
});

Deno.test("float bits", () => {
  assertEquals(bitsFloat(floatBits(1.5, Type.F32), Type.F32), 1.5);
  assertEquals(bitsFloat(floatBits(-0, Type.F64)), -0);
});

Deno.test("guarded operations outside their guard are errors, not answers", () => {
  for (
    const [inst, types, result, args] of [
      ["sdiv.i64 v0, v1", I, "i64", [1n, 0n]],
      ["srem.i64 v0, v1", I, "i64", [MIN64, ALL64]],
      ["udiv.i32 v0, v1", W, "i32", [1n, 0n]],
      ["fcvt_to_sint.i64 v0", "f64", "i64", [d(2 ** 63)]],
      ["fcvt_to_uint.i64 v0", "f64", "i64", [NAN]],
    ] as [string, string, string, bigint[]][]
  ) {
    assertThrows(() => compute(inst, types, result, ...args), EvaluationError, "outside its guard");
  }
});

Deno.test("memory, heap-relative and absolute", () => {
  const text = `func t(i32, i64) -> i64, i64, i32, i64, i64, f32, f64 {
    block0(v0: i32, v1: i64):
      hstore64 v1, v0+8
      v2 = heap_base
      v3 = load32s v2+12
      v4 = hload32u v0+8
      v5 = hload16s.i32 v0+14 @bytes
      store8 v1, v2
      v6 = load8u.i64 v2
      store16 v5, v2+2
      v7 = load64 v2
      v8 = loadf32 v2+8
      v9 = hloadf64 v0+8
      ret v3, v4, v5, v6, v7, v8, v9
    }`;
  const heap = new ArrayBuffer(16);
  assertEquals(run(text, [0n, 0x8091a2b3c4d5e6f7n], { heap }), {
    kind: "return",
    values: [
      ALL64 - 0x7f6e5d4cn,
      0xc4d5e6f7n,
      0xffff8091n,
      0xf7n,
      0x809100f7n,
      0xc4d5e6f7n,
      0x8091a2b3c4d5e6f7n,
    ],
  });
  const outside = (inst: string, v0: bigint) =>
    assertThrows(
      () => run(`func t(i32) {\nblock0(v0: i32):\nv1 = ${inst}\nret\n}`, [v0], { heap }),
      EvaluationError,
      "outside the heap",
    );
  outside("hload64 v0+9", 0n);
  outside("hload64 v0-1", 0n);
  outside("hload8u.i32 v0+1", ALL32); // does not wrap around
});

Deno.test("context fields are seen by exits, and exits can stop the run", () => {
  const text = `func t(i64) -> i64 {
    block0(v0: i64):
      ctx_store v0, 8
      exit 5, site0
      v1 = ctx_load.i64 8
      exit 6, site1
      ret v1
    }
    sites {
      site0 = exit pc 3
      site1 = exit pc f2:4
    }`;
  const seen: [number, number][] = [];
  const onExit: EvaluateOptions["onExit"] = (code, site, machine) => {
    seen.push([code, site.pc]);
    machine.context.setBigUint64(8, machine.context.getBigUint64(8, true) + 1n, true);
    return code === 6 && machine.context.getBigUint64(8, true) > 20n ? "enough" : undefined;
  };
  assertEquals(run(text, [4n], { onExit }), { kind: "return", values: [5n] });
  assertEquals(run(text, [40n], { onExit }), { kind: "stopped", reason: "enough", func: 2, pc: 4 });
  assertEquals(seen, [[5, 3], [6, 4], [5, 3], [6, 4]]);
  assertThrows(() => run(text, [0n]), EvaluationError, "nobody handles exits");
});

const SUM = Deno.readTextFileSync(new URL("./inputs/sum.txt", import.meta.url));

Deno.test("fuel runs out at the instruction that is not covered", () => {
  // Segments: [6, 10] at each test, [12, 18, 24] in the body.
  const ends = [6, 10, 12, 18, 24, 6, 10, 12, 18, 24, 6, 10];
  for (let fuel = 0; fuel <= 12; fuel++) {
    const expected = fuel < 12
      ? { kind: "fuel", func: -1, pc: ends[fuel] }
      : { kind: "return", values: [1n] };
    assertEquals<unknown>(run(SUM, [2n], { fuel: BigInt(fuel) }), expected);
  }
  assertEquals(run(SUM, [100n]), { kind: "return", values: [4950n] });
  assertThrows(() => run(SUM, [MAX64], { maxSteps: 1000 }), EvaluationError, "too many steps");
});

const FIB = `
func fib(i64) -> i64 {
block0(v0: i64):
  v1 = iconst.i64 2
  v2 = icmp.ult v0, v1
  br_if v2, block1, block2
block1:
  ret v0
block2:
  v3 = iconst.i64 1
  v4 = isub.i64 v0, v3
  v5: i64 = call f0(v4), site0
  v6 = isub.i64 v0, v1
  v7 = iconst.i32 0
  v8: i64 = call_indirect v7(v6), site1
  v9 = iadd.i64 v5, v8
  ret v9
}
sites {
  site0 = depth pc 10
  site1 = depth pc 20
}
func leaf() {
block0:
  depth_enter site0
  depth_check site1
  depth_leave
  depth_check site2
  ret
}
sites {
  site0 = depth pc 1
  site1 = depth pc f7:2
  site2 = depth pc 3
}`;

Deno.test("calls and depth", () => {
  const functions = parseAll(FIB);
  functions.forEach((f) => assertValid(f, "parsing", { functions }));
  const [fib, leaf] = functions;
  const { outcome, machine } = evaluate(fib, [10n], { functions, depth: 9 });
  assertEquals(outcome, { kind: "return", values: [55n] });
  assertEquals(machine.depth, 9);
  assertEquals(evaluate(fib, [10n], { functions, depth: 8 }).outcome, {
    kind: "depth",
    func: 0,
    pc: 10,
  });
  assertEquals(evaluate(fib, [1n], { functions, depth: 0 }).outcome.kind, "return");
  const at = (depth: number) => evaluate(leaf, [], { functions, depth }).outcome;
  assertEquals(at(0), { kind: "depth", func: 1, pc: 1 });
  assertEquals(at(1), { kind: "depth", func: 7, pc: 2 });
  assertEquals(at(2), { kind: "return", values: [] });
  assertThrows(() => evaluate(fib, [3n]), EvaluationError, "function f0 does not exist");
});

Deno.test("native calls", () => {
  const text = `func t(f64, f64) -> f64 {
    block0(v0: f64, v1: f64):
      v2: f64 = call_native n3(v0, v1)
      ret v2
    }`;
  const onNative: EvaluateOptions["onNative"] = (symbol, [x, y]) => {
    assertEquals(symbol, 3);
    return [d(bitsFloat(x) % bitsFloat(y))];
  };
  assertEquals(run(text, [d(-7), d(2)], { onNative }), { kind: "return", values: [d(-1)] });
  assertThrows(
    () => run(text, [0n, 0n], { onNative: () => [] }),
    EvaluationError,
    "wants 1 result",
  );
});

Deno.test("traps name their code and place", () => {
  const text = `func t(i32) {
    block0(v0: i32):
      v1 = iconst.i32 2
      v2 = icmp.eq v0, v1
      trap_if v0, site0
      trap_unless v1, site1
      br_if v2, block1, block1
    block1:
      trap site1
    }
    sites {
      site0 = trap 9 pc 4
      site1 = trap 8 pc f3:5
    }`;
  assertEquals(run(text, [1n]), { kind: "trap", code: 9, func: -1, pc: 4 });
  assertEquals(run(text, [0n]), { kind: "trap", code: 8, func: 3, pc: 5 });
});

Deno.test("branch arguments are passed at once, tables fall back", () => {
  const swap = `func t(i64, i64) -> i64, i64 {
    block0(v0: i64, v1: i64):
      v4 = iconst.i32 1
      v5 = iconst.i32 0
      jump block1(v0, v1, v4)
    block1(v2: i64, v3: i64, v6: i32):
      br_if v6, block1(v3, v2, v5), block2
    block2:
      ret v2, v3
    }`;
  assertEquals(run(swap, [1n, 2n]), { kind: "return", values: [2n, 1n] });
  const table = `func t(i32) -> i32 {
    block0(v0: i32):
      v1 = iconst.i32 10
      v2 = iconst.i32 20
      br_table v0, [block1(v1), block1(v2)], block1(v0)
    block1(v3: i32):
      ret v3
    }`;
  const pick = [0n, 1n, 2n, ALL32].map((i) => run(table, [i]));
  assertEquals(pick, [10n, 20n, 2n, ALL32].map((v) => ({ kind: "return", values: [v] })));
});
