/**
 * Bytecode programs as A64 code in an `A64Machine`: lowered and optimised as the native tier does it,
 * every small allocation checked, and exits answered here. Looks like an `Engine` to whoever compares
 * tiers.
 *
 * @module
 */
import { type A64Function, compileA64 } from "../../src/a64/compile.ts";
import { checkAllocation } from "../../src/codegen/check.ts";
import { Context } from "../../src/codegen/context.ts";
import { areaWords, Request, wordCount } from "../../src/front/requests.ts";
import { irSignature } from "../../src/front/signature.ts";
import { lowerFunction } from "../../src/front/tape.ts";
import { trapReason } from "../../src/front/traps.ts";
import { BOUNDS_SOFT_END, BOUNDS_TOP, Heap, MemoryLimitError } from "../../src/heap/heap.ts";
import { isUtf8 } from "../../src/heap/text.ts";
import { readResults, writeValue } from "../../src/heap/values.ts";
import type { Words } from "../../src/heap/words.ts";
import { checkCallee, checkEntry } from "../../src/interp/entry.ts";
import type { Host } from "../../src/interp/host.ts";
import { HOST_CHARGED, HOST_TRAP, HostCaller } from "../../src/interp/host_call.ts";
import { completeLimits, type Limits } from "../../src/interp/limits.ts";
import type { Outcome } from "../../src/interp/outcome.ts";
import type { TrapReason } from "../../src/interp/trap.ts";
import type { Func } from "../../src/ir/func.ts";
import { Type } from "../../src/ir/opcodes.ts";
import { INLINE_INSTRUCTIONS } from "../../src/opt/inline.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import { spanAt } from "../../src/tape/program.ts";
import { typeClass } from "../../src/tape/types.ts";
import type { Value } from "../../src/tape/value.ts";
import type { VerifiedProgram } from "../../src/tape/verify.ts";
import type { A64Machine } from "./run_a64.ts";

/** The allocation checker takes quadratic time; the random programs are for it. */
const MAX_CHECKED = 400;

/** How programs are lowered. */
export const LOWERING = { requests: true } as const;

/** Limits of a run, and the fuel of a slice if it is handed out in slices. */
export interface TapeRunOptions {
  /** As the interpreter takes them. */
  readonly limits: Partial<Limits>;
  /** Fuel handed out at a time. */
  readonly yieldEvery?: number;
}

/** Carries a trap that the dispatcher reports out of `A64Machine.run`. */
class DispatcherTrap extends Error {
  constructor(readonly reason: TrapReason, readonly func: number, readonly pc: number) {
    super(reason.kind);
  }
}

/** Programs that share one machine; the last one loaded is in it. */
export class A64Tapes {
  /** What runs them, for messages. */
  readonly tier = "a64 under qemu";
  readonly #machine: A64Machine;

  /** Runs programs on `machine`. */
  constructor(machine: A64Machine) {
    this.#machine = machine;
  }

  /** Compiles all functions of a program. */
  compile(verified: VerifiedProgram): A64Function[] {
    const lower = (index: number): Func => lowerFunction(verified, index, LOWERING);
    const small = (index: number) =>
      verified.functions[index].code.count <= INLINE_INSTRUCTIONS ? lower(index) : undefined;
    return verified.functions.map(({ func: index }) => {
      const func = lower(index);
      optimize(func, { index, functions: small });
      return compileA64(func, index, {
        onAllocated: (mach, allocation) => {
          if (mach.count <= MAX_CHECKED) checkAllocation(mach, allocation);
        },
      });
    });
  }

  /** Puts a program into the machine, in place of the last one. */
  load(
    verified: VerifiedProgram,
    host: Host,
    code: readonly A64Function[] = this.compile(verified),
  ): A64Instance {
    this.#machine.load(code);
    return new A64Instance(this.#machine, verified, host);
  }
}

/** A program in a machine, with its heap and its host. */
export class A64Instance implements Disposable {
  readonly #machine: A64Machine;
  readonly #verified: VerifiedProgram;
  readonly #heap: Heap;
  readonly #host: HostCaller;
  /** The context block by words. */
  readonly #context: Words;

