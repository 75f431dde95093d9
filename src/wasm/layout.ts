/**
 * Where structured code puts each block of a reducible graph. WebAssembly has no jumps, only labels of
 * enclosing constructs: forward to the end of a `block`, backward to the head of a `loop`. After
 * Norman Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured
 * Control Flow" (ICFP 2022): a block with several forward edges into it follows a `block` construct
 * that its immediate dominator opens; a loop header opens a `loop`; any other block is written where
 * the one branch to it stands.
 *
 * One thing is different: a block outside of a loop is never written inside its construct, even with
 * a single edge into it, but behind it. Engines take the construct for the loop.
 *
 * @module
 */
import { Cfg } from "../ir/cfg.ts";
import { Dominators } from "../ir/dominators.ts";
import type { Func } from "../ir/func.ts";
import { Loops } from "../ir/loops.ts";

/** The layout of one function; a snapshot of its graph. */
export interface Layout {
  /** The function's graph. */
  readonly cfg: Cfg;
  /** False when some cycle has two entries; nothing below is meaningful then. */
  readonly reducible: boolean;
  /** 1 for blocks that are branched to by a label in front of them. */
  readonly labelled: Uint8Array;
  /** 1 for loop headers. */
  readonly header: Uint8Array;
  /**
   * By block, the labelled blocks written behind its code, last one first. Those of a loop header lie
   * inside its loop.
   */
  readonly inside: readonly (readonly number[])[];
  /** By loop header, the labelled blocks written behind its loop, last one first. */
  readonly outside: readonly (readonly number[])[];
}

const NONE: readonly number[] = [];

/** Computes the layout of `f`. */
export function computeLayout(f: Func): Layout {
  const cfg = new Cfg(f);
  const dominators = new Dominators(cfg);
  const loops = new Loops(cfg, dominators);
  const labelled = new Uint8Array(f.blockCount);
  const header = new Uint8Array(f.blockCount);
  const inside: (readonly number[])[] = new Array(f.blockCount).fill(NONE);
  const outside: (readonly number[])[] = new Array(f.blockCount).fill(NONE);
  const layout = { cfg, reducible: !loops.irreducible, labelled, header, inside, outside };
  if (loops.irreducible) return layout;
  const { rpo, rpoLength, rpoIndex, predStart, predBlock } = cfg;
  const put = (lists: (readonly number[])[], at: number, block: number) => {
    if (lists[at] === NONE) lists[at] = [block];
    else (lists[at] as number[]).push(block);
  };
  // Backwards, so that every list has the last block first.
  for (let i = rpoLength - 1; i > 0; i--) {
    const block = rpo[i];
    header[block] = loops.isHeader(block) ? 1 : 0;
    let forward = 0, leaves = -1;
    for (let e = predStart[block]; e < predStart[block + 1]; e++) {
      if (rpoIndex[predBlock[e]] >= 0 && rpoIndex[predBlock[e]] < i) forward++;
    }
    // The outermost loop that the dominator is in and the block is not.
    const parent = dominators.idom[block];
    for (let loop = loops.loopOf[parent]; loop >= 0; loop = loops.parent[loop]) {
      if (loops.contains(loop, block)) break;
      leaves = loop;
    }
    if (leaves >= 0) {
      labelled[block] = 1;
      put(outside, loops.header[leaves], block);
    } else if (forward > 1) {
      labelled[block] = 1;
      put(inside, parent, block);
    }
  }
  return layout;
}
