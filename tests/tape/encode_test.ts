import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DecodeError, decodeProgram } from "../../src/tape/decode.ts";
import { encodeProgram } from "../../src/tape/encode.ts";
import type { Program } from "../../src/tape/program.ts";
import { corpusFile, corpusFiles } from "../harness/corpus.ts";
import { program } from "./arbitrary_program.ts";
import { container, hex, SMALLEST, variant } from "./container.ts";

function assertSameBytes(actual: Uint8Array, expected: Uint8Array, msg?: string): void {
  assertEquals(actual.toHex(), expected.toHex(), msg);
}

/** A small valid program with `change` applied. */
function handmade(change: Partial<Program> = {}): Program {
  return { ...decodeProgram(variant({ 1: "02 00 0161" })), ...change };
}

Deno.test("the specification's worked bytes survive decode and encode", () => {
  const smallest = "4558544150450000 0000 0100 01020100 020100 0303000000 0505010351000006020100" +
    "0406010000010000 07050100000000 080100";
  const sum = "4558544150450000 0000 0100 01020100 020100 0303000000 0533 0131 120200 120300" +
    "120401 418f80808000 29050301 4005 9f80808000 ad80808000 20020203 20030304 418f80808000" +
    "51000102 06020100 0406010101060000 0707010102000102 00 080100";
  for (const text of [smallest, sum, smallest + "0a06 01 020201 0103"]) {
    assertSameBytes(encodeProgram(decodeProgram(hex(text))), hex(text));
  }
});

Deno.test("the specification's rich program survives decode and encode", () => {
  const rich = container([
    [1, "0800 0464656d6f 03682e66 03746f70 067365636f6e64 056669727374 036f626a 036f7574"],
    [2, "08 00 0101 02857f 03c803 04000000000000f43f 05997802 0603000102 070368c3a9"],
    [3, "03 0178 0179 017a 02 02 0002 0109 02 0101 0208 0700000000000000 01 02"],
    [
      5,
      "02 09 002002010151000102" +
      "1d 61030100520000000203020104530500540000050001030106 51000106",
    ],
    [6, "02 02 0005 01ac02 00"],
    [4, "02 0101030000 0201070101"],
    [7, "02 010200 010200 02 09 08 0700000000000000 01 0006 01 02 01 07"],
    [8, "01 02 8a59b42ef9a989c5 02 02 08 0700000000000000 01 07"],
    [10, "01 0102 0102"],
    [11, "01 0100 01 02 0102 00"],
    [9, "0101 02 0005 0104 01 0000 03"],
  ]);
  const decoded = decodeProgram(rich);
  assertEquals(decoded.argShapes[0].shape, { kind: "tuple", elements: ["i64", null] });
  assertEquals(decoded.functions[0].spans, BigUint64Array.of(0n, 5n, 1n, 300n));
  assertSameBytes(encodeProgram(decoded), rich);
});

Deno.test("encoding normalises what the container leaves free", () => {
  const loose = container([
    [99, "010203"],
    ...variantSections({
      1: "820000 0161",
      2: "01 01 07",
      // y before x by use, z unused, x twice.
      3: "04 0178 0179 017a 0178 01 03 0102 0002 0302 00",
      4: "02 000001 00 00 000001 00 00",
      7: "02 00 01 00 01 00000000",
      9: "00 02 0101 0001 02 000301 000001",
      10: "00",
      11: "00",
    }).toReversed(),
  ]);
  const expected = container(variantSections({
    1: "02 00 0161",
    2: "01 01 01",
    3: "02 0179 0178 01 03 0002 0102 0102 00",
    5: "02 03510000 03510000",
    6: "02 00 00",
    4: "02 000001 00 00 000001 01 01",
    7: "02 00000000 00000000",
    9: "00 02 0001 0101 02 000001 000301",
  }));
  assertSameBytes(encodeProgram(decodeProgram(loose)), expected);
});

