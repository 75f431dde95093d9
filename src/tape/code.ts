/**
 * One function's bytecode as flat arrays of instructions and operands (specification §6.1): what the
 * verifier, the disassembler and every tier read instead of bytes.
 *
 * @module
 */
import { LEB_EOF, LEB_INVALID, type LebCursor, readSleb, readUleb } from "../util/leb128.ts";
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

/** What `decodeCode` collects, reused from call to call; longer bodies get their own. */
interface Scratch {
  readonly pcs: Int32Array;
  readonly ops: Uint8Array;
  readonly at: Int32Array;
  readonly operands: Int32Array;
}

/** Body length in bytes up to which the shared scratch memory serves. */
const SCRATCH_LENGTH = 4096;

let shared: Scratch | null = null;

function scratchFor(length: number): Scratch {
  if (length <= SCRATCH_LENGTH && shared !== null) return shared;
  const size = Math.max(length, SCRATCH_LENGTH);
  const scratch: Scratch = {
    pcs: new Int32Array(size),
    ops: new Uint8Array(size),
    at: new Int32Array(size),
    // Every operand word but the high half of a 64-bit immediate has at least one byte of its own,
    // and such an immediate is the only one of its instruction, whose opcode byte pays for it.
    operands: new Int32Array(size),
  };
  if (size === SCRATCH_LENGTH) shared = scratch;
  return scratch;
}

/**
 * Decodes a whole function body. Memory is proportional to `code`: no operand word exists without a
 * byte behind it, bar the second words of 64-bit operands.
 *
 * @throws {CodeError} On an unknown opcode or a malformed operand.
 */
export function decodeCode(code: Uint8Array): DecodedCode {
  const length = code.length;
  const { pcs, ops, at, operands } = scratchFor(length);
  const cursor: LebCursor = { bytes: code, end: length, pos: 0, lo: 0, hi: 0 };
  let count = 0;
  let used = 0;
  let pos = 0;
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
          if (pos < length && code[pos] < 0x80) {
            operands[used++] = code[pos++];
            break;
          }
          cursor.pos = pos;
          operands[used++] = uleb32(cursor, pc);
          pos = cursor.pos;
          break;
        case 2: { // regs
          cursor.pos = pos;
          // Each register takes a byte, so a count that exceeds the bytes left makes this loop run
          // into their end: nothing is ever allocated from it.
          const list = uleb32(cursor, pc) >>> 0;
          operands[used++] = list;
          for (let k = 0; k < list; k++) operands[used++] = uleb32(cursor, pc);
          pos = cursor.pos;
          break;
        }
        case 4: // uleb64
        case 5: // sleb64
          cursor.pos = pos;
          check(kind === 4 ? readUleb(cursor) : readSleb(cursor), pc);
          operands[used++] = cursor.lo;
          operands[used++] = cursor.hi;
          pos = cursor.pos;
          break;
        case 6: // u64le
          if (pos + 8 > length) check(LEB_EOF, pc);
          for (let k = 0; k < 2; k++, pos += 4) {
            operands[used++] = code[pos] | code[pos + 1] << 8 | code[pos + 2] << 16 |
              code[pos + 3] << 24;
          }
          break;
        default: // u8, bool8
          if (pos >= length) check(LEB_EOF, pc);
          operands[used++] = kind === 8 ? (code[pos] !== 0 ? 1 : 0) : code[pos];
          pos++;
      }
    }
  }
  // One buffer for all four: small typed arrays are mostly overhead.
  const words = new Int32Array(count + 1 + count + 1 + used + (count + 3 >> 2));
  const { buffer } = words;
  const result: DecodedCode = {
    count,
    pcs: new Int32Array(buffer, 0, count + 1),
    at: new Int32Array(buffer, (count + 1) * 4, count + 1),
    operands: new Int32Array(buffer, (count + 1) * 8, used),
    ops: new Uint8Array(buffer, ((count + 1) * 2 + used) * 4, count),
  };
  words.set(pcs.subarray(0, count), 0);
  words[count] = length;
  words.set(at.subarray(0, count), count + 1);
  words[2 * count + 1] = used;
  words.set(operands.subarray(0, used), 2 * count + 2);
  result.ops.set(ops.subarray(0, count));
  return result;
}

function uleb32(cursor: LebCursor, pc: number): number {
  const { pos } = cursor;
  if (pos < cursor.end && cursor.bytes[pos] < 0x80) {
    cursor.pos = pos + 1;
    return cursor.bytes[pos];
  }
  check(readUleb(cursor), pc);
  if (cursor.hi !== 0) throw new CodeError("OutOfBounds", pc, "an operand does not fit 32 bits");
  return cursor.lo;
}

function check(outcome: number, pc: number): void {
  if (outcome === LEB_EOF) {
    throw new CodeError("UnexpectedEof", pc, "the code ends inside an instruction");
  }
  if (outcome === LEB_INVALID) {
    throw new CodeError("InvalidVarint", pc, "a LEB128 number is longer than 64 bits");
  }
}
