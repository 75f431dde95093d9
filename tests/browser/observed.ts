/**
 * What `observe.ts` must see, in every tier and everywhere.
 *
 * @module
 */
import type { Observations } from "./observe.ts";

const FIB = { ok: [{ t: "i64", v: "610" }], fuelUsed: 13808 };

/** The observations of any tier. */
export const OBSERVED: Observations = {
  result: FIB,
  sameAgain: FIB,
  trap: { trap: { kind: "DivByZero", func: 1, pc: 0, span: null }, fuelUsed: 1 },
  fuel: { trap: { kind: "FuelExceeded", func: 0, pc: 26, span: null }, fuelUsed: 1000 },
  depth: { trap: { kind: "CallDepthExceeded", func: 0, pc: 30, span: null }, fuelUsed: 42 },
  text: { ok: [{ t: "str", v: "éééé" }], fuelUsed: 13 },
  memory: "MemoryLimitExceeded",
  waited: { ok: [{ t: "i64", v: "20" }], fuelUsed: 50, hostCalls: 5 },
  refused:
    'HostCallFailed by TypeError: host function "t.later" returned a promise in a synchronous run',
  // The first run's promise is the last to be resolved.
  order: Array.from({ length: 12 }, (_, k) => 12 - k),
  rejected: "HostCallFailed by Error: no answer",
  aborted: ["Aborted by TimeoutError", "Aborted by TimeoutError"],
  timedOut: ["TimedOut", "TimedOut", "TimedOut"],
  turns: "Aborted by the third tick",
  slices: FIB,
};
