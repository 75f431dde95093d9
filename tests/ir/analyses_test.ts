/** Control-flow graph, dominators and loops against their definitions, on random graphs. @module */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Cfg } from "../../src/ir/cfg.ts";
import { Dominators } from "../../src/ir/dominators.ts";
import { Loops } from "../../src/ir/loops.ts";
import { funcOf, type Graph, graphs, reach } from "./graphs.ts";

// Reused over all cases, so that leftovers of an earlier graph would show.
const cfg = new Cfg(), dominators = new Dominators(), loops = new Loops();

function analyse(graph: Graph): void {
  loops.compute(cfg.compute(funcOf(graph)), dominators.compute(cfg));
}

/** All (a, b) where every path from the entry to b passes a. */
function naiveDominance(graph: Graph): (a: number, b: number) => boolean {
  const reachable = reach(graph, 0);
  const without = graph.map((_, a) => reach(graph, 0, a));
  return (a, b) => reachable.has(b) && reachable.has(a) && !without[a].has(b);
}

Deno.test("predecessors and reverse postorder", () => {
  fc.assert(fc.property(graphs(14), (graph) => {
    analyse(graph);
    for (let block = 0; block < graph.length; block++) {
      const edges: string[] = [];
      for (let e = cfg.predStart[block]; e < cfg.predStart[block + 1]; e++) {
        edges.push(`${cfg.predBlock[e]}.${cfg.predTarget[e]}`);
      }
      const expected = graph.flatMap((targets, from) =>
        targets.flatMap((to, k) => to === block ? [`${from}.${k}`] : [])
      );
      assertEquals(edges.sort(), expected.sort());
      assertEquals(cfg.predCount(block), expected.length);
    }
    const order = Array.from(cfg.rpo.subarray(0, cfg.rpoLength));
    assertEquals(new Set(order), reach(graph, 0));
    assertEquals(order.length, new Set(order).size);
    order.forEach((block, i) => assertEquals(cfg.rpoIndex[block], i));
    // A block stands behind every block that must come before it.
    const dominates = naiveDominance(graph);
    for (const a of order) {
      for (const b of order) {
        if (dominates(a, b)) assert(cfg.rpoIndex[a] <= cfg.rpoIndex[b]);
      }
    }
  }));
});

Deno.test("dominators, by either algorithm", () => {
  fc.assert(
    fc.property(graphs(14), fc.boolean(), (graph, isPatient) => {
      analyse(graph);
      if (!isPatient) dominators.compute(cfg, 0);
      const dominates = naiveDominance(graph);
      for (let b = 0; b < graph.length; b++) {
        const strict: number[] = [];
        for (let a = 0; a < graph.length; a++) {
          assertEquals(dominators.dominates(a, b), dominates(a, b), `${a} over ${b}`);
          if (a !== b && dominates(a, b)) strict.push(a);
        }
        const idom = strict.find((a) => strict.every((x) => dominates(x, a))) ?? -1;
        assertEquals(dominators.idom[b], idom);
      }
      const order = Array.from(dominators.order.subarray(0, dominators.orderLength));
      assertEquals(new Set(order), reach(graph, 0));
      order.forEach((b, i) => {
        if (b !== 0) assert(order.indexOf(dominators.idom[b]) < i);
      });
    }),
    { numRuns: 400 },
  );
});

Deno.test("loops", () => {
  let seenIrreducible = 0, seenNested = 0;
  fc.assert(
    fc.property(graphs(12), (graph) => {
      analyse(graph);
      const dominates = naiveDominance(graph), reachable = reach(graph, 0);
      const bodies = new Map<number, Set<number>>();
      const forward: Graph = graph.map(() => []);
      for (const from of reachable) {
        for (const header of graph[from]) {
          if (!dominates(header, from)) {
            forward[from].push(header);
            continue;
          }
          const body = bodies.get(header) ?? new Set([header]);
          for (const block of reachable) {
            if (block !== header && reach(graph, block, header).has(from)) body.add(block);
          }
          bodies.set(header, body);
        }
      }
      const cyclic = [...reachable].some((b) => forward[b].some((s) => reach(forward, s).has(b)));
      assertEquals(loops.irreducible, cyclic);
      if (cyclic) seenIrreducible++;
      assertEquals(loops.count, bodies.size);
      for (let loop = 0; loop < loops.count; loop++) {
        const body = bodies.get(loops.header[loop])!;
        for (let block = 0; block < graph.length; block++) {
          assertEquals(loops.contains(loop, block), body.has(block));
        }
      }
      for (let block = 0; block < graph.length; block++) {
        const around = [...bodies].filter(([, body]) => body.has(block));
        assertEquals(loops.blockDepth(block), around.length);
        if (around.length > 1) seenNested++;
        around.sort((x, y) => x[1].size - y[1].size);
        const inner = loops.loopOf[block];
        assertEquals(inner < 0 ? undefined : loops.header[inner], around[0]?.[0]);
        assertEquals(loops.isHeader(block), bodies.has(block));
      }
    }),
    { numRuns: 500 },
  );
  assert(seenIrreducible > 0 && seenNested > 0, "the generator misses whole kinds of graphs");
});
