/**
 * Running one function in machine code: arguments into the context block, through the gate, requests
 * answered and the code re-entered, and the last exit turned into an outcome. Values, traps, fuel and
 * host calls are the interpreter's.
 *
 * @module
 */
import type { ContextBlock, GuestStack } from "../../ffi/memory.ts";
import { addressOfBuffer } from "../../ffi/pointer.ts";
import { Context, ExitCode } from "../codegen/context.ts";
import { areaWords, Request, wordCount } from "../front/requests.ts";
import { trapReason } from "../front/traps.ts";
import { BOUNDS_SOFT_END, BOUNDS_TOP, type Heap, MemoryLimitError } from "../heap/heap.ts";
import { WORDS_OF_CLASS } from "../heap/layout.ts";
import type { Words } from "../heap/words.ts";
import { readResults, writeValue } from "../heap/values.ts";
import { checkEntry } from "../interp/entry.ts";
import {
  HOST_CHARGED,
  HOST_OK,
  HOST_PENDING,
  HOST_TRAP,
  type HostCaller,
} from "../interp/host_call.ts";
import type { AsyncRunOptions, RunOptions } from "../interp/interpreter.ts";
import { completeLimits } from "../interp/limits.ts";
import type { Outcome } from "../interp/outcome.ts";
import { createPace, type Pace, UNPACED } from "../interp/pace.ts";
import { TIER_RETURNED, TIER_TRAPPED, TIER_WAITS } from "../interp/tier_up.ts";
import type { Trap, TrapReason } from "../interp/trap.ts";
import type { Site } from "../ir/func.ts";
import type { Program } from "../tape/program.ts";
import { typeClass } from "../tape/types.ts";
import type { Value } from "../tape/value.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import type { FrameRunner } from "./frame_runner.ts";
import type { NativeFunction, NativeLoop, NativeProgram } from "./native_program.ts";
import type { NativeRuntime, RequestHandler } from "./native_runtime.ts";
import { answerRequest, isInHeap, locatedTrap } from "./requests.ts";
import { ExitCount } from "./stats.ts";

/** Most stack that one run may have unless the engine's options say otherwise. */
export const DEFAULT_MAX_STACK: number = 256 << 20;

// Word indices of context fields.
const FUEL = Context.fuel >> 3;
const SCRATCH = Context.scratch >> 3;
const AREA = Context.area >> 3;
const DEPTH = Context.depth >> 3;
const GUEST_STACK = Context.guestStack >> 3;
const TARGET = Context.target >> 3;
const FUNCTION_TABLE = Context.functionTable >> 3;
const HEAP_TOP = Context.heapTop >> 3;
const HEAP_LIMIT = Context.heapLimit >> 3;
/** Word index of the exit code, which is a 32-bit word. */
const EXIT_CODE = Context.exitCode >> 2;

// V8 takes constants of other files for variables that may not be set yet; a file's own are literals.
const HOST_CALL = ExitCode.Request + Request.HostCall;
const OK = HOST_OK;
const TOP = BOUNDS_TOP;

/** Thrown for a run whose call depth would need more stack than the engine's options allow. */
export class StackLimitError extends RangeError {
  /** Tells it from other errors. */
  override readonly name = "StackLimitError";
}

/** What entering machine code at one place needs, worked out once. */
export interface NativeEntry {
  readonly thunkLo: number;
  readonly thunkHi: number;
  readonly stackBytes: number;
  readonly frameBytes: number;
  readonly usesHeap: boolean;
  readonly argClasses: Uint8Array;
  readonly resultClasses: Uint8Array;
  /** Bytes of a context block that has room for the arguments. */
  readonly contextBytes: number;
  /** For each argument word the word of the frame that it is. */
  readonly words: Int32Array;
  /** Result words of which only the low half counts. */
  readonly halves: readonly number[];
}

/** The runs of one lane in machine code; one at a time. */
export class NativeRunner implements RequestHandler, FrameRunner<NativeEntry> {
  readonly #runtime: NativeRuntime;
  readonly #native: NativeProgram;
  readonly #program: Program;
  readonly #heap: Heap;
  readonly #host: HostCaller;
  readonly #maxStack: number;
  readonly #contextBytes: number;
  readonly #tableLo: number;
  readonly #tableHi: number;
  /** Word k of a function's arguments is word k of the area. */
  readonly #slots: Int32Array;
  /** By function, and then by `NativeLoop.index`. */
  readonly #entries: (NativeEntry | undefined)[] = [];

