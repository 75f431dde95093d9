/**
 * Parses `.tape` text into a tree. The grammar of instructions comes from the opcode table: written
 * registers left of `=`, then the other operands in table order, separated by commas; calls look
 * like calls. Names are resolved later, by the assembler.
 *
 * @module
 */
import { didYouMean } from "../util/did_you_mean.ts";
import { Cursor, I64_MAX, I64_MIN, U32, U64 } from "./cursor.ts";
import { MNEMONICS } from "./function_builder.ts";
import type { Source, Token } from "./lexer.ts";
import { REGISTER } from "./literals.ts";
import type { OpcodeInfo, OperandInfo } from "./opcodes.ts";
import type {
  ArgNode,
  FunctionNode,
  InstructionNode,
  ItemNode,
  OperandNode,
  RegNode,
  ResultNode,
  ShapeNode,
  StatementNode,
  SymbolNode,
} from "./syntax_tree.ts";

const ITEMS = [
  "program",
  "symbols",
  "constants",
  "elems",
  "sig",
  "struct",
  "host",
  "func",
  "shape",
];

/** Operands that are written as a name or an index into a table. */
const REFERENCES = new Set(["func_id", "host_sig", "call_sig", "type_id"]);

/** Whether the operand is written in the source left of `=`: destinations, and results of calls. */
function isWritten(operand: OperandInfo): boolean {
  return operand.access === "w" && operand.name !== "eff_out";
}

/**
 * Parses a source.
 *
 * @throws {AssembleError} On the first mistake.
 */
export function parseText(source: Source): ItemNode[] {
  return new Parser(source).items();
}

class Parser {
  readonly #cursor: Cursor;

  constructor(source: Source) {
    this.#cursor = new Cursor(source);
  }

  // Items.

