/**
 * Folding one instruction: constant operands, algebraic identities and cheaper equivalents.
 *
 * Relies on the instruction and the definitions of its operands (and theirs) alone, so it may be
 * asked at any time. Guarantees the meaning in `ir/opcodes.ts`, bits of NaN included. Canonical
 * forms: a constant stands right, subtraction of a constant is addition, comparisons with 0 or with
 * the ends of a type are weakened to `eq` and `ne`.
 *
 * @module
 */
import {
  bitsOfFloat,
  floatBinary,
  floatHolds,
  floatOfBits,
  floatUnary,
  intBinary,
  intHolds,
  intUnary,
  isIntBinary,
  isIntUnary,
  saturatingInt,
} from "../ir/arithmetic.ts";
import type { Func } from "../ir/func.ts";
import { Cond, COND_SWAPPED, Flag, Op, OP_FLAGS, Type } from "../ir/opcodes.ts";
import {
  becomeFloatBits,
  becomeInt,
  becomeSmallInt,
  intBefore,
  isInt,
  isIntValue,
  widthOf,
} from "./constants.ts";

/** Answer of a step that rewrote the instruction: look at it again. */
const AGAIN = -1;

/**
 * Simplifies the pure instruction `v` in place or finds the value it equals. New instructions may be
 * placed before it.
 *
 * @returns The value that replaces `v`, or `v` itself (possibly rewritten).
 */
export function fold(func: Func, v: number): number {
  for (;;) {
    const result = step(func, v);
    if (result !== AGAIN) return result;
  }
}

function step(func: Func, v: number): number {
  switch (func.op[v]) {
    case 0x03: // ir.copy
      return func.a[v];
    case 0x04: // ir.iconst
    case 0x05: // ir.fconst
    case 0x72: // ir.heap_base
      return v;
    case 0x06: // ir.select
      return foldSelect(func, v);
    case 0x1f: // ir.icmp
      return foldIcmp(func, v);
    default:
      if (isIntBinary(func.op[v])) return foldIntBinary(func, v);
      return isIntUnary(func.op[v]) ? foldIntUnary(func, v) : foldFloat(func, v);
  }
}

/** Turns `v` into another operation; what is not named is cleared. */
function become(func: Func, v: number, op: number, a: number, b = 0, aux = 0): number {
  func.op[v] = op;
  func.a[v] = a;
  func.b[v] = b;
  func.c[v] = 0;
  func.aux[v] = aux;
  return AGAIN;
}

/**
 * Gives `v` another second operand. In `func.b[v] = make()` the array would be looked up before `make`
 * adds an instruction, which may replace it by a larger one: the write would be lost.
 */
function setB(func: Func, v: number, value: number): void {
  func.b[v] = value;
}

/** Turns `v` into `a op value` with a new constant. */
function becomeWith(func: Func, v: number, op: number, a: number, value: bigint): number {
  return become(func, v, op, a, intBefore(func, v, func.type[v], value));
}

/** Turns `v` into the low half of the i64 `a`, zero-extended. */
function becomeLowHalf(func: Func, v: number, a: number): number {
  const low = func.create(Op.wrap, Type.I32, a, 0, 0);
  func.pc[low] = func.pc[v];
  func.insertBefore(low, v);
  return become(func, v, Op.extend_u, low);
}

function becomeZero(func: Func, v: number): number {
  becomeSmallInt(func, v, 0);
  return v;
}

/** Whether `v` is known to be 0 or 1. */
export function isBoolean(func: Func, v: number): boolean {
  switch (func.op[v]) {
    case 0x1f: // ir.icmp
    case 0x20: // ir.sadd_ovf
    case 0x21: // ir.ssub_ovf
    case 0x22: // ir.smul_ovf
    case 0x40: // ir.fcmp
      return true;
    case 0x04: // ir.iconst
      return isIntValue(func, v, 0) || isIntValue(func, v, 1);
    case 0x0b: // ir.iand
    case 0x0c: // ir.ior
    case 0x0d: // ir.ixor
      return isFlag(func, func.a[v]) && isFlag(func, func.b[v]);
    default:
      return false;
  }
}

