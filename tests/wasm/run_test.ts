/**
 * Runs in WebAssembly as the engine makes them: the interpreter's outcomes for every fuel value and
 * limit, host functions of all tempers, deep recursion, memory that comes and goes, no permissions.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  assemble,
  createHost,
  type Host,
  hostFunction,
  i64,
  type Limits,
  outcomeToJson,
  type Value,
  verify,
} from "../../mod.ts";
import { WasmProgram } from "../../src/engine/wasm_program.ts";
import { WasmRunner } from "../../src/engine/wasm_run.ts";
import { createInterpreter, type Interpreter } from "../../src/interp/interpreter.ts";
import { findFunction } from "../../src/tape/program.ts";
import { loadBinaryen, loadedBinaryen } from "../../src/wasm/binaryen.ts";

const binaryen = await loadBinaryen();

const program = verify(assemble(`
host t.twice(i64) -> (i64)
host t.later(i64) -> (i64)

func fib(n: i64) -> (i64) {
  two = const.i64 2
  small = i64.lt n, two
  br small, base, step
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

func down(n: i64) -> (i64) {
  zero = const.i64 0
  end = i64.eq n, zero
  br end, base, step
base:
  ret n
step:
  one = const.i64 1
  a = i64.sub n, one
  b = call down(a)
  c = i64.add b, one
  ret c
}

func hosted_down(n: i64) -> (i64) {
  a = host_call t.twice(n)
  b = call down(a)
  ret b
}

func quotients(n: i64) -> (i64) {
  sum = const.i64 0
  one = const.i64 1
  zero = const.i64 0
  hundred = const.i64 100
  jmp loop
loop:
  q = i64.div hundred, n
  sum = i64.add sum, q
  n = i64.sub n, one
  more = i64.ge n, zero
  br more, loop, done
done:
  ret sum
}

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
const wasm = new WasmProgram(program, binaryen);

interface Overrides {
  twice?: (n: bigint) => bigint;
  later?: (n: bigint) => unknown;
}

function host(overrides: Overrides = {}): Host {
  return createHost([
    hostFunction(
      { symbol: "t.twice", args: ["i64"], results: ["i64"] },
      overrides.twice ?? ((n) => BigInt.asIntN(64, 2n * n)),
    ),
    hostFunction(
      { symbol: "t.later", args: ["i64"], results: ["i64"] },
      (overrides.later ?? ((n) => n)) as (n: bigint) => bigint,
    ),
  ]);
}

function pair(overrides: Overrides = {}): [Interpreter, WasmRunner] {
  const interpreter = createInterpreter(program, host(overrides));
  return [interpreter, new WasmRunner(wasm, program, host(overrides), interpreter)];
}

function id(name: string): number {
  return findFunction(program.program, name);
}

Deno.test("wasm runs trap at the interpreter's instruction for every fuel value", () => {
  const [interpreter, runner] = pair();
  const cases: [string, Value[], number][] = [
    ["fib", [i64(4)], 90],
    ["quotients", [i64(5)], 40],
    ["built", [i64(21)], 10],
    ["waiting", [i64(21)], 5],
    ["grown", [i64(3)], 25],
  ];
  for (const [name, args, most] of cases) {
    for (let fuel = 0; fuel <= most; fuel++) {
      const options = { limits: { fuel: BigInt(fuel) } };
      assertEquals(
        outcomeToJson(runner.run(id(name), args, options)),
        outcomeToJson(interpreter.run(id(name), args, options)),
        `${name} with fuel ${fuel}`,
      );
    }
  }
});

Deno.test("wasm runs keep the interpreter's limits on depth, host calls and memory", () => {
  const [interpreter, runner] = pair();
  const compare = (name: string, n: number, limits: Partial<Limits>) => {
    const [expected, actual] = [interpreter, runner].map((tier) =>
      outcomeToJson(tier.run(id(name), [i64(n)], { limits }))
    );
    assertEquals(actual, expected, `${name} with ${JSON.stringify(limits, (_, v) => `${v}`)}`);
  };
  for (const maxCallDepth of [0, 1, 2, 3, 10, 11, 12, 2 ** 40]) {
    compare("fib", 10, { maxCallDepth });
  }
  for (const maxHostCalls of [0n, 1n, 2n]) compare("built", 1, { maxHostCalls });
  for (let maxMemory = 0; maxMemory < 160; maxMemory++) compare("built", 1, { maxMemory });
  for (const maxMemory of [0, 100, 65536, 1 << 20]) compare("grown", 16, { maxMemory });
});

Deno.test("a recursion deeper than the JavaScript stack is run again by the interpreter", async () => {
  const [, runner] = pair();
  const limits = { maxCallDepth: 500_001, fuel: 1n << 40n };
  for (
    const outcome of [
      runner.run(id("down"), [i64(500_000)], { limits }),
      await runner.runAsync(id("down"), [i64(500_000)], { limits }),
    ]
  ) {
    assert(outcome.ok);
    assertEquals(outcome.values, [i64(500_000)]);
  }
});

Deno.test("after a host call, such a recursion is an error that says what to do", () => {
  const [, runner] = pair();
  const limits = { maxCallDepth: 500_002, fuel: 1n << 40n };
  const error = assertThrows(
    () => runner.run(id("hosted_down"), [i64(250_000)], { limits }),
    RangeError,
  );
  assertEquals(
    error.message,
    "the program's calls nest deeper than the stack of this JavaScript engine: lower maxCallDepth",
  );
  // The runner is as good as new.
  assert(runner.run(id("hosted_down"), [i64(50)], { limits }).ok);
});

Deno.test("memory is dropped after a large run and linked anew", () => {
  const [interpreter, runner] = pair();
  // 16 bytes doubled 22 times: 64 MiB.
  for (const n of [3, 22, 3, 22, 1]) {
    const limits = { maxMemory: 1 << 28 };
    assertEquals(
      runner.run(id("grown"), [i64(n)], { limits }),
      interpreter.run(id("grown"), [i64(n)], { limits }),
    );
  }
});

Deno.test("a host function may throw and run another runner", () => {
  const [, inner] = pair();
  const error = new Error("no");
  const twice = (n: bigint) => {
    if (n === 13n) throw error;
    const outcome = inner.run(id("fib"), [i64(n)], {});
    return outcome.ok && outcome.values[0].type === "i64" ? outcome.values[0].value : -1n;
  };
  const own: WasmRunner = pair({ twice })[1];
  const outcome = own.run(id("built"), [i64(6)], {});
  assert(outcome.ok);
  assertEquals(outcome.values[0], i64(21)); // fib(fib(6))
  const failed = own.run(id("built"), [i64(7)], {}); // fib(7) = 13
  assert(!failed.ok && failed.trap.kind === "HostCallFailed");
  assertEquals([failed.trap.cause, failed.hostCalls], [error, 2n]);
});

Deno.test("runs are suspended while a host function's promise is pending", async () => {
  const resolvers = new Map<number, (value: bigint) => void>();
  const runs = Array.from({ length: 20 }, (_, k) => {
    const later = () => new Promise<bigint>((resolve) => resolvers.set(k, resolve));
    return pair({ later })[1].runAsync(id("waiting"), [i64(k)], {});
  });
  // Each run waits twice; they go on in another order than they stopped in.
  for (const offset of [100n, 1000n]) {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assertEquals(resolvers.size, 20);
    const waiting = [...resolvers].sort((x, y) => (x[0] * 7) % 20 - (y[0] * 7) % 20);
    resolvers.clear();
    for (const [k, resolve] of waiting) resolve(BigInt(k) + offset);
  }
  const outcomes = await Promise.all(runs);
  outcomes.forEach((outcome, k) => {
    assert(outcome.ok);
    assertEquals(outcome.values, [i64(1100 + 2 * k)]);
  });
});

Deno.test("rejected promises, and promises in synchronous runs, are failed host calls", async () => {
  const [, runner] = pair({ later: () => Promise.reject(new Error("no")) });
  const rejected = await runner.runAsync(id("waiting"), [i64(1)], {});
  assert(!rejected.ok && rejected.trap.kind === "HostCallFailed");
  const sync = runner.run(id("waiting"), [i64(1)], {});
  assert(!sync.ok && sync.trap.kind === "HostCallFailed");
  const [interpreter, fine] = pair({ later: (n) => Promise.resolve(n + 1n) });
  for (let fuel = 0n; fuel < 6n; fuel++) {
    assertEquals(
      outcomeToJson(await fine.runAsync(id("waiting"), [i64(5)], { limits: { fuel } })),
      outcomeToJson(await interpreter.runAsync(id("waiting"), [i64(5)], { limits: { fuel } })),
    );
  }
});

Deno.test("Binaryen is loaded once", async () => {
  assertEquals(loadedBinaryen(), binaryen);
  assertEquals(await loadBinaryen(), binaryen);
});

Deno.test("no permission is needed, and Binaryen is not loaded before it is", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "no_permission.ts"],
    cwd: new URL(".", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals([text.decode(stdout), text.decode(stderr)], ["true 42\n", ""]);
});
