/**
 * Every form the x86-64 encoder can produce, as data for the tests of the encoder and of the
 * disassembler: the encoder's function, its fixed arguments (operation, sizes), its operands with
 * their edge and out-of-range values, and the text. Text is what `objdump -M intel` prints, which
 * GNU as takes too, except where a form says otherwise in `source`.
 *
 * @module
 */
import * as x64 from "../../src/x64/encoder.ts";

/** A reproducible source of numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function int(rng: () => number, limit: number): number {
  return Math.floor(rng() * limit);
}

function pick<T>(rng: () => number, from: readonly T[]): T {
  return from[int(rng, from.length)];
}

/** One operand: one or more consecutive arguments of an encoder function. */
export interface Operand {
  /** Values to try with anything in the other operands. */
  edges: (rng: () => number) => number[][];
  /** Any legal value. */
  any: (rng: () => number) => number[];
  /** What must be rejected: the arguments, and what the message must contain. */
  rejects: { args: number[]; says: string }[];
  /** Intel syntax. */
  text: (args: number[]) => string;
}

/** A function of the encoder with its fixed arguments. */
export interface Form {
  fn: (buf: x64.X64Buffer, ...args: number[]) => unknown;
  /** Arguments before the operands: operation, condition, sizes. */
  fixed: number[];
  operands: Operand[];
  /** What objdump prints for one choice of operands. */
  text: (args: number[][]) => string;
  /** What GNU as must be given when it isn't `text`. */
  source?: (args: number[][]) => string;
}

/** One instruction to encode. */
export interface Case {
  form: Form;
  args: number[];
  /** What GNU as is given. */
  source: string;
  /** What objdump prints, at address 0. */
  text: string;
}

const LOW = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const LOW_BYTES = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"];

function regName(size: number, reg: number): string {
  if (size === 8) return reg < 8 ? LOW_BYTES[reg] : `r${reg}b`;
  if (reg < 8) return (size === 16 ? "" : size === 32 ? "e" : "r") + LOW[reg];
  return `r${reg}${size === 16 ? "w" : size === 32 ? "d" : ""}`;
}

/** Two's complement hexadecimal of `size` bits. */
function hex(size: number, value: number): string {
  return "0x" + BigInt.asUintN(size, BigInt(value)).toString(16);
}

const BAD_REGISTERS = [-1, 16, 0.5, NaN, 2 ** 32];

function register(field: string, name: (reg: number) => string): Operand {
  return {
    edges: () => Array.from({ length: 16 }, (_, reg) => [reg]),
    any: (rng) => [int(rng, 16)],
    rejects: BAD_REGISTERS.map((value) => ({ args: [value], says: `${field} must be a register` })),
    text: ([reg]) => name(reg),
  };
}

const gpr = (size: number, field = "dst"): Operand => register(field, (r) => regName(size, r));
const xmm = (field = "dst"): Operand => register(field, (r) => `xmm${r}`);

const DISPS = [0, 1, -1, 127, 128, -128, -129, 0x1234, 2147483647, -2147483648];

const POINTER: Record<number, string> = {
  0: "",
  8: "BYTE PTR ",
  16: "WORD PTR ",
  32: "DWORD PTR ",
  64: "QWORD PTR ",
  128: "XMMWORD PTR ",
};

function address([base, index, scale, disp]: number[]): string {
  if (base === x64.RIP) return `[rip+${hex(64, disp)}]`;
  if (base === x64.NONE && index === x64.NONE) return `ds:${hex(64, disp)}`;
  const parts: string[] = [];
  if (base !== x64.NONE) parts.push(regName(64, base));
  if (index !== x64.NONE) parts.push(`${regName(64, index)}*${1 << scale}`);
  const bare = disp === 0 && base !== x64.NONE && (base & 7) !== 5;
  const tail = bare ? "" : (disp < 0 ? "-0x" : "+0x") + Math.abs(disp).toString(16);
  return `[${parts.join("+")}${tail}]`;
}

