/**
 * Programs for verifier tests, put together from instructions without any help of the builder, so
 * that every kind of nonsense can be expressed.
 *
 * @module
 */
import { type OpcodeInfo, OPCODES } from "../../src/tape/opcodes.ts";
import type { Program, TapeFunction } from "../../src/tape/program.ts";
import { verify, type VerifyConfig } from "../../src/tape/verify.ts";
import { VerifyError, type VerifyErrorDetail } from "../../src/tape/verify_error.ts";

/** A register or other number, a register list, a wide immediate, or `@label` for a target. */
export type Operand = number | bigint | boolean | string | readonly number[];

/** `"name:"` defines a label; anything else is a mnemonic with its operands. */
export type Line = string | readonly [mnemonic: string, ...operands: Operand[]];

const ROWS = new Map<string, OpcodeInfo>([...OPCODES.values()].map((row) => [row.mnemonic, row]));

function uleb(value: bigint): number[] {
  const bytes: number[] = [];
  do {
    bytes.push(Number(value & 0x7fn) | (value > 0x7fn ? 0x80 : 0));
    value >>= 7n;
  } while (value > 0n);
  return bytes;
}

function sleb(value: bigint): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    if (value === (low & 0x40 ? -1n : 0n)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** Bytecode of `lines`. Targets given by label take three bytes. */
export function code(...lines: Line[]): Uint8Array<ArrayBuffer> {
  return assembleLines(lines);
}

function assembleLines(lines: readonly Line[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const labels = new Map<string, number>();
  const fixups: { at: number; label: string }[] = [];
  for (const line of lines) {
    if (typeof line === "string") {
      labels.set(line.slice(0, -1), bytes.length);
      continue;
    }
    const [mnemonic, ...operands] = line;
    const row = ROWS.get(mnemonic);
    if (row === undefined) throw new Error(`no opcode ${mnemonic}`);
    if (operands.length !== row.operands.length) throw new Error(`operands of ${mnemonic}`);
    bytes.push(row.opcode);
    operands.forEach((operand, k) => {
      if (typeof operand === "string") {
        fixups.push({ at: bytes.length, label: operand.slice(1) });
        bytes.push(0x80, 0x80, 0);
        return;
      }
      switch (row.operands[k].kind) {
        case "regs":
          bytes.push(...uleb(BigInt((operand as number[]).length)));
          for (const reg of operand as number[]) bytes.push(...uleb(BigInt(reg)));
          break;
        case "sleb64":
          bytes.push(...sleb(BigInt(operand as number)));
          break;
        case "u64le":
          for (let shift = 0n; shift < 64n; shift += 8n) {
            bytes.push(Number((BigInt(operand as number) >> shift) & 0xffn));
          }
          break;
        case "u8":
        case "bool8":
          bytes.push(Number(operand));
          break;
        default:
          bytes.push(...uleb(BigInt(operand as number)));
      }
    });
  }
  for (const { at, label } of fixups) {
    const pc = labels.get(label);
    if (pc === undefined) throw new Error(`no label ${label}`);
    bytes[at] |= pc & 0x7f;
    bytes[at + 1] |= (pc >> 7) & 0x7f;
    bytes[at + 2] |= pc >> 14;
  }
  return Uint8Array.from(bytes);
}

/** A function; counts follow from the lists unless given. */
export function func(fields: Partial<TapeFunction> & { lines?: readonly Line[] }): TapeFunction {
  const { lines = [["ret", 0, []]], args = [], results = [], ...rest } = fields;
  return {
    args,
    results,
    argCount: args.length,
    resultCount: results.length,
    regCount: 10,
    code: assembleLines(lines),
    spans: new BigUint64Array(0),
    argNames: null,
    resultNames: null,
    ...rest,
  };
}

/** A program with these functions. */
export function program(functions: readonly TapeFunction[], rest: Partial<Program> = {}): Program {
  return {
    symbols: [""],
    constants: [],
    structs: [],
    arrayElems: [],
    functions,
    hostSigs: [],
    callSigs: [],
    argShapes: [],
    name: 0,
    functionNames: [],
    labelNames: [],
    ...rest,
  };
}

/** The error that verifying `program` gives, or null. */
export function verdict(program: Program, config?: VerifyConfig): VerifyErrorDetail | null {
  try {
    verify(program, config);
    return null;
  } catch (error) {
    if (error instanceof VerifyError) return error.detail;
    throw error;
  }
}
