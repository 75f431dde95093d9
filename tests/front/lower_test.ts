/**
 * What golden files and the corpus do not show: signatures, numbering, checks that constants make
 * unnecessary, entries in the middle, large call tables, refusals.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { constantWords } from "../../src/front/constants.ts";
import { LowerError } from "../../src/front/lower_error.ts";
import { areaWords } from "../../src/front/requests.ts";
import { irSignature } from "../../src/front/signature.ts";
import { lowerFunction, lowerLoop, unsupported } from "../../src/front/tape.ts";
import { trapCodeNumber, TrapNumber, trapReason } from "../../src/front/traps.ts";
import { Heap } from "../../src/heap/heap.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { createHost } from "../../src/interp/host.ts";
import type { Limits } from "../../src/interp/limits.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { OP_NAMES, Type } from "../../src/ir/opcodes.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { assemble } from "../../src/tape/assemble.ts";
import { instructionAt } from "../../src/tape/blocks.ts";
import { ProgramBuilder } from "../../src/tape/builder.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import { OPCODES } from "../../src/tape/opcodes.ts";
import type { Program } from "../../src/tape/program.ts";
import { closure, f64, func, i64, tuple, u64, type Value } from "../../src/tape/value.ts";
import { verify } from "../../src/tape/verify.ts";
import { corpusFile, corpusFiles } from "../harness/corpus.ts";
import { IrProgram, runIr } from "./run_ir.ts";

const { I32, I64, F64 } = Type;

function load(text: string): IrProgram {
  return new IrProgram(verify(assemble(text)));
}

/** Runs `entry` as IR and in the interpreter; both must say the same. */
function agree(
  program: IrProgram,
  entry: number,
  args: readonly Value[],
  limits: Partial<Limits> = {},
): unknown {
  const outcome = runIr(program, entry, args, limits);
  const expected = createInterpreter(program.verified, createHost()).run(entry, args, { limits });
  assertEquals(outcome, expected);
  return outcome.ok ? outcome.values.map((value) => (value as { value?: unknown }).value) : outcome;
}

/** Names of the operations of a function in layout order. */
function operations(f: Func): string[] {
  const names: string[] = [];
  for (let block = 0; block >= 0; block = f.blockNext[block]) {
    for (let v = f.firstInst(block); v >= 0; v = f.next[v]) names.push(OP_NAMES[f.op[v]]);
  }
  return names;
}

Deno.test("signatures: a value for each register word", () => {
  const types = [
    "unit",
    "bool",
    "i64",
    "u64",
    "f64",
    "dec",
    "bytes",
    "str",
    "agg",
    "func",
  ] as const;
  assertEquals(irSignature({ args: [...types, "closure", "obj(7)"], results: ["dec", "unit"] }), {
    params: [I32, I64, I64, F64, I64, I64, I64, I64, I64, I32, I64, I64],
    results: [I64, I64],
  });
});

Deno.test("every trap number means one thing", () => {
  const seen = Object.values(TrapNumber).map((number) => JSON.stringify(trapReason(number)));
  assertEquals(new Set(seen).size, seen.length);
  for (const [name, number] of Object.entries(TrapNumber)) {
    const reason = trapReason(number);
    assertEquals(reason.kind === "AggError" ? reason.error : reason.kind, name);
  }
  for (const code of [0, 1, 255, 256, 0x7fff_ffff, 0xffff_ffff]) {
    assertEquals(trapReason(trapCodeNumber(code)), { kind: "TrapCode", code });
    assertEquals(trapReason(trapCodeNumber(code | 0)), { kind: "TrapCode", code });
  }
  assertThrows(() => trapReason(0), Error, "trap number 0 does not exist");
});

Deno.test("constants lie where the heap puts them", () => {
  const { program } = verify(assemble(`
    func main() -> (str, bytes, str, i64, str) {
      a = const.pool "é😀"
      b = const.pool bytes 0x0102
      c = const.pool ""
      d = const.pool i64 5
      e = const.pool "end"
      ret a, b, c, d, e
    }
  `));
  const words = constantWords(program), heap = new Heap(program.constants);
  let texts = 0;
  program.constants.forEach((constant, index) => {
    assertEquals(words[2 * index + 1], heap.constantLength(index));
    if (words[2 * index + 1] === 0) return assertEquals(words[2 * index], 0);
    assertEquals(words[2 * index], heap.constantOffset(index), constant.type);
    texts++;
  });
  assertEquals(texts, 3);
});

