import { assert, assertEquals, assertThrows } from "@std/assert";
import { generateOperandTypes } from "../../scripts/generate_operand_types.ts";
import { ProgramBuilder } from "../../src/tape/builder.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import { encodeProgram } from "../../src/tape/encode.ts";
import {
  BuildError,
  type BuildErrorKind,
  type FunctionBuilder,
  MNEMONICS,
  Padded,
} from "../../src/tape/function_builder.ts";
import { instructions } from "../../src/tape/instructions.ts";
import type { OpcodeInfo } from "../../src/tape/opcodes.ts";
import { spanAt } from "../../src/tape/program.ts";
import { bool, bytes, dec, f64, i64, str, u64, unit } from "../../src/tape/value.ts";
import { verify } from "../../src/tape/verify.ts";

/** The worked example of the specification, §2.7. */
const SUM_HEX = `
45 58 54 41 50 45 00 00 00 00 01 00 01 02 01 00 02 01 00 03 03 00 00 00
05 33 01 31 12 02 00 12 03 00 12 04 01 41 8f 80 80 80 00 29 05 03 01 40 05
9f 80 80 80 00 ad 80 80 80 00 20 02 02 03 20 03 03 04 41 8f 80 80 80 00 51
00 01 02 06 02 01 00 04 06 01 01 01 06 00 00 07 07 01 01 02 00 01 02 00 08 01 00
`.replace(/\s/g, "");

function buildSum(): ProgramBuilder {
  const tape = new ProgramBuilder();
  const sum = tape.func(null, { args: ["i64"], results: ["i64"] });
  const [n] = sum.args;
  const [total, i, one, more] = sum.regs(4);
  const loop = sum.label(), body = sum.label(), done = sum.label();
  sum
    .op("const.i64", total, 0)
    .op("const.i64", i, 0n)
    .op("const.i64", one, 1)
    .op("jmp", loop)
    .place(loop)
    .op("i64.lt", more, i, n)
    .op("br", more, body, done)
    .place(body)
    .op("i64.add", total, total, i)
    .op("i64.add", i, i, one)
    .op("jmp", loop)
    .place(done)
    .op("ret", [total]);
  return tape;
}

function main(build: (main: FunctionBuilder, tape: ProgramBuilder) => void): ProgramBuilder {
  const tape = new ProgramBuilder();
  build(tape.func("main"), tape);
  return tape;
}

function assertBuildError(kind: BuildErrorKind, message: string, action: () => unknown): void {
  const error = assertThrows(action, BuildError, message);
  assertEquals(error.kind, kind);
}

Deno.test("the operand types are generated from the opcode table", async () => {
  const file = new URL("../../src/tape/operand_types.ts", import.meta.url);
  assertEquals(await Deno.readTextFile(file), generateOperandTypes());
});

Deno.test("the builder reproduces the worked bytes of the specification", () => {
  assertEquals(encodeProgram(buildSum().build()).toHex(), SUM_HEX);
});

Deno.test("a built program is what decoding its bytes gives", () => {
  const tape = new ProgramBuilder({ name: "demo" });
  const point = tape.struct({ x: "f64", y: "f64" });
  const print = tape.host("print", { args: { text: "str" } });
  const unary = tape.callSig({ args: ["i64"], results: ["i64"] });
  const run = tape.func("run", { args: { seed: "i64" }, results: { out: "i64" } });
  const adder = tape.closureBody("adder", { args: ["i64"], results: ["i64"] }, {
    kind: "tuple",
    elements: ["i64"],
  });
  const [text, body, env, closure, out, x, p, list] = run.regs(8);
  run.span(7)
    .op("const.pool", text, str("hé\n"))
    .op("host_call", print, [text], [])
    .op("const.func", body, adder)
    .op("tuple.new", env, [run.args[0]])
    .op("closure.new", closure, body, env)
    .span(8)
    .op("call.indirect", unary, closure, [run.args[0]], [out])
    .op("const.f64", x, 1.5)
    .op("struct.new", p, point, [x, x])
    .op("array.new", list, tape.arrayElem("i64"), [out])
    .namePlace("end")
    .op("ret", [out]);
  const [environment, value] = adder.args;
  const [captured, sum] = adder.regs(2);
  adder.op("tuple.get", captured, environment, 0)
    .op("i64.add", sum, captured, value)
    .op("ret", [sum]);
  const program = tape.build();
  verify(program);
  assertEquals(decodeProgram(encodeProgram(program)), program);
  assertEquals(program.symbols, ["", "demo", "print", "run", "seed", "out", "adder", "end"]);
  assertEquals(spanAt(program.functions[0].spans, 0), 7n);
  assertEquals(program.functions[1].argNames, null);
  assertEquals(program.argShapes, [{
    func: 1,
    arg: 0,
    shape: { kind: "tuple", elements: ["i64"] },
  }]);
});

