/**
 * One IR instruction to one WebAssembly expression; control, calls and meters are `function.ts`'s.
 * Relies on that for operands; guarantees the results of `ir/evaluate.ts`.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { OP_NAMES, Type } from "../ir/opcodes.ts";
import type { WasmBuilder } from "./binaryen.ts";

/** What instructions need of the function they are in. */
export interface Operands {
  /** The module. */
  readonly m: WasmBuilder;
  /** The IR. */
  readonly f: Func;
  /** The value `v`, wherever it is. */
  get(v: number): number;
  /**
   * The value `v` for an expression that needs it several times: the first element is to be evaluated
   * first, and every call of the second makes one more copy.
   */
  twice(v: number): [first: number, again: () => number];
  /** Binaryen's number of an IR type. */
  wasmType(type: number): number;
  /** A local of an IR type to use within one expression. */
  scratch(type: number): number;
}

type Binary = (a: number, b: number) => number;

/** The helpers of `helpers.ts` that an instruction calls, or undefined. */
export function helperOf(f: Func, v: number): string | undefined {
  const wide = f.type[v] === Type.I64 || f.type[v] === Type.F64;
  const bits = wide ? "64" : "32";
  switch (f.op[v]) {
    case 0x13: // ir.umulh
      return wide ? "umulh64" : undefined;
    case 0x14: // ir.smulh
      return wide ? "smulh64" : undefined;
    case 0x1e: // ir.bswap
      return "bswap" + bits;
    case 0x22: // ir.smul_ovf
      return f.type[f.a[v]] === Type.I64 ? "smul_ovf64" : undefined;
    case 0x34: // ir.fmin
      return "fmin" + bits;
    case 0x35: // ir.fmax
      return "fmax" + bits;
    case 0x36: // ir.fminnum
      return "fminnum" + bits;
    case 0x37: // ir.fmaxnum
      return "fmaxnum" + bits;
    case 0x82: // ir.call_native
      return [undefined, "memcmp", "fmod"][f.a[v]];
  }
}

/** The expression of a constant. */
export function constant(m: WasmBuilder, f: Func, v: number): number {
  const lo = f.constLo(v);
  switch (f.type[v]) {
    case Type.I32:
      return m.i32.const(lo);
    case Type.I64:
      return m.i64.const(f.constBits(v));
    case Type.F32:
      // By bits: the host's floats need not keep those of a NaN.
      return m.f32.const_bits(lo);
    default:
      return m.f64.const_bits(f.constBits(v));
  }
}

