/**
 * Random programs do as A64 code what the interpreter does, run by qemu: results, traps, fuel and host
 * calls, under all sorts of limits, with fuel in one piece and in slices. scripts/fuzz.ts
 * `--programs --a64` runs more of them.
 *
 * @module
 */
import { assert } from "@std/assert";
import { fuzzTape } from "../harness/fuzz_tape.ts";
import { A64Machine, RUNS_A64 } from "../harness/run_a64.ts";
import { A64Tapes } from "../harness/tape_a64.ts";

const PROGRAMS = 60;
const SEED = 1000;

/** Endings that some of the runs must have. */
const ENDINGS = [
  ...["ok", "FuelExceeded", "CallDepthExceeded", "HostCallLimitExceeded", "MemoryLimitExceeded"],
  ...["AggError", "TrapCode", "TypeMismatch", "ArityMismatch", "IndexOutOfBounds"],
];

Deno.test({
  name: "random programs behave on A64 as interpreted",
  ...RUNS_A64,
  async fn() {
    await using machine = await A64Machine.start();
    const tapes = new A64Tapes(machine);
    const endings = new Map<string, number>();
    for (let k = 0; k < PROGRAMS; k++) await fuzzTape(SEED + k, tapes, endings);
    for (const ending of ENDINGS) assert(endings.has(ending), `no run ended in ${ending}`);
  },
});
