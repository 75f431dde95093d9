import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DecodeError, decodeProgram } from "../../src/tape/decode.ts";
import type { Program } from "../../src/tape/program.ts";
import { corpusEntries, entryBytes } from "../harness/corpus.ts";
import { container, HEADER, hex, payloadStart, SMALLEST, variant } from "./container.ts";

interface Expected {
  kind: string;
  section?: number | null;
  offset?: number;
  message?: string;
}

function refuse(bytes: Uint8Array, expected: Expected): DecodeError {
  const error = assertThrows(() => decodeProgram(bytes), DecodeError, expected.message ?? "");
  assertEquals(error.kind, expected.kind, error.message);
  if (expected.section !== undefined) assertEquals(error.section, expected.section, error.message);
  if (expected.offset !== undefined) assertEquals(error.offset, expected.offset, error.message);
  return error;
}

/** Expects a refusal in section `tag` at `offset` bytes from the start of its payload. */
function refusePayload(tag: number, payload: string, kind: string, offset: number, message = "") {
  const bytes = variant({ [tag]: payload });
  const at = payloadStart(bytes, tag) + offset;
  refuse(bytes, { kind, section: tag, offset: at, message });
}

function accept(payloads: Record<number, string>): Program {
  return decodeProgram(variant(payloads));
}

Deno.test("the smallest program decodes", () => {
  const program = decodeProgram(variant({}));
  assertEquals(program.symbols, [""]);
  assertEquals(program.constants, []);
  assertEquals(program.structs, []);
  assertEquals(program.arrayElems, []);
  assertEquals(program.hostSigs, []);
  assertEquals(program.callSigs, []);
  assertEquals(program.argShapes, []);
  assertEquals(program.name, 0);
  assertEquals(program.functions, [{
    argCount: 0,
    resultCount: 0,
    regCount: 1,
    code: hex("510000"),
    spans: new BigUint64Array(0),
    args: [],
    results: [],
    argNames: null,
    resultNames: null,
  }]);
});

Deno.test("a program shares no memory with the input", () => {
  const bytes = variant({ 2: "01 06 02 aabb" });
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 3), 3);
  // A Buffer's own `slice` does not copy.
  for (const input of [bytes.slice(), Buffer.from(bytes), shared]) {
    input.set(bytes);
    const program = decodeProgram(input);
    input.fill(0xff);
    assertEquals(program.functions[0].code, hex("510000"));
    assertEquals(program.constants, [{ type: "bytes", value: hex("aabb") }]);
  }
});

Deno.test("header: magic", () => {
  for (let length = 0; length < 8; length++) {
    refuse(hex(HEADER).subarray(0, length), { kind: "UnexpectedEof", section: null, offset: 0 });
    refuse(new Uint8Array(length), { kind: "UnexpectedEof", section: null, offset: 0 });
  }
  for (let at = 0; at < 8; at++) {
    const bytes = variant({});
    bytes[at] ^= 0x20;
    refuse(bytes, { kind: "BadMagic", section: null, offset: 0, message: bytes[at].toString(16) });
    refuse(bytes.subarray(0, 8), { kind: "BadMagic" });
  }
});

Deno.test("header: only version 0.1 is read, and both words before either is judged", () => {
  for (
    const [major, minor] of [[0, 0], [0, 2], [1, 0], [1, 1], [0, 257], [256, 1], [65535, 65535]]
  ) {
    const bytes = variant({});
    bytes.set([major & 255, major >> 8, minor & 255, minor >> 8], 8);
    const error = refuse(bytes, {
      kind: "UnsupportedVersion",
      section: null,
      offset: 8,
      message: `${major}.${minor}`,
    });
    assertEquals(
      JSON.stringify(error),
      `{"kind":"UnsupportedVersion","major":${major},"minor":${minor}}`,
    );
    refuse(bytes.subarray(0, 11), { kind: "UnexpectedEof", offset: 10 });
  }
  refuse(hex(HEADER).subarray(0, 8), { kind: "UnexpectedEof", offset: 8 });
});

