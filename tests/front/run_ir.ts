/**
 * Runs guest functions by lowering them and evaluating the IR: a tier made of nothing but the front
 * end and the IR's definition.
 *
 * @module
 */
import { areaWords, Request, wordCount } from "../../src/front/requests.ts";
import { irSignature } from "../../src/front/signature.ts";
import { lowerFunction, unsupported } from "../../src/front/tape.ts";
import { trapReason } from "../../src/front/traps.ts";
import { BOUNDS_SOFT_END, BOUNDS_TOP, Heap } from "../../src/heap/heap.ts";
import { WORDS_OF_CLASS } from "../../src/heap/layout.ts";
import { isUtf8 } from "../../src/heap/text.ts";
import { readResults, writeValue } from "../../src/heap/values.ts";
import { createWords, type Words } from "../../src/heap/words.ts";
import { checkCallee } from "../../src/interp/entry.ts";
import { createHost, type Host } from "../../src/interp/host.ts";
import { HOST_CHARGED, HOST_TRAP, HostCaller } from "../../src/interp/host_call.ts";
import { completeLimits, type Limits } from "../../src/interp/limits.ts";
import type { Outcome } from "../../src/interp/outcome.ts";
import type { TrapReason } from "../../src/interp/trap.ts";
import { Context, NativeSymbol } from "../../src/ir/context.ts";
import { bitsFloat, evaluate, floatBits, type Machine } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Type } from "../../src/ir/opcodes.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { type Program, spanAt } from "../../src/tape/program.ts";
import { typeClass } from "../../src/tape/types.ts";
import type { Value } from "../../src/tape/value.ts";
import type { VerifiedProgram } from "../../src/tape/verify.ts";

/** Everything is lowered. */
const LOWERING = { requests: true };

/** A verified program and the IR of its functions as far as it was asked for. */
export class IrProgram {
  readonly verified: VerifiedProgram;
  readonly functions: (Func | undefined)[];
  #complete: boolean | undefined;

  constructor(verified: VerifiedProgram) {
    this.verified = verified;
    this.functions = new Array(verified.functions.length);
  }

  /** The IR of a function, valid and consistent with the functions it calls. */
  func(id: number): Func {
    const known = this.functions[id];
    if (known !== undefined) return known;
    const made = lowerFunction(this.verified, id, LOWERING);
    const signatures = this.verified.program.functions.map((fn) => {
      const { params, results } = irSignature(fn);
      return { paramTypes: params, resultTypes: results };
    });
    assertValid(made, "lowering", { rejectUnreachable: true, functions: signatures });
    this.functions[id] = made;
    return made;
  }

  /** Whether all functions can be lowered; lowers them. */
  lowerAll(): boolean {
    this.#complete ??= this.verified.functions.every(({ func }) =>
      unsupported(this.verified, func, LOWERING) === undefined
    );
    if (this.#complete) { for (const { func } of this.verified.functions) this.func(func); }
    return this.#complete;
  }
}

/** Carries a trap that the dispatcher reports out of the evaluator. */
class DispatcherTrap {
  constructor(readonly reason: TrapReason) {}
}

/** What the engine does for machine code: exits, and the fields of the context that go with them. */
class Dispatcher {
  readonly heap: Heap;
  readonly host: HostCaller;
  readonly context = new ArrayBuffer(1 << 16);
  readonly #area: Words;
  readonly #slots: Int32Array;
  readonly #program: Program;

