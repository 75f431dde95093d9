/**
 * A disassembler for the instructions `encoder.ts` can produce, for dumps and tests. It owns the way
 * back from bytes to text; it relies on nothing, the encoder included, so that each checks the other.
 * It guarantees the text that `objdump -M intel` prints, with single spaces and without its comments,
 * for what the encoder emits, and `(bad)` for instructions the encoder doesn't have. (A needless REX
 * prefix or a longer displacement than necessary is not noticed.) It is no general x86 disassembler
 * and not made for speed.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, Volume 2, chapter 2
 * (instruction format) and appendix A (opcode map).
 *
 * @module
 */

/** One instruction, read back. */
export interface DecodedInstruction {
  /** Number of bytes; 1 when there is no instruction. */
  length: number;
  /** Intel syntax, or `(bad)`. */
  text: string;
}

/** Where the decoder stands in one instruction. */
interface Cursor {
  bytes: Uint8Array;
  /** Offset of the first byte, and of the next one to read. */
  start: number;
  at: number;
  /** Address of the first byte. */
  address: number;
  /** Prefixes no one has made use of so far; one that is left over makes the instruction bad. */
  has66: boolean;
  rep: 0 | 0xf2 | 0xf3;
  lock: boolean;
  /** REX bits W 8, R 4, X 2, B 1 (also of a VEX prefix), and whether there was any REX prefix. */
  rex: number;
  hasRex: boolean;
  vvvv: number;
  /** ModRM: register numbers with their REX bits, and the address when rm is memory. */
  reg: number;
  rm: number;
  memory: string | null;
  /** Set when the bytes are no instruction of the encoder. */
  failed: boolean;
}

const LOW = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const LOW_BYTES = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];
const CONDITION = [
  ...["o", "no", "b", "ae", "e", "ne", "be", "a"],
  ...["s", "ns", "p", "np", "l", "ge", "le", "g"],
];
const ALU = ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"];
const SHIFT = ["rol", "ror", "rcl", "rcr", "shl", "shr", "", "sar"];
const GROUP_F6 = ["test", "", "not", "neg", "mul", "imul", "div", "idiv"];
const BIT = ["", "", "", "", "bt", "bts", "btr", "btc"];
const PREDICATE = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"];
/** Scalar or packed arithmetic by opcode 0F 50–5F; "s" and "p" forms share the row. */
const SSE = [
  ...["", "sqrt", "", "", "and", "andn", "or", "xor"],
  ...["add", "mul", "", "", "sub", "min", "div", "max"],
];
const PACKED: Readonly<Record<number, string>> = {
  0x74: "pcmpeqb",
  0x75: "pcmpeqw",
  0x76: "pcmpeqd",
  0xd4: "paddq",
  0xdb: "pand",
  0xdf: "pandn",
  0xeb: "por",
  0xef: "pxor",
  0xfa: "psubd",
  0xfb: "psubq",
  0xfe: "paddd",
};
const POINTER: Readonly<Record<number, string>> = {
  8: "BYTE PTR ",
  16: "WORD PTR ",
  32: "DWORD PTR ",
  64: "QWORD PTR ",
  128: "XMMWORD PTR ",
};

/**
 * Reads the instruction at offset `at` of `bytes`.
 *
 * @param address the address of that instruction: targets of branches are printed as addresses.
 *
 * @example
 * ```ts
 * import { decodeInstruction } from "./disasm.ts";
 *
 * const { text, length } = decodeInstruction(Uint8Array.of(0x48, 0x01, 0xc8));
 * console.log(text, length); // add rax,rcx 3
 * ```
 */
export function decodeInstruction(bytes: Uint8Array, at = 0, address = at): DecodedInstruction {
  const cursor: Cursor = {
    bytes,
    start: at,
    at,
    address,
    has66: false,
    rep: 0,
    lock: false,
    rex: 0,
    hasRex: false,
    vvvv: 0,
    reg: 0,
    rm: 0,
    memory: null,
    failed: false,
  };
  const text = instruction(cursor);
  const leftOver = cursor.has66 || cursor.rep !== 0 || cursor.lock;
  if (cursor.failed || leftOver) return { length: 1, text: "(bad)" };
  return { length: cursor.at - at, text };
}

