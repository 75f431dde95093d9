/**
 * From allocated machine instructions (ops.ts) to bytes. Owns labels, the literal pool, jump tables
 * and everything out of line; relies on abi.ts for the frame and on the encoder for the bytes.
 *
 *     body, blocks in layout order
 *     cold code: a stub for each site that can be left from, one for each charge of fuel, rare parts
 *                of conversions
 *     jump tables (4-byte words), literals (16-byte masks, then 8-byte constants)
 *
 * Guarantees that `move` writes no flags and no register but its destination and the scratch
 * registers, and that instructions write only what their operands say and the scratch registers.
 *
 * @module
 */
import { Context, ExitCode } from "../codegen/context.ts";
import type { MachEmitter } from "../codegen/emit.ts";
import type { MachFunc } from "../codegen/mach.ts";
import type { Allocation } from "../codegen/regalloc.ts";
import { constOf, FLOAT_BASE, isConst, slotOf } from "../codegen/registers.ts";
import { Scratch } from "../util/scratch.ts";
import { CONTEXT_REG, DEPTH_REG, FUEL_REG, RSP, SCRATCH, SCRATCH_XMM } from "./abi.ts";
import {
  ALU,
  aluRI,
  aluRM,
  aluRR,
  BIT,
  bitRI,
  bswapR,
  callM,
  callRel32,
  CC,
  cdq,
  cmovRM,
  cmovRR,
  cqo,
  cvtsi2sXR,
  cvtsXM,
  cvtsXX,
  cvtts2siRX,
  imulRM,
  imulRMI,
  imulRR,
  imulRRI,
  jccRel32,
  jccRel8,
  jmpM,
  jmpR,
  jmpRel32,
  jmpRel8,
  leaRM,
  movapRR,
  movImm,
  movMI,
  movMR,
  movRI,
  movRM,
  movRR,
  movRX,
  movsMR,
  movsRM,
  movsxdRM,
  movsxdRR,
  movsxRM,
  movsxRR,
  movXR,
  movzxRM,
  movzxRR,
  mulxRRM,
  mulxRRR,
  NONE,
  nop,
  patchRel32,
  patchRel8,
  ret,
  RIP,
  rorxRMI,
  rorxRRI,
  SCAN,
  scanRM,
  scanRR,
  setccR,
  SHIFT,
  shiftRCl,
  shiftRI,
  shiftxRMR,
  shiftxRRR,
  SSE,
  SSE_LOGIC,
  sseLogicRM,
  sseLogicRR,
  sseRM,
  sseRoundRM,
  sseRoundRR,
  sseRR,
  testMR,
  testRI,
  testRR,
  ucomisRM,
  ucomisRR,
  UNARY,
  unaryM,
  unaryR,
  type X64Buffer,
} from "./encoder.ts";

const R15 = CONTEXT_REG;
const X15 = SCRATCH_XMM;
const RCX = 1, RDX = 2, RBX = 3;

/** 16-byte literals, named by index. */
const MASK = { sign64: 0, magnitude64: 1, sign32: 2, magnitude32: 3 } as const;
/** Their halves: low and high word of each half are the same for both halves. */
const MASK_WORDS = [
  [0, 0x8000_0000 | 0],
  [-1, 0x7fff_ffff],
  [0x8000_0000 | 0, 0x8000_0000 | 0],
  [0x7fff_ffff, 0x7fff_ffff],
] as const;

/** Loop headers start at multiples of this. */
const LOOP_ALIGNMENT = 16;

/** A jump to be pointed at a stub of a site. */
interface ColdJump {
  readonly at: number;
  readonly code: number;
  readonly site: number;
}

/** Reused by all functions, one at a time. */
const scratch = new Scratch();

/** Writes the instructions of one function. */
export class X64Emitter implements MachEmitter {
  readonly scratch: readonly [number, number] = [SCRATCH, FLOAT_BASE + X15];
  readonly #buf: X64Buffer;
  readonly #mach: MachFunc;
  readonly #loc: Int32Array;
  readonly #frame: number;
  /** Offset of the function's first byte. */
  readonly #entry: number;

  #block = 0;
  readonly #blockAt: Int32Array;
  readonly #blockJumps: number[] = []; // pairs (offset of a rel32, block)
  readonly #coldJumps: ColdJump[] = [];
  /** Rare parts of instructions, written behind the body. */
  readonly #rare: (() => void)[] = [];
  readonly #tables: { at: number; blocks: number[] }[] = [];

  readonly #literalLo: number[] = [];
  readonly #literalHi: number[] = [];
  readonly #literalUses: number[] = []; // triples (offset of disp32, end of instruction, literal)
  readonly #maskUses: number[] = []; // the same with masks
  #lastPc = -1;

  /** Pairs (offset, guest pc), ascending. */
  readonly pcMap: number[] = [];

  /** Starts at the end of `buf`; `frame` is the bytes from the stack pointer to the return address. */
  constructor(buf: X64Buffer, mach: MachFunc, allocation: Allocation, frame: number) {
    this.#buf = buf;
    this.#mach = mach;
    this.#loc = allocation.operandLocation;
    this.#frame = frame;
    this.#entry = buf.length;
    scratch.reset();
    this.#blockAt = scratch.int32(mach.blockCount, -1);
    if (this.#frame > 0) aluRI(buf, ALU.SUB, 64, RSP, this.#frame);
  }

  // ---- places

  /** Displacement from RSP of the spill slot of `location`. */
  #slot(location: number): number {
    return this.#mach.outgoingBytes + 8 * slotOf(location);
  }

