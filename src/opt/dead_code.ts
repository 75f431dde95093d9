/**
 * Erases instructions whose results nobody uses and block parameters that feed only themselves.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { KEEP_FLAGS, Op, OP_FLAGS, OP_LIST, OP_VALUES } from "../ir/opcodes.ts";
import { type Analyses, Words } from "./analyses.ts";

/** Erases dead instructions and parameters. */
export function eraseDeadCode(func: Func, analyses: Analyses): void {
  const cfg = analyses.cfgOf(func);
  const live = analyses.words(Words.live, func.count);
  const work = analyses.words(Words.work, func.count);
  live.fill(0, 0, func.count);
  let pending = 0;
  const mark = (v: number) => {
    if (live[v] !== 0) return;
    live[v] = 1;
    work[pending++] = v;
  };
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      const op = func.op[v];
      if ((OP_FLAGS[op] & KEEP_FLAGS) === 0) continue;
      if (OP_LIST[op] !== 2) mark(v);
      else {
        // A branch needs its condition; its arguments only as far as the parameters are needed.
        live[v] = 1;
        if (OP_VALUES[op] > 0) mark(func.a[v]);
      }
    }
  }
  while (pending > 0) {
    const v = work[--pending];
    if (func.op[v] !== Op.param) {
      func.forEachUse(v, mark);
      continue;
    }
    const block = func.block[v];
    for (let e = cfg.predStart[block]; e < cfg.predStart[block + 1]; e++) {
      const branch = func.terminator(cfg.predBlock[e]);
      mark(func.listAt(func.targetArgs(branch, cfg.predTarget[e]), func.b[v]));
    }
  }
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    if (block !== 0 && func.paramCount[block] > 0) {
      const keep = func.params(block).map((p) => live[p]);
      if (keep.includes(0)) {
        for (let e = cfg.predStart[block]; e < cfg.predStart[block + 1]; e++) {
          const branch = func.terminator(cfg.predBlock[e]);
          func.filterTargetArgs(branch, cfg.predTarget[e], keep);
        }
        func.filterParams(block, keep);
      }
    }
    for (let v = func.firstInst(block), next = 0; v >= 0; v = next) {
      next = func.next[v];
      if (live[v] === 0) func.erase(v);
    }
  }
}
