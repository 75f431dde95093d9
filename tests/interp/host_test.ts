/**
 * The host interface: plain values in and out, what goes wrong and how, views, access records, promises.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { AggView, ClosureView } from "../../src/heap/views.ts";
import type { AccessKey } from "../../src/interp/access.ts";
import { createHost, type HostContext, hostFunction } from "../../src/interp/host.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { unwrap } from "../../src/interp/outcome.ts";
import type { Trap } from "../../src/interp/trap.ts";
import {
  array,
  bool,
  bytes,
  closure,
  dec,
  f64,
  func,
  i64,
  obj,
  str,
  struct,
  tuple,
  u64,
  unit,
  type Value,
} from "../../src/tape/value.ts";
import { signatureHash, type ValueType } from "../../src/tape/types.ts";
import { result, run, tape } from "./helpers.ts";

/** Calls a host function of results `results` that returns `value`. */
function returning(results: ValueType[], value: unknown, text?: string) {
  const host = createHost([hostFunction({ symbol: "f", args: [], results }, () => value as any)]);
  const names = results.map((_, k) => `r${k}`).join(", ");
  return run(
    text ?? `host f() -> (${results.join(", ")})
      func main() -> (${results.join(", ")}) {
        ${names === "" ? "" : `${names} = `}host_call f()
        ret ${names}
      }`.replaceAll(/\br(\d)/g, "v$1"),
    [],
    {},
    host,
  );
}

function trapOf(outcome: ReturnType<typeof run>): Trap {
  assert(!outcome.ok);
  return outcome.trap;
}

Deno.test("arguments arrive in their plain form, typed by the declaration", () => {
  const seen: unknown[] = [];
  const take = hostFunction(
    {
      symbol: "take",
      args: ["unit", "bool", "i64", "u64", "f64", "dec", "bytes", "str", "obj(7)", "func"],
      results: [],
    },
    (a, b, c, d, e, f, g, h, i, j, context) => {
      // The parameters have these types without annotation; the compiler checks this test.
      const typed: [
        undefined,
        boolean,
        bigint,
        bigint,
        number,
        { readonly mantissa: bigint; readonly scale: number },
        Uint8Array,
        string,
        { readonly objType: bigint; readonly handle: bigint },
        { readonly func: number },
        HostContext,
      ] = [a, b, c, d, e, f, g, h, i, j, context];
      seen.push(...typed.slice(0, -1));
    },
  );
  run(
    `host take(unit, bool, i64, u64, f64, dec, bytes, str, obj(7), func) -> ()
    func main(b: bool, c: i64, d: u64, e: f64, f: dec, g: bytes, h: str, i: obj(7), j: func) {
      a = const.unit
      host_call take(a, b, c, d, e, f, g, h, i, j)
      ret
    }`,
    [
      bool(true),
      i64(-5),
      u64((1n << 64n) - 1n),
      f64(2.5),
      dec(-12, 3),
      bytes(Uint8Array.of(1, 2)),
      str("hé😀"),
      obj(7, 9),
      func(4),
    ],
    {},
    createHost([take]),
  );
  assertEquals(seen, [
    undefined,
    true,
    -5n,
    (1n << 64n) - 1n,
    2.5,
    { mantissa: -12n, scale: 3 },
    Uint8Array.of(1, 2),
    "hé😀",
    { objType: 7n, handle: 9n },
    { func: 4 },
  ]);
});

Deno.test("results: plain, tagged and several", () => {
  const long = "é".repeat(100);
  const cases: [ValueType, unknown, Value][] = [
    ["unit", undefined, unit],
    ["bool", true, bool(true)],
    ["i64", -1n, i64(-1)],
    ["u64", (1n << 64n) - 1n, u64((1n << 64n) - 1n)],
    ["f64", 0.5, f64(0.5)],
    ["f64", f64(0.5), f64(0.5)],
    ["dec", { mantissa: 5n, scale: 255 }, dec(5, 255)],
    ["dec", dec(5, 2), dec(5, 2)],
    ["bytes", Uint8Array.of(9), bytes(Uint8Array.of(9))],
    ["str", long, str(long)],
    ["str", "\ufeffbom", str("\ufeffbom")],
    ["obj(7)", { objType: 7n, handle: 1n }, obj(7, 1)],
    ["func", { func: 3 }, func(3)],
    ["agg", tuple(i64(1), dec(1, 1), str("x")), tuple(i64(1), dec(1, 1), str("x"))],
    ["agg", array(2, struct(1, unit)), array(2, struct(1, unit))],
    ["closure", closure(1, tuple()), closure(1, tuple())],
  ];
  for (const [type, value, expected] of cases) {
    assertEquals(unwrap(returning([type], value)), [expected], type);
    assertEquals(unwrap(returning([type], [value])), [expected], type);
  }
  assertEquals(unwrap(returning(["i64", "str", "dec"], [1n, "two", dec(3, 0)])), [
    i64(1),
    str("two"),
    dec(3, 0),
  ]);
  assertEquals(unwrap(returning([], 5)), []);
});

