/**
 * Writes one function's bytecode: typed instructions by mnemonic, labels, spans, raw bytes.
 * Integers take their shortest form and branch targets five bytes, as in the reference assembler
 * (specification §12.1); `Padded` overrides the width of a single number.
 *
 * @module
 */
import { ByteWriter } from "../util/bytes.ts";
import { didYouMean } from "../util/did_you_mean.ts";
import type { ProgramBuilder } from "./builder.ts";
import { type OpcodeInfo, OPCODES, type OperandInfo } from "./opcodes.ts";
import type { FuncRef, Label, Mnemonic, OperandTypes, Reg } from "./operand_types.ts";
import type { Constant, TapeFunction } from "./program.ts";
import type { Signature } from "./types.ts";
import { f64Bits } from "./value.ts";

/** What was wrong in a use of the builder. */
export type BuildErrorKind =
  | "UnresolvedLabel"
  | "MissingFunctionBody"
  | "BadOperand"
  | "BadName"
  | "BadType"
  | "BadId";

/** A mistake in the use of the builder. */
export class BuildError extends Error {
  /** Kind of mistake. */
  readonly kind: BuildErrorKind;
  /** Creates an error. */
  constructor(kind: BuildErrorKind, message: string) {
    super(message);
    this.name = "BuildError";
    this.kind = kind;
  }
}

/** Opcode table rows by mnemonic. */
export const MNEMONICS: ReadonlyMap<string, OpcodeInfo> = new Map(
  [...OPCODES.values()].map((info) => [info.mnemonic, info]),
);

/** Bytes of a branch target unless it is `Padded`. */
export const TARGET_WIDTH = 5;

/** A number encoded in exactly `width` bytes of LEB128 instead of the fewest. */
export class Padded<T extends number | bigint | Label = number | bigint | Label> {
  /** The number, or the label that stands for one. */
  readonly value: T;
  /** Bytes it takes, 1 to 10. */
  readonly width: number;
  /** Wraps `value`. */
  constructor(value: T, width: number) {
    this.value = value;
    this.width = width;
  }
}

/** An operand of `FunctionBuilder.emit`. */
export type Operand =
  | number
  | bigint
  | boolean
  | Label
  | Constant
  | FuncRef
  | Padded
  | readonly (Reg | Padded<number>)[];

/** How many bytes `value` takes as shortest unsigned LEB128. */
export function ulebWidth(value: bigint): number {
  let width = 1;
  for (value >>= 7n; value > 0n; value >>= 7n) width++;
  return width;
}

/** How many bytes `value` takes as shortest signed LEB128. */
export function slebWidth(value: bigint): number {
  let width = 1;
  for (; value < -64n || value > 63n; value >>= 7n) width++;
  return width;
}

class PlacedLabel implements Label {
  readonly name: string | undefined;
  readonly func: number;
  /** Symbol id of the name, 0 for none. */
  symbol = 0;
  pc = -1;

  constructor(func: number, name: string | undefined) {
    this.func = func;
    this.name = name;
  }
}

/** A branch target to fill in: `width` bytes at `at`. */
interface Fixup {
  readonly at: number;
  readonly width: number;
  readonly label: PlacedLabel;
}

/** A finished function and its label names. */
export interface FinishedFunction {
  /** The function. */
  readonly func: TapeFunction;
  /** Named places. */
  readonly labels: readonly { readonly pc: number; readonly symbol: number }[];
}

/** One number ready to be written. */
interface Leb {
  readonly value: bigint;
  readonly width: number;
}

/** Writes a function; made by `ProgramBuilder.func`. All methods but the makers return `this`. */
export class FunctionBuilder {
  /** The function's id. */
  readonly id: number;
  /** Argument and result types. */
  readonly signature: Signature;
  /** The registers the arguments arrive in: 1, 2, … */
  readonly args: readonly Reg[];
  readonly #program: ProgramBuilder;
  readonly #code = new ByteWriter();
  readonly #fixups: Fixup[] = [];
  readonly #labels: PlacedLabel[] = [];
  readonly #names: { pc: number; symbol: number }[] = [];
  readonly #spans: { pc: number; id: bigint }[] = [];
  #spanTable: BigUint64Array | undefined;
  #argNames: readonly number[] | null = null;
  #resultNames: readonly number[] | null = null;
  #counts: { args: number; results: number } | undefined;
  #regCount: number | undefined;
  #nextReg: number;
  #highest = 0;
  #hasBody = false;

