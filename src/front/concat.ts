/**
 * Lowering of what makes new byte strings and texts, or needs more than a few instructions to check
 * one.
 *
 * @module
 */
import { Context, NativeSymbol } from "../ir/context.ts";
import { Cond, Op, Type } from "../ir/opcodes.ts";
import { lengthOf, makeWord, offsetOf } from "./bytes.ts";
import type { Lowering } from "./lowering.ts";
import { heapTop, setHeapTop } from "./memory.ts";
import { Request } from "./requests.ts";
import { TrapNumber } from "./traps.ts";

/**
 * `bytes.concat` and `str.concat`. Nothing is copied for an empty side; a left side that ends at the
 * heap's top is extended in place, so building a text piece by piece takes linear time.
 */
export function concat(l: Lowering, o: number): void {
  const { operands, builder } = l, from = builder.current;
  const a = l.use(operands[o + 1]), b = l.use(operands[o + 2]);
  const zero = builder.i64Halves(0, 0);
  const done = builder.createBlock(), result = builder.addBlockParam(done, Type.I64);
  l.observe();

  const lengthB = lengthOf(l, b), leftEmpty = l.createNextBlock();
  builder.brIf(builder.icmp(Cond.eq, lengthB, zero), done, leftEmpty, [a]);
  builder.seal(leftEmpty);
  builder.switchTo(leftEmpty);
  const lengthA = lengthOf(l, a), join = l.createNextBlock();
  builder.brIf(builder.icmp(Cond.eq, lengthA, zero), done, join, [b]);
  builder.seal(join);
  builder.switchTo(join);

  const offsetA = offsetOf(l, a), top = heapTop(l);
  const inPlace = builder.icmp(Cond.eq, builder.binary(Op.iadd, offsetA, lengthA), top);
  const start = builder.select(inPlace, offsetA, top);
  const length = builder.binary(Op.iadd, lengthA, lengthB);
  setHeapTop(l, builder.binary(Op.iadd, start, length));
  const base = builder.emit(Op.heap_base, Type.I64);
  const copyLeft = l.createNextBlock(), copyRight = l.createNextBlock();
  const split = builder.current;
  builder.brIf(inPlace, copyRight, copyLeft);
  builder.seal(copyLeft);
  builder.switchTo(copyLeft);
  copy(l, base, start, offsetA, lengthA);
  builder.jump(copyRight);
  builder.seal(copyRight, split);
  builder.switchTo(copyRight);
  copy(l, base, builder.binary(Op.iadd, start, lengthA), offsetOf(l, b), lengthB);
  builder.jump(done, [makeWord(l, start, length)]);

  builder.seal(done, from);
  l.placeNext(done);
  builder.switchTo(done);
  l.def(operands[o], result);
}

/** Copies `length` bytes between offsets of the heap; the ranges do not overlap. */
function copy(l: Lowering, base: number, to: number, from: number, length: number): void {
  const { builder } = l;
  builder.callNative(NativeSymbol.memcpy, [
    builder.binary(Op.iadd, base, to),
    builder.binary(Op.iadd, base, from),
    length,
  ], []);
}

/** `bytes.to_str`. */
export function bytesToText(l: Lowering, o: number): void {
  const { operands, builder, ir } = l;
  const word = l.use(operands[o + 1]);
  l.observe();
  builder.ctxStore(Context.scratch, word);
  builder.exit(Request.CheckUtf8, ir.addExitSite(l.pc));
  const valid = builder.unary(Op.wrap, builder.ctxLoad(Type.I64, Context.scratch), Type.I32);
  l.trapUnless(valid, TrapNumber.InvalidUtf8);
  l.def(operands[o], word);
}
