/**
 * The public module in Deno without any permission: every tier but machine code.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { OBSERVED } from "./observed.ts";

Deno.test("every tier but native runs without any permission", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "no_permission.ts"],
    cwd: new URL(".", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  const { observed, native } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(observed, { interp: OBSERVED, wasm: OBSERVED, auto: OBSERVED });
  assert(native.error.startsWith("native code is not available: it needs --allow-ffi"));
  assert(native.reasons.includes(native.error), native.reasons.join("\n"));
});
