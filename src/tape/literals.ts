/**
 * Literals of the text syntax, both ways: names, strings, floats, decimals and typed constants.
 * What the formatters print, the parsers read back bit for bit.
 *
 * @module
 */
import type { Constant } from "./program.ts";
import { f64Bits, f64FromBits } from "./value.ts";

/** The whole of a name that needs no quotes: words of letters, digits and `_`, joined by dots. */
export const NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*$/;

/** A register by number. */
export const REGISTER = /^r(0|[1-9][0-9]*)$/;

const CANONICAL_NAN = 0x7ff8000000000000n;

const ESCAPES: Record<string, string> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\0": "\\0",
  '"': '\\"',
  "\\": "\\\\",
};

/** `text` in quotes. Control and format characters, which would not be visible, are escaped. */
export function formatString(text: string): string {
  const body = text.replace(
    /["\\]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu,
    (char) => {
      return ESCAPES[char] ?? `\\u{${(char.codePointAt(0) as number).toString(16)}}`;
    },
  );
  return `"${body}"`;
}

/** `text` as it is when it is a name, else in quotes. */
export function formatName(text: string): string {
  return NAME.test(text) ? text : formatString(text);
}

/** A double: shortest decimal that reads back, `inf`, `-inf`, `nan`, or `bits(0x…)` for other NaNs. */
export function formatFloat(bits: bigint): string {
  const value = f64FromBits(bits);
  if (Number.isNaN(value)) {
    return bits === CANONICAL_NAN ? "nan" : `bits(0x${bits.toString(16).padStart(16, "0")})`;
  }
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /^-?[0-9]+$/.test(text) ? `${text}.0` : text;
}

/** The IEEE bits of a float literal other than `bits(…)`, or undefined when it is none. */
export function parseFloatLiteral(text: string): bigint | undefined {
  if (text === "nan") return CANONICAL_NAN;
  if (text === "inf" || text === "+inf") return f64Bits(Infinity);
  if (text === "-inf") return f64Bits(-Infinity);
  if (!/^[+-]?[0-9][0-9_]*(\.[0-9_]+)?([eE][+-]?[0-9]+)?$/.test(text)) return undefined;
  return f64Bits(Number(text.replaceAll("_", "")));
}

/** A decimal: every digit of the scale shown, or `MANTISSAe-SCALE` when that is too long. */
export function formatDecimal(mantissa: bigint, scale: number): string {
  if (scale === 0) return `${mantissa}`;
  if (scale > 20) return `${mantissa}e-${scale}`;
  const digits = `${mantissa < 0n ? -mantissa : mantissa}`.padStart(scale + 1, "0");
  return `${mantissa < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Mantissa and scale of a decimal literal, or undefined when it is none. Nothing is rounded. */
export function parseDecimalLiteral(
  text: string,
): { mantissa: bigint; scale: number } | undefined {
  const match = /^([+-]?)([0-9][0-9_]*)(?:\.([0-9_]+))?(?:[eE]-([0-9]{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const whole = match[2].replaceAll("_", "");
  const fraction = (match[3] ?? "").replaceAll("_", "");
  const magnitude = BigInt(whole + fraction);
  const scale = fraction.length + Number(match[4] ?? 0);
  return { mantissa: match[1] === "-" ? -magnitude : magnitude, scale };
}

/** The integer of a literal such as `-12`, `1_000` or `0xff`, or undefined when it is none. */
export function parseIntegerLiteral(text: string): bigint | undefined {
  const match = /^([+-]?)(0x[0-9a-fA-F_]+|[0-9][0-9_]*)$/.exec(text);
  if (match === null) return undefined;
  const digits = match[2].replaceAll("_", "");
  if (digits === "0x") return undefined;
  const magnitude = BigInt(digits);
  return match[1] === "-" ? -magnitude : magnitude;
}

/** A constant as the operand of the `const.` instruction of its type. */
export function formatImmediate(constant: Constant): string {
  switch (constant.type) {
    case "unit":
      return "unit";
    case "f64":
      return formatFloat(constant.bits);
    case "dec":
      return formatDecimal(constant.mantissa, constant.scale);
    case "bytes":
      return constant.value.length === 0 ? '""' : `0x${constant.value.toHex()}`;
    case "str":
      return formatString(constant.value);
    default:
      return String(constant.value);
  }
}

/** A constant with its type, as in the pool: `i64 5`, `"text"`, `bytes 0x00ff`, `true`, `unit`. */
export function formatConstant(constant: Constant): string {
  const literal = formatImmediate(constant);
  switch (constant.type) {
    case "unit":
    case "bool":
    case "str":
      return literal;
    default:
      return `${constant.type} ${literal}`;
  }
}
