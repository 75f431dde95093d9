/**
 * A symbolic checker of register allocations: follows which virtual registers each location holds
 * along every path and fails at the first operand that would read something else. Independent of the
 * allocator's data structures; used on everything that tests compile.
 *
 * @module
 */
import { RegClass } from "./mach.ts";
import type { MachFunc } from "./mach.ts";
import { constOf, formatLocation, isConst, isRegister } from "./registers.ts";
import type { Allocation } from "./regalloc.ts";

/** What each location is known to hold. */
type State = Map<number, Set<number>>;

/**
 * Checks that every operand of `mach` reads the value of its virtual register under `allocation`.
 *
 * @throws {Error} Naming the instruction, operand and location of the first wrong read.
 */
export function checkAllocation(mach: MachFunc, allocation: Allocation): void {
  const groups = moveGroups(allocation);
  const inStates: (State | null)[] = new Array(mach.blockCount).fill(null);
  inStates[0] = new Map();
  const work = [0];
  while (work.length > 0) {
    const block = work.pop()!;
    const state = copyState(inStates[block]!);
    runBlock(mach, allocation, groups, block, state);
    const succEnd = mach.succStart[block + 1];
    for (let s = mach.succStart[block]; s < succEnd; s++) {
      const target = mach.succs[s];
      const out = copyState(state);
      passArguments(mach, block, target, out);
      const before = inStates[target];
      if (before === null) {
        inStates[target] = out;
        work.push(target);
      } else if (intersect(before, out)) work.push(target);
    }
  }
}

function moveGroups(allocation: Allocation): Map<number, [start: number, end: number]> {
  const groups = new Map<number, [number, number]>();
  for (let k = 0; k < allocation.moveCount;) {
    let end = k + 1;
    while (end < allocation.moveCount && allocation.moveKey[end] === allocation.moveKey[k]) end++;
    groups.set(allocation.moveKey[k], [k, end]);
    k = end;
  }
  return groups;
}

function copyState(state: State): State {
  return new Map([...state].map(([location, vregs]) => [location, new Set(vregs)]));
}

/** Intersects `into` with `other`; returns whether anything changed. */
function intersect(into: State, other: State): boolean {
  let changed = false;
  for (const [location, vregs] of into) {
    const held = other.get(location);
    for (const v of vregs) {
      if (held?.has(v)) continue;
      vregs.delete(v);
      changed = true;
    }
  }
  return changed;
}

function runBlock(
  mach: MachFunc,
  allocation: Allocation,
  groups: Map<number, [number, number]>,
  block: number,
  state: State,
): void {
  for (let i = mach.blockStart[block]; i < mach.blockStart[block + 1]; i++) {
    for (let phase = 0; phase < 3; phase++) runMoves(allocation, groups, 4 * i + phase, state);
    const first = mach.operandStart[i];
    const end = mach.operandStart[i + 1];
    const definedRegs = new Map<number, number>();
    for (let o = first; o < end; o++) {
      const constraint = mach.operandConstraint[o];
      const v = mach.operandVreg[o];
      const location = allocation.operandLocation[o];
      const isDef = constraint >= 128 || (constraint >= 4 && constraint < 64);
      if (isDef || constraint >= 192) continue;
      checkKind(mach, i, o, location, constraint < 2 || constraint >= 64);
      const held = isConst(location)
        ? constOf(location) === v
        : state.get(location)?.has(v) ?? false;
      if (!held) {
        throw new Error(
          `allocation of function ${mach.func}: instruction ${i} reads v${v} from ` +
            `${formatLocation(mach.registers, location)}, which does not hold it`,
        );
      }
    }
    checkOverlap(mach, allocation, i);
    if (mach.clobbersAll[i] !== 0) {
      for (const location of [...state.keys()]) if (isRegister(location)) state.delete(location);
    }
    for (let o = first; o < end; o++) {
      const constraint = mach.operandConstraint[o];
      if (constraint >= 192) {
        state.delete(constraint - 192);
        continue;
      }
      if (!(constraint >= 128 || (constraint >= 4 && constraint < 64))) continue;
      const v = mach.operandVreg[o];
      const location = allocation.operandLocation[o];
      checkKind(mach, i, o, location, true);
      if (definedRegs.has(location)) {
        throw new Error(
          `allocation of function ${mach.func}: instruction ${i} defines v${v} and ` +
            `v${definedRegs.get(location)} in ${formatLocation(mach.registers, location)}`,
        );
      }
      definedRegs.set(location, v);
      // A new value of v: older copies (from the previous turn of a loop) are another value now.
      for (const vregs of state.values()) vregs.delete(v);
      state.set(location, new Set([v]));
    }
  }
  runMoves(allocation, groups, 4 * (mach.blockStart[block + 1] - 1) + 3, state);
}