/** Whether `v` is a comparison or a constant flag: `isBoolean` one level deep. */
function isFlag(func: Func, v: number): boolean {
  const op = func.op[v];
  return op === Op.icmp || op === Op.fcmp || op === Op.sadd_ovf || op === Op.ssub_ovf ||
    op === Op.smul_ovf || isIntValue(func, v, 0) || isIntValue(func, v, 1);
}

/** Whether `v` is `icmp.cond x, 0` on an i32 `x`. */
function isI32Test(func: Func, v: number, cond: number): boolean {
  return func.op[v] === Op.icmp && func.aux[v] === cond && func.type[func.a[v]] === Type.I32 &&
    isIntValue(func, func.b[v], 0);
}

/**
 * For a use that asks only whether `cond` is 0: the value to ask instead, as `2 * value`, plus 1 if
 * the answer has to be negated.
 */
export function stripCondition(func: Func, cond: number): number {
  let negated = 0;
  for (;;) {
    if (isI32Test(func, cond, Cond.eq)) negated ^= 1;
    else if (!isI32Test(func, cond, Cond.ne)) return 2 * cond + negated;
    cond = func.a[cond];
  }
}

function foldSelect(func: Func, v: number): number {
  const stripped = stripCondition(func, func.a[v]);
  func.a[v] = stripped >> 1;
  if ((stripped & 1) !== 0) {
    const then = func.b[v];
    func.b[v] = func.c[v];
    func.c[v] = then;
  }
  const cond = func.a[v], then = func.b[v], otherwise = func.c[v];
  if (isInt(func, cond)) return func.constLo(cond) !== 0 ? then : otherwise;
  if (then === otherwise) return then;
  if (func.type[v] !== Type.I32) return v;
  if (isIntValue(func, then, 1) && isIntValue(func, otherwise, 0)) {
    if (isBoolean(func, cond)) return cond;
    return become(func, v, Op.icmp, cond, otherwise, Cond.ne);
  }
  if (isIntValue(func, then, 0) && isIntValue(func, otherwise, 1)) {
    return become(func, v, Op.icmp, cond, then, Cond.eq);
  }
  return v;
}

// ---- comparisons

function foldIcmp(func: Func, v: number): number {
  let a = func.a[v], b = func.b[v];
  const bits = widthOf(func.type[a]);
  if (isInt(func, a)) {
    if (isInt(func, b)) {
      const holds = intHolds(func.aux[v], func.constBits(a), func.constBits(b), bits);
      becomeSmallInt(func, v, holds ? 1 : 0);
      return v;
    }
    [a, b] = [b, a];
    func.a[v] = a;
    func.b[v] = b;
    func.aux[v] = COND_SWAPPED[func.aux[v]];
  }
  const cond = func.aux[v];
  if (a === b) {
    const holds = cond === Cond.eq || cond === Cond.sge || cond === Cond.sle ||
      cond === Cond.uge || cond === Cond.ule;
    becomeSmallInt(func, v, holds ? 1 : 0);
    return v;
  }
  if (!isInt(func, b)) return v;
  const ends = foldIcmpEnds(func, v, cond, a, b, bits);
  if (ends !== v) return ends;
  if (cond !== Cond.eq && cond !== Cond.ne) return v;
  const isZero = isIntValue(func, b, 0);
  switch (func.op[a]) {
    case 0x08: { // ir.iadd
      if (!isInt(func, func.b[a])) break;
      const rest = func.constBits(b) - func.constBits(func.b[a]);
      setB(func, v, intBefore(func, v, func.type[a], rest));
      func.a[v] = func.a[a];
      return AGAIN;
    }
    case 0x09: // ir.isub
    case 0x0d: // ir.ixor
      if (!isZero) break;
      return become(func, v, Op.icmp, func.a[a], func.b[a], cond);
  }
  if (!isBoolean(func, a)) return v;
  // Against 0 or 1 a flag is itself or its negation.
  if (!isZero && !isIntValue(func, b, 1)) {
    becomeSmallInt(func, v, cond === Cond.eq ? 0 : 1);
    return v;
  }
  if (isZero === (cond === Cond.ne)) return a;
  if (func.op[a] === Op.icmp) {
    return become(func, v, Op.icmp, func.a[a], func.b[a], func.aux[a] ^ 1);
  }
  // Only eq/ne and uno/ord are each other's negation on floats.
  if (func.op[a] === Op.fcmp && (func.aux[a] < 2 || func.aux[a] > 5)) {
    return become(func, v, Op.fcmp, func.a[a], func.b[a], func.aux[a] ^ 1);
  }
  if (!isZero) {
    setB(func, v, intBefore(func, v, Type.I32, 0n));
    func.aux[v] = Cond.eq;
  }
  return v;
}

