/**
 * The recorded corpus through the front end: lowered, evaluated as IR, compared with the reference;
 * small runs with every amount of fuel and memory, compared with the interpreter.
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
import { decodeProgram } from "../../src/tape/decode.ts";
import type { Value } from "../../src/tape/value.ts";
import { verify } from "../../src/tape/verify.ts";
import { corpusEntries, type CorpusEntry, entryBytes } from "../harness/corpus.ts";
import { IrProgram, runIr } from "./run_ir.ts";

/** The evaluator is slow: longer runs are left to the tiers that run code. */
const MAX_FUEL = 20_000;
/** The evaluator recurses: no run may need more levels than JavaScript has. */
const MAX_DEPTH = 1_000;
const MAX_MEMORY = 2 ** 31;

const programs = new Map<string, IrProgram>();

function programOf(entry: CorpusEntry): IrProgram {
  const key = entry.edit === undefined ? entry.file : entry.id;
  let program = programs.get(key);
  if (program === undefined) {
    program = new IrProgram(verify(decodeProgram(entryBytes(entry))));
    programs.set(key, program);
  }
  return program;
}

interface Run {
  readonly entry: CorpusEntry;
  readonly program: IrProgram;
  readonly args: readonly Value[];
  readonly limits: Partial<Limits>;
}

/** The entries that reach code, and why the others do not. */
function collect(): { runs: Run[]; skipped: Record<string, number> } {
  const runs: Run[] = [];
  const skipped = { long: 0, deep: 0, rejectedAtEntry: 0, notLowered: 0 };
  for (const entry of corpusEntries()) {
    const { expect } = entry;
    if (expect.ok === undefined && expect.trap === undefined) continue; // does not verify
    const program = programOf(entry), args = entry.args.map(parseManifestValue);
    if (checkEntry(program.verified.program, entry.func, args)) skipped.rejectedAtEntry++;
    else if (!program.lowerAll()) skipped.notLowered++;
    else if (Number(expect.fuelUsed) > MAX_FUEL) skipped.long++;
    else if ((entry.limits?.depth ?? 0) > MAX_DEPTH) skipped.deep++;
    else runs.push({ entry, program, args, limits: parseManifestLimits(entry.limits) });
  }
  return { runs, skipped };
}

const { runs, skipped } = collect();

/** The outcome of the IR and, if asked for, of the interpreter, with other limits. */
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

Deno.test(`recorded outcomes: ${runs.length} runs; skipped ${JSON.stringify(skipped)}`, () => {
  assert(runs.length > 3000);
  for (const run of runs) check(run, run.entry.expect, outcomeOf(run, {}, "ir"));
});

Deno.test("small recorded runs with every amount of fuel", () => {
  let tried = 0;
  runs.forEach((run, k) => {
    const used = Number(run.entry.expect.fuelUsed);
    if (used > 60 || k % 7 !== 0) return;
    for (let fuel = 0; fuel <= used + 1; fuel++) {
      const limits = { fuel: BigInt(fuel) };
      const expected = outcomeOf(run, limits, "interpreter");
      check(run, expected, outcomeOf(run, limits, "ir"), `with fuel ${fuel}`);
    }
    tried++;
  });
  assert(tried > 200, `only ${tried} runs`);
});

Deno.test("small recorded runs with little memory", () => {
  let tried = 0, trapped = 0;
  runs.forEach((run, k) => {
    if (Number(run.entry.expect.fuelUsed) > 300 || k % 5 !== 0) return;
    for (const maxMemory of [0, 8, 23, 40, 64, 100, 200, 400, 1000]) {
      const expected = outcomeOf(run, { maxMemory }, "interpreter");
      const { trap } = expected as { trap?: { kind: string; pc: number } };
      if (trap?.kind === "MemoryLimitExceeded") {
        // Arguments that do not fit are the engine's business.
        if (trap.pc === 0) continue;
        trapped++;
      }
      check(run, expected, outcomeOf(run, { maxMemory }, "ir"), `with ${maxMemory} bytes`);
      tried++;
    }
  });
  assert(tried > 500, `only ${tried} runs`);
  assert(trapped > 100, `only ${trapped} traps`);
});

Deno.test("small recorded runs with every call depth up to 3 and few host calls", () => {
  let tried = 0;
  runs.forEach((run, k) => {
    if (Number(run.entry.expect.fuelUsed) > 2000 || k % 5 !== 0) return;
    for (let n = 0; n <= 3; n++) {
      const limits = { maxCallDepth: n, maxHostCalls: BigInt(n) };
      const expected = outcomeOf(run, limits, "interpreter");
      check(run, expected, outcomeOf(run, limits, "ir"), `with depth ${n}, ${n} host calls`);
      tried++;
    }
  });
  assert(tried > 500, `only ${tried} runs`);
});
