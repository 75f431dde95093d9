/**
 * Calls from a program into its host: binds host signatures to host functions, turns argument words
 * into plain JavaScript values and results back into words (specification §8.8, §9). Every tier calls
 * the host through this, so limits, checks, traps and trace events are the same everywhere.
 *
 * @module
 */
import { type Heap, MemoryLimitError } from "../heap/heap.ts";
import { OBJ_HANDLE, OBJ_TYPE, WORDS_OF_CLASS } from "../heap/layout.ts";
import { readText, writeText } from "../heap/text.ts";
import { allocObject, writeValue } from "../heap/values.ts";
import { AggView, ClosureView } from "../heap/views.ts";
import { createWords, type Words } from "../heap/words.ts";
import type { Program } from "../tape/program.ts";
import { typeClass, type ValueType } from "../tape/types.ts";
import { type Value, valueType } from "../tape/value.ts";
import type { AccessKey, AccessSink } from "./access.ts";
import type { Host, HostContext, HostFunction } from "./host.ts";
import type { Limits } from "./limits.ts";
import { TraceMask, type TraceScope, type TraceSink } from "./trace.ts";
import type { HostErrorKind, TrapPlace, TrapReason } from "./trap.ts";

/** {@linkcode HostCaller.call}: the results are in `results`. */
export const HOST_OK = 0;
/**
 * {@linkcode HostCaller.call}: the run traps for `reason`, at the call, after `charged` was taken from
 * the fuel (a result of the wrong type traps after a successful call, so its charge counts).
 */
export const HOST_TRAP = 1;
/** {@linkcode HostCaller.call}: the results are in `results`; `charged` is to be taken from the fuel. */
export const HOST_CHARGED = 2;
/** {@linkcode HostCaller.call}: waiting for `pending`; go on with `settle` or `fail`. */
export const HOST_PENDING = 3;

/** Tracing of host scopes: the sink and where the run is at a call. */
export interface HostTrace {
  readonly mask: number;
  readonly sink: TraceSink;
  /** Where the call is and how many frames there are. */
  place(): TrapPlace & { readonly depth: number };
}

/** A host signature with the function behind it. */
interface Binding {
  readonly symbol: string;
  readonly hash: bigint;
  /** The function, if there is one. */
  readonly target: HostFunction["call"] | undefined;
  /** Why there is none. */
  readonly missing: HostErrorKind;
  readonly argClasses: Uint8Array;
  readonly argCount: number;
  readonly argWords: number;
  /** Classes of the first three arguments, 0 where there is none, and the words that they start at. */
  readonly class0: number;
  readonly class1: number;
  readonly class2: number;
  readonly word1: number;
  readonly word2: number;
  readonly results: readonly ValueType[];
  readonly resultClasses: Uint8Array;
  /** The class of its only result; `NO_RESULT` or `SEVERAL_RESULTS` if it isn't one. */
  readonly resultClass: number;
  /** What the next call is given. */
  context: HostContext;
  readonly scope: TraceScope;
}

const NO_RESULT = -1;
const SEVERAL_RESULTS = -2;

const FUEL_MAX = (1n << 64n) - 1n;

// V8 takes constants that are imported or exported for variables that may not be set yet; those that
// no other file sees are literals.
const OK = HOST_OK;
const CHARGED = HOST_CHARGED;
const TRAP = HOST_TRAP;

// What is out of the ordinary about a run, or about the call made last.
const IS_TRACED = 1;
const IS_WATCHED = 2;
const IS_CHARGED = 4;

/** Most calls that are granted at once, so that what is left is a small integer to V8. */
const MOST_CALLS = 2 ** 30 - 1;

/**
 * Argument and result words of all instances while they suffice: arguments are read before the host
 * function is called, results are written after it has returned and read before anything else runs.
 */
const SHARED_WORDS = createWords(16);

