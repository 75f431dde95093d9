/**
 * Cost of lowering bytecode to IR: whole corpus programs, and one long function of scalar code. Names
 * say how many bytecode instructions an iteration lowers; divide.
 *
 * @module
 */
import { lowerFunction, lowerLoop } from "../src/front/tape.ts";
import { assemble } from "../src/tape/assemble.ts";
import { decodeProgram } from "../src/tape/decode.ts";
import { type VerifiedProgram, verify } from "../src/tape/verify.ts";

const CORPUS = new URL("../tests/corpus/extape/p/", import.meta.url);

function lowerAll(verified: VerifiedProgram): void {
  for (const { func } of verified.functions) lowerFunction(verified, func, { requests: true });
}

function instructions(programs: readonly VerifiedProgram[]): number {
  return programs.flatMap((p) => p.functions).reduce((sum, { code }) => sum + code.count, 0);
}

function load(name: string): VerifiedProgram {
  return verify(decodeProgram(Deno.readFileSync(new URL(name, CORPUS))));
}

const small = [...Deno.readDirSync(CORPUS)].map(({ name }) => name)
  .filter((name) => /^(perf|hot|rnd)_/.test(name)).sort().map(load);

/** `loops` loops one after another, each of eight additions over eight registers. */
function longFunction(loops: number): VerifiedProgram {
  const lines = ["func main(n: i64) -> (i64) {", "  zero = const.i64 0", "  one = const.i64 1"];
  for (let v = 0; v < 8; v++) lines.push(`  v${v} = const.i64 ${v}`);
  for (let k = 0; k < loops; k++) {
    lines.push(`  i = mov zero`, `  jmp next${k}`, `next${k}:`);
    for (let v = 0; v < 8; v++) lines.push(`  v${v} = i64.add v${(v + k) % 8}, v${(v * 3) % 8}`);
    lines.push(`  i = i64.add i, one`, `  more = i64.lt i, n`, `  br more, next${k}, end${k}`);
    lines.push(`end${k}:`);
  }
  lines.push("  ret v0", "}");
  return verify(assemble(lines.join("\n")));
}

const long = longFunction(400);
const fib = verify(
  assemble(Deno.readTextFileSync(new URL("../examples/fib.tape", import.meta.url))),
);

Deno.bench(`${small.length} small programs, ${instructions(small)} instructions`, () => {
  small.forEach(lowerAll);
});

Deno.bench(`one function of 800 blocks, ${instructions([long])} instructions`, () => {
  lowerAll(long);
});

Deno.bench(`the same from its first loop on`, () => {
  lowerLoop(long, 0, 1);
});

Deno.bench(`recursive Fibonacci numbers, ${instructions([fib])} instructions`, () => {
  lowerAll(fib);
});
