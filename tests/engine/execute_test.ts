/**
 * Calling functions with plain values: what each type takes and gives, what is refused, and traps as
 * errors, in each tier.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { nativeSupport } from "../../ffi/platform.ts";
import {
  array,
  assemble,
  closure,
  createHost,
  Engine,
  f64,
  hostFunction,
  i64,
  type PlainArgument,
  str,
  struct,
  type Tier,
  TrapError,
  tuple,
  unit,
  type ValueType,
  verify,
} from "../../mod.ts";

const TIERS: Tier[] = nativeSupport().supported
  ? ["interp", "native", "auto", "wasm"]
  : ["interp", "wasm"];

const TYPES: ValueType[] = [
  "unit",
  "bool",
  "i64",
  "u64",
  "f64",
  "dec",
  "bytes",
  "str",
  "obj(7)",
  "agg",
  "func",
  "closure",
];

const PROGRAM = verify(assemble(`
  host look(i64) -> (i64)
  ${TYPES.map((type, k) => `func id_${k}(x: ${type}) -> (${type}) {\n ret x\n }`).join("\n")}
  func nothing() -> () {
    ret
  }
  func swap(first: i64, second: str) -> (str, i64) {
    ret second, first
  }
  func divide(a: i64, b: i64) -> (i64) {
    .span 5
    c = i64.div a, b
    ret c
  }
  func looks(n: i64) -> (i64) {
    m = host_call look(n)
    ret m
  }
`));

const HOST = createHost([
  hostFunction({ symbol: "look", args: ["i64"], results: ["i64"] }, (n) => {
    if (n < 0n) throw new RangeError("nothing below zero");
    return n > 9n ? Promise.resolve(-n) : n;
  }),
]);

/** Calls the identity of a type. */
function echo(engine: Engine, type: ValueType, value: PlainArgument): unknown {
  using instance = engine.load(PROGRAM);
  return instance.execute(`id_${TYPES.indexOf(type)}`, [value]);
}