Deno.test("the area has room for every entry and host call", () => {
  const { program } = verify(assemble(`
    host h.f(dec, dec, unit, bool) -> (i64)
    func main(a: i64) -> (i64, i64) { ret a, a }
  `));
  assertEquals(areaWords(program), 5);
});

const MIN = -(1n << 63n), MAX = (1n << 63n) - 1n, UMAX = (1n << 64n) - 1n;

Deno.test("division with every kind of constant operand is the interpreter's", () => {
  const edges = [0n, 1n, -1n, 2n, -7n, MIN, MIN + 1n, MAX, 1n << 32n];
  const builder = new ProgramBuilder();
  const cases: { id: number; type: "i64" | "u64"; known: bigint; left: boolean }[] = [];
  for (const op of ["i64.div", "i64.rem", "u64.div", "u64.rem"] as const) {
    const type = op.slice(0, 3) as "i64" | "u64";
    for (const edge of edges) {
      const known = type === "i64" ? edge : BigInt.asUintN(64, edge);
      for (const left of [true, false]) {
        const f = builder.func(`f${cases.length}`, { args: [type], results: [type] });
        const [x] = f.args, [k, r] = f.regs(2);
        f.op(type === "i64" ? "const.i64" : "const.u64", k, known);
        f.op(op, r, left ? k : x, left ? x : k).op("ret", [r]);
        cases.push({ id: cases.length, type, known, left });
      }
    }
  }
  const program = new IrProgram(verify(builder.build()));
  for (const { id, type } of cases) {
    for (const edge of edges) {
      agree(program, id, [type === "i64" ? i64(edge) : u64(BigInt.asUintN(64, edge))]);
    }
  }
});

Deno.test("conversions of every edge, constant or not, are the interpreter's", () => {
  const numbers = [0, -0, 0.5, -0.5, -1, 2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 64, 1e300, -1e-300];
  for (const near of [2 ** 63, -(2 ** 63), 2 ** 64]) {
    numbers.push(near * (1 - 2 ** -53), near * (1 + 2 ** -52));
  }
  numbers.push(NaN, Infinity, -Infinity);
  const program = load(`
    func f64_i64(x: f64) -> (i64) { r = f64.to_i64 x  ret r }
    func f64_u64(x: f64) -> (u64) { r = f64.to_u64 x  ret r }
    func u64_i64(x: u64) -> (i64) { r = u64.to_i64 x  ret r }
    func i64_u64(x: i64) -> (u64) { r = i64.to_u64 x  ret r }
    func i64_dec(x: i64) -> (dec) { r = i64.to_dec x, 2  ret r }
    func u64_dec(x: u64) -> (dec) { r = u64.to_dec x, 2  ret r }
    func i64_dec0(x: i64) -> (dec) { r = i64.to_dec x, 0  ret r }
    func u64_dec0(x: u64) -> (dec) { r = u64.to_dec x, 0  ret r }
    func u64_dec18(x: u64) -> (dec) { r = u64.to_dec x, 18  ret r }
    func i64_dec18(x: i64) -> (dec) { r = i64.to_dec x, 18  ret r }
  `.replaceAll("  ret", "\n      ret"));
  for (const x of numbers) {
    agree(program, 0, [f64(x)]);
    agree(program, 1, [f64(x)]);
  }
  const limit = MAX / 100n;
  for (
    const x of [0n, 1n, -1n, 9n, 10n, -9n, -10n, limit, limit + 1n, -limit, -limit - 1n, MIN, MAX]
  ) {
    for (const id of [3, 4, 6, 9]) agree(program, id, [i64(x)]);
    for (const id of [2, 5, 7, 8]) agree(program, id, [u64(BigInt.asUintN(64, x))]);
  }
  agree(program, 2, [u64(UMAX)]);
});

Deno.test("a check that a constant makes unnecessary does not end a segment", () => {
  const program = load(`
    func main(a: u64, b: i64) -> (u64, i64, u64) {
      three = const.u64 3
      q = u64.div a, three
      minus = const.i64 -3
      r = i64.rem b, minus
      five = const.i64 5
      u = i64.to_u64 five
      ret q, r, u
    }
  `);
  const f = program.func(0);
  assertEquals(operations(f).filter((name) => name === "fuel").length, 1);
  assert(!operations(f).includes("trap_if"));
  assertEquals(f.sites.length, 1);
  assertEquals(f.sites[0].pcs.length, 7);
  agree(program, 0, [u64(20), i64(-7)]);
});

