/**
 * Container bytes to `Program` (specification §2). The input is copied once, so a program never
 * shares memory with its caller. Work and memory stay proportional to the input, whatever counts it
 * claims: every entry of every list takes at least a byte, and lists grow as their entries are read.
 *
 * Sections are parsed in the order they lie in the file and the first fault is reported; what ties
 * sections together is checked when all of them have been read.
 *
 * @module
 */
import type {
  AggShape,
  ArgShape,
  Constant,
  FunctionName,
  HostSignature,
  LabelName,
  Program,
  StructField,
  StructType,
  TapeFunction,
} from "./program.ts";
import { ByteReader, DecodeError, SECTION_NAMES } from "./reader.ts";
import { CLASS_NAMES, objType, type Signature, type ValueType } from "./types.ts";

export { DecodeError, type DecodeErrorData, type DecodeErrorKind } from "./reader.ts";

const MAGIC = [0x45, 0x58, 0x54, 0x41, 0x50, 0x45, 0x00, 0x00];

/** Required sections in the order in which a missing one is looked for (specification §2.2). */
const REQUIRED = [1, 2, 3, 7, 4, 5, 6, 8];

interface TableEntry {
  readonly argCount: number;
  readonly resultCount: number;
  readonly regCount: number;
  readonly blob: number;
  readonly spanTable: number;
}

interface NamedSignature extends Signature {
  readonly argNames: readonly number[] | null;
  readonly resultNames: readonly number[] | null;
}

/** What the sections held; optional ones start out empty. */
interface Sections {
  symbols: string[];
  constants: Constant[];
  structs: StructType[];
  arrayElems: ValueType[];
  table: TableEntry[];
  blobs: Uint8Array[];
  spanTables: BigUint64Array[];
  functionSigs: NamedSignature[];
  hostSigs: HostSignature[];
  callSigs: Signature[];
  argShapes: ArgShape[];
  name: number;
  functionNames: FunctionName[];
  labelNames: LabelName[];
  /** Start of each known section's payload by tag, -1 for those not seen. */
  starts: number[];
}

/**
 * Decodes a container. The result is plain data that nothing has checked beyond the container's own
 * rules; `verify` comes next.
 *
 * @param bytes The file's bytes; they are copied.
 * @throws {DecodeError} When the bytes are not a container that the format accepts.
 *
 * @example
 * ```ts
 * import { decodeProgram } from "@burin/burin";
 *
 * const hex = "4558544150450000" + "00000100" + "01020100" + "020100" + "0303000000" +
 *   "05050103510000" + "06020100" + "0406010000010000" + "07050100000000" + "080100";
 * console.log(decodeProgram(Uint8Array.fromHex(hex)).functions.length); // 1
 * ```
 */
export function decodeProgram(bytes: Uint8Array): Program {
  // Not `slice`: a Node `Buffer` overrides it with one that shares memory.
  const reader = new ByteReader(new Uint8Array(bytes));
  readHeader(reader);
  const sections = readSections(reader);
  for (const tag of REQUIRED) {
    if (sections.starts[tag] >= 0) continue;
    throw new DecodeError(
      { kind: "MissingSection", tag },
      null,
      reader.pos,
      `the required section ${tag} (${SECTION_NAMES[tag]}) is missing`,
    );
  }
  return link(reader, sections);
}

function readHeader(reader: ByteReader): void {
  for (let i = 0; i < MAGIC.length && reader.bytes.length >= MAGIC.length; i++) {
    if (reader.bytes[i] === MAGIC[i]) continue;
    const got = reader.bytes.subarray(0, MAGIC.length).toHex();
    reader.fail("BadMagic", 0, `a program starts with 4558544150450000: got ${got}`);
  }
  reader.u64le("the magic number");
  const major = reader.u16le("the major version");
  const minor = reader.u16le("the minor version");
  if (major !== 0 || minor !== 1) {
    throw new DecodeError(
      { kind: "UnsupportedVersion", major, minor },
      null,
      8,
      `only format version 0.1 can be read: got ${major}.${minor}`,
    );
  }
}

function readSections(reader: ByteReader): Sections {
  const sections: Sections = {
    symbols: [],
    constants: [],
    structs: [],
    arrayElems: [],
    table: [],
    blobs: [],
    spanTables: [],
    functionSigs: [],
    hostSigs: [],
    callSigs: [],
    argShapes: [],
    name: 0,
    functionNames: [],
    labelNames: [],
    starts: SECTION_NAMES.map(() => -1),
  };
  while (reader.pos < reader.end) {
    const at = reader.pos;
    const tag = reader.u8("a section tag");
    const length = reader.sized("a section length");
    if (tag === 0 || tag >= SECTION_NAMES.length) continue;
    const start = reader.pos - length;
    if (sections.starts[tag] >= 0) {
      reader.section = tag;
      const first = sections.starts[tag];
      reader.fail("DuplicateSection", at, `the section was already read at byte ${first}`);
    }
    sections.starts[tag] = start;
    reader.enter(tag, start, length);
    readSection(reader, tag, sections);
    reader.leave();
  }
  return sections;
}

