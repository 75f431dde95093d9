/**
 * Traps: how a run ends without values (specification §8.4). A trap is plain data.
 *
 * @module
 */
import type { ValueType } from "../tape/types.ts";

/** Trap kinds that carry nothing but their place. */
export type PlainTrapKind =
  | "FuelExceeded"
  | "CallDepthExceeded"
  | "HostCallLimitExceeded"
  | "MemoryLimitExceeded"
  | "TimedOut"
  | "InvalidPc"
  | "ArityMismatch"
  | "IntCastOverflow"
  | "FloatToIntInvalid"
  | "DivByZero"
  | "IntDivOverflow"
  | "DecimalScaleMismatch"
  | "DecimalOverflow"
  | "IndexOutOfBounds"
  | "StrNotCharBoundary"
  | "InvalidUtf8";

/** What an aggregate instruction found wrong. */
export type AggErrorKind = "BadHandle" | "WrongKind" | "OutOfBounds";

/** Why a host call failed. */
export type HostErrorKind = "UnknownSymbol" | "SignatureMismatch" | "Failed";

/** What went wrong, without the place. */
export type TrapReason =
  | { readonly kind: PlainTrapKind }
  | { readonly kind: "TypeMismatch"; readonly expected: ValueType; readonly actual: ValueType }
  | { readonly kind: "AggError"; readonly error: AggErrorKind }
  | {
    readonly kind: "HostCallFailed";
    readonly symbol: string;
    /** Signature hash (specification §4). */
    readonly sigHash: bigint;
    readonly error: HostErrorKind;
    /** What the host function threw, if that was the failure. */
    readonly cause?: unknown;
  }
  | {
    readonly kind: "HostReturnArityMismatch";
    readonly expected: number;
    readonly actual: number;
  }
  | {
    /** The run's signal was aborted. */
    readonly kind: "Aborted";
    /** The signal's reason. */
    readonly cause: unknown;
  }
  /** The `trap` instruction: a 32-bit code. */
  | { readonly kind: "TrapCode"; readonly code: number };

/** Where a run trapped. */
export interface TrapPlace {
  /** Function id. */
  readonly func: number;
  /** Byte offset of the instruction in the function's code. */
  readonly pc: number;
  /** Span id in force at `pc`, if the function's span table has one. */
  readonly span?: bigint;
}

/** A trap: reason and place. */
export type Trap = TrapReason & TrapPlace;

const MESSAGES: Record<PlainTrapKind, string> = {
  FuelExceeded: "fuel exceeded",
  CallDepthExceeded: "call depth exceeded",
  HostCallLimitExceeded: "host call limit exceeded",
  MemoryLimitExceeded: "memory limit exceeded",
  TimedOut: "timed out",
  InvalidPc: "invalid pc",
  ArityMismatch: "arity mismatch",
  IntCastOverflow: "integer cast overflow",
  FloatToIntInvalid: "NaN or infinity converted to an integer",
  DivByZero: "division by zero",
  IntDivOverflow: "integer division overflow",
  DecimalScaleMismatch: "decimal scale mismatch",
  DecimalOverflow: "decimal overflow",
  IndexOutOfBounds: "index out of bounds",
  StrNotCharBoundary: "string slice not on a character boundary",
  InvalidUtf8: "invalid UTF-8",
};

const AGG_MESSAGES: Record<AggErrorKind, string> = {
  BadHandle: "bad aggregate handle",
  WrongKind: "wrong aggregate kind",
  OutOfBounds: "aggregate index out of bounds",
};

/** What went wrong, in words. */
export function trapMessage(trap: TrapReason): string {
  switch (trap.kind) {
    case "TypeMismatch":
      return `type mismatch: expected ${trap.expected}, got ${trap.actual}`;
    case "AggError":
      return AGG_MESSAGES[trap.error];
    case "HostCallFailed": {
      const hash = trap.sigHash.toString(16).padStart(16, "0");
      const cause = trap.cause instanceof Error ? `: ${trap.cause.message}` : "";
      return `host call ${JSON.stringify(trap.symbol)} (signature ${hash}) failed: ${trap.error}` +
        cause;
    }
    case "HostReturnArityMismatch":
      return `host returned ${trap.actual} values instead of ${trap.expected}`;
    case "Aborted":
      return trap.cause instanceof Error ? `aborted: ${trap.cause.message}` : "aborted";
    case "TrapCode":
      return `trap code ${trap.code}`;
    default:
      return MESSAGES[trap.kind];
  }
}

/**
 * One line: `trap at f0 pc=12 span=3: division by zero`; the span only where there is one.
 *
 * @example
 * ```ts
 * import { formatTrap } from "@burin/burin";
 *
 * console.log(formatTrap({ kind: "DivByZero", func: 0, pc: 12 })); // trap at f0 pc=12: division by zero
 * ```
 */
export function formatTrap(trap: Trap): string {
  const span = trap.span === undefined ? "" : ` span=${trap.span}`;
  return `trap at f${trap.func} pc=${trap.pc}${span}: ${trapMessage(trap)}`;
}
