/**
 * Removes what nobody needs: unreachable blocks, jumps to a block with one predecessor, instructions
 * and block parameters without users.
 *
 * @module
 */
import { Cfg } from "../ir/cfg.ts";
import type { Func } from "../ir/func.ts";
import { KEEP_FLAGS, Op, OP_FLAGS } from "../ir/opcodes.ts";

/** Removes unreachable blocks, merges chains of blocks and erases dead code. */
export function cleanup(func: Func): void {
  const cfg = new Cfg(func);
  for (let block = 0, next = 0; block >= 0; block = next) {
    next = func.blockNext[block];
    if (cfg.rpoIndex[block] < 0) func.eraseBlock(block);
  }
  mergeBlocks(func);
  eraseDead(func);
}

/** Appends a block to its only predecessor when that one has no other successor. */
function mergeBlocks(func: Func): void {
  const predecessors = new Int32Array(func.blockCount);
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    const v = func.terminator(block);
    for (let k = 0; k < func.targetCount(v); k++) predecessors[func.targetBlock(v, k)]++;
  }
  let map: Int32Array | undefined;
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (;;) {
      const jump = func.terminator(block);
      if (func.op[jump] !== Op.jump) break;
      const target = func.targetBlock(jump, 0);
      if (target === block || target === 0 || predecessors[target] !== 1) break;
      const params = func.params(target);
      const list = func.targetArgs(jump, 0);
      if (params.length > 0) {
        map ??= Int32Array.from({ length: func.count }, (_, v) => v);
        params.forEach((param, k) => map![param] = func.listAt(list, k));
      }
      func.erase(jump);
      for (let v = func.firstInst(target), next = 0; v >= 0; v = next) {
        next = func.next[v];
        func.detach(v);
        func.insertAtEnd(v, block);
      }
      func.eraseBlock(target);
    }
  }
  if (map === undefined) return;
  const resolved = map;
  for (let v = 0; v < resolved.length; v++) {
    let value = resolved[v];
    while (resolved[value] !== value) value = resolved[value];
    resolved[v] = value;
  }
  func.mapAllUses(resolved);
}

/** Erases instructions nobody uses and that do nothing else, and parameters fed only by themselves. */
function eraseDead(func: Func): void {
  const live = new Uint8Array(func.count);
  const work: number[] = [];
  const mark = (v: number) => {
    if (live[v] !== 0) return;
    live[v] = 1;
    work.push(v);
  };
  const cfg = new Cfg(func);
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      if ((OP_FLAGS[func.op[v]] & KEEP_FLAGS) === 0) continue;
      // A branch needs its condition; its arguments only as far as the parameters are needed.
      if (func.targetCount(v) === 0) mark(v);
      else {
        live[v] = 1;
        if (func.op[v] !== Op.jump) mark(func.a[v]);
      }
    }
  }
  while (work.length > 0) {
    const v = work.pop()!;
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
      const keep = func.params(block).map((param) => live[param]);
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
      if (live[v] === 0 && (OP_FLAGS[func.op[v]] & KEEP_FLAGS) === 0) func.erase(v);
    }
  }
}
