/**
 * Outcomes in the JSON form of recorded conformance results: `{"ok": […], "fuelUsed": n}` or
 * `{"trap": {…}, "fuelUsed": n}`, with `hostCalls` when there were any.
 *
 * @module
 */
import { type ValueJson, valueToJson } from "../tape/value_text.ts";
import type { Outcome } from "./outcome.ts";
import type { Trap } from "./trap.ts";

/** A trap in JSON form: its kind and fields, then its place. */
export type TrapJson = Record<string, string | number | null>;

/** An outcome in JSON form. Counts above 2^53 are decimal strings. */
export interface OutcomeJson {
  /** Results, when the run returned. */
  ok?: ValueJson[];
  /** The trap, when it did not. */
  trap?: TrapJson;
  /** Fuel used. */
  fuelUsed: number | string;
  /** Host calls made, when there were any. */
  hostCalls?: number | string;
}

/** The JSON form of `trap`. Causes are left out. */
export function trapToJson(trap: Trap): TrapJson {
  const json: TrapJson = { kind: trap.kind };
  switch (trap.kind) {
    case "TypeMismatch":
      json.expected = trap.expected;
      json.actual = trap.actual;
      break;
    case "AggError":
      json.error = trap.error;
      break;
    case "HostCallFailed":
      json.symbol = trap.symbol;
      json.sigHash = trap.sigHash.toString(16).padStart(16, "0");
      json.error = trap.error;
      break;
    case "HostReturnArityMismatch":
      json.expected = trap.expected;
      json.actual = trap.actual;
      break;
    case "TrapCode":
      json.code = trap.code;
  }
  json.func = trap.func;
  json.pc = trap.pc;
  json.span = trap.span === undefined ? null : String(trap.span);
  return json;
}

/** The JSON form of `outcome`. */
export function outcomeToJson(outcome: Outcome): OutcomeJson {
  const json: OutcomeJson = outcome.ok
    ? { ok: outcome.values.map(valueToJson), fuelUsed: count(outcome.fuelUsed) }
    : { trap: trapToJson(outcome.trap), fuelUsed: count(outcome.fuelUsed) };
  if (outcome.hostCalls > 0n) json.hostCalls = count(outcome.hostCalls);
  return json;
}

function count(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
}