  /** Creates the builder of function `id` of `program`. */
  constructor(program: ProgramBuilder, id: number, signature: Signature) {
    this.#program = program;
    this.id = id;
    this.signature = signature;
    this.args = signature.args.map((_, i) => i + 1);
    this.#nextReg = signature.args.length + 1;
  }

  /** Byte offset of the next instruction. */
  get pc(): number {
    return this.#code.length;
  }

  /** A register not handed out before. */
  reg(): Reg {
    return this.#nextReg++;
  }

  /** `count` registers not handed out before. */
  regs(count: number): Reg[] {
    return Array.from({ length: count }, () => this.reg());
  }

  /** A label to branch to; with a name, the place is named in the program. */
  label(name?: string): Label {
    const label = new PlacedLabel(this.id, name);
    if (name !== undefined) label.symbol = this.#program.symbol(name);
    this.#labels.push(label);
    return label;
  }

  /** Puts `label` before the next instruction. Placing it again moves it. */
  place(label: Label): this {
    this.#own(label).pc = this.pc;
    this.#hasBody = true;
    return this;
  }

  /** Names the byte offset `pc`, by default that of the next instruction. */
  namePlace(name: string | number, pc: number = this.pc): this {
    this.#names.push({ pc, symbol: this.#program.symbolId(name) });
    return this;
  }

  /** Starts span `id` (1 to 2^64 - 1) at the next instruction; the last one at a place counts. */
  span(id: number | bigint): this {
    const span = BigInt(id);
    if (span < 1n || span >= 1n << 64n) {
      throw new BuildError("BadOperand", `a span id must be from 1 to 2^64 - 1: got ${id}`);
    }
    if (this.#spans.at(-1)?.pc === this.pc) this.#spans.pop();
    this.#spans.push({ pc: this.pc, id: span });
    return this;
  }

  /** Uses `pairs` of (pc delta, span id) as the span table, instead of calls of `span`. */
  spanTable(pairs: BigUint64Array): this {
    this.#spanTable = pairs;
    return this;
  }

  /** Names the arguments: symbol texts or ids, null or 0 for an argument without a name. */
  nameArgs(names: readonly (string | number | null)[]): this {
    this.#argNames = this.#nameList(names, this.signature.args.length, "argument");
    return this;
  }

  /** Names the results: symbol texts or ids, null or 0 for a result without a name. */
  nameResults(names: readonly (string | number | null)[]): this {
    this.#resultNames = this.#nameList(names, this.signature.results.length, "result");
    return this;
  }

  /** Sets the register count, instead of one more than the highest register mentioned. */
  setRegCount(count: number): this {
    this.#regCount = uint32(count, "register count");
    return this;
  }

  /** Sets the function table's counts, instead of those of the signature. */
  setCounts(args: number, results: number): this {
    this.#counts = {
      args: uint32(args, "argument count"),
      results: uint32(results, "result count"),
    };
    return this;
  }

  /**
   * Appends an instruction. The operand types follow from the mnemonic: the table's operands
   * without the effect registers, which are r0.
   *
   * @throws {BuildError} `BadOperand` for a number out of range or a label of another function.
   */
  op<M extends Mnemonic>(mnemonic: M, ...operands: OperandTypes[M]): this {
    const info = MNEMONICS.get(mnemonic);
    if (info === undefined) {
      throw new BuildError(
        "BadOperand",
        `there is no instruction ${mnemonic}${didYouMean(mnemonic, MNEMONICS.keys())}`,
      );
    }
    let next = 0;
    return this.emit(
      info,
      info.operands.map(({ name }) =>
        name.startsWith("eff_") ? 0 : (operands as readonly Operand[])[next++]
      ),
    );
  }

