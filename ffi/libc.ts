/**
 * The C library. Owns the handle `Deno.dlopen` returns and the translation of its functions into
 * calls with numbers that throw on failure. Relies on {@linkcode systemFor} for constants. Nothing
 * is opened before the first {@linkcode openLibc}; all handles share one open library, and the last
 * one to go closes it.
 *
 * @module
 */
import { type Arch, nativeSupport } from "./platform.ts";
import { addressOf, type Pointer } from "./pointer.ts";
import { type Reclaim, reclaim, throwDisposed } from "./reclaim.ts";
import { type System, systemFor } from "./systems.ts";

/** Symbols of every supported system; the optional ones are missing from some. */
const SYMBOLS = {
  mmap: { parameters: ["u64", "u64", "i32", "i32", "i32", "i64"], result: "u64" },
  munmap: { parameters: ["u64", "u64"], result: "i32" },
  mprotect: { parameters: ["u64", "u64", "i32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  getpagesize: { parameters: [], result: "i32" },
  strerror: { parameters: ["i32"], result: "pointer" },
  // The gate: bsearch(key, base, 1, 8, fn) calls fn(key, base) once. V8 calls it directly as long as
  // every parameter is a pointer or an i32; the counts are size_t in C, and positive i32 arguments
  // arrive zero-extended (the gate's probe checks what arrives).
  bsearch: { parameters: ["pointer", "pointer", "i32", "i32", "pointer"], result: "void" },
  memcpy: { type: "pointer" },
  memmove: { type: "pointer" },
  memset: { type: "pointer" },
  memcmp: { type: "pointer" },
  fmod: { type: "pointer", optional: true },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32", optional: true },
  __errno_location: { parameters: [], result: "pointer", optional: true },
  __error: { parameters: [], result: "pointer", optional: true },
  sys_icache_invalidate: { parameters: ["u64", "u64"], result: "void", optional: true },
  sys_icache_invalidate_address: {
    name: "sys_icache_invalidate",
    type: "pointer",
    optional: true,
  },
  pthread_jit_write_protect_np: { type: "pointer", optional: true },
} as const;

const MATH_SYMBOLS = { fmod: { type: "pointer" } } as const;

const CACHE_SYMBOLS = {
  __clear_cache: { parameters: ["u64", "u64"], result: "void" },
} as const;

/** A C function whose address machine code may call. */
export type RawFunction =
  | "memcpy"
  | "memmove"
  | "memset"
  | "memcmp"
  | "fmod"
  | "sys_icache_invalidate"
  | "pthread_jit_write_protect_np";

/** `bsearch` as V8's fast call: `fn(key, base)` once, with `count` 1 and `size` 8. */
export type GateFunction = (
  key: Pointer,
  base: Pointer,
  count: 1,
  size: 8,
  fn: Pointer,
) => void;

/** What {@linkcode Libc.map} maps. */
export interface MapOptions {
  /** A file to share; without it the pages are anonymous, private and zero. */
  readonly fd?: number;
  /** `"jit"`: pages for `pthread_jit_write_protect_np`. `"stack"`: a hint that threads live here. */
  readonly kind?: "plain" | "stack" | "jit";
}

interface Binding {
  readonly system: System;
  readonly arch: Arch;
  readonly name: string;
  readonly main: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly cache: Deno.DynamicLibrary<typeof CACHE_SYMBOLS> | null;
  /** The mathematics library, opened when first asked for. */
  math: Deno.DynamicLibrary<typeof MATH_SYMBOLS> | null;
  readonly pageSize: number;
  users: number;
}

const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

let shared: Binding | null = null;

/**
 * A handle of the process's C library, opened now if no other handle is alive. Dispose it when done.
 *
 * @throws {Error} if native code is not available here, saying why; never prompts.
 */
export function openLibc(): Libc {
  shared ??= bind();
  return new Libc(shared);
}

function bind(): Binding {
  const support = nativeSupport();
  if (!support.supported) throw new Error(`Cannot open the C library: ${support.reason}`);
  const { os, arch } = support;
  const system = systemFor(os);
  if ("refused" in system) throw new Error(`internal: ${os} is supported and refused`);
  const { library, name } = openFirst(system.libraries.map((text) => text.replace("%a", arch)));
  let cache: Binding["cache"] = null;
  if (arch === "aarch64" && system.cacheLibrary !== null) {
    try {
      cache = Deno.dlopen(system.cacheLibrary, CACHE_SYMBOLS);
    } catch (cause) {
      library.close();
      throw new Error(
        `Cannot open ${system.cacheLibrary}, which flushes the instruction cache on AArch64`,
        { cause },
      );
    }
  }
  const pageSize = library.symbols.getpagesize();
  return { system, arch, name, main: library, cache, math: null, pageSize, users: 0 };
}

function openFirst(
  names: readonly string[],
): { library: Deno.DynamicLibrary<typeof SYMBOLS>; name: string } {
  const causes: unknown[] = [];
  for (const name of names) {
    try {
      return { library: Deno.dlopen(name, SYMBOLS), name };
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new AggregateError(causes, `Cannot open the C library: tried ${names.join(", ")}`);
}

function releaseBinding(binding: Binding): void {
  if (--binding.users > 0) return;
  if (shared === binding) shared = null;
  binding.main.close();
  binding.cache?.close();
  binding.math?.close();
}

/** One user's handle of the C library. All methods are synchronous and on the calling thread. */
export class Libc implements Disposable {
  readonly #binding: Binding;
  readonly #reclaim: Reclaim;

  /** Use {@linkcode openLibc}. */
  constructor(binding: Binding) {
    binding.users++;
    this.#binding = binding;
    this.#reclaim = reclaim(this, () => releaseBinding(binding));
  }

  get #symbols(): Binding["main"]["symbols"] {
    if (!this.#reclaim.live) throwDisposed("Libc");
    return this.#binding.main.symbols;
  }

  /** Bytes a page, the unit of mapping and protection. */
  get pageSize(): number {
    return this.#binding.pageSize;
  }

  /** The processor. */
  get arch(): Arch {
    return this.#binding.arch;
  }

  /** File name the library was found under. */
  get libraryName(): string {
    return this.#binding.name;
  }

  /**
   * `bsearch`. It is the same function object as long as the library stays open, which is what lets
   * V8 compile a direct call to it.
   */
  get gate(): GateFunction {
    return this.#symbols.bsearch as GateFunction;
  }

  /** Whether {@linkcode Libc.memfd} can work here. */
  get hasMemfd(): boolean {
    return this.#binding.system.memfdCloseOnExec !== 0 && this.#symbols.memfd_create !== null;
  }

  /** Whether `map` knows the kind `"jit"`. */
  get hasJitPages(): boolean {
    return this.#binding.system.map.jit !== 0;
  }

  /**
   * The address of a C function, for machine code to call; 0 if this system has no such function.
   * Valid while this handle is.
   */
  address(name: RawFunction): number {
    const symbols = this.#symbols;
    if (name === "sys_icache_invalidate") return addressOf(symbols.sys_icache_invalidate_address);
    if (name === "fmod" && symbols.fmod === null) {
      const { mathLibrary } = this.#binding.system;
      if (mathLibrary === null) return 0;
      this.#binding.math ??= Deno.dlopen(mathLibrary, MATH_SYMBOLS);
      return addressOf(this.#binding.math.symbols.fmod);
    }
    return addressOf(symbols[name]);
  }

  /**
   * Maps `size` bytes (rounded up to pages) somewhere free and returns their address.
   *
   * @param protection bits of `PROTECTION`.
   * @throws {Error} with the system's reason.
   */
  map(size: number, protection: number, options: MapOptions = {}): number {
    const { map } = this.#binding.system;
    const { fd = -1, kind = "plain" } = options;
    let flags = fd < 0 ? map.private | map.anonymous : map.shared;
    if (kind === "jit") flags |= map.jit;
    else flags |= map.noReserve | (kind === "stack" ? map.stack : 0);
    // SAFETY: without MAP_FIXED the kernel picks addresses nobody uses; the caller owns them after.
    const address = this.#symbols.mmap(0n, BigInt(size), protection, flags, fd, 0n);
    if (address === MAP_FAILED) this.#fail(`map ${size} bytes`);
    return Number(address);
  }

  /** Unmaps pages that {@linkcode Libc.map} returned. */
  unmap(address: number, size: number): void {
    // SAFETY: the caller owns the pages, has detached the views on them, and no machine code of this
    // thread stands in them.
    if (this.#symbols.munmap(BigInt(address), BigInt(size)) !== 0) {
      this.#fail(`unmap ${size} bytes at 0x${address.toString(16)}`);
    }
  }

  /** Changes the protection of whole pages. */
  protect(address: number, size: number, protection: number): void {
    // SAFETY: the caller owns the pages; taking rights away from pages that a live view or running
    // code needs is what callers rule out.
    if (this.#symbols.mprotect(BigInt(address), BigInt(size), protection) !== 0) {
      this.#fail(`set protection ${protection} on ${size} bytes at 0x${address.toString(16)}`);
    }
  }

  /**
   * An anonymous file of `size` bytes, whose pages take memory only once they are written to.
   * Returns its descriptor, to be closed with {@linkcode Libc.close}.
   */
  memfd(name: string, size: number): number {
    const create = this.#symbols.memfd_create;
    const { memfdCloseOnExec } = this.#binding.system;
    if (create === null || memfdCloseOnExec === 0) {
      throw new Error("Cannot create a memory file: this system has no memfd_create");
    }
    const fd = create(new TextEncoder().encode(name + "\0"), memfdCloseOnExec);
    if (fd < 0) this.#fail("create a memory file");
    if (this.#symbols.ftruncate(fd, BigInt(size)) !== 0) {
      const reason = this.#reason();
      this.close(fd);
      throw new Error(`Cannot set the size of a memory file to ${size}: ${reason}`);
    }
    return fd;
  }

  /** Closes a file descriptor. */
  close(fd: number): void {
    if (this.#symbols.close(fd) !== 0) this.#fail(`close file descriptor ${fd}`);
  }

  /**
   * Makes code just written at `address` visible to instruction fetch. x86-64 keeps its caches
   * coherent, so nothing is done there. AArch64 caches data by physical address, so cleaning through
   * the executable mapping also cleans what was written through another one (Arm ARM, "Caches and
   * memory hierarchy").
   */
  flushInstructionCache(address: number, size: number): void {
    const symbols = this.#symbols;
    const { arch, cache } = this.#binding;
    if (arch === "x86_64") return;
    // SAFETY: the range is mapped readable by its owner; only caches change.
    if (cache !== null) {
      cache.symbols.__clear_cache(BigInt(address), BigInt(address + size));
    } else if (symbols.sys_icache_invalidate !== null) {
      symbols.sys_icache_invalidate(BigInt(address), BigInt(size));
    } else {
      throw new Error("internal: no way to flush the instruction cache was bound");
    }
  }

  /** Gives this handle back; the last one closes the library. */
  [Symbol.dispose](): void {
    this.#reclaim.free();
  }

  #fail(action: string): never {
    throw new Error(`Cannot ${action}: ${this.#reason()}`);
  }

  /** The text of `errno`. Call it right after the failing call, before anything else may set it. */
  #reason(): string {
    const symbols = this.#symbols;
    const place = symbols.__errno_location?.() ?? symbols.__error?.() ?? null;
    if (place === null) return "the system gives no reason";
    const number = new Deno.UnsafePointerView(place).getInt32();
    const text = symbols.strerror(number);
    const words = text === null ? "unknown" : Deno.UnsafePointerView.getCString(text);
    return `${words} (errno ${number})`;
  }
}
