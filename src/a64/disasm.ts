/**
 * A64 disassembler: one instruction word to one line of text, for listings, golden files and
 * failures. Owns the decoding of every form the encoder produces and the choice of aliases; relies
 * on nothing. The text is what GNU objdump prints (its aliases, `#0x` for data immediates, decimal
 * for shifts and offsets), with single spaces and without comments and symbols. A word that is not
 * such a form prints as `.inst 0x........`, never as something else; so do the combinations of
 * registers the encoder refuses because the manual calls them unpredictable.
 *
 * Layouts: Arm Architecture Reference Manual for A-profile (DDI 0487), C4.1; preferred aliases from
 * the "Alias conditions" tables of C6.2.
 *
 * @module
 */

const CONDITIONS = "eq ne cs cc mi pl vs vc hi ls ge lt gt le al nv".split(" ");
const SHIFTS = ["lsl", "lsr", "asr", "ror"];
const EXTENDS = "uxtb uxth uxtw uxtx sxtb sxth sxtw sxtx".split(" ");

/**
 * Disassembles one word.
 *
 * @param word the instruction, as a signed or unsigned 32-bit number.
 * @param address the address of the word, for PC-relative targets, which print as addresses.
 *
 * @example
 * ```ts
 * import { disassemble } from "./disasm.ts";
 * import { cmpImm, subImm } from "./encoder.ts";
 *
 * console.log(disassemble(subImm(1, 31, 31, 32))); // sub sp, sp, #0x20
 * console.log(disassemble(cmpImm(0, 3, 7))); // cmp w3, #0x7
 * ```
 */
export function disassemble(word: number, address = 0): string {
  word |= 0;
  return decode(word, address) ?? `.inst 0x${(word >>> 0).toString(16).padStart(8, "0")}`;
}

/**
 * Disassembles a run of words, one line each: `offset: text`, the offset in bytes from the first
 * word in hexadecimal.
 *
 * @param address the address of the first word.
 */
export function disassembleCode(code: ArrayLike<number>, address = 0): string[] {
  const lines: string[] = [];
  for (let i = 0; i < code.length; i++) {
    lines.push(`${(4 * i).toString(16)}: ${disassemble(code[i], address + 4 * i)}`);
  }
  return lines;
}

/** The groups of C4.1, by bits 28..25. Null is "not a form we know". */
function decode(word: number, address: number): string | null {
  switch (word >>> 25 & 15) {
    case 8:
    case 9:
      return dataImmediate(word, address);
    case 10:
    case 11:
      return branchOrSystem(word, address);
    case 4:
    case 6:
    case 12:
    case 14:
      return loadOrStore(word, address);
    case 5:
    case 13:
      return dataRegister(word);
    case 7:
    case 15:
      return floatingPoint(word);
    default:
      return null;
  }
}

// Fields and operands --------------------------------------------------------------------------

/** Bits `low + width - 1` to `low`. */
function bits(word: number, low: number, width: number): number {
  return word >>> low & ((1 << width) - 1);
}

/** A signed field. */
function signedBits(word: number, low: number, width: number): number {
  return word << (32 - low - width) >> (32 - width);
}

/** A general register, 31 being the zero register. */
function gpr(sf: number, r: number): string {
  return r === 31 ? (sf ? "xzr" : "wzr") : `${sf ? "x" : "w"}${r}`;
}

/** A general register, 31 being the stack pointer. */
function gprSp(sf: number, r: number): string {
  return r === 31 ? (sf ? "sp" : "wsp") : `${sf ? "x" : "w"}${r}`;
}

/** A scalar FP register. */
function fpr(type: number, r: number): string {
  return `${type ? "d" : "s"}${r}`;
}

function hex(value: number): string {
  return `#0x${value.toString(16)}`;
}

/** The target of a PC-relative form, wrapped to 64 bits as objdump does. */
function target(address: number, offset: number): string {
  const sum = address + offset;
  return `0x${(sum < 0 ? BigInt.asUintN(64, BigInt(sum)) : sum).toString(16)}`;
}

function shiftTail(shift: number, amount: number): string {
  return shift === 0 && amount === 0 ? "" : `, ${SHIFTS[shift]} #${amount}`;
}

// Data processing, immediate -------------------------------------------------------------------

