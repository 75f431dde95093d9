/** Loads from objects and context fields behind stores, at random. @module */
import { assert, assertEquals } from "@std/assert";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Op, Region, Type } from "../../src/ir/opcodes.ts";
import { print } from "../../src/ir/print.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import { Random } from "../harness/random.ts";

const { I32, I64 } = Type;
const LOADS: readonly (readonly [op: number, type: number])[] = [
  [Op.hload64, I64],
  [Op.hload64, I64],
  [Op.hload32, I32],
  [Op.hload32u, I64],
  [Op.hload8u, I32],
  [Op.hload8u, I64],
  [Op.hload16s, I32],
];

/** Each slot of an object is stored to once, then all kinds of loads read them. */
function build(seed: number): Func {
  const random = new Random(seed);
  const b = new FuncBuilder(`seed${seed}`, [I32, I64, I64], [I64]);
  const [condition, x, y] = b.func.params(0);
  const base = b.binary(Op.iand, b.unary(Op.wrap, x, I32), b.i32(0xf8));
  const word = () =>
    random.below(3) === 0 ? x : random.below(2) === 0 ? y : b.i64(BigInt(random.u32()) << 7n);
  const object = (slot: number) =>
    random.below(3) === 0
      ? b.store(Op.hstore32, base, b.unary(Op.wrap, word(), I32), 8 * slot, Region.object)
      : b.store(Op.hstore64, base, word(), 8 * slot, Region.object);
  let sum = y;
  const add = (value: number) => {
    const wide = b.func.type[value] === I64 ? value : b.unary(Op.extend_u, value, I64);
    sum = b.binary(Op.iadd, b.binary(Op.imul, sum, b.i64(31n)), wide);
  };
  const load = () => {
    const [op, type] = random.pick(LOADS);
    const offset = 8 * random.below(6) + random.pick([0, 0, 0, 4, 1, 7]);
    const constant = random.below(offset + 1);
    const address = random.below(2) === 0 ? base : b.binary(Op.iadd, base, b.i32(constant));
    const displacement = address === base ? offset : offset - constant;
    add(b.load(op, type, address, displacement, Region.object));
  };
  const field = () => {
    const offset = 128 + 4 * random.below(4), isWide = offset % 8 === 0;
    if (random.below(2) === 0) add(b.ctxLoad(isWide ? I64 : I32, offset));
    else b.ctxStore(offset, isWide ? sum : b.unary(Op.wrap, sum, I32));
  };
  for (let slot = 0; slot < 4; slot++) {
    object(slot);
    if (random.below(3) === 0) field();
  }
  const then = b.createBlock(), join = b.createBlock();
  const left = b.declareVar(I64);
  b.defVar(left, sum);
  b.brIf(condition, then, join);
  b.seal(then);
  b.switchTo(then);
  object(4);
  field();
  load();
  if (random.below(3) === 0) b.exit(1, b.func.addExitSite(0));
  field();
  b.defVar(left, sum);
  b.jump(join);
  b.seal(join);
  b.switchTo(join);
  sum = b.useVar(left);
  for (let n = 0; n < 8; n++) random.below(3) === 0 ? field() : load();
  b.ret([sum]);
  return b.finish();
}

Deno.test("loads from objects and fields give what was stored", () => {
  let loads = 0, left = 0;
  const count = (f: Func) => {
    let n = 0;
    for (let v = 0; v < f.count; v++) if (f.op[v] >= Op.hload8u && f.op[v] <= Op.hload64) n++;
    return n;
  };
  for (let seed = 0; seed < 1500; seed++) {
    const before = build(seed), after = build(seed);
    loads += count(before);
    optimize(after);
    left += count(after);
    assertValid(after, `seed ${seed}`);
    for (let round = 0; round < 3; round++) {
      const args = [BigInt(round & 1), BigInt(seed * 77 + round * 13), 1n << BigInt(seed % 64)];
      const run = (f: Func) =>
        evaluate(f, args, {
          heap: Uint8Array.from({ length: 1024 }, (_, k) => k * 7).buffer,
          onExit: (_code, _site, { context }) => {
            for (let at = 128; at < 144; at++) context.setUint8(at, context.getUint8(at) ^ 0x5a);
          },
        }).outcome;
      const want = run(before), have = run(after);
      if (want.kind !== "return" || have.kind !== "return" || want.values[0] !== have.values[0]) {
        assertEquals(have, want, `seed ${seed}\n${print(before)}\n${print(after)}`);
      }
    }
  }
  assert(loads - left > 1000, `${left} of ${loads} loads are left`);
});
