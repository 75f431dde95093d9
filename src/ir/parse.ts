/**
 * Reads the text form that `print.ts` writes. Names of values (`v12`) and blocks (`block3`) may be
 * any numbers, used before or after their definition; `;` starts a comment. Only syntax is checked
 * here: whether the function makes sense is `verify.ts`'s business.
 *
 * @module
 */
import { Func, type Site } from "./func.ts";
import {
  COND_NAMES,
  FCOND_NAMES,
  isTerminator,
  Op,
  OP_RESULT,
  OP_SHAPE,
  type OpName,
  REGION_NAMES,
  Type,
  TYPE_NAMES,
} from "./opcodes.ts";

/** Thrown for text that is not IR; the message starts with `line:column`. */
export class ParseError extends Error {
  override readonly name = "ParseError";
}

/** Reads a text with exactly one function. Throws `ParseError`. */
export function parse(text: string): Func {
  const funcs = parseAll(text);
  if (funcs.length !== 1) {
    throw new ParseError(`1:1: expected one function, found ${funcs.length}`);
  }
  return funcs[0];
}

/** Reads a text with any number of functions. Throws `ParseError`. */
export function parseAll(text: string): Func[] {
  const lexer = new Lexer(text), funcs: Func[] = [];
  while (lexer.kind !== "end") funcs.push(parseFunc(lexer));
  return funcs;
}

const TOKEN = new RegExp(
  [
    /(?<space>(?:[ \t\r\n]|;[^\n]*)+)/,
    /(?<string>"(?:[^"\\\n]|\\.)*")/,
    /(?<number>-?(?:inf\b|nan:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)|nan:0x[0-9a-fA-F]+)/,
    /(?<arrow>->)/,
    /(?<word>[A-Za-z_][\w.$]*)/,
    /(?<mark>[(){}[\],:=+@])/,
  ].map((r) => r.source).join("|"),
  "y",
);

/** One token of lookahead over the text. */
class Lexer {
  kind = "";
  text = "";
  #source: string;
  #position = 0;
  #start = 0;

  constructor(source: string) {
    this.#source = source;
    this.advance();
  }

  advance(): void {
    for (;;) {
      this.#start = this.#position;
      if (this.#position === this.#source.length) {
        this.kind = "end";
        this.text = "end of text";
        return;
      }
      TOKEN.lastIndex = this.#position;
      const match = TOKEN.exec(this.#source);
      if (match === null) {
        this.text = this.#source[this.#position];
        this.fail("a token");
      }
      this.#position = TOKEN.lastIndex;
      const [kind, text] = Object.entries(match.groups!).find(([, t]) => t !== undefined)!;
      if (kind === "space") continue;
      this.kind = kind;
      this.text = text;
      return;
    }
  }

  fail(expected: string): never {
    this.error(`expected ${expected}, found '${this.text}'`);
  }

  /** Where the current token starts, for `error`. */
  get offset(): number {
    return this.#start;
  }

  error(message: string, offset: number = this.#start): never {
    const before = this.#source.slice(0, offset).split("\n");
    throw new ParseError(`${before.length}:${before.at(-1)!.length + 1}: ${message}`);
  }

  is(text: string): boolean {
    return this.text === text && this.kind !== "string" && this.kind !== "end";
  }

  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.advance();
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(`'${text}'`);
  }

  word(what: string): string {
    if (this.kind !== "word") this.fail(what);
    const text = this.text;
    this.advance();
    return text;
  }

  integer(what: string, min: number, max: number): number {
    const value = Number(this.text);
    if (this.kind !== "number" || !Number.isInteger(value) || value < min || value > max) {
      this.fail(`${what} from ${min} to ${max}`);
    }
    this.advance();
    return value;
  }

  /** A name such as `v12`: the prefix and a number. */
  indexed(prefix: string, what: string): number {
    const digits = this.kind === "word" && this.text.startsWith(prefix)
      ? this.text.slice(prefix.length)
      : "";
    if (!/^\d{1,9}$/.test(digits)) this.fail(what);
    this.advance();
    return Number(digits);
  }
}

