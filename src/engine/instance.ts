/**
 * An instance: a program with its host functions, ready to run, and what each run goes through before
 * and after the tier that does it.
 *
 * @module
 */
import type { AsyncRunOptions, RunOptions } from "../interp/interpreter.ts";
import { DEFAULT_LIMITS } from "../interp/limits.ts";
import type { Outcome } from "../interp/outcome.ts";
import { fromOutcome, type PlainArgument, type PlainResult, toArguments } from "../interp/plain.ts";
import { findFunction, type Program } from "../tape/program.ts";
import type { Value } from "../tape/value.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { didYouMean } from "../util/did_you_mean.ts";
import { isLimitOfCompiler } from "./auto_tier.ts";
import type { Lane } from "./lane.ts";
import { type NativeRunner, StackLimitError } from "./native_run.ts";
import type { ProgramProfile } from "./profile.ts";
import type { Counters } from "./stats.ts";

/** Lanes beside the first that an instance keeps between runs. */
const SPARE_LANES = 8;

/** What an instance needs of its engine. */
export interface Parts {
  readonly program: VerifiedProgram;
  readonly counters: Counters;
  readonly profile: ProgramProfile;
  /** Makes what a run needs. */
  readonly open: () => Lane;
  /** Compiles a function and what it can call. */
  readonly compile: ((func: number) => void) | undefined;
  /** Whether functions are compiled before they first run. */
  readonly isAhead: boolean;
  readonly onDispose: (instance: Instance) => void;
}

/**
 * A program ready to run; made by {@linkcode Engine.load}. Runs leave nothing in it, so one can begin
 * while others are under way: from inside a host function that they call, or while they wait. Each has
 * its own memory, limits and outcome. Runs within runs take up JavaScript stack: it has room for a few
 * hundred levels, for fewest where host calls are callbacks, and when it is full, the host call that
 * finds it so fails.
 */
export class Instance implements Disposable {
  readonly #program: Program;
  readonly #counters: Counters;
  readonly #profile: ProgramProfile;
  readonly #open: () => Lane;
  readonly #compile: ((func: number) => void) | undefined;
  readonly #isAhead: boolean;
  readonly #onDispose: (instance: Instance) => void;
  /** A lane without a run; those with one are their run's to give back. */
  #idle: Lane | undefined;
  /** More of them, taken when `#idle` is in use. */
  readonly #spare: Lane[] = [];
  /** Functions that have been compiled, with all they call. */
  readonly #ready: boolean[] = [];
  /** Functions that have no machine code. */
  readonly #refused = new Set<number>();
  /** The name that was looked up last, and its function. */
  #name: string | undefined;
  #named = -1;
  #disposed = false;

  /** Use {@linkcode Engine.load}. */
  constructor(parts: Parts) {
    this.#program = parts.program.program;
    this.#counters = parts.counters;
    this.#profile = parts.profile;
    this.#open = parts.open;
    this.#compile = parts.compile;
    this.#isAhead = parts.isAhead;
    this.#onDispose = parts.onDispose;
    this.#idle = parts.open();
  }

  /** The program. */
  get program(): Program {
    return this.#program;
  }

  /**
   * Compiles ahead of time: function `func`, or all functions, and everything they can call. Does
   * nothing in tier `"interp"`.
   *
   * @param func The function's id, or its name.
   * @throws {TypeError} When no function has that name.
   * @throws {RangeError} When there is no function of that id.
   * @throws {LowerError} When an instruction has no machine code; the error names it and its place.
   * @throws {CompileError} When a function is too large for machine code.
   * @throws {WasmLimitError} When a function is too large for WebAssembly.
   * @throws {Error} When WebAssembly is to be made and Binaryen has not been loaded, see `Engine.open`.
   */
  compile(func?: number | string): void {
    this.#live();
    if (func !== undefined) {
      this.#compile?.(this.#existing(func));
      return;
    }
    const { length } = this.#program.functions;
    for (let index = 0; index < length; index++) this.#compile?.(index);
  }

  /**
   * Calls a function with plain JavaScript values: arguments are converted by its signature, and so are
   * results. It gives nothing, one value, or an array, as the function has results.
   *
   * @param func The function's id, or its name.
   * @param args One for each parameter; `PlainArgument` tells what each type takes.
   * @param options As for {@linkcode run}.
   * @throws {TrapError} When the run traps; a host function's error is its cause.
   * @throws {TypeError} When no function has that name, or an argument does not fit its parameter.
   * @throws {RangeError} When there is no function of that id, or a limit is out of range.
   * @throws {Error} When the instance is disposed of.
   *
   * @example
   * ```ts
   * import { assemble, Engine, TrapError, verify } from "@burin/burin";
   *
   * const program = verify(assemble(`
   *   func share(cake: i64, guests: i64) -> (i64, i64) {
   *     each = i64.div cake, guests
   *     left = i64.rem cake, guests
   *     ret each, left
   *   }
   * `));
   * using engine = new Engine();
   * using instance = engine.load(program);
   * console.log(instance.execute("share", [17, 5])); // [ 3n, 2n ]
   * try {
   *   instance.execute("share", [17, 0]);
   * } catch (error) {
   *   if (!(error instanceof TrapError)) throw error;
   *   console.log(error.message); // DivByZero in share (f0) at pc=0: division by zero
   * }
   * ```
   */
  execute(
    func: number | string,
    args: readonly PlainArgument[] = [],
    options: RunOptions = {},
  ): PlainResult | PlainResult[] {
    const index = this.#existing(func);
    const program = this.#program;
    return fromOutcome(program, this.run(index, toArguments(program, index, args), options));
  }

