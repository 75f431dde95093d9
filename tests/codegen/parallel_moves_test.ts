/**
 * Parallel moves, exhaustively over a small register file: every function from four destinations to
 * five sources, registers and slots mixed, in both classes.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { emitParallelMoves } from "../../src/codegen/parallel_moves.ts";
import {
  constLocation,
  isConst,
  isRegister,
  isSlot,
  slotLocation,
} from "../../src/codegen/registers.ts";
import type { Allocation } from "../../src/codegen/regalloc.ts";

const SCRATCH: [number, number] = [31, 63];

function group(moves: [to: number, from: number, cls: number][]): Allocation {
  return {
    operandLocation: new Int32Array(0),
    moveCount: moves.length,
    moveKey: new Int32Array(moves.length),
    moveFrom: Int32Array.from(moves, (m) => m[1]),
    moveTo: Int32Array.from(moves, (m) => m[0]),
    moveClass: Uint8Array.from(moves, (m) => m[2]),
    slotCount: 0,
  };
}

/** Runs the emitted sequence on a machine whose slot-to-slot moves spoil the other scratch. */
function check(moves: [number, number, number][]): void {
  const state = new Map<number, string>();
  const read = (location: number) =>
    isConst(location) ? `const${location}` : state.get(location) ?? `was${location}`;
  const expected = moves.map(([to, from]) => [to, read(from)] as const);
  const targets = new Set(moves.map((m) => m[0]));
  emitParallelMoves(group(moves), 0, moves.length, SCRATCH, (cls, to, from) => {
    const value = read(from);
    const throughScratch = isSlot(to) && (isSlot(from) || isConst(from));
    // Slot to slot goes through the other class's scratch, constants through their own.
    if (throughScratch) state.set(SCRATCH[isSlot(from) ? 1 - cls : cls], "spoiled");
    for (const place of [to, from]) {
      const fits = !isRegister(place) || (place >= 32) === (cls === 1);
      assert(fits, `a move of class ${cls} names ${place} in ${JSON.stringify(moves)}`);
    }
    assert(to === SCRATCH[cls] || targets.has(to), `writes ${to}, which no move names`);
    state.set(to, value);
  });
  for (const [to, value] of expected) assertEquals(read(to), value, JSON.stringify(moves));
}

Deno.test("emitParallelMoves() handles every group over a small register file", () => {
  for (const places of [[0, 1, 2, 3], [0, 1, slotLocation(0), slotLocation(1)]]) {
    const sources = [...places, constLocation(9), 7];
    for (let code = 0; code < 7 ** 4; code++) {
      const moves: [number, number, number][] = [];
      for (let k = 0, rest = code; k < 4; k++, rest = Math.floor(rest / 7)) {
        const source = rest % 7;
        if (source === 6 || sources[source] === places[k]) continue;
        moves.push([places[k], sources[source], 0]);
      }
      if (moves.length > 0) check(moves);
    }
  }
});

Deno.test("emitParallelMoves() handles cycles through registers of both classes", () => {
  const slots = [slotLocation(0), slotLocation(1)];
  const places = [0, 1, ...slots, 32];
  // What each slot holds before the moves decides their class.
  for (let held = 0; held < 4; held++) {
    const classOf = (place: number) =>
      isSlot(place) ? (held >> slots.indexOf(place)) & 1 : place >= 32 ? 1 : 0;
    for (let code = 0; code < 6 ** 5; code++) {
      const moves: [number, number, number][] = [];
      let fits = true;
      for (let k = 0, rest = code; k < 5; k++, rest = Math.floor(rest / 6)) {
        const to = places[k], from = places[rest % 6];
        if (from === undefined || from === to) continue;
        if (!isSlot(to) && classOf(from) !== classOf(to)) fits = false;
        moves.push([to, from, classOf(from)]);
      }
      if (fits && moves.length > 0) check(moves);
    }
  }
});

Deno.test("emitParallelMoves() handles integer and float cycles in one group", () => {
  const slots = [0, 1, 2, 3].map(slotLocation);
  check([[0, 1, 0], [1, 0, 0], [33, 34, 1], [34, 33, 1]]);
  check([
    [0, slots[0], 0],
    [slots[0], slots[1], 0],
    [slots[1], 0, 0],
    [32, slots[2], 1],
    [
      slots[2],
      slots[3],
      1,
    ],
    [slots[3], 32, 1],
    [slots[4 - 1] - 5, constLocation(3), 1],
  ]);
});
