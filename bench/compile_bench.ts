/**
 * Time of the back ends by stage. Divide by the number of IR instructions in the name.
 *
 * @module
 */
import { a64Rules } from "../src/a64/select.ts";
import { compileA64 } from "../src/a64/compile.ts";
import { prepare } from "../src/codegen/prepare.ts";
import { allocateRegisters } from "../src/codegen/regalloc.ts";
import { selectFunction, type SelectionRules } from "../src/codegen/select.ts";
import type { Func } from "../src/ir/func.ts";
import { parseAll } from "../src/ir/parse.ts";
import { compileX64 } from "../src/x64/compile.ts";
import { X64_ALL_FEATURES } from "../src/x64/features.ts";
import { x64Rules } from "../src/x64/select.ts";
import { randomProgram } from "../tests/codegen/random_ir.ts";

const INPUTS = new URL("../tests/codegen/inputs/", import.meta.url);

interface Target {
  readonly rules: SelectionRules;
  readonly compile: (func: Func, index: number) => unknown;
}

const TARGETS: Record<string, Target> = {
  x64: {
    rules: x64Rules(X64_ALL_FEATURES),
    compile: (func, index) => compileX64(func, index, { cpu: X64_ALL_FEATURES }),
  },
  a64: { rules: a64Rules(), compile: compileA64 },
};

function read(name: string): Func[] {
  return parseAll(Deno.readTextFileSync(new URL(`${name}.ir`, INPUTS)));
}

const SETS: Record<string, () => Func[]> = {
  loops: () => read("loops"),
  integers: () => read("integers"),
  random: () => Array.from({ length: 40 }, (_, seed) => randomProgram(seed + 1)).flat(),
};

function size(funcs: readonly Func[]): number {
  let count = 0;
  for (const func of funcs) {
    for (let block = 0; block >= 0; block = func.blockNext[block]) {
      for (let v = func.firstInst(block); v >= 0; v = func.next[v]) count++;
    }
  }
  return count;
}

for (const [name, { rules, compile }] of Object.entries(TARGETS)) {
  for (const [set, make] of Object.entries(SETS)) {
    const funcs = make();
    // Laid out once, so that all stages see the same function.
    funcs.forEach((func, index) => compile(func, index));
    const group = `${name} ${set}`;
    const label = `${group}, ${size(funcs)} IR instructions`;
    Deno.bench(`prepare and select: ${label}`, { group }, () => {
      funcs.forEach((func, index) => {
        selectFunction(func, index, rules, prepare(func));
      });
    });
    const machs = funcs.map((func, index) => selectFunction(func, index, rules, prepare(func)));
    Deno.bench(`allocate: ${label}`, { group }, () => {
      for (const mach of machs) allocateRegisters(mach);
    });
    Deno.bench(`compile: ${label}`, { group, baseline: true }, () => {
      funcs.forEach((func, index) => compile(func, index));
    });
  }
}
