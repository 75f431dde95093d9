/**
 * Executable memory. Owns one contiguous range of address space and says which bytes of it are code;
 * relies on `CodePages` for how bytes get there. Guarantees that no page is writable and executable
 * through one mapping, that all code of a space is within reach of the others' relative calls, that
 * freed code traps until it is overwritten, and that everything is unmapped on disposal.
 *
 * @module
 */
import {
  type CodePages,
  type CodePagesMode,
  mapJitPages,
  memfdPages,
  mprotectPages,
} from "./code_pages.ts";
import { isCoherent } from "./coherence.ts";
import { type Libc, openLibc } from "./libc.ts";
import { RangeAllocator, roundUp } from "./range_allocator.ts";
import { type Reclaim, reclaim, throwDisposed } from "./reclaim.ts";

/** Options of a {@linkcode CodeSpace}. */
export interface CodeSpaceOptions {
  /**
   * Bytes of address space, rounded up to pages; 64 MiB by default. Memory is taken as code is
   * published. At most {@linkcode MAX_RESERVE}.
   */
  readonly reserve?: number;
  /** How code gets into its pages; `"auto"`, the default, takes the cheapest that works here. */
  readonly mode?: CodePagesMode | "auto";
  /** Pages to use instead of reserving some; they are released with the space. */
  readonly pages?: (libc: Libc) => CodePages;
}

/** Figures of a {@linkcode CodeSpace}. */
export interface CodeSpaceStats {
  /** How code gets into its pages. */
  readonly mode: CodePagesMode;
  /** Why `"auto"` did not get the mode it tried first, or `null`. */
  readonly fallback: string | null;
  /** Bytes of address space. */
  readonly reserved: number;
  /** Bytes taken by published code, with padding. */
  readonly used: number;
  /** Publications that were not freed. */
  readonly published: number;
  /** Bytes of the longest range still free. */
  readonly largestFree: number;
}

/** The largest range in which every A64 `BL` reaches every other instruction: 128 MiB. */
export const MAX_RESERVE: number = 128 << 20;

const DEFAULT_RESERVE = 64 << 20;

/**
 * A range of executable memory.
 *
 * Freeing code, or disposing the space, while the code is running or may still be entered is the
 * owner's mistake, and fatal. Keep the space itself alive while its code may run: the collector
 * cannot see addresses.
 *
 * @example Publishing a function
 * ```ts
 * import { CodeSpace } from "./code_space.ts";
 *
 * const ret = Deno.build.arch === "x86_64" ? [0xc3] : [0xc0, 0x03, 0x5f, 0xd6];
 * using space = new CodeSpace();
 * const address = space.publish(Uint8Array.from(ret)); // position-independent machine code
 * space.free(address);
 * ```
 */
export class CodeSpace implements Disposable {
  readonly #pages: CodePages;
  readonly #ranges: RangeAllocator;
  readonly #fallback: string | null;
  readonly #reclaim: Reclaim;
  #published = 0;

