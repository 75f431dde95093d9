/**
 * The verifier: the only way from a `Program` to something that can run (specification §7). Checks
 * the rules in the specification's order, so that the first broken one is the error reported, and
 * owns everything it hands on: later stages read the verifier's own decoded code and never the bytes
 * that the caller passed in. Time and memory grow with the size of the program, not with the register
 * counts it claims.
 *
 * | phase | rule | where |
 * |---|---|---|
 * | P1–P4 | host signatures, names, argument shapes | verify_program.ts |
 * | F1–F4, F6 | counts, spans, decoding | here |
 * | F5, F7, F8 | ids, branch targets, terminators | verify_control.ts |
 * | F9 | arity, effects, bounds, initialisation | verify_init.ts |
 * | F10, F11 | types, shapes | verify_infer.ts, else verify_solve.ts |
 * | F12 | register classes in unreachable code | verify_classes.ts |
 *
 * @module
 */
import { type Blocks, buildBlocks } from "./blocks.ts";
import { CodeError, decodeCode, type DecodedCode } from "./code.ts";
import type { Program, TapeFunction } from "./program.ts";
import { type DenseCode, denseRegisters, lowerBound } from "./registers.ts";
import { snapshot } from "./snapshot.ts";
import { checkClasses } from "./verify_classes.ts";
import { checkIds, checkTargets, checkTerminators } from "./verify_control.ts";
import type { VerifyErrorDetail } from "./verify_error.ts";
import { inferTypes } from "./verify_infer.ts";
import { checkInitialised } from "./verify_init.ts";
import { verifyError } from "./verify_message.ts";
import { checkProgram } from "./verify_program.ts";
import { solveTypes } from "./verify_solve.ts";
import {
  classOfCode,
  type FunctionContext,
  internTypes,
  type ProgramTypes,
  type Shape,
  UNINIT,
} from "./verify_types.ts";

/** Limits of the verifier. */
export interface VerifyConfig {
  /** Most registers that a function may have; 65,536 unless given. */
  readonly maxRegsPerFunction?: number;
}

/** What the verifier found out about one function. The arrays are shared: do not write to them. */
export interface FunctionFacts {
  /** Function id. */
  readonly func: number;
  /**
   * Decoded code. Its register numbers are the program's unless `regNames` says otherwise; in either
   * case r0 is the effect token and r1 to r(argCount) are the arguments.
   */
  readonly code: DecodedCode;
  /**
   * Registers that `code` needs: all its register numbers are smaller. At most the function's
   * `regCount`, and proportional to its code even if that is not.
   */
  readonly regCount: number;
  /** The program's number of each register when `code` uses other ones, else null. */
  readonly regNames: Uint32Array | null;
  /** Class tag of each register (specification §5.1); Unit for those reachable code never writes. */
  readonly regClasses: Uint8Array;
  /** Basic blocks of `code`. */
  readonly blocks: Blocks;
}

/** Known to this module alone, so that nobody else can construct a verified program. */
const KEY = Symbol("verify");

/**
 * A program that passed {@linkcode verify}, with the facts that running it relies on. Only `verify`
 * makes these, and what they hold is a private copy: changing the original program has no effect.
 */
export class VerifiedProgram {
  readonly #program: Program;
  readonly #functions: readonly FunctionFacts[];

  /** Not for use outside {@linkcode verify}. */
  constructor(key: symbol, program: Program, functions: readonly FunctionFacts[]) {
    if (key !== KEY) throw new TypeError("Only verify() creates verified programs");
    this.#program = program;
    this.#functions = Object.freeze(functions);
    Object.freeze(this);
  }

  /** The verifier's own copy of the program, frozen. */
  get program(): Program {
    return this.#program;
  }

  /** Facts by function id. */
  get functions(): readonly FunctionFacts[] {
    return this.#functions;
  }

  /** Whether `value` came out of {@linkcode verify}; imitations of the class do not count. */
  static is(value: unknown): value is VerifiedProgram {
    return typeof value === "object" && value !== null && #program in value;
  }
}

/**
 * Verifies `program`. Equal programs give equal results; the first broken rule in the order of the
 * specification is reported.
 *
 * @throws {VerifyError} If a rule is broken.
 * @throws {TypeError} If `program` was built by hand and is not something the decoder could produce.
 * @throws {RangeError} If the limit in `config` is not an integer from 0 to 2^32 - 1.
 *
 * @example
 * ```ts
 * import { decodeProgram, verify } from "@burin/burin";
 *
 * // One function that takes nothing and returns at once.
 * const bytes = Uint8Array.fromHex(
 *   "4558544150450000000001000102010002010003030000000505010351000006" +
 *     "020100040601000001000007050100000000080100",
 * );
 * console.log(verify(decodeProgram(bytes)).functions.length); // 1
 * ```
 */
export function verify(program: Program, config: VerifyConfig = {}): VerifiedProgram {
  const { maxRegsPerFunction = 65_536 } = config;
  if ((maxRegsPerFunction >>> 0) !== maxRegsPerFunction) {
    throw new RangeError(
      `maxRegsPerFunction must be an integer from 0 to 2^32 - 1, got ${maxRegsPerFunction}`,
    );
  }
  const own = snapshot(program);
  checkProgram(own, (detail) => {
    throw verifyError(detail, own, null);
  });
  const state: Verification = {
    program: own,
    types: internTypes(own),
    maxRegs: maxRegsPerFunction,
    bodies: new Map(),
    argCounts: largestArgCounts(own),
    entryShapes: entryShapes(own),
  };
  const functions = own.functions.map((fn, func) => verifyFunction(state, fn, func));
  return new VerifiedProgram(KEY, own, functions);
}

