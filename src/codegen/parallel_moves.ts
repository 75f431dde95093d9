/**
 * Parallel moves to sequences: all sources of a group are read before any destination is written
 * (Leroy and Rideau, "Tilting at windmills with Coq", 2008, for the shape of the problem).
 *
 * Relies on destinations of a group being distinct. Uses one scratch register of each class: a cycle
 * parks one value in its own class's scratch, while a slot-to-slot move inside the cycle goes through
 * the other class's. Constants are written last, when nothing is parked.
 *
 * @module
 */
import type { Allocation } from "./regalloc.ts";
import { isConst } from "./registers.ts";

/** Writes one move; `to` and `from` are locations or the class's scratch register. */
export type MoveEmitter = (cls: number, to: number, from: number) => void;

/**
 * Emits moves `start` to `end` of `allocation`, which all belong to one parallel group.
 *
 * @param scratch Scratch register by class.
 */
export function emitParallelMoves(
  allocation: Allocation,
  start: number,
  end: number,
  scratch: readonly [int: number, float: number],
  emit: MoveEmitter,
): void {
  const { moveFrom, moveTo, moveClass } = allocation;
  if (end - start === 1) {
    emit(moveClass[start], moveTo[start], moveFrom[start]);
    return;
  }
  /** Moves that still have to read a location. */
  const readers = new Map<number, number>();
  /** Move that writes a location and has not been emitted. */
  const writer = new Map<number, number>();
  for (let k = start; k < end; k++) {
    const from = moveFrom[k];
    if (!isConst(from)) readers.set(from, (readers.get(from) ?? 0) + 1);
    writer.set(moveTo[k], k);
  }
  const emitChain = (first: number) => {
    // Emitting a move may free its source, and with it the move that writes there.
    let k: number | undefined = first;
    while (k !== undefined) {
      const from: number = moveFrom[k];
      emit(moveClass[k], moveTo[k], from);
      writer.delete(moveTo[k]);
      const left: number = readers.get(from)! - 1;
      readers.set(from, left);
      const next: number | undefined = left === 0 ? writer.get(from) : undefined;
      k = next !== undefined && !isConst(moveFrom[next]) ? next : undefined;
    }
  };
  for (let k = start; k < end; k++) {
    if (isConst(moveFrom[k]) || !writer.has(moveTo[k])) continue;
    if ((readers.get(moveTo[k]) ?? 0) === 0) emitChain(k);
  }
  // Only cycles are left: each location read once and written once.
  for (let k = start; k < end; k++) {
    if (isConst(moveFrom[k]) || writer.get(moveTo[k]) !== k) continue;
    const cls = moveClass[k];
    emit(cls, scratch[cls], moveTo[k]);
    let at = k;
    while (moveFrom[at] !== moveTo[k]) {
      emit(cls, moveTo[at], moveFrom[at]);
      writer.delete(moveTo[at]);
      at = writer.get(moveFrom[at])!;
    }
    emit(cls, moveTo[at], scratch[cls]);
    writer.delete(moveTo[at]);
  }
  for (let k = start; k < end; k++) {
    if (isConst(moveFrom[k])) emit(moveClass[k], moveTo[k], moveFrom[k]);
  }
}
