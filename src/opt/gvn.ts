/**
 * Global value numbering with folding, copy propagation and facts about conditions: one walk over
 * the dominator tree in preorder, which visits every forward edge's source before its target.
 *
 * - A pure instruction, or a load from memory that does not change, gives way to an equal one that
 *   dominates it.
 * - A block parameter that receives one value only is that value.
 * - Behind `trap_if c` and on the edges of `br_if c` the value of `c`, and of comparisons it decides,
 *   is known; checks that repeat a dominating one go.
 * - Traps and branches on known conditions are decided. A trap that always happens ends its block.
 *
 * Guarantees that effects keep their order and places. Replaced parameters stay, unused, until
 * `eraseDeadCode`; blocks that became unreachable are erased.
 *
 * @module
 */
import type { Cfg } from "../ir/cfg.ts";
import type { Dominators } from "../ir/dominators.ts";
import type { Func } from "../ir/func.ts";
import { Cond, COND_SWAPPED, Flag, Op, OP_FLAGS, Region, Type } from "../ir/opcodes.ts";
import { type Analyses, Words } from "./analyses.ts";
import { becomeSmallInt, isInt, isIntValue } from "./constants.ts";
import { fold, isBoolean, stripCondition } from "./fold.ts";
import { ValueTable } from "./value_table.ts";

/** Numbers values and folds. */
export function numberValues(func: Func, analyses: Analyses): void {
  analyses.dominatorsOf(func);
  const numbering = new Numbering(func, analyses);
  numbering.run();
  if (numbering.branchesChanged) analyses.cfgOf(func);
}

/** What is known of an i32 value. */
const UNKNOWN = 0, ZERO = 1, NONZERO = 2;

/** Operands of operands that a fact is passed on to; an expression may be as deep as code is long. */
const MAX_NESTING = 8;

/** Relations of two integers in which a condition holds, by code: less 1, equal 2, greater 4. */
const RELATIONS = Uint8Array.of(2, 5, 1, 6, 4, 3, 1, 6, 4, 3);

/** State of one walk. */
class Numbering {
  /** Whether a branch was decided or a block ended early. */
  branchesChanged = false;

  readonly #func: Func;
  readonly #analyses: Analyses;
  readonly #cfg: Cfg;
  readonly #dominators: Dominators;
  readonly #table: ValueTable;
  /** What each value has been replaced by, itself if nothing. */
  #replaced: Int32Array;
  /** UNKNOWN, ZERO or NONZERO by value, within the subtree being visited. */
  #known: Int32Array;
  /** How many values the side tables cover. */
  #covered = 0;
  /** Values with facts, oldest first, and how many there were when each open block was entered. */
  readonly #facts: number[] = [];
  readonly #openBlocks: number[] = [];
  readonly #openFacts: number[] = [];
  /** Context fields whose value is known at this place in the block: offset, value. */
  readonly #fields: number[] = [];
  /** Terminators and traps to rewrite when the walk is over, each with what to do. */
  readonly #decisions: number[] = [];

  constructor(func: Func, analyses: Analyses) {
    this.#func = func;
    this.#analyses = analyses;
    this.#cfg = analyses.cfg;
    this.#dominators = analyses.dominators;
    this.#table = new ValueTable(func, analyses);
    this.#replaced = analyses.words(Words.replaced, 0);
    this.#known = analyses.words(Words.known, 0);
    this.#cover();
  }

  run(): void {
    const { order, orderLength } = this.#dominators;
    for (let i = 0; i < orderLength; i++) {
      this.#enter(order[i]);
      this.#visit(order[i]);
    }
    // The graph of the walk is a snapshot, so branches change only now.
    for (let i = 0; i < this.#decisions.length; i += 2) {
      this.#rewrite(this.#decisions[i], this.#decisions[i + 1]);
    }
  }

  // ---- facts