function dataImmediate(word: number, address: number): string | null {
  const sf = word >>> 31;
  const opc = bits(word, 29, 2);
  const rn = bits(word, 5, 5);
  const rd = bits(word, 0, 5);
  switch (bits(word, 23, 3)) {
    case 0:
    case 1: { // PC-relative addressing
      const value = signedBits(word, 5, 19) * 4 + opc;
      return sf === 0
        ? `adr ${gpr(1, rd)}, ${target(address, value)}`
        : `adrp ${gpr(1, rd)}, ${target(address - address % 4096, value * 4096)}`;
    }
    case 2: { // Add/subtract (immediate)
      const imm12 = bits(word, 10, 12);
      const shifted = bits(word, 22, 1);
      const value = `${hex(imm12)}${shifted ? ", lsl #12" : ""}`;
      if (opc === 0 && imm12 === 0 && !shifted && (rd === 31 || rn === 31)) {
        return `mov ${gprSp(sf, rd)}, ${gprSp(sf, rn)}`;
      }
      if ((opc & 1) !== 0 && rd === 31) {
        return `${opc === 1 ? "cmn" : "cmp"} ${gprSp(sf, rn)}, ${value}`;
      }
      const name = ["add", "adds", "sub", "subs"][opc];
      const destination = opc & 1 ? gpr(sf, rd) : gprSp(sf, rd);
      return `${name} ${destination}, ${gprSp(sf, rn)}, ${value}`;
    }
    case 4: { // Logical (immediate)
      const value = bitmask(bits(word, 10, 13), sf);
      if (value === null) return null;
      const text = `#0x${value.toString(16)}`;
      if (opc === 3 && rd === 31) return `tst ${gpr(sf, rn)}, ${text}`;
      // What a wide move could do is not called mov, except to SP, which wide moves don't reach.
      if (opc === 1 && rn === 31 && (rd === 31 || !isMoveWide(value, sf))) {
        return `mov ${gprSp(sf, rd)}, ${text}`;
      }
      const name = ["and", "orr", "eor", "ands"][opc];
      return `${name} ${opc === 3 ? gpr(sf, rd) : gprSp(sf, rd)}, ${gpr(sf, rn)}, ${text}`;
    }
    case 5: // Move wide (immediate)
      return moveWide(word, sf, opc, rd);
    case 6: // Bitfield
      return bitfield(word, sf, opc, rd, rn);
    case 7: { // Extract
      const rm = bits(word, 16, 5);
      const lsb = bits(word, 10, 6);
      if (opc !== 0 || bits(word, 22, 1) !== sf || bits(word, 21, 1) !== 0) return null;
      if (sf === 0 && lsb > 31) return null;
      return rn === rm
        ? `ror ${gpr(sf, rd)}, ${gpr(sf, rn)}, #${lsb}`
        : `extr ${gpr(sf, rd)}, ${gpr(sf, rn)}, ${gpr(sf, rm)}, #${lsb}`;
    }
    default:
      return null;
  }
}

/** The pseudocode function `DecodeBitMasks` for `N:immr:imms`; null when reserved. */
function bitmask(fields: number, sf: number): bigint | null {
  const n = fields >> 12;
  if (n > sf) return null;
  const imms = fields & 63;
  const length = 31 - Math.clz32(n << 6 | (~imms & 63));
  if (length < 1) return null;
  const size = 1 << length;
  const ones = imms & (size - 1);
  if (ones === size - 1) return null;
  const rotate = BigInt(fields >> 6 & (size - 1));
  const width = BigInt(size);
  const run = (1n << BigInt(ones + 1)) - 1n;
  let value = BigInt.asUintN(size, run >> rotate | run << (width - rotate));
  for (let w = width; w < (sf ? 64n : 32n); w *= 2n) value |= value << w;
  return value;
}

/** Whether `movz` or `movn` makes `value`, which the alias `mov` then means. */
function isMoveWide(value: bigint, sf: number): boolean {
  const width = sf ? 64 : 32;
  const inverse = BigInt.asUintN(width, ~value);
  for (let shift = 0n; shift < width; shift += 16n) {
    const outside = ~(0xffffn << shift);
    if ((value & outside) === 0n || (inverse & outside) === 0n) return true;
  }
  return false;
}

function moveWide(word: number, sf: number, opc: number, rd: number): string | null {
  const imm16 = bits(word, 5, 16);
  const hw = bits(word, 21, 2);
  if (opc === 1 || (sf === 0 && hw > 1)) return null;
  const tail = hw === 0 ? "" : `, lsl #${16 * hw}`;
  const plain = `${["movn", "", "movz", "movk"][opc]} ${gpr(sf, rd)}, ${hex(imm16)}${tail}`;
  if (opc === 3 || (imm16 === 0 && hw !== 0)) return plain;
  if (opc === 0 && sf === 0 && imm16 === 0xffff) return plain;
  const value = BigInt(imm16) << BigInt(16 * hw);
  const moved = opc === 0 ? BigInt.asUintN(sf ? 64 : 32, ~value) : value;
  return `mov ${gpr(sf, rd)}, #0x${moved.toString(16)}`;
}

