/**
 * IR functions to one WebAssembly module. The module imports the guest's memory and a second one that
 * holds the context block (`ir/context.ts`), where no offset of the guest can reach. A function that
 * is entered from outside gets a thunk, which takes fuel, levels and arguments from the block and
 * leaves fuel and results there: nothing is converted between JavaScript's values and WebAssembly's.
 *
 * A function for which there is no stack asks the engine (`EXIT_DEEP`), with its levels and arguments in
 * the block. Scratch word 0 is the answer: 1 if it was run and its results are in the area, 0 if there
 * is stack after all.
 *
 * @module
 */
import { Context, ExitCode } from "../ir/context.ts";
import type { Func } from "../ir/func.ts";
import { Op, Type } from "../ir/opcodes.ts";
import type { Binaryen, WasmBuilder } from "./binaryen.ts";
import {
  addFunction,
  deepName,
  EXIT_DEEP,
  functionName,
  isGuarded,
  METER_PARAMS,
  type ModuleContext,
  type WasmExit,
} from "./function.ts";
import { baseText, helperText } from "./helpers.ts";
import { helperOf } from "./instructions.ts";

/** A function of the program. */
export interface WasmInput {
  /** Its index in the program; for a part, one that no function has. */
  readonly index: number;
  /** Whether it is only a part of a function, which nobody calls and which cannot run elsewhere. */
  readonly isPart?: boolean;
  /** Its IR. */
  readonly func: Func;
}

/** How to compile. */
export interface WasmOptions {
  /** Functions that are entered from outside; all by default. */
  readonly entries?: readonly number[];
  /**
   * Passes of Binaryen to run, none by default: engines optimise what they load, and it takes a
   * millisecond a function.
   */
  readonly passes?: readonly string[];
  /** Lets the engine give more fuel where it runs out; otherwise that is the end. */
  readonly resumable?: boolean;
  /** Writes all functions as a switch in a loop; for tests of what odd graphs become. */
  readonly flat?: boolean;
}

/** A compiled module. */
export interface CompiledWasm {
  /** The module. Its imports are those of `helpers.ts`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the numbers that leaves and requests store as `Context.exitSite` stand for. */
  readonly exits: readonly WasmExit[];
  /** Whether it imports the guest's memory. */
  readonly usesHeap: boolean;
  /** Whether its functions make requests, or read or write the context block while they run. */
  readonly usesContext: boolean;
  /** Whether its functions call each other. */
  readonly hasCalls: boolean;
  /** About how many bytes the largest frame has. */
  readonly frameBytes: number;
}

/** Most parameters, or results, of a WebAssembly function that engines take. */
const MAX_VALUES = 1000 - 2;

/** Thrown for functions that WebAssembly engines do not take. */
export class WasmLimitError extends Error {
  /** The class's name. */
  override readonly name = "WasmLimitError";
}

/** Name of the export that enters function `index`. */
export function thunkName(index: number): string {
  return `enter${index}`;
}

/**
 * Compiles functions. They may call only each other; those that `call_indirect` may reach must be
 * among them.
 *
 * @throws {WasmLimitError} When a function has more parameters or results than engines allow.
 */
export function compileWasm(
  binaryen: Binaryen,
  inputs: readonly WasmInput[],
  options: WasmOptions = {},
): CompiledWasm {
  const m = build(binaryen, inputs, options);
  try {
    if (options.passes !== undefined && options.passes.length > 0) {
      m.module.runPasses(options.passes);
    }
    return {
      bytes: m.module.emitBinary() as Uint8Array<ArrayBuffer>,
      exits: m.exits,
      usesHeap: m.needs.usesHeap,
      usesContext: m.needs.usesContext,
      hasCalls: m.needs.hasCalls,
      frameBytes: m.frameBytes,
    };
  } finally {
    m.module.dispose();
  }
}

