/**
 * Running one function in WebAssembly: arguments into the context block, through a thunk, requests
 * answered as calls into JavaScript, and the end turned into an outcome. Values, traps, fuel and host
 * calls are the interpreter's. Needs no permission.
 *
 * Three things are the interpreter's work here: a run that nests its calls deeper than the JavaScript
 * engine's stack and has called no host function yet (nobody saw it: it is run again), `runAsync`
 * where the engine cannot suspend WebAssembly, and runs with a timeout, a signal or turns.
 *
 * @module
 */
import { areaWords, Request, wordCount } from "../front/requests.ts";
import { trapReason } from "../front/traps.ts";
import { BOUNDS_SOFT_END, BOUNDS_TOP, Heap, MemoryLimitError } from "../heap/heap.ts";
import { PAGE_BYTES } from "../heap/layout.ts";
import { isUtf8 } from "../heap/text.ts";
import { readResults, writeValue } from "../heap/values.ts";
import { checkCallee, checkEntry } from "../interp/entry.ts";
import type { Host } from "../interp/host.ts";
import { HOST_CHARGED, HOST_PENDING, HOST_TRAP, HostCaller } from "../interp/host_call.ts";
import type { AsyncRunOptions, Interpreter, RunOptions } from "../interp/interpreter.ts";
import { completeLimits } from "../interp/limits.ts";
import type { Outcome } from "../interp/outcome.ts";
import { isPaced } from "../interp/pace.ts";
import type { Trap, TrapReason } from "../interp/trap.ts";
import { Context, ExitCode } from "../ir/context.ts";
import type { Site } from "../ir/func.ts";
import { type Program, spanAt } from "../tape/program.ts";
import { typeClass, type ValueType } from "../tape/types.ts";
import type { Value } from "../tape/value.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import type { WasmExit } from "../wasm/function.ts";
import { thunkName } from "../wasm/module.ts";
import {
  canSuspend,
  createTag,
  isException,
  promising,
  suspending,
  type WasmTag,
} from "../wasm/web.ts";
import type { WasmCode, WasmProgram } from "./wasm_program.ts";

// Word indices of context fields.
const FUEL = Context.fuel >> 3;
const DEPTH = Context.depth >> 3;
const SCRATCH = Context.scratch >> 3;
const AREA = Context.area >> 3;
const HEAP_TOP = Context.heapTop >> 3;
const HEAP_LIMIT = Context.heapLimit >> 3;

/** Thrown through WebAssembly code to end a run whose outcome is known. */
const ENDED = Object.freeze({ reason: "the run has ended" });

/** The kind of exception that leaves for good; one for all modules. */
const LEAVE: WasmTag = createTag();

/** The context block: a memory of its own, out of reach of the guest's offsets. */
interface ContextViews {
  readonly memory: WebAssembly.Memory;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  readonly f64: Float64Array;
}

/** A module's instance with this runner's memories. */
interface Linked {
  readonly code: WasmCode;
  readonly memory: WebAssembly.Memory | undefined;
  readonly suspends: boolean;
  readonly exports: Readonly<Record<string, () => void>>;
}

/** What a run of one entry function needs, worked out once. */
interface Entry {
  readonly code: WasmCode;
  readonly usesHeap: boolean;
  readonly argClasses: Uint8Array;
  readonly resultClasses: Uint8Array;
}

/** The runs of one lane in WebAssembly; one at a time. */
export class WasmRunner implements Disposable {
  readonly #wasm: WasmProgram;
  readonly #program: Program;
  readonly #heap: Heap;
  readonly #host: HostCaller;
  readonly #interpreter: Interpreter;
  readonly #slots: Int32Array;
  readonly #entries: (Entry | undefined)[] = [];
  #linked: Linked[] = [];
  #memory: WebAssembly.Memory | undefined;
  #context: ContextViews | undefined;

  // The run under way.
  #running = false;
  #disposed = false;
  #func = 0;
  #entry: Entry | undefined;
  #fuel = 0n;
  #rejected: TrapReason | undefined;
  /** How the run ended, if a request ended it. */
  #ended: Outcome | undefined;

  /** A runner for one lane; `interpreter` is the lane's. */
  constructor(
    wasm: WasmProgram,
    verified: VerifiedProgram,
    host: Host,
    interpreter: Interpreter,
  ) {
    const { program } = verified;
    this.#wasm = wasm;
    this.#program = program;
    this.#heap = new Heap(program.constants);
    this.#host = new HostCaller(program, host, this.#heap);
    this.#interpreter = interpreter;
    this.#slots = Int32Array.from({ length: areaWords(program) }, (_, k) => k);
  }

