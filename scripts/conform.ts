/**
 * The conformance runner: runs every entry of a manifest of recorded outcomes in one tier and says
 * where Burin differs.
 *
 *     deno task conform --manifest FILE.jsonl [--tier TIER] [--no-native] [--out FILE.jsonl]
 *       [--filter REGEX]
 *
 * Program paths are relative to the manifest. Entries without `expect` are run and written, not
 * compared. Exits with 0 when nothing failed, 1 when something did, 2 on wrong usage.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { Engine, TIERS } from "../mod.ts";
import { type Actual, ConformanceRunner, matches } from "./conformance.ts";
import type { ManifestEntry } from "./manifest.ts";

function usage(message: string): never {
  console.error(`conform: ${message}`);
  console.error(
    "usage: deno task conform --manifest FILE.jsonl [--tier TIER] [--no-native] [--out FILE.jsonl] " +
      "[--filter REGEX]",
  );
  Deno.exit(2);
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["manifest", "tier", "out", "filter"],
    boolean: ["no-native"],
    unknown: (arg) => usage(`unknown argument ${arg}`),
  });
  if (!args.manifest) usage("--manifest is missing");
  const tier = TIERS.find((name) => name === (args.tier ?? "interp"));
  if (tier === undefined) usage(`--tier ${args.tier}: expected one of ${TIERS.join(", ")}`);
  let filter: RegExp | undefined;
  let text: string;
  try {
    if (args.filter !== undefined) filter = new RegExp(args.filter);
    text = Deno.readTextFileSync(args.manifest);
  } catch (error) {
    return usage((error as Error).message);
  }
  const folder = new URL(".", `file://${encodeURI(Deno.realPathSync(args.manifest))}`);
  using runner = new ConformanceRunner(
    (file) => Deno.readFileSync(new URL(file, folder)),
    await Engine.open({ tier, ...(args["no-native"] && { native: false }) }),
  );
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  using out = args.out === undefined
    ? undefined
    : Deno.openSync(args.out, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  const showProgress = Deno.stderr.isTerminal();
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  let buffered = "";
  const flush = () => {
    const bytes = encoder.encode(buffered);
    for (let at = 0; out !== undefined && at < bytes.length;) {
      at += out.writeSync(bytes.subarray(at));
    }
    buffered = "";
  };
  lines.forEach((line, index) => {
    const entry: ManifestEntry = JSON.parse(line);
    if (filter !== undefined && !filter.test(`${entry.id} ${entry.tag ?? ""} ${entry.file}`)) {
      skipped++;
      return;
    }
    let actual: Actual;
    try {
      actual = runner.run(entry);
    } catch (error) {
      actual = {
        error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      };
    }
    buffered += `${JSON.stringify({ id: entry.id, actual })}\n`;
    if (buffered.length > 1 << 16) flush();
    if (matches(entry, actual) && !("error" in actual)) passed++;
    else {
      failed++;
      if (failed <= 20) {
        console.error(`${showProgress ? "\r\x1b[K" : ""}FAILED ${entry.id} (${entry.tag ?? ""})`);
        console.error(`  expected ${JSON.stringify(entry.expect)}`);
        console.error(`  actual   ${JSON.stringify(actual)}`);
      }
    }
    if (showProgress && index % 50 === 0) {
      Deno.stderr.writeSync(encoder.encode(`\r${index + 1}/${lines.length}`));
    }
  });
  flush();
  if (showProgress) Deno.stderr.writeSync(encoder.encode("\r\x1b[K"));
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (failed > 0) Deno.exit(1);
}

if (import.meta.main) await main();
