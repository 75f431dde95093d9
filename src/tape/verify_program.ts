/**
 * Program-level rules P1 to P4 (specification §7.2): host signatures, value names, argument shapes.
 * P2, call signatures, has nothing left to check once a program's types are lists.
 *
 * @module
 */
import type { Program } from "./program.ts";
import { signatureHash } from "./types.ts";
import type { VerifyErrorDetail } from "./verify_error.ts";

type Fail = (detail: VerifyErrorDetail) => never;

/** Checks P1 to P4 in order. */
export function checkProgram(program: Program, fail: Fail): void {
  checkHostSignatures(program, fail);
  checkValueNames(program, fail);
  checkArgShapes(program, fail);
}

/** P1. */
function checkHostSignatures(program: Program, fail: Fail): void {
  program.hostSigs.forEach((signature, hostSig) => {
    if (signature.symbol >= program.symbols.length) fail({ kind: "HostSigMalformed", hostSig });
    if (signature.hash !== signatureHash(signature)) fail({ kind: "HostSigHashMismatch", hostSig });
  });
}

/** P3. */
function checkValueNames(program: Program, fail: Fail): void {
  const emptyAt = (names: readonly number[]) =>
    names.findIndex((id) => id !== 0 && program.symbols[id] === "");
  program.functions.forEach(({ argNames, resultNames }, func) => {
    if (argNames !== null) {
      const arg = emptyAt(argNames);
      if (arg >= 0) fail({ kind: "FunctionInputNameEmpty", func, arg });
      const name = firstRepeat(argNames);
      if (name !== 0) fail({ kind: "FunctionInputNameDuplicate", func, name });
    }
    if (resultNames !== null) {
      const ret = emptyAt(resultNames);
      if (ret >= 0) fail({ kind: "FunctionOutputNameEmpty", func, ret });
      const name = firstRepeat(resultNames);
      if (name !== 0) fail({ kind: "FunctionOutputNameDuplicate", func, name });
    }
  });
}

/** The first symbol id that occurred before, or 0; unnamed slots (0) may repeat. */
function firstRepeat(names: readonly number[]): number {
  const seen = new Set<number>();
  for (const id of names) {
    if (id !== 0 && seen.has(id)) return id;
    seen.add(id);
  }
  return 0;
}

/** P4. */
function checkArgShapes(program: Program, fail: Fail): void {
  const seen = new Map<number, Set<number>>();
  for (const { func, arg, shape } of program.argShapes) {
    if (func >= program.functions.length) {
      fail({ kind: "FunctionArgAggShapeFuncOutOfBounds", func });
    }
    const { args } = program.functions[func];
    if (arg >= args.length) fail({ kind: "FunctionArgAggShapeArgOutOfBounds", func, arg });
    let shaped = seen.get(func);
    if (shaped === undefined) seen.set(func, shaped = new Set());
    if (shaped.has(arg)) fail({ kind: "FunctionArgAggShapeDuplicate", func, arg });
    shaped.add(arg);
    const actual = args[arg];
    if (actual !== "agg") fail({ kind: "FunctionArgAggShapeOnNonAggArg", func, arg, actual });
    if (shape.kind === "struct" && shape.typeId >= program.structs.length) {
      const { typeId } = shape;
      fail({ kind: "FunctionArgAggShapeStructTypeOutOfBounds", func, arg, typeId });
    }
    if (shape.kind === "array" && shape.elemTypeId >= program.arrayElems.length) {
      const { elemTypeId } = shape;
      fail({ kind: "FunctionArgAggShapeArrayElemTypeOutOfBounds", func, arg, elemTypeId });
    }
  }
}
