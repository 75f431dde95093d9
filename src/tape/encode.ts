/**
 * `Program` to container bytes, exactly as the reference encoder writes them (specification §2.6):
 * section order, shortest LEB128, one blob and one span table a function, field names numbered by
 * first use, names sorted. What is returned always decodes; a program built by hand that breaks the
 * container's rules is refused with the place and the value.
 *
 * @module
 */
import { ByteWriter } from "../util/bytes.ts";
import type { AggShape, Constant, Program, StructType, TapeFunction } from "./program.ts";
import { isValueType, objTypeId, type Signature, typeClass, type ValueType } from "./types.ts";

const HEADER = Uint8Array.of(0x45, 0x58, 0x54, 0x41, 0x50, 0x45, 0, 0, 0, 0, 1, 0);

/**
 * Encodes a program. Decoding the result gives the program again, with names in sorted order;
 * encoding a decoded file normalises it and is the identity on what this function returned.
 *
 * @param program A program from `decodeProgram`, a builder, or written by hand.
 * @throws {RangeError} When a number, a reference or a list's length does not fit the format.
 * @throws {TypeError} When a type or constant is of no known kind or a text has lone surrogates.
 *
 * @example
 * ```ts
 * import { decodeProgram, encodeProgram } from "@burin/burin";
 *
 * const empty = Uint8Array.fromHex(
 *   "4558544150450000" + "00000100" + "01020100" + "020100" + "0303000000" + "050100" + "060100" +
 *     "040100" + "070100" + "080100",
 * );
 * console.log(encodeProgram(decodeProgram(empty)).toHex() === empty.toHex()); // true
 * ```
 */
export function encodeProgram(program: Program): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(1024);
  const payload = new ByteWriter(1024);
  const section = (tag: number, write: (w: ByteWriter, program: Program) => void): void => {
    payload.clear();
    write(payload, program);
    out.u8(tag);
    out.sizedBytes(payload.view());
  };
  out.bytes(HEADER);
  section(1, writeSymbols);
  section(2, writeConstants);
  section(3, writeTypes);
  section(5, writeBlobs);
  section(6, writeSpanTables);
  section(4, writeFunctionTable);
  section(7, writeFunctionSigs);
  section(8, writeHostSigs);
  if (program.callSigs.length > 0) section(10, writeCallSigs);
  if (program.argShapes.length > 0) section(11, writeArgShapes);
  const { name, functionNames, labelNames } = program;
  if (name !== 0 || functionNames.length > 0 || labelNames.length > 0) section(9, writeNames);
  return out.toBytes();
}

function writeSymbols(w: ByteWriter, { symbols }: Program): void {
  if (symbols[0] !== "") {
    const got = symbols.length === 0 ? "no symbols" : JSON.stringify(symbols[0]);
    throw new RangeError(`symbol 0 must be the empty string: got ${got}`);
  }
  w.uleb(symbols.length);
  symbols.forEach((symbol, i) => writeText(w, symbol, `symbol ${i}`));
}

function writeConstants(w: ByteWriter, { constants }: Program): void {
  w.uleb(constants.length);
  constants.forEach((constant, i) => writeConstant(w, constant, `constant ${i}`));
}

function writeConstant(w: ByteWriter, constant: Constant, where: string): void {
  switch (constant.type) {
    case "unit":
      w.u8(0);
      return;
    case "bool":
      w.u8(1);
      w.u8(constant.value ? 1 : 0);
      return;
    case "i64":
      w.u8(2);
      w.sleb64(i64(constant.value, where));
      return;
    case "u64":
      w.u8(3);
      w.uleb64(u64(constant.value, where));
      return;
    case "f64":
      w.u8(4);
      w.u64le(u64(constant.bits, `the bits of ${where}`));
      return;
    case "dec":
      w.u8(5);
      w.sleb64(i64(constant.mantissa, `the mantissa of ${where}`));
      w.u8(below(constant.scale, 256, `the scale of ${where}`));
      return;
    case "bytes":
      w.u8(6);
      w.sizedBytes(constant.value);
      return;
    case "str":
      w.u8(7);
      writeText(w, constant.value, where);
      return;
    default:
      throw new TypeError(
        `${where} is of no constant type: got ${JSON.stringify((constant as Constant).type)}`,
      );
  }
}

