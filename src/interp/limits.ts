/**
 * What a run may use (specification §8.1), with our own memory limit beside the reference's three.
 *
 * @module
 */

/** Limits of one run. */
export interface Limits {
  /** Instructions the run may execute, 0 to 2^64 - 1. Default 1,000,000. */
  readonly fuel: bigint;
  /** Call frames that may exist at a time; the entry frame is one and always allowed. Default 256. */
  readonly maxCallDepth: number;
  /** Host calls the run may make, 0 to 2^64 - 1. Default 1,000,000. */
  readonly maxHostCalls: bigint;
  /** Bytes of memory the run may allocate, arguments included. Default 256 MiB. */
  readonly maxMemory: number;
}

/** The limits of a run that sets none. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  fuel: 1_000_000n,
  maxCallDepth: 256,
  maxHostCalls: 1_000_000n,
  maxMemory: 256 << 20,
});

const U64_MAX = (1n << 64n) - 1n;

function checkU64(name: string, value: bigint): void {
  if (typeof value !== "bigint" || value < 0n || value > U64_MAX) {
    throw new RangeError(`${name} must be a bigint from 0n to 2n ** 64n - 1n: got ${value}`);
  }
}

function checkCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${name} must be a non-negative integer: got ${value}`);
  }
}

/**
 * `limits` with the defaults for what it leaves out.
 *
 * @throws {RangeError} When a limit is out of range.
 */
export function completeLimits(limits?: Partial<Limits>): Limits {
  if (limits === undefined) return DEFAULT_LIMITS;
  const fuel = limits.fuel ?? DEFAULT_LIMITS.fuel;
  const maxCallDepth = limits.maxCallDepth ?? DEFAULT_LIMITS.maxCallDepth;
  const maxHostCalls = limits.maxHostCalls ?? DEFAULT_LIMITS.maxHostCalls;
  const maxMemory = limits.maxMemory ?? DEFAULT_LIMITS.maxMemory;
  checkU64("fuel", fuel);
  checkCount("maxCallDepth", maxCallDepth);
  checkU64("maxHostCalls", maxHostCalls);
  checkCount("maxMemory", maxMemory);
  return { fuel, maxCallDepth, maxHostCalls, maxMemory };
}
