/**
 * From an opcode to the function that lowers it. Branches and terminators end blocks and are the
 * driver's.
 *
 * @module
 */
import { AggKind } from "../heap/layout.ts";
import { Cond, FCond, Op, Type } from "../ir/opcodes.ts";
import { aggregateLength, getElement, getIndexed, newAggregate } from "./aggregate.ts";
import { equal, getByte, getByteAt, length, slice } from "./bytes.ts";
import { bytesToText, concat } from "./concat.ts";
import { call, move, poolConstant, select } from "./control.ts";
import { addDecimals, decimalToInteger, integerToDecimal, multiplyDecimals } from "./decimal.ts";
import { hostCall } from "./host.ts";
import { callIndirect, newClosure } from "./indirect.ts";
import type { Lowering } from "./lowering.ts";
import {
  binary,
  castInteger,
  compare,
  compareFloats,
  divide,
  floatRemainder,
  floatToSigned,
  floatToUnsigned,
  not,
  unary,
} from "./scalar.ts";

/** Lowers the instruction with opcode `op` whose operands start at word `o`. */
export function lowerInstruction(l: Lowering, op: number, o: number): void {
  const { operands, builder } = l;
  switch (op) {
    case 0x00: // nop
    case 0x10: // const.unit
      return;
    case 0x01: // mov
      return move(l, o);
    case 0x11: // const.bool
    case 0x53: // const.func
      return l.def(operands[o], builder.i32(operands[o + 1]));
    case 0x12: // const.i64
    case 0x13: // const.u64
      return l.def(operands[o], builder.i64Halves(operands[o + 1], operands[o + 2]));
    case 0x14: // const.f64
      return l.def(operands[o], builder.f64Bits(operands[o + 1], operands[o + 2]));
    case 0x15: // const.decimal
      return l.defDec(
        operands[o],
        builder.i64Halves(operands[o + 1], operands[o + 2]),
        builder.i64Halves(operands[o + 3], 0),
      );
    case 0x16: // const.pool
      return poolConstant(l, o);
    case 0x38: // select
      return select(l, o);

    case 0x20: // i64.add
    case 0x23: // u64.add
      return binary(l, o, Op.iadd);
    case 0x21: // i64.sub
    case 0x24: // u64.sub
      return binary(l, o, Op.isub);
    case 0x22: // i64.mul
    case 0x25: // u64.mul
      return binary(l, o, Op.imul);
    case 0x26: // u64.and
    case 0x33: // i64.and
    case 0x88: // bool.and
      return binary(l, o, Op.iand);
    case 0x27: // u64.or
    case 0x36: // i64.or
    case 0x89: // bool.or
      return binary(l, o, Op.ior);
    case 0x2c: // u64.xor
    case 0x37: // i64.xor
    case 0x8a: // bool.xor
      return binary(l, o, Op.ixor);
    case 0x2d: // u64.shl
    case 0x3c: // i64.shl
      return binary(l, o, Op.ishl);
    case 0x2e: // u64.shr
      return binary(l, o, Op.ushr);
    case 0x3d: // i64.shr
      return binary(l, o, Op.sshr);
    case 0x6c: // i64.div
      return divide(l, o, Op.sdiv);
    case 0x6d: // i64.rem
      return divide(l, o, Op.srem);
    case 0x6e: // u64.div
      return divide(l, o, Op.udiv);
    case 0x6f: // u64.rem
      return divide(l, o, Op.urem);
    case 0x30: // bool.not
      return not(l, o);

    case 0x28: // i64.eq
    case 0x2a: // u64.eq
      return compare(l, o, Cond.eq);
    case 0x29: // i64.lt
      return compare(l, o, Cond.slt);
    case 0x39: // i64.gt
      return compare(l, o, Cond.sgt);
    case 0x3a: // i64.le
      return compare(l, o, Cond.sle);
    case 0x3b: // i64.ge
      return compare(l, o, Cond.sge);
    case 0x2b: // u64.lt
      return compare(l, o, Cond.ult);
    case 0x2f: // u64.gt
      return compare(l, o, Cond.ugt);
    case 0x31: // u64.le
      return compare(l, o, Cond.ule);
    case 0x32: // u64.ge
      return compare(l, o, Cond.uge);

    case 0x1a: // f64.add
      return binary(l, o, Op.fadd);
    case 0x1b: // f64.sub
      return binary(l, o, Op.fsub);
    case 0x1c: // f64.mul
      return binary(l, o, Op.fmul);
    case 0x82: // f64.div
      return binary(l, o, Op.fdiv);
    case 0x91: // f64.rem
      return floatRemainder(l, o);
    case 0x8d: // f64.min
      return binary(l, o, Op.fmin);
    case 0x8e: // f64.max
      return binary(l, o, Op.fmax);
    case 0x8f: // f64.min_num
      return binary(l, o, Op.fminnum);
    case 0x90: // f64.max_num
      return binary(l, o, Op.fmaxnum);
    case 0x8b: // f64.neg
      return unary(l, o, Op.fneg, Type.F64);
    case 0x8c: // f64.abs
      return unary(l, o, Op.fabs, Type.F64);
    case 0x83: // f64.eq
      return compareFloats(l, o, FCond.eq);
    case 0x84: // f64.lt
      return compareFloats(l, o, FCond.lt);
    case 0x85: // f64.gt
      return compareFloats(l, o, FCond.gt);
    case 0x86: // f64.le
      return compareFloats(l, o, FCond.le);
    case 0x87: // f64.ge
      return compareFloats(l, o, FCond.ge);

    case 0x34: // u64.to_i64
    case 0x35: // i64.to_u64
      return castInteger(l, o);
    case 0x70: // i64.to_f64
      return unary(l, o, Op.fcvt_from_sint, Type.F64);
    case 0x71: // u64.to_f64
      return unary(l, o, Op.fcvt_from_uint, Type.F64);
    case 0x72: // f64.to_i64
      return floatToSigned(l, o);
    case 0x73: // f64.to_u64
      return floatToUnsigned(l, o);
    case 0x92: // f64.to_bits
      return unary(l, o, Op.bitcast, Type.I64);
    case 0x93: // f64.from_bits
      return unary(l, o, Op.bitcast, Type.F64);

    case 0x17: // dec.add
      return addDecimals(l, o, Op.iadd, Op.sadd_ovf);
    case 0x18: // dec.sub
      return addDecimals(l, o, Op.isub, Op.ssub_ovf);
    case 0x19: // dec.mul
      return multiplyDecimals(l, o);
    case 0x74: // dec.to_i64
      return decimalToInteger(l, o, false);
    case 0x75: // dec.to_u64
      return decimalToInteger(l, o, true);
    case 0x76: // i64.to_dec
      return integerToDecimal(l, o, false);
    case 0x77: // u64.to_dec
      return integerToDecimal(l, o, true);

    case 0x6a: // bytes.len
    case 0x6b: // str.len
      return length(l, o);
    case 0x7c: // bytes.get
      return getByte(l, o);
    case 0x7d: // bytes.get_imm
      return getByteAt(l, o);
    case 0x7e: // bytes.slice
      return slice(l, o, false);
    case 0x7f: // str.slice
      return slice(l, o, true);
    case 0x78: // bytes.eq
    case 0x79: // str.eq
      return equal(l, o);
    case 0x80: // str.to_bytes
      return l.def(operands[o], l.use(operands[o + 1]));

    case 0x7a: // bytes.concat
    case 0x7b: // str.concat
      return concat(l, o);
    case 0x81: // bytes.to_str
      return bytesToText(l, o);

    case 0x60: // tuple.new
      return newAggregate(l, operands[o], AggKind.Tuple, 0, o + 1);
    case 0x62: // struct.new
      return newAggregate(l, operands[o], AggKind.Struct, operands[o + 1], o + 2);
    case 0x64: // array.new
      return newAggregate(l, operands[o], AggKind.Array, operands[o + 1], o + 2);
    case 0x61: // tuple.get
      return getElement(l, o, AggKind.Tuple);
    case 0x63: // struct.get
      return getElement(l, o, AggKind.Struct);
    case 0x69: // array.get_imm
      return getElement(l, o, AggKind.Array);
    case 0x66: // array.get
      return getIndexed(l, o);
    case 0x65: // array.len
      return aggregateLength(l, o, AggKind.Array);
    case 0x67: // tuple.len
      return aggregateLength(l, o, AggKind.Tuple);
    case 0x68: // struct.field_count
      return aggregateLength(l, o, AggKind.Struct);

    case 0x50: // call
      return call(l, o);
    case 0x52: // host_call
      return hostCall(l, o);
    case 0x54: // call.indirect
      return callIndirect(l, o);
    case 0x55: // closure.new
      return newClosure(l, o);
    default:
      throw new Error(`internal: opcode ${op} has no lowering`);
  }
}
