/**
 * The assembler: `.tape` text in, program out. Names are resolved here; ids are given in the order
 * of first use in the text, declarations before functions. See `examples/` for the language at
 * work.
 *
 * @module
 */
import { didYouMean } from "../util/did_you_mean.ts";
import { ProgramBuilder } from "./builder.ts";
import { BuildError, type FunctionBuilder, type Operand, Padded } from "./function_builder.ts";
import { AssembleError, type Source, type Token } from "./lexer.ts";
import { REGISTER } from "./literals.ts";
import type { OperandInfo } from "./opcodes.ts";
import type { Label } from "./operand_types.ts";
import { parseText } from "./parse_text.ts";
import type { AggShape, Program } from "./program.ts";
import type {
  ElemNode,
  FunctionNode,
  InstructionNode,
  ItemNode,
  OperandNode,
  RegNode,
  ShapeNode,
  StatementNode,
  SymbolNode,
} from "./syntax_tree.ts";

export { AssembleError } from "./lexer.ts";

/** Options of `assemble`. */
export interface AssembleOptions {
  /** File name for messages; `<text>` when absent. */
  readonly file?: string;
}

/** A table of the source, as its references see it. */
interface Scope {
  /** What an entry is called in messages. */
  readonly what: string;
  /** Ids by name; -1 for a name that means several entries. */
  readonly ids: Map<string, number>;
}

/** What the functions of a source share. */
interface Context {
  readonly source: Source;
  readonly program: ProgramBuilder;
  readonly funcs: Scope;
  readonly structs: Scope;
  readonly hosts: Scope;
  readonly sigs: Scope;
  /** Field names by struct id. */
  readonly fields: readonly (readonly string[])[];
}

/**
 * Assembles a text. The result is not verified.
 *
 * @throws {AssembleError} On the first mistake, with its place.
 *
 * @example
 * ```ts
 * import { assemble, verify } from "@burin/burin";
 *
 * const program = assemble(`
 *   func main(a: i64, b: i64) -> (i64) {
 *     sum = i64.add a, b
 *     ret sum
 *   }
 * `);
 * verify(program);
 * ```
 */
export function assemble(text: string, options: AssembleOptions = {}): Program {
  const source: Source = { file: options.file ?? "<text>", text };
  const items = parseText(source);
  const context = declare(source, items);
  const { program } = context;
  const funcs = items.filter((item) => item.kind === "func");
  const builders = funcs.map((func) =>
    program.func(null, {
      args: func.args.map((arg) => arg.type),
      results: func.results.map((result) => result.type),
    })
  );
  funcs.forEach((func, i) => assembleFunction(context, func, builders[i]));
  for (const item of items) {
    if (item.kind !== "shape") continue;
    const func = resolve(context, context.funcs, item.func);
    program.shapeArg(func, item.arg, shapeOf(context, item.shape));
  }
  return program.build();
}

function mistake(source: Source, token: Token, problem: string): AssembleError {
  return new AssembleError(source, token.start, token.end, problem);
}

/** Runs `action`; what the builder refuses becomes an error at `token`. */
function at<T>(source: Source, token: Token, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof BuildError) throw mistake(source, token, error.message);
    throw error;
  }
}