function readSection(reader: ByteReader, tag: number, sections: Sections): void {
  switch (tag) {
    case 1:
      sections.symbols = readSymbols(reader);
      break;
    case 2:
      sections.constants = readList(reader, "the number of constants", readConstant);
      break;
    case 3:
      readTypes(reader, sections);
      break;
    case 4:
      sections.table = readList(reader, "the number of functions", readTableEntry);
      break;
    case 5:
      sections.blobs = readList(reader, "the number of blobs", readBlob);
      break;
    case 6:
      sections.spanTables = readList(reader, "the number of span tables", readSpanTable);
      break;
    case 7:
      sections.functionSigs = readList(reader, "the number of signatures", readNamedSignature);
      break;
    case 8:
      sections.hostSigs = readList(reader, "the number of host signatures", readHostSignature);
      break;
    case 9:
      readNames(reader, sections);
      expectEnd(reader);
      break;
    case 10:
      sections.callSigs = readList(reader, "the number of call signatures", readSignature);
      break;
    case 11:
      sections.argShapes = readList(reader, "the number of shapes", readArgShape);
      expectEnd(reader);
      break;
  }
}

/** Only sections 9 and 11 mind trailing bytes (specification §2.2). */
function expectEnd(reader: ByteReader): void {
  if (reader.pos === reader.end) return;
  const left = reader.end - reader.pos;
  reader.fail("OutOfBounds", reader.pos, `nothing may follow the last entry: got ${left} bytes`);
}

function readList<T>(reader: ByteReader, what: string, read: (reader: ByteReader) => T): T[] {
  const list: T[] = [];
  for (let left = reader.count(what); left > 0; left--) list.push(read(reader));
  return list;
}

function readSymbols(reader: ByteReader): string[] {
  const start = reader.pos;
  const symbols = readList(reader, "the number of symbols", readSymbol);
  if (symbols.length === 0 || symbols[0] !== "") {
    const got = symbols.length === 0 ? "no symbols" : JSON.stringify(symbols[0]);
    reader.fail("OutOfBounds", start, `symbol 0 must be the empty string: got ${got}`);
  }
  return symbols;
}

function readSymbol(reader: ByteReader): string {
  return reader.sizedText("a symbol's length");
}

function readConstant(reader: ByteReader): Constant {
  const tag = reader.u8("a constant's tag");
  switch (tag) {
    case 0:
      return { type: "unit" };
    case 1:
      return { type: "bool", value: reader.u8("a bool constant") !== 0 };
    case 2:
      reader.sleb("an i64 constant");
      return { type: "i64", value: reader.signed() };
    case 3:
      reader.uleb("a u64 constant");
      return { type: "u64", value: reader.unsigned() };
    case 4:
      reader.u64le("an f64 constant");
      return { type: "f64", bits: reader.unsigned() };
    case 5: {
      reader.sleb("a decimal constant's mantissa");
      const mantissa = reader.signed();
      return { type: "dec", mantissa, scale: reader.u8("a decimal constant's scale") };
    }
    case 6:
      return { type: "bytes", value: reader.sizedBytes("a bytes constant's length") };
    case 7:
      return { type: "str", value: reader.sizedText("a str constant's length") };
    default:
      return reader.fail("OutOfBounds", reader.pos - 1, `no constant has the tag ${tag}`);
  }
}

function readType(reader: ByteReader): ValueType {
  const tag = reader.u8("a value type");
  if (tag >= CLASS_NAMES.length) {
    reader.fail("OutOfBounds", reader.pos - 1, `no value type has the tag ${tag}`);
  }
  const name = CLASS_NAMES[tag];
  if (name !== "obj") return name;
  reader.u64le("a host type id");
  return objType(reader.unsigned());
}

function readTypes(reader: ByteReader, sections: Sections): void {
  const names = readList(reader, "the number of field names", readFieldName);
  sections.structs = readList(reader, "the number of structs", readStruct);
  sections.arrayElems = readList(reader, "the number of array element types", readType);

  function readFieldName(reader: ByteReader): string {
    return reader.sizedText("a field name's length");
  }
  function readStruct(reader: ByteReader): StructType {
    return { fields: readList(reader, "the number of fields", readField) };
  }
  function readField(reader: ByteReader): StructField {
    const { pos } = reader;
    const id = reader.count("a field name id");
    if (id >= names.length) {
      const message =
        `a field name id must be below ${names.length}, the number of names: got ${id}`;
      reader.fail("OutOfBounds", pos, message);
    }
    return { name: names[id], type: readType(reader) };
  }
}

