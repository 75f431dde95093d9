/**
 * The recorded outcomes of the reference in WebAssembly.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createHost, DecodeError, decodeProgram, type VerifiedProgram, verify } from "../../mod.ts";
import { VerifyError } from "../../mod.ts";
import { applyEdit, manifestOutcome, parseManifest } from "../../scripts/manifest.ts";
import { parseManifestLimits, parseManifestValue, sameOutcome } from "../../scripts/manifest.ts";
import { createStandardHost } from "../../scripts/standard_host.ts";
import { LowerError } from "../../src/front/lower_error.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { WasmProgram } from "../../src/engine/wasm_program.ts";
import { WasmRunner } from "../../src/engine/wasm_run.ts";
import { loadBinaryen } from "../../src/wasm/binaryen.ts";

const FOLDER = new URL("../corpus/extape/", import.meta.url);
const binaryen = await loadBinaryen();

Deno.test("all recorded outcomes in tier wasm", async () => {
  const entries = parseManifest(Deno.readTextFileSync(new URL("manifest.jsonl", FOLDER)));
  const programs = new Map<string, [VerifiedProgram, WasmProgram]>();
  const load = (bytes: Uint8Array): [VerifiedProgram, WasmProgram] => {
    const program = verify(decodeProgram(bytes));
    return [program, new WasmProgram(program, binaryen)];
  };
  const failed: string[] = [], refused: string[] = [];
  let ran = 0, async = 0;
  for (const entry of entries) {
    let loaded: [VerifiedProgram, WasmProgram] | undefined;
    const bytes = Deno.readFileSync(new URL(entry.file, FOLDER));
    try {
      loaded = entry.edit === undefined
        ? programs.get(entry.file)
        : load(applyEdit(bytes, entry.edit));
      loaded ??= load(bytes);
    } catch (error) {
      // Other tests look at what is refused.
      if (error instanceof DecodeError || error instanceof VerifyError) continue;
      throw error;
    }
    const [program, wasm] = loaded;
    if (entry.edit === undefined) programs.set(entry.file, loaded);
    const check = async (wait: boolean) => {
      const { functions, log } = createStandardHost();
      const host = createHost(functions);
      const runner = new WasmRunner(wasm, program, host, createInterpreter(program, host));
      const args = (entry.args ?? []).map(parseManifestValue);
      const limits = { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 };
      const func = entry.func ?? 0;
      const outcome = wait
        ? await runner.runAsync(func, args, { limits })
        : runner.run(func, args, { limits });
      const actual = manifestOutcome(outcome, log);
      if (!sameOutcome(entry.expect, actual, entry.nan === "exact")) {
        failed.push(`${entry.id}: ${JSON.stringify(entry.expect)} but ${JSON.stringify(actual)}`);
      }
    };
    try {
      await check(false);
      if (++ran % 16 === 0) {
        await check(true);
        async++;
      }
    } catch (error) {
      if (!(error instanceof LowerError)) throw new Error(entry.id, { cause: error });
      refused.push(`${entry.id}: ${error.message}`);
    }
  }
  assertEquals(failed, []);
  assertEquals(refused, []);
  assert(ran > 3800 && async > 200, `only ${ran} and ${async} entries ran`);
});
