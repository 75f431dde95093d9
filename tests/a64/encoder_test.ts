/**
 * The A64 encoder against GNU as, word by word, over every field's edges and random operands;
 * against its golden file, on every machine; and its refusals. `BURIN_TEST_SEED` chooses the random
 * operands; every failure names the seed.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import * as a64 from "../../src/a64/encoder.ts";
import { assemble, disassemble, hasTool, rejectedLines } from "../harness/binutils.ts";
import { bitmaskValue, cases, fieldOf, FORMS, fpValue, operands, Random } from "./forms.ts";

const SEED = Number(Deno.env.get("BURIN_TEST_SEED") ?? (Math.random() * 0x7fffffff) | 0);
const GOLDEN = `${import.meta.dirname}/../golden/a64_encoder.txt`;
const BINUTILS = hasTool("a64");

function skipped(what: string): boolean {
  if (!BINUTILS) console.log(`skipped: ${what} needs GNU binutils for aarch64`);
  return !BINUTILS;
}

function hexWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

Deno.test("a64 encoder: equals GNU as over edges and random operands", async () => {
  if (skipped("comparing with GNU as")) return;
  const list = cases(SEED, 20).filter(({ form }) => form.assembles);
  const source = list.map(({ form, args }) => form.text(...args)).join("\n");
  const expected = wordsOf(await assemble("a64", `.arch armv8.5-a\n${source}`));
  assertEquals(expected.length, list.length);
  list.forEach(({ form, args }, i) => {
    const word = form.encode(...args);
    assertEquals(
      hexWord(word),
      hexWord(expected[i]),
      `${form.name}(${args.join(", ")}) against "${form.text(...args)}", seed ${SEED}`,
    );
    assertEquals(word, word | 0, `${form.name} does not return a signed 32-bit number`);
  });
});

Deno.test("a64 encoder: adrp equals objdump's reading", async () => {
  if (skipped("comparing adrp with objdump")) return;
  const random = new Random(SEED);
  const form = FORMS.find(({ name }) => name === "adrp")!;
  const list = Array.from({ length: 60 }, (_, i) => operands(form, random, i < 7 ? 1 : -1, i));
  const words = Int32Array.from(list, (args) => form.encode(...args));
  const start = 0x7f0000000000;
  const lines = await disassemble("a64", new Uint8Array(words.buffer), start);
  list.forEach(([rd, offset], i) => {
    const register = rd === 31 ? "xzr" : `x${rd}`;
    const expected = `${(4 * i).toString(16)}: adrp ${register}, 0x${
      (start + offset).toString(16)
    }`;
    assertEquals(lines[i], expected, `seed ${SEED}`);
  });
});

Deno.test("a64 encoder: golden words", () => {
  const random = new Random(64);
  const lines: string[] = [];
  for (const form of FORMS) {
    // The last field is the immediate where there is one: its first edge, then any value.
    for (let edge = 0; edge < (form.fields.length === 0 ? 1 : 2); edge++) {
      const args = operands(form, random, edge === 0 ? form.fields.length - 1 : -1);
      lines.push(`${hexWord(form.encode(...args))}  ${form.text(...args)}\n`);
    }
  }
  assert(lines.length > 500);
  assertSnapshot(null, lines.join(""), { path: GOLDEN });
});

Deno.test("a64 encoder: GNU as agrees with the golden words", async () => {
  if (skipped("assembling the golden file")) return;
  const lines = Deno.readTextFileSync(GOLDEN).trimEnd().split("\n")
    .map((line) => [line.slice(0, 8), line.slice(10)])
    .filter(([, text]) => !text.startsWith("adrp"));
  const source = lines.map(([, text]) => text).join("\n");
  const words = wordsOf(await assemble("a64", `.arch armv8.5-a\n${source}`));
  assertEquals(Array.from(words, hexWord), lines.map(([word]) => word));
});

/** The instruction a wrapper stands for, whose name its messages may carry. */
const ALIAS_OF: Record<string, string> = {
  cmp: "subs",
  cmn: "adds",
  neg: "sub",
  negs: "subs",
  tst: "ands",
  mvn: "orn",
  mov: "orr",
  movsp: "add",
  movbitmask: "orr",
  lsl: "ubfm",
  lsr: "ubfm",
  asr: "sbfm",
  ror: "extr",
  sxtb: "sbfm",
  sxth: "sbfm",
  sxtw: "sbfm",
  uxtb: "ubfm",
  uxth: "ubfm",
  ubfx: "ubfm",
  sbfx: "sbfm",
  bfxil: "bfm",
  ubfiz: "ubfm",
  sbfiz: "sbfm",
  bfi: "bfm",
  rev: "rev64",
  smull: "smaddl",
  umull: "umaddl",
  cset: "csinc",
  csetm: "csinv",
  cinc: "csinc",
  cinv: "csinv",
  cneg: "csneg",
  bcond: "b.cond",
  ldrb: "ldrb",
  fmovtogpr: "fmov",
  fmovfromgpr: "fmov",
  fcvtstod: "fcvt",
  fcvtdtos: "fcvt",
  dccvau: "dc cvau",
  icivau: "ic ivau",
};

