/**
 * WebAssembly of one verified program: which functions and loops are compiled, and to which modules.
 * Shared by all instances of the program; what belongs to an instance is in `wasm_run.ts`.
 *
 * @module
 */
import { LowerError } from "../front/lower_error.ts";
import { Request, wordCount } from "../front/requests.ts";
import { lowerFunction, lowerLoop, unsupported } from "../front/tape.ts";
import { WORDS_OF_CLASS } from "../heap/layout.ts";
import { ExitCode } from "../ir/context.ts";
import type { Func, Site } from "../ir/func.ts";
import { INLINE_INSTRUCTIONS } from "../opt/inline.ts";
import { optimize } from "../opt/pipeline.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { type Binaryen, loadBinaryen, loadedBinaryen } from "../wasm/binaryen.ts";
import type { WasmExit } from "../wasm/function.ts";
import { compileWasm, type WasmInput, WasmLimitError, type WasmOptions } from "../wasm/module.ts";
import { measureFreshStack } from "../wasm/stack.ts";
import { CallGraph } from "./call_graph.ts";
import { Counters } from "./stats.ts";

/** `WasmRunner` answers requests. */
const LOWER_OPTIONS = { requests: true } as const;

/** A module with some of a program's functions. */
export interface WasmCode {
  /** The module, compiled by the engine as far as it does so ahead of time. */
  readonly module: WebAssembly.Module;
  /** Bytes of the module. */
  readonly bytes: number;
  /** What the numbers of its exits stand for. */
  readonly exits: readonly WasmExit[];
  /** Sites of each of its functions. */
  readonly sites: ReadonlyMap<number, readonly Site[]>;
  /** Whether it imports the guest's memory. */
  readonly usesHeap: boolean;
  /** Whether its functions exchange anything with the engine while they run. */
  readonly usesContext: boolean;
  /** Whether its functions call the host. */
  readonly callsHost: boolean;
  /** Whether its functions call each other. */
  readonly hasCalls: boolean;
  /** Whether calls among its functions can recur. */
  readonly recurs: boolean;
  /** About how many bytes the largest frame has. */
  readonly frameBytes: number;
  /** Words that the largest of the frames has in the interpreter. */
  readonly frameWords: number;
  /** Index of the part of a function that the module was made for, and the function. */
  readonly part: { readonly index: number; readonly func: number } | undefined;
}

/** Where a module can be entered. */
export interface WasmPlace {
  readonly code: WasmCode;
  /** What is entered there: a function, or `WasmCode.part`. */
  readonly index: number;
  /** For each word of its arguments the word of the function's registers. */
  readonly words: Int32Array;
}

let isMeasured = false;

/**
 * Gets ready to make and run WebAssembly, once.
 *
 * @throws {Error} (by rejecting) When Binaryen cannot be found.
 */
export async function loadWasm(): Promise<Binaryen> {
  const binaryen = await loadBinaryen();
  await measureFreshStack(binaryen);
  isMeasured = true;
  return binaryen;
}

/** Binaryen if {@linkcode loadWasm} is done, else undefined. */
export function loadedWasm(): Binaryen | undefined {
  return isMeasured ? loadedBinaryen() : undefined;
}

/** See the module text. */
export class WasmProgram {
  readonly #verified: VerifiedProgram;
  readonly #calls: CallGraph;
  readonly #binaryen: Binaryen;
  readonly #options: WasmOptions;
  readonly #counters: Counters;
  /** Places by function and block, and whether they are resumable. */
  readonly #places = new Map<number, WasmPlace>();
  /** Functions that are counted as compiled. */
  readonly #counted = new Set<number>();
  /** Lowered functions that may be inlined, null for those that may not. */
  readonly #small: (Func | null | undefined)[] = [];

  /** Prepares a program; nothing is compiled yet. `binaryen` is what `loadWasm` gave. */
  constructor(
    verified: VerifiedProgram,
    binaryen: Binaryen,
    counters: Counters = new Counters(),
    options: WasmOptions = {},
  ) {
    this.#verified = verified;
    this.#calls = new CallGraph(verified);
    this.#binaryen = binaryen;
    this.#counters = counters;
    this.#options = options;
  }

