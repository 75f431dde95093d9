/**
 * A smoke run of the native tier in the arm64 build of Deno under qemu: the real gate, code space and
 * instruction cache calls of that system, over a sample of the recorded outcomes. The path of that
 * build is taken from `BURIN_ARM64_DENO`, which `.ci/run` sets.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";

import { RUNS_A64 } from "../harness/run_a64.ts";

const SAMPLE = 101;
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

Deno.test("the native tier runs in the arm64 build of Deno", async () => {
  const deno = Deno.env.get("BURIN_ARM64_DENO");
  if (deno === undefined || RUNS_A64.ignore) {
    console.log(`skipped: needs ${QEMU} and BURIN_ARM64_DENO, the path of an arm64 build of Deno`);
    return;
  }
  const corpus = fileURLToPath(new URL("../corpus/extape/", import.meta.url));
  const lines = Deno.readTextFileSync(`${corpus}manifest.jsonl`).trim().split("\n");
  const sample = lines.filter((line, k) => k % SAMPLE === 0 && !line.includes('"perf":true'));
  const folder = Deno.makeTempDirSync();
  try {
    Deno.symlinkSync(`${corpus}p`, `${folder}/p`);
    Deno.writeTextFileSync(`${folder}/manifest.jsonl`, sample.join("\n"));
    const script = fileURLToPath(new URL("../../scripts/conform.ts", import.meta.url));
    const { code, stdout, stderr } = await new Deno.Command(QEMU, {
      // deno-fmt-ignore
      args: ["-L", SYSROOT, deno, "run", "-A", "--no-check", script,
        "--tier", "native", "--manifest", `${folder}/manifest.jsonl`],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 0, text + new TextDecoder().decode(stderr));
    assertMatch(text, new RegExp(`^${sample.length} passed, 0 failed, 0 skipped`, "m"));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