  #disposed = false;

  // The run under way.
  #context: ContextBlock | undefined;
  #stack: GuestStack | undefined;
  /** What `#stack` was borrowed for. */
  #stackBytes = 0;
  #func = 0;
  #entry: NativeEntry | undefined;
  #fuel = 0n;
  #rejected: TrapReason | undefined;
  #trap: Trap | undefined;
  /** What the last request came to if it ended the run or made it wait: -1, or what `#drive` returns. */
  #answered = -1;
  #pace: Pace = UNPACED;
  /** Whether the code waits at the end of a slice, its segment not charged. */
  #atSliceEnd = false;

  /** A runner for one lane, whose memory and host side are shared with its interpreter. */
  constructor(
    runtime: NativeRuntime,
    native: NativeProgram,
    verified: VerifiedProgram,
    heap: Heap,
    host: HostCaller,
    maxStack: number,
  ) {
    const { program } = verified;
    this.#runtime = runtime;
    this.#native = native;
    this.#program = program;
    this.#heap = heap;
    this.#host = host;
    this.#maxStack = maxStack;
    this.#tableLo = native.tableAddress | 0;
    this.#tableHi = native.tableAddress / 2 ** 32 | 0;
    const words = areaWords(program);
    native.retain();
    this.#contextBytes = Context.area + 8 * words;
    this.#slots = Int32Array.from({ length: words }, (_, k) => k);
  }

  /**
   * Runs function `func`.
   *
   * @throws {LowerError} When something it can call has no machine code.
   * @throws {StackLimitError} When the call depth needs more stack than allowed.
   * @throws {RangeError} When a limit is out of range.
   */
  run(func: number, args: readonly Value[], options: RunOptions): Outcome {
    this.#start(func, args, options, false);
    try {
      const status = this.#go();
      if (status === TIER_WAITS) throw new Error("internal: a synchronous run waits");
      return this.#outcome(status);
    } finally {
      this.#finish();
    }
  }

  /**
   * Like {@linkcode run}; host functions may return promises, for which the run is parked, and the run
   * may park itself.
   */
  async runAsync(
    func: number,
    args: readonly Value[],
    options: AsyncRunOptions,
  ): Promise<Outcome> {
    this.#start(func, args, options, true);
    try {
      let status = this.#go();
      while (status === TIER_WAITS) {
        if (this.#atSliceEnd) {
          await this.#pace.turn();
          status = this.nextSlice();
        } else {
          let settled: number;
          try {
            settled = this.#pace.settle(this.#host, await this.#pace.wait(this.#host.pending!));
          } catch (error) {
            settled = this.#host.fail(error);
          }
          status = this.resume(settled);
        }
      }
      return this.#outcome(status);
    } finally {
      this.#finish();
    }
  }

  /** Prepares a run; every call is followed by one of `#finish`, unless it throws. */
  #start(func: number, args: readonly Value[], options: AsyncRunOptions, async: boolean): void {
    if (this.#context !== undefined) {
      throw new Error("internal: a runner has one run at a time");
    }
    const limits = completeLimits(options.limits);
    this.#pace = createPace(options, async);
    this.#atSliceEnd = false;
    this.#func = func;
    this.#fuel = limits.fuel;
    this.#rejected = checkEntry(this.#program, func, args);
    const entry = this.#rejected === undefined ? this.#prepare(func) : undefined;
    this.#entry = entry;
    // A limit of 0 still runs the entry function.
    const levels = Math.max(1, limits.maxCallDepth) - 1;
    const stackBytes = entry === undefined ? 0 : stackBytesFor(entry, levels);
    if (stackBytes > this.#maxStack) {
      throw new StackLimitError(
        `a call depth of ${limits.maxCallDepth} needs ${stackBytes} bytes of stack for frames ` +
          `of up to ${entry!.frameBytes} bytes, more than the ${this.#maxStack} allowed: lower ` +
          `maxCallDepth or raise maxStack`,
      );
    }
    const context = this.#runtime.borrowContext(this.#contextBytes);
    this.#context = context;
    try {
      this.#heap.begin(limits.maxMemory);
      this.#host.begin(limits, undefined, options.accessSink, async);
      context.u64[FUEL] = this.#pace.begin(limits.fuel);
      if (entry === undefined) return;
      this.#stack = this.#runtime.borrowStack(stackBytes);
      this.#writeArguments(context, args, entry.argClasses);
      this.#aim(context, this.#stack, entry, levels);
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  /** Sets what the shared routine and the code expect in the context block. */
  #aim(context: ContextBlock, { top }: GuestStack, entry: NativeEntry, levels: number): void {
    const { u64, i32 } = context;
    i32[2 * DEPTH] = levels | 0;
    i32[2 * DEPTH + 1] = levels / 2 ** 32 | 0;
    i32[2 * GUEST_STACK] = top | 0;
    i32[2 * GUEST_STACK + 1] = top / 2 ** 32 | 0;
    i32[2 * TARGET] = entry.thunkLo;
    i32[2 * TARGET + 1] = entry.thunkHi;
    i32[2 * FUNCTION_TABLE] = this.#tableLo;
    i32[2 * FUNCTION_TABLE + 1] = this.#tableHi;
    if (!entry.usesHeap) return;
    const { pooled } = this.#heap;
    // Growing makes a new buffer at the same address.
    if (pooled.address === 0n) {
      pooled.address = BigInt(addressOfBuffer(pooled.memory.buffer as ArrayBuffer));
    }
    u64[Context.heapBase >> 3] = pooled.address;
    this.#publishHeapBounds(context);
  }

