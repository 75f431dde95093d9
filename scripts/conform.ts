/**
 * The conformance runner: runs every entry of a manifest of recorded outcomes in one tier and says
 * where Burin differs.
 *
 *     deno task conform --manifest FILE.jsonl [--tier TIER] [--out FILE.jsonl] [--filter REGEX]
 *
 * Program paths are relative to the manifest. Entries without `expect` are run and written, not
 * compared. Exits with 0 when nothing failed, 1 when something did, 2 on wrong usage.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { createHost, DecodeError, decodeProgram, Engine } from "../mod.ts";
import { type EngineStats, TIERS, type VerifiedProgram, verify, VerifyError } from "../mod.ts";
import {
  applyEdit,
  type ManifestEntry,
  manifestOutcome,
  parseManifestLimits,
  parseManifestValue,
  sameOutcome,
} from "./manifest.ts";
import { createStandardHost } from "./standard_host.ts";

/** What one entry came to: the outcome in the manifest's form. */
export type Actual = Record<string, unknown>;

/** Runs entries of one manifest; keeps decoded programs between entries of one file. */
export class ConformanceRunner implements Disposable {
  readonly #engine: Engine;
  readonly #folder: URL;
  readonly #files = new Map<string, Uint8Array>();
  readonly #programs = new Map<string, VerifiedProgram>();

  /** A runner for a manifest in `folder`; `engine` is disposed of with it. */
  constructor(folder: URL, engine: Engine) {
    this.#engine = engine;
    this.#folder = folder;
  }

  /** What the engine did so far. */
  get stats(): EngineStats {
    return this.#engine.stats();
  }

  /** Frees what the engine holds. */
  [Symbol.dispose](): void {
    this.#engine[Symbol.dispose]();
  }

  #load(entry: ManifestEntry): VerifiedProgram {
    let bytes = this.#files.get(entry.file);
    if (bytes === undefined) {
      bytes = Deno.readFileSync(new URL(entry.file, this.#folder));
      this.#files.set(entry.file, bytes);
    }
    if (entry.edit !== undefined) return verify(decodeProgram(applyEdit(bytes, entry.edit)));
    let program = this.#programs.get(entry.file);
    if (program === undefined) {
      program = verify(decodeProgram(bytes));
      this.#programs.set(entry.file, program);
    }
    return program;
  }

  /** The outcome of one entry. */
  run(entry: ManifestEntry): Actual {
    let program: VerifiedProgram;
    try {
      program = this.#load(entry);
    } catch (error) {
      if (error instanceof DecodeError) return { decodeError: error.toJSON() };
      if (error instanceof VerifyError) return { verifyError: error.detail };
      throw error;
    }
    const { functions, log } = createStandardHost();
    using instance = this.#engine.load(program, createHost(functions));
    const outcome = instance.run(
      entry.func ?? 0,
      (entry.args ?? []).map(parseManifestValue),
      // The reference has no memory limit; recorded runs stay far below this one.
      { limits: { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 } },
    );
    return manifestOutcome(outcome, log) as unknown as Actual;
  }
}

/** Whether `actual` is what the entry expects. */
export function matches(entry: ManifestEntry, actual: Actual): boolean {
  if (entry.expect === undefined) return true;
  // The reference itself crashes on these inputs: refusing them is right.
  if ("crash" in entry.expect) return "decodeError" in actual || "verifyError" in actual;
  return sameOutcome(entry.expect, actual, entry.nan === "exact");
}

function usage(message: string): never {
  console.error(`conform: ${message}`);
  console.error(
    "usage: deno task conform --manifest FILE.jsonl [--tier TIER] [--out FILE.jsonl] [--filter REGEX]",
  );
  Deno.exit(2);
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["manifest", "tier", "out", "filter"],
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
  const path = Deno.realPathSync(args.manifest);
  using runner = new ConformanceRunner(
    new URL(".", `file://${encodeURI(path)}`),
    await Engine.open({ tier }),
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
