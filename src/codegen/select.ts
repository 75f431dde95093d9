/**
 * The part of instruction selection that no instruction set changes: walking a function in layout
 * order, virtual registers for values, constants, block parameters and arguments, and which
 * single-use values are folded into their user instead of being computed on their own.
 *
 * Relies on `prepare` having been run (no critical edges, no arguments on conditional edges, blocks
 * in final layout). Guarantees the invariants of mach.ts.
 *
 * @module
 */
import { Scratch } from "../util/scratch.ts";
import type { Func } from "../ir/func.ts";
import { isTerminator, Op, Type } from "../ir/opcodes.ts";
import { MachFunc, RegClass } from "./mach.ts";
import type { FlowGraph } from "./prepare.ts";
import type { RegisterFile } from "./registers.ts";

/** What an instruction set supplies. */
export interface SelectionRules {
  /** Its registers. */
  readonly registers: RegisterFile;
  /**
   * Whether `user`, the only user of `v` and in the same block, computes `v` itself. Asked for pure
   * values only; operands of `v` then stay alive up to `user`.
   */
  folds(selection: Selection, v: number, user: number): boolean;
  /** Emits the instruction that defines the entry block's parameters. */
  entry(selection: Selection, params: readonly number[]): void;
  /** Emits one instruction that is neither a parameter, constant nor terminator. */
  instruction(selection: Selection, v: number): void;
  /** Emits a terminator; successors and arguments are recorded by the driver. */
  terminator(selection: Selection, v: number): void;
}

/** Reused by all selections, one at a time. */
const scratch = new Scratch();

/** State of one selection. */
export class Selection {
  /** The function being selected. */
  readonly func: Func;
  /** The machine code so far. */
  readonly mach: MachFunc;
  /** Number of uses of each value. */
  readonly useCount: Int32Array;
  /** The last user of each value; the only one where `useCount` is 1. */
  readonly user: Int32Array;
  /** 1 for values computed by their only user. */
  readonly folded: Uint8Array;
  /** Machine block of each IR block. */
  readonly machBlock: Int32Array;
  readonly #vregs: Int32Array;

  /** Starts a selection; `useCount` and `user` are computed here. */
  constructor(func: Func, mach: MachFunc) {
    this.func = func;
    this.mach = mach;
    scratch.reset();
    this.useCount = scratch.int32(func.count);
    this.user = scratch.int32(func.count, -1);
    this.folded = scratch.uint8(func.count);
    this.machBlock = scratch.int32(func.blockCount, -1);
    this.#vregs = scratch.int32(func.count, -1);
    const { useCount, user } = this;
    let v = -1;
    const count = (used: number): void => {
      useCount[used]++;
      user[used] = v;
    };
    for (let block = 0; block >= 0; block = func.blockNext[block]) {
      for (v = func.firstInst(block); v >= 0; v = func.next[v]) func.forEachUse(v, count);
    }
  }

  /** The virtual register of value `v`, made on first request. */
  vreg(v: number): number {
    const known = this.#vregs[v];
    if (known >= 0) return known;
    const type = this.func.type[v];
    const cls = type === Type.F32 || type === Type.F64 ? RegClass.Float : RegClass.Int;
    const made = this.mach.newVreg(cls);
    this.#vregs[v] = made;
    return made;
  }

  /** Lets `v` have a virtual register that exists already and holds the bits of `v`. */
  share(v: number, vreg: number): void {
    this.#vregs[v] = vreg;
  }

  /** Whether `v` is an integer or float constant. */
  isConst(v: number): boolean {
    const op = this.func.op[v];
    return op === Op.iconst || op === Op.fconst;
  }

  /** Whether `v` is an integer constant that fits a sign-extended 32-bit immediate. */
  isInt32(v: number): boolean {
    if (this.func.op[v] !== Op.iconst) return false;
    return this.func.type[v] === Type.I32 || this.func.constHi(v) === this.func.constLo(v) >> 31;
  }

  /** Whether `v` is 64 bits wide (i64 or f64). */
  is64(v: number): boolean {
    const type = this.func.type[v];
    return type === Type.I64 || type === Type.F64;
  }

  /** Makes the constant register for constant `v` at this place. */
  defineConstant(v: number): void {
    const { func } = this;
    const cls = func.op[v] === Op.fconst ? RegClass.Float : RegClass.Int;
    const isNarrow = func.type[v] === Type.I32 || func.type[v] === Type.F32;
    this.#vregs[v] = this.mach.newConstant(
      cls,
      func.constLo(v),
      isNarrow ? 0 : func.constHi(v),
    );
  }
}

/** Selects machine instructions for `func`, whose function index is `index` and whose graph `graph`. */
export function selectFunction(
  func: Func,
  index: number,
  rules: SelectionRules,
  { dominators, loops }: FlowGraph,
): MachFunc {
  const mach = new MachFunc(rules.registers, index);
  const selection = new Selection(func, mach);
  markFolded(selection, rules);
  let order = 0, isApart = false;
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    selection.machBlock[block] = order++;
  }
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    // Detours lie apart from their loops, and nothing but trapping blocks lies behind them.
    const loop = loops.loopOf[block], previous = func.blockPrev[block];
    isApart ||= loop >= 0 && loops.header[loop] !== block && !loops.contains(loop, previous);
    const depth = isApart ? 0 : loops.blockDepth(block);
    mach.beginBlock(depth, block === 0 ? -1 : selection.machBlock[dominators.idom[block]]);
    const params = func.params(block);
    if (block === 0) rules.entry(selection, params);
    else for (const p of params) mach.addParam(selection.vreg(p));
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      const op = func.op[v];
      if (isTerminator(op)) {
        for (let k = 0; k < func.targetCount(v); k++) {
          mach.addSuccessor(selection.machBlock[func.targetBlock(v, k)]);
        }
        if (op === Op.jump) {
          const list = func.targetArgs(v, 0);
          for (let k = 0; k < func.listLength(list); k++) {
            mach.addArg(selection.vreg(func.listAt(list, k)));
          }
        }
        rules.terminator(selection, v);
      } else if (op === Op.iconst || op === Op.fconst) selection.defineConstant(v);
      else if (selection.folded[v] === 0) rules.instruction(selection, v);
    }
  }
  return mach;
}

function markFolded(selection: Selection, rules: SelectionRules): void {
  const { func, useCount, user, folded } = selection;
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    // Backwards, so that a rule can see whether the user itself is folded.
    for (let v = func.last[block]; v >= 0; v = func.prev[v]) {
      if (useCount[v] !== 1 || func.block[user[v]] !== block) continue;
      if (func.op[v] === Op.iconst || func.op[v] === Op.fconst) continue;
      if (rules.folds(selection, v, user[v])) folded[v] = 1;
    }
  }
}
