/**
 * `deno task demo`: assembles, verifies and runs the programs in `examples/` and shows what they
 * print, their results, the fuel they used and how long each took, in every tier this machine has.
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

const support = nativeSupport();
const tiers: readonly Tier[] = support.supported
  ? TIERS
  : TIERS.filter((tier) => tier === "interp" || tier === "wasm");
const FUEL = 100_000_000n;
const { bold, dim, red } = paint(Deno.stdout.isTerminal() && !Deno.noColor);

async function run(tier: Tier, program: VerifiedProgram, args: readonly Value[]): Promise<{
  outcome: Outcome;
  milliseconds: number;
  printed: string[];
  accesses: string[];
}> {
  const printed: string[] = [];
  const accesses: string[] = [];
  const record = (what: string) => (key: { kind: string; name?: string }) => {
    accesses.push(`${what} ${key.name ?? key.kind}`);
  };
  using engine = await Engine.open({ tier });
  using instance = engine.load(program, createCliHost((line) => printed.push(line)));
  const start = performance.now();
  const outcome = instance.run(0, [...args], {
    limits: { fuel: FUEL },
    accessSink: { read: record("read"), write: record("write") },
  });
  return { outcome, milliseconds: performance.now() - start, printed, accesses };
}

for (const { file, title, args } of EXAMPLES) {
  const text = await Deno.readTextFile(new URL(`../examples/${file}`, import.meta.url));
  const program = verify(assemble(text, { file }));
  console.log(bold(`examples/${file}`) + dim(`  ${title}`));
  let shown = false;
  for (const tier of tiers) {
    const { outcome, milliseconds, printed, accesses } = await run(tier, program, args);
    if (!shown) {
      for (const line of printed) console.log(`  ${line}`);
      if (accesses.length > 0) console.log(dim(`  host accesses: ${accesses.join(", ")}`));
      if (outcome.ok) {
        console.log(
          `  result: ${outcome.values.map((value) => formatValue(value)).join(", ") || "none"}`,
        );
      } else console.log(red(`  ${formatTrap(outcome.trap)}`));
      shown = true;
    }
    const rate = milliseconds * 1e6 / Number(outcome.fuelUsed);
    console.log(dim(
      `  ${tier.padEnd(7)} ${String(outcome.fuelUsed).padStart(10)} fuel  ` +
        `${milliseconds.toFixed(2).padStart(8)} ms  ${rate.toFixed(1).padStart(6)} ns/instruction`,
    ));
  }
  console.log();
}
if (!support.supported) console.log(dim(support.reason));
