/**
 * Speed of what the x86-64 back end makes: the loops run as many turns, calls or elements as their
 * names say.
 *
 * @module
 */
import type { Func } from "../src/ir/func.ts";
import { parseAll } from "../src/ir/parse.ts";
import { compileX64 } from "../src/x64/compile.ts";
import { X64_ALL_FEATURES } from "../src/x64/features.ts";
import { RUNS_X64, X64Machine } from "../tests/harness/run_x64.ts";

const INPUTS = new URL("../tests/codegen/inputs/", import.meta.url);
const options = { cpu: X64_ALL_FEATURES };

function read(name: string): Func[] {
  return parseAll(Deno.readTextFileSync(new URL(`${name}.ir`, INPUTS)));
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