function readTableEntry(reader: ByteReader): TableEntry {
  return {
    argCount: reader.uleb32("an argument count"),
    resultCount: reader.uleb32("a result count"),
    regCount: reader.uleb32("a register count"),
    blob: reader.count("a bytecode index"),
    spanTable: reader.count("a span table index"),
  };
}

function readBlob(reader: ByteReader): Uint8Array {
  return reader.sizedBytes("a blob's length");
}

const NO_SPANS = new BigUint64Array(0);

function readSpanTable(reader: ByteReader): BigUint64Array {
  const entries = reader.count("the number of spans");
  if (entries === 0) return NO_SPANS;
  // An entry takes two bytes: what does not fit the payload is never stored, since the bytes run out
  // first.
  const spans = new BigUint64Array(
    2 * Math.min(entries, Math.floor((reader.end - reader.pos) / 2)),
  );
  const words = new Int32Array(spans.buffer);
  for (let at = 0, left = entries; left > 0; left--, at += 4) {
    reader.uleb("a pc delta");
    words[at] = reader.lo;
    words[at + 1] = reader.hi;
    const { pos } = reader;
    reader.uleb("a span id");
    if ((reader.lo | reader.hi) === 0) reader.fail("OutOfBounds", pos, "a span id must not be 0");
    words[at + 2] = reader.lo;
    words[at + 3] = reader.hi;
  }
  return spans;
}

function readArgTypes(reader: ByteReader): ValueType[] {
  return readList(reader, "the number of argument types", readType);
}

function readResultTypes(reader: ByteReader): ValueType[] {
  return readList(reader, "the number of result types", readType);
}

function readNamedSignature(reader: ByteReader): NamedSignature {
  const args = readArgTypes(reader);
  const argNames = readValueNames(reader, args.length);
  const results = readResultTypes(reader);
  return { args, argNames, results, resultNames: readValueNames(reader, results.length) };
}

/** A list for no values carries nothing and counts as none, as in the encoder. */
function readValueNames(reader: ByteReader, count: number): number[] | null {
  const flag = readFlag(reader, "the flag for names");
  if (!flag || count === 0) return null;
  const names: number[] = [];
  for (let i = 0; i < count; i++) names.push(reader.uleb32("a name"));
  return names;
}

function readFlag(reader: ByteReader, what: string): boolean {
  const flag = reader.u8(what);
  if (flag > 1) reader.fail("OutOfBounds", reader.pos - 1, `${what} must be 0 or 1: got ${flag}`);
  return flag === 1;
}

function readHostSignature(reader: ByteReader): HostSignature {
  const symbol = reader.uleb32nz("a host signature's symbol");
  reader.u64le("a host signature's hash");
  const hash = reader.unsigned();
  return { symbol, hash, args: readArgTypes(reader), results: readResultTypes(reader) };
}

function readSignature(reader: ByteReader): Signature {
  return { args: readArgTypes(reader), results: readResultTypes(reader) };
}

function readNames(reader: ByteReader, sections: Sections): void {
  if (readFlag(reader, "the flag for a program name")) {
    sections.name = reader.uleb32nz("the program name");
  }
  sections.functionNames = readList(reader, "the number of function names", (reader) => ({
    func: reader.uleb32("a named function"),
    symbol: reader.uleb32nz("a function name"),
  }));
  sections.labelNames = readList(reader, "the number of label names", (reader) => ({
    func: reader.uleb32("a label's function"),
    pc: reader.uleb32("a label's pc"),
    symbol: reader.uleb32nz("a label's name"),
  }));
}

function readArgShape(reader: ByteReader): ArgShape {
  return {
    func: reader.uleb32("a shape's function"),
    arg: reader.uleb32("a shape's argument"),
    shape: readShape(reader),
  };
}

function readShape(reader: ByteReader): AggShape {
  const tag = reader.u8("a shape's tag");
  switch (tag) {
    case 1:
      return { kind: "tuple", elements: readList(reader, "a tuple's length", readElement) };
    case 2:
      return { kind: "struct", typeId: reader.uleb32("a struct type id") };
    case 3:
      return { kind: "array", elemTypeId: reader.uleb32("an array element type id") };
    default:
      return reader.fail("OutOfBounds", reader.pos - 1, `no shape has the tag ${tag}`);
  }
}

function readElement(reader: ByteReader): ValueType | null {
  return readFlag(reader, "the flag of a tuple element") ? readType(reader) : null;
}

