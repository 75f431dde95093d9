/**
 * Warming up runs every opcode of the loop and changes nothing for runs.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Op } from "../../src/interp/ops.ts";
import { warmUp } from "../../src/interp/warm.ts";
import { i64 } from "../../src/tape/value.ts";
import { result } from "./helpers.ts";

Deno.test("warming up ends where it should, between runs that agree", () => {
  const text = `func main(a: i64) -> (i64) { \n a = i64.mul a, a \n ret a \n }`;
  assertEquals(result(text, [i64(-7)]), i64(49));
  warmUp();
  assertEquals(result(text, [i64(-7)]), i64(49));
});

Deno.test("the loop repeats the opcodes as literals, each once", () => {
  const labels = ["execute.ts", "execute_rare.ts"].map((file) => {
    const source = Deno.readTextFileSync(new URL(`../../src/interp/${file}`, import.meta.url));
    return [...source.matchAll(/^ +case (0x[0-9a-f]+):/gm)].map((match) => Number(match[1]));
  });
  for (const list of labels) assertEquals(new Set(list).size, list.length);
  for (const op of labels[1]) assert(labels[0].includes(op), `0x${op.toString(16)} is not reached`);
  for (const [name, op] of Object.entries(Op)) assert(labels[0].includes(op), name);
});
