/**
 * F10 and F11 to the letter (specification §7.7 to §7.9): the worklist analysis of types and shapes,
 * then validation, the scan for ambiguous registers, and one type per register. Runs only for
 * functions that {@linkcode inferTypes} did not accept; its business is to name the first error.
 * Relies on F9, so no register number is out of bounds in reachable code.
 *
 * @module
 */
import { type RegState, RegStates } from "./reg_state.ts";
import type { AggKind } from "./verify_error.ts";
import {
  AMBIGUOUS,
  type FlowContext,
  RESULT_TYPE,
  sameShape,
  type Shape,
  type SignatureCodes,
  SOURCE_TYPES,
  TYPE_FORM,
  UNINIT,
  visitRegisters,
} from "./verify_types.ts";

const UNIT = 0;
const BOOL = 1;
const U64 = 3;
const AGG = 9;
const FUNC = 10;
const CLOSURE = 11;

/** Shapes by register. */
type Shapes = ReadonlyMap<number, Shape>;
const NO_SHAPES: Shapes = new Map();

/** Types and shapes at the start and the end of every block; null is "top". */
interface Solution {
  readonly states: RegStates;
  readonly ins: (RegState | null)[];
  readonly outs: (RegState | null)[];
  /** Shapes at the start of block 0; other blocks have none. */
  entryShapes: Shapes;
}

/**
 * Checks F10 and F11 and returns the type code of each register, `UNINIT` if reachable code never
 * writes it.
 */
export function solveTypes(context: FlowContext): Int32Array {
  const walker = new Walker(context);
  const solution = solve(context, walker);
  validate(context, walker, solution);
  checkAmbiguous(context, solution);
  return fixTypes(context, walker, solution);
}

/** The fixpoint, in the worklist order that the specification gives. */
function solve({ func, types, regs, blocks, entryShapes }: FlowContext, walker: Walker): Solution {
  const states = new RegStates(regs);
  let entry = states.set(states.initial(), 0, UNIT);
  types.functions[func].args.forEach((type, arg) => entry = states.set(entry, arg + 1, type));
  const ins = new Array<RegState | null>(blocks.count).fill(null);
  const outs = new Array<RegState | null>(blocks.count).fill(null);
  const outShapes = new Array<Shapes>(blocks.count).fill(NO_SHAPES);
  const solution: Solution = { states, ins, outs, entryShapes };

  ins[0] = entry;
  walker.transferBlock(solution, 0);
  outs[0] = walker.state();
  outShapes[0] = walker.shapes();
  const worklist = [0];
  for (let head = 0; head < worklist.length; head++) {
    const block = worklist[head];
    for (let edge = 2 * block; edge < 2 * block + 2; edge++) {
      const next = blocks.successors[edge];
      if (next < 0) continue;
      const before = ins[next];
      const joined = before === null ? outs[block]! : states.join(before, outs[block]!);
      let same = joined === before;
      if (next === 0) {
        const shapes = joinShapes(solution.entryShapes, outShapes[block], states, joined);
        same &&= shapes.size === solution.entryShapes.size;
        solution.entryShapes = shapes;
      }
      if (same) continue;
      ins[next] = joined;
      walker.transferBlock(solution, next);
      const out = walker.state();
      const shapes = walker.shapes();
      const old = outs[next];
      const unchanged = old !== null && states.equal(out, old) &&
        equalShapes(shapes, outShapes[next]);
      outs[next] = out;
      outShapes[next] = shapes;
      if (!unchanged) worklist.push(next);
    }
  }
  return solution;
}

/** What both sides know of registers that are still Agg. */
function joinShapes(a: Shapes, b: Shapes, states: RegStates, state: RegState): Shapes {
  const joined = new Map<number, Shape>();
  for (const [reg, shape] of a) {
    if (states.get(state, reg) === AGG && sameShape(shape, b.get(reg))) joined.set(reg, shape);
  }
  return joined;
}

function equalShapes(a: Shapes, b: Shapes): boolean {
  if (a.size !== b.size) return false;
  for (const [reg, shape] of a) if (!sameShape(shape, b.get(reg))) return false;
  return true;
}

/** The state of every register while walking through one block. */
class Walker {
  readonly #context: FlowContext;
  readonly #current: Int32Array;
  /** Walk in which `#current` was last written, by register; others are still as at the start. */
  readonly #writtenIn: Int32Array;
  readonly #written: number[] = [];
  #walk = 0;
  #states: RegStates | null = null;
  #start: RegState | null = null;
  #shapes = new Map<number, Shape>();

