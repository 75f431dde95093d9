/**
 * The linear memory of one instance: constants at the bottom, then a bump allocator whose contents
 * live until the run ends. Relies on the layout; guarantees that nothing is allocated beyond
 * `maxMemory`, that the memory's base address only changes between runs, that `SLACK_BYTES` behind the
 * soft end can be read and written, that no byte below the soft end comes from another instance, and
 * that an instance which never touches memory, or does not run, has none.
 *
 * @module
 */
import type { Constant } from "../tape/program.ts";
import { align8, MAX_MEMORY_BYTES, NULL_BYTES, PAGE_BYTES, SLACK_BYTES } from "./layout.ts";
import {
  acquireMemory,
  disownMemory,
  newOwner,
  type PooledMemory,
  refreshViews,
  releaseMemory,
} from "./memory_pool.ts";

/** A taken-over memory is wiped this much at a time, or as much as has been wiped already. */
const WIPE_BYTES = 16 << 10;

const encoder = new TextEncoder();

/** Views of no memory, shared: most instances of small programs never have any. */
const NO_BYTES = new Uint8Array(0);
const NO_I32 = new Int32Array(0);
const NO_U32 = new Uint32Array(0);
const NO_I64 = new BigInt64Array(0);
const NO_U64 = new BigUint64Array(0);

/** Index of the allocation pointer in `Heap.bounds`. */
export const BOUNDS_TOP = 0;
/** Index of the address in `Heap.bounds` that `top` may not pass without `Heap.reserve`. */
export const BOUNDS_SOFT_END = 1;

/** Thrown by allocations that would pass the run's memory limit; tiers turn it into a trap. */
export class MemoryLimitError extends Error {
  /** Creates the error for an allocation that ends at byte `end` of memory. */
  constructor(end: number) {
    super(`an allocation ending at byte ${end} passes the memory limit`);
    this.name = "MemoryLimitError";
  }
}

/** One instance's memory; see the module text and `layout.ts`. */
export class Heap {
  /** All of memory as bytes. Replaced when memory grows: refetch after anything that allocates. */
  u8: Uint8Array = NO_BYTES;
  /** The same memory as int32 words. */
  i32: Int32Array = NO_I32;
  /** The same memory as uint32 words. */
  u32: Uint32Array = NO_U32;
  /** The same memory as int64 words. */
  i64: BigInt64Array = NO_I64;
  /** The same memory as uint64 words. */
  u64: BigUint64Array = NO_U64;
  /**
   * The allocation pointer and its soft end, where interpreter loops read and write them:
   * `[BOUNDS_TOP]` is the next free byte, `[BOUNDS_SOFT_END]` the end of what may be used without
   * calling {@linkcode reserve}. Both are 0 while there is no memory.
   */
  readonly bounds: Uint32Array = new Uint32Array(2);
  /** The first byte after the constants, 8-aligned; 0 while there is no memory. */
  base = 0;
  /** Counts runs: a view that remembers another number is stale. */
  generation = 0;

  #pooled: PooledMemory | undefined;
  readonly #owner = newOwner();
  readonly #constants: readonly Constant[];
  /** (offset, length) by pool index, and the bytes; made when first needed. */
  #constantWords = NO_U32;
  #constantBytes: Uint8Array | undefined;
  #maxMemory = 0;
  /** The address that `top` may not pass in this run. */
  #end = 0;

  /** A heap whose constants area will hold the byte strings and texts of `constants`. */
  constructor(constants: readonly Constant[]) {
    this.#constants = constants;
  }

