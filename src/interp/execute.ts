/**
 * The interpreter's loop. Relies on translated code (`translate.ts`) of a verified program, so no
 * operand is checked; guarantees that it touches only the frame, the heap and the machine it is given,
 * and that everything that is not an ordinary instruction (a trap, a function not translated yet, no
 * more fuel, stack or memory) leaves the loop with the machine's state written back.
 *
 * How it is written follows from how V8 compiles it: one function with one `switch` whose labels are
 * literals; registers in plain typed arrays, where `r[x] = r[y] + r[z]` on a `BigInt64Array` becomes
 * machine arithmetic; shifts and 64-bit conversions in 32-bit halves, because their BigInt forms
 * allocate; and every rare path is an assignment and a `break`, because a call that never ran has no
 * type feedback and would throw the optimised loop away when it first runs.
 *
 * @module
 */
import type { Heap } from "../heap/heap.ts";
import { isUtf8 } from "../heap/text.ts";
import type { Words } from "../heap/words.ts";
import type { HostCaller } from "./host_call.ts";

/**
 * Why the loop was left; the loop repeats them as literals. Below `TRAPS` the driver acts and enters
 * again at `Machine.ip`; the rest are traps of the instruction there.
 */
export const Exit = {
  /** The entry function returned. */
  DONE: 0,
  /** The segment at `ip` costs more than the slice had; `fuel` is negative by the difference. */
  FUEL: 1,
  /** The call at `ip` is too deep or its callee is not translated. */
  CALL: 2,
  /** The call at `ip` needs `need` words of registers. */
  STACK: 3,
  /** The instruction at `ip` needs memory up to byte `need`. */
  MEMORY: 4,
  /** The host call at `ip` gave `hostStatus`. */
  HOST: 5,
  /** The heap's views were replaced. */
  RELOAD: 6,
  /** The tick at `ip` found the slice empty. */
  TICK: 7,
  /** The indirect call at `ip` does not match by signature id. */
  INDIRECT: 8,
  TRAPS: 16,
  TRAP_CODE: 16,
  INVALID_PC: 17,
  AGG_WRONG_KIND: 18,
  AGG_OUT_OF_BOUNDS: 19,
  INT_CAST_OVERFLOW: 20,
  FLOAT_TO_INT_INVALID: 21,
  DIV_BY_ZERO: 22,
  INT_DIV_OVERFLOW: 23,
  DECIMAL_SCALE_MISMATCH: 24,
  DECIMAL_OVERFLOW: 25,
  INDEX_OUT_OF_BOUNDS: 26,
  STR_NOT_CHAR_BOUNDARY: 27,
  INVALID_UTF8: 28,
} as const;

/** What the loop reads when it is entered and writes when it is left. */
export interface Machine {
  /** Registers of all frames. */
  words: Words;
  code: Int32Array;
  /** Entry positions that calls use. */
  entries: Int32Array;
  readonly heap: Heap;
  readonly host: HostCaller;
  /** Signature ids by function, -1 while unknown; equal ids mean equal signatures. */
  readonly funcSigs: Int32Array;
  /** Signature ids without the environment, by function; -1 while unknown or if there is none. */
  readonly closureSigs: Int32Array;
  /** Signature ids by call signature, -2 while unknown. */
  readonly callSigs: Int32Array;
  /** Position of the next instruction. */
  ip: number;
  /** Word of the frame's first slot. */
  fp: number;
  /** Number of frames. */
  depth: number;
  /** What is left of the fuel slice. */
  fuel: number;
  maxDepth: number;
  tracing: boolean;
  /** See `Exit.STACK` and `Exit.MEMORY`. */
  need: number;
  /** See `Exit.HOST`. */
  hostStatus: number;
  /** Emits the events of instruction `index` of function `func`, about to run at `depth`. */
  traceInstruction(func: number, index: number, depth: number): void;
  /** Emits scope_enter or scope_exit of the current frame. */
  traceScope(type: "scope_enter" | "scope_exit", func: number, depth: number): void;
}

/** 2^k by k, modulo 2^64: multiplying by them shifts left. */
const POWER_OF_2 = new BigInt64Array(64);
for (let k = 0; k < 64; k++) POWER_OF_2[k] = 1n << BigInt(k);

/** 10^k by k, as far as it fits i64. */
const POWER_OF_10 = new BigInt64Array(19);
for (let k = 0; k < 19; k++) POWER_OF_10[k] = 10n ** BigInt(k);

/** Whether a * b does not fit i64. */
function overflows(a: bigint, b: bigint): boolean {
  const product = a * b;
  return BigInt.asIntN(64, product) !== product;
}

