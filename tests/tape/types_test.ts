import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  CLASS_NAMES,
  formatSignature,
  isValueType,
  objType,
  objTypeId,
  signatureHash,
  TypeClass,
  typeClass,
  type ValueType,
} from "../../src/tape/types.ts";

Deno.test("signatureHash gives the specification's vectors", () => {
  const big = objType(0x1122334455667788n);
  const all = CLASS_NAMES.map((name): ValueType => name === "obj" ? objType(1n) : name);
  const vectors: [ValueType[], ValueType[], bigint][] = [
    [[], [], 0x1034008901c58b8fn],
    [["i64"], ["i64"], 0x49048bcfa89ce5f5n],
    [["i64", "bool"], ["u64"], 0xe7ab62d14a25e202n],
    [[], ["unit"], 0x413994a3855cb99an],
    [["u64"], ["i64"], 0x0c3d25ad9befd09cn],
    [["str", "bytes"], ["f64", "dec"], 0x353939f31c89f0adn],
    [["obj(7)"], [big], 0x310ab58b9cf4c58cn],
    [["agg", "func", "closure"], [], 0x6d8f7c340b503fecn],
    [["func"], ["unit"], 0x64516838390eb0c7n],
    [["closure"], ["unit"], 0x278a06162c61a23an],
    [all, all, 0x80acc3b3e7c46363n],
  ];
  for (const [args, results, hash] of vectors) {
    const signature = { args, results };
    assertEquals(signatureHash(signature), hash, formatSignature(signature));
  }
});

Deno.test("type classes are the tag bytes", () => {
  CLASS_NAMES.forEach((name, tag) => {
    const type: ValueType = name === "obj" ? objType(3n) : name;
    assertEquals(typeClass(type), tag);
  });
  assertEquals(Object.values(TypeClass), CLASS_NAMES.map((_, tag) => tag));
});

Deno.test("object types keep their id", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (id) => {
    const type = objType(id);
    assert(isValueType(type));
    assertEquals(objTypeId(type), id);
    assertEquals(typeClass(type), TypeClass.Obj);
  }));
});

Deno.test("isValueType refuses other spellings", () => {
  for (const name of CLASS_NAMES) assertEquals(isValueType(name), name !== "obj");
  const refused = [
    "",
    "I64",
    "obj",
    "obj()",
    "obj(-1)",
    "obj(01)",
    "obj(1n)",
    "obj(18446744073709551616)",
    "obj(1) ",
  ];
  for (const text of refused) assertEquals(isValueType(text), false, text);
  assert(isValueType("obj(18446744073709551615)"));
});
