/** Division by constants against BigInt arithmetic, at the edges and at random. @module */
import { assertEquals } from "@std/assert";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { divideByConstants } from "../../src/opt/divide_by_constants.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import { Random } from "../harness/random.ts";

/** All four operations on one dividend and one constant. */
function build(bits: number, divisor: bigint): Func {
  const type = bits === 32 ? Type.I32 : Type.I64;
  const b = new FuncBuilder("divide", [type], [type, type, type, type]);
  const constant = bits === 32 ? b.i32(Number(divisor)) : b.i64(divisor);
  const [x] = b.func.params(0);
  b.ret([Op.sdiv, Op.srem, Op.udiv, Op.urem].map((op) => b.binary(op, x, constant)));
  return b.finish();
}

function expected(bits: number, x: bigint, d: bigint): bigint[] {
  const u = (value: bigint) => BigInt.asUintN(bits, value);
  const sx = BigInt.asIntN(bits, x), ux = u(x), ud = u(d);
  return [u(sx / d), u(sx % d), ux / ud, ux % ud];
}

function dividends(random: Random, bits: number, d: bigint): bigint[] {
  const min = -(1n << BigInt(bits - 1)), list = [0n, 1n, -1n, min, min + 1n, -min - 1n, d, -d];
  for (let k = 0; k < 12; k++) {
    const raw = BigInt(random.u32()) << 32n | BigInt(random.u32());
    const multiple = BigInt.asIntN(bits, raw / d * d);
    list.push(BigInt.asIntN(bits, raw), multiple, multiple - 1n, multiple + 1n);
  }
  // A quotient that does not fit is guarded against.
  return list.filter((x) => !(d === -1n && BigInt.asIntN(bits, x) === min));
}

function divisors(random: Random, bits: number): bigint[] {
  const list: bigint[] = [];
  for (let d = 1n; d <= 130n; d++) list.push(d, -d);
  for (let k = 1n; k < BigInt(bits); k++) {
    for (const offset of [-1n, 0n, 1n]) list.push((1n << k) + offset, -(1n << k) + offset);
  }
  for (let k = 0; k < 150; k++) {
    const raw = BigInt(random.u32()) << 32n | BigInt(random.u32());
    list.push(raw >> BigInt(random.below(62)), 10n ** BigInt(random.below(bits === 32 ? 9 : 18)));
  }
  return list.map((d) => BigInt.asIntN(bits, d)).filter((d) => d !== 0n);
}

for (const bits of [32, 64]) {
  Deno.test(`${bits}-bit division by constants`, () => {
    const random = new Random(bits);
    for (const d of divisors(random, bits)) {
      const alone = build(bits, d), inPipeline = build(bits, d);
      divideByConstants(alone);
      assertValid(alone, "division");
      optimize(inPipeline);
      for (const x of dividends(random, bits, d)) {
        const want = { kind: "return" as const, values: expected(bits, x, d) };
        assertEquals(evaluate(alone, [x]).outcome, want, `${x} / ${d}`);
        assertEquals(evaluate(inPipeline, [x]).outcome, want, `${x} / ${d}, optimised`);
      }
    }
  });
}

Deno.test("no division by a constant is left", () => {
  for (const d of [3n, -3n, 7n, 10n, 64n, -64n, 641n, (1n << 63n) - 1n]) {
    const func = build(64, d);
    optimize(func);
    for (let v = func.firstInst(0); v >= 0; v = func.next[v]) {
      assertEquals(func.op[v] >= Op.sdiv && func.op[v] <= Op.urem, false, `by ${d}`);
    }
  }
});
