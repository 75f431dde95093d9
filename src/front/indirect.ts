/**
 * Lowering of calls through values (specification §8.7). Which functions a call signature fits is
 * known when lowering, so the check at run time is a membership test of the function id. Where that
 * fails the code leaves to find out what to report; where the functions are too scattered to be
 * tested for in a few comparisons, it also leaves for some that fit.
 *
 * @module
 */
import { Context } from "../ir/context.ts";
import { Cond, Op, Type } from "../ir/opcodes.ts";
import type { Program } from "../tape/program.ts";
import { formatSignature } from "../tape/types.ts";
import { makeWord } from "./bytes.ts";
import { defineResults } from "./control.ts";
import type { Lowering } from "./lowering.ts";
import { Request } from "./requests.ts";
import { irTypes } from "./signature.ts";

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
  builder.seal(fails, from);

  builder.switchTo(fails);
  builder.emit(Op.depth_check, Type.VOID, 0, 0, depth);
  builder.ctxStore(Context.scratch, builder.unary(Op.extend_u, func, Type.I64));
  builder.ctxStore(Context.scratch + 8, builder.i64Halves(sig, 0));
  builder.ctxStore(Context.scratch + 16, builder.i64Halves(closure ? 1 : 0, 0));
  builder.exit(Request.CheckCall, l.ir.addExitSite(l.pc));
  builder.jump(fits);

  builder.seal(fits, from);
  builder.switchTo(fits);
  const results = irTypes(program.callSigs[sig].results);
  defineResults(l, o + 5 + argCount, builder.callIndirect(func, args, results, depth));
}

/** Runs of function ids: starts and ends alternating, ascending. */
type Runs = readonly number[];

/** Most boundaries of runs that are compared with. */
const MAX_BOUNDARIES = 32;

/** By signature, the functions that have it. */
const known = new WeakMap<Program, Map<string, number[]>>();

/** The functions that a call signature fits. */
function callable(program: Program, sig: number, closure: boolean): Runs {
  let bySignature = known.get(program);
  if (bySignature === undefined) known.set(program, bySignature = groupFunctions(program));
  const { args, results } = program.callSigs[sig];
  // A closure's function takes the environment first.
  const wanted = closure ? { args: ["agg" as const, ...args], results } : { args, results };
  return bySignature.get(formatSignature(wanted)) ?? [];
}

function groupFunctions(program: Program): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  program.functions.forEach((fn, func) => {
    const key = formatSignature(fn), runs = groups.get(key);
    if (runs === undefined) groups.set(key, [func, func + 1]);
    else if (runs[runs.length - 1] === func) runs[runs.length - 1]++;
    else runs.push(func, func + 1);
  });
  return groups;
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
  if (end > 64) {
    return searchRuns(l, id, runs, 0, Math.min(runs.length, MAX_BOUNDARIES), fits, fails);
  }
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
