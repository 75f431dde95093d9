/**
 * Arithmetic on constants: what an operation gives when all its operands are known, and the making
 * of constant instructions.
 *
 * Integers are signed BigInts of their width throughout, as in the constant pool. Float arithmetic is
 * folded where its result is not NaN, since the bits of an arithmetic NaN belong to the machine.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Op, Type } from "../ir/opcodes.ts";

/** Whether `v` is an integer constant. */
export function isInt(func: Func, v: number): boolean {
  return func.op[v] === Op.iconst;
}

/** Whether `v` is the integer constant `value`, which fits 32 signed bits. */
export function isIntValue(func: Func, v: number, value: number): boolean {
  return func.op[v] === Op.iconst && func.constLo(v) === value && func.constHi(v) === value >> 31;
}

/** Width in bits of an integer or float type. */
export function widthOf(type: number): number {
  return type === Type.I32 || type === Type.F32 ? 32 : 64;
}

/** Turns `v` into an integer constant of its own type; `value` is wrapped to it. */
export function becomeInt(func: Func, v: number, value: bigint): void {
  becomeConstant(func, v, Op.iconst, BigInt.asIntN(widthOf(func.type[v]), value));
}

/** Turns `v` into an integer constant of its own type that fits 32 signed bits. */
export function becomeSmallInt(func: Func, v: number, value: number): void {
  clear(func, v, Op.iconst, func.addConstantHalves(value, value >> 31));
}

/** Turns `v` into a float constant of its own type. */
export function becomeFloatBits(func: Func, v: number, bits: bigint): void {
  const isNarrow = func.type[v] === Type.F32;
  becomeConstant(func, v, Op.fconst, isNarrow ? BigInt.asUintN(32, bits) : bits);
}

function becomeConstant(func: Func, v: number, op: number, bits: bigint): void {
  clear(func, v, op, func.addConstant(BigInt.asIntN(64, bits)));
}

function clear(func: Func, v: number, op: number, constant: number): void {
  func.op[v] = op;
  func.a[v] = constant;
  func.b[v] = 0;
  func.c[v] = 0;
  func.aux[v] = 0;
}

/** Makes an integer constant before instruction `before`; `value` is wrapped to the type. */
export function intBefore(func: Func, before: number, type: number, value: bigint): number {
  const constant = func.addConstant(BigInt.asIntN(widthOf(type), value));
  const v = func.create(Op.iconst, type, constant, 0, 0);
  func.pc[v] = func.pc[before];
  func.insertBefore(v, before);
  return v;
}

/** The value of a one-operand integer operation on `a` of `bits` bits. */
export function foldUnary(op: number, a: bigint, bits: number): bigint {
  const u = BigInt.asUintN(bits, a);
  switch (op) {
    case 0x19: // ir.ineg
      return -a;
    case 0x1a: // ir.inot
      return ~a;
    case 0x1b: // ir.clz
      return BigInt(u === 0n ? bits : bits - u.toString(2).length);
    case 0x1c: { // ir.ctz
      const digits = u.toString(2);
      return BigInt(u === 0n ? bits : digits.length - 1 - digits.lastIndexOf("1"));
    }
    case 0x1d: // ir.popcnt
      return BigInt(u.toString(2).replaceAll("0", "").length);
    case 0x1e: { // ir.bswap
      let swapped = 0n;
      for (let k = 0n; k < BigInt(bits); k += 8n) swapped = swapped << 8n | (u >> k & 0xffn);
      return swapped;
    }
    case 0x23: // ir.sext8
      return BigInt.asIntN(8, a);
    case 0x24: // ir.sext16
      return BigInt.asIntN(16, a);
    case 0x25: // ir.sext32
    case 0x2a: // ir.wrap
      return BigInt.asIntN(32, a);
    case 0x26: // ir.zext8
      return BigInt.asUintN(8, a);
    case 0x27: // ir.zext16
      return BigInt.asUintN(16, a);
    case 0x28: // ir.extend_s
      return a;
    case 0x29: // ir.extend_u
      return BigInt.asUintN(32, a);
    default:
      throw new Error(`internal: opcode ${op} is no integer operation with one operand`);
  }
}