  /** Compiles what `func` needs, on its first run. */
  #prepare(func: number): NativeEntry {
    const known = this.#entries[func];
    if (known !== undefined) return known;
    const reach = this.#native.ensure(func);
    const words = this.#slots.subarray(0, wordCount(this.#program.functions[func].args));
    return this.#entries[func] = this.#entryOf(func, func, reach, words);
  }

  #entryOf(
    func: number,
    index: number,
    reach: Omit<NativeLoop, "index" | "words">,
    words: Int32Array,
  ): NativeEntry {
    const { args, results } = this.#program.functions[func];
    const { thunk } = this.#native.function(index);
    const halves: number[] = [];
    let word = 0;
    for (const type of results) {
      const cls = typeClass(type);
      if (cls === 1 || cls === 10) halves.push(word); // bool, func
      word += WORDS_OF_CLASS[cls];
    }
    return {
      thunkLo: thunk | 0,
      thunkHi: thunk / 2 ** 32 | 0,
      stackBytes: reach.stackBytes,
      frameBytes: reach.frameBytes,
      // A text constant that is returned is read from memory that no code has touched.
      usesHeap: reach.usesHeap || results.some(isInHeap),
      argClasses: Uint8Array.from(args, typeClass),
      resultClasses: Uint8Array.from(results, typeClass),
      contextBytes: Math.max(this.#contextBytes, Context.area + 8 * words.length),
      words,
      halves,
    };
  }

  // ---- frames of the interpreter

  /** Whatever waits can be parked. */
  begin(): boolean {
    return true;
  }

  /** See `FrameRunner.entryFor`. */
  entryFor(func: number, block: number): NativeEntry {
    if (block < 0) return this.#prepare(func);
    const loop = this.#native.ensureLoop(func, block);
    return this.#entries[loop.index] ??= this.#entryOf(func, loop.index, loop, loop.words);
  }

  /** Whether a run is under way. */
  get isRunning(): boolean {
    return this.#context !== undefined;
  }

  /** Whether frames may be entered: the engine is still there. */
  get isOpen(): boolean {
    return !this.#runtime.isDisposed;
  }

  /** Whether `func` is compiled and a run of it with `levels` further calls finds stack. */
  isReady(func: number, levels: number): boolean {
    const entry = this.#entries[func];
    return entry !== undefined && stackBytesFor(entry, levels) <= this.#maxStack;
  }

  /** See `FrameRunner.refusal`. */
  refusal(entry: NativeEntry, func: number, levels: number): string | undefined {
    if (stackBytesFor(entry, levels) <= this.#maxStack) return undefined;
    return `function ${func} with ${levels} levels of calls needs more stack than maxStack allows`;
  }

  /** Every run has a stack of its own. */
  lacksStack(): boolean {
    return false;
  }

  /**
   * Runs a frame of the interpreter, whose registers are words of `words` from `fp` on, until its
   * function returns, at the run's pace. The heap and the host side have begun a run. Stack and context stay with the
   * runner until `release`.
   *
   * @returns `TIER_RETURNED`, `TIER_TRAPPED` or `TIER_WAITS`.
   */
  enterFrame(
    entry: NativeEntry,
    words: Words,
    fp: number,
    levels: number,
    fuel: bigint,
    pace: Pace,
  ): number {
    const stackBytes = stackBytesFor(entry, levels);
    if (this.#context === undefined || this.#context.size < entry.contextBytes) {
      if (this.#context !== undefined) this.#runtime.returnContext(this.#context);
      this.#context = undefined;
      this.#context = this.#runtime.borrowContext(entry.contextBytes);
    }
    if (this.#stack === undefined || this.#stackBytes < stackBytes) {
      if (this.#stack !== undefined) this.#runtime.returnStack(this.#stack);
      this.#stack = undefined;
      this.#stack = this.#runtime.borrowStack(stackBytes);
      this.#stackBytes = stackBytes;
    }
    const context = this.#context;
    this.#pace = pace;
    this.#entry = entry;
    context.u64[FUEL] = fuel;
    const { i64 } = context;
    const from = words.i64;
    const arguments_ = entry.words;
    for (let k = 0; k < arguments_.length; k++) i64[AREA + k] = from[fp + arguments_[k]];
    this.#aim(context, this.#stack, entry, levels);
    return this.#finishFrame(this.#drive());
  }

  /** Goes on after a host call that was pending; results as of `enterFrame`. */
  resume(status: number): number {
    return this.#finishFrame(this.#afterHost(status) ? this.#drive() : TIER_TRAPPED);
  }

  /** Goes on at the end of a slice; results as of `enterFrame`. */
  nextSlice(): number {
    return this.#finishFrame(this.#refuel() ? this.#drive() : TIER_TRAPPED);
  }

  /** What waits is parked. */
  get suspended(): undefined {
    return undefined;
  }

  /** Whether the run waits for its turn in the event loop. */
  get atSliceEnd(): boolean {
    return this.#atSliceEnd;
  }

  #finishFrame(status: number): number {
    if (status === TIER_RETURNED) {
      const { i32 } = this.#context!;
      const { halves } = this.#entry!;
      for (let k = 0; k < halves.length; k++) i32[2 * (AREA + halves[k]) + 1] = 0;
    }
    return status;
  }

  /** Fuel left. */
  get fuel(): bigint {
    return this.#context!.u64[FUEL];
  }

  /** Why the run ended. */
  get trap(): Trap | undefined {
    return this.#trap;
  }

  /** The words that hold results from `resultsAt` on. */
  get results(): Words {
    return this.#context!;
  }

  /** See `results`. */
  readonly resultsAt: number = AREA;

  /** Gives back what `enterFrame` took. */
  release(): void {
    const context = this.#context, stack = this.#stack;
    this.#stack = undefined;
    this.#context = undefined;
    this.#trap = undefined;
    this.#pace = UNPACED;
    this.#atSliceEnd = false;
    if (stack !== undefined) this.#runtime.returnStack(stack);
    if (context !== undefined) this.#runtime.returnContext(context);
  }

  #writeArguments(context: ContextBlock, args: readonly Value[], classes: Uint8Array): void {
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

  /** Ends a run: frees what it allocated and gives its stack and context back. */
  #finish(): void {
    this.#heap.reset();
    this.#host.end();
    this.#pace.end();
    this.release();
  }

  /** Gives up the code. Nothing may be under way, but a run may have been cut short. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.release();
    this.#native.release();
  }

  #publishHeapBounds(context: ContextBlock): void {
    const { bounds } = this.#heap;
    const { u32 } = context;
    u32[2 * HEAP_TOP] = bounds[BOUNDS_TOP];
    u32[2 * HEAP_TOP + 1] = 0;
    u32[2 * HEAP_LIMIT] = bounds[BOUNDS_SOFT_END];
    u32[2 * HEAP_LIMIT + 1] = 0;
  }

  #go(): number {
    if (this.#rejected !== undefined) {
      this.#trap = { ...this.#rejected, func: this.#func, pc: 0 };
      return TIER_TRAPPED;
    }
    const reason = this.#pace.check();
    if (reason !== undefined) {
      this.#located(reason, this.#func, 0);
      return TIER_TRAPPED;
    }
    return this.#drive();
  }

  /**
   * Enters the code until it ends, or waits: for a host function's promise, or for its turn in the
   * event loop.
   */
  #drive(): number {
    const context = this.#context!;
    // Asking for the pointer checks that the block is alive, which it is until `release`.
    const { pointer, i32 } = context;
    const runtime = this.#runtime;
    const { counters } = runtime;
    const { exits } = counters;
    const asksByLeaving = runtime.route === "reenter";
    for (;;) {
      counters.entries++;
      runtime.enter(pointer, this);
      // The commonest reason to leave comes first, and asks no more than it must.
      if (i32[EXIT_CODE] === HOST_CALL && asksByLeaving) {
        counters.reentries++;
        if (this.#hostCall(context)) continue;
      }
      if (this.#answered < 0) {
        const code = i32[EXIT_CODE];
        if (code < ExitCode.Request) {
          this.#fetchHeapTop(context);
          if (code === ExitCode.Return) {
            exits[ExitCount.Return]++;
            return TIER_RETURNED;
          }
          exits[code]++;
          if (code !== ExitCode.Fuel) {
            this.#machineTrap(code);
            return TIER_TRAPPED;
          }
          if (!this.#outOfFuel()) return TIER_TRAPPED;
          if (this.#atSliceEnd) return TIER_WAITS;
          continue;
        }
        if (this.answer() === 0) continue;
      }
      // The request has been answered, and the answer was to end or to wait.
      const status = this.#answered;
      this.#answered = -1;
      return status;
    }
  }

  #fetchHeapTop(context: ContextBlock): void {
    if (this.#entry!.usesHeap) this.#heap.bounds[TOP] = context.u32[2 * HEAP_TOP];
  }

  /** Makes the host call that the code asks for. If the code is not to go on, `#answered` says why. */
  #hostCall(context: ContextBlock): boolean {
    const { i32 } = context;
    // Code that calls the host has memory.
    const { bounds } = this.#heap;
    const top = i32[2 * HEAP_TOP] >>> 0;
    bounds[TOP] = top;
    const status = this.#host.callInPlace(i32[2 * SCRATCH], context, AREA);
    if (status !== OK) return this.#afterUnusualCall(status);
    // The limit moves with what is allocated.
    if (bounds[TOP] !== top) this.#publishHeapBounds(context);
    if (this.#pace.canStop === true) this.#stopIfDue(context);
    return true;
  }

  #afterUnusualCall(status: number): boolean {
    if (status === HOST_TRAP && this.#host.reason!.kind === "HostCallLimitExceeded") {
      this.#runtime.counters.refuse(this.#runtime.route);
    }
    if (status !== HOST_PENDING && this.#afterHost(status)) return true;
    this.#answered = status === HOST_PENDING ? TIER_WAITS : TIER_TRAPPED;
    return false;
  }

  /** Answers the request in the context; see `RequestHandler`. */
  answer(): number {
    const context = this.#context!;
    const { i32 } = context;
    const { counters } = this.#runtime;
    if (i32[EXIT_CODE] === HOST_CALL) {
      counters.callbacks++;
      return this.#hostCall(context) ? 0 : 1;
    }
    this.#fetchHeapTop(context);
    const request = i32[EXIT_CODE] - ExitCode.Request;
    counters.exits[ExitCount.Request + request]++;
    const reason = answerRequest(request, this.#heap, this.#program, context);
    if (reason === undefined) return 0;
    this.#trapAt(reason);
    return this.#leave(TIER_TRAPPED);
  }

  /** Makes `#drive` return `status`, however the request came. */
  #leave(status: number): number {
    this.#answered = status;
    return 1;
  }

  /** What is left of a host call once the host is done with it; false if the run traps. */
  #afterHost(status: number): boolean {
    const context = this.#context!;
    const host = this.#host;
    if (status === HOST_TRAP || status === HOST_CHARGED) {
      const left = context.u64[FUEL];
      if (left < host.charged) this.#pace.take(host.charged - left);
      context.u64[FUEL] = left > host.charged ? left - host.charged : 0n;
    }
    if (status === HOST_TRAP) {
      this.#trapAt(host.reason!);
      return false;
    }
    if (this.#entry!.usesHeap) this.#publishHeapBounds(context);
    if (this.#pace.canStop) this.#stopIfDue(context);
    return true;
  }

  /** Has the run end at its next instruction if there is a reason. */
  #stopIfDue(context: ContextBlock): void {
    if (this.#pace.check() === undefined) return;
    this.#pace.giveBack(context.u64[FUEL]);
    context.u64[FUEL] = 0n;
  }

  /**
   * The fuel handed out does not suffice for a segment: the end of the run, or of a slice. The code has
   * charged the segment in full; what was there before tells which instruction the fuel leads to.
   *
   * @returns False if the run traps.
   */
  #outOfFuel(): boolean {
    const { u64 } = this.#context!;
    const pace = this.#pace;
    const cost = BigInt(this.#site().pcs.length);
    u64[FUEL] += cost;
    const left = u64[FUEL];
    if (left + pace.reserve < cost) {
      u64[FUEL] = left + pace.reserve;
      pace.reserve = 0n;
      this.#trapWithin({ kind: "FuelExceeded" });
      return false;
    }
    if (!pace.wantsTurn) return this.#refuel();
    this.#atSliceEnd = true;
    return true;
  }

  /**
   * Takes more fuel at the end of a slice and charges the segment, unless the run is to end there.
   *
   * @returns False if the run traps.
   */
  #refuel(): boolean {
    this.#atSliceEnd = false;
    const { u64 } = this.#context!;
    const reason = this.#pace.check();
    if (reason !== undefined) {
      this.#trapWithin(reason);
      return false;
    }
    const left = u64[FUEL];
    const cost = BigInt(this.#site().pcs.length);
    u64[FUEL] = left + this.#pace.more(cost - left) - cost;
    return true;
  }

  /** Ends the run at the instruction that the rest of the fuel leads to, and takes that rest. */
  #trapWithin(reason: TrapReason): void {
    const { u64 } = this.#context!;
    const { pcs, funcs } = this.#site();
    const k = Number(u64[FUEL]);
    u64[FUEL] = 0n;
    const inlined = funcs.length > 0 ? funcs[k] : -1;
    this.#located(reason, inlined >= 0 ? inlined : this.#left().func, pcs[k]);
  }

  #outcome(status: number): Outcome {
    return status === TIER_RETURNED ? this.#success() : this.#failure(this.#trap!);
  }

  #success(): Outcome {
    const context = this.#context!;
    let values: Value[];
    try {
      values = readResults(this.#heap, context, AREA, this.#entry!.resultClasses);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      return this.#failure({ kind: "MemoryLimitExceeded", func: this.#func, pc: 0 });
    }
    return { ok: true, values, fuelUsed: this.#fuelUsed(), hostCalls: this.#hostCalls() };
  }

  #fuelUsed(): bigint {
    return this.#fuel - this.#context!.u64[FUEL] - this.#pace.reserve;
  }

  #hostCalls(): bigint {
    const { count } = this.#host;
    return count === 0 ? 0n : BigInt(count);
  }

  /** The code that was left: a function or a loop. */
  #left(): NativeFunction {
    return this.#native.function(this.#context!.i32[Context.exitFunction >> 2]);
  }

  /** The site that it was left at. */
  #site(): Site {
    return this.#left().sites[this.#context!.i32[Context.exitSite >> 2]];
  }

  #machineTrap(code: number): void {
    switch (code) {
      case ExitCode.Trap:
        return this.#trapAt(trapReason(this.#site().code));
      case ExitCode.Depth:
        return this.#trapAt({ kind: "CallDepthExceeded" });
      default:
        throw new Error(`internal: machine code left with code ${code}`);
    }
  }

  /** A trap at the site that machine code left at. */
  #trapAt(reason: TrapReason): void {
    const site = this.#site();
    const func = site.func >= 0 ? site.func : this.#left().func;
    this.#located(reason, func, site.pc);
  }

  #located(reason: TrapReason, func: number, pc: number): void {
    this.#trap = locatedTrap(this.#program, reason, func, pc);
  }

  #failure(trap: Trap): Outcome {
    return { ok: false, trap, fuelUsed: this.#fuelUsed(), hostCalls: this.#hostCalls() };
  }
}

/** Stack for a frame at `entry` below which `levels` calls may nest. */
function stackBytesFor(entry: NativeEntry, levels: number): number {
  // The entry thunk puts arguments that don't fit registers below the frames.
  const { stackBytes, frameBytes, contextBytes } = entry;
  return Math.min(stackBytes, (levels + 1) * frameBytes) + contextBytes;
}