/** Fills the tables from the declarations and collects every name of the source. */
function declare(source: Source, items: readonly ItemNode[]): Context {
  const program = new ProgramBuilder();
  const scope = (what: string): Scope => ({ what, ids: new Map() });
  const context = {
    source,
    program,
    funcs: scope("function"),
    structs: scope("struct type"),
    hosts: scope("host function"),
    sigs: scope("signature"),
    fields: [] as (readonly string[])[],
  };
  const define = ({ what, ids }: Scope, token: Token, id: number) => {
    if (ids.has(token.text)) {
      throw mistake(source, token, `there are two ${what}s called \`${token.text}\``);
    }
    ids.set(token.text, id);
  };
  const fresh = { fresh: true };
  let funcs = 0;
  // Explicit tables first: everything else refers to them.
  for (const item of items) {
    if (item.kind === "symbols") item.texts.forEach((text) => program.symbol(text, fresh));
  }
  for (const item of items) {
    switch (item.kind) {
      case "program":
        program.setName(symbolOf(context, item.name));
        break;
      case "constants":
        item.constants.forEach((constant) => program.constant(constant, fresh));
        break;
      case "elems":
        item.types.forEach((type) => program.arrayElem(type, fresh));
        break;
      case "sig": {
        const id = program.callSig(item.signature, fresh);
        if (item.name !== null) define(context.sigs, item.name, id);
        break;
      }
      case "struct": {
        define(context.structs, item.name, program.struct(item.fields, fresh));
        context.fields.push(item.fields.map((field) => field.name));
        break;
      }
      case "host": {
        const { symbol, alias } = item;
        const name = symbol.text === null ? symbol.id as number : symbolOf(context, symbol);
        const hash = item.hash ?? undefined;
        const id = program.host(name, item.signature, { fresh: true, hash });
        if (alias !== null) define(context.hosts, alias, id);
        else if (symbol.text !== null) {
          const { ids } = context.hosts;
          ids.set(symbol.text, ids.has(symbol.text) ? -1 : id);
        }
        break;
      }
      case "func": {
        const id = funcs++;
        if (item.index !== null && BigInt(item.index.text) !== BigInt(id)) {
          throw mistake(source, item.index, `this is function ${id}, not ${item.index.text}`);
        }
        if (item.name === null || item.name.text === null) break;
        if (item.name.plain) define(context.funcs, item.name.token, id);
        break;
      }
    }
  }
  return context;
}

/** The symbol id of a stored name. */
function symbolOf({ source, program }: Context, { token, text, id }: SymbolNode): number {
  if (text === null) throw new Error("internal: a name without text");
  if (id === null) return program.symbol(text);
  if (program.symbolText(id) !== text || id === 0) {
    const actual = program.symbolText(id);
    const found = actual === undefined
      ? "there is no such symbol"
      : `it is ${JSON.stringify(actual)}`;
    throw mistake(source, token, `symbol ${id} is not ${JSON.stringify(text)}: ${found}`);
  }
  return id;
}

/** The id a name or index refers to. An index may lie outside the table: that is verified later. */
function resolve({ source }: Context, { what, ids }: Scope, token: Token): number {
  if (token.kind === "index") {
    const id = Number(token.text);
    if (id < 2 ** 32) return id;
    throw mistake(source, token, "an index must be below 2^32");
  }
  const id = ids.get(token.text);
  if (id === -1) {
    throw mistake(
      source,
      token,
      `there are several ${what}s \`${token.text}\`: give them names of their own, as in ` +
        `\`host add = ${token.text}(…)\``,
    );
  }
  if (id !== undefined) return id;
  const known = [...ids.keys()];
  const hint = didYouMean(token.text, known) ||
    (known.length === 0 ? `: no ${what} is declared` : "");
  throw mistake(source, token, `there is no ${what} \`${token.text}\`${hint}`);
}

function elemOf({ program, source }: Context, { token, type }: ElemNode): number {
  if (type !== null) return program.arrayElem(type);
  if (BigInt(token.text) < 1n << 32n) return Number(token.text);
  throw mistake(source, token, "an index must be below 2^32");
}

function shapeOf(context: Context, shape: ShapeNode): AggShape {
  switch (shape.kind) {
    case "tuple":
      return shape;
    case "struct":
      return { kind: "struct", typeId: resolve(context, context.structs, shape.ref) };
    case "array":
      return { kind: "array", elemTypeId: elemOf(context, shape.elem) };
  }
}

/** A function's own names. */
interface Locals {
  readonly context: Context;
  readonly builder: FunctionBuilder;
  readonly registers: ReadonlyMap<string, number>;
  readonly labels: ReadonlyMap<string, Label>;
  /** Labels that stand at an `@name:` still to come. */
  readonly named: Set<Label>;
}

