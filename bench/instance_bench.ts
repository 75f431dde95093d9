/**
 * Instances: making one, running it for the first time, disposing of it, in each tier. `deno bench -A
 * bench/instance_bench.ts` for Deno's own report; `deno run -A bench/instance_bench.ts --table` prints
 * times, resident bytes an idle instance and what many cycles leave behind.
 *
 * @module
 */
import { assemble, Engine, i64, type Instance, type Tier, verify } from "../mod.ts";

const PROGRAM = verify(assemble(`
  func work(n: i64) -> (i64, str) {
    s = const.pool "some text"
    t = str.concat s, s
    u = str.concat t, t
    a = array.new i64, n, n
    y = array.get_imm a, 1
    ret y, u
  }
`));
const ARGS = [i64(1)];
const TIERS: readonly Tier[] = ["interp", "native"];

function time(count: number, run: () => void): string {
  const start = performance.now();
  run();
  return ((performance.now() - start) * 1e3 / count).toFixed(2).padStart(9);
}

function table(): void {
  const count = 10_000;
  console.log(
    "tier     make µs  1st run µs  2nd run µs  dispose µs  idle bytes  cycle µs  left KiB",
  );
  for (const tier of TIERS) {
    using engine = new Engine({ tier });
    const cycles = (n: number) => {
      for (let k = 0; k < n; k++) {
        using instance = engine.load(PROGRAM);
        instance.run(0, ARGS);
      }
    };
    cycles(count);
    const before = Deno.memoryUsage().rss;
    let instances: Instance[] = [];
    const make = time(count, () => {
      for (let k = 0; k < count; k++) instances.push(engine.load(PROGRAM));
    });
    const run = () => {
      for (const instance of instances) instance.run(0, ARGS);
    };
    const first = time(count, run);
    const second = time(count, run);
    const idle = Math.max(0, Deno.memoryUsage().rss - before) / count;
    const dispose = time(count, () => {
      for (const instance of instances) instance[Symbol.dispose]();
    });
    instances = [];
    cycles(count);
    const settled = Deno.memoryUsage().rss;
    const cycle = time(10 * count, () => cycles(10 * count));
    const left = (Deno.memoryUsage().rss - settled) / 1024;
    console.log(
      `${tier.padEnd(6)}${make}${first.padStart(12)}${second.padStart(12)}${dispose.padStart(12)}` +
        `${idle.toFixed(0).padStart(12)}${cycle.padStart(10)}${left.toFixed(0).padStart(10)}`,
    );
  }
}

if (Deno.args.includes("--table")) table();

for (const tier of TIERS) {
  let engine: Engine | undefined;
  let instance: Instance | undefined;
  Deno.bench({ name: `${tier}: load and dispose`, group: "load" }, () => {
    engine ??= new Engine({ tier });
    engine.load(PROGRAM)[Symbol.dispose]();
  });
  Deno.bench({ name: `${tier}: load, run and dispose`, group: "cycle" }, () => {
    engine ??= new Engine({ tier });
    using made = engine.load(PROGRAM);
    made.run(0, ARGS);
  });
  Deno.bench({ name: `${tier}: run`, group: "run" }, () => {
    engine ??= new Engine({ tier });
    instance ??= engine.load(PROGRAM);
    instance.run(0, ARGS);
  });
}
