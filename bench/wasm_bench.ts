/**
 * The WebAssembly tier: perf programs of the corpus against the interpreter, entering, host calls and
 * traps, compiling. `deno bench -A bench/wasm_bench.ts` for Deno's own report; `deno run -A
 * bench/wasm_bench.ts --table` prints nanoseconds per instruction, first runs apart: they are in the
 * engine's baseline code, later ones in optimised code.
 *
 * @module
 */
import { assemble, createHost, decodeProgram, i64, type Value, verify } from "../mod.ts";
import {
  type ManifestEntry,
  parseManifest,
  parseManifestLimits,
  parseManifestValue,
} from "../scripts/manifest.ts";
import { createStandardHost } from "../scripts/standard_host.ts";
import { WasmProgram } from "../src/engine/wasm_program.ts";
import { WasmRunner } from "../src/engine/wasm_run.ts";
import { createInterpreter, type Interpreter } from "../src/interp/interpreter.ts";
import { loadBinaryen } from "../src/wasm/binaryen.ts";

const FOLDER = new URL("../tests/corpus/extape/", import.meta.url);

const start = performance.now();
const binaryen = await loadBinaryen();
const loadMilliseconds = performance.now() - start;

interface Prepared {
  readonly entry: ManifestEntry;
  readonly name: string;
  readonly wasm: WasmProgram;
  readonly tiers: Readonly<Record<"interp" | "wasm", () => number>>;
}

/** An entry's runs by tier; each returns the fuel it used. Nothing is compiled yet. */
function prepare(entry: ManifestEntry): Prepared {
  const program = verify(decodeProgram(Deno.readFileSync(new URL(entry.file, FOLDER))));
  const host = createHost(createStandardHost().functions);
  const interpreter = createInterpreter(program, host);
  const wasm = new WasmProgram(program, binaryen);
  const runner = new WasmRunner(wasm, program, host, interpreter);
  const args = (entry.args ?? []).map(parseManifestValue);
  const limits = { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 };
  const run = (tier: Interpreter | WasmRunner) => () => {
    const outcome = tier.run(entry.func ?? 0, args, { limits });
    if (!outcome.ok) throw new Error(`${entry.file}: ${outcome.trap.kind}`);
    return Number(outcome.fuelUsed);
  };
  const name = entry.file.replace(/^p\/perf_|\.etp$/g, "");
  return { entry, name, wasm, tiers: { interp: run(interpreter), wasm: run(runner) } };
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
    const { name, wasm, tiers } = prepare(entry);
    const interp = Math.min(measure(tiers.interp), measure(tiers.interp));
    const before = performance.now();
    const { bytes } = wasm.ensure(entry.func ?? 0);
    const compile = performance.now() - before;
    const first = measure(tiers.wasm);
    let warm = Infinity;
    for (let k = 0; k < 4; k++) {
      // Optimised code comes from another thread.
      await new Promise((resolve) => setTimeout(resolve, 20));
      warm = Math.min(warm, measure(tiers.wasm));
    }
    const row = [interp.toFixed(2), first.toFixed(2), warm.toFixed(2), (interp / warm).toFixed(1)];
    row.push(compile.toFixed(1), `${bytes}`);
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
  const interpreter = createInterpreter(small, createHost());
  const runner = new WasmRunner(
    new WasmProgram(small, binaryen),
    small,
    createHost(),
    interpreter,
  );
  const cases: [string, number, Value[]][] = [
    ["enter and return", 0, []],
    ["enter with two arguments", 1, [i64(1), i64(2)]],
    ["trap", 2, []],
  ];
  for (const [name, func, args] of cases) {
    Deno.bench(`${name}, interp`, { group: name, baseline: true }, () => {
      interpreter.run(func, args);
    });
    Deno.bench(`${name}, wasm`, { group: name }, () => {
      runner.run(func, args, {});
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
      new WasmProgram(program, binaryen, { passes }).ensure(entry.func ?? 0);
    });
  }
}
