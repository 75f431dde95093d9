/**
 * Erases checks for a call level where a dominating check, call or taken level has shown already
 * that there is one.
 *
 * Relies on levels being taken and given back in pairs, so that a block has the same level on all
 * ways to it; how many levels are left at the function's entry does not change while it runs.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Op } from "../ir/opcodes.ts";
import { Scratch } from "../util/scratch.ts";
import type { Analyses } from "./analyses.ts";

/** Reused by all functions, one at a time. */
const scratch = new Scratch();

/** Erases redundant checks. */
export function eraseDepthChecks(func: Func, analyses: Analyses): void {
  if (!hasCheck(func)) return;
  const { order, orderLength, idom } = analyses.dominatorsOf(func), { cfg } = analyses;
  // At the end of each block: levels taken since the entry, and levels known to exist.
  scratch.reset();
  const taken = scratch.int32(func.blockCount, -1), known = scratch.int32(func.blockCount);
  for (let i = 0; i < orderLength; i++) {
    const block = order[i];
    let level = 0;
    for (let e = cfg.predStart[block]; e < cfg.predStart[block + 1]; e++) {
      // Forward edges come from blocks visited before.
      if (taken[cfg.predBlock[e]] >= 0) level = taken[cfg.predBlock[e]];
    }
    let shown = idom[block] < 0 ? 0 : known[idom[block]];
    for (let v = func.firstInst(block), next = 0; v >= 0; v = next) {
      next = func.next[v];
      switch (func.op[v]) {
        case 0x79: // ir.depth_enter
          level++;
          shown = Math.max(shown, level);
          break;
        case 0x7a: // ir.depth_leave
          level--;
          break;
        case 0x7b: // ir.depth_check
          if (shown > level) func.erase(v);
          else shown = level + 1;
          break;
        case 0x80: // ir.call
        case 0x81: // ir.call_indirect
          shown = Math.max(shown, level + 1);
          break;
      }
    }
    taken[block] = level;
    known[block] = shown;
  }
}

function hasCheck(func: Func): boolean {
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      if (func.op[v] === Op.depth_check) return true;
    }
  }
  return false;
}
