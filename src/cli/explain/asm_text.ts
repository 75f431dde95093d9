/**
 * Machine code beside the bytecode it comes from, as lines of text.
 *
 * @module
 */
import type { BytecodeListing } from "./bytecode.ts";
import type { MachineLine, MachineListing } from "./machine.ts";

/** How parts of the text stand out. */
export interface Emphasis {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
}

/** The listing as lines of text. */
export function formatMachineCode(
  machine: MachineListing,
  bytecode: BytecodeListing,
  { bold, dim }: Emphasis,
): string[] {
  const { compiled, lines, sizes } = machine;
  const out = [...summary(machine, bytecode)];
  const offsetWidth = compiled.code.length.toString(16).length;
  const bytesWidth = Math.min(33, Math.max(...lines.map((line) => line.bytes.length)));
  const textWidth = Math.min(
    44,
    Math.max(...lines.filter((line) => line.comment !== "").map((line) => line.text.length), 0),
  );
  const headings = headingsOf(lines, bytecode);
  const pcWidth = String(bytecode.lines.at(-1)?.pc ?? 0).length;
  let section: MachineLine["section"] = "body";
  lines.forEach((line, i) => {
    if (line.section !== section) {
      section = line.section;
      if (section === "exits") out.push("", bold(`cold exits, ${sizes.exits} bytes`));
      else if (section === "data") out.push("", bold(`data, ${sizes.data} bytes`));
      else out.push("");
    }
    const { before, after } = headings.get(i) ?? { before: [], after: [] };
    for (const k of before) {
      const { pc, text } = bytecode.lines[k];
      const block = bytecode.blocks.find(({ start }) => start === k);
      if (block !== undefined) out.push("", bold(`${block.name}:`));
      out.push(bold(`  ${String(pc).padStart(pcWidth)}  ${text}`));
    }
    const known = line.isNewPc ? bytecode.lines.find(({ pc }) => pc === line.pc) : undefined;
    if (known !== undefined && before.length === 0) {
      out.push(dim(`  ${String(line.pc).padStart(pcWidth)}  ${known.text}  (continued)`));
    }
    if (line.label !== "") out.push(`    ${line.label}:`);
    const text = line.comment === ""
      ? line.text
      : `${line.text.padEnd(textWidth)} ${dim(`; ${line.comment}`)}`;
    out.push(
      `      ${line.offset.toString(16).padStart(offsetWidth)}  ` +
        `${dim(line.bytes.padEnd(bytesWidth))}  ${text}`,
    );
    for (const k of after) {
      const { pc, text } = bytecode.lines[k];
      out.push(bold(`  ${String(pc).padStart(pcWidth)}  ${text}`) + dim("  (no code)"));
    }
  });
  return out;
}

function summary(machine: MachineListing, bytecode: BytecodeListing): string[] {
  const { compiled, sizes, slots, outgoingBytes, target } = machine;
  const total = compiled.code.length;
  const parts = [
    `${sizes.body} body`,
    `${sizes.exits} cold exits`,
    `${sizes.thunk} entry thunk`,
    ...(sizes.data > 0 ? [`${sizes.data} data`] : []),
  ];
  const ratio = bytecode.lines.length === 0
    ? ""
    : `, ${(total / bytecode.lines.length).toFixed(1)} bytes per bytecode instruction ` +
      `(${(sizes.body / bytecode.lines.length).toFixed(1)} body)`;
  return [
    `${bytecode.head}, ${target}`,
    `${total} bytes: ${parts.join(", ")}${ratio}`,
    `frame ${compiled.frameBytes} bytes: ${slots} spill slot${slots === 1 ? "" : "s"}, ` +
    `${outgoingBytes} bytes for arguments and results of calls`,
  ];
}

/**
 * Bytecode lines to show before and behind machine lines, by index: each one where its code starts,
 * and one without code of its own beside its neighbour in the block.
 */
function headingsOf(
  lines: readonly MachineLine[],
  bytecode: BytecodeListing,
): Map<number, { before: number[]; after: number[] }> {
  const indexOf = new Map(bytecode.lines.map(({ pc }, k) => [pc, k]));
  const coded = new Set(lines.filter((line) => line.isNewPc).map((line) => line.pc));
  const shown = new Set<number>();
  const headings = new Map<number, { before: number[]; after: number[] }>();
  const starts = [...lines.keys()].filter((i) => lines[i].isNewPc);
  starts.forEach((i, s) => {
    const k = indexOf.get(lines[i].pc);
    if (k === undefined || shown.has(k)) return;
    const { start, end } = bytecode.blocks[bytecode.lines[k].block];
    let first = k;
    while (first > start && !coded.has(bytecode.lines[first - 1].pc)) first--;
    const before: number[] = [], after: number[] = [];
    for (let at = first; at <= k; at++) if (!shown.has(at)) before.push(at);
    // What follows up to the end of the block, if none of it has code.
    let last = k + 1;
    while (last < end && !coded.has(bytecode.lines[last].pc)) last++;
    if (last === end) { for (let at = k + 1; at < end; at++) after.push(at); }
    for (const at of [...before, ...after]) shown.add(at);
    const group = headings.get(i) ?? { before: [], after: [] };
    group.before.push(...before);
    headings.set(i, group);
    if (after.length === 0) return;
    // Behind the last line of this group.
    let lastLine = (starts[s + 1] ?? lines.length) - 1;
    while (lines[lastLine].section !== "body") lastLine--;
    headings.set(lastLine, { before: headings.get(lastLine)?.before ?? [], after });
  });
  return headings;
}