function variantSections(payloads: Record<number, string>): [number, string][] {
  const known = SMALLEST.map(([tag, payload]): [number, string] => [tag, payloads[tag] ?? payload]);
  const added = [10, 11, 9].flatMap((tag): [number, string][] =>
    tag in payloads ? [[tag, payloads[tag]]] : []
  );
  return [...known, ...added];
}

Deno.test("decoding an encoded program gives the program", () => {
  fc.assert(
    fc.property(program, (original) => {
      const bytes = encodeProgram(original);
      const decoded = decodeProgram(bytes);
      assertEquals(decoded, original);
      assertSameBytes(encodeProgram(decoded), bytes);
    }),
    { numRuns: 300 },
  );
});

Deno.test("encode after decode is a fixed point on every corpus file that decodes", () => {
  let decodable = 0;
  for (const file of corpusFiles()) {
    let once: Uint8Array;
    try {
      once = encodeProgram(decodeProgram(corpusFile(file)));
    } catch (error) {
      assert(error instanceof DecodeError, file);
      continue;
    }
    decodable++;
    assertSameBytes(encodeProgram(decodeProgram(once)), once, file);
  }
  assert(decodable > 500, `${decodable} files decode`);
});

Deno.test("the reference's own files come back byte for byte", () => {
  const files = corpusFiles().filter((file) => /^p\/(perf|rnd|op)_/.test(file));
  assert(files.length > 100);
  for (const file of files) {
    assertSameBytes(encodeProgram(decodeProgram(corpusFile(file))), corpusFile(file), file);
  }
});

Deno.test("names: sorted by function, pc and symbol, written only when there are any", () => {
  const bytes = encodeProgram(handmade({
    symbols: ["", "a", "b"],
    name: 2,
    functionNames: [{ func: 0, symbol: 2 }, { func: 0, symbol: 1 }],
    labelNames: [
      { func: 0, pc: 3, symbol: 1 },
      { func: 0, pc: 0, symbol: 2 },
      { func: 0, pc: 0, symbol: 1 },
    ],
  }));
  assert(bytes.toHex().endsWith(hex("09 11 0102 02 0001 0002 03 000001 000002 000301").toHex()));
  assert(encodeProgram(handmade()).toHex().endsWith("080100"));
});

Deno.test("value names: an empty list is none, a list of zeros is a list", () => {
  const named = (argNames: number[] | null) => {
    const [func] = handmade().functions;
    return encodeProgram(handmade({ functions: [{ ...func, args: ["i64"], argNames }] })).toHex();
  };
  assert(named([0]).includes(hex("07 07 01 0102 0100 00 00").toHex()));
  assertEquals(named([]), named(null));
  assert(named(null).includes(hex("07 06 01 0102 00 00 00").toHex()));
});