/** Comparisons with a constant at, or next to, an end of the type. */
function foldIcmpEnds(
  func: Func,
  v: number,
  cond: number,
  a: number,
  b: number,
  bits: number,
): number {
  if (cond < Cond.slt) return v;
  const decide = (holds: boolean): number => {
    becomeSmallInt(func, v, holds ? 1 : 0);
    return v;
  };
  const lo = func.constLo(b), hi = func.constHi(b);
  if (cond >= Cond.ult) {
    // All ones on top.
    if (lo === -1 && hi === -1) {
      if (cond === Cond.ule) return decide(true);
      if (cond === Cond.ugt) return decide(false);
      return v;
    }
    if (hi !== 0 || (lo !== 0 && lo !== 1)) return v;
    if (lo === 0) {
      if (cond === Cond.ult) return decide(false);
      if (cond === Cond.uge) return decide(true);
      func.aux[v] = cond === Cond.ugt ? Cond.ne : Cond.eq;
      return AGAIN;
    }
    if (cond !== Cond.ult && cond !== Cond.uge) return v;
    const zero = intBefore(func, v, func.type[a], 0n);
    return become(func, v, Op.icmp, a, zero, cond === Cond.ult ? Cond.eq : Cond.ne);
  }
  const isMin = bits === 32 ? lo === -0x80000000 : lo === 0 && hi === -0x80000000;
  if (isMin && cond === Cond.slt) return decide(false);
  if (isMin && cond === Cond.sge) return decide(true);
  const isMax = bits === 32 ? lo === 0x7fffffff : lo === -1 && hi === 0x7fffffff;
  if (isMax && cond === Cond.sgt) return decide(false);
  if (isMax && cond === Cond.sle) return decide(true);
  return v;
}

// ---- integers

function foldIntUnary(func: Func, v: number): number {
  const op = func.op[v], a = func.a[v];
  if (isInt(func, a)) {
    becomeInt(func, v, intUnary(op, func.constBits(a), widthOf(func.type[a])));
    return v;
  }
  const inner = func.op[a];
  switch (op) {
    case 0x19: // ir.ineg
      if (inner === Op.isub) return become(func, v, Op.isub, func.b[a], func.a[a]);
      return inner === op ? func.a[a] : v;
    case 0x1a: // ir.inot
    case 0x1e: // ir.bswap
      return inner === op ? func.a[a] : v;
    case 0x23: // ir.sext8
      return inner === op || inner === Op.load8s || inner === Op.hload8s ? a : v;
    case 0x24: // ir.sext16
      return inner === op || inner === Op.load16s || inner === Op.hload16s ||
          inner === Op.sext8 || inner === Op.load8s || inner === Op.hload8s
        ? a
        : v;
    case 0x25: // ir.sext32
      return inner === op || inner === Op.extend_s || inner === Op.sext8 ||
          inner === Op.sext16 || inner === Op.load32s || inner === Op.hload32s
        ? a
        : v;
    case 0x26: // ir.zext8
      return inner === op || inner === Op.load8u || inner === Op.hload8u ? a : v;
    case 0x27: // ir.zext16
      return inner === op || inner === Op.load16u || inner === Op.hload16u ||
          inner === Op.zext8 || inner === Op.load8u || inner === Op.hload8u
        ? a
        : v;
    case 0x28: // ir.extend_s
      return inner === Op.wrap ? become(func, v, Op.sext32, func.a[a]) : v;
    case 0x2a: // ir.wrap
      if (inner === Op.extend_s || inner === Op.extend_u) return func.a[a];
      return foldWrap(func, v);
    default:
      return v;
  }
}