/** The value of `a op b` on `bits` bits, or undefined where the operation is not defined. */
export function foldBinary(op: number, a: bigint, b: bigint, bits: number): bigint | undefined {
  switch (op) {
    case 0x08: // ir.iadd
      return a + b;
    case 0x09: // ir.isub
      return a - b;
    case 0x0a: // ir.imul
      return a * b;
    case 0x0b: // ir.iand
      return a & b;
    case 0x0c: // ir.ior
      return a | b;
    case 0x0d: // ir.ixor
      return a ^ b;
    case 0x20: // ir.sadd_ovf
      return overflows(a + b, bits);
    case 0x21: // ir.ssub_ovf
      return overflows(a - b, bits);
    case 0x22: // ir.smul_ovf
      return overflows(a * b, bits);
    case 0x15: // ir.sdiv
      return b === 0n || overflows(a / b, bits) !== 0n ? undefined : a / b;
    case 0x16: // ir.srem
      return b === 0n || overflows(a / b, bits) !== 0n ? undefined : a % b;
  }
  const ua = BigInt.asUintN(bits, a), ub = BigInt.asUintN(bits, b), width = BigInt(bits);
  const count = ub & (width - 1n);
  switch (op) {
    case 0x0e: // ir.ishl
      return ua << count;
    case 0x0f: // ir.ushr
      return ua >> count;
    case 0x10: // ir.sshr
      return a >> count;
    case 0x11: // ir.rotl
      return ua << count | ua >> (width - count);
    case 0x12: // ir.rotr
      return ua >> count | ua << (width - count);
    case 0x13: // ir.umulh
      return ua * ub >> width;
    case 0x14: // ir.smulh
      return a * b >> width;
    case 0x17: // ir.udiv
      return ub === 0n ? undefined : ua / ub;
    case 0x18: // ir.urem
      return ub === 0n ? undefined : ua % ub;
    default:
      throw new Error(`internal: opcode ${op} is no integer operation with two operands`);
  }
}

function overflows(value: bigint, bits: number): bigint {
  return BigInt.asIntN(bits, value) === value ? 0n : 1n;
}

/** Whether the integer condition holds for `a` and `b` of `bits` bits. */
export function foldCompare(cond: number, a: bigint, b: bigint, bits: number): boolean {
  const ua = BigInt.asUintN(bits, a), ub = BigInt.asUintN(bits, b);
  switch (cond) {
    case 0: // eq
      return a === b;
    case 1: // ne
      return a !== b;
    case 2: // slt
      return a < b;
    case 3: // sge
      return a >= b;
    case 4: // sgt
      return a > b;
    case 5: // sle
      return a <= b;
    case 6: // ult
      return ua < ub;
    case 7: // uge
      return ua >= ub;
    case 8: // ugt
      return ua > ub;
    case 9: // ule
      return ua <= ub;
    default:
      throw new Error(`internal: integer condition ${cond} does not exist`);
  }
}

const word = new BigInt64Array(1);
const asF64 = new Float64Array(word.buffer);
const asF32 = new Float32Array(word.buffer);

/** The number whose bits are given. */
export function floatOfBits(bits: bigint, width: number): number {
  word[0] = bits;
  return width === 32 ? asF32[0] : asF64[0];
}

/** Bits of a number, rounded to the width. */
export function bitsOfFloat(value: number, width: number): bigint {
  word[0] = 0n;
  if (width === 32) asF32[0] = value;
  else asF64[0] = value;
  return word[0];
}

/**
 * The value of `a op b` for an arithmetic float operation. Rounding a double result to f32 rounds
 * twice, which is harmless for these four: 53 >= 2 * 24 + 2 bits (Figueroa, 1995).
 */
export function foldFloatBinary(op: number, a: number, b: number): number | undefined {
  switch (op) {
    case 0x30: // ir.fadd
      return a + b;
    case 0x31: // ir.fsub
      return a - b;
    case 0x32: // ir.fmul
      return a * b;
    case 0x33: // ir.fdiv
      return a / b;
    case 0x34: // ir.fmin
      return Math.min(a, b);
    case 0x35: // ir.fmax
      return Math.max(a, b);
    default:
      return undefined;
  }
}

/** Whether the float condition holds for `a` and `b`. */
export function foldFloatCompare(cond: number, a: number, b: number): boolean {
  switch (cond) {
    case 0: // eq
      return a === b;
    case 1: // ne
      return a !== b;
    case 2: // lt
      return a < b;
    case 3: // le
      return a <= b;
    case 4: // gt
      return a > b;
    case 5: // ge
      return a >= b;
    case 6: // uno
      return Number.isNaN(a) || Number.isNaN(b);
    case 7: // ord
      return !Number.isNaN(a) && !Number.isNaN(b);
    default:
      throw new Error(`internal: float condition ${cond} does not exist`);
  }
}