Deno.test("a64 encoder: refuses every bad field by name", () => {
  const random = new Random(SEED);
  let refusals = 0;
  for (const form of FORMS) {
    const words = form.name.toLowerCase().split(" ");
    const mnemonic = words[0].startsWith("loadstore") || words[0].startsWith("pair") ||
        words[0] === "loadliteral" || words[0].startsWith("addsubimm")
      ? words[1]
      : words[0].replace(/(imm|ext|fp|zero)$/, "");
    const names = [mnemonic, ALIAS_OF[mnemonic]];
    form.fields.forEach((rule, i) => {
      const good = operands(form, random);
      const field = fieldOf(rule, good);
      for (const bad of field.bad) {
        const args = good.with(i, bad);
        const call = `${form.name}(${args.join(", ")}), seed ${SEED}`;
        const error = assertThrows(() => form.encode(...args), RangeError, undefined, call);
        const [, insn, name, value] = /^([^:]+): (\w+) must be .+, got (.+)$/.exec(error.message)!;
        assertEquals([name, value], [field.name, `${bad}`], `${call}: ${error.message}`);
        assert(
          names.includes(insn) || names.some((n) => n && insn.startsWith(`${n}_`)) ||
            /^rev/.test(insn),
          `${call} names "${insn}", not ${names}`,
        );
        refusals++;
      }
    });
  }
  assert(refusals > 5000, `${refusals}`);
});

Deno.test("a64 encoder: refuses operations a layout does not have", () => {
  const layouts: [(op: number) => number, Record<string, number>][] = [
    [(op) => a64.addSubImmediate(op, 1, 0, 0, 0, 0), a64.AddSub],
    [(op) => a64.addSubShifted(op, 1, 0, 0, 0, 0, 0), a64.AddSub],
    [(op) => a64.addSubExtended(op, 1, 0, 0, 0, 0, 0), a64.AddSub],
    [(op) => a64.addSubCarry(op, 1, 0, 0, 0), a64.AddSub],
    [(op) => a64.logicalShifted(op, 1, 0, 0, 0, 0, 0), a64.Logical],
    [(op) => a64.logicalImm(op, 1, 0, 0, 0x1000), a64.LogicalImm],
    [(op) => a64.moveWide(op, 1, 0, 0, 0), a64.MoveWide],
    [(op) => a64.bitfield(op, 1, 0, 0, 0, 0), a64.Bitfield],
    [(op) => a64.dataProc1(op, 1, 0, 0), a64.DataProc1],
    [(op) => a64.dataProc2(op, 1, 0, 0, 0), a64.DataProc2],
    [(op) => a64.multiplyLong(op, 0, 0, 0, 0), a64.MultiplyLong],
    [(op) => a64.condSelect(op, 1, 0, 0, 0, 0), a64.CondSelect],
    [(op) => a64.condCompare(op, 1, 0, 0, 0, 0), a64.CondCompare],
    [(op) => a64.condCompareImm(op, 1, 0, 0, 0, 0), a64.CondCompare],
    [(op) => a64.loadStoreUnsigned(op, 0, 1, 0), a64.Access],
    [(op) => a64.loadStoreUnscaled(op, 0, 1, 0), a64.Access],
    [(op) => a64.loadStoreOffset(op, 0, 1, 0), a64.Access],
    [(op) => a64.loadStorePre(op, 0, 1, 0), a64.Access],
    [(op) => a64.loadStorePost(op, 0, 1, 0), a64.Access],
    [(op) => a64.loadStoreRegister(op, 0, 1, 0, 3, 0), a64.Access],
    [(op) => a64.pairOffset(op, 0, 1, 2, 0), a64.Pair],
    [(op) => a64.pairPre(op, 0, 1, 2, 0), a64.Pair],
    [(op) => a64.pairPost(op, 0, 1, 2, 0), a64.Pair],
    [(op) => a64.loadLiteral(op, 0, 0), a64.Literal],
    [(op) => a64.fpArith(op, 1, 0, 0, 0), a64.FpArith],
    [(op) => a64.fpUnary(op, 1, 0, 0), a64.FpUnary],
    [(op) => a64.fpMultiplyAdd(op, 1, 0, 0, 0, 0), a64.FpMultiplyAdd],
    [(op) => a64.fpConvert(op, 1, 1, 0, 0), a64.FpConvert],
  ];
  for (const [encode, table] of layouts) {
    const known = new Set(Object.values(table));
    for (const op of [-1, 0.5, NaN, 64, ...Array(32).keys()]) {
      if (known.has(op)) encode(op);
      else assertThrows(() => encode(op), RangeError, `got ${op}`, `${encode} with op ${op}`);
    }
  }
});

