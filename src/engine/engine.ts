/**
 * The engine: where a verified program meets a host and a tier. Every tier gives the same results,
 * traps, fuel and host calls; which one runs is a matter of speed and permissions.
 *
 * @module
 */
import { createHost, type Host } from "../interp/host.ts";
import { createInterpreter, type Interpreter, type RunOptions } from "../interp/interpreter.ts";
import type { Outcome } from "../interp/outcome.ts";
import { findFunction, type Program } from "../tape/program.ts";
import type { Value } from "../tape/value.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { didYouMean } from "../util/did_you_mean.ts";
import { NativeProgram } from "./native_program.ts";
import { DEFAULT_MAX_STACK, NativeRunner } from "./native_run.ts";
import { type NativeOptions, NativeRuntime } from "./native_runtime.ts";

export type { RunOptions } from "../interp/interpreter.ts";

/** The ways of running a program that this version has. */
export const TIERS = ["interp", "native"] as const;

/** Programs without instances whose code is kept, for those who load a program for every run. */
const IDLE_PROGRAMS = 32;

/** How a program is run. */
export type Tier = (typeof TIERS)[number];

/** Options of an engine. */
export interface EngineOptions {
  /** The tier to use; `"interp"` by default. */
  readonly tier?: Tier;
  /** Most bytes of stack that one run in machine code may have; 256 MiB by default. */
  readonly maxStack?: number;
  /** How machine code is placed and entered; chosen by what works unless given. */
  readonly native?: NativeOptions;
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
  readonly #instances = new Set<Instance>();
  readonly #programs = new Map<VerifiedProgram, NativeProgram>();
  /** Those of `#programs` that have no instance, the one that lost its last the longest ago first. */
  readonly #idle = new Set<VerifiedProgram>();
  readonly #runtime: NativeRuntime | undefined;
  readonly #maxStack: number;
  #disposed = false;

  /**
   * Makes an engine.
   *
   * @throws {TypeError} When the tier does not exist.
   * @throws {Error} When the tier is `"native"` and machine code can't run here: the permission
   * `--allow-ffi` is missing, or the system or processor is not supported.
   */
  constructor(options: EngineOptions = {}) {
    const tier = options.tier ?? "interp";
    if (!TIERS.includes(tier)) {
      throw new TypeError(`unknown tier ${JSON.stringify(tier)}: expected ${TIERS.join(", ")}`);
    }
    this.tier = tier;
    this.#maxStack = options.maxStack ?? DEFAULT_MAX_STACK;
    if (tier === "native") this.#runtime = new NativeRuntime(options.native);
  }

  /**
   * Makes an instance of a program: its own memory, its host functions.
   *
   * @param host What the program may call; nothing by default.
   */
  load(program: VerifiedProgram, host: Host = createHost()): Instance {
    if (this.#disposed) throw new Error("the engine has been disposed of");
    const runner = this.#runtime === undefined
      ? undefined
      : new NativeRunner(this.#runtime, this.#native(program), program, host, this.#maxStack);
    const instance = new Instance(program, host, runner, (self) => this.#instances.delete(self));
    this.#instances.add(instance);
    return instance;
  }

  #native(program: VerifiedProgram): NativeProgram {
    let native = this.#programs.get(program);
    if (native === undefined) {
      native = new NativeProgram(program, this.#runtime!, () => this.#setIdle(program));
      this.#programs.set(program, native);
    }
    this.#idle.delete(program);
    return native;
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

/** A program ready to run; made by {@linkcode Engine.load}. */
export class Instance implements Disposable {
  #interpreter: Interpreter | undefined;
  #disposed = false;
  readonly #verified: VerifiedProgram;
  readonly #host: Host;
  readonly #runner: NativeRunner | undefined;
  readonly #onDispose: (instance: Instance) => void;

  /** Use {@linkcode Engine.load}. */
  constructor(
    program: VerifiedProgram,
    host: Host,
    runner: NativeRunner | undefined,
    onDispose: (instance: Instance) => void,
  ) {
    this.#verified = program;
    this.#host = host;
    this.#runner = runner;
    this.#onDispose = onDispose;
  }

  /** The program. */
  get program(): Program {
    return this.#verified.program;
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
    this.#checkLive();
    const index = this.#resolve(func);
    // Traced runs use the interpreter: machine code has no events.
    if (this.#runner === undefined || options.trace !== undefined) {
      return this.#interpreted().run(index, args, options);
    }
    return this.#runner.run(index, args, options);
  }

  /** Like {@linkcode run}; host functions may return promises, which the run waits for. */
  async runAsync(
    func: number | string,
    args: readonly Value[],
    options: RunOptions = {},
  ): Promise<Outcome> {
    this.#checkLive();
    const index = this.#resolve(func);
    if (this.#runner === undefined || options.trace !== undefined) {
      return await this.#interpreted().runAsync(index, args, options);
    }
    return await this.#runner.runAsync(index, args, options);
  }

  #checkLive(): void {
    if (this.#disposed) throw new Error("the instance has been disposed of");
  }

  #interpreted(): Interpreter {
    return this.#interpreter ??= createInterpreter(this.#verified, this.#host);
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
    if (this.#disposed) return;
    this.#disposed = true;
    this.#interpreter?.[Symbol.dispose]();
    this.#interpreter = undefined;
    this.#runner?.[Symbol.dispose]();
    this.#onDispose(this);
  }
}
