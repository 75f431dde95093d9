/**
 * Loop rotation: a loop that tests at its top and jumps back there at its end gets a copy of the
 * test at each end, so that an iteration takes one branch, and the end of the body and the test come
 * to stand in one block (and under one fuel charge).
 *
 *     header: test; br_if body, exit        header: test; br_if body, exit    ; once
 *     body:   ...; jump header         →    body:   ...; test; br_if body, exit
 *
 * The copies share the sites of the original, which is exact: a site names a place in the guest
 * program, and each iteration passes it once. Relies on `repairSsa` for values of the header that
 * are used elsewhere. Leaves redundant parameters behind.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import type { Loops } from "../ir/loops.ts";
import { Flag, Op, OP_FLAGS, Type } from "../ir/opcodes.ts";
import { addForwarder } from "./blocks.ts";
import type { Analyses } from "./analyses.ts";
import { cloneInst } from "./clone.ts";
import { repairSsa, type VariableGroup } from "./ssa_repair.ts";

/** Instructions of a header, parameters and constants aside, that are copied at most. */
const MAX_HEADER = 14;
/** Ends of a loop that get a copy at most, and instructions copied to them in total. */
const MAX_LATCHES = 3, MAX_COPIED = 28;

/** Rotates the loops with small headers; returns whether there were any. */
export function rotateLoops(func: Func, analyses: Analyses): boolean {
  if (func.blockNext[0] < 0) return false;
  const loops = analyses.loopsOf(func), selected: number[] = [];
  for (let loop = 0; loop < loops.count; loop++) {
    if (isWorthwhile(func, analyses, loop)) selected.push(loop);
  }
  if (selected.length === 0) return false;
  const latches = selected.map((loop) => splitBackEdges(func, analyses, loop));
  const map = new Int32Array(func.count);
  for (let v = 0; v < map.length; v++) map[v] = v;
  const groups = selected.map((loop, i) => {
    const header = loops.header[loop];
    moveConstantsOut(func, header);
    return duplicate(func, header, latches[i], map);
  });
  analyses.dominatorsOf(func);
  repairSsa(func, analyses.cfg, analyses.dominators, groups);
  return true;
}

/** Whether a branch leads out of the loop as well as on in it. */
function leaves(func: Func, loops: Loops, loop: number, branch: number): boolean {
  let inside = 0, outside = 0;
  for (let k = func.targetCount(branch) - 1; k >= 0; k--) {
    if (loops.contains(loop, func.targetBlock(branch, k))) inside++;
    else outside++;
  }
  return inside > 0 && outside > 0;
}

function isWorthwhile(func: Func, analyses: Analyses, loop: number): boolean {
  const { cfg, loops } = analyses, header = loops.header[loop];
  const branch = func.terminator(header);
  if (func.op[branch] !== Op.br_if || !leaves(func, loops, loop, branch)) return false;
  let size = 0;
  for (let v = func.firstInst(header); v >= 0; v = func.next[v]) {
    if ((OP_FLAGS[func.op[v]] & Flag.CALL) !== 0) return false;
    if (!isConstant(func, v)) size++;
  }
  let latches = 0;
  for (let e = cfg.predStart[header]; e < cfg.predStart[header + 1]; e++) {
    const from = cfg.predBlock[e];
    if (!loops.contains(loop, from)) continue;
    // Tested at the bottom already, if only on one of its ways.
    if (leaves(func, loops, loop, func.terminator(from))) return false;
    latches++;
  }
  return size <= MAX_HEADER && latches <= MAX_LATCHES && size * latches <= MAX_COPIED;
}

/** Blocks that jump back to the header; conditional back edges get one of their own. */
function splitBackEdges(func: Func, analyses: Analyses, loop: number): number[] {
  const { cfg, loops } = analyses, header = loops.header[loop], latches: number[] = [];
  for (let e = cfg.predStart[header]; e < cfg.predStart[header + 1]; e++) {
    const from = cfg.predBlock[e];
    if (!loops.contains(loop, from)) continue;
    const branch = func.terminator(from);
    if (func.op[branch] === Op.jump) {
      latches.push(from);
      continue;
    }
    const k = cfg.predTarget[e], args = func.targetArgs(branch, k);
    const latch = addForwarder(func, from, header, args, func.pc[branch]);
    func.setTargetBlock(branch, k, latch);
    func.setTargetArgs(branch, k, 0);
    latches.push(latch);
  }
  return latches;
}

function isConstant(func: Func, v: number): boolean {
  return func.op[v] === Op.iconst || func.op[v] === Op.fconst;
}

/** Moves constants to the entry, where one definition serves all copies. */
function moveConstantsOut(func: Func, header: number): void {
  for (let v = func.firstInst(header), next = 0; v >= 0; v = next) {
    next = func.next[v];
    if (!isConstant(func, v)) continue;
    func.detach(v);
    func.insertBefore(v, func.terminator(0));
  }
}

/** Ends each latch with a copy of the header. `map` is the identity, also afterwards. */
function duplicate(
  func: Func,
  header: number,
  latches: readonly number[],
  map: Int32Array,
): VariableGroup {
  const params = func.params(header), variables = [...params];
  for (let v = func.firstInst(header); v >= 0; v = func.next[v]) {
    if (func.type[v] !== Type.VOID) variables.push(v);
  }
  const definitions = latches.map((latch) => {
    const jump = func.terminator(latch), list = func.targetArgs(jump, 0);
    params.forEach((p, i) => map[p] = func.listAt(list, i));
    func.erase(jump);
    for (let v = func.firstInst(header); v >= 0; v = func.next[v]) {
      map[v] = cloneInst(func, v, func, latch, map);
    }
    return variables.map((v) => map[v]);
  });
  for (let v = func.first[header]; v >= 0; v = func.next[v]) map[v] = v;
  return { home: header, blocks: latches, variables, definitions };
}
