/**
 * A64 instruction encoder: fields in, one 32-bit instruction word out.
 *
 * Owns the bit layout of every instruction form Burin emits and the rules saying which field values
 * exist. It relies on nothing and keeps no state. Every function takes numbers and returns the word
 * as a signed 32-bit number, ready for an `Int32Array`; every field is checked, and a value that
 * cannot be encoded throws a `RangeError` that names the instruction, the field and the value.
 *
 * Two layers, both exported:
 *
 * - one function a layout (an "encoding class" of the manual), which takes the opcode field first:
 *   `addSubShifted(AddSub.SUB, ...)`. Use these when an emitter picks the operation from a table;
 * - thin wrappers with the mnemonic's name: `sub(...)`, `subImm(...)`, `cmp(...)`. The bare name is
 *   the register form, `Imm` and `Ext` the others.
 *
 * Conventions: `sf` is 0 for W (32-bit) and 1 for X (64-bit) registers; `type` is 0 for S and 1 for
 * D; registers are 0..31, where 31 is the zero register or SP as the form says; PC-relative offsets
 * count bytes from the instruction itself.
 *
 * Sources are the titles in the Arm Architecture Reference Manual for A-profile (DDI 0487): layouts
 * from C4.1 "A64 instruction set encoding", meanings from C6.2 (base) and C7.2 (SIMD and FP).
 * Subsection numbers move between issues of the manual, titles do not, so titles are cited.
 *
 * @example
 * ```ts
 * import { addImm, Reg, ret } from "./encoder.ts";
 *
 * const code = new Int32Array([addImm(1, Reg.X0, Reg.X0, 42), ret()]);
 * console.log(code); // Int32Array(2) [ -1862227968, -698416192 ]
 * ```
 *
 * @module
 */

// ---------------------------------------------------------------------------------------------
// Names for field values

/** General registers by name. 31 is SP or the zero register, depending on the instruction. */
export const Reg = {
  X0: 0,
  X1: 1,
  X2: 2,
  X3: 3,
  X4: 4,
  X5: 5,
  X6: 6,
  X7: 7,
  X8: 8,
  X9: 9,
  X10: 10,
  X11: 11,
  X12: 12,
  X13: 13,
  X14: 14,
  X15: 15,
  X16: 16,
  X17: 17,
  X18: 18,
  X19: 19,
  X20: 20,
  X21: 21,
  X22: 22,
  X23: 23,
  X24: 24,
  X25: 25,
  X26: 26,
  X27: 27,
  X28: 28,
  /** Frame pointer (X29). */
  FP: 29,
  /** Link register (X30). */
  LR: 30,
  /** Reads as zero, discards writes. */
  ZR: 31,
  /** Stack pointer, where a form takes it. */
  SP: 31,
} as const;

/** Condition codes (C1.2.4). After an FP compare, `LT`, `LE`, `NE`, `HI`, `PL` and `VS` hold for NaN. */
export const Cond = {
  EQ: 0,
  NE: 1,
  /** Carry set: unsigned `>=`. */
  CS: 2,
  /** Unsigned `>=`, another name of `CS`. */
  HS: 2,
  /** Carry clear: unsigned `<`. */
  CC: 3,
  /** Unsigned `<`, another name of `CC`. */
  LO: 3,
  /** Negative. */
  MI: 4,
  /** Positive or zero, or unordered. */
  PL: 5,
  /** Overflow, or unordered. */
  VS: 6,
  /** No overflow, ordered. */
  VC: 7,
  HI: 8,
  LS: 9,
  GE: 10,
  LT: 11,
  GT: 12,
  LE: 13,
  AL: 14,
  /** Always as well; only its encoding differs from `AL`. */
  NV: 15,
} as const;

/** Shifts of a register operand. Add and subtract have no `ROR`. */
export const Shift = { LSL: 0, LSR: 1, ASR: 2, ROR: 3 } as const;

/** Extensions of a register operand. Register offsets take `UXTW`, `UXTX` (LSL), `SXTW`, `SXTX`. */
export const Extend = {
  UXTB: 0,
  UXTH: 1,
  UXTW: 2,
  UXTX: 3,
  /** `UXTX` as register offsets call it. */
  LSL: 3,
  SXTB: 4,
  SXTH: 5,
  SXTW: 6,
  SXTX: 7,
} as const;

/** The mnemonics of a table of operations, by field value, for messages and to check the field. */
function names(table: Readonly<Record<string, number>>): (string | undefined)[] {
  const byValue: (string | undefined)[] = new Array(32).fill(undefined);
  for (const [name, value] of Object.entries(table)) byValue[value] = name.toLowerCase();
  return byValue;
}

/** Operations of add and subtract: the fields `op:S`. */
export const AddSub = { ADD: 0, ADDS: 1, SUB: 2, SUBS: 3 } as const;
const ADD_SUB_NAMES = names(AddSub);
const CARRY_NAMES = ["adc", "adcs", "sbc", "sbcs"];

/** Logical operations on registers: the fields `opc:N`. */
export const Logical = {
  AND: 0,
  BIC: 1,
  ORR: 2,
  ORN: 3,
  EOR: 4,
  EON: 5,
  ANDS: 6,
  BICS: 7,
} as const;
const LOGICAL_NAMES = names(Logical);

/** Logical operations on an immediate: the field `opc`. */
export const LogicalImm = { AND: 0, ORR: 1, EOR: 2, ANDS: 3 } as const;
const LOGICAL_IMM_NAMES = names(LogicalImm);

/** Wide moves: the field `opc`. */
export const MoveWide = { MOVN: 0, MOVZ: 2, MOVK: 3 } as const;
const MOVE_WIDE_NAMES = names(MoveWide);

/** Bit field moves: the field `opc`. */
export const Bitfield = { SBFM: 0, BFM: 1, UBFM: 2 } as const;
const BITFIELD_NAMES = names(Bitfield);

/** Two-source operations: the field `opcode`. */
export const DataProc2 = { UDIV: 2, SDIV: 3, LSLV: 8, LSRV: 9, ASRV: 10, RORV: 11 } as const;
const DATA_PROC_2_NAMES = names(DataProc2);

/** One-source operations: the field `opcode`. `REV32` is the X form of what `rev` is for W. */
export const DataProc1 = { RBIT: 0, REV16: 1, REV32: 2, REV64: 3, CLZ: 4, CLS: 5 } as const;
const DATA_PROC_1_NAMES = names(DataProc1);

/** Multiply-adds with 64-bit result of 32-bit sources: the fields `op31:o0`. */
export const MultiplyLong = { SMADDL: 2, SMSUBL: 3, UMADDL: 10, UMSUBL: 11 } as const;
const MULTIPLY_LONG_NAMES = names(MultiplyLong);

/** Conditional selects: the fields `op:o2`. */
export const CondSelect = { CSEL: 0, CSINC: 1, CSINV: 2, CSNEG: 3 } as const;
const COND_SELECT_NAMES = names(CondSelect);

/** Conditional compares: the field `op`. */
export const CondCompare = { CCMN: 0, CCMP: 1 } as const;
const COND_COMPARE_NAMES = names(CondCompare);

/**
 * What a load or store moves: the fields `size:V:opc`. `LDRSB_X` extends the sign to 64 bits,
 * `LDRSB_W` to 32; `_B`, `_H`, `_S`, `_D`, `_Q` are SIMD and FP registers.
 */
export const Access = {
  STRB: 0,
  LDRB: 1,
  LDRSB_X: 2,
  LDRSB_W: 3,
  STR_B: 4,
  LDR_B: 5,
  STR_Q: 6,
  LDR_Q: 7,
  STRH: 8,
  LDRH: 9,
  LDRSH_X: 10,
  LDRSH_W: 11,
  STR_H: 12,
  LDR_H: 13,
  STR_W: 16,
  LDR_W: 17,
  LDRSW: 18,
  STR_S: 20,
  LDR_S: 21,
  STR_X: 24,
  LDR_X: 25,
  STR_D: 28,
  LDR_D: 29,
} as const;
const ACCESS_NAMES = names(Access);

/** What a load or store of a pair moves: the fields `opc:V:L`. */
export const Pair = {
  STP_W: 0,
  LDP_W: 1,
  STP_S: 2,
  LDP_S: 3,
  LDPSW: 5,
  STP_D: 6,
  LDP_D: 7,
  STP_X: 8,
  LDP_X: 9,
  STP_Q: 10,
  LDP_Q: 11,
} as const;
const PAIR_NAMES = names(Pair);

/** What a PC-relative load moves: the fields `opc:V`. */
export const Literal = { LDR_W: 0, LDR_S: 1, LDR_X: 2, LDR_D: 3, LDRSW: 4, LDR_Q: 5 } as const;
const LITERAL_NAMES = names(Literal);

/** FP operations with two sources: the field `opcode`. */
export const FpArith = {
  FMUL: 0,
  FDIV: 1,
  FADD: 2,
  FSUB: 3,
  FMAX: 4,
  FMIN: 5,
  FMAXNM: 6,
  FMINNM: 7,
  FNMUL: 8,
} as const;
const FP_ARITH_NAMES = names(FpArith);

/** FP operations with one source of the same type: the field `opcode`. */
export const FpUnary = {
  FMOV: 0,
  FABS: 1,
  FNEG: 2,
  FSQRT: 3,
  FRINTN: 8,
  FRINTP: 9,
  FRINTM: 10,
  FRINTZ: 11,
  FRINTA: 12,
  FRINTX: 14,
  FRINTI: 15,
} as const;
const FP_UNARY_NAMES = names(FpUnary);

/** FP multiply-adds: the fields `o1:o0`. */
export const FpMultiplyAdd = { FMADD: 0, FMSUB: 1, FNMADD: 2, FNMSUB: 3 } as const;
const FP_MULTIPLY_ADD_NAMES = names(FpMultiplyAdd);

/** Conversions between FP and general registers: the fields `rmode:opcode`. */
export const FpConvert = {
  FCVTNS: 0,
  FCVTNU: 1,
  SCVTF: 2,
  UCVTF: 3,
  FCVTAS: 4,
  FCVTAU: 5,
  FCVTPS: 8,
  FCVTPU: 9,
  FCVTMS: 16,
  FCVTMU: 17,
  FCVTZS: 24,
  FCVTZU: 25,
} as const;
const FP_CONVERT_NAMES = names(FpConvert);

/** Exclusive and ordered accesses: the fields `o2:L:o0`. */
export const Exclusive = { STXR: 0, STLXR: 1, LDXR: 2, LDAXR: 3, STLR: 5, LDAR: 7 } as const;
const EXCLUSIVE_NAMES = names(Exclusive);

/** Which accesses a `dmb` or `dsb` orders, and how far: the field `CRm`. */
export const Barrier = {
  OSHLD: 1,
  OSHST: 2,
  OSH: 3,
  NSHLD: 5,
  NSHST: 6,
  NSH: 7,
  ISHLD: 9,
  ISHST: 10,
  ISH: 11,
  LD: 13,
  ST: 14,
  SY: 15,
} as const;

/** System registers: the fields `op0:op1:CRn:CRm:op2`. `CTR_EL0` and `CNTVCT_EL0` are read-only. */
export const SystemReg = {
  NZCV: 0xda10,
  FPCR: 0xda20,
  FPSR: 0xda21,
  TPIDR_EL0: 0xde82,
  CTR_EL0: 0xd801,
  CNTVCT_EL0: 0xdf02,
} as const;

