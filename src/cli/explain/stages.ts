/**
 * The stages a function goes through on its way to machine code, each made when asked for.
 *
 * @module
 */
import { LowerError } from "../../front/lower_error.ts";
import { lowerFunction } from "../../front/tape.ts";
import type { Func } from "../../ir/func.ts";
import { INLINE_INSTRUCTIONS } from "../../opt/inline.ts";
import { optimize, type OptimizeOptions } from "../../opt/pipeline.ts";
import type { VerifiedProgram } from "../../tape/verify.ts";
import { RefusedError } from "../errors.ts";
import { type PassChange, PassRecorder } from "./passes.ts";

/**
 * The IR of function `func` before optimisation.
 *
 * @throws {RefusedError} When an instruction is not lowered.
 */
export function lowered(verified: VerifiedProgram, func: number): Func {
  try {
    return lowerFunction(verified, func, { requests: true });
  } catch (error) {
    if (!(error instanceof LowerError)) throw error;
    const { opcode, mnemonic, pc, reason } = error.instruction;
    throw new RefusedError(
      `f${func} cannot be compiled: ${mnemonic} (opcode 0x${opcode.toString(16)}) at pc ${pc}: ` +
        reason,
      { lowerError: { func, opcode, mnemonic, pc, reason } },
      error,
    );
  }
}

/** The IR of function `func` before optimisation, or undefined where `lowered` refuses. */
export function loweredIfPossible(verified: VerifiedProgram, func: number): Func | undefined {
  try {
    return lowered(verified, func);
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

/** The IR of function `func` after optimisation. */
export function optimized(verified: VerifiedProgram, func: number): Func {
  const ir = lowered(verified, func);
  optimize(ir, optionsFor(verified, func));
  return ir;
}

/** As the engine optimises: calls of small functions may be inlined. */
function optionsFor(verified: VerifiedProgram, func: number): OptimizeOptions {
  const known = new Map<number, Func | undefined>();
  return {
    index: func,
    functions: (index) => {
      if (verified.functions[index].code.count > INLINE_INSTRUCTIONS) return undefined;
      if (!known.has(index)) known.set(index, loweredIfPossible(verified, index));
      return known.get(index);
    },
  };
}

/** What each pass makes of function `func`. */
export function passesOf(verified: VerifiedProgram, func: number): readonly PassChange[] {
  const ir = lowered(verified, func);
  const recorder = new PassRecorder(ir);
  optimize(ir, {
    ...optionsFor(verified, func),
    onPass: (name, after) => recorder.record(name, after),
  });
  return recorder.passes;
}
