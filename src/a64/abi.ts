/**
 * The guest calling convention on A64: which registers are whose, where arguments and results travel,
 * and what a frame looks like. Every other file of the back end asks here.
 *
 *     X28        address of the context block          X27        fuel left
 *     X26        call levels left, never negative      SP         guest stack, 16-aligned always
 *     X16, D31   scratch of one instruction or parallel move
 *     X17        scratch of one instruction: addresses, constants
 *     X30        link register                         X18, X29   never touched
 *
 * Everything else is allocatable and belongs to the caller: a call preserves X26 to X28 and SP and
 * nothing else. Arguments and results travel alike: integers in X0 to X7, floats in D0 to D7, each
 * class counted on its own, and what is left over in 8-byte words of the caller's outgoing area, word
 * k of which is `[sp + 8k]` at the call and on entry. Results overwrite the same words.
 *
 *     sp + frame + 8k             incoming word k (the caller's outgoing area)
 *     sp + outgoing + saved + 8s  spill slot s
 *     sp + outgoing               saved X30, in functions that call (saved = 8, else 0)
 *     sp + 8k                     outgoing word k
 *
 * **Upper halves.** An i32 in a register, a spill slot or a stack word has zeros in its upper 32 bits,
 * always. Every definition of an i32 writes a W register, which clears the upper half, or keeps the
 * invariant (moves, guest calls); where bits come from outside (the context area, C functions) they
 * are loaded or copied as W. Heap addressing does not even rely on it: offsets are extended by the
 * access itself (`uxtw`), so that whatever stands in the upper half stays inside the heap's
 * reservation. The upper bits of an f32 are unspecified.
 *
 * @module
 */
import { assignLocations } from "../codegen/convention.ts";
import { FLOAT_BASE, type RegisterFile } from "../codegen/registers.ts";

/** Register with the context's address. */
export const CONTEXT_REG = 28;
/** Register with the fuel left. */
export const FUEL_REG = 27;
/** Register with the call levels left. */
export const DEPTH_REG = 26;
/** Integer scratch register that parallel moves use too. */
export const SCRATCH = 16;
/** Second integer scratch register, within one instruction only. */
export const SCRATCH2 = 17;
/** Float scratch register: number for the encoder; its location is `FLOAT_BASE` more. */
export const SCRATCH_FLOAT = 31;
/** The link register. */
export const LINK = 30;
/** The stack pointer, where a form takes it. */
export const SP = 31;
/** The zero register, where a form takes it. */
export const ZR = 31;

/** Integer argument and result registers in order; the same as those of C functions (AAPCS64). */
export const INT_ARGS: readonly number[] = Array.from({ length: 8 }, (_, k) => k);
/** Float argument and result registers in order, as locations; the same as those of C functions. */
export const FLOAT_ARGS: readonly number[] = Array.from({ length: 8 }, (_, k) => FLOAT_BASE + k);

/** The allocatable registers. Those that carry no arguments come first. */
export const A64_REGISTERS: RegisterFile = {
  int: [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 19, 20, 21, 22, 23, 24, 25],
  float: [
    ...Array.from({ length: 23 }, (_, k) => FLOAT_BASE + 8 + k),
    ...FLOAT_ARGS,
  ],
  name: (reg) => reg < FLOAT_BASE ? `x${reg}` : `d${reg - FLOAT_BASE}`,
};

/**
 * Where values of `types` travel in a guest call: for each a register, or `slotLocation(k)` for word k
 * of the outgoing area.
 */
export function guestLocations(types: readonly number[]): number[] {
  return assignLocations(types, INT_ARGS, FLOAT_ARGS);
}

/** `bytes` rounded up to a multiple of 16. */
export function align16(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
