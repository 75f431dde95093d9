/**
 * What a target's compiler returns: position-independent bytes of one function, and what the engine
 * and the printers need to know about them.
 *
 * @module
 */
import type { Site } from "../ir/func.ts";

/** Machine code of one function. It refers to nothing outside by address, so it may lie anywhere. */
export interface CompiledFunction {
  /** The bytes, aligned to 16 where they are placed. */
  readonly code: Uint8Array;
  /** Offset of the entry with guest arguments in registers: what the function table holds. */
  readonly entry: number;
  /** Offset of the entry thunk: arguments from the context area, results to it, then leaves. */
  readonly thunk: number;
  /** Stack bytes one activation uses, return address and outgoing arguments included. */
  readonly frameBytes: number;
  /** Sites by index, as `Context.exitSite` names them. */
  readonly sites: readonly Site[];
  /** Pairs (code offset, guest pc), ascending, for listings. */
  readonly pcMap: readonly number[];
}

/** Thrown for a function that is too large for the machine code of a target. */
export class CompileError extends Error {
  /** Tells it from other errors. */
  override readonly name = "CompileError";
}
