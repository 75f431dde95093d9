/**
 * Runs of one instance within each other and beside each other: a host function runs the instance that
 * called it, and many runs of one instance wait at once. In each tier, by both routes of host calls.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { nativeSupport } from "../../ffi/platform.ts";
import {
  assemble,
  createHost,
  Engine,
  type EngineOptions,
  hostFunction,
  i64,
  type Instance,
  type Outcome,
  type Value,
  verify,
} from "../../mod.ts";

/** `step` is called in the middle: there are words in registers and on the heap, before and after. */
const PROGRAM = verify(assemble(`
  host step(i64) -> (i64)
  func go(n: i64) -> (i64, str) {
    s = const.pool "some text"
    t = str.concat s, s
    m = host_call step(n)
    u = str.concat t, s
    x = i64.add m, n
    ret x, u
  }
  func sum(n: i64) -> (i64) {
    zero = const.i64 0
    one = const.i64 1
    x = const.i64 0
    jmp test
  test:
    more = i64.gt n, zero
    br more, body, done
  body:
    x = i64.add x, n
    n = i64.sub n, one
    jmp test
  done:
    ret x
  }
  func twice(n: i64) -> (i64) {
    a = host_call step(n)
    x = call sum(n)
    b = host_call step(x)
    y = i64.add a, b
    ret y
  }
`));
const TEXT: Value = { type: "str", value: "some text".repeat(3) };

interface Case {
  readonly name: string;
  readonly options: EngineOptions;
  /** Levels that the JavaScript stack surely holds: a callback takes some 4 KiB of its 1 MiB. */
  readonly levels: number;
}

const NATIVE: Case[] = (["reenter", "callback"] as const).flatMap((hostCalls) => {
  const levels = hostCalls === "reenter" ? 400 : 150;
  // Everything is machine code at once, or some of it midway.
  return [
    { name: `native, ${hostCalls}`, options: { tier: "native", hostCalls }, levels },
    {
      name: `auto from the start, ${hostCalls}`,
      options: { tier: "auto", hostCalls, thresholds: { interval: 0, looks: 0 } },
      levels,
    },
    {
      name: `auto midway, ${hostCalls}`,
      options: { tier: "auto", hostCalls, thresholds: { interval: 101, looks: 2 } },
      levels,
    },
  ];
});
const CASES: Case[] = [
  { name: "interp", options: { tier: "interp" }, levels: 400 },
  { name: "wasm", options: { tier: "wasm" }, levels: 250 },
  ...(nativeSupport().supported ? NATIVE : []),
];

function eachTier(what: string, test: (engine: Engine, levels: number) => void | Promise<void>) {
  for (const { name, options, levels } of CASES) {
    Deno.test(`${name}: ${what}`, async () => {
      using engine = await Engine.open(options);
      await test(engine, levels);
    });
  }
}

function load(
  engine: Engine,
  step: (n: bigint, instance: Instance) => bigint | Promise<bigint>,
): Instance {
  const spec = { symbol: "step", args: ["i64"], results: ["i64"] } as const;
  const host = createHost([hostFunction(spec, (n) => step(n, instance))]);
  const instance: Instance = engine.load(PROGRAM, host);
  return instance;
}

function expect(outcome: Outcome, ...values: Value[]): void {
  if (!outcome.ok) throw new Error(outcome.trap.kind, { cause: outcome.trap });
  assertEquals(outcome.values, values);
}

function number(outcome: Outcome): bigint {
  if (!outcome.ok) throw new Error(outcome.trap.kind, { cause: outcome.trap });
  assert(outcome.values[0].type === "i64");
  return outcome.values[0].value;
}

eachTier("an instance runs within itself, hundreds of levels deep", (engine, levels) => {
  const outcomes: Outcome[] = [];
  using instance = load(engine, (n, self) => {
    if (n === 0n) return 0n;
    const outcome = self.run("go", [i64(n - 1n)]);
    outcomes.push(outcome);
    return number(outcome);
  });
  const n = BigInt(levels);
  for (let round = 0; round < 2; round++) {
    expect(instance.run("go", [i64(levels)]), i64(n * (n + 1n) / 2n), TEXT);
    assertEquals(outcomes.length, levels);
    for (const { fuelUsed, hostCalls } of outcomes.splice(0)) {
      assertEquals([fuelUsed, hostCalls], [6n, 1n]);
    }
  }
  assertEquals(engine.stats().runs, 2 * (levels + 1));
});

