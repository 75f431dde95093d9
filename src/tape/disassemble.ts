/**
 * The disassembler: a program as `.tape` text that assembles to the same bytes. Ids are printed as
 * names and literals as long as the assembler, which numbers things by first use, would give them
 * the same ids; a table it would number differently is printed in full.
 *
 * @module
 */
import { CodeError } from "./code.ts";
import { inferRegCount, slebWidth, TARGET_WIDTH, ulebWidth } from "./function_builder.ts";
import { type Instruction, type InstructionOperand, instructions } from "./instructions.ts";
import { constantKey, signatureKey } from "./keys.ts";
import {
  formatConstant,
  formatDecimal,
  formatFloat,
  formatName,
  formatString,
  NAME,
  REGISTER,
} from "./literals.ts";
import { Op } from "./opcodes.ts";
import type { AggShape, ArgShape, LabelName, Program, TapeFunction } from "./program.ts";
import { formatSignature, signatureHash } from "./types.ts";

export { type Instruction, type InstructionOperand, instructions } from "./instructions.ts";

/** Options of `disassemble`. */
export interface DisassembleOptions {
  /** Adds the byte offset of every instruction as a comment, the pc that traps show. */
  readonly offsets?: boolean;
}

/**
 * Prints a program as text: for every program, verified or not, `assemble` of the text encodes to
 * the same bytes as the program itself. Code that does not decode is printed as bytes.
 *
 * @example
 * ```ts
 * import { assemble, disassemble } from "@burin/burin";
 *
 * const program = assemble("func main() -> (i64) {\n  x = const.i64 5\n  ret x\n}");
 * console.log(disassemble(program));
 * // func main() -> (i64) {
 * //   r1 = const.i64 5
 * //   ret r1
 * // }
 * ```
 */
export function disassemble(program: Program, options: DisassembleOptions = {}): string {
  return new Printer(program, options).print();
}

/** Which entries of a table the text mentions in a way that makes the assembler number them. */
class Usage {
  /** First entry equal to each entry: only that one can be named by its contents. */
  readonly #first: readonly number[];
  readonly #start: number;
  #next: number;
  #inOrder = true;