  /** Appends an instruction with all operands of its table row, effect registers included. */
  emit(info: OpcodeInfo, operands: readonly Operand[]): this {
    if (operands.length !== info.operands.length) {
      throw new BuildError(
        "BadOperand",
        `${info.mnemonic} takes ${info.operands.length} operands: got ${operands.length}`,
      );
    }
    // Everything is checked before the first byte is written.
    const pieces = info.operands.map((operand, i) => this.#prepare(info, operand, operands[i]));
    this.#hasBody = true;
    this.#code.u8(info.opcode);
    for (const piece of pieces) piece();
    return this;
  }

  /** Appends bytes as they are: any encoding, or none at all for an empty body. */
  bytes(code: Uint8Array): this {
    this.#code.bytes(code);
    this.#hasBody = true;
    return this;
  }

  /**
   * The function and its label names.
   *
   * @throws {BuildError} `MissingFunctionBody` or `UnresolvedLabel`.
   */
  finish(): FinishedFunction {
    if (!this.#hasBody) {
      throw new BuildError("MissingFunctionBody", `function ${this.id} has no body`);
    }
    const code = this.#code.toBytes();
    for (const { at, width, label } of this.#fixups) {
      this.#resolve(label);
      if (label.pc >= 2 ** (7 * width)) {
        throw new BuildError(
          "BadOperand",
          `branch target ${label.pc} does not fit the ${width} bytes given to it in function ${this.id}`,
        );
      }
      // `pc` is below 2^31, so bytes past the fifth hold no payload.
      for (let k = 0; k < width; k++) {
        const payload = k < 5 ? (label.pc >>> (7 * k)) & 0x7f : 0;
        code[at + k] = payload | (k < width - 1 ? 0x80 : 0);
      }
    }
    const labels = this.#names.slice();
    for (const label of this.#labels) {
      if (label.symbol === 0) continue;
      this.#resolve(label);
      labels.push({ pc: label.pc, symbol: label.symbol });
    }
    const { args, results } = this.signature;
    return {
      labels,
      func: {
        args,
        results,
        argCount: this.#counts?.args ?? args.length,
        resultCount: this.#counts?.results ?? results.length,
        regCount: this.#regCount ?? inferRegCount(this.#highest, args.length),
        code,
        spans: this.#spanTable ?? this.#spanPairs(),
        argNames: this.#argNames,
        resultNames: this.#resultNames,
      },
    };
  }

  #spanPairs(): BigUint64Array {
    const pairs = new BigUint64Array(this.#spans.length * 2);
    this.#spans.forEach(({ pc, id }, i) => {
      pairs[2 * i] = BigInt(pc - (i === 0 ? 0 : this.#spans[i - 1].pc));
      pairs[2 * i + 1] = id;
    });
    return pairs;
  }

  #nameList(
    names: readonly (string | number | null)[],
    count: number,
    what: string,
  ): readonly number[] | null {
    if (names.length !== count) {
      throw new BuildError(
        "BadName",
        `function ${this.id} has ${count} ${what}s: got ${names.length} names`,
      );
    }
    // The container cannot tell an empty list from none.
    if (count === 0) return null;
    return names.map((name) => name === null || name === 0 ? 0 : this.#program.symbolId(name));
  }

  #own(label: Label): PlacedLabel {
    if (!(label instanceof PlacedLabel) || label.func !== this.id) {
      throw new BuildError(
        "BadOperand",
        `a label of function ${label.func} was used in function ${this.id}`,
      );
    }
    return label;
  }

