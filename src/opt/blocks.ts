/**
 * Fewer blocks: branches skip blocks that only jump on, branches whose targets are all the same are
 * jumps, and a block follows its only predecessor in one block with it.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Op, Type } from "../ir/opcodes.ts";
import type { Analyses } from "./analyses.ts";

/** Simplifies control flow. Unreachable blocks are erased. */
export function simplifyBlocks(func: Func, analyses: Analyses): void {
  if (func.blockNext[0] < 0) return;
  analyses.cfgOf(func);
  skipForwarders(func);
  analyses.cfgOf(func);
  mergeChains(func, analyses);
}

/** Points branches that lead to an empty block that jumps on at where that one jumps. */
function skipForwarders(func: Func): void {
  const isForwarder = findForwarders(func);
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    const branch = func.terminator(block);
    for (let k = 0, n = func.targetCount(branch); k < n; k++) {
      // Forwarders may form a cycle that does nothing for ever.
      for (let steps = 0; steps < 16; steps++) {
        const target = func.targetBlock(branch, k);
        if (isForwarder === undefined || isForwarder[target] === 0 || target === block) break;
        forward(func, branch, k, target);
      }
    }
    if (func.op[branch] === Op.br_if || func.op[branch] === Op.br_table) unifyTargets(func, branch);
  }
}

/** Blocks with nothing but a jump whose parameters are used by that jump alone; 1 by block. */
function findForwarders(func: Func): Uint8Array | undefined {
  let found: Uint8Array | undefined, hasParams = false;
  for (let block = func.blockNext[0]; block >= 0; block = func.blockNext[block]) {
    const v = func.firstInst(block);
    if (func.op[v] !== Op.jump || func.targetBlock(v, 0) === block) continue;
    found ??= new Uint8Array(func.blockCount);
    found[block] = 1;
    hasParams ||= func.paramCount[block] > 0;
  }
  if (found === undefined || !hasParams) return found;
  const forwarders = found;
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    const isPlain = forwarders[block] === 0;
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      func.forEachUse(v, (used) => {
        const home = func.block[used];
        if (func.op[used] === Op.param && (isPlain || home !== block)) forwarders[home] = 0;
      });
    }
  }
  return forwarders;
}

/** Points target `k` of a branch past the forwarder `block`. */
function forward(func: Func, branch: number, k: number, block: number): void {
  const jump = func.terminator(block);
  const passed = func.targetArgs(branch, k), list = func.targetArgs(jump, 0);
  const args: number[] = [];
  for (let i = 0, n = func.listLength(list); i < n; i++) {
    const arg = func.listAt(list, i);
    const isOwn = func.op[arg] === Op.param && func.block[arg] === block;
    args.push(isOwn ? func.listAt(passed, func.b[arg]) : arg);
  }
  func.setTargetBlock(branch, k, func.targetBlock(jump, 0));
  func.setTargetArgs(branch, k, func.addList(args));
}

/** Makes a branch a jump if all its targets are one block with the same arguments. */
function unifyTargets(func: Func, branch: number): void {
  const block = func.targetBlock(branch, 0), args = func.targetArgs(branch, 0);
  const length = func.listLength(args);
  for (let k = func.targetCount(branch) - 1; k > 0; k--) {
    if (func.targetBlock(branch, k) !== block) return;
    const other = func.targetArgs(branch, k);
    for (let i = 0; i < length; i++) {
      if (func.listAt(args, i) !== func.listAt(other, i)) return;
    }
  }
  const targets = func.addTargets([block]);
  func.op[branch] = Op.jump;
  func.a[branch] = 0;
  func.b[branch] = targets;
  func.setTargetArgs(branch, 0, args);
}

/** Appends each block to its only predecessor when that one has no other successor. */
function mergeChains(func: Func, analyses: Analyses): void {
  const { cfg } = analyses;
  let map: Int32Array | undefined;
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (;;) {
      const jump = func.terminator(block);
      if (func.op[jump] !== Op.jump) break;
      const target = func.targetBlock(jump, 0);
      if (target === block || cfg.predCount(target) !== 1) break;
      if (func.paramCount[target] > 0) {
        if (map === undefined) {
          map = new Int32Array(func.count);
          for (let v = 0; v < map.length; v++) map[v] = v;
        }
        const list = func.targetArgs(jump, 0);
        let p = func.first[target];
        for (let i = 0, n = func.paramCount[target]; i < n; i++, p = func.next[p]) {
          map[p] = func.listAt(list, i);
        }
      }
      func.erase(jump);
      moveAll(func, target, block);
      func.eraseBlock(target);
    }
  }
  if (map === undefined) return;
  for (let v = 0; v < map.length; v++) {
    let value = map[v];
    while (map[value] !== value) value = map[value];
    map[v] = value;
  }
  func.mapAllUses(map);
}

/** Moves the instructions of one block, parameters aside, to the end of another. */
function moveAll(func: Func, from: number, to: number): void {
  const first = func.firstInst(from);
  if (first < 0) return;
  const lastParam = func.lastParam[from], last = func.last[to], end = func.last[from];
  for (let v = first; v >= 0; v = func.next[v]) func.block[v] = to;
  func.last[from] = lastParam;
  if (lastParam < 0) func.first[from] = -1;
  else func.next[lastParam] = -1;
  func.prev[first] = last;
  if (last < 0) func.first[to] = first;
  else func.next[last] = first;
  func.last[to] = end;
}

/** A new block right behind `after` that jumps to `target` and passes `args`. */
export function addForwarder(
  func: Func,
  after: number,
  target: number,
  args: number,
  pc: number,
): number {
  const block = func.addBlock();
  func.moveBlockAfter(block, after);
  const jump = func.append(block, Op.jump, Type.VOID, 0, func.addTargets([target]));
  func.pc[jump] = pc;
  func.setTargetArgs(jump, 0, args);
  return block;
}