  #literal(lo: number, hi: number): number {
    const los = this.#literalLo, his = this.#literalHi;
    for (let k = los.length - 1; k >= 0; k--) if (los[k] === lo && his[k] === hi) return k;
    los.push(lo);
    his.push(hi);
    return los.length - 1;
  }

  /** Notes that the instruction just written reads a literal. */
  #usesLiteral(lo: number, hi: number): void {
    this.#literalUses.push(this.#buf.ripAt, this.#buf.length, this.#literal(lo, hi));
  }

  #usesMask(mask: number): void {
    this.#maskUses.push(this.#buf.ripAt, this.#buf.length, mask);
  }

  // ---- labels

  bindBlock(block: number): void {
    const { blockDepth } = this.#mach;
    if (block > 0 && blockDepth[block] > blockDepth[block - 1]) {
      for (let pad = -this.#buf.length & (LOOP_ALIGNMENT - 1); pad > 0; pad -= 9) {
        nop(this.#buf, Math.min(pad, 9));
      }
    }
    this.#block = block;
    this.#blockAt[block] = this.#buf.length;
  }

  jump(block: number): void {
    const at = this.#blockAt[block];
    const rel = at - (this.#buf.length + 2);
    if (at >= 0 && rel >= -128) jmpRel8(this.#buf, rel);
    else this.#blockJumps.push(jmpRel32(this.#buf, 0), block);
  }

  #jumpIf(cc: number, block: number): void {
    const at = this.#blockAt[block];
    const rel = at - (this.#buf.length + 2);
    if (at >= 0 && rel >= -128) jccRel8(this.#buf, cc, rel);
    else this.#blockJumps.push(jccRel32(this.#buf, cc, 0), block);
  }

  /** Leaves with `code` at `site` if `cc` holds. */
  #leaveIf(cc: number, code: number, site: number): void {
    this.#coldJumps.push({ at: jccRel32(this.#buf, cc, 0), code, site });
  }

  /** Continues out of line if `cc` holds, with what the matching `#comeBack` says. */
  #rareIf(cc: number): number {
    return jccRel32(this.#buf, cc, 0);
  }

  /** The rare case that begins with jump `at` comes back here: `write` ends in a jump to `back`. */
  #comeBack(at: number, write: (back: number) => void): void {
    const buf = this.#buf;
    const back = buf.length;
    this.#rare.push(() => {
      patchRel32(buf, at, buf.length);
      write(back);
    });
  }

  #jumpBack(back: number): void {
    patchRel32(this.#buf, jmpRel32(this.#buf, 0), back);
  }

  #jumpBackIf(cc: number, back: number): void {
    patchRel32(this.#buf, jccRel32(this.#buf, cc, 0), back);
  }

  /** A short forward jump; `#land` ends it. */
  #skipIf(cc: number): number {
    return jccRel8(this.#buf, cc, 0);
  }

  #land(at: number): void {
    patchRel8(this.#buf, at, this.#buf.length);
  }

  // ---- moves

  move(cls: number, to: number, from: number): void {
    if (isConst(from)) this.#moveConst(cls, to, constOf(from));
    else if (cls === 0) this.#moveInt(to, from);
    else this.#moveFloat(to, from);
  }

  #moveInt(to: number, from: number): void {
    const buf = this.#buf;
    if (to >= 0 && from >= 0) movRR(buf, 64, to, from);
    else if (to >= 0) movRM(buf, 64, to, RSP, NONE, 0, this.#slot(from));
    else if (from >= 0) movMR(buf, 64, RSP, NONE, 0, this.#slot(to), from);
    else {
      movsRM(buf, 64, X15, RSP, NONE, 0, this.#slot(from));
      movsMR(buf, 64, RSP, NONE, 0, this.#slot(to), X15);
    }
  }

  #moveFloat(to: number, from: number): void {
    const buf = this.#buf;
    if (to >= 0 && from >= 0) movapRR(buf, 32, to - FLOAT_BASE, from - FLOAT_BASE);
    else if (to >= 0) movsRM(buf, 64, to - FLOAT_BASE, RSP, NONE, 0, this.#slot(from));
    else if (from >= 0) movsMR(buf, 64, RSP, NONE, 0, this.#slot(to), from - FLOAT_BASE);
    else {
      movRM(buf, 64, SCRATCH, RSP, NONE, 0, this.#slot(from));
      movMR(buf, 64, RSP, NONE, 0, this.#slot(to), SCRATCH);
    }
  }

  #moveConst(cls: number, to: number, vreg: number): void {
    const buf = this.#buf;
    if (vreg === this.#mach.heapBase) {
      const reg = to >= 0 ? to : SCRATCH;
      movRM(buf, 64, reg, R15, NONE, 0, Context.heapBase);
      if (to < 0) movMR(buf, 64, RSP, NONE, 0, this.#slot(to), SCRATCH);
      return;
    }
    const lo = this.#mach.vregConst[3 * vreg];
    const hi = this.#mach.vregConst[3 * vreg + 1];
    if (to < 0) {
      if (hi === lo >> 31) movMI(buf, 64, RSP, NONE, 0, this.#slot(to), lo);
      else {
        movImm(buf, SCRATCH, lo, hi);
        movMR(buf, 64, RSP, NONE, 0, this.#slot(to), SCRATCH);
      }
    } else if (cls === 0) movImm(buf, to, lo, hi);
    else this.#loadFloat(64, to - FLOAT_BASE, lo, hi);
  }

  /** Sets a float register to a constant. Writes no flags. */
  #loadFloat(size: number, xmm: number, lo: number, hi: number): void {
    const buf = this.#buf;
    if (lo === 0 && hi === 0) sseLogicRR(buf, SSE_LOGIC.XOR, 32, xmm, xmm);
    else {
      movsRM(buf, size, xmm, RIP, NONE, 0, 0);
      this.#usesLiteral(lo, hi);
    }
  }

  #copyInt(size: number, to: number, from: number): void {
    if (to !== from) movRR(this.#buf, size, to, from);
  }

  #copyFloat(to: number, from: number): void {
    if (to !== from) movapRR(this.#buf, 32, to, from);
  }

  // ---- instructions

  instruction(i: number, next: number, forward: Int32Array): void {
    const buf = this.#buf, mach = this.#mach, loc = this.#loc;
    const op = mach.op[i];
    const o = mach.operandStart[i];
    const imm = mach.imm[i], imm2 = mach.imm2[i];
    const size = (op & 0x80) !== 0 ? 64 : 32;
    const kind = (op >> 8) & 15;
    const pc = mach.pc[i];
    if (pc >= 0 && pc !== this.#lastPc) {
      this.#lastPc = pc;
      this.pcMap.push(buf.length, pc);
    }
    switch (op & 0x7f) {
      case 0x01: // x64.alu
        return this.#alu(kind, size, loc[o], loc[o + 1], loc[o + 2]);
      case 0x02: // x64.aluImm
        return this.#aluImm(kind, size, loc[o], loc[o + 1], imm);
      case 0x03: { // x64.mul
        const def = loc[o], a = loc[o + 1], b = loc[o + 2];
        if (b >= 0 && def === b) return imulRR(buf, size, def, a);
        this.#copyInt(size, def, a);
        if (b >= 0) imulRR(buf, size, def, b);
        else imulRM(buf, size, def, RSP, NONE, 0, this.#slot(b));
        return;
      }
      case 0x04: // x64.mulImm
        if (loc[o + 1] >= 0) imulRRI(buf, size, loc[o], loc[o + 1], imm);
        else imulRMI(buf, size, loc[o], RSP, NONE, 0, this.#slot(loc[o + 1]), imm);
        return;
      case 0x05: { // x64.mulHigh
        const b = loc[o + 3];
        const mul = kind !== 0 ? UNARY.IMUL : UNARY.MUL;
        if (b >= 0) unaryR(buf, mul, size, b);
        else unaryM(buf, mul, size, RSP, NONE, 0, this.#slot(b));
        return;
      }
      case 0x06: { // x64.mulx
        const b = loc[o + 2];
        if (b >= 0) mulxRRR(buf, size, loc[o], loc[o], b);
        else mulxRRM(buf, size, loc[o], loc[o], RSP, NONE, 0, this.#slot(b));
        return;
      }
      case 0x07: { // x64.div
        const b = loc[o + 3];
        if (kind === 0) aluRR(buf, ALU.XOR, 32, RDX, RDX);
        else if (size === 64) cqo(buf);
        else cdq(buf);
        const div = kind !== 0 ? UNARY.IDIV : UNARY.DIV;
        if (b >= 0) unaryR(buf, div, size, b);
        else unaryM(buf, div, size, RSP, NONE, 0, this.#slot(b));
        return;
      }
      case 0x08: // x64.unary
        this.#copyInt(size, loc[o], loc[o + 1]);
        return unaryR(buf, kind, size, loc[o]);
      case 0x09: // x64.bswap
        this.#copyInt(size, loc[o], loc[o + 1]);
        return bswapR(buf, size, loc[o]);
      case 0x0a: { // x64.shiftImm
        const def = loc[o], a = loc[o + 1];
        if (kind === SHIFT.SHL && imm === 1) {
          if (def === a) aluRR(buf, ALU.ADD, size, def, def);
          else leaRM(buf, size, def, a, a, 0, 0);
          return;
        }
        // By nothing is a move even within one register: it clears the upper half.
        if (imm === 0) return movRR(buf, size, def, a);
        this.#copyInt(size, def, a);
        return shiftRI(buf, kind, size, def, imm);
      }
      case 0x0b: { // x64.shiftCl
        const def = loc[o];
        const target = def === RCX ? SCRATCH : def;
        this.#copyInt(size, target, loc[o + 1]);
        shiftRCl(buf, kind, size, target);
        if (def === RCX) movRR(buf, size, def, target);
        return;
      }
      case 0x0c: { // x64.shiftx
        const a = loc[o + 1];
        if (a >= 0) shiftxRRR(buf, kind, size, loc[o], a, loc[o + 2]);
        else shiftxRMR(buf, kind, size, loc[o], RSP, NONE, 0, this.#slot(a), loc[o + 2]);
        return;
      }
      case 0x0d: // x64.rorx
        if (loc[o + 1] >= 0) rorxRRI(buf, size, loc[o], loc[o + 1], imm);
        else rorxRMI(buf, size, loc[o], RSP, NONE, 0, this.#slot(loc[o + 1]), imm);
        return;
      case 0x0e: // x64.extend
        return this.#extend(kind, size, loc[o], loc[o + 1]);
      case 0x0f: // x64.lea
        return leaRM(buf, size, loc[o], loc[o + 1], loc[o + 2], (op >> 13) & 3, imm);
      case 0x10: // x64.scan
        if (loc[o + 1] >= 0) scanRR(buf, kind, size, loc[o], loc[o + 1]);
        else scanRM(buf, kind, size, loc[o], RSP, NONE, 0, this.#slot(loc[o + 1]));
        return;
      case 0x11: // x64.clz
        scanRR(buf, SCAN.BSR, size, SCRATCH, loc[o + 1]);
        // For zero: (2N - 1) xor (N - 1) = N.
        movRI(buf, 32, loc[o], 2 * size - 1);
        cmovRR(buf, CC.NE, size, loc[o], SCRATCH);
        return aluRI(buf, ALU.XOR, 32, loc[o], size - 1);
      case 0x12: // x64.ctz
        scanRR(buf, SCAN.BSF, size, SCRATCH, loc[o + 1]);
        movRI(buf, 32, loc[o], size);
        return cmovRR(buf, CC.NE, size, loc[o], SCRATCH);
      case 0x13: // x64.popcnt
        return this.#popcount(size, loc[o], loc[o + 1], loc[o + 2]);
      case 0x14: // x64.setcc
        return this.#setcc(op >> 12, kind, size, loc[o], o + 1, imm);
      case 0x15: // x64.select
        return this.#select(op >> 12, kind, size, o, imm);
      case 0x16: // x64.selectFloat
        return this.#selectFloat(op >> 12, kind, size, o, imm);
      case 0x17: // x64.trapIf
        return this.#trapIf(op >> 12, kind, size, o, imm, imm2);
      case 0x18: { // x64.branch
        const succs = mach.succStart[this.#block];
        const then = forward[mach.succs[succs]], otherwise = forward[mach.succs[succs + 1]];
        this.#compare(kind, size, o, imm);
        return this.#branch(op >> 12, kind, then, otherwise, next);
      }

      case 0x20: { // x64.sse
        const def = loc[o] - FLOAT_BASE, a = loc[o + 1] - FLOAT_BASE, b = loc[o + 2];
        if (b >= 0 && def === b - FLOAT_BASE) return sseRR(buf, kind, size, def, a);
        this.#copyFloat(def, a);
        if (b >= 0) sseRR(buf, kind, size, def, b - FLOAT_BASE);
        else sseRM(buf, kind, size, def, RSP, NONE, 0, this.#slot(b));
        return;
      }
      case 0x21: { // x64.sseConst
        const def = loc[o] - FLOAT_BASE;
        this.#copyFloat(def, loc[o + 1] - FLOAT_BASE);
        sseRM(buf, kind, size, def, RIP, NONE, 0, 0);
        return this.#usesLiteral(imm, imm2);
      }
      case 0x22: { // x64.sqrt
        const def = loc[o] - FLOAT_BASE, a = loc[o + 1];
        this.#clearUnless(def, a);
        if (a >= 0) sseRR(buf, SSE.SQRT, size, def, a - FLOAT_BASE);
        else sseRM(buf, SSE.SQRT, size, def, RSP, NONE, 0, this.#slot(a));
        return;
      }
      case 0x23: // x64.minMax
        this.#copyFloat(loc[o] - FLOAT_BASE, loc[o + 1] - FLOAT_BASE);
        return this.#minMax(kind, size, loc[o] - FLOAT_BASE, loc[o + 2] - FLOAT_BASE);
      case 0x24: { // x64.copysign
        const def = loc[o] - FLOAT_BASE;
        this.#copyFloat(def, loc[o + 1] - FLOAT_BASE);
        movapRR(buf, 32, X15, loc[o + 2] - FLOAT_BASE);
        this.#mask(SSE_LOGIC.AND, size, X15, size === 64 ? MASK.sign64 : MASK.sign32);
        this.#mask(SSE_LOGIC.AND, size, def, size === 64 ? MASK.magnitude64 : MASK.magnitude32);
        return sseLogicRR(buf, SSE_LOGIC.OR, 32, def, X15);
      }
      case 0x25: { // x64.sign
        const def = loc[o] - FLOAT_BASE;
        this.#copyFloat(def, loc[o + 1] - FLOAT_BASE);
        if (kind === 0) {
          this.#mask(SSE_LOGIC.XOR, size, def, size === 64 ? MASK.sign64 : MASK.sign32);
        } else {
          this.#mask(SSE_LOGIC.AND, size, def, size === 64 ? MASK.magnitude64 : MASK.magnitude32);
        }
        return;
      }
      case 0x26: { // x64.round
        const def = loc[o] - FLOAT_BASE, a = loc[o + 1];
        this.#clearUnless(def, a);
        // Bit 3: no precision exception.
        if (a >= 0) sseRoundRR(buf, size, def, a - FLOAT_BASE, kind | 8);
        else sseRoundRM(buf, size, def, RSP, NONE, 0, this.#slot(a), kind | 8);
        return;
      }
      case 0x27: // x64.roundSlow
        return this.#roundSlow(kind, size, loc[o] - FLOAT_BASE, loc[o + 1] - FLOAT_BASE);
      case 0x28: { // x64.canon
        const def = loc[o] - FLOAT_BASE;
        this.#copyFloat(def, loc[o + 1] - FLOAT_BASE);
        ucomisRR(buf, size, def, def);
        return this.#comeBack(this.#rareIf(CC.P), (back) => {
          this.#loadNaN(size, def);
          this.#jumpBack(back);
        });
      }
      case 0x29: { // x64.fromInt
        const def = loc[o] - FLOAT_BASE;
        sseLogicRR(buf, SSE_LOGIC.XOR, 32, def, def);
        return cvtsi2sXR(buf, size, kind !== 0 ? 64 : 32, def, loc[o + 1]);
      }
      case 0x2a: // x64.fromU64
        return this.#fromU64(size, loc[o] - FLOAT_BASE, loc[o + 1], loc[o + 2]);
      case 0x2b: { // x64.toInt
        const a = loc[o + 1] - FLOAT_BASE;
        cvtts2siRX(buf, (kind & 1) !== 0 ? 64 : 32, (kind & 2) !== 0 ? 64 : size, loc[o], a);
        if ((kind & 2) !== 0) movRR(buf, 32, loc[o], loc[o]);
        return;
      }
      case 0x2c: // x64.toIntSat
        return this.#toIntSat(kind !== 0 ? 64 : 32, size, loc[o], loc[o + 1] - FLOAT_BASE);
      case 0x2d: // x64.toU32Sat
        return this.#toU32Sat(kind !== 0 ? 64 : 32, loc[o], loc[o + 1] - FLOAT_BASE);
      case 0x2e: // x64.toU64Sat
        return this.#toU64Sat(kind !== 0 ? 64 : 32, loc[o], loc[o + 1] - FLOAT_BASE);
      case 0x2f: { // x64.resize
        const def = loc[o] - FLOAT_BASE, a = loc[o + 1];
        this.#clearUnless(def, a);
        if (a >= 0) cvtsXX(buf, size, def, a - FLOAT_BASE);
        else cvtsXM(buf, size, def, RSP, NONE, 0, this.#slot(a));
        return;
      }
      case 0x30: // x64.intBits
        return movXR(buf, size, loc[o] - FLOAT_BASE, loc[o + 1]);
      case 0x31: // x64.floatBits
        return movRX(buf, size, loc[o], loc[o + 1] - FLOAT_BASE);

      case 0x38: // x64.load
        return this.#load(
          kind,
          size,
          loc[o],
          loc[o + 1],
          (op & 0x1000) !== 0 ? loc[o + 2] : NONE,
          (op >> 13) & 3,
          imm,
        );
      case 0x39: // x64.store
        return this.#store(
          kind,
          loc[o],
          loc[o + 1],
          (op & 0x1000) !== 0 ? loc[o + 2] : NONE,
          (op >> 13) & 3,
          imm,
        );
      case 0x3a: // x64.storeImm
        return this.#storeImm(
          kind,
          loc[o],
          (op & 0x1000) !== 0 ? loc[o + 1] : NONE,
          (op >> 13) & 3,
          imm,
          imm2,
        );
      case 0x3b: // x64.ctxLoad
        return this.#load(kind, 64, loc[o], R15, NONE, 0, imm);
      case 0x3c: // x64.ctxStore
        return this.#store(kind, loc[o], R15, NONE, 0, imm);
      case 0x3d: // x64.ctxStoreImm
        return this.#storeImm(kind, R15, NONE, 0, imm, imm2);
      case 0x3e: { // x64.stackLoad
        const disp = 8 * imm + ((kind & 2) !== 0 ? this.#frame + 8 : 0);
        if ((kind & 1) !== 0) movsRM(buf, 64, loc[o] - FLOAT_BASE, RSP, NONE, 0, disp);
        else movRM(buf, 64, loc[o], RSP, NONE, 0, disp);
        return;
      }
      case 0x3f: { // x64.stackStore
        const disp = 8 * imm + ((kind & 2) !== 0 ? this.#frame + 8 : 0);
        if ((kind & 1) !== 0) movsMR(buf, 64, RSP, NONE, 0, disp, loc[o] - FLOAT_BASE);
        else movMR(buf, 64, RSP, NONE, 0, disp, loc[o]);
        return;
      }

      case 0x40: // x64.fuel
        aluRI(buf, ALU.SUB, 64, FUEL_REG, imm);
        return this.#leaveIf(CC.B, ExitCode.Fuel, imm2);
      case 0x41: // x64.depthEnter
        return this.#enterDepth(imm2);
      case 0x42: // x64.depthLeave
        return aluRI(buf, ALU.ADD, 64, DEPTH_REG, 1);
      case 0x43: // x64.depthCheck
        testRR(buf, 64, DEPTH_REG, DEPTH_REG);
        return this.#leaveIf(CC.LE, ExitCode.Depth, imm2);
      case 0x44: // x64.exit
        return this.#exit(imm, imm2);
      case 0x45: // x64.call
        this.#enterDepth(imm2);
        if (imm === this.#mach.func) patchRel32(buf, callRel32(buf, 0), this.#entry);
        else {
          movRM(buf, 64, SCRATCH, R15, NONE, 0, Context.functionTable);
          callM(buf, SCRATCH, NONE, 0, 8 * imm);
        }
        return aluRI(buf, ALU.ADD, 64, DEPTH_REG, 1);
      case 0x46: // x64.callIndirect
        this.#enterDepth(imm2);
        movRM(buf, 64, SCRATCH, R15, NONE, 0, Context.functionTable);
        callM(buf, SCRATCH, loc[o + imm], 3, 0);
        return aluRI(buf, ALU.ADD, 64, DEPTH_REG, 1);
      case 0x47: // x64.callNative
        // C wants the stack pointer at a multiple of 16 and preserves rbx, which is free here.
        movRR(buf, 64, RBX, RSP);
        aluRI(buf, ALU.AND, 64, RSP, -16);
        callM(buf, R15, NONE, 0, imm);
        return movRR(buf, 64, RSP, RBX);
      case 0x48: // x64.branchTable
        return this.#branchTable(loc[o], loc[o + 1], next, forward);
      case 0x49: // x64.ret
        if (this.#frame > 0) aluRI(buf, ALU.ADD, 64, RSP, this.#frame);
        return ret(buf);
      case 0x4a: // x64.trap
        this.#coldJumps.push({ at: jmpRel32(buf, 0), code: ExitCode.Trap, site: imm2 });
        return;
      case 0x4b: // x64.entry
        return;
      default:
        throw new Error(`internal: machine instruction ${op} of function ${mach.func} is unknown`);
    }
  }

  #alu(kind: number, size: number, def: number, a: number, b: number): void {
    const buf = this.#buf;
    if (b < 0) {
      this.#copyInt(size, def, a);
      aluRM(buf, kind, size, def, RSP, NONE, 0, this.#slot(b));
    } else if (def === a) aluRR(buf, kind, size, def, b);
    else if (def === b) aluRR(buf, kind, size, def, a); // only commutative ones share with b
    else if (kind === ALU.ADD) leaRM(buf, size, def, a, b, 0, 0);
    else {
      movRR(buf, size, def, a);
      aluRR(buf, kind, size, def, b);
    }
  }

  #aluImm(kind: number, size: number, def: number, a: number, imm: number): void {
    const buf = this.#buf;
    // A mask without sign bit clears the upper half as well, and spares the prefix.
    if (kind === ALU.AND && imm >= 0) {
      if (imm === 0xff) return movzxRR(buf, 32, 8, def, a);
      if (imm === 0xffff) return movzxRR(buf, 32, 16, def, a);
      size = 32;
    }
    if (def !== a) {
      if (kind === ALU.ADD) return leaRM(buf, size, def, a, NONE, 0, imm);
      if (kind === ALU.SUB && imm !== -0x8000_0000) {
        return leaRM(buf, size, def, a, NONE, 0, -imm);
      }
      movRR(buf, size, def, a);
    }
    aluRI(buf, kind, size, def, imm);
  }

  #extend(kind: number, size: number, def: number, a: number): void {
    const buf = this.#buf;
    const disp = a < 0 ? this.#slot(a) : 0;
    switch (kind) {
      case 0: // zx8
        if (a >= 0) movzxRR(buf, 32, 8, def, a);
        else movzxRM(buf, 32, 8, def, RSP, NONE, 0, disp);
        return;
      case 1: // zx16
        if (a >= 0) movzxRR(buf, 32, 16, def, a);
        else movzxRM(buf, 32, 16, def, RSP, NONE, 0, disp);
        return;
      case 2: // zx32
        if (a >= 0) movRR(buf, 32, def, a);
        else movRM(buf, 32, def, RSP, NONE, 0, disp);
        return;
      case 3: // sx8
        if (a >= 0) movsxRR(buf, size, 8, def, a);
        else movsxRM(buf, size, 8, def, RSP, NONE, 0, disp);
        return;
      case 4: // sx16
        if (a >= 0) movsxRR(buf, size, 16, def, a);
        else movsxRM(buf, size, 16, def, RSP, NONE, 0, disp);
        return;
      default: // sx32
        if (a >= 0) movsxdRR(buf, def, a);
        else movsxdRM(buf, def, RSP, NONE, 0, disp);
    }
  }

  /** Sums of 1-, 2- and 4-bit fields, then of bytes (Warren, "Hacker's Delight", section 5-1). */
  #popcount(size: number, def: number, temp: number, a: number): void {
    const buf = this.#buf;
    const setTemp = (pattern: number) => movImm(buf, temp, pattern, size === 64 ? pattern : 0);
    const shifted = (count: number) => {
      movRR(buf, size, SCRATCH, def);
      shiftRI(buf, SHIFT.SHR, size, SCRATCH, count);
    };
    movRR(buf, size, def, a);
    shifted(1);
    setTemp(0x5555_5555);
    aluRR(buf, ALU.AND, size, SCRATCH, temp);
    aluRR(buf, ALU.SUB, size, def, SCRATCH);
    shifted(2);
    setTemp(0x3333_3333);
    aluRR(buf, ALU.AND, size, SCRATCH, temp);
    aluRR(buf, ALU.AND, size, def, temp);
    aluRR(buf, ALU.ADD, size, def, SCRATCH);
    shifted(4);
    aluRR(buf, ALU.ADD, size, def, SCRATCH);
    setTemp(0x0f0f_0f0f);
    aluRR(buf, ALU.AND, size, def, temp);
    setTemp(0x0101_0101);
    imulRR(buf, size, def, temp);
    shiftRI(buf, SHIFT.SHR, size, def, size - 8);
  }

  // ---- comparisons

  /** Sets the flags; operands begin at `o`. */
  #compare(kind: number, size: number, o: number, imm: number): void {
    const buf = this.#buf, loc = this.#loc;
    const a = loc[o];
    switch (kind) {
      case 0: // testSelf
        return testRR(buf, size, a, a);
      case 1: { // cmp
        const b = loc[o + 1];
        if (b >= 0) aluRR(buf, ALU.CMP, size, a, b);
        else aluRM(buf, ALU.CMP, size, a, RSP, NONE, 0, this.#slot(b));
        return;
      }
      case 2: // cmpImm
        return aluRI(buf, ALU.CMP, size, a, imm);
      case 3: { // test
        const b = loc[o + 1];
        if (b >= 0) testRR(buf, size, a, b);
        else testMR(buf, size, RSP, NONE, 0, this.#slot(b), a);
        return;
      }
      case 4: // testImm
        // Without bit 7, the byte's flags are those of the whole; likewise for 31 and 64.
        return testRI(buf, imm >= 0 ? imm < 0x80 ? 8 : 32 : size, a, imm);
      case 5: { // float
        const b = loc[o + 1];
        if (b >= 0) ucomisRR(buf, size, a - FLOAT_BASE, b - FLOAT_BASE);
        else ucomisRM(buf, size, a - FLOAT_BASE, RSP, NONE, 0, this.#slot(b));
        return;
      }
      case 6: { // add
        const b = loc[o + 1];
        movRR(buf, size, SCRATCH, a);
        if (b >= 0) aluRR(buf, ALU.ADD, size, SCRATCH, b);
        else aluRM(buf, ALU.ADD, size, SCRATCH, RSP, NONE, 0, this.#slot(b));
        return;
      }
      default: { // mul
        const b = loc[o + 1];
        movRR(buf, size, SCRATCH, a);
        if (b >= 0) imulRR(buf, size, SCRATCH, b);
        else imulRM(buf, size, SCRATCH, RSP, NONE, 0, this.#slot(b));
      }
    }
  }

  #setcc(cc: number, kind: number, size: number, def: number, o: number, imm: number): void {
    const buf = this.#buf, loc = this.#loc;
    const end = o + (kind === 0 || kind === 2 || kind === 4 ? 1 : 2);
    let isFree = true;
    for (let k = o; k < end; k++) if (loc[k] === def) isFree = false;
    if (isFree) aluRR(buf, ALU.XOR, 32, def, def);
    this.#compare(kind, size, o, imm);
    if (needsParity(kind, cc)) {
      setccR(buf, cc === CC.E ? CC.NP : CC.P, SCRATCH);
      setccR(buf, cc, def);
      aluRR(buf, cc === CC.E ? ALU.AND : ALU.OR, 8, def, SCRATCH);
    } else setccR(buf, cc, def);
    if (!isFree) movzxRR(buf, 32, 8, def, def);
  }

  #select(cc: number, kind: number, size: number, o: number, imm: number): void {
    const buf = this.#buf, loc = this.#loc;
    const def = loc[o], otherwise = loc[o + 1], then = loc[o + 2];
    this.#compare(kind, size, o + 3, imm);
    // Whole registers are moved, so upper halves stay zero.
    if (def === then) return cmovRR(buf, cc ^ 1, 64, def, otherwise);
    this.#copyInt(64, def, otherwise);
    if (then >= 0) cmovRR(buf, cc, 64, def, then);
    else cmovRM(buf, cc, 64, def, RSP, NONE, 0, this.#slot(then));
    if (!needsParity(kind, cc)) return;
    if (then >= 0) cmovRR(buf, CC.P, 64, def, then);
    else cmovRM(buf, CC.P, 64, def, RSP, NONE, 0, this.#slot(then));
  }

  #selectFloat(cc: number, kind: number, size: number, o: number, imm: number): void {
    const buf = this.#buf, loc = this.#loc;
    const def = loc[o] - FLOAT_BASE;
    const otherwise = loc[o + 1] - FLOAT_BASE, then = loc[o + 2] - FLOAT_BASE;
    this.#compare(kind, size, o + 3, imm);
    if (def === then) {
      const skip = this.#skipIf(cc);
      movapRR(buf, 32, def, otherwise);
      return this.#land(skip);
    }
    this.#copyFloat(def, otherwise);
    if (needsParity(kind, cc)) {
      const differ = this.#skipIf(CC.NE);
      const skip = this.#skipIf(CC.NP);
      this.#land(differ);
      movapRR(buf, 32, def, then);
      return this.#land(skip);
    }
    const skip = this.#skipIf(cc ^ 1);
    movapRR(buf, 32, def, then);
    this.#land(skip);
  }

  #trapIf(cc: number, kind: number, size: number, o: number, imm: number, site: number): void {
    this.#compare(kind, size, o, imm);
    if (!needsParity(kind, cc)) return this.#leaveIf(cc, ExitCode.Trap, site);
    if (cc === CC.NE) {
      this.#leaveIf(CC.NE, ExitCode.Trap, site);
      return this.#leaveIf(CC.P, ExitCode.Trap, site);
    }
    const skip = this.#skipIf(CC.P);
    this.#leaveIf(CC.E, ExitCode.Trap, site);
    this.#land(skip);
  }

  #branch(cc: number, kind: number, then: number, otherwise: number, next: number): void {
    if (needsParity(kind, cc)) {
      const differ = cc === CC.NE ? then : otherwise;
      const equal = cc === CC.NE ? otherwise : then;
      this.#jumpIf(CC.NE, differ);
      this.#jumpIf(CC.P, differ);
      if (equal !== next) this.jump(equal);
      return;
    }
    if (then === next) return this.#jumpIf(cc ^ 1, otherwise);
    this.#jumpIf(cc, then);
    if (otherwise !== next) this.jump(otherwise);
  }

  #branchTable(temp: number, index: number, next: number, forward: Int32Array): void {
    const buf = this.#buf, mach = this.#mach;
    const first = mach.succStart[this.#block];
    const count = mach.succStart[this.#block + 1] - first - 1;
    const fallback = forward[mach.succs[first + count]];
    if (count <= 3) {
      for (let k = 0; k < count; k++) {
        if (k === 0) testRR(buf, 32, index, index);
        else aluRI(buf, ALU.CMP, 32, index, k);
        this.#jumpIf(CC.E, forward[mach.succs[first + k]]);
      }
      if (fallback !== next) this.jump(fallback);
      return;
    }
    aluRI(buf, ALU.CMP, 32, index, count);
    this.#jumpIf(CC.AE, fallback);
    leaRM(buf, 64, SCRATCH, RIP, NONE, 0, 0);
    const blocks: number[] = [];
    for (let k = 0; k < count; k++) blocks.push(forward[mach.succs[first + k]]);
    this.#tables.push({ at: buf.ripAt, blocks });
    movsxdRM(buf, temp, SCRATCH, index, 2, 0);
    aluRR(buf, ALU.ADD, 64, SCRATCH, temp);
    jmpR(buf, SCRATCH);
  }

  // ---- floats

  #mask(op: number, size: number, xmm: number, mask: number): void {
    sseLogicRM(this.#buf, op, size, xmm, RIP, NONE, 0, 0);
    this.#usesMask(mask);
  }

  #loadNaN(size: number, xmm: number): void {
    if (size === 64) this.#loadFloat(64, xmm, 0, 0x7ff8_0000);
    else this.#loadFloat(32, xmm, 0x7fc0_0000, 0);
  }

  /** Ends the wait for the old value of `def`, which the next instruction keeps in part. */
  #clearUnless(def: number, source: number): void {
    if (source - FLOAT_BASE !== def) sseLogicRR(this.#buf, SSE_LOGIC.XOR, 32, def, def);
  }

  #minMax(kind: number, size: number, def: number, b: number): void {
    const buf = this.#buf;
    const isMax = (kind & 1) !== 0;
    ucomisRR(buf, size, def, b);
    // Equal or unordered: zeros by their signs, which `min` and `max` ignore; NaN out of line.
    const differ = this.#skipIf(CC.NE);
    const isNaN = this.#rareIf(CC.P);
    sseLogicRR(buf, isMax ? SSE_LOGIC.AND : SSE_LOGIC.OR, 32, def, b);
    const done = jmpRel8(buf, 0);
    this.#land(differ);
    sseRR(buf, isMax ? SSE.MAX : SSE.MIN, size, def, b);
    this.#land(done);
    this.#comeBack(isNaN, (back) => {
      if ((kind & 2) !== 0) {
        ucomisRR(buf, size, def, def);
        this.#jumpBackIf(CC.NP, back);
        movapRR(buf, 32, def, b);
        ucomisRR(buf, size, def, def);
        this.#jumpBackIf(CC.NP, back);
      }
      this.#loadNaN(size, def);
      this.#jumpBack(back);
    });
  }

  /**
   * Rounds by adding and subtracting 2^52 (2^23), which leaves the nearest integer of a smaller
   * magnitude, then corrects by one where that went the wrong way. NaN and what is an integer by its
   * size come out as they went in.
   */
  #roundSlow(mode: number, size: number, def: number, a: number): void {
    const buf = this.#buf;
    const sign = size === 64 ? MASK.sign64 : MASK.sign32;
    const magnitude = size === 64 ? MASK.magnitude64 : MASK.magnitude32;
    const magicLo = size === 64 ? 0 : 0x4b00_0000, magicHi = size === 64 ? 0x4330_0000 : 0;
    const oneLo = size === 64 ? 0 : 0x3f80_0000, oneHi = size === 64 ? 0x3ff0_0000 : 0;
    const arith = (op: number, lo: number, hi: number) => {
      sseRM(buf, op, size, def, RIP, NONE, 0, 0);
      this.#usesLiteral(lo, hi);
    };
    movapRR(buf, 32, def, a);
    this.#mask(SSE_LOGIC.AND, size, def, magnitude);
    ucomisRM(buf, size, def, RIP, NONE, 0, 0);
    this.#usesLiteral(magicLo, magicHi);
    const isLarge = this.#rareIf(CC.AE);
    arith(SSE.ADD, magicLo, magicHi);
    arith(SSE.SUB, magicLo, magicHi);
    movapRR(buf, 32, X15, a);
    if (mode === 3) {
      this.#mask(SSE_LOGIC.AND, size, X15, magnitude);
      ucomisRR(buf, size, def, X15);
      const skip = this.#skipIf(CC.BE);
      arith(SSE.SUB, oneLo, oneHi);
      this.#land(skip);
      movapRR(buf, 32, X15, a);
    }
    this.#mask(SSE_LOGIC.AND, size, X15, sign);
    sseLogicRR(buf, SSE_LOGIC.OR, 32, def, X15);
    if (mode === 1) {
      ucomisRR(buf, size, def, a);
      const skip = this.#skipIf(CC.BE);
      arith(SSE.SUB, oneLo, oneHi);
      this.#land(skip);
    } else if (mode === 2) {
      ucomisRR(buf, size, a, def);
      const skip = this.#skipIf(CC.BE);
      arith(SSE.ADD, oneLo, oneHi);
      this.#land(skip);
      sseLogicRR(buf, SSE_LOGIC.OR, 32, def, X15); // -0.5 goes to -0
    }
    this.#comeBack(isLarge, (back) => {
      movapRR(buf, 32, def, a);
      this.#jumpBack(back);
    });
  }

  #fromU64(size: number, def: number, temp: number, a: number): void {
    const buf = this.#buf;
    sseLogicRR(buf, SSE_LOGIC.XOR, 32, def, def);
    testRR(buf, 64, a, a);
    const isLarge = this.#rareIf(CC.S);
    cvtsi2sXR(buf, size, 64, def, a);
    this.#comeBack(isLarge, (back) => {
      // Half of it, with the lost bit kept sticky, so that doubling rounds only once.
      movRR(buf, 64, SCRATCH, a);
      shiftRI(buf, SHIFT.SHR, 64, SCRATCH, 1);
      movRR(buf, 32, temp, a);
      aluRI(buf, ALU.AND, 32, temp, 1);
      aluRR(buf, ALU.OR, 64, SCRATCH, temp);
      cvtsi2sXR(buf, size, 64, def, SCRATCH);
      sseRR(buf, SSE.ADD, size, def, def);
      this.#jumpBack(back);
    });
  }

  #toIntSat(floatSize: number, size: number, def: number, a: number): void {
    const buf = this.#buf;
    cvtts2siRX(buf, floatSize, size, def, a);
    // The smallest integer, which stands for everything that doesn't fit, minus one overflows.
    aluRI(buf, ALU.CMP, size, def, 1);
    this.#comeBack(this.#rareIf(CC.O), (back) => {
      sseLogicRR(buf, SSE_LOGIC.XOR, 32, X15, X15);
      ucomisRR(buf, floatSize, X15, a);
      this.#jumpBackIf(CC.A, back); // negative: it is the answer
      movImm(buf, def, 0, 0);
      this.#jumpBackIf(CC.P, back);
      if (size === 64) movImm(buf, def, -1, 0x7fff_ffff);
      else movImm(buf, def, 0x7fff_ffff, 0);
      this.#jumpBack(back);
    });
  }

  #toU32Sat(floatSize: number, def: number, a: number): void {
    const buf = this.#buf;
    cvtts2siRX(buf, floatSize, 64, SCRATCH, a);
    movRR(buf, 32, def, SCRATCH);
    aluRR(buf, ALU.CMP, 64, def, SCRATCH);
    this.#comeBack(this.#rareIf(CC.NE), (back) => {
      movImm(buf, def, 0, 0);
      sseLogicRR(buf, SSE_LOGIC.XOR, 32, X15, X15);
      ucomisRR(buf, floatSize, a, X15);
      this.#jumpBackIf(CC.BE, back); // negative or NaN
      movImm(buf, def, -1, 0);
      this.#jumpBack(back);
    });
  }

  #toU64Sat(floatSize: number, def: number, a: number): void {
    const buf = this.#buf;
    cvtts2siRX(buf, floatSize, 64, def, a);
    testRR(buf, 64, def, def);
    // Negative: the input was negative, NaN, or 2^63 and more.
    this.#comeBack(this.#rareIf(CC.S), (back) => {
      movImm(buf, def, 0, 0);
      sseLogicRR(buf, SSE_LOGIC.XOR, 32, X15, X15);
      ucomisRR(buf, floatSize, a, X15);
      this.#jumpBackIf(CC.BE, back);
      movapRR(buf, 32, X15, a);
      sseRM(buf, SSE.SUB, floatSize, X15, RIP, NONE, 0, 0);
      if (floatSize === 64) this.#usesLiteral(0, 0x43e0_0000);
      else this.#usesLiteral(0x5f00_0000, 0);
      cvtts2siRX(buf, floatSize, 64, SCRATCH, X15);
      movImm(buf, def, -1, -1);
      testRR(buf, 64, SCRATCH, SCRATCH);
      this.#jumpBackIf(CC.S, back); // 2^64 and more
      movRR(buf, 64, def, SCRATCH);
      bitRI(buf, BIT.BTS, 64, def, 63);
      this.#jumpBack(back);
    });
  }

  // ---- memory

  #load(
    kind: number,
    size: number,
    def: number,
    base: number,
    index: number,
    scale: number,
    disp: number,
  ): void {
    const buf = this.#buf;
    switch (kind) {
      case 0: // u8
        return movzxRM(buf, 32, 8, def, base, index, scale, disp);
      case 1: // s8
        return movsxRM(buf, size, 8, def, base, index, scale, disp);
      case 2: // u16
        return movzxRM(buf, 32, 16, def, base, index, scale, disp);
      case 3: // s16
        return movsxRM(buf, size, 16, def, base, index, scale, disp);
      case 4: // w32
      case 5: // u32
        return movRM(buf, 32, def, base, index, scale, disp);
      case 6: // s32
        return movsxdRM(buf, def, base, index, scale, disp);
      case 7: // w64
        return movRM(buf, 64, def, base, index, scale, disp);
      case 8: // f32
        return movsRM(buf, 32, def - FLOAT_BASE, base, index, scale, disp);
      default: // f64
        return movsRM(buf, 64, def - FLOAT_BASE, base, index, scale, disp);
    }
  }

  #store(
    kind: number,
    value: number,
    base: number,
    index: number,
    scale: number,
    disp: number,
  ): void {
    const buf = this.#buf;
    if (kind >= 8) {
      movsMR(buf, kind === 9 ? 64 : 32, base, index, scale, disp, value - FLOAT_BASE);
    } else movMR(buf, STORE_SIZE[kind], base, index, scale, disp, value);
  }

  #storeImm(
    kind: number,
    base: number,
    index: number,
    scale: number,
    disp: number,
    value: number,
  ): void {
    const size = STORE_SIZE[kind];
    const cut = size === 8 ? value << 24 >> 24 : size === 16 ? value << 16 >> 16 : value;
    movMI(this.#buf, size, base, index, scale, disp, cut);
  }

  // ---- leaving

  #enterDepth(site: number): void {
    aluRI(this.#buf, ALU.SUB, 64, DEPTH_REG, 1);
    this.#leaveIf(CC.L, ExitCode.Depth, site);
  }

  #exit(code: number, site: number): void {
    const buf = this.#buf;
    movMI(buf, 32, R15, NONE, 0, Context.exitSite, site);
    movMI(buf, 32, R15, NONE, 0, Context.exitFunction, this.#mach.func);
    movMI(buf, 32, R15, NONE, 0, Context.exitCode, ExitCode.Request + code);
    leaRM(buf, 64, SCRATCH, RIP, NONE, 0, 0);
    const at = buf.ripAt;
    movMR(buf, 64, R15, NONE, 0, Context.target, SCRATCH);
    movMR(buf, 64, R15, NONE, 0, Context.guestStack, RSP);
    jmpM(buf, R15, NONE, 0, Context.leave);
    patchRel32(buf, at, buf.length);
  }

  // ---- end

  /** Writes the cold code, once the whole body is there. */
  finishCode(): void {
    for (const write of this.#rare) write();
    this.#writeStubs();
    for (let k = 0; k < this.#blockJumps.length; k += 2) {
      patchRel32(this.#buf, this.#blockJumps[k], this.#blockAt[this.#blockJumps[k + 1]]);
    }
  }

  /** Writes tables and literals, the last bytes of the function, and points the code to them. */
  finishData(): void {
    const buf = this.#buf;
    const { masks, literals } = this.#writeLiterals();
    for (let k = 0; k < this.#maskUses.length; k += 3) {
      const [at, end, mask] = this.#maskUses.slice(k, k + 3);
      patchRel32(buf, at, masks[mask], end);
    }
    for (let k = 0; k < this.#literalUses.length; k += 3) {
      const uses = this.#literalUses;
      patchRel32(buf, uses[k], literals + 8 * uses[k + 2], uses[k + 1]);
    }
  }

  /** For each exit code a common part, then a stub for each site that goes back to it. */
  #writeStubs(): void {
    const buf = this.#buf;
    this.#writeFuelStubs();
    for (const code of [ExitCode.Trap, ExitCode.Depth]) {
      const stubs = new Map<number, number>();
      let common = -1;
      for (const jump of this.#coldJumps) {
        if (jump.code !== code) continue;
        if (common < 0) {
          common = buf.length;
          movMR(buf, 32, R15, NONE, 0, Context.exitSite, SCRATCH);
          movMI(buf, 32, R15, NONE, 0, Context.exitFunction, this.#mach.func);
          movMI(buf, 32, R15, NONE, 0, Context.exitCode, code);
          jmpM(buf, R15, NONE, 0, Context.leave);
        }
        let stub = stubs.get(jump.site);
        if (stub === undefined) {
          stub = buf.length;
          stubs.set(jump.site, stub);
          movRI(buf, 32, SCRATCH, jump.site);
          const rel = common - (buf.length + 2);
          if (rel >= -128) jmpRel8(buf, rel);
          else patchRel32(buf, jmpRel32(buf, 0), common);
        }
        patchRel32(buf, jump.at, stub);
      }
    }
  }

  /**
   * Stubs for want of fuel come back, so each charge has its own: it calls the common part, which
   * leaves; whoever adds fuel has that call return, with all registers as they were.
   */
  #writeFuelStubs(): void {
    const buf = this.#buf;
    let common = -1;
    for (const { at, code, site } of this.#coldJumps) {
      if (code !== ExitCode.Fuel) continue;
      if (common < 0) {
        common = buf.length;
        movMR(buf, 32, R15, NONE, 0, Context.exitSite, SCRATCH);
        movMI(buf, 32, R15, NONE, 0, Context.exitFunction, this.#mach.func);
        jmpM(buf, R15, NONE, 0, Context.fuelOut);
      }
      patchRel32(buf, at, buf.length);
      movRI(buf, 32, SCRATCH, site);
      patchRel32(buf, callRel32(buf, 0), common);
      // `at` is the last operand of the branch that came here.
      this.#jumpBack(at + 4);
    }
  }

  /** Writes tables, masks and literals; returns where masks and literals are. */
  #writeLiterals(): { masks: number[]; literals: number } {
    const masks: number[] = [];
    for (let k = 2; k < this.#maskUses.length; k += 3) {
      const mask = this.#maskUses[k];
      if (masks[mask] !== undefined) continue;
      this.#align(16);
      masks[mask] = this.#buf.length;
      const [lo, hi] = MASK_WORDS[mask];
      this.#put32(lo, hi, lo, hi);
    }
    if (this.#literalLo.length > 0) this.#align(8);
    const literals = this.#buf.length;
    this.#literalLo.forEach((lo, k) => this.#put32(lo, this.#literalHi[k]));
    for (const { at, blocks } of this.#tables) {
      this.#align(4);
      const table = this.#buf.length;
      patchRel32(this.#buf, at, table);
      this.#put32(...blocks.map((block) => this.#blockAt[block] - table));
    }
    return { masks, literals };
  }

  /** Aligns data with bytes that trap when they are run. */
  #align(alignment: number): void {
    const buf = this.#buf;
    buf.ensure(alignment);
    while ((buf.length & (alignment - 1)) !== 0) buf.bytes[buf.length++] = 0xcc;
  }

  #put32(...words: number[]): void {
    const buf = this.#buf;
    buf.ensure(4 * words.length);
    for (const word of words) {
      for (let shift = 0; shift < 32; shift += 8) buf.bytes[buf.length++] = word >> shift;
    }
  }
}

/** Sizes of integer stores by kind of access. */
const STORE_SIZE = Uint8Array.of(8, 8, 16, 16, 32, 32, 32, 64);

/** Whether the parity flag counts: equality of floats. */
function needsParity(kind: number, cc: number): boolean {
  return kind === 5 && (cc === CC.E || cc === CC.NE);
}
