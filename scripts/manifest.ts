/**
 * The manifest of recorded outcomes (`tests/corpus/extape/HOST.md`): its entries, values and outcomes,
 * and how an outcome of ours is compared with a recorded one. Reusable by every conformance check.
 *
 * @module
 */
import { type OutcomeJson, outcomeToJson } from "../src/interp/outcome_json.ts";
import type { Limits } from "../src/interp/limits.ts";
import type { Outcome } from "../src/interp/outcome.ts";
import type { Value } from "../src/tape/value.ts";
import { valueFromJson } from "../src/tape/value_text.ts";

/** Damage done to a program file before it is decoded. */
export interface ManifestEdit {
  /** `[offset, mask]`: that byte is xored with the mask. */
  readonly xor?: readonly (readonly [number, number])[];
  /** Bytes to keep, counted after the xors. */
  readonly truncate?: number;
}

/** Limits that differ from the defaults. */
export interface ManifestLimits {
  /** A string above 2^53. */
  readonly fuel?: number | string;
  readonly depth?: number;
  readonly hostCalls?: number | string;
}

/** One line of a manifest. */
export interface ManifestEntry {
  readonly id: string;
  readonly cat?: string;
  readonly tag?: string;
  /** Program file, relative to the manifest. */
  readonly file: string;
  readonly edit?: ManifestEdit;
  /** Entry function. */
  readonly func?: number;
  readonly args?: readonly unknown[];
  readonly limits?: ManifestLimits;
  /** `"exact"`: NaN bits in results must match. */
  readonly nan?: "exact";
  /** The one long run of a performance program. */
  readonly perf?: boolean;
  /** The recorded outcome. */
  readonly expect?: Record<string, unknown>;
}

/** An outcome in the manifest's form: with the host's log when there is one. */
export type ManifestOutcome = OutcomeJson & { log?: string[] };

/** The entries of a manifest's text. */
export function parseManifest(text: string): ManifestEntry[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line));
}

/** A copy of `bytes` with an entry's damage done. */
export function applyEdit(bytes: Uint8Array, edit: ManifestEdit): Uint8Array {
  const damaged = bytes.slice();
  for (const [offset, mask] of edit.xor ?? []) damaged[offset] ^= mask;
  return edit.truncate === undefined ? damaged : damaged.slice(0, edit.truncate);
}

/** The value that a manifest's JSON describes. @throws {TypeError} When it describes none. */
export function parseManifestValue(json: unknown): Value {
  return valueFromJson(json);
}

/** The limits of an entry; what it does not name is left out. */
export function parseManifestLimits(limits: ManifestLimits = {}): Partial<Limits> {
  return {
    ...(limits.fuel !== undefined && { fuel: BigInt(limits.fuel) }),
    ...(limits.depth !== undefined && { maxCallDepth: limits.depth }),
    ...(limits.hostCalls !== undefined && { maxHostCalls: BigInt(limits.hostCalls) }),
  };
}

/** The manifest's form of an outcome whose run logged `log`. */
export function manifestOutcome(outcome: Outcome, log: readonly string[]): ManifestOutcome {
  const json: ManifestOutcome = outcomeToJson(outcome);
  if (log.length > 0) json.log = [...log];
  return json;
}

/**
 * Whether two outcomes in the manifest's form are the same. Unless `nanExact`, any two NaNs are.
 * Field order does not matter.
 */
export function sameOutcome(expected: unknown, actual: unknown, nanExact: boolean): boolean {
  if (expected === actual) return true;
  if (
    typeof expected !== "object" || typeof actual !== "object" || expected === null ||
    actual === null || Array.isArray(expected) !== Array.isArray(actual)
  ) return false;
  const left = expected as Record<string, unknown>;
  const right = actual as Record<string, unknown>;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  if (!nanExact && left.t === "f64" && right.t === "f64" && isNaNBits(left.v)) {
    return isNaNBits(right.v);
  }
  return keys.every((key) => key in right && sameOutcome(left[key], right[key], nanExact));
}

/** Whether 16 hex digits are the bits of a NaN. */
function isNaNBits(bits: unknown): boolean {
  if (typeof bits !== "string" || !/^[0-9a-f]{16}$/.test(bits)) return false;
  return (BigInt(`0x${bits}`) & ((1n << 63n) - 1n)) > 0x7ff0n << 48n;
}
