/**
 * Short byte strings are copied and compared by whole words in compiled code: every length around the
 * word boundaries, at every alignment, in place and not, and right below the memory limit.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { nativeSupport } from "../../ffi/platform.ts";
import { assemble, Engine, type Tier, type Value, verify } from "../../mod.ts";

const TIERS: readonly Tier[] = nativeSupport().supported ? ["interp", "native"] : ["interp"];

const PROGRAM = verify(assemble(`
  func join(a: bytes, b: bytes, i: u64, j: u64, k: u64, l: u64) -> (bytes, bytes, bytes) {
    x = bytes.slice a, i, j
    y = bytes.slice b, k, l
    joined = bytes.concat x, y
    more = bytes.concat joined, x
    other = bytes.concat joined, y
    ret joined, more, other
  }
  func same(a: bytes, b: bytes, i: u64, j: u64, k: u64, l: u64) -> (bool) {
    x = bytes.slice a, i, j
    y = bytes.slice b, k, l
    e = bytes.eq x, y
    ret e
  }
`));

const u64 = (value: number): Value => ({ type: "u64", value: BigInt(value) });
const bytes = (value: Uint8Array): Value => ({ type: "bytes", value });

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, k) => (k * 7 + seed) & 0xff);
}

for (const tier of TIERS) {
  Deno.test(`${tier}: byte strings of every short length are joined`, () => {
    using engine = new Engine({ tier });
    using instance = engine.load(PROGRAM);
    const a = pattern(48, 1), b = pattern(48, 101);
    for (let m = 0; m <= 34; m++) {
      for (let n = 0; n <= 34; n++) {
        const i = (m + n) % 13, k = (3 * m + n) % 11;
        const args = [bytes(a), bytes(b), u64(i), u64(i + m), u64(k), u64(k + n)];
        const x = [...a.subarray(i, i + m)], y = [...b.subarray(k, k + n)];
        const used = m > 0 && n > 0 ? m + n : 0;
        const outcome = instance.run("join", args);
        if (!outcome.ok) throw new Error(outcome.trap.kind);
        const results = outcome.values.map((value) => value.type === "bytes" && [...value.value]);
        assertEquals(results, [[...x, ...y], [...x, ...y, ...x], [...x, ...y, ...y]]);
        // Arguments take 96 bytes, the first joint `used`, and less is not enough for it.
        if (used === 0) continue;
        const short = instance.run("join", args, { limits: { maxMemory: 96 + used - 1 } });
        assertEquals(short.ok ? "ok" : [short.trap.kind, short.trap.pc], [
          "MemoryLimitExceeded",
          joinPc(0),
        ]);
        const next = instance.run("join", args, { limits: { maxMemory: 96 + used } });
        assertEquals(next.ok ? "ok" : [next.trap.kind, next.trap.pc], [
          "MemoryLimitExceeded",
          joinPc(1),
        ]);
      }
    }
  });

  Deno.test(`${tier}: byte strings of every short length are compared`, () => {
    using engine = new Engine({ tier });
    using instance = engine.load(PROGRAM);
    const a = pattern(48, 1);
    for (let n = 0; n <= 34; n++) {
      for (const [i, k] of [[0, 0], [3, 5], [14, 14], [1, 14]]) {
        const b = pattern(48, 77);
        b.set(a.subarray(i, i + n), k);
        const run = (j: number, l: number) => {
          const args = [bytes(a), bytes(b), u64(i), u64(j), u64(k), u64(l)];
          const outcome = instance.run("same", args);
          if (!outcome.ok) throw new Error(outcome.trap.kind);
          const [value] = outcome.values;
          return value.type === "bool" && value.value;
        };
        assertEquals(run(i + n, k + n), true, `${n} bytes`);
        if (n > 0) assertEquals(run(i + n, k + n - 1), false);
        for (let at = 0; at < n; at++) {
          b[k + at] ^= 0x80;
          assertEquals(run(i + n, k + n), false, `${n} bytes, byte ${at}`);
          b[k + at] ^= 0x80;
        }
      }
    }
  });
}

/** Pc of the `index`-th concatenation of `join`. */
function joinPc(index: number): number {
  const { code } = PROGRAM.functions[0];
  let seen = 0;
  for (let i = 0; i < code.count; i++) {
    if (code.ops[i] === 0x7a && seen++ === index) return code.pcs[i];
  }
  throw new Error("no such concatenation");
}
