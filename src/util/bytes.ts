/**
 * A growable byte buffer for writing binary formats: fixed-width little-endian numbers, LEB128,
 * raw bytes and length-prefixed text. It checks no ranges; callers pass values that fit.
 *
 * @module
 */
import { LEB_MAX_BYTES, writeSleb, writeUleb } from "./leb128.ts";

const encoder = new TextEncoder();

// Splits a bigint into halves without shifting, which would allocate.
const word = new BigInt64Array(1);
const halves = new Int32Array(word.buffer);

/** Bytes written one after another. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** Creates an empty writer with room for `capacity` bytes. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(Math.max(capacity, 16));
  }

  /** Number of bytes written. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written and keeps the memory. */
  clear(): void {
    this.#length = 0;
  }

  /** What was written so far, without a copy: valid until the next call. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Appends the low byte of `value`. */
  u8(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** Appends the low 16 bits of `value`, little-endian. */
  u16le(value: number): void {
    this.u8(value);
    this.u8(value >>> 8);
  }

  /** Appends the low 64 bits of `value`, little-endian. */
  u64le(value: bigint): void {
    word[0] = value;
    for (let half = 0; half < 2; half++) {
      for (let shift = 0; shift < 32; shift += 8) this.u8(halves[half] >>> shift);
    }
  }

  /** Appends `value`, an integer from 0 to 2^53 - 1, as unsigned LEB128. */
  uleb(value: number): void {
    if (value < 0x80) this.u8(value);
    else this.#uleb(value | 0, value / 0x1_0000_0000 | 0);
  }

  /** Appends the low 64 bits of `value` as unsigned LEB128. */
  uleb64(value: bigint): void {
    word[0] = value;
    this.#uleb(halves[0], halves[1]);
  }

  /** Appends the low 64 bits of `value` as signed LEB128. */
  sleb64(value: bigint): void {
    word[0] = value;
    if (this.#bytes.length - this.#length < LEB_MAX_BYTES) this.#grow(LEB_MAX_BYTES);
    this.#length = writeSleb(this.#bytes, this.#length, halves[0], halves[1]);
  }

  /** Appends `bytes`. */
  bytes(bytes: Uint8Array): void {
    if (this.#bytes.length - this.#length < bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends the length of `bytes` as LEB128, then `bytes`. */
  sizedBytes(bytes: Uint8Array): void {
    this.uleb(bytes.length);
    this.bytes(bytes);
  }

  /** Appends the UTF-8 length of `text` as LEB128, then its UTF-8. `text` must be well-formed. */
  sizedText(text: string): void {
    this.sizedBytes(encoder.encode(text));
  }

  #uleb(lo: number, hi: number): void {
    if (this.#bytes.length - this.#length < LEB_MAX_BYTES) this.#grow(LEB_MAX_BYTES);
    this.#length = writeUleb(this.#bytes, this.#length, lo, hi);
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + needed));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
