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
import { executeRare } from "./execute_rare.ts";
import type { Machine } from "./machine.ts";

/** 2^k by k, modulo 2^64: multiplying by them shifts left. */
const POWER_OF_2 = new BigInt64Array(64);
for (let k = 0; k < 64; k++) POWER_OF_2[k] = 1n << BigInt(k);

/** Runs from `m.ip` until something needs the driver; returns an `Exit`. */
export function execute(m: Machine): number {
  const { code, entries, words, heap, host, maxDepth, tracer } = m;
  const { i64: r, u64: ru, f64: rf, i32: ri } = words;
  const { u8, i32: h32, i64: h64 } = heap;
  const { funcSigs, closureSigs, callSigs } = m;
  const limit = r.length;
  let ip = m.ip;
  let fp = m.fp;
  let depth = m.depth;
  let fuel = m.fuel;
  let exit = 0;
  // Scratch of single instructions. Declared once, because every block's own variables would be further
  // registers of V8's bytecode, which beyond 127 are slower to get at and dearer to compile.
  let a = 0, b = 0, d = 0, i = 0, k = 0, n = 0, ah = 0, bh = 0, dh = 0, low = 0, high = 0;
  let count = 0, scale = 0, value = 0, index = 0, length = 0, next = 0, byte = 0;
  let link = 0, back = 0, caller = 0, entry = 0, frame = 0, callee = 0, closure = 0, status = 0;
  run: for (;;) {
    switch (code[ip]) {
      case 0x23: // u64.add
      case 0x20: // i64.add
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] + r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x24: // u64.sub
      case 0x21: // i64.sub
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] - r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x25: // u64.mul
      case 0x22: // i64.mul
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] * r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x26: // u64.and
      case 0x33: // i64.and
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] & r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x27: // u64.or
      case 0x36: // i64.or
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] | r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x2c: // u64.xor
      case 0x37: // i64.xor
        r[fp + code[ip + 1]] = r[fp + code[ip + 2]] ^ r[fp + code[ip + 3]];
        ip = ip + 4;
        continue;
      case 0x2a: // u64.eq
      case 0x28: { // i64.eq
        d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] === r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x29: { // i64.lt
        d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] < r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x2b: { // u64.lt
        d = (fp + code[ip + 1]) << 1;
        ri[d] = ru[fp + code[ip + 2]] < ru[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x31: { // u64.le
        d = (fp + code[ip + 1]) << 1;
        ri[d] = ru[fp + code[ip + 2]] <= ru[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x3a: { // i64.le
        d = (fp + code[ip + 1]) << 1;
        ri[d] = r[fp + code[ip + 2]] <= r[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x83: { // f64.eq
        d = (fp + code[ip + 1]) << 1;
        ri[d] = rf[fp + code[ip + 2]] === rf[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x84: { // f64.lt
        d = (fp + code[ip + 1]) << 1;
        ri[d] = rf[fp + code[ip + 2]] < rf[fp + code[ip + 3]] ? 1 : 0;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x86: { // f64.le
        d = (fp + code[ip + 1]) << 1;
        ri[d] = rf[fp + code[ip + 2]] <= rf[fp + code[ip + 3]] ? 1 : 0;
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
        d = fp + code[ip + 1];
        a = fp + code[ip + 2];
        r[d] = r[a];
        r[d + 1] = r[a + 1];
        ip = ip + 3;
        continue;
      }
      case 0x04: { // CONST2
        d = (fp + code[ip + 1]) << 1;
        ri[d] = code[ip + 2];
        ri[d + 1] = code[ip + 3];
        ri[d + 2] = code[ip + 4];
        ri[d + 3] = 0;
        ip = ip + 5;
        continue;
      }
      case 0x06: // TICK
        if (fuel <= 0) {
          exit = 7; // TICK
          break run;
        }
        fuel = fuel - 1;
        if (tracer !== undefined) tracer.traceInstruction(code[ip + 2], code[ip + 1], depth);
        ip = ip + 3;
        continue;
      case 0x07: // TRACE_ENTER
        if (tracer !== undefined) tracer.traceScope("scope_enter", code[ip + 1], depth);
        ip = ip + 3;
        continue;
      case 0x08: // TRACE_EXIT
        if (tracer !== undefined) tracer.traceScope("scope_exit", -1, depth);
        ip = ip + 1;
        continue;
      case 0x09: // HALT
        exit = 0; // DONE
        break run;
      case 0x4b: // HAND_OVER
        exit = 9; // HAND_OVER
        break run;
      case 0x0a: { // RET0
        link = (fp - 1) << 1;
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
        link = (fp - 1) << 1;
        back = ri[link];
        caller = ri[link + 1];
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
        link = (fp - 1) << 1;
        back = ri[link];
        caller = ri[link + 1];
        n = code[ip + 1];
        if (code[back - 2] < 0) {
          exit = 17; // INVALID_PC
          break run;
        }
        for (k = 0; k < n; k++) {
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
        a = ri[(fp + code[ip + 2]) << 1] >>> 3;
        index = code[ip + 4] >>> 0;
        length = h32[2 * a + 2] >>> 0;
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
      case 0x10: { // CONST
        d = (fp + code[ip + 1]) << 1;
        ri[d] = code[ip + 2];
        ri[d + 1] = code[ip + 3];
        ip = ip + 4;
        continue;
      }
      case 0x11: { // AGET
        a = ri[(fp + code[ip + 2]) << 1] >>> 3;
        i = (fp + code[ip + 3]) << 1;
        index = ri[i] >>> 0;
        length = h32[2 * a + 2] >>> 0;
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
      case 0x13: { // LEN
        a = ri[(fp + code[ip + 2]) << 1] >>> 3;
        if (h32[2 * a] !== code[ip + 3]) {
          exit = 18; // AGG_WRONG_KIND
          break run;
        }
        d = (fp + code[ip + 1]) << 1;
        ri[d] = h32[2 * a + 2];
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x17: { // dec.add
        d = fp + code[ip + 1];
        a = fp + code[ip + 2];
        b = fp + code[ip + 3];
        scale = ri[2 * a + 2];
        if (scale !== ri[2 * b + 2]) {
          exit = 24; // DECIMAL_SCALE_MISMATCH
          break run;
        }
        ah = ri[2 * a + 1];
        bh = ri[2 * b + 1];
        r[d] = r[a] + r[b];
        dh = ri[2 * d + 1];
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
        d = fp + code[ip + 1];
        a = fp + code[ip + 2];
        b = fp + code[ip + 3];
        scale = ri[2 * a + 2];
        if (scale !== ri[2 * b + 2]) {
          exit = 24; // DECIMAL_SCALE_MISMATCH
          break run;
        }
        ah = ri[2 * a + 1];
        bh = ri[2 * b + 1];
        r[d] = r[a] - r[b];
        dh = ri[2 * d + 1];
        if (((ah ^ bh) & (ah ^ dh)) < 0) {
          exit = 25; // DECIMAL_OVERFLOW
          break run;
        }
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
        a = (fp + code[ip + 2]) << 1;
        count = ri[(fp + code[ip + 3]) << 1];
        low = ri[a];
        high = ri[a + 1];
        d = (fp + code[ip + 1]) << 1;
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
        a = (fp + code[ip + 2]) << 1;
        count = ri[(fp + code[ip + 3]) << 1];
        low = ri[a];
        high = ri[a + 1];
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
      case 0x44: { // CALL1
        entry = entries[code[ip + 1]];
        if (entry === 0 || depth >= maxDepth) {
          exit = 2; // CALL
          break run;
        }
        frame = fp + code[ip + 2];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        link = (frame - 1) << 1;
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
        entry = entries[code[ip + 1]];
        if (entry === 0 || depth >= maxDepth) {
          exit = 2; // CALL
          break run;
        }
        frame = fp + code[ip + 2];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        link = (frame - 1) << 1;
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
      case 0x47: { // CALLN
        entry = entries[code[ip + 1]];
        if (entry === 0 || depth >= maxDepth) {
          exit = 2; // CALL
          break run;
        }
        frame = fp + code[ip + 2];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        link = (frame - 1) << 1;
        ri[link] = code[ip + 3];
        ri[link + 1] = fp;
        n = code[ip + 4];
        for (k = 0; k < n; k++) r[frame + k] = r[fp + code[ip + 5 + k]];
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
        callee = ri[(fp + code[ip + 2]) << 1] >>> 0;
        if (
          depth >= maxDepth || callee >= entries.length ||
          funcSigs[callee] !== callSigs[code[ip + 1]]
        ) {
          exit = 8; // INDIRECT
          break run;
        }
        entry = entries[callee];
        if (entry === 0) {
          exit = 8; // INDIRECT
          break run;
        }
        frame = fp + code[ip + 3];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        link = (frame - 1) << 1;
        ri[link] = code[ip + 4];
        ri[link + 1] = fp;
        n = code[ip + 5];
        for (k = 0; k < n; k++) r[frame + k] = r[fp + code[ip + 6 + k]];
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
        closure = (fp + code[ip + 2]) << 1;
        callee = ri[closure] >>> 0;
        if (
          depth >= maxDepth || callee >= entries.length ||
          closureSigs[callee] !== callSigs[code[ip + 1]]
        ) {
          exit = 8; // INDIRECT
          break run;
        }
        entry = entries[callee];
        if (entry === 0) {
          exit = 8; // INDIRECT
          break run;
        }
        frame = fp + code[ip + 3];
        if (frame + code[entry - 2] > limit) {
          m.need = frame + code[entry - 2];
          exit = 3; // STACK
          break run;
        }
        link = (frame - 1) << 1;
        ri[link] = code[ip + 4];
        ri[link + 1] = fp;
        ri[2 * frame] = ri[closure + 1];
        ri[2 * frame + 1] = 0;
        n = code[ip + 5];
        for (k = 0; k < n; k++) r[frame + 1 + k] = r[fp + code[ip + 6 + k]];
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
        status = host.call(code[ip + 1], words, fp, code, ip + 4);
        n = code[ip + 3];
        if (status !== 0 || n < 0) {
          m.hostStatus = status;
          exit = 5; // HOST
          break run;
        }
        ip = code[ip + 2];
        const results = host.results.i64;
        for (k = 0; k < n; k++) r[fp + code[ip - 1 - n + k]] = results[k];
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
        low = ri[(fp + code[ip + 2]) << 1];
        high = ri[(fp + code[ip + 3]) << 1];
        d = (fp + code[ip + 1]) << 1;
        ri[d] = low;
        ri[d + 1] = high;
        ip = ip + 4;
        continue;
      }
      case 0x6a: // bytes.len
      case 0x6b: { // str.len
        length = ri[((fp + code[ip + 2]) << 1) + 1];
        d = (fp + code[ip + 1]) << 1;
        ri[d] = length;
        ri[d + 1] = 0;
        ip = ip + 3;
        continue;
      }
      case 0x6c: { // i64.div
        a = (fp + code[ip + 2]) << 1;
        b = (fp + code[ip + 3]) << 1;
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
        a = (fp + code[ip + 2]) << 1;
        b = (fp + code[ip + 3]) << 1;
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
        b = (fp + code[ip + 3]) << 1;
        if ((ri[b] | ri[b + 1]) === 0) {
          exit = 22; // DIV_BY_ZERO
          break run;
        }
        ru[fp + code[ip + 1]] = ru[fp + code[ip + 2]] / ru[b >> 1];
        ip = ip + 4;
        continue;
      }
      case 0x6f: { // u64.rem
        b = (fp + code[ip + 3]) << 1;
        if ((ri[b] | ri[b + 1]) === 0) {
          exit = 22; // DIV_BY_ZERO
          break run;
        }
        ru[fp + code[ip + 1]] = ru[fp + code[ip + 2]] % ru[b >> 1];
        ip = ip + 4;
        continue;
      }
      case 0x70: { // i64.to_f64: both terms are exact, so their sum is rounded once
        a = (fp + code[ip + 2]) << 1;
        rf[fp + code[ip + 1]] = ri[a + 1] * 4294967296 + (ri[a] >>> 0);
        ip = ip + 3;
        continue;
      }
      case 0x71: { // u64.to_f64
        a = (fp + code[ip + 2]) << 1;
        rf[fp + code[ip + 1]] = (ri[a + 1] >>> 0) * 4294967296 + (ri[a] >>> 0);
        ip = ip + 3;
        continue;
      }
      case 0x7c: { // bytes.get
        a = (fp + code[ip + 2]) << 1;
        i = (fp + code[ip + 3]) << 1;
        index = ri[i] >>> 0;
        if (ri[i + 1] !== 0 || index >= ri[a + 1] >>> 0) {
          exit = 26; // INDEX_OUT_OF_BOUNDS
          break run;
        }
        byte = u8[(ri[a] >>> 0) + index];
        d = (fp + code[ip + 1]) << 1;
        ri[d] = byte;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x7d: { // bytes.get_imm
        a = (fp + code[ip + 2]) << 1;
        index = code[ip + 3] >>> 0;
        if (index >= ri[a + 1] >>> 0) {
          exit = 26; // INDEX_OUT_OF_BOUNDS
          break run;
        }
        byte = u8[(ri[a] >>> 0) + index];
        d = (fp + code[ip + 1]) << 1;
        ri[d] = byte;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x88: { // bool.and
        value = ri[(fp + code[ip + 2]) << 1] & ri[(fp + code[ip + 3]) << 1];
        d = (fp + code[ip + 1]) << 1;
        ri[d] = value;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x89: { // bool.or
        value = ri[(fp + code[ip + 2]) << 1] | ri[(fp + code[ip + 3]) << 1];
        d = (fp + code[ip + 1]) << 1;
        ri[d] = value;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x8a: { // bool.xor
        value = ri[(fp + code[ip + 2]) << 1] ^ ri[(fp + code[ip + 3]) << 1];
        d = (fp + code[ip + 1]) << 1;
        ri[d] = value;
        ri[d + 1] = 0;
        ip = ip + 4;
        continue;
      }
      case 0x8b: { // f64.neg
        d = fp + code[ip + 1];
        r[d] = r[fp + code[ip + 2]];
        ri[2 * d + 1] = ri[2 * d + 1] ^ 0x80000000;
        ip = ip + 3;
        continue;
      }
      case 0x8c: { // f64.abs
        d = fp + code[ip + 1];
        r[d] = r[fp + code[ip + 2]];
        ri[2 * d + 1] = ri[2 * d + 1] & 0x7fffffff;
        ip = ip + 3;
        continue;
      }
      case 0xa0: { // EQ_BR
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 1]) << 1;
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
        d = (fp + code[ip + 4]) << 1;
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
        d = (fp + code[ip + 4]) << 1;
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
      case 0x05: // SELECT2
      case 0x0f: // GETX
      case 0x12: // AGETX
      case 0x14: // NEW
      case 0x15: // NEWX
      case 0x19: // dec.mul
      case 0x72: // f64.to_i64
      case 0x73: // f64.to_u64
      case 0x74: // dec.to_i64
      case 0x75: // dec.to_u64
      case 0x76: // i64.to_dec
      case 0x77: // u64.to_dec
      case 0x78: // bytes.eq
      case 0x79: // str.eq
      case 0x7a: // bytes.concat
      case 0x7b: // str.concat
      case 0x7e: // bytes.slice
      case 0x7f: // str.slice
      case 0x81: // bytes.to_str
      case 0x8d: // f64.min
      case 0x8e: // f64.max
      case 0x8f: // f64.min_num
      case 0x90: // f64.max_num
        next = executeRare(m, ip, fp);
        if (next < 0) {
          exit = -next;
          break run;
        }
        ip = next;
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
