/**
 * Register storage for runs. A run borrows a stack and gives it back, so starting one allocates
 * nothing; runs that nest (a host function runs another instance) or wait each have their own. What a
 * stack held before does not matter: verified code reads no register that it has not written.
 *
 * @module
 */
import { createWords, type Words } from "../heap/words.ts";

const FIRST_WORDS = 1 << 14;
/**
 * Most words of one stack: 512 MiB, more than the default call depth can need with the most registers
 * a function may have. Only runs with a larger `maxCallDepth` meet it.
 */
export const MAX_WORDS: number = 1 << 26;
/** Larger stacks are dropped instead of kept. */
const KEEP_WORDS = 1 << 20;
const KEEP_STACKS = 4;

const free: Words[] = [];

/** A stack nobody else uses, of `FIRST_WORDS` words at least. */
export function borrowStack(): Words {
  return free.pop() ?? createWords(FIRST_WORDS);
}

/** Gives a stack back. */
export function returnStack(stack: Words): void {
  if (stack.i64.length <= KEEP_WORDS && free.length < KEEP_STACKS) free.push(stack);
}

/** A copy of `stack` of `need` words at least, or undefined when it would be too large. */
export function growStack(stack: Words, need: number): Words | undefined {
  if (need > MAX_WORDS) return undefined;
  let grown: Words;
  try {
    grown = createWords(Math.min(Math.max(need, 2 * stack.i64.length), MAX_WORDS));
  } catch {
    return undefined;
  }
  grown.i64.set(stack.i64);
  return grown;
}
