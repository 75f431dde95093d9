/**
 * The opcode table of EXTAPE (specification §6.2). Generated from opcodes.tsv by
 * scripts/generate_opcodes.ts; do not edit.
 *
 * @module
 */

/** How an operand is encoded (specification §6.1). */
export type OperandKind =
  | "reg"
  | "regs"
  | "uleb32"
  | "uleb64"
  | "sleb64"
  | "u64le"
  | "u8"
  | "bool8";

/** One operand of an opcode. */
export interface OperandInfo {
  /** Name in the specification. */
  readonly name: string;
  /** Encoding. */
  readonly kind: OperandKind;
  /** Whether a register is read or written; null for immediates. */
  readonly access: "r" | "w" | null;
}

/** One row of the opcode table. */
export interface OpcodeInfo {
  /** Dotted name, for example `i64.add`. */
  readonly mnemonic: string;
  /** The instruction's first byte. */
  readonly opcode: number;
  /** Whether the instruction ends a basic block. */
  readonly terminator: boolean;
  /** Operands in encoding order. */
  readonly operands: readonly OperandInfo[];
  /** Types read, in operand order; `T`, `A..`, `R..`, `F..`, `E..` as in the specification. */
  readonly inputs: readonly string[];
  /** Types written, in operand order. */
  readonly outputs: readonly string[];
  /** Traps that executing the verified instruction can raise. */
  readonly traps: readonly string[];
  /** One sentence. */
  readonly description: string;
}

