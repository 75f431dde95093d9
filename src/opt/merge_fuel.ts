/**
 * Fewer fuel charges, each for more units.
 *
 * A charge may move up or down across anything that can neither leave the function nor be seen by
 * the host, since nothing tells then when it was made; what is stored in between dies with the run.
 * A merged site lists its pcs in the order in which the units are spent, so that `pcs[fuel]` still
 * names the first instruction that does not run. Three moves:
 *
 * - within a block, a later charge joins an earlier one;
 * - where all predecessors of a block jump to it, its first charge joins the last one of each;
 * - where a branch is the only way to all of its targets, its block's last charge joins the first one
 *   of each.
 *
 * With the last two a diamond, and with it the usual loop with a conditional, charges once a path.
 * Relies on no site being changed in place anywhere: instructions may share one.
 *
 * @module
 */
import type { Cfg } from "../ir/cfg.ts";
import type { Func, Site } from "../ir/func.ts";
import { Flag, Op, OP_FLAGS } from "../ir/opcodes.ts";
import { Scratch } from "../util/scratch.ts";
import type { Analyses } from "./analyses.ts";

/** Reused by all functions, one at a time. */
const scratch = new Scratch();

/** Instructions that no charge may cross. */
const BARRIER = Flag.EXITS | Flag.CALL;

/** Units that moving a charge to several blocks may add to the tables of pcs. */
const MAX_COPIED_UNITS = 96;

/** Merges charges. */
export function mergeFuel(func: Func, analyses: Analyses): void {
  for (let block = 0; block >= 0; block = func.blockNext[block]) mergeWithin(func, block);
  if (func.blockNext[0] < 0) return;
  const cfg = analyses.cfgOf(func);
  const charges = new Charges(func);
  for (let i = 0; i < cfg.rpoLength; i++) sink(func, cfg, charges, cfg.rpo[i]);
  for (let i = cfg.rpoLength - 1; i > 0; i--) hoist(func, cfg, charges, cfg.rpo[i]);
}

/** Joins charges between which nothing happens that could be seen. */
function mergeWithin(func: Func, block: number): void {
  let run: number[] = [];
  for (let v = func.firstInst(block), next = 0; v >= 0; v = next) {
    next = func.next[v];
    if (func.op[v] === Op.fuel) run.push(v);
    else if ((OP_FLAGS[func.op[v]] & BARRIER) !== 0 && run.length > 0) {
      join(func, run[0], run);
      for (let i = 1; i < run.length; i++) func.erase(run[i]);
      run = [];
    }
  }
  if (run.length === 0) return;
  join(func, run[0], run);
  for (let i = 1; i < run.length; i++) func.erase(run[i]);
}

/** Makes `target` charge what `charges` do, in that order. */
function join(func: Func, target: number, charges: readonly number[]): void {
  if (charges.length === 1) return;
  const sites = charges.map((v): Site => func.sites[func.c[v]]);
  const pcs: number[] = [], funcs: number[] = [];
  const isForeign = sites.some((site) => site.funcs.length > 0);
  for (const site of sites) {
    for (let i = 0; i < site.pcs.length; i++) {
      pcs.push(site.pcs[i]);
      if (isForeign) funcs.push(site.funcs[i] ?? -1);
    }
  }
  func.c[target] = isForeign ? func.addFuelSite(pcs, funcs) : func.addFuelSite(pcs);
  func.a[target] = pcs.length;
}

/**
 * For each block its first charge if nothing stands before it that a charge may not cross, and its
 * last one if nothing stands behind it; -1 otherwise. A block has at most one of either kind, since
 * the rest has been merged.
 */
class Charges {
  readonly first: Int32Array;
  readonly last: Int32Array;

  constructor(func: Func) {
    scratch.reset();
    this.first = scratch.int32(func.blockCount, -1);
    this.last = scratch.int32(func.blockCount, -1);
    for (let block = 0; block >= 0; block = func.blockNext[block]) {
      let isHead = true;
      for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
        const op = func.op[v];
        if (op === Op.fuel) {
          if (isHead) this.first[block] = v;
          this.last[block] = v;
          isHead = false;
        } else if ((OP_FLAGS[op] & (BARRIER | Flag.TERMINATOR)) === 0) continue;
        else if ((OP_FLAGS[op] & Flag.TERMINATOR) === 0) {
          isHead = false;
          this.last[block] = -1;
        }
      }
    }
  }

  /** Erases the charge that is both, or one, of the block's. */
  erase(func: Func, block: number, v: number): void {
    func.erase(v);
    if (this.first[block] === v) this.first[block] = -1;
    if (this.last[block] === v) this.last[block] = -1;
  }
}

/** Moves the last charge of a block into the targets of its branch. */
function sink(func: Func, cfg: Cfg, charges: Charges, block: number): void {
  const charge = charges.last[block], branch = func.terminator(block);
  const count = func.targetCount(branch);
  if (charge < 0 || count < 2 || func.a[charge] * (count - 1) > MAX_COPIED_UNITS) return;
  for (let k = 0; k < count; k++) {
    const target = func.targetBlock(branch, k);
    if (cfg.predCount(target) !== 1 || charges.first[target] < 0) return;
  }
  for (let k = 0; k < count; k++) {
    const first = charges.first[func.targetBlock(branch, k)];
    join(func, first, [charge, first]);
  }
  charges.erase(func, block, charge);
}

/** Moves the first charge of a block into the blocks that jump to it. */
function hoist(func: Func, cfg: Cfg, charges: Charges, block: number): void {
  const charge = charges.first[block], start = cfg.predStart[block], end = cfg.predStart[block + 1];
  if (charge < 0 || func.a[charge] * (end - start - 1) > MAX_COPIED_UNITS) return;
  for (let e = start; e < end; e++) {
    const from = cfg.predBlock[e];
    if (from === block || func.op[func.terminator(from)] !== Op.jump) return;
    if (charges.last[from] < 0) return;
  }
  for (let e = start; e < end; e++) {
    const last = charges.last[cfg.predBlock[e]];
    join(func, last, [last, charge]);
  }
  charges.erase(func, block, charge);
}
