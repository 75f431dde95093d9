/**
 * Instruction selection for x86-64: which machine instructions (ops.ts) compute each IR instruction,
 * with immediates, addressing modes and comparisons folded into their users.
 *
 * Relies on `prepare` and on the driver in codegen/select.ts. Guarantees the invariants of mach.ts and
 * that every i32 is defined with zeros in its upper half (abi.ts).
 *
 * @module
 */
import { isFloatType } from "../codegen/convention.ts";
import { Constraint, type MachFunc, RegClass } from "../codegen/mach.ts";
import type { Selection, SelectionRules } from "../codegen/select.ts";
import {
  type CallRules,
  emit,
  isAccess,
  isCondition,
  selectEntry,
  selectShared,
  selectSharedTerminator,
  wide,
} from "../codegen/select_shared.ts";
import { WIDE as WIDE_BIT } from "../codegen/shared_ops.ts";
import { COND_SWAPPED, Op, Type } from "../ir/opcodes.ts";
import { C_FLOAT_ARGS, C_INT_ARGS, guestLocations, X64_REGISTERS } from "./abi.ts";
import { ALU, CC, ROUND, SCAN, SHIFT, SHIFTX, SSE, UNARY } from "./encoder.ts";
import type { X64Features } from "./features.ts";
import { Access, Compare, Extend, HAS_INDEX, Mop, SCALE_SHIFT, StackWord } from "./ops.ts";

const { UseReg, UseRegLate, UseAny, UseAnyLate, DefReg, DefRegEarly, DefReuse, Temp } = Constraint;
const { UseFixed, DefFixed, Clobber } = Constraint;
const RAX = 0, RCX = 1, RDX = 2;

/** Condition codes of the IR's integer conditions. */
const INT_CC = Uint8Array.of(
  CC.E,
  CC.NE,
  CC.L,
  CC.GE,
  CC.G,
  CC.LE,
  CC.B,
  CC.AE,
  CC.A,
  CC.BE,
);
/** Condition codes after `ucomis` of the IR's float conditions; lt and le with operands swapped. */
const FLOAT_CC = Uint8Array.of(CC.E, CC.NE, CC.A, CC.AE, CC.A, CC.AE, CC.P, CC.NP);

/** Largest displacement that folding may build up; the sum of three still fits 32 bits. */
const MAX_DISPLACEMENT = 1 << 28;

