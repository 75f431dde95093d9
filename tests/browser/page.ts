/**
 * What `browser_test.ts` bundles and runs in a browser: the recorded outcomes in every tier there is,
 * asynchronous ones among them, and what `observe.ts` looks at. Fetches manifest and programs from the
 * test's server.
 *
 * @module
 */
import { Engine, type Tier } from "../../mod.ts";
import { ConformanceRunner, failure, matches } from "../../scripts/conformance.ts";
import { type ManifestEntry, parseManifest } from "../../scripts/manifest.ts";
import { type Observations, observe, whyNotNative } from "./observe.ts";

/** The tiers that a browser has. */
export const BROWSER_TIERS = ["interp", "wasm", "auto"] as const satisfies readonly Tier[];

/** Entries that are also run asynchronously: every so manieth. */
const ASYNC_STEP = 7;

/** What the recorded outcomes came to in one tier. */
export interface TierReport {
  readonly tier: Tier;
  /** Entries run, and run asynchronously. */
  readonly entries: number;
  readonly asyncEntries: number;
  /** A line about each outcome that is not the recorded one. */
  readonly failed: readonly string[];
  /** As `engine.stats()` says. */
  readonly reasons: readonly string[];
  readonly runs: number;
}

/** Everything the page found. */
export interface Report {
  readonly agent: string;
  /** Types of what a page must lack and have: `Deno`, and WebAssembly's promise integration. */
  readonly globals: readonly string[];
  readonly tiers: readonly TierReport[];
  readonly observed: Readonly<Record<string, Observations>>;
  readonly native: ReturnType<typeof whyNotNative>;
}

async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

async function conform(
  tier: Tier,
  entries: readonly ManifestEntry[],
  files: ReadonlyMap<string, Uint8Array>,
): Promise<TierReport> {
  // What can become hot is hot soon, but not before the interpreter has begun.
  const engine = await Engine.open({ tier, thresholds: { interval: 7, looks: 1 } });
  using runner = new ConformanceRunner((file) => files.get(file)!, engine);
  const failed = runner.failures(entries);
  const slow = entries.filter((_, k) => k % ASYNC_STEP === 0);
  for (const [k, entry] of slow.entries()) {
    const actual = await runner.runAsync(entry, k % 2 === 0 ? {} : { yieldEvery: 1000 });
    if (!matches(entry, actual)) failed.push(`asynchronously, ${failure(entry, actual)}`);
  }
  const { reasons, runs } = engine.stats();
  return { tier, entries: entries.length, asyncEntries: slow.length, failed, reasons, runs };
}

/** What tier wasm does in a worker. */
function observeInWorker(): Promise<Observations> {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  return new Promise<Observations>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(`in the worker: ${message}`));
  }).finally(() => worker.terminate());
}

/** Runs everything. */
export async function report(): Promise<Report> {
  const entries = parseManifest(await (await get("/corpus/manifest.jsonl")).text());
  const files = new Map<string, Uint8Array>();
  await Promise.all([...new Set(entries.map(({ file }) => file))].map(async (file) => {
    files.set(file, new Uint8Array(await (await get(`/corpus/${file}`)).arrayBuffer()));
  }));
  const tiers: TierReport[] = [];
  // First, while there is room: page and worker share one process, but not one garbage collector.
  const observed: Record<string, Observations> = { worker: await observeInWorker() };
  for (const tier of BROWSER_TIERS) {
    tiers.push(await conform(tier, entries, files));
    observed[tier] = await observe(tier);
  }
  const { Deno, WebAssembly } = globalThis as unknown as Record<string, Record<string, unknown>>;
  return {
    agent: navigator.userAgent,
    globals: [typeof Deno, typeof WebAssembly.Suspending],
    tiers,
    observed,
    native: whyNotNative(),
  };
}
