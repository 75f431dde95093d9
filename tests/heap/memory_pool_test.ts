/**
 * Memories between runs: who gets which, and that nobody sees what another has left.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { BOUNDS_SOFT_END, Heap } from "../../src/heap/heap.ts";
import { PAGE_BYTES, SLACK_BYTES } from "../../src/heap/layout.ts";

/** A run that writes `size` bytes and says which memory it had. */
function dirty(heap: Heap, size: number): WebAssembly.Memory {
  heap.begin(2 ** 31);
  const at = heap.allocBytes(size);
  heap.u8.fill(0xee, at, at + size);
  const { memory } = heap;
  heap.reset();
  return memory;
}

Deno.test("a heap gets its own memory back, constants and all", () => {
  const heap = new Heap([{ type: "str", value: "constant" }]);
  const memory = dirty(heap, 1000);
  assertEquals([heap.hasMemory, heap.top, heap.base, heap.u8.length], [false, 0, 0, 0]);
  heap.begin(100);
  assert(heap.hasMemory, "code may have the offsets of constants");
  assert(heap.memory === memory);
  assertEquals(new TextDecoder().decode(heap.u8.subarray(8, 16)), "constant");
  assertEquals(heap.used, 0);
  heap.dispose();
});

Deno.test("heaps that run at once have different memories", () => {
  const heaps = Array.from({ length: 100 }, () => new Heap([]));
  for (const heap of heaps) heap.begin(1000);
  assertEquals(new Set(heaps.map((heap) => heap.memory)).size, 100);
  for (const heap of heaps) heap.reset();
  // Idle ones share those that are kept.
  const memories = new Set<WebAssembly.Memory>();
  for (let k = 0; k < 3; k++) for (const heap of heaps) memories.add(dirty(heap, 10));
  assert(memories.size < 250, `${memories.size} memories`);
  for (const heap of heaps) heap.dispose();
});

Deno.test("a crowd of runs leaves its memories to the next crowd", () => {
  const memories = new Set<WebAssembly.Memory>();
  for (let k = 0; k < 5; k++) {
    const heaps = Array.from({ length: 300 }, () => new Heap([]));
    for (const heap of heaps) {
      heap.begin(1000);
      memories.add(heap.memory);
    }
    for (const heap of heaps) heap.reset();
    for (const heap of heaps) heap.dispose();
    if (k === 0) assert(memories.size === 300);
  }
  assertEquals(memories.size, 300);
});

Deno.test("what is disposed of leaves its memory to others", () => {
  const heap = new Heap([]);
  const memory = dirty(heap, 10);
  heap.dispose();
  const other = new Heap([]);
  other.begin(100);
  assert(other.memory === memory);
  other.dispose();
});

Deno.test("a large memory goes with the heap that is disposed of, and comes back to one that is not", () => {
  const heap = new Heap([]);
  const memory = dirty(heap, 4 << 20);
  assert(dirty(heap, 10) === memory);
  heap.dispose();
  const other = new Heap([]);
  other.begin(100);
  assert(other.memory !== memory);
  other.dispose();
});

Deno.test("a memory that changes hands holds nothing of the heap that had it before", () => {
  const first = new Heap([{ type: "str", value: "a secret that is longer than what comes after" }]);
  const size = 300_000;
  const memory = dirty(first, size);
  first.dispose();
  const second = new Heap([{ type: "str", value: "own" }]);
  // Part of it only: the rest stays foreign for the run after.
  for (const most of [100, 20_000, 50_000, 2 ** 31]) {
    second.begin(most);
    assert(second.memory === memory);
    const isClean = () => {
      const end = second.bounds[BOUNDS_SOFT_END] + SLACK_BYTES;
      return second.u8.subarray(second.base, end).every((byte) => byte === 0);
    };
    assert(isClean());
    for (let end = 64; end <= Math.min(most, 2 * size); end *= 3) {
      assert(second.reserve(second.base + end));
      assert(second.bounds[BOUNDS_SOFT_END] >= second.base + end);
      assert(isClean(), `up to ${end} of ${most}`);
    }
    second.reset();
  }
  second.dispose();
});

Deno.test("there is slack behind the soft end, wherever it is", () => {
  const heap = new Heap([{ type: "bytes", value: new Uint8Array(PAGE_BYTES - 8) }]);
  heap.begin(10 * PAGE_BYTES);
  for (let k = 0; k <= 10 * PAGE_BYTES; k += 1000) {
    assert(heap.reserve(heap.base + k));
    assert(heap.bounds[BOUNDS_SOFT_END] >= heap.base + k);
    assert(heap.bounds[BOUNDS_SOFT_END] + SLACK_BYTES <= heap.u8.length);
  }
  assertEquals(heap.reserve(heap.base + 10 * PAGE_BYTES + 1), false);
  heap.dispose();
});
