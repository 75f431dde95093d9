/**
 * Time of the x86-64 back end by stage, and speed of what it makes. Divide the time of the stages by the
 * number of IR instructions in the name; the loops run as many turns, calls or elements as theirs says.
 *
 * @module
 */
import { allocateRegisters } from "../src/codegen/regalloc.ts";
import { selectFunction } from "../src/codegen/select.ts";
import { parseAll } from "../src/ir/parse.ts";
import type { Func } from "../src/ir/func.ts";
import { compileX64 } from "../src/x64/compile.ts";
import { X64_ALL_FEATURES } from "../src/x64/features.ts";
import { x64Rules } from "../src/x64/select.ts";
import { randomProgram } from "../tests/codegen/random_ir.ts";
import { RUNS_X64, X64Machine } from "../tests/harness/run_x64.ts";

const INPUTS = new URL("../tests/codegen/inputs/", import.meta.url);
const options = { cpu: X64_ALL_FEATURES };
const rules = x64Rules(X64_ALL_FEATURES);

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
  funcs.forEach((func, index) => compileX64(func, index, options));
  const label = `${name}, ${size(funcs)} IR instructions`;
  Deno.bench(`select: ${label}`, { group: name }, () => {
    funcs.forEach((func, index) => {
      selectFunction(func, index, rules);
    });
  });
  const machs = funcs.map((func, index) => selectFunction(func, index, x64Rules(X64_ALL_FEATURES)));
  Deno.bench(`allocate: ${label}`, { group: name }, () => {
    for (const mach of machs) allocateRegisters(mach);
  });
  Deno.bench(`compile: ${label}`, { group: name, baseline: true }, () => {
    funcs.forEach((func, index) => compileX64(func, index, options));
  });
}

if (!RUNS_X64.ignore) {
  const loops = new X64Machine();
  const [sum, arraySum] = read("loops");
  loops.load([compileX64(sum, 0, options), compileX64(arraySum, 1, options)]);
  Deno.bench("run: sum, 1,000,000 turns", { group: "run" }, () => {
    loops.run(0, sum, [1_000_000n]);
  });
  Deno.bench("run: array sum, 500 elements", { group: "run" }, () => {
    loops.run(1, arraySum, [0n, 500n]);
  });
  const calls = new X64Machine();
  const [fib] = read("calls");
  calls.load([compileX64(fib, 0, options)]);
  Deno.bench("run: fib(24), 150,049 calls", { group: "run" }, () => {
    calls.run(0, fib, [24n]);
  });
}
