/**
 * Lowering of calls through values (specification §8.7). Which functions a call signature fits is
 * known when lowering, so the check at run time is a membership test of the function id; only a
 * failed one leaves, to find out what to report.
 *
 * @module
 */
import { checkCallee } from "../interp/entry.ts";
import { Context } from "../ir/context.ts";
import { Cond, Op, Type } from "../ir/opcodes.ts";
import type { Program } from "../tape/program.ts";
import { makeWord } from "./bytes.ts";
import { defineResults } from "./control.ts";
import type { Lowering } from "./lowering.ts";
import { Request } from "./requests.ts";
import { irTypes } from "./signature.ts";
import { TrapNumber } from "./traps.ts";

/** `closure.new`: func env. */
export function newClosure(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const func = builder.unary(Op.extend_u, l.use(operands[o + 1]), Type.I64);
  l.def(operands[o], makeWord(l, func, l.use(operands[o + 2])));
}

/** `call.indirect`: eff_out sig callee eff_in args rets. */
export function callIndirect(l: Lowering, o: number): void {
  const { operands, builder, program } = l, from = builder.current;
  const sig = operands[o + 1], callee = operands[o + 2], argCount = operands[o + 4];
  const closure = l.classes[callee] === 11;
  const word = l.use(callee);
  const args: number[] = [];
  let func = word;
  if (closure) {
    func = builder.unary(Op.wrap, word, Type.I32);
    args.push(builder.binary(Op.ushr, word, builder.i64Halves(32, 0)));
  }
  l.pushRegs(args, o + 5, argCount);
  l.observe();
  const depth = l.ir.addDepthSite(l.pc);

  const fits = l.createNextBlock(), fails = builder.createBlock();
  branchOnMember(l, func, callable(program, sig, closure), fits, fails);
  builder.seal(fits, from);
  builder.seal(fails, from);

  builder.switchTo(fails);
  builder.emit(Op.depth_check, Type.VOID, 0, 0, depth);
  builder.ctxStore(Context.scratch, builder.unary(Op.extend_u, func, Type.I64));
  builder.ctxStore(Context.scratch + 8, builder.i64Halves(sig, 0));
  builder.ctxStore(Context.scratch + 16, builder.i64Halves(closure ? 1 : 0, 0));
  builder.exit(Request.CallMismatch, l.ir.addExitSite(l.pc));
  builder.trap(l.ir.addTrapSite(TrapNumber.InvalidPc, l.pc));

  builder.switchTo(fits);
  const results = irTypes(program.callSigs[sig].results);
  defineResults(l, o + 5 + argCount, builder.callIndirect(func, args, results, depth));
}

/** Runs of function ids that a call signature fits: starts and ends alternating, ascending. */
type Runs = readonly number[];

const known = new WeakMap<Program, Map<number, Runs>>();

function callable(program: Program, sig: number, closure: boolean): Runs {
  let cache = known.get(program);
  if (cache === undefined) known.set(program, cache = new Map());
  const key = 2 * sig + (closure ? 1 : 0);
  let runs = cache.get(key);
  if (runs === undefined) {
    cache.set(key, runs = findCallable(program, sig, closure));
  }
  return runs;
}

function findCallable(program: Program, sig: number, closure: boolean): Runs {
  const wanted = program.callSigs[sig], { functions } = program;
  const runs: number[] = [];
  for (let func = 0; func <= functions.length; func++) {
    // The parity of `runs` says whether the function before is one of them.
    const fits = func < functions.length &&
      checkCallee(wanted, functions[func], closure) === undefined;
    if (fits !== (runs.length % 2 === 1)) runs.push(func);
  }
  return runs;
}

/** Goes to `fits` if the i32 `id` is in `runs`, else to `fails`. */
function branchOnMember(
  l: Lowering,
  id: number,
  runs: Runs,
  fits: number,
  fails: number,
): void {
  const { builder } = l;
  const end = runs.length === 0 ? 0 : runs[runs.length - 1];
  if (runs.length <= 2) {
    const [start, length] = runs.length === 0 ? [0, 0] : [runs[0], end - runs[0]];
    const distance = start === 0 ? id : builder.binary(Op.isub, id, builder.i32(start));
    builder.brIf(builder.icmp(Cond.ult, distance, builder.i32(length)), fits, fails);
    return;
  }
  if (end > 64) return searchRuns(l, id, runs, 0, runs.length, fits, fails);
  // A bit for each function: shift counts wrap at 64, hence the comparison.
  let mask = 0n;
  for (let k = 0; k < runs.length; k += 2) {
    for (let func = runs[k]; func < runs[k + 1]; func++) mask |= 1n << BigInt(func);
  }
  const bits = builder.i64(BigInt.asIntN(64, mask));
  const bit = builder.binary(Op.ushr, bits, builder.unary(Op.extend_u, id, Type.I64));
  const member = builder.binary(
    Op.iand,
    builder.unary(Op.wrap, bit, Type.I32),
    builder.icmp(Cond.ult, id, builder.i32(end)),
  );
  builder.brIf(member, fits, fails);
}

/** Binary search: an odd number of the boundaries `runs` is at most `id` if it is a member. */
function searchRuns(
  l: Lowering,
  id: number,
  runs: Runs,
  low: number,
  high: number,
  fits: number,
  fails: number,
): void {
  const { builder } = l;
  if (low === high) {
    builder.jump(low % 2 === 1 ? fits : fails);
    return;
  }
  const middle = (low + high) >>> 1;
  const below = l.createNextBlock(), above = l.createNextBlock();
  builder.brIf(builder.icmp(Cond.ult, id, builder.i32(runs[middle])), below, above);
  builder.seal(below);
  builder.seal(above);
  builder.switchTo(below);
  searchRuns(l, id, runs, low, middle, fits, fails);
  builder.switchTo(above);
  searchRuns(l, id, runs, middle + 1, high, fits, fails);
}
