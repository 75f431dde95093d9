/**
 * Cost of the optimiser on the corpus's performance programs, lowering not included.
 *
 *     deno bench -A bench/opt_bench.ts          one benchmark a program
 *     deno run -A bench/opt_bench.ts --passes   ns a bytecode instruction for each pass
 *
 * @module
 */
import { lowerFunction } from "../src/front/tape.ts";
import type { Func } from "../src/ir/func.ts";
import { optimize } from "../src/opt/pipeline.ts";
import { decodeProgram } from "../src/tape/decode.ts";
import { type VerifiedProgram, verify } from "../src/tape/verify.ts";

const FOLDER = new URL("../tests/corpus/extape/p/", import.meta.url);
const NAMES = ["straight", "many_funcs", "collatz", "matrix", "nbody", "array_scan", "call_loop"];

interface Subject {
  readonly name: string;
  readonly verified: VerifiedProgram;
  /** Bytecode instructions of the whole program. */
  readonly instructions: number;
}

const subjects: Subject[] = NAMES.map((name) => {
  const bytes = Deno.readFileSync(new URL(`perf_${name}.etp`, FOLDER));
  const verified = verify(decodeProgram(bytes));
  const instructions = verified.functions.reduce((sum, { code }) => sum + code.count, 0);
  return { name, verified, instructions };
});

function lowerAll({ verified }: Subject): Func[] {
  return verified.functions.map(({ func }) => lowerFunction(verified, func, { requests: true }));
}

function optimizeAll(
  funcs: readonly Func[],
  callees: readonly Func[],
  onPass?: (name: string) => void,
): void {
  funcs.forEach((func, index) => optimize(func, { index, functions: (k) => callees[k], onPass }));
}

/** Prints a table of passes: median nanoseconds a bytecode instruction. */
function printPasses(): void {
  for (const subject of subjects) {
    const totals = new Map<string, number[]>(), callees = lowerAll(subject);
    const rounds = Math.max(20, Math.ceil(100_000 / subject.instructions));
    for (let round = 0; round < rounds; round++) {
      const funcs = lowerAll(subject), spent = new Map<string, number>();
      let last = performance.now();
      optimizeAll(funcs, callees, (name) => {
        const now = performance.now();
        spent.set(name, (spent.get(name) ?? 0) + now - last);
        last = performance.now();
      });
      for (const [name, ms] of spent) totals.set(name, [...totals.get(name) ?? [], ms]);
    }
    console.log(`${subject.name}: ${subject.instructions} instructions`);
    let sum = 0;
    for (const [name, list] of totals) {
      const ns = list.sort((a, b) => a - b)[list.length >> 1] * 1e6 / subject.instructions;
      sum += ns;
      console.log(`  ${name.padEnd(12)} ${ns.toFixed(1).padStart(8)} ns`);
    }
    console.log(`  ${"all".padEnd(12)} ${sum.toFixed(1).padStart(8)} ns`);
  }
}

if (Deno.args.includes("--passes")) printPasses();
else {
  for (const subject of subjects) {
    const callees = lowerAll(subject);
    Deno.bench(`optimise ${subject.name}: ${subject.instructions} instructions`, (b) => {
      const funcs = lowerAll(subject);
      b.start();
      optimizeAll(funcs, callees);
      b.end();
    });
  }
}