/** Opcode bytes by name. V8 compiles a switch well only over literals: hot loops repeat these. */
export const Op = {
  /** Does nothing. */
  Nop: 0x00,
  /** Copies any value; the aggregate shape known to the verifier travels with it. */
  Mov: 0x01,
  /** Stops the run with the given 32-bit code; ends the block. */
  Trap: 0x02,
  /** Writes the unit value. */
  ConstUnit: 0x10,
  /** Writes a boolean; any non-zero immediate byte means true, encoders write 0 or 1. */
  ConstBool: 0x11,
  /** Writes a signed 64-bit literal. */
  ConstI64: 0x12,
  /** Writes an unsigned 64-bit literal. */
  ConstU64: 0x13,
  /** Writes a double given as its raw 64 bits; NaN payloads are kept. */
  ConstF64: 0x14,
  /** Writes a decimal literal from mantissa and scale. */
  ConstDecimal: 0x15,
  /** Loads pool entry idx; T is the type of that entry. */
  ConstPool: 0x16,
  /** Adds mantissas of equal-scale decimals. */
  DecAdd: 0x17,
  /** Subtracts mantissas of equal-scale decimals. */
  DecSub: 0x18,
  /** Multiplies mantissas and adds scales; neither may overflow. */
  DecMul: 0x19,
  /** IEEE double addition. */
  F64Add: 0x1a,
  /** IEEE double subtraction. */
  F64Sub: 0x1b,
  /** IEEE double multiplication. */
  F64Mul: 0x1c,
  /** Addition modulo 2^64. */
  I64Add: 0x20,
  /** Subtraction modulo 2^64. */
  I64Sub: 0x21,
  /** Multiplication modulo 2^64. */
  I64Mul: 0x22,
  /** Addition modulo 2^64. */
  U64Add: 0x23,
  /** Subtraction modulo 2^64. */
  U64Sub: 0x24,
  /** Multiplication modulo 2^64. */
  U64Mul: 0x25,
  /** Bitwise and. */
  U64And: 0x26,
  /** Bitwise or. */
  U64Or: 0x27,
  /** Equality. */
  I64Eq: 0x28,
  /** Signed less-than. */
  I64Lt: 0x29,
  /** Equality. */
  U64Eq: 0x2a,
  /** Unsigned less-than. */
  U64Lt: 0x2b,
  /** Bitwise exclusive or. */
  U64Xor: 0x2c,
  /** Left shift by the low six bits of b. */
  U64Shl: 0x2d,
  /** Zero-filling right shift by the low six bits of b. */
  U64Shr: 0x2e,
  /** Unsigned greater-than. */
  U64Gt: 0x2f,
  /** Negation. */
  BoolNot: 0x30,
  /** Unsigned less-or-equal. */
  U64Le: 0x31,
  /** Unsigned greater-or-equal. */
  U64Ge: 0x32,
  /** Bitwise and. */
  I64And: 0x33,
  /** Value-preserving cast; input of 2^63 or more traps. */
  U64ToI64: 0x34,
  /** Value-preserving cast; negative input traps. */
  I64ToU64: 0x35,
  /** Bitwise or. */
  I64Or: 0x36,
  /** Bitwise exclusive or. */
  I64Xor: 0x37,
  /** Picks a when cond is true, else b; the destination keeps its earlier verifier shape. */
  Select: 0x38,
  /** Signed greater-than. */
  I64Gt: 0x39,
  /** Signed less-or-equal. */
  I64Le: 0x3a,
  /** Signed greater-or-equal. */
  I64Ge: 0x3b,
  /** Left shift by the low six bits of b. */
  I64Shl: 0x3c,
  /** Arithmetic right shift by the low six bits of b. */
  I64Shr: 0x3d,
  /** Two-way branch to byte offsets in the same function; ends the block. */
  Br: 0x40,
  /** Jump to a byte offset in the same function; ends the block. */
  Jmp: 0x41,
  /** Calls function func_id with copied arguments; results land in rets when it returns. */
  Call: 0x50,
  /** Leaves the function with the listed values; ends the block; InvalidPc only if the caller repeats a result register with clashing types. */
  Ret: 0x51,
  /** Calls the embedder through host signature host_sig; returned values are type-checked. */
  HostCall: 0x52,
  /** Writes a reference to program function func_id. */
  ConstFunc: 0x53,
  /** Calls the function or closure in callee after comparing its signature with call_sig; a closure gets its environment as first argument. */
  CallIndirect: 0x54,
  /** Pairs a function reference with an environment aggregate. */
  ClosureNew: 0x55,
  /** Allocates a tuple of the listed values. */
  TupleNew: 0x60,
  /** Reads tuple element index; T comes from the shape the verifier knows. */
  TupleGet: 0x61,
  /** Allocates a struct of type_id with one value per field. */
  StructNew: 0x62,
  /** Reads struct field field_index; T is the declared field type. */
  StructGet: 0x63,
  /** Allocates an array whose values all have element type elem_type_id. */
  ArrayNew: 0x64,
  /** Number of array elements. */
  ArrayLen: 0x65,
  /** Reads the array element at a register index; T is the element type. */
  ArrayGet: 0x66,
  /** Number of tuple elements. */
  TupleLen: 0x67,
  /** Number of struct fields. */
  StructFieldCount: 0x68,
  /** Reads the array element at an immediate index; bounds are only checked at run time. */
  ArrayGetImm: 0x69,
  /** Length in bytes. */
  BytesLen: 0x6a,
  /** Length in UTF-8 bytes. */
  StrLen: 0x6b,
  /** Quotient truncated toward zero; zero divisor is tested first, then min / -1. */
  I64Div: 0x6c,
  /** Remainder with the sign of a; min % -1 traps too. */
  I64Rem: 0x6d,
  /** Unsigned quotient. */
  U64Div: 0x6e,
  /** Unsigned remainder. */
  U64Rem: 0x6f,
  /** Nearest double, ties to even. */
  I64ToF64: 0x70,
  /** Nearest double, ties to even. */
  U64ToF64: 0x71,
  /** Truncates toward zero; accepts -2^63 to 2^63 inclusive (2^63 gives i64 max). */
  F64ToI64: 0x72,
  /** Truncates toward zero; accepts -0 and 0 to 2^64 inclusive (2^64 gives u64 max). */
  F64ToU64: 0x73,
  /** Mantissa of a scale-0 decimal. */
  DecToI64: 0x74,
  /** Mantissa of a scale-0, non-negative decimal; scale is tested first. */
  DecToU64: 0x75,
  /** Mantissa a * 10^scale with that scale; scale above 18 always traps. */
  I64ToDec: 0x76,
  /** Mantissa a * 10^scale, which must fit i64; scale above 18 always traps. */
  U64ToDec: 0x77,
  /** Byte-wise equality. */
  BytesEq: 0x78,
  /** Byte-wise equality of the UTF-8 text, no normalisation. */
  StrEq: 0x79,
  /** a followed by b. */
  BytesConcat: 0x7a,
  /** a followed by b. */
  StrConcat: 0x7b,
  /** Byte at a register index, widened to 0..255. */
  BytesGet: 0x7c,
  /** Byte at an immediate index, widened to 0..255. */
  BytesGetImm: 0x7d,
  /** Half-open range; start may not pass end, end may not pass the length. */
  BytesSlice: 0x7e,
  /** Half-open byte range; the range is tested before the character boundaries. */
  StrSlice: 0x7f,
  /** The UTF-8 bytes of the text. */
  StrToBytes: 0x80,
  /** Strict UTF-8 decoding; a byte-order mark is kept. */
  BytesToStr: 0x81,
  /** IEEE double division; dividing by zero gives inf or NaN, never a trap. */
  F64Div: 0x82,
  /** IEEE equality; false with NaN; -0 equals +0. */
  F64Eq: 0x83,
  /** IEEE less-than; false with NaN. */
  F64Lt: 0x84,
  /** IEEE greater-than; false with NaN. */
  F64Gt: 0x85,
  /** IEEE less-or-equal; false with NaN. */
  F64Le: 0x86,
  /** IEEE greater-or-equal; false with NaN. */
  F64Ge: 0x87,
  /** Conjunction; both operands already evaluated. */
  BoolAnd: 0x88,
  /** Disjunction. */
  BoolOr: 0x89,
  /** Exclusive or. */
  BoolXor: 0x8a,
  /** Flips the sign bit, also on NaN and zero. */
  F64Neg: 0x8b,
  /** Clears the sign bit, also on NaN. */
  F64Abs: 0x8c,
  /** Smaller operand; any NaN input gives the canonical NaN; -0 is below +0. */
  F64Min: 0x8d,
  /** Larger operand; any NaN input gives the canonical NaN; +0 is above -0. */
  F64Max: 0x8e,
  /** Like f64.min but a lone NaN input is ignored. */
  F64MinNum: 0x8f,
  /** Like f64.max but a lone NaN input is ignored. */
  F64MaxNum: 0x90,
  /** C fmod: truncated remainder carrying the sign of a. */
  F64Rem: 0x91,
  /** Reinterprets a double as its 64 bits. */
  F64ToBits: 0x92,
  /** Reinterprets 64 bits as a double. */
  F64FromBits: 0x93,
} as const;

