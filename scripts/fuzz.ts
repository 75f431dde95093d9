/**
 * Fuzzes decoder, encoder, verifier and interpreter with damaged corpus programs until the time is up:
 * `deno run -A scripts/fuzz.ts [--seed=N] [--seconds=S] [--from=I] [--count=C]
 * [--tier=native] [--no-native]`. Case I of seed N is always the same, so `--seed=N --from=I --count=1`
 * repeats a finding. Exits with 1 on the first one. With `--no-native`, tier `auto` compiles to
 * WebAssembly.
 *
 * With `--programs`, random programs run in the tier given by `--tier` and must do as interpreted; case I
 * of seed N is then program N + I. `--callback` has them call the host by callback, and `--interval=K`
 * sets when tier auto looks for what is hot. With `--a64` in place of a tier they run as A64 code under
 * `qemu-aarch64-static`, on any machine that has it.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { Engine, TIERS } from "../mod.ts";
import { fuzzCase, type FuzzStats, newStats } from "../tests/harness/fuzz.ts";
import { fuzzTape, type TapeTier } from "../tests/harness/fuzz_tape.ts";
import { A64Machine } from "../tests/harness/run_a64.ts";
import { A64Tapes } from "../tests/harness/tape_a64.ts";

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
    string: ["seed", "seconds", "from", "count", "tier", "interval"],
    boolean: ["programs", "callback", "no-native", "a64"],
    default: {
      interval: "0",
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
  if (args.programs && tier === undefined && !args.a64) {
    console.error("--programs needs a --tier to run them in, or --a64");
    Deno.exit(2);
  }
  if (args.a64 && (!args.programs || tier !== undefined)) {
    console.error("--a64 goes with --programs and without --tier");
    Deno.exit(2);
  }
  const thresholds = { interval: numberFlag("interval", args.interval), looks: 1 };
  const hostCalls = args.callback ? "callback" : "reenter";
  using engine = tier === undefined ? undefined : await Engine.open({
    tier,
    thresholds,
    hostCalls,
    ...(args["no-native"] && { native: false }),
  });
  await using machine = args.a64 ? await A64Machine.start() : undefined;
  const programsIn: TapeTier | undefined = machine === undefined ? engine : new A64Tapes(machine);
  const endings = new Map<string, number>();
  const stats: FuzzStats = newStats();
  console.log(`seed ${seed}`);
  let index = from;
  for (; index < end && performance.now() < deadline; index++) {
    try {
      if (args.programs) await fuzzTape(seed + index, programsIn!, endings);
      else fuzzCase(seed, index, stats, engine);
    } catch (error) {
      console.error(error);
      Deno.exit(1);
    }
    if (index % 100_000 === 99_999) console.log(index + 1, JSON.stringify(stats));
  }
  const found = args.programs ? Object.fromEntries(endings) : stats;
  console.log(`${index - from} cases`, JSON.stringify(found));
}
