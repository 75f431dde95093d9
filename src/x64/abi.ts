/**
 * The guest calling convention on x86-64: which registers are whose, where arguments and results
 * travel, and what a frame looks like. Every other file of the back end asks here.
 *
 *     R15    address of the context block          R14    fuel left
 *     R13    call levels left                      RSP    guest stack
 *     R11    integer scratch, XMM15 float scratch: live within one instruction or move only
 *
 * Everything else is allocatable and belongs to the caller: a call preserves R13 to R15 and RSP and
 * nothing else. Arguments and results travel alike: integers in `INT_ARGS`, floats in `FLOAT_ARGS`,
 * each class counted on its own, and what is left over in 8-byte words of the caller's outgoing area,
 * word k of which is `[rsp + 8k]` just before the call and `[rsp + 8 + 8k]` on entry. Results
 * overwrite the same words.
 *
 *     rsp + frame + 8 + 8k   incoming word k (the caller's outgoing area)
 *     rsp + frame            return address
 *     rsp + outgoing + 8s    spill slot s
 *     rsp + 8k               outgoing word k
 *
 * RSP is a multiple of 8; calls of C functions align it themselves.
 *
 * **Upper halves.** An i32 in a register, a spill slot or a stack word has zeros in its upper 32 bits.
 * Every definition of an i32 is a 32-bit operation, which clears the upper half, or keeps the
 * invariant (moves, `select`, guest calls); where bits come from outside (the context area, C
 * functions) they are loaded with 32-bit moves. Heap addressing relies on it: `base + offset` with an
 * offset that could exceed 32 bits would leave the sandbox. The one exception is a `wrap` whose single
 * user reads 32 bits by itself (`readsLowHalf` in select.ts). The upper lanes of an f32 are unspecified.
 *
 * @module
 */
import { assignLocations } from "../codegen/convention.ts";
import { FLOAT_BASE, type RegisterFile } from "../codegen/registers.ts";

/** Hardware number of the register that holds the context's address. */
export const CONTEXT_REG = 15;
/** Hardware number of the fuel register. */
export const FUEL_REG = 14;
/** Hardware number of the register with the call levels left. */
export const DEPTH_REG = 13;
/** Integer scratch register. */
export const SCRATCH = 11;
/** Float scratch register: number for the encoder; its location is `FLOAT_BASE` more. */
export const SCRATCH_XMM = 15;
/** The stack pointer. */
export const RSP = 4;

/** Integer argument and result registers in order: rax, rcx, rdx, rbx, rsi, rdi, r8, r9. */
export const INT_ARGS: readonly number[] = [0, 1, 2, 3, 6, 7, 8, 9];
/** Float argument and result registers in order, as locations: xmm0 to xmm7. */
export const FLOAT_ARGS: readonly number[] = Array.from({ length: 8 }, (_, k) => FLOAT_BASE + k);

/** Integer argument registers of C functions (System V AMD64 ABI, section 3.2.3). */
export const C_INT_ARGS: readonly number[] = [7, 6, 2, 1, 8, 9];
/** Float argument registers of C functions. */
export const C_FLOAT_ARGS: readonly number[] = FLOAT_ARGS;

const INT_NAMES = [
  ...["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"],
  ...["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"],
];

/** The allocatable registers. Those that need no REX prefix come first. */
export const X64_REGISTERS: RegisterFile = {
  int: [0, 1, 2, 3, 6, 7, 5, 8, 9, 10, 12],
  float: Array.from({ length: 15 }, (_, k) => FLOAT_BASE + k),
  name: (reg) => reg < FLOAT_BASE ? INT_NAMES[reg] : `xmm${reg - FLOAT_BASE}`,
};

/**
 * Where values of `types` travel in a guest call: for each a register, or `slotLocation(k)` for word k
 * of the outgoing area.
 */
export function guestLocations(types: readonly number[]): number[] {
  return assignLocations(types, INT_ARGS, FLOAT_ARGS);
}
