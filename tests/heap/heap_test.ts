/**
 * Memory: constants, allocation, limits, growth and what a run leaves behind.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { BOUNDS_SOFT_END, BOUNDS_TOP, Heap, MemoryLimitError } from "../../src/heap/heap.ts";
import { MAX_MEMORY_BYTES, NULL_BYTES, PAGE_BYTES } from "../../src/heap/layout.ts";

Deno.test("there is no memory until something needs it", () => {
  const heap = new Heap([{ type: "str", value: "abc" }]);
  heap.begin(1000);
  assertEquals([heap.hasMemory, heap.top, heap.used, heap.u8.length], [false, 0, 0, 0]);
  assertEquals(heap.constantOffset(0), NULL_BYTES);
  assert(heap.hasMemory);
});

Deno.test("constants lie at the bottom, unaligned and in order", () => {
  const heap = new Heap([
    { type: "i64", value: 5n },
    { type: "str", value: "é" },
    { type: "bytes", value: Uint8Array.of(1, 2, 3) },
    { type: "str", value: "" },
  ]);
  heap.begin(100);
  assertEquals([heap.constantOffset(1), heap.constantLength(1)], [8, 2]);
  assertEquals([heap.constantOffset(2), heap.constantLength(2)], [10, 3]);
  assertEquals(heap.constantLength(3), 0);
  assertEquals([heap.base, heap.top], [16, 16]);
  assertEquals([...heap.u8.subarray(8, 13)], [0xc3, 0xa9, 1, 2, 3]);
});

Deno.test("bytes go anywhere, aggregates to multiples of 8", () => {
  const heap = new Heap([]);
  heap.begin(1 << 20);
  const base = heap.allocBytes(3);
  assertEquals([base, heap.base], [8, 8]);
  assertEquals([heap.allocBytes(2), heap.top], [base + 3, base + 5]);
  assertEquals([heap.allocAligned(16), heap.top], [base + 8, base + 24]);
  assertEquals(heap.allocAligned(8), base + 24);
  assertEquals(heap.used, 32);
});

Deno.test("the limit counts from the base and is exact", () => {
  const heap = new Heap([{ type: "str", value: "a constant is free" }]);
  heap.begin(20);
  heap.allocBytes(19);
  assertThrows(() => heap.allocBytes(2), MemoryLimitError);
  assertThrows(() => heap.allocAligned(1), MemoryLimitError);
  assertEquals(heap.used, 19);
  heap.allocBytes(1);
  assertEquals(heap.reserve(heap.base + 20), true);
  assertEquals(heap.reserve(heap.base + 21), false);
  heap.reset();
  heap.begin(0);
  assertEquals(heap.used, 0);
  assertThrows(() => heap.allocBytes(1), MemoryLimitError);
  assertEquals(heap.allocBytes(0), heap.base);
});

Deno.test("growing keeps contents and address space, and moves the soft end", () => {
  const heap = new Heap([]);
  heap.begin(10 * PAGE_BYTES);
  const at = heap.allocBytes(4);
  heap.u8[at] = 42;
  const { memory } = heap;
  const before = heap.u8;
  heap.allocBytes(5 * PAGE_BYTES);
  assert(heap.u8 !== before && heap.memory === memory);
  assertEquals([heap.u8[at], before.length], [42, 0]);
  assert(heap.bounds[BOUNDS_TOP] <= heap.bounds[BOUNDS_SOFT_END]);
  heap.reserve(heap.base + 10 * PAGE_BYTES);
  assertEquals(heap.bounds[BOUNDS_SOFT_END], heap.base + 10 * PAGE_BYTES);
  assertEquals(heap.reserve(MAX_MEMORY_BYTES + 1), false);
});

Deno.test("a large memory is dropped after its run, with the constants kept for the next", () => {
  const heap = new Heap([{ type: "str", value: "kept" }]);
  heap.begin(2 ** 31);
  heap.allocBytes(20 << 20);
  heap.reset();
  assertEquals([heap.hasMemory, heap.top, heap.u8.length], [false, 0, 0]);
  heap.begin(100);
  const at = heap.constantOffset(0);
  assertEquals(new TextDecoder().decode(heap.u8.subarray(at, at + 4)), "kept");
  assertEquals(heap.used, 0);
});