function assembleFunction(context: Context, func: FunctionNode, builder: FunctionBuilder): void {
  const { source, program } = context;
  if (func.name !== null) program.nameFunction(builder.id, symbolOf(context, func.name));
  const slotNames = (slots: readonly { readonly name: SymbolNode | "_" | null }[]) =>
    slots.some((slot) => slot.name !== null)
      ? slots.map(({ name }) => name === null || name === "_" ? null : symbolOf(context, name))
      : null;
  const argNames = slotNames(func.args);
  if (argNames !== null) builder.nameArgs(argNames);
  const resultNames = slotNames(func.results);
  if (resultNames !== null) builder.nameResults(resultNames);
  func.args.forEach(({ shape }, arg) => {
    if (shape !== null) program.shapeArg(builder.id, arg, shapeOf(context, shape));
  });
  if (func.regCount !== null) builder.setRegCount(func.regCount);
  if (func.counts !== null) builder.setCounts(func.counts.args, func.counts.results);

  const locals: Locals = {
    context,
    builder,
    registers: numberRegisters(source, func),
    ...collectLabels(source, func, builder),
  };
  builder.bytes(new Uint8Array(0));
  for (const statement of func.body) assembleStatement(locals, statement);
}

/** Labels by name: `loop:` and, if the name is free, `@loop:`. */
function collectLabels(
  source: Source,
  func: FunctionNode,
  builder: FunctionBuilder,
): Pick<Locals, "labels" | "named"> {
  const labels = new Map<string, Label>();
  const named = new Set<Label>();
  for (const statement of func.body) {
    if (statement.kind !== "label") continue;
    const { text } = statement.token;
    if (labels.has(text)) {
      throw mistake(source, statement.token, `there are two labels called \`${text}\``);
    }
    labels.set(text, builder.label());
  }
  for (const statement of func.body) {
    if (statement.kind !== "place name" || statement.pc !== null) continue;
    const { text, plain } = statement.symbol;
    if (!plain || text === null || labels.has(text)) continue;
    const label = builder.label();
    labels.set(text, label);
    named.add(label);
  }
  return { labels, named };
}

/** Every register of the body and whether it is written, in table order. */
function* registerUses(
  func: FunctionNode,
): Generator<{ readonly reg: RegNode; readonly written: boolean }> {
  for (const statement of func.body) {
    if (statement.kind !== "instruction") continue;
    const { info, operands } = statement;
    for (let i = 0; i < operands.length; i++) {
      const operand = operands[i];
      const written = info.operands[i].access === "w";
      if (operand.kind === "reg") yield { reg: operand.reg, written };
      else if (operand.kind === "regs") { for (const reg of operand.regs) yield { reg, written }; }
    }
  }
}

/** Numbers of the named registers: arguments first, then the lowest the text does not mention. */
function numberRegisters(source: Source, func: FunctionNode): Map<string, number> {
  const numbers = new Map<string, number>();
  func.args.forEach(({ name }, arg) => {
    if (name === null || name === "_" || !name.plain || name.text === null) return;
    if (REGISTER.test(name.text)) {
      throw mistake(
        source,
        name.token,
        `an argument may not be called ${name.text}: that is a register`,
      );
    }
    if (numbers.has(name.text)) {
      throw mistake(source, name.token, `there are two arguments called \`${name.text}\``);
    }
    numbers.set(name.text, arg + 1);
  });
  const written = new Set(numbers.keys());
  const taken = new Set<number>();
  for (const use of registerUses(func)) {
    if (use.reg.number !== null) taken.add(use.reg.number);
    else if (use.written) written.add(use.reg.token.text);
  }
  let next = func.args.length + 1;
  for (const { reg } of registerUses(func)) {
    const { text } = reg.token;
    if (reg.number !== null || numbers.has(text)) continue;
    if (!written.has(text)) {
      throw mistake(
        source,
        reg.token,
        `register \`${text}\` is read but never written${didYouMean(text, written)}`,
      );
    }
    while (taken.has(next)) next++;
    numbers.set(text, next++);
  }
  return numbers;
}

