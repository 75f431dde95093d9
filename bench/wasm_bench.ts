/**
 * The WebAssembly tier: perf programs of the corpus against the interpreter, entering, host calls and
 * traps, compiling. `deno bench -A bench/wasm_bench.ts` for Deno's own report; `deno run -A
 * bench/wasm_bench.ts --table` prints nanoseconds per instruction, first runs apart: they are in the
 * engine's baseline code, later ones in optimised code.
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
  type Value,
  verify,
} from "../mod.ts";
import {
  type ManifestEntry,
  parseManifest,
  parseManifestLimits,
  parseManifestValue,
} from "../scripts/manifest.ts";
import { createStandardHost } from "../scripts/standard_host.ts";
import { loadWasm, WasmProgram } from "../src/engine/wasm_program.ts";

const FOLDER = new URL("../tests/corpus/extape/", import.meta.url);

const start = performance.now();
const binaryen = await loadWasm();
const loadMilliseconds = performance.now() - start;
const engines = {
  interp: new Engine({ tier: "interp" }),
  wasm: await Engine.open({ tier: "wasm" }),
};

interface Prepared {
  readonly entry: ManifestEntry;
  readonly name: string;
  /** Compiles what the run needs. */
  readonly compile: () => void;
  readonly tiers: Readonly<Record<"interp" | "wasm", () => number>>;
}

/** An entry's runs by tier; each returns the fuel it used. Nothing is compiled yet. */
function prepare(entry: ManifestEntry): Prepared {
  const program = verify(decodeProgram(Deno.readFileSync(new URL(entry.file, FOLDER))));
  const host = createHost(createStandardHost().functions);
  const wasm = engines.wasm.load(program, host);
  const args = (entry.args ?? []).map(parseManifestValue);
  const limits = { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 };
  const run = (instance: Instance) => () => {
    const outcome = instance.run(entry.func ?? 0, args, { limits });
    if (!outcome.ok) throw new Error(`${entry.file}: ${outcome.trap.kind}`);
    return Number(outcome.fuelUsed);
  };
  const name = entry.file.replace(/^p\/perf_|\.etp$/g, "");
  return {
    entry,
    name,
    compile: () => wasm.compile(entry.func ?? 0),
    tiers: { interp: run(engines.interp.load(program, host)), wasm: run(wasm) },
  };
}

function perfEntries(): ManifestEntry[] {
  const text = Deno.readTextFileSync(new URL("manifest.jsonl", FOLDER));
  return parseManifest(text).filter((entry) => entry.perf);
}

/** Nanoseconds per instruction of one run. */
function measure(run: () => number): number {
  const start = performance.now();
  const fuel = run();
  return (performance.now() - start) * 1e6 / fuel;
}

async function printTable(): Promise<void> {
  console.log(`Binaryen loaded in ${loadMilliseconds.toFixed(0)} ms`);
  const columns = ["interp", "first", "wasm", "ratio", "compile ms", "bytes"];
  console.log("program".padEnd(16) + columns.map((name) => name.padStart(12)).join(""));
  for (const entry of perfEntries()) {
    const { name, compile, tiers } = prepare(entry);
    const interp = Math.min(measure(tiers.interp), measure(tiers.interp));
    const before = engines.wasm.stats();
    compile();
    const after = engines.wasm.stats();
    const milliseconds = after.compileMilliseconds - before.compileMilliseconds;
    const first = measure(tiers.wasm);
    let warm = Infinity;
    for (let k = 0; k < 4; k++) {
      // Optimised code comes from another thread.
      await new Promise((resolve) => setTimeout(resolve, 20));
      warm = Math.min(warm, measure(tiers.wasm));
    }
    const row = [interp.toFixed(2), first.toFixed(2), warm.toFixed(2), (interp / warm).toFixed(1)];
    row.push(milliseconds.toFixed(1), `${after.codeBytes - before.codeBytes}`);
    console.log(name.padEnd(16) + row.map((text) => text.padStart(12)).join(""));
  }
}

if (Deno.args.includes("--table")) await printTable();
else {
  for (const entry of perfEntries()) {
    const { name, tiers } = prepare(entry);
    Deno.bench(`${name}, interp`, { group: name, baseline: true }, () => void tiers.interp());
    Deno.bench(`${name}, wasm`, { group: name }, () => void tiers.wasm());
  }

  const small = verify(assemble(`
    func nothing() -> () {
      ret
    }
    func first(a: i64, b: i64) -> (i64) {
      ret a
    }
    func trapping() -> () {
      trap 7
    }
  `));
  const interpreted = engines.interp.load(small);
  const compiled = engines.wasm.load(small);
  const cases: [string, number, Value[]][] = [
    ["enter and return", 0, []],
    ["enter with two arguments", 1, [i64(1), i64(2)]],
    ["trap", 2, []],
  ];
  for (const [name, func, args] of cases) {
    Deno.bench(`${name}, interp`, { group: name, baseline: true }, () => {
      interpreted.run(func, args);
    });
    Deno.bench(`${name}, wasm`, { group: name }, () => {
      compiled.run(func, args);
    });
  }

  for (const name of ["gcd", "nbody", "straight"]) {
    const entry = perfEntries().find(({ file }) => file === `p/perf_${name}.etp`)!;
    const program = verify(decodeProgram(Deno.readFileSync(new URL(entry.file, FOLDER))));
    const group = `compile ${name}`;
    Deno.bench(`${group}, as it is`, { group, baseline: true }, () => {
      new WasmProgram(program, binaryen).ensure(entry.func ?? 0);
    });
    Deno.bench(`${group}, Binaryen's own passes`, { group }, () => {
      const passes = ["simplify-locals", "coalesce-locals", "vacuum"];
      new WasmProgram(program, binaryen, undefined, { passes }).ensure(entry.func ?? 0);
    });
  }
}
