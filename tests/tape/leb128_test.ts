import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ByteWriter } from "../../src/util/bytes.ts";
import {
  LEB_EOF,
  LEB_INVALID,
  LEB_OK,
  type LebCursor,
  readSleb,
  readUleb,
} from "../../src/util/leb128.ts";
import { hex } from "./container.ts";

function cursor(bytes: Uint8Array): LebCursor {
  return { bytes, end: bytes.length, pos: 0, lo: 0, hi: 0 };
}

function value(c: LebCursor, signed: boolean): bigint {
  const word = BigInt(c.hi) << 32n | BigInt(c.lo >>> 0);
  return signed ? word : BigInt.asUintN(64, word);
}

function repeat(byte: string, count: number): string {
  return byte.repeat(count);
}

const I64_MIN = -(1n << 63n);
const I64_MAX = (1n << 63n) - 1n;
const U64_MAX = (1n << 64n) - 1n;

Deno.test("readSleb reads the specification's vectors", () => {
  const vectors: [string, bigint][] = [
    ["7f", -1n],
    ["ff7f", -1n],
    ["8000", 0n],
    ["c000", 64n],
    ["bf7f", -65n],
    ["c07f", -64n],
    ["40", -64n],
    ["3f", 63n],
    [repeat("80", 9) + "7f", I64_MIN],
    [repeat("ff", 9) + "00", I64_MAX],
    [repeat("ff", 9) + "7f", -1n],
    [repeat("80", 9) + "00", 0n],
    // Each length with bit 6 of its last byte set extends the sign from bit 7n on.
    ["8040", -(1n << 13n)],
    ["808040", -(1n << 20n)],
    ["80808040", -(1n << 27n)],
    ["8080808040", -(1n << 34n)],
    ["808080808040", -(1n << 41n)],
    ["80808080808040", -(1n << 48n)],
    ["8080808080808040", -(1n << 55n)],
    ["808080808080808040", -(1n << 62n)],
  ];
  for (const [text, expected] of vectors) {
    const c = cursor(hex(text));
    assertEquals(readSleb(c), LEB_OK, text);
    assertEquals(value(c, true), expected, text);
    assertEquals(c.pos, text.length / 2, text);
  }
});

Deno.test("readSleb refuses a tenth byte that is not all sign", () => {
  for (const last of ["01", "40", "7e", "3f", "80", "ff", "81"]) {
    const c = cursor(hex(repeat("80", 9) + last + "00"));
    assertEquals(readSleb(c), LEB_INVALID, last);
    assertEquals(c.pos, 0);
  }
  assertEquals(readSleb(cursor(hex(repeat("ff", 9) + "40"))), LEB_INVALID);
  assertEquals(readSleb(cursor(hex(repeat("ff", 10)))), LEB_INVALID);
});

Deno.test("readUleb accepts overlong forms of up to ten bytes", () => {
  for (let length = 1; length <= 10; length++) {
    const c = cursor(hex(repeat("80", length - 1) + "00"));
    assertEquals(readUleb(c), LEB_OK);
    assertEquals(value(c, false), 0n);
    assertEquals(c.pos, length);
  }
  const max = cursor(hex(repeat("ff", 9) + "01"));
  assertEquals(readUleb(max), LEB_OK);
  assertEquals(value(max, false), U64_MAX);
});

Deno.test("readUleb judges the tenth byte and never reads an eleventh", () => {
  for (const last of ["02", "7f", "80", "81", "ff"]) {
    // Nothing follows: a reader that went on would report the end of the input instead.
    assertEquals(readUleb(cursor(hex(repeat("80", 9) + last))), LEB_INVALID, last);
  }
});

Deno.test("a number that the input cuts short is an end of input, whatever came before", () => {
  for (let length = 0; length <= 9; length++) {
    for (const byte of ["80", "ff"]) {
      for (const read of [readUleb, readSleb]) {
        const c = cursor(hex(repeat(byte, length)));
        assertEquals(read(c), LEB_EOF);
        assertEquals(c.pos, 0);
      }
    }
  }
});

