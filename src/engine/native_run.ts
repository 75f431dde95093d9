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
import { areaWords, Request } from "../front/requests.ts";
import { trapReason } from "../front/traps.ts";
import { BOUNDS_SOFT_END, BOUNDS_TOP, Heap, MemoryLimitError } from "../heap/heap.ts";
import { WORDS_OF_CLASS } from "../heap/layout.ts";
import { isUtf8 } from "../heap/text.ts";
import { readResults, writeValue } from "../heap/values.ts";
import { checkCallee, checkEntry } from "../interp/entry.ts";
import type { Host } from "../interp/host.ts";
import { HOST_CHARGED, HOST_PENDING, HOST_TRAP, HostCaller } from "../interp/host_call.ts";
import type { AsyncRunOptions, RunOptions } from "../interp/interpreter.ts";
import { completeLimits } from "../interp/limits.ts";
import type { Outcome } from "../interp/outcome.ts";
import { createPace, type Pace, UNPACED } from "../interp/pace.ts";
import type { Trap, TrapReason } from "../interp/trap.ts";
import type { Site } from "../ir/func.ts";
import { type Program, spanAt } from "../tape/program.ts";
import { typeClass, type ValueType } from "../tape/types.ts";
import type { Value } from "../tape/value.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import type { NativeProgram } from "./native_program.ts";
import type { NativeRuntime } from "./native_runtime.ts";

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

/** What a run of one entry function needs, worked out once. */
interface Entry {
  readonly thunkLo: number;
  readonly thunkHi: number;
  readonly stackBytes: number;
  readonly frameBytes: number;
  readonly usesHeap: boolean;
  readonly argClasses: Uint8Array;
  readonly resultClasses: Uint8Array;
}

/** The runs of one instance in machine code; one at a time. */
export class NativeRunner {
  readonly #runtime: NativeRuntime;
  readonly #native: NativeProgram;
  readonly #program: Program;
  readonly #heap: Heap;
  readonly #host: HostCaller;
  readonly #maxStack: number;
  readonly #contextBytes: number;
  readonly #tableLo: number;
  readonly #tableHi: number;
  /** Word k of a host call's arguments is word k of the area. */
  readonly #slots: Int32Array;
  /** The memory whose address is known. Growing keeps the address but makes a new buffer. */
  #memory: WebAssembly.Memory | undefined;
  #heapBase = 0n;

  readonly #entries: (Entry | undefined)[] = [];

  // The run under way.
  #context: ContextBlock | undefined;
  #stack: GuestStack | undefined;
  #func = 0;
  #entry: Entry | undefined;
  #fuel = 0n;
  #rejected: TrapReason | undefined;
  #pace: Pace = UNPACED;
  /** Whether the code waits at the end of a slice, its segment not charged. */
  #atSliceEnd = false;

  /** A runner for one instance. */
  constructor(
    runtime: NativeRuntime,
    native: NativeProgram,
    verified: VerifiedProgram,
    host: Host,
    maxStack: number,
  ) {
    const { program } = verified;
    this.#runtime = runtime;
    this.#native = native;
    this.#program = program;
    this.#heap = new Heap(program.constants);
    this.#host = new HostCaller(program, host, this.#heap);
    this.#maxStack = maxStack;
    this.#tableLo = native.tableAddress | 0;
    this.#tableHi = native.tableAddress / 2 ** 32 | 0;
    const words = areaWords(program);
    this.#contextBytes = Context.area + 8 * words;
    this.#slots = Int32Array.from({ length: words }, (_, k) => k);
  }

  /**
   * Runs function `func`.
   *
   * @throws {LowerError} When something it can call has no machine code.
   * @throws {RangeError} When a limit is out of range, or the call depth needs more stack than allowed.
   */
  run(func: number, args: readonly Value[], options: RunOptions): Outcome {
    this.#start(func, args, options, false);
    try {
      const outcome = this.#go();
      if (outcome === undefined) throw new Error("internal: a synchronous run waits");
      return outcome;
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
      let outcome = this.#go();
      while (outcome === undefined) {
        if (this.#atSliceEnd) {
          await this.#pace.turn();
          outcome = this.#refuel() ?? this.#drive();
        } else {
          let status: number;
          try {
            status = this.#pace.settle(this.#host, await this.#pace.wait(this.#host.pending!));
          } catch (error) {
            status = this.#host.fail(error);
          }
          outcome = this.#afterHost(status) ?? this.#drive();
        }
      }
      return outcome;
    } finally {
      this.#finish();
    }
  }

