/**
 * The engine: where a verified program meets a host and a tier. Every tier gives the same results,
 * traps, fuel and host calls; which one runs is a matter of speed and permissions.
 *
 * @module
 */
import type { Heap } from "../heap/heap.ts";
import { createHost, type Host } from "../interp/host.ts";
import type { HostCaller } from "../interp/host_call.ts";
import { type AsyncRunOptions, createInterpreter, type RunOptions } from "../interp/interpreter.ts";
import { DEFAULT_LIMITS } from "../interp/limits.ts";
import type { Outcome } from "../interp/outcome.ts";
import { findFunction, type Program } from "../tape/program.ts";
import type { Value } from "../tape/value.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { didYouMean } from "../util/did_you_mean.ts";
import { fromOutcome, type PlainArgument, type PlainResult, toArguments } from "../interp/plain.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import {
  AutoTier,
  DEFAULT_THRESHOLDS,
  DEFAULT_WASM_THRESHOLDS,
  Hotness,
  isLimitOfCompiler,
  type Thresholds,
} from "./auto_tier.ts";
import { Lane, type LaneTier } from "./lane.ts";
import { NativeProgram } from "./native_program.ts";
import {
  DEFAULT_MAX_STACK,
  type NativeEntry,
  NativeRunner,
  StackLimitError,
} from "./native_run.ts";
import { type HostCallRoute, type NativeOptions, NativeRuntime } from "./native_runtime.ts";
import { Profiles, type ProgramProfile } from "./profile.ts";
import { Counters, type EngineStats } from "./stats.ts";
import { loadedWasm, loadWasm, WasmProgram } from "./wasm_program.ts";
import { type WasmEntry, WasmRunner } from "./wasm_run.ts";

export { CompileError } from "../codegen/compiled.ts";
export { LowerError, type Unsupported } from "../front/lower_error.ts";
export type { AsyncRunOptions, RunOptions } from "../interp/interpreter.ts";
export type { Thresholds } from "./auto_tier.ts";
export type { HostCallRoute, NativeOptions } from "./native_runtime.ts";
export type { FunctionStats } from "./profile.ts";
export { type EngineStats, type ExitCounts, formatStats } from "./stats.ts";

/** The ways of running a program that this version has. */
export const TIERS = ["auto", "interp", "native", "wasm"] as const;

/** Programs without instances whose code is kept, for those who load a program for every run. */
const IDLE_PROGRAMS = 32;

/** Lanes beside the first that an instance keeps between runs. */
const SPARE_LANES = 8;

/**
 * How a program is run: `"interp"` in the interpreter, `"native"` in machine code, `"wasm"` in
 * WebAssembly that Binaryen makes, `"auto"` in the interpreter until something turns out to be hot, and
 * that in machine code, or where that can't run, in WebAssembly.
 */
export type Tier = (typeof TIERS)[number];

/** Options of an engine. */
export interface EngineOptions {
  /**
   * The tier to use; `"auto"` by default. Where machine code can't run, `"auto"` uses WebAssembly
   * instead, and the engine's statistics say why.
   */
  readonly tier?: Tier;
  /** When tier `"auto"` compiles; measured defaults unless given, WebAssembly's are higher. */
  readonly thresholds?: Partial<Thresholds>;
  /**
   * Most bytes of stack that one run in machine code may have; 256 MiB by default. Runs whose call
   * depth could need more are interpreted.
   */
  readonly maxStack?: number;
  /**
   * How host calls leave machine code: by leaving it and entering it again (`"reenter"`), by a call
   * on the host stack (`"callback"`), or by what is faster (`"auto"`, the default: leaving, which was
   * measured at less than half the cost of a callback).
   */
  readonly hostCalls?: HostCallRoute | "auto";
  /**
   * How machine code is placed and entered; chosen by what works unless given. With `false` there is
   * none: tier `"auto"` does what it does without the permission.
   */
  readonly native?: NativeOptions | false;
}

/**
 * Runs programs. Dispose of it (with `using`) to free what its instances hold.
 *
 * @example
 * ```ts
 * import { assemble, Engine, i64, verify } from "@burin/burin";
 *
 * const program = verify(assemble(`
 *   func double(x: i64) -> (i64) {
 *     y = i64.add x, x
 *     ret y
 *   }
 * `));
 * using engine = new Engine();
 * using instance = engine.load(program);
 * const outcome = instance.run("double", [i64(21)]);
 * if (outcome.ok) console.log(outcome.values[0], outcome.fuelUsed); // { type: "i64", value: 42n } 2n
 * ```
 */
