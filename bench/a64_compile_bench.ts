/**
 * Time of the A64 back end by stage. Divide by the number of IR instructions in the name. What it makes
 * is not timed: qemu says nothing about speed.
 *
 * @module
 */
import { a64Rules } from "../src/a64/select.ts";
import { compileA64 } from "../src/a64/compile.ts";
import { allocateRegisters } from "../src/codegen/regalloc.ts";
import { selectFunction } from "../src/codegen/select.ts";
import { parseAll } from "../src/ir/parse.ts";
import type { Func } from "../src/ir/func.ts";
import { randomProgram } from "../tests/codegen/random_ir.ts";

const INPUTS = new URL("../tests/codegen/inputs/", import.meta.url);

function read(name: string): Func[] {
  return parseAll(Deno.readTextFileSync(new URL(`${name}.ir`, INPUTS)));
}

function size(funcs: readonly Func[]): number {
  let count = 0;
  for (const func of funcs) {
    for (let block = 0; block >= 0; block = func.blockNext[block]) {
      for (let v = func.firstInst(block); v >= 0; v = func.next[v]) count++;
    }
  }
  return count;
}

const SETS: Record<string, Func[]> = {
  loops: read("loops"),
  integers: read("integers"),
  random: Array.from({ length: 40 }, (_, seed) => randomProgram(seed + 1)).flat(),
};

for (const [name, funcs] of Object.entries(SETS)) {
  // Laid out once, so that all stages see the same function.
  funcs.forEach((func, index) => compileA64(func, index));
  const label = `${name}, ${size(funcs)} IR instructions`;
  Deno.bench(`select: ${label}`, { group: name }, () => {
    funcs.forEach((func, index) => {
      selectFunction(func, index, a64Rules());
    });
  });
  const machs = funcs.map((func, index) => selectFunction(func, index, a64Rules()));
  Deno.bench(`allocate: ${label}`, { group: name }, () => {
    for (const mach of machs) allocateRegisters(mach);
  });
  Deno.bench(`compile: ${label}`, { group: name, baseline: true }, () => {
    funcs.forEach((func, index) => compileA64(func, index));
  });
}