  /** An instance of `verified`, whose code `machine` has loaded. */
  constructor(machine: A64Machine, verified: VerifiedProgram, host: Host) {
    const { program } = verified, { buffer } = machine.context;
    this.#machine = machine;
    this.#verified = verified;
    this.#heap = new Heap(program.constants);
    this.#host = new HostCaller(program, host, this.#heap);
    this.#context = {
      i32: new Int32Array(buffer),
      i64: new BigInt64Array(buffer),
      u64: new BigUint64Array(buffer),
      f64: new Float64Array(buffer),
    };
  }

  /** Runs function `func`. */
  run(func: number, args: readonly Value[], options: TapeRunOptions): Promise<Outcome> {
    return this.runAsync(func, args, options);
  }

  /** Runs function `func`, whose fuel may be handed out in slices. */
  async runAsync(
    func: number,
    args: readonly Value[],
    options: TapeRunOptions,
  ): Promise<Outcome> {
    const limits = completeLimits(options.limits);
    const rejected = checkEntry(this.#verified.program, func, args);
    const atEntry = (reason: TrapReason): Outcome => (
      { ok: false, trap: { ...reason, func, pc: 0 }, fuelUsed: 0n, hostCalls: 0n }
    );
    if (rejected !== undefined) return atEntry(rejected);
    this.#heap.begin(limits.maxMemory);
    this.#host.begin(limits, undefined, undefined, false);
    try {
      let bits: bigint[];
      try {
        bits = this.#writeArguments(func, args);
      } catch (error) {
        if (error instanceof MemoryLimitError) return atEntry({ kind: "MemoryLimitExceeded" });
        throw error;
      }
      return await this.#go(func, bits, limits, options.yieldEvery);
    } finally {
      this.#host.end();
      // No trace of the heap's constants is left: programs that share a machine share nothing.
      this.#heap.reset();
    }
  }

  #writeArguments(func: number, args: readonly Value[]): bigint[] {
    const heap = this.#heap, { u64 } = this.#context;
    heap.memory; // creates it
    let at = Context.area / 8;
    for (const arg of args) at += writeValue(heap, this.#context, at, arg);
    const { params } = irSignature(this.#verified.program.functions[func]);
    const words = Array.from(u64.subarray(Context.area / 8, at));
    return words.map((word, k) => params[k] === Type.I32 ? word & 0xffff_ffffn : word);
  }

  async #go(
    func: number,
    bits: readonly bigint[],
    limits: Limits,
    yieldEvery: number | undefined,
  ): Promise<Outcome> {
    const machine = this.#machine, heap = this.#heap;
    const { program } = this.#verified, fn = program.functions[func];
    const { params, results } = irSignature(fn);
    this.#setBounds();
    machine.writeHeap(0, heap.u8.subarray(0, heap.bounds[BOUNDS_TOP]));
    const hostCalls = () => BigInt(this.#host.count);
    const trap = (
      reason: TrapReason,
      at: { readonly func: number; readonly pc: number },
      fuelUsed = limits.fuel - machine.fuel,
    ): Outcome => {
      const span = spanAt(program.functions[at.func].spans, at.pc);
      const place = { func: at.func, pc: at.pc };
      const whole = span === undefined ? { ...reason, ...place } : { ...reason, ...place, span };
      return { ok: false, trap: whole, fuelUsed, hostCalls: hostCalls() };
    };
    try {
      const outcome = await machine.run(
        { index: func, paramTypes: params, resultTypes: results },
        bits,
        {
          fuel: limits.fuel,
          slice: yieldEvery === undefined ? undefined : BigInt(yieldEvery),
          depth: Math.max(1, limits.maxCallDepth) - 1,
          areaWords: areaWords(program),
          onExit: (code, site) => this.#answer(code, site, limits),
        },
      );
      switch (outcome.kind) {
        case "return": {
          await this.#fetchHeap();
          const fuelUsed = limits.fuel - machine.fuel;
          const classes = Uint8Array.from(fn.results, typeClass);
          try {
            const values = readResults(heap, this.#context, Context.area / 8, classes);
            return { ok: true, values, fuelUsed, hostCalls: hostCalls() };
          } catch (error) {
            if (!(error instanceof MemoryLimitError)) throw error;
            return trap({ kind: "MemoryLimitExceeded" }, { func, pc: 0 });
          }
        }
        case "trap":
          return trap(trapReason(outcome.code), outcome);
        case "fuel":
          return trap({ kind: "FuelExceeded" }, outcome, limits.fuel);
        case "depth":
          return trap({ kind: "CallDepthExceeded" }, outcome);
        case "stopped":
          throw new Error(`function ${func} stopped: ${outcome.reason}`);
      }
    } catch (error) {
      if (!(error instanceof DispatcherTrap)) throw error;
      return trap(error.reason, error);
    }
  }

  #setBounds(): void {
    const { u64 } = this.#context, { bounds } = this.#heap;
    u64[Context.heapTop / 8] = BigInt(bounds[BOUNDS_TOP]);
    u64[Context.heapLimit / 8] = BigInt(bounds[BOUNDS_SOFT_END]);
  }

  async #fetchHeap(): Promise<void> {
    const top = Number(this.#context.u64[Context.heapTop / 8]);
    this.#heap.bounds[BOUNDS_TOP] = top;
    if (top > 0) this.#heap.u8.set(await this.#machine.readHeap(0, top));
  }

  /** Does what the code has left for. */
  async #answer(
    code: number,
    site: { readonly func: number; readonly pc: number },
    limits: Limits,
  ): Promise<void> {
    const { u64, i64 } = this.#context, heap = this.#heap, machine = this.#machine;
    const { program } = this.#verified;
    const scratch = Context.scratch / 8, area = Context.area / 8;
    const operand = u64[scratch];
    const own = machine.context.getInt32(Context.exitFunction, true);
    const trap = (reason: TrapReason) =>
      new DispatcherTrap(reason, site.func >= 0 ? site.func : own, site.pc);
    heap.bounds[BOUNDS_TOP] = Number(u64[Context.heapTop / 8]);
    switch (code) {
      case Request.Reserve:
        if (operand > BigInt(machine.heapBytes) && operand <= BigInt(limits.maxMemory)) {
          throw new Error(`the program needs ${operand} bytes of heap`);
        }
        u64[scratch] = heap.reserve(Number(operand)) ? 1n : 0n;
        break;
      case Request.CheckUtf8: {
        await this.#fetchHeap();
        const valid = isUtf8(heap.u8, Number(operand & 0xffff_ffffn), Number(operand >> 32n));
        u64[scratch] = valid ? 1n : 0n;
        break;
      }
      case Request.CheckCall: {
        const wanted = program.callSigs[Number(u64[scratch + 1])];
        const closure = u64[scratch + 2] === 1n;
        const reason = checkCallee(wanted, program.functions[Number(operand)], closure);
        if (reason !== undefined) throw trap(reason);
        break;
      }
      case Request.HostCall: {
        await this.#fetchHeap();
        const host = this.#host;
        const before = heap.bounds[BOUNDS_TOP];
        const signature = program.hostSigs[Number(operand)];
        const slots = Int32Array.from({ length: wordCount(signature.args) }, (_, k) => k);
        const status = host.call(Number(operand), this.#context, area, slots, 0);
        if (status === HOST_CHARGED || status === HOST_TRAP) machine.chargeFuel(host.charged);
        if (status === HOST_TRAP) throw trap(host.reason!);
        i64.set(host.results.i64.subarray(0, wordCount(signature.results)), area);
        const top = heap.bounds[BOUNDS_TOP];
        if (top > before) machine.writeHeap(before, heap.u8.subarray(before, top));
        break;
      }
      default:
        throw new Error(`no request ${code}`);
    }
    this.#setBounds();
  }

  /** Nothing stays behind but the code, which the next program replaces. */
  [Symbol.dispose](): void {}
}