Deno.test("a64 encoder: refuses unpredictable register combinations", () => {
  const refuse = (call: () => number, message: string) =>
    assertStringIncludes(assertThrows(call, RangeError).message, message);
  const { LDR_X, STR_W, LDR_D } = a64.Access;
  refuse(() => a64.loadStorePre(LDR_X, 3, 3, 8), "ldr_x: rt must be another register");
  refuse(() => a64.loadStorePost(STR_W, 0, 0, 8), "str_w: rt must be another register");
  a64.loadStorePost(LDR_D, 3, 3, 8);
  a64.loadStorePre(LDR_X, 31, 31, 8);
  refuse(() => a64.ldp(1, 4, 4, 0, 0), "ldp_x: rt2 must be another register than rt, got 4");
  refuse(() => a64.pairPost(a64.Pair.LDP_Q, 4, 4, 0, 0), "ldp_q: rt2 must be");
  a64.stp(1, 4, 4, 0, 0);
  refuse(() => a64.pairPre(a64.Pair.STP_X, 1, 2, 1, 16), "stp_x: rn must be a base");
  refuse(() => a64.pairPost(a64.Pair.LDP_W, 1, 2, 2, 16), "ldp_w: rn must be a base");
  a64.pairPost(a64.Pair.LDP_D, 1, 2, 2, 16);
  a64.pairPre(a64.Pair.STP_X, 31, 31, 31, 16);
  refuse(() => a64.stxr(3, 1, 1, 2), "stxr: rs must be another register");
  refuse(() => a64.stlxr(3, 1, 2, 1), "stlxr: rs must be another register");
  a64.stxr(3, 31, 2, 31);
});