/** What the functions of one program share. */
interface Verification {
  readonly program: Program;
  readonly types: ProgramTypes;
  readonly maxRegs: number;
  /** Decoded code by code array: functions that share bytes share this work. */
  readonly bodies: Map<Uint8Array, Body>;
  /** The largest argument count among the functions that share a code array. */
  readonly argCounts: ReadonlyMap<Uint8Array, number>;
  /** Declared argument shapes by function. */
  readonly entryShapes: ReadonlyMap<number, readonly (readonly [arg: number, at: number])[]>;
}

/** Code, and its blocks once F5, F7 and F8 have passed. */
interface Body extends DenseCode {
  blocks: Blocks | null;
}

/** Positions in `argShapes` by function. */
function entryShapes(program: Program): Verification["entryShapes"] {
  const byFunction = new Map<number, [number, number][]>();
  program.argShapes.forEach(({ func, arg }, at) => {
    const list = byFunction.get(func);
    if (list === undefined) byFunction.set(func, [[arg, at]]);
    else list.push([arg, at]);
  });
  return byFunction;
}

function largestArgCounts(program: Program): Map<Uint8Array, number> {
  const counts = new Map<Uint8Array, number>();
  for (const { code, args } of program.functions) {
    counts.set(code, Math.max(counts.get(code) ?? 0, args.length));
  }
  return counts;
}

/** F1 to F12 for one function. */
function verifyFunction(state: Verification, fn: TapeFunction, func: number): FunctionFacts {
  const { program, types } = state;
  let code: DecodedCode | null = null;
  const fail = (detail: VerifyErrorDetail): never => {
    throw verifyError(detail, program, code);
  };

  checkRegCount(fn, func, state.maxRegs, fail); // F1
  checkSignatureCounts(fn, func, fail); // F2
  checkSpans(fn, func, fail); // F3
  const body = decodeBody(state, fn, func, fail); // F4
  code = body.code;
  const { names } = body;
  const shapes = new Map<number, Shape>();
  for (const [arg, at] of state.entryShapes.get(func) ?? []) {
    shapes.set(arg + 1, types.shape(program.argShapes[at].shape));
  }
  const context: FunctionContext = {
    func,
    program,
    types,
    fn,
    code,
    regs: names === null ? Math.min(fn.regCount, body.highest + 1) : lowerBound(names, fn.regCount),
    entryShapes: shapes,
    regName: names === null ? (reg) => reg >>> 0 : (reg) => names[reg],
    fail,
  };
  if (body.blocks === null) checkIds(context); // F5
  checkArgumentRoom(fn, func, fail); // F6
  if (body.blocks === null) {
    checkTargets(context); // F7
    const blocks = buildBlocks(code);
    checkTerminators(context, blocks); // F8
    body.blocks = blocks;
  }
  const flow = { ...context, blocks: body.blocks };
  checkInitialised(flow); // F9
  const codes = inferTypes(flow) ?? solveTypes(flow); // F10, F11
  const regClasses = new Uint8Array(context.regs);
  for (let r = 0; r < context.regs; r++) {
    if (codes[r] !== UNINIT) regClasses[r] = classOfCode(codes[r]);
  }
  checkClasses(flow, regClasses); // F12
  return Object.freeze({
    func,
    code,
    regCount: context.regs,
    regNames: names,
    regClasses,
    blocks: body.blocks,
  });
}

type Fail = (detail: VerifyErrorDetail) => never;

/** F1. */
function checkRegCount(fn: TapeFunction, func: number, limit: number, fail: Fail): void {
  const { regCount } = fn;
  if (regCount > limit) fail({ kind: "RegCountTooLarge", func, regCount });
}

/** F2: the function table counts what the signature lists. */
function checkSignatureCounts(fn: TapeFunction, func: number, fail: Fail): void {
  if (fn.args.length !== fn.argCount || fn.results.length !== fn.resultCount) {
    fail({ kind: "FunctionSigCountMismatch", func });
  }
}

/** F3: span positions ascend and stay within the code (specification §5.2). */
function checkSpans(fn: TapeFunction, func: number, fail: Fail): void {
  // Halves of the words: BigInt arithmetic on each entry would dominate large tables.
  const words = new Uint32Array(fn.spans.buffer, fn.spans.byteOffset, 2 * fn.spans.length);
  let position = 0;
  for (let k = 0; k < words.length; k += 4) {
    position += words[k];
    const still = words[k] === 0 && k > 0;
    if (words[k + 1] !== 0 || still || position > fn.code.length) {
      fail({ kind: "BadSpanDeltas", func });
    }
  }
}

/** F4. */
function decodeBody(state: Verification, fn: TapeFunction, func: number, fail: Fail): Body {
  const known = state.bodies.get(fn.code);
  if (known !== undefined) return known;
  try {
    const dense = denseRegisters(decodeCode(fn.code), state.argCounts.get(fn.code)!);
    const body = { ...dense, blocks: null };
    state.bodies.set(fn.code, body);
    return body;
  } catch (error) {
    if (error instanceof CodeError) return fail({ kind: "BytecodeDecode", func });
    throw error;
  }
}

/** F6: r0 and the arguments fit. */
function checkArgumentRoom(fn: TapeFunction, func: number, fail: Fail): void {
  if (fn.regCount === 0 || fn.argCount + 1 > fn.regCount) {
    fail({ kind: "ArgCountExceedsRegs", func });
  }
}
