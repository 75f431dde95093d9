/**
 * Values as text for people, and as JSON for machines. The JSON form is that of recorded
 * conformance outcomes: every value an object with its type under `t`, 64-bit numbers as decimal
 * strings, doubles as the 16 hex digits of their bits.
 *
 * @module
 */
import { formatDecimal, formatFloat, formatString, parseIntegerLiteral } from "./literals.ts";
import type { AggValue, Value } from "./value.ts";

/** How much of a value to print. */
export interface FormatOptions {
  /** Values printed at most, parts of aggregates included; 10,000 by default. */
  readonly maxParts?: number;
}

/**
 * One line of text: `5`, `1.25`, `"text"`, `0x00ff`, `(1, true)`, `struct#0(…)`, `[1, 2]`.
 *
 * Aggregates share their parts, so a small program can return one whose text would be endless: after
 * `maxParts` values only `…` follows.
 */
export function formatValue(value: Value, options: FormatOptions = {}): string {
  return format(value, { left: options.maxParts ?? 10_000 });
}

/** How many values may still be written. */
interface Budget {
  left: number;
}

function format(value: Value, budget: Budget): string {
  if (--budget.left < 0) return "…";
  const list = (values: readonly Value[]): string => {
    const parts: string[] = [];
    for (const part of values) {
      parts.push(format(part, budget));
      if (budget.left < 0) break;
    }
    return parts.join(", ");
  };
  switch (value.type) {
    case "unit":
      return "()";
    case "bool":
    case "i64":
    case "u64":
      return String(value.value);
    case "f64":
      return formatFloat(value.bits);
    case "dec":
      return formatDecimal(value.mantissa, value.scale);
    case "bytes":
      return `0x${value.value.toHex()}`;
    case "str":
      return formatString(value.value);
    case "obj":
      return `obj(${value.objType})#${value.handle}`;
    case "func":
      return `f${value.func}`;
    case "closure":
      return `closure(f${value.func}, ${format(value.env, budget)})`;
    case "tuple":
      return `(${list(value.values)})`;
    case "struct":
      return `struct#${value.typeId}(${list(value.values)})`;
    case "array":
      return `[${list(value.values)}]`;
  }
}

/** A value in JSON form. */
export type ValueJson =
  | { t: "unit" }
  | { t: "bool"; v: boolean }
  | { t: "i64" | "u64" | "f64" | "bytes" | "str"; v: string }
  | { t: "dec"; m: string; s: number }
  | { t: "obj"; type: string; handle: string }
  | { t: "func"; v: number }
  | { t: "closure"; func: number; env: ValueJson }
  | { t: "tuple"; v: ValueJson[] }
  | { t: "struct"; id: number; v: ValueJson[] }
  | { t: "array"; elem: number; v: ValueJson[] };

/** Most values that one JSON form may hold. */
const MAX_JSON_PARTS = 1_000_000;

/**
 * The JSON form of `value`.
 *
 * @throws {RangeError} When it would hold more than a million values: parts that an aggregate shares
 * are written out each time.
 */
export function valueToJson(value: Value): ValueJson {
  return toJson(value, { left: MAX_JSON_PARTS });
}

function toJson(value: Value, budget: Budget): ValueJson {
  if (--budget.left < 0) {
    throw new RangeError(`the value has more than ${MAX_JSON_PARTS} parts when written out`);
  }
  const list = (values: readonly Value[]) => values.map((part) => toJson(part, budget));
  switch (value.type) {
    case "unit":
      return { t: "unit" };
    case "bool":
      return { t: "bool", v: value.value };
    case "i64":
    case "u64":
      return { t: value.type, v: String(value.value) };
    case "str":
      return { t: "str", v: value.value };
    case "f64":
      return { t: "f64", v: value.bits.toString(16).padStart(16, "0") };
    case "dec":
      return { t: "dec", m: String(value.mantissa), s: value.scale };
    case "bytes":
      return { t: "bytes", v: value.value.toHex() };
    case "obj":
      return { t: "obj", type: String(value.objType), handle: String(value.handle) };
    case "func":
      return { t: "func", v: value.func };
    case "closure":
      return { t: "closure", func: value.func, env: toJson(value.env, budget) };
    case "tuple":
      return { t: "tuple", v: list(value.values) };
    case "struct":
      return { t: "struct", id: value.typeId, v: list(value.values) };
    case "array":
      return { t: "array", elem: value.elemTypeId, v: list(value.values) };
  }
}

/**
 * The value of a JSON form.
 *
 * @throws {TypeError} When `json` is not a value in that form; the message quotes the part.
 */
export function valueFromJson(json: unknown): Value {
  const fail = (expected: string): never => {
    throw new TypeError(`not a value: expected ${expected}, got ${JSON.stringify(json)}`);
  };
  if (typeof json !== "object" || json === null) return fail('an object with a type under "t"');
  const { t, v } = json as Record<string, unknown>;
  const fields = json as Record<string, unknown>;
  const integer = (field: unknown, type: "i64" | "u64"): bigint => {
    const value = typeof field === "string" ? parseIntegerLiteral(field) : undefined;
    const wrapped = type === "i64"
      ? BigInt.asIntN(64, value ?? 0n)
      : BigInt.asUintN(64, value ?? 0n);
    return value === wrapped ? value : fail(`${type} digits in a string`);
  };
  const index = (field: unknown): number =>
    typeof field === "number" && Number.isInteger(field) && field >= 0 && field < 2 ** 32
      ? field
      : fail("a whole number");
  const list = (): Value[] => Array.isArray(v) ? v.map(valueFromJson) : fail('a list under "v"');
  switch (t) {
    case "unit":
      return { type: "unit" };
    case "bool":
      return typeof v === "boolean" ? { type: "bool", value: v } : fail('true or false under "v"');
    case "i64":
    case "u64":
      return { type: t, value: integer(v, t) };
    case "f64":
      return typeof v === "string" && /^[0-9a-fA-F]{16}$/.test(v)
        ? { type: "f64", bits: BigInt(`0x${v}`) }
        : fail('16 hex digits under "v"');
    case "dec": {
      const scale = index(fields.s);
      return scale < 256
        ? { type: "dec", mantissa: integer(fields.m, "i64"), scale }
        : fail('a scale of 0 to 255 under "s"');
    }
    case "bytes":
      return typeof v === "string" && /^([0-9a-fA-F]{2})*$/.test(v)
        ? { type: "bytes", value: Uint8Array.fromHex(v) }
        : fail('hex digits under "v"');
    case "str":
      return typeof v === "string" && v.isWellFormed()
        ? { type: "str", value: v }
        : fail('a text under "v"');
    case "obj":
      return {
        type: "obj",
        objType: integer(fields.type, "u64"),
        handle: integer(fields.handle, "u64"),
      };
    case "func":
      return { type: "func", func: index(v) };
    case "closure": {
      const env = valueFromJson(fields.env);
      if (env.type !== "tuple" && env.type !== "struct" && env.type !== "array") {
        return fail('a tuple, struct or array under "env"');
      }
      return { type: "closure", func: index(fields.func), env };
    }
    case "tuple":
      return { type: "tuple", values: list() };
    case "struct":
      return { type: "struct", typeId: index(fields.id), values: list() } satisfies AggValue;
    case "array":
      return { type: "array", elemTypeId: index(fields.elem), values: list() };
    default:
      return fail('a type under "t"');
  }
}