/** Makes the rules for a processor with `features`; they serve one function after another. */
export function x64Rules(features: X64Features): SelectionRules {
  // The comparison that `analyse` found last.
  let compareKind = 0;
  let compareCc = 0;
  let compareWide = 0;
  let compareImm = 0;
  let compareA = -1;
  let compareB = -1;

  // The address that `findAddress` found last.
  let base = -1;
  let index = -1;
  let scale = 0;
  let disp = 0;

  function isZero(s: Selection, v: number): boolean {
    return s.isInt32(v) && s.func.constLo(v) === 0;
  }

  /** Count of a shift by a constant from 1 to 3, else 0. */
  function scaleOf(s: Selection, v: number): number {
    const { func } = s;
    if (func.op[v] !== Op.ishl || !s.isConst(func.b[v])) return 0;
    const count = func.constLo(func.b[v]);
    return count >= 1 && count <= 3 ? count : 0;
  }

  function smallConst(s: Selection, v: number): boolean {
    return s.isInt32(v) && Math.abs(s.func.constLo(v)) <= MAX_DISPLACEMENT;
  }

  /** Whether iadd `v` adds a small constant. */
  function addsConst(s: Selection, v: number): boolean {
    return smallConst(s, s.func.a[v]) || smallConst(s, s.func.b[v]);
  }

  function folds(s: Selection, v: number, user: number): boolean {
    const { func, folded } = s;
    const userOp = func.op[user];
    switch (func.op[v]) {
      case 0x1f: // ir.icmp
      case 0x40: // ir.fcmp
      case 0x20: // ir.sadd_ovf
      case 0x21: // ir.ssub_ovf
      case 0x22: // ir.smul_ovf
        return isCondition(s, v, user);
      case 0x0b: // ir.iand
        if (userOp !== Op.icmp) return isCondition(s, v, user);
        return isZero(s, func.a[user] === v ? func.b[user] : func.a[user]);
      case 0x0e: { // ir.ishl
        if (userOp !== Op.iadd || scaleOf(s, v) === 0) return false;
        const other = func.a[user] === v ? func.b[user] : func.a[user];
        return folded[other] === 0 && !s.isConst(other);
      }
      case 0x08: { // ir.iadd
        if (userOp >= 0x50 && userOp <= 0x5f) {
          return func.a[user] === v && Math.abs(func.c[user]) <= MAX_DISPLACEMENT;
        }
        if (userOp !== Op.iadd || folded[user] === 0 || !addsConst(s, v)) return false;
        const other = func.a[user] === v ? func.b[user] : func.a[user];
        return folded[other] === 0 && !s.isConst(other);
      }
      default:
        return false;
    }
  }

  /** Finds the comparison that decides condition `v`, or its negation. */
  function analyse(s: Selection, v: number, negate: boolean): void {
    compareImm = 0;
    compareB = -1;
    if (s.folded[v] !== 0) analyseOp(s, v);
    else {
      compareKind = Compare.testSelf;
      compareCc = CC.NE;
      compareWide = 0;
      compareA = v;
    }
    if (negate) compareCc ^= 1;
  }

  function analyseOp(s: Selection, v: number): void {
    const { func } = s;
    compareA = func.a[v];
    compareB = func.b[v];
    compareImm = 0;
    compareWide = wide(s, compareA);
    switch (func.op[v]) {
      case 0x1f: // ir.icmp
        analyseInt(s, func.aux[v]);
        return;
      case 0x40: { // ir.fcmp
        const cond = func.aux[v];
        compareKind = Compare.float;
        compareCc = FLOAT_CC[cond];
        if (cond === 2 || cond === 3) {
          compareA = func.b[v];
          compareB = func.a[v];
        }
        return;
      }
      case 0x0b: // ir.iand
        analyseTest(s, v);
        compareCc = CC.NE;
        return;
      case 0x20: // ir.sadd_ovf
        compareKind = Compare.add;
        break;
      case 0x21: // ir.ssub_ovf
        compareKind = Compare.cmp;
        if (s.isInt32(compareB)) {
          compareKind = Compare.cmpImm;
          compareImm = func.constLo(compareB);
          compareB = -1;
        }
        break;
      case 0x22: // ir.smul_ovf
        compareKind = Compare.mul;
        break;
      default:
        throw new Error(`internal: v${v} of '${func.name}' is no condition`);
    }
    compareCc = CC.O;
  }

  function analyseInt(s: Selection, cond: number): void {
    const { func } = s;
    if (s.isInt32(compareA) && !s.isInt32(compareB)) {
      const a = compareA;
      compareA = compareB;
      compareB = a;
      cond = COND_SWAPPED[cond];
    }
    compareCc = INT_CC[cond];
    if (!s.isInt32(compareB)) {
      compareKind = Compare.cmp;
      return;
    }
    compareImm = func.constLo(compareB);
    compareB = -1;
    if (compareImm !== 0) compareKind = Compare.cmpImm;
    else if (s.folded[compareA] !== 0) analyseTest(s, compareA);
    else compareKind = Compare.testSelf;
  }

  /** The comparison of iand `v` with zero. */
  function analyseTest(s: Selection, v: number): void {
    const { func } = s;
    compareA = func.a[v];
    compareB = func.b[v];
    if (s.isInt32(compareA) && !s.isInt32(compareB)) {
      compareA = func.b[v];
      compareB = func.a[v];
    }
    compareKind = Compare.test;
    if (!s.isInt32(compareB)) return;
    compareKind = Compare.testImm;
    compareImm = func.constLo(compareB);
    compareB = -1;
  }

  function compareBits(): number {
    return compareWide | (compareKind << 8) | (compareCc << 12);
  }

  function compareOperands(s: Selection): void {
    s.mach.operand(s.vreg(compareA), UseReg);
    if (compareB >= 0) s.mach.operand(s.vreg(compareB), UseAny);
  }

  /** Finds the address of load or store `v`. */
  function findAddress(s: Selection, v: number): void {
    const { func } = s;
    const a = func.a[v];
    index = -1;
    scale = 0;
    disp = func.c[v];
    if (func.op[v] >= 0x60) {
      base = s.mach.heapBase;
      if (s.isConst(a)) {
        const sum = disp + (func.constLo(a) >>> 0);
        if (sum === (sum | 0)) {
          disp = sum;
          return;
        }
      }
      index = s.vreg(a);
      return;
    }
    if (s.folded[a] === 0) {
      base = s.vreg(a);
      return;
    }
    const left = takeConst(s, func.a[a]);
    const right = left < 0 ? func.b[a] : takeConst(s, func.b[a]);
    if (left < 0 || right < 0) base = s.vreg(left < 0 ? right : left);
    else if (s.folded[left] !== 0) setIndexed(s, right, left);
    else setIndexed(s, left, right);
  }

  /** Adds constant `v`, or the one that folded iadd `v` adds, to `disp`; returns what is left or -1. */
  function takeConst(s: Selection, v: number): number {
    const { func } = s;
    if (smallConst(s, v)) {
      disp += func.constLo(v);
      return -1;
    }
    if (s.folded[v] === 0 || func.op[v] !== Op.iadd) return v;
    const second = smallConst(s, func.b[v]);
    disp += func.constLo(second ? func.b[v] : func.a[v]);
    return second ? func.a[v] : func.b[v];
  }

  /** The address `left + right`, where `right` may be a folded shift. */
  function setIndexed(s: Selection, left: number, right: number): void {
    base = s.vreg(left);
    scale = s.folded[right] !== 0 ? scaleOf(s, right) : 0;
    index = s.vreg(scale !== 0 ? s.func.a[right] : right);
  }

  function addressBits(): number {
    return index < 0 ? 0 : HAS_INDEX | (scale << SCALE_SHIFT);
  }

  function addressOperands(mach: MachFunc): void {
    mach.operand(base, UseReg);
    if (index >= 0) mach.operand(index, UseReg);
  }

  /** def, a and maybe b of a two-address form. */
  function reuse(s: Selection, v: number, a: number, b: number, constraint: number): void {
    s.mach.operand(s.vreg(v), DefReuse);
    s.mach.operand(s.vreg(a), UseReg);
    if (b >= 0) s.mach.operand(s.vreg(b), constraint);
  }

  function unary(s: Selection, v: number, op: number, constraint: number, imm = 0): void {
    emit(s, v, op, imm);
    s.mach.operand(s.vreg(v), DefReg);
    s.mach.operand(s.vreg(s.func.a[v]), constraint);
  }

  function unaryReuse(s: Selection, v: number, op: number, imm = 0): void {
    emit(s, v, op, imm);
    reuse(s, v, s.func.a[v], -1, 0);
  }

  /** Whether swapping the operands lets the result take over a register that becomes free. */
  function prefersSwap(s: Selection, a: number, b: number): boolean {
    return s.useCount[a] > 1 && s.useCount[b] === 1;
  }

  function alu(s: Selection, v: number, kind: number, commutative: boolean): void {
    const { func } = s;
    let a = func.a[v], b = func.b[v];
    if (commutative && s.isConst(a) && !s.isConst(b)) [a, b] = [b, a];
    const op = wide(s, v) | (kind << 8);
    if (kind === ALU.AND && s.is64(v) && s.isConst(b)) {
      if (func.constLo(b) === -1 && func.constHi(b) === 0) {
        emit(s, v, Mop.extend | (Extend.zx32 << 8));
        s.mach.operand(s.vreg(v), DefReg);
        s.mach.operand(s.vreg(a), UseAny);
        return;
      }
    }
    if (s.isInt32(b)) {
      emit(s, v, Mop.aluImm | op, func.constLo(b));
      reuse(s, v, a, -1, 0);
      return;
    }
    if (kind === ALU.ADD && (s.folded[a] !== 0 || s.folded[b] !== 0)) {
      if (s.folded[a] !== 0) setIndexed(s, b, a);
      else setIndexed(s, a, b);
      emit(s, v, Mop.lea | wide(s, v) | addressBits());
      s.mach.operand(s.vreg(v), DefReg);
      addressOperands(s.mach);
      return;
    }
    if (commutative && prefersSwap(s, a, b)) [a, b] = [b, a];
    emit(s, v, Mop.alu | op);
    reuse(s, v, a, b, commutative ? UseAny : UseAnyLate);
  }

  function multiply(s: Selection, v: number): void {
    const { func } = s;
    let a = func.a[v], b = func.b[v];
    if (s.isInt32(a) && !s.isInt32(b)) [a, b] = [b, a];
    if (s.isInt32(b)) {
      emit(s, v, Mop.mulImm | wide(s, v), func.constLo(b));
      s.mach.operand(s.vreg(v), DefReg);
      s.mach.operand(s.vreg(a), UseAny);
      return;
    }
    if (prefersSwap(s, a, b)) [a, b] = [b, a];
    emit(s, v, Mop.mul | wide(s, v));
    reuse(s, v, a, b, UseAny);
  }

  function multiplyHigh(s: Selection, v: number, signed: boolean): void {
    const { func, mach } = s;
    const a = s.vreg(func.a[v]), b = s.vreg(func.b[v]);
    if (!signed && features.bmi2) {
      emit(s, v, Mop.mulx | wide(s, v));
      mach.operand(s.vreg(v), DefReg);
      mach.operand(a, UseFixed + RDX);
      mach.operand(b, UseAny);
      return;
    }
    emit(s, v, Mop.mulHigh | wide(s, v) | (signed ? 0x100 : 0));
    mach.operand(-1, Clobber + RAX);
    mach.operand(s.vreg(v), DefFixed + RDX);
    mach.operand(a, UseFixed + RAX);
    mach.operand(b, UseAny);
  }

  function divide(s: Selection, v: number, signed: boolean, remainder: boolean): void {
    const { func, mach } = s;
    emit(s, v, Mop.div | wide(s, v) | (signed ? 0x100 : 0));
    // The divisor is read after rdx is overwritten, so it must not be there.
    mach.operand(-1, Clobber + (remainder ? RAX : RDX));
    mach.operand(s.vreg(v), DefFixed + (remainder ? RDX : RAX));
    mach.operand(s.vreg(func.a[v]), UseFixed + RAX);
    mach.operand(s.vreg(func.b[v]), remainder ? UseAnyLate : UseAny);
  }

  function shift(s: Selection, v: number, kind: number, shiftx: number): void {
    const { func, mach } = s;
    const a = func.a[v], count = func.b[v];
    if (s.isConst(count)) {
      const bits = s.is64(v) ? 64 : 32;
      const n = func.constLo(count) & (bits - 1);
      const isRotate = kind === SHIFT.ROL || kind === SHIFT.ROR;
      if (isRotate && features.bmi2) {
        const right = kind === SHIFT.ROR ? n : (bits - n) & (bits - 1);
        unary(s, v, Mop.rorx | wide(s, v), UseAny, right);
      } else unaryReuse(s, v, Mop.shiftImm | wide(s, v) | (kind << 8), n);
      return;
    }
    if (shiftx !== 0 && features.bmi2) {
      emit(s, v, Mop.shiftx | wide(s, v) | (shiftx << 8));
      mach.operand(s.vreg(v), DefReg);
      mach.operand(s.vreg(a), UseAny);
      mach.operand(s.vreg(count), UseReg);
      return;
    }
    emit(s, v, Mop.shiftCl | wide(s, v) | (kind << 8));
    mach.operand(s.vreg(v), DefReuse);
    mach.operand(s.vreg(a), UseReg);
    mach.operand(s.vreg(count), UseFixed + RCX);
  }

  function popcount(s: Selection, v: number): void {
    if (features.popcnt) {
      unary(s, v, Mop.scan | wide(s, v) | (SCAN.POPCNT << 8), UseAny);
      return;
    }
    emit(s, v, Mop.popcnt | wide(s, v));
    s.mach.operand(s.vreg(v), DefRegEarly);
    s.mach.operand(s.mach.newVreg(RegClass.Int), Temp);
    s.mach.operand(s.vreg(s.func.a[v]), UseReg);
  }

  /** A value that is a comparison and not folded. */
  function materialise(s: Selection, v: number): void {
    analyseOp(s, v);
    emit(s, v, Mop.setcc | compareBits(), compareImm);
    s.mach.operand(s.vreg(v), DefReg);
    compareOperands(s);
  }

  function select(s: Selection, v: number): void {
    const { func, mach } = s;
    analyse(s, func.a[v], false);
    let then = func.b[v], otherwise = func.c[v];
    const parity = compareKind === Compare.float && (compareCc === CC.E || compareCc === CC.NE);
    const swap = parity ? compareCc === CC.E : s.useCount[otherwise] > 1 && s.useCount[then] === 1;
    if (swap) {
      compareCc ^= 1;
      [then, otherwise] = [otherwise, then];
    }
    const isFloat = isFloatType(func.type[v]);
    emit(s, v, (isFloat ? Mop.selectFloat : Mop.select) | compareBits(), compareImm);
    mach.operand(s.vreg(v), DefReuse);
    mach.operand(s.vreg(otherwise), UseReg);
    // Two conditional moves write the result before the second one reads.
    if (isFloat) mach.operand(s.vreg(then), parity ? UseRegLate : UseReg);
    else mach.operand(s.vreg(then), parity ? UseAnyLate : UseAny);
    compareOperands(s);
  }

  function sse(s: Selection, v: number, kind: number, commutative: boolean): void {
    const { func } = s;
    let a = func.a[v], b = func.b[v];
    if (commutative && s.isConst(a) && !s.isConst(b)) [a, b] = [b, a];
    if (s.isConst(b)) {
      const hi = s.is64(b) ? func.constHi(b) : 0;
      emit(s, v, Mop.sseConst | wide(s, v) | (kind << 8), func.constLo(b), hi);
      reuse(s, v, a, -1, 0);
      return;
    }
    if (commutative && prefersSwap(s, a, b)) [a, b] = [b, a];
    emit(s, v, Mop.sse | wide(s, v) | (kind << 8));
    reuse(s, v, a, b, commutative ? UseAny : UseAnyLate);
  }

  function round(s: Selection, v: number, mode: number): void {
    const op = wide(s, v) | (mode << 8);
    if (features.sse41) {
      unary(s, v, Mop.round | op, UseAny);
      return;
    }
    emit(s, v, Mop.roundSlow | op);
    s.mach.operand(s.vreg(v), DefRegEarly);
    s.mach.operand(s.vreg(s.func.a[v]), UseReg);
  }

  function fromUnsigned(s: Selection, v: number): void {
    const { func, mach } = s;
    if (!s.is64(func.a[v])) {
      unary(s, v, Mop.fromInt | wide(s, v) | 0x100, UseReg);
      return;
    }
    emit(s, v, Mop.fromU64 | wide(s, v));
    mach.operand(s.vreg(v), DefReg);
    mach.operand(mach.newVreg(RegClass.Int), Temp);
    mach.operand(s.vreg(func.a[v]), UseReg);
  }

  function load(s: Selection, v: number): void {
    findAddress(s, v);
    const kind = s.func.op[v] & 0xf;
    emit(s, v, Mop.load | wide(s, v) | (kind << 8) | addressBits(), disp);
    s.mach.operand(s.vreg(v), DefReg);
    addressOperands(s.mach);
  }

  /** `kind` of the value's type as it is stored whole. */
  function accessOf(type: number): number {
    if (type === Type.I32) return Access.w32;
    if (type === Type.I64) return Access.w64;
    return type === Type.F32 ? Access.f32 : Access.f64;
  }

  /**
   * The integer access that stores constant `v` in place of access `kind`, or -1 if the constant is
   * no immediate. Bits are bits: floats go through here too.
   */
  function immediateAccess(s: Selection, v: number, kind: number): number {
    if (!s.isConst(v)) return -1;
    if (kind !== Access.w64 && kind !== Access.f64) return kind === Access.f32 ? Access.w32 : kind;
    const { func } = s;
    return func.constHi(v) === func.constLo(v) >> 31 ? Access.w64 : -1;
  }

  const STORE_ACCESS = [
    ...[Access.u8, Access.u16, Access.w32, Access.w64, Access.f32, Access.f64],
  ];

  function store(s: Selection, v: number): void {
    const { func, mach } = s;
    findAddress(s, v);
    const kind = STORE_ACCESS[(func.op[v] & 0xf) - 0xa];
    const value = func.b[v];
    const asImmediate = immediateAccess(s, value, kind);
    if (asImmediate >= 0) {
      emit(s, v, Mop.storeImm | (asImmediate << 8) | addressBits(), disp, func.constLo(value));
    } else {
      emit(s, v, Mop.store | (kind << 8) | addressBits(), disp);
      mach.operand(s.vreg(value), UseReg);
    }
    addressOperands(mach);
  }

  function contextStore(s: Selection, v: number): void {
    const { func } = s;
    const value = func.a[v], kind = accessOf(func.type[value]);
    const asImmediate = immediateAccess(s, value, kind);
    if (asImmediate >= 0) {
      emit(s, v, Mop.ctxStoreImm | (asImmediate << 8), func.c[v], func.constLo(value));
    } else {
      emit(s, v, Mop.ctxStore | (kind << 8), func.c[v]);
      s.mach.operand(s.vreg(value), UseReg);
    }
  }

  function stackWord(type: number, incoming: boolean): number {
    return ((isFloatType(type) ? StackWord.float : 0) | (incoming ? StackWord.incoming : 0)) << 8;
  }

  const calls: CallRules = {
    locations: guestLocations,
    nativeInts: C_INT_ARGS,
    nativeFloats: C_FLOAT_ARGS,
    nativeResult: RAX,
    loadWord(s, value, pc, word, incoming) {
      s.mach.emit(Mop.stackLoad | stackWord(s.func.type[value], incoming), pc, word);
      s.mach.operand(s.vreg(value), DefReg);
    },
    storeWord(s, value, pc, word, incoming) {
      s.mach.emit(Mop.stackStore | stackWord(s.func.type[value], incoming), pc, word);
      s.mach.operand(s.vreg(value), UseReg);
    },
    lowHalf(s, value, pc, vreg) {
      s.mach.emit(Mop.extend | (Extend.zx32 << 8), pc);
      s.mach.operand(s.vreg(value), DefReg);
      s.mach.operand(vreg, UseAny);
    },
  };

  function instruction(s: Selection, v: number): void {
    const { func, mach } = s;
    if (isAccess(func.op[v])) return (func.op[v] & 0xf) < 0xa ? load(s, v) : store(s, v);
    const w = wide(s, v);
    switch (func.op[v]) {
      case 0x06: // ir.select
        return select(s, v);
      case 0x08: // ir.iadd
        return alu(s, v, ALU.ADD, true);
      case 0x09: // ir.isub
        return alu(s, v, ALU.SUB, false);
      case 0x0a: // ir.imul
        return multiply(s, v);
      case 0x0b: // ir.iand
        return alu(s, v, ALU.AND, true);
      case 0x0c: // ir.ior
        return alu(s, v, ALU.OR, true);
      case 0x0d: // ir.ixor
        return alu(s, v, ALU.XOR, true);
      case 0x0e: // ir.ishl
        return shift(s, v, SHIFT.SHL, SHIFTX.SHLX);
      case 0x0f: // ir.ushr
        return shift(s, v, SHIFT.SHR, SHIFTX.SHRX);
      case 0x10: // ir.sshr
        return shift(s, v, SHIFT.SAR, SHIFTX.SARX);
      case 0x11: // ir.rotl
        return shift(s, v, SHIFT.ROL, 0);
      case 0x12: // ir.rotr
        return shift(s, v, SHIFT.ROR, 0);
      case 0x13: // ir.umulh
        return multiplyHigh(s, v, false);
      case 0x14: // ir.smulh
        return multiplyHigh(s, v, true);
      case 0x15: // ir.sdiv
        return divide(s, v, true, false);
      case 0x16: // ir.srem
        return divide(s, v, true, true);
      case 0x17: // ir.udiv
        return divide(s, v, false, false);
      case 0x18: // ir.urem
        return divide(s, v, false, true);
      case 0x19: // ir.ineg
        return unaryReuse(s, v, Mop.unary | w | (UNARY.NEG << 8));
      case 0x1a: // ir.inot
        return unaryReuse(s, v, Mop.unary | w | (UNARY.NOT << 8));
      case 0x1b: // ir.clz
        if (features.lzcnt) return unary(s, v, Mop.scan | w | (SCAN.LZCNT << 8), UseAny);
        return unary(s, v, Mop.clz | w, UseReg);
      case 0x1c: // ir.ctz
        if (features.bmi1) return unary(s, v, Mop.scan | w | (SCAN.TZCNT << 8), UseAny);
        return unary(s, v, Mop.ctz | w, UseReg);
      case 0x1d: // ir.popcnt
        return popcount(s, v);
      case 0x1e: // ir.bswap
        return unaryReuse(s, v, Mop.bswap | w);
      case 0x1f: // ir.icmp
      case 0x20: // ir.sadd_ovf
      case 0x21: // ir.ssub_ovf
      case 0x22: // ir.smul_ovf
      case 0x40: // ir.fcmp
        return materialise(s, v);
      case 0x23: // ir.sext8
        return unary(s, v, Mop.extend | w | (Extend.sx8 << 8), UseAny);
      case 0x24: // ir.sext16
        return unary(s, v, Mop.extend | w | (Extend.sx16 << 8), UseAny);
      case 0x25: // ir.sext32
      case 0x28: // ir.extend_s
        return unary(s, v, Mop.extend | w | (Extend.sx32 << 8), UseAny);
      case 0x26: // ir.zext8
        return unary(s, v, Mop.extend | (Extend.zx8 << 8), UseAny);
      case 0x27: // ir.zext16
        return unary(s, v, Mop.extend | (Extend.zx16 << 8), UseAny);
      case 0x2a: // ir.wrap
        if (readsLowHalf(s, v)) return s.share(v, s.vreg(func.a[v]));
        return unary(s, v, Mop.extend | (Extend.zx32 << 8), UseAny);

      case 0x30: // ir.fadd
        return sse(s, v, SSE.ADD, true);
      case 0x31: // ir.fsub
        return sse(s, v, SSE.SUB, false);
      case 0x32: // ir.fmul
        return sse(s, v, SSE.MUL, true);
      case 0x33: // ir.fdiv
        return sse(s, v, SSE.DIV, false);
      case 0x34: // ir.fmin
      case 0x35: // ir.fmax
      case 0x36: // ir.fminnum
      case 0x37: // ir.fmaxnum
        emit(s, v, Mop.minMax | w | ((func.op[v] - 0x34) << 8));
        return reuse(s, v, func.a[v], func.b[v], UseRegLate);
      case 0x38: // ir.fcopysign
        emit(s, v, Mop.copysign | w);
        return reuse(s, v, func.a[v], func.b[v], UseRegLate);
      case 0x39: // ir.fneg
        return unaryReuse(s, v, Mop.sign | w);
      case 0x3a: // ir.fabs
        return unaryReuse(s, v, Mop.sign | w | 0x100);
      case 0x3b: // ir.fsqrt
        return unary(s, v, Mop.sqrt | w, UseAny);
      case 0x3c: // ir.ffloor
        return round(s, v, ROUND.DOWN);
      case 0x3d: // ir.fceil
        return round(s, v, ROUND.UP);
      case 0x3e: // ir.ftrunc
        return round(s, v, ROUND.TRUNCATE);
      case 0x3f: // ir.fnearest
        return round(s, v, ROUND.NEAREST);
      case 0x41: // ir.fcanon
        return unaryReuse(s, v, Mop.canon | w);
      case 0x42: // ir.fcvt_from_sint
        return unary(s, v, Mop.fromInt | w | (s.is64(func.a[v]) ? 0x100 : 0), UseReg);
      case 0x43: // ir.fcvt_from_uint
        return fromUnsigned(s, v);
      case 0x44: // ir.fcvt_to_sint
        return unary(s, v, Mop.toInt | w | floatKind(s, v), UseReg);
      case 0x45: // ir.fcvt_to_uint
        if (s.is64(v)) return unary(s, v, Mop.toU64Sat | floatKind(s, v), UseReg);
        return unary(s, v, Mop.toInt | floatKind(s, v) | 0x200, UseReg);
      case 0x46: // ir.fcvt_to_sint_sat
        return unary(s, v, Mop.toIntSat | w | floatKind(s, v), UseReg);
      case 0x47: // ir.fcvt_to_uint_sat
        return unary(s, v, (s.is64(v) ? Mop.toU64Sat : Mop.toU32Sat) | floatKind(s, v), UseReg);
      case 0x48: // ir.fpromote
        return unary(s, v, Mop.resize, UseAny);
      case 0x49: // ir.fdemote
        return unary(s, v, Mop.resize | WIDE_BIT, UseAny);
      case 0x4a: // ir.bitcast
        return unary(s, v, (isFloatType(func.type[v]) ? Mop.intBits : Mop.floatBits) | w, UseReg);

      case 0x70: // ir.ctx_load
        emit(s, v, Mop.ctxLoad | (accessOf(func.type[v]) << 8), func.c[v]);
        return mach.operand(s.vreg(v), DefReg);
      case 0x71: // ir.ctx_store
        return contextStore(s, v);
      case 0x7c: // ir.trap_if
      case 0x7d: // ir.trap_unless
        analyse(s, func.a[v], func.op[v] === Op.trap_unless);
        emit(s, v, Mop.trapIf | compareBits(), compareImm, func.c[v]);
        return compareOperands(s);
      default:
        return selectShared(s, v, calls);
    }
  }

  /**
   * Whether the only user of i32 `v` takes the lower half of its register alone, so that the upper
   * half may hold anything: 32-bit arithmetic, comparisons, tests and stores do. Never addresses,
   * table indices, arguments and what passes whole registers on.
   */
  function readsLowHalf(s: Selection, v: number): boolean {
    if (s.useCount[v] !== 1) return false;
    const { func } = s;
    const user = s.user[v], op = func.op[user];
    if (op >= 0x08 && op <= 0x24) return true; // ir.iadd to ir.sext16
    switch (op) {
      case 0x06: // ir.select
        return func.a[user] === v;
      case 0x26: // ir.zext8
      case 0x27: // ir.zext16
      case 0x28: // ir.extend_s
      case 0x42: // ir.fcvt_from_sint
      case 0x7c: // ir.trap_if
      case 0x7d: // ir.trap_unless
      case 0x89: // ir.br_if
        return true;
      case 0x5a: // ir.store8
      case 0x5b: // ir.store16
      case 0x5c: // ir.store32
      case 0x6a: // ir.hstore8
      case 0x6b: // ir.hstore16
      case 0x6c: // ir.hstore32
        return func.b[user] === v;
      default:
        return false;
    }
  }

  function floatKind(s: Selection, v: number): number {
    return s.is64(s.func.a[v]) ? 0x100 : 0;
  }

  function terminator(s: Selection, v: number): void {
    const { func, mach } = s;
    switch (func.op[v]) {
      case 0x89: // ir.br_if
        analyse(s, func.a[v], false);
        emit(s, v, Mop.branch | compareBits(), compareImm);
        return compareOperands(s);
      case 0x8a: // ir.br_table
        emit(s, v, Mop.branchTable);
        mach.operand(mach.newVreg(RegClass.Int), Temp);
        return mach.operand(s.vreg(func.a[v]), UseReg);
      default:
        return selectSharedTerminator(s, v, calls);
    }
  }

  function entry(s: Selection, params: readonly number[]): void {
    selectEntry(s, params, calls);
    s.mach.heapBase = s.mach.newConstant(RegClass.Int, 0, 0);
  }

  return { registers: X64_REGISTERS, folds, entry, instruction, terminator };
}
