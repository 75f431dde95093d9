/**
 * Lowering of constants, moves, direct calls and returns. Branches are the driver's.
 *
 * @module
 */
import { Op, Type } from "../ir/opcodes.ts";
import { typeClass } from "../tape/types.ts";
import { constantWords } from "./constants.ts";
import type { Lowering } from "./lowering.ts";
import { irSignature } from "./signature.ts";

/** `mov`. */
export function move(l: Lowering, o: number): void {
  const dst = l.operands[o], src = l.operands[o + 1];
  switch (l.classes[dst]) {
    case 0: // unit
      return;
    case 5: // dec
      return l.defDec(dst, l.use(src), l.useScale(src));
    default:
      l.def(dst, l.use(src));
  }
}

/** `select`. */
export function select(l: Lowering, o: number): void {
  const { operands, builder } = l;
  const dst = operands[o], a = operands[o + 2], b = operands[o + 3];
  const cls = l.classes[dst];
  if (cls === 0) return; // unit
  const cond = l.use(operands[o + 1]), value = builder.select(cond, l.use(a), l.use(b));
  if (cls !== 5) return l.def(dst, value); // not dec
  l.defDec(dst, value, builder.select(cond, l.useScale(a), l.useScale(b)));
}

/** `const.pool`. */
export function poolConstant(l: Lowering, o: number): void {
  const { builder } = l;
  const dst = l.operands[o], index = l.operands[o + 1];
  const constant = l.program.constants[index];
  switch (constant.type) {
    case "unit":
      return;
    case "bool":
      return l.def(dst, builder.i32(constant.value ? 1 : 0));
    case "i64":
    case "u64":
      return l.def(dst, builder.i64(constant.value));
    case "f64": {
      const pool = l.ir.addConstant(constant.bits);
      return l.def(dst, builder.emit(Op.fconst, Type.F64, pool));
    }
    case "dec": {
      const { mantissa, scale } = constant;
      return l.defDec(dst, builder.i64(mantissa), builder.i64Halves(scale, 0));
    }
    case "bytes":
    case "str": {
      const words = constantWords(l.program);
      return l.def(dst, builder.i64Halves(words[2 * index], words[2 * index + 1]));
    }
  }
}

/** Whether results of a call do not fit the registers listed from `at` on: one is listed twice. */
export function resultsClash(
  operands: Int32Array,
  classes: Uint8Array,
  at: number,
  types: readonly Parameters<typeof typeClass>[0][],
): boolean {
  for (let k = 0; k < types.length; k++) {
    if (typeClass(types[k]) !== classes[operands[at + k]]) return true;
  }
  return false;
}

/** `call`: eff_out func eff_in args rets. */
export function call(l: Lowering, o: number): void {
  const { operands, builder, program } = l;
  const callee = operands[o + 1], argCount = operands[o + 3];
  const args: number[] = [];
  l.pushRegs(args, o + 4, argCount);
  const { results } = irSignature(program.functions[callee]);
  l.observe();
  const inst = builder.call(callee, args, results, l.ir.addDepthSite(l.pc));
  defineResults(l, o + 4 + argCount, inst);
}

/** Gives the registers of the list at operand `o` the results of call `inst`; the last one wins. */
export function defineResults(l: Lowering, o: number, inst: number): void {
  const { operands } = l;
  let value = inst + 1;
  for (let k = o + 1, end = k + operands[o]; k < end; k++) value = l.defWords(operands[k], value);
}

/** `ret`: eff_in values. */
export function ret(l: Lowering, o: number): void {
  const values: number[] = [];
  l.pushRegs(values, o + 2, l.operands[o + 1]);
  l.builder.ret(values);
}
