/**
 * What a host call costs, by leaving machine code and entering it again, by a callback, and from the
 * interpreter. A figure is the time of a loop that makes the call less that of the same loop without
 * it, so it includes the host function, which is named beside it and does next to nothing. All host
 * functions are called in one process and in turns: what V8 knows of one place where many functions
 * are called is what counts. `deno bench -A bench/host_bench.ts` for Deno's own report; `deno run -A
 * bench/host_bench.ts --table [--runs=N]` prints medians of N rounds in nanoseconds a call.
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
  str,
  type Value,
  verify,
} from "../mod.ts";

/** Calls in one run: a fraction of a millisecond, which other processes seldom interrupt. */
const CALLS = 5_000;

const FUEL = 2n ** 62n;
const limits = { fuel: FUEL, maxHostCalls: FUEL };

/** A loop around `body`, which may use and change the register `x`. */
function loop(name: string, type: string, body: string): string {
  return `
  func ${name}(n: i64, x: ${type}) -> (${type}) {
    one = const.i64 1
    zero = const.i64 0
    jmp loop
  loop:
    ${body}
    n = i64.sub n, one
    more = i64.gt n, zero
    br more, loop, done
  done:
    ret x
  }`;
}

interface Case {
  /** Symbol and types. */
  readonly declaration: string;
  /** Source of the host function. */
  readonly does: string;
  readonly call: string;
  /** The type of the loop's register and what it starts with. */
  readonly type: string;
  readonly start: Value;
}

const number = i64(1_000_000_007);
const CASES: Record<string, Case> = {
  nothing: {
    declaration: "h.nothing() -> ()",
    does: "() => {}",
    call: "host_call h.nothing()",
    type: "i64",
    start: number,
  },
  same: {
    declaration: "h.same(i64) -> (i64)",
    does: "(x) => x",
    call: "x = host_call h.same(x)",
    type: "i64",
    start: number,
  },
  constant: {
    declaration: "h.constant() -> (i64)",
    does: "() => 7n",
    call: "x = host_call h.constant()",
    type: "i64",
    start: number,
  },
  first: {
    declaration: "h.first(i64, i64) -> (i64)",
    does: "(a, b) => a",
    call: "x = host_call h.first(x, n)",
    type: "i64",
    start: number,
  },
  float: {
    declaration: "h.float(f64) -> (f64)",
    does: "(x) => x",
    call: "x = host_call h.float(x)",
    type: "f64",
    start: { type: "f64", bits: 0x3ff8_0000_0000_0000n },
  },
  flag: {
    declaration: "h.flag(i64) -> (bool)",
    does: "(x) => true",
    call: "y = host_call h.flag(x)",
    type: "i64",
    start: number,
  },
  text: {
    declaration: "h.text(str) -> (i64)",
    does: '() => 7n, of "sixteen letters."',
    call: "y = host_call h.text(x)",
    type: "str",
    start: str("sixteen letters."),
  },
};

const program = verify(assemble(
  Object.values(CASES).map(({ declaration }) => `host ${declaration}`).join("\n") +
    Object.entries(CASES).map(([name, { type, call }]) => {
      return loop(name, type, call) + loop(`${name}_without`, type, "");
    }).join("\n"),
));

const host = createHost([
  hostFunction({ symbol: "h.nothing", args: [], results: [] }, () => {}),
  hostFunction({ symbol: "h.same", args: ["i64"], results: ["i64"] }, (x) => x),
  hostFunction({ symbol: "h.constant", args: [], results: ["i64"] }, () => 7n),
  hostFunction({ symbol: "h.first", args: ["i64", "i64"], results: ["i64"] }, (a) => a),
  hostFunction({ symbol: "h.float", args: ["f64"], results: ["f64"] }, (x) => x),
  hostFunction({ symbol: "h.flag", args: ["i64"], results: ["bool"] }, () => true),
  hostFunction({ symbol: "h.text", args: ["str"], results: ["i64"] }, () => 7n),
]);

/** How host calls are made, and by which engine. */
const ROUTES: Record<string, () => Engine> = {
  "re-entry": () => new Engine({ tier: "native", hostCalls: "reenter" }),
  callback: () => new Engine({ tier: "native", hostCalls: "callback" }),
  interp: () => new Engine({ tier: "interp" }),
};

function run(instance: Instance, func: string, { start }: Case): void {
  const outcome = instance.run(func, [i64(CALLS), start], { limits });
  if (!outcome.ok) throw new Error(`${func}: ${outcome.trap.kind}`);
}

function milliseconds(instance: Instance, func: string, test: Case): number {
  const start = performance.now();
  run(instance, func, test);
  return performance.now() - start;
}

function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function table(runs: number): void {
  const engines = Object.values(ROUTES).map((open) => open());
  const instances = engines.map((engine) => engine.load(program, host));
  const samples = new Map(
    Object.keys(CASES).map((name) => [name, instances.map(() => [] as number[])]),
  );
  // The first rounds are V8's to compile.
  const warmUp = 50;
  for (let round = 0; round < warmUp + runs; round++) {
    for (const [name, test] of Object.entries(CASES)) {
      instances.forEach((instance, k) => {
        const without = milliseconds(instance, `${name}_without`, test);
        const all = milliseconds(instance, name, test);
        if (round >= warmUp) samples.get(name)![k].push((all - without) * 1e6 / CALLS);
      });
    }
  }
  console.log(
    "host call, ns".padEnd(30) + Object.keys(ROUTES).map((name) => name.padStart(10)).join("") +
      "   host function",
  );
  for (const [name, { declaration, does }] of Object.entries(CASES)) {
    const figures = samples.get(name)!.map((list) => median(list).toFixed(1).padStart(10));
    console.log(`${declaration.padEnd(30)}${figures.join("")}   ${does}`);
  }
  for (const engine of engines) engine[Symbol.dispose]();
}

if (Deno.args.includes("--table")) {
  table(Number(/--runs=(\d+)/.exec(Deno.args.join(" "))?.[1] ?? 100));
}

for (const [name, test] of Object.entries(CASES)) {
  for (const [route, open] of Object.entries(ROUTES)) {
    let instance: Instance | undefined;
    Deno.bench({
      name: `${CALLS} times ${test.declaration}, ${route}`,
      group: name,
      baseline: route === "re-entry",
    }, () => {
      // Opened on first use: benchmarks are registered where machine code can't run, too.
      instance ??= open().load(program, host);
      run(instance, name, test);
    });
  }
}
