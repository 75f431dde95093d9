/**
 * A control-flow graph as a picture: one SVG file without scripts or outside references, readable on
 * light and dark ground. Blocks that trap are red, blocks that leave to the dispatcher amber, loops
 * have a tinted box. A block's full text is its tooltip.
 *
 * @module
 */
import { type FlowGraph, type GraphBlock, shortenLines } from "./graph.ts";
import { layoutGraph, type Point, type Rect, type Route } from "./layout.ts";

const CHAR = 7.25;
const LINE = 16;
const HEAD = 24;
const SIDE = 10;
/** Most characters of a line and lines of a block. */
const MOST_CHARS = 52;
const MOST_LINES = 12;
const MARGIN = 14;
const BANNER = 34;

/** The colours of one ground. */
interface Theme {
  readonly ground: string;
  readonly text: string;
  readonly faint: string;
  readonly edge: string;
  readonly yes: string;
  readonly no: string;
  readonly back: string;
  readonly loop: string;
  readonly plain: readonly [fill: string, line: string];
  readonly leaves: readonly [fill: string, line: string];
  readonly trap: readonly [fill: string, line: string];
}

const LIGHT: Theme = {
  ground: "#ffffff",
  text: "#1c2430",
  faint: "#66707f",
  edge: "#7b8797",
  yes: "#2f8a57",
  no: "#c0543f",
  back: "#3f6fd1",
  loop: "#3f6fd1",
  plain: ["#f8fafc", "#9aa6b5"],
  leaves: ["#fff5dc", "#d3a13f"],
  trap: ["#fdebe8", "#d9776a"],
};

const DARK: Theme = {
  ground: "#14181f",
  text: "#dfe5ec",
  faint: "#97a3b3",
  edge: "#7f8b9c",
  yes: "#5cc38a",
  no: "#e58a76",
  back: "#7fa6f5",
  loop: "#7fa6f5",
  plain: ["#1e252f", "#566273"],
  leaves: ["#35301f", "#a98537"],
  trap: ["#3a2424", "#b35f54"],
};

function rules(theme: Theme): string {
  const kinds = (["plain", "leaves", "trap"] as const).map((kind) =>
    `.${kind} rect{fill:${theme[kind][0]};stroke:${theme[kind][1]}}` +
    `.${kind} line{stroke:${theme[kind][1]}}`
  );
  const edges = [["edge", theme.edge], ["yes", theme.yes], ["no", theme.no], ["back", theme.back]]
    .map(([name, colour]) =>
      `path.${name}{stroke:${colour}}path.tip-${name}{fill:${colour}}text.${name}{fill:${colour};stroke:${theme.ground}}`
    );
  return [
    `.ground{fill:${theme.ground}}`,
    `text{fill:${theme.text}}`,
    `text.faint{fill:${theme.faint}}`,
    `.loop{fill:${theme.loop};stroke:${theme.loop}}text.loopname{fill:${theme.loop}}`,
    ...kinds,
    ...edges,
  ].join("");
}

const SHAPES = "text{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}" +
  "text.small{font-size:10px}text.name{font-weight:bold}" +
  ".block rect{stroke-width:1.2}.block line{stroke-width:.8}" +
  ".loop{fill-opacity:.06;stroke-opacity:.55;stroke-dasharray:4 3}" +
  ".edge,.yes,.no,.back{fill:none;stroke-width:1.4}path.back{stroke-dasharray:6 3}" +
  "text.edge,text.yes,text.no,text.back{stroke-width:3;paint-order:stroke}";

/** How to draw. */
export interface SvgOptions {
  /** Draw for this ground alone instead of following the viewer's preference. */
  readonly ground?: "light" | "dark";
}

/** Draws `graph`. */
export function graphToSvg(graph: FlowGraph, options: SvgOptions = {}): string {
  const boxes = graph.blocks.map(boxOf);
  const edges = graph.blocks.flatMap(({ edges }, from) => edges.map((edge) => ({ from, ...edge })));
  const layout = layoutGraph({
    blocks: graph.blocks.map(({ loop, order, kind, fuel }, i) => ({
      width: boxes[i].width,
      height: boxes[i].height,
      loop,
      order,
      // Slow ways of an instruction leave without a charge of their own.
      isCold: kind === "trap" || kind === "leaves" && fuel === 0,
    })),
    edges,
    loops: graph.loops,
  });
  const width = Math.ceil(Math.max(layout.width, CHAR * graph.title.length + 20) + 2 * MARGIN);
  const height = Math.ceil(layout.height + BANNER + MARGIN);
  const style = options.ground === "dark"
    ? rules(DARK)
    : options.ground === "light"
    ? rules(LIGHT)
    : `${rules(LIGHT)}@media (prefers-color-scheme:dark){${rules(DARK)}}`;
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" xml:space="preserve" role="img" aria-label="${escape(graph.title)}">`,
    `<title>${escape(graph.title)}</title>`,
    `<style>${SHAPES}${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="name" x="${MARGIN + 6}" y="24">${escape(graph.title)}</text>`,
    `<g transform="translate(${MARGIN} ${BANNER})">`,
  ];
  // Outer boxes first, so that inner ones lie over them.
  const byDepth = [...graph.loops.keys()].sort((a, b) =>
    graph.loops[a].depth - graph.loops[b].depth
  );
  for (const loop of byDepth) {
    const { x, y, width, height } = layout.loops[loop];
    out.push(
      `<rect class="loop" x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${
        n(height)
      }" rx="9"/>`,
      `<text class="small loopname" x="${n(x + 10)}" y="${n(y + 14)}">loop ${
        graph.blocks[graph.loops[loop].header].name
      }</text>`,
    );
  }
  const labels: string[] = [];
  edges.forEach((edge, e) => {
    const { isBack, label, from } = edge;
    const look = isBack ? "back" : label === "true" ? "yes" : label === "false" ? "no" : "edge";
    out.push(drawEdge(layout.edges[e], look));
    if (label !== "") labels.push(drawLabel(layout.edges[e], look, label, layout.blocks[from]));
  });
  // Over all lines, so that none runs through a word.
  out.push(...labels);
  graph.blocks.forEach((block, i) => out.push(drawBlock(block, boxes[i].lines, layout.blocks[i])));
  out.push("</g>", "</svg>");
  return `${out.join("\n")}\n`;
}

