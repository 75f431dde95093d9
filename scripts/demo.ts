/**
 * `deno task demo`: assembles, verifies and runs the programs in `examples/` and shows what they
 * print, their results, the fuel they used and how long each took, in every tier this machine has: the
 * first time, compiling included, and again in the same instance.
 *
 * @module
 */
import {
  assemble,
  Engine,
  formatTrap,
  formatValue,
  i64,
  type Outcome,
  type Tier,
  TIERS,
  u64,
  type Value,
  type VerifiedProgram,
  verify,
} from "../mod.ts";
import { nativeSupport } from "../ffi/platform.ts";
import { createCliHost } from "../src/cli/host.ts";
import { paint } from "../src/cli/io.ts";

/** A program of `examples/` and what to run it with. */
interface Example {
  readonly file: string;
  readonly title: string;
  readonly args: readonly Value[];
}

const EXAMPLES: readonly Example[] = [
  { file: "fib.tape", title: "recursion: the 24th Fibonacci number", args: [i64(24)] },
  { file: "primes.tape", title: "loops: primes below 20,000", args: [u64(20_000)] },
  { file: "mandelbrot.tape", title: "floats and text: a picture", args: [] },
  { file: "strings.tape", title: "string building", args: [] },
  { file: "closures.tape", title: "closures and indirect calls", args: [] },
  { file: "kv.tape", title: "host functions: a key-value store", args: [] },
];

/** A program's runs in one tier. */
interface Runs {
  readonly tier: Tier;
  readonly outcome: Outcome;
  readonly printed: readonly string[];
  readonly accesses: readonly string[];
  /** Milliseconds of the first run. */
  readonly first: number;
  /** Milliseconds of the fastest run after it. */
  readonly again: number;
}

const FUEL = 100_000_000n;
/** How long each tier repeats a program. */
const REPEAT_MILLISECONDS = 150;
const BAR_WIDTH = 30;

const support = nativeSupport();
const tiers: readonly Tier[] = support.supported ? TIERS : ["interp", "wasm"];
const { bold, dim, red, green } = paint(Deno.stdout.isTerminal() && !Deno.noColor);

async function run(tier: Tier, program: VerifiedProgram, args: readonly Value[]): Promise<Runs> {
  let printed: string[] = [];
  let accesses: string[] = [];
  const record = (what: string) => (key: { kind: string; name?: string }) => {
    accesses.push(`${what} ${key.name ?? key.kind}`);
  };
  using engine = await Engine.open({ tier });
  using instance = engine.load(program, createCliHost((line) => printed.push(line)));
  const options = {
    limits: { fuel: FUEL },
    accessSink: { read: record("read"), write: record("write") },
  };
  const once = () => {
    [printed, accesses] = [[], []];
    const start = performance.now();
    const outcome = instance.run(0, args, options);
    return { outcome, milliseconds: performance.now() - start };
  };
  const { outcome, milliseconds: first } = once();
  let again = Infinity;
  const end = performance.now() + REPEAT_MILLISECONDS;
  do again = Math.min(again, once().milliseconds); while (performance.now() < end);
  return { tier, outcome, printed, accesses, first, again };
}

function milliseconds(time: number): string {
  return `${time.toFixed(time < 0.1 ? 4 : 2)} ms`.padStart(11);
}

/** A line a tier; bars show how long the runs after the first took. */
function showTimes(all: readonly Runs[]): void {
  const slowest = Math.max(...all.map(({ again }) => again));
  const interpreter = all.find(({ tier }) => tier === "interp")!.again;
  console.log(dim("  tier      first run       again  ns/instruction"));
  for (const { tier, outcome, first, again } of all) {
    const rate = (again * 1e6 / Number(outcome.fuelUsed)).toFixed(2).padStart(14);
    const bar = "█".repeat(Math.max(1, Math.round(again / slowest * BAR_WIDTH)));
    const ratio = tier === "interp" ? "" : ` ${(interpreter / again).toFixed(1)}x`;
    console.log(
      `  ${tier.padEnd(6)}${milliseconds(first)} ${milliseconds(again)}  ${rate}  ` +
        green(bar) + dim(ratio),
    );
  }
}

for (const { file, title, args } of EXAMPLES) {
  const text = await Deno.readTextFile(new URL(`../examples/${file}`, import.meta.url));
  const program = verify(assemble(text, { file }));
  console.log(bold(`examples/${file}`) + dim(`  ${title}`));
  const all: Runs[] = [];
  for (const tier of tiers) all.push(await run(tier, program, args));
  const [{ outcome, printed, accesses }] = all;
  for (const line of printed) console.log(`  ${line}`);
  if (accesses.length > 0) console.log(dim(`  host accesses: ${accesses.join(", ")}`));
  if (outcome.ok) {
    const values = outcome.values.map((value) => formatValue(value)).join(", ");
    console.log(`  result: ${values || "none"}, ${outcome.fuelUsed} instructions`);
  } else console.log(red(`  ${formatTrap(outcome.trap)}`));
  showTimes(all);
  console.log();
}
if (!support.supported) console.log(dim(support.reason));
