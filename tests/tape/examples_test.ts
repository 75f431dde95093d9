import { assert, assertEquals } from "@std/assert";
import { createCliHost } from "../../src/cli/host.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { assemble } from "../../src/tape/assemble.ts";
import { i64, str, u64, type Value } from "../../src/tape/value.ts";
import { verify } from "../../src/tape/verify.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);

/** Runs function 0 of an example with the default limits. */
function run(name: string, ...args: Value[]): { values: readonly Value[]; printed: string[] } {
  const file = new URL(`${name}.tape`, EXAMPLES);
  const program = verify(assemble(Deno.readTextFileSync(file), { file: file.pathname }));
  const printed: string[] = [];
  const host = createCliHost((line) => printed.push(line));
  const outcome = createInterpreter(program, host).run(0, args);
  assert(outcome.ok, `${name} traps`);
  return { values: outcome.values, printed };
}

Deno.test("fib.tape computes Fibonacci numbers", () => {
  assertEquals(run("fib", i64(20)).values, [i64(6765)]);
});

Deno.test("primes.tape counts primes", () => {
  assertEquals(run("primes", u64(5000)).values, [u64(669), u64(4999)]);
});

Deno.test("mandelbrot.tape prints a picture that is its own mirror image", () => {
  const { values, printed } = run("mandelbrot");
  assertEquals(printed.length, 30);
  assert(printed.every((line) => line.length === 78));
  // The first row lies on the edge and has no partner.
  assertEquals(printed.slice(1), printed.slice(1).reverse());
  const inside = printed.join("").split("@").length - 1;
  assertEquals(values, [i64(inside)]);
});

Deno.test("strings.tape frames a list", () => {
  const list = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12";
  const edge = `+${"-".repeat(list.length)}+`;
  assertEquals(run("strings").values, [str(`${edge}\n|${list}|\n${edge}`)]);
});

Deno.test("closures.tape applies closures over an array", () => {
  const twice = (v: number) => 3 * (3 * v + 1) + 1;
  const sum = [1, 2, 3, 5].reduce((total, v) => total + twice(v), 0);
  assertEquals(run("closures").values, [i64(sum), i64(25)]);
});

Deno.test("kv.tape keeps its record in the host", () => {
  const { values, printed } = run("kv");
  assertEquals(values, [i64(8), i64(8)]);
  assertEquals(printed, ["a new record", "a new record"]);
});
