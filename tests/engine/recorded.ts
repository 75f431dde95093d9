/**
 * Runs the recorded outcomes of the reference in one engine. Also a program of its own, which other
 * builds of Deno run: its arguments are `Variant`s as JSON, and for each it prints a `Report`.
 *
 * @module
 */
import { Engine, type EngineOptions, type EngineStats } from "../../mod.ts";
import { ConformanceRunner } from "../../scripts/conformance.ts";
import { type ManifestEntry, parseManifest } from "../../scripts/manifest.ts";
import { corpusFile } from "../harness/corpus.ts";

const MANIFEST = new URL("../corpus/extape/manifest.jsonl", import.meta.url);

/** Which entries run, and in what engine. */
export interface Variant {
  readonly engine: EngineOptions;
  /** Every how manieth entry runs; all of them unless given. */
  readonly every?: number;
  /** Whether only entries that call the host run. */
  readonly hosted?: boolean;
}

/** What became of a variant. */
export interface Report {
  /** Entries that ran. */
  readonly entries: number;
  /** Those whose outcome is not the recorded one, with both. */
  readonly failed: readonly string[];
  /** The engine's figures. */
  readonly stats: EngineStats;
}

/** All entries. */
export function recordedEntries(): ManifestEntry[] {
  return parseManifest(Deno.readTextFileSync(MANIFEST));
}

/** The entries of a variant. */
export function entriesOf({ every = 1, hosted = false }: Variant): ManifestEntry[] {
  return recordedEntries()
    .filter(({ expect }) => !hosted || expect?.hostCalls !== undefined)
    .filter((_, k) => k % every === 0);
}

/** Runs the entries of a variant. */
export async function runRecorded(variant: Variant): Promise<Report> {
  using runner = new ConformanceRunner(corpusFile, await Engine.open(variant.engine));
  const entries = entriesOf(variant);
  const failed = runner.failures(entries);
  return { entries: entries.length, failed, stats: runner.stats };
}

if (import.meta.main) {
  for (const variant of Deno.args) {
    console.log(JSON.stringify(await runRecorded(JSON.parse(variant))));
  }
}
