import { assert } from "@std/assert";
import { nativeSupport } from "../ffi/platform.ts";
import { Engine } from "../mod.ts";
import { damage, fuzzCase, newStats, seedFiles, tryProgram } from "./harness/fuzz.ts";
import { Random } from "./harness/random.ts";

/** The programs that are cut at every byte: small ones of each kind, and two of the middle size. */
const CUT = [
  "p/mut_full.etp",
  "p/mut_loop.etp",
  "p/perf_fib.etp",
  "p/perf_closure_loop.etp",
  "p/perf_host_loop.etp",
  "p/perf_agg_loop.etp",
  "p/perf_str_build.etp",
  "p/perf_nbody.etp",
  "p/rnd_144.etp",
  "p/rnd_232.etp",
];

const CASES = 100_000;

Deno.test("every truncation of ten programs ends in a result, a trap or a typed error", () => {
  const seeds = seedFiles().filter(({ file }) => CUT.includes(file));
  assert(seeds.length === CUT.length, "all ten files exist");
  for (const { file, bytes } of seeds) {
    for (let length = 0; length <= bytes.length; length++) {
      try {
        tryProgram(bytes.subarray(0, length), new Random(length));
      } catch (error) {
        throw new Error(`${file} cut to ${length} bytes`, { cause: error });
      }
    }
  }
});

Deno.test("100,000 damaged programs end in a result, a trap or a typed error", () => {
  // Always the same cases here; scripts/fuzz.ts looks for new ones. `FUZZ_SEED` repeats a finding.
  const seed = Number(Deno.env.get("FUZZ_SEED") ?? 1);
  const stats = newStats();
  for (let index = 0; index < CASES; index++) fuzzCase(seed, index, stats);
  for (const [ending, count] of Object.entries(stats)) {
    assert(count > 0, `no case ended in ${ending}: ${JSON.stringify(stats)}`);
  }
});

Deno.test("damaged programs do in machine code what they do in the interpreter", () => {
  const support = nativeSupport();
  if (!support.supported) return console.log(`skipped: ${support.reason}`);
  using engine = new Engine({ tier: "native" });
  const stats = newStats();
  for (let index = 0; index < CASES / 5; index++) fuzzCase(2, index, stats, engine);
  assert(stats.ok > 500 && stats.trap > 500, JSON.stringify(stats));
});

Deno.test("damaged programs do in WebAssembly what they do in the interpreter", async () => {
  const stats = newStats();
  for (const thresholds of [{ interval: 0, looks: 0 }, { interval: 5, looks: 2 }]) {
    using engine = await Engine.open({ native: false, thresholds });
    for (let index = 0; index < CASES / 10; index++) fuzzCase(3, index, stats, engine);
    assert(engine.stats().entries > 200);
  }
  assert(stats.ok > 500 && stats.trap > 500, JSON.stringify(stats));
});

Deno.test("a seed and an index always give the same damage", () => {
  for (let seed = 0; seed < 100; seed++) {
    const [a, b] = [damage(new Random(seed)), damage(new Random(seed))];
    assert(a.description === b.description && a.bytes.toHex() === b.bytes.toHex());
  }
});
