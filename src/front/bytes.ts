/**
 * Lowering of byte strings and texts that allocates nothing. Their word holds the offset in its low
 * and the length in its high half (`heap/layout.ts`), so lengths and range checks read no memory.
 *
 * @module
 */
import { NativeSymbol } from "../ir/context.ts";
import { Cond, Op, Region, Type } from "../ir/opcodes.ts";
import type { Lowering } from "./lowering.ts";
import { TrapNumber } from "./traps.ts";

/** Length of the byte string or text `word`, as i64. */
export function lengthOf(l: Lowering, word: number): number {
  return l.builder.binary(Op.ushr, word, l.builder.i64Halves(32, 0));
}

/** Offset of the byte string or text `word`, as i64. */
export function offsetOf(l: Lowering, word: number): number {
  return l.builder.unary(Op.extend_u, l.builder.unary(Op.wrap, word, Type.I32), Type.I64);
}

/** The word of `length` bytes at `offset`, both i64 below 2^32. */
export function makeWord(l: Lowering, offset: number, length: number): number {
  const { builder } = l;
  const high = builder.binary(Op.ishl, length, builder.i64Halves(32, 0));
  return builder.binary(Op.ior, high, offset);
}

/** `bytes.len` and `str.len`. */
export function length(l: Lowering, o: number): void {
  l.def(l.operands[o], lengthOf(l, l.use(l.operands[o + 1])));
}

/** `bytes.get`. */
export function getByte(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const word = l.use(operands[o + 1]), index = l.use(operands[o + 2]);
  l.trapIf(builder.icmp(Cond.uge, index, lengthOf(l, word)), TrapNumber.IndexOutOfBounds);
  const address = builder.binary(
    Op.iadd,
    builder.unary(Op.wrap, word, Type.I32),
    builder.unary(Op.wrap, index, Type.I32),
  );
  l.def(operands[o], builder.load(Op.hload8u, Type.I64, address, 0, Region.bytes));
}

/** `bytes.get_imm`. */
export function getByteAt(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const word = l.use(operands[o + 1]), index = operands[o + 2];
  const at = builder.i64Halves(index, 0);
  l.trapIf(builder.icmp(Cond.ule, lengthOf(l, word), at), TrapNumber.IndexOutOfBounds);
  let address = builder.unary(Op.wrap, word, Type.I32), displacement = index;
  if (index < 0) { // 2^31 or more: displacements are signed
    address = builder.binary(Op.iadd, address, builder.i32(index));
    displacement = 0;
  }
  l.def(operands[o], builder.load(Op.hload8u, Type.I64, address, displacement, Region.bytes));
}

/** `bytes.slice` and, with the boundary check, `str.slice`. */
export function slice(l: Lowering, o: number, text: boolean): void {
  const { operands, builder } = l;
  const word = l.use(operands[o + 1]), start = l.use(operands[o + 2]);
  const end = l.use(operands[o + 3]), length = lengthOf(l, word);
  l.trapIf(
    builder.binary(
      Op.ior,
      builder.icmp(Cond.ugt, start, end),
      builder.icmp(Cond.ugt, end, length),
    ),
    TrapNumber.IndexOutOfBounds,
  );
  const offset = offsetOf(l, word), from = builder.binary(Op.iadd, offset, start);
  if (text) {
    const inside = builder.binary(
      Op.ior,
      isContinuation(l, from, builder.icmp(Cond.ult, start, length)),
      isContinuation(
        l,
        builder.binary(Op.iadd, offset, end),
        builder.icmp(Cond.ult, end, length),
      ),
    );
    l.trapIf(inside, TrapNumber.StrNotCharBoundary);
  }
  l.def(operands[o], makeWord(l, from, builder.binary(Op.isub, end, start)));
}

/**
 * Whether the byte at `address` continues a UTF-8 character; false unless `exists`. Without a branch:
 * offset 0 belongs to nobody and holds 0.
 */
function isContinuation(l: Lowering, address: number, exists: number): number {
  const { builder } = l;
  const at = builder.select(exists, builder.unary(Op.wrap, address, Type.I32), builder.i32(0));
  const byte = builder.load(Op.hload8u, Type.I32, at, 0, Region.bytes);
  const kind = builder.binary(Op.iand, byte, builder.i32(0xc0));
  return builder.icmp(Cond.eq, kind, builder.i32(0x80));
}

/** `bytes.eq` and `str.eq`: lengths first; `memcmp` of nothing finds no difference. */
export function equal(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const a = l.use(operands[o + 1]), b = l.use(operands[o + 2]);
  const length = lengthOf(l, a);
  const sameLength = builder.icmp(Cond.eq, length, lengthOf(l, b));
  const base = builder.emit(Op.heap_base, Type.I64);
  const args = [
    builder.binary(Op.iadd, base, offsetOf(l, a)),
    builder.binary(Op.iadd, base, offsetOf(l, b)),
    builder.select(sameLength, length, builder.i64Halves(0, 0)),
  ];
  const order = builder.callNative(NativeSymbol.memcmp, args, [Type.I32]) + 1;
  const sameBytes = builder.icmp(Cond.eq, order, builder.i32(0));
  l.def(operands[o], builder.binary(Op.iand, sameLength, sameBytes));
}