  /**
   * Like {@linkcode execute}; host functions may return promises, as with {@linkcode runAsync}.
   *
   * @throws As `execute` does, by rejecting.
   */
  async executeAsync(
    func: number | string,
    args: readonly PlainArgument[] = [],
    options: AsyncRunOptions = {},
  ): Promise<PlainResult | PlainResult[]> {
    const index = this.#existing(func);
    const program = this.#program;
    return fromOutcome(
      program,
      await this.runAsync(index, toArguments(program, index, args), options),
    );
  }

  /**
   * Compiles a function and everything it can call, then calls it: {@linkcode compile} and
   * {@linkcode execute}.
   *
   * @throws As either does.
   *
   * @example
   * ```ts
   * import { assemble, Engine, verify } from "@burin/burin";
   *
   * const program = verify(assemble(`
   *   func half(x: f64) -> (f64) {
   *     two = const.f64 2.0
   *     y = f64.div x, two
   *     ret y
   *   }
   * `));
   * using engine = new Engine();
   * using instance = engine.load(program);
   * console.log(instance.compileAndExecute("half", [5])); // 2.5
   * ```
   */
  compileAndExecute(
    func: number | string,
    args: readonly PlainArgument[] = [],
    options: RunOptions = {},
  ): PlainResult | PlainResult[] {
    this.compile(func);
    return this.execute(func, args, options);
  }

  /**
   * Runs a function. Whatever the program does ends in an outcome: results, or a trap with its place.
   * Arguments and results are tagged values, bit by bit what the program sees.
   *
   * @param func The function's id, or its name.
   * @throws {TypeError} When no function has that name.
   * @throws {RangeError} When a limit is out of range.
   * @throws {Error} When the instance is disposed of.
   */
  run(func: number | string, args: readonly Value[], options: RunOptions = {}): Outcome {
    this.#live();
    const index = this.#resolve(func);
    const lane = this.#idle ?? this.#other();
    this.#idle = undefined;
    let outcome: Outcome;
    try {
      const runner = this.#direct(lane, index, options);
      const { left } = runner === undefined ? this.#profile.interpreted : this.#profile.compiled;
      try {
        outcome = --left[index] > 0
          ? (runner ?? lane.interpreter).run(index, args, options)
          : this.#timed(lane, runner, index, args, options);
      } catch (error) {
        this.#expectStackLimit(error);
        left[index]++;
        outcome = lane.interpreter.run(index, args, options);
      }
    } catch (error) {
      // If the JavaScript stack was full, the lane's run may not have ended well.
      lane[Symbol.dispose]();
      throw error;
    }
    return this.#end(lane, outcome);
  }

  /**
   * Like {@linkcode run}; host functions may return promises, which the run waits for. With
   * `yieldEvery` a long run lets the event loop have a turn now and then; with `timeout` or `signal`
   * it can be ended from outside, while it computes and while it waits.
   *
   * @example
   * ```ts
   * import { assemble, Engine, verify } from "@burin/burin";
   *
   * const program = verify(assemble(`
   *   func forever() -> () {
   *     jmp loop
   *   loop:
   *     jmp loop
   *   }
   * `));
   * using engine = new Engine();
   * using instance = engine.load(program);
   * const limits = { fuel: 2n ** 64n - 1n };
   * const outcome = await instance.runAsync("forever", [], { limits, signal: AbortSignal.timeout(5) });
   * if (!outcome.ok) console.log(outcome.trap.kind); // Aborted
   * ```
   */
  async runAsync(
    func: number | string,
    args: readonly Value[],
    options: AsyncRunOptions = {},
  ): Promise<Outcome> {
    this.#live();
    const index = this.#resolve(func);
    const lane = this.#idle ?? this.#other();
    this.#idle = undefined;
    let outcome: Outcome;
    try {
      const runner = this.#direct(lane, index, options);
      const { left } = runner === undefined ? this.#profile.interpreted : this.#profile.compiled;
      try {
        outcome = await (--left[index] > 0
          ? (runner ?? lane.interpreter).runAsync(index, args, options)
          : this.#timedAsync(lane, runner, index, args, options));
      } catch (error) {
        this.#expectStackLimit(error);
        left[index]++;
        outcome = await lane.interpreter.runAsync(index, args, options);
      }
    } catch (error) {
      // If the JavaScript stack was full, the lane's run may not have ended well.
      lane[Symbol.dispose]();
      throw error;
    }
    return this.#end(lane, outcome);
  }

  /** Counts a run and takes its lane back. */
  #end(lane: Lane, outcome: Outcome): Outcome {
    this.#counters.runs++;
    this.#counters.hostCalls += Number(outcome.hostCalls);
    if (this.#idle === undefined && !this.#disposed) this.#idle = lane;
    else if (this.#spare.length < SPARE_LANES && !this.#disposed) this.#spare.push(lane);
    else lane[Symbol.dispose]();
    return outcome;
  }

  /** Runs a function, as a sample. */
  #timed(
    lane: Lane,
    runner: NativeRunner | undefined,
    func: number,
    args: readonly Value[],
    options: RunOptions,
  ): Outcome {
    const { tierUps } = this.#counters;
    const start = performance.now();
    const outcome = (runner ?? lane.interpreter).run(func, args, options);
    const milliseconds = performance.now() - start;
    this.#sample(runner, func, outcome, options, milliseconds, tierUps);
    return outcome;
  }

  /** The same of a run that may wait: then only its fuel counts, for it takes as long as others please. */
  async #timedAsync(
    lane: Lane,
    runner: NativeRunner | undefined,
    func: number,
    args: readonly Value[],
    options: AsyncRunOptions,
  ): Promise<Outcome> {
    const { tierUps } = this.#counters;
    const start = performance.now();
    const running = (runner ?? lane.interpreter).runAsync(func, args, options);
    const waits = (runner ?? lane.interpreter).isRunning;
    const milliseconds = waits ? 0 : performance.now() - start;
    const outcome = await running;
    this.#sample(runner, func, outcome, options, milliseconds, tierUps);
    return outcome;
  }

