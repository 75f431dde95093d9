/**
 * Writes static AArch64 executables: an ELF header, a program header a segment, and the segments'
 * bytes. No sections, no symbols, no libc. Layout: "Executable and Linking Format", TIS 1.2, with the
 * 64-bit structures of the gABI; machine number from "ELF for the Arm 64-bit Architecture".
 *
 * @module
 */

/** Permissions of a segment; a set of bits. */
export const SegmentFlag = { EXECUTE: 1, WRITE: 2, READ: 4 } as const;

/** A piece of the address space of an executable. */
export interface Segment {
  /** Where it starts: a multiple of 64 KiB, below 2^53. */
  readonly address: number;
  /** Its first bytes. */
  readonly bytes: Uint8Array;
  /** Its size, the rest of which is zero. */
  readonly size: number;
  /** A set of `SegmentFlag`. */
  readonly flags: number;
}

const ALIGNMENT = 0x1_0000;
const EM_AARCH64 = 183;
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** The bytes of an executable with these segments that starts at address `entry`. */
export function elfExecutable(
  segments: readonly Segment[],
  entry: number,
): Uint8Array<ArrayBuffer> {
  // File offsets agree with addresses modulo the alignment, as the loader's mmap wants.
  const offsets: number[] = [];
  let end = ALIGNMENT;
  for (const { address, bytes, size } of segments) {
    if (address % ALIGNMENT !== 0 || size < bytes.length) {
      throw new RangeError(`no segment of ${bytes.length} in ${size} bytes at ${address}`);
    }
    offsets.push(end);
    end += Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT;
  }
  const image = new Uint8Array(end);
  const view = new DataView(image.buffer);
  image.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64 bits, little-endian, version 1
  view.setUint16(16, 2, true); // e_type: ET_EXEC
  view.setUint16(18, EM_AARCH64, true);
  view.setUint32(20, 1, true); // e_version
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true); // e_phoff
  view.setUint16(52, HEADER_BYTES, true); // e_ehsize
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, segments.length, true);
  segments.forEach(({ address, bytes, size, flags }, k) => {
    const at = HEADER_BYTES + k * PROGRAM_HEADER_BYTES;
    view.setUint32(at, 1, true); // p_type: PT_LOAD
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 8, BigInt(offsets[k]), true);
    view.setBigUint64(at + 16, BigInt(address), true); // p_vaddr
    view.setBigUint64(at + 24, BigInt(address), true); // p_paddr
    view.setBigUint64(at + 32, BigInt(bytes.length), true);
    view.setBigUint64(at + 40, BigInt(size), true);
    view.setBigUint64(at + 48, BigInt(ALIGNMENT), true);
    image.set(bytes, offsets[k]);
  });
  return image;
}
