/**
 * A function's control-flow graph for drawing: blocks with what they contain and cost, edges, loops.
 * Made from bytecode or from IR; unreachable blocks are left out.
 *
 * @module
 */
import { Cfg } from "../../ir/cfg.ts";
import { Dominators } from "../../ir/dominators.ts";
import { Func } from "../../ir/func.ts";
import { Loops } from "../../ir/loops.ts";
import { Op, Type } from "../../ir/opcodes.ts";
import type { Program } from "../../tape/program.ts";
import type { BytecodeListing } from "./bytecode.ts";
import { irBlocks } from "./ir_text.ts";
import { irComment } from "./site_text.ts";

/** How a block ends as far as speed goes: goes on, leaves to the dispatcher on its way, or traps. */
export type BlockKind = "plain" | "leaves" | "trap";

/** One edge. */
export interface GraphEdge {
  /** Index of the target block. */
  readonly to: number;
  /** When it is taken: `true`, `false`, a number of a table, `default`; empty for jumps. */
  readonly label: string;
  /** Values for the target's parameters, as text. */
  readonly args: string;
  /** Whether it leads back: to a loop's header, or against the order in a cycle without one. */
  readonly isBack: boolean;
}

/** One block. */
export interface GraphBlock {
  readonly name: string;
  /** Its parameters, as text. */
  readonly params: string;
  /** Its instructions. */
  readonly lines: readonly string[];
  /** Units of fuel that passing through it costs. */
  readonly fuel: number;
  readonly kind: BlockKind;
  readonly edges: readonly GraphEdge[];
  /** Innermost loop around it, -1 for none. */
  readonly loop: number;
  /** Position in reverse postorder. */
  readonly order: number;
}

/** One loop. */
export interface GraphLoop {
  /** Index of its header block. */
  readonly header: number;
  /** Loop around it, -1 for none. */
  readonly parent: number;
  /** 1 for outermost loops. */
  readonly depth: number;
}

/** A graph. Block 0 is the entry; blocks are in layout order. */
export interface FlowGraph {
  readonly title: string;
  readonly blocks: readonly GraphBlock[];
  readonly loops: readonly GraphLoop[];
  /** Whether a cycle has several entries, so that it is no loop. */
  readonly irreducible: boolean;
  /** Number of blocks that cannot be reached and are not shown. */
  readonly unreachable: number;
}

type Draft =
  & Omit<GraphBlock, "edges" | "loop" | "order">
  & { readonly edges: readonly Omit<GraphEdge, "isBack">[] };

/** The graph of a bytecode listing. */
export function bytecodeGraph(listing: BytecodeListing): FlowGraph {
  const drafts = listing.blocks.map((block): Draft => {
    const lines = listing.lines.slice(block.start, block.end);
    const last = lines.at(-1)!.text;
    return {
      name: block.name,
      params: "",
      lines: lines.map(({ pc, text }) => `${String(pc).padStart(3)}  ${text}`),
      fuel: lines.length,
      kind: last.startsWith("trap ") ? "trap" : "plain",
      edges: block.successors.map((to, k) => ({
        to,
        label: block.successors.length < 2 ? "" : k === 0 ? "true" : "false",
        args: "",
      })),
    };
  });
  return finish(listing.head, drafts);
}

/** The graph of `func`; `title` says which stage it is of. */
export function irGraph(func: Func, program: Program, title: string): FlowGraph {
  const texts = irBlocks(func);
  const position = new Map<number, number>();
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    position.set(block, position.size);
  }
  const drafts = [...position.keys()].map((block, k): Draft => {
    const last = func.last[block], targets = func.targetCount(last);
    const targetTexts = [...texts[k].lines.at(-1)!.matchAll(/block\d+(?:\(([^)]*)\))?/g)];
    let fuel = 0;
    let kind: BlockKind = func.op[last] === Op.trap ? "trap" : "plain";
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      if (func.op[v] === Op.fuel) fuel += func.a[v];
      else if (func.op[v] === Op.exit && kind === "plain") kind = "leaves";
    }
    return {
      name: texts[k].name,
      params: texts[k].params,
      lines: texts[k].lines.map((line) => shortLine(line, func, program)),
      fuel,
      kind,
      edges: Array.from({ length: targets }, (_, t) => ({
        to: position.get(func.targetBlock(last, t))!,
        label: edgeLabel(func.op[last], t, targets),
        args: targetTexts[t]?.[1] ?? "",
      })),
    };
  });
  return finish(title, drafts);
}

/** A printed instruction without its pc and site, but with what they say. */
function shortLine(line: string, func: Func, program: Program): string {
  const comment = irComment(line, func.sites, program);
  const short = line.replace(/ at \d+$/, "").replace(/,? site\d+$/, "");
  return comment === undefined ? short : `${short}  ; ${comment}`;
}

function edgeLabel(op: number, target: number, count: number): string {
  if (op === Op.jump) return "";
  if (op === Op.br_if) return target === 0 ? "true" : "false";
  return target === count - 1 ? "default" : String(target);
}

function finish(title: string, drafts: readonly Draft[]): FlowGraph {
  const { cfg, loops } = analyse(drafts.map((block) => block.edges.map((edge) => edge.to)));
  const kept = [...drafts.keys()].filter((block) => cfg.isReachable(block));
  const renumbered = new Map(kept.map((block, k) => [block, k]));
  return {
    title,
    blocks: kept.map((block) => ({
      ...drafts[block],
      edges: drafts[block].edges.map((edge) => ({
        ...edge,
        to: renumbered.get(edge.to)!,
        isBack: cfg.rpoIndex[edge.to] <= cfg.rpoIndex[block],
      })),
      loop: loops.loopOf[block],
      order: cfg.rpoIndex[block],
    })),
    loops: Array.from({ length: loops.count }, (_, loop) => ({
      header: renumbered.get(loops.header[loop])!,
      parent: loops.parent[loop],
      depth: loops.depth[loop],
    })),
    irreducible: loops.irreducible,
    unreachable: drafts.length - kept.length,
  };
}

/** The analyses of the IR over a graph given by successors, by way of a function of branches only. */
function analyse(successors: readonly (readonly number[])[]): { cfg: Cfg; loops: Loops } {
  const skeleton = new Func("", [], []);
  for (let block = 0; block < successors.length; block++) skeleton.addBlock();
  successors.forEach((targets, block) => {
    if (targets.length === 0) skeleton.append(block, Op.ret, Type.VOID);
    else skeleton.append(block, Op.br_table, Type.VOID, 0, skeleton.addTargets(targets));
  });
  const cfg = new Cfg(skeleton);
  return { cfg, loops: new Loops(cfg, new Dominators(cfg)) };
}

/** At most `most` lines: of longer lists the beginning and the end, and how many are left out. */
export function shortenLines(lines: readonly string[], most: number): string[] {
  if (lines.length <= most) return [...lines];
  const tail = Math.min(3, most >> 1), head = most - tail - 1;
  return [
    ...lines.slice(0, head),
    `… ${lines.length - head - tail} more`,
    ...lines.slice(lines.length - tail),
  ];
}
