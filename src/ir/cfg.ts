/**
 * Control flow of a function: predecessor edges and a reverse postorder, in reusable typed arrays.
 *
 * A snapshot: valid until the function's blocks or terminators change, then `compute` again.
 *
 * @module
 */
import type { Func } from "./func.ts";

/** Control-flow graph of one function at a time; keep it to reuse its arrays. */
export class Cfg {
  /** Number of block ids covered. */
  blockCount = 0;
  /** Edges into block `x` are those from `predStart[x]` up to `predStart[x + 1]`. */
  predStart = new Int32Array(17);
  /** Source block of an edge. A branch to one block twice makes two edges. */
  predBlock = new Int32Array(32);
  /** Which target of the source's terminator the edge is. */
  predTarget = new Int32Array(32);
  /** Reachable blocks in reverse postorder; only the first `rpoLength` are meaningful. */
  rpo = new Int32Array(16);
  /** Number of reachable blocks. */
  rpoLength = 0;
  /** Position of a block in `rpo`, -1 if unreachable. */
  rpoIndex = new Int32Array(16);
  #stack = new Int32Array(16);
  #cursor = new Int32Array(16);

  /** The graph of `f`, if given; otherwise call `compute`. */
  constructor(f?: Func) {
    if (f !== undefined) this.compute(f);
  }

  /** Reads the graph of `f`. Edges from unreachable blocks are included. */
  compute(f: Func): this {
    const n = f.blockCount;
    this.blockCount = n;
    if (this.rpo.length < n) {
      const size = 2 * n;
      this.predStart = new Int32Array(size + 1);
      this.rpo = new Int32Array(size);
      this.rpoIndex = new Int32Array(size);
      this.#stack = new Int32Array(size);
      this.#cursor = new Int32Array(size);
    }
    if (n === 1) { // no edges: the entry is no target
      this.predStart[0] =
        this.predStart[1] =
        this.rpo[0] =
        this.rpoIndex[0] =
          0;
      this.rpoLength = 1;
      return this;
    }
    this.#computePreds(f, n);
    this.#computeOrder(f, n);
    return this;
  }

  #computePreds(f: Func, n: number): void {
    const start = this.predStart;
    start.fill(0, 0, n + 1);
    let edges = 0;
    for (let block = n === 0 ? -1 : 0; block >= 0; block = f.blockNext[block]) {
      const t = f.terminator(block);
      for (let k = f.targetCount(t) - 1; k >= 0; k--) {
        start[f.targetBlock(t, k) + 1]++;
        edges++;
      }
    }
    for (let block = 0; block < n; block++) start[block + 1] += start[block];
    if (this.predBlock.length < edges) {
      this.predBlock = new Int32Array(2 * edges);
      this.predTarget = new Int32Array(2 * edges);
    }
    const cursor = this.#cursor;
    cursor.set(start.subarray(0, n));
    for (let block = n === 0 ? -1 : 0; block >= 0; block = f.blockNext[block]) {
      const t = f.terminator(block);
      for (let k = 0, m = f.targetCount(t); k < m; k++) {
        const at = cursor[f.targetBlock(t, k)]++;
        this.predBlock[at] = block;
        this.predTarget[at] = k;
      }
    }
  }

  #computeOrder(f: Func, n: number): void {
    const stack = this.#stack, cursor = this.#cursor, index = this.rpoIndex, rpo = this.rpo;
    index.fill(-1, 0, n);
    this.rpoLength = 0;
    if (n === 0) return;
    // Depth-first from the entry, last target first, so that first targets come first in the
    // order. Finished blocks are written from the end of `rpo` backwards.
    let top = 0, place = n;
    stack[0] = 0;
    cursor[0] = f.targetCount(f.terminator(0));
    index[0] = 0;
    while (top >= 0) {
      const block = stack[top];
      if (cursor[block] === 0) {
        rpo[--place] = block;
        top--;
        continue;
      }
      const succ = f.targetBlock(f.terminator(block), --cursor[block]);
      if (index[succ] < 0) {
        index[succ] = 0;
        cursor[succ] = f.targetCount(f.terminator(succ));
        stack[++top] = succ;
      }
    }
    rpo.copyWithin(0, place, n);
    this.rpoLength = n - place;
    for (let i = 0; i < this.rpoLength; i++) index[rpo[i]] = i;
  }

  /** Number of edges into a block. */
  predCount(block: number): number {
    return this.predStart[block + 1] - this.predStart[block];
  }

  /** True if the entry reaches the block. */
  isReachable(block: number): boolean {
    return this.rpoIndex[block] >= 0;
  }
}
