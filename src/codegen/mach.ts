/**
 * Machine code before registers: what instruction selection produces, what the register allocator
 * reads, and what an emitter walks. Flat arrays; nothing in here knows an instruction set beyond
 * numbers: opcodes belong to the target, operands are virtual registers with constraints.
 *
 * Invariants the selectors keep:
 *
 * - SSA: each virtual register has exactly one definition: a block parameter, a `DEF_*` operand, or
 *   a constant (`newConstant`).
 * - Every block ends in one terminator; only the last instruction of a block is a terminator.
 * - No critical edges: when a block has several successors, each of them has this one predecessor.
 *   Only a block with one successor passes block arguments.
 * - The first instruction of the entry block defines the function's register arguments with
 *   `DEF_FIXED` operands.
 * - An instruction with `clobbersAll` (a call, an exit that comes back) defines only with `DEF_FIXED`.
 * - Blocks are numbered in layout order; a loop's blocks are contiguous where the graph is reducible,
 *   and a block comes behind those that dominate it.
 *
 * @module
 */
import type { RegisterFile } from "./registers.ts";

/** Operand constraints. Fixed forms add the register number. */
export const Constraint = {
  /** Read before the instruction writes anything; in a register. */
  UseReg: 0,
  /** Read until the instruction ends: never shares a register with a definition. */
  UseRegLate: 1,
  /** Read early; in a register or its spill slot. */
  UseAny: 2,
  /** Read late; in a register or its spill slot. */
  UseAnyLate: 3,
  /** Written after all early reads. */
  DefReg: 4,
  /** Written while operands are still being read: shares a register with no use. */
  DefRegEarly: 5,
  /** A register of its own for the whole instruction; the virtual register has no other operand. */
  Temp: 6,
  /** As `DefReg`, and preferably the register of the first use: two-address forms. */
  DefReuse: 7,
  /** `UseFixed + r`: moved into register `r` just before the instruction, read early. */
  UseFixed: 64,
  /** `DefFixed + r`: written to register `r`, moved away just after the instruction. */
  DefFixed: 128,
  /** `Clobber + r`: register `r` is overwritten while operands are read; no virtual register. */
  Clobber: 192,
} as const;

/** Register classes: which half of the register file a virtual register lives in. */
export const RegClass = { Int: 0, Float: 1 } as const;

/** The arrays of a function. */
type Room = Pick<
  MachFunc,
  | ("op" | "imm" | "imm2" | "pc" | "clobbersAll")
  | ("operandStart" | "operandVreg" | "operandConstraint")
  | ("vregClass" | "vregIsConst" | "vregConst")
  | ("blockStart" | "blockDepth" | "idom" | "succStart" | "succs")
  | ("paramStart" | "params" | "argStart" | "args")
>;

/** Arrays of a recycled function, for the next one. */
let spare: Room | undefined;

function makeRoom(): Room {
  return {
    op: new Uint16Array(64),
    imm: new Int32Array(64),
    imm2: new Int32Array(64),
    pc: new Int32Array(64),
    clobbersAll: new Uint8Array(64),
    operandStart: new Int32Array(65),
    operandVreg: new Int32Array(128),
    operandConstraint: new Uint8Array(128),
    vregClass: new Uint8Array(64),
    vregIsConst: new Uint8Array(64),
    vregConst: new Int32Array(192),
    blockStart: new Int32Array(17),
    blockDepth: new Int32Array(17),
    idom: new Int32Array(17),
    succStart: new Int32Array(17),
    succs: new Int32Array(32),
    paramStart: new Int32Array(17),
    params: new Int32Array(32),
    argStart: new Int32Array(17),
    args: new Int32Array(32),
  };
}

/** One function in machine form. See the module's invariants. */
export class MachFunc {
  /** The registers of the target. */
  readonly registers: RegisterFile;
  /** Function index, for messages. */
  readonly func: number;