Deno.test("plain values of every type go in and come out", () => {
  using engine = new Engine({ tier: "interp" });
  const same: [ValueType, PlainArgument][] = [
    ["unit", undefined],
    ["bool", true],
    ["bool", false],
    ["i64", -(2n ** 63n)],
    ["i64", 2n ** 63n - 1n],
    ["u64", 2n ** 64n - 1n],
    ["f64", 1.5],
    ["f64", -0],
    ["f64", NaN],
    ["f64", -Infinity],
    ["dec", { mantissa: -125n, scale: 255 }],
    ["bytes", new Uint8Array([1, 2, 255])],
    ["bytes", new Uint8Array()],
    ["str", "é\u0000😀"],
    ["str", ""],
    ["obj(7)", { objType: 7n, handle: 2n ** 64n - 1n }],
    ["agg", tuple(i64(1), str("x"))],
    ["agg", struct(0)],
    ["agg", array(0, unit)],
    ["func", { func: 3 }],
    ["closure", closure(3, tuple(f64(2)))],
  ];
  for (const [type, value] of same) assertEquals(echo(engine, type, value), value, type);
  const converted: [ValueType, PlainArgument, unknown][] = [
    ["unit", null, undefined],
    ["i64", -5, -5n],
    ["i64", -0, 0n],
    ["u64", Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
    ["dec", { mantissa: 7, scale: 1 } as unknown as PlainArgument, { mantissa: 7n, scale: 1 }],
    // Tagged values may stand for plain ones.
    ["unit", unit, undefined],
    ["bool", { type: "bool", value: true }, true],
    ["i64", i64(4), 4n],
    ["f64", f64(4), 4],
    ["dec", { type: "dec", mantissa: 1n, scale: 2 }, { mantissa: 1n, scale: 2 }],
    ["bytes", { type: "bytes", value: new Uint8Array(2) }, new Uint8Array(2)],
    ["str", str("x"), "x"],
    ["obj(7)", { type: "obj", objType: 7n, handle: 1n }, { objType: 7n, handle: 1n }],
    ["func", { type: "func", func: 0 }, { func: 0 }],
  ];
  for (const [type, value, result] of converted) {
    assertEquals(echo(engine, type, value), result, type);
  }
});

Deno.test("a value that is not of its parameter's type is refused", () => {
  using engine = new Engine({ tier: "interp" });
  const samples: [unknown, ...ValueType[]][] = [
    [undefined, "unit"],
    [null, "unit"],
    [true, "bool"],
    [1, "i64", "u64", "f64"],
    [-1, "i64", "f64"],
    [1.5, "f64"],
    [2 ** 53, "f64"],
    [1n, "i64", "u64"],
    [-1n, "i64"],
    [2n ** 63n, "u64"],
    [-(2n ** 63n) - 1n],
    [2n ** 64n],
    ["1", "str"],
    ["\ud800"],
    [new Uint8Array(1), "bytes"],
    [new Uint8ClampedArray(1)],
    [[1n]],
    [{}],
    [() => 1n],
    [Symbol("x")],
    [{ mantissa: 1n, scale: 0 }, "dec"],
    [{ mantissa: 1n, scale: 256 }],
    [{ mantissa: 1n, scale: 0.5 }],
    [{ mantissa: 2n ** 63n, scale: 0 }],
    [{ mantissa: 1n }],
    [{ objType: 7n, handle: 1n }, "obj(7)"],
    [{ objType: 8n, handle: 1n }],
    [{ objType: 7n, handle: -1n }],
    [{ objType: 7n }],
    [{ func: 1 }, "func"],
    [{ func: -1 }],
    [{ func: 1.5 }],
    [tuple(), "agg"],
    [closure(0, tuple()), "closure"],
    [{ type: "i64", value: 2n ** 64n }],
    [{ type: "i64", value: "1" }],
    [{ type: "f64", bits: -1n }],
    [{ type: "bool", value: 1 }],
    [{ type: "bytes", value: "x" }],
    [{ type: "str", value: "\ud800" }],
    [{ type: "obj", objType: 8n, handle: 1n }],
    [{ type: "nonsense" }],
  ];
  for (const [value, ...types] of samples) {
    for (const type of TYPES) {
      if (types.includes(type)) echo(engine, type, value as PlainArgument);
      else {
        assertThrows(
          () => echo(engine, type, value as PlainArgument),
          TypeError,
          `argument 1 (x) of id_${TYPES.indexOf(type)} must be ${type}, `,
        );
      }
    }
  }
});

Deno.test("messages name the parameter, its type and the value", () => {
  using engine = new Engine({ tier: "interp" });
  using instance = engine.load(PROGRAM);
  const message = (func: number | string, args: unknown[]) =>
    assertThrows(() => instance.execute(func, args as PlainArgument[]), Error).message;
  const i64Form = "must be i64, a bigint or a safe integer from -2^63 to 2^63 - 1";
  assertEquals(message("swap", [1.5, ""]), `argument 1 (first) of swap ${i64Form}: got 1.5`);
  assertEquals(message("swap", [2n ** 64n, ""]).split(": got ")[1], "18446744073709551616n");
  assertEquals(
    message("swap", ["a".repeat(50), ""]).split(": got ")[1],
    `"${"a".repeat(40)}"… of length 50`,
  );
  assertEquals(
    message("swap", [new Uint8Array(3), ""]).split(": got ")[1],
    "Uint8Array of length 3",
  );
  assertEquals(message("swap", [[1], ""]).split(": got ")[1], "Array of length 1");
  assertEquals(message("swap", [str("x"), ""]).split(": got ")[1], '{ type: "str", value: "x" }');
  assertEquals(message("swap", [tuple(), ""]).split(": got ")[1], '{ type: "tuple", values: … }');
  assertEquals(message("swap", [{}, ""]).split(": got ")[1], "an object without fields");
  assertEquals(
    message("swap", [1, null]),
    "argument 2 (second) of swap must be str, a string without lone surrogates: got null",
  );
  assertEquals(message("swap", [1]), "swap takes 2 arguments (first: i64, second: str): got 1");
  assertEquals(message("nothing", [1]), "nothing takes 0 arguments (): got 1");
  assertEquals(message("swop", []), 'no function is named "swop"; did you mean `swap`?');
  const count = PROGRAM.program.functions.length;
  assertEquals(message(99, []), `there is no function 99: the program has ${count}`);
});

Deno.test("integers survive the way in and out", () => {
  using engine = new Engine({ tier: "interp" });
  using instance = engine.load(PROGRAM);
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
    assertEquals(instance.execute("id_2", [n]), n);
    if (Number.isSafeInteger(Number(n))) assertEquals(instance.execute("id_2", [Number(n)]), n);
  }));
  fc.assert(fc.property(fc.double(), (x) => {
    assertEquals(Object.is(instance.execute("id_4", [x]), x), true);
  }));
});