function assembleStatement(locals: Locals, statement: StatementNode): void {
  const { context, builder, labels } = locals;
  switch (statement.kind) {
    case "instruction":
      return assembleInstruction(locals, statement);
    case "label":
      builder.place(labels.get(statement.token.text) as Label);
      return;
    case "place name": {
      const { symbol, pc } = statement;
      builder.namePlace(symbolOf(context, symbol), pc ?? builder.pc);
      // The first `@loop:` is where `jmp loop` goes, unless there is a `loop:` as well.
      const label = symbol.plain && pc === null ? labels.get(symbol.text as string) : undefined;
      if (label !== undefined && locals.named.delete(label)) builder.place(label);
      return;
    }
    case "alias":
      context.program.nameFunction(builder.id, symbolOf(context, statement.symbol));
      return;
    case "span":
      builder.span(statement.id);
      return;
    case "spans":
      builder.spanTable(BigUint64Array.from(statement.pairs));
      return;
    case "bytes":
      builder.bytes(statement.bytes);
      return;
  }
}

function assembleInstruction(locals: Locals, node: InstructionNode): void {
  const { context, builder } = locals;
  const operands = node.operands.map((operand, i) =>
    operandOf(locals, node.info.operands[i], operand)
  );
  at(context.source, node.token, () => builder.emit(node.info, operands));
}

function operandOf(locals: Locals, info: OperandInfo, node: OperandNode): Operand {
  switch (node.kind) {
    case "reg":
      return regOf(locals, node.reg);
    case "regs":
      return node.regs.map((reg) => regOf(locals, reg));
    case "number":
      return padded(node.value, node.width);
    case "constant":
      return locals.context.program.constant(node.constant);
    case "elem":
      return padded(elemOf(locals.context, node.elem), node.width);
    case "signature":
      return padded(locals.context.program.callSig(node.signature), node.width);
    case "ref":
      return padded(referenceOf(locals, info, node.token), node.width);
  }
}

function padded<T extends number | bigint | Label>(value: T, width: number | null): T | Padded<T> {
  return width === null ? value : new Padded(value, width);
}

function regOf({ registers }: Locals, { number, token, width }: RegNode): number | Padded<number> {
  return padded(number ?? registers.get(token.text) as number, width);
}

function referenceOf(locals: Locals, info: OperandInfo, token: Token): number | Label {
  const { context, labels } = locals;
  switch (info.name) {
    case "func_id":
      return resolve(context, context.funcs, token);
    case "host_sig":
      return resolve(context, context.hosts, token);
    case "call_sig":
      return resolve(context, context.sigs, token);
    case "type_id":
      return resolve(context, context.structs, token);
    case "idx":
      return Number(token.text);
    case "field_index":
      return fieldOf(context, token);
  }
  const label = labels.get(token.text);
  if (label !== undefined) return label;
  throw mistake(
    context.source,
    token,
    `there is no label \`${token.text}\` in this function${didYouMean(token.text, labels.keys())}`,
  );
}

/** The position of the field that `Struct.field` names. */
function fieldOf(context: Context, token: Token): number {
  const { source, structs, fields } = context;
  const dot = token.text.lastIndexOf(".");
  if (dot < 0) {
    throw mistake(source, token, `expected a field such as \`Point.x\`, found \`${token.text}\``);
  }
  const struct = { ...token, text: token.text.slice(0, dot) };
  const names = fields[resolve(context, structs, struct)];
  const field = token.text.slice(dot + 1);
  const index = names.indexOf(field);
  if (index >= 0) return index;
  throw mistake(
    source,
    token,
    `struct \`${struct.text}\` has no field \`${field}\`: it has ${names.join(", ")}`,
  );
}
