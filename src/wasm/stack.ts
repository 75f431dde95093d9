/**
 * How much stack WebAssembly code finds. Its frames are on a stack of the JavaScript engine, whose size
 * nobody tells and which callers may have used up already; to run out of it in the middle of a run would
 * be to lose the run. So it is tried out before it is needed.
 *
 * @module
 */
import type { Binaryen } from "./binaryen.ts";
import { canSuspend, promising } from "./web.ts";

/**
 * Bytes that a frame of `descend` has at least: engines pass JavaScript's arguments on the stack, and
 * what optimises does not merge frames of direct recursion.
 */
const DESCENT_BYTES = 8 * 15;

/** Recurs `levels` deep. */
function descend(
  levels: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
  i: number,
  j: number,
  k: number,
  l: number,
): number {
  return levels <= 0 ? 0 : 1 + descend(levels - 1, a, b, c, d, e, f, g, h, i, j, k, l);
}

/** Whether the stack that this is called on has `bytes` bytes left. Takes some 50 ns a KiB. */
export function stackHas(bytes: number): boolean {
  try {
    descend(Math.ceil(bytes / DESCENT_BYTES), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** i64 parameters of the function that tries out fresh stacks; a few of them are in registers. */
const PROBE_PARAMS = 100;
const PROBE_BYTES = 8 * (PROBE_PARAMS - 16);
/** Frames of that function to begin with: 215 KB, and what the engine adds. */
const PROBE_FRAMES = 320;

let fresh = 0;

/** Bytes that code entered as `promising` finds on its own stack, once `measureFreshStack` is done. */
export function freshStackBytes(): number {
  return fresh;
}

/** Finds out how large the stacks of `promising` code are, up to 215 KB, where engines have such. */
export async function measureFreshStack(binaryen: Binaryen): Promise<void> {
  if (!canSuspend() || fresh > 0) return;
  const params = "(param i64) ".repeat(PROBE_PARAMS);
  const args = Array.from({ length: PROBE_PARAMS }, (_, k) => `(local.get ${k + 1})`).join(" ");
  const m = binaryen.parseText(`(module
    (global $levels (import "probe" "levels") i32)
    (func $descend (param $n i32) ${params}
      (if (i32.gt_s (local.get $n) (i32.const 0))
        (then (call $descend (i32.sub (local.get $n) (i32.const 1)) ${args}))))
    (func (export "start")
      (call $descend (global.get $levels) ${"(i64.const 0) ".repeat(PROBE_PARAMS)})))`);
  const module = new WebAssembly.Module(m.emitBinary() as Uint8Array<ArrayBuffer>);
  m.dispose();
  for (let levels = PROBE_FRAMES; levels > 0; levels >>= 1) {
    const { exports } = new WebAssembly.Instance(module, {
      probe: { levels: new WebAssembly.Global({ value: "i32" }, levels) },
    });
    try {
      await promising(exports.start as () => void)();
      fresh = levels * PROBE_BYTES;
      return;
    } catch {
      // Less, then.
    }
  }
}
