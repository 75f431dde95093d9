/**
 * The parser's place in a source: taking tokens, and the parts of the grammar that occur everywhere
 * (names, types, signatures, literals). Every method throws `AssembleError` at the token that does not
 * fit.
 *
 * @module
 */
import { didYouMean } from "../util/did_you_mean.ts";
import {
  AssembleError,
  describe,
  type Source,
  type Token,
  tokenize,
  type TokenKind,
} from "./lexer.ts";
import { parseDecimalLiteral, parseFloatLiteral, parseIntegerLiteral } from "./literals.ts";
import type { Constant } from "./program.ts";
import type { ElemNode, SymbolNode } from "./syntax_tree.ts";
import { CLASS_NAMES, objType, type Signature, type ValueType } from "./types.ts";

/** Largest 32-bit number. */
export const U32 = (1n << 32n) - 1n;
/** Largest 64-bit number. */
export const U64 = (1n << 64n) - 1n;
/** Smallest i64. */
export const I64_MIN = -(1n << 63n);
/** Largest i64. */
export const I64_MAX = (1n << 63n) - 1n;

/** A place in the tokens of a source. */
export class Cursor {
  readonly #source: Source;
  readonly #tokens: readonly Token[];
  #at = 0;

  /** Splits a source and starts at its first token. */
  constructor(source: Source) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  // Tokens.

  /** The next token. */
  get token(): Token {
    return this.#tokens[this.#at];
  }

  /** The kind of the token `ahead` places behind the next one. */
  peek(ahead: number): TokenKind | undefined {
    return this.#tokens[this.#at + ahead]?.kind;
  }

  /** Takes the next token. */
  next(): Token {
    return this.#tokens[this.#at++];
  }

  /** Goes back one token. */
  back(): void {
    this.#at--;
  }

  /** An error at `token`. */
  error(token: Token, problem: string): AssembleError {
    return new AssembleError(this.#source, token.start, token.end, problem);
  }

  /** An error at the next token, which is not what was expected. */
  expected(what: string): AssembleError {
    return this.error(this.token, `expected ${what}, found ${describe(this.token)}`);
  }

  /** Whether the next token is of a kind. */
  is(kind: TokenKind): boolean {
    return this.token.kind === kind;
  }

  /** Whether the next token is the name `word`. */
  isWord(word: string): boolean {
    return this.token.kind === "name" && this.token.text === word;
  }

  /** Takes the next token if it is of a kind. */
  take(kind: TokenKind): Token | undefined {
    return this.is(kind) ? this.next() : undefined;
  }

  /** Takes the next token if it is the name `word`, and tells whether it was. */
  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.#at++;
    return true;
  }

  /** Takes the next token, which must be of a kind. */
  expect(kind: TokenKind, what: string = `\`${kind}\``): Token {
    if (!this.is(kind)) throw this.expected(what);
    return this.next();
  }

  /** Passes over line ends. */
  skipLines(): void {
    while (this.is("line end")) this.#at++;
  }

  /** Passes over the line ends that must follow `after`, unless a block ends here. */
  endOfLine(after: string): void {
    if (this.is("}") || this.is("end of file")) return;
    if (!this.is("line end")) throw this.expected(`the end of the line after ${after}`);
    this.skipLines();
  }

  /** Entries between `open` and `close`, separated by commas; lines may end anywhere. */
  list<T>(open: "(" | "{", close: ")" | "}", what: string, entry: () => T): T[] {
    this.expect(open);
    this.skipLines();
    const list: T[] = [];
    while (!this.is(close)) {
      list.push(entry());
      const ended = this.is("line end");
      this.skipLines();
      if (this.take(",")) this.skipLines();
      // In braces a line end separates entries as well.
      else if (!this.is(close) && !(open === "{" && ended)) {
        throw this.expected(`\`,\` or \`${close}\` after ${what}`);
      }
    }
    this.next();
    return list;
  }

  // Names, types, literals.

  /** A name or string. */
  text(what: string): string {
    if (this.is("string") || this.is("name")) return this.next().text;
    throw this.expected(what);
  }

  /** The number of an index token. */
  index(token: Token): number {
    const value = BigInt(token.text);
    if (value > U32) throw this.error(token, "an index must be below 2^32");
    return Number(value);
  }

  /** A stored name: `text`, `"text"`, or either with `#ID` behind it. */
  symbol(what: string): SymbolNode {
    const token = this.token;
    const text = this.text(what);
    const id = this.is("index") ? this.index(this.next()) : null;
    return { token, text, plain: token.kind === "name", id };
  }

  /** Something that names an entry of a table. */
  reference(what: string): Token {
    if (this.is("name") || this.is("string") || this.is("index")) return this.next();
    throw this.expected(`${what}: a name or \`#\` and a number`);
  }

