import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import fc from "fast-check";
import { assemble } from "../../src/tape/assemble.ts";
import { ProgramBuilder } from "../../src/tape/builder.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import { disassemble } from "../../src/tape/disassemble.ts";
import { encodeProgram } from "../../src/tape/encode.ts";
import {
  type FunctionBuilder,
  MNEMONICS,
  type Operand,
  Padded,
} from "../../src/tape/function_builder.ts";
import { instructions } from "../../src/tape/instructions.ts";
import { listing } from "../../src/tape/listing.ts";
import type { OpcodeInfo, OperandInfo } from "../../src/tape/opcodes.ts";
import type { Program } from "../../src/tape/program.ts";
import { verify } from "../../src/tape/verify.ts";
import { program as arbitraryProgram } from "./arbitrary_program.ts";

const CORPUS = new URL("../corpus/extape/p/", import.meta.url).pathname;
const EXAMPLES = new URL("../../examples/", import.meta.url).pathname;
const GOLDEN = new URL("../golden/tape/", import.meta.url).pathname;

/** Fails unless the program survives being printed and assembled, byte for byte. */
function assertRoundTrip(program: Program, options: { offsets?: boolean } = {}): void {
  const text = disassemble(program, options);
  const again = assemble(text, { file: "round trip" });
  assertEquals(encodeProgram(again).toHex(), encodeProgram(program).toHex(), text);
}

/** The corpus program `name`, or null when it does not decode. */
function corpusProgram(name: string): Program | null {
  try {
    return decodeProgram(Deno.readFileSync(CORPUS + name));
  } catch {
    return null;
  }
}

const EXAMPLE_FILES = [...Deno.readDirSync(EXAMPLES)].map((entry) => entry.name)
  .filter((name) => name.endsWith(".tape")).sort();

Deno.test("every corpus program that decodes survives text", () => {
  let count = 0;
  for (const { name } of Deno.readDirSync(CORPUS)) {
    const program = corpusProgram(name);
    if (program === null) continue;
    assertRoundTrip(program);
    assertRoundTrip(program, { offsets: true });
    listing(program);
    count++;
  }
  assert(count > 500, `only ${count} programs decode`);
});

Deno.test("the examples verify, start with main, and need no tables", () => {
  assert(EXAMPLE_FILES.length >= 6);
  for (const name of EXAMPLE_FILES) {
    const text = Deno.readTextFileSync(EXAMPLES + name);
    const program = assemble(text, { file: name });
    verify(program);
    assertRoundTrip(program);
    assertEquals(program.symbols[program.functionNames[0].symbol], "main");
    assertEquals(/^(symbols|constants|elems|sig) /m.exec(disassemble(program)), null);
    assert(text.startsWith("; "), `${name} starts with a comment`);
    assertStringIncludes(text, `deno task burin run examples/${name}`);
  }
});

Deno.test("listings of a few programs", (t) => {
  for (const name of ["closures", "mandelbrot"]) {
    const program = assemble(Deno.readTextFileSync(`${EXAMPLES}${name}.tape`));
    assertSnapshot(t, disassemble(program, { offsets: true }), { path: `${GOLDEN}${name}.tape` });
    assertSnapshot(t, listing(program), { path: `${GOLDEN}${name}.listing` });
  }
  for (const name of ["overlong", "overlong_tables", "sec_names", "closures", "bad_146"]) {
    const program = corpusProgram(`${name}.etp`);
    assert(program !== null, `${name} decodes`);
    const path = `${GOLDEN}corpus_${name}`;
    assertSnapshot(t, disassemble(program), { path: `${path}.tape` });
    assertSnapshot(t, listing(program), { path: `${path}.listing` });
  }
});

Deno.test("the listing has the specification's format", () => {
  const program = assemble(`
    program disasm_demo
    func main(cond: bool, a: i64, b: i64) -> (out: i64) {
      br cond, then, else
    @then:
      r4 = i64.add a, b
      ret r4
    @else:
      r4 = i64.sub a, b
      ret r4
    }`);
  assertEquals(
    listing(program),
    `; program="disasm_demo"

func f0: ; name="main"
  ; args=[cond=r1, a=r2, b=r3]
  @L0:
  000000: br r1, @L1, @L2
  @L1: ; name="then"
  000012: i64.add r4, [r2, r3]
  000016: ret eff=r0, rets=[out=r4]
  @L2: ; name="else"
  000020: i64.sub r4, [r2, r3]
  000024: ret eff=r0, rets=[out=r4]
`,
  );
});