/**
 * Disassembles all of `bytes`, which lie at `address`: one line an instruction, its address in
 * hexadecimal, a colon and the text.
 *
 * @example
 * ```ts
 * import { disassemble } from "./disasm.ts";
 *
 * console.log(disassemble(Uint8Array.of(0x31, 0xc0, 0xc3))); // [ "0: xor eax,eax", "2: ret" ]
 * ```
 */
export function disassemble(bytes: Uint8Array, address = 0): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const { length, text } = decodeInstruction(bytes, at, address + at);
    lines.push(`${(address + at).toString(16)}: ${text}`);
    at += length;
  }
  return lines;
}

// Reading. Past the end everything is zero and the instruction is bad.

function fail(c: Cursor): string {
  c.failed = true;
  return "";
}

function u8(c: Cursor): number {
  if (c.at >= c.bytes.length) {
    c.failed = true;
    return 0;
  }
  return c.bytes[c.at++];
}

function i8(c: Cursor): number {
  return (u8(c) << 24) >> 24;
}

function i16(c: Cursor): number {
  return ((u8(c) | (u8(c) << 8)) << 16) >> 16;
}

function i32(c: Cursor): number {
  return u8(c) | (u8(c) << 8) | (u8(c) << 16) | (u8(c) << 24);
}

/** Whether prefix 66 is there, which is used up by asking. */
function take66(c: Cursor): boolean {
  const had = c.has66;
  c.has66 = false;
  return had;
}

/** The mandatory prefix as in VEX.pp: 0 none, 1 66, 2 F3, 3 F2. */
function takePrefix(c: Cursor): number {
  const { rep } = c;
  c.rep = 0;
  if (rep !== 0) return rep === 0xf3 ? 2 : 3;
  return take66(c) ? 1 : 0;
}

/** Operand size from REX.W and prefix 66, or 8 when bit 0 of the opcode is clear. */
function operandSize(c: Cursor, opcode = 1): number {
  if ((opcode & 1) === 0) return 8;
  const has66 = take66(c);
  if ((c.rex & 8) !== 0 && has66) c.failed = true;
  return (c.rex & 8) !== 0 ? 64 : has66 ? 16 : 32;
}

/** 64 with REX.W, else 32. */
function dwordSize(c: Cursor): number {
  return (c.rex & 8) !== 0 ? 64 : 32;
}

/** Two's complement hexadecimal of `size` bits. */
function hex(value: number, size: number): string {
  return "0x" + BigInt.asUintN(size, BigInt(value)).toString(16);
}

/** An immediate of at most 32 bits, sign-extended to the operand's size. */
function immediate(c: Cursor, size: number): string {
  return hex(size === 8 ? i8(c) : size === 16 ? i16(c) : i32(c), size);
}

/** An immediate byte as a number without sign. */
function immediateByte(c: Cursor): string {
  return hex(u8(c), 8);
}

function gpr(c: Cursor, reg: number, size: number): string {
  if (size === 8) {
    // Without REX these are AH to BH, which the encoder can't name.
    if (reg > 3 && reg < 8 && !c.hasRex) return fail(c);
    return reg < 8 ? LOW_BYTES[reg] : `r${reg}b`;
  }
  if (reg > 7) return `r${reg}${size === 64 ? "" : size === 32 ? "d" : "w"}`;
  return (size === 64 ? "r" : size === 32 ? "e" : "") + LOW[reg];
}

/** Reads ModRM and what belongs to it (SDM Vol. 2, tables 2-2 and 2-3). */
function modrm(c: Cursor): void {
  const byte = u8(c);
  const mod = byte >> 6;
  c.reg = ((byte >> 3) & 7) | ((c.rex & 4) << 1);
  c.rm = (byte & 7) | ((c.rex & 1) << 3);
  c.memory = mod === 3 ? null : memoryOperand(c, mod, byte & 7);
}