Deno.test("framing: section order is free", () => {
  assertEquals(decodeProgram(container(SMALLEST.toReversed())), decodeProgram(variant({})));
});

Deno.test("framing: unknown tags are skipped, may repeat and be anywhere", () => {
  const unknown = [0, 12, 127, 128, 255].map((tag) => [tag, "ffff"] as const);
  const bytes = container([...unknown, ...SMALLEST.flatMap((s) => [s, [99, "00"] as const])]);
  assertEquals(decodeProgram(bytes), decodeProgram(variant({})));
});

Deno.test("framing: a short payload is an end of input, for unknown tags too", () => {
  for (const tag of [1, 77]) {
    refuse(hex(`${HEADER} ${Uint8Array.of(tag).toHex()} 05 00`), {
      kind: "UnexpectedEof",
      section: null,
      offset: 13,
      message: "5",
    });
  }
});

Deno.test("framing: a lone trailing byte is read as a section", () => {
  const bytes = Uint8Array.of(...variant({}), 0);
  refuse(bytes, { kind: "UnexpectedEof", section: null, offset: bytes.length });
});

Deno.test("framing: a length that overflows an offset is out of bounds, a huge one is not", () => {
  const lengths: [string, string][] = [
    // 2^64 - 1 and the largest that fits behind the cursor, which has read tag and length: 2^64 - 24.
    ["ffffffffffffffffff01", "OutOfBounds"],
    ["e9ffffffffffffffff01", "OutOfBounds"],
    ["e8ffffffffffffffff01", "UnexpectedEof"],
    ["ffffffffffffffff7f", "UnexpectedEof"],
    ["8080808080808080 8002", "InvalidVarint"],
  ];
  for (const [length, kind] of lengths) {
    refuse(hex(`${HEADER} 01 ${length}`), { kind, section: null, offset: 13 });
  }
  // Inside a payload the cursor counts from the payload's start: 12 bytes in, 2^64 - 13 fits.
  refusePayload(1, "02 00 f4ffffffffffffffff01", "OutOfBounds", 2);
  refusePayload(1, "02 00 f3ffffffffffffffff01", "UnexpectedEof", 2);
});

Deno.test("framing: an early fault is reported before a later framing fault", () => {
  refuse(hex(`${HEADER} 01 01 00 02 ff`), { kind: "OutOfBounds", section: 1, offset: 14 });
});

Deno.test("framing: a known section may not repeat, however broken its second copy", () => {
  for (const tag of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
    const payloads = { 9: "00 00 00", 10: "00", 11: "00" };
    const first = variant(payloads);
    const bytes = Uint8Array.of(...first, tag, 1, 0xff);
    const error = refuse(bytes, { kind: "DuplicateSection", section: tag, offset: first.length });
    assertEquals(JSON.stringify(error), `{"kind":"DuplicateSection"}`);
    // Cut short, the second copy is an end of input first.
    refuse(bytes.subarray(0, bytes.length - 1), { kind: "UnexpectedEof", section: null });
  }
});

Deno.test("framing: the first missing section in the order 1, 2, 3, 7, 4, 5, 6, 8 is named", () => {
  const order = [1, 2, 3, 7, 4, 5, 6, 8];
  order.forEach((tag, i) => {
    const left = SMALLEST.filter(([other]) => !order.slice(i).includes(other));
    for (const sections of [left, SMALLEST.filter(([other]) => other !== tag)]) {
      const bytes = container(sections);
      const error = refuse(bytes, { kind: "MissingSection", section: null, offset: bytes.length });
      assertEquals(JSON.stringify(error), `{"kind":"MissingSection","tag":${tag}}`);
    }
  });
});

Deno.test("framing: trailing bytes matter in sections 9 and 11 only", () => {
  for (const [tag, payload] of SMALLEST) accept({ [tag]: payload + "ff" });
  accept({ 10: "00 ff" });
  refusePayload(9, "00 00 00 ff", "OutOfBounds", 3);
  refusePayload(11, "00 ff", "OutOfBounds", 1);
});

