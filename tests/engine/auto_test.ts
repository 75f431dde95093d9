/**
 * Tier `auto`: whatever is handed from the interpreter to machine code or WebAssembly, and wherever, the
 * outcome is the interpreter's. Thresholds make the tier change at every place where it can.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  assemble,
  createHost,
  dec,
  Engine,
  type EngineOptions,
  type EngineStats,
  formatStats,
  type Host,
  hostFunction,
  i64,
  type Instance,
  LowerError,
  obj,
  type Outcome,
  outcomeToJson,
  ProgramBuilder,
  type RunOptions,
  type Thresholds,
  TraceMask,
  type Value,
  type VerifiedProgram,
  verify,
} from "../../mod.ts";
import { FIB } from "../harness/sources.ts";
import { nativeSupport } from "../../ffi/platform.ts";

const support = nativeSupport();

/** What hot code becomes. */
interface Target {
  readonly name: "native" | "wasm";
  readonly options: EngineOptions;
  /** Looks at once, and after odd numbers of instructions. */
  readonly thresholds: readonly Thresholds[];
  /** Only every so many of the fuel values and limits are tried: Binaryen takes its time. */
  readonly step: number;
}

const NATIVE: Target = {
  name: "native",
  options: {},
  thresholds: [
    { interval: 0, looks: 0 },
    { interval: 1, looks: 1 },
    { interval: 3, looks: 2 },
    { interval: 7, looks: 3 },
    { interval: 31, looks: 1 },
  ],
  step: 1,
};

const WASM: Target = {
  name: "wasm",
  options: { native: false },
  thresholds: [{ interval: 0, looks: 0 }, { interval: 3, looks: 2 }, { interval: 31, looks: 1 }],
  step: 7,
};

// Loads Binaryen, so that whatever is hot can be compiled at once.
(await Engine.open(WASM.options))[Symbol.dispose]();

function nativeTest(name: string, run: (target: Target) => void | Promise<void>): void {
  if (support.supported) Deno.test(name, () => run(NATIVE));
  else Deno.test(name, () => console.log(`skipped: ${support.reason}`));
}

/** Runs a test over machine code and over WebAssembly. */
function autoTest(name: string, run: (target: Target) => void | Promise<void>): void {
  nativeTest(`${name} (native)`, run);
  Deno.test(`${name} (wasm)`, () => run(WASM));
}

