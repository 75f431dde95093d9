/**
 * UTF-8 in and out of linear memory. Short ASCII texts, which is most of them, are copied by hand:
 * calling the platform's coder costs more than the copy.
 *
 * @module
 */
import type { Heap } from "./heap.ts";

/** Longest texts handled by hand. */
const SHORT_TO_READ = 64;
const SHORT = 32;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** The text in `length` bytes of memory at `offset`, which must be UTF-8. */
export function readText(u8: Uint8Array, offset: number, length: number): string {
  if (length <= SHORT_TO_READ) {
    // One string at once: appending letters makes a chain of strings to be flattened later.
    const codes = new Array<number>(length);
    let k = 0;
    for (; k < length; k++) {
      const byte = u8[offset + k];
      if (byte >= 0x80) break;
      codes[k] = byte;
    }
    if (k === length) return String.fromCharCode(...codes);
  }
  return decoder.decode(u8.subarray(offset, offset + length));
}

/**
 * Allocates the UTF-8 form of `text` and returns its offset; its length is what `heap.top` moved by.
 *
 * @throws {MemoryLimitError} When the run's memory limit is passed.
 */
export function writeText(heap: Heap, text: string): number {
  const length = text.length;
  if (length <= SHORT) {
    let ascii = 0;
    while (ascii < length && text.charCodeAt(ascii) < 0x80) ascii++;
    if (ascii === length) {
      const at = heap.allocBytes(length);
      const u8 = heap.u8;
      for (let k = 0; k < length; k++) u8[at + k] = text.charCodeAt(k);
      return at;
    }
  }
  const bytes = encoder.encode(text);
  const at = heap.allocBytes(bytes.length);
  heap.u8.set(bytes, at);
  return at;
}

/** Whether the `length` bytes at `offset` are UTF-8 (strict: no surrogates, no overlong forms). */
export function isUtf8(u8: Uint8Array, offset: number, length: number): boolean {
  const end = offset + length;
  let k = offset;
  while (k < end && u8[k] < 0x80) k++;
  if (k === end) return true;
  try {
    decoder.decode(u8.subarray(k, end));
    return true;
  } catch {
    return false;
  }
}
