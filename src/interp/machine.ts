/**
 * What the interpreter's loop and its driver share: the machine's state, and why the loop was left.
 *
 * @module
 */
import type { Heap } from "../heap/heap.ts";
import { createWords, type Words } from "../heap/words.ts";
import type { HostCaller } from "./host_call.ts";

/**
 * Why the loop was left; the loop repeats them as literals. Below `TRAPS` the driver acts and enters
 * again at `Machine.ip`; the rest are traps of the instruction there.
 */
export const Exit = {
  /** The entry function returned. */
  DONE: 0,
  /** The segment at `ip` costs more than the slice had; `fuel` is negative by the difference. */
  FUEL: 1,
  /** The call at `ip` is too deep or its callee is not translated. */
  CALL: 2,
  /** The call at `ip` needs `need` words of registers. */
  STACK: 3,
  /** The instruction at `ip` needs memory up to byte `need`. */
  MEMORY: 4,
  /** The host call at `ip` gave `hostStatus`. */
  HOST: 5,
  /** The heap's views were replaced. */
  RELOAD: 6,
  /** The tick at `ip` found the slice empty. */
  TICK: 7,
  /** The indirect call at `ip` does not match by signature id. */
  INDIRECT: 8,
  /** The frame is to be handed to a faster tier (`tier_up.ts`). */
  HAND_OVER: 9,
  TRAPS: 16,
  TRAP_CODE: 16,
  INVALID_PC: 17,
  AGG_WRONG_KIND: 18,
  AGG_OUT_OF_BOUNDS: 19,
  INT_CAST_OVERFLOW: 20,
  FLOAT_TO_INT_INVALID: 21,
  DIV_BY_ZERO: 22,
  INT_DIV_OVERFLOW: 23,
  DECIMAL_SCALE_MISMATCH: 24,
  DECIMAL_OVERFLOW: 25,
  INDEX_OUT_OF_BOUNDS: 26,
  STR_NOT_CHAR_BOUNDARY: 27,
  INVALID_UTF8: 28,
} as const;

/** Receives what the loop meets in a traced run. */
export interface Tracer {
  /** Instruction `index` of function `func` is about to run at `depth`. */
  traceInstruction(func: number, index: number, depth: number): void;
  /** A frame of `func` was pushed (`scope_enter`), or the one that runs is about to be popped. */
  traceScope(type: "scope_enter" | "scope_exit", func: number, depth: number): void;
}

const NO_SIGS = new Int32Array(0);
const NO_WORDS = createWords(0);

/**
 * What the loop reads when it is entered and writes when it is left. One class, so that the loop's
 * accesses stay monomorphic.
 */
export class Machine {
  /** Registers of all frames. */
  words: Words = NO_WORDS;
  /** Code words (`translate.ts`). */
  code: Int32Array;
  /** Entry positions that calls use, 0 while there is none. */
  entries: Int32Array;
  readonly heap: Heap;
  readonly host: HostCaller;
  /** Signature ids by function, -1 while unknown; equal ids mean equal signatures. */
  readonly funcSigs: Int32Array;
  /** Signature ids without the environment, by function; -1 while unknown or if there is none. */
  readonly closureSigs: Int32Array;
  /** Signature ids by call signature, -2 while unknown. */
  readonly callSigs: Int32Array;
  /** Position of the next instruction. */
  ip = 0;
  /** Word of the frame's first slot. */
  fp = 0;
  /** Number of frames. */
  depth = 0;
  /** What is left of the fuel slice. */
  fuel = 0;
  /** Frames there may be. */
  maxDepth = 0;
  /** Set while the run is traced. */
  tracer: Tracer | undefined;
  /** See `Exit.STACK` and `Exit.MEMORY`. */
  need = 0;
  /** See `Exit.HOST`. */
  hostStatus = 0;

  /** A machine that is nowhere yet, with the functions of `entries` and `callSigs` call signatures. */
  constructor(
    heap: Heap,
    host: HostCaller,
    code: Int32Array,
    entries: Int32Array,
    callSigs: number,
  ) {
    this.heap = heap;
    this.host = host;
    this.code = code;
    this.entries = entries;
    const indirect = callSigs > 0;
    this.funcSigs = indirect ? new Int32Array(entries.length).fill(-1) : NO_SIGS;
    this.closureSigs = indirect ? new Int32Array(entries.length).fill(-1) : NO_SIGS;
    this.callSigs = indirect ? new Int32Array(callSigs).fill(-2) : NO_SIGS;
  }
}
