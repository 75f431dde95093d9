/**
 * The A64 disassembler against objdump: over every form of the encoder with edges and random
 * operands, and over random words, where it must either agree or decline. On machines without
 * binutils the golden file and the encoder's texts remain. `BURIN_TEST_SEED` chooses the operands.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { disassemble, disassembleCode } from "../../src/a64/disasm.ts";
import * as binutils from "../harness/binutils.ts";
import { cases, FORMS, operands, Random } from "./forms.ts";

const SEED = Number(Deno.env.get("BURIN_TEST_SEED") ?? (Math.random() * 0x7fffffff) | 0);
const BINUTILS = binutils.hasTool("a64");
const START = 0x555500010000;

function hexWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

async function objdump(words: Int32Array, start: number): Promise<string[]> {
  return await binutils.disassemble("a64", new Uint8Array(words.buffer), start);
}

Deno.test("a64 disasm: equals objdump over every encoder form", async () => {
  if (!BINUTILS) return console.log("skipped: comparing with objdump needs GNU binutils");
  const list = cases(SEED, 20);
  const words = Int32Array.from(list, ({ form, args }) => form.encode(...args));
  for (const start of [0, START]) {
    const expected = await objdump(words, start);
    const actual = disassembleCode(words, start);
    assertEquals(actual.length, expected.length);
    list.forEach(({ form, args }, i) => {
      const what = `${hexWord(words[i])} ${form.name}(${args.join(", ")}), seed ${SEED}`;
      assertEquals(actual[i], expected[i], what);
    });
  }
});

Deno.test("a64 disasm: agrees with objdump on random words or declines", async () => {
  if (!BINUTILS) return console.log("skipped: comparing with objdump needs GNU binutils");
  const random = new Random(SEED);
  const words = new Int32Array(60000);
  for (let i = 0; i < words.length; i++) {
    // Words near valid ones: a form's word with up to three bits flipped, or anything.
    const form = random.of(FORMS);
    words[i] = form.encode(...operands(form, random));
    for (let n = random.below(4); n > 0; n--) words[i] ^= 1 << random.below(32);
    if (random.below(4) === 0) words[i] = random.below(65536) << 16 | random.below(65536);
  }
  const expected = await objdump(words, START);
  let known = 0;
  words.forEach((word, i) => {
    const text = disassemble(word, START + 4 * i);
    if (text.startsWith(".inst")) return;
    known++;
    assertEquals(
      text,
      expected[i].slice(expected[i].indexOf(" ") + 1),
      `${hexWord(word)}, seed ${SEED}`,
    );
  });
  assert(known > words.length / 4, `only ${known} known words`);
});

Deno.test("a64 disasm: golden texts", () => {
  const random = new Random(46);
  const lines: string[] = [];
  for (const form of FORMS) {
    const last = form.fields.length - 1;
    for (let edge = 0; edge < (last < 0 ? 1 : 2); edge++) {
      const word = form.encode(...operands(form, random, edge === 0 ? last : -1, 1));
      lines.push(`${hexWord(word)}  ${disassemble(word, 0x10000000)}\n`);
    }
  }
  assertSnapshot(null, lines.join(""), {
    path: `${import.meta.dirname}/../golden/a64_disasm.txt`,
  });
});

Deno.test("a64 disasm: declines what it does not know", () => {
  assertEquals(disassemble(0), ".inst 0x00000000");
  assertEquals(disassemble(-1), ".inst 0xffffffff");
  assertEquals(disassemble(0xd503201f), "nop");
  assertEquals(disassembleCode([0xd503201f, 0x14000000, 1], 0x40), [
    "0: nop",
    "4: b 0x44",
    "8: .inst 0x00000001",
  ]);
});