const SOURCE = `
host h.twice(i64) -> (i64)
host h.slow(i64) -> (i64)
host h.name(str, bool) -> (str, bool)
sig number = (i64) -> (i64)

${FIB}

; Quotients of 100 by n, n - 1 and so on: traps at 0.
func quotients(n: i64, last: i64) -> (i64) {
  sum = const.i64 0
  one = const.i64 1
  hundred = const.i64 100
  jmp loop
loop:
  more = i64.gt n, last
  br more, body, done
body:
  q = i64.div hundred, n
  sum = i64.add sum, q
  n = i64.sub n, one
  jmp loop
done:
  ret sum
}

; Two loops, the inner with a call.
func nested(n: i64) -> (i64, bool) {
  sum = const.i64 0
  i = const.i64 0
  one = const.i64 1
  odd = const.bool false
  jmp outer
outer:
  go = i64.lt i, n
  br go, start, done
start:
  j = const.i64 0
  jmp inner
inner:
  more = i64.lt j, i
  br more, body, next
body:
  x = call fib(j)
  sum = i64.add sum, x
  j = i64.add j, one
  odd = bool.not odd
  jmp inner
next:
  i = i64.add i, one
  jmp outer
done:
  ret sum, odd
}

; A live value of every class goes through the loop.
func classes(n: i64, d: dec, o: obj(7)) -> (i64, u64, f64, dec, bytes, str, agg, bool, obj(7), i64) {
  i = const.i64 0
  one = const.i64 1
  u = const.u64 1
  f = const.f64 0.5
  sum = mov d
  s = const.pool "é"
  text = const.pool ""
  raw = const.pool bytes 0x6162
  bytes = const.pool bytes ""
  flag = const.bool true
  env = tuple.new n, s, d
  pair = mov env
  body = const.func add_environment
  add = closure.new body, env
  same = const.func identity
  total = const.i64 0
  none = const.unit
  jmp loop
loop:
  more = i64.lt i, n
  br more, step, done
step:
  i = i64.add i, one
  u = u64.add u, u
  f = f64.add f, f
  sum = dec.add sum, d
  text = str.concat text, s
  bytes = bytes.concat bytes, raw
  flag = bool.not flag
  pair = tuple.new i, pair, flag, sum, none
  a = call.indirect add(i) as number
  b = call.indirect same(a) as number
  total = i64.add total, b
  jmp loop
done:
  e = tuple.new pair, none
  ret i, u, f, sum, bytes, text, e, flag, o, total
}

func add_environment(env: tuple(i64, str, dec), x: i64) -> (i64) {
  n = tuple.get env, 0
  y = i64.add n, x
  ret y
}

func identity(x: i64) -> (i64) {
  ret x
}

func hosted(n: i64) -> (i64, str) {
  sum = const.i64 0
  one = const.i64 1
  s = const.pool "x"
  flag = const.bool true
  zero = const.i64 0
  jmp loop
loop:
  more = i64.gt n, zero
  br more, body, done
body:
  a = host_call h.twice(n)
  sum = i64.add sum, a
  s, flag = host_call h.name(s, flag)
  n = i64.sub n, one
  jmp loop
done:
  ret sum, s
}

func waiting(n: i64) -> (i64) {
  sum = const.i64 0
  one = const.i64 1
  zero = const.i64 0
  jmp loop
loop:
  more = i64.gt n, zero
  br more, body, done
body:
  a = call slow(n)
  sum = i64.add sum, a
  n = i64.sub n, one
  jmp loop
done:
  ret sum
}

func slow(n: i64) -> (i64) {
  a = host_call h.slow(n)
  ret a
}

; Down in the interpreter, then a loop, at every level.
func deep(n: i64) -> (i64) {
  zero = const.i64 0
  one = const.i64 1
  i = const.i64 0
  sum = const.i64 0
  more = i64.gt n, zero
  br more, down, loop
down:
  m = i64.sub n, one
  sum = call deep(m)
  jmp loop
loop:
  go = i64.lt i, n
  br go, body, done
body:
  i = i64.add i, one
  sum = i64.add sum, i
  jmp loop
done:
  ret sum
}
`;

const program = verify(assemble(SOURCE));

function host(slow: (n: bigint) => unknown = (n) => n): Host {
  return createHost([
    hostFunction({ symbol: "h.twice", args: ["i64"], results: ["i64"] }, (n, context) => {
      context.chargeFuel(3n);
      return BigInt.asIntN(64, 2n * n);
    }),
    hostFunction(
      { symbol: "h.slow", args: ["i64"], results: ["i64"] },
      slow as (n: bigint) => bigint,
    ),
    hostFunction(
      { symbol: "h.name", args: ["str", "bool"], results: ["str", "bool"] },
      (name, flag) => [`${name}${flag ? "é" : "-"}`, !flag],
    ),
  ]);
}

const CASES: readonly [string, readonly Value[]][] = [
  ["fib", [i64(5)]],
  ["quotients", [i64(6), i64(0)]],
  ["quotients", [i64(4), i64(-2)]],
  ["nested", [i64(4)]],
  ["classes", [i64(3), dec(125n, 2), obj(7, 42n)]],
  ["hosted", [i64(3)]],
  ["deep", [i64(4)]],
];

