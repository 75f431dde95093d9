/**
 * What differs between operating systems: library names and the numbers of C constants. Pure data;
 * relies on nothing. An entry is either everything {@linkcode openLibc} needs or the reason why the
 * system is refused, so supporting another system starts here.
 *
 * Sources: Linux `asm-generic/mman-common.h`, `mman.h`, `memfd.h`; Darwin `sys/mman.h`.
 *
 * @module
 */

/** Constants and library names of one operating system. */
export interface System {
  /** File names of the C library, tried in order; `%a` stands for `Deno.build.arch`. */
  readonly libraries: readonly string[];
  /** Where AArch64's `__clear_cache` lies, if not in the C library. */
  readonly cacheLibrary: string | null;
  /** Where `fmod` lies, if not in the C library. */
  readonly mathLibrary: string | null;
  /** `MAP_*` flags for `mmap`. */
  readonly map: {
    readonly shared: number;
    readonly private: number;
    readonly anonymous: number;
    readonly noReserve: number;
    readonly stack: number;
    /** Pages that `pthread_jit_write_protect_np` governs; 0 where there are none. */
    readonly jit: number;
  };
  /** `MFD_CLOEXEC`, or 0 where `memfd_create` does not exist. */
  readonly memfdCloseOnExec: number;
}

/** A system that has no entry yet. */
export interface RefusedSystem {
  /** Why, as the rest of the sentence "native code is not available: ...". */
  readonly refused: string;
}

/** `PROT_*` bits of `mmap` and `mprotect`, the same on every POSIX system. */
export const PROTECTION = { none: 0, read: 1, write: 2, execute: 4 } as const;

/** Entries by `Deno.build.os`. */
export const SYSTEMS: Readonly<Record<string, System | RefusedSystem>> = {
  linux: {
    // glibc everywhere but on Alpine and its kin, whose musl goes by the name of the machine.
    libraries: ["libc.so.6", "libc.musl-%a.so.1"],
    cacheLibrary: "libgcc_s.so.1",
    // musl has it in the C library, which is asked first.
    mathLibrary: "libm.so.6",
    map: {
      shared: 0x01,
      private: 0x02,
      anonymous: 0x20,
      noReserve: 0x4000,
      stack: 0x20000,
      jit: 0,
    },
    memfdCloseOnExec: 1,
  },
  darwin: {
    libraries: ["/usr/lib/libSystem.B.dylib"],
    cacheLibrary: null,
    mathLibrary: null,
    map: {
      shared: 0x0001,
      private: 0x0002,
      anonymous: 0x1000,
      noReserve: 0x0040,
      stack: 0,
      jit: 0x0800,
    },
    memfdCloseOnExec: 0,
  },
  // Needs VirtualAlloc, VirtualProtect and FlushInstructionCache of kernel32.dll behind the methods
  // of Libc, ucrtbase.dll's bsearch for the gate, and the Microsoft x64 convention in entry code.
  windows: { refused: "Windows has no table of its memory functions yet" },
};

/** The entry for `os`; unknown systems are refused by name. */
export function systemFor(os: string): System | RefusedSystem {
  return Object.hasOwn(SYSTEMS, os)
    ? SYSTEMS[os]
    : { refused: `operating system "${os}" is unknown` };
}
