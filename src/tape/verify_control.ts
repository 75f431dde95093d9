/**
 * Rules about single instructions and control flow, F5, F7 and F8 (specification §7.3 to §7.5), for
 * all code, reachable or not. F7 guarantees what {@linkcode buildBlocks} relies on.
 *
 * @module
 */
import type { Blocks } from "./blocks.ts";
import { instructionAt } from "./blocks.ts";
import type { DecodedCode } from "./code.ts";
import type { FunctionContext } from "./verify_types.ts";

/** F5: the id operand of every instruction exists. */
export function checkIds({ func, program, code, fail }: FunctionContext): void {
  const { count, ops, at, operands, pcs } = code;
  for (let i = 0; i < count; i++) {
    switch (ops[i]) {
      case 0x16: { // const.pool
        const constId = operands[at[i] + 1] >>> 0;
        if (constId >= program.constants.length) {
          fail({ kind: "ConstOutOfBounds", func, pc: pcs[i], constId });
        }
        break;
      }
      case 0x50: // call
      case 0x53: { // const.func
        const funcId = operands[at[i] + 1] >>> 0;
        if (funcId >= program.functions.length) {
          fail({ kind: "FuncIdOutOfBounds", func, pc: pcs[i], funcId });
        }
        break;
      }
      case 0x52: { // host_call
        const hostSig = operands[at[i] + 1] >>> 0;
        if (hostSig >= program.hostSigs.length) {
          fail({ kind: "HostSigOutOfBounds", func, pc: pcs[i], hostSig });
        }
        break;
      }
      case 0x54: { // call.indirect
        const callSig = operands[at[i] + 1] >>> 0;
        if (callSig >= program.callSigs.length) {
          fail({ kind: "CallSigOutOfBounds", func, pc: pcs[i], callSig });
        }
        break;
      }
      case 0x62: { // struct.new
        const typeId = operands[at[i] + 1] >>> 0;
        if (typeId >= program.structs.length) {
          fail({ kind: "StructTypeOutOfBounds", func, pc: pcs[i], typeId });
        }
        break;
      }
      case 0x64: { // array.new
        const elemTypeId = operands[at[i] + 1] >>> 0;
        if (elemTypeId >= program.arrayElems.length) {
          fail({ kind: "ArrayElemTypeOutOfBounds", func, pc: pcs[i], elemTypeId });
        }
      }
    }
  }
}

/** F7: every branch target is the start of an instruction. */
export function checkTargets({ func, code, fail }: FunctionContext): void {
  const length = code.pcs[code.count];
  // Targets inside an instruction are judged only after all targets proved to be in range.
  let inside = length;
  let insidePc = 0;
  forEachTarget(code, (target, i) => {
    if (target >= length) {
      fail({
        kind: "InvalidJumpTarget",
        func,
        pc: code.pcs[i],
        target,
        reason: "OutOfRange",
      });
    }
    if (target < inside && instructionAt(code, target) < 0) {
      inside = target;
      insidePc = code.pcs[i];
    }
  });
  if (inside < length) {
    fail({
      kind: "InvalidJumpTarget",
      func,
      pc: insidePc,
      target: inside,
      reason: "NotInstructionBoundary",
    });
  }
}

function forEachTarget(code: DecodedCode, visit: (target: number, i: number) => void): void {
  const { count, ops, at, operands } = code;
  for (let i = 0; i < count; i++) {
    if (ops[i] === 0x40) { // br
      visit(operands[at[i] + 1] >>> 0, i);
      visit(operands[at[i] + 2] >>> 0, i);
    } else if (ops[i] === 0x41) { // jmp
      visit(operands[at[i]] >>> 0, i);
    }
  }
}

/** F8: every block ends in a terminator. */
export function checkTerminators({ func, code, fail }: FunctionContext, blocks: Blocks): void {
  for (let b = 0; b < blocks.count; b++) {
    const last = blocks.starts[b + 1] - 1;
    switch (code.ops[last]) {
      case 0x02: // trap
      case 0x40: // br
      case 0x41: // jmp
      case 0x51: // ret
        break;
      default:
        fail({ kind: "MissingTerminator", func, pc: code.pcs[last] });
    }
  }
}