Deno.test("what does not fit the format is refused with place and value", () => {
  const [func] = handmade().functions;
  const withFunc = (change: Partial<typeof func>) =>
    handmade({ functions: [{ ...func, ...change }] });
  const big = 2 ** 32;
  const ranges: [string, Program][] = [
    ["symbol 0 must be the empty string: got no symbols", handmade({ symbols: [] })],
    ['symbol 0 must be the empty string: got "a"', handmade({ symbols: ["a"] })],
    ["constant 0 must fit a signed", handmade({ constants: [{ type: "i64", value: 1n << 63n }] })],
    ["constant 0 must fit an unsigned", handmade({ constants: [{ type: "u64", value: -1n }] })],
    ["the bits of constant 0", handmade({ constants: [{ type: "f64", bits: 1n << 64n }] })],
    [
      "the mantissa of constant 0",
      handmade({ constants: [{ type: "dec", mantissa: -(1n << 63n) - 1n, scale: 0 }] }),
    ],
    [
      "the scale of constant 0 must be an integer from 0 to 255: got 256",
      handmade({ constants: [{ type: "dec", mantissa: 0n, scale: 256 }] }),
    ],
    ["argCount of function 0", withFunc({ argCount: big })],
    ["resultCount of function 0", withFunc({ resultCount: -1 })],
    [
      "regCount of function 0 must be an integer from 0 to 4294967295: got 1.5",
      withFunc({ regCount: 1.5 }),
    ],
    ["spans of function 0 must come in pairs: got 1", withFunc({ spans: BigUint64Array.of(1n) })],
    ["span id 1 of function 0", withFunc({ spans: BigUint64Array.of(0n, 1n, 2n, 0n) })],
    ["each argument of function 0, 0: got 1", withFunc({ argNames: [1] })],
    ["each result of function 0, 1: got 2", withFunc({ results: ["i64"], resultNames: [1, 1] })],
    ["names an argument of function 0", withFunc({ args: ["i64"], argNames: [2] })],
    [
      "the symbol of host signature 0 must not be 0",
      handmade({ hostSigs: [{ symbol: 0, hash: 0n, args: [], results: [] }] }),
    ],
    [
      "the symbol of host signature 0 must be",
      handmade({ hostSigs: [{ symbol: big, hash: 0n, args: [], results: [] }] }),
    ],
    [
      "the hash of host signature 0",
      handmade({ hostSigs: [{ symbol: 1, hash: -1n, args: [], results: [] }] }),
    ],
    [
      "the function of shape 0",
      handmade({ argShapes: [{ func: 1, arg: 0, shape: { kind: "struct", typeId: 0 } }] }),
    ],
    [
      "the argument of shape 0",
      handmade({ argShapes: [{ func: 0, arg: 0, shape: { kind: "struct", typeId: 0 } }] }),
    ],
    [
      "the struct type of shape 0",
      {
        ...withFunc({ argCount: 1 }),
        argShapes: [{ func: 0, arg: 0, shape: { kind: "struct", typeId: big } }],
      },
    ],
    [
      "the element type of shape 0",
      {
        ...withFunc({ argCount: 1 }),
        argShapes: [{ func: 0, arg: 0, shape: { kind: "array", elemTypeId: -1 } }],
      },
    ],
    ["the symbol of the program's name", handmade({ name: 2 })],
    ["the function of a function name", handmade({ functionNames: [{ func: 1, symbol: 1 }] })],
    ["the symbol that names function 0", handmade({ functionNames: [{ func: 0, symbol: 0 }] })],
    ["the function of a label", handmade({ labelNames: [{ func: 1, pc: 0, symbol: 1 }] })],
    ["the pc of a label in function 0", handmade({ labelNames: [{ func: 0, pc: 4, symbol: 1 }] })],
    ["the symbol of the label at pc 3", handmade({ labelNames: [{ func: 0, pc: 3, symbol: 2 }] })],
  ];
  for (const [message, bad] of ranges) assertThrows(() => encodeProgram(bad), RangeError, message);

  const types: [string, Program][] = [
    ["symbol 1 has a lone surrogate", handmade({ symbols: ["", "\ud800"] })],
    [
      "constant 0 has a lone surrogate",
      handmade({ constants: [{ type: "str", value: "\udc00" }] }),
    ],
    [
      'constant 0 is of no constant type: got "agg"',
      handmade({ constants: [{ type: "agg" } as never] }),
    ],
    ["array element type 0 is no value type: got i32", handmade({ arrayElems: ["i32" as never] })],
    ["array element type 0 is no value type: got obj", handmade({ arrayElems: ["obj" as never] })],
    [
      "argument type of call signature 0 is no value type: got obj(-1)",
      handmade({ callSigs: [{ args: ["obj(-1)"], results: [] }] }),
    ],
    [
      "field 0 of struct 0 is no value type",
      handmade({ structs: [{ fields: [{ name: "", type: undefined as never }] }] }),
    ],
    [
      'shape 0 is of no known kind: got "list"',
      {
        ...withFunc({ argCount: 1 }),
        argShapes: [{ func: 0, arg: 0, shape: { kind: "list" } as never }],
      },
    ],
  ];
  for (const [message, bad] of types) assertThrows(() => encodeProgram(bad), TypeError, message);
});
