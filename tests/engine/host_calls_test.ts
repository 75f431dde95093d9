/**
 * Host calls by every way they can take: what arrives and what is taken back, contexts that are used
 * too late, hosts that fail, run other instances, collect garbage, recur deeply, or take long.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type AccessKey,
  assemble,
  createHost,
  Engine,
  type EngineOptions,
  f64,
  type Host,
  type HostContext,
  hostFunction,
  i64,
  type Instance,
  type Outcome,
  outcomeToJson,
  str,
  u64,
  unwrap,
  type Value,
  verify,
} from "../../mod.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import { runChild } from "../ffi/environment.ts";

const HOT = { interval: 0, looks: 1 };

/** Every way from a program to its host. */
const WAYS: Record<string, EngineOptions> = {
  interpreter: { tier: "interp" },
  "re-entry": { tier: "native", hostCalls: "reenter" },
  callback: { tier: "native", hostCalls: "callback" },
  "auto, re-entry": { tier: "auto", hostCalls: "reenter", thresholds: HOT },
  "auto, callback": { tier: "auto", hostCalls: "callback", thresholds: HOT },
  WebAssembly: { tier: "wasm" },
};

const support = nativeSupport();

/** Runs a test for every way that there is here. */
function everyWay(name: string, run: (open: () => Promise<Engine>) => void | Promise<void>): void {
  for (const [way, options] of Object.entries(WAYS)) {
    const ignore = options.tier === "native" && !support.supported;
    Deno.test({ name: `${name} (${way})`, ignore, fn: () => run(() => Engine.open(options)) });
  }
}

const program = verify(assemble(`
  host h.number(i64) -> (i64)
  host h.nothing() -> ()
  host h.unsigned(u64) -> (u64)
  host h.float(f64) -> (f64)
  host h.flag(bool) -> (bool)
  host h.two(i64, f64) -> (f64)
  host h.three(dec, str, i64) -> (str)
  host h.decimals(dec, dec) -> (dec)
  host h.many(i64, str, f64, bool) -> (bool, str, i64)
  host h.mixed(unit, str) -> (unit)

  func number(a: i64) -> (i64, i64) {
    b = host_call h.number(a)
    c = i64.add b, a
    ret b, c
  }
  func twice(a: i64) -> (i64) {
    a = host_call h.number(a)
    a = host_call h.number(a)
    ret a
  }
  func all(n: i64, w: u64, x: f64, p: bool, d: dec, s: str) -> (i64, u64, f64, bool, f64, dec, bool, str, i64, i64) {
    host_call h.nothing()
    a = host_call h.number(n)
    b = host_call h.unsigned(w)
    c = host_call h.float(x)
    e = host_call h.flag(p)
    f = host_call h.two(n, x)
    g = host_call h.decimals(d, d)
    h, i, j = host_call h.many(n, s, x, p)
    u = const.unit
    u = host_call h.mixed(u, i)
    i = host_call h.three(d, i, n)
    host_call h.nothing()
    ret a, b, c, e, f, g, h, i, j, n
  }
`));

interface Tempers {
  readonly number?: (n: bigint, context: HostContext) => unknown;
  readonly seen?: unknown[];
}

function createTestHost({ number = (n) => n, seen = [] }: Tempers = {}): Host {
  return createHost([
    hostFunction(
      { symbol: "h.number", args: ["i64"], results: ["i64"] },
      number as (n: bigint) => bigint,
    ),
    hostFunction({ symbol: "h.nothing", args: [], results: [] }, (context) => {
      seen.push(context.symbol);
    }),
    hostFunction({ symbol: "h.unsigned", args: ["u64"], results: ["u64"] }, (n) => {
      seen.push(n);
      return BigInt.asUintN(64, ~n);
    }),
    hostFunction({ symbol: "h.float", args: ["f64"], results: ["f64"] }, (x) => {
      seen.push(x);
      return -x;
    }),
    hostFunction({ symbol: "h.flag", args: ["bool"], results: ["bool"] }, (p) => {
      seen.push(p);
      return !p;
    }),
    hostFunction({ symbol: "h.two", args: ["i64", "f64"], results: ["f64"] }, (n, x) => {
      seen.push(n, x);
      return Number(n) + x;
    }),
    hostFunction(
      { symbol: "h.three", args: ["dec", "str", "i64"], results: ["str"] },
      (d, s, n) => {
        seen.push(d, n);
        return s;
      },
    ),
    hostFunction({ symbol: "h.decimals", args: ["dec", "dec"], results: ["dec"] }, (a, b) => {
      seen.push(a, b);
      return { mantissa: -b.mantissa, scale: a.scale + 1 };
    }),
    hostFunction(
      { symbol: "h.many", args: ["i64", "str", "f64", "bool"], results: ["bool", "str", "i64"] },
      (n, s, x, p) => {
        seen.push(n, s, x, p);
        return [p, s + s, -n];
      },
    ),
    hostFunction({ symbol: "h.mixed", args: ["unit", "str"], results: ["unit"] }, (none, s) => {
      seen.push(none, s);
    }),
  ]);
}

