/**
 * Raw pages that are not code: contexts that machine code and JavaScript both read, and stacks for
 * machine code to run on. Owns the mappings and the views on them. Guarantees that a view never
 * dangles (disposal detaches it, and pages stay as long as a view is reachable) and that a stack has
 * inaccessible pages on both sides.
 *
 * @module
 */
import { openLibc } from "./libc.ts";
import { bufferAt, detach, type Pointer, pointerTo } from "./pointer.ts";
import { roundUp } from "./range_allocator.ts";
import { type Reclaim, reclaim, throwDisposed } from "./reclaim.ts";
import { PROTECTION } from "./systems.ts";

/**
 * Zeroed pages at a fixed address, with a view for each width on the same bytes.
 *
 * After disposal the views have length 0: reads give `undefined`, writes are lost. Keep the block or
 * one of its views alive while machine code uses the address.
 */
export class ContextBlock implements Disposable {
  /** Address of the first byte; page-aligned. */
  readonly address: number;
  /** Bytes, a multiple of the page size. */
  readonly size: number;
  /** Unsigned bytes. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** 32-bit words. */
  readonly i32: Int32Array<ArrayBuffer>;
  /** Unsigned 32-bit words. */
  readonly u32: Uint32Array<ArrayBuffer>;
  /** 64-bit words. */
  readonly i64: BigInt64Array<ArrayBuffer>;
  /** Unsigned 64-bit words. */
  readonly u64: BigUint64Array<ArrayBuffer>;
  /** 64-bit words as floating-point numbers, bit for bit. */
  readonly f64: Float64Array<ArrayBuffer>;
  readonly #pointer: Pointer;
  readonly #reclaim: Reclaim;

  /**
   * Maps the pages.
   *
   * @param size bytes, rounded up to whole pages; one page by default.
   * @throws {RangeError} if `size` is not positive.
   * @throws {Error} if there is no memory or native code is not available here.
   */
  constructor(size = 1) {
    checkSize("a context block", size);
    const libc = openLibc();
    try {
      const bytes = roundUp(size, libc.pageSize);
      const address = libc.map(bytes, PROTECTION.read | PROTECTION.write);
      const buffer = bufferAt(address, bytes);
      this.address = address;
      this.size = bytes;
      this.u8 = new Uint8Array(buffer);
      this.i32 = new Int32Array(buffer);
      this.u32 = new Uint32Array(buffer);
      this.i64 = new BigInt64Array(buffer);
      this.u64 = new BigUint64Array(buffer);
      this.f64 = new Float64Array(buffer);
      this.#pointer = pointerTo(address);
      // Tied to the buffer, not to the block: someone may keep a view alone.
      this.#reclaim = reclaim(buffer, () => {
        libc.unmap(address, bytes);
        libc[Symbol.dispose]();
      });
    } catch (error) {
      libc[Symbol.dispose]();
      throw error;
    }
  }

  /** Pointer to the first byte, always the same object. */
  get pointer(): Pointer {
    if (!this.#reclaim.live) throwDisposed("ContextBlock");
    return this.#pointer;
  }

  /** Detaches the views and unmaps the pages. No machine code may use them any more. */
  [Symbol.dispose](): void {
    detach(this.u8.buffer);
    this.#reclaim.free();
  }
}

/** Options of a {@linkcode GuestStack}. */
export interface GuestStackOptions {
  /** Bytes for frames, rounded up to pages; 256 KiB by default. */
  readonly size?: number;
  /**
   * Bytes that cannot be accessed below the frames, rounded up to pages; 64 KiB by default. A frame
   * larger than this could step over it.
   */
  readonly guard?: number;
}

/**
 * A stack for machine code, growing downwards.
 *
 * ```text
 *   address        limit                             top
 *   | guard        | frames                          | guard page |
 *   | no access    | read, write      <- grows down  | no access  |
 * ```
 *
 * Running into a guard kills the process: emitted code checks its depth, the guard only turns a bug
 * into a crash. Keep the stack alive while machine code stands on it or is parked on it.
 */
export class GuestStack implements Disposable {
  /** Bytes for frames, a multiple of the page size. */
  readonly size: number;
  readonly #address: number;
  readonly #limit: number;
  readonly #mapped: number;
  readonly #reclaim: Reclaim;

  /**
   * Maps the stack.
   *
   * @throws {RangeError} if a size is not positive.
   * @throws {Error} if there is no memory or native code is not available here.
   */
  constructor(options: GuestStackOptions = {}) {
    const { size = 256 << 10, guard = 64 << 10 } = options;
    checkSize("a guest stack", size);
    checkSize("the guard of a guest stack", guard);
    const libc = openLibc();
    try {
      const { none, read, write } = PROTECTION;
      const below = roundUp(guard, libc.pageSize);
      const usable = roundUp(size, libc.pageSize);
      const mapped = below + usable + libc.pageSize;
      const address = libc.map(mapped, none, { kind: "stack" });
      try {
        libc.protect(address + below, usable, read | write);
      } catch (error) {
        libc.unmap(address, mapped);
        throw error;
      }
      this.#address = address;
      this.#limit = address + below;
      this.#mapped = mapped;
      this.size = usable;
      this.#reclaim = reclaim(this, () => {
        libc.unmap(address, mapped);
        libc[Symbol.dispose]();
      });
    } catch (error) {
      libc[Symbol.dispose]();
      throw error;
    }
  }

  /** Lowest address of the mapping, guard included. */
  get address(): number {
    return this.#alive(this.#address);
  }

  /** Lowest address frames may use. */
  get limit(): number {
    return this.#alive(this.#limit);
  }

  /** One past the highest address frames may use: where the stack pointer starts; page-aligned. */
  get top(): number {
    return this.#alive(this.#limit + this.size);
  }

  /** Bytes of the whole mapping, guards included. */
  get mapped(): number {
    return this.#alive(this.#mapped);
  }

  /** Unmaps the stack. No machine code may stand on it or be parked on it. */
  [Symbol.dispose](): void {
    this.#reclaim.free();
  }

  #alive(value: number): number {
    if (!this.#reclaim.live) throwDisposed("GuestStack");
    return value;
  }
}

function checkSize(what: string, size: number): void {
  if (!Number.isSafeInteger(size) || size <= 0) {
    throw new RangeError(`Cannot map ${what} of ${size} bytes: expected a positive integer`);
  }
}