function bitfield(word: number, sf: number, opc: number, rd: number, rn: number): string | null {
  const immr = bits(word, 16, 6);
  const imms = bits(word, 10, 6);
  const top = sf ? 63 : 31;
  if (opc === 3 || bits(word, 22, 1) !== sf || immr > top || imms > top) return null;
  const to = gpr(sf, rd);
  const from = gpr(sf, rn);
  if (opc === 0) {
    if (imms === top) return `asr ${to}, ${from}, #${immr}`;
    if (immr === 0) {
      if (imms === 7) return `sxtb ${to}, ${gpr(0, rn)}`;
      if (imms === 15) return `sxth ${to}, ${gpr(0, rn)}`;
      if (imms === 31) return `sxtw ${to}, ${gpr(0, rn)}`;
    }
  } else if (opc === 2) {
    if (imms === top) return `lsr ${to}, ${from}, #${immr}`;
    if (imms + 1 === immr) return `lsl ${to}, ${from}, #${top - imms}`;
    if (immr === 0 && sf === 0) {
      if (imms === 7) return `uxtb ${to}, ${from}`;
      if (imms === 15) return `uxth ${to}, ${from}`;
    }
  }
  if (imms < immr) {
    const lsb = top + 1 - immr;
    if (opc === 1 && rn === 31) return `bfc ${to}, #${lsb}, #${imms + 1}`;
    return `${["sbfiz", "bfi", "ubfiz"][opc]} ${to}, ${from}, #${lsb}, #${imms + 1}`;
  }
  return `${["sbfx", "bfxil", "ubfx"][opc]} ${to}, ${from}, #${immr}, #${imms - immr + 1}`;
}

// Data processing, register --------------------------------------------------------------------

function dataRegister(word: number): string | null {
  const sf = word >>> 31;
  const opc = bits(word, 29, 2);
  const rm = bits(word, 16, 5);
  const rn = bits(word, 5, 5);
  const rd = bits(word, 0, 5);
  const three = `${gpr(sf, rd)}, ${gpr(sf, rn)}, ${gpr(sf, rm)}`;
  switch (word >>> 21 & 0xff) {
    case 0x50:
    case 0x51:
    case 0x52:
    case 0x53:
    case 0x54:
    case 0x55:
    case 0x56:
    case 0x57:
      return logicalShifted(word, sf, opc, rd, rn, rm);
    case 0x58:
    case 0x5a:
    case 0x5c:
      return addSubShifted(word, sf, opc, rd, rn, rm);
    case 0x59:
      return addSubExtended(word, sf, opc, rd, rn, rm);
    case 0xd0: // Add/subtract (with carry)
      if (bits(word, 10, 6) !== 0) return null;
      if (opc >= 2 && rn === 31) {
        return `${opc === 2 ? "ngc" : "ngcs"} ${gpr(sf, rd)}, ${gpr(sf, rm)}`;
      }
      return `${["adc", "adcs", "sbc", "sbcs"][opc]} ${three}`;
    case 0xd2: { // Conditional compare
      if ((opc & 1) === 0 || bits(word, 10, 1) !== 0 || bits(word, 4, 1) !== 0) return null;
      const second = bits(word, 11, 1) ? hex(rm) : gpr(sf, rm);
      const tail = `${hex(bits(word, 0, 4))}, ${CONDITIONS[bits(word, 12, 4)]}`;
      return `${opc >> 1 ? "ccmp" : "ccmn"} ${gpr(sf, rn)}, ${second}, ${tail}`;
    }
    case 0xd4:
      return condSelect(word, sf, opc, rd, rn, rm);
    case 0xd6: {
      const opcode = bits(word, 10, 6);
      if (opc === 2 && rm === 0) { // Data-processing (1 source)
        const name = ["rbit", "rev16", sf ? "rev32" : "rev", sf ? "rev" : "", "clz", "cls"][opcode];
        return name ? `${name} ${gpr(sf, rd)}, ${gpr(sf, rn)}` : null;
      }
      if (opc !== 0) return null; // Data-processing (2 source)
      const name = ["", "", "udiv", "sdiv", "", "", "", "", "lsl", "lsr", "asr", "ror"][opcode];
      return name ? `${name} ${three}` : null;
    }
    case 0xd8:
    case 0xd9:
    case 0xda:
    case 0xdd:
    case 0xde:
      return opc === 0 ? multiplyAdd(word, sf, rd, rn, rm) : null;
    default:
      return null;
  }
}