Deno.test("framing: an empty payload ends before its count", () => {
  for (const [tag] of SMALLEST) refusePayload(tag, "", "UnexpectedEof", 0);
  for (const tag of [9, 10, 11]) refusePayload(tag, "", "UnexpectedEof", 0);
});

Deno.test("framing: numbers may be overlong, in counts, indices and lengths", () => {
  const long = (digit: string) => `8${digit}808080808080808000`;
  const program = accept({
    1: `${long("2")} ${long("0")} ${long("1")} 61`,
    4: `${long("1")} ${long("0")} ${long("0")} ${long("1")} ${long("0")} ${long("0")}`,
  });
  assertEquals(program.symbols, ["", "a"]);
  assertEquals(program.functions[0].regCount, 1);
});

Deno.test("symbols: entry 0 is the empty string", () => {
  refusePayload(1, "00", "OutOfBounds", 0);
  refusePayload(1, "01 01 61", "OutOfBounds", 0, '"a"');
  // The rule is applied after the whole list was read.
  refusePayload(1, "02 01 61", "UnexpectedEof", 3);
  assertEquals(accept({ 1: "04 00 00 01 61 01 61" }).symbols, ["", "", "a", "a"]);
});

Deno.test("symbols: UTF-8 is strict and complete", () => {
  const refused = [
    "80",
    "c3",
    "c080",
    "c1bf",
    "e08080",
    "eda080",
    "edbfbf",
    "f0808080",
    "f4908080",
  ];
  for (const text of [...refused, "f8808080", "ff", "61c3", "6162ff"]) {
    const length = Uint8Array.of(text.length / 2).toHex();
    refusePayload(1, `02 00 ${length} ${text}`, "InvalidUtf8", 3);
  }
  // Too few bytes wins over wrong bytes.
  refusePayload(1, "02 00 03 ffff", "UnexpectedEof", 2);
  const texts = ["\0", "\ufeff", "\ufeffa\ufeff", "\u{10ffff}", "\ud7ff\ue000", "a\0b", "é"];
  for (const text of [...texts, "x".repeat(63), "x".repeat(64) + "é", "x".repeat(80)]) {
    const utf8 = new TextEncoder().encode(text);
    const payload = `02 00 ${Uint8Array.of(utf8.length).toHex()} ${utf8.toHex()}`;
    assertEquals(accept({ 1: payload }).symbols, ["", text]);
  }
});

Deno.test("constants: every tag", () => {
  const payload =
    "0a 00 0100 0102 02857f 03c803 04 000000000000f43f 05997802 0603000102 070368c3a9" +
    "04 010000000000f0ff";
  assertEquals(accept({ 2: payload }).constants, [
    { type: "unit" },
    { type: "bool", value: false },
    { type: "bool", value: true },
    { type: "i64", value: -123n },
    { type: "u64", value: 456n },
    { type: "f64", bits: 0x3ff4000000000000n },
    { type: "dec", mantissa: -999n, scale: 2 },
    { type: "bytes", value: hex("000102") },
    { type: "str", value: "hé" },
    // A signalling NaN keeps its bits.
    { type: "f64", bits: 0xfff0000000000001n },
  ]);
});

Deno.test("constants: each field's faults", () => {
  for (const tag of ["08", "09", "7f", "ff"]) refusePayload(2, `01 ${tag} 00`, "OutOfBounds", 1);
  for (const tag of ["", "01", "02", "03", "04", "05", "06", "07", "0500"]) {
    refusePayload(2, `01 ${tag}`, "UnexpectedEof", 1 + tag.length / 2);
  }
  refusePayload(2, "01 04 00000000000000", "UnexpectedEof", 2, "8 bytes");
  refusePayload(2, "01 06 04 000000", "UnexpectedEof", 2);
  refusePayload(2, "01 07 01 ff", "InvalidUtf8", 3);
  for (const tag of ["02", "05"]) {
    refusePayload(2, `01 ${tag} 808080808080808080 01 00`, "InvalidVarint", 2);
    refusePayload(2, `01 ${tag} ffffffffffffffffff 40 00`, "InvalidVarint", 2);
  }
  refusePayload(2, "01 03 ffffffffffffffffff 02", "InvalidVarint", 2);
});

