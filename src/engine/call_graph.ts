/**
 * Which functions of a verified program can call which: what has to be compiled before one of them
 * runs.
 *
 * @module
 */
import { checkCallee } from "../interp/entry.ts";
import type { VerifiedProgram } from "../tape/verify.ts";

/**
 * Functions that `func` may call, each once. A call through a value may reach every function that its
 * call signature fits, wherever the value came from.
 */
export function calleesOf(verified: VerifiedProgram, func: number): number[] {
  const { code, regClasses } = verified.functions[func];
  const { ops, at, operands } = code;
  const { callSigs, functions } = verified.program;
  const callees = new Set<number>(), seen = new Set<number>();
  for (let i = 0; i < code.count; i++) {
    if (ops[i] === 0x50) callees.add(operands[at[i] + 1] >>> 0); // call
    if (ops[i] !== 0x54) continue; // call.indirect
    const sig = operands[at[i] + 1];
    const wanted = callSigs[sig];
    const closure = regClasses[operands[at[i] + 2]] === 11;
    const key = 2 * sig + (closure ? 1 : 0);
    if (seen.has(key)) continue;
    seen.add(key);
    functions.forEach((callee, index) => {
      if (checkCallee(wanted, callee, closure) === undefined) callees.add(index);
    });
  }
  return [...callees];
}

/** `func` and all functions that its calls can lead to, `func` first. */
export function reachableFrom(verified: VerifiedProgram, func: number): number[] {
  const found = new Set([func]);
  for (const index of found) for (const callee of calleesOf(verified, index)) found.add(callee);
  return [...found];
}
