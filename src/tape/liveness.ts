/**
 * Backward liveness of up to 32 registers at a time, a bit each: "is read before it is written from
 * here on" spreads from blocks that read a register first, against the edges, until blocks that
 * write it stop it. Costs what the live ranges cost, in memory no more than a few words a block.
 *
 * @module
 */
import type { Blocks } from "./blocks.ts";
import { bucket, type Buckets } from "./buckets.ts";

/** Liveness of one group of registers after another over the same blocks. */
export class GroupLiveness {
  /** Bits of the registers that are live at the start of each block. */
  readonly live: Int32Array;
  readonly #blocks: Blocks;
  readonly #written: Int32Array;
  readonly #incoming: Buckets;
  readonly #touched: number[] = [];
  readonly #stack: number[] = [];

  /** Starts with no register live anywhere. */
  constructor(blocks: Blocks) {
    this.live = new Int32Array(blocks.count);
    this.#blocks = blocks;
    this.#written = new Int32Array(blocks.count);
    // Edges by target; "no successor" is target -1.
    this.#incoming = bucket(blocks.successors.map((target) => target + 1), blocks.count + 1);
  }

  /** Notes that `block` reads the registers in `bits` before it writes them. */
  read(block: number, bits: number): void {
    if (this.live[block] === 0) {
      this.#touched.push(block);
      this.#stack.push(block);
    }
    this.live[block] |= bits;
  }

  /** Notes that `block` writes the registers in `bits`. */
  write(block: number, bits: number): void {
    this.#touched.push(block);
    this.#written[block] |= bits;
  }

  /** Bits that `block` writes. */
  written(block: number): number {
    return this.#written[block];
  }

  /** Brings `live` up to date with everything noted. */
  spread(): void {
    const { starts, order } = this.#incoming;
    const { reachable } = this.#blocks;
    const live = this.live;
    while (this.#stack.length > 0) {
      const block = this.#stack.pop()!;
      for (let k = starts[block + 1]; k < starts[block + 2]; k++) {
        const before = order[k] >>> 1;
        if (reachable[before] === 0) continue;
        const more = live[block] & ~this.#written[before] & ~live[before];
        if (more === 0) continue;
        if (live[before] === 0) this.#touched.push(before);
        live[before] |= more;
        this.#stack.push(before);
      }
    }
  }

  /** Forgets everything, ready for the next group. */
  clear(): void {
    for (const block of this.#touched) this.live[block] = this.#written[block] = 0;
    this.#touched.length = 0;
  }
}
