/**
 * The last changes to a function before instruction selection: critical edges and edges with
 * arguments get a block of their own, and the blocks get their final layout: reverse postorder with
 * each loop together, blocks that leave for the dispatcher and come back behind them, blocks that only
 * trap at the end.
 *
 * @module
 */
import { Cfg } from "../ir/cfg.ts";
import { Dominators } from "../ir/dominators.ts";
import type { Func } from "../ir/func.ts";
import { Loops } from "../ir/loops.ts";
import { Op, Type } from "../ir/opcodes.ts";

/** What the layout was made by, and instruction selection goes on with. */
export interface FlowGraph {
  readonly cfg: Cfg;
  readonly dominators: Dominators;
  readonly loops: Loops;
}

/** Reused by all functions, one at a time. */
const cfg = new Cfg();
const dominators = new Dominators();
const loops = new Loops();
const graph: FlowGraph = { cfg, dominators, loops };

/** Functions of more blocks have their constants sunk. */
const MANY_BLOCKS = 128;

/**
 * Splits edges and lays out blocks; unreachable blocks are erased.
 *
 * @returns The graph as it is then, good until the next function is prepared.
 */
export function prepare(func: Func): FlowGraph {
  cfg.compute(func);
  if (eraseUnreachable(func)) cfg.compute(func);
  if (splitEdges(func)) cfg.compute(func);
  loops.compute(cfg, dominators.compute(cfg));
  layOut(func);
  if (func.blockCount > MANY_BLOCKS) sinkConstants(func);
  return graph;
}

/**
 * Moves constants that one block alone uses into that block, unless it lies in a loop that the
 * constant is outside of. They are made where they are needed anyway, and long functions have many,
 * all of which would be live from the top down to their use.
 */
function sinkConstants(func: Func): void {
  // By value: the only block of its uses and the first of them, or -2 if there are several blocks.
  const home = new Int32Array(func.count).fill(-1), first = new Int32Array(func.count);
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      func.forEachUse(v, (used) => {
        if (home[used] === -1) {
          home[used] = block;
          first[used] = v;
        } else if (home[used] !== block) home[used] = -2;
      });
    }
  }
  for (let v = 0; v < home.length; v++) {
    if (func.op[v] !== Op.iconst && func.op[v] !== Op.fconst) continue;
    if (home[v] < 0 || home[v] === func.block[v]) continue;
    const inner = loops.loopOf[home[v]];
    if (inner >= 0 && !loops.contains(inner, func.block[v])) continue;
    func.detach(v);
    func.insertBefore(v, first[v]);
  }
}

/** Returns whether there were any. */
function eraseUnreachable(func: Func): boolean {
  let isErased = false;
  for (let block = 0, next = 0; block >= 0; block = next) {
    next = func.blockNext[block];
    if (cfg.isReachable(block)) continue;
    func.eraseBlock(block);
    isErased = true;
  }
  return isErased;
}

/**
 * Gives every edge from a block with several targets its own block if the target has other
 * predecessors or takes arguments, so that moves on the edge have a place. Returns whether there were
 * such edges.
 */
function splitEdges(func: Func): boolean {
  const { blockCount } = func;
  for (let block = 0, next = 0; block >= 0; block = next) {
    next = func.blockNext[block];
    const v = func.terminator(block);
    const count = func.targetCount(v);
    if (count < 2) {
      // A conditional branch with one target is a jump as far as edges go, but passes nothing.
      if (count === 1 && func.op[v] !== Op.jump) splitEdge(func, block, v, 0);
      continue;
    }
    for (let k = 0; k < count; k++) {
      const list = func.targetArgs(v, k);
      if (cfg.predCount(func.targetBlock(v, k)) > 1 || func.listLength(list) > 0) {
        splitEdge(func, block, v, k);
      }
    }
  }
  return func.blockCount > blockCount;
}

function splitEdge(func: Func, block: number, v: number, k: number): void {
  const target = func.targetBlock(v, k);
  const middle = func.addBlock();
  func.currentPc = func.pc[v];
  const targets = func.addTargets([target]);
  const jump = func.append(middle, Op.jump, Type.VOID, 0, targets);
  func.setTargetArgs(jump, 0, func.targetArgs(v, k));
  func.setTargetArgs(v, k, 0);
  func.setTargetBlock(v, k, middle);
  func.moveBlockAfter(middle, block);
}

/**
 * Whether a block leaves for the dispatcher on the way to somewhere that has other ways to it: growing
 * memory, above all. Out of line, it does not take registers from what is usual. No value defined in
 * it is used elsewhere, so it may come after the blocks that follow it.
 */
function isDetour(func: Func, block: number): boolean {
  if (func.op[func.terminator(block)] !== Op.jump || dominators.child[block] >= 0) return false;
  for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
    if (func.op[v] === Op.exit) return true;
  }
  return false;
}

/** Orders blocks: reverse postorder, each loop together, detours and blocks ending in `trap` last. */
function layOut(func: Func): void {
  if (func.blockNext[0] < 0) return;
  const detours: number[] = [];
  const cold: number[] = [];
  // What lies directly in each loop, and in none at the end, in reverse postorder: blocks, and ~loop
  // for inner loops where their headers are. It keeps definitions before uses.
  const members: number[][] = Array.from({ length: loops.count + 1 }, () => []);
  for (let i = 0; i < cfg.rpoLength; i++) {
    const block = cfg.rpo[i], loop = loops.loopOf[block];
    if (loop >= 0 && loops.header[loop] === block) {
      members[loops.parent[loop] < 0 ? loops.count : loops.parent[loop]].push(~loop);
    }
    if (block === 0) continue;
    if (func.op[func.terminator(block)] === Op.trap) cold.push(block);
    else if (isDetour(func, block)) detours.push(block);
    else members[loop < 0 ? loops.count : loop].push(block);
  }
  let after = 0;
  const place = (block: number): void => {
    func.moveBlockAfter(block, after);
    after = block;
  };
  const open = [{ list: members[loops.count], next: 0 }];
  while (open.length > 0) {
    const top = open[open.length - 1];
    if (top.next === top.list.length) open.pop();
    else {
      const member = top.list[top.next++];
      if (member >= 0) place(member);
      else open.push({ list: members[~member], next: 0 });
    }
  }
  detours.forEach(place);
  cold.forEach(place);
}
