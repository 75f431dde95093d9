/**
 * Every instruction form of the A64 encoder as test data: its fields with their edges and bad
 * values, how to encode it, and the text GNU as takes for the same operands. Relies on the encoder
 * for the former only: the texts are written independently. The encoder and disassembler tests
 * share it.
 *
 * @module
 */
import * as a64 from "../../src/a64/encoder.ts";

/** One operand: how to pick valid values, and values that must be refused. */
export interface Field {
  /** The name in the encoder's messages. */
  name: string;
  /** Valid values next to every limit. */
  edges: number[];
  /** Values the encoder must refuse. */
  bad: number[];
  /** A random valid value. */
  pick(random: Random): number;
}

/** A field, or how it follows from the operands before it. */
export type FieldRule = Field | ((args: number[]) => Field);

/** An instruction form. */
export interface Form {
  /** The encoder function (with the operation, where it takes one). */
  name: string;
  fields: FieldRule[];
  encode(...args: number[]): number;
  /** GNU syntax of the same instruction. */
  text(...args: number[]): string;
  /** False when GNU as leaves the field to the linker. */
  assembles: boolean;
}

/** A random number generator with a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An integer in 0..n-1. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * n);
  }

  /** One of `values`. */
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }
}

/** Valid operands of `form`; the operand at `edgeAt`, if any, takes its edge number `edge`. */
export function operands(form: Form, random: Random, edgeAt = -1, edge = 0): number[] {
  const args: number[] = [];
  form.fields.forEach((rule, i) => {
    const field = fieldOf(rule, args);
    args.push(i === edgeAt ? field.edges[edge % field.edges.length] : field.pick(random));
  });
  return args;
}

/** The field a rule gives after the operands `args`. */
export function fieldOf(rule: FieldRule, args: number[]): Field {
  return typeof rule === "function" ? rule(args) : rule;
}

/** Operands of every form: each field's edges in turn, then `count` random ones. */
export function cases(seed: number, count: number): { form: Form; args: number[] }[] {
  const random = new Random(seed);
  const result: { form: Form; args: number[] }[] = [];
  for (const form of FORMS) {
    form.fields.forEach((rule, i) => {
      // The edges may depend on earlier operands, so go round often enough to meet all of them.
      const rounds = typeof rule === "function" ? 16 : rule.edges.length;
      for (let edge = 0; edge < rounds; edge++) {
        result.push({ form, args: operands(form, random, i, edge) });
      }
    });
    for (let i = 0; i < (form.fields.length === 0 ? 1 : count); i++) {
      result.push({ form, args: operands(form, random) });
    }
  }
  return result;
}

// Fields ---------------------------------------------------------------------------------------

/** An integer from `min` to `max` in steps of `step`. */
function range(name: string, min: number, max: number, step = 1): Field {
  const middle = Math.floor((min + max) / 2 / step) * step;
  const edges = [min, min + step, middle, max - step, max, 0, step]
    .filter((v) => v >= min && v <= max);
  const bad = [
    min - step,
    max + step,
    middle + step / 2,
    NaN,
    Infinity,
    min - 2 ** 32,
    max + 2 ** 33,
  ];
  if (step > 1) bad.push(middle + 1, max + 1);
  return {
    name,
    edges: [...new Set(edges)],
    bad: [...new Set(bad)],
    pick: (random) => min + random.below((max - min) / step + 1) * step,
  };
}

/** One of `values` and nothing else. */
function oneOf(name: string, values: readonly number[], bad: number[] = []): Field {
  return {
    name,
    edges: [...values],
    bad: [-1, Math.max(...values) + 1, 0.5, NaN, 2 ** 32 + values[0], ...bad],
    pick: (random) => random.of(values),
  };
}

const register = (name: string): Field => ({
  ...range(name, 0, 31),
  edges: [0, 1, 15, 16, 29, 30, 31],
});

/** A register that is none of the operands at `others`, except that SP may meet ZR if `sp`. */
const registerUnlike =
  (name: string, sp: boolean, ...others: number[]) => (args: number[]): Field => {
    const values: number[] = [];
    for (let r = 0; r < 32; r++) {
      if (sp && r === 31 || !others.some((i) => args[i] === r)) values.push(r);
    }
    return {
      ...register(name),
      edges: [values[0], values[15], values.at(-1)!],
      pick: (random) => random.of(values),
    };
  };

const SF = range("sf", 0, 1);
const TYPE = range("type", 0, 1);
const Q = range("q", 0, 1);
const RD = register("rd");
const RN = register("rn");
const RM = register("rm");
const RA = register("ra");
const RT = register("rt");
const COND = range("cond", 0, 15);
const COND_INV = range("cond", 0, 13);
const NZCV = range("nzcv", 0, 15);
const SHIFT = range("shift", 0, 3);
const SHIFT_NO_ROR = range("shift", 0, 2);
const EXTEND = range("extend", 0, 7);
const EXTEND_AMOUNT = range("amount", 0, 4);
/** An amount below the width that operand 0 gives. */
const amount = (name: string) => (args: number[]): Field => range(name, 0, args[0] === 0 ? 31 : 63);
const AMOUNT = amount("amount");
const ADD_SUB_VALUE: Field = {
  name: "value",
  edges: [0, 1, 4095, 4096, 8192, 0xfff000],
  bad: [-1, 4097, 0x1000000, 0xfff001, 0.5, NaN, 2 ** 32, -4096],
  pick: (random) => random.below(4096) * random.of([1, 4096]),
};
const IMM16 = range("imm16", 0, 0xffff);
const HW = (args: number[]): Field =>
  args[0] === 0
    ? oneOf("shift", [0, 16], [1, 8, 15, 32, 48, 64])
    : oneOf("shift", [0, 16, 32, 48], [1, 8, 15, 17, 64]);
