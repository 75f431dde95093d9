/**
 * Constant instructions: asking what they hold and making them. Integers are signed BigInts of their
 * width throughout, as in the constant pool; what operations make of them is in ir/arithmetic.ts.
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
