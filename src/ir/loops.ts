/**
 * Natural loops and their nesting, and whether the graph is irreducible.
 *
 * A loop is a header and everything that reaches one of its back edges without passing it; back
 * edges are edges whose target dominates their source, and loops with one header are one loop.
 * Cycles entered at several places have no header: they only set `irreducible`.
 *
 * @module
 */
import type { Cfg } from "./cfg.ts";
import type { Dominators } from "./dominators.ts";

/** Loop forest of one function at a time; keep it to reuse its arrays. */
export class Loops {
  /** Number of loops. An inner loop has a smaller number than those around it. */
  count = 0;
  /** Header block by loop. */
  header = new Int32Array(16);
  /** Loop directly around a loop, -1 for none. */
  parent = new Int32Array(16);
  /** Nesting depth by loop, 1 for the outermost. */
  depth = new Int32Array(16);
  /** Innermost loop around a block, -1 for none. */
  loopOf = new Int32Array(16);
  /** True if a cycle has more than one entry. */
  irreducible = false;
  #outermost = new Int32Array(16); // union-find towards the outermost known loop
  #work = new Int32Array(16);

  /** The loops of `cfg`, if given; otherwise call `compute`. */
  constructor(cfg?: Cfg, dominators?: Dominators) {
    if (cfg !== undefined && dominators !== undefined) this.compute(cfg, dominators);
  }

  /** Finds the loops of `cfg`; `dominators` must belong to it. */
  compute(cfg: Cfg, dominators: Dominators): this {
    const n = cfg.blockCount, edges = cfg.predStart[n];
    if (this.loopOf.length < n) {
      const size = 2 * n;
      this.header = new Int32Array(size);
      this.parent = new Int32Array(size);
      this.depth = new Int32Array(size);
      this.loopOf = new Int32Array(size);
      this.#outermost = new Int32Array(size);
    }
    if (this.#work.length < edges) this.#work = new Int32Array(2 * edges);
    this.count = 0;
    this.irreducible = false;
    this.loopOf.fill(-1, 0, n);
    const { rpo, rpoIndex, predStart, predBlock } = cfg;
    // An inner header is dominated by the outer one, so it has the larger index.
    for (let i = cfg.rpoLength - 1; i >= 0; i--) {
      const block = rpo[i];
      let loop = -1, pending = 0;
      for (let e = predStart[block]; e < predStart[block + 1]; e++) {
        const from = predBlock[e];
        if (rpoIndex[from] < i) continue; // forward edge, or from an unreachable block
        if (!dominators.dominates(block, from)) {
          this.irreducible = true;
          continue;
        }
        if (loop < 0) {
          loop = this.count++;
          this.header[loop] = block;
          this.parent[loop] = -1;
          this.#outermost[loop] = loop;
        }
        this.#work[pending++] = from;
      }
      if (loop >= 0) this.#collect(cfg, loop, pending);
    }
    for (let loop = this.count - 1; loop >= 0; loop--) {
      const parent = this.parent[loop];
      this.depth[loop] = parent < 0 ? 1 : this.depth[parent] + 1;
    }
    return this;
  }

  /** Marks everything that reaches the queued latches without passing the header. */
  #collect(cfg: Cfg, loop: number, pending: number): void {
    const { loopOf, parent, header } = this, { predStart, predBlock, rpoIndex } = cfg;
    const head = header[loop];
    while (pending > 0) {
      const block = this.#work[--pending];
      let from = block;
      if (loopOf[block] < 0) {
        loopOf[block] = loop;
        if (block === head) continue;
      } else {
        const inner = this.#findOutermost(loopOf[block]);
        if (inner === loop) continue;
        // A finished loop is swallowed whole: go on from its header.
        parent[inner] = loop;
        this.#outermost[inner] = loop;
        from = header[inner];
        if (from === head) continue;
      }
      for (let e = predStart[from]; e < predStart[from + 1]; e++) {
        const p = predBlock[e];
        if (rpoIndex[p] < 0) continue;
        if (loopOf[p] >= 0 && this.#findOutermost(loopOf[p]) === loop) continue;
        if (pending === this.#work.length) this.#growWork();
        this.#work[pending++] = p;
      }
    }
    if (loopOf[head] < 0) loopOf[head] = loop;
  }

  #growWork(): void {
    const bigger = new Int32Array(2 * this.#work.length);
    bigger.set(this.#work);
    this.#work = bigger;
  }

  #findOutermost(loop: number): number {
    const up = this.#outermost;
    let root = loop;
    while (up[root] !== root) root = up[root];
    while (up[loop] !== root) {
      const next = up[loop];
      up[loop] = root;
      loop = next;
    }
    return root;
  }

  /** Nesting depth of a block, 0 outside of loops. */
  blockDepth(block: number): number {
    const loop = this.loopOf[block];
    return loop < 0 ? 0 : this.depth[loop];
  }

  /** True if the block belongs to the loop or to one inside it. */
  contains(loop: number, block: number): boolean {
    let l = this.loopOf[block];
    while (l >= 0 && l < loop) l = this.parent[l]; // numbers grow outwards
    return l === loop;
  }

  /** True if the block is the header of a loop. */
  isHeader(block: number): boolean {
    const loop = this.loopOf[block];
    return loop >= 0 && this.header[loop] === block;
  }
}