  /** Number of instructions. */
  count = 0;
  /** Target opcode of each instruction. */
  op: Uint16Array;
  /** First operand of each instruction; its operands end where the next one's begin. */
  operandStart: Int32Array;
  /** Two immediates of each instruction, meaning up to the opcode. */
  imm: Int32Array;
  /** Second immediate. */
  imm2: Int32Array;
  /** Guest pc each instruction comes from, -1 for none. */
  pc: Int32Array;
  /** 1 where every allocatable register is overwritten. */
  clobbersAll: Uint8Array;

  /** Number of operands. */
  operandCount = 0;
  /** Virtual register of each operand. */
  operandVreg: Int32Array;
  /** Constraint of each operand. */
  operandConstraint: Uint8Array;

  /** Number of virtual registers. */
  vregCount = 0;
  /** Class of each virtual register. */
  vregClass: Uint8Array;
  /** For constants: 1 (they have no defining operand and are made anew where needed). */
  vregIsConst: Uint8Array;
  /** Low and high word of constants, and the instruction they were made before: stride 3. */
  vregConst: Int32Array;

  /** Number of blocks. */
  blockCount = 0;
  /** First instruction of each block; entry `blockCount` is `count`. All arrays by block grow as one. */
  blockStart: Int32Array;
  /** Loop depth of each block. */
  blockDepth: Int32Array;
  /** Immediate dominator of each block, -1 for the entry. */
  idom: Int32Array;
  /** Start of each block's successors in `succs`. */
  succStart: Int32Array;
  /** Successor blocks. */
  succs: Int32Array;
  /** Number of successor entries. */
  succCount = 0;
  /** Start of each block's parameters in `params`. */
  paramStart: Int32Array;
  /** Block parameters (virtual registers). */
  params: Int32Array;
  /** Number of parameter entries. */
  paramCount = 0;
  /** Start of the arguments each block passes to its single successor. */
  argStart: Int32Array;
  /** Block arguments (virtual registers). */
  args: Int32Array;
  /** Number of argument entries. */
  argCount = 0;

  /**
   * The virtual register that stands for the heap's address: a constant to the allocator, made by a
   * load from the context wherever a register for it begins.
   */
  heapBase = -1;
  /** Bytes the function needs at the bottom of its frame for stack arguments of its callees. */
  outgoingBytes = 0;
  /** Whether the function calls anything: a leaf needs no saved link register. */
  hasCalls = false;

  /** An empty function for `registers`. */
  constructor(registers: RegisterFile, func: number) {
    this.registers = registers;
    this.func = func;
    const room = spare ?? makeRoom();
    spare = undefined;
    this.op = room.op;
    this.imm = room.imm;
    this.imm2 = room.imm2;
    this.pc = room.pc;
    this.clobbersAll = room.clobbersAll;
    this.operandStart = room.operandStart;
    this.operandVreg = room.operandVreg;
    this.operandConstraint = room.operandConstraint;
    this.vregClass = room.vregClass;
    this.vregIsConst = room.vregIsConst;
    this.vregConst = room.vregConst;
    this.blockStart = room.blockStart;
    this.blockDepth = room.blockDepth;
    this.idom = room.idom;
    this.succStart = room.succStart;
    this.succs = room.succs;
    this.paramStart = room.paramStart;
    this.params = room.params;
    this.argStart = room.argStart;
    this.args = room.args;
    for (const starts of [this.blockStart, this.succStart, this.paramStart, this.argStart]) {
      starts[0] = 0;
    }
    this.operandStart[0] = 0;
  }

  /** Gives the arrays to the next function; this one may not be used any more. */
  recycle(): void {
    spare = this;
  }

  /** Makes a virtual register of a class (`RegClass`). */
  newVreg(cls: number): number {
    const vreg = this.vregCount++;
    if (vreg >= this.vregClass.length) {
      this.vregClass = grow8(this.vregClass);
      this.vregIsConst = grow8(this.vregIsConst);
      this.vregConst = grow32(this.vregConst);
    }
    this.vregClass[vreg] = cls;
    this.vregIsConst[vreg] = 0;
    return vreg;
  }

