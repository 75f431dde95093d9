/**
 * Machine code of one verified program in one engine: which functions are compiled, where they lie,
 * and how much stack a run of each can need. Shared by all instances of the program.
 *
 * @module
 */
import { ContextBlock } from "../../ffi/memory.ts";
import { type CompiledFunction, CompileError } from "../codegen/compiled.ts";
import { lowerFunction, lowerLoop, unsupported } from "../front/tape.ts";
import { LowerError } from "../front/lower_error.ts";
import type { Func, Site } from "../ir/func.ts";
import { Op as IrOp } from "../ir/opcodes.ts";
import { INLINE_INSTRUCTIONS } from "../opt/inline.ts";
import { optimize } from "../opt/pipeline.ts";
import type { VerifiedProgram } from "../tape/verify.ts";
import { CallGraph } from "./call_graph.ts";
import type { NativeRuntime } from "./native_runtime.ts";

/** `NativeRunner` answers requests. */
const LOWER_OPTIONS = { requests: true } as const;
/** For functions of which it is known that they can be lowered. */
const CHECKED = { requests: true, checked: true } as const;

/** A function, or what of one runs from a loop on, whose code has been published. */
export interface NativeFunction {
  /** The program's function. */
  readonly func: number;
  /** Address of the thunk that takes arguments from the context area. */
  readonly thunk: number;
  /** Stack bytes of one activation. */
  readonly frameBytes: number;
  /** Sites by index. */
  readonly sites: readonly Site[];
  /** Whether the code reads or writes linear memory. */
  readonly usesHeap: boolean;
  /** Bytes of machine code. */
  readonly codeBytes: number;
  /** Address of the bytes. */
  readonly address: number;
}

/** Everything a run of one entry function may reach. */
export interface Reach {
  readonly functions: readonly number[];
  readonly usesHeap: boolean;
  /** Stack bytes of the deepest chain of calls; infinite when calls can recur. */
  readonly stackBytes: number;
  /** The largest frame. */
  readonly frameBytes: number;
}

/** What of a function runs from the start of one of its blocks. */
export interface NativeLoop extends Omit<Reach, "functions"> {
  /** Its code, a `NativeFunction` by this index. */
  readonly index: number;
  /** For each word of its arguments the word of the function's registers. */
  readonly words: Int32Array;
}

/** See the module text. */
export class NativeProgram implements Disposable {
  /** Address of the table of function entries. */
  readonly tableAddress: number;
  readonly #verified: VerifiedProgram;
  readonly #runtime: NativeRuntime;
  readonly #table: ContextBlock;
  readonly #compiled: (NativeFunction | undefined)[];
  readonly #reach: (Reach | undefined)[];
  /** Lowered functions that may be inlined, null for those that may not. */
  readonly #small: (Func | null | undefined)[];
  readonly #calls: CallGraph;
  readonly #loops = new Map<number, NativeLoop>();
  /** Why functions have no machine code, as far as that took compiling to find out. */
  readonly #refusals = new Map<number, Error>();
  readonly #onIdle: () => void;
  #users = 0;
  #disposed = false;

  /**
   * Prepares a program; nothing is compiled yet. `onIdle` is called when the last of those that
   * retained it has released it.
   */
  constructor(verified: VerifiedProgram, runtime: NativeRuntime, onIdle: () => void = () => {}) {
    this.#onIdle = onIdle;
    const count = verified.program.functions.length;
    this.#verified = verified;
    this.#runtime = runtime;
    this.#table = new ContextBlock(Math.max(8, 8 * count));
    this.#compiled = new Array(count).fill(undefined);
    this.#reach = new Array(count).fill(undefined);
    this.#calls = new CallGraph(verified);
    this.#small = new Array(count).fill(undefined);
    this.tableAddress = this.#table.address;
  }

  /** Whether anybody retains it. */
  get isUsed(): boolean {
    return this.#users > 0;
  }

  /** Says that the code has to stay until `release` has been called as often. */
  retain(): void {
    this.#users++;
  }

