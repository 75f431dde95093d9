/**
 * F9 (specification §7.6): effect registers, arity, register bounds, and that no reachable
 * instruction reads a register that some path leaves unwritten. Afterwards reachable code holds
 * only register numbers below `regs`.
 *
 * The rule is a must-initialise analysis, but blocks times registers bits would be too much memory
 * for what a small file can claim. Only registers that a block reads before it writes them itself
 * need an answer about other blocks: such a read is wrong exactly if it makes the register live at
 * the entry. Liveness is found for 32 registers at a time, at the cost of their live ranges.
 *
 * @module
 */
import type { Blocks } from "./blocks.ts";
import { bucket, type Buckets } from "./buckets.ts";
import { GroupLiveness } from "./liveness.ts";
import type { VerifyErrorDetail } from "./verify_error.ts";
import { type FlowContext, REGISTER_FORM, visitRegisters } from "./verify_types.ts";

/** Reads of registers that their own block has not written, in code order. */
interface Exposed {
  readonly regs: number[];
  readonly blocks: number[];
  readonly instructions: number[];
}

/** Checks F9. */
export function checkInitialised(context: FlowContext): void {
  const exposed: Exposed = { regs: [], blocks: [], instructions: [] };
  const fault = checkLocally(context, exposed);
  // Each of these reads comes before the fault, if there is one.
  const first = exposed.regs.length === 0 ? -1 : firstUnwritten(context, exposed);
  if (first >= 0) {
    context.fail({
      kind: "UninitializedRead",
      func: context.func,
      pc: context.code.pcs[exposed.instructions[first]],
      reg: context.regName(exposed.regs[first]),
    });
  }
  if (fault !== null) context.fail(fault);
}

/**
 * Everything that a block shows by itself, in code order, up to the first fault; reads that depend on
 * other blocks go to `exposed`.
 */
function checkLocally(context: FlowContext, exposed: Exposed): VerifyErrorDetail | null {
  const { func, fn, code, regs, blocks } = context;
  const { ops, at, operands, pcs } = code;
  /** Block that last wrote (or was noted to read) each register; or `EVERYWHERE`. */
  const EVERYWHERE = -1;
  const known = new Int32Array(regs).fill(blocks.count);
  known.fill(EVERYWHERE, 0, fn.argCount + 1);
  // Nothing but the entry state counts in block 0: a way back to it can only have written more.
  let block = 0;
  let instruction = 0;
  let fault: VerifyErrorDetail | null = null;

  const read = (reg: number): boolean => {
    const seen = reg >>> 0 < regs ? known[reg] : blocks.count;
    if (seen === EVERYWHERE || seen === block) return true;
    if (reg >>> 0 >= regs || block === 0) {
      const kind = reg >>> 0 >= regs ? "RegOutOfBounds" : "UninitializedRead";
      fault ??= { kind, func, pc: pcs[instruction], reg: context.regName(reg) };
      return false;
    }
    known[reg] = block;
    exposed.regs.push(reg);
    exposed.blocks.push(block);
    exposed.instructions.push(instruction);
    return true;
  };
  const write = (reg: number): boolean => {
    if (reg >>> 0 >= regs) {
      fault ??= { kind: "RegOutOfBounds", func, pc: pcs[instruction], reg: context.regName(reg) };
      return false;
    }
    // Block 0 runs to its end before any other block starts.
    if (known[reg] !== EVERYWHERE) known[reg] = block === 0 ? EVERYWHERE : block;
    return true;
  };
  const readInList = (reg: number): void => void (fault === null && read(reg));
  const writeInList = (reg: number): void => void (fault === null && write(reg));

  for (block = 0; block < blocks.count; block++) {
    if (blocks.reachable[block] === 0) continue;
    const end = blocks.starts[block + 1];
    for (instruction = blocks.starts[block]; instruction < end; instruction++) {
      const form = REGISTER_FORM[ops[instruction]];
      const first = at[instruction];
      if (form <= 3) {
        for (let k = first + 1; k <= first + form; k++) if (!read(operands[k])) return fault;
        if (!write(operands[first])) return fault;
      } else if (form === 5) {
        if (!read(operands[first])) return fault;
      } else if (form === 6) {
        fault = callFault(context, instruction);
        if (fault === null) visitRegisters(code, instruction, 0, readInList);
        if (fault === null) visitRegisters(code, instruction, 16, writeInList);
        if (fault !== null) return fault;
      }
    }
  }
  return null;
}

