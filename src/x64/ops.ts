/**
 * The machine instructions of x86-64 between selection and emission: what the `op` field of a
 * `MachFunc` means. They are a little coarser than the processor's own: compare and branch are one,
 * because the allocator may put moves between any two, and conversions are one although they take
 * several steps.
 *
 *     bits 0–6    form, one of `Mop` (0 is MACH_JUMP)
 *     bit 7       wide: 64-bit operands
 *     bits 8–11   kind, what the form's description says
 *     bits 12–15  condition (a `CC` code), or for memory forms: 12 has an index, 13–14 its scale
 *
 * Operands are listed in order, definitions first. `any` may be a spill slot.
 *
 * @module
 */

/**
 * Forms of machine instructions, besides those of `SharedMop`. `emit.ts` switches over these numbers
 * with literal labels.
 */
export const Mop = {
  /** def, a, b any; kind = `ALU` operation. */
  alu: 0x01,
  /** def, a; kind = `ALU` operation; imm. */
  aluImm: 0x02,
  /** def, a, b any. */
  mul: 0x03,
  /** def, a any; imm. */
  mulImm: 0x04,
  /** clobber rax, def rdx, a rax, b any; kind 1 = signed. Upper half of the product. */
  mulHigh: 0x05,
  /** def, a rdx, b any. The same, unsigned, by BMI2. */
  mulx: 0x06,
  /** clobber, def, a rax, b any; kind 1 = signed. Quotient in rax, remainder in rdx. */
  div: 0x07,
  /** def, a; kind = `UNARY` operation. */
  unary: 0x08,
  /** def, a. */
  bswap: 0x09,
  /** def, a; kind = `SHIFT` operation; imm = count. */
  shiftImm: 0x0a,
  /** def, a, count rcx; kind = `SHIFT` operation. */
  shiftCl: 0x0b,
  /** def, a any, count; kind = `SHIFTX` operation. */
  shiftx: 0x0c,
  /** def, a any; imm = count. */
  rorx: 0x0d,
  /** def, a any; kind = `Extend`. */
  extend: 0x0e,
  /** def, base, index; imm = displacement. */
  lea: 0x0f,
  /** def, a any; kind = `SCAN` operation: lzcnt, tzcnt or popcnt. */
  scan: 0x10,
  /** def, a. Leading zeros by `bsr`. */
  clz: 0x11,
  /** def, a. Trailing zeros by `bsf`. */
  ctz: 0x12,
  /** def, temp, a. Population count by sums of fields. */
  popcnt: 0x13,
  /** def, compare operands; kind = `Compare`; imm = immediate. */
  setcc: 0x14,
  /** def, else, then, compare operands; as `setcc`. */
  select: 0x15,
  /** The same for floats. */
  selectFloat: 0x16,
  /** compare operands; as `setcc`; imm2 = site. */
  trapIf: 0x17,
  /** compare operands; as `setcc`. To the first successor if the condition holds. */
  branch: 0x18,

  /** def, a, b any; kind = `SSE` operation. */
  sse: 0x20,
  /** def, a; kind = `SSE` operation; imm, imm2 = bits of b. */
  sseConst: 0x21,
  /** def, a any. */
  sqrt: 0x22,
  /** def, a, b; kind bit 0 = maximum, bit 1 = a lone NaN loses. */
  minMax: 0x23,
  /** def, a, b. */
  copysign: 0x24,
  /** def, a; kind 0 flips the sign, 1 clears it. */
  sign: 0x25,
  /** def, a any; kind = `ROUND` mode. */
  round: 0x26,
  /** def early, a; kind = `ROUND` mode. Without SSE4.1. */
  roundSlow: 0x27,
  /** def, a. */
  canon: 0x28,
  /** def float, a; kind 1 = from 64 bits. */
  fromInt: 0x29,
  /** def float, temp int, a. From an unsigned 64-bit integer. */
  fromU64: 0x2a,
  /** def int, a; kind bit 0 = from f64; bit 1 = through 64 bits to an unsigned 32-bit integer. */
  toInt: 0x2b,
  /** def int, a; kind bit 0 = from f64. Saturating, signed. */
  toIntSat: 0x2c,
  /** def int, a; kind bit 0 = from f64. Saturating, to unsigned 32 bits. */
  toU32Sat: 0x2d,
  /** def int, a; kind bit 0 = from f64. Saturating, to unsigned 64 bits. */
  toU64Sat: 0x2e,
  /** def, a any; wide = from f64 to f32, else from f32 to f64. */
  resize: 0x2f,
  /** def float, a int: same bits. */
  intBits: 0x30,
  /** def int, a float: same bits. */
  floatBits: 0x31,

  /** def, base, index; kind = `Access`; imm = displacement. */
  load: 0x38,
  /** value, base, index; kind = `Access`; imm = displacement. */
  store: 0x39,
  /** base, index; kind = `Access`; imm = displacement, imm2 = value. */
  storeImm: 0x3a,
  /** def; kind = `Access`; imm = offset in the context. */
  ctxLoad: 0x3b,
  /** value; kind = `Access`; imm = offset in the context. */
  ctxStore: 0x3c,
  /** none; kind = `Access`; imm = offset in the context, imm2 = value. */
  ctxStoreImm: 0x3d,
  /** def; kind = `StackWord`; imm = word. */
  stackLoad: 0x3e,
  /** value; kind = `StackWord`; imm = word. */
  stackStore: 0x3f,

  /** temp, index. One successor an index, the last for all others. */
  branchTable: 0x48,
} as const;

/** Comparisons: the operands they take in `setcc` and its relatives. */
export const Compare = {
  /** a: `test a, a`. */
  testSelf: 0,
  /** a, b any: `cmp a, b`. */
  cmp: 1,
  /** a; imm: `cmp a, imm`. */
  cmpImm: 2,
  /** a, b any: `test a, b`. */
  test: 3,
  /** a; imm: `test a, imm`. */
  testImm: 4,
  /**
   * a, b any: `ucomis a, b`. With condition E or NE the parity flag counts too: unordered operands
   * are not equal.
   */
  float: 5,
  /** a, b any: a + b, for overflow. */
  add: 6,
  /** a, b any: a * b, for overflow. */
  mul: 7,
} as const;

/** Kinds of `extend`. */
export const Extend = { zx8: 0, zx16: 1, zx32: 2, sx8: 3, sx16: 4, sx32: 5 } as const;

/** Kinds of memory accesses: the IR's load opcodes minus `load8u`; stores use the unsigned ones. */
export const Access = {
  u8: 0,
  s8: 1,
  u16: 2,
  s16: 3,
  w32: 4,
  u32: 5,
  s32: 6,
  w64: 7,
  f32: 8,
  f64: 9,
} as const;

/** Kinds of `stackLoad` and `stackStore`: bit 0 float, bit 1 incoming instead of outgoing. */
export const StackWord = { float: 1, incoming: 2 } as const;
/** Bit 12 of `op` in memory forms. */
export const HAS_INDEX = 0x1000;
/** Position of the index scale in memory forms. */
export const SCALE_SHIFT = 13;
