/**
 * The reference disassembler's text format (specification §11.1), for reading and for comparing with
 * it. `disassemble` prints the form that can be assembled again.
 *
 * @module
 */
import { CodeError } from "./code.ts";
import { type Instruction, type InstructionOperand, instructions } from "./instructions.ts";
import { Op } from "./opcodes.ts";
import { type Constant, functionName, type Program } from "./program.ts";
import type { ValueType } from "./types.ts";
import { f64FromBits } from "./value.ts";

/** Type names of this format. */
const TYPE_NAMES: Record<string, string> = {
  unit: "Unit",
  bool: "Bool",
  i64: "I64",
  u64: "U64",
  f64: "F64",
  dec: "Decimal",
  bytes: "Bytes",
  str: "Str",
  agg: "Agg",
  func: "Func",
  closure: "Closure",
};

/**
 * Lists a program in the reference's format. Works on programs that were not verified: a function
 * whose bytecode does not decode shows `<decode error: …>`.
 */
export function listing(program: Program): string {
  const lines: string[] = [];
  if (program.name !== 0) lines.push(`; program="${program.symbols[program.name]}"`, "");
  program.functions.forEach((func, id) => {
    if (id > 0) lines.push("");
    const name = functionName(program, id);
    lines.push(`func f${id}:${name === undefined ? "" : ` ; name="${name}"`}`);
    if (func.argNames?.some((symbol) => symbol !== 0)) {
      const args = func.args.map((_, i) => i + 1);
      lines.push(`  ; args=${registers(args, symbolTexts(program, func.argNames))}`);
    }
    listCode(program, id, lines);
  });
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function listCode(program: Program, func: number, lines: string[]): void {
  let list: Instruction[];
  try {
    list = instructions(program, func);
  } catch (error) {
    if (!(error instanceof CodeError)) throw error;
    const cause = error.kind === "UnknownOpcode"
      ? `UnknownOpcode { opcode: ${program.functions[func].code[error.pc]} }`
      : `Decode(${error.kind})`;
    lines.push(`  <decode error: ${cause}>`);
    return;
  }
  const targets = new Set([0, ...list.flatMap((instruction) => instruction.targets)]);
  const labels = new Map([...targets].sort((a, b) => a - b).map((pc, i) => [pc, `@L${i}`]));
  const names = new Map<number, string>();
  for (const label of program.labelNames) {
    if (label.func !== func || names.has(label.pc)) continue;
    names.set(label.pc, program.symbols[label.symbol]);
  }
  for (const instruction of list) {
    const { pc, info } = instruction;
    const label = labels.get(pc);
    const name = names.get(pc);
    if (label !== undefined) {
      lines.push(`  ${label}:${name === undefined ? "" : ` ; name="${name}"`}`);
    }
    const text = operandText(program, func, instruction, (target) => labels.get(target) as string);
    lines.push(`  ${String(pc).padStart(6, "0")}: ${info.mnemonic}${text}`);
  }
}

function operandText(
  program: Program,
  func: number,
  instruction: Instruction,
  label: (pc: number) => string,
): string {
  const { info, reads, writes, targets, index, constant, hostSymbol } = instruction;
  const operand = (name: string) =>
    instruction.operands.find((entry) => entry.info.name === name) as InstructionOperand;
  const reg = (name: string) => `r${operand(name).value}`;
  const list = (name: string, names: readonly (string | undefined)[]) =>
    registers(operand(name).value as readonly number[], names);
  const callLike = (callee: string, argNames: Names, resultNames: Names) =>
    ` eff_out=${reg("eff_out")}, ${callee}, eff_in=${reg("eff_in")}, args=${
      list("args", argNames)
    }, rets=${list("rets", resultNames)}`;
  switch (info.opcode) {
    case Op.Br:
      return ` r${reads[0]}, ${targets.map(label).join(", ")}`;
    case Op.Jmp:
      return ` ${label(targets[0])}`;
    case Op.Call: {
      const callee = program.functions[index as number];
      return callLike(
        `f${index}`,
        symbolTexts(program, callee?.argNames),
        symbolTexts(program, callee?.resultNames),
      );
    }
    case Op.HostCall: {
      const symbol = hostSymbol === undefined ? "" : `("${hostSymbol}")`;
      return callLike(`host_sig#${index}${symbol}`, [], []);
    }
    case Op.CallIndirect: {
      const signature = program.callSigs[index as number];
      const shown = signature === undefined
        ? ""
        : ` ; sig=${
          [signature.args, signature.results].map((types) => `[${types.map(typeName).join(", ")}]`)
            .join(" -> ")
        }`;
      return callLike(`call_sig#${index}, callee=${reg("callee")}`, [], []) + shown;
    }
    case Op.Ret: {
      const names = symbolTexts(program, program.functions[func].resultNames);
      return ` eff=${reg("eff_in")}, rets=${list("rets", names)}`;
    }
  }
  let text = writes.length > 0 ? ` r${writes[0]}` : "";
  if (reads.length > 0) text += `, ${registers(reads, [])}`;
  if (index !== undefined) text += annotation(info.opcode, index);
  if (constant !== undefined) text += ` ; ${constantText(constant)}`;
  return text;
}

type Names = readonly (string | undefined)[];

function symbolTexts(program: Program, symbols: readonly number[] | null | undefined): Names {
  return symbols?.map((id) => id === 0 ? undefined : program.symbols[id]) ?? [];
}

function registers(list: readonly number[], names: Names): string {
  const shown = list.map((reg, i) => names[i] === undefined ? `r${reg}` : `${names[i]}=r${reg}`);
  return `[${shown.join(", ")}]`;
}

function typeName(type: ValueType): string {
  return TYPE_NAMES[type] ?? `Obj(${type.slice(4, -1)})`;
}

function annotation(opcode: number, index: number): string {
  switch (opcode) {
    case Op.ConstPool:
      return `, const#${index}`;
    case Op.Trap:
      return ` ; trap_code=${index}`;
    case Op.StructNew:
      return ` ; type#${index}`;
    case Op.ArrayNew:
      return ` ; elem_type#${index}`;
    case Op.ConstFunc:
      return ` ; func#${index}`;
    default:
      return ` ; index=${index}`;
  }
}

/** A constant as this format shows it: long ones cut off. */
function constantText(constant: Constant): string {
  switch (constant.type) {
    case "unit":
      return "()";
    case "f64": {
      const bits = constant.bits.toString(16).toUpperCase().padStart(16, "0");
      return `${plainFloat(f64FromBits(constant.bits))} (bits=0x${bits})`;
    }
    case "dec":
      return `dec(mantissa=${constant.mantissa}, scale=${constant.scale})`;
    case "bytes": {
      const shown = constant.value.subarray(0, 32).toHex().toUpperCase();
      return `bytes[len=${constant.value.length}] 0x${shown}${
        constant.value.length > 32 ? "…" : ""
      }`;
    }
    case "str": {
      const chars = [...constant.value];
      const shown = chars.slice(0, 64).map(escapeChar).join("");
      const length = new TextEncoder().encode(constant.value).length;
      return `str[len=${length}] "${shown}${chars.length > 64 ? "…" : ""}"`;
    }
    default:
      return String(constant.value);
  }
}

const ESCAPES: Record<string, string> = {
  "\t": "\\t",
  "\r": "\\r",
  "\n": "\\n",
  "'": "\\'",
  '"': '\\"',
  "\\": "\\\\",
};

function escapeChar(char: string): string {
  const code = char.codePointAt(0) as number;
  return ESCAPES[char] ?? (code >= 0x20 && code < 0x7f ? char : `\\u{${code.toString(16)}}`);
}

/** Shortest decimal that reads back, never with an exponent. */
function plainFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  const match = /^(-?)([0-9])(?:\.([0-9]+))?e([+-][0-9]+)$/.exec(value.toExponential());
  if (match === null) throw new Error(`internal: unexpected form of ${value}`);
  const [, sign, first, rest = "", exponent] = match;
  const digits = first + rest;
  const point = Number(exponent) + 1;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits.padEnd(point, "0")}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
