import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { decodeProgram } from "../../src/tape/decode.ts";
import type { Program } from "../../src/tape/program.ts";
import { signatureHash, type ValueType } from "../../src/tape/types.ts";
import { VerifiedProgram, verify } from "../../src/tape/verify.ts";
import { VerifyError, type VerifyErrorDetail } from "../../src/tape/verify_error.ts";
import { code, func, type Line, program, verdict } from "./verify_helpers.ts";
import { randomProgram } from "./verify_random.ts";
import { referenceVerdict } from "./verify_reference.ts";

const host = (args: ValueType[], results: ValueType[]) => ({
  symbol: 1,
  hash: signatureHash({ args, results }),
  args,
  results,
});

/** Tables that most cases can share. */
const TABLES: Partial<Program> = {
  symbols: ["", "h", "", "x"],
  constants: [{ type: "i64", value: 7n }],
  structs: [{ fields: [{ name: "a", type: "i64" }, { name: "b", type: "bool" }] }],
  arrayElems: ["i64"],
  hostSigs: [host(["i64"], ["i64"])],
  callSigs: [{ args: ["i64"], results: ["bool"] }],
};

/** Function 0 without arguments and results, made of `lines`. */
const body = (...lines: Line[]) => program([func({ lines })], TABLES);

const RET: Line = ["ret", 0, []];

interface Case {
  readonly name: string;
  readonly program: Program;
  readonly error: VerifyErrorDetail | null;
}

const agg = (...shapes: Program["argShapes"]) =>
  program([func({ args: ["i64", "agg"] })], { ...TABLES, argShapes: shapes });

