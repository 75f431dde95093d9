/**
 * Which values of a function need no local because they are written where their one use is: WebAssembly
 * code is made of expression trees. Relies on values being defined before use; guarantees that no
 * read of memory moves across a write, and that nothing moves to another block.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Flag, Op, OP_FLAGS } from "../ir/opcodes.ts";

/** Trees are not made deeper than this, because whoever walks them recurs. */
const MAX_DEPTH = 64;

/** Flags of what a read may not move across. */
const CLOBBERS = Flag.WRITES | Flag.CALL;

/** 1 for every value that is written at its use. `uses` counts the uses of each. */
export function foldedValues(f: Func, uses: Int32Array): Uint8Array {
  const folded = new Uint8Array(f.count);
  /** Place of each instruction in its block. */
  const place = new Int32Array(f.count);
  /** Place of the first read in the tree of a value, or a huge number. */
  const read = new Int32Array(f.count).fill(0x7fff_ffff);
  const depth = new Uint8Array(f.count);
  for (let block = 0; block >= 0; block = f.blockNext[block]) {
    let at = 0, clobber = -1;
    for (let v = f.firstInst(block); v >= 0; v = f.next[v]) {
      place[v] = ++at;
      const flags = OP_FLAGS[f.op[v]];
      if ((flags & Flag.READS) !== 0) read[v] = at;
      f.forEachUse(v, (u) => {
        if (uses[u] !== 1 || f.block[u] !== block || !canFold(f, u)) return;
        if (read[u] < clobber || depth[u] === MAX_DEPTH) return;
        folded[u] = 1;
        read[v] = Math.min(read[v], read[u]);
        depth[v] = Math.max(depth[v], depth[u] + 1);
      });
      if ((flags & CLOBBERS) !== 0) clobber = at;
    }
  }
  return folded;
}

function canFold(f: Func, v: number): boolean {
  const op = f.op[v], flags = OP_FLAGS[op];
  if ((flags & (Flag.WRITES | Flag.EXITS | Flag.METER | Flag.CALL | Flag.ATTACHED)) !== 0) {
    return false;
  }
  // Constants are written at every use anyway.
  return op !== Op.iconst && op !== Op.fconst && (flags & (Flag.PURE | Flag.READS)) !== 0;
}
