/**
 * The native tier: perf programs of the corpus against the interpreter, entering and leaving, and
 * compiling. `deno bench -A bench/native_bench.ts` for Deno's own report; `deno run -A
 * bench/native_bench.ts --table [--runs=N]` prints a table of ratios measured in one run, best of N.
 *
 * @module
 */
import {
  assemble,
  createHost,
  decodeProgram,
  Engine,
  i64,
  type Instance,
  type Tier,
  verify,
} from "../mod.ts";
import {
  type ManifestEntry,
  parseManifest,
  parseManifestLimits,
  parseManifestValue,
} from "../scripts/manifest.ts";
import { createStandardHost } from "../scripts/standard_host.ts";

const FOLDER = new URL("../tests/corpus/extape/", import.meta.url);

/** Programs whose time goes into scalars and calls alone. */
const SCALAR = new Set(
  "fib collatz primes i64_sum matrix mandelbrot nbody gcd xorshift call_loop straight many_funcs branchy decimal"
    .split(" "),
);

function perfEntries(): ManifestEntry[] {
  const text = Deno.readTextFileSync(new URL("manifest.jsonl", FOLDER));
  return parseManifest(text).filter((entry) => entry.perf);
}

function programName(entry: ManifestEntry): string {
  return entry.file.replace(/^p\/perf_|\.etp$/g, "");
}

function prepare(engine: Engine, entry: ManifestEntry): () => bigint {
  const program = verify(decodeProgram(Deno.readFileSync(new URL(entry.file, FOLDER))));
  const instance = engine.load(program, createHost(createStandardHost().functions));
  const args = (entry.args ?? []).map(parseManifestValue);
  const limits = { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 };
  return () => {
    const outcome = instance.run(entry.func ?? 0, args, { limits });
    if (!outcome.ok) throw new Error(`${entry.file}: ${outcome.trap.kind}`);
    return outcome.fuelUsed;
  };
}

const EMPTY = verify(assemble(`
  func nothing() -> () {
    ret
  }
  func first(a: i64, b: i64) -> (i64) {
    ret a
  }
`));

function bestOf(runs: number, run: () => void): number {
  let best = Infinity;
  for (let k = 0; k < runs; k++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function nanosecondsPerRun(instance: Instance, func: number, count: number): number {
  const args = func === 0 ? [] : [i64(1), i64(2)];
  return bestOf(7, () => {
    for (let k = 0; k < count; k++) instance.run(func, args);
  }) * 1e6 / count;
}

function table(runs: number): void {
  const engines = (["interp", "native"] as Tier[]).map((tier) => new Engine({ tier }));
  console.log("program          ns/instr interp   native    ratio");
  const logs = { scalar: [] as number[], all: [] as number[] };
  for (const entry of perfEntries()) {
    const name = programName(entry);
    const [interp, native] = engines.map((engine) => prepare(engine, entry));
    const fuel = Number(native());
    interp();
    // Alternating, so that both meet the same weather.
    let a = Infinity;
    let b = Infinity;
    for (let k = 0; k < runs; k++) {
      a = Math.min(a, bestOf(1, interp));
      b = Math.min(b, bestOf(1, native));
    }
    const ratio = a / b;
    logs.all.push(Math.log(ratio));
    if (SCALAR.has(name)) logs.scalar.push(Math.log(ratio));
    console.log(
      `${name.padEnd(16)} ${(a * 1e6 / fuel).toFixed(3).padStart(15)} ` +
        `${(b * 1e6 / fuel).toFixed(3).padStart(8)} ${ratio.toFixed(1).padStart(8)}` +
        `${SCALAR.has(name) ? "" : "  (heap or host)"}`,
    );
  }
  const mean = (list: number[]) => Math.exp(list.reduce((x, y) => x + y, 0) / list.length);
  console.log(
    `geometric mean of ratios: scalar ${mean(logs.scalar).toFixed(1)}, ` +
      `all ${mean(logs.all).toFixed(1)}`,
  );
  const empty = engines[1].load(EMPTY);
  console.log(`empty run: ${nanosecondsPerRun(empty, 0, 100_000).toFixed(0)} ns`);
  console.log(`two i64 in, one out: ${nanosecondsPerRun(empty, 1, 100_000).toFixed(0)} ns`);
  for (const engine of engines) engine[Symbol.dispose]();
}

if (Deno.args.includes("--table")) {
  table(Number(/--runs=(\d+)/.exec(Deno.args.join(" "))?.[1] ?? 3));
}

const native = new Engine({ tier: "native" });
const interp = new Engine({ tier: "interp" });
for (const entry of perfEntries()) {
  const name = programName(entry);
  for (const [tier, engine] of [["interp", interp], ["native", native]] as const) {
    let run: (() => bigint) | undefined;
    Deno.bench({ name: `${name} ${tier}`, group: name, baseline: tier === "interp" }, () => {
      run ??= prepare(engine, entry);
      run();
    });
  }
}
const empty = native.load(EMPTY);
const args = [i64(1), i64(2)];
Deno.bench({ name: "enter and leave, no arguments", group: "entry" }, () => {
  empty.run(0, []);
});
Deno.bench({ name: "enter and leave, two i64 in and one out", group: "entry" }, () => {
  empty.run(1, args);
});
