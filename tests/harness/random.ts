/**
 * Seeded random numbers for fuzzing: the same seed gives the same cases on every machine.
 *
 * @module
 */

/** A stream of random numbers (splitmix32 by its usual constants; nothing here needs to be strong). */
export class Random {
  #state: number;

  /** Starts the stream of `seed`, of which the low 32 bits count. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A 32-bit number. */
  u32(): number {
    this.#state = this.#state + 0x9e3779b9 | 0;
    let z = this.#state;
    z = Math.imul(z ^ z >>> 16, 0x21f0aaad);
    z = Math.imul(z ^ z >>> 15, 0x735a2d97);
    return (z ^ z >>> 15) >>> 0;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.u32() % limit;
  }

  /** One of `list`. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}
