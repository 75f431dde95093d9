/**
 * Objects made by the function itself. Memory of region `object` is written once, right after it was
 * allocated, and never changes (`heap/layout.ts`: aggregates). Value numbering forwards what was stored
 * to the loads; an object whose address then goes nowhere but into its own stores need not be written.
 *
 * The allocation itself stays, with its check of the limit: how much memory a run uses can be
 * observed.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Op, Region, Type } from "../ir/opcodes.ts";
import { isInt, isIntValue } from "./constants.ts";

/** Sums of constants beyond this are not looked through, so that offsets stay exact. */
const MAX_OFFSET = 1 << 26;

/**
 * The value that an address or offset counts from, by stripping sums with small positive constants and
 * truncations. Objects end below 2^32, so neither wraps around.
 */
function rootOf(func: Func, v: number): number {
  for (;;) {
    if (func.op[v] === Op.wrap) v = func.a[v];
    else if (isSmallSum(func, v)) v = func.a[v];
    else return v;
  }
}

/** How far `v` is from its root. */
function offsetFromRoot(func: Func, v: number): number {
  let offset = 0;
  for (;;) {
    if (func.op[v] !== Op.wrap) {
      if (!isSmallSum(func, v)) return offset;
      offset += func.constLo(func.b[v]);
    }
    v = func.a[v];
  }
}

function isSmallSum(func: Func, v: number): boolean {
  if (func.op[v] !== Op.iadd) return false;
  const by = func.b[v];
  if (!isInt(func, by)) return false;
  const lo = func.constLo(by);
  return lo >= 0 && lo < MAX_OFFSET && (func.type[by] === Type.I32 || func.constHi(by) === 0);
}

function isObjectStore(func: Func, v: number): boolean {
  return (func.op[v] === Op.hstore64 || func.op[v] === Op.hstoref64) &&
    func.aux[v] === Region.object;
}

/** What is known of one allocation while looking for those that need not be written. */
interface Candidate {
  readonly stores: number[];
  /** Where the bytes written end. */
  extent: number;
  escapes: boolean;
}

/** Erases the stores to objects that nobody can look into. True if there were any. */
export function eraseDeadObjects(func: Func): boolean {
  const objects = new Map<number, Candidate>();
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      if (!isObjectStore(func, v)) continue;
      const root = rootOf(func, func.a[v]);
      if (!isAllocation(func, root)) continue;
      let object = objects.get(root);
      if (object === undefined) {
        objects.set(root, object = { stores: [], extent: 0, escapes: false });
      }
      const end = offsetFromRoot(func, func.a[v]) + func.c[v] + 8;
      if (end > object.extent) object.extent = end;
      object.stores.push(v);
    }
  }
  let isChanged = false;
  // What is stored in an object escapes only as long as that object is written.
  while (objects.size > 0) {
    findEscapes(func, objects);
    let erased = 0;
    for (const [root, object] of objects) {
      if (object.escapes) {
        object.escapes = false;
        continue;
      }
      for (const store of object.stores) func.erase(store);
      objects.delete(root);
      erased++;
    }
    if (erased === 0) break;
    isChanged = true;
  }
  return isChanged;
}

/** The start of an allocation: the heap's top rounded up to a multiple of 8. */
function isAllocation(func: Func, v: number): boolean {
  return func.op[v] === Op.iand && func.type[v] === Type.I64 && isIntValue(func, func.b[v], -8);
}

function findEscapes(func: Func, objects: Map<number, Candidate>): void {
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      func.forEachUse(v, (used) => {
        const root = rootOf(func, used), object = objects.get(root);
        if (object === undefined || object.escapes) return;
        // Behind the object: the heap's next top.
        if (offsetFromRoot(func, used) >= object.extent) return;
        if (func.op[v] === Op.wrap || isSmallSum(func, v)) return; // its uses tell
        if (isObjectStore(func, v) && rootOf(func, func.a[v]) === root) return;
        object.escapes = true;
      });
    }
  }
}
