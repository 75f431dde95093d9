/**
 * Writes src/tape/operand_types.ts, the operand types of `FunctionBuilder.op` by mnemonic, from the
 * opcode table. `deno run -R -W scripts/generate_operand_types.ts` rewrites the file, `--check` only
 * compares and exits with 1 when it is stale.
 *
 * @module
 */
import { type OpcodeInfo, OPCODES, type OperandInfo } from "../src/tape/opcodes.ts";

const OUT = new URL("../src/tape/operand_types.ts", import.meta.url);

/** TypeScript types of immediates that mean more than a number, by operand name. */
const BY_NAME: Record<string, string> = {
  bits: "number | bigint",
  func_id: "FuncRef",
  idx: "number | Constant",
  pc_true: "Target",
  pc_false: "Target",
  pc_target: "Target",
};

const BY_KIND: Record<OperandInfo["kind"], string> = {
  reg: "Reg",
  regs: "readonly Reg[]",
  uleb32: "number",
  uleb64: "number | bigint",
  sleb64: "number | bigint",
  u64le: "bigint",
  u8: "number",
  bool8: "boolean",
};

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function member(info: OpcodeInfo): string {
  const operands = info.operands.filter((operand) => !operand.name.startsWith("eff_"));
  const types = operands.map((operand) => {
    const name = operand.kind === "u64le" ? "value" : camelCase(operand.name);
    return `${name}: ${BY_NAME[operand.name] ?? BY_KIND[operand.kind]}`;
  });
  return `  /** ${info.description} */\n  "${info.mnemonic}": [${types.join(", ")}];`;
}

/** Returns the text of operand_types.ts for the opcode table. */
export function generateOperandTypes(): string {
  return `/**
 * Operands of every instruction as the builder takes them: the table's order without the effect
 * registers. Generated from opcodes.ts by scripts/generate_operand_types.ts; do not edit.
 *
 * @module
 */
import type { Constant } from "./program.ts";

/** A register number. */
export type Reg = number;

/** A function: its id, or anything that has one, such as a \`FunctionBuilder\`. */
export type FuncRef = number | { readonly id: number };

/** A place in a function's code, made by \`FunctionBuilder.label\`. */
export interface Label {
  /** The name stored with the program, if the label has one. */
  readonly name: string | undefined;
  /** The function the label belongs to. */
  readonly func: number;
}

/** Where a branch goes: a label, or a byte offset. */
export type Target = Label | number;

/** Operands by mnemonic. */
export interface OperandTypes {
${[...OPCODES.values()].map(member).join("\n")}
}

/** The name of an instruction. */
export type Mnemonic = keyof OperandTypes;
`;
}

if (import.meta.main) {
  const text = generateOperandTypes();
  if (Deno.args.includes("--check")) {
    if (text !== await Deno.readTextFile(OUT)) {
      console.error("src/tape/operand_types.ts is stale: run scripts/generate_operand_types.ts");
      Deno.exit(1);
    }
  } else {
    await Deno.writeTextFile(OUT, text);
  }
}
