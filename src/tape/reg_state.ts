/**
 * The types of all registers at one point, as a persistent tree: states of neighbouring blocks share
 * what they have in common, so blocks times registers is never paid for in memory. `Uninit` and
 * `Ambiguous` are the negative codes of verify_types.ts; "top", before anything has reached a
 * block, is the absence of a state.
 *
 * @module
 */
import { AMBIGUOUS, UNINIT } from "./verify_types.ts";

/** Registers in a leaf, and subtrees in an inner node. */
const FAN = 32;

/** A state; a leaf holds codes, an inner node holds subtrees. Never changed after creation. */
export interface RegState {
  readonly id: number;
  readonly codes: Int32Array | null;
  readonly kids: readonly RegState[] | null;
  /** Whether some register below is ambiguous. */
  readonly ambiguous: boolean;
}

/** Creates, reads, changes and joins the states of one function. */
export class RegStates {
  /** Distance from the root to the leaves. */
  readonly #depth: number;
  readonly #joins = new Map<number, RegState>();
  #ids = 0;

  /** States of `regs` registers. */
  constructor(regs: number) {
    let depth = 0;
    for (let room = FAN; room < regs; room *= FAN) depth++;
    this.#depth = depth;
  }

  /** The state in which every register is uninitialised. */
  initial(): RegState {
    let state = this.#leaf(new Int32Array(FAN).fill(UNINIT));
    for (let d = 0; d < this.#depth; d++) state = this.#inner(new Array(FAN).fill(state));
    return state;
  }

  /** The code of register `reg`. */
  get(state: RegState, reg: number): number {
    let node = state;
    for (let shift = 5 * this.#depth; shift > 0; shift -= 5) {
      node = node.kids![(reg >>> shift) & 31];
    }
    return node.codes![reg & 31];
  }

  /** `state` with register `reg` changed; the same object if that changes nothing. */
  set(state: RegState, reg: number, code: number, depth: number = this.#depth): RegState {
    if (depth === 0) {
      if (state.codes![reg & 31] === code) return state;
      const codes = state.codes!.slice();
      codes[reg & 31] = code;
      return this.#leaf(codes);
    }
    const slot = (reg >>> (5 * depth)) & 31;
    const kid = this.set(state.kids![slot], reg, code, depth - 1);
    if (kid === state.kids![slot]) return state;
    const kids = state.kids!.slice();
    kids[slot] = kid;
    return this.#inner(kids);
  }

  /** The join of two states; one of the arguments if it equals that. */
  join(a: RegState, b: RegState): RegState {
    if (a === b) return a;
    // Ids are far below 2^26 in practice; past that, joins are just not remembered.
    const key = Math.min(a.id, b.id) * 0x400_0000 + Math.max(a.id, b.id);
    const known = this.#ids < 0x400_0000 ? this.#joins.get(key) : undefined;
    if (known !== undefined) return known;
    const joined = a.codes !== null ? this.#joinLeaves(a, b) : this.#joinInner(a, b);
    if (this.#ids < 0x400_0000) this.#joins.set(key, joined);
    return joined;
  }

  /** Whether two states say the same of every register. */
  equal(a: RegState, b: RegState): boolean {
    if (a === b) return true;
    if (a.codes !== null) return a.codes.every((code, k) => code === b.codes![k]);
    return a.kids!.every((kid, k) => this.equal(kid, b.kids![k]));
  }

  /** The lowest ambiguous register, or -1. */
  firstAmbiguous(state: RegState): number {
    if (!state.ambiguous) return -1;
    let node = state;
    let reg = 0;
    while (node.kids !== null) {
      const slot = node.kids.findIndex((kid) => kid.ambiguous);
      reg = reg * FAN + slot;
      node = node.kids[slot];
    }
    return reg * FAN + node.codes!.indexOf(AMBIGUOUS);
  }

  #leaf(codes: Int32Array): RegState {
    return { id: this.#ids++, codes, kids: null, ambiguous: codes.includes(AMBIGUOUS) };
  }

  #inner(kids: readonly RegState[]): RegState {
    return { id: this.#ids++, codes: null, kids, ambiguous: kids.some((kid) => kid.ambiguous) };
  }

  #joinLeaves(a: RegState, b: RegState): RegState {
    const codes = new Int32Array(FAN);
    let isA = true;
    let isB = true;
    for (let k = 0; k < FAN; k++) {
      const x = a.codes![k];
      const y = b.codes![k];
      const code = x === y ? x : x === UNINIT || y === UNINIT ? UNINIT : AMBIGUOUS;
      isA &&= code === x;
      isB &&= code === y;
      codes[k] = code;
    }
    return isA ? a : isB ? b : this.#leaf(codes);
  }

  #joinInner(a: RegState, b: RegState): RegState {
    const kids = a.kids!.map((kid, k) => this.join(kid, b.kids![k]));
    if (kids.every((kid, k) => kid === a.kids![k])) return a;
    if (kids.every((kid, k) => kid === b.kids![k])) return b;
    return this.#inner(kids);
  }
}