/** The low half of something that has been put together from halves. */
function foldWrap(func: Func, v: number): number {
  const a = func.a[v];
  switch (func.op[a]) {
    case 0x25: // ir.sext32
      func.a[v] = func.a[a];
      return AGAIN;
    case 0x0e: // ir.ishl
      return isUpperHalf(func, a) ? becomeZero(func, v) : v;
    case 0x0c: // ir.ior
      if (!isUpperHalf(func, func.a[a])) return v;
      func.a[v] = func.b[a];
      return AGAIN;
    default:
      return v;
  }
}

/** Whether the low half of `v` is 0: a shift to the left by 32 or more. */
function isUpperHalf(func: Func, v: number): boolean {
  return func.op[v] === Op.ishl && isInt(func, func.b[v]) && (func.constLo(func.b[v]) & 63) >= 32;
}

function foldIntBinary(func: Func, v: number): number {
  const op = func.op[v];
  let a = func.a[v], b = func.b[v];
  if (isInt(func, a)) {
    if (isInt(func, b)) {
      const bits = widthOf(func.type[a]);
      const value = intBinary(op, func.constBits(a), func.constBits(b), bits);
      if (value !== undefined) becomeInt(func, v, value);
      return v;
    }
    if ((OP_FLAGS[op] & Flag.COMMUTATIVE) === 0) return foldConstantLeft(func, v);
    [a, b] = [b, a];
    func.a[v] = a;
    func.b[v] = b;
  }
  return isInt(func, b) ? foldConstantRight(func, v) : foldVariables(func, v);
}

/** Simplifies `a op b` where only `a` is constant and the operation does not commute. */
function foldConstantLeft(func: Func, v: number): number {
  if (!isIntValue(func, func.a[v], 0)) return v;
  switch (func.op[v]) {
    case 0x09: // ir.isub
      return become(func, v, Op.ineg, func.b[v]);
    case 0x0e: // ir.ishl
    case 0x0f: // ir.ushr
    case 0x10: // ir.sshr
    case 0x11: // ir.rotl
    case 0x12: // ir.rotr
    case 0x15: // ir.sdiv
    case 0x16: // ir.srem
    case 0x17: // ir.udiv
    case 0x18: // ir.urem
      return becomeZero(func, v);
    default:
      return v;
  }
}

/** Simplifies `a op b` where neither is constant. */
function foldVariables(func: Func, v: number): number {
  const a = func.a[v], b = func.b[v];
  switch (func.op[v]) {
    case 0x08: // ir.iadd
      if (func.op[b] === Op.ineg) return become(func, v, Op.isub, a, func.a[b]);
      if (func.op[a] === Op.ineg) return become(func, v, Op.isub, b, func.a[a]);
      return v;
    case 0x09: // ir.isub
      if (a === b) return becomeZero(func, v);
      if (func.op[b] === Op.ineg) return become(func, v, Op.iadd, a, func.a[b]);
      if (func.op[a] === Op.iadd) {
        if (func.a[a] === b) return func.b[a];
        if (func.b[a] === b) return func.a[a];
      }
      return v;
    case 0x0b: // ir.iand
    case 0x0c: // ir.ior
      return a === b ? a : v;
    case 0x0d: // ir.ixor
    case 0x16: // ir.srem
    case 0x18: // ir.urem
    case 0x21: // ir.ssub_ovf
      return a === b ? becomeZero(func, v) : v;
    case 0x15: // ir.sdiv
    case 0x17: // ir.udiv
      if (a === b) becomeSmallInt(func, v, 1);
      return v;
    default:
      return v;
  }
}

