/**
 * Programs beyond the usual size on A64, run by qemu and compared with the interpreter: functions of
 * two hundred arguments and results, called in every way there is, and one of over 1 MiB of code.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createHost, hostFunction } from "../../src/interp/host.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { assemble } from "../../src/tape/assemble.ts";
import type { ValueType } from "../../src/tape/types.ts";
import { bool, dec, f64, i64, str, u64, type Value } from "../../src/tape/value.ts";
import { verify } from "../../src/tape/verify.ts";
import { A64Machine, RUNS_A64 } from "../harness/run_a64.ts";
import { A64Tapes } from "../harness/tape_a64.ts";

const WIDE = 200;
const TYPES = ["i64", "f64", "bool", "u64", "dec", "f64", "str"] as const;

function wideValue(type: ValueType, k: number): Value {
  switch (type) {
    case "i64":
      return i64(-BigInt(k) << 40n);
    case "f64":
      return f64(k + 0.25);
    case "bool":
      return bool(k % 3 === 0);
    case "u64":
      return u64((1n << 64n) - BigInt(k + 1));
    case "dec":
      return dec(BigInt(k) - (1n << 62n), k % 19);
    default:
      return str(`word ${k}`);
  }
}

const list = (count: number, item: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => item(k)).join(", ");

Deno.test({ name: "functions of 200 arguments and results", ...RUNS_A64 }, async () => {
  const types = Array.from({ length: WIDE }, (_, k) => TYPES[k % TYPES.length]);
  // As many either way round, so that what a function takes is what it gives.
  const palindrome = types.map((_, k) => types[Math.min(k, WIDE - 1 - k)]);
  const typeList = palindrome.join(", ");
  const params = list(WIDE, (k) => `a${k}: ${palindrome[k]}`);
  const names = (letter: string) => list(WIDE, (k) => `${letter}${k}`);
  const turned = (letter: string) => list(WIDE, (k) => `${letter}${WIDE - 1 - k}`);
  const source = `sig wide = (${typeList}) -> (${typeList})
host h.wide(${typeList}) -> (${typeList})
func turn(${params}) -> (${typeList}) {
  ret ${turned("a")}
}
func enclosed(env: agg, ${params}) -> (${typeList}) {
  ret ${turned("a")}
}
func main(${params}) -> (${typeList}) {
  ${names("b")} = call turn(${names("a")})
  f = const.func turn
  ${names("c")} = call.indirect f(${names("b")}) as wide
  e = tuple.new
  g = const.func enclosed
  h = closure.new g, e
  ${names("d")} = call.indirect h(${names("c")}) as wide
  ${names("x")} = host_call h.wide(${turned("d")})
  ret ${names("x")}
}
`;
  const verified = verify(assemble(source));
  const calls: string[] = [];
  const host = createHost([
    hostFunction({ symbol: "h.wide", args: palindrome, results: palindrome }, (...values) => {
      const given = values.slice(0, WIDE);
      calls.push(Deno.inspect(given, { iterableLimit: WIDE }));
      return given.toReversed() as never;
    }),
  ]);
  await using machine = await A64Machine.start();
  const tapes = new A64Tapes(machine);
  using reference = createInterpreter(verified, host);
  using instance = tapes.load(verified, host);
  const args = palindrome.map(wideValue);
  const main = verified.program.functions.length - 1;
  for (const limits of [{}, { fuel: 3n }, { maxCallDepth: 1 }, { maxHostCalls: 0n }]) {
    for (const yieldEvery of [undefined, 1]) {
      calls.length = 0;
      const expected = reference.run(main, args, { limits });
      const callsThere = calls.splice(0);
      const actual = await instance.runAsync(main, args, { limits, yieldEvery });
      assertEquals(actual, expected);
      assertEquals(calls, callsThere);
      assertEquals(expected.ok, Object.keys(limits).length === 0);
    }
  }
});

Deno.test({ name: "a function of over 1 MiB of code", ...RUNS_A64 }, async () => {
  const STEPS = 12_000;
  const lines: string[] = [];
  for (let k = 0; k < STEPS; k++) {
    lines.push(
      `t = i64.sub n, c${k % 7}`,
      `x = i64.div x, t`,
      `x = i64.add x, n`,
      `q = i64.mul x, n`,
      `y = i64.to_f64 q`,
      `z = f64.add z, y`,
      `n = i64.add n, one`,
    );
  }
  const constants = list(7, (k) => `${5000 + 1000 * k}`).split(", ");
  const source = `func long(n: i64, x: i64) -> (i64, f64) {
  one = const.i64 1
  z = const.f64 0.1
${constants.map((value, k) => `  c${k} = const.i64 ${value}`).join("\n")}
  zero = const.i64 0
  jmp top
top:
  ${lines.join("\n  ")}
  again = i64.lt n, zero
  br again, top, end
end:
  ret x, z
}
`;
  const verified = verify(assemble(source));
  const host = createHost([]);
  await using machine = await A64Machine.start();
  const tapes = new A64Tapes(machine);
  const code = tapes.compile(verified);
  assert(code[0].code.length > 1 << 20, `${code[0].code.length} bytes`);
  using reference = createInterpreter(verified, host);
  using instance = tapes.load(verified, host, code);
  const endings = new Set<string>();
  for (const start of [-30_000n, 0n, 4990n, 8000n, 100_000n]) {
    for (const fuel of [1n << 40n, 70_001n]) {
      const args = [i64(start), i64(1n << 60n)], limits = { fuel };
      const expected = reference.run(0, args, { limits });
      endings.add(expected.ok ? "ok" : expected.trap.kind);
      const yieldEvery = fuel > 100_000n ? 10_000 : undefined;
      assertEquals(await instance.runAsync(0, args, { limits, yieldEvery }), expected);
    }
  }
  assertEquals([...endings].sort(), ["DivByZero", "FuelExceeded", "ok"]);
});