function memoryOperand(c: Cursor, mod: number, low: number): string {
  if (mod === 0 && low === 5) return `[rip+${hex(i32(c), 64)}]`;
  const parts: string[] = [];
  let width = mod === 0 ? 0 : mod === 1 ? 8 : 32;
  if (low === 4) {
    const sib = u8(c);
    const index = ((sib >> 3) & 7) | ((c.rex & 2) << 2);
    const base = (sib & 7) | ((c.rex & 1) << 3);
    // Without an index the scale means nothing; objdump shows it with a register named riz.
    if (index === 4 && sib >> 6 !== 0) return fail(c);
    if (mod === 0 && (base & 7) === 5) {
      if (index === 4) return `ds:${hex(i32(c), 64)}`;
      width = 32;
    } else {
      parts.push(gpr(c, base, 64));
    }
    if (index !== 4) parts.push(`${gpr(c, index, 64)}*${1 << (sib >> 6)}`);
    else if ((base & 7) !== 4) return fail(c);
  } else {
    parts.push(gpr(c, c.rm, 64));
  }
  if (width === 0) return `[${parts.join("+")}]`;
  const disp = width === 8 ? i8(c) : i32(c);
  return `[${parts.join("+")}${disp < 0 ? "-" : "+"}0x${Math.abs(disp).toString(16)}]`;
}

/** The rm operand as a general register or as memory of that size. */
function rmGpr(c: Cursor, size: number): string {
  return c.memory === null ? gpr(c, c.rm, size) : POINTER[size] + c.memory;
}

/** The rm operand as a vector register or as memory of `size` bits. */
function rmXmm(c: Cursor, size: number): string {
  return c.memory === null ? `xmm${c.rm}` : POINTER[size] + c.memory;
}

/** The rm operand, which must be memory. */
function onlyMemory(c: Cursor, size: number): string {
  return c.memory === null ? fail(c) : POINTER[size] + c.memory;
}

/** The rm operand, which must be a general register. */
function onlyGpr(c: Cursor, size: number): string {
  return c.memory === null ? gpr(c, c.rm, size) : fail(c);
}

/** The target of a branch whose displacement was just read. */
function target(c: Cursor, rel: number): string {
  return hex(c.address + (c.at - c.start) + rel, 64);
}

/** A mnemonic that must exist. */
function known(c: Cursor, mnemonic: string | undefined): string {
  return mnemonic === undefined || mnemonic === "" ? fail(c) : mnemonic;
}

// Decoding.

function instruction(c: Cursor): string {
  let byte = u8(c);
  for (;; byte = u8(c)) {
    if (byte === 0x66 && !c.has66) c.has66 = true;
    else if ((byte === 0xf2 || byte === 0xf3) && c.rep === 0) c.rep = byte;
    else if (byte === 0xf0 && !c.lock) c.lock = true;
    else break;
  }
  if (byte >> 4 === 4) {
    c.rex = byte & 15;
    c.hasRex = true;
    byte = u8(c);
  } else if (byte === 0xc4) {
    return vex(c);
  }
  return byte === 0x0f ? twoByte(c, u8(c)) : oneByte(c, byte);
}

