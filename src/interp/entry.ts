/**
 * Checks at the start of a run (specification §8.2) and of an indirect call (§8.7): the same for every
 * tier.
 *
 * @module
 */
import type { Program } from "../tape/program.ts";
import type { Signature } from "../tape/types.ts";
import { type Value, valueType } from "../tape/value.ts";
import type { TrapReason } from "./trap.ts";

/** Why function `func` cannot start with `args`, or undefined. The place is pc 0 without a span. */
export function checkEntry(
  program: Program,
  func: number,
  args: readonly Value[],
): TrapReason | undefined {
  const entry = program.functions[func];
  if (entry === undefined || args.length !== entry.args.length) return { kind: "InvalidPc" };
  for (let k = 0; k < args.length; k++) {
    const expected = entry.args[k];
    const { type } = args[k];
    if (type === expected) continue;
    const actual = valueType(args[k]);
    if (actual !== expected) return { kind: "TypeMismatch", expected, actual };
  }
}

/**
 * Why a value may not be called as `wanted`, or undefined. `callee` is the signature of the function
 * it refers to (undefined when there is none of that id); `closure` tells whether its first argument
 * is the environment.
 */
export function checkCallee(
  wanted: Signature,
  callee: Signature | undefined,
  closure: boolean,
): TrapReason | undefined {
  if (callee === undefined) return { kind: "InvalidPc" };
  const skip = closure ? 1 : 0;
  if (closure) {
    if (callee.args.length === 0) return { kind: "ArityMismatch" };
    if (callee.args[0] !== "agg") {
      return { kind: "TypeMismatch", expected: "agg", actual: callee.args[0] };
    }
  }
  if (wanted.args.length !== callee.args.length - skip) return { kind: "ArityMismatch" };
  for (let k = 0; k < wanted.args.length; k++) {
    const expected = wanted.args[k];
    const actual = callee.args[k + skip];
    if (actual !== expected) return { kind: "TypeMismatch", expected, actual };
  }
  if (wanted.results.length !== callee.results.length) return { kind: "ArityMismatch" };
  for (let k = 0; k < wanted.results.length; k++) {
    const expected = wanted.results[k];
    const actual = callee.results[k];
    if (actual !== expected) return { kind: "TypeMismatch", expected, actual };
  }
}
