/**
 * Tests of the x86-64 encoder: every form against GNU as, every field's rejects, the golden file
 * for machines without binutils, and the buffer and its fix-ups.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import * as x64 from "../../src/x64/encoder.ts";
import { assemble, hasTool } from "../harness/binutils.ts";
import {
  allAddresses,
  allCases,
  allForms,
  type Case,
  caseOf,
  encode,
  random,
  toHex,
} from "./forms.ts";

const GOLDEN = new URL("../golden/x64_encoder.txt", import.meta.url).pathname;

/** Encodes `cases` one after the other and compares with what GNU as makes of their sources. */
async function compare(cases: Case[], seed: number): Promise<void> {
  const buf = new x64.X64Buffer(16);
  const ends = cases.map((c) => {
    c.form.fn(buf, ...c.args);
    return buf.length;
  });
  const source = [".intel_syntax noprefix", ...cases.map((c) => c.source)].join("\n");
  const expected = await assemble("x64", source);
  let start = 0;
  for (const [i, end] of ends.entries()) {
    const ours = toHex(buf.bytes.subarray(start, end));
    const theirs = toHex(expected.subarray(start, end));
    const { form, args } = cases[i];
    assertEquals(
      ours,
      theirs,
      `seed ${seed}: ${form.fn.name}(${args.join(", ")}) is "${cases[i].source}": ` +
        `encoder ${ours}, as ${toHex(expected.subarray(start, start + 15))}`,
    );
    start = end;
  }
  assertEquals(buf.length, expected.length);
}

Deno.test("x64 encoder: every form equals GNU as", async () => {
  if (!hasTool("x64")) {
    console.log("skipped: GNU as for x86-64 is not installed; the golden file is still checked");
    return;
  }
  const given = Deno.env.get("BURIN_SEED");
  const seed = given === undefined ? Date.now() & 0x7fffffff : Number(given);
  const rng = random(seed);
  await compare([...allCases(rng, 6), ...allAddresses(rng)], seed);
});

Deno.test("x64 encoder: the golden file", async (t) => {
  const rng = random(1);
  const cases = allForms().flatMap((form) => {
    const any = caseOf(form, form.operands.map((operand) => operand.any(rng)));
    const edge = caseOf(form, form.operands.map((operand) => operand.edges(rng)[0]));
    return any.source === edge.source ? [any] : [edge, any];
  });
  const lines = cases.map((c) => `${toHex(encode(c))}  ${c.source}\n`);
  await assertSnapshot(t, lines.join(""), { path: GOLDEN });
});

Deno.test("x64 encoder: the forms cover every exported function", () => {
  const covered = new Set(allForms().map((form) => form.fn.name));
  const others = ["X64Buffer", "patchRel32", "patchRel8"];
  const missing = Object.entries(x64)
    .filter(([name, value]) => typeof value === "function" && !others.includes(name))
    .flatMap(([name]) => covered.has(name) ? [] : [name]);
  assertEquals(missing, []);
});

Deno.test("x64 encoder: every operand out of range is rejected and leaves the buffer alone", () => {
  const rng = random(2);
  for (const form of allForms()) {
    const buf = new x64.X64Buffer(16);
    for (const [at, operand] of form.operands.entries()) {
      for (const { args: bad, says } of operand.rejects) {
        const args = form.operands.map((other) => other.any(rng)).with(at, bad);
        const all = [...form.fixed, ...args.flat()];
        const call = `${form.fn.name}(${all.join(", ")})`;
        const error = assertThrows(() => form.fn(buf, ...all), RangeError, says, call);
        assert(bad.some((value) => error.message.endsWith(`got ${value}`)), `${call}: ${error}`);
        assertEquals(buf.length, 0, call);
      }
    }
  }
});

Deno.test("x64 encoder: every operation, condition and size out of range is rejected", () => {
  const rng = random(3);
  for (const form of allForms()) {
    const buf = new x64.X64Buffer(16);
    for (let at = 0; at < form.fixed.length; at++) {
      for (const bad of [-1, 24, 128, 0.5, NaN, Infinity]) {
        const operands = form.operands.flatMap((operand) => operand.any(rng));
        const all = [...form.fixed.with(at, bad), ...operands];
        const call = `${form.fn.name}(${all.join(", ")})`;
        assertThrows(() => form.fn(buf, ...all), RangeError, `got ${bad}`, call);
        assertEquals(buf.length, 0, call);
      }
    }
  }
});

