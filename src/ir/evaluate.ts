/**
 * Runs IR directly: the definition of what each opcode means, against which passes and back ends are
 * tested. Written to be plainly right, not fast; every value is the unsigned BigInt of its bits.
 *
 * Where the IR leaves something open (a guarded operation without its guard, memory outside the
 * heap), it throws `EvaluationError`. A NaN made by arithmetic is canonical here and unspecified
 * elsewhere, so compare such results as NaNs unless they went through `fcanon`.
 *
 * @module
 */
import {
  bitsOfFloat,
  floatBinary,
  floatHolds,
  floatOfBits,
  floatUnary,
  intBinary,
  intHolds,
  intUnary,
  isIntBinary,
  isIntUnary,
  saturatingInt,
} from "./arithmetic.ts";
import type { Func, Site } from "./func.ts";
import { Op, OP_NAMES, Type } from "./opcodes.ts";

/** Thrown when the function does something the IR gives no meaning to. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";
}

/** How a run ended. `func` is -1 when the function has no index. */
export type Outcome =
  | { kind: "return"; values: bigint[] }
  | { kind: "trap"; code: number; func: number; pc: number }
  | { kind: "fuel"; func: number; pc: number }
  | { kind: "depth"; func: number; pc: number }
  | { kind: "stopped"; reason: string; func: number; pc: number };

/** State of a run that exits and native calls can see and change. */
export interface Machine {
  /** The heap, which the heap-relative operations address from 0. */
  heap: DataView;
  /** Address of the heap for absolute operations; constant during a run. */
  readonly heapBase: bigint;
  /** The context block. */
  readonly context: DataView;
  /** Fuel left. */
  fuel: bigint;
  /** Call levels left. */
  depth: number;
}

/** Surroundings of a run; everything has a default. */
export interface EvaluateOptions {
  /** Functions by index, for calls. */
  functions?: readonly (Func | undefined)[];
  /** The heap; empty by default. */
  heap?: ArrayBuffer;
  /** Address of the heap, 2^32 by default. */
  heapBase?: bigint;
  /** The context block, 4096 zero bytes by default. */
  context?: ArrayBuffer;
  /** Fuel, 2^62 by default. */
  fuel?: bigint;
  /** Call levels the function may use, 256 by default. */
  depth?: number;
  /** Instructions to execute at most before giving up with an error, 10 million by default. */
  maxSteps?: number;
  /** Does the work of an `exit`. Returning a text stops the run with it. */
  onExit?: (code: number, site: Site, machine: Machine) => string | void;
  /** Does the work of a `call_native`. */
  onNative?: (symbol: number, args: bigint[], machine: Machine) => bigint[];
}

/** A run's outcome with what was left. */
export interface Evaluation {
  /** How it ended. */
  outcome: Outcome;
  /** The machine afterwards. */
  machine: Machine;
}

/** Carries an outcome other than a return through the calls. */
class Leave {
  constructor(readonly outcome: Outcome) {}
}

interface Run {
  machine: Machine;
  options: EvaluateOptions;
  functions: readonly (Func | undefined)[];
  steps: number;
}

/**
 * Runs `f` on `args` (bits, one for each parameter).
 *
 * Recursion here is JavaScript recursion: some thousands of levels at most.
 */
export function evaluate(
  f: Func,
  args: readonly bigint[],
  options: EvaluateOptions = {},
): Evaluation {
  const machine: Machine = {
    heap: new DataView(options.heap ?? new ArrayBuffer(0)),
    heapBase: options.heapBase ?? 1n << 32n,
    context: new DataView(options.context ?? new ArrayBuffer(4096)),
    fuel: options.fuel ?? 1n << 62n,
    depth: options.depth ?? 256,
  };
  const functions = options.functions ?? [];
  const run: Run = { machine, options, functions, steps: options.maxSteps ?? 10_000_000 };
  try {
    const values = runFunc(run, f, functions.indexOf(f), args);
    return { outcome: { kind: "return", values }, machine };
  } catch (error) {
    if (error instanceof Leave) return { outcome: error.outcome, machine };
    throw error;
  }
}

/** Width of a type in bits. */
const WIDTH = [0, 32, 64, 32, 64];

function u(value: bigint, bits: number): bigint {
  return BigInt.asUintN(bits, value);
}

function s(value: bigint, bits: number): bigint {
  return BigInt.asIntN(bits, value);
}

function flag(condition: boolean): bigint {
  return condition ? 1n : 0n;
}