function logicalShifted(
  word: number,
  sf: number,
  opc: number,
  rd: number,
  rn: number,
  rm: number,
): string | null {
  const shift = bits(word, 22, 2);
  const amount = bits(word, 10, 6);
  if (sf === 0 && amount > 31) return null;
  const tail = `${gpr(sf, rm)}${shiftTail(shift, amount)}`;
  const op = opc << 1 | bits(word, 21, 1);
  if (op === 2 && rn === 31 && shift === 0 && amount === 0) return `mov ${gpr(sf, rd)}, ${tail}`;
  if (op === 3 && rn === 31) return `mvn ${gpr(sf, rd)}, ${tail}`;
  if (op === 6 && rd === 31) return `tst ${gpr(sf, rn)}, ${tail}`;
  const name = ["and", "bic", "orr", "orn", "eor", "eon", "ands", "bics"][op];
  return `${name} ${gpr(sf, rd)}, ${gpr(sf, rn)}, ${tail}`;
}

function addSubShifted(
  word: number,
  sf: number,
  opc: number,
  rd: number,
  rn: number,
  rm: number,
): string | null {
  const amount = bits(word, 10, 6);
  if (sf === 0 && amount > 31) return null;
  const tail = `${gpr(sf, rm)}${shiftTail(bits(word, 22, 2), amount)}`;
  if ((opc & 1) !== 0 && rd === 31) return `${opc === 1 ? "cmn" : "cmp"} ${gpr(sf, rn)}, ${tail}`;
  if (opc >= 2 && rn === 31) return `${opc === 2 ? "neg" : "negs"} ${gpr(sf, rd)}, ${tail}`;
  return `${["add", "adds", "sub", "subs"][opc]} ${gpr(sf, rd)}, ${gpr(sf, rn)}, ${tail}`;
}

function addSubExtended(
  word: number,
  sf: number,
  opc: number,
  rd: number,
  rn: number,
  rm: number,
): string | null {
  const option = bits(word, 13, 3);
  const amount = bits(word, 10, 3);
  if (amount > 4) return null;
  const flags = (opc & 1) !== 0;
  const second = gpr(sf && (option & 3) === 3 ? 1 : 0, rm);
  // Next to SP, the extension that changes nothing is called LSL, and left out when it is by 0.
  const plain = option === (sf ? 3 : 2) && (rn === 31 || (rd === 31 && !flags));
  const name = plain ? "lsl" : EXTENDS[option];
  const tail = amount !== 0 ? `, ${name} #${amount}` : plain ? "" : `, ${name}`;
  if (flags && rd === 31) {
    return `${opc === 1 ? "cmn" : "cmp"} ${gprSp(sf, rn)}, ${second}${tail}`;
  }
  const destination = flags ? gpr(sf, rd) : gprSp(sf, rd);
  const mnemonic = ["add", "adds", "sub", "subs"][opc];
  return `${mnemonic} ${destination}, ${gprSp(sf, rn)}, ${second}${tail}`;
}

function condSelect(
  word: number,
  sf: number,
  opc: number,
  rd: number,
  rn: number,
  rm: number,
): string | null {
  if ((opc & 1) !== 0 || bits(word, 11, 1) !== 0) return null;
  const op = opc | bits(word, 10, 1);
  const cond = bits(word, 12, 4);
  if (op !== 0 && rn === rm && cond < 14) {
    const inverse = CONDITIONS[cond ^ 1];
    if (rn === 31 && op < 3) return `${["", "cset", "csetm"][op]} ${gpr(sf, rd)}, ${inverse}`;
    return `${["", "cinc", "cinv", "cneg"][op]} ${gpr(sf, rd)}, ${gpr(sf, rn)}, ${inverse}`;
  }
  const name = ["csel", "csinc", "csinv", "csneg"][op];
  return `${name} ${gpr(sf, rd)}, ${gpr(sf, rn)}, ${gpr(sf, rm)}, ${CONDITIONS[cond]}`;
}

