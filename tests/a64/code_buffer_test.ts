/**
 * How far each PC-relative form reaches, to the word, forwards and backwards, and which level the
 * buffer asks for beyond that.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { CodeBuffer } from "../../src/a64/code_buffer.ts";
import { disassemble } from "../../src/a64/disasm.ts";
import { adr, b, bCond, cbz, Cond, Literal, loadLiteral, tbnz } from "../../src/a64/encoder.ts";

/** Words that each form reaches, its text, and the level asked for beyond. */
const FORMS: [word: number, reach: number, text: string, level: number][] = [
  [tbnz(3, 40, 0), 2 ** 13, "tbnz x3, #40, ", 1],
  [cbz(1, 3, 0), 2 ** 18, "cbz x3, ", 2],
  [bCond(Cond.VS, 0), 2 ** 18, "b.vs ", 2],
  [loadLiteral(Literal.LDR_D, 3, 0), 2 ** 18, "ldr d3, ", 2],
  [adr(3, 0), 2 ** 18, "adr x3, ", 2],
  [b(0), 2 ** 25, "b ", 3],
];

/** Links a word with its label `distance` words away and returns the level and the word's text. */
function link(word: number, distance: number): [level: number, text: string] {
  const buf = new CodeBuffer();
  buf.reset(0);
  const label = buf.newLabel();
  if (distance < 0) {
    buf.bind(label);
    for (let k = distance; k < 0; k++) buf.emit(0);
    buf.emitTo(word, label);
  } else {
    buf.emitTo(word, label);
    // Nothing has to stand in between.
    buf.length = distance;
    buf.bind(label);
  }
  const at = distance < 0 ? -distance : 0;
  return [buf.link(), disassemble(buf.words[at], 0)];
}

Deno.test("CodeBuffer knows what each form reaches", () => {
  for (const [word, reach, text, level] of FORMS) {
    const far = 4 * (reach - 1);
    assertEquals(link(word, reach - 1), [0, `${text}0x${far.toString(16)}`]);
    assertEquals(link(word, reach)[0], level, text);
    if (reach > 2 ** 20) continue; // takes too much memory
    const [backwards, target] = link(word, -reach);
    assertEquals(backwards, 0, text);
    const address = (-4n * BigInt(reach)) & 0xffff_ffff_ffff_ffffn;
    assertEquals(target, `${text}0x${address.toString(16)}`);
    assertEquals(link(word, -reach - 1)[0], level, text);
  }
});
