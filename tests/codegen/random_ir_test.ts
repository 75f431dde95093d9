/**
 * The generator of random programs itself: valid functions, every opcode, one program a seed.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Op, OP_NAMES } from "../../src/ir/opcodes.ts";
import { print } from "../../src/ir/print.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { randomProgram } from "./random_ir.ts";

Deno.test("randomProgram() makes valid functions with every opcode", () => {
  const seen = new Set<string>(["none"]);
  for (let seed = 1; seed <= 200; seed++) {
    for (const func of randomProgram(seed)) {
      assertValid(func, `seed ${seed}`);
      for (let v = 0; v < func.count; v++) seen.add(OP_NAMES[func.op[v]]);
    }
  }
  assertEquals(Object.keys(Op).filter((name) => !seen.has(name)), []);
});

Deno.test("randomProgram() makes one program a seed", () => {
  for (let seed = 1; seed <= 20; seed++) {
    assertEquals(
      randomProgram(seed).map((f) => print(f)),
      randomProgram(seed).map((f) => print(f)),
    );
  }
});