/** Runs `func` in the interpreter and, a few times, with each of the thresholds. */
function compare(
  target: Target,
  func: string,
  args: readonly Value[],
  each: (outcome: Outcome) => Iterable<RunOptions>,
): void {
  using interp = new Engine({ tier: "interp" });
  using reference = interp.load(program, host());
  const all = [...each(reference.run(func, args))]
    .filter((_, k) => k % target.step === 0)
    .map((options) => ({
      options,
      expected: outcomeToJson(reference.run(func, args, options)),
    }));
  for (const thresholds of target.thresholds) {
    using engine = new Engine({ ...target.options, thresholds });
    for (const { options, expected } of all) {
      // A new program, so that nothing is hot yet.
      using instance = engine.load(verify(program.program), host());
      for (let run = 0; run < 3; run++) {
        assertEquals(
          outcomeToJson(instance.run(func, args, options)),
          expected,
          `${func}, looks ${JSON.stringify(thresholds)}, run ${run}, ` +
            `${
              JSON.stringify(options, (_, value) => typeof value === "bigint" ? `${value}` : value)
            }`,
        );
      }
    }
  }
}

autoTest("auto runs trap at the interpreter's instruction for every fuel value", (target) => {
  for (const [func, args] of CASES) {
    compare(target, func, args, function* ({ fuelUsed }) {
      for (let fuel = 0n; fuel <= fuelUsed && fuel <= 130n; fuel++) yield { limits: { fuel } };
    });
  }
});

autoTest("auto runs keep the interpreter's limits on depth, host calls and memory", (target) => {
  for (const [func, args] of CASES) {
    compare(target, func, args, function* () {
      for (let maxCallDepth = 0; maxCallDepth < 7; maxCallDepth++) {
        yield { limits: { maxCallDepth } };
      }
      for (let calls = 0n; calls < 7n; calls++) yield { limits: { maxHostCalls: calls } };
    });
  }
  for (const [func, args] of CASES.filter(([func]) => func === "classes" || func === "hosted")) {
    compare(target, func, args, function* () {
      for (let maxMemory = 0; maxMemory < 420; maxMemory += 3) yield { limits: { maxMemory } };
    });
  }
});

function autoRun(
  target: Target,
  func: string,
  args: readonly Value[],
  options: EngineOptions,
  run: RunOptions = {},
  verified: VerifiedProgram = program,
): { outcome: Outcome; stats: EngineStats } {
  using engine = new Engine({ ...target.options, ...options });
  using instance = engine.load(verified, host());
  const outcome = instance.run(func, args, run);
  return { outcome, stats: engine.stats() };
}

autoTest("a loop in a function called once moves with its live values", (target) => {
  const { outcome, stats } = autoRun(target, "classes", [i64(200), dec(1n, 2), obj(7, 42n)], {
    thresholds: { interval: 501, looks: 1 },
  });
  assert(outcome.ok, JSON.stringify(outcome, (_, v) => typeof v === "bigint" ? `${v}` : v));
  assertEquals(stats.tierUps.loops, 1);
  assertEquals(stats.loopsCompiled, 1);
  assertEquals(stats.runs, 1);
  assertEquals(
    stats.entries,
    target === NATIVE
      ? Object.values(stats.exits).reduce((a, b) => a + b)
      : stats.exits.return + stats.exits.trap + stats.exits.fuel + stats.exits.depth,
  );
});

autoTest("default thresholds leave short runs alone and move long ones", (target) => {
  const short = autoRun(target, "fib", [i64(5)], {});
  assertEquals([short.stats.functionsCompiled, short.stats.entries], [0, 0]);
  const limits = { fuel: 10_000_000n };
  const long = autoRun(target, "fib", [i64(22)], {}, { limits });
  assert(long.outcome.ok);
  assertEquals(long.stats.functionsCompiled, 1);
  assert(long.stats.tierUps.functions > 0);
  const loop = autoRun(target, "quotients", [i64(200_000), i64(0)], {}, { limits });
  assert(loop.outcome.ok);
  assertEquals([loop.stats.functionsCompiled, loop.stats.tierUps.loops], [0, 1]);
});

autoTest("short runs add up over the instances of a program", (target) => {
  using engine = new Engine({ ...target.options, thresholds: { interval: 1000, looks: 2 } });
  const instances: Instance[] = [];
  while (engine.stats().functionsCompiled === 0) {
    const instance = engine.load(program, host());
    instances.push(instance);
    const outcome = instance.run("fib", [i64(5)]);
    assert(outcome.ok && outcome.fuelUsed < 200n);
    assert(instances.length < 100, "nothing was compiled");
  }
  assert(instances.length > 5);
  // All of them use what the last one had compiled.
  const { tierUps } = engine.stats();
  for (const instance of instances) assert(instance.run("fib", [i64(5)]).ok);
  assertEquals(engine.stats().tierUps.functions, tierUps.functions + instances.length);
});

