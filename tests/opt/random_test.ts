/**
 * Random programs before and after each pass alone and the whole pipeline, which is verified after
 * every pass. `BURIN_OPT_SEEDS=from-to` runs other seeds than the usual ones.
 *
 * @module
 */
import type { Func } from "../../src/ir/func.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import { randomProgram } from "../codegen/random_ir.ts";
import { assertSameBehaviour } from "./differential.ts";
import { PASSES } from "./passes.ts";

const [from, to] = (Deno.env.get("BURIN_OPT_SEEDS") ?? "0-60").split("-").map(Number);

for (const [name, pass] of Object.entries(PASSES)) {
  Deno.test(`random programs keep their behaviour: ${name}`, () => {
    for (let seed = from; seed < to; seed++) {
      const before = randomProgram(seed), after = randomProgram(seed), read = randomProgram(seed);
      after.forEach((func, index) => {
        pass(func, index, (k) => read[k]);
        assertValid(func, `${name}, seed ${seed}`, { functions: after });
      });
      assertSameBehaviour(before, after, seed, name);
    }
  });
}

for (const level of [0, 1, 2] as const) {
  Deno.test(`random programs keep their behaviour: pipeline at level ${level}`, () => {
    for (let seed = from; seed < to; seed++) {
      const before = randomProgram(seed), after = randomProgram(seed), read = randomProgram(seed);
      // Half of the programs are not inlined, the better to see the rest.
      const functions = seed % 2 === 0 ? (k: number): Func => read[k] : undefined;
      after.forEach((func, index) => {
        optimize(func, {
          level,
          index,
          functions,
          onPass: (name, f) => assertValid(f, `${name}, seed ${seed}`, { functions: after }),
        });
      });
      assertSameBehaviour(before, after, seed, `level ${level}`);
    }
  });
}
