/**
 * Tests of the x86-64 disassembler: every form of the encoder against objdump and against the text
 * it was encoded from, and bytes that are no instruction.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { decodeInstruction, disassemble } from "../../src/x64/disasm.ts";
import * as x64 from "../../src/x64/encoder.ts";
import { disassemble as objdump, hasTool } from "../harness/binutils.ts";
import { allAddresses, allCases, encode, random, toHex } from "./forms.ts";

function chosenSeed(): number {
  const given = Deno.env.get("BURIN_SEED");
  return given === undefined ? Date.now() & 0x7fffffff : Number(given);
}

Deno.test("x64 disassembler: every form equals objdump", async () => {
  if (!hasTool("x64")) {
    console.log("skipped: GNU objdump for x86-64 is not installed; the texts are still checked");
    return;
  }
  const seed = chosenSeed();
  const rng = random(seed);
  const buf = new x64.X64Buffer();
  for (const c of [...allCases(rng, 4), ...allAddresses(rng)]) c.form.fn(buf, ...c.args);
  const code = buf.code();
  const expected = await objdump("x64", code);
  const actual = disassemble(code);
  for (const [i, line] of expected.entries()) {
    if (actual[i] === line) continue;
    const at = parseInt(line, 16);
    const bytes = toHex(code.subarray(at, at + 15));
    assertEquals(actual[i], line, `seed ${seed}: ${bytes} is "${actual[i]}", objdump "${line}"`);
  }
  assertEquals(actual.length, expected.length);
});

Deno.test("x64 disassembler: text, bytes, text is the identity", () => {
  const seed = chosenSeed();
  for (const c of allCases(random(seed), 2)) {
    const bytes = encode(c);
    const { text, length } = decodeInstruction(bytes);
    assertEquals({ text, length }, { text: c.text, length: bytes.length }, `seed ${seed}`);
  }
});

Deno.test("x64 disassembler: no proper part of an instruction is one of that length", () => {
  const seed = chosenSeed();
  for (const c of allCases(random(seed), 1)) {
    const bytes = encode(c);
    for (let cut = 1; cut < bytes.length; cut++) {
      const { length, text } = decodeInstruction(bytes.subarray(0, cut));
      assertEquals({ length, text }, { length: 1, text: "(bad)" }, `seed ${seed}: ${c.source}`);
    }
  }
});

Deno.test("x64 disassembler: what the encoder can't produce is bad", () => {
  const bad = [
    ["06", "an opcode that is invalid in 64-bit mode"],
    ["f300c8", "add with a prefix that means nothing"],
    ["f001c8", "lock with a register"],
    ["88e0", "mov al, ah"],
    ["66", "a prefix alone"],
    ["664890", "two operand sizes"],
    ["8b04a424", "a scale without an index"],
    ["f390", "pause"],
    ["d1f0", "the undocumented shift /6"],
    ["0f38f0", "movbe"],
    ["c4e2fcf2c2", "andn with VEX.L set"],
    ["c5f877", "vzeroupper"],
    ["8b0420", "a SIB byte without index that the base doesn't need"],
    ["f20fc2c108", "cmpsd with a predicate of AVX"],
    ["666690", "a prefix twice"],
  ];
  for (const [text, what] of bad) {
    const bytes = Uint8Array.from(text.match(/../g)!, (pair) => parseInt(pair, 16));
    assertEquals(decodeInstruction(bytes), { length: 1, text: "(bad)" }, what);
  }
});

Deno.test("x64 disassembler: random bytes never make it stop or run over the end", () => {
  const seed = chosenSeed();
  const rng = random(seed);
  for (let round = 0; round < 200; round++) {
    const bytes = Uint8Array.from({ length: 64 }, () => rng() * 256);
    let at = 0;
    while (at < bytes.length) at += decodeInstruction(bytes, at).length;
    assertEquals(at, bytes.length, `seed ${seed}: ${toHex(bytes)}`);
  }
});

Deno.test("x64 disassembler: addresses count from the given one", () => {
  const buf = new x64.X64Buffer();
  x64.jmpRel8(buf, -2);
  x64.callRel32(buf, 0x10);
  x64.movRM(buf, 64, x64.REG.RAX, x64.RIP, x64.NONE, 0, 8);
  assertEquals(disassemble(buf.code(), 0x400000), [
    "400000: jmp 0x400000",
    "400002: call 0x400017",
    "400007: mov rax,QWORD PTR [rip+0x8]",
  ]);
});