Deno.test("a64 encoder: GNU as refuses the same immediates", async () => {
  if (skipped("comparing refusals with GNU as")) return;
  const LDR = a64.Access.LDR_X;
  const pairs: [string, () => number][] = [
    ["add x0, x1, #4097", () => a64.addImm(1, 0, 1, 4097)],
    ["add x0, x1, #0x1000000", () => a64.addImm(1, 0, 1, 0x1000000)],
    ["add x0, x1, #0xfff000", () => a64.addImm(1, 0, 1, 0xfff000)],
    ["add x0, x1, x2, ror #1", () => a64.add(1, 0, 1, 2, 3, 1)],
    ["add x0, x1, x2, lsl #64", () => a64.add(1, 0, 1, 2, 0, 64)],
    ["add x0, x1, x2, lsl #63", () => a64.add(1, 0, 1, 2, 0, 63)],
    ["add w0, w1, w2, lsl #32", () => a64.add(0, 0, 1, 2, 0, 32)],
    ["add w0, w1, w2, lsl #31", () => a64.add(0, 0, 1, 2, 0, 31)],
    ["add x0, x1, w2, uxtw #5", () => a64.addExt(1, 0, 1, 2, 2, 5)],
    ["add x0, x1, w2, uxtw #4", () => a64.addExt(1, 0, 1, 2, 2, 4)],
    ["movz w0, #1, lsl #32", () => a64.movz(0, 0, 1, 32)],
    ["movz x0, #1, lsl #48", () => a64.movz(1, 0, 1, 48)],
    ["movz x0, #1, lsl #8", () => a64.movz(1, 0, 1, 8)],
    ["movk x0, #65536", () => a64.movk(1, 0, 65536)],
    ["ubfx x0, x1, #60, #5", () => a64.ubfx(1, 0, 1, 60, 5)],
    ["ubfx x0, x1, #60, #4", () => a64.ubfx(1, 0, 1, 60, 4)],
    ["ubfx w0, w1, #0, #0", () => a64.ubfx(0, 0, 1, 0, 0)],
    ["lsl w0, w1, #32", () => a64.lslImm(0, 0, 1, 32)],
    ["lsl w0, w1, #31", () => a64.lslImm(0, 0, 1, 31)],
    ["extr w0, w1, w2, #32", () => a64.extr(0, 0, 1, 2, 32)],
    ["cset x0, al", () => a64.cset(1, 0, 14)],
    ["ccmp x0, #32, #0, eq", () => a64.ccmpImm(1, 0, 32, 0, 0)],
    ["ccmp x0, #31, #16, eq", () => a64.ccmpImm(1, 0, 31, 16, 0)],
    ["b . + 2", () => a64.b(2)],
    ["b . + 0x8000000", () => a64.b(0x8000000)],
    ["b . + 0x7fffffc", () => a64.b(0x7fffffc)],
    ["b . - 0x8000000", () => a64.b(-0x8000000)],
    ["b . - 0x8000004", () => a64.b(-0x8000004)],
    ["b.eq . + 0x100000", () => a64.bCond(0, 0x100000)],
    ["cbz x0, . + 0xffffc", () => a64.cbz(1, 0, 0xffffc)],
    ["cbz x0, . + 0x100000", () => a64.cbz(1, 0, 0x100000)],
    ["tbz x0, #64, .", () => a64.tbz(0, 64, 0)],
    ["tbz x0, #63, . + 0x7ffc", () => a64.tbz(0, 63, 0x7ffc)],
    ["tbz x0, #63, . + 0x8000", () => a64.tbz(0, 63, 0x8000)],
    ["adr x0, . + 0x100000", () => a64.adr(0, 0x100000)],
    ["adr x0, . + 0xfffff", () => a64.adr(0, 0xfffff)],
    ["ldr x0, [x1, #32768]", () => a64.loadStoreOffset(LDR, 0, 1, 32768)],
    ["ldr x0, [x1, #32760]", () => a64.loadStoreOffset(LDR, 0, 1, 32760)],
    ["ldr x0, [x1, #255]", () => a64.loadStoreOffset(LDR, 0, 1, 255)],
    ["ldr x0, [x1, #257]", () => a64.loadStoreOffset(LDR, 0, 1, 257)],
    ["ldr x0, [x1, #-256]", () => a64.loadStoreOffset(LDR, 0, 1, -256)],
    ["ldr x0, [x1, #-257]", () => a64.loadStoreOffset(LDR, 0, 1, -257)],
    ["ldr x0, [x1, #256]!", () => a64.loadStorePre(LDR, 0, 1, 256)],
    ["ldr x0, [x1], #-257", () => a64.loadStorePost(LDR, 0, 1, -257)],
    ["ldr x0, [x1, w2, uxtb]", () => a64.loadStoreRegister(LDR, 0, 1, 2, 0, 0)],
    ["ldp x0, x1, [x2, #512]", () => a64.ldp(1, 0, 1, 2, 512)],
    ["ldp x0, x1, [x2, #504]", () => a64.ldp(1, 0, 1, 2, 504)],
    ["ldp x0, x1, [x2, #4]", () => a64.ldp(1, 0, 1, 2, 4)],
    ["ldr x0, . + 2", () => a64.loadLiteral(a64.Literal.LDR_X, 0, 2)],
    ["brk #65536", () => a64.brk(65536)],
    ["msr ctr_el0, x0", () => a64.msr(a64.SystemReg.CTR_EL0, 0)],
  ];
  const lines = pairs.map(([text]) => text);
  const rejected = new Set(await rejectedLines("a64", lines));
  // GNU as only warns here: "specified register cannot be written to".
  rejected.add(lines.indexOf("msr ctr_el0, x0"));
  pairs.forEach(([text, encode], i) => {
    let ours = false;
    try {
      encode();
    } catch (error) {
      assert(error instanceof RangeError);
      ours = true;
    }
    assertEquals(ours, rejected.has(i), `${text}: refused by us ${ours}, by GNU as ${!ours}`);
  });
});

