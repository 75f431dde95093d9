/**
 * Programs that a compiler could take very long for: what is compiled takes time in proportion to its
 * size, what is not is interpreted, with a reason. Each would take minutes or gigabytes otherwise.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { nativeSupport } from "../../ffi/platform.ts";
import { assemble, Engine, i64, LowerError, verify } from "../../mod.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, k) => k);
const lines = (count: number, line: (k: number) => string) => numbers(count).map(line).join("\n");

/** `count` variables that change inside `count` loops around each other. */
function nestedLoops(count: number): string {
  return `func f(a: i64) -> (i64) {
  zero = const.i64 0
${lines(count, (k) => `  v${k} = i64.add a, ${k === 0 ? "a" : `v${k - 1}`}`)}
  jmp L0
${lines(count, (k) => `L${k}:\n  jmp L${k + 1}`)}
L${count}:
${lines(count, (k) => `  v${k} = i64.add v${k}, v${(k + 7) % count}`)}
  jmp E${count - 1}
${
    lines(count, (j) => {
      const k = count - 1 - j;
      return `E${k}:\n  c = i64.lt v0, zero\n  br c, L${k}, ${k > 0 ? `E${k - 1}` : "R"}`;
    })
  }
R:
${lines(count, (k) => `  a = i64.xor a, v${k}`)}
  ret a
}`;
}

/** Compares a native run of the first function with an interpreted one. */
function compare(source: string, engine: Engine): void {
  const program = verify(assemble(source));
  using interp = new Engine({ tier: "interp" });
  using expected = interp.load(program);
  using actual = engine.load(program);
  for (const fuel of [0n, 77n, 1_000_000n]) {
    const limits = { fuel };
    assertEquals(actual.run(0, [i64(5)], { limits }), expected.run(0, [i64(5)], { limits }));
  }
}

function nativeTest(name: string, run: (engine: Engine) => void): void {
  Deno.test({
    name,
    ignore: !nativeSupport().supported,
    fn() {
      using engine = new Engine({ tier: "native" });
      run(engine);
    },
  });
}

nativeTest("loops that carry thousands of variables are interpreted, and say so", (engine) => {
  const source = nestedLoops(2000);
  compare(source, engine);
  assertMatch(engine.stats().reasons.join(), /too many registers meet in too many blocks/);
  assertEquals(engine.stats().functionsCompiled, 0);
  using instance = engine.load(verify(assemble(source)));
  let error: unknown;
  try {
    instance.compile();
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof LowerError);
});

nativeTest("what fits is compiled, however it is nested", (engine) => {
  compare(nestedLoops(120), engine);
  assertEquals(engine.stats().functionsCompiled, 1);
});

nativeTest("every value in a lifetime hole: many allocations, each with a detour", (engine) => {
  compare(
    `func f(a: i64) -> (i64, agg) {
${lines(1500, (k) => `  t${k} = tuple.new a, a\n  b = tuple.get t${k}, 1\n  a = i64.add a, b`)}
  t = tuple.new ${numbers(40).map((k) => `t${37 * k}`).join(", ")}
  ret a, t
}`,
    engine,
  );
  assertEquals(engine.stats().functionsCompiled, 1);
});

nativeTest("constants far from their use, and a text grown in many pieces", (engine) => {
  compare(
    `func f(a: i64) -> (str, i64) {
${lines(800, (k) => `  s${k} = const.pool "text ${k}"\n  n${k} = const.i64 ${k * k}`)}
  t = const.pool ""
${lines(800, (k) => `  t = str.concat t, s${k}\n  a = i64.xor a, n${k}`)}
  ret t, a
}`,
    engine,
  );
  assertEquals(engine.stats().functionsCompiled, 1);
});

nativeTest("two loops into each other's middle, again and again", (engine) => {
  compare(
    `func f(a: i64) -> (i64) {
  one = const.i64 1
  two = const.i64 2
  flag = i64.lt a, one
  br flag, A0, B0
${
      lines(1500, (k) => {
        const [nextA, nextB] = k < 1499 ? [`A${k + 1}`, `B${k + 1}`] : ["done", "done"];
        return `A${k}:
  a = i64.add a, one
  flag = i64.lt a, two
  br flag, B${k}, ${nextA}
B${k}:
  a = i64.sub a, one
  flag = i64.lt two, a
  br flag, A${k}, ${nextB}`;
      })
    }
done:
  ret a
}`,
    engine,
  );
  assertEquals(engine.stats().functionsCompiled, 1);
});

nativeTest("thousands of values that live across a loop of many blocks", (engine) => {
  compare(
    `func f(a: i64) -> (i64) {
${lines(500, (k) => `  v${k} = i64.mul a, ${k === 0 ? "a" : `v${k - 1}`}`)}
  jmp top
top:
${
      lines(500, (k) =>
        `  c = i64.lt a, v${k}
  br c, X${k}, Y${k}
X${k}:
  v${k} = i64.add v${k}, v${(k + 3) % 500}
  a = i64.sub a, v${k}
  jmp top
Y${k}:`)
    }
  ret a
}`,
    engine,
  );
});
