/**
 * A function's bytecode as a listing: instructions with their pcs, basic blocks with their
 * predecessors, fuel segments in brackets, spans where they begin.
 *
 * The segments are those of the lowered function, so they are the ones that machine code charges.
 *
 * @module
 */
import type { Func } from "../../ir/func.ts";
import { type Instruction, instructions } from "../../tape/instructions.ts";
import { spanAt } from "../../tape/program.ts";
import type { VerifiedProgram } from "../../tape/verify.ts";
import { describeFunction } from "../program_file.ts";
import { instructionText } from "./instruction_text.ts";

/** One instruction of a listing. */
export interface BytecodeLine {
  /** Byte offset. */
  readonly pc: number;
  /** The instruction. */
  readonly text: string;
  /** Index of its block. */
  readonly block: number;
  /** Span in force, undefined for none. */
  readonly span: bigint | undefined;
  /** Index of its fuel segment, -1 if it is never charged. */
  readonly segment: number;
}

/** One basic block of a listing. */
export interface BytecodeBlock {
  /** `b` and its number. */
  readonly name: string;
  /** Index of its first line, and one past its last. */
  readonly start: number;
  readonly end: number;
  /** Indices of the blocks it branches to; of a `br` the true target comes first. */
  readonly successors: readonly number[];
  /** Indices of the blocks that branch here. */
  readonly predecessors: readonly number[];
  /** Whether control can get here. */
  readonly reachable: boolean;
}

/** A listing. */
export interface BytecodeListing {
  /** `f0 main(n: i64) -> (i64)`. */
  readonly head: string;
  /** Bytes of code. */
  readonly bytes: number;
  /** Virtual registers. */
  readonly registers: number;
  readonly lines: readonly BytecodeLine[];
  readonly blocks: readonly BytecodeBlock[];
  /** Pcs of each fuel segment in order; undefined when the function was not lowered. */
  readonly segments: readonly (readonly number[])[] | undefined;
}

/** Lists function `func`; `lowered` is its IR before optimisation, if it has one. */
export function listBytecode(
  verified: VerifiedProgram,
  func: number,
  lowered: Func | undefined,
): BytecodeListing {
  const { program } = verified;
  const { blocks } = verified.functions[func];
  const definition = program.functions[func];
  const list = instructions(program, func);
  const segments = lowered === undefined
    ? undefined
    : lowered.sites.filter((site) => site.kind === "fuel" && site.pcs.length > 0)
      .map((site) => site.pcs).sort((a, b) => a[0] - b[0]);
  const segmentOf = new Map(segments?.flatMap((pcs, i) => pcs.map((pc) => [pc, i])));
  const starts = Array.from(blocks.starts.subarray(0, blocks.count), (i) => list[i].pc);
  const label = (pc: number) => `b${starts.indexOf(pc)}`;
  const successors = Array.from(
    { length: blocks.count },
    (_, b) => [blocks.successors[2 * b], blocks.successors[2 * b + 1]].filter((next) => next >= 0),
  );
  const lines: BytecodeLine[] = [];
  for (let block = 0; block < blocks.count; block++) {
    for (const instruction of list.slice(blocks.starts[block], blocks.starts[block + 1])) {
      lines.push({
        pc: instruction.pc,
        text: instructionText(program, func, instruction as Instruction, label),
        block,
        span: spanAt(definition.spans, instruction.pc),
        segment: segmentOf.get(instruction.pc) ?? -1,
      });
    }
  }
  return {
    head: describeFunction(program, func),
    bytes: definition.code.length,
    registers: definition.regCount,
    lines,
    blocks: successors.map((next, block) => ({
      name: `b${block}`,
      start: blocks.starts[block],
      end: blocks.starts[block + 1],
      successors: next,
      predecessors: successors.flatMap((targets, from) => targets.includes(block) ? [from] : []),
      reachable: blocks.reachable[block] !== 0,
    })),
    segments,
  };
}

/** The listing as lines of text. */
export function formatBytecode(listing: BytecodeListing): string[] {
  const { lines, blocks, segments } = listing;
  const out = [
    listing.head,
    `${lines.length} instructions, ${listing.bytes} bytes, ${listing.registers} registers, ` +
    `${blocks.length} blocks, ` +
    (segments === undefined ? "fuel segments unknown" : `${segments.length} fuel segments`),
  ];
  const costs = (segments ?? []).map((pcs) => `fuel ${pcs.length}`);
  const costWidth = Math.max(0, ...costs.map((cost) => cost.length));
  const pcWidth = String(lines.at(-1)?.pc ?? 0).length;
  for (const block of blocks) {
    const from = block.predecessors.map((b) => blocks[b].name).join(", ");
    const note = !block.reachable ? "  ; unreachable" : from === "" ? "" : `  ; from ${from}`;
    out.push("", `${block.name}:${note}`);
    for (let i = block.start; i < block.end; i++) {
      const { pc, text, span, segment } = lines[i];
      if (span !== lines[i - 1]?.span && span !== undefined) out.push(`  .span ${span}`);
      const isFirst = segment >= 0 && segments![segment][0] === pc;
      const isLast = segment >= 0 && segments![segment].at(-1) === pc;
      const bracket = segment < 0 ? " " : isFirst ? isLast ? "─" : "┌" : isLast ? "└" : "│";
      const cost = (isFirst ? costs[segment] : "").padStart(costWidth);
      out.push(`  ${cost} ${bracket} ${String(pc).padStart(pcWidth)}  ${text}`);
    }
  }
  return out;
}
