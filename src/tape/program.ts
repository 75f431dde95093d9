/**
 * The decoded program: plain data that mirrors the container's sections (specification §2, §3).
 * Nothing here is checked beyond what the decoder checks; only `verify` turns a program into
 * something that can run.
 *
 * @module
 */
import type { Signature, ValueType } from "./types.ts";

/** One constant-pool entry (specification §3.2). */
export type Constant =
  | { readonly type: "unit" }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "i64" | "u64"; readonly value: bigint }
  /** `bits` are the IEEE bits, 0 to 2^64 - 1. */
  | { readonly type: "f64"; readonly bits: bigint }
  /** `mantissa` (i64) times 10 to the power of `-scale` (0 to 255). */
  | { readonly type: "dec"; readonly mantissa: bigint; readonly scale: number }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "str"; readonly value: string };

/** One field of a struct type. */
export interface StructField {
  /** Field name; may be empty. */
  readonly name: string;
  /** Type of the field's values. */
  readonly type: ValueType;
}

/** A struct type; its id is its position in `Program.structs`. */
export interface StructType {
  /** Fields in order. */
  readonly fields: readonly StructField[];
}

/** A function: table entry, signature, code and spans together. Its id is its position. */
export interface TapeFunction extends Signature {
  /** Argument count of the function table; the verifier compares it with `args.length`. */
  readonly argCount: number;
  /** Result count of the function table; the verifier compares it with `results.length`. */
  readonly resultCount: number;
  /** Number of virtual registers. */
  readonly regCount: number;
  /** Bytecode. Functions that share a blob in the container share the array. */
  readonly code: Uint8Array;
  /** Span table as pairs (pc delta, span id), 2n words (specification §5.2). */
  readonly spans: BigUint64Array;
  /** Symbol ids of the argument names, 0 for none; null when the section has no list. */
  readonly argNames: readonly number[] | null;
  /** Symbol ids of the result names, 0 for none; null when the section has no list. */
  readonly resultNames: readonly number[] | null;
}

/** A host function the program may call. */
export interface HostSignature extends Signature {
  /** Index into `Program.symbols`. */
  readonly symbol: number;
  /** Stored signature hash; the verifier compares it with `signatureHash`. */
  readonly hash: bigint;
}

/** What the aggregate behind an argument looks like (container section 11). */
export type AggShape =
  /** `null` is an element of unknown type. */
  | { readonly kind: "tuple"; readonly elements: readonly (ValueType | null)[] }
  | { readonly kind: "struct"; readonly typeId: number }
  | { readonly kind: "array"; readonly elemTypeId: number };

/** A declared shape of one argument. */
export interface ArgShape {
  /** Function id. */
  readonly func: number;
  /** Position of the argument. */
  readonly arg: number;
  /** Its shape. */
  readonly shape: AggShape;
}

/** A function's name. */
export interface FunctionName {
  /** Function id. */
  readonly func: number;
  /** Index into `Program.symbols`. */
  readonly symbol: number;
}

/** A name of a place in a function's code. */
export interface LabelName {
  /** Function id. */
  readonly func: number;
  /** Byte offset in the function's code. */
  readonly pc: number;
  /** Index into `Program.symbols`. */
  readonly symbol: number;
}

/** A decoded program. */
export interface Program {
  /** Symbol texts; entry 0 is the reserved empty string. */
  readonly symbols: readonly string[];
  /** Constant pool. */
  readonly constants: readonly Constant[];
  /** Struct types by type id. */
  readonly structs: readonly StructType[];
  /** Array element types by element type id. */
  readonly arrayElems: readonly ValueType[];
  /** Functions by id. */
  readonly functions: readonly TapeFunction[];
  /** Host functions the program may call. */
  readonly hostSigs: readonly HostSignature[];
  /** Signatures of indirect calls. */
  readonly callSigs: readonly Signature[];
  /** Declared shapes of aggregate arguments. */
  readonly argShapes: readonly ArgShape[];
  /** Symbol id of the program's name, 0 for none. */
  readonly name: number;
  /** Names of functions. */
  readonly functionNames: readonly FunctionName[];
  /** Names of places in functions. */
  readonly labelNames: readonly LabelName[];
}

/** The first name of function `func`, or undefined. */
export function functionName(program: Program, func: number): string | undefined {
  const entry = program.functionNames.find((name) => name.func === func);
  return entry && program.symbols[entry.symbol];
}

/** The id of the first function named `name`, or -1. */
export function findFunction(program: Program, name: string): number {
  return program.functionNames.find((entry) => program.symbols[entry.symbol] === name)?.func ?? -1;
}

/** The span id in force at `pc`: the last entry at or before it (specification §5.2). */
export function spanAt(spans: BigUint64Array, pc: number): bigint | undefined {
  let position = 0n;
  let found: bigint | undefined;
  const target = BigInt(pc);
  for (let i = 0; i < spans.length; i += 2) {
    position += spans[i];
    if (position > target) break;
    found = spans[i + 1];
  }
  return found;
}