/** Simplifies `a op y` for a constant `y`. */
function foldConstantRight(func: Func, v: number): number {
  const op = func.op[v], a = func.a[v], b = func.b[v];
  const lo = func.constLo(b), hi = func.constHi(b), bits = widthOf(func.type[a]);
  const isZero = lo === 0 && hi === 0, isOne = lo === 1 && hi === 0;
  const isMinusOne = lo === -1 && hi === -1;
  switch (op) {
    case 0x08: // ir.iadd
      return isZero ? a : reassociate(func, v, op);
    case 0x09: // ir.isub
      return isZero ? a : becomeWith(func, v, Op.iadd, a, -func.constBits(b));
    case 0x0c: // ir.ior
      return isZero ? a : isMinusOne ? b : reassociate(func, v, op);
    case 0x0d: // ir.ixor
      if (isZero) return a;
      if (isMinusOne) return become(func, v, Op.inot, a);
      if (isOne && bits === 32 && isBoolean(func, a)) {
        return become(func, v, Op.icmp, a, intBefore(func, v, Type.I32, 0n), Cond.eq);
      }
      return reassociate(func, v, op);
    case 0x0b: // ir.iand
      if (isMinusOne) return a;
      if (lo === -1 && hi === 0) {
        return func.op[a] === Op.extend_u ? a : becomeLowHalf(func, v, a);
      }
      if (isZero) return b;
      return isOne && isBoolean(func, a) ? a : reassociate(func, v, op);
    case 0x0a: { // ir.imul
      if (isZero) return b;
      if (isOne) return a;
      if (isMinusOne) return become(func, v, Op.ineg, a);
      const shift = log2(lo, hi, bits);
      if (shift > 0) return becomeWith(func, v, Op.ishl, a, BigInt(shift));
      return reassociate(func, v, op);
    }
    case 0x0e: // ir.ishl
    case 0x0f: // ir.ushr
    case 0x10: // ir.sshr
    case 0x11: // ir.rotl
    case 0x12: // ir.rotr
      return foldShift(func, v, lo & (bits - 1), bits);
    case 0x13: { // ir.umulh
      const shift = log2(lo, hi, bits);
      if (isZero || shift === 0) return becomeZero(func, v);
      return shift > 0 ? becomeWith(func, v, Op.ushr, a, BigInt(bits - shift)) : v;
    }
    case 0x14: // ir.smulh
    case 0x20: // ir.sadd_ovf
    case 0x21: // ir.ssub_ovf
      return isZero ? becomeZero(func, v) : v;
    case 0x22: // ir.smul_ovf
      return isZero || isOne ? becomeZero(func, v) : v;
    case 0x15: // ir.sdiv
      return isOne ? a : isMinusOne ? become(func, v, Op.ineg, a) : v;
    case 0x16: // ir.srem
      return isOne || isMinusOne ? becomeZero(func, v) : v;
    case 0x17: { // ir.udiv
      const shift = log2(lo, hi, bits);
      if (shift === 0) return a;
      return shift > 0 ? becomeWith(func, v, Op.ushr, a, BigInt(shift)) : v;
    }
    case 0x18: { // ir.urem
      const shift = log2(lo, hi, bits);
      if (shift === 0) return becomeZero(func, v);
      return shift > 0 ? becomeWith(func, v, Op.iand, a, (1n << BigInt(shift)) - 1n) : v;
    }
    default:
      return v;
  }
}

/** `(x op c) op y` is `x op (c op y)` for an associative operation. */
function reassociate(func: Func, v: number, op: number): number {
  const a = func.a[v];
  if (func.op[a] !== op || !isInt(func, func.b[a])) return v;
  const y = func.constBits(func.b[v]), c = func.constBits(func.b[a]);
  const value = op === Op.iadd
    ? c + y
    : op === Op.imul
    ? c * y
    : op === Op.iand
    ? c & y
    : op === Op.ior
    ? c | y
    : c ^ y;
  return becomeWith(func, v, op, func.a[a], value);
}

function foldShift(func: Func, v: number, count: number, bits: number): number {
  const op = func.op[v], a = func.a[v];
  if (count === 0) return a;
  if (func.op[a] === op && isInt(func, func.b[a])) {
    const total = count + (func.constLo(func.b[a]) & (bits - 1));
    if (op === Op.rotl || op === Op.rotr) {
      return becomeWith(func, v, op, func.a[a], BigInt(total & (bits - 1)));
    }
    if (total < bits) return becomeWith(func, v, op, func.a[a], BigInt(total));
    if (op !== Op.sshr) return becomeZero(func, v);
    return becomeWith(func, v, op, func.a[a], BigInt(bits - 1));
  }
  if (op === Op.ushr && func.op[a] === Op.ior && isInt(func, func.b[a])) {
    // Bits that are shifted out do not matter.
    if (BigInt.asUintN(bits, func.constBits(func.b[a])) >> BigInt(count) === 0n) {
      func.a[v] = func.a[a];
      return AGAIN;
    }
  }
  if (op === Op.ushr && count === 32 && bits === 64 && isUpperHalf(func, a)) {
    const x = func.a[a];
    if (func.constLo(func.b[a]) === 32) {
      if (func.op[x] === Op.extend_u) return x;
      return becomeLowHalf(func, v, x);
    }
  }
  if (!isIntValue(func, func.b[v], count)) {
    setB(func, v, intBefore(func, v, func.type[v], BigInt(count)));
  }
  return v;
}