/** The host side of one instance; `begin` and `end` bracket a run. */
export class HostCaller {
  /** Result words of the last {@linkcode call}, in order (`WORDS_OF_CLASS`); replaced when it grows. */
  results: Words = SHARED_WORDS;
  /** Why the last call trapped. */
  reason: TrapReason | undefined;
  /** Fuel the last call charged. */
  charged = 0n;
  /** What the last call waits for. */
  pending: PromiseLike<unknown> | undefined;

  readonly #program: Program;
  readonly #host: Host;
  readonly #heap: Heap;
  readonly #bindings: (Binding | undefined)[] = [];
  #maxCalls = 0;
  /** Calls granted so far, and how many of them were not made yet. */
  #granted = 0;
  #left = 0;
  /** What of `IS_TRACED`, `IS_WATCHED` and `IS_CHARGED` holds. */
  #state = 0;
  #async = false;
  #trace: HostTrace | undefined;
  #access: AccessSink | undefined;
  /** The context of the call under way. */
  #current: HostContext | undefined;
  // Of the call that is pending: what it calls, and where its results go.
  #waiting: Binding | undefined;
  #words: Words = SHARED_WORDS;
  #at = 0;

  /** The host side of an instance of `program` whose memory is `heap`. */
  constructor(program: Program, host: Host, heap: Heap) {
    this.#program = program;
    this.#host = host;
    this.#heap = heap;
  }

  /** Starts a run. With `async`, host functions may return promises (`HOST_PENDING`). */
  begin(
    limits: Limits,
    trace: HostTrace | undefined,
    access: AccessSink | undefined,
    async: boolean,
  ): void {
    // Nobody makes 2^53 calls.
    this.#maxCalls = Number(limits.maxHostCalls);
    this.#granted = this.#left = 0;
    this.charged = 0n;
    this.#trace = trace !== undefined && (trace.mask & TraceMask.HOST) !== 0 ? trace : undefined;
    this.#state = this.#trace !== undefined ? IS_TRACED : 0;
    this.#access = access;
    this.#async = async;
  }

  /** Ends a run. */
  end(): void {
    this.#trace = undefined;
    this.#access = undefined;
    this.#current = undefined;
    this.#waiting = undefined;
    this.#words = SHARED_WORDS;
    this.pending = undefined;
    this.reason = undefined;
  }

  /** Host calls made in this run. */
  get count(): number {
    return this.#granted - this.#left;
  }

  /** Has every success be `HOST_CHARGED`, for loops that look up only then. */
  set isWatched(isWatched: boolean) {
    this.#state = isWatched ? this.#state | IS_WATCHED : this.#state & ~IS_WATCHED;
  }

  /**
   * Calls host signature `hostSig`. Argument word `k` (counted over all arguments) is word
   * `base + slots[at + k]` of `words`. May allocate, so heap views are stale afterwards.
   *
   * @returns `HOST_OK`, `HOST_TRAP`, `HOST_CHARGED` or `HOST_PENDING`.
   */
  call(hostSig: number, words: Words, base: number, slots: Int32Array, at: number): number {
    const { argWords } = this.#bindings[hostSig] ?? this.#bind(hostSig);
    const to = this.results.i64;
    const from = words.i64;
    for (let k = 0; k < argWords; k++) to[k] = from[base + slots[at + k]];
    return this.callInPlace(hostSig, this.results, 0);
  }

