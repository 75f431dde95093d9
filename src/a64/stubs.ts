/**
 * The routines all compiled functions share: in from C, out again, and out for want of fuel. They are
 * published once for a code space; `Context.leave` and `Context.fuelOut` hold the addresses of the
 * latter two.
 *
 * `start` is a C function `void start(context)`. It saves what C functions must preserve (AAPCS64,
 * "Machine Registers": X19 to X30, D8 to D15) and the host stack pointer, loads the pinned registers
 * and goes to `Context.target` on the guest stack. `leave` is jumped to; it stores fuel and depth,
 * goes back to the host stack and returns 0 from `start`; or, when it leaves for a request and
 * `Context.callback` is set, calls that with the context and goes on at `Context.target`. FPCR is taken
 * and left as the host has it: round to nearest, NaNs propagated, subnormals kept.
 *
 * `fuelOut` is jumped to with the address to go on at in X17 and the exit's site and function stored.
 * Nothing was spilt for it, so it keeps every allocatable register and the link, which a function that
 * calls nothing has nowhere else, in `Context.saved`; the next `start` brings them back and goes on.
 *
 * @module
 */
import { Context, ExitCode } from "../codegen/context.ts";
import { FLOAT_BASE } from "../codegen/registers.ts";
import {
  A64_REGISTERS,
  CONTEXT_REG,
  DEPTH_REG,
  FUEL_REG,
  LINK,
  SCRATCH,
  SCRATCH2,
  SP,
} from "./abi.ts";
import { CodeBuffer } from "./code_buffer.ts";
import {
  addImm,
  adr,
  b,
  bCond,
  blr,
  br,
  bti,
  cbnz,
  cbz,
  cmpImm,
  Cond,
  ldp,
  ldpFp,
  ldr,
  ldrFp,
  mov,
  movSp,
  movz,
  Pair,
  pairPost,
  pairPre,
  ret,
  stp,
  stpFp,
  str,
  strFp,
} from "./encoder.ts";

/** Code of the shared routines; position-independent. */
export interface A64Stubs {
  /** The bytes, to be placed at a multiple of 16. */
  readonly code: Uint8Array;
  /** Offset of the routine the gate enters. */
  readonly start: number;
  /** Offset of the routine that exits jump to. */
  readonly leave: number;
  /** Offset of the routine that code without fuel jumps to. */
  readonly fuelOut: number;
}

/** Twelve general and eight float registers. */
const SAVED_BYTES = 8 * (12 + 8);

/** Words that `goToTarget` takes. */
const GO_WORDS = 4;

/** To `Context.target` on the guest stack, fuel and depth in their registers. */
function goToTarget(buf: CodeBuffer): void {
  // Fuel and depth lie side by side, and so do guestStack and target.
  buf.emit(ldp(1, SCRATCH, SCRATCH2, CONTEXT_REG, Context.guestStack));
  buf.emit(ldp(1, FUEL_REG, DEPTH_REG, CONTEXT_REG, Context.fuel));
  buf.emit(movSp(1, SP, SCRATCH));
  buf.emit(br(SCRATCH2));
}
/** What `fuelOut` keeps: an even number of general registers, an odd one of float registers. */
const SAVED_INT = [...A64_REGISTERS.int, LINK].sort((x, y) => x - y);
const SAVED_FLOAT = A64_REGISTERS.float.map((reg) => reg - FLOAT_BASE).sort((x, y) => x - y);
const LAST_FLOAT = SAVED_FLOAT[SAVED_FLOAT.length - 1];

// Where in `Context.saved`, in bytes.
const SAVED_FLOAT_AT = 8 * SAVED_INT.length;
const LAST_FLOAT_AT = SAVED_FLOAT_AT + 8 * (SAVED_FLOAT.length - 1);
const RESUME_AT = LAST_FLOAT_AT + 8;

