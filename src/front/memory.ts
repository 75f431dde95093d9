/**
 * Lowering of allocation: the heap's top in the context block is bumped inline; only when it would
 * pass the soft limit does the code leave, to have memory grown or to trap (`heap/layout.ts`,
 * allocation rules).
 *
 * @module
 */
import { Context } from "../ir/context.ts";
import { Cond, Op, Type } from "../ir/opcodes.ts";
import type { Lowering } from "./lowering.ts";
import { Request } from "./requests.ts";
import { TrapNumber } from "./traps.ts";

/** The heap's top, as i64. */
export function heapTop(l: Lowering): number {
  return l.builder.ctxLoad(Type.I64, Context.heapTop);
}

/** Makes `end` (i64) the heap's top, or traps `MemoryLimitExceeded`. Goes on in a new block. */
export function setHeapTop(l: Lowering, end: number): void {
  const { builder, ir } = l, from = builder.current;
  const grow = builder.createBlock(), go = l.createNextBlock();
  const limit = builder.ctxLoad(Type.I64, Context.heapLimit);
  builder.brIf(builder.icmp(Cond.ugt, end, limit), grow, go);
  builder.seal(grow);
  builder.switchTo(grow);
  builder.ctxStore(Context.scratch, end);
  builder.exit(Request.Reserve, ir.addExitSite(l.pc));
  l.trapUnless(
    builder.unary(Op.wrap, builder.ctxLoad(Type.I64, Context.scratch), Type.I32),
    TrapNumber.MemoryLimitExceeded,
  );
  builder.jump(go);
  builder.seal(go, from);
  builder.switchTo(go);
  builder.ctxStore(Context.heapTop, end);
}