/** Data-processing (3 source). */
function multiplyAdd(
  word: number,
  sf: number,
  rd: number,
  rn: number,
  rm: number,
): string | null {
  const op31 = bits(word, 21, 3);
  const o0 = bits(word, 15, 1);
  const ra = bits(word, 10, 5);
  if (op31 === 0) {
    const sources = `${gpr(sf, rd)}, ${gpr(sf, rn)}, ${gpr(sf, rm)}`;
    if (ra === 31) return `${o0 ? "mneg" : "mul"} ${sources}`;
    return `${o0 ? "msub" : "madd"} ${sources}, ${gpr(sf, ra)}`;
  }
  if (sf === 0) return null;
  const sign = op31 >= 4 ? "u" : "s";
  if ((op31 & 3) === 2) { // Ra is ignored by the processor; only all ones is printed as SMULH
    if (o0 !== 0 || ra !== 31) return null;
    return `${sign}mulh ${gpr(1, rd)}, ${gpr(1, rn)}, ${gpr(1, rm)}`;
  }
  const sources = `${gpr(1, rd)}, ${gpr(0, rn)}, ${gpr(0, rm)}`;
  if (ra === 31) return `${sign}${o0 ? "mnegl" : "mull"} ${sources}`;
  return `${sign}${o0 ? "msubl" : "maddl"} ${sources}, ${gpr(1, ra)}`;
}

// Branches and system --------------------------------------------------------------------------

const SYSTEM_REGISTERS: Record<number, string> = {
  0xda10: "nzcv",
  0xda20: "fpcr",
  0xda21: "fpsr",
  0xde82: "tpidr_el0",
  0xd801: "ctr_el0",
  0xdf02: "cntvct_el0",
};

const BARRIER_OPTIONS = [
  "",
  "oshld",
  "oshst",
  "osh",
  "",
  "nshld",
  "nshst",
  "nsh",
  "",
  "ishld",
  "ishst",
  "ish",
  "",
  "ld",
  "st",
  "sy",
];

function branchOrSystem(word: number, address: number): string | null {
  const rt = bits(word, 0, 5);
  switch (word >>> 24) {
    case 0x14:
    case 0x15:
    case 0x16:
    case 0x17:
      return `b ${target(address, signedBits(word, 0, 26) * 4)}`;
    case 0x94:
    case 0x95:
    case 0x96:
    case 0x97:
      return `bl ${target(address, signedBits(word, 0, 26) * 4)}`;
    case 0x54:
      if (bits(word, 4, 1) !== 0) return null;
      return `b.${CONDITIONS[rt]} ${target(address, signedBits(word, 5, 19) * 4)}`;
    case 0x34:
    case 0x35:
    case 0xb4:
    case 0xb5: {
      const name = bits(word, 24, 1) ? "cbnz" : "cbz";
      return `${name} ${gpr(word >>> 31, rt)}, ${target(address, signedBits(word, 5, 19) * 4)}`;
    }
    case 0x36:
    case 0x37:
    case 0xb6:
    case 0xb7: {
      const name = bits(word, 24, 1) ? "tbnz" : "tbz";
      const bit = word >>> 31 << 5 | bits(word, 19, 5);
      const where = target(address, signedBits(word, 5, 14) * 4);
      return `${name} ${gpr(word >>> 31, rt)}, #${bit}, ${where}`;
    }
    case 0xd4: {
      const name: string | undefined = ({
        0xd4000001: "svc",
        0xd4200000: "brk",
        0xd4400000: "hlt",
      } as Record<number, string>)[(word & 0xffe0001f) >>> 0];
      return name === undefined ? null : `${name} ${hex(bits(word, 5, 16))}`;
    }
    case 0xd5:
      return system(word, rt);
    case 0xd6: {
      const rn = bits(word, 5, 5);
      switch ((word & 0xfffffc1f) >>> 0) {
        case 0xd61f0000:
          return `br ${gpr(1, rn)}`;
        case 0xd63f0000:
          return `blr ${gpr(1, rn)}`;
        case 0xd65f0000:
          return rn === 30 ? "ret" : `ret ${gpr(1, rn)}`;
        default:
          return null;
      }
    }
    default:
      return null;
  }
}

function system(word: number, rt: number): string | null {
  switch (word >>> 0) {
    case 0xd503201f:
      return "nop";
    case 0xd503241f:
      return "bti";
    case 0xd503245f:
      return "bti c";
    case 0xd503249f:
      return "bti j";
    case 0xd50324df:
      return "bti jc";
    case 0xd5033fdf:
      return "isb";
    case 0xd5033f5f:
      return "clrex";
    default:
      break;
  }
  const option = BARRIER_OPTIONS[bits(word, 8, 4)];
  switch ((word & 0xfffff0ff) >>> 0) {
    case 0xd503309f:
      return option === "" ? null : `dsb ${option}`;
    case 0xd50330bf:
      return option === "" ? null : `dmb ${option}`;
    default:
      break;
  }
  switch ((word & 0xffffffe0) >>> 0) {
    case 0xd50b7b20:
      return `dc cvau, ${gpr(1, rt)}`;
    case 0xd50b7520:
      return `ic ivau, ${gpr(1, rt)}`;
    default:
      break;
  }
  const name = SYSTEM_REGISTERS[bits(word, 5, 16)];
  if (name === undefined || bits(word, 22, 2) !== 0) return null;
  if (bits(word, 21, 1) !== 0) return `mrs ${gpr(1, rt)}, ${name}`;
  return name === "ctr_el0" || name === "cntvct_el0" ? null : `msr ${name}, ${gpr(1, rt)}`;
}