const BIT = range("bit", 0, 63);
const branch = (bits: number): Field => range("offset", -(2 ** (bits + 1)), 2 ** (bits + 1) - 4, 4);

/** A bitmask immediate of the width operand 0 gives. */
const BITMASK = (args: number[]): Field => {
  const n = args[0] === 0 ? 0 : 1;
  const widest = n << 12;
  const top = n === 0 ? 30 : 62;
  return {
    name: "fields",
    edges: [
      0,
      widest | top,
      widest | (top + 1) << 6,
      widest | (top + 1) << 6 | top,
      0x3c,
      0x3c | 1 << 6,
    ],
    // Every bit set, a reserved run length of each element size, an ignored immr bit, N for W.
    bad: [
      -1,
      widest | top + 1,
      0x1f | 0x20,
      0x2f,
      0x37,
      0x3b,
      0x3d,
      0x3e,
      0x3f,
      0x3c | 2 << 6,
      0x2000,
      n === 0 ? 0x1000 : 0x103f,
      0.5,
      NaN,
    ],
    pick(random) {
      const log = 1 + random.below(5 + n);
      const size = 1 << log;
      const imms = (~(2 * size - 1) & 0x3f) | random.below(size - 1);
      return (size === 64 ? 0x1000 : 0) | random.below(size) << 6 | imms;
    },
  };
};

// Texts ----------------------------------------------------------------------------------------

const CONDS = "eq ne cs cc mi pl vs vc hi ls ge lt gt le al nv".split(" ");
const SHIFTS = ["lsl", "lsr", "asr", "ror"];
const EXTENDS = "uxtb uxth uxtw uxtx sxtb sxth sxtw sxtx".split(" ");
const g = (sf: number, r: number) => r === 31 ? (sf ? "xzr" : "wzr") : `${sf ? "x" : "w"}${r}`;
const gsp = (sf: number, r: number) => r === 31 ? (sf ? "sp" : "wsp") : `${sf ? "x" : "w"}${r}`;
const f = (type: number, r: number) => `${type ? "d" : "s"}${r}`;

/** The value of `N:immr:imms`, by building the mask bit by bit. */
export function bitmaskValue(fields: number, width: number): bigint {
  const imms = fields & 0x3f;
  const immr = fields >> 6 & 0x3f;
  let size = 64;
  if (fields >> 12 === 0) {
    size = 32;
    while ((imms & size) !== 0) size >>= 1;
  }
  const ones = (imms & (size - 1)) + 1;
  let value = 0n;
  for (let i = 0; i < width; i++) {
    if ((i + immr) % size < ones) value |= 1n << BigInt(i);
  }
  return value;
}

/** The value of an 8-bit FP immediate. */
export function fpValue(imm8: number): number {
  const exponent = ((imm8 >> 4 & 7) ^ 4) - 3;
  return (imm8 & 128 ? -1 : 1) * (16 + (imm8 & 15)) / 16 * 2 ** exponent;
}

function decimal(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : `${value}`;
}

// Forms ----------------------------------------------------------------------------------------

/** All forms, in the order of the encoder's source. */
export const FORMS: Form[] = [];

function form(
  name: string,
  fields: FieldRule[],
  encode: (...args: number[]) => number,
  text: (...args: number[]) => string,
  assembles = true,
): void {
  FORMS.push({ name, fields, encode, text, assembles });
}

type Encode = (...args: number[]) => number;

for (const [name, encode] of [["add", a64.addImm], ["sub", a64.subImm]] as [string, Encode][]) {
  form(
    `${name}Imm`,
    [SF, RD, RN, ADD_SUB_VALUE],
    encode,
    (sf, rd, rn, v) => `${name} ${gsp(sf, rd)}, ${gsp(sf, rn)}, #${v}`,
  );
}
for (const [name, encode] of [["adds", a64.addsImm], ["subs", a64.subsImm]] as [string, Encode][]) {
  form(
    `${name}Imm`,
    [SF, RD, RN, ADD_SUB_VALUE],
    encode,
    (sf, rd, rn, v) => `${name} ${g(sf, rd)}, ${gsp(sf, rn)}, #${v}`,
  );
}
for (const [name, encode] of [["cmp", a64.cmpImm], ["cmn", a64.cmnImm]] as [string, Encode][]) {
  form(
    `${name}Imm`,
    [SF, RN, ADD_SUB_VALUE],
    encode,
    (sf, rn, v) => `${name} ${gsp(sf, rn)}, #${v}`,
  );
}
for (const [name, op] of Object.entries(a64.AddSub)) {
  const rdName = op & 1 ? g : gsp;
  form(
    `addSubImmediate ${name}`,
    [SF, RD, RN, range("imm12", 0, 4095), oneOf("shift", [0, 12], [1, 11])],
    (sf, rd, rn, imm12, shift) => a64.addSubImmediate(op, sf, rd, rn, imm12, shift),
    (sf, rd, rn, imm12, shift) =>
      `${name} ${rdName(sf, rd)}, ${gsp(sf, rn)}, #${imm12}, lsl #${shift}`,
  );
}
form(
  "movSp",
  [SF, RD, RN],
  a64.movSp,
  (sf, rd, rn) => `add ${gsp(sf, rd)}, ${gsp(sf, rn)}, #0`,
);

