/**
 * Translates verified functions, on their first call, into the words that the interpreter's loop
 * executes. Relies on verification (no operand is checked again); guarantees that fuel, trap places
 * and trace events stay those of the bytecode, one unit an instruction.
 *
 * ## Code words
 *
 * All functions of an instance share one `Int32Array`. An instruction is its opcode word and operand
 * words; register operands are word indexes into the frame (`slots`), branch targets are positions in
 * the array.
 *
 * Code is charged by *segment*: the instructions from a block's start, or from after a call, up to and
 * including the next terminator or call. Nobody can observe fuel inside a segment. The word before a
 * segment's first instruction holds its cost, and whoever transfers control there takes it:
 *
 *     cost | op operands | op operands | call operands, return list | cost | op ...
 *
 * When less fuel is left than a segment costs, or when the run is traced, the *metered* translation of
 * the function runs instead: every instruction is preceded by a `TICK`, segments cost 0, and nothing
 * is fused. Both translations have the same frames, so control moves from one to the other at any
 * segment start. Instructions that do nothing (`nop`, and whatever moves units) emit nothing and
 * belong to the next one that does.
 *
 * ## Frames
 *
 * | word | what |
 * |---|---|
 * | `fp - 1` | low half: position to return to; high half: the caller's `fp` |
 * | `fp` ... | slots: registers in order, `WORDS_OF_CLASS` words each, so arguments come first |
 *
 * A callee's frame starts `frameWords + 1` words after its caller's. The words before a function's
 * entry hold, downwards: segment cost, `frameWords`. The words before a return position hold,
 * downwards: segment cost; then for one one-word result its slot; for any other non-empty list the
 * number of result words (-1 when the results' classes clash with their registers, which traps in the
 * callee's `ret`) and the slots.
 *
 * @module
 */
import type { Heap } from "../heap/heap.ts";
import { AggKind, aggregateSize, align8, WORDS_OF_CLASS } from "../heap/layout.ts";
import type { DecodedCode } from "../tape/code.ts";
import type { Signature, ValueType } from "../tape/types.ts";
import { typeClass } from "../tape/types.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { type CodeArena, ReturnForm, returnForm, type Translation } from "./arena.ts";
import { Op } from "./ops.ts";

/** The translation of `func`, appended to `arena` unless it is there. */
export function translate(
  arena: CodeArena,
  verified: VerifiedProgram,
  heap: Heap,
  func: number,
  metered: boolean,
): Translation {
  const known = (metered ? arena.meteredEntries : arena.entries)[func];
  if (known !== 0) return arena.find(known);
  return new Translator(arena, verified, heap, func, metered).run();
}

/** Where positions and indexes are collected; one translation is made at a time. */
let scratchPositions = new Int32Array(256);
let scratchIndexes = new Int32Array(256);

/** The work on one function. */
class Translator {
  readonly #arena: CodeArena;
  readonly #verified: VerifiedProgram;
  readonly #heap: Heap;
  readonly #func: number;
  readonly #metered: boolean;
  readonly #source: DecodedCode;
  readonly #classes: Uint8Array;
  readonly #slots: Int32Array;
  readonly #frameWords: number;
  readonly #positions: Int32Array;
  readonly #indexes: Int32Array;
  #emitted = 0;
  /** Pairs: where a block's position is wanted, and the block. */
  readonly #fixups: number[] = [];

  constructor(
    arena: CodeArena,
    verified: VerifiedProgram,
    heap: Heap,
    func: number,
    metered: boolean,
  ) {
    const { code, regClasses } = verified.functions[func];
    this.#arena = arena;
    this.#verified = verified;
    this.#heap = heap;
    this.#func = func;
    this.#metered = metered;
    this.#source = code;
    this.#classes = regClasses;
    this.#slots = new Int32Array(regClasses.length);
    let words = 0;
    for (let r = 0; r < regClasses.length; r++) {
      this.#slots[r] = words;
      words += WORDS_OF_CLASS[regClasses[r]];
    }
    this.#frameWords = words;
    // Metered: a tick and perhaps a trace exit for each instruction, and the trace enter.
    const most = metered ? 3 * code.count + 3 : code.count + 1;
    if (scratchPositions.length < most) {
      scratchPositions = new Int32Array(2 * most);
      scratchIndexes = new Int32Array(2 * most);
    }
    this.#positions = scratchPositions;
    this.#indexes = scratchIndexes;
  }