const CASES: Case[] = [
  {
    name: "host signature without its symbol",
    program: { ...body(RET), hostSigs: [{ ...host([], []), symbol: 4 }] },
    error: { kind: "HostSigMalformed", hostSig: 0 },
  },
  {
    name: "host signature with the hash of other types",
    program: { ...body(RET), hostSigs: [host([], []), { ...host([], []), args: ["unit"] }] },
    error: { kind: "HostSigHashMismatch", hostSig: 1 },
  },
  {
    name: "empty input name",
    program: program([func({ args: ["i64", "i64"], argNames: [0, 2] })], TABLES),
    error: { kind: "FunctionInputNameEmpty", func: 0, arg: 1 },
  },
  {
    name: "duplicate input name; unnamed inputs may repeat",
    program: program(
      [func({ args: ["i64", "i64", "i64", "i64"], argNames: [0, 0, 3, 3] })],
      TABLES,
    ),
    error: { kind: "FunctionInputNameDuplicate", func: 0, name: 3 },
  },
  {
    name: "empty output name, and an empty one wins over a repeated one",
    program: program([func({ results: ["unit", "unit", "unit"], resultNames: [3, 3, 2] })], TABLES),
    error: { kind: "FunctionOutputNameEmpty", func: 0, ret: 2 },
  },
  {
    name: "duplicate output name",
    program: program([func({ results: ["unit", "unit"], resultNames: [1, 1] })], TABLES),
    error: { kind: "FunctionOutputNameDuplicate", func: 0, name: 1 },
  },
  {
    name: "two names with the same text",
    program: program([
      func({
        results: ["unit", "unit"],
        resultNames: [1, 2],
        lines: [["ret", 0, [0, 0]]],
      }),
    ], { symbols: ["", "x", "x"] }),
    error: null,
  },
  {
    name: "shape of a missing function",
    program: agg({ func: 1, arg: 0, shape: { kind: "struct", typeId: 0 } }),
    error: { kind: "FunctionArgAggShapeFuncOutOfBounds", func: 1 },
  },
  {
    name: "shape of a missing argument",
    program: agg({ func: 0, arg: 2, shape: { kind: "struct", typeId: 0 } }),
    error: { kind: "FunctionArgAggShapeArgOutOfBounds", func: 0, arg: 2 },
  },
  {
    name: "two shapes of one argument",
    program: agg(
      { func: 0, arg: 1, shape: { kind: "struct", typeId: 0 } },
      { func: 0, arg: 1, shape: { kind: "struct", typeId: 0 } },
    ),
    error: { kind: "FunctionArgAggShapeDuplicate", func: 0, arg: 1 },
  },
  {
    name: "shape of an integer",
    program: agg({ func: 0, arg: 0, shape: { kind: "struct", typeId: 0 } }),
    error: { kind: "FunctionArgAggShapeOnNonAggArg", func: 0, arg: 0, actual: "i64" },
  },
  {
    name: "shape with a missing struct type",
    program: agg({ func: 0, arg: 1, shape: { kind: "struct", typeId: 1 } }),
    error: { kind: "FunctionArgAggShapeStructTypeOutOfBounds", func: 0, arg: 1, typeId: 1 },
  },
  {
    name: "shape with a missing element type",
    program: agg({ func: 0, arg: 1, shape: { kind: "array", elemTypeId: 3 } }),
    error: { kind: "FunctionArgAggShapeArrayElemTypeOutOfBounds", func: 0, arg: 1, elemTypeId: 3 },
  },
  {
    name: "more registers than the limit, whatever else is wrong",
    program: program([func({ regCount: 65_537, argCount: 9, code: Uint8Array.of(0xff) })]),
    error: { kind: "RegCountTooLarge", func: 0, regCount: 65_537 },
  },
  {
    name: "counts that disagree with the signature",
    program: program([func({ resultCount: 1, spans: BigUint64Array.of(99n, 1n) })]),
    error: { kind: "FunctionSigCountMismatch", func: 0 },
  },
  {
    name: "span beyond the code",
    program: program([func({ spans: BigUint64Array.of(3n, 1n, 1n, 1n) })]),
    error: { kind: "BadSpanDeltas", func: 0 },
  },
  {
    name: "second span at the same place",
    program: program([func({ spans: BigUint64Array.of(0n, 1n, 0n, 1n) })]),
    error: { kind: "BadSpanDeltas", func: 0 },
  },
  {
    name: "span position that overflows 64 bits",
    program: program([func({ spans: BigUint64Array.of(1n, 1n, 2n ** 64n - 1n, 1n) })]),
    error: { kind: "BadSpanDeltas", func: 0 },
  },
  {
    name: "spans at the start and at the very end",
    program: program([func({ spans: BigUint64Array.of(0n, 1n, 3n, 1n) })]),
    error: null,
  },
  {
    name: "unknown opcode",
    program: program([func({ regCount: 0, code: Uint8Array.of(0x03) })]),
    error: { kind: "BytecodeDecode", func: 0 },
  },
  {
    name: "missing constant in unreachable code, before too few registers",
    program: program([func({ regCount: 0, lines: [RET, ["const.pool", 1, 0]] })]),
    error: { kind: "ConstOutOfBounds", func: 0, pc: 3, constId: 0 },
  },
  {
    name: "missing host signature",
    program: body(["host_call", 0, 1, 0, [], []], RET),
    error: { kind: "HostSigOutOfBounds", func: 0, pc: 0, hostSig: 1 },
  },
  {
    name: "missing struct type",
    program: body(["struct.new", 1, 0xffffffff, []], RET),
    error: { kind: "StructTypeOutOfBounds", func: 0, pc: 0, typeId: 0xffffffff },
  },
  {
    name: "missing element type",
    program: body(["array.new", 1, 1, []], RET),
    error: { kind: "ArrayElemTypeOutOfBounds", func: 0, pc: 0, elemTypeId: 1 },
  },
  {
    name: "missing function",
    program: body(["nop"], ["const.func", 1, 1], RET),
    error: { kind: "FuncIdOutOfBounds", func: 0, pc: 1, funcId: 1 },
  },
  {
    name: "missing call signature",
    program: body(["call.indirect", 0, 2, 1, 0, [], []], RET),
    error: { kind: "CallSigOutOfBounds", func: 0, pc: 0, callSig: 2 },
  },
  {
    name: "no register at all",
    program: program([func({ regCount: 0 })]),
    error: { kind: "ArgCountExceedsRegs", func: 0 },
  },
  {
    name: "no room for the arguments",
    program: program([func({ args: ["i64", "i64"], regCount: 2 })]),
    error: { kind: "ArgCountExceedsRegs", func: 0 },
  },
  {
    name: "target at the end of the code; an earlier inside target does not count",
    program: body(["jmp", 1], ["jmp", 4]),
    error: { kind: "InvalidJumpTarget", func: 0, pc: 2, target: 4, reason: "OutOfRange" },
  },
  {
    name: "smallest target inside an instruction, at its first use",
    program: body(["jmp", 7], ["br", 1, 1, 4], ["jmp", 1]),
    error: {
      kind: "InvalidJumpTarget",
      func: 0,
      pc: 2,
      target: 1,
      reason: "NotInstructionBoundary",
    },
  },
  {
    name: "true target is judged before the false one",
    program: body(["br", 1, 0xffffffff, 99]),
    error: { kind: "InvalidJumpTarget", func: 0, pc: 0, target: 0xffffffff, reason: "OutOfRange" },
  },
  {
    name: "running into a branch target, in unreachable code",
    program: body(RET, "back:", ["nop"], "here:", ["br", 1, "@here", "@back"]),
    error: { kind: "MissingTerminator", func: 0, pc: 3 },
  },
  {
    name: "effect input of a call",
    program: body(["const.unit", 1], ["call", 2, 0, 1, [5], []], RET),
    error: { kind: "EffectInNotR0", func: 0, pc: 2, reg: 1 },
  },
  {
    name: "effect output of a call",
    program: body(["host_call", 2, 0, 0, [], []], RET),
    error: { kind: "EffectOutNotR0", func: 0, pc: 0, reg: 2 },
  },
  {
    name: "call with an argument too many",
    program: body(["call", 0, 0, 0, [9], []], RET),
    error: { kind: "CallArityMismatch", func: 0, pc: 0 },
  },
  {
    name: "call of a function whose counts and signature disagree: counts first",
    program: program([
      func({ lines: [["call", 0, 1, 0, [0], []], RET] }),
      func({ argCount: 1 }),
    ]),
    error: { kind: "CallArityMismatch", func: 0, pc: 0 },
  },
  {
    name: "call of a function whose signature lists more results than its count, in a loop",
    program: program([
      func({
        args: ["i64", "bool"],
        lines: [
          ["jmp", "@loop"],
          "loop:",
          ["i64.add", 3, 1, 1],
          ["call", 0, 1, 0, [], []],
          // What follows the call's lists must not pass for a result register.
          ["mov", 1, 1],
          ["br", 2, "@loop", "@end"],
          "end:",
          RET,
        ],
      }),
      func({ results: ["str"], resultCount: 0 }),
    ]),
    error: { kind: "CallArityMismatch", func: 0, pc: 8 },
  },
  {
    name: "host call with too few results",
    program: body(["host_call", 0, 0, 0, [9], []], RET),
    error: { kind: "HostCallArityMismatch", func: 0, pc: 0 },
  },
  {
    name: "indirect call with too few arguments",
    program: body(["call.indirect", 0, 0, 9, 0, [], [1]], RET),
    error: { kind: "CallArityMismatch", func: 0, pc: 0 },
  },
  {
    name: "return with a value too many",
    program: body(["ret", 0, [9]]),
    error: { kind: "ReturnArityMismatch", func: 0, pc: 0 },
  },
  {
    name: "register beyond the count, far beyond",
    program: body(["const.i64", 0xffffffff, 1], RET),
    error: { kind: "RegOutOfBounds", func: 0, pc: 0, reg: 0xffffffff },
  },
  {
    name: "reads are judged before the write",
    program: body(["i64.add", 10, 1, 2], RET),
    error: { kind: "UninitializedRead", func: 0, pc: 0, reg: 1 },
  },
  {
    name: "written on one path only",
    program: body(
      ["const.bool", 1, true],
      ["br", 1, "@set", "@use"],
      "set:",
      ["const.i64", 2, 1],
      ["jmp", "@use"],
      "use:",
      ["i64.add", 3, 2, 2],
      ["ret", 1, []],
    ),
    // The wrong effect register of the ret comes later in the code.
    error: { kind: "UninitializedRead", func: 0, pc: 18, reg: 2 },
  },
  {
    name: "written on both paths",
    program: body(
      ["const.bool", 1, true],
      ["br", 1, "@left", "@right"],
      "left:",
      ["const.i64", 2, 1],
      ["jmp", "@use"],
      "right:",
      ["const.i64", 2, 2],
      ["jmp", "@use"],
      "use:",
      ["i64.add", 3, 2, 2],
      RET,
    ),
    error: null,
  },
  {
    name: "select between two unknown types",
    program: program([
      func({
        args: ["agg", "bool"],
        lines: [["tuple.get", 3, 1, 0], ["select", 4, 2, 3, 3], RET],
      }),
    ]),
    error: { kind: "UnknownTypeAtSelect", func: 0, pc: 4, reg: 3 },
  },
  {
    name: "use of an element of an unknown tuple",
    program: program([
      func({
        args: ["agg", "bool"],
        lines: [["tuple.get", 3, 1, 0], ["const.i64", 4, 1], ["select", 4, 2, 4, 3], RET],
      }),
    ]),
    error: { kind: "UnknownTypeAtUse", func: 0, pc: 7, reg: 3, expected: "i64" },
  },
  {
    name: "wrong operand type; obj types count with their id",
    program: program([
      func({ args: ["obj(1)"], results: ["obj(18446744073709551615)"], lines: [["ret", 0, [1]]] }),
    ]),
    error: {
      kind: "TypeMismatch",
      func: 0,
      pc: 0,
      expected: "obj(18446744073709551615)",
      actual: "obj(1)",
    },
  },
  {
    name: "result register that holds another type before the call",
    program: body(
      ["const.bool", 1, true],
      ["const.i64", 2, 1],
      ["host_call", 0, 0, 0, [2], [1]],
      RET,
    ),
    error: { kind: "TypeMismatch", func: 0, pc: 6, expected: "i64", actual: "bool" },
  },
  {
    name: "indirect call of an integer",
    program: body(["const.i64", 1, 1], ["call.indirect", 0, 0, 1, 0, [1], [2]], RET),
    error: { kind: "TypeMismatch", func: 0, pc: 3, expected: "func", actual: "i64" },
  },
  {
    name: "struct with a value too few",
    program: body(["const.i64", 1, 1], ["struct.new", 2, 0, [1]], RET),
    error: { kind: "StructArityMismatch", func: 0, pc: 3, typeId: 0 },
  },
  {
    name: "struct field of an array",
    program: body(["array.new", 1, 0, []], ["struct.get", 2, 1, 0], RET),
    error: { kind: "AggKindMismatch", func: 0, pc: 4, expected: "Struct", actual: "Array" },
  },
  {
    name: "index type is judged before the kind",
    program: body(["tuple.new", 1, []], ["array.get", 2, 1, 1], RET),
    error: { kind: "TypeMismatch", func: 0, pc: 3, expected: "u64", actual: "agg" },
  },
  {
    name: "tuple index at the arity",
    program: body(["tuple.new", 1, []], ["tuple.get", 2, 1, 0], RET),
    error: { kind: "TupleIndexOutOfBounds", func: 0, pc: 3, arity: 0, index: 0 },
  },
  {
    name: "field index at the field count",
    program: program([
      func({ args: ["agg"], lines: [["struct.get", 2, 1, 2], RET] }),
    ], { ...TABLES, argShapes: [{ func: 0, arg: 0, shape: { kind: "struct", typeId: 0 } }] }),
    error: { kind: "StructFieldIndexOutOfBounds", func: 0, pc: 0, typeId: 0, fieldIndex: 2 },
  },
  {
    name: "unused element of an aggregate whose shape did not survive a jump",
    program: body(["tuple.new", 1, [0]], ["jmp", "@on"], "on:", ["tuple.get", 2, 1, 0], RET),
    error: { kind: "UnstableRegType", func: 0, reg: 2 },
  },
  {
    name: "types that differ by branch and meet unused",
    program: body(
      ["const.bool", 1, true],
      ["br", 1, "@left", "@right"],
      "left:",
      ["const.i64", 2, 1],
      ["jmp", "@meet"],
      "right:",
      ["const.u64", 2, 2],
      ["jmp", "@meet"],
      "meet:",
      RET,
    ),
    error: { kind: "UnstableRegType", func: 0, reg: 2 },
  },
  {
    name: "argument overwritten at another type",
    program: program([func({ args: ["i64"], lines: [["const.bool", 1, true], RET] })]),
    error: { kind: "UnstableRegTypeAt", func: 0, pc: 0, reg: 1 },
  },
  {
    name: "unreachable write at the class of the reachable ones",
    program: body(["const.i64", 1, 1], RET, ["const.i64", 1, 2], ["const.unit", 5], RET),
    error: null,
  },
  {
    name: "unreachable write at another class",
    program: body(RET, ["const.i64", 1, 2], RET),
    error: { kind: "UnstableRegTypeAt", func: 0, pc: 3, reg: 1 },
  },
  {
    name: "unreachable register beyond the count",
    program: body(RET, ["mov", 3, 10], RET),
    error: { kind: "RegOutOfBounds", func: 0, pc: 3, reg: 10 },
  },
  {
    name: "unreachable select: bounds of all, then classes, then the condition",
    program: body(["const.i64", 1, 1], RET, ["select", 2, 3, 4, 1], RET),
    error: { kind: "UnstableRegTypeAt", func: 0, pc: 6, reg: 2 },
  },
  {
    name: "unreachable calls need no arity",
    program: body(RET, ["call", 5, 0, 6, [1, 2], [3]], ["ret", 7, [1]]),
    error: null,
  },
  {
    name: "stale shape: the tuple before the select still counts",
    program: program([
      func({
        args: ["agg", "bool", "i64"],
        results: ["i64"],
        lines: [
          ["tuple.new", 4, [3]],
          ["select", 4, 2, 1, 1],
          ["tuple.get", 5, 4, 0],
          ["ret", 0, [5]],
        ],
      }),
    ]),
    error: null,
  },
  {
    name: "no stale shape once another type was written between",
    program: program([
      func({
        args: ["agg", "bool"],
        lines: [
          ["tuple.new", 3, []],
          ["const.i64", 3, 1],
          ["select", 3, 2, 1, 1],
          ["tuple.get", 4, 3, 5],
          RET,
        ],
      }),
    ]),
    error: { kind: "UnstableRegType", func: 0, reg: 4 },
  },
  {
    name: "one result register twice at two types: the last one wins",
    program: program([
      func({ lines: [["call", 0, 1, 0, [], [1, 1]], ["bool.not", 2, 1], RET] }),
      func({
        results: ["i64", "bool"],
        lines: [["const.i64", 1, 1], ["const.bool", 2, true], ["ret", 0, [1, 2]]],
      }),
    ]),
    error: null,
  },
  {
    name: "argument shape in a first block that jumps to itself",
    program: program([
      func({
        args: ["agg", "bool"],
        lines: [["tuple.get", 3, 1, 0], ["br", 2, 0, "@out"], "out:", RET],
      }),
    ], { argShapes: [{ func: 0, arg: 0, shape: { kind: "tuple", elements: ["i64", null] } }] }),
    error: null,
  },
  {
    name: "argument shape that the way back to the first block does not carry",
    program: program([
      func({
        args: ["agg", "bool"],
        lines: [
          ["tuple.get", 3, 1, 0],
          ["br", 2, "@back", "@out"],
          "back:",
          ["jmp", 0],
          "out:",
          RET,
        ],
      }),
    ], { argShapes: [{ func: 0, arg: 0, shape: { kind: "tuple", elements: ["i64", null] } }] }),
    error: { kind: "UnstableRegType", func: 0, reg: 3 },
  },
  {
    name: "wrong kind of a shape that survives the way back",
    program: program([
      func({
        args: ["agg", "bool"],
        lines: [["array.len", 3, 1], ["br", 2, 0, "@out"], "out:", RET],
      }),
    ], { argShapes: [{ func: 0, arg: 0, shape: { kind: "tuple", elements: [] } }] }),
    error: { kind: "AggKindMismatch", func: 0, pc: 0, expected: "Array", actual: "Tuple" },
  },
  {
    name: "empty code",
    program: program([func({ code: new Uint8Array(0), regCount: 1 })]),
    error: null,
  },
];

