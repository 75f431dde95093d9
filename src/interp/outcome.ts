/**
 * How a run ended: the same record from every tier.
 *
 * @module
 */
import type { Value } from "../tape/value.ts";
import { type Trap, TrapError } from "./trap.ts";

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

/** The values of `outcome`. @throws {TrapError} When the run trapped. */
export function unwrap(outcome: Outcome): Value[] {
  if (outcome.ok) return outcome.values;
  throw new TrapError(outcome.trap);
}
