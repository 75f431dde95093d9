/**
 * Random programs do in every tier what the interpreter does: results, traps, fuel and host calls,
 * under all sorts of limits, in one go and in turns. `TAPE_PROGRAMS` sets how many, `TAPE_SEED` the
 * first; scripts/fuzz.ts `--programs` runs more of them.
 *
 * @module
 */
import { assert } from "@std/assert";
import { nativeSupport } from "../../ffi/platform.ts";
import { Engine, type EngineOptions } from "../../mod.ts";
import { fuzzTape } from "../harness/fuzz_tape.ts";

const PROGRAMS = Number(Deno.env.get("TAPE_PROGRAMS") ?? 150);
const SEED = Number(Deno.env.get("TAPE_SEED") ?? 1);

/** Endings that some of the runs must have. */
const ENDINGS = [
  ...["ok", "FuelExceeded", "CallDepthExceeded", "HostCallLimitExceeded", "MemoryLimitExceeded"],
  ...["AggError", "TrapCode", "TypeMismatch", "ArityMismatch", "IndexOutOfBounds"],
];

const WAYS: readonly (EngineOptions & { readonly part: number })[] = [
  { tier: "native", hostCalls: "reenter", part: 1 },
  { tier: "native", hostCalls: "callback", part: 1 },
  { tier: "auto", thresholds: { interval: 0, looks: 1 }, part: 0.5 },
  { tier: "auto", thresholds: { interval: 33, looks: 1 }, part: 1 },
  { tier: "auto", thresholds: { interval: 101, looks: 2 }, part: 0.5 },
  { tier: "wasm", part: 0.3 },
];

for (const { part, ...options } of WAYS) {
  const { tier, hostCalls, thresholds } = options;
  Deno.test({
    name: `random programs behave as interpreted (${
      [tier, hostCalls, thresholds?.interval].filter((word) => word !== undefined).join(", ")
    })`,
    ignore: tier !== "wasm" && !nativeSupport().supported,
    async fn() {
      using engine = await Engine.open(options);
      const endings = new Map<string, number>();
      for (let k = 0; k < part * PROGRAMS; k++) await fuzzTape(SEED + k, engine, endings);
      for (const ending of ENDINGS) assert(endings.has(ending), `no run ended in ${ending}`);
    },
  });
}