Deno.test("types: structs and array elements", () => {
  const payload = "03 0178 0179 017a 02 02 0002 0109 02 0101 0208 0700000000000000 01 02";
  const program = accept({ 3: payload });
  assertEquals(program.structs, [
    { fields: [{ name: "x", type: "i64" }, { name: "y", type: "agg" }] },
    { fields: [{ name: "y", type: "bool" }, { name: "z", type: "obj(7)" }] },
  ]);
  assertEquals(program.arrayElems, ["i64"]);
});

Deno.test("types: each field's faults", () => {
  refusePayload(3, "01 01 ff 00 00", "InvalidUtf8", 2);
  refusePayload(3, "01 0178 01 01 01 02 00", "OutOfBounds", 5, "1");
  refusePayload(3, "00 01 01 00 02 00", "OutOfBounds", 3);
  refusePayload(3, "00 00 01 0c", "OutOfBounds", 3, "12");
  refusePayload(3, "00 00 01 08 07000000000000", "UnexpectedEof", 4);
  for (let tag = 0; tag < 12; tag++) {
    const type = Uint8Array.of(tag).toHex() + (tag === 8 ? "00".repeat(8) : "");
    assertEquals(accept({ 3: `00 00 01 ${type}` }).arrayElems.length, 1);
  }
});

Deno.test("function table: 32-bit fields and indices", () => {
  for (let field = 0; field < 3; field++) {
    const entry = ["00", "00", "01", "00", "00"];
    entry[field] = "8080808010"; // 2^32
    refusePayload(4, "01" + entry.join(""), "OutOfBounds", 1 + field, "4294967296");
    entry[field] = "ffffffff0f";
    accept({ 4: "01" + entry.join("") });
    entry[field] = "ffffffffffffffffff02";
    refusePayload(4, "01" + entry.join(""), "InvalidVarint", 1 + field);
  }
  refusePayload(4, "01 00 00 01 01 00", "OutOfBounds", 0, "blob 1 of 1");
  refusePayload(4, "01 00 00 01 00 01", "OutOfBounds", 0, "span table 1 of 1");
  refusePayload(4, "01 00 00 01 01 01", "OutOfBounds", 0, "blob");
  refusePayload(4, "01 00 00 01 ffffffffffffffffff01 00", "OutOfBounds", 0);
  refusePayload(4, "01 00 00 01 00", "UnexpectedEof", 5);
});

Deno.test("function table: functions may share a blob and a span table, or use none", () => {
  const program = accept({
    5: "02 01 00 03 510000",
    6: "02 00 01 0005",
    4: "02 000001 01 01 000001 01 01",
    7: "02 00000000 00000000",
  });
  assert(program.functions[0].code === program.functions[1].code);
  assert(program.functions[0].spans === program.functions[1].spans);
  assertEquals(program.functions[0].spans, BigUint64Array.of(0n, 5n));
});

Deno.test("zero functions are fine", () => {
  assertEquals(accept({ 4: "00", 5: "00", 6: "00", 7: "00" }).functions, []);
});

Deno.test("span tables: ids are 64 bits and not 0", () => {
  const program = accept({ 6: "01 03 00 05 ac02 ffffffffffffffffff01 ffffffffffffffffff01 01" });
  const max = (1n << 64n) - 1n;
  assertEquals(program.functions[0].spans, BigUint64Array.of(0n, 5n, 300n, max, max, 1n));
  refusePayload(6, "01 01 00 00", "OutOfBounds", 3);
  refusePayload(6, "01 02 00 01 00 8000", "OutOfBounds", 5);
  refusePayload(6, "01 02 00 01 00", "UnexpectedEof", 5);
  refusePayload(6, "01 01 ffffffffffffffffff02 01", "InvalidVarint", 2);
});