Deno.test("results of the wrong type trap with both types", () => {
  const cases: [ValueType, unknown, string][] = [
    ["i64", u64(7), "u64"],
    ["i64", undefined, "unit"],
    ["i64", 5, "f64"],
    ["str", 5n, "i64"],
    ["obj(7)", { objType: 8n, handle: 1n }, "obj(8)"],
    ["bytes", "text", "str"],
    ["unit", true, "bool"],
    ["bool", tuple(), "agg"],
  ];
  for (const [expected, value, actual] of cases) {
    assertEquals(trapOf(returning([expected], value)), {
      kind: "TypeMismatch",
      expected,
      actual: actual as ValueType,
      func: 0,
      pc: 0,
    });
  }
  assertEquals(
    trapOf(returning(["i64", "i64"], [1n, "x"])).kind,
    "TypeMismatch",
  );
  assertEquals(trapOf(returning(["i64", "i64"], undefined)).kind, "TypeMismatch");
});

Deno.test("results of the wrong number", () => {
  for (
    const [results, value, actual] of [[2, [1n], 1], [2, [1n, 1n, 1n], 3], [1, [], 0], [2, 1n, 1], [
      0,
      [1n],
      1,
    ]] as const
  ) {
    const types = Array.from({ length: results }, (): ValueType => "i64");
    assertEquals(trapOf(returning(types, value)), {
      kind: "HostReturnArityMismatch",
      expected: results,
      actual,
      func: 0,
      pc: 0,
    });
  }
});

Deno.test("results that are no values fail the call with a cause", () => {
  const cases: [ValueType, unknown, typeof RangeError | typeof TypeError][] = [
    ["i64", 1n << 63n, RangeError],
    ["u64", -1n, RangeError],
    ["i64", { type: "i64", value: 1n << 63n }, RangeError],
    ["dec", { mantissa: 1n, scale: 256 }, RangeError],
    ["dec", { mantissa: 1n << 63n, scale: 2 }, RangeError],
    ["obj(7)", { objType: 7n, handle: -1n }, RangeError],
    ["func", { func: -1 }, RangeError],
    ["str", "\ud800", TypeError],
    ["i64", null, TypeError],
    ["i64", {}, TypeError],
    ["i64", { type: "i65" }, TypeError],
    ["i64", () => 1n, TypeError],
    ["i64", Promise.resolve(1n), TypeError],
    ["i64", Promise.reject(new Error("later")), TypeError],
    ["i64", { then() {} }, TypeError],
  ];
  for (const [type, value, error] of cases) {
    const trap = trapOf(returning([type], value));
    assert(trap.kind === "HostCallFailed" && trap.error === "Failed");
    assert(trap.cause instanceof error);
    assert(trap.cause.message.includes("host function"), trap.cause.message);
  }
});

Deno.test("unknown symbols, other signatures and errors", () => {
  const text = `host f(i64) -> (i64)
    func main(a: i64) -> (i64) { \n a = host_call f(a) \n ret a \n }`;
  const sigHash = signatureHash({ args: ["i64"], results: ["i64"] });
  const failed = { kind: "HostCallFailed", symbol: "f", sigHash, func: 0, pc: 0 } as const;
  assertEquals(trapOf(run(text, [i64(1)])), { ...failed, error: "UnknownSymbol" });
  const other = hostFunction({ symbol: "f", args: ["u64"], results: ["i64"] }, (a) => a);
  assertEquals(trapOf(run(text, [i64(1)], {}, createHost([other]))), {
    ...failed,
    error: "SignatureMismatch",
  });
  const cause = new Error("reason");
  const throwing = hostFunction({ symbol: "f", args: ["i64"], results: ["i64"] }, (_, context) => {
    context.chargeFuel(1000);
    throw cause;
  });
  const outcome = run(text, [i64(1)], {}, createHost([other, throwing]));
  assertEquals(trapOf(outcome), { ...failed, error: "Failed", cause });
  assertEquals([outcome.fuelUsed, outcome.hostCalls], [1n, 1n]);
});