  /**
   * The same with argument word `k` in word `at + k` of `words`, where the results are put, too, not
   * in `results`.
   */
  callInPlace(hostSig: number, words: Words, at: number): number {
    const binding = this.#bindings[hostSig] ?? this.#bind(hostSig);
    if (this.#left === 0 && !this.#grant()) return TRAP;
    this.#left--;
    if (this.#state !== 0) this.#announce(binding);
    const { target, context } = binding;
    if (target === undefined) return this.#failed(binding, binding.missing, undefined);
    this.#current = context;
    let value: unknown;
    try {
      switch (binding.argCount) {
        case 0:
          value = target(context);
          break;
        case 1:
          value = target(this.#argument(binding.class0, words, at), context);
          break;
        case 2:
          value = target(
            this.#argument(binding.class0, words, at),
            this.#argument(binding.class1, words, at + binding.word1),
            context,
          );
          break;
        case 3:
          value = target(
            this.#argument(binding.class0, words, at),
            this.#argument(binding.class1, words, at + binding.word1),
            this.#argument(binding.class2, words, at + binding.word2),
            context,
          );
          break;
        default:
          value = target(...this.#arguments(binding, words, at));
      }
    } catch (error) {
      return this.#failed(binding, "Failed", error);
    }
    const state = this.#state;
    if ((state & IS_TRACED) !== 0 || !storeWord(value, binding.resultClass, words, at)) {
      return this.#finish(binding, value, words, at);
    }
    this.#current = undefined;
    return state === 0 ? OK : CHARGED;
  }

  /** Grants calls if the limit allows any. */
  #grant(): boolean {
    this.#left = Math.min(this.#maxCalls - this.#granted, MOST_CALLS);
    this.#granted += this.#left;
    if (this.#left > 0) return true;
    this.charged = 0n;
    this.reason = { kind: "HostCallLimitExceeded" };
    return false;
  }

  /** What a call starts with when something about the run, or the call before, is out of the ordinary. */
  #announce(binding: Binding): void {
    this.charged = 0n;
    this.#state &= ~IS_CHARGED;
    if (this.#trace !== undefined) this.#emit("scope_enter", binding);
  }

  /** Goes on after `HOST_PENDING` with what the promise gave. Results as of {@linkcode call}. */
  settle(value: unknown): number {
    const binding = this.#waiting!;
    this.#waiting = undefined;
    this.pending = undefined;
    return this.#storeResults(binding, value, this.#words, this.#at);
  }

  /** Goes on after `HOST_PENDING` with the error that rejected the promise. */
  fail(error: unknown): number {
    const binding = this.#waiting!;
    this.#waiting = undefined;
    this.pending = undefined;
    return this.#failed(binding, "Failed", error);
  }

  /**
   * Ends the wait after `HOST_PENDING`: the run traps for `reason` at the call. What the promise gives
   * is nobody's, not even an unhandled error.
   */
  abandon(reason: TrapReason): number {
    this.pending?.then(undefined, () => {});
    this.pending = undefined;
    this.#waiting = undefined;
    this.#current = undefined;
    this.charged = 0n;
    this.reason = reason;
    return TRAP;
  }

  /** Goes on with what a host function returned. */
  #finish(binding: Binding, value: unknown, words: Words, at: number): number {
    try {
      if (isThenable(value)) {
        // The function still runs and has its context, which no later call may be mistaken for.
        binding.context = this.#contextOf(binding);
        if (this.#async) {
          this.pending = value;
          this.#waiting = binding;
          this.#words = words;
          this.#at = at;
          return HOST_PENDING;
        }
        // The promise may still be rejected; that is nobody's unhandled error.
        value.then(undefined, () => {});
        throw new TypeError(
          `host function "${binding.symbol}" returned a promise in a synchronous run`,
        );
      }
    } catch (error) {
      return this.#failed(binding, "Failed", error);
    }
    return this.#storeResults(binding, value, words, at);
  }

  #storeResults(binding: Binding, value: unknown, words: Words, at: number): number {
    const { results, resultClasses } = binding;
    const n = results.length;
    let list: readonly unknown[];
    let count = n;
    if (n === 0 || (n > 1 && value === undefined)) list = [];
    else if (n === 1) list = Array.isArray(value) ? value : [value];
    else list = Array.isArray(value) ? value : [value];
    if (Array.isArray(value)) count = value.length;
    else if (n > 1 && value !== undefined) count = 1;
    let mismatch: TrapReason | undefined;
    if (count !== n) {
      mismatch = { kind: "HostReturnArityMismatch", expected: n, actual: count };
    } else {
      try {
        for (let k = 0; k < n; k++) {
          const actual = this.#typeOf(list[k], results[k]);
          if (actual !== results[k]) {
            mismatch ??= { kind: "TypeMismatch", expected: results[k], actual };
          }
        }
      } catch (error) {
        return this.#failed(binding, "Failed", error);
      }
    }
    this.#current = undefined;
    if (this.#trace !== undefined) this.#emit("scope_exit", binding);
    if (mismatch !== undefined) {
      this.reason = mismatch;
      return TRAP;
    }
    try {
      for (let k = 0; k < n; k++) at += this.#store(list[k], resultClasses[k], words, at);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) return this.#failed(binding, "Failed", error);
      this.reason = { kind: "MemoryLimitExceeded" };
      return TRAP;
    }
    return (this.#state & (IS_CHARGED | IS_WATCHED)) === 0 ? OK : CHARGED;
  }

  #failed(binding: Binding, error: HostErrorKind, cause: unknown): number {
    this.#current = undefined;
    this.charged = 0n;
    const { symbol, hash: sigHash } = binding;
    this.reason = error === "Failed"
      ? { kind: "HostCallFailed", symbol, sigHash, error, cause }
      : { kind: "HostCallFailed", symbol, sigHash, error };
    return TRAP;
  }

  #emit(type: "scope_enter" | "scope_exit", binding: Binding): void {
    const { func, pc, span, depth } = this.#trace!.place();
    this.#trace!.sink({
      type,
      program: this.#program,
      scope: binding.scope,
      depth,
      func,
      pc,
      span,
    });
  }

