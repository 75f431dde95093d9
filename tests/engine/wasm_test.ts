/**
 * Runs in WebAssembly: the interpreter's outcomes for every fuel value and limit, paced or not, recursion
 * deeper than any JavaScript stack, memory that comes and goes, no permissions.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  assemble,
  type AsyncRunOptions,
  createHost,
  Engine,
  f64,
  type Host,
  hostFunction,
  i64,
  type Limits,
  type Outcome,
  outcomeToJson,
  type Value,
  verify,
} from "../../mod.ts";
import { FIB, QUOTIENTS } from "../harness/sources.ts";
import { loadBinaryen, loadedBinaryen } from "../../src/wasm/binaryen.ts";

const program = verify(assemble(`
host t.twice(i64) -> (i64)
host t.later(i64) -> (i64)

${FIB}

; Calls the host on the way down, makes a tuple and a text on the way back.
func down(n: i64, text: str, x: f64, odd: bool) -> (i64, agg, str, f64, bool) {
  zero = const.i64 0
  end = i64.eq n, zero
  env = tuple.new n, text
  br end, base, step
base:
  ret n, env, text, x, odd
step:
  one = const.i64 1
  a = i64.sub n, one
  x = f64.add x, x
  odd = bool.not odd
  c = host_call t.later(a)
  b, inner, text, x, odd = call down(a, text, x, odd)
  b = i64.add b, c
  hundred = const.i64 100
  few = i64.lt n, hundred
  br few, more, done
more:
  e = const.pool "é"
  text = str.concat text, e
  jmp done
done:
  env = tuple.new b, x
  ret b, env, text, x, odd
}

${QUOTIENTS}

func built(n: i64) -> (i64, str, agg) {
  a = host_call t.twice(n)
  b = host_call t.twice(a)
  s = const.pool "é"
  t = str.concat s, s
  u = tuple.new t, n
  v = tuple.new u, b
  ret b, t, v
}

func waiting(n: i64) -> (i64) {
  a = host_call t.later(n)
  b = host_call t.later(a)
  c = i64.add a, b
  ret c
}

func grown(n: i64) -> (u64) {
  s = const.pool "0123456789abcdef"
  one = const.i64 1
  zero = const.i64 0
  jmp loop
loop:
  s = str.concat s, s
  n = i64.sub n, one
  more = i64.gt n, zero
  br more, loop, done
done:
  b = str.to_bytes s
  l = bytes.len b
  ret l
}
`));

function host(later: (n: bigint) => unknown = (n) => n): Host {
  return createHost([
    hostFunction(
      { symbol: "t.twice", args: ["i64"], results: ["i64"] },
      (n) => BigInt.asIntN(64, 2n * n),
    ),
    hostFunction(
      { symbol: "t.later", args: ["i64"], results: ["i64"] },
      later as (n: bigint) => bigint,
    ),
  ]);
}

const wasm = await Engine.open({ tier: "wasm" });
const interp = new Engine({ tier: "interp" });

function downArgs(n: number): Value[] {
  return [i64(n), { type: "str", value: "x" }, f64(1.5), { type: "bool", value: false }];
}

Deno.test("wasm runs trap at the interpreter's instruction for every fuel value", async () => {
  const cases: [string, Value[], number][] = [
    ["fib", [i64(4)], 90],
    ["quotients", [i64(5)], 40],
    ["built", [i64(21)], 10],
    ["waiting", [i64(21)], 5],
    ["grown", [i64(3)], 25],
    ["down", downArgs(3), 55],
  ];
  using reference = interp.load(program, host());
  using instance = wasm.load(program, host());
  using waits = wasm.load(program, host((n) => Promise.resolve(n)));
  for (const [name, args, most] of cases) {
    for (let fuel = 0; fuel <= most; fuel++) {
      const limits = { fuel: BigInt(fuel) };
      const expected = outcomeToJson(reference.run(name, args, { limits }));
      const where = `${name} with fuel ${fuel}`;
      const check = (outcome: Outcome, how: string) =>
        assertEquals(outcomeToJson(outcome), expected, `${where}, ${how}`);
      check(instance.run(name, args, { limits }), "at once");
      check(instance.run(name, args, { limits, timeout: 60_000 }), "with a timeout");
      check(await waits.runAsync(name, args, { limits }), "waiting");
      check(await waits.runAsync(name, args, { limits, yieldEvery: 1 + fuel % 5 }), "in slices");
    }
  }
});

Deno.test("wasm runs keep the interpreter's limits on depth, host calls and memory", () => {
  using reference = interp.load(program, host());
  using instance = wasm.load(program, host());
  const compare = (name: string, args: Value[], limits: Partial<Limits>) => {
    const [expected, actual] = [reference, instance].map((one) =>
      outcomeToJson(one.run(name, args, { limits }))
    );
    assertEquals(actual, expected, `${name} with ${JSON.stringify(limits, (_, v) => `${v}`)}`);
  };
  for (const maxCallDepth of [0, 1, 2, 3, 10, 11, 12, 2 ** 40]) {
    compare("fib", [i64(10)], { maxCallDepth });
  }
  for (const maxHostCalls of [0n, 1n, 2n]) {
    compare("built", [i64(1)], { maxHostCalls });
    compare("down", downArgs(4), { maxHostCalls });
  }
  for (let maxMemory = 0; maxMemory < 160; maxMemory++) compare("built", [i64(1)], { maxMemory });
  for (let maxMemory = 0; maxMemory < 500; maxMemory += 7) {
    compare("down", downArgs(4), { maxMemory });
  }
  for (const maxMemory of [0, 100, 65536, 1 << 20]) compare("grown", [i64(16)], { maxMemory });
});

Deno.test("recursion deeper than a JavaScript stack goes on in the interpreter", async () => {
  const depths = [10, 100, 1000, 30_000];
  using reference = interp.load(program, host());
  using engine = await Engine.open({ tier: "wasm" });
  using instance = engine.load(program, host());
  // Some of the host's answers are waited for, at any depth.
  using waits = engine.load(
    program,
    host((n) => n % 997n === 5n ? new Promise((resolve) => setTimeout(() => resolve(n), 0)) : n),
  );
  for (const n of depths) {
    const args = downArgs(n);
    const check = async (limits: Partial<Limits>, paced: AsyncRunOptions) => {
      const expected = outcomeToJson(reference.run("down", args, { limits }));
      const options = { limits, ...paced };
      const where = `${n} levels with ${Deno.inspect(options)}`;
      assertEquals(outcomeToJson(instance.run("down", args, options)), expected, where);
      assertEquals(outcomeToJson(await waits.runAsync("down", args, options)), expected, where);
      return expected.fuelUsed as number;
    };
    const limits = { maxCallDepth: n + 1, fuel: 2n ** 40n };
    const used = await check(limits, {});
    await check({ ...limits, maxCallDepth: n }, {}); // one level too few
    await check({ ...limits, maxHostCalls: BigInt(n - 1) }, {});
    await check({ ...limits, maxMemory: 30 * n }, {});
    for (const part of [0.4, 0.5, 0.6, 0.9]) {
      const fuel = BigInt(Math.floor(used * part));
      await check({ ...limits, fuel }, { timeout: 600_000 });
      await check({ ...limits, fuel }, { yieldEvery: 10_007 });
    }
  }
  const { deepCalls, entries, exits } = engine.stats();
  assert(deepCalls > 10 && entries > 50 && exits.hostCall > 10_000);
});

Deno.test("a recursion that waits is ended from outside at any depth", async () => {
  const limits = { maxCallDepth: 20_000, fuel: 2n ** 40n, maxHostCalls: 2n ** 40n };
  for (const depth of [10n, 10_000n]) {
    const controller = new AbortController();
    using instance = wasm.load(
      program,
      host((n) => {
        if (n !== 15_000n - depth) return n;
        controller.abort("enough");
        return new Promise(() => {});
      }),
    );
    const outcome = await instance.runAsync("down", downArgs(15_000), {
      limits,
      signal: controller.signal,
    });
    assert(!outcome.ok && outcome.trap.kind === "Aborted");
    assertEquals([outcome.trap.cause, outcome.hostCalls], ["enough", depth]);
  }
});

Deno.test("memory is dropped after a large run and linked anew", () => {
  using reference = interp.load(program, host());
  using instance = wasm.load(program, host());
  // 16 bytes doubled 22 times: 64 MiB.
  for (const n of [3, 22, 3, 22, 1]) {
    const limits = { maxMemory: 1 << 28 };
    assertEquals(
      instance.run("grown", [i64(n)], { limits }),
      reference.run("grown", [i64(n)], { limits }),
    );
  }
});

Deno.test("a recursion that the interpreter's stack might not hold is left to it", async () => {
  using engine = await Engine.open({ tier: "wasm" });
  using instance = engine.load(program, host());
  const outcome = instance.run("fib", [i64(10)], { limits: { maxCallDepth: 2 ** 40 } });
  assert(outcome.ok);
  const { entries, reasons } = engine.stats();
  assertEquals(entries, 0);
  assertEquals(reasons, [
    "function 0 with 1099511627775 levels of calls may need more stack than runs have",
  ]);
});

Deno.test("machine code can be turned off", async () => {
  assertThrows(
    () => new Engine({ tier: "native", native: false }),
    Error,
    "machine code is turned off",
  );
  using engine = await Engine.open({ native: false });
  assertEquals(engine.tier, "auto");
  using instance = engine.load(program, host());
  instance.compile("fib");
  assert(instance.run("fib", [i64(10)]).ok);
  const { target, entries, reasons, functionsCompiled, codeBytes } = engine.stats();
  assertEquals([target, entries, functionsCompiled], ["wasm", 1, 1]);
  assertEquals(reasons, ["machine code is turned off"]);
  assert(codeBytes > 0);
});

Deno.test("Binaryen is loaded once", async () => {
  assertEquals(await loadBinaryen(), loadedBinaryen());
});

Deno.test("code for whose memory there is no room stays in the interpreter until there is", async () => {
  using engine = await Engine.open({ native: false, thresholds: { interval: 0, looks: 0 } });
  using instance = engine.load(program);
  using interpreter = new Engine({ tier: "interp" });
  const expected = interpreter.load(program).run("fib", [i64(12)]);
  const { Memory } = WebAssembly;
  WebAssembly.Memory = function (): never {
    throw new RangeError("could not allocate memory");
  } as unknown as typeof Memory;
  try {
    assertEquals(instance.run("fib", [i64(12)]), expected);
  } finally {
    WebAssembly.Memory = Memory;
  }
  const { reasons, entries } = engine.stats();
  assertEquals(entries, 0);
  const reason = "there is no room to run compiled code: could not allocate memory";
  assert(reasons.includes(reason), reasons.join("\n"));
  assertEquals(instance.run("fib", [i64(12)]), expected);
  assert(engine.stats().entries > 0);
});

/** Runs a program of `children` with `flags`; returns what it prints. */
async function child(name: string, flags: string[]): Promise<[string, string]> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...flags, name],
    cwd: new URL("children/", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return [text.decode(stdout), text.decode(stderr)];
}

Deno.test("without permissions, tier auto uses WebAssembly as soon as Binaryen is there", async () => {
  const [out, err] = await child("no_permission.ts", []);
  assertEquals(err, "");
  assertEquals(out.split("\n"), [
    "WebAssembly needs Binaryen, which `await Engine.open(…)` loads",
    "true no code, 0 functions, 0 loops",
    "Aborted wasm, 0 functions, 1 loops",
    '{ type: "i64", value: 50005000n } wasm, 1 functions, 0 loops',
    "auto 1 native code is not available: it needs --allow-ffi without a path (the permission's " +
    'state is "prompt")',
    "",
  ]);
});

for (const size of [120, 200, 984]) {
  Deno.test(`with ${size} KiB of stack, and wherever it is called, no run fails only in wasm`, async () => {
    const output = await child("little_stack.ts", [`--v8-flags=--stack-size=${size}`]);
    assertEquals(output, ["true true true\n", ""]);
  });
}