const SHIFTED: [string, Encode, Field][] = [
  ["add", a64.add, SHIFT_NO_ROR],
  ["adds", a64.adds, SHIFT_NO_ROR],
  ["sub", a64.sub, SHIFT_NO_ROR],
  ["subs", a64.subs, SHIFT_NO_ROR],
  ["and", a64.and, SHIFT],
  ["bic", a64.bic, SHIFT],
  ["orr", a64.orr, SHIFT],
  ["orn", a64.orn, SHIFT],
  ["eor", a64.eor, SHIFT],
  ["eon", a64.eon, SHIFT],
  ["ands", a64.ands, SHIFT],
  ["bics", a64.bics, SHIFT],
];
for (const [name, encode, shift] of SHIFTED) {
  form(
    name,
    [SF, RD, RN, RM],
    encode,
    (sf, rd, rn, rm) => `${name} ${g(sf, rd)}, ${g(sf, rn)}, ${g(sf, rm)}`,
  );
  form(
    `${name} shifted`,
    [SF, RD, RN, RM, shift, AMOUNT],
    encode,
    (sf, rd, rn, rm, shift, amount) =>
      `${name} ${g(sf, rd)}, ${g(sf, rn)}, ${g(sf, rm)}, ${SHIFTS[shift]} #${amount}`,
  );
}
const SHIFTED_2: [string, Encode, string, Field][] = [
  ["cmp", a64.cmp, "rn", SHIFT_NO_ROR],
  ["cmn", a64.cmn, "rn", SHIFT_NO_ROR],
  ["neg", a64.neg, "rd", SHIFT_NO_ROR],
  ["negs", a64.negs, "rd", SHIFT_NO_ROR],
  ["tst", a64.tst, "rn", SHIFT],
  ["mvn", a64.mvn, "rd", SHIFT],
];
for (const [name, encode, first, shift] of SHIFTED_2) {
  form(
    name,
    [SF, register(first), RM],
    encode,
    (sf, r, rm) => `${name} ${g(sf, r)}, ${g(sf, rm)}`,
  );
  form(
    `${name} shifted`,
    [SF, register(first), RM, shift, AMOUNT],
    encode,
    (sf, r, rm, shift, amount) => `${name} ${g(sf, r)}, ${g(sf, rm)}, ${SHIFTS[shift]} #${amount}`,
  );
}
form("mov", [SF, RD, RM], a64.mov, (sf, rd, rm) => `mov ${g(sf, rd)}, ${g(sf, rm)}`);

/** The width of an extended operand: X for uxtx and sxtx of X instructions. */
const extWidth = (sf: number, extend: number) => sf === 1 && (extend & 3) === 3 ? 1 : 0;
const EXTENDED: [string, Encode][] = [
  ["add", a64.addExt],
  ["adds", a64.addsExt],
  ["sub", a64.subExt],
  ["subs", a64.subsExt],
];
for (const [name, encode] of EXTENDED) {
  const rdName = name.endsWith("s") ? g : gsp;
  form(
    `${name}Ext`,
    [SF, RD, RN, RM, EXTEND, EXTEND_AMOUNT],
    encode,
    (sf, rd, rn, rm, extend, amount) =>
      `${name} ${rdName(sf, rd)}, ${gsp(sf, rn)}, ${g(extWidth(sf, extend), rm)}, ${
        EXTENDS[extend]
      } #${amount}`,
  );
}
for (const [name, encode] of [["cmp", a64.cmpExt], ["cmn", a64.cmnExt]] as [string, Encode][]) {
  form(
    `${name}Ext`,
    [SF, RN, RM, EXTEND, EXTEND_AMOUNT],
    encode,
    (sf, rn, rm, extend, amount) =>
      `${name} ${gsp(sf, rn)}, ${g(extWidth(sf, extend), rm)}, ${EXTENDS[extend]} #${amount}`,
  );
}

/** Forms `name rd, rn, rm` of one width. */
function threeRegisters(list: Record<string, Encode>): void {
  for (const [name, encode] of Object.entries(list)) {
    form(
      name,
      [SF, RD, RN, RM],
      encode,
      (sf, rd, rn, rm) => `${name} ${g(sf, rd)}, ${g(sf, rn)}, ${g(sf, rm)}`,
    );
  }
}
threeRegisters({ adc: a64.adc, adcs: a64.adcs, sbc: a64.sbc, sbcs: a64.sbcs });

const hex = (sf: number, fields: number) => `#0x${bitmaskValue(fields, sf ? 64 : 32).toString(16)}`;
const LOGICAL_IMM: [string, Encode][] = [
  ["and", a64.andImm],
  ["orr", a64.orrImm],
  ["eor", a64.eorImm],
  ["ands", a64.andsImm],
];
for (const [name, encode] of LOGICAL_IMM) {
  const rdName = name === "ands" ? g : gsp;
  form(
    `${name}Imm`,
    [SF, RD, RN, BITMASK],
    encode,
    (sf, rd, rn, fields) => `${name} ${rdName(sf, rd)}, ${g(sf, rn)}, ${hex(sf, fields)}`,
  );
}
form(
  "tstImm",
  [SF, RN, BITMASK],
  a64.tstImm,
  (sf, rn, fields) => `tst ${g(sf, rn)}, ${hex(sf, fields)}`,
);
form(
  "movBitmask",
  [SF, RD, BITMASK],
  a64.movBitmask,
  (sf, rd, fields) => `orr ${gsp(sf, rd)}, ${g(sf, 31)}, ${hex(sf, fields)}`,
);

