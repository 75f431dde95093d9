/**
 * Command-line arguments as values, read by the type the function's signature asks for.
 *
 * @module
 */
import { findFunction, type Program } from "../tape/program.ts";
import { objTypeId, type ValueType } from "../tape/types.ts";
import { parseDecimalLiteral, parseFloatLiteral, parseIntegerLiteral } from "../tape/literals.ts";
import type { Value } from "../tape/value.ts";
import { valueFromJson } from "../tape/value_text.ts";
import { UsageError } from "./errors.ts";

/** How each type is written on the command line, for help and messages. */
export const ARGUMENT_FORMS: Readonly<Record<string, string>> = {
  unit: "()",
  bool: "true or false",
  i64: "a whole number from -2^63 to 2^63 - 1, decimal or 0x…",
  u64: "a whole number from 0 to 2^64 - 1, decimal or 0x…",
  f64: "a number such as 1.5, 1e-3, inf, nan, or bits:0x… for exact bits",
  dec: "a decimal such as 12.50, with at most 255 digits after the point",
  bytes: "0x followed by pairs of hex digits",
  str: "any text",
  obj: "the handle, a whole number",
  agg: 'JSON such as {"t":"tuple","v":[{"t":"i64","v":"1"}]}',
  func: "a function's name or number",
  closure: 'JSON such as {"t":"closure","func":1,"env":{"t":"tuple","v":[]}}',
};

/**
 * Reads the arguments of function `func`.
 *
 * @throws {UsageError} When there are too many, too few, or one cannot be read.
 */
export function parseArguments(program: Program, func: number, texts: readonly string[]): Value[] {
  const { args, argNames } = program.functions[func];
  if (texts.length !== args.length) {
    throw new UsageError(
      `f${func} takes ${args.length} argument${args.length === 1 ? "" : "s"} ` +
        `(${args.join(", ")}): got ${texts.length}`,
    );
  }
  return args.map((type, i) => {
    const value = parseArgument(program, type, texts[i]);
    if (value !== undefined) return value;
    const name = argNames?.[i] ? ` (${program.symbols[argNames[i]]})` : "";
    const form = ARGUMENT_FORMS[type] ?? ARGUMENT_FORMS.obj;
    throw new UsageError(
      `argument ${i + 1}${name}: ${JSON.stringify(texts[i])} is not ${type}: expected ${form}`,
    );
  });
}

/** The value of `type` that `text` spells, or undefined. */
function parseArgument(program: Program, type: ValueType, text: string): Value | undefined {
  switch (type) {
    case "unit":
      return text === "()" ? { type: "unit" } : undefined;
    case "bool":
      return text === "true" || text === "false"
        ? { type: "bool", value: text === "true" }
        : undefined;
    case "i64": {
      const value = parseIntegerLiteral(text);
      return value !== undefined && BigInt.asIntN(64, value) === value
        ? { type, value }
        : undefined;
    }
    case "u64": {
      const value = parseIntegerLiteral(text);
      return value !== undefined && BigInt.asUintN(64, value) === value
        ? { type, value }
        : undefined;
    }
    case "f64": {
      const exact = /^bits:0x([0-9a-fA-F]{1,16})$/.exec(text)?.[1];
      const bits = exact === undefined ? parseFloatLiteral(text) : BigInt(`0x${exact}`);
      return bits === undefined ? undefined : { type, bits };
    }
    case "dec": {
      const parts = parseDecimalLiteral(text);
      if (parts === undefined || BigInt.asIntN(64, parts.mantissa) !== parts.mantissa) return;
      return parts.scale > 255 ? undefined : { type, ...parts };
    }
    case "bytes":
      return /^0x([0-9a-fA-F]{2})*$/.test(text)
        ? { type, value: Uint8Array.fromHex(text.slice(2)) }
        : undefined;
    case "str":
      return text.isWellFormed() ? { type, value: text } : undefined;
    case "func": {
      const named = findFunction(program, text);
      if (named >= 0) return { type, func: named };
      const index = /^f?(\d{1,9})$/.exec(text)?.[1];
      return index === undefined ? undefined : { type, func: Number(index) };
    }
    case "agg":
    case "closure": {
      const value = parseJsonValue(text);
      const isClosure = value?.type === "closure";
      const isAgg = value?.type === "tuple" || value?.type === "struct" || value?.type === "array";
      return (type === "agg" ? isAgg : isClosure) ? value : undefined;
    }
    default: {
      const handle = parseIntegerLiteral(text);
      return handle !== undefined && BigInt.asUintN(64, handle) === handle
        ? { type: "obj", objType: objTypeId(type), handle }
        : undefined;
    }
  }
}

function parseJsonValue(text: string): Value | undefined {
  try {
    return valueFromJson(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