Deno.test("the listing shows what ids mean", () => {
  const program = assemble(`
    host sym(i64) -> ()
    struct S { x: i64 }
    func f(x: i64, i64) -> (y: i64, i64) {
      r3, r4 = call f(x, r2)
      host_call sym(r3)
      r6 = call.indirect r5(r3) as (i64) -> (i64)
      r7 = const.func f
      r8 = const.pool "it's \\"é\\"\\n\\u{1b}"
      r9 = const.pool bytes 0x00ff
      r10 = const.f64 1e21
      r11 = const.f64 -1.5e-7
      r12 = const.f64 nan
      r13 = const.decimal -0.012
      r14 = struct.new S, r3
      r15 = array.new i64, r3, r4
      r16 = tuple.get r14, 3
      r17 = i64.to_dec r3, 2
      r18 = const.unit
      r19 = const.bool true
      r20 = const.i64 -5
      nop
      jmp 2
      trap 7
    }
    func broken() {
      .bytes 0x50
    }
    func unknown() {
      .bytes 0x0003
    }`);
  assertEquals(
    listing(program),
    `func f0: ; name="f"
  ; args=[x=r1, r2]
  @L0:
  000000: call eff_out=r0, f0, eff_in=r0, args=[x=r1, r2], rets=[y=r3, r4]
  000010: host_call eff_out=r0, host_sig#0("sym"), eff_in=r0, args=[r3], rets=[]
  000017: call.indirect eff_out=r0, call_sig#0, callee=r5, eff_in=r0, args=[r3], rets=[r6] ; sig=[I64] -> [I64]
  000026: const.func r7 ; func#0
  000029: const.pool r8, const#0 ; str[len=11] "it\\'s \\"\\u{e9}\\"\\n\\u{1b}"
  000032: const.pool r9, const#1 ; bytes[len=2] 0x00FF
  000035: const.f64 r10 ; 1000000000000000000000 (bits=0x444B1AE4D6E2EF50)
  000045: const.f64 r11 ; -0.00000015 (bits=0xBE8421F5F40D8376)
  000055: const.f64 r12 ; NaN (bits=0x7FF8000000000000)
  000065: const.decimal r13 ; dec(mantissa=-12, scale=3)
  000069: struct.new r14, [r3] ; type#0
  000074: array.new r15, [r3, r4] ; elem_type#0
  000080: tuple.get r16, [r14] ; index=3
  000084: i64.to_dec r17, [r3] ; index=2
  000088: const.unit r18 ; ()
  000090: const.bool r19 ; true
  000093: const.i64 r20 ; -5
  000096: nop
  000097: jmp @L1
  000103: trap ; trap_code=7

func f1: ; name="broken"
  <decode error: Decode(UnexpectedEof)>

func f2: ; name="unknown"
  <decode error: UnknownOpcode { opcode: 3 }>
`,
  );
});

Deno.test("long constants are cut off in the listing only", () => {
  const program = assemble(`func f() {
    r1 = const.pool "${"é".repeat(65)}"
    r2 = const.pool bytes 0x${"ab".repeat(33)}
    ret
  }`);
  const text = listing(program);
  assertStringIncludes(text, `str[len=130] "${"\\u{e9}".repeat(64)}…"`);
  assertStringIncludes(text, `bytes[len=33] 0x${"AB".repeat(32)}…`);
  assertRoundTrip(program);
});

Deno.test("the structured view says what an instruction does", () => {
  const program = assemble(`
    host h(i64) -> (i64)
    func f(a: i64) -> (i64) {
      b = host_call h(a)
      c = call.indirect r9(a, b) as (i64, i64) -> (i64)
      br r8, end, end
    end:
      ret c
    }`);
  const list = instructions(program, 0);
  assertEquals(list.map((one) => [one.pc, one.length, one.reads, one.writes, one.index]), [
    [0, 8, [0, 1], [0, 2], 0],
    [8, 10, [9, 0, 1, 2], [0, 3], 0],
    [18, 12, [8], [], undefined],
    [30, 4, [0, 3], [], undefined],
  ]);
  assertEquals(list.map((one) => one.hostSymbol), ["h", undefined, undefined, undefined]);
  assertEquals(list[2].targets, [30, 30]);
  assertThrows(() => instructions(program, 1), RangeError, "there is no function 1");
});

// Random programs: the tables of `arbitrary_program.ts` with code that means something.

const anyU32 = fc.oneof(fc.nat(10), fc.constantFrom(127, 128, 2 ** 32 - 1));
const anyI64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyU64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const anyName = fc.constantFrom("a", "b.c", "L1", "r3", "_", "true", "", "main", "as", "eff_in");