for (
  const [name, encode] of Object.entries({ movz: a64.movz, movn: a64.movn, movk: a64.movk })
) {
  form(
    name,
    [SF, RD, IMM16, HW],
    encode as Encode,
    (sf, rd, imm, shift) => `${name} ${g(sf, rd)}, #${imm}, lsl #${shift}`,
  );
}
form(
  "adr",
  [RD, range("offset", -(2 ** 20), 2 ** 20 - 1)],
  a64.adr,
  (rd, offset) => `adr ${g(1, rd)}, . + ${offset}`,
);
form(
  "adrp",
  [RD, range("offset", -(2 ** 32), 2 ** 32 - 4096, 4096)],
  a64.adrp,
  (rd, offset) => `adrp ${g(1, rd)}, . + ${offset}`,
  false,
);
for (
  const [name, encode] of Object.entries({ sbfm: a64.sbfm, bfm: a64.bfm, ubfm: a64.ubfm })
) {
  form(
    name,
    [SF, RD, RN, amount("immr"), amount("imms")],
    encode,
    (sf, rd, rn, immr, imms) => `${name} ${g(sf, rd)}, ${g(sf, rn)}, #${immr}, #${imms}`,
  );
}
for (
  const [name, encode] of Object.entries({
    lsl: a64.lslImm,
    lsr: a64.lsrImm,
    asr: a64.asrImm,
    ror: a64.rorImm,
  })
) {
  form(
    `${name}Imm`,
    [SF, RD, RN, AMOUNT],
    encode,
    (sf, rd, rn, amount) => `${name} ${g(sf, rd)}, ${g(sf, rn)}, #${amount}`,
  );
}
form("sxtb", [SF, RD, RN], a64.sxtb, (sf, rd, rn) => `sxtb ${g(sf, rd)}, ${g(0, rn)}`);
form("sxth", [SF, RD, RN], a64.sxth, (sf, rd, rn) => `sxth ${g(sf, rd)}, ${g(0, rn)}`);
form("sxtw", [RD, RN], a64.sxtw, (rd, rn) => `sxtw ${g(1, rd)}, ${g(0, rn)}`);
form("uxtb", [RD, RN], a64.uxtb, (rd, rn) => `uxtb ${g(0, rd)}, ${g(0, rn)}`);
form("uxth", [RD, RN], a64.uxth, (rd, rn) => `uxth ${g(0, rd)}, ${g(0, rn)}`);
for (
  const [name, encode] of Object.entries({
    ubfx: a64.ubfx,
    sbfx: a64.sbfx,
    bfxil: a64.bfxil,
    ubfiz: a64.ubfiz,
    sbfiz: a64.sbfiz,
    bfi: a64.bfi,
  })
) {
  form(
    name,
    [SF, RD, RN, amount("lsb"), (args) => range("width", 1, (args[0] ? 64 : 32) - args[3])],
    encode,
    (sf, rd, rn, lsb, width) => `${name} ${g(sf, rd)}, ${g(sf, rn)}, #${lsb}, #${width}`,
  );
}
form(
  "extr",
  [SF, RD, RN, RM, amount("lsb")],
  a64.extr,
  (sf, rd, rn, rm, lsb) => `extr ${g(sf, rd)}, ${g(sf, rn)}, ${g(sf, rm)}, #${lsb}`,
);

for (
  const [name, encode] of Object.entries({
    rbit: a64.rbit,
    rev16: a64.rev16,
    rev: a64.rev,
    clz: a64.clz,
    cls: a64.cls,
  })
) {
  form(name, [SF, RD, RN], encode, (sf, rd, rn) => `${name} ${g(sf, rd)}, ${g(sf, rn)}`);
}
form("rev32", [RD, RN], a64.rev32, (rd, rn) => `rev32 ${g(1, rd)}, ${g(1, rn)}`);
threeRegisters({
  udiv: a64.udiv,
  sdiv: a64.sdiv,
  lslv: a64.lslv,
  lsrv: a64.lsrv,
  asrv: a64.asrv,
  rorv: a64.rorv,
});
for (const [name, encode] of Object.entries({ madd: a64.madd, msub: a64.msub })) {
  form(
    name,
    [SF, RD, RN, RM, RA],
    encode,
    (sf, rd, rn, rm, ra) => `${name} ${g(sf, rd)}, ${g(sf, rn)}, ${g(sf, rm)}, ${g(sf, ra)}`,
  );
}
threeRegisters({ mul: a64.mul, mneg: a64.mneg });
for (
  const [name, encode] of Object.entries({
    smaddl: a64.smaddl,
    smsubl: a64.smsubl,
    umaddl: a64.umaddl,
    umsubl: a64.umsubl,
  })
) {
  form(
    name,
    [RD, RN, RM, RA],
    encode,
    (rd, rn, rm, ra) => `${name} ${g(1, rd)}, ${g(0, rn)}, ${g(0, rm)}, ${g(1, ra)}`,
  );
}
for (const [name, encode] of Object.entries({ smull: a64.smull, umull: a64.umull })) {
  form(
    name,
    [RD, RN, RM],
    encode,
    (rd, rn, rm) => `${name} ${g(1, rd)}, ${g(0, rn)}, ${g(0, rm)}`,
  );
}
for (const [name, encode] of Object.entries({ smulh: a64.smulh, umulh: a64.umulh })) {
  form(
    name,
    [RD, RN, RM],
    encode,
    (rd, rn, rm) => `${name} ${g(1, rd)}, ${g(1, rn)}, ${g(1, rm)}`,
  );
}

