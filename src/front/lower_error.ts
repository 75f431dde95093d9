/**
 * Why a function has no IR: a limit of the compiler, never of the program. Whoever asked runs the
 * function in the interpreter instead.
 *
 * @module
 */

/** An instruction that is not lowered. */
export interface Unsupported {
  /** Opcode byte. */
  readonly opcode: number;
  /** Its mnemonic. */
  readonly mnemonic: string;
  /** Byte offset of the instruction. */
  readonly pc: number;
  /** What about it. */
  readonly reason: string;
}

/** Thrown by `lowerFunction` for a function with an instruction that is not lowered. */
export class LowerError extends Error {
  /** Tells it from other errors. */
  override readonly name = "LowerError";
  /** Function id. */
  readonly func: number;
  /** The first such instruction. */
  readonly instruction: Unsupported;
  /** Creates the error for an instruction of function `func`. */
  constructor(func: number, instruction: Unsupported) {
    const { mnemonic, pc, reason } = instruction;
    super(`function ${func} cannot be compiled: ${mnemonic} at pc ${pc}: ${reason}`);
    this.func = func;
    this.instruction = instruction;
  }
}
