/**
 * Folding on random expressions, half of whose leaves are constants: every operation meets every
 * kind of edge.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Cond, Op, OP_NAMES, Type } from "../../src/ir/opcodes.ts";
import { print } from "../../src/ir/print.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import { randomBits } from "../codegen/random_ir.ts";
import { Random } from "../harness/random.ts";

const { I32, I64, F64 } = Type;
const BINARY = [
  ...[Op.iadd, Op.isub, Op.imul, Op.iand, Op.ior, Op.ixor, Op.ishl, Op.ushr, Op.sshr],
  ...[Op.rotl, Op.rotr, Op.umulh, Op.smulh],
];
const FLAGS = [Op.sadd_ovf, Op.ssub_ovf, Op.smul_ovf];
const UNARY = [
  ...[Op.ineg, Op.inot, Op.clz, Op.ctz, Op.popcnt, Op.bswap],
  ...[Op.sext8, Op.sext16, Op.zext8, Op.zext16],
];
const FLOAT_UNARY = [Op.fneg, Op.fabs, Op.ffloor, Op.fceil, Op.ftrunc];
const FLOAT_BINARY = [Op.fadd, Op.fsub, Op.fmul, Op.fdiv, Op.fmin, Op.fmax, Op.fcopysign];

function build(seed: number): Func {
  const random = new Random(seed);
  const b = new FuncBuilder(`seed${seed}`, [I32, I32, I64, I64, F64], [I32, I64, I64]);
  const params = b.func.params(0);
  const pool: number[][] = [[], params.slice(0, 2), params.slice(2, 4), [], [params[4]]];
  const constant = (type: number): number => {
    const bits = randomBits(random, type), low = Number(BigInt.asIntN(32, bits));
    if (type === I32) return b.i32(low);
    if (type === I64) return b.i64(BigInt.asIntN(64, bits));
    return b.f64Bits(low, Number(BigInt.asIntN(32, bits >> 32n)));
  };
  const leaf = (type: number) =>
    random.below(2) === 0 ? constant(type) : pool[type][random.below(pool[type].length)];
  for (let n = 0; n < 14; n++) {
    const type = random.pick([I32, I64]);
    let v: number;
    switch (random.below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        v = b.binary(random.pick(BINARY), leaf(type), leaf(type));
        break;
      case 4:
        v = b.unary(random.pick(UNARY), leaf(type));
        break;
      case 5:
        v = random.below(4) === 0
          ? b.binary(random.pick(FLAGS), leaf(type), leaf(type), I32)
          : b.icmp(random.below(10), leaf(type), leaf(type));
        break;
      case 6:
        v = b.select(leaf(I32), leaf(type), leaf(type));
        break;
      case 7:
        v = random.below(3) === 0
          ? b.unary(Op.wrap, leaf(I64), I32)
          : b.unary(random.pick([Op.extend_s, Op.extend_u]), leaf(I32), I64);
        break;
      case 8: {
        const op = random.pick([Op.sext32, Op.fcvt_to_sint_sat, Op.fcvt_to_uint_sat, Op.bitcast]);
        if (op === Op.sext32) v = b.unary(op, leaf(I64));
        else if (op !== Op.bitcast) v = b.unary(op, leaf(F64), type);
        else v = b.unary(op, b.unary(Op.fcanon, leaf(F64)), I64);
        break;
      }
      default:
        switch (random.below(4)) {
          case 0:
            v = b.unary(random.pick(FLOAT_UNARY), b.unary(Op.fcanon, leaf(F64)));
            break;
          case 1:
            v = b.unary(random.pick([Op.fcvt_from_sint, Op.fcvt_from_uint]), leaf(type), F64);
            break;
          case 2:
            v = b.fcmp(random.below(8), leaf(F64), leaf(F64));
            break;
          default: {
            const pinned = [leaf(F64), leaf(F64)].map((x) => b.unary(Op.fcanon, x));
            v = b.unary(Op.fcanon, b.binary(random.pick(FLOAT_BINARY), pinned[0], pinned[1]));
          }
        }
    }
    pool[b.func.type[v]].push(v);
  }
  const last = b.unary(Op.bitcast, b.unary(Op.fcanon, pool[F64].at(-1)!), I64);
  b.ret([pool[I32].at(-1)!, pool[I64].at(-1)!, last]);
  return b.finish();
}

Deno.test("random expressions keep their values", () => {
  const folded = new Set<string>();
  for (let seed = 0; seed < 3000; seed++) {
    const before = build(seed), after = build(seed);
    optimize(after);
    assertValid(after, `seed ${seed}`);
    const random = new Random(seed + 1_000_000);
    for (let round = 0; round < 4; round++) {
      const args = before.paramTypes.map((type) => randomBits(random, type));
      const want = evaluate(before, args).outcome, have = evaluate(after, args).outcome;
      const same = JSON.stringify(have, plain) === JSON.stringify(want, plain);
      if (!same) assertEquals(have, want, `seed ${seed}\n${print(before)}\n${print(after)}`);
    }
    for (let v = 0; v < before.count; v++) {
      if (after.op[v] !== before.op[v]) folded.add(OP_NAMES[before.op[v]]);
    }
  }
  // The test means little for an operation that is never folded.
  const operations = [...BINARY, ...FLAGS, ...UNARY, Op.icmp, Op.fcmp, Op.select, Op.wrap];
  const missing = operations.map((op) => OP_NAMES[op]).filter((name) => !folded.has(name));
  assertEquals(missing, []);
});

function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

Deno.test("folds stay when the constant they need makes the function's arrays grow", () => {
  // Every fold makes a constant; some of these functions are full when the first one is made.
  for (let terms = 1; terms < 80; terms++) {
    const b = new FuncBuilder(`terms${terms}`, [I64, I32], [I64, I32], 16);
    const [x, flag] = b.func.params(0);
    let count = b.i64(0n), shifted = b.i32(0);
    for (let k = 1; k <= terms; k++) {
      const sum = b.binary(Op.iadd, x, b.i64(BigInt(k)));
      const isZero = b.icmp(Cond.eq, sum, b.i64(0n));
      count = b.binary(Op.iadd, count, b.unary(Op.extend_u, isZero, I64));
      const turned = b.binary(Op.ishl, b.binary(Op.iadd, flag, b.i32(k)), b.i32(32 + k % 7));
      shifted = b.binary(Op.ixor, shifted, turned);
    }
    b.ret([count, shifted]);
    const func = b.finish();
    const args = [0n, -1n, BigInt(-terms), -500n].map((x) => [BigInt.asUintN(64, x), 5n]);
    const expected = args.map((list) => evaluate(func, list));
    optimize(func);
    assertValid(func, `${terms} terms`);
    args.forEach((list, k) => assertEquals(evaluate(func, list), expected[k], `${terms} terms`));
  }
});
