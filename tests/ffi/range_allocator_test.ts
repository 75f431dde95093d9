import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RangeAllocator, roundUp } from "../../ffi/range_allocator.ts";

Deno.test("RangeAllocator hands out the lowest fitting range", () => {
  const ranges = new RangeAllocator(1024, 16);
  assertEquals(ranges.allocate(1, 1), 0);
  assertEquals(ranges.allocate(17, 1), 16);
  assertEquals(ranges.allocate(16, 64), 64);
  assertEquals(ranges.allocate(16, 16), 48);
  assertEquals(ranges.used, 16 + 32 + 16 + 16);
  assertEquals(ranges.sizeAt(16), 32);
  ranges.release(16);
  assertEquals(ranges.sizeAt(16), 0);
  assertEquals(ranges.allocate(32, 16), 16);
});

Deno.test("RangeAllocator merges neighbours on both sides", () => {
  const ranges = new RangeAllocator(64, 16);
  const taken = [0, 1, 2, 3].map(() => ranges.allocate(16, 16));
  assertEquals(ranges.free(), []);
  ranges.release(taken[0]);
  ranges.release(taken[2]);
  assertEquals(ranges.free(), [[0, 16], [32, 48]]);
  ranges.release(taken[1]);
  assertEquals(ranges.free(), [[0, 48]]);
  ranges.release(taken[3]);
  assertEquals(ranges.free(), [[0, 64]]);
});

Deno.test("RangeAllocator refuses what does not fit and what is not allocated", () => {
  const ranges = new RangeAllocator(64, 16);
  assertEquals(ranges.allocate(65, 1), -1);
  assertEquals(ranges.allocate(64, 1), 0);
  assertEquals(ranges.allocate(1, 1), -1);
  assertEquals(ranges.largestFree, 0);
  assertThrows(() => ranges.release(16), Error, "internal: no range starts at 16");
});

Deno.test("RangeAllocator keeps ranges apart, aligned and accounted for", () => {
  const step = fc.record({
    size: fc.integer({ min: 1, max: 300 }),
    align: fc.constantFrom(1, 16, 64, 256),
    release: fc.nat(),
    keep: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const size = 2048;
    const ranges = new RangeAllocator(size, 16);
    const taken: { start: number; end: number }[] = [];
    for (const { size: wanted, align, release, keep } of steps) {
      if (keep || taken.length === 0) {
        const start = ranges.allocate(wanted, align);
        if (start < 0) continue;
        const end = start + roundUp(wanted, 16);
        assertEquals(start % Math.max(16, align), 0);
        assert(end <= size);
        assert(taken.every((other) => end <= other.start || other.end <= start));
        taken.push({ start, end });
      } else {
        const [gone] = taken.splice(release % taken.length, 1);
        ranges.release(gone.start);
      }
      // Free and taken ranges tile the whole, and no two free ones touch.
      const free = ranges.free();
      const tiles = [...taken.map(({ start, end }) => [start, end]), ...free];
      tiles.sort((a, b) => a[0] - b[0]);
      let at = 0;
      for (const [start, end] of tiles) {
        assertEquals(start, at);
        at = end;
      }
      assertEquals(at, size);
      for (let i = 1; i < free.length; i++) assert(free[i - 1][1] < free[i][0]);
      assertEquals(ranges.used, taken.reduce((sum, { start, end }) => sum + end - start, 0));
    }
  }));
});
