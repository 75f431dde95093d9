/**
 * The portable interpreter: one instance of a verified program, run function by function. Owns the
 * instance's memory, code arena and host side; around the loop of `execute.ts` it does everything that
 * is not an ordinary instruction, and it is the reference for what every other tier must do.
 *
 * @module
 */
import { Heap, MemoryLimitError } from "../heap/heap.ts";
import { WORDS_OF_CLASS } from "../heap/layout.ts";
import { readResults, writeValue } from "../heap/values.ts";
import { createWords, type Words } from "../heap/words.ts";
import { type Program, spanAt } from "../tape/program.ts";
import { formatSignature, type Signature, typeClass } from "../tape/types.ts";
import type { Value } from "../tape/value.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import type { AccessSink } from "./access.ts";
import {
  CodeArena,
  positionIndex,
  ReturnForm,
  returnForm,
  type Translation,
  wordsOf,
} from "./arena.ts";
import { checkCallee, checkEntry } from "./entry.ts";
import { execute } from "./execute.ts";
import type { Host } from "./host.ts";
import { HOST_CHARGED, HOST_OK, HOST_PENDING, HOST_TRAP, HostCaller } from "./host_call.ts";
import { completeLimits, type Limits } from "./limits.ts";
import { Exit, Machine, type Tracer } from "./machine.ts";
import type { Outcome } from "./outcome.ts";
import { type AsyncPaceOptions, createPace, type Pace, type PaceOptions, UNPACED } from "./pace.ts";
import { borrowStack, growStack, returnStack } from "./stacks.ts";
import {
  type InnerCall,
  type Outer,
  TIER_RETURNED,
  TIER_TRAPPED,
  TIER_WAITS,
  type TierUp,
  type TierUpFactory,
} from "./tier_up.ts";
import { TraceMask, type TraceOptions, type TraceSink } from "./trace.ts";
import { translate } from "./translate.ts";
import { warmUp } from "./warm.ts";
import type { PlainTrapKind, Trap, TrapReason } from "./trap.ts";

/** How to run a function. */
export interface RunOptions extends PaceOptions {
  /** Limits that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  /** Events to report; none unless given. */
  readonly trace?: TraceOptions;
  /** Receives what host functions record. */
  readonly accessSink?: AccessSink;
}

/** How to run a function that may wait. */
export interface AsyncRunOptions extends RunOptions, AsyncPaceOptions {}

/** Most fuel that the loop's 32-bit counter is given at a time. */
const SLICE = 1 << 30;

/**
 * Fuel that runs may use together until the loop is warmed up. V8 compiles a loop of which it has seen
 * a few opcodes in 10 ms, but one of which it has seen all in 100, which is only worth it for those
 * who run much.
 */
let coldFuel = 1 << 28;

/** Warms the loop up when `coldFuel` has run out, once. */
function warmOnce(): void {
  if (coldFuel > 0) return;
  coldFuel = Infinity;
  warmUp();
}

/**
 * Segments that are run one by one to find the next loop header of a function that was found hot in
 * the middle of something. Loops with longer ways around are met by a later look.
 */
const HUNT_SEGMENTS = 64;

/**
 * What handing a frame over costs, in units of the clock: a caller that does little but call functions
 * which are hot already would otherwise be found late.
 */
const HAND_OVER_COST = 128;

/** Looks of a run after which one in so many is timed; the clock takes a hundredth of what is between. */
const TIMED_LOOKS = 64;

/** Trap kinds of the loop's exits from `Exit.TRAPS + 4` on. */
const PLAIN_TRAPS: readonly PlainTrapKind[] = [
  "IntCastOverflow",
  "FloatToIntInvalid",
  "DivByZero",
  "IntDivOverflow",
  "DecimalScaleMismatch",
  "DecimalOverflow",
  "IndexOutOfBounds",
  "StrNotCharBoundary",
  "InvalidUtf8",
];

/** Room for a few small functions. */
const FIRST_CODE_WORDS = 256;

const NO_WORDS = createWords(0);
const NO_SINK: TraceSink = () => {};

/**
 * Runs a verified program, one run at a time; made by {@linkcode createInterpreter}. Disposing of it
 * lets others have the memory it used last; a run that is under way ends first.
 */
export class Interpreter implements Disposable {
  readonly #run: Run;

  /** Use {@linkcode createInterpreter}. */
  constructor(verified: VerifiedProgram, host: Host, tierUp?: TierUpFactory) {
    this.#run = new Run(verified, host, tierUp);
  }

  /** The program. */
  get program(): Program {
    return this.#run.program;
  }