autoTest("runs are parked while a promise is pending, wherever they are", async (target) => {
  for (const thresholds of target.thresholds) {
    using engine = new Engine({ ...target.options, thresholds });
    const runs = Array.from({ length: 10 }, (_, k) => {
      const slow = async (n: bigint) => {
        for (let turn = 0; turn < (k * 7) % 10; turn++) await Promise.resolve();
        return n * 10n;
      };
      return engine.load(program, host(slow)).runAsync("waiting", [i64(k)]);
    });
    const outcomes = await Promise.all(runs);
    outcomes.forEach((outcome, k) => {
      assert(outcome.ok);
      assertEquals(outcome.values, [i64(10 * k * (k + 1) / 2)]);
      assertEquals(outcome.hostCalls, BigInt(k));
    });
    assert(engine.stats().entries > 0);
    using rejecting = engine.load(program, host(() => Promise.reject(new Error("no"))));
    const rejected = await rejecting.runAsync("waiting", [i64(1)]);
    assert(!rejected.ok && rejected.trap.kind === "HostCallFailed");
  }
});

autoTest("an instance may be disposed of while it waits in compiled code", async (target) => {
  for (const thresholds of target.thresholds) {
    using engine = new Engine({ ...target.options, thresholds });
    const slow = async (n: bigint) => (await Promise.resolve(), n);
    for (let run = 0; run < 3; run++) {
      const instance = engine.load(program, host(slow));
      assert((await instance.runAsync("waiting", [i64(5)])).ok);
      const waiting = instance.runAsync("waiting", [i64(5)]);
      instance[Symbol.dispose]();
      using other = engine.load(program, host(slow));
      assert((await other.runAsync("hosted", [i64(5)])).ok);
      const outcome = await waiting;
      assert(outcome.ok);
      assertEquals(outcome.values, [i64(15)]);
    }
  }
});

autoTest("a host function may throw and run instances, its own too", (target) => {
  using engine = new Engine({ ...target.options, thresholds: { interval: 3, looks: 1 } });
  using inner = engine.load(program, host());
  const outer = engine.load(
    program,
    host((n) => {
      assertEquals(outer.run("fib", [i64(10)]), inner.run("fib", [i64(10)]));
      const result = inner.run("nested", [i64(n)]);
      assert(result.ok && result.values[0].type === "i64");
      if (n === 1n) throw new RangeError("enough");
      return result.values[0].value;
    }),
  );
  for (let run = 0; run < 3; run++) {
    const outcome = outer.run("waiting", [i64(5)]);
    assert(!outcome.ok && outcome.trap.kind === "HostCallFailed");
    assert(outcome.trap.cause instanceof RangeError);
    assertEquals(outcome.hostCalls, 5n);
  }
});

/** Why something is interpreted; not why there is no machine code. */
function reasonsOf(engine: Engine): string[] {
  return engine.stats().reasons.filter((reason) => reason !== "machine code is turned off");
}

/** `main` calls `two` with a register listed twice, which traps when `two` returns. */
function clashing(): VerifiedProgram {
  const builder = new ProgramBuilder();
  const callee = builder.func("two", { args: [], results: ["i64", "bool"] });
  const [a, b] = callee.regs(2);
  callee.op("const.i64", a, 1).op("const.bool", b, true).op("ret", [a, b]);
  const caller = builder.func("main", { args: [], results: [] });
  const [r] = caller.regs(1);
  caller.op("call", callee.id, [], [r, r]).op("ret", []);
  return verify(builder.build());
}

