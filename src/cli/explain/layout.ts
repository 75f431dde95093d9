/**
 * Places for the blocks and edges of a control-flow graph, layer by layer (Sugiyama, Tagawa & Toda,
 * "Methods for visual understanding of hierarchical system structures", 1981).
 *
 * Loops are laid out from the inside out: each becomes a box that the graph around it treats like a
 * block, so boxes nest and never overlap. Within one box ("scope"):
 *
 * 1. rank: longest path over forward edges;
 * 2. an edge over several ranks gets a dummy in each one between; one that leaves the box has
 *    dummies down to a last row, from where the scope around goes on;
 * 3. order in the ranks: barycenter sweeps, the order with the fewest crossings wins;
 * 4. x: every item is pulled to the middle of its neighbours, dummies more strongly; under the least
 *    distance between neighbours in a rank the best places follow exactly (isotonic regression);
 * 5. back edges run below their source, up a channel at the left side of the box, and into the header
 *    from above.
 *
 * @module
 */

/** What to lay out. */
export interface LayoutInput {
  /** Blocks; `loop` is the innermost loop or -1, `order` a reverse postorder position. */
  readonly blocks: readonly {
    readonly width: number;
    readonly height: number;
    readonly loop: number;
    readonly order: number;
    /** Whether it belongs at the right side of its rank. */
    readonly isCold: boolean;
  }[];
  /** Edges by block index. */
  readonly edges: readonly { readonly from: number; readonly to: number }[];
  /** Loops; inner ones may come in any order. */
  readonly loops: readonly { readonly header: number; readonly parent: number }[];
}

/** A point, in pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle, in pixels. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How an edge runs: first `curve` points, joined by curves that start and end upright, then, for a back
 * edge, `corners`, joined by straight lines. */
export interface Route {
  readonly curve: readonly Point[];
  readonly corners: readonly Point[];
}

/** Where everything is. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly blocks: readonly Rect[];
  readonly loops: readonly Rect[];
  /** By index of the edge. */
  readonly edges: readonly Route[];
}

const RANK_GAP = 46;
const NODE_GAP = 28;
const DUMMY_GAP = 14;
const CHANNEL = 13;
const PADDING = 16;
const TITLE = 18;
const SWEEPS = 10;

/** A block, a loop's box, or a dummy: what has a place in a rank. */
interface Item {
  readonly kind: "block" | "loop" | "dummy";
  /** Block, loop or edge index. */
  readonly id: number;
  readonly width: number;
  readonly height: number;
  readonly isCold: boolean;
  rank: number;
  /** Left side, within the scope. */
  x: number;
}

/** A connection between items of neighbouring ranks. */
interface Link {
  readonly up: Item;
  readonly down: Item;
  /** Distance of the ends from the items' left sides. */
  readonly upAt: number;
  readonly downAt: number;
  readonly weight: number;
}

/** A finished box. */
interface Scope {
  readonly width: number;
  readonly height: number;
  readonly items: readonly Item[];
  readonly rankTop: readonly number[];
  readonly rankBottom: readonly number[];
  /** Edges that run up the side, in the order of their channels from the inside out. */
  readonly backEdges: readonly number[];
  /** Dummies of each edge from its source down. */
  readonly dummies: ReadonlyMap<number, readonly Item[]>;
  /** Middle of the header, which edges from outside lead to. */
  readonly headerAt: number;
}

/** Lays out a graph. Time grows with edges times ranks. */
export function layoutGraph(input: LayoutInput): Layout {
  if (input.blocks.length === 0) return { width: 0, height: 0, blocks: [], loops: [], edges: [] };
  return new Layouter(input).run();
}

class Layouter {
  readonly #input: LayoutInput;
  /** Finished boxes by loop; -1 is the whole graph. */
  readonly #scopes = new Map<number, Scope>();
  readonly #outgoing: number[][];