/** A memory operand of `width` bits; width 0 is an address alone. */
function memory(width: number): Operand {
  const disp = (rng: () => number): number =>
    rng() < 0.5 ? pick(rng, DISPS) : ((rng() - 0.5) * 2 ** pick(rng, [8, 10, 32])) | 0;
  const index = (rng: () => number): number => pick(rng, [0, 1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 15]);
  const reg = (rng: () => number): number => int(rng, 16);
  return {
    edges: (rng) => {
      const all: number[][] = [];
      for (let base = 0; base < 16; base++) {
        all.push([base, x64.NONE, 0, pick(rng, DISPS)], [base, index(rng), int(rng, 4), 0]);
      }
      for (let i = 0; i < 16; i++) {
        if (i !== 4) all.push([reg(rng), i, int(rng, 4), disp(rng)]);
      }
      for (let scale = 0; scale < 4; scale++) all.push([reg(rng), index(rng), scale, disp(rng)]);
      for (const d of DISPS) all.push([reg(rng), x64.NONE, 0, d]);
      for (let scale = 0; scale < 4; scale++) all.push([x64.NONE, index(rng), scale, disp(rng)]);
      all.push([x64.NONE, x64.NONE, 0, disp(rng)], [x64.NONE, x64.NONE, 3, 2147483647]);
      all.push([x64.RIP, x64.NONE, 0, disp(rng)], [x64.RIP, x64.NONE, 2, 0]);
      return all;
    },
    any: (rng) => {
      const kind = rng();
      if (kind < 0.05) return [x64.RIP, x64.NONE, 0, disp(rng)];
      const base = kind < 0.15 ? x64.NONE : reg(rng);
      return [base, kind < 0.5 ? x64.NONE : index(rng), int(rng, 4), disp(rng)];
    },
    rejects: [
      ...[-2, 17, 0.5, NaN].map((v) => ({ args: [v, 1, 0, 0], says: "base must be" })),
      ...[-2, 4, 16, 0.5, NaN].map((v) => ({ args: [1, v, 0, 0], says: "index must be" })),
      ...[-1, 4, 0.5, NaN].map((v) => ({ args: [1, 2, v, 0], says: "scale must be" })),
      ...[2 ** 31, -(2 ** 31) - 1, 0.5, NaN].map((v) => ({
        args: [1, 2, 0, v],
        says: "disp must be",
      })),
      { args: [x64.RIP, 1, 0, 0], says: "index must be NONE with base RIP" },
    ],
    text: (args) => POINTER[width] + address(args),
  };
}

/** A whole number from `low` to `high`. */
function number(
  field: string,
  low: number,
  high: number,
  edges: number[],
  text: (value: number) => string,
): Operand {
  return {
    edges: () => edges.map((value) => [value]),
    any: (rng) => [
      Math.max(
        low,
        Math.min(high, Math.floor(low + rng() ** pick(rng, [1, 8]) * (high - low + 1))),
      ),
    ],
    rejects: [low - 1, high + 1, low + 0.5, NaN, Infinity].map((value) => ({
      args: [value],
      says: `${field} must be`,
    })),
    text: ([value]) => text(value),
  };
}

const IMM_EDGES = [0, 1, -1, 127, 128, -128];

function imm(size: number): Operand {
  const text = (value: number): string => hex(size, value);
  switch (size) {
    case 8:
      return number("imm", -128, 255, [...IMM_EDGES, 255], text);
    case 16:
      return number("imm", -32768, 65535, [...IMM_EDGES, -129, 255, 32767, 32768, 65535], text);
    case 32: {
      const edges = [...IMM_EDGES, -129, 255, 65535, 2147483647, 2147483648, -2147483648];
      return number("imm", -2147483648, 4294967295, [...edges, 4294967168, 4294967295], text);
    }
    default: {
      const edges = [...IMM_EDGES, -129, 255, 65535, 2147483647, -2147483648];
      return number("imm", -2147483648, 2147483647, edges, text);
    }
  }
}

const ZERO_TO = (high: number): number[] => Array.from({ length: high + 1 }, (_, i) => i);

function count(size: number): Operand {
  const high = size === 64 ? 63 : 31;
  return number("count", 0, high, [0, 1, 2, high], (v) => hex(8, v));
}

/** A count of shifts, where one has an encoding of its own and is printed in decimal. */
function shiftCount(size: number): Operand {
  return { ...count(size), text: ([v]) => v === 1 ? "1" : hex(8, v) };
}

function join(mnemonic: string, operands: Operand[], tail: string): Form["text"] {
  return (args) => {
    const texts = operands.map((operand, i) => operand.text(args[i]));
    if (tail !== "") texts.push(tail);
    return texts.length === 0 ? mnemonic : `${mnemonic} ${texts.join(",")}`;
  };
}

const INT_SIZES = [8, 16, 32, 64];
const WIDE_SIZES = [16, 32, 64];
const DWORD_SIZES = [32, 64];