/** Ties the sections together (specification §2.4). */
function link(reader: ByteReader, sections: Sections): Program {
  const { table, functionSigs, blobs, spanTables, symbols, starts } = sections;
  const refuse = (tag: number, message: string): never => {
    reader.section = tag;
    return reader.fail("OutOfBounds", starts[tag], message);
  };
  const checkSymbol = (tag: number, id: number, what: string, index: number): void => {
    if (id < symbols.length) return;
    refuse(tag, `${what} ${index} is symbol ${id} of ${symbols.length}`);
  };
  const checkFunction = (tag: number, id: number, what: string, index: number): void => {
    if (id < functions.length) return;
    refuse(tag, `${what} ${index} is for function ${id} of ${functions.length}`);
  };

  checkPackedSizes(reader, sections);
  if (functionSigs.length !== table.length) {
    refuse(7, `there are ${functionSigs.length} signatures for ${table.length} functions`);
  }
  const functions: TapeFunction[] = table.map((entry, i) => {
    if (entry.blob >= blobs.length) {
      refuse(4, `function ${i} has blob ${entry.blob} of ${blobs.length}`);
    }
    if (entry.spanTable >= spanTables.length) {
      refuse(4, `function ${i} has span table ${entry.spanTable} of ${spanTables.length}`);
    }
    const { args, results, argNames, resultNames } = functionSigs[i];
    return {
      argCount: entry.argCount,
      resultCount: entry.resultCount,
      regCount: entry.regCount,
      code: blobs[entry.blob],
      spans: spanTables[entry.spanTable],
      args,
      results,
      argNames,
      resultNames,
    };
  });
  if (sections.name >= symbols.length) {
    refuse(9, `the program name is symbol ${sections.name} of ${symbols.length}`);
  }
  sections.functionNames.forEach(({ func, symbol }, i) => {
    checkFunction(9, func, "function name", i);
    checkSymbol(9, symbol, "function name", i);
  });
  sections.labelNames.forEach(({ func, pc, symbol }, i) => {
    checkFunction(9, func, "label", i);
    const { length } = functions[func].code;
    if (pc > length) {
      refuse(9, `label ${i} is at pc ${pc} of function ${func}, ${length} bytes long`);
    }
    checkSymbol(9, symbol, "label", i);
  });
  functionSigs.forEach(({ argNames, resultNames }, i) => {
    for (const names of [argNames, resultNames]) {
      if (names === null) continue;
      for (const id of names) checkSymbol(7, id, "a value name of function", i);
    }
  });
  sections.argShapes.forEach(({ func, arg }, i) => {
    checkFunction(11, func, "shape", i);
    const { argCount } = functions[func];
    if (arg >= argCount) {
      refuse(11, `shape ${i} is for argument ${arg} of function ${func}, which has ${argCount}`);
    }
  });
  return {
    symbols,
    constants: sections.constants,
    structs: sections.structs,
    arrayElems: sections.arrayElems,
    functions,
    hostSigs: sections.hostSigs,
    callSigs: sections.callSigs,
    argShapes: sections.argShapes,
    name: sections.name,
    functionNames: sections.functionNames,
    labelNames: sections.labelNames,
  };
}

/**
 * Refuses programs whose parts of one kind are together longer than 32 bits can say (specification
 * §2.4). Only an input of more than 4 GiB can have them.
 */
function checkPackedSizes(reader: ByteReader, sections: Sections): void {
  if (reader.bytes.length <= 0xffff_ffff) return;
  const { symbols, constants, blobs, functionSigs, hostSigs, callSigs } = sections;
  let constantBytes = 0;
  let constantText = 0;
  for (const constant of constants) {
    if (constant.type === "bytes") constantBytes += constant.value.length;
    else if (constant.type === "str") constantText += utf8Length(constant.value);
  }
  let types = 0;
  for (const { args, results } of [...functionSigs, ...hostSigs, ...callSigs]) {
    types += args.length + results.length;
  }
  const sizes: [tag: number, what: string, size: number][] = [
    [1, "symbol text", symbols.reduce((sum, text) => sum + utf8Length(text), 0)],
    [2, "bytes constants", constantBytes],
    [2, "str constants", constantText],
    [5, "bytecode", blobs.reduce((sum, blob) => sum + blob.length, 0)],
    [7, "signature types", types],
  ];
  for (const [tag, what, size] of sizes) {
    if (size <= 0xffff_ffff) continue;
    reader.section = tag;
    reader.fail(
      "OutOfBounds",
      sections.starts[tag],
      `the size of all ${what}, ${size}, exceeds 2^32`,
    );
  }
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
