/**
 * The engine: where a verified program meets a host and a tier. Every tier gives the same results,
 * traps, fuel and host calls; which one runs is a matter of speed and permissions.
 *
 * @module
 */
import type { Heap } from "../heap/heap.ts";
import { createHost, type Host } from "../interp/host.ts";
import type { HostCaller } from "../interp/host_call.ts";
import {
  type AsyncRunOptions,
  createInterpreter,
  type Interpreter,
  type RunOptions,
} from "../interp/interpreter.ts";
import { DEFAULT_LIMITS } from "../interp/limits.ts";
import type { Outcome } from "../interp/outcome.ts";
import { findFunction, type Program } from "../tape/program.ts";
import type { Value } from "../tape/value.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { didYouMean } from "../util/did_you_mean.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import {
  AutoTier,
  DEFAULT_THRESHOLDS,
  DEFAULT_WASM_THRESHOLDS,
  Hotness,
  isLimitOfCompiler,
  type Thresholds,
} from "./auto_tier.ts";
import { NativeProgram } from "./native_program.ts";
import {
  DEFAULT_MAX_STACK,
  type NativeEntry,
  NativeRunner,
  StackLimitError,
} from "./native_run.ts";
import { type HostCallRoute, type NativeOptions, NativeRuntime } from "./native_runtime.ts";
import { Counters, type EngineStats } from "./stats.ts";
import { loadedWasm, loadWasm, WasmProgram } from "./wasm_program.ts";
import { type WasmEntry, WasmRunner } from "./wasm_run.ts";

export { CompileError } from "../codegen/compiled.ts";
export { LowerError, type Unsupported } from "../front/lower_error.ts";
export type { AsyncRunOptions, RunOptions } from "../interp/interpreter.ts";
export type { Thresholds } from "./auto_tier.ts";
export type { HostCallRoute, NativeOptions } from "./native_runtime.ts";
export { type EngineStats, type ExitCounts, formatStats } from "./stats.ts";

/** The ways of running a program that this version has. */
export const TIERS = ["auto", "interp", "native", "wasm"] as const;

