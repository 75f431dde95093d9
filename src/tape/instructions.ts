/**
 * A structured view of one function's instructions, for tools and for the printers: operands with
 * their encodings, registers read and written, and what the immediates refer to. It works on
 * programs that were not verified.
 *
 * @module
 */
import { decodeCode } from "./code.ts";
import { Op, type OpcodeInfo, OPCODES, type OperandInfo } from "./opcodes.ts";
import type { Constant, Program } from "./program.ts";

/** One operand of an instruction. */
export interface InstructionOperand {
  /** Its row in the opcode table. */
  readonly info: OperandInfo;
  /**
   * A list for `regs`, a bigint for `uleb64`, `sleb64` and `u64le`, else a number. `bool8` is the
   * byte as it stands in the code.
   */
  readonly value: number | bigint | readonly number[];
  /** Bytes of each number: one entry, or for a list its count and then its members. */
  readonly widths: readonly number[];
}

/** One instruction. */
export interface Instruction {
  /** Byte offset. */
  readonly pc: number;
  /** Bytes it takes. */
  readonly length: number;
  /** Its row in the opcode table. */
  readonly info: OpcodeInfo;
  /** Operands in encoding order. */
  readonly operands: readonly InstructionOperand[];
  /** Registers read, in operand order. */
  readonly reads: readonly number[];
  /** Registers written, in operand order. */
  readonly writes: readonly number[];
  /** Byte offsets it may branch to, in operand order. */
  readonly targets: readonly number[];
  /** The id, index or code among its operands. */
  readonly index: number | undefined;
  /** The value of a `const.*` instruction; undefined for `const.func` and a bad pool index. */
  readonly constant: Constant | undefined;
  /** The symbol a `host_call` calls; undefined when an id is out of range. */
  readonly hostSymbol: string | undefined;
}

/** Bytes of the LEB128 number at `at`. */
function lebWidth(code: Uint8Array, at: number): number {
  let end = at;
  while (code[end] >= 0x80) end++;
  return end + 1 - at;
}

const pair = new Int32Array(2);
const unsigned = new BigUint64Array(pair.buffer);
const signed = new BigInt64Array(pair.buffer);

/** Operand names of immediates that refer to something or select something. */
const INDEX_NAMES = new Set([
  "code",
  "idx",
  "func_id",
  "host_sig",
  "call_sig",
  "type_id",
  "elem_type_id",
  "index",
  "field_index",
  "scale",
]);

/**
 * The instructions of function `func` in order.
 *
 * @throws {CodeError} When its bytecode does not decode.
 * @throws {RangeError} When there is no such function.
 *
 * @example
 * ```ts
 * import { assemble, instructions } from "@burin/burin";
 *
 * const program = assemble("func main(a: i64) -> (i64) {\n  b = i64.add a, a\n  ret b\n}");
 * for (const { pc, info, reads } of instructions(program, 0)) {
 *   console.log(pc, info.mnemonic, reads);
 * }
 * // 0 i64.add [ 1, 1 ]
 * // 4 ret [ 0, 2 ]
 * ```
 */
export function instructions(program: Program, func: number): Instruction[] {
  const definition = program.functions[func];
  if (definition === undefined) {
    throw new RangeError(
      `there is no function ${func}: the program has ${program.functions.length}`,
    );
  }
  const { code } = definition;
  const { count, pcs, ops, at, operands } = decodeCode(code);
  return Array.from({ length: count }, (_, i) => {
    const info = OPCODES.get(ops[i]) as OpcodeInfo;
    let word = at[i];
    let byte = pcs[i] + 1;
    const list = info.operands.map((operand): InstructionOperand => {
      const widths: number[] = [];
      const leb = () => {
        const width = lebWidth(code, byte);
        widths.push(width);
        byte += width;
      };
      switch (operand.kind) {
        case "regs": {
          const length = operands[word++];
          leb();
          const value = Array.from({ length }, () => {
            leb();
            return operands[word++] >>> 0;
          });
          return { info: operand, value, widths };
        }
        case "uleb64":
        case "sleb64":
        case "u64le": {
          pair[0] = operands[word++];
          pair[1] = operands[word++];
          if (operand.kind === "u64le") widths.push(8), byte += 8;
          else leb();
          return {
            info: operand,
            value: operand.kind === "sleb64" ? signed[0] : unsigned[0],
            widths,
          };
        }
        case "u8":
        case "bool8":
          word++;
          return { info: operand, value: code[byte++], widths: [1] };
        case "reg":
        case "uleb32":
          leb();
          return { info: operand, value: operands[word++] >>> 0, widths };
      }
    });
    return view(program, info, pcs[i], pcs[i + 1] - pcs[i], list);
  });
}

function view(
  program: Program,
  info: OpcodeInfo,
  pc: number,
  length: number,
  operands: readonly InstructionOperand[],
): Instruction {
  const registers = (access: "r" | "w") =>
    operands.filter((operand) => operand.info.access === access)
      .flatMap((operand) => operand.value as number | readonly number[]);
  const immediates = operands.filter((operand) => operand.info.access === null);
  const index = immediates.find((operand) =>
    INDEX_NAMES.has(operand.info.name) && info.opcode !== Op.ConstDecimal
  );
  const id = index?.value as number | undefined;
  const host = info.opcode === Op.HostCall ? program.hostSigs[id as number] : undefined;
  return {
    pc,
    length,
    info,
    operands,
    reads: registers("r"),
    writes: registers("w"),
    targets: immediates.filter((operand) => operand.info.name.startsWith("pc_"))
      .map((operand) => operand.value as number),
    index: id,
    constant: constantOf(program, info, immediates.map((operand) => operand.value)),
    hostSymbol: host && program.symbols[host.symbol],
  };
}

function constantOf(
  program: Program,
  info: OpcodeInfo,
  immediates: readonly InstructionOperand["value"][],
): Constant | undefined {
  const [first, second] = immediates;
  switch (info.opcode) {
    case Op.ConstUnit:
      return { type: "unit" };
    case Op.ConstBool:
      return { type: "bool", value: first !== 0 };
    case Op.ConstI64:
      return { type: "i64", value: first as bigint };
    case Op.ConstU64:
      return { type: "u64", value: first as bigint };
    case Op.ConstF64:
      return { type: "f64", bits: first as bigint };
    case Op.ConstDecimal:
      return { type: "dec", mantissa: first as bigint, scale: second as number };
    case Op.ConstPool:
      return program.constants[first as number];
    default:
      return undefined;
  }
}