  #sample(
    runner: NativeRunner | undefined,
    func: number,
    outcome: Outcome,
    options: RunOptions,
    milliseconds: number,
    tierUps: number,
  ): void {
    const profile = this.#profile;
    const nanoseconds = milliseconds * 1e6;
    const fuel = Number(outcome.fuelUsed);
    if (!(func in this.#program.functions)) return;
    if (runner !== undefined) return profile.sampleCompiled(func, nanoseconds, fuel);
    profile.interpreted.sample(func, nanoseconds, fuel);
    // Events take time, and what was handed over was not interpreted.
    const isPure = options.trace === undefined && tierUps === this.#counters.tierUps;
    if (isPure && nanoseconds > 0) profile.sampleInterpreter(func, nanoseconds, fuel);
  }

  /** A lane for a run that begins while others are under way. */
  #other(): Lane {
    return this.#spare.pop() ?? this.#open();
  }

  /** Compiled code, if the run is to start there. */
  #direct(
    { runner, tierUp }: Lane,
    func: number,
    options: AsyncRunOptions,
  ): NativeRunner | undefined {
    // Machine code has no events.
    if (options.trace !== undefined) {
      if (this.#compile !== undefined) this.#counters.because("traced runs are interpreted");
      return undefined;
    }
    const isReady = !this.#isAhead || this.#prepare(func);
    if (tierUp !== undefined) {
      const { maxCallDepth } = options.limits ?? DEFAULT_LIMITS;
      return tierUp.direct(func, maxCallDepth ?? DEFAULT_LIMITS.maxCallDepth);
    }
    return isReady ? runner : undefined;
  }

  /** Compiles a function before its first run; false if that can't be. */
  #prepare(func: number): boolean {
    if (this.#ready[func] || !(func in this.#program.functions)) return true;
    if (this.#refused.has(func)) return false;
    try {
      this.#compile!(func);
      this.#ready[func] = true;
      return true;
    } catch (error) {
      if (!isLimitOfCompiler(error)) throw error;
      this.#counters.because(error.message);
      this.#refused.add(func);
      return false;
    }
  }

  /** Throws what is not about the stack of a run that has not begun. */
  #expectStackLimit(error: unknown): void {
    if (!(error instanceof StackLimitError)) throw error;
    this.#counters.because(error.message);
  }

  #live(): void {
    if (this.#disposed) throw new Error("the instance has been disposed of");
  }

  /** The id of a function there is. */
  #existing(func: number | string): number {
    const index = this.#resolve(func);
    const { functions } = this.#program;
    if (index in functions) return index;
    throw new RangeError(`there is no function ${index}: the program has ${functions.length}`);
  }

  #resolve(func: number | string): number {
    if (typeof func === "number") return func;
    if (func === this.#name) return this.#named;
    const index = findFunction(this.program, func);
    if (index >= 0) {
      this.#name = func;
      return this.#named = index;
    }
    const names = this.program.functionNames.map((name) => this.program.symbols[name.symbol]);
    throw new TypeError(`no function is named ${JSON.stringify(func)}${didYouMean(func, names)}`);
  }

  /**
   * Frees what the instance holds; what runs that are under way need, at the end of each. Outcomes
   * already returned stay valid.
   */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#onDispose(this);
    this.#idle?.[Symbol.dispose]();
    this.#idle = undefined;
    for (const lane of this.#spare.splice(0)) lane[Symbol.dispose]();
  }
}