/** Programs without instances whose code is kept, for those who load a program for every run. */
const IDLE_PROGRAMS = 32;

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
    const runners: Disposable[] = [];
    const instance = new Instance({
      program,
      host,
      counters: this.#counters,
      attach: (heap, caller) => {
        const own = <T extends Disposable>(runner: T | undefined) => {
          if (runner !== undefined) runners.push(runner);
          return runner;
        };
        if (this.tier === "interp") return {};
        if (this.#makesWasm) {
          const open = () =>
            own(new WasmRunner(this.#wasm(program), program, heap, caller, this.#counters));
          const ready = () => this.#wasmIsReady();
          return { tierUp: new AutoTier<WasmEntry>(this.#hotnessOf(program), ready, open) };
        }
        const open = () => own(this.#runner(program, heap, caller));
        if (this.tier === "native") return { runner: open() };
        return { tierUp: new AutoTier<NativeEntry>(this.#hotnessOf(program), () => true, open) };
      },
      compile: this.tier === "interp" ? undefined : (func) => {
        if (this.#makesWasm) this.#wasm(program).ensure(func);
        else if (this.#program(program)?.ensure(func) === undefined) return;
        if (this.tier !== "native") this.#hotnessOf(program).heat(func);
      },
      isAhead: this.tier === "native" || this.tier === "wasm",
      owned: runners,
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
    return this.#counters.stats(this.tier, hasWasm ? "wasm" : this.#runtime?.target.name);
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

  #runner(program: VerifiedProgram, heap: Heap, host: HostCaller): NativeRunner | undefined {
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
      hotness = new Hotness(program, this.#thresholds, this.#counters);
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

type Tiers = AutoTier<NativeEntry> | AutoTier<WasmEntry>;

/** What an instance needs of its engine. */
interface Parts {
  readonly program: VerifiedProgram;
  readonly host: Host;
  readonly counters: Counters;
  /** Makes what runs the program beside the interpreter, with which it shares memory and host. */
  readonly attach: (heap: Heap, host: HostCaller) => {
    /** Where runs start. */
    readonly runner?: NativeRunner;
    /** Where the interpreter hands frames to. */
    readonly tierUp?: Tiers;
  };
  /** Compiles a function and what it can call. */
  readonly compile: ((func: number) => void) | undefined;
  /** Whether functions are compiled before they first run. */
  readonly isAhead: boolean;
  /** What `attach` has opened, now or later; the instance disposes of it. */
  readonly owned: readonly Disposable[];
  readonly onDispose: (instance: Instance) => void;
}

/** A program ready to run; made by {@linkcode Engine.load}. */
export class Instance implements Disposable {
  #interpreter: Interpreter | undefined;
  readonly #program: Program;
  readonly #counters: Counters;
  readonly #runner: NativeRunner | undefined;
  readonly #tierUp: Tiers | undefined;
  readonly #compile: ((func: number) => void) | undefined;
  readonly #isAhead: boolean;
  readonly #onDispose: (instance: Instance) => void;
  /** What goes with the instance; machine code may still be opened. */
  readonly #owned: readonly (readonly Disposable[])[];
  /** Functions that have been compiled, with all they call. */
  readonly #ready: boolean[] = [];
  /** Functions that have no machine code. */
  readonly #refused = new Set<number>();
  #running = false;

  /** Use {@linkcode Engine.load}. */
  constructor(parts: Parts) {
    let runner: NativeRunner | undefined;
    let tierUp: Tiers | undefined;
    this.#interpreter = createInterpreter(parts.program, parts.host, (heap, caller) => {
      const attached = parts.attach(heap, caller);
      runner = attached.runner;
      return tierUp = attached.tierUp;
    });
    this.#runner = runner;
    this.#tierUp = tierUp;
    this.#program = this.#interpreter.program;
    this.#counters = parts.counters;
    this.#compile = parts.compile;
    this.#isAhead = parts.isAhead;
    this.#onDispose = parts.onDispose;
    this.#owned = [[this.#interpreter], parts.owned];
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
    const { length } = this.#program.functions;
    if (func !== undefined) {
      const index = this.#resolve(func);
      if (!(index in this.#program.functions)) {
        throw new RangeError(`there is no function ${index}: the program has ${length}`);
      }
      this.#compile?.(index);
      return;
    }
    for (let index = 0; index < length; index++) this.#compile?.(index);
  }

  /**
   * Runs a function. Whatever the program does ends in an outcome: results, or a trap with its place.
   *
   * @param func The function's id, or its name.
   * @throws {TypeError} When no function has that name.
   * @throws {RangeError} When a limit is out of range.
   * @throws {Error} When the instance is disposed of, or is running already.
   */
  run(func: number | string, args: readonly Value[], options: RunOptions = {}): Outcome {
    const interpreter = this.#live();
    const index = this.#resolve(func);
    this.#begin();
    try {
      const runner = this.#direct(index, options);
      return this.#count((runner ?? interpreter).run(index, args, options));
    } catch (error) {
      this.#expectStackLimit(error);
      return this.#count(interpreter.run(index, args, options));
    } finally {
      this.#end();
    }
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
    const interpreter = this.#live();
    const index = this.#resolve(func);
    this.#begin();
    try {
      const runner = this.#direct(index, options);
      return this.#count(await (runner ?? interpreter).runAsync(index, args, options));
    } catch (error) {
      this.#expectStackLimit(error);
      return this.#count(await interpreter.runAsync(index, args, options));
    } finally {
      this.#end();
    }
  }

  /** Interpreter and machine code share one memory, so they share one run. */
  #begin(): void {
    if (this.#running) {
      throw new Error(
        "this instance is running: a host function may not run the instance that called it",
      );
    }
    this.#running = true;
  }

  #end(): void {
    this.#running = false;
    if (this.#interpreter === undefined) this.#free();
  }

  /** Compiled code, if the run is to start there. */
  #direct(func: number, options: AsyncRunOptions): NativeRunner | undefined {
    // Machine code has no events.
    if (options.trace !== undefined) {
      if (this.#compile !== undefined) this.#counters.because("traced runs are interpreted");
      return undefined;
    }
    const isReady = !this.#isAhead || this.#prepare(func);
    if (this.#tierUp !== undefined) {
      const { maxCallDepth } = options.limits ?? DEFAULT_LIMITS;
      return this.#tierUp.direct(func, maxCallDepth ?? DEFAULT_LIMITS.maxCallDepth);
    }
    return isReady ? this.#runner : undefined;
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

  #count(outcome: Outcome): Outcome {
    this.#counters.runs++;
    this.#counters.hostCalls += Number(outcome.hostCalls);
    return outcome;
  }

  #live(): Interpreter {
    if (this.#interpreter === undefined) throw new Error("the instance has been disposed of");
    return this.#interpreter;
  }

  #resolve(func: number | string): number {
    if (typeof func === "number") return func;
    const index = findFunction(this.program, func);
    if (index >= 0) return index;
    const names = this.program.functionNames.map((name) => this.program.symbols[name.symbol]);
    throw new TypeError(`no function is named ${JSON.stringify(func)}${didYouMean(func, names)}`);
  }

  /**
   * Frees the instance's memory, at the end of its run if one is under way. Outcomes already returned
   * stay valid.
   */
  [Symbol.dispose](): void {
    if (this.#interpreter === undefined) return;
    this.#interpreter = undefined;
    this.#onDispose(this);
    if (!this.#running) this.#free();
  }

  /** Gives memory and code back; nothing is under way. */
  #free(): void {
    for (const parts of this.#owned) for (const part of parts) part[Symbol.dispose]();
  }
}
