/**
 * What instances cost, and that all of it comes back: many turns of loading, running and disposing,
 * in processes of their own (`footprint.ts`), after which the process is no larger than before.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import type { EngineOptions } from "../../mod.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import type { Action, Footprint, Scenario } from "./footprint.ts";

const MIB = 1 << 20;

/** Rounds in which code, pools and the collector's own memory reach their sizes. */
const WARM_UP = 3;

async function run(scenario: Scenario): Promise<Footprint[]> {
  const program = fileURLToPath(new URL("footprint.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", program, JSON.stringify(scenario)],
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

function footprintTest(name: string, engine: EngineOptions, body: () => Promise<void>): void {
  const route = engine.hostCalls === undefined ? "" : `, host calls by ${engine.hostCalls}`;
  Deno.test(`${engine.tier}${route}: ${name}`, async () => {
    const support = nativeSupport();
    if ((engine.tier === "native" || engine.tier === "auto") && !support.supported) {
      console.log(`skipped: ${support.reason}`);
    } else await body();
  });
}

/**
 * Nothing is left of `turns` times `rounds` turns. V8's heap after a full collection is the sharpest
 * measure; pages, mappings and stacks show in the others.
 */
function flat(action: Action, engine: EngineOptions, turns: number, rounds: number): void {
  footprintTest(`${turns * rounds} times ${action} leave nothing behind`, engine, async () => {
    const all = await run({ action, engine, turns, rounds: WARM_UP + rounds });
    const before = all[WARM_UP - 1], after = all.slice(-3);
    const grown = (what: keyof Footprint) => Math.min(...after.map((f) => f[what])) - before[what];
    const figures = JSON.stringify(all);
    assert(grown("heap") < MIB / 2, figures);
    // What V8 has for itself grows and shrinks in steps, of up to 50 MiB. A leak shows in every round.
    const steps = Array.from(
      { length: rounds },
      (_, k) => all[WARM_UP + k].resident - all[WARM_UP + k - 1].resident,
    );
    assert(steps.sort((a, b) => a - b)[rounds >> 1] < 6 * MIB, figures);
    // V8 never gives back the address space of WebAssembly stacks when many were suspended at once.
    if (engine.tier === "wasm" && action === "nest") return;
    // Any memory reserves 4 GiB; a stack with its guards is three mappings. V8 keeps some of its own.
    assert(grown("reserved") < 1024 * MIB && grown("mappings") < 100, figures);
  });
}

const VARIANTS: readonly EngineOptions[] = [
  { tier: "interp" },
  { tier: "native", hostCalls: "reenter" },
  { tier: "native", hostCalls: "callback" },
  // Some calls move at their start.
  { tier: "auto", thresholds: { interval: 7, looks: 3 } },
  { tier: "wasm" },
];

for (const engine of VARIANTS) {
  flat("run", engine, 10_000, 10);
  flat("nest", engine, 100, 5);
  flat("park", engine, 2000, 5);
  flat("abort", engine, 2000, 5);
  // V8 keeps suspended WebAssembly alive until it goes on: in tier wasm a run without a signal or a
  // timeout that waits for a promise which never settles stays for as long as the process.
  if (engine.tier !== "wasm") flat("abandon", engine, 2000, 5);

  footprintTest("ten thousand instances live at once", engine, async () => {
    const turns = 10_000;
    const empty = (await run({ action: "live", engine, turns: 10, rounds: 1 }))[1];
    const [full, freed] = await run({ action: "live", engine, turns, rounds: 1 });
    const each = (full.resident - empty.resident) / turns;
    assert(each > 0 && each < 64 << 10, `${each} bytes each`);
    assert(freed.heap - empty.heap < 2 * MIB, JSON.stringify([empty, full, freed]));
  });
}

for (const tier of ["native", "auto", "wasm"] as const) {
  // Room for the code of some programs, not of all.
  flat("program", { tier, native: { reserve: 1 << 20 } }, 100, 5);
  flat("engine", { tier }, 100, 5);
}