autoTest("what can't be compiled runs in the interpreter, and the statistics say why", (target) => {
  const verified = clashing();
  const expected = { kind: "InvalidPc", func: 0, pc: 13 };
  for (const tier of ["interp", "auto", target.name] as const) {
    const options = tier === "auto" ? target.options : { tier };
    using engine = new Engine({ ...options, thresholds: { interval: 0, looks: 0 } });
    using instance = engine.load(verified);
    for (let run = 0; run < 3; run++) {
      const outcome = instance.run("main", []);
      assert(!outcome.ok);
      assertEquals({ ...outcome.trap }, { ...expected, pc: outcome.trap.pc } as unknown);
      assert(outcome.fuelUsed === 4n);
      // The function itself is not to blame.
      assert(instance.run("two", []).ok);
    }
    const reasons = reasonsOf(engine);
    assertEquals(reasons.length, tier === "interp" ? 0 : 1);
    if (tier === "interp") instance.compile("main");
    else {
      assertStringIncludes(reasons[0], "function 1 cannot be compiled: call at pc 0");
      const error = assertThrows(() => instance.compile("main"), LowerError);
      assertEquals([error.instruction.mnemonic, error.instruction.pc], ["call", 0]);
      assertThrows(() => instance.compile(), LowerError);
    }
  }
});

autoTest("traced runs are interpreted, and the statistics say so", (target) => {
  using engine = new Engine({ ...target.options, thresholds: { interval: 0, looks: 0 } });
  using instance = engine.load(program, host());
  assert(instance.run("fib", [i64(5)]).ok);
  const { entries } = engine.stats();
  let events = 0;
  const trace = { mask: TraceMask.ALL, sink: () => void events++ };
  const traced = instance.run("fib", [i64(5)], { trace });
  assert(traced.ok && events > Number(traced.fuelUsed));
  assertEquals(engine.stats().entries, entries);
  assertEquals(reasonsOf(engine), ["traced runs are interpreted"]);
  assert(instance.run("fib", [i64(5)]).ok);
  assertEquals(engine.stats().entries, entries + 1);
});

autoTest("compile makes the next run start in compiled code", (target) => {
  using engine = new Engine(target.options);
  using instance = engine.load(program, host());
  instance.compile("nested");
  const { functionsCompiled, codeBytes, compileMilliseconds } = engine.stats();
  assertEquals(functionsCompiled, 2); // and what it calls
  assert(codeBytes > 0 && compileMilliseconds > 0);
  assert(instance.run("nested", [i64(4)]).ok);
  assertEquals(engine.stats().tierUps, { functions: 1, loops: 0 });
  instance.compile();
  assertEquals(engine.stats().functionsCompiled, program.program.functions.length);
  assertThrows(() => instance.compile(99), RangeError, "there is no function 99");
  assertThrows(() => instance.compile("fibb"), TypeError, "no function is named");
});

nativeTest("a recursion that would need too much stack stays in the interpreter", () => {
  const { outcome, stats } = autoRun(
    NATIVE,
    "fib",
    [i64(10)],
    { maxStack: 1 << 20, thresholds: { interval: 1, looks: 1 } },
    { limits: { maxCallDepth: 1_000_000 } },
  );
  assert(outcome.ok);
  assertEquals(outcome.values, [i64(55)]);
  assertEquals(stats.entries, 0);
  assertStringIncludes(stats.reasons[0], "more stack than maxStack allows");
});

autoTest("runs in slices end and wait where they would in the interpreter", async (target) => {
  using interp = new Engine({ tier: "interp" });
  const limits = { fuel: 400n };
  for (const [func, args] of CASES) {
    using reference = interp.load(program, host());
    const expected = outcomeToJson(reference.run(func, args, { limits }));
    for (const thresholds of target.thresholds) {
      using engine = new Engine({ ...target.options, thresholds });
      for (const yieldEvery of [1, 7, 50]) {
        using instance = engine.load(verify(program.program), host());
        for (let run = 0; run < 2; run++) {
          const outcome = await instance.runAsync(func, args, { limits, yieldEvery });
          assertEquals(outcomeToJson(outcome), expected, `${func} in slices of ${yieldEvery}`);
          // And at once, with what the slices left behind.
          assertEquals(
            outcomeToJson(instance.run(func, args, { limits, timeout: 60_000 })),
            expected,
          );
        }
      }
      assert(engine.stats().entries > 0);
    }
  }
});

