/**
 * Inlining: calls of small functions become their bodies, also indirect ones of a known function.
 *
 * The call's level of depth stays exact: a function that calls nothing leaves its level when it
 * ends, so that checking for one is enough; others take it and give it back. Charges and traps of
 * the body keep their places, with sites that name the function they belong to. Functions that leave
 * to the dispatcher are not inlined, nor those that call themselves.
 *
 * @module
 */
import { Cfg } from "../ir/cfg.ts";
import type { Func } from "../ir/func.ts";
import { Flag, Op, OP_FLAGS, OP_HAS_SITE, Type } from "../ir/opcodes.ts";
import { Scratch } from "../util/scratch.ts";
import { cloneInst } from "./clone.ts";

/** Bytecode instructions of a function that is worth offering: more make more IR than is inlined. */
export const INLINE_INSTRUCTIONS = 40;

/** Instructions of a function that is inlined at most, parameters and constants aside. */
const MAX_LEAF = 40, MAX_CALLER = 24;
/** Instructions that inlining adds to a function at most. */
const MAX_GROWTH = 400;
/** Bodies within bodies at most. */
const MAX_NESTING = 3;

/** Reused by all calls, one at a time. */
const cfg = new Cfg();
const scratch = new Scratch();

/** What inlining needs to know of a function. */
interface Candidate {
  readonly func: Func;
  readonly size: number;
  readonly isLeaf: boolean;
}

/**
 * Inlines calls in `func`, the function with index `self`; returns whether there were any.
 *
 * @param functions Functions by index; they are only read.
 */
export function inlineCalls(
  func: Func,
  functions: (index: number) => Func | undefined,
  self: number,
): boolean {
  const calls: number[] = [];
  collectCalls(func, calls);
  if (calls.length === 0) return false;
  const candidates = new Map<number, Candidate | undefined>();
  const results = new Map<number, number>(); // parameter by the projection it replaces
  let growth = 0;
  search: for (let nesting = 0, from = 0; nesting < MAX_NESTING && from < calls.length; nesting++) {
    for (const end = calls.length; from < end; from++) {
      const call = calls[from], isDirect = func.op[call] === Op.call;
      const index = isDirect ? func.a[call] : func.constLo(func.a[call]);
      if (index === self) continue;
      if (!candidates.has(index)) candidates.set(index, examine(functions(index), index));
      const candidate = candidates.get(index);
      if (candidate === undefined) continue;
      // The rest is not looked at, since asking for a function may mean lowering it.
      if (growth + candidate.size > MAX_GROWTH) break search;
      // Arguments may be results of calls that are gone.
      const args = func.b[call];
      for (let i = args + 1, n = i + func.listLength(args); i < n; i++) {
        func.extra[i] = results.get(func.extra[i]) ?? func.extra[i];
      }
      if (!fits(func, call, candidate.func)) continue;
      growth += candidate.size;
      inlineCall(func, call, index, candidate, results, calls);
    }
  }
  if (results.size === 0) return growth > 0;
  const map = new Int32Array(func.count);
  for (let v = 0; v < map.length; v++) map[v] = v;
  for (const [result, param] of results) map[result] = param;
  func.mapAllUses(map);
  return true;
}

function collectCalls(func: Func, calls: number[]): void {
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      if (isKnownCall(func, v)) calls.push(v);
    }
  }
}

/** Whether `v` calls a function whose index is known. */
function isKnownCall(func: Func, v: number): boolean {
  return func.op[v] === Op.call ||
    (func.op[v] === Op.call_indirect && func.op[func.a[v]] === Op.iconst);
}

/** Whether a call passes and expects what a function takes and returns: an indirect one may not. */
function fits(func: Func, call: number, callee: Func): boolean {
  const { paramTypes, resultTypes } = callee, args = func.b[call];
  if (func.listLength(args) !== paramTypes.length) return false;
  if (func.resultCount(call) !== resultTypes.length) return false;
  for (let i = 0; i < paramTypes.length; i++) {
    if (func.type[func.listAt(args, i)] !== paramTypes[i]) return false;
  }
  for (let i = 0, p = func.next[call]; i < resultTypes.length; i++, p = func.next[p]) {
    if (func.type[p] !== resultTypes[i]) return false;
  }
  return true;
}