const MOST = 2n ** 63n - 1n;

everyWay("arguments and results of every plain type, at their edges", async (open) => {
  using engine = await open();
  const numbers = [0n, 1n, -1n, MOST, -MOST - 1n, 2n ** 32n, -(2n ** 32n)];
  const floats = [0, -0, 1.5, -Infinity, NaN, 5e-324, Number.MAX_VALUE];
  const seen: unknown[] = [];
  using instance = engine.load(program, createTestHost({ seen }));
  for (let k = 0; k < numbers.length; k++) {
    const n = numbers[k], w = BigInt.asUintN(64, n), x = floats[k], p = k % 2 === 0;
    const d = { type: "dec", mantissa: n, scale: k } as const;
    const text = "é😀".repeat(k);
    const args = [i64(n), u64(w), f64(x), { type: "bool", value: p } as const, d, str(text)];
    seen.length = 0;
    // A result that does not fit is the host's mistake: -n and -mantissa of the least number.
    const outcome = instance.run("all", args);
    const given = { mantissa: n, scale: k };
    const start = ["h.nothing", w, x, p, n, x, given, given];
    if (n === -MOST - 1n) {
      assert(!outcome.ok && outcome.trap.kind === "HostCallFailed");
      assertEquals(outcome.trap.symbol, "h.decimals");
      assert(outcome.trap.cause instanceof RangeError);
      assertEquals(seen, start);
      continue;
    }
    assertEquals(seen, [...start, n, text, x, p, undefined, text + text, given, n, "h.nothing"]);
    const expected: Value[] = [
      i64(n),
      u64(BigInt.asUintN(64, ~n)),
      f64(-x),
      { type: "bool", value: !p },
      f64(Number(n) + x),
      { type: "dec", mantissa: -n, scale: k + 1 },
      { type: "bool", value: p },
      str(text + text),
      i64(-n),
      i64(n),
    ];
    assertEquals(unwrap(outcome), expected);
    assertEquals(outcome.hostCalls, 11n);
  }
});

everyWay("results that are not what was declared", async (open) => {
  using engine = await open();
  let result: unknown;
  using instance = engine.load(program, createTestHost({ number: () => result }));
  const cases: [unknown, string][] = [
    [2n ** 63n, "HostCallFailed"],
    [-(2n ** 63n) - 1n, "HostCallFailed"],
    [2n ** 64n, "HostCallFailed"],
    [2n ** 200n + 5n, "HostCallFailed"],
    [null, "HostCallFailed"],
    [{ then: 1 }, "HostCallFailed"],
    [5, "TypeMismatch"],
    [undefined, "TypeMismatch"],
    [true, "TypeMismatch"],
    ["5", "TypeMismatch"],
    [u64(5), "TypeMismatch"],
    [[], "HostReturnArityMismatch"],
    [[1n, 2n], "HostReturnArityMismatch"],
  ];
  for (const [value, kind] of cases) {
    result = value;
    const outcome = instance.run("number", [i64(1)]);
    assert(!outcome.ok);
    assertEquals([outcome.trap.kind, outcome.trap.pc, outcome.fuelUsed], [kind, 0, 1n]);
    // The next run is none the worse for it.
    result = i64(-7);
    assertEquals(unwrap(instance.run("number", [i64(1)])), [i64(-7), i64(-6)]);
  }
});

everyWay("charges count once, for the call they were made in", async (open) => {
  using engine = await open();
  const plain = { limits: { fuel: 100n } };
  let charge = 0n;
  const number = (n: bigint, context: HostContext) => {
    if (n === 1n) context.chargeFuel(charge);
    return n + 1n;
  };
  using instance = engine.load(program, createTestHost({ number }));
  // The first call charges, the second and the next run do not.
  for (charge of [10n, 97n, 98n, 99n, 2n ** 70n]) {
    const outcome = instance.run("twice", [i64(1)], plain);
    const used = charge < 98n ? 3n + charge : 100n;
    assertEquals([outcome.ok, outcome.fuelUsed], [charge < 98n, used], `charge of ${charge}`);
    assertEquals(instance.run("twice", [i64(5)], plain).fuelUsed, 3n);
  }
});

