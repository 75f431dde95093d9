/**
 * `burin explain`: one function at each stage on its way from bytecode to machine code. Needs no
 * permission but to read the file, and shows code of any target on any machine.
 *
 * @module
 */
import type { Args } from "@std/cli";
import { CompileError } from "../../codegen/compiled.ts";
import { functionName } from "../../tape/program.ts";
import type { VerifiedProgram } from "../../tape/verify.ts";
import { didYouMean } from "../../util/did_you_mean.ts";
import { atMost, type Command, JSON_FLAG, requiredArgument } from "../command.ts";
import { ExitStatus, RefusedError, UsageError } from "../errors.ts";
import { formatMachineCode } from "../explain/asm_text.ts";
import { type BytecodeListing, formatBytecode, listBytecode } from "../explain/bytecode.ts";
import { bytecodeGraph, type FlowGraph, irGraph } from "../explain/graph.ts";
import { formatGraph } from "../explain/graph_text.ts";
import { irText } from "../explain/ir_text.ts";
import { listMachineCode, type MachineListing } from "../explain/machine.ts";
import { formatPasses } from "../explain/passes.ts";
import { lowered, loweredIfPossible, optimized, passesOf } from "../explain/stages.ts";
import { graphToSvg } from "../explain/svg.ts";
import { machineTarget, TARGET_NAMES, type TargetName } from "../explain/target.ts";
import { type CliIo, paint } from "../io.ts";
import { describeFunction, loadVerified, resolveFunction } from "../program_file.ts";

const STAGES = ["bytecode", "ir", "opt", "passes", "asm", "cfg"] as const;
const GRAPH_STAGES = ["bytecode", "ir", "opt"] as const;
const FORMATS = ["text", "svg"] as const;

/** The value of a flag that allows a few words. */
function choice<T extends string>(args: Args, flag: string, words: readonly T[], usual: T): T {
  const text: string | undefined = args[flag];
  if (text === undefined) return usual;
  const word = words.find((entry) => entry === text);
  if (word !== undefined) return word;
  throw new UsageError(
    `--${flag} ${text}: expected one of ${words.join(", ")}${didYouMean(text, words)}`,
  );
}

/** The command. */
export const explainCommand: Command = {
  name: "explain",
  usage: "FILE [--func NAME|N] [--emit STAGE] [--target a64|x64]",
  summary: "Show a function at a stage on its way to machine code.",
  details: `Stages:
  bytecode  instructions with their pcs, blocks, fuel segments and spans
  ir        the intermediate representation after lowering
  opt       the same after optimisation
  passes    what each optimisation pass changed
  asm       machine code beside the bytecode it comes from (the default)
  cfg       the control-flow graph, as text or as a picture

Explains the function main, or function 0 if there is none.`,
  flags: [
    { name: "func", short: "f", value: "NAME|N", help: "function to explain" },
    { name: "emit", short: "e", value: "STAGE", help: `what to show: ${STAGES.join(", ")}` },
    { name: "target", value: "TARGET", help: "a64 or x64; this machine's own by default" },
    { name: "baseline", help: "x64: only instructions that every x86-64 processor has" },
    { name: "stage", value: "STAGE", help: "cfg: graph of bytecode, ir or opt (default opt)" },
    { name: "format", value: "FORMAT", help: "cfg: text or svg (default text)" },
    { name: "svg", value: "FILE", help: "cfg: also write the picture to a file" },
    JSON_FLAG,
  ],
  run(args, io) {
    const file = requiredArgument(this, args, 0, "FILE");
    atMost(this, args, 1);
    const emit = choice(args, "emit", STAGES, args.svg === undefined ? "asm" : "cfg");
    const target = choice(args, "target", TARGET_NAMES, machineTarget());
    const stage = choice(args, "stage", GRAPH_STAGES, "opt");
    const format = choice(args, "format", FORMATS, "text");
    for (const flag of ["svg", "stage", "format"]) {
      if (args[flag] !== undefined && emit !== "cfg") {
        throw new UsageError(`--${flag} goes with --emit cfg: got --emit ${emit}`);
      }
    }
    const verified = loadVerified(io, file);
    const func = resolveFunction(verified.program, args.func);
    const explanation = emit === "cfg"
      ? explainGraph(verified, func, stage, format, args.svg, io)
      : explain(verified, func, emit, target, args.baseline === true, io);
    io.stdout(
      args.json ? `${JSON.stringify(jsonHead(verified, func, explanation))}\n` : explanation.text,
    );
    return ExitStatus.Ok;
  },
};

