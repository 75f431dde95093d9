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

/** Control flow, dominators and loops of one function at a time. */
export class Analyses {
  /** Control-flow graph as of the last call of a method. */
  readonly cfg: Cfg = new Cfg();
  /** Dominator tree as of the last `dominatorsOf` or `loopsOf`. */
  readonly dominators: Dominators = new Dominators();
  /** Loops as of the last `loopsOf`. */
  readonly loops: Loops = new Loops();

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
