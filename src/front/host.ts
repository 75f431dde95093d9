/**
 * Lowering of host calls (specification §8.8): arguments to the context's area, leave, results from
 * it. Limits, failures and result types are the dispatcher's.
 *
 * @module
 */
import { Context } from "../ir/context.ts";
import { Op, Type } from "../ir/opcodes.ts";
import { resultsClash } from "./control.ts";
import type { Lowering } from "./lowering.ts";
import { Request } from "./requests.ts";
import { IR_TYPE_OF_CLASS } from "./signature.ts";
import { TrapNumber } from "./traps.ts";

/** `host_call`: eff_out sig eff_in args rets. */
export function hostCall(l: Lowering, o: number): void {
  const { operands, builder, program, ir } = l;
  const sig = operands[o + 1], argCount = operands[o + 3], rets = o + 4 + argCount;
  const args: number[] = [];
  l.pushRegs(args, o + 4, argCount);
  l.observe();
  builder.ctxStore(Context.scratch, builder.i64Halves(sig, 0));
  for (let k = 0; k < args.length; k++) {
    const narrow = ir.type[args[k]] === Type.I32;
    const word = narrow ? builder.unary(Op.extend_u, args[k], Type.I64) : args[k];
    builder.ctxStore(Context.area + 8 * k, word);
  }
  builder.exit(Request.HostCall, ir.addExitSite(l.pc));
  // The host has been called by the time its results turn out not to fit.
  if (resultsClash(operands, l.classes, rets + 1, program.hostSigs[sig].results)) {
    l.trapIf(builder.i32(1), TrapNumber.InvalidPc);
    return defineZeros(l, rets);
  }
  let at = Context.area;
  for (let k = rets + 1, end = k + operands[rets]; k < end; k++) {
    const reg = operands[k];
    for (let w = 0; w < l.wordsOf(reg); w++, at += 8) {
      l.defWord(reg, w, builder.ctxLoad(IR_TYPE_OF_CLASS[l.classes[reg]], at));
    }
  }
}

/** Gives the registers of a list something that nobody gets to see. */
function defineZeros(l: Lowering, list: number): void {
  const { operands, builder } = l;
  for (let k = list + 1, end = k + operands[list]; k < end; k++) {
    const reg = operands[k], type = IR_TYPE_OF_CLASS[l.classes[reg]];
    for (let w = 0; w < l.wordsOf(reg); w++) {
      const zero = type === Type.F64
        ? builder.f64Bits(0, 0)
        : type === Type.I32
        ? builder.i32(0)
        : builder.i64Halves(0, 0);
      l.defWord(reg, w, zero);
    }
  }
}
