/**
 * Global value numbering with folding and copy propagation: one walk in reverse postorder; a pure
 * instruction gives way to an equal one that dominates it, traps and branches on constants go.
 *
 * Guarantees that effects keep their order and places; blocks may become unreachable and are left to
 * `cleanup`.
 *
 * @module
 */
import { Cfg } from "../ir/cfg.ts";
import { Dominators } from "../ir/dominators.ts";
import type { Func } from "../ir/func.ts";
import { Flag, Op, OP_FLAGS, OP_VALUES } from "../ir/opcodes.ts";
import { fold } from "./fold.ts";

/** Numbers values and folds; returns whether anything changed. */
export function numberValues(func: Func): boolean {
  const cfg = new Cfg(func);
  const dominators = new Dominators(cfg);
  // What each value has been replaced by; grows with constants made while folding.
  let replaced = new Int32Array(func.count + 64);
  for (let v = 0; v < replaced.length; v++) replaced[v] = v;
  const table = new ValueTable(func.count);
  let changed = false;
  for (let i = 0; i < cfg.rpoLength; i++) {
    const block = cfg.rpo[i];
    for (let v = func.firstInst(block), next = 0; v >= 0; v = next) {
      next = func.next[v];
      func.mapUses(v, replaced);
      const op = func.op[v];
      if (op === Op.trap_if || op === Op.trap_unless) {
        if (foldTrap(func, v)) changed = true;
        continue;
      }
      if ((OP_FLAGS[op] & Flag.PURE) === 0) continue;
      const same = fold(func, v);
      if (func.count > replaced.length) {
        const longer = new Int32Array(2 * func.count);
        longer.set(replaced);
        for (let k = replaced.length; k < longer.length; k++) longer[k] = k;
        replaced = longer;
      }
      const known = same === v ? table.find(func, v, dominators) : same;
      if (known === v) continue;
      replaced[v] = known;
      func.erase(v);
      changed = true;
    }
    if (foldBranch(func, func.terminator(block))) changed = true;
  }
  // Arguments on back edges were mapped before what they name was replaced.
  func.mapAllUses(replaced);
  return changed;
}

/** Removes a trap that cannot happen. One that always happens stays: its block goes on in vain. */
function foldTrap(func: Func, v: number): boolean {
  const cond = func.a[v];
  if (func.op[cond] !== Op.iconst) return false;
  if ((func.constLo(cond) !== 0) === (func.op[v] === Op.trap_if)) return false;
  func.erase(v);
  return true;
}

function foldBranch(func: Func, v: number): boolean {
  if (func.op[v] !== Op.br_if || func.op[func.a[v]] !== Op.iconst) return false;
  const taken = func.constLo(func.a[v]) !== 0 ? 0 : 1;
  const targets = func.addTargets([func.targetBlock(v, taken)]);
  const args = func.targetArgs(v, taken);
  func.op[v] = Op.jump;
  func.a[v] = 0;
  func.b[v] = targets;
  func.setTargetArgs(v, 0, args);
  return true;
}

/** Pure instructions by what they compute: open hashing with chains, newest first. */
class ValueTable {
  readonly #heads: Int32Array;
  #next: Int32Array;

  constructor(values: number) {
    this.#heads = new Int32Array(1 << Math.max(6, 32 - Math.clz32(values))).fill(-1);
    this.#next = new Int32Array(values + 64);
  }

  /** An instruction equal to `v` that dominates it, or `v`, which is entered. */
  find(func: Func, v: number, dominators: Dominators): number {
    const op = func.op[v];
    const operands = OP_VALUES[op];
    const a = func.a[v];
    const b = operands > 1 ? func.b[v] : 0;
    const c = operands > 2 ? func.c[v] : 0;
    const isConstant = op === Op.iconst || op === Op.fconst;
    const x = isConstant ? func.constLo(v) : a;
    const y = isConstant ? func.constHi(v) : b;
    let hash = Math.imul(op * 31 + func.type[v] * 7 + func.aux[v], 0x9e3779b1);
    hash = Math.imul(hash ^ x, 0x85ebca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) ^ y, 0xc2b2ae35);
    hash = (hash ^ (hash >>> 13)) ^ c;
    const slot = hash & (this.#heads.length - 1);
    for (let other = this.#heads[slot]; other >= 0; other = this.#next[other]) {
      if (
        func.op[other] !== op || func.type[other] !== func.type[v] ||
        func.aux[other] !== func.aux[v]
      ) continue;
      const equal = isConstant
        ? func.constLo(other) === x && func.constHi(other) === y
        : func.a[other] === a && (operands < 2 || func.b[other] === b) &&
          (operands < 3 || func.c[other] === c);
      if (equal && dominators.dominates(func.block[other], func.block[v])) return other;
    }
    if (v >= this.#next.length) {
      const longer = new Int32Array(2 * v);
      longer.set(this.#next);
      this.#next = longer;
    }
    this.#next[v] = this.#heads[slot];
    this.#heads[slot] = v;
    return v;
  }
}
