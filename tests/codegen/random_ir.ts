/**
 * Seeded random IR programs for the back ends: every opcode and type, constants at the edges, branches,
 * switches, loops, calls, traps, exits and native calls. What they do is defined: guards stand before
 * guarded operations, addresses stay in the heap, and a NaN made by arithmetic goes through `fcanon`
 * before anyone can see its bits. The same seed gives the same program on every machine.
 *
 * `runReference` and the back ends' harnesses share the conventions at the end of this file: what
 * exits and native functions do.
 *
 * @module
 */
import { Context, NativeSymbol } from "../../src/codegen/context.ts";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { bitsFloat, evaluate, type Evaluation, floatBits } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Cond, FCond, Op, Type } from "../../src/ir/opcodes.ts";
import { Random } from "../harness/random.ts";

const { I32, I64, F32, F64 } = Type;
const TYPES = [I32, I64, F32, F64];
const INTS = [I32, I64];
const FLOATS = [F32, F64];

/** Bytes of heap that programs use. */
export const HEAP_BYTES = 4096;
/** Words of `Context.scratch` that programs use. */
export const SCRATCH_WORDS = 4;

const EDGES_32 = [
  ...[0, 1, -1, 2, 3, 4, 7, 8, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff],
  ...[0x7fff_ffff, -0x8000_0000, -2, -128, -129, 127, 128, 0x0102_0304, -0x7fff_ffff],
];
const EDGES_64 = [
  ...[0n, 1n, -1n, 2n, 8n, 63n, 64n, 0x7fn, 0x80n, 0xffn, 0xffffn, 0x7fff_ffffn, 0x8000_0000n],
  ...[0xffff_ffffn, 0x1_0000_0000n, -0x8000_0000n, -0x8000_0001n, 0x7fff_ffff_ffff_ffffn],
  ...[-0x8000_0000_0000_0000n, 0x0102_0304_0506_0708n, -0x7fff_ffff_ffff_ffffn, 1n << 52n],
];
const EDGE_FLOATS = [
  ...[0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, Infinity, -Infinity, NaN],
  ...[5e-324, -5e-324, 1e-45, 1.1754943508222875e-38, 2.2250738585072014e-308],
  ...[3.4028234663852886e38, 1.7976931348623157e308, 255, 256, 2 ** 23, 2 ** 23 + 0.5, 2 ** 24 + 1],
  ...[
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 52,
    2 ** 52 - 0.5,
  ],
  ...[2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 63 - 1024, 2 ** 64, 2 ** 64 - 2048, 1e300, -1e300, 0.1],
];
/** NaNs: quiet with a sign and payload, signalling. */
const NANS_64 = [0xfff8_0000_0000_0001n, 0x7ff0_0000_0000_0001n, 0xfff4_0000_0000_0000n];
const NANS_32 = [0xffc0_0001n, 0x7f80_0001n, 0xffa0_0000n];

/** Random bits of a type, often at an edge. */
export function randomBits(random: Random, type: number): bigint {
  const kind = random.below(10);
  const raw = BigInt(random.u32()) << 32n | BigInt(random.u32());
  switch (type) {
    case I32:
      if (kind < 6) return BigInt.asUintN(32, BigInt(random.pick(EDGES_32)));
      return kind < 8 ? BigInt(random.below(200)) : raw & 0xffff_ffffn;
    case I64:
      if (kind < 6) return BigInt.asUintN(64, random.pick(EDGES_64));
      return kind < 8 ? BigInt(random.below(200)) : raw;
    default: {
      if (kind < 6) return floatBits(random.pick(EDGE_FLOATS), type);
      if (kind === 6) return type === F32 ? random.pick(NANS_32) : random.pick(NANS_64);
      if (kind === 7) return floatBits(random.below(2000) / 4 - 250, type);
      return type === F32 ? raw & 0xffff_ffffn : raw;
    }
  }
}

/** What a program's functions take and give back. */
interface Signature {
  params: number[];
  results: number[];
}

/** Makes the program of a seed: functions by index, any of which may be entered. */
export function randomProgram(seed: number): Func[] {
  const random = new Random(seed);
  const count = 1 + random.below(3);
  const list = (limit: number) => Array.from({ length: limit }, () => random.pick(TYPES));
  const signatures: Signature[] = Array.from({ length: count }, () => ({
    params: list(random.below(10) === 0 ? 24 : random.below(6)),
    results: list(random.below(10) === 0 ? 24 : random.below(4)),
  }));
  return signatures.map((_, index) => new Generator(random, signatures, index).make());
}

