/**
 * Lowering of tuples, structs and arrays (specification §8.9; memory layout in `heap/layout.ts`).
 * What an aggregate made in this function holds is known: reading it back gives the values that went
 * in, without checks or loads, which is most reads, because shapes do not cross blocks.
 *
 * @module
 */
import {
  AGG_ELEMENTS,
  AGG_KIND,
  AGG_LENGTH,
  AggKind,
  aggregateSize,
  align8,
  DEC_CELL_BYTES,
  DEC_MANTISSA,
  DEC_SCALE,
} from "../heap/layout.ts";
import { Cond, Op, Region, Type } from "../ir/opcodes.ts";
import type { Lowering } from "./lowering.ts";
import { heapTop, setHeapTop } from "./memory.ts";
import { TrapNumber } from "./traps.ts";

/** An aggregate made in this function. */
export interface KnownAggregate {
  readonly kind: number;
  /** Class of each element. */
  readonly classes: Uint8Array;
  /** Values of element `k` from `values[first[k]]` on. */
  readonly first: Int32Array;
  readonly values: readonly number[];
}

/** `tuple.new`, `struct.new`, `array.new`: into register `dst`, elements listed at operand `list`. */
export function newAggregate(
  l: Lowering,
  dst: number,
  kind: number,
  typeId: number,
  list: number,
): void {
  const { operands, builder } = l;
  const n = operands[list], classes = new Uint8Array(n), first = new Int32Array(n);
  const values: number[] = [];
  let decimals = 0;
  for (let k = 0; k < n; k++) {
    const reg = operands[list + 1 + k];
    classes[k] = l.classes[reg];
    first[k] = values.length;
    l.pushWords(values, reg);
    if (classes[k] === 5) decimals++; // dec
  }
  l.observe();
  const start = builder.binary(
    Op.iand,
    builder.binary(Op.iadd, heapTop(l), builder.i64Halves(7, 0)),
    builder.i64Halves(-8, -1),
  );
  const size = builder.i64Halves(aggregateSize(n, decimals), 0);
  setHeapTop(l, builder.binary(Op.iadd, start, size));
  const address = builder.unary(Op.wrap, start, Type.I32);
  const store = (op: number, value: number, at: number) =>
    builder.store(op, address, value, at, Region.object);
  store(Op.hstore64, builder.i64Halves(kind, typeId), AGG_KIND);
  store(Op.hstore64, builder.i64Halves(n, 0), AGG_LENGTH);
  let cell = AGG_ELEMENTS + 8 * n + align8(n);
  for (let k = 0; k < n; k++) {
    const at = AGG_ELEMENTS + 8 * k, value = values[first[k]];
    switch (classes[k]) {
      case 0: // unit
        store(Op.hstore64, builder.i64Halves(0, 0), at);
        break;
      case 1: // bool
      case 10: // func
        store(Op.hstore64, builder.unary(Op.extend_u, value, Type.I64), at);
        break;
      case 4: // f64
        store(Op.hstoref64, value, at);
        break;
      case 5: // dec
        store(Op.hstore64, value, cell + DEC_MANTISSA);
        store(Op.hstore64, values[first[k] + 1], cell + DEC_SCALE);
        store(Op.hstore64, builder.binary(Op.iadd, start, builder.i64Halves(cell, 0)), at);
        cell += DEC_CELL_BYTES;
        break;
      default:
        store(Op.hstore64, value, at);
    }
  }
  for (let k = 0; k < n; k += 8) {
    let lo = 0, hi = 0;
    for (let i = 0; i < 4; i++) {
      lo |= (classes[k + i] ?? 0) << (8 * i);
      hi |= (classes[k + 4 + i] ?? 0) << (8 * i);
    }
    store(Op.hstore64, builder.i64Halves(lo, hi), AGG_ELEMENTS + 8 * n + k);
  }
  l.aggregates.set(start, { kind, classes, first, values });
  l.def(dst, start);
}