function headOf({ name, params }: GraphBlock): string {
  return cut(params === "" ? name : `${name}(${params})`);
}

function boxOf(block: GraphBlock): { lines: string[]; width: number; height: number } {
  const lines = shortenLines(block.lines, MOST_LINES).map(cut);
  const head = headOf(block).length + (block.fuel > 0 ? `  fuel ${block.fuel}`.length : 0);
  const widest = Math.max(head, 14, ...lines.map((line) => line.length));
  return {
    lines,
    width: Math.ceil(widest * CHAR + 2 * SIDE),
    height: HEAD + lines.length * LINE + 8,
  };
}

function cut(line: string): string {
  return line.length <= MOST_CHARS ? line : `${line.slice(0, MOST_CHARS - 1)}…`;
}

function drawBlock(block: GraphBlock, lines: readonly string[], rect: Rect): string {
  const { x, y, width, height } = rect;
  const text = (dx: number, dy: number, className: string, content: string, end = false) =>
    `<text${className === "" ? "" : ` class="${className}"`} x="${n(x + dx)}" y="${n(y + dy)}"` +
    `${end ? ' text-anchor="end"' : ""}>${escape(content)}</text>`;
  const isCut = lines.some((line, i) => line !== block.lines[i]);
  return [
    `<g class="block ${block.kind}">`,
    isCut ? `<title>${escape([headOf(block), ...block.lines].join("\n"))}</title>` : "",
    `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="5"/>`,
    `<line x1="${n(x)}" x2="${n(x + width)}" y1="${n(y + HEAD)}" y2="${n(y + HEAD)}"/>`,
    text(SIDE, 16, "name", headOf(block)),
    block.fuel > 0 ? text(width - SIDE, 16, "faint", `fuel ${block.fuel}`, true) : "",
    ...lines.map((line, i) =>
      text(SIDE, HEAD + (i + 1) * LINE - 2, line.startsWith("… ") ? "faint" : "", line)
    ),
    "</g>",
  ].join("");
}

function drawEdge({ curve, corners }: Route, look: string): string {
  let path = `M${at(curve[0])}`;
  for (let i = 1; i < curve.length; i++) {
    const from = curve[i - 1], to = curve[i];
    if (Math.abs(from.x - to.x) < 0.5) path += `L${at(to)}`;
    else {
      const half = (from.y + to.y) / 2;
      path += `C${at({ x: from.x, y: half })} ${at({ x: to.x, y: half })} ${at(to)}`;
    }
  }
  path += roundedCorners([curve.at(-1)!, ...corners]);
  const end = corners.at(-1) ?? curve.at(-1)!;
  return `<path class="${look}" d="${path}"/>` +
    `<path class="tip-${look}" d="M${at(end)}l-3.6 -7.5h7.2z"/>`;
}

/** The word on an edge, at the outer side of where it leaves its block. */
function drawLabel({ curve }: Route, look: string, label: string, source: Rect): string {
  const { x, y } = curve[0];
  const isRight = x >= source.x + source.width / 2;
  return `<text class="small ${look}" x="${n(x + (isRight ? 4 : -4))}" y="${n(y + 11)}"` +
    `${isRight ? "" : ' text-anchor="end"'}>${escape(label)}</text>`;
}

/** Straight lines through `points`, their corners rounded. */
function roundedCorners(points: readonly Point[]): string {
  let path = "";
  for (let i = 1; i < points.length; i++) {
    const from = points[i - 1], to = points[i], next = points[i + 1];
    if (next === undefined) {
      path += `L${at(to)}`;
      continue;
    }
    const into = Math.hypot(to.x - from.x, to.y - from.y);
    const onwards = Math.hypot(next.x - to.x, next.y - to.y);
    const radius = Math.min(7, into / 2, onwards / 2);
    if (radius < 0.5) {
      path += `L${at(to)}`;
      continue;
    }
    const near = (other: Point, distance: number) => ({
      x: to.x + (other.x - to.x) / distance * radius,
      y: to.y + (other.y - to.y) / distance * radius,
    });
    path += `L${at(near(from, into))}Q${at(to)} ${at(near(next, onwards))}`;
  }
  return path;
}

function at({ x, y }: Point): string {
  return `${n(x)} ${n(y)}`;
}

/** A number with at most one digit behind the point. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text for XML; characters that XML does not have are shown as `�`. */
function escape(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"]/g, (char) => ENTITIES[char]);
}
