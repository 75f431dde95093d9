/**
 * Property-test generators of `Program` values that the container can hold: every rule of the decoder
 * holds, nothing of the verifier's does. Names come sorted, since the encoder sorts them.
 *
 * @module
 */
import fc from "fast-check";
import type {
  AggShape,
  Constant,
  LabelName,
  Program,
  StructType,
  TapeFunction,
} from "../../src/tape/program.ts";
import { CLASS_NAMES, objType, type Signature, type ValueType } from "../../src/tape/types.ts";

const U64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const I64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const U32 = fc.nat({ max: 0xffff_ffff });
const plainTypes: ValueType[] = CLASS_NAMES.filter((name) => name !== "obj");

/** `fc.record` with ordinary objects, as the decoder makes them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** Any well-formed text, with a taste for the characters that decoders get wrong. */
const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("", "\0", "\ufeff", "\ufeffa", "é", "\u{10ffff}", "\ud7ff\ue000", "x".repeat(70)),
);

/** Any value type. */
export const valueType: fc.Arbitrary<ValueType> = fc.oneof(
  fc.constantFrom(...plainTypes),
  U64.map(objType),
);

/** Any constant. */
export const constant: fc.Arbitrary<Constant> = fc.oneof<fc.Arbitrary<Constant>[]>(
  fc.constant({ type: "unit" }),
  fc.boolean().map((value) => ({ type: "bool", value })),
  I64.map((value) => ({ type: "i64", value })),
  U64.map((value) => ({ type: "u64", value })),
  U64.map((bits) => ({ type: "f64", bits })),
  fc.tuple(I64, fc.nat({ max: 255 })).map(([mantissa, scale]) => ({
    type: "dec",
    mantissa,
    scale,
  })),
  fc.uint8Array({ maxLength: 20 }).map((value) => ({ type: "bytes", value })),
  text.map((value) => ({ type: "str", value })),
);

const types = fc.array(valueType, { maxLength: 4 });

const signature: fc.Arbitrary<Signature> = record({ args: types, results: types });

const struct: fc.Arbitrary<StructType> = record({
  fields: fc.array(record({ name: text, type: valueType }), { maxLength: 4 }),
});

const shape: fc.Arbitrary<AggShape> = fc.oneof<fc.Arbitrary<AggShape>[]>(
  fc.array(fc.option(valueType), { maxLength: 4 })
    .map((elements) => ({ kind: "tuple", elements })),
  U32.map((typeId) => ({ kind: "struct", typeId })),
  U32.map((elemTypeId) => ({ kind: "array", elemTypeId })),
);

function namesFor(count: number, symbols: number): fc.Arbitrary<number[] | null> {
  if (count === 0) return fc.constant(null);
  const name = fc.nat({ max: symbols - 1 });
  return fc.option(fc.array(name, { minLength: count, maxLength: count }));
}

function tapeFunction(symbols: number): fc.Arbitrary<TapeFunction> {
  return signature.chain(({ args, results }) =>
    record({
      args: fc.constant(args),
      results: fc.constant(results),
      argCount: fc.oneof(fc.constant(args.length), U32),
      resultCount: fc.oneof(fc.constant(results.length), U32),
      regCount: fc.oneof(fc.nat({ max: 300 }), U32),
      code: fc.uint8Array({ maxLength: 40 }),
      spans: fc.array(fc.tuple(U64, U64.filter((id) => id !== 0n)), { maxLength: 4 })
        .map((entries) => BigUint64Array.from(entries.flat())),
      argNames: namesFor(args.length, symbols),
      resultNames: namesFor(results.length, symbols),
    })
  );
}

/** Any program that the container can hold. */
export const program: fc.Arbitrary<Program> = fc.array(text, { maxLength: 5 })
  .map((symbols) => ["", ...symbols])
  .chain((symbols) =>
    fc.array(tapeFunction(symbols.length), { maxLength: 4 })
      .chain((functions) => programOf(symbols, functions))
  );

function programOf(
  symbols: readonly string[],
  functions: readonly TapeFunction[],
): fc.Arbitrary<Program> {
  const func = fc.nat({ max: Math.max(functions.length - 1, 0) });
  const symbol = fc.integer({ min: 1, max: Math.max(symbols.length - 1, 1) });
  const named = functions.length > 0 && symbols.length > 1 ? 4 : 0;
  const labelName: fc.Arbitrary<LabelName> = record({
    func,
    place: fc.nat({ max: 1 << 30 }),
    symbol,
  })
    .map(({ func, place, symbol }) => ({
      func,
      pc: place % (functions[func].code.length + 1),
      symbol,
    }));
  const shaped = functions.flatMap(({ argCount }, func) => argCount > 0 ? [func] : []);
  return record({
    symbols: fc.constant(symbols),
    constants: fc.array(constant, { maxLength: 8 }),
    structs: fc.array(struct, { maxLength: 3 }),
    arrayElems: types,
    functions: fc.constant(functions),
    hostSigs: fc.array(
      record({
        symbol: fc.integer({ min: 1, max: 0xffff_ffff }),
        hash: U64,
        args: types,
        results: types,
      }),
      { maxLength: 3 },
    ),
    callSigs: fc.array(signature, { maxLength: 3 }),
    argShapes: shaped.length === 0 ? fc.constant([]) : fc.array(
      record({ func: fc.constantFrom(...shaped), place: U32, shape }).map((
        { func, place, shape },
      ) => ({ func, arg: place % functions[func].argCount, shape })),
      { maxLength: 3 },
    ),
    name: fc.nat({ max: symbols.length - 1 }),
    functionNames: fc.array(record({ func, symbol }), { maxLength: named }).map((names) =>
      names.sort((a, b) => a.func - b.func || a.symbol - b.symbol)
    ),
    labelNames: fc.array(labelName, { maxLength: named }).map((names) =>
      names.sort((a, b) => a.func - b.func || a.pc - b.pc || a.symbol - b.symbol)
    ),
  });
}
