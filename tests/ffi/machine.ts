/**
 * Hand-assembled routines for both processors, and a reader of `/proc/self/maps`. All routines take
 * the context pointer as first argument and return 0. Needs no permission to be imported, so child
 * processes of tests use it as well.
 *
 * @module
 */
import type { CodeSpace } from "../../ffi/code_space.ts";
import { type Pointer, pointerTo } from "../../ffi/pointer.ts";

function routine(x64: number[], a64: number[]): Uint8Array {
  return Deno.build.arch === "x86_64"
    ? new Uint8Array(x64)
    : new Uint8Array(new Uint32Array(a64).buffer);
}

/** `context.i64[0] += 1` */
export const INCREMENT: Uint8Array = routine(
  [
    ...[0x48, 0xff, 0x07], // inc qword [rdi]
    ...[0x31, 0xc0], //       xor eax, eax
    0xc3, //                  ret
  ],
  [
    0xf9400009, // ldr x9, [x0]
    0x91000529, // add x9, x9, #1
    0xf9000009, // str x9, [x0]
    0x52800000, // mov w0, #0
    0xd65f03c0, // ret
  ],
);

/** `context.i64[1] = (int32_t) context.i64[0](context)` */
export const CALL: Uint8Array = routine(
  [
    0x53, //                        push rbx          also aligns the stack
    ...[0x48, 0x89, 0xfb], //       mov rbx, rdi
    ...[0xff, 0x17], //             call [rdi]
    ...[0x48, 0x63, 0xc0], //       movsxd rax, eax
    ...[0x48, 0x89, 0x43, 0x08], // mov [rbx + 8], rax
    ...[0x31, 0xc0], //             xor eax, eax
    0x5b, //                        pop rbx
    0xc3, //                        ret
  ],
  [
    0xa9be7bfd, // stp x29, x30, [sp, #-32]!
    0xf9000bf3, // str x19, [sp, #16]
    0xaa0003f3, // mov x19, x0
    0xf9400010, // ldr x16, [x0]
    0xd63f0200, // blr x16
    0x93407c09, // sxtw x9, w0
    0xf9000669, // str x9, [x19, #8]
    0x52800000, // mov w0, #0
    0xf9400bf3, // ldr x19, [sp, #16]
    0xa8c27bfd, // ldp x29, x30, [sp], #32
    0xd65f03c0, // ret
  ],
);

/**
 * Runs on another stack: `[0]` saves the host's stack pointer, `[1]` is the guest's, `[2]` receives
 * the one seen there; `[3]` and `[4]` are pushed, and a callee that finds them on the stack adds them
 * into `[5]`.
 */
export const SWITCH_STACK: Uint8Array = routine(
  [
    ...[0x48, 0x89, 0x27], //             mov [rdi], rsp
    ...[0x48, 0x8b, 0x67, 0x08], //       mov rsp, [rdi + 8]
    ...[0x48, 0x89, 0x67, 0x10], //       mov [rdi + 16], rsp
    ...[0xff, 0x77, 0x18], //             push qword [rdi + 24]
    ...[0xff, 0x77, 0x20], //             push qword [rdi + 32]
    ...[0xe8, 0x0a, 0, 0, 0], //          call add
    ...[0x48, 0x89, 0x47, 0x28], //       mov [rdi + 40], rax
    ...[0x48, 0x8b, 0x27], //             mov rsp, [rdi]
    ...[0x31, 0xc0], //                   xor eax, eax
    0xc3, //                              ret
    ...[0x48, 0x8b, 0x44, 0x24, 0x08], // add: mov rax, [rsp + 8]
    ...[0x48, 0x03, 0x44, 0x24, 0x10], // add rax, [rsp + 16]
    0xc3, //                              ret
  ],
  [
    0x910003e9, // mov x9, sp
    0xf9000009, // str x9, [x0]
    0xf9400409, // ldr x9, [x0, #8]
    0x9100013f, // mov sp, x9
    0x910003e9, // mov x9, sp
    0xf9000809, // str x9, [x0, #16]
    0xa941ac0a, // ldp x10, x11, [x0, #24]
    0xa9bf2fea, // stp x10, x11, [sp, #-16]!
    0xf81f0ffe, // str x30, [sp, #-16]!
    0x94000007, // bl add
    0xf84107fe, // ldr x30, [sp], #16
    0xf900140c, // str x12, [x0, #40]
    0xf9400009, // ldr x9, [x0]
    0x9100013f, // mov sp, x9
    0x52800000, // mov w0, #0
    0xd65f03c0, // ret
    0xa9412fea, // add: ldp x10, x11, [sp, #16]
    0x8b0b014c, // add x12, x10, x11
    0xd65f03c0, // ret
  ],
);

/** Publishes `bytes` and returns the pointer to enter them by. */
export function publish(space: CodeSpace, bytes: Uint8Array): Pointer {
  return pointerTo(space.publish(bytes));
}

/** One line of `/proc/self/maps`. */
export interface Mapping {
  start: number;
  end: number;
  /** As `rwxp`. */
  rights: string;
  name: string;
}

/** The memory map of this process, optionally only what overlaps `[start, end)`. */
export function mappings(start = 0, end = Infinity): Mapping[] {
  const lines = Deno.readTextFileSync("/proc/self/maps").trimEnd().split("\n");
  return lines.map(parseMapping).filter((m) => m.start < end && m.end > start);
}

function parseMapping(line: string): Mapping {
  const match = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$/.exec(line);
  if (match === null) throw new Error(`Cannot read the mapping "${line}"`);
  const [, start, end, rights, name] = match;
  return { start: parseInt(start, 16), end: parseInt(end, 16), rights, name };
}

/** The mappings of code memory files. */
export function memoryFiles(): Mapping[] {
  return mappings().filter((mapping) => mapping.name.includes("memfd:burin-code"));
}

/** Whether some mapping is writable and executable. */
export function hasWritableCode(list: Mapping[]): boolean {
  return list.some(({ rights }) => rights[1] === "w" && rights[2] === "x");
}
