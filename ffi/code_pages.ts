/**
 * Pages that hold machine code, in three ways that never let a page be writable and executable
 * through one mapping at the same time. Owns the mappings; relies on the C library alone; which bytes
 * lie where is the business of `CodeSpace`.
 *
 * | mode       | how bytes get in                                      | cost of a write           |
 * |------------|-------------------------------------------------------|---------------------------|
 * | `memfd`    | a second, writable mapping of the same memory file    | a copy                    |
 * | `mprotect` | pages that nothing else lies in are opened and closed | two system calls, a page  |
 * | `map_jit`  | a routine toggles the thread's right (macOS, AArch64) | entering it, two toggles  |
 *
 * @module
 */
import { JIT_COPY, jitCopyRoutine, type JitFunctions } from "./jit_copy.ts";
import type { GateFunction, Libc } from "./libc.ts";
import type { Arch } from "./platform.ts";
import { bufferAt, detach, type Pointer, pointerTo } from "./pointer.ts";
import { roundUp } from "./range_allocator.ts";
import { PROTECTION } from "./systems.ts";

/** How code gets into executable pages. */
export type CodePagesMode = "memfd" | "mprotect" | "map_jit";

/** One contiguous range of pages that code is run from. */
export interface CodePages {
  readonly mode: CodePagesMode;
  /** Address code is run at. */
  readonly base: number;
  /** Bytes of address space. */
  readonly size: number;
  /** Bytes that must be written and retired together; a power of two. */
  readonly granule: number;
  /**
   * Puts `bytes` at `offset` and fills up to `length` with traps; all of it is executable and seen by
   * instruction fetch afterwards. Nothing in that range may be running.
   */
  write(offset: number, bytes: Uint8Array, length: number): void;
  /** Makes the range trap when entered. */
  retire(offset: number, length: number): void;
  /** Unmaps everything. Nothing in the pages may be running. */
  release(): void;
}

/** Alignment of code where pages need not be kept apart: a cache line holds four of them. */
const CODE_GRANULE = 16;

/** The writable window of a memory file grows in these steps. */
const WINDOW_STEP = 1 << 20;

/** Bytes that go through one entry of the `MAP_JIT` routine. */
const STAGING_BYTES = 1 << 16;
const STAGING_HEADER = 64;

/**
 * A memory file mapped twice, readable and writable at one address, readable and executable at
 * another. The file is sparse: memory is taken page by page as code is written.
 *
 * @throws {Error} if the system has no memory files or forbids to execute them.
 */
export function memfdPages(libc: Libc, size: number): CodePages {
  const { read, write, execute } = PROTECTION;
  const fd = libc.memfd("burin-code", size);
  let base = 0;
  let writable = 0;
  try {
    base = libc.map(size, read | execute, { fd });
    writable = libc.map(size, read | write, { fd });
  } catch (error) {
    if (base !== 0) libc.unmap(base, size);
    throw error;
  } finally {
    libc.close(fd);
  }
  // V8 counts the length of a view as external memory and collects more often for it, so the view
  // only reaches as far as code does.
  let window = new Uint8Array(0);
  const reach = (end: number): Uint8Array => {
    if (window.length < end) {
      detach(window.buffer);
      const length = Math.min(size, roundUp(end, WINDOW_STEP));
      window = new Uint8Array(bufferAt(writable, length));
    }
    return window;
  };
  return {
    mode: "memfd",
    base,
    size,
    granule: CODE_GRANULE,
    write(offset, bytes, length) {
      const view = reach(offset + length);
      view.set(bytes, offset);
      fillTraps(view, offset + bytes.length, offset + length, libc.arch);
      libc.flushInstructionCache(base + offset, length);
    },
    retire(offset, length) {
      fillTraps(reach(offset + length), offset, offset + length, libc.arch);
      libc.flushInstructionCache(base + offset, length);
    },
    release() {
      detach(window.buffer);
      libc.unmap(writable, size);
      libc.unmap(base, size);
    },
  };
}

/**
 * Anonymous pages that are inaccessible until written. Each write gets pages of its own, because
 * closing a page to execution while a callback stands on code in it would kill the process.
 */
export function mprotectPages(libc: Libc, size: number): CodePages {
  const { none, read, write, execute } = PROTECTION;
  const base = libc.map(size, none);
  return {
    mode: "mprotect",
    base,
    size,
    granule: libc.pageSize,
    write(offset, bytes, length) {
      libc.protect(base + offset, length, read | write);
      const buffer = bufferAt(base + offset, length);
      const view = new Uint8Array(buffer);
      view.set(bytes);
      fillTraps(view, bytes.length, length, libc.arch);
      detach(buffer);
      libc.protect(base + offset, length, read | execute);
      libc.flushInstructionCache(base + offset, length);
    },
    retire(offset, length) {
      libc.protect(base + offset, length, none);
    },
    release() {
      libc.unmap(base, size);
    },
  };
}

