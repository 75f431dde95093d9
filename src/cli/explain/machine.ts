/**
 * Machine code for reading: instructions with their bytes, the bytecode they come from, and what
 * registers, context fields, branches and literals in them stand for.
 *
 * @module
 */
import type { CompiledFunction } from "../../codegen/compiled.ts";
import type { Func, SiteKind } from "../../ir/func.ts";
import { Context } from "../../ir/context.ts";
import { contextField, siteText } from "./site_text.ts";
import { type Target, type TargetName, targetOf } from "./target.ts";

/** What part of the code an instruction belongs to. */
export type Section = "body" | "exits" | "thunk" | "data";

/** One instruction, or a piece of data. */
export interface MachineLine {
  /** Offset in the function's code. */
  readonly offset: number;
  /** The bytes, as the target usually shows them. */
  readonly bytes: string;
  readonly text: string;
  /** What it does not say by itself; empty for nothing. */
  readonly comment: string;
  readonly section: Section;
  /** Guest pc it was made for; -1 for none. */
  readonly pc: number;
  /** Whether it is the first one of a run with this pc. */
  readonly isNewPc: boolean;
  /** Name of this place if branches lead here; for a cold exit what it stands for. */
  readonly label: string;
}

/** A function's machine code. */
export interface MachineListing {
  readonly target: TargetName;
  readonly compiled: CompiledFunction;
  readonly lines: readonly MachineLine[];
  /** Bytes by section. */
  readonly sizes: Readonly<Record<Section, number>>;
  /** Spill slots of a frame. */
  readonly slots: number;
  /** Bytes of a frame for arguments and results of calls. */
  readonly outgoingBytes: number;
}

/** Compiles `func`, which is function `index`, and lists the result. `func` is used up. */
export function listMachineCode(
  func: Func,
  index: number,
  targetName: TargetName,
  baseline: boolean,
): MachineListing {
  const target = targetOf(targetName);
  let slots = 0, outgoingBytes = 0;
  const compiled = target.compile(func, index, {
    baseline,
    onAllocated: (mach, allocation) => {
      slots = allocation.slotCount;
      outgoingBytes = mach.outgoingBytes;
    },
  });
  const { code, pcMap, thunk } = compiled;
  const decoded = decodeAll(target, compiled);
  const texts = new Map(decoded.map(({ offset, text }) => [offset, text]));
  const { labels, traps, firstExit } = findLabels(target, compiled, decoded, texts);
  const sizes: Record<Section, number> = { body: 0, exits: 0, thunk: 0, data: 0 };
  let mapped = 0;
  const lines = decoded.map(({ offset, length, text, isData }): MachineLine => {
    const section = isData && offset >= thunk
      ? "data"
      : offset >= thunk
      ? "thunk"
      : offset >= firstExit
      ? "exits"
      : "body";
    sizes[section] += length;
    while (mapped < pcMap.length && pcMap[mapped] <= offset) mapped += 2;
    const isNewPc = mapped > 0 && pcMap[mapped - 2] === offset;
    return {
      offset,
      bytes: isData
        ? code.subarray(offset, offset + length).toHex()
        : target.bytes(code.subarray(offset, offset + length)),
      text,
      comment: isData
        ? ""
        : traps.get(offset) ?? comment(target, compiled, offset, length, text, labels),
      section,
      pc: section === "body" && mapped > 0 ? pcMap[mapped - 1] : -1,
      isNewPc: section === "body" && isNewPc,
      label: labels.get(offset) ?? "",
    };
  });
  return { target: targetName, compiled, lines, sizes, slots, outgoingBytes };
}

interface Decoded {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
  readonly isData: boolean;
}

function decodeAll(target: Target, compiled: CompiledFunction): Decoded[] {
  const { code } = compiled;
  const codeEnd = target.codeEnd(compiled);
  const list: Decoded[] = [];
  const data = (offset: number, end: number, unit: number) => {
    for (let at = offset; at < end;) {
      const length = Math.min(unit - at % unit, end - at);
      list.push({ offset: at, length, text: unit === 4 ? ".word" : ".data", isData: true });
      at += length;
    }
  };
  const before: string[] = [];
  for (let offset = 0; offset < codeEnd;) {
    const table = target.tableLength(compiled, offset, before);
    if (table > 0) {
      data(offset, offset + table, 4);
      offset += table;
      continue;
    }
    const { length, text } = target.decode(code, offset);
    list.push({ offset, length, text, isData: false });
    before.push(text);
    offset += length;
  }
  data(codeEnd, code.length, 8);
  return list;
}