function runFunc(run: Run, f: Func, index: number, args: readonly bigint[]): bigint[] {
  const values: bigint[] = new Array(f.count);
  if (args.length !== f.paramTypes.length) {
    throw new EvaluationError(
      `'${f.name}' takes ${f.paramTypes.length} values, got ${args.length}`,
    );
  }
  f.params(0).forEach((p, i) => values[p] = u(args[i], WIDTH[f.type[p]]));
  const go = (v: number, k: number): number => {
    const block = f.targetBlock(v, k);
    const passed = f.listValues(f.targetArgs(v, k)).map((x) => values[x]);
    f.params(block).forEach((p, i) => values[p] = passed[i]);
    return f.firstInst(block);
  };
  for (let v = f.firstInst(0);;) {
    if (v < 0) throw new EvaluationError(`'${f.name}' runs past the end of a block`);
    if (run.steps-- <= 0) throw new EvaluationError(`'${f.name}' takes too many steps`);
    switch (f.op[v]) {
      case 0x88: // ir.jump
        v = go(v, 0);
        continue;
      case 0x89: // ir.br_if
        v = go(v, values[f.a[v]] !== 0n ? 0 : 1);
        continue;
      case 0x8a: { // ir.br_table
        const fallback = f.targetCount(v) - 1, i = values[f.a[v]];
        v = go(v, i < BigInt(fallback) ? Number(i) : fallback);
        continue;
      }
      case 0x8b: // ir.ret
        return f.listValues(f.b[v]).map((x) => values[x]);
      case 0x80: // ir.call
      case 0x81: // ir.call_indirect
      case 0x82: // ir.call_native
        storeResults(f, v, values, runCall(run, f, index, v, values));
        break;
      case 0x02: // ir.proj
        break; // written by its call
      default:
        values[v] = runSimple(run, f, index, v, values);
    }
    v = f.next[v];
  }
}

function storeResults(f: Func, call: number, values: bigint[], results: bigint[]): void {
  let p = f.next[call];
  const n = f.resultCount(call);
  if (n !== results.length) {
    throw new EvaluationError(`v${call} of '${f.name}' wants ${n} results, got ${results.length}`);
  }
  for (let k = 0; k < n; k++, p = f.next[p]) values[p] = u(results[k], WIDTH[f.type[p]]);
}

function runCall(run: Run, f: Func, index: number, v: number, values: bigint[]): bigint[] {
  const args = f.listValues(f.b[v]).map((x) => values[x]), { machine } = run;
  if (f.op[v] === 0x82) { // ir.call_native
    if (run.options.onNative === undefined) throw new EvaluationError("no native functions given");
    return run.options.onNative(f.a[v], args, machine);
  }
  const callee = f.op[v] === 0x80 ? f.a[v] : Number(values[f.a[v]]);
  const target = run.functions[callee];
  if (target === undefined) throw new EvaluationError(`function f${callee} does not exist`);
  if (machine.depth <= 0) throw leave("depth", f, index, v);
  const depth = machine.depth--;
  const results = runFunc(run, target, callee, args);
  machine.depth = depth;
  return results;
}

/** The outcome of the site of instruction `v`. */
function leave(kind: "trap" | "depth", f: Func, index: number, v: number): Leave {
  const site = f.sites[f.c[v]], func = site.func >= 0 ? site.func : index;
  return new Leave(
    kind === "trap" ? { kind, code: site.code, func, pc: site.pc } : { kind, func, pc: site.pc },
  );
}

