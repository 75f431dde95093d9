/**
 * A stable counting sort of positions by small keys: lists by block or by group of registers, in two
 * flat arrays.
 *
 * @module
 */

/** Positions by key: those of key `k` are `order[starts[k]]` up to `order[starts[k + 1]]`. */
export interface Buckets {
  readonly starts: Int32Array;
  readonly order: Int32Array;
}

/** Buckets the positions of `keys`, all of which are in 0 to `count - 1`. */
export function bucket(keys: ArrayLike<number>, count: number): Buckets {
  const starts = new Int32Array(count + 1);
  for (let k = 0; k < keys.length; k++) starts[keys[k] + 1]++;
  for (let k = 0; k < count; k++) starts[k + 1] += starts[k];
  const next = starts.slice();
  const order = new Int32Array(keys.length);
  for (let k = 0; k < keys.length; k++) order[next[keys[k]]++] = k;
  return { starts, order };
}
