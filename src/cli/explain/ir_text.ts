/**
 * IR for reading: the printer's text with a comment wherever a number stands for something, and the
 * same text cut into blocks.
 *
 * @module
 */
import type { Func } from "../../ir/func.ts";
import { print, type PrintOptions } from "../../ir/print.ts";
import type { Program } from "../../tape/program.ts";
import { irComment } from "./site_text.ts";

/** The text of `func`, comments included; it parses as the plain text does. */
export function irText(func: Func, program: Program): string {
  const lines = print(func).trimEnd().split("\n");
  const body = lines.indexOf("}");
  const notes = lines.map((line, i) => i < body ? irComment(line, func.sites, program) : undefined);
  const width = Math.min(
    60,
    Math.max(0, ...lines.filter((_, i) => notes[i] !== undefined).map((line) => line.length)),
  );
  return lines.map((line, i) =>
    notes[i] === undefined ? line : `${line.padEnd(width)} ; ${notes[i]}`
  ).join("\n") + "\n";
}

/** One block of printed IR. */
export interface IrBlockText {
  /** `block3`. */
  readonly name: string;
  /** `v4: i64, v5: i64`, or empty. */
  readonly params: string;
  /** Instructions, without indentation. */
  readonly lines: readonly string[];
}

/** The printed blocks of `func` in layout order. */
export function irBlocks(func: Func, options?: PrintOptions): IrBlockText[] {
  const blocks: { name: string; params: string; lines: string[] }[] = [];
  for (const line of print(func, options).split("\n").slice(1)) {
    if (line === "}") break;
    const head = /^(block\d+)(?:\((.*)\))?:$/.exec(line);
    if (head === null) blocks.at(-1)!.lines.push(line.trim());
    else blocks.push({ name: head[1], params: head[2] ?? "", lines: [] });
  }
  return blocks;
}
