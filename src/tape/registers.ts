/**
 * Dense register numbers. A function may declare 65,536 registers and mention three, so nothing
 * after decoding may cost memory by the declared count. Code whose numbers are dense enough stays as
 * it is; other code gets new numbers in the same order, with r0 and the arguments unchanged.
 *
 * @module
 */
import type { DecodedCode } from "./code.ts";
import { REGISTER_FORM, visitRegisters } from "./verify_types.ts";

/** Code with dense register numbers. */
export interface DenseCode {
  readonly code: DecodedCode;
  /** Highest register number in `code`, at least the number of arguments; may be out of bounds. */
  readonly highest: number;
  /** The program's number of each dense register, ascending; null when they are the same. */
  readonly names: Uint32Array | null;
}

/** Registers that are cheap enough to need no new numbers, beside a few for each operand word. */
const FREE_REGISTERS = 64;

/** Numbers the registers of `code` densely, keeping those up to `argCount`. */
export function denseRegisters(code: DecodedCode, argCount: number): DenseCode {
  const highest = Math.max(highestRegister(code), argCount);
  const affordable = FREE_REGISTERS + argCount + 2 * code.operands.length;
  if (highest < affordable) return { code, highest, names: null };

  const words = registerWords(code);
  const mentioned = new Uint32Array(words.length + argCount + 1);
  for (let r = 0; r <= argCount; r++) mentioned[r] = r;
  for (let k = 0; k < words.length; k++) mentioned[argCount + 1 + k] = code.operands[words[k]];
  mentioned.sort();
  let count = 0;
  for (let k = 0; k < mentioned.length; k++) {
    if (k === 0 || mentioned[k] !== mentioned[count - 1]) mentioned[count++] = mentioned[k];
  }
  const names = mentioned.slice(0, count);
  const operands = code.operands.slice();
  for (const word of words) operands[word] = lowerBound(names, operands[word] >>> 0);
  return { code: { ...code, operands }, highest: count - 1, names };
}

/** The number of entries of `sorted` that are below `limit`. */
export function lowerBound(sorted: Uint32Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function highestRegister(code: DecodedCode): number {
  const { count, ops, at, operands } = code;
  let highest = 0;
  for (let i = 0; i < count; i++) {
    const form = REGISTER_FORM[ops[i]];
    const first = at[i];
    if (form <= 3) {
      for (let k = first; k <= first + form; k++) {
        if ((operands[k] >>> 0) > highest) highest = operands[k] >>> 0;
      }
    } else if (form === 5) {
      if ((operands[first] >>> 0) > highest) highest = operands[first] >>> 0;
    } else if (form === 6) {
      visitRegisters(code, i, -1, (reg) => {
        if ((reg >>> 0) > highest) highest = reg >>> 0;
      });
    }
  }
  return highest;
}

/** Positions of all register numbers in `code.operands`. */
function registerWords(code: DecodedCode): Int32Array {
  const words = new Int32Array(code.operands.length);
  let count = 0;
  for (let i = 0; i < code.count; i++) {
    visitRegisters(code, i, -1, (_, word) => words[count++] = word);
  }
  return words.subarray(0, count);
}