/** The text of the module that `compileWasm` would make, for people. */
export function wasmText(binaryen: Binaryen, inputs: readonly WasmInput[]): string {
  const { module } = build(binaryen, inputs, {});
  try {
    if (!module.validate()) throw new Error("internal: the module is not valid");
    return module.emitText();
  } finally {
    module.dispose();
  }
}

/** What a module needs, found before anything is written. */
interface Needs {
  readonly helpers: Set<string>;
  usesHeap: boolean;
  usesContext: boolean;
  hasCalls: boolean;
  callsIndirectly: boolean;
}

function findNeeds(inputs: readonly WasmInput[]): Needs {
  const needs: Needs = {
    helpers: new Set(),
    usesHeap: false,
    usesContext: false,
    hasCalls: false,
    callsIndirectly: false,
  };
  for (const { func: f, index } of inputs) {
    if (f.paramTypes.length > MAX_VALUES || f.resultTypes.length > MAX_VALUES) {
      throw new WasmLimitError(
        `function ${index} has ${f.paramTypes.length} parameter and ${f.resultTypes.length} ` +
          `result words, WebAssembly functions take at most ${MAX_VALUES}`,
      );
    }
    for (let block = 0; block >= 0; block = f.blockNext[block]) {
      for (let v = f.firstInst(block); v >= 0; v = f.next[v]) {
        const op = f.op[v], helper = helperOf(f, v);
        if (helper !== undefined) needs.helpers.add(helper);
        if (op === Op.call || op === Op.call_indirect) needs.hasCalls = true;
        if (op === Op.call_indirect) needs.callsIndirectly = true;
        if (op === Op.exit || op === Op.ctx_load || op === Op.ctx_store) needs.usesContext = true;
        if ((op >= Op.load8u && op <= Op.hstoref64) || (op === Op.call_native && f.a[v] < 2)) {
          needs.usesHeap = true;
        }
      }
    }
  }
  return needs;
}

function build(
  binaryen: Binaryen,
  inputs: readonly WasmInput[],
  { entries, flat = false, resumable = false }: WasmOptions,
): { module: WasmBuilder; exits: WasmExit[]; needs: Needs; frameBytes: number } {
  const needs = findNeeds(inputs);
  const m = binaryen.parseText(`(module ${baseText(needs.usesHeap)} ${helperText(needs.helpers)})`);
  m.setFeatures(
    binaryen.Features.MutableGlobals | binaryen.Features.NontrappingFPToInt |
      binaryen.Features.SignExt | binaryen.Features.BulkMemory | binaryen.Features.BulkMemoryOpt |
      binaryen.Features.Multivalue | binaryen.Features.MultiMemory |
      binaryen.Features.ExceptionHandling | binaryen.Features.ReferenceTypes,
  );
  const { i32, i64, f32, f64, none } = binaryen;
  const types = [none, i32, i64, f32, f64];
  const created = new Map<string, number>();
  const tuple = (key: string, list: () => number[]): number => {
    let type = created.get(key);
    if (type === undefined) {
      const elements = list();
      type = elements.length === 1 ? elements[0] : binaryen.createType(elements);
      created.set(key, type);
    }
    return type;
  };
  const context: ModuleContext = {
    binaryen,
    m,
    resumable,
    exits: [],
    types,
    resultType: (list) => tuple(`r${list}`, () => [i64, ...list.map((type) => types[type])]),
    paramType: (list) => tuple(`p${list}`, () => [i64, i32, ...list.map((type) => types[type])]),
  };
  let frameWords = 0;
  for (const { func, index, isPart } of inputs) {
    const guarded = isPart !== true && isGuarded(func);
    frameWords = Math.max(frameWords, addFunction(context, func, index, flat, guarded));
    if (guarded) addDeep(context, func, index);
    if (entries === undefined || entries.includes(index)) addThunk(context, func, index);
  }
  if (needs.callsIndirectly) {
    const size = 1 + Math.max(...inputs.map(({ index }) => index));
    m.addTable("functions", size, size);
    for (const { index, isPart } of inputs) {
      if (isPart) continue;
      m.addActiveElementSegment(
        "functions",
        `s${index}`,
        [functionName(index)],
        m.i32.const(index),
      );
    }
  }
  return { module: m, exits: context.exits, needs, frameBytes: 8 * frameWords };
}

