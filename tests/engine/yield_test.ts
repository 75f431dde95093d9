/**
 * Runs that wait: for the event loop, for promises, and never beyond their deadline or signal. What a
 * run computes, uses and traps with must not depend on how its fuel is sliced, in any tier.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  assemble,
  type AsyncRunOptions,
  createHost,
  Engine,
  f64,
  formatTrap,
  type Host,
  hostFunction,
  i64,
  type Instance,
  type Outcome,
  outcomeToJson,
  type Tier,
  TIERS,
  type TraceEvent,
  TrapError,
  unwrap,
  type Value,
  verify,
} from "../../mod.ts";
import { FIB, QUOTIENTS } from "../harness/sources.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import { ConformanceRunner, matches } from "../../scripts/conformance.ts";
import { parseManifest } from "../../scripts/manifest.ts";
import { corpusFile } from "../harness/corpus.ts";

const support = nativeSupport();
/** Milliseconds in which compiled code gets to its first host call, even on a busy machine. */
const SHORT = 40;
const ENDLESS = { fuel: 2n ** 64n - 1n };

/** A tier, and tier `auto` as it is where there is no machine code. */
type Variant = Tier | "auto over wasm";

/** An engine of a tier; what can become hot is hot at once. */
function open(variant: Variant): Promise<Engine> {
  const thresholds = { interval: 0, looks: 1 };
  if (variant === "auto over wasm") return Engine.open({ native: false, thresholds });
  return Engine.open({ tier: variant, thresholds });
}

/** Runs a test in every tier there is. */
function tierTest(name: string, run: (variant: Variant) => void | Promise<void>): void {
  for (const tier of [...TIERS, "auto over wasm"] as const) {
    if (tier !== "native" || support.supported) Deno.test(`${name} (${tier})`, () => run(tier));
    else Deno.test(`${name} (${tier})`, () => console.log(`skipped: ${support.reason}`));
  }
}

/** Names of as many values as there are registers of a class, and more. */
const MANY = Array.from({ length: 36 }, (_, k) => k);

/** A loop through which many values of both classes live. */
const CROWDED = `
func crowded(n: i64, x: f64) -> (i64, f64) {
  one = const.i64 1
  zero = const.i64 0
${MANY.map((k) => `  a${k} = i64.add n, ${k === 0 ? "one" : `a${k - 1}`}`).join("\n")}
${MANY.map((k) => `  b${k} = f64.add x, ${k === 0 ? "x" : `b${k - 1}`}`).join("\n")}
  jmp loop
loop:
${MANY.map((k) => `  a${k} = i64.add a${k}, a${(k + 1) % MANY.length}`).join("\n")}
${MANY.map((k) => `  b${k} = f64.sub b${k}, b${(k + 5) % MANY.length}`).join("\n")}
  n = i64.sub n, one
  more = i64.gt n, zero
  br more, loop, done
done:
${MANY.slice(1).map((k) => `  a0 = i64.xor a0, a${k}\n  b0 = f64.add b0, b${k}`).join("\n")}
  ret a0, b0
}
`;

const SOURCE = `
host h.plain(i64) -> (i64)
host h.slow(i64) -> (i64)
host h.charging(i64) -> (i64)

${FIB}

${QUOTIENTS}

func texts(n: i64) -> (str, agg) {
  s = const.pool "é"
  one = const.i64 1
  zero = const.i64 0
  jmp loop
loop:
  s = str.concat s, s
  n = i64.sub n, one
  more = i64.gt n, zero
  br more, loop, done
done:
  t = tuple.new s, n
  ret s, t
}

func calls(n: i64) -> (i64) {
  a = host_call h.plain(n)
  b = host_call h.charging(a)
  one = const.i64 1
  c = i64.add b, one
  d = host_call h.charging(c)
  e = i64.add d, one
  ret e
}

func waits(n: i64) -> (i64) {
  one = const.i64 1
  zero = const.i64 0
  done = i64.le n, zero
  br done, stop, go
go:
  m = i64.sub n, one
  x = call waits(m)
  y = host_call h.slow(x)
  z = i64.add y, n
  ret z
stop:
  ret zero
}

func forever() -> () {
  jmp loop
loop:
  jmp loop
}

${CROWDED}
`;