  /**
   * Makes a virtual register that holds a constant wherever it is used. The place where this is
   * called must dominate every use, as a definition would.
   */
  newConstant(cls: number, lo: number, hi: number): number {
    const vreg = this.newVreg(cls);
    this.vregIsConst[vreg] = 1;
    this.vregConst[3 * vreg] = lo;
    this.vregConst[3 * vreg + 1] = hi;
    this.vregConst[3 * vreg + 2] = this.count;
    return vreg;
  }

  /**
   * Opens the next block in layout order, at loop depth `depth` and with immediate dominator `idom`
   * (-1 for the entry), and returns its number.
   */
  beginBlock(depth: number, idom: number): number {
    const block = this.blockCount++;
    if (block + 1 >= this.blockStart.length) {
      this.blockStart = grow32(this.blockStart);
      this.blockDepth = grow32(this.blockDepth);
      this.idom = grow32(this.idom);
      this.succStart = grow32(this.succStart);
      this.paramStart = grow32(this.paramStart);
      this.argStart = grow32(this.argStart);
    }
    this.blockDepth[block] = depth;
    this.idom[block] = idom;
    this.blockStart[block] = this.count;
    this.succStart[block] = this.succCount;
    this.paramStart[block] = this.paramCount;
    this.argStart[block] = this.argCount;
    this.blockStart[block + 1] = this.count;
    this.succStart[block + 1] = this.succCount;
    this.paramStart[block + 1] = this.paramCount;
    this.argStart[block + 1] = this.argCount;
    return block;
  }

  /** Adds a parameter to the open block. */
  addParam(vreg: number): void {
    if (this.paramCount >= this.params.length) this.params = grow32(this.params);
    this.params[this.paramCount++] = vreg;
    this.paramStart[this.blockCount] = this.paramCount;
  }

  /** Adds a successor to the open block. */
  addSuccessor(block: number): void {
    if (this.succCount >= this.succs.length) this.succs = grow32(this.succs);
    this.succs[this.succCount++] = block;
    this.succStart[this.blockCount] = this.succCount;
  }

  /** Adds an argument for the parameters of the open block's single successor. */
  addArg(vreg: number): void {
    if (this.argCount >= this.args.length) this.args = grow32(this.args);
    this.args[this.argCount++] = vreg;
    this.argStart[this.blockCount] = this.argCount;
  }

  /** Appends an instruction to the open block; its operands follow with `operand`. */
  emit(op: number, pc: number, imm = 0, imm2 = 0): number {
    const i = this.count++;
    if (i >= this.op.length) {
      const op = new Uint16Array(this.op.length * 2);
      op.set(this.op);
      this.op = op;
      this.imm = grow32(this.imm);
      this.imm2 = grow32(this.imm2);
      this.pc = grow32(this.pc);
      this.clobbersAll = grow8(this.clobbersAll);
      this.operandStart = grow32(this.operandStart);
    }
    this.op[i] = op;
    this.imm[i] = imm;
    this.imm2[i] = imm2;
    this.pc[i] = pc;
    this.clobbersAll[i] = 0;
    this.operandStart[i] = this.operandCount;
    if (i + 1 >= this.operandStart.length) this.operandStart = grow32(this.operandStart);
    this.operandStart[i + 1] = this.operandCount;
    this.blockStart[this.blockCount] = this.count;
    return i;
  }

  /** Appends an operand to the last instruction. Definitions come before uses, by convention. */
  operand(vreg: number, constraint: number): void {
    if (this.operandCount >= this.operandVreg.length) {
      this.operandVreg = grow32(this.operandVreg);
      this.operandConstraint = grow8(this.operandConstraint);
    }
    this.operandVreg[this.operandCount] = vreg;
    this.operandConstraint[this.operandCount++] = constraint;
    this.operandStart[this.count] = this.operandCount;
  }

  /** Marks the last instruction as overwriting every allocatable register. */
  clobberAll(): void {
    this.clobbersAll[this.count - 1] = 1;
    this.hasCalls = true;
  }
}

function grow32(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function grow8(array: Uint8Array): Uint8Array {
  const larger = new Uint8Array(array.length * 2);
  larger.set(array);
  return larger;
}
