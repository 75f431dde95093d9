import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CodeError, decodeCode, type DecodedCode } from "../../src/tape/code.ts";
import { IS_OPCODE, OPCODES, OPERAND_KINDS, OPERAND_SLOTS } from "../../src/tape/opcodes.ts";
import { ByteWriter } from "../../src/util/bytes.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import { corpusEntries, corpusFile } from "../harness/corpus.ts";
import { hex } from "./container.ts";

function plain(
  code: DecodedCode,
): { ops: number[]; pcs: number[]; at: number[]; operands: number[] } {
  return {
    ops: [...code.ops],
    pcs: [...code.pcs],
    at: [...code.at],
    operands: [...code.operands],
  };
}

function refuse(text: string, kind: string, pc: number): void {
  const error = assertThrows(() => decodeCode(hex(text)), CodeError, `at pc ${pc}`);
  assertEquals(error.kind, kind);
  assertEquals(error.pc, pc);
}

Deno.test("src/tape/opcodes.ts is what its generator writes", async () => {
  const script = new URL("../../scripts/generate_opcodes.ts", import.meta.url);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script.href, "--check"],
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("the opcode tables agree with each other", () => {
  assertEquals(OPCODES.size, 106);
  const kinds = ["reg", "regs", "uleb32", "uleb64", "sleb64", "u64le", "u8", "bool8"];
  for (let op = 0; op < 256; op++) {
    const info = OPCODES.get(op);
    assertEquals(IS_OPCODE[op], info === undefined ? 0 : 1);
    const expected = (info?.operands ?? []).map(({ kind, access }) =>
      kinds.indexOf(kind) + 1 + (access === "w" ? 16 : 0)
    );
    const row = [...OPERAND_KINDS.subarray(op * OPERAND_SLOTS, (op + 1) * OPERAND_SLOTS)];
    assertEquals(row, [...expected, ...Array(OPERAND_SLOTS - expected.length).fill(0)]);
    assertEquals(row.at(-1), 0, "a list is always ended");
    // decodeCode sizes its operand array by this.
    const wide = expected.filter((kind) => kind >= 4 && kind <= 6).length;
    assert(wide <= 1, `${info?.mnemonic} has ${wide} 64-bit operands`);
  }
});

Deno.test("operands of every kind", () => {
  const code = decodeCode(hex(`
    00
    11 05 ff
    12 8001 7f
    13 01 ffffffffffffffffff01
    14 02 0123456789abcdef
    15 03 85 7f ff
    40 02 8f80808000 ffffffff0f
    50 00 07 00 03 010203 00
    51 00 00`));
  assertEquals(plain(code), {
    ops: [0x00, 0x11, 0x12, 0x13, 0x14, 0x15, 0x40, 0x50, 0x51],
    pcs: [0, 1, 4, 8, 20, 30, 35, 47, 56, 59],
    at: [0, 0, 2, 5, 8, 11, 15, 18, 26, 28],
    // deno-fmt-ignore
    operands: [
      5, 1,
      128, -1, -1,
      1, -1, -1,
      2, 0x67452301, 0xefcdab89 | 0,
      3, -123, -1, 255,
      2, 15, -1,
      0, 7, 0, 3, 1, 2, 3, 0,
      0, 0,
    ],
  });
  assertEquals(code.count, 9);
});

Deno.test("an empty body has no instructions", () => {
  assertEquals(plain(decodeCode(new Uint8Array(0))), { ops: [], pcs: [0], at: [0], operands: [] });
});

Deno.test("results stay as they are when another body is decoded", () => {
  const first = decodeCode(hex("12 01 05 51 00 01 01"));
  const before = plain(first);
  decodeCode(hex("13 02 06 51 00 01 02"));
  assertEquals(plain(first), before);
});

Deno.test("bodies of any length decode, beyond the shared scratch memory too", () => {
  for (const length of [4095, 4096, 4097, 20000]) {
    const code = decodeCode(new Uint8Array(length));
    assertEquals(code.count, length);
    assertEquals(code.pcs[length], length);
    assertEquals(code.operands.length, 0);
  }
});

Deno.test("unknown opcodes", () => {
  for (let op = 0; op < 256; op++) {
    if (OPCODES.has(op)) continue;
    refuse(`00 ${Uint8Array.of(op).toHex()}`, "UnknownOpcode", 1);
  }
});

Deno.test("malformed operands", () => {
  refuse("00 01", "UnexpectedEof", 1);
  refuse("01 00", "UnexpectedEof", 0);
  refuse("01 80", "UnexpectedEof", 0);
  refuse("11 00", "UnexpectedEof", 0);
  refuse("12 00 80", "UnexpectedEof", 0);
  refuse("14 00 00000000000000", "UnexpectedEof", 0);
  refuse("15 00 00", "UnexpectedEof", 0);
  refuse("02 8080808010", "OutOfBounds", 0);
  refuse("01 00 ffffffffff00", "OutOfBounds", 0);
  refuse("12 00 80808080808080808001", "InvalidVarint", 0);
  refuse("13 00 80808080808080808002", "InvalidVarint", 0);
  refuse("02 ffffffffffffffffffff", "InvalidVarint", 0);
});

Deno.test("a register list's count is trusted only as far as the bytes go", () => {
  refuse("51 00 01", "UnexpectedEof", 0);
  refuse("51 00 ffffffff0f 00 00", "UnexpectedEof", 0);
  refuse("51 00 8080808010", "OutOfBounds", 0);
  refuse("51 00 808080808080808001", "OutOfBounds", 0);
  refuse("51 00 03 00 8080808010", "OutOfBounds", 0);
  refuse("51 00 ffffffffffffffffff02", "InvalidVarint", 0);
});

/** One instruction as bytes and as the operand words it should decode to. */
interface Sample {
  op: number;
  bytes: Uint8Array;
  words: number[];
}

const u64 = fc.tuple(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.integer({ min: 0, max: 63 }))
  .map(([word, shift]) => word >> BigInt(shift));
const u32 = u64.map((word) => Number(word & 0xffff_ffffn));

const sample: fc.Arbitrary<Sample> = fc.constantFrom(...OPCODES.values()).chain((info) =>
  fc.tuple(...info.operands.map(() => fc.tuple(u64, fc.array(u32, { maxLength: 5 })))).map(
    (values) => {
      const writer = new ByteWriter();
      writer.u8(info.opcode);
      const words: number[] = [];
      const halves = (word: bigint) => [
        Number(BigInt.asIntN(32, word)),
        Number(BigInt.asIntN(32, word >> 32n)),
      ];
      info.operands.forEach(({ kind }, i) => {
        const [word, list] = values[i];
        switch (kind) {
          case "reg":
          case "uleb32":
            writer.uleb(Number(word & 0xffff_ffffn));
            words.push(halves(word)[0]);
            break;
          case "regs":
            writer.uleb(list.length);
            for (const reg of list) writer.uleb(reg);
            words.push(list.length, ...list.map((reg) => reg | 0));
            break;
          case "uleb64":
            writer.uleb64(word);
            words.push(...halves(word));
            break;
          case "sleb64":
            writer.sleb64(BigInt.asIntN(64, word));
            words.push(...halves(word));
            break;
          case "u64le":
            writer.u64le(word);
            words.push(...halves(word));
            break;
          case "u8":
            writer.u8(Number(word & 0xffn));
            words.push(Number(word & 0xffn));
            break;
          case "bool8":
            writer.u8(Number(word & 0xffn));
            words.push((word & 0xffn) === 0n ? 0 : 1);
            break;
        }
      });
      return { op: info.opcode, bytes: writer.toBytes(), words };
    },
  )
);

Deno.test("any sequence of instructions decodes to its operands", () => {
  fc.assert(fc.property(fc.array(sample, { maxLength: 20 }), (samples) => {
    const code = decodeCode(Uint8Array.from(samples.flatMap(({ bytes }) => [...bytes])));
    let pc = 0;
    assertEquals(code.count, samples.length);
    samples.forEach(({ op, bytes, words }, i) => {
      assertEquals(code.ops[i], op);
      assertEquals(code.pcs[i], pc);
      assertEquals([...code.operands.subarray(code.at[i], code.at[i + 1])], words);
      pc += bytes.length;
    });
    assertEquals(code.pcs[samples.length], pc);
  }));
});

Deno.test("a body that any cut shortens decodes a prefix or ends inside an instruction", () => {
  fc.assert(fc.property(fc.array(sample, { minLength: 1, maxLength: 6 }), (samples) => {
    const bytes = Uint8Array.from(samples.flatMap(({ bytes }) => [...bytes]));
    const whole = decodeCode(bytes);
    for (let length = 0; length < bytes.length; length++) {
      const boundary = whole.pcs.indexOf(length);
      if (boundary >= 0) assertEquals(decodeCode(bytes.subarray(0, length)).count, boundary);
      else {
        const error = assertThrows(() => decodeCode(bytes.subarray(0, length)), CodeError);
        assertEquals(error.kind, "UnexpectedEof");
      }
    }
  }));
});

Deno.test("all code of verified corpus programs decodes", () => {
  const files = new Set(
    corpusEntries().filter((entry) => entry.expect.ok !== undefined && entry.edit === undefined)
      .map((entry) => entry.file),
  );
  assert(files.size > 100);
  for (const file of files) {
    for (const { code } of decodeProgram(corpusFile(file)).functions) {
      const decoded = decodeCode(code);
      assertEquals(decoded.pcs[decoded.count], code.length);
    }
  }
});
