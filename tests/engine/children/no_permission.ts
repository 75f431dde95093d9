/**
 * A program that `wasm_test.ts` runs without any permission: what tier `auto` does while Binaryen is
 * absent, when it comes in the middle of a run, and when it is loaded beforehand. Prints a line each.
 *
 * @module
 */
import { assemble, Engine, type EngineOptions, i64, verify } from "../../../mod.ts";

const source = `
func sum(n: i64) -> (i64) {
  s = const.i64 0
  one = const.i64 1
  zero = const.i64 0
  jmp loop
loop:
  s = i64.add s, n
  n = i64.sub n, one
  more = i64.gt n, zero
  br more, loop, done
done:
  ret s
}
`;
const limits = { fuel: 2n ** 60n };
const args = [i64(10_000)];

/** Which code a program has run in so far. */
function used(engine: Engine): string {
  const { target = "no code", functionsCompiled, tierUps } = engine.stats();
  return `${target}, ${functionsCompiled} functions, ${tierUps.loops} loops`;
}

const options: EngineOptions = { thresholds: { interval: 1000, looks: 2 } };
{
  using engine = new Engine(options);
  using instance = engine.load(verify(assemble(source)));
  let failed = "";
  try {
    instance.compile();
  } catch (error) {
    failed = (error as Error).message;
  }
  console.log(failed);
  // Asks for Binaryen, which can't come before the event loop has a turn.
  console.log(instance.run("sum", args, { limits }).ok, used(engine));
  // As long as it takes: it comes in the middle.
  const controller = new AbortController();
  const end = performance.now() + 30_000;
  const timer = setInterval(() => {
    if (engine.stats().entries > 0 || performance.now() > end) controller.abort();
  }, 5);
  const outcome = await instance.runAsync("sum", [i64(2n ** 62n)], {
    limits,
    yieldEvery: 100_000,
    signal: controller.signal,
  });
  clearInterval(timer);
  console.log(!outcome.ok && outcome.trap.kind, used(engine));
}
{
  using engine = await Engine.open(options);
  using instance = engine.load(verify(assemble(source)));
  instance.compile("sum");
  const outcome = instance.run("sum", args, { limits });
  console.log(outcome.ok && outcome.values[0], used(engine));
  console.log(engine.tier, engine.stats().reasons.length, engine.stats().reasons[0]);
}