// ---------------------------------------------------------------------------------------------
// Field checks. `(v & mask) !== v` is one test that refuses negative, too large, fractional and NaN
// values alike; the wanted range is only worked out once a check has failed.

function reject(insn: string, field: string, value: unknown, want: string): never {
  throw new RangeError(`${insn}: ${field} must be ${want}, got ${value}`);
}

function rejectOp(layout: string, op: number): never {
  throw new RangeError(`${layout}: op is not an operation of this layout, got ${op}`);
}

/** A five-bit register number. */
function reg(insn: string, field: string, value: number): number {
  if ((value & 31) !== value) reject(insn, field, value, "a register number in 0..31");
  return value;
}

/** An unsigned field; `max` is one less than a power of two. */
function uint(insn: string, field: string, value: number, max: number): number {
  if ((value & max) !== value) reject(insn, field, value, `an integer in 0..${max}`);
  return value;
}

/** `sf`, `type` and the like, moved to bit `at`. */
function flag(insn: string, field: string, value: number, at: number): number {
  if ((value & 1) !== value) reject(insn, field, value, "0 or 1");
  return value << at;
}

/** A signed byte offset in words of `1 << scale` bytes and `bits` bits, returned in words. */
function scaled(
  insn: string,
  field: string,
  value: number,
  bits: number,
  scale: number,
): number {
  const words = value << (32 - bits - scale) >> (32 - bits);
  if (words << scale !== value) rejectScaled(insn, field, value, bits, scale);
  return words;
}

function rejectScaled(
  insn: string,
  field: string,
  value: number,
  bits: number,
  scale: number,
): never {
  const half = 2 ** (bits - 1 + scale);
  const what = scale === 0 ? "an integer" : `a multiple of ${1 << scale}`;
  reject(insn, field, value, `${what} in ${-half}..${half - (1 << scale)}`);
}

function condition(insn: string, value: number): number {
  if ((value & 15) !== value) reject(insn, "cond", value, "a condition in 0..15");
  return value << 12;
}

/** A condition that has an opposite, inverted: `AL` and `NV` don't. */
function inverted(insn: string, cond: number): number {
  if ((cond & 15) !== cond || cond > 13) reject(insn, "cond", cond, "a condition in 0..13");
  return cond ^ 1;
}

/** An amount below the register width. */
function amountOf(insn: string, field: string, sf: number, value: number): number {
  return uint(insn, field, value, sf === 0 ? 31 : 63);
}

/**
 * The condition that holds exactly when `cond` does not.
 *
 * @throws {RangeError} for `AL` and `NV`, which have no opposite.
 */
export function invertCond(cond: number): number {
  return inverted("invertCond", cond);
}

// ---------------------------------------------------------------------------------------------
// Encodable immediates

/**
 * Whether `value` is an immediate of add and subtract: 0..4095, or such a number times 4096.
 *
 * Source: C6.2 "ADD (immediate)".
 */
export function isAddSubImmediate(value: number): boolean {
  return (value & 0xfff) === value || (value & 0xfff000) === value;
}

/**
 * Encodes a bitmask immediate, the operand of the logical instructions: a run of ones, rotated,
 * in an element of 2, 4, 8, 16, 32 or 64 bits that repeats through the register.
 *
 * Source: the pseudocode function `DecodeBitMasks` (J1.1.3), read backwards.
 *
 * @param lo bits 31..0 of the value, as any 32-bit number.
 * @param hi bits 63..32; ignored when `size` is 32.
 * @param size the register width, 32 or 64.
 * @returns the fields `N:immr:imms` (13 bits), or -1 when there is no such immediate.
 */
export function logicalImmediate(lo: number, hi: number, size: 32 | 64): number {
  lo |= 0;
  if (size === 64 && (hi | 0) !== lo) return logicalImmediate64(lo, hi | 0);
  let element = 32;
  let mask = -1;
  while (element > 2) {
    const half = element >> 1;
    const halfMask = (1 << half) - 1;
    if (((lo >>> half) & halfMask) !== (lo & halfMask)) break;
    element = half;
    mask = halfMask;
  }
  let bits = lo & mask;
  if (bits === 0 || bits === mask) return -1;
  // When the run wraps around the element, find the run of zeros instead.
  const wraps = (bits & 1) !== 0;
  if (wraps) bits = ~bits & mask;
  const start = 31 - Math.clz32(bits & -bits);
  const run = bits >>> start;
  if ((run & (run + 1)) !== 0) return -1;
  const length = 32 - Math.clz32(run);
  const ones = wraps ? element - length : length;
  const first = wraps ? start + length : start;
  const immr = (element - first) & (element - 1);
  const imms = (~(2 * element - 1) & 0x3f) | (ones - 1);
  return (immr << 6) | imms;
}

/** The case of one 64-bit element: the halves differ, so the value is neither 0 nor all ones. */
function logicalImmediate64(lo: number, hi: number): number {
  const wraps = (lo & 1) !== 0;
  if (wraps) {
    lo = ~lo;
    hi = ~hi;
  }
  let start: number;
  let length: number;
  if (hi === 0 || lo === 0) {
    const half = hi === 0 ? lo : hi;
    start = 31 - Math.clz32(half & -half);
    const run = half >>> start;
    if ((run & (run + 1)) !== 0) return -1;
    length = 32 - Math.clz32(run);
    if (hi !== 0) start += 32;
  } else {
    // The run crosses the middle: ones up to bit 31 of `lo`, ones from bit 0 of `hi`.
    if ((lo | (lo - 1)) !== -1 || (hi & (hi + 1)) !== 0) return -1;
    start = 31 - Math.clz32(lo & -lo);
    length = 64 - start - Math.clz32(hi);
  }
  const ones = wraps ? 64 - length : length;
  const first = wraps ? start + length : start;
  return 0x1000 | (((64 - first) & 63) << 6) | (ones - 1);
}

/**
 * Encodes the bits of an f64 as the 8-bit immediate of `fmov`: ±n/16 × 2^r with n in 16..31 and r
 * in -3..4. Zero is not among them.
 *
 * Source: the pseudocode function `VFPExpandImm` (shared/functions/float/vfpexpandimm).
 *
 * @returns the field `imm8`, or -1.
 */
export function fpImmediate64(lo: number, hi: number): number {
  // hi = a ~b bbbbbbbb cd efgh 0{16}, lo = 0
  if (lo !== 0 || (hi & 0xffff) !== 0) return -1;
  const exponent = (hi >>> 22) & 0x1ff;
  if (exponent !== 0x100 && exponent !== 0x0ff) return -1;
  return ((hi >>> 24) & 0x80) | ((hi >>> 16) & 0x7f);
}

/**
 * Encodes the bits of an f32 as the 8-bit immediate of `fmov`; see {@linkcode fpImmediate64}.
 *
 * @returns the field `imm8`, or -1.
 */
export function fpImmediate32(bits: number): number {
  // bits = a ~b bbbbb cd efgh 0{19}
  if ((bits & 0x7ffff) !== 0) return -1;
  const exponent = (bits >>> 25) & 0x3f;
  if (exponent !== 0x20 && exponent !== 0x1f) return -1;
  return ((bits >>> 24) & 0x80) | ((bits >>> 19) & 0x7f);
}

// ---------------------------------------------------------------------------------------------
// Add and subtract

/**
 * Layout "Add/subtract (immediate)": `sf op S 100010 sh imm12 Rn Rd`.
 *
 * Rn may be SP; Rd may be SP unless the flags are set, when 31 is ZR.
 *
 * @param op one of {@linkcode AddSub}.
 * @param shift 0, or 12 to shift `imm12` left.
 */
