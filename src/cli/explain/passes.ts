/**
 * What each optimisation pass changed: the blocks that differ before and after it, as line diffs.
 * Values and blocks are named by their ids, which passes never change, so that a line differs only if
 * its instruction does.
 *
 * @module
 */
import type { Func } from "../../ir/func.ts";
import { irBlocks, type IrBlockText } from "./ir_text.ts";

/** One block as a pass left it. */
export interface BlockChange {
  /** Name of the block. */
  readonly block: string;
  /** Its lines: a sign (`+` new, `-` gone, a space for unchanged) and the text. */
  readonly lines: readonly string[];
}

/** One pass. */
export interface PassChange {
  /** Name of the pass. */
  readonly name: string;
  /** Number of instructions before and after it. */
  readonly before: number;
  readonly after: number;
  /** Blocks that changed, in layout order, then those that are gone; none if nothing changed. */
  readonly blocks: readonly BlockChange[];
}

/** Compares a function with itself, pass after pass. */
export class PassRecorder {
  /** The passes so far. */
  readonly passes: PassChange[] = [];
  #blocks: readonly IrBlockText[];

  /** Starts with `func` before the first pass. */
  constructor(func: Func) {
    this.#blocks = irBlocks(func, { rawIds: true });
  }

  /** Records what pass `name` made of `func`. */
  record(name: string, func: Func): void {
    const before = this.#blocks, after = irBlocks(func, { rawIds: true });
    this.#blocks = after;
    this.passes.push({
      name,
      before: countLines(before),
      after: countLines(after),
      blocks: changedBlocks(before, after),
    });
  }
}

function countLines(blocks: readonly IrBlockText[]): number {
  return blocks.reduce((count, block) => count + block.lines.length, 0);
}

function changedBlocks(
  before: readonly IrBlockText[],
  after: readonly IrBlockText[],
): BlockChange[] {
  const old = new Map(before.map((block) => [block.name, block]));
  const kept = new Set(after.map((block) => block.name));
  const changes: BlockChange[] = [];
  for (const block of after) {
    const was = old.get(block.name);
    const lines = diffLines(was === undefined ? [] : withHead(was), withHead(block));
    if (lines.some((line) => line[0] !== " ")) changes.push({ block: block.name, lines });
  }
  for (const block of before) {
    if (kept.has(block.name)) continue;
    changes.push({ block: block.name, lines: withHead(block).map((line) => `- ${line}`) });
  }
  return changes;
}

function withHead({ name, params, lines }: IrBlockText): string[] {
  return [`${name}${params === "" ? "" : `(${params})`}:`, ...lines.map((line) => `  ${line}`)];
}

/** Most lines of a block that are compared line by line; longer ones only by their common ends. */
const MAX_DIFF = 2000;

/** Lines of `a` and `b` with signs, by a longest common subsequence. */
export function diffLines(a: readonly string[], b: readonly string[]): string[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)
  ) tail++;
  const x = a.slice(head, a.length - tail), y = b.slice(head, b.length - tail);
  return [
    ...a.slice(0, head).map((line) => `  ${line}`),
    ...(Math.max(x.length, y.length) > MAX_DIFF
      ? [...x.map((line) => `- ${line}`), ...y.map((line) => `+ ${line}`)]
      : diffMiddle(x, y)),
    ...a.slice(a.length - tail).map((line) => `  ${line}`),
  ];
}

function diffMiddle(x: readonly string[], y: readonly string[]): string[] {
  // common[i * width + j] is the length of the longest common subsequence of x[i..] and y[j..].
  const width = y.length + 1;
  const common = new Uint16Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      common[i * width + j] = x[i] === y[j]
        ? common[(i + 1) * width + j + 1] + 1
        : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const out: string[] = [];
  let i = 0, j = 0;
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      out.push(`  ${x[i++]}`);
      j++;
    } else if (
      j === y.length || i < x.length && common[(i + 1) * width + j] >= common[i * width + j + 1]
    ) out.push(`- ${x[i++]}`);
    else out.push(`+ ${y[j++]}`);
  }
  return out;
}

/** The passes as lines of text: changed blocks with at most `context` lines around a change. */
export function formatPasses(passes: readonly PassChange[], context = 2): string[] {
  const out: string[] = [];
  for (const pass of passes) {
    if (pass.blocks.length === 0) continue;
    const size = pass.before === pass.after
      ? `${pass.after} instructions`
      : `${pass.before} → ${pass.after} instructions`;
    if (out.length > 0) out.push("");
    out.push(`── ${pass.name}: ${size}`);
    for (const { lines } of pass.blocks) out.push(...hunks(lines, context));
  }
  const idle = passes.filter((pass) => pass.blocks.length === 0).map((pass) => pass.name);
  if (idle.length > 0) {
    if (out.length > 0) out.push("");
    out.push(`changed nothing: ${idle.join(", ")}`);
  }
  return out;
}

function hunks(lines: readonly string[], context: number): string[] {
  const out: string[] = [];
  let hidden = 0;
  for (let i = 0; i < lines.length; i++) {
    const near = lines.slice(Math.max(0, i - context), i + context + 1);
    if (i === 0 || near.some((line) => line[0] !== " ")) {
      if (hidden > 0) out.push(`      … ${hidden} unchanged`);
      hidden = 0;
      out.push(lines[i]);
    } else hidden++;
  }
  if (hidden > 0) out.push(`      … ${hidden} unchanged`);
  return out;
}
