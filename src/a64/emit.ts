/**
 * From allocated machine instructions (ops.ts) to words. Owns blocks, frames and everything out of
 * line; relies on abi.ts for the frame, on code_buffer.ts for labels and reach, on the encoder for the
 * words.
 *
 *     body, blocks in layout order, jump tables behind their jump
 *     cold code: rare parts of float operations, a stub for each site that can be left from
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
import {
  align16,
  CONTEXT_REG,
  DEPTH_REG,
  FUEL_REG,
  LINK,
  SCRATCH,
  SCRATCH2,
  SCRATCH_FLOAT,
  SP,
  ZR,
} from "./abi.ts";
import type { CodeBuffer } from "./code_buffer.ts";
import {
  Access,
  add,
  addExt,
  addImm,
  addSubExtended,
  addSubImmediate,
  addSubShifted,
  addv,
  adr,
  b,
  bCond,
  bfi,
  bitfield,
  bl,
  blr,
  br,
  cbnz,
  cbz,
  clz,
  cmp,
  cmpExt,
  cmpImm,
  cnt,
  Cond,
  condSelect,
  cset,
  dataProc1,
  DataProc2,
  dataProc2,
  Extend,
  fcmp,
  fcmpZero,
  fcsel,
  fcvtDToS,
  fcvtSToD,
  fmov,
  fmovFromGpr,
  fmovToGpr,
  FpArith,
  fpArith,
  FpConvert,
  fpConvert,
  fpUnary,
  isAddSubImmediate,
  isLoadStoreOffset,
  ldr,
  loadStoreOffset,
  loadStorePost,
  loadStorePre,
  loadStoreRegister,
  Logical,
  logicalImm,
  logicalShifted,
  lsrImm,
  madd,
  mov,
  movSp,
  movz,
  msub,
  mul,
  neg,
  rbit,
  ret,
  rorImm,
  rorv,
  Shift,
  smulh,
  smull,
  stp,
  str,
  sub,
  subExt,
  subImm,
  subsImm,
  tbnz,
  tbz,
  tst,
  tstImm,
  umulh,
  umull,
} from "./encoder.ts";

/** Frames up to this size are opened and closed by the store and load of the link register. */
const MAX_INDEXED_FRAME = 240;

/** Appends an access of `rt` at `base + offset`; a far offset goes through the second scratch. */
export function emitAccess(
  buf: CodeBuffer,
  access: number,
  rt: number,
  base: number,
  offset: number,
): void {
  if (isLoadStoreOffset(access, offset)) buf.emit(loadStoreOffset(access, rt, base, offset));
  else {
    buf.loadInt(SCRATCH2, offset, offset >> 31);
    buf.emit(loadStoreRegister(access, rt, base, SCRATCH2, Extend.LSL, 0));
  }
}

/** Appends the addition of `bytes`, a multiple of 16 of either sign, to SP. */
export function emitAddSp(buf: CodeBuffer, bytes: number): void {
  const size = Math.abs(bytes);
  if (size < 1 << 24) {
    const addSub = bytes < 0 ? subImm : addImm;
    if (size >> 12 !== 0) buf.emit(addSub(1, SP, SP, size & 0xfff000));
    if ((size & 0xfff) !== 0) buf.emit(addSub(1, SP, SP, size & 0xfff));
  } else {
    buf.loadInt(SCRATCH, size, 0);
    buf.emit((bytes < 0 ? subExt : addExt)(1, SP, SP, SCRATCH, Extend.UXTX));
  }
}

/** Bytes of a function's frame and where its parts lie; see abi.ts. */
export interface Frame {
  /** Size, a multiple of 16. */
  readonly size: number;
  /** Offset of the saved link register, -1 if it is not saved. */
  readonly link: number;
  /** Offset of spill slot 0. */
  readonly slots: number;
}

