/**
 * Hash table from what an instruction computes to the instruction that computes it, for a walk over
 * the dominator tree in preorder.
 *
 * Relies on that order: an entry whose block does not dominate the block being visited will dominate
 * none that follows, so entries are dropped where they are met and lookups stay short.
 *
 * @module
 */
import type { Dominators } from "../ir/dominators.ts";
import type { Func } from "../ir/func.ts";
import { COND_SWAPPED, Flag, Op, OP_FLAGS, OP_VALUES } from "../ir/opcodes.ts";
import { type Analyses, Words } from "./analyses.ts";

/** Instructions by what they compute: open hashing with chains, newest first. */
export class ValueTable {
  readonly #func: Func;
  readonly #dominators: Dominators;
  readonly #analyses: Analyses;
  readonly #heads: Int32Array;
  readonly #mask: number;
  #next: Int32Array;

  /** An empty table for `func`, whose dominators `analyses` has. */
  constructor(func: Func, analyses: Analyses) {
    const size = 1 << Math.max(5, 32 - Math.clz32(func.count));
    this.#func = func;
    this.#dominators = analyses.dominators;
    this.#analyses = analyses;
    this.#heads = analyses.words(Words.heads, size);
    this.#heads.fill(-1, 0, size);
    this.#mask = size - 1;
    this.#next = analyses.words(Words.next, func.count);
  }

  /**
   * An instruction equal to `v` that dominates it, or `v`, which is entered. For pure instructions
   * and for loads from memory that does not change.
   */
  find(v: number): number {
    const func = this.#func, { op, type } = func;
    const opcode = op[v], slot = this.#slot(v), block = func.block[v];
    let before = -1;
    for (let other = this.#heads[slot]; other >= 0;) {
      const next = this.#next[other];
      if (!this.#dominators.dominates(func.block[other], block)) {
        this.#drop(slot, before, next);
      } else {
        if (op[other] === opcode && type[other] === type[v]) {
          if (opcode === Op.icmp ? this.#sameComparison(v, other) : this.#same(v, other)) {
            return other;
          }
        }
        before = other;
      }
      other = next;
    }
    if (v >= this.#next.length) this.#next = this.#analyses.words(Words.next, v + 1);
    this.#next[v] = this.#heads[slot];
    this.#heads[slot] = v;
    return v;
  }

  /**
   * The first comparison after `from` (or at all, for -1) of the operands that `v` compares, in
   * either order, whatever its condition; -1 if there is none. Only those that dominate.
   */
  nextComparison(v: number, from: number): number {
    const func = this.#func, block = func.block[v], a = func.a[v], b = func.b[v];
    let other = from < 0 ? this.#heads[this.#slot(v)] : this.#next[from];
    for (; other >= 0; other = this.#next[other]) {
      if (
        func.op[other] === Op.icmp && other !== v &&
        ((func.a[other] === a && func.b[other] === b) ||
          (func.a[other] === b && func.b[other] === a)) &&
        this.#dominators.dominates(func.block[other], block)
      ) return other;
    }
    return -1;
  }

  /** Enters a store to memory that does not change, for `findStore`. */
  addStore(v: number): void {
    const func = this.#func, slot = this.#storeSlot(func.op[v], func.a[v], func.c[v]);
    if (v >= this.#next.length) this.#next = this.#analyses.words(Words.next, v + 1);
    this.#next[v] = this.#heads[slot];
    this.#heads[slot] = v;
  }

  /**
   * The latest store entered to `address` + `displacement` that dominates `block`, -1 if there is
   * none. `op` is any memory operation that addresses memory in the same way.
   */
  findStore(block: number, op: number, address: number, displacement: number): number {
    const func = this.#func, slot = this.#storeSlot(op, address, displacement);
    for (let other = this.#heads[slot]; other >= 0; other = this.#next[other]) {
      const opcode = func.op[other];
      if (
        (OP_FLAGS[opcode] & Flag.WRITES) !== 0 && func.a[other] === address &&
        func.c[other] === displacement && isRelative(opcode) === isRelative(op) &&
        this.#dominators.dominates(func.block[other], block)
      ) return other;
    }
    return -1;
  }

  #storeSlot(op: number, address: number, displacement: number): number {
    return this.#mix(isRelative(op) ? Op.hstore64 : Op.store64, address, 0, displacement);
  }

  #sameComparison(v: number, other: number): boolean {
    const { a, b, aux } = this.#func;
    if (a[v] === a[other]) return b[v] === b[other] && aux[v] === aux[other];
    return a[v] === b[other] && b[v] === a[other] && aux[v] === COND_SWAPPED[aux[other]];
  }

  #same(v: number, other: number): boolean {
    const func = this.#func, { a, b, c, aux } = func, opcode = func.op[v];
    if (opcode === Op.iconst || opcode === Op.fconst) {
      return func.constLo(v) === func.constLo(other) && func.constHi(v) === func.constHi(other);
    }
    if (aux[v] !== aux[other] || c[v] !== c[other]) return false;
    if (a[v] === a[other]) return b[v] === b[other] || OP_VALUES[opcode] < 2;
    return (OP_FLAGS[opcode] & Flag.COMMUTATIVE) !== 0 && a[v] === b[other] && b[v] === a[other];
  }

  #slot(v: number): number {
    const func = this.#func, opcode = func.op[v];
    let x = func.a[v], y = 0, z = 0;
    if (opcode === Op.iconst || opcode === Op.fconst) {
      x = func.constLo(v);
      y = func.constHi(v);
    } else {
      if (OP_VALUES[opcode] > 1) y = func.b[v];
      z = func.c[v];
      const isSymmetric = opcode === Op.icmp || (OP_FLAGS[opcode] & Flag.COMMUTATIVE) !== 0;
      if (isSymmetric && x > y) {
        const smaller = y;
        y = x;
        x = smaller;
      }
    }
    return this.#mix(opcode * 31 + func.type[v] * 7, x, y, z);
  }

  #mix(seed: number, x: number, y: number, z: number): number {
    let hash = Math.imul(seed, 0x9e3779b1);
    hash = Math.imul(hash ^ x, 0x85ebca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) ^ y, 0xc2b2ae35);
    hash = Math.imul((hash ^ (hash >>> 13)) ^ z, 0x27d4eb2f);
    return (hash ^ (hash >>> 16)) & this.#mask;
  }

  #drop(slot: number, before: number, next: number): void {
    if (before < 0) this.#heads[slot] = next;
    else this.#next[before] = next;
  }
}

/** Whether a memory operation is relative to the heap. */
function isRelative(op: number): boolean {
  return op >= Op.hload8u;
}
