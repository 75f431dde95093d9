/**
 * Instruction selection for A64: which machine instructions (ops.ts) compute each IR instruction, with
 * immediates, shifted operands, multiply-adds, addressing modes and comparisons folded into their
 * users.
 *
 * Relies on `prepare` and on the driver in codegen/select.ts. Guarantees the invariants of mach.ts and
 * that every i32 is defined with zeros in its upper half (abi.ts).
 *
 * @module
 */
import { isFloatType } from "../codegen/convention.ts";
import { Constraint, RegClass } from "../codegen/mach.ts";
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
import { COND_SWAPPED, FCOND_SWAPPED, Op, Type } from "../ir/opcodes.ts";
import { A64_REGISTERS, FLOAT_ARGS, guestLocations, INT_ARGS } from "./abi.ts";
import {
  Access,
  accessScale,
  Bitfield,
  Cond,
  CondSelect,
  DataProc1,
  DataProc2,
  Extend,
  FpArith,
  FpUnary,
  isAddSubImmediate,
  isLoadStoreOffset,
  logicalImmediate,
  Shift,
} from "./encoder.ts";
import {
  Address,
  Alu,
  Compare,
  Mop,
  packAccess,
  packExtend,
  packShift,
  SelectBits,
} from "./ops.ts";

const { UseReg, DefReg, DefReuse } = Constraint;

/** Condition codes of the IR's integer conditions. */
const INT_COND = Uint8Array.of(
  Cond.EQ,
  Cond.NE,
  Cond.LT,
  Cond.GE,
  Cond.GT,
  Cond.LE,
  Cond.LO,
  Cond.HS,
  Cond.HI,
  Cond.LS,
);
/**
 * Condition codes after `fcmp` of the IR's float conditions. Unordered operands set C and V: each of
 * these is exact for them, and so is its inverse.
 */
const FLOAT_COND = Uint8Array.of(
  Cond.EQ,
  Cond.NE,
  Cond.MI,
  Cond.LS,
  Cond.GT,
  Cond.GE,
  Cond.VS,
  Cond.VC,
);
/** Conditions after `tst` of those IR conditions against zero that it can decide; 255 for others. */
const TEST_COND = Uint8Array.of(Cond.EQ, Cond.NE, Cond.MI, Cond.PL, 255, 255, 255, 255, 255, 255);

/** Accesses of the IR's loads and stores, by opcode minus `load8u`; signed ones to X registers. */
const ACCESS = Uint8Array.of(
  Access.LDRB,
  Access.LDRSB_X,
  Access.LDRH,
  Access.LDRSH_X,
  Access.LDR_W,
  Access.LDR_W,
  Access.LDRSW,
  Access.LDR_X,
  Access.LDR_S,
  Access.LDR_D,
  Access.STRB,
  Access.STRH,
  Access.STR_W,
  Access.STR_X,
  Access.STR_S,
  Access.STR_D,
);

/** Accesses of context fields by type. */
const FIELD_LOAD = [0, Access.LDR_W, Access.LDR_X, Access.LDR_S, Access.LDR_D];
const FIELD_STORE = [0, Access.STR_W, Access.STR_X, Access.STR_S, Access.STR_D];