for (const { name, program, error } of CASES) {
  Deno.test(`verify() judges: ${name}`, () => assertEquals(verdict(program), error));
}

Deno.test("the cases cover every kind of error", async () => {
  const source = await Deno.readTextFile(
    new URL("../../src/tape/verify_message.ts", import.meta.url),
  );
  const kinds = [...source.matchAll(/case "(\w+)":/g)].map((match) => match[1]);
  assert(kinds.length > 40);
  const covered = new Set(CASES.map(({ error }) => error?.kind));
  assertEquals(kinds.filter((kind) => !covered.has(kind as VerifyErrorDetail["kind"])), []);
});

Deno.test("verify() explains where and why", () => {
  const named = program([func({ lines: [["nop"], ["i64.add", 3, 1, 2], RET] })], {
    symbols: ["", "main"],
    functionNames: [{ func: 0, symbol: 1 }],
  });
  const error = assertThrows(() => verify(named), VerifyError);
  assertEquals(
    error.message,
    'function 0 "main", pc 1 (i64.add): register r1 may be read before it is written',
  );
  assertEquals([error.kind, error.func, error.pc], ["UninitializedRead", 0, 1]);
  for (const { program, error } of CASES) {
    if (error === null) continue;
    const { message } = assertThrows(() => verify(program), VerifyError);
    assertMatch(message, /^(function \d+(, pc \d+( \([a-z0-9_.]+\))?)?: )?\S.{10,}[^.]$/);
    assert(!message.includes("undefined"), message);
  }
});

