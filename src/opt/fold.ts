/**
 * Folding one instruction: constant operands, algebraic identities and cheaper equivalents.
 *
 * Relies on nothing but the instruction and its operands' definitions. Guarantees the meaning in
 * `ir/opcodes.ts`; floating-point arithmetic is left alone except where it only moves bits, since the
 * bits of an arithmetic NaN belong to the machine.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Cond, COND_SWAPPED, Flag, Op, OP_FLAGS, Type } from "../ir/opcodes.ts";

/**
 * Simplifies instruction `v` in place or finds the value it equals.
 *
 * @returns The value that replaces `v`, or `v` itself (possibly rewritten).
 */
export function fold(func: Func, v: number): number {
  const op = func.op[v];
  if ((OP_FLAGS[op] & Flag.PURE) === 0) return v;
  const a = func.a[v];
  const b = func.b[v];
  if ((OP_FLAGS[op] & Flag.COMMUTATIVE) !== 0 && isInt(func, a) && !isInt(func, b)) {
    func.a[v] = b;
    func.b[v] = a;
  }
  switch (op) {
    case 0x03: // ir.copy
      return a;
    case 0x06: // ir.select
      return foldSelect(func, v);
    case 0x1f: // ir.icmp
      return foldCompare(func, v);
    default:
      return foldInteger(func, v);
  }
}

function isInt(func: Func, v: number): boolean {
  return func.op[v] === Op.iconst;
}

function isValue(func: Func, v: number, value: number): boolean {
  return func.op[v] === Op.iconst && func.constLo(v) === value &&
    func.constHi(v) === value >> 31;
}

/** Turns `v` into a constant of its own type. */
function becomeConst(func: Func, v: number, value: bigint): number {
  const bits = func.type[v] === Type.I32 ? BigInt.asIntN(32, value) : BigInt.asIntN(64, value);
  const constant = func.addConstant(bits);
  func.op[v] = Op.iconst;
  func.a[v] = constant;
  func.b[v] = 0;
  func.c[v] = 0;
  func.aux[v] = 0;
  return v;
}

/** Turns `v` into another binary operation on `a` and a new constant placed before it. */
function becomeWithConst(func: Func, v: number, op: number, a: number, value: bigint): number {
  const constant = func.create(Op.iconst, func.type[v], func.addConstant(value), 0, 0);
  func.insertBefore(constant, v);
  func.op[v] = op;
  func.a[v] = a;
  func.b[v] = constant;
  return v;
}

function foldSelect(func: Func, v: number): number {
  const cond = func.a[v];
  if (isInt(func, cond)) return func.constLo(cond) !== 0 ? func.b[v] : func.c[v];
  if (func.b[v] === func.c[v]) return func.b[v];
  // Of booleans: (c ? 1 : 0) where c is 0 or 1 already.
  if (
    func.type[v] === Type.I32 && isValue(func, func.b[v], 1) && isValue(func, func.c[v], 0) &&
    isBoolean(func, cond)
  ) return cond;
  return v;
}

/** Whether `v` is known to be 0 or 1. */
function isBoolean(func: Func, v: number): boolean {
  const op = func.op[v];
  return op === Op.icmp || op === Op.fcmp || op === Op.sadd_ovf || op === Op.ssub_ovf ||
    op === Op.smul_ovf || isValue(func, v, 0) || isValue(func, v, 1);
}

function foldCompare(func: Func, v: number): number {
  let a = func.a[v];
  let b = func.b[v];
  if (isInt(func, a) && !isInt(func, b)) {
    func.a[v] = b;
    func.b[v] = a;
    func.aux[v] = COND_SWAPPED[func.aux[v]];
    [a, b] = [b, a];
  }
  const cond = func.aux[v];
  if (a === b) {
    const holds = cond === Cond.eq || cond === Cond.sge || cond === Cond.sle ||
      cond === Cond.uge || cond === Cond.ule;
    return becomeConst(func, v, holds ? 1n : 0n);
  }
  if (isInt(func, a) && isInt(func, b)) {
    const bits = func.type[a] === Type.I32 ? 32 : 64;
    return becomeConst(func, v, compare(cond, func.constBits(a), func.constBits(b), bits));
  }
  if (isValue(func, b, 0)) {
    // Nothing unsigned is below zero, everything is at least zero.
    if (cond === Cond.ult) return becomeConst(func, v, 0n);
    if (cond === Cond.uge) return becomeConst(func, v, 1n);
    if (func.type[a] === Type.I32 && isBoolean(func, a)) {
      if (cond === Cond.ne) return a;
      // Negating a comparison of integers.
      if (cond === Cond.eq && func.op[a] === Op.icmp) {
        func.aux[v] = func.aux[a] ^ 1;
        func.b[v] = func.b[a];
        func.a[v] = func.a[a];
        return v;
      }
    }
  }
  return v;
}

