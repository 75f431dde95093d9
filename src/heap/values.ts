/**
 * Tagged values in and out of register words and linear memory. Relies on the layout; guarantees that
 * what is written and read back is the same value bit for bit, however deeply nested, and that an
 * aggregate reached twice is stored and returned once (so shared structure never explodes).
 *
 * @module
 */
import { typeClass } from "../tape/types.ts";
import { type AggValue, type Value, valueType } from "../tape/value.ts";
import { type Heap, MemoryLimitError } from "./heap.ts";
import {
  AGG_ELEMENTS,
  AGG_KIND,
  AGG_LENGTH,
  AGG_TYPE_ID,
  AggKind,
  aggregateSize,
  align8,
  DEC_CELL_BYTES,
  DEC_MANTISSA,
  DEC_SCALE,
  OBJ_CELL_BYTES,
  OBJ_HANDLE,
  OBJ_TYPE,
  WORDS_OF_CLASS,
} from "./layout.ts";
import { readText, writeText } from "./text.ts";
import type { Words } from "./words.ts";

/** The type class of `value`. */
export function valueClass(value: Value): number {
  return typeClass(valueType(value));
}

/** Where aggregates that were already stored lie, by identity. */
type Built = Map<AggValue, number>;

/**
 * What has been copied out of memory already. Values that share memory share their copy, and all
 * copies together are no larger than memory may be: a program that returns a text thousands of times,
 * or overlapping slices of it, does not get more bytes than it was given.
 */
interface Copies {
  /** By offset of the header. */
  readonly aggregates: Map<number, AggValue>;
  /** By word. */
  readonly bytes: Map<bigint, WordValue>;
  /** By word. */
  readonly texts: Map<bigint, WordValue>;
  /** Bytes that may still be copied. */
  left: number;
}

function noCopies(heap: Heap): Copies {
  return { aggregates: new Map(), bytes: new Map(), texts: new Map(), left: heap.end };
}

/** Allocates an object cell. @throws {MemoryLimitError} */
export function allocObject(heap: Heap, objType: bigint, handle: bigint): number {
  const at = heap.allocAligned(OBJ_CELL_BYTES);
  heap.u64[(at + OBJ_TYPE) / 8] = objType;
  heap.u64[(at + OBJ_HANDLE) / 8] = handle;
  return at;
}

/**
 * Writes `value` to the words from `at` on, allocating what it needs.
 *
 * @returns The number of words written: 0 for unit, 2 for a decimal, else 1.
 * @throws {MemoryLimitError} When the run's memory limit is passed.
 * @throws {TypeError} When an aggregate contains itself.
 */
export function writeValue(heap: Heap, words: Words, at: number, value: Value): number {
  switch (value.type) {
    case "unit":
      return 0;
    case "dec":
      words.i64[at] = value.mantissa;
      words.i64[at + 1] = BigInt(value.scale);
      return 2;
    case "tuple":
    case "struct":
    case "array":
      words.i64[at] = BigInt(buildAggregate(heap, value));
      return 1;
    case "closure":
      words.i32[2 * at] = value.func;
      words.i32[2 * at + 1] = buildAggregate(heap, value.env);
      return 1;
    default:
      writeWord(heap, words.i32, words.i64, at, value);
      return 1;
  }
}

type WordValue = Exclude<Value, AggValue | { type: "unit" | "dec" | "closure" }>;

function writeWord(
  heap: Heap,
  i32: Int32Array,
  i64: BigInt64Array,
  at: number,
  value: WordValue,
): void {
  switch (value.type) {
    case "bool":
      i64[at] = value.value ? 1n : 0n;
      return;
    case "i64":
    case "u64":
      i64[at] = value.value;
      return;
    case "f64":
      i64[at] = value.bits;
      return;
    case "func":
      i32[2 * at] = value.func;
      i32[2 * at + 1] = 0;
      return;
    case "obj":
      i64[at] = BigInt(allocObject(heap, value.objType, value.handle));
      return;
    case "bytes": {
      const offset = heap.allocBytes(value.value.length);
      heap.u8.set(value.value, offset);
      i32[2 * at] = offset;
      i32[2 * at + 1] = value.value.length;
      return;
    }
    case "str": {
      const offset = writeText(heap, value.value);
      i32[2 * at] = offset;
      i32[2 * at + 1] = heap.top - offset;
      return;
    }
  }
}

/** The aggregate that `value` needs stored before itself, if any. */
function inner(value: Value): AggValue | undefined {
  switch (value.type) {
    case "tuple":
    case "struct":
    case "array":
      return value;
    case "closure":
      return value.env;
  }
}

