/**
 * The engine: where a verified program meets a host and a tier. Every tier gives the same results,
 * traps, fuel and host calls; which one runs is a matter of speed and permissions.
 *
 * @module
 */
import type { Heap } from "../heap/heap.ts";
import { createHost, type Host } from "../interp/host.ts";
import type { HostCaller } from "../interp/host_call.ts";
import { createInterpreter } from "../interp/interpreter.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import {
  AutoTier,
  DEFAULT_THRESHOLDS,
  DEFAULT_WASM_THRESHOLDS,
  Hotness,
  type Thresholds,
} from "./auto_tier.ts";
import { Instance } from "./instance.ts";
import { Lane, type LaneTier } from "./lane.ts";
import { NativeProgram } from "./native_program.ts";
import { DEFAULT_MAX_STACK, type NativeEntry, NativeRunner } from "./native_run.ts";
import { type HostCallRoute, type NativeOptions, NativeRuntime } from "./native_runtime.ts";
import { Profiles } from "./profile.ts";
import { Counters, type EngineStats } from "./stats.ts";
import { loadedWasm, loadWasm, WasmProgram } from "./wasm_program.ts";
import { type WasmEntry, WasmRunner } from "./wasm_run.ts";

export { CompileError } from "../codegen/compiled.ts";
export { LowerError, type Unsupported } from "../front/lower_error.ts";
export type { AsyncRunOptions, RunOptions } from "../interp/interpreter.ts";
export type { Thresholds } from "./auto_tier.ts";
export { Instance } from "./instance.ts";
export type { HostCallRoute, NativeOptions } from "./native_runtime.ts";
export type { FunctionStats } from "./profile.ts";
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