function parseFunc(lexer: Lexer): Func {
  lexer.expect("func");
  let name: string;
  if (lexer.kind === "string") {
    name = JSON.parse(lexer.text);
    lexer.advance();
  } else {
    name = lexer.word("a function name");
  }
  lexer.expect("(");
  const params: number[] = [], results: number[] = [];
  while (!lexer.take(")")) {
    if (params.length > 0) lexer.expect(",");
    params.push(parseType(lexer));
  }
  if (lexer.take("->")) {
    do results.push(parseType(lexer)); while (lexer.take(","));
  }
  lexer.expect("{");
  const f = new BodyParser(lexer, new Func(name, params, results)).parse();
  if (lexer.take("sites")) parseSites(lexer, f);
  return f;
}

function parseType(lexer: Lexer): number {
  const type = TYPE_NAMES.indexOf(lexer.text);
  if (type <= 0 || lexer.kind !== "word") lexer.fail("a type");
  lexer.advance();
  return type;
}

function parseSites(lexer: Lexer, f: Func): void {
  lexer.expect("{");
  const place = (): [pc: number, func: number] => {
    let func = -1;
    if (lexer.kind === "word") {
      func = lexer.indexed("f", "a pc");
      lexer.expect(":");
    }
    return [lexer.integer("a pc", 0, 0x7fffffff), func];
  };
  while (!lexer.take("}")) {
    const index = lexer.indexed("site", "a site");
    if (index !== f.sites.length) lexer.error(`expected site${f.sites.length}, found site${index}`);
    lexer.expect("=");
    const kind = lexer.word("a kind of site");
    const site: Site = { kind: "trap", code: 0, pc: -1, func: -1, pcs: [], funcs: [] };
    if (kind === "fuel") {
      site.kind = kind;
      lexer.expect("pcs");
      lexer.expect("[");
      const places: [number, number][] = [];
      while (!lexer.take("]")) {
        if (places.length > 0) lexer.expect(",");
        places.push(place());
      }
      site.pcs = places.map(([pc]) => pc);
      if (places.some(([, func]) => func >= 0)) site.funcs = places.map(([, func]) => func);
    } else if (kind === "trap" || kind === "depth" || kind === "exit") {
      site.kind = kind;
      if (kind === "trap") site.code = lexer.integer("a trap code", 0, 0x1_ffff_ffff);
      lexer.expect("pc");
      [site.pc, site.func] = place();
    } else {
      lexer.error(`unknown kind of site '${kind}'`);
    }
    f.sites.push(site);
  }
}

/** Reads a function's blocks. Names are resolved as they appear; ids follow the text. */
class BodyParser {
  readonly #lexer: Lexer;
  readonly #f: Func;
  readonly #blocks = new Map<number, number>();
  readonly #values = new Map<number, number>();
  /** What still has to be said about names used before their definition. */
  readonly #fixups: (() => void)[] = [];

  constructor(lexer: Lexer, f: Func) {
    this.#lexer = lexer;
    this.#f = f;
  }

