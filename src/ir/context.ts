/**
 * The context block: the one structure that machine code and the engine share. Machine code has its
 * address in a pinned register for the whole run; the engine sees it as typed arrays. Every offset is
 * defined here and nowhere else.
 *
 *     0    exitCode        i32   ExitCode of the last leave
 *     4    exitSite        i32   site index within the function (traps, resumable exits)
 *     8    exitFunction    i32   function whose site table that index belongs to
 *     12   resultCount     i32   reserved, zero
 *     16   fuel            u64   units left; lives in a pinned register inside
 *     24   depth           i64   call levels left; lives in a pinned register inside
 *     32   hostStack       u64   host stack pointer, saved on entry
 *     40   guestStack      u64   guest stack pointer to enter with; saved by resumable exits
 *     48   target          u64   address to go to on entry: an entry thunk or a resume address
 *     56   functionTable   u64   address of the table of function entry addresses, 8 bytes each
 *     64   heapBase        u64   address of linear memory
 *     72   heapTop         u64   offset of the first free heap byte
 *     80   heapLimit       u64   offset that heapTop may not pass
 *     88   leave           u64   address of the shared leave routine
 *     96   memcpy          u64   address of libc's memcpy
 *     104  memcmp          u64   address of libc's memcmp
 *     112  fmod            u64   address of libm's fmod
 *     120  callback        u64   address of the C function that answers requests, 0 for none: it
 *                                takes the context and returns 0 to go on, else to leave
 *     128  scratch         4 words for exits: operands and results of dispatcher requests
 *     160  fuelOut         u64   address of the shared routine for exits that run out of fuel
 *     192  saved           56 words: the registers of code that ran out of fuel, see below
 *     640  area            arguments on entry, results on leave: one 8-byte word each
 *
 * Code that runs out of fuel can go on with all registers as they were. `saved` holds, in words:
 *
 *     x86-64   0  the integer registers of `X64_REGISTERS` in that order (11)
 *             11  low halves of xmm0 to xmm14 (15)
 *     A64      0  x0 to x15, x19 to x25, x30 (24)
 *             24  d0 to d30 (31)
 *             55  where to go on
 *
 * The IR names its fields by offset (`ctx_load`, `ctx_store`), so front ends use it too.
 *
 * @module
 */

/** Byte offsets in the context block. */
export const Context = {
  exitCode: 0,
  exitSite: 4,
  exitFunction: 8,
  fuel: 16,
  depth: 24,
  hostStack: 32,
  guestStack: 40,
  target: 48,
  functionTable: 56,
  heapBase: 64,
  heapTop: 72,
  heapLimit: 80,
  leave: 88,
  memcpy: 96,
  memcmp: 104,
  fmod: 112,
  callback: 120,
  scratch: 128,
  fuelOut: 160,
  saved: 192,
  area: 640,
} as const;

/** Why machine code left (`Context.exitCode`). `Fuel` and codes from `Request` on may come back. */
export const ExitCode = {
  /** The entry function returned; results are in the area. */
  Return: 0,
  /** A trap at a site; nothing comes back. */
  Trap: 1,
  /**
   * Fuel ran out in the segment of a site; the fuel field has been charged in full, modulo 2^64.
   * Whoever adds as much fuel as was missing may enter again: the segment then runs.
   */
  Fuel: 2,
  /** A call found no level left. */
  Depth: 3,
  /** First code of resumable exits: `Request + code` of the IR's `exit`. */
  Request: 16,
} as const;

/** Symbols of the IR's `call_native`, and the context field that holds each one's address. */
export const NativeSymbol = { memcpy: 0, memcmp: 1, fmod: 2 } as const;

/** Context offset of the address of each `NativeSymbol`. */
export const NATIVE_SYMBOL_OFFSET: readonly number[] = [
  Context.memcpy,
  Context.memcmp,
  Context.fmod,
];
