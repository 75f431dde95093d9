/**
 * Memories between runs. An instance has linear memory only while it runs; when a run ends its memory
 * goes here, and the next run of the same instance takes it back with its pages still mapped and its
 * constants in place, which saves the page faults of fresh memory (they cost more than most runs).
 * Ten thousand idle instances share the few memories that are kept.
 *
 * Guarantees that nobody sees what another instance left behind: a memory that changes hands says up
 * to where it is dirty, and the heap wipes that before it uses it (`heap.ts`).
 *
 * @module
 */
import { MAX_PAGES } from "./layout.ts";

/** Memories that are kept for their instances. */
const KEPT_MEMORIES = 64;

/**
 * Memories beyond those that are kept for whoever comes next, left from a time of many runs at once.
 * Each reserves 4 GiB of addresses and takes two of the mappings that a process may have (some 65,000
 * on Linux), and the collector sees neither: making new ones for every such time would end the process.
 */
const SPARE_MEMORIES = 4096;

/** Written bytes that all kept memories may have together; what is more is left to the collector. */
const KEPT_BYTES = 64 << 20;

/** Memories with more written bytes than this are not kept for whoever comes next. */
const ORPHAN_BYTES = 1 << 20;

/** A linear memory with its views and what is known of its contents. */
export interface PooledMemory {
  /** The memory. */
  readonly memory: WebAssembly.Memory;
  /** Address of its first byte; 0 until a tier that uses addresses finds it out. It never moves. */
  address: bigint;
  /** All of it as bytes; this and the other views are replaced when it grows. */
  u8: Uint8Array;
  /** As int32 words. */
  i32: Int32Array;
  /** As uint32 words. */
  u32: Uint32Array;
  /** As int64 words. */
  i64: BigInt64Array;
  /** As uint64 words. */
  u64: BigUint64Array;
  /** Number of the heap that used it last. */
  owner: number;
  /** Bytes from here on have never been written. */
  dirty: number;
  /** Bytes from here up to `dirty` may be another owner's; `dirty` or more when there are none. */
  foreign: number;
}

/** Memories by owner, the one that was given back first in front. */
const kept = new Map<number, PooledMemory>();
let keptBytes = 0;
/** Memories for whoever comes next. */
const orphans: PooledMemory[] = [];
/** Memories too large to be kept, by owner, for as long as the collector leaves them alone. */
const large = new Map<number, WeakRef<PooledMemory>>();

let owners = 0;

/** A new number for a heap. */
export function newOwner(): number {
  return ++owners;
}

/** Replaces the views after the memory has been made or has grown. */
export function refreshViews(pooled: PooledMemory): void {
  const buffer = pooled.memory.buffer as ArrayBuffer;
  pooled.u8 = new Uint8Array(buffer);
  pooled.i32 = new Int32Array(buffer);
  pooled.u32 = new Uint32Array(buffer);
  pooled.i64 = new BigInt64Array(buffer);
  pooled.u64 = new BigUint64Array(buffer);
}

function create(pages: number, owner: number): PooledMemory {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES });
  const buffer = memory.buffer as ArrayBuffer;
  return {
    memory,
    address: 0n,
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    i64: new BigInt64Array(buffer),
    u64: new BigUint64Array(buffer),
    owner,
    dirty: 0,
    foreign: 0,
  };
}

/**
 * A memory for heap `owner`: its own of the run before if there is one, else one that nobody needs,
 * else a new one of `pages` pages. When `owner` is not what the memory says, its contents up to
 * `dirty` are somebody else's; the caller takes it over.
 */
export function acquireMemory(owner: number, pages: number): PooledMemory {
  const own = kept.get(owner);
  if (own !== undefined) {
    kept.delete(owner);
    keptBytes -= own.dirty;
    return own;
  }
  if (large.size > 0) {
    const old = large.get(owner);
    if (old !== undefined) {
      large.delete(owner);
      const memory = old.deref();
      if (memory !== undefined) return memory;
    }
  }
  const orphan = orphans.pop();
  if (orphan !== undefined) {
    keptBytes -= orphan.dirty;
    return orphan;
  }
  if (kept.size >= KEPT_MEMORIES) {
    for (const [other, memory] of kept) {
      kept.delete(other);
      keptBytes -= memory.dirty;
      return memory;
    }
  }
  return create(pages, owner);
}

/** Takes a memory back from its owner, whose next run may want it. */
export function releaseMemory(memory: PooledMemory): void {
  if (keptBytes + memory.dirty <= KEPT_BYTES) {
    const isKept = kept.size < KEPT_MEMORIES;
    if (isKept || (memory.dirty <= ORPHAN_BYTES && orphans.length < SPARE_MEMORIES)) {
      keptBytes += memory.dirty;
      if (isKept) kept.set(memory.owner, memory);
      else orphans.push(memory);
      return;
    }
  }
  if (large.size >= KEPT_MEMORIES) {
    for (const [owner, ref] of large) if (ref.deref() === undefined) large.delete(owner);
    // Nothing is lost but time: their owners get others.
    if (large.size >= KEPT_MEMORIES) large.clear();
  }
  large.set(memory.owner, new WeakRef(memory));
}

/** Says that heap `owner` will not run again: its memory is anybody's, or nobody's if it is large. */
export function disownMemory(owner: number): void {
  large.delete(owner);
  const memory = kept.get(owner);
  if (memory === undefined) return;
  kept.delete(owner);
  if (memory.dirty <= ORPHAN_BYTES) orphans.push(memory);
  else keptBytes -= memory.dirty;
}
