/**
 * Selection of the IR instructions that come out alike for every target: metering, leaving, calls and
 * returns, and values that are another one's register. A target's rules hand everything here that
 * they have no case for.
 *
 * @module
 */
import { Op, Type } from "../ir/opcodes.ts";
import { NATIVE_SYMBOL_OFFSET } from "./context.ts";
import { isFloatType, stackWords } from "./convention.ts";
import { MACH_JUMP } from "./emit.ts";
import { Constraint, RegClass } from "./mach.ts";
import { slotOf } from "./registers.ts";
import type { Selection } from "./select.ts";
import { SharedMop, WIDE } from "./shared_ops.ts";

const { UseReg, UseFixed, DefFixed } = Constraint;

/** What a target says of its calls. */
export interface CallRules {
  /** Where values of `types` travel in a guest call; see convention.ts. */
  locations(types: readonly number[]): number[];
  /** Integer argument registers of C functions. */
  readonly nativeInts: readonly number[];
  /** Float argument registers of C functions, as locations; the first one has the result. */
  readonly nativeFloats: readonly number[];
  /** Register of an integer result of C functions. */
  readonly nativeResult: number;
  /** Emits a load of `value` from a stack word: an incoming one or one of the outgoing area. */
  loadWord(s: Selection, value: number, pc: number, word: number, incoming: boolean): void;
  /** Emits a store of `value` to a stack word. */
  storeWord(s: Selection, value: number, pc: number, word: number, incoming: boolean): void;
  /** Emits the instruction that makes i32 `value` of the lower half of a virtual register. */
  lowHalf(s: Selection, value: number, pc: number, vreg: number): void;
}

/** Emits an instruction at the pc of `v`. */
export function emit(s: Selection, v: number, op: number, imm = 0, imm2 = 0): void {
  s.mach.emit(op, s.func.pc[v], imm, imm2);
}

/** Bit 7 of `op` for a value of the type of `v`. */
export function wide(s: Selection, v: number): number {
  return s.is64(v) ? WIDE : 0;
}

/** Whether `user` takes `v`, its operand, as a condition, so that it can do the comparison itself. */
export function isCondition(s: Selection, v: number, user: number): boolean {
  switch (s.func.op[user]) {
    case 0x06: // ir.select
      return s.func.a[user] === v;
    case 0x7c: // ir.trap_if
    case 0x7d: // ir.trap_unless
    case 0x89: // ir.br_if
      return true;
    default:
      return false;
  }
}

/** Whether `op` loads or stores, at an address or in the heap. */
export function isAccess(op: number): boolean {
  return op >= Op.load8u && op <= Op.hstoref64;
}

/** Emits the instruction that defines the function's parameters, and what follows it. */
export function selectEntry(s: Selection, params: readonly number[], rules: CallRules): void {
  const places = rules.locations(s.func.paramTypes);
  s.mach.emit(SharedMop.entry, -1);
  fixed(s, params, places, DefFixed);
  loadWords(s, -1, params, places, true, rules);
}

/** Emits instruction `v`, which is not for the target alone to know. */
export function selectShared(s: Selection, v: number, rules: CallRules): void {
  const { func, mach } = s;
  switch (func.op[v]) {
    case 0x02: // ir.proj
      return;
    case 0x03: // ir.copy
    case 0x29: // ir.extend_u
      return s.share(v, s.vreg(func.a[v]));
    case 0x72: // ir.heap_base
      return s.share(v, mach.heapBase);
    case 0x78: // ir.fuel
      return emit(s, v, SharedMop.fuel, func.a[v], func.c[v]);
    case 0x79: // ir.depth_enter
      return emit(s, v, SharedMop.depthEnter, 0, func.c[v]);
    case 0x7a: // ir.depth_leave
      return emit(s, v, SharedMop.depthLeave);
    case 0x7b: // ir.depth_check
      return emit(s, v, SharedMop.depthCheck, 0, func.c[v]);
    case 0x7e: // ir.exit
      emit(s, v, SharedMop.exit, func.a[v], func.c[v]);
      return mach.clobberAll();
    case 0x80: // ir.call
    case 0x81: // ir.call_indirect
      return call(s, v, rules);
    case 0x82: // ir.call_native
      return callNative(s, v, rules);
    default:
      throw new Error(`internal: opcode ${func.op[v]} of '${func.name}' cannot be selected`);
  }
}