/** Runs from `m.ip` until something needs the driver; returns an `Exit`. */
export function execute(m: Machine): number {
  const { code, entries, words, heap, host, maxDepth, tracing } = m;
  const { i64: r, u64: ru, f64: rf, i32: ri } = words;
  const { u8, i32: h32, i64: h64, bounds } = heap;
  const { funcSigs, closureSigs, callSigs } = m;
  const limit = r.length;
  let ip = m.ip;
  let fp = m.fp;
  let depth = m.depth;
  let fuel = m.fuel;
  let exit = 0;
  run: for (;;) {
    switch (code[ip]) {
      case 0x20: // i64.add
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] + r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x21: // i64.sub
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] - r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x22: // i64.mul
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] * r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x23: // u64.add
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] + r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x24: // u64.sub
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] - r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x25: // u64.mul
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] * r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x26: // u64.and
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] & r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x27: // u64.or
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] | r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x2c: // u64.xor
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] ^ r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x33: // i64.and
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] & r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x36: // i64.or
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] | r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x37: // i64.xor
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] ^ r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x28: { // i64.eq
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] === r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x29: { // i64.lt
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] < r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x2a: { // u64.eq
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] === r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x2b: { // u64.lt
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = ru[fp + code[ip + 2]] < ru[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x2f: { // u64.gt
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = ru[fp + code[ip + 2]] > ru[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x31: { // u64.le
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = ru[fp + code[ip + 2]] <= ru[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x32: { // u64.ge
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = ru[fp + code[ip + 2]] >= ru[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x39: { // i64.gt
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] > r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x3a: { // i64.le
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] <= r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x3b: { // i64.ge
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] >= r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x83: { // f64.eq
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = rf[fp + code[ip + 2]] === rf[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x84: { // f64.lt
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = rf[fp + code[ip + 2]] < rf[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x85: { // f64.gt
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = rf[fp + code[ip + 2]] > rf[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x86: { // f64.le
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = rf[fp + code[ip + 2]] <= rf[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x87: { // f64.ge
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = rf[fp + code[ip + 2]] >= rf[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x1a: // f64.add
        rf[fp + code[ip + 1]] = rf[fp + code[ip + 2]] + rf[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x1b: // f64.sub
        rf[fp + code[ip + 1]] = rf[fp + code[ip + 2]] - rf[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x1c: // f64.mul
        rf[fp + code[ip + 1]] = rf[fp + code[ip + 2]] * rf[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x82: // f64.div
        rf[fp + code[ip + 1]] = rf[fp + code[ip + 2]] / rf[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x91: // f64.rem: exact, as C's fmod
        rf[fp + code[ip + 1]] = rf[fp + code[ip + 2]] % rf[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x01: // mov
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]];
        ip = ip + 3;
        continue;
      case 0x02: // trap
        exit = 16; // TRAP_CODE
        break run;
      case 0x03: { // MOV2
        const d = fp + code[ip + 1];
        const a = fp + code[ip + 2];
        r[d] = r[a];
        r[d + 1] = r[a + 1];
        ip = ip + 3;
        continue;
      }
      case 0x04: { // CONST2
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = code[ip + 2];
        ri[d + 1] = code[ip + 3];
        ri[d + 2] = code[ip + 4];
        ri[d + 3] = 0;
        ip = ip + 5;
        continue;
      }
      case 0x05: { // SELECT2
        const d = fp + code[ip + 1];
        const a = fp + (ri[(fp + code[ip + 2]) << 1] !== 0 ? code[ip + 3] : code[ip + 4]);
        r[d] = r[a];
        r[d + 1] = r[a + 1];
        ip = ip + 5;
        continue;
      }
      case 0x06: // TICK
        if (fuel <= 0) {
          exit = 7; // TICK
          break run;
        }
        fuel = fuel - 1;
        if (tracing) m.traceInstruction(code[ip + 2], code[ip + 1], depth);
        ip = ip + 3;
        continue;
      case 0x07: // TRACE_ENTER
        if (tracing) m.traceScope("scope_enter", code[ip + 1], depth);
        ip = ip + 3;
        continue;
      case 0x08: // TRACE_EXIT
        if (tracing) m.traceScope("scope_exit", -1, depth);
        ip = ip + 1;
        continue;
      case 0x09: // HALT
        exit = 0; // DONE
        break run;
      case 0x0a: { // RET0
        const link = (fp - 1) << 1;
        ip = ri[link];
        fp = ri[link + 1];
        depth = depth - 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x0b: { // RET1
        const link = (fp - 1) << 1;
        const back = ri[link];
        const caller = ri[link + 1];
        r[caller + code[back - 2]] = r[fp + code[ip + 1]];
        ip = back;
        fp = caller;
        depth = depth - 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x0c: { // RETN
        const link = (fp - 1) << 1;
        const back = ri[link];
        const caller = ri[link + 1];
        const n = code[ip + 1];
        if (code[back - 2] < 0) {
          exit = 17; // INVALID_PC
          break run;
        }
        for (let k = 0; k < n; k++) {
          r[caller + code[back - 3 - k]] = r[fp + code[ip + 2 + k]];
        }
        ip = back;
        fp = caller;
        depth = depth - 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x0d: // EMPTY
        exit = 17; // INVALID_PC
        break run;
      case 0x0e: { // GET
        const a = ri[(fp + code[ip + 2]) << 1] >>> 3;
        const index = code[ip + 4] >>> 0;
        const length = h32[2 * a + 2] >>> 0;
        if (h32[2 * a] !== code[ip + 3]) {
          exit = 18; // AGG_WRONG_KIND
          break run;
        }
        if (index >= length) {
          exit = 19; // AGG_OUT_OF_BOUNDS
          break run;
        }
        if (u8[8 * (a + 2 + length) + index] !== code[ip + 5]) {
          exit = 17; // INVALID_PC
          break run;
        }
        r[fp + code[ip + 1]] = h64[a + 2 + index];
        ip = ip + 6;
        continue;
      }
      case 0x0f: { // GETX
        const a = ri[(fp + code[ip + 2]) << 1] >>> 3;
        const index = code[ip + 4] >>> 0;
        const length = h32[2 * a + 2] >>> 0;
        if (h32[2 * a] !== code[ip + 3]) {
          exit = 18; // AGG_WRONG_KIND
          break run;
        }
        if (index >= length) {
          exit = 19; // AGG_OUT_OF_BOUNDS
          break run;
        }
        if (u8[8 * (a + 2 + length) + index] !== code[ip + 5]) {
          exit = 17; // INVALID_PC
          break run;
        }
        if (code[ip + 5] === 5) {
          const d = fp + code[ip + 1];
          const cell = h32[2 * (a + 2 + index)] >>> 3;
          r[d] = h64[cell];
          r[d + 1] = h64[cell + 1];
        }
        ip = ip + 6;
        continue;
      }
      case 0x10: { // CONST
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = code[ip + 2];
        ri[d + 1] = code[ip + 3];
        ip = ip + 4;
        continue;
      }
      case 0x11: { // AGET
        const a = ri[(fp + code[ip + 2]) << 1] >>> 3;
        const i = (fp + code[ip + 3]) << 1;
        const index = ri[i] >>> 0;
        const length = h32[2 * a + 2] >>> 0;
        if (h32[2 * a] !== 2) {
          exit = 18; // AGG_WRONG_KIND
          break run;
        }
        if (index >= length || ri[i + 1] !== 0) {
          exit = 19; // AGG_OUT_OF_BOUNDS
          break run;
        }
        if (u8[8 * (a + 2 + length) + index] !== code[ip + 4]) {
          exit = 17; // INVALID_PC
          break run;
        }
        r[fp + code[ip + 1]] = h64[a + 2 + index];
        ip = ip + 5;
        continue;
      }
      case 0x12: { // AGETX
        const a = ri[(fp + code[ip + 2]) << 1] >>> 3;
        const i = (fp + code[ip + 3]) << 1;
        const index = ri[i] >>> 0;
        const length = h32[2 * a + 2] >>> 0;
        if (h32[2 * a] !== 2) {
          exit = 18; // AGG_WRONG_KIND
          break run;
        }
        if (index >= length || ri[i + 1] !== 0) {
          exit = 19; // AGG_OUT_OF_BOUNDS
          break run;
        }
        if (u8[8 * (a + 2 + length) + index] !== code[ip + 4]) {
          exit = 17; // INVALID_PC
          break run;
        }
        if (code[ip + 4] === 5) {
          const d = fp + code[ip + 1];
          const cell = h32[2 * (a + 2 + index)] >>> 3;
          r[d] = h64[cell];
          r[d + 1] = h64[cell + 1];
        }
        ip = ip + 5;
        continue;
      }
      case 0x13: { // LEN
        const a = ri[(fp + code[ip + 2]) << 1] >>> 3;
        if (h32[2 * a] !== code[ip + 3]) {
          exit = 18; // AGG_WRONG_KIND
          break run;
        }
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = h32[2 * a + 2];
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x14: { // NEW
        const next = code[ip + 1];
        const n = code[ip + 5];
        const a = (bounds[0] + 7) >>> 3;
        const end = 8 * a + code[ip + 6];
        if (end > bounds[1]) {
          m.need = end;
          exit = 4; // MEMORY
          break run;
        }
        bounds[0] = end;
        h32[2 * a] = code[ip + 3];
        h32[2 * a + 1] = code[ip + 4];
        h32[2 * a + 2] = n;
        h32[2 * a + 3] = 0;
        for (let k = 0; k < n; k++) h64[a + 2 + k] = r[fp + code[ip + 7 + k]];
        let tag = 2 * (a + 2 + n);
        for (let k = ip + 7 + n; k < next; k++) h32[tag++] = code[k];
        const d = (fp + code[ip + 2]) << 1;
        ri[d] = a << 3;
        ri[d + 1] = 0;
        ip = next;
        continue;
      }
      case 0x15: { // NEWX
        const next = code[ip + 1];
        const n = code[ip + 5];
        const a = (bounds[0] + 7) >>> 3;
        const end = 8 * a + code[ip + 6];
        if (end > bounds[1]) {
          m.need = end;
          exit = 4; // MEMORY
          break run;
        }
        bounds[0] = end;
        h32[2 * a] = code[ip + 3];
        h32[2 * a + 1] = code[ip + 4];
        h32[2 * a + 2] = n;
        h32[2 * a + 3] = 0;
        let tag = 2 * (a + 2 + n);
        for (let k = ip + 7 + n; k < next - n; k++) h32[tag++] = code[k];
        let cell = tag >> 1;
        for (let k = 0; k < n; k++) {
          const cls = code[next - n + k];
          if (cls === 0) {
            h32[2 * (a + 2 + k)] = 0;
            h32[2 * (a + 2 + k) + 1] = 0;
          } else if (cls === 5) {
            const from = fp + code[ip + 7 + k];
            h32[2 * (a + 2 + k)] = cell << 3;
            h32[2 * (a + 2 + k) + 1] = 0;
            h64[cell] = r[from];
            h64[cell + 1] = r[from + 1];
            cell = cell + 2;
          } else {
            h64[a + 2 + k] = r[fp + code[ip + 7 + k]];
          }
        }
        const d = (fp + code[ip + 2]) << 1;
        ri[d] = a << 3;
        ri[d + 1] = 0;
        ip = next;
        continue;
      }
      case 0x17: { // dec.add
        const d = fp + code[ip + 1];
        const a = fp + code[ip + 2];
        const b = fp + code[ip + 3];
        const scale = ri[2 * a + 2];
        if (scale !== ri[2 * b + 2]) {
          exit = 24; // DECIMAL_SCALE_MISMATCH
          break run;
        }
        const ah = ri[2 * a + 1];
        const bh = ri[2 * b + 1];
        r[d] = r[a] + r[b];
        const dh = ri[2 * d + 1];
        if (((ah ^ dh) & (bh ^ dh)) < 0) {
          exit = 25; // DECIMAL_OVERFLOW
          break run;
        }
        ri[2 * d + 2] = scale;
        ri[2 * d + 3] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x18: { // dec.sub
        const d = fp + code[ip + 1];
        const a = fp + code[ip + 2];
        const b = fp + code[ip + 3];
        const scale = ri[2 * a + 2];
        if (scale !== ri[2 * b + 2]) {
          exit = 24; // DECIMAL_SCALE_MISMATCH
          break run;
        }
        const ah = ri[2 * a + 1];
        const bh = ri[2 * b + 1];
        r[d] = r[a] - r[b];
        const dh = ri[2 * d + 1];
        if (((ah ^ bh) & (ah ^ dh)) < 0) {
          exit = 25; // DECIMAL_OVERFLOW
          break run;
        }
        ri[2 * d + 2] = scale;
        ri[2 * d + 3] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x19: { // dec.mul
        const d = fp + code[ip + 1];
        const a = fp + code[ip + 2];
        const b = fp + code[ip + 3];
        const scale = ri[2 * a + 2] + ri[2 * b + 2];
        if (scale > 255) {
          exit = 25; // DECIMAL_OVERFLOW
          break run;
        }
        const narrow = ri[2 * a] >> 31 === ri[2 * a + 1] && ri[2 * b] >> 31 === ri[2 * b + 1];
        if (!narrow && overflows(r[a], r[b])) {
          exit = 25; // DECIMAL_OVERFLOW
          break run;
        }
        r[d] = r[a] * r[b];
        ri[2 * d + 2] = scale;
        ri[2 * d + 3] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x2d: // u64.shl
      case 0x3c: // i64.shl
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] *
          POWER_OF_2[ri[(fp + code[ip + 3]) << 1] & 63];
        ip = ip + 4;
        continue;
      case 0x2e: { // u64.shr
        const a = (fp + code[ip + 2]) << 1;
        const count = ri[(fp + code[ip + 3]) << 1];
        const low = ri[a];
        const high = ri[a + 1];
        const d = (fp + code[ip + 1]) << 1;
        if ((count & 32) === 0) {
          // Shift counts are taken modulo 32; two steps make the bits from above vanish at count 0.
          ri[d] = (low >>> count) | ((high << 1) << (31 - (count & 31)));
          ri[d + 1] = high >>> count;
        } else {
          ri[d] = high >>> count;
          ri[d + 1] = 0;
        }
        ip = ip + 4;
        continue;
      }
      case 0x3d: { // i64.shr
        const a = (fp + code[ip + 2]) << 1;
        const count = ri[(fp + code[ip + 3]) << 1];
        const low = ri[a];
        const high = ri[a + 1];
        const d = (fp + code[ip + 1]) << 1;
        if ((count & 32) === 0) {
          ri[d] = (low >>> count) | ((high << 1) << (31 - (count & 31)));
          ri[d + 1] = high >> count;
        } else {
          ri[d] = high >> count;
          ri[d + 1] = high >> 31;
        }
        ip = ip + 4;
        continue;
      }
      case 0x30: { // bool.not
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = ri[(fp + code[ip + 2]) << 1] ^ 1;
        ri[d + 1] = 0;
        ip = ip + 3;
        continue;
      }
      case 0x34: // u64.to_i64
      case 0x35: // i64.to_u64
        if (ri[2 * (fp + code[ip + 2]) + 1] < 0) {
          exit = 20; // INT_CAST_OVERFLOW
          break run;
        }
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]];
        ip = ip + 3;
        continue;
      case 0x38: // select
        r[fp + code[ip + 1]] = ri[(fp + code[ip + 2]) << 1] !== 0
          ? r[fp + code[ip + 3]]
          : r[fp + code[ip + 4]];
        ip = ip + 5;
        continue;
      case 0x40: // br
        ip = ri[(fp + code[ip + 1]) << 1] !== 0 ? code[ip + 2] : code[ip + 3];
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      case 0x41: // jmp
        ip = code[ip + 1];
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      case 0x43: { // CALL0
        const entry = entries[code[ip + 1]];
        if (entry === 0 || depth >= maxDepth) {
          exit = 2; // CALL
          break run;
        }
        const frame = fp + code[ip + 2];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        const link = (frame - 1) << 1;
        ri[link] = code[ip + 3];
        ri[link + 1] = fp;
        ip = entry;
        fp = frame;
        depth = depth + 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x44: { // CALL1
        const entry = entries[code[ip + 1]];
        if (entry === 0 || depth >= maxDepth) {
          exit = 2; // CALL
          break run;
        }
        const frame = fp + code[ip + 2];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        const link = (frame - 1) << 1;
        ri[link] = code[ip + 3];
        ri[link + 1] = fp;
        r[frame] = r[fp + code[ip + 4]];
        ip = entry;
        fp = frame;
        depth = depth + 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x45: { // CALL2
        const entry = entries[code[ip + 1]];
        if (entry === 0 || depth >= maxDepth) {
          exit = 2; // CALL
          break run;
        }
        const frame = fp + code[ip + 2];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        const link = (frame - 1) << 1;
        ri[link] = code[ip + 3];
        ri[link + 1] = fp;
        r[frame] = r[fp + code[ip + 4]];
        r[frame + 1] = r[fp + code[ip + 5]];
        ip = entry;
        fp = frame;
        depth = depth + 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x46: { // CALL3
        const entry = entries[code[ip + 1]];
        if (entry === 0 || depth >= maxDepth) {
          exit = 2; // CALL
          break run;
        }
        const frame = fp + code[ip + 2];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        const link = (frame - 1) << 1;
        ri[link] = code[ip + 3];
        ri[link + 1] = fp;
        r[frame] = r[fp + code[ip + 4]];
        r[frame + 1] = r[fp + code[ip + 5]];
        r[frame + 2] = r[fp + code[ip + 6]];
        ip = entry;
        fp = frame;
        depth = depth + 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x47: { // CALLN
        const entry = entries[code[ip + 1]];
        if (entry === 0 || depth >= maxDepth) {
          exit = 2; // CALL
          break run;
        }
        const frame = fp + code[ip + 2];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        const link = (frame - 1) << 1;
        ri[link] = code[ip + 3];
        ri[link + 1] = fp;
        const n = code[ip + 4];
        for (let k = 0; k < n; k++) r[frame + k] = r[fp + code[ip + 5 + k]];
        ip = entry;
        fp = frame;
        depth = depth + 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x48: { // CALL_FUNC
        const callee = ri[(fp + code[ip + 2]) << 1] >>> 0;
        if (
          depth >= maxDepth || callee >= entries.length ||
          funcSigs[callee] !== callSigs[code[ip + 1]]
        ) {
          exit = 8; // INDIRECT
          break run;
        }
        const entry = entries[callee];
        if (entry === 0) {
          exit = 8; // INDIRECT
          break run;
        }
        const frame = fp + code[ip + 3];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        const link = (frame - 1) << 1;
        ri[link] = code[ip + 4];
        ri[link + 1] = fp;
        const n = code[ip + 5];
        for (let k = 0; k < n; k++) r[frame + k] = r[fp + code[ip + 6 + k]];
        ip = entry;
        fp = frame;
        depth = depth + 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x49: { // CALL_CLOSURE
        const closure = (fp + code[ip + 2]) << 1;
        const callee = ri[closure] >>> 0;
        if (
          depth >= maxDepth || callee >= entries.length ||
          closureSigs[callee] !== callSigs[code[ip + 1]]
        ) {
          exit = 8; // INDIRECT
          break run;
        }
        const entry = entries[callee];
        if (entry === 0) {
          exit = 8; // INDIRECT
          break run;
        }
        const frame = fp + code[ip + 3];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        const link = (frame - 1) << 1;
        ri[link] = code[ip + 4];
        ri[link + 1] = fp;
        ri[2 * frame] = ri[closure + 1];
        ri[2 * frame + 1] = 0;
        const n = code[ip + 5];
        for (let k = 0; k < n; k++) r[frame + 1 + k] = r[fp + code[ip + 6 + k]];
        ip = entry;
        fp = frame;
        depth = depth + 1;
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0x4a: { // HOST
        const status = host.call(code[ip + 1], words, fp, code, ip + 4);
        const n = code[ip + 3];
        if (status !== 0 || n < 0) {
          m.hostStatus = status;
          exit = 5; // HOST
          break run;
        }
        ip = code[ip + 2];
        const results = host.results.i64;
        for (let k = 0; k < n; k++) r[fp + code[ip - 1 - n + k]] = results[k];
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        if (heap.u8 !== u8) {
          exit = 6; // RELOAD
          break run;
        }
        continue;
      }
      case 0x55: { // closure.new
        const low = ri[(fp + code[ip + 2]) << 1];
        const high = ri[(fp + code[ip + 3]) << 1];
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = low;
        ri[d + 1] = high;
        ip = ip + 4;
        continue;
      }
      case 0x6a: // bytes.len
      case 0x6b: { // str.len
        const length = ri[((fp + code[ip + 2]) << 1) + 1];
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = length;
        ri[d + 1] = 0;
        ip = ip + 3;
        continue;
      }
      case 0x6c: { // i64.div
        const a = (fp + code[ip + 2]) << 1;
        const b = (fp + code[ip + 3]) << 1;
        if ((ri[b] | ri[b + 1]) === 0) {
          exit = 22; // DIV_BY_ZERO
          break run;
        }
        if ((ri[b] & ri[b + 1]) === -1 && ri[a] === 0 && ri[a + 1] === -0x80000000) {
          exit = 23; // INT_DIV_OVERFLOW
          break run;
        }
        r[fp + code[ip + 1]] = r[a >> 1] / r[b >> 1];
        ip = ip + 4;
        continue;
      }
      case 0x6d: { // i64.rem
        const a = (fp + code[ip + 2]) << 1;
        const b = (fp + code[ip + 3]) << 1;
        if ((ri[b] | ri[b + 1]) === 0) {
          exit = 22; // DIV_BY_ZERO
          break run;
        }
        if ((ri[b] & ri[b + 1]) === -1 && ri[a] === 0 && ri[a + 1] === -0x80000000) {
          exit = 23; // INT_DIV_OVERFLOW
          break run;
        }
        r[fp + code[ip + 1]] = r[a >> 1] % r[b >> 1];
        ip = ip + 4;
        continue;
      }
      case 0x6e: { // u64.div
        const b = (fp + code[ip + 3]) << 1;
        if ((ri[b] | ri[b + 1]) === 0) {
          exit = 22; // DIV_BY_ZERO
          break run;
        }
        ru[fp + code[ip + 1]] = ru[fp + code[ip + 2]] / ru[b >> 1];
        ip = ip + 4;
        continue;
      }
      case 0x6f: { // u64.rem
        const b = (fp + code[ip + 3]) << 1;
        if ((ri[b] | ri[b + 1]) === 0) {
          exit = 22; // DIV_BY_ZERO
          break run;
        }
        ru[fp + code[ip + 1]] = ru[fp + code[ip + 2]] % ru[b >> 1];
        ip = ip + 4;
        continue;
      }
      case 0x70: { // i64.to_f64: both terms are exact, so their sum is rounded once
        const a = (fp + code[ip + 2]) << 1;
        rf[fp + code[ip + 1]] = ri[a + 1] * 4294967296 + (ri[a] >>> 0);
        ip = ip + 3;
        continue;
      }
      case 0x71: { // u64.to_f64
        const a = (fp + code[ip + 2]) << 1;
        rf[fp + code[ip + 1]] = (ri[a + 1] >>> 0) * 4294967296 + (ri[a] >>> 0);
        ip = ip + 3;
        continue;
      }
      case 0x72: { // f64.to_i64
        const a = rf[fp + code[ip + 2]];
        if (a - a !== 0) {
          exit = 21; // FLOAT_TO_INT_INVALID
          break run;
        }
        if (a < -9223372036854775808 || a > 9223372036854775808) {
          exit = 20; // INT_CAST_OVERFLOW
          break run;
        }
        const d = (fp + code[ip + 1]) << 1;
        if (a === 9223372036854775808) {
          ri[d] = -1;
          ri[d + 1] = 0x7fffffff;
        } else {
          const whole = Math.trunc(a);
          const high = Math.floor(whole / 4294967296);
          ri[d] = (whole - high * 4294967296) | 0;
          ri[d + 1] = high | 0;
        }
        ip = ip + 3;
        continue;
      }
      case 0x73: { // f64.to_u64
        const a = rf[fp + code[ip + 2]];
        if (a - a !== 0) {
          exit = 21; // FLOAT_TO_INT_INVALID
          break run;
        }
        if (a < 0 || a > 18446744073709551616) {
          exit = 20; // INT_CAST_OVERFLOW
          break run;
        }
        const d = (fp + code[ip + 1]) << 1;
        if (a === 18446744073709551616) {
          ri[d] = -1;
          ri[d + 1] = -1;
        } else {
          const whole = Math.trunc(a);
          const high = Math.floor(whole / 4294967296);
          ri[d] = (whole - high * 4294967296) | 0;
          ri[d + 1] = high | 0;
        }
        ip = ip + 3;
        continue;
      }
      case 0x74: { // dec.to_i64
        const a = fp + code[ip + 2];
        if (ri[2 * a + 2] !== 0) {
          exit = 24; // DECIMAL_SCALE_MISMATCH
          break run;
        }
        r[fp + code[ip + 1]] = r[a];
        ip = ip + 3;
        continue;
      }
      case 0x75: { // dec.to_u64
        const a = fp + code[ip + 2];
        if (ri[2 * a + 2] !== 0) {
          exit = 24; // DECIMAL_SCALE_MISMATCH
          break run;
        }
        if (ri[2 * a + 1] < 0) {
          exit = 20; // INT_CAST_OVERFLOW
          break run;
        }
        r[fp + code[ip + 1]] = r[a];
        ip = ip + 3;
        continue;
      }
      case 0x76: { // i64.to_dec
        const d = fp + code[ip + 1];
        const a = fp + code[ip + 2];
        const scale = code[ip + 3];
        if (scale > 18 || overflows(r[a], POWER_OF_10[scale])) {
          exit = 25; // DECIMAL_OVERFLOW
          break run;
        }
        r[d] = r[a] * POWER_OF_10[scale];
        ri[2 * d + 2] = scale;
        ri[2 * d + 3] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x77: { // u64.to_dec
        const d = fp + code[ip + 1];
        const a = fp + code[ip + 2];
        const scale = code[ip + 3];
        if (scale > 18 || overflows(ru[a], POWER_OF_10[scale])) {
          exit = 25; // DECIMAL_OVERFLOW
          break run;
        }
        r[d] = r[a] * POWER_OF_10[scale];
        ri[2 * d + 2] = scale;
        ri[2 * d + 3] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x78: // bytes.eq
      case 0x79: { // str.eq
        const a = (fp + code[ip + 2]) << 1;
        const b = (fp + code[ip + 3]) << 1;
        const d = (fp + code[ip + 1]) << 1;
        const length = ri[a + 1] >>> 0;
        let equal = 0;
        if (length === ri[b + 1] >>> 0) {
          const x = ri[a] >>> 0;
          const y = ri[b] >>> 0;
          let k = 0;
          if (x === y) k = length;
          while (k < length && u8[x + k] === u8[y + k]) k++;
          if (k === length) equal = 1;
        }
        ri[d] = equal;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x7a: // bytes.concat
      case 0x7b: { // str.concat
        const a = (fp + code[ip + 2]) << 1;
        const b = (fp + code[ip + 3]) << 1;
        const la = ri[a + 1] >>> 0;
        const lb = ri[b + 1] >>> 0;
        if (lb === 0) {
          r[fp + code[ip + 1]] = r[a >> 1];
        } else if (la === 0) {
          r[fp + code[ip + 1]] = r[b >> 1];
        } else {
          const top = bounds[0];
          const x = ri[a] >>> 0;
          const y = ri[b] >>> 0;
          const extend = x + la === top;
          const from = extend ? x : top;
          const end = from + la + lb;
          if (end > bounds[1]) {
            m.need = end;
            exit = 4; // MEMORY
            break run;
          }
          bounds[0] = end;
          if (!extend) {
            if (la <= 64) {
              for (let k = 0; k < la; k++) u8[top + k] = u8[x + k];
            } else {
              u8.copyWithin(top, x, x + la);
            }
          }
          if (lb <= 64) {
            for (let k = 0; k < lb; k++) u8[from + la + k] = u8[y + k];
          } else {
            u8.copyWithin(from + la, y, y + lb);
          }
          const d = (fp + code[ip + 1]) << 1;
          ri[d] = from | 0;
          ri[d + 1] = (la + lb) | 0;
        }
        ip = ip + 4;
        continue;
      }
      case 0x7c: { // bytes.get
        const a = (fp + code[ip + 2]) << 1;
        const i = (fp + code[ip + 3]) << 1;
        const index = ri[i] >>> 0;
        if (ri[i + 1] !== 0 || index >= ri[a + 1] >>> 0) {
          exit = 26; // INDEX_OUT_OF_BOUNDS
          break run;
        }
        const byte = u8[(ri[a] >>> 0) + index];
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = byte;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x7d: { // bytes.get_imm
        const a = (fp + code[ip + 2]) << 1;
        const index = code[ip + 3] >>> 0;
        if (index >= ri[a + 1] >>> 0) {
          exit = 26; // INDEX_OUT_OF_BOUNDS
          break run;
        }
        const byte = u8[(ri[a] >>> 0) + index];
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = byte;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x7e: // bytes.slice
      case 0x7f: { // str.slice
        const a = (fp + code[ip + 2]) << 1;
        const s = (fp + code[ip + 3]) << 1;
        const e = (fp + code[ip + 4]) << 1;
        const start = ri[s] >>> 0;
        const end = ri[e] >>> 0;
        const length = ri[a + 1] >>> 0;
        if ((ri[s + 1] | ri[e + 1]) !== 0 || start > end || end > length) {
          exit = 26; // INDEX_OUT_OF_BOUNDS
          break run;
        }
        const from = ri[a] >>> 0;
        if (
          code[ip] === 0x7f &&
          (start < length && (u8[from + start] & 0xc0) === 0x80 ||
            end < length && (u8[from + end] & 0xc0) === 0x80)
        ) {
          exit = 27; // STR_NOT_CHAR_BOUNDARY
          break run;
        }
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = (from + start) | 0;
        ri[d + 1] = (end - start) | 0;
        ip = ip + 5;
        continue;
      }
      case 0x80: // str.to_bytes
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]];
        ip = ip + 3;
        continue;
      case 0x81: { // bytes.to_str
        const a = (fp + code[ip + 2]) << 1;
        if (!isUtf8(u8, ri[a] >>> 0, ri[a + 1] >>> 0)) {
          exit = 28; // INVALID_UTF8
          break run;
        }
        r[fp + code[ip + 1]] = r[a >> 1];
        ip = ip + 3;
        continue;
      }
      case 0x88: { // bool.and
        const value = ri[(fp + code[ip + 2]) << 1] & ri[(fp + code[ip + 3]) << 1];
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = value;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x89: { // bool.or
        const value = ri[(fp + code[ip + 2]) << 1] | ri[(fp + code[ip + 3]) << 1];
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = value;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x8a: { // bool.xor
        const value = ri[(fp + code[ip + 2]) << 1] ^ ri[(fp + code[ip + 3]) << 1];
        const d = (fp + code[ip + 1]) << 1;
        ri[d] = value;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x8b: { // f64.neg
        const d = fp + code[ip + 1];
        r[d] = r[fp + code[ip + 2]];
        ri[2 * d + 1] = ri[2 * d + 1] ^ 0x80000000;
        ip = ip + 3;
        continue;
      }
      case 0x8c: { // f64.abs
        const d = fp + code[ip + 1];
        r[d] = r[fp + code[ip + 2]];
        ri[2 * d + 1] = ri[2 * d + 1] & 0x7fffffff;
        ip = ip + 3;
        continue;
      }
      case 0x8d: { // f64.min
        const d = fp + code[ip + 1];
        const a = rf[fp + code[ip + 2]];
        const b = rf[fp + code[ip + 3]];
        if (a !== a || b !== b) {
          ri[2 * d] = 0;
          ri[2 * d + 1] = 0x7ff80000;
        } else {
          rf[d] = Math.min(a, b);
        }
        ip = ip + 4;
        continue;
      }
      case 0x8e: { // f64.max
        const d = fp + code[ip + 1];
        const a = rf[fp + code[ip + 2]];
        const b = rf[fp + code[ip + 3]];
        if (a !== a || b !== b) {
          ri[2 * d] = 0;
          ri[2 * d + 1] = 0x7ff80000;
        } else {
          rf[d] = Math.max(a, b);
        }
        ip = ip + 4;
        continue;
      }
      case 0x8f: // f64.min_num
      case 0x90: { // f64.max_num
        const d = fp + code[ip + 1];
        const a = rf[fp + code[ip + 2]];
        const b = rf[fp + code[ip + 3]];
        if (a !== a && b !== b) {
          ri[2 * d] = 0;
          ri[2 * d + 1] = 0x7ff80000;
        } else if (a !== a) {
          r[d] = r[fp + code[ip + 3]];
        } else if (b !== b) {
          r[d] = r[fp + code[ip + 2]];
        } else if (code[ip] === 0x8f) {
          rf[d] = Math.min(a, b);
        } else {
          rf[d] = Math.max(a, b);
        }
        ip = ip + 4;
        continue;
      }
      case 0x92: // f64.to_bits
      case 0x93: // f64.from_bits
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]];
        ip = ip + 3;
        continue;
      case 0xa0: { // EQ_BR
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (r[fp + code[ip + 2]] === r[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa1: { // LT_S_BR
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (r[fp + code[ip + 2]] < r[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa2: { // LE_S_BR
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (r[fp + code[ip + 2]] <= r[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa3: { // LT_U_BR
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (ru[fp + code[ip + 2]] < ru[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa4: { // LE_U_BR
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (ru[fp + code[ip + 2]] <= ru[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa5: { // EQ_F_BR
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (rf[fp + code[ip + 2]] === rf[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa6: { // LT_F_BR
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (rf[fp + code[ip + 2]] < rf[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa7: { // LE_F_BR
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (rf[fp + code[ip + 2]] <= rf[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa8: { // JMP_LT_S_BR
        // The block jumped to costs 2: the comparison and the branch.
        fuel = fuel - 2;
        if (fuel < 0) {
          ip = code[ip + 6];
          exit = 1; // FUEL
          break run;
        }
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (r[fp + code[ip + 2]] < r[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xa9: { // JMP_LT_U_BR
        // The block jumped to costs 2: the comparison and the branch.
        fuel = fuel - 2;
        if (fuel < 0) {
          ip = code[ip + 6];
          exit = 1; // FUEL
          break run;
        }
        const d = (fp + code[ip + 1]) << 1;
        ri[d + 1] = 0;
        if (ru[fp + code[ip + 2]] < ru[fp + code[ip + 3]]) {
          ri[d] = 1;
          ip = code[ip + 4];
        } else {
          ri[d] = 0;
          ip = code[ip + 5];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xaa: // ADD_JMP
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] + r[fp + code[ip + 3]];
        ip = code[ip + 4];
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      case 0xab: { // ADD_JMP_LT_S_BR
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] + r[fp + code[ip + 3]];
        // The block jumped to costs 2: the comparison and the branch.
        fuel = fuel - 2;
        if (fuel < 0) {
          ip = code[ip + 9];
          exit = 1; // FUEL
          break run;
        }
        const d = (fp + code[ip + 4]) << 1;
        ri[d + 1] = 0;
        if (r[fp + code[ip + 5]] < r[fp + code[ip + 6]]) {
          ri[d] = 1;
          ip = code[ip + 7];
        } else {
          ri[d] = 0;
          ip = code[ip + 8];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xac: { // ADD_JMP_LT_U_BR
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] + r[fp + code[ip + 3]];
        // The block jumped to costs 2: the comparison and the branch.
        fuel = fuel - 2;
        if (fuel < 0) {
          ip = code[ip + 9];
          exit = 1; // FUEL
          break run;
        }
        const d = (fp + code[ip + 4]) << 1;
        ri[d + 1] = 0;
        if (ru[fp + code[ip + 5]] < ru[fp + code[ip + 6]]) {
          ri[d] = 1;
          ip = code[ip + 7];
        } else {
          ri[d] = 0;
          ip = code[ip + 8];
        }
        fuel = fuel - code[ip - 1];
        if (fuel < 0) {
          exit = 1; // FUEL
          break run;
        }
        continue;
      }
      case 0xad: // ADD_ADD
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] + r[fp + code[ip + 3]];
        r[fp + code[ip + 4]] = r[fp + code[ip + 5]] + r[fp + code[ip + 6]];
        ip = ip + 7;
        continue;
      case 0xae: // MUL_ADD
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] * r[fp + code[ip + 3]];
        r[fp + code[ip + 4]] = r[fp + code[ip + 5]] + r[fp + code[ip + 6]];
        ip = ip + 7;
        continue;
      default:
        m.ip = ip;
        throw new Error(`internal: code word ${code[ip]} at position ${ip} is no opcode`);
    }
  }
  m.ip = ip;
  m.fp = fp;
  m.depth = depth;
  m.fuel = fuel;
  return exit;
}