  /**
   * Runs function `func`.
   *
   * @throws {LowerError} When something it can call cannot be compiled.
   * @throws {WasmLimitError} When a function has more parameters or results than engines take.
   * @throws {RangeError} When a limit is out of range, or when calls nest deeper than the JavaScript
   * engine's stack after a host function was called.
   */
  run(func: number, args: readonly Value[], options: RunOptions): Outcome {
    if (options.timeout !== undefined) {
      this.#claim();
      try {
        return this.#interpreter.run(func, args, options);
      } finally {
        this.#running = false;
      }
    }
    this.#start(func, args, options, false);
    let outcome: Outcome | undefined;
    try {
      outcome = this.#rejection();
      if (outcome === undefined) {
        const { exports } = this.#link(false);
        let error: unknown;
        try {
          exports[thunkName(func)]();
        } catch (thrown) {
          error = thrown;
        }
        outcome = error === undefined ? this.#success() : this.#failed(error);
      }
    } finally {
      this.#finish();
    }
    return outcome ?? this.#interpreter.run(func, args, options);
  }

  /** Like {@linkcode run}; host functions may return promises, for which the run is suspended. */
  async runAsync(
    func: number,
    args: readonly Value[],
    options: AsyncRunOptions,
  ): Promise<Outcome> {
    if (isPaced(options) || !canSuspend()) {
      this.#claim();
      try {
        return await this.#interpreter.runAsync(func, args, options);
      } finally {
        this.#running = false;
      }
    }
    this.#start(func, args, options, true);
    let outcome: Outcome | undefined;
    try {
      outcome = this.#rejection();
      if (outcome === undefined) {
        const { exports } = this.#link(true);
        let error: unknown;
        try {
          await promising(exports[thunkName(func)])();
        } catch (thrown) {
          error = thrown;
        }
        outcome = error === undefined ? this.#success() : this.#failed(error);
      }
    } finally {
      this.#finish();
    }
    return outcome ?? await this.#interpreter.runAsync(func, args, options);
  }

  /** Whether a run is under way. */
  get isRunning(): boolean {
    return this.#running;
  }

