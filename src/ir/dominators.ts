/**
 * Dominator tree by the iterative algorithm of Cooper, Harvey and Kennedy ("A Simple, Fast
 * Dominance Algorithm", 2001), with preorder intervals for constant-time queries. That one is the
 * fastest on what people write, and takes quadratic time on ladders of loops with two entries; where it
 * does not get on, the tree is made by Semi-NCA instead (Georgiadis, "Linear-Time Algorithms for
 * Dominators and Related Problems", 2005).
 *
 * A snapshot of the `Cfg` it was computed from. Unreachable blocks are in no tree.
 *
 * @module
 */
import type { Cfg } from "./cfg.ts";

/** Steps up the tree that the iterative algorithm may take by block. */
const PATIENCE = 64;

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

  /** Computes the tree of `cfg`; `patience` is for tests. */
  compute(cfg: Cfg, patience: number = PATIENCE): this {
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
    const { idom } = this, { rpoLength } = cfg;
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
    if (!this.#iterate(cfg, patience * rpoLength)) this.#semiNca(cfg, n);
    idom[0] = -1;
    this.#number(cfg, n);
    return this;
  }

  /** The iterative algorithm; false if it takes more steps than `most`. */
  #iterate({ rpo, rpoLength, rpoIndex, predStart, predBlock }: Cfg, most: number): boolean {
    const { idom } = this;
    let steps = 0;
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
            for (; rpoIndex[p] > rpoIndex[best]; steps++) p = idom[p];
            for (; rpoIndex[best] > rpoIndex[p]; steps++) best = idom[best];
          }
        }
        if (steps > most) return false;
        if (idom[block] !== best) {
          idom[block] = best;
          changed = true;
        }
      }
    }
    return true;
  }

  /** Semi-NCA, on the blocks' numbers in a depth-first preorder. */
  #semiNca({ rpo, rpoLength, rpoIndex, predStart, predBlock }: Cfg, n: number): void {
    // Successors, from the predecessors of reachable blocks.
    const start = new Int32Array(n + 1), next = new Int32Array(n);
    const edges = predStart[n];
    for (let e = 0; e < edges; e++) start[predBlock[e] + 1]++;
    for (let block = 0; block < n; block++) start[block + 1] += start[block];
    next.set(start.subarray(0, n));
    const succ = new Int32Array(edges);
    for (let i = 0; i < rpoLength; i++) {
      for (let e = predStart[rpo[i]]; e < predStart[rpo[i] + 1]; e++) {
        succ[next[predBlock[e]]++] = rpo[i];
      }
    }
    const ends = next.slice();
    next.set(start.subarray(0, n));
    const numberOf = new Int32Array(n).fill(-1), blockOf = new Int32Array(rpoLength);
    const parent = new Int32Array(rpoLength), stack = [0];
    let count = 1;
    numberOf[0] = 0;
    while (stack.length > 0) {
      const block = stack[stack.length - 1];
      if (next[block] === ends[block]) {
        stack.pop();
        continue;
      }
      const to = succ[next[block]++];
      if (numberOf[to] >= 0) continue;
      numberOf[to] = count;
      blockOf[count] = to;
      parent[count++] = numberOf[block];
      stack.push(to);
    }

    // Semidominators, with the paths to them compressed; numbers from `linked` on are done.
    const semi = Int32Array.from({ length: count }, (_, k) => k), label = semi.slice();
    const ancestor = parent.slice(), path: number[] = [];
    const lowest = (v: number, linked: number): number => {
      for (let u = v; ancestor[u] >= linked; u = ancestor[u]) path.push(u);
      while (path.length > 0) {
        const u = path.pop()!, up = ancestor[u];
        if (semi[label[up]] < semi[label[u]]) label[u] = label[up];
        ancestor[u] = ancestor[up];
      }
      return semi[label[v]];
    };
    for (let k = count - 1; k > 0; k--) {
      semi[k] = parent[k];
      for (let e = predStart[blockOf[k]]; e < predStart[blockOf[k] + 1]; e++) {
        if (rpoIndex[predBlock[e]] < 0) continue;
        semi[k] = Math.min(semi[k], lowest(numberOf[predBlock[e]], k + 1));
      }
    }
    const dominator = parent;
    for (let k = 1; k < count; k++) {
      while (dominator[k] > semi[k]) dominator[k] = dominator[dominator[k]];
      this.idom[blockOf[k]] = blockOf[dominator[k]];
    }
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
