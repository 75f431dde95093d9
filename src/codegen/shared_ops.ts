/**
 * Machine instructions that every target has under the same numbers, for what is a matter of the
 * engine and not of the processor: metering, calls, leaving. The layout of `op` and the other forms
 * are in each target's ops.ts.
 *
 * @module
 */

/** Forms of machine instructions; number 0 is `MACH_JUMP`. */
export const SharedMop = {
  /** imm = cost, imm2 = site. */
  fuel: 0x40,
  /** imm2 = site. */
  depthEnter: 0x41,
  /** No operands. */
  depthLeave: 0x42,
  /** imm2 = site. */
  depthCheck: 0x43,
  /** imm = exit code of the IR, imm2 = site. */
  exit: 0x44,
  /** defs, arguments; imm = function, imm2 = site. */
  call: 0x45,
  /** defs, index, arguments; imm = number of definitions, imm2 = site. */
  callIndirect: 0x46,
  /** defs, arguments; imm = context offset of the address. */
  callNative: 0x47,
  /** results. */
  ret: 0x49,
  /** imm2 = site. */
  trap: 0x4a,
  /** defs: the register arguments. */
  entry: 0x4b,
} as const;

/** Bit 7 of `op`: 64-bit operands. */
export const WIDE = 0x80;