Deno.test("verify() honours the register limit of its configuration", () => {
  const { detail } = assertThrows(
    () => verify(body(RET), { maxRegsPerFunction: 9 }),
    VerifyError,
  );
  assertEquals(detail, { kind: "RegCountTooLarge", func: 0, regCount: 10 });
  const vast = program([func({
    regCount: 0xffffffff,
    lines: [["const.i64", 0xfffffffe, 1], RET],
  })]);
  const [facts] = verify(vast, { maxRegsPerFunction: 0xffffffff }).functions;
  assertEquals([facts.regCount, [...facts.regNames!]], [2, [0, 0xfffffffe]]);
  for (const limit of [-1, 1.5, NaN, 2 ** 32]) {
    assertThrows(() => verify(body(RET), { maxRegsPerFunction: limit }), RangeError, `${limit}`);
  }
});

Deno.test("facts hold classes, blocks and code", () => {
  const verified = verify(program([
    func({
      args: ["obj(3)"],
      lines: [
        ["const.bool", 2, true],
        ["br", 2, "@a", "@b"],
        "a:",
        ["mov", 4, 1],
        ["jmp", "@b"],
        "b:",
        RET,
        ["jmp", "@a"],
      ],
    }),
  ]));
  const [{ regCount, regNames, regClasses, blocks, code }] = verified.functions;
  assertEquals([regCount, regNames, [...regClasses]], [5, null, [0, 8, 1, 0, 8]]);
  assertEquals(blocks.count, 4);
  assertEquals([...blocks.starts], [0, 2, 4, 5, 6]);
  assertEquals([...blocks.successors], [1, 2, 2, -1, -1, -1, 1, -1]);
  assertEquals([...blocks.reachable], [1, 1, 1, 0]);
  assertEquals([...blocks.order], [0, 1, 2]);
  assertEquals(code.count, 6);
});

