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
  /** Compiles a function; `func` is used up. */
  compile(func: Func, index: number): CompiledFunction;
  /** Makes the shared routines. */
  stubs(): Stubs;
}

/** x86-64 with the optional instructions `cpu`. */
export function x64Target(cpu: X64Features): Target {
  return {
    name: "x64",
    compile: (func, index) => compileX64(func, index, { cpu }),
    stubs: x64Stubs,
  };
}

/** A64. */
export function a64Target(): Target {
  return { name: "a64", compile: compileA64, stubs: a64Stubs };
}
