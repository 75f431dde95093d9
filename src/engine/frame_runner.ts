/**
 * What tier `auto` needs of those who run compiled code: machine code (`native_run.ts`) and WebAssembly
 * (`wasm_run.ts`) of one lane, entered with frames of its interpreter.
 *
 * @module
 */
import type { Words } from "../heap/words.ts";
import type { Outer, TierUp } from "../interp/tier_up.ts";
import type { Pace } from "../interp/pace.ts";

/** Runs frames of one lane; `E` is what it needs to know about a place to enter at. */
export interface FrameRunner<E> extends
  Disposable,
  Pick<
    TierUp,
    | "resume"
    | "nextSlice"
    | "atSliceEnd"
    | "suspended"
    | "fuel"
    | "trap"
    | "results"
    | "resultsAt"
  > {
  /** Whether frames may be entered: the engine is still there. */
  readonly isOpen: boolean;
  /** Starts a run, see `TierUp.begin`. */
  begin(outer: Outer, pace: Pace, async: boolean): boolean;
  /**
   * The entry for a frame of `func` at the start of block `block` (-1: of the function), compiled the
   * first time.
   *
   * @throws {LowerError} When something it can call has no machine code.
   * @throws {CompileError} When something is too large for it.
   * @throws {WasmLimitError} When something is too large for WebAssembly.
   */
  entryFor(func: number, block: number): E;
  /** Why a frame can't be entered with `levels` further call levels, if it can't. */
  refusal(entry: E, func: number, levels: number): string | undefined;
  /** Whether there is too little stack now to enter a frame. */
  lacksStack(entry: E): boolean;
  /** Runs the frame, see `TierUp.enter`. What that takes stays with the runner until `release`. */
  enterFrame(
    entry: E,
    words: Words,
    fp: number,
    levels: number,
    fuel: bigint,
    pace: Pace,
  ): number;
  /** Ends a run, see `TierUp.finish`. */
  release(): void;
}