interface Explanation {
  /** For people; ends in a newline. */
  readonly text: string;
  /** For machines. */
  readonly json: Readonly<Record<string, unknown>>;
}

function jsonHead({ program }: VerifiedProgram, func: number, { json }: Explanation) {
  return { func, name: functionName(program, func) ?? null, ...json };
}

function text(lines: readonly string[]): string {
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function explain(
  verified: VerifiedProgram,
  func: number,
  emit: "bytecode" | "ir" | "opt" | "passes" | "asm",
  target: TargetName,
  baseline: boolean,
  io: CliIo,
): Explanation {
  switch (emit) {
    case "bytecode": {
      const listing = listBytecode(verified, func, loweredIfPossible(verified, func));
      return { text: text(formatBytecode(listing)), json: bytecodeJson(listing) };
    }
    case "ir":
    case "opt": {
      const ir = emit === "ir" ? lowered(verified, func) : optimized(verified, func);
      const shown = irText(ir, verified.program);
      return { text: shown, json: { stage: emit, text: shown } };
    }
    case "passes": {
      const passes = passesOf(verified, func);
      return { text: text(formatPasses(passes)), json: { passes } };
    }
    case "asm": {
      const bytecode = listBytecode(verified, func, undefined);
      let machine: MachineListing;
      try {
        machine = listMachineCode(optimized(verified, func), func, target, baseline);
      } catch (error) {
        if (!(error instanceof CompileError)) throw error;
        throw new RefusedError(error.message, { compileError: error.message }, error);
      }
      return {
        text: text(formatMachineCode(machine, bytecode, paint(io.isTerminal))),
        json: machineJson(machine),
      };
    }
  }
}

function explainGraph(
  verified: VerifiedProgram,
  func: number,
  stage: (typeof GRAPH_STAGES)[number],
  format: (typeof FORMATS)[number],
  file: string | undefined,
  io: CliIo,
): Explanation {
  const graph = graphOf(verified, func, stage);
  if (file !== undefined) {
    try {
      io.writeFile(file, new TextEncoder().encode(graphToSvg(graph)));
    } catch (error) {
      throw new UsageError(`${file}: ${(error as Error).message}`);
    }
  }
  const svg = format === "svg" ? graphToSvg(graph) : undefined;
  return {
    text: svg ?? text(formatGraph(graph)),
    json: { stage, ...graphJson(graph), ...(svg === undefined ? {} : { svg }) },
  };
}

function graphOf(
  verified: VerifiedProgram,
  func: number,
  stage: (typeof GRAPH_STAGES)[number],
): FlowGraph {
  const head = describeFunction(verified.program, func);
  switch (stage) {
    case "bytecode":
      return bytecodeGraph(listBytecode(verified, func, undefined));
    case "ir":
      return irGraph(lowered(verified, func), verified.program, `${head}, lowered`);
    case "opt":
      return irGraph(optimized(verified, func), verified.program, `${head}, optimised`);
  }
}

function bytecodeJson({ lines, blocks, segments, bytes, registers }: BytecodeListing) {
  return {
    stage: "bytecode",
    bytes,
    registers,
    blocks,
    segments: segments ?? null,
    instructions: lines.map(({ span, ...line }) => ({
      ...line,
      span: span === undefined ? null : String(span),
    })),
  };
}

function machineJson({ target, compiled, lines, sizes, slots, outgoingBytes }: MachineListing) {
  const { code, entry, thunk, frameBytes } = compiled;
  return {
    stage: "asm",
    target,
    code: code.toHex(),
    entry,
    thunk,
    sizes,
    frame: { bytes: frameBytes, slots, outgoingBytes },
    instructions: lines,
  };
}

function graphJson({ title, blocks, loops, irreducible, unreachable }: FlowGraph) {
  return {
    title,
    irreducible,
    unreachable,
    blocks: blocks.map(({ order: _, ...block }) => block),
    loops,
  };
}