export function addSubImmediate(
  op: number,
  sf: number,
  rd: number,
  rn: number,
  imm12: number,
  shift: number,
): number {
  const insn = ADD_SUB_NAMES[op] ?? rejectOp("add/subtract (immediate)", op);
  if (shift !== 0 && shift !== 12) reject(insn, "shift", shift, "0 or 12");
  return flag(insn, "sf", sf, 31) | op << 29 | 0x11000000 | (shift === 12 ? 1 << 22 : 0) |
    uint(insn, "imm12", imm12, 0xfff) << 10 | reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

function addSubValue(
  op: number,
  insn: string,
  sf: number,
  rd: number,
  rn: number,
  value: number,
): number {
  if ((value & 0xfff) === value) return addSubImmediate(op, sf, rd, rn, value, 0);
  if ((value & 0xfff000) === value) return addSubImmediate(op, sf, rd, rn, value >> 12, 12);
  reject(insn, "value", value, "in 0..4095 or a multiple of 4096 up to 16773120");
}

/** C6.2 ADD (immediate): `rd = rn + value`; see {@linkcode isAddSubImmediate}. 31 is SP. */
export function addImm(sf: number, rd: number, rn: number, value: number): number {
  return addSubValue(0, "add", sf, rd, rn, value);
}
/** C6.2 ADDS (immediate). Rn 31 is SP, Rd 31 is ZR. */
export function addsImm(sf: number, rd: number, rn: number, value: number): number {
  return addSubValue(1, "adds", sf, rd, rn, value);
}
/** C6.2 SUB (immediate). 31 is SP. */
export function subImm(sf: number, rd: number, rn: number, value: number): number {
  return addSubValue(2, "sub", sf, rd, rn, value);
}
/** C6.2 SUBS (immediate). Rn 31 is SP, Rd 31 is ZR. */
export function subsImm(sf: number, rd: number, rn: number, value: number): number {
  return addSubValue(3, "subs", sf, rd, rn, value);
}
/** C6.2 CMP (immediate): SUBS to the zero register. */
export function cmpImm(sf: number, rn: number, value: number): number {
  return addSubValue(3, "cmp", sf, 31, rn, value);
}
/** C6.2 CMN (immediate): ADDS to the zero register. */
export function cmnImm(sf: number, rn: number, value: number): number {
  return addSubValue(1, "cmn", sf, 31, rn, value);
}
/** C6.2 MOV (to/from SP): ADD of zero, for copies where 31 is SP. */
export function movSp(sf: number, rd: number, rn: number): number {
  return addSubImmediate(0, sf, rd, rn, 0, 0);
}

/**
 * Layout "Add/subtract (shifted register)": `sf op S 01011 shift 0 Rm imm6 Rn Rd`.
 *
 * @param op one of {@linkcode AddSub}.
 * @param shift one of {@linkcode Shift} except `ROR`.
 * @param amount below the register width.
 */
export function addSubShifted(
  op: number,
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift: number,
  amount: number,
): number {
  const insn = ADD_SUB_NAMES[op] ?? rejectOp("add/subtract (shifted register)", op);
  if ((shift & 3) !== shift || shift === 3) reject(insn, "shift", shift, "LSL, LSR or ASR (0..2)");
  return flag(insn, "sf", sf, 31) | op << 29 | 0x0b000000 | shift << 22 |
    reg(insn, "rm", rm) << 16 | amountOf(insn, "amount", sf, amount) << 10 |
    reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C6.2 ADD (shifted register). */
export function add(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return addSubShifted(0, sf, rd, rn, rm, shift, amount);
}
/** C6.2 ADDS (shifted register). */
export function adds(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return addSubShifted(1, sf, rd, rn, rm, shift, amount);
}
/** C6.2 SUB (shifted register). */
export function sub(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return addSubShifted(2, sf, rd, rn, rm, shift, amount);
}
/** C6.2 SUBS (shifted register). */
export function subs(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return addSubShifted(3, sf, rd, rn, rm, shift, amount);
}
/** C6.2 CMP (shifted register). */
export function cmp(sf: number, rn: number, rm: number, shift = 0, amount = 0): number {
  return addSubShifted(3, sf, 31, rn, rm, shift, amount);
}
/** C6.2 CMN (shifted register). */
export function cmn(sf: number, rn: number, rm: number, shift = 0, amount = 0): number {
  return addSubShifted(1, sf, 31, rn, rm, shift, amount);
}
/** C6.2 NEG (shifted register): SUB from the zero register. */
export function neg(sf: number, rd: number, rm: number, shift = 0, amount = 0): number {
  return addSubShifted(2, sf, rd, 31, rm, shift, amount);
}
/** C6.2 NEGS: SUBS from the zero register. */
export function negs(sf: number, rd: number, rm: number, shift = 0, amount = 0): number {
  return addSubShifted(3, sf, rd, 31, rm, shift, amount);
}

/**
 * Layout "Add/subtract (extended register)": `sf op S 01011 001 Rm option imm3 Rn Rd`.
 *
 * Rn may be SP; Rd may be SP unless the flags are set.
 *
 * @param op one of {@linkcode AddSub}.
 * @param extend one of {@linkcode Extend}.
 * @param amount left shift after the extension, 0..4.
 */
export function addSubExtended(
  op: number,
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  extend: number,
  amount: number,
): number {
  const insn = ADD_SUB_NAMES[op] ?? rejectOp("add/subtract (extended register)", op);
  if ((amount & 7) !== amount || amount > 4) reject(insn, "amount", amount, "an integer in 0..4");
  return flag(insn, "sf", sf, 31) | op << 29 | 0x0b200000 | reg(insn, "rm", rm) << 16 |
    uint(insn, "extend", extend, 7) << 13 | amount << 10 | reg(insn, "rn", rn) << 5 |
    reg(insn, "rd", rd);
}

/** C6.2 ADD (extended register). Rd and Rn 31 are SP. */
export function addExt(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  extend: number,
  amount = 0,
): number {
  return addSubExtended(0, sf, rd, rn, rm, extend, amount);
}
/** C6.2 ADDS (extended register). Rn 31 is SP. */
export function addsExt(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  extend: number,
  amount = 0,
): number {
  return addSubExtended(1, sf, rd, rn, rm, extend, amount);
}
/** C6.2 SUB (extended register). Rd and Rn 31 are SP. */
export function subExt(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  extend: number,
  amount = 0,
): number {
  return addSubExtended(2, sf, rd, rn, rm, extend, amount);
}
/** C6.2 SUBS (extended register). Rn 31 is SP. */
export function subsExt(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  extend: number,
  amount = 0,
): number {
  return addSubExtended(3, sf, rd, rn, rm, extend, amount);
}
/** C6.2 CMP (extended register). Rn 31 is SP. */
export function cmpExt(sf: number, rn: number, rm: number, extend: number, amount = 0): number {
  return addSubExtended(3, sf, 31, rn, rm, extend, amount);
}
/** C6.2 CMN (extended register). Rn 31 is SP. */
export function cmnExt(sf: number, rn: number, rm: number, extend: number, amount = 0): number {
  return addSubExtended(1, sf, 31, rn, rm, extend, amount);
}

/**
 * Layout "Add/subtract (with carry)": `sf op S 11010000 Rm 000000 Rn Rd`.
 *
 * @param op one of {@linkcode AddSub}.
 */
export function addSubCarry(op: number, sf: number, rd: number, rn: number, rm: number): number {
  const insn = CARRY_NAMES[op] ?? rejectOp("add/subtract (with carry)", op);
  return flag(insn, "sf", sf, 31) | op << 29 | 0x1a000000 | reg(insn, "rm", rm) << 16 |
    reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C6.2 ADC. */
export function adc(sf: number, rd: number, rn: number, rm: number): number {
  return addSubCarry(0, sf, rd, rn, rm);
}
/** C6.2 ADCS. */
export function adcs(sf: number, rd: number, rn: number, rm: number): number {
  return addSubCarry(1, sf, rd, rn, rm);
}
/** C6.2 SBC. */
export function sbc(sf: number, rd: number, rn: number, rm: number): number {
  return addSubCarry(2, sf, rd, rn, rm);
}
/** C6.2 SBCS. */
export function sbcs(sf: number, rd: number, rn: number, rm: number): number {
  return addSubCarry(3, sf, rd, rn, rm);
}

// ---------------------------------------------------------------------------------------------
// Logical operations

/**
 * Layout "Logical (shifted register)": `sf opc 01010 shift N Rm imm6 Rn Rd`.
 *
 * @param op one of {@linkcode Logical}.
 * @param shift one of {@linkcode Shift}.
 */
export function logicalShifted(
  op: number,
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift: number,
  amount: number,
): number {
  const insn = LOGICAL_NAMES[op] ?? rejectOp("logical (shifted register)", op);
  return flag(insn, "sf", sf, 31) | (op >> 1) << 29 | 0x0a000000 |
    uint(insn, "shift", shift, 3) << 22 | (op & 1) << 21 | reg(insn, "rm", rm) << 16 |
    amountOf(insn, "amount", sf, amount) << 10 | reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C6.2 AND (shifted register). */
export function and(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return logicalShifted(0, sf, rd, rn, rm, shift, amount);
}
/** C6.2 BIC (shifted register): `rn & ~rm`. */
export function bic(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return logicalShifted(1, sf, rd, rn, rm, shift, amount);
}
/** C6.2 ORR (shifted register). */
export function orr(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return logicalShifted(2, sf, rd, rn, rm, shift, amount);
}
/** C6.2 ORN (shifted register): `rn | ~rm`. */
export function orn(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return logicalShifted(3, sf, rd, rn, rm, shift, amount);
}
/** C6.2 EOR (shifted register). */
export function eor(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return logicalShifted(4, sf, rd, rn, rm, shift, amount);
}
/** C6.2 EON (shifted register): `rn ^ ~rm`. */
export function eon(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return logicalShifted(5, sf, rd, rn, rm, shift, amount);
}
/** C6.2 ANDS (shifted register). */
export function ands(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return logicalShifted(6, sf, rd, rn, rm, shift, amount);
}
/** C6.2 BICS (shifted register). */
export function bics(
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  shift = 0,
  amount = 0,
): number {
  return logicalShifted(7, sf, rd, rn, rm, shift, amount);
}
/** C6.2 TST (shifted register): ANDS to the zero register. */
export function tst(sf: number, rn: number, rm: number, shift = 0, amount = 0): number {
  return logicalShifted(6, sf, 31, rn, rm, shift, amount);
}
/** C6.2 MVN: ORN with the zero register. */
export function mvn(sf: number, rd: number, rm: number, shift = 0, amount = 0): number {
  return logicalShifted(3, sf, rd, 31, rm, shift, amount);
}
/** C6.2 MOV (register): ORR with the zero register. With `sf` 0 it clears the upper half. */
export function mov(sf: number, rd: number, rm: number): number {
  return logicalShifted(2, sf, rd, 31, rm, 0, 0);
}

/**
 * Layout "Logical (immediate)": `sf opc 100100 N immr imms Rn Rd`.
 *
 * Rd 31 is SP, except for ANDS, where it is ZR.
 *
 * @param op one of {@linkcode LogicalImm}.
 * @param fields `N:immr:imms` as {@linkcode logicalImmediate} returns them.
 */
export function logicalImm(
  op: number,
  sf: number,
  rd: number,
  rn: number,
  fields: number,
): number {
  const insn = LOGICAL_IMM_NAMES[op] ?? rejectOp("logical (immediate)", op);
  if (!isBitmaskFields(sf, fields)) {
    reject(insn, "fields", fields, `the N:immr:imms of a ${sf === 0 ? 32 : 64}-bit bitmask`);
  }
  return flag(insn, "sf", sf, 31) | op << 29 | 0x12000000 | fields << 10 |
    reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** Whether `fields` is canonical: what `DecodeBitMasks` takes, without ignored bits set in immr. */
function isBitmaskFields(sf: number, fields: number): boolean {
  if ((fields & (sf === 0 ? 0xfff : 0x1fff)) !== fields) return false;
  const length = 31 - Math.clz32((fields >> 12 << 6) | (~fields & 0x3f));
  const levels = (1 << length) - 1;
  return length >= 1 && (fields & levels) !== levels && (fields >> 6 & 0x3f & ~levels) === 0;
}

/** C6.2 AND (immediate). Rd 31 is SP. */
export function andImm(sf: number, rd: number, rn: number, fields: number): number {
  return logicalImm(0, sf, rd, rn, fields);
}
/** C6.2 ORR (immediate). Rd 31 is SP. */
export function orrImm(sf: number, rd: number, rn: number, fields: number): number {
  return logicalImm(1, sf, rd, rn, fields);
}
/** C6.2 EOR (immediate). Rd 31 is SP. */
export function eorImm(sf: number, rd: number, rn: number, fields: number): number {
  return logicalImm(2, sf, rd, rn, fields);
}
/** C6.2 ANDS (immediate). */
export function andsImm(sf: number, rd: number, rn: number, fields: number): number {
  return logicalImm(3, sf, rd, rn, fields);
}
/** C6.2 TST (immediate): ANDS to the zero register. */
export function tstImm(sf: number, rn: number, fields: number): number {
  return logicalImm(3, sf, 31, rn, fields);
}
/** C6.2 MOV (bitmask immediate): ORR with the zero register. Rd 31 is SP. */
export function movBitmask(sf: number, rd: number, fields: number): number {
  return logicalImm(1, sf, rd, 31, fields);
}

// ---------------------------------------------------------------------------------------------
// Wide moves, PC-relative addresses, bit fields

/**
 * Layout "Move wide (immediate)": `sf opc 100101 hw imm16 Rd`.
 *
 * @param op one of {@linkcode MoveWide}.
 * @param shift 0 or 16, for X also 32 or 48.
 */
export function moveWide(op: number, sf: number, rd: number, imm16: number, shift: number): number {
  const insn = MOVE_WIDE_NAMES[op] ?? rejectOp("move wide (immediate)", op);
  if ((shift & (sf === 0 ? 16 : 48)) !== shift) {
    reject(insn, "shift", shift, sf === 0 ? "0 or 16" : "0, 16, 32 or 48");
  }
  return flag(insn, "sf", sf, 31) | op << 29 | 0x12800000 | shift << 17 |
    uint(insn, "imm16", imm16, 0xffff) << 5 | reg(insn, "rd", rd);
}

/** C6.2 MOVZ: `rd = imm16 << shift`. */
export function movz(sf: number, rd: number, imm16: number, shift = 0): number {
  return moveWide(2, sf, rd, imm16, shift);
}
/** C6.2 MOVN: `rd = ~(imm16 << shift)`. */
export function movn(sf: number, rd: number, imm16: number, shift = 0): number {
  return moveWide(0, sf, rd, imm16, shift);
}
/** C6.2 MOVK: replaces 16 bits of `rd`. */
export function movk(sf: number, rd: number, imm16: number, shift = 0): number {
  return moveWide(3, sf, rd, imm16, shift);
}

/** C6.2 ADR: `rd = pc + offset`, `op immlo 10000 immhi Rd`, any byte within 1 MiB. */
export function adr(rd: number, offset: number): number {
  const value = scaled("adr", "offset", offset, 21, 0);
  return 0x10000000 | (value & 3) << 29 | (value & 0x1ffffc) << 3 | reg("adr", "rd", rd);
}

/**
 * C6.2 ADRP: `rd = (pc & ~4095) + offset`.
 *
 * @param offset a multiple of 4096 within 4 GiB, counted from the page of the instruction.
 */
export function adrp(rd: number, offset: number): number {
  const pages = offset / 4096;
  if (pages << 11 >> 11 !== pages) {
    reject("adrp", "offset", offset, "a multiple of 4096 in -4294967296..4294963200");
  }
  return 0x90000000 | (pages & 3) << 29 | (pages & 0x1ffffc) << 3 | reg("adrp", "rd", rd);
}

/**
 * Layout "Bitfield": `sf opc 100110 N immr imms Rn Rd`.
 *
 * @param op one of {@linkcode Bitfield}.
 * @param immr rotation to the right, below the register width.
 * @param imms leftmost source bit, below the register width.
 */
export function bitfield(
  op: number,
  sf: number,
  rd: number,
  rn: number,
  immr: number,
  imms: number,
): number {
  const insn = BITFIELD_NAMES[op] ?? rejectOp("bitfield", op);
  return flag(insn, "sf", sf, 31) | op << 29 | 0x13000000 | sf << 22 |
    amountOf(insn, "immr", sf, immr) << 16 | amountOf(insn, "imms", sf, imms) << 10 |
    reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C6.2 SBFM. */
export function sbfm(sf: number, rd: number, rn: number, immr: number, imms: number): number {
  return bitfield(0, sf, rd, rn, immr, imms);
}
/** C6.2 BFM. */
export function bfm(sf: number, rd: number, rn: number, immr: number, imms: number): number {
  return bitfield(1, sf, rd, rn, immr, imms);
}
/** C6.2 UBFM. */
export function ubfm(sf: number, rd: number, rn: number, immr: number, imms: number): number {
  return bitfield(2, sf, rd, rn, immr, imms);
}
/** C6.2 LSL (immediate). */
export function lslImm(sf: number, rd: number, rn: number, amount: number): number {
  amountOf("lsl", "amount", sf, amount);
  const top = sf === 0 ? 31 : 63;
  return bitfield(2, sf, rd, rn, -amount & top, top - amount);
}
/** C6.2 LSR (immediate). */
export function lsrImm(sf: number, rd: number, rn: number, amount: number): number {
  amountOf("lsr", "amount", sf, amount);
  return bitfield(2, sf, rd, rn, amount, sf === 0 ? 31 : 63);
}
/** C6.2 ASR (immediate). */
export function asrImm(sf: number, rd: number, rn: number, amount: number): number {
  amountOf("asr", "amount", sf, amount);
  return bitfield(0, sf, rd, rn, amount, sf === 0 ? 31 : 63);
}
/** C6.2 SXTB. */
export function sxtb(sf: number, rd: number, rn: number): number {
  return bitfield(0, sf, rd, rn, 0, 7);
}
/** C6.2 SXTH. */
export function sxth(sf: number, rd: number, rn: number): number {
  return bitfield(0, sf, rd, rn, 0, 15);
}
/** C6.2 SXTW: W to X. */
export function sxtw(rd: number, rn: number): number {
  return bitfield(0, 1, rd, rn, 0, 31);
}
/** C6.2 UXTB. Clears the upper bits of X too. */
export function uxtb(rd: number, rn: number): number {
  return bitfield(2, 0, rd, rn, 0, 7);
}
/** C6.2 UXTH. Clears the upper bits of X too. */
export function uxth(rd: number, rn: number): number {
  return bitfield(2, 0, rd, rn, 0, 15);
}

function checkExtract(insn: string, sf: number, lsb: number, width: number): void {
  amountOf(insn, "lsb", sf, lsb);
  const most = (sf === 0 ? 32 : 64) - lsb;
  if ((width & 127) !== width || width < 1 || width > most) {
    reject(insn, "width", width, `an integer in 1..${most}`);
  }
}

/** C6.2 UBFX: `width` bits from `lsb`, zero extended. */
export function ubfx(sf: number, rd: number, rn: number, lsb: number, width: number): number {
  checkExtract("ubfx", sf, lsb, width);
  return bitfield(2, sf, rd, rn, lsb, lsb + width - 1);
}
/** C6.2 SBFX: `width` bits from `lsb`, sign extended. */
export function sbfx(sf: number, rd: number, rn: number, lsb: number, width: number): number {
  checkExtract("sbfx", sf, lsb, width);
  return bitfield(0, sf, rd, rn, lsb, lsb + width - 1);
}
/** C6.2 BFXIL: `width` bits from `lsb` replace the low bits of `rd`. */
export function bfxil(sf: number, rd: number, rn: number, lsb: number, width: number): number {
  checkExtract("bfxil", sf, lsb, width);
  return bitfield(1, sf, rd, rn, lsb, lsb + width - 1);
}
/** C6.2 UBFIZ: the low `width` bits, moved to `lsb`, zeros elsewhere. */
export function ubfiz(sf: number, rd: number, rn: number, lsb: number, width: number): number {
  checkExtract("ubfiz", sf, lsb, width);
  return bitfield(2, sf, rd, rn, -lsb & (sf === 0 ? 31 : 63), width - 1);
}
/** C6.2 SBFIZ: the low `width` bits, sign extended, moved to `lsb`. */
export function sbfiz(sf: number, rd: number, rn: number, lsb: number, width: number): number {
  checkExtract("sbfiz", sf, lsb, width);
  return bitfield(0, sf, rd, rn, -lsb & (sf === 0 ? 31 : 63), width - 1);
}
/** C6.2 BFI: the low `width` bits replace those of `rd` at `lsb`. */
export function bfi(sf: number, rd: number, rn: number, lsb: number, width: number): number {
  checkExtract("bfi", sf, lsb, width);
  return bitfield(1, sf, rd, rn, -lsb & (sf === 0 ? 31 : 63), width - 1);
}

/** C6.2 EXTR, `sf 00 100111 N 0 Rm imms Rn Rd`: a register's width of `rn:rm` from bit `lsb`. */
export function extr(sf: number, rd: number, rn: number, rm: number, lsb: number): number {
  return flag("extr", "sf", sf, 31) | 0x13800000 | sf << 22 | reg("extr", "rn", rn) << 5 |
    reg("extr", "rm", rm) << 16 | amountOf("extr", "lsb", sf, lsb) << 10 | reg("extr", "rd", rd);
}
/** C6.2 ROR (immediate): EXTR of a register with itself. */
export function rorImm(sf: number, rd: number, rn: number, amount: number): number {
  amountOf("ror", "amount", sf, amount);
  return extr(sf, rd, rn, rn, amount);
}

// ---------------------------------------------------------------------------------------------
// Data processing with one, two and three sources

/**
 * Layout "Data-processing (1 source)": `sf 1011010110 00000 opcode Rn Rd`.
 *
 * @param op one of {@linkcode DataProc1}; `REV32` with `sf` 0 is the W form of `rev`, and `REV64`
 * has only an X form.
 */
export function dataProc1(op: number, sf: number, rd: number, rn: number): number {
  const insn = DATA_PROC_1_NAMES[op] ?? rejectOp("data-processing (1 source)", op);
  if (op === 3 && sf === 0) reject(insn, "sf", sf, "1 for REV64");
  return flag(insn, "sf", sf, 31) | 0x5ac00000 | op << 10 | reg(insn, "rn", rn) << 5 |
    reg(insn, "rd", rd);
}

/** C6.2 RBIT: reverses the bits. */
export function rbit(sf: number, rd: number, rn: number): number {
  return dataProc1(0, sf, rd, rn);
}
/** C6.2 REV16: reverses the bytes of each halfword. */
export function rev16(sf: number, rd: number, rn: number): number {
  return dataProc1(1, sf, rd, rn);
}
/** C6.2 REV32: reverses the bytes of each word of X. */
export function rev32(rd: number, rn: number): number {
  return dataProc1(2, 1, rd, rn);
}
/** C6.2 REV: reverses the bytes of the register. */
export function rev(sf: number, rd: number, rn: number): number {
  return dataProc1(sf === 0 ? 2 : 3, sf, rd, rn);
}
/** C6.2 CLZ: counts leading zeros. */
export function clz(sf: number, rd: number, rn: number): number {
  return dataProc1(4, sf, rd, rn);
}
/** C6.2 CLS: counts the bits below the top one that equal it. */
export function cls(sf: number, rd: number, rn: number): number {
  return dataProc1(5, sf, rd, rn);
}

/**
 * Layout "Data-processing (2 source)": `sf 0011010110 Rm opcode Rn Rd`.
 *
 * @param op one of {@linkcode DataProc2}.
 */
export function dataProc2(op: number, sf: number, rd: number, rn: number, rm: number): number {
  const insn = DATA_PROC_2_NAMES[op] ?? rejectOp("data-processing (2 source)", op);
  return flag(insn, "sf", sf, 31) | 0x1ac00000 | reg(insn, "rm", rm) << 16 | op << 10 |
    reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C6.2 UDIV. Division by zero gives zero. */
export function udiv(sf: number, rd: number, rn: number, rm: number): number {
  return dataProc2(2, sf, rd, rn, rm);
}
/** C6.2 SDIV. Division by zero gives zero; the least integer by -1 gives itself. */
export function sdiv(sf: number, rd: number, rn: number, rm: number): number {
  return dataProc2(3, sf, rd, rn, rm);
}
/** C6.2 LSLV. The amount is taken modulo the register width. */
export function lslv(sf: number, rd: number, rn: number, rm: number): number {
  return dataProc2(8, sf, rd, rn, rm);
}
/** C6.2 LSRV. The amount is taken modulo the register width. */
export function lsrv(sf: number, rd: number, rn: number, rm: number): number {
  return dataProc2(9, sf, rd, rn, rm);
}
/** C6.2 ASRV. The amount is taken modulo the register width. */
export function asrv(sf: number, rd: number, rn: number, rm: number): number {
  return dataProc2(10, sf, rd, rn, rm);
}
/** C6.2 RORV. The amount is taken modulo the register width. */
export function rorv(sf: number, rd: number, rn: number, rm: number): number {
  return dataProc2(11, sf, rd, rn, rm);
}

/** Layout "Data-processing (3 source)": `sf 0011011 op31 Rm o0 Ra Rn Rd`. */
function dataProc3(
  insn: string,
  sf: number,
  op31: number,
  o0: number,
  rd: number,
  rn: number,
  rm: number,
  ra: number,
): number {
  return flag(insn, "sf", sf, 31) | 0x1b000000 | op31 << 21 | reg(insn, "rm", rm) << 16 |
    o0 << 15 | reg(insn, "ra", ra) << 10 | reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C6.2 MADD: `ra + rn * rm`. */
export function madd(sf: number, rd: number, rn: number, rm: number, ra: number): number {
  return dataProc3("madd", sf, 0, 0, rd, rn, rm, ra);
}
/** C6.2 MSUB: `ra - rn * rm`. */
export function msub(sf: number, rd: number, rn: number, rm: number, ra: number): number {
  return dataProc3("msub", sf, 0, 1, rd, rn, rm, ra);
}
/** C6.2 MUL: MADD of zero. */
export function mul(sf: number, rd: number, rn: number, rm: number): number {
  return dataProc3("mul", sf, 0, 0, rd, rn, rm, 31);
}
/** C6.2 MNEG: MSUB from zero. */
export function mneg(sf: number, rd: number, rn: number, rm: number): number {
  return dataProc3("mneg", sf, 0, 1, rd, rn, rm, 31);
}

/**
 * The multiply-adds of layout "Data-processing (3 source)" that widen W sources to X.
 *
 * @param op one of {@linkcode MultiplyLong}.
 */
export function multiplyLong(op: number, rd: number, rn: number, rm: number, ra: number): number {
  const insn = MULTIPLY_LONG_NAMES[op] ?? rejectOp("multiply-add long", op);
  return dataProc3(insn, 1, op >> 1, op & 1, rd, rn, rm, ra);
}

/** C6.2 SMADDL: `xa + wn * wm`, signed. */
export function smaddl(rd: number, rn: number, rm: number, ra: number): number {
  return multiplyLong(2, rd, rn, rm, ra);
}
/** C6.2 SMSUBL: `xa - wn * wm`, signed. */
export function smsubl(rd: number, rn: number, rm: number, ra: number): number {
  return multiplyLong(3, rd, rn, rm, ra);
}
/** C6.2 UMADDL: `xa + wn * wm`, unsigned. */
export function umaddl(rd: number, rn: number, rm: number, ra: number): number {
  return multiplyLong(10, rd, rn, rm, ra);
}
/** C6.2 UMSUBL: `xa - wn * wm`, unsigned. */
export function umsubl(rd: number, rn: number, rm: number, ra: number): number {
  return multiplyLong(11, rd, rn, rm, ra);
}
/** C6.2 SMULL: SMADDL of zero. */
export function smull(rd: number, rn: number, rm: number): number {
  return multiplyLong(2, rd, rn, rm, 31);
}
/** C6.2 UMULL: UMADDL of zero. */
export function umull(rd: number, rn: number, rm: number): number {
  return multiplyLong(10, rd, rn, rm, 31);
}
/** C6.2 SMULH: bits 127..64 of the signed product. */
export function smulh(rd: number, rn: number, rm: number): number {
  return dataProc3("smulh", 1, 2, 0, rd, rn, rm, 31);
}
/** C6.2 UMULH: bits 127..64 of the unsigned product. */
export function umulh(rd: number, rn: number, rm: number): number {
  return dataProc3("umulh", 1, 6, 0, rd, rn, rm, 31);
}

// ---------------------------------------------------------------------------------------------
// Conditional select and compare

/**
 * Layout "Conditional select": `sf op 0 11010100 Rm cond op2 Rn Rd`.
 *
 * @param op one of {@linkcode CondSelect}.
 */
export function condSelect(
  op: number,
  sf: number,
  rd: number,
  rn: number,
  rm: number,
  cond: number,
): number {
  const insn = COND_SELECT_NAMES[op] ?? rejectOp("conditional select", op);
  return flag(insn, "sf", sf, 31) | (op >> 1) << 30 | 0x1a800000 | reg(insn, "rn", rn) << 5 |
    reg(insn, "rm", rm) << 16 | condition(insn, cond) | (op & 1) << 10 | reg(insn, "rd", rd);
}

/** C6.2 CSEL: `cond ? rn : rm`. */
export function csel(sf: number, rd: number, rn: number, rm: number, cond: number): number {
  return condSelect(0, sf, rd, rn, rm, cond);
}
/** C6.2 CSINC: `cond ? rn : rm + 1`. */
export function csinc(sf: number, rd: number, rn: number, rm: number, cond: number): number {
  return condSelect(1, sf, rd, rn, rm, cond);
}
/** C6.2 CSINV: `cond ? rn : ~rm`. */
export function csinv(sf: number, rd: number, rn: number, rm: number, cond: number): number {
  return condSelect(2, sf, rd, rn, rm, cond);
}
/** C6.2 CSNEG: `cond ? rn : -rm`. */
export function csneg(sf: number, rd: number, rn: number, rm: number, cond: number): number {
  return condSelect(3, sf, rd, rn, rm, cond);
}
/** C6.2 CSET: `cond ? 1 : 0`. */
export function cset(sf: number, rd: number, cond: number): number {
  return condSelect(1, sf, rd, 31, 31, inverted("cset", cond));
}
/** C6.2 CSETM: `cond ? -1 : 0`. */
export function csetm(sf: number, rd: number, cond: number): number {
  return condSelect(2, sf, rd, 31, 31, inverted("csetm", cond));
}
/** C6.2 CINC: `cond ? rn + 1 : rn`. */
export function cinc(sf: number, rd: number, rn: number, cond: number): number {
  return condSelect(1, sf, rd, rn, rn, inverted("cinc", cond));
}
/** C6.2 CINV: `cond ? ~rn : rn`. */
export function cinv(sf: number, rd: number, rn: number, cond: number): number {
  return condSelect(2, sf, rd, rn, rn, inverted("cinv", cond));
}
/** C6.2 CNEG: `cond ? -rn : rn`. */
export function cneg(sf: number, rd: number, rn: number, cond: number): number {
  return condSelect(3, sf, rd, rn, rn, inverted("cneg", cond));
}

/**
 * Layout "Conditional compare (register)": `sf op 1 11010010 Rm cond 00 Rn 0 nzcv`.
 *
 * @param op one of {@linkcode CondCompare}.
 * @param nzcv the flags when `cond` does not hold: N is 8, Z 4, C 2, V 1.
 */
export function condCompare(
  op: number,
  sf: number,
  rn: number,
  rm: number,
  nzcv: number,
  cond: number,
): number {
  const insn = COND_COMPARE_NAMES[op] ?? rejectOp("conditional compare (register)", op);
  return flag(insn, "sf", sf, 31) | op << 30 | 0x3a400000 | reg(insn, "rm", rm) << 16 |
    condition(insn, cond) | reg(insn, "rn", rn) << 5 | uint(insn, "nzcv", nzcv, 15);
}

/**
 * Layout "Conditional compare (immediate)": `sf op 1 11010010 imm5 cond 10 Rn 0 nzcv`.
 *
 * @param op one of {@linkcode CondCompare}.
 * @param imm5 0..31.
 * @param nzcv the flags when `cond` does not hold: N is 8, Z 4, C 2, V 1.
 */
export function condCompareImm(
  op: number,
  sf: number,
  rn: number,
  imm5: number,
  nzcv: number,
  cond: number,
): number {
  const insn = COND_COMPARE_NAMES[op] ?? rejectOp("conditional compare (immediate)", op);
  return flag(insn, "sf", sf, 31) | op << 30 | 0x3a400800 | uint(insn, "imm5", imm5, 31) << 16 |
    condition(insn, cond) | reg(insn, "rn", rn) << 5 | uint(insn, "nzcv", nzcv, 15);
}

/** C6.2 CCMP (register). */
export function ccmp(sf: number, rn: number, rm: number, nzcv: number, cond: number): number {
  return condCompare(1, sf, rn, rm, nzcv, cond);
}
/** C6.2 CCMN (register). */
export function ccmn(sf: number, rn: number, rm: number, nzcv: number, cond: number): number {
  return condCompare(0, sf, rn, rm, nzcv, cond);
}
/** C6.2 CCMP (immediate). */
export function ccmpImm(sf: number, rn: number, imm5: number, nzcv: number, cond: number): number {
  return condCompareImm(1, sf, rn, imm5, nzcv, cond);
}
/** C6.2 CCMN (immediate). */
export function ccmnImm(sf: number, rn: number, imm5: number, nzcv: number, cond: number): number {
  return condCompareImm(0, sf, rn, imm5, nzcv, cond);
}

// ---------------------------------------------------------------------------------------------
// Branches

/** C6.2 B: `000101 imm26`, within 128 MiB. */
export function b(offset: number): number {
  return 0x14000000 | (scaled("b", "offset", offset, 26, 2) & 0x3ffffff);
}
/** C6.2 BL: `100101 imm26`, within 128 MiB. */
export function bl(offset: number): number {
  return 0x94000000 | (scaled("bl", "offset", offset, 26, 2) & 0x3ffffff);
}
/** C6.2 B.cond: `01010100 imm19 0 cond`, within 1 MiB. */
export function bCond(cond: number, offset: number): number {
  return 0x54000000 | (scaled("b.cond", "offset", offset, 19, 2) & 0x7ffff) << 5 |
    condition("b.cond", cond) >> 12;
}
/** C6.2 CBZ: `sf 0110100 imm19 Rt`, within 1 MiB. */
export function cbz(sf: number, rt: number, offset: number): number {
  return flag("cbz", "sf", sf, 31) | 0x34000000 |
    (scaled("cbz", "offset", offset, 19, 2) & 0x7ffff) << 5 | reg("cbz", "rt", rt);
}
/** C6.2 CBNZ: `sf 0110101 imm19 Rt`, within 1 MiB. */
export function cbnz(sf: number, rt: number, offset: number): number {
  return flag("cbnz", "sf", sf, 31) | 0x35000000 |
    (scaled("cbnz", "offset", offset, 19, 2) & 0x7ffff) << 5 | reg("cbnz", "rt", rt);
}

/** Layout "Test and branch (immediate)": `b5 011011 op b40 imm14 Rt`. */
function testBranch(insn: string, op: number, rt: number, bit: number, offset: number): number {
  uint(insn, "bit", bit, 63);
  return (bit >> 5) << 31 | 0x36000000 | op << 24 | (bit & 31) << 19 |
    (scaled(insn, "offset", offset, 14, 2) & 0x3fff) << 5 | reg(insn, "rt", rt);
}

/** C6.2 TBZ: branches when bit `bit` (0..63) of `rt` is 0, within 32 KiB. */
export function tbz(rt: number, bit: number, offset: number): number {
  return testBranch("tbz", 0, rt, bit, offset);
}
/** C6.2 TBNZ: branches when bit `bit` (0..63) of `rt` is 1, within 32 KiB. */
export function tbnz(rt: number, bit: number, offset: number): number {
  return testBranch("tbnz", 1, rt, bit, offset);
}
/** C6.2 BR. */
export function br(rn: number): number {
  return 0xd61f0000 | reg("br", "rn", rn) << 5;
}
/** C6.2 BLR. */
export function blr(rn: number): number {
  return 0xd63f0000 | reg("blr", "rn", rn) << 5;
}
/** C6.2 RET, through the link register unless told otherwise. */
export function ret(rn = 30): number {
  return 0xd65f0000 | reg("ret", "rn", rn) << 5;
}

/**
 * Which PC-relative offset field a word has: 26 for `b` and `bl`, 19 for `b.cond`, `cbz`, `cbnz`
 * and literal loads, 14 for `tbz` and `tbnz`, 21 for `adr`, 0 for none (and for `adrp`, whose
 * offset depends on where it lies in its page).
 *
 * For fix-ups: 26, 19 and 14 count words, 21 bytes; all are signed.
 */
export function offsetBits(word: number): number {
  if ((word & 0x7c000000) === 0x14000000) return 26;
  if ((word & 0xff000010) === 0x54000000 || (word & 0x7e000000) === 0x34000000) return 19;
  if ((word & 0x3b000000) === 0x18000000) return 19;
  if ((word & 0x7e000000) === 0x36000000) return 14;
  if ((word & 0x9f000000) === 0x10000000) return 21;
  return 0;
}

/**
 * The byte offset in a branch, literal load or `adr` word; see {@linkcode offsetBits}.
 *
 * @throws {RangeError} when the word has no such field.
 */
export function readOffset(word: number): number {
  switch (offsetBits(word)) {
    case 26:
      return word << 6 >> 4;
    case 19:
      return word << 8 >> 13 << 2;
    case 14:
      return word << 13 >> 18 << 2;
    case 21:
      return word << 8 >> 13 << 2 | (word >>> 29 & 3);
    default:
      return rejectWord("readOffset", word);
  }
}

/**
 * `word` with its PC-relative offset replaced: how a fix-up completes a branch, a literal load or
 * an `adr` that was encoded before its target was known.
 *
 * @throws {RangeError} when the offset is out of the field's range or misaligned, or when the word
 * has no such field.
 */
export function withOffset(word: number, offset: number): number {
  switch (offsetBits(word)) {
    case 26:
      return word & 0xfc000000 | (scaled("branch", "offset", offset, 26, 2) & 0x3ffffff);
    case 19:
      return word & 0xff00001f |
        (scaled("conditional branch or literal load", "offset", offset, 19, 2) & 0x7ffff) << 5;
    case 14:
      return word & 0xfff8001f | (scaled("test and branch", "offset", offset, 14, 2) & 0x3fff) << 5;
    case 21:
      return adr(word & 31, offset);
    default:
      return rejectWord("withOffset", word);
  }
}

function rejectWord(what: string, word: number): never {
  reject(
    what,
    "word",
    `0x${(word >>> 0).toString(16).padStart(8, "0")}`,
    "a branch, literal load or adr",
  );
}

// ---------------------------------------------------------------------------------------------
// Loads and stores. Rn 31 is SP in all of them.

/** log2 of the bytes an {@linkcode Access} moves. */
export function accessScale(access: number): number {
  return (access & 0x1e) === 6 ? 4 : access >> 3;
}

/** `size 111 V 00 opc` and the registers, common to the forms with one register. */
function loadStore(insn: string, access: number, rt: number, rn: number): number {
  return 0x38000000 | (access >> 3) << 30 | (access & 4) << 24 | (access & 3) << 22 |
    reg(insn, "rn", rn) << 5 | reg(insn, "rt", rt);
}

/**
 * Layout "Load/store register (unsigned immediate)": `size 111 V 01 opc imm12 Rn Rt`.
 *
 * @param access one of {@linkcode Access}.
 * @param offset in bytes: a multiple of the access size, from 0 to 4095 times that size.
 */
export function loadStoreUnsigned(access: number, rt: number, rn: number, offset: number): number {
  const insn = ACCESS_NAMES[access] ?? rejectOp("load/store (unsigned immediate)", access);
  const scale = accessScale(access);
  if ((offset & 0xfff << scale) !== offset) {
    const what = scale === 0 ? "an integer" : `a multiple of ${1 << scale}`;
    reject(insn, "offset", offset, `${what} in 0..${0xfff << scale}`);
  }
  return loadStore(insn, access, rt, rn) | 0x01000000 | offset >> scale << 10;
}

/**
 * Layout "Load/store register (unscaled immediate)": `size 111 V 00 opc 0 imm9 00 Rn Rt`: `ldur`,
 * `stur` and their kin.
 *
 * @param access one of {@linkcode Access}.
 * @param offset in bytes, -256..255.
 */
export function loadStoreUnscaled(access: number, rt: number, rn: number, offset: number): number {
  const insn = ACCESS_NAMES[access] ?? rejectOp("load/store (unscaled immediate)", access);
  return loadStore(insn, access, rt, rn) | (scaled(insn, "offset", offset, 9, 0) & 0x1ff) << 12;
}

/**
 * Whether {@linkcode loadStoreOffset} can encode `offset` for `access`.
 *
 * @param access one of {@linkcode Access}.
 */
export function isLoadStoreOffset(access: number, offset: number): boolean {
  return (offset & 0xfff << accessScale(access)) === offset || offset << 23 >> 23 === offset;
}

/**
 * A load or store at `rn + offset` in the scaled form if it fits, else in the unscaled one.
 *
 * @throws {RangeError} when neither does; see {@linkcode isLoadStoreOffset}.
 */
export function loadStoreOffset(access: number, rt: number, rn: number, offset: number): number {
  if ((offset & 0xfff << accessScale(access)) === offset) {
    return loadStoreUnsigned(access, rt, rn, offset);
  }
  return loadStoreUnscaled(access, rt, rn, offset);
}

/** Writing back a base that is also transferred is unpredictable; SP and ZR are not the same. */
function checkWriteBack(insn: string, access: number, rt: number, rn: number): void {
  if (rt === rn && rn !== 31 && (access & 4) === 0) {
    reject(insn, "rt", rt, "another register than the base it writes back");
  }
}

/**
 * Layout "Load/store register (immediate pre-indexed)": `size 111 V 00 opc 0 imm9 11 Rn Rt`: adds
 * `offset` to `rn`, then accesses there.
 *
 * @param access one of {@linkcode Access}.
 * @param offset in bytes, -256..255.
 */
export function loadStorePre(access: number, rt: number, rn: number, offset: number): number {
  const insn = ACCESS_NAMES[access] ?? rejectOp("load/store (pre-indexed)", access);
  checkWriteBack(insn, access, rt, rn);
  return loadStore(insn, access, rt, rn) | 0xc00 |
    (scaled(insn, "offset", offset, 9, 0) & 0x1ff) << 12;
}

/**
 * Layout "Load/store register (immediate post-indexed)": `size 111 V 00 opc 0 imm9 01 Rn Rt`:
 * accesses at `rn`, then adds `offset` to it.
 *
 * @param access one of {@linkcode Access}.
 * @param offset in bytes, -256..255.
 */
export function loadStorePost(access: number, rt: number, rn: number, offset: number): number {
  const insn = ACCESS_NAMES[access] ?? rejectOp("load/store (post-indexed)", access);
  checkWriteBack(insn, access, rt, rn);
  return loadStore(insn, access, rt, rn) | 0x400 |
    (scaled(insn, "offset", offset, 9, 0) & 0x1ff) << 12;
}

/**
 * Layout "Load/store register (register offset)": `size 111 V 00 opc 1 Rm option S 10 Rn Rt`.
 *
 * @param access one of {@linkcode Access}.
 * @param extend `Extend.UXTW`, `LSL`, `SXTW` or `SXTX`.
 * @param shifted 1 to shift the offset left by log2 of the access size, else 0.
 */
export function loadStoreRegister(
  access: number,
  rt: number,
  rn: number,
  rm: number,
  extend: number,
  shifted: number,
): number {
  const insn = ACCESS_NAMES[access] ?? rejectOp("load/store (register offset)", access);
  if ((extend & 7) !== extend || (extend & 2) === 0) {
    reject(insn, "extend", extend, "UXTW, LSL, SXTW or SXTX (2, 3, 6, 7)");
  }
  return loadStore(insn, access, rt, rn) | 0x00200800 | reg(insn, "rm", rm) << 16 | extend << 13 |
    flag(insn, "shifted", shifted, 12);
}

/** C6.2 LDR (immediate), unsigned offset. */
export function ldr(sf: number, rt: number, rn: number, offset: number): number {
  flag("ldr", "sf", sf, 0);
  return loadStoreUnsigned(sf === 0 ? 17 : 25, rt, rn, offset);
}
/** C6.2 STR (immediate), unsigned offset. */
export function str(sf: number, rt: number, rn: number, offset: number): number {
  flag("str", "sf", sf, 0);
  return loadStoreUnsigned(sf === 0 ? 16 : 24, rt, rn, offset);
}
/** C6.2 LDRB (immediate), unsigned offset. */
export function ldrb(rt: number, rn: number, offset: number): number {
  return loadStoreUnsigned(1, rt, rn, offset);
}
/** C6.2 STRB (immediate), unsigned offset. */
export function strb(rt: number, rn: number, offset: number): number {
  return loadStoreUnsigned(0, rt, rn, offset);
}
/** C6.2 LDRH (immediate), unsigned offset. */
export function ldrh(rt: number, rn: number, offset: number): number {
  return loadStoreUnsigned(9, rt, rn, offset);
}
/** C6.2 STRH (immediate), unsigned offset. */
export function strh(rt: number, rn: number, offset: number): number {
  return loadStoreUnsigned(8, rt, rn, offset);
}
/** C6.2 LDRSB (immediate), unsigned offset; `sf` is the width it is extended to. */
export function ldrsb(sf: number, rt: number, rn: number, offset: number): number {
  flag("ldrsb", "sf", sf, 0);
  return loadStoreUnsigned(sf === 0 ? 3 : 2, rt, rn, offset);
}
/** C6.2 LDRSH (immediate), unsigned offset; `sf` is the width it is extended to. */
export function ldrsh(sf: number, rt: number, rn: number, offset: number): number {
  flag("ldrsh", "sf", sf, 0);
  return loadStoreUnsigned(sf === 0 ? 11 : 10, rt, rn, offset);
}
/** C6.2 LDRSW (immediate), unsigned offset. */
export function ldrsw(rt: number, rn: number, offset: number): number {
  return loadStoreUnsigned(18, rt, rn, offset);
}
/** C7.2 LDR (immediate, SIMD&FP), unsigned offset, S or D. */
export function ldrFp(type: number, rt: number, rn: number, offset: number): number {
  flag("ldr", "type", type, 0);
  return loadStoreUnsigned(type === 0 ? 21 : 29, rt, rn, offset);
}
/** C7.2 STR (immediate, SIMD&FP), unsigned offset, S or D. */
export function strFp(type: number, rt: number, rn: number, offset: number): number {
  flag("str", "type", type, 0);
  return loadStoreUnsigned(type === 0 ? 20 : 28, rt, rn, offset);
}

/** log2 of the bytes of each register of a {@linkcode Pair}. */
export function pairScale(pair: number): number {
  return (pair & 2) !== 0 ? (pair >> 2) + 2 : (pair & 8) !== 0 ? 3 : 2;
}

/** Layouts "Load/store register pair": `opc 101 V 0 index L imm7 Rt2 Rn Rt`. */
function loadStorePair(
  pair: number,
  index: number,
  rt: number,
  rt2: number,
  rn: number,
  offset: number,
): number {
  const insn = PAIR_NAMES[pair] ?? rejectOp("load/store pair", pair);
  if ((pair & 1) !== 0 && rt === rt2) reject(insn, "rt2", rt2, "another register than rt");
  if (index !== 0x01000000 && (pair & 2) === 0 && rn !== 31 && (rt === rn || rt2 === rn)) {
    reject(insn, "rn", rn, "a base that is not transferred, when it is written back");
  }
  return 0x28000000 | (pair >> 2) << 30 | (pair & 2) << 25 | index | (pair & 1) << 22 |
    (scaled(insn, "offset", offset, 7, pairScale(pair)) & 0x7f) << 15 |
    reg(insn, "rt2", rt2) << 10 | reg(insn, "rn", rn) << 5 | reg(insn, "rt", rt);
}

/**
 * Layout "Load/store register pair (offset)".
 *
 * @param pair one of {@linkcode Pair}.
 * @param offset in bytes: a multiple of one register's size, from -64 to 63 times that.
 */
export function pairOffset(
  pair: number,
  rt: number,
  rt2: number,
  rn: number,
  offset: number,
): number {
  return loadStorePair(pair, 0x01000000, rt, rt2, rn, offset);
}

/** Layout "Load/store register pair (pre-indexed)"; the parameters of {@linkcode pairOffset}. */
export function pairPre(pair: number, rt: number, rt2: number, rn: number, offset: number): number {
  return loadStorePair(pair, 0x01800000, rt, rt2, rn, offset);
}

/** Layout "Load/store register pair (post-indexed)"; the parameters of {@linkcode pairOffset}. */
export function pairPost(
  pair: number,
  rt: number,
  rt2: number,
  rn: number,
  offset: number,
): number {
  return loadStorePair(pair, 0x00800000, rt, rt2, rn, offset);
}

/** C6.2 LDP, signed offset. */
export function ldp(sf: number, rt: number, rt2: number, rn: number, offset: number): number {
  flag("ldp", "sf", sf, 0);
  return loadStorePair(sf === 0 ? 1 : 9, 0x01000000, rt, rt2, rn, offset);
}
/** C6.2 STP, signed offset. */
export function stp(sf: number, rt: number, rt2: number, rn: number, offset: number): number {
  flag("stp", "sf", sf, 0);
  return loadStorePair(sf === 0 ? 0 : 8, 0x01000000, rt, rt2, rn, offset);
}
/** C7.2 LDP (SIMD&FP), signed offset, S or D. */
export function ldpFp(type: number, rt: number, rt2: number, rn: number, offset: number): number {
  flag("ldp", "type", type, 0);
  return loadStorePair(type === 0 ? 3 : 7, 0x01000000, rt, rt2, rn, offset);
}
/** C7.2 STP (SIMD&FP), signed offset, S or D. */
export function stpFp(type: number, rt: number, rt2: number, rn: number, offset: number): number {
  flag("stp", "type", type, 0);
  return loadStorePair(type === 0 ? 2 : 6, 0x01000000, rt, rt2, rn, offset);
}

/**
 * Layout "Load register (literal)": `opc 011 V 00 imm19 Rt`, within 1 MiB.
 *
 * @param literal one of {@linkcode Literal}.
 * @param offset in bytes from the instruction, a multiple of 4.
 */
export function loadLiteral(literal: number, rt: number, offset: number): number {
  const insn = LITERAL_NAMES[literal] ?? rejectOp("load register (literal)", literal);
  return (literal >> 1) << 30 | 0x18000000 | (literal & 1) << 26 |
    (scaled(insn, "offset", offset, 19, 2) & 0x7ffff) << 5 | reg(insn, "rt", rt);
}

/** Layout "Load/store exclusive" and "ordered": `size 001000 o2 L 0 Rs o0 11111 Rn Rt`. */
function exclusive(op: number, size: number, rs: number, rt: number, rn: number): number {
  const insn = EXCLUSIVE_NAMES[op]!;
  if ((op & 6) === 0 && (rs === rt || rs === rn && rn !== 31)) {
    reject(insn, "rs", rs, "another register than rt and rn");
  }
  return uint(insn, "size", size, 3) << 30 | 0x08007c00 | (op & 4) << 21 | (op & 2) << 21 |
    reg(insn, "rs", rs) << 16 | (op & 1) << 15 | reg(insn, "rn", rn) << 5 | reg(insn, "rt", rt);
}

/** C6.2 LDXR, LDXRB, LDXRH: `size` is log2 of the bytes, 0..3. */
export function ldxr(size: number, rt: number, rn: number): number {
  return exclusive(2, size, 31, rt, rn);
}
/** C6.2 LDAXR, LDAXRB, LDAXRH: `size` is log2 of the bytes, 0..3. */
export function ldaxr(size: number, rt: number, rn: number): number {
  return exclusive(3, size, 31, rt, rn);
}
/** C6.2 STXR, STXRB, STXRH: `rs` becomes 0 when the store happened; `size` is log2 of the bytes. */
export function stxr(size: number, rs: number, rt: number, rn: number): number {
  return exclusive(0, size, rs, rt, rn);
}
/** C6.2 STLXR, STLXRB, STLXRH: `rs` becomes 0 when the store happened. */
export function stlxr(size: number, rs: number, rt: number, rn: number): number {
  return exclusive(1, size, rs, rt, rn);
}
/** C6.2 LDAR, LDARB, LDARH: load-acquire; `size` is log2 of the bytes, 0..3. */
export function ldar(size: number, rt: number, rn: number): number {
  return exclusive(7, size, 31, rt, rn);
}
/** C6.2 STLR, STLRB, STLRH: store-release; `size` is log2 of the bytes, 0..3. */
export function stlr(size: number, rt: number, rn: number): number {
  return exclusive(5, size, 31, rt, rn);
}

// ---------------------------------------------------------------------------------------------
// Floating point

/**
 * Layout "Floating-point data-processing (2 source)": `00011110 type 1 Rm opcode 10 Rn Rd`.
 *
 * @param op one of {@linkcode FpArith}.
 */
export function fpArith(op: number, type: number, rd: number, rn: number, rm: number): number {
  const insn = FP_ARITH_NAMES[op] ?? rejectOp("floating-point data-processing (2 source)", op);
  return 0x1e200800 | flag(insn, "type", type, 22) | reg(insn, "rm", rm) << 16 | op << 12 |
    reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C7.2 FMUL (scalar). */
export function fmul(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(0, type, rd, rn, rm);
}
/** C7.2 FDIV (scalar). */
export function fdiv(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(1, type, rd, rn, rm);
}
/** C7.2 FADD (scalar). */
export function fadd(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(2, type, rd, rn, rm);
}
/** C7.2 FSUB (scalar). */
export function fsub(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(3, type, rd, rn, rm);
}
/** C7.2 FMAX (scalar). NaN if either is; -0 is less than +0. */
export function fmax(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(4, type, rd, rn, rm);
}
/** C7.2 FMIN (scalar). NaN if either is; -0 is less than +0. */
export function fmin(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(5, type, rd, rn, rm);
}
/** C7.2 FMAXNM (scalar). A number wins over a quiet NaN. */
export function fmaxnm(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(6, type, rd, rn, rm);
}
/** C7.2 FMINNM (scalar). A number wins over a quiet NaN. */
export function fminnm(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(7, type, rd, rn, rm);
}
/** C7.2 FNMUL (scalar): `-(rn * rm)`. */
export function fnmul(type: number, rd: number, rn: number, rm: number): number {
  return fpArith(8, type, rd, rn, rm);
}

/**
 * Layout "Floating-point data-processing (1 source)": `00011110 type 1 opcode 10000 Rn Rd`.
 *
 * @param op one of {@linkcode FpUnary}.
 */
export function fpUnary(op: number, type: number, rd: number, rn: number): number {
  const insn = FP_UNARY_NAMES[op] ?? rejectOp("floating-point data-processing (1 source)", op);
  return 0x1e204000 | flag(insn, "type", type, 22) | op << 15 | reg(insn, "rn", rn) << 5 |
    reg(insn, "rd", rd);
}

/** C7.2 FMOV (register). */
export function fmov(type: number, rd: number, rn: number): number {
  return fpUnary(0, type, rd, rn);
}
/** C7.2 FABS (scalar). */
export function fabs(type: number, rd: number, rn: number): number {
  return fpUnary(1, type, rd, rn);
}
/** C7.2 FNEG (scalar). */
export function fneg(type: number, rd: number, rn: number): number {
  return fpUnary(2, type, rd, rn);
}
/** C7.2 FSQRT (scalar). */
export function fsqrt(type: number, rd: number, rn: number): number {
  return fpUnary(3, type, rd, rn);
}
/** C7.2 FRINTN (scalar): to nearest, ties to even. */
export function frintn(type: number, rd: number, rn: number): number {
  return fpUnary(8, type, rd, rn);
}
/** C7.2 FRINTP (scalar): towards plus infinity. */
export function frintp(type: number, rd: number, rn: number): number {
  return fpUnary(9, type, rd, rn);
}
/** C7.2 FRINTM (scalar): towards minus infinity. */
export function frintm(type: number, rd: number, rn: number): number {
  return fpUnary(10, type, rd, rn);
}
/** C7.2 FRINTZ (scalar): towards zero. */
export function frintz(type: number, rd: number, rn: number): number {
  return fpUnary(11, type, rd, rn);
}
/** C7.2 FRINTA (scalar): to nearest, ties away from zero. */
export function frinta(type: number, rd: number, rn: number): number {
  return fpUnary(12, type, rd, rn);
}
/** C7.2 FRINTX (scalar): in the current mode, raising Inexact. */
export function frintx(type: number, rd: number, rn: number): number {
  return fpUnary(14, type, rd, rn);
}
/** C7.2 FRINTI (scalar): in the current mode. */
export function frinti(type: number, rd: number, rn: number): number {
  return fpUnary(15, type, rd, rn);
}

/** C7.2 FCVT, `00011110 type 1 0001 opc 10000 Rn Rd`: S to D. */
export function fcvtSToD(rd: number, rn: number): number {
  return 0x1e22c000 | reg("fcvt", "rn", rn) << 5 | reg("fcvt", "rd", rd);
}
/** C7.2 FCVT: D to S. */
export function fcvtDToS(rd: number, rn: number): number {
  return 0x1e624000 | reg("fcvt", "rn", rn) << 5 | reg("fcvt", "rd", rd);
}

/**
 * Layout "Floating-point data-processing (3 source)": `00011111 type o1 Rm o0 Ra Rn Rd`.
 *
 * @param op one of {@linkcode FpMultiplyAdd}.
 */
export function fpMultiplyAdd(
  op: number,
  type: number,
  rd: number,
  rn: number,
  rm: number,
  ra: number,
): number {
  const insn = FP_MULTIPLY_ADD_NAMES[op] ??
    rejectOp("floating-point data-processing (3 source)", op);
  return 0x1f000000 | flag(insn, "type", type, 22) | (op >> 1) << 21 | reg(insn, "rm", rm) << 16 |
    (op & 1) << 15 | reg(insn, "ra", ra) << 10 | reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C7.2 FMADD: `ra + rn * rm`, rounded once. */
export function fmadd(type: number, rd: number, rn: number, rm: number, ra: number): number {
  return fpMultiplyAdd(0, type, rd, rn, rm, ra);
}
/** C7.2 FMSUB: `ra - rn * rm`, rounded once. */
export function fmsub(type: number, rd: number, rn: number, rm: number, ra: number): number {
  return fpMultiplyAdd(1, type, rd, rn, rm, ra);
}
/** C7.2 FNMADD: `-ra - rn * rm`, rounded once. */
export function fnmadd(type: number, rd: number, rn: number, rm: number, ra: number): number {
  return fpMultiplyAdd(2, type, rd, rn, rm, ra);
}
/** C7.2 FNMSUB: `-ra + rn * rm`, rounded once. */
export function fnmsub(type: number, rd: number, rn: number, rm: number, ra: number): number {
  return fpMultiplyAdd(3, type, rd, rn, rm, ra);
}

/** Layout "Floating-point compare": `00011110 type 1 Rm 001000 Rn opcode2`. */
function fpCompare(insn: string, opcode2: number, type: number, rn: number, rm: number): number {
  return 0x1e202000 | flag(insn, "type", type, 22) | reg(insn, "rm", rm) << 16 |
    reg(insn, "rn", rn) << 5 | opcode2;
}

/** C7.2 FCMP: quiet compare. */
export function fcmp(type: number, rn: number, rm: number): number {
  return fpCompare("fcmp", 0, type, rn, rm);
}
/** C7.2 FCMPE: raises Invalid for any NaN. */
export function fcmpe(type: number, rn: number, rm: number): number {
  return fpCompare("fcmpe", 0x10, type, rn, rm);
}
/** C7.2 FCMP with +0. */
export function fcmpZero(type: number, rn: number): number {
  return fpCompare("fcmp", 0x08, type, rn, 0);
}
/** C7.2 FCMPE with +0. */
export function fcmpeZero(type: number, rn: number): number {
  return fpCompare("fcmpe", 0x18, type, rn, 0);
}

/** Layout "Floating-point conditional compare": `00011110 type 1 Rm cond 01 Rn op nzcv`. */
function fpCondCompare(
  insn: string,
  op: number,
  type: number,
  rn: number,
  rm: number,
  nzcv: number,
  cond: number,
): number {
  return 0x1e200400 | flag(insn, "type", type, 22) | reg(insn, "rm", rm) << 16 |
    condition(insn, cond) | reg(insn, "rn", rn) << 5 | op << 4 | uint(insn, "nzcv", nzcv, 15);
}

/** C7.2 FCCMP; `nzcv` as in {@linkcode condCompare}. */
export function fccmp(type: number, rn: number, rm: number, nzcv: number, cond: number): number {
  return fpCondCompare("fccmp", 0, type, rn, rm, nzcv, cond);
}
/** C7.2 FCCMPE; `nzcv` as in {@linkcode condCompare}. */
export function fccmpe(type: number, rn: number, rm: number, nzcv: number, cond: number): number {
  return fpCondCompare("fccmpe", 1, type, rn, rm, nzcv, cond);
}

/** C7.2 FCSEL, `00011110 type 1 Rm cond 11 Rn Rd`: `cond ? rn : rm`. */
export function fcsel(type: number, rd: number, rn: number, rm: number, cond: number): number {
  return 0x1e200c00 | flag("fcsel", "type", type, 22) | reg("fcsel", "rm", rm) << 16 |
    condition("fcsel", cond) | reg("fcsel", "rn", rn) << 5 | reg("fcsel", "rd", rd);
}

/**
 * C7.2 FMOV (scalar, immediate), `00011110 type 1 imm8 100 00000 Rd`.
 *
 * @param imm8 from {@linkcode fpImmediate64} or {@linkcode fpImmediate32}.
 */
export function fmovImm(type: number, rd: number, imm8: number): number {
  return 0x1e201000 | flag("fmov", "type", type, 22) | uint("fmov", "imm8", imm8, 255) << 13 |
    reg("fmov", "rd", rd);
}

/**
 * Layout "Conversion between floating-point and integer": `sf 0011110 type 1 rmode opcode 000000
 * Rn Rd`.
 *
 * @param op one of {@linkcode FpConvert}.
 * @param sf the width of the general register.
 * @param type the type of the FP register.
 */
export function fpConvert(op: number, sf: number, type: number, rd: number, rn: number): number {
  const insn = FP_CONVERT_NAMES[op] ??
    rejectOp("conversion between floating-point and integer", op);
  return flag(insn, "sf", sf, 31) | 0x1e200000 | flag(insn, "type", type, 22) | op << 16 |
    reg(insn, "rn", rn) << 5 | reg(insn, "rd", rd);
}

/** C7.2 FCVTZS (scalar, integer): towards zero, signed; saturates, NaN gives 0. */
export function fcvtzs(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(24, sf, type, rd, rn);
}
/** C7.2 FCVTZU (scalar, integer): towards zero, unsigned; saturates, NaN gives 0. */
export function fcvtzu(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(25, sf, type, rd, rn);
}
/** C7.2 FCVTNS (scalar): to nearest, ties to even, signed. */
export function fcvtns(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(0, sf, type, rd, rn);
}
/** C7.2 FCVTNU (scalar): to nearest, ties to even, unsigned. */
export function fcvtnu(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(1, sf, type, rd, rn);
}
/** C7.2 FCVTMS (scalar): towards minus infinity, signed. */
export function fcvtms(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(16, sf, type, rd, rn);
}
/** C7.2 FCVTMU (scalar): towards minus infinity, unsigned. */
export function fcvtmu(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(17, sf, type, rd, rn);
}
/** C7.2 FCVTPS (scalar): towards plus infinity, signed. */
export function fcvtps(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(8, sf, type, rd, rn);
}
/** C7.2 FCVTPU (scalar): towards plus infinity, unsigned. */
export function fcvtpu(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(9, sf, type, rd, rn);
}
/** C7.2 FCVTAS (scalar): to nearest, ties away from zero, signed. */
export function fcvtas(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(4, sf, type, rd, rn);
}
/** C7.2 FCVTAU (scalar): to nearest, ties away from zero, unsigned. */
export function fcvtau(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(5, sf, type, rd, rn);
}
/** C7.2 SCVTF (scalar, integer): from a signed general register. */
export function scvtf(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(2, sf, type, rd, rn);
}
/** C7.2 UCVTF (scalar, integer): from an unsigned general register. */
export function ucvtf(sf: number, type: number, rd: number, rn: number): number {
  return fpConvert(3, sf, type, rd, rn);
}
/** C7.2 FMOV (general): the bits of S to W (`sf` 0) or of D to X (1). */
export function fmovToGpr(sf: number, rd: number, rn: number): number {
  return flag("fmov", "sf", sf, 31) | 0x1e260000 | sf << 22 | reg("fmov", "rn", rn) << 5 |
    reg("fmov", "rd", rd);
}
/** C7.2 FMOV (general): the bits of W to S (`sf` 0) or of X to D (1). */
export function fmovFromGpr(sf: number, rd: number, rn: number): number {
  return flag("fmov", "sf", sf, 31) | 0x1e270000 | sf << 22 | reg("fmov", "rn", rn) << 5 |
    reg("fmov", "rd", rd);
}

// ---------------------------------------------------------------------------------------------
// The vector instructions a population count takes; `q` is 0 for 8 bytes, 1 for 16.

/** C7.2 CNT, `0 Q 0 01110 00 10000 00101 10 Rn Rd`: ones in each byte. */
export function cnt(q: number, rd: number, rn: number): number {
  return flag("cnt", "q", q, 30) | 0x0e205800 | reg("cnt", "rn", rn) << 5 | reg("cnt", "rd", rd);
}
/** C7.2 ADDV, `0 Q 0 01110 00 11000 11011 10 Rn Rd`: the sum of the bytes, to B. */
export function addv(q: number, rd: number, rn: number): number {
  return flag("addv", "q", q, 30) | 0x0e31b800 | reg("addv", "rn", rn) << 5 |
    reg("addv", "rd", rd);
}
/** C7.2 UADDLV, `0 Q 1 01110 00 11000 00011 10 Rn Rd`: the sum of the bytes, to H. */
export function uaddlv(q: number, rd: number, rn: number): number {
  return flag("uaddlv", "q", q, 30) | 0x2e303800 | reg("uaddlv", "rn", rn) << 5 |
    reg("uaddlv", "rd", rd);
}

// ---------------------------------------------------------------------------------------------
// System

/** C6.2 NOP. */
export function nop(): number {
  return 0xd503201f | 0;
}
/** C6.2 BTI: a landing pad for `br` and `blr` (`targets` 0 none, 1 `c`, 2 `j`, 3 `jc`). */
export function bti(targets: number): number {
  return 0xd503241f | uint("bti", "targets", targets, 3) << 6;
}
/** C6.2 BRK: a breakpoint exception. */
export function brk(imm16: number): number {
  return 0xd4200000 | uint("brk", "imm16", imm16, 0xffff) << 5;
}
/** C6.2 HLT: a halting breakpoint. */
export function hlt(imm16: number): number {
  return 0xd4400000 | uint("hlt", "imm16", imm16, 0xffff) << 5;
}
/** C6.2 SVC: a supervisor call. */
export function svc(imm16: number): number {
  return 0xd4000001 | uint("svc", "imm16", imm16, 0xffff) << 5;
}

function barrier(insn: string, opc: number, option: number): number {
  if ((option & 15) !== option || (option & 3) === 0) {
    reject(insn, "option", option, "one of Barrier (1..15, no multiple of 4)");
  }
  return 0xd503309f | option << 8 | opc << 5;
}

/** C6.2 DSB: waits for accesses to complete; `option` is one of {@linkcode Barrier}. */
export function dsb(option: number): number {
  return barrier("dsb", 0, option);
}
/** C6.2 DMB: orders accesses; `option` is one of {@linkcode Barrier}. */
export function dmb(option: number): number {
  return barrier("dmb", 1, option);
}
/** C6.2 ISB: what follows is fetched anew. */
export function isb(): number {
  return 0xd5033fdf | 0;
}
/** C6.2 CLREX: drops the exclusive monitor. */
export function clrex(): number {
  return 0xd5033f5f | 0;
}
/** C6.2 DC CVAU: cleans a data cache line to the point of unification. */
export function dcCvau(rt: number): number {
  return 0xd50b7b20 | reg("dc cvau", "rt", rt);
}
/** C6.2 IC IVAU: invalidates an instruction cache line to the point of unification. */
export function icIvau(rt: number): number {
  return 0xd50b7520 | reg("ic ivau", "rt", rt);
}

/** C6.2 MRS, `1101010100 1 sysreg Rt`: reads a {@linkcode SystemReg}. */
export function mrs(rt: number, sysreg: number): number {
  if (sysreg !== 0xd801 && sysreg !== 0xdf02 && !isWritable(sysreg)) {
    reject("mrs", "sysreg", sysreg, "one of SystemReg");
  }
  return 0xd5200000 | sysreg << 5 | reg("mrs", "rt", rt);
}
/** C6.2 MSR (register), `1101010100 0 sysreg Rt`: writes a {@linkcode SystemReg}. */
export function msr(sysreg: number, rt: number): number {
  if (!isWritable(sysreg)) reject("msr", "sysreg", sysreg, "a writable SystemReg");
  return 0xd5000000 | sysreg << 5 | reg("msr", "rt", rt);
}

function isWritable(sysreg: number): boolean {
  return sysreg === 0xda10 || sysreg === 0xda20 || sysreg === 0xda21 || sysreg === 0xde82;
}
