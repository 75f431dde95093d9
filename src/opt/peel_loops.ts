/**
 * Loop peeling: the first iteration of a loop gets code of its own where it makes checks that hold
 * for all iterations if they hold for one. Numbering and `eraseDepthChecks` then find them, and loads
 * behind them, done before the loop, where they could not simply have been moved: a check must not
 * trap before the fuel of the first iteration is charged.
 *
 * Innermost loops with such a check on every way through them only, and small ones. Relies on
 * `repairSsa` for values of the loop that are used behind it.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Flag, Op, OP_FLAGS, Region, Type } from "../ir/opcodes.ts";
import type { Analyses } from "./analyses.ts";
import { cloneInst } from "./clone.ts";
import { repairSsa, type VariableGroup } from "./ssa_repair.ts";

/** Instructions of a loop that is peeled at most, and of all loops of a function together. */
const MAX_LOOP = 80, MAX_TOTAL = 240;

/** Peels loops; returns whether there were any. */
export function peelLoops(func: Func, analyses: Analyses): boolean {
  if (func.blockNext[0] < 0) return false;
  const loops = analyses.loopsOf(func);
  if (loops.count === 0) return false;
  const selected = new Int32Array(loops.count).fill(-1), bodies: number[][] = [];
  for (const [loop, blocks] of innermostLoops(analyses)) {
    if (blocks.length > 0) selected[loop] = bodies.push(blocks) - 1;
  }
  let total = 0;
  for (let loop = 0; loop < loops.count; loop++) {
    if (selected[loop] < 0) continue;
    const size = sizeIfWorthwhile(func, analyses, loop, bodies[selected[loop]]);
    if (size === 0 || total + size > MAX_TOTAL) selected[loop] = -1;
    else total += size;
  }
  if (total === 0) return false;
  const isUsedBehind = findUsesBehind(func, analyses, selected);
  const map = new Int32Array(func.count);
  for (let v = 0; v < map.length; v++) map[v] = v;
  const groups: VariableGroup[] = [];
  for (let loop = 0; loop < loops.count; loop++) {
    if (selected[loop] < 0) continue;
    peel(func, analyses, loop, bodies[selected[loop]], map, isUsedBehind, groups);
  }
  analyses.dominatorsOf(func);
  repairSsa(func, analyses.cfg, analyses.dominators, groups);
  return true;
}

/** Blocks of the loops that contain no other, in reverse postorder. */
function innermostLoops({ cfg, loops }: Analyses): Map<number, number[]> {
  const isOuter = new Uint8Array(loops.count), found = new Map<number, number[]>();
  for (let loop = 0; loop < loops.count; loop++) {
    if (loops.parent[loop] >= 0) isOuter[loops.parent[loop]] = 1;
  }
  for (let i = 0; i < cfg.rpoLength; i++) {
    const block = cfg.rpo[i], loop = loops.loopOf[block];
    if (loop < 0 || isOuter[loop] !== 0) continue;
    const blocks = found.get(loop);
    if (blocks === undefined) found.set(loop, [block]);
    else blocks.push(block);
  }
  return found;
}

/** Size of the loop, or 0 if peeling it is not possible or brings nothing. */
function sizeIfWorthwhile(
  func: Func,
  analyses: Analyses,
  loop: number,
  blocks: readonly number[],
): number {
  const { cfg, dominators, loops } = analyses, header = loops.header[loop];
  const isOnAllWays = (block: number): boolean => {
    for (let e = cfg.predStart[header]; e < cfg.predStart[header + 1]; e++) {
      const from = cfg.predBlock[e];
      if (loops.loopOf[from] === loop && !dominators.dominates(block, from)) return false;
    }
    return true;
  };
  const invariant = new Set<number>();
  let size = 0, gain = 0;
  for (const block of blocks) {
    const counts = isOnAllWays(block);
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      const op = func.op[v];
      if ((OP_FLAGS[op] & Flag.CALL) !== 0) return 0;
      if (op === Op.iconst || op === Op.fconst) {
        invariant.add(v);
        continue;
      }
      if (++size > MAX_LOOP) return 0;
      if (op === Op.depth_check) {
        if (counts) gain++;
        continue;
      }
      if ((OP_FLAGS[op] & Flag.PURE) === 0 && !isObjectLoad(func, v) && !isCheck(op)) continue;
      let isInvariant = true;
      func.forEachUse(v, (used) => {
        if (loops.loopOf[func.block[used]] === loop && !invariant.has(used)) isInvariant = false;
      });
      if (!isInvariant) continue;
      if (!isCheck(op)) invariant.add(v);
      else if (counts) gain++;
    }
  }
  return gain > 0 ? size : 0;
}

function isCheck(op: number): boolean {
  return op === Op.trap_if || op === Op.trap_unless;
}

function isObjectLoad(func: Func, v: number): boolean {
  const op = func.op[v];
  return func.aux[v] === Region.object && op >= Op.load8u && op <= Op.hloadf64 &&
    (OP_FLAGS[op] & Flag.WRITES) === 0;
}

/** Values of selected loops that are used outside of them; 1 by value. */
function findUsesBehind(func: Func, { loops }: Analyses, selected: Int32Array): Uint8Array {
  const found = new Uint8Array(func.count);
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    const own = loops.loopOf[block];
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      func.forEachUse(v, (used) => {
        const loop = loops.loopOf[func.block[used]];
        if (loop >= 0 && loop !== own && selected[loop] >= 0) found[used] = 1;
      });
    }
  }
  return found;
}

/** Puts a copy of a loop before it. `map` is the identity, also afterwards. */
function peel(
  func: Func,
  { cfg, loops }: Analyses,
  loop: number,
  blocks: readonly number[],
  map: Int32Array,
  isUsedBehind: Uint8Array,
  groups: VariableGroup[],
): void {
  const header = loops.header[loop];
  const targets = new Int32Array(func.blockCount + blocks.length);
  for (let block = 0; block < targets.length; block++) targets[block] = block;
  const copies: number[] = [];
  let after = func.blockPrev[header];
  for (const block of blocks) {
    const copy = func.addBlock();
    func.moveBlockAfter(copy, after);
    after = copy;
    copies.push(copy);
    if (block !== header) targets[block] = copy; // the copy's back edges lead to the loop itself
    for (const p of func.params(block)) map[p] = func.addParam(copy, func.type[p]);
  }
  for (let e = cfg.predStart[header]; e < cfg.predStart[header + 1]; e++) {
    if (loops.loopOf[cfg.predBlock[e]] === loop) continue;
    func.setTargetBlock(
      func.terminator(cfg.predBlock[e]),
      cfg.predTarget[e],
      copies[blocks.indexOf(header)],
    );
  }
  blocks.forEach((block, i) => {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      map[v] = cloneInst(func, v, func, copies[i], map, targets);
    }
  });
  blocks.forEach((block, i) => {
    const variables: number[] = [];
    for (let v = func.first[block]; v >= 0; v = func.next[v]) {
      if (func.type[v] !== Type.VOID && isUsedBehind[v] !== 0) variables.push(v);
    }
    if (variables.length > 0) {
      const definitions = [variables.map((v) => map[v])];
      groups.push({ home: block, blocks: [copies[i]], variables, definitions });
    }
  });
  for (const block of blocks) {
    for (let v = func.first[block]; v >= 0; v = func.next[v]) map[v] = v;
  }
}