eachTier("runs within a run have limits and traps of their own", (engine) => {
  using instance = load(engine, (n, self) => {
    const fuels = [0n, 1n, 7n, 100n];
    for (const fuel of fuels) {
      const outcome = self.run("sum", [i64(50)], { limits: { fuel } });
      assert(!outcome.ok && outcome.trap.kind === "FuelExceeded");
      assertEquals(outcome.fuelUsed, fuel);
    }
    const outcome = self.run("twice", [i64(1)], { limits: { maxHostCalls: 0n } });
    assert(!outcome.ok && outcome.trap.kind === "HostCallLimitExceeded");
    return n + number(self.run("sum", [i64(10)]));
  });
  for (let round = 0; round < 6; round++) {
    const outcome = instance.run("twice", [i64(20)]);
    expect(outcome, i64(20 + 55 + 210 + 55));
    assertEquals([outcome.fuelUsed, outcome.hostCalls], [112n, 2n]);
  }
});

eachTier("what a host function throws passes through the runs it is nested in", (engine) => {
  const error = new Error("enough");
  using instance = load(engine, (n, self) => {
    if (n === 0n) throw error;
    const outcome = self.run("go", [i64(n - 1n)]);
    assert(!outcome.ok && outcome.trap.kind === "HostCallFailed");
    // Every other level goes on as if nothing had been.
    if (n % 2n === 0n) return n;
    throw outcome.trap.cause;
  });
  for (let round = 0; round < 3; round++) {
    expect(instance.run("go", [i64(2)]), i64(4), TEXT);
    const outcome = instance.run("go", [i64(1)]);
    assert(!outcome.ok && outcome.trap.kind === "HostCallFailed");
    assertEquals(outcome.trap.cause, error);
  }
});

eachTier("a full JavaScript stack ends one run and spoils no other", (engine) => {
  let full = 0;
  using instance = load(engine, (n, self) => {
    // After the stack was full, the runs that are left call this once more each.
    if (full > 0) return 0n;
    try {
      const outcome = self.run("twice", [i64(n + 1n)]);
      if (outcome.ok) return number(outcome);
      assert(outcome.trap.kind === "HostCallFailed");
      throw outcome.trap.cause;
    } catch (error) {
      assert(error instanceof RangeError);
      full++;
      return 0n;
    }
  });
  for (let round = 0; round < 2; round++) {
    full = 0;
    number(instance.run("twice", [i64(1)]));
    assert(full > 0);
    expect(instance.run("sum", [i64(4)]), i64(10));
    expect(instance.run("go", [i64(4)]), i64(4), TEXT);
  }
});

eachTier("a thousand runs of an instance wait at once", async (engine) => {
  const waiting = new Map<bigint, (value: bigint) => void>();
  using instance = load(
    engine,
    (n) => new Promise((resolve) => void waiting.set(n, resolve)),
  );
  for (let round = 0; round < 2; round++) {
    const runs = Array.from({ length: 1000 }, (_, k) => instance.runAsync("go", [i64(k)]));
    assertEquals(waiting.size, 1000);
    // Others run meanwhile, and they go on in another order.
    expect(instance.run("sum", [i64(4)]), i64(10));
    const order = [...waiting].sort(([a], [b]) => Number(a * 7n % 1000n - b * 7n % 1000n));
    waiting.clear();
    for (const [n, resolve] of order) resolve(1000n * n);
    const outcomes = await Promise.all(runs);
    outcomes.forEach((outcome, k) => {
      expect(outcome, i64(1001 * k), TEXT);
      assertEquals([outcome.fuelUsed, outcome.hostCalls], [6n, 1n]);
    });
  }
});

eachTier("an instance may be disposed of while runs are nested and wait", async (engine) => {
  for (let round = 0; round < 3; round++) {
    const gate = Promise.withResolvers<bigint>();
    using instance = load(engine, (n, self) => {
      if (n === 100n) return gate.promise;
      if (n > 0n) return n + number(self.run("go", [i64(n - 1n)]));
      self[Symbol.dispose]();
      assertThrows(() => self.run("sum", [i64(1)]), Error, "has been disposed of");
      // Would take what the runs under way need, if it could.
      using other = engine.load(PROGRAM);
      expect(other.run("sum", [i64(3)]), i64(6));
      return 0n;
    });
    const waiting = Array.from({ length: 20 }, () => instance.runAsync("go", [i64(100)]));
    expect(instance.run("go", [i64(10)]), i64(2 * 55), TEXT);
    gate.resolve(5n);
    for (const outcome of await Promise.all(waiting)) expect(outcome, i64(105), TEXT);
  }
});

eachTier("a host function may compile the instance that calls it", (engine) => {
  for (const func of ["twice", "sum", undefined]) {
    using instance = load(engine, (n, self) => {
      self.compile(func);
      return n + number(self.run("sum", [i64(3)]));
    });
    for (let round = 0; round < 3; round++) {
      expect(instance.run("twice", [i64(2)]), i64(2 + 6 + 3 + 6));
    }
  }
});