/** Everything but branches and calls. Returns the result, 0 if there is none. */
function runSimple(run: Run, f: Func, index: number, v: number, values: bigint[]): bigint {
  const op = f.op[v], n = WIDTH[f.type[v]], { machine } = run;
  const a = values[f.a[v]], b = values[f.b[v]], c = values[f.c[v]];
  const bits = BigInt(n);
  // Width of operand a, for operations whose result is of another type.
  const m = WIDTH[f.type[f.a[v]]] ?? 0;
  if (isIntUnary(op)) return u(intUnary(op, s(a, m), m), n);
  if (isIntBinary(op)) return u(intBinary(op, s(a, m), s(b, m), m) ?? unguarded(f, v), n);
  if (op >= Op.fadd && op <= Op.fmax) {
    return fromFloat(floatBinary(op, toFloat(a, n), toFloat(b, n))!, n);
  }
  if (op >= Op.fsqrt && op <= Op.fnearest) return fromFloat(floatUnary(op, toFloat(a, n))!, n);
  switch (op) {
    case 0x03: // ir.copy
      return a;
    case 0x04: // ir.iconst
    case 0x05: // ir.fconst
      return u(f.constBits(v), n);
    case 0x06: // ir.select
      return a !== 0n ? b : c;

    case 0x1f: // ir.icmp
      return flag(intHolds(f.aux[v], s(a, m), s(b, m), m));

    case 0x36: // ir.fminnum
    case 0x37: { // ir.fmaxnum
      const x = toFloat(a, n), y = toFloat(b, n);
      if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? b : a;
      return fromFloat(op === 0x36 ? Math.min(x, y) : Math.max(x, y), n);
    }
    case 0x38: { // ir.fcopysign
      const sign = 1n << (bits - 1n);
      return (a & ~sign) | (b & sign);
    }
    case 0x39: // ir.fneg
      return a ^ (1n << (bits - 1n));
    case 0x3a: // ir.fabs
      return a & ~(1n << (bits - 1n));
    case 0x40: // ir.fcmp
      return flag(floatHolds(f.aux[v], toFloat(a, m), toFloat(b, m)));
    case 0x41: // ir.fcanon
      return Number.isNaN(toFloat(a, n)) ? fromFloat(NaN, n) : a;
    case 0x42: // ir.fcvt_from_sint
      return fromFloat(intToFloat(s(a, m), n), n);
    case 0x43: // ir.fcvt_from_uint
      return fromFloat(intToFloat(a, n), n);
    case 0x44: // ir.fcvt_to_sint
    case 0x45: // ir.fcvt_to_uint
    case 0x46: // ir.fcvt_to_sint_sat
    case 0x47: { // ir.fcvt_to_uint_sat
      const x = toFloat(a, m), value = saturatingInt(x, n, (op & 1) === 0);
      if (op < 0x46 && (!Number.isFinite(x) || value !== BigInt(Math.trunc(x)))) unguarded(f, v);
      return u(value, n);
    }
    case 0x48: // ir.fpromote
    case 0x49: // ir.fdemote
      return fromFloat(toFloat(a, m), n);
    case 0x4a: // ir.bitcast
      return a;

    case 0x50: // ir.load8u
    case 0x60: // ir.hload8u
      return read(machine, f, v, a, 8);
    case 0x51: // ir.load8s
    case 0x61: // ir.hload8s
      return u(s(read(machine, f, v, a, 8), 8), n);
    case 0x52: // ir.load16u
    case 0x62: // ir.hload16u
      return read(machine, f, v, a, 16);
    case 0x53: // ir.load16s
    case 0x63: // ir.hload16s
      return u(s(read(machine, f, v, a, 16), 16), n);
    case 0x54: // ir.load32
    case 0x64: // ir.hload32
    case 0x55: // ir.load32u
    case 0x65: // ir.hload32u
    case 0x58: // ir.loadf32
    case 0x68: // ir.hloadf32
      return read(machine, f, v, a, 32);
    case 0x56: // ir.load32s
    case 0x66: // ir.hload32s
      return u(s(read(machine, f, v, a, 32), 32), n);
    case 0x57: // ir.load64
    case 0x67: // ir.hload64
    case 0x59: // ir.loadf64
    case 0x69: // ir.hloadf64
      return read(machine, f, v, a, 64);
    case 0x5a: // ir.store8
    case 0x6a: // ir.hstore8
      return write(machine, f, v, a, b, 8);
    case 0x5b: // ir.store16
    case 0x6b: // ir.hstore16
      return write(machine, f, v, a, b, 16);
    case 0x5c: // ir.store32
    case 0x6c: // ir.hstore32
    case 0x5e: // ir.storef32
    case 0x6e: // ir.hstoref32
      return write(machine, f, v, a, b, 32);
    case 0x5d: // ir.store64
    case 0x6d: // ir.hstore64
    case 0x5f: // ir.storef64
    case 0x6f: // ir.hstoref64
      return write(machine, f, v, a, b, 64);
    case 0x70: // ir.ctx_load
      return n === 32
        ? BigInt(machine.context.getUint32(f.c[v], true))
        : machine.context.getBigUint64(f.c[v], true);
    case 0x71: // ir.ctx_store
      if (m === 32) machine.context.setUint32(f.c[v], Number(a), true);
      else machine.context.setBigUint64(f.c[v], a, true);
      return 0n;
    case 0x72: // ir.heap_base
      return machine.heapBase;

    case 0x78: { // ir.fuel
      const cost = BigInt(f.a[v]), site = f.sites[f.c[v]];
      if (machine.fuel < cost) {
        const i = Number(machine.fuel), func = site.funcs[i] ?? -1;
        throw new Leave({ kind: "fuel", func: func >= 0 ? func : index, pc: site.pcs[i] });
      }
      machine.fuel -= cost;
      return 0n;
    }
    case 0x79: // ir.depth_enter
      if (machine.depth <= 0) throw leave("depth", f, index, v);
      machine.depth--;
      return 0n;
    case 0x7a: // ir.depth_leave
      machine.depth++;
      return 0n;
    case 0x7b: // ir.depth_check
      if (machine.depth <= 0) throw leave("depth", f, index, v);
      return 0n;
    case 0x7c: // ir.trap_if
      if (a !== 0n) throw leave("trap", f, index, v);
      return 0n;
    case 0x7d: // ir.trap_unless
      if (a === 0n) throw leave("trap", f, index, v);
      return 0n;
    case 0x8c: // ir.trap
      throw leave("trap", f, index, v);
    case 0x7e: { // ir.exit
      const site = f.sites[f.c[v]];
      if (run.options.onExit === undefined) throw new EvaluationError("nobody handles exits");
      const reason = run.options.onExit(f.a[v], site, machine);
      if (reason === undefined) return 0n;
      const func = site.func >= 0 ? site.func : index;
      throw new Leave({ kind: "stopped", reason, func, pc: site.pc });
    }
    default:
      throw new EvaluationError(`opcode ${op} (${OP_NAMES[op]}) does nothing`);
  }
}

