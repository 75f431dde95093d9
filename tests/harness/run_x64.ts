/**
 * Runs compiled x86-64 functions for tests: publishes them with the shared routines, fills a function
 * table and a context, enters through the gate and serves exits that come back. What the engine does,
 * at its plainest.
 *
 * @module
 */
import { CodeSpace } from "../../ffi/code_space.ts";
import { Gate } from "../../ffi/gate.ts";
import { ContextBlock, GuestStack } from "../../ffi/memory.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import { type Pointer, pointerTo } from "../../ffi/pointer.ts";
import type { CompiledFunction } from "../../src/codegen/compiled.ts";
import { Context, ExitCode } from "../../src/codegen/context.ts";
import type { Outcome } from "../../src/ir/evaluate.ts";
import type { Func, Site } from "../../src/ir/func.ts";
import { Type } from "../../src/ir/opcodes.ts";
import { x64Stubs } from "../../src/x64/stubs.ts";
import { SlicedFuel } from "./sliced_fuel.ts";

/** Spread into tests that run x86-64 code: their name then says when they are left out. */
export const RUNS_X64: { ignore: boolean } = {
  ignore: !nativeSupport().supported || Deno.build.arch !== "x86_64",
};

/** Settings of one run. */
export interface RunOptions {
  /** Fuel, 2^62 by default. */
  fuel?: bigint;
  /** Fuel handed out at a time; all of it by default. */
  slice?: bigint;
  /** Call levels, 64 by default. */
  depth?: number;
  /** Does the work of an `exit`. */
  onExit?: (code: number, site: Site) => void;
}

/** Most function table entries and heap bytes a machine has. */
const TABLE_ENTRIES = 64;
const HEAP_BYTES = 4096;

const JUNK = 0xdead_beef_0000_0000n;

function isNarrow(type: number): boolean {
  return type === Type.I32 || type === Type.F32;
}

/** Code space, context, stack, heap and function table for one program at a time. */
export class X64Machine implements Disposable {
  /** The context block, as machine code sees it. */
  readonly context: ContextBlock;
  /** The heap. */
  readonly heap: ContextBlock;
  readonly #space = new CodeSpace({ reserve: 16 << 20 });
  readonly #gate: Gate;
  readonly #stack = new GuestStack({ size: 4 << 20 });
  readonly #table: ContextBlock;
  readonly #start: Pointer;
  readonly #libm: Deno.DynamicLibrary<{ fmod: { type: "pointer" } }>;
  readonly #libc: Deno.DynamicLibrary<{ memcpy: { type: "pointer" }; memcmp: { type: "pointer" } }>;
  #functions: (CompiledFunction | undefined)[] = [];
  #addresses: number[] = [];
  #fuel = new SlicedFuel(0n, undefined);