Deno.test("x64 encoder: forms that don't exist are rejected", () => {
  const buf = new x64.X64Buffer();
  const rejects: [() => void, string][] = [
    [() => x64.movzxRR(buf, 16, 16, 0, 1), "x64 movzx: size must be greater than srcSize 16"],
    [() => x64.movzxRR(buf, 64, 32, 0, 1), "x64 movzx: srcSize must be 8 or 16, got 32"],
    [() => x64.movsxRM(buf, 8, 8, 0, 1, -1, 0, 0), "x64 movsx: size must be 16, 32 or 64, got 8"],
    [() => x64.leaRM(buf, 8, 0, 1, -1, 0, 0), "x64 lea: size must be 16, 32 or 64, got 8"],
    [() => x64.imulRR(buf, 8, 0, 1), "x64 imul: size must be 16, 32 or 64, got 8"],
    [() => x64.bswapR(buf, 16, 0), "x64 bswap: size must be 32 or 64, got 16"],
    [() => x64.shiftRI(buf, 6, 32, 0, 1), "x64 shift: op must be one of 0 (rol), 1 (ror)"],
    [() => x64.sseRR(buf, 10, 64, 0, 1), "x64 sse: op must be one of 1 (sqrtss/sqrtsd)"],
    [() => x64.packedShiftRI(buf, 4, 64, 0, 1), "x64 psrad: laneSize must be 32, got 64"],
    [() => x64.shiftRI(buf, 4, 32, 0, 32), "x64 shl: count must be from 0 to 31, got 32"],
    [() => x64.bitRI(buf, 4, 16, 0, 16), "x64 bt: bit must be from 0 to 15, got 16"],
  ];
  for (const [call, says] of rejects) assertThrows(call, RangeError, says);
  assertEquals(buf.length, 0);
});

Deno.test("x64 encoder: RIP-relative operands record where their displacement lies", () => {
  const buf = new x64.X64Buffer();
  assertEquals(buf.ripAt, -1);
  x64.nop(buf, 5);
  x64.movMI(buf, 32, x64.RIP, x64.NONE, 0, 0, 0x11223344);
  const at = buf.ripAt;
  assertEquals(at, 7);
  x64.patchRel32(buf, at, 0, buf.length);
  // mov dword [rip - 15], 0x11223344
  assertEquals(toHex(buf.code().subarray(5)), "c705f1ffffff44332211");
});

Deno.test("x64 encoder: branches return where their displacement lies", () => {
  const buf = new x64.X64Buffer();
  const short = x64.jmpRel8(buf, 0);
  const long = x64.jccRel32(buf, x64.CC.NE, 0);
  const call = x64.callRel32(buf, 0);
  assertEquals([short, long, call], [1, 4, 9]);
  x64.patchRel8(buf, short, buf.length);
  x64.patchRel32(buf, long, 0);
  x64.patchRel32(buf, call, 2);
  assertEquals(toHex(buf.code()), "eb0b" + "0f85f8ffffff" + "e8f5ffffff");
});

Deno.test("x64 encoder: a patch outside the code or out of reach is rejected", () => {
  const buf = new x64.X64Buffer();
  const at = x64.jmpRel8(buf, 0);
  assertThrows(() => x64.patchRel8(buf, at, 130), RangeError, "patchRel8: target - end must be");
  assertThrows(() => x64.patchRel8(buf, 2, 0), RangeError, "patchRel8: at must be");
  assertThrows(() => x64.patchRel32(buf, 0, 0), RangeError, "patchRel32: at must be");
  assertThrows(() => x64.patchRel32(buf, -1, 0), RangeError, "got -1");
  const far = x64.jmpRel32(buf, 0);
  assertThrows(() => x64.patchRel32(buf, far, 2 ** 31 + 7), RangeError, "got 2147483648");
  assertEquals(toHex(buf.code()), "eb00e900000000");
});

Deno.test("x64 encoder: the buffer grows, keeps its bytes and can be reused", () => {
  const buf = new x64.X64Buffer(0);
  for (let i = 0; i < 5000; i++) x64.movRI64(buf, i & 15, i, ~i);
  assertEquals(buf.length, 50000);
  const view = new DataView(buf.code().buffer);
  for (let i = 0; i < 5000; i++) {
    assertEquals(view.getInt32(i * 10 + 2, true), i);
    assertEquals(view.getInt32(i * 10 + 6, true), ~i);
  }
  const memory = buf.bytes;
  buf.reset();
  assertEquals([buf.length, buf.ripAt], [0, -1]);
  x64.ret(buf);
  assertEquals(toHex(buf.code()), "c3");
  assert(buf.bytes === memory);
});

Deno.test("x64 encoder: messages name instruction, field and value", () => {
  const buf = new x64.X64Buffer();
  const error = assertThrows(() => x64.aluRI(buf, x64.ALU.SUB, 64, 3, 2 ** 31), RangeError);
  assertStringIncludes(error.message, "x64 sub: imm must be a signed 32-bit integer");
  assertStringIncludes(error.message, "got 2147483648");
});