  constructor(context: FlowContext) {
    this.#context = context;
    this.#current = new Int32Array(context.regs);
    this.#writtenIn = new Int32Array(context.regs);
  }

  /** Goes to the start of `block`. */
  enter(solution: Solution, block: number): void {
    this.#walk++;
    this.#written.length = 0;
    this.#states = solution.states;
    this.#start = solution.ins[block];
    this.#shapes = new Map(block === 0 ? solution.entryShapes : NO_SHAPES);
  }

  /** Goes to the end of `block`. */
  transferBlock(solution: Solution, block: number): void {
    this.enter(solution, block);
    const { starts } = this.#context.blocks;
    for (let i = starts[block]; i < starts[block + 1]; i++) this.transfer(i);
  }

  /** State of register `reg` here. */
  type(reg: number): number {
    if (this.#writtenIn[reg] === this.#walk) return this.#current[reg];
    return this.#states!.get(this.#start!, reg);
  }

  /** Shape of register `reg` here. */
  shape(reg: number): Shape | undefined {
    return this.#shapes.get(reg);
  }

  /** All registers here. */
  state(): RegState {
    let state = this.#start!;
    for (const reg of this.#written) state = this.#states!.set(state, reg, this.#current[reg]);
    return state;
  }

  /** All shapes here. */
  shapes(): Shapes {
    return this.#shapes.size === 0 ? NO_SHAPES : new Map(this.#shapes);
  }

  /** Takes a type; only Agg keeps a shape, be it a stale one (§7.7, shape rule). */
  #write(reg: number, type: number): void {
    if (this.#writtenIn[reg] !== this.#walk) {
      this.#writtenIn[reg] = this.#walk;
      this.#written.push(reg);
    }
    this.#current[reg] = type;
    if (type !== AGG) this.#shapes.delete(reg);
  }

  #writeShaped(reg: number, shape: Shape | undefined): void {
    this.#write(reg, AGG);
    if (shape === undefined) this.#shapes.delete(reg);
    else this.#shapes.set(reg, shape);
  }

  /** Result types to the registers listed; `validate` judges later whether there are as many. */
  #writeResults(list: number, results: readonly number[]): void {
    const { operands } = this.#context.code;
    const returned = list + 1 + operands[list];
    const count = Math.min(operands[returned], results.length);
    for (let k = 0; k < count; k++) this.#write(operands[returned + 1 + k], results[k]);
  }

  /** Does what instruction `i` does to its destinations. */
  transfer(i: number): void {
    const { types, code } = this.#context;
    const { operands } = code;
    const op = code.ops[i];
    const first = code.at[i];
    const dst = operands[first];
    if (TYPE_FORM[op] <= 3) return this.#write(dst, RESULT_TYPE[op]);
    switch (op) {
      case 0x01: { // mov
        const src = operands[first + 1];
        const type = this.type(src);
        if (type === AGG) this.#writeShaped(dst, this.shape(src));
        else this.#write(dst, type);
        break;
      }
      case 0x16: // const.pool
        this.#write(dst, types.constants[operands[first + 1]]);
        break;
      case 0x38: // select
        this.#write(dst, this.type(operands[first + 2]));
        break;
      case 0x50: // call
        this.#write(dst, UNIT);
        this.#writeResults(first + 3, types.functions[operands[first + 1]].results);
        break;
      case 0x52: // host_call
        this.#write(dst, UNIT);
        this.#writeResults(first + 3, types.hostSigs[operands[first + 1]].results);
        break;
      case 0x54: // call.indirect
        this.#write(dst, UNIT);
        this.#writeResults(first + 4, types.callSigs[operands[first + 1]].results);
        break;
      case 0x60: { // tuple.new
        const values = operands.subarray(first + 2, first + 2 + operands[first + 1]);
        const elements = Array.from(values, (reg) => {
          const type = this.type(reg);
          return type >= 0 ? type : AMBIGUOUS;
        });
        this.#writeShaped(dst, { kind: "Tuple", id: 0, types: elements });
        break;
      }
      case 0x62: // struct.new
        this.#writeShaped(dst, types.structs[operands[first + 1]]);
        break;
      case 0x64: // array.new
        this.#writeShaped(dst, types.arrays[operands[first + 1]]);
        break;
      case 0x61: // tuple.get
        this.#write(dst, this.#element(operands[first + 1], "Tuple", operands[first + 2] >>> 0));
        break;
      case 0x63: // struct.get
        this.#write(dst, this.#element(operands[first + 1], "Struct", operands[first + 2] >>> 0));
        break;
      case 0x66: // array.get
      case 0x69: // array.get_imm
        this.#write(dst, this.#element(operands[first + 1], "Array", 0));
        break;
      case 0x65: // array.len
      case 0x67: // tuple.len
      case 0x68: // struct.field_count
        this.#write(dst, U64);
    }
  }

  #element(agg: number, kind: AggKind, index: number): number {
    const shape = this.shape(agg);
    return shape?.kind === kind && index < shape.types.length ? shape.types[index] : AMBIGUOUS;
  }
}

