/**
 * State of lowering one function: registers as variables of the SSA builder, trap sites, and the
 * fuel segment that is being collected. The lowering functions of the other files are written in
 * terms of it.
 *
 * A segment's charge is emitted when its first instruction starts and filled in when it ends, so an
 * instruction that proves its check unnecessary simply does not end the segment.
 *
 * @module
 */
import { WORDS_OF_CLASS } from "../heap/layout.ts";
import { FuncBuilder } from "../ir/builder.ts";
import type { Func } from "../ir/func.ts";
import { Op } from "../ir/opcodes.ts";
import type { DecodedCode } from "../tape/code.ts";
import type { Program } from "../tape/program.ts";
import type { FunctionFacts, VerifiedProgram } from "../tape/verify.ts";
import { Scratch } from "../util/scratch.ts";
import type { KnownAggregate } from "./aggregate.ts";
import { IR_TYPE_OF_CLASS, type IrSignature } from "./signature.ts";

/** Values of registers in blocks that a function may have: what more takes seconds to compile. */
const MIN_DEFINITIONS = 1 << 18, DEFINITIONS_PER_INSTRUCTION = 64;

/** Reused by all functions, one at a time. */
const scratch = new Scratch();

/** The function being lowered; see the module text. */
export class Lowering {
  /** The verified program. */
  readonly verified: VerifiedProgram;
  /** The program. */
  readonly program: Program;
  /** Facts about the function. */
  readonly facts: FunctionFacts;
  /** Its code. */
  readonly code: DecodedCode;
  /** Operand words of the code. */
  readonly operands: Int32Array;
  /** Class of each register. */
  readonly classes: Uint8Array;
  /** The builder. */
  readonly builder: FuncBuilder;
  /** The function so far. */
  readonly ir: Func;
  /** Aggregates made in this function, by the value that is their offset. */
  readonly aggregates = new Map<number, KnownAggregate>();
  /** Pc of the instruction being lowered. */
  pc = 0;

  /** First variable of each register; a dec has two, a unit none. */
  readonly #vars: Int32Array;
  #lastPlaced = 0;
  #charge = -1;
  readonly #pcs: number[] = [];
  #observable = false;

  /** Starts function `func`; `signature` is that of the IR function. */
  constructor(verified: VerifiedProgram, func: number, name: string, signature: IrSignature) {
    this.verified = verified;
    this.program = verified.program;
    this.facts = verified.functions[func];
    this.code = this.facts.code;
    this.operands = this.code.operands;
    this.classes = this.facts.regClasses;
    const capacity = 6 * this.code.count + signature.params.length + 32;
    const { params, results } = signature;
    const most = MIN_DEFINITIONS + DEFINITIONS_PER_INSTRUCTION * this.code.count;
    this.builder = new FuncBuilder(name, params, results, capacity, most);
    this.ir = this.builder.func;
    const { classes, builder } = this;
    scratch.reset();
    this.#vars = scratch.int32(classes.length);
    for (let r = 0; r < classes.length; r++) {
      const words = WORDS_OF_CLASS[classes[r]];
      for (let w = 0; w < words; w++) {
        const id = builder.declareVar(IR_TYPE_OF_CLASS[classes[r]]);
        if (w === 0) this.#vars[r] = id;
      }
    }
  }

  /** An array of `length` entries, good until another function is lowered; see `Scratch`. */
  scratch(length: number, fill = 0): Int32Array {
    return scratch.int32(length, fill);
  }

  // ---- registers

  /** Value of a register; of a dec its mantissa. */
  use(reg: number): number {
    return this.builder.useVar(this.#vars[reg]);
  }

  /** Scale of a dec register. */
  useScale(reg: number): number {
    return this.builder.useVar(this.#vars[reg] + 1);
  }

  /** Writes a register of one word. */
  def(reg: number, value: number): void {
    this.builder.defVar(this.#vars[reg], value);
  }

  /** Writes a dec register. */
  defDec(reg: number, mantissa: number, scale: number): void {
    this.builder.defVar(this.#vars[reg], mantissa);
    this.builder.defVar(this.#vars[reg] + 1, scale);
  }

  /** Number of words of a register. */
  wordsOf(reg: number): number {
    return WORDS_OF_CLASS[this.classes[reg]];
  }

  /** Writes word `w` of a register. */
  defWord(reg: number, w: number, value: number): void {
    this.builder.defVar(this.#vars[reg] + w, value);
  }

  /** Appends the values of a register's words to a list. */
  pushWords(list: number[], reg: number): void {
    const words = this.wordsOf(reg);
    for (let w = 0; w < words; w++) list.push(this.builder.useVar(this.#vars[reg] + w));
  }

  /** Appends the values of `count` registers, named by the operands from `at` on, to a list. */
  pushRegs(list: number[], at: number, count: number): void {
    for (let k = 0; k < count; k++) this.pushWords(list, this.operands[at + k]);
  }

  /** Gives a register the consecutive values from `value` on and returns the one behind them. */
  defWords(reg: number, value: number): number {
    const words = this.wordsOf(reg);
    for (let w = 0; w < words; w++) this.defWord(reg, w, value++);
    return value;
  }

  // ---- blocks within an instruction

  /** Makes a block that follows the current one in the layout, and those made here before it. */
  createNextBlock(): number {
    const block = this.builder.createBlock();
    this.placeNext(block);
    return block;
  }

  /** Moves a block to where `createNextBlock` would put a new one. */
  placeNext(block: number): void {
    this.ir.moveBlockAfter(block, this.#lastPlaced);
    this.#lastPlaced = block;
  }

  /** Goes on in the IR block `block` of a bytecode block. */
  beginBlock(block: number): void {
    this.builder.switchTo(block);
    this.#lastPlaced = block;
  }

  // ---- values

  /** Whether `value` is an integer constant. */
  isConst(value: number): boolean {
    return this.ir.op[value] === Op.iconst;
  }

  /** Whether `value` is the integer constant whose halves are `lo` and `hi`. */
  isConstant(value: number, lo: number, hi: number): boolean {
    const { ir } = this;
    return ir.op[value] === Op.iconst && ir.constLo(value) === lo && ir.constHi(value) === hi;
  }

  // ---- traps

  /** Traps at this instruction with a number of `TrapNumber` if `cond` is not 0. */
  trapIf(cond: number, trap: number): void {
    this.observe();
    this.builder.trapIf(cond, this.ir.addTrapSite(trap, this.pc));
  }

  /** Traps at this instruction with a number of `TrapNumber` if `cond` is 0. */
  trapUnless(cond: number, trap: number): void {
    this.observe();
    this.builder.trapUnless(cond, this.ir.addTrapSite(trap, this.pc));
  }

  /** Says that the fuel spent can be observed at this instruction: it ends its segment. */
  observe(): void {
    this.#observable = true;
  }

  // ---- fuel

  /** Begins the instruction at `pc`: opens a segment if none is open and counts one unit. */
  beginInstruction(pc: number): void {
    this.pc = pc;
    this.builder.setPc(pc);
    if (this.#charge < 0) {
      this.#charge = this.builder.fuel(1, this.ir.addFuelSite([]));
      this.#pcs.length = 0;
    }
    this.#pcs.push(pc);
    this.#observable = false;
  }

  /** Ends the instruction, and its segment if it has to or `last` says so. */
  endInstruction(last: boolean): void {
    if (!last && !this.#observable) return;
    const { ir } = this;
    ir.a[this.#charge] = this.#pcs.length;
    ir.sites[ir.c[this.#charge]].pcs = this.#pcs.slice();
    this.#charge = -1;
  }
}
