/**
 * The verifier's small integers: type codes, operand tables by opcode, aggregate shapes, and the
 * context of the function under verification. Built once per program from its own snapshot.
 *
 * @module
 */
import type { Blocks } from "./blocks.ts";
import type { DecodedCode } from "./code.ts";
import { OPCODES, OPERAND_KINDS, OPERAND_SLOTS } from "./opcodes.ts";
import type { AggShape, Program, TapeFunction } from "./program.ts";
import { CLASS_NAMES, type Signature, typeClass, type ValueType } from "./types.ts";
import type { AggKind, VerifyErrorDetail } from "./verify_error.ts";

/*
 * Type codes: the tag bytes 0 to 11 (never 8), and 16 + k for the k-th distinct obj(ID) of the
 * program. Negative codes are states of a register that holds no single known type.
 */

/** State of a register that some path leaves unwritten. */
export const UNINIT = -1;
/** State of a register whose type is unknown; also an unknown element of a tuple shape. */
export const AMBIGUOUS = -2;

/** The class tag of a type code. */
export function classOfCode(code: number): number {
  return code >= 16 ? 8 : code;
}

/** Type codes of a signature. */
export interface SignatureCodes {
  readonly args: readonly number[];
  readonly results: readonly number[];
}

/** What the verifier knows about the aggregate in a register (specification §7.7). */
export interface Shape {
  readonly kind: AggKind;
  /** Struct type id or array element type id; 0 for tuples. */
  readonly id: number;
  /** Element type codes of a tuple, `AMBIGUOUS` where unknown; field types of a struct; the one
   * element type of an array. */
  readonly types: readonly number[];
}

/** Whether two shapes say the same. */
export function sameShape(a: Shape | undefined, b: Shape | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.kind !== b.kind || a.id !== b.id) return false;
  return a.types.length === b.types.length && a.types.every((type, k) => type === b.types[k]);
}

/** Every type of a program as codes. */
export interface ProgramTypes {
  readonly functions: readonly SignatureCodes[];
  readonly hostSigs: readonly SignatureCodes[];
  readonly callSigs: readonly SignatureCodes[];
  /** Type of each constant. */
  readonly constants: Uint8Array;
  /** The shape of each struct type. */
  readonly structs: readonly Shape[];
  /** The shape of an array of each element type. */
  readonly arrays: readonly Shape[];
  /** The type that a code stands for. */
  name(code: number): ValueType;
  /** The shape that section 11 declares, in codes. */
  shape(declared: AggShape): Shape;
}

/** Gives every type in `program` its code. */
export function internTypes(program: Program): ProgramTypes {
  const codes = new Map<string, number>();
  const objects: ValueType[] = [];
  CLASS_NAMES.forEach((name, tag) => name !== "obj" && codes.set(name, tag));
  const code = (type: ValueType): number => {
    let found = codes.get(type);
    if (found === undefined) codes.set(type, found = 16 + objects.push(type) - 1);
    return found;
  };
  const signature = (sig: Signature): SignatureCodes => ({
    args: sig.args.map(code),
    results: sig.results.map(code),
  });
  const structs = program.structs.map((struct, id): Shape => ({
    kind: "Struct",
    id,
    types: struct.fields.map((field) => code(field.type)),
  }));
  const arrays = program.arrayElems.map((type, id): Shape => ({
    kind: "Array",
    id,
    types: [code(type)],
  }));
  return {
    functions: program.functions.map(signature),
    hostSigs: program.hostSigs.map(signature),
    callSigs: program.callSigs.map(signature),
    constants: Uint8Array.from(program.constants, (constant) => typeClass(constant.type)),
    structs,
    arrays,
    name: (code) => code >= 16 ? objects[code - 16] : CLASS_NAMES[code] as ValueType,
    shape(declared) {
      if (declared.kind === "struct") return structs[declared.typeId];
      if (declared.kind === "array") return arrays[declared.elemTypeId];
      const types = declared.elements.map((type) => type === null ? AMBIGUOUS : code(type));
      return { kind: "Tuple", id: 0, types };
    },
  };
}

