/**
 * Values as they cross the boundary of a run: tagged and bit-exact, so that a NaN payload or the
 * difference between `i64` and `u64` is never lost. Constructors and comparison.
 *
 * @module
 */
import type { Constant } from "./program.ts";
import type { ValueType } from "./types.ts";

/** A tuple, struct or array with everything it holds. */
export type AggValue =
  | { readonly type: "tuple"; readonly values: readonly Value[] }
  | { readonly type: "struct"; readonly typeId: number; readonly values: readonly Value[] }
  | { readonly type: "array"; readonly elemTypeId: number; readonly values: readonly Value[] };

/** A tagged value (specification §3.1). */
export type Value =
  | { readonly type: "unit" }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "i64" | "u64"; readonly value: bigint }
  /** `bits` are the IEEE bits, 0 to 2^64 - 1. */
  | { readonly type: "f64"; readonly bits: bigint }
  | { readonly type: "dec"; readonly mantissa: bigint; readonly scale: number }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "str"; readonly value: string }
  | { readonly type: "obj"; readonly objType: bigint; readonly handle: bigint }
  | { readonly type: "func"; readonly func: number }
  | { readonly type: "closure"; readonly func: number; readonly env: AggValue }
  | AggValue;

/** The signature type that `value` has. */
export function valueType(value: Value): ValueType {
  switch (value.type) {
    case "obj":
      return `obj(${value.objType})`;
    case "tuple":
    case "struct":
    case "array":
      return "agg";
    default:
      return value.type;
  }
}

const floatBuffer = new Float64Array(1);
const floatBits = new BigUint64Array(floatBuffer.buffer);

/** The IEEE bits of `value`. */
export function f64Bits(value: number): bigint {
  floatBuffer[0] = value;
  return floatBits[0];
}

/** The double with the IEEE bits `bits`. */
export function f64FromBits(bits: bigint): number {
  floatBits[0] = bits;
  return floatBuffer[0];
}

function checkRange(type: "i64" | "u64", value: bigint): bigint {
  const wrapped = type === "i64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  if (wrapped !== value) throw new RangeError(`${value} does not fit ${type}`);
  return value;
}

/** The unit value. */
export const unit: Constant = Object.freeze({ type: "unit" });

/** A boolean. */
export function bool(value: boolean): Constant {
  return { type: "bool", value };
}

/** A signed 64-bit integer. @throws {RangeError} When `value` does not fit. */
export function i64(value: bigint | number): Constant {
  return { type: "i64", value: checkRange("i64", BigInt(value)) };
}

/** An unsigned 64-bit integer. @throws {RangeError} When `value` does not fit. */
export function u64(value: bigint | number): Constant {
  return { type: "u64", value: checkRange("u64", BigInt(value)) };
}

/** A double. */
export function f64(value: number): Constant {
  return { type: "f64", bits: f64Bits(value) };
}

/** A decimal: `mantissa` times 10 to the power of `-scale`. @throws {RangeError} When out of range. */
export function dec(mantissa: bigint | number, scale: number): Constant {
  if (!Number.isInteger(scale) || scale < 0 || scale > 255) {
    throw new RangeError(`a decimal's scale must be an integer from 0 to 255: got ${scale}`);
  }
  return { type: "dec", mantissa: checkRange("i64", BigInt(mantissa)), scale };
}

/** A byte string; the array is not copied. */
export function bytes(value: Uint8Array): Constant {
  return { type: "bytes", value };
}

/** A text. @throws {TypeError} When `value` has a lone surrogate, which UTF-8 cannot hold. */
export function str(value: string): Constant {
  if (!value.isWellFormed()) throw new TypeError("a str may not contain lone surrogates");
  return { type: "str", value };
}

/** A host object. */
export function obj(objType: bigint | number, handle: bigint | number): Value {
  return {
    type: "obj",
    objType: checkRange("u64", BigInt(objType)),
    handle: checkRange("u64", BigInt(handle)),
  };
}

/** A function reference by function id. */
export function func(func: number): Value {
  return { type: "func", func };
}

/** A closure of function id `func` over the aggregate `env`. */
export function closure(func: number, env: AggValue): Value {
  return { type: "closure", func, env };
}

/** A tuple. */
export function tuple(...values: Value[]): AggValue {
  return { type: "tuple", values };
}

/** A struct of type id `typeId`. */
export function struct(typeId: number, ...values: Value[]): AggValue {
  return { type: "struct", typeId, values };
}

/** An array of element type id `elemTypeId`. */
export function array(elemTypeId: number, ...values: Value[]): AggValue {
  return { type: "array", elemTypeId, values };
}

/** Whether two values are the same, bit by bit. */
export function equalValues(a: Value, b: Value): boolean {
  switch (a.type) {
    case "unit":
      return b.type === "unit";
    case "bool":
    case "i64":
    case "u64":
    case "str":
      return b.type === a.type && b.value === a.value;
    case "f64":
      return b.type === "f64" && b.bits === a.bits;
    case "dec":
      return b.type === "dec" && b.mantissa === a.mantissa && b.scale === a.scale;
    case "bytes":
      return b.type === "bytes" && b.value.length === a.value.length &&
        b.value.every((byte, i) => byte === a.value[i]);
    case "obj":
      return b.type === "obj" && b.objType === a.objType && b.handle === a.handle;
    case "func":
      return b.type === "func" && b.func === a.func;
    case "closure":
      return b.type === "closure" && b.func === a.func && equalValues(a.env, b.env);
    case "tuple":
      return b.type === "tuple" && equalLists(a.values, b.values);
    case "struct":
      return b.type === "struct" && b.typeId === a.typeId && equalLists(a.values, b.values);
    case "array":
      return b.type === "array" && b.elemTypeId === a.elemTypeId && equalLists(a.values, b.values);
  }
}

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, i) => equalValues(value, b[i]));
}