Deno.test("closure bodies may name their arguments", () => {
  const tape = new ProgramBuilder();
  const body = tape.closureBody("body", { args: { x: "i64" } });
  body.op("ret", []);
  assertEquals(tape.build().functions[0].argNames, [tape.symbol("env"), tape.symbol("x")]);
});

Deno.test("equal table entries share an id unless a fresh one is asked for", () => {
  const tape = new ProgramBuilder();
  const constants = [unit, bool(true), i64(1), u64(1), f64(0), f64(-0), dec(1, 0), dec(10, 1)];
  const all = [...constants, bytes(new Uint8Array([1])), str("1"), str("")];
  assertEquals(all.map((value) => tape.constant(value)), all.map((_, id) => id));
  assertEquals(all.map((value) => tape.constant(value)), all.map((_, id) => id));
  assertEquals(tape.constant({ type: "str", value: "1" }, { fresh: true }), all.length);
  assertEquals(tape.constant({ type: "str", value: "1" }), 9);
  assertEquals(tape.symbol("a"), 1);
  assertEquals(tape.symbol(""), 2);
  assertEquals(tape.symbol(""), 2);
  assertEquals(tape.symbol("a", { fresh: true }), 3);
  assertEquals(tape.symbol("a"), 1);
  assertEquals(tape.struct({ x: "i64" }), tape.struct([{ name: "x", type: "i64" }]));
  assertEquals(tape.struct({ y: "i64" }), 1);
  assertEquals(tape.arrayElem("obj(7)"), tape.arrayElem("obj(7)"));
  assertEquals(tape.arrayElem("obj(8)"), 1);
  assertEquals(tape.host("h", { args: ["i64"] }), tape.host("h", { args: { x: "i64" } }));
  assertEquals(tape.host("h", { args: ["u64"] }), 1);
  assertEquals(tape.host("h", { args: ["i64"] }, { hash: 5n }), 2);
  assertEquals(tape.callSig({ args: ["i64"] }), tape.callSig({ args: ["i64"], results: [] }));
  assertEquals(tape.callSig({ results: ["i64"] }), 1);
});

Deno.test("the register count covers mentioned registers and arguments only", () => {
  const tape = new ProgramBuilder();
  const few = tape.func(null, { args: ["i64", "i64"] });
  few.regs(10);
  few.op("ret", []);
  const many = tape.func(null);
  many.op("const.i64", 9, 1).op("ret", []);
  const set = tape.func(null).setRegCount(40).setCounts(1, 2).op("ret", []);
  const { functions } = tape.build();
  assertEquals(functions.map((func) => func.regCount), [3, 10, 40]);
  assertEquals([functions[set.id].argCount, functions[set.id].resultCount], [1, 2]);
});

Deno.test("numbers take the width they are given", () => {
  const program = main((f) => {
    const here = f.label();
    const info = (mnemonic: string) => MNEMONICS.get(mnemonic) as OpcodeInfo;
    f.emit(info("const.i64"), [new Padded(1, 3), new Padded(-5n, 10)])
      .emit(info("const.u64"), [2, new Padded(2n ** 64n - 1n, 10)])
      .emit(info("const.i64"), [3, new Padded(5n, 4)])
      .place(here)
      .emit(info("jmp"), [new Padded(here, 2)])
      .emit(info("ret"), [0, [new Padded(1, 2)]]);
  }).build();
  assertEquals(
    program.functions[0].code.toHex(),
    "12818000" + "fbffffffffffffffff7f" + "1302" + "ffffffffffffffffff01" + "1203" + "85808000" +
      "41a000" + "510001" + "8100",
  );
  const list = instructions(program, 0);
  assertEquals(list.map((one) => one.operands.map((operand) => operand.widths)), [
    [[3], [10]],
    [[1], [10]],
    [[1], [4]],
    [[2]],
    [[1], [1, 2]],
  ]);
  assertEquals(list[0].constant, { type: "i64", value: -5n });
  assertEquals(list[1].constant, { type: "u64", value: 2n ** 64n - 1n });
});

Deno.test("every instruction takes its operands in table order", () => {
  const tape = new ProgramBuilder();
  const f = tape.func(null);
  for (const info of MNEMONICS.values()) {
    f.emit(
      info,
      info.operands.map((operand, k) => operand.kind === "regs" ? [k, k + 1] : k),
    );
  }
  const list = instructions(tape.build(), 0);
  assertEquals(list.map((one) => one.info), [...MNEMONICS.values()]);
  for (const { operands } of list) {
    operands.forEach(({ info, value }, k) => {
      if (info.kind === "regs") assertEquals(value, [k, k + 1]);
      else if (info.kind === "u64le") assertEquals(value, 0x3ff0000000000000n);
      else assertEquals(BigInt(value as number | bigint), BigInt(k));
    });
  }
});

