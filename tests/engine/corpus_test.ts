/**
 * The recorded outcomes of the reference in every tier that this machine has.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Engine, type EngineOptions, TIERS } from "../../mod.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import { ConformanceRunner, matches } from "../../scripts/conform.ts";
import { parseManifest } from "../../scripts/manifest.ts";

const FOLDER = new URL("../corpus/extape/", import.meta.url);

async function check(options: EngineOptions): Promise<void> {
  const entries = parseManifest(Deno.readTextFileSync(new URL("manifest.jsonl", FOLDER)));
  using runner = new ConformanceRunner(FOLDER, await Engine.open(options));
  const failed: string[] = [];
  for (const entry of entries) {
    const actual = runner.run(entry);
    if (!matches(entry, actual)) {
      failed.push(`${entry.id}: ${JSON.stringify(entry.expect)} but ${JSON.stringify(actual)}`);
    }
  }
  assertEquals(failed, []);
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
