/**
 * What lies far away in A64 code, run by qemu: heap offsets on both sides of 2 GiB and 4 GiB, stores at
 * the ends of what offsets reach, large branch tables, literals, spilt values by the hundred.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type A64Function, compileA64 } from "../../src/a64/compile.ts";
import { checkAllocation } from "../../src/codegen/check.ts";
import { FuncBuilder } from "../../src/ir/builder.ts";
import type { Func } from "../../src/ir/func.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";
import { A64Machine, type Entry, RUNS_A64 } from "../harness/run_a64.ts";

const { I32, I64, F32, F64 } = Type;

const compile = (func: Func, index = 0): A64Function =>
  compileA64(func, index, { onAllocated: checkAllocation });

function entryOf({ paramTypes, resultTypes }: Func, index = 0): Entry {
  return { index, paramTypes, resultTypes };
}

/** The word at an offset of a heap whose words hold their own offsets. */
const FAR_WORDS = [
  0x7fff_fff0,
  0x8000_0000,
  0xffff_0000,
  0xffff_fff0,
  0x1_0000_0000,
  0x1_0000_fff0,
];

Deno.test(
  { name: "heap offsets are unsigned, and displacements lead beyond 4 GiB", ...RUNS_A64 },
  async () => {
    await using machine = await A64Machine.start(2 ** 32 + 2 ** 20);
    for (const at of FAR_WORDS) {
      machine.writeHeap(at, new Uint8Array(BigUint64Array.of(BigInt(at)).buffer));
    }
    const displacements = [0, 8, 16, 0x1000, 0x7ff8, 0xfff0, 0x1_0000, 0x7fff_fff0];
    const parts: Func[] = [];
    const expected: bigint[][] = [];
    const args: bigint[] = [];
    for (const at of FAR_WORDS) {
      for (const displacement of displacements) {
        const offset = at - displacement;
        if (offset < 0 || offset > 0xffff_ffff) continue;
        const b = new FuncBuilder("far", [I32, I64], [I64, I64, I64, I64]);
        // An offset that is an argument, what is cut from a wide word, a constant, and once more with
        // the address at hand.
        const cut = b.unary(Op.wrap, 1, I32);
        const loads = [0, cut, b.i32(offset | 0), 0].map((from) =>
          b.load(Op.hload64, I64, from, displacement)
        );
        b.ret(loads);
        parts.push(b.finish());
        args.push(BigInt(offset));
        expected.push(loads.map(() => BigInt(at)));
      }
    }
    assert(parts.length > 30);
    machine.load(parts.map(compile));
    const outcomes = await machine.runBatch(
      parts.map((func, k) => ({
        ...entryOf(func, k),
        args: [args[k], args[k] | 0xdead_beef_0000_0000n],
      })),
    );
    assertEquals(
      outcomes.map(({ outcome }) => outcome),
      expected.map((values) => ({ kind: "return" as const, values })),
    );
  },
);

/** Ends of what the scaled and the unscaled forms reach, by the access's size. */
function storeDisplacements(size: number): number[] {
  const last = 4095 * size;
  return [
    -4096,
    -257,
    -256,
    -255,
    -size,
    -1,
    0,
    1,
    size,
    255,
    256,
    257,
    last - 1,
    last,
    last + size,
  ]
    .concat([last + 1, 0x1_0000, 0x1_0003]);
}

Deno.test({ name: "stores at the ends of what offsets reach", ...RUNS_A64 }, async () => {
  const BASE = 8192, END = 1 << 17;
  await using machine = await A64Machine.start();
  const stores: [op: number, type: number, size: number][] = [
    [Op.store8, I32, 1],
    [Op.store8, I64, 1],
    [Op.store16, I32, 2],
    [Op.store16, I64, 2],
    [Op.store32, I32, 4],
    [Op.store32, I64, 4],
    [Op.store64, I64, 8],
    [Op.storef32, F32, 4],
    [Op.storef64, F64, 8],
  ];
  const bits = 0x8877_6655_4433_2211n;
  for (const [op, type, size] of stores) {
    for (const isZero of [false, true]) {
      for (const isHeap of [false, true]) {
        const b = new FuncBuilder("store", [I64, I64], []);
        const zero = type === I32
          ? b.i32(0)
          : type === I64
          ? b.i64(0n)
          : type === F32
          ? b.f32Bits(0)
          : b.f64Bits(0, 0);
        const narrow = b.unary(Op.wrap, 0, I32);
        const value = isZero
          ? zero
          : type === I64
          ? 0
          : type === I32
          ? narrow
          : b.unary(Op.bitcast, type === F32 ? narrow : 0, type);
        const expected = new Uint8Array(END).fill(0x99);
        const written = new Uint8Array(BigUint64Array.of(isZero ? 0n : bits).buffer, 0, size);
        const base = b.binary(Op.iadd, b.emit(Op.heap_base, I64), 1);
        for (const displacement of storeDisplacements(size)) {
          if (isHeap) b.store(op + 0x10, b.unary(Op.wrap, 1, I32), value, displacement);
          else b.store(op, base, value, displacement);
          // Half of the way by an addition that the store does itself.
          if (!isHeap) b.store(op, b.binary(Op.iadd, base, b.i64(32n)), value, displacement);
          expected.set(written, BASE + displacement);
          if (!isHeap) expected.set(written, BASE + displacement + 32);
        }
        b.ret([]);
        const func = b.finish();
        machine.load([compile(func)]);
        machine.writeHeap(0, new Uint8Array(END).fill(0x99));
        const args = [bits, BigInt(BASE)];
        assertEquals(await machine.run(entryOf(func), args), { kind: "return", values: [] });
        assertEquals(await machine.readHeap(0, END), expected, `${op} ${type} ${isZero} ${isHeap}`);
      }
    }
  }
});

