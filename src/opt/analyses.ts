/**
 * The analyses a pass may ask for, kept together so that their arrays are reused from pass to pass
 * and from function to function.
 *
 * Each is a snapshot: a pass asks for what it needs when it starts and again after it changed
 * branches. Guarantees that no block of the layout is unreachable, which the passes rely on.
 *
 * @module
 */
import { Cfg } from "../ir/cfg.ts";
import { Dominators } from "../ir/dominators.ts";
import type { Func } from "../ir/func.ts";
import { Loops } from "../ir/loops.ts";

/** What the words of `Analyses.words` are used for; each is in use by one pass at a time. */
export const Words = { heads: 0, next: 1, replaced: 2, known: 3, live: 4, work: 5 } as const;

/** Control flow, dominators and loops of one function at a time. */
export class Analyses {
  /** Control-flow graph as of the last call of a method. */
  readonly cfg: Cfg = new Cfg();
  /** Dominator tree as of the last `dominatorsOf` or `loopsOf`. */
  readonly dominators: Dominators = new Dominators();
  /** Loops as of the last `loopsOf`. */
  readonly loops: Loops = new Loops();

  readonly #words: Int32Array[] = [];

  /**
   * An array for one of the uses in `Words`, at least `length` long, with whatever it held before.
   * Small typed arrays cost more to make than the passes take for a small function.
   */
  words(use: number, length: number): Int32Array {
    const known = this.#words[use];
    if (known !== undefined && known.length >= length) return known;
    const longer = new Int32Array(Math.max(256, 2 * length));
    if (known !== undefined) longer.set(known);
    this.#words[use] = longer;
    return longer;
  }

  /** Erases unreachable blocks and computes the control-flow graph. */
  cfgOf(func: Func): Cfg {
    const { cfg } = this;
    cfg.compute(func);
    let erased = false;
    for (let block = func.blockNext[0], next = 0; block >= 0; block = next) {
      next = func.blockNext[block];
      if (cfg.rpoIndex[block] >= 0) continue;
      func.eraseBlock(block);
      erased = true;
    }
    return erased ? cfg.compute(func) : cfg;
  }

  /** Computes the dominator tree, and the graph under it. */
  dominatorsOf(func: Func): Dominators {
    return this.dominators.compute(this.cfgOf(func));
  }

  /** Computes the loops, and what they stand on. */
  loopsOf(func: Func): Loops {
    this.dominatorsOf(func);
    return this.loops.compute(this.cfg, this.dominators);
  }
}