for (
  const [name, encode] of Object.entries({
    csel: a64.csel,
    csinc: a64.csinc,
    csinv: a64.csinv,
    csneg: a64.csneg,
  })
) {
  form(
    name,
    [SF, RD, RN, RM, COND],
    encode,
    (sf, rd, rn, rm, cond) => `${name} ${g(sf, rd)}, ${g(sf, rn)}, ${g(sf, rm)}, ${CONDS[cond]}`,
  );
}
for (const [name, encode] of Object.entries({ cset: a64.cset, csetm: a64.csetm })) {
  form(name, [SF, RD, COND_INV], encode, (sf, rd, cond) => `${name} ${g(sf, rd)}, ${CONDS[cond]}`);
}
for (const [name, encode] of Object.entries({ cinc: a64.cinc, cinv: a64.cinv, cneg: a64.cneg })) {
  form(
    name,
    [SF, RD, RN, COND_INV],
    encode,
    (sf, rd, rn, cond) => `${name} ${g(sf, rd)}, ${g(sf, rn)}, ${CONDS[cond]}`,
  );
}
for (const [name, encode] of Object.entries({ ccmp: a64.ccmp, ccmn: a64.ccmn })) {
  form(
    name,
    [SF, RN, RM, NZCV, COND],
    encode,
    (sf, rn, rm, nzcv, cond) => `${name} ${g(sf, rn)}, ${g(sf, rm)}, #${nzcv}, ${CONDS[cond]}`,
  );
}
for (const [name, encode] of Object.entries({ ccmp: a64.ccmpImm, ccmn: a64.ccmnImm })) {
  form(
    `${name}Imm`,
    [SF, RN, range("imm5", 0, 31), NZCV, COND],
    encode,
    (sf, rn, imm5, nzcv, cond) => `${name} ${g(sf, rn)}, #${imm5}, #${nzcv}, ${CONDS[cond]}`,
  );
}

form("b", [branch(26)], a64.b, (offset) => `b . + ${offset}`);
form("bl", [branch(26)], a64.bl, (offset) => `bl . + ${offset}`);
form(
  "bCond",
  [COND, branch(19)],
  a64.bCond,
  (cond, offset) => `b.${CONDS[cond]} . + ${offset}`,
);
for (const [name, encode] of Object.entries({ cbz: a64.cbz, cbnz: a64.cbnz })) {
  form(
    name,
    [SF, RT, branch(19)],
    encode,
    (sf, rt, offset) => `${name} ${g(sf, rt)}, . + ${offset}`,
  );
}
for (const [name, encode] of Object.entries({ tbz: a64.tbz, tbnz: a64.tbnz })) {
  form(
    name,
    [RT, BIT, branch(14)],
    encode,
    (rt, bit, offset) => `${name} ${g(bit > 31 ? 1 : 0, rt)}, #${bit}, . + ${offset}`,
  );
}
for (const [name, encode] of Object.entries({ br: a64.br, blr: a64.blr, ret: a64.ret })) {
  form(name, [RN], encode as Encode, (rn) => `${name} ${g(1, rn)}`);
}
form("ret lr", [], () => a64.ret(), () => "ret");

// Loads and stores -----------------------------------------------------------------------------

interface AccessInfo {
  mnemonic: string;
  register(rt: number): string;
  scale: number;
  vector: boolean;
}

const accessInfo = (mnemonic: string, prefix: string, scale: number): AccessInfo => ({
  mnemonic,
  register: (rt) => prefix === "w" ? g(0, rt) : prefix === "x" ? g(1, rt) : `${prefix}${rt}`,
  scale,
  vector: prefix !== "w" && prefix !== "x",
});

const ACCESS: Record<keyof typeof a64.Access, AccessInfo> = {
  STRB: accessInfo("strb", "w", 0),
  LDRB: accessInfo("ldrb", "w", 0),
  LDRSB_X: accessInfo("ldrsb", "x", 0),
  LDRSB_W: accessInfo("ldrsb", "w", 0),
  STR_B: accessInfo("str", "b", 0),
  LDR_B: accessInfo("ldr", "b", 0),
  STR_Q: accessInfo("str", "q", 4),
  LDR_Q: accessInfo("ldr", "q", 4),
  STRH: accessInfo("strh", "w", 1),
  LDRH: accessInfo("ldrh", "w", 1),
  LDRSH_X: accessInfo("ldrsh", "x", 1),
  LDRSH_W: accessInfo("ldrsh", "w", 1),
  STR_H: accessInfo("str", "h", 1),
  LDR_H: accessInfo("ldr", "h", 1),
  STR_W: accessInfo("str", "w", 2),
  LDR_W: accessInfo("ldr", "w", 2),
  LDRSW: accessInfo("ldrsw", "x", 2),
  STR_S: accessInfo("str", "s", 2),
  LDR_S: accessInfo("ldr", "s", 2),
  STR_X: accessInfo("str", "x", 3),
  LDR_X: accessInfo("ldr", "x", 3),
  STR_D: accessInfo("str", "d", 3),
  LDR_D: accessInfo("ldr", "d", 3),
};