Deno.test("spans: the last one at a place counts", () => {
  const { functions } = main((f) => {
    f.span(1).span(2).op("nop").span(2n ** 64n - 1n).op("ret", []).span(3);
  }).build();
  assertEquals(functions[0].spans, new BigUint64Array([0n, 2n, 1n, 2n ** 64n - 1n, 3n, 3n]));
});

Deno.test("labels with names are stored; placing a label again moves it", () => {
  const tape = main((f) => {
    const [a, b] = [f.label("first"), f.label("second")];
    f.place(b).op("nop").place(a).place(b).op("jmp", b);
  });
  const program = tape.build();
  assertEquals(program.labelNames, [
    { func: 0, pc: 1, symbol: tape.symbol("first") },
    { func: 0, pc: 1, symbol: tape.symbol("second") },
  ]);
  assertEquals(instructions(program, 0)[1].targets, [1]);
});

Deno.test("mistakes are refused with their cause", () => {
  const bad = (kind: BuildErrorKind, message: string, build: Parameters<typeof main>[0]) =>
    assertBuildError(kind, message, () => main(build).build());
  bad("MissingFunctionBody", "function 0 has no body", () => {});
  bad("UnresolvedLabel", "a label of function 0 is used but not placed", (f) => {
    f.op("jmp", f.label());
  });
  bad("UnresolvedLabel", 'a label "end" of function 0 is used but not placed', (f) => {
    f.label("end");
    f.op("ret", []);
  });
  bad("BadOperand", "dst of mov must be an integer from 0 to 4294967295: got -1", (f) => {
    f.op("mov", -1, 0);
  });
  bad("BadOperand", "imm of const.i64 must be an integer from -9223372036854775808", (f) => {
    f.op("const.i64", 1, 2n ** 63n);
  });
  bad("BadOperand", "imm of const.u64 must be an integer from 0 to 18446744073709551615", (f) => {
    f.op("const.u64", 1, -1);
  });
  bad("BadOperand", "got 1.5", (f) => f.op("const.i64", 1, 1.5));
  bad("BadOperand", "got 9007199254740992", (f) => f.op("const.i64", 1, 2 ** 53));
  bad("BadOperand", "scale of const.decimal must be an integer from 0 to 255: got 256", (f) => {
    f.op("const.decimal", 1, 5, 256);
  });
  bad("BadOperand", "a label of function 1 was used in function 0", (f, tape) => {
    f.op("jmp", tape.func(null).label());
  });
  bad("BadOperand", "there is no instruction i64.ad; did you mean `i64.add`?", (f) => {
    f.op("i64.ad" as "i64.add", 1, 1, 1);
  });
  bad("BadOperand", "args of call must be a list of registers: got 1", (f) => {
    f.op("call", f, 1 as unknown as number[], []);
  });
  bad("BadOperand", "must be a number that fits 1 bytes: got 200", (f) => {
    f.emit(MNEMONICS.get("mov") as OpcodeInfo, [new Padded(200, 1), 0]);
  });
  bad("BadOperand", "takes 1 to 10 bytes: got 11", (f) => {
    f.emit(MNEMONICS.get("mov") as OpcodeInfo, [new Padded(1, 11), 0]);
  });
  bad("BadOperand", "mov takes 2 operands: got 1", (f) => {
    f.emit(MNEMONICS.get("mov") as OpcodeInfo, [1]);
  });
  bad("BadOperand", "branch target 200 does not fit the 1 bytes given to it", (f) => {
    const far = f.label();
    f.emit(MNEMONICS.get("jmp") as OpcodeInfo, [new Padded(far, 1)]);
    f.bytes(new Uint8Array(198)).place(far).op("ret", []);
  });
  bad("BadOperand", "a span id must be from 1 to 2^64 - 1: got 0", (f) => f.span(0));
  bad("BadName", "function 0 has 0 arguments: got 1 names", (f) => f.nameArgs(["x"]));
  bad("BadName", "a symbol has a lone surrogate", (_, tape) => tape.symbol("\ud800"));
  bad("BadName", "a name may not be a number in this form: 0", (_, tape) => {
    tape.struct({ 0: "i64" });
  });
  bad("BadId", "there is no symbol 9", (f, tape) => tape.nameFunction(f.id, 9));
  bad("BadType", "there is no type i32", (_, tape) => tape.arrayElem("i32" as "i64"));
});

Deno.test("a refused instruction leaves no bytes behind", () => {
  const { functions } = main((f) => {
    assertThrows(() => f.op("call", 0, [1, -1], []), BuildError);
    assertEquals(f.pc, 0);
    f.op("ret", []);
  }).build();
  assert(functions[0].code.toHex() === "510000");
});
