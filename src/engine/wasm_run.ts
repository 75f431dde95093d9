/**
 * Frames of one instance's interpreter in WebAssembly: registers into the context block, through a
 * thunk, requests answered as calls into JavaScript. Values, traps, fuel and host calls are the
 * interpreter's. Needs no permission.
 *
 * The frames of the code are on the JavaScript engine's stack. A function for which `stack.ts` does not
 * find room there goes back to the interpreter, whose frames are not, with all that it calls.
 *
 * A run that may wait is suspended as it is, where the engine can do that: then the code is entered as
 * `promising`, on a stack of its own.
 *
 * @module
 */
import { areaWords, Request, wordCount } from "../front/requests.ts";
import { trapReason } from "../front/traps.ts";
import type { Heap } from "../heap/heap.ts";
import { PAGE_BYTES } from "../heap/layout.ts";
import type { Words } from "../heap/words.ts";
import { HOST_CHARGED, HOST_PENDING, HOST_TRAP, type HostCaller } from "../interp/host_call.ts";
import { type Pace, UNPACED } from "../interp/pace.ts";
import { MAX_WORDS } from "../interp/stacks.ts";
import {
  type InnerCall,
  type Outer,
  TIER_RETURNED,
  TIER_TRAPPED,
  TIER_WAITS,
} from "../interp/tier_up.ts";
import type { Trap, TrapReason } from "../interp/trap.ts";
import { Context, ExitCode } from "../ir/context.ts";
import type { Site } from "../ir/func.ts";
import type { Program } from "../tape/program.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { EXIT_DEEP, LEVEL_FLOOR, type WasmExit } from "../wasm/function.ts";
import { thunkName } from "../wasm/module.ts";
import { freshStackBytes, stackHas } from "../wasm/stack.ts";
import {
  canSuspend,
  createTag,
  isException,
  promising,
  suspending,
  type WasmTag,
} from "../wasm/web.ts";
import type { FrameRunner } from "./frame_runner.ts";
import {
  answerRequest,
  fetchHeapTop,
  isInHeap,
  locatedTrap,
  publishHeapBounds,
} from "./requests.ts";
import { type Counters, ExitCount } from "./stats.ts";
import type { WasmCode, WasmProgram } from "./wasm_program.ts";

// Word indices of context fields.
const FUEL = Context.fuel >> 3;
const DEPTH = Context.depth >> 3;
const SCRATCH = Context.scratch >> 3;
const AREA = Context.area >> 3;

/** Frames up to this size need no more stack than the interpreter does. */
const SMALL_FRAME = 1024;

/** Stack that is tried out first for frames below the first. */
const FIRST_STACK = 4096;

/** Most stack for the frames of one run. */
const MOST_STACK = 512 << 10;

/**
 * Stack for what JavaScript does while code is on it: requests, host functions. V8 needs some of it to
 * compile what has not run before.
 */
const STACK_RESERVE = 16 << 10;

/** Words of arguments that a loop may have, at most. */
const MOST_PARAMS = 1000;

/** Bytes from which on a memory is not kept for the sake of the code linked with it. */
const LARGE_MEMORY = 1 << 20;

/** What `Context.exitCode` is until code has ended. */
const UNDER_WAY = -1;

/** Thrown by requests, through WebAssembly code, to end a run whose trap is known. */
const ENDED = Object.freeze({ reason: "the run has ended" });

/** The kind of exception that leaves for good; one for all modules. */
const LEAVE: WasmTag = createTag();

/** The context block: a memory of its own, out of reach of the guest's offsets. */
interface ContextViews extends Words {
  readonly memory: WebAssembly.Memory;
  readonly u32: Uint32Array;
}

/** A module's instance with this runner's memories. */
interface Linked {
  readonly memory: WebAssembly.Memory | undefined;
  readonly exports: Readonly<Record<string, () => void>>;
  /** The exports as `promising`, as far as they have been entered. */
  readonly promising: Record<string, () => Promise<void>>;
}

/** What entering WebAssembly at one place needs, worked out once. */
export interface WasmEntry {
  readonly code: WasmCode;
  readonly thunk: string;
  /** For each argument word the word of the frame that it is. */
  readonly words: Int32Array;
  readonly usesHeap: boolean;
}