/** Rows by opcode byte, in table order. */
export const OPCODES: ReadonlyMap<number, OpcodeInfo> = new Map<number, OpcodeInfo>([
  [0x00, {
    mnemonic: "nop",
    opcode: 0x00,
    terminator: false,
    operands: [],
    inputs: [],
    outputs: [],
    traps: [],
    description: "Does nothing.",
  }],
  [0x01, {
    mnemonic: "mov",
    opcode: 0x01,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "src",
      kind: "reg",
      access: "r",
    }],
    inputs: ["T"],
    outputs: ["T"],
    traps: [],
    description: "Copies any value; the aggregate shape known to the verifier travels with it.",
  }],
  [0x02, {
    mnemonic: "trap",
    opcode: 0x02,
    terminator: true,
    operands: [{ name: "code", kind: "uleb32", access: null }],
    inputs: [],
    outputs: [],
    traps: ["TrapCode"],
    description: "Stops the run with the given 32-bit code; ends the block.",
  }],
  [0x10, {
    mnemonic: "const.unit",
    opcode: 0x10,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }],
    inputs: [],
    outputs: ["unit"],
    traps: [],
    description: "Writes the unit value.",
  }],
  [0x11, {
    mnemonic: "const.bool",
    opcode: 0x11,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "imm",
      kind: "bool8",
      access: null,
    }],
    inputs: [],
    outputs: ["bool"],
    traps: [],
    description: "Writes a boolean; any non-zero immediate byte means true, encoders write 0 or 1.",
  }],
  [0x12, {
    mnemonic: "const.i64",
    opcode: 0x12,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "imm",
      kind: "sleb64",
      access: null,
    }],
    inputs: [],
    outputs: ["i64"],
    traps: [],
    description: "Writes a signed 64-bit literal.",
  }],
  [0x13, {
    mnemonic: "const.u64",
    opcode: 0x13,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "imm",
      kind: "uleb64",
      access: null,
    }],
    inputs: [],
    outputs: ["u64"],
    traps: [],
    description: "Writes an unsigned 64-bit literal.",
  }],
  [0x14, {
    mnemonic: "const.f64",
    opcode: 0x14,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "bits",
      kind: "u64le",
      access: null,
    }],
    inputs: [],
    outputs: ["f64"],
    traps: [],
    description: "Writes a double given as its raw 64 bits; NaN payloads are kept.",
  }],
  [0x15, {
    mnemonic: "const.decimal",
    opcode: 0x15,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "mantissa",
      kind: "sleb64",
      access: null,
    }, { name: "scale", kind: "u8", access: null }],
    inputs: [],
    outputs: ["dec"],
    traps: [],
    description: "Writes a decimal literal from mantissa and scale.",
  }],
  [0x16, {
    mnemonic: "const.pool",
    opcode: 0x16,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "idx",
      kind: "uleb32",
      access: null,
    }],
    inputs: [],
    outputs: ["T"],
    traps: [],
    description: "Loads pool entry idx; T is the type of that entry.",
  }],
  [0x17, {
    mnemonic: "dec.add",
    opcode: 0x17,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["dec", "dec"],
    outputs: ["dec"],
    traps: ["DecimalScaleMismatch", "DecimalOverflow"],
    description: "Adds mantissas of equal-scale decimals.",
  }],
  [0x18, {
    mnemonic: "dec.sub",
    opcode: 0x18,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["dec", "dec"],
    outputs: ["dec"],
    traps: ["DecimalScaleMismatch", "DecimalOverflow"],
    description: "Subtracts mantissas of equal-scale decimals.",
  }],
  [0x19, {
    mnemonic: "dec.mul",
    opcode: 0x19,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["dec", "dec"],
    outputs: ["dec"],
    traps: ["DecimalOverflow"],
    description: "Multiplies mantissas and adds scales; neither may overflow.",
  }],
  [0x1a, {
    mnemonic: "f64.add",
    opcode: 0x1a,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "IEEE double addition.",
  }],
  [0x1b, {
    mnemonic: "f64.sub",
    opcode: 0x1b,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "IEEE double subtraction.",
  }],
  [0x1c, {
    mnemonic: "f64.mul",
    opcode: 0x1c,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "IEEE double multiplication.",
  }],
  [0x20, {
    mnemonic: "i64.add",
    opcode: 0x20,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: [],
    description: "Addition modulo 2^64.",
  }],
  [0x21, {
    mnemonic: "i64.sub",
    opcode: 0x21,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: [],
    description: "Subtraction modulo 2^64.",
  }],
  [0x22, {
    mnemonic: "i64.mul",
    opcode: 0x22,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: [],
    description: "Multiplication modulo 2^64.",
  }],
  [0x23, {
    mnemonic: "u64.add",
    opcode: 0x23,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: [],
    description: "Addition modulo 2^64.",
  }],
  [0x24, {
    mnemonic: "u64.sub",
    opcode: 0x24,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: [],
    description: "Subtraction modulo 2^64.",
  }],
  [0x25, {
    mnemonic: "u64.mul",
    opcode: 0x25,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: [],
    description: "Multiplication modulo 2^64.",
  }],
  [0x26, {
    mnemonic: "u64.and",
    opcode: 0x26,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: [],
    description: "Bitwise and.",
  }],
  [0x27, {
    mnemonic: "u64.or",
    opcode: 0x27,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: [],
    description: "Bitwise or.",
  }],
  [0x28, {
    mnemonic: "i64.eq",
    opcode: 0x28,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["bool"],
    traps: [],
    description: "Equality.",
  }],
  [0x29, {
    mnemonic: "i64.lt",
    opcode: 0x29,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["bool"],
    traps: [],
    description: "Signed less-than.",
  }],
  [0x2a, {
    mnemonic: "u64.eq",
    opcode: 0x2a,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["bool"],
    traps: [],
    description: "Equality.",
  }],
  [0x2b, {
    mnemonic: "u64.lt",
    opcode: 0x2b,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["bool"],
    traps: [],
    description: "Unsigned less-than.",
  }],
  [0x2c, {
    mnemonic: "u64.xor",
    opcode: 0x2c,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: [],
    description: "Bitwise exclusive or.",
  }],
  [0x2d, {
    mnemonic: "u64.shl",
    opcode: 0x2d,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: [],
    description: "Left shift by the low six bits of b.",
  }],
  [0x2e, {
    mnemonic: "u64.shr",
    opcode: 0x2e,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: [],
    description: "Zero-filling right shift by the low six bits of b.",
  }],
  [0x2f, {
    mnemonic: "u64.gt",
    opcode: 0x2f,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["bool"],
    traps: [],
    description: "Unsigned greater-than.",
  }],
  [0x30, {
    mnemonic: "bool.not",
    opcode: 0x30,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["bool"],
    outputs: ["bool"],
    traps: [],
    description: "Negation.",
  }],
  [0x31, {
    mnemonic: "u64.le",
    opcode: 0x31,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["bool"],
    traps: [],
    description: "Unsigned less-or-equal.",
  }],
  [0x32, {
    mnemonic: "u64.ge",
    opcode: 0x32,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["bool"],
    traps: [],
    description: "Unsigned greater-or-equal.",
  }],
  [0x33, {
    mnemonic: "i64.and",
    opcode: 0x33,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: [],
    description: "Bitwise and.",
  }],
  [0x34, {
    mnemonic: "u64.to_i64",
    opcode: 0x34,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["u64"],
    outputs: ["i64"],
    traps: ["IntCastOverflow"],
    description: "Value-preserving cast; input of 2^63 or more traps.",
  }],
  [0x35, {
    mnemonic: "i64.to_u64",
    opcode: 0x35,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["i64"],
    outputs: ["u64"],
    traps: ["IntCastOverflow"],
    description: "Value-preserving cast; negative input traps.",
  }],
  [0x36, {
    mnemonic: "i64.or",
    opcode: 0x36,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: [],
    description: "Bitwise or.",
  }],
  [0x37, {
    mnemonic: "i64.xor",
    opcode: 0x37,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: [],
    description: "Bitwise exclusive or.",
  }],
  [0x38, {
    mnemonic: "select",
    opcode: 0x38,
    terminator: false,
    operands: [
      { name: "dst", kind: "reg", access: "w" },
      { name: "cond", kind: "reg", access: "r" },
      { name: "a", kind: "reg", access: "r" },
      { name: "b", kind: "reg", access: "r" },
    ],
    inputs: ["bool", "T", "T"],
    outputs: ["T"],
    traps: [],
    description:
      "Picks a when cond is true, else b; the destination keeps its earlier verifier shape.",
  }],
  [0x39, {
    mnemonic: "i64.gt",
    opcode: 0x39,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["bool"],
    traps: [],
    description: "Signed greater-than.",
  }],
  [0x3a, {
    mnemonic: "i64.le",
    opcode: 0x3a,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["bool"],
    traps: [],
    description: "Signed less-or-equal.",
  }],
  [0x3b, {
    mnemonic: "i64.ge",
    opcode: 0x3b,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["bool"],
    traps: [],
    description: "Signed greater-or-equal.",
  }],
  [0x3c, {
    mnemonic: "i64.shl",
    opcode: 0x3c,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: [],
    description: "Left shift by the low six bits of b.",
  }],
  [0x3d, {
    mnemonic: "i64.shr",
    opcode: 0x3d,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: [],
    description: "Arithmetic right shift by the low six bits of b.",
  }],
  [0x40, {
    mnemonic: "br",
    opcode: 0x40,
    terminator: true,
    operands: [{ name: "cond", kind: "reg", access: "r" }, {
      name: "pc_true",
      kind: "uleb32",
      access: null,
    }, { name: "pc_false", kind: "uleb32", access: null }],
    inputs: ["bool"],
    outputs: [],
    traps: [],
    description: "Two-way branch to byte offsets in the same function; ends the block.",
  }],
  [0x41, {
    mnemonic: "jmp",
    opcode: 0x41,
    terminator: true,
    operands: [{ name: "pc_target", kind: "uleb32", access: null }],
    inputs: [],
    outputs: [],
    traps: [],
    description: "Jump to a byte offset in the same function; ends the block.",
  }],
  [0x50, {
    mnemonic: "call",
    opcode: 0x50,
    terminator: false,
    operands: [
      { name: "eff_out", kind: "reg", access: "w" },
      { name: "func_id", kind: "uleb32", access: null },
      { name: "eff_in", kind: "reg", access: "r" },
      { name: "args", kind: "regs", access: "r" },
      { name: "rets", kind: "regs", access: "w" },
    ],
    inputs: ["unit", "A.."],
    outputs: ["unit", "R.."],
    traps: ["CallDepthExceeded"],
    description:
      "Calls function func_id with copied arguments; results land in rets when it returns.",
  }],
  [0x51, {
    mnemonic: "ret",
    opcode: 0x51,
    terminator: true,
    operands: [{ name: "eff_in", kind: "reg", access: "r" }, {
      name: "rets",
      kind: "regs",
      access: "r",
    }],
    inputs: ["unit", "R.."],
    outputs: [],
    traps: ["InvalidPc"],
    description:
      "Leaves the function with the listed values; ends the block; InvalidPc only if the caller repeats a result register with clashing types.",
  }],
  [0x52, {
    mnemonic: "host_call",
    opcode: 0x52,
    terminator: false,
    operands: [
      { name: "eff_out", kind: "reg", access: "w" },
      { name: "host_sig", kind: "uleb32", access: null },
      { name: "eff_in", kind: "reg", access: "r" },
      { name: "args", kind: "regs", access: "r" },
      { name: "rets", kind: "regs", access: "w" },
    ],
    inputs: ["unit", "A.."],
    outputs: ["unit", "R.."],
    traps: ["HostCallLimitExceeded", "HostCallFailed", "TypeMismatch", "InvalidPc"],
    description:
      "Calls the embedder through host signature host_sig; returned values are type-checked.",
  }],
  [0x53, {
    mnemonic: "const.func",
    opcode: 0x53,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "func_id",
      kind: "uleb32",
      access: null,
    }],
    inputs: [],
    outputs: ["func"],
    traps: [],
    description: "Writes a reference to program function func_id.",
  }],
  [0x54, {
    mnemonic: "call.indirect",
    opcode: 0x54,
    terminator: false,
    operands: [
      { name: "eff_out", kind: "reg", access: "w" },
      { name: "call_sig", kind: "uleb32", access: null },
      { name: "callee", kind: "reg", access: "r" },
      { name: "eff_in", kind: "reg", access: "r" },
      { name: "args", kind: "regs", access: "r" },
      { name: "rets", kind: "regs", access: "w" },
    ],
    inputs: ["func|closure", "unit", "A.."],
    outputs: ["unit", "R.."],
    traps: ["CallDepthExceeded", "InvalidPc", "ArityMismatch", "TypeMismatch"],
    description:
      "Calls the function or closure in callee after comparing its signature with call_sig; a closure gets its environment as first argument.",
  }],
  [0x55, {
    mnemonic: "closure.new",
    opcode: 0x55,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "func",
      kind: "reg",
      access: "r",
    }, { name: "env", kind: "reg", access: "r" }],
    inputs: ["func", "agg"],
    outputs: ["closure"],
    traps: [],
    description: "Pairs a function reference with an environment aggregate.",
  }],
  [0x60, {
    mnemonic: "tuple.new",
    opcode: 0x60,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "values",
      kind: "regs",
      access: "r",
    }],
    inputs: ["T.."],
    outputs: ["agg"],
    traps: [],
    description: "Allocates a tuple of the listed values.",
  }],
  [0x61, {
    mnemonic: "tuple.get",
    opcode: 0x61,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "tuple",
      kind: "reg",
      access: "r",
    }, { name: "index", kind: "uleb32", access: null }],
    inputs: ["agg"],
    outputs: ["T"],
    traps: ["AggError", "InvalidPc"],
    description: "Reads tuple element index; T comes from the shape the verifier knows.",
  }],
  [0x62, {
    mnemonic: "struct.new",
    opcode: 0x62,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "type_id",
      kind: "uleb32",
      access: null,
    }, { name: "values", kind: "regs", access: "r" }],
    inputs: ["F.."],
    outputs: ["agg"],
    traps: [],
    description: "Allocates a struct of type_id with one value per field.",
  }],
  [0x63, {
    mnemonic: "struct.get",
    opcode: 0x63,
    terminator: false,
    operands: [
      { name: "dst", kind: "reg", access: "w" },
      { name: "st", kind: "reg", access: "r" },
      { name: "field_index", kind: "uleb32", access: null },
    ],
    inputs: ["agg"],
    outputs: ["T"],
    traps: ["AggError", "InvalidPc"],
    description: "Reads struct field field_index; T is the declared field type.",
  }],
  [0x64, {
    mnemonic: "array.new",
    opcode: 0x64,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "elem_type_id",
      kind: "uleb32",
      access: null,
    }, { name: "values", kind: "regs", access: "r" }],
    inputs: ["E.."],
    outputs: ["agg"],
    traps: [],
    description: "Allocates an array whose values all have element type elem_type_id.",
  }],
  [0x65, {
    mnemonic: "array.len",
    opcode: 0x65,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "arr",
      kind: "reg",
      access: "r",
    }],
    inputs: ["agg"],
    outputs: ["u64"],
    traps: ["AggError"],
    description: "Number of array elements.",
  }],
  [0x66, {
    mnemonic: "array.get",
    opcode: 0x66,
    terminator: false,
    operands: [
      { name: "dst", kind: "reg", access: "w" },
      { name: "arr", kind: "reg", access: "r" },
      { name: "index", kind: "reg", access: "r" },
    ],
    inputs: ["agg", "u64"],
    outputs: ["T"],
    traps: ["AggError", "InvalidPc"],
    description: "Reads the array element at a register index; T is the element type.",
  }],
  [0x67, {
    mnemonic: "tuple.len",
    opcode: 0x67,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "tuple",
      kind: "reg",
      access: "r",
    }],
    inputs: ["agg"],
    outputs: ["u64"],
    traps: ["AggError"],
    description: "Number of tuple elements.",
  }],
  [0x68, {
    mnemonic: "struct.field_count",
    opcode: 0x68,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "st", kind: "reg", access: "r" }],
    inputs: ["agg"],
    outputs: ["u64"],
    traps: ["AggError"],
    description: "Number of struct fields.",
  }],
  [0x69, {
    mnemonic: "array.get_imm",
    opcode: 0x69,
    terminator: false,
    operands: [
      { name: "dst", kind: "reg", access: "w" },
      { name: "arr", kind: "reg", access: "r" },
      { name: "index", kind: "uleb32", access: null },
    ],
    inputs: ["agg"],
    outputs: ["T"],
    traps: ["AggError", "InvalidPc"],
    description:
      "Reads the array element at an immediate index; bounds are only checked at run time.",
  }],
  [0x6a, {
    mnemonic: "bytes.len",
    opcode: 0x6a,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "bytes",
      kind: "reg",
      access: "r",
    }],
    inputs: ["bytes"],
    outputs: ["u64"],
    traps: [],
    description: "Length in bytes.",
  }],
  [0x6b, {
    mnemonic: "str.len",
    opcode: 0x6b,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "s", kind: "reg", access: "r" }],
    inputs: ["str"],
    outputs: ["u64"],
    traps: [],
    description: "Length in UTF-8 bytes.",
  }],
  [0x6c, {
    mnemonic: "i64.div",
    opcode: 0x6c,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: ["DivByZero", "IntDivOverflow"],
    description: "Quotient truncated toward zero; zero divisor is tested first, then min / -1.",
  }],
  [0x6d, {
    mnemonic: "i64.rem",
    opcode: 0x6d,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["i64", "i64"],
    outputs: ["i64"],
    traps: ["DivByZero", "IntDivOverflow"],
    description: "Remainder with the sign of a; min % -1 traps too.",
  }],
  [0x6e, {
    mnemonic: "u64.div",
    opcode: 0x6e,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: ["DivByZero"],
    description: "Unsigned quotient.",
  }],
  [0x6f, {
    mnemonic: "u64.rem",
    opcode: 0x6f,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["u64", "u64"],
    outputs: ["u64"],
    traps: ["DivByZero"],
    description: "Unsigned remainder.",
  }],
  [0x70, {
    mnemonic: "i64.to_f64",
    opcode: 0x70,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["i64"],
    outputs: ["f64"],
    traps: [],
    description: "Nearest double, ties to even.",
  }],
  [0x71, {
    mnemonic: "u64.to_f64",
    opcode: 0x71,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["u64"],
    outputs: ["f64"],
    traps: [],
    description: "Nearest double, ties to even.",
  }],
  [0x72, {
    mnemonic: "f64.to_i64",
    opcode: 0x72,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["f64"],
    outputs: ["i64"],
    traps: ["FloatToIntInvalid", "IntCastOverflow"],
    description: "Truncates toward zero; accepts -2^63 to 2^63 inclusive (2^63 gives i64 max).",
  }],
  [0x73, {
    mnemonic: "f64.to_u64",
    opcode: 0x73,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["f64"],
    outputs: ["u64"],
    traps: ["FloatToIntInvalid", "IntCastOverflow"],
    description: "Truncates toward zero; accepts -0 and 0 to 2^64 inclusive (2^64 gives u64 max).",
  }],
  [0x74, {
    mnemonic: "dec.to_i64",
    opcode: 0x74,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["dec"],
    outputs: ["i64"],
    traps: ["DecimalScaleMismatch"],
    description: "Mantissa of a scale-0 decimal.",
  }],
  [0x75, {
    mnemonic: "dec.to_u64",
    opcode: 0x75,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["dec"],
    outputs: ["u64"],
    traps: ["DecimalScaleMismatch", "IntCastOverflow"],
    description: "Mantissa of a scale-0, non-negative decimal; scale is tested first.",
  }],
  [0x76, {
    mnemonic: "i64.to_dec",
    opcode: 0x76,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "scale",
      kind: "u8",
      access: null,
    }],
    inputs: ["i64"],
    outputs: ["dec"],
    traps: ["DecimalOverflow"],
    description: "Mantissa a * 10^scale with that scale; scale above 18 always traps.",
  }],
  [0x77, {
    mnemonic: "u64.to_dec",
    opcode: 0x77,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "scale",
      kind: "u8",
      access: null,
    }],
    inputs: ["u64"],
    outputs: ["dec"],
    traps: ["DecimalOverflow"],
    description: "Mantissa a * 10^scale, which must fit i64; scale above 18 always traps.",
  }],
  [0x78, {
    mnemonic: "bytes.eq",
    opcode: 0x78,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["bytes", "bytes"],
    outputs: ["bool"],
    traps: [],
    description: "Byte-wise equality.",
  }],
  [0x79, {
    mnemonic: "str.eq",
    opcode: 0x79,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["str", "str"],
    outputs: ["bool"],
    traps: [],
    description: "Byte-wise equality of the UTF-8 text, no normalisation.",
  }],
  [0x7a, {
    mnemonic: "bytes.concat",
    opcode: 0x7a,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["bytes", "bytes"],
    outputs: ["bytes"],
    traps: [],
    description: "a followed by b.",
  }],
  [0x7b, {
    mnemonic: "str.concat",
    opcode: 0x7b,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["str", "str"],
    outputs: ["str"],
    traps: [],
    description: "a followed by b.",
  }],
  [0x7c, {
    mnemonic: "bytes.get",
    opcode: 0x7c,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "bytes",
      kind: "reg",
      access: "r",
    }, { name: "index", kind: "reg", access: "r" }],
    inputs: ["bytes", "u64"],
    outputs: ["u64"],
    traps: ["IndexOutOfBounds"],
    description: "Byte at a register index, widened to 0..255.",
  }],
  [0x7d, {
    mnemonic: "bytes.get_imm",
    opcode: 0x7d,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "bytes",
      kind: "reg",
      access: "r",
    }, { name: "index", kind: "uleb32", access: null }],
    inputs: ["bytes"],
    outputs: ["u64"],
    traps: ["IndexOutOfBounds"],
    description: "Byte at an immediate index, widened to 0..255.",
  }],
  [0x7e, {
    mnemonic: "bytes.slice",
    opcode: 0x7e,
    terminator: false,
    operands: [
      { name: "dst", kind: "reg", access: "w" },
      { name: "bytes", kind: "reg", access: "r" },
      { name: "start", kind: "reg", access: "r" },
      { name: "end", kind: "reg", access: "r" },
    ],
    inputs: ["bytes", "u64", "u64"],
    outputs: ["bytes"],
    traps: ["IndexOutOfBounds"],
    description: "Half-open range; start may not pass end, end may not pass the length.",
  }],
  [0x7f, {
    mnemonic: "str.slice",
    opcode: 0x7f,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "s", kind: "reg", access: "r" }, {
      name: "start",
      kind: "reg",
      access: "r",
    }, { name: "end", kind: "reg", access: "r" }],
    inputs: ["str", "u64", "u64"],
    outputs: ["str"],
    traps: ["IndexOutOfBounds", "StrNotCharBoundary"],
    description: "Half-open byte range; the range is tested before the character boundaries.",
  }],
  [0x80, {
    mnemonic: "str.to_bytes",
    opcode: 0x80,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "s", kind: "reg", access: "r" }],
    inputs: ["str"],
    outputs: ["bytes"],
    traps: [],
    description: "The UTF-8 bytes of the text.",
  }],
  [0x81, {
    mnemonic: "bytes.to_str",
    opcode: 0x81,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, {
      name: "bytes",
      kind: "reg",
      access: "r",
    }],
    inputs: ["bytes"],
    outputs: ["str"],
    traps: ["InvalidUtf8"],
    description: "Strict UTF-8 decoding; a byte-order mark is kept.",
  }],
  [0x82, {
    mnemonic: "f64.div",
    opcode: 0x82,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "IEEE double division; dividing by zero gives inf or NaN, never a trap.",
  }],
  [0x83, {
    mnemonic: "f64.eq",
    opcode: 0x83,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["bool"],
    traps: [],
    description: "IEEE equality; false with NaN; -0 equals +0.",
  }],
  [0x84, {
    mnemonic: "f64.lt",
    opcode: 0x84,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["bool"],
    traps: [],
    description: "IEEE less-than; false with NaN.",
  }],
  [0x85, {
    mnemonic: "f64.gt",
    opcode: 0x85,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["bool"],
    traps: [],
    description: "IEEE greater-than; false with NaN.",
  }],
  [0x86, {
    mnemonic: "f64.le",
    opcode: 0x86,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["bool"],
    traps: [],
    description: "IEEE less-or-equal; false with NaN.",
  }],
  [0x87, {
    mnemonic: "f64.ge",
    opcode: 0x87,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["bool"],
    traps: [],
    description: "IEEE greater-or-equal; false with NaN.",
  }],
  [0x88, {
    mnemonic: "bool.and",
    opcode: 0x88,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["bool", "bool"],
    outputs: ["bool"],
    traps: [],
    description: "Conjunction; both operands already evaluated.",
  }],
  [0x89, {
    mnemonic: "bool.or",
    opcode: 0x89,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["bool", "bool"],
    outputs: ["bool"],
    traps: [],
    description: "Disjunction.",
  }],
  [0x8a, {
    mnemonic: "bool.xor",
    opcode: 0x8a,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["bool", "bool"],
    outputs: ["bool"],
    traps: [],
    description: "Exclusive or.",
  }],
  [0x8b, {
    mnemonic: "f64.neg",
    opcode: 0x8b,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["f64"],
    outputs: ["f64"],
    traps: [],
    description: "Flips the sign bit, also on NaN and zero.",
  }],
  [0x8c, {
    mnemonic: "f64.abs",
    opcode: 0x8c,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["f64"],
    outputs: ["f64"],
    traps: [],
    description: "Clears the sign bit, also on NaN.",
  }],
  [0x8d, {
    mnemonic: "f64.min",
    opcode: 0x8d,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "Smaller operand; any NaN input gives the canonical NaN; -0 is below +0.",
  }],
  [0x8e, {
    mnemonic: "f64.max",
    opcode: 0x8e,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "Larger operand; any NaN input gives the canonical NaN; +0 is above -0.",
  }],
  [0x8f, {
    mnemonic: "f64.min_num",
    opcode: 0x8f,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "Like f64.min but a lone NaN input is ignored.",
  }],
  [0x90, {
    mnemonic: "f64.max_num",
    opcode: 0x90,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "Like f64.max but a lone NaN input is ignored.",
  }],
  [0x91, {
    mnemonic: "f64.rem",
    opcode: 0x91,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }, {
      name: "b",
      kind: "reg",
      access: "r",
    }],
    inputs: ["f64", "f64"],
    outputs: ["f64"],
    traps: [],
    description: "C fmod: truncated remainder carrying the sign of a.",
  }],
  [0x92, {
    mnemonic: "f64.to_bits",
    opcode: 0x92,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["f64"],
    outputs: ["u64"],
    traps: [],
    description: "Reinterprets a double as its 64 bits.",
  }],
  [0x93, {
    mnemonic: "f64.from_bits",
    opcode: 0x93,
    terminator: false,
    operands: [{ name: "dst", kind: "reg", access: "w" }, { name: "a", kind: "reg", access: "r" }],
    inputs: ["u64"],
    outputs: ["f64"],
    traps: [],
    description: "Reinterprets 64 bits as a double.",
  }],
]);