Deno.test("sparse registers get dense numbers, errors keep the program's", () => {
  const lines: Line[] = [["const.i64", 60_000, 1], ["mov", 65_535, 60_000], RET];
  const [facts] = verify(program([func({ args: ["i64"], regCount: 65_536, lines })])).functions;
  assertEquals([...facts.regNames!], [0, 1, 60_000, 65_535]);
  assertEquals([...facts.regClasses], [0, 2, 2, 2]);
  assertEquals([...facts.code.operands.subarray(0, 5)], [2, 1, 0, 3, 2]);
  assertEquals(
    verdict(program([func({ regCount: 65_535, lines })])),
    { kind: "RegOutOfBounds", func: 0, pc: 5, reg: 65_535 },
  );
  assertEquals(
    verdict(program([func({ regCount: 65_536, lines: [...lines.slice(1)] })])),
    { kind: "UninitializedRead", func: 0, pc: 0, reg: 60_000 },
  );
});

Deno.test("functions that share bytes are judged one by one", () => {
  const shared = code(["const.i64", 3, 1], ["mov", 500, 3], RET);
  const twice = (second: Parameters<typeof func>[0]) =>
    verdict(program([
      func({ code: shared, args: ["i64", "i64"], regCount: 501 }),
      func({ code: shared, ...second }),
    ]));
  assertEquals(twice({ regCount: 501 }), null);
  assertEquals(twice({ regCount: 500 }), { kind: "RegOutOfBounds", func: 1, pc: 3, reg: 500 });
  assertEquals(twice({ regCount: 3 }), { kind: "RegOutOfBounds", func: 1, pc: 0, reg: 3 });
  assertEquals(
    twice({ args: ["i64", "i64", "bool"], regCount: 501 }),
    { kind: "UnstableRegTypeAt", func: 1, pc: 0, reg: 3 },
  );
});

