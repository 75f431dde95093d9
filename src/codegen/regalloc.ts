/**
 * Linear-scan register allocation on SSA form with lifetime holes, interval splitting and
 * loop-aware reloads (Wimmer and Franz, "Linear Scan Register Allocation on SSA Form", CGO 2010).
 *
 * Owns the way from a `MachFunc` to locations: a register or spill slot for every operand, and the
 * moves between instructions. Relies on the invariants of mach.ts. Guarantees that executing each
 * gap's moves phase by phase, all moves of a phase at once, gives every operand its value; the
 * checker in check.ts verifies exactly that.
 *
 * Positions: instruction i owns 4i to 4i+3.
 *
 *     4i    gap, phases EdgeIn and AfterDef: edge moves into the block, then moves and stores of
 *           what instruction i-1 defined; values defined in fixed registers by i-1 begin here
 *     4i+1  gap, phase Before: reloads, register-to-register splits, fixed operands of i
 *     4i+2  instruction i reads
 *     4i+3  instruction i writes; after it, for a terminator, phase EdgeOut
 *
 * A spilled value is stored ahead of time, so leaving a register costs nothing and may happen
 * anywhere; coming back is a move, at 4i+1 or at a block boundary. The store stands right after the
 * definition, or where that costs less at the start of blocks that dominate all those in which the
 * value is in memory: what only a rare path needs in memory is stored on that path.
 *
 * @module
 */
import { CompileError } from "./compiled.ts";
import type { MachFunc } from "./mach.ts";
import { Scratch } from "../util/scratch.ts";
import { constLocation, REGISTER_COUNT, slotLocation } from "./registers.ts";

/** Order of the groups of moves before one instruction. */
export const MovePhase = { EdgeIn: 0, AfterDef: 1, Before: 2, EdgeOut: 3 } as const;

/**
 * The result: where every operand lives and which moves go between instructions. Good until the next
 * allocation, which uses the arrays again.
 */
export interface Allocation {
  /** Location of each operand of the `MachFunc` (see registers.ts); -1 for clobbers. */
  readonly operandLocation: Int32Array;
  /** Number of moves. */
  readonly moveCount: number;
  /** `4 * instruction + MovePhase` of each move, ascending; moves with one key are parallel. */
  readonly moveKey: Int32Array;
  /** Source location of each move. */
  readonly moveFrom: Int32Array;
  /** Destination location of each move. */
  readonly moveTo: Int32Array;
  /** Class (`RegClass`) of each move. */
  readonly moveClass: Uint8Array;
  /** Number of 8-byte spill slots. */
  readonly slotCount: number;
}

const INFINITY = 0x7fff_ffff;
/** Pieces of a value that are walked to find the one at a position before they are indexed. */
const MAX_STEPS = 16;
/** Values in lifetime holes that keep their registers. */
const MAX_INACTIVE = 64;
/** Pairs of a value and a block it is live into: beyond, allocation would take seconds. */
const MAX_LIVE_INS = 1 << 21;
const UNASSIGNED = -2;
const SPILLED = -1;

/** A piece of a virtual register's live range that stays in one place. */
class Interval {
  readonly vreg: number;
  /** First and last entry of the shared range pool that this piece touches. */
  rangeFirst: number;
  rangeLast: number;
  /** Slice of the shared use pool. */
  useFirst: number;
  useLast: number;
  /** Extent; clips the first and last range. */
  from: number;
  to: number;
  /** Register, SPILLED or UNASSIGNED. */
  reg = UNASSIGNED;
  /** The following piece of the same virtual register. */
  next: Interval | null = null;

  constructor(
    vreg: number,
    rangeFirst: number,
    rangeLast: number,
    useFirst: number,
    useLast: number,
    from: number,
    to: number,
  ) {
    this.vreg = vreg;
    this.rangeFirst = rangeFirst;
    this.rangeLast = rangeLast;
    this.useFirst = useFirst;
    this.useLast = useLast;
    this.from = from;
    this.to = to;
  }
}

/** Reused by all runs. */
const scratch = new Scratch();
const active: (Interval | null)[] = new Array(REGISTER_COUNT).fill(null);
const inactive: [int: Interval[], float: Interval[]] = [[], []];
// Moves in the order in which they are made.
const keys: number[] = [];
const froms: number[] = [];
const tos: number[] = [];
const classes: number[] = [];
const fixedRanges: number[][] = Array.from({ length: REGISTER_COUNT }, () => []);

