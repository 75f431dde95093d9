/**
 * The sentences of verifier errors: where, which instruction, what was wrong, with the offending
 * value. Holds no rules itself.
 *
 * @module
 */
import type { DecodedCode } from "./code.ts";
import { OPCODES } from "./opcodes.ts";
import { functionName, type Program } from "./program.ts";
import { VerifyError, type VerifyErrorDetail } from "./verify_error.ts";

/** Builds the error for `detail`; `code` is the code of the function at fault once it is decoded. */
export function verifyError(
  detail: VerifyErrorDetail,
  program: Program,
  code: DecodedCode | null,
): VerifyError {
  return new VerifyError(detail, place(detail, program, code) + sentence(detail, program));
}

/** `function 3 "main", pc 17 (i64.add): `, or as much of it as applies. */
function place(detail: VerifyErrorDetail, program: Program, code: DecodedCode | null): string {
  if (!("func" in detail)) return "";
  const name = functionName(program, detail.func);
  let text = `function ${detail.func}`;
  if (name !== undefined) text += ` ${JSON.stringify(name)}`;
  if ("pc" in detail) {
    text += `, pc ${detail.pc}`;
    const index = code === null ? -1 : code.pcs.indexOf(detail.pc);
    const row = index < 0 ? undefined : OPCODES.get(code!.ops[index]);
    if (row !== undefined) text += ` (${row.mnemonic})`;
  }
  return `${text}: `;
}

function sentence(detail: VerifyErrorDetail, program: Program): string {
  const symbol = (id: number) => JSON.stringify(program.symbols[id]);
  switch (detail.kind) {
    case "HostSigMalformed":
      return `host signature ${detail.hostSig} names symbol ` +
        `${program.hostSigs[detail.hostSig].symbol}, but there are only ` +
        `${program.symbols.length} symbols`;
    case "HostSigHashMismatch":
      return `host signature ${detail.hostSig} carries a hash that is not the hash of its types`;
    case "FunctionInputNameEmpty":
      return `the name of input ${detail.arg} is an empty text`;
    case "FunctionOutputNameEmpty":
      return `the name of output ${detail.ret} is an empty text`;
    case "FunctionInputNameDuplicate":
      return `two inputs are named ${symbol(detail.name)}`;
    case "FunctionOutputNameDuplicate":
      return `two outputs are named ${symbol(detail.name)}`;
    case "FunctionArgAggShapeFuncOutOfBounds":
      return `a shape is declared for it, but there are only ${program.functions.length} functions`;
    case "FunctionArgAggShapeArgOutOfBounds":
      return `a shape is declared for argument ${detail.arg}, but there are only ` +
        `${program.functions[detail.func].args.length} arguments`;
    case "FunctionArgAggShapeDuplicate":
      return `two shapes are declared for argument ${detail.arg}`;
    case "FunctionArgAggShapeOnNonAggArg":
      return `a shape is declared for argument ${detail.arg}, whose type is ${detail.actual}`;
    case "FunctionArgAggShapeStructTypeOutOfBounds":
      return `the shape of argument ${detail.arg} names struct type ${detail.typeId}, but there ` +
        `are only ${program.structs.length}`;
    case "FunctionArgAggShapeArrayElemTypeOutOfBounds":
      return `the shape of argument ${detail.arg} names array element type ${detail.elemTypeId}, ` +
        `but there are only ${program.arrayElems.length}`;
    case "RegCountTooLarge":
      return `${detail.regCount} registers are more than the limit allows`;
    case "FunctionSigCountMismatch": {
      const fn = program.functions[detail.func];
      return `the function table counts ${fn.argCount} arguments and ${fn.resultCount} results, ` +
        `the signature ${fn.args.length} and ${fn.results.length}`;
    }
    case "BadSpanDeltas":
      return "the span table has a zero step or runs past the code";
    case "BytecodeDecode":
      return "the bytecode does not decode";
    case "ArgCountExceedsRegs": {
      const fn = program.functions[detail.func];
      return `${fn.regCount} registers cannot hold the effect token and ${fn.argCount} arguments`;
    }
    case "ConstOutOfBounds":
      return `constant ${detail.constId} does not exist (${program.constants.length} constants)`;
    case "HostSigOutOfBounds":
      return `host signature ${detail.hostSig} does not exist (${program.hostSigs.length} exist)`;
    case "StructTypeOutOfBounds":
      return `struct type ${detail.typeId} does not exist (${program.structs.length} exist)`;
    case "ArrayElemTypeOutOfBounds":
      return `array element type ${detail.elemTypeId} does not exist ` +
        `(${program.arrayElems.length} exist)`;
    case "FuncIdOutOfBounds":
      return `function ${detail.funcId} does not exist (${program.functions.length} exist)`;
    case "CallSigOutOfBounds":
      return `call signature ${detail.callSig} does not exist (${program.callSigs.length} exist)`;
    case "InvalidJumpTarget":
      return detail.reason === "OutOfRange"
        ? `target ${detail.target} lies outside the code`
        : `target ${detail.target} is not the start of an instruction`;
    case "MissingTerminator":
      return "a block ends here without br, jmp, ret or trap";
    case "CallArityMismatch":
    case "HostCallArityMismatch":
      return "the numbers of arguments and results are not those of the signature";
    case "ReturnArityMismatch":
      return `the number of values is not ${program.functions[detail.func].resultCount}`;
    case "EffectInNotR0":
      return `the effect input is r${detail.reg}, it must be r0`;
    case "EffectOutNotR0":
      return `the effect output is r${detail.reg}, it must be r0`;
    case "RegOutOfBounds":
      return `register r${detail.reg} does not exist ` +
        `(${program.functions[detail.func].regCount} registers)`;
    case "UninitializedRead":
      return `register r${detail.reg} may be read before it is written`;
    case "UnknownTypeAtSelect":
      return `the types of both choices are unknown (first r${detail.reg})`;
    case "UnknownTypeAtUse":
      return `the type of r${detail.reg} is unknown here, expected ${detail.expected}`;
    case "TypeMismatch":
      return `expected ${detail.expected}, found ${detail.actual}`;
    case "StructArityMismatch":
      return `struct type ${detail.typeId} has ${program.structs[detail.typeId].fields.length} ` +
        "fields, not that many values";
    case "AggKindMismatch":
      return `expected a ${detail.expected.toLowerCase()}, found a ${detail.actual.toLowerCase()}`;
    case "TupleIndexOutOfBounds":
      return `index ${detail.index} lies outside a tuple of ${detail.arity}`;
    case "StructFieldIndexOutOfBounds":
      return `field ${detail.fieldIndex} does not exist in struct type ${detail.typeId}`;
    case "UnstableRegType":
      return `register r${detail.reg} has no single type where control flow meets or a value of ` +
        "unknown shape is read";
    case "UnstableRegTypeAt":
      return `register r${detail.reg} is used at another type than elsewhere in the function`;
  }
}