Deno.test("the first of many unwritten registers is the one in code order", () => {
  const many = Array.from({ length: 80 }, (_, k) => k + 2);
  for (const [first, second] of [[2, 70], [70, 2], [40, 41], [81, 2]]) {
    // All are written before the block "use", none before "early".
    const lines: Line[] = [
      ["const.bool", 1, true],
      ["br", 1, "@write", "@early"],
      "write:",
      ...many.map((reg): Line => ["const.i64", reg, 1]),
      ["jmp", "@use"],
      "use:",
      ...many.map((reg): Line => ["mov", reg, reg]),
      RET,
      "early:",
      ["mov", 90, first],
      ["mov", 91, second],
      RET,
    ];
    const pc = code(...lines).length - code(["mov", 90, first], ["mov", 91, second], RET).length;
    assertEquals(
      verdict(program([func({ regCount: 100, lines })])),
      { kind: "UninitializedRead", func: 0, pc, reg: first },
    );
  }
});

Deno.test("nothing that the caller keeps reaches a verified program", () => {
  const args: ValueType[] = ["i64"];
  const bytes = code(["const.i64", 2, 1], ["ret", 0, [2]]);
  const results: ValueType[] = ["i64"];
  const original = program([func({ args, results, code: bytes })]);
  const verified = verify(original);
  const before = JSON.stringify([...verified.functions[0].code.ops]);
  bytes.fill(0xff);
  args[0] = "str";
  results.push("bool");
  assertEquals(JSON.stringify([...verified.functions[0].code.ops]), before);
  assertEquals(verified.program.functions[0].args, ["i64"]);
  assertEquals(verified.program.functions[0].results, ["i64"]);
  assertEquals([...verified.program.functions[0].code.subarray(0, 2)], [0x12, 2]);
  assert(Object.isFrozen(verified.program.functions[0].args));
  assert(Object.isFrozen(verified.functions));
});

