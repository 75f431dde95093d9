/**
 * The program builder: interned tables (symbols, constants, types, signatures) and one
 * `FunctionBuilder` per function. Ids are given in the order of first use and encodings are the
 * reference assembler's (specification §12), so equal calls give equal bytes. Nothing is verified
 * here beyond what an encoding needs.
 *
 * @module
 */
import { BuildError, FunctionBuilder } from "./function_builder.ts";
import { constantKey, signatureKey, structKey } from "./keys.ts";
import type {
  AggShape,
  ArgShape,
  Constant,
  FunctionName,
  HostSignature,
  LabelName,
  Program,
  StructType,
} from "./program.ts";
import { isValueType, type Signature, signatureHash, type ValueType } from "./types.ts";

export {
  BuildError,
  type BuildErrorKind,
  type FinishedFunction,
  FunctionBuilder,
  MNEMONICS,
  type Operand,
  Padded,
} from "./function_builder.ts";
export type * from "./operand_types.ts";

/** Types in order: a list, or an object whose keys are the names stored with the program. */
export type TypeList = readonly ValueType[] | Readonly<Record<string, ValueType>>;

/** A signature whose arguments and results may have names. */
export interface NamedSignature {
  /** Argument types; none when absent. */
  readonly args?: TypeList;
  /** Result types; none when absent. */
  readonly results?: TypeList;
}

/** How an entry is added to a table. */
export interface EntryOptions {
  /** Adds a new entry even when an equal one exists. */
  readonly fresh?: boolean;
}

/** A table whose equal entries share an id. */
class Table<T> {
  readonly entries: T[] = [];
  readonly #ids = new Map<string, number>();
  readonly #key: (entry: T) => string;

  constructor(key: (entry: T) => string) {
    this.#key = key;
  }

  add(entry: T, options: EntryOptions): number {
    const key = this.#key(entry);
    const known = this.#ids.get(key);
    if (known !== undefined && !options.fresh) return known;
    const id = this.entries.push(entry) - 1;
    if (known === undefined) this.#ids.set(key, id);
    return id;
  }
}

/**
 * Builds a program.
 *
 * @example
 * ```ts
 * import { ProgramBuilder, verify } from "@burin/burin";
 *
 * const tape = new ProgramBuilder({ name: "demo" });
 * const sum = tape.func("sum", { args: { n: "i64" }, results: ["i64"] });
 * const [n] = sum.args;
 * const [total, i, one, more] = sum.regs(4);
 * const loop = sum.label(), body = sum.label(), done = sum.label();
 * sum
 *   .op("const.i64", total, 0)
 *   .op("const.i64", i, 0)
 *   .op("const.i64", one, 1)
 *   .op("jmp", loop)
 *   .place(loop)
 *   .op("i64.lt", more, i, n)
 *   .op("br", more, body, done)
 *   .place(body)
 *   .op("i64.add", total, total, i)
 *   .op("i64.add", i, i, one)
 *   .op("jmp", loop)
 *   .place(done)
 *   .op("ret", [total]);
 * verify(tape.build());
 * ```
 */
