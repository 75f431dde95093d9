/**
 * Repairs SSA form after blocks were duplicated: a value that now has several definitions becomes a
 * variable, and block parameters are added where they meet.
 *
 * Parameters are placed on demand at the iterated dominance frontier of the definitions (Cytron et
 * al., 1991), which is common to all variables that are defined in the same blocks. A block with a
 * definition of a variable has it at its end; uses in that block mean the variable as it was at the
 * block's start, except in the block of the original value, which stays as it is.
 *
 * @module
 */
import type { Cfg } from "../ir/cfg.ts";
import type { Dominators } from "../ir/dominators.ts";
import type { Func } from "../ir/func.ts";

/** Variables with definitions in the same blocks. */
export interface VariableGroup {
  /** Block of the original values. */
  readonly home: number;
  /** Blocks that define all variables again, at their ends. */
  readonly blocks: readonly number[];
  /** The original values, which stand for their variables in uses everywhere. */
  readonly variables: readonly number[];
  /** For each of `blocks` the value of each variable at its end; may name originals of any group. */
  readonly definitions: readonly number[][];
}

/** Gives every use of the groups' variables the value that reaches it. */
export function repairSsa(
  func: Func,
  cfg: Cfg,
  dominators: Dominators,
  groups: readonly VariableGroup[],
): void {
  new Repair(func, cfg, dominators, groups).run();
}

class Repair {
  readonly #func: Func;
  readonly #cfg: Cfg;
  readonly #dominators: Dominators;
  readonly #groups: readonly VariableGroup[];
  /** Group and place in it of each original value, group -1 for others. */
  readonly #groupOf: Int32Array;
  readonly #placeOf: Int32Array;
  /** Per group: blocks where definitions may meet, and index in `blocks` by block. */
  readonly #meets: Set<number>[];
  readonly #defines: Map<number, number>[];
  /** Values at the start of blocks as far as known, by block and variable. */
  readonly #starts = new Map<number, number>();
  /** Added parameters in order, of which the last ones lack arguments: block, variable. */
  readonly #pending: number[] = [];

  constructor(func: Func, cfg: Cfg, dominators: Dominators, groups: readonly VariableGroup[]) {
    this.#func = func;
    this.#cfg = cfg;
    this.#dominators = dominators;
    this.#groups = groups;
    this.#groupOf = new Int32Array(func.count).fill(-1);
    this.#placeOf = new Int32Array(func.count);
    groups.forEach((group, g) =>
      group.variables.forEach((v, i) => {
        this.#groupOf[v] = g;
        this.#placeOf[v] = i;
      })
    );
    const frontier = new Frontier(cfg, dominators);
    this.#meets = groups.map((group) => frontier.iterate([group.home, ...group.blocks]));
    this.#defines = groups.map((group) => new Map(group.blocks.map((block, i) => [block, i])));
  }

  run(): void {
    const func = this.#func;
    const resolved = new Int32Array(func.count);
    for (let v = 0; v < resolved.length; v++) resolved[v] = v;
    const touched: number[] = [];
    for (let i = 0; i < this.#cfg.rpoLength; i++) {
      const block = this.#cfg.rpo[i];
      for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
        func.forEachUse(v, (used) => {
          if (used >= this.#groupOf.length || this.#groupOf[used] < 0) return;
          if (resolved[used] !== used || func.block[used] === block) return;
          resolved[used] = this.#atStart(block, used);
          touched.push(used);
        });
        if (touched.length > 0) func.mapUses(v, resolved);
      }
      for (const used of touched) resolved[used] = used;
      touched.length = 0;
    }
    // First made, first served: the arguments of a block's parameters follow their order.
    for (let i = 0; i < this.#pending.length; i += 2) {
      this.#passArguments(this.#pending[i], this.#pending[i + 1]);
    }
  }

  /** Value of a variable where a block starts. */
  #atStart(start: number, variable: number): number {
    const meets = this.#meets[this.#groupOf[variable]];
    for (let block = start; block >= 0;) {
      const key = block * this.#groupOf.length + variable;
      let value = this.#starts.get(key);
      if (value === undefined && meets.has(block)) {
        value = this.#func.addParam(block, this.#func.type[variable]);
        this.#starts.set(key, value);
        this.#pending.push(block, variable);
      }
      if (value === undefined) {
        block = this.#dominators.idom[block];
        value = this.#defined(block, variable);
        if (value < 0) continue;
      }
      this.#starts.set(start * this.#groupOf.length + variable, value);
      return value;
    }
    throw new Error(`internal: v${variable} does not reach block${start}`);
  }

  /** Value of a variable where a block ends. */
  #atEnd(block: number, variable: number): number {
    const value = this.#defined(block, variable);
    return value >= 0 ? value : this.#atStart(block, variable);
  }

  /** The value that a block itself gives a variable, -1 if none. */
  #defined(block: number, variable: number): number {
    const g = this.#groupOf[variable], group = this.#groups[g];
    if (block === group.home) return variable;
    const i = this.#defines[g].get(block);
    if (i === undefined) return -1;
    const value = group.definitions[i][this.#placeOf[variable]];
    // A definition that names a variable means it as it was where the block starts.
    if (value < this.#groupOf.length && this.#groupOf[value] >= 0) {
      return this.#func.block[value] === block ? value : this.#atStart(block, value);
    }
    return value;
  }

  #passArguments(block: number, variable: number): void {
    const { predStart, predBlock, predTarget } = this.#cfg;
    for (let e = predStart[block]; e < predStart[block + 1]; e++) {
      const from = predBlock[e], value = this.#atEnd(from, variable);
      this.#func.addTargetArg(this.#func.terminator(from), predTarget[e], value);
    }
  }
}

/** Dominance frontiers of all blocks, after Cooper, Harvey and Kennedy. */
class Frontier {
  readonly #head: Int32Array;
  readonly #next: number[] = [];
  readonly #block: number[] = [];

  constructor(cfg: Cfg, dominators: Dominators) {
    const head = this.#head = new Int32Array(cfg.blockCount).fill(-1);
    const { idom } = dominators, { rpo, rpoLength, predStart, predBlock } = cfg;
    for (let i = 0; i < rpoLength; i++) {
      const block = rpo[i];
      if (predStart[block + 1] - predStart[block] < 2) continue;
      for (let e = predStart[block]; e < predStart[block + 1]; e++) {
        for (let runner = predBlock[e]; runner !== idom[block]; runner = idom[runner]) {
          if (head[runner] >= 0 && this.#block[head[runner]] === block) break; // met by another edge
          this.#next.push(head[runner]);
          this.#block.push(block);
          head[runner] = this.#block.length - 1;
        }
      }
    }
  }

  /** The iterated frontier of a set of blocks. */
  iterate(blocks: readonly number[]): Set<number> {
    const members = new Set<number>(), work = [...blocks];
    while (work.length > 0) {
      for (let at = this.#head[work.pop()!]; at >= 0; at = this.#next[at]) {
        const block = this.#block[at];
        if (members.has(block)) continue;
        members.add(block);
        work.push(block);
      }
    }
    return members;
  }
}
