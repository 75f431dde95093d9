/**
 * Finds block parameters that always carry one value, also where several of them carry it in a
 * circle through nested loops, and uses that value instead.
 *
 * Optimistic: a parameter starts out as unknown and becomes the first value found on its edges, then
 * itself when another one turns up, until nothing changes.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Op } from "../ir/opcodes.ts";
import type { Analyses } from "./analyses.ts";

/** Replaces redundant parameters; they stay, unused, until `eraseDeadCode`. */
export function replaceRedundantParams(func: Func, analyses: Analyses): void {
  const { rpo, rpoLength, predStart, predBlock, predTarget } = analyses.cfgOf(func);
  const value = new Int32Array(func.count);
  let hasParams = false;
  for (let v = 0; v < value.length; v++) {
    const isOpen = func.op[v] === Op.param && func.block[v] > 0;
    value[v] = isOpen ? -1 : v;
    hasParams ||= isOpen;
  }
  if (!hasParams) return;
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < rpoLength; i++) {
      const block = rpo[i], n = func.paramCount[block];
      let p = func.first[block];
      for (let k = 0; k < n; k++, p = func.next[p]) {
        if (value[p] === p) continue;
        let only = value[p];
        for (let e = predStart[block]; e < predStart[block + 1]; e++) {
          const list = func.targetArgs(func.terminator(predBlock[e]), predTarget[e]);
          const arg = value[func.listAt(list, k)];
          if (arg < 0 || arg === only) continue;
          only = only < 0 ? arg : p;
          if (only === p) break;
        }
        if (only === value[p]) continue;
        value[p] = only;
        changed = true;
      }
    }
  }
  func.mapAllUses(value);
}