  run(): Translation {
    const arena = this.#arena;
    const metered = this.#metered;
    const { blocks } = this.#verified.functions[this.#func];
    const start = arena.used;
    arena.put(this.#frameWords);
    arena.put(metered ? 0 : 1);
    const entry = arena.used;
    if (metered) {
      this.#begin(0, Op.TRACE_ENTER);
      arena.put(this.#func);
      arena.put(0);
    }
    if (this.#source.count === 0) {
      if (metered) this.#tick(0);
      this.#begin(0, Op.EMPTY);
    }
    const blockAt = new Int32Array(blocks.count);
    for (let block = 0; block < blocks.count; block++) {
      if (blocks.reachable[block] === 0) continue;
      // Block 0 uses the cost word before the entry, or the one in TRACE_ENTER.
      if (block !== 0) arena.put(0);
      blockAt[block] = arena.used;
      this.#block(blocks.starts[block], blocks.starts[block + 1], block);
    }
    const fixups = this.#fixups;
    for (let k = 0; k < fixups.length; k += 2) arena.code[fixups[k]] = blockAt[fixups[k + 1]];
    const translation: Translation = {
      func: this.#func,
      metered,
      start,
      end: arena.used,
      entry,
      positions: this.#positions.slice(0, this.#emitted),
      indexes: this.#indexes.slice(0, this.#emitted),
    };
    arena.add(translation);
    return translation;
  }

  #block(first: number, end: number, block: number): void {
    const { ops } = this.#source;
    const arena = this.#arena;
    let cost = arena.used - 1;
    let segment = first;
    for (let i = first; i < end; i++) {
      const fused = this.#metered ? 0 : this.#fuse(i, end, block);
      if (fused > 0) {
        i += fused - 1;
      } else {
        if (this.#metered) this.#tick(i);
        this.#instruction(i, block);
      }
      const op = ops[i];
      if (i === end - 1 || op === 0x50 || op === 0x52 || op === 0x54) {
        if (!this.#metered) arena.code[cost] = i + 1 - segment;
        // The last operand of a call is the cost word of the segment that follows it.
        cost = arena.used - 1;
        segment = i + 1;
      }
    }
  }

  #begin(index: number, op: number): void {
    this.#positions[this.#emitted] = this.#arena.used;
    this.#indexes[this.#emitted++] = index;
    this.#arena.put(op);
  }

  #tick(index: number): void {
    this.#begin(index, Op.TICK);
    this.#arena.put(index);
    this.#arena.put(this.#func);
  }

  #target(block: number): void {
    this.#fixups.push(this.#arena.used, block);
    this.#arena.put(0);
  }

  /**
   * Emits one instruction for several from `first` on where that is known to pay, and returns how many
   * it took. Everything they write is still written, and none of them traps.
   */
  #fuse(first: number, end: number, block: number): number {
    const { ops } = this.#source;
    if (first + 1 >= end) {
      return ops[first] === 0x41 && this.#jumpAndCompare(first, block, -1) ? 1 : 0;
    }
    const op = ops[first];
    const next = ops[first + 1];
    if (next === 0x40) return this.#compareAndBranch(first, block) ? 2 : 0;
    if (op === 0x20 || op === 0x23) {
      if (next === 0x41) {
        if (this.#jumpAndCompare(first + 1, block, first)) return 2;
        this.#begin(first + 1, Op.ADD_JMP);
        this.#operands3(first);
        this.#target(this.#verified.functions[this.#func].blocks.successors[2 * block]);
        return 2;
      }
      if (next === 0x20 || next === 0x23) {
        // The last addition before a jump is worth more together with the jump.
        if (first + 2 < end && ops[first + 2] === 0x41) return 0;
        this.#begin(first + 1, Op.ADD_ADD);
        this.#operands3(first);
        this.#operands3(first + 1);
        return 2;
      }
    }
    if ((op === 0x22 || op === 0x25) && (next === 0x20 || next === 0x23)) {
      if (first + 2 < end && ops[first + 2] === 0x41) return 0;
      this.#begin(first + 1, Op.MUL_ADD);
      this.#operands3(first);
      this.#operands3(first + 1);
      return 2;
    }
    return 0;
  }

