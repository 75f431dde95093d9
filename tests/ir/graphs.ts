/** Random control-flow graphs for tests. @module */
import fc from "fast-check";
import { Func } from "../../src/ir/func.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";

/** Successors by block; block 0 is the entry and nobody's successor. */
export type Graph = number[][];

/** Graphs of up to `max` blocks with up to three successors each. */
export function graphs(max: number): fc.Arbitrary<Graph> {
  return fc.integer({ min: 2, max }).chain((n) =>
    fc.array(fc.array(fc.integer({ min: 1, max: n - 1 }), { maxLength: 3 }), {
      minLength: n,
      maxLength: n,
    })
  );
}

/** A function with that graph and nothing else in it. */
export function funcOf(graph: Graph): Func {
  const f = new Func("graph", [], []);
  for (let block = 0; block < graph.length; block++) f.addBlock();
  graph.forEach((targets, block) => {
    if (targets.length === 0) f.append(block, Op.ret, Type.VOID);
    else {
      const index = f.append(block, Op.iconst, Type.I32, f.addConstant(0n));
      f.append(block, Op.br_table, Type.VOID, index, f.addTargets(targets));
    }
  });
  return f;
}

/** Blocks reachable from `from` without entering `without`. */
export function reach(graph: Graph, from: number, without = -1): Set<number> {
  const seen = new Set<number>(), work = from === without ? [] : [from];
  while (work.length > 0) {
    const block = work.pop()!;
    if (seen.has(block)) continue;
    seen.add(block);
    for (const next of graph[block]) if (next !== without) work.push(next);
  }
  return seen;
}
