/**
 * How guest types become IR types, and so how the words of a call are handed over.
 *
 * | class | IR values |
 * |---|---|
 * | unit | none |
 * | bool | i32, 0 or 1 |
 * | i64, u64 | i64 |
 * | f64 | f64 |
 * | dec | i64 mantissa, i64 scale |
 * | bytes, str | i64: offset and length |
 * | obj, agg | i64: offset |
 * | func | i32: function id, which is what an indirect call takes |
 * | closure | i64: function id and offset of the environment |
 *
 * Every IR value is one register word of `heap/layout.ts`, in the same order, so parameter (or
 * result) `k` of an IR function is word `k` of its arguments (or results) written one after another
 * as `heap/values.ts` does. Of the word of an i32 only the low half counts.
 *
 * @module
 */
import { Type } from "../ir/opcodes.ts";
import { type Signature, typeClass, type ValueType } from "../tape/types.ts";

/** IR type of the words of each type class; how many there are is `WORDS_OF_CLASS`. */
export const IR_TYPE_OF_CLASS: Uint8Array = Uint8Array.of(
  Type.VOID, // unit
  Type.I32, // bool
  Type.I64, // i64
  Type.I64, // u64
  Type.F64, // f64
  Type.I64, // dec
  Type.I64, // bytes
  Type.I64, // str
  Type.I64, // obj
  Type.I64, // agg
  Type.I32, // func
  Type.I64, // closure
);

/** IR types of the words of a call, in order. */
export interface IrSignature {
  /** Parameter types. */
  readonly params: readonly number[];
  /** Result types. */
  readonly results: readonly number[];
}

/** IR types of values of these guest types, one after another. */
export function irTypes(types: readonly ValueType[]): number[] {
  const list: number[] = [];
  for (let k = 0; k < types.length; k++) {
    const cls = typeClass(types[k]);
    if (cls === 0) continue; // unit
    list.push(IR_TYPE_OF_CLASS[cls]);
    if (cls === 5) list.push(Type.I64); // dec
  }
  return list;
}

/** The IR signature of a guest signature. */
export function irSignature(signature: Signature): IrSignature {
  return { params: irTypes(signature.args), results: irTypes(signature.results) };
}
