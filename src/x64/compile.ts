/**
 * One function from IR to x86-64 bytes: layout, selection, allocation, emission, and the thunk through
 * which the engine enters it.
 *
 * @module
 */
import { type CompiledFunction, CompileError } from "../codegen/compiled.ts";
import { Context, ExitCode } from "../codegen/context.ts";
import { stackWords } from "../codegen/convention.ts";
import { emitBody } from "../codegen/emit.ts";
import type { MachFunc } from "../codegen/mach.ts";
import { prepare } from "../codegen/prepare.ts";
import { allocateRegisters, type Allocation } from "../codegen/regalloc.ts";
import { FLOAT_BASE, slotOf } from "../codegen/registers.ts";
import { selectFunction, type SelectionRules } from "../codegen/select.ts";
import type { Func } from "../ir/func.ts";
import { Type } from "../ir/opcodes.ts";
import { CONTEXT_REG, guestLocations, RSP, SCRATCH } from "./abi.ts";
import { X64Emitter } from "./emit.ts";
import {
  ALU,
  aluRI,
  callRel32,
  jmpM,
  movMI,
  movMR,
  movRM,
  movsMR,
  movsRM,
  NONE,
  patchRel32,
  X64Buffer,
} from "./encoder.ts";
import { X64_NO_FEATURES, type X64Features } from "./features.ts";
import { x64Rules } from "./select.ts";

/** How to compile. */
export interface X64Options {
  /** Instructions that may be used beyond the baseline; none by default. */
  readonly cpu?: X64Features;
  /**
   * Whether the caller is done with the bytes before it compiles anything else: they are not copied
   * then.
   */
  readonly transient?: boolean;
  /** Called with what the allocator made of the function: for tests, dumps and checks. */
  readonly onAllocated?: (mach: MachFunc, allocation: Allocation) => void;
}

/** Machine code for x86-64. */
export interface X64Function extends CompiledFunction {
  /** Where the instructions end: what follows are jump tables and literals. */
  readonly data: number;
}

/** The largest frame: displacements from the stack pointer are signed 32-bit numbers. */
export const MAX_FRAME_BYTES = 0x7fff_0000;

/** Reused by all compilations, one at a time. */
const buffer = new X64Buffer(16384);

/** The rules by features: making them costs more than a small function. */
const rulesByFeatures = new WeakMap<X64Features, SelectionRules>();

function rulesFor(features: X64Features): SelectionRules {
  let rules = rulesByFeatures.get(features);
  if (rules === undefined) {
    rules = x64Rules(features);
    rulesByFeatures.set(features, rules);
  }
  return rules;
}

/**
 * Compiles `func`, whose index in the function table is `index`. `func` is laid out anew on the way
 * and not fit for optimisation afterwards.
 *
 * @throws {CompileError} if its frame would be larger than `MAX_FRAME_BYTES`.
 *
 * @example
 * ```ts
 * import { parse } from "../ir/parse.ts";
 * import { compileX64 } from "./compile.ts";
 * import { disassemble } from "./disasm.ts";
 *
 * const func = parse(`func double(i64) -> i64 {
 * block0(v0: i64):
 *   v1 = iadd.i64 v0, v0
 *   ret v1
 * }`);
 * const { code, thunk } = compileX64(func, 0);
 * console.log(disassemble(code.subarray(0, thunk))[0]); // 0: add rax,rax
 * ```
 */
export function compileX64(func: Func, index: number, options: X64Options = {}): X64Function {
  const graph = prepare(func);
  const mach = selectFunction(func, index, rulesFor(options.cpu ?? X64_NO_FEATURES), graph);
  const allocation = allocateRegisters(mach);
  options.onAllocated?.(mach, allocation);
  const frame = mach.outgoingBytes + 8 * allocation.slotCount;
  const incoming = Math.max(words(func.paramTypes), words(func.resultTypes));
  if (frame + 8 + 8 * incoming > MAX_FRAME_BYTES) {
    throw new CompileError(
      `Cannot compile function ${index} '${func.name}': its frame needs ${frame + 8} bytes and ` +
        `${8 * incoming} for arguments, more than ${MAX_FRAME_BYTES}`,
    );
  }
  buffer.reset();
  const emitter = new X64Emitter(buffer, mach, allocation, frame);
  emitBody(mach, allocation, emitter);
  emitter.finishCode();
  const thunk = buffer.length;
  emitThunk(buffer, func, 0);
  const data = buffer.length;
  emitter.finishData();
  // Whoever looked at the machine form may have kept it.
  if (options.onAllocated === undefined) mach.recycle();
  return {
    code: options.transient ? buffer.view() : buffer.code(),
    entry: 0,
    thunk,
    data,
    frameBytes: frame + 8,
    sites: func.sites,
    pcMap: emitter.pcMap,
  };
}

function words(types: readonly number[]): number {
  return stackWords(guestLocations(types));
}

/** Calls the function at offset `entry` with arguments from the context and stores its results. */
function emitThunk(buf: X64Buffer, func: Func, entry: number): void {
  const params = guestLocations(func.paramTypes), results = guestLocations(func.resultTypes);
  const bytes = 8 * Math.max(stackWords(params), stackWords(results));
  if (bytes > 0) aluRI(buf, ALU.SUB, 64, RSP, bytes);
  params.forEach((place, k) => {
    const type = func.paramTypes[k], at = Context.area + 8 * k;
    const size = type === Type.I32 || type === Type.F32 ? 32 : 64;
    if (place >= FLOAT_BASE) {
      movsRM(buf, size, place - FLOAT_BASE, CONTEXT_REG, NONE, 0, at);
    } else {
      movRM(buf, size, place < 0 ? SCRATCH : place, CONTEXT_REG, NONE, 0, at);
      if (place < 0) movMR(buf, 64, RSP, NONE, 0, 8 * slotOf(place), SCRATCH);
    }
  });
  patchRel32(buf, callRel32(buf, 0), entry);
  results.forEach((place, k) => {
    const type = func.resultTypes[k], at = Context.area + 8 * k;
    if (place >= FLOAT_BASE) {
      const size = type === Type.F32 ? 32 : 64;
      movsMR(buf, size, CONTEXT_REG, NONE, 0, at, place - FLOAT_BASE);
    } else {
      if (place < 0) movRM(buf, 64, SCRATCH, RSP, NONE, 0, 8 * slotOf(place));
      movMR(buf, 64, CONTEXT_REG, NONE, 0, at, place < 0 ? SCRATCH : place);
    }
  });
  if (bytes > 0) aluRI(buf, ALU.ADD, 64, RSP, bytes);
  movMI(buf, 32, CONTEXT_REG, NONE, 0, Context.exitCode, ExitCode.Return);
  jmpM(buf, CONTEXT_REG, NONE, 0, Context.leave);
}