function examine(func: Func | undefined, index: number): Candidate | undefined {
  if (func === undefined) return undefined;
  let size = 0, isLeaf = true;
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      const op = func.op[v];
      if (op === Op.iconst || op === Op.fconst) continue;
      if (op === Op.exit || (op === Op.call && func.a[v] === index)) return undefined;
      // Whoever takes levels needs its own to be taken.
      const takesLevel = (OP_FLAGS[op] & Flag.CALL) !== 0
        ? op !== Op.call_native
        : op === Op.depth_enter || op === Op.depth_check;
      if (takesLevel) isLeaf = false;
      if (++size > (isLeaf ? MAX_LEAF : MAX_CALLER)) return undefined;
    }
  }
  return { func, size, isLeaf };
}

/** Replaces one call by the body; calls in it are added to `calls`. */
function inlineCall(
  func: Func,
  call: number,
  index: number,
  candidate: Candidate,
  results: Map<number, number>,
  calls: number[],
): void {
  const callee = candidate.func, block = func.block[call], pc = func.pc[call];
  const rest = splitBehindCall(func, call);
  for (let p = func.next[call], next = 0; p >= 0; p = next) {
    next = func.next[p];
    results.set(p, func.addParam(rest, func.type[p]));
    func.erase(p);
  }
  const args = func.b[call], site = func.c[call];
  func.erase(call);
  func.currentPc = pc;
  func.append(
    block,
    candidate.isLeaf ? Op.depth_check : Op.depth_enter,
    Type.VOID,
    0,
    0,
    site,
  );

  scratch.reset();
  const values = scratch.int32(callee.count), blocks = scratch.int32(callee.blockCount);
  cfg.compute(callee);
  let after = block;
  blocks[0] = block;
  callee.params(0).forEach((p, i) => values[p] = func.listAt(args, i));
  for (let i = 1; i < cfg.rpoLength; i++) {
    const copy = func.addBlock();
    blocks[cfg.rpo[i]] = copy;
    func.moveBlockAfter(copy, after);
    after = copy;
    for (const p of callee.params(cfg.rpo[i])) values[p] = func.addParam(copy, callee.type[p]);
  }
  const sites = new Map<number, number>();
  // Reverse postorder, so that definitions are copied before their uses.
  for (let i = 0; i < cfg.rpoLength; i++) {
    const from = cfg.rpo[i], to = blocks[from];
    for (let v = callee.firstInst(from); v >= 0; v = callee.next[v]) {
      if (callee.op[v] === Op.ret) {
        if (!candidate.isLeaf) func.append(to, Op.depth_leave, Type.VOID);
        const passed = callee.listValues(callee.b[v]).map((u) => values[u]);
        const jump = func.append(to, Op.jump, Type.VOID, 0, func.addTargets([rest]));
        func.setTargetArgs(jump, 0, func.addList(passed));
        continue;
      }
      const copy = cloneInst(callee, v, func, to, values, blocks);
      values[v] = copy;
      func.pc[copy] = pc;
      if (OP_HAS_SITE[func.op[copy]] !== 0) {
        const original = callee.c[v];
        let own = sites.get(original);
        if (own === undefined) sites.set(original, own = copySite(func, callee, original, index));
        func.c[copy] = own;
      }
      if (isKnownCall(func, copy)) calls.push(copy);
    }
  }
  func.currentPc = -1;
}

/** A copy of a site of function `index` that says whose it is. */
function copySite(func: Func, callee: Func, site: number, index: number): number {
  const { kind, code, pc, func: owner, pcs, funcs } = callee.sites[site];
  return func.sites.push({
    kind,
    code,
    pc,
    func: owner >= 0 || kind === "fuel" ? owner : index,
    pcs,
    funcs: pcs.map((_, i) => (funcs[i] ?? -1) >= 0 ? funcs[i] : index),
  }) - 1;
}

/** Moves what follows a call and its results to a new block, which is returned. */
function splitBehindCall(func: Func, call: number): number {
  let last = call;
  for (let n = func.resultCount(call); n > 0; n--) last = func.next[last];
  const block = func.block[call], rest = func.addBlock(), first = func.next[last];
  func.moveBlockAfter(rest, block);
  func.first[rest] = first;
  func.last[rest] = func.last[block];
  func.prev[first] = -1;
  func.next[last] = -1;
  func.last[block] = last;
  for (let v = first; v >= 0; v = func.next[v]) func.block[v] = rest;
  return rest;
}
