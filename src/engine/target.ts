/**
 * The instruction sets behind one interface: what the engine needs of each.
 *
 * @module
 */
import { compileA64 } from "../a64/compile.ts";
import { a64Stubs } from "../a64/stubs.ts";
import type { CompiledFunction } from "../codegen/compiled.ts";
import type { Func } from "../ir/func.ts";
import { compileX64 } from "../x64/compile.ts";
import type { X64Features } from "../x64/features.ts";
import { x64Stubs } from "../x64/stubs.ts";

/** The routines that all functions share. */
export interface Stubs {
  /** Position-independent bytes, to be placed at a multiple of 16. */
  readonly code: Uint8Array;
  /** Offset of the C function that the gate enters. */
  readonly start: number;
  /** Offset of the routine that leaves machine code. */
  readonly leave: number;
  /** Offset of the routine that leaves for want of fuel. */
  readonly fuelOut: number;
}

/** A target for machine code. */
export interface Target {
  /** Short name. */
  readonly name: "x64" | "a64";
  /** Compiles a function; `func` is used up. The bytes are good until the next one is compiled. */
  compile(func: Func, index: number): CompiledFunction;
  /** Makes the shared routines. */
  stubs(): Stubs;
}

/** x86-64 with the optional instructions `cpu`. */
export function x64Target(cpu: X64Features): Target {
  const options = { cpu, transient: true };
  return {
    name: "x64",
    compile: (func, index) => compileX64(func, index, options),
    stubs: x64Stubs,
  };
}

/** A64. */
export function a64Target(): Target {
  const options = { transient: true };
  return {
    name: "a64",
    compile: (func, index) => compileA64(func, index, options),
    stubs: a64Stubs,
  };
}