/** The code of one lane; one run at a time. */
export class WasmRunner implements FrameRunner<WasmEntry> {
  /** See `FrameRunner.isOpen`: nothing of the engine's is needed. */
  readonly isOpen = true;
  /** See `TierUp.atSliceEnd`. */
  readonly atSliceEnd = false;
  /** See `TierUp.results`. */
  readonly resultsAt: number = AREA;
  readonly #wasm: WasmProgram;
  readonly #program: Program;
  readonly #heap: Heap;
  readonly #host: HostCaller;
  readonly #counters: Counters;
  readonly #context: ContextViews;
  readonly #entries = new Map<number, WasmEntry>();
  /** Instances of modules whose requests do not suspend, and of those whose do. */
  readonly #linked = [new Map<WasmCode, Linked>(), new Map<WasmCode, Linked>()];
  /** The memory that they are linked with. */
  #memory: WebAssembly.Memory | undefined;

  // The run under way.
  #outer: Outer | undefined;
  #pace: Pace = UNPACED;
  #async = false;
  #code: WasmCode | undefined;
  #levels = 0;
  #suspends = false;
  /** Whether the context's heap bounds mean something. */
  #usesHeap = false;
  /** Bytes of stack that the frames may have. */
  #stack = 0;
  #trap: Trap | undefined;
  #suspended: Promise<number> | undefined;

  /** A runner for one lane, whose memory and host side are shared with its interpreter. */
  constructor(
    wasm: WasmProgram,
    verified: VerifiedProgram,
    heap: Heap,
    host: HostCaller,
    counters: Counters,
  ) {
    const { program } = verified;
    this.#wasm = wasm;
    this.#program = program;
    this.#heap = heap;
    this.#host = host;
    this.#counters = counters;
    this.#context = createContext(areaWords(program));
  }

