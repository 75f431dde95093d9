/**
 * Basic blocks of decoded code (specification §7.4): leaders, successors, reachability and reverse
 * postorder. Relies on branch targets being instruction starts, which the verifier has checked
 * before anyone else gets here; the time is linear.
 *
 * @module
 */
import type { DecodedCode } from "./code.ts";

/** The control-flow graph of one function; blocks are numbered by start. Empty code has no blocks. */
export interface Blocks {
  /** Number of blocks. */
  readonly count: number;
  /** Index of each block's first instruction; entry `count` is the number of instructions. */
  readonly starts: Int32Array;
  /**
   * Two entries a block, -1 for none: `br` has the true target, then the false one; `jmp` and blocks
   * that fall through (none do in verified code) have one; `ret` and `trap` none.
   */
  readonly successors: Int32Array;
  /** 1 for each block that can be reached from block 0. */
  readonly reachable: Uint8Array;
  /** Reachable blocks in reverse postorder, block 0 first. */
  readonly order: Int32Array;
}

/** The index of the instruction that starts at byte `pc`, or -1. */
export function instructionAt(code: DecodedCode, pc: number): number {
  const { pcs } = code;
  let low = 0;
  let high = code.count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (pcs[middle] === pc) return middle;
    if (pcs[middle] < pc) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Reused between calls, for everything that is not part of the result. */
let scratch = new Int32Array(1 << 10);

/** At least `words` words of scratch memory; large ones are not kept. */
function scratchFor(words: number): Int32Array {
  if (words <= scratch.length) return scratch;
  const larger = new Int32Array(Math.max(words, 2 * scratch.length));
  if (larger.length <= 1 << 18) scratch = larger;
  return larger;
}

/** Splits `code` into blocks. */
export function buildBlocks(code: DecodedCode): Blocks {
  const { count, ops, at, operands } = code;
  // First a mark on each leader, then the number of the block that starts there.
  const blockOf = scratchFor(count + 1);
  blockOf.fill(0, 0, count + 1);
  const targets: number[] = [];
  for (let i = 0; i < count; i++) {
    switch (ops[i]) {
      case 0x40: { // br
        const onTrue = targetOf(code, operands[at[i] + 1]);
        const onFalse = targetOf(code, operands[at[i] + 2]);
        targets.push(onTrue, onFalse);
        blockOf[onTrue] = blockOf[onFalse] = blockOf[i + 1] = 1;
        break;
      }
      case 0x41: { // jmp
        const target = targetOf(code, operands[at[i]]);
        targets.push(target);
        blockOf[target] = blockOf[i + 1] = 1;
        break;
      }
      case 0x02: // trap
      case 0x51: // ret
        blockOf[i + 1] = 1;
    }
  }
  blockOf[0] = 1;
  let blocks = 0;
  for (let i = 0; i < count; i++) blocks += blockOf[i];
  const starts = new Int32Array(blocks + 1);
  for (let i = 0, b = 0; i < count; i++) {
    if (blockOf[i] === 0) continue;
    starts[b] = i;
    blockOf[i] = b++;
  }
  starts[blocks] = count;

  const successors = new Int32Array(2 * blocks);
  for (let b = 0, used = 0; b < blocks; b++) {
    let first = -1;
    let second = -1;
    switch (ops[starts[b + 1] - 1]) {
      case 0x40: // br
        first = blockOf[targets[used++]];
        second = blockOf[targets[used++]];
        break;
      case 0x41: // jmp
        first = blockOf[targets[used++]];
        break;
      case 0x02: // trap
      case 0x51: // ret
        break;
      default:
        if (b + 1 < blocks) first = b + 1;
    }
    successors[2 * b] = first;
    successors[2 * b + 1] = second;
  }
  const reachable = new Uint8Array(blocks);
  const order = search(blocks, successors, reachable);
  return { count: blocks, starts, successors, reachable, order };
}

function targetOf(code: DecodedCode, pc: number): number {
  const index = instructionAt(code, pc);
  if (index < 0) throw new Error(`internal: branch target ${pc} is not an instruction`);
  return index;
}

/**
 * Depth-first search from block 0; marks what it reaches and returns it in reverse postorder.
 * Without recursion: code chooses how deep this goes.
 */
function search(count: number, successors: Int32Array, reachable: Uint8Array): Int32Array {
  if (count === 0) return new Int32Array(0);
  // Three areas: the stack; postorder; successors already taken by each block on the stack.
  const area = scratchFor(3 * count);
  const postorder = count;
  const taken = 2 * count;
  area.fill(0, taken, taken + count);
  let depth = 1;
  let found = 0;
  area[0] = 0;
  reachable[0] = 1;
  while (depth > 0) {
    const b = area[depth - 1];
    if (area[taken + b] === 2) {
      area[postorder + found++] = b;
      depth--;
      continue;
    }
    const next = successors[2 * b + area[taken + b]++];
    if (next >= 0 && reachable[next] === 0) {
      reachable[next] = 1;
      area[depth++] = next;
    }
  }
  const order = new Int32Array(found);
  for (let k = 0; k < found; k++) order[k] = area[postorder + found - 1 - k];
  return order;
}