  /**
   * Where to enter function `func` at the start of its block `block`, or from the start if that is -1;
   * compiled the first time, with everything it can call.
   *
   * @param resumable whether the code can be given more fuel where that runs out.
   * @throws {LowerError} When one of the functions has an instruction that is not lowered.
   * @throws {WasmLimitError} When they are more than WebAssembly engines take.
   */
  ensure(func: number, block = -1, resumable = false): WasmPlace {
    const known = this.#places.get(placeKey(func, block, resumable));
    if (known !== undefined) return known;
    const start = performance.now();
    const place = this.#compile(func, block, resumable);
    this.#counters.compileMilliseconds += performance.now() - start;
    return place;
  }

  #compile(func: number, block: number, resumable: boolean): WasmPlace {
    const verified = this.#verified;
    const indices = block < 0
      ? this.#calls.reachableFrom(func)
      : this.#calls.reachableFrom(...this.#calls.callees(func));
    for (const index of [func, ...indices]) {
      const problem = unsupported(verified, index, LOWER_OPTIONS);
      if (problem !== undefined) throw new LowerError(index, problem);
    }
    const inputs: WasmInput[] = [];
    const sites = new Map<number, readonly Site[]>();
    const add = (index: number, ir: Func, of: number) => {
      optimize(ir, { index: of, functions: (callee) => this.#inlinable(callee) });
      inputs.push({ index, func: ir, isPart: index !== of });
      sites.set(index, ir.sites);
    };
    for (const index of indices) add(index, lowerFunction(verified, index, LOWER_OPTIONS), index);
    let part: WasmCode["part"];
    let words: Int32Array | undefined;
    if (block >= 0) {
      const loop = lowerLoop(verified, func, block, LOWER_OPTIONS);
      part = { index: verified.functions.length, func };
      words = loop.words;
      add(part.index, loop.func, func);
    }
    const { bytes, exits, usesHeap, usesContext, hasCalls, frameBytes } = compileWasm(
      this.#binaryen,
      inputs,
      { ...this.#options, resumable },
    );
    const code: WasmCode = {
      module: this.#accept(bytes, func),
      bytes: bytes.length,
      exits,
      sites,
      usesHeap,
      usesContext,
      callsHost: exits.some((exit) => exit.code === ExitCode.Request + Request.HostCall),
      hasCalls,
      recurs: this.#calls.canRecur(indices),
      frameBytes,
      frameWords: Math.max(...indices.map((index) => this.#frameWords(index)), 1),
      part,
    };
    for (const index of indices) {
      const key = placeKey(index, -1, resumable);
      if (!this.#places.has(key)) {
        this.#places.set(key, { code, index, words: this.#argumentWords(index) });
      }
      if (this.#counted.has(index)) continue;
      this.#counted.add(index);
      this.#counters.functionsCompiled++;
    }
    if (part !== undefined) {
      this.#counters.loopsCompiled++;
      this.#places.set(placeKey(func, block, resumable), {
        code,
        index: part.index,
        words: words!,
      });
    }
    this.#counters.codeBytes += bytes.length;
    return this.#places.get(placeKey(func, block, resumable))!;
  }

  #frameWords(func: number): number {
    let words = 0;
    for (const cls of this.#verified.functions[func].regClasses) words += WORDS_OF_CLASS[cls];
    return words;
  }

  /** A function's arguments are its first registers. */
  #argumentWords(func: number): Int32Array {
    const { args } = this.#verified.program.functions[func];
    return Int32Array.from({ length: wordCount(args) }, (_, k) => k);
  }

  #accept(bytes: Uint8Array<ArrayBuffer>, func: number): WebAssembly.Module {
    try {
      return new WebAssembly.Module(bytes);
    } catch (error) {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
      // What Binaryen writes is valid, so this is about size: of a function, or its locals.
      const message = `function ${func} is too much for the WebAssembly engine: ${error.message}`;
      throw new WasmLimitError(message, { cause: error });
    }
  }

  /** The IR of a function small enough to be copied into its callers. */
  #inlinable(index: number): Func | undefined {
    const known = this.#small[index];
    if (known !== undefined) return known ?? undefined;
    const { code } = this.#verified.functions[index];
    const isSmall = code.count <= INLINE_INSTRUCTIONS &&
      unsupported(this.#verified, index, LOWER_OPTIONS) === undefined;
    const func = isSmall ? lowerFunction(this.#verified, index, LOWER_OPTIONS) : undefined;
    this.#small[index] = func ?? null;
    return func;
  }
}

function placeKey(func: number, block: number, resumable: boolean): number {
  return (func * 2 ** 26 + block + 1) * 2 + (resumable ? 1 : 0);
}