const LEAVING: Readonly<Record<SiteKind, string>> = {
  trap: "trap",
  fuel: "out of fuel",
  depth: "call depth exceeded",
  exit: "request",
};

/** A branch or call to an address. */
const BRANCH = /^(?:j[a-z]+|call|bl?|b\.[a-z]+|cbn?z|tbn?z) (?:.*, )?0x([0-9a-f]+)$/;

function branchTarget(text: string): number | undefined {
  const match = BRANCH.exec(text);
  return match === null ? undefined : parseInt(match[1], 16);
}

function findLabels(
  target: Target,
  { sites, entry, thunk, pcMap }: CompiledFunction,
  decoded: readonly Decoded[],
  texts: ReadonlyMap<number, string>,
): { labels: Map<number, string>; traps: Map<number, string>; firstExit: number } {
  const indexAt = new Map(decoded.map(({ offset }, i) => [offset, i]));
  const targets = new Set<number>();
  for (const { text, isData } of decoded) {
    const to = isData ? undefined : branchTarget(text);
    if (to !== undefined && indexAt.has(to)) targets.add(to);
  }
  const labels = new Map<number, string>(), traps = new Map<number, string>();
  // Traps that are not conditional look like exits but stand in the body.
  const bodyEnd = pcMap.length === 0 ? -1 : pcMap[pcMap.length - 2];
  let firstExit = thunk;
  decoded.forEach(({ offset }, i) => {
    const next = decoded.slice(i, i + 4).map(({ text }) => text);
    const exit = target.coldExit(next, (at) => texts.get(at));
    const site = exit && sites[exit.site];
    if (exit === undefined || site === undefined) return;
    labels.set(exit.tail, `leave: ${LEAVING[site.kind]}`);
    (targets.has(offset) ? labels : traps).set(offset, siteText(site));
    if (targets.has(offset) && offset > bodyEnd) firstExit = Math.min(firstExit, offset);
    firstExit = Math.min(firstExit, exit.tail);
  });
  const sorted = [...targets].sort((a, b) => a - b);
  let count = 0;
  for (const offset of sorted) if (!labels.has(offset)) labels.set(offset, `L${++count}`);
  labels.set(entry, "entry");
  labels.set(thunk, "thunk: arguments from ctx.area, results to it");
  return { labels, traps, firstExit };
}

const scratch = new BigUint64Array(1);
const scratchF64 = new Float64Array(scratch.buffer);

function comment(
  target: Target,
  { code, entry }: CompiledFunction,
  offset: number,
  length: number,
  text: string,
  labels: ReadonlyMap<number, string>,
): string {
  const to = branchTarget(text);
  if (to !== undefined) {
    if (to === entry) return "this function";
    const label = labels.get(to);
    return label === undefined ? "" : `${to <= offset ? "↑" : "→"} ${label}`;
  }
  const notes: string[] = [];
  for (const [pattern, name] of target.pinned) if (pattern.test(text)) notes.push(name);
  const field = target.contextOffset(text);
  if (field !== undefined) notes.push(`[${contextName(text, field)}]`);
  const data = target.dataOffset(text, offset + length);
  if (data !== undefined && data + 8 <= code.length && /sd |^ldr d/.test(text)) {
    let bits = 0n;
    for (let k = 7; k >= 0; k--) bits = bits << 8n | BigInt(code[data + k]);
    scratch[0] = bits;
    notes.push(String(scratchF64[0]));
  }
  return notes.join(", ");
}

/** A pair of registers names the field it starts at and the one behind it. */
function contextName(text: string, offset: number): string {
  const isPair = /^(?:ldp|stp) /.test(text);
  if (!isPair) return contextField(offset);
  const step = /^(?:ldp|stp) w/.test(text) ? 4 : 8;
  if (offset === Context.exitCode && step === 4) return "ctx.exitCode, ctx.exitSite";
  return `${contextField(offset)}, ${contextField(offset + step)}`;
}