  /** The memory, with the constants written; there is one from the first access until the run ends. */
  get memory(): WebAssembly.Memory {
    return (this.#pooled ?? this.#attach()).memory;
  }

  /** What the pool knows of the memory; for tiers that keep its address there. */
  get pooled(): PooledMemory {
    return this.#pooled ?? this.#attach();
  }

  /** Whether there is a memory now. */
  get hasMemory(): boolean {
    return this.#pooled !== undefined;
  }

  /** The next free byte. */
  get top(): number {
    return this.bounds[BOUNDS_TOP];
  }

  /** Bytes allocated since the run began, alignment included. */
  get used(): number {
    return this.bounds[BOUNDS_TOP] - this.base;
  }

  /** The address that nothing of this run lies above. */
  get end(): number {
    return this.#end;
  }

  /**
   * Starts a run that may allocate `maxMemory` bytes above the constants. A heap that has had a memory
   * before gets one: code may have the offsets of constants.
   */
  begin(maxMemory: number): void {
    this.generation++;
    this.#maxMemory = maxMemory;
    if (this.#pooled !== undefined) this.#setLimit();
    else if (this.#constantBytes !== undefined) this.#attach();
  }

  /** Ends a run: frees what it allocated, gives the memory back and makes its views stale. */
  reset(): void {
    this.generation++;
    const pooled = this.#pooled;
    if (pooled === undefined) return;
    // Copies of whole words may have written behind the top.
    const top = Math.min(this.bounds[BOUNDS_TOP] + SLACK_BYTES, pooled.u8.length);
    if (top > pooled.dirty) pooled.dirty = top;
    this.#pooled = undefined;
    this.base = this.bounds[BOUNDS_TOP] = this.bounds[BOUNDS_SOFT_END] = 0;
    this.u8 = NO_BYTES;
    this.i32 = NO_I32;
    this.u32 = NO_U32;
    this.i64 = NO_I64;
    this.u64 = NO_U64;
    releaseMemory(pooled);
  }

  /** Says that there will be no run any more: others may have the memory that was last used. */
  dispose(): void {
    if (this.#pooled !== undefined) this.reset();
    disownMemory(this.#owner);
  }

  /** Offset of the byte string or text in pool entry `index`. */
  constantOffset(index: number): number {
    if (this.#pooled === undefined) this.#attach();
    return this.#constantWords[2 * index];
  }

  /** Length in bytes of the byte string or text in pool entry `index`. */
  constantLength(index: number): number {
    if (this.#pooled === undefined) this.#attach();
    return this.#constantWords[2 * index + 1];
  }

  /**
   * Makes memory up to byte `end` usable (`top` does not move). May replace the views.
   *
   * @returns False when `end` passes the run's memory limit; nothing has changed then.
   */
  reserve(end: number): boolean {
    const pooled = this.#pooled ?? this.#attach();
    if (end > this.#end) return false;
    const size = pooled.u8.length;
    if (end + SLACK_BYTES > size) {
      const most = Math.max(end, Math.min(2 * size, this.#end));
      const pages = Math.ceil((most + SLACK_BYTES - size) / PAGE_BYTES);
      try {
        pooled.memory.grow(pages);
      } catch {
        // The operating system has less than the limit promises: the same as a lower limit.
        return false;
      }
      refreshViews(pooled);
      this.#takeViews(pooled);
    }
    if (end + SLACK_BYTES > pooled.foreign) this.#wipe(pooled, end);
    this.#setSoftEnd();
    return true;
  }

  /** Allocates `size` bytes at any address. @throws {MemoryLimitError} */
  allocBytes(size: number): number {
    if (this.#pooled === undefined) this.#attach();
    const at = this.bounds[BOUNDS_TOP];
    if (at + size > this.bounds[BOUNDS_SOFT_END] && !this.reserve(at + size)) {
      throw new MemoryLimitError(at + size);
    }
    this.bounds[BOUNDS_TOP] = at + size;
    return at;
  }

  /** Allocates `size` bytes at a multiple of 8. @throws {MemoryLimitError} */
  allocAligned(size: number): number {
    if (this.#pooled === undefined) this.#attach();
    const at = align8(this.bounds[BOUNDS_TOP]);
    if (at + size > this.bounds[BOUNDS_SOFT_END] && !this.reserve(at + size)) {
      throw new MemoryLimitError(at + size);
    }
    this.bounds[BOUNDS_TOP] = at + size;
    return at;
  }

  #attach(): PooledMemory {
    const constants = this.#constantBytes ?? this.#encodeConstants();
    const base = align8(NULL_BYTES + constants.length);
    const needed = base + SLACK_BYTES;
    const pooled = acquireMemory(this.#owner, Math.ceil(needed / PAGE_BYTES) + 1);
    this.#pooled = pooled;
    const isForeign = pooled.owner !== this.#owner;
    if (isForeign) {
      pooled.owner = this.#owner;
      pooled.foreign = 0;
    }
    if (pooled.u8.length < needed) {
      pooled.memory.grow(Math.ceil((needed - pooled.u8.length) / PAGE_BYTES));
      refreshViews(pooled);
    }
    this.#takeViews(pooled);
    if (isForeign || pooled.dirty === 0) {
      this.#wipe(pooled, base);
      pooled.u8.set(constants, NULL_BYTES);
      pooled.dirty = Math.max(pooled.dirty, base);
    }
    this.base = this.bounds[BOUNDS_TOP] = base;
    this.#setLimit();
    return pooled;
  }

  #encodeConstants(): Uint8Array {
    const words = new Uint32Array(2 * this.#constants.length);
    const parts: Uint8Array[] = [];
    let at = NULL_BYTES;
    this.#constants.forEach((constant, index) => {
      if (constant.type !== "bytes" && constant.type !== "str") return;
      const part = constant.type === "str" ? encoder.encode(constant.value) : constant.value;
      words[2 * index] = at;
      words[2 * index + 1] = part.length;
      parts.push(part);
      at += part.length;
    });
    if (at > MAX_MEMORY_BYTES) {
      throw new RangeError(`the constant pool's ${at} bytes do not fit 32-bit addresses`);
    }
    const bytes = new Uint8Array(at - NULL_BYTES);
    at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#constantWords = words;
    return this.#constantBytes = bytes;
  }

  /** Clears what another instance has left, at least as far as `end` and the slack behind it. */
  #wipe(pooled: PooledMemory, end: number): void {
    const { dirty, foreign } = pooled;
    if (foreign < dirty) {
      const to = Math.min(dirty, Math.max(end + SLACK_BYTES, foreign + WIPE_BYTES, 2 * foreign));
      pooled.u8.fill(0, foreign, to);
      pooled.foreign = to;
    }
    if (pooled.foreign >= dirty) pooled.foreign = Infinity;
  }

  #setLimit(): void {
    this.#end = Math.min(this.base + this.#maxMemory, MAX_MEMORY_BYTES);
    this.#setSoftEnd();
  }

  #setSoftEnd(): void {
    const { u8, foreign } = this.#pooled!;
    this.bounds[BOUNDS_SOFT_END] = Math.min(Math.min(u8.length, foreign) - SLACK_BYTES, this.#end);
  }

  #takeViews(pooled: PooledMemory): void {
    this.u8 = pooled.u8;
    this.i32 = pooled.i32;
    this.u32 = pooled.u32;
    this.i64 = pooled.i64;
    this.u64 = pooled.u64;
  }
}
