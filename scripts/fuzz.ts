/**
 * Fuzzes decoder, encoder, verifier and interpreter with damaged corpus programs until the time is up:
 * `deno run -A scripts/fuzz.ts [--seed=N] [--seconds=S] [--from=I] [--count=C]
 * [--tier=native]`. Case I of seed N is
 * always the same, so `--seed=N --from=I --count=1` repeats a finding. Exits with 1 on the first one.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { Engine, TIERS } from "../mod.ts";
import { fuzzCase, type FuzzStats, newStats } from "../tests/harness/fuzz.ts";

function numberFlag(name: string, text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isInteger(value) || value < 0) {
    console.error(`--${name} must be a non-negative integer: got ${JSON.stringify(text)}`);
    Deno.exit(2);
  }
  return value;
}

if (import.meta.main) {
  const args = parseArgs(Deno.args, {
    string: ["seed", "seconds", "from", "count", "tier"],
    default: {
      seed: String(Date.now() % 1_000_000),
      seconds: "60",
      from: "0",
      count: String(2 ** 32 - 1),
    },
    unknown: (flag) => {
      console.error(`unknown argument ${flag}`);
      Deno.exit(2);
    },
  });
  const seed = numberFlag("seed", args.seed);
  const from = numberFlag("from", args.from);
  const end = from + numberFlag("count", args.count);
  const deadline = performance.now() + 1000 * numberFlag("seconds", args.seconds);
  const tier = TIERS.find((name) => name === args.tier);
  if (args.tier !== undefined && tier === undefined) {
    console.error(`--tier must be one of ${TIERS.join(", ")}: got ${JSON.stringify(args.tier)}`);
    Deno.exit(2);
  }
  using engine = tier === undefined ? undefined : await Engine.open({ tier });
  const stats: FuzzStats = newStats();
  console.log(`seed ${seed}`);
  let index = from;
  for (; index < end && performance.now() < deadline; index++) {
    try {
      fuzzCase(seed, index, stats, engine);
    } catch (error) {
      console.error(error);
      Deno.exit(1);
    }
    if (index % 100_000 === 99_999) console.log(index + 1, JSON.stringify(stats));
  }
  console.log(`${index - from} cases`, JSON.stringify(stats));
}
