/**
 * Time of the verifier, decoding of the container not included. `ns per instruction` follows from
 * the counts in the names. Run with `deno bench --allow-read bench/verify_bench.ts`.
 *
 * @module
 */
import { decodeProgram } from "../src/tape/decode.ts";
import { lint } from "../src/tape/lint.ts";
import { verify } from "../src/tape/verify.ts";
import { VerifyError } from "../src/tape/verify_error.ts";
import { func, type Line, program } from "../tests/tape/verify_helpers.ts";

const corpus = new URL("../tests/corpus/extape/p/", import.meta.url);

for (const name of ["straight", "many_funcs", "mandelbrot", "array_scan"]) {
  const decoded = decodeProgram(Deno.readFileSync(new URL(`perf_${name}.etp`, corpus)));
  const count = verify(decoded).functions.reduce((sum, { code }) => sum + code.count, 0);
  Deno.bench(`corpus: ${name}, ${count} instructions`, { group: "corpus" }, () => {
    verify(decoded);
  });
}

/** `blocks` blocks in a row, each a branch to the next or back, over `regs` registers. */
function manyBlocks(blocks: number, regs: number, spoil: boolean): Line[] {
  const lines: Line[] = [["const.bool", 1, true]];
  for (let r = 2; r < regs; r++) lines.push(["const.i64", r, 1]);
  lines.push(["jmp", "@b0"]);
  for (let b = 0; b < blocks; b++) {
    const r = 2 + (b % (regs - 2));
    lines.push(`b${b}:`, ["i64.add", r, r, 2]);
    if (b === blocks - 1) lines.push(spoil ? ["const.u64", r, 1] : ["nop"], ["ret", 0, []]);
    else lines.push(["br", 1, `@b${b + 1}`, `@b${b - b % 7}`]);
  }
  return lines;
}

/** Each register is first written in its own block and read in the next one. */
function staircase(blocks: number): Line[] {
  const lines: Line[] = [["const.bool", 1, true], ["const.i64", 2, 1], ["jmp", "@b0"]];
  for (let b = 0; b < blocks; b++) {
    lines.push(`b${b}:`, ["i64.add", b + 3, b + 2, b + 2]);
    lines.push(b === blocks - 1 ? ["ret", 0, []] : ["br", 1, `@b${b + 1}`, `@b${b - b % 5}`]);
  }
  return lines;
}

const large: [string, Line[]][] = [
  [
    "straight line, 100,000 instructions",
    [
      ["const.i64", 1, 1],
      ...Array.from({ length: 99_998 }, (_, k): Line => ["i64.add", 1 + k % 2, 1, 1]),
      ["ret", 0, []],
    ],
  ],
  ["30,000 blocks, 40 registers, 60,000 instructions", manyBlocks(30_000, 40, false)],
  ["30,000 blocks, 60,000 registers, 120,000 instructions", manyBlocks(30_000, 60_000, false)],
  ["the same, one type wrong at the end", manyBlocks(30_000, 60_000, true)],
  ["30,000 blocks, each with a register of its own", staircase(30_000)],
];

for (const [name, lines] of large) {
  const built = program([func({ regCount: 65_536, lines })]);
  Deno.bench(`large: ${name}`, { group: "large" }, () => {
    try {
      verify(built);
    } catch (error) {
      if (!(error instanceof VerifyError)) throw error;
    }
  });
}

const linted = verify(program([func({ regCount: 65_536, lines: staircase(30_000) })]));
Deno.bench("lint: 30,000 blocks, each with a register of its own", () => {
  lint(linted);
});