function unguarded(f: Func, v: number): never {
  throw new EvaluationError(`v${v} of '${f.name}': ${OP_NAMES[f.op[v]]} outside its guard`);
}

function toFloat(bits: bigint, n: number): number {
  return floatOfBits(s(bits, 64), n);
}

/** Rounds to the width; NaNs become the canonical one. */
function fromFloat(value: number, n: number): bigint {
  if (Number.isNaN(value)) return n === 32 ? 0x7fc00000n : 0x7ff8000000000000n;
  return u(bitsOfFloat(value, n), n);
}

/** Nearest float of an integer, ties to even, in one rounding. */
function intToFloat(value: bigint, n: number): number {
  const magnitude = value < 0n ? -value : value, precision = n === 32 ? 24 : 53;
  const excess = BigInt(Math.max(0, magnitude.toString(2).length - precision));
  let kept = magnitude >> excess;
  const twice = 2n * (magnitude - (kept << excess)), unit = 1n << excess;
  if (excess > 0n && (twice > unit || (twice === unit && (kept & 1n) === 1n))) kept++;
  const result = Number(kept) * 2 ** Number(excess);
  return value < 0n ? -result : result;
}

/** Offset into the heap of a memory operation; absolute ones sit 0x10 below heap-relative ones. */
function locate(machine: Machine, f: Func, v: number, address: bigint, bits: number): number {
  const displaced = address + BigInt(f.c[v]);
  const offset = f.op[v] >= 0x60 ? displaced : u(displaced, 64) - machine.heapBase;
  if (offset < 0n || offset + BigInt(bits / 8) > BigInt(machine.heap.byteLength)) {
    throw new EvaluationError(
      `v${v} of '${f.name}': ${OP_NAMES[f.op[v]]} at heap offset ${offset}, outside the heap`,
    );
  }
  return Number(offset);
}

function read(machine: Machine, f: Func, v: number, address: bigint, bits: number): bigint {
  const at = locate(machine, f, v, address, bits);
  let value = 0n;
  for (let i = bits / 8 - 1; i >= 0; i--) {
    value = (value << 8n) | BigInt(machine.heap.getUint8(at + i));
  }
  return value;
}

function write(
  machine: Machine,
  f: Func,
  v: number,
  address: bigint,
  value: bigint,
  bits: number,
): bigint {
  const at = locate(machine, f, v, address, bits);
  for (let i = 0; i < bits / 8; i++) {
    machine.heap.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
  }
  return 0n;
}

/** Bits of a float argument or constant, for callers of `evaluate`. */
export function floatBits(value: number, type: number): bigint {
  return fromFloat(value, WIDTH[type]);
}

/** The float with the given bits, for reading results of `evaluate`. */
export function bitsFloat(bits: bigint, type: number = Type.F64): number {
  return toFloat(bits, WIDTH[type]);
}