Deno.test("function signatures: types and names", () => {
  const program = accept({
    1: "03 00 0161 0162",
    7: "01 02 0209 01 0100 01 08 0700000000000000 01 02",
  });
  const [func] = program.functions;
  assertEquals(func.args, ["i64", "agg"]);
  assertEquals(func.argNames, [1, 0]);
  assertEquals(func.results, ["obj(7)"]);
  assertEquals(func.resultNames, [2]);
  // The table's counts are not compared here, and a list of no names is no list.
  assertEquals(func.argCount, 0);
  assertEquals(accept({ 7: "01 00 01 00 01" }).functions[0].argNames, null);
});

Deno.test("function signatures: each field's faults", () => {
  refusePayload(7, "01 00 02 00 00", "OutOfBounds", 2, "2");
  refusePayload(7, "01 00 00 00 ff", "OutOfBounds", 4, "255");
  refusePayload(7, "01 01 0c 00 00 00", "OutOfBounds", 2);
  refusePayload(7, "01 01 02 01 8080808010 00 00", "OutOfBounds", 4);
  refusePayload(7, "01 01 02 01", "UnexpectedEof", 4);
  refusePayload(7, "01 01 02 01 01 00 00", "OutOfBounds", 0, "symbol 1 of 1");
  refusePayload(7, "01 00 00 01 02 01 01", "OutOfBounds", 0, "symbol 1 of 1");
  refusePayload(7, "00", "OutOfBounds", 0, "0 signatures for 1 functions");
  refusePayload(7, "02 00000000 00000000", "OutOfBounds", 0);
});

Deno.test("host signatures: neither symbol range nor hash is checked", () => {
  const program = accept({ 8: "01 05 8a59b42ef9a989c5 02 02 08 0700000000000000 01 07" });
  assertEquals(program.hostSigs, [
    { symbol: 5, hash: 0xc589a9f92eb4598an, args: ["i64", "obj(7)"], results: ["str"] },
  ]);
  refusePayload(8, "01 00 0000000000000000 00 00", "OutOfBounds", 1);
  refusePayload(8, "01 8080808010 0000000000000000 00 00", "OutOfBounds", 1);
  refusePayload(8, "01 01 00000000000000", "UnexpectedEof", 2);
  refusePayload(8, "01 01 0000000000000000 01 0c 00", "OutOfBounds", 11);
});

Deno.test("names", () => {
  const program = accept({ 1: "03 00 0161 0162", 9: "01 01 02 0002 0001 01 00 03 02" });
  assertEquals(program.name, 1);
  assertEquals(program.functionNames, [{ func: 0, symbol: 2 }, { func: 0, symbol: 1 }]);
  // A label may stand at the end of the code.
  assertEquals(program.labelNames, [{ func: 0, pc: 3, symbol: 2 }]);
  assertEquals(accept({ 9: "00 00 00" }).name, 0);
});

Deno.test("names: each field's faults", () => {
  refusePayload(9, "02 00 00", "OutOfBounds", 0, "2");
  refusePayload(9, "01 00 00 00", "OutOfBounds", 1);
  refusePayload(9, "00 01 00 00 00", "OutOfBounds", 3);
  refusePayload(9, "00 00 01 00 00 00", "OutOfBounds", 5);
  refusePayload(9, "00 01 8080808010 01 00", "OutOfBounds", 2);
  refusePayload(9, "00 00 01 00 8080808010 01", "OutOfBounds", 4);
  refusePayload(9, "01 01 00 00", "OutOfBounds", 0, "symbol 1 of 1");
  for (
    const [payload, message] of [
      ["00 01 01 01 00", "function name 0 is for function 1 of 1"],
      ["00 01 00 02 00", "function name 0 is symbol 2 of 2"],
      ["00 00 01 01 00 01", "label 0 is for function 1 of 1"],
      ["00 00 01 00 04 01", "label 0 is at pc 4"],
      ["00 00 01 00 03 02", "label 0 is symbol 2 of 2"],
      // Program name, then function names, then labels; function, then pc, then symbol.
      ["01 02 01 01 02 01 01 04 02", "program name"],
      ["00 01 01 02 01 01 04 02", "function name 0 is for"],
      ["00 00 01 00 04 02", "at pc 4"],
    ]
  ) {
    const bytes = variant({ 1: "02 00 0161", 9: payload });
    refuse(bytes, { kind: "OutOfBounds", section: 9, offset: payloadStart(bytes, 9), message });
  }
});