  constructor() {
    this.#gate = new Gate(this.#space);
    this.context = new ContextBlock(4096);
    this.heap = new ContextBlock(HEAP_BYTES);
    this.#table = new ContextBlock(8 * TABLE_ENTRIES);
    const stubs = x64Stubs();
    const base = this.#space.publish(stubs.code);
    this.#start = pointerTo(base + stubs.start);
    const system = Deno.build.os === "darwin" ? ["libSystem.B.dylib"] : ["libm.so.6", "libc.so.6"];
    this.#libm = Deno.dlopen(system[0], { fmod: { type: "pointer" } });
    this.#libc = Deno.dlopen(system.at(-1)!, {
      memcpy: { type: "pointer" },
      memcmp: { type: "pointer" },
    });
    this.#set(Context.leave, base + stubs.leave);
    this.#set(Context.fuelOut, base + stubs.fuelOut);
    this.#set(Context.functionTable, this.#table.address);
    this.#set(Context.heapBase, this.heap.address);
    this.#setSymbol(Context.memcpy, this.#libc.symbols.memcpy);
    this.#setSymbol(Context.memcmp, this.#libc.symbols.memcmp);
    this.#setSymbol(Context.fmod, this.#libm.symbols.fmod);
  }

  #set(offset: number, value: number): void {
    this.context.u64[offset / 8] = BigInt(value);
  }

  #setSymbol(offset: number, pointer: Deno.PointerValue): void {
    this.context.u64[offset / 8] = Deno.UnsafePointer.value(pointer);
  }

  /** Has the native function whose address is at `offset` of the context be `code` from now on. */
  replaceNative(offset: number, code: Uint8Array): void {
    this.#set(offset, this.#space.publish(code));
  }

  /** Publishes `functions` under their indices, in place of those of the last program. */
  load(functions: readonly (CompiledFunction | undefined)[]): void {
    for (const address of this.#addresses) if (address > 0) this.#space.free(address);
    this.#functions = [...functions];
    this.#addresses = functions.map((f) => f === undefined ? 0 : this.#space.publish(f.code));
    functions.forEach((f, k) => {
      this.#table.u64[k] = f === undefined ? 0n : BigInt(this.#addresses[k] + f.entry);
    });
  }

  /** Runs function `index`, compiled from `func`, on `args` (bits) and says how it ended. */
  run(index: number, func: Func, args: readonly bigint[], options: RunOptions = {}): Outcome {
    const { context } = this;
    const words = context.u64;
    const entry = this.#functions[index]!;
    args.forEach((bits, k) => {
      // What the caller leaves in the upper half of a narrow argument must not matter.
      words[Context.area / 8 + k] = isNarrow(func.paramTypes[k]) ? bits | JUNK : bits;
    });
    this.#set(Context.target, this.#addresses[index] + entry.thunk);
    this.#set(Context.guestStack, this.#stack.top);
    this.#fuel = new SlicedFuel(options.fuel ?? 1n << 62n, options.slice);
    words[Context.fuel / 8] = this.#fuel.first();
    this.#set(Context.depth, options.depth ?? 64);
    for (;;) {
      // SAFETY: the routines and functions are published, context and stack are this machine's.
      this.#gate.enter(this.#start, context.pointer);
      const code = context.i32[Context.exitCode / 4];
      if (code === ExitCode.Fuel) {
        const cost = BigInt(this.#site().pcs.length);
        const { field, goesOn } = this.#fuel.next(words[Context.fuel / 8], cost);
        words[Context.fuel / 8] = field;
        if (goesOn) continue;
      }
      if (code < ExitCode.Request) return this.#outcome(code, func.resultTypes);
      options.onExit!(code - ExitCode.Request, this.#site());
    }
  }

  /** Fuel left after a run that returned. */
  get fuel(): bigint {
    return this.#fuel.reserve + this.context.u64[Context.fuel / 8];
  }

  #site(): Site {
    const func = this.context.i32[Context.exitFunction / 4];
    return this.#functions[func]!.sites[this.context.i32[Context.exitSite / 4]];
  }

  #outcome(code: number, resultTypes: readonly number[]): Outcome {
    if (code === ExitCode.Return) {
      const values = resultTypes.map((type, k) => {
        const word = this.context.u64[Context.area / 8 + k];
        return BigInt.asUintN(isNarrow(type) ? 32 : 64, word);
      });
      return { kind: "return", values };
    }
    const site = this.#site();
    const own = this.context.i32[Context.exitFunction / 4];
    const func = site.func >= 0 ? site.func : own;
    if (code === ExitCode.Trap) return { kind: "trap", code: site.code, func, pc: site.pc };
    if (code === ExitCode.Depth) return { kind: "depth", func, pc: site.pc };
    if (code !== ExitCode.Fuel) throw new Error(`machine code left with exit code ${code}`);
    const left = Number(BigInt.asUintN(64, this.fuel + BigInt(site.pcs.length)));
    const at = site.funcs[left] ?? -1;
    return { kind: "fuel", func: at >= 0 ? at : own, pc: site.pcs[left] };
  }

  /** Frees everything. */
  [Symbol.dispose](): void {
    this.#libm.close();
    this.#libc.close();
    this.#gate[Symbol.dispose]();
    this.#space[Symbol.dispose]();
    this.#stack[Symbol.dispose]();
    for (const block of [this.context, this.heap, this.#table]) block[Symbol.dispose]();
  }
}