Deno.test({ name: "branch tables of any size", ...RUNS_A64 }, async () => {
  await using machine = await A64Machine.start();
  for (const count of [1, 4095, 4096, 4097, 20_000]) {
    const b = new FuncBuilder("table", [I32], [I64]);
    const blocks = Array.from({ length: count }, () => b.createBlock());
    const fallback = b.createBlock();
    b.brTable(0, blocks, fallback);
    for (const [k, block] of [...blocks, fallback].entries()) {
      b.seal(block);
      b.switchTo(block);
      b.ret([b.i64(BigInt(3 * k + 1))]);
    }
    const func = b.finish();
    machine.load([compileA64(func, 0)]);
    const indices = [0, 1, count >> 1, count - 1, count, count + 1, 0x7fff_ffff, 0xffff_ffff];
    const outcomes = await machine.runBatch(
      indices.map((index) => ({ ...entryOf(func), args: [BigInt(index)] })),
    );
    assertEquals(
      outcomes.map(({ outcome }) => outcome),
      indices.map((index) => ({
        kind: "return" as const,
        values: [BigInt(3 * Math.min(index, count) + 1)],
      })),
    );
  }
});

Deno.test({ name: "float constants more than 1 MiB before the end", ...RUNS_A64 }, async () => {
  await using machine = await A64Machine.start();
  for (const steps of [1000, 150_000]) {
    const b = new FuncBuilder("literals", [I64], [I64, F64, F32]);
    let value = 0;
    // Used at once, so that each is made here.
    const double = b.binary(Op.fadd, b.f64Bits(0x5555_5555, 0x3fd5_5555), b.f64Bits(0x1234, 0));
    const single = b.binary(Op.fadd, b.f32Bits(0x3eaa_aaab), b.f32Bits(0x1234));
    for (let k = 0; k < steps; k++) {
      value = b.binary(Op.imul, b.binary(Op.ixor, value, 0), 0);
    }
    b.ret([value, double, single]);
    const func = b.finish();
    const { code } = compileA64(func, 0);
    assert(steps < 10_000 || code.length > 1 << 20);
    machine.load([compileA64(func, 0)]);
    assertEquals(await machine.run(entryOf(func), [0n]), {
      kind: "return",
      values: [0n, 0x3fd5_5555_5555_5555n, 0x3eaa_aaabn],
    });
  }
});

Deno.test({ name: "hundreds of values of every type live at once", ...RUNS_A64 }, async () => {
  await using machine = await A64Machine.start();
  const COUNT = 300;
  const types = Array.from({ length: COUNT }, (_, k) => [I64, F64, I32, F32][k % 4]);
  const b = new FuncBuilder("crowd", types, types);
  // Each value has its turn twice with all others alive: a sum that depends on all before it.
  const ones = [
    b.i64(1n),
    b.f64Bits(0, 0x3ff0_0000),
    b.i32(1),
    b.f32Bits(0x3f80_0000),
  ];
  const first = types.map((type, k) =>
    b.binary(type === I64 || type === I32 ? Op.iadd : Op.fadd, k, ones[k % 4])
  );
  b.exit(0, b.func.addExitSite(7));
  const second = first.map((v, k) => {
    const op = types[k] === I64 || types[k] === I32 ? Op.iadd : Op.fadd;
    return b.binary(op, v, first[(k + 4 * 37) % COUNT]);
  });
  b.ret(second);
  const func = b.finish();
  machine.load([compile(func)]);
  const view = new DataView(new ArrayBuffer(8));
  const bitsOf = (type: number, value: number): bigint => {
    if (type === I64 || type === I32) return BigInt(value);
    view.setBigUint64(0, 0n);
    if (type === F64) view.setFloat64(0, value);
    else view.setFloat32(4, value);
    return view.getBigUint64(0);
  };
  let exits = 0;
  const outcome = await machine.run(
    entryOf(func),
    types.map((type, k) => bitsOf(type, k)),
    { onExit: () => void exits++ },
  );
  const values = types.map((type, k) => bitsOf(type, k + 1 + (k + 4 * 37) % COUNT + 1));
  assertEquals(outcome, { kind: "return", values });
  assertEquals(exits, 1);
});
