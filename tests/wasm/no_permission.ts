/**
 * A program that `run_test.ts` runs without any permission: prints whether Binaryen was absent at
 * first, and a result from WebAssembly.
 *
 * @module
 */
import { assemble, createHost, formatValue, i64, verify } from "../../mod.ts";
import { WasmProgram } from "../../src/engine/wasm_program.ts";
import { WasmRunner } from "../../src/engine/wasm_run.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { loadBinaryen, loadedBinaryen } from "../../src/wasm/binaryen.ts";

const program = verify(assemble(`
func double(n: i64) -> (i64) {
  m = i64.add n, n
  ret m
}
`));
const absent = loadedBinaryen() === undefined;
const wasm = new WasmProgram(program, await loadBinaryen());
const host = createHost();
const runner = new WasmRunner(wasm, program, host, createInterpreter(program, host));
const outcome = runner.run(0, [i64(21)], {});
console.log(absent, outcome.ok ? formatValue(outcome.values[0]) : outcome.trap.kind);
