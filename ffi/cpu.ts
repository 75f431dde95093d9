/**
 * What the processor can do beyond its baseline. Owns a CPUID routine of its own; relies on the gate
 * to run it. Nothing is guessed from names or files.
 *
 * @module
 */
import type { CodeSpace } from "./code_space.ts";
import type { Gate } from "./gate.ts";
import { ContextBlock } from "./memory.ts";
import type { Arch } from "./platform.ts";
import { pointerTo } from "./pointer.ts";

/** Optional instructions of x86-64 that code generation makes use of. */
export interface X64Features {
  /** SSE4.1: `roundsd` and others. */
  readonly sse41: boolean;
  /** `popcnt`. */
  readonly popcnt: boolean;
  /** `lzcnt`. Without it the same bytes run as `bsr`, with another result. */
  readonly lzcnt: boolean;
  /** BMI1: `tzcnt`, `andn` and others. */
  readonly bmi1: boolean;
  /** BMI2: `shlx`, `shrx`, `sarx`, `mulx`, `rorx` and others. */
  readonly bmi2: boolean;
}

/** No optional instruction at all: what any x86-64 processor runs. */
export const X64_BASELINE: X64Features = {
  sse41: false,
  popcnt: false,
  lzcnt: false,
  bmi1: false,
  bmi2: false,
};

/** 32-bit words of the routine's context. */
const CPUID = { leaf: 0, subleaf: 1, eax: 2, ebx: 3, ecx: 4, edx: 5 } as const;

const CPUID_ROUTINE = [
  0x53, //                    push rbx             cpuid overwrites it, the caller keeps it
  ...[0x8b, 0x07], //         mov eax, [rdi]
  ...[0x8b, 0x4f, 0x04], //   mov ecx, [rdi + 4]
  ...[0x0f, 0xa2], //         cpuid
  ...[0x89, 0x47, 0x08], //   mov [rdi + 8], eax
  ...[0x89, 0x5f, 0x0c], //   mov [rdi + 12], ebx
  ...[0x89, 0x4f, 0x10], //   mov [rdi + 16], ecx
  ...[0x89, 0x57, 0x14], //   mov [rdi + 20], edx
  ...[0x31, 0xc0], //         xor eax, eax
  0x5b, //                    pop rbx
  0xc3, //                    ret
];

/**
 * Asks the processor for its features.
 *
 * Source: Intel SDM vol. 2, CPUID: leaf 1 ECX, leaf 7.0 EBX, leaf 0x80000001 ECX.
 *
 * @throws {Error} on another processor than x86-64.
 */
export function detectX64Features(space: CodeSpace, gate: Gate, arch: Arch): X64Features {
  if (arch !== "x86_64") throw new Error(`Cannot run CPUID on "${arch}": only x86-64 has it`);
  using context = new ContextBlock();
  const words = context.u32;
  const address = space.publish(new Uint8Array(CPUID_ROUTINE));
  const entry = pointerTo(address);
  const ask = (leaf: number, register: number): number => {
    words[CPUID.leaf] = leaf;
    words[CPUID.subleaf] = 0;
    gate.enter(entry, context.pointer);
    return words[register];
  };
  // A leaf above the highest one answers with the data of another, so the highest is asked first.
  const leaf = (number: number, register: number): number =>
    ask((number & 0x8000_0000) >>> 0, CPUID.eax) >= number ? ask(number, register) : 0;
  try {
    const basic = leaf(1, CPUID.ecx);
    const structured = leaf(7, CPUID.ebx);
    const extended = leaf(0x8000_0001, CPUID.ecx);
    return {
      sse41: bit(basic, 19),
      popcnt: bit(basic, 23),
      lzcnt: bit(extended, 5),
      bmi1: bit(structured, 3),
      bmi2: bit(structured, 8),
    };
  } finally {
    space.free(address);
  }
}

function bit(word: number, index: number): boolean {
  return ((word >>> index) & 1) !== 0;
}