function oneByte(c: Cursor, op: number): string {
  const low = (op & 7) | ((c.rex & 1) << 3);
  if (op < 0x40) return alu(c, op);
  if (op >= 0x70 && op < 0x80) return `j${CONDITION[op & 15]} ${target(c, i8(c))}`;
  switch (op & 0xf8) {
    case 0x50:
      return `push ${gpr(c, low, 64)}`;
    case 0x58:
      return `pop ${gpr(c, low, 64)}`;
    case 0x90:
      return exchangeRax(c, low);
    case 0xb0:
      return `mov ${gpr(c, low, 8)},${immediate(c, 8)}`;
    case 0xb8:
      return moveImmediate(c, low);
  }
  switch (op) {
    case 0x63:
      modrm(c);
      return (c.rex & 8) === 0 ? fail(c) : `movsxd ${gpr(c, c.reg, 64)},${rmGpr(c, 32)}`;
    case 0x68:
      return `push ${hex(i32(c), 64)}`;
    case 0x6a:
      return `push ${hex(i8(c), 64)}`;
    case 0x69:
    case 0x6b: {
      const size = operandSize(c);
      modrm(c);
      const operands = `${gpr(c, c.reg, size)},${rmGpr(c, size)}`;
      return `imul ${operands},${op === 0x69 ? immediate(c, size) : hex(i8(c), size)}`;
    }
    case 0x80:
    case 0x81:
    case 0x83: {
      const size = operandSize(c, op);
      modrm(c);
      const operand = rmGpr(c, size);
      return `${ALU[c.reg & 7]} ${operand},${op === 0x83 ? hex(i8(c), size) : immediate(c, size)}`;
    }
    case 0x84:
    case 0x85:
      return rmThenReg(c, "test", op);
    case 0x86:
    case 0x87:
      return rmThenReg(c, "xchg", op);
    case 0x88:
    case 0x89:
      return rmThenReg(c, "mov", op);
    case 0x8a:
    case 0x8b:
      return regThenRm(c, "mov", op);
    case 0x8d: {
      const size = operandSize(c);
      modrm(c);
      return c.memory === null ? fail(c) : `lea ${gpr(c, c.reg, size)},${c.memory}`;
    }
    case 0x8f:
      modrm(c);
      return (c.reg & 7) === 0 ? `pop ${onlyMemory(c, 64)}` : fail(c);
    case 0x99:
      return (c.rex & 8) !== 0 ? "cqo" : "cdq";
    case 0xa8:
    case 0xa9: {
      const size = operandSize(c, op);
      return `test ${gpr(c, 0, size)},${immediate(c, size)}`;
    }
    case 0xc0:
    case 0xc1:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: {
      const size = operandSize(c, op);
      modrm(c);
      const operand = `${known(c, SHIFT[c.reg & 7])} ${rmGpr(c, size)}`;
      return `${operand},${op < 0xd0 ? immediateByte(c) : op < 0xd2 ? "1" : "cl"}`;
    }
    case 0xc3:
      return "ret";
    case 0xc6:
    case 0xc7: {
      const size = operandSize(c, op);
      modrm(c);
      if ((c.reg & 7) !== 0) return fail(c);
      const operand = rmGpr(c, size);
      return `mov ${operand},${immediate(c, size)}`;
    }
    case 0xcc:
      return "int3";
    case 0xe8:
      return `call ${target(c, i32(c))}`;
    case 0xe9:
      return `jmp ${target(c, i32(c))}`;
    case 0xeb:
      return `jmp ${target(c, i8(c))}`;
    case 0xf6:
    case 0xf7: {
      const size = operandSize(c, op);
      modrm(c);
      const operand = `${known(c, GROUP_F6[c.reg & 7])} ${rmGpr(c, size)}`;
      return (c.reg & 7) === 0 ? `${operand},${immediate(c, size)}` : operand;
    }
    case 0xfe:
    case 0xff:
      return incrementOrBranch(c, op);
    default:
      return fail(c);
  }
}

function rmThenReg(c: Cursor, mnemonic: string, op: number): string {
  const size = operandSize(c, op);
  modrm(c);
  return `${mnemonic} ${rmGpr(c, size)},${gpr(c, c.reg, size)}`;
}

function regThenRm(c: Cursor, mnemonic: string, op: number): string {
  const size = operandSize(c, op);
  modrm(c);
  return `${mnemonic} ${gpr(c, c.reg, size)},${rmGpr(c, size)}`;
}

/** 00–3F: eight operations of six forms each. */
function alu(c: Cursor, op: number): string {
  const mnemonic = ALU[op >> 3];
  switch (op & 7) {
    case 0:
    case 1:
      return rmThenReg(c, mnemonic, op);
    case 2:
    case 3:
      return regThenRm(c, mnemonic, op);
    case 4:
    case 5: {
      const size = operandSize(c, op);
      return `${mnemonic} ${gpr(c, 0, size)},${immediate(c, size)}`;
    }
    default:
      return fail(c);
  }
}

