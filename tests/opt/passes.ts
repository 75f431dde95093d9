/** Every pass by name, ready to be run on its own. @module */
import type { Func } from "../../src/ir/func.ts";
import { Analyses } from "../../src/opt/analyses.ts";
import { simplifyBlocks } from "../../src/opt/blocks.ts";
import { eraseDeadCode } from "../../src/opt/dead_code.ts";
import { divideByConstants } from "../../src/opt/divide_by_constants.ts";
import { numberValues } from "../../src/opt/gvn.ts";
import { eraseDepthChecks } from "../../src/opt/depth_checks.ts";
import { hoistInvariants } from "../../src/opt/hoist_invariants.ts";
import { inlineCalls } from "../../src/opt/inline.ts";
import { mergeFuel } from "../../src/opt/merge_fuel.ts";
import { replaceRedundantParams } from "../../src/opt/params.ts";
import { eraseDeadObjects } from "../../src/opt/objects.ts";
import { peelLoops } from "../../src/opt/peel_loops.ts";
import { rotateLoops } from "../../src/opt/rotate_loops.ts";

/** A pass on function `index` of a program. */
export type Pass = (func: Func, index: number, functions: (k: number) => Func | undefined) => void;

const analyses = new Analyses();

/** The passes. */
export const PASSES: Readonly<Record<string, Pass>> = {
  inline: (func, index, functions) => {
    inlineCalls(func, functions, index);
  },
  number: (func) => numberValues(func, analyses),
  dead_objects: (func) => {
    eraseDeadObjects(func);
  },
  dead_code: (func) => eraseDeadCode(func, analyses),
  blocks: (func) => simplifyBlocks(func, analyses),
  params: (func) => replaceRedundantParams(func, analyses),
  rotate: (func) => {
    rotateLoops(func, analyses);
  },
  peel: (func) => {
    peelLoops(func, analyses);
  },
  depth: (func) => eraseDepthChecks(func, analyses),
  divide: (func) => {
    divideByConstants(func);
  },
  hoist: (func) => hoistInvariants(func, analyses),
  fuel: (func) => mergeFuel(func, analyses),
};