/** Allocates registers for `mach`. */
export function allocateRegisters(mach: MachFunc): Allocation {
  const count = mach.count;
  const vregCount = mach.vregCount;
  const blockCount = mach.blockCount;
  const blockStart = mach.blockStart;
  const operandStart = mach.operandStart;
  const operandVreg = mach.operandVreg;
  const operandConstraint = mach.operandConstraint;

  // ---- Uses: for each virtual register its reading and writing operands, ascending. ----

  scratch.reset();
  const useStart = scratch.int32(vregCount + 1);
  for (let o = 0; o < mach.operandCount; o++) {
    if (operandConstraint[o] < 192) useStart[operandVreg[o] + 1]++;
  }
  for (let a = 0; a < mach.argCount; a++) useStart[mach.args[a] + 1]++;
  for (let v = 0; v < vregCount; v++) useStart[v + 1] += useStart[v];
  const useTotal = useStart[vregCount];
  /** Position from which the operand needs its value. */
  const usePos = scratch.int32(useTotal);
  /** First position after the operand. */
  const useEnd = scratch.int32(useTotal);
  /** 1 where a register is needed. */
  const useNeedsReg = scratch.uint8(useTotal);
  /** Operand index, or -1 for block arguments. */
  const useOperand = scratch.int32(useTotal);
  const useFill = scratch.int32(vregCount);
  for (let v = 0; v < vregCount; v++) useFill[v] = useStart[v];

  /** Start position of each virtual register, -1 for none. */
  const defPos = scratch.int32(vregCount, -1);
  const defBlock = scratch.int32(vregCount);
  const blockOfInstr = scratch.int32(count + 1);
  /** Register a value comes from or goes to by an instruction's rule. */
  const fixedHint = scratch.int32(vregCount, -1);
  /** Register of a `DefFixed` operand. */
  const definedIn = scratch.int32(vregCount, -1);
  /** Virtual register whose register is worth sharing. */
  const copyHint = scratch.int32(vregCount, -1);

  // Blocked ranges of physical registers, as pairs in one list per register.
  for (const list of fixedRanges) {
    // Setting a length takes its time.
    if (list.length > 0) list.length = 0;
  }
  const calls: number[] = [];
  const fixedMoves: number[] = []; // operand indices of UseFixed and DefFixed
  const order: number[] = []; // virtual registers by definition position

  const predCount = scratch.int32(blockCount + 1);
  for (let b = 0; b < blockCount; b++) {
    const first = blockStart[b];
    const end = blockStart[b + 1];
    for (let p = mach.paramStart[b]; p < mach.paramStart[b + 1]; p++) {
      const v = mach.params[p];
      defPos[v] = 4 * first;
      defBlock[v] = b;
      order.push(v);
    }
    for (let i = first; i < end; i++) {
      blockOfInstr[i] = b;
      if (mach.clobbersAll[i] !== 0) calls.push(i);
      let firstUse = -1;
      for (let o = operandStart[i]; o < operandStart[i + 1]; o++) {
        const v = operandVreg[o];
        const constraint = operandConstraint[o];
        if (constraint >= 192) {
          addFixed(constraint - 192, 4 * i + 1, 4 * i + 4);
          continue;
        }
        const u = useFill[v]++;
        useOperand[u] = o;
        if (constraint >= 128) { // DefFixed
          defPos[v] = 4 * i + 4;
          defBlock[v] = b;
          usePos[u] = 4 * i + 4;
          useEnd[u] = 4 * i + 4;
          fixedHint[v] = constraint - 128;
          definedIn[v] = constraint - 128;
          addFixed(constraint - 128, 4 * i + 3, 4 * i + 4);
          fixedMoves.push(o);
          order.push(v);
        } else if (constraint >= 64) { // UseFixed
          usePos[u] = 4 * i;
          useEnd[u] = 4 * i + 1;
          if (fixedHint[v] < 0) fixedHint[v] = constraint - 64;
          addFixed(constraint - 64, 4 * i + 1, 4 * i + 3);
          fixedMoves.push(o);
        } else if (constraint >= 4) { // DefReg, DefRegEarly, Temp, DefReuse
          const early = constraint === 5 || constraint === 6;
          defPos[v] = early ? 4 * i + 2 : 4 * i + 3;
          defBlock[v] = b;
          usePos[u] = defPos[v];
          useEnd[u] = 4 * i + 4;
          useNeedsReg[u] = 1;
          order.push(v);
          if (constraint === 7) firstUse = v;
        } else {
          // A late read from anywhere may be sent to memory by a definition of the same instruction.
          usePos[u] = constraint === 3 && mach.vregIsConst[v] === 0 ? 4 * i + 3 : 4 * i + 2;
          useEnd[u] = (constraint & 1) !== 0 ? 4 * i + 4 : 4 * i + 3;
          useNeedsReg[u] = constraint < 2 || mach.vregIsConst[v] !== 0 ? 1 : 0;
          if (firstUse >= 0) {
            copyHint[firstUse] = v;
            firstUse = -1;
          }
        }
      }
    }
    for (let s = mach.succStart[b]; s < mach.succStart[b + 1]; s++) predCount[mach.succs[s]]++;
    const argFirst = mach.argStart[b];
    const argEnd = mach.argStart[b + 1];
    if (argFirst < argEnd) {
      const param = mach.paramStart[mach.succs[mach.succStart[b]]];
      for (let a = argFirst; a < argEnd; a++) {
        const v = mach.args[a];
        const p = mach.params[param + a - argFirst];
        const u = useFill[v]++;
        useOperand[u] = -1;
        usePos[u] = 4 * end - 1;
        useEnd[u] = 4 * end;
        if (copyHint[v] < 0) copyHint[v] = p;
        if (copyHint[p] < 0) copyHint[p] = v;
      }
    }
  }
  blockOfInstr[count] = blockCount - 1;
  for (let v = 0; v < vregCount; v++) {
    if (mach.vregIsConst[v] === 0) continue;
    const at = mach.vregConst[3 * v + 2];
    defPos[v] = 4 * at;
    // A constant made before a block's first instruction belongs to that block.
    defBlock[v] = at < count ? blockOfInstr[at] : blockCount - 1;
    order.push(v);
  }

  function addFixed(reg: number, from: number, to: number): void {
    const list = fixedRanges[reg];
    const last = list.length - 1;
    if (last > 0 && list[last] >= from) {
      // Operands of one instruction come in any order.
      if (list[last] < to) list[last] = to;
      if (list[last - 1] > from) list[last - 1] = from;
    } else list.push(from, to);
  }

  // ---- Predecessors. ----

  const predStart = scratch.int32(blockCount + 1);
  for (let b = 0; b < blockCount; b++) predStart[b + 1] = predStart[b] + predCount[b];
  const preds = scratch.int32(predStart[blockCount]);
  {
    const fill = scratch.int32(blockCount);
    for (let b = 0; b < blockCount; b++) fill[b] = predStart[b];
    for (let b = 0; b < blockCount; b++) {
      for (let s = mach.succStart[b]; s < mach.succStart[b + 1]; s++) {
        preds[fill[mach.succs[s]]++] = b;
      }
    }
  }

  // ---- Live ranges, one virtual register at a time (Boissinot et al., "up and mark"). ----

  let rangeFrom = scratch.int32(2 * vregCount + 16);
  let rangeTo = scratch.int32(2 * vregCount + 16);
  let rangeCount = 0;
  const liveStamp = scratch.int32(blockCount, -1);
  const liveEnd = scratch.int32(blockCount);
  const liveIns: number[] = []; // pairs (block, virtual register)
  const touched: number[] = [];
  const work: number[] = [];

  function addRange(first: number, from: number, to: number): void {
    if (rangeCount > first && rangeTo[rangeCount - 1] === from) {
      rangeTo[rangeCount - 1] = to;
      return;
    }
    if (rangeCount === rangeFrom.length) {
      const larger = new Int32Array(2 * rangeCount);
      larger.set(rangeFrom);
      rangeFrom = larger;
      const largerTo = new Int32Array(2 * rangeCount);
      largerTo.set(rangeTo);
      rangeTo = largerTo;
    }
    rangeFrom[rangeCount] = from;
    rangeTo[rangeCount++] = to;
  }

  function buildInterval(v: number): Interval | null {
    const from = defPos[v];
    const home = defBlock[v];
    const first = rangeCount;
    // Never used: no operand at all, or only the definition in a fixed register.
    const useCount = useStart[v + 1] - useStart[v];
    if (useCount === 0 || (useCount === 1 && definedIn[v] >= 0)) return null;
    let homeEnd = from + 1;
    if (touched.length > 0) touched.length = 0;
    for (let u = useStart[v]; u < useStart[v + 1]; u++) {
      const end = useEnd[u];
      const b = blockOfInstr[usePos[u] >> 2];
      if (b === home) {
        if (end > homeEnd) homeEnd = end;
        continue;
      }
      if (liveStamp[b] === v) {
        if (end > liveEnd[b]) liveEnd[b] = end;
        continue;
      }
      liveStamp[b] = v;
      liveEnd[b] = end;
      touched.push(b);
      work.push(b);
      while (work.length > 0) {
        const block = work.pop()!;
        if (liveIns.length === 2 * MAX_LIVE_INS) {
          throw new CompileError(
            `function ${mach.func} is too entangled for machine code: more than ${MAX_LIVE_INS} ` +
              `times a value is live into a block`,
          );
        }
        liveIns.push(block, v);
        for (let k = predStart[block]; k < predStart[block + 1]; k++) {
          const p = preds[k];
          const pEnd = 4 * blockStart[p + 1];
          if (p === home) homeEnd = pEnd;
          else if (liveStamp[p] === v) liveEnd[p] = pEnd;
          else {
            liveStamp[p] = v;
            liveEnd[p] = pEnd;
            touched.push(p);
            work.push(p);
          }
        }
      }
    }
    if (touched.length === 0) addRange(first, from, homeEnd);
    else {
      touched.push(home);
      touched.sort((a, b) => a - b);
      for (const b of touched) {
        if (b === home) addRange(first, from, homeEnd);
        else addRange(first, 4 * blockStart[b], liveEnd[b]);
      }
    }
    return new Interval(
      v,
      first,
      rangeCount - 1,
      useStart[v],
      useStart[v + 1],
      rangeFrom[first],
      rangeTo[rangeCount - 1],
    );
  }

  const firstInterval: (Interval | null)[] = new Array(vregCount).fill(null);
  const initial: Interval[] = [];
  for (const v of order) {
    const interval = buildInterval(v);
    if (interval === null) continue;
    firstInterval[v] = interval;
    initial.push(interval);
  }
  initial.sort((a, b) => a.from - b.from);

  // ---- Interval helpers. ----

  /** `covers` for the scan's own position, which only grows: drops ranges that have passed. */
  function coversNow(it: Interval, pos: number): boolean {
    while (it.rangeFirst < it.rangeLast && rangeTo[it.rangeFirst] <= pos) it.rangeFirst++;
    return covers(it, pos);
  }

  function covers(it: Interval, pos: number): boolean {
    if (pos < it.from || pos >= it.to) return false;
    for (let r = it.rangeFirst; r <= it.rangeLast; r++) {
      if (rangeFrom[r] > pos) return false;
      if (pos < rangeTo[r]) return true;
    }
    return false;
  }

  /** First position at or after `pos` where both are live, INFINITY if none. */
  function intersection(a: Interval, b: Interval, pos: number): number {
    const limit = Math.min(a.to, b.to);
    let i = a.rangeFirst;
    let j = b.rangeFirst;
    const start = Math.max(a.from, b.from, pos);
    while (i <= a.rangeLast && j <= b.rangeLast) {
      const from = Math.max(rangeFrom[i], rangeFrom[j], start);
      if (from >= limit) return INFINITY;
      if (from < Math.min(rangeTo[i], rangeTo[j])) return from;
      if (rangeTo[i] < rangeTo[j]) i++;
      else j++;
    }
    return INFINITY;
  }

  /**
   * Index of the first use that needs a register and ends after `pos`, or -1. Asked with growing
   * positions only, so uses that have passed are dropped.
   */
  function nextRegUse(it: Interval, pos: number): number {
    while (it.useFirst < it.useLast && useEnd[it.useFirst] <= pos) it.useFirst++;
    for (let u = it.useFirst; u < it.useLast; u++) {
      if (useNeedsReg[u] !== 0 && useEnd[u] > pos) return u;
    }
    return -1;
  }

  /** Cuts `it` at `pos` (inside its extent) and returns the later part, not yet placed. */
  function split(it: Interval, pos: number): Interval {
    if (pos <= it.from || pos >= it.to) {
      throw new Error(`internal: split of v${it.vreg} [${it.from}, ${it.to}) at ${pos}`);
    }
    let r = it.rangeFirst;
    while (rangeTo[r] <= pos) r++;
    let u = it.useFirst;
    while (u < it.useLast && usePos[u] < pos) u++;
    const later = new Interval(
      it.vreg,
      r,
      it.rangeLast,
      u,
      it.useLast,
      Math.max(pos, rangeFrom[r]),
      it.to,
    );
    // In a hole the earlier part ends with the range before.
    if (rangeFrom[r] >= pos) {
      it.rangeLast = r - 1;
      it.to = rangeTo[r - 1];
    } else {
      it.rangeLast = r;
      it.to = pos;
    }
    it.useLast = u;
    later.next = it.next;
    it.next = later;
    return later;
  }

  // ---- The work list: initial intervals in order, later parts in a heap. ----

  const heap: Interval[] = [];
  let nextInitial = 0;

  function pushLater(it: Interval): void {
    let k = heap.length;
    heap.push(it);
    while (k > 0) {
      const parent = (k - 1) >> 1;
      if (heap[parent].from <= it.from) break;
      heap[k] = heap[parent];
      k = parent;
    }
    heap[k] = it;
  }

  function popLater(): Interval {
    const top = heap[0];
    const last = heap.pop()!;
    const n = heap.length;
    if (n > 0) {
      let k = 0;
      for (;;) {
        let child = 2 * k + 1;
        if (child >= n) break;
        if (child + 1 < n && heap[child + 1].from < heap[child].from) child++;
        if (heap[child].from >= last.from) break;
        heap[k] = heap[child];
        k = child;
      }
      heap[k] = last;
    }
    return top;
  }

  // ---- Places for splits. ----

  /** The last block before each one that has a smaller loop depth, -1 for none. */
  const shallowerBefore = scratch.int32(blockCount);
  for (let b = 0; b < blockCount; b++) {
    let k = b - 1;
    while (k >= 0 && mach.blockDepth[k] >= mach.blockDepth[b]) k = shallowerBefore[k];
    shallowerBefore[b] = k;
  }

  /** The last place at or before `pos` where a value may change registers. */
  function gapAtOrBefore(pos: number): number {
    if ((pos & 3) !== 0) return (pos & ~3) | 1;
    const i = pos >> 2;
    if (i < count && blockStart[blockOfInstr[i]] === i) return pos;
    return pos - 3;
  }

  /** The best place in (from, limit] to change registers: the latest of the least loop depth. */
  function bestGap(from: number, limit: number): number {
    let best = gapAtOrBefore(limit);
    if (best <= from) return best;
    let block = blockOfInstr[Math.min(best >> 2, count - 1)];
    while (mach.blockDepth[block] > 0) {
      const shallower = shallowerBefore[block];
      const start = 4 * blockStart[shallower + 1];
      if (shallower < 0 || start <= from) break;
      best = start;
      block = shallower;
    }
    return best;
  }

  // ---- Spilling. ----

  const needsSlot = scratch.uint8(vregCount);

  /** Puts all of `it` in memory, up to a reload before its next use that needs a register. */
  function spill(it: Interval): void {
    it.reg = SPILLED;
    if (mach.vregIsConst[it.vreg] === 0) needsSlot[it.vreg] = 1;
    const u = nextRegUse(it, it.from);
    if (u < 0) return;
    const reload = bestGap(it.from, usePos[u]);
    if (reload <= it.from) {
      throw new Error(
        `internal: function ${mach.func} needs more registers than there are at instruction ${
          it.from >> 2
        }`,
      );
    }
    pushLater(split(it, reload));
  }

  function spillFrom(it: Interval, pos: number): void {
    spill(pos <= it.from ? it : split(it, pos));
  }

  // ---- The scan. ----

  active.fill(null);
  for (const list of inactive) if (list.length > 0) list.length = 0;
  const fixedCursor = scratch.int32(REGISTER_COUNT);
  let callCursor = 0;
  const lastReg = scratch.int32(vregCount, -1);
  /** First conflict of each register with the current interval: fixed uses and calls. */
  const blockedAt = scratch.int32(REGISTER_COUNT);
  const freeUntil = scratch.int32(REGISTER_COUNT);

  /** First position where `it` and a blocked range of `reg` meet. */
  function fixedConflict(it: Interval, reg: number): number {
    const list = fixedRanges[reg];
    let k = fixedCursor[reg];
    while (k < list.length && list[k + 1] <= it.from) k += 2;
    fixedCursor[reg] = k;
    let r = it.rangeFirst;
    for (; k < list.length && list[k] < it.to; k += 2) {
      while (r <= it.rangeLast && rangeTo[r] <= list[k]) r++;
      if (r > it.rangeLast) break;
      const from = Math.max(rangeFrom[r], list[k], it.from);
      if (from < list[k + 1] && from < it.to) return from;
    }
    return INFINITY;
  }

  function callConflict(it: Interval): number {
    while (callCursor < calls.length && 4 * calls[callCursor] + 4 <= it.from) callCursor++;
    for (let k = callCursor, r = it.rangeFirst; k < calls.length; k++) {
      const pos = 4 * calls[k] + 3;
      if (pos >= it.to) break;
      while (r <= it.rangeLast && rangeTo[r] <= pos) r++;
      if (r > it.rangeLast) break;
      if (pos >= it.from && rangeFrom[r] <= pos) return pos;
    }
    return INFINITY;
  }

  function assign(it: Interval, reg: number): void {
    it.reg = reg;
    active[reg] = it;
    lastReg[it.vreg] = reg;
  }

  function isHintable(it: Interval, reg: number, pool: readonly number[]): boolean {
    return reg >= 0 && freeUntil[reg] >= it.to && pool.includes(reg);
  }

  /** Brings `active` and `inactive` of a class, whose registers are `pool`, up to `pos`. */
  function expire(cls: number, pool: readonly number[], pos: number): void {
    const list = inactive[cls];
    for (const r of pool) {
      const holder = active[r];
      if (holder === null) continue;
      if (holder.to <= pos) active[r] = null;
      else if (!coversNow(holder, pos)) {
        active[r] = null;
        list.push(holder);
        if (list.length > MAX_INACTIVE) letGo(list, pos);
      }
    }
    if (list.length === 0) return;
    let kept = 0;
    for (let k = 0; k < list.length; k++) {
      const other = list[k];
      if (other.to <= pos) continue;
      if (coversNow(other, pos)) active[other.reg] = other;
      else list[kept++] = other;
    }
    list.length = kept;
  }

  function place(it: Interval): void {
    const v = it.vreg;
    const cls = mach.vregClass[v];
    const pool = cls === 0 ? mach.registers.int : mach.registers.float;
    const pos = it.from;
    expire(cls, pool, pos);
    const callAt = callConflict(it);
    for (const r of pool) {
      const fixedAt = fixedRanges[r].length === 0 ? INFINITY : fixedConflict(it, r);
      blockedAt[r] = fixedAt < callAt ? fixedAt : callAt;
      freeUntil[r] = active[r] !== null ? 0 : blockedAt[r];
    }
    for (const other of inactive[cls]) {
      const r = other.reg;
      if (freeUntil[r] === 0) continue;
      const at = intersection(it, other, pos);
      if (at < freeUntil[r]) freeUntil[r] = at;
    }

    // A register that is free to the end, a hinted one first.
    const hint = copyHint[v];
    let reg = -1;
    if (isHintable(it, lastReg[v], pool)) reg = lastReg[v];
    else if (isHintable(it, fixedHint[v], pool)) reg = fixedHint[v];
    else if (hint >= 0 && isHintable(it, lastReg[hint], pool)) reg = lastReg[hint];
    else if (hint >= 0 && isHintable(it, fixedHint[hint], pool)) reg = fixedHint[hint];
    else {
      let best = -1;
      for (const r of pool) {
        if (freeUntil[r] >= it.to) {
          best = r;
          break;
        }
        if (best < 0 || freeUntil[r] > freeUntil[best]) best = r;
      }
      reg = best;
    }
    const use = nextRegUse(it, pos);
    if (freeUntil[reg] >= it.to) {
      assign(it, reg);
      return;
    }
    if (use >= 0 && useEnd[use] <= freeUntil[reg] && usePos[use] < freeUntil[reg]) {
      shorten(it, freeUntil[reg]);
      assign(it, reg);
      return;
    }

    // No register is free long enough: take the one needed again last, or go to memory.
    const firstUse = use < 0 ? INFINITY : usePos[use];
    for (const r of pool) {
      freeUntil[r] = blockedAt[r];
      const holder = active[r];
      if (holder !== null) {
        const u = nextRegUse(holder, pos);
        if (u >= 0 && usePos[u] < freeUntil[r]) freeUntil[r] = usePos[u];
      }
    }
    for (const other of inactive[cls]) {
      const r = other.reg;
      if (intersection(it, other, pos) === INFINITY) continue;
      const u = nextRegUse(other, pos);
      if (u >= 0 && usePos[u] < freeUntil[r]) freeUntil[r] = usePos[u];
    }
    reg = pool[0];
    for (const r of pool) if (freeUntil[r] > freeUntil[reg]) reg = r;
    if (use < 0 || freeUntil[reg] <= firstUse || blockedAt[reg] < useEnd[use]) {
      spill(it);
      return;
    }
    if (blockedAt[reg] < it.to) shorten(it, blockedAt[reg]);
    const holder = active[reg];
    if (holder !== null) {
      active[reg] = null;
      spillFrom(holder, pos);
    }
    const kept: Interval[] = [];
    for (const other of inactive[cls]) {
      // It is in a hole here: its later part starts over at the next block it is live in.
      if (other.reg === reg && intersection(it, other, pos) !== INFINITY) {
        pushLater(split(other, pos));
      } else kept.push(other);
    }
    inactive[cls] = kept;
    assign(it, reg);
  }

  /**
   * Takes the register from the inactive interval with the farthest next range, whose later part finds
   * another one. Each placement looks at all of them, and detours at the function's end can leave
   * every value there is in a hole.
   */
  function letGo(list: Interval[], pos: number): void {
    let farthest = 0, start = -1;
    for (let k = 0; k < list.length; k++) {
      const { rangeFirst, to } = list[k];
      if (to > pos && rangeFrom[rangeFirst] > start) {
        farthest = k;
        start = rangeFrom[rangeFirst];
      }
    }
    const other = list[farthest];
    if (other.to > pos && !coversNow(other, pos)) {
      pushLater(split(other, pos));
      list.splice(farthest, 1);
    }
  }

  /** Cuts `it` so that it ends at or before `limit`; the rest is placed later. */
  function shorten(it: Interval, limit: number): void {
    // Not before the last use that the register serves.
    let from = it.from;
    for (let u = it.useFirst; u < it.useLast && useEnd[u] <= limit; u++) {
      if (useNeedsReg[u] !== 0) from = Math.max(from, useEnd[u] - 1);
    }
    const gap = bestGap(from, limit);
    if (gap > from) pushLater(split(it, gap));
    else spillFrom(it, limit);
  }

  for (;;) {
    let it: Interval;
    if (nextInitial < initial.length) {
      if (heap.length > 0 && heap[0].from < initial[nextInitial].from) it = popLater();
      else it = initial[nextInitial++];
    } else if (heap.length > 0) it = popLater();
    else break;
    if (mach.vregIsConst[it.vreg] !== 0 && it === firstInterval[it.vreg]) spill(it);
    else place(it);
  }

  // ---- Spill slots, shared by values whose whole lifetimes do not meet. ----

  const slotOfVreg = scratch.int32(vregCount, -1);
  let slotCount = 0;
  {
    const busyUntil: number[] = []; // heap of [end * 2^20 + slot] as numbers
    for (const it of initial) {
      if (needsSlot[it.vreg] === 0) continue;
      let last: Interval = it;
      while (last.next !== null) last = last.next;
      let slot: number;
      if (busyUntil.length > 0 && Math.floor(busyUntil[0] / 0x10_0000) <= it.from) {
        slot = busyUntil[0] % 0x10_0000;
        replaceTop(busyUntil, last.to * 0x10_0000 + slot);
      } else {
        slot = slotCount++;
        pushNumber(busyUntil, last.to * 0x10_0000 + slot);
      }
      slotOfVreg[it.vreg] = slot;
    }
  }

  function locationOf(it: Interval): number {
    if (it.reg >= 0) return it.reg;
    const v = it.vreg;
    return mach.vregIsConst[v] !== 0 ? constLocation(v) : slotLocation(slotOfVreg[v]);
  }

  /** Pieces in order of the values that have so many that walking them takes long. */
  const pieces = new Map<number, Interval[]>();

  function locationAt(v: number, pos: number): number {
    let it = firstInterval[v];
    for (let steps = 0; it !== null && it.to <= pos; steps++, it = it.next) {
      if (steps === MAX_STEPS) {
        it = pieceAt(v, pos);
        break;
      }
    }
    if (it === null || pos < it.from || pos >= it.to) {
      throw new Error(`internal: v${v} of function ${mach.func} is not live at ${pos}`);
    }
    return locationOf(it);
  }

  /** The first piece of `v` that ends behind `pos`. */
  function pieceAt(v: number, pos: number): Interval | null {
    let list = pieces.get(v);
    if (list === undefined) {
      pieces.set(v, list = []);
      for (let it = firstInterval[v]; it !== null; it = it.next) list.push(it);
    }
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[middle].to <= pos) low = middle + 1;
      else high = middle;
    }
    return list[low] ?? null;
  }

  // ---- Locations of operands. ----

  const operandLocation = scratch.int32(mach.operandCount, -1);
  for (let v = 0; v < vregCount; v++) {
    let it = firstInterval[v];
    for (let u = useStart[v]; u < useStart[v + 1]; u++) {
      const o = useOperand[u];
      if (o < 0) continue;
      const constraint = operandConstraint[o];
      if (constraint >= 64) {
        operandLocation[o] = constraint & 63;
        continue;
      }
      while (it !== null && it.to <= usePos[u]) it = it.next;
      if (it === null || it.from > usePos[u]) {
        throw new Error(`internal: v${v} of function ${mach.func} has no place at ${usePos[u]}`);
      }
      operandLocation[o] = locationOf(it);
      if (useNeedsReg[u] !== 0 && it.reg < 0) {
        throw new Error(`internal: v${v} of function ${mach.func} is in memory at ${usePos[u]}`);
      }
    }
  }

  // ---- Moves. ----

  let moveCount = 0;
  function move(instr: number, phase: number, v: number, from: number, to: number): void {
    if (from === to) return;
    keys[moveCount] = 4 * instr + phase;
    froms[moveCount] = from;
    tos[moveCount] = to;
    classes[moveCount++] = mach.vregClass[v];
  }

  // ---- Stores of spilled values. ----

  /** Virtual register that a block's entries of the following arrays are about, -1 for none. */
  const storeStamp = scratch.int32(blockCount, -1);
  /** 1 where the value is in memory at some point of the block. */
  const isInMemory = scratch.uint8(blockCount);
  /** Cost of the stores for the blocks below, the block itself aside. */
  const costBelow = scratch.float64(blockCount);
  /** 1 where the block's subtree is served by a store at its start. */
  const storesHere = scratch.uint8(blockCount);
  const marked: number[] = [];

  /** Marks `block` and all that dominate it, up to where `first` is defined. */
  function markUpTo(home: number, block: number, v: number): void {
    for (let b = block; storeStamp[b] !== v; b = mach.idom[b]) {
      storeStamp[b] = v;
      isInMemory[b] = 0;
      costBelow[b] = 0;
      marked.push(b);
      if (b === home) break;
    }
  }

  /** How often a block runs, by its loop depth. */
  function frequency(block: number): number {
    return 8 ** Math.min(mach.blockDepth[block], 10);
  }

  /**
   * Stores spilled value `first.vreg`, which is defined in a register. Every path from the definition
   * to a block that the definition's block dominates passes the blocks between them in the tree of
   * dominators, and the value is live in those; so each block with the value in memory needs a store
   * in itself or in one above it. Chooses the cheapest such set, deep in the tree among equals.
   */
  function storeSpilled(first: Interval): void {
    const v = first.vreg, home = defBlock[v];
    if (marked.length > 0) marked.length = 0;
    for (let it: Interval | null = first; it !== null; it = it.next) {
      if (it.reg >= 0) continue;
      for (let r = it.rangeFirst; r <= it.rangeLast; r++) {
        const from = Math.max(rangeFrom[r], it.from), to = Math.min(rangeTo[r], it.to);
        for (let b = blockOfInstr[from >> 2]; b < blockCount && 4 * blockStart[b] < to; b++) {
          if (b === home) return storeAtDefinition(first);
          markUpTo(home, b, v);
          isInMemory[b] = 1;
        }
      }
    }
    // A block comes behind those that dominate it: this is bottom up.
    marked.sort((a, b) => b - a);
    for (const b of marked) {
      if (b === home) break;
      const canStore = locationAt(v, 4 * blockStart[b]) >= 0;
      const here = canStore ? frequency(b) : Infinity;
      const below = isInMemory[b] !== 0 ? Infinity : costBelow[b];
      storesHere[b] = here < below ? 1 : 0;
      costBelow[mach.idom[b]] += Math.min(here, below);
    }
    if (frequency(home) < costBelow[home]) return storeAtDefinition(first);
    for (let k = marked.length - 1; k >= 0; k--) {
      const b = marked[k];
      if (b === home) continue;
      // Under a block that stores nothing is left to do, which `storesHere` of it says from then on.
      const parent = mach.idom[b];
      if (parent !== home && storesHere[parent] !== 0) storesHere[b] = 2;
      if (storesHere[b] !== 1) continue;
      move(blockStart[b], 1, v, locationAt(v, 4 * blockStart[b]), slotLocation(slotOfVreg[v]));
    }
  }

  /** Stores from the register that the instruction wrote: moves of one phase happen at once. */
  function storeAtDefinition(first: Interval): void {
    const v = first.vreg;
    const written = definedIn[v] >= 0 ? definedIn[v] : first.reg;
    move((first.from + 2) >> 2, 1, v, written, slotLocation(slotOfVreg[v]));
  }

  for (const first of initial) {
    const v = first.vreg;
    const isConst = mach.vregIsConst[v] !== 0;
    if (needsSlot[v] !== 0 && first.reg >= 0) storeSpilled(first);
    for (let it: Interval = first; it.next !== null; it = it.next) {
      const later: Interval = it.next;
      if (later.reg < 0) continue;
      const i = later.from >> 2;
      const phase = later.from & 3;
      if (phase === 0 && blockStart[blockOfInstr[i]] === i) continue; // by edge moves
      if (phase !== 1) {
        throw new Error(`internal: v${v} of function ${mach.func} changes place at ${later.from}`);
      }
      move(i, 2, v, isConst && it.reg < 0 ? constLocation(v) : locationOf(it), later.reg);
    }
  }
  for (const o of fixedMoves) {
    const v = operandVreg[o];
    const constraint = operandConstraint[o];
    const i = instrOfOperand(o);
    if (constraint < 128) {
      move(i, 2, v, locationAt(v, 4 * i), constraint - 64);
      continue;
    }
    const first = firstInterval[v];
    if (first === null) continue;
    const fixed = constraint - 128;
    if (first.reg >= 0) move(i + 1, 1, v, fixed, first.reg);
    else move(i + 1, 1, v, fixed, slotLocation(slotOfVreg[v]));
  }
  function instrOfOperand(o: number): number {
    let lo = 0;
    let hi = count - 1;
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1;
      if (operandStart[mid] <= o) lo = mid;
      else hi = mid - 1;
    }
    return lo;
  }

  for (let k = 0; k < liveIns.length; k += 2) {
    const b = liveIns[k];
    const v = liveIns[k + 1];
    const to = locationAt(v, 4 * blockStart[b]);
    if (to < 0 || to >= REGISTER_COUNT) continue; // memory is up to date everywhere
    for (let p = predStart[b]; p < predStart[b + 1]; p++) edge(preds[p], b, v, to);
  }
  for (let b = 0; b < blockCount; b++) {
    const argFirst = mach.argStart[b];
    const argEnd = mach.argStart[b + 1];
    if (argFirst === argEnd) continue;
    const target = mach.succs[mach.succStart[b]];
    const param = mach.paramStart[target];
    for (let a = argFirst; a < argEnd; a++) {
      const p = firstInterval[mach.params[param + a - argFirst]];
      if (p !== null) edge(b, target, mach.args[a], locationOf(p));
    }
  }
  function edge(from: number, to: number, v: number, location: number): void {
    const last = blockStart[from + 1] - 1;
    const source = locationAt(v, 4 * last + 3);
    if (mach.succStart[from + 1] - mach.succStart[from] === 1) move(last, 3, v, source, location);
    else move(blockStart[to], 0, v, source, location);
  }

  // Sorted by counting; moves with one key stay in the order in which they were made.
  const moveStart = scratch.int32(4 * count + 1);
  for (let k = 0; k < moveCount; k++) moveStart[keys[k] + 1]++;
  for (let key = 0; key < 4 * count; key++) moveStart[key + 1] += moveStart[key];
  const moveKey = scratch.int32(moveCount);
  const moveFrom = scratch.int32(moveCount);
  const moveTo = scratch.int32(moveCount);
  const moveClass = scratch.uint8(moveCount);
  for (let k = 0; k < moveCount; k++) {
    const at = moveStart[keys[k]]++;
    moveKey[at] = keys[k];
    moveFrom[at] = froms[k];
    moveTo[at] = tos[k];
    moveClass[at] = classes[k];
  }
  return { operandLocation, moveCount, moveKey, moveFrom, moveTo, moveClass, slotCount };
}

function pushNumber(heap: number[], value: number): void {
  let k = heap.length;
  heap.push(value);
  while (k > 0) {
    const parent = (k - 1) >> 1;
    if (heap[parent] <= value) break;
    heap[k] = heap[parent];
    k = parent;
  }
  heap[k] = value;
}

function replaceTop(heap: number[], value: number): void {
  const n = heap.length;
  let k = 0;
  for (;;) {
    let child = 2 * k + 1;
    if (child >= n) break;
    if (child + 1 < n && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[k] = heap[child];
    k = child;
  }
  heap[k] = value;
}