function writeTypes(w: ByteWriter, { structs, arrayElems }: Program): void {
  const names = new Map<string, number>();
  for (const { fields } of structs) {
    for (const { name } of fields) if (!names.has(name)) names.set(name, names.size);
  }
  w.uleb(names.size);
  for (const name of names.keys()) writeText(w, name, `field name ${JSON.stringify(name)}`);
  w.uleb(structs.length);
  structs.forEach(({ fields }: StructType, i) => {
    w.uleb(fields.length);
    fields.forEach(({ name, type }, k) => {
      w.uleb(names.get(name)!);
      writeType(w, type, () => `field ${k} of struct ${i}`);
    });
  });
  w.uleb(arrayElems.length);
  arrayElems.forEach((type, i) => writeType(w, type, () => `array element type ${i}`));
}

function writeBlobs(w: ByteWriter, { functions }: Program): void {
  w.uleb(functions.length);
  for (const { code } of functions) w.sizedBytes(code);
}

function writeSpanTables(w: ByteWriter, { functions }: Program): void {
  w.uleb(functions.length);
  functions.forEach(({ spans }, i) => {
    if (spans.length % 2 !== 0) {
      throw new RangeError(`spans of function ${i} must come in pairs: got ${spans.length} words`);
    }
    w.uleb(spans.length / 2);
    for (let at = 0; at < spans.length; at += 2) {
      if (spans[at + 1] === 0n) {
        throw new RangeError(`span id ${at / 2} of function ${i} must not be 0`);
      }
      w.uleb64(spans[at]);
      w.uleb64(spans[at + 1]);
    }
  });
}

function writeFunctionTable(w: ByteWriter, { functions }: Program): void {
  w.uleb(functions.length);
  functions.forEach(({ argCount, resultCount, regCount }, i) => {
    w.uleb(below(argCount, 2 ** 32, `argCount of function ${i}`));
    w.uleb(below(resultCount, 2 ** 32, `resultCount of function ${i}`));
    w.uleb(below(regCount, 2 ** 32, `regCount of function ${i}`));
    // Blob and span table: each function has its own, also where the source shared them.
    w.uleb(i);
    w.uleb(i);
  });
}

function writeFunctionSigs(w: ByteWriter, { functions, symbols }: Program): void {
  w.uleb(functions.length);
  functions.forEach((func: TapeFunction, i) => {
    writeTypeList(w, func.args, () => `argument type of function ${i}`);
    writeValueNames(
      w,
      func.argNames,
      func.args.length,
      symbols.length,
      `argument of function ${i}`,
    );
    writeTypeList(w, func.results, () => `result type of function ${i}`);
    const { resultNames, results } = func;
    writeValueNames(w, resultNames, results.length, symbols.length, `result of function ${i}`);
  });
}

/** An empty list is written as no list, and a list of zeros as a list (specification §2.6). */
function writeValueNames(
  w: ByteWriter,
  names: readonly number[] | null,
  count: number,
  symbolCount: number,
  what: string,
): void {
  if (names === null || names.length === 0) {
    w.u8(0);
    return;
  }
  if (names.length !== count) {
    throw new RangeError(`there must be a name for each ${what}, ${count}: got ${names.length}`);
  }
  w.u8(1);
  for (const name of names) w.uleb(below(name, symbolCount, `the symbol that names an ${what}`));
}

function writeHostSigs(w: ByteWriter, { hostSigs }: Program): void {
  w.uleb(hostSigs.length);
  hostSigs.forEach((sig, i) => {
    // The verifier, not the container, wants the symbol to exist.
    w.uleb(nonZeroBelow(sig.symbol, 2 ** 32, `the symbol of host signature ${i}`));
    w.u64le(u64(sig.hash, `the hash of host signature ${i}`));
    writeSignature(w, sig, `host signature ${i}`);
  });
}

function writeCallSigs(w: ByteWriter, { callSigs }: Program): void {
  w.uleb(callSigs.length);
  callSigs.forEach((sig, i) => writeSignature(w, sig, `call signature ${i}`));
}