// Loads and stores -----------------------------------------------------------------------------

/** Mnemonic and register prefix by `size:V:opc`; "" is none. */
const ACCESSES: readonly (readonly [mnemonic: string, prefix: string])[] = [
  ["strb", "w"],
  ["ldrb", "w"],
  ["ldrsb", "x"],
  ["ldrsb", "w"],
  ["str", "b"],
  ["ldr", "b"],
  ["str", "q"],
  ["ldr", "q"],
  ["strh", "w"],
  ["ldrh", "w"],
  ["ldrsh", "x"],
  ["ldrsh", "w"],
  ["str", "h"],
  ["ldr", "h"],
  ["", ""],
  ["", ""],
  ["str", "w"],
  ["ldr", "w"],
  ["ldrsw", "x"],
  ["", ""],
  ["str", "s"],
  ["ldr", "s"],
  ["", ""],
  ["", ""],
  ["str", "x"],
  ["ldr", "x"],
  ["", ""],
  ["", ""],
  ["str", "d"],
  ["ldr", "d"],
  ["", ""],
  ["", ""],
];

/** By `opc:V:L`. */
const PAIRS: readonly (readonly [mnemonic: string, prefix: string, scale: number])[] = [
  ["stp", "w", 2],
  ["ldp", "w", 2],
  ["stp", "s", 2],
  ["ldp", "s", 2],
  ["", "", 0],
  ["ldpsw", "x", 2],
  ["stp", "d", 3],
  ["ldp", "d", 3],
  ["stp", "x", 3],
  ["ldp", "x", 3],
  ["stp", "q", 4],
  ["ldp", "q", 4],
];

/** By `opc:V`. */
const LITERALS: readonly (readonly [mnemonic: string, prefix: string])[] = [
  ["ldr", "w"],
  ["ldr", "s"],
  ["ldr", "x"],
  ["ldr", "d"],
  ["ldrsw", "x"],
  ["ldr", "q"],
];

/** By `o2:L:o0`. */
const EXCLUSIVES = ["stxr", "stlxr", "ldxr", "ldaxr", "", "stlr", "", "ldar"];

function named(prefix: string, r: number): string {
  return r === 31 && (prefix === "w" || prefix === "x") ? `${prefix}zr` : `${prefix}${r}`;
}

function loadOrStore(word: number, address: number): string | null {
  switch (bits(word, 27, 3)) {
    case 1:
      return bits(word, 24, 6) === 8 ? exclusive(word) : null;
    case 3:
      return bits(word, 24, 2) === 0 ? literal(word, address) : null;
    case 5:
      return pair(word);
    case 7:
      return single(word);
    default:
      return null;
  }
}

function exclusive(word: number): string | null {
  const size = word >>> 30;
  const rs = bits(word, 16, 5);
  const op = bits(word, 23, 1) << 2 | bits(word, 22, 1) << 1 | bits(word, 15, 1);
  const name = EXCLUSIVES[op];
  if (name === "" || bits(word, 21, 1) !== 0 || bits(word, 10, 5) !== 31) return null;
  const status = op < 2 ? `${gpr(0, rs)}, ` : "";
  if (op >= 2 && rs !== 31) return null;
  const rt = bits(word, 0, 5);
  const rn = bits(word, 5, 5);
  if (op < 2 && (rs === rt || (rs === rn && rn !== 31))) return null;
  const operands = `${status}${gpr(size === 3 ? 1 : 0, rt)}, [${gprSp(1, rn)}]`;
  return `${name}${["b", "h", "", ""][size]} ${operands}`;
}

function literal(word: number, address: number): string | null {
  const entry = LITERALS[word >>> 30 << 1 | bits(word, 26, 1)];
  if (entry === undefined) return null;
  const where = target(address, signedBits(word, 5, 19) * 4);
  return `${entry[0]} ${named(entry[1], bits(word, 0, 5))}, ${where}`;
}

