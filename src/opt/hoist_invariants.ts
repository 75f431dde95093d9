/**
 * Loop-invariant code motion: what a loop computes again and again from values of outside is
 * computed once, in a preheader, which is made where there is none.
 *
 * Only pure operations and loads from memory that does not change move. Guarded ones move out of a
 * loop if nothing but fuel charges stands between the loop's entry and them, since then no guard
 * does either. Constants stay, as they are remade where they are used; so do comparisons, which are
 * worth more next to the branch they feed. A loop takes a few values only, so that its own keep
 * their registers.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Flag, Op, OP_FLAGS, Region, Type } from "../ir/opcodes.ts";
import { addForwarder } from "./blocks.ts";
import type { Analyses } from "./analyses.ts";

/** Values kept across a loop at most, of either class of registers. */
const MAX_HOISTED = 6;

/** Moves invariant operations out of loops. */
export function hoistInvariants(func: Func, analyses: Analyses): void {
  if (func.blockNext[0] < 0) return;
  const { count } = analyses.loopsOf(func);
  if (count > 0) new Hoisting(func, analyses).run();
}

class Hoisting {
  readonly #func: Func;
  readonly #analyses: Analyses;
  /** Innermost loop of each value's place, kept up to date while values move. */
  readonly #loopOfValue: Int32Array;
  /** Preheader by loop, -1 while unknown. */
  readonly #preheader: Int32Array;
  /** Values moved out by loop, integers and floats. */
  readonly #moved: Int32Array;

  constructor(func: Func, analyses: Analyses) {
    const { loops } = analyses;
    this.#func = func;
    this.#analyses = analyses;
    this.#preheader = new Int32Array(loops.count).fill(-1);
    this.#moved = new Int32Array(2 * loops.count);
    this.#loopOfValue = new Int32Array(func.count).fill(-1);
    for (let block = 0; block >= 0; block = func.blockNext[block]) {
      const loop = loops.loopOf[block];
      if (loop < 0) continue;
      for (let v = func.first[block]; v >= 0; v = func.next[v]) this.#loopOfValue[v] = loop;
    }
  }

  run(): void {
    const func = this.#func, { cfg, loops } = this.#analyses;
    // A snapshot, since preheaders are added on the way.
    const order = cfg.rpo.slice(0, cfg.rpoLength);
    for (const block of order) {
      const loop = loops.loopOf[block];
      if (loop < 0) continue;
      // Guards are: a conditional trap, and a branch, behind which blocks other than headers are.
      let isUnguarded = loops.header[loop] === block;
      for (let v = func.firstInst(block), next = 0; v >= 0; v = next) {
        next = func.next[v];
        const op = func.op[v], flags = OP_FLAGS[op];
        if ((flags & Flag.EXITS) !== 0 && op !== Op.fuel) isUnguarded = false;
        else if (isMovable(func, v)) this.#hoist(v, (flags & Flag.GUARDED) !== 0, isUnguarded);
      }
    }
  }

  /** Moves `v` out of as many loops as possible. */
  #hoist(v: number, isGuarded: boolean, isUnguardedHere: boolean): void {
    if (isGuarded && !isUnguardedHere) return;
    const { loops } = this.#analyses, cls = this.#func.type[v] >= Type.F32 ? 1 : 0;
    const from = this.#loopOfValue[v];
    let target = -1;
    for (let loop = from; loop >= 0; loop = loops.parent[loop]) {
      if (!this.#isInvariant(v, loop) || this.#moved[2 * loop + cls] >= MAX_HOISTED) break;
      target = loop;
      if (isGuarded) break; // unguarded in this loop's header only
    }
    if (target < 0) return;
    // Looked up first: making the preheader adds a branch, not an instruction before `v`.
    const preheader = this.#preheaderOf(target);
    const func = this.#func;
    func.detach(v);
    func.insertBefore(v, func.terminator(preheader));
    for (let loop = from; loop !== loops.parent[target]; loop = loops.parent[loop]) {
      this.#moved[2 * loop + cls]++;
    }
    this.#loopOfValue[v] = loops.parent[target];
  }

  #isInvariant(v: number, loop: number): boolean {
    const { loops } = this.#analyses;
    let invariant = true;
    this.#func.forEachUse(v, (used) => {
      // Loops are numbered outwards: an inner one has a smaller number.
      let around = used < this.#loopOfValue.length ? this.#loopOfValue[used] : -1;
      while (around >= 0 && around < loop) around = loops.parent[around];
      if (around === loop) invariant = false;
    });
    return invariant;
  }

  #preheaderOf(loop: number): number {
    if (this.#preheader[loop] < 0) this.#preheader[loop] = this.#findOrMake(loop);
    return this.#preheader[loop];
  }

  #findOrMake(loop: number): number {
    const func = this.#func, { cfg, loops } = this.#analyses, header = loops.header[loop];
    const entries: number[] = [];
    for (let e = cfg.predStart[header]; e < cfg.predStart[header + 1]; e++) {
      if (!loops.contains(loop, cfg.predBlock[e])) entries.push(e);
    }
    const from = cfg.predBlock[entries[0]], branch = func.terminator(from);
    if (entries.length === 1 && func.op[branch] === Op.jump) return from;
    if (entries.length === 1) {
      const k = cfg.predTarget[entries[0]], args = func.targetArgs(branch, k);
      const made = addForwarder(func, from, header, args, func.pc[branch]);
      func.setTargetBlock(branch, k, made);
      func.setTargetArgs(branch, k, 0);
      return made;
    }
    const made = addForwarder(func, func.blockPrev[header], header, 0, func.pc[branch]);
    const params = func.params(header).map((p) => func.addParam(made, func.type[p]));
    func.setTargetArgs(func.terminator(made), 0, func.addList(params));
    for (const e of entries) {
      func.setTargetBlock(func.terminator(cfg.predBlock[e]), cfg.predTarget[e], made);
    }
    return made;
  }
}

function isMovable(func: Func, v: number): boolean {
  const op = func.op[v], flags = OP_FLAGS[op];
  if ((flags & Flag.PURE) !== 0) {
    return op > Op.copy && op !== Op.iconst && op !== Op.fconst && op !== Op.heap_base &&
      op !== Op.icmp && op !== Op.fcmp && (op < Op.sadd_ovf || op > Op.smul_ovf);
  }
  return func.aux[v] === Region.object && op >= Op.load8u && op <= Op.hloadf64 &&
    (flags & Flag.WRITES) === 0;
}
