/**
 * The x86-64 instruction encoder: fields in, bytes out. It owns the encodings of every instruction
 * the back end may emit and nothing else; it knows no labels, no registers' roles and no selection.
 *
 * It relies on nothing. It guarantees that a call either appends exactly one instruction (the one
 * GNU as would choose, so displacements and immediates are as short as they can be) or throws a
 * `RangeError` that names instruction, field and value and leaves the buffer as it was.
 *
 * Conventions of all functions here:
 *
 * - Arguments follow Intel operand order. The suffix names the operands: `R` register, `M` memory,
 *   `I` immediate, `Cl` the register CL.
 * - `size` is the operand size in bits: 8, 16, 32 or 64 for integers, 32 or 64 (`ss`, `sd`) for
 *   floating point. A size of 32 clears the upper half of the destination register. With size 8 the
 *   registers 4–7 are SPL, BPL, SIL and DIL; AH–BH can't be named.
 * - A memory operand is the four arguments `base, index, scale, disp`, meaning
 *   `base + (index << scale) + disp`. `base` is a register, {@linkcode RIP} or {@linkcode NONE};
 *   `index` a register other than RSP, or `NONE`; `scale` 0–3; `disp` a signed 32-bit number.
 * - Immediates may be given signed or unsigned when the operand is 8, 16 or 32 bits wide; for
 *   64-bit operands they are signed 32-bit numbers, which the processor sign-extends.
 *
 * Source of every encoding: Intel 64 and IA-32 Architectures Software Developer's Manual, Volume 2,
 * chapter 2 (instruction format, ModRM, SIB, REX, VEX) and the instruction's own page in chapters
 * 3–5, under the mnemonic in the function's description ("SDM ADD" and so on).
 *
 * @module
 */

// The encoding of an instruction without its operands is one integer:
//
//   bits 0–7    opcode
//   bits 8–9    opcode map: 0 one byte, 1 0F, 2 0F 38, 3 0F 3A (VEX.mmmmm has the same values)
//   bits 10–11  mandatory prefix: 0 none, 1 66, 2 F3, 3 F2 (VEX.pp has the same values)
//   bit 12      operand-size prefix 66
//   bit 13      REX.W or VEX.W
//   bit 14      ModRM.reg is a byte register: 4–7 need a REX prefix
//   bit 15      ModRM.rm is a byte register when it is a register
const MAP_0F = 0x100;
const MAP_0F38 = 0x200;
const MAP_0F3A = 0x300;
const PP_66 = 0x400;
const PP_F3 = 0x800;
const PP_F2 = 0xc00;
const OPERAND_16 = 0x1000;
const WIDE = 0x2000;
const BYTE_REG = 0x4000;
const BYTE_RM = 0x8000;

/** The longest instruction is 15 bytes (SDM Vol. 2, section 2.3.11); one store more is harmless. */
const MAX_INSTRUCTION = 16;

/** General registers by name: the numbers the functions here take. */
export const REG = {
  RAX: 0,
  RCX: 1,
  RDX: 2,
  RBX: 3,
  RSP: 4,
  RBP: 5,
  RSI: 6,
  RDI: 7,
  R8: 8,
  R9: 9,
  R10: 10,
  R11: 11,
  R12: 12,
  R13: 13,
  R14: 14,
  R15: 15,
} as const;

/** Vector registers by name. They share the numbers of the general ones: the function decides. */
export const XMM = {
  XMM0: 0,
  XMM1: 1,
  XMM2: 2,
  XMM3: 3,
  XMM4: 4,
  XMM5: 5,
  XMM6: 6,
  XMM7: 7,
  XMM8: 8,
  XMM9: 9,
  XMM10: 10,
  XMM11: 11,
  XMM12: 12,
  XMM13: 13,
  XMM14: 14,
  XMM15: 15,
} as const;

/** No base, or no index. Without a base the address is `(index << scale) + disp`. */
export const NONE: number = -1;

/**
 * As the base of a memory operand: the address of the following instruction. The displacement then
 * always takes four bytes, {@linkcode X64Buffer.ripAt} tells where, and there is no index.
 */
export const RIP = 16;

/** Condition codes; `cc ^ 1` is the opposite condition (SDM Vol. 1, appendix B). */
export const CC = {
  O: 0,
  NO: 1,
  B: 2,
  AE: 3,
  E: 4,
  NE: 5,
  BE: 6,
  A: 7,
  S: 8,
  NS: 9,
  P: 10,
  NP: 11,
  L: 12,
  GE: 13,
  LE: 14,
  G: 15,
} as const;

/** Operations of {@linkcode aluRR} and its relatives. */
export const ALU = { ADD: 0, OR: 1, ADC: 2, SBB: 3, AND: 4, SUB: 5, XOR: 6, CMP: 7 } as const;

/** Operations of {@linkcode unaryR} and {@linkcode unaryM}; MUL to IDIV work on RDX:RAX. */
export const UNARY = {
  INC: 0,
  DEC: 1,
  NOT: 2,
  NEG: 3,
  MUL: 4,
  IMUL: 5,
  DIV: 6,
  IDIV: 7,
} as const;

/** Operations of {@linkcode shiftRI} and its relatives. */
export const SHIFT = { ROL: 0, ROR: 1, RCL: 2, RCR: 3, SHL: 4, SHR: 5, SAR: 7 } as const;

/** Operations of {@linkcode doubleShiftRRI} and {@linkcode doubleShiftRRCl}. */
export const DOUBLE_SHIFT = { SHLD: 0, SHRD: 1 } as const;

/** Operations of {@linkcode bitRI} and {@linkcode bitRR}. */
export const BIT = { BT: 4, BTS: 5, BTR: 6, BTC: 7 } as const;

/** Operations of {@linkcode scanRR} and {@linkcode scanRM}. */
export const SCAN = { BSF: 0, BSR: 1, TZCNT: 2, LZCNT: 3, POPCNT: 4 } as const;

/** Operations of {@linkcode shiftxRRR} and {@linkcode shiftxRMR} (BMI2). */
export const SHIFTX = { SHLX: 1, SARX: 2, SHRX: 3 } as const;

/** Operations of {@linkcode blsRR} and {@linkcode blsRM} (BMI1). */
export const BLS = { BLSR: 1, BLSMSK: 2, BLSI: 3 } as const;

/** Scalar operations of {@linkcode sseRR} and {@linkcode sseRM}. */
export const SSE = { SQRT: 1, ADD: 8, MUL: 9, SUB: 12, MIN: 13, DIV: 14, MAX: 15 } as const;

/** Operations of {@linkcode sseLogicRR} and {@linkcode sseLogicRM}; ANDN complements `dst`. */
export const SSE_LOGIC = { AND: 4, ANDN: 5, OR: 6, XOR: 7 } as const;

/** Predicates of {@linkcode sseCmpRR} and {@linkcode sseCmpRM} (SDM CMPSD, table 3-1). */
export const SSE_CMP = {
  EQ: 0,
  LT: 1,
  LE: 2,
  UNORD: 3,
  NEQ: 4,
  NLT: 5,
  NLE: 6,
  ORD: 7,
} as const;

/**
 * Modes of {@linkcode sseRoundRR} and {@linkcode sseRoundRM}; adding 8 suppresses the precision
 * exception, and 4 takes the mode from MXCSR (SDM Vol. 2B, ROUNDPD, figure 4-24).
 */
export const ROUND = { NEAREST: 0, DOWN: 1, UP: 2, TRUNCATE: 3 } as const;

/** Operations of {@linkcode packedRR} and {@linkcode packedRM}, on all 128 bits. */
export const PACKED = {
  PXOR: 0,
  POR: 1,
  PAND: 2,
  PANDN: 3,
  PCMPEQB: 4,
  PCMPEQW: 5,
  PCMPEQD: 6,
  PADDD: 7,
  PADDQ: 8,
  PSUBD: 9,
  PSUBQ: 10,
} as const;

/** Operations of {@linkcode packedShiftRI}. */
export const PACKED_SHIFT = { RIGHT: 2, RIGHT_ARITHMETIC: 4, LEFT: 6 } as const;

// Mnemonics for messages, by operation.
const ALU_NAME = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"];
const UNARY_NAME = ["inc", "dec", "not", "neg", "mul", "imul", "div", "idiv"];
const SHIFT_NAME = ["rol", "ror", "rcl", "rcr", "shl", "shr", "", "sar"];
const DOUBLE_SHIFT_NAME = ["shld", "shrd"];
const BIT_NAME = ["", "", "", "", "bt", "bts", "btr", "btc"];
const SCAN_NAME = ["bsf", "bsr", "tzcnt", "lzcnt", "popcnt"];
const SHIFTX_NAME = ["", "shlx", "sarx", "shrx"];
const BLS_NAME = ["", "blsr", "blsmsk", "blsi"];
const SSE_NAME: string[] = [
  "",
  "sqrtss/sqrtsd",
  "",
  "",
  "",
  "",
  "",
  "",
  "addss/addsd",
  "mulss/mulsd",
  "",
  "",
  "subss/subsd",
  "minss/minsd",
  "divss/divsd",
  "maxss/maxsd",
];
const SSE_LOGIC_NAME = ["", "", "", "", "andps/andpd", "andnps/andnpd", "orps/orpd", "xorps/xorpd"];
const PACKED_NAME = [
  "pxor",
  "por",
  "pand",
  "pandn",
  "pcmpeqb",
  "pcmpeqw",
  "pcmpeqd",
  "paddd",
  "paddq",
  "psubd",
  "psubq",
];
const PACKED_SHIFT_NAME = ["", "", "psrld/psrlq", "", "psrad", "", "pslld/psllq"];

