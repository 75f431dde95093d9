/**
 * What an instance needs for one run at a time: an interpreter with its memory and host side, and what
 * runs the same program faster. An instance has as many as it has had runs under way at once, within a
 * bound; all do the same.
 *
 * @module
 */
import type { Interpreter } from "../interp/interpreter.ts";
import type { AutoTier } from "./auto_tier.ts";
import type { NativeRunner } from "./native_run.ts";
import type { WasmRunner } from "./wasm_run.ts";

/** See the module text. */
export class Lane implements Disposable {
  readonly interpreter: Interpreter;
  /** Where runs start, if not in the interpreter. */
  readonly runner: NativeRunner | WasmRunner | undefined;
  /** Where the interpreter hands frames to. */
  readonly tierUp: AutoTier | undefined;

  /** A lane of these parts, which it disposes of. */
  constructor(
    interpreter: Interpreter,
    runner: NativeRunner | WasmRunner | undefined,
    tierUp: AutoTier | undefined,
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
