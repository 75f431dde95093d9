/**
 * What the register allocator knows of a target's registers, and how it writes down locations.
 *
 * Register numbers are 0 to 63: 0 to 31 integer, 32 to 63 floating point (number minus 32 is the
 * hardware number). A location is a register number, or `slotLocation(n)` for the nth 8-byte spill
 * slot, or `constLocation(v)` for the constant that virtual register `v` holds.
 *
 * @module
 */

/** First floating-point register number. */
export const FLOAT_BASE = 32;

/** Number of register numbers. */
export const REGISTER_COUNT = 64;

/** The registers of a target. Everything else (stack pointer, pinned, scratch) is off limits. */
export interface RegisterFile {
  /** Allocatable integer registers in order of preference. */
  readonly int: readonly number[];
  /** Allocatable floating-point registers in order of preference. */
  readonly float: readonly number[];
  /** Name of register `reg` in listings. */
  name(reg: number): string;
}

const CONST_BASE = 0x4000_0000;

/** The location of spill slot `slot`. */
export function slotLocation(slot: number): number {
  return -1 - slot;
}

/** Whether `location` is a spill slot. */
export function isSlot(location: number): boolean {
  return location < 0;
}

/** The spill slot of a slot location. */
export function slotOf(location: number): number {
  return -1 - location;
}

/** The location of a constant that lives nowhere: it is made where it is needed. */
export function constLocation(vreg: number): number {
  return CONST_BASE + vreg;
}

/** Whether `location` is a constant. */
export function isConst(location: number): boolean {
  return location >= CONST_BASE;
}

/** The virtual register of a constant location. */
export function constOf(location: number): number {
  return location - CONST_BASE;
}

/** Whether `location` is a register. */
export function isRegister(location: number): boolean {
  return location >= 0 && location < REGISTER_COUNT;
}

/** Text of a location for listings and messages. */
export function formatLocation(registers: RegisterFile, location: number): string {
  if (isSlot(location)) return `slot${slotOf(location)}`;
  if (isConst(location)) return `const(v${constOf(location)})`;
  return registers.name(location);
}