// Opcodes of families whose opcodes have no pattern, by operation.
const SCAN_WORD = Int32Array.of(
  MAP_0F | 0xbc,
  MAP_0F | 0xbd,
  PP_F3 | MAP_0F | 0xbc,
  PP_F3 | MAP_0F | 0xbd,
  PP_F3 | MAP_0F | 0xb8,
);
const PACKED_OPCODE = Uint8Array.of(
  0xef,
  0xeb,
  0xdb,
  0xdf,
  0x74,
  0x75,
  0x76,
  0xfe,
  0xd4,
  0xfa,
  0xfb,
);

/**
 * Growing machine code. Reusable: {@linkcode X64Buffer.reset} keeps the memory, so a compiler needs
 * one of these for its life. `bytes` is replaced when it grows; don't keep it over an emission.
 */
export class X64Buffer {
  /** The code, followed by room for more. */
  bytes: Uint8Array;
  /** How many bytes of `bytes` are code: the offset of the next instruction. */
  length = 0;
  /**
   * Offset of the displacement of the last {@linkcode RIP}-relative operand, or -1. The displacement
   * counts from the end of its instruction, which is `length` right after the emission (an
   * immediate may follow the displacement): fill it in with {@linkcode patchRel32}.
   */
  ripAt: number = -1;

  /** Creates an empty buffer with room for `capacity` bytes. */
  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(Math.max(capacity, MAX_INSTRUCTION));
  }

  /** Makes room for `count` more bytes. */
  ensure(count: number): void {
    if (this.length + count > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
  }

  /** Forgets the code and keeps the memory. */
  reset(): void {
    this.length = 0;
    this.ripAt = -1;
  }

  /** The code, good until the next change. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** A copy of the code. */
  code(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

// Checks. `x & 15` and `x | 0` also catch fractions, NaN and infinities, which compare unequal.

function bad(name: string, field: string, value: number, wanted: string): never {
  throw new RangeError(`x64 ${name}: ${field} must be ${wanted}, got ${value}`);
}

function checkReg(name: string, field: string, reg: number): void {
  if ((reg & 15) !== reg) bad(name, field, reg, "a register number from 0 to 15");
}

function checkRegs(name: string, dst: number, src: number): void {
  if ((dst & 15) !== dst) bad(name, "dst", dst, "a register number from 0 to 15");
  if ((src & 15) !== src) bad(name, "src", src, "a register number from 0 to 15");
}

function checkMem(name: string, base: number, index: number, scale: number, disp: number): void {
  if ((base & 15) !== base && base !== NONE && base !== RIP) {
    bad(name, "base", base, "a register number from 0 to 15, NONE or RIP");
  }
  if ((index & 15) !== index && index !== NONE) {
    bad(name, "index", index, "a register number from 0 to 15 or NONE");
  }
  if (index === 4) bad(name, "index", index, "a register other than RSP");
  if (base === RIP && index !== NONE) bad(name, "index", index, "NONE with base RIP");
  if ((scale & 3) !== scale) bad(name, "scale", scale, "from 0 to 3");
  checkInt32(name, "disp", disp);
}

function checkInt32(name: string, field: string, value: number): void {
  if ((value | 0) !== value) bad(name, field, value, "a signed 32-bit integer");
}

function checkCC(name: string, cc: number): void {
  if ((cc & 15) !== cc) bad(name, "cc", cc, "a condition code from 0 to 15");
}

/** The mnemonic of operation `op`, which must have one. */
function opName(family: string, names: readonly string[], op: number): string {
  const name = names[op];
  if (name === undefined || name === "") {
    bad(
      family,
      "op",
      op,
      `one of ${names.flatMap((n, i) => n === "" ? [] : [`${i} (${n})`]).join(", ")}`,
    );
  }
  return name;
}

/** Bits for a size, for instructions whose byte form is the opcode with bit 0 clear. */
function sizeWord(name: string, size: number): number {
  switch (size) {
    case 8:
      return BYTE_REG | BYTE_RM;
    case 16:
      return OPERAND_16 | 1;
    case 32:
      return 1;
    case 64:
      return WIDE | 1;
    default:
      return bad(name, "size", size, "8, 16, 32 or 64");
  }
}

/** The same where ModRM.reg holds an opcode extension. */
function groupSizeWord(name: string, size: number): number {
  return sizeWord(name, size) & ~BYTE_REG;
}

/** Bits for a size, for instructions without byte form. */
function wideSizeWord(name: string, size: number): number {
  switch (size) {
    case 16:
      return OPERAND_16;
    case 32:
      return 0;
    case 64:
      return WIDE;
    default:
      return bad(name, "size", size, "16, 32 or 64");
  }
}

/** Bits for a size, for instructions with 32- and 64-bit forms alone. */
function dwordSizeWord(name: string, size: number): number {
  if (size === 32) return 0;
  if (size === 64) return WIDE;
  return bad(name, "size", size, "32 or 64");
}

/** The mandatory prefix of a scalar floating-point instruction: F3 for ss, F2 for sd. */
function scalarWord(name: string, size: number): number {
  if (size === 32) return MAP_0F | PP_F3;
  if (size === 64) return MAP_0F | PP_F2;
  return bad(name, "size", size, "32 or 64");
}

/** The mandatory prefix of a packed floating-point instruction: none for ps, 66 for pd. */
function packedWord(name: string, size: number): number {
  if (size === 32) return MAP_0F;
  if (size === 64) return MAP_0F | PP_66;
  return bad(name, "size", size, "32 or 64");
}

/** Checks an immediate for an operand of `size` bits and returns it as a signed number. */
function immediate(name: string, size: number, imm: number): number {
  switch (size) {
    case 8:
      if ((imm << 24) >> 24 === imm || (imm & 0xff) === imm) return (imm << 24) >> 24;
      return bad(name, "imm", imm, "an integer from -128 to 255");
    case 16:
      if ((imm << 16) >> 16 === imm || (imm & 0xffff) === imm) return (imm << 16) >> 16;
      return bad(name, "imm", imm, "an integer from -32768 to 65535");
    case 32:
      if ((imm | 0) === imm || imm >>> 0 === imm) return imm | 0;
      return bad(name, "imm", imm, "an integer from -2147483648 to 4294967295");
    default:
      checkInt32(name, "imm", imm);
      return imm;
  }
}

function checkCount(name: string, size: number, count: number): void {
  const mask = size === 64 ? 63 : 31;
  if ((count & mask) !== count) bad(name, "count", count, `from 0 to ${mask}`);
}

function checkByte(name: string, field: string, value: number, max: number): void {
  if ((value & 0xff) !== value || value > max) bad(name, field, value, `from 0 to ${max}`);
}

// Emission. Nothing below this line and above the instructions checks anything.

function put32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value >> 16;
  bytes[at + 3] = value >> 24;
  return at + 4;
}

/** Prefixes, REX (bits R, X, B given) and opcode bytes of `word`; returns the next offset. */
function putOpcode(bytes: Uint8Array, at: number, word: number, rexBits: number): number {
  if ((word & OPERAND_16) !== 0) bytes[at++] = 0x66;
  const pp = word & PP_F2;
  if (pp !== 0) bytes[at++] = pp === PP_66 ? 0x66 : pp === PP_F3 ? 0xf3 : 0xf2;
  const rex = rexBits | ((word >> 10) & 8);
  if (rex !== 0) bytes[at++] = 0x40 | (rex & 15);
  const map = word & MAP_0F3A;
  if (map !== 0) {
    bytes[at++] = 0x0f;
    if (map === MAP_0F38) bytes[at++] = 0x38;
    else if (map === MAP_0F3A) bytes[at++] = 0x3a;
  }
  bytes[at++] = word;
  return at;
}

/** Bit 4 on its own: a REX prefix without any of its bits, which byte registers 4–7 need. */
function byteRex(word: number, flag: number, reg: number): number {
  return (word & flag) !== 0 && reg > 3 ? 16 : 0;
}

/** An instruction whose only operand is the low three bits of its opcode. */
function emitO(buf: X64Buffer, word: number, reg: number): void {
  buf.ensure(MAX_INSTRUCTION);
  const rex = (reg >> 3) | byteRex(word, BYTE_RM, reg);
  buf.length = putOpcode(buf.bytes, buf.length, word | (reg & 7), rex);
}

/** An instruction with two registers, or a register and an opcode extension in `reg`. */
function emitRR(buf: X64Buffer, word: number, reg: number, rm: number): void {
  buf.ensure(MAX_INSTRUCTION);
  const rex = ((reg >> 1) & 4) | (rm >> 3) | byteRex(word, BYTE_REG, reg) |
    byteRex(word, BYTE_RM, rm);
  const at = putOpcode(buf.bytes, buf.length, word, rex);
  buf.bytes[at] = 0xc0 | ((reg & 7) << 3) | (rm & 7);
  buf.length = at + 1;
}

/** An instruction with a register (or opcode extension) and a memory operand. */
function emitRM(
  buf: X64Buffer,
  word: number,
  reg: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  buf.ensure(MAX_INSTRUCTION);
  const rex = ((reg >> 1) & 4) | memoryRex(base, index) | byteRex(word, BYTE_REG, reg);
  const at = putOpcode(buf.bytes, buf.length, word, rex);
  buf.length = putMemory(buf, at, reg, base, index, scale, disp);
}

/** REX.X and REX.B of a memory operand; NONE (-1) and RIP (16) have neither. */
function memoryRex(base: number, index: number): number {
  return (index > 7 ? 2 : 0) | ((base & 24) === 8 ? 1 : 0);
}

/**
 * ModRM, SIB and displacement (SDM Vol. 2, tables 2-2 and 2-3). rm = 4 announces a SIB byte, so
 * RSP and R12 as base need one (index 4 = none); rm or base = 5 with mod = 0 means "no base, disp32"
 * (RIP-relative without SIB), so RBP and R13 as base need a displacement.
 */
function putMemory(
  buf: X64Buffer,
  at: number,
  reg: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): number {
  const bytes = buf.bytes;
  const field = (reg & 7) << 3;
  if (base === RIP) {
    bytes[at++] = field | 5;
    buf.ripAt = at;
    return put32(bytes, at, disp);
  }
  if (base === NONE) {
    bytes[at++] = field | 4;
    bytes[at++] = index === NONE ? 0x25 : (scale << 6) | ((index & 7) << 3) | 5;
    return put32(bytes, at, disp);
  }
  const low = base & 7;
  const mod = disp === 0 && low !== 5 ? 0 : (disp << 24) >> 24 === disp ? 0x40 : 0x80;
  if (index !== NONE) {
    bytes[at++] = mod | field | 4;
    bytes[at++] = (scale << 6) | ((index & 7) << 3) | low;
  } else {
    bytes[at++] = mod | field | low;
    if (low === 4) bytes[at++] = 0x24;
  }
  if (mod === 0x40) {
    bytes[at] = disp;
    return at + 1;
  }
  return mod === 0 ? at : put32(bytes, at, disp);
}

/** The three-byte VEX prefix and the opcode (SDM Vol. 2, section 2.3.5); R, X, B as in REX. */
function putVex(buf: X64Buffer, word: number, vvvv: number, rexBits: number): number {
  buf.ensure(MAX_INSTRUCTION);
  const bytes = buf.bytes;
  const at = buf.length;
  bytes[at] = 0xc4;
  bytes[at + 1] = ((~rexBits & 7) << 5) | ((word >> 8) & 3);
  bytes[at + 2] = ((word >> 6) & 0x80) | ((~vvvv & 15) << 3) | ((word >> 10) & 3);
  bytes[at + 3] = word;
  return at + 4;
}

function emitVexRR(buf: X64Buffer, word: number, reg: number, vvvv: number, rm: number): void {
  const at = putVex(buf, word, vvvv, ((reg >> 1) & 4) | (rm >> 3));
  buf.bytes[at] = 0xc0 | ((reg & 7) << 3) | (rm & 7);
  buf.length = at + 1;
}

function emitVexRM(
  buf: X64Buffer,
  word: number,
  reg: number,
  vvvv: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const at = putVex(buf, word, vvvv, ((reg >> 1) & 4) | memoryRex(base, index));
  buf.length = putMemory(buf, at, reg, base, index, scale, disp);
}

// The emitters above leave room for an immediate, so these needn't look.

function emitImm8(buf: X64Buffer, imm: number): void {
  buf.bytes[buf.length++] = imm;
}

function emitImm32(buf: X64Buffer, imm: number): void {
  buf.length = put32(buf.bytes, buf.length, imm);
}

/** An immediate of the operand's size, but of at most 32 bits. */
function emitImm(buf: X64Buffer, size: number, imm: number): void {
  buf.bytes[buf.length++] = imm;
  if (size === 8) return;
  buf.bytes[buf.length++] = imm >> 8;
  if (size === 16) return;
  buf.bytes[buf.length++] = imm >> 16;
  buf.bytes[buf.length++] = imm >> 24;
}

function emitByte(buf: X64Buffer, byte: number): void {
  buf.ensure(1);
  buf.bytes[buf.length++] = byte;
}

function isInt8(imm: number): boolean {
  return (imm << 24) >> 24 === imm;
}

// Moves.

/** `mov dst, src` (SDM MOV, 88/89). */
export function movRR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = sizeWord("mov", size) | 0x88;
  checkRegs("mov", dst, src);
  emitRR(buf, word, src, dst);
}