function checkKind(
  mach: MachFunc,
  instr: number,
  operand: number,
  location: number,
  needsRegister: boolean,
): void {
  const constraint = mach.operandConstraint[operand];
  const wrongFixed = constraint >= 64 && location !== (constraint & 63);
  const isFloat = mach.vregClass[mach.operandVreg[operand]] === RegClass.Float;
  const wrongClass = isRegister(location) && (location >= 32) !== isFloat;
  if (wrongFixed || wrongClass || (needsRegister && !isRegister(location))) {
    throw new Error(
      `allocation of function ${mach.func}: operand ${operand} of instruction ${instr} may not ` +
        `be in ${formatLocation(mach.registers, location)}`,
    );
  }
}

/** Late uses, early definitions and clobbers share no register with what they overlap. */
function checkOverlap(mach: MachFunc, allocation: Allocation, instr: number): void {
  for (let o = mach.operandStart[instr]; o < mach.operandStart[instr + 1]; o++) {
    const a = mach.operandConstraint[o];
    const location = a >= 192 ? a - 192 : allocation.operandLocation[o];
    for (let p = mach.operandStart[instr]; p < mach.operandStart[instr + 1]; p++) {
      if (o === p || mach.operandConstraint[p] >= 192) continue;
      if (allocation.operandLocation[p] !== location) continue;
      const b = mach.operandConstraint[p];
      const bIsUse = b < 4 || (b >= 64 && b < 128);
      const bIsFixed = b >= 64;
      const aIsLate = a === 1 || a === 3;
      const aIsEarlyDef = a === 5 || a === 6;
      const sameValue = mach.operandVreg[o] === mach.operandVreg[p];
      const bad = (aIsLate && !bIsUse) || (aIsEarlyDef && !(sameValue && !bIsUse)) ||
        (a >= 192 && !bIsFixed);
      if (!bad) continue;
      throw new Error(
        `allocation of function ${mach.func}: operands ${o} and ${p} of instruction ${instr} ` +
          `overlap in ${formatLocation(mach.registers, location)}`,
      );
    }
  }
}

function runMoves(
  allocation: Allocation,
  groups: Map<number, [number, number]>,
  key: number,
  state: State,
): void {
  const group = groups.get(key);
  if (group === undefined) return;
  const read: [number, Set<number>][] = [];
  for (let k = group[0]; k < group[1]; k++) {
    const from = allocation.moveFrom[k];
    const held = isConst(from) ? new Set([constOf(from)]) : new Set(state.get(from) ?? []);
    if (read.some(([to]) => to === allocation.moveTo[k])) {
      throw new Error(`two moves of one group write location ${allocation.moveTo[k]}`);
    }
    read.push([allocation.moveTo[k], held]);
  }
  for (const [to, held] of read) state.set(to, held);
}

/** Renames block arguments to the parameters of the target. */
function passArguments(mach: MachFunc, block: number, target: number, state: State): void {
  const first = mach.paramStart[target];
  const count = mach.paramStart[target + 1] - first;
  if (count === 0) return;
  const args = mach.argStart[block];
  const params = mach.params.subarray(first, first + count);
  for (const [location, vregs] of state) {
    const renamed = new Set(vregs);
    for (const p of params) renamed.delete(p);
    for (let k = 0; k < count; k++) {
      if (vregs.has(mach.args[args + k])) renamed.add(params[k]);
    }
    state.set(location, renamed);
  }
}
