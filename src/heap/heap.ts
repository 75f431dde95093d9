/**
 * The linear memory of one instance: constants at the bottom, then a bump allocator whose contents
 * live until the run ends. Relies on the layout; guarantees that nothing is allocated beyond
 * `maxMemory`, that the memory's base address only changes between runs, and that an instance which
 * never touches memory never creates one.
 *
 * @module
 */
import type { Constant } from "../tape/program.ts";
import { align8, MAX_MEMORY_BYTES, MAX_PAGES, NULL_BYTES, PAGE_BYTES } from "./layout.ts";

/** Memories larger than this are dropped when a run ends, so that one large run costs nothing later. */
const KEEP_BYTES = 16 << 20;

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

  #memory: WebAssembly.Memory | undefined;
  #constants: readonly Constant[];
  /** (offset, length) by pool index; filled when memory is created. */
  #constantWords = NO_U32;
  #maxMemory = 0;
  /** The address that `top` may not pass in this run. */
  #end = 0;

  /** A heap whose constants area will hold the byte strings and texts of `constants`. */
  constructor(constants: readonly Constant[]) {
    this.#constants = constants;
  }

  /** The memory; created, with the constants written, by the first access. */
  get memory(): WebAssembly.Memory {
    return this.#memory ?? this.#create();
  }

  /** Whether the memory exists yet. */
  get hasMemory(): boolean {
    return this.#memory !== undefined;
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

  /** Starts a run that may allocate `maxMemory` bytes above the constants. */
  begin(maxMemory: number): void {
    this.generation++;
    this.#maxMemory = maxMemory;
    if (this.#memory !== undefined) this.#setLimit();
  }

  /** Ends a run: frees what it allocated and makes its views stale. */
  reset(): void {
    this.generation++;
    this.bounds[BOUNDS_TOP] = this.base;
    if (this.u8.length > KEEP_BYTES) {
      this.#memory = undefined;
      this.base = this.bounds[BOUNDS_TOP] = this.bounds[BOUNDS_SOFT_END] = 0;
      this.u8 = NO_BYTES;
      this.i32 = NO_I32;
      this.u32 = NO_U32;
      this.i64 = NO_I64;
      this.u64 = NO_U64;
    }
  }

  /** Offset of the byte string or text in pool entry `index`. */
  constantOffset(index: number): number {
    if (this.#memory === undefined) this.#create();
    return this.#constantWords[2 * index];
  }

  /** Length in bytes of the byte string or text in pool entry `index`. */
  constantLength(index: number): number {
    if (this.#memory === undefined) this.#create();
    return this.#constantWords[2 * index + 1];
  }

  /**
   * Makes memory up to byte `end` usable (`top` does not move). May replace the views.
   *
   * @returns False when `end` passes the run's memory limit; nothing has changed then.
   */
  reserve(end: number): boolean {
    if (this.#memory === undefined) this.#create();
    if (end > this.#end) return false;
    const size = this.u8.length;
    if (end > size) {
      const wanted = Math.min(Math.max(end, 2 * size), Math.max(end, this.#end));
      const pages = Math.ceil(wanted / PAGE_BYTES) - size / PAGE_BYTES;
      try {
        this.#memory!.grow(pages);
      } catch {
        // The operating system has less than the limit promises: the same as a lower limit.
        return false;
      }
      this.#refresh(this.#memory!.buffer as ArrayBuffer);
    }
    this.#setSoftEnd();
    return true;
  }

  /** Allocates `size` bytes at any address. @throws {MemoryLimitError} */
  allocBytes(size: number): number {
    if (this.#memory === undefined) this.#create();
    const at = this.bounds[BOUNDS_TOP];
    if (at + size > this.bounds[BOUNDS_SOFT_END] && !this.reserve(at + size)) {
      throw new MemoryLimitError(at + size);
    }
    this.bounds[BOUNDS_TOP] = at + size;
    return at;
  }

  /** Allocates `size` bytes at a multiple of 8. @throws {MemoryLimitError} */
  allocAligned(size: number): number {
    if (this.#memory === undefined) this.#create();
    const at = align8(this.bounds[BOUNDS_TOP]);
    if (at + size > this.bounds[BOUNDS_SOFT_END] && !this.reserve(at + size)) {
      throw new MemoryLimitError(at + size);
    }
    this.bounds[BOUNDS_TOP] = at + size;
    return at;
  }

  #create(): WebAssembly.Memory {
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
    const memory = new WebAssembly.Memory({
      initial: Math.ceil(at / PAGE_BYTES) + 1,
      maximum: MAX_PAGES,
    });
    this.#memory = memory;
    this.#constantWords = words;
    this.#refresh(memory.buffer as ArrayBuffer);
    at = NULL_BYTES;
    for (const part of parts) {
      this.u8.set(part, at);
      at += part.length;
    }
    this.base = this.bounds[BOUNDS_TOP] = align8(at);
    this.#setLimit();
    return memory;
  }

  #setLimit(): void {
    this.#end = Math.min(this.base + this.#maxMemory, MAX_MEMORY_BYTES);
    this.#setSoftEnd();
  }

  #setSoftEnd(): void {
    this.bounds[BOUNDS_SOFT_END] = Math.min(this.u8.length, this.#end);
  }

  #refresh(buffer: ArrayBuffer): void {
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }
}