/** Makes the shared routines. */
export function a64Stubs(): A64Stubs {
  const buf = new CodeBuffer();
  buf.emit(bti(1)); // c: a landing pad for the gate's indirect call
  buf.emit(pairPre(Pair.STP_X, 29, 30, SP, -SAVED_BYTES));
  for (let k = 0; k < 5; k++) buf.emit(stp(1, 19 + 2 * k, 20 + 2 * k, SP, 16 + 16 * k));
  for (let k = 0; k < 4; k++) buf.emit(stpFp(1, 8 + 2 * k, 9 + 2 * k, SP, 96 + 16 * k));
  buf.emit(mov(1, CONTEXT_REG, 0));
  buf.emit(movSp(1, SCRATCH, SP));
  buf.emit(str(1, SCRATCH, CONTEXT_REG, Context.hostStack));
  goToTarget(buf);
  const leave = 4 * buf.length;
  buf.emit(stp(1, FUEL_REG, DEPTH_REG, CONTEXT_REG, Context.fuel));
  buf.emit(ldr(1, SCRATCH, CONTEXT_REG, Context.hostStack));
  buf.emit(movSp(1, SP, SCRATCH));
  // A request, and a callback to answer it: call that here, on the host stack, and go on if it
  // answers 0. The branches lead forward to the end of this part.
  buf.emit(ldr(0, 0, CONTEXT_REG, Context.exitCode));
  buf.emit(cmpImm(0, 0, ExitCode.Request));
  buf.emit(bCond(Cond.LO, 4 * (6 + GO_WORDS)));
  buf.emit(ldr(1, SCRATCH, CONTEXT_REG, Context.callback));
  buf.emit(cbz(1, SCRATCH, 4 * (4 + GO_WORDS)));
  buf.emit(mov(1, 0, CONTEXT_REG));
  buf.emit(blr(SCRATCH));
  buf.emit(cbnz(0, 0, 4 * (1 + GO_WORDS)));
  goToTarget(buf);
  for (let k = 0; k < 5; k++) buf.emit(ldp(1, 19 + 2 * k, 20 + 2 * k, SP, 16 + 16 * k));
  for (let k = 0; k < 4; k++) buf.emit(ldpFp(1, 8 + 2 * k, 9 + 2 * k, SP, 96 + 16 * k));
  buf.emit(pairPost(Pair.LDP_X, 29, 30, SP, SAVED_BYTES));
  buf.emit(movz(0, 0, 0));
  buf.emit(ret());
  const fuelOut = 4 * buf.length;
  const resume = buf.newLabel();
  buf.emit(addImm(1, SCRATCH, CONTEXT_REG, Context.saved)); // pairs reach no further than 504 bytes
  for (let k = 0; k < SAVED_INT.length; k += 2) {
    buf.emit(stp(1, SAVED_INT[k], SAVED_INT[k + 1], SCRATCH, 8 * k));
  }
  for (let k = 0; k + 1 < SAVED_FLOAT.length; k += 2) {
    buf.emit(stpFp(1, SAVED_FLOAT[k], SAVED_FLOAT[k + 1], SCRATCH, SAVED_FLOAT_AT + 8 * k));
  }
  buf.emit(strFp(1, LAST_FLOAT, SCRATCH, LAST_FLOAT_AT));
  buf.emit(str(1, SCRATCH2, SCRATCH, RESUME_AT));
  buf.emit(movz(0, SCRATCH, ExitCode.Fuel));
  buf.emit(str(0, SCRATCH, CONTEXT_REG, Context.exitCode));
  buf.emit(movSp(1, SCRATCH, SP));
  buf.emitTo(adr(SCRATCH2, 0), resume);
  buf.emit(stp(1, SCRATCH, SCRATCH2, CONTEXT_REG, Context.guestStack));
  buf.emit(b(leave - 4 * buf.length));
  buf.bind(resume);
  buf.emit(addImm(1, SCRATCH, CONTEXT_REG, Context.saved));
  for (let k = 0; k < SAVED_INT.length; k += 2) {
    buf.emit(ldp(1, SAVED_INT[k], SAVED_INT[k + 1], SCRATCH, 8 * k));
  }
  for (let k = 0; k + 1 < SAVED_FLOAT.length; k += 2) {
    buf.emit(ldpFp(1, SAVED_FLOAT[k], SAVED_FLOAT[k + 1], SCRATCH, SAVED_FLOAT_AT + 8 * k));
  }
  buf.emit(ldrFp(1, LAST_FLOAT, SCRATCH, LAST_FLOAT_AT));
  buf.emit(ldr(1, SCRATCH2, SCRATCH, RESUME_AT));
  buf.emit(br(SCRATCH2));
  buf.link();
  return { code: buf.bytes(), start: 0, leave, fuelOut };
}
