/**
 * Tracing (specification §10): the mask, the events and their sink. A run without a sink or with
 * mask 0 pays nothing for it.
 *
 * The order of events is: run_start; scope_enter of the entry frame; for each instruction its instr
 * event and then what it causes (scope_enter of a callee, scope_exit at `ret`, scope_enter and
 * scope_exit around a host function); run_end. A trap emits no scope_exit: run_end follows directly,
 * except that a host result of the wrong type traps after the call's scope_exit. Failed entry checks
 * give run_start and run_end alone.
 *
 * @module
 */
import type { Program } from "../tape/program.ts";
import type { Trap } from "./trap.ts";

/** Bits of a trace mask. */
export const TraceMask = {
  /** No events. */
  NONE: 0,
  /** run_start and run_end. */
  RUN: 1,
  /** One event for each instruction. */
  INSTR: 2,
  /** scope_enter and scope_exit of call frames. */
  CALL: 4,
  /** scope_enter and scope_exit of host calls. */
  HOST: 8,
  /** All of them. */
  ALL: 15,
} as const;

/** What a scope event is about. */
export type TraceScope =
  | { readonly kind: "callFrame"; readonly func: number }
  | {
    readonly kind: "hostCall";
    /** Index into `Program.hostSigs`. */
    readonly hostSig: number;
    /** Index into `Program.symbols`. */
    readonly symbol: number;
    readonly sigHash: bigint;
  };

/** One event. */
export type TraceEvent =
  | {
    readonly type: "run_start";
    readonly program: Program;
    /** The entry function asked for. */
    readonly entry: number;
    /** Number of arguments given. */
    readonly argCount: number;
  }
  | {
    readonly type: "instr";
    readonly program: Program;
    readonly func: number;
    readonly pc: number;
    /** Offset of the following instruction, or the code's length. */
    readonly nextPc: number;
    readonly span: bigint | undefined;
    readonly opcode: number;
  }
  | {
    readonly type: "scope_enter" | "scope_exit";
    readonly program: Program;
    readonly scope: TraceScope;
    /** Frames at that moment: counted after a frame is pushed and before it is popped. */
    readonly depth: number;
    readonly func: number;
    readonly pc: number;
    readonly span: bigint | undefined;
  }
  | {
    readonly type: "run_end";
    readonly program: Program;
    /** The trap, or undefined when the run returned. */
    readonly trap: Trap | undefined;
  };

/** Receives events. What it throws ends the run and reaches whoever started it. */
export type TraceSink = (event: TraceEvent) => void;

/** What to trace and where to. */
export interface TraceOptions {
  /** Sum of `TraceMask` bits; default all. */
  readonly mask?: number;
  /** Receives the events. */
  readonly sink: TraceSink;
}
