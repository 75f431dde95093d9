/**
 * Storage of 64-bit words with the four views that code reads them through. Owns nothing but the
 * buffer; plain views of a fixed buffer, because those are what V8 turns into machine accesses.
 *
 * @module
 */

/** One buffer of 64-bit words; word `k` is `i64[k]`, its halves are `i32[2 * k]` and the next. */
export interface Words {
  /** As halves, low half first. */
  readonly i32: Int32Array;
  /** As signed 64-bit integers. */
  readonly i64: BigInt64Array;
  /** As unsigned 64-bit integers. */
  readonly u64: BigUint64Array;
  /** As doubles. */
  readonly f64: Float64Array;
}

/** Zeroed storage of `length` words. */
export function createWords(length: number): Words {
  const buffer = new ArrayBuffer(8 * length);
  return {
    i32: new Int32Array(buffer),
    i64: new BigInt64Array(buffer),
    u64: new BigUint64Array(buffer),
    f64: new Float64Array(buffer),
  };
}