  /** Forgets what was known in subtrees that are left and learns from the edge into the block. */
  #enter(block: number): void {
    const open = this.#openBlocks;
    while (open.length > 0 && !this.#dominators.dominates(open[open.length - 1], block)) {
      open.pop();
      const mark = this.#openFacts.pop()!;
      while (this.#facts.length > mark) this.#known[this.#facts.pop()!] = UNKNOWN;
    }
    open.push(block);
    this.#openFacts.push(this.#facts.length);
    // Back edges come from where the fact is known already.
    const { predStart, predBlock, predTarget } = this.#cfg;
    let entry = -1;
    for (let e = predStart[block]; e < predStart[block + 1]; e++) {
      if (this.#dominators.dominates(block, predBlock[e])) continue;
      if (entry >= 0) return;
      entry = e;
    }
    if (entry < 0) return;
    const branch = this.#func.terminator(predBlock[entry]);
    if (this.#func.op[branch] !== Op.br_if) return;
    this.#learn(this.#func.a[branch], predTarget[entry] === 0);
  }

  /** Records that an i32 value is not 0, or is. */
  #learn(value: number, isNonzero: boolean, nesting = 0): void {
    const func = this.#func;
    if (this.#known[value] !== UNKNOWN || isInt(func, value)) return;
    this.#known[value] = isNonzero ? NONZERO : ZERO;
    this.#facts.push(value);
    if (nesting === MAX_NESTING) return;
    const op = func.op[value];
    // a & b is nonzero only if both are, a | b is zero only if both are.
    if ((op === Op.iand && isNonzero) || (op === Op.ior && !isNonzero)) {
      this.#learn(func.a[value], isNonzero, nesting + 1);
      this.#learn(func.b[value], isNonzero, nesting + 1);
    } else if (
      op === Op.icmp && func.aux[value] <= Cond.ne && func.type[func.a[value]] === Type.I32 &&
      isIntValue(func, func.b[value], 0)
    ) {
      this.#learn(func.a[value], isNonzero === (func.aux[value] === Cond.ne), nesting + 1);
    }
  }

  /** What is known of a value. */
  #factOf(value: number): number {
    const func = this.#func;
    if (isInt(func, value)) return func.constLo(value) === 0 ? ZERO : NONZERO;
    if (this.#known[value] !== UNKNOWN || func.op[value] !== Op.icmp) return this.#known[value];
    return this.#decideComparison(value);
  }

  /** Decides a comparison by known ones of the same operands. */
  #decideComparison(v: number): number {
    const func = this.#func;
    if (this.#facts.length === 0) return UNKNOWN;
    const cond = func.aux[v], relations = RELATIONS[cond];
    for (
      let other = this.#table.nextComparison(v, -1);
      other >= 0;
      other = this.#table.nextComparison(v, other)
    ) {
      const known = this.#known[other];
      if (known === UNKNOWN) continue;
      let given = func.aux[other];
      if (func.a[other] !== func.a[v]) given = COND_SWAPPED[given];
      if (known === ZERO) given ^= 1;
      // Signed and unsigned order share nothing but equality.
      const isMixed = cond > Cond.ne && given > Cond.ne && (cond < Cond.ult) !== (given < Cond.ult);
      if (isMixed) continue;
      if ((RELATIONS[given] & ~relations) === 0) return NONZERO;
      if ((RELATIONS[given] & relations) === 0) return ZERO;
    }
    return UNKNOWN;
  }

  // ---- the walk

  #visit(block: number): void {
    const func = this.#func;
    this.#forgetFields();
    if (block !== 0 && func.paramCount[block] > 0) this.#visitParams(block);
    for (let v = func.firstInst(block), next = 0; v >= 0; v = next) {
      next = func.next[v];
      func.mapUses(v, this.#replaced);
      const op = func.op[v], flags = OP_FLAGS[op];
      if ((flags & Flag.PURE) !== 0) this.#visitPure(v);
      else if (op >= Op.load8u && op <= Op.ctx_store) this.#visitMemory(v, op);
      else if (op === Op.trap_if || op === Op.trap_unless) {
        if (this.#visitTrap(v)) return;
      } else if ((flags & Flag.TERMINATOR) !== 0) this.#visitTerminator(v);
      else if ((flags & Flag.CALL) !== 0) this.#forgetFields();
    }
  }

  /** Replaces parameters that receive one value on all edges (or themselves). */
  #visitParams(block: number): void {
    const func = this.#func, { predStart, predBlock, predTarget } = this.#cfg;
    const start = predStart[block], end = predStart[block + 1];
    let p = func.first[block];
    for (let i = 0, n = func.paramCount[block]; i < n; i++, p = func.next[p]) {
      let only = -1;
      for (let e = start; e < end; e++) {
        const branch = func.terminator(predBlock[e]);
        const list = func.targetArgs(branch, predTarget[e]);
        const arg = this.#replaced[func.extra[list + 1 + i]];
        if (arg === p || arg === only) continue;
        if (only >= 0 && !sameConstant(func, arg, only)) {
          only = -2;
          break;
        }
        if (only < 0) only = arg;
      }
      if (only < 0) continue;
      if (isConstant(func, only)) {
        // Equal constants from different blocks: one of its own.
        const copy = func.create(func.op[only], func.type[only], func.a[only], 0, 0);
        func.pc[copy] = -1;
        func.insertAfter(copy, func.lastParam[block]);
        this.#cover();
        only = this.#number(copy);
      }
      this.#replaced[p] = only;
    }
  }

  #visitPure(v: number): void {
    const func = this.#func, before = func.count;
    if (this.#facts.length > 0) this.#useFacts(v);
    let same = fold(func, v);
    if (func.count > before) same = this.#enterNew(before, v, same);
    if (same !== v) this.#replace(v, same);
    else this.#number(v);
  }

  /** Numbers what folding has put before `v`. */
  #enterNew(from: number, v: number, same: number): number {
    const func = this.#func;
    this.#cover();
    for (let u = from, end = func.count; u < end; u++) {
      if (func.a[v] !== u && func.b[v] !== u && func.c[v] !== u) func.erase(u); // a step in between
      else this.#number(u);
    }
    func.mapUses(v, this.#replaced);
    return same < 0 ? same : this.#replaced[same];
  }

  /** Puts known flags in the place of operands of boolean operations. */
  #useFacts(v: number): void {
    const func = this.#func, op = func.op[v];
    if (op === Op.select) return this.#useFact(v);
    if (op === Op.icmp) {
      if (func.type[func.a[v]] !== Type.I32 || !isIntValue(func, func.b[v], 0)) return;
      this.#useFact(v);
    } else if (op >= Op.iand && op <= Op.ixor && func.type[v] === Type.I32) {
      this.#useFact(v);
      const a = func.a[v];
      func.a[v] = func.b[v];
      func.b[v] = a;
      this.#useFact(v);
    }
  }

  /** Replaces the first operand by a constant if it is a flag whose value is known. */
  #useFact(v: number): void {
    const func = this.#func, a = func.a[v], known = this.#known[a];
    if (known === UNKNOWN || (known === NONZERO && !isBoolean(func, a))) return;
    const value = known === ZERO ? 0 : 1;
    const constant = func.create(Op.iconst, Type.I32, func.addConstantHalves(value, 0), 0, 0);
    func.pc[constant] = func.pc[v];
    func.insertBefore(constant, v);
    this.#cover();
    func.a[v] = this.#number(constant);
  }

