/**
 * A private copy of a program. The verifier must judge exactly what will run, so nothing that the
 * caller still holds may be shared: every list is copied and frozen, every byte array copied, each
 * property read once. On the way this checks what the decoder would have checked, for programs that
 * were built by hand; of anything else about the program it has no opinion.
 *
 * @module
 */
import type {
  AggShape,
  Constant,
  HostSignature,
  Program,
  StructField,
  TapeFunction,
} from "./program.ts";
import { isValueType, type Signature, type ValueType } from "./types.ts";

/** Something the decoder could not have produced; `path` grows on the way out. */
class Malformed extends Error {
  path = "";
}

function malformed(what: string, value: unknown): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new Malformed(`${what}, got ${shown}`);
}

/** Runs `copy`; a complaint that comes out of it gets `step` in front of its path. */
function within<T>(step: string, copy: () => T): T {
  try {
    return copy();
  } catch (error) {
    if (error instanceof Malformed) error.path = step + error.path;
    throw error;
  }
}

function list<T, U>(step: string, from: readonly T[], copy: (item: T) => U): readonly U[] {
  if (!Array.isArray(from)) within(step, () => malformed("must be an array", from));
  const { length } = from;
  const to = new Array<U>(length);
  let i = 0;
  try {
    for (; i < length; i++) to[i] = copy(from[i]);
  } catch (error) {
    if (error instanceof Malformed) error.path = `${step}[${i}]${error.path}`;
    throw error;
  }
  return Object.freeze(to);
}

function u32(value: number): number {
  return (value >>> 0) === value
    ? value
    : malformed("must be an integer from 0 to 2^32 - 1", value);
}

function u32Field(step: string, value: number): number {
  return (value >>> 0) === value ? value : within(step, () => u32(value));
}

function below(step: string, value: number, limit: number): number {
  if ((value >>> 0) === value && value < limit) return value;
  return within(step, () => malformed(`must be an integer below ${limit}`, value));
}

function text(value: string): string {
  return typeof value === "string" && value.isWellFormed()
    ? value
    : malformed("must be a string without lone surrogates", value);
}

function bigint(value: bigint, signed: boolean): bigint {
  const fits = typeof value === "bigint" &&
    (signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) === value;
  return fits
    ? value
    : malformed(`must be ${signed ? "a signed" : "an unsigned"} 64-bit bigint`, value);
}

const plainTypes = new Set<string>(
  ["unit", "bool", "i64", "u64", "f64", "dec", "bytes", "str", "agg", "func", "closure"],
);

function type(value: ValueType): ValueType {
  if (plainTypes.has(value) || (typeof value === "string" && isValueType(value))) return value;
  return malformed("must be a value type", value);
}

function signature({ args, results }: Signature): Signature {
  return { args: list(".args", args, type), results: list(".results", results, type) };
}

function constant(from: Constant): Constant {
  switch (from.type) {
    case "unit":
      return Object.freeze({ type: "unit" });
    case "bool":
      return Object.freeze({ type: "bool", value: from.value === true });
    case "i64":
      return Object.freeze({
        type: "i64",
        value: within(".value", () => bigint(from.value, true)),
      });
    case "u64":
      return Object.freeze({
        type: "u64",
        value: within(".value", () => bigint(from.value, false)),
      });
    case "f64":
      return Object.freeze({ type: "f64", bits: within(".bits", () => bigint(from.bits, false)) });
    case "dec":
      return Object.freeze({
        type: "dec",
        mantissa: within(".mantissa", () => bigint(from.mantissa, true)),
        scale: below(".scale", from.scale, 256),
      });
    case "bytes":
      return Object.freeze({ type: "bytes", value: Uint8Array.from(from.value) });
    case "str":
      return Object.freeze({ type: "str", value: within(".value", () => text(from.value)) });
    default:
      return malformed("is not a constant", from);
  }
}

function shape(from: AggShape): AggShape {
  switch (from.kind) {
    case "tuple":
      return Object.freeze({
        kind: "tuple",
        elements: list(".elements", from.elements, (item) => item === null ? null : type(item)),
      });
    case "struct":
      return Object.freeze({ kind: "struct", typeId: u32Field(".typeId", from.typeId) });
    case "array":
      return Object.freeze({ kind: "array", elemTypeId: u32Field(".elemTypeId", from.elemTypeId) });
    default:
      return malformed("is not a shape", from);
  }
}

