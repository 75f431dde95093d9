/**
 * The front end: verified bytecode to IR, one function at a time. Relies on verification (no operand
 * is checked again). Guarantees that the IR has the bytecode's results, traps and fuel.
 *
 * Blocks of bytecode become blocks of IR in the same order; those that cannot be reached are left
 * out. Fuel is charged by segment: the longest run of instructions of a block that ends at (and
 * includes) one that may trap, call or leave, or at the block's end. The charge stands at the
 * segment's start, so when an instruction traps, the fuel up to and including it is spent.
 *
 * @module
 */
import { WORDS_OF_CLASS } from "../heap/layout.ts";
import { EntangledError } from "../ir/builder.ts";
import type { Func } from "../ir/func.ts";
import type { Blocks } from "../tape/blocks.ts";
import { OPCODES } from "../tape/opcodes.ts";
import type { Program } from "../tape/program.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { resultsClash, ret } from "./control.ts";
import { lowerInstruction } from "./dispatch.ts";
import { LowerError, type Unsupported } from "./lower_error.ts";
import { Lowering } from "./lowering.ts";
import { IR_TYPE_OF_CLASS, type IrSignature, irSignature } from "./signature.ts";
import { trapCodeNumber, TrapNumber } from "./traps.ts";

/** How to lower. */
export interface LowerOptions {
  /**
   * Whether the dispatcher answers requests (`requests.ts`). Without, instructions that may allocate,
   * call the host or call through a value are not lowered.
   */
  readonly requests?: boolean;
  /** Whether {@linkcode unsupported} has been asked, and found nothing. */
  readonly checked?: boolean;
  /** Name of the IR function, for people; the program's name for it, or `f` and its id. */
  readonly name?: string;
}

/** Opcodes whose code makes requests. */
const REQUESTING: Uint8Array = new Uint8Array(256);
for (
  const opcode of [
    0x52, // host_call
    0x54, // call.indirect
    0x60, // tuple.new
    0x62, // struct.new
    0x64, // array.new
    0x7a, // bytes.concat
    0x7b, // str.concat
    0x81, // bytes.to_str
  ]
) REQUESTING[opcode] = 1;

/**
 * The first reachable instruction of a function that cannot be lowered, if there is one: a call that
 * lists a result register twice with different types, which traps when the callee returns, or one
 * that `options` exclude.
 */
export function unsupported(
  verified: VerifiedProgram,
  func: number,
  options: LowerOptions = {},
): Unsupported | undefined {
  const { code, blocks, regClasses } = verified.functions[func];
  const { ops, at, operands, pcs } = code;
  const because = (i: number, reason: string): Unsupported => {
    const opcode = ops[i];
    return { opcode, mnemonic: OPCODES.get(opcode)!.mnemonic, pc: pcs[i], reason };
  };
  for (let block = 0; block < blocks.count; block++) {
    if (blocks.reachable[block] === 0) continue;
    for (let i = blocks.starts[block], end = blocks.starts[block + 1]; i < end; i++) {
      const op = ops[i];
      if (REQUESTING[op] !== 0 && !options.requests) {
        return because(i, "it needs a dispatcher that answers requests");
      }
      const direct = op === 0x50; // call
      if (!direct && op !== 0x54) continue; // call.indirect
      // eff_out, function, eff_in, args, rets; an indirect call also has the callee.
      const o = direct ? at[i] + 3 : at[i] + 4;
      const { functions, callSigs } = verified.program;
      const { results } = (direct ? functions : callSigs)[operands[at[i] + 1]];
      const list = o + 1 + operands[o];
      if (resultsClash(operands, regClasses, list + 1, results)) {
        return because(i, "a result register is listed twice with different types");
      }
    }
  }
  return undefined;
}

/**
 * Lowers function `func`. The IR function's parameters and results are the words of its arguments
 * and results, see `signature.ts`.
 *
 * @throws {LowerError} If an instruction is not supported; see {@linkcode unsupported}.
 */
export function lowerFunction(
  verified: VerifiedProgram,
  func: number,
  options: LowerOptions = {},
): Func {
  const fn = verified.program.functions[func];
  const l = start(verified, func, irSignature(fn), options);
  return refusing(l, () => {
    let param = l.ir.first[0];
    for (let k = 0; k < fn.args.length; k++) param = l.defWords(k + 1, param);
    if (l.code.count === 0) lowerEmpty(l);
    else lowerBlocks(l, 0, l.facts.blocks.order);
    return l.builder.finish();
  });
}

/** Lowers by `lower`; what comes out too entangled is not supported. */
function refusing(l: Lowering, lower: () => Func): Func {
  try {
    return lower();
  } catch (error) {
    if (!(error instanceof EntangledError)) throw error;
    const i = l.code.pcs.indexOf(l.pc), opcode = l.code.ops[i];
    throw new LowerError(l.facts.func, {
      opcode,
      mnemonic: OPCODES.get(opcode)!.mnemonic,
      pc: l.pc,
      reason: `too many registers meet in too many blocks: ${error.message}`,
    });
  }
}

/** What of a function runs from the start of one of its blocks. */
export interface LoweredLoop {
  /** Returns what the whole function would have. */
  readonly func: Func;
  /**
   * For each parameter the word it takes of the function's registers, counted over all registers in
   * order with `WORDS_OF_CLASS` words each.
   */
  readonly words: Int32Array;
}

/**
 * Lowers function `func` from the start of bytecode block `block` on, so that a run that is already
 * in its loop can change tier there. Registers that are live at that point become parameters.
 *
 * @throws {LowerError} If an instruction is not supported; see {@linkcode unsupported}.
 */
