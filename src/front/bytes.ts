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

/**
 * `bytes.eq` and `str.eq`: lengths first. Up to 16 bytes are compared as words; what those read behind
 * the end lies within the slack behind the heap's top (`heap/layout.ts`), whatever the offset of
 * empty ones, and does not count.
 */
export function equal(l: Lowering, o: number): void {
  const { operands, builder } = l, start = builder.current;
  const a = l.use(operands[o + 1]), b = l.use(operands[o + 2]);
  const length = lengthOf(l, a);
  const same = l.createNextBlock(), done = builder.createBlock();
  const result = builder.addBlockParam(done, Type.I32);
  const no = builder.i32(0);
  builder.brIf(builder.icmp(Cond.eq, length, lengthOf(l, b)), same, done, [], [no]);
  builder.seal(same);
  builder.switchTo(same);
  const addressA = builder.unary(Op.wrap, a, Type.I32);
  const addressB = builder.unary(Op.wrap, b, Type.I32);
  /** The bits in which 8 bytes at these addresses differ. */
  const difference = (from: number, other: number) =>
    builder.binary(
      Op.ixor,
      builder.load(Op.hload64, Type.I64, from, 0, Region.bytes),
      builder.load(Op.hload64, Type.I64, other, 0, Region.bytes),
    );
  const isZero = (bits: number) => builder.icmp(Cond.eq, bits, builder.i64Halves(0, 0));
  const one = l.createNextBlock(), more = builder.createBlock();
  const two = builder.createBlock(), call = builder.createBlock();
  builder.brIf(builder.icmp(Cond.ule, length, builder.i64Halves(8, 0)), one, more);
  builder.seal(one);
  builder.switchTo(one);
  // The bytes that count are the low ones. Twice half of the 64 - 8 * length bits: 64 at once are 0.
  const half = builder.binary(
    Op.isub,
    builder.i64Halves(32, 0),
    builder.binary(Op.ishl, length, builder.i64Halves(2, 0)),
  );
  const counting = builder.binary(Op.ishl, difference(addressA, addressB), half);
  builder.jump(done, [isZero(builder.binary(Op.ishl, counting, half))]);

  builder.seal(more);
  l.placeNext(more);
  builder.switchTo(more);
  builder.brIf(builder.icmp(Cond.ule, length, builder.i64Halves(16, 0)), two, call);
  builder.seal(two);
  l.placeNext(two);
  builder.switchTo(two);
  // The first 8 and the last 8, which overlap.
  const first = difference(addressA, addressB);
  const rest = builder.unary(
    Op.wrap,
    builder.binary(Op.isub, length, builder.i64Halves(8, 0)),
    Type.I32,
  );
  const last = difference(
    builder.binary(Op.iadd, addressA, rest),
    builder.binary(Op.iadd, addressB, rest),
  );
  builder.jump(done, [isZero(builder.binary(Op.ior, first, last))]);

  builder.seal(call);
  l.placeNext(call);
  builder.switchTo(call);
  const base = builder.emit(Op.heap_base, Type.I64);
  const args = [
    builder.binary(Op.iadd, base, offsetOf(l, a)),
    builder.binary(Op.iadd, base, offsetOf(l, b)),
    length,
  ];
  const order = builder.callNative(NativeSymbol.memcmp, args, [Type.I32]) + 1;
  builder.jump(done, [builder.icmp(Cond.eq, order, builder.i32(0))]);

  builder.seal(done, start);
  l.placeNext(done);
  builder.switchTo(done);
  l.def(operands[o], result);
}