everyWay("the limit on host calls holds for each run", async (open) => {
  using engine = await open();
  using instance = engine.load(program, createTestHost());
  for (const maxHostCalls of [0n, 1n, 2n, 2n ** 31n, 2n ** 64n - 1n]) {
    for (let k = 0; k < 3; k++) {
      const outcome = instance.run("twice", [i64(1)], { limits: { maxHostCalls } });
      assertEquals(outcome.hostCalls, maxHostCalls < 2n ? maxHostCalls : 2n);
      if (maxHostCalls >= 2n) assert(outcome.ok);
      else assert(!outcome.ok && outcome.trap.kind === "HostCallLimitExceeded");
    }
  }
  const { hostCalls, exits } = engine.stats();
  const called = hostCalls.reentry + hostCalls.callback + hostCalls.wasm;
  assertEquals(hostCalls.interpreter + called, 3 * 7);
  // Of those from compiled code, calls beyond the limit are exits, too.
  assert(exits.hostCall >= called && exits.hostCall <= called + 6);
});

/** A host whose `h.number` waits for what `settle` is called with, and then uses its context. */
function lateHost(charge: bigint): {
  host: Host;
  settle: ((value: bigint) => void)[];
  errors: string[];
} {
  const settle: ((value: bigint) => void)[] = [];
  const errors: string[] = [];
  const attempt = (use: () => void): void => {
    try {
      use();
      errors.push("none");
    } catch (error) {
      errors.push((error as Error).message.replace(/.* is/, "is"));
    }
  };
  const number = async (_: bigint, context: HostContext): Promise<bigint> => {
    const value = await new Promise<bigint>((resolve) => settle.push(resolve));
    attempt(() => context.chargeFuel(charge));
    attempt(() => context.recordRead({ kind: "input", name: "late" }));
    attempt(() => context.recordWrite({ kind: "input", name: "late" }));
    return value;
  };
  return { host: createTestHost({ number }), settle, errors };
}

const TOO_LATE = Array(3).fill("is used outside its call");

function recorder(): {
  log: string[];
  sink: { read(key: AccessKey): void; write(key: AccessKey): void };
} {
  const log: string[] = [];
  return { log, sink: { read: () => void log.push("read"), write: () => void log.push("write") } };
}