Deno.test("only verify() makes verified programs", () => {
  const verified = verify(body(RET));
  assert(VerifiedProgram.is(verified));
  assert(!VerifiedProgram.is(Object.create(verified)));
  assert(!VerifiedProgram.is({ program: verified.program, functions: verified.functions }));
  assert(!VerifiedProgram.is(null));
  const Forged = VerifiedProgram as unknown as new (key: symbol, ...rest: unknown[]) => unknown;
  assertThrows(() => new Forged(Symbol("verify"), body(RET), []), TypeError, "Only verify()");
});

Deno.test("verify() refuses what the decoder could not have produced", () => {
  const wrong: [Partial<Program>, string][] = [
    [{ symbols: [] }, "program.symbols[0] must be the empty string, got undefined"],
    [{ symbols: ["", "\ud800"] }, "program.symbols[1] must be a string without lone surrogates"],
    [{ name: 1 }, "program.name must be an integer below 1, got 1"],
    [{ arrayElems: ["int" as ValueType] }, 'program.arrayElems[0] must be a value type, got "int"'],
    [
      { constants: [{ type: "i64", value: 2n ** 63n }] },
      "program.constants[0].value must be a signed 64-bit bigint, got 9223372036854775808",
    ],
    [
      { constants: [{ type: "dec", mantissa: 1n, scale: 256 }] },
      "program.constants[0].scale must be an integer below 256, got 256",
    ],
    [
      { functions: [func({ regCount: -1 })] },
      "program.functions[0].regCount must be an integer from 0 to 2^32 - 1, got -1",
    ],
    [
      { functions: [func({ args: ["i64", "obj(x)" as ValueType] })] },
      'program.functions[0].args[1] must be a value type, got "obj(x)"',
    ],
    [
      { functions: [func({ args: ["i64"], argNames: [] })] },
      "program.functions[0].argNames must hold 1 names, got 0",
    ],
    [
      { functions: [func({ spans: new BigUint64Array(1) })] },
      "program.functions[0].spans must be a BigUint64Array of pairs",
    ],
    [
      { functionNames: [{ func: 0, symbol: 0 }] },
      "program.functionNames[0].func must be an integer below 0, got 0",
    ],
  ];
  for (const [fields, message] of wrong) {
    assertThrows(() => verify(program([], fields)), TypeError, message);
  }
});

