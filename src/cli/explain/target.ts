/**
 * The instruction sets as a listing sees them: how to compile, how to read back one instruction, and
 * what its operands stand for in the guest's conventions.
 *
 * @module
 */
import { compileA64 } from "../../a64/compile.ts";
import { disassemble as disassembleA64 } from "../../a64/disasm.ts";
import type { CompiledFunction } from "../../codegen/compiled.ts";
import type { MachFunc } from "../../codegen/mach.ts";
import type { Allocation } from "../../codegen/regalloc.ts";
import type { Func } from "../../ir/func.ts";
import { compileX64 } from "../../x64/compile.ts";
import { decodeInstruction } from "../../x64/disasm.ts";
import { X64_ALL_FEATURES, X64_NO_FEATURES } from "../../x64/features.ts";

/** Names of the targets. */
export const TARGET_NAMES = ["a64", "x64"] as const;

/** One of them. */
export type TargetName = (typeof TARGET_NAMES)[number];

/** The target of the machine this runs on, or x64 if code for it can't be made. */
export function machineTarget(): TargetName {
  return Deno.build.arch === "aarch64" ? "a64" : "x64";
}

/** How to compile for a listing. */
export interface TargetOptions {
  /** x64: only instructions that every processor has. */
  readonly baseline: boolean;
  /** Called with what the allocator made of the function. */
  readonly onAllocated: (mach: MachFunc, allocation: Allocation) => void;
}

/** A stub that names a site and goes on to what all exits of its kind share. */
export interface ColdExit {
  /** Index of the site. */
  readonly site: number;
  /** Offset of the shared part. */
  readonly tail: number;
}

/** One instruction set. */
export interface Target {
  /** Compiles a function, which is not fit for anything else afterwards. */
  compile(func: Func, index: number, options: TargetOptions): CompiledFunction;
  /** Reads the instruction at offset `at`. */
  decode(code: Uint8Array, at: number): { readonly length: number; readonly text: string };
  /** The bytes of an instruction as they are usually shown. */
  bytes(bytes: Uint8Array): string;
  /** Offset behind the last instruction; the entry thunk is the last one. */
  codeEnd(compiled: CompiledFunction): number;
  /** Bytes of jump table that lie at `at`, behind the branch that uses it; 0 if there is none. */
  tableLength(compiled: CompiledFunction, at: number, before: readonly string[]): number;
  /** Registers with one meaning throughout. */
  readonly pinned: readonly (readonly [pattern: RegExp, name: string])[];
  /** Offset in the context block that an operand names. */
  contextOffset(text: string): number | undefined;
  /** Offset in the code that an operand names as data. */
  dataOffset(text: string, end: number): number | undefined;
  /** What the cold exit does that starts with these instructions; `at` gives the text at an offset. */
  coldExit(
    next: readonly string[],
    at: (offset: number) => string | undefined,
  ): ColdExit | undefined;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

const X64: Target = {
  compile: (func, index, { baseline, onAllocated }) =>
    compileX64(func, index, { cpu: baseline ? X64_NO_FEATURES : X64_ALL_FEATURES, onAllocated }),
  decode: (code, at) => decodeInstruction(code, at),
  bytes: hex,
  codeEnd: ({ code, thunk }) => {
    // The thunk ends with the only jump it has.
    for (let at = thunk; at < code.length;) {
      const { text, length } = decodeInstruction(code, at);
      at += length;
      if (text.startsWith("jmp")) return at;
    }
    throw new Error("internal: the entry thunk has no end");
  },
  tableLength: () => 0,
  pinned: [[/\br14d?\b/, "fuel"], [/\br13d?\b/, "depth"]],
  contextOffset: (text) => {
    const match = /\[r15(?:\+0x([0-9a-f]+))?\]/.exec(text);
    return match === null ? undefined : parseInt(match[1] ?? "0", 16);
  },
  dataOffset: (text, end) => {
    const match = /\[rip\+0x([0-9a-f]+)\]/.exec(text);
    return match === null ? undefined : end + parseInt(match[1], 16);
  },
  coldExit: ([load, jump], at) => {
    const site = /^mov r11d,0x([0-9a-f]+)$/.exec(load ?? "");
    // Want of fuel calls the shared part, to come back.
    const tail = /^(?:jmp|call) 0x([0-9a-f]+)$/.exec(jump ?? "");
    if (site === null || tail === null) return undefined;
    if (at(parseInt(tail[1], 16)) !== "mov DWORD PTR [r15+0x4],r11d") return undefined;
    return { site: parseInt(site[1], 16), tail: parseInt(tail[1], 16) };
  },
};

function word(code: Uint8Array, at: number): number {
  return code[at] | code[at + 1] << 8 | code[at + 2] << 16 | code[at + 3] << 24;
}

const A64: Target = {
  compile: (func, index, { onAllocated }) => compileA64(func, index, { onAllocated }),
  decode: (code, at) => ({ length: 4, text: disassembleA64(word(code, at), at) }),
  bytes: (bytes) => (word(bytes, 0) >>> 0).toString(16).padStart(8, "0"),
  codeEnd: ({ code, thunk }) => {
    for (let at = thunk; at < code.length; at += 4) {
      if (disassembleA64(word(code, at), at).startsWith("br ")) return at + 4;
    }
    throw new Error("internal: the entry thunk has no end");
  },
  tableLength: ({ code }, at, before) => {
    const address = `0x${at.toString(16)}`;
    const isTable = before.at(-1) === "br x17" &&
      before.slice(-4).some((text) => text === `adr x17, ${address}`);
    let end = at;
    // Entries are distances within the function; no instruction is such a small number.
    while (isTable && end < code.length && Math.abs(word(code, end)) < code.length) end += 4;
    return end - at;
  },
  pinned: [[/\b[wx]27\b/, "fuel"], [/\b[wx]26\b/, "depth"]],
  contextOffset: (text) => {
    const match = /\[x28(?:, #(\d+))?\]/.exec(text);
    return match === null ? undefined : Number(match[1] ?? 0);
  },
  dataOffset: (text) => {
    const match = /^ldr [dsqx]\d+, 0x([0-9a-f]+)$/.exec(text);
    return match === null ? undefined : parseInt(match[1], 16);
  },
  coldExit: (all, at) => {
    // Want of fuel comes with the address to come back to.
    const next = /^adr x17, /.test(all[0] ?? "") ? all.slice(1) : all;
    const low = /^mov [wx]16, #0x([0-9a-f]+)$/.exec(next[0] ?? "");
    const high = /^movk [wx]16, #0x([0-9a-f]+), lsl #16$/.exec(next[1] ?? "");
    const tail = /^b 0x([0-9a-f]+)$/.exec(next[high === null ? 1 : 2] ?? "");
    if (low === null || tail === null) return undefined;
    const isTail = next === all
      ? at(parseInt(tail[1], 16) + 4) === "stp w17, w16, [x28]"
      : at(parseInt(tail[1], 16)) === "str w16, [x28, #4]";
    if (!isTail) return undefined;
    const site = parseInt(low[1], 16) + (high === null ? 0 : parseInt(high[1], 16) * 0x1_0000);
    return { site, tail: parseInt(tail[1], 16) };
  },
};

/** The instruction set of a target. */
export function targetOf(name: TargetName): Target {
  return name === "x64" ? X64 : A64;
}