Deno.test("overloads are told apart; duplicates and unknown types are refused", () => {
  const host = createHost([
    hostFunction({ symbol: "f", args: ["i64"], results: ["str"] }, () => "signed"),
    hostFunction({ symbol: "f", args: ["u64"], results: ["str"] }, () => "unsigned"),
  ]);
  assertEquals([...host].map(({ args }) => args[0]), ["i64", "u64"]);
  for (const type of ["i64", "u64"] as const) {
    const found = host.lookup("f", signatureHash({ args: [type], results: ["str"] }));
    assert(typeof found !== "string");
    assertEquals(found.args, [type]);
  }
  const one = hostFunction({ symbol: "f", args: [], results: [] }, () => {});
  assertThrows(() => createHost([one, one]), TypeError, '"f" () -> () is declared twice');
  assertThrows(
    () => hostFunction({ symbol: "f", args: ["int" as "i64"], results: [] }, () => {}),
    TypeError,
    '"int" is not a value type',
  );
});

Deno.test("aggregate and closure views", () => {
  let kept: AggView | undefined;
  const look = hostFunction(
    { symbol: "look", args: ["agg", "closure"], results: ["agg", "closure"] },
    (view, f) => {
      kept = view;
      assertEquals([view.kind, view.typeId, view.length], ["tuple", 0, 4]);
      assertEquals(view.get(0), i64(-1));
      assertEquals(view.get(1), dec(5, 2));
      assertEquals(view.get(2), unit);
      const inner = view.get(3) as AggView;
      assertEquals([inner.type, inner.kind, inner.typeId, inner.length], ["agg", "array", 0, 2]);
      assertEquals([...inner], [str("a"), str("bc")]);
      assertThrows(() => view.get(4), RangeError, "no element 4 in an aggregate of 4");
      assertThrows(() => view.get(0.5), RangeError);
      assertEquals([f.func, f.env.length], [1, 4]);
      return [inner, f] as [AggView, ClosureView];
    },
  );
  const text = `host look(agg, closure) -> (agg, closure)
    func main(n: i64, d: dec, a: str, b: str) -> (agg, closure) {
      u = const.unit
      list = array.new str, a, b
      t = tuple.new n, d, u, list
      g = const.func other
      f = closure.new g, t
      x, f = host_call look(t, f)
      ret x, f
    }
    func other(t: agg) {
      ret
    }`;
  const args = [i64(-1), dec(5, 2), str("a"), str("bc")];
  const host = createHost([look]);
  const instance = createInterpreter(tape(text), host);
  const list = array(0, str("a"), str("bc"));
  assertEquals(unwrap(instance.run(0, args)), [
    list,
    closure(1, tuple(i64(-1), dec(5, 2), unit, list)),
  ]);
  assertThrows(() => kept!.length, Error, "the run that this aggregate belongs to has ended");
  const stale = kept!;
  const again = createHost([
    hostFunction(
      { symbol: "look", args: ["agg", "closure"], results: ["agg", "closure"] },
      (_, f) => [stale, f],
    ),
  ]);
  const trap = trapOf(createInterpreter(tape(text), again).run(0, args));
  assert(trap.kind === "HostCallFailed");
  assert((trap.cause as Error).message.includes("belongs to another run"));
});

Deno.test("views hand out copies that outlive the run", () => {
  let copy: Value | undefined;
  const host = createHost([
    hostFunction({ symbol: "keep", args: ["agg"], results: [] }, (view) => {
      copy = view.copy();
    }),
  ]);
  run(
    `host keep(agg) -> ()
    func main(t: agg) { \n host_call keep(t) \n ret \n }`,
    [struct(4, str("x"), closure(2, tuple(u64(1))))],
    {},
    host,
  );
  assertEquals(copy, struct(4, str("x"), closure(2, tuple(u64(1)))));
});

Deno.test("host call limit: checked before the host is entered", () => {
  let calls = 0;
  const host = createHost([
    hostFunction({ symbol: "f", args: [], results: [] }, () => void calls++),
  ]);
  const text = `host f() -> ()
    func main() { \n host_call f() \n host_call f() \n host_call f() \n ret \n }`;
  for (const [limit, made] of [[0n, 0], [2n, 2], [3n, 3], [(1n << 64n) - 1n, 3]] as const) {
    calls = 0;
    const outcome = run(text, [], { limits: { maxHostCalls: limit } }, host);
    assertEquals([outcome.ok, calls, outcome.hostCalls], [limit >= 3n, made, BigInt(made)]);
    if (!outcome.ok) assertEquals(outcome.trap.kind, "HostCallLimitExceeded");
  }
});

Deno.test("memory that a host result needs counts", () => {
  const host = createHost([
    hostFunction({ symbol: "f", args: [], results: ["str", "str"] }, () => ["abc", "defg"]),
  ]);
  const text = `host f() -> (str, str)
    func main() -> (str, str) { \n a, b = host_call f() \n ret a, b \n }`;
  assertEquals(run(text, [], { limits: { maxMemory: 7 } }, host).ok, true);
  assertEquals(trapOf(run(text, [], { limits: { maxMemory: 6 } }, host)), {
    kind: "MemoryLimitExceeded",
    func: 0,
    pc: 0,
  });
});