  /** A value type. */
  type(): ValueType {
    const token = this.token;
    if (token.kind !== "name") throw this.expected("a type");
    const name = token.text as ValueType | "obj";
    if (!(CLASS_NAMES as readonly string[]).includes(name)) {
      throw this.error(
        token,
        `there is no type \`${name}\`: expected one of ${CLASS_NAMES.join(", ")}` +
          didYouMean(name, CLASS_NAMES),
      );
    }
    this.next();
    if (name !== "obj") return name;
    this.expect("(", "`(` and a host type number after `obj`");
    const id = this.integer("a host type number", 0n, U64).value;
    this.expect(")");
    return objType(id);
  }

  /** An array element type: a type or an index. */
  elem(): ElemNode {
    const token = this.token;
    if (this.take("index")) return { token, type: null };
    return { token, type: this.type() };
  }

  /** `(TYPES) -> (TYPES)`; no arrow means no results. */
  signature(): Signature {
    const args = this.list("(", ")", "a type", () => this.type());
    let results: ValueType[] = [];
    if (this.take("->")) {
      results = this.is("(") ? this.list("(", ")", "a type", () => this.type()) : [this.type()];
    }
    return { args, results };
  }

  /** An integer from `min` to `max`. */
  integer(what: string, min: bigint, max: bigint): { token: Token; value: bigint } {
    const token = this.token;
    if (token.kind !== "number") throw this.expected(what);
    const value = parseIntegerLiteral(token.text);
    if (value === undefined) throw this.expected(what);
    if (value < min || value > max) {
      throw this.error(token, `${value} is out of range: ${what} goes from ${min} to ${max}`);
    }
    this.next();
    return { token, value };
  }

  /** The bits of a double. */
  float(): bigint {
    const token = this.token;
    if (this.takeWord("bits")) {
      this.expect("(");
      const { value } = this.integer("the 64 bits of a double", 0n, U64);
      this.expect(")");
      return value;
    }
    const bits = token.kind === "name" || token.kind === "number"
      ? parseFloatLiteral(token.text)
      : undefined;
    if (bits === undefined) {
      throw this.expected("a number such as 1.5, `inf`, `nan` or `bits(0x7ff8000000000001)`");
    }
    this.next();
    return bits;
  }

  /** A decimal that fits the format. */
  decimal(): { mantissa: bigint; scale: number } {
    const token = this.token;
    const decimal = token.kind === "number" ? parseDecimalLiteral(token.text) : undefined;
    if (decimal === undefined) throw this.expected("a decimal such as 12.50 or 5e-30");
    if (decimal.mantissa < I64_MIN || decimal.mantissa > I64_MAX) {
      throw this.error(token, `the digits of a decimal must fit i64: got ${decimal.mantissa}`);
    }
    if (decimal.scale > 255) {
      throw this.error(token, `a decimal has at most 255 decimals: got ${decimal.scale}`);
    }
    this.next();
    return decimal;
  }

  /** Bytes in hex, or those of a string in UTF-8. */
  byteString(): Uint8Array {
    const token = this.token;
    if (this.take("string")) return new TextEncoder().encode(token.text);
    if (token.kind !== "number" || !/^0x([0-9a-fA-F]{2})+$/.test(token.text)) {
      throw this.expected("bytes such as 0x00ff or a string");
    }
    this.next();
    return Uint8Array.fromHex(token.text.slice(2));
  }

  /** `true` or `false`. */
  boolean(): boolean {
    if (this.takeWord("true")) return true;
    if (this.takeWord("false")) return false;
    throw this.expected("`true` or `false`");
  }

  /** A constant with its type. */
  constant(): Constant {
    const token = this.token;
    if (this.take("string")) return { type: "str", value: token.text };
    if (token.kind === "name") {
      switch (token.text) {
        case "unit":
          this.next();
          return { type: "unit" };
        case "true":
        case "false":
          return { type: "bool", value: this.boolean() };
        case "i64":
          this.next();
          return { type: "i64", value: this.integer("an i64", I64_MIN, I64_MAX).value };
        case "u64":
          this.next();
          return { type: "u64", value: this.integer("a u64", 0n, U64).value };
        case "f64":
          this.next();
          return { type: "f64", bits: this.float() };
        case "dec":
          this.next();
          return { type: "dec", ...this.decimal() };
        case "bytes":
          this.next();
          return { type: "bytes", value: this.byteString() };
      }
    }
    throw this.expected(
      'a constant: "text", i64 5, u64 5, f64 1.5, dec 1.50, bytes 0x00ff, true, false or unit',
    );
  }
}