/** Names of condition codes as objdump prints them. */
export const CONDITIONS: readonly string[] = [
  ...["o", "no", "b", "ae", "e", "ne", "be", "a"],
  ...["s", "ns", "p", "np", "l", "ge", "le", "g"],
];

/** All forms, in a fixed order. */
export function allForms(): Form[] {
  const forms: Form[] = [];
  // Encoder functions take numbers alone, but each takes its own number of them.
  // deno-lint-ignore no-explicit-any
  type AnyFn = (buf: x64.X64Buffer, ...args: any[]) => unknown;
  const add = (
    fn: AnyFn,
    fixed: number[],
    mnemonic: string,
    operands: Operand[],
    tail = "",
  ): Form => {
    const form: Form = { fn, fixed, operands, text: join(mnemonic, operands, tail) };
    forms.push(form);
    return form;
  };

  for (const size of INT_SIZES) {
    const r = gpr(size), s = gpr(size, "src"), m = memory(size), i = imm(size);
    add(x64.movRR, [size], "mov", [r, s]);
    add(x64.movRM, [size], "mov", [r, m]);
    add(x64.movMR, [size], "mov", [m, s]);
    add(x64.movRI, [size], "mov", [r, i]);
    add(x64.movMI, [size], "mov", [m, i]);
    add(x64.xchgRR, [size], "xchg", [r, s]).text = ([[dst], [src]]) => {
      if (size === 64 && dst === 0 && src === 0) return "nop";
      if (size !== 8 && dst === 0) return `xchg ${regName(size, src)},${regName(size, dst)}`;
      return `xchg ${regName(size, dst)},${regName(size, src)}`;
    };
    add(x64.xchgMR, [size], "xchg", [m, s]);
    add(x64.lockCmpxchgMR, [size], "lock cmpxchg", [m, s]);
    add(x64.lockXaddMR, [size], "lock xadd", [m, s]);
    for (const [name, op] of Object.entries(x64.ALU)) {
      const mnemonic = name.toLowerCase();
      add(x64.aluRR, [op, size], mnemonic, [r, s]);
      add(x64.aluRM, [op, size], mnemonic, [r, m]);
      add(x64.aluMR, [op, size], mnemonic, [m, s]);
      add(x64.aluRI, [op, size], mnemonic, [r, i]);
      add(x64.aluMI, [op, size], mnemonic, [m, i]);
    }
    add(x64.testRR, [size], "test", [r, s]);
    add(x64.testMR, [size], "test", [m, s]);
    add(x64.testRI, [size], "test", [r, i]);
    add(x64.testMI, [size], "test", [m, i]);
    for (const [name, op] of Object.entries(x64.UNARY)) {
      add(x64.unaryR, [op, size], name.toLowerCase(), [r]);
      add(x64.unaryM, [op, size], name.toLowerCase(), [m]);
    }
    for (const [name, op] of Object.entries(x64.SHIFT)) {
      add(x64.shiftRI, [op, size], name.toLowerCase(), [r, shiftCount(size)]);
      add(x64.shiftMI, [op, size], name.toLowerCase(), [m, shiftCount(size)]);
      add(x64.shiftRCl, [op, size], name.toLowerCase(), [r], "cl");
      add(x64.shiftMCl, [op, size], name.toLowerCase(), [m], "cl");
    }
  }

  for (const size of WIDE_SIZES) {
    const r = gpr(size), s = gpr(size, "src"), m = memory(size), i = imm(size);
    for (const srcSize of [8, 16]) {
      if (srcSize >= size) continue;
      add(x64.movzxRR, [size, srcSize], "movzx", [r, gpr(srcSize, "src")]);
      add(x64.movzxRM, [size, srcSize], "movzx", [r, memory(srcSize)]);
      add(x64.movsxRR, [size, srcSize], "movsx", [r, gpr(srcSize, "src")]);
      add(x64.movsxRM, [size, srcSize], "movsx", [r, memory(srcSize)]);
    }
    add(x64.leaRM, [size], "lea", [r, memory(0)]);
    for (const [cc, name] of CONDITIONS.entries()) {
      add(x64.cmovRR, [cc, size], "cmov" + name, [r, s]);
      add(x64.cmovRM, [cc, size], "cmov" + name, [r, m]);
    }
    add(x64.imulRR, [size], "imul", [r, s]);
    add(x64.imulRM, [size], "imul", [r, m]);
    add(x64.imulRRI, [size], "imul", [r, s, i]);
    add(x64.imulRMI, [size], "imul", [r, m, i]);
    for (const [name, op] of Object.entries(x64.DOUBLE_SHIFT)) {
      add(x64.doubleShiftRRI, [op, size], name.toLowerCase(), [r, s, count(size)]);
      add(x64.doubleShiftRRCl, [op, size], name.toLowerCase(), [r, s], "cl");
    }
    const bit = number("bit", 0, size - 1, [0, 1, size - 1], (v) => hex(8, v));
    for (const [name, op] of Object.entries(x64.BIT)) {
      add(x64.bitRI, [op, size], name.toLowerCase(), [r, bit]);
      add(x64.bitRR, [op, size], name.toLowerCase(), [r, s]);
    }
    for (const [name, op] of Object.entries(x64.SCAN)) {
      add(x64.scanRR, [op, size], name.toLowerCase(), [r, s]);
      add(x64.scanRM, [op, size], name.toLowerCase(), [r, m]);
    }
  }

  for (const size of DWORD_SIZES) {
    const r = gpr(size), s = gpr(size, "src"), m = memory(size);
    add(x64.bswapR, [size], "bswap", [r]);
    for (const [name, op] of Object.entries(x64.SHIFTX)) {
      add(x64.shiftxRRR, [op, size], name.toLowerCase(), [r, s, gpr(size, "count")]);
      add(x64.shiftxRMR, [op, size], name.toLowerCase(), [r, m, gpr(size, "count")]);
    }
    add(x64.rorxRRI, [size], "rorx", [r, s, count(size)]);
    add(x64.rorxRMI, [size], "rorx", [r, m, count(size)]);
    add(x64.mulxRRR, [size], "mulx", [gpr(size, "hi"), gpr(size, "lo"), s]);
    add(x64.mulxRRM, [size], "mulx", [gpr(size, "hi"), gpr(size, "lo"), m]);
    add(x64.andnRRR, [size], "andn", [r, gpr(size, "inverted"), s]);
    add(x64.andnRRM, [size], "andn", [r, gpr(size, "inverted"), m]);
    for (const [name, op] of Object.entries(x64.BLS)) {
      add(x64.blsRR, [op, size], name.toLowerCase(), [r, s]);
      add(x64.blsRM, [op, size], name.toLowerCase(), [r, m]);
    }
  }

  const half = (field: string): Operand =>
    number(
      field,
      -2147483648,
      4294967295,
      [0, 1, -1, 0x7fffffff, 0x80000000, -0x80000000, 0x89abcdef],
      String,
    );
  const wide = ([lo]: number[], [hi]: number[]): bigint =>
    (BigInt.asUintN(32, BigInt(hi)) << 32n) | BigInt.asUintN(32, BigInt(lo));
  add(x64.movRI64, [], "movabs", [gpr(64), half("lo"), half("hi")]).text = ([[dst], lo, hi]) =>
    `movabs ${regName(64, dst)},0x${wide(lo, hi).toString(16)}`;
  add(x64.movImm, [], "mov", [gpr(64), half("lo"), half("hi")]).text = ([[dst], lo, hi]) => {
    const value = wide(lo, hi);
    const short = value < 2n ** 32n;
    const signed = BigInt.asIntN(64, value) >= -(2n ** 31n) && value >= 2n ** 63n;
    const name = regName(short ? 32 : 64, dst);
    return `${short || signed ? "mov" : "movabs"} ${name},0x${value.toString(16)}`;
  };
  add(x64.movsxdRR, [], "movsxd", [gpr(64), gpr(32, "src")]);
  add(x64.movsxdRM, [], "movsxd", [gpr(64), memory(32)]);
  add(x64.pushR, [], "push", [gpr(64, "src")]);
  add(x64.pushM, [], "push", [memory(64)]);
  add(x64.pushI, [], "push", [imm(64)]);
  add(x64.popR, [], "pop", [gpr(64)]);
  add(x64.popM, [], "pop", [memory(64)]);
  add(x64.callR, [], "call", [gpr(64, "target")]);
  add(x64.callM, [], "call", [memory(64)]);
  add(x64.jmpR, [], "jmp", [gpr(64, "target")]);
  add(x64.jmpM, [], "jmp", [memory(64)]);
  add(x64.cdq, [], "cdq", []);
  add(x64.cqo, [], "cqo", []);
  add(x64.int3, [], "int3", []);
  add(x64.ud2, [], "ud2", []);
  add(x64.ret, [], "ret", []);
  add(x64.endbr64, [], "endbr64", []);
  add(x64.cpuid, [], "cpuid", []);
  add(x64.xgetbv, [], "xgetbv", []);
  add(x64.rdtsc, [], "rdtsc", []);
  const nop = add(x64.nop, [], "nop", [number("count", 1, 9, ZERO_TO(9).slice(1), String)]);
  nop.text = ([[n]]) => NOPS[n - 1].replace(/^\{.*\} /, "");
  nop.source = ([[n]]) => NOPS[n - 1];

  const rel = (low: number, high: number): Operand =>
    number("rel", low, high, [low, -129, -128, -1, 0, 1, 127, 128, high], String);
  const rel8: Operand = number("rel", -128, 127, [-128, -1, 0, 1, 127], String);
  const rel32 = rel(-2147483648, 2147483647);
  const branch = (fn: AnyFn, fixed: number[], text: string, operand: Operand, length: number) => {
    const form = add(fn, fixed, text, [operand]);
    const mnemonic = text.replace(/^\{.*\} /, "");
    form.text = ([[v]]) => `${mnemonic} ${hex(64, v + length)}`;
    form.source = ([[v]]) => `${text} .${v + length < 0 ? "" : "+"}${v + length}`;
  };
  branch(x64.callRel32, [], "call", rel32, 5);
  branch(x64.jmpRel32, [], "{disp32} jmp", rel32, 5);
  branch(x64.jmpRel8, [], "jmp", rel8, 2);
  for (const [cc, name] of CONDITIONS.entries()) {
    branch(x64.jccRel32, [cc], `{disp32} j${name}`, rel32, 6);
    branch(x64.jccRel8, [cc], `j${name}`, rel8, 2);
    add(x64.setccR, [cc], "set" + name, [gpr(8)]);
    add(x64.setccM, [cc], "set" + name, [memory(8)]);
  }

  for (const size of DWORD_SIZES) {
    const s = size === 32 ? "s" : "d";
    const m = memory(size), wideM = memory(128), x = xmm(), y = xmm("src");
    add(x64.movsRR, [size], `movs${s}`, [x, y]);
    add(x64.movsRM, [size], `movs${s}`, [x, m]);
    add(x64.movsMR, [size], `movs${s}`, [m, y]);
    add(x64.movapRR, [size], `movap${s}`, [x, y]);
    add(x64.movapRM, [size], `movap${s}`, [x, wideM]);
    add(x64.movapMR, [size], `movap${s}`, [wideM, y]);
    add(x64.movupRM, [size], `movup${s}`, [x, wideM]);
    add(x64.movupMR, [size], `movup${s}`, [wideM, y]);
    add(x64.movXR, [size], size === 32 ? "movd" : "movq", [x, gpr(size, "src")]);
    add(x64.movRX, [size], size === 32 ? "movd" : "movq", [gpr(size), y]);
    for (const [name, op] of Object.entries(x64.SSE)) {
      add(x64.sseRR, [op, size], `${name.toLowerCase()}s${s}`, [x, y]);
      add(x64.sseRM, [op, size], `${name.toLowerCase()}s${s}`, [x, m]);
    }
    for (const [name, op] of Object.entries(x64.SSE_LOGIC)) {
      add(x64.sseLogicRR, [op, size], `${name.toLowerCase()}p${s}`, [x, y]);
      add(x64.sseLogicRM, [op, size], `${name.toLowerCase()}p${s}`, [x, wideM]);
    }
    add(x64.ucomisRR, [size], `ucomis${s}`, [x, y]);
    add(x64.ucomisRM, [size], `ucomis${s}`, [x, m]);
    add(x64.comisRR, [size], `comis${s}`, [x, y]);
    add(x64.comisRM, [size], `comis${s}`, [x, m]);
    const predicates = Object.keys(x64.SSE_CMP);
    const predicate = number("predicate", 0, 7, ZERO_TO(7), String);
    add(x64.sseCmpRR, [size], "cmp", [x, y, predicate]).text = ([d, e, [p]]) =>
      `cmp${predicates[p].toLowerCase()}s${s} ${x.text(d)},${y.text(e)}`;
    add(x64.sseCmpRM, [size], "cmp", [x, m, predicate]).text = ([d, e, [p]]) =>
      `cmp${predicates[p].toLowerCase()}s${s} ${x.text(d)},${m.text(e)}`;
    const mode = number("mode", 0, 15, ZERO_TO(15), (v) => hex(8, v));
    add(x64.sseRoundRR, [size], `rounds${s}`, [x, y, mode]);
    add(x64.sseRoundRM, [size], `rounds${s}`, [x, m, mode]);
    for (const intSize of DWORD_SIZES) {
      add(x64.cvtsi2sXR, [size, intSize], `cvtsi2s${s}`, [x, gpr(intSize, "src")]);
      add(x64.cvtsi2sXM, [size, intSize], `cvtsi2s${s}`, [x, memory(intSize)]);
      add(x64.cvtts2siRX, [size, intSize], `cvtts${s}2si`, [gpr(intSize), y]);
      add(x64.cvts2siRX, [size, intSize], `cvts${s}2si`, [gpr(intSize), y]);
    }
    const widen = size === 32 ? "cvtss2sd" : "cvtsd2ss";
    add(x64.cvtsXX, [size], widen, [x, y]);
    add(x64.cvtsXM, [size], widen, [x, m]);
    add(x64.movmskRX, [size], `movmskp${s}`, [gpr(32), y]);
  }
  add(x64.movqXX, [], "movq", [xmm(), xmm("src")]);
  for (const [name, op] of Object.entries(x64.PACKED)) {
    add(x64.packedRR, [op], name.toLowerCase(), [xmm(), xmm("src")]);
    add(x64.packedRM, [op], name.toLowerCase(), [xmm(), memory(128)]);
  }
  const lanes = number("count", 0, 255, [0, 1, 31, 32, 63, 64, 127, 128, 255], (v) => hex(8, v));
  const { RIGHT, RIGHT_ARITHMETIC, LEFT } = x64.PACKED_SHIFT;
  add(x64.packedShiftRI, [RIGHT, 32], "psrld", [xmm(), lanes]);
  add(x64.packedShiftRI, [RIGHT, 64], "psrlq", [xmm(), lanes]);
  add(x64.packedShiftRI, [RIGHT_ARITHMETIC, 32], "psrad", [xmm(), lanes]);
  add(x64.packedShiftRI, [LEFT, 32], "pslld", [xmm(), lanes]);
  add(x64.packedShiftRI, [LEFT, 64], "psllq", [xmm(), lanes]);
  return forms;
}

