/**
 * The recorded corpus on A64: lowered and optimised as the native tier does it, compiled, run by qemu,
 * with exits answered here, and compared with the reference.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  manifestOutcome,
  parseManifestLimits,
  parseManifestValue,
  sameOutcome,
} from "../../scripts/manifest.ts";
import { createStandardHost } from "../../scripts/standard_host.ts";
import { type A64Function, compileA64 } from "../../src/a64/compile.ts";
import { checkAllocation } from "../../src/codegen/check.ts";
import { Context } from "../../src/codegen/context.ts";
import { areaWords, Request, wordCount } from "../../src/front/requests.ts";
import { irSignature } from "../../src/front/signature.ts";
import { lowerFunction, unsupported } from "../../src/front/tape.ts";
import { trapReason } from "../../src/front/traps.ts";
import { BOUNDS_SOFT_END, BOUNDS_TOP, Heap } from "../../src/heap/heap.ts";
import { WORDS_OF_CLASS } from "../../src/heap/layout.ts";
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
import { optimize } from "../../src/opt/pipeline.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import { spanAt } from "../../src/tape/program.ts";
import { typeClass } from "../../src/tape/types.ts";
import type { Value } from "../../src/tape/value.ts";
import { type VerifiedProgram, verify } from "../../src/tape/verify.ts";
import { corpusEntries, type CorpusEntry, entryBytes } from "../harness/corpus.ts";
import { A64Machine, RUNS_A64 } from "../harness/run_a64.ts";

/** qemu is slow, and a host call goes through two pipes. */
const MAX_FUEL = 2_000_000;
const MAX_HOST_CALLS = 200;
/** The allocation checker takes quadratic time; the random programs are for it. */
const MAX_CHECKED = 400;
const MAX_DEPTH = 100_000;
const MAX_MEMORY = 2 ** 31;
const HEAP_BYTES = 1 << 29;

const LOWERING = { requests: true };

interface Run {
  readonly entry: CorpusEntry;
  readonly args: readonly Value[];
  readonly limits: Partial<Limits>;
}

/** The entries that reach code by program, and why the others do not. */
function collect() {
  const programs = new Map<string, { verified: VerifiedProgram; runs: Run[] }>();
  const skipped = { long: 0, chatty: 0, deep: 0, rejectedAtEntry: 0, notLowered: 0 };
  let count = 0;
  for (const entry of corpusEntries()) {
    const { expect } = entry;
    if (expect.ok === undefined && expect.trap === undefined) continue; // does not verify
    const key = entry.edit === undefined ? entry.file : entry.id;
    let program = programs.get(key);
    if (program === undefined) {
      program = { verified: verify(decodeProgram(entryBytes(entry))), runs: [] };
      programs.set(key, program);
    }
    const { verified, runs } = program;
    const args = entry.args.map(parseManifestValue);
    if (checkEntry(verified.program, entry.func, args)) skipped.rejectedAtEntry++;
    else if (verified.functions.some(({ func }) => unsupported(verified, func, LOWERING))) {
      skipped.notLowered++;
    } else if (Number(expect.fuelUsed) > MAX_FUEL) skipped.long++;
    else if (Number(expect.hostCalls ?? 0) > MAX_HOST_CALLS) skipped.chatty++;
    else if ((entry.limits?.depth ?? 0) > MAX_DEPTH) skipped.deep++;
    else {
      runs.push({ entry, args, limits: parseManifestLimits(entry.limits) });
      count++;
    }
  }
  return { programs: [...programs.values()].filter(({ runs }) => runs.length > 0), skipped, count };
}