/** The frame of `mach` under `allocation`. */
export function frameOf(mach: MachFunc, allocation: Allocation): Frame {
  const link = mach.hasCalls ? mach.outgoingBytes : -1;
  const slots = mach.outgoingBytes + (mach.hasCalls ? 8 : 0);
  return { size: align16(slots + 8 * allocation.slotCount), link, slots };
}

/** Reused by all functions, one at a time. */
const scratch = new Scratch();

/** Writes the instructions of one function. */
export class A64Emitter implements MachEmitter {
  readonly scratch: readonly [number, number] = [SCRATCH, FLOAT_BASE + SCRATCH_FLOAT];
  readonly #buf: CodeBuffer;
  readonly #mach: MachFunc;
  readonly #loc: Int32Array;
  readonly #frame: Frame;

  #block = 0;
  readonly #blockLabel: Int32Array;
  /** Label of the stub of each exit, by exit code and site. */
  readonly #stubs = new Map<number, number>();
  /** Label of what the stubs of an exit code have in common. */
  readonly #tails = new Map<number, number>();
  /** Triples (label of the stub, label to go on at, site) of charges of fuel. */
  readonly #fuelStubs: number[] = [];
  /** Rare parts of instructions, written behind the body. */
  readonly #rare: (() => void)[] = [];
  #lastPc = -1;

  /** Label of the entry, for calls of the function itself and for its thunk. */
  readonly entry: number;
  /** Pairs (offset, guest pc), ascending. */
  readonly pcMap: number[] = [];

  /** Starts at the end of `buf`. */
  constructor(buf: CodeBuffer, mach: MachFunc, allocation: Allocation, frame: Frame) {
    this.#buf = buf;
    this.#mach = mach;
    this.#loc = allocation.operandLocation;
    this.#frame = frame;
    this.entry = buf.newLabel();
    scratch.reset();
    this.#blockLabel = scratch.int32(mach.blockCount);
    for (let block = 0; block < mach.blockCount; block++) this.#blockLabel[block] = buf.newLabel();
    buf.bind(this.entry);
    this.#prologue();
  }

  // ---- frames

