/**
 * Speed of the interpreter on the corpus's performance programs, against the reference interpreter's
 * recorded times (`tests/corpus/extape/reference-timings.md`).
 *
 *     deno bench -A bench/interp_bench.ts                        one benchmark a program
 *     deno run -A bench/interp_bench.ts --table [--runs=N] [NAME...]   ns an instruction, side by side
 *
 * The table gives the median and the best of N runs in a fresh instance each, load and verification
 * not included, like the reference's.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import {
  type ManifestEntry,
  parseManifest,
  parseManifestLimits,
  parseManifestValue,
} from "../scripts/manifest.ts";
import { createStandardHost } from "../scripts/standard_host.ts";
import { createInterpreter } from "../src/interp/interpreter.ts";
import { decodeProgram } from "../src/tape/decode.ts";
import { type VerifiedProgram, verify } from "../src/tape/verify.ts";

const FOLDER = new URL("../tests/corpus/extape/", import.meta.url);

interface Program {
  readonly name: string;
  readonly entry: ManifestEntry;
  readonly verified: VerifiedProgram;
  readonly instructions: number;
  /** The reference's nanoseconds an instruction: median. */
  readonly reference: number;
}

function loadPrograms(names: readonly string[]): Program[] {
  const timings = Deno.readTextFileSync(new URL("reference-timings.md", FOLDER));
  const rows = new Map<string, number>();
  for (const line of timings.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    if (/^[0-9.]+$/.test(cells[7] ?? "")) rows.set(cells[1], Number(cells[7]));
  }
  const programs: Program[] = [];
  for (const entry of parseManifest(Deno.readTextFileSync(new URL("manifest.jsonl", FOLDER)))) {
    if (entry.perf !== true) continue;
    const name = entry.file.replace(/^p\/perf_|\.etp$/g, "");
    if (names.length > 0 && !names.includes(name)) continue;
    programs.push({
      name,
      entry,
      verified: verify(decodeProgram(Deno.readFileSync(new URL(entry.file, FOLDER)))),
      instructions: Number(entry.expect!.fuelUsed),
      reference: rows.get(name)!,
    });
  }
  return programs;
}

/** Runs a program once in a fresh instance; returns the milliseconds it took. */
function time({ verified, entry }: Program): number {
  const instance = createInterpreter(verified, createStandardHost().host);
  const args = entry.args!.map(parseManifestValue);
  const options = { limits: { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 } };
  const start = performance.now();
  const outcome = instance.run(entry.func!, args, options);
  const milliseconds = performance.now() - start;
  if (!outcome.ok) throw new Error(`${entry.file} trapped: ${outcome.trap.kind}`);
  return milliseconds;
}

function table(programs: readonly Program[], runs: number): void {
  const times = programs.map((): number[] => []);
  for (let run = 0; run < runs; run++) {
    programs.forEach((program, k) => times[k].push(time(program)));
  }
  let logSum = 0;
  let logReference = 0;
  console.log("| program | ns/instr (median) | ns/instr (min) | reference | speed-up |");
  console.log("|---|---:|---:|---:|---:|");
  programs.forEach(({ name, instructions, reference }, k) => {
    const sorted = times[k].map((ms) => ms * 1e6 / instructions).sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    logSum += Math.log(median);
    logReference += Math.log(reference);
    console.log(
      `| ${name} | ${median.toFixed(2)} | ${sorted[0].toFixed(2)} | ${reference.toFixed(2)} | ` +
        `${(reference / median).toFixed(2)} |`,
    );
  });
  const mean = Math.exp(logSum / programs.length);
  const meanReference = Math.exp(logReference / programs.length);
  console.log(
    `| geometric mean | ${mean.toFixed(2)} | | ${meanReference.toFixed(2)} | ` +
      `${(meanReference / mean).toFixed(2)} |`,
  );
}

const flags = parseArgs(Deno.args, { boolean: ["table"], string: ["runs"] });
const programs = loadPrograms(flags._.map(String));
if (flags.table) table(programs, Number(flags.runs ?? 5));
else {
  for (const program of programs) {
    Deno.bench(`interpreter: ${program.name}`, { group: program.name, n: 3, warmup: 1 }, () => {
      time(program);
    });
  }
}