  /** See `FrameRunner.begin`. */
  begin(outer: Outer, pace: Pace, async: boolean): boolean {
    if (async && !canSuspend()) {
      this.#counters.because(
        "runs that may wait are interpreted: this JavaScript engine cannot suspend WebAssembly",
      );
      return false;
    }
    this.#outer = outer;
    this.#pace = pace;
    this.#async = async;
    this.#stack = 0;
    return true;
  }

  /** See `FrameRunner.entryFor`. */
  entryFor(func: number, block: number): WasmEntry {
    // Code that can be given more fuel is slower, so runs without a pace have their own.
    const resumable = this.#pace !== UNPACED;
    const key = (func * 2 ** 26 + block + 1) * 2 + (resumable ? 1 : 0);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      const place = this.#wasm.ensure(func, block, resumable);
      const { results } = this.#program.functions[func];
      entry = {
        code: place.code,
        thunk: thunkName(place.index),
        words: place.words,
        // A text constant that is returned is read from memory that no code has touched.
        usesHeap: place.code.usesHeap || place.code.usesContext || results.some(isInHeap),
      };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** See `FrameRunner.refusal`. */
  refusal({ code }: WasmEntry, func: number, levels: number): string | undefined {
    // The interpreter's stack is limited too, and that limit can be met.
    if (levels > MAX_WORDS / code.frameWords && code.recurs) {
      return `function ${func} with ${levels} levels of calls may need more stack than runs have`;
    }
  }

  /** See `FrameRunner.lacksStack`. */
  lacksStack({ code }: WasmEntry): boolean {
    // A run with requests to wait for has its frames elsewhere.
    if (this.#mustSuspend(code)) return 2 * code.frameBytes > freshStackBytes();
    // Small functions that call none need no more than the interpreter.
    if (this.#stack > 0 || (!code.hasCalls && code.frameBytes <= SMALL_FRAME)) return false;
    if (stackHas(4 * code.frameBytes + STACK_RESERVE)) return false;
    this.#counters.deepCalls++;
    return true;
  }

  /** See `FrameRunner.enterFrame`. */
  enterFrame(entry: WasmEntry, from: Words, fp: number, levels: number, fuel: bigint): number {
    const { code, words } = entry;
    const context = this.#context;
    const { i64, i32 } = context;
    this.#code = code;
    // No stack has 2^31 levels.
    this.#levels = Math.min(levels, 0x7fff_ffff);
    this.#suspends = this.#mustSuspend(code);
    context.u64[FUEL] = fuel;
    i32[2 * DEPTH] = this.#levels;
    i32[Context.exitCode >> 2] = UNDER_WAY;
    for (let k = 0; k < words.length; k++) i64[AREA + k] = from.i64[fp + words[k]];
    this.#setFloor();
    this.#usesHeap = entry.usesHeap;
    if (entry.usesHeap) {
      const { memory } = this.#heap;
      if (memory !== this.#memory) this.#unlink(memory);
      publishHeapBounds(this.#heap, context);
    }
    this.#counters.entries++;
    const linked = this.#link(code);
    if (this.#suspends) return this.#enterSuspending(linked, entry.thunk);
    try {
      linked.exports[entry.thunk]();
    } catch (error) {
      if (error !== ENDED && !isException(error, LEAVE)) throw error;
    }
    return this.#ending();
  }

  /** Whether `code` may have to wait in the run under way. */
  #mustSuspend(code: WasmCode): boolean {
    return this.#async && (code.callsHost || this.#pace !== UNPACED);
  }

  #enterSuspending({ exports, promising: known }: Linked, thunk: string): number {
    const enter = known[thunk] ??= promising(exports[thunk]);
    const ended = enter();
    const isOver = this.#trap !== undefined ||
      this.#context.i32[Context.exitCode >> 2] !== UNDER_WAY;
    if (isOver) {
      // The promise comes too late, and may be a rejected one.
      ended.then(undefined, () => {});
      return this.#ending();
    }
    this.#suspended = this.#waitFor(ended);
    return TIER_WAITS;
  }

  async #waitFor(ended: Promise<void>): Promise<number> {
    try {
      await ended;
    } catch (error) {
      if (error !== ENDED && !isException(error, LEAVE)) throw error;
    }
    this.#suspended = undefined;
    return this.#ending();
  }

  /** How the code ended. */
  #ending(): number {
    const context = this.#context;
    if (this.#usesHeap) fetchHeapTop(this.#heap, context);
    // A request has ended the run.
    if (this.#trap !== undefined) return TIER_TRAPPED;
    const { exits } = this.#counters;
    if (context.i32[Context.exitCode >> 2] === ExitCode.Return) {
      exits[ExitCount.Return]++;
      return TIER_RETURNED;
    }
    const code = this.#code!;
    const exit = code.exits[context.i32[Context.exitSite >> 2]];
    exits[exit.code]++;
    switch (exit.code) {
      case ExitCode.Trap:
        this.#trapAt(code, exit, trapReason(siteOf(code, exit).code));
        break;
      case ExitCode.Depth:
        this.#trapAt(code, exit, { kind: "CallDepthExceeded" });
        break;
      case ExitCode.Fuel:
        this.#trapWithin(code, exit, { kind: "FuelExceeded" });
        break;
      default:
        throw new Error(`internal: WebAssembly code left with code ${exit.code}`);
    }
    return TIER_TRAPPED;
  }

  // ---- linking

  /** The module of `code`, linked with the memories there are now. */
  #link(code: WasmCode): Linked {
    const suspends = this.#suspends;
    const cache = this.#linked[suspends ? 1 : 0];
    const known = cache.get(code);
    if (known !== undefined) return known;
    const memory = code.usesHeap ? this.#memory : undefined;
    const request = (exit: number) => this.#request(code, code.exits[exit]);
    const { exports } = new WebAssembly.Instance(code.module, {
      burin: {
        ...(memory !== undefined && { heap: memory }),
        context: this.#context.memory,
        leave: LEAVE as unknown as WebAssembly.ImportValue,
        request: suspends ? suspending(request) : request,
        fmod,
      },
    });
    const linked = { memory, exports: exports as unknown as Linked["exports"], promising: {} };
    cache.set(code, linked);
    return linked;
  }

  /** Drops what is linked with another memory than `memory`, which it would keep alive. */
  #unlink(memory: WebAssembly.Memory | undefined): void {
    this.#memory = memory;
    for (const cache of this.#linked) {
      for (const [code, linked] of cache) if (linked.memory !== undefined) cache.delete(code);
    }
  }

  // ---- stack

  /** Tells the code how many levels of calls find stack. */
  #setFloor(): void {
    const bytes = this.#suspends ? freshStackBytes() / 2 : this.#stack;
    const levels = Math.floor(bytes / this.#code!.frameBytes);
    this.#context.i32[LEVEL_FLOOR >> 2] = Math.max(0, this.#levels - levels);
  }

  /** Looks for more stack below the frame that needs it. */
  #growStack(): boolean {
    // That much is left on a stack of the code's own, and JavaScript is not on it.
    if (this.#suspends) return false;
    const more = Math.max(FIRST_STACK, this.#stack, 4 * this.#code!.frameBytes);
    if (this.#stack + more > MOST_STACK) return false;
    // Twice as much, because the frames' sizes are estimated.
    if (!stackHas(2 * more + STACK_RESERVE)) return false;
    this.#stack += more;
    this.#setFloor();
    return true;
  }

  // ---- requests

  /** Does what the code asks for. A promise is the code's to wait for. */
  #request(code: WasmCode, exit: WasmExit): Promise<void> | void {
    const context = this.#context;
    if (this.#usesHeap) fetchHeapTop(this.#heap, context);
    if (exit.code === ExitCode.Fuel) return this.#outOfFuel(code, exit);
    if (exit.code === EXIT_DEEP) return this.#deep(exit.func);
    const request = exit.code - ExitCode.Request;
    this.#counters.exits[ExitCount.Request + request]++;
    if (request === Request.HostCall) return this.#hostCall(code, exit);
    const reason = answerRequest(request, this.#heap, this.#program, context);
    if (reason !== undefined) {
      this.#trapAt(code, exit, reason);
      throw ENDED;
    }
  }

  #hostCall(code: WasmCode, exit: WasmExit): Promise<void> | void {
    const host = this.#host;
    const { count } = host;
    const context = this.#context;
    const status = host.callInPlace(context.i32[2 * SCRATCH], context, AREA);
    // A call beyond the limit is not made.
    this.#counters.wasmCalls += host.count - count;
    if (status === HOST_PENDING) return this.#waitForHost(code, exit);
    this.#afterHost(code, exit, status);
  }

  async #waitForHost(code: WasmCode, exit: WasmExit): Promise<void> {
    const host = this.#host, pace = this.#pace;
    let status: number;
    try {
      status = pace.settle(host, await pace.wait(host.pending!));
    } catch (error) {
      status = host.fail(error);
    }
    this.#afterHost(code, exit, status);
  }

  /** What is left of a host call once the host is done with it. */
  #afterHost(code: WasmCode, exit: WasmExit, status: number): void {
    const context = this.#context;
    const { u64 } = context;
    const host = this.#host, pace = this.#pace;
    if (status === HOST_TRAP || status === HOST_CHARGED) {
      const left = u64[FUEL];
      if (left < host.charged) pace.take(host.charged - left);
      u64[FUEL] = left > host.charged ? left - host.charged : 0n;
    }
    if (status === HOST_TRAP) {
      this.#trapAt(code, exit, host.reason!);
      throw ENDED;
    }
    publishHeapBounds(this.#heap, context);
    if (pace.canStop && pace.check() !== undefined) {
      // The next instruction is where it ends.
      pace.giveBack(u64[FUEL]);
      u64[FUEL] = 0n;
    }
  }

  /**
   * The fuel handed out does not suffice for a segment, which has not been charged: gives more of it,
   * perhaps after a turn of the event loop, or ends the run.
   */
  #outOfFuel(code: WasmCode, exit: WasmExit): Promise<void> | void {
    const { u64 } = this.#context;
    const pace = this.#pace;
    this.#counters.exits[ExitCount.Fuel]++;
    const cost = BigInt(siteOf(code, exit).pcs.length);
    if (u64[FUEL] + pace.reserve < cost) {
      u64[FUEL] += pace.reserve;
      pace.reserve = 0n;
      this.#trapWithin(code, exit, { kind: "FuelExceeded" });
      throw ENDED;
    }
    if (pace.wantsTurn) return pace.turn().then(() => this.#refuel(code, exit, cost));
    this.#refuel(code, exit, cost);
  }

  #refuel(code: WasmCode, exit: WasmExit, cost: bigint): void {
    const { u64 } = this.#context;
    const reason = this.#pace.check();
    if (reason !== undefined) {
      this.#trapWithin(code, exit, reason);
      throw ENDED;
    }
    u64[FUEL] += this.#pace.more(cost - u64[FUEL]);
  }

  /** Function `func` finds no stack: finds some, or has it interpreted. */
  #deep(func: number): Promise<void> | void {
    const context = this.#context;
    if (this.#growStack()) {
      context.i32[2 * SCRATCH] = 0;
      return;
    }
    this.#counters.deepCalls++;
    const levels = context.i32[2 * DEPTH];
    const fuel = context.u64[FUEL];
    if (this.#suspends) {
      return this.#outer!.callAsync(func, context, AREA, levels, fuel)
        .then((call) => this.#afterDeep(func, call));
    }
    this.#afterDeep(func, this.#outer!.call(func, context, AREA, levels, fuel));
  }

  #afterDeep(func: number, { trap, fuel, words, at }: InnerCall): void {
    const context = this.#context;
    context.u64[FUEL] = fuel;
    if (trap !== undefined) {
      this.#trap = trap;
      throw ENDED;
    }
    const n = wordCount(this.#program.functions[func].results);
    for (let k = 0; k < n; k++) context.i64[AREA + k] = words.i64[at + k];
    context.i32[2 * SCRATCH] = 1;
    publishHeapBounds(this.#heap, context);
  }

  // ---- endings

  /** A trap at the instruction of an exit. */
  #trapAt(code: WasmCode, exit: WasmExit, reason: TrapReason): void {
    const site = siteOf(code, exit);
    const func = site.func >= 0 ? site.func : ownerOf(code, exit);
    this.#trap = locatedTrap(this.#program, reason, func, site.pc);
  }

  /** A trap at the instruction that the rest of the fuel leads to, which takes that rest. */
  #trapWithin(code: WasmCode, exit: WasmExit, reason: TrapReason): void {
    const { u64 } = this.#context;
    const { pcs, funcs } = siteOf(code, exit);
    const k = Number(u64[FUEL]);
    u64[FUEL] = 0n;
    const inlined = funcs.length > 0 ? funcs[k] : -1;
    const func = inlined >= 0 ? inlined : ownerOf(code, exit);
    this.#trap = locatedTrap(this.#program, reason, func, pcs[k]);
  }

  /** Fuel left. */
  get fuel(): bigint {
    return this.#context.u64[FUEL];
  }

  /** Why the run ended. */
  get trap(): Trap | undefined {
    return this.#trap;
  }

  /** See `TierUp.suspended`. */
  get suspended(): Promise<number> | undefined {
    return this.#suspended;
  }

  /** The words that hold results from `resultsAt` on. */
  get results(): Words {
    return this.#context;
  }

  /** WebAssembly waits by itself. */
  resume(): never {
    throw new Error("internal: WebAssembly is not resumed from outside");
  }

  /** See `resume`. */
  nextSlice(): never {
    return this.resume();
  }

  /** See `FrameRunner.release`. */
  release(): void {
    this.#outer = undefined;
    this.#pace = UNPACED;
    this.#trap = undefined;
    this.#suspended = undefined;
    // Others, or nobody, may have a large memory before this instance runs again.
    if (this.#memory !== undefined && this.#memory.buffer.byteLength > LARGE_MEMORY) {
      this.#unlink(undefined);
    }
  }

  /** Gives up what is kept between runs. Nothing may be under way. */
  [Symbol.dispose](): void {
    this.#unlink(undefined);
    this.#entries.clear();
    for (const cache of this.#linked) cache.clear();
  }
}

function siteOf(code: WasmCode, exit: WasmExit): Site {
  return code.sites.get(exit.func)![exit.site];
}

/** The program's function that an exit is in. */
function ownerOf({ part }: WasmCode, { func }: WasmExit): number {
  return part !== undefined && part.index === func ? part.func : func;
}

function createContext(areaWords: number): ContextViews {
  const words = Math.max(areaWords, MOST_PARAMS);
  const pages = Math.ceil((Context.area + 8 * words) / PAGE_BYTES);
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
