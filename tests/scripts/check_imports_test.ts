/**
 * The import-direction check, on the project and on imports that it must refuse.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { checkImports, importProblem } from "../../scripts/check_imports.ts";

Deno.test("imports of the project point downwards only", async () => {
  assertEquals(await checkImports(), []);
});

Deno.test("importProblem() refuses upward and foreign imports", () => {
  assertEquals(importProblem("src/interp/a.ts", "src/heap/b.ts"), undefined);
  assertEquals(importProblem("src/engine/a.ts", "ffi/gate.ts"), undefined);
  for (
    const [from, to] of [
      ["src/heap/a.ts", "src/interp/b.ts"],
      ["src/cli/a.ts", "ffi/gate.ts"],
      ["ffi/a.ts", "src/tape/b.ts"],
      ["src/cli/a.ts", "src/elsewhere/b.ts"],
    ]
  ) assert(importProblem(from, to) !== undefined, `${from} -> ${to}`);
});
