/**
 * What the verifier throws when it refuses a program: one kind per rule, with exactly the fields of
 * the specification (§7).
 *
 * @module
 */
import type { ValueType } from "./types.ts";

/** The three kinds of aggregate as errors spell them. */
export type AggKind = "Tuple" | "Struct" | "Array";

/** A refusal as plain data: the kind and the fields that go with it. */
export type VerifyErrorDetail =
  | { readonly kind: "HostSigMalformed" | "HostSigHashMismatch"; readonly hostSig: number }
  | { readonly kind: "FunctionInputNameEmpty"; readonly func: number; readonly arg: number }
  | { readonly kind: "FunctionOutputNameEmpty"; readonly func: number; readonly ret: number }
  | {
    /** `name` is the symbol id that occurs twice. */
    readonly kind: "FunctionInputNameDuplicate" | "FunctionOutputNameDuplicate";
    readonly func: number;
    readonly name: number;
  }
  | { readonly kind: "FunctionArgAggShapeFuncOutOfBounds"; readonly func: number }
  | {
    readonly kind: "FunctionArgAggShapeArgOutOfBounds" | "FunctionArgAggShapeDuplicate";
    readonly func: number;
    readonly arg: number;
  }
  | {
    readonly kind: "FunctionArgAggShapeOnNonAggArg";
    readonly func: number;
    readonly arg: number;
    readonly actual: ValueType;
  }
  | {
    readonly kind: "FunctionArgAggShapeStructTypeOutOfBounds";
    readonly func: number;
    readonly arg: number;
    readonly typeId: number;
  }
  | {
    readonly kind: "FunctionArgAggShapeArrayElemTypeOutOfBounds";
    readonly func: number;
    readonly arg: number;
    readonly elemTypeId: number;
  }
  | { readonly kind: "RegCountTooLarge"; readonly func: number; readonly regCount: number }
  | {
    readonly kind:
      | "FunctionSigCountMismatch"
      | "BadSpanDeltas"
      | "BytecodeDecode"
      | "ArgCountExceedsRegs";
    readonly func: number;
  }
  | At<{ readonly kind: "ConstOutOfBounds"; readonly constId: number }>
  | At<{ readonly kind: "HostSigOutOfBounds"; readonly hostSig: number }>
  | At<{ readonly kind: "StructTypeOutOfBounds"; readonly typeId: number }>
  | At<{ readonly kind: "ArrayElemTypeOutOfBounds"; readonly elemTypeId: number }>
  | At<{ readonly kind: "FuncIdOutOfBounds"; readonly funcId: number }>
  | At<{ readonly kind: "CallSigOutOfBounds"; readonly callSig: number }>
  | At<{
    readonly kind: "InvalidJumpTarget";
    readonly target: number;
    readonly reason: "OutOfRange" | "NotInstructionBoundary";
  }>
  | At<{
    readonly kind:
      | "MissingTerminator"
      | "CallArityMismatch"
      | "HostCallArityMismatch"
      | "ReturnArityMismatch";
  }>
  | At<{
    readonly kind:
      | "EffectInNotR0"
      | "EffectOutNotR0"
      | "RegOutOfBounds"
      | "UninitializedRead"
      | "UnknownTypeAtSelect"
      | "UnstableRegTypeAt";
    readonly reg: number;
  }>
  | At<{ readonly kind: "UnknownTypeAtUse"; readonly reg: number; readonly expected: ValueType }>
  | At<{ readonly kind: "TypeMismatch"; readonly expected: ValueType; readonly actual: ValueType }>
  | At<{ readonly kind: "StructArityMismatch"; readonly typeId: number }>
  | At<{ readonly kind: "AggKindMismatch"; readonly expected: AggKind; readonly actual: AggKind }>
  | At<{ readonly kind: "TupleIndexOutOfBounds"; readonly arity: number; readonly index: number }>
  | At<{
    readonly kind: "StructFieldIndexOutOfBounds";
    readonly typeId: number;
    readonly fieldIndex: number;
  }>
  | { readonly kind: "UnstableRegType"; readonly func: number; readonly reg: number };

/** Adds the place of an instruction: function id and byte offset. */
export type At<T> = T & { readonly func: number; readonly pc: number };

/**
 * Thrown by {@linkcode verify} with the first rule that a program breaks, in the order of the
 * specification (§7).
 */
export class VerifyError extends Error {
  /** Kind and fields. */
  readonly detail: VerifyErrorDetail;

  /** Creates the error; `message` is for people, everything else is in `detail`. */
  constructor(detail: VerifyErrorDetail, message: string) {
    super(message);
    this.name = "VerifyError";
    this.detail = detail;
  }

  /** Which rule was broken. */
  get kind(): VerifyErrorDetail["kind"] {
    return this.detail.kind;
  }

  /** The function at fault, if the error lies in one. */
  get func(): number | undefined {
    return "func" in this.detail ? this.detail.func : undefined;
  }

  /** Byte offset of the instruction at fault, if the error lies in one. */
  get pc(): number | undefined {
    return "pc" in this.detail ? this.detail.pc : undefined;
  }
}
