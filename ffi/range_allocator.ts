/**
 * First-fit allocation of byte ranges in `[0, size)`. Owns numbers only, no memory. Guarantees that
 * allocated ranges never overlap, that neighbouring free ranges are merged, and that the lowest
 * fitting range is taken, so that code stays dense.
 *
 * @module
 */

/** A set of free ranges, sorted by start, no two of them touching. */
export class RangeAllocator {
  readonly #starts: number[];
  readonly #ends: number[];
  readonly #sizes: Map<number, number> = new Map();
  readonly #granule: number;
  #used = 0;

  /**
   * @param size bytes to hand out.
   * @param granule power of two; every range starts at a multiple of it and is one long.
   */
  constructor(size: number, granule: number) {
    this.#starts = [0];
    this.#ends = [size];
    this.#granule = granule;
  }

  /** Bytes in allocated ranges. */
  get used(): number {
    return this.#used;
  }

  /** Length of the longest free range. */
  get largestFree(): number {
    let largest = 0;
    for (let i = 0; i < this.#starts.length; i++) {
      largest = Math.max(largest, this.#ends[i] - this.#starts[i]);
    }
    return largest;
  }

  /** The free ranges as `[start, end)` pairs, lowest first. */
  free(): [number, number][] {
    return this.#starts.map((start, i) => [start, this.#ends[i]]);
  }

  /**
   * Takes `size` bytes, rounded up to the granule, starting at a multiple of `align` (a power of
   * two). Returns the start, or -1 if no free range is long enough.
   */
  allocate(size: number, align: number): number {
    const length = roundUp(size, this.#granule);
    const step = Math.max(align, this.#granule);
    for (let i = 0; i < this.#starts.length; i++) {
      const start = roundUp(this.#starts[i], step);
      const end = start + length;
      if (end > this.#ends[i]) continue;
      this.#take(i, start, end);
      this.#sizes.set(start, length);
      this.#used += length;
      return start;
    }
    return -1;
  }

  /** The length of the allocated range that starts at `start`, or 0 if none does. */
  sizeAt(start: number): number {
    return this.#sizes.get(start) ?? 0;
  }

  /** Gives back the allocated range that starts at `start`. */
  release(start: number): void {
    const length = this.sizeAt(start);
    if (length === 0) throw new Error(`internal: no range starts at ${start}`);
    this.#sizes.delete(start);
    this.#used -= length;
    const end = start + length;
    let at = 0;
    let high = this.#starts.length;
    while (at < high) {
      const middle = (at + high) >>> 1;
      if (this.#starts[middle] < start) at = middle + 1;
      else high = middle;
    }
    const joinsLeft = at > 0 && this.#ends[at - 1] === start;
    const joinsRight = at < this.#starts.length && this.#starts[at] === end;
    if (joinsLeft && joinsRight) {
      this.#ends[at - 1] = this.#ends[at];
      this.#starts.splice(at, 1);
      this.#ends.splice(at, 1);
    } else if (joinsLeft) {
      this.#ends[at - 1] = end;
    } else if (joinsRight) {
      this.#starts[at] = start;
    } else {
      this.#starts.splice(at, 0, start);
      this.#ends.splice(at, 0, end);
    }
  }

  #take(i: number, start: number, end: number): void {
    const before = this.#starts[i] < start;
    const after = end < this.#ends[i];
    if (before && after) {
      this.#starts.splice(i + 1, 0, end);
      this.#ends.splice(i + 1, 0, this.#ends[i]);
      this.#ends[i] = start;
    } else if (before) {
      this.#ends[i] = start;
    } else if (after) {
      this.#starts[i] = end;
    } else {
      this.#starts.splice(i, 1);
      this.#ends.splice(i, 1);
    }
  }
}

/** `value` rounded up to a multiple of `step`, a power of two. Exact below 2^53. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