/** `mov dst, [mem]` (SDM MOV, 8A/8B). */
export function movRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = sizeWord("mov", size) | 0x8a;
  checkReg("mov", "dst", dst);
  checkMem("mov", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `mov [mem], src` (SDM MOV, 88/89). */
export function movMR(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const word = sizeWord("mov", size) | 0x88;
  checkReg("mov", "src", src);
  checkMem("mov", base, index, scale, disp);
  emitRM(buf, word, src, base, index, scale, disp);
}

/**
 * `mov dst, imm` (SDM MOV, B0/B8, and C7 for size 64): 32 bits are zero-extended into the whole
 * register, with size 64 they are sign-extended.
 */
export function movRI(buf: X64Buffer, size: number, dst: number, imm: number): void {
  const word = sizeWord("mov", size);
  checkReg("mov", "dst", dst);
  const value = immediate("mov", size, imm);
  if (size === 64) emitRR(buf, word | 0xc6, 0, dst);
  else emitO(buf, (word & ~1) | (size === 8 ? 0xb0 : 0xb8), dst);
  emitImm(buf, size, value);
}

/** `mov [mem], imm` (SDM MOV, C6/C7); sign-extended with size 64. */
export function movMI(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  imm: number,
): void {
  const word = groupSizeWord("mov", size) | 0xc6;
  checkMem("mov", base, index, scale, disp);
  const value = immediate("mov", size, imm);
  emitRM(buf, word, 0, base, index, scale, disp);
  emitImm(buf, size, value);
}

/** `movabs dst, hi:lo`, always ten bytes (SDM MOV, REX.W B8), so that it can be patched later. */
export function movRI64(buf: X64Buffer, dst: number, lo: number, hi: number): void {
  checkReg("movabs", "dst", dst);
  const low = halfWord("movabs", "lo", lo);
  const high = halfWord("movabs", "hi", hi);
  emitO(buf, WIDE | 0xb8, dst);
  emitImm32(buf, low);
  emitImm32(buf, high);
}

/**
 * Sets `dst` to the 64-bit constant `hi:lo` with the shortest `mov`: five or six bytes when the upper
 * half is zero, seven when the value is a sign-extended 32-bit one, else ten. Zero is no `xor`,
 * because that would write the flags.
 */
export function movImm(buf: X64Buffer, dst: number, lo: number, hi: number): void {
  checkReg("mov", "dst", dst);
  const low = halfWord("mov", "lo", lo);
  const high = halfWord("mov", "hi", hi);
  if (high === 0) {
    emitO(buf, 0xb8, dst);
    emitImm32(buf, low);
  } else if (high === low >> 31) {
    emitRR(buf, WIDE | 0xc7, 0, dst);
    emitImm32(buf, low);
  } else {
    movRI64(buf, dst, low, high);
  }
}

function halfWord(name: string, field: string, value: number): number {
  if ((value | 0) !== value && value >>> 0 !== value) {
    bad(name, field, value, "an integer from -2147483648 to 4294967295");
  }
  return value | 0;
}

/** Checks the two sizes of a widening move and returns its bits but for the opcode. */
function extendWord(name: string, size: number, srcSize: number): number {
  if (srcSize !== 8 && srcSize !== 16) bad(name, "srcSize", srcSize, "8 or 16");
  const word = wideSizeWord(name, size) | MAP_0F;
  if (size <= srcSize) bad(name, "size", size, `greater than srcSize ${srcSize}`);
  return srcSize === 8 ? word | BYTE_RM : word | 1;
}

/** `movzx dst, src` from `srcSize` 8 or 16 to `size` bits (SDM MOVZX); size 32 suffices for 64. */
export function movzxRR(
  buf: X64Buffer,
  size: number,
  srcSize: number,
  dst: number,
  src: number,
): void {
  const word = extendWord("movzx", size, srcSize) | 0xb6;
  checkRegs("movzx", dst, src);
  emitRR(buf, word, dst, src);
}

/** `movzx dst, [mem]` from `srcSize` 8 or 16 to `size` bits (SDM MOVZX). */
export function movzxRM(
  buf: X64Buffer,
  size: number,
  srcSize: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = extendWord("movzx", size, srcSize) | 0xb6;
  checkReg("movzx", "dst", dst);
  checkMem("movzx", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `movsx dst, src` from `srcSize` 8 or 16 to `size` bits (SDM MOVSX). */
export function movsxRR(
  buf: X64Buffer,
  size: number,
  srcSize: number,
  dst: number,
  src: number,
): void {
  const word = extendWord("movsx", size, srcSize) | 0xbe;
  checkRegs("movsx", dst, src);
  emitRR(buf, word, dst, src);
}

/** `movsx dst, [mem]` from `srcSize` 8 or 16 to `size` bits (SDM MOVSX). */
export function movsxRM(
  buf: X64Buffer,
  size: number,
  srcSize: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = extendWord("movsx", size, srcSize) | 0xbe;
  checkReg("movsx", "dst", dst);
  checkMem("movsx", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `movsxd dst, src`: 32 bits sign-extended to 64 (SDM MOVSXD). */
export function movsxdRR(buf: X64Buffer, dst: number, src: number): void {
  checkRegs("movsxd", dst, src);
  emitRR(buf, WIDE | 0x63, dst, src);
}

/** `movsxd dst, [mem]`: 32 bits sign-extended to 64 (SDM MOVSXD). */
export function movsxdRM(
  buf: X64Buffer,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  checkReg("movsxd", "dst", dst);
  checkMem("movsxd", base, index, scale, disp);
  emitRM(buf, WIDE | 0x63, dst, base, index, scale, disp);
}

/** `lea dst, [mem]` with size 16, 32 or 64 (SDM LEA). */
export function leaRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = wideSizeWord("lea", size) | 0x8d;
  checkReg("lea", "dst", dst);
  checkMem("lea", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `xchg dst, src` (SDM XCHG); one byte shorter when one of them is RAX and size isn't 8. */
export function xchgRR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = sizeWord("xchg", size);
  checkRegs("xchg", dst, src);
  // 90 is `xchg eax, eax` no more: in 64-bit mode it doesn't clear the upper half of RAX. With both
  // operands RAX it stands for the 64-bit form, which changes nothing and so needs no REX.W.
  if (size !== 8 && (dst === 0 || src === 0) && (size !== 32 || dst !== src)) {
    emitO(buf, (word & (dst === src ? OPERAND_16 : OPERAND_16 | WIDE)) | 0x90, dst | src);
  } else {
    emitRR(buf, word | 0x86, src, dst);
  }
}

/** `xchg [mem], src`, always atomic (SDM XCHG). */
export function xchgMR(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const word = sizeWord("xchg", size) | 0x86;
  checkReg("xchg", "src", src);
  checkMem("xchg", base, index, scale, disp);
  emitRM(buf, word, src, base, index, scale, disp);
}

/** The LOCK prefix, behind an operand-size prefix as GNU as has it. */
function emitLock(buf: X64Buffer, word: number): void {
  if ((word & OPERAND_16) !== 0) emitByte(buf, 0x66);
  emitByte(buf, 0xf0);
}

/** `lock cmpxchg [mem], src`: compares with RAX (SDM CMPXCHG). */
export function lockCmpxchgMR(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const word = sizeWord("lock cmpxchg", size) | MAP_0F | 0xb0;
  checkReg("lock cmpxchg", "src", src);
  checkMem("lock cmpxchg", base, index, scale, disp);
  emitLock(buf, word);
  emitRM(buf, word & ~OPERAND_16, src, base, index, scale, disp);
}

/** `lock xadd [mem], src` (SDM XADD). */
export function lockXaddMR(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const word = sizeWord("lock xadd", size) | MAP_0F | 0xc0;
  checkReg("lock xadd", "src", src);
  checkMem("lock xadd", base, index, scale, disp);
  emitLock(buf, word);
  emitRM(buf, word & ~OPERAND_16, src, base, index, scale, disp);
}

/** `push src`, 64 bits (SDM PUSH). */
export function pushR(buf: X64Buffer, src: number): void {
  checkReg("push", "src", src);
  emitO(buf, 0x50, src);
}

/** `push [mem]`, 64 bits (SDM PUSH). */
export function pushM(
  buf: X64Buffer,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  checkMem("push", base, index, scale, disp);
  emitRM(buf, 0xff, 6, base, index, scale, disp);
}

/** `push imm`: 64 bits, sign-extended from 8 or 32 (SDM PUSH). */
export function pushI(buf: X64Buffer, imm: number): void {
  checkInt32("push", "imm", imm);
  emitByte(buf, isInt8(imm) ? 0x6a : 0x68);
  buf.ensure(4);
  if (isInt8(imm)) emitImm8(buf, imm);
  else emitImm32(buf, imm);
}

/** `pop dst`, 64 bits (SDM POP). */
export function popR(buf: X64Buffer, dst: number): void {
  checkReg("pop", "dst", dst);
  emitO(buf, 0x58, dst);
}

/** `pop [mem]`, 64 bits (SDM POP). */
export function popM(
  buf: X64Buffer,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  checkMem("pop", base, index, scale, disp);
  emitRM(buf, 0x8f, 0, base, index, scale, disp);
}

/** `cmovCC dst, src` with size 16, 32 or 64 (SDM CMOVcc). */
export function cmovRR(
  buf: X64Buffer,
  cc: number,
  size: number,
  dst: number,
  src: number,
): void {
  checkCC("cmov", cc);
  const word = wideSizeWord("cmov", size) | MAP_0F | 0x40 | cc;
  checkRegs("cmov", dst, src);
  emitRR(buf, word, dst, src);
}

/** `cmovCC dst, [mem]`; the load happens whatever the condition (SDM CMOVcc). */
export function cmovRM(
  buf: X64Buffer,
  cc: number,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  checkCC("cmov", cc);
  const word = wideSizeWord("cmov", size) | MAP_0F | 0x40 | cc;
  checkReg("cmov", "dst", dst);
  checkMem("cmov", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `setCC dst`: the low byte becomes 0 or 1, the others stay (SDM SETcc). */
export function setccR(buf: X64Buffer, cc: number, dst: number): void {
  checkCC("setcc", cc);
  checkReg("setcc", "dst", dst);
  emitRR(buf, MAP_0F | BYTE_RM | 0x90 | cc, 0, dst);
}

/** `setCC byte [mem]` (SDM SETcc). */
export function setccM(
  buf: X64Buffer,
  cc: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  checkCC("setcc", cc);
  checkMem("setcc", base, index, scale, disp);
  emitRM(buf, MAP_0F | 0x90 | cc, 0, base, index, scale, disp);
}

/** `bswap dst` with size 32 or 64 (SDM BSWAP). */
export function bswapR(buf: X64Buffer, size: number, dst: number): void {
  const word = dwordSizeWord("bswap", size) | MAP_0F | 0xc8;
  checkReg("bswap", "dst", dst);
  emitO(buf, word, dst);
}

// Integer arithmetic.

/** `op dst, src` for the operations of {@linkcode ALU} (SDM ADD, OR, ADC, SBB, AND, SUB, XOR, CMP). */
export function aluRR(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  src: number,
): void {
  const name = opName("alu", ALU_NAME, op);
  const word = sizeWord(name, size) | (op << 3);
  checkRegs(name, dst, src);
  emitRR(buf, word, src, dst);
}

/** `op dst, [mem]` for the operations of {@linkcode ALU}. */
export function aluRM(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const name = opName("alu", ALU_NAME, op);
  const word = sizeWord(name, size) | (op << 3) | 2;
  checkReg(name, "dst", dst);
  checkMem(name, base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `op [mem], src` for the operations of {@linkcode ALU}. */
export function aluMR(
  buf: X64Buffer,
  op: number,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const name = opName("alu", ALU_NAME, op);
  const word = sizeWord(name, size) | (op << 3);
  checkReg(name, "src", src);
  checkMem(name, base, index, scale, disp);
  emitRM(buf, word, src, base, index, scale, disp);
}

/** `op dst, imm` for the operations of {@linkcode ALU}: 83 ib, the RAX form, or 80/81. */
export function aluRI(buf: X64Buffer, op: number, size: number, dst: number, imm: number): void {
  const name = opName("alu", ALU_NAME, op);
  const word = groupSizeWord(name, size);
  checkReg(name, "dst", dst);
  const value = immediate(name, size, imm);
  if (size !== 8 && isInt8(value)) {
    emitRR(buf, word | 0x82, op, dst);
    emitImm8(buf, value);
  } else {
    if (dst === 0) emitO(buf, word | (op << 3) | 4, 0);
    else emitRR(buf, word | 0x80, op, dst);
    emitImm(buf, size, value);
  }
}

/** `op [mem], imm` for the operations of {@linkcode ALU}. */
export function aluMI(
  buf: X64Buffer,
  op: number,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  imm: number,
): void {
  const name = opName("alu", ALU_NAME, op);
  const word = groupSizeWord(name, size);
  checkMem(name, base, index, scale, disp);
  const value = immediate(name, size, imm);
  if (size !== 8 && isInt8(value)) {
    emitRM(buf, word | 0x82, op, base, index, scale, disp);
    emitImm8(buf, value);
  } else {
    emitRM(buf, word | 0x80, op, base, index, scale, disp);
    emitImm(buf, size, value);
  }
}

/** `test dst, src` (SDM TEST). */
export function testRR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = sizeWord("test", size) | 0x84;
  checkRegs("test", dst, src);
  emitRR(buf, word, src, dst);
}

/** `test [mem], src` (SDM TEST). */
export function testMR(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const word = sizeWord("test", size) | 0x84;
  checkReg("test", "src", src);
  checkMem("test", base, index, scale, disp);
  emitRM(buf, word, src, base, index, scale, disp);
}

/** `test dst, imm` (SDM TEST, A8/A9 or F6/F7 /0); there is no short immediate. */
export function testRI(buf: X64Buffer, size: number, dst: number, imm: number): void {
  const word = groupSizeWord("test", size);
  checkReg("test", "dst", dst);
  const value = immediate("test", size, imm);
  if (dst === 0) emitO(buf, word | 0xa8, 0);
  else emitRR(buf, word | 0xf6, 0, dst);
  emitImm(buf, size, value);
}

/** `test [mem], imm` (SDM TEST, F6/F7 /0). */
export function testMI(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  imm: number,
): void {
  const word = groupSizeWord("test", size) | 0xf6;
  checkMem("test", base, index, scale, disp);
  const value = immediate("test", size, imm);
  emitRM(buf, word, 0, base, index, scale, disp);
  emitImm(buf, size, value);
}

/** `op dst` for the operations of {@linkcode UNARY} (SDM INC, DEC, NOT, NEG, MUL, IMUL, DIV, IDIV). */
export function unaryR(buf: X64Buffer, op: number, size: number, dst: number): void {
  const name = opName("unary", UNARY_NAME, op);
  const word = groupSizeWord(name, size) | (op < 2 ? 0xfe : 0xf6);
  checkReg(name, "dst", dst);
  emitRR(buf, word, op, dst);
}

/** `op [mem]` for the operations of {@linkcode UNARY}. */
export function unaryM(
  buf: X64Buffer,
  op: number,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const name = opName("unary", UNARY_NAME, op);
  const word = groupSizeWord(name, size) | (op < 2 ? 0xfe : 0xf6);
  checkMem(name, base, index, scale, disp);
  emitRM(buf, word, op, base, index, scale, disp);
}

/** `imul dst, src` with size 16, 32 or 64 (SDM IMUL, 0F AF). */
export function imulRR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = wideSizeWord("imul", size) | MAP_0F | 0xaf;
  checkRegs("imul", dst, src);
  emitRR(buf, word, dst, src);
}

/** `imul dst, [mem]` (SDM IMUL, 0F AF). */
export function imulRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = wideSizeWord("imul", size) | MAP_0F | 0xaf;
  checkReg("imul", "dst", dst);
  checkMem("imul", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `imul dst, src, imm` (SDM IMUL, 6B or 69). */
export function imulRRI(
  buf: X64Buffer,
  size: number,
  dst: number,
  src: number,
  imm: number,
): void {
  const word = wideSizeWord("imul", size);
  checkRegs("imul", dst, src);
  const value = immediate("imul", size, imm);
  if (isInt8(value)) {
    emitRR(buf, word | 0x6b, dst, src);
    emitImm8(buf, value);
  } else {
    emitRR(buf, word | 0x69, dst, src);
    emitImm(buf, size, value);
  }
}

/** `imul dst, [mem], imm` (SDM IMUL, 6B or 69). */
export function imulRMI(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  imm: number,
): void {
  const word = wideSizeWord("imul", size);
  checkReg("imul", "dst", dst);
  checkMem("imul", base, index, scale, disp);
  const value = immediate("imul", size, imm);
  if (isInt8(value)) {
    emitRM(buf, word | 0x6b, dst, base, index, scale, disp);
    emitImm8(buf, value);
  } else {
    emitRM(buf, word | 0x69, dst, base, index, scale, disp);
    emitImm(buf, size, value);
  }
}

// Shifts and bits.

/**
 * `op dst, count` for the operations of {@linkcode SHIFT} (SDM SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR);
 * `count` is 0–63 with size 64 and 0–31 otherwise, as the processor masks it.
 */
export function shiftRI(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  count: number,
): void {
  const name = opName("shift", SHIFT_NAME, op);
  const word = groupSizeWord(name, size);
  checkReg(name, "dst", dst);
  checkCount(name, size, count);
  if (count === 1) {
    emitRR(buf, word | 0xd0, op, dst);
  } else {
    emitRR(buf, word | 0xc0, op, dst);
    emitImm8(buf, count);
  }
}

/** `op [mem], count` for the operations of {@linkcode SHIFT}. */
export function shiftMI(
  buf: X64Buffer,
  op: number,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  count: number,
): void {
  const name = opName("shift", SHIFT_NAME, op);
  const word = groupSizeWord(name, size);
  checkMem(name, base, index, scale, disp);
  checkCount(name, size, count);
  if (count === 1) {
    emitRM(buf, word | 0xd0, op, base, index, scale, disp);
  } else {
    emitRM(buf, word | 0xc0, op, base, index, scale, disp);
    emitImm8(buf, count);
  }
}

/** `op dst, cl` for the operations of {@linkcode SHIFT}. */
export function shiftRCl(buf: X64Buffer, op: number, size: number, dst: number): void {
  const name = opName("shift", SHIFT_NAME, op);
  const word = groupSizeWord(name, size) | 0xd2;
  checkReg(name, "dst", dst);
  emitRR(buf, word, op, dst);
}

/** `op [mem], cl` for the operations of {@linkcode SHIFT}. */
export function shiftMCl(
  buf: X64Buffer,
  op: number,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const name = opName("shift", SHIFT_NAME, op);
  const word = groupSizeWord(name, size) | 0xd2;
  checkMem(name, base, index, scale, disp);
  emitRM(buf, word, op, base, index, scale, disp);
}

/** `op dst, src, count` for the operations of {@linkcode DOUBLE_SHIFT} (SDM SHLD, SHRD). */
export function doubleShiftRRI(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  src: number,
  count: number,
): void {
  const name = opName("double shift", DOUBLE_SHIFT_NAME, op);
  const word = wideSizeWord(name, size) | MAP_0F | 0xa4 | (op << 3);
  checkRegs(name, dst, src);
  checkCount(name, size, count);
  emitRR(buf, word, src, dst);
  emitImm8(buf, count);
}

/** `op dst, src, cl` for the operations of {@linkcode DOUBLE_SHIFT}. */
export function doubleShiftRRCl(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  src: number,
): void {
  const name = opName("double shift", DOUBLE_SHIFT_NAME, op);
  const word = wideSizeWord(name, size) | MAP_0F | 0xa5 | (op << 3);
  checkRegs(name, dst, src);
  emitRR(buf, word, src, dst);
}

/** `op dst, bit` for the operations of {@linkcode BIT} (SDM BT, BTS, BTR, BTC); `bit` < `size`. */
export function bitRI(buf: X64Buffer, op: number, size: number, dst: number, bit: number): void {
  const name = opName("bit", BIT_NAME, op);
  const word = wideSizeWord(name, size) | MAP_0F | 0xba;
  checkReg(name, "dst", dst);
  checkByte(name, "bit", bit, size - 1);
  emitRR(buf, word, op, dst);
  emitImm8(buf, bit);
}

/** `op dst, src` for the operations of {@linkcode BIT}: bit `src` modulo `size`. */
export function bitRR(buf: X64Buffer, op: number, size: number, dst: number, src: number): void {
  const name = opName("bit", BIT_NAME, op);
  const word = wideSizeWord(name, size) | MAP_0F | 0x83 | (op << 3);
  checkRegs(name, dst, src);
  emitRR(buf, word, src, dst);
}

/**
 * `op dst, src` for the operations of {@linkcode SCAN} (SDM BSF, BSR, TZCNT, LZCNT, POPCNT). A
 * processor without LZCNT or BMI1 runs LZCNT as BSR and TZCNT as BSF: ask CPUID first.
 */
export function scanRR(buf: X64Buffer, op: number, size: number, dst: number, src: number): void {
  const name = opName("scan", SCAN_NAME, op);
  const word = wideSizeWord(name, size) | SCAN_WORD[op];
  checkRegs(name, dst, src);
  emitRR(buf, word, dst, src);
}

/** `op dst, [mem]` for the operations of {@linkcode SCAN}. */
export function scanRM(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const name = opName("scan", SCAN_NAME, op);
  const word = wideSizeWord(name, size) | SCAN_WORD[op];
  checkReg(name, "dst", dst);
  checkMem(name, base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

// BMI1 and BMI2: VEX-encoded, sizes 32 and 64, three operands, flags untouched by BMI2.

/** `op dst, src, count` for the operations of {@linkcode SHIFTX} (SDM SARX/SHLX/SHRX). */
export function shiftxRRR(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  src: number,
  count: number,
): void {
  const name = opName("shiftx", SHIFTX_NAME, op);
  const word = dwordSizeWord(name, size) | MAP_0F38 | (op << 10) | 0xf7;
  checkRegs(name, dst, src);
  checkReg(name, "count", count);
  emitVexRR(buf, word, dst, count, src);
}

/** `op dst, [mem], count` for the operations of {@linkcode SHIFTX}. */
export function shiftxRMR(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  count: number,
): void {
  const name = opName("shiftx", SHIFTX_NAME, op);
  const word = dwordSizeWord(name, size) | MAP_0F38 | (op << 10) | 0xf7;
  checkReg(name, "dst", dst);
  checkReg(name, "count", count);
  checkMem(name, base, index, scale, disp);
  emitVexRM(buf, word, dst, count, base, index, scale, disp);
}

/** `rorx dst, src, count` (SDM RORX). */
export function rorxRRI(
  buf: X64Buffer,
  size: number,
  dst: number,
  src: number,
  count: number,
): void {
  const word = dwordSizeWord("rorx", size) | MAP_0F3A | PP_F2 | 0xf0;
  checkRegs("rorx", dst, src);
  checkCount("rorx", size, count);
  emitVexRR(buf, word, dst, 0, src);
  emitImm8(buf, count);
}

/** `rorx dst, [mem], count` (SDM RORX). */
export function rorxRMI(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  count: number,
): void {
  const word = dwordSizeWord("rorx", size) | MAP_0F3A | PP_F2 | 0xf0;
  checkReg("rorx", "dst", dst);
  checkMem("rorx", base, index, scale, disp);
  checkCount("rorx", size, count);
  emitVexRM(buf, word, dst, 0, base, index, scale, disp);
  emitImm8(buf, count);
}

/** `mulx hi, lo, src`: RDX times `src`, unsigned (SDM MULX); when `hi` is `lo` it gets the high half. */
export function mulxRRR(
  buf: X64Buffer,
  size: number,
  hi: number,
  lo: number,
  src: number,
): void {
  const word = dwordSizeWord("mulx", size) | MAP_0F38 | PP_F2 | 0xf6;
  checkReg("mulx", "hi", hi);
  checkReg("mulx", "lo", lo);
  checkReg("mulx", "src", src);
  emitVexRR(buf, word, hi, lo, src);
}

/** `mulx hi, lo, [mem]` (SDM MULX). */
export function mulxRRM(
  buf: X64Buffer,
  size: number,
  hi: number,
  lo: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = dwordSizeWord("mulx", size) | MAP_0F38 | PP_F2 | 0xf6;
  checkReg("mulx", "hi", hi);
  checkReg("mulx", "lo", lo);
  checkMem("mulx", base, index, scale, disp);
  emitVexRM(buf, word, hi, lo, base, index, scale, disp);
}

/** `andn dst, inverted, src`: `~inverted & src` (SDM ANDN). */
export function andnRRR(
  buf: X64Buffer,
  size: number,
  dst: number,
  inverted: number,
  src: number,
): void {
  const word = dwordSizeWord("andn", size) | MAP_0F38 | 0xf2;
  checkRegs("andn", dst, src);
  checkReg("andn", "inverted", inverted);
  emitVexRR(buf, word, dst, inverted, src);
}

/** `andn dst, inverted, [mem]` (SDM ANDN). */
export function andnRRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  inverted: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = dwordSizeWord("andn", size) | MAP_0F38 | 0xf2;
  checkReg("andn", "dst", dst);
  checkReg("andn", "inverted", inverted);
  checkMem("andn", base, index, scale, disp);
  emitVexRM(buf, word, dst, inverted, base, index, scale, disp);
}

/** `op dst, src` for the operations of {@linkcode BLS} (SDM BLSR, BLSMSK, BLSI). */
export function blsRR(buf: X64Buffer, op: number, size: number, dst: number, src: number): void {
  const name = opName("bls", BLS_NAME, op);
  const word = dwordSizeWord(name, size) | MAP_0F38 | 0xf3;
  checkRegs(name, dst, src);
  emitVexRR(buf, word, op, dst, src);
}

/** `op dst, [mem]` for the operations of {@linkcode BLS}. */
export function blsRM(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const name = opName("bls", BLS_NAME, op);
  const word = dwordSizeWord(name, size) | MAP_0F38 | 0xf3;
  checkReg(name, "dst", dst);
  checkMem(name, base, index, scale, disp);
  emitVexRM(buf, word, op, dst, base, index, scale, disp);
}

// Instructions without operands.

/** An instruction of `count` fixed bytes, the first in the lowest bits of `bytes`. */
function emitFixed(buf: X64Buffer, bytes: number, count: number): void {
  buf.ensure(MAX_INSTRUCTION);
  put32(buf.bytes, buf.length, bytes);
  buf.length += count;
}

/** `cdq`: sign of EAX into EDX (SDM CWD/CDQ/CQO). */
export function cdq(buf: X64Buffer): void {
  emitFixed(buf, 0x99, 1);
}

/** `cqo`: sign of RAX into RDX (SDM CWD/CDQ/CQO). */
export function cqo(buf: X64Buffer): void {
  emitFixed(buf, 0x9948, 2);
}

/** `int3`: a breakpoint (SDM INT n/INTO/INT3). */
export function int3(buf: X64Buffer): void {
  emitFixed(buf, 0xcc, 1);
}

/** `ud2`: the instruction that is never defined (SDM UD). */
export function ud2(buf: X64Buffer): void {
  emitFixed(buf, 0x0b0f, 2);
}

/** `ret` (SDM RET). */
export function ret(buf: X64Buffer): void {
  emitFixed(buf, 0xc3, 1);
}

/** `endbr64`: a landing place of indirect branches under CET (SDM ENDBR64). */
export function endbr64(buf: X64Buffer): void {
  emitFixed(buf, 0xfa1e0ff3, 4);
}

/** `cpuid` (SDM CPUID). */
export function cpuid(buf: X64Buffer): void {
  emitFixed(buf, 0xa20f, 2);
}

/** `xgetbv` (SDM XGETBV). */
export function xgetbv(buf: X64Buffer): void {
  emitFixed(buf, 0xd0010f, 3);
}

/** `rdtsc` (SDM RDTSC). */
export function rdtsc(buf: X64Buffer): void {
  emitFixed(buf, 0x310f, 2);
}

// The recommended multi-byte sequences (SDM NOP, table 4-12), one after the other: the sequence of n
// bytes starts at n * (n - 1) / 2.
const NOPS = Uint8Array.of(
  ...[0x90],
  ...[0x66, 0x90],
  ...[0x0f, 0x1f, 0x00],
  ...[0x0f, 0x1f, 0x40, 0],
  ...[0x0f, 0x1f, 0x44, 0, 0],
  ...[0x66, 0x0f, 0x1f, 0x44, 0, 0],
  ...[0x0f, 0x1f, 0x80, 0, 0, 0, 0],
  ...[0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
  ...[0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0],
);

/** One `nop` of `count` bytes, 1–9 (SDM NOP). */
export function nop(buf: X64Buffer, count: number): void {
  if (count < 1 || (count & 15) !== count || count > 9) bad("nop", "count", count, "from 1 to 9");
  buf.ensure(MAX_INSTRUCTION);
  const start = (count * (count - 1)) / 2;
  for (let i = 0; i < count; i++) buf.bytes[buf.length + i] = NOPS[start + i];
  buf.length += count;
}

// Control transfer. Displacements count from the end of the instruction; the direct forms return
// where theirs lies, for patchRel8 and patchRel32.

/** `call rel` (SDM CALL, E8). Returns the offset of the displacement. */
export function callRel32(buf: X64Buffer, rel: number): number {
  checkInt32("call", "rel", rel);
  emitFixed(buf, 0xe8, 1);
  return emitRel32(buf, rel);
}

/** `jmp rel` in five bytes (SDM JMP, E9). Returns the offset of the displacement. */
export function jmpRel32(buf: X64Buffer, rel: number): number {
  checkInt32("jmp", "rel", rel);
  emitFixed(buf, 0xe9, 1);
  return emitRel32(buf, rel);
}

/** `jmp rel` in two bytes (SDM JMP, EB). Returns the offset of the displacement. */
export function jmpRel8(buf: X64Buffer, rel: number): number {
  if (!isInt8(rel)) bad("jmp", "rel", rel, "an integer from -128 to 127");
  emitFixed(buf, 0xeb, 1);
  emitImm8(buf, rel);
  return buf.length - 1;
}

/** `jCC rel` in six bytes (SDM Jcc, 0F 80+cc). Returns the offset of the displacement. */
export function jccRel32(buf: X64Buffer, cc: number, rel: number): number {
  checkCC("jcc", cc);
  checkInt32("jcc", "rel", rel);
  emitFixed(buf, 0x800f | (cc << 8), 2);
  return emitRel32(buf, rel);
}

/** `jCC rel` in two bytes (SDM Jcc, 70+cc). Returns the offset of the displacement. */
export function jccRel8(buf: X64Buffer, cc: number, rel: number): number {
  checkCC("jcc", cc);
  if (!isInt8(rel)) bad("jcc", "rel", rel, "an integer from -128 to 127");
  emitFixed(buf, 0x70 | cc, 1);
  emitImm8(buf, rel);
  return buf.length - 1;
}

function emitRel32(buf: X64Buffer, rel: number): number {
  const at = buf.length;
  emitImm32(buf, rel);
  return at;
}

/** `call target` (SDM CALL, FF /2). */
export function callR(buf: X64Buffer, target: number): void {
  checkReg("call", "target", target);
  emitRR(buf, 0xff, 2, target);
}

/** `call [mem]` (SDM CALL, FF /2). */
export function callM(
  buf: X64Buffer,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  checkMem("call", base, index, scale, disp);
  emitRM(buf, 0xff, 2, base, index, scale, disp);
}

/** `jmp target` (SDM JMP, FF /4). */
export function jmpR(buf: X64Buffer, target: number): void {
  checkReg("jmp", "target", target);
  emitRR(buf, 0xff, 4, target);
}

/** `jmp [mem]` (SDM JMP, FF /4). */
export function jmpM(
  buf: X64Buffer,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  checkMem("jmp", base, index, scale, disp);
  emitRM(buf, 0xff, 4, base, index, scale, disp);
}

/**
 * Points the 32-bit displacement at offset `at` to offset `target`; `end` is the end of its
 * instruction, which for branches is the end of the displacement.
 *
 * @example
 * ```ts
 * import { jmpRel32, nop, patchRel32, X64Buffer } from "./encoder.ts";
 *
 * const buf = new X64Buffer();
 * const at = jmpRel32(buf, 0);
 * nop(buf, 3);
 * patchRel32(buf, at, buf.length); // jumps over the nop
 * console.log(buf.code()[1]); // 3
 * ```
 */
export function patchRel32(buf: X64Buffer, at: number, target: number, end: number = at + 4): void {
  checkField(buf, "patchRel32", at, 4);
  const rel = target - end;
  checkInt32("patchRel32", "target - end", rel);
  put32(buf.bytes, at, rel);
}

/** Points the 8-bit displacement at offset `at`, the last byte of a branch, to offset `target`. */
export function patchRel8(buf: X64Buffer, at: number, target: number): void {
  checkField(buf, "patchRel8", at, 1);
  const rel = target - (at + 1);
  if (!isInt8(rel)) bad("patchRel8", "target - end", rel, "an integer from -128 to 127");
  buf.bytes[at] = rel;
}

function checkField(buf: X64Buffer, name: string, at: number, count: number): void {
  if ((at | 0) !== at || at < 0 || at + count > buf.length) {
    bad(name, "at", at, `an offset of ${count} emitted bytes of ${buf.length}`);
  }
}

// SSE2 and SSE4.1: `size` 32 is single precision, 64 double; dst and src are vector registers unless
// said otherwise.

/** `movss`/`movsd dst, src`: replaces the low lane alone; to copy, use {@linkcode movapRR}. */
export function movsRR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = scalarWord("movss/movsd", size) | 0x10;
  checkRegs("movss/movsd", dst, src);
  emitRR(buf, word, dst, src);
}

/** `movss`/`movsd dst, [mem]`: clears the other lanes (SDM MOVSS, MOVSD). */
export function movsRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = scalarWord("movss/movsd", size) | 0x10;
  checkReg("movss/movsd", "dst", dst);
  checkMem("movss/movsd", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `movss`/`movsd [mem], src` (SDM MOVSS, MOVSD). */
export function movsMR(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const word = scalarWord("movss/movsd", size) | 0x11;
  checkReg("movss/movsd", "src", src);
  checkMem("movss/movsd", base, index, scale, disp);
  emitRM(buf, word, src, base, index, scale, disp);
}

/** `movaps` (size 32) or `movapd` (size 64) `dst, src`: all 128 bits (SDM MOVAPS, MOVAPD). */
export function movapRR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = packedWord("movaps/movapd", size) | 0x28;
  checkRegs("movaps/movapd", dst, src);
  emitRR(buf, word, dst, src);
}

/** `movaps`/`movapd dst, [mem]`; the address must be a multiple of 16. */
export function movapRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = packedWord("movaps/movapd", size) | 0x28;
  checkReg("movaps/movapd", "dst", dst);
  checkMem("movaps/movapd", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `movaps`/`movapd [mem], src`; the address must be a multiple of 16. */
export function movapMR(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const word = packedWord("movaps/movapd", size) | 0x29;
  checkReg("movaps/movapd", "src", src);
  checkMem("movaps/movapd", base, index, scale, disp);
  emitRM(buf, word, src, base, index, scale, disp);
}

/** `movups`/`movupd dst, [mem]`: 128 bits at any address (SDM MOVUPS, MOVUPD). */
export function movupRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = packedWord("movups/movupd", size) | 0x10;
  checkReg("movups/movupd", "dst", dst);
  checkMem("movups/movupd", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `movups`/`movupd [mem], src`: 128 bits at any address (SDM MOVUPS, MOVUPD). */
export function movupMR(
  buf: X64Buffer,
  size: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  src: number,
): void {
  const word = packedWord("movups/movupd", size) | 0x11;
  checkReg("movups/movupd", "src", src);
  checkMem("movups/movupd", base, index, scale, disp);
  emitRM(buf, word, src, base, index, scale, disp);
}

/** `movd`/`movq dst, src` from a general to a vector register; clears the rest (SDM MOVD/MOVQ). */
export function movXR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = dwordSizeWord("movd/movq", size) | MAP_0F | PP_66 | 0x6e;
  checkRegs("movd/movq", dst, src);
  emitRR(buf, word, dst, src);
}

/** `movd`/`movq dst, src` from a vector to a general register (SDM MOVD/MOVQ). */
export function movRX(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = dwordSizeWord("movd/movq", size) | MAP_0F | PP_66 | 0x7e;
  checkRegs("movd/movq", dst, src);
  emitRR(buf, word, src, dst);
}

/** `movq dst, src`: the low 64 bits, the others cleared (SDM MOVQ). */
export function movqXX(buf: X64Buffer, dst: number, src: number): void {
  checkRegs("movq", dst, src);
  emitRR(buf, MAP_0F | PP_F3 | 0x7e, dst, src);
}

/** `op dst, src` for the operations of {@linkcode SSE} (SDM ADDSS, ADDSD and so on). */
export function sseRR(buf: X64Buffer, op: number, size: number, dst: number, src: number): void {
  const name = opName("sse", SSE_NAME, op);
  const word = scalarWord(name, size) | 0x50 | op;
  checkRegs(name, dst, src);
  emitRR(buf, word, dst, src);
}

/** `op dst, [mem]` for the operations of {@linkcode SSE}. */
export function sseRM(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const name = opName("sse", SSE_NAME, op);
  const word = scalarWord(name, size) | 0x50 | op;
  checkReg(name, "dst", dst);
  checkMem(name, base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `op dst, src` for the operations of {@linkcode SSE_LOGIC}, on all 128 bits (SDM ANDPS ...). */
export function sseLogicRR(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  src: number,
): void {
  const name = opName("sse logic", SSE_LOGIC_NAME, op);
  const word = packedWord(name, size) | 0x50 | op;
  checkRegs(name, dst, src);
  emitRR(buf, word, dst, src);
}

/** `op dst, [mem]` for the operations of {@linkcode SSE_LOGIC}; the address is a multiple of 16. */
export function sseLogicRM(
  buf: X64Buffer,
  op: number,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const name = opName("sse logic", SSE_LOGIC_NAME, op);
  const word = packedWord(name, size) | 0x50 | op;
  checkReg(name, "dst", dst);
  checkMem(name, base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `ucomiss`/`ucomisd dst, src`: unordered sets ZF, PF and CF (SDM UCOMISS, UCOMISD). */
export function ucomisRR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = packedWord("ucomiss/ucomisd", size) | 0x2e;
  checkRegs("ucomiss/ucomisd", dst, src);
  emitRR(buf, word, dst, src);
}

/** `ucomiss`/`ucomisd dst, [mem]` (SDM UCOMISS, UCOMISD). */
export function ucomisRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = packedWord("ucomiss/ucomisd", size) | 0x2e;
  checkReg("ucomiss/ucomisd", "dst", dst);
  checkMem("ucomiss/ucomisd", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `comiss`/`comisd dst, src`: like `ucomis`, but a quiet NaN is an invalid operation too. */
export function comisRR(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = packedWord("comiss/comisd", size) | 0x2f;
  checkRegs("comiss/comisd", dst, src);
  emitRR(buf, word, dst, src);
}

/** `comiss`/`comisd dst, [mem]` (SDM COMISS, COMISD). */
export function comisRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = packedWord("comiss/comisd", size) | 0x2f;
  checkReg("comiss/comisd", "dst", dst);
  checkMem("comiss/comisd", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `cmpss`/`cmpsd dst, src, predicate`: the low lane becomes all ones or zero (SDM CMPSS, CMPSD). */
export function sseCmpRR(
  buf: X64Buffer,
  size: number,
  dst: number,
  src: number,
  predicate: number,
): void {
  const word = scalarWord("cmpss/cmpsd", size) | 0xc2;
  checkRegs("cmpss/cmpsd", dst, src);
  checkByte("cmpss/cmpsd", "predicate", predicate, 7);
  emitRR(buf, word, dst, src);
  emitImm8(buf, predicate);
}

/** `cmpss`/`cmpsd dst, [mem], predicate` (SDM CMPSS, CMPSD). */
export function sseCmpRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  predicate: number,
): void {
  const word = scalarWord("cmpss/cmpsd", size) | 0xc2;
  checkReg("cmpss/cmpsd", "dst", dst);
  checkMem("cmpss/cmpsd", base, index, scale, disp);
  checkByte("cmpss/cmpsd", "predicate", predicate, 7);
  emitRM(buf, word, dst, base, index, scale, disp);
  emitImm8(buf, predicate);
}

/** `roundss`/`roundsd dst, src, mode` (SSE4.1; SDM ROUNDSS, ROUNDSD); see {@linkcode ROUND}. */
export function sseRoundRR(
  buf: X64Buffer,
  size: number,
  dst: number,
  src: number,
  mode: number,
): void {
  const word = dwordSizeWord("roundss/roundsd", size) === 0 ? 0x0a : 0x0b;
  checkRegs("roundss/roundsd", dst, src);
  checkByte("roundss/roundsd", "mode", mode, 15);
  emitRR(buf, MAP_0F3A | PP_66 | word, dst, src);
  emitImm8(buf, mode);
}

/** `roundss`/`roundsd dst, [mem], mode` (SSE4.1; SDM ROUNDSS, ROUNDSD). */
export function sseRoundRM(
  buf: X64Buffer,
  size: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
  mode: number,
): void {
  const word = dwordSizeWord("roundss/roundsd", size) === 0 ? 0x0a : 0x0b;
  checkReg("roundss/roundsd", "dst", dst);
  checkMem("roundss/roundsd", base, index, scale, disp);
  checkByte("roundss/roundsd", "mode", mode, 15);
  emitRM(buf, MAP_0F3A | PP_66 | word, dst, base, index, scale, disp);
  emitImm8(buf, mode);
}

/** Bits of a conversion between a float of `size` and a general register of `intSize` bits. */
function convertWord(name: string, size: number, intSize: number): number {
  const word = scalarWord(name, size);
  if (intSize === 64) return word | WIDE;
  if (intSize !== 32) bad(name, "intSize", intSize, "32 or 64");
  return word;
}

/**
 * `cvtsi2ss`/`cvtsi2sd dst, src` from a general register of `intSize` 32 or 64 bits. It keeps the
 * upper lanes of `dst` and so waits for them: clear `dst` first (SDM CVTSI2SS, CVTSI2SD).
 */
export function cvtsi2sXR(
  buf: X64Buffer,
  size: number,
  intSize: number,
  dst: number,
  src: number,
): void {
  const word = convertWord("cvtsi2ss/cvtsi2sd", size, intSize) | 0x2a;
  checkRegs("cvtsi2ss/cvtsi2sd", dst, src);
  emitRR(buf, word, dst, src);
}

/** `cvtsi2ss`/`cvtsi2sd dst, [mem]` from `intSize` 32 or 64 bits (SDM CVTSI2SS, CVTSI2SD). */
export function cvtsi2sXM(
  buf: X64Buffer,
  size: number,
  intSize: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = convertWord("cvtsi2ss/cvtsi2sd", size, intSize) | 0x2a;
  checkReg("cvtsi2ss/cvtsi2sd", "dst", dst);
  checkMem("cvtsi2ss/cvtsi2sd", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/**
 * `cvttss2si`/`cvttsd2si dst, src`: truncates into a general register of `intSize` bits; what doesn't
 * fit becomes the smallest integer (SDM CVTTSS2SI, CVTTSD2SI).
 */
export function cvtts2siRX(
  buf: X64Buffer,
  size: number,
  intSize: number,
  dst: number,
  src: number,
): void {
  const word = convertWord("cvttss2si/cvttsd2si", size, intSize) | 0x2c;
  checkRegs("cvttss2si/cvttsd2si", dst, src);
  emitRR(buf, word, dst, src);
}

/** `cvtss2si`/`cvtsd2si dst, src`: rounds as MXCSR says (SDM CVTSS2SI, CVTSD2SI). */
export function cvts2siRX(
  buf: X64Buffer,
  size: number,
  intSize: number,
  dst: number,
  src: number,
): void {
  const word = convertWord("cvtss2si/cvtsd2si", size, intSize) | 0x2d;
  checkRegs("cvtss2si/cvtsd2si", dst, src);
  emitRR(buf, word, dst, src);
}

/** `cvtss2sd dst, src` (`srcSize` 32) or `cvtsd2ss dst, src` (`srcSize` 64). */
export function cvtsXX(buf: X64Buffer, srcSize: number, dst: number, src: number): void {
  const word = scalarWord("cvtss2sd/cvtsd2ss", srcSize) | 0x5a;
  checkRegs("cvtss2sd/cvtsd2ss", dst, src);
  emitRR(buf, word, dst, src);
}

/** `cvtss2sd dst, [mem]` (`srcSize` 32) or `cvtsd2ss dst, [mem]` (`srcSize` 64). */
export function cvtsXM(
  buf: X64Buffer,
  srcSize: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const word = scalarWord("cvtss2sd/cvtsd2ss", srcSize) | 0x5a;
  checkReg("cvtss2sd/cvtsd2ss", "dst", dst);
  checkMem("cvtss2sd/cvtsd2ss", base, index, scale, disp);
  emitRM(buf, word, dst, base, index, scale, disp);
}

/** `movmskps`/`movmskpd dst, src`: the lanes' signs into a general register (SDM MOVMSKPD). */
export function movmskRX(buf: X64Buffer, size: number, dst: number, src: number): void {
  const word = packedWord("movmskps/movmskpd", size) | 0x50;
  checkRegs("movmskps/movmskpd", dst, src);
  emitRR(buf, word, dst, src);
}

/** `op dst, src` for the operations of {@linkcode PACKED} (SDM PXOR, PCMPEQD and so on). */
export function packedRR(buf: X64Buffer, op: number, dst: number, src: number): void {
  const name = opName("packed", PACKED_NAME, op);
  checkRegs(name, dst, src);
  emitRR(buf, MAP_0F | PP_66 | PACKED_OPCODE[op], dst, src);
}

/** `op dst, [mem]` for the operations of {@linkcode PACKED}; the address is a multiple of 16. */
export function packedRM(
  buf: X64Buffer,
  op: number,
  dst: number,
  base: number,
  index: number,
  scale: number,
  disp: number,
): void {
  const name = opName("packed", PACKED_NAME, op);
  checkReg(name, "dst", dst);
  checkMem(name, base, index, scale, disp);
  emitRM(buf, MAP_0F | PP_66 | PACKED_OPCODE[op], dst, base, index, scale, disp);
}

/**
 * Shifts the lanes of `laneSize` 32 or 64 bits of `dst` by `count` 0–255; counts of `laneSize` and
 * more give zero, or the sign (SDM PSRLW/PSRLD/PSRLQ, PSRAW/PSRAD, PSLLW/PSLLD/PSLLQ). There is no
 * arithmetic shift of 64-bit lanes.
 */
export function packedShiftRI(
  buf: X64Buffer,
  op: number,
  laneSize: number,
  dst: number,
  count: number,
): void {
  const name = opName("packed shift", PACKED_SHIFT_NAME, op);
  const opcode = dwordSizeWord(name, laneSize) === 0 ? 0x72 : 0x73;
  if (op === 4 && laneSize !== 32) bad(name, "laneSize", laneSize, "32");
  checkReg(name, "dst", dst);
  checkByte(name, "count", count, 255);
  emitRR(buf, MAP_0F | PP_66 | opcode, op, dst);
  emitImm8(buf, count);
}