/** The expression that computes `v`, or for a store, does it. */
export function instruction(e: Operands, v: number): number {
  const { m, f } = e;
  const op = f.op[v], type = f.type[v], a = f.a[v], b = f.b[v];
  const wide = type === Type.I64;
  const int = wide ? m.i64 : m.i32;
  const float = type === Type.F64 ? m.f64 : m.f32;
  const binary = (make: Binary) => make(e.get(a), e.get(b));
  const unary = (make: (a: number) => number) => make(e.get(a));
  const helper = () => {
    const values = op === 0x1e ? [e.get(a)] : [e.get(a), e.get(b)];
    return m.call(helperOf(f, v)!, values, e.wasmType(type));
  };
  switch (op) {
    case 0x03: // ir.copy
      return e.get(a);
    case 0x06: // ir.select
      return m.select(e.get(a), e.get(b), e.get(f.c[v]));

    case 0x08: // ir.iadd
      return binary(int.add);
    case 0x09: // ir.isub
      return binary(int.sub);
    case 0x0a: // ir.imul
      return binary(int.mul);
    case 0x0b: // ir.iand
      return binary(int.and);
    case 0x0c: // ir.ior
      return binary(int.or);
    case 0x0d: // ir.ixor
      return binary(int.xor);
    case 0x0e: // ir.ishl
      return binary(int.shl);
    case 0x0f: // ir.ushr
      return binary(int.shr_u);
    case 0x10: // ir.sshr
      return binary(int.shr_s);
    case 0x11: // ir.rotl
      return binary(int.rotl);
    case 0x12: // ir.rotr
      return binary(int.rotr);
    case 0x13: // ir.umulh
      return wide ? helper() : highHalf(m, binary((x, y) => product(m, x, y, false)));
    case 0x14: // ir.smulh
      return wide ? helper() : highHalf(m, binary((x, y) => product(m, x, y, true)));
    case 0x15: // ir.sdiv
      return binary(int.div_s);
    case 0x16: // ir.srem
      return binary(int.rem_s);
    case 0x17: // ir.udiv
      return binary(int.div_u);
    case 0x18: // ir.urem
      return binary(int.rem_u);
    case 0x19: // ir.ineg
      return int.sub(integer(m, type, 0), e.get(a));
    case 0x1a: // ir.inot
      return int.xor(e.get(a), integer(m, type, -1));
    case 0x1b: // ir.clz
      return unary(int.clz);
    case 0x1c: // ir.ctz
      return unary(int.ctz);
    case 0x1d: // ir.popcnt
      return unary(int.popcnt);
    case 0x1e: // ir.bswap
      return helper();
    case 0x1f: // ir.icmp
      return binary(integerCompare(f.type[a] === Type.I64 ? m.i64 : m.i32, f.aux[v]));
    case 0x20: // ir.sadd_ovf
    case 0x21: // ir.ssub_ovf
      return addOverflow(e, v);
    case 0x22: { // ir.smul_ovf
      if (f.type[a] === Type.I64) return helper();
      const wideProduct = e.scratch(Type.I64);
      const i64 = e.wasmType(Type.I64);
      return m.i64.ne(
        m.local.tee(wideProduct, binary((x, y) => product(m, x, y, true)), i64),
        m.i64.extend32_s(m.local.get(wideProduct, i64)),
      );
    }
    case 0x23: // ir.sext8
      return unary(int.extend8_s);
    case 0x24: // ir.sext16
      return unary(int.extend16_s);
    case 0x25: // ir.sext32
      return unary(m.i64.extend32_s);
    case 0x26: // ir.zext8
      return int.and(e.get(a), integer(m, type, 0xff));
    case 0x27: // ir.zext16
      return int.and(e.get(a), integer(m, type, 0xffff));
    case 0x28: // ir.extend_s
      return unary(m.i64.extend_s);
    case 0x29: // ir.extend_u
      return unary(m.i64.extend_u);
    case 0x2a: // ir.wrap
      return unary(m.i32.wrap);

    case 0x30: // ir.fadd
      return binary(float.add);
    case 0x31: // ir.fsub
      return binary(float.sub);
    case 0x32: // ir.fmul
      return binary(float.mul);
    case 0x33: // ir.fdiv
      return binary(float.div);
    case 0x34: // ir.fmin
    case 0x35: // ir.fmax
    case 0x36: // ir.fminnum
    case 0x37: // ir.fmaxnum
      return helper();
    case 0x38: // ir.fcopysign
      return binary(float.copysign);
    case 0x39: // ir.fneg
      return unary(float.neg);
    case 0x3a: // ir.fabs
      return unary(float.abs);
    case 0x3b: // ir.fsqrt
      return unary(float.sqrt);
    case 0x3c: // ir.ffloor
      return unary(float.floor);
    case 0x3d: // ir.fceil
      return unary(float.ceil);
    case 0x3e: // ir.ftrunc
      return unary(float.trunc);
    case 0x3f: // ir.fnearest
      return unary(float.nearest);
    case 0x40: // ir.fcmp
      return floatCompare(e, v);
    case 0x41: { // ir.fcanon
      const [first, again] = e.twice(a);
      const nan = type === Type.F64
        ? m.f64.const_bits(0x7ff8_0000_0000_0000n)
        : m.f32.const_bits(0x7fc0_0000);
      return m.select(float.eq(again(), again()), first, nan);
    }
    case 0x42: { // ir.fcvt_from_sint
      const convert = float.convert_s;
      return unary(f.type[a] === Type.I64 ? convert.i64 : convert.i32);
    }
    case 0x43: { // ir.fcvt_from_uint
      const convert = float.convert_u;
      return unary(f.type[a] === Type.I64 ? convert.i64 : convert.i32);
    }
    // In range, what clamps gives what truncates gives, and never traps.
    case 0x44: // ir.fcvt_to_sint
    case 0x46: { // ir.fcvt_to_sint_sat
      const convert = int.trunc_s_sat;
      return unary(f.type[a] === Type.F64 ? convert.f64 : convert.f32);
    }
    case 0x45: // ir.fcvt_to_uint
    case 0x47: { // ir.fcvt_to_uint_sat
      const convert = int.trunc_u_sat;
      return unary(f.type[a] === Type.F64 ? convert.f64 : convert.f32);
    }
    case 0x48: // ir.fpromote
      return unary(m.f64.promote);
    case 0x49: // ir.fdemote
      return unary(m.f32.demote);
    case 0x4a: // ir.bitcast
      if (type === f.type[a]) return e.get(a);
      return unary((type === Type.F32 || type === Type.F64 ? float : int).reinterpret);

    case 0x50: // ir.load8u
    case 0x60: // ir.hload8u
      return load(e, v, int.load8_u);
    case 0x51: // ir.load8s
    case 0x61: // ir.hload8s
      return load(e, v, int.load8_s);
    case 0x52: // ir.load16u
    case 0x62: // ir.hload16u
      return load(e, v, int.load16_u);
    case 0x53: // ir.load16s
    case 0x63: // ir.hload16s
      return load(e, v, int.load16_s);
    case 0x54: // ir.load32
    case 0x64: // ir.hload32
      return load(e, v, m.i32.load);
    case 0x55: // ir.load32u
    case 0x65: // ir.hload32u
      return load(e, v, m.i64.load32_u);
    case 0x56: // ir.load32s
    case 0x66: // ir.hload32s
      return load(e, v, m.i64.load32_s);
    case 0x57: // ir.load64
    case 0x67: // ir.hload64
      return load(e, v, m.i64.load);
    case 0x58: // ir.loadf32
    case 0x68: // ir.hloadf32
      return load(e, v, m.f32.load);
    case 0x59: // ir.loadf64
    case 0x69: // ir.hloadf64
      return load(e, v, m.f64.load);
    case 0x5a: // ir.store8
    case 0x6a: // ir.hstore8
      return store(e, v, f.type[b] === Type.I64 ? m.i64.store8 : m.i32.store8);
    case 0x5b: // ir.store16
    case 0x6b: // ir.hstore16
      return store(e, v, f.type[b] === Type.I64 ? m.i64.store16 : m.i32.store16);
    case 0x5c: // ir.store32
    case 0x6c: // ir.hstore32
      return store(e, v, f.type[b] === Type.I64 ? m.i64.store32 : m.i32.store);
    case 0x5d: // ir.store64
    case 0x6d: // ir.hstore64
      return store(e, v, m.i64.store);
    case 0x5e: // ir.storef32
    case 0x6e: // ir.hstoref32
      return store(e, v, m.f32.store);
    case 0x5f: // ir.storef64
    case 0x6f: // ir.hstoref64
      return store(e, v, m.f64.store);
    case 0x70: // ir.ctx_load
      return [m.i32, m.i32, m.i64, m.f32, m.f64][type].load(f.c[v], 0, m.i32.const(0), "context");
    case 0x71: { // ir.ctx_store
      const of = [m.i32, m.i32, m.i64, m.f32, m.f64][f.type[a]];
      return of.store(f.c[v], 0, m.i32.const(0), e.get(a), "context");
    }
    case 0x72: // ir.heap_base
      // Addresses are offsets here.
      return m.i64.const(0n);
    default:
      throw new Error(`internal: ${OP_NAMES[op]} is no expression`);
  }
}