/** `tuple.get`, `struct.get`, `array.get_imm`: the index is an immediate. */
export function getElement(l: Lowering, o: number, kind: number): void {
  const { operands, builder } = l;
  const dst = operands[o], aggregate = l.use(operands[o + 1]), index = operands[o + 2] >>> 0;
  const cls = l.classes[dst], known = l.aggregates.get(aggregate);
  if (known?.kind === kind && known.classes[index] === cls) {
    for (let w = 0, at = known.first[index]; w < l.wordsOf(dst); w++) {
      l.defWord(dst, w, known.values[at + w]);
    }
    return;
  }
  const address = builder.unary(Op.wrap, aggregate, Type.I32);
  checkKind(l, address, kind);
  const length = loadLength(l, address);
  l.trapIf(builder.icmp(Cond.ule, length, builder.i32(index)), TrapNumber.OutOfBounds);
  if (index < 1 << 24) return loadElement(l, dst, address, length, address, index, index);
  const at = builder.i32(index);
  loadElement(l, dst, address, length, scaled(l, address, at), 0, 0, at);
}

/** `array.get`: the index is a register. */
export function getIndexed(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const aggregate = l.use(operands[o + 1]), index = l.use(operands[o + 2]);
  const address = builder.unary(Op.wrap, aggregate, Type.I32);
  checkKind(l, address, AggKind.Array);
  const length = loadLength(l, address);
  l.trapIf(
    builder.icmp(Cond.uge, index, builder.unary(Op.extend_u, length, Type.I64)),
    TrapNumber.OutOfBounds,
  );
  const at = builder.unary(Op.wrap, index, Type.I32);
  loadElement(l, operands[o], address, length, scaled(l, address, at), 0, 0, at);
}

/** `tuple.len`, `struct.field_count`, `array.len`. */
export function aggregateLength(l: Lowering, o: number, kind: number): void {
  const { operands, builder } = l;
  const aggregate = l.use(operands[o + 1]), known = l.aggregates.get(aggregate);
  if (known?.kind === kind) {
    return l.def(operands[o], builder.i64Halves(known.classes.length, 0));
  }
  const address = builder.unary(Op.wrap, aggregate, Type.I32);
  checkKind(l, address, kind);
  const length = loadLength(l, address);
  l.def(operands[o], builder.unary(Op.extend_u, length, Type.I64));
}

function checkKind(l: Lowering, address: number, kind: number): void {
  const { builder } = l;
  const actual = builder.load(Op.hload32, Type.I32, address, AGG_KIND, Region.object);
  l.trapIf(builder.icmp(Cond.ne, actual, builder.i32(kind)), TrapNumber.WrongKind);
}

function loadLength(l: Lowering, address: number): number {
  return l.builder.load(Op.hload32, Type.I32, address, AGG_LENGTH, Region.object);
}

/** `base + 8 * index`, all i32. */
function scaled(l: Lowering, base: number, index: number): number {
  const { builder } = l;
  return builder.binary(Op.iadd, base, builder.binary(Op.ishl, index, builder.i32(3)));
}

/**
 * Loads an element whose index is in bounds, after checking its class. Its word is that of number
 * `word` behind the header at `element`; its tag is number `tag`, plus `index` if given, behind the
 * elements of the aggregate at `address`.
 */
function loadElement(
  l: Lowering,
  dst: number,
  address: number,
  length: number,
  element: number,
  word: number,
  tag: number,
  index = -1,
): void {
  const { builder } = l;
  const cls = l.classes[dst];
  let tags = scaled(l, address, length);
  if (index >= 0) tags = builder.binary(Op.iadd, tags, index);
  const actual = builder.load(Op.hload8u, Type.I32, tags, AGG_ELEMENTS + tag, Region.object);
  l.trapIf(builder.icmp(Cond.ne, actual, builder.i32(cls)), TrapNumber.InvalidPc);
  const load = (op: number, type: number, from: number, at: number) =>
    builder.load(op, type, from, at, Region.object);
  const at = AGG_ELEMENTS + 8 * word;
  switch (cls) {
    case 0: // unit
      return;
    case 1: // bool
    case 10: // func
      return l.def(dst, load(Op.hload32, Type.I32, element, at));
    case 4: // f64
      return l.def(dst, load(Op.hloadf64, Type.F64, element, at));
    case 5: { // dec
      const cell = load(Op.hload32, Type.I32, element, at);
      const mantissa = load(Op.hload64, Type.I64, cell, DEC_MANTISSA);
      return l.defDec(dst, mantissa, load(Op.hload64, Type.I64, cell, DEC_SCALE));
    }
    default:
      return l.def(dst, load(Op.hload64, Type.I64, element, at));
  }
}
