/**
 * What the interpreter needs of a faster tier to hand it frames in the middle of a run. The
 * interpreter knows nothing else of that tier: not how it compiles, nor when that pays.
 *
 * The clock is fuel: every `interval` units the interpreter looks at what it is running. Nothing is
 * counted between looks, so a program that is never handed over runs as fast as without.
 *
 * @module
 */
import type { Heap } from "../heap/heap.ts";
import type { Words } from "../heap/words.ts";
import type { HostCaller } from "./host_call.ts";
import type { Pace } from "./pace.ts";
import type { Trap } from "./trap.ts";

/** {@linkcode TierUp.enter}: the function returned; its result words are in `results`. */
export const TIER_RETURNED = 0;
/** {@linkcode TierUp.enter}: the run ended with `trap`. */
export const TIER_TRAPPED = 1;
/**
 * {@linkcode TierUp.enter}: a host function's promise is pending; go on with `resume`. Or it is the end
 * of a slice (`atSliceEnd`); go on with `nextSlice`. Or the tier waits by itself (`suspended`).
 */
export const TIER_WAITS = 2;

/** What became of a call that a faster tier had the interpreter make. */
export interface InnerCall {
  /** Why the run is to end; undefined if the function returned. */
  readonly trap: Trap | undefined;
  /** What is left of the fuel handed out. */
  readonly fuel: bigint;
  /** Holds the result words, in order, from word `at` on until the interpreter goes on. */
  readonly words: Words;
  /** See `words`. */
  readonly at: number;
}

/** The interpreter, for a faster tier that has taken one of its frames. */
export interface Outer {
  /**
   * Interprets function `func`, whose argument words are those of `words` from `at` on, and all that it
   * calls, with `levels` further call levels and `fuel`.
   */
  call(func: number, words: Words, at: number, levels: number, fuel: bigint): InnerCall;
  /** Like `call`, in a run that may wait. */
  callAsync(
    func: number,
    words: Words,
    at: number,
    levels: number,
    fuel: bigint,
  ): Promise<InnerCall>;
}

/** A faster tier, for one instance. */
export interface TierUp {
  /** Fuel between looks; 0 looks at the start of every segment. */
  readonly interval: number;
  /** Fuel until the next look; kept between runs, so that short ones add up. */
  untilLook: number;
  /**
   * Starts a run at `pace`, with `async` one that may wait. False if this tier can't have a part in it;
   * otherwise `finish` ends it.
   */
  begin(outer: Outer, pace: Pace, async: boolean): boolean;
  /** Says that `func` was found running. Returns whether it is hot. */
  look(func: number): boolean;
  /** Says that interpreting took so long for `fuel` units, at the end of which `func` was running. */
  interpreted(func: number, nanoseconds: number, fuel: number): void;
  /** Whether calls of `func` are to go to the faster tier. */
  isHot(func: number): boolean;
  /** Whether a frame of `func` may be handed over at the start of block `block`. */
  isLoopHeader(func: number, block: number): boolean;
  /** Whether `func` has any loop. */
  hasLoops(func: number): boolean;
  /**
   * Gets ready to take over a frame of `func`: at the start of block `block`, or before its first
   * instruction if that is -1. False when that is not possible with `levels` further call levels.
   */
  prepare(func: number, block: number, levels: number): boolean;
  /** Whether what `prepare` last found not possible may be so another time. */
  readonly mayRetry: boolean;
  /**
   * Runs the frame that `prepare` was last called for until its function returns. Its registers are
   * words of `words` from `fp` on; `fuel` is what was handed out and is left, `pace` has the rest.
   *
   * @returns `TIER_RETURNED`, `TIER_TRAPPED` or `TIER_WAITS`.
   */
  enter(words: Words, fp: number, levels: number, fuel: bigint, pace: Pace): number;
  /** Goes on after `TIER_WAITS` with what `HostCaller.settle` or `fail` gave. */
  resume(status: number): number;
  /** Goes on after `TIER_WAITS` at the end of a slice. */
  nextSlice(): number;
  /** Whether it waits for its turn in the event loop. */
  readonly atSliceEnd: boolean;
  /** Gives, once it need not wait any more, what `enter` would have; undefined unless it does wait. */
  readonly suspended: Promise<number> | undefined;
  /** What is left of the fuel handed out. */
  readonly fuel: bigint;
  /** Why the run ended. */
  readonly trap: Trap | undefined;
  /** Holds result words, in order, from word `resultsAt` on. */
  readonly results: Words;
  /** See `results`. */
  readonly resultsAt: number;
  /** Ends a run, whatever became of it. */
  finish(): void;
}

/** Makes the faster tier of an instance that has this memory and this host side, if there is one. */
export type TierUpFactory = (heap: Heap, host: HostCaller) => TierUp | undefined;
