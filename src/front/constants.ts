/**
 * Where the byte strings and texts of the constant pool lie in linear memory: code names them by
 * offset, so this repeats what `Heap` does when it creates the memory, without needing one. A test
 * compares the two.
 *
 * @module
 */
import { NULL_BYTES } from "../heap/layout.ts";
import type { Program } from "../tape/program.ts";

const known = new WeakMap<Program, Uint32Array>();
const encoder = new TextEncoder();

/**
 * Pairs (offset, length in bytes) by pool index: the halves of the register word of a byte string or
 * text. Both are 0 for empty ones and for constants of other types.
 */
export function constantWords(program: Program): Uint32Array {
  let words = known.get(program);
  if (words !== undefined) return words;
  words = new Uint32Array(2 * program.constants.length);
  let at = NULL_BYTES;
  for (let index = 0; index < program.constants.length; index++) {
    const constant = program.constants[index];
    if (constant.type !== "bytes" && constant.type !== "str") continue;
    const length = constant.type === "str"
      ? encoder.encode(constant.value).length
      : constant.value.length;
    if (length === 0) continue;
    words[2 * index] = at;
    words[2 * index + 1] = length;
    at += length;
  }
  known.set(program, words);
  return words;
}
