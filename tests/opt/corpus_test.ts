/**
 * The recorded corpus through the front end and the optimiser: lowered, optimised with a check after
 * each pass, evaluated as IR, compared with the reference; small runs with every amount of fuel,
 * compared with the interpreter.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  manifestOutcome,
  parseManifestLimits,
  parseManifestValue,
  sameOutcome,
} from "../../scripts/manifest.ts";
import { createStandardHost } from "../../scripts/standard_host.ts";
import { checkEntry } from "../../src/interp/entry.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import type { Limits } from "../../src/interp/limits.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import type { Value } from "../../src/tape/value.ts";
import { verify } from "../../src/tape/verify.ts";
import { IrProgram, runIr } from "../front/run_ir.ts";
import { corpusEntries, type CorpusEntry, entryBytes } from "../harness/corpus.ts";

/** The evaluator is slow: longer runs are left to the tiers that run code. */
const MAX_FUEL = 20_000;
/** The evaluator recurses: no run may need more levels than JavaScript has. */
const MAX_DEPTH = 1_000;
const MAX_MEMORY = 2 ** 31;

const programs = new Map<string, IrProgram | undefined>();

/** The optimised program of an entry, undefined if it cannot be lowered. */
function programOf(entry: CorpusEntry): IrProgram | undefined {
  const key = entry.edit === undefined ? entry.file : entry.id;
  if (!programs.has(key)) programs.set(key, prepare(entry));
  return programs.get(key);
}

function prepare(entry: CorpusEntry): IrProgram | undefined {
  const verified = verify(decodeProgram(entryBytes(entry)));
  const program = new IrProgram(verified), inlined = new IrProgram(verified);
  if (!program.lowerAll()) return undefined;
  program.functions.forEach((func, index) =>
    optimize(func!, {
      index,
      functions: (k) => inlined.func(k),
      onPass: (name, f) => assertValid(f, `${name} of ${entry.file}`, { rejectUnreachable: true }),
    })
  );
  return program;
}

interface Run {
  readonly entry: CorpusEntry;
  readonly program: IrProgram;
  readonly args: readonly Value[];
  readonly limits: Partial<Limits>;
}

function collect(): Run[] {
  const runs: Run[] = [];
  for (const entry of corpusEntries()) {
    const { expect } = entry;
    if (expect.ok === undefined && expect.trap === undefined) continue; // does not verify
    if (Number(expect.fuelUsed) > MAX_FUEL || (entry.limits?.depth ?? 0) > MAX_DEPTH) continue;
    const program = programOf(entry), args = entry.args.map(parseManifestValue);
    if (program === undefined || checkEntry(program.verified.program, entry.func, args)) continue;
    runs.push({ entry, program, args, limits: parseManifestLimits(entry.limits) });
  }
  return runs;
}

const runs = collect();

function outcomeOf(run: Run, limits: Partial<Limits>, tier: "ir" | "interpreter"): unknown {
  const { host, log } = createStandardHost(), { entry, program, args } = run;
  const all = { ...run.limits, maxMemory: MAX_MEMORY, ...limits };
  const outcome = tier === "ir"
    ? runIr(program, entry.func, args, all, host)
    : createInterpreter(program.verified, host).run(entry.func, args, { limits: all });
  return manifestOutcome(outcome, log);
}

function check({ entry }: Run, expected: unknown, actual: unknown, what = ""): void {
  if (sameOutcome(expected, actual, entry.nan === "exact")) return;
  assertEquals(actual, expected, `${entry.id} (${entry.tag}) ${what}`);
  throw new Error(`${entry.id}: outcomes differ in a NaN`);
}

Deno.test(`recorded outcomes of ${runs.length} runs`, () => {
  assert(runs.length > 3000);
  for (const run of runs) check(run, run.entry.expect, outcomeOf(run, {}, "ir"));
});

Deno.test("small recorded runs with every amount of fuel", () => {
  let tried = 0;
  runs.forEach((run, k) => {
    const used = Number(run.entry.expect.fuelUsed);
    if (used > 60 || k % 7 !== 3) return;
    for (let fuel = 0; fuel <= used + 1; fuel++) {
      const limits = { fuel: BigInt(fuel) };
      const expected = outcomeOf(run, limits, "interpreter");
      check(run, expected, outcomeOf(run, limits, "ir"), `with fuel ${fuel}`);
    }
    tried++;
  });
  assert(tried > 200, `only ${tried} runs`);
});

Deno.test("small recorded runs with every call depth up to 3", () => {
  let tried = 0;
  runs.forEach((run, k) => {
    if (Number(run.entry.expect.fuelUsed) > 2000 || k % 5 !== 1) return;
    for (let maxCallDepth = 0; maxCallDepth <= 3; maxCallDepth++) {
      const limits = { maxCallDepth };
      const expected = outcomeOf(run, limits, "interpreter");
      check(run, expected, outcomeOf(run, limits, "ir"), `with depth ${maxCallDepth}`);
      tried++;
    }
  });
  assert(tried > 500, `only ${tried} runs`);
});