/** Makes rules; they serve one function after another. */
export function a64Rules(): SelectionRules {
  /** Virtual registers that hold heap base + zero-extended offset, by the offset's value id. */
  const heapAddresses = new Map<number, number>();
  /** Block that `heapAddresses` is good in. */
  let heapBlock = -1;

  // The comparison that `analyse` found last.
  let compareKind = 0;
  let compareCond = 0;
  let compareWide = 0;
  let compareImm = 0;
  let compareA = -1;
  let compareB = -1;

  function def(s: Selection, v: number): void {
    s.mach.operand(s.vreg(v), DefReg);
  }

  /** A read of `v` by an instruction that, for i32, looks at the W register only. */
  function use(s: Selection, v: number): void {
    // A folded `wrap`: whoever reads W does not mind the upper half.
    const source = s.folded[v] !== 0 && s.func.op[v] === Op.wrap ? s.func.a[v] : v;
    s.mach.operand(s.vreg(source), UseReg);
  }

  // ---- immediates

  /** `v` as an immediate of add and subtract, negative ones for the opposite; NaN if it is none. */
  function addImmediate(s: Selection, v: number): number {
    if (!s.isInt32(v)) return NaN;
    const value = s.func.constLo(v);
    return isAddSubImmediate(Math.abs(value)) ? value : NaN;
  }

  function isAddImmediate(s: Selection, v: number): boolean {
    return !Number.isNaN(addImmediate(s, v));
  }

  /** `N:immr:imms` of `v` as an operand of a logical operation, -1 if it is none. */
  function logicalFields(s: Selection, v: number): number {
    const { func } = s;
    if (func.op[v] !== Op.iconst) return -1;
    return logicalImmediate(func.constLo(v), func.constHi(v), s.is64(v) ? 64 : 32);
  }

  function isInt(s: Selection, v: number, value: number): boolean {
    return s.isInt32(v) && s.func.constLo(v) === value;
  }

  /** Whether all bits of `v` are zero. */
  function isZeroBits(s: Selection, v: number): boolean {
    const { func } = s;
    if (func.op[v] === Op.fconst) {
      return func.constLo(v) === 0 && (func.type[v] === Type.F32 || func.constHi(v) === 0);
    }
    return isInt(s, v, 0);
  }

  // ---- folding

  /** Whether `v` is a shift by a constant; rotations only where the user can rotate. */
  function isConstShift(s: Selection, v: number, rotations: boolean): boolean {
    const op = s.func.op[v];
    const fits = (op >= Op.ishl && op <= Op.sshr) ||
      (rotations && (op === Op.rotl || op === Op.rotr));
    return fits && s.isConst(s.func.b[v]);
  }

  /** Whether `v` could be folded into its user at all: the only use is there, in the same block. */
  function isPrivate(s: Selection, v: number, user: number): boolean {
    return s.useCount[v] === 1 && s.func.block[v] === s.func.block[user];
  }

  function isAddend(s: Selection, v: number, user: number, multiplies: boolean): boolean {
    if (!isPrivate(s, v, user)) return false;
    const op = s.func.op[v];
    return isConstShift(s, v, false) || op === Op.extend_s || op === Op.sext32 ||
      (multiplies && op === Op.imul);
  }

  function isLogicalOperand(s: Selection, v: number, user: number): boolean {
    return isPrivate(s, v, user) && (isConstShift(s, v, true) || s.func.op[v] === Op.inot);
  }

  /**
   * The operand that `user` computes itself as a shifted, extended, inverted or multiplied one, or -1.
   * A matter of structure alone, so that every question about it gets the same answer.
   */
  function foldedOperand(s: Selection, user: number): number {
    const { func } = s;
    const a = func.a[user], b = func.b[user];
    switch (func.op[user]) {
      case 0x08: // ir.iadd
        if (isAddImmediate(s, a) || isAddImmediate(s, b)) return -1;
        if (isAddend(s, b, user, true)) return b;
        return isAddend(s, a, user, true) ? a : -1;
      case 0x09: // ir.isub
        return !isAddImmediate(s, b) && isAddend(s, b, user, true) ? b : -1;
      case 0x0b: // ir.iand
      case 0x0c: // ir.ior
      case 0x0d: // ir.ixor
        if (logicalFields(s, a) >= 0 || logicalFields(s, b) >= 0) return -1;
        if (isLogicalOperand(s, b, user)) return b;
        return isLogicalOperand(s, a, user) ? a : -1;
      case 0x1f: // ir.icmp
        if (isAddImmediate(s, a) || isAddImmediate(s, b)) return -1;
        return isPrivate(s, b, user) && isConstShift(s, b, false) ? b : -1;
      default:
        return -1;
    }
  }

  /** The packed form of folded operand `v` and, in `packedSource`, what it is made of. */
  function pack(s: Selection, v: number): number {
    const { func } = s;
    const op = func.op[v], width = s.is64(v) ? 64 : 32;
    packedSource = func.a[v];
    if (op === Op.extend_s || op === Op.sext32) return packExtend(Extend.SXTW);
    if (op === Op.inot) return 0;
    const amount = func.constLo(func.b[v]) & (width - 1);
    switch (op) {
      case 0x0e: // ir.ishl
        return packShift(Shift.LSL, amount);
      case 0x0f: // ir.ushr
        return packShift(Shift.LSR, amount);
      case 0x10: // ir.sshr
        return packShift(Shift.ASR, amount);
      case 0x11: // ir.rotl
        return packShift(Shift.ROR, -amount & (width - 1));
      case 0x12: // ir.rotr
        return packShift(Shift.ROR, amount);
      default:
        throw new Error(`internal: v${v} of '${func.name}' is no shifted operand`);
    }
  }
  let packedSource = -1;

  /** Number of low ones of mask `v`, or 0. */
  function maskWidth(s: Selection, v: number): number {
    if (s.func.op[v] !== Op.iconst) return 0;
    const lo = s.func.constLo(v), hi = s.is64(v) ? s.func.constHi(v) : 0;
    if (hi !== 0) return lo === -1 && (hi & (hi + 1)) === 0 ? 64 - Math.clz32(hi) : 0;
    return (lo & (lo + 1)) === 0 ? 32 - Math.clz32(lo) : 0;
  }

  /** Whether iand `user` takes a field out of `v`, a shift to the right by a constant. */
  function isExtract(s: Selection, v: number, user: number): boolean {
    const { func } = s;
    if (func.op[user] !== Op.iand || func.a[user] !== v || func.op[v] !== Op.ushr) return false;
    if (!isPrivate(s, v, user) || !s.isConst(func.b[v])) return false;
    const bits = maskWidth(s, func.b[user]), width = s.is64(v) ? 64 : 32;
    return bits > 0 && (func.constLo(func.b[v]) & (width - 1)) + bits <= width;
  }

  function folds(s: Selection, v: number, user: number): boolean {
    const { func } = s;
    const userOp = func.op[user];
    switch (func.op[v]) {
      case 0x1f: // ir.icmp
      case 0x40: // ir.fcmp
      case 0x20: // ir.sadd_ovf
      case 0x21: // ir.ssub_ovf
      case 0x22: // ir.smul_ovf
        return isCondition(s, v, user) || (s.folded[user] !== 0 && isNegation(s, user));
      case 0x0d: // ir.ixor
        return isCondition(s, v, user) && isNegation(s, v);
      case 0x0b: // ir.iand
        if (userOp !== Op.icmp) return isCondition(s, v, user);
        return func.a[user] === v && isInt(s, func.b[user], 0) &&
          TEST_COND[func.aux[user]] !== 255;
      case 0x0e: // ir.ishl
      case 0x10: // ir.sshr
      case 0x11: // ir.rotl
      case 0x12: // ir.rotr
      case 0x19: // ir.ineg
      case 0x1a: // ir.inot
      case 0x25: // ir.sext32
      case 0x28: // ir.extend_s
        return foldedOperand(s, user) === v;
      case 0x0a: // ir.imul
        // A multiply-add has no flags and no address form.
        return s.folded[user] === 0 && foldedOperand(s, user) === v;
      case 0x0f: // ir.ushr
        return (s.folded[user] === 0 && isExtract(s, v, user)) || foldedOperand(s, user) === v;
      case 0x2a: // ir.wrap
        return readsLowHalf(userOp);
      case 0x08: // ir.iadd
        return userOp >= 0x50 && userOp <= 0x5f && func.a[user] === v && isAddress(s, v, user);
      default:
        return false;
    }
  }

  /** Whether instructions of this opcode read their i32 operands as W registers. */
  function readsLowHalf(op: number): boolean {
    switch (op) {
      case 0x03: // ir.copy
      case 0x29: // ir.extend_u
      case 0x80: // ir.call
      case 0x81: // ir.call_indirect
      case 0x82: // ir.call_native
      case 0x88: // ir.jump
      case 0x8b: // ir.ret
        return false;
      default:
        return true;
    }
  }

  /** Whether `v` is `c ^ 1` of a comparison that is used nowhere else. */
  function isNegation(s: Selection, v: number): boolean {
    const { func } = s;
    if (func.op[v] !== Op.ixor || !isInt(s, func.b[v], 1)) return false;
    const c = func.a[v], op = func.op[c];
    return isPrivate(s, c, v) &&
      (op === Op.icmp || op === Op.fcmp || (op >= Op.sadd_ovf && op <= Op.smul_ovf));
  }

  /** Whether absolute load or store `user` can add up its address `v`, an iadd, by itself. */
  function isAddress(s: Selection, v: number, user: number): boolean {
    const { func } = s;
    const access = ACCESS[func.op[user] - 0x50];
    if (s.isInt32(func.b[v])) {
      return isLoadStoreOffset(access, func.c[user] + func.constLo(func.b[v]));
    }
    if (func.c[user] !== 0 || s.isConst(func.a[v]) || s.isConst(func.b[v])) return false;
    const operand = foldedOperand(s, v);
    if (operand < 0) return true;
    const op = func.op[operand];
    if (op === Op.extend_s || op === Op.sext32) return true;
    const amount = op === Op.ishl ? func.constLo(func.b[operand]) & 63 : -1;
    return amount === accessScale(access);
  }

  // ---- comparisons

  /** Finds the comparison that decides condition `v`, or its negation. */
  function analyse(s: Selection, v: number, negate: boolean): void {
    const { func } = s;
    if (s.folded[v] === 0 || func.op[v] === Op.wrap) {
      compareKind = Compare.cmpImm;
      compareCond = Cond.NE;
      compareWide = 0;
      compareImm = 0;
      compareA = v;
      compareB = -1;
    } else if (func.op[v] === Op.ixor) {
      analyse(s, func.a[v], true);
    } else analyseOp(s, v);
    if (negate) compareCond ^= 1;
  }

  function analyseOp(s: Selection, v: number): void {
    const { func } = s;
    compareA = func.a[v];
    compareB = func.b[v];
    compareImm = 0;
    compareWide = wide(s, compareA);
    compareCond = Cond.VS;
    switch (func.op[v]) {
      case 0x1f: // ir.icmp
        return analyseInt(s, v);
      case 0x40: // ir.fcmp
        return analyseFloat(s, func.aux[v]);
      case 0x0b: // ir.iand
        return analyseTest(s, v, Cond.NE);
      case 0x20: // ir.sadd_ovf
      case 0x21: { // ir.ssub_ovf
        const isAdd = func.op[v] === Op.sadd_ovf, value = addImmediate(s, compareB);
        compareKind = isAdd ? Compare.add : Compare.cmp;
        if (Number.isNaN(value)) return;
        compareKind = isAdd === value < 0 ? Compare.cmpImm : Compare.cmnImm;
        compareImm = Math.abs(value);
        compareB = -1;
        return;
      }
      case 0x22: // ir.smul_ovf
        compareKind = Compare.mul;
        compareCond = Cond.NE;
        return;
      default:
        throw new Error(`internal: v${v} of '${func.name}' is no condition`);
    }
  }

  function analyseInt(s: Selection, v: number): void {
    const { func } = s;
    let cond = func.aux[v];
    const operand = foldedOperand(s, v);
    if (operand < 0 && s.isConst(compareA) && !s.isConst(compareB)) {
      compareA = func.b[v];
      compareB = func.a[v];
      cond = COND_SWAPPED[cond];
    }
    compareCond = INT_COND[cond];
    const value = addImmediate(s, compareB);
    if (Number.isNaN(value)) {
      compareKind = Compare.cmp;
      if (operand < 0) return;
      compareImm = pack(s, operand);
      compareB = packedSource;
      return;
    }
    if (value === 0 && s.folded[compareA] !== 0 && func.op[compareA] === Op.iand) {
      return analyseTest(s, compareA, TEST_COND[cond]);
    }
    compareKind = value >= 0 ? Compare.cmpImm : Compare.cmnImm;
    compareImm = Math.abs(value);
    compareB = -1;
  }

  function analyseFloat(s: Selection, cond: number): void {
    if (isFloatZero(s, compareA) && !isFloatZero(s, compareB)) {
      const a = compareA;
      compareA = compareB;
      compareB = a;
      cond = FCOND_SWAPPED[cond];
    }
    compareCond = FLOAT_COND[cond];
    compareKind = Compare.float;
    if (!isFloatZero(s, compareB)) return;
    compareKind = Compare.floatZero;
    compareB = -1;
  }

  /** Whether `v` is a zero of either sign. */
  function isFloatZero(s: Selection, v: number): boolean {
    const { func } = s;
    if (func.op[v] !== Op.fconst) return false;
    if (func.type[v] === Type.F32) return (func.constLo(v) & 0x7fff_ffff) === 0;
    return func.constLo(v) === 0 && (func.constHi(v) & 0x7fff_ffff) === 0;
  }

  /** The comparison of iand `v` with zero. */
  function analyseTest(s: Selection, v: number, cond: number): void {
    const { func } = s;
    compareA = func.a[v];
    compareB = func.b[v];
    compareImm = 0;
    compareWide = wide(s, v);
    compareCond = cond;
    if (logicalFields(s, compareA) >= 0) {
      compareA = func.b[v];
      compareB = func.a[v];
    }
    const fields = logicalFields(s, compareB);
    if (fields >= 0) {
      const bit = singleBit(s, compareB);
      const byBit = bit >= 0 && (cond === Cond.EQ || cond === Cond.NE);
      compareKind = byBit ? Compare.bit : Compare.tstImm;
      compareImm = byBit ? bit : fields;
      compareB = -1;
      return;
    }
    compareKind = Compare.tst;
    const operand = foldedOperand(s, v);
    if (operand < 0) return;
    if (operand === compareA) compareA = compareB;
    compareImm = pack(s, operand);
    compareB = packedSource;
    if (func.op[operand] === Op.inot) compareKind = Compare.tstNot;
  }

  /** The number of the only bit set in constant `v`, or -1. */
  function singleBit(s: Selection, v: number): number {
    const lo = s.func.constLo(v), hi = s.is64(v) ? s.func.constHi(v) : 0;
    const word = hi === 0 ? lo : hi;
    if ((hi !== 0 && lo !== 0) || word === 0 || (word & (word - 1)) !== 0) return -1;
    return 31 - Math.clz32(word) + (hi === 0 ? 0 : 32);
  }

  function compareBits(): number {
    return compareWide | compareKind << 8 | compareCond << 12;
  }

  function compareOperands(s: Selection): void {
    use(s, compareA);
    if (compareB >= 0) use(s, compareB);
  }

  // ---- integers

  function addSub(s: Selection, v: number): void {
    const { func } = s;
    const isSub = func.op[v] === Op.isub;
    let a = func.a[v], b = func.b[v];
    if (!isSub && s.isConst(a) && !s.isConst(b)) {
      a = func.b[v];
      b = func.a[v];
    }
    const value = addImmediate(s, b) * (isSub ? -1 : 1);
    if (!Number.isNaN(value)) {
      const kind = value < 0 ? Alu.sub : Alu.add;
      emit(s, v, Mop.aluImm | wide(s, v) | kind << 8, Math.abs(value));
      def(s, v);
      return use(s, a);
    }
    const operand = foldedOperand(s, v);
    if (operand === a) a = b;
    let shift = 0;
    if (operand >= 0) {
      if (func.op[operand] === Op.imul) return multiplyAdd(s, v, operand, a, isSub);
      shift = pack(s, operand);
      b = packedSource;
    }
    const negates = isSub && isInt(s, a, 0) && (shift & 0x100) === 0;
    emit(
      s,
      v,
      (negates ? Mop.negNot : Mop.alu) | wide(s, v) | (isSub ? Alu.sub : Alu.add) << 8,
      shift,
    );
    def(s, v);
    if (!negates) use(s, a);
    use(s, b);
  }

  function multiplyAdd(s: Selection, v: number, product: number, c: number, isSub: boolean): void {
    emit(s, v, Mop.multiply | wide(s, v) | (isSub ? 1 : 0) << 8);
    def(s, v);
    use(s, s.func.a[product]);
    use(s, s.func.b[product]);
    use(s, c);
  }

  function logical(s: Selection, v: number, kind: number): void {
    const { func } = s;
    let a = func.a[v], b = func.b[v];
    if (logicalFields(s, a) >= 0) {
      a = func.b[v];
      b = func.a[v];
    }
    const fields = logicalFields(s, b);
    if (fields >= 0) {
      if (s.folded[a] !== 0 && func.op[a] === Op.ushr) {
        const from = func.constLo(func.b[a]) & (s.is64(v) ? 63 : 31);
        const to = from + maskWidth(s, b) - 1;
        emit(s, v, Mop.bitfield | wide(s, v) | Bitfield.UBFM << 8, from, to);
        def(s, v);
        return use(s, func.a[a]);
      }
      emit(s, v, Mop.aluImm | wide(s, v) | kind << 8, fields);
      def(s, v);
      return use(s, a);
    }
    // The inverting form of each operation is the next number.
    const operand = foldedOperand(s, v);
    let shift = 0;
    if (operand >= 0) {
      if (operand === a) a = b;
      shift = pack(s, operand);
      b = packedSource;
      if (func.op[operand] === Op.inot) kind++;
    }
    emit(s, v, Mop.alu | wide(s, v) | kind << 8, shift);
    def(s, v);
    use(s, a);
    use(s, b);
  }

  function bits(s: Selection, v: number, w: number, opc: number, immr: number, imms: number): void {
    emit(s, v, Mop.bitfield | w | opc << 8, immr, imms);
    def(s, v);
    use(s, s.func.a[v]);
  }

  function shift(s: Selection, v: number, dataProc2: number): void {
    const { func } = s;
    const top = s.is64(v) ? 63 : 31;
    if (!s.isConst(func.b[v])) return binary(s, v, Mop.dataProc2 | wide(s, v) | dataProc2 << 8);
    const amount = func.constLo(func.b[v]) & top;
    const opc = dataProc2 === DataProc2.ASRV ? Bitfield.SBFM : Bitfield.UBFM;
    if (dataProc2 !== DataProc2.LSLV) return bits(s, v, wide(s, v), opc, amount, top);
    return bits(s, v, wide(s, v), opc, -amount & top, top - amount);
  }

  function rotate(s: Selection, v: number, isLeft: boolean): void {
    const { func } = s;
    const top = s.is64(v) ? 63 : 31;
    if (s.isConst(func.b[v])) {
      const amount = (isLeft ? -1 : 1) * func.constLo(func.b[v]) & top;
      return unary(s, v, Mop.rotate | wide(s, v), amount);
    }
    if (isLeft) return binary(s, v, Mop.rotateLeft | wide(s, v));
    return binary(s, v, Mop.dataProc2 | wide(s, v) | DataProc2.RORV << 8);
  }

  function unary(s: Selection, v: number, op: number, imm = 0): void {
    emit(s, v, op, imm);
    def(s, v);
    use(s, s.func.a[v]);
  }

  function binary(s: Selection, v: number, op: number): void {
    emit(s, v, op);
    def(s, v);
    use(s, s.func.a[v]);
    use(s, s.func.b[v]);
  }

  // ---- conditions

  /** `v` is a comparison whose value somebody wants as 0 or 1. */
  function materialise(s: Selection, v: number): void {
    analyseOp(s, v);
    emit(s, v, Mop.setcc | compareBits(), compareImm);
    def(s, v);
    compareOperands(s);
  }

  function select(s: Selection, v: number): void {
    const { func } = s;
    analyse(s, func.a[v], false);
    let then = func.b[v], otherwise = func.c[v];
    if (isFloatType(func.type[v])) {
      emit(s, v, Mop.selectFloat | compareBits(), compareImm, s.is64(v) ? 1 : 0);
      def(s, v);
      use(s, then);
      use(s, otherwise);
      return compareOperands(s);
    }
    // csinc and csinv make 1 and -1 of the zero register, in the place of the second value.
    if (isInt(s, then, 1) || isInt(s, then, -1)) {
      then = func.c[v];
      otherwise = func.b[v];
      compareCond ^= 1;
    }
    let bits: number = CondSelect.CSEL;
    if (isInt(s, otherwise, 1)) bits = CondSelect.CSINC | SelectBits.elseZero;
    else if (isInt(s, otherwise, -1)) bits = CondSelect.CSINV | SelectBits.elseZero;
    else if (isZeroBits(s, otherwise)) bits = SelectBits.elseZero;
    if (isZeroBits(s, then)) bits |= SelectBits.thenZero;
    if (s.is64(v)) bits |= SelectBits.wide;
    emit(s, v, Mop.select | compareBits(), compareImm, bits);
    def(s, v);
    if ((bits & SelectBits.thenZero) === 0) use(s, then);
    if ((bits & SelectBits.elseZero) === 0) use(s, otherwise);
    compareOperands(s);
  }

  // ---- memory

  /** Emits load `v`, or store `v` of `value` (-1 for zero). */
  function access(s: Selection, v: number, value: number): void {
    const { func, mach } = s;
    const isLoad = (func.op[v] & 15) < 10;
    let code = ACCESS[func.op[v] & 15];
    // The signed loads to 32 bits.
    if (func.type[v] === Type.I32 && (code === Access.LDRSB_X || code === Access.LDRSH_X)) code++;
    if (value < 0 && !isLoad) {
      if (code === Access.STR_S) code = Access.STR_W;
      if (code === Access.STR_D) code = Access.STR_X;
    }
    const form = isLoad ? Mop.load : value < 0 ? Mop.storeZero : Mop.store;
    const first = () => {
      if (isLoad) def(s, v);
      else if (value >= 0) use(s, value);
    };
    const atBase = (base: number, displacement: number) => {
      emit(s, v, form | Address.base << 8, displacement, packAccess(code));
      first();
      mach.operand(base, UseReg);
    };
    const atIndex = (base: number, index: number, extend: number, scaled: number) => {
      emit(s, v, form | Address.indexed << 8, 0, packAccess(code, extend, scaled));
      first();
      mach.operand(base, UseReg);
      use(s, index);
    };
    const a = func.a[v], displacement = func.c[v];
    if (func.op[v] < 0x60) {
      if (s.folded[a] === 0) return atBase(s.vreg(a), displacement);
      const left = func.a[a], right = func.b[a];
      if (s.isInt32(right)) return atBase(s.vreg(left), displacement + func.constLo(right));
      const operand = foldedOperand(s, a);
      if (operand < 0) return atIndex(s.vreg(left), right, Extend.LSL, 0);
      const base = s.vreg(operand === left ? right : left);
      const isExtended = func.op[operand] !== Op.ishl;
      return atIndex(
        base,
        func.a[operand],
        isExtended ? Extend.SXTW : Extend.LSL,
        // An unscaled access of bytes is the same as a scaled one.
        !isExtended && accessScale(code) > 0 ? 1 : 0,
      );
    }
    if (s.isConst(a)) {
      const sum = displacement + (func.constLo(a) >>> 0);
      if (sum === (sum | 0)) return atBase(mach.heapBase, sum);
    }
    if (heapBlock !== func.block[v]) {
      heapBlock = func.block[v];
      heapAddresses.clear();
    }
    let address = heapAddresses.get(a);
    if (address === undefined) {
      if (displacement === 0) return atIndex(mach.heapBase, a, Extend.UXTW, 0);
      address = mach.newVreg(RegClass.Int);
      heapAddresses.set(a, address);
      emit(s, v, Mop.alu | WIDE_BIT | Alu.add << 8, packExtend(Extend.UXTW));
      mach.operand(address, DefReg);
      mach.operand(mach.heapBase, UseReg);
      use(s, a);
    }
    atBase(address, displacement);
  }

  const calls: CallRules = {
    locations: guestLocations,
    nativeInts: INT_ARGS,
    nativeFloats: FLOAT_ARGS,
    nativeResult: INT_ARGS[0],
    loadWord(s, value, pc, word, incoming) {
      const code = isFloatType(s.func.type[value]) ? Access.LDR_D : Access.LDR_X;
      s.mach.emit(Mop.load | stackAddress(incoming) << 8, pc, 8 * word, packAccess(code));
      def(s, value);
    },
    storeWord(s, value, pc, word, incoming) {
      const isZero = isZeroBits(s, value);
      const isFloat = isFloatType(s.func.type[value]) && !isZero;
      const form = (isZero ? Mop.storeZero : Mop.store) | stackAddress(incoming) << 8;
      s.mach.emit(form, pc, 8 * word, packAccess(isFloat ? Access.STR_D : Access.STR_X));
      if (!isZero) s.mach.operand(s.vreg(value), UseReg);
    },
    lowHalf(s, value, pc, vreg) {
      s.mach.emit(Mop.lowHalf, pc);
      def(s, value);
      s.mach.operand(vreg, UseReg);
    },
  };

  /** Address form of whole stack words. */
  function stackAddress(incoming: boolean): number {
    return incoming ? Address.incoming : Address.outgoing;
  }

  // ---- the driver's questions

  function instruction(s: Selection, v: number): void {
    const { func, mach } = s;
    if (isAccess(func.op[v])) {
      const isStore = (func.op[v] & 15) >= 10;
      return access(s, v, isStore && !isZeroBits(s, func.b[v]) ? func.b[v] : -1);
    }
    const w = wide(s, v);
    switch (func.op[v]) {
      case 0x06: // ir.select
        return select(s, v);
      case 0x08: // ir.iadd
      case 0x09: // ir.isub
        return addSub(s, v);
      case 0x0a: // ir.imul
        return binary(s, v, Mop.multiply | w | 2 << 8);
      case 0x0b: // ir.iand
        return logical(s, v, Alu.and);
      case 0x0c: // ir.ior
        return logical(s, v, Alu.orr);
      case 0x0d: // ir.ixor
        return logical(s, v, Alu.eor);
      case 0x0e: // ir.ishl
        return shift(s, v, DataProc2.LSLV);
      case 0x0f: // ir.ushr
        return shift(s, v, DataProc2.LSRV);
      case 0x10: // ir.sshr
        return shift(s, v, DataProc2.ASRV);
      case 0x11: // ir.rotl
        return rotate(s, v, true);
      case 0x12: // ir.rotr
        return rotate(s, v, false);
      case 0x13: // ir.umulh
        return binary(s, v, Mop.multiplyHigh | w);
      case 0x14: // ir.smulh
        return binary(s, v, Mop.multiplyHigh | w | 1 << 8);
      case 0x15: // ir.sdiv
        return binary(s, v, Mop.dataProc2 | w | DataProc2.SDIV << 8);
      case 0x16: // ir.srem
        return binary(s, v, Mop.remainder | w | 1 << 8);
      case 0x17: // ir.udiv
        return binary(s, v, Mop.dataProc2 | w | DataProc2.UDIV << 8);
      case 0x18: // ir.urem
        return binary(s, v, Mop.remainder | w);
      case 0x19: // ir.ineg
        return unary(s, v, Mop.negNot | w | Alu.sub << 8);
      case 0x1a: // ir.inot
        return unary(s, v, Mop.negNot | w | Alu.orn << 8);
      case 0x1b: // ir.clz
        return unary(s, v, Mop.dataProc1 | w | DataProc1.CLZ << 8);
      case 0x1c: // ir.ctz
        return unary(s, v, Mop.ctz | w);
      case 0x1d: // ir.popcnt
        return unary(s, v, Mop.popcnt | w);
      case 0x1e: // ir.bswap
        return unary(s, v, Mop.dataProc1 | w | (w !== 0 ? DataProc1.REV64 : DataProc1.REV32) << 8);
      case 0x1f: // ir.icmp
      case 0x20: // ir.sadd_ovf
      case 0x21: // ir.ssub_ovf
      case 0x22: // ir.smul_ovf
      case 0x40: // ir.fcmp
        return materialise(s, v);
      case 0x23: // ir.sext8
        return bits(s, v, w, Bitfield.SBFM, 0, 7);
      case 0x24: // ir.sext16
        return bits(s, v, w, Bitfield.SBFM, 0, 15);
      case 0x25: // ir.sext32
      case 0x28: // ir.extend_s
        return bits(s, v, WIDE_BIT, Bitfield.SBFM, 0, 31);
      case 0x26: // ir.zext8
        return bits(s, v, 0, Bitfield.UBFM, 0, 7);
      case 0x27: // ir.zext16
        return bits(s, v, 0, Bitfield.UBFM, 0, 15);
      case 0x2a: // ir.wrap
        return unary(s, v, Mop.lowHalf);

      case 0x30: // ir.fadd
        return binary(s, v, Mop.fpArith | w | FpArith.FADD << 8);
      case 0x31: // ir.fsub
        return binary(s, v, Mop.fpArith | w | FpArith.FSUB << 8);
      case 0x32: // ir.fmul
        return binary(s, v, Mop.fpArith | w | FpArith.FMUL << 8);
      case 0x33: // ir.fdiv
        return binary(s, v, Mop.fpArith | w | FpArith.FDIV << 8);
      case 0x34: // ir.fmin
      case 0x35: // ir.fmax
      case 0x36: // ir.fminnum
      case 0x37: // ir.fmaxnum
        return binary(s, v, Mop.minMax | w | (func.op[v] - 0x34) << 8);
      case 0x38: // ir.fcopysign
        return binary(s, v, Mop.copysign | w);
      case 0x39: // ir.fneg
        return unary(s, v, Mop.fpUnary | w | FpUnary.FNEG << 8);
      case 0x3a: // ir.fabs
        return unary(s, v, Mop.fpUnary | w | FpUnary.FABS << 8);
      case 0x3b: // ir.fsqrt
        return unary(s, v, Mop.fpUnary | w | FpUnary.FSQRT << 8);
      case 0x3c: // ir.ffloor
        return unary(s, v, Mop.fpUnary | w | FpUnary.FRINTM << 8);
      case 0x3d: // ir.fceil
        return unary(s, v, Mop.fpUnary | w | FpUnary.FRINTP << 8);
      case 0x3e: // ir.ftrunc
        return unary(s, v, Mop.fpUnary | w | FpUnary.FRINTZ << 8);
      case 0x3f: // ir.fnearest
        return unary(s, v, Mop.fpUnary | w | FpUnary.FRINTN << 8);
      case 0x41: // ir.fcanon
        emit(s, v, Mop.canon | w);
        mach.operand(s.vreg(v), DefReuse);
        return mach.operand(s.vreg(func.a[v]), UseReg);
      case 0x42: // ir.fcvt_from_sint
        return unary(s, v, Mop.fromInt | w | (s.is64(func.a[v]) ? 2 : 0) << 8);
      case 0x43: // ir.fcvt_from_uint
        return unary(s, v, Mop.fromInt | w | (s.is64(func.a[v]) ? 3 : 1) << 8);
      case 0x44: // ir.fcvt_to_sint
      case 0x46: // ir.fcvt_to_sint_sat
        return unary(s, v, Mop.toInt | w | (s.is64(func.a[v]) ? 2 : 0) << 8);
      case 0x45: // ir.fcvt_to_uint
      case 0x47: // ir.fcvt_to_uint_sat
        return unary(s, v, Mop.toInt | w | (s.is64(func.a[v]) ? 3 : 1) << 8);
      case 0x48: // ir.fpromote
        return unary(s, v, Mop.resize);
      case 0x49: // ir.fdemote
        return unary(s, v, Mop.resize | WIDE_BIT);
      case 0x4a: // ir.bitcast
        return unary(s, v, (isFloatType(func.type[v]) ? Mop.intBits : Mop.floatBits) | w);

      case 0x70: // ir.ctx_load
        emit(
          s,
          v,
          Mop.load | Address.context << 8,
          func.c[v],
          packAccess(FIELD_LOAD[func.type[v]]),
        );
        return def(s, v);
      case 0x71: { // ir.ctx_store
        const a = func.a[v], type = func.type[a];
        const zero = isZeroBits(s, a);
        const code = zero ? s.is64(a) ? Access.STR_X : Access.STR_W : FIELD_STORE[type];
        emit(
          s,
          v,
          (zero ? Mop.storeZero : Mop.store) | Address.context << 8,
          func.c[v],
          packAccess(code),
        );
        if (!zero) use(s, a);
        return;
      }
      case 0x7c: // ir.trap_if
      case 0x7d: // ir.trap_unless
        analyse(s, func.a[v], func.op[v] === Op.trap_unless);
        emit(s, v, Mop.trapIf | compareBits(), compareImm, func.c[v]);
        return compareOperands(s);
      default:
        // Behind an exit or a call, addresses are cheaper to add up again than to reload.
        if (func.op[v] >= Op.exit) heapAddresses.clear();
        return selectShared(s, v, calls);
    }
  }

  function terminator(s: Selection, v: number): void {
    const { func } = s;
    switch (func.op[v]) {
      case 0x89: // ir.br_if
        analyse(s, func.a[v], false);
        emit(s, v, Mop.branch | compareBits(), compareImm);
        return compareOperands(s);
      case 0x8a: // ir.br_table
        emit(s, v, Mop.branchTable);
        return use(s, func.a[v]);
      default:
        return selectSharedTerminator(s, v, calls);
    }
  }

  function entry(s: Selection, params: readonly number[]): void {
    heapBlock = -1;
    selectEntry(s, params, calls);
    s.mach.heapBase = s.mach.newConstant(RegClass.Int, 0, 0);
  }

  return { registers: A64_REGISTERS, folds, entry, instruction, terminator };
}
