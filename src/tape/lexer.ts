/**
 * Tokens of the text syntax, and the error that points into it. Comments run from `;` to the end of
 * the line; line ends are tokens because they end instructions.
 *
 * @module
 */

/** What a token is: punctuation is its own kind. */
export type TokenKind =
  | "name"
  | "number"
  | "string"
  | "index"
  | "line end"
  | "end of file"
  | "("
  | ")"
  | "{"
  | "}"
  | ","
  | ":"
  | "="
  | "->"
  | "@"
  | "~"
  | "?";

/** A piece of source text. */
export interface Token {
  readonly kind: TokenKind;
  /** The source text; for strings the text they stand for, for an index `#N` its digits. */
  readonly text: string;
  /** Offset of the first character. */
  readonly start: number;
  /** Offset behind the last character. */
  readonly end: number;
}

/** Source text and where it comes from. */
export interface Source {
  /** File name for messages. */
  readonly file: string;
  /** The text. */
  readonly text: string;
}

/**
 * A mistake in a `.tape` source. `message` shows the place:
 *
 * ```text
 * sum.tape:4:8: there is no instruction `i64.ad`; did you mean `i64.add`?
 *   4 |   x = i64.ad x, i
 *     |       ^^^^^^
 * ```
 */
export class AssembleError extends Error {
  /** File name as given to `assemble`. */
  readonly file: string;
  /** Line, from 1. */
  readonly line: number;
  /** Column in UTF-16 units, from 1. */
  readonly column: number;
  /** What is wrong and what was expected, without the place. */
  readonly problem: string;
  /** The whole source line. */
  readonly sourceLine: string;

  /** Creates an error about the characters from `start` to `end`. */
  constructor(source: Source, start: number, end: number, problem: string) {
    const lineStart = source.text.lastIndexOf("\n", start - 1) + 1;
    const next = source.text.indexOf("\n", start);
    const sourceLine = source.text.slice(lineStart, next < 0 ? undefined : next).replace(/\r$/, "");
    let line = 1;
    for (let at = source.text.indexOf("\n"); at >= 0 && at < start;) {
      line++;
      at = source.text.indexOf("\n", at + 1);
    }
    const column = start - lineStart + 1;
    // Tabs stay tabs, so that the caret stands below its character at any tab width.
    const indent = sourceLine.slice(0, column - 1).replace(/[^\t]/g, " ");
    const width = Math.max(1, Math.min(end - start, sourceLine.length - column + 1));
    const number = String(line);
    super(
      `${source.file}:${line}:${column}: ${problem}\n` +
        `  ${number} | ${sourceLine}\n` +
        `  ${" ".repeat(number.length)} | ${indent}${"^".repeat(width)}`,
    );
    this.name = "AssembleError";
    this.file = source.file;
    this.line = line;
    this.column = column;
    this.problem = problem;
    this.sourceLine = sourceLine;
  }
}

// In order: blanks and comments, name, number, index, arrow, punctuation, line end.
const TOKEN =
  /(?:[ \t\r\uFEFF]+|;[^\n]*)+|(?<name>-inf\b|\.?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)|(?<number>[+-]?[0-9][0-9A-Za-z_]*(?:\.[0-9_]+)?(?:(?<=[eE])[+-][0-9]+)?(?:[eE][+-]?[0-9]+)?)|#(?<index>[0-9]+)|(?<punctuation>->|[(){},:=@~?])|(?<line>\n)/y;

const SIMPLE_ESCAPES: Record<string, string> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "0": "\0",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

/**
 * Splits a source into tokens; the last is the end of the file.
 *
 * @throws {AssembleError} On a character that starts no token and on a malformed string.
 */
export function tokenize(source: Source): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  let pos = 0;
  while (pos < text.length) {
    if (text[pos] === '"') {
      const token = readString(source, pos);
      tokens.push(token);
      pos = token.end;
      continue;
    }
    TOKEN.lastIndex = pos;
    const match = TOKEN.exec(text);
    if (match === null) {
      const char = String.fromCodePoint(text.codePointAt(pos) as number);
      const hint = char === "#" ? "a number after `#`" : "an instruction, a name or a literal";
      throw new AssembleError(
        source,
        pos,
        pos + char.length,
        `unexpected ${JSON.stringify(char)}: expected ${hint}`,
      );
    }
    const start = pos;
    const end = pos = start + match[0].length;
    const { name, number, index, punctuation, line } = match.groups as Record<string, string>;
    if (name !== undefined) tokens.push({ kind: "name", text: name, start, end });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, start, end });
    else if (index !== undefined) tokens.push({ kind: "index", text: index, start, end });
    else if (punctuation !== undefined) {
      tokens.push({ kind: punctuation as TokenKind, text: punctuation, start, end });
    } else if (line !== undefined) tokens.push({ kind: "line end", text: line, start, end });
  }
  tokens.push({ kind: "line end", text: "", start: text.length, end: text.length });
  tokens.push({ kind: "end of file", text: "", start: text.length, end: text.length });
  return tokens;
}

function readString(source: Source, start: number): Token {
  const { text } = source;
  let value = "";
  let pos = start + 1;
  const fail = (at: number, end: number, problem: string): never => {
    throw new AssembleError(source, at, end, problem);
  };
  for (;;) {
    const char = text[pos];
    if (char === undefined || char === "\n") {
      fail(start, pos, 'this string does not end on its line: expected `"`');
    }
    if (char === '"') break;
    if (char !== "\\") {
      value += char;
      pos++;
      continue;
    }
    const escape = text[pos + 1];
    const simple = SIMPLE_ESCAPES[escape];
    if (simple !== undefined) {
      value += simple;
      pos += 2;
      continue;
    }
    const unicode = /\\u\{([0-9a-fA-F]{1,6})\}/y;
    unicode.lastIndex = pos;
    const match = unicode.exec(text);
    const code = match === null ? -1 : parseInt(match[1], 16);
    if (match === null) {
      fail(pos, pos + 2, 'unknown escape: expected one of \\n \\r \\t \\0 \\" \\\\ \\u{HEX}');
    } else if (code > 0x10ffff || code >= 0xd800 && code < 0xe000) {
      fail(pos, pos + match[0].length, "a \\u escape must name a Unicode scalar value");
    } else {
      value += String.fromCodePoint(code);
      pos += match[0].length;
    }
  }
  if (!value.isWellFormed()) {
    fail(start, pos + 1, "a string may not contain lone surrogates");
  }
  return { kind: "string", text: value, start, end: pos + 1 };
}

/** A token as messages show it. */
export function describe(token: Token): string {
  switch (token.kind) {
    case "line end":
      return "the end of the line";
    case "end of file":
      return "the end of the file";
    case "string":
      return "a string";
    case "index":
      return `\`#${token.text}\``;
    default:
      return `\`${token.text}\``;
  }
}
