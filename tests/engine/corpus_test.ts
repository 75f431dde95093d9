/**
 * The recorded outcomes of the reference in every tier that this machine has.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Engine, type EngineOptions, TIERS } from "../../mod.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import { ConformanceRunner } from "../../scripts/conformance.ts";
import { parseManifest } from "../../scripts/manifest.ts";
import { corpusFile } from "../harness/corpus.ts";

const FOLDER = new URL("../corpus/extape/", import.meta.url);

async function check(options: EngineOptions): Promise<void> {
  const entries = parseManifest(Deno.readTextFileSync(new URL("manifest.jsonl", FOLDER)));
  using runner = new ConformanceRunner(corpusFile, await Engine.open(options));
  assertEquals(runner.failures(entries), []);
  assertEquals(entries.length, 5068);
}

const VARIANTS: EngineOptions[] = [
  ...TIERS.map((tier) => ({ tier })),
  { tier: "native", hostCalls: "callback" },
];

for (const options of VARIANTS) {
  const name = Object.values(options).join(", host calls by ");
  Deno.test(`all recorded outcomes in tier ${name}`, async () => {
    const support = nativeSupport();
    if ((options.tier === "native" || options.tier === "auto") && !support.supported) {
      console.log(`skipped: ${support.reason}`);
    } else await check(options);
  });
}
