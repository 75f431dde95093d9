/**
 * Random programs as `.tape` text: every opcode, every type of value, any control flow (loops into
 * whose middle others jump, more live values than registers), calls that recur, calls through values,
 * closures and host functions. All registers that live across blocks are written at the start of a
 * function, so every choice of branch targets verifies; fuel ends what would not end.
 *
 * Bits of a NaN that arithmetic made differ between machines, so they are looked at (`f64.to_bits`)
 * only in registers that arithmetic does not write.
 *
 * @module
 */
import type { ValueType } from "../../src/tape/types.ts";
import type { Random } from "./random.ts";

/** Kinds of registers: a type, or `nan` for doubles that arithmetic may have made. */
type Kind =
  | "unit"
  | "bool"
  | "i64"
  | "u64"
  | "f64"
  | "nan"
  | "dec"
  | "bytes"
  | "str"
  | "obj(7)"
  | "agg"
  | "func"
  | "closure";

const KINDS: readonly Kind[] = [
  ...["unit", "bool", "i64", "u64", "f64", "nan", "dec"] as const,
  ...["bytes", "str", "obj(7)", "agg", "func", "closure"] as const,
];

const typeOf = (kind: Kind): ValueType => kind === "nan" ? "f64" : kind as ValueType;
const kindOf = (type: ValueType): Kind => type === "f64" ? "nan" : type as Kind;

interface Signature {
  readonly args: readonly ValueType[];
  readonly results: readonly ValueType[];
}

interface FunctionPlan extends Signature {
  readonly name: string;
  /** Shape of each argument, for those that are aggregates. */
  readonly shapes: readonly string[];
}

/** Host functions that random programs call. */
const HOST_SIGNATURES: readonly (Signature & { readonly symbol: string })[] = [
  { symbol: "h.add", args: ["i64", "i64"], results: ["i64"] },
  { symbol: "h.text", args: ["str", "bytes", "u64"], results: ["str", "bytes"] },
  { symbol: "h.float", args: ["f64", "bool"], results: ["f64"] },
  { symbol: "h.dec", args: ["dec", "unit"], results: ["dec", "unit"] },
  { symbol: "h.obj0", args: [], results: ["obj(7)"] },
  { symbol: "h.obj", args: ["obj(7)"], results: ["obj(7)"] },
  { symbol: "h.agg", args: ["agg", "i64"], results: ["agg", "i64"] },
  { symbol: "h.call", args: ["func", "closure"], results: ["func", "closure"] },
  { symbol: "h.charge", args: ["u64"], results: [] },
  { symbol: "h.none", args: [], results: [] },
  { symbol: "h.fail", args: ["u64"], results: ["u64"] },
  {
    symbol: "h.many",
    args: ["i64", "f64", "bool", "str", "i64", "dec", "i64", "u64", "f64", "i64"],
    results: ["i64", "f64", "str", "bool", "i64", "dec", "u64", "i64", "i64"],
  },
];

const EDGES = [
  ...[0n, 1n, 2n, 3n, 5n, 7n, 8n, 10n, 31n, 32n, 63n, 64n, 100n, 127n, 128n, 255n, 641n, 1000n],
  ...[0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 1n << 53n, (1n << 62n) + 1n],
  ...[(1n << 63n) - 1n, 1n << 63n, (1n << 63n) + 1n, (1n << 64n) - 2n, (1n << 64n) - 1n],
  // Bits of NaN: signalling, with a payload, negative.
  ...[0x7ff0_0000_0000_0001n, 0x7ff8_0000_0000_0123n, 0xfff8_0000_0000_0000n],
];

const FLOATS = [
  ...[
    "0.0",
    "-0.0",
    "1.0",
    "-1.0",
    "0.5",
    "1.5",
    "-2.5",
    "3.0",
    "1e300",
    "-1e-300",
    "4294967296.0",
  ],
  ...["9223372036854775808.0", "18446744073709551616.0", "inf", "-inf", "nan"],
];

