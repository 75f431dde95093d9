/**
 * Host functions: how an embedder declares what a program may call. The declared types give the
 * parameters and the result of the function their TypeScript types; a host is a set of such functions
 * looked up by symbol and signature hash (specification §9).
 *
 * @module
 */
import type { AggView, ClosureView } from "../heap/views.ts";
import type { Program } from "../tape/program.ts";
import { formatSignature, type Signature, signatureHash, type ValueType } from "../tape/types.ts";
import { isValueType } from "../tape/types.ts";
import type { Value } from "../tape/value.ts";
import type { AccessKey } from "./access.ts";

/** A decimal in JavaScript: `mantissa` times 10 to the power of `-scale`. */
export interface HostDecimal {
  /** The digits, an i64. */
  readonly mantissa: bigint;
  /** Digits after the point, 0 to 255. */
  readonly scale: number;
}

/** A host object in JavaScript. */
export interface HostObject {
  /** Host type id. */
  readonly objType: bigint;
  /** What the host tells its objects apart by. */
  readonly handle: bigint;
}

/** A function reference in JavaScript. */
export interface HostFunc {
  /** Function id. */
  readonly func: number;
}

/** The JavaScript form of a value of type `T`. */
export type Plain<T extends ValueType> = T extends "unit" ? undefined
  : T extends "bool" ? boolean
  : T extends "i64" | "u64" ? bigint
  : T extends "f64" ? number
  : T extends "dec" ? HostDecimal
  : T extends "bytes" ? Uint8Array
  : T extends "str" ? string
  : T extends "agg" ? AggView
  : T extends "func" ? HostFunc
  : T extends "closure" ? ClosureView
  : HostObject;

/** The parameters for arguments of types `A`. */
export type PlainArgs<A extends readonly ValueType[]> = { -readonly [K in keyof A]: Plain<A[K]> };

/** What a host function may return for one result of type `T`: the plain form or a tagged value. */
export type HostResult<T extends ValueType> = T extends "unit" ? undefined | void | Value
  : Plain<T> | Value;

/** What a host function with results `R` returns: nothing, one value, or an array. */
export type HostReturn<R extends readonly ValueType[]> = R extends readonly [] ? void
  : R extends readonly [infer T extends ValueType] ? HostResult<T>
  : { readonly [K in keyof R]: HostResult<R[K]> };

/** The last parameter of every host function; valid during the call only. */
export interface HostContext {
  /** The symbol the program called. */
  readonly symbol: string;
  /** Its signature hash. */
  readonly sigHash: bigint;
  /** The calling program. */
  readonly program: Program;
  /**
   * Takes `units` of fuel from the run once the call has succeeded. When less is left the run ends
   * with `FuelExceeded` at its next instruction, with the call's results stored.
   *
   * @throws {RangeError} When `units` is negative.
   */
  chargeFuel(units: bigint | number): void;
  /** Records that the function read `key`; does nothing when the run has no access sink. */
  recordRead(key: AccessKey): void;
  /** Records that the function wrote `key`; does nothing when the run has no access sink. */
  recordWrite(key: AccessKey): void;
}

/** Symbol and types of a host function. */
export interface HostSpec<
  A extends readonly ValueType[] = readonly ValueType[],
  R extends readonly ValueType[] = readonly ValueType[],
> extends Signature {
  /** The symbol that programs call. */
  readonly symbol: string;
  /** Types of its arguments. */
  readonly args: A;
  /** Types of its results. */
  readonly results: R;
}

/** A host function ready to be part of a host; made by {@linkcode hostFunction}. */
export interface HostFunction extends HostSpec {
  /** Signature hash (specification §4). */
  readonly hash: bigint;
  /** The implementation. */
  readonly call: (...args: any[]) => unknown;
}

/**
 * Declares a host function. Its parameters are the arguments in their plain form, then a
 * {@linkcode HostContext}:
 *
 * | type | plain form |
 * |---|---|
 * | `unit` | `undefined` |
 * | `bool` | `boolean` |
 * | `i64`, `u64` | `bigint` |
 * | `f64` | `number` |
 * | `dec` | `{ mantissa, scale }` |
 * | `bytes` | `Uint8Array`, a copy |
 * | `str` | `string` |
 * | `obj(ID)` | `{ objType, handle }` |
 * | `agg` | `AggView` |
 * | `func` | `{ func }` |
 * | `closure` | `ClosureView` |
 *
 * It returns nothing for no results, the plain form for one and an array for several. A tagged value
 * may stand for any plain one. What it throws becomes a `HostCallFailed` trap with the error as cause.
 * It may return a promise of all that when the run is an asynchronous one.
 *
 * @example
 * ```ts
 * import { hostFunction } from "@burin/burin";
 *
 * const add = hostFunction(
 *   { symbol: "math.add", args: ["i64", "i64"], results: ["i64"] },
 *   (a, b) => BigInt.asIntN(64, a + b),
 * );
 * console.log(add.symbol); // math.add
 * ```
 *
 * @throws {TypeError} When a type is not a value type.
 */
export function hostFunction<
  const A extends readonly ValueType[],
  const R extends readonly ValueType[],
  // `const`, so that an array literal is taken for the tuple of results that it is.
  const T extends HostReturn<R> | Promise<HostReturn<R>>,
>(
  spec: HostSpec<A, R>,
  call: (...args: [...PlainArgs<A>, HostContext]) => T,
): HostFunction {
  for (const type of [...spec.args, ...spec.results]) {
    if (!isValueType(type)) {
      throw new TypeError(`host function "${spec.symbol}": "${type}" is not a value type`);
    }
  }
  return {
    symbol: spec.symbol,
    args: [...spec.args],
    results: [...spec.results],
    hash: signatureHash(spec),
    call: call as HostFunction["call"],
  };
}

/** A set of host functions; made by {@linkcode createHost}. */
export class Host {
  readonly #bySymbol = new Map<string, Map<bigint, HostFunction>>();

  /** Use {@linkcode createHost}. */
  constructor(functions: Iterable<HostFunction>) {
    for (const entry of functions) {
      let overloads = this.#bySymbol.get(entry.symbol);
      if (overloads === undefined) this.#bySymbol.set(entry.symbol, overloads = new Map());
      const other = overloads.get(entry.hash);
      if (other !== undefined) {
        const same = formatSignature(other) === formatSignature(entry);
        throw new TypeError(
          `host function "${entry.symbol}" ${formatSignature(entry)} ` +
            (same ? "is declared twice" : `has the same hash as ${formatSignature(other)}`),
        );
      }
      overloads.set(entry.hash, entry);
    }
  }

  /** The function for `symbol` and signature hash `hash`, or why there is none. */
  lookup(symbol: string, hash: bigint): HostFunction | "UnknownSymbol" | "SignatureMismatch" {
    const overloads = this.#bySymbol.get(symbol);
    if (overloads === undefined) return "UnknownSymbol";
    return overloads.get(hash) ?? "SignatureMismatch";
  }

  /** All functions, by symbol in order of declaration. */
  *[Symbol.iterator](): Generator<HostFunction, void, undefined> {
    for (const overloads of this.#bySymbol.values()) yield* overloads.values();
  }
}

/**
 * Collects host functions into a host. One symbol may have several signatures.
 *
 * @throws {TypeError} When symbol and signature occur twice.
 */
export function createHost(functions: Iterable<HostFunction> = []): Host {
  return new Host(functions);
}
