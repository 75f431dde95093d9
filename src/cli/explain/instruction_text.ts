/**
 * One bytecode instruction as a line of text, in the assembler's notation: what a listing puts beside
 * machine code, in a graph or behind a pc. Names of arguments are used where the program stores them;
 * encodings (padded numbers) are not shown. For text that assembles again use `disassemble`.
 *
 * @module
 */
import type { Instruction, InstructionOperand } from "../../tape/instructions.ts";
import { formatConstant, formatDecimal, formatFloat, formatName } from "../../tape/literals.ts";
import { Op } from "../../tape/opcodes.ts";
import { functionName, type Program } from "../../tape/program.ts";
import { formatSignature } from "../../tape/types.ts";

/** The text of `instruction`, which belongs to function `func`; `label` names branch targets. */
export function instructionText(
  program: Program,
  func: number,
  instruction: Instruction,
  label: (pc: number) => string,
): string {
  const { info, operands } = instruction;
  const { args, argNames } = program.functions[func];
  const reg = (value: number): string => {
    const name = value > 0 && value <= args.length ? argNames?.[value - 1] ?? 0 : 0;
    return name === 0 ? `r${value}` : formatName(program.symbols[name]);
  };
  const written: string[] = [];
  const rest: string[] = [];
  let callee = "", suffix = "";
  for (const operand of operands) {
    const { name, kind, access } = operand.info;
    const value = operand.value as number;
    const isList = kind === "regs";
    const regs = isList
      ? (operand.value as readonly number[]).map(reg)
      : kind === "reg"
      ? [reg(value)]
      : [];
    if (name.startsWith("eff_")) {
      if (value !== 0) suffix += ` ${name}=${reg(value)}`;
    } else if (access === "w") written.push(...regs);
    else if (name === "callee") callee = regs[0];
    else if (regs.length > 0 || isList) rest.push(...regs);
    else if (name === "call_sig") suffix += ` as ${formatSignature(program.callSigs[value])}`;
    else if (name === "host_sig") callee = hostText(program, value);
    else if (name === "func_id" && info.opcode === Op.Call) callee = functionText(program, value);
    else if (info.opcode !== Op.ConstDecimal || name === "mantissa") {
      rest.push(immediate(program, instruction, operand, label));
    }
  }
  const left = written.length > 0 ? `${written.join(", ")} = ` : "";
  const right = callee !== ""
    ? ` ${callee}(${rest.join(", ")})`
    : rest.length > 0
    ? ` ${rest.join(", ")}`
    : "";
  return `${left}${info.mnemonic}${right}${suffix}`;
}

function immediate(
  program: Program,
  instruction: Instruction,
  operand: InstructionOperand,
  label: (pc: number) => string,
): string {
  const { name, kind } = operand.info;
  const value = operand.value as number;
  if (name.startsWith("pc_")) return label(value);
  switch (name) {
    case "mantissa":
      return formatDecimal(operand.value as bigint, instruction.operands[2].value as number);
    case "bits":
      return formatFloat(operand.value as bigint);
    case "idx":
      return formatConstant(program.constants[value]);
    case "func_id":
      return functionText(program, value);
    case "type_id":
      return `S${value}`;
    case "elem_type_id":
      return program.arrayElems[value];
  }
  return kind === "bool8" ? String(value !== 0) : String(operand.value);
}

function functionText(program: Program, func: number): string {
  const name = functionName(program, func);
  return name === undefined ? `f${func}` : formatName(name);
}

function hostText(program: Program, sig: number): string {
  return formatName(program.symbols[program.hostSigs[sig].symbol]);
}
