/**
 * What a host function sees of an aggregate or closure: a readable view of the run's memory, copied
 * only where it is read. Views end with the run they belong to.
 *
 * @module
 */
import type { Value } from "../tape/value.ts";
import type { Heap } from "./heap.ts";
import {
  AGG_ELEMENTS,
  AGG_KIND,
  AGG_KIND_NAMES,
  AGG_LENGTH,
  AGG_TYPE_ID,
  DEC_MANTISSA,
  DEC_SCALE,
} from "./layout.ts";
import { readAggregate, readWord } from "./values.ts";

/** What {@linkcode AggView.get} gives: a tagged value, or a view where something nests. */
export type ViewElement =
  | Exclude<Value, { type: "tuple" | "struct" | "array" | "closure" }>
  | AggView
  | ClosureView;

/**
 * A tuple, struct or array of a running program. Reading it after the run has ended throws; use
 * {@linkcode AggView.copy} to keep the contents.
 */
export class AggView {
  /** Tells views from tagged values. */
  readonly type = "agg";
  readonly #heap: Heap;
  readonly #generation: number;
  readonly #offset: number;

  /** Views are made by the engine: a view of the header at `offset`. */
  constructor(heap: Heap, offset: number) {
    this.#heap = heap;
    this.#generation = heap.generation;
    this.#offset = offset;
  }

  #header(field: number): number {
    if (this.#heap.generation !== this.#generation) {
      throw new Error("the run that this aggregate belongs to has ended: copy() it during the run");
    }
    return this.#heap.u32[(this.#offset + field) / 4];
  }

  /** `"tuple"`, `"struct"` or `"array"`. */
  get kind(): "tuple" | "struct" | "array" {
    return AGG_KIND_NAMES[this.#header(AGG_KIND)];
  }

  /** Struct type id of a struct, element type id of an array, 0 for a tuple. */
  get typeId(): number {
    return this.#header(AGG_TYPE_ID);
  }

  /** Number of elements. */
  get length(): number {
    return this.#header(AGG_LENGTH);
  }

  /** Element `index`. @throws {RangeError} When there is no such element. */
  get(index: number): ViewElement {
    const length = this.#header(AGG_LENGTH);
    if (!Number.isInteger(index) || index < 0 || index >= length) {
      throw new RangeError(`no element ${index} in an aggregate of ${length}`);
    }
    const heap = this.#heap;
    const word = (this.#offset + AGG_ELEMENTS) / 8 + index;
    const low = heap.u32[2 * word];
    const cls = heap.u8[this.#offset + AGG_ELEMENTS + 8 * length + index];
    switch (cls) {
      case 0:
        return { type: "unit" };
      case 5:
        return {
          type: "dec",
          mantissa: heap.i64[(low + DEC_MANTISSA) / 8],
          scale: heap.u32[(low + DEC_SCALE) / 4],
        };
      case 9:
        return new AggView(heap, low);
      case 11:
        return new ClosureView(low, new AggView(heap, heap.u32[2 * word + 1]));
      default:
        return readWord(heap, heap.i64[word], cls);
    }
  }

  /** All elements in order. */
  *[Symbol.iterator](): Generator<ViewElement, void, undefined> {
    const length = this.length;
    for (let k = 0; k < length; k++) yield this.get(k);
  }

  /** The aggregate with everything it holds, as a value that outlives the run. */
  copy(): Value {
    this.#header(AGG_KIND);
    return readAggregate(this.#heap, this.#offset);
  }

  /**
   * The header's offset, for handing the aggregate back to the run of `heap` it came from.
   *
   * @throws {TypeError} When it belongs to another run.
   */
  static offsetIn(view: AggView, heap: Heap): number {
    if (view.#heap !== heap || view.#generation !== heap.generation) {
      throw new TypeError("the aggregate view belongs to another run: return view.copy() instead");
    }
    return view.#offset;
  }
}

/** A closure of a running program: a function id and its environment. */
export class ClosureView {
  /** Tells views from tagged values. */
  readonly type = "closure";
  /** Function id. */
  readonly func: number;
  /** The captured aggregate. */
  readonly env: AggView;

  /** Views are made by the engine, or by a host to return another function over an environment. */
  constructor(func: number, env: AggView) {
    this.func = func;
    this.env = env;
  }
}