const TEXTS = [
  '""',
  '"a"',
  '"h\\u{e9}llo"',
  '"\\u{10ffff}"',
  '"sixteen bytes .."',
  '"more than sixteen bytes \\u{20ac}"',
];
const BYTES = [
  '""',
  "0x00",
  "0xff80c3a9",
  "0x000102030405060708090a0b0c0d0e0f",
  "0x" + "5a".repeat(41),
];

/** An integer below 2^64, often an awkward one. */
export function edge(random: Random): bigint {
  return random.below(4) === 0
    ? BigInt(random.u32()) << 32n | BigInt(random.u32())
    : random.pick(EDGES);
}

/** What a random program is to be like. */
export interface TapeShape {
  /** Most blocks of a function behind its first. */
  readonly blocks: number;
  /** Most statements of a block. */
  readonly statements: number;
  /** Most registers of a kind. */
  readonly registers: number;
  /** Functions, at most. */
  readonly functions: number;
}

/** A shape, mostly small. */
export function anyShape(random: Random): TapeShape {
  return random.pick<TapeShape>([
    { blocks: 4, statements: 8, registers: 2, functions: 3 },
    { blocks: 12, statements: 4, registers: 2, functions: 4 },
    { blocks: 2, statements: 40, registers: 3, functions: 2 },
    { blocks: 6, statements: 10, registers: 24, functions: 3 },
    { blocks: 30, statements: 3, registers: 3, functions: 2 },
    { blocks: 3, statements: 5, registers: 1, functions: 8 },
  ]);
}

/** The text of a random program; functions are `f0`, `f1`, … */
export function randomTape(random: Random, shape: TapeShape = anyShape(random)): string {
  const signatures: Signature[] = [
    { args: ["i64"], results: ["i64"] },
    { args: ["i64", "u64"], results: ["i64", "bool"] },
    { args: ["agg", "i64"], results: ["i64"] },
  ];
  const list = (most: number) =>
    Array.from({ length: random.below(most + 1) }, () => typeOf(random.pick(KINDS)));
  const functions: FunctionPlan[] = [];
  for (let k = 1 + random.below(shape.functions); k > 0; k--) {
    const { args, results } = random.below(3) > 0 ? random.pick(signatures) : {
      args: list(random.below(6) === 0 ? 24 : 5),
      results: list(random.below(6) === 0 ? 16 : 3),
    };
    const shapes = args.map((type) =>
      type === "agg" ? random.pick(["agg", "tuple(i64, ?, str)", "array i64", "struct S"]) : type
    );
    functions.push({ name: `f${functions.length}`, args, results, shapes });
  }
  const lines = [
    "struct S { a: i64, b: f64, c: str }",
    ...signatures.map((sig, k) =>
      `sig s${k} = (${sig.args.join(", ")}) -> (${sig.results.join(", ")})`
    ),
    ...HOST_SIGNATURES.map(({ symbol, args, results }) =>
      `host ${symbol}(${args.join(", ")}) -> (${results.join(", ")})`
    ),
  ];
  for (const plan of functions) {
    new FunctionText(random, shape, functions, signatures, plan).write(lines);
  }
  return lines.join("\n") + "\n";
}

/** Elements of an aggregate made in the current block. */
interface Known {
  readonly reg: string;
  readonly kind: "tuple" | "struct" | "array";
  readonly elements: readonly (Kind | null)[];
}

class FunctionText {
  readonly #random: Random;
  readonly #shape: TapeShape;
  readonly #functions: readonly FunctionPlan[];
  readonly #signatures: readonly Signature[];
  readonly #plan: FunctionPlan;
  #lines: string[] = [];
  /** Registers that live as long as the function, by kind. */
  readonly #vars = new Map<Kind, string[]>();
  /** Registers of the current block. */
  #temps = new Map<Kind, string[]>();
  #known: Known[] = [];
  #count = 0;
  #labels = 0;
  #blocks = 0;

  constructor(
    random: Random,
    shape: TapeShape,
    functions: readonly FunctionPlan[],
    signatures: readonly Signature[],
    plan: FunctionPlan,
  ) {
    this.#random = random;
    this.#shape = shape;
    this.#functions = functions;
    this.#signatures = signatures;
    this.#plan = plan;
  }

