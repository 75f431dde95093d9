/**
 * Plain JavaScript values in and out of a run: arguments become tagged values by the types of the
 * function's signature, results become plain, a trap becomes an error. The plain forms are those that
 * host functions get and return, as far as they can outlive a run.
 *
 * @module
 */
import { functionName, type Program } from "../tape/program.ts";
import { objTypeId, TypeClass, typeClass, type ValueType } from "../tape/types.ts";
import { type AggValue, f64Bits, f64FromBits, type Value, valueType } from "../tape/value.ts";
import type { HostDecimal, HostFunc, HostObject } from "./host.ts";
import { type Outcome, TrapError } from "./outcome.ts";

/**
 * An argument of `Instance.execute`: the plain form of the parameter's type, or a tagged value of that
 * type.
 *
 * | type | plain form |
 * |---|---|
 * | `unit` | `undefined` or `null` |
 * | `bool` | `boolean` |
 * | `i64`, `u64` | `bigint`, or a `number` that is a safe integer |
 * | `f64` | `number` |
 * | `dec` | `{ mantissa, scale }` |
 * | `bytes` | `Uint8Array` |
 * | `str` | `string` |
 * | `obj(ID)` | `{ objType, handle }` |
 * | `func` | `{ func }` |
 * | `agg`, `closure` | tagged values only |
 */
export type PlainArgument =
  | undefined
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | HostDecimal
  | HostObject
  | HostFunc
  | Value;

/**
 * A result of `Instance.execute`: `undefined` for `unit`, `bigint` for `i64` and `u64`, and so on as for
 * {@linkcode PlainArgument}; aggregates and closures are tagged values.
 */
export type PlainResult =
  | undefined
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | HostDecimal
  | HostObject
  | HostFunc
  | AggValue
  | Extract<Value, { type: "closure" }>;

/** What is accepted for each class of types, for messages; by tag byte. */
const FORMS: readonly string[] = [
  "undefined or null",
  "a boolean",
  "a bigint or a safe integer from -2^63 to 2^63 - 1",
  "a bigint or a safe integer from 0 to 2^64 - 1",
  "a number",
  "{ mantissa, scale }: an i64 and the digits after the point, 0 to 255",
  "a Uint8Array",
  "a string without lone surrogates",
  "{ objType, handle }: the type's id and a u64",
  "a tagged tuple, struct or array",
  "{ func }: a function id",
  "a tagged closure",
];

/**
 * Arguments for function `func`, by its signature.
 *
 * @throws {TypeError} When there are too many or too few, or one is not of its parameter's type.
 */
export function toArguments(
  program: Program,
  func: number,
  args: readonly PlainArgument[],
): Value[] {
  const { args: types, argNames } = program.functions[func];
  const nameOf = (k: number) => argNames?.[k] ? program.symbols[argNames[k]] : undefined;
  const label = functionName(program, func) ?? `f${func}`;
  if (args.length !== types.length) {
    const parameters = types.map((type, k) =>
      nameOf(k) === undefined ? type : `${nameOf(k)}: ${type}`
    );
    throw new TypeError(
      `${label} takes ${types.length} argument${types.length === 1 ? "" : "s"} ` +
        `(${parameters.join(", ")}): got ${args.length}`,
    );
  }
  return types.map((type, k) => {
    const value = toValue(type, args[k]);
    if (value !== undefined) return value;
    const name = nameOf(k);
    throw new TypeError(
      `argument ${k + 1}${name === undefined ? "" : ` (${name})`} of ${label} must be ${type}, ` +
        `${FORMS[typeClass(type)]}: got ${describe(args[k])}`,
    );
  });
}

/**
 * What `outcome` of a run of `program` gave: nothing, one value, or a list.
 *
 * @throws {TrapError} When the run trapped.
 */
export function fromOutcome(program: Program, outcome: Outcome): PlainResult | PlainResult[] {
  if (!outcome.ok) throw new TrapError(outcome, functionName(program, outcome.trap.func));
  const { values } = outcome;
  if (values.length === 1) return toPlain(values[0]);
  return values.length === 0 ? undefined : values.map(toPlain);
}