/** 90–97: `nop` is the exchange of RAX with itself; F3 90 is another instruction. */
function exchangeRax(c: Cursor, low: number): string {
  const size = operandSize(c);
  if (low === 0 && size !== 16) return "nop";
  return `xchg ${gpr(c, low, size)},${gpr(c, 0, size)}`;
}

/** B8–BF, with a 64-bit immediate under REX.W. */
function moveImmediate(c: Cursor, low: number): string {
  const size = operandSize(c);
  if (size !== 64) return `mov ${gpr(c, low, size)},${immediate(c, size)}`;
  const lower = BigInt(i32(c) >>> 0);
  const upper = BigInt(i32(c) >>> 0);
  return `movabs ${gpr(c, low, 64)},0x${((upper << 32n) | lower).toString(16)}`;
}

/** FE and FF: INC, DEC, and for FF indirect CALL and JMP, and PUSH. */
function incrementOrBranch(c: Cursor, op: number): string {
  // The branches and PUSH have 64-bit operands without REX.W; prefix 66 remains unused with them.
  modrm(c);
  const extension = c.reg & 7;
  if (extension < 2) return `${extension === 0 ? "inc" : "dec"} ${rmGpr(c, operandSize(c, op))}`;
  if (op === 0xfe) return fail(c);
  if (extension === 2) return `call ${rmGpr(c, 64)}`;
  if (extension === 4) return `jmp ${rmGpr(c, 64)}`;
  return extension === 6 ? `push ${onlyMemory(c, 64)}` : fail(c);
}

function twoByte(c: Cursor, op: number): string {
  const condition = CONDITION[op & 15];
  switch (op >> 4) {
    case 0x1:
    case 0x2:
    case 0x5:
    case 0x6:
    case 0x7:
    case 0xd:
    case 0xe:
    case 0xf:
      return vector(c, op);
    case 0x4:
      return regThenRm(c, `cmov${condition}`, 1);
    case 0x8:
      return `j${condition} ${target(c, i32(c))}`;
    case 0x9:
      modrm(c);
      return (c.reg & 7) === 0 ? `set${condition} ${rmGpr(c, 8)}` : fail(c);
  }
  if (op >= 0xc8 && op < 0xd0) {
    return `bswap ${gpr(c, (op & 7) | ((c.rex & 1) << 3), dwordSize(c))}`;
  }
  switch (op) {
    case 0x01:
      return u8(c) === 0xd0 ? "xgetbv" : fail(c);
    case 0x0b:
      return "ud2";
    case 0x31:
      return "rdtsc";
    case 0x3a:
      return round(c, u8(c));
    case 0xa2:
      return "cpuid";
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xbb: {
      const size = operandSize(c);
      modrm(c);
      return `${BIT[(op >> 3) & 7]} ${onlyGpr(c, size)},${gpr(c, c.reg, size)}`;
    }
    case 0xba: {
      const size = operandSize(c);
      modrm(c);
      const operand = `${known(c, BIT[c.reg & 7])} ${onlyGpr(c, size)}`;
      return `${operand},${immediateByte(c)}`;
    }
    case 0xa4:
    case 0xa5:
    case 0xac:
    case 0xad: {
      const size = operandSize(c);
      modrm(c);
      const operands = `${onlyGpr(c, size)},${gpr(c, c.reg, size)}`;
      const count = (op & 1) === 0 ? immediateByte(c) : "cl";
      return `${op < 0xa8 ? "shld" : "shrd"} ${operands},${count}`;
    }
    case 0xaf:
      return regThenRm(c, "imul", 1);
    case 0xb0:
    case 0xb1:
      return locked(c, "cmpxchg", op);
    case 0xc0:
    case 0xc1:
      return locked(c, "xadd", op);
    case 0xb6:
    case 0xb7:
    case 0xbe:
    case 0xbf: {
      const size = operandSize(c);
      const srcSize = (op & 1) === 0 ? 8 : 16;
      modrm(c);
      if (size === srcSize) return fail(c);
      return `${op < 0xb8 ? "movzx" : "movsx"} ${gpr(c, c.reg, size)},${rmGpr(c, srcSize)}`;
    }
    case 0xb8:
    case 0xbc:
    case 0xbd:
      return scan(c, op);
    case 0xc2: {
      const prefix = takePrefix(c);
      modrm(c);
      const size = prefix === 2 ? 32 : 64;
      const operands = `xmm${c.reg},${rmXmm(c, size)}`;
      const predicate = known(c, PREDICATE[u8(c)]);
      return prefix < 2 ? fail(c) : `cmp${predicate}s${size === 32 ? "s" : "d"} ${operands}`;
    }
    default:
      return fail(c);
  }
}