  #bind(hostSig: number): Binding {
    const program = this.#program;
    const { symbol: id, hash, args, results } = program.hostSigs[hostSig];
    const symbol = program.symbols[id];
    const found = this.#host.lookup(symbol, hash);
    const argClasses = Uint8Array.from(args, typeClass);
    const resultClasses = Uint8Array.from(results, typeClass);
    const [class0 = 0, class1 = 0, class2 = 0] = argClasses;
    const argWords = wordsOf(argClasses);
    const most = Math.max(argWords, wordsOf(resultClasses));
    if (most > this.results.i64.length) this.results = createWords(most);
    const binding: Omit<Binding, "context"> = {
      symbol,
      hash,
      target: typeof found === "string" ? undefined : found.call,
      missing: typeof found === "string" ? found : "Failed",
      argClasses,
      argCount: argClasses.length,
      argWords,
      class0,
      class1,
      class2,
      word1: WORDS_OF_CLASS[class0],
      word2: WORDS_OF_CLASS[class0] + WORDS_OF_CLASS[class1],
      results,
      resultClasses,
      resultClass: resultClasses.length > 1 ? SEVERAL_RESULTS : resultClasses[0] ?? NO_RESULT,
      scope: { kind: "hostCall", hostSig, symbol: id, sigHash: hash },
    };
    return this.#bindings[hostSig] = { ...binding, context: this.#contextOf(binding) };
  }

  /** A context that is of use while it is `#current`. */
  #contextOf({ symbol, hash }: Pick<Binding, "symbol" | "hash">): HostContext {
    const during = (): void => {
      if (this.#current !== context) {
        throw new Error(`the context of host function "${symbol}" is used outside its call`);
      }
    };
    const context: HostContext = {
      symbol,
      sigHash: hash,
      program: this.#program,
      chargeFuel: (units) => {
        during();
        const charge = BigInt(units);
        if (charge < 0n) throw new RangeError(`fuel to charge may not be negative: got ${units}`);
        const total = this.charged + charge;
        this.charged = total > FUEL_MAX ? FUEL_MAX : total;
        this.#state |= IS_CHARGED;
      },
      recordRead: (key: AccessKey) => {
        during();
        this.#access?.read(key);
      },
      recordWrite: (key: AccessKey) => {
        during();
        this.#access?.write(key);
      },
    };
    return context;
  }

  /** The arguments and, last, the context. */
  #arguments({ argClasses, context }: Binding, words: Words, at: number): unknown[] {
    const args: unknown[] = [];
    for (let k = 0; k < argClasses.length; k++) {
      args.push(this.#argument(argClasses[k], words, at));
      at += WORDS_OF_CLASS[argClasses[k]];
    }
    args.push(context);
    return args;
  }

  #argument(cls: number, words: Words, word: number): unknown {
    switch (cls) {
      case 0: // unit
        return undefined;
      case 1: // bool
        return words.i32[2 * word] !== 0;
      case 2: // i64
        return words.i64[word];
      case 3: // u64
        return words.u64[word];
      case 4: // f64
        return words.f64[word];
      default:
        return this.#largeArgument(cls, words, word);
    }
  }

  #largeArgument(cls: number, words: Words, word: number): unknown {
    if (cls === 5) return { mantissa: words.i64[word], scale: words.i32[2 * (word + 1)] }; // dec
    const low = words.i32[2 * word] >>> 0;
    const high = words.i32[2 * word + 1] >>> 0;
    const heap = this.#heap;
    switch (cls) {
      case 6: // bytes
        return heap.u8.slice(low, low + high);
      case 7: // str
        return high === 0 ? "" : readText(heap.u8, low, high);
      case 8: // obj
        return {
          objType: heap.u64[(low + OBJ_TYPE) / 8],
          handle: heap.u64[(low + OBJ_HANDLE) / 8],
        };
      case 9: // agg
        return new AggView(heap, low);
      case 10: // func
        return { func: low };
      default: // closure
        return new ClosureView(low, new AggView(heap, high));
    }
  }

  /** The type that `value` has as a result declared `declared`. Throws when it has none. */
  #typeOf(value: unknown, declared: ValueType): ValueType {
    switch (typeof value) {
      case "undefined":
        return "unit";
      case "boolean":
        return "bool";
      case "number":
        return "f64";
      case "bigint":
        if (declared === "u64") {
          checkU64(value);
          return "u64";
        }
        if (declared === "i64") checkI64(value);
        return "i64";
      case "string":
        checkText(value);
        return "str";
      case "object":
        if (value !== null) return this.#objectType(value);
    }
    throw new TypeError(`a host function returned ${String(value)}, which is no tape value`);
  }

  #objectType(value: object): ValueType {
    if (value instanceof Uint8Array) return "bytes";
    if (value instanceof AggView) {
      AggView.offsetIn(value, this.#heap);
      return "agg";
    }
    if (value instanceof ClosureView) {
      AggView.offsetIn(value.env, this.#heap);
      checkFunc(value.func);
      return "closure";
    }
    if ("type" in value) {
      const tagged = value as Value;
      switch (tagged.type) {
        case "i64":
          checkI64(tagged.value);
          break;
        case "u64":
          checkU64(tagged.value);
          break;
        case "f64":
          checkU64(tagged.bits);
          break;
        case "str":
          checkText(tagged.value);
          break;
        case "dec":
          checkDecimal(tagged.mantissa, tagged.scale);
          break;
        case "obj":
          checkU64(tagged.objType);
          checkU64(tagged.handle);
          break;
        case "func":
        case "closure":
          checkFunc(tagged.func);
          break;
        case "unit":
        case "bool":
        case "bytes":
        case "tuple":
        case "struct":
        case "array":
          break;
        default:
          throw new TypeError(
            `a host function returned a value of unknown type ${String((value as Value).type)}`,
          );
      }
      return valueType(tagged);
    }
    if ("mantissa" in value && "scale" in value) {
      checkDecimal(value.mantissa, value.scale);
      return "dec";
    }
    if ("objType" in value && "handle" in value) {
      checkU64(value.objType);
      checkU64(value.handle);
      return `obj(${value.objType as bigint})`;
    }
    if ("func" in value) {
      checkFunc(value.func);
      return "func";
    }
    throw new TypeError("a host function returned an object that is no tape value");
  }

  /** Writes a result whose type was checked; returns the number of words. */
  #store(value: any, cls: number, words: Words, at: number): number {
    const { i64, i32, f64 } = words;
    const heap = this.#heap;
    switch (typeof value) {
      case "undefined":
        return 0;
      case "boolean":
        i64[at] = value ? 1n : 0n;
        return 1;
      case "bigint":
        i64[at] = value;
        return 1;
      case "number":
        f64[at] = value;
        return 1;
      case "string": {
        const offset = writeText(heap, value);
        i32[2 * at] = offset;
        i32[2 * at + 1] = heap.top - offset;
        return 1;
      }
    }
    if (value instanceof AggView) {
      i64[at] = BigInt(AggView.offsetIn(value, heap));
    } else if (value instanceof ClosureView) {
      i32[2 * at] = value.func;
      i32[2 * at + 1] = AggView.offsetIn(value.env, heap);
    } else if (value instanceof Uint8Array) {
      const offset = heap.allocBytes(value.length);
      heap.u8.set(value, offset);
      i32[2 * at] = offset;
      i32[2 * at + 1] = value.length;
    } else if ("type" in value) {
      return writeValue(heap, words, at, value);
    } else {
      switch (cls) {
        case 5: // dec
          i64[at] = value.mantissa;
          i64[at + 1] = BigInt(value.scale);
          return 2;
        case 8: // obj
          i64[at] = BigInt(allocObject(heap, value.objType, value.handle));
          return 1;
        default: // func
          i64[at] = BigInt(value.func);
      }
    }
    return 1;
  }
}