function pair(word: number): string | null {
  const entry = PAIRS[word >>> 30 << 2 | bits(word, 26, 1) << 1 | bits(word, 22, 1)];
  if (entry === undefined || entry[0] === "") return null;
  const [name, prefix, scale] = entry;
  const offset = signedBits(word, 15, 7) * (1 << scale);
  const rt = bits(word, 0, 5);
  const rt2 = bits(word, 10, 5);
  const base = bits(word, 5, 5);
  const index = bits(word, 23, 3);
  if (bits(word, 22, 1) === 1 && rt === rt2) return null;
  const general = prefix === "w" || prefix === "x";
  if (index !== 2 && general && base !== 31 && (rt === base || rt2 === base)) return null;
  const registers = `${named(prefix, rt)}, ${named(prefix, rt2)}`;
  const rn = gprSp(1, base);
  switch (index) {
    case 1:
      return `${name} ${registers}, [${rn}], #${offset}`;
    case 2:
      return `${name} ${registers}, [${rn}${offset === 0 ? "" : `, #${offset}`}]`;
    case 3:
      return `${name} ${registers}, [${rn}, #${offset}]!`;
    default:
      return null;
  }
}

function single(word: number): string | null {
  const access = word >>> 30 << 3 | bits(word, 26, 1) << 2 | bits(word, 22, 2);
  const [name, prefix] = ACCESSES[access];
  if (name === "") return null;
  const scale = (access & 0x1e) === 6 ? 4 : access >> 3;
  const transferred = bits(word, 0, 5);
  const base = bits(word, 5, 5);
  const rt = named(prefix, transferred);
  const rn = gprSp(1, base);
  if (bits(word, 24, 2) === 1) {
    const offset = bits(word, 10, 12) << scale;
    return `${name} ${rt}, [${rn}${offset === 0 ? "" : `, #${offset}`}]`;
  }
  if (bits(word, 24, 2) !== 0) return null;
  const form = bits(word, 10, 2);
  if (bits(word, 21, 1) === 1) {
    return form === 2 ? registerOffset(word, name, scale, rt, rn) : null;
  }
  const writesBack = (form & 1) !== 0;
  if (writesBack && bits(word, 26, 1) === 0 && transferred === base && base !== 31) return null;
  const offset = signedBits(word, 12, 9);
  switch (form) {
    case 0: {
      const unscaled = `${name.slice(0, 2)}u${name.slice(2)}`;
      return `${unscaled} ${rt}, [${rn}${offset === 0 ? "" : `, #${offset}`}]`;
    }
    case 1:
      return `${name} ${rt}, [${rn}], #${offset}`;
    case 3:
      return `${name} ${rt}, [${rn}, #${offset}]!`;
    default:
      return null;
  }
}

function registerOffset(
  word: number,
  name: string,
  scale: number,
  rt: string,
  rn: string,
): string | null {
  const option = bits(word, 13, 3);
  if ((option & 2) === 0) return null;
  const rm = gpr(option & 1, bits(word, 16, 5));
  const extend = option === 3 ? "lsl" : EXTENDS[option];
  const shifted = bits(word, 12, 1) === 1;
  const tail = shifted ? `, ${extend} #${scale}` : option === 3 ? "" : `, ${extend}`;
  return `${name} ${rt}, [${rn}, ${rm}${tail}]`;
}

// Floating point -------------------------------------------------------------------------------

/** By `opcode` of the two-source layout. */
const FP_ARITH = "fmul fdiv fadd fsub fmax fmin fmaxnm fminnm fnmul".split(" ");

/** By `opcode` of the one-source layout; "" is none, or `fcvt`. */
const FP_UNARY = [
  "fmov",
  "fabs",
  "fneg",
  "fsqrt",
  "",
  "",
  "",
  "",
  "frintn",
  "frintp",
  "frintm",
  "frintz",
  "frinta",
  "",
  "frintx",
  "frinti",
];

/** By `rmode:opcode`. */
const FP_CONVERT: Record<number, string> = {
  0: "fcvtns",
  1: "fcvtnu",
  2: "scvtf",
  3: "ucvtf",
  4: "fcvtas",
  5: "fcvtau",
  8: "fcvtps",
  9: "fcvtpu",
  16: "fcvtms",
  17: "fcvtmu",
  24: "fcvtzs",
  25: "fcvtzu",
};

