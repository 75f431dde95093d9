/**
 * Operands of every instruction as the builder takes them: the table's order without the effect
 * registers. Generated from opcodes.ts by scripts/generate_operand_types.ts; do not edit.
 *
 * @module
 */
import type { Constant } from "./program.ts";

/** A register number. */
export type Reg = number;

/** A function: its id, or anything that has one, such as a `FunctionBuilder`. */
export type FuncRef = number | { readonly id: number };

/** A place in a function's code, made by `FunctionBuilder.label`. */
export interface Label {
  /** The name stored with the program, if the label has one. */
  readonly name: string | undefined;
  /** The function the label belongs to. */
  readonly func: number;
}

/** Where a branch goes: a label, or a byte offset. */
export type Target = Label | number;

/** Operands by mnemonic. */
export interface OperandTypes {
  /** Does nothing. */
  "nop": [];
  /** Copies any value; the aggregate shape known to the verifier travels with it. */
  "mov": [dst: Reg, src: Reg];
  /** Stops the run with the given 32-bit code; ends the block. */
  "trap": [code: number];
  /** Writes the unit value. */
  "const.unit": [dst: Reg];
  /** Writes a boolean; any non-zero immediate byte means true, encoders write 0 or 1. */
  "const.bool": [dst: Reg, imm: boolean];
  /** Writes a signed 64-bit literal. */
  "const.i64": [dst: Reg, imm: number | bigint];
  /** Writes an unsigned 64-bit literal. */
  "const.u64": [dst: Reg, imm: number | bigint];
  /** Writes a double given as its raw 64 bits; NaN payloads are kept. */
  "const.f64": [dst: Reg, value: number | bigint];
  /** Writes a decimal literal from mantissa and scale. */
  "const.decimal": [dst: Reg, mantissa: number | bigint, scale: number];
  /** Loads pool entry idx; T is the type of that entry. */
  "const.pool": [dst: Reg, idx: number | Constant];
  /** Adds mantissas of equal-scale decimals. */
  "dec.add": [dst: Reg, a: Reg, b: Reg];
  /** Subtracts mantissas of equal-scale decimals. */
  "dec.sub": [dst: Reg, a: Reg, b: Reg];
  /** Multiplies mantissas and adds scales; neither may overflow. */
  "dec.mul": [dst: Reg, a: Reg, b: Reg];
  /** IEEE double addition. */
  "f64.add": [dst: Reg, a: Reg, b: Reg];
  /** IEEE double subtraction. */
  "f64.sub": [dst: Reg, a: Reg, b: Reg];
  /** IEEE double multiplication. */
  "f64.mul": [dst: Reg, a: Reg, b: Reg];
  /** Addition modulo 2^64. */
  "i64.add": [dst: Reg, a: Reg, b: Reg];
  /** Subtraction modulo 2^64. */
  "i64.sub": [dst: Reg, a: Reg, b: Reg];
  /** Multiplication modulo 2^64. */
  "i64.mul": [dst: Reg, a: Reg, b: Reg];
  /** Addition modulo 2^64. */
  "u64.add": [dst: Reg, a: Reg, b: Reg];
  /** Subtraction modulo 2^64. */
  "u64.sub": [dst: Reg, a: Reg, b: Reg];
  /** Multiplication modulo 2^64. */
  "u64.mul": [dst: Reg, a: Reg, b: Reg];
  /** Bitwise and. */
  "u64.and": [dst: Reg, a: Reg, b: Reg];
  /** Bitwise or. */
  "u64.or": [dst: Reg, a: Reg, b: Reg];
  /** Equality. */
  "i64.eq": [dst: Reg, a: Reg, b: Reg];
  /** Signed less-than. */
  "i64.lt": [dst: Reg, a: Reg, b: Reg];
  /** Equality. */
  "u64.eq": [dst: Reg, a: Reg, b: Reg];
  /** Unsigned less-than. */
  "u64.lt": [dst: Reg, a: Reg, b: Reg];
  /** Bitwise exclusive or. */
  "u64.xor": [dst: Reg, a: Reg, b: Reg];
  /** Left shift by the low six bits of b. */
  "u64.shl": [dst: Reg, a: Reg, b: Reg];
  /** Zero-filling right shift by the low six bits of b. */
  "u64.shr": [dst: Reg, a: Reg, b: Reg];
  /** Unsigned greater-than. */
  "u64.gt": [dst: Reg, a: Reg, b: Reg];
  /** Negation. */
  "bool.not": [dst: Reg, a: Reg];
  /** Unsigned less-or-equal. */
  "u64.le": [dst: Reg, a: Reg, b: Reg];
  /** Unsigned greater-or-equal. */
  "u64.ge": [dst: Reg, a: Reg, b: Reg];
  /** Bitwise and. */
  "i64.and": [dst: Reg, a: Reg, b: Reg];
  /** Value-preserving cast; input of 2^63 or more traps. */
  "u64.to_i64": [dst: Reg, a: Reg];
  /** Value-preserving cast; negative input traps. */
  "i64.to_u64": [dst: Reg, a: Reg];
  /** Bitwise or. */
  "i64.or": [dst: Reg, a: Reg, b: Reg];
  /** Bitwise exclusive or. */
  "i64.xor": [dst: Reg, a: Reg, b: Reg];
  /** Picks a when cond is true, else b; the destination keeps its earlier verifier shape. */
  "select": [dst: Reg, cond: Reg, a: Reg, b: Reg];
  /** Signed greater-than. */
  "i64.gt": [dst: Reg, a: Reg, b: Reg];
  /** Signed less-or-equal. */
  "i64.le": [dst: Reg, a: Reg, b: Reg];
  /** Signed greater-or-equal. */
  "i64.ge": [dst: Reg, a: Reg, b: Reg];
  /** Left shift by the low six bits of b. */
  "i64.shl": [dst: Reg, a: Reg, b: Reg];
  /** Arithmetic right shift by the low six bits of b. */
  "i64.shr": [dst: Reg, a: Reg, b: Reg];
  /** Two-way branch to byte offsets in the same function; ends the block. */
  "br": [cond: Reg, pcTrue: Target, pcFalse: Target];
  /** Jump to a byte offset in the same function; ends the block. */
  "jmp": [pcTarget: Target];
  /** Calls function func_id with copied arguments; results land in rets when it returns. */
  "call": [funcId: FuncRef, args: readonly Reg[], rets: readonly Reg[]];
  /** Leaves the function with the listed values; ends the block; InvalidPc only if the caller repeats a result register with clashing types. */
  "ret": [rets: readonly Reg[]];
  /** Calls the embedder through host signature host_sig; returned values are type-checked. */
  "host_call": [hostSig: number, args: readonly Reg[], rets: readonly Reg[]];
  /** Writes a reference to program function func_id. */
  "const.func": [dst: Reg, funcId: FuncRef];
  /** Calls the function or closure in callee after comparing its signature with call_sig; a closure gets its environment as first argument. */
  "call.indirect": [callSig: number, callee: Reg, args: readonly Reg[], rets: readonly Reg[]];
  /** Pairs a function reference with an environment aggregate. */
  "closure.new": [dst: Reg, func: Reg, env: Reg];
  /** Allocates a tuple of the listed values. */
  "tuple.new": [dst: Reg, values: readonly Reg[]];
  /** Reads tuple element index; T comes from the shape the verifier knows. */
  "tuple.get": [dst: Reg, tuple: Reg, index: number];
  /** Allocates a struct of type_id with one value per field. */
  "struct.new": [dst: Reg, typeId: number, values: readonly Reg[]];
  /** Reads struct field field_index; T is the declared field type. */
  "struct.get": [dst: Reg, st: Reg, fieldIndex: number];
  /** Allocates an array whose values all have element type elem_type_id. */
  "array.new": [dst: Reg, elemTypeId: number, values: readonly Reg[]];
  /** Number of array elements. */
  "array.len": [dst: Reg, arr: Reg];
  /** Reads the array element at a register index; T is the element type. */
  "array.get": [dst: Reg, arr: Reg, index: Reg];
  /** Number of tuple elements. */
  "tuple.len": [dst: Reg, tuple: Reg];
  /** Number of struct fields. */
  "struct.field_count": [dst: Reg, st: Reg];
  /** Reads the array element at an immediate index; bounds are only checked at run time. */
  "array.get_imm": [dst: Reg, arr: Reg, index: number];
  /** Length in bytes. */
  "bytes.len": [dst: Reg, bytes: Reg];
  /** Length in UTF-8 bytes. */
  "str.len": [dst: Reg, s: Reg];
  /** Quotient truncated toward zero; zero divisor is tested first, then min / -1. */
  "i64.div": [dst: Reg, a: Reg, b: Reg];
  /** Remainder with the sign of a; min % -1 traps too. */
  "i64.rem": [dst: Reg, a: Reg, b: Reg];
  /** Unsigned quotient. */
  "u64.div": [dst: Reg, a: Reg, b: Reg];
  /** Unsigned remainder. */
  "u64.rem": [dst: Reg, a: Reg, b: Reg];
  /** Nearest double, ties to even. */
  "i64.to_f64": [dst: Reg, a: Reg];
  /** Nearest double, ties to even. */
  "u64.to_f64": [dst: Reg, a: Reg];
  /** Truncates toward zero; accepts -2^63 to 2^63 inclusive (2^63 gives i64 max). */
  "f64.to_i64": [dst: Reg, a: Reg];
  /** Truncates toward zero; accepts -0 and 0 to 2^64 inclusive (2^64 gives u64 max). */
  "f64.to_u64": [dst: Reg, a: Reg];
  /** Mantissa of a scale-0 decimal. */
  "dec.to_i64": [dst: Reg, a: Reg];
  /** Mantissa of a scale-0, non-negative decimal; scale is tested first. */
  "dec.to_u64": [dst: Reg, a: Reg];
  /** Mantissa a * 10^scale with that scale; scale above 18 always traps. */
  "i64.to_dec": [dst: Reg, a: Reg, scale: number];
  /** Mantissa a * 10^scale, which must fit i64; scale above 18 always traps. */
  "u64.to_dec": [dst: Reg, a: Reg, scale: number];
  /** Byte-wise equality. */
  "bytes.eq": [dst: Reg, a: Reg, b: Reg];
  /** Byte-wise equality of the UTF-8 text, no normalisation. */
  "str.eq": [dst: Reg, a: Reg, b: Reg];
  /** a followed by b. */
  "bytes.concat": [dst: Reg, a: Reg, b: Reg];
  /** a followed by b. */
  "str.concat": [dst: Reg, a: Reg, b: Reg];
  /** Byte at a register index, widened to 0..255. */
  "bytes.get": [dst: Reg, bytes: Reg, index: Reg];
  /** Byte at an immediate index, widened to 0..255. */
  "bytes.get_imm": [dst: Reg, bytes: Reg, index: number];
  /** Half-open range; start may not pass end, end may not pass the length. */
  "bytes.slice": [dst: Reg, bytes: Reg, start: Reg, end: Reg];
  /** Half-open byte range; the range is tested before the character boundaries. */
  "str.slice": [dst: Reg, s: Reg, start: Reg, end: Reg];
  /** The UTF-8 bytes of the text. */
  "str.to_bytes": [dst: Reg, s: Reg];
  /** Strict UTF-8 decoding; a byte-order mark is kept. */
  "bytes.to_str": [dst: Reg, bytes: Reg];
  /** IEEE double division; dividing by zero gives inf or NaN, never a trap. */
  "f64.div": [dst: Reg, a: Reg, b: Reg];
  /** IEEE equality; false with NaN; -0 equals +0. */
  "f64.eq": [dst: Reg, a: Reg, b: Reg];
  /** IEEE less-than; false with NaN. */
  "f64.lt": [dst: Reg, a: Reg, b: Reg];
  /** IEEE greater-than; false with NaN. */
  "f64.gt": [dst: Reg, a: Reg, b: Reg];
  /** IEEE less-or-equal; false with NaN. */
  "f64.le": [dst: Reg, a: Reg, b: Reg];
  /** IEEE greater-or-equal; false with NaN. */
  "f64.ge": [dst: Reg, a: Reg, b: Reg];
  /** Conjunction; both operands already evaluated. */
  "bool.and": [dst: Reg, a: Reg, b: Reg];
  /** Disjunction. */
  "bool.or": [dst: Reg, a: Reg, b: Reg];
  /** Exclusive or. */
  "bool.xor": [dst: Reg, a: Reg, b: Reg];
  /** Flips the sign bit, also on NaN and zero. */
  "f64.neg": [dst: Reg, a: Reg];
  /** Clears the sign bit, also on NaN. */
  "f64.abs": [dst: Reg, a: Reg];
  /** Smaller operand; any NaN input gives the canonical NaN; -0 is below +0. */
  "f64.min": [dst: Reg, a: Reg, b: Reg];
  /** Larger operand; any NaN input gives the canonical NaN; +0 is above -0. */
  "f64.max": [dst: Reg, a: Reg, b: Reg];
  /** Like f64.min but a lone NaN input is ignored. */
  "f64.min_num": [dst: Reg, a: Reg, b: Reg];
  /** Like f64.max but a lone NaN input is ignored. */
  "f64.max_num": [dst: Reg, a: Reg, b: Reg];
  /** C fmod: truncated remainder carrying the sign of a. */
  "f64.rem": [dst: Reg, a: Reg, b: Reg];
  /** Reinterprets a double as its 64 bits. */
  "f64.to_bits": [dst: Reg, a: Reg];
  /** Reinterprets 64 bits as a double. */
  "f64.from_bits": [dst: Reg, a: Reg];
}

/** The name of an instruction. */
export type Mnemonic = keyof OperandTypes;