  #prologue(): void {
    const { size, link } = this.#frame, buf = this.#buf;
    if (link === 0 && size <= MAX_INDEXED_FRAME) {
      buf.emit(loadStorePre(Access.STR_X, LINK, SP, -size));
      return;
    }
    if (size > 0) emitAddSp(buf, -size);
    if (link >= 0) emitAccess(buf, Access.STR_X, LINK, SP, link);
  }

  #epilogue(): void {
    const { size, link } = this.#frame, buf = this.#buf;
    if (link === 0 && size <= MAX_INDEXED_FRAME) {
      buf.emit(loadStorePost(Access.LDR_X, LINK, SP, size));
    } else {
      if (link >= 0) emitAccess(buf, Access.LDR_X, LINK, SP, link);
      if (size > 0) emitAddSp(buf, size);
    }
    buf.emit(ret());
  }

  #slot(location: number): number {
    return this.#frame.slots + 8 * slotOf(location);
  }

  // ---- labels

  bindBlock(block: number): void {
    this.#block = block;
    this.#buf.bind(this.#blockLabel[block]);
  }

  jump(block: number): void {
    this.#buf.emitTo(b(0), this.#blockLabel[block]);
  }

  /** The stub that leaves with `code` at `site`. */
  #stub(code: number, site: number): number {
    const key = code * 0x1_0000_0000 + site;
    let label = this.#stubs.get(key);
    if (label === undefined) {
      label = this.#buf.newLabel();
      this.#stubs.set(key, label);
    }
    return label;
  }

  /** Leaves with `code` at `site` if `cond` holds. */
  #leaveIf(cond: number, code: number, site: number): void {
    this.#buf.branchIf(bCond(cond, 0), this.#stub(code, site));
  }

  /** Leaves for want of fuel at `site` if `cond` holds; what follows goes on when there is more. */
  #fuelOutIf(cond: number, site: number): void {
    const buf = this.#buf, stub = buf.newLabel(), back = buf.newLabel();
    buf.branchIf(bCond(cond, 0), stub);
    buf.bind(back);
    this.#fuelStubs.push(stub, back, site);
  }

  /** Continues out of line if the float comparison just made was unordered, and comes back. */
  #rareIfUnordered(write: () => void): () => void {
    const buf = this.#buf, rare = buf.newLabel(), back = buf.newLabel();
    buf.branchIf(bCond(Cond.VS, 0), rare);
    this.#rare.push(() => {
      buf.bind(rare);
      write();
      buf.emitTo(b(0), back);
    });
    return () => buf.bind(back);
  }

  // ---- moves

  move(cls: number, to: number, from: number): void {
    const buf = this.#buf;
    if (isConst(from)) this.#moveConst(cls, to, constOf(from));
    else if (to >= 0 && from >= 0) {
      buf.emit(cls === 0 ? mov(1, to, from) : fmov(1, to - FLOAT_BASE, from - FLOAT_BASE));
    } else if (to >= 0) this.#loadSlot(to, from);
    else if (from >= 0) this.#storeSlot(to, from);
    else {
      // Through the other class's scratch: this one's may hold a parked value.
      const scratch = this.scratch[1 - cls];
      this.#loadSlot(scratch, from);
      this.#storeSlot(to, scratch);
    }
  }

  #loadSlot(to: number, from: number): void {
    const code = to < FLOAT_BASE ? Access.LDR_X : Access.LDR_D;
    emitAccess(this.#buf, code, to & 31, SP, this.#slot(from));
  }

  #storeSlot(to: number, from: number): void {
    const code = from < FLOAT_BASE ? Access.STR_X : Access.STR_D;
    emitAccess(this.#buf, code, from & 31, SP, this.#slot(to));
  }

  #moveConst(cls: number, to: number, vreg: number): void {
    const buf = this.#buf;
    const lo = this.#mach.vregConst[3 * vreg];
    const hi = this.#mach.vregConst[3 * vreg + 1];
    if (vreg === this.#mach.heapBase) {
      const reg = to >= 0 ? to : SCRATCH;
      buf.emit(ldr(1, reg, CONTEXT_REG, Context.heapBase));
      if (to < 0) this.#storeSlot(to, SCRATCH);
    } else if (to >= 0 && cls === 0) buf.loadInt(to, lo, hi);
    else if (to >= 0) buf.loadFloat(to - FLOAT_BASE, lo, hi);
    else if (lo === 0 && hi === 0) this.#storeSlot(to, ZR);
    else {
      buf.loadInt(SCRATCH, lo, hi);
      this.#storeSlot(to, SCRATCH);
    }
  }

  // ---- instructions

  instruction(i: number, next: number, forward: Int32Array): void {
    const buf = this.#buf, mach = this.#mach, loc = this.#loc;
    const op = mach.op[i];
    const o = mach.operandStart[i];
    const imm = mach.imm[i], imm2 = mach.imm2[i];
    const sf = (op >> 7) & 1, kind = (op >> 8) & 15;
    const pc = mach.pc[i];
    if (pc >= 0 && pc !== this.#lastPc) {
      this.#lastPc = pc;
      this.pcMap.push(4 * buf.length, pc);
    }
    // Float registers are numbered from 32, so that the low bits are the hardware's number.
    const r0 = loc[o] & 31, r1 = loc[o + 1] & 31, r2 = loc[o + 2] & 31;
    switch (op & 0x7f) {
      case 0x01: // a64.alu
        return buf.emit(aluWord(kind, sf, r0, r1, r2, imm));
      case 0x02: // a64.aluImm
        if (kind < 8) return buf.emit(logicalImm(kind >> 1, sf, r0, r1, imm));
        if (imm < 4096) return buf.emit(addSubImmediate(kind - 8, sf, r0, r1, imm, 0));
        return buf.emit(addSubImmediate(kind - 8, sf, r0, r1, imm >> 12, 12));
      case 0x03: // a64.negNot
        return buf.emit(aluWord(kind, sf, r0, ZR, r1, imm));
      case 0x04: // a64.bitfield
        return buf.emit(bitfield(kind, sf, r0, r1, imm, imm2));
      case 0x05: // a64.rotate
        return buf.emit(rorImm(sf, r0, r1, imm));
      case 0x06: // a64.dataProc2
        return buf.emit(dataProc2(kind, sf, r0, r1, r2));
      case 0x07: // a64.rotateLeft
        buf.emit(neg(0, SCRATCH2, r2));
        return buf.emit(rorv(sf, r0, r1, SCRATCH2));
      case 0x08: { // a64.remainder
        const divide = kind !== 0 ? DataProc2.SDIV : DataProc2.UDIV;
        buf.emit(dataProc2(divide, sf, SCRATCH2, r1, r2));
        return buf.emit(msub(sf, r0, SCRATCH2, r2, r1));
      }
      case 0x09: // a64.multiply
        if (kind === 2) return buf.emit(mul(sf, r0, r1, r2));
        return buf.emit((kind === 1 ? msub : madd)(sf, r0, r1, r2, loc[o + 3]));
      case 0x0a: // a64.multiplyHigh
        if (sf === 1) return buf.emit((kind === 1 ? smulh : umulh)(r0, r1, r2));
        buf.emit((kind === 1 ? smull : umull)(r0, r1, r2));
        return buf.emit(lsrImm(1, r0, r0, 32));
      case 0x0b: // a64.dataProc1
        return buf.emit(dataProc1(kind, sf, r0, r1));
      case 0x0c: // a64.ctz
        buf.emit(rbit(sf, r0, r1));
        return buf.emit(clz(sf, r0, r0));
      case 0x0d: // a64.popcnt
        buf.emit(fmovFromGpr(sf, SCRATCH_FLOAT, r1));
        buf.emit(cnt(0, SCRATCH_FLOAT, SCRATCH_FLOAT));
        buf.emit(addv(0, SCRATCH_FLOAT, SCRATCH_FLOAT));
        return buf.emit(fmovToGpr(0, r0, SCRATCH_FLOAT));
      case 0x0e: // a64.lowHalf
        return buf.emit(mov(0, r0, r1));
      case 0x0f: // a64.setcc
        this.#compare(op, imm, o + 1);
        return buf.emit(cset(0, r0, op >>> 12));
      case 0x10: { // a64.select
        let at = o + 1;
        const then = (imm2 & 8) !== 0 ? ZR : loc[at++];
        const otherwise = (imm2 & 16) !== 0 ? ZR : loc[at++];
        this.#compare(op, imm, at);
        return buf.emit(condSelect(imm2 & 3, (imm2 >> 2) & 1, r0, then, otherwise, op >>> 12));
      }
      case 0x11: // a64.selectFloat
        this.#compare(op, imm, o + 3);
        return buf.emit(fcsel(imm2, r0, r1, r2, op >>> 12));
      case 0x12: // a64.trapIf
        return this.#branchOn(op, imm, o, false, this.#stub(ExitCode.Trap, imm2));
      case 0x13: // a64.branch
        return this.#branch(op, imm, o, next, forward);

      case 0x20: // a64.fpArith
        return buf.emit(fpArith(kind, sf, r0, r1, r2));
      case 0x21: // a64.fpUnary
        return buf.emit(fpUnary(kind, sf, r0, r1));
      case 0x22: // a64.minMax
        return this.#minMax(kind, sf, r0, r1, r2);
      case 0x23: { // a64.canon
        buf.emit(fcmp(sf, r1, r1));
        const land = this.#rareIfUnordered(() => this.#canonicalNaN(sf, r0));
        if (r0 !== r1) buf.emit(fmov(1, r0, r1));
        return land();
      }
      case 0x24: // a64.copysign
        buf.emit(fmovToGpr(sf, SCRATCH2, r2));
        buf.emit(fmovToGpr(sf, SCRATCH, r1));
        buf.emit(lsrImm(sf, SCRATCH2, SCRATCH2, sf === 0 ? 31 : 63));
        buf.emit(bfi(sf, SCRATCH, SCRATCH2, sf === 0 ? 31 : 63, 1));
        return buf.emit(fmovFromGpr(sf, r0, SCRATCH));
      case 0x25: { // a64.fromInt
        const convert = (kind & 1) !== 0 ? FpConvert.UCVTF : FpConvert.SCVTF;
        return buf.emit(fpConvert(convert, kind >> 1, sf, r0, r1));
      }
      case 0x26: { // a64.toInt
        const convert = (kind & 1) !== 0 ? FpConvert.FCVTZU : FpConvert.FCVTZS;
        return buf.emit(fpConvert(convert, sf, kind >> 1, r0, r1));
      }
      case 0x27: // a64.resize
        return buf.emit((sf === 1 ? fcvtDToS : fcvtSToD)(r0, r1));
      case 0x28: // a64.intBits
        return buf.emit(fmovFromGpr(sf, r0, r1));
      case 0x29: // a64.floatBits
        return buf.emit(fmovToGpr(sf, r0, r1));

      case 0x30: // a64.load
      case 0x31: // a64.store
        return this.#access(kind, r0, o + 1, imm, imm2);
      case 0x32: // a64.storeZero
        return this.#access(kind, ZR, o, imm, imm2);

      case 0x40: // a64.fuel
        if (isAddSubImmediate(imm)) buf.emit(subsImm(1, FUEL_REG, FUEL_REG, imm));
        else {
          buf.loadInt(SCRATCH2, imm, 0);
          buf.emit(addSubShifted(3, 1, FUEL_REG, FUEL_REG, SCRATCH2, Shift.LSL, 0));
        }
        return this.#fuelOutIf(Cond.LO, imm2);
      case 0x41: // a64.depthEnter
        return this.#enterLevel(imm2);
      case 0x42: // a64.depthLeave
        return buf.emit(addImm(1, DEPTH_REG, DEPTH_REG, 1));
      case 0x43: // a64.depthCheck
        return buf.branchIf(cbz(1, DEPTH_REG, 0), this.#stub(ExitCode.Depth, imm2));
      case 0x44: // a64.exit
        return this.#exit(ExitCode.Request + imm, imm2);
      case 0x45: // a64.call
        this.#enterLevel(imm2);
        if (imm === mach.func) buf.emitTo(bl(0), this.entry);
        else this.#callFunction(imm);
        return buf.emit(addImm(1, DEPTH_REG, DEPTH_REG, 1));
      case 0x46: // a64.callIndirect
        this.#enterLevel(imm2);
        buf.emit(ldr(1, SCRATCH, CONTEXT_REG, Context.functionTable));
        buf.emit(
          loadStoreRegister(Access.LDR_X, SCRATCH, SCRATCH, loc[o + imm], Extend.UXTW, 1),
        );
        buf.emit(blr(SCRATCH));
        return buf.emit(addImm(1, DEPTH_REG, DEPTH_REG, 1));
      case 0x47: // a64.callNative
        buf.emit(ldr(1, SCRATCH, CONTEXT_REG, imm));
        return buf.emit(blr(SCRATCH));
      case 0x48: // a64.branchTable
        return this.#branchTable(r0, forward);
      case 0x49: // a64.ret
        return this.#epilogue();
      case 0x4a: // a64.trap
        buf.loadInt(SCRATCH, imm2, 0);
        return buf.emitTo(b(0), this.#tail(ExitCode.Trap));
      case 0x4b: // a64.entry
        return;
      default:
        throw new Error(`internal: machine opcode ${op & 0x7f} in function ${mach.func}`);
    }
  }

  // ---- comparisons and branches

  /** Sets the flags by the comparison whose operands start at `o`. */
  #compare(op: number, imm: number, o: number): void {
    const buf = this.#buf;
    const sf = (op >> 7) & 1;
    const a = this.#loc[o] & 31, b = this.#loc[o + 1] & 31;
    switch ((op >> 8) & 15) {
      case 0: // cmp
        return buf.emit(addSubShifted(3, sf, ZR, a, b, (imm >> 6) & 3, imm & 63));
      case 1: // cmpImm
        return buf.emit(cmpImm(sf, a, imm));
      case 2: // cmnImm
        if (imm < 4096) return buf.emit(addSubImmediate(1, sf, ZR, a, imm, 0));
        return buf.emit(addSubImmediate(1, sf, ZR, a, imm >> 12, 12));
      case 3: // tst
        return buf.emit(tst(sf, a, b, (imm >> 6) & 3, imm & 63));
      case 4: // tstNot
        return buf.emit(logicalShifted(Logical.BICS, sf, ZR, a, b, (imm >> 6) & 3, imm & 63));
      case 5: // tstImm
        return buf.emit(tstImm(sf, a, imm));
      case 6: // bit: element of the register's size, one 1 rotated into place
        return buf.emit(tstImm(sf, a, sf << 12 | (-imm & (sf === 0 ? 31 : 63)) << 6));
      case 7: // float
        return buf.emit(fcmp(sf, a, b));
      case 8: // floatZero
        return buf.emit(fcmpZero(sf, a));
      case 9: // add
        return buf.emit(addSubShifted(1, sf, ZR, a, b, Shift.LSL, 0));
      case 10: // mul
        if (sf === 0) {
          buf.emit(smull(SCRATCH2, a, b));
          return buf.emit(cmpExt(1, SCRATCH2, SCRATCH2, Extend.SXTW));
        }
        buf.emit(smulh(SCRATCH, a, b));
        buf.emit(mul(1, SCRATCH2, a, b));
        return buf.emit(cmp(1, SCRATCH, SCRATCH2, Shift.ASR, 63));
      default:
        throw new Error(`internal: comparison ${(op >> 8) & 15} in function ${this.#mach.func}`);
    }
  }

  /** Branches to `label` if the comparison holds, or with `negate` if it does not. */
  #branchOn(op: number, imm: number, o: number, negate: boolean, label: number): void {
    const buf = this.#buf;
    const sf = (op >> 7) & 1, kind = (op >> 8) & 15;
    const cond = (op >>> 12) ^ (negate ? 1 : 0);
    const a = this.#loc[o] & 31;
    if (kind === 1 && imm === 0 && cond <= Cond.NE) {
      return buf.branchIf((cond === Cond.EQ ? cbz : cbnz)(sf, a, 0), label);
    }
    if (buf.level === 0) {
      if (kind === 6) return buf.branchIf((cond === Cond.EQ ? tbz : tbnz)(a, imm, 0), label);
      if (kind === 1 && imm === 0 && (cond === Cond.LT || cond === Cond.GE)) {
        return buf.branchIf((cond === Cond.GE ? tbz : tbnz)(a, sf === 0 ? 31 : 63, 0), label);
      }
    }
    this.#compare(op, imm, o);
    buf.branchIf(bCond(cond, 0), label);
  }

  #branch(op: number, imm: number, o: number, next: number, forward: Int32Array): void {
    const { succs, succStart } = this.#mach;
    const first = succStart[this.#block];
    const then = forward[succs[first]], otherwise = forward[succs[first + 1]];
    if (then === otherwise) {
      if (then !== next) this.jump(then);
    } else if (then === next) {
      this.#branchOn(op, imm, o, true, this.#blockLabel[otherwise]);
    } else {
      this.#branchOn(op, imm, o, false, this.#blockLabel[then]);
      if (otherwise !== next) this.jump(otherwise);
    }
  }

  #branchTable(index: number, forward: Int32Array): void {
    const buf = this.#buf;
    const { succs, succStart } = this.#mach;
    const first = succStart[this.#block], count = succStart[this.#block + 1] - first - 1;
    if (count === 0) return this.jump(forward[succs[first]]);
    if (isAddSubImmediate(count)) buf.emit(cmpImm(0, index, count));
    else {
      buf.loadInt(SCRATCH2, count, 0);
      buf.emit(cmp(0, index, SCRATCH2));
    }
    buf.branchIf(bCond(Cond.HS, 0), this.#blockLabel[forward[succs[first + count]]]);
    const table = buf.newLabel();
    buf.emitTo(adr(SCRATCH2, 0), table);
    buf.emit(loadStoreRegister(Access.LDRSW, SCRATCH, SCRATCH2, index, Extend.UXTW, 1));
    buf.emit(add(1, SCRATCH2, SCRATCH2, SCRATCH));
    buf.emit(br(SCRATCH2));
    buf.bind(table);
    const targets = Array.from(succs.subarray(first, first + count));
    buf.emitTable(targets.map((block) => this.#blockLabel[forward[block]]));
  }

  // ---- floats

  #canonicalNaN(type: number, rd: number): void {
    const buf = this.#buf;
    buf.emit(type === 0 ? movz(0, SCRATCH, 0x7fc0, 16) : movz(1, SCRATCH, 0x7ff8, 48));
    buf.emit(fmovFromGpr(type, rd, SCRATCH));
  }

  #minMax(kind: number, type: number, d: number, a: number, b: number): void {
    const buf = this.#buf;
    buf.emit(fcmp(type, a, b));
    const land = this.#rareIfUnordered(() => {
      if (kind < 2) return this.#canonicalNaN(type, d);
      // The one that is a number, bits unchanged; fminnm would not do for a signalling NaN.
      buf.emit(fcmp(type, a, a));
      buf.emit(fcsel(type, SCRATCH_FLOAT, b, a, Cond.VS));
      buf.emit(fcmp(type, SCRATCH_FLOAT, SCRATCH_FLOAT));
      this.#canonicalNaN(type, d);
      buf.emit(fcsel(type, d, d, SCRATCH_FLOAT, Cond.VS));
    });
    buf.emit(fpArith((kind & 1) !== 0 ? FpArith.FMAX : FpArith.FMIN, type, d, a, b));
    land();
  }

  // ---- memory

  /** A load or store of `rt`; address operands start at `o`. */
  #access(kind: number, rt: number, o: number, imm: number, imm2: number): void {
    const loc = this.#loc, code = imm2 & 0xff;
    switch (kind) {
      case 0: // base
        return emitAccess(this.#buf, code, rt, loc[o], imm);
      case 1: // indexed
        return this.#buf.emit(
          loadStoreRegister(code, rt, loc[o], loc[o + 1], (imm2 >> 8) & 7, (imm2 >> 11) & 1),
        );
      case 2: // context
        return emitAccess(this.#buf, code, rt, CONTEXT_REG, imm);
      case 3: // outgoing
        return emitAccess(this.#buf, code, rt, SP, imm);
      default: // incoming
        return emitAccess(this.#buf, code, rt, SP, this.#frame.size + imm);
    }
  }

  // ---- calls and exits

  #enterLevel(site: number): void {
    this.#buf.emit(subsImm(1, DEPTH_REG, DEPTH_REG, 1));
    this.#leaveIf(Cond.MI, ExitCode.Depth, site);
  }

  #callFunction(index: number): void {
    const buf = this.#buf;
    buf.emit(ldr(1, SCRATCH, CONTEXT_REG, Context.functionTable));
    if (isLoadStoreOffset(Access.LDR_X, 8 * index)) buf.emit(ldr(1, SCRATCH, SCRATCH, 8 * index));
    else {
      buf.loadInt(SCRATCH2, index, 0);
      buf.emit(loadStoreRegister(Access.LDR_X, SCRATCH, SCRATCH, SCRATCH2, Extend.LSL, 1));
    }
    buf.emit(blr(SCRATCH));
  }

  /** Leaves in a way that comes back: everything that is live is in the frame. */
  #exit(code: number, site: number): void {
    const buf = this.#buf, resume = buf.newLabel();
    buf.loadInt(SCRATCH, code, 0);
    buf.loadInt(SCRATCH2, site, 0);
    buf.emit(stp(0, SCRATCH, SCRATCH2, CONTEXT_REG, Context.exitCode));
    buf.loadInt(SCRATCH, this.#mach.func, 0);
    buf.emit(str(0, SCRATCH, CONTEXT_REG, Context.exitFunction));
    buf.emit(movSp(1, SCRATCH, SP));
    buf.emitTo(adr(SCRATCH2, 0), resume);
    buf.emit(stp(1, SCRATCH, SCRATCH2, CONTEXT_REG, Context.guestStack));
    buf.emit(ldr(1, SCRATCH, CONTEXT_REG, Context.leave));
    buf.emit(br(SCRATCH));
    buf.bind(resume);
  }

  /** Where stubs go with the site in the scratch register. */
  #tail(code: number): number {
    let label = this.#tails.get(code);
    if (label === undefined) {
      label = this.#buf.newLabel();
      this.#tails.set(code, label);
    }
    return label;
  }

  /** Writes what lies out of line. */
  finish(): void {
    const buf = this.#buf;
    for (const write of this.#rare) write();
    this.#finishFuelStubs();
    for (const [key, label] of this.#stubs) {
      buf.bind(label);
      buf.loadInt(SCRATCH, key % 0x1_0000_0000, 0);
      buf.emitTo(b(0), this.#tail(Math.floor(key / 0x1_0000_0000)));
    }
    for (const [code, label] of this.#tails) {
      buf.bind(label);
      buf.loadInt(SCRATCH2, code, 0);
      // exitCode and exitSite, side by side.
      buf.emit(stp(0, SCRATCH2, SCRATCH, CONTEXT_REG, Context.exitCode));
      buf.loadInt(SCRATCH, this.#mach.func, 0);
      buf.emit(str(0, SCRATCH, CONTEXT_REG, Context.exitFunction));
      buf.emit(ldr(1, SCRATCH, CONTEXT_REG, Context.leave));
      buf.emit(br(SCRATCH));
    }
  }

  /**
   * A stub for each charge of fuel, then their common part. A function's distances are too large for
   * `adr`, so what is handed over is the address of a branch in the stub.
   */
  #finishFuelStubs(): void {
    const buf = this.#buf, stubs = this.#fuelStubs;
    if (stubs.length === 0) return;
    const tail = buf.newLabel();
    for (let k = 0; k < stubs.length; k += 3) {
      const resume = buf.newLabel();
      buf.bind(stubs[k]);
      buf.emitTo(adr(SCRATCH2, 0), resume);
      buf.loadInt(SCRATCH, stubs[k + 2], 0);
      buf.emitTo(b(0), tail);
      buf.bind(resume);
      buf.emitTo(b(0), stubs[k + 1]);
    }
    buf.bind(tail);
    buf.emit(str(0, SCRATCH, CONTEXT_REG, Context.exitSite));
    buf.loadInt(SCRATCH, this.#mach.func, 0);
    buf.emit(str(0, SCRATCH, CONTEXT_REG, Context.exitFunction));
    buf.emit(ldr(1, SCRATCH, CONTEXT_REG, Context.fuelOut));
    buf.emit(br(SCRATCH));
  }
}

/** `alu` of two registers, the second one shifted or extended. */
function aluWord(kind: number, sf: number, d: number, a: number, b: number, imm: number): number {
  const shift = (imm >> 6) & 3, amount = imm & 63;
  if (kind < 8) return logicalShifted(kind, sf, d, a, b, shift, amount);
  if (imm === 0 && kind === 10) return sub(sf, d, a, b);
  if ((imm & 0x100) === 0) return addSubShifted(kind - 8, sf, d, a, b, shift, amount);
  return addSubExtended(kind - 8, sf, d, a, b, (imm >> 9) & 7, 0);
}
