import { assert, assertEquals, assertThrows } from "@std/assert";
import { CodeSpace } from "../../ffi/code_space.ts";
import { detectX64Features, X64_BASELINE } from "../../ffi/cpu.ts";
import { Gate } from "../../ffi/gate.ts";
import { NATIVE } from "./environment.ts";

const X64 = { ignore: NATIVE.ignore || Deno.build.arch !== "x86_64" };

Deno.test("detectX64Features sees what the kernel sees", {
  ignore: X64.ignore || Deno.build.os !== "linux",
}, () => {
  using space = new CodeSpace();
  using gate = new Gate(space);
  const line = /^flags\s*:(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"));
  assert(line !== null);
  const flags = new Set(line[1].trim().split(" "));
  assertEquals(detectX64Features(space, gate, "x86_64"), {
    sse41: flags.has("sse4_1"),
    popcnt: flags.has("popcnt"),
    lzcnt: flags.has("abm"),
    bmi1: flags.has("bmi1"),
    bmi2: flags.has("bmi2"),
  });
  assertEquals(space.stats().published, 0);
});

Deno.test("detectX64Features names every feature of the baseline", X64, () => {
  using space = new CodeSpace();
  using gate = new Gate(space, { route: "fn_pointer" });
  const features = detectX64Features(space, gate, "x86_64");
  assertEquals(Object.keys(features).sort(), Object.keys(X64_BASELINE).sort());
});

Deno.test("detectX64Features refuses other processors", NATIVE, () => {
  using space = new CodeSpace();
  using gate = new Gate(space);
  assertThrows(() => detectX64Features(space, gate, "aarch64"), Error, 'CPUID on "aarch64"');
});