function integer(m: WasmBuilder, type: number, value: number): number {
  return type === Type.I64 ? m.i64.const(BigInt(value)) : m.i32.const(value);
}

/** The 64-bit product of two i32. */
function product(m: WasmBuilder, a: number, b: number, signed: boolean): number {
  const extend = signed ? m.i64.extend_s : m.i64.extend_u;
  return m.i64.mul(extend(a), extend(b));
}

function highHalf(m: WasmBuilder, value: number): number {
  return m.i32.wrap(m.i64.shr_u(value, m.i64.const(32n)));
}

function integerCompare(int: WasmBuilder["i32"] | WasmBuilder["i64"], cond: number): Binary {
  switch (cond) {
    case 0: // eq
      return int.eq;
    case 1: // ne
      return int.ne;
    case 2: // slt
      return int.lt_s;
    case 3: // sge
      return int.ge_s;
    case 4: // sgt
      return int.gt_s;
    case 5: // sle
      return int.le_s;
    case 6: // ult
      return int.lt_u;
    case 7: // uge
      return int.ge_u;
    case 8: // ugt
      return int.gt_u;
    case 9: // ule
      return int.le_u;
    default:
      throw new Error(`internal: condition ${cond} does not exist`);
  }
}

function floatCompare(e: Operands, v: number): number {
  const { m, f } = e;
  const a = f.a[v], b = f.b[v];
  const float = f.type[a] === Type.F64 ? m.f64 : m.f32;
  switch (f.aux[v]) {
    case 0: // eq
      return float.eq(e.get(a), e.get(b));
    case 1: // ne
      return float.ne(e.get(a), e.get(b));
    case 2: // lt
      return float.lt(e.get(a), e.get(b));
    case 3: // le
      return float.le(e.get(a), e.get(b));
    case 4: // gt
      return float.gt(e.get(a), e.get(b));
    case 5: // ge
      return float.ge(e.get(a), e.get(b));
    case 6: // uno
    case 7: { // ord
      const ordered = f.aux[v] === 7;
      const self = ordered ? float.eq : float.ne;
      const [x, x2] = e.twice(a), [y, y2] = e.twice(b);
      return (ordered ? m.i32.and : m.i32.or)(self(x, x2()), self(y, y2()));
    }
    default:
      throw new Error(`internal: float condition ${f.aux[v]} does not exist`);
  }
}