  /** Follows the entries of a table from `start` on, equal when their keys are. */
  constructor(keys: readonly string[], start = 0) {
    const seen = new Map<string, number>();
    this.#first = keys.map((key, id) => {
      if (id < start) return -1;
      if (!seen.has(key)) seen.set(key, id);
      return seen.get(key) as number;
    });
    this.#start = start;
    this.#next = start;
  }

  /** Whether entry `id` can be mentioned by its contents; if so, that counts as a use. */
  use(id: number): boolean {
    if (id < this.#start || this.#first[id] !== id) return false;
    if (id === this.#next) this.#next++;
    else if (id > this.#next) this.#inOrder = false;
    return true;
  }

  /** Whether the uses so far make the assembler build the same table. */
  get complete(): boolean {
    return this.#inOrder && this.#next === Math.max(this.#first.length, this.#start);
  }
}

class Printer {
  readonly #program: Program;
  readonly #offsets: boolean;
  readonly #symbols: Usage;
  readonly #constants: Usage;
  readonly #elems: Usage;
  readonly #sigs: Usage;
  /** How the source refers to each function and host function. */
  readonly #funcRefs: string[];
  readonly #hostRefs: string[];
  readonly #inlineShapes: boolean;

  constructor(program: Program, options: DisassembleOptions) {
    this.#program = program;
    this.#offsets = options.offsets ?? false;
    this.#symbols = new Usage(program.symbols, 1);
    this.#constants = new Usage(program.constants.map(constantKey));
    this.#elems = new Usage(program.arrayElems);
    this.#sigs = new Usage(program.callSigs.map(signatureKey));
    this.#funcRefs = this.#nameFunctions();
    const hostTexts = program.hostSigs.map((host) => program.symbols[host.symbol]);
    this.#hostRefs = hostTexts.map((text, id) => {
      const unique = text !== undefined && hostTexts.indexOf(text) === hostTexts.lastIndexOf(text);
      return unique ? formatName(text) : `#${id}`;
    });
    this.#inlineShapes = this.#shapesInOrder();
  }

  print(): string {
    const { symbols, constants, arrayElems, callSigs, structs, hostSigs, argShapes } =
      this.#program;
    const program = this.#program.name === 0 ? [] : [`program ${this.#symbol(this.#program.name)}`];
    const structLines = structs.map(({ fields }, id) => {
      const list = fields.map(({ name, type }) => `${formatName(name)}: ${type}`);
      return `struct S${id} {${list.length === 0 ? "" : ` ${list.join(", ")} `}}`;
    });
    const hosts = hostSigs.map((host) => {
      const known = host.symbol > 0 && host.symbol < symbols.length;
      const symbol = known ? this.#symbol(host.symbol) : `#${host.symbol} `;
      const hash = host.hash === signatureHash(host) ? "" : ` hash 0x${host.hash.toString(16)}`;
      return `host ${symbol}${formatSignature(host)}${hash}`;
    });
    const functions = this.#program.functions.map((func, id) => this.#function(func, id));
    const shapes = this.#inlineShapes
      ? []
      : argShapes.map(({ func, arg, shape }) => `shape #${func}, ${arg}, ${this.#shape(shape)}`);
    const table = (name: string, entries: readonly string[], complete: boolean, from = 0) =>
      complete
        ? []
        : [`${name} {`, ...entries.map((entry, i) => `  ${entry.padEnd(24)} ; #${i + from}`), "}"];
    // Only now is it known which tables have to be spelled out.
    const groups = [
      table("symbols", symbols.slice(1).map(formatString), this.#symbols.complete, 1),
      program,
      table("constants", constants.map(formatConstant), this.#constants.complete),
      table("elems", arrayElems, this.#elems.complete),
      this.#sigs.complete ? [] : callSigs.map((sig) => `sig ${formatSignature(sig)}`),
      structLines,
      hosts,
      ...functions,
      shapes,
    ];
    const text = groups.filter((group) => group.length > 0).map((group) => group.join("\n"));
    return text.length === 0 ? "" : `${text.join("\n\n")}\n`;
  }

  /** A stored name. */
  #symbol(id: number, quoted = false): string {
    const text = this.#program.symbols[id];
    const shown = quoted ? formatString(text) : formatName(text);
    return this.#symbols.use(id) ? shown : `${shown}#${id}`;
  }

  #nameFunctions(): string[] {
    const taken = new Set<string>();
    const { functions, functionNames, symbols } = this.#program;
    const refs = functions.map((_, id) => `#${id}`);
    for (const { func, symbol } of functionNames) {
      const text = symbols[symbol];
      if (refs[func] !== `#${func}` || !NAME.test(text) || taken.has(text)) continue;
      // Only the name in the function's head can be referred to.
      if (functionNames.find((name) => name.func === func)?.symbol !== symbol) continue;
      taken.add(text);
      refs[func] = text;
    }
    return refs;
  }

  /** Whether the shapes come in the order of their arguments, each of which can carry one. */
  #shapesInOrder(): boolean {
    const { argShapes, functions } = this.#program;
    return argShapes.every(({ func, arg }, i) => {
      const before = argShapes[i - 1];
      const ascending = before === undefined || before.func < func ||
        before.func === func && before.arg < arg;
      return ascending && functions[func]?.args[arg] === "agg";
    });
  }

  #shape(shape: AggShape): string {
    switch (shape.kind) {
      case "tuple":
        return `tuple(${shape.elements.map((type) => type ?? "?").join(", ")})`;
      case "struct":
        return `struct ${this.#struct(shape.typeId)}`;
      case "array":
        return `array ${this.#elem(shape.elemTypeId)}`;
    }
  }

  #struct(id: number): string {
    return id < this.#program.structs.length ? `S${id}` : `#${id}`;
  }

  #elem(id: number): string {
    return this.#elems.use(id) ? this.#program.arrayElems[id] : `#${id}`;
  }

  // Functions.

  #function(func: TapeFunction, id: number): string[] {
    const { functionNames, labelNames } = this.#program;
    const names = functionNames.filter((name) => name.func === id);
    const ref = this.#funcRefs[id];
    let head = `func ${ref.startsWith("#") ? `${ref}${names.length > 0 ? " " : ""}` : ""}`;
    if (names.length > 0) head += this.#symbol(names[0].symbol, ref.startsWith("#"));
    const argRegs = new Map<number, string>();
    const args = this.#args(func, id, argRegs);
    const results = this.#slots(func.results, func.resultNames);
    head += `(${args.join(", ")})${results.length > 0 ? ` -> (${results.join(", ")})` : ""}`;

    const body = names.slice(1).map((name) => `.alias ${this.#symbol(name.symbol)}`);
    const places = labelNames.filter((label) => label.func === id);
    const list = decode(this.#program, id);
    if (list === null) {
      for (const place of places) body.push(`.name ${place.pc}, ${this.#symbol(place.symbol)}`);
      body.push(...spanTable(func.spans), ...bytesLines(func.code));
    } else this.#body(func, list, places, argRegs, body);
    const regCount = inferRegCount(list === null ? 0 : highestReg(list), func.args.length);
    if (func.regCount !== regCount) head += ` regs ${func.regCount}`;
    if (func.argCount !== func.args.length || func.resultCount !== func.results.length) {
      head += ` counts ${func.argCount} ${func.resultCount}`;
    }
    const indented = body.map((line) => /^[A-Za-z0-9_]+:$|^@/.test(line) ? line : `  ${line}`);
    return [`${head} {`, ...indented, "}"];
  }

  /** Appends the lines of a function that decodes. */
  #body(
    func: TapeFunction,
    list: readonly Instruction[],
    places: readonly LabelName[],
    argRegs: ReadonlyMap<number, string>,
    lines: string[],
  ): void {
    const { symbols } = this.#program;
    const boundaries = new Set([...list.map(({ pc }) => pc), func.code.length]);
    const isBoundary = (pc: number) => boundaries.has(pc);
    const placesAt = Map.groupBy(places, (place) => place.pc);
    for (const place of places) {
      if (!isBoundary(place.pc)) lines.push(`.name ${place.pc}, ${this.#symbol(place.symbol)}`);
    }
    const spans = spanLines(func.spans, isBoundary);
    if (spans === null) lines.push(...spanTable(func.spans));
    // A stored name stands for a label when this is the first place it names.
    const firstPlace = new Map<string, number>();
    for (const place of places) {
      const text = symbols[place.symbol];
      if (!firstPlace.has(text)) firstPlace.set(text, place.pc);
    }
    const labels = placeLabels(
      list,
      isBoundary,
      (pc) =>
        placesAt.get(pc)?.map((place) => symbols[place.symbol]).find((text) =>
          NAME.test(text) && !/^L[0-9]+$/.test(text) && firstPlace.get(text) === pc
        ),
    );
    const label = (pc: number) => labels.get(pc)?.text;
    const mark = (pc: number) => {
      const span = spans?.get(pc);
      if (span !== undefined) lines.push(`.span ${span}`);
      if (labels.get(pc)?.generated) lines.push(`${label(pc)}:`);
      for (const place of placesAt.get(pc) ?? []) lines.push(`@${this.#symbol(place.symbol)}:`);
    };
    for (const instruction of list) {
      const { pc, length, info } = instruction;
      mark(pc);
      const line = hasPaddedCount(instruction)
        ? `.bytes 0x${func.code.subarray(pc, pc + length).toHex()} ; ${info.mnemonic}`
        : this.#instruction(instruction, argRegs, label);
      lines.push(this.#offsets ? `${line.padEnd(39)} ; ${pc}` : line);
    }
    mark(func.code.length);
  }

  /** Argument declarations; `regs` gets the names that stand for registers. */
  #args(func: TapeFunction, id: number, regs: Map<number, string>): string[] {
    const { args, argNames } = func;
    const shapes = this.#inlineShapes
      ? this.#program.argShapes.filter((entry) => entry.func === id)
      : [];
    const named = argNames !== null && argNames.length === args.length;
    const taken = new Set<string>();
    const heads = args.map((_, i) => {
      if (!named) return "";
      const symbol = argNames[i];
      if (symbol === 0) return "_: ";
      const text = this.#program.symbols[symbol];
      const plain = NAME.test(text) && !REGISTER.test(text) && text !== "_" && !taken.has(text);
      if (plain) {
        taken.add(text);
        regs.set(i + 1, text);
      }
      return `${this.#symbol(symbol, !plain)}: `;
    });
    return args.map((type, i) => {
      const entry = shapes.find((shape: ArgShape) => shape.arg === i);
      return heads[i] + (entry === undefined ? type : this.#shape(entry.shape));
    });
  }

  #slots(types: readonly string[], names: readonly number[] | null): string[] {
    if (names === null || names.length !== types.length) return [...types];
    return types.map((type, i) => {
      if (names[i] === 0) return `_: ${type}`;
      return `${this.#symbol(names[i], this.#program.symbols[names[i]] === "_")}: ${type}`;
    });
  }

  // Instructions.

  #instruction(
    instruction: Instruction,
    argRegs: ReadonlyMap<number, string>,
    label: (pc: number) => string | undefined,
  ): string {
    const { info, operands } = instruction;
    const reg = (value: number, width: number) =>
      (argRegs.get(value) ?? `r${value}`) + suffix(width, ulebWidth(BigInt(value)));
    const regs = (operand: InstructionOperand) =>
      (operand.value as readonly number[]).map((value, i) => reg(value, operand.widths[i + 1]));
    const written: string[] = [];
    const rest: string[] = [];
    const effects: string[] = [];
    let callee = "";
    let as = "";
    for (const operand of operands) {
      const { name, kind, access } = operand.info;
      const one = () => reg(operand.value as number, operand.widths[0]);
      if (name.startsWith("eff_")) {
        if (operand.value !== 0 || operand.widths[0] !== 1) effects.push(` ${name}=${one()}`);
      } else if (access === "w") written.push(...kind === "regs" ? regs(operand) : [one()]);
      else if (name === "callee") callee = one();
      else if (kind === "regs") rest.push(...regs(operand));
      else if (kind === "reg") rest.push(one());
      else if (name === "func_id" && info.opcode === Op.Call || name === "host_sig") {
        callee = this.#immediate(instruction, operand, label);
      } else if (name === "call_sig") {
        as = ` as ${this.#immediate(instruction, operand, label)}`;
      } else if (info.opcode !== Op.ConstDecimal || name === "mantissa") {
        rest.push(this.#immediate(instruction, operand, label));
      }
    }
    const left = written.length > 0 ? `${written.join(", ")} = ` : "";
    const right = callee !== ""
      ? ` ${callee}(${rest.join(", ")})${as}`
      : rest.length > 0
      ? ` ${rest.join(", ")}`
      : "";
    return `${left}${info.mnemonic}${right}${effects.join("")}`;
  }

  #immediate(
    instruction: Instruction,
    operand: InstructionOperand,
    label: (pc: number) => string | undefined,
  ): string {
    const { name, kind } = operand.info;
    const value = operand.value as number | bigint;
    const width = operand.widths[0];
    const isTarget = name.startsWith("pc_");
    const usual = isTarget
      ? TARGET_WIDTH
      : kind === "sleb64"
      ? slebWidth(BigInt(value))
      : ulebWidth(BigInt(value));
    const padding = suffix(width, usual);
    if (isTarget) return (label(value as number) ?? String(value)) + padding;
    switch (name) {
      case "mantissa": {
        const scale = instruction.operands[2].value as number;
        return formatDecimal(value as bigint, scale) + padding;
      }
      case "bits":
        return formatFloat(value as bigint);
      case "idx": {
        const constant = this.#program.constants[value as number];
        // An inline constant has no place for a width.
        return padding === "" && this.#constants.use(value as number)
          ? formatConstant(constant)
          : `#${value}${padding}`;
      }
      case "func_id":
        return (this.#funcRefs[value as number] ?? `#${value}`) + padding;
      case "host_sig":
        return (this.#hostRefs[value as number] ?? `#${value}`) + padding;
      case "call_sig": {
        const known = this.#sigs.use(value as number);
        return (known ? formatSignature(this.#program.callSigs[value as number]) : `#${value}`) +
          padding;
      }
      case "type_id":
        return this.#struct(value as number) + padding;
      case "elem_type_id":
        return this.#elem(value as number) + padding;
    }
    if (kind === "bool8" && value <= 1) return String(value === 1);
    return kind === "u8" || kind === "bool8" ? String(value) : `${value}${padding}`;
  }
}

function suffix(width: number, usual: number): string {
  return width === usual ? "" : `~${width}`;
}

function decode(program: Program, func: number): Instruction[] | null {
  try {
    return instructions(program, func);
  } catch (error) {
    if (error instanceof CodeError) return null;
    throw error;
  }
}

/** Whether a list's count is padded, which has no notation: the instruction is printed as bytes. */
function hasPaddedCount({ operands }: Instruction): boolean {
  return operands.some(({ info, value, widths }) =>
    info.kind === "regs" && widths[0] !== ulebWidth(BigInt((value as readonly number[]).length))
  );
}

/** The highest register that instructions mention, other than those printed as bytes. */
function highestReg(list: readonly Instruction[]): number {
  let highest = 0;
  for (const instruction of list) {
    if (hasPaddedCount(instruction)) continue;
    for (const reg of instruction.reads) highest = Math.max(highest, reg);
    for (const reg of instruction.writes) highest = Math.max(highest, reg);
  }
  return highest;
}

function bytesLines(code: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < code.length; at += 32) {
    lines.push(`.bytes 0x${code.subarray(at, at + 32).toHex()}`);
  }
  return lines;
}

/** A span table as it is. */
function spanTable(spans: BigUint64Array): string[] {
  if (spans.length === 0) return [];
  const pairs: string[] = [];
  for (let i = 0; i < spans.length; i += 2) pairs.push(`${spans[i]}:${spans[i + 1]}`);
  return [`.spans ${pairs.join(", ")}`];
}

/** A place that branches go to. */
interface PlaceLabel {
  readonly text: string;
  /** Whether the label has to be written, because no stored name stands for it. */
  readonly generated: boolean;
}

/**
 * Labels by place for the branch targets of `list`; `named` tells the stored name that can be used
 * for a place, if there is one. Targets that are no instruction's start get none.
 */
function placeLabels(
  list: readonly Instruction[],
  isBoundary: (pc: number) => boolean,
  named: (pc: number) => string | undefined,
): Map<number, PlaceLabel> {
  const targets = [...new Set(list.flatMap((instruction) => instruction.targets))]
    .filter(isBoundary).sort((a, b) => a - b);
  let next = 1;
  return new Map(targets.map((pc) => {
    const name = named(pc);
    return [pc, { text: name ?? `L${next++}`, generated: name === undefined }];
  }));
}

/** Span ids by place, or null when the table is not one that `.span` lines make. */
function spanLines(
  spans: BigUint64Array,
  isBoundary: (pc: number) => boolean,
): Map<number, bigint> | null {
  const lines = new Map<number, bigint>();
  let position = 0n;
  for (let i = 0; i < spans.length; i += 2) {
    position += spans[i];
    const pc = Number(position);
    if (i > 0 && spans[i] === 0n || !isBoundary(pc)) return null;
    lines.set(pc, spans[i + 1]);
  }
  return lines;
}