for (const tier of TIERS) {
  Deno.test(`${tier}: none, one and several results; traps as errors`, async () => {
    using engine = await Engine.open({ tier });
    using instance = engine.load(PROGRAM, HOST);
    assertEquals(instance.execute("nothing"), undefined);
    assertEquals(instance.execute("divide", [7, 2]), 3n);
    assertEquals(instance.compileAndExecute("swap", [7, "x"]), ["x", 7n]);
    assertEquals(instance.execute("looks", [4]), 4n);
    assertEquals(await instance.executeAsync("looks", [40]), -40n);
    assertEquals(await instance.executeAsync("swap", [1, ""], { yieldEvery: 1 }), ["", 1n]);

    const divided = assertThrows(() => instance.execute("divide", [1, 0]), TrapError);
    const id = PROGRAM.program.functions.length - 2;
    const { pc } = divided.trap;
    assertEquals(
      divided.message,
      `DivByZero in divide (f${id}) at pc=${pc} span=5: division by zero`,
    );
    assertEquals(divided.trap, { kind: "DivByZero", func: id, pc, span: 5n });
    assertEquals([divided.fuelUsed, divided.hostCalls, divided.name], [1n, 0n, "TrapError"]);
    assert(!("cause" in divided));

    const looked = assertThrows(() => instance.compileAndExecute("looks", [-1]), TrapError);
    assert(looked.trap.kind === "HostCallFailed" && looked.cause instanceof RangeError);
    assertStrictEquals(looked.cause, looked.trap.cause);
    assertEquals(looked.hostCalls, 1n);

    const limits = { fuel: 1n };
    const spent = assertThrows(() => instance.execute("divide", [1, 1], { limits }), TrapError);
    assertEquals([spent.trap.kind, spent.fuelUsed], ["FuelExceeded", 1n]);

    const signal = AbortSignal.abort("no");
    const aborted = await assertRejects(
      () => instance.executeAsync("looks", [40], { signal }),
      TrapError,
    );
    assertEquals([aborted.trap.kind, aborted.cause], ["Aborted", "no"]);
    await assertRejects(() => instance.executeAsync("looks", ["40"]), TypeError, "argument 1 (n)");
  });
}

Deno.test({
  name: "compileAndExecute compiles what it runs and no more",
  ignore: !nativeSupport().supported,
  fn() {
    using engine = new Engine({ tier: "auto" });
    using instance = engine.load(PROGRAM, HOST);
    assertEquals(instance.compileAndExecute("divide", [9, 3]), 3n);
    const { functionsCompiled, entries } = engine.stats();
    assertEquals([functionsCompiled, entries], [1, 1]);
    assertThrows(() => instance.compileAndExecute("dived", []), TypeError, "no function is named");
  },
});
