/**
 * The machine instructions of A64 between selection and emission: what the `op` field of a `MachFunc`
 * means. They are a little coarser than the processor's own: compare and branch are one, because the
 * allocator may put moves between any two, and so are remainders, overflow tests and the like.
 *
 *     bits 0–6    form, one of `Mop` (0 is MACH_JUMP)
 *     bit 7       wide: X or D registers
 *     bits 8–11   kind, what the form's description says
 *     bits 12–15  condition (an encoder `Cond`) of forms with compare operands
 *
 * Operands are listed in order, definitions first; all are registers. `shift` stands for a packed
 * operand of `packShift` or `packExtend`, applied to the last operand.
 *
 * @module
 */

/**
 * Forms of machine instructions, besides those of `SharedMop`. `emit.ts` switches over these numbers
 * with literal labels.
 */
export const Mop = {
  /** def, a, b; kind = `Alu`; imm = shift. */
  alu: 0x01,
  /** def, a; kind = `Alu`; imm = value of an addition, `N:immr:imms` of a logical operation. */
  aluImm: 0x02,
  /** def, b; kind = `Alu`: SUB from zero, or ORN with zero; imm = shift. */
  negNot: 0x03,
  /** def, a; kind = encoder `Bitfield`; imm = immr, imm2 = imms. */
  bitfield: 0x04,
  /** def, a; imm = amount. */
  rotate: 0x05,
  /** def, a, b; kind = encoder `DataProc2`. */
  dataProc2: 0x06,
  /** def, a, b. Rotation left by b. */
  rotateLeft: 0x07,
  /** def, a, b; kind 1 = signed. */
  remainder: 0x08,
  /** def, a, b, c; kind 0: c + a * b, 1: c - a * b. Without c: kind 2. */
  multiply: 0x09,
  /** def, a, b; kind 1 = signed. */
  multiplyHigh: 0x0a,
  /** def, a; kind = encoder `DataProc1`. */
  dataProc1: 0x0b,
  /** def, a. */
  ctz: 0x0c,
  /** def, a. */
  popcnt: 0x0d,
  /** def, a. Low 32 bits, zero-extended. */
  lowHalf: 0x0e,
  /** def, compare operands; kind = `Compare`; imm = what the kind says. */
  setcc: 0x0f,
  /** def, then, else, compare operands as `setcc`; imm2 = `SelectBits`, which leaves out zeros. */
  select: 0x10,
  /** def, then, else, compare operands as `setcc`; imm2 = 1 for D registers. */
  selectFloat: 0x11,
  /** compare operands as `setcc`; imm2 = site. */
  trapIf: 0x12,
  /** compare operands as `setcc`. To the first successor if the condition holds. */
  branch: 0x13,

  /** def, a, b; kind = encoder `FpArith`. */
  fpArith: 0x20,
  /** def, a; kind = encoder `FpUnary`. */
  fpUnary: 0x21,
  /** def, a, b; kind bit 0 = maximum, bit 1 = a lone NaN loses. */
  minMax: 0x22,
  /** def reuse, a. */
  canon: 0x23,
  /** def, a, b. */
  copysign: 0x24,
  /** def float, a int; kind bit 0 = unsigned, bit 1 = from 64 bits. */
  fromInt: 0x25,
  /** def int, a float; kind bit 0 = unsigned, bit 1 = from f64. */
  toInt: 0x26,
  /** def, a; wide = from f64 to f32, else from f32 to f64. */
  resize: 0x27,
  /** def float, a int: same bits. */
  intBits: 0x28,
  /** def int, a float: same bits. */
  floatBits: 0x29,

  /** def, then as `Address` says; kind = `Address`; imm = displacement, imm2 = `packAccess`. */
  load: 0x30,
  /** value, then as `Address` says; as `load`. */
  store: 0x31,
  /** as `Address` says; as `load`. Stores zero. */
  storeZero: 0x32,

  /** index. One successor an index, the last for all others. */
  branchTable: 0x48,
} as const;

/** Kinds of `alu`: encoder `Logical` below 8, 8 + encoder `AddSub` above. */
export const Alu = { and: 0, bic: 1, orr: 2, orn: 3, eor: 4, eon: 5, add: 8, sub: 10 } as const;

/** Comparisons: the operands they take in `setcc` and its relatives, and what imm says. */
export const Compare = {
  /** a, b; imm = shift. */
  cmp: 0,
  /** a; imm = value. */
  cmpImm: 1,
  /** a; imm = value. Compares with its negation. */
  cmnImm: 2,
  /** a, b; imm = shift. */
  tst: 3,
  /** a, b; imm = shift. `a & ~b`. */
  tstNot: 4,
  /** a; imm = `N:immr:imms`. */
  tstImm: 5,
  /** a; imm = bit number. Conditions EQ and NE only. */
  bit: 6,
  /** a, b; wide = f64. */
  float: 7,
  /** a; wide = f64. With zero. */
  floatZero: 8,
  /** a, b: a + b, for overflow. */
  add: 9,
  /** a, b: a * b; condition NE if it overflows. */
  mul: 10,
} as const;

/** Bits of imm2 of `select`: the encoder's `CondSelect` operation below them. */
export const SelectBits = { wide: 4, thenZero: 8, elseZero: 16 } as const;

/** Address forms of loads and stores, by kind. */
export const Address = {
  /** base; [base + imm]. */
  base: 0,
  /** base, index; [base + extended index], imm unused. */
  indexed: 1,
  /** None; [context + imm]. */
  context: 2,
  /** None; [sp + imm], the outgoing words. */
  outgoing: 3,
  /** None; [sp + frame + imm], the incoming words. */
  incoming: 4,
} as const;

/** A shifted operand: bits 0–5 amount, 6–7 encoder `Shift`. Zero is the plain operand. */
export function packShift(shift: number, amount: number): number {
  return amount === 0 ? 0 : shift << 6 | amount;
}

/** An extended operand: bit 8 set, encoder `Extend` in bits 9–11. */
export function packExtend(extend: number): number {
  return 0x100 | extend << 9;
}

/** imm2 of loads and stores: bits 0–7 encoder `Access`, 8–10 `Extend` and 11 scaling of the index. */
export function packAccess(access: number, extend = 0, scaled = 0): number {
  return access | extend << 8 | scaled << 11;
}