Deno.test("elements of aggregates made in the function need no loads", () => {
  const program = load(`
    struct P { x: i64, y: dec, u: unit, b: bool }
    func main(x: i64, y: dec, b: bool) -> (i64, dec, unit, bool, u64) {
      u = const.unit
      p = struct.new P, x, y, u, b
      x1 = struct.get p, P.x
      y1 = struct.get p, P.y
      u1 = struct.get p, P.u
      b1 = struct.get p, P.b
      n = struct.field_count p
      ret x1, y1, u1, b1, n
    }
    func beyond(x: i64) -> (i64) {
      list = array.new i64, x
      y = array.get_imm list, 1
      ret y
    }
  `);
  assert(!operations(program.func(0)).some((name) => name.startsWith("hload")));
  const price: Value = { type: "dec", mantissa: 5n, scale: 1 };
  agree(program, 0, [i64(1), price, { type: "bool", value: true }]);
  const { trap } = agree(program, 1, [i64(1)]) as { trap: { kind: string; error: string } };
  assertEquals([trap.kind, trap.error], ["AggError", "OutOfBounds"]);
});

Deno.test("empty functions take a unit of fuel and trap", () => {
  const program = new IrProgram(verify(decodeProgram(corpusFile("p/empty_body.etp"))));
  agree(program, 0, []);
  agree(program, 0, [], { fuel: 0n });
});

Deno.test("entering at a block takes what is live there", () => {
  const { verified } = load(`
    func main(n: i64, rate: dec, unused: str) -> (i64, dec, bool) {
      i = const.i64 0
      total = const.i64 0
      one = const.i64 1
      odd = const.bool false
      dead = const.i64 77
      jmp head
    head:
      more = i64.lt i, n
      br more, body, done
    body:
      total = i64.add total, i
      i = i64.add i, one
      odd = bool.not odd
      jmp head
    done:
      ret total, rate, odd
    }
  `);
  const { func: f, words } = lowerLoop(verified, 0, 1);
  assertValid(f, "lowering", { rejectUnreachable: true });
  // Words: n 0, rate 1 and 2, unused 3, i 4, total 5, one 6, odd 7, dead 8, more 9.
  assertEquals([...words], [0, 1, 2, 4, 5, 6, 7]);
  assertEquals(f.paramTypes, [I64, I64, I64, I64, I64, I64, I32]);
  const { outcome, machine } = evaluate(f, [5n, 125n, 2n, 3n, 3n, 1n, 1n], { fuel: 100n });
  assertEquals(outcome, { kind: "return", values: [10n, 125n, 2n, 1n] });
  assertEquals(100n - machine.fuel, 2n * 6n + 3n);
  // From the last block on, only what it returns is left.
  assertEquals([...lowerLoop(verified, 0, 3).words], [1, 2, 5, 7]);
});

Deno.test("entering at the first block is entering the function", () => {
  const { verified } = load(`
    func main(n: i64) -> (i64) {
    head:
      one = const.i64 1
      n = i64.sub n, one
      zero = const.i64 0
      more = i64.gt n, zero
      br more, head, done
    done:
      ret n
    }
  `);
  const { func: f, words } = lowerLoop(verified, 0, 0);
  assertValid(f, "lowering", { rejectUnreachable: true });
  assertEquals([...words], [0]);
  assertEquals(evaluate(f, [4n]).outcome, { kind: "return", values: [0n] });
});

Deno.test("every reachable block of some corpus programs can be entered", () => {
  let entered = 0;
  for (const file of corpusFiles().filter((name) => /\/(perf_|hot_0[0-3]|rnd_0[0-3])/.test(name))) {
    const verified = verify(decodeProgram(corpusFile(file)));
    for (const { func, blocks } of verified.functions) {
      for (const block of blocks.order) {
        const { func: f, words } = lowerLoop(verified, func, block, { requests: true });
        assertValid(f, `entering ${file} f${func} at block ${block}`, { rejectUnreachable: true });
        assertEquals(f.paramTypes.length, words.length);
        entered++;
      }
    }
  }
  assert(entered > 1000, `only ${entered}`);
});

/** 150 functions; those whose id `fits` take an i64, the others a bool. */
function manyFunctions(fits: (id: number) => boolean): Program {
  const text = ["sig unary = (i64) -> (i64)"];
  for (let id = 0; id < 150; id++) {
    text.push(
      fits(id)
        ? `func f${id}(x: i64) -> (i64) {\n k = const.i64 ${id}\n y = i64.add x, k\n ret y\n}`
        : id % 3 === 0
        ? `func f${id}(e: agg, x: i64) -> (i64) {\n ret x\n}`
        : `func f${id}(b: bool) -> (bool) {\n ret b\n}`,
    );
  }
  text.push("func by_func(f: func) -> (i64) {\n x = const.i64 1\n y = call.indirect f(x) as unary");
  text.push(" ret y\n}");
  text.push("func by_closure(f: closure) -> (i64) {\n x = const.i64 1");
  text.push(" y = call.indirect f(x) as unary\n ret y\n}");
  return assemble(text.join("\n"));
}

