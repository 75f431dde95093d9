/**
 * The order of the passes, and nothing else.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Analyses } from "./analyses.ts";
import { simplifyBlocks } from "./blocks.ts";
import { eraseDeadCode } from "./dead_code.ts";
import { divideByConstants } from "./divide_by_constants.ts";
import { numberValues } from "./gvn.ts";
import { eraseDepthChecks } from "./depth_checks.ts";
import { hoistInvariants } from "./hoist_invariants.ts";
import { inlineCalls } from "./inline.ts";
import { mergeFuel } from "./merge_fuel.ts";
import { eraseDeadObjects } from "./objects.ts";
import { replaceRedundantParams } from "./params.ts";
import { peelLoops } from "./peel_loops.ts";
import { rotateLoops } from "./rotate_loops.ts";

/** How to optimise; everything has a default. */
export interface OptimizeOptions {
  /**
   * 0 does nothing, 1 what is quick: folding, numbering, dead code and fuel, 2 (the default)
   * everything.
   */
  readonly level?: 0 | 1 | 2;
  /** Index of the function, so that it is not inlined into itself. */
  readonly index?: number;
  /** Functions by index that calls may be replaced by; they are only read. None by default. */
  readonly functions?: (index: number) => Func | undefined;
  /** Called after each pass, for dumps and checks. */
  readonly onPass?: (name: string, func: Func) => void;
}

/** Analyses that nobody uses at the moment; a callback may start another optimisation. */
const idle: Analyses[] = [];

/** Optimises a function in place. */
export function optimize(func: Func, options: OptimizeOptions = {}): void {
  const level = options.level ?? 2;
  if (level === 0) return;
  const analyses = idle.pop() ?? new Analyses();
  const done = (name: string) => options.onPass?.(name, func);

  numberValues(func, analyses), done("number");
  // After numbering, which finds out where indirect calls go.
  if (level > 1 && options.functions !== undefined) {
    if (inlineCalls(func, options.functions, options.index ?? -1)) {
      done("inline");
      numberValues(func, analyses), done("number");
    }
  }
  eraseDeadCode(func, analyses), done("dead code");
  if (eraseDeadObjects(func)) {
    done("dead objects");
    eraseDeadCode(func, analyses), done("dead code");
  }
  simplifyBlocks(func, analyses), done("blocks");
  if (level > 1) {
    const isRotated = rotateLoops(func, analyses);
    if (isRotated) {
      done("rotate");
      replaceRedundantParams(func, analyses), done("params");
      eraseDeadCode(func, analyses), done("dead code");
      simplifyBlocks(func, analyses), done("blocks");
    }
    const isPeeled = peelLoops(func, analyses);
    if (isPeeled) done("peel");
    eraseDepthChecks(func, analyses), done("depth");
    const isDivided = divideByConstants(func);
    if (isDivided) done("divide");
    if (isRotated || isPeeled || isDivided) {
      numberValues(func, analyses), done("number");
      simplifyBlocks(func, analyses), done("blocks");
    }
    hoistInvariants(func, analyses), done("hoist");
    eraseDeadCode(func, analyses), done("dead code");
  }
  mergeFuel(func, analyses), done("fuel");
  simplifyBlocks(func, analyses), done("blocks");
  idle.push(analyses);
}
