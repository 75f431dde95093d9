/**
 * One function from IR to A64 words: layout, selection, allocation, emission, and the thunk through
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
import { selectFunction } from "../codegen/select.ts";
import type { Func } from "../ir/func.ts";
import { Type } from "../ir/opcodes.ts";
import { align16, CONTEXT_REG, guestLocations, SCRATCH, SCRATCH_FLOAT, SP, ZR } from "./abi.ts";
import { CodeBuffer } from "./code_buffer.ts";
import { A64Emitter, emitAccess, emitAddSp, frameOf } from "./emit.ts";
import { Access, bl, br, fmovToGpr, ldr, str } from "./encoder.ts";
import { a64Rules } from "./select.ts";

/** How to compile. */
export interface A64Options {
  /**
   * Whether the caller is done with the bytes before it compiles anything else: they are not copied
   * then.
   */
  readonly transient?: boolean;
  /** The level of `CodeBuffer` that is tried first, 0 by default: for tests of the others. */
  readonly level?: number;
  /** Called with what the allocator made of the function: for tests, dumps and checks. */
  readonly onAllocated?: (mach: MachFunc, allocation: Allocation) => void;
}

/** What `compileA64` returns. */
export interface A64Function extends CompiledFunction {
  /** Pairs (from, to) of offsets in the code between which there are no instructions, ascending. */
  readonly data: readonly number[];
}

/** The largest frame, incoming words included: offsets from SP are signed 32-bit numbers. */
export const A64_MAX_FRAME_BYTES = 0x7fff_0000;

/** Reused by all compilations, one at a time. */
const buffer = new CodeBuffer();
const rules = a64Rules();

/**
 * Compiles `func`, whose index in the function table is `index`. `func` is laid out anew on the way
 * and not fit for optimisation afterwards.
 *
 * @throws {CompileError} if its frame would be larger than `A64_MAX_FRAME_BYTES`, or its code larger
 * than the 128 MiB that a branch reaches.
 *
 * @example
 * ```ts
 * import { parse } from "../ir/parse.ts";
 * import { compileA64 } from "./compile.ts";
 * import { disassembleCode } from "./disasm.ts";
 *
 * const func = parse(`func double(i64) -> i64 {
 * block0(v0: i64):
 *   v1 = iadd.i64 v0, v0
 *   ret v1
 * }`);
 * const { code } = compileA64(func, 0);
 * console.log(disassembleCode(new Int32Array(code.buffer))[0]); // 0: add x0, x0, x0
 * ```
 */
export function compileA64(func: Func, index: number, options: A64Options = {}): A64Function {
  const mach = selectFunction(func, index, rules, prepare(func));
  const allocation = allocateRegisters(mach);
  options.onAllocated?.(mach, allocation);
  const frame = frameOf(mach, allocation);
  const shared = sharedBytes(func);
  if (frame.size + shared > A64_MAX_FRAME_BYTES) {
    throw new CompileError(
      `Cannot compile function ${index} '${func.name}': its frame needs ${frame.size} bytes and ` +
        `${shared} for arguments, more than ${A64_MAX_FRAME_BYTES}`,
    );
  }
  for (let level = options.level ?? 0;;) {
    buffer.reset(level);
    const emitter = new A64Emitter(buffer, mach, allocation, frame);
    emitBody(mach, allocation, emitter);
    emitter.finish();
    const thunk = 4 * buffer.length;
    emitThunk(buffer, func, emitter.entry);
    buffer.emitLiterals();
    level = buffer.link();
    if (level > 2) {
      throw new CompileError(
        `Cannot compile function ${index} '${func.name}': its code of ${4 * buffer.length} bytes ` +
          "is larger than branches reach",
      );
    }
    if (level > 0) continue;
    // Whoever looked at the machine form may have kept it.
    if (options.onAllocated === undefined) mach.recycle();
    return {
      code: options.transient ? buffer.view() : buffer.bytes(),
      entry: 0,
      thunk,
      frameBytes: frame.size + shared,
      sites: func.sites,
      pcMap: emitter.pcMap,
      data: buffer.data,
    };
  }
}

/** Bytes of the stack words through which callers and thunks of `func` pass values. */
function sharedBytes(func: Func): number {
  const params = stackWords(guestLocations(func.paramTypes));
  const results = stackWords(guestLocations(func.resultTypes));
  return align16(8 * Math.max(params, results));
}

/** Calls the function at label `entry` with arguments from the context and stores its results. */
function emitThunk(buf: CodeBuffer, func: Func, entry: number): void {
  const params = guestLocations(func.paramTypes), results = guestLocations(func.resultTypes);
  const bytes = sharedBytes(func);
  if (bytes > 0) emitAddSp(buf, -bytes);
  params.forEach((place, k) => {
    const type = func.paramTypes[k], isNarrow = type === Type.I32 || type === Type.F32;
    const at = Context.area + 8 * k;
    const isFloat = place >= FLOAT_BASE;
    const access = isFloat
      ? isNarrow ? Access.LDR_S : Access.LDR_D
      : isNarrow
      ? Access.LDR_W
      : Access.LDR_X;
    emitAccess(buf, access, place < 0 ? SCRATCH : place & 31, CONTEXT_REG, at);
    if (place < 0) emitAccess(buf, Access.STR_X, SCRATCH, SP, 8 * slotOf(place));
  });
  buf.emitTo(bl(0), entry);
  results.forEach((place, k) => {
    const at = Context.area + 8 * k, type = func.resultTypes[k];
    let from = place;
    if (place < 0) {
      const access = type === Type.F32 ? Access.LDR_S : Access.LDR_X;
      from = type === Type.F32 ? FLOAT_BASE + SCRATCH_FLOAT : SCRATCH;
      emitAccess(buf, access, from & 31, SP, 8 * slotOf(place));
    }
    if (type === Type.F32) {
      // Whatever stands above an f32 does not get out.
      buf.emit(fmovToGpr(0, SCRATCH, from & 31));
      from = SCRATCH;
    }
    emitAccess(buf, from >= FLOAT_BASE ? Access.STR_D : Access.STR_X, from & 31, CONTEXT_REG, at);
  });
  // The guest stack is as the leave routine finds it: whoever enters next sets it anew.
  if (ExitCode.Return !== 0) throw new Error("internal: the thunk stores zero as the exit code");
  buf.emit(str(0, ZR, CONTEXT_REG, Context.exitCode));
  buf.emit(ldr(1, SCRATCH, CONTEXT_REG, Context.leave));
  buf.emit(br(SCRATCH));
}