  /** Starts to run, which one run at a time may. */
  #claim(): void {
    if (this.#running) {
      throw new Error("internal: a runner has one run at a time");
    }
    this.#running = true;
  }

  /** Prepares a run; every call is followed by one of `#finish`, unless it throws. */
  #start(func: number, args: readonly Value[], options: RunOptions, async: boolean): void {
    this.#claim();
    try {
      this.#prepareRun(func, args, options, async);
    } catch (error) {
      this.#running = false;
      throw error;
    }
  }

  #prepareRun(func: number, args: readonly Value[], options: RunOptions, async: boolean): void {
    const limits = completeLimits(options.limits);
    this.#func = func;
    this.#fuel = limits.fuel;
    this.#ended = undefined;
    this.#rejected = checkEntry(this.#program, func, args);
    const entry = this.#rejected === undefined ? this.#prepare(func) : undefined;
    this.#entry = entry;
    const context = this.#context ??= createContext(this.#slots.length);
    try {
      this.#heap.begin(limits.maxMemory);
      this.#host.begin(limits, undefined, options.accessSink, async);
      context.u64[FUEL] = limits.fuel;
      if (entry === undefined) return;
      this.#writeArguments(context, args, entry.argClasses);
      // A limit of 0 still runs the entry function; no stack has 2^31 levels.
      const levels = Math.min(Math.max(1, limits.maxCallDepth) - 1, 0x7fff_ffff);
      context.i32[2 * DEPTH] = levels;
      context.i32[2 * DEPTH + 1] = 0;
      if (entry.usesHeap) {
        // Created here, because requests and accesses expect it.
        this.#memory = this.#heap.memory;
        this.#publishHeapBounds(context);
      }
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  /** Compiles what `func` needs, on its first run. */
  #prepare(func: number): Entry {
    const known = this.#entries[func];
    if (known !== undefined) return known;
    const code = this.#wasm.ensure(func);
    const { args, results } = this.#program.functions[func];
    return this.#entries[func] = {
      code,
      // A text constant that is returned is read from memory that no code has touched.
      usesHeap: code.usesHeap || code.usesContext || results.some(isInHeap),
      argClasses: Uint8Array.from(args, typeClass),
      resultClasses: Uint8Array.from(results, typeClass),
    };
  }

  #writeArguments(context: ContextViews, args: readonly Value[], classes: Uint8Array): void {
    try {
      let at = AREA;
      for (let k = 0; k < classes.length; k++) {
        const arg = args[k];
        if (arg.type === "i64") context.i64[at++] = arg.value;
        else at += writeValue(this.#heap, context, at, arg);
      }
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      this.#rejected = { kind: "MemoryLimitExceeded" };
    }
  }

  /** The entry's module, linked with the memories there are now. */
  #link(suspends: boolean): Linked {
    const { code } = this.#entry!;
    const memory = code.usesHeap ? this.#memory : undefined;
    const known = this.#linked.find((linked) =>
      linked.code === code && linked.suspends === suspends
    );
    if (known !== undefined && known.memory === memory) return known;
    const request = (exit: number) => this.#request(code.exits[exit]);
    const instance = new WebAssembly.Instance(code.module, {
      burin: {
        ...(memory !== undefined && { heap: memory }),
        context: this.#context!.memory,
        leave: LEAVE as unknown as WebAssembly.ImportValue,
        request: suspends ? suspending(request) : request,
        fmod,
      },
    });
    const linked: Linked = {
      code,
      memory,
      suspends,
      exports: instance.exports as unknown as Linked["exports"],
    };
    // Instances of a memory that was dropped keep it alive, so none of them stays.
    this.#linked = this.#linked.filter((other) =>
      other !== known && (other.memory === undefined || other.memory === this.#memory)
    );
    this.#linked.push(linked);
    return linked;
  }

  /** Ends a run: frees what it allocated. */
  #finish(): void {
    this.#heap.reset();
    this.#host.end();
    this.#running = false;
    if (this.#disposed) this.#free();
  }

  /** Gives up what is kept between runs; a run that is under way ends first. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    if (!this.#running) this.#free();
  }

  #free(): void {
    this.#heap.dispose();
    this.#linked = [];
    this.#memory = undefined;
    this.#context = undefined;
  }

  #publishHeapBounds(context: ContextViews): void {
    const { bounds } = this.#heap;
    const { u32 } = context;
    u32[2 * HEAP_TOP] = bounds[BOUNDS_TOP];
    u32[2 * HEAP_TOP + 1] = 0;
    u32[2 * HEAP_LIMIT] = bounds[BOUNDS_SOFT_END];
    u32[2 * HEAP_LIMIT + 1] = 0;
  }

  /** Does what the code asks for: `front/requests.ts`. A promise is the code's to wait for. */
  #request(exit: WasmExit): PromiseLike<void> | void {
    const context = this.#context!;
    const { i32, u32 } = context;
    this.#heap.bounds[BOUNDS_TOP] = u32[2 * HEAP_TOP];
    switch (exit.code - ExitCode.Request) {
      case Request.HostCall: {
        const status = this.#host.call(i32[2 * SCRATCH], context, AREA, this.#slots, 0);
        if (status !== HOST_PENDING) return this.#afterHost(exit, status);
        return this.#host.pending!.then(
          (value) => this.#afterHost(exit, this.#host.settle(value)),
          (error) => this.#afterHost(exit, this.#host.fail(error)),
        );
      }
      case Request.Reserve: {
        const end = u32[2 * SCRATCH + 1] * 2 ** 32 + u32[2 * SCRATCH];
        i32[2 * SCRATCH] = this.#heap.reserve(end) ? 1 : 0;
        i32[2 * SCRATCH + 1] = 0;
        return this.#publishHeapBounds(context);
      }
      case Request.CheckUtf8: {
        const valid = isUtf8(this.#heap.u8, u32[2 * SCRATCH], u32[2 * SCRATCH + 1]);
        i32[2 * SCRATCH] = valid ? 1 : 0;
        i32[2 * SCRATCH + 1] = 0;
        return;
      }
      case Request.CheckCall: {
        const callee = this.#program.functions[u32[2 * SCRATCH]];
        const wanted = this.#program.callSigs[u32[2 * SCRATCH + 2]];
        const reason = checkCallee(wanted, callee, i32[2 * SCRATCH + 4] !== 0);
        if (reason !== undefined) this.#end(this.#trapAt(exit, reason));
        return;
      }
      default:
        throw new Error(`internal: WebAssembly code asks for ${exit.code}`);
    }
  }

  /** What is left of a host call once the host is done with it. */
  #afterHost(exit: WasmExit, status: number): void {
    const context = this.#context!;
    const host = this.#host;
    if (status === HOST_TRAP || status === HOST_CHARGED) {
      const left = context.u64[FUEL];
      context.u64[FUEL] = left > host.charged ? left - host.charged : 0n;
    }
    if (status === HOST_TRAP) this.#end(this.#trapAt(exit, host.reason!));
    const { i64 } = host.results;
    const n = wordCount(this.#program.hostSigs[context.i32[2 * SCRATCH]].results);
    for (let k = 0; k < n; k++) context.i64[AREA + k] = i64[k];
    this.#publishHeapBounds(context);
  }

  /** Ends the run from within a request. */
  #end(outcome: Outcome): never {
    this.#ended = outcome;
    throw ENDED;
  }

  #rejection(): Outcome | undefined {
    if (this.#rejected === undefined) return undefined;
    return this.#failure({ ...this.#rejected, func: this.#func, pc: 0 });
  }

  #success(): Outcome {
    let values: Value[];
    try {
      values = readResults(this.#heap, this.#context!, AREA, this.#entry!.resultClasses);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      return this.#failure({ kind: "MemoryLimitExceeded", func: this.#func, pc: 0 });
    }
    const fuelUsed = this.#fuel - this.#context!.u64[FUEL];
    return { ok: true, values, fuelUsed, hostCalls: this.#hostCalls() };
  }

  /** The outcome of a run that threw; undefined if it is the interpreter's to run it again. */
  #failed(error: unknown): Outcome | undefined {
    if (error === ENDED) return this.#ended;
    if (isException(error, LEAVE)) return this.#left();
    if (!isStackOverflow(error)) throw error;
    if (this.#host.count === 0) return undefined;
    throw new RangeError(
      "the program's calls nest deeper than the stack of this JavaScript engine: lower maxCallDepth",
      { cause: error },
    );
  }

  /** The outcome of a run that left for good. */
  #left(): Outcome {
    const { u64, i32 } = this.#context!;
    const exit = this.#entry!.code.exits[i32[Context.exitSite >> 2]];
    switch (exit.code) {
      case ExitCode.Trap:
        return this.#trapAt(exit, trapReason(this.#site(exit).code));
      case ExitCode.Depth:
        return this.#trapAt(exit, { kind: "CallDepthExceeded" });
      case ExitCode.Fuel: {
        const { pcs, funcs } = this.#site(exit);
        // The whole segment was charged: what was there before says which instruction did not run.
        const before = Number(BigInt.asUintN(64, u64[FUEL] + BigInt(pcs.length)));
        u64[FUEL] = 0n;
        const inlined = funcs.length > 0 ? funcs[before] : -1;
        const func = inlined >= 0 ? inlined : exit.func;
        return this.#located({ kind: "FuelExceeded" }, func, pcs[before]);
      }
      default:
        throw new Error(`internal: WebAssembly code left with code ${exit.code}`);
    }
  }

  #site(exit: WasmExit): Site {
    return this.#entry!.code.sites.get(exit.func)![exit.site];
  }

  #trapAt(exit: WasmExit, reason: TrapReason): Outcome {
    const site = this.#site(exit);
    return this.#located(reason, site.func >= 0 ? site.func : exit.func, site.pc);
  }

  #located(reason: TrapReason, func: number, pc: number): Outcome {
    const span = spanAt(this.#program.functions[func].spans, pc);
    return this.#failure(
      span === undefined ? { ...reason, func, pc } : { ...reason, func, pc, span },
    );
  }

  #failure(trap: Trap): Outcome {
    const fuelUsed = this.#fuel - this.#context!.u64[FUEL];
    return { ok: false, trap, fuelUsed, hostCalls: this.#hostCalls() };
  }

  #hostCalls(): bigint {
    const { count } = this.#host;
    return count === 0 ? 0n : BigInt(count);
  }
}

function createContext(areaWords: number): ContextViews {
  const pages = Math.ceil((Context.area + 8 * areaWords) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { buffer } = memory;
  return {
    memory,
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    i64: new BigInt64Array(buffer),
    u64: new BigUint64Array(buffer),
    f64: new Float64Array(buffer),
  };
}

function fmod(a: number, b: number): number {
  return a % b;
}

/** Whether `error` is how V8, JavaScriptCore or SpiderMonkey report that the stack is full. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof Error && /call stack size|too much recursion/i.test(error.message);
}

/** Whether values of `type` lie in linear memory. */
function isInHeap(type: ValueType): boolean {
  const cls = typeClass(type);
  return (cls >= 6 && cls <= 9) || cls === 11;
}
