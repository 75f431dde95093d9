/**
 * Walking allocated machine code in layout order: moves in their phases, instructions, and jumps
 * that lead nowhere new. The target writes the bytes.
 *
 * @module
 */
import { Scratch } from "../util/scratch.ts";
import type { MachFunc } from "./mach.ts";
import { emitParallelMoves } from "./parallel_moves.ts";
import type { Allocation } from "./regalloc.ts";

/** Reused by all functions, one at a time. */
const scratch = new Scratch();

/** Machine opcode of an unconditional jump to the block's only successor, the same in every target. */
export const MACH_JUMP = 0;

/** What a target writes. */
export interface MachEmitter {
  /** Scratch register of each class, never allocated. */
  readonly scratch: readonly [int: number, float: number];
  /** Block `block` starts here. */
  bindBlock(block: number): void;
  /** One move between locations (`scratch` included). */
  move(cls: number, to: number, from: number): void;
  /** Jumps to `block`. */
  jump(block: number): void;
  /**
   * Writes instruction `i`, never a `MACH_JUMP`. A branch whose target equals `next`, the block that
   * follows, may fall through. Targets must be passed through `forward` first.
   */
  instruction(i: number, next: number, forward: Int32Array): void;
}

/** Emits the body of `mach`. */
export function emitBody(mach: MachFunc, allocation: Allocation, emitter: MachEmitter): void {
  const { blockCount, blockStart } = mach;
  const { moveKey, moveCount } = allocation;
  const forward = forwardEmptyBlocks(mach, allocation);
  const emitMove = emitter.move.bind(emitter);
  let nextMove = 0;
  const moves = (key: number): void => {
    if (nextMove >= moveCount || moveKey[nextMove] !== key) return;
    let end = nextMove + 1;
    while (end < moveCount && moveKey[end] === key) end++;
    emitParallelMoves(allocation, nextMove, end, emitter.scratch, emitMove);
    nextMove = end;
  };
  for (let block = 0; block < blockCount; block++) {
    if (forward[block] !== block) continue;
    let next = block + 1;
    while (next < blockCount && forward[next] !== next) next++;
    emitter.bindBlock(block);
    const end = blockStart[block + 1];
    for (let i = blockStart[block]; i < end; i++) {
      moves(4 * i);
      moves(4 * i + 1);
      moves(4 * i + 2);
      if (i === end - 1) moves(4 * i + 3);
      if (mach.op[i] !== MACH_JUMP) emitter.instruction(i, next, forward);
      else {
        const target = forward[mach.succs[mach.succStart[block]]];
        if (target !== next) emitter.jump(target);
      }
    }
  }
}

/** For each block the block control really reaches: past blocks that are nothing but a jump. */
function forwardEmptyBlocks(mach: MachFunc, allocation: Allocation): Int32Array {
  const { blockCount, blockStart } = mach;
  scratch.reset();
  const forward = scratch.int32(blockCount);
  const hasMoves = scratch.uint8(mach.count);
  for (let k = 0; k < allocation.moveCount; k++) hasMoves[allocation.moveKey[k] >> 2] = 1;
  for (let block = 0; block < blockCount; block++) {
    const i = blockStart[block];
    const isEmpty = block !== 0 && blockStart[block + 1] === i + 1 && mach.op[i] === MACH_JUMP &&
      hasMoves[i] === 0;
    forward[block] = isEmpty ? mach.succs[mach.succStart[block]] : block;
  }
  for (let block = 0; block < blockCount; block++) {
    let target = forward[block];
    // Bounded, since empty blocks can form an endless loop of their own.
    for (let steps = 0; forward[target] !== target && steps < blockCount; steps++) {
      target = forward[target];
    }
    if (forward[target] !== target) forward[block] = block;
    else forward[block] = target;
  }
  return forward;
}
