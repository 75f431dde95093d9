/**
 * Parallel moves to sequences: all sources of a group are read before any destination is written
 * (Leroy and Rideau, "Tilting at windmills with Coq", 2008, for the shape of the problem).
 *
 * Relies on destinations of a group being distinct. Uses one scratch register of each class: a cycle
 * parks one value in its own class's scratch, while a slot-to-slot move inside the cycle goes through
 * the other class's (`emit` is given the class of the parked value for it, whatever the slots hold).
 * Constants are written last, when nothing is parked.
 *
 * @module
 */
import type { Allocation } from "./regalloc.ts";
import { isConst, isSlot } from "./registers.ts";

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
    // Slots hold either class, so a cycle through them may mix classes. What is parked is the value
    // that the last move of the cycle reads; moves between slots then keep off its scratch register.
    let last = k;
    while (moveFrom[last] !== moveTo[k]) last = writer.get(moveFrom[last])!;
    const parked = moveClass[last];
    emit(parked, scratch[parked], moveTo[k]);
    for (let at = k; at !== last;) {
      const from = moveFrom[at];
      const isWord = isSlot(from) && isSlot(moveTo[at]);
      emit(isWord ? parked : moveClass[at], moveTo[at], from);
      writer.delete(moveTo[at]);
      at = writer.get(from)!;
    }
    emit(parked, moveTo[last], scratch[parked]);
    writer.delete(moveTo[last]);
  }
  for (let k = start; k < end; k++) {
    if (isConst(moveFrom[k])) emit(moveClass[k], moveTo[k], moveFrom[k]);
  }
}
