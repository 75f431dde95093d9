/**
 * When code is compiled in tier `auto`: what the interpreter hands its frames to, and how a program's
 * functions become hot. The interpreter's clock is fuel, so the same program with the same
 * limits changes tier at the same instructions every time.
 *
 * @module
 */
import { WasmLimitError } from "../wasm/module.ts";
import { CompileError } from "../codegen/compiled.ts";
import { LowerError } from "../front/lower_error.ts";
import type { Words } from "../heap/words.ts";
import { type Pace, UNPACED } from "../interp/pace.ts";
import { type Outer, TIER_WAITS, type TierUp } from "../interp/tier_up.ts";
import type { Trap } from "../interp/trap.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import type { FrameRunner } from "./frame_runner.ts";
import { NativeRunner } from "./native_run.ts";
import type { ProgramProfile } from "./profile.ts";
import type { Counters } from "./stats.ts";

/** When functions are compiled in tier `auto`. */
export interface Thresholds {
  /**
   * Instructions between two looks at what the interpreter is running. With 0 it looks wherever it
   * can, so everything is compiled before it runs.
   */
  readonly interval: number;
  /** Looks that must find a function running until it is compiled. */
  readonly looks: number;
}

/** Thresholds for machine code unless an engine's options say otherwise. */
export const DEFAULT_THRESHOLDS: Thresholds = { interval: 8192, looks: 4 };

/**
 * Those for WebAssembly. The first runs of the programs of `bench/wasm_bench.ts` are the shortest with 8
 * looks, that is with half a millisecond in the interpreter: half as many cost 15 % more, 32 cost 30 %.
 */
export const DEFAULT_WASM_THRESHOLDS: Thresholds = { interval: 8192, looks: 8 };

/** `Hotness.looks` of functions that have no machine code. */
const NEVER = -1;

/** What the instances of one program share. */
export class Hotness {
  readonly verified: VerifiedProgram;
  readonly thresholds: Thresholds;
  readonly counters: Counters;
  readonly profile: ProgramProfile;
  /** Fuel until the next look at a run of any of them. */
  untilLook: number;
  /** Looks that found each function running; `NEVER` for those without machine code. */
  readonly #looks: Int32Array;
  /** By function, 1 for each block that begins a loop. */
  readonly #headers: (Uint8Array | undefined)[];

  /** Of a program that has not run yet. */
  constructor(
    verified: VerifiedProgram,
    thresholds: Thresholds,
    counters: Counters,
    profile: ProgramProfile,
  ) {
    const count = verified.program.functions.length;
    this.verified = verified;
    this.thresholds = thresholds;
    this.counters = counters;
    this.profile = profile;
    this.untilLook = thresholds.interval;
    this.#looks = new Int32Array(count);
    this.#headers = new Array(count).fill(undefined);
  }