/** F10: operands have the types their instructions want, each judged against the state before it. */
function validate(context: FlowContext, walker: Walker, solution: Solution): void {
  const { blocks } = context;
  for (let block = 0; block < blocks.count; block++) {
    if (blocks.reachable[block] === 0) continue;
    walker.enter(solution, block);
    for (let i = blocks.starts[block]; i < blocks.starts[block + 1]; i++) {
      validateInstruction(context, walker, i);
      walker.transfer(i);
    }
  }
}

function validateInstruction(context: FlowContext, walker: Walker, i: number): void {
  const { func, types, code, regName, fail } = context;
  const { operands } = code;
  const pc = code.pcs[i];
  const op = code.ops[i];
  const first = code.at[i];

  const unwritten = (reg: number): never =>
    fail({ kind: "UninitializedRead", func, pc, reg: regName(reg) });
  const unknown = (reg: number, expected: number): never =>
    fail({
      kind: "UnknownTypeAtUse",
      func,
      pc,
      reg: regName(reg),
      expected: types.name(expected),
    });
  const mismatch = (expected: number, actual: number): never =>
    fail({
      kind: "TypeMismatch",
      func,
      pc,
      expected: types.name(expected),
      actual: types.name(actual),
    });
  const expect = (expected: number, reg: number): void => {
    const actual = walker.type(reg);
    if (actual === UNINIT) unwritten(reg);
    if (actual === AMBIGUOUS) unknown(reg, expected);
    if (actual !== expected) mismatch(expected, actual);
  };
  const expectAll = (list: number, expected: readonly number[]): void =>
    expected.forEach((type, k) => expect(type, operands[list + 1 + k]));
  const expectKind = (reg: number, expected: AggKind): void => {
    const actual = walker.shape(reg)?.kind ?? expected;
    if (actual !== expected) fail({ kind: "AggKindMismatch", func, pc, expected, actual });
  };
  const expectCall = (list: number, { args, results }: SignatureCodes): void => {
    const returned = list + 1 + operands[list];
    if (operands[list] !== args.length || operands[returned] !== results.length) {
      fail({ kind: "CallArityMismatch", func, pc });
    }
    expectAll(list, args);
    results.forEach((type, k) => {
      const reg = operands[returned + 1 + k];
      const old = walker.type(reg);
      if (old === AMBIGUOUS) unknown(reg, type);
      if (old !== UNINIT && old !== type) mismatch(type, old);
    });
  };

  const form = TYPE_FORM[op];
  if (form <= 3) {
    for (let k = 0; k < form; k++) expect(SOURCE_TYPES[op * 3 + k], operands[first + 1 + k]);
    return;
  }
  switch (op) {
    case 0x38: { // select
      expect(BOOL, operands[first + 1]);
      const a = operands[first + 2];
      const b = operands[first + 3];
      const typeA = walker.type(a);
      const typeB = walker.type(b);
      if (typeA === UNINIT) unwritten(a);
      if (typeB === UNINIT) unwritten(b);
      if (typeA === AMBIGUOUS && typeB === AMBIGUOUS) {
        fail({ kind: "UnknownTypeAtSelect", func, pc, reg: regName(a) });
      }
      if (typeA === AMBIGUOUS) unknown(a, typeB);
      if (typeB === AMBIGUOUS) unknown(b, typeA);
      if (typeA !== typeB) mismatch(typeA, typeB);
      break;
    }
    case 0x40: // br
      expect(BOOL, operands[first]);
      break;
    case 0x50: // call
      expectCall(first + 3, types.functions[operands[first + 1]]);
      break;
    case 0x51: // ret
      expectAll(first + 1, types.functions[func].results);
      break;
    case 0x52: // host_call
      expectCall(first + 3, types.hostSigs[operands[first + 1]]);
      break;
    case 0x54: { // call.indirect
      const callee = walker.type(operands[first + 2]);
      if (callee === UNINIT) unwritten(operands[first + 2]);
      if (callee === AMBIGUOUS) unknown(operands[first + 2], FUNC);
      if (callee !== FUNC && callee !== CLOSURE) mismatch(FUNC, callee);
      expectCall(first + 4, types.callSigs[operands[first + 1]]);
      break;
    }
    case 0x62: { // struct.new
      const typeId = operands[first + 1];
      const fields = types.structs[typeId].types;
      if (operands[first + 2] !== fields.length) {
        fail({ kind: "StructArityMismatch", func, pc, typeId });
      }
      expectAll(first + 2, fields);
      break;
    }
    case 0x64: { // array.new
      const [type] = types.arrays[operands[first + 1]].types;
      for (let k = 1; k <= operands[first + 2]; k++) expect(type, operands[first + 2 + k]);
      break;
    }
    case 0x61: { // tuple.get
      const agg = operands[first + 1];
      expect(AGG, agg);
      expectKind(agg, "Tuple");
      const arity = walker.shape(agg)?.types.length ?? Infinity;
      const index = operands[first + 2] >>> 0;
      if (index >= arity) fail({ kind: "TupleIndexOutOfBounds", func, pc, arity, index });
      break;
    }
    case 0x63: { // struct.get
      const agg = operands[first + 1];
      expect(AGG, agg);
      expectKind(agg, "Struct");
      const shape = walker.shape(agg);
      const fieldIndex = operands[first + 2] >>> 0;
      if (shape !== undefined && fieldIndex >= shape.types.length) {
        fail({ kind: "StructFieldIndexOutOfBounds", func, pc, typeId: shape.id, fieldIndex });
      }
      break;
    }
    case 0x66: // array.get
      expect(AGG, operands[first + 1]);
      expect(U64, operands[first + 2]);
      expectKind(operands[first + 1], "Array");
      break;
    case 0x65: // array.len
    case 0x69: // array.get_imm
      expect(AGG, operands[first + 1]);
      expectKind(operands[first + 1], "Array");
      break;
    case 0x67: // tuple.len
      expect(AGG, operands[first + 1]);
      expectKind(operands[first + 1], "Tuple");
      break;
    case 0x68: // struct.field_count
      expect(AGG, operands[first + 1]);
      expectKind(operands[first + 1], "Struct");
  }
}

