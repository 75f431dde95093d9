/**
 * The code words of one instance and the tables that lead from a position back to bytecode. Owns the
 * array that all translations share and grows it; what the words mean is `translate.ts`'s matter.
 *
 * @module
 */
import { WORDS_OF_CLASS } from "../heap/layout.ts";
import { typeClass, type ValueType } from "../tape/types.ts";
import { Op } from "./ops.ts";

/** One translation of one function. */
export interface Translation {
  readonly func: number;
  /** Whether every instruction has a `TICK`. */
  readonly metered: boolean;
  /** Positions from `start` up to `end` belong to this translation. */
  readonly start: number;
  readonly end: number;
  /** Position of the first instruction. */
  readonly entry: number;
  /** Positions of the emitted instructions, ascending. */
  readonly positions: Int32Array;
  /**
   * Bytecode instruction index of each emitted instruction; of several that it stands for the last,
   * the only one that may trap.
   */
  readonly indexes: Int32Array;
}

/** The index into `positions` of the instruction at `ip`, which must be one. */
export function positionIndex(translation: Translation, ip: number): number {
  const { positions } = translation;
  let low = 0;
  let high = positions.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (positions[middle] <= ip) low = middle;
    else high = middle - 1;
  }
  if (positions[low] !== ip) throw new Error(`internal: no instruction starts at position ${ip}`);
  return low;
}

/** How results are handed over; see {@linkcode returnForm}. */
export const ReturnForm = {
  /** There are none. */
  NONE: 0,
  /** Exactly one, of one word. */
  ONE: 1,
  /** A counted list of words. */
  LIST: 2,
} as const;

/**
 * How results of these types are handed over. `ret` and every kind of caller decide by the types
 * alone, so they agree without a word.
 */
export function returnForm(results: readonly ValueType[]): number {
  if (results.length === 0) return ReturnForm.NONE;
  return results.length === 1 && wordsOf(results) === 1 ? ReturnForm.ONE : ReturnForm.LIST;
}

/** Words of values of types `types`. */
export function wordsOf(types: readonly ValueType[]): number {
  let words = 0;
  for (const type of types) words += WORDS_OF_CLASS[typeClass(type)];
  return words;
}

/** The shared code array and its translations. */
export class CodeArena {
  /** The code words; replaced when it grows. Position 0 is never code. */
  code: Int32Array;
  /** Number of words in use. */
  used = 4;
  /** Entry position by function, 0 while not translated. */
  readonly entries: Int32Array;

  readonly #translations: Translation[] = [];
  /** Return stubs by form, and by length for lists. */
  readonly #stubs: number[] = [];
  #meteredEntries: Int32Array | undefined;

  /** An empty arena for `count` functions, with room for `words` code words at first. */
  constructor(count: number, words: number) {
    this.code = new Int32Array(Math.max(words, 16));
    this.entries = new Int32Array(count);
  }

  /** Entry positions of the metered translations, 0 while not translated. */
  get meteredEntries(): Int32Array {
    return this.#meteredEntries ??= new Int32Array(this.entries.length);
  }

  /** Appends a word. */
  put(word: number): void {
    if (this.used === this.code.length) {
      const grown = new Int32Array(2 * this.used);
      grown.set(this.code);
      this.code = grown;
    }
    this.code[this.used++] = word;
  }

  /** Records a finished translation, which must be the last thing written. */
  add(translation: Translation): void {
    this.#translations.push(translation);
    const entries = translation.metered ? this.meteredEntries : this.entries;
    entries[translation.func] = translation.entry;
  }

  /** The translation that position `ip` belongs to. */
  find(ip: number): Translation {
    let low = 0;
    let high = this.#translations.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#translations[middle].start <= ip) low = middle;
      else high = middle - 1;
    }
    const found = this.#translations[low];
    if (found === undefined || ip < found.start || ip >= found.end) {
      throw new Error(`internal: no translation holds position ${ip}`);
    }
    return found;
  }

  /**
   * Makes calls of `func` lead to a `HAND_OVER` of its frame, which has `frameWords` words, and
   * returns that position.
   */
  divert(func: number, frameWords: number): number {
    const start = this.used;
    this.put(frameWords);
    const entry = this.handOver(func, -1);
    this.add({
      func,
      metered: false,
      start,
      end: this.used,
      entry,
      positions: Int32Array.of(entry),
      indexes: new Int32Array(1),
    });
    return entry;
  }

  /** Appends a `HAND_OVER`, which costs nothing, and returns its position. */
  handOver(func: number, block: number): number {
    this.put(0);
    const at = this.used;
    this.put(Op.HAND_OVER);
    this.put(func);
    this.put(block);
    return at;
  }

  /** Where an entry function of result types `results` returns to: its words go to slots 0, 1, ... */
  returnStub(results: readonly ValueType[]): number {
    const form = returnForm(results);
    const words = wordsOf(results);
    const key = form === ReturnForm.LIST ? 2 + words : form;
    const known = this.#stubs[key];
    if (known !== undefined) return known;
    if (form === ReturnForm.ONE) this.put(0);
    if (form === ReturnForm.LIST) {
      for (let k = words - 1; k >= 0; k--) this.put(k);
      this.put(words);
    }
    this.put(0);
    const stub = this.used;
    this.put(Op.HALT);
    this.#stubs[key] = stub;
    return stub;
  }
}