function compare(cond: number, a: bigint, b: bigint, bits: number): bigint {
  const ua = BigInt.asUintN(bits, a);
  const ub = BigInt.asUintN(bits, b);
  switch (cond & ~1) {
    case 0:
      return BigInt(a === b) ^ BigInt(cond & 1);
    case 2:
      return BigInt(a < b) ^ BigInt(cond & 1);
    case 4:
      return BigInt(a > b) ^ BigInt(cond & 1);
    case 6:
      return BigInt(ua < ub) ^ BigInt(cond & 1);
    default:
      return BigInt(ua > ub) ^ BigInt(cond & 1);
  }
}

function foldInteger(func: Func, v: number): number {
  const a = func.a[v];
  const op = func.op[v];
  if (!isUnary(op) && !isBinary(op)) return v;
  const bits = func.type[a] === Type.I32 ? 32 : 64;
  if (isUnary(op)) {
    return isInt(func, a) ? becomeConst(func, v, unary(op, func.constBits(a), bits)) : v;
  }
  const b = func.b[v];
  if (!isInt(func, b)) {
    if (a === b) {
      if (op === Op.isub || op === Op.ixor) return becomeConst(func, v, 0n);
      if (op === Op.iand || op === Op.ior) return a;
    }
    return v;
  }
  const y = func.constBits(b);
  if (isInt(func, a)) {
    const value = binary(op, func.constBits(a), y, bits);
    return value === undefined ? v : becomeConst(func, v, value);
  }
  return identity(func, v, a, y, bits);
}

function isUnary(op: number): boolean {
  return (op >= Op.ineg && op <= Op.bswap) || (op >= Op.sext8 && op <= Op.wrap);
}

function isBinary(op: number): boolean {
  return (op >= Op.iadd && op <= Op.urem) || (op >= Op.sadd_ovf && op <= Op.smul_ovf);
}

function unary(op: number, a: bigint, bits: number): bigint {
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
      return BigInt.asIntN(32, a);
    case 0x26: // ir.zext8
      return BigInt.asUintN(8, a);
    case 0x27: // ir.zext16
      return BigInt.asUintN(16, a);
    case 0x29: // ir.extend_u
      return BigInt.asUintN(32, a);
    default: // extend_s, wrap
      return a;
  }
}

/** The value of `a op b`, or undefined where the operation is not defined. */
function binary(op: number, a: bigint, b: bigint, bits: number): bigint | undefined {
  const ua = BigInt.asUintN(bits, a);
  const ub = BigInt.asUintN(bits, b);
  const count = BigInt(Number(ub) & (bits - 1));
  const width = BigInt(bits);
  const fits = (value: bigint) => BigInt(BigInt.asIntN(bits, value) !== value);
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
    case 0x15: // ir.sdiv
      return b === 0n || fits(a / b) !== 0n ? undefined : a / b;
    case 0x16: // ir.srem
      return b === 0n || fits(a / b) !== 0n ? undefined : a % b;
    case 0x17: // ir.udiv
      return ub === 0n ? undefined : ua / ub;
    case 0x18: // ir.urem
      return ub === 0n ? undefined : ua % ub;
    case 0x20: // ir.sadd_ovf
      return fits(a + b);
    case 0x21: // ir.ssub_ovf
      return fits(a - b);
    case 0x22: // ir.smul_ovf
      return fits(a * b);
    default:
      return undefined;
  }
}

/** Simplifies `a op y` for a constant `y`. */
function identity(func: Func, v: number, a: number, y: bigint, bits: number): number {
  const op = func.op[v];
  const uy = BigInt.asUintN(bits, y);
  const log2 = uy > 0n && (uy & (uy - 1n)) === 0n ? BigInt(uy.toString(2).length - 1) : -1n;
  switch (op) {
    case 0x08: // ir.iadd
    case 0x09: // ir.isub
    case 0x0c: // ir.ior
    case 0x0d: // ir.ixor
      return y === 0n ? a : v;
    case 0x0b: // ir.iand
      return y === -1n ? a : y === 0n ? becomeConst(func, v, 0n) : v;
    case 0x0a: // ir.imul
      if (y === 0n) return becomeConst(func, v, 0n);
      if (log2 === 0n) return a;
      return log2 > 0n ? becomeWithConst(func, v, Op.ishl, a, log2) : v;
    case 0x0e: // ir.ishl
    case 0x0f: // ir.ushr
    case 0x10: // ir.sshr
    case 0x11: // ir.rotl
    case 0x12: // ir.rotr
      return (Number(uy) & (bits - 1)) === 0 ? a : v;
    case 0x15: // ir.sdiv
      return y === 1n ? a : v;
    case 0x17: // ir.udiv
      if (log2 === 0n) return a;
      return log2 > 0n ? becomeWithConst(func, v, Op.ushr, a, log2) : v;
    case 0x16: // ir.srem
      return y === 1n || y === -1n ? becomeConst(func, v, 0n) : v;
    case 0x18: // ir.urem
      if (log2 === 0n) return becomeConst(func, v, 0n);
      return log2 > 0n ? becomeWithConst(func, v, Op.iand, a, uy - 1n) : v;
    default:
      return v;
  }
}