  /** Takes one `retain` back. */
  release(): void {
    if (--this.#users === 0) this.#onIdle();
  }

  /** The compiled function `func`. */
  function(func: number): NativeFunction {
    const compiled = this.#compiled[func];
    if (compiled === undefined) throw new Error(`internal: function ${func} is not compiled`);
    return compiled;
  }

  /**
   * Compiles `func` and everything it can call.
   *
   * @throws {LowerError} When one of them uses an opcode that has no machine code, or is too entangled.
   * @throws {CompileError} When one of them is too large.
   */
  ensure(func: number): Reach {
    const known = this.#reach[func];
    if (known !== undefined) return known;
    const functions = this.#calls.reachableFrom(func);
    for (const index of functions) {
      const problem = unsupported(this.#verified, index, LOWER_OPTIONS);
      if (problem !== undefined) throw new LowerError(index, problem);
    }
    for (const index of functions) if (this.#compiled[index] === undefined) this.#tryCompile(index);
    const reach: Reach = {
      functions,
      usesHeap: functions.some((index) => this.function(index).usesHeap),
      stackBytes: this.#stackBytes(func),
      frameBytes: Math.max(...functions.map((index) => this.function(index).frameBytes)),
    };
    this.#reach[func] = reach;
    return reach;
  }

  /**
   * Compiles what of `func` runs from the start of bytecode block `block` on, and everything that it
   * can call.
   *
   * @throws {LowerError} When one of them uses an opcode that has no machine code.
   */
  ensureLoop(func: number, block: number): NativeLoop {
    const key = func * 2 ** 26 + block;
    const known = this.#loops.get(key);
    if (known !== undefined) return known;
    const problem = unsupported(this.#verified, func, LOWER_OPTIONS);
    if (problem !== undefined) throw new LowerError(func, problem);
    let usesHeap = false;
    let frameBytes = 0;
    let deepest = 0;
    for (const callee of this.#calls.callees(func)) {
      const reach = this.ensure(callee);
      usesHeap ||= reach.usesHeap;
      frameBytes = Math.max(frameBytes, reach.frameBytes);
      deepest = Math.max(deepest, reach.stackBytes);
    }
    const { counters } = this.#runtime;
    const start = performance.now();
    const { func: ir, words } = lowerLoop(this.#verified, func, block, CHECKED);
    optimize(ir, { index: func, functions: (callee) => this.#inlinable(callee) });
    // Loops follow the functions; nothing calls them, so they are in no table.
    const index = this.#compiled.length;
    const code = this.#publish(ir, func, index);
    this.#compiled.push(code);
    counters.loopsCompiled++;
    counters.compileMilliseconds += performance.now() - start;
    usesHeap ||= code.usesHeap;
    frameBytes = Math.max(frameBytes, code.frameBytes);
    const loop = { index, words, usesHeap, frameBytes, stackBytes: code.frameBytes + deepest };
    this.#loops.set(key, loop);
    return loop;
  }

  /** Longest path of frames from `func`, infinite where the call graph has a cycle. */
  #stackBytes(func: number): number {
    const depth = new Map<number, number | "open">();
    const work = [func];
    while (work.length > 0) {
      const index = work[work.length - 1];
      const callees = this.#calls.targets(index);
      if (!depth.has(index)) {
        depth.set(index, "open");
        for (const callee of callees) {
          if (depth.get(callee) === "open") return Infinity;
          if (!depth.has(callee)) work.push(callee);
        }
        continue;
      }
      work.pop();
      if (depth.get(index) !== "open") continue;
      let deepest = 0;
      for (const callee of callees) deepest = Math.max(deepest, depth.get(callee) as number);
      // Nodes behind the functions stand for calls through values and have no frame.
      const isFunction = index < this.#verified.functions.length;
      depth.set(index, deepest + (isFunction ? this.function(index).frameBytes : 0));
    }
    return depth.get(func) as number;
  }

  /** Compiles a function unless that has failed before: finding out can take long. */
  #tryCompile(index: number): void {
    const refusal = this.#refusals.get(index);
    if (refusal !== undefined) throw refusal;
    try {
      this.#compile(index);
    } catch (error) {
      if (error instanceof LowerError || error instanceof CompileError) {
        this.#refusals.set(index, error);
      }
      throw error;
    }
  }

  #compile(index: number): void {
    const { counters } = this.#runtime;
    const start = performance.now();
    const func = lowerFunction(this.#verified, index, CHECKED);
    optimize(func, { index, functions: (callee) => this.#inlinable(callee) });
    const compiled = this.#publish(func, index, index);
    this.#table.u64[index] = BigInt(compiled.entry);
    this.#compiled[index] = compiled;
    counters.functionsCompiled++;
    counters.compileMilliseconds += performance.now() - start;
  }

  /** Compiles IR of function `func`, which is used up; its sites are those of `index`. */
  #publish(ir: Func, func: number, index: number): NativeFunction & { readonly entry: number } {
    const usesHeap = touchesHeap(ir);
    const compiled: CompiledFunction = this.#runtime.target.compile(ir, index);
    const address = this.#runtime.space.publish(compiled.code, 16);
    this.#runtime.counters.codeBytes += compiled.code.length;
    ir.recycle();
    return {
      func,
      entry: address + compiled.entry,
      thunk: address + compiled.thunk,
      frameBytes: compiled.frameBytes,
      sites: compiled.sites,
      usesHeap,
      codeBytes: compiled.code.length,
      address,
    };
  }

  /** The IR of a function small enough to be copied into its callers. */
  #inlinable(index: number): Func | undefined {
    const known = this.#small[index];
    if (known !== undefined) return known ?? undefined;
    const { code } = this.#verified.functions[index];
    const isSmall = code.count <= INLINE_INSTRUCTIONS &&
      unsupported(this.#verified, index, LOWER_OPTIONS) === undefined;
    const func = isSmall ? lowerFunction(this.#verified, index, CHECKED) : undefined;
    this.#small[index] = func ?? null;
    return func;
  }

  /** Frees the code. No run of the program may be under way. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const compiled of this.#compiled) {
      if (compiled !== undefined) {
        if (this.#runtime.isOpen) this.#runtime.space.free(compiled.address);
      }
    }
    this.#compiled.fill(undefined);
    this.#reach.fill(undefined);
    this.#loops.clear();
    this.#table[Symbol.dispose]();
  }
}

/** Whether a function accesses linear memory. */
function touchesHeap(func: Func): boolean {
  for (let block = 0; block >= 0; block = func.blockNext[block]) {
    for (let v = func.firstInst(block); v >= 0; v = func.next[v]) {
      const op = func.op[v];
      // Whatever leaves for the dispatcher may leave for the heap's sake.
      if (op === IrOp.heap_base || op === IrOp.exit) return true;
      if (op >= IrOp.hload8u && op <= IrOp.hstoref64) return true;
      if (op === IrOp.ctx_load || op === IrOp.ctx_store) return true;
    }
  }
  return false;
}