export class Engine implements Disposable {
  /** The tier programs run in. */
  readonly tier: Tier;
  /** Whether what is compiled becomes WebAssembly. */
  readonly #makesWasm: boolean;
  readonly #instances = new Set<Instance>();
  readonly #programs = new Map<VerifiedProgram, NativeProgram>();
  readonly #hotness = new WeakMap<VerifiedProgram, Hotness>();
  readonly #counters = new Counters();
  readonly #profiles: Profiles;
  readonly #thresholds: Thresholds;
  readonly #native: NativeOptions | undefined;
  /** Whether Binaryen has been asked for. */
  #isLoading = false;
  readonly #hostCalls: HostCallRoute;
  /** Those of `#programs` that have no instance, the one that lost its last the longest ago first. */
  readonly #idle = new Set<VerifiedProgram>();
  readonly #maxStack: number;
  readonly #wasmPrograms = new WeakMap<VerifiedProgram, WasmProgram>();
  #runtime: NativeRuntime | undefined;
  #disposed = false;

  /**
   * Makes an engine of any tier, and loads Binaryen before if it will make WebAssembly: in tier
   * `"wasm"`, and in tier `"auto"` where machine code can't run. That takes a third of a second to a
   * second, once in a process. An engine of tier `"auto"` made by the constructor loads it when
   * something turns out to be hot for the first time, and interprets until it is there.
   *
   * @throws As the constructor does.
   *
   * @example
   * ```ts
   * import { assemble, Engine, i64, verify } from "@burin/burin";
   *
   * const program = verify(assemble(`
   *   func double(x: i64) -> (i64) {
   *     y = i64.add x, x
   *     ret y
   *   }
   * `));
   * using engine = await Engine.open({ tier: "wasm" });
   * using instance = engine.load(program);
   * console.log(instance.run("double", [i64(21)]).fuelUsed); // 2n
   * ```
   */
  static async open(options: EngineOptions = {}): Promise<Engine> {
    const { tier = "auto", native } = options;
    const isWasm = tier === "wasm" ||
      (tier === "auto" && (native === false || !nativeSupport().supported));
    if (isWasm) await loadWasm();
    return new Engine(options);
  }