  /**
   * Reserves the address space.
   *
   * @throws {RangeError} if `reserve` is out of range.
   * @throws {Error} if native code is not available here or the asked-for mode does not work.
   */
  constructor(options: CodeSpaceOptions = {}) {
    const { reserve = DEFAULT_RESERVE, mode = "auto" } = options;
    if (!Number.isInteger(reserve) || reserve <= 0 || reserve > MAX_RESERVE) {
      throw new RangeError(
        `Cannot reserve ${reserve} bytes for code: expected 1 to ${MAX_RESERVE}`,
      );
    }
    const libc = openLibc();
    try {
      const size = roundUp(reserve, libc.pageSize);
      const { pages, fallback } = options.pages === undefined
        ? openPages(libc, size, mode)
        : { pages: options.pages(libc), fallback: null };
      this.#pages = pages;
      this.#fallback = fallback;
      this.#ranges = new RangeAllocator(pages.size, pages.granule);
      this.#reclaim = reclaim(this, () => {
        pages.release();
        libc[Symbol.dispose]();
      });
    } catch (error) {
      libc[Symbol.dispose]();
      throw error;
    }
  }

  /** First address of the range. */
  get base(): number {
    return this.#pages.base;
  }

  /** Bytes of the range. */
  get size(): number {
    return this.#pages.size;
  }

  /** How code gets into the pages. */
  get mode(): CodePagesMode {
    return this.#pages.mode;
  }

  /**
   * Copies `bytes` to executable memory and returns the address of the first.
   *
   * @param bytes machine code. Copied; the array may be reused afterwards.
   * @param align power of two up to the page size; 16 by default.
   * @param relocate called with the address before `bytes` are copied, to patch what depends on it.
   * @throws {RangeError} if `bytes` is empty or `align` is no such power of two.
   * @throws {Error} if the space is full or disposed.
   */
  publish(
    bytes: Uint8Array,
    align = 16,
    relocate?: (bytes: Uint8Array, address: number) => void,
  ): number {
    if (!this.#reclaim.live) throwDisposed("CodeSpace");
    if (bytes.length === 0) throw new RangeError("Cannot publish code of 0 bytes");
    // 4 KiB is the smallest page of any supported system, so the base is aligned that far.
    if (!(align > 0 && align <= 4096) || (align & (align - 1)) !== 0) {
      throw new RangeError(
        `Cannot align code to ${align} bytes: expected a power of two up to 4096`,
      );
    }
    const offset = this.#ranges.allocate(bytes.length, align);
    if (offset < 0) {
      throw new Error(
        `Cannot publish ${bytes.length} bytes of code: the longest free range of the code space ` +
          `has ${this.#ranges.largestFree} of ${this.size} bytes`,
      );
    }
    const address = this.#pages.base + offset;
    try {
      relocate?.(bytes, address);
      // SAFETY: the range was free, so no code in it runs; the pages are ours until disposal.
      this.#pages.write(offset, bytes, this.#ranges.sizeAt(offset));
    } catch (error) {
      this.#ranges.release(offset);
      throw error;
    }
    this.#published++;
    return address;
  }

  /**
   * Frees what {@linkcode CodeSpace.publish} returned `address` for. Until the range is used again it
   * holds traps.
   *
   * @throws {RangeError} if nothing is published at `address`.
   */
  free(address: number): void {
    if (!this.#reclaim.live) throwDisposed("CodeSpace");
    const offset = address - this.#pages.base;
    const length = this.#ranges.sizeAt(offset);
    if (length === 0) {
      throw new RangeError(
        `Cannot free code at 0x${address.toString(16)}: none was published there`,
      );
    }
    // SAFETY: the caller gives the code up, so no code in the range runs or is entered again.
    this.#pages.retire(offset, length);
    this.#ranges.release(offset);
    this.#published--;
  }

  /** Current figures. */
  stats(): CodeSpaceStats {
    return {
      mode: this.#pages.mode,
      fallback: this.#fallback,
      reserved: this.#reclaim.live ? this.#pages.size : 0,
      used: this.#reclaim.live ? this.#ranges.used : 0,
      published: this.#reclaim.live ? this.#published : 0,
      largestFree: this.#reclaim.live ? this.#ranges.largestFree : 0,
    };
  }

  /** Unmaps all code. None of it may be running. */
  [Symbol.dispose](): void {
    this.#reclaim.free();
  }
}

function openPages(
  libc: Libc,
  size: number,
  mode: CodePagesMode | "auto",
): { pages: CodePages; fallback: string | null } {
  switch (mode) {
    case "memfd":
      return { pages: coherentMemfdPages(libc, size), fallback: null };
    case "mprotect":
      return { pages: mprotectPages(libc, size), fallback: null };
    case "map_jit":
      return { pages: mapJitPages(libc, size), fallback: null };
    case "auto": {
      if (!libc.hasMemfd) return { pages: mprotectPages(libc, size), fallback: null };
      try {
        return { pages: coherentMemfdPages(libc, size), fallback: null };
      } catch (error) {
        // A hardened kernel may refuse to execute memory files and still allow mprotect, and an
        // emulator may not see what is written through the other mapping.
        const fallback = error instanceof Error ? error.message : String(error);
        return { pages: mprotectPages(libc, size), fallback };
      }
    }
    default:
      throw new TypeError(
        `Unknown mode of code pages "${mode satisfies never}": ` +
          'expected "auto", "memfd", "mprotect" or "map_jit"',
      );
  }
}

function coherentMemfdPages(libc: Libc, size: number): CodePages {
  const pages = memfdPages(libc, size);
  if (isCoherent(libc, pages)) return pages;
  pages.release();
  throw new Error(
    "Cannot use memory files for code: what is written through one mapping is not run through the " +
      "other (an emulator?)",
  );
}
