/**
 * What a tier does beyond the recorded outcomes, seen through the public module alone: asynchronous
 * host functions, signals, timeouts, turns of the event loop. Runs in a browser and in Deno without
 * permissions, and gives plain data to compare.
 *
 * @module
 */
import {
  assemble,
  createHost,
  Engine,
  hostFunction,
  i64,
  type Instance,
  type Outcome,
  outcomeToJson,
  type Tier,
  unwrap,
  verify,
} from "../../mod.ts";
import { FIB } from "../harness/sources.ts";

/** What a tier did, by what was tried. */
export type Observations = Record<string, unknown>;

const PROGRAM = verify(assemble(`
host t.later(i64) -> (i64)

${FIB}

func divide(a: i64, b: i64) -> (i64) {
  c = i64.div a, b
  ret c
}

func text(n: i64) -> (str) {
  s = const.pool "é"
  one = const.i64 1
  zero = const.i64 0
  jmp loop
loop:
  s = str.concat s, s
  n = i64.sub n, one
  more = i64.gt n, zero
  br more, loop, done
done:
  ret s
}

func waits(n: i64) -> (i64) {
  one = const.i64 1
  zero = const.i64 0
  last = i64.le n, zero
  br last, stop, go
go:
  m = i64.sub n, one
  x = call waits(m)
  y = host_call t.later(x)
  z = i64.add y, n
  ret z
stop:
  ret zero
}

func forever() -> () {
  jmp loop
loop:
  jmp loop
}
`));

const ENDLESS = { fuel: 2n ** 64n - 1n };
/** Milliseconds in which a run gets to its first host call, even on a busy machine. */
const SHORT = 40;
/** Runs that wait at once; a browser's process has room for little more than 100 memories. */
const WAITING = 12;

function later(n: bigint): Promise<bigint> {
  return new Promise((resolve) => setTimeout(resolve, 1, n + 1n));
}

/** How a run ended that had to be ended: the trap, and what caused it. */
function end(outcome: Outcome): unknown {
  if (outcome.ok) return outcomeToJson(outcome);
  const { kind, cause } = outcome.trap as { kind: string; cause?: unknown };
  if (cause === undefined) return kind;
  // Runtimes word their own errors differently.
  if (cause instanceof DOMException) return `${kind} by ${cause.name}`;
  return `${kind} by ${cause}`;
}

/** Tries everything in one tier. */
export async function observe(tier: Tier): Promise<Observations> {
  using engine = await Engine.open({ tier, thresholds: { interval: 0, looks: 1 } });
  const load = (host: (n: bigint) => bigint | Promise<bigint>): Instance =>
    engine.load(
      PROGRAM,
      createHost([hostFunction({ symbol: "t.later", args: ["i64"], results: ["i64"] }, host)]),
    );
  using instance = load(later);
  const observed: Observations = {
    result: outcomeToJson(instance.run("fib", [i64(15)])),
    sameAgain: outcomeToJson(instance.run("fib", [i64(15)])),
    trap: outcomeToJson(instance.run("divide", [i64(1), i64(0)])),
    fuel: outcomeToJson(instance.run("fib", [i64(15)], { limits: { fuel: 1000n } })),
    depth: outcomeToJson(instance.run("fib", [i64(15)], { limits: { maxCallDepth: 7 } })),
    text: outcomeToJson(instance.run("text", [i64(2)])),
    memory: end(instance.run("text", [i64(40)], { limits: { maxMemory: 1 << 22 } })),
    waited: outcomeToJson(await instance.runAsync("waits", [i64(5)])),
    refused: end(instance.run("waits", [i64(1)])),
  };

  const waiting: [Promise<Outcome>, resolve: (value: bigint) => void][] = [];
  for (let k = 0; k < WAITING; k++) {
    const { promise, resolve } = Promise.withResolvers<bigint>();
    waiting.push([load(() => promise).runAsync("waits", [i64(1)]), resolve]);
  }
  waiting.toReversed().forEach(([, resolve], k) => resolve(BigInt(k)));
  const results = await Promise.all(waiting.map(([outcome]) => outcome));
  observed.order = results.map((outcome) => unwrap(outcome)[0]).map((value) =>
    value.type === "i64" ? Number(value.value) : value
  );

  using failing = load(() => Promise.reject(new Error("no answer")));
  observed.rejected = end(await failing.runAsync("waits", [i64(1)]));

  using silent = load(() => new Promise(() => {}));
  const signal = (): AbortSignal => AbortSignal.timeout(SHORT);
  const late = { limits: ENDLESS, timeout: SHORT };
  observed.aborted = [
    end(await instance.runAsync("forever", [], { limits: ENDLESS, signal: signal() })),
    end(await silent.runAsync("waits", [i64(1)], { signal: signal() })),
  ];
  observed.timedOut = [
    end(instance.run("forever", [], late)),
    end(await instance.runAsync("forever", [], late)),
    end(await silent.runAsync("waits", [i64(1)], late)),
  ];

  const controller = new AbortController();
  let ticks = 0;
  const timer = setInterval(() => ++ticks === 3 && controller.abort("the third tick"), 1);
  observed.turns = end(
    await instance.runAsync("forever", [], {
      limits: ENDLESS,
      yieldEvery: 10_000,
      signal: controller.signal,
    }),
  );
  clearInterval(timer);
  observed.slices = outcomeToJson(await instance.runAsync("fib", [i64(15)], { yieldEvery: 100 }));
  return observed;
}

/** Why there is no machine code here: by asking for it, and as tier `"auto"` tells. */
export function whyNotNative(): { readonly error: string; readonly reasons: readonly string[] } {
  let message = "";
  try {
    new Engine({ tier: "native" })[Symbol.dispose]();
  } catch (error) {
    message = (error as Error).message;
  }
  using engine = new Engine({ tier: "auto" });
  return { error: message, reasons: engine.stats().reasons };
}