/**
 * Writes `value` to word `at` if that is all there is to do for a result of class `cls`, the only one
 * (or, with `NO_RESULT`, if nothing is).
 */
function storeWord(value: unknown, cls: number, words: Words, at: number): boolean {
  switch (cls) {
    case NO_RESULT:
      return value === undefined;
    case 1: // bool
      if (typeof value !== "boolean") return false;
      words.i64[at] = value ? 1n : 0n;
      return true;
    case 2: // i64
      if (typeof value !== "bigint") return false;
      words.i64[at] = value;
      return BigInt.asIntN(64, value) === value;
    case 3: // u64
      if (typeof value !== "bigint") return false;
      words.u64[at] = value;
      return BigInt.asUintN(64, value) === value;
    case 4: // f64
      if (typeof value !== "number") return false;
      words.f64[at] = value;
      return true;
  }
  return false;
}

function wordsOf(classes: Uint8Array): number {
  return classes.reduce((words, cls) => words + WORDS_OF_CLASS[cls], 0);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as PromiseLike<unknown>).then === "function";
}

function checkI64(value: unknown): void {
  if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) {
    throw new RangeError(`a host function returned ${value}, which does not fit i64`);
  }
}

function checkU64(value: unknown): void {
  if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) {
    throw new RangeError(`a host function returned ${value}, which does not fit u64`);
  }
}

function checkDecimal(mantissa: unknown, scale: unknown): void {
  checkI64(mantissa);
  if (typeof scale !== "number" || !Number.isInteger(scale) || scale < 0 || scale > 255) {
    throw new RangeError(`a host function returned a decimal of scale ${scale}, not 0 to 255`);
  }
}

function checkFunc(func: unknown): void {
  if (typeof func !== "number" || func >>> 0 !== func) {
    throw new RangeError(`a host function returned function id ${func}, which does not fit u32`);
  }
}

function checkText(text: string): void {
  if (!text.isWellFormed()) {
    throw new TypeError("a host function returned a text with a lone surrogate");
  }
}
