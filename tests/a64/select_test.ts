/**
 * What the A64 back end makes of whole functions: listings of the shared inputs and of its own, and
 * every fold of one instruction into another, run against the evaluator.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { type A64Function, compileA64 } from "../../src/a64/compile.ts";
import { disassemble, disassembleCode } from "../../src/a64/disasm.ts";
import { Mop } from "../../src/a64/ops.ts";
import { a64Stubs } from "../../src/a64/stubs.ts";
import { checkAllocation } from "../../src/codegen/check.ts";
import { SharedMop } from "../../src/codegen/shared_ops.ts";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";
import { parseAll } from "../../src/ir/parse.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { randomProgram } from "../codegen/random_ir.ts";
import { disassemble as objdump, hasTool } from "../harness/binutils.ts";
import { A64Machine, type BatchCase, HEAP_AT, RUNS_A64 } from "../harness/run_a64.ts";

const { I32, I64, F32, F64 } = Type;
const GOLDEN = new URL("../golden/a64/", import.meta.url).pathname;

function words(code: Uint8Array): Int32Array {
  return new Int32Array(code.slice().buffer);
}

/** Instructions with the guest pcs they begin at; tables and literals in words. */
function listing({ code, thunk, pcMap, data }: A64Function): string {
  const lines: string[] = [];
  const all = words(code);
  let next = 0;
  for (let at = 0; at < code.length; at += 4) {
    for (; next < pcMap.length && pcMap[next] <= at; next += 2) {
      lines.push(`; pc ${pcMap[next + 1]}`);
    }
    if (at === thunk) lines.push("; thunk");
    const word = all[at / 4];
    const text = isData(data, at)
      ? `.word 0x${(word >>> 0).toString(16).padStart(8, "0")}`
      : disassemble(word, at);
    lines.push(`${at.toString(16).padStart(4)}: ${text}`);
  }
  return lines.join("\n");
}

function isData(data: readonly number[], at: number): boolean {
  for (let k = 0; k < data.length; k += 2) if (at >= data[k] && at < data[k + 1]) return true;
  return false;
}

const INPUTS = [
  ...["loops", "calls", "integers", "floats"].map((name) => `../codegen/inputs/${name}.ir`),
  "inputs/folds.ir",
];
for (const input of INPUTS) {
  const name = /(\w+)\.ir$/.exec(input)![1];
  Deno.test(`compileA64() makes the expected code of ${name}.ir`, (t) => {
    const text = Deno.readTextFileSync(new URL(input, import.meta.url));
    const parts = parseAll(text).map((func, index) => {
      assertValid(func, `input ${name}`);
      const compiled = compileA64(func, index, { onAllocated: checkAllocation });
      return `== ${func.name}, frame ${compiled.frameBytes}\n${listing(compiled)}\n`;
    });
    assertSnapshot(t, parts.join("\n"), { path: `${GOLDEN}${name}.txt` });
  });
}

Deno.test("a64Stubs() makes the expected code", (t) => {
  const { code, start, leave, fuelOut } = a64Stubs();
  assertEquals(start, 0);
  const names = new Map([[leave, "leave:\n"], [fuelOut, "fuelOut:\n"]]);
  const lines = disassembleCode(words(code)).map((line) =>
    (names.get(parseInt(line, 16)) ?? "") + line
  );
  assertSnapshot(t, lines.join("\n") + "\n", { path: `${GOLDEN}stubs.txt` });
});

