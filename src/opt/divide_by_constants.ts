/**
 * Division and remainder by constants without dividing: multiplication by a scaled reciprocal of
 * which the high half is kept, and shifts for powers of two.
 *
 * After Granlund and Montgomery, "Division by Invariant Integers using Multiplication" (PLDI 1994),
 * and Warren, "Hacker's Delight", chapter 10. Divisors 1 and -1, and unsigned powers of two, are
 * `fold`'s business.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Cond, Op, Type } from "../ir/opcodes.ts";
import { intBefore, isInt, widthOf } from "./constants.ts";

/** Replaces divisions by constants; returns whether there were any. */
export function divideByConstants(func: Func): boolean {
  let changed = false;
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      const op = func.op[v];
      if (op < Op.sdiv || op > Op.urem || !isInt(func, func.b[v]) || isInt(func, func.a[v])) {
        continue;
      }
      const divisor = func.constBits(func.b[v]), bits = widthOf(func.type[v]);
      if (divisor === 0n || divisor === 1n || (divisor === -1n && op <= Op.srem)) continue;
      const emit = new Emitter(func, v);
      if (op <= Op.srem) divideSigned(emit, divisor, BigInt(bits), op === Op.srem);
      else if (!divideUnsigned(emit, BigInt.asUintN(bits, divisor), BigInt(bits), op === Op.urem)) {
        continue;
      }
      changed = true;
    }
  }
  return changed;
}

/** Emits operations on the division's type before it, the last one in its place. */
class Emitter {
  readonly func: Func;
  /** The division. */
  readonly v: number;
  /** What is divided. */
  readonly dividend: number;
  readonly #type: number;

  constructor(func: Func, v: number) {
    this.func = func;
    this.v = v;
    this.dividend = func.a[v];
    this.#type = func.type[v];
  }

  constant(value: bigint): number {
    return intBefore(this.func, this.v, this.#type, value);
  }

  binary(op: number, a: number, b: number, aux = 0, type: number = this.#type): number {
    const { func, v } = this;
    const made = func.create(op, type, a, b, 0, aux);
    func.pc[made] = func.pc[v];
    func.insertBefore(made, v);
    return made;
  }

  /** `a op count` for a constant count. */
  shift(op: number, a: number, count: bigint): number {
    return count === 0n ? a : this.binary(op, a, this.constant(count));
  }

  unary(op: number, a: number, type: number = this.#type): number {
    return this.binary(op, a, 0, 0, type);
  }

  /** Makes the division the given quotient, or the remainder that belongs to it. */
  finish(quotient: number, divisor: bigint, isRemainder: boolean): void {
    if (!isRemainder) return this.finishAs(Op.copy, quotient, 0);
    this.finishAs(
      Op.isub,
      this.dividend,
      this.binary(Op.imul, quotient, this.constant(divisor)),
    );
  }

  /** Turns the division into `a op b`. */
  finishAs(op: number, a: number, b: number): void {
    const { func, v } = this;
    func.op[v] = op;
    func.a[v] = a;
    func.b[v] = b;
  }
}

/** The `k` of 2^k, or -1. */
function log2(value: bigint): bigint {
  return (value & (value - 1n)) === 0n ? BigInt(value.toString(2).length - 1) : -1n;
}

function divideUnsigned(e: Emitter, d: bigint, n: bigint, isRemainder: boolean): boolean {
  if (log2(d) >= 0n) return false;
  const x = e.dividend, limit = 1n << n;
  if (d > limit >> 1n) {
    // The quotient is 0 or 1.
    const fits = e.binary(Op.icmp, x, e.constant(d), Cond.uge, Type.I32);
    const quotient = n === 32n ? fits : e.unary(Op.extend_u, fits);
    e.finish(quotient, d, isRemainder);
    return true;
  }
  // m = ceil(2^(n + s) / d) is exact for all x below 2^p if m * d - 2^(n + s) <= 2^(n + s - p).
  const find = (divisor: bigint, precision: bigint): [m: bigint, s: bigint] | undefined => {
    for (let s = 0n; s <= n; s++) {
      const power = 1n << (n + s), m = (power + divisor - 1n) / divisor;
      if (m >= limit) return undefined;
      if (m * divisor - power <= 1n << (n + s - precision)) return [m, s];
    }
    return undefined;
  };
  const simple = find(d, n);
  if (simple !== undefined) {
    const high = e.binary(Op.umulh, x, e.constant(simple[0]));
    e.finish(e.shift(Op.ushr, high, simple[1]), d, isRemainder);
    return true;
  }
  let zeros = 0n;
  while ((d >> zeros & 1n) === 0n) zeros++;
  const shifted = zeros > 0n ? find(d >> zeros, n - zeros) : undefined;
  if (shifted !== undefined) {
    const high = e.binary(Op.umulh, e.shift(Op.ushr, x, zeros), e.constant(shifted[0]));
    e.finish(e.shift(Op.ushr, high, shifted[1]), d, isRemainder);
    return true;
  }
  // m has n + 1 bits: multiply by the lower n and add x without losing the carry.
  const l = BigInt(d.toString(2).length), m = (1n << (n + l)) / d + 1n - limit;
  const high = e.binary(Op.umulh, x, e.constant(m));
  const half = e.shift(Op.ushr, e.binary(Op.isub, x, high), 1n);
  const sum = e.binary(Op.iadd, half, high);
  e.finish(e.shift(Op.ushr, sum, l - 1n), d, isRemainder);
  return true;
}

function divideSigned(e: Emitter, divisor: bigint, n: bigint, isRemainder: boolean): void {
  const x = e.dividend, d = divisor < 0n ? -divisor : divisor, shift = log2(d);
  if (shift >= 0n) return divideByPower(e, divisor, shift, n, isRemainder);
  // Smallest p >= n with 2^p > nc * (d - 2^p mod d), where nc is the largest x with x mod d = d - 1.
  const t = (1n << (n - 1n)) + (divisor < 0n ? 1n : 0n), nc = t - 1n - t % d;
  let p = n;
  while ((1n << p) <= nc * (d - (1n << p) % d)) p++;
  let m = BigInt.asIntN(Number(n), ((1n << p) + d - (1n << p) % d) / d);
  if (divisor < 0n) m = BigInt.asIntN(Number(n), -m);
  let q = e.binary(Op.smulh, x, e.constant(m));
  if (divisor > 0n && m < 0n) q = e.binary(Op.iadd, q, x);
  if (divisor < 0n && m > 0n) q = e.binary(Op.isub, q, x);
  q = e.shift(Op.sshr, q, p - n);
  // Rounded down so far: one more where that is below zero.
  q = e.binary(Op.iadd, q, e.shift(Op.ushr, q, n - 1n));
  e.finish(q, divisor, isRemainder);
}

function divideByPower(
  e: Emitter,
  divisor: bigint,
  shift: bigint,
  n: bigint,
  isRemainder: boolean,
): void {
  const x = e.dividend;
  // 2^shift - 1 where x is negative, so that shifting rounds toward zero.
  const sign = shift === 1n ? x : e.shift(Op.sshr, x, n - 1n);
  const bias = e.shift(Op.ushr, sign, n - shift);
  const biased = e.binary(Op.iadd, x, bias);
  if (isRemainder) {
    const low = e.binary(Op.iand, biased, e.constant((1n << shift) - 1n));
    e.finishAs(Op.isub, low, bias);
    return;
  }
  const quotient = e.shift(Op.sshr, biased, shift);
  if (divisor > 0n) e.finishAs(Op.copy, quotient, 0);
  else e.finishAs(Op.ineg, quotient, 0);
}