/** Every bitmask immediate of a register width, by element size, run length and rotation. */
function allBitmasks(width: 32 | 64): Map<bigint, number> {
  const all = new Map<bigint, number>();
  for (let size = 2; size <= width; size *= 2) {
    for (let ones = 1; ones < size; ones++) {
      for (let rotate = 0; rotate < size; rotate++) {
        const imms = (~(2 * size - 1) & 0x3f) | (ones - 1);
        const fields = (size === 64 ? 0x1000 : 0) | rotate << 6 | imms;
        all.set(bitmaskValue(fields, width), fields);
      }
    }
  }
  return all;
}

function encodeBitmask(value: bigint, width: 32 | 64): number {
  return a64.logicalImmediate(Number(value & 0xffffffffn), Number(value >> 32n) | 0, width);
}

for (const [width, count] of [[32, 1302], [64, 5334]] as const) {
  Deno.test(`a64 logicalImmediate: all ${count} patterns of ${width} bits and their neighbours`, () => {
    const all = allBitmasks(width);
    assertEquals(all.size, count);
    for (const [value, fields] of all) {
      assertEquals(encodeBitmask(value, width), fields, value.toString(16));
      for (let bit = 0n; bit < width; bit++) {
        const near = value ^ (1n << bit);
        const expected = all.get(near) ?? -1;
        if (encodeBitmask(near, width) !== expected) {
          assertEquals(encodeBitmask(near, width), expected, near.toString(16));
        }
      }
    }
    assertEquals(encodeBitmask(0n, width), -1);
    assertEquals(encodeBitmask((1n << BigInt(width)) - 1n, width), -1);
    const random = new Random(SEED);
    for (let i = 0; i < 20000; i++) {
      let value = 0n;
      for (let part = 0; part < 4; part++) {
        value = value << 16n | BigInt(random.of([0, 0xffff, random.below(65536)]));
      }
      value = BigInt.asUintN(width, value);
      if (encodeBitmask(value, width) !== (all.get(value) ?? -1)) {
        assertEquals(encodeBitmask(value, width), all.get(value) ?? -1, value.toString(16));
      }
    }
  });
}

Deno.test("a64 logicalImmediate: takes unsigned halves and ignores hi for 32 bits", () => {
  assertEquals(a64.logicalImmediate(0xffff0000, 0, 32), a64.logicalImmediate(-65536, 0, 32));
  assertEquals(a64.logicalImmediate(0xff, 123, 32), 7);
  assertEquals(
    a64.logicalImmediate(0xfffffff0, 0xffffffff, 64),
    a64.logicalImmediate(-16, -1, 64),
  );
});