Deno.test("the emitter's case labels are the numbers of their names", () => {
  const source = Deno.readTextFileSync(new URL("../../src/a64/emit.ts", import.meta.url));
  const seen = new Map<string, number>();
  for (const [, label, name] of source.matchAll(/case (0x[0-9a-f]+):(?: \{)? \/\/ a64\.(\w+)/g)) {
    seen.set(name, Number(label));
  }
  assertEquals(seen, new Map(Object.entries({ ...Mop, ...SharedMop })));
});

/** Instruction words of some random programs. */
function randomWords(): Int32Array {
  const all: number[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    for (const [index, func] of randomProgram(seed).entries()) {
      const { code, data } = compileA64(func, index);
      words(code).forEach((word, k) => {
        if (!isData(data, 4 * k)) all.push(word);
      });
    }
  }
  return Int32Array.from(all);
}

Deno.test("compileA64() emits nothing that cannot be read back", () => {
  const lines = disassembleCode(randomWords());
  assert(lines.length > 10_000, `only ${lines.length} instructions`);
  assertEquals(lines.filter((line) => line.includes(".inst")), []);
});

Deno.test({
  name: "objdump reads emitted code as the disassembler does" +
    (hasTool("a64") ? "" : " (skipped: no binutils)"),
  ignore: !hasTool("a64"),
  fn: async () => {
    const all = randomWords();
    assertEquals(disassembleCode(all), await objdump("a64", new Uint8Array(all.buffer)));
  },
});

// ---- every fold, run

/** Arguments that show a wrong shift, width, sign or order. */
const ARGS: readonly bigint[][] = [
  [0n, 0n, 0n],
  [0x8765_4321_89ab_cdefn, 0x7fff_ffff_8000_0001n, 0x0123_4567_f0f0_0f0fn],
  [0xffff_ffff_ffff_ffffn, 1n, 0x8000_0000_0000_0000n],
  [0x40n, 0xffff_ffff_ffff_fffdn, 0x7fff_ffff_ffff_ffffn],
  [0x8000_0000_8000_0000n, 0x8000_0000_8000_0000n, 0xffff_ffff_0000_0001n],
];

/** Builds functions of the parameters (i64, i64, i64) that return up to eight values each. */
class Cases {
  readonly funcs: Func[] = [];
  #b: FuncBuilder | null = null;
  #results: number[] = [];

  /** Adds a value; `make` gets the builder and the parameters cut to `type`. */
  add(type: number, make: (b: FuncBuilder, x: number, y: number, z: number) => number): void {
    // Results are declared up front: eight i64, padded with zeros at the end.
    this.#b ??= new FuncBuilder("folds", [I64, I64, I64], new Array(8).fill(I64));
    const b = this.#b;
    const cut = (v: number) => type === I32 ? b.unary(Op.wrap, v, I32) : v;
    const value = make(b, cut(0), cut(1), cut(2));
    this.#results.push(b.func.type[value] === I32 ? b.unary(Op.extend_u, value, I64) : value);
    if (this.#results.length === 8) this.#close();
  }

  #close(): void {
    const b = this.#b!;
    while (this.#results.length < 8) this.#results.push(b.i64(0n));
    b.ret(this.#results);
    this.funcs.push(b.finish());
    this.#b = null;
    this.#results = [];
  }

  /** Compiles and runs everything and compares with the evaluator. */
  async check(): Promise<void> {
    if (this.#b !== null) this.#close();
    await using machine = await A64Machine.start();
    const { funcs } = this;
    const heap = new ArrayBuffer(1 << 17);
    new Uint8Array(heap).forEach((_, k, bytes) => bytes[k] = k * 73);
    machine.writeHeap(0, new Uint8Array(heap));
    const expected = funcs.map((f) =>
      ARGS.map((args) => evaluate(f, args, { heap, heapBase: BigInt(HEAP_AT) }).outcome)
    );
    const compiled = funcs.map((f, k) => compileA64(f, k, { onAllocated: checkAllocation }));
    machine.load(compiled);
    const cases: BatchCase[] = funcs.flatMap(({ paramTypes, resultTypes }, index) =>
      ARGS.map((args) => ({ index, paramTypes, resultTypes, args }))
    );
    const outcomes = await machine.runBatch(cases);
    outcomes.forEach(({ outcome }, k) => {
      const index = cases[k].index;
      assertEquals(
        outcome,
        expected[index][k % ARGS.length],
        `with ${cases[k].args}\n${listing(compiled[index])}`,
      );
    });
  }
}

function constant(b: FuncBuilder, type: number, value: bigint): number {
  return type === I32 ? b.i32(Number(BigInt.asIntN(32, value))) : b.i64(BigInt.asIntN(64, value));
}

const INTS = [I32, I64];
const OUTER = [Op.iadd, Op.isub, Op.iand, Op.ior, Op.ixor, Op.imul];
const CONSTANTS = [
  ...[0n, 1n, -1n, 2n, 7n, 8n, 0xffn, 0x100n, -0x100n, 0xfffn, 0x1000n, 0x1001n, -0x1000n],
  ...[0xfff000n, 0x100_0000n, -0xfff000n, 0x5555_5555_5555_5555n, 0x7fff_ffffn, 0x8000_0000n],
  ...[0xffff_ffffn, 0x1_0000_0000n, -0x8000_0000n, 0x0f0f_0f0fn, 0x1234_5678_9abc_def0n],
  ...[0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n, 0xffff_0000_0000_ffffn],
];

Deno.test(
  { name: "shifted, extended, inverted and multiplied operands", ...RUNS_A64 },
  async () => {
    const cases = new Cases();
    for (const type of INTS) {
      const inner: ((b: FuncBuilder, x: number, y: number) => number)[] = [
        (b, x) => b.unary(Op.inot, x),
        (b, x) => b.unary(Op.ineg, x),
        (b, x, y) => b.binary(Op.imul, x, y),
      ];
      for (const op of [Op.ishl, Op.ushr, Op.sshr, Op.rotl, Op.rotr]) {
        for (const amount of [0n, 1n, 3n, 31n, 32n, 63n, 64n]) {
          inner.push((b, x) => b.binary(op, x, constant(b, type, amount)));
        }
      }
      if (type === I64) {
        inner.push((b, x) => b.unary(Op.extend_s, b.unary(Op.wrap, x, I32), I64));
        inner.push((b, x) => b.unary(Op.extend_u, b.unary(Op.wrap, x, I32), I64));
        inner.push((b, x) => b.unary(Op.sext32, x, I64));
      }
      for (const make of inner) {
        for (const op of OUTER) {
          cases.add(type, (b, x, y, z) => b.binary(op, z, make(b, x, y)));
          cases.add(type, (b, x, y, z) => b.binary(op, make(b, x, y), z));
          cases.add(type, (b, x, y) => b.binary(op, make(b, x, y), make(b, y, x)));
          cases.add(type, (b, x, y) => b.binary(op, constant(b, type, 0n), make(b, x, y)));
          cases.add(type, (b, x, y) => {
            const big = constant(b, type, 0x1234_5678_9abc_def0n);
            return b.binary(op, make(b, x, y), big);
          });
        }
        for (const cond of [0, 3, 4, 6, 8]) {
          cases.add(type, (b, x, y, z) => b.icmp(cond, z, make(b, x, y)));
          cases.add(type, (b, x, y) => {
            const big = constant(b, type, 0x1234_5678_9abc_def0n);
            return b.icmp(cond, big, make(b, x, y));
          });
        }
      }
    }
    await cases.check();
  },
);

Deno.test({ name: "immediate operands of every operation", ...RUNS_A64 }, async () => {
  const cases = new Cases();
  const ops = [...OUTER, Op.ishl, Op.ushr, Op.sshr, Op.rotl, Op.rotr, Op.umulh, Op.smulh];
  for (const type of INTS) {
    for (const value of CONSTANTS) {
      for (const op of ops) {
        cases.add(type, (b, x) => b.binary(op, x, constant(b, type, value)));
        cases.add(type, (b, x) => b.binary(op, constant(b, type, value), x));
      }
      for (const op of [Op.sadd_ovf, Op.ssub_ovf, Op.smul_ovf]) {
        cases.add(type, (b, x) => b.binary(op, x, constant(b, type, value), I32));
      }
      for (let amount = 0n; amount < 64n; amount += 7n) {
        cases.add(type, (b, x) => {
          const shifted = b.binary(Op.ushr, x, constant(b, type, amount));
          return b.binary(Op.iand, shifted, constant(b, type, value));
        });
      }
    }
  }
  await cases.check();
});

Deno.test({ name: "constants of every shape", ...RUNS_A64 }, async () => {
  const cases = new Cases();
  const quarters = [0n, 0xffffn, 0x1234n, 0xfffen, 0xff00n];
  for (const a of quarters) {
    for (const b of quarters) {
      cases.add(I32, (builder) => constant(builder, I32, a << 16n | b));
      cases.add(I32, (builder) => {
        const float = builder.f32Bits(Number(BigInt.asIntN(32, a << 16n | b)));
        return builder.unary(Op.bitcast, float, I32);
      });
      for (const c of quarters) {
        for (const d of quarters) {
          const bits = a << 48n | b << 32n | c << 16n | d;
          cases.add(I64, (builder) => constant(builder, I64, bits));
          cases.add(I64, (builder) => {
            const lo = Number(BigInt.asIntN(32, bits)), hi = Number(BigInt.asIntN(32, bits >> 32n));
            return builder.unary(Op.bitcast, builder.f64Bits(lo, hi), I64);
          });
        }
      }
    }
  }
  for (let high = 0n; high < 256n; high++) {
    // All exponents near those of `fmov`, with and without more digits than it has.
    cases.add(I64, (b) => b.unary(Op.bitcast, b.f64Bits(0, Number(0x3f0n + high) << 20), I64));
    cases.add(I64, (b) => b.unary(Op.bitcast, b.f64Bits(0, 0x3ff0_8000 + Number(high)), I64));
    cases.add(I32, (b) => b.unary(Op.bitcast, b.f32Bits(Number(high) << 23 | 0x48_0000), I32));
  }
  await cases.check();
});

Deno.test({ name: "comparisons into every user", ...RUNS_A64 }, async () => {
  const cases = new Cases();
  type Compare = (b: FuncBuilder, x: number, y: number) => number;
  for (const type of INTS) {
    const compares: Compare[] = [];
    for (let cond = 0; cond < 10; cond++) {
      compares.push((b, x, y) => b.icmp(cond, x, y));
      for (const value of [0n, 1n, -1n, 0x1000n, -0x1001n, 0x7fff_ffff_ffffn]) {
        compares.push((b, x) => b.icmp(cond, x, constant(b, type, value)));
        compares.push((b, x) => b.icmp(cond, constant(b, type, value), x));
      }
      const masks: Compare[] = [
        (b, x, y) => b.binary(Op.iand, x, y),
        (b, x, y) => b.binary(Op.iand, b.unary(Op.inot, x), y),
        (b, x, y) => b.binary(Op.iand, x, b.binary(Op.ushr, y, constant(b, type, 5n))),
        ...[1n, 0x80n, 0x8000_0000n, -0x8000_0000_0000_0000n, 0xff0n, 0x1234_5678n, -1n]
          .map((mask): Compare => (b, x) => b.binary(Op.iand, x, constant(b, type, mask))),
      ];
      for (const mask of masks) {
        compares.push((b, x, y) => b.icmp(cond, mask(b, x, y), constant(b, type, 0n)));
      }
    }
    for (const op of [Op.sadd_ovf, Op.ssub_ovf, Op.smul_ovf]) {
      compares.push((b, x, y) => b.binary(op, x, y, I32));
    }
    if (type === I32) compares.push((b, x, y) => b.binary(Op.iand, x, y), (_, x) => x);
    for (const compare of compares) {
      cases.add(type, compare);
      cases.add(type, (b, x, y, z) => b.select(compare(b, x, y), z, x));
      cases.add(type, (b, x, y, z) => {
        const flipped = b.binary(Op.ixor, compare(b, x, y), b.i32(1));
        return b.select(flipped, z, x);
      });
      cases.add(type, (b, x, y, z) => {
        const chosen = b.select(
          compare(b, x, y),
          b.unary(Op.fcvt_from_sint, z, F64),
          b.f64Bits(0, 0x4008_0000),
        );
        return b.unary(Op.bitcast, chosen, I64);
      });
      cases.add(type, (b, x, y) => {
        const then = b.createBlock(), otherwise = b.createBlock(), join = b.createBlock();
        const result = b.addBlockParam(join, I32);
        b.brIf(compare(b, x, y), then, otherwise);
        for (const [block, value] of [[then, 11], [otherwise, 22]]) {
          b.seal(block);
          b.switchTo(block);
          b.jump(join, [b.i32(value)]);
        }
        b.seal(join);
        b.switchTo(join);
        return result;
      });
    }
    for (const then of [0n, 1n, -1n, 5n]) {
      for (const otherwise of [0n, 1n, -1n, 6n]) {
        cases.add(type, (b, x, y) =>
          b.select(
            b.icmp(2, x, y),
            constant(b, type, then),
            constant(b, type, otherwise),
          ));
      }
      cases.add(type, (b, x, y, z) => b.select(b.icmp(2, x, y), constant(b, type, then), z));
      cases.add(type, (b, x, y, z) => b.select(b.icmp(2, x, y), z, constant(b, type, then)));
    }
  }
  await cases.check();
});

Deno.test({ name: "float comparisons into every user", ...RUNS_A64 }, async () => {
  const cases = new Cases();
  for (const [type, int] of [[F32, I32], [F64, I64]]) {
    const values = type === F32
      ? [0, 0x8000_0000, 0x3f80_0000, 0x7fc0_0000, 0x7f80_0001, 0xff80_0000].map(BigInt)
      : [0n, 1n << 63n, 0x3ff0n << 48n, 0x7ff8n << 48n, 0x7ff0_0000_0000_0001n, 0xfff0n << 48n];
    // Constants in registers, so that zeros do not become immediates unless asked for.
    const hidden = (b: FuncBuilder, bits: bigint, z: number) => {
      const zero = b.binary(Op.ixor, z, b.unary(Op.copy, z));
      return b.unary(Op.bitcast, b.binary(Op.ior, zero, constant(b, int, bits)), type);
    };
    const literal = (b: FuncBuilder, bits: bigint) => {
      const lo = Number(BigInt.asIntN(32, bits)), hi = Number(BigInt.asIntN(32, bits >> 32n));
      return type === F32 ? b.f32Bits(lo) : b.f64Bits(lo, hi);
    };
    for (let cond = 0; cond < 8; cond++) {
      for (const p of values) {
        for (const q of values) {
          cases.add(int, (b, x) => b.fcmp(cond, hidden(b, p, x), hidden(b, q, x)));
          cases.add(int, (b, x, y, z) => {
            const compared = b.fcmp(cond, hidden(b, p, x), literal(b, q));
            return b.select(b.binary(Op.ixor, compared, b.i32(1)), y, z);
          });
          cases.add(
            int,
            (b, x, y, z) => b.select(b.fcmp(cond, literal(b, p), hidden(b, q, x)), y, z),
          );
        }
      }
    }
    for (const op of [Op.fmin, Op.fmax, Op.fminnum, Op.fmaxnum, Op.fcopysign]) {
      for (const p of values) {
        for (const q of values) {
          cases.add(
            int,
            (b, x) => b.unary(Op.bitcast, b.binary(op, hidden(b, p, x), hidden(b, q, x)), int),
          );
        }
      }
    }
  }
  await cases.check();
});

/** Around the ends of what the scaled and the unscaled forms reach. */
const DISPLACEMENTS = [
  ...[-2000, -257, -256, -8, -1, 0, 1, 2, 4, 8, 255, 256, 257, 504, 4095, 4096, 8190, 8192],
  ...[16380, 16384, 32760, 32761, 32768, 70_000],
];

Deno.test({ name: "addresses of loads", ...RUNS_A64 }, async () => {
  const cases = new Cases();
  const loads = [
    ...[[Op.load8u, I32], [Op.load8s, I32], [Op.load8s, I64], [Op.load16u, I64], [Op.load16s, I32]],
    ...[[Op.load16s, I64], [Op.load32, I32], [Op.load32u, I64], [Op.load32s, I64]],
    ...[[Op.load64, I64], [Op.loadf32, F32], [Op.loadf64, F64]],
  ];
  const bits = (b: FuncBuilder, v: number) => {
    const type = b.func.type[v];
    return type === F32 || type === F64 ? b.unary(Op.bitcast, v, type === F32 ? I32 : I64) : v;
  };
  for (const [op, type] of loads) {
    for (const displacement of DISPLACEMENTS) {
      cases.add(I64, (b, x) => {
        const low = b.unary(Op.wrap, b.binary(Op.iand, x, b.i64(63n)), I32);
        const offset = b.binary(Op.iadd, low, b.i32(2048));
        return bits(b, b.load(op + 0x10, type, offset, displacement));
      });
      cases.add(I64, (b) => bits(b, b.load(op + 0x10, type, b.i32(2040), displacement)));
      for (const constantOffset of [0n, 5n, 16n, -8n, 100_000n]) {
        cases.add(I64, (b, x) => {
          const masked = b.binary(Op.iand, x, b.i64(56n));
          const heap = b.emit(Op.heap_base, I64);
          const base = b.binary(Op.iadd, heap, b.i64(2048n - constantOffset));
          const start = b.binary(Op.iadd, base, masked);
          const address = b.binary(Op.iadd, start, b.i64(constantOffset));
          return bits(b, b.load(op, type, address, displacement));
        });
      }
    }
    for (let shift = 0n; shift < 5n; shift++) {
      for (const swapped of [false, true]) {
        cases.add(I64, (b, x) => {
          const index = b.binary(Op.ishl, b.binary(Op.iand, x, b.i64(31n)), b.i64(shift));
          const base = b.emit(Op.heap_base, I64);
          const address = swapped ? b.binary(Op.iadd, index, base) : b.binary(Op.iadd, base, index);
          return bits(b, b.load(op, type, address));
        });
      }
    }
    cases.add(I64, (b, x) => {
      const index = b.unary(Op.wrap, b.binary(Op.ior, x, b.i64(-16n)), I32);
      const base = b.binary(Op.iadd, b.emit(Op.heap_base, I64), b.i64(64n));
      return bits(b, b.load(op, type, b.binary(Op.iadd, base, b.unary(Op.extend_s, index, I64))));
    });
    cases.add(I64, (b, x) => {
      const index = b.unary(Op.sext32, b.binary(Op.ior, x, b.i64(-16n)), I64);
      const base = b.binary(Op.iadd, b.emit(Op.heap_base, I64), b.i64(64n));
      return bits(b, b.load(op, type, b.binary(Op.iadd, base, index)));
    });
  }
  await cases.check();
});