class Generator {
  readonly #random: Random;
  readonly #signatures: readonly Signature[];
  readonly #signature: Signature;
  readonly #b: FuncBuilder;
  /** Variables by type. They only ever hold values whose bits are defined. */
  readonly #vars: number[][] = [[], [], [], [], []];
  /** Values by type that dominate the current place. */
  #pool: number[][] = [[], [], [], [], []];
  /** Floats that may be a NaN with unspecified bits. */
  readonly #vague = new Set<number>();
  #budget: number;
  #pc = 0;
  #depth = 0;

  constructor(random: Random, signatures: readonly Signature[], index: number) {
    this.#random = random;
    this.#signatures = signatures;
    this.#signature = signatures[index];
    const { params, results } = this.#signature;
    this.#b = new FuncBuilder(`f${index}`, params, results);
    this.#budget = 10 + random.below(90);
  }

  make(): Func {
    const b = this.#b, random = this.#random;
    const params = b.func.params(0);
    this.#charge();
    for (const p of params) this.#pool[b.func.type[p]].push(p);
    const most = random.below(4) === 0 ? 12 : 3; // sometimes more than there are registers
    for (const type of TYPES) {
      for (let k = 1 + random.below(most); k > 0; k--) {
        const variable = b.declareVar(type);
        b.defVar(variable, this.#operand(type));
        this.#vars[type].push(variable);
      }
    }
    this.#region();
    if (b.current >= 0) this.#return();
    return b.finish();
  }

  // ---- values

  #constant(type: number): number {
    const b = this.#b, bits = randomBits(this.#random, type);
    switch (type) {
      case I32:
        return b.i32(Number(BigInt.asIntN(32, bits)));
      case I64:
        return b.i64(BigInt.asIntN(64, bits));
      case F32:
        return b.f32Bits(Number(BigInt.asIntN(32, bits)));
      default:
        return b.f64Bits(Number(BigInt.asIntN(32, bits)), Number(BigInt.asIntN(32, bits >> 32n)));
    }
  }

