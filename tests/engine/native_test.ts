/**
 * The native tier through the engine's public surface: the interpreter's outcomes for every fuel
 * value, host functions of all tempers, limits, and what is left behind after disposal.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  assemble,
  createHost,
  Engine,
  formatValue,
  type Host,
  hostFunction,
  i64,
  type Limits,
  outcomeToJson,
  str,
  TIERS,
  type Value,
  verify,
} from "../../mod.ts";
import { nativeSupport } from "../../ffi/platform.ts";

const support = nativeSupport();

function nativeTest(name: string, run: () => void | Promise<void>): void {
  if (support.supported) Deno.test(name, run);
  else Deno.test(name, () => console.log(`skipped: ${support.reason}`));
}

const SOURCE = `
host h.twice(i64) -> (i64)
host h.fail(i64) -> (i64)
host h.slow(i64) -> (i64)

func fib(n: i64) -> (i64) {
  two = const.i64 2
  small = i64.lt n, two
  br small, @base, @step
base:
  ret n
step:
  one = const.i64 1
  a = i64.sub n, one
  x = call fib(a)
  b = i64.sub n, two
  y = call fib(b)
  z = i64.add x, y
  ret z
}

func quotients(n: i64) -> (i64) {
  sum = const.i64 0
  one = const.i64 1
  zero = const.i64 0
  hundred = const.i64 100
  jmp @loop
loop:
  q = i64.div hundred, n
  sum = i64.add sum, q
  n = i64.sub n, one
  more = i64.ge n, zero
  br more, @loop, @done
done:
  ret sum
}

func hosted(n: i64) -> (i64, str) {
  a = host_call h.twice(n)
  b = host_call h.twice(a)
  s = const.pool "é"
  t = str.concat s, s
  ret b, t
}

func failing(n: i64) -> (i64) {
  a = host_call h.fail(n)
  ret a
}

func waiting(n: i64) -> (i64) {
  a = host_call h.slow(n)
  b = host_call h.slow(a)
  c = i64.add a, b
  ret c
}

func pair(n: i64) -> (agg) {
  s = const.pool "text"
  t = tuple.new n, s
  u = tuple.new t, n
  ret u
}
`;

const program = verify(assemble(SOURCE.replaceAll("@", "")));

function host(
  overrides: { twice?: (n: bigint) => bigint; slow?: (n: bigint) => unknown } = {},
): Host {
  return createHost([
    hostFunction(
      { symbol: "h.twice", args: ["i64"], results: ["i64"] },
      overrides.twice ?? ((n) => BigInt.asIntN(64, 2n * n)),
    ),
    hostFunction({ symbol: "h.fail", args: ["i64"], results: ["i64"] }, (n) => {
      throw new RangeError(`not ${n}`);
    }),
    hostFunction(
      { symbol: "h.slow", args: ["i64"], results: ["i64"] },
      (overrides.slow ?? ((n) => n)) as (n: bigint) => bigint,
    ),
  ]);
}

function both(func: string, args: Value[], limits: Partial<Limits>): [unknown, unknown] {
  using interp = new Engine({ tier: "interp" });
  using native = new Engine({ tier: "native" });
  return [interp, native].map((engine) => {
    using instance = engine.load(program, host());
    return outcomeToJson(instance.run(func, args, { limits }));
  }) as [unknown, unknown];
}

nativeTest("native runs trap at the interpreter's instruction for every fuel value", () => {
  using interp = new Engine({ tier: "interp" });
  using native = new Engine({ tier: "native" });
  using a = interp.load(program, host());
  using b = native.load(program, host());
  const cases: [string, Value[], number][] = [
    ["fib", [i64(4)], 120],
    ["quotients", [i64(5)], 60],
    ["hosted", [i64(21)], 8],
    ["failing", [i64(21)], 4],
    ["pair", [i64(1)], 8],
  ];
  for (const [func, args, most] of cases) {
    for (let fuel = 0; fuel <= most; fuel++) {
      const options = { limits: { fuel: BigInt(fuel) } };
      assertEquals(
        outcomeToJson(b.run(func, args, options)),
        outcomeToJson(a.run(func, args, options)),
        `${func} with fuel ${fuel}`,
      );
    }
  }
});

nativeTest("native runs keep the interpreter's limits on depth, host calls and memory", () => {
  for (const maxCallDepth of [0, 1, 2, 3, 10, 11, 12]) {
    const [expected, actual] = both("fib", [i64(10)], { maxCallDepth });
    assertEquals(actual, expected);
  }
  for (const maxHostCalls of [0n, 1n, 2n]) {
    const [expected, actual] = both("hosted", [i64(1)], { maxHostCalls });
    assertEquals(actual, expected);
  }
  for (let maxMemory = 0; maxMemory < 160; maxMemory++) {
    for (const func of ["hosted", "pair"]) {
      const [expected, actual] = both(func, [i64(1)], { maxMemory });
      assertEquals(actual, expected, `${func} with ${maxMemory} bytes`);
    }
  }
});

nativeTest(
  "a call depth that needs too much stack is interpreted, and the figures are told",
  () => {
    using engine = new Engine({ tier: "native", maxStack: 1 << 20 });
    using instance = engine.load(program, host());
    const limits = { maxCallDepth: 1_000_000, fuel: 10_000_000n };
    using interp = new Engine({ tier: "interp" });
    using reference = interp.load(program, host());
    for (const n of [3, 12]) {
      const expected = reference.run("fib", [i64(n)], { limits });
      assertEquals(instance.run("fib", [i64(n)], { limits }), expected);
    }
    assertEquals(engine.stats().entries, 0);
    const [reason] = engine.stats().reasons;
    assertStringIncludes(reason, "a call depth of 1000000 needs");
    assertStringIncludes(reason, "more than the 1048576 allowed");
    // A function that cannot recur needs little, whatever the limit.
    assert(instance.run("quotients", [i64(3)], { limits }).fuelUsed > 0n);
    // And with enough stack, a deep recursion runs.
    using large = new Engine({ tier: "native" });
    using deep = large.load(program, host());
    assert(deep.run("fib", [i64(12)], { limits: { maxCallDepth: 100_000 } }).ok);
  },
);

for (const hostCalls of ["reenter", "callback"] as const) {
  nativeTest(
    `a host function may throw, run instances and start over (${hostCalls})`,
    () => {
      using engine = new Engine({ tier: "native", hostCalls });
      using inner = engine.load(program, host());
      let failed = 0;
      using outer = engine.load(
        program,
        host({
          twice: (n) => {
            const outcome = inner.run("failing", [i64(n)]);
            assert(!outcome.ok && outcome.trap.kind === "HostCallFailed");
            assert(outcome.trap.cause instanceof RangeError);
            failed++;
            const result = inner.run("fib", [i64(10)]);
            assertEquals(outer.run("fib", [i64(10)]), result);
            return result.ok && result.values[0].type === "i64" ? result.values[0].value : -1n;
          },
        }),
      );
      const outcome = outer.run("hosted", [i64(1)]);
      assert(outcome.ok);
      assertEquals(outcome.values, [i64(55), str("éé")]);
      assertEquals(failed, 2);
      assert(outer.run("fib", [i64(10)]).ok);
    },
  );

  nativeTest(
    `runs are parked while a host function's promise is pending (${hostCalls})`,
    async () => {
      using engine = new Engine({ tier: "native", hostCalls });
      const resolvers = new Map<number, (value: bigint) => void>();
      const runs = Array.from({ length: 20 }, (_, k) => {
        const slow = () => new Promise<bigint>((resolve) => resolvers.set(k, resolve));
        return engine.load(program, host({ slow })).runAsync("waiting", [i64(k)]);
      });
      // Each run waits twice; they go on in another order than they stopped in.
      for (const offset of [100n, 1000n]) {
        assertEquals(resolvers.size, 20);
        const pending = [...resolvers].sort((x, y) => (x[0] * 7) % 20 - (y[0] * 7) % 20);
        resolvers.clear();
        for (const [k, resolve] of pending) resolve(BigInt(k) + offset);
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      }
      const outcomes = await Promise.all(runs);
      outcomes.forEach((outcome, k) => {
        assert(outcome.ok);
        assertEquals(outcome.values, [i64(1100 + 2 * k)]);
      });
      using again = engine.load(program, host({ slow: () => Promise.reject(new Error("no")) }));
      const rejected = await again.runAsync("waiting", [i64(1)]);
      assert(!rejected.ok && rejected.trap.kind === "HostCallFailed");
      const sync = again.run("waiting", [i64(1)]);
      assert(!sync.ok && sync.trap.kind === "HostCallFailed");
    },
  );
}

nativeTest("no page is ever writable and executable, and none is left after disposal", async () => {
  if (Deno.build.os !== "linux") return console.log("skipped: reads /proc/self/maps");
  const script = new URL("mappings.ts", import.meta.url).href;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script],
  }).output();
  const decoder = new TextDecoder();
  const found = JSON.parse(decoder.decode(stdout) || decoder.decode(stderr));
  // Read by a host function, so while machine code waits for it: seen through two mappings of a file.
  assertEquals(found, { isWritableCode: false, rights: ["r-xs", "rw-s"], left: 0 });
});

nativeTest("disposed engines and instances refuse to run", async () => {
  const engine = new Engine({ tier: "native" });
  const instance = engine.load(program, host());
  assert(instance.run("fib", [i64(5)]).ok);
  instance[Symbol.dispose]();
  assertThrows(() => instance.run("fib", [i64(5)]), Error, "has been disposed of");
  const other = engine.load(program, host());
  engine[Symbol.dispose]();
  engine[Symbol.dispose]();
  assertThrows(() => other.run("fib", [i64(5)]), Error, "has been disposed of");
  await assertRejects(() => other.runAsync("fib", [i64(5)]), Error, "has been disposed of");
  assertThrows(() => engine.load(program), Error, "has been disposed of");
});

Deno.test("without the permission the native tier says what is missing", async () => {
  const script = `
    import { Engine } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
    try { new Engine({ tier: "native" }); } catch (error) { console.log(error.message); }
    using engine = new Engine();
    console.log(engine.tier);
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      `data:application/typescript,${encodeURIComponent(script)}`,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assertStringIncludes(lines[0], "--allow-ffi");
  assertEquals(lines[1], "auto");
});

Deno.test("results share their copies, and their copies are bounded", async () => {
  const source = `
    func doubled() -> (agg) {
      s = const.pool "0123456789abcdef"
      t = tuple.new s, s
      ${Array.from({ length: 40 }, () => "t = tuple.new t, t").join("\n      ")}
      ret t
    }
    func slices() -> (str, str, str, str) {
      s = const.pool "${"x".repeat(1000)}"
      ${[1, 2, 3, 4].map((n) => `n${n} = const.u64 ${n}\n      `).join("")}
      end = const.u64 1000
      ${[1, 2, 3, 4].map((n) => `s${n} = str.slice s, n${n}, end\n      `).join("")}
      ret s1, s2, s3, s4
    }
  `;
  const sharing = verify(assemble(source));
  for (const tier of TIERS) {
    if (tier === "native" && !support.supported) continue;
    using engine = await Engine.open({ tier });
    using instance = engine.load(sharing);
    const outcome = instance.run("doubled", []);
    assert(outcome.ok);
    assert(formatValue(outcome.values[0], { maxParts: 100 }).length < 3000);
    assertThrows(() => outcomeToJson(outcome), RangeError, "more than 1000000 parts");
    assert(instance.run("slices", []).ok);
    const refused = instance.run("slices", [], { limits: { maxMemory: 1000 } });
    assert(!refused.ok);
    assertEquals(refused.trap, { kind: "MemoryLimitExceeded", func: 1, pc: 0 });
  }
});

nativeTest("every way of placing and entering code runs it", () => {
  for (const native of [{ pages: "mprotect" }, { entry: "fn_pointer" }] as const) {
    using engine = new Engine({ tier: "native", native });
    using instance = engine.load(program, host());
    const outcome = instance.run("fib", [i64(10)]);
    assert(outcome.ok);
    assertEquals(outcome.values, [i64(55)]);
  }
});