for (const [name, info] of Object.entries(ACCESS)) {
  const access = a64.Access[name as keyof typeof a64.Access];
  const { mnemonic, register: r, scale, vector } = info;
  const rnBack = vector ? RN : registerUnlike("rn", true, 0);
  const step = 1 << scale;
  form(
    `loadStoreUnsigned ${name}`,
    [RT, RN, range("offset", 0, 4095 * step, step)],
    (rt, rn, offset) => a64.loadStoreUnsigned(access, rt, rn, offset),
    (rt, rn, offset) => `${mnemonic} ${r(rt)}, [${gsp(1, rn)}, #${offset}]`,
  );
  form(
    `loadStoreUnscaled ${name}`,
    [RT, RN, range("offset", -256, 255)],
    (rt, rn, offset) => a64.loadStoreUnscaled(access, rt, rn, offset),
    (rt, rn, offset) =>
      `${mnemonic.slice(0, 2)}u${mnemonic.slice(2)} ${r(rt)}, [${gsp(1, rn)}, #${offset}]`,
  );
  form(
    `loadStorePre ${name}`,
    [RT, rnBack, range("offset", -256, 255)],
    (rt, rn, offset) => a64.loadStorePre(access, rt, rn, offset),
    (rt, rn, offset) => `${mnemonic} ${r(rt)}, [${gsp(1, rn)}, #${offset}]!`,
  );
  form(
    `loadStorePost ${name}`,
    [RT, rnBack, range("offset", -256, 255)],
    (rt, rn, offset) => a64.loadStorePost(access, rt, rn, offset),
    (rt, rn, offset) => `${mnemonic} ${r(rt)}, [${gsp(1, rn)}], #${offset}`,
  );
  form(
    `loadStoreRegister ${name}`,
    [RT, RN, RM, oneOf("extend", [2, 3, 6, 7], [0, 1, 4, 5]), range("shifted", 0, 1)],
    (rt, rn, rm, extend, shifted) => a64.loadStoreRegister(access, rt, rn, rm, extend, shifted),
    (rt, rn, rm, extend, shifted) => {
      const how = extend === 3 ? "lsl" : EXTENDS[extend];
      // An lsl without amount means lsl #0 with S clear; a byte access tells them apart.
      const tail = shifted === 1 ? `, ${how} #${scale}` : extend === 3 ? "" : `, ${how}`;
      return `${mnemonic} ${r(rt)}, [${gsp(1, rn)}, ${g(extend & 1, rm)}${tail}]`;
    },
  );
}
const NAMED_SF: [string, Encode, number, boolean][] = [
  ["ldr", a64.ldr, 0, true],
  ["str", a64.str, 0, true],
  ["ldrsb", a64.ldrsb, 1, false],
  ["ldrsh", a64.ldrsh, 2, false],
];
for (const [name, encode, size, sized] of NAMED_SF) {
  form(
    name,
    [SF, RT, RN, (args) => {
      const step = sized ? (args[0] ? 8 : 4) : size;
      return range("offset", 0, 4095 * step, step);
    }],
    encode,
    (sf, rt, rn, offset) => `${name} ${g(sf, rt)}, [${gsp(1, rn)}, #${offset}]`,
  );
}
const NAMED: [string, Encode, number][] = [
  ["ldrb", a64.ldrb, 1],
  ["strb", a64.strb, 1],
  ["ldrh", a64.ldrh, 2],
  ["strh", a64.strh, 2],
  ["ldrsw", a64.ldrsw, 4],
];
for (const [name, encode, step] of NAMED) {
  form(
    name,
    [RT, RN, range("offset", 0, 4095 * step, step)],
    encode,
    (rt, rn, offset) => `${name} ${g(name === "ldrsw" ? 1 : 0, rt)}, [${gsp(1, rn)}, #${offset}]`,
  );
}
for (const [name, encode] of [["ldr", a64.ldrFp], ["str", a64.strFp]] as [string, Encode][]) {
  form(
    `${name}Fp`,
    [
      TYPE,
      RT,
      RN,
      (args) => range("offset", 0, 4095 * (args[0] ? 8 : 4), args[0] ? 8 : 4),
    ],
    encode,
    (type, rt, rn, offset) => `${name} ${f(type, rt)}, [${gsp(1, rn)}, #${offset}]`,
  );
}