/** What {@linkcode mapJitPages} uses instead of the system's own, to be tested where it has none. */
export interface JitStandIns {
  /** Pages to use as if they were `MAP_JIT` pages; they are unmapped with the rest. */
  readonly base: number;
  readonly functions: JitFunctions;
}

/**
 * `MAP_JIT` pages, written by {@linkcode jitCopyRoutine}, which lies in a page of its own that was
 * made executable by `mprotect`.
 *
 * @throws {Error} where there are no such pages: off macOS, or on another processor than AArch64.
 */
export function mapJitPages(libc: Libc, size: number, standIns?: JitStandIns): CodePages {
  const { read, write, execute } = PROTECTION;
  const functions = standIns?.functions ?? systemJitFunctions(libc);
  const routine = mprotectPages(libc, libc.pageSize);
  let staging = 0;
  let base = 0;
  try {
    routine.write(0, jitCopyRoutine(functions), libc.pageSize);
    staging = libc.map(STAGING_BYTES, read | write);
    // Asked for with all rights, as MAP_JIT wants; what a thread may do is the toggle's to say, and
    // each thread starts with "execute, not write".
    base = standIns?.base ?? libc.map(size, read | write | execute, { kind: "jit" });
  } catch (error) {
    if (staging !== 0) libc.unmap(staging, STAGING_BYTES);
    routine.release();
    throw error;
  }
  const buffer = bufferAt(staging, STAGING_BYTES);
  const parameters = new BigInt64Array(buffer, 0, STAGING_HEADER / 8);
  const data = new Uint8Array(buffer, STAGING_HEADER);
  parameters[JIT_COPY.from / 8] = BigInt(staging + STAGING_HEADER);
  const enter: GateFunction = libc.gate;
  const entry: Pointer = pointerTo(routine.base);
  const argument: Pointer = pointerTo(staging);
  const copyStaged = (offset: number, length: number): void => {
    parameters[JIT_COPY.to / 8] = BigInt(base + offset);
    parameters[JIT_COPY.size / 8] = BigInt(length);
    // SAFETY: the routine writes [base + offset, length) of our own pages, on this thread, and
    // returns with them closed; it lies in pages of its own and `staging` is mapped until release.
    enter(argument, argument, 1, 8, entry);
  };
  const put = (offset: number, bytes: Uint8Array, length: number): void => {
    for (let done = 0; done < length; done += data.length) {
      const step = Math.min(data.length, length - done);
      const code = bytes.subarray(done, done + step);
      data.set(code);
      fillTraps(data, code.length, step, libc.arch);
      copyStaged(offset + done, step);
    }
  };
  return {
    mode: "map_jit",
    base,
    size,
    granule: CODE_GRANULE,
    write: put,
    retire(offset, length) {
      put(offset, new Uint8Array(0), length);
    },
    release() {
      detach(buffer);
      libc.unmap(base, size);
      libc.unmap(staging, STAGING_BYTES);
      routine.release();
    },
  };
}

function systemJitFunctions(libc: Libc): JitFunctions {
  if (!libc.hasJitPages || libc.arch !== "aarch64") {
    throw new Error('Code pages of mode "map_jit" exist on macOS with an AArch64 processor only');
  }
  const functions: JitFunctions = {
    writeProtect: libc.address("pthread_jit_write_protect_np"),
    copy: libc.address("memcpy"),
    flush: libc.address("sys_icache_invalidate"),
  };
  if (functions.writeProtect === 0 || functions.flush === 0) {
    throw new Error(
      'Code pages of mode "map_jit" need pthread_jit_write_protect_np and sys_icache_invalidate, ' +
        `which ${libc.libraryName} lacks`,
    );
  }
  return functions;
}

/** BRK #0, little-endian (Arm ARM C6.2, BRK). */
const A64_TRAP = [0x00, 0x00, 0x20, 0xd4] as const;

/** INT3 (Intel SDM vol. 2, INT3). */
const X64_TRAP = 0xcc;

/** Fills `view[start, end)` with trap instructions, in phase with 4-byte alignment of `view`. */
export function fillTraps(view: Uint8Array, start: number, end: number, arch: Arch): void {
  if (arch === "x86_64") {
    view.fill(X64_TRAP, start, end);
    return;
  }
  for (let i = start; i < end; i++) view[i] = A64_TRAP[i & 3];
}
