/**
 * What an instance needs for one run at a time: an interpreter with its memory and host side, and what
 * runs the same program faster. An instance has as many as it has had runs under way at once, within a
 * bound; all do the same.
 *
 * @module
 */
import type { Interpreter } from "../interp/interpreter.ts";
import type { AutoTier } from "./auto_tier.ts";
import type { NativeEntry, NativeRunner } from "./native_run.ts";
import type { WasmEntry } from "./wasm_run.ts";

/** What the interpreter of a lane hands frames to. */
export type LaneTier = AutoTier<NativeEntry> | AutoTier<WasmEntry>;

/** See the module text. */
export class Lane implements Disposable {
  readonly interpreter: Interpreter;
  /** Where runs start, if not in the interpreter. */
  readonly runner: NativeRunner | undefined;
  /** Where the interpreter hands frames to. */
  readonly tierUp: LaneTier | undefined;

  /** A lane of these parts, which it disposes of. */
  constructor(
    interpreter: Interpreter,
    runner: NativeRunner | undefined,
    tierUp: LaneTier | undefined,
  ) {
    this.interpreter = interpreter;
    this.runner = runner;
    this.tierUp = tierUp;
  }

  /** Gives memory and code back. No run may be under way. */
  [Symbol.dispose](): void {
    this.interpreter[Symbol.dispose]();
    this.runner?.[Symbol.dispose]();
    this.tierUp?.[Symbol.dispose]();
  }
}
