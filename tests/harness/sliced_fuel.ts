/**
 * Hands fuel out in slices: `run` of both machines goes on after an exit for want of fuel for as long
 * as there is more.
 *
 * @module
 */

/** Fuel of a run, partly handed out. */
export class SlicedFuel {
  readonly #slice: bigint;
  /** Fuel that was not handed out yet. */
  reserve: bigint;

  /** All of `fuel` at once unless there is a slice. */
  constructor(fuel: bigint, slice: bigint | undefined) {
    this.#slice = slice ?? fuel;
    this.reserve = fuel;
  }

  /** The first slice. */
  first(): bigint {
    const first = this.#slice < this.reserve ? this.#slice : this.reserve;
    this.reserve -= first;
    return first;
  }

  /** Takes what was not handed out yet, down to none at most. */
  take(amount: bigint): void {
    this.reserve -= amount < this.reserve ? amount : this.reserve;
  }

  /**
   * What the fuel field is to be after a segment of `cost` that left it at `field`, and whether the
   * segment is paid for now.
   */
  next(field: bigint, cost: bigint): { field: bigint; goesOn: boolean } {
    let left = BigInt.asUintN(64, field + cost);
    const goesOn = left + this.reserve >= cost;
    while (left < cost && this.reserve > 0n) left += this.first();
    return { field: BigInt.asUintN(64, left - cost), goesOn };
  }
}
