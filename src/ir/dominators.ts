/**
 * Dominator tree by the iterative algorithm of Cooper, Harvey and Kennedy ("A Simple, Fast
 * Dominance Algorithm", 2001), with preorder intervals for constant-time queries.
 *
 * A snapshot of the `Cfg` it was computed from. Unreachable blocks are in no tree.
 *
 * @module
 */
import type { Cfg } from "./cfg.ts";

/** Dominator tree of one function at a time; keep it to reuse its arrays. */
export class Dominators {
  /** Immediate dominator by block; -1 for the entry and for unreachable blocks. */
  idom = new Int32Array(16);
  /** Blocks in preorder of the tree; the first `orderLength` are meaningful. */
  order = new Int32Array(16);
  /** Number of blocks in the tree. */
  orderLength = 0;
  /** First child by block, -1 for none; children are linked by `sibling` in reverse postorder. */
  child = new Int32Array(16);
  /** Next child of the same parent, -1 for none. */
  sibling = new Int32Array(16);
  #pre = new Int32Array(16); // position in `order`, -1 if unreachable
  #end = new Int32Array(16); // one past the last position of the block's subtree

  /** The tree of `cfg`, if given; otherwise call `compute`. */
  constructor(cfg?: Cfg) {
    if (cfg !== undefined) this.compute(cfg);
  }

  /** Computes the tree of `cfg`. */
  compute(cfg: Cfg): this {
    const n = cfg.blockCount;
    if (this.idom.length < n) {
      const size = 2 * n;
      this.idom = new Int32Array(size);
      this.order = new Int32Array(size);
      this.child = new Int32Array(size);
      this.sibling = new Int32Array(size);
      this.#pre = new Int32Array(size);
      this.#end = new Int32Array(size);
    }
    const { idom } = this, { rpo, rpoLength, rpoIndex, predStart, predBlock } = cfg;
    if (n === 1) {
      idom[0] = this.child[0] = this.sibling[0] = -1;
      this.order[0] = this.#pre[0] = 0;
      this.#end[0] = this.orderLength = 1;
      return this;
    }
    idom.fill(-1, 0, n);
    if (rpoLength === 0) {
      this.orderLength = 0;
      return this;
    }
    idom[0] = 0; // its own while iterating, so that intersections stop there
    for (let changed = true; changed;) {
      changed = false;
      for (let i = 1; i < rpoLength; i++) {
        const block = rpo[i];
        let best = -1;
        for (let e = predStart[block]; e < predStart[block + 1]; e++) {
          let p = predBlock[e];
          if (idom[p] < 0) continue;
          if (best < 0) {
            best = p;
            continue;
          }
          while (p !== best) {
            while (rpoIndex[p] > rpoIndex[best]) p = idom[p];
            while (rpoIndex[best] > rpoIndex[p]) best = idom[best];
          }
        }
        if (idom[block] !== best) {
          idom[block] = best;
          changed = true;
        }
      }
    }
    idom[0] = -1;
    this.#number(cfg, n);
    return this;
  }

  #number(cfg: Cfg, n: number): void {
    const { idom, order, child, sibling } = this, pre = this.#pre, end = this.#end;
    child.fill(-1, 0, n);
    sibling.fill(-1, 0, n);
    pre.fill(-1, 0, n);
    // Backwards, so that each list ends up in reverse postorder.
    for (let i = cfg.rpoLength - 1; i > 0; i--) {
      const block = cfg.rpo[i], parent = idom[block];
      sibling[block] = child[parent];
      child[parent] = block;
    }
    let position = 0, block = 0;
    for (;;) {
      pre[block] = position;
      order[position++] = block;
      if (child[block] >= 0) {
        block = child[block];
        continue;
      }
      while (block >= 0) {
        end[block] = position;
        if (sibling[block] >= 0) break;
        block = idom[block];
      }
      if (block < 0) break;
      block = sibling[block];
    }
    this.orderLength = position;
  }

  /** True if every path from the entry to `b` passes `a`; a block dominates itself. */
  dominates(a: number, b: number): boolean {
    const pa = this.#pre[a], pb = this.#pre[b];
    return pa >= 0 && pa <= pb && pb < this.#end[a];
  }
}
