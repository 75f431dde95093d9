/**
 * The recorded corpus on A64: lowered and optimised as the native tier does it, compiled, run by qemu,
 * with exits answered here, and compared with the reference.
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
import { unsupported } from "../../src/front/tape.ts";
import { checkEntry } from "../../src/interp/entry.ts";
import type { Limits } from "../../src/interp/limits.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import type { Value } from "../../src/tape/value.ts";
import { type VerifiedProgram, verify } from "../../src/tape/verify.ts";
import { corpusEntries, type CorpusEntry, entryBytes } from "../harness/corpus.ts";
import { A64Machine, RUNS_A64 } from "../harness/run_a64.ts";
import { A64Tapes, LOWERING } from "../harness/tape_a64.ts";

/** qemu is slow, and a host call goes through two pipes. */
const MAX_FUEL = 2_000_000;
const MAX_HOST_CALLS = 200;
const MAX_DEPTH = 100_000;
const MAX_MEMORY = 2 ** 31;
const HEAP_BYTES = 1 << 29;

interface Run {
  readonly entry: CorpusEntry;
  readonly args: readonly Value[];
  readonly limits: Partial<Limits>;
}

/** The entries that reach code by program, and why the others do not. */
function collect() {
  const programs = new Map<string, { verified: VerifiedProgram; runs: Run[] }>();
  const skipped = { long: 0, chatty: 0, deep: 0, rejectedAtEntry: 0, notLowered: 0 };
  let count = 0;
  for (const entry of corpusEntries()) {
    const { expect } = entry;
    if (expect.ok === undefined && expect.trap === undefined) continue; // does not verify
    const key = entry.edit === undefined ? entry.file : entry.id;
    let program = programs.get(key);
    if (program === undefined) {
      program = { verified: verify(decodeProgram(entryBytes(entry))), runs: [] };
      programs.set(key, program);
    }
    const { verified, runs } = program;
    const args = entry.args.map(parseManifestValue);
    if (checkEntry(verified.program, entry.func, args)) skipped.rejectedAtEntry++;
    else if (verified.functions.some(({ func }) => unsupported(verified, func, LOWERING))) {
      skipped.notLowered++;
    } else if (Number(expect.fuelUsed) > MAX_FUEL) skipped.long++;
    else if (Number(expect.hostCalls ?? 0) > MAX_HOST_CALLS) skipped.chatty++;
    else if ((entry.limits?.depth ?? 0) > MAX_DEPTH) skipped.deep++;
    else {
      runs.push({ entry, args, limits: parseManifestLimits(entry.limits) });
      count++;
    }
  }
  return { programs: [...programs.values()].filter(({ runs }) => runs.length > 0), skipped, count };
}

const { programs, skipped, count } = RUNS_A64.ignore
  ? { programs: [], skipped: "all", count: 0 }
  : collect();

Deno.test({
  name: `recorded outcomes on A64: ${count} runs; skipped ${JSON.stringify(skipped)}`,
  ...RUNS_A64,
  fn: async () => {
    assert(count > 3500);
    await using machine = await A64Machine.start(HEAP_BYTES);
    const tapes = new A64Tapes(machine);
    for (const { verified, runs } of programs) {
      const code = tapes.compile(verified);
      for (const { entry, args, limits: given } of runs) {
        const { host, log } = createStandardHost();
        using instance = tapes.load(verified, host, code);
        const limits = { maxMemory: MAX_MEMORY, ...given };
        const outcome = await instance.run(entry.func, args, { limits });
        const actual: unknown = manifestOutcome(outcome, log);
        if (sameOutcome(entry.expect, actual, entry.nan === "exact")) continue;
        assertEquals(actual, entry.expect, `${entry.id} (${entry.tag})`);
        throw new Error(`${entry.id}: outcomes differ in a NaN`);
      }
    }
  },
});