Deno.test("random functions get the verdict of the literal rules", () => {
  const kinds = new Map<string, number>();
  for (let seed = 0; seed < 3000; seed++) {
    const random = randomProgram(seed);
    const expected = referenceVerdict(random, 1);
    assertEquals(verdict(random), expected, `seed ${seed}`);
    const kind = expected?.kind ?? "ok";
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  assert(kinds.get("ok")! > 300 && kinds.size >= 10, JSON.stringify([...kinds]));
});

Deno.test("the recorded corpus: every verifier outcome", () => {
  const corpus = new URL("../corpus/extape/", import.meta.url);
  const verdicts = new Map<string, VerifyErrorDetail | null>();
  let refused = 0;
  for (const line of Deno.readTextFileSync(new URL("manifest.jsonl", corpus)).trim().split("\n")) {
    const { id, file, edit = {}, expect } = JSON.parse(line);
    if (!("verifyError" in expect) && !("ok" in expect) && !("trap" in expect)) continue;
    const key = file + JSON.stringify(edit);
    if (!verdicts.has(key)) {
      let bytes = Deno.readFileSync(new URL(file, corpus));
      for (const [offset, mask] of edit.xor ?? []) bytes[offset] ^= mask;
      if (edit.truncate !== undefined) bytes = bytes.slice(0, edit.truncate);
      verdicts.set(key, verdict(decodeProgram(bytes)));
    }
    assertEquals(verdicts.get(key), expect.verifyError ?? null, id);
    if ("verifyError" in expect) refused++;
  }
  assertEquals(refused, 360);
});
