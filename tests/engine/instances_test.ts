/**
 * Instances beside each other: what one does, or what becomes of it, takes nothing from the others.
 * What they cost is measured in `footprint_test.ts`.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { nativeSupport } from "../../ffi/platform.ts";
import {
  assemble,
  createHost,
  Engine,
  hostFunction,
  i64,
  type Instance,
  type Tier,
  type VerifiedProgram,
  verify,
} from "../../mod.ts";

const TIERS: readonly Tier[] = nativeSupport().supported ? ["interp", "native"] : ["interp"];

/** A program of its own that uses memory; `seed` makes its code differ. */
function program(seed: number): VerifiedProgram {
  return verify(assemble(`
    func work(n: i64) -> (i64, str) {
      s = const.pool "some text"
      t = str.concat s, s
      u = str.concat t, t
      x = const.i64 ${seed}
      a = array.new i64, n, x
      y = array.get_imm a, 1
      ret y, u
    }
  `));
}

const PROGRAM = program(7);
const TEXT = "some text".repeat(4);

function work(instance: Instance, seed = 7): void {
  const outcome = instance.run("work", [i64(1)]);
  if (!outcome.ok) throw new Error(outcome.trap.kind);
  const [number, text] = outcome.values;
  assert(number.type === "i64" && number.value === BigInt(seed));
  assert(text.type === "str" && text.value === TEXT);
}

for (const tier of TIERS) {
  Deno.test(`${tier}: a large run takes nothing away from other instances`, () => {
    using engine = new Engine({ tier });
    const grow = verify(assemble(`
      func grow(a: bytes, n: i64) -> (u64) {
        zero = const.i64 0
        one = const.i64 1
        jmp test
      test:
        more = i64.gt n, zero
        br more, body, done
      body:
        a = bytes.concat a, a
        n = i64.sub n, one
        jmp test
      done:
        size = bytes.len a
        ret size
      }
    `));
    const big = Array.from({ length: 4 }, () => engine.load(grow));
    const small = engine.load(PROGRAM);
    const bytes = { type: "bytes", value: new Uint8Array(1 << 10) } as const;
    for (let k = 0; k < 12; k++) {
      const outcome = big[k % 4].run("grow", [bytes, i64(15)], { limits: { maxMemory: 2 ** 30 } });
      assert(outcome.ok);
      assertEquals(outcome.values, [{ type: "u64", value: 1n << 25n }]);
      work(small);
    }
  });

  Deno.test(`${tier}: a host function may dispose of the instance and the engine that run it`, () => {
    const source = `
      host stop(i64) -> (i64)
      func go(n: i64) -> (i64, str) {
        s = const.pool "text"
        x = host_call stop(n)
        t = str.concat s, s
        u = str.concat t, s
        ret x, u
      }
    `;
    const verified = verify(assemble(source));
    const engine = new Engine({ tier });
    const stop = hostFunction(
      { symbol: "stop", args: ["i64"], results: ["i64"] },
      (value: bigint) => {
        instance[Symbol.dispose]();
        engine[Symbol.dispose]();
        // Would take the memory and the code of the run under way if it could.
        using other = new Engine({ tier });
        using busy = other.load(PROGRAM);
        work(busy);
        return value + 1n;
      },
    );
    const instance = engine.load(verified, createHost([stop]));
    const outcome = instance.run("go", [i64(1)]);
    assert(outcome.ok);
    assertEquals(outcome.values, [i64(2), { type: "str", value: "texttexttext" }]);
    assertThrows(() => instance.run("go", [i64(1)]), Error, "has been disposed of");
  });

  Deno.test(`${tier}: a run that waits outlives its instance and its engine`, async () => {
    const verified = verify(assemble(`
      host wait(i64) -> (i64)
      func go(n: i64) -> (i64) {
        x = host_call wait(n)
        y = i64.add x, n
        ret y
      }
    `));
    const engine = new Engine({ tier });
    const gate = Promise.withResolvers<bigint>();
    const wait = hostFunction(
      { symbol: "wait", args: ["i64"], results: ["i64"] },
      () => gate.promise,
    );
    const instance = engine.load(verified, createHost([wait]));
    const run = instance.runAsync("go", [i64(1)]);
    engine[Symbol.dispose]();
    gate.resolve(41n);
    const outcome = await run;
    assert(outcome.ok);
    assertEquals(outcome.values, [i64(42)]);
  });
}

Deno.test({
  name: "native: the code of programs without instances makes room for others",
  ignore: !nativeSupport().supported,
  fn() {
    // Room for some hundred of these programs, not for all.
    using engine = new Engine({ tier: "native", native: { reserve: 256 << 10 } });
    const kept = program(0);
    using instance = engine.load(kept);
    for (let seed = 0; seed < 600; seed++) {
      using other = engine.load(program(seed));
      work(other, seed);
    }
    work(instance, 0);
  },
});
