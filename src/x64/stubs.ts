/**
 * The routines all compiled functions share: in from C, out again, and out for want of fuel. They are
 * published once for a code space; `Context.leave` and `Context.fuelOut` hold the addresses of the
 * latter two.
 *
 * `start` is a C function `void start(context)`. It saves what C functions must preserve and the host
 * stack pointer, loads the pinned registers and goes to `Context.target` on the guest stack. `leave` is
 * jumped to; it stores fuel and depth, goes back to the host stack and returns 0 from `start`; or,
 * when it leaves for a request and `Context.callback` is set, calls that with the context and goes on
 * at `Context.target`.
 *
 * `fuelOut` is jumped to with the address to go on at on top of the guest stack and the exit's site and
 * function stored. Nothing was spilt for it, so it keeps every allocatable register in `Context.saved`;
 * the next `start` brings them back and returns to that address.
 *
 * MXCSR is taken and left as the host has it: round to nearest, exceptions masked.
 *
 * @module
 */
import { Context, ExitCode } from "../codegen/context.ts";
import { FLOAT_BASE } from "../codegen/registers.ts";
import { CONTEXT_REG, DEPTH_REG, FUEL_REG, RSP, SCRATCH, X64_REGISTERS } from "./abi.ts";
import {
  ALU,
  aluMI,
  aluRI,
  aluRR,
  callR,
  CC,
  endbr64,
  jccRel8,
  jmpM,
  jmpRel32,
  leaRM,
  movMI,
  movMR,
  movRM,
  movRR,
  movsMR,
  movsRM,
  NONE,
  patchRel32,
  patchRel8,
  popR,
  pushR,
  REG,
  ret,
  RIP,
  testRR,
  X64Buffer,
} from "./encoder.ts";

/** Code of the shared routines; position-independent. */
export interface X64Stubs {
  /** The bytes, to be placed at a multiple of 16. */
  readonly code: Uint8Array;
  /** Offset of the routine the gate enters. */
  readonly start: number;
  /** Offset of the routine that exits jump to. */
  readonly leave: number;
  /** Offset of the routine that code without fuel jumps to. */
  readonly fuelOut: number;
}

/** Registers a C function preserves besides RSP (System V AMD64 ABI, section 3.2.1). */
const PRESERVED = [REG.RBX, REG.RBP, REG.R12, REG.R13, REG.R14, REG.R15];

/** To `Context.target` on the guest stack, fuel and depth in their registers. */
function goToTarget(buf: X64Buffer): void {
  movRM(buf, 64, RSP, CONTEXT_REG, NONE, 0, Context.guestStack);
  movRM(buf, 64, FUEL_REG, CONTEXT_REG, NONE, 0, Context.fuel);
  movRM(buf, 64, DEPTH_REG, CONTEXT_REG, NONE, 0, Context.depth);
  jmpM(buf, CONTEXT_REG, NONE, 0, Context.target);
}

/** Makes the shared routines. */
export function x64Stubs(): X64Stubs {
  const buf = new X64Buffer(1024);
  const start = buf.length;
  endbr64(buf);
  for (const reg of PRESERVED) pushR(buf, reg);
  movRR(buf, 64, CONTEXT_REG, REG.RDI);
  movMR(buf, 64, CONTEXT_REG, NONE, 0, Context.hostStack, RSP);
  goToTarget(buf);
  const leave = buf.length;
  movMR(buf, 64, CONTEXT_REG, NONE, 0, Context.fuel, FUEL_REG);
  movMR(buf, 64, CONTEXT_REG, NONE, 0, Context.depth, DEPTH_REG);
  movRM(buf, 64, RSP, CONTEXT_REG, NONE, 0, Context.hostStack);
  // A request, and a callback to answer it: call that here, on the host stack, and go on if it
  // answers 0. Six registers and a return address are on the stack: 8 more bytes align it.
  aluMI(buf, ALU.CMP, 32, CONTEXT_REG, NONE, 0, Context.exitCode, ExitCode.Request);
  const notRequest = jccRel8(buf, CC.B, 0);
  movRM(buf, 64, REG.RAX, CONTEXT_REG, NONE, 0, Context.callback);
  testRR(buf, 64, REG.RAX, REG.RAX);
  const noCallback = jccRel8(buf, CC.E, 0);
  aluRI(buf, ALU.SUB, 64, RSP, 8);
  movRR(buf, 64, REG.RDI, CONTEXT_REG);
  callR(buf, REG.RAX);
  aluRI(buf, ALU.ADD, 64, RSP, 8);
  testRR(buf, 32, REG.RAX, REG.RAX);
  const notAnswered = jccRel8(buf, CC.NE, 0);
  goToTarget(buf);
  for (const at of [notRequest, noCallback, notAnswered]) patchRel8(buf, at, buf.length);
  for (const reg of PRESERVED.toReversed()) popR(buf, reg);
  aluRR(buf, ALU.XOR, 32, REG.RAX, REG.RAX);
  ret(buf);
  const { int, float } = X64_REGISTERS;
  const slot = (k: number): number => Context.saved + 8 * k;
  const fuelOut = buf.length;
  int.forEach((reg, k) => movMR(buf, 64, CONTEXT_REG, NONE, 0, slot(k), reg));
  float.forEach((reg, k) =>
    movsMR(buf, 64, CONTEXT_REG, NONE, 0, slot(int.length + k), reg - FLOAT_BASE)
  );
  movMI(buf, 32, CONTEXT_REG, NONE, 0, Context.exitCode, ExitCode.Fuel);
  leaRM(buf, 64, SCRATCH, RIP, NONE, 0, 0);
  const resume = buf.ripAt;
  movMR(buf, 64, CONTEXT_REG, NONE, 0, Context.target, SCRATCH);
  movMR(buf, 64, CONTEXT_REG, NONE, 0, Context.guestStack, RSP);
  patchRel32(buf, jmpRel32(buf, 0), leave);
  patchRel32(buf, resume, buf.length);
  int.forEach((reg, k) => movRM(buf, 64, reg, CONTEXT_REG, NONE, 0, slot(k)));
  float.forEach((reg, k) =>
    movsRM(buf, 64, reg - FLOAT_BASE, CONTEXT_REG, NONE, 0, slot(int.length + k))
  );
  ret(buf);
  return { code: buf.code(), start, leave, fuelOut };
}
