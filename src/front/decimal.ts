/**
 * Lowering of decimals: a mantissa and a scale in two values (specification §8.5).
 *
 * @module
 */
import { Cond, Op, Type } from "../ir/opcodes.ts";
import type { Lowering } from "./lowering.ts";
import { TrapNumber } from "./traps.ts";

/** Largest scale of a decimal. */
const MAX_SCALE = 255;
/** Largest power of ten that fits i64. */
const MAX_POWER = 18;
const I64_MAX = (1n << 63n) - 1n;

/** `dec.add` and `dec.sub`: `op` computes the mantissa, `overflows` says whether it fits. */
export function addDecimals(l: Lowering, o: number, op: number, overflows: number): void {
  const { operands, builder } = l;
  const a = operands[o + 1], b = operands[o + 2];
  const scale = l.useScale(a), other = l.useScale(b);
  const equal = l.isConst(scale) && l.isConstant(other, l.ir.constLo(scale), 0);
  if (scale !== other && !equal) {
    l.trapIf(builder.icmp(Cond.ne, scale, other), TrapNumber.DecimalScaleMismatch);
  }
  defMantissa(l, operands[o], op, overflows, l.use(a), l.use(b), scale);
}

/** `dec.mul`: mantissas multiplied, scales added. */
export function multiplyDecimals(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const a = operands[o + 1], b = operands[o + 2];
  const scale = builder.binary(Op.iadd, l.useScale(a), l.useScale(b));
  l.trapIf(
    builder.icmp(Cond.ugt, scale, builder.i64Halves(MAX_SCALE, 0)),
    TrapNumber.DecimalOverflow,
  );
  defMantissa(l, operands[o], Op.imul, Op.smul_ovf, l.use(a), l.use(b), scale);
}

function defMantissa(
  l: Lowering,
  dst: number,
  op: number,
  overflows: number,
  a: number,
  b: number,
  scale: number,
): void {
  const { builder } = l;
  l.trapIf(builder.emit(overflows, Type.I32, a, b), TrapNumber.DecimalOverflow);
  l.defDec(dst, builder.binary(op, a, b), scale);
}

/** `dec.to_i64` and, refusing negative mantissas, `dec.to_u64`. */
export function decimalToInteger(l: Lowering, o: number, unsigned: boolean): void {
  const { operands, builder } = l;
  const a = operands[o + 1], zero = builder.i64Halves(0, 0), mantissa = l.use(a);
  const scale = l.useScale(a);
  if (!l.isConstant(scale, 0, 0)) {
    l.trapIf(builder.icmp(Cond.ne, scale, zero), TrapNumber.DecimalScaleMismatch);
  }
  if (unsigned) l.trapIf(builder.icmp(Cond.slt, mantissa, zero), TrapNumber.IntCastOverflow);
  l.def(operands[o], mantissa);
}

/** `i64.to_dec` and `u64.to_dec`: the product with the power of ten must fit i64. */
export function integerToDecimal(l: Lowering, o: number, unsigned: boolean): void {
  const { operands, builder } = l;
  const a = l.use(operands[o + 1]), digits = operands[o + 2];
  const scale = builder.i64Halves(digits, 0);
  if (digits > MAX_POWER) {
    // Such a power does not fit by itself: the trap is certain, the value behind it unused.
    l.trapIf(builder.i32(1), TrapNumber.DecimalOverflow);
    return l.defDec(operands[o], a, scale);
  }
  const power = 10n ** BigInt(digits), factor = builder.i64(power);
  if (unsigned) {
    const tooLarge = builder.icmp(Cond.ugt, a, builder.i64(I64_MAX / power));
    l.trapIf(tooLarge, TrapNumber.DecimalOverflow);
  } else if (digits > 0) {
    l.trapIf(builder.emit(Op.smul_ovf, Type.I32, a, factor), TrapNumber.DecimalOverflow);
  }
  l.defDec(operands[o], digits === 0 ? a : builder.binary(Op.imul, a, factor), scale);
}