/** F11a: no register is ambiguous where a block starts or ends, used or not. */
function checkAmbiguous({ func, blocks, regName, fail }: FlowContext, solution: Solution): void {
  const { states, ins, outs } = solution;
  for (let block = 0; block < blocks.count; block++) {
    if (blocks.reachable[block] === 0) continue;
    for (const state of [ins[block]!, outs[block]!]) {
      const reg = states.firstAmbiguous(state);
      if (reg >= 0) fail({ kind: "UnstableRegType", func, reg: regName(reg) });
    }
  }
}

/** F11b: every write of a register has the one type that its first write, or its being r0 or an
 * argument, has fixed. */
function fixTypes(context: FlowContext, walker: Walker, solution: Solution): Int32Array {
  const { func, types, code, regs, blocks, regName, fail } = context;
  const fixed = new Int32Array(regs).fill(UNINIT);
  fixed[0] = UNIT;
  types.functions[func].args.forEach((type, arg) => fixed[arg + 1] = type);
  for (let block = 0; block < blocks.count; block++) {
    if (blocks.reachable[block] === 0) continue;
    walker.enter(solution, block);
    for (let i = blocks.starts[block]; i < blocks.starts[block + 1]; i++) {
      walker.transfer(i);
      visitRegisters(code, i, 16, (reg) => {
        const type = walker.type(reg);
        if (type < 0 || (fixed[reg] !== UNINIT && fixed[reg] !== type)) {
          fail({ kind: "UnstableRegTypeAt", func, pc: code.pcs[i], reg: regName(reg) });
        }
        fixed[reg] = type;
      });
    }
  }
  return fixed;
}