  /** Any value of a type. */
  #operand(type: number): number {
    const random = this.#random, pool = this.#pool[type], vars = this.#vars[type];
    const roll = random.below(10);
    if (roll < 2 || (pool.length === 0 && vars.length === 0)) return this.#constant(type);
    if (vars.length > 0 && (roll < 5 || pool.length === 0)) {
      return this.#b.useVar(random.pick(vars));
    }
    // Recent values more often, so that they are used once and nearby.
    return roll < 8
      ? pool[pool.length - 1 - random.below(Math.min(3, pool.length))]
      : random.pick(pool);
  }

  /** Any value of a type whose bits are defined. */
  #clean(type: number): number {
    return this.#pin(this.#operand(type));
  }

  #pin(v: number): number {
    if (!this.#vague.has(v)) return v;
    return this.#b.unary(Op.fcanon, v);
  }

  #push(v: number, vague = false): void {
    const type = this.#b.func.type[v];
    this.#pool[type].push(v);
    if (vague) this.#vague.add(v);
    if (this.#random.below(3) === 0) {
      this.#b.defVar(this.#random.pick(this.#vars[type]), this.#pin(v));
    }
  }

  #condition(): number {
    const b = this.#b, random = this.#random;
    switch (random.below(6)) {
      case 0:
        return this.#operand(I32);
      case 1:
        return this.#floatCompare();
      case 2: {
        const type = random.pick(INTS);
        const masked = b.binary(Op.iand, this.#operand(type), this.#operand(type));
        const zero = type === I32 ? b.i32(0) : b.i64(0n);
        return b.icmp(random.below(10), masked, zero);
      }
      default:
        return this.#intCompare();
    }
  }

  #intCompare(): number {
    const type = this.#random.pick(INTS);
    return this.#b.icmp(this.#random.below(10), this.#operand(type), this.#operand(type));
  }

  #floatCompare(): number {
    const type = this.#random.pick(FLOATS);
    return this.#b.fcmp(this.#random.below(8), this.#operand(type), this.#operand(type));
  }

  // ---- sites

  #charge(): void {
    const cost = 1 + this.#random.below(4);
    const pcs = Array.from({ length: cost }, () => this.#pc++);
    this.#b.setPc(pcs[0]);
    this.#b.fuel(cost, this.#b.func.addFuelSite(pcs));
  }

  #trapSite(): number {
    return this.#b.func.addTrapSite(1 + this.#random.below(30), this.#pc++);
  }

  #depthSite(): number {
    return this.#b.func.addDepthSite(this.#pc++);
  }

  // ---- control

  #region(): void {
    const random = this.#random;
    this.#straight();
    while (this.#b.current >= 0 && this.#budget > 0 && random.below(10) < 7) {
      if (this.#depth < 3) {
        this.#depth++;
        const saved = this.#pool.map((list) => [...list]);
        switch (random.below(5)) {
          case 0:
            this.#loop();
            break;
          case 1:
            this.#switch();
            break;
          case 2:
            this.#choice();
            break;
          default:
            this.#conditional();
        }
        this.#pool = saved;
        this.#depth--;
      }
      if (this.#b.current >= 0) this.#straight();
    }
  }

  #arm(block: number): void {
    this.#b.seal(block);
    this.#b.switchTo(block);
    const saved = this.#pool.map((list) => [...list]);
    const roll = this.#random.below(12);
    if (roll === 0) this.#b.trap(this.#trapSite());
    else if (roll === 1) this.#return();
    else if (roll < 9) this.#region();
    this.#pool = saved;
  }

  /** Generates the arms of a branch and lets those that get there meet. */
  #arms(blocks: readonly number[]): void {
    const b = this.#b;
    let join = -1;
    for (const block of blocks) {
      this.#arm(block);
      if (b.current < 0) continue;
      if (join < 0) join = b.createBlock();
      b.jump(join);
    }
    if (join < 0) return;
    b.seal(join);
    b.switchTo(join);
  }

  #conditional(): void {
    const b = this.#b;
    const cond = this.#condition();
    const blocks = [b.createBlock(), b.createBlock()];
    b.brIf(cond, blocks[0], blocks[1]);
    this.#arms(blocks);
  }

  /** A branch that passes different arguments to one block. */
  #choice(): void {
    const b = this.#b, random = this.#random;
    const types = Array.from({ length: 1 + random.below(3) }, () => random.pick(TYPES));
    const block = b.createBlock();
    const params = types.map((type) => b.addBlockParam(block, type));
    const first = types.map((type) => this.#clean(type));
    const second = types.map((type) => this.#clean(type));
    b.brIf(this.#condition(), block, block, first, second);
    b.seal(block);
    b.switchTo(block);
    for (const p of params) this.#push(p);
    this.#straight();
  }

  #switch(): void {
    const b = this.#b, random = this.#random;
    const count = random.below(7);
    const index = random.below(2) === 0
      ? this.#operand(I32)
      : b.binary(Op.iand, this.#operand(I32), b.i32(7));
    const blocks = Array.from({ length: count }, () => b.createBlock());
    const fallback = b.createBlock();
    // From three on, two cases share a block.
    b.brTable(index, count > 2 ? [blocks[0], ...blocks] : blocks, fallback);
    this.#arms([...blocks, fallback]);
  }

  #loop(): void {
    const b = this.#b, random = this.#random;
    const counter = b.declareVar(I32);
    b.defVar(counter, b.i32(1 + random.below(5)));
    const header = b.createBlock(), exit = b.createBlock();
    b.jump(header);
    b.switchTo(header);
    const outer = this.#pool;
    this.#pool = outer.map((list) => [...list]);
    const testsFirst = random.below(2) === 0;
    this.#charge();
    if (testsFirst) {
      const body = b.createBlock();
      b.brIf(b.icmp(Cond.sgt, b.useVar(counter), b.i32(0)), body, exit);
      b.seal(body);
      b.switchTo(body);
    }
    this.#region();
    if (b.current >= 0) {
      const left = b.binary(Op.isub, b.useVar(counter), b.i32(1));
      b.defVar(counter, left);
      if (testsFirst) b.jump(header);
      else b.brIf(b.icmp(Cond.sgt, left, b.i32(0)), header, exit);
    } else if (!testsFirst) {
      b.seal(header);
      this.#pool = outer;
      // Nothing goes on to the exit: give it a terminator and leave it unreachable.
      b.seal(exit);
      b.switchTo(exit);
      this.#return();
      return;
    }
    b.seal(header);
    b.seal(exit);
    b.switchTo(exit);
    this.#pool = outer;
  }

  #return(): void {
    this.#b.ret(this.#signature.results.map((type) => this.#clean(type)));
  }

  // ---- straight-line code

  #straight(): void {
    const random = this.#random;
    if (random.below(3) === 0) this.#charge();
    for (let n = 1 + random.below(8); n > 0 && this.#budget > 0; n--) {
      this.#budget--;
      this.#b.setPc(this.#pc);
      this.#step();
    }
  }

  #step(): void {
    const random = this.#random;
    switch (random.below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#intBinary();
      case 4:
        return this.#divide();
      case 5:
        return this.#intUnary();
      case 6:
        return this.#compare();
      case 7:
        return this.#select();
      case 8:
      case 9:
        return this.#convert();
      case 10:
      case 11:
        return this.#floatBinary();
      case 12:
        return this.#floatUnary();
      case 13:
        return this.#load();
      case 14:
        return this.#store();
      case 15:
        return this.#context();
      case 16:
        return random.below(2) === 0 ? this.#trap() : this.#meter();
      case 17:
        return this.#call();
      case 18:
        return random.below(2) === 0 ? this.#native() : this.#exit();
      default:
        return this.#addressArithmetic();
    }
  }

  #intBinary(): void {
    const type = this.#random.pick(INTS);
    const op = Op.iadd + this.#random.below(Op.smulh - Op.iadd + 1);
    this.#push(this.#b.binary(op, this.#operand(type), this.#operand(type)));
  }

  #divide(): void {
    const b = this.#b, random = this.#random;
    const type = random.pick(INTS), op = Op.sdiv + random.below(4);
    const small = (value: number) => type === I32 ? b.i32(value) : b.i64(BigInt(value));
    const a = this.#operand(type);
    let divisor: number;
    if (random.below(2) === 0) {
      // One of 1 to 63.
      divisor = b.binary(Op.ior, b.binary(Op.iand, this.#operand(type), small(62)), small(1));
    } else {
      divisor = this.#operand(type);
      b.trapIf(b.icmp(Cond.eq, divisor, small(0)), this.#trapSite());
      if (op === Op.sdiv || op === Op.srem) {
        const isMinusOne = b.icmp(Cond.eq, divisor, small(-1));
        const min = type === I32 ? b.i32(-0x8000_0000) : b.i64(-(1n << 63n));
        const overflows = b.binary(Op.iand, b.icmp(Cond.eq, a, min), isMinusOne);
        b.trapIf(overflows, this.#trapSite());
      }
    }
    this.#push(b.binary(op, a, divisor));
  }

  #intUnary(): void {
    const b = this.#b, random = this.#random, type = random.pick(INTS);
    const op = random.pick([
      ...[Op.ineg, Op.inot, Op.clz, Op.ctz, Op.popcnt, Op.bswap, Op.copy],
      ...[Op.sext8, Op.sext16, Op.zext8, Op.zext16],
    ]);
    this.#push(b.unary(op, this.#operand(type)));
  }

  #compare(): void {
    const b = this.#b, random = this.#random;
    const roll = random.below(4);
    if (roll === 0) this.#push(this.#floatCompare());
    else if (roll === 1) {
      const op = Op.sadd_ovf + random.below(3), type = random.pick(INTS);
      const flag = b.binary(op, this.#operand(type), this.#operand(type), I32);
      if (random.below(2) === 0) b.trapIf(flag, this.#trapSite());
      else this.#push(flag);
    } else this.#push(this.#intCompare());
  }

  #select(): void {
    const type = this.#random.pick(TYPES);
    const cond = this.#condition();
    const a = this.#operand(type), c = this.#operand(type);
    this.#push(this.#b.select(cond, a, c), this.#vague.has(a) || this.#vague.has(c));
  }

  #convert(): void {
    const b = this.#b, random = this.#random;
    const float = random.pick(FLOATS), int = random.pick(INTS);
    switch (random.below(12)) {
      case 0:
        return this.#push(
          b.unary(random.pick([Op.extend_s, Op.extend_u]), this.#operand(I32), I64),
        );
      case 1:
        return this.#push(b.unary(Op.wrap, this.#operand(I64), I32));
      case 2:
        return this.#push(b.unary(Op.sext32, this.#operand(I64)));
      case 3:
        return this.#push(b.unary(Op.bitcast, this.#clean(float), float === F32 ? I32 : I64));
      case 4:
        return this.#push(b.unary(Op.bitcast, this.#operand(int), int === I32 ? F32 : F64));
      case 5:
        return this.#push(b.unary(Op.fpromote, this.#operand(F32), F64), true);
      case 6:
        return this.#push(b.unary(Op.fdemote, this.#operand(F64), F32), true);
      case 7:
      case 8: {
        const op = random.pick([Op.fcvt_from_sint, Op.fcvt_from_uint]);
        return this.#push(b.unary(op, this.#operand(int), float));
      }
      case 9: {
        const op = random.pick([Op.fcvt_to_sint, Op.fcvt_to_uint]);
        return this.#push(b.unary(op, this.#inRange(float, int, op === Op.fcvt_to_uint), int));
      }
      default: {
        const op = random.pick([Op.fcvt_to_sint_sat, Op.fcvt_to_uint_sat]);
        return this.#push(b.unary(op, this.#operand(float), int));
      }
    }
  }

  /** A float whose truncation fits an integer type. */
  #inRange(float: number, int: number, unsigned: boolean): number {
    const b = this.#b, bits = int === I32 ? 32 : 64;
    const constant = (value: number) => {
      const raw = floatBits(value, float);
      if (float === F32) return b.f32Bits(Number(raw) | 0);
      return b.f64Bits(Number(raw & 0xffff_ffffn) | 0, Number(raw >> 32n) | 0);
    };
    const x = this.#operand(float);
    const low = unsigned
      ? b.fcmp(FCond.gt, x, constant(-1))
      : b.fcmp(FCond.ge, x, constant(-(2 ** (bits - 1))));
    const high = b.fcmp(FCond.lt, x, constant(2 ** (unsigned ? bits : bits - 1)));
    return b.select(b.binary(Op.iand, low, high), x, constant(this.#random.below(100)));
  }

  #floatBinary(): void {
    const b = this.#b, random = this.#random, type = random.pick(FLOATS);
    const op = Op.fadd + random.below(Op.fcopysign - Op.fadd + 1);
    const a = this.#operand(type);
    if (op !== Op.fcopysign) {
      // Minima and maxima pin their NaN.
      return this.#push(b.binary(op, a, this.#operand(type)), op < Op.fmin);
    }
    this.#push(b.binary(op, a, this.#clean(type)), this.#vague.has(a));
  }

  #floatUnary(): void {
    const b = this.#b, random = this.#random, type = random.pick(FLOATS);
    const op = random.pick([
      ...[Op.fneg, Op.fabs, Op.fsqrt, Op.ffloor, Op.fceil, Op.ftrunc, Op.fnearest, Op.fcanon],
    ]);
    const a = this.#operand(type);
    const keepsBits = op === Op.fneg || op === Op.fabs;
    this.#push(b.unary(op, a), op !== Op.fcanon && (!keepsBits || this.#vague.has(a)));
  }

  // ---- memory

  /**
   * A heap offset and a displacement. Some offsets are used as they come, however they were made, to
   * see that nothing hides in the upper half of a register.
   */
  #place(): [offset: number, displacement: number] {
    const b = this.#b, random = this.#random;
    switch (random.below(4)) {
      case 0: {
        const offset = random.below(3) === 0 ? this.#wrapped() : this.#operand(I32);
        const fits = b.icmp(Cond.ult, offset, b.i32(1700));
        return [b.select(fits, offset, b.i32(random.below(1700))), random.below(2000)];
      }
      case 1:
        return [this.#wrapped(), this.#displacement()];
      default:
        return [this.#offset(), this.#displacement()];
    }
  }

  /** The low half, from 256 to 2047, of a word with something in its upper half. */
  #wrapped(): number {
    const b = this.#b;
    const high = b.binary(Op.ishl, this.#operand(I64), b.i64(32n));
    const low = b.binary(Op.iand, this.#operand(I64), b.i64(0x6ffn));
    const word = b.binary(Op.ior, b.binary(Op.ior, high, b.i64(0x100n)), low);
    return b.unary(Op.wrap, word, I32);
  }

  /** A heap offset from 256 to 2047. */
  #offset(): number {
    const b = this.#b, random = this.#random;
    if (random.below(4) === 0) return b.i32(256 + random.below(1700));
    const masked = b.binary(Op.iand, this.#operand(I32), b.i32(0x6f8 | random.below(8)));
    return b.binary(Op.ior, masked, b.i32(0x100));
  }

  /** An absolute address 256 to 2047 bytes into the heap. */
  #address(): number {
    const b = this.#b, random = this.#random;
    const heap = b.emit(Op.heap_base, I64);
    switch (random.below(4)) {
      case 0: {
        const shift = b.i64(BigInt(random.below(4)));
        const index = b.binary(Op.iand, this.#operand(I64), b.i64(127n));
        const scaled = b.binary(Op.ishl, index, shift);
        return b.binary(Op.iadd, b.binary(Op.iadd, heap, b.i64(300n)), scaled);
      }
      case 1:
        return b.binary(Op.iadd, b.unary(Op.extend_u, this.#offset(), I64), heap);
      case 2:
        return b.binary(Op.iadd, heap, b.i64(BigInt(256 + random.below(1700))));
      default:
        return b.binary(Op.isub, b.binary(Op.iadd, heap, b.i64(2000n)), b.i64(3n));
    }
  }

  #displacement(): number {
    const roll = this.#random.below(4);
    return roll === 0 ? -this.#random.below(256) : roll === 1 ? this.#random.below(2000) : 0;
  }

  #load(): void {
    const b = this.#b, random = this.#random;
    const relative = random.below(2) === 0;
    const kind = random.below(10);
    const type = kind < 4
      ? random.pick(INTS)
      : kind === 4
      ? I32
      : kind < 8
      ? I64
      : kind === 8
      ? F32
      : F64;
    const [address, displacement] = relative
      ? this.#place()
      : [this.#address(), this.#displacement()];
    const op = (relative ? Op.hload8u : Op.load8u) + kind;
    this.#push(b.load(op, type, address, displacement));
  }

  #store(): void {
    const b = this.#b, random = this.#random;
    const relative = random.below(2) === 0;
    const kind = random.below(6);
    const type = kind < 3 ? random.pick(INTS) : kind === 3 ? I64 : kind === 4 ? F32 : F64;
    const value = this.#clean(type);
    const [address, displacement] = relative
      ? this.#place()
      : [this.#address(), this.#displacement()];
    b.store((relative ? Op.hstore8 : Op.store8) + kind, address, value, displacement);
  }

  #addressArithmetic(): void {
    const b = this.#b, random = this.#random, type = random.pick(INTS);
    const count = random.below(4);
    const shift = type === I32 ? b.i32(count) : b.i64(BigInt(count));
    const scaled = b.binary(Op.ishl, this.#operand(type), shift);
    const other = this.#operand(type);
    this.#push(
      random.below(2) === 0 ? b.binary(Op.iadd, scaled, other) : b.binary(Op.iadd, other, scaled),
    );
  }

  #context(): void {
    const b = this.#b, random = this.#random, type = random.pick(TYPES);
    const offset = Context.scratch + 8 * random.below(SCRATCH_WORDS);
    if (random.below(2) === 0) b.ctxStore(offset, this.#clean(type));
    else this.#push(b.ctxLoad(type, offset));
  }

  // ---- traps, calls

  #trap(): void {
    const b = this.#b, random = this.#random;
    // Mostly conditions that seldom hold, so that programs get somewhere.
    const cond = random.below(4) === 0
      ? this.#condition()
      : b.icmp(Cond.eq, this.#operand(I32), b.i32(random.u32() | 0));
    if (random.below(3) === 0) b.trapUnless(b.icmp(Cond.eq, cond, b.i32(0)), this.#trapSite());
    else b.trapIf(cond, this.#trapSite());
  }

  #meter(): void {
    const b = this.#b;
    switch (this.#random.below(3)) {
      case 0:
        return this.#charge();
      case 1:
        b.emit(Op.depth_check, Type.VOID, 0, 0, this.#depthSite());
        return;
      default:
        b.emit(Op.depth_enter, Type.VOID, 0, 0, this.#depthSite());
        this.#intBinary();
        b.emit(Op.depth_leave, Type.VOID);
    }
  }

  #call(): void {
    const b = this.#b, random = this.#random;
    const callee = random.below(this.#signatures.length);
    const { params, results } = this.#signatures[callee];
    const args = params.map((type) => this.#clean(type));
    let call: number;
    if (random.below(3) === 0) {
      const zero = b.binary(Op.ixor, b.useVar(this.#vars[I32][0]), b.useVar(this.#vars[I32][0]));
      const index = b.binary(Op.iadd, zero, b.i32(callee));
      call = b.callIndirect(index, args, results, this.#depthSite());
    } else call = b.call(callee, args, results, this.#depthSite());
    results.forEach((_, k) => this.#pushLater(call + 1 + k));
  }

  /** As `#push`, but nothing is emitted: projections must stay together. */
  #pushLater(v: number): void {
    this.#pool[this.#b.func.type[v]].push(v);
  }

  #native(): void {
    const b = this.#b, random = this.#random;
    const within = (start: number) => {
      const index = b.binary(Op.iand, this.#operand(I64), b.i64(0x1f8n));
      const base = b.binary(Op.iadd, b.emit(Op.heap_base, I64), b.i64(BigInt(start)));
      return b.binary(Op.iadd, base, index);
    };
    const length = () => b.binary(Op.iand, this.#operand(I64), b.i64(0x7fn));
    switch (random.below(3)) {
      case 0: {
        const call = b.callNative(NativeSymbol.memcpy, [within(0), within(2048), length()], [I64]);
        return this.#pushLater(call + 1);
      }
      case 1: {
        const args = [within(0), within(random.pick([0, 2048])), length()];
        const call = b.callNative(NativeSymbol.memcmp, args, [I32]);
        // Only its sign is defined.
        return this.#push(b.icmp(random.below(6), call + 1, b.i32(0)));
      }
      default: {
        const call = b.callNative(NativeSymbol.fmod, [this.#operand(F64), this.#operand(F64)], [
          F64,
        ]);
        return this.#push(call + 1, true);
      }
    }
  }

  #exit(): void {
    const b = this.#b, random = this.#random;
    b.ctxStore(Context.scratch, this.#operand(I64));
    b.exit(random.below(8), b.func.addExitSite(this.#pc++));
    this.#push(b.ctxLoad(I64, Context.scratch));
  }
}

// ---- what exits and native functions do

/** The answer to an exit: what becomes of the first scratch word. */
export function answerExit(code: number, word: bigint): bigint {
  return BigInt.asUintN(64, word * 3n + BigInt(code));
}

/** Fuel that each exit gives back, so that back ends must reload it. */
export const EXIT_FUEL = 2n;

/** The heap's content before a run. */
export function initialHeap(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: HEAP_BYTES }, (_, k) => k * 37 + (k >> 5));
}

/** Runs function `index` of a program by the IR's evaluator. */
export function runReference(
  funcs: readonly Func[],
  index: number,
  args: readonly bigint[],
  heap: Uint8Array<ArrayBuffer>,
  heapBase: bigint,
  fuel: bigint,
  depth: number,
): Evaluation {
  return evaluate(funcs[index], args, {
    functions: funcs,
    heap: heap.buffer,
    heapBase,
    fuel,
    depth,
    onExit: (code, _site, machine) => {
      const word = machine.context.getBigUint64(Context.scratch, true);
      machine.context.setBigUint64(Context.scratch, answerExit(code, word), true);
      machine.fuel += EXIT_FUEL;
    },
    onNative: (symbol, [a, b, n]) => {
      const at = (address: bigint) => Number(address - heapBase);
      const part = (address: bigint) => heap.subarray(at(address), at(address) + Number(n));
      if (symbol === NativeSymbol.fmod) return [floatBits(bitsFloat(a) % bitsFloat(b), F64)];
      if (symbol === NativeSymbol.memcpy) {
        heap.set(part(b), at(a));
        return [a];
      }
      const x = part(a), y = part(b);
      const k = x.findIndex((byte, i) => byte !== y[i]);
      return [k < 0 ? 0n : BigInt.asUintN(32, BigInt(x[k] - y[k]))];
    },
  });
}
