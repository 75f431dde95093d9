/**
 * A control-flow graph as text: blocks in layout order, indented by loop, with their edges.
 *
 * @module
 */
import { type FlowGraph, type GraphBlock, type GraphEdge, shortenLines } from "./graph.ts";

/** Most instructions of a block that are shown. */
const MOST_LINES = 14;

/** The graph as lines of text. */
export function formatGraph(graph: FlowGraph): string[] {
  const { blocks, loops } = graph;
  const edges = blocks.reduce((count, block) => count + block.edges.length, 0);
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const facts = [
    count(blocks.length, "block"),
    count(edges, "edge"),
    count(loops.length, "loop"),
    ...(graph.irreducible ? ["cycles with several entries"] : []),
    ...(graph.unreachable > 0 ? [`${count(graph.unreachable, "unreachable block")} left out`] : []),
  ];
  const out = [graph.title, facts.join(", ")];
  let open: number[] = [];
  blocks.forEach((block, index) => {
    const path = loopPath(graph, block);
    let shared = 0;
    while (shared < open.length && open[shared] === path[shared]) shared++;
    for (let depth = open.length - 1; depth >= shared; depth--) {
      out.push(closing(graph, open, depth));
    }
    out.push("│ ".repeat(shared).trimEnd());
    for (let depth = shared; depth < path.length; depth++) {
      const { header } = loops[path[depth]];
      const more = header === index ? "" : ", continued";
      out.push(`${"│ ".repeat(depth)}┌ loop ${blocks[header].name}${more}`);
    }
    open = path;
    const indent = "│ ".repeat(path.length);
    out.push(`${indent}${headLine(block)}`);
    for (const line of shortenLines(block.lines, MOST_LINES)) out.push(`${indent}    ${line}`);
    block.edges.forEach((edge, k) => {
      const corner = k === block.edges.length - 1 ? "└" : "├";
      out.push(`${indent}  ${corner}${edgeText(graph, edge)}`);
    });
  });
  for (let depth = open.length - 1; depth >= 0; depth--) out.push(closing(graph, open, depth));
  return out;
}

function headLine({ name, params, fuel, kind }: GraphBlock): string {
  const notes = [
    ...(fuel > 0 ? [`fuel ${fuel}`] : []),
    ...(kind === "trap" ? ["traps"] : kind === "leaves" ? ["leaves and comes back"] : []),
  ];
  const head = `${name}${params === "" ? "" : `(${params})`}:`;
  return notes.length === 0 ? head : `${head}  [${notes.join(", ")}]`;
}

function edgeText({ blocks }: FlowGraph, { to, label, args, isBack }: GraphEdge): string {
  const target = `${blocks[to].name}${args === "" ? "" : `(${args})`}`;
  return `─${label === "" ? "" : ` ${label} ─`}${isBack ? "▲" : "▶"} ${target}${
    isBack ? "  ; back edge" : ""
  }`;
}

/** The loops around a block, outermost first. */
function loopPath({ loops }: FlowGraph, block: GraphBlock): number[] {
  const path: number[] = [];
  for (let loop = block.loop; loop >= 0; loop = loops[loop].parent) path.unshift(loop);
  return path;
}

function closing({ blocks, loops }: FlowGraph, path: readonly number[], depth: number): string {
  return `${"│ ".repeat(depth)}└ end of loop ${blocks[loops[path[depth]].header].name}`;
}
