/**
 * Lowering of what makes new byte strings and texts, or needs more than a few instructions to check
 * one.
 *
 * @module
 */
import { Context, NativeSymbol } from "../ir/context.ts";
import { Cond, Op, Region, Type } from "../ir/opcodes.ts";
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

  // Two ways, because extending needs little: not even the top, which is where the left side ends.
  const offsetA = offsetOf(l, a),
    top = heapTop(l),
    endA = builder.binary(Op.iadd, offsetA, lengthA);
  const extend = l.createNextBlock();
  const both = builder.createBlock();
  builder.brIf(builder.icmp(Cond.eq, endA, top), extend, both);
  builder.seal(extend);
  builder.switchTo(extend);
  setHeapTop(l, builder.binary(Op.iadd, endA, lengthB));
  copy(l, endA, offsetOf(l, b), lengthB);
  const added = builder.binary(Op.ishl, lengthB, builder.i64Halves(32, 0));
  builder.jump(done, [builder.binary(Op.iadd, a, added)]);

  builder.seal(both);
  l.placeNext(both);
  builder.switchTo(both);
  const length = builder.binary(Op.iadd, lengthA, lengthB);
  setHeapTop(l, builder.binary(Op.iadd, top, length));
  copy(l, top, offsetA, lengthA);
  copy(l, builder.binary(Op.iadd, top, lengthA), offsetOf(l, b), lengthB);
  builder.jump(done, [makeWord(l, top, length)]);

  builder.seal(done, from);
  l.placeNext(done);
  builder.switchTo(done);
  l.def(operands[o], result);
}

/**
 * Copies `length` bytes to `to`, the end of what is allocated or before it, from an offset below.
 * Up to 16 bytes go as whole words: what they read or write too much lies within the slack behind
 * the top (`heap/layout.ts`) or is written right after.
 */
function copy(l: Lowering, to: number, from: number, length: number): void {
  const { builder } = l, start = builder.current;
  const source = builder.unary(Op.wrap, from, Type.I32);
  const target = builder.unary(Op.wrap, to, Type.I32);
  const copyWord = (at: number) => {
    const word = builder.load(Op.hload64, Type.I64, source, at, Region.bytes);
    builder.store(Op.hstore64, target, word, at, Region.bytes);
  };
  const one = l.createNextBlock(), more = builder.createBlock();
  const two = builder.createBlock(), call = builder.createBlock(), done = builder.createBlock();
  builder.brIf(builder.icmp(Cond.ule, length, builder.i64Halves(8, 0)), one, more);
  builder.seal(one);
  builder.switchTo(one);
  copyWord(0);
  builder.jump(done);

  builder.seal(more);
  l.placeNext(more);
  builder.switchTo(more);
  builder.brIf(builder.icmp(Cond.ule, length, builder.i64Halves(16, 0)), two, call);
  builder.seal(two);
  l.placeNext(two);
  builder.switchTo(two);
  copyWord(0);
  copyWord(8);
  builder.jump(done);

  builder.seal(call);
  l.placeNext(call);
  builder.switchTo(call);
  const base = builder.emit(Op.heap_base, Type.I64);
  builder.callNative(NativeSymbol.memcpy, [
    builder.binary(Op.iadd, base, to),
    builder.binary(Op.iadd, base, from),
    length,
  ], []);
  builder.jump(done);

  builder.seal(done, start);
  l.placeNext(done);
  builder.switchTo(done);
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
