/**
 * Runs every recorded entry that decodes and verifies and compares the whole outcome.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  applyEdit,
  manifestOutcome,
  type ManifestEntry,
  parseManifest,
  parseManifestLimits,
  parseManifestValue,
  sameOutcome,
} from "../../scripts/manifest.ts";
import { createStandardHost } from "../../scripts/standard_host.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import { verify, type VerifiedProgram } from "../../src/tape/verify.ts";

const FOLDER = new URL("../corpus/extape/", import.meta.url);
const ENTRIES = parseManifest(Deno.readTextFileSync(new URL("manifest.jsonl", FOLDER)));
const programs = new Map<string, VerifiedProgram>();

function load(entry: ManifestEntry): VerifiedProgram {
  const key = entry.file + JSON.stringify(entry.edit ?? null);
  let program = programs.get(key);
  if (program === undefined) {
    const bytes = Deno.readFileSync(new URL(entry.file, FOLDER));
    program = verify(decodeProgram(entry.edit ? applyEdit(bytes, entry.edit) : bytes));
    programs.set(key, program);
  }
  return program;
}

const runs = ENTRIES.filter(({ expect }) => expect && ("ok" in expect || "trap" in expect));

for (const category of ["a", "b", "c", "d"]) {
  const entries = runs.filter(({ cat }) => cat === category);
  Deno.test(`recorded outcomes of category ${category}: ${entries.length} runs`, () => {
    assert(entries.length > 0);
    for (const entry of entries) {
      const { host, log } = createStandardHost();
      const outcome = createInterpreter(load(entry), host).run(
        entry.func ?? 0,
        (entry.args ?? []).map(parseManifestValue),
        { limits: { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 } },
      );
      const actual = manifestOutcome(outcome, log);
      if (!sameOutcome(entry.expect, actual, entry.nan === "exact")) {
        assertEquals(actual as unknown, entry.expect as unknown, `${entry.id} (${entry.tag})`);
        throw new Error(`${entry.id}: outcomes differ in a NaN`);
      }
    }
  });
}