Deno.test("readers stop at the cursor's end, not the array's", () => {
  const c: LebCursor = { bytes: hex("8001"), end: 1, pos: 0, lo: 0, hi: 0 };
  assertEquals(readUleb(c), LEB_EOF);
  assertEquals(readSleb(c), LEB_EOF);
});

/** 64-bit numbers with their magnitudes spread over all encoded lengths. */
const bits = fc.tuple(fc.bigInt({ min: 0n, max: U64_MAX }), fc.integer({ min: 0, max: 63 }))
  .map(([word, shift]) => word >> BigInt(shift));

Deno.test("unsigned numbers survive a round trip in the shortest form", () => {
  fc.assert(fc.property(bits, (number) => {
    const writer = new ByteWriter(1);
    writer.uleb64(number);
    const bytes = writer.toBytes();
    assertEquals(bytes.length, Math.max(1, Math.ceil(number.toString(2).length / 7)));
    const c = cursor(bytes);
    assertEquals(readUleb(c), LEB_OK);
    assertEquals(value(c, false), number);
    assertEquals(c.pos, bytes.length);
    if (number > BigInt(Number.MAX_SAFE_INTEGER)) return;
    const same = new ByteWriter(1);
    same.uleb(Number(number));
    assertEquals(same.toBytes(), bytes);
  }));
});

Deno.test("signed numbers survive a round trip in the shortest form", () => {
  const signed = fc.tuple(bits, fc.boolean()).map(([word, negative]) =>
    BigInt.asIntN(64, negative ? ~word : word)
  );
  fc.assert(fc.property(fc.oneof(signed, fc.constantFrom(I64_MIN, I64_MAX)), (number) => {
    const writer = new ByteWriter(1);
    writer.sleb64(number);
    const bytes = writer.toBytes();
    // One bit more than the magnitude, for the sign.
    const width = (number < 0n ? ~number : number).toString(2).replace(/^0$/, "").length + 1;
    assertEquals(bytes.length, Math.ceil(width / 7));
    const c = cursor(bytes);
    assertEquals(readSleb(c), LEB_OK);
    assertEquals(value(c, true), number);
    assertEquals(c.pos, bytes.length);
  }));
});

Deno.test("readers agree with arithmetic on any bytes", () => {
  // The specification's rules over bigints, as slow and as plain as they can be.
  const model = (bytes: Uint8Array, signed: boolean): bigint | number => {
    let result = 0n;
    for (let i = 0; i < 10; i++) {
      if (i >= bytes.length) return LEB_EOF;
      const payload = bytes[i] & 0x7f;
      const last = bytes[i] < 0x80;
      if (i === 9 && (!last || !(payload === 0 || payload === (signed ? 0x7f : 1)))) {
        return LEB_INVALID;
      }
      result |= BigInt(payload) << BigInt(7 * i);
      if (!last) continue;
      if (!signed) return result;
      return BigInt.asIntN(i === 9 ? 64 : 7 * (i + 1), result);
    }
    return LEB_INVALID;
  };
  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 128, max: 255 }),
    fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
  );
  const input = fc.oneof(
    fc.array(byte, { maxLength: 12 }),
    fc.tuple(fc.array(fc.integer({ min: 128, max: 255 }), { minLength: 8, maxLength: 9 }), byte)
      .map(([head, tail]) => [...head, tail]),
  ).map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(input, fc.boolean(), (bytes, signed) => {
      const c = cursor(bytes);
      const outcome = (signed ? readSleb : readUleb)(c);
      assertEquals(outcome === LEB_OK ? value(c, signed) : outcome, model(bytes, signed));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("ByteWriter grows and keeps what was written", () => {
  const writer = new ByteWriter(1);
  const expected: number[] = [];
  for (let i = 0; i < 1000; i++) {
    writer.u8(i);
    expected.push(i & 255);
  }
  assertEquals(writer.length, 1000);
  assertEquals([...writer.view()], expected);
  const copy = writer.toBytes();
  writer.clear();
  writer.u16le(0x1234);
  writer.u64le(0x1122334455667788n);
  writer.sizedText("hé");
  assertEquals(writer.toBytes(), hex("3412 8877665544332211 03 68c3a9"));
  assertEquals([...copy], expected);
});
