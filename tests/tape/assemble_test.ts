import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { assemble, AssembleError } from "../../src/tape/assemble.ts";
import { encodeProgram } from "../../src/tape/encode.ts";
import { instructions } from "../../src/tape/instructions.ts";
import { MNEMONICS } from "../../src/tape/function_builder.ts";
import { f64Bits } from "../../src/tape/value.ts";
import { verify } from "../../src/tape/verify.ts";
import { ERROR_SOURCES } from "./assemble_errors.ts";

const GOLDEN = new URL("../golden/tape/", import.meta.url).pathname;

/** Code of a function whose body is `lines`. */
function code(...lines: string[]): string {
  return assemble(`func f() {\n${lines.join("\n")}\n}`).functions[0].code.toHex();
}

Deno.test("the text of the worked example gives the specification's bytes", () => {
  const program = assemble(`
    func (i64) -> (i64) {
      sum = const.i64 0
      i = const.i64 0
      one = const.i64 1
      jmp loop
    loop:
      more = i64.lt i, r1     ; registers may go by number, too
      br more, body, done
    body:
      sum = i64.add sum, i
      i = i64.add i, one
      jmp loop
    done:
      ret sum
    }`);
  assertEquals(
    encodeProgram(program).toHex(),
    "455854415045000000000100010201000201000303000000053301311202001203001204014" +
      "18f80808000290503014005" +
      "9f80808000ad80808000200202032003030441" +
      "8f808080005100010206020100040601010106000007070101020001020008" +
      "0100",
  );
});

Deno.test("the rich program of the specification can be written as text", () => {
  const program = assemble(`
    symbols { "demo", "h.f", "top", "second", "first", "obj", "out" }
    program demo
    constants { unit, true, i64 -123, u64 456, f64 1.25, dec -9.99, bytes 0x000102, "hé" }
    elems { i64 }
    struct S { x: i64, y: agg }
    struct T { y: bool, z: obj(7) }
    host h.f(i64, obj(7)) -> (str)

    func first(i64) -> (i64) {
    @top:
      .span 5
      nop
      .span 300
      twice = i64.add r1, r1
      ret twice
    }

    func second(tuple(i64, ?), obj: obj(7)) -> (out: i64) {
      x = tuple.get r1, 0
      text = host_call h.f(x, obj)
      f = const.func first
      y = call.indirect f(x) as (i64) -> (i64)
      ret y
    }`);
  const sections: [number, string][] = [
    [1, "0800 0464656d6f 03682e66 03746f70 067365636f6e64 056669727374 036f626a 036f7574"],
    [2, "08 00 0101 02857f 03c803 04000000000000f43f 05997802 0603000102 070368c3a9"],
    [3, "03 0178 0179 017a 02 0200020109 02010102080700000000000000 0102"],
    [5, "02 09002002010151000102 1d6103010052000000020302010453050054000005000103010651000106"],
    [6, "02 02 0005 01ac02 00"],
    [4, "02 0101030000 0201070101"],
    [7, "02 010200 010200 0209080700000000000000 010006 01020107"],
    [8, "01 02 8a59b42ef9a989c5 0202080700000000000000 0107"],
    [10, "01 0102 0102"],
    [11, "01 0100 0102010200"],
    [9, "0101 02 0005 0104 01 000003"],
  ];
  const hex = sections.map(([tag, payload]) => {
    const digits = payload.replaceAll(" ", "");
    return [tag, digits.length / 2].map((byte) => byte.toString(16).padStart(2, "0")).join("") +
      digits;
  });
  assertEquals(encodeProgram(program).toHex(), "455854415045000000000100" + hex.join(""));
  verify(program);
});

Deno.test("every instruction can be written", () => {
  const lines = [...MNEMONICS.values()].map(({ mnemonic, operands }) => {
    const calls: Record<string, string> = {
      "call": "r1, r2 = call f(r3, r4)",
      "host_call": "r1 = host_call #0(r2)",
      "call.indirect": "r1 = call.indirect r2(r3) as #0",
      "ret": "ret r1, r2",
      "const.decimal": "r1 = const.decimal -1.50",
    };
    if (calls[mnemonic] !== undefined) return calls[mnemonic];
    const immediates: Record<string, string> = {
      bool8: "true",
      sleb64: "-5",
      uleb64: "5",
      u64le: "1.5",
      u8: "3",
      uleb32: "0",
      reg: "r2",
      regs: "r3, r4",
    };
    const special: Record<string, string> = {
      idx: '"text"',
      func_id: "f",
      type_id: "#0",
      elem_type_id: "i64",
    };
    const reads = operands.filter((operand) => operand.access !== "w")
      .map((operand) => special[operand.name] ?? immediates[operand.kind]);
    const dst = operands.some((operand) => operand.access === "w") ? "r1 = " : "";
    return `${dst}${mnemonic} ${reads.join(", ")}`;
  });
  const program = assemble(`func f() {\n${lines.join("\n")}\n}`);
  assertEquals(
    instructions(program, 0).map((instruction) => instruction.info.mnemonic),
    [...MNEMONICS.keys()],
  );
});

