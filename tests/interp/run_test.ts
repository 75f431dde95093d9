/**
 * Runs: entry checks, limits to their edges, memory, depth, NaN payloads, several runs on one instance.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHost, hostFunction } from "../../src/interp/host.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { TrapError, unwrap } from "../../src/interp/outcome.ts";
import { borrowStack, growStack, returnStack } from "../../src/interp/stacks.ts";
import { formatTrap } from "../../src/interp/trap.ts";
import { bytes, dec, f64FromBits, i64, str, tuple, u64, type Value } from "../../src/tape/value.ts";
import { result, run, tape } from "./helpers.ts";

const COUNT = `
  func main(n: u64) -> (u64) {
    i = const.u64 0
    one = const.u64 1
    jmp test
  test:
    more = u64.lt i, n
    br more, body, done
  body:
    i = u64.add i, one
    jmp test
  done:
    ret i
  }`;

Deno.test("entry checks trap at pc 0 without fuel or span", () => {
  const program = tape(`func main(a: i64, b: obj(7)) -> (i64) { \n .span 5 \n ret a \n }`);
  const instance = createInterpreter(program, createHost());
  const place = { func: 0, pc: 0 };
  const ended = { ok: false, fuelUsed: 0n, hostCalls: 0n } as const;
  assertEquals(instance.run(1, []), { ...ended, trap: { kind: "InvalidPc", func: 1, pc: 0 } });
  assertEquals(instance.run(0, [i64(1)]), { ...ended, trap: { kind: "InvalidPc", ...place } });
  const object: Value = { type: "obj", objType: 8n, handle: 1n };
  assertEquals(instance.run(0, [i64(1), object]), {
    ...ended,
    trap: { kind: "TypeMismatch", expected: "obj(7)", actual: "obj(8)", ...place },
  });
  assertEquals(instance.run(0, [u64(1), object]), {
    ...ended,
    trap: { kind: "TypeMismatch", expected: "i64", actual: "u64", ...place },
  });
});

Deno.test("fuel: every amount up to one more than needed", () => {
  // Three before the loop, four an iteration, two to leave it and one to return.
  const instance = createInterpreter(tape(COUNT), createHost());
  const need = 3n + 5n * 4n + 2n + 1n;
  for (let fuel = 0n; fuel <= need + 1n; fuel++) {
    const outcome = instance.run(0, [u64(5)], { limits: { fuel } });
    assertEquals(outcome.ok, fuel >= need, `fuel ${fuel}`);
    assertEquals(outcome.fuelUsed, fuel < need ? fuel : need);
    if (!outcome.ok) assertEquals(outcome.trap.kind, "FuelExceeded");
  }
});

Deno.test("fuel beyond 32 and 53 bits is counted exactly", () => {
  const instance = createInterpreter(tape(COUNT), createHost());
  for (const fuel of [1n << 30n, (1n << 30n) + 1n, 1n << 53n, (1n << 64n) - 1n]) {
    assertEquals(instance.run(0, [u64(100_000)], { limits: { fuel } }).fuelUsed, 400_006n);
  }
});

Deno.test("fuel charged by the host may take all of 64 bits", () => {
  const charge = createHost([
    hostFunction({ symbol: "charge", args: ["u64"], results: ["i64"] }, (units, context) => {
      context.chargeFuel(units);
      context.chargeFuel(units);
      return 9n;
    }),
  ]);
  const text = `host charge(u64) -> (i64)
    func main(n: u64) -> (i64) {
      r = host_call charge(n)
      ret r
    }`;
  const all = run(text, [u64((1n << 64n) - 1n)], { limits: { fuel: (1n << 64n) - 1n } }, charge);
  assertEquals(all.ok, false);
  assertEquals(all.fuelUsed, (1n << 64n) - 1n);
  if (!all.ok) assertEquals([all.trap.kind, all.trap.pc > 0], ["FuelExceeded", true]);
  const some = run(text, [u64(40)], { limits: { fuel: 82n } }, charge);
  assertEquals([some.ok, some.fuelUsed], [true, 82n]);
  assertEquals(run(text, [u64(40)], { limits: { fuel: 81n } }, charge).ok, false);
});

Deno.test("call depth: the entry frame is always allowed", () => {
  const text = `func main(n: i64) -> (i64) {
      zero = const.i64 0
      one = const.i64 1
      more = i64.gt n, zero
      br more, deeper, done
    deeper:
      n = i64.sub n, one
      n = call main(n)
      n = i64.add n, one
      ret n
    done:
      ret n
    }`;
  for (const [n, depth] of [[0, 0], [0, 1], [1, 2], [255, 256]]) {
    assertEquals(result(text, [i64(n)], { limits: { maxCallDepth: depth } }), i64(n));
    const less = run(text, [i64(n + 1)], { limits: { maxCallDepth: depth } });
    assert(!less.ok && less.trap.kind === "CallDepthExceeded");
  }
  const deep = { limits: { maxCallDepth: 1_000_000, fuel: 100_000_000n } };
  assertEquals(result(text, [i64(500_000)], deep), i64(500_000));
});

Deno.test("stacks grow with their contents, to a limit", () => {
  const stack = borrowStack();
  stack.i64[5] = 7n;
  const grown = growStack(stack, stack.i64.length + 1)!;
  assertEquals([grown.i64[5], grown.i64.length >= 2 * stack.i64.length], [7n, true]);
  assertEquals(growStack(stack, 2 ** 40), undefined);
  returnStack(stack);
  assert(borrowStack() === stack);
  returnStack(stack);
});

Deno.test("memory: arguments, texts and aggregates count to the byte", () => {
  const text = `func main(a: str, b: str) -> (str) {
      c = str.concat a, b
      c = str.concat c, b
      t = tuple.new a, b
      ret c
    }`;
  // Arguments 3 + 2, a copy of both 5, extended in place by 2: 12, aligned to 16; 16 + 16 + 8.
  const need = 16 + 40;
  for (const slack of [0, 1, 1 << 20]) {
    const limits = { maxMemory: need + slack };
    assertEquals(result(text, [str("abc"), str("de")], { limits }), str("abcdede"));
  }
  const places = [0, 4, 5, 9, 10, 11, 12, 55].map((maxMemory) => {
    const outcome = run(text, [str("abc"), str("de")], { limits: { maxMemory } });
    assert(!outcome.ok && outcome.trap.kind === "MemoryLimitExceeded", `limit ${maxMemory}`);
    return Number(outcome.fuelUsed);
  });
  assertEquals(places, [0, 0, 1, 1, 2, 2, 3, 3]);
});

Deno.test("memory: empty values and slices take none, and small programs have none", () => {
  const text = `func main(a: bytes) -> (u64) {
      zero = const.u64 0
      empty = bytes.slice a, zero, zero
      b = bytes.concat empty, empty
      c = bytes.concat a, b
      d = bytes.concat b, c
      s = bytes.to_str d
      e = str.to_bytes s
      n = bytes.len e
      ret n
    }`;
  assertEquals(result(text, [bytes(new Uint8Array(0))], { limits: { maxMemory: 0 } }), u64(0));
  const four = bytes(new Uint8Array(4));
  assertEquals(result(text, [four], { limits: { maxMemory: 4 } }), u64(4));
});

Deno.test("memory: doubling stops at the limit and the instance stays usable", () => {
  const text = `func main(a: str) -> (str) { \n jmp l \n l: \n a = str.concat a, a \n jmp l \n }`;
  const instance = createInterpreter(tape(text), createHost());
  for (let k = 0; k < 3; k++) {
    const outcome = instance.run(0, [str("x")], { limits: { maxMemory: 40 << 20 } });
    assert(!outcome.ok && outcome.trap.kind === "MemoryLimitExceeded");
    // In-place growth doubles what is used: 2^25 bytes fit, 2^26 do not.
    assertEquals(outcome.fuelUsed, 1n + 2n * 25n + 1n);
  }
});

Deno.test("limits out of range are refused", () => {
  const instance = createInterpreter(tape(COUNT), createHost());
  for (
    const limits of [{ fuel: -1n }, { fuel: 1n << 64n }, { maxCallDepth: 1.5 }, {
      maxHostCalls: -1n,
    }, { maxMemory: -1 }]
  ) {
    assertThrows(() => instance.run(0, [u64(1)], { limits }), RangeError, "got");
  }
  assert(instance.run(0, [u64(1)]).ok);
});

Deno.test("NaN payloads survive moves, selects, constants, calls, aggregates and results", () => {
  const signalling = 0x7ff0dead_beef0001n;
  const text = `func main(a: f64, cond: bool) -> (f64, f64, f64, f64, f64, u64, f64, f64) {
      b = mov a
      c = select cond, a, b
      t = tuple.new c, a
      d = tuple.get t, 0
      e = call same(d)
      k = const.f64 bits(0xfff123456789abcd)
      bits = f64.to_bits k
      g = f64.neg a
      h = f64.abs g
      ret a, b, c, e, k, bits, g, h
    }
    func same(x: f64) -> (f64) {
      ret x
    }`;
  const value: Value = { type: "f64", bits: signalling };
  const outcome = run(text, [value, { type: "bool", value: true }]);
  const negated = signalling | 1n << 63n;
  const literal = 0xfff123456789abcdn;
  assertEquals(
    unwrap(outcome).map((v) => (v.type === "f64" ? v.bits : (v as { value: bigint }).value)),
    [signalling, signalling, signalling, signalling, literal, literal, negated, signalling],
  );
  assert(Number.isNaN(f64FromBits(signalling)));
});

Deno.test("decimals: products at the edge of 64 bits", () => {
  const text = `func main(a: dec, b: dec) -> (dec) { \n c = dec.mul a, b \n ret c \n }`;
  const max = (1n << 63n) - 1n;
  const edges = [0n, 1n, -1n, 2n, 3n, 1n << 31n, -(1n << 31n), (1n << 32n) - 1n, max, -max - 1n];
  const more = [3037000499n, 3037000500n, -3037000500n, max / 3n, max / 3n + 1n, 1n << 62n];
  const instance = createInterpreter(tape(text), createHost());
  for (const a of [...edges, ...more]) {
    for (const b of [...edges, ...more]) {
      const outcome = instance.run(0, [dec(a, 100), dec(b, 155)]);
      const fits = BigInt.asIntN(64, a * b) === a * b;
      assertEquals(outcome.ok, fits, `${a} * ${b}`);
      if (outcome.ok) assertEquals(outcome.values, [dec(a * b, 255)]);
      assertEquals(instance.run(0, [dec(a, 100), dec(b, 156)]).ok, false);
    }
  }
});

Deno.test("deeply nested and shared aggregates come in and go out", () => {
  const grow = `func main(n: u64) -> (agg) {
      zero = const.u64 0
      one = const.u64 1
      t = tuple.new zero
      jmp test
    test:
      more = u64.lt zero, n
      br more, body, done
    body:
      t = tuple.new t, t
      n = u64.sub n, one
      jmp test
    done:
      ret t
    }
    func back(t: agg) -> (agg, u64) {
      n = tuple.len t
      ret t, n
    }`;
  const instance = createInterpreter(tape(grow), createHost());
  const outcome = instance.run(0, [u64(100_000)]);
  const value = unwrap(outcome)[0];
  const [again, length] = unwrap(instance.run(1, [value]));
  assertEquals(length, u64(2));
  let depth = 0;
  for (let node = again; node.type === "tuple" && node.values.length === 2; depth++) {
    assert(node.values[0] === node.values[1]);
    node = node.values[0];
  }
  assertEquals(depth, 100_000);
});

Deno.test("an aggregate argument that contains itself is refused", () => {
  const values: Value[] = [];
  const loop = tuple(...values);
  (loop.values as Value[]).push(loop);
  const instance = createInterpreter(
    tape(`func main(t: agg) -> (u64) { \n n = tuple.len t \n ret n \n }`),
    createHost(),
  );
  assertThrows(() => instance.run(0, [loop]), TypeError, "contain itself");
  assertEquals(unwrap(instance.run(0, [tuple(u64(1))])), [u64(1)]);
});

Deno.test("host objects keep their own type through a field of another one", () => {
  const text = `func main(t: tuple(obj(7))) -> (obj(7)) { \n o = tuple.get t, 0 \n ret o \n }`;
  const other: Value = { type: "obj", objType: 8n, handle: 3n };
  assertEquals(result(text, [tuple(other)]), other);
});

Deno.test("traps as text and as errors", () => {
  const outcome = run(`func main() -> (i64) {
      a = const.i64 1
      b = const.i64 0
      .span 77
      a = i64.div a, b
      ret a
    }`);
  assert(!outcome.ok);
  assertEquals(formatTrap(outcome.trap), "trap at f0 pc=6 span=77: division by zero");
  const error = assertThrows(() => unwrap(outcome), TrapError, "division by zero");
  assertEquals(error.trap, outcome.trap);
});
