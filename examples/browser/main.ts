/**
 * Runs one program in the tiers that a browser has, and shows results, fuel and time. In the
 * project's folder, bundle it, start any server of files, and open `/examples/browser/`:
 *
 *     deno bundle --platform browser --code-splitting --outdir out examples/browser/main.ts
 *     python3 -m http.server 8000
 *
 * @module
 */
/// <reference lib="dom" />
import { assemble, Engine, formatValue, i64, unwrap, verify } from "@burin/burin";

const program = verify(assemble(`
  func fib(n: i64) -> (fib: i64) {
    two = const.i64 2
    small = i64.lt n, two
    br small, base, recurse
  base:
    ret n
  recurse:
    one = const.i64 1
    n1 = i64.sub n, one
    n2 = i64.sub n, two
    a = call fib(n1)
    b = call fib(n2)
    sum = i64.add a, b
    ret sum
  }
`));
const limits = { fuel: 100_000_000n };

function show(line: string): void {
  document.querySelector("pre")!.textContent += `${line}\n`;
}

for (const tier of ["interp", "wasm"] as const) {
  const start = performance.now();
  using engine = await Engine.open({ tier });
  using instance = engine.load(program);
  instance.compile();
  const opened = performance.now();
  const outcome = instance.run("fib", [i64(27)], { limits });
  const ran = performance.now();
  show(
    `${tier}: fib(27) = ${formatValue(unwrap(outcome)[0])}, ${outcome.fuelUsed} fuel, ` +
      `${(ran - opened).toFixed()} ms (${(opened - start).toFixed()} ms to open)`,
  );
}
using engine = new Engine();
show(engine.stats().reasons.join("\n"));
