/**
 * Locals of one WebAssembly function: indices by type, given back and used again. Types are
 * Binaryen's numbers, tuples included.
 *
 * @module
 */

/** Locals of one function. */
export class Locals {
  /** Types of the locals that are no parameters, in order. */
  readonly types: number[] = [];
  readonly #first: number;
  readonly #free = new Map<number, number[]>();

  /** The locals of a function with `params` parameters. */
  constructor(params: number) {
    this.#first = params;
  }

  /** Number of parameters and other locals. */
  get count(): number {
    return this.#first + this.types.length;
  }

  /** A local of `type` that nobody else uses. Its content is anything. */
  take(type: number): number {
    const local = this.#free.get(type)?.pop();
    if (local !== undefined) return local;
    this.types.push(type);
    return this.count - 1;
  }

  /** Gives a local of `type` back. */
  give(local: number, type: number): void {
    const list = this.#free.get(type);
    if (list === undefined) this.#free.set(type, [local]);
    else list.push(local);
  }
}