autoTest("a long run in compiled code can be ended from outside", async (target) => {
  using engine = new Engine(target.options);
  using instance = engine.load(program, host());
  const limits = { fuel: 2n ** 63n };
  const args = [i64(2n ** 62n), i64(0)];
  for (let run = 0; run < 2; run++) {
    const late = instance.run("quotients", args, { limits, timeout: 20 });
    assert(!late.ok && late.trap.kind === "TimedOut");
    const signal = AbortSignal.timeout(20);
    const aborted = await instance.runAsync("quotients", args, { limits, signal });
    assert(!aborted.ok && aborted.trap.kind === "Aborted");
  }
  assert(engine.stats().tierUps.loops > 0);
});

autoTest("a traced run may be nested in one of compiled code", (target) => {
  for (const options of [target.options, { tier: target.name }]) {
    using engine = new Engine({ ...options, thresholds: { interval: 0, looks: 0 } });
    let events = 0;
    const instance: Instance = engine.load(
      program,
      host((n) => {
        const trace = { mask: TraceMask.RUN, sink: () => void events++ };
        assert(instance.run("fib", [i64(1)], { trace }).ok);
        return n;
      }),
    );
    for (let run = 0; run < 3; run++) assert(instance.run("waiting", [i64(2)]).ok);
    assertEquals(events, 12);
  }
});

nativeTest("what is under way when its engine goes ends in the interpreter", () => {
  const verified = verify(assemble(`
    host h.go() -> ()
    func sum(n: i64) -> (i64) {
      host_call h.go()
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
    func other(n: i64) -> (i64) {
      x = call sum(n)
      y = call sum(n)
      z = i64.add x, y
      ret z
    }
    func late(n: i64) -> (i64) {
      host_call h.go()
      x = call sum(n)
      y = call sum(n)
      z = i64.add x, y
      ret z
    }
  `));
  for (const [warm, func] of [[0, "other"], [1, "other"], [0, "late"], [20, "late"]] as const) {
    const engine = new Engine({ tier: "auto", thresholds: { interval: 50, looks: 3 } });
    let leaving = false;
    let before = engine.stats();
    const go = hostFunction({ symbol: "h.go", args: [], results: [] }, () => {
      if (!leaving) return;
      engine[Symbol.dispose]();
      before = engine.stats();
      leaving = false;
    });
    const instance = engine.load(verified, createHost([go]));
    for (let run = 0; run < warm; run++) assert(instance.run("sum", [i64(100)]).ok);
    leaving = true;
    const outcome = instance.run(func, [i64(100)]);
    assert(outcome.ok);
    assertEquals(outcome.values, [i64(10_100)]);
    const { functionsCompiled, loopsCompiled } = engine.stats();
    assertEquals([functionsCompiled, loopsCompiled], [
      before.functionsCompiled,
      before.loopsCompiled,
    ]);
  }
});

autoTest("statistics are readable and tell the routes of host calls apart", (target) => {
  const { outcome, stats } = autoRun(target, "hosted", [i64(40)], {
    thresholds: { interval: 101, looks: 1 },
  });
  assert(outcome.ok);
  const { interpreter, reentry, wasm } = stats.hostCalls;
  const compiled = target === NATIVE ? reentry : wasm;
  assertEquals(interpreter + compiled, 80);
  assert(interpreter > 0 && compiled > 0);
  const text = formatStats(stats).join("\n");
  assertStringIncludes(text, `tier auto (${stats.target})`);
  assertStringIncludes(
    text,
    target === NATIVE ? `${compiled} by re-entry` : `${compiled} from WebAssembly`,
  );
});

Deno.test("thresholds are checked", () => {
  assertThrows(
    () => new Engine({ thresholds: { interval: -1 } }),
    RangeError,
    "thresholds.interval: expected a whole number from 0 to 2^30, got -1",
  );
});
