/**
 * All recorded outcomes of the reference in every tier that this machine has, with both routes of host
 * calls, every way of placing and entering code, and calls that change tier wherever they can.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { EngineOptions, EngineStats, Thresholds } from "../../mod.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import { runRecorded } from "./recorded.ts";

const ROUTES = ["reenter", "callback"] as const;

/** Looks at once, at every instruction, and after odd numbers of them. */
const THRESHOLDS: readonly Thresholds[] = [
  { interval: 0, looks: 0 },
  { interval: 1, looks: 1 },
  { interval: 1, looks: 97 },
  { interval: 3, looks: 2 },
  { interval: 7, looks: 1 },
  { interval: 7, looks: 3 },
  { interval: 31, looks: 1 },
  { interval: 97, looks: 7 },
  { interval: 1021, looks: 1 },
];

/** Fewer for WebAssembly, since Binaryen takes its time. */
const WASM_THRESHOLDS: readonly Thresholds[] = [
  { interval: 1, looks: 1 },
  { interval: 3, looks: 2 },
  { interval: 31, looks: 1 },
];

function recordedTest(options: EngineOptions, check: (stats: EngineStats) => void): void {
  const name = JSON.stringify(options).replaceAll('"', "");
  Deno.test(`all recorded outcomes with ${name}`, async () => {
    const support = nativeSupport();
    const isNative = options.tier === "native" || options.tier === "auto";
    if (isNative && options.native !== false && !support.supported) {
      console.log(`skipped: ${support.reason}`);
      return;
    }
    const { entries, failed, stats } = await runRecorded({ engine: options });
    assertEquals(failed, []);
    assertEquals(entries, 5068);
    check(stats);
  });
}

function checkRoute(hostCalls: EngineStats["hostCalls"], route: (typeof ROUTES)[number]): void {
  assertEquals(hostCalls.reentry > 0, route === "reenter");
  assertEquals(hostCalls.callback > 0, route === "callback");
}

function checkTierUps(tierUps: EngineStats["tierUps"], thresholds?: Thresholds): void {
  assert(tierUps.functions > 1000, "calls moved at their start");
  if (thresholds === undefined || thresholds.interval > 1) {
    assert(tierUps.loops > 50, "calls moved in loops");
  }
}

recordedTest({ tier: "interp" }, ({ entries, runs }) => {
  assertEquals(entries, 0);
  assert(runs > 3800);
});

recordedTest({ tier: "wasm" }, ({ entries, runs, hostCalls }) => {
  assert(entries > 3800 && runs > 3800);
  assert(hostCalls.wasm > 0 && hostCalls.reentry === 0);
});

for (const thresholds of WASM_THRESHOLDS) {
  recordedTest({ tier: "auto", native: false, thresholds }, ({ tierUps, exits, hostCalls }) => {
    checkTierUps(tierUps, thresholds);
    assert(exits.return > 0 && exits.trap > 0 && exits.fuel > 0 && exits.depth > 0);
    assert(hostCalls.wasm > 0 && hostCalls.reentry === 0);
  });
}

for (const hostCalls of ROUTES) {
  for (
    const native of [
      undefined,
      { pages: "mprotect" },
      { entry: "fn_pointer" },
      { pages: "mprotect", entry: "fn_pointer" },
    ] as const
  ) {
    recordedTest({ tier: "native", hostCalls, native }, (stats) => {
      assert(stats.runs > 3800 && stats.entries > 3800);
      assertEquals(stats.hostCalls.interpreter, 0);
      checkRoute(stats.hostCalls, hostCalls);
    });
  }
  for (const thresholds of [undefined, ...THRESHOLDS]) {
    recordedTest({ tier: "auto", hostCalls, thresholds }, ({ tierUps, exits, ...stats }) => {
      assert(stats.runs > 3800);
      checkTierUps(tierUps, thresholds);
      assert(exits.return > 0 && exits.trap > 0 && exits.fuel > 0 && exits.depth > 0);
      checkRoute(stats.hostCalls, hostCalls);
    });
  }
}
