/**
 * How values lie in registers and in linear memory: the one description that the interpreter, machine
 * code and Wasm share. Relies on nothing but type classes; guarantees that every offset has one name.
 *
 * ## Register words
 *
 * A value takes {@linkcode WORDS_OF_CLASS} 64-bit words, little-endian:
 *
 * | class | word 0 | word 1 |
 * |---|---|---|
 * | unit | none: a unit register has no storage | |
 * | bool | 0 or 1, all 64 bits | |
 * | i64, u64, f64 | the 64 bits (IEEE bits for f64, NaN payloads kept) | |
 * | dec | mantissa (i64) | scale (0 to 255) |
 * | bytes, str | low: offset u32, high: length u32 | |
 * | obj | offset of an object cell | |
 * | agg | offset of an aggregate's header | |
 * | func | function id (u32) | |
 * | closure | low: function id u32, high: offset u32 of the environment's header | |
 *
 * Offsets count bytes from the start of linear memory. A length of 0 is valid with any offset and
 * reads nothing. Object words are opaque to code: only the host boundary looks into the cell, because
 * the host type id of a value may differ from the declared one (only the class of a projected element
 * is checked, specification §8.9).
 *
 * ## Linear memory
 *
 * | offset | what |
 * |---|---|
 * | 0 | 8 bytes that are never allocated |
 * | 8 | the byte strings and texts of the constant pool, in pool order, unaligned |
 * | `Heap.base` (8-aligned) | what the run allocated, up to `Heap.top` |
 *
 * Byte strings are allocated at any address and take exactly their length. Aggregates and object
 * cells first align `top` to 8:
 *
 * | object cell | |
 * |---|---|
 * | 0 | host type id u64 |
 * | 8 | handle u64 |
 *
 * | aggregate | |
 * |---|---|
 * | 0 | kind u32: 0 tuple, 1 struct, 2 array |
 * | 4 | type id u32: struct type id or element type id, 0 for tuples |
 * | 8 | length u32 (n) |
 * | 12 | 0 |
 * | 16 | n element words, 8 bytes each |
 * | 16 + 8n | n class tags, one byte each, then zero padding to a multiple of 8 |
 * | after the tags | one decimal cell for each dec element, in element order |
 *
 * An element word is the value's register word; of a dec it is the offset of its cell, of a unit 0.
 *
 * | decimal cell | |
 * |---|---|
 * | 0 | mantissa i64 |
 * | 8 | scale u64 |
 *
 * ## Allocation rules
 *
 * All tiers follow these to the byte, so that `MemoryLimitExceeded` names the same instruction:
 *
 * - concatenation of `a` and `b`: if `b` is empty the result is `a`'s word; else if `a` is empty it is
 *   `b`'s word; else if `a` ends at `top`, `b` is appended there and `a` extended in place; else both
 *   are copied to `top`;
 * - slices and conversions between bytes and str allocate nothing; empty slices keep their offset;
 * - an aggregate of n elements, d of them decimals, takes `aggregateSize(n, d)` bytes after alignment;
 * - a host result of type bytes or str takes its length, of type obj one object cell; aggregates that
 *   the host returned as they came take nothing.
 *
 * @module
 */

/** Bytes at the bottom of memory that no value owns. */
export const NULL_BYTES = 8;
/** Bytes of a WebAssembly page. */
export const PAGE_BYTES = 65536;
/** `maximum` of every memory, in pages: what makes V8 reserve address space for all u32 offsets. */
export const MAX_PAGES = 65536;
/**
 * Bytes behind the last allocated one that can be read and written, and mean nothing: short byte
 * strings are copied and compared by whole words.
 */
export const SLACK_BYTES = 16;
/** The end of usable memory; one page short of 4 GiB, so that an end offset fits u32. */
export const MAX_MEMORY_BYTES = 0xffff_0000;

/** Aggregate kinds (header word 0). */
export const AggKind = {
  Tuple: 0,
  Struct: 1,
  Array: 2,
} as const;

/** Names of the aggregate kinds by number. */
export const AGG_KIND_NAMES = ["tuple", "struct", "array"] as const;

/** Byte offset of the kind in an aggregate's header. */
export const AGG_KIND = 0;
/** Byte offset of the struct or element type id in an aggregate's header. */
export const AGG_TYPE_ID = 4;
/** Byte offset of the length in an aggregate's header. */
export const AGG_LENGTH = 8;
/** Byte offset of the first element word. */
export const AGG_ELEMENTS = 16;

/** Byte offset of the mantissa in a decimal cell. */
export const DEC_MANTISSA = 0;
/** Byte offset of the scale in a decimal cell. */
export const DEC_SCALE = 8;
/** Bytes of a decimal cell. */
export const DEC_CELL_BYTES = 16;

/** Byte offset of the host type id in an object cell. */
export const OBJ_TYPE = 0;
/** Byte offset of the handle in an object cell. */
export const OBJ_HANDLE = 8;
/** Bytes of an object cell. */
export const OBJ_CELL_BYTES = 16;

/** Register words of a value by type class (`TypeClass`): unit 0, dec 2, all others 1. */
export const WORDS_OF_CLASS: Uint8Array = new Uint8Array([0, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1]);

/** `bytes` rounded up to a multiple of 8. */
export function align8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Bytes of an aggregate with `length` elements of which `decimals` are of class dec. */
export function aggregateSize(length: number, decimals: number): number {
  return AGG_ELEMENTS + 8 * length + align8(length) + DEC_CELL_BYTES * decimals;
}