  #operands3(index: number): void {
    const { at, operands } = this.#source;
    for (let k = 0; k < 3; k++) this.#arena.put(this.#slots[operands[at[index] + k]]);
  }

  /** The comparison at `index`, followed by a branch on its result. */
  #compareAndBranch(index: number, block: number): boolean {
    const { ops, at, operands } = this.#source;
    const fused = FUSED_COMPARE[ops[index]];
    if (fused === 0 || operands[at[index]] !== operands[at[index + 1]]) return false;
    this.#begin(index + 1, fused & 0xff);
    this.#compareOperands(index, (fused & SWAPPED) !== 0);
    const { successors } = this.#verified.functions[this.#func].blocks;
    this.#target(successors[2 * block]);
    this.#target(successors[2 * block + 1]);
    return true;
  }

  #compareOperands(index: number, swapped: boolean): void {
    const arena = this.#arena;
    const slots = this.#slots;
    const { at, operands } = this.#source;
    const o = at[index];
    arena.put(slots[operands[o]]);
    arena.put(slots[operands[swapped ? o + 2 : o + 1]]);
    arena.put(slots[operands[swapped ? o + 1 : o + 2]]);
  }

  /**
   * The jump at `index`, and before it the addition at `add` unless that is -1, when the jump's target
   * is a block of a less-than and a branch on it alone, as loops that test at the top have.
   */
  #jumpAndCompare(index: number, block: number, add: number): boolean {
    const { ops, at, operands } = this.#source;
    const { starts, successors } = this.#verified.functions[this.#func].blocks;
    const target = successors[2 * block];
    const compare = starts[target];
    if (starts[target + 1] !== compare + 2 || ops[compare + 1] !== 0x40) return false;
    const fused = FUSED_COMPARE[ops[compare]];
    const op = fused & 0xff;
    if (
      (op !== Op.LT_S_BR && op !== Op.LT_U_BR) ||
      operands[at[compare]] !== operands[at[compare + 1]]
    ) return false;
    const signed = op === Op.LT_S_BR;
    if (add >= 0) {
      this.#begin(index, signed ? Op.ADD_JMP_LT_S_BR : Op.ADD_JMP_LT_U_BR);
      this.#operands3(add);
    } else {
      this.#begin(index, signed ? Op.JMP_LT_S_BR : Op.JMP_LT_U_BR);
    }
    this.#compareOperands(compare, (fused & SWAPPED) !== 0);
    this.#target(successors[2 * target]);
    this.#target(successors[2 * target + 1]);
    this.#target(target);
    return true;
  }

  /** Words of the registers at operands `at` up to `at + count`. */
  #wordCount(at: number, count: number): number {
    const { operands } = this.#source;
    let words = 0;
    for (let k = 0; k < count; k++) words += WORDS_OF_CLASS[this.#classes[operands[at + k]]];
    return words;
  }

  /** Puts the slots of those registers, word by word. */
  #putWords(at: number, count: number): void {
    const { operands } = this.#source;
    for (let k = 0; k < count; k++) {
      const reg = operands[at + k];
      const words = WORDS_OF_CLASS[this.#classes[reg]];
      for (let w = 0; w < words; w++) this.#arena.put(this.#slots[reg] + w);
    }
  }

  /** Whether results of these types fit the registers: they may not if one is listed twice. */
  #clash(at: number, types: readonly ValueType[]): boolean {
    const { operands } = this.#source;
    return types.some((type, k) => typeClass(type) !== this.#classes[operands[at + k]]);
  }

  /** Puts what `ret` reads before a return position, ending with the cost word. */
  #putReturns(at: number, types: readonly ValueType[]): void {
    const arena = this.#arena;
    const form = returnForm(types);
    if (form === ReturnForm.ONE) {
      this.#putWords(at, 1);
    } else if (form === ReturnForm.LIST) {
      if (this.#clash(at, types)) {
        arena.put(-1);
      } else {
        const begin = arena.used;
        this.#putWords(at, types.length);
        const words = arena.used - begin;
        arena.code.subarray(begin, arena.used).reverse();
        arena.put(words);
      }
    }
    arena.put(0);
  }

  /** Words that `#putReturns` will put. */
  #returnLength(at: number, types: readonly ValueType[]): number {
    const form = returnForm(types);
    if (form === ReturnForm.NONE) return 1;
    if (form === ReturnForm.ONE) return 2;
    return this.#clash(at, types) ? 2 : 2 + this.#wordCount(at, types.length);
  }

  #instruction(index: number, block: number): void {
    const arena = this.#arena;
    const classes = this.#classes;
    const slots = this.#slots;
    const { ops, at, operands } = this.#source;
    const op = ops[index];
    const o = at[index];
    switch (op) {
      case 0x00: // nop
      case 0x10: // const.unit
        return;
      case 0x01: { // mov
        const words = WORDS_OF_CLASS[classes[operands[o]]];
        if (words === 0) return;
        this.#begin(index, words === 1 ? op : Op.MOV2);
        arena.put(slots[operands[o]]);
        arena.put(slots[operands[o + 1]]);
        return;
      }
      case 0x02: // trap
        this.#begin(index, op);
        return;
      case 0x11: // const.bool
        return this.#constant(index, operands[o], operands[o + 1], 0);
      case 0x12: // const.i64
      case 0x13: // const.u64
      case 0x14: // const.f64
        return this.#constant(index, operands[o], operands[o + 1], operands[o + 2]);
      case 0x15: // const.decimal
        return this.#decimal(index, operands[o], operands[o + 1], operands[o + 2], operands[o + 3]);
      case 0x16: // const.pool
        return this.#pool(index, operands[o], operands[o + 1]);
      case 0x53: // const.func
        return this.#constant(index, operands[o], operands[o + 1], 0);
      case 0x38: { // select
        const words = WORDS_OF_CLASS[classes[operands[o]]];
        if (words === 0) return;
        this.#begin(index, words === 1 ? op : Op.SELECT2);
        for (let k = 0; k < 4; k++) arena.put(slots[operands[o + k]]);
        return;
      }
      case 0x40: { // br
        const { successors } = this.#verified.functions[this.#func].blocks;
        this.#begin(index, op);
        arena.put(slots[operands[o]]);
        this.#target(successors[2 * block]);
        this.#target(successors[2 * block + 1]);
        return;
      }
      case 0x41: { // jmp
        const { successors } = this.#verified.functions[this.#func].blocks;
        this.#begin(index, op);
        this.#target(successors[2 * block]);
        return;
      }
      case 0x50: // call: eff_out func eff_in args rets
        return this.#call(index, operands[o + 1], o + 3);
      case 0x51: // ret: eff_in rets
        return this.#ret(index, o + 1);
      case 0x52: // host_call: eff_out sig eff_in args rets
        return this.#hostCall(index, operands[o + 1], o + 3);
      case 0x54: // call.indirect: eff_out sig callee eff_in args rets
        return this.#callIndirect(index, operands[o + 1], operands[o + 2], o + 4);
      case 0x60: // tuple.new
        return this.#aggregate(index, operands[o], AggKind.Tuple, 0, o + 1);
      case 0x62: // struct.new
        return this.#aggregate(index, operands[o], AggKind.Struct, operands[o + 1], o + 2);
      case 0x64: // array.new
        return this.#aggregate(index, operands[o], AggKind.Array, operands[o + 1], o + 2);
      case 0x61: // tuple.get
        return this.#get(index, o, AggKind.Tuple);
      case 0x63: // struct.get
        return this.#get(index, o, AggKind.Struct);
      case 0x69: // array.get_imm
        return this.#get(index, o, AggKind.Array);
      case 0x66: { // array.get
        const cls = classes[operands[o]];
        this.#begin(index, WORDS_OF_CLASS[cls] === 1 ? Op.AGET : Op.AGETX);
        for (let k = 0; k < 3; k++) arena.put(slots[operands[o + k]]);
        arena.put(cls);
        return;
      }
      case 0x65: // array.len
        return this.#length(index, o, AggKind.Array);
      case 0x67: // tuple.len
        return this.#length(index, o, AggKind.Tuple);
      case 0x68: // struct.field_count
        return this.#length(index, o, AggKind.Struct);
      case 0x76: // i64.to_dec
      case 0x77: // u64.to_dec
      case 0x7d: // bytes.get_imm
        this.#begin(index, op);
        arena.put(slots[operands[o]]);
        arena.put(slots[operands[o + 1]]);
        arena.put(operands[o + 2]);
        return;
      case 0x80: // str.to_bytes
      case 0x92: // f64.to_bits
      case 0x93: // f64.from_bits
        this.#begin(index, 0x01);
        arena.put(slots[operands[o]]);
        arena.put(slots[operands[o + 1]]);
        return;
      case 0x2f: // u64.gt
      case 0x32: // u64.ge
      case 0x39: // i64.gt
      case 0x3b: // i64.ge
      case 0x85: // f64.gt
      case 0x87: // f64.ge
        this.#begin(index, EXCHANGED[op]);
        return this.#compareOperands(index, true);
      default:
        // The rest has register operands only.
        this.#begin(index, op);
        for (let k = o; k < at[index + 1]; k++) arena.put(slots[operands[k]]);
    }
  }

  #constant(index: number, reg: number, low: number, high: number): void {
    this.#begin(index, Op.CONST);
    this.#arena.put(this.#slots[reg]);
    this.#arena.put(low);
    this.#arena.put(high);
  }

  #decimal(index: number, reg: number, low: number, high: number, scale: number): void {
    this.#begin(index, Op.CONST2);
    this.#arena.put(this.#slots[reg]);
    this.#arena.put(low);
    this.#arena.put(high);
    this.#arena.put(scale);
  }

  #pool(index: number, reg: number, entry: number): void {
    const constant = this.#verified.program.constants[entry];
    switch (constant.type) {
      case "unit":
        return;
      case "bool":
        return this.#constant(index, reg, constant.value ? 1 : 0, 0);
      case "i64":
      case "u64":
        return this.#constant(index, reg, low(constant.value), high(constant.value));
      case "f64":
        return this.#constant(index, reg, low(constant.bits), high(constant.bits));
      case "dec": {
        const { mantissa, scale } = constant;
        return this.#decimal(index, reg, low(mantissa), high(mantissa), scale);
      }
      case "bytes":
      case "str": {
        // An empty constant must not be what creates the memory.
        if (constant.value.length === 0) return this.#constant(index, reg, 0, 0);
        const heap = this.#heap;
        return this.#constant(index, reg, heap.constantOffset(entry), heap.constantLength(entry));
      }
    }
  }

  #call(index: number, callee: number, list: number): void {
    const arena = this.#arena;
    const { operands } = this.#source;
    const args = operands[list];
    const rets = list + 2 + args;
    const words = this.#wordCount(list + 1, args);
    const { results } = this.#verified.program.functions[callee];
    const counted = words !== 1 && words !== 2;
    this.#begin(index, counted ? Op.CALLN : words === 1 ? Op.CALL1 : Op.CALL2);
    arena.put(callee);
    arena.put(this.#frameWords + 1);
    const extra = counted ? 1 : 0;
    arena.put(arena.used + 1 + extra + words + this.#returnLength(rets, results));
    if (counted) arena.put(words);
    this.#putWords(list + 1, args);
    this.#putReturns(rets, results);
  }

  #callIndirect(index: number, callSig: number, callee: number, list: number): void {
    const arena = this.#arena;
    const { operands } = this.#source;
    const args = operands[list];
    const rets = list + 2 + args;
    const words = this.#wordCount(list + 1, args);
    const { results } = this.#verified.program.callSigs[callSig];
    this.#begin(index, this.#classes[callee] === 10 ? Op.CALL_FUNC : Op.CALL_CLOSURE);
    arena.put(callSig);
    arena.put(this.#slots[callee]);
    arena.put(this.#frameWords + 1);
    arena.put(arena.used + 2 + words + this.#returnLength(rets, results));
    arena.put(words);
    this.#putWords(list + 1, args);
    this.#putReturns(rets, results);
  }

  #hostCall(index: number, hostSig: number, list: number): void {
    const arena = this.#arena;
    const { operands } = this.#source;
    const args = operands[list];
    const rets = list + 2 + args;
    const { results }: Signature = this.#verified.program.hostSigs[hostSig];
    const argWords = this.#wordCount(list + 1, args);
    const resultWords = this.#clash(rets, results) ? -1 : this.#wordCount(rets, results.length);
    this.#begin(index, Op.HOST);
    arena.put(hostSig);
    arena.put(arena.used + 2 + argWords + Math.max(resultWords, 0) + 1);
    arena.put(resultWords);
    this.#putWords(list + 1, args);
    if (resultWords > 0) this.#putWords(rets, results.length);
    arena.put(0);
  }

  #ret(index: number, list: number): void {
    const arena = this.#arena;
    const count = this.#source.operands[list];
    const form = returnForm(this.#verified.program.functions[this.#func].results);
    if (this.#metered) this.#begin(index, Op.TRACE_EXIT);
    if (form === ReturnForm.NONE) {
      this.#begin(index, Op.RET0);
      return;
    }
    this.#begin(index, form === ReturnForm.ONE ? Op.RET1 : Op.RETN);
    if (form === ReturnForm.LIST) arena.put(this.#wordCount(list + 1, count));
    this.#putWords(list + 1, count);
  }

  #aggregate(index: number, dst: number, kind: number, typeId: number, list: number): void {
    const arena = this.#arena;
    const classes = this.#classes;
    const { operands } = this.#source;
    const count = operands[list];
    let plain = true;
    let decimals = 0;
    for (let k = 1; k <= count; k++) {
      const cls = classes[operands[list + k]];
      if (WORDS_OF_CLASS[cls] !== 1) plain = false;
      if (cls === 5) decimals++;
    }
    const tagWords = align8(count) / 4;
    this.#begin(index, plain ? Op.NEW : Op.NEWX);
    arena.put(arena.used + 6 + count + tagWords + (plain ? 0 : count));
    arena.put(this.#slots[dst]);
    arena.put(kind);
    arena.put(typeId);
    arena.put(count);
    arena.put(aggregateSize(count, decimals));
    for (let k = 1; k <= count; k++) {
      const reg = operands[list + k];
      arena.put(classes[reg] === 0 ? -1 : this.#slots[reg]);
    }
    for (let word = 0; word < tagWords; word++) {
      let tags = 0;
      for (let k = 0; k < 4 && 4 * word + k < count; k++) {
        tags |= classes[operands[list + 1 + 4 * word + k]] << (8 * k);
      }
      arena.put(tags);
    }
    if (plain) return;
    for (let k = 1; k <= count; k++) arena.put(classes[operands[list + k]]);
  }

  #get(index: number, o: number, kind: number): void {
    const arena = this.#arena;
    const { operands } = this.#source;
    const cls = this.#classes[operands[o]];
    this.#begin(index, WORDS_OF_CLASS[cls] === 1 ? Op.GET : Op.GETX);
    arena.put(this.#slots[operands[o]]);
    arena.put(this.#slots[operands[o + 1]]);
    arena.put(kind);
    arena.put(operands[o + 2]);
    arena.put(cls);
  }

  #length(index: number, o: number, kind: number): void {
    const { operands } = this.#source;
    this.#begin(index, Op.LEN);
    this.#arena.put(this.#slots[operands[o]]);
    this.#arena.put(this.#slots[operands[o + 1]]);
    this.#arena.put(kind);
  }
}

/** Bit of `FUSED_COMPARE` for comparisons done with exchanged operands. */
const SWAPPED = 0x100;

/** By opcode of a comparison, the opcode of it and a branch; 0 for all others. */
const FUSED_COMPARE = new Uint16Array(256);
FUSED_COMPARE[0x28] = FUSED_COMPARE[0x2a] = Op.EQ_BR; // i64.eq, u64.eq
FUSED_COMPARE[0x29] = Op.LT_S_BR; // i64.lt
FUSED_COMPARE[0x39] = Op.LT_S_BR | SWAPPED; // i64.gt
FUSED_COMPARE[0x3a] = Op.LE_S_BR; // i64.le
FUSED_COMPARE[0x3b] = Op.LE_S_BR | SWAPPED; // i64.ge
FUSED_COMPARE[0x2b] = Op.LT_U_BR; // u64.lt
FUSED_COMPARE[0x2f] = Op.LT_U_BR | SWAPPED; // u64.gt
FUSED_COMPARE[0x31] = Op.LE_U_BR; // u64.le
FUSED_COMPARE[0x32] = Op.LE_U_BR | SWAPPED; // u64.ge
FUSED_COMPARE[0x83] = Op.EQ_F_BR; // f64.eq
FUSED_COMPARE[0x84] = Op.LT_F_BR; // f64.lt
FUSED_COMPARE[0x85] = Op.LT_F_BR | SWAPPED; // f64.gt
FUSED_COMPARE[0x86] = Op.LE_F_BR; // f64.le
FUSED_COMPARE[0x87] = Op.LE_F_BR | SWAPPED; // f64.ge

/** By opcode of a comparison, the one that gives the same with exchanged operands. */
const EXCHANGED: Readonly<Record<number, number>> = {
  0x2f: 0x2b, // u64.gt, u64.lt
  0x32: 0x31, // u64.ge, u64.le
  0x39: 0x29, // i64.gt, i64.lt
  0x3b: 0x3a, // i64.ge, i64.le
  0x85: 0x84, // f64.gt, f64.lt
  0x87: 0x86, // f64.ge, f64.le
};

const halves = new Int32Array(2);
const whole = new BigInt64Array(halves.buffer);

function low(value: bigint): number {
  whole[0] = value;
  return halves[0];
}

function high(value: bigint): number {
  whole[0] = value;
  return halves[1];
}
