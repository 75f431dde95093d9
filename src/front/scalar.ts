/**
 * Lowering of integers, floats and the conversions between them (specification §8.5). A check whose
 * operand is a constant that passes it is left out.
 *
 * @module
 */
import { NativeSymbol } from "../ir/context.ts";
import { Cond, FCond, Op, Type } from "../ir/opcodes.ts";
import type { Lowering } from "./lowering.ts";
import { TrapNumber } from "./traps.ts";

/** High halves of some doubles whose low halves are 0. */
const INFINITY = 0x7ff00000, TWO_63 = 0x43e00000, TWO_64 = 0x43f00000;
/** Halves of the smallest i64. */
const MIN_LO = 0, MIN_HI = -0x80000000;

/** `dst a b`: an operation on two values of the result's type. */
export function binary(l: Lowering, o: number, op: number): void {
  const { operands, builder } = l;
  l.def(operands[o], builder.binary(op, l.use(operands[o + 1]), l.use(operands[o + 2])));
}

/** `dst a`: an operation on one value, with a result of IR type `type`. */
export function unary(l: Lowering, o: number, op: number, type: number): void {
  const { operands, builder } = l;
  l.def(operands[o], builder.unary(op, l.use(operands[o + 1]), type));
}

/** `dst a b`: a comparison of integers. */
export function compare(l: Lowering, o: number, cond: number): void {
  const { operands, builder } = l;
  l.def(operands[o], builder.icmp(cond, l.use(operands[o + 1]), l.use(operands[o + 2])));
}

/** `dst a b`: a comparison of floats. */
export function compareFloats(l: Lowering, o: number, cond: number): void {
  const { operands, builder } = l;
  l.def(operands[o], builder.fcmp(cond, l.use(operands[o + 1]), l.use(operands[o + 2])));
}

/** `bool.not`. */
export function not(l: Lowering, o: number): void {
  const { operands, builder } = l;
  l.def(operands[o], builder.icmp(Cond.eq, l.use(operands[o + 1]), builder.i32(0)));
}

/** Division and remainder of either signedness; `op` is the IR operation behind the checks. */
export function divide(l: Lowering, o: number, op: number): void {
  const { operands, builder, ir } = l;
  const a = l.use(operands[o + 1]), b = l.use(operands[o + 2]);
  const known = l.isConst(b);
  if (!known || l.isConstant(b, 0, 0)) {
    l.trapIf(builder.icmp(Cond.eq, b, builder.i64Halves(0, 0)), TrapNumber.DivByZero);
  }
  const signed = op === Op.sdiv || op === Op.srem;
  if (signed && (!known || l.isConstant(b, -1, -1))) {
    const isMinimal = !l.isConst(a) || (ir.constLo(a) === MIN_LO && ir.constHi(a) === MIN_HI);
    if (isMinimal) {
      const overflow = builder.binary(
        Op.iand,
        builder.icmp(Cond.eq, a, builder.i64Halves(MIN_LO, MIN_HI)),
        builder.icmp(Cond.eq, b, builder.i64Halves(-1, -1)),
      );
      l.trapIf(overflow, TrapNumber.IntDivOverflow);
    }
  }
  l.def(operands[o], builder.binary(op, a, b));
}

/** `u64.to_i64` and `i64.to_u64`: both refuse what is negative as i64. */
export function castInteger(l: Lowering, o: number): void {
  const { operands, builder, ir } = l;
  const a = l.use(operands[o + 1]);
  if (!l.isConst(a) || ir.constHi(a) < 0) {
    const negative = builder.icmp(Cond.slt, a, builder.i64Halves(0, 0));
    l.trapIf(negative, TrapNumber.IntCastOverflow);
  }
  l.def(operands[o], a);
}

/** `f64.to_i64`. The bound 2^63 itself passes and saturates to the largest i64. */
export function floatToSigned(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const a = l.use(operands[o + 1]);
  const magnitude = builder.unary(Op.fabs, a);
  l.trapUnless(
    builder.fcmp(FCond.lt, magnitude, builder.f64Bits(0, INFINITY)),
    TrapNumber.FloatToIntInvalid,
  );
  l.trapIf(
    builder.fcmp(FCond.gt, magnitude, builder.f64Bits(0, TWO_63)),
    TrapNumber.IntCastOverflow,
  );
  l.def(operands[o], builder.unary(Op.fcvt_to_sint_sat, a, Type.I64));
}

/** `f64.to_u64`. Refuses every negative number but -0; 2^64 saturates to the largest u64. */
export function floatToUnsigned(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const a = l.use(operands[o + 1]);
  l.trapUnless(
    builder.fcmp(FCond.lt, builder.unary(Op.fabs, a), builder.f64Bits(0, INFINITY)),
    TrapNumber.FloatToIntInvalid,
  );
  l.trapIf(builder.fcmp(FCond.lt, a, builder.f64Bits(0, 0)), TrapNumber.IntCastOverflow);
  l.trapIf(builder.fcmp(FCond.gt, a, builder.f64Bits(0, TWO_64)), TrapNumber.IntCastOverflow);
  l.def(operands[o], builder.unary(Op.fcvt_to_uint_sat, a, Type.I64));
}

/** `f64.rem`, which no instruction set has: C's `fmod` is exact. */
export function floatRemainder(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const args = [l.use(operands[o + 1]), l.use(operands[o + 2])];
  l.def(operands[o], builder.callNative(NativeSymbol.fmod, args, [Type.F64]) + 1);
}