/** Emits terminator `v`, which is not for the target alone to know. */
export function selectSharedTerminator(s: Selection, v: number, rules: CallRules): void {
  const { func } = s;
  switch (func.op[v]) {
    case 0x88: // ir.jump
      return emit(s, v, MACH_JUMP);
    case 0x8b: { // ir.ret
      const values = func.listValues(func.b[v]);
      const places = rules.locations(typesOf(s, values));
      storeWords(s, v, values, places, true, rules);
      emit(s, v, SharedMop.ret);
      return fixed(s, values, places, UseFixed);
    }
    case 0x8c: // ir.trap
      return emit(s, v, SharedMop.trap, 0, func.c[v]);
    default:
      throw new Error(`internal: opcode ${func.op[v]} of '${func.name}' is no terminator`);
  }
}

function typesOf(s: Selection, values: readonly number[]): number[] {
  return values.map((value) => s.func.type[value]);
}

/** The results of call `v`: the projections that follow it. */
function resultsOf(s: Selection, v: number): number[] {
  const { func } = s;
  const results: number[] = [];
  for (let n = func.resultCount(v), p = func.next[v]; n > 0; n--, p = func.next[p]) {
    results.push(p);
  }
  return results;
}

/** Operands of the last instruction for those of `values` that travel in registers. */
function fixed(
  s: Selection,
  values: readonly number[],
  places: readonly number[],
  constraint: number,
): void {
  values.forEach((value, k) => {
    if (places[k] >= 0) s.mach.operand(s.vreg(value), constraint + places[k]);
  });
}

/** Stores those of `values` that travel on the stack. */
function storeWords(
  s: Selection,
  v: number,
  values: readonly number[],
  places: readonly number[],
  incoming: boolean,
  rules: CallRules,
): void {
  values.forEach((value, k) => {
    if (places[k] < 0) rules.storeWord(s, value, s.func.pc[v], slotOf(places[k]), incoming);
  });
}

/** Loads those of `values` that travelled on the stack and are wanted. */
function loadWords(
  s: Selection,
  pc: number,
  values: readonly number[],
  places: readonly number[],
  incoming: boolean,
  rules: CallRules,
): void {
  values.forEach((value, k) => {
    if (places[k] >= 0 || s.useCount[value] === 0) return;
    rules.loadWord(s, value, pc, slotOf(places[k]), incoming);
  });
}

function call(s: Selection, v: number, rules: CallRules): void {
  const { func, mach } = s;
  const isIndirect = func.op[v] === Op.call_indirect;
  const args = func.listValues(func.b[v]), results = resultsOf(s, v);
  const argPlaces = rules.locations(typesOf(s, args));
  const resultPlaces = rules.locations(typesOf(s, results));
  const words = Math.max(stackWords(argPlaces), stackWords(resultPlaces));
  mach.outgoingBytes = Math.max(mach.outgoingBytes, 8 * words);
  storeWords(s, v, args, argPlaces, false, rules);
  const inRegisters = results.length - stackWords(resultPlaces);
  if (isIndirect) emit(s, v, SharedMop.callIndirect, inRegisters, func.c[v]);
  else emit(s, v, SharedMop.call, func.a[v], func.c[v]);
  fixed(s, results, resultPlaces, DefFixed);
  if (isIndirect) mach.operand(s.vreg(func.a[v]), UseReg);
  fixed(s, args, argPlaces, UseFixed);
  mach.clobberAll();
  loadWords(s, func.pc[v], results, resultPlaces, false, rules);
}

function callNative(s: Selection, v: number, rules: CallRules): void {
  const { func, mach } = s;
  const args = func.listValues(func.b[v]), results = resultsOf(s, v);
  const offset = NATIVE_SYMBOL_OFFSET[func.a[v]];
  let ints = 0, floats = 0;
  const places = args.map((value) =>
    isFloatType(func.type[value]) ? rules.nativeFloats[floats++] : rules.nativeInts[ints++]
  );
  if (offset === undefined || places.includes(undefined!) || results.length > 1) {
    throw new Error(`internal: v${v} of '${func.name}' is a native call that nobody can make`);
  }
  // C functions leave the upper half of a 32-bit result undefined.
  const isNarrow = results.length === 1 && func.type[results[0]] === Type.I32;
  const raw = isNarrow ? mach.newVreg(RegClass.Int) : -1;
  emit(s, v, SharedMop.callNative, offset);
  if (isNarrow) mach.operand(raw, DefFixed + rules.nativeResult);
  else if (results.length === 1) {
    const isFloat = isFloatType(func.type[results[0]]);
    const place = isFloat ? rules.nativeFloats[0] : rules.nativeResult;
    mach.operand(s.vreg(results[0]), DefFixed + place);
  }
  fixed(s, args, places, UseFixed);
  mach.clobberAll();
  if (isNarrow) rules.lowHalf(s, results[0], func.pc[v], raw);
}