  write(lines: string[]): void {
    const random = this.#random, { name, args, results, shapes } = this.#plan;
    this.#lines = lines;
    const params = args.map((_, k) => `a${k}: ${shapes[k]}`).join(", ");
    lines.push(`func ${name}(${params}) -> (${results.join(", ")}) {`);
    for (const kind of KINDS) this.#vars.set(kind, []);
    args.forEach((type, k) => this.#vars.get(kindOf(type))!.push(`a${k}`));
    this.#knowArguments();
    // Some kinds are rich in registers, so that not all live values find one.
    const rich = random.pick(KINDS);
    for (const kind of KINDS) {
      const most = kind === rich || kind === "i64" || kind === "nan" ? this.#shape.registers : 2;
      for (let k = 1 + random.below(most); k > 0; k--) {
        const reg = `v${this.#count++}`;
        this.#initial(reg, kind);
        this.#vars.get(kind)!.push(reg);
      }
    }
    this.#blocks = 1 + random.below(this.#shape.blocks);
    if (random.below(2) === 0) this.#statements();
    this.#terminator("L0");
    for (let block = 0; block < this.#blocks; block++) {
      this.#begin(`L${block}`);
      this.#statements();
      this.#terminator(block + 1 < this.#blocks ? `L${block + 1}` : undefined);
    }
    lines.push("}");
  }

  #knowArguments(): void {
    this.#plan.shapes.forEach((shape, k) => {
      const reg = `a${k}`;
      if (shape === "array i64") this.#known.push({ reg, kind: "array", elements: ["i64"] });
      if (shape === "struct S") {
        this.#known.push({ reg, kind: "struct", elements: ["i64", "nan", "str"] });
      }
      if (shape.startsWith("tuple")) {
        this.#known.push({ reg, kind: "tuple", elements: ["i64", null, "str"] });
      }
    });
  }

  #begin(label: string): void {
    this.#lines.push(`${label}:`);
    this.#temps = new Map();
    this.#known = [];
  }

  #emit(line: string): void {
    this.#lines.push(`  ${line}`);
  }

  #statements(): void {
    for (let k = this.#random.below(this.#shape.statements + 1); k > 0; k--) this.#statement();
  }

  #label(): string {
    return `L${this.#random.below(this.#blocks)}`;
  }

  /** Ends the block before label `next`, which it must lead to: code nobody reaches has no types. */
  #terminator(next: string | undefined): void {
    const random = this.#random;
    const roll = random.below(20);
    if (next === undefined) {
      if (roll < 3) this.#emit(`trap ${random.pick([0, 7, 0xffff_ffff])}`);
      else if (roll < 10) this.#emit(`jmp ${this.#label()}`);
      else this.#return();
      return;
    }
    if (roll < 4) return this.#emit(`jmp ${next}`);
    const other = roll < 17 ? this.#label() : `G${this.#labels++}`;
    const [yes, no] = random.below(2) === 0 ? [next, other] : [other, next];
    this.#emit(`br ${this.#condition()}, ${yes}, ${no}`);
    this.#pending.length = 0;
    if (roll < 17) return;
    this.#begin(other);
    if (roll === 19) this.#emit(`trap ${random.pick([0, 7, 0xffff_ffff])}`);
    else this.#return();
  }

  #return(): void {
    this.#emit(`ret ${this.#plan.results.map((type) => this.#use(kindOf(type))).join(", ")}`);
  }

  /** A fresh condition that is not always the same, or any. */
  #condition(): string {
    const random = this.#random;
    if (random.below(3) === 0) return this.#use("bool");
    const cond = this.#temp("bool");
    const type = random.pick(["i64", "u64", "f64"] as const);
    const op = random.pick(["eq", "lt", "gt", "le", "ge"]);
    const kind = type === "f64" ? "nan" : type;
    this.#emit(`${cond} = ${type}.${op} ${this.#use(kind)}, ${this.#use(kind)}`);
    return cond;
  }

  /** A register of this kind that can be read. */
  #use(kind: Kind): string {
    const random = this.#random;
    if (kind === "nan" && random.below(4) === 0) return this.#use("f64");
    const temps = this.#temps.get(kind);
    if (temps !== undefined && random.below(2) === 0) return random.pick(temps);
    return random.pick(this.#vars.get(kind)!);
  }

  /** A new register of the current block. It may be read once its instruction has been written. */
  #temp(kind: Kind): string {
    const reg = `t${this.#count++}`;
    this.#pending.push([kind, reg]);
    return reg;
  }

  readonly #pending: [Kind, string][] = [];

  /** A register to write: one that lives on, or a new one. */
  #def(kind: Kind): string {
    if (this.#random.below(2) === 0) return this.#temp(kind);
    const reg = this.#random.pick(this.#vars.get(kind)!);
    this.#known = this.#known.filter((known) => known.reg !== reg);
    return reg;
  }

  /** Makes what was written readable. */
  #settle(): void {
    for (const [kind, reg] of this.#pending) {
      const list = this.#temps.get(kind);
      if (list === undefined) this.#temps.set(kind, [reg]);
      else list.push(reg);
    }
    this.#pending.length = 0;
  }

  #write(kind: Kind, text: (dst: string) => string): void {
    // The destination is chosen last, so that sources exist.
    const line = text("\0");
    this.#emit(line.replace("\0", this.#def(kind)));
    this.#settle();
  }

  #op(kind: Kind, mnemonic: string, ...sources: Kind[]): void {
    this.#write(
      kind,
      (dst) => `${dst} = ${mnemonic} ${sources.map((s) => this.#use(s)).join(", ")}`,
    );
  }

  #initial(reg: string, kind: Kind): void {
    const random = this.#random;
    switch (kind) {
      case "unit":
        return this.#emit(`${reg} = const.unit`);
      case "bool":
        return this.#emit(`${reg} = const.bool ${random.below(2) === 0}`);
      case "i64":
        return this.#emit(`${reg} = const.i64 ${BigInt.asIntN(64, edge(random))}`);
      case "u64":
        return this.#emit(`${reg} = const.u64 ${edge(random)}`);
      case "f64":
      case "nan":
        return this.#emit(`${reg} = const.f64 ${random.pick(FLOATS)}`);
      case "dec":
        return this.#emit(
          `${reg} = const.decimal ${
            random.pick(["1.50", "-3.25", "0.00", "7", "92233720368547758.07"])
          }`,
        );
      case "bytes":
        return this.#emit(`${reg} = const.pool bytes ${random.pick(BYTES)}`);
      case "str":
        return this.#emit(`${reg} = const.pool ${random.pick(TEXTS)}`);
      case "obj(7)": {
        // Objects come from the host alone.
        const made = this.#vars.get(kind)!;
        return this.#emit(
          made.length > 0 ? `${reg} = mov ${made[0]}` : `${reg} = host_call h.obj0()`,
        );
      }
      case "agg":
        return this.#emit(`${reg} = tuple.new`);
      case "func":
        return this.#emit(`${reg} = const.func ${random.pick(this.#functions).name}`);
      case "closure": {
        this.#emit(`${reg}e = tuple.new`);
        this.#emit(`${reg}f = const.func ${random.pick(this.#functions).name}`);
        return this.#emit(`${reg} = closure.new ${reg}f, ${reg}e`);
      }
    }
  }

  #statement(): void {
    const random = this.#random;
    switch (random.below(32)) {
      case 0:
      case 1:
      case 2:
        return this.#op(
          "i64",
          `i64.${random.pick(["add", "sub", "mul", "and", "or", "xor", "shl", "shr"])}`,
          "i64",
          "i64",
        );
      case 3:
      case 4:
      case 5:
        return this.#op(
          "u64",
          `u64.${random.pick(["add", "sub", "mul", "and", "or", "xor", "shl", "shr"])}`,
          "u64",
          "u64",
        );
      case 6:
        return this.#divide();
      case 7:
        return this.#op(
          "nan",
          `f64.${
            random.pick(["add", "sub", "mul", "div", "min", "max", "min_num", "max_num", "rem"])
          }`,
          "nan",
          "nan",
        );
      case 8:
        return random.below(2) === 0
          ? this.#op("nan", `f64.${random.pick(["neg", "abs"])}`, "nan")
          : this.#op("f64", `f64.${random.pick(["neg", "abs"])}`, "f64");
      case 9:
      case 10: {
        const type = random.pick(["i64", "u64", "f64"] as const);
        const kind = type === "f64" ? "nan" : type;
        return this.#op(
          "bool",
          `${type}.${random.pick(["eq", "lt", "gt", "le", "ge"])}`,
          kind,
          kind,
        );
      }
      case 11:
        return random.below(3) === 0
          ? this.#op("bool", "bool.not", "bool")
          : this.#op("bool", `bool.${random.pick(["and", "or", "xor"])}`, "bool", "bool");
      case 12:
      case 13: {
        const kind = random.pick(KINDS);
        return this.#op(kind, "select", "bool", kind, kind);
      }
      case 14:
        return this.#moveAny();
      case 15:
      case 16:
        return this.#convert();
      case 17:
        return this.#constant();
      case 18:
        return this.#decimal();
      case 19:
      case 20:
      case 21:
        return this.#text();
      case 22:
      case 23:
        return this.#construct();
      case 24:
      case 25:
        return this.#project();
      case 26:
      case 27:
        return this.#call();
      case 28:
        return this.#callIndirect();
      case 29:
        return this.#hostCall();
      case 30:
        return this.#guard();
      default:
        if (random.below(4) === 0) return this.#emit("nop");
        if (random.below(3) === 0) this.#emit(`.span ${1 + random.below(99)}`);
        return this.#op("closure", "closure.new", "func", "agg");
    }
  }

  #moveAny(): void {
    const kind = this.#random.pick(KINDS);
    if (kind === "agg" && this.#known.length > 0) {
      const known = this.#random.pick(this.#known);
      const reg = this.#def("agg");
      this.#emit(`${reg} = mov ${known.reg}`);
      this.#known = this.#known.filter((other) => other.reg !== reg);
      this.#known.push({ ...known, reg });
      return this.#settle();
    }
    this.#op(kind, "mov", kind);
  }

  #divide(): void {
    const random = this.#random, type = random.pick(["i64", "u64"] as const);
    const op = `${type}.${random.pick(["div", "rem"])}`;
    if (random.below(8) === 0) return this.#op(type, op, type, type);
    const divisor = this.#temp(type), dividend = this.#use(type);
    if (random.below(2) === 0) {
      const value = edge(random) || 1n;
      this.#emit(`${divisor} = const.${type} ${type === "i64" ? BigInt.asIntN(64, value) : value}`);
    } else {
      const one = this.#temp(type);
      this.#emit(`${one} = const.${type} 1`);
      this.#emit(`${divisor} = ${type}.or ${this.#use(type)}, ${one}`);
    }
    this.#settle();
    this.#write(type, (dst) => `${dst} = ${op} ${dividend}, ${divisor}`);
  }

  #convert(): void {
    switch (this.#random.below(10)) {
      case 0:
        return this.#op("nan", "i64.to_f64", "i64");
      case 1:
        return this.#op("nan", "u64.to_f64", "u64");
      case 2:
        return this.#op("u64", "f64.to_bits", "f64");
      case 3:
      case 4:
        return this.#op("f64", "f64.from_bits", "u64");
      case 5: {
        // Mostly what fits.
        const small = this.#temp("u64"), mask = this.#temp("u64"), from = this.#use("u64");
        this.#emit(
          `${mask} = const.u64 ${this.#random.pick([255n, 0xffff_ffffn, (1n << 63n) - 1n])}`,
        );
        this.#emit(`${small} = u64.and ${from}, ${mask}`);
        this.#settle();
        return this.#write("i64", (dst) => `${dst} = u64.to_i64 ${small}`);
      }
      case 6: {
        const small = this.#temp("i64"), mask = this.#temp("i64"), from = this.#use("i64");
        this.#emit(
          `${mask} = const.i64 ${this.#random.pick([7n, 0x7fff_ffffn, (1n << 63n) - 1n])}`,
        );
        this.#emit(`${small} = i64.and ${from}, ${mask}`);
        this.#settle();
        return this.#write("u64", (dst) => `${dst} = i64.to_u64 ${small}`);
      }
      case 7: {
        const near = this.#temp("nan"), from = this.#use("i64");
        this.#emit(`${near} = i64.to_f64 ${from}`);
        this.#settle();
        return this.#write("i64", (dst) => `${dst} = f64.to_i64 ${near}`);
      }
      case 8: {
        const near = this.#temp("nan"), from = this.#use("u64");
        this.#emit(`${near} = u64.to_f64 ${from}`);
        this.#settle();
        return this.#write("u64", (dst) => `${dst} = f64.to_u64 ${near}`);
      }
      default:
        if (this.#random.below(6) > 0) return this.#op("str", "mov", "str");
        return this.#random.pick([
          () => this.#op("u64", "i64.to_u64", "i64"),
          () => this.#op("i64", "u64.to_i64", "u64"),
          () => this.#op("i64", "f64.to_i64", "nan"),
          () => this.#op("u64", "f64.to_u64", "nan"),
        ])();
    }
  }

  #constant(): void {
    const random = this.#random;
    const kind = random.pick(
      ["unit", "bool", "i64", "u64", "f64", "nan", "dec", "bytes", "str", "func"] as const,
    );
    const reg = this.#def(kind);
    this.#initial(reg, kind);
    this.#settle();
  }

  #decimal(): void {
    const random = this.#random;
    switch (random.below(6)) {
      case 0:
      case 1: {
        const a = this.#temp("dec"), b = this.#temp("dec");
        this.#emit(`${a} = const.decimal ${random.pick(["1.50", "-0.75"])}`);
        this.#emit(`${b} = const.decimal ${random.pick(["2.50", "100.01"])}`);
        this.#settle();
        return this.#write(
          "dec",
          (dst) => `${dst} = dec.${random.pick(["add", "sub", "mul"])} ${a}, ${b}`,
        );
      }
      case 2: {
        const small = this.#temp("i64"), mask = this.#temp("i64"), from = this.#use("i64");
        this.#emit(`${mask} = const.i64 ${random.pick([255, 0xffff])}`);
        this.#emit(`${small} = i64.and ${from}, ${mask}`);
        this.#settle();
        return this.#write(
          "dec",
          (dst) => `${dst} = i64.to_dec ${small}, ${random.pick([0, 2, 2, 12])}`,
        );
      }
      case 3: {
        const small = this.#temp("u64"), mask = this.#temp("u64"), from = this.#use("u64");
        this.#emit(`${mask} = const.u64 ${random.pick([255, 0xffff])}`);
        this.#emit(`${small} = u64.and ${from}, ${mask}`);
        this.#settle();
        return this.#write(
          "dec",
          (dst) => `${dst} = u64.to_dec ${small}, ${random.pick([0, 2, 2, 12])}`,
        );
      }
      case 4: {
        const whole = this.#temp("dec"), bits = this.#temp("i64"), mask = this.#temp("i64");
        const from = this.#use("i64");
        this.#emit(`${mask} = const.i64 65535`);
        this.#emit(`${bits} = i64.and ${from}, ${mask}`);
        this.#emit(`${whole} = i64.to_dec ${bits}, 0`);
        this.#settle();
        const type = random.pick(["i64", "u64"] as const);
        return this.#write(type, (dst) => `${dst} = dec.to_${type} ${whole}`);
      }
      default:
        if (random.below(4) > 0) return this.#op("dec", "select", "bool", "dec", "dec");
        return random.pick([
          () => this.#op("dec", `dec.${random.pick(["add", "sub", "mul"])}`, "dec", "dec"),
          () => this.#op("i64", "dec.to_i64", "dec"),
          () => this.#op("u64", "dec.to_u64", "dec"),
          () =>
            this.#write(
              "dec",
              (dst) =>
                `${dst} = i64.to_dec ${this.#use("i64")}, ${random.pick([0, 1, 9, 18, 19, 255])}`,
            ),
          () =>
            this.#write(
              "dec",
              (dst) =>
                `${dst} = u64.to_dec ${this.#use("u64")}, ${random.pick([0, 1, 9, 18, 19, 255])}`,
            ),
        ])();
    }
  }

  #text(): void {
    const random = this.#random;
    const kind = random.pick(["bytes", "str"] as const);
    switch (random.below(8)) {
      case 0:
        return this.#op("u64", `${kind}.len`, kind);
      case 1:
        return this.#op("bool", `${kind}.eq`, kind, kind);
      case 2:
      case 3:
        return this.#op(kind, `${kind}.concat`, kind, kind);
      case 4: {
        // Within the length, whatever it is.
        const length = this.#temp("u64"), end = this.#temp("u64"), start = this.#temp("u64");
        const one = this.#temp("u64"), source = this.#use(kind), from = this.#use("u64");
        this.#emit(`${one} = const.u64 1`);
        this.#emit(`${length} = ${kind}.len ${source}`);
        this.#emit(`${end} = u64.add ${length}, ${one}`);
        this.#emit(`${end} = u64.rem ${from}, ${end}`);
        if (random.below(3) === 0) this.#emit(`${start} = u64.shr ${end}, ${one}`);
        else this.#emit(`${start} = const.u64 0`);
        this.#settle();
        return this.#write(kind, (dst) => `${dst} = ${kind}.slice ${source}, ${start}, ${end}`);
      }
      case 5: {
        const source = this.#use("bytes"), from = this.#use("u64");
        if (random.below(4) === 0) {
          const at = random.pick([0, 0, 0, 1, 15, 0x8000_0000]);
          return this.#write("u64", (dst) => `${dst} = bytes.get_imm ${source}, ${at}`);
        }
        const length = this.#temp("u64"), index = this.#temp("u64"), one = this.#temp("u64");
        this.#emit(`${one} = const.u64 1`);
        this.#emit(`${length} = bytes.len ${source}`);
        this.#emit(`${index} = u64.or ${length}, ${one}`);
        this.#emit(`${index} = u64.rem ${from}, ${index}`);
        this.#settle();
        return this.#write("u64", (dst) => `${dst} = bytes.get ${source}, ${index}`);
      }
      case 6:
        return this.#op("bytes", "str.to_bytes", "str");
      default: {
        if (random.below(4) === 0) return this.#op("str", "bytes.to_str", "bytes");
        const bytes = this.#temp("bytes"), source = this.#use("str");
        this.#emit(`${bytes} = str.to_bytes ${source}`);
        this.#settle();
        return this.#write("str", (dst) => `${dst} = bytes.to_str ${bytes}`);
      }
    }
  }

  #construct(): void {
    const random = this.#random;
    switch (random.below(4)) {
      case 0: {
        const values = [this.#use("i64"), this.#use("nan"), this.#use("str")];
        const reg = this.#def("agg");
        this.#emit(`${reg} = struct.new S, ${values.join(", ")}`);
        this.#known.push({ reg, kind: "struct", elements: ["i64", "nan", "str"] });
        return this.#settle();
      }
      case 1: {
        const kind = random.pick(
          ["i64", "u64", "f64", "bool", "dec", "agg", "str", "unit"] as const,
        );
        const values = Array.from({ length: random.below(12) }, () => this.#use(kind));
        const reg = this.#def("agg");
        this.#emit(`${reg} = array.new ${[kind, ...values].join(", ")}`);
        this.#known.push({
          reg,
          kind: "array",
          elements: Array(values.length).fill(kind === "f64" ? "nan" : kind),
        });
        if (values.length === 0) this.#known.pop();
        return this.#settle();
      }
      default: {
        const kinds = Array.from(
          { length: random.below(random.below(8) === 0 ? 20 : 5) },
          () => random.pick(KINDS),
        );
        const values = kinds.map((kind) => this.#use(kind));
        const reg = this.#def("agg");
        this.#emit(`${reg} = tuple.new ${values.join(", ")}`);
        this.#known.push({
          reg,
          kind: "tuple",
          elements: kinds.map((kind) => kind === "f64" ? "nan" : kind),
        });
        return this.#settle();
      }
    }
  }

  #project(): void {
    const random = this.#random;
    if (this.#known.length === 0 || random.below(6) === 0) {
      const op = random.pick([
        ...["tuple.len", "tuple.len", "tuple.len", "tuple.len", "array.len", "struct.field_count"],
      ]);
      const plain = this.#plainAggregate();
      return this.#write("u64", (dst) => `${dst} = ${op} ${plain}`);
    }
    const { reg, kind, elements } = random.pick(this.#known);
    if (random.below(6) === 0) {
      const op = kind === "struct" ? "struct.field_count" : `${kind}.len`;
      return this.#write("u64", (dst) => `${dst} = ${op} ${reg}`);
    }
    if (elements.length === 0) return;
    const index = random.below(elements.length), element = elements[index];
    if (element === null) return;
    switch (kind) {
      case "tuple":
        return this.#write(element, (dst) => `${dst} = tuple.get ${reg}, ${index}`);
      case "struct":
        return this.#write(element, (dst) => `${dst} = struct.get ${reg}, ${index}`);
      case "array": {
        if (random.below(2) === 0) {
          const at = random.below(8) === 0 ? random.pick([elements.length, 0xffff_ffff]) : index;
          return this.#write(element, (dst) => `${dst} = array.get_imm ${reg}, ${at}`);
        }
        const at = this.#temp("u64");
        if (random.below(3) === 0) this.#emit(`${at} = const.u64 ${index}`);
        else if (random.below(6) === 0) this.#emit(`${at} = mov ${this.#use("u64")}`);
        else {
          const length = this.#temp("u64"), from = this.#use("u64");
          this.#emit(`${length} = const.u64 ${elements.length}`);
          this.#emit(`${at} = u64.rem ${from}, ${length}`);
        }
        this.#settle();
        return this.#write(element, (dst) => `${dst} = array.get ${reg}, ${at}`);
      }
    }
  }

  /** Any aggregate whose kind the verifier does not know. */
  #plainAggregate(): string {
    const reg = this.#temp("agg"), flag = this.#use("bool"), a = this.#use("agg");
    this.#emit(`${reg} = select ${flag}, ${a}, ${this.#use("agg")}`);
    this.#settle();
    return reg;
  }

  #results(types: readonly ValueType[]): string {
    const regs = types.map((type) => this.#def(kindOf(type)));
    return regs.length === 0 ? "" : `${regs.join(", ")} = `;
  }

  #call(): void {
    const { name, args, results } = this.#random.pick(this.#functions);
    const values = args.map((type) => this.#use(kindOf(type)));
    this.#emit(`${this.#results(results)}call ${name}(${values.join(", ")})`);
    this.#settle();
  }

  #callIndirect(): void {
    const random = this.#random;
    const k = random.below(this.#signatures.length), { args, results } = this.#signatures[k];
    const fitting = this.#functions.filter((plan) =>
      plan.args.join() === args.join() && plan.results.join() === results.join()
    );
    const values = args.map((type) => this.#use(kindOf(type)));
    let callee = this.#use(random.below(2) === 0 ? "func" : "closure");
    if (fitting.length > 0 && random.below(4) > 0) {
      callee = this.#temp("func");
      this.#emit(`${callee} = const.func ${random.pick(fitting).name}`);
    }
    this.#settle();
    this.#emit(`${this.#results(results)}call.indirect ${callee}(${values.join(", ")}) as s${k}`);
    this.#settle();
  }

  #hostCall(): void {
    const random = this.#random;
    const sig = random.pick(HOST_SIGNATURES);
    if (sig.symbol === "h.fail" && random.below(3) > 0) return;
    const values = sig.args.map((type) => this.#use(kindOf(type)));
    this.#emit(`${this.#results(sig.results)}host_call ${sig.symbol}(${values.join(", ")})`);
    this.#settle();
  }

  /** A way out of the middle of a block. */
  #guard(): void {
    const cond = this.#condition();
    const label = `G${this.#labels++}`;
    const [yes, no] = this.#random.below(2) === 0 ? [label, this.#label()] : [this.#label(), label];
    this.#emit(`br ${cond}, ${yes}, ${no}`);
    this.#pending.length = 0;
    this.#begin(label);
  }
}