for (
  const [what, fits] of [
    ["none", () => false],
    ["one run", (id: number) => id >= 40 && id < 100],
    ["few, low ids", (id: number) => id === 3 || id === 63],
    ["scattered", (id: number) => id * 7 % 5 === 2],
  ] as const
) {
  Deno.test(`indirect calls in a program of 150 functions, fitting: ${what}`, () => {
    const program = new IrProgram(verify(manyFunctions(fits)));
    let fitting = 0;
    for (const id of [...Array(152).keys(), 64 + 64, 1000, 0xffff_ffff]) {
      const result = agree(program, 150, [func(id)]);
      agree(program, 151, [closure(id, tuple())]);
      agree(program, 150, [func(id)], { maxCallDepth: 1 });
      if (fits(id) && id < 150) {
        assertEquals(result, [1n + BigInt(id)]);
        fitting++;
      }
    }
    assertEquals(fitting > 0, what !== "none");
  });
}

Deno.test("a result register listed twice with different types is refused, not miscompiled", () => {
  const builder = new ProgramBuilder();
  const callee = builder.func("two", { args: [], results: ["i64", "bool"] });
  const [a, b] = callee.regs(2);
  callee.op("const.i64", a, 1).op("const.bool", b, true).op("ret", [a, b]);
  const caller = builder.func("main", { args: [], results: [] });
  const [r] = caller.regs(1);
  caller.op("call", callee.id, [], [r, r]).op("ret", []);
  const verified = verify(builder.build());
  assertEquals(unsupported(verified, 0), undefined);
  assertEquals(unsupported(verified, 1)?.mnemonic, "call");
  const error = assertThrows(() => lowerFunction(verified, 1), LowerError, "listed twice");
  assertEquals([error.func, error.instruction.opcode, error.instruction.pc], [1, 0x50, 0]);
});

Deno.test("without a dispatcher, exactly the instructions that make requests are refused", () => {
  const { verified } = load(`
    host h.f() -> ()
    sig s = () -> ()
    func host() -> () { host_call h.f()
      ret }
    func indirect(f: func) -> () { call.indirect f() as s
      ret }
    func concat(a: str) -> (str) { b = str.concat a, a
      ret b }
    func tuples(a: str) -> (agg) { t = tuple.new a
      ret t }
    func texts(a: bytes) -> (str) { b = bytes.to_str a
      ret b }
    func plain(t: tuple(i64), s: str) -> (i64, u64) { a = tuple.get t, 0
      n = str.len s
      ret a, n }
  `);
  const found = verified.functions.map(({ func }) => unsupported(verified, func)?.mnemonic);
  assertEquals(found, [
    "host_call",
    "call.indirect",
    "str.concat",
    "tuple.new",
    "bytes.to_str",
    undefined,
  ]);
  assertThrows(() => lowerFunction(verified, 3), LowerError, "function 3 cannot be compiled");
});

Deno.test("labels of the dispatching switch are the opcodes they say", () => {
  const text = Deno.readTextFileSync(new URL("../../src/front/dispatch.ts", import.meta.url)) +
    Deno.readTextFileSync(new URL("../../src/front/tape.ts", import.meta.url));
  const seen = new Set<number>();
  for (const [, hex, name] of text.matchAll(/case (0x[0-9a-f]{2}): \/\/ ([\w.]+)/g)) {
    assertEquals(OPCODES.get(Number(hex))?.mnemonic, name);
    seen.add(Number(hex));
  }
  assertEquals([...OPCODES.keys()].filter((opcode) => !seen.has(opcode)), []);
});

Deno.test("pcs of a segment are those of its instructions", () => {
  const { verified } = load("func main(a: i64, b: i64) -> (i64) {\n c = i64.div a, b\n ret c\n}");
  const f = lowerFunction(verified, 0), { code } = verified.functions[0];
  for (const { pcs } of f.sites) for (const pc of pcs) assert(instructionAt(code, pc) >= 0);
  assertEquals(f.sites.filter(({ kind }) => kind === "fuel").map(({ pcs }) => pcs.length), [1, 1]);
});