  parse(): Func {
    const lexer = this.#lexer;
    while (!lexer.take("}")) {
      const name = lexer.indexed("block", "a block");
      if (this.#blocks.has(name)) lexer.error(`block${name} is defined twice`);
      const block = this.#f.addBlock();
      this.#blocks.set(name, block);
      if (lexer.take("(")) {
        do {
          const value = lexer.indexed("v", "a value");
          lexer.expect(":");
          this.#define(value, this.#f.addParam(block, parseType(lexer)));
        } while (lexer.take(","));
        lexer.expect(")");
      }
      lexer.expect(":");
      while (lexer.kind === "word" && !/^block\d+$/.test(lexer.text)) this.#parseInst(block);
    }
    for (const fix of this.#fixups) fix();
    return this.#f;
  }

  #define(name: number, id: number): void {
    if (this.#values.has(name)) this.#lexer.error(`v${name} is defined twice`);
    this.#values.set(name, id);
  }

  #parseInst(block: number): void {
    const lexer = this.#lexer, f = this.#f;
    const results: { name: number; type: number }[] = [];
    if (/^v\d+$/.test(lexer.text)) {
      do {
        const name = lexer.indexed("v", "a value");
        results.push({ name, type: lexer.take(":") ? parseType(lexer) : Type.VOID });
      } while (lexer.take(","));
      lexer.expect("=");
    }
    const mnemonic = lexer.text;
    const [name, ...suffixes] = lexer.word("an instruction").split(".");
    const op = Object.hasOwn(Op, name) ? Op[name as OpName] : Op.none;
    const shape = OP_SHAPE[op], allowed = OP_RESULT[op];
    if (op === Op.none || op === Op.param) lexer.error(`unknown instruction '${mnemonic}'`);

    let aux = 0, type = 0;
    if (shape === 4) { // compare
      aux = (op === Op.icmp ? COND_NAMES : FCOND_NAMES).indexOf(suffixes.shift() ?? "");
      if (aux < 0) lexer.error(`unknown condition in '${mnemonic}'`);
    }
    if ((allowed & (allowed - 1)) !== 0) {
      type = Math.max(0, TYPE_NAMES.indexOf(suffixes.shift() ?? ""));
      if (type === 0) lexer.error(`'${mnemonic}' needs a result type, as in '${name}.i64'`);
    } else if (allowed !== 0) {
      type = 32 - Math.clz32(allowed);
    }
    if (suffixes.length > 0) lexer.error(`'${mnemonic}' says too much`);

    const isCall = shape >= 15 && shape <= 17;
    if (!isCall && (results.length > 1 || results.some((r) => r.type !== 0))) {
      lexer.error(`'${mnemonic}' is not a call: one result at most, without a type`);
    }
    if (isCall && results.some((r) => r.type === 0)) {
      lexer.error(`the results of '${mnemonic}' need types, as in 'v1: i64 = call ...'`);
    }
    if (!isCall && results.length !== (type === 0 ? 0 : 1)) {
      lexer.error(`'${mnemonic}' has ${type === 0 ? "no" : "a"} result`);
    }
    f.currentPc = -1;
    const v = f.append(block, op, type, 0, 0, 0, aux);
    this.#parseOperands(v, shape);
    if (lexer.take("at")) f.pc[v] = lexer.integer("a pc", 0, 0x7fffffff);
    if (!isCall) {
      if (type !== 0) this.#define(results[0].name, v);
    } else {
      f.currentPc = f.pc[v];
      results.forEach((r, k) => this.#define(r.name, f.append(block, Op.proj, r.type, v, k)));
    }
    if (isTerminator(op) && lexer.kind === "word" && !/^block\d+$/.test(lexer.text)) {
      lexer.error(`instruction behind '${mnemonic}', which ends the block`);
    }
  }

  #parseOperands(v: number, shape: number): void {
    const lexer = this.#lexer, f = this.#f;
    const value = (set: (id: number) => void) => this.#useValue(set);
    const intoA = (id: number) => void (f.a[v] = id);
    const intoB = (id: number) => void (f.b[v] = id);
    const intoC = (id: number) => void (f.c[v] = id);
    const comma = () => lexer.expect(",");
    switch (shape) {
      case 0: // none
        break;
      case 1: // unary
        value(intoA);
        break;
      case 2: // binary
      case 4: // compare
        value(intoA);
        comma();
        value(intoB);
        break;
      case 3: // ternary
        value(intoA);
        comma();
        value(intoB);
        comma();
        value(intoC);
        break;
      case 5: // constant
        f.a[v] = this.#parseConstant(f.type[v]);
        break;
      case 6: // load
        this.#parseAddress(v);
        break;
      case 7: // store
        value(intoB);
        comma();
        this.#parseAddress(v);
        break;
      case 8: // ctx_load
        f.c[v] = lexer.integer("an offset", 0, 0x7fffffff);
        break;
      case 9: // ctx_store
        value(intoA);
        comma();
        f.c[v] = lexer.integer("an offset", 0, 0x7fffffff);
        break;
      case 12: // charge
        f.a[v] = lexer.integer("a number", 0, 0x7fffffff);
        comma();
        f.c[v] = lexer.indexed("site", "a site");
        break;
      case 13: // site
        f.c[v] = lexer.indexed("site", "a site");
        break;
      case 14: // trap_cond
        value(intoA);
        comma();
        f.c[v] = lexer.indexed("site", "a site");
        break;
      case 15: // call
        f.a[v] = lexer.indexed("f", "a function such as f3");
        this.#parseList(intoB);
        comma();
        f.c[v] = lexer.indexed("site", "a site");
        break;
      case 16: // call_indirect
        value(intoA);
        this.#parseList(intoB);
        comma();
        f.c[v] = lexer.indexed("site", "a site");
        break;
      case 17: // call_native
        f.a[v] = lexer.indexed("n", "a symbol such as n3");
        this.#parseList(intoB);
        break;
      case 18: // jump
        this.#parseTargets(v, 1, false);
        break;
      case 19: // br_if
        value(intoA);
        comma();
        this.#parseTargets(v, 2, false);
        break;
      case 20: // br_table
        value(intoA);
        comma();
        this.#parseTargets(v, 0, true);
        break;
      case 21: // ret
        if (/^v\d+$/.test(lexer.text)) this.#parseValues(intoB);
        break;
      default:
        lexer.error("this instruction is not written out: results stand before their call's '='");
    }
  }

  #useValue(set: (id: number) => void): void {
    const offset = this.#lexer.offset, name = this.#lexer.indexed("v", "a value");
    const known = this.#values.get(name);
    if (known !== undefined) return set(known);
    this.#fixups.push(() => {
      const id = this.#values.get(name);
      if (id === undefined) this.#lexer.error(`v${name} is never defined`, offset);
      set(id);
    });
  }

  #parseValues(set: (list: number) => void): void {
    const f = this.#f, members: number[] = [];
    let list = 0, done = false;
    do {
      const position = members.push(-1) - 1;
      this.#useValue((id) => {
        members[position] = id;
        if (done) f.extra[list + 1 + position] = id;
      });
    } while (this.#lexer.take(","));
    list = f.addList(members);
    done = true;
    set(list);
  }

  #parseList(set: (list: number) => void): void {
    this.#lexer.expect("(");
    if (this.#lexer.take(")")) return;
    this.#parseValues(set);
    this.#lexer.expect(")");
  }

  #parseTargets(v: number, count: number, table: boolean): void {
    const lexer = this.#lexer, f = this.#f;
    const targets: { name: number; list: number; offset: number }[] = [];
    const target = () => {
      const offset = lexer.offset;
      const entry = { name: lexer.indexed("block", "a block"), list: 0, offset };
      targets.push(entry);
      if (lexer.is("(")) this.#parseList((list) => entry.list = list);
    };
    if (table) {
      lexer.expect("[");
      while (!lexer.take("]")) {
        if (targets.length > 0) lexer.expect(",");
        target();
      }
      lexer.expect(",");
      target();
    } else {
      target();
      for (let k = 1; k < count; k++) {
        lexer.expect(",");
        target();
      }
    }
    f.b[v] = f.addTargets(targets.map(() => 0));
    targets.forEach((entry, k) => {
      f.setTargetArgs(v, k, entry.list);
      this.#fixups.push(() => {
        const block = this.#blocks.get(entry.name);
        if (block === undefined) {
          return lexer.error(`block${entry.name} is never defined`, entry.offset);
        }
        f.setTargetBlock(v, k, block);
      });
    });
  }

  #parseAddress(v: number): void {
    const lexer = this.#lexer, f = this.#f;
    this.#useValue((id) => void (f.a[v] = id));
    if (lexer.take("+")) f.c[v] = lexer.integer("a displacement", 0, 0x7fffffff);
    else if (lexer.kind === "number") {
      f.c[v] = lexer.integer("a displacement", -0x80000000, -1);
    }
    if (lexer.take("@")) {
      const named = REGION_NAMES.indexOf(lexer.text);
      if (named >= 0) {
        f.aux[v] = named;
        lexer.advance();
      } else {
        f.aux[v] = lexer.integer("a region name, or a number", 0, 255);
      }
    }
  }

  #parseConstant(type: number): number {
    const lexer = this.#lexer, f = this.#f, text = lexer.text;
    if (lexer.kind !== "number" && !lexer.is("inf")) lexer.fail("a constant");
    lexer.advance();
    if (type === Type.I32 || type === Type.I64) {
      const bits = type === Type.I32 ? 32 : 64;
      if (!/^-?\d+$/.test(text) || BigInt.asIntN(bits, BigInt(text)) !== BigInt(text)) {
        lexer.error(`'${text}' is not a signed ${bits}-bit integer`);
      }
      return f.addConstant(BigInt(text));
    }
    if (text.startsWith("nan:")) return f.addConstant(BigInt(text.slice(4)));
    const value = text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
    const buffer = new BigInt64Array(1);
    if (type === Type.F64) new Float64Array(buffer.buffer)[0] = value;
    else new Float32Array(buffer.buffer)[0] = value;
    return f.addConstant(buffer[0]);
  }
}
