/**
 * Trap numbers: what the `code` of an IR trap site means for guest programs. Owns the numbering;
 * the engine turns a number back into a `TrapReason`. Traps with a number here are those that
 * machine code raises by itself. The others (exhausted fuel and depth, failed host calls, mismatched
 * indirect calls) carry data that only the dispatcher has, and are its to report.
 *
 * | number | meaning |
 * |---|---|
 * | 1 to 255 | a reason without data, or with one of the few fixed ones below |
 * | 256 + c | `TrapCode(c)`, c from 0 to 2^32 - 1 |
 *
 * @module
 */
import type { TrapReason } from "../interp/trap.ts";

/** Numbers of the traps that carry no code. */
export const TrapNumber = {
  InvalidPc: 1,
  DivByZero: 2,
  IntDivOverflow: 3,
  IntCastOverflow: 4,
  FloatToIntInvalid: 5,
  DecimalScaleMismatch: 6,
  DecimalOverflow: 7,
  IndexOutOfBounds: 8,
  StrNotCharBoundary: 9,
  InvalidUtf8: 10,
  WrongKind: 11,
  OutOfBounds: 12,
  MemoryLimitExceeded: 13,
} as const;

/** The number of `TrapCode(0)`. */
export const TRAP_CODE_BASE = 256;

const REASONS: readonly (TrapReason | undefined)[] = [
  undefined,
  { kind: "InvalidPc" },
  { kind: "DivByZero" },
  { kind: "IntDivOverflow" },
  { kind: "IntCastOverflow" },
  { kind: "FloatToIntInvalid" },
  { kind: "DecimalScaleMismatch" },
  { kind: "DecimalOverflow" },
  { kind: "IndexOutOfBounds" },
  { kind: "StrNotCharBoundary" },
  { kind: "InvalidUtf8" },
  { kind: "AggError", error: "WrongKind" },
  { kind: "AggError", error: "OutOfBounds" },
  { kind: "MemoryLimitExceeded" },
];

/** The number of the `trap` instruction with the 32-bit code `code`. */
export function trapCodeNumber(code: number): number {
  return TRAP_CODE_BASE + (code >>> 0);
}

/** What trap number `number` stands for. */
export function trapReason(number: number): TrapReason {
  if (number >= TRAP_CODE_BASE) return { kind: "TrapCode", code: number - TRAP_CODE_BASE };
  const reason = REASONS[number];
  if (reason === undefined) throw new Error(`internal: trap number ${number} does not exist`);
  return reason;
}