Deno.test("literals keep every bit", () => {
  const bits = (text: string) => {
    const { constant } = instructions(assemble(`func f() {\nr1 = const.f64 ${text}\n}`), 0)[0];
    return constant?.type === "f64" ? constant.bits : undefined;
  };
  assertEquals(bits("0.1"), f64Bits(0.1));
  assertEquals(bits("5"), f64Bits(5));
  assertEquals(bits("-0.0"), 1n << 63n);
  assertEquals(bits("1e-7"), f64Bits(1e-7));
  assertEquals(bits("1.5e+300"), f64Bits(1.5e300));
  assertEquals(bits("1_000.5"), f64Bits(1000.5));
  assertEquals(bits("inf"), f64Bits(Infinity));
  assertEquals(bits("-inf"), f64Bits(-Infinity));
  assertEquals(bits("nan"), 0x7ff8000000000000n);
  assertEquals(bits("bits(0xfff0000000000001)"), 0xfff0000000000001n);
  const constants = assemble(`constants {
    i64 -0x8000_0000_0000_0000
    u64 0xffff_ffff_ffff_ffff, dec 0.05   ; commas and line ends both separate
    dec -5e-30
    bytes "hé", bytes ""
    "\\n\\r\\t\\0\\"\\\\\\u{1F600}é"
  }`).constants;
  assertEquals(constants, [
    { type: "i64", value: -(2n ** 63n) },
    { type: "u64", value: 2n ** 64n - 1n },
    { type: "dec", mantissa: 5n, scale: 2 },
    { type: "dec", mantissa: -5n, scale: 30 },
    { type: "bytes", value: new TextEncoder().encode("hé") },
    { type: "bytes", value: new Uint8Array(0) },
    { type: "str", value: '\n\r\t\0"\\\u{1F600}é' },
  ]);
});

Deno.test("numbers take the width written behind them", () => {
  assertEquals(code("r1~2 = const.i64 -1~3"), "128100ffff7f");
  assertEquals(code("L:", "jmp L~1", "jmp L", "jmp 7~2"), "4100" + "418080808000" + "418700");
  assertEquals(code("r1 = const.bool 7"), "110107");
  assertEquals(code("r1 = call f~2(r2~2) eff_out=r3 eff_in=r4~2"), "5003800084000182000101");
});

Deno.test("named registers get the lowest numbers the text does not mention", () => {
  const program = assemble(`func f(a: i64, i64) -> (i64) {
    x = i64.add a, r2
    r4 = mov x
    y = mov r4
    ret y
  }`);
  assertEquals(instructions(program, 0).flatMap((instruction) => instruction.writes), [3, 4, 5]);
  assertEquals(program.functions[0].regCount, 6);
  verify(program);
});

Deno.test("stored place names are labels as well; a label of the source wins", () => {
  const program = assemble(`func f() {
    jmp end
  @end:
    jmp both
  @both:
    nop
  both:
    jmp both
  @"a b":
    .name 2, inside
    ret
  }`);
  assertEquals(instructions(program, 0).flatMap((instruction) => instruction.targets), [6, 13, 13]);
  const names = program.labelNames.map(({ pc, symbol }) => [pc, program.symbols[symbol]]);
  assertEquals(names, [[2, "inside"], [6, "end"], [12, "both"], [19, "a b"]]);
});

Deno.test("functions may be called before they are written, and hosts by an alias", () => {
  const program = assemble(`
    host add = test.add(i64, i64) -> i64
    host test.add(u64) -> ()
    func main() -> i64 {
      x = call later()
      y = host_call add(x, x)
      ret y
    }
    func later() -> i64 {
      x = const.i64 1
      ret x
    }`);
  verify(program);
  assertEquals(program.hostSigs.map((host) => host.symbol), [1, 1]);
});

Deno.test("every mistake is shown where it is", (t) => {
  const shown = ERROR_SOURCES.map((text) => {
    const error = assertThrows(() => assemble(text, { file: "bad.tape" }), AssembleError);
    const lines = text.split("\n");
    assertEquals(error.sourceLine, lines[error.line - 1]);
    assert(error.column >= 1 && error.column <= error.sourceLine.length + 1);
    assertStringIncludes(error.message, `bad.tape:${error.line}:${error.column}: ${error.problem}`);
    return `${text}\n-----\n${error.message}\n=====\n`;
  });
  assertSnapshot(t, shown.join(""), { path: `${GOLDEN}assemble_errors.txt` });
});

Deno.test("the caret stands below tabs and behind wide lines", () => {
  const error = assertThrows(() => assemble("func f() {\n\tx\t= i64.ad x\r\n}"), AssembleError);
  assertEquals(error.message.split("\n").slice(1), [
    "  2 | \tx\t= i64.ad x",
    "    | \t \t  ^^^^^^",
  ]);
});
