/**
 * Copying of instructions, within a function or from one into another.
 *
 * @module
 */
import type { Func } from "../ir/func.ts";
import { Op, OP_LIST, OP_VALUES } from "../ir/opcodes.ts";

/**
 * Appends a copy of `v`, an instruction of `from`, to `block` of `to`. Operands are looked up in
 * `values` and targets in `blocks` (where absent, they stay). Fields that are no operands (sites,
 * displacements, callees) are copied as they are; constants are entered in the pool of `to`.
 */
export function cloneInst(
  from: Func,
  v: number,
  to: Func,
  block: number,
  values: ArrayLike<number>,
  blocks?: ArrayLike<number>,
): number {
  const op = from.op[v], kind = OP_LIST[op], operands = OP_VALUES[op];
  let a = from.a[v], b = from.b[v], c = from.c[v];
  if (op === Op.iconst || op === Op.fconst) {
    if (from !== to) a = to.addConstant(from.constants[a]);
  } else if (op === Op.proj) a = values[a];
  else {
    if (operands > 0) a = values[a];
    if (operands > 1) b = values[b];
    if (operands > 2) c = values[c];
    if (kind === 1) b = cloneList(from, b, to, values);
    else if (kind === 2) b = cloneTargets(from, v, to, values, blocks);
  }
  const copy = to.append(block, op, from.type[v], a, b, c, from.aux[v]);
  to.pc[copy] = from.pc[v];
  return copy;
}

function cloneList(from: Func, list: number, to: Func, values: ArrayLike<number>): number {
  const n = from.listLength(list), copied = new Array<number>(n);
  for (let i = 0; i < n; i++) copied[i] = values[from.listAt(list, i)];
  return to.addList(copied);
}

function cloneTargets(
  from: Func,
  v: number,
  to: Func,
  values: ArrayLike<number>,
  blocks: ArrayLike<number> | undefined,
): number {
  const n = from.targetCount(v), targets = new Array<number>(n);
  for (let k = 0; k < n; k++) {
    const block = from.targetBlock(v, k);
    targets[k] = blocks === undefined ? block : blocks[block];
  }
  const record = to.addTargets(targets);
  for (let k = 0; k < n; k++) {
    const list = cloneList(from, from.targetArgs(v, k), to, values);
    to.extra[record + 2 + 2 * k] = list;
  }
  return record;
}
