/**
 * How a run ended: the same record from every tier.
 *
 * @module
 */
import type { Value } from "../tape/value.ts";
import { type Trap, trapMessage } from "./trap.ts";

/** What a run used. */
export interface Usage {
  /**
   * Fuel limit minus what was left: one for each instruction executed, the one that trapped
   * included, and what host functions charged.
   */
  readonly fuelUsed: bigint;
  /** Host calls made, failed ones included. */
  readonly hostCalls: bigint;
}

/** A run that returned. */
export interface Success extends Usage {
  /** Tells the outcomes apart. */
  readonly ok: true;
  /** The values that the entry function's `ret` listed. */
  readonly values: Value[];
}

/** A run that trapped. */
export interface Failure extends Usage {
  /** Tells the outcomes apart. */
  readonly ok: false;
  /** Why and where. */
  readonly trap: Trap;
}

/** How a run ended. */
export type Outcome = Success | Failure;

/** A failed run as an exception, for interfaces that throw instead of returning an outcome. */
export class TrapError extends Error implements Usage {
  /** Why and where. */
  readonly trap: Trap;
  /** See `Usage`. */
  readonly fuelUsed: bigint;
  /** See `Usage`. */
  readonly hostCalls: bigint;

  /**
   * Wraps a failure; a failed host call's error or the reason of an abort becomes `cause`.
   *
   * @param functionName Name of the function that trapped, for the message.
   */
  constructor({ trap, fuelUsed, hostCalls }: Failure, functionName?: string) {
    const label = functionName === undefined ? `f${trap.func}` : `${functionName} (f${trap.func})`;
    const span = trap.span === undefined ? "" : ` span=${trap.span}`;
    super(`${trap.kind} in ${label} at pc=${trap.pc}${span}: ${trapMessage(trap)}`, {
      ...("cause" in trap && { cause: trap.cause }),
    });
    this.name = "TrapError";
    this.trap = trap;
    this.fuelUsed = fuelUsed;
    this.hostCalls = hostCalls;
  }
}

/** The values of `outcome`. @throws {TrapError} When the run trapped. */
export function unwrap(outcome: Outcome): Value[] {
  if (outcome.ok) return outcome.values;
  throw new TrapError(outcome);
}