  constructor(program: Program, host: Host, limits: Limits) {
    this.#program = program;
    this.heap = new Heap(program.constants);
    this.heap.begin(limits.maxMemory);
    if (Context.area + 8 * areaWords(program) > this.context.byteLength) {
      throw new Error("the context is too small");
    }
    this.#area = {
      i32: new Int32Array(this.context),
      i64: new BigInt64Array(this.context),
      u64: new BigUint64Array(this.context),
      f64: new Float64Array(this.context),
    };
    this.#slots = Int32Array.from({ length: areaWords(program) }, (_, k) => k);
    this.host = new HostCaller(program, host, this.heap);
    this.host.begin(limits, undefined, undefined, false);
    this.enter();
  }

  get buffer(): ArrayBuffer {
    return this.heap.memory.buffer as ArrayBuffer;
  }

  /** Puts the heap's bounds where code finds them. */
  enter(): void {
    this.buffer;
    this.#area.u64[Context.heapTop / 8] = BigInt(this.heap.bounds[BOUNDS_TOP]);
    this.#area.u64[Context.heapLimit / 8] = BigInt(this.heap.bounds[BOUNDS_SOFT_END]);
  }

  exit(code: number, machine: Machine): void {
    const { u64 } = this.#area, { heap, host } = this, scratch = Context.scratch / 8;
    heap.bounds[BOUNDS_TOP] = Number(u64[Context.heapTop / 8]);
    const operand = u64[scratch];
    switch (code) {
      case Request.Reserve:
        u64[scratch] = heap.reserve(Number(operand)) ? 1n : 0n;
        break;
      case Request.CheckUtf8:
        u64[scratch] = isUtf8(heap.u8, Number(operand & 0xffff_ffffn), Number(operand >> 32n))
          ? 1n
          : 0n;
        break;
      case Request.CheckCall: {
        const { callSigs, functions } = this.#program;
        const wanted = callSigs[Number(u64[scratch + 1])];
        const closure = u64[scratch + 2] === 1n;
        const reason = checkCallee(wanted, functions[Number(operand)], closure);
        if (reason !== undefined) throw new DispatcherTrap(reason);
        break;
      }
      case Request.HostCall: {
        const base = Context.area / 8;
        const status = host.call(Number(operand), this.#area, base, this.#slots, 0);
        if (status === HOST_CHARGED || status === HOST_TRAP) {
          machine.fuel = machine.fuel < host.charged ? 0n : machine.fuel - host.charged;
        }
        if (status === HOST_TRAP) throw new DispatcherTrap(host.reason!);
        const words = wordCount(this.#program.hostSigs[Number(operand)].results);
        this.#area.i64.set(host.results.i64.subarray(0, words), base);
        break;
      }
      default:
        throw new Error(`no request ${code}`);
    }
    this.enter();
    // Memory that grew has another buffer.
    if (machine.heap.buffer !== this.buffer) machine.heap = new DataView(this.buffer);
  }
}

/** Runs function `entry`; its arguments must be of the declared types. */
export function runIr(
  program: IrProgram,
  entry: number,
  args: readonly Value[],
  given: Partial<Limits> = {},
  host: Host = createHost(),
): Outcome {
  const limits = completeLimits(given);
  const { verified } = program, fn = verified.program.functions[entry];
  if (!program.lowerAll()) throw new Error("the program cannot be lowered");

  const dispatcher = new Dispatcher(verified.program, host, limits);
  const { heap } = dispatcher;
  const words = createWords(2 * (args.length + fn.results.length) + 2);
  let at = 0;
  for (const arg of args) at += writeValue(heap, words, at, arg);
  dispatcher.enter();
  const ir = program.func(entry);
  const bits = ir.paramTypes.map((type, k) =>
    type === Type.I32 ? words.u64[k] & 0xffff_ffffn : words.u64[k]
  );

  let pending: DispatcherTrap | undefined;
  const { outcome, machine } = evaluate(ir, bits, {
    functions: program.functions,
    heap: dispatcher.buffer,
    context: dispatcher.context,
    fuel: limits.fuel,
    depth: limits.maxCallDepth - 1,
    maxSteps: 100_000_000,
    onNative,
    onExit: (code, _site, state) => {
      try {
        dispatcher.exit(code, state);
      } catch (error) {
        if (!(error instanceof DispatcherTrap)) throw error;
        pending = error;
        return "trap";
      }
    },
  });
  const fuelUsed = limits.fuel - machine.fuel, hostCalls = BigInt(dispatcher.host.count);
  const trap = (reason: TrapReason, func: number, pc: number, used = fuelUsed): Outcome => {
    const span = spanAt(verified.program.functions[func].spans, pc);
    const place = span === undefined ? { func, pc } : { func, pc, span };
    return { ok: false, trap: { ...reason, ...place }, fuelUsed: used, hostCalls };
  };
  switch (outcome.kind) {
    case "return": {
      heap.bounds[BOUNDS_TOP] = Number(machine.context.getBigUint64(Context.heapTop, true));
      outcome.values.forEach((value, k) => words.u64[k] = value);
      const values: Value[] = [];
      at = 0;
      for (const type of fn.results) {
        values.push(readResults(heap, words, at, [typeClass(type)])[0]);
        at += WORDS_OF_CLASS[typeClass(type)];
      }
      return { ok: true, values, fuelUsed, hostCalls };
    }
    case "trap":
      return trap(trapReason(outcome.code), outcome.func, outcome.pc);
    case "fuel":
      return trap({ kind: "FuelExceeded" }, outcome.func, outcome.pc, limits.fuel);
    case "depth":
      return trap({ kind: "CallDepthExceeded" }, outcome.func, outcome.pc);
    case "stopped":
      return trap(pending!.reason, outcome.func, outcome.pc);
  }
}

function onNative(symbol: number, args: bigint[], machine: Machine): bigint[] {
  switch (symbol) {
    case NativeSymbol.fmod:
      return [floatBits(bitsFloat(args[0]) % bitsFloat(args[1]), Type.F64)];
    case NativeSymbol.memcpy: {
      const [to, from, length] = args;
      const bytes = new Uint8Array(machine.heap.buffer);
      const start = Number(from - machine.heapBase);
      bytes.copyWithin(Number(to - machine.heapBase), start, start + Number(length));
      return [];
    }
    case NativeSymbol.memcmp: {
      const [a, b, length] = args;
      for (let k = 0n; k < length; k++) {
        const x = machine.heap.getUint8(Number(a - machine.heapBase + k));
        const y = machine.heap.getUint8(Number(b - machine.heapBase + k));
        if (x !== y) return [BigInt.asUintN(32, BigInt(x - y))];
      }
      return [0n];
    }
    default:
      throw new Error(`no native function ${symbol}`);
  }
}