  #resolve(label: PlacedLabel): void {
    if (label.pc >= 0) return;
    const name = label.name === undefined ? "" : ` ${JSON.stringify(label.name)}`;
    throw new BuildError(
      "UnresolvedLabel",
      `a label${name} of function ${this.id} is used but not placed`,
    );
  }

  /** Checks one operand and returns what writes it. */
  #prepare(info: OpcodeInfo, operand: OperandInfo, value: Operand): () => void {
    const code = this.#code;
    switch (operand.kind) {
      case "reg": {
        const reg = this.#reg(info, operand, value);
        return () => this.#leb(reg, false);
      }
      case "regs": {
        if (!Array.isArray(value)) throw badOperand(info, operand, "a list of registers", value);
        const regs = (value as readonly Operand[]).map((reg) => this.#reg(info, operand, reg));
        return () => {
          code.uleb(regs.length);
          for (const reg of regs) this.#leb(reg, false);
        };
      }
      case "uleb32": {
        if (operand.name.startsWith("pc_")) return this.#target(info, operand, value);
        const leb = this.#number(info, operand, this.#id(operand, value), 0n, (1n << 32n) - 1n);
        return () => this.#leb(leb, false);
      }
      case "uleb64": {
        const leb = this.#number(info, operand, value, 0n, (1n << 64n) - 1n);
        return () => this.#leb(leb, false);
      }
      case "sleb64": {
        const leb = this.#number(info, operand, value, -(1n << 63n), (1n << 63n) - 1n);
        return () => this.#leb(leb, true);
      }
      case "u64le": {
        const bits = typeof value === "number" ? f64Bits(value) : value;
        const { value: checked } = this.#number(info, operand, bits, 0n, (1n << 64n) - 1n);
        return () => code.u64le(checked);
      }
      case "u8":
      case "bool8": {
        const byte = typeof value === "boolean" ? Number(value) : value;
        const { value: checked } = this.#number(info, operand, byte, 0n, 255n);
        return () => code.u8(Number(checked));
      }
    }
  }

  /** Function references and constants become ids. */
  #id(operand: OperandInfo, value: Operand): Operand {
    if (typeof value !== "object" || value instanceof Padded || Array.isArray(value)) return value;
    if (operand.name === "func_id" && "id" in value) return value.id;
    if (operand.name === "idx" && "type" in value) return this.#program.constant(value);
    return value;
  }

  #reg(info: OpcodeInfo, operand: OperandInfo, value: Operand): Leb {
    const leb = this.#number(info, operand, value, 0n, (1n << 32n) - 1n);
    this.#highest = Math.max(this.#highest, Number(leb.value));
    return leb;
  }

  #target(info: OpcodeInfo, operand: OperandInfo, value: Operand): () => void {
    const width = value instanceof Padded ? value.width : TARGET_WIDTH;
    const target = value instanceof Padded ? value.value : value;
    if (typeof target === "number" || typeof target === "bigint") {
      const padded = new Padded(target, width);
      const leb = this.#number(info, operand, padded, 0n, (1n << 32n) - 1n);
      return () => this.#leb(leb, false);
    }
    if (!(target instanceof PlacedLabel)) throw badOperand(info, operand, "a label", target);
    const label = this.#own(target);
    checkWidth(info, operand, width);
    return () => {
      this.#fixups.push({ at: this.pc, width, label });
      this.#code.bytes(new Uint8Array(width));
    };
  }

  #number(
    info: OpcodeInfo,
    operand: OperandInfo,
    value: Operand,
    min: bigint,
    max: bigint,
  ): Leb {
    const number = value instanceof Padded ? value.value : value;
    const integral = typeof number === "bigint" ||
      typeof number === "number" && Number.isSafeInteger(number);
    const integer = integral ? BigInt(number) : 0n;
    if (!integral || integer < min || integer > max) {
      throw badOperand(info, operand, `an integer from ${min} to ${max}`, number);
    }
    const shortest = min < 0n ? slebWidth(integer) : ulebWidth(integer);
    if (!(value instanceof Padded)) return { value: integer, width: shortest };
    checkWidth(info, operand, value.width);
    if (value.width < shortest) {
      throw badOperand(info, operand, `a number that fits ${value.width} bytes`, number);
    }
    return { value: integer, width: value.width };
  }

  #leb({ value, width }: Leb, signed: boolean): void {
    const code = this.#code;
    const start = code.length;
    if (signed) code.sleb64(value);
    else code.uleb64(value);
    const padding = width - (code.length - start);
    if (padding === 0) return;
    const bytes = code.view();
    bytes[bytes.length - 1] |= 0x80;
    const fill = value < 0n ? 0x7f : 0;
    for (let k = 1; k < padding; k++) code.u8(fill | 0x80);
    code.u8(fill);
  }
}

/** The register count of a function whose code mentions registers up to `highest`. */
export function inferRegCount(highest: number, args: number): number {
  // The last register number has no count above it; such a function cannot verify anyway.
  return Math.min(Math.max(highest, args) + 1, 2 ** 32 - 1);
}

function uint32(value: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new BuildError("BadOperand", `a ${what} must be from 0 to 2^32 - 1: got ${value}`);
}

function checkWidth(info: OpcodeInfo, operand: OperandInfo, width: number): void {
  if (Number.isInteger(width) && width >= 1 && width <= 10) return;
  throw new BuildError(
    "BadOperand",
    `${operand.name} of ${info.mnemonic} takes 1 to 10 bytes: got ${width}`,
  );
}

function badOperand(
  info: OpcodeInfo,
  operand: OperandInfo,
  expected: string,
  got: unknown,
): BuildError {
  const shown = typeof got === "object" && got !== null ? "an object" : String(got);
  return new BuildError(
    "BadOperand",
    `${operand.name} of ${info.mnemonic} must be ${expected}: got ${shown}`,
  );
}