function compileAll(verified: VerifiedProgram): A64Function[] {
  const lower = (index: number): Func => lowerFunction(verified, index, LOWERING);
  const small = (index: number) =>
    verified.functions[index].code.count <= 40 ? lower(index) : undefined;
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

/** Carries a trap that the dispatcher reports out of `A64Machine.run`. */
class DispatcherTrap extends Error {
  constructor(readonly reason: TrapReason, readonly func: number, readonly pc: number) {
    super(reason.kind);
  }
}

/** Runs a function; the program's code is loaded. */
async function runTape(
  machine: A64Machine,
  verified: VerifiedProgram,
  { entry, args }: Run,
  given: Partial<Limits>,
  host: Host,
): Promise<Outcome> {
  const { program } = verified, fn = program.functions[entry.func];
  const limits = completeLimits(given);
  const heap = new Heap(program.constants);
  heap.begin(limits.maxMemory);
  const caller = new HostCaller(program, host, heap);
  caller.begin(limits, undefined, undefined, false);
  heap.memory; // creates it

  const { context } = machine;
  const { buffer } = context;
  const area: Words = {
    i32: new Int32Array(buffer),
    i64: new BigInt64Array(buffer),
    u64: new BigUint64Array(buffer),
    f64: new Float64Array(buffer),
  };
  const base = Context.area / 8, scratch = Context.scratch / 8;
  const slots = Int32Array.from({ length: areaWords(program) }, (_, k) => k);
  const setBounds = () => {
    area.u64[Context.heapTop / 8] = BigInt(heap.bounds[BOUNDS_TOP]);
    area.u64[Context.heapLimit / 8] = BigInt(heap.bounds[BOUNDS_SOFT_END]);
  };
  const fetchHeap = async () => {
    const top = Number(area.u64[Context.heapTop / 8]);
    heap.bounds[BOUNDS_TOP] = top;
    if (top > 0) heap.u8.set(await machine.readHeap(0, top));
  };

  let at = base;
  for (const arg of args) at += writeValue(heap, area, at, arg);
  const bits = Array.from(area.u64.subarray(base, at));
  setBounds();
  machine.writeHeap(0, heap.u8.subarray(0, heap.bounds[BOUNDS_TOP]));

  const onExit = async (code: number, site: { func: number; pc: number }) => {
    const operand = area.u64[scratch];
    const own = context.getInt32(Context.exitFunction, true);
    const trap = (reason: TrapReason) =>
      new DispatcherTrap(reason, site.func >= 0 ? site.func : own, site.pc);
    heap.bounds[BOUNDS_TOP] = Number(area.u64[Context.heapTop / 8]);
    switch (code) {
      case Request.Reserve:
        if (operand > BigInt(HEAP_BYTES)) throw new Error(`${entry.id} needs ${operand} bytes`);
        area.u64[scratch] = heap.reserve(Number(operand)) ? 1n : 0n;
        break;
      case Request.CheckUtf8:
        await fetchHeap();
        area.u64[scratch] = isUtf8(heap.u8, Number(operand & 0xffff_ffffn), Number(operand >> 32n))
          ? 1n
          : 0n;
        break;
      case Request.CheckCall: {
        const wanted = program.callSigs[Number(area.u64[scratch + 1])];
        const closure = area.u64[scratch + 2] === 1n;
        const reason = checkCallee(wanted, program.functions[Number(operand)], closure);
        if (reason !== undefined) throw trap(reason);
        break;
      }
      case Request.HostCall: {
        await fetchHeap();
        const before = heap.bounds[BOUNDS_TOP];
        const status = caller.call(Number(operand), area, base, slots, 0);
        if (status === HOST_CHARGED || status === HOST_TRAP) {
          const left = machine.fuel > caller.charged ? machine.fuel - caller.charged : 0n;
          area.u64[Context.fuel / 8] = left;
        }
        if (status === HOST_TRAP) throw trap(caller.reason!);
        const words = wordCount(program.hostSigs[Number(operand)].results);
        area.i64.set(caller.results.i64.subarray(0, words), base);
        const top = heap.bounds[BOUNDS_TOP];
        if (top > before) machine.writeHeap(before, heap.u8.subarray(before, top));
        break;
      }
      default:
        throw new Error(`no request ${code}`);
    }
    setBounds();
  };

  const { params, results } = irSignature(fn);
  const narrow = bits.map((word, k) => params[k] === Type.I32 ? word & 0xffff_ffffn : word);
  const used = () => limits.fuel - machine.fuel;
  const trap = (reason: TrapReason, func: number, pc: number, fuelUsed: bigint): Outcome => {
    const span = spanAt(program.functions[func].spans, pc);
    const place = span === undefined ? { func, pc } : { func, pc, span };
    const hostCalls = BigInt(caller.count);
    return { ok: false, trap: { ...reason, ...place }, fuelUsed, hostCalls };
  };
  try {
    const outcome = await machine.run(
      { index: entry.func, paramTypes: params, resultTypes: results },
      narrow,
      {
        fuel: limits.fuel,
        depth: Math.max(1, limits.maxCallDepth) - 1,
        areaWords: areaWords(program),
        onExit,
      },
    );
    switch (outcome.kind) {
      case "return": {
        await fetchHeap();
        const values: Value[] = [];
        at = base;
        for (const type of fn.results) {
          values.push(readResults(heap, area, at, [typeClass(type)])[0]);
          at += WORDS_OF_CLASS[typeClass(type)];
        }
        return { ok: true, values, fuelUsed: used(), hostCalls: BigInt(caller.count) };
      }
      case "trap":
        return trap(trapReason(outcome.code), outcome.func, outcome.pc, used());
      case "fuel":
        return trap({ kind: "FuelExceeded" }, outcome.func, outcome.pc, limits.fuel);
      case "depth":
        return trap({ kind: "CallDepthExceeded" }, outcome.func, outcome.pc, used());
      case "stopped":
        throw new Error(`${entry.id} stopped: ${outcome.reason}`);
    }
  } catch (error) {
    if (!(error instanceof DispatcherTrap)) throw error;
    return trap(error.reason, error.func, error.pc, used());
  } finally {
    caller.end();
    // No trace of the heap's constants is left: programs that share a machine share nothing.
    heap.reset();
  }
}

const { programs, skipped, count } = RUNS_A64.ignore
  ? { programs: [], skipped: "all", count: 0 }
  : collect();

Deno.test({
  name: `recorded outcomes on A64: ${count} runs; skipped ${JSON.stringify(skipped)}`,
  ...RUNS_A64,
  fn: async () => {
    assert(count > 3500);
    await using machine = await A64Machine.start(HEAP_BYTES);
    for (const { verified, runs } of programs) {
      machine.load(compileAll(verified));
      for (const run of runs) {
        const { entry } = run;
        const { host, log } = createStandardHost();
        const all = { maxMemory: MAX_MEMORY, ...run.limits };
        const outcome = await runTape(machine, verified, run, all, host);
        const actual: unknown = manifestOutcome(outcome, log);
        if (sameOutcome(entry.expect, actual, entry.nan === "exact")) continue;
        assertEquals(actual, entry.expect, `${entry.id} (${entry.tag})`);
        throw new Error(`${entry.id}: outcomes differ in a NaN`);
      }
    }
  },
});