export function lowerLoop(
  verified: VerifiedProgram,
  func: number,
  block: number,
  options: LowerOptions = {},
): LoweredLoop {
  const { regClasses, blocks } = verified.functions[func];
  // All registers at first: what is live shows when everything is built.
  const params: number[] = [];
  for (let r = 0; r < regClasses.length; r++) {
    for (let w = 0; w < WORDS_OF_CLASS[regClasses[r]]; w++) {
      params.push(IR_TYPE_OF_CLASS[regClasses[r]]);
    }
  }
  const { results } = irSignature(verified.program.functions[func]);
  const l = start(verified, func, { params, results }, options);
  const ir = refusing(l, () => {
    let param = l.ir.first[0];
    for (let r = 0; r < regClasses.length; r++) param = l.defWords(r, param);
    lowerBlocks(l, block, blocks.order.filter(reachableFrom(blocks, block)));
    return l.builder.finish();
  });
  const uses = ir.useCounts();
  const keep = Uint8Array.from(ir.params(0), (v) => uses[v] > 0 ? 1 : 0);
  const words = Int32Array.from(keep.keys()).filter((word) => keep[word] !== 0);
  ir.filterParams(0, keep);
  words.forEach((word, k) => params[k] = params[word]);
  params.length = words.length;
  return { func: ir, words };
}

function start(
  verified: VerifiedProgram,
  func: number,
  signature: IrSignature,
  options: LowerOptions,
): Lowering {
  const problem = options.checked ? undefined : unsupported(verified, func, options);
  if (problem !== undefined) throw new LowerError(func, problem);
  return new Lowering(
    verified,
    func,
    options.name ?? nameOf(verified.program, func),
    signature,
  );
}

const names = new WeakMap<Program, Map<number, string>>();

/** The first name of a function, or `f` and its id. */
function nameOf(program: Program, func: number): string {
  let known = names.get(program);
  if (known === undefined) {
    names.set(program, known = new Map());
    for (const entry of program.functionNames) {
      const name = program.symbols[entry.symbol];
      if (name !== "" && !known.has(entry.func)) known.set(entry.func, name);
    }
  }
  return known.get(func) ?? `f${func}`;
}

/** A test for blocks that can be reached from `block`, itself included. */
function reachableFrom({ count, successors }: Blocks, block: number): (b: number) => boolean {
  const reached = new Uint8Array(count), stack = [block];
  reached[block] = 1;
  while (stack.length > 0) {
    const b = stack.pop()!;
    for (let edge = 2 * b; edge < 2 * b + 2; edge++) {
      const next = successors[edge];
      if (next < 0 || reached[next] !== 0) continue;
      reached[next] = 1;
      stack.push(next);
    }
  }
  return (b) => reached[b] !== 0;
}

/** Empty code: takes a unit of fuel and finds no instruction (specification §7.5). */
function lowerEmpty(l: Lowering): void {
  l.beginInstruction(0);
  l.endInstruction(true);
  l.builder.trap(l.ir.addTrapSite(TrapNumber.InvalidPc, 0));
}

/** Lowers the blocks in `order`, which are those that can be reached from `first`. */
function lowerBlocks(l: Lowering, first: number, order: Int32Array): void {
  const { builder } = l;
  const { count, successors } = l.facts.blocks;
  const irBlocks = l.scratch(count, -1);
  // Edges to each block that are still to be emitted.
  const missing = l.scratch(count);
  for (let k = 0; k < order.length; k++) {
    const block = order[k];
    irBlocks[block] = 0;
    if (successors[2 * block] >= 0) missing[successors[2 * block]]++;
    if (successors[2 * block + 1] >= 0) missing[successors[2 * block + 1]]++;
  }
  // The entry of an IR function is no branch target.
  const needsEntry = missing[first] > 0 || first !== 0;
  for (let block = 0; block < count; block++) {
    if (irBlocks[block] === 0 && (needsEntry || block !== first)) {
      irBlocks[block] = builder.createBlock();
    }
  }
  if (needsEntry) {
    builder.jump(irBlocks[first]);
    if (missing[first] === 0) builder.seal(irBlocks[first]);
  }
  for (let k = 0; k < order.length; k++) {
    const block = order[k];
    l.beginBlock(irBlocks[block]);
    lowerBlock(l, block, irBlocks);
    for (let edge = 2 * block; edge < 2 * block + 2; edge++) {
      const next = successors[edge];
      if (next >= 0 && --missing[next] === 0) builder.seal(irBlocks[next]);
    }
  }
}

function lowerBlock(l: Lowering, block: number, irBlocks: Int32Array): void {
  const { code, operands, builder } = l;
  const { starts, successors } = l.facts.blocks;
  const last = starts[block + 1] - 1;
  for (let i = starts[block]; i < last; i++) {
    l.beginInstruction(code.pcs[i]);
    lowerInstruction(l, code.ops[i], code.at[i]);
    l.endInstruction(false);
  }
  const o = code.at[last];
  l.beginInstruction(code.pcs[last]);
  l.endInstruction(true);
  const first = successors[2 * block], second = successors[2 * block + 1];
  switch (code.ops[last]) {
    case 0x40: // br
      if (first === second) builder.jump(irBlocks[first]);
      else builder.brIf(l.use(operands[o]), irBlocks[first], irBlocks[second]);
      return;
    case 0x41: // jmp
      builder.jump(irBlocks[first]);
      return;
    case 0x02: // trap
      builder.trap(l.ir.addTrapSite(trapCodeNumber(operands[o]), l.pc));
      return;
    case 0x51: // ret
      return ret(l, o);
    default:
      throw new Error(`internal: block ${block} of function ${l.facts.func} has no terminator`);
  }
}