  /** Prepares a run; every call is followed by one of `#finish`, unless it throws. */
  #start(func: number, args: readonly Value[], options: AsyncRunOptions, async: boolean): void {
    if (this.#context !== undefined) {
      throw new Error(
        "this instance is running: a host function may not run the instance that called it",
      );
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
    const levels = Math.max(1, limits.maxCallDepth);
    // The entry thunk puts arguments that don't fit registers below the frames.
    const stackBytes = entry === undefined
      ? 0
      : Math.min(entry.stackBytes, levels * entry.frameBytes) + this.#contextBytes;
    if (stackBytes > this.#maxStack) {
      throw new RangeError(
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
      const { u64, i32 } = context;
      u64[FUEL] = this.#pace.begin(limits.fuel);
      if (entry === undefined) return;
      const stack = this.#runtime.borrowStack(stackBytes);
      this.#stack = stack;
      this.#writeArguments(context, args, entry.argClasses);
      const { top } = stack;
      i32[2 * DEPTH] = (levels - 1) | 0;
      i32[2 * DEPTH + 1] = (levels - 1) / 2 ** 32 | 0;
      i32[2 * GUEST_STACK] = top | 0;
      i32[2 * GUEST_STACK + 1] = top / 2 ** 32 | 0;
      i32[2 * TARGET] = entry.thunkLo;
      i32[2 * TARGET + 1] = entry.thunkHi;
      i32[2 * FUNCTION_TABLE] = this.#tableLo;
      i32[2 * FUNCTION_TABLE + 1] = this.#tableHi;
      if (entry.usesHeap) {
        const { memory } = this.#heap;
        if (memory !== this.#memory) {
          this.#memory = memory;
          this.#heapBase = BigInt(addressOfBuffer(memory.buffer as ArrayBuffer));
        }
        u64[Context.heapBase >> 3] = this.#heapBase;
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
    const { stackBytes, frameBytes, usesHeap } = this.#native.ensure(func);
    const { args, results } = this.#program.functions[func];
    const { thunk } = this.#native.function(func);
    return this.#entries[func] = {
      thunkLo: thunk | 0,
      thunkHi: thunk / 2 ** 32 | 0,
      stackBytes,
      frameBytes,
      // A text constant that is returned is read from memory that no code has touched.
      usesHeap: usesHeap || results.some(isInHeap),
      argClasses: Uint8Array.from(args, typeClass),
      resultClasses: Uint8Array.from(results, typeClass),
    };
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
    if (this.#stack !== undefined) this.#runtime.returnStack(this.#stack);
    if (this.#context !== undefined) this.#runtime.returnContext(this.#context);
    this.#stack = undefined;
    this.#context = undefined;
    this.#pace.end();
    this.#pace = UNPACED;
  }

  #publishHeapBounds(context: ContextBlock): void {
    const { bounds } = this.#heap;
    const { u32 } = context;
    u32[2 * HEAP_TOP] = bounds[BOUNDS_TOP];
    u32[2 * HEAP_TOP + 1] = 0;
    u32[2 * HEAP_LIMIT] = bounds[BOUNDS_SOFT_END];
    u32[2 * HEAP_LIMIT + 1] = 0;
  }

  #go(): Outcome | undefined {
    if (this.#rejected !== undefined) {
      return this.#failure({ ...this.#rejected, func: this.#func, pc: 0 });
    }
    const reason = this.#pace.check();
    if (reason !== undefined) return this.#located(reason, this.#func, 0);
    return this.#drive();
  }

  /**
   * Enters the code until it ends; undefined when a host function's promise is pending, or when the
   * event loop is to have a turn.
   */
  #drive(): Outcome | undefined {
    const context = this.#context!;
    const { pointer, i32, u32 } = context;
    const { gate, start } = this.#runtime;
    const { usesHeap } = this.#entry!;
    for (;;) {
      // SAFETY: `start` is the engine's own routine and keeps what C functions must. The context, the
      // stack (guarded, and large enough for the frames that the depth limit allows) and the memory
      // belong to this run alone, on this thread. The context's views are of fixed pages; the heap's
      // are fetched anew after every return, since answers below may grow it.
      gate.enter(start, pointer);
      if (usesHeap) this.#heap.bounds[BOUNDS_TOP] = u32[2 * HEAP_TOP];
      const code = i32[Context.exitCode >> 2];
      if (code === ExitCode.Return) return this.#success();
      if (code === ExitCode.Fuel) {
        const outcome = this.#outOfFuel();
        if (outcome !== undefined) return outcome;
        if (this.#atSliceEnd) return undefined;
        continue;
      }
      if (code < ExitCode.Request) return this.#machineTrap(code);
      switch (code - ExitCode.Request) {
        case Request.HostCall: {
          const status = this.#host.call(i32[2 * SCRATCH], context, AREA, this.#slots, 0);
          if (status === HOST_PENDING) return undefined;
          const outcome = this.#afterHost(status);
          if (outcome !== undefined) return outcome;
          break;
        }
        case Request.Reserve: {
          const end = u32[2 * SCRATCH + 1] * 2 ** 32 + u32[2 * SCRATCH];
          const granted = this.#heap.reserve(end);
          i32[2 * SCRATCH] = granted ? 1 : 0;
          i32[2 * SCRATCH + 1] = 0;
          this.#publishHeapBounds(context);
          break;
        }
        case Request.CheckUtf8: {
          const valid = isUtf8(this.#heap.u8, u32[2 * SCRATCH], u32[2 * SCRATCH + 1]);
          i32[2 * SCRATCH] = valid ? 1 : 0;
          i32[2 * SCRATCH + 1] = 0;
          break;
        }
        case Request.CheckCall: {
          const callee = this.#program.functions[u32[2 * SCRATCH]];
          const wanted = this.#program.callSigs[u32[2 * SCRATCH + 2]];
          const reason = checkCallee(wanted, callee, i32[2 * SCRATCH + 4] !== 0);
          if (reason !== undefined) return this.#trapAt(reason);
          break;
        }
        default:
          throw new Error(`internal: machine code left with code ${code}`);
      }
    }
  }

  /** What is left of a host call once the host is done with it. */
  #afterHost(status: number): Outcome | undefined {
    const context = this.#context!;
    const host = this.#host;
    if (status === HOST_TRAP || status === HOST_CHARGED) {
      const left = context.u64[FUEL];
      if (left < host.charged) this.#pace.take(host.charged - left);
      context.u64[FUEL] = left > host.charged ? left - host.charged : 0n;
    }
    if (status === HOST_TRAP) return this.#trapAt(host.reason!);
    const sig = this.#program.hostSigs[context.i32[2 * SCRATCH]];
    const { i64 } = host.results;
    let n = 0;
    for (let k = 0; k < sig.results.length; k++) n += WORDS_OF_CLASS[typeClass(sig.results[k])];
    for (let k = 0; k < n; k++) context.i64[AREA + k] = i64[k];
    if (this.#entry!.usesHeap) this.#publishHeapBounds(context);
    if (this.#pace.canStop && this.#pace.check() !== undefined) {
      // The next instruction is where it ends.
      this.#pace.giveBack(context.u64[FUEL]);
      context.u64[FUEL] = 0n;
    }
  }

  /**
   * The fuel handed out does not suffice for a segment: the end of the run, or of a slice. The code has
   * charged the segment in full; what was there before tells which instruction the fuel leads to.
   */
  #outOfFuel(): Outcome | undefined {
    const { u64 } = this.#context!;
    const pace = this.#pace;
    const cost = BigInt(this.#site().pcs.length);
    u64[FUEL] += cost;
    const left = u64[FUEL];
    if (left + pace.reserve < cost) {
      u64[FUEL] = left + pace.reserve;
      pace.reserve = 0n;
      return this.#trapWithin({ kind: "FuelExceeded" });
    }
    if (!pace.wantsTurn) return this.#refuel();
    this.#atSliceEnd = true;
  }

  /** Takes more fuel at the end of a slice and charges the segment, unless the run is to end there. */
  #refuel(): Outcome | undefined {
    this.#atSliceEnd = false;
    const { u64 } = this.#context!;
    const reason = this.#pace.check();
    if (reason !== undefined) return this.#trapWithin(reason);
    const left = u64[FUEL];
    const cost = BigInt(this.#site().pcs.length);
    u64[FUEL] = left + this.#pace.more(cost - left) - cost;
  }

  /** Ends the run at the instruction that the rest of the fuel leads to, and takes that rest. */
  #trapWithin(reason: TrapReason): Outcome {
    const { u64, i32 } = this.#context!;
    const { pcs, funcs } = this.#site();
    const k = Number(u64[FUEL]);
    u64[FUEL] = 0n;
    const inlined = funcs.length > 0 ? funcs[k] : -1;
    const func = inlined >= 0 ? inlined : i32[Context.exitFunction >> 2];
    return this.#located(reason, func, pcs[k]);
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

  /** The site that machine code left at. */
  #site(): Site {
    const { i32 } = this.#context!;
    return this.#native.function(i32[Context.exitFunction >> 2]).sites[i32[Context.exitSite >> 2]];
  }

  #machineTrap(code: number): Outcome {
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
  #trapAt(reason: TrapReason): Outcome {
    const site = this.#site();
    const func = site.func >= 0 ? site.func : this.#context!.i32[Context.exitFunction >> 2];
    return this.#located(reason, func, site.pc);
  }

  #located(reason: TrapReason, func: number, pc: number): Outcome {
    const span = spanAt(this.#program.functions[func].spans, pc);
    return this.#failure(
      span === undefined ? { ...reason, func, pc } : { ...reason, func, pc, span },
    );
  }

  #failure(trap: Trap): Outcome {
    return { ok: false, trap, fuelUsed: this.#fuelUsed(), hostCalls: this.#hostCalls() };
  }
}

/** Whether values of `type` lie in linear memory. */
function isInHeap(type: ValueType): boolean {
  const cls = typeClass(type);
  return (cls >= 6 && cls <= 9) || cls === 11;
}
