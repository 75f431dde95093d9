/**
 * The recorded outcomes in the arm64 build of Deno under qemu: all of them in machine code, through
 * the real gate, code space and instruction cache calls of that system; a spread of them with the other
 * route of host calls, and with calls that change tier. `BURIN_ARM64_WHOLE=1` (`deno task test-arm64`)
 * runs all with each. The path of that build is taken from `BURIN_ARM64_DENO`, which `.ci/run` sets.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "@std/assert";

import { RUNS_A64 } from "../harness/run_a64.ts";
import { entriesOf, type Report, type Variant } from "./recorded.ts";

const QEMU = "qemu-aarch64-static";
const SYSROOT = "/usr/aarch64-linux-gnu";

Deno.test("the routine that publishes MAP_JIT code runs in the arm64 build of Deno", async () => {
  const deno = Deno.env.get("BURIN_ARM64_DENO");
  if (deno === undefined || RUNS_A64.ignore) {
    console.log(`skipped: needs ${QEMU} and BURIN_ARM64_DENO, the path of an arm64 build of Deno`);
    return;
  }
  const test = fileURLToPath(new URL("../ffi/jit_copy_test.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(QEMU, {
    args: ["-L", SYSROOT, deno, "test", "-A", "--no-check", test],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text + new TextDecoder().decode(stderr));
  assertMatch(text, /mapJitPages runs what its routine wrote .*\.\.\. ok/);
});

/** All entries with every route and with calls that change tier; otherwise a part that takes minutes. */
const WHOLE = Deno.env.get("BURIN_ARM64_WHOLE") === "1";

const VARIANTS: readonly Variant[] = WHOLE
  ? [
    { engine: { tier: "native" } },
    { engine: { tier: "native", hostCalls: "callback" } },
    { engine: { tier: "auto", thresholds: { interval: 1, looks: 1 } } },
    { engine: { tier: "auto", thresholds: { interval: 7, looks: 3 }, hostCalls: "callback" } },
    { engine: { tier: "auto", thresholds: { interval: 1021, looks: 1 } } },
  ]
  : [
    { engine: { tier: "native" } },
    { engine: { tier: "native", hostCalls: "callback" }, hosted: true, every: 4 },
    { engine: { tier: "native", native: { entry: "fn_pointer" } }, every: 101 },
    { engine: { tier: "auto", thresholds: { interval: 1, looks: 1 } }, every: 53 },
    {
      engine: { tier: "auto", thresholds: { interval: 7, looks: 3 }, hostCalls: "callback" },
      every: 47,
    },
    { engine: { tier: "wasm" }, every: 211 },
  ];

Deno.test("recorded outcomes in the arm64 build of Deno", async () => {
  const deno = Deno.env.get("BURIN_ARM64_DENO");
  if (deno === undefined || RUNS_A64.ignore) {
    console.log(`skipped: needs ${QEMU} and BURIN_ARM64_DENO, the path of an arm64 build of Deno`);
    return;
  }
  const program = fileURLToPath(new URL("recorded.ts", import.meta.url));
  const variants = VARIANTS.map((variant) => JSON.stringify(variant));
  const { code, stdout, stderr } = await new Deno.Command(QEMU, {
    args: ["-L", SYSROOT, deno, "run", "-A", "--no-check", program, ...variants],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text + new TextDecoder().decode(stderr));
  const reports: Report[] = text.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(reports.length, VARIANTS.length);
  reports.forEach(({ entries, failed, stats }, k) => {
    const variant = VARIANTS[k];
    assertEquals(failed, [], variants[k]);
    assertEquals(entries, entriesOf(variant).length);
    assertEquals(stats.tier, variant.engine.tier);
    if (variant.engine.tier === "wasm") return;
    assertEquals(stats.target, "a64");
    assert(stats.entries > 0 && stats.exits.return > 0 && stats.exits.trap > 0, variants[k]);
    const isCallback = variant.engine.hostCalls === "callback";
    assertEquals(stats.hostCalls.callback > 0, isCallback);
    assertEquals(stats.hostCalls.reentry > 0, !isCallback);
  });
});