  /**
   * Makes an engine.
   *
   * @throws {TypeError} When the tier does not exist.
   * @throws {RangeError} When a threshold is not a whole number from 0 to 2^30.
   * @throws {Error} When the tier is `"native"` and machine code can't run here: the permission
   * `--allow-ffi` is missing, the system or processor is not supported, or `native` is `false`; or
   * when it is `"wasm"` and Binaryen has not been loaded by {@linkcode Engine.open}.
   */
  constructor(options: EngineOptions = {}) {
    const { tier = "auto", native } = options;
    if (!TIERS.includes(tier)) {
      throw new TypeError(`unknown tier ${JSON.stringify(tier)}: expected ${TIERS.join(", ")}`);
    }
    this.#maxStack = options.maxStack ?? DEFAULT_MAX_STACK;
    this.#native = native === false ? undefined : native;
    const noNative = native === false ? "machine code is turned off" : undefined;
    if (tier === "native" && noNative !== undefined) throw new Error(noNative);
    this.#makesWasm = tier === "wasm";
    if (tier === "auto") {
      const support = nativeSupport();
      const reason = noNative ?? (support.supported ? undefined : support.reason);
      if (reason !== undefined) {
        this.#counters.because(reason);
        this.#makesWasm = true;
      }
    }
    this.#thresholds = {
      ...(this.#makesWasm ? DEFAULT_WASM_THRESHOLDS : DEFAULT_THRESHOLDS),
      ...options.thresholds,
    };
    for (const [name, value] of Object.entries(this.#thresholds)) {
      if (Number.isInteger(value) && value >= 0 && value <= 2 ** 30) continue;
      throw new RangeError(
        `thresholds.${name}: expected a whole number from 0 to 2^30, got ${value}`,
      );
    }
    if (tier === "wasm") {
      if (loadedWasm() === undefined) throw new Error(`tier "wasm" ${NEEDS_BINARYEN}`);
      // Nothing becomes hot by itself: it is compiled before it runs.
      this.#thresholds = { interval: 2 ** 30, looks: 2 ** 30 };
    }
    this.tier = tier;
    this.#profiles = new Profiles(tier !== "interp");
    this.#hostCalls = options.hostCalls === "callback" ? "callback" : "reenter";
    if (tier === "native") {
      this.#runtime = new NativeRuntime(this.#native, this.#hostCalls, this.#counters);
    }
  }

  /**
   * Makes an instance of a program: its own memory, its host functions.
   *
   * @param host What the program may call; nothing by default.
   */
  load(program: VerifiedProgram, host: Host = createHost()): Instance {
    if (this.#disposed) throw new Error("the engine has been disposed of");
    const instance = new Instance({
      program,
      counters: this.#counters,
      profile: this.#profiles.of(program),
      open: () => this.#lane(program, host),
      compile: this.tier === "interp" ? undefined : (func) => this.#compile(program, func),
      isAhead: this.tier === "native" || this.tier === "wasm",
      onDispose: (self) => this.#instances.delete(self),
    });
    this.#instances.add(instance);
    return instance;
  }

  /**
   * What the engine did so far.
   *
   * @example
   * ```ts
   * import { assemble, Engine, verify } from "@burin/burin";
   *
   * using engine = new Engine({ tier: "interp" });
   * using instance = engine.load(verify(assemble("func nothing() -> () {\n  ret\n}")));
   * instance.run("nothing", []);
   * console.log(engine.stats().runs); // 1
   * ```
   */
  stats(): EngineStats {
    const hasWasm = this.#makesWasm && loadedWasm() !== undefined;
    const target = hasWasm ? "wasm" : this.#runtime?.target.name;
    return this.#counters.stats(this.tier, target, this.#profiles.stats());
  }

  /** Compiles a function and what it can call. */
  #compile(program: VerifiedProgram, func: number): void {
    const { compileMilliseconds, codeBytes } = this.#counters;
    if (this.#makesWasm) this.#wasm(program).ensure(func);
    else if (this.#program(program)?.ensure(func) === undefined) return;
    const milliseconds = this.#counters.compileMilliseconds - compileMilliseconds;
    if (milliseconds > 0) {
      const bytes = this.#counters.codeBytes - codeBytes;
      this.#profiles.of(program).addCode(func, milliseconds, bytes);
    }
    if (this.tier !== "native") this.#hotnessOf(program).heat(func);
  }

  /** Whether WebAssembly can be made now; starts to load what that takes otherwise. */
  #wasmIsReady(): boolean {
    if (loadedWasm() !== undefined) return true;
    if (!this.#isLoading) {
      this.#isLoading = true;
      loadWasm().catch((error) => this.#counters.because(String(error)));
    }
    return false;
  }

  /** What machine code needs, opened on first use; undefined if that fails, which is noted. */
  #open(): NativeRuntime | undefined {
    try {
      return this.#runtime ??= new NativeRuntime(this.#native, this.#hostCalls, this.#counters);
    } catch (error) {
      this.#counters.because(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #program(program: VerifiedProgram): NativeProgram | undefined {
    let native = this.#programs.get(program);
    if (native === undefined) {
      const runtime = this.#open();
      if (runtime === undefined) return undefined;
      native = new NativeProgram(program, runtime, () => this.#setIdle(program));
      this.#programs.set(program, native);
    }
    this.#idle.delete(program);
    return native;
  }

  /** What one run at a time of `program` needs. */
  #lane(program: VerifiedProgram, host: Host): Lane {
    let runner: NativeRunner | undefined;
    let tierUp: LaneTier | undefined;
    const interpreter = createInterpreter(program, host, (heap, caller) => {
      const openNative = () => this.#runner(program, heap, caller);
      const openWasm = () =>
        new WasmRunner(this.#wasm(program), program, heap, caller, this.#counters);
      if (this.tier === "native") runner = openNative();
      else if (this.#makesWasm) {
        const isReady = () => this.#wasmIsReady();
        tierUp = new AutoTier<WasmEntry>(this.#hotnessOf(program), isReady, openWasm);
      } else if (this.tier === "auto") {
        tierUp = new AutoTier<NativeEntry>(this.#hotnessOf(program), () => true, openNative);
      }
      return tierUp;
    });
    return new Lane(interpreter, runner, tierUp);
  }

  #runner(program: VerifiedProgram, heap: Heap, host: HostCaller): NativeRunner | undefined {
    if (this.#disposed) return undefined;
    const native = this.#program(program);
    if (native === undefined) return undefined;
    return new NativeRunner(this.#runtime!, native, program, heap, host, this.#maxStack);
  }

  #wasm(program: VerifiedProgram): WasmProgram {
    let wasm = this.#wasmPrograms.get(program);
    if (wasm === undefined) {
      const binaryen = loadedWasm();
      if (binaryen === undefined) throw new Error(`WebAssembly ${NEEDS_BINARYEN}`);
      wasm = new WasmProgram(program, binaryen, this.#counters);
      this.#wasmPrograms.set(program, wasm);
    }
    return wasm;
  }

  #hotnessOf(program: VerifiedProgram): Hotness {
    let hotness = this.#hotness.get(program);
    if (hotness === undefined) {
      const profile = this.#profiles.of(program);
      hotness = new Hotness(program, this.#thresholds, this.#counters, profile);
      this.#hotness.set(program, hotness);
    }
    return hotness;
  }

  /** The last instance of a program is gone. */
  #setIdle(program: VerifiedProgram): void {
    this.#idle.add(program);
    for (const oldest of this.#idle) {
      if (this.#idle.size <= IDLE_PROGRAMS && !this.#disposed) break;
      this.#idle.delete(oldest);
      this.#programs.get(oldest)![Symbol.dispose]();
      this.#programs.delete(oldest);
    }
  }

  /** Disposes of all instances. Runs that are under way end first. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const instance of [...this.#instances]) instance[Symbol.dispose]();
    for (const [program, native] of this.#programs) {
      if (native.isUsed) continue; // by a run, which gives it back
      native[Symbol.dispose]();
      this.#programs.delete(program);
    }
    this.#idle.clear();
    this.#runtime?.[Symbol.dispose]();
  }
}

const NEEDS_BINARYEN = "needs Binaryen, which `await Engine.open(…)` loads";

/** What an instance needs of its engine. */
interface Parts {
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
    const index = findFunction(this.program, func);
    if (index >= 0) return index;
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