/** Which power of two the unsigned constant is, -1 if none. */
function log2(lo: number, hi: number, bits: number): number {
  if (bits === 32 || hi === 0) {
    return lo !== 0 && (lo & (lo - 1)) === 0 ? 31 - Math.clz32(lo) : -1;
  }
  return lo === 0 && (hi & (hi - 1)) === 0 ? 63 - Math.clz32(hi) : -1;
}

// ---- floats

function foldFloat(func: Func, v: number): number {
  const op = func.op[v], a = func.a[v];
  if (func.op[a] === Op.fconst) return foldFloatConstant(func, v);
  const inner = func.op[a];
  switch (op) {
    case 0x39: // ir.fneg
      return inner === op ? func.a[a] : v;
    case 0x3a: // ir.fabs
      if (inner === op) return a;
      if (inner !== Op.fneg) return v;
      func.a[v] = func.a[a];
      return AGAIN;
    case 0x41: // ir.fcanon
      return inner === op || (inner >= Op.fmin && inner <= Op.fmaxnum) ||
          inner === Op.fcvt_from_sint || inner === Op.fcvt_from_uint
        ? a
        : v;
    case 0x42: // ir.fcvt_from_sint
    case 0x43: { // ir.fcvt_from_uint
      if (inner !== Op.iconst || func.type[v] !== Type.F64) return v;
      const x = func.constBits(a);
      const value = op === 0x42 ? x : BigInt.asUintN(widthOf(func.type[a]), x);
      becomeFloatBits(func, v, bitsOfFloat(Number(value), 64));
      return v;
    }
    case 0x4a: // ir.bitcast
      if (inner === op && func.type[func.a[a]] === func.type[v]) return func.a[a];
      if (inner === Op.iconst) becomeFloatBits(func, v, func.constBits(a));
      return v;
    default:
      return v;
  }
}

/** Folds an operation whose first operand is a float constant. */
function foldFloatConstant(func: Func, v: number): number {
  const op = func.op[v], a = func.a[v], width = widthOf(func.type[a]);
  const bits = func.constBits(a), x = floatOfBits(bits, width);
  const sign = 1n << BigInt(width - 1);
  switch (op) {
    case 0x39: // ir.fneg
      becomeFloatBits(func, v, BigInt.asIntN(64, bits ^ sign));
      return v;
    case 0x3a: // ir.fabs
      becomeFloatBits(func, v, BigInt.asUintN(width, bits) & ~sign);
      return v;
    case 0x41: // ir.fcanon
      if (!Number.isNaN(x)) return a;
      becomeFloatBits(func, v, width === 32 ? 0x7fc00000n : 0x7ff8000000000000n);
      return v;
    case 0x4a: // ir.bitcast
      becomeInt(func, v, bits);
      return v;
    case 0x40: // ir.fcmp
      if (func.op[func.b[v]] === Op.fconst) {
        const y = floatOfBits(func.constBits(func.b[v]), width);
        becomeSmallInt(func, v, floatHolds(func.aux[v], x, y) ? 1 : 0);
      }
      return v;
    case 0x46: // ir.fcvt_to_sint_sat
      becomeInt(func, v, saturatingInt(x, widthOf(func.type[v]), true));
      return v;
    case 0x47: // ir.fcvt_to_uint_sat
      becomeInt(func, v, saturatingInt(x, widthOf(func.type[v]), false));
      return v;
    default:
      if (width !== 64 || func.type[v] !== Type.F64) return v;
      return foldDouble(func, v, op, x);
  }
}

function foldDouble(func: Func, v: number, op: number, x: number): number {
  let value = floatUnary(op, x);
  if (value === undefined && func.op[func.b[v]] === Op.fconst && op <= Op.fmax) {
    value = floatBinary(op, x, floatOfBits(func.constBits(func.b[v]), 64));
  }
  if (value !== undefined && !Number.isNaN(value)) {
    becomeFloatBits(func, v, bitsOfFloat(value, 64));
  }
  return v;
}