  /**
   * Runs function `func`. Whatever the program does ends in an outcome; what a trace sink throws
   * passes through.
   *
   * @throws {RangeError} When a limit is out of range.
   */
  run(func: number, args: readonly Value[], options: RunOptions = {}): Outcome {
    const run = this.#run;
    run.start(func, args, options, false);
    try {
      const outcome = run.go();
      if (outcome === undefined) throw new Error("internal: a synchronous run waits");
      return outcome;
    } finally {
      run.finish();
    }
  }

  /**
   * Like {@linkcode run}, but host functions may return promises: the run waits for them, and other
   * interpreters may run meanwhile. It may also wait on its own account, see `yieldEvery`.
   */
  async runAsync(
    func: number,
    args: readonly Value[],
    options: AsyncRunOptions = {},
  ): Promise<Outcome> {
    const run = this.#run;
    run.start(func, args, options, true);
    try {
      return run.go() ?? await run.wait();
    } finally {
      run.finish();
    }
  }

  /** Whether a run is under way. */
  get isRunning(): boolean {
    return this.#run.isRunning;
  }

  /** Gives up what the instance keeps between runs. It must not be run again. */
  [Symbol.dispose](): void {
    this.#run.dispose();
  }
}

/**
 * Makes an instance of `verified` that calls `host`. Functions are translated when first called.
 *
 * @param tierUp Makes the tier that what is hot is handed to; without, everything is interpreted.
 */
export function createInterpreter(
  verified: VerifiedProgram,
  host: Host,
  tierUp?: TierUpFactory,
): Interpreter {
  return new Interpreter(verified, host, tierUp);
}

/** What stands for the outcome of a call within a run. */
const RETURNED: Outcome = { ok: true, values: [], fuelUsed: 0n, hostCalls: 0n };

/** What a call of the tier that has taken a frame sets aside. */
interface OuterState {
  readonly tiers: TierUp;
  readonly handedOver: number;
  readonly slice: number;
  readonly fuel: number;
  readonly fp: number;
  readonly depth: number;
  readonly diverted: readonly [func: number, entry: number][];
}

/** An instance and its current run. */
class Run implements Tracer, Outer {
  readonly program: Program;
  readonly host: HostCaller;

  readonly #heap: Heap;
  readonly #machine: Machine;
  readonly #verified: VerifiedProgram;
  readonly #arena: CodeArena;
  readonly #signatureIds = new Map<string, number>();
  #running = false;
  #disposed = false;
  #limits!: Limits;
  /** What hands fuel out. */
  pace: Pace = UNPACED;
  /** Whether the fuel handed out does not suffice for what is at `ip`. */
  #atSliceEnd = false;
  /** Cost of the segment there; 0 for a tick, which needs one unit. */
  #sliceCost = 0;
  /** Why the run ends when the fuel handed out is used up. */
  #stop: TrapReason | undefined;
  /** Fuel that was handed out and does not fit the loop's counter. */
  #granted = 0n;
  #mask = 0;
  #sink: TraceSink = NO_SINK;
  #entry = 0;
  #rejected: TrapReason | undefined;
  /** The instruction traced last, for the events it causes. */
  #tracedFunc = 0;
  #tracedPc = 0;
  #tracedDepth = 0;

  /** The instance's faster tier. */
  readonly #tierUp: TierUp | undefined;
  /** The same while the run under way may use it. */
  #tiers: TierUp | undefined;
  /** What the slice was when it was last filled. */
  #slice = 0;
  /** Fuel left when a frame was handed over. */
  #before = 0n;
  /** Looks of this run. */
  #looks = 0;
  /** When the last of them was and what fuel was left, if nothing but this ran since; else 0. */
  #lookedAt = 0;
  #leftAtLook = 0n;
  /** Fuel that was not spent here. */
  #elsewhere = 0;
  #handedOver: number | undefined;
  /** Whether what runs is a call of the tier that has taken a frame. */
  #isInner = false;
  /** Segments left to look at one by one. */
  #hunt = 0;
  /** Entry positions of functions whose calls are handed over; 0 if not translated. */
  readonly #plain = new Map<number, number>();
  /** Positions of hand-overs by block and function. */
  readonly #handOvers = new Map<number, number>();

  constructor(verified: VerifiedProgram, host: Host, tierUp: TierUpFactory | undefined) {
    const { program } = verified;
    this.program = program;
    this.#verified = verified;
    this.#heap = new Heap(program.constants);
    this.host = new HostCaller(program, host, this.#heap);
    this.#arena = new CodeArena(program.functions.length, FIRST_CODE_WORDS);
    this.#machine = new Machine(
      this.#heap,
      this.host,
      this.#arena.code,
      this.#arena.entries,
      program.callSigs.length,
    );
    this.#tierUp = tierUp?.(this.#heap, this.host);
  }

  /** Whether a run is under way. */
  get isRunning(): boolean {
    return this.#running;
  }

