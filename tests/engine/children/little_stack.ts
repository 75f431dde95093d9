/**
 * A program that `wasm_test.ts` runs with stacks of several sizes: deep recursion in WebAssembly, also
 * from places where little stack is left, must end as it does in the interpreter.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  assemble,
  createHost,
  Engine,
  hostFunction,
  i64,
  outcomeToJson,
  verify,
} from "../../../mod.ts";

const program = verify(assemble(`
host t.same(i64) -> (i64)

func down(n: i64) -> (i64) {
  zero = const.i64 0
  end = i64.eq n, zero
  br end, base, step
base:
  ret n
step:
  one = const.i64 1
  a = i64.sub n, one
  a = host_call t.same(a)
  b = call down(a)
  c = i64.add b, one
  c = host_call t.same(c)
  ret c
}
`));
const host = createHost([
  hostFunction({ symbol: "t.same", args: ["i64"], results: ["i64"] }, (n) => n),
]);

/** Calls `what` with `frames` frames of JavaScript below it. */
function above(frames: number, what: () => void): void {
  if (frames === 0) what();
  else above(frames - 1, what);
}

/** What a run of 300 levels from there comes to; undefined if it throws. */
function attempt(frames: number, engine: Engine): unknown {
  using instance = engine.load(program, host);
  const limits = { maxCallDepth: 400 };
  try {
    let outcome: unknown;
    above(frames, () => outcome = outcomeToJson(instance.run("down", [i64(300)], { limits })));
    return outcome;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

using interp = new Engine({ tier: "interp" });
using wasm = await Engine.open({ tier: "wasm" });
const expected = attempt(0, interp);
assertEquals(attempt(0, wasm), expected);
// Up the stack until the interpreter can't run any more: the last place where it can, and before.
let fits = 0;
for (let step = 1 << 16; step > 0; step >>= 1) {
  if (attempt(fits + step, interp) !== undefined) fits += step;
}
// What never ran before needs stack to be compiled, in whatever tier: so everything runs twice.
let ran = 0;
for (const isWarm of [false, true]) {
  for (let frames = 0; frames < fits; frames += 1 + (fits - frames >> 5)) {
    const actual = attempt(frames, wasm);
    // The engine may have optimised something meanwhile, so that there is less room or more.
    if (!isWarm || attempt(frames, interp) === undefined) continue;
    assertEquals(actual, expected, `with ${frames} of ${fits} frames`);
    ran++;
  }
}
const { deepCalls, entries } = wasm.stats();
console.log(ran > 20, entries > 10, deepCalls > 0);
