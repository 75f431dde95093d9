/**
 * Objects made by the function itself. Memory of region `object` is written once, right after it was
 * allocated, and never changes (`heap/layout.ts`: aggregates), which gives two things:
 *
 * - a load from where a store that dominates it has written gives the value stored
 *   ({@linkcode ObjectStores}, used by value numbering);
 * - an object whose address goes nowhere but into its own loads and stores, and which nothing loads
 *   from any more, need not be written ({@linkcode eraseDeadObjects}).
 *
 * The allocation itself stays, with its check of the limit: how much memory a run uses can be
 * observed.
 *
 * @module
 */
import type { Dominators } from "../ir/dominators.ts";
import type { Func } from "../ir/func.ts";
import { Flag, Op, OP_FLAGS, Region, Type } from "../ir/opcodes.ts";
import { becomeSmallInt, isInt, isIntValue } from "./constants.ts";

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

/** Stores to objects that have been met on a walk over the dominator tree in preorder. */
export class ObjectStores {
  readonly #func: Func;
  readonly #dominators: Dominators;
  /** Stores of whole words by root and, within that, offset. */
  readonly #stores = new Map<number, Map<number, number>>();

  /** Knows nothing yet. */
  constructor(func: Func, dominators: Dominators) {
    this.#func = func;
    this.#dominators = dominators;
  }

  /** Takes note of `v` if it writes to an object. */
  enter(v: number): void {
    const func = this.#func;
    if (!isObjectStore(func, v)) return;
    const address = func.a[v], root = rootOf(func, address);
    let words = this.#stores.get(root);
    if (words === undefined) this.#stores.set(root, words = new Map());
    words.set(offsetFromRoot(func, address) + func.c[v], v);
  }

  /**
   * What the load `v` from an object gives: `v` if that is not known, or is now an instruction of
   * another kind; else the value stored.
   */
  load(v: number): number {
    if (this.#stores.size === 0) return v;
    const func = this.#func, address = func.a[v];
    const words = this.#stores.get(rootOf(func, address));
    if (words === undefined) return v;
    const offset = offsetFromRoot(func, address) + func.c[v];
    const store = words.get(offset & ~7);
    if (store === undefined) return v;
    if (!this.#dominators.dominates(func.block[store], func.block[v])) return v;
    const value = func.b[store], shift = offset & 7;
    switch (func.op[v]) {
      case 0x67: // ir.hload64
        return shift === 0 && func.op[store] === Op.hstore64 ? value : v;
      case 0x69: // ir.hloadf64
        return shift === 0 && func.op[store] === Op.hstoref64 ? value : v;
      case 0x64: // ir.hload32
        if (func.op[store] !== Op.hstore64 || (shift & 3) !== 0) return v;
        if (isInt(func, value)) {
          becomeSmallInt(func, v, shift === 0 ? func.constLo(value) : func.constHi(value));
        } else if (shift === 0) {
          if (func.op[value] === Op.extend_u && func.type[func.a[value]] === Type.I32) {
            return func.a[value];
          }
          func.op[v] = Op.wrap;
          func.a[v] = value;
          func.b[v] = func.c[v] = func.aux[v] = 0;
        }
        return v;
      case 0x60: { // ir.hload8u
        if (!isInt(func, value) || func.type[v] !== Type.I32) return v;
        const half = shift < 4 ? func.constLo(value) : func.constHi(value);
        becomeSmallInt(func, v, (half >>> (8 * (shift & 3))) & 0xff);
        return v;
      }
      default:
        return v;
    }
  }
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

/** Whether `v` reads memory that never changes. */
export function isObjectLoad(func: Func, v: number): boolean {
  const op = func.op[v];
  return func.aux[v] === Region.object && op >= Op.load8u && op <= Op.hloadf64 &&
    (OP_FLAGS[op] & Flag.WRITES) === 0;
}