/**
 * Stores an aggregate with everything it holds, inner ones first.
 *
 * @returns The offset of its header.
 * @throws {MemoryLimitError} When the run's memory limit is passed.
 * @throws {TypeError} When an aggregate contains itself.
 */
export function buildAggregate(heap: Heap, root: AggValue): number {
  const built: Built = new Map([[root, -1]]);
  // An explicit stack: nesting is as deep as the caller likes.
  const stack: { value: AggValue; next: number }[] = [{ value: root, next: 0 }];
  for (;;) {
    const frame = stack[stack.length - 1];
    const { values } = frame.value;
    if (frame.next < values.length) {
      const child = inner(values[frame.next++]);
      if (child === undefined) continue;
      const known = built.get(child);
      if (known === -1) throw new TypeError("an aggregate may not contain itself");
      if (known !== undefined) continue;
      built.set(child, -1);
      stack.push({ value: child, next: 0 });
      continue;
    }
    const offset = storeAggregate(heap, frame.value, built);
    stack.pop();
    if (stack.length === 0) return offset;
    built.set(frame.value, offset);
  }
}

function storeAggregate(heap: Heap, aggregate: AggValue, built: Built): number {
  const { values } = aggregate;
  const length = values.length;
  let decimals = 0;
  for (const value of values) if (value.type === "dec") decimals++;
  const offset = heap.allocAligned(aggregateSize(length, decimals));
  const tags = offset + AGG_ELEMENTS + 8 * length;
  let cell = tags + align8(length);
  {
    const { u32, u8 } = heap;
    u32[(offset + AGG_KIND) / 4] = aggregate.type === "tuple"
      ? AggKind.Tuple
      : aggregate.type === "struct"
      ? AggKind.Struct
      : AggKind.Array;
    u32[(offset + AGG_TYPE_ID) / 4] = aggregate.type === "tuple"
      ? 0
      : aggregate.type === "struct"
      ? aggregate.typeId
      : aggregate.elemTypeId;
    u32[(offset + AGG_LENGTH) / 4] = length;
    u32[(offset + AGG_LENGTH) / 4 + 1] = 0;
    u8.fill(0, tags + length, cell);
    values.forEach((value, k) => u8[tags + k] = valueClass(value));
  }
  values.forEach((value, k) => {
    const word = (offset + AGG_ELEMENTS) / 8 + k;
    switch (value.type) {
      case "unit":
        heap.i64[word] = 0n;
        return;
      case "dec":
        heap.i64[(cell + DEC_MANTISSA) / 8] = value.mantissa;
        heap.i64[(cell + DEC_SCALE) / 8] = BigInt(value.scale);
        heap.i64[word] = BigInt(cell);
        cell += DEC_CELL_BYTES;
        return;
      case "tuple":
      case "struct":
      case "array":
        heap.i64[word] = BigInt(built.get(value)!);
        return;
      case "closure":
        heap.u32[2 * word] = value.func;
        heap.u32[2 * word + 1] = built.get(value.env)!;
        return;
      default: {
        // Allocating what the element needs may replace the views: the word is written after it.
        scratch32[0] = scratch32[1] = 0;
        writeWord(heap, scratch32, scratch64, 0, value);
        heap.i64[word] = scratch64[0];
      }
    }
  });
  return offset;
}

const scratch64 = new BigInt64Array(1);
const scratch32 = new Int32Array(scratch64.buffer);

/**
 * The values of type classes `classes` in the words from `at` on, with everything they hold.
 *
 * @throws {MemoryLimitError} When their bytes and texts would take more room than memory may.
 */
export function readResults(
  heap: Heap,
  words: Words,
  at: number,
  classes: ArrayLike<number>,
): Value[] {
  const values: Value[] = [];
  let copies: Copies | undefined;
  for (let k = 0; k < classes.length; k++) {
    const cls = classes[k];
    if (cls === 2) values.push({ type: "i64", value: words.i64[at] });
    else {
      if (cls >= 6) copies ??= noCopies(heap);
      values.push(readValue(heap, words, at, cls, copies));
    }
    at += WORDS_OF_CLASS[cls];
  }
  return values;
}