  /** Looks `v` up; returns what stands for it from now on. */
  #number(v: number): number {
    const func = this.#func;
    if (func.op[v] === Op.icmp && this.#facts.length > 0) {
      const known = this.#decideComparison(v);
      if (known !== UNKNOWN) becomeSmallInt(func, v, known === ZERO ? 0 : 1);
    }
    const same = this.#table.find(v);
    if (same === v) return v;
    if (this.#known[same] !== UNKNOWN && isBoolean(func, same)) {
      becomeSmallInt(func, v, this.#known[same] === ZERO ? 0 : 1);
      return this.#number(v);
    }
    this.#replace(v, same);
    return same;
  }

  #replace(v: number, same: number): void {
    this.#replaced[v] = same;
    this.#func.erase(v);
  }

  /** Makes the side tables cover instructions made meanwhile. */
  #cover(): void {
    const { count } = this.#func;
    this.#replaced = this.#analyses.words(Words.replaced, count);
    this.#known = this.#analyses.words(Words.known, count);
    for (let v = this.#covered; v < count; v++) {
      this.#replaced[v] = v;
      this.#known[v] = UNKNOWN;
    }
    this.#covered = count;
  }

  // ---- memory

  #visitMemory(v: number, op: number): void {
    const func = this.#func;
    if (op === Op.ctx_load) return this.#visitFieldLoad(v);
    if (op === Op.ctx_store) return this.#setField(func.c[v], func.a[v]);
    if ((OP_FLAGS[op] & Flag.WRITES) !== 0) {
      if (func.aux[v] === Region.object) this.#table.addStore(v);
      // The rest of memory may be the context block.
      else if (func.aux[v] === Region.unknown || func.aux[v] === Region.context) {
        this.#forgetFields();
      }
    } else if (func.aux[v] === Region.object) {
      const before = func.count;
      if (!this.#forward(v, op)) this.#number(v);
      else if (func.op[v] !== Op.none) this.#visitPure(v);
      if (func.count > before) this.#cover();
    }
  }

  /** Gives a load from an object the value that a store put there; false if none is known. */
  #forward(v: number, op: number): boolean {
    const func = this.#func, block = func.block[v];
    let address = func.a[v], displacement = func.c[v];
    let store = this.#table.findStore(block, op, address, displacement);
    const isSum = func.op[address] === Op.iadd && isInt(func, func.b[address]);
    if (store < 0 && isSum) {
      // x + c does not wrap, since the store found there has shown x + c + displacement to exist.
      const c = func.constLo(func.b[address]), hi = func.constHi(func.b[address]);
      if (c >= 0 && hi === 0 && displacement >= 0 && c + displacement <= 0x7fffffff) {
        address = func.a[address];
        displacement += c;
        store = this.#table.findStore(block, op, address, displacement);
      }
    }
    const width = op & ~0x30; // the same for absolute and relative operations
    if (width === (Op.load8u & ~0x30)) return this.#forwardByte(v, address, displacement);
    if (store < 0) return false;
    const value = func.b[store], stored = func.op[store] & ~0x30;
    const isWhole = stored - (Op.store8 & ~0x30) >= 2 && func.type[value] === func.type[v] &&
      (width === (Op.load64 & ~0x30) || width === (Op.load32 & ~0x30) ||
        width === (Op.loadf32 & ~0x30) || width === (Op.loadf64 & ~0x30));
    if (isWhole) {
      this.#replace(v, value);
      return true;
    }
    const isLowHalf = width === (Op.load32 & ~0x30) && stored === (Op.store64 & ~0x30);
    if (!isLowHalf) return false;
    func.op[v] = Op.wrap;
    func.a[v] = value;
    func.c[v] = 0;
    func.aux[v] = 0;
    return true;
  }

  /** Gives a load of a byte the part it reads of a constant word. */
  #forwardByte(v: number, address: number, displacement: number): boolean {
    const func = this.#func;
    if (displacement < 0) return false;
    const { op, block } = func, at = displacement & ~7;
    const store = this.#table.findStore(block[v], op[v], address, at);
    if (store < 0 || (op[store] & ~0x30) !== (Op.store64 & ~0x30)) return false;
    const word = func.b[store], shift = 8 * (displacement & 7);
    if (!isInt(func, word)) return false;
    const half = shift < 32 ? func.constLo(word) : func.constHi(word);
    becomeSmallInt(func, v, half >>> (shift & 31) & 0xff);
    return true;
  }

  #visitFieldLoad(v: number): void {
    const func = this.#func, fields = this.#fields;
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] !== func.c[v]) continue;
      if (func.type[fields[i + 1]] === func.type[v]) this.#replace(v, fields[i + 1]);
      return;
    }
    fields.push(func.c[v], v);
  }

  #forgetFields(): void {
    // Setting a length takes its time.
    if (this.#fields.length > 0) this.#fields.length = 0;
  }

  #setField(offset: number, value: number): void {
    const fields = this.#fields;
    for (let i = fields.length - 2; i >= 0; i -= 2) {
      // Fields may overlap by halves.
      if (Math.abs(fields[i] - offset) < 8) fields.splice(i, 2);
    }
    fields.push(offset, value);
  }

  /** Decides or simplifies a conditional trap. True if it always happens. */
  #visitTrap(v: number): boolean {
    const func = this.#func;
    const stripped = stripCondition(func, func.a[v]);
    func.a[v] = stripped >> 1;
    if ((stripped & 1) !== 0) func.op[v] = func.op[v] === Op.trap_if ? Op.trap_unless : Op.trap_if;
    const isIf = func.op[v] === Op.trap_if, known = this.#factOf(func.a[v]);
    if (known === UNKNOWN) this.#learn(func.a[v], !isIf);
    else if ((known === NONZERO) === isIf) {
      this.#decisions.push(v, -1);
      return true;
    } else func.erase(v);
    return false;
  }

  #visitTerminator(v: number): void {
    const func = this.#func;
    if (func.op[v] === Op.br_table) {
      if (!isInt(func, func.a[v])) return;
      const index = func.constLo(func.a[v]) >>> 0, last = func.targetCount(v) - 1;
      this.#decisions.push(v, Math.min(index, last));
    } else if (func.op[v] === Op.br_if) {
      const known = this.#factOf(func.a[v]);
      if (known !== UNKNOWN) this.#decisions.push(v, known === NONZERO ? 0 : 1);
      else if (stripCondition(func, func.a[v]) !== 2 * func.a[v]) this.#decisions.push(v, -2);
    }
  }

  /** Carries out a decision: target `choice`, or -1 always traps, -2 strip the condition. */
  #rewrite(v: number, choice: number): void {
    const func = this.#func;
    if (func.op[v] === Op.none) return; // behind a trap that always happens
    if (choice === -1) {
      for (let u = func.last[func.block[v]], before = 0; u !== v; u = before) {
        before = func.prev[u];
        func.erase(u);
      }
      func.op[v] = Op.trap;
      func.a[v] = 0;
    } else if (choice === -2) {
      stripBranch(func, v);
      return;
    } else takeTarget(func, v, choice);
    this.branchesChanged = true;
  }
}

