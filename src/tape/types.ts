/**
 * Value types, signatures and their hash (specification §3.1, §4). Types are plain strings, the
 * spelling of every message and listing; `typeClass` gives the number for tables.
 *
 * @module
 */

/**
 * A register or signature type: one of eleven names, or `obj(ID)` with the host type id in decimal.
 * `agg` covers tuples, structs and arrays alike. Two types are equal when the strings are.
 */
export type ValueType =
  | "unit"
  | "bool"
  | "i64"
  | "u64"
  | "f64"
  | "dec"
  | "bytes"
  | "str"
  | "agg"
  | "func"
  | "closure"
  | `obj(${bigint})`;

/** Register classes in tag order (specification §3.1, §5.1): the type's tag byte is the index. */
export const CLASS_NAMES = [
  "unit",
  "bool",
  "i64",
  "u64",
  "f64",
  "dec",
  "bytes",
  "str",
  "obj",
  "agg",
  "func",
  "closure",
] as const;

/** Tag bytes by class name. Hot switches repeat the literals. */
export const TypeClass = {
  Unit: 0,
  Bool: 1,
  I64: 2,
  U64: 3,
  F64: 4,
  Dec: 5,
  Bytes: 6,
  Str: 7,
  Obj: 8,
  Agg: 9,
  Func: 10,
  Closure: 11,
} as const;

const CLASS_OF = new Map<string, number>(CLASS_NAMES.map((name, tag) => [name, tag]));

/** The tag byte of `type`; every `obj(ID)` gives 8. */
export function typeClass(type: ValueType): number {
  return CLASS_OF.get(type) ?? TypeClass.Obj;
}

/** The host type id of an `obj(ID)` type. */
export function objTypeId(type: ValueType): bigint {
  return BigInt(type.slice(4, -1));
}

/** The type of a host object whose type id is `id` (0 to 2^64 - 1). */
export function objType(id: bigint): ValueType {
  return `obj(${id})`;
}

/** Whether `text` spells a value type; `obj` ids must be canonical decimals below 2^64. */
export function isValueType(text: string): text is ValueType {
  if (CLASS_OF.has(text)) return text !== "obj";
  const id = /^obj\((0|[1-9][0-9]{0,19})\)$/.exec(text)?.[1];
  return id !== undefined && BigInt(id) < 1n << 64n;
}

/** Argument and result types of a function, host function or indirect call. */
export interface Signature {
  /** Types of the arguments in order. */
  readonly args: readonly ValueType[];
  /** Types of the results in order. */
  readonly results: readonly ValueType[];
}

const HASH_PREFIX = new TextEncoder().encode("execution_tape:v1\0");

/**
 * The 64-bit FNV-1a hash that identifies a signature beside a host symbol (specification §4).
 *
 * @example
 * ```ts
 * import { signatureHash } from "@burin/burin";
 *
 * console.log(signatureHash({ args: ["i64"], results: ["i64"] }).toString(16)); // 49048bcfa89ce5f5
 * ```
 */
export function signatureHash(signature: Signature): bigint {
  let hash = 0xcbf29ce484222325n;
  const add = (byte: number) => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  };
  for (const byte of HASH_PREFIX) add(byte);
  for (const types of [signature.args, signature.results]) {
    for (let shift = 0; shift < 32; shift += 8) add((types.length >>> shift) & 0xff);
    for (const type of types) {
      const tag = typeClass(type);
      add(tag);
      if (tag !== TypeClass.Obj) continue;
      let id = objTypeId(type);
      for (let k = 0; k < 8; k++, id >>= 8n) add(Number(id & 0xffn));
    }
  }
  return hash;
}

/** `(a, b) -> (c)` in the text syntax of signatures. */
export function formatSignature(signature: Signature): string {
  return `(${signature.args.join(", ")}) -> (${signature.results.join(", ")})`;
}