function writeSignature(w: ByteWriter, { args, results }: Signature, where: string): void {
  writeTypeList(w, args, () => `argument type of ${where}`);
  writeTypeList(w, results, () => `result type of ${where}`);
}

function writeArgShapes(w: ByteWriter, { argShapes, functions }: Program): void {
  w.uleb(argShapes.length);
  argShapes.forEach(({ func, arg, shape }, i) => {
    w.uleb(below(func, functions.length, `the function of shape ${i}`));
    w.uleb(below(arg, functions[func].argCount, `the argument of shape ${i}`));
    writeShape(w, shape, `shape ${i}`);
  });
}

function writeShape(w: ByteWriter, shape: AggShape, where: string): void {
  switch (shape.kind) {
    case "tuple":
      w.u8(1);
      w.uleb(shape.elements.length);
      for (const type of shape.elements) {
        w.u8(type === null ? 0 : 1);
        if (type !== null) writeType(w, type, () => `element type of ${where}`);
      }
      return;
    case "struct":
      w.u8(2);
      w.uleb(below(shape.typeId, 2 ** 32, `the struct type of ${where}`));
      return;
    case "array":
      w.u8(3);
      w.uleb(below(shape.elemTypeId, 2 ** 32, `the element type of ${where}`));
      return;
    default:
      throw new TypeError(
        `${where} is of no known kind: got ${JSON.stringify((shape as AggShape).kind)}`,
      );
  }
}

function writeNames(w: ByteWriter, program: Program): void {
  const { symbols, functions } = program;
  const symbol = (id: number, what: string): number => nonZeroBelow(id, symbols.length, what);
  w.u8(program.name === 0 ? 0 : 1);
  if (program.name !== 0) w.uleb(symbol(program.name, "the symbol of the program's name"));
  const functionNames = program.functionNames.toSorted((a, b) =>
    a.func - b.func || a.symbol - b.symbol
  );
  w.uleb(functionNames.length);
  for (const name of functionNames) {
    w.uleb(below(name.func, functions.length, "the function of a function name"));
    w.uleb(symbol(name.symbol, `the symbol that names function ${name.func}`));
  }
  const labelNames = program.labelNames.toSorted((a, b) =>
    a.func - b.func || a.pc - b.pc || a.symbol - b.symbol
  );
  w.uleb(labelNames.length);
  for (const { func, pc, symbol: id } of labelNames) {
    w.uleb(below(func, functions.length, "the function of a label"));
    w.uleb(below(pc, functions[func].code.length + 1, `the pc of a label in function ${func}`));
    w.uleb(symbol(id, `the symbol of the label at pc ${pc} of function ${func}`));
  }
}

function writeTypeList(w: ByteWriter, types: readonly ValueType[], what: () => string): void {
  w.uleb(types.length);
  for (const type of types) writeType(w, type, what);
}

function writeType(w: ByteWriter, type: ValueType, what: () => string): void {
  const tag = typeClass(type);
  if (tag === 8) {
    if (!isValueType(type)) throw new TypeError(`${what()} is no value type: got ${String(type)}`);
    w.u8(8);
    w.u64le(objTypeId(type));
  } else w.u8(tag);
}

function writeText(w: ByteWriter, text: string, what: string): void {
  if (!text.isWellFormed()) {
    throw new TypeError(`${what} has a lone surrogate, which UTF-8 cannot hold`);
  }
  w.sizedText(text);
}

function below(value: number, limit: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value >= limit) {
    throw new RangeError(`${what} must be an integer from 0 to ${limit - 1}: got ${value}`);
  }
  return value;
}

function nonZeroBelow(value: number, limit: number, what: string): number {
  if (value === 0) throw new RangeError(`${what} must not be 0`);
  return below(value, limit, what);
}

function i64(value: bigint, what: string): bigint {
  if (BigInt.asIntN(64, value) !== value) {
    throw new RangeError(`${what} must fit a signed 64-bit integer: got ${value}`);
  }
  return value;
}

function u64(value: bigint, what: string): bigint {
  if (BigInt.asUintN(64, value) !== value) {
    throw new RangeError(`${what} must fit an unsigned 64-bit integer: got ${value}`);
  }
  return value;
}