Deno.test("call signatures", () => {
  assertEquals(accept({ 10: "01 02 0201 01 03" }).callSigs, [
    { args: ["i64", "bool"], results: ["u64"] },
  ]);
  refusePayload(10, "01 01 0c 00", "OutOfBounds", 2);
  refusePayload(10, "02 00 00", "UnexpectedEof", 3);
});

Deno.test("argument shapes", () => {
  const program = accept({
    4: "01 03 00 04 00 00",
    11: "03 0000 01 02 0108 0900000000000000 00 0001 02 ffffffff0f 0002 03 00",
  });
  assertEquals(program.argShapes, [
    { func: 0, arg: 0, shape: { kind: "tuple", elements: ["obj(9)", null] } },
    { func: 0, arg: 1, shape: { kind: "struct", typeId: 0xffff_ffff } },
    { func: 0, arg: 2, shape: { kind: "array", elemTypeId: 0 } },
  ]);
});

Deno.test("argument shapes: each field's faults", () => {
  for (const tag of ["00", "04", "ff"]) refusePayload(11, `01 0000 ${tag} 00`, "OutOfBounds", 3);
  refusePayload(11, "01 0000 01 01 02 02", "OutOfBounds", 5);
  refusePayload(11, "01 0000 01 01 01 0c", "OutOfBounds", 6);
  refusePayload(11, "01 0000 02 8080808010", "OutOfBounds", 4);
  refusePayload(11, "01 0000 03 8080808010", "OutOfBounds", 4);
  refusePayload(11, "01 0000 01 02 00", "UnexpectedEof", 6);
  refusePayload(11, "01 0100 03 00", "OutOfBounds", 0, "function 1 of 1");
  // The table's argument count decides, not the signature's.
  refusePayload(11, "01 0000 03 00", "OutOfBounds", 0, "argument 0 of function 0, which has 0");
});

Deno.test("hostile counts end in an error and allocate nothing much", () => {
  const huge = ["80808080808080808001", "80808080808080801f", "ffffffff0f", "80808020"];
  for (const count of huge) {
    for (const [tag] of SMALLEST) refuse(variant({ [tag]: count }), { kind: "UnexpectedEof" });
    refuse(variant({ 10: count }), { kind: "UnexpectedEof" });
    refuse(variant({ 11: count }), { kind: "UnexpectedEof" });
    refuse(variant({ 6: `01 ${count}` }), { kind: "UnexpectedEof" });
    refuse(variant({ 7: `01 ${count}` }), { kind: "UnexpectedEof" });
    refuse(variant({ 9: `00 ${count}` }), { kind: "UnexpectedEof" });
    refuse(variant({ 9: `00 00 ${count}` }), { kind: "UnexpectedEof" });
    refuse(variant({ 11: `01 0000 01 ${count}` }), { kind: "UnexpectedEof" });
    for (const prefix of ["", "00", "00 01"]) {
      refuse(variant({ 3: `${prefix} ${count}` }), { kind: "UnexpectedEof" });
    }
  }
  // A count that lies is found out by the first entry that is wrong, not by its size.
  refusePayload(6, "01 ffffffff0f 0001 0000", "OutOfBounds", 9);
});

Deno.test("every corpus entry that the reference refuses to decode is refused alike", () => {
  let refused = 0;
  let crashes = 0;
  for (const entry of corpusEntries()) {
    const bytes = entryBytes(entry);
    const { decodeError, crash } = entry.expect;
    if (decodeError === undefined && crash === undefined) {
      decodeProgram(bytes);
      continue;
    }
    const error = assertThrows(() => decodeProgram(bytes), DecodeError, "", entry.id);
    assert(error.offset <= bytes.length, entry.id);
    if (crash !== undefined) crashes++;
    else {
      refused++;
      assertEquals(JSON.parse(JSON.stringify(error)), decodeError, `${entry.id} (${entry.tag})`);
    }
  }
  assert(refused > 0 && crashes > 0, "the corpus has entries of both kinds");
});