/**
 * Copies `program`. Functions that shared a code or span array share its copy.
 *
 * @throws {TypeError} If it is not what the decoder could have produced: a type that does not exist,
 * a number out of range, a name without a symbol.
 */
export function snapshot(program: Program): Program {
  try {
    return copyProgram(program);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new TypeError(`Not a program: program${error.path} ${error.message}`);
  }
}

function copyProgram(program: Program): Program {
  const arrays = new Map<Uint8Array | BigUint64Array, Uint8Array | BigUint64Array>();
  /** `from` itself may lie in shared memory, which another thread writes: copy, then look. */
  const codeCopy = (from: Uint8Array): Uint8Array => {
    if (!(from instanceof Uint8Array)) within(".code", () => malformed("must be bytes", from));
    let copy = arrays.get(from) as Uint8Array | undefined;
    if (copy === undefined) arrays.set(from, copy = new Uint8Array(from));
    return copy;
  };
  const spanCopy = (from: BigUint64Array): BigUint64Array => {
    if (!(from instanceof BigUint64Array) || from.length % 2 !== 0) {
      within(".spans", () => malformed("must be a BigUint64Array of pairs", from));
    }
    let copy = arrays.get(from) as BigUint64Array | undefined;
    if (copy === undefined) arrays.set(from, copy = new BigUint64Array(from));
    return copy;
  };

  const symbols = list(".symbols", program.symbols, text);
  if (symbols[0] !== "") {
    within(".symbols[0]", () => malformed("must be the empty string", symbols[0]));
  }
  const names = (
    step: string,
    from: readonly number[] | null,
    count: number,
  ): readonly number[] | null => {
    if (from === null) return null;
    const copy = list(step, from, (id) => below("", id, symbols.length));
    if (copy.length !== count) {
      within(step, () => malformed(`must hold ${count} names`, copy.length));
    }
    return copy;
  };
  const tapeFunction = (from: TapeFunction): TapeFunction => {
    const { args, results } = signature(from);
    return Object.freeze({
      args,
      results,
      argCount: u32Field(".argCount", from.argCount),
      resultCount: u32Field(".resultCount", from.resultCount),
      regCount: u32Field(".regCount", from.regCount),
      code: codeCopy(from.code),
      spans: spanCopy(from.spans),
      argNames: names(".argNames", from.argNames, args.length),
      resultNames: names(".resultNames", from.resultNames, results.length),
    });
  };
  const hostSig = (from: HostSignature): HostSignature => {
    const { args, results } = signature(from);
    const hash = within(".hash", () => bigint(from.hash, false));
    return Object.freeze({ args, results, symbol: u32Field(".symbol", from.symbol), hash });
  };
  const field = (from: StructField): StructField =>
    Object.freeze({
      name: within(".name", () => text(from.name)),
      type: within(".type", () => type(from.type)),
    });

  const functions = list(".functions", program.functions, tapeFunction);
  const func = (id: number) => below(".func", id, functions.length);
  const symbol = (id: number) => below(".symbol", id, symbols.length);
  return Object.freeze({
    symbols,
    constants: list(".constants", program.constants, constant),
    structs: list(
      ".structs",
      program.structs,
      (from) => Object.freeze({ fields: list(".fields", from.fields, field) }),
    ),
    arrayElems: list(".arrayElems", program.arrayElems, type),
    functions,
    hostSigs: list(".hostSigs", program.hostSigs, hostSig),
    callSigs: list(".callSigs", program.callSigs, (from) => Object.freeze(signature(from))),
    argShapes: list(
      ".argShapes",
      program.argShapes,
      (from) =>
        Object.freeze({
          func: u32Field(".func", from.func),
          arg: u32Field(".arg", from.arg),
          shape: within(".shape", () => shape(from.shape)),
        }),
    ),
    name: below(".name", program.name, symbols.length),
    functionNames: list(
      ".functionNames",
      program.functionNames,
      (from) => Object.freeze({ func: func(from.func), symbol: symbol(from.symbol) }),
    ),
    labelNames: list(".labelNames", program.labelNames, (from) =>
      Object.freeze({
        func: func(from.func),
        pc: u32Field(".pc", from.pc),
        symbol: symbol(from.symbol),
      })),
  });
}