  /** See `TierUp.look`. */
  look(func: number): boolean {
    if (this.#looks[func] === NEVER) return false;
    if (this.#looks[func] < this.thresholds.looks) this.#looks[func]++;
    return this.isHot(func);
  }

  /** See `TierUp.isHot`. */
  isHot(func: number): boolean {
    const looks = this.#looks[func];
    return looks !== NEVER && looks >= this.thresholds.looks;
  }

  /** Calls of `func` go to machine code from now on. */
  heat(func: number): void {
    this.#looks[func] = Math.max(1, this.thresholds.looks);
  }

  /** Calls of `func` stay in the interpreter. */
  never(func: number): void {
    this.#looks[func] = NEVER;
  }

  /** So do those of all functions. */
  neverAny(): void {
    this.#looks.fill(NEVER);
  }

  /** Blocks of `func` that begin a loop. */
  headers(func: number): Uint8Array {
    const known = this.#headers[func];
    if (known !== undefined) return known;
    const { order, successors, count } = this.verified.functions[func].blocks;
    const headers = new Uint8Array(count);
    const place = new Int32Array(count);
    for (let k = 0; k < order.length; k++) place[order[k]] = k;
    for (let k = 0; k < order.length; k++) {
      const block = order[k];
      for (let edge = 2 * block; edge < 2 * block + 2; edge++) {
        const next = successors[edge];
        // In reverse postorder only edges that close a cycle lead back.
        if (next >= 0 && place[next] <= k) headers[next] = 1;
      }
    }
    return this.#headers[func] = headers;
  }
}

/** The compiled code of one lane, as its interpreter sees it; `E` is its runner's. */
export class AutoTier<E> implements TierUp, Disposable {
  readonly interval: number;
  readonly #hotness: Hotness;
  readonly #isReady: () => boolean;
  readonly #open: () => FrameRunner<E> | undefined;
  #runner: FrameRunner<E> | undefined;
  /** What the last `prepare` found, and for which function. */
  #entry: E | undefined;
  #func = 0;
  #inLoop = false;
  mayRetry = false;
  // The run under way.
  #outer: Outer | undefined;
  #pace: Pace = UNPACED;
  #async = false;

  /**
   * The tier of one lane. `open` makes its runner when something is hot, if that is possible.
   * `isReady` is asked before; it says whether that is the case yet.
   */
  constructor(
    hotness: Hotness,
    isReady: () => boolean,
    open: () => FrameRunner<E> | undefined,
  ) {
    this.interval = hotness.thresholds.interval;
    this.#hotness = hotness;
    this.#isReady = isReady;
    this.#open = open;
  }

  begin(outer: Outer, pace: Pace, async: boolean): boolean {
    if (this.#runner !== undefined) return this.#runner.begin(outer, pace, async);
    this.#outer = outer;
    this.#pace = pace;
    this.#async = async;
    return true;
  }

  get untilLook(): number {
    return this.#hotness.untilLook;
  }

  set untilLook(fuel: number) {
    this.#hotness.untilLook = fuel;
  }

  look(func: number): boolean {
    return this.#hotness.look(func) && this.#isReady();
  }

  isHot(func: number): boolean {
    return this.#hotness.isHot(func) && this.#isReady();
  }

  interpreted(func: number, nanoseconds: number, fuel: number): void {
    this.#hotness.profile.sampleLook(func, nanoseconds, fuel);
  }

  hasLoops(func: number): boolean {
    return this.#hotness.headers(func).includes(1);
  }

  isLoopHeader(func: number, block: number): boolean {
    return this.#hotness.headers(func)[block] !== 0;
  }

  prepare(func: number, block: number, levels: number): boolean {
    const hotness = this.#hotness;
    const { counters } = hotness;
    this.mayRetry = false;
    const runner = this.#runner ?? this.#start();
    // A host function may have disposed of the engine; the run ends in the interpreter.
    if (runner === undefined || !runner.isOpen) return false;
    const { compileMilliseconds, codeBytes } = counters;
    let entry: E;
    try {
      entry = runner.entryFor(func, block);
    } catch (error) {
      if (!isLimitOfCompiler(error)) throw error;
      counters.because(error.message);
      hotness.never(func);
      return false;
    }
    const milliseconds = counters.compileMilliseconds - compileMilliseconds;
    if (milliseconds > 0) {
      hotness.profile.addCode(func, milliseconds, counters.codeBytes - codeBytes);
    }
    const refusal = runner.refusal(entry, func, levels);
    if (refusal !== undefined) {
      counters.because(refusal);
      return false;
    }
    if (runner.lacksStack(entry)) {
      this.mayRetry = true;
      return false;
    }
    this.#entry = entry;
    this.#func = func;
    this.#inLoop = block >= 0;
    return true;
  }

  /** Opens the runner in the middle of a run. */
  #start(): FrameRunner<E> | undefined {
    let runner: FrameRunner<E> | undefined;
    try {
      runner = this.#open();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // Engines limit the memories of a process.
      this.#hotness.counters.because(`there is no room to run compiled code: ${error.message}`);
      this.mayRetry = true;
      return undefined;
    }
    if (runner === undefined) {
      this.#hotness.neverAny();
      return undefined;
    }
    this.#runner = runner;
    return runner.begin(this.#outer!, this.#pace, this.#async) ? runner : undefined;
  }

  /** What runs `func` from the start without the interpreter, once that is possible. */
  direct(func: number, maxCallDepth: number): NativeRunner | undefined {
    const runner = this.#runner;
    if (!(runner instanceof NativeRunner) || !this.isHot(func)) return undefined;
    if (!runner.isReady(func, Math.max(1, maxCallDepth) - 1)) return undefined;
    this.#hotness.counters.tierUpFunctions++;
    return runner;
  }

  enter(words: Words, fp: number, levels: number, fuel: bigint, pace: Pace): number {
    // Every call follows one of `prepare` for the same place.
    const { counters } = this.#hotness;
    if (this.#inLoop) counters.tierUpLoops++;
    else counters.tierUpFunctions++;
    const runner = this.#runner!;
    const { profile } = this.#hotness;
    if (--profile.compiled.left[this.#func] > 0) {
      return runner.enterFrame(this.#entry!, words, fp, levels, fuel, pace);
    }
    const before = fuel + pace.reserve;
    const start = performance.now();
    const status = runner.enterFrame(this.#entry!, words, fp, levels, fuel, pace);
    if (status !== TIER_WAITS) {
      const nanoseconds = (performance.now() - start) * 1e6;
      profile.sampleCompiled(this.#func, nanoseconds, Number(before - runner.fuel - pace.reserve));
    }
    return status;
  }

  nextSlice(): number {
    return this.#runner!.nextSlice();
  }

  get atSliceEnd(): boolean {
    return this.#runner!.atSliceEnd;
  }

  get suspended(): Promise<number> | undefined {
    return this.#runner!.suspended;
  }

  resume(status: number): number {
    return this.#runner!.resume(status);
  }

  get fuel(): bigint {
    return this.#runner!.fuel;
  }

  get trap(): Trap | undefined {
    return this.#runner!.trap;
  }

  get results(): Words {
    return this.#runner!.results;
  }

  get resultsAt(): number {
    return this.#runner!.resultsAt;
  }

  finish(): void {
    this.#outer = undefined;
    this.#pace = UNPACED;
    this.#runner?.release();
  }

  /** Gives up the code. Nothing may be under way. */
  [Symbol.dispose](): void {
    this.#runner?.[Symbol.dispose]();
  }
}

/** Whether `error` says that something has no machine code. */
export function isLimitOfCompiler(error: unknown): error is Error {
  return error instanceof LowerError || error instanceof CompileError ||
    error instanceof WasmLimitError;
}