const PAIR: Record<keyof typeof a64.Pair, AccessInfo> = {
  STP_W: accessInfo("stp", "w", 2),
  LDP_W: accessInfo("ldp", "w", 2),
  STP_S: accessInfo("stp", "s", 2),
  LDP_S: accessInfo("ldp", "s", 2),
  LDPSW: accessInfo("ldpsw", "x", 2),
  STP_D: accessInfo("stp", "d", 3),
  LDP_D: accessInfo("ldp", "d", 3),
  STP_X: accessInfo("stp", "x", 3),
  LDP_X: accessInfo("ldp", "x", 3),
  STP_Q: accessInfo("stp", "q", 4),
  LDP_Q: accessInfo("ldp", "q", 4),
};
for (const [name, info] of Object.entries(PAIR)) {
  const pair = a64.Pair[name as keyof typeof a64.Pair];
  const { mnemonic, register: r, scale, vector } = info;
  const rt2 = pair & 1 ? registerUnlike("rt2", false, 0) : register("rt2");
  const rnBack = vector ? RN : registerUnlike("rn", true, 0, 1);
  const offset = range("offset", -64 << scale, 63 << scale, 1 << scale);
  form(
    `pairOffset ${name}`,
    [RT, rt2, RN, offset],
    (rt, rt2, rn, offset) => a64.pairOffset(pair, rt, rt2, rn, offset),
    (rt, rt2, rn, offset) => `${mnemonic} ${r(rt)}, ${r(rt2)}, [${gsp(1, rn)}, #${offset}]`,
  );
  form(
    `pairPre ${name}`,
    [RT, rt2, rnBack, offset],
    (rt, rt2, rn, offset) => a64.pairPre(pair, rt, rt2, rn, offset),
    (rt, rt2, rn, offset) => `${mnemonic} ${r(rt)}, ${r(rt2)}, [${gsp(1, rn)}, #${offset}]!`,
  );
  form(
    `pairPost ${name}`,
    [RT, rt2, rnBack, offset],
    (rt, rt2, rn, offset) => a64.pairPost(pair, rt, rt2, rn, offset),
    (rt, rt2, rn, offset) => `${mnemonic} ${r(rt)}, ${r(rt2)}, [${gsp(1, rn)}], #${offset}`,
  );
}
const NAMED_PAIR: [string, Encode, boolean][] = [
  ["ldp", a64.ldp, false],
  ["stp", a64.stp, false],
  ["ldp", a64.ldpFp, true],
  ["stp", a64.stpFp, true],
];
for (const [name, encode, fp] of NAMED_PAIR) {
  const r = fp ? f : g;
  form(
    fp ? `${name}Fp` : name,
    [
      fp ? TYPE : SF,
      RT,
      name === "ldp" ? registerUnlike("rt2", false, 1) : register("rt2"),
      RN,
      (args) => args[0] ? range("offset", -512, 504, 8) : range("offset", -256, 252, 4),
    ],
    encode,
    (size, rt, rt2, rn, offset) =>
      `${name} ${r(size, rt)}, ${r(size, rt2)}, [${gsp(1, rn)}, #${offset}]`,
  );
}
const LITERAL: Record<keyof typeof a64.Literal, AccessInfo> = {
  LDR_W: accessInfo("ldr", "w", 2),
  LDR_S: accessInfo("ldr", "s", 2),
  LDR_X: accessInfo("ldr", "x", 3),
  LDR_D: accessInfo("ldr", "d", 3),
  LDRSW: accessInfo("ldrsw", "x", 2),
  LDR_Q: accessInfo("ldr", "q", 4),
};
for (const [name, info] of Object.entries(LITERAL)) {
  const literal = a64.Literal[name as keyof typeof a64.Literal];
  form(
    `loadLiteral ${name}`,
    [RT, branch(19)],
    (rt, offset) => a64.loadLiteral(literal, rt, offset),
    (rt, offset) => `${info.mnemonic} ${info.register(rt)}, . + ${offset}`,
  );
}
const SIZE = range("size", 0, 3);
const SUFFIX = ["b", "h", "", ""];
for (
  const [name, encode] of Object.entries({
    ldxr: a64.ldxr,
    ldaxr: a64.ldaxr,
    ldar: a64.ldar,
    stlr: a64.stlr,
  })
) {
  form(
    name,
    [SIZE, RT, RN],
    encode,
    (size, rt, rn) => `${name}${SUFFIX[size]} ${g(size === 3 ? 1 : 0, rt)}, [${gsp(1, rn)}]`,
  );
}
for (const [name, encode] of Object.entries({ stxr: a64.stxr, stlxr: a64.stlxr })) {
  form(
    name,
    [SIZE, register("rs"), registerUnlike("rt", false, 1), registerUnlike("rn", true, 1)],
    encode,
    (size, rs, rt, rn) =>
      `${name}${SUFFIX[size]} ${g(0, rs)}, ${g(size === 3 ? 1 : 0, rt)}, [${gsp(1, rn)}]`,
  );
}

// Floating point -------------------------------------------------------------------------------

