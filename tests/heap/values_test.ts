/**
 * Values in memory: what is written and read back is the same, and lies where the layout says.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Heap } from "../../src/heap/heap.ts";
import {
  AGG_ELEMENTS,
  AGG_KIND,
  AGG_LENGTH,
  AGG_TYPE_ID,
  aggregateSize,
  WORDS_OF_CLASS,
} from "../../src/heap/layout.ts";
import { isUtf8, readText, writeText } from "../../src/heap/text.ts";
import { buildAggregate, readResults, valueClass, writeValue } from "../../src/heap/values.ts";
import { createWords } from "../../src/heap/words.ts";
import {
  type AggValue,
  array,
  bytes,
  dec,
  equalValues,
  i64,
  obj,
  str,
  struct,
  tuple,
  unit,
  type Value,
} from "../../src/tape/value.ts";

const u64s = fc.bigInt(0n, (1n << 64n) - 1n);
const i64s = fc.bigInt(-(1n << 63n), (1n << 63n) - 1n);
const u32s = fc.nat(2 ** 32 - 1);

const { value: values } = fc.letrec<{ value: Value; agg: AggValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant<Value>(unit),
    fc.boolean().map((value): Value => ({ type: "bool", value })),
    i64s.map((value): Value => ({ type: "i64", value })),
    u64s.map((value): Value => ({ type: "u64", value })),
    u64s.map((bits): Value => ({ type: "f64", bits })),
    fc.tuple(i64s, fc.nat(255)).map(([m, s]) => dec(m, s)),
    fc.uint8Array({ maxLength: 80 }).map((value): Value => ({ type: "bytes", value })),
    fc.string({ unit: "grapheme", maxLength: 50 }).map((value) => str(value.toWellFormed())),
    fc.tuple(u64s, u64s).map(([objType, handle]): Value => ({ type: "obj", objType, handle })),
    u32s.map((func): Value => ({ type: "func", func })),
    tie("agg"),
    fc.tuple(u32s, tie("agg")).map(([func, env]): Value => ({ type: "closure", func, env })),
  ),
  agg: fc.oneof(
    fc.array(tie("value"), { maxLength: 6 }).map((list): AggValue => tuple(...list)),
    fc.tuple(u32s, fc.array(tie("value"), { maxLength: 6 })).map(([id, list]): AggValue =>
      struct(id, ...list)
    ),
    fc.tuple(u32s, fc.array(tie("value"), { maxLength: 6 })).map(([id, list]): AggValue =>
      array(id, ...list)
    ),
  ),
}));

Deno.test("any value survives memory, under any prior allocation", () => {
  const heap = new Heap([]);
  const words = createWords(8);
  fc.assert(fc.property(values, fc.nat(7), (value, shift) => {
    heap.begin(1 << 24);
    heap.allocBytes(shift);
    const cls = valueClass(value);
    assertEquals(writeValue(heap, words, 3, value), WORDS_OF_CLASS[cls]);
    assert(equalValues(readResults(heap, words, 3, [cls])[0], value));
    heap.reset();
  }));
});

Deno.test("an aggregate lies where the layout says", () => {
  const heap = new Heap([]);
  heap.begin(1000);
  heap.allocBytes(1);
  const at = buildAggregate(heap, struct(9, i64(-2), dec(7, 3), str("ab"), unit, dec(8, 1)));
  assertEquals(at % 8, 0);
  assertEquals(
    [AGG_KIND, AGG_TYPE_ID, AGG_LENGTH].map((field) => heap.u32[(at + field) / 4]),
    [1, 9, 5],
  );
  const first = (at + AGG_ELEMENTS) / 8;
  assertEquals(heap.i64[first], -2n);
  assertEquals([...heap.u8.subarray(at + 16 + 40, at + 16 + 48)], [2, 5, 7, 0, 5, 0, 0, 0]);
  const cells = at + 16 + 40 + 8;
  assertEquals([heap.i64[first + 1], heap.i64[first + 4]], [BigInt(cells), BigInt(cells + 16)]);
  assertEquals([...heap.i64.subarray(cells / 8, cells / 8 + 4)], [7n, 3n, 8n, 1n]);
  const text = heap.u32[2 * (first + 2)];
  assertEquals([heap.u32[2 * (first + 2) + 1], readText(heap.u8, text, 2)], [2, "ab"]);
  assertEquals(text, at + aggregateSize(5, 2));
  assertEquals(heap.i64[first + 3], 0n);
});

Deno.test("shared structure is stored once and comes back shared", () => {
  const heap = new Heap([]);
  heap.begin(1 << 20);
  const words = createWords(2);
  let value: AggValue = tuple(i64(1));
  for (let k = 0; k < 200; k++) value = tuple(value, value);
  writeValue(heap, words, 0, value);
  assertEquals(heap.used, 32 + 200 * 40);
  let read = readResults(heap, words, 0, [9])[0] as AggValue;
  for (let k = 0; k < 200; k++) {
    assert(read.values[0] === read.values[1]);
    read = read.values[0] as AggValue;
  }
  assertEquals(read, tuple(i64(1)));
});

Deno.test("elements survive the growth of memory that they cause themselves", () => {
  const heap = new Heap([]);
  const words = createWords(2);
  // Each object, bytes and text allocates, so one of each sort is the first beyond a page.
  const value = tuple(...Array.from({ length: 60_000 }, (_, k) => {
    if (k % 3 === 0) return obj(7n, BigInt(k));
    return k % 3 === 1 ? str(`${k}`) : bytes(Uint8Array.of(k, k >> 8));
  }));
  heap.begin(1 << 24);
  heap.allocBytes(1);
  const before = heap.memory.buffer.byteLength;
  writeValue(heap, words, 0, value);
  assert(heap.memory.buffer.byteLength > before);
  assert(equalValues(readResults(heap, words, 0, [9])[0], value));
  heap.dispose();
});

Deno.test("text: short, long, ASCII and not, with a byte-order mark", () => {
  const heap = new Heap([]);
  heap.begin(1 << 20);
  const texts = ["", "a", "\ufeffx", "é", "😀".repeat(9)];
  // On both sides of what is short, with and without a letter beyond ASCII at the end.
  for (const length of [31, 32, 33, 63, 64, 65]) {
    texts.push("x".repeat(length), "\0y".repeat(length - 2) + "é", "\x7f".repeat(length - 2) + "é");
  }
  for (const text of texts) {
    const at = writeText(heap, text);
    const length = heap.top - at;
    assertEquals(length, new TextEncoder().encode(text).length);
    assertEquals(readText(heap.u8, at, length), text);
    assert(isUtf8(heap.u8, at, length));
  }
});

Deno.test("UTF-8 is strict", () => {
  const bad = [
    "80",
    "c0af",
    "c1bf",
    "e08080",
    "eda080",
    "f08080af",
    "f4908080",
    "f8",
    "61e2",
    "ff",
  ];
  for (const hex of bad) {
    const bytes = Uint8Array.fromHex(`61${hex}`);
    assertEquals(isUtf8(bytes, 0, bytes.length), false, hex);
    assertEquals(isUtf8(bytes, 0, 1), true);
  }
});
