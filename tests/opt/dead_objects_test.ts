/**
 * Objects that a function makes: what is read back is what went in, what nobody can look into is not
 * written, and what it would have taken is still accounted for.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { nativeSupport } from "../../ffi/platform.ts";
import { assemble, Engine, i64, type Outcome, verify } from "../../mod.ts";
import { lowerFunction } from "../../src/front/tape.ts";
import type { Func } from "../../src/ir/func.ts";
import { Op, Region } from "../../src/ir/opcodes.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import type { VerifiedProgram } from "../../src/tape/verify.ts";

function optimized(verified: VerifiedProgram, index: number): Func {
  const lower = (k: number) => lowerFunction(verified, k, { requests: true });
  const func = lower(index);
  optimize(func, { index, functions: lower });
  assertValid(func, "optimising");
  return func;
}

/** Number of loads and stores of objects. */
function accesses(func: Func): [loads: number, stores: number] {
  let loads = 0, stores = 0;
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      if (func.op[v] < Op.hload8u || func.op[v] > Op.hstoref64) continue;
      if (func.aux[v] !== Region.object) continue;
      if (func.op[v] < Op.hstore8) loads++;
      else stores++;
    }
  }
  return [loads, stores];
}

const PROGRAM = verify(assemble(`
  func indexed(n: i64) -> (i64) {
    k = const.u64 1
    a = array.new i64, n, n
    t = tuple.new a, n
    b = tuple.get t, 1
    x = array.get a, k
    y = i64.add x, b
    ret y
  }
  func returned(n: i64) -> (i64, agg) {
    t = tuple.new n, n
    x = tuple.get t, 1
    ret x, t
  }
  func called(n: i64) -> (i64) {
    t = tuple.new n, n
    m = tuple.get t, 1
    x = call inner(m)
    ret x
  }
  func inner(n: i64) -> (i64) {
    d = i64.to_dec n, 2
    t = tuple.new d, n
    e = tuple.get t, 0
    m = dec.to_i64 e
    x = tuple.get t, 1
    y = i64.add x, m
    ret y
  }
  func missing(n: i64) -> (i64) {
    k = const.u64 2
    a = array.new i64, n, n
    x = array.get a, k
    ret x
  }
  func loop(n: i64) -> (i64) {
    zero = const.i64 0
    one = const.i64 1
    k = const.u64 1
    i = const.i64 0
    sum = const.i64 0
    jmp test
  test:
    more = i64.lt i, n
    br more, body, done
  body:
    a = array.new i64, i, one
    x = array.get a, k
    y = array.get_imm a, 0
    t = tuple.new x, y
    z = tuple.get t, 1
    sum = i64.add sum, z
    i = i64.add i, x
    jmp test
  done:
    ret sum
  }
`));

Deno.test("objects that stay in the function are not written", () => {
  for (const name of [0, 2, 3, 5]) assertEquals(accesses(optimized(PROGRAM, name)), [0, 0]);
});

Deno.test("objects that leave the function are written, and those in them", () => {
  const [loads, stores] = accesses(optimized(PROGRAM, 1));
  assertEquals(loads, 0);
  assert(stores >= 4);
});

Deno.test("reading beyond what went in is decided early and traps all the same", () => {
  assertEquals(accesses(optimized(PROGRAM, 4)), [0, 0]);
});

Deno.test({
  name: "every memory limit traps where the interpreter traps",
  ignore: !nativeSupport().supported,
  fn() {
    using interp = new Engine({ tier: "interp" });
    using native = new Engine({ tier: "native" });
    const a = interp.load(PROGRAM), b = native.load(PROGRAM);
    for (let func = 0; func < 6; func++) {
      for (let maxMemory = 0; maxMemory < 500; maxMemory++) {
        const options = { limits: { maxMemory, fuel: 1000n } };
        const expected = a.run(func, [i64(4)], options);
        const actual: Outcome = b.run(func, [i64(4)], options);
        assertEquals(actual, expected, `function ${func}, ${maxMemory} bytes`);
      }
    }
  },
});
