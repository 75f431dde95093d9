/**
 * F12 (specification §7.10): register numbers and classes in all code. Reachable code passes whenever
 * F9 to F11 did, so only unreachable blocks are looked at.
 *
 * @module
 */
import {
  type FlowContext,
  RESULT_TYPE,
  SOURCE_TYPES,
  TYPE_FORM,
  visitRegisters,
} from "./verify_types.ts";

/** Checks F12; `classes` is the class tag of each register, Unit for those never written. */
export function checkClasses(context: FlowContext, classes: Uint8Array): void {
  const { blocks } = context;
  for (let block = 0; block < blocks.count; block++) {
    if (blocks.reachable[block] !== 0) continue;
    for (let i = blocks.starts[block]; i < blocks.starts[block + 1]; i++) {
      checkInstruction(context, classes, i);
    }
  }
}

function checkInstruction(context: FlowContext, classes: Uint8Array, i: number): void {
  const { func, types, code, regs, regName, fail } = context;
  const { operands } = code;
  const op = code.ops[i];
  const first = code.at[i];
  const pc = code.pcs[i];

  const inBounds = (reg: number): void => {
    if (reg >>> 0 >= regs) fail({ kind: "RegOutOfBounds", func, pc, reg: regName(reg) });
  };
  const unstable = (reg: number): never =>
    fail({ kind: "UnstableRegTypeAt", func, pc, reg: regName(reg) });
  const has = (reg: number, tag: number): void => {
    inBounds(reg);
    if (classes[reg] !== tag) unstable(reg);
  };
  const listInBounds = (list: number): number => {
    const end = list + 1 + operands[list];
    for (let k = list + 1; k < end; k++) inBounds(operands[k]);
    return end;
  };

  const form = TYPE_FORM[op];
  if (form <= 3) {
    has(operands[first], RESULT_TYPE[op]);
    for (let k = 0; k < form; k++) has(operands[first + 1 + k], SOURCE_TYPES[op * 3 + k]);
    return;
  }
  switch (op) {
    case 0x01: { // mov
      visitRegisters(code, i, 16, inBounds);
      visitRegisters(code, i, 0, inBounds);
      if (classes[operands[first]] !== classes[operands[first + 1]]) unstable(operands[first]);
      break;
    }
    case 0x16: // const.pool
      has(operands[first], types.constants[operands[first + 1]]);
      break;
    case 0x38: { // select
      const [dst, cond, a, b] = operands.subarray(first, first + 4);
      inBounds(dst);
      inBounds(a);
      inBounds(b);
      if (classes[dst] !== classes[a] || classes[a] !== classes[b]) unstable(dst);
      has(cond, 1);
      break;
    }
    case 0x40: // br
      has(operands[first], 1);
      break;
    case 0x50: // call
    case 0x52: // host_call
      has(operands[first], 0);
      has(operands[first + 2], 0);
      listInBounds(listInBounds(first + 3));
      break;
    case 0x51: // ret
      has(operands[first], 0);
      listInBounds(first + 1);
      break;
    case 0x54: { // call.indirect
      const callee = operands[first + 2];
      inBounds(callee);
      listInBounds(listInBounds(first + 4));
      if (classes[callee] !== 10 && classes[callee] !== 11) unstable(callee);
      has(operands[first], 0);
      has(operands[first + 3], 0);
      break;
    }
    case 0x60: // tuple.new
      has(operands[first], 9);
      listInBounds(first + 1);
      break;
    case 0x62: // struct.new
    case 0x64: // array.new
      has(operands[first], 9);
      listInBounds(first + 2);
      break;
    case 0x61: // tuple.get
    case 0x63: // struct.get
    case 0x69: // array.get_imm
      inBounds(operands[first]);
      has(operands[first + 1], 9);
      break;
    case 0x66: // array.get
      inBounds(operands[first]);
      has(operands[first + 1], 9);
      has(operands[first + 2], 3);
      break;
    case 0x65: // array.len
    case 0x67: // tuple.len
    case 0x68: // struct.field_count
      has(operands[first], 3);
      has(operands[first + 1], 9);
  }
}
