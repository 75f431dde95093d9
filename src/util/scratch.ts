/**
 * Typed arrays that a pass uses while it runs and nobody keeps: handed out in the same order on every
 * run, so that each array grows to what the pass needs and is then used again. Making a typed array
 * costs more than most passes spend on a small function.
 *
 * @module
 */

/** The arrays of one pass. Not for passes that can run inside themselves. */
export class Scratch {
  readonly #int32: Int32Array[] = [];
  readonly #uint8: Uint8Array[] = [];
  readonly #float64: Float64Array[] = [];
  #next32 = 0;
  #next8 = 0;
  #next64 = 0;

  /** Starts a run: all arrays may be handed out again. */
  reset(): void {
    this.#next32 = 0;
    this.#next8 = 0;
    this.#next64 = 0;
  }

  /** An array of at least `length` entries, the first `length` of them `fill`. */
  int32(length: number, fill = 0): Int32Array {
    const k = this.#next32++;
    const old = this.#int32[k];
    if (old !== undefined && old.length >= length) return clear(old, length, fill);
    const made = new Int32Array(Math.max(64, 2 * length));
    this.#int32[k] = made;
    return fill === 0 ? made : clear(made, length, fill);
  }

  /** As {@linkcode int32}, of bytes. */
  uint8(length: number, fill = 0): Uint8Array {
    const k = this.#next8++;
    const old = this.#uint8[k];
    if (old !== undefined && old.length >= length) return clear(old, length, fill);
    const made = new Uint8Array(Math.max(64, 2 * length));
    this.#uint8[k] = made;
    return fill === 0 ? made : clear(made, length, fill);
  }

  /** As {@linkcode int32}, of doubles. */
  float64(length: number, fill = 0): Float64Array {
    const k = this.#next64++;
    const old = this.#float64[k];
    if (old !== undefined && old.length >= length) return clear(old, length, fill);
    const made = new Float64Array(Math.max(64, 2 * length));
    this.#float64[k] = made;
    return fill === 0 ? made : clear(made, length, fill);
  }
}

/** Sets the first `length` entries. Calling `fill` costs more than setting a few. */
function clear<T extends Int32Array | Uint8Array | Float64Array>(
  array: T,
  length: number,
  fill: number,
): T {
  if (length > 40) array.fill(fill, 0, length);
  else for (let i = 0; i < length; i++) array[i] = fill;
  return array;
}
