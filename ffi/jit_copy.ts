/**
 * The routine that writes into `MAP_JIT` pages. Owns its bytes and the layout of its parameters; is
 * pure, so it can be tested away from macOS against other functions than the system's.
 *
 * `pthread_jit_write_protect_np(0)` makes *every* `MAP_JIT` page of the thread writable and not
 * executable, V8's own code included. JavaScript must therefore not run between the two toggles, and
 * the routine itself must lie outside such pages: it toggles, copies, toggles back and flushes the
 * instruction cache in one go.
 *
 * @module
 */

/** Addresses of the functions the routine calls, in the C convention of AArch64. */
export interface JitFunctions {
  /** `void pthread_jit_write_protect_np(int enabled)`: 0 opens the pages for writing. */
  readonly writeProtect: number;
  /** `void *memcpy(void *to, const void *from, size_t size)`. */
  readonly copy: number;
  /** `void sys_icache_invalidate(void *start, size_t size)`. */
  readonly flush: number;
}

/** Byte offsets of the parameters, each one 64-bit word, from the pointer the routine is given. */
export const JIT_COPY = { to: 0, from: 8, size: 16 } as const;

/** Instructions before the literals, an even number so that these are 8-byte aligned. */
const INSTRUCTIONS = 22;
const WRITE_PROTECT = INSTRUCTIONS * 4;
const COPY = WRITE_PROTECT + 8;
const FLUSH = COPY + 8;

/**
 * The routine's A64 bytes: position-independent, `int routine(struct {to, from, size} *)` with result
 * 0. Its return stays on the path that entered it, since the pages are closed again by then.
 */
export function jitCopyRoutine(functions: JitFunctions): Uint8Array {
  // LDR Xt, label: opc 01, imm19 in words from this instruction (Arm ARM C6.2, LDR (literal)).
  const call = (at: number, literal: number): number => 0x58000000 | ((literal / 4 - at) << 5) | 16;
  const words = [
    0xa9be7bfd, //  0  stp x29, x30, [sp, #-32]!
    0x910003fd, //  1  mov x29, sp
    0xf9000bf3, //  2  str x19, [sp, #16]
    0xaa0003f3, //  3  mov x19, x0
    0x52800000, //  4  mov w0, #0
    call(5, WRITE_PROTECT), //  5  ldr x16, writeProtect
    0xd63f0200, //  6  blr x16
    0xa9400660, //  7  ldp x0, x1, [x19]
    0xf9400a62, //  8  ldr x2, [x19, #16]
    call(9, COPY), //  9  ldr x16, copy
    0xd63f0200, // 10  blr x16
    0x52800020, // 11  mov w0, #1
    call(12, WRITE_PROTECT), // 12  ldr x16, writeProtect
    0xd63f0200, // 13  blr x16
    0xf9400260, // 14  ldr x0, [x19]
    0xf9400a61, // 15  ldr x1, [x19, #16]
    call(16, FLUSH), // 16  ldr x16, flush
    0xd63f0200, // 17  blr x16
    0xf9400bf3, // 18  ldr x19, [sp, #16]
    0xa8c27bfd, // 19  ldp x29, x30, [sp], #32
    0x52800000, // 20  mov w0, #0
    0xd65f03c0, // 21  ret
  ];
  if (words.length !== INSTRUCTIONS) throw new Error("internal: the literals are misplaced");
  const bytes = new Uint8Array(FLUSH + 8);
  new Uint32Array(bytes.buffer, 0, INSTRUCTIONS).set(words);
  new BigUint64Array(bytes.buffer, WRITE_PROTECT, 3).set([
    BigInt(functions.writeProtect),
    BigInt(functions.copy),
    BigInt(functions.flush),
  ]);
  return bytes;
}