  constructor(input: LayoutInput) {
    this.#input = input;
    this.#outgoing = input.blocks.map(() => []);
    input.edges.forEach(({ from }, e) => this.#outgoing[from].push(e));
  }

  run(): Layout {
    this.#layOut(-1);
    const { width, height } = this.#scopes.get(-1)!;
    const blocks: Rect[] = [], loops: Rect[] = [];
    this.#place(-1, 0, 0, blocks, loops);
    return { width, height, blocks, loops, edges: this.#routes(blocks, loops) };
  }

  /** The child of `scope` that holds `block`: an item key, or undefined if it is outside. */
  #memberOf(scope: number, block: number): string | undefined {
    const { blocks, loops } = this.#input;
    let loop = blocks[block].loop;
    if (loop === scope) return `block${block}`;
    while (loop >= 0 && loops[loop].parent !== scope) loop = loops[loop].parent;
    return loop < 0 ? undefined : `loop${loop}`;
  }

  #layOut(scope: number): void {
    const { blocks, loops, edges } = this.#input;
    const members = new Map<string, Item>();
    const orders = new Map<Item, number>();
    const add = (item: Item, order: number) => {
      members.set(`${item.kind}${item.id}`, item);
      orders.set(item, order);
    };
    blocks.forEach((block, id) => {
      if (block.loop !== scope) return;
      const { width, height, isCold } = block;
      add({ kind: "block", id, width, height, isCold, rank: 0, x: 0 }, block.order);
    });
    loops.forEach(({ header, parent }, id) => {
      if (parent !== scope) return;
      this.#layOut(id);
      const { width, height } = this.#scopes.get(id)!;
      const order = blocks[header].order;
      add({ kind: "loop", id, width, height, isCold: false, rank: 0, x: 0 }, order);
    });
    const items = [...members.values()].sort((a, b) => orders.get(a)! - orders.get(b)!);

    const forward: { edge: number; from: Item; to: Item }[] = [];
    const leaving: { edge: number; from: Item }[] = [];
    const backEdges: number[] = [];
    for (let block = 0; block < blocks.length; block++) {
      const key = this.#memberOf(scope, block);
      if (key === undefined) continue;
      const from = members.get(key)!;
      for (const edge of this.#outgoing[block]) {
        const target = edges[edge].to;
        const toKey = this.#memberOf(scope, target);
        if (toKey === undefined) leaving.push({ edge, from });
        else if (blocks[target].order <= blocks[block].order) {
          // An edge back within an inner box is that box's own.
          const isInner = toKey === key && from.kind === "loop";
          if (!isInner) backEdges.push(edge);
        } else if (toKey !== key) forward.push({ edge, from, to: members.get(toKey)! });
      }
    }
    rankItems(items, forward);
    const lastRank = Math.max(...items.map((item) => item.rank)) + (leaving.length > 0 ? 1 : 0);
    const ranks: Item[][] = Array.from({ length: lastRank + 1 }, () => []);
    for (const item of items) ranks[item.rank].push(item);
    const links: Link[] = [];
    const dummies = new Map<number, Item[]>();
    const chain = (edge: number, from: Item, to: Item | undefined) => {
      const passed: Item[] = [];
      const end = to?.rank ?? lastRank + 1;
      let up = from, upAt = this.#portOut(from, edge);
      for (let rank = from.rank + 1; rank < end; rank++) {
        const dummy: Item = {
          kind: "dummy",
          id: edge,
          width: 1,
          height: 0,
          isCold: false,
          rank,
          x: 0,
        };
        ranks[rank].push(dummy);
        passed.push(dummy);
        links.push({ up, down: dummy, upAt, downAt: 0.5, weight: up.kind === "dummy" ? 8 : 2 });
        up = dummy;
        upAt = 0.5;
      }
      if (to !== undefined) {
        const downAt = to.kind === "loop" ? this.#scopes.get(to.id)!.headerAt : to.width / 2;
        const weight = up.kind === "dummy" ? 2 : 1;
        links.push({ up, down: to, upAt, downAt, weight });
      }
      dummies.set(edge, passed);
    };
    for (const { edge, from, to } of forward) chain(edge, from, to);
    for (const { edge, from } of leaving) chain(edge, from, undefined);
    for (const rank of ranks) rank.sort((a, b) => Number(a.isCold) - Number(b.isCold));
    orderRanks(ranks, links);
    placeItems(ranks, links);

    // Back edges with the shortest way up have the innermost channels.
    const rankOf = (block: number) => members.get(this.#memberOf(scope, block)!)!.rank;
    backEdges.sort((a, b) =>
      rankOf(edges[a].from) - rankOf(edges[a].to) - rankOf(edges[b].from) + rankOf(edges[b].to)
    );
    const side = backEdges.length * CHANNEL;
    const least = Math.min(...ranks.flat().map((item) => item.x));
    for (const item of ranks.flat()) item.x += PADDING + side - least;
    const right = Math.max(...ranks.flat().map((item) => item.x + item.width));
    const rankTop: number[] = [], rankBottom: number[] = [];
    let y = PADDING + (scope < 0 ? 0 : TITLE) + 5 * backEdges.length;
    ranks.forEach((rank, r) => {
      rankTop[r] = y;
      rankBottom[r] = y + Math.max(...rank.map((item) => item.height));
      // Above the last row of a box, which only edges pass, nothing has to be crossed.
      const isLastRow = r + 1 === lastRank && leaving.length > 0;
      y = rankBottom[r] + (isLastRow ? 24 : RANK_GAP + 2 * Math.min(12, rank.length));
    });
    const header = scope < 0 ? items[0] : members.get(`block${loops[scope].header}`) ?? items[0];
    this.#scopes.set(scope, {
      width: right + PADDING,
      height: rankBottom[lastRank] + PADDING +
        (backEdges.length === 0 || leaving.length > 0 ? 0 : 10) + 5 * backEdges.length,
      items,
      rankTop,
      rankBottom,
      backEdges,
      dummies,
      headerAt: header.x + header.width / 2,
    });
  }

  /** Where edge `edge` leaves `item`, from its left side. */
  #portOut(item: Item, edge: number): number {
    if (item.kind !== "loop") return item.width / 2;
    const { dummies } = this.#scopes.get(item.id)!;
    const last = dummies.get(edge)?.at(-1);
    if (last === undefined) throw new Error(`internal: edge ${edge} does not leave its loop`);
    return last.x + 0.5;
  }

  #place(scope: number, x: number, y: number, blocks: Rect[], loops: Rect[]): void {
    const { items, rankTop } = this.#scopes.get(scope)!;
    for (const item of items) {
      const { width, height } = item;
      const rect = { x: x + item.x, y: y + rankTop[item.rank], width, height };
      if (item.kind === "block") blocks[item.id] = rect;
      else {
        loops[item.id] = rect;
        this.#place(item.id, rect.x, rect.y, blocks, loops);
      }
    }
  }

  #routes(blocks: readonly Rect[], loops: readonly Rect[]): Route[] {
    const { edges } = this.#input;
    const drafts = edges.map((_, edge) => this.#waypoints(edge, loops));
    // Ports: edges share the sides of a block in the order of where they go or come from.
    const outX = spread(
      edges.map(({ from }, e) => ({
        block: from,
        towards: drafts[e].back?.x ?? drafts[e].points.find(isPlaced)?.x ??
          middle(blocks[edges[e].to]),
      })),
      blocks,
    );
    const inX = spread(
      edges.map(({ to }, e) => ({
        block: to,
        towards: drafts[e].back?.x ?? drafts[e].points.findLast(isPlaced)?.x ??
          middle(blocks[edges[e].from]),
      })),
      blocks,
    );
    return edges.map(({ from, to }, e) => {
      const { points, back } = drafts[e];
      const start = { x: outX[e], y: blocks[from].y + blocks[from].height };
      const end = { x: inX[e], y: blocks[to].y };
      if (back === undefined) {
        return { curve: [start, ...follow(points, start.x), end], corners: [] };
      }
      const curve = [start, ...follow(points, start.x)];
      const { x } = curve.at(-1)!;
      return {
        curve,
        corners: [
          { x, y: back.bottom },
          { x: back.x, y: back.bottom },
          { x: back.x, y: back.top },
          { x: end.x, y: back.top },
          end,
        ],
      };
    });
  }

  /**
   * The points an edge passes on its way down, through every box it leaves, and for a back edge the
   * lines of its way up. A point whose x is NaN is straight below the one before it.
   */
  #waypoints(edge: number, loopRects: readonly Rect[]): {
    points: Point[];
    back?: { x: number; bottom: number; top: number };
  } {
    const { blocks, edges, loops } = this.#input;
    const { from, to } = edges[edge];
    const points: Point[] = [];
    for (let scope = blocks[from].loop;; scope = loops[scope].parent) {
      const { items, rankTop, rankBottom, dummies, backEdges } = this.#scopes.get(scope)!;
      const origin = scope < 0 ? { x: 0, y: 0 } : loopRects[scope];
      const key = this.#memberOf(scope, from)!;
      const item = items.find((entry) => `${entry.kind}${entry.id}` === key)!;
      points.push({ x: NaN, y: origin.y + rankBottom[item.rank] });
      const channel = backEdges.indexOf(edge);
      if (channel >= 0) {
        const target = items.find((entry) =>
          `${entry.kind}${entry.id}` === this.#memberOf(scope, to)
        )!;
        return {
          points,
          back: {
            x: origin.x + PADDING / 2 + (backEdges.length - channel - 0.5) * CHANNEL,
            bottom: origin.y + rankBottom[item.rank] + 15 + 5 * channel,
            top: origin.y + rankTop[target.rank] - 12 - 5 * channel,
          },
        };
      }
      for (const dummy of dummies.get(edge) ?? []) {
        const x = origin.x + dummy.x + 0.5;
        points.push({ x, y: origin.y + rankTop[dummy.rank] });
        points.push({ x, y: origin.y + rankBottom[dummy.rank] });
      }
      if (this.#memberOf(scope, to) !== undefined) return { points };
      points.push({ x: NaN, y: origin.y + this.#scopes.get(scope)!.height });
    }
  }
}

function isPlaced({ x }: Point): boolean {
  return !Number.isNaN(x);
}

function middle({ x, width }: Rect): number {
  return x + width / 2;
}

/** Gives points that are straight below the one before them its x. */
function follow(points: readonly Point[], start: number): Point[] {
  let last = start;
  return points.map(({ x, y }) => ({ x: last = Number.isNaN(x) ? last : x, y }));
}

/** Ports along the side of each block, in the order of `towards`. */
function spread(
  ends: readonly { readonly block: number; readonly towards: number }[],
  rects: readonly Rect[],
): number[] {
  const result: number[] = [];
  const byBlock = Map.groupBy(ends.keys(), (e) => ends[e].block);
  for (const [block, list] of byBlock) {
    const sorted = list.toSorted((a, b) => ends[a].towards - ends[b].towards);
    const step = Math.min(26, (rects[block].width - 12) / sorted.length);
    sorted.forEach((e, k) =>
      result[e] = middle(rects[block]) + (k - (sorted.length - 1) / 2) * step
    );
  }
  return result;
}

/** Longest paths: `items` are in an order that every forward edge follows. */
function rankItems(items: readonly Item[], edges: readonly { from: Item; to: Item }[]): void {
  const outgoing = Map.groupBy(edges, (edge) => edge.from);
  for (const item of items) {
    for (const { to } of outgoing.get(item) ?? []) to.rank = Math.max(to.rank, item.rank + 1);
  }
}

/** Sorts each rank so that few links cross. */
function orderRanks(ranks: Item[][], links: readonly Link[]): void {
  const above = Map.groupBy(links, (link) => link.down);
  const below = Map.groupBy(links, (link) => link.up);
  let best = ranks.map((rank) => [...rank]), fewest = crossings(ranks, below);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    const position = new Map<Item, number>();
    const settle = (rank: readonly Item[]) => {
      rank.forEach((item, i) => position.set(item, i / Math.max(1, rank.length)));
    };
    ranks.forEach(settle);
    for (let r = 0; r < ranks.length; r++) {
      const rank = ranks[isDown ? r : ranks.length - 1 - r];
      const weights = new Map(rank.map((item) => {
        const near = (isDown ? above : below).get(item) ?? [];
        const sum = near.reduce((total, link) => {
          const other = isDown ? link.up : link.down;
          const at = isDown ? link.upAt : link.downAt;
          return total + position.get(other)! + at / other.width / (2 * ranks[other.rank].length);
        }, 0);
        const mean = near.length === 0 ? position.get(item)! : sum / near.length;
        return [item, mean + (item.isCold ? 10 : 0)];
      }));
      rank.sort((a, b) => weights.get(a)! - weights.get(b)!);
      settle(rank);
    }
    const count = crossings(ranks, below);
    if (count >= fewest) continue;
    fewest = count;
    best = ranks.map((rank) => [...rank]);
  }
  best.forEach((rank, r) => ranks[r] = rank);
}

/** Number of pairs of links that cross. */
function crossings(
  ranks: readonly (readonly Item[])[],
  below: ReadonlyMap<Item, readonly Link[]>,
): number {
  let total = 0;
  for (let r = 0; r + 1 < ranks.length; r++) {
    const place = new Map(ranks[r + 1].map((item, i) => [item, i]));
    // Lower ends by upper ends from left to right: a crossing is an inversion.
    const seen: number[] = [];
    for (const item of ranks[r]) {
      const ends = (below.get(item) ?? []).toSorted((a, b) => a.upAt - b.upAt);
      for (const { down } of ends) {
        const end = place.get(down)!;
        let at = seen.length;
        while (at > 0 && seen[at - 1] > end) at--;
        total += seen.length - at;
        seen.splice(at, 0, end);
      }
    }
  }
  return total;
}

/** Sets the items' x, which may be negative. */
function placeItems(ranks: readonly (readonly Item[])[], links: readonly Link[]): void {
  const above = Map.groupBy(links, (link) => link.down);
  const below = Map.groupBy(links, (link) => link.up);
  for (const rank of ranks) {
    let x = 0;
    for (const item of rank) {
      item.x = x;
      x += item.width + NODE_GAP;
    }
  }
  const pull = (rank: readonly Item[], useAbove: boolean, useBelow: boolean) => {
    const wishes = rank.map((item) => {
      let sum = 0, weight = 0;
      for (const link of useAbove ? above.get(item) ?? [] : []) {
        sum += link.weight * (link.up.x + link.upAt - link.downAt);
        weight += link.weight;
      }
      for (const link of useBelow ? below.get(item) ?? [] : []) {
        sum += link.weight * (link.down.x + link.downAt - link.upAt);
        weight += link.weight;
      }
      return weight === 0 ? { at: item.x, weight: 0.01 } : { at: sum / weight, weight };
    });
    settleRank(rank, wishes);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    ranks.forEach((rank) => pull(rank, true, sweep > SWEEPS - 3));
    ranks.toReversed().forEach((rank) => pull(rank, sweep > SWEEPS - 3, true));
  }
}

/**
 * Puts the items of a rank as close to their wishes as their order and distances allow: the weighted
 * least squares, by pooling neighbours that would overlap.
 */
function settleRank(
  rank: readonly Item[],
  wishes: readonly { readonly at: number; readonly weight: number }[],
): void {
  // With the widths and gaps to the left taken off, "no overlap" means "not decreasing".
  const offsets: number[] = [];
  let offset = 0;
  rank.forEach((item, i) => {
    offsets.push(offset);
    const bothDummies = item.kind === "dummy" && rank[i + 1]?.kind === "dummy";
    offset += item.width + (bothDummies ? DUMMY_GAP : NODE_GAP);
  });
  const pools: { sum: number; weight: number; count: number }[] = [];
  wishes.forEach(({ at, weight }, i) => {
    pools.push({ sum: (at - offsets[i]) * weight, weight, count: 1 });
    while (pools.length > 1) {
      const last = pools.at(-1)!, before = pools.at(-2)!;
      if (before.sum / before.weight <= last.sum / last.weight) break;
      before.sum += last.sum;
      before.weight += last.weight;
      before.count += last.count;
      pools.pop();
    }
  });
  let i = 0;
  for (const { sum, weight, count } of pools) {
    for (let k = 0; k < count; k++, i++) rank[i].x = sum / weight + offsets[i];
  }
}
