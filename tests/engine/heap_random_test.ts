/**
 * Random programs full of tuples, arrays and byte strings, in a loop with a branch: machine code gives
 * the interpreter's outcome, whatever the memory limit and the fuel.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { nativeSupport } from "../../ffi/platform.ts";
import { assemble, Engine, i64, verify } from "../../mod.ts";
import { Random } from "../harness/random.ts";

const PROGRAMS = Number(Deno.env.get("HEAP_PROGRAMS") ?? 150);

/** Registers that may be read, by type; aggregates with the types of their elements. */
interface Scope {
  readonly i64: string[];
  readonly bytes: string[];
  readonly tuples: { name: string; types: ("i64" | "bytes")[] }[];
  readonly arrays: { name: string; length: number }[];
}

function randomProgram(random: Random): string {
  const lines: string[] = [];
  let count = 0;
  const fresh = () => `v${count++}`;
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)];

  function statement(scope: Scope): void {
    const name = fresh();
    switch (random.below(11)) {
      case 0: {
        const types = Array.from(
          { length: random.below(4) },
          () => pick(["i64", "bytes"] as const),
        );
        lines.push(`${name} = tuple.new ${types.map((type) => pick(scope[type])).join(", ")}`);
        scope.tuples.push({ name, types });
        return;
      }
      case 1: {
        const length = random.below(4);
        const values = Array.from({ length }, () => pick(scope.i64));
        lines.push(`${name} = array.new ${["i64", ...values].join(", ")}`);
        scope.arrays.push({ name, length });
        return;
      }
      case 2:
      case 3: {
        if (scope.tuples.length === 0) return;
        const { name: from, types } = pick(scope.tuples);
        if (types.length === 0) return;
        const index = random.below(types.length);
        lines.push(`${name} = tuple.get ${from}, ${index}`);
        scope[types[index]].push(name);
        return;
      }
      case 4: {
        if (scope.arrays.length === 0) return;
        const { name: from, length } = pick(scope.arrays);
        // Sometimes beyond the end.
        const index = random.below(8) === 0 ? length : random.below(Math.max(1, length));
        lines.push(`${name} = array.get_imm ${from}, ${index}`);
        scope.i64.push(name);
        return;
      }
      case 5: {
        if (scope.arrays.length === 0) return;
        const { name: from, length } = pick(scope.arrays);
        const index = random.below(8) === 0 ? length : random.below(Math.max(1, length));
        lines.push(`${name}k = const.u64 ${index}`, `${name} = array.get ${from}, ${name}k`);
        scope.i64.push(name);
        return;
      }
      case 6:
      case 7:
        lines.push(`${name} = bytes.concat ${pick(scope.bytes)}, ${pick(scope.bytes)}`);
        scope.bytes.push(name);
        return;
      case 8: {
        const start = random.below(3), end = start + random.below(12);
        lines.push(
          `${name}s = const.u64 ${start}`,
          `${name}e = const.u64 ${end}`,
          `${name} = bytes.slice ${pick(scope.bytes)}, ${name}s, ${name}e`,
        );
        scope.bytes.push(name);
        return;
      }
      case 9:
        lines.push(
          `${name}q = bytes.eq ${pick(scope.bytes)}, ${pick(scope.bytes)}`,
          `${name} = select ${name}q, ${pick(scope.i64)}, ${pick(scope.i64)}`,
        );
        scope.i64.push(name);
        return;
      default:
        lines.push(`${name} = i64.add ${pick(scope.i64)}, ${pick(scope.i64)}`);
        scope.i64.push(name);
    }
  }

  // Shapes of aggregates are known within a block only.
  const inner = (scope: Scope): Scope => ({
    i64: [...scope.i64],
    bytes: [...scope.bytes],
    tuples: [],
    arrays: [],
  });
  const outer: Scope = { i64: ["n", "i"], bytes: ["a", "b", "c"], tuples: [], arrays: [] };
  lines.push("i = const.i64 0", "one = const.i64 1", "two = const.i64 2");
  lines.push("c = const.pool bytes 0x000102030405060708090a0b0c0d0e0f10");
  for (let k = random.below(6); k > 0; k--) statement(outer);
  lines.push(
    "t = tuple.new i, c",
    "jmp test",
    "test:",
    "more = i64.lt i, n",
    "br more, body, done",
    "body:",
  );
  let body = inner(outer);
  for (let k = 2 + random.below(10); k > 0; k--) statement(body);
  lines.push(`flag = i64.lt ${pick(body.i64)}, two`, "br flag, left, right", "left:");
  const left = inner(body);
  for (let k = random.below(5); k > 0; k--) statement(left);
  const chain = [...left.tuples, ...left.arrays, { name: "t" }];
  lines.push(`t = tuple.new t, ${pick(chain).name}, ${pick(left.bytes)}`);
  lines.push(`a = bytes.concat a, ${pick(left.bytes)}`, "jmp next", "right:");
  const right = inner(body);
  for (let k = random.below(5); k > 0; k--) statement(right);
  body = inner(body);
  lines.push(`b = mov ${pick(right.bytes)}`, `n = i64.sub n, one`, "jmp next", "next:");
  for (let k = random.below(5); k > 0; k--) statement(body);
  lines.push("i = i64.add i, one", "jmp test", "done:", "ret i, a, b, c, t");
  return `func main(n: i64, a: bytes, b: bytes) -> (i64, bytes, bytes, bytes, agg) {\n${
    lines.join("\n")
  }\n}\n`;
}

Deno.test({
  name: "random programs with objects and byte strings behave natively as interpreted",
  ignore: !nativeSupport().supported,
  fn() {
    using interp = new Engine({ tier: "interp" });
    using native = new Engine({ tier: "native" });
    const first = Number(Deno.env.get("HEAP_SEED") ?? 1);
    const endings = new Map<string, number>();
    for (let seed = first; seed < first + PROGRAMS; seed++) {
      const random = new Random(seed);
      const source = randomProgram(random);
      const program = verify(assemble(source));
      using a = interp.load(program);
      using b = native.load(program);
      const bytes = (length: number) => ({
        type: "bytes" as const,
        value: Uint8Array.from({ length }, () => random.below(256)),
      });
      for (let k = 0; k < 30; k++) {
        const args = [i64(random.below(6)), bytes(random.below(20)), bytes(random.below(20))];
        const limits = {
          fuel: k < 10 ? BigInt(random.below(120)) : 10_000n,
          maxMemory: k < 20 ? random.below(2000) : 1 << 20,
        };
        const expected = a.run(0, args, { limits });
        assertEquals(b.run(0, args, { limits }), expected, `HEAP_SEED=${seed}:\n${source}`);
        const ending = expected.ok ? "ok" : expected.trap.kind;
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }
    }
    // All that can happen does.
    assertEquals([...endings.keys()].sort(), [
      "AggError",
      "FuelExceeded",
      "IndexOutOfBounds",
      "MemoryLimitExceeded",
      "ok",
    ]);
  },
});