/** Sources of `nop` by length; the assembler would leave useless displacements out. */
const NOPS = [
  "nop",
  "xchg ax,ax",
  "nop DWORD PTR [rax]",
  "{disp8} nop DWORD PTR [rax+0x0]",
  "{disp8} nop DWORD PTR [rax+rax*1+0x0]",
  "{disp8} nop WORD PTR [rax+rax*1+0x0]",
  "{disp32} nop DWORD PTR [rax+0x0]",
  "{disp32} nop DWORD PTR [rax+rax*1+0x0]",
  "{disp32} nop WORD PTR [rax+rax*1+0x0]",
];

/** The instruction of `form` with the given operands. */
export function caseOf(form: Form, args: number[][]): Case {
  const source = form.source ?? form.text;
  return {
    form,
    args: [...form.fixed, ...args.flat()],
    source: source(args),
    text: form.text(args),
  };
}

/** Every edge of every operand of every form, the other operands random, and `extra` random ones. */
export function allCases(rng: () => number, extra: number): Case[] {
  const cases: Case[] = [];
  for (const form of allForms()) {
    const any = (): number[][] => form.operands.map((operand) => operand.any(rng));
    for (const [at, operand] of form.operands.entries()) {
      for (const edge of operand.edges(rng)) cases.push(caseOf(form, any().with(at, edge)));
    }
    const times = form.operands.length === 0 ? 1 : extra;
    for (let i = 0; i < times; i++) cases.push(caseOf(form, any()));
  }
  return cases;
}

/** All bases with all indices and displacements, for one load. */
export function allAddresses(rng: () => number): Case[] {
  const cases: Case[] = [];
  const load = allForms().find((form) => form.fn.name === "movRM" && form.fixed[0] === 32)!;
  for (let base = x64.NONE; base <= 15; base++) {
    for (let index = x64.NONE; index <= 15; index++) {
      if (index === 4) continue;
      for (const disp of DISPS) {
        cases.push(caseOf(load, [[int(rng, 16)], [base, index, int(rng, 4), disp]]));
      }
    }
  }
  return cases;
}

/** The bytes of one instruction, through a buffer of its own. */
export function encode(instruction: Case): Uint8Array {
  const buf = new x64.X64Buffer(16);
  instruction.form.fn(buf, ...instruction.args);
  return buf.code();
}

/** `bytes` in hexadecimal without spaces. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