/** One function on its way through the phases F5 to F12. */
export interface FunctionContext {
  /** Function id. */
  readonly func: number;
  readonly program: Program;
  readonly types: ProgramTypes;
  readonly fn: TapeFunction;
  /** Decoded code; registers may be renumbered, see `regName`. */
  readonly code: DecodedCode;
  /** Registers that the phases may index: every smaller number is in bounds, no other one is. */
  readonly regs: number;
  /** Shape of the value in register `r` on entry, for arguments that declare one. */
  readonly entryShapes: ReadonlyMap<number, Shape>;
  /** The number that the program uses for register `reg`. */
  regName(reg: number): number;
  /** Throws the error for `detail`. */
  fail(detail: VerifyErrorDetail): never;
}

/** A context once control flow is known. */
export interface FlowContext extends FunctionContext {
  readonly blocks: Blocks;
}

/*
 * REGISTER_FORM, by opcode: where the register operands are, so that the common instructions need
 * no walk over operand kinds.
 *   0..3  a destination, then that many sources, in consecutive operand words
 *   4     no register at all
 *   5     one source in the first word (br)
 *   6     register lists: walk the operand kinds
 * TYPE_FORM is the same, but 7 for instructions whose types are not those of the opcode table alone.
 */

/** Layout of the register operands by opcode. */
export const REGISTER_FORM: Uint8Array = new Uint8Array(256).fill(6);
/** Layout of the register operands by opcode, 7 where types need their own rule. */
export const TYPE_FORM: Uint8Array = new Uint8Array(256).fill(7);
/** Type codes of the sources of opcode `op`: from `op * 3` on, for forms 0 to 3 and 5. */
export const SOURCE_TYPES: Uint8Array = new Uint8Array(256 * 3).fill(255);
/** Type code that opcode `op` writes, for forms 0 to 3. */
export const RESULT_TYPE: Uint8Array = new Uint8Array(256).fill(255);

for (const row of OPCODES.values()) {
  const { opcode, operands, inputs, outputs } = row;
  const registers = operands.filter((operand) => operand.access !== null);
  if (registers.some((operand) => operand.kind === "regs")) continue;
  const form = registers.length === 0 ? 4 : row.mnemonic === "br" ? 5 : registers.length - 1;
  REGISTER_FORM[opcode] = form;
  inputs.forEach((name, k) => {
    SOURCE_TYPES[opcode * 3 + k] = name === "T" ? 255 : typeClass(name as ValueType);
  });
  if (outputs.length > 0 && outputs[0] !== "T") {
    RESULT_TYPE[opcode] = typeClass(outputs[0] as ValueType);
  }
  // Lengths take any aggregate but one whose shape is known to be of another kind.
  const length = /^(tuple\.len|array\.len|struct\.field_count)$/.test(row.mnemonic);
  if (!outputs.includes("T") && !length) TYPE_FORM[opcode] = form;
}

/**
 * Calls `visit` with each register operand of instruction `i`, and its place in the operands, in
 * order: the sources, with `written` 16 the destinations, with -1 both. For the cold paths and
 * instructions with lists.
 */
export function visitRegisters(
  code: DecodedCode,
  i: number,
  written: 0 | 16 | -1,
  visit: (reg: number, word: number) => void,
): void {
  const { operands } = code;
  let word = code.at[i];
  for (let slot = code.ops[i] * OPERAND_SLOTS;; slot++) {
    const kind = OPERAND_KINDS[slot];
    switch (kind & 15) {
      case 0:
        return;
      case 1: // reg
        if (written < 0 || (kind & 16) === written) visit(operands[word], word);
        word++;
        break;
      case 2: { // regs
        const end = word + 1 + operands[word];
        if (written < 0 || (kind & 16) === written) {
          while (++word < end) visit(operands[word], word);
        }
        word = end;
        break;
      }
      case 4: // uleb64
      case 5: // sleb64
      case 6: // u64le
        word += 2;
        break;
      default:
        word++;
    }
  }
}