/** CMPXCHG and XADD, which are emitted with LOCK and memory alone. */
function locked(c: Cursor, mnemonic: string, op: number): string {
  if (!c.lock) return fail(c);
  c.lock = false;
  const size = operandSize(c, op);
  modrm(c);
  return `lock ${mnemonic} ${onlyMemory(c, size)},${gpr(c, c.reg, size)}`;
}

/** BSF and BSR, and with prefix F3 POPCNT, TZCNT and LZCNT. */
function scan(c: Cursor, op: number): string {
  const f3 = c.rep === 0xf3;
  if (f3) c.rep = 0;
  if (op === 0xb8) return f3 ? regThenRm(c, "popcnt", 1) : fail(c);
  const names = f3 ? ["tzcnt", "lzcnt"] : ["bsf", "bsr"];
  return regThenRm(c, names[op & 1], 1);
}

/** 0F 3A: ROUNDSS and ROUNDSD. */
function round(c: Cursor, op: number): string {
  const prefix = takePrefix(c);
  if (prefix !== 1 || (op !== 0x0a && op !== 0x0b)) return fail(c);
  const size = op === 0x0a ? 32 : 64;
  modrm(c);
  const operands = `xmm${c.reg},${rmXmm(c, size)}`;
  return `rounds${size === 32 ? "s" : "d"} ${operands},${immediateByte(c)}`;
}

