/**
 * Where values travel in guest calls, up to the names of the registers: integers and floats are
 * counted apart, each class in its registers as far as they reach, and what is left over goes in
 * 8-byte words of the caller's outgoing area. Each target's abi.ts says which registers those are.
 *
 * @module
 */
import { Type } from "../ir/opcodes.ts";
import { slotLocation } from "./registers.ts";

/** Whether values of the type live in float registers. */
export function isFloatType(type: number): boolean {
  return type === Type.F32 || type === Type.F64;
}

/**
 * Where values of `types` travel: for each a register, or `slotLocation(k)` for word k of the outgoing
 * area.
 *
 * @param intRegs Registers of integers in order.
 * @param floatRegs Registers of floats in order, as locations.
 */
export function assignLocations(
  types: readonly number[],
  intRegs: readonly number[],
  floatRegs: readonly number[],
): number[] {
  let ints = 0, floats = 0, words = 0;
  return types.map((type) => {
    if (isFloatType(type)) {
      return floats < floatRegs.length ? floatRegs[floats++] : slotLocation(words++);
    }
    return ints < intRegs.length ? intRegs[ints++] : slotLocation(words++);
  });
}

/** Number of stack words that `locations` use. */
export function stackWords(locations: readonly number[]): number {
  return locations.reduce((n, location) => location < 0 ? n + 1 : n, 0);
}