const program = verify(assemble(SOURCE));

function host(slow: (n: bigint) => unknown = (n) => Promise.resolve(n)): Host {
  return createHost([
    hostFunction({ symbol: "h.plain", args: ["i64"], results: ["i64"] }, (n) => n + 1n),
    hostFunction({ symbol: "h.slow", args: ["i64"], results: ["i64"] }, slow as () => bigint),
    hostFunction({ symbol: "h.charging", args: ["i64"], results: ["i64"] }, (n, context) => {
      context.chargeFuel(7);
      return n + 1n;
    }),
  ]);
}

/** Everything about an outcome that can be compared. */
function whole(outcome: Outcome): unknown {
  return outcomeToJson(outcome);
}

/** A signal that is aborted from the `n`th look at it on, counted from 0. */
function abortedAtLook(n: number): AbortSignal {
  let looks = 0;
  const signal = new AbortController().signal;
  return new Proxy(signal, {
    get(target, key) {
      if (key === "aborted") return looks++ >= n;
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const CASES: [func: string, args: Value[]][] = [
  ["fib", [i64(6)]],
  ["quotients", [i64(5)]],
  ["texts", [i64(4)]],
  ["calls", [i64(3)]],
  ["waits", [i64(3)]],
  ["crowded", [i64(3), f64(1.5)]],
];

tierTest("outcomes do not depend on the slices", async (tier) => {
  using engine = await open(tier);
  using instance = engine.load(program, host());
  for (const [func, args] of CASES) {
    const full = await instance.runAsync(func, args);
    const most = Number(full.fuelUsed);
    for (let yieldEvery = 1; yieldEvery <= 40; yieldEvery++) {
      assertEquals(
        whole(await instance.runAsync(func, args, { yieldEvery })),
        whole(full),
        `${func} in slices of ${yieldEvery}`,
      );
    }
    const step = Math.max(1, Math.floor(most / 60));
    for (let fuel = 0; fuel <= most + 1; fuel += step) {
      const limits = { fuel: BigInt(fuel) };
      const expected = whole(await instance.runAsync(func, args, { limits }));
      for (const yieldEvery of [1, 2n, 3, 5, 17, 64n]) {
        assertEquals(
          whole(await instance.runAsync(func, args, { limits, yieldEvery })),
          expected,
          `${func} with fuel ${fuel} in slices of ${yieldEvery}`,
        );
      }
    }
  }
});

tierTest("recorded outcomes do not depend on the slices", async (tier) => {
  const folder = new URL("../corpus/extape/", import.meta.url);
  const entries = parseManifest(Deno.readTextFileSync(new URL("manifest.jsonl", folder)));
  using runner = new ConformanceRunner(corpusFile, await open(tier));
  let count = 0;
  for (const entry of entries) {
    const used = Number((entry.expect as { fuelUsed?: number } | undefined)?.fuelUsed ?? 0);
    if (used < 3) continue;
    const yieldEvery = used < 100 ? 1 + count % 9 : Math.ceil(used / (20 + count % 30));
    const actual = await runner.runAsync(entry, { yieldEvery });
    assert(
      matches(entry, actual),
      `${entry.id} in slices of ${yieldEvery}: ${Deno.inspect(actual)}`,
    );
    count++;
  }
  assert(count > 1000);
});

tierTest("a run is aborted where a limit of the fuel it used would end it", async (tier) => {
  using engine = await open(tier);
  using instance = engine.load(program, host());
  for (const [func, args] of CASES) {
    for (const yieldEvery of [1, 3, 8, 50]) {
      let aborted = 0;
      for (let look = 0;; look++) {
        const outcome = await instance.runAsync(func, args, {
          yieldEvery,
          signal: abortedAtLook(look),
        });
        if (outcome.ok || outcome.trap.kind !== "Aborted") break;
        aborted++;
        const { fuelUsed, trap, hostCalls } = outcome;
        const limited = await instance.runAsync(func, args, { limits: { fuel: fuelUsed } });
        const where = `${func} in slices of ${yieldEvery}, look ${look}, fuel ${fuelUsed}`;
        assert(!limited.ok, where);
        // While a promise is pending the call itself is where the run is.
        const code = instance.program.functions[trap.func];
        assert(code !== undefined, where);
        if (limited.hostCalls === hostCalls && !isPending(instance, trap.func, trap.pc)) {
          assertEquals([trap.func, trap.pc], [limited.trap.func, limited.trap.pc], where);
        }
        assertEquals(limited.fuelUsed, fuelUsed, where);
      }
      assert(aborted > (yieldEvery < 10 ? 1 : 0), `${func} was aborted ${aborted} times`);
    }
  }
});

/** Whether an instruction is a host call. */
function isPending(instance: Instance, func: number, pc: number): boolean {
  return instance.program.functions[func].code[pc] === 0x52;
}

tierTest("the event loop has its turns while a run computes", async (tier) => {
  using engine = await open(tier);
  using instance = engine.load(program, host());
  const controller = new AbortController();
  let ticks = 0;
  const timer = setInterval(() => ++ticks === 3 && controller.abort(new Error("enough")), 1);
  const outcome = await instance.runAsync("forever", [], {
    limits: ENDLESS,
    yieldEvery: 10_000,
    signal: controller.signal,
  });
  clearInterval(timer);
  assertEquals(ticks, 3);
  assert(!outcome.ok && outcome.trap.kind === "Aborted");
  assertEquals((outcome.trap.cause as Error).message, "enough");
  assertEquals(outcome.fuelUsed % 10_000n, 0n);
  assertEquals(
    formatTrap(outcome.trap),
    `trap at f${outcome.trap.func} pc=${outcome.trap.pc}: aborted: enough`,
  );
  assertEquals((assertThrows(() => unwrap(outcome), TrapError) as Error).cause, outcome.trap.cause);
  // Without yieldEvery, a signal is looked at all the same.
  const { signal } = controller;
  const later = await instance.runAsync("forever", [], {
    limits: ENDLESS,
    signal: AbortSignal.timeout(5),
  });
  assert(!later.ok && later.trap.kind === "Aborted");
  assertEquals((later.trap.cause as Error).name, "TimeoutError");
  const never = await instance.runAsync("fib", [i64(5)], { signal });
  assert(!never.ok && never.trap.kind === "Aborted");
  assertEquals([never.trap.pc, never.fuelUsed], [0, 0n]);
});

tierTest("a timeout ends synchronous and asynchronous runs", async (tier) => {
  using engine = await open(tier);
  using instance = engine.load(program, host());
  assert(!instance.run("forever", [], { limits: { fuel: 1n } }).ok); // compiles it
  const options = { limits: ENDLESS, timeout: SHORT };
  for (
    const outcome of [
      instance.run("forever", [], options),
      await instance.runAsync("forever", [], options),
      await instance.runAsync("forever", [], { ...options, yieldEvery: 2n ** 40n }),
      await instance.runAsync("forever", [], { ...options, yieldEvery: 1000 }),
    ]
  ) {
    assert(!outcome.ok && outcome.trap.kind === "TimedOut");
    assert(outcome.fuelUsed > 0n && outcome.fuelUsed < ENDLESS.fuel);
    assertEquals(formatTrap(outcome.trap).split(": ")[1], "timed out");
  }
  const none = instance.run("fib", [i64(5)], { timeout: 0 });
  assert(!none.ok && none.trap.kind === "TimedOut");
  assertEquals([none.trap.pc, none.fuelUsed], [0, 0n]);
  for (const timeout of [60_000, Infinity]) {
    assertEquals(
      whole(instance.run("fib", [i64(10)], { timeout })),
      whole(instance.run("fib", [i64(10)])),
    );
  }
  // Fuel that runs out first is what is reported.
  const poor = instance.run("forever", [], { limits: { fuel: 100n }, timeout: 60_000 });
  assert(!poor.ok && poor.trap.kind === "FuelExceeded");
});

tierTest("a promise is waited for until the deadline or the abort", async (tier) => {
  using engine = await open(tier);
  const rejections: (() => void)[] = [];
  using instance = engine.load(
    program,
    host(() => new Promise((_, reject) => rejections.push(() => reject(new Error("too late"))))),
  );
  const check = (outcome: Outcome, kind: string) => {
    assert(!outcome.ok);
    assertEquals(outcome.trap.kind, kind);
    assertEquals(outcome.hostCalls, 1n);
    assert(isPending(instance, outcome.trap.func, outcome.trap.pc));
  };
  assert(instance.run("waits", [i64(0)]).ok); // compiles it
  check(await instance.runAsync("waits", [i64(2)], { timeout: SHORT }), "TimedOut");
  const controller = new AbortController();
  const run = instance.runAsync("waits", [i64(2)], { signal: controller.signal });
  controller.abort("no reason");
  const outcome = await run;
  check(outcome, "Aborted");
  assert(!outcome.ok && outcome.trap.kind === "Aborted");
  assertEquals(outcome.trap.cause, "no reason");
  // The host function itself may be the one who aborts, or takes too long before it promises.
  const own = new AbortController();
  using aborting = engine.load(
    program,
    host(() => {
      own.abort();
      for (const start = performance.now(); performance.now() - start < 2 * SHORT;);
      return new Promise(() => {});
    }),
  );
  const late = await aborting.runAsync("waits", [i64(2)], { timeout: SHORT });
  assertEquals([late.ok, !late.ok && late.trap.kind], [false, "TimedOut"]);
  const { signal } = own;
  const early = await aborting.runAsync("waits", [i64(2)], { signal });
  assertEquals([early.ok, !early.ok && early.trap.pc], [false, 0]);
  const second = new AbortController();
  using twice = engine.load(
    program,
    host((n) => {
      if (n > 0n) second.abort();
      return n > 0n ? new Promise(() => {}) : Promise.resolve(n);
    }),
  );
  const other = await twice.runAsync("waits", [i64(3)], { signal: second.signal });
  assertEquals([other.ok, other.hostCalls, second.signal.aborted], [false, 2n, true]);
  // Nobody waits any more; the errors are nobody's.
  for (const reject of rejections) reject();
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert(instance.run("fib", [i64(5)]).ok);
  // A promise that settles in time is no different.
  using quick = engine.load(program, host());
  const options = { timeout: 60_000, signal: new AbortController().signal };
  assertEquals(
    whole(await quick.runAsync("waits", [i64(3)], options)),
    whole(await quick.runAsync("waits", [i64(3)])),
  );
  using failing = engine.load(program, host(() => Promise.reject(new Error("no"))));
  const failed = await failing.runAsync("waits", [i64(3)], options);
  assert(!failed.ok && failed.trap.kind === "HostCallFailed");
});

tierTest("a host function that is late ends the run behind its call", async (tier) => {
  using engine = await open(tier);
  const controller = new AbortController();
  using instance = engine.load(
    program,
    createHost([
      ...[...host()].filter(({ symbol }) => symbol !== "h.plain"),
      hostFunction({ symbol: "h.plain", args: ["i64"], results: ["i64"] }, (n) => {
        for (const start = performance.now(); performance.now() - start < 2 * SHORT;);
        controller.abort();
        return n;
      }),
    ]),
  );
  assert(!instance.run("calls", [i64(1)], { limits: { fuel: 0n } }).ok); // compiles it
  const places = [
    instance.run("calls", [i64(1)], { timeout: SHORT }),
    await instance.runAsync("calls", [i64(1)], { signal: controller.signal }),
    await instance.runAsync("calls", [i64(1)], { timeout: SHORT, yieldEvery: 1 }),
  ].map((outcome) => {
    assert(!outcome.ok);
    return [outcome.trap.kind, outcome.trap.pc, outcome.fuelUsed, outcome.hostCalls];
  });
  const limited = instance.run("calls", [i64(1)], { limits: { fuel: 1n } });
  assert(!limited.ok);
  assertEquals(places[0], ["TimedOut", limited.trap.pc, 1n, 1n]);
  // The signal was aborted before the second run.
  assertEquals(places[1], ["Aborted", 0, 0n, 0n]);
  assertEquals(places[2], places[0]);
});

tierTest("a thousand runs wait at once and go on in any order", async (tier) => {
  using engine = await open(tier);
  const resolvers = new Map<number, (value: bigint) => void>();
  const count = 1000;
  const runs = Array.from({ length: count }, (_, k) => {
    const slow = (n: bigint) =>
      new Promise<bigint>((resolve) => resolvers.set(k, (bonus) => resolve(n + bonus)));
    const options: AsyncRunOptions = k % 3 === 0 ? { yieldEvery: 2 + k % 7 } : {};
    return engine.load(program, host(slow)).runAsync("waits", [i64(3)], options);
  });
  let settled = false;
  const all = Promise.all(runs).finally(() => settled = true);
  let most = 0;
  while (!settled) {
    most = Math.max(most, resolvers.size);
    const pending = [...resolvers].sort((x, y) => (x[0] * 379) % count - (y[0] * 379) % count);
    resolvers.clear();
    for (const [k, resolve] of pending) resolve(BigInt(k));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert(most > 600, `${most} runs waited at once`);
  (await all).forEach((outcome, k) => assertEquals(unwrap(outcome), [i64(6 + 3 * k)]));
});

tierTest("a synchronous run refuses an asynchronous host function", async (tier) => {
  using engine = await open(tier);
  using instance = engine.load(program, host());
  const outcome = instance.run("waits", [i64(1)], { timeout: 60_000 });
  assert(!outcome.ok && outcome.trap.kind === "HostCallFailed");
  assertEquals(
    (outcome.trap.cause as Error).message,
    'host function "h.slow" returned a promise in a synchronous run',
  );
});

tierTest("options out of range are refused", async (tier) => {
  using engine = await open(tier);
  using instance = engine.load(program, host());
  for (const timeout of [-1, NaN]) {
    const error = assertThrows(() => instance.run("fib", [i64(1)], { timeout }), RangeError);
    assertEquals(error.message, `timeout must be a number of milliseconds from 0: got ${timeout}`);
  }
  for (const yieldEvery of [0, 0n, -1n, 1.5, NaN]) {
    const error = await assertRejects(
      () => instance.runAsync("fib", [i64(1)], { yieldEvery }),
      RangeError,
    );
    assertEquals(error.message, `yieldEvery must be a positive integer: got ${yieldEvery}`);
  }
  assert(instance.run("fib", [i64(1)]).ok);
});

Deno.test("a traced run in slices has the same events", async () => {
  using engine = new Engine({ tier: "interp" });
  using instance = engine.load(program, host());
  const trace = async (yieldEvery: number | undefined) => {
    const events: unknown[] = [];
    const sink = ({ program: _, ...event }: TraceEvent) => events.push(event);
    const outcome = await instance.runAsync("waits", [i64(3)], { trace: { sink }, yieldEvery });
    return [events, whole(outcome)];
  };
  const expected = await trace(undefined);
  for (const yieldEvery of [1, 2, 3, 10]) assertEquals(await trace(yieldEvery), expected);
});
