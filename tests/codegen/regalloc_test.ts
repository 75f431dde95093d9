/**
 * The register allocator on random functions under high pressure, every result checked symbolically;
 * and the checker itself on damaged allocations, so that its silence means something.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { checkAllocation } from "../../src/codegen/check.ts";
import { Constraint, MachFunc, RegClass } from "../../src/codegen/mach.ts";
import { allocateRegisters, type Allocation } from "../../src/codegen/regalloc.ts";
import { isSlot, slotLocation } from "../../src/codegen/registers.ts";
import { randomMach, randomSource, smallRegisters } from "./random_mach.ts";

Deno.test("allocateRegisters() gives every operand its value on random functions", () => {
  for (let seed = 1; seed <= 1500; seed++) {
    const registers = smallRegisters(5 + seed % 9, 4 + seed % 5);
    const mach = randomMach(seed, registers, 10 + seed % 160);
    try {
      checkAllocation(mach, allocateRegisters(mach));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});

/** What counts of an allocation, in arrays of its own. */
function copied(mach: MachFunc, allocation: Allocation): unknown {
  const { operandLocation, moveCount, moveKey, moveFrom, moveTo, moveClass, slotCount } =
    allocation;
  const moves = [moveKey, moveFrom, moveTo, moveClass].map((list) => list.slice(0, moveCount));
  return { slotCount, moves, locations: operandLocation.slice(0, mach.operandCount) };
}

Deno.test("allocateRegisters() is deterministic", () => {
  const registers = smallRegisters(6, 4);
  for (let seed = 1; seed <= 50; seed++) {
    const mach = randomMach(seed, registers, 120);
    const a = copied(mach, allocateRegisters(mach));
    // Something else in between, which uses the arrays.
    allocateRegisters(randomMach(seed + 1, registers, 120));
    assertEquals(copied(mach, allocateRegisters(randomMach(seed, registers, 120))), a);
  }
});

/** Spoils allocations of random functions with `damage`, which may decline, and counts what is found. */
function assertFound(damage: (allocation: Allocation, seed: number) => boolean): void {
  const registers = smallRegisters(6, 4);
  let damaged = 0;
  let found = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const mach = randomMach(seed, registers, 60);
    const allocation = allocateRegisters(mach);
    if (!damage(allocation, seed)) continue;
    damaged++;
    try {
      checkAllocation(mach, allocation);
    } catch {
      found++;
    }
  }
  assert(damaged > 100, `only ${damaged} damaged`);
  // Not all: a parameter that nobody reads is moved and stored too.
  assert(found > 0.9 * damaged, `${found} of ${damaged} found`);
}

/** Numbers of the moves to spill slots. */
function storesOf({ moveCount, moveTo }: Allocation): number[] {
  return [...moveTo.keys()].filter((k) => k < moveCount && isSlot(moveTo[k]));
}

Deno.test("checkAllocation() finds a damaged allocation", () => {
  const random = randomSource(7);
  assertFound(({ moveCount, moveTo }) => {
    if (moveCount === 0) return false;
    // A move that is needed by an operand or an edge: send it elsewhere.
    const k = Math.floor(random() * moveCount), to = moveTo[k];
    if (to < 0) return false;
    moveTo[k] = to < 32 ? (to + 1) % 6 : 32 + (to - 31) % 4;
    return true;
  });
});

Deno.test("checkAllocation() finds a spilled value that was not stored", () => {
  assertFound((allocation, seed) => {
    const stores = storesOf(allocation);
    if (stores.length === 0) return false;
    allocation.moveTo[stores[seed % stores.length]] = slotLocation(allocation.slotCount);
    return true;
  });
});

Deno.test("allocateRegisters() stores on the path that leaves, not in the loop around it", () => {
  const mach = new MachFunc(smallRegisters(3, 1), 0);
  const [start, param, value] = [0, 1, 2];
  for (let v = 0; v < 3; v++) mach.newVreg(RegClass.Int);
  const emit = (...operands: [vreg: number, constraint: number][]): void => {
    mach.emit(1, -1);
    for (const [vreg, constraint] of operands) mach.operand(vreg, constraint);
  };
  const block = (depth: number, idom: number, succs: number[], args: number[]): void => {
    mach.beginBlock(depth, idom);
    for (const succ of succs) mach.addSuccessor(succ);
    for (const arg of args) mach.addArg(arg);
  };
  const header = 1, back = 2, end = 3, rare = 4;
  block(0, -1, [header], [start]);
  emit([start, Constraint.DefFixed]);
  emit();
  block(1, 0, [back, end, rare], []);
  mach.addParam(param);
  emit([value, Constraint.DefReuse], [param, Constraint.UseReg]);
  emit([value, Constraint.UseReg]);
  block(1, header, [header], [value]);
  emit();
  block(0, header, [], []);
  emit([value, Constraint.UseFixed]);
  block(0, header, [header], [value]);
  emit();
  mach.clobberAll();
  emit();
  const allocation = allocateRegisters(mach);
  checkAllocation(mach, allocation);
  const stores = storesOf(allocation).map((k) => allocation.moveKey[k] >> 2);
  assertEquals(stores, [mach.blockStart[rare]]);
});
