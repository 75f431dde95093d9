/**
 * Whether code that is overwritten in place is seen by instruction fetch. Owns two tiny routines;
 * relies on the pages it is given being unused so far and on the C library's gate.
 *
 * Hardware with the cache flush that pages do is coherent. Emulators may not be: qemu's user mode
 * before 8.1 (any version, for x86-64) finds out about changed code by write-protecting the pages it
 * translated, and so misses what is written through a second mapping.
 *
 * @module
 */
import type { CodePages } from "./code_pages.ts";
import type { Libc } from "./libc.ts";
import type { Arch } from "./platform.ts";
import { addressOfBuffer, pointerTo } from "./pointer.ts";

/** A routine that stores `value`, below 2^16, in the 32-bit word its argument points to. */
function storeRoutine(arch: Arch, value: number): Uint8Array {
  if (arch === "x86_64") {
    return new Uint8Array([
      ...[0xc7, 0x07, value & 0xff, value >> 8, 0, 0], // mov dword [rdi], value
      ...[0x31, 0xc0], //                                 xor eax, eax
      0xc3, //                                            ret
    ]);
  }
  const words = [
    0x52800009 | (value << 5), // mov w9, #value
    0xb9000009, //                str w9, [x0]
    0x52800000, //                mov w0, #0
    0xd65f03c0, //                ret
  ];
  return new Uint8Array(new Uint32Array(words).buffer);
}

/**
 * Runs two routines from the same place in `pages`, one after the other, and says whether each was
 * itself. The place is free again afterwards.
 */
export function isCoherent(libc: Libc, pages: CodePages): boolean {
  const seen = new Int32Array(4);
  const entry = pointerTo(pages.base);
  const context = pointerTo(addressOfBuffer(seen.buffer));
  let coherent = true;
  for (const value of [1, 2]) {
    pages.write(0, storeRoutine(libc.arch, value), pages.granule);
    // SAFETY: the routine was published at `entry` just now and stores four bytes into `seen`, whose
    // buffer cannot move and is alive until this function returns.
    libc.gate(context, context, 1, 8, entry);
    coherent &&= seen[0] === value;
  }
  pages.retire(0, pages.granule);
  return coherent;
}
