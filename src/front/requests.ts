/**
 * What lowered code asks of the dispatcher: the codes of resumable exits, and for each where its
 * operands and its answer are. Words are 64 bits; `scratch` and `area` are those of the context block
 * (`ir/context.ts`). The dispatcher may change the heap's top, limit and contents, and the fuel.
 *
 * | request | operands | answer |
 * |---|---|---|
 * | `Reserve` | scratch 0: end that the heap's top must be able to reach | scratch 0: 1, and `heapLimit` is at least that end; 0 when the memory limit forbids it |
 * | `HostCall` | scratch 0: host signature id; area: argument words in order | area: result words in order; or the run ends |
 * | `CheckCall` | scratch 0: function id; scratch 1: call signature id; scratch 2: 1 for a closure, 0 for a function | none if `checkCallee` finds nothing; else the run ends with what it says |
 * | `CheckUtf8` | scratch 0: word of a byte string | scratch 0: 1 if it is UTF-8, else 0 |
 *
 * Argument words in the area have all 64 bits set as `heap/layout.ts` says. Memory must exist before
 * code with heap accesses runs, even if the program has no constants: empty texts may be read at
 * offset 0.
 *
 * @module
 */
import { WORDS_OF_CLASS } from "../heap/layout.ts";
import type { Program } from "../tape/program.ts";
import { typeClass, type ValueType } from "../tape/types.ts";

/** Codes of the IR's `exit`. */
export const Request = { Reserve: 0, HostCall: 1, CheckCall: 2, CheckUtf8: 3 } as const;

/** Words that values of these types take. */
export function wordCount(types: readonly ValueType[]): number {
  let words = 0;
  for (let k = 0; k < types.length; k++) words += WORDS_OF_CLASS[typeClass(types[k])];
  return words;
}

/** Words of the context's area that running `program` needs: for entries and for host calls. */
export function areaWords(program: Program): number {
  let words = 0;
  for (const list of [program.functions, program.hostSigs]) {
    for (const { args, results } of list) {
      words = Math.max(words, wordCount(args), wordCount(results));
    }
  }
  return words;
}