  items(): ItemNode[] {
    const items: ItemNode[] = [];
    this.#cursor.skipLines();
    while (!this.#cursor.is("end of file")) {
      items.push(this.#item());
      this.#cursor.endOfLine("this declaration");
      if (this.#cursor.is("}")) throw this.#cursor.expected("a declaration");
    }
    return items;
  }

  #item(): ItemNode {
    const token = this.#cursor.expect("name", "a declaration such as `func`");
    switch (token.text) {
      case "program":
        return { kind: "program", name: this.#cursor.symbol("the program's name") };
      case "symbols":
        return {
          kind: "symbols",
          texts: this.#cursor.list("{", "}", "a symbol", () => this.#cursor.text("a symbol")),
        };
      case "constants":
        return {
          kind: "constants",
          constants: this.#cursor.list("{", "}", "a constant", () => this.#cursor.constant()),
        };
      case "elems":
        return {
          kind: "elems",
          types: this.#cursor.list("{", "}", "a type", () => this.#cursor.type()),
        };
      case "sig": {
        const name = this.#cursor.is("name") ? this.#cursor.next() : null;
        if (name !== null) this.#cursor.expect("=");
        return { kind: "sig", name, signature: this.#cursor.signature() };
      }
      case "struct":
        return {
          kind: "struct",
          name: this.#cursor.expect("name", "the struct's name"),
          fields: this.#cursor.list("{", "}", "a field", () => {
            const name = this.#cursor.text("a field's name");
            this.#cursor.expect(":");
            return { name, type: this.#cursor.type() };
          }),
        };
      case "host":
        return this.#host();
      case "func":
        return this.#func(token);
      case "shape": {
        const func = this.#cursor.reference("a function");
        this.#cursor.expect(",");
        const arg = Number(this.#cursor.integer("an argument's position", 0n, U32).value);
        this.#cursor.expect(",");
        const shape = this.#shape();
        if (shape === null) throw this.#cursor.expected("`tuple`, `struct` or `array`");
        return { kind: "shape", func, arg, shape };
      }
      default:
        throw this.#cursor.error(
          token,
          `there is no declaration \`${token.text}\`: expected one of ${ITEMS.join(", ")}` +
            didYouMean(token.text, ITEMS),
        );
    }
  }

  #host(): ItemNode {
    let alias: Token | null = null;
    if (this.#cursor.is("name") && this.#cursor.peek(1) === "=") {
      alias = this.#cursor.next();
      this.#cursor.next();
    }
    const symbol = this.#cursor.is("index")
      ? {
        token: this.#cursor.token,
        text: null,
        plain: false,
        id: this.#cursor.index(this.#cursor.next()),
      }
      : this.#cursor.symbol("a host function's name");
    const signature = this.#cursor.signature();
    const hash = this.#cursor.takeWord("hash")
      ? this.#cursor.integer("a signature hash such as 0x1034008901c58b8f", 0n, U64).value
      : null;
    return { kind: "host", alias, symbol, signature, hash };
  }

  #func(token: Token): FunctionNode {
    const index = this.#cursor.take("index") ?? null;
    const name = this.#cursor.is("name") || this.#cursor.is("string")
      ? this.#cursor.symbol("a name")
      : null;
    const args = this.#cursor.list("(", ")", "an argument", () => this.#arg());
    let results: ResultNode[] = [];
    if (this.#cursor.take("->")) {
      results = this.#cursor.is("(")
        ? this.#cursor.list("(", ")", "a result", () => this.#result())
        : [{ name: null, type: this.#cursor.type() }];
    }
    let regCount: number | null = null;
    let counts: FunctionNode["counts"] = null;
    for (;;) {
      if (this.#cursor.takeWord("regs")) {
        regCount = Number(this.#cursor.integer("a register count", 0n, U32).value);
      } else if (this.#cursor.takeWord("counts")) {
        counts = {
          args: Number(this.#cursor.integer("an argument count", 0n, U32).value),
          results: Number(this.#cursor.integer("a result count", 0n, U32).value),
        };
      } else break;
    }
    this.#cursor.expect("{", results.length > 0 ? "`{`" : "`->` or `{`");
    this.#cursor.skipLines();
    const body: StatementNode[] = [];
    while (!this.#cursor.is("}")) {
      if (this.#cursor.is("end of file")) {
        throw this.#cursor.expected("`}` at the end of the function");
      }
      body.push(this.#statement());
      const last = body[body.length - 1];
      // Labels and place names may share their line with what follows.
      if (last.kind === "label" || last.kind === "place name" && last.pc === null) {
        this.#cursor.skipLines();
      } else this.#cursor.endOfLine(last.kind === "instruction" ? "this instruction" : "this line");
    }
    this.#cursor.next();
    return { kind: "func", token, index, name, args, results, regCount, counts, body };
  }

  #arg(): ArgNode {
    const name = this.#slotName();
    const shape = this.#shape();
    return { name, type: shape === null ? this.#cursor.type() : "agg", shape };
  }

  #result(): ResultNode {
    return { name: this.#slotName(), type: this.#cursor.type() };
  }

  /** The `name:` before a type, if there is one. */
  #slotName(): SymbolNode | "_" | null {
    const indexed = this.#cursor.peek(1) === "index" && this.#cursor.peek(2) === ":";
    if (this.#cursor.is("string") || indexed || this.#cursor.peek(1) === ":") {
      const symbol = this.#cursor.symbol("a name");
      this.#cursor.expect(":");
      return symbol.plain && symbol.text === "_" ? "_" : symbol;
    }
    return null;
  }

  #shape(): ShapeNode | null {
    if (this.#cursor.takeWord("tuple")) {
      return {
        kind: "tuple",
        elements: this.#cursor.list(
          "(",
          ")",
          "an element type",
          () => this.#cursor.take("?") ? null : this.#cursor.type(),
        ),
      };
    }
    if (this.#cursor.takeWord("struct")) {
      return { kind: "struct", ref: this.#cursor.reference("a struct type") };
    }
    if (this.#cursor.takeWord("array")) return { kind: "array", elem: this.#cursor.elem() };
    return null;
  }

  // Function bodies.

  #statement(): StatementNode {
    if (this.#cursor.take("@")) {
      const symbol = this.#cursor.symbol("a name for this place");
      this.#cursor.expect(":");
      return { kind: "place name", symbol, pc: null };
    }
    const token = this.#cursor.expect("name", "an instruction or a label");
    if (this.#cursor.take(":")) {
      if (REGISTER.test(token.text)) {
        throw this.#cursor.error(
          token,
          `a label may not be called ${token.text}: that is a register`,
        );
      }
      return { kind: "label", token };
    }
    if (token.text.startsWith(".")) return this.#directive(token);
    const dsts: RegNode[] = [];
    let mnemonic = token;
    if (["=", ",", "~"].includes(this.#cursor.token.kind)) {
      this.#cursor.back();
      dsts.push(this.#reg());
      while (this.#cursor.take(",")) dsts.push(this.#reg());
      this.#cursor.expect("=");
      mnemonic = this.#cursor.expect("name", "an instruction");
    }
    const info = MNEMONICS.get(mnemonic.text);
    if (info === undefined) {
      throw this.#cursor.error(
        mnemonic,
        `there is no instruction \`${mnemonic.text}\`${
          didYouMean(mnemonic.text, MNEMONICS.keys())
        }`,
      );
    }
    return this.#instruction(mnemonic, info, dsts);
  }

  #directive(token: Token): StatementNode {
    switch (token.text) {
      case ".span":
        return { kind: "span", id: this.#cursor.integer("a span id", 1n, U64).value };
      case ".spans": {
        const pairs: bigint[] = [];
        if (this.#cursor.is("line end")) return { kind: "spans", pairs };
        do {
          pairs.push(this.#cursor.integer("a pc delta", 0n, U64).value);
          this.#cursor.expect(":");
          pairs.push(this.#cursor.integer("a span id", 1n, U64).value);
        } while (this.#cursor.take(","));
        return { kind: "spans", pairs };
      }
      case ".bytes":
        return { kind: "bytes", bytes: this.#cursor.byteString() };
      case ".name": {
        const pc = Number(this.#cursor.integer("a byte offset", 0n, U32).value);
        this.#cursor.expect(",");
        return { kind: "place name", symbol: this.#cursor.symbol("a name for this place"), pc };
      }
      case ".alias":
        return { kind: "alias", symbol: this.#cursor.symbol("another name of this function") };
      default: {
        const known = [".span", ".spans", ".bytes", ".name", ".alias"];
        throw this.#cursor.error(
          token,
          `there is no directive \`${token.text}\`: expected one of ${known.join(", ")}`,
        );
      }
    }
  }

  #instruction(token: Token, info: OpcodeInfo, dsts: readonly RegNode[]): InstructionNode {
    const written = info.operands.filter(isWritten);
    const results = written.length === 1 && written[0].kind === "regs";
    if (!results && dsts.length !== written.length) {
      const wanted = written.length === 1 ? "one register" : "nothing";
      throw this.#cursor.error(
        token,
        `\`${info.mnemonic}\` writes ${wanted}: found ${dsts.length} left of \`=\``,
      );
    }
    const operands = new Map<OperandInfo, OperandNode>();
    if (results) this.#callOperands(info, operands);
    else this.#plainOperands(info, operands);
    const effects = new Map<string, RegNode>();
    while (this.#isEffect()) {
      const { text } = this.#cursor.next();
      this.#cursor.next();
      effects.set(text, this.#reg());
    }
    let dst = 0;
    const nodes = info.operands.map((operand): OperandNode => {
      const parsed = operands.get(operand);
      if (parsed !== undefined) return parsed;
      if (operand.name.startsWith("eff_")) {
        const reg = effects.get(operand.name) ?? { token, number: 0, width: null };
        effects.delete(operand.name);
        return { kind: "reg", reg };
      }
      return operand.kind === "regs"
        ? { kind: "regs", regs: dsts }
        : { kind: "reg", reg: dsts[dst++] };
    });
    for (const name of effects.keys()) {
      throw this.#cursor.error(token, `\`${info.mnemonic}\` has no ${name} register`);
    }
    return { kind: "instruction", token, info, operands: nodes };
  }

  #isEffect(): boolean {
    return (this.#cursor.isWord("eff_in") || this.#cursor.isWord("eff_out")) &&
      this.#cursor.peek(1) === "=";
  }

  /** `f(a, b)`, and for indirect calls `f(a, b) as SIGNATURE`. */
  #callOperands(info: OpcodeInfo, operands: Map<OperandInfo, OperandNode>): void {
    const find = (name: string) => info.operands.find((operand) => operand.name === name);
    const callee = find("callee");
    if (callee !== undefined) operands.set(callee, { kind: "reg", reg: this.#reg() });
    else {
      const target = find("func_id") ?? find("host_sig");
      if (target === undefined) throw new Error(`internal: ${info.mnemonic} calls nothing`);
      const what = target.name === "func_id" ? "a function" : "a host function";
      const token = this.#cursor.reference(what);
      operands.set(target, { kind: "ref", token, width: this.#width() });
    }
    const args = find("args");
    if (args === undefined) throw new Error(`internal: ${info.mnemonic} has no arguments`);
    operands.set(args, {
      kind: "regs",
      regs: this.#cursor.list("(", ")", "a register", () => this.#reg()),
    });
    const signature = find("call_sig");
    if (signature === undefined) return;
    if (!this.#cursor.takeWord("as")) {
      throw this.#cursor.expected("`as` and a signature such as `(i64) -> (i64)`");
    }
    if (this.#cursor.is("(")) {
      operands.set(signature, {
        kind: "signature",
        signature: this.#cursor.signature(),
        width: this.#width(),
      });
    } else {
      const token = this.#cursor.reference("a signature");
      operands.set(signature, { kind: "ref", token, width: this.#width() });
    }
  }

  #plainOperands(info: OpcodeInfo, operands: Map<OperandInfo, OperandNode>): void {
    const list = info.operands.filter((operand) =>
      !isWritten(operand) && !operand.name.startsWith("eff_")
    );
    let first = true;
    for (let i = 0; i < list.length; i++) {
      const operand = list[i];
      if (operand.kind === "regs") {
        operands.set(operand, { kind: "regs", regs: this.#rest(first) });
        continue;
      }
      if (!first && !this.#cursor.take(",")) {
        const names = list.map((one) => one.name);
        throw this.#cursor.expected(
          `\`,\` and ${operand.name}, since ${info.mnemonic} takes ${names.join(", ")}`,
        );
      }
      first = false;
      if (operand.name === "mantissa") {
        // One literal stands for mantissa and scale.
        const token = this.#cursor.token;
        const { mantissa, scale } = this.#cursor.decimal();
        operands.set(operand, { kind: "number", token, value: mantissa, width: this.#width() });
        operands.set(list[++i], { kind: "number", token, value: BigInt(scale), width: null });
        continue;
      }
      operands.set(operand, this.#operand(operand));
    }
  }

  /** The registers up to the end of the instruction. */
  #rest(first: boolean): RegNode[] {
    const regs: RegNode[] = [];
    const none = first
      ? this.#cursor.is("line end") || this.#cursor.is("}") || this.#isEffect()
      : !this.#cursor.take(",");
    if (none) return regs;
    do {
      if (regs.length > 0) this.#cursor.skipLines();
      regs.push(this.#reg());
    } while (this.#cursor.take(","));
    return regs;
  }

  #operand(operand: OperandInfo): OperandNode {
    const token = this.#cursor.token;
    switch (operand.kind) {
      case "reg":
        return { kind: "reg", reg: this.#reg() };
      case "sleb64": {
        const { value } = this.#cursor.integer("an i64", I64_MIN, I64_MAX);
        return { kind: "number", token, value, width: this.#width() };
      }
      case "uleb64": {
        const { value } = this.#cursor.integer("a u64", 0n, U64);
        return { kind: "number", token, value, width: this.#width() };
      }
      case "u64le":
        return { kind: "number", token, value: this.#cursor.float(), width: null };
      case "u8": {
        const { value } = this.#cursor.integer("a scale", 0n, 255n);
        return { kind: "number", token, value, width: null };
      }
      case "bool8": {
        // Any non-zero byte is true: a number says which.
        const value = this.#cursor.is("number")
          ? this.#cursor.integer("`true`, `false` or a byte", 0n, 255n).value
          : BigInt(this.#cursor.boolean());
        return { kind: "number", token, value, width: null };
      }
      case "uleb32":
        return this.#immediate(operand);
      case "regs":
        throw new Error("internal: register lists end an instruction");
    }
  }

  #immediate(operand: OperandInfo): OperandNode {
    const token = this.#cursor.token;
    if (operand.name.startsWith("pc_")) {
      if (this.#cursor.is("number")) {
        const { value } = this.#cursor.integer("a byte offset", 0n, U32);
        return { kind: "number", token, value, width: this.#width() };
      }
      this.#cursor.expect("name", "a label");
      return { kind: "ref", token, width: this.#width() };
    }
    if (operand.name === "elem_type_id") {
      return { kind: "elem", elem: this.#cursor.elem(), width: this.#width() };
    }
    if (operand.name === "idx") {
      if (this.#cursor.take("index")) return { kind: "ref", token, width: this.#width() };
      return { kind: "constant", token, constant: this.#cursor.constant() };
    }
    if (REFERENCES.has(operand.name)) {
      const what = operand.name === "func_id" ? "a function" : "a struct type";
      return { kind: "ref", token: this.#cursor.reference(what), width: this.#width() };
    }
    if (operand.name === "field_index" && this.#cursor.take("name")) {
      return { kind: "ref", token, width: this.#width() };
    }
    const what = operand.name === "field_index"
      ? "a field such as `Point.x` or its position"
      : operand.name === "code"
      ? "a trap code"
      : "an index";
    const { value } = this.#cursor.integer(what, 0n, U32);
    return { kind: "number", token, value, width: this.#width() };
  }

  #reg(): RegNode {
    const token = this.#cursor.expect("name", "a register");
    const number = REGISTER.exec(token.text)?.[1];
    if (number !== undefined && BigInt(number) > U32) {
      throw this.#cursor.error(token, "a register number must be below 2^32");
    }
    if (/^\.|^-/.test(token.text)) {
      throw this.#cursor.error(token, `expected a register, found \`${token.text}\``);
    }
    return { token, number: number === undefined ? null : Number(number), width: this.#width() };
  }

  /** `~N`: the number before it takes N bytes. */
  #width(): number | null {
    if (!this.#cursor.take("~")) return null;
    return Number(this.#cursor.integer("a width in bytes", 1n, 10n).value);
  }
}