export class ProgramBuilder {
  readonly #symbols = new Table<string>((text) => text);
  readonly #constants = new Table<Constant>(constantKey);
  readonly #structs = new Table<StructType>(structKey);
  readonly #arrayElems = new Table<ValueType>((type) => type);
  readonly #callSigs = new Table<Signature>(signatureKey);
  readonly #hostSigs = new Table<HostSignature>((host) =>
    `${host.symbol} ${host.hash} ${signatureKey(host)}`
  );
  readonly #functions: FunctionBuilder[] = [];
  readonly #functionNames: FunctionName[] = [];
  readonly #argShapes: ArgShape[] = [];
  #name = 0;

  /** Creates an empty program, with a name if `options.name` is given. */
  constructor(options: { readonly name?: string } = {}) {
    this.#symbols.add("", {});
    if (options.name !== undefined) this.setName(options.name);
  }

  /** Names the program. */
  setName(name: string | number): this {
    this.#name = this.symbolId(name);
    return this;
  }

  /**
   * The id of the symbol `text`. The empty text gets an entry of its own: entry 0 never names
   * anything.
   *
   * @throws {BuildError} `BadName` when `text` has a lone surrogate.
   */
  symbol(text: string, options: EntryOptions = {}): number {
    if (!text.isWellFormed()) {
      throw new BuildError("BadName", `a symbol has a lone surrogate: ${JSON.stringify(text)}`);
    }
    if (text !== "" || options.fresh) return this.#symbols.add(text, options);
    const later = this.#symbols.entries.indexOf("", 1);
    return later > 0 ? later : this.#symbols.add("", { fresh: true });
  }

  /** The id of a symbol given by its text, or the given id after a check of its range. */
  symbolId(symbol: string | number): number {
    if (typeof symbol === "string") return this.symbol(symbol);
    if (!Number.isInteger(symbol) || symbol < 1 || symbol >= this.#symbols.entries.length) {
      throw new BuildError(
        "BadId",
        `there is no symbol ${symbol}: the program has symbols 1 to ${
          this.#symbols.entries.length - 1
        }`,
      );
    }
    return symbol;
  }

  /** The text of symbol `id`, or undefined. */
  symbolText(id: number): string | undefined {
    return this.#symbols.entries[id];
  }

  /**
   * The id of a constant in the pool. `unit`, `bool`, `i64`, `u64`, `f64`, `dec`, `bytes` and `str`
   * of `Value` make them.
   */
  constant(constant: Constant, options: EntryOptions = {}): number {
    return this.#constants.add(constant, options);
  }

  /** The id of a struct type with the fields `fields` in order. */
  struct(
    fields: Readonly<Record<string, ValueType>> | StructType["fields"],
    options: EntryOptions = {},
  ): number {
    const list = Array.isArray(fields) ? fields as StructType["fields"] : named(
      fields as Readonly<Record<string, ValueType>>,
    ).map(([name, type]) => ({ name, type }));
    list.forEach((field) => checkType(field.type));
    return this.#structs.add({ fields: list }, options);
  }

  /** The id of the array element type `type`. */
  arrayElem(type: ValueType, options: EntryOptions = {}): number {
    checkType(type);
    return this.#arrayElems.add(type, options);
  }

  /** The id of a signature for `call.indirect`. */
  callSig(signature: NamedSignature, options: EntryOptions = {}): number {
    return this.#callSigs.add(plainSignature(signature), options);
  }

  /**
   * The id of the host function `symbol` with that signature. The hash that identifies it is
   * computed (specification §4) unless `options.hash` says otherwise.
   */
  host(
    symbol: string | number,
    signature: NamedSignature,
    options: EntryOptions & { readonly hash?: bigint } = {},
  ): number {
    const plain = plainSignature(signature);
    const hash = options.hash ?? signatureHash(plain);
    const id = typeof symbol === "string" ? this.symbol(symbol) : symbol;
    return this.#hostSigs.add({ ...plain, symbol: id, hash }, options);
  }

  /**
   * Adds a function. Its id is its position; its body may be written later, so functions can call
   * each other.
   *
   * @param name The name stored with the program, or null for none.
   */
  func(name: string | null, signature: NamedSignature = {}): FunctionBuilder {
    const args = typeList(signature.args ?? []);
    const results = typeList(signature.results ?? []);
    const func = new FunctionBuilder(this, this.#functions.length, {
      args: args.types,
      results: results.types,
    });
    this.#functions.push(func);
    if (name !== null) this.nameFunction(func.id, name);
    if (args.names) func.nameArgs(args.names);
    if (results.names) func.nameResults(results.names);
    return func;
  }

  /**
   * Adds the body of a closure: a function whose first argument, before those of `signature`, is
   * the environment. `env` tells the verifier its shape, so that the body can read it.
   */
  closureBody(name: string | null, signature: NamedSignature, env?: AggShape): FunctionBuilder {
    const args = signature.args ?? [];
    const func = this.func(name, {
      args: Array.isArray(args)
        ? ["agg", ...args as readonly ValueType[]]
        : { env: "agg", ...args as Readonly<Record<string, ValueType>> },
      results: signature.results,
    });
    if (env !== undefined) this.shapeArg(func.id, 0, env);
    return func;
  }

  /** Gives function `func` a name; a function may have several, the first one found counts. */
  nameFunction(func: number, name: string | number): this {
    this.#functionNames.push({ func, symbol: this.symbolId(name) });
    return this;
  }

  /** Tells the verifier what the aggregate in argument `arg` of function `func` looks like. */
  shapeArg(func: number, arg: number, shape: AggShape): this {
    this.#argShapes.push({ func, arg, shape });
    return this;
  }

  /**
   * The finished program.
   *
   * @throws {BuildError} `MissingFunctionBody` for a function nothing was written to,
   * `UnresolvedLabel` for a label that was used but not placed.
   */
  build(): Program {
    const finished = this.#functions.map((func) => func.finish());
    const labelNames: LabelName[] = finished.flatMap(({ labels }, func) =>
      labels.map(({ pc, symbol }) => ({ func, pc, symbol }))
    );
    return {
      symbols: [...this.#symbols.entries],
      constants: [...this.#constants.entries],
      structs: [...this.#structs.entries],
      arrayElems: [...this.#arrayElems.entries],
      functions: finished.map(({ func }) => func),
      hostSigs: [...this.#hostSigs.entries],
      callSigs: [...this.#callSigs.entries],
      argShapes: [...this.#argShapes],
      name: this.#name,
      functionNames: [...this.#functionNames].sort((a, b) =>
        a.func - b.func || a.symbol - b.symbol
      ),
      labelNames: labelNames.sort((a, b) => a.func - b.func || a.pc - b.pc || a.symbol - b.symbol),
    };
  }
}

function checkType(type: string): void {
  if (!isValueType(type)) throw new BuildError("BadType", `there is no type ${type}`);
}

/** Keys and types in order. Integer-like keys are refused: objects do not keep their order. */
function named(types: Readonly<Record<string, ValueType>>): [string, ValueType][] {
  for (const name in types) {
    if (/^(0|[1-9][0-9]*)$/.test(name)) {
      throw new BuildError("BadName", `a name may not be a number in this form: ${name}`);
    }
  }
  return Object.entries(types);
}

function typeList(list: TypeList): { types: readonly ValueType[]; names: string[] | null } {
  if (Array.isArray(list)) {
    list.forEach(checkType);
    return { types: list as readonly ValueType[], names: null };
  }
  const entries = named(list as Readonly<Record<string, ValueType>>);
  entries.forEach(([, type]) => checkType(type));
  return { types: entries.map(([, type]) => type), names: entries.map(([name]) => name) };
}

function plainSignature(signature: NamedSignature): Signature {
  return {
    args: typeList(signature.args ?? []).types,
    results: typeList(signature.results ?? []).types,
  };
}