Deno.test("memory may grow under a host call", () => {
  const host = createHost([
    hostFunction({ symbol: "big", args: ["str"], results: ["str"] }, (a) => a.repeat(1 << 20)),
  ]);
  const text = `host big(str) -> (str)
    func main(a: str) -> (u64, bool, str) {
      b = host_call big(a)
      c = str.concat b, a
      n = str.len c
      t = tuple.new a, b
      d = tuple.get t, 0
      e = str.eq a, d
      ret n, e, a
    }`;
  assertEquals(unwrap(run(text, [str("xyz")], {}, host)), [
    u64(3 * (1 << 20) + 3),
    bool(true),
    str("xyz"),
  ]);
});

Deno.test("access records go to the sink of the run, or nowhere", () => {
  const host = createHost([
    hostFunction({ symbol: "f", args: [], results: [] }, (context) => {
      context.recordRead({ kind: "input", name: "a" });
      context.recordWrite({ kind: "hostState", op: context.sigHash, key: 5n });
      context.recordRead({ kind: "opaqueHost", op: 1n });
    }),
  ]);
  const text = `host f() -> ()
    func main() { \n host_call f() \n ret \n }`;
  const log: [string, AccessKey][] = [];
  const accessSink = {
    read: (key: AccessKey) => void log.push(["read", key]),
    write: (key: AccessKey) => void log.push(["write", key]),
  };
  const instance = createInterpreter(tape(text), host);
  assert(instance.run(0, [], { accessSink }).ok);
  assert(instance.run(0, []).ok);
  assertEquals(log, [
    ["read", { kind: "input", name: "a" }],
    ["write", {
      kind: "hostState",
      op: signatureHash({ args: [], results: [] }),
      key: 5n,
    }],
    ["read", { kind: "opaqueHost", op: 1n }],
  ]);
});

Deno.test("a context is of no use outside its call", () => {
  let kept: HostContext | undefined;
  const host = createHost([
    hostFunction({ symbol: "f", args: [], results: [] }, (context) => {
      kept = context;
      assertThrows(() => context.chargeFuel(-1), RangeError);
    }),
  ]);
  const outcome = run(
    `host f() -> ()
    func main() { \n host_call f() \n ret \n }`,
    [],
    {},
    host,
  );
  assert(outcome.ok);
  assertThrows(() => kept!.chargeFuel(1), Error, "used outside its call");
  assertThrows(() => kept!.recordRead({ kind: "input", name: "x" }), Error);
});

const CALLS_F = `host f(i64) -> (i64)
  func main(a: i64) -> (i64, i64) { \n b = host_call f(a) \n c = i64.add b, a \n ret b, c \n }`;

Deno.test("a host may run other interpreters", () => {
  const square = createInterpreter(
    tape(`func main(a: i64) -> (i64) { \n a = i64.mul a, a \n ret a \n }`),
    createHost(),
  );
  const host = createHost([
    hostFunction({ symbol: "f", args: ["i64"], results: ["i64"] }, (a) => {
      const [value] = unwrap(square.run(0, [i64(a)]));
      return value;
    }),
  ]);
  const instance = createInterpreter(tape(CALLS_F), host);
  assertEquals(unwrap(instance.run(0, [i64(7)])), [i64(49), i64(56)]);
});

Deno.test("asynchronous runs wait for promises", async () => {
  const host = createHost([
    hostFunction({ symbol: "f", args: ["i64"], results: ["i64"] }, async (a, context) => {
      await Promise.resolve();
      context.chargeFuel(10);
      if (a < 0n) throw new Error("negative");
      return a * 2n;
    }),
  ]);
  const program = tape(CALLS_F);
  const first = createInterpreter(program, host);
  const second = createInterpreter(program, host);
  const both = [first.runAsync(0, [i64(1)]), second.runAsync(0, [i64(10)])];
  const [one, ten] = await Promise.all(both);
  assertEquals(unwrap(one), [i64(2), i64(3)]);
  assertEquals([unwrap(ten), ten.fuelUsed], [[i64(20), i64(30)], 13n]);
  const failed = trapOf(await first.runAsync(0, [i64(-1)]));
  assert(failed.kind === "HostCallFailed");
  assertEquals((failed.cause as Error).message, "negative");
  assertEquals(trapOf(first.run(0, [i64(1)])).kind, "HostCallFailed");
  assertEquals(result(`func main() -> (i64) { \n a = const.i64 1 \n ret a \n }`), i64(1));
});
