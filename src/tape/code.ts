/**
 * One function's bytecode as flat arrays of instructions and operands (specification §6.1): what the
 * verifier, the disassembler and every tier read instead of bytes.
 *
 * @module
 */
import { IS_OPCODE, OPERAND_KINDS, OPERAND_SLOTS } from "./opcodes.ts";

/**
 * Decoded instructions. Instruction `i` has opcode `ops[i]`, starts at byte `pcs[i]`, and its
 * operands are `operands[at[i]]` up to `operands[at[i + 1]]`, in table order:
 *
 * | operand | words |
 * |---|---|
 * | register, uleb32, u8, bool8 | 1 (unsigned values as their int32 bits: use `>>> 0`) |
 * | register list | 1 + n: the count, then the registers |
 * | uleb64, sleb64, u64le | 2: low half, high half |
 */
export interface DecodedCode {
  /** Number of instructions. */
  readonly count: number;
  /** Byte offset of each instruction; entry `count` is the code's length. */
  readonly pcs: Int32Array;
  /** Opcode of each instruction. */
  readonly ops: Uint8Array;
  /** First operand word of each instruction; entry `count` is the total. */
  readonly at: Int32Array;
  /** Operand words. */
  readonly operands: Int32Array;
}

/** Why bytecode did not decode. */
export class CodeError extends Error {
  /** Kind as in the specification's operand codec. */
  readonly kind: "UnexpectedEof" | "InvalidVarint" | "OutOfBounds" | "UnknownOpcode";
  /** Byte offset of the instruction. */
  readonly pc: number;
  /** Creates an error for the instruction at `pc`. */
  constructor(kind: CodeError["kind"], pc: number, message: string) {
    super(`${message} at pc ${pc}`);
    this.name = "CodeError";
    this.kind = kind;
    this.pc = pc;
  }
}

/**
 * Decodes a whole function body. Memory is proportional to `code`: no operand word exists without a
 * byte behind it, bar the second words of 64-bit operands.
 *
 * @throws {CodeError} On an unknown opcode or a malformed operand.
 */
export function decodeCode(code: Uint8Array): DecodedCode {
  const length = code.length;
  const pcs = new Int32Array(length + 1);
  const ops = new Uint8Array(length);
  const at = new Int32Array(length + 1);
  // Every operand word but the high half of a 64-bit immediate has at least one byte of its own,
  // and an immediate instruction has an opcode and a destination byte that need fewer words.
  const operands = new Int32Array(length + 1);
  let count = 0;
  let used = 0;
  let pos = 0;
  // Results of the LEB128 reader, 64 bits in two halves.
  let lo = 0;
  let hi = 0;

  const eof = (pc: number): never => {
    throw new CodeError("UnexpectedEof", pc, "the code ends inside an instruction");
  };
  const leb = (pc: number, signed: boolean): void => {
    lo = 0;
    hi = 0;
    for (let i = 0; i < 10; i++) {
      if (pos >= length) eof(pc);
      const byte = code[pos++];
      const payload = byte & 0x7f;
      if (i === 9 && payload > 1 && !(signed && payload === 0x7f)) break;
      if (i === 9 && signed && payload === 1) break;
      if (i < 4) lo |= payload << (7 * i);
      else if (i === 4) {
        lo |= payload << 28;
        hi = payload >>> 4;
      } else hi |= payload << (7 * i - 32);
      if (byte < 0x80) {
        if (signed && i < 9 && (byte & 0x40) !== 0) {
          const shift = 7 * (i + 1);
          if (shift < 32) {
            lo |= -1 << shift;
            hi = -1;
          } else hi |= -1 << (shift - 32);
        }
        lo |= 0;
        hi |= 0;
        return;
      }
    }
    throw new CodeError("InvalidVarint", pc, "a LEB128 number is longer than 64 bits");
  };
  const uleb32 = (pc: number): number => {
    if (pos < length && code[pos] < 0x80) return code[pos++];
    leb(pc, false);
    if (hi !== 0) throw new CodeError("OutOfBounds", pc, "an operand does not fit 32 bits");
    return lo;
  };

  while (pos < length) {
    const pc = pos;
    const op = code[pos++];
    if (IS_OPCODE[op] === 0) {
      throw new CodeError("UnknownOpcode", pc, `unknown opcode 0x${op.toString(16)}`);
    }
    pcs[count] = pc;
    ops[count] = op;
    at[count] = used;
    count++;
    for (let slot = op * OPERAND_SLOTS;; slot++) {
      const kind = OPERAND_KINDS[slot] & 15;
      if (kind === 0) break;
      switch (kind) {
        case 1: // reg
        case 3: // uleb32
          operands[used++] = uleb32(pc);
          break;
        case 2: { // regs
          const list = uleb64Count(pc);
          operands[used++] = list;
          for (let k = 0; k < list; k++) operands[used++] = uleb32(pc);
          break;
        }
        case 4: // uleb64
        case 5: // sleb64
          leb(pc, kind === 5);
          operands[used++] = lo;
          operands[used++] = hi;
          break;
        case 6: // u64le
          if (pos + 8 > length) eof(pc);
          for (let k = 0; k < 2; k++, pos += 4) {
            operands[used++] = code[pos] | code[pos + 1] << 8 | code[pos + 2] << 16 |
              code[pos + 3] << 24;
          }
          break;
        default: // u8, bool8
          if (pos >= length) eof(pc);
          operands[used++] = kind === 8 ? (code[pos] !== 0 ? 1 : 0) : code[pos];
          pos++;
      }
    }
  }
  pcs[count] = length;
  at[count] = used;
  return {
    count,
    pcs: pcs.slice(0, count + 1),
    ops: ops.slice(0, count),
    at: at.slice(0, count + 1),
    operands: operands.slice(0, used),
  };

  function uleb64Count(pc: number): number {
    leb(pc, false);
    // Each register takes a byte, so a longer list than the bytes left ends in the same error that
    // reading it to the end would give: the count never allocates anything.
    const list = (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
    if (list <= length - pos) return list;
    while (pos < length) uleb32(pc);
    return eof(pc);
  }
}
