/**
 * What compiled code asks for (`front/requests.ts`) and is answered the same way whether it is machine
 * code or WebAssembly: the heap's bounds, and all requests but host calls.
 *
 * @module
 */
import { Request } from "../front/requests.ts";
import { BOUNDS_SOFT_END, BOUNDS_TOP, type Heap } from "../heap/heap.ts";
import { isUtf8 } from "../heap/text.ts";
import { checkCallee } from "../interp/entry.ts";
import type { Trap, TrapReason } from "../interp/trap.ts";
import { Context } from "../ir/context.ts";
import { type Program, spanAt } from "../tape/program.ts";
import { typeClass, type ValueType } from "../tape/types.ts";

// Word indices of context fields.
const SCRATCH = Context.scratch >> 3;
const HEAP_TOP = Context.heapTop >> 3;
const HEAP_LIMIT = Context.heapLimit >> 3;

/** The parts of a context block that are read and written here. */
export interface RequestWords {
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
}

/** Tells the code where the heap's top is and how far it may go. */
export function publishHeapBounds({ bounds }: Heap, { u32 }: RequestWords): void {
  u32[2 * HEAP_TOP] = bounds[BOUNDS_TOP];
  u32[2 * HEAP_TOP + 1] = 0;
  u32[2 * HEAP_LIMIT] = bounds[BOUNDS_SOFT_END];
  u32[2 * HEAP_LIMIT + 1] = 0;
}

/** Takes the heap's top from the code. */
export function fetchHeapTop({ bounds }: Heap, { u32 }: RequestWords): void {
  bounds[BOUNDS_TOP] = u32[2 * HEAP_TOP];
}

/** Answers a request that is no host call; returns why the run traps at it, if it does. */
export function answerRequest(
  request: number,
  heap: Heap,
  program: Program,
  context: RequestWords,
): TrapReason | undefined {
  const { i32, u32 } = context;
  switch (request) {
    case Request.Reserve: {
      const end = u32[2 * SCRATCH + 1] * 2 ** 32 + u32[2 * SCRATCH];
      i32[2 * SCRATCH] = heap.reserve(end) ? 1 : 0;
      i32[2 * SCRATCH + 1] = 0;
      publishHeapBounds(heap, context);
      return undefined;
    }
    case Request.CheckUtf8: {
      i32[2 * SCRATCH] = isUtf8(heap.u8, u32[2 * SCRATCH], u32[2 * SCRATCH + 1]) ? 1 : 0;
      i32[2 * SCRATCH + 1] = 0;
      return undefined;
    }
    case Request.CheckCall: {
      const callee = program.functions[u32[2 * SCRATCH]];
      const wanted = program.callSigs[u32[2 * SCRATCH + 2]];
      return checkCallee(wanted, callee, i32[2 * SCRATCH + 4] !== 0);
    }
    default:
      throw new Error(`internal: compiled code makes request ${request}`);
  }
}

/** The trap for `reason` at an instruction. */
export function locatedTrap(
  program: Program,
  reason: TrapReason,
  func: number,
  pc: number,
): Trap {
  const span = spanAt(program.functions[func].spans, pc);
  return span === undefined ? { ...reason, func, pc } : { ...reason, func, pc, span };
}

/** Whether values of `type` lie in linear memory. */
export function isInHeap(type: ValueType): boolean {
  const cls = typeClass(type);
  return (cls >= 6 && cls <= 9) || cls === 11;
}
