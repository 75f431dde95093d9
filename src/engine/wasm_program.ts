/**
 * WebAssembly of one verified program: which functions are compiled, and to which modules. Shared by
 * all instances of the program; what belongs to an instance is in `wasm_run.ts`.
 *
 * @module
 */
import { LowerError } from "../front/lower_error.ts";
import { lowerFunction, unsupported } from "../front/tape.ts";
import type { Func, Site } from "../ir/func.ts";
import { INLINE_INSTRUCTIONS } from "../opt/inline.ts";
import { optimize } from "../opt/pipeline.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import type { Binaryen } from "../wasm/binaryen.ts";
import type { WasmExit } from "../wasm/function.ts";
import { compileWasm, type WasmInput, WasmLimitError, type WasmOptions } from "../wasm/module.ts";
import { CallGraph } from "./call_graph.ts";

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
}

/** See the module text. */
export class WasmProgram {
  readonly #verified: VerifiedProgram;
  readonly #calls: CallGraph;
  readonly #binaryen: Binaryen;
  readonly #options: WasmOptions;
  /** The module that enters each function. */
  readonly #code: (WasmCode | undefined)[] = [];
  /** Lowered functions that may be inlined, null for those that may not. */
  readonly #small: (Func | null | undefined)[] = [];

  /** Prepares a program; nothing is compiled yet. `binaryen` is what `loadBinaryen` gave. */
  constructor(verified: VerifiedProgram, binaryen: Binaryen, options: WasmOptions = {}) {
    this.#verified = verified;
    this.#calls = new CallGraph(verified);
    this.#binaryen = binaryen;
    this.#options = options;
  }

  /**
   * The module that enters function `func`, with everything it can call; compiled the first time.
   *
   * @throws {LowerError} When one of the functions has an instruction that is not lowered.
   * @throws {WasmLimitError} When they are more than WebAssembly engines take.
   */
  ensure(func: number): WasmCode {
    const known = this.#code[func];
    if (known !== undefined) return known;
    const indices = this.#calls.reachableFrom(func);
    for (const index of indices) {
      const problem = unsupported(this.#verified, index, LOWER_OPTIONS);
      if (problem !== undefined) throw new LowerError(index, problem);
    }
    const inputs: WasmInput[] = [];
    const sites = new Map<number, readonly Site[]>();
    for (const index of indices) {
      const ir = lowerFunction(this.#verified, index, LOWER_OPTIONS);
      optimize(ir, { index, functions: (callee) => this.#inlinable(callee) });
      inputs.push({ index, func: ir });
      sites.set(index, ir.sites);
    }
    const { bytes, exits, usesHeap, usesContext } = compileWasm(this.#binaryen, inputs, {
      ...this.#options,
      entries: [func],
    });
    const module = this.#accept(bytes, func);
    const code: WasmCode = { module, bytes: bytes.length, exits, sites, usesHeap, usesContext };
    this.#code[func] = code;
    return code;
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
