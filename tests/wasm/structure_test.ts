/**
 * Control flow in WebAssembly: what graphs become (golden texts), and that the odd ones still compute
 * what the evaluator says.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Cond, Op, Type } from "../../src/ir/opcodes.ts";
import { parse, parseAll } from "../../src/ir/parse.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { loadBinaryen } from "../../src/wasm/binaryen.ts";
import { computeLayout } from "../../src/wasm/layout.ts";
import { compileWasm, WasmLimitError, wasmText } from "../../src/wasm/module.ts";
import { randomProgram } from "../codegen/random_ir.ts";
import { WasmMachine } from "./machine.ts";

const INPUTS = new URL("inputs/", import.meta.url);
const GOLDEN = new URL("../golden/wasm/", import.meta.url);
const binaryen = await loadBinaryen();

for (const name of ["calls", "irreducible", "loops"]) {
  Deno.test(`the WebAssembly text of ${name}.txt is the golden one`, (t) => {
    const funcs = parseAll(Deno.readTextFileSync(new URL(`${name}.txt`, INPUTS)));
    for (const func of funcs) assertValid(func, name);
    const text = wasmText(binaryen, funcs.map((func, index) => ({ func, index })));
    assertSnapshot(t, text, { path: new URL(`${name}.wat`, GOLDEN).pathname });
  });
}

/** Compares `f` with the evaluator for every amount of fuel up to what it needs. */
function compareFuel(f: Func, args: readonly bigint[], most: number): void {
  const machine = new WasmMachine();
  machine.load(binaryen, [f]);
  for (let fuel = 0n; fuel <= most; fuel++) {
    const expected = evaluate(f, args, { functions: [f], fuel, depth: 3 });
    const actual = machine.run(0, args, { fuel, depth: 3 });
    assertEquals(actual, expected.outcome, `${f.name}(${args}) with fuel ${fuel}`);
    if (actual.kind !== "fuel") assertEquals(machine.fuel, expected.machine.fuel);
  }
}

Deno.test("irreducible graphs run, with every amount of fuel", () => {
  const f = parse(Deno.readTextFileSync(new URL("irreducible.txt", INPUTS)));
  assert(!computeLayout(f).reducible);
  for (const args of [[5n, 0n], [5n, 1n], [6n, 0n], [6n, 1n], [1n, 0n], [1n, 1n]]) {
    compareFuel(f, args, 30);
  }
});

Deno.test("loops with swapped parameters and exits of two levels run, with every amount of fuel", () => {
  const f = parse(Deno.readTextFileSync(new URL("loops.txt", INPUTS)));
  for (const args of [[3n, 9n], [9n, 3n], [4n, 4n], [105n, 103n], [0n, 1n], [7n, 5n]]) {
    compareFuel(f, args, 60);
  }
});

Deno.test("random programs stop at the evaluator's instruction for every small amount of fuel", () => {
  const machine = new WasmMachine();
  let compared = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const [reference] = randomProgram(seed);
    // Alone: without calls, exits and native functions.
    const kinds = new Set(reference.op.subarray(0, reference.count));
    const excluded = [Op.call, Op.call_indirect, Op.call_native, Op.exit, Op.heap_base];
    if (excluded.some((op) => kinds.has(op))) continue;
    machine.load(binaryen, [reference], { flat: seed % 2 === 0 });
    const args = reference.paramTypes.map((type) => type === Type.I32 ? 7n : 3n << 20n);
    for (let fuel = 0n; fuel < 30n; fuel++) {
      machine.u8.fill(0, 0, 4096);
      machine.u64.fill(0n);
      const options = { fuel, depth: 2, heap: new ArrayBuffer(4096), heapBase: 0n };
      const expected = evaluate(reference, args, options);
      const actual = machine.run(0, args, { fuel, depth: 2 });
      // The evaluator knows no index for a function that is alone.
      const { outcome } = expected;
      assertEquals(
        actual,
        outcome.kind === "return" ? outcome : { ...outcome, func: 0 },
        `seed ${seed}, fuel ${fuel}`,
      );
      compared++;
    }
  }
  assert(compared > 100, `only ${compared} runs`);
});

/** `count` tests in a row, each in the other's else: a ladder. */
function ladder(count: number): Func {
  const b = new FuncBuilder("ladder", [Type.I32], [Type.I32]);
  const [x] = b.func.params(0);
  for (let k = 0; k < count; k++) {
    const yes = b.createBlock(), no = b.createBlock();
    b.brIf(b.icmp(Cond.eq, x, b.i32(k)), yes, no);
    b.seal(yes);
    b.seal(no);
    b.switchTo(yes);
    b.ret([b.i32(7 * k)]);
    b.switchTo(no);
  }
  b.ret([b.i32(-1)]);
  return b.finish();
}

/** `count` choices one after the other, which meet again each time. */
function joins(count: number): Func {
  const b = new FuncBuilder("joins", [Type.I32], [Type.I32]);
  let [x] = b.func.params(0);
  for (let k = 0; k < count; k++) {
    const join = b.createBlock();
    const param = b.addBlockParam(join, Type.I32);
    const odd = b.binary(Op.iand, x, b.i32(1));
    b.brIf(
      odd,
      join,
      join,
      [b.binary(Op.iadd, x, b.i32(k))],
      [b.binary(Op.ixor, x, b.i32(k + 1))],
    );
    b.seal(join);
    b.switchTo(join);
    x = param;
  }
  b.ret([x]);
  return b.finish();
}

Deno.test("thousands of blocks compile, nested and in a row", () => {
  const machine = new WasmMachine();
  const tall = ladder(3000);
  machine.load(binaryen, [tall]);
  for (const x of [0n, 1n, 2999n, 3000n]) {
    const { outcome } = evaluate(tall, [x], { functions: [tall] });
    assertEquals(machine.run(0, [x], { fuel: 0n, depth: 0 }), outcome);
  }
  const long = joins(3000);
  machine.load(binaryen, [long]);
  for (const x of [0n, 1n, 12345n]) {
    const { outcome } = evaluate(long, [x], { functions: [long] });
    assertEquals(machine.run(0, [x], { fuel: 0n, depth: 0 }), outcome);
  }
});

Deno.test("more parameters or results than engines take are refused", () => {
  const types = new Array(999).fill(Type.I64);
  const b = new FuncBuilder("wide", types, []);
  b.ret([]);
  const error = assertThrows(
    () => compileWasm(binaryen, [{ index: 3, func: b.finish() }]),
    WasmLimitError,
  );
  assertEquals(
    error.message,
    "function 3 has 999 parameter and 0 result words, WebAssembly functions take at most 998",
  );
  const fits = new FuncBuilder("fits", types.slice(1), types.slice(1));
  fits.ret(fits.func.params(0));
  const machine = new WasmMachine();
  machine.load(binaryen, [fits.finish()]);
  const args = types.slice(1).map((_, k) => BigInt(k));
  assertEquals(machine.run(0, args, { fuel: 0n, depth: 0 }), { kind: "return", values: args });
});