/** Effect registers and list lengths of calls and returns. */
function callFault(context: FlowContext, i: number): VerifyErrorDetail | null {
  const { func, program, fn, code } = context;
  const { operands } = code;
  const pc = code.pcs[i];
  const first = code.at[i];
  switch (code.ops[i]) {
    case 0x50: { // call
      const callee = program.functions[operands[first + 1]];
      return effectFault(context, i, operands[first + 2], operands[first]) ??
        (listsMatch(operands, first + 3, callee.argCount, callee.resultCount)
          ? null
          : { kind: "CallArityMismatch", func, pc });
    }
    case 0x51: // ret
      return effectFault(context, i, operands[first], 0) ??
        (operands[first + 1] === fn.resultCount ? null : { kind: "ReturnArityMismatch", func, pc });
    case 0x52: { // host_call
      const { args, results } = program.hostSigs[operands[first + 1]];
      return effectFault(context, i, operands[first + 2], operands[first]) ??
        (listsMatch(operands, first + 3, args.length, results.length)
          ? null
          : { kind: "HostCallArityMismatch", func, pc });
    }
    case 0x54: { // call.indirect
      const { args, results } = program.callSigs[operands[first + 1]];
      return effectFault(context, i, operands[first + 3], operands[first]) ??
        (listsMatch(operands, first + 4, args.length, results.length)
          ? null
          : { kind: "CallArityMismatch", func, pc });
    }
    default:
      return null;
  }
}

function effectFault(
  { func, code, regName }: FlowContext,
  i: number,
  effIn: number,
  effOut: number,
): VerifyErrorDetail | null {
  const pc = code.pcs[i];
  if (effIn !== 0) return { kind: "EffectInNotR0", func, pc, reg: regName(effIn) };
  if (effOut !== 0) return { kind: "EffectOutNotR0", func, pc, reg: regName(effOut) };
  return null;
}

/** Whether the two lists that start at operand word `list` have these lengths. */
function listsMatch(operands: Int32Array, list: number, args: number, results: number): boolean {
  return operands[list] === args && operands[list + 1 + operands[list]] === results;
}

/** The position in `exposed` of the first read that an unwritten register can reach, or -1. */
function firstUnwritten(context: FlowContext, exposed: Exposed): number {
  const { regs, blocks } = context;
  // Exposed registers get numbers by first appearance, so that 32 neighbours in number are also
  // neighbours in the code and stop spreading at about the same place.
  const slotOf = new Int32Array(regs).fill(-1);
  let slots = 0;
  for (const reg of exposed.regs) if (slotOf[reg] < 0) slotOf[reg] = slots++;
  const groups = (slots + 31) >>> 5;
  const writes = writesByGroup(context, slotOf, groups);
  const reads = bucket(exposed.regs.map((reg) => slotOf[reg] >>> 5), groups);
  const bitOf = (read: number) => 1 << (slotOf[exposed.regs[read]] & 31);

  const liveness = new GroupLiveness(blocks);
  let first = -1;
  for (let group = 0; group < groups; group++) {
    for (let k = writes.starts[group]; k < writes.starts[group + 1]; k++) {
      const write = writes.order[k];
      liveness.write(writes.blocks[write], 1 << (writes.slots[write] & 31));
    }
    for (let k = reads.starts[group]; k < reads.starts[group + 1]; k++) {
      liveness.read(exposed.blocks[reads.order[k]], bitOf(reads.order[k]));
    }
    liveness.spread();
    if (liveness.live[0] !== 0) {
      const unwritten = spreadUnwritten(blocks, liveness);
      for (let k = reads.starts[group]; k < reads.starts[group + 1]; k++) {
        const read = reads.order[k];
        if ((unwritten[exposed.blocks[read]] & bitOf(read)) === 0) continue;
        if (first < 0 || read < first) first = read;
        break;
      }
    }
    liveness.clear();
  }
  return first;
}

/** Bits of the registers that some path from the entry to the start of each block leaves unwritten. */
function spreadUnwritten(blocks: Blocks, liveness: GroupLiveness): Int32Array {
  const unwritten = new Int32Array(blocks.count);
  const stack = [0];
  unwritten[0] = -1;
  while (stack.length > 0) {
    const b = stack.pop()!;
    const out = unwritten[b] & ~liveness.written(b);
    for (let edge = 2 * b; edge < 2 * b + 2; edge++) {
      const next = blocks.successors[edge];
      if (next < 0 || (out & ~unwritten[next]) === 0) continue;
      unwritten[next] |= out;
      stack.push(next);
    }
  }
  return unwritten;
}

/** Pairs (block, slot) of reachable writes to registers that have a slot, bucketed by group. */
function writesByGroup(
  { code, regs, blocks }: FlowContext,
  slotOf: Int32Array,
  groups: number,
): Buckets & { readonly blocks: number[]; readonly slots: number[] } {
  const inBlocks: number[] = [];
  const slots: number[] = [];
  const last = new Int32Array(slotOf.length).fill(-1);
  let block = 0;
  const write = (reg: number): void => {
    if (reg >>> 0 >= regs || slotOf[reg] < 0 || last[reg] === block) return;
    last[reg] = block;
    inBlocks.push(block);
    slots.push(slotOf[reg]);
  };
  for (block = 0; block < blocks.count; block++) {
    if (blocks.reachable[block] === 0) continue;
    for (let i = blocks.starts[block]; i < blocks.starts[block + 1]; i++) {
      const form = REGISTER_FORM[code.ops[i]];
      if (form <= 3) write(code.operands[code.at[i]]);
      else if (form === 6) visitRegisters(code, i, 16, write);
    }
  }
  return { blocks: inBlocks, slots, ...bucket(slots.map((slot) => slot >>> 5), groups) };
}