/** The value of type class `cls` in the words from `at` on. */
function readValue(
  heap: Heap,
  words: Words,
  at: number,
  cls: number,
  copies: Copies | undefined,
): Value {
  switch (cls) {
    case 0: // unit
      return { type: "unit" };
    case 5: // dec
      return { type: "dec", mantissa: words.i64[at], scale: words.i32[2 * at + 2] };
    case 9: // agg
      return readAggregate(heap, words.i32[2 * at] >>> 0, copies);
    case 11: // closure
      return {
        type: "closure",
        func: words.i32[2 * at] >>> 0,
        env: readAggregate(heap, words.i32[2 * at + 1] >>> 0, copies),
      };
    default:
      return readWord(heap, words.i64[at], cls, copies);
  }
}

/** The value of one word; `cls` is neither unit, dec, agg nor closure. */
export function readWord(heap: Heap, word: bigint, cls: number, copies?: Copies): WordValue {
  scratch64[0] = word;
  const low = scratch32[0] >>> 0;
  const high = scratch32[1] >>> 0;
  switch (cls) {
    case 1:
      return { type: "bool", value: low !== 0 };
    case 2:
      return { type: "i64", value: word };
    case 3:
      return { type: "u64", value: BigInt.asUintN(64, word) };
    case 4:
      return { type: "f64", bits: BigInt.asUintN(64, word) };
    case 6:
    case 7: {
      const known = copies === undefined ? undefined : cls === 6 ? copies.bytes : copies.texts;
      const copy = known?.get(word);
      if (copy !== undefined) return copy;
      if (copies !== undefined && (copies.left -= high) < 0) throw new MemoryLimitError(heap.end);
      const value: WordValue = cls === 6
        ? { type: "bytes", value: heap.u8.slice(low, low + high) }
        : { type: "str", value: high === 0 ? "" : readText(heap.u8, low, high) };
      known?.set(word, value);
      return value;
    }
    case 8:
      return {
        type: "obj",
        objType: heap.u64[(low + OBJ_TYPE) / 8],
        handle: heap.u64[(low + OBJ_HANDLE) / 8],
      };
    case 10:
      return { type: "func", func: low };
    default:
      throw new Error(`internal: class ${cls} is not one plain word`);
  }
}

/** Reads the aggregate whose header is at `offset`, with everything it holds. */
export function readAggregate(
  heap: Heap,
  offset: number,
  copies: Copies = noCopies(heap),
): AggValue {
  const seen = copies.aggregates;
  // Inner aggregates always lie below outer ones, so this ends; the stack holds unread headers.
  const stack = [offset];
  for (;;) {
    const at = stack[stack.length - 1];
    const { u32, u8 } = heap;
    const length = u32[(at + AGG_LENGTH) / 4];
    const elements = (at + AGG_ELEMENTS) / 4;
    const tags = at + AGG_ELEMENTS + 8 * length;
    const pending = stack.length;
    if (!seen.has(at)) {
      for (let k = 0; k < length; k++) {
        const cls = u8[tags + k];
        if (cls !== 9 && cls !== 11) continue;
        const child = u32[elements + 2 * k + (cls === 9 ? 0 : 1)];
        if (!seen.has(child)) stack.push(child);
      }
    }
    if (stack.length > pending) continue;
    stack.pop();
    if (!seen.has(at)) seen.set(at, assemble(heap, at, copies));
    if (stack.length === 0) return seen.get(offset)!;
  }
}

function assemble(heap: Heap, at: number, copies: Copies): AggValue {
  const seen = copies.aggregates;
  const { u32, i64, u8 } = heap;
  const length = u32[(at + AGG_LENGTH) / 4];
  const first = (at + AGG_ELEMENTS) / 8;
  const tags = at + AGG_ELEMENTS + 8 * length;
  const values: Value[] = [];
  for (let k = 0; k < length; k++) {
    const cls = u8[tags + k];
    const word = first + k;
    switch (cls) {
      case 0:
        values.push({ type: "unit" });
        break;
      case 5: {
        const cell = u32[2 * word];
        values.push({
          type: "dec",
          mantissa: i64[(cell + DEC_MANTISSA) / 8],
          scale: u32[(cell + DEC_SCALE) / 4],
        });
        break;
      }
      case 9:
        values.push(seen.get(u32[2 * word])!);
        break;
      case 11:
        values.push({ type: "closure", func: u32[2 * word], env: seen.get(u32[2 * word + 1])! });
        break;
      default:
        values.push(readWord(heap, i64[word], cls, copies));
    }
  }
  const typeId = u32[(at + AGG_TYPE_ID) / 4];
  switch (u32[(at + AGG_KIND) / 4]) {
    case 0:
      return { type: "tuple", values };
    case 1:
      return { type: "struct", typeId, values };
    default:
      return { type: "array", elemTypeId: typeId, values };
  }
}