/** A number, sometimes wider than needed. */
function anyNumber<T extends number | bigint>(value: fc.Arbitrary<T>): fc.Arbitrary<T | Padded<T>> {
  return fc.oneof({ weight: 9, arbitrary: value }, value.map((one) => new Padded(one, 10)));
}

function anyOperand(info: OperandInfo): fc.Arbitrary<Operand> {
  const reg = anyNumber(anyU32);
  switch (info.kind) {
    case "reg":
      return info.name.startsWith("eff_")
        ? fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, reg)
        : reg;
    case "regs":
      return fc.array(reg, { maxLength: 4 });
    case "uleb32":
      return anyNumber(anyU32);
    case "uleb64":
      return anyNumber(anyU64);
    case "sleb64":
      return anyNumber(anyI64);
    case "u64le":
      return anyU64;
    case "u8":
    case "bool8":
      return fc.nat(255);
  }
}

/** A step of writing a body. */
type Step = (func: FunctionBuilder) => unknown;

const JMP = MNEMONICS.get("jmp") as OpcodeInfo;

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 15,
    arbitrary: fc.constantFrom(...MNEMONICS.values()).chain((info) =>
      fc.tuple(...info.operands.map(anyOperand)).map((operands): Step => (func) =>
        func.emit(info, operands)
      )
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(30), fc.constantFrom(1, 2, 5, 10)).map(
      ([pc, width]): Step => (func) => func.emit(JMP, [new Padded(pc, width)]),
    ),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1 }).map((id): Step => (func) => func.span(id)) },
  // A list with a padded count has no notation of its own.
  fc.constant((func: FunctionBuilder) => func.bytes(Uint8Array.fromHex("600182000203"))),
  fc.uint8Array({ maxLength: 2 }).map((code): Step => (func) => func.bytes(code)),
);

const anyBody = fc.record({
  steps: fc.array(anyStep, { maxLength: 12 }),
  ownSpans: fc.boolean(),
});

const anyProgram: fc.Arbitrary<Program> = fc.record({
  base: arbitraryProgram,
  names: fc.array(anyName, { maxLength: 5 }),
  bodies: fc.array(anyBody, { minLength: 4, maxLength: 4 }),
  repeat: fc.nat(2),
}).map(({ base, names, bodies, repeat }) => {
  const twice = <T>(list: readonly T[]) => [...list, ...list.slice(0, repeat)];
  const functions = base.functions.map((func, id) => {
    const { steps, ownSpans } = bodies[id];
    const builder = new ProgramBuilder().func(null).bytes(new Uint8Array(0));
    for (const step of steps) step(builder);
    const written = builder.finish().func;
    return {
      ...func,
      code: written.code,
      spans: ownSpans ? written.spans : func.spans,
      regCount: ownSpans ? written.regCount : func.regCount,
    };
  });
  return {
    ...base,
    functions,
    symbols: base.symbols.map((text, id) => id === 0 ? text : names[id - 1] ?? text),
    constants: twice(base.constants),
    arrayElems: twice(base.arrayElems),
    callSigs: twice(base.callSigs),
    hostSigs: twice(base.hostSigs),
    labelNames: base.labelNames
      .map((label) => ({ ...label, pc: label.pc % (functions[label.func].code.length + 1) }))
      .sort((a, b) => a.func - b.func || a.pc - b.pc || a.symbol - b.symbol),
  };
});

Deno.test("random programs survive text", () => {
  fc.assert(fc.property(anyProgram, (program) => assertRoundTrip(program)), { numRuns: 800 });
});

Deno.test("printing what was assembled from a listing changes nothing", () => {
  fc.assert(
    fc.property(anyProgram, (program) => {
      const text = disassemble(program);
      assertEquals(disassemble(assemble(text)), text);
    }),
    { numRuns: 300 },
  );
});

Deno.test("any text gives a program or an error with a place", () => {
  const pieces = Deno.readTextFileSync(`${EXAMPLES}closures.tape`).match(/\s+|\w+|./g) ?? [];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(pieces.length - 1), fc.nat(pieces.length - 1)), { maxLength: 3 }),
      (swaps) => {
        const text = [...pieces];
        for (const [a, b] of swaps) [text[a], text[b]] = [text[b], text[a]];
        try {
          assemble(text.join(""));
        } catch (error) {
          assertEquals((error as Error).name, "AssembleError");
        }
      },
    ),
    { numRuns: 500 },
  );
});