function floatingPoint(word: number): string | null {
  const rm = bits(word, 16, 5);
  const rn = bits(word, 5, 5);
  const rd = bits(word, 0, 5);
  switch ((word & 0xbffffc00) >>> 0) {
    case 0x0e205800: {
      const lanes = bits(word, 30, 1) ? "16b" : "8b";
      return `cnt v${rd}.${lanes}, v${rn}.${lanes}`;
    }
    case 0x0e31b800:
      return `addv b${rd}, v${rn}.${bits(word, 30, 1) ? "16b" : "8b"}`;
    case 0x2e303800:
      return `uaddlv h${rd}, v${rn}.${bits(word, 30, 1) ? "16b" : "8b"}`;
    default:
      break;
  }
  const type = bits(word, 22, 1);
  const group = (word & 0xff800000) >>> 0;
  if (group === 0x1f000000) { // Floating-point data-processing (3 source)
    const op = bits(word, 21, 1) << 1 | bits(word, 15, 1);
    const name = ["fmadd", "fmsub", "fnmadd", "fnmsub"][op];
    const ra = fpr(type, bits(word, 10, 5));
    return `${name} ${fpr(type, rd)}, ${fpr(type, rn)}, ${fpr(type, rm)}, ${ra}`;
  }
  if ((group !== 0x1e000000 && group !== 0x9e000000) || bits(word, 21, 1) === 0) return null;
  if (bits(word, 10, 6) === 0) return convert(word, type, rd, rn);
  if (group !== 0x1e000000) return null;
  switch (bits(word, 10, 2)) {
    case 1: { // Floating-point conditional compare
      const name = bits(word, 4, 1) ? "fccmpe" : "fccmp";
      const tail = `${hex(bits(word, 0, 4))}, ${CONDITIONS[bits(word, 12, 4)]}`;
      return `${name} ${fpr(type, rn)}, ${fpr(type, rm)}, ${tail}`;
    }
    case 2: { // Floating-point data-processing (2 source)
      const name = FP_ARITH[bits(word, 12, 4)];
      if (name === undefined) return null;
      return `${name} ${fpr(type, rd)}, ${fpr(type, rn)}, ${fpr(type, rm)}`;
    }
    case 3: // Floating-point conditional select
      return `fcsel ${fpr(type, rd)}, ${fpr(type, rn)}, ${fpr(type, rm)}, ${
        CONDITIONS[bits(word, 12, 4)]
      }`;
    default:
      break;
  }
  if (bits(word, 10, 3) === 4) { // Floating-point immediate
    return rn === 0 ? `fmov ${fpr(type, rd)}, #${fpImmediate(bits(word, 13, 8))}` : null;
  }
  if (bits(word, 10, 6) === 8) { // Floating-point compare
    if ((rd & 7) !== 0) return null;
    const name = rd & 16 ? "fcmpe" : "fcmp";
    if ((rd & 8) === 0) return `${name} ${fpr(type, rn)}, ${fpr(type, rm)}`;
    return rm === 0 ? `${name} ${fpr(type, rn)}, #0.0` : null;
  }
  if (bits(word, 10, 5) === 16) { // Floating-point data-processing (1 source)
    const opcode = bits(word, 15, 6);
    if (type === 0 && opcode === 5) return `fcvt d${rd}, s${rn}`;
    if (type === 1 && opcode === 4) return `fcvt s${rd}, d${rn}`;
    const name = FP_UNARY[opcode];
    return name ? `${name} ${fpr(type, rd)}, ${fpr(type, rn)}` : null;
  }
  return null;
}

/** Conversion between floating-point and integer. */
function convert(word: number, type: number, rd: number, rn: number): string | null {
  const sf = word >>> 31;
  const op = bits(word, 16, 5);
  if (op === 6 && sf === type) return `fmov ${gpr(sf, rd)}, ${fpr(sf, rn)}`;
  if (op === 7 && sf === type) return `fmov ${fpr(sf, rd)}, ${gpr(sf, rn)}`;
  const name = FP_CONVERT[op];
  if (name === undefined) return null;
  if (op === 2 || op === 3) return `${name} ${fpr(type, rd)}, ${gpr(sf, rn)}`;
  return `${name} ${gpr(sf, rd)}, ${fpr(type, rn)}`;
}

/** The pseudocode function `VFPExpandImm`, printed with 18 decimals. */
function fpImmediate(imm8: number): string {
  const exponent = ((imm8 >> 4 & 7) ^ 4) - 3;
  const value = (imm8 & 128 ? -1 : 1) * (16 + (imm8 & 15)) / 16 * 2 ** exponent;
  return value.toExponential(18).replace(/e([+-])(\d)$/, "e$10$2");
}
