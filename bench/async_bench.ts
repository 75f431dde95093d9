/**
 * What it costs to wait: parking a run on a host function's promise and going on, turns of the event
 * loop, and looking at the clock. `deno bench -A bench/async_bench.ts` for Deno's own report; `deno run
 * -A bench/async_bench.ts --table` prints costs beyond those of the waiting itself, each against its
 * base measured in the same run, best of several.
 *
 * @module
 */
import {
  assemble,
  type AsyncRunOptions,
  createHost,
  Engine,
  hostFunction,
  i64,
  type Instance,
  type Tier,
  verify,
} from "../mod.ts";

const program = verify(assemble(`
  host h.slow(i64) -> (i64)

  func waits(n: i64) -> (i64) {
    sum = const.i64 0
    one = const.i64 1
    zero = const.i64 0
    jmp loop
  loop:
    x = host_call h.slow(n)
    sum = i64.add sum, x
    n = i64.sub n, one
    more = i64.gt n, zero
    br more, loop, done
  done:
    ret sum
  }

  func counts(n: i64) -> (i64) {
    one = const.i64 1
    zero = const.i64 0
    sum = const.i64 0
    jmp loop
  loop:
    sum = i64.add sum, n
    n = i64.sub n, one
    more = i64.gt n, zero
    br more, loop, done
  done:
    ret sum
  }
`));

/** The others run what waits in one of these. */
const TIERS: readonly Tier[] = ["interp", "native"];

const WAITS = 1000;
const FUEL = 2n ** 62n;
const limits = { fuel: FUEL, maxHostCalls: FUEL };

/** The host function without a run: what the promises themselves cost. */
function promised(n: bigint): Promise<bigint> {
  return Promise.resolve(n);
}

/** Settles in a turn of the event loop of its own, without rounding up to milliseconds. */
function inATurn(n: bigint): Promise<bigint> {
  return new Promise((resolve) => setImmediate(() => resolve(n)));
}

type Slow = (n: bigint) => Promise<bigint>;

function load(engine: Engine, slow: Slow): Instance {
  const declared = { symbol: "h.slow", args: ["i64"], results: ["i64"] } as const;
  return engine.load(program, createHost([hostFunction(declared, slow)]));
}

async function awaitOnly(slow: Slow): Promise<void> {
  let sum = 0n;
  for (let n = BigInt(WAITS); n > 0n; n--) sum += await slow(n);
  if (sum === 0n) throw new Error("the sum is lost");
}

async function waitsOnce(instance: Instance, options: AsyncRunOptions = {}): Promise<void> {
  const outcome = await instance.runAsync("waits", [i64(WAITS)], { limits, ...options });
  if (!outcome.ok) throw new Error(outcome.trap.kind);
}

const COUNT = 2_000_000;

async function counts(instance: Instance, options: AsyncRunOptions): Promise<void> {
  const outcome = await instance.runAsync("counts", [i64(COUNT)], { limits, ...options });
  if (!outcome.ok) throw new Error(outcome.trap.kind);
}

async function best(times: number, run: () => void | Promise<void>): Promise<number> {
  let least = Infinity;
  for (let k = 0; k < times; k++) {
    const start = performance.now();
    await run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

async function table(): Promise<void> {
  const us = (ms: number, count: number) => `${(ms * 1000 / count).toFixed(2)} us`;
  for (const tier of TIERS) {
    using engine = new Engine({ tier });
    console.log(`tier ${tier}`);
    for (const [name, slow] of [["settled", promised], ["in a turn", inATurn]] as const) {
      using instance = load(engine, slow);
      const base = await best(20, () => awaitOnly(slow));
      const parked = await best(20, () => waitsOnce(instance));
      const { signal } = new AbortController();
      const guarded = await best(20, () => waitsOnce(instance, { timeout: 60_000, signal }));
      console.log(`  promise ${name}: await alone ${us(base, WAITS)}`);
      console.log(`    suspend and resume a run, beyond it: ${us(parked - base, WAITS)}`);
      console.log(`    with timeout and signal:             ${us(guarded - base, WAITS)}`);
    }
    using instance = load(engine, promised);
    // Until the interpreter's loop has warmed up, which changes its speed.
    for (let k = 0; k < 50; k++) await counts(instance, {});
    const plain = await best(20, () => counts(instance, {}));
    const timed = await best(20, () => counts(instance, { timeout: 60_000 }));
    const slices = 1000;
    const yieldEvery = Math.ceil(4 * COUNT / slices);
    const sliced = await best(20, () => counts(instance, { yieldEvery }));
    const turns = await best(20, async () => {
      for (let k = 0; k < slices; k++) await inATurn(0n);
    });
    console.log(`  ${COUNT} iterations: ${plain.toFixed(2)} ms`);
    console.log(`    with a timeout: ${(100 * (timed / plain - 1)).toFixed(2)} % more`);
    console.log(`    a turn of the event loop alone: ${us(turns, slices)}`);
    console.log(`    a slice, beyond its turn: ${us(sliced - plain - turns, slices)}`);
  }
}

if (Deno.args.includes("--table")) await table();

for (const tier of TIERS) register(tier);

// Functions that are not `async` themselves are not waited for.
function register(tier: Tier): void {
  const group = `${WAITS} waits`;
  let engine: Engine | undefined;
  // Opened on first use: benchmarks are registered where machine code can't run, too.
  const instance = () => load(engine ??= new Engine({ tier }), promised);
  if (tier === "interp") {
    Deno.bench("await alone", { group, baseline: true }, async () => await awaitOnly(promised));
  }
  let waiting: Instance | undefined;
  Deno.bench(`parked run, ${tier}`, { group }, async () => await waitsOnce(waiting ??= instance()));
  let counting: Instance | undefined;
  Deno.bench(
    `${COUNT} iterations, ${tier}`,
    { group: `count, ${tier}`, baseline: true },
    async () => await counts(counting ??= instance(), {}),
  );
  Deno.bench(
    `${COUNT} iterations with a timeout, ${tier}`,
    { group: `count, ${tier}` },
    async () => await counts(counting ??= instance(), { timeout: 60_000 }),
  );
  Deno.bench(
    `${COUNT} iterations in 100 slices, ${tier}`,
    { group: `count, ${tier}` },
    async () => await counts(counting ??= instance(), { yieldEvery: 4 * COUNT / 100 }),
  );
}