/** Signed overflow of a sum or difference: the signs say it (Warren, "Hacker's Delight", 2-13). */
function addOverflow(e: Operands, v: number): number {
  const { m, f } = e;
  const type = f.type[f.a[v]], wasmType = e.wasmType(type);
  const int = type === Type.I64 ? m.i64 : m.i32;
  const sum = f.op[v] === 0x20; // ir.sadd_ovf
  const [a, a2] = e.twice(f.a[v]), [b, b2] = e.twice(f.b[v]);
  const result = e.scratch(type);
  const computed = m.local.tee(result, (sum ? int.add : int.sub)(a, b), wasmType);
  // Addition: the result's sign differs from both. Subtraction: a's from b's and from the result's.
  const one = int.xor(computed, a2());
  const other = sum ? int.xor(m.local.get(result, wasmType), b2()) : int.xor(a2(), b2());
  return int.lt_s(int.and(one, other), integer(m, type, 0));
}

type Load = (offset: number, align: number, pointer: number, memory: string) => number;
type Store = (
  offset: number,
  align: number,
  pointer: number,
  value: number,
  memory: string,
) => number;

/**
 * Address and displacement of a memory operation. Addresses of the absolute forms are offsets too,
 * because `heap_base` is 0; their upper halves only matter while they are computed.
 */
function address(e: Operands, v: number): [pointer: number, offset: number] {
  const { m, f } = e;
  const pointer = e.get(f.a[v]), offset = f.c[v];
  if (f.op[v] < 0x60) {
    return [
      m.i32.wrap(offset === 0 ? pointer : m.i64.add(pointer, m.i64.const(BigInt(offset)))),
      0,
    ];
  }
  // A WebAssembly offset is unsigned and never wraps; a negative one is added beforehand.
  return offset >= 0 ? [pointer, offset] : [m.i32.add(pointer, m.i32.const(offset)), 0];
}

function load(e: Operands, v: number, make: Load): number {
  const [pointer, offset] = address(e, v);
  return make(offset, 1, pointer, "heap");
}

function store(e: Operands, v: number, make: Store): number {
  const [pointer, offset] = address(e, v);
  return make(offset, 1, pointer, e.get(e.f.b[v]), "heap");
}