/** Numbers that `OPERAND_KINDS` uses; a written register has 16 added. */
export const OperandCode = {
  reg: 1,
  regs: 2,
  uleb32: 3,
  uleb64: 4,
  sleb64: 5,
  u64le: 6,
  u8: 7,
  bool8: 8,
  written: 16,
} as const;

/** Slots of `OPERAND_KINDS` for each opcode. */
export const OPERAND_SLOTS = 7;

/** Operand numbers (`OperandCode`) of opcode `op` from `op * OPERAND_SLOTS` on, ended by 0. */
// deno-fmt-ignore
export const OPERAND_KINDS: Uint8Array = new Uint8Array([
  0,0,0,0,0,0,0,17,1,0,0,0,0,0,3,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  17,0,0,0,0,0,0,17,8,0,0,0,0,0,17,5,0,0,0,0,0,17,4,0,0,0,0,0,17,6,0,0,0,0,0,17,5,7,0,0,0,0,17,3,0,0,0,0,0,17,1,1,0,0,0,0,
  17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,
  17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,
  17,1,0,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,
  17,1,1,1,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  1,3,3,0,0,0,0,3,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  17,3,1,2,18,0,0,1,2,0,0,0,0,0,17,3,1,2,18,0,0,17,3,0,0,0,0,0,17,3,1,1,2,18,0,17,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  17,2,0,0,0,0,0,17,1,3,0,0,0,0,17,3,2,0,0,0,0,17,1,3,0,0,0,0,17,3,2,0,0,0,0,17,1,0,0,0,0,0,17,1,1,0,0,0,0,17,1,0,0,0,0,0,
  17,1,0,0,0,0,0,17,1,3,0,0,0,0,17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,
  17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,7,0,0,0,0,17,1,7,0,0,0,0,
  17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,3,0,0,0,0,17,1,1,1,0,0,0,17,1,1,1,0,0,0,
  17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,
  17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,0,0,0,0,0,17,1,0,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,1,0,0,0,0,
  17,1,1,0,0,0,0,17,1,1,0,0,0,0,17,1,0,0,0,0,0,17,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
]);

/** 1 for each byte that is an opcode. */
// deno-fmt-ignore
export const IS_OPCODE: Uint8Array = new Uint8Array([
  1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,1,0,0,0,
  1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0,0,
  1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0,
  1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,
  1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
  0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,
]);