/** The value of `type` that `plain` stands for, or undefined. */
function toValue(type: ValueType, plain: PlainArgument): Value | undefined {
  if (typeof plain !== "object" || plain === null) return toScalar(type, plain);
  if (plain instanceof Uint8Array) return type === "bytes" ? { type, value: plain } : undefined;
  if ("type" in plain) {
    if (valueType(plain) !== type) return undefined;
    switch (plain.type) {
      case "unit":
      case "tuple":
      case "struct":
      case "array":
      case "closure":
        return plain;
      case "bool":
      case "i64":
      case "u64":
      case "bytes":
      case "str":
        return toValue(type, plain.value);
      case "f64":
        return isU64(plain.bits) ? plain : undefined;
    }
  }
  if (type === "dec") {
    if (!("mantissa" in plain)) return undefined;
    const mantissa = toInteger(plain.mantissa);
    const { scale } = plain;
    const fits = isI64(mantissa) && Number.isInteger(scale) && scale >= 0 && scale <= 255;
    return fits ? { type, mantissa, scale } : undefined;
  }
  if (type === "func") {
    return "func" in plain && plain.func >>> 0 === plain.func
      ? { type, func: plain.func }
      : undefined;
  }
  if (!("handle" in plain) || typeClass(type) !== TypeClass.Obj) return undefined;
  const handle = toInteger(plain.handle);
  const isOfType = toInteger(plain.objType) === objTypeId(type);
  return isOfType && isU64(handle) ? { type: "obj", objType: objTypeId(type), handle } : undefined;
}

function toScalar(type: ValueType, plain: PlainArgument): Value | undefined {
  switch (type) {
    case "unit":
      return plain === undefined || plain === null ? { type } : undefined;
    case "bool":
      return typeof plain === "boolean" ? { type, value: plain } : undefined;
    case "i64": {
      const value = toInteger(plain);
      return isI64(value) ? { type, value } : undefined;
    }
    case "u64": {
      const value = toInteger(plain);
      return isU64(value) ? { type, value } : undefined;
    }
    case "f64":
      return typeof plain === "number" ? { type, bits: f64Bits(plain) } : undefined;
    case "str":
      return typeof plain === "string" && plain.isWellFormed() ? { type, value: plain } : undefined;
  }
}

/** Safe integers as bigints, everything else as it is. */
function toInteger(plain: unknown): unknown {
  return Number.isSafeInteger(plain) ? BigInt(plain as number) : plain;
}

function isI64(value: unknown): value is bigint {
  return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
}

function isU64(value: unknown): value is bigint {
  return typeof value === "bigint" && BigInt.asUintN(64, value) === value;
}

function toPlain(value: Value): PlainResult {
  switch (value.type) {
    case "unit":
      return undefined;
    case "bool":
    case "i64":
    case "u64":
    case "bytes":
    case "str":
      return value.value;
    case "f64":
      return f64FromBits(value.bits);
    case "dec":
      return { mantissa: value.mantissa, scale: value.scale };
    case "obj":
      return { objType: value.objType, handle: value.handle };
    case "func":
      return { func: value.func };
    default:
      return value;
  }
}

/** Longest text that a message repeats in full. */
const SHOWN_CHARACTERS = 40;

/** A value for messages, on one short line. */
function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length <= SHOWN_CHARACTERS
        ? JSON.stringify(value)
        : `${JSON.stringify(value.slice(0, SHOWN_CHARACTERS))}… of length ${value.length}`;
    case "bigint":
      return `${value}n`;
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value) || ArrayBuffer.isView(value)) {
        return `${value.constructor.name} of length ${(value as unknown as Uint8Array).length}`;
      }
      const fields = Object.entries(value).map(([key, field]) => {
        return `${key}: ${typeof field === "object" && field !== null ? "…" : describe(field)}`;
      });
      return fields.length === 0 ? "an object without fields" : `{ ${fields.join(", ")} }`;
    }
    default:
      return String(value);
  }
}
