/**
 * Program files: EXTAPE containers and `.tape` text, told apart by their first bytes.
 *
 * @module
 */
import { assemble, AssembleError } from "../tape/assemble.ts";
import { DecodeError, decodeProgram } from "../tape/decode.ts";
import { findFunction, functionName, type Program } from "../tape/program.ts";
import { formatSignature } from "../tape/types.ts";
import { didYouMean } from "../util/did_you_mean.ts";
import { VerifyError } from "../tape/verify_error.ts";
import { type VerifiedProgram, verify } from "../tape/verify.ts";
import { RefusedError, UsageError } from "./errors.ts";
import type { CliIo } from "./io.ts";

const MAGIC = [0x45, 0x58, 0x54, 0x41, 0x50, 0x45, 0, 0];

/** Reads a file, turning the system's refusal into one line. */
export function readInput(io: CliIo, path: string): Uint8Array {
  try {
    return io.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`${path}: no such file`);
    if (error instanceof Deno.errors.IsADirectory) throw new UsageError(`${path}: is a folder`);
    throw new UsageError(`${path}: ${(error as Error).message}`);
  }
}

/** Reads and decodes (or assembles) a program. */
export function loadProgram(io: CliIo, path: string): Program {
  const bytes = readInput(io, path);
  if (isText(path, bytes)) {
    try {
      return assemble(new TextDecoder("utf-8", { fatal: true }).decode(bytes), { file: path });
    } catch (error) {
      if (error instanceof AssembleError) {
        throw new RefusedError(error.message, { assembleError: error.message }, error);
      }
      if (error instanceof TypeError) throw new UsageError(`${path}: is not UTF-8 text`);
      throw error;
    }
  }
  try {
    return decodeProgram(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new RefusedError(`${path}: ${error.message}`, { decodeError: error.toJSON() }, error);
  }
}

/** Reads, decodes and verifies a program. */
export function loadVerified(io: CliIo, path: string): VerifiedProgram {
  const program = loadProgram(io, path);
  try {
    return verify(program);
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    throw new RefusedError(`${path}: ${error.message}`, { verifyError: error.detail }, error);
  }
}

/** Whether the file is assembly text: not a container, and named or looking like text. */
function isText(path: string, bytes: Uint8Array): boolean {
  if (MAGIC.every((byte, i) => bytes[i] === byte)) return false;
  return path.endsWith(".tape");
}

/**
 * The function that `--func` names: by name, or by number.
 *
 * @throws {UsageError} When the program has no such function.
 */
export function resolveFunction(program: Program, wanted: string | undefined): number {
  const count = program.functions.length;
  if (wanted === undefined) {
    const main = findFunction(program, "main");
    if (count === 0) throw new UsageError("the program has no functions");
    return Math.max(main, 0);
  }
  const named = findFunction(program, wanted);
  if (named >= 0) return named;
  const index = /^f?(\d+)$/.exec(wanted)?.[1];
  if (index !== undefined) {
    if (Number(index) < count) return Number(index);
    throw new UsageError(`--func ${wanted}: the program has functions 0 to ${count - 1}`);
  }
  const names = program.functionNames.map((entry) => program.symbols[entry.symbol]);
  throw new UsageError(`--func ${wanted}: no such function${didYouMean(wanted, names)}`);
}

/** `name(args) -> (results)` of function `func`. */
export function describeFunction(program: Program, func: number): string {
  const name = functionName(program, func);
  return `f${func}${name === undefined ? "" : ` ${name}`}${
    formatSignature(program.functions[func])
  }`;
}
