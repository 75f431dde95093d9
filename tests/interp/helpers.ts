/**
 * Short forms for interpreter tests: text in, outcome out.
 *
 * @module
 */
import { createHost, type Host } from "../../src/interp/host.ts";
import { createInterpreter, type RunOptions } from "../../src/interp/interpreter.ts";
import type { Outcome } from "../../src/interp/outcome.ts";
import { assemble } from "../../src/tape/assemble.ts";
import type { Value } from "../../src/tape/value.ts";
import { type VerifiedProgram, verify } from "../../src/tape/verify.ts";

/** The verified program of an assembler text. */
export function tape(text: string): VerifiedProgram {
  return verify(assemble(text));
}

/** Runs function 0 of a text in a fresh instance. */
export function run(
  text: string,
  args: readonly Value[] = [],
  options: RunOptions = {},
  host: Host = createHost(),
): Outcome {
  return createInterpreter(tape(text), host).run(0, args, options);
}

/** The first result of a run that must succeed. */
export function result(
  text: string,
  args: readonly Value[] = [],
  options: RunOptions = {},
  host: Host = createHost(),
): Value {
  const outcome = run(text, args, options, host);
  if (!outcome.ok) throw new Error(`trapped: ${JSON.stringify(outcome.trap, bigintText)}`);
  return outcome.values[0];
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