  /** Prepares a run; every call is followed by one of `finish`, unless it throws. */
  start(func: number, args: readonly Value[], options: AsyncRunOptions, async: boolean): void {
    if (this.#running) {
      throw new Error("internal: an interpreter has one run at a time");
    }
    const limits = completeLimits(options.limits);
    this.pace = createPace(options, async);
    warmOnce();
    this.#running = true;
    this.#limits = limits;
    this.#entry = func;
    this.#machine.words = borrowStack();
    try {
      const { trace } = options;
      this.#mask = trace === undefined ? 0 : trace.mask ?? TraceMask.ALL;
      this.#sink = trace?.sink ?? NO_SINK;
      this.#machine.tracer = this.#mask !== 0 ? this : undefined;
      this.#heap.begin(limits.maxMemory);
      this.host.begin(
        limits,
        this.#mask !== 0
          ? { mask: this.#mask, sink: this.#sink, place: () => this.#tracedPlace() }
          : undefined,
        options.accessSink,
        async,
      );
      this.#machine.maxDepth = limits.maxCallDepth;
      this.host.isWatched = this.pace.canStop;
      this.#atSliceEnd = false;
      this.#stop = undefined;
      // Machine code within a run has no slices of its own.
      this.#tiers = undefined;
      if (this.#mask === 0 && this.#tierUp?.begin(this, this.pace, async)) {
        this.#tiers = this.#tierUp;
      }
      this.#hunt = 0;
      this.#looks = 0;
      this.#lookedAt = 0;
      this.#elsewhere = 0;
      this.#handedOver = undefined;
      this.#split(this.pace.begin(limits.fuel), 0);
      if ((this.#mask & TraceMask.RUN) !== 0) {
        const { program } = this;
        this.#sink({ type: "run_start", program, entry: func, argCount: args.length });
      }
      this.#rejected = checkEntry(this.program, func, args);
      if (this.#rejected === undefined) this.#enter(func, args);
    } catch (error) {
      this.finish();
      throw error;
    }
  }

  /** Ends a run: frees what it allocated and gives its stack back. */
  finish(): void {
    coldFuel -= Number(this.#limits.fuel - this.#left()) - this.#elsewhere;
    if (this.#tiers !== undefined) {
      const spent = this.#slice - this.#machine.fuel;
      this.#tiers.untilLook = Math.max(0, this.#tiers.untilLook - spent);
      this.#tiers.finish();
      this.#tiers = undefined;
    }
    this.#heap.reset();
    this.host.end();
    returnStack(this.#machine.words);
    this.#machine.words = NO_WORDS;
    this.#sink = NO_SINK;
    this.pace.end();
    this.pace = UNPACED;
    this.#running = false;
    if (this.#disposed) this.#heap.dispose();
  }

  /** Gives the memory up, when the run that is under way has ended if there is one. */
  dispose(): void {
    this.#disposed = true;
    if (!this.#running) this.#heap.dispose();
  }

  /** Pushes the entry frame above the words that take its results. */
  #enter(func: number, args: readonly Value[]): void {
    const arena = this.#arena;
    this.#machine.entries = this.#mask !== 0 ? arena.meteredEntries : arena.entries;
    const fp = this.#pushEntry(func, 0);
    const { words } = this.#machine;
    this.#machine.depth = 1;
    try {
      let at = fp;
      for (const arg of args) at += writeValue(this.#heap, words, at, arg);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      this.#rejected = { kind: "MemoryLimitExceeded" };
    }
  }

  /**
   * Pushes a frame of `func` that leaves the loop when it returns, with its result words from word
   * `base` on. Returns where its registers are.
   */
  #pushEntry(func: number, base: number): number {
    const { results } = this.program.functions[func];
    const stub = this.#arena.returnStub(results);
    this.#translate(func);
    const entry = this.#machine.entries[func];
    const fp = base + wordsOf(results) + 1;
    const need = fp + this.#machine.code[entry - 2];
    if (need > this.#machine.words.i64.length) {
      const grown = growStack(this.#machine.words, need);
      if (grown === undefined) throw new Error("internal: one frame exceeds the stack");
      this.#machine.words = grown;
    }
    const { words } = this.#machine;
    words.i32[2 * (fp - 1)] = stub;
    words.i32[2 * (fp - 1) + 1] = base;
    this.#machine.fp = fp;
    this.#machine.ip = entry;
    return fp;
  }

  /** Runs from the start; undefined when a host function's promise is pending, or for a turn. */
  go(): Outcome | undefined {
    if (this.#rejected !== undefined) {
      return this.#failure({ ...this.#rejected, func: this.#entry, pc: 0 });
    }
    const reason = this.pace.check();
    if (reason !== undefined) return this.#located(reason, this.#entry, 0);
    this.#transfer();
    return this.#drive();
  }

  /** Goes on after a host call that was pending. */
  #resume(status: number): Outcome | undefined {
    this.#lookedAt = 0;
    if (this.#handedOver === undefined) return this.#afterHost(status) ?? this.#drive();
    return this.#goOn(this.#tiers!.resume(status));
  }

  /** Goes on with more fuel, unless the run is to end here. */
  #nextSlice(): Outcome | undefined {
    this.#lookedAt = 0;
    if (this.#handedOver === undefined) return this.#refuel() ?? this.#drive();
    this.#atSliceEnd = false;
    return this.#goOn(this.#tiers!.nextSlice());
  }

  /** Waits for what the run waits for and goes on, until it ends. */
  async wait(): Promise<Outcome> {
    for (;;) {
      let outcome: Outcome | undefined;
      const suspended = this.#handedOver === undefined ? undefined : this.#tiers!.suspended;
      if (suspended !== undefined) outcome = this.#goOn(await suspended);
      else if (this.#atSliceEnd) {
        await this.pace.turn();
        outcome = this.#nextSlice();
      } else {
        let status: number;
        try {
          status = this.pace.settle(this.host, await this.pace.wait(this.host.pending!));
        } catch (error) {
          status = this.host.fail(error);
        }
        outcome = this.#resume(status);
      }
      if (outcome !== undefined) return outcome;
    }
  }

  /** Goes on after a frame that was handed over has waited. */
  #goOn(result: number): Outcome | undefined {
    if (result !== TIER_WAITS) return this.#afterHandOver(result) ?? this.#drive();
    this.#atSliceEnd = this.#tiers!.atSliceEnd;
    return undefined;
  }

  #drive(): Outcome | undefined {
    for (;;) {
      if (this.#atSliceEnd) {
        if (this.pace.wantsTurn) return undefined;
        const outcome = this.#refuel();
        if (outcome !== undefined) return outcome;
        continue;
      }
      const exit = execute(this.#machine);
      let outcome: Outcome | undefined;
      switch (exit) {
        case Exit.DONE:
          return this.#isInner ? RETURNED : this.#success();
        case Exit.FUEL:
          this.#machine.fuel += this.#machine.code[this.#machine.ip - 1];
          this.#transfer();
          break;
        case Exit.TICK:
          if (this.#granted > 0n) {
            if (this.#tiers !== undefined) this.#tiers.untilLook = this.#tiers.interval;
            this.#split(this.#handedOut(), 1);
          } else if (this.#stop !== undefined) return this.#trap(this.#stop);
          else if (this.pace.reserve > 0n) this.#endSlice(0);
          else return this.#trap({ kind: "FuelExceeded" });
          break;
        case Exit.CALL:
          if (this.#machine.depth >= this.#machine.maxDepth) {
            return this.#trap({ kind: "CallDepthExceeded" });
          }
          this.#translate(this.#machine.code[this.#machine.ip + 1]);
          break;
        case Exit.INDIRECT:
          outcome = this.#resolve();
          break;
        case Exit.STACK: {
          const grown = growStack(this.#machine.words, this.#machine.need);
          if (grown === undefined) return this.#trap({ kind: "MemoryLimitExceeded" });
          this.#machine.words = grown;
          break;
        }
        case Exit.MEMORY:
          if (!this.#heap.reserve(this.#machine.need)) {
            return this.#trap({ kind: "MemoryLimitExceeded" });
          }
          break;
        case Exit.HOST:
          if (this.#machine.hostStatus === HOST_PENDING) return undefined;
          outcome = this.#afterHost(this.#machine.hostStatus);
          break;
        case Exit.RELOAD:
          break;
        case Exit.HAND_OVER: {
          const result = this.#handOver();
          if (result === undefined) break;
          if (result === TIER_WAITS) {
            this.#atSliceEnd = this.#tiers!.atSliceEnd;
            return undefined;
          }
          outcome = this.#afterHandOver(result);
          break;
        }
        case Exit.TRAP_CODE:
          return this.#trap({ kind: "TrapCode", code: this.#trapCode() });
        case Exit.INVALID_PC:
          return this.#trap({ kind: "InvalidPc" });
        case Exit.AGG_WRONG_KIND:
          return this.#trap({ kind: "AggError", error: "WrongKind" });
        case Exit.AGG_OUT_OF_BOUNDS:
          return this.#trap({ kind: "AggError", error: "OutOfBounds" });
        default:
          return this.#trap({ kind: PLAIN_TRAPS[exit - Exit.INT_CAST_OVERFLOW] });
      }
      if (outcome !== undefined) return outcome;
    }
  }

  /** Fuel that was handed out and is left. */
  #handedOut(): bigint {
    return this.#granted + BigInt(this.#machine.fuel);
  }

  /** Fuel left. */
  #left(): bigint {
    return this.pace.reserve + this.#handedOut();
  }

  /**
   * Gives the loop's counter its part of the fuel that was handed out: `least` units if there are as
   * many.
   */
  #split(handedOut: bigint, least: number): void {
    let slice: number;
    if (this.#tiers === undefined) {
      // Other runs may have used up what was left of it.
      warmOnce();
      slice = Math.min(SLICE, coldFuel);
    } else slice = Math.max(this.#hunt > 0 ? 0 : this.#tiers.untilLook, least);
    this.#slice = handedOut < BigInt(slice) ? Number(handedOut) : slice;
    this.#machine.fuel = this.#slice;
    this.#granted = handedOut - BigInt(this.#slice);
  }

  /** Sets what is left of the fuel handed out; the loop keeps what it has of it. */
  #setLeft(left: bigint): void {
    if (left < BigInt(this.#machine.fuel)) this.#machine.fuel = Number(left);
    this.#granted = left - BigInt(this.#machine.fuel);
  }

  #endSlice(cost: number): void {
    this.#atSliceEnd = true;
    this.#sliceCost = cost;
  }

  /** Takes more fuel at the end of a slice, or has the run end there. */
  #refuel(): Outcome | undefined {
    this.#atSliceEnd = false;
    const cost = this.#sliceCost;
    const reason = this.pace.check();
    if (reason !== undefined) {
      if (cost === 0) return this.#trap(reason);
      // What is left may lead to a trap of its own.
      this.#stop = reason;
      this.#meter();
      return;
    }
    const left = BigInt(this.#machine.fuel);
    const units = this.pace.more(BigInt(Math.max(1, cost)) - left);
    coldFuel -= Number(units);
    if (this.#tiers !== undefined) {
      const spent = this.#slice - this.#machine.fuel;
      this.#tiers.untilLook = Math.max(0, this.#tiers.untilLook - spent);
    }
    this.#split(left + units, 0);
    if (cost > 0) this.#transfer();
  }

  /**
   * Charges the segment at `ip`, or ends the slice there; when less fuel is left altogether, goes on in
   * metered code.
   */
  #transfer(): void {
    let cost = this.#machine.code[this.#machine.ip - 1];
    if (this.#machine.fuel < cost && this.#granted > 0n) {
      if (this.#tiers !== undefined) {
        this.#look(this.#tiers);
        // Perhaps elsewhere now.
        cost = this.#machine.code[this.#machine.ip - 1];
      } else coldFuel -= SLICE;
      this.#split(this.#handedOut(), cost);
    }
    if (this.#machine.fuel >= cost) {
      this.#machine.fuel -= cost;
      return;
    }
    if (this.#left() >= BigInt(cost)) this.#endSlice(cost);
    else this.#meter();
  }

  /** Goes on in metered code, which charges instruction by instruction, at the segment at `ip`. */
  #meter(): void {
    const arena = this.#arena;
    const plain = arena.find(this.#machine.ip);
    const at = positionIndex(plain, this.#machine.ip);
    const first = at === 0 ? 0 : plain.indexes[at - 1] + 1;
    const metered = translate(arena, this.#verified, this.#heap, plain.func, true);
    this.#machine.code = arena.code;
    // Position 0 traces the function's entry, which is no instruction.
    let k = 1;
    while (metered.indexes[k] < first) k++;
    this.#machine.ip = metered.positions[k];
  }

  /** Makes calls of `func` find an entry. */
  #translate(func: number): void {
    const arena = this.#arena;
    if (this.#tiers?.isHot(func)) this.#divert(func);
    else {
      const metered = this.#machine.entries !== arena.entries;
      translate(arena, this.#verified, this.#heap, func, metered);
    }
    this.#machine.code = arena.code;
  }

  // ---- the faster tier

  /** Looks at what runs, at the start of a segment, and hands it over if it is time. */
  #look(tiers: TierUp): void {
    tiers.untilLook = tiers.interval;
    const { ip } = this.#machine;
    const translation = this.#arena.find(ip);
    const { func } = translation;
    if (translation.metered) return;
    this.#time(tiers, func);
    if (this.#hunt > 0) {
      this.#hunt--;
      if (!tiers.isHot(func)) return;
    } else {
      if (!tiers.look(func)) return;
      if (tiers.hasLoops(func)) this.#hunt = HUNT_SEGMENTS;
    }
    const entry = this.#divert(func);
    if (ip === translation.entry) {
      this.#hunt = 0;
      this.#machine.ip = entry;
      return;
    }
    const block = this.#blockAt(translation, ip);
    if (block < 0 || !tiers.isLoopHeader(func, block) || this.#resultsClash(func)) return;
    this.#hunt = 0;
    const { maxDepth, depth } = this.#machine;
    if (!tiers.prepare(func, block, Math.max(0, maxDepth - depth))) return;
    const key = func * 2 ** 26 + block;
    let at = this.#handOvers.get(key);
    if (at === undefined) {
      this.#handOvers.set(key, at = this.#arena.handOver(func, block));
      this.#machine.code = this.#arena.code;
    }
    this.#machine.ip = at;
  }

  /** Tells how long it took from the last look to this one, now and then. */
  #time(tiers: TierUp, func: number): void {
    const since = this.#lookedAt;
    this.#lookedAt = 0;
    const isDue = this.#looks < TIMED_LOOKS || this.#looks % TIMED_LOOKS === 0;
    this.#looks++;
    if (!isDue && since === 0) return;
    const now = performance.now();
    const left = this.#left();
    if (since !== 0) {
      tiers.interpreted(func, (now - since) * 1e6, Number(this.#leftAtLook - left));
    }
    if (!isDue) return;
    this.#lookedAt = now;
    this.#leftAtLook = left;
  }

  /** The bytecode block that starts at position `ip`, or -1. */
  #blockAt(translation: Translation, ip: number): number {
    const { indexes } = translation;
    const at = positionIndex(translation, ip);
    const first = at === 0 ? 0 : indexes[at - 1] + 1;
    const { starts, reachable, count } = this.#verified.functions[translation.func].blocks;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle] < first) low = middle + 1;
      else high = middle;
    }
    while (low < count && reachable[low] === 0) low++;
    // What lies before the block and emits nothing is part of what the position stands for.
    return low < count && starts[low] <= indexes[at] ? low : -1;
  }

  /** Makes calls of `func` hand their frames over; returns where they do. */
  #divert(func: number): number {
    const arena = this.#arena;
    if (!this.#plain.has(func)) {
      this.#plain.set(func, arena.entries[func]);
      let words = 0;
      for (const cls of this.#verified.functions[func].regClasses) words += WORDS_OF_CLASS[cls];
      arena.divert(func, words);
      this.#machine.code = arena.code;
    }
    return arena.entries[func];
  }

  /** Goes on in the interpreter at a function's entry; for good, unless `once`. */
  #stay(func: number, once: boolean): void {
    const arena = this.#arena;
    const diverted = arena.entries[func];
    let plain = this.#plain.get(func)!;
    arena.entries[func] = plain;
    if (plain === 0) {
      plain = translate(arena, this.#verified, this.#heap, func, false).entry;
      this.#plain.set(func, plain);
      this.#machine.code = arena.code;
    }
    if (once) arena.entries[func] = diverted;
    this.#machine.ip = plain;
  }

  /** Whether the caller of the frame, one of `func`, cannot take its results. */
  #resultsClash(func: number): boolean {
    const { words, fp, code } = this.#machine;
    const { results } = this.program.functions[func];
    if (returnForm(results) !== ReturnForm.LIST) return false;
    return code[words.i32[2 * (fp - 1)] - 2] < 0;
  }

  /** Hands the frame over; the result of `TierUp.enter`, or undefined if it stays here. */
  #handOver(): number | undefined {
    const tiers = this.#tiers;
    const { code, ip, fp, maxDepth, depth, words } = this.#machine;
    const func = code[ip + 1];
    const block = code[ip + 2];
    if (tiers === undefined) {
      // An earlier run made calls lead here; this one is not for the faster tier.
      this.#stay(func, true);
      this.#transfer();
      return undefined;
    }
    const levels = Math.max(0, maxDepth - depth);
    if (block < 0) {
      const clash = this.#resultsClash(func);
      if (clash || !tiers.prepare(func, block, levels)) {
        this.#stay(func, clash || tiers.mayRetry);
        const cost = this.#machine.code[this.#machine.ip - 1];
        // Not a place to look: what would be handed over has just come back.
        if (this.#machine.fuel < cost) this.#split(this.#handedOut(), cost);
        this.#transfer();
        return undefined;
      }
    }
    this.#handedOver = func;
    this.#lookedAt = 0;
    this.#before = this.#left();
    return tiers.enter(words, fp, levels, this.#handedOut(), this.pace);
  }

  /** Takes over again behind the call whose callee was handed over. */
  #afterHandOver(result: number): Outcome | undefined {
    const tiers = this.#tiers!;
    const func = this.#handedOver!;
    this.#handedOver = undefined;
    this.#machine.fuel = Math.max(0, this.#machine.fuel - HAND_OVER_COST);
    this.#setLeft(tiers.fuel);
    this.#elsewhere += Number(this.#before - this.#left());
    if (result === TIER_TRAPPED) return this.#failure(tiers.trap!);
    if (result !== TIER_RETURNED) throw new Error(`internal: a faster tier gave ${result}`);
    const { code, fp, words } = this.#machine;
    const { i64, i32 } = words;
    const { results, resultsAt } = tiers;
    const back = i32[2 * (fp - 1)];
    const caller = i32[2 * (fp - 1) + 1];
    switch (returnForm(this.program.functions[func].results)) {
      case ReturnForm.ONE:
        i64[caller + code[back - 2]] = results.i64[resultsAt];
        break;
      case ReturnForm.LIST:
        for (let k = 0, n = code[back - 2]; k < n; k++) {
          i64[caller + code[back - 3 - k]] = results.i64[resultsAt + k];
        }
        break;
    }
    this.#machine.ip = back;
    this.#machine.fp = caller;
    this.#machine.depth--;
    this.#transfer();
  }

  /** See `Outer.call`. */
  call(func: number, words: Words, at: number, levels: number, fuel: bigint): InnerCall {
    const outer = this.#beginInner(func, words, at, levels, fuel);
    const outcome = this.#drive();
    if (outcome === undefined) throw new Error("internal: a synchronous run waits");
    return this.#endInner(outer, outcome);
  }

  /** See `Outer.callAsync`. */
  async callAsync(
    func: number,
    words: Words,
    at: number,
    levels: number,
    fuel: bigint,
  ): Promise<InnerCall> {
    const outer = this.#beginInner(func, words, at, levels, fuel);
    return this.#endInner(outer, this.#drive() ?? await this.wait());
  }

  /**
   * Pushes a frame of `func` in place of the one that was handed over, of which only what lies below
   * its registers is needed any more.
   */
  #beginInner(func: number, words: Words, at: number, levels: number, fuel: bigint): OuterState {
    const machine = this.#machine;
    const { fp, depth } = machine;
    const outer: OuterState = {
      tiers: this.#tiers!,
      handedOver: this.#handedOver!,
      slice: this.#slice,
      fuel: machine.fuel,
      fp,
      depth,
      diverted: this.#undivert(),
    };
    this.#tiers = undefined;
    this.#handedOver = undefined;
    this.#isInner = true;
    machine.depth = machine.maxDepth - levels;
    const at0 = this.#pushEntry(func, fp);
    const n = wordsOf(this.program.functions[func].args);
    machine.words.i64.set(words.i64.subarray(at, at + n), at0);
    this.#split(fuel, 0);
    this.#transfer();
    return outer;
  }

  #endInner(outer: OuterState, outcome: Outcome): InnerCall {
    const machine = this.#machine;
    const left = this.#handedOut();
    this.#tiers = outer.tiers;
    this.#handedOver = outer.handedOver;
    this.#isInner = false;
    this.#slice = outer.slice;
    machine.fuel = outer.fuel;
    machine.fp = outer.fp;
    machine.depth = outer.depth;
    this.#divertAgain(outer.diverted);
    const trap = outcome.ok ? undefined : outcome.trap;
    return { trap, fuel: left, words: machine.words, at: outer.fp };
  }

  /** Has calls of all functions stay in the interpreter; returns where they led. */
  #undivert(): [func: number, entry: number][] {
    const { entries } = this.#arena;
    const diverted: [number, number][] = [];
    for (const [func, plain] of this.#plain) {
      if (entries[func] === plain) continue;
      diverted.push([func, entries[func]]);
      entries[func] = plain;
    }
    return diverted;
  }

  #divertAgain(diverted: readonly [func: number, entry: number][]): void {
    const { entries } = this.#arena;
    for (const [func, entry] of diverted) {
      this.#plain.set(func, entries[func]);
      entries[func] = entry;
    }
  }

  /** Checks the indirect call at `ip` and makes the loop accept it. */
  #resolve(): Outcome | undefined {
    if (this.#machine.depth >= this.#machine.maxDepth) {
      return this.#trap({ kind: "CallDepthExceeded" });
    }
    const { code, ip } = this.#machine;
    const closure = code[ip] === 0x49;
    const callSig = code[ip + 1];
    const func = this.#machine.words.i32[2 * (this.#machine.fp + code[ip + 2])] >>> 0;
    const wanted = this.program.callSigs[callSig];
    const callee = this.program.functions[func];
    const reason = checkCallee(wanted, callee, closure);
    if (reason !== undefined) return this.#trap(reason);
    this.#machine.callSigs[callSig] = this.#signatureId(wanted);
    if (closure) this.#machine.closureSigs[func] = this.#machine.callSigs[callSig];
    else this.#machine.funcSigs[func] = this.#machine.callSigs[callSig];
    this.#translate(func);
  }

  #signatureId(signature: Signature): number {
    const key = formatSignature(signature);
    let id = this.#signatureIds.get(key);
    if (id === undefined) this.#signatureIds.set(key, id = this.#signatureIds.size);
    return id;
  }

  /** What is left of the host call at `ip` once the host is done with it. */
  #afterHost(status: number): Outcome | undefined {
    if (status === HOST_TRAP || status === HOST_CHARGED) {
      const left = this.#handedOut() - this.host.charged;
      if (left < 0n) this.pace.take(-left);
      this.#setLeft(left < 0n ? 0n : left);
    }
    if (status === HOST_TRAP) return this.#trap(this.host.reason!);
    const { code, ip, fp } = this.#machine;
    const n = code[ip + 3];
    if (n < 0) return this.#trap({ kind: "InvalidPc" });
    if (status !== HOST_OK && status !== HOST_CHARGED) {
      throw new Error(`internal: host call status ${status}`);
    }
    const next = code[ip + 2];
    const results = this.host.results.i64;
    for (let k = 0; k < n; k++) this.#machine.words.i64[fp + code[next - 1 - n + k]] = results[k];
    this.#machine.ip = next;
    if (this.pace.canStop && this.pace.check() !== undefined) {
      // The next instruction is where it ends.
      this.pace.giveBack(this.#handedOut());
      this.#split(0n, 0);
    }
    this.#transfer();
  }

  #trapCode(): number {
    const translation = this.#arena.find(this.#machine.ip);
    const index = translation.indexes[positionIndex(translation, this.#machine.ip)];
    const { code } = this.#verified.functions[translation.func];
    return code.operands[code.at[index]] >>> 0;
  }

  /** Ends the run with a trap of the instruction at `ip`. */
  #trap(reason: TrapReason): Outcome {
    const translation = this.#arena.find(this.#machine.ip);
    const { func, metered, indexes } = translation;
    const index = indexes[positionIndex(translation, this.#machine.ip)];
    const { code } = this.#verified.functions[func];
    if (!metered) {
      // The segment was charged as a whole; what lies behind the trap did not run.
      for (let i = index; i < code.count; i++) {
        const op = code.ops[i];
        if (
          op === 0x02 || op === 0x40 || op === 0x41 || op === 0x50 || op === 0x51 || op === 0x52 ||
          op === 0x54
        ) {
          this.#machine.fuel += i - index;
          break;
        }
      }
    }
    return this.#located(reason, func, code.pcs[index]);
  }

  #located(reason: TrapReason, func: number, pc: number): Outcome {
    const span = spanAt(this.program.functions[func].spans, pc);
    return this.#failure(
      span === undefined ? { ...reason, func, pc } : { ...reason, func, pc, span },
    );
  }

  #failure(trap: Trap): Outcome {
    if ((this.#mask & TraceMask.RUN) !== 0) {
      this.#sink({ type: "run_end", program: this.program, trap });
    }
    return { ok: false, trap, ...this.#usage() };
  }

  #success(): Outcome {
    const classes = this.program.functions[this.#entry].results.map(typeClass);
    let values: Value[];
    try {
      values = readResults(this.#heap, this.#machine.words, 0, classes);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      return this.#failure({ kind: "MemoryLimitExceeded", func: this.#entry, pc: 0 });
    }
    if ((this.#mask & TraceMask.RUN) !== 0) {
      this.#sink({ type: "run_end", program: this.program, trap: undefined });
    }
    return { ok: true, values, ...this.#usage() };
  }

  #usage(): { fuelUsed: bigint; hostCalls: bigint } {
    return {
      fuelUsed: this.#limits.fuel - this.#left(),
      hostCalls: BigInt(this.host.count),
    };
  }

  traceInstruction(func: number, index: number, depth: number): void {
    const { code } = this.#verified.functions[func];
    this.#tracedFunc = func;
    this.#tracedPc = code.pcs[index];
    this.#tracedDepth = depth;
    if ((this.#mask & TraceMask.INSTR) === 0 || index >= code.count) return;
    this.#sink({
      type: "instr",
      program: this.program,
      func,
      pc: code.pcs[index],
      nextPc: code.pcs[index + 1],
      span: spanAt(this.program.functions[func].spans, code.pcs[index]),
      opcode: code.ops[index],
    });
  }

  traceScope(type: "scope_enter" | "scope_exit", func: number, depth: number): void {
    if ((this.#mask & TraceMask.CALL) === 0) return;
    const enter = type === "scope_enter";
    const frame = enter ? func : this.#tracedFunc;
    const pc = enter ? 0 : this.#tracedPc;
    this.#sink({
      type,
      program: this.program,
      scope: { kind: "callFrame", func: frame },
      depth,
      func: frame,
      pc,
      span: spanAt(this.program.functions[frame].spans, pc),
    });
  }

  #tracedPlace(): { func: number; pc: number; span?: bigint; depth: number } {
    const func = this.#tracedFunc;
    const pc = this.#tracedPc;
    const span = spanAt(this.program.functions[func].spans, pc);
    return { func, pc, span, depth: this.#tracedDepth };
  }
}