function isConstant(func: Func, v: number): boolean {
  return func.op[v] === Op.iconst || func.op[v] === Op.fconst;
}

function sameConstant(func: Func, v: number, other: number): boolean {
  return isConstant(func, v) && func.op[v] === func.op[other] &&
    func.constLo(v) === func.constLo(other) && func.constHi(v) === func.constHi(other);
}

/** Makes a `br_if` ask the stripped condition. */
function stripBranch(func: Func, v: number): void {
  const stripped = stripCondition(func, func.a[v]);
  func.a[v] = stripped >> 1;
  if ((stripped & 1) === 0) return;
  const block = func.targetBlock(v, 0), args = func.targetArgs(v, 0);
  func.setTargetBlock(v, 0, func.targetBlock(v, 1));
  func.setTargetArgs(v, 0, func.targetArgs(v, 1));
  func.setTargetBlock(v, 1, block);
  func.setTargetArgs(v, 1, args);
}

/** Turns a branch into a jump to its target `k`. */
function takeTarget(func: Func, v: number, k: number): void {
  const targets = func.addTargets([func.targetBlock(v, k)]), args = func.targetArgs(v, k);
  func.op[v] = Op.jump;
  func.a[v] = 0;
  func.b[v] = targets;
  func.setTargetArgs(v, 0, args);
}
