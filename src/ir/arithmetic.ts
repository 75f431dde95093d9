/**
 * What the pure operations of the IR compute: for the evaluator, which takes everything here as the
 * definition, and for folding. Integers are signed BigInts of their width; results need not be wrapped
 * to it yet. What becomes of NaNs is the caller's business.
 *
 * @module
 */
import { Op } from "./opcodes.ts";

/** Whether `op` computes an integer of one integer. */
export function isIntUnary(op: number): boolean {
  return (op >= Op.ineg && op <= Op.bswap) || (op >= Op.sext8 && op <= Op.wrap);
}

/** Whether `op` computes an integer of two integers; comparisons apart. */
export function isIntBinary(op: number): boolean {
  return (op >= Op.iadd && op <= Op.urem) || (op >= Op.sadd_ovf && op <= Op.smul_ovf);
}

/** The value of a one-operand integer operation on `a` of `bits` bits. */
export function intUnary(op: number, a: bigint, bits: number): bigint {
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
export function intBinary(op: number, a: bigint, b: bigint, bits: number): bigint | undefined {
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
export function intHolds(cond: number, a: bigint, b: bigint, bits: number): boolean {
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

/** The value of a one-operand float operation that rounds, on a double or an f32. */
export function floatUnary(op: number, a: number): number | undefined {
  switch (op) {
    case 0x3b: // ir.fsqrt
      return Math.sqrt(a);
    case 0x3c: // ir.ffloor
      return Math.floor(a);
    case 0x3d: // ir.fceil
      return Math.ceil(a);
    case 0x3e: // ir.ftrunc
      return Math.trunc(a);
    case 0x3f: // ir.fnearest
      return roundToEven(a);
    default:
      return undefined;
  }
}

function roundToEven(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const below = Math.floor(x), rest = x - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  const rounded = up ? below + 1 : below;
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}

/** The integer of `bits` bits that `x` is cut to, saturating; 0 for NaN. */
export function saturatingInt(x: number, bits: number, signed: boolean): bigint {
  if (Number.isNaN(x)) return 0n;
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const max = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  if (!Number.isFinite(x)) return x < 0 ? min : max;
  const truncated = BigInt(Math.trunc(x));
  return truncated < min ? min : truncated > max ? max : truncated;
}

/**
 * The value of `a op b` for an arithmetic float operation. Rounding a double result to f32 rounds
 * twice, which is harmless for these four: 53 >= 2 * 24 + 2 bits (Figueroa, 1995).
 */
export function floatBinary(op: number, a: number, b: number): number | undefined {
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
export function floatHolds(cond: number, a: number, b: number): boolean {
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