Deno.test("a64 fpImmediate: all 256 values of both types and their neighbours", () => {
  const f64 = new Float64Array(1);
  const halves = new Int32Array(f64.buffer);
  const f32 = new Float32Array(1);
  const bits = new Int32Array(f32.buffer);
  for (let imm8 = 0; imm8 < 256; imm8++) {
    f64[0] = f32[0] = fpValue(imm8);
    assertEquals(a64.fpImmediate64(halves[0], halves[1]), imm8);
    assertEquals(a64.fpImmediate32(bits[0]), imm8);
    assertEquals(a64.fpImmediate64(1, halves[1]), -1);
    assertEquals(a64.fpImmediate64(halves[0], halves[1] | 1), -1);
    assertEquals(a64.fpImmediate64(halves[0], halves[1] | 0x8000), -1);
    assertEquals(a64.fpImmediate32(bits[0] | 1), -1);
    assertEquals(a64.fpImmediate32(bits[0] | 0x40000), -1);
  }
  let encodable = 0;
  for (let top = -0x8000; top < 0x8000; top++) {
    if (a64.fpImmediate64(0, top << 16) !== -1) encodable++;
  }
  assertEquals(encodable, 256, "high halves of an f64");
  encodable = 0;
  for (let top = -0x1000; top < 0x1000; top++) {
    if (a64.fpImmediate32(top << 19) !== -1) encodable++;
  }
  assertEquals(encodable, 256, "top 13 bits of an f32");
  for (const value of [0, -0, Infinity, -Infinity, NaN, 0.1, 32, 0.0625]) {
    f64[0] = f32[0] = value;
    assertEquals(a64.fpImmediate64(halves[0], halves[1]), -1, `${value}`);
    assertEquals(a64.fpImmediate32(bits[0]), -1, `${value}`);
  }
});

Deno.test("a64 isAddSubImmediate: agrees with addImm", () => {
  for (const value of [-1, 0, 1, 4095, 4096, 4097, 8192, 0xfff000, 0xfff001, 0x1000000, 0.5, NaN]) {
    let encodes = true;
    try {
      a64.addImm(1, 0, 0, value);
    } catch {
      encodes = false;
    }
    assertEquals(a64.isAddSubImmediate(value), encodes, `${value}`);
  }
});

Deno.test("a64 loadStoreOffset: picks the form and agrees with isLoadStoreOffset", () => {
  for (const access of Object.values(a64.Access)) {
    const size = 1 << a64.accessScale(access);
    const most = 4095 * size;
    for (const offset of [-257, -256, -1, 0, 1, size, 255, 256, 257, most, most + 1, most + size]) {
      const fits = a64.isLoadStoreOffset(access, offset);
      assertEquals(
        fits,
        offset >= 0 && offset <= most && offset % size === 0 || offset >= -256 && offset <= 255,
        `access ${access}, offset ${offset}`,
      );
      if (!fits) {
        assertThrows(() => a64.loadStoreOffset(access, 0, 1, offset), RangeError, `got ${offset}`);
        continue;
      }
      const scaled = offset >= 0 && offset % size === 0;
      assertEquals(
        a64.loadStoreOffset(access, 0, 1, offset),
        (scaled ? a64.loadStoreUnsigned : a64.loadStoreUnscaled)(access, 0, 1, offset),
      );
    }
  }
});

Deno.test("a64 withOffset: rewrites every PC-relative field and nothing else", () => {
  const random = new Random(SEED);
  const bitsOf = new Map<string, number>([
    ["b", 26],
    ["bl", 26],
    ["bCond", 19],
    ["cbz", 19],
    ["cbnz", 19],
    ["tbz", 14],
    ["tbnz", 14],
    ["adr", 21],
  ]);
  for (const name of Object.keys(a64.Literal)) bitsOf.set(`loadLiteral ${name}`, 19);
  for (const form of FORMS) {
    for (let i = 0; i < 20; i++) {
      const args = operands(form, random);
      const word = form.encode(...args);
      const bits = bitsOf.get(form.name);
      assertEquals(a64.offsetBits(word), bits ?? 0, form.name);
      if (bits === undefined) {
        assertThrows(() => a64.withOffset(word, 0), RangeError, hexWord(word));
        assertThrows(() => a64.readOffset(word), RangeError, hexWord(word));
        continue;
      }
      const at = form.fields.length - 1;
      assertEquals(a64.readOffset(word), args[at], form.name);
      const field = fieldOf(form.fields[at], args);
      for (const offset of field.edges) {
        assertEquals(a64.withOffset(word, offset), form.encode(...args.with(at, offset)));
      }
      for (const bad of field.bad) assertThrows(() => a64.withOffset(word, bad), RangeError);
    }
  }
});

Deno.test("a64 invertCond: flips all but al and nv", () => {
  for (let cond = 0; cond < 14; cond++) assertEquals(a64.invertCond(cond), cond ^ 1);
  for (const cond of [14, 15, 16, -1, 1.5]) {
    assertThrows(() => a64.invertCond(cond), RangeError, `got ${cond}`);
  }
});