/** Rows 1, 2, 5, 6, 7, D, E and F of map 0F: SSE, and the long NOP and ENDBR64 among them. */
function vector(c: Cursor, op: number): string {
  if (op === 0x1f) {
    const size = operandSize(c);
    modrm(c);
    return (c.reg & 7) === 0 ? `nop ${onlyMemory(c, size)}` : fail(c);
  }
  const prefix = takePrefix(c);
  if (op === 0x1e) return prefix === 2 && u8(c) === 0xfa ? "endbr64" : fail(c);
  modrm(c);
  const scalar = prefix >= 2;
  const double = (prefix & 1) === 1;
  // ps 0, pd 1 (66), ss 2 (F3), sd 3 (F2).
  const suffix = (scalar ? "s" : "p") + (double ? "d" : "s");
  const scalarSize = double ? 64 : 32;
  const size = scalar ? scalarSize : 128;
  const reg = `xmm${c.reg}`;
  switch (op) {
    case 0x10:
    case 0x11: {
      const operand = scalar && op === 0x10 ? rmXmm(c, size) : onlyMemory(c, size);
      const mnemonic = scalar ? `mov${suffix}` : `movu${suffix}`;
      return op === 0x10 ? `${mnemonic} ${reg},${operand}` : `${mnemonic} ${operand},${reg}`;
    }
    case 0x28:
      return scalar ? fail(c) : `mova${suffix} ${reg},${rmXmm(c, 128)}`;
    case 0x29:
      return scalar ? fail(c) : `mova${suffix} ${onlyMemory(c, 128)},${reg}`;
    case 0x2a:
      return scalar ? `cvtsi2${suffix} ${reg},${rmGpr(c, dwordSize(c))}` : fail(c);
    case 0x2c:
    case 0x2d: {
      if (!scalar || c.memory !== null) return fail(c);
      return `cvt${op === 0x2c ? "t" : ""}${suffix}2si ${gpr(c, c.reg, dwordSize(c))},xmm${c.rm}`;
    }
    case 0x2e:
    case 0x2f: {
      const mnemonic = `${op === 0x2e ? "u" : ""}comis${double ? "d" : "s"}`;
      return scalar ? fail(c) : `${mnemonic} ${reg},${rmXmm(c, scalarSize)}`;
    }
    case 0x50:
      if (scalar || c.memory !== null || (c.rex & 8) !== 0) return fail(c);
      return `movmsk${suffix} ${gpr(c, c.reg, 32)},xmm${c.rm}`;
    case 0x5a:
      if (!scalar) return fail(c);
      return `${double ? "cvtsd2ss" : "cvtss2sd"} ${reg},${rmXmm(c, size)}`;
    case 0x6e:
      if (prefix !== 1) return fail(c);
      return `${movGpr(c)} ${reg},${onlyGpr(c, dwordSize(c))}`;
    case 0x7e:
      if (prefix === 2) return c.memory === null ? `movq ${reg},xmm${c.rm}` : fail(c);
      return prefix === 1 ? `${movGpr(c)} ${onlyGpr(c, dwordSize(c))},${reg}` : fail(c);
    case 0x72:
    case 0x73:
      return prefix === 1 && c.memory === null ? packedShift(c, op) : fail(c);
  }
  if (op >> 4 === 5) {
    // AND to XOR exist packed alone; the encoder emits the others scalar alone.
    const logic = (op & 12) === 4;
    return logic === scalar
      ? fail(c)
      : `${known(c, SSE[op & 15])}${suffix} ${reg},${rmXmm(c, size)}`;
  }
  return prefix === 1 ? `${known(c, PACKED[op])} ${reg},${rmXmm(c, 128)}` : fail(c);
}

function movGpr(c: Cursor): string {
  return (c.rex & 8) !== 0 ? "movq" : "movd";
}

function packedShift(c: Cursor, op: number): string {
  const lane = op === 0x72 ? "d" : "q";
  const extension = c.reg & 7;
  const kind = extension === 2 ? "psrl" : extension === 6 ? "psll" : "psra";
  if (kind === "psra" && (extension !== 4 || lane === "q")) return fail(c);
  return `${kind}${lane} xmm${c.rm},${immediateByte(c)}`;
}

/** C4: the BMI instructions, all in maps 0F 38 and 0F 3A. */
function vex(c: Cursor): string {
  const first = u8(c);
  const second = u8(c);
  const op = u8(c);
  const map = first & 31;
  const pp = second & 3;
  c.rex = (~(first >> 5) & 7) | ((second >> 4) & 8);
  c.vvvv = ~(second >> 3) & 15;
  // VEX.L is zero everywhere here.
  if ((second & 4) !== 0) return fail(c);
  modrm(c);
  const size = dwordSize(c);
  const reg = gpr(c, c.reg, size);
  const other = gpr(c, c.vvvv, size);
  const rm = rmGpr(c, size);
  if (map === 3) {
    if (op !== 0xf0 || pp !== 3 || c.vvvv !== 0) return fail(c);
    return `rorx ${reg},${rm},${immediateByte(c)}`;
  }
  if (map !== 2) return fail(c);
  if (op === 0xf2 && pp === 0) return `andn ${reg},${other},${rm}`;
  if (op === 0xf3 && pp === 0) {
    return `${known(c, ["", "blsr", "blsmsk", "blsi"][c.reg & 7])} ${other},${rm}`;
  }
  if (op === 0xf6 && pp === 3) return `mulx ${reg},${other},${rm}`;
  if (op === 0xf7 && pp !== 0) return `${["", "shlx", "sarx", "shrx"][pp]} ${reg},${rm},${other}`;
  return fail(c);
}
