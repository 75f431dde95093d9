/**
 * The interpreter's larger and less frequent instructions, outside the loop of `execute.ts`: V8 needs
 * time more than proportional to a function's size to optimise it, so what is rare must not delay what
 * is hot. Relies on the same things and guarantees the same as the loop.
 *
 * @module
 */
import { isUtf8 } from "../heap/text.ts";
import type { Machine } from "./machine.ts";

/** 10^k by k, as far as it fits i64. */
const POWER_OF_10 = new BigInt64Array(19);
for (let k = 0; k < 19; k++) POWER_OF_10[k] = 10n ** BigInt(k);

/** Whether a * b does not fit i64. */
function overflows(a: bigint, b: bigint): boolean {
  const product = a * b;
  return BigInt.asIntN(64, product) !== product;
}

/**
 * Executes the instruction at `ip` with the frame at `fp`.
 *
 * @returns The position of the next instruction, or an `Exit` as a negative number.
 */
export function executeRare(m: Machine, ip: number, fp: number): number {
  const { code, words, heap } = m;
  const { i64: r, u64: ru, f64: rf, i32: ri } = words;
  const { u8, i32: h32, i64: h64, bounds } = heap;
  switch (code[ip]) {
    case 0x05: { // SELECT2
      const d = fp + code[ip + 1];
      const a = fp + (ri[(fp + code[ip + 2]) << 1] !== 0 ? code[ip + 3] : code[ip + 4]);
      r[d] = r[a];
      r[d + 1] = r[a + 1];
      return ip + 5;
    }
    case 0x0f: { // GETX
      const a = ri[(fp + code[ip + 2]) << 1] >>> 3;
      const index = code[ip + 4] >>> 0;
      const length = h32[2 * a + 2] >>> 0;
      if (h32[2 * a] !== code[ip + 3]) {
        return -18; // AGG_WRONG_KIND
      }
      if (index >= length) {
        return -19; // AGG_OUT_OF_BOUNDS
      }
      if (u8[8 * (a + 2 + length) + index] !== code[ip + 5]) {
        return -17; // INVALID_PC
      }
      if (code[ip + 5] === 5) {
        const d = fp + code[ip + 1];
        const cell = h32[2 * (a + 2 + index)] >>> 3;
        r[d] = h64[cell];
        r[d + 1] = h64[cell + 1];
      }
      return ip + 6;
    }
    case 0x12: { // AGETX
      const a = ri[(fp + code[ip + 2]) << 1] >>> 3;
      const i = (fp + code[ip + 3]) << 1;
      const index = ri[i] >>> 0;
      const length = h32[2 * a + 2] >>> 0;
      if (h32[2 * a] !== 2) {
        return -18; // AGG_WRONG_KIND
      }
      if (index >= length || ri[i + 1] !== 0) {
        return -19; // AGG_OUT_OF_BOUNDS
      }
      if (u8[8 * (a + 2 + length) + index] !== code[ip + 4]) {
        return -17; // INVALID_PC
      }
      if (code[ip + 4] === 5) {
        const d = fp + code[ip + 1];
        const cell = h32[2 * (a + 2 + index)] >>> 3;
        r[d] = h64[cell];
        r[d + 1] = h64[cell + 1];
      }
      return ip + 5;
    }
    case 0x14: { // NEW
      const next = code[ip + 1];
      const n = code[ip + 5];
      const a = (bounds[0] + 7) >>> 3;
      const end = 8 * a + code[ip + 6];
      if (end > bounds[1]) {
        m.need = end;
        return -4; // MEMORY
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
      return next;
    }
    case 0x15: { // NEWX
      const next = code[ip + 1];
      const n = code[ip + 5];
      const a = (bounds[0] + 7) >>> 3;
      const end = 8 * a + code[ip + 6];
      if (end > bounds[1]) {
        m.need = end;
        return -4; // MEMORY
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
      return next;
    }
    case 0x19: { // dec.mul
      const d = fp + code[ip + 1];
      const a = fp + code[ip + 2];
      const b = fp + code[ip + 3];
      const scale = ri[2 * a + 2] + ri[2 * b + 2];
      if (scale > 255) {
        return -25; // DECIMAL_OVERFLOW
      }
      const narrow = ri[2 * a] >> 31 === ri[2 * a + 1] && ri[2 * b] >> 31 === ri[2 * b + 1];
      if (!narrow && overflows(r[a], r[b])) {
        return -25; // DECIMAL_OVERFLOW
      }
      r[d] = r[a] * r[b];
      ri[2 * d + 2] = scale;
      ri[2 * d + 3] = 0;
      return ip + 4;
    }
    case 0x72: { // f64.to_i64
      const x64 = rf[fp + code[ip + 2]];
      if (x64 - x64 !== 0) {
        return -21; // FLOAT_TO_INT_INVALID
      }
      if (x64 < -9223372036854775808 || x64 > 9223372036854775808) {
        return -20; // INT_CAST_OVERFLOW
      }
      const d = (fp + code[ip + 1]) << 1;
      if (x64 === 9223372036854775808) {
        ri[d] = -1;
        ri[d + 1] = 0x7fffffff;
      } else {
        const whole = Math.trunc(x64);
        const upper = Math.floor(whole / 4294967296);
        ri[d] = (whole - upper * 4294967296) | 0;
        ri[d + 1] = upper | 0;
      }
      return ip + 3;
    }
    case 0x73: { // f64.to_u64
      const x64 = rf[fp + code[ip + 2]];
      if (x64 - x64 !== 0) {
        return -21; // FLOAT_TO_INT_INVALID
      }
      if (x64 < 0 || x64 > 18446744073709551616) {
        return -20; // INT_CAST_OVERFLOW
      }
      const d = (fp + code[ip + 1]) << 1;
      if (x64 === 18446744073709551616) {
        ri[d] = -1;
        ri[d + 1] = -1;
      } else {
        const whole = Math.trunc(x64);
        const upper = Math.floor(whole / 4294967296);
        ri[d] = (whole - upper * 4294967296) | 0;
        ri[d + 1] = upper | 0;
      }
      return ip + 3;
    }
    case 0x74: { // dec.to_i64
      const a = fp + code[ip + 2];
      if (ri[2 * a + 2] !== 0) {
        return -24; // DECIMAL_SCALE_MISMATCH
      }
      r[fp + code[ip + 1]] = r[a];
      return ip + 3;
    }
    case 0x75: { // dec.to_u64
      const a = fp + code[ip + 2];
      if (ri[2 * a + 2] !== 0) {
        return -24; // DECIMAL_SCALE_MISMATCH
      }
      if (ri[2 * a + 1] < 0) {
        return -20; // INT_CAST_OVERFLOW
      }
      r[fp + code[ip + 1]] = r[a];
      return ip + 3;
    }
    case 0x76: { // i64.to_dec
      const d = fp + code[ip + 1];
      const a = fp + code[ip + 2];
      const scale = code[ip + 3];
      if (scale > 18 || overflows(r[a], POWER_OF_10[scale])) {
        return -25; // DECIMAL_OVERFLOW
      }
      r[d] = r[a] * POWER_OF_10[scale];
      ri[2 * d + 2] = scale;
      ri[2 * d + 3] = 0;
      return ip + 4;
    }
    case 0x77: { // u64.to_dec
      const d = fp + code[ip + 1];
      const a = fp + code[ip + 2];
      const scale = code[ip + 3];
      if (scale > 18 || overflows(ru[a], POWER_OF_10[scale])) {
        return -25; // DECIMAL_OVERFLOW
      }
      r[d] = r[a] * POWER_OF_10[scale];
      ri[2 * d + 2] = scale;
      ri[2 * d + 3] = 0;
      return ip + 4;
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
      return ip + 4;
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
          return -4; // MEMORY
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
      return ip + 4;
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
        return -26; // INDEX_OUT_OF_BOUNDS
      }
      const from = ri[a] >>> 0;
      if (
        code[ip] === 0x7f &&
        (start < length && (u8[from + start] & 0xc0) === 0x80 ||
          end < length && (u8[from + end] & 0xc0) === 0x80)
      ) {
        return -27; // STR_NOT_CHAR_BOUNDARY
      }
      const d = (fp + code[ip + 1]) << 1;
      ri[d] = (from + start) | 0;
      ri[d + 1] = (end - start) | 0;
      return ip + 5;
    }
    case 0x81: { // bytes.to_str
      const a = (fp + code[ip + 2]) << 1;
      if (!isUtf8(u8, ri[a] >>> 0, ri[a + 1] >>> 0)) {
        return -28; // INVALID_UTF8
      }
      r[fp + code[ip + 1]] = r[a >> 1];
      return ip + 3;
    }
    case 0x8d: { // f64.min
      const d = fp + code[ip + 1];
      const x64 = rf[fp + code[ip + 2]];
      const y64 = rf[fp + code[ip + 3]];
      if (x64 !== x64 || y64 !== y64) {
        ri[2 * d] = 0;
        ri[2 * d + 1] = 0x7ff80000;
      } else {
        rf[d] = Math.min(x64, y64);
      }
      return ip + 4;
    }
    case 0x8e: { // f64.max
      const d = fp + code[ip + 1];
      const x64 = rf[fp + code[ip + 2]];
      const y64 = rf[fp + code[ip + 3]];
      if (x64 !== x64 || y64 !== y64) {
        ri[2 * d] = 0;
        ri[2 * d + 1] = 0x7ff80000;
      } else {
        rf[d] = Math.max(x64, y64);
      }
      return ip + 4;
    }
    case 0x8f: // f64.min_num
    case 0x90: { // f64.max_num
      const d = fp + code[ip + 1];
      const x64 = rf[fp + code[ip + 2]];
      const y64 = rf[fp + code[ip + 3]];
      if (x64 !== x64 && y64 !== y64) {
        ri[2 * d] = 0;
        ri[2 * d + 1] = 0x7ff80000;
      } else if (x64 !== x64) {
        r[d] = r[fp + code[ip + 3]];
      } else if (y64 !== y64) {
        r[d] = r[fp + code[ip + 2]];
      } else if (code[ip] === 0x8f) {
        rf[d] = Math.min(x64, y64);
      } else {
        rf[d] = Math.max(x64, y64);
      }
      return ip + 4;
    }
    default:
      throw new Error(`internal: code word ${code[ip]} at position ${ip} is no opcode`);
  }
}