/** Adds the function that `f` calls if there is no stack for it; see the module text. */
function addDeep(context: ModuleContext, f: Func, index: number): void {
  const { binaryen, m, exits, paramType, resultType, types } = context;
  const base = () => m.i32.const(0);
  const fuel = () => m.local.get(0, binaryen.i64);
  const params = f.paramTypes.map((type, k) => m.local.get(METER_PARAMS + k, types[type]));
  const depth = () => m.local.get(1, binaryen.i32);
  exits.push({ code: EXIT_DEEP, func: index, site: -1 });
  const code = [m.i32.store(Context.depth, 0, base(), depth(), "context")];
  f.paramTypes.forEach((type, k) => code.push(storeWord(m, type, k, params[k])));
  const request = m.call("exit", [m.i32.const(exits.length - 1), fuel()], binaryen.i64);
  const result = resultType(f.resultTypes);
  const again = f.paramTypes.map((type, k) => m.local.get(METER_PARAMS + k, types[type]));
  code.push(
    m.local.set(0, request),
    m.if(
      m.i32.eqz(m.i32.load(Context.scratch, 0, base(), "context")),
      m.return(m.call(functionName(index), [fuel(), depth(), ...again], result)),
    ),
  );
  const words = f.resultTypes.map((type, k) => loadWord(m, type, k));
  code.push(m.return(words.length === 0 ? fuel() : m.tuple.make([fuel(), ...words])));
  m.addFunction(deepName(index), paramType(f.paramTypes), result, [], m.block(null, code));
}

/** Word `k` of the context's area. */
function loadWord(m: WasmBuilder, type: number, k: number): number {
  const of = [m.i32, m.i32, m.i64, m.f32, m.f64][type];
  return of.load(Context.area + 8 * k, 0, m.i32.const(0), "context");
}

/** Writes word `k` of the context's area, all 64 bits of it. */
function storeWord(m: WasmBuilder, type: number, k: number, value: number): number {
  const offset = Context.area + 8 * k, base = m.i32.const(0);
  switch (type) {
    case Type.I32:
      return m.i64.store(offset, 0, base, m.i64.extend_u(value), "context");
    case Type.F32:
      return m.i64.store(offset, 0, base, m.i64.extend_u(m.i32.reinterpret(value)), "context");
    case Type.I64:
      return m.i64.store(offset, 0, base, value, "context");
    default:
      return m.f64.store(offset, 0, base, value, "context");
  }
}

/** Adds the function that enters `f` from outside; see the module text. */
function addThunk({ binaryen, m, resultType }: ModuleContext, f: Func, index: number): void {
  const { none } = binaryen;
  const base = () => m.i32.const(0);
  const operands = [
    m.i64.load(Context.fuel, 0, base(), "context"),
    m.i32.load(Context.depth, 0, base(), "context"),
  ];
  f.paramTypes.forEach((type, k) => operands.push(loadWord(m, type, k)));
  const result = resultType(f.resultTypes);
  const call = m.call(functionName(index), operands, result);
  const several = f.resultTypes.length > 0;
  const get = (k: number) => {
    const local = m.local.get(0, result);
    return several ? m.tuple.extract(local, k) : local;
  };
  const code = [
    m.local.set(0, call),
    m.i64.store(Context.fuel, 0, base(), get(0), "context"),
    m.i32.store(Context.exitCode, 0, base(), m.i32.const(ExitCode.Return), "context"),
  ];
  f.resultTypes.forEach((type, k) => code.push(storeWord(m, type, k, get(k + 1))));
  m.addFunction(thunkName(index), none, none, [result], m.block(null, code));
  m.addFunctionExport(thunkName(index), thunkName(index));
}