/** Lets promises that are settled go on. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

everyWay("the context of a call that was given up reaches no later run", async (open) => {
  using engine = await open();
  const { host, settle, errors } = lateHost(1000n);
  using instance = engine.load(program, host);
  const controller = new AbortController();
  const first = instance.runAsync("number", [i64(1)], { signal: controller.signal });
  await turn();
  controller.abort();
  const aborted = await first;
  assert(!aborted.ok && aborted.trap.kind === "Aborted");
  // The next run waits in the same function when the first call's host goes on.
  const { log, sink } = recorder();
  const second = instance.runAsync("number", [i64(2)], { accessSink: sink });
  await turn();
  assertEquals(settle.length, 2);
  settle[0](10n);
  await turn();
  assertEquals([errors, log], [TOO_LATE, []]);
  errors.length = 0;
  settle[1](20n);
  const outcome = await second;
  assertEquals(unwrap(outcome), [i64(20), i64(22)]);
  assertEquals([errors, log], [["none", "none", "none"], ["read", "write"]]);
  assertEquals(outcome.fuelUsed, 1003n);
});

everyWay(
  "the context of a call that a synchronous run refused reaches no later run",
  async (open) => {
    using engine = await open();
    const { host, settle, errors } = lateHost(1000n);
    using instance = engine.load(program, host);
    const refused = instance.run("number", [i64(1)]);
    assert(!refused.ok && refused.trap.kind === "HostCallFailed");
    const second = instance.runAsync("number", [i64(2)]);
    await turn();
    settle[0](10n);
    await turn();
    assertEquals(errors, TOO_LATE);
    settle[1](20n);
    assertEquals((await second).fuelUsed, 1003n);
  },
);

everyWay("the context of an asynchronous call ends with it, not with the run", async (open) => {
  using engine = await open();
  const contexts: HostContext[] = [];
  const number = (n: bigint, context: HostContext) => {
    contexts.push(context);
    // The second call finds the first one's context.
    if (contexts.length > 1) assertThrows(() => contexts[0].chargeFuel(50), Error, "outside");
    context.chargeFuel(7);
    return Promise.resolve(n);
  };
  using instance = engine.load(program, createTestHost({ number }));
  const outcome = await instance.runAsync("twice", [i64(4)]);
  assertEquals([unwrap(outcome), outcome.fuelUsed], [[i64(4)], 17n]);
  assert(contexts[0] !== contexts[1]);
});

everyWay("a host may throw anything", async (open) => {
  using engine = await open();
  const causes = [new RangeError("no"), undefined, "text", 0, null, { then() {} }];
  let cause: unknown;
  const number = (_: bigint, context: HostContext): never => {
    context.chargeFuel(50);
    throw cause;
  };
  using instance = engine.load(program, createTestHost({ number }));
  for (cause of causes) {
    const outcome = instance.run("number", [i64(1)]);
    assert(!outcome.ok && outcome.trap.kind === "HostCallFailed");
    assertEquals([outcome.trap.cause, outcome.fuelUsed, outcome.hostCalls], [cause, 1n, 1n]);
  }
});

Deno.test("a host runs instances of the same engine and of every other", async () => {
  const open = async ([name, options]: [string, EngineOptions]) => {
    return options.tier === "native" && !support.supported
      ? []
      : [[name, await Engine.open(options)] as const];
  };
  const engines = (await Promise.all(Object.entries(WAYS).map(open))).flat();
  const double = createTestHost({ number: (n) => 2n * n });
  for (const [outerName, outerEngine] of engines) {
    for (const [innerName, innerEngine] of engines) {
      using inner = innerEngine.load(program, double);
      const seen: unknown[] = [];
      const number = (n: bigint): bigint => {
        // Text and memory of the one do not disturb the other's.
        const args = [i64(n), u64(1), f64(2), { type: "bool", value: true } as const];
        const rest = [{ type: "dec", mantissa: 1n, scale: 1 } as const, str("inner")];
        assertEquals(unwrap(inner.run("all", [...args, ...rest]))[7], str("innerinner"));
        const failed = inner.run("number", [i64(MOST)]);
        assert(!failed.ok && failed.trap.kind === "HostCallFailed");
        const [value] = unwrap(inner.run("number", [i64(n)]));
        assert(value.type === "i64");
        return value.value;
      };
      using outer = outerEngine.load(program, createTestHost({ number, seen }));
      const args = [i64(21), u64(5), f64(0.5), { type: "bool", value: false } as const];
      const rest = [{ type: "dec", mantissa: 3n, scale: 2 } as const, str("outer")];
      const outcome: Outcome = outer.run("all", [...args, ...rest]);
      const values = unwrap(outcome);
      assertEquals(
        [values[0], values[7], outcome.hostCalls],
        [i64(42), str("outerouter"), 11n],
        `${innerName} in ${outerName}`,
      );
      assertEquals(seen[0], "h.nothing");
    }
  }
  for (const [, engine] of engines) engine[Symbol.dispose]();
});

everyWay("a host that takes a second", async (open) => {
  using engine = await open();
  const { now } = performance;
  let late = 0;
  performance.now = () => now.call(performance) + late;
  try {
    let delay = 0;
    const number = (n: bigint) => {
      late += delay;
      return n + 1n;
    };
    using instance: Instance = engine.load(program, createTestHost({ number }));
    assertEquals(unwrap(instance.run("number", [i64(1)])), [i64(2), i64(3)]);
    const timeout = 60_000;
    const quick = instance.run("number", [i64(1)], { timeout });
    delay = 61_000;
    const slow = instance.run("number", [i64(1)], { timeout });
    // It ends at the next instruction, with the call made and paid for.
    assert(quick.ok && !slow.ok && slow.trap.kind === "TimedOut");
    assertEquals([slow.trap.pc > 0, slow.fuelUsed, slow.hostCalls], [true, 1n, 1n]);
    // Without a timeout nobody minds.
    assertEquals(
      outcomeToJson(instance.run("number", [i64(1)])),
      outcomeToJson(quick),
    );
  } finally {
    performance.now = now;
  }
});

Deno.test({
  name: "hosts and guests recur hundreds deep, each on its own stack, under collections",
  ignore: !support.supported,
  async fn() {
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { code, stdout, stderr } = await runChild(
      `import { assemble, createHost, Engine, hostFunction, i64, verify } from "../../mod.ts";
      const program = verify(assemble(\`
        host h.down(i64, str) -> (i64)
        func go(n: i64, s: str) -> (i64, str) {
          t = str.concat s, s
          x = host_call h.down(n, s)
          x = i64.add x, n
          u = str.concat t, s
          ret x, u
        }
      \`));
      const engines = [
        new Engine({ tier: "interp" }),
        new Engine({ tier: "native" }),
        new Engine({ tier: "native", hostCalls: "callback" }),
        new Engine({ tier: "auto", thresholds: { interval: 0, looks: 1 } }),
        await Engine.open({ tier: "wasm" }),
      ];
      let pick, depth, collections = 0;
      const declared = { symbol: "h.down", args: ["i64", "str"], results: ["i64"] };
      const host = createHost([hostFunction(declared, (n, s) => {
        if (n === depth) throw new Error("the bottom");
        if (n % 40n === 0n) {
          globalThis.gc();
          collections++;
        }
        try {
          return start(n + 1n);
        } catch (error) {
          // All frames above the bottom are left by exceptions, then half of them by returns.
          if (n > depth / 2n) throw error;
          return -1n;
        }
      })]);
      function start(n) {
        using instance = pick(Number(n)).load(program, host);
        const text = "level " + n;
        const outcome = instance.run("go", [i64(n), { type: "str", value: text }], {
          limits: { maxCallDepth: 8 },
        });
        if (!outcome.ok) throw outcome.trap.cause;
        const [x, s] = outcome.values;
        if (s.value !== text.repeat(3)) throw new Error("the text is now " + s.value);
        return x.value;
      }
      // Callbacks and WebAssembly take about 4 KiB of the stack of JavaScript, of which there is 1 MiB.
      for (const [only, deep] of [[0, 300n], [1, 300n], [2, 150n], [3, 300n], [4, 150n], [-1, 300n]]) {
        depth = deep;
        pick = only < 0 ? (n) => engines[n % engines.length] : () => engines[only];
        // -1, and the numbers from 1 to half the depth.
        const half = depth / 2n;
        if (start(1n) !== half * (half + 1n) / 2n - 1n) throw new Error("another sum");
      }
      console.log("done", collections);`,
      "--allow-all",
      `--config=${config}`,
      "--v8-flags=--expose-gc",
    );
    assertEquals(stderr, "");
    assertMatch(stdout, /^done 34\n$/);
    assertEquals(code, 0);
  },
});

Deno.test({
  name: "a recursion through hosts that never ends is a failed host call",
  ignore: !support.supported,
  async fn() {
    // In a process of its own, which a mistake here would end.
    for (const hostCalls of ["reenter", "callback"]) {
      const { code, stdout } = await runChild(
        `import { assemble, createHost, Engine, hostFunction, i64, verify } from "../../mod.ts";
        const program = verify(assemble(\`
          host h.down(i64) -> (i64)
          host h.same(i64) -> (i64)
          func go(n: i64) -> (i64) {
            x = host_call h.down(n)
            y = host_call h.same(n)
            z = i64.add x, y
            ret z
          }
        \`));
        const engine = new Engine({ tier: "native", hostCalls: "${hostCalls}" });
        const limits = { maxCallDepth: 8 };
        const declared = { symbol: "h.down", args: ["i64"], results: ["i64"] };
        let isCaught = false;
        const messages = new Set();
        const host = createHost([
          hostFunction(declared, (n) => {
            try {
              start(n + 1n);
            } catch (error) {
              if (!isCaught) throw error;
              messages.add(error.message);
            }
            return 1n;
          }),
          hostFunction({ ...declared, symbol: "h.same" }, (n) => n),
        ]);
        function start(n) {
          const outcome = engine.load(program, host).run("go", [i64(n)], { limits });
          if (!outcome.ok) throw outcome.trap.cause;
          if (outcome.values[0].value !== n + 1n) throw new Error("another sum");
        }
        for (let k = 0; k < 3; k++) {
          try {
            start(0n);
          } catch (error) {
            console.log(error.message);
          }
        }
        // The stack ends in another place each time, and those who called go on.
        isCaught = true;
        const deeper = (k) => k === 0 ? start(0n) : deeper(k - 1) ?? k;
        for (let k = 0; k < 12; k++) deeper(k);
        console.log([...messages].join());`,
        "--allow-all",
      );
      assertEquals(stdout, "Maximum call stack size exceeded\n".repeat(4));
      assertEquals(code, 0);
    }
  },
});
