/**
 * The WebAssembly back end against the IR's evaluator on random programs: results, traps and their
 * places, fuel, memory, with and without Binaryen's passes, structured and flat.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Context } from "../../src/ir/context.ts";
import { loadBinaryen } from "../../src/wasm/binaryen.ts";
import {
  answerExit,
  EXIT_FUEL,
  initialHeap,
  randomBits,
  randomProgram,
  runReference,
  SCRATCH_WORDS,
} from "../codegen/random_ir.ts";
import { Random } from "../harness/random.ts";
import { WasmMachine } from "./machine.ts";

const SCRATCH = Context.scratch / 8;
const binaryen = await loadBinaryen();

/** Compiles the program of `seed`, runs it on random arguments and compares with the evaluator. */
function compareSeed(machine: WasmMachine, seed: number, kinds: Map<string, number>): void {
  const reference = randomProgram(seed);
  machine.load(binaryen, randomProgram(seed), {
    flat: seed % 4 === 1,
    passes: seed % 16 === 2 ? ["simplify-locals", "coalesce-locals", "vacuum"] : [],
  });
  const random = new Random(seed ^ 0x5eed);
  reference.forEach((func, index) => {
    for (let round = 0; round < 3; round++) {
      const args = func.paramTypes.map((type) => randomBits(random, type));
      const fuel = BigInt(round === 0 ? random.below(40) : 400);
      const depth = random.below(8);
      const heap = initialHeap();
      const expected = runReference(reference, index, args, heap, 0n, fuel, depth);
      machine.u8.set(initialHeap());
      machine.u64.fill(0n, SCRATCH, SCRATCH + SCRATCH_WORDS);
      const outcome = machine.run(index, args, {
        fuel,
        depth,
        onExit: (code) => {
          machine.u64[SCRATCH] = answerExit(code, machine.u64[SCRATCH]);
          machine.u64[Context.fuel / 8] += EXIT_FUEL;
        },
      });
      const where = `f${index}(${args.map((bits) => "0x" + bits.toString(16)).join(", ")})`;
      assertEquals(outcome, expected.outcome, where);
      assertEquals(machine.u8.subarray(0, heap.length), heap, `heap after ${where}`);
      for (let k = 0; k < SCRATCH_WORDS; k++) {
        const word = expected.machine.context.getBigUint64(Context.scratch + 8 * k, true);
        assertEquals(machine.u64[SCRATCH + k], word, `scratch word ${k} after ${where}`);
      }
      if (outcome.kind !== "fuel") {
        assertEquals(machine.fuel, expected.machine.fuel, `fuel after ${where}`);
      }
      kinds.set(outcome.kind, (kinds.get(outcome.kind) ?? 0) + 1);
    }
  });
}

Deno.test("compileWasm() agrees with the evaluator on random programs", () => {
  const machine = new WasmMachine();
  const kinds = new Map<string, number>();
  const first = Number(Deno.env.get("SEED") ?? 1);
  const count = Number(Deno.env.get("SEEDS") ?? 300);
  for (let seed = first; seed < first + count; seed++) {
    try {
      compareSeed(machine, seed, kinds);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  if (count < 100) return;
  for (const kind of ["return", "trap", "fuel", "depth"]) {
    assert((kinds.get(kind) ?? 0) > 10, `only ${kinds.get(kind)} runs ended with "${kind}"`);
  }
});