for (
  const [name, encode] of Object.entries({
    fmul: a64.fmul,
    fdiv: a64.fdiv,
    fadd: a64.fadd,
    fsub: a64.fsub,
    fmax: a64.fmax,
    fmin: a64.fmin,
    fmaxnm: a64.fmaxnm,
    fminnm: a64.fminnm,
    fnmul: a64.fnmul,
  })
) {
  form(
    name,
    [TYPE, RD, RN, RM],
    encode,
    (type, rd, rn, rm) => `${name} ${f(type, rd)}, ${f(type, rn)}, ${f(type, rm)}`,
  );
}
for (
  const [name, encode] of Object.entries({
    fmov: a64.fmov,
    fabs: a64.fabs,
    fneg: a64.fneg,
    fsqrt: a64.fsqrt,
    frintn: a64.frintn,
    frintp: a64.frintp,
    frintm: a64.frintm,
    frintz: a64.frintz,
    frinta: a64.frinta,
    frintx: a64.frintx,
    frinti: a64.frinti,
  })
) {
  form(name, [TYPE, RD, RN], encode, (type, rd, rn) => `${name} ${f(type, rd)}, ${f(type, rn)}`);
}
form("fcvtSToD", [RD, RN], a64.fcvtSToD, (rd, rn) => `fcvt d${rd}, s${rn}`);
form("fcvtDToS", [RD, RN], a64.fcvtDToS, (rd, rn) => `fcvt s${rd}, d${rn}`);
for (
  const [name, encode] of Object.entries({
    fmadd: a64.fmadd,
    fmsub: a64.fmsub,
    fnmadd: a64.fnmadd,
    fnmsub: a64.fnmsub,
  })
) {
  form(
    name,
    [TYPE, RD, RN, RM, RA],
    encode,
    (type, rd, rn, rm, ra) =>
      `${name} ${f(type, rd)}, ${f(type, rn)}, ${f(type, rm)}, ${f(type, ra)}`,
  );
}
for (const [name, encode] of Object.entries({ fcmp: a64.fcmp, fcmpe: a64.fcmpe })) {
  form(name, [TYPE, RN, RM], encode, (type, rn, rm) => `${name} ${f(type, rn)}, ${f(type, rm)}`);
}
for (const [name, encode] of Object.entries({ fcmp: a64.fcmpZero, fcmpe: a64.fcmpeZero })) {
  form(`${name}Zero`, [TYPE, RN], encode, (type, rn) => `${name} ${f(type, rn)}, #0.0`);
}
for (const [name, encode] of Object.entries({ fccmp: a64.fccmp, fccmpe: a64.fccmpe })) {
  form(
    name,
    [TYPE, RN, RM, NZCV, COND],
    encode,
    (type, rn, rm, nzcv, cond) =>
      `${name} ${f(type, rn)}, ${f(type, rm)}, #${nzcv}, ${CONDS[cond]}`,
  );
}
form(
  "fcsel",
  [TYPE, RD, RN, RM, COND],
  a64.fcsel,
  (type, rd, rn, rm, cond) =>
    `fcsel ${f(type, rd)}, ${f(type, rn)}, ${f(type, rm)}, ${CONDS[cond]}`,
);
form(
  "fmovImm",
  [TYPE, RD, range("imm8", 0, 255)],
  a64.fmovImm,
  (type, rd, imm8) => `fmov ${f(type, rd)}, #${decimal(fpValue(imm8))}`,
);
for (
  const [name, encode] of Object.entries({
    fcvtzs: a64.fcvtzs,
    fcvtzu: a64.fcvtzu,
    fcvtns: a64.fcvtns,
    fcvtnu: a64.fcvtnu,
    fcvtms: a64.fcvtms,
    fcvtmu: a64.fcvtmu,
    fcvtps: a64.fcvtps,
    fcvtpu: a64.fcvtpu,
    fcvtas: a64.fcvtas,
    fcvtau: a64.fcvtau,
  })
) {
  form(
    name,
    [SF, TYPE, RD, RN],
    encode,
    (sf, type, rd, rn) => `${name} ${g(sf, rd)}, ${f(type, rn)}`,
  );
}
for (const [name, encode] of Object.entries({ scvtf: a64.scvtf, ucvtf: a64.ucvtf })) {
  form(
    name,
    [SF, TYPE, RD, RN],
    encode,
    (sf, type, rd, rn) => `${name} ${f(type, rd)}, ${g(sf, rn)}`,
  );
}
form("fmovToGpr", [SF, RD, RN], a64.fmovToGpr, (sf, rd, rn) => `fmov ${g(sf, rd)}, ${f(sf, rn)}`);
form(
  "fmovFromGpr",
  [SF, RD, RN],
  a64.fmovFromGpr,
  (sf, rd, rn) => `fmov ${f(sf, rd)}, ${g(sf, rn)}`,
);

const bytes = (q: number) => q ? "16b" : "8b";
form(
  "cnt",
  [Q, RD, RN],
  a64.cnt,
  (q, rd, rn) => `cnt v${rd}.${bytes(q)}, v${rn}.${bytes(q)}`,
);
form("addv", [Q, RD, RN], a64.addv, (q, rd, rn) => `addv b${rd}, v${rn}.${bytes(q)}`);
form("uaddlv", [Q, RD, RN], a64.uaddlv, (q, rd, rn) => `uaddlv h${rd}, v${rn}.${bytes(q)}`);

// System ---------------------------------------------------------------------------------------

form("nop", [], a64.nop, () => "nop");
form("bti", [range("targets", 0, 3)], a64.bti, (t) => ["bti", "bti c", "bti j", "bti jc"][t]);
for (const [name, encode] of Object.entries({ brk: a64.brk, hlt: a64.hlt, svc: a64.svc })) {
  form(name, [IMM16], encode, (imm) => `${name} #${imm}`);
}
const OPTION = oneOf("option", Object.values(a64.Barrier), [0, 4, 8, 12, 16]);
const OPTION_NAMES = new Map<number, string>();
for (const [name, value] of Object.entries(a64.Barrier)) {
  OPTION_NAMES.set(value, name.toLowerCase());
}
form("dmb", [OPTION], a64.dmb, (option) => `dmb ${OPTION_NAMES.get(option)}`);
form("dsb", [OPTION], a64.dsb, (option) => `dsb ${OPTION_NAMES.get(option)}`);
form("isb", [], a64.isb, () => "isb");
form("clrex", [], a64.clrex, () => "clrex");
form("dcCvau", [RT], a64.dcCvau, (rt) => `dc cvau, ${g(1, rt)}`);
form("icIvau", [RT], a64.icIvau, (rt) => `ic ivau, ${g(1, rt)}`);
const SYSREG_NAMES = new Map<number, string>();
for (const [name, value] of Object.entries(a64.SystemReg)) {
  SYSREG_NAMES.set(value, name.toLowerCase());
}
const READ_ONLY: number[] = [a64.SystemReg.CTR_EL0, a64.SystemReg.CNTVCT_EL0];
form(
  "mrs",
  [RT, oneOf("sysreg", Object.values(a64.SystemReg), [0, 0xda11])],
  a64.mrs,
  (rt, sysreg) => `mrs ${g(1, rt)}, ${SYSREG_NAMES.get(sysreg)}`,
);
form(
  "msr",
  [
    oneOf("sysreg", Object.values(a64.SystemReg).filter((r) => !READ_ONLY.includes(r)), READ_ONLY),
    RT,
  ],
  a64.msr,
  (sysreg, rt) => `msr ${SYSREG_NAMES.get(sysreg)}, ${g(1, rt)}`,
);
