/**
 * `burin info`: what is in a program, at a glance.
 *
 * @module
 */
import { decodeCode } from "../../tape/code.ts";
import { encodeProgram } from "../../tape/encode.ts";
import { functionName, type Program } from "../../tape/program.ts";
import { formatSignature } from "../../tape/types.ts";
import { atMost, type Command, JSON_FLAG, requiredArgument } from "../command.ts";
import { ExitStatus } from "../errors.ts";
import { describeFunction, loadProgram } from "../program_file.ts";

function instructionCount(code: Uint8Array): number | null {
  try {
    return decodeCode(code).count;
  } catch {
    return null; // undecodable code is listed as such
  }
}

function summary(program: Program) {
  return {
    name: program.name === 0 ? null : program.symbols[program.name],
    bytes: encodeProgram(program).length,
    symbols: program.symbols.length - 1,
    constants: program.constants.length,
    structs: program.structs.length,
    arrayElems: program.arrayElems.length,
    functions: program.functions.map((f, func) => ({
      func,
      name: functionName(program, func) ?? null,
      args: f.args,
      results: f.results,
      registers: f.regCount,
      codeBytes: f.code.length,
      instructions: instructionCount(f.code),
    })),
    hostFunctions: program.hostSigs.map((sig) => ({
      symbol: program.symbols[sig.symbol] ?? null,
      args: sig.args,
      results: sig.results,
      hash: sig.hash.toString(16).padStart(16, "0"),
    })),
  };
}

/** The command. */
export const infoCommand: Command = {
  name: "info",
  usage: "FILE [--json]",
  summary: "Show functions, host functions and sizes of a program.",
  flags: [JSON_FLAG],
  run(args, io) {
    const file = requiredArgument(this, args, 0, "FILE");
    atMost(this, args, 1);
    const program = loadProgram(io, file);
    const info = summary(program);
    if (args.json) {
      io.stdout(`${JSON.stringify(info)}\n`);
      return ExitStatus.Ok;
    }
    const lines = [
      `${info.name ?? file}: ${info.bytes} bytes, ${info.functions.length} functions, ` +
      `${info.constants} constants, ${info.symbols} symbols, ` +
      `${info.structs} struct and ${info.arrayElems} array types`,
    ];
    for (const f of info.functions) {
      const size = f.instructions === null ? "does not decode" : `${f.instructions} instructions`;
      lines.push(
        `  ${describeFunction(program, f.func)}: ${size}, ${f.codeBytes} bytes, ` +
          `${f.registers} registers`,
      );
    }
    if (info.hostFunctions.length > 0) lines.push("host functions it may call:");
    for (const sig of info.hostFunctions) {
      lines.push(`  ${sig.symbol}${formatSignature(sig)} ${sig.hash}`);
    }
    io.stdout(`${lines.join("\n")}\n`);
    return ExitStatus.Ok;
  },
};
