/**
 * Entering machine code. Owns the fast call and its fallback; relies on code that obeys the C
 * convention of the machine, preserves what a callee must and returns.
 *
 * `Deno.UnsafeFnPointer` costs about a microsecond a call, because it goes through the generic call
 * path. V8 compiles direct calls only to symbols that `Deno.dlopen` bound, so the gate is one of
 * those: `bsearch(key, base, 1, 8, fn)` calls `fn(key, base)` exactly once, whatever it returns. `key`
 * and `base` are both the context, so an entry receives it twice: in `rdi` and `rsi`, or `x0` and `x1`.
 *
 * @module
 */
import type { CodeSpace } from "./code_space.ts";
import { type GateFunction, openLibc } from "./libc.ts";
import { ContextBlock } from "./memory.ts";
import { nativeSupport } from "./platform.ts";
import { type Pointer, pointerTo } from "./pointer.ts";
import { type Reclaim, reclaim, throwDisposed } from "./reclaim.ts";

/** Calls the code at `entry` with `context` as its first two arguments. */
export type Enter = (entry: Pointer, context: Pointer) => void;

/** Options of a {@linkcode Gate}. */
export interface GateOptions {
  /**
   * `"bsearch"` or `"fn_pointer"` insists on one way; `"auto"`, the default, takes `bsearch` if the
   * probe finds that it behaves and is the faster one.
   */
  readonly route?: "auto" | "bsearch" | "fn_pointer";
}

/** What the probe saw of one route. */
export interface ProbeResult {
  /** What the routine saw wrong, or `null`: it ran once a call, with the right arguments. */
  readonly fault: string | null;
  /** Nanoseconds a call before any optimisation, the best of a few short rounds. */
  readonly nanoseconds: number;
}

/**
 * The way into machine code.
 *
 * @example Running published code
 * ```ts
 * import { CodeSpace } from "./code_space.ts";
 * import { Gate } from "./gate.ts";
 * import { ContextBlock } from "./memory.ts";
 * import { pointerTo } from "./pointer.ts";
 *
 * const ret = Deno.build.arch === "x86_64" ? [0xc3] : [0xc0, 0x03, 0x5f, 0xd6];
 * using space = new CodeSpace();
 * using gate = new Gate(space);
 * using context = new ContextBlock();
 * gate.enter(pointerTo(space.publish(Uint8Array.from(ret), 16)), context.pointer);
 * ```
 */
export class Gate implements Disposable {
  /**
   * Calls the code at `entry` on this thread and the stack of the caller, and returns when it does.
   * The code may call back into JavaScript; its result is dropped. Fast only if the caller keeps its
   * pointers, since making one costs more than the call.
   */
  enter: Enter;
  /** The same through `Deno.UnsafeFnPointer`, whatever route was chosen. */
  enterSlow: Enter;
  /** The route behind {@linkcode Gate.enter}. */
  readonly route: "bsearch" | "fn_pointer";
  /** The space the gate was opened for. Holding the gate keeps its code mapped. */
  readonly space: CodeSpace;
  /** Why `"auto"` did not choose `bsearch`, or `null`. */
  readonly fallback: string | null;
  readonly #reclaim: Reclaim;

  /**
   * Opens the gate.
   *
   * @param space whose code is going to be entered; the probe's routine is published in it for a
   * moment. A gate enters code of other spaces as well, but does not keep them alive.
   * @throws {Error} if the route insisted on does not behave.
   */
  constructor(space: CodeSpace, options: GateOptions = {}) {
    const { route = "auto" } = options;
    const libc = openLibc();
    try {
      const fast = bindFast(libc.gate);
      const slow = bindSlow();
      const choice = chooseRoute(route, space, fast, slow);
      this.space = space;
      this.route = choice.route;
      this.fallback = choice.fallback;
      this.enter = this.route === "bsearch" ? fast : slow;
      this.enterSlow = slow;
      // Tied to the function, not to the gate: a caller may keep `enter` alone.
      this.#reclaim = reclaim(fast, () => libc[Symbol.dispose]());
    } catch (error) {
      libc[Symbol.dispose]();
      throw error;
    }
  }

  /** Closes the gate; entering throws from now on. No code entered through it may be running. */
  [Symbol.dispose](): void {
    this.enter = this.enterSlow = () => throwDisposed("Gate");
    this.#reclaim.free();
  }
}

let bindings = 0;

/**
 * The fast call of one `bsearch` binding.
 *
 * V8 compiles a direct call only where it has seen one target. All closures of one function literal
 * share what they have seen, so a second library handle, opened after the first was closed, would make
 * every gate ten times slower for the rest of the process. Source text of its own gives each binding
 * feedback of its own.
 */
function bindFast(gate: GateFunction): Enter {
  const source = `return function enter(entry, context) {
    // SAFETY: bsearch reads nothing of its arguments, it calls entry(context, context) once, here and
    // now; the caller owns both. Views on the context are external memory, which does not move.
    gate(context, context, 1, 8, entry);
  }; // binding ${bindings++}`;
  try {
    return new Function("gate", source)(gate);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    // Code from strings is forbidden in this process (--disallow-code-generation-from-strings).
    // SAFETY: as above.
    return (entry, context) => gate(context, context, 1, 8, entry);
  }
}

const FN_POINTER = { parameters: ["pointer", "pointer"], result: "i32" } as const;

function bindSlow(): Enter {
  const known = new WeakMap<Pointer, Deno.UnsafeFnPointer<typeof FN_POINTER>>();
  return (entry, context) => {
    let fn = known.get(entry);
    if (fn === undefined) {
      fn = new Deno.UnsafeFnPointer(entry as Deno.PointerObject<typeof FN_POINTER>, FN_POINTER);
      known.set(entry, fn);
    }
    // SAFETY: calls entry(context, context) on this thread; the caller owns both.
    fn.call(context, context);
  };
}

/**
 * Decides between two ways in, by probing them.
 *
 * @param route as in {@linkcode GateOptions}.
 * @throws {Error} if the route insisted on, or the last one left, does not behave.
 */
export function chooseRoute(
  route: "auto" | "bsearch" | "fn_pointer",
  space: CodeSpace,
  fast: Enter,
  slow: Enter,
): { route: "bsearch" | "fn_pointer"; fallback: string | null } {
  if (route === "fn_pointer") {
    const { fault } = probe(space, slow);
    if (fault !== null) throw new Error(`Cannot enter machine code through a pointer: ${fault}`);
    return { route, fallback: null };
  }
  let fallback = "";
  // On a busy machine either may come out as the faster one, and every call of the wrong one costs
  // fifty times as much: three measurements have to agree on the pointer.
  for (let attempt = 0; attempt < 3; attempt++) {
    const result = probe(space, fast);
    if (result.fault !== null) {
      if (route === "bsearch") {
        throw new Error(`Cannot enter machine code by bsearch: ${result.fault}`);
      }
      fallback = `bsearch misbehaves: ${result.fault}`;
      break;
    }
    if (route === "bsearch") return { route, fallback: null };
    const other = probe(space, slow);
    if (result.nanoseconds <= other.nanoseconds) return { route: "bsearch", fallback: null };
    fallback = `bsearch took ${result.nanoseconds} ns a call, a pointer ${other.nanoseconds} ns`;
  }
  const { fault } = probe(space, slow);
  if (fault !== null) throw new Error(`Cannot enter machine code through a pointer: ${fault}`);
  return { route: "fn_pointer", fallback };
}

/** Words of the probe's context: what its routine writes, and the result it returns. */
const PROBE = { calls: 0, first: 1, second: 2, result: 3 } as const;

const PROBE_X64 = [
  ...[0x48, 0xff, 0x07], //       inc qword [rdi]
  ...[0x48, 0x89, 0x7f, 0x08], // mov [rdi + 8], rdi
  ...[0x48, 0x89, 0x77, 0x10], // mov [rdi + 16], rsi
  ...[0x8b, 0x47, 0x18], //       mov eax, [rdi + 24]
  0xc3, //                        ret
];

const PROBE_A64 = [
  0xf9400009, // ldr x9, [x0]
  0x91000529, // add x9, x9, #1
  0xf9000009, // str x9, [x0]
  0xf9000400, // str x0, [x0, #8]
  0xf9000801, // str x1, [x0, #16]
  0xb9401800, // ldr w0, [x0, #24]
  0xd65f03c0, // ret
];

/**
 * Calls a routine that reports what it was called with, once for each sign of its result (a search
 * that treats them differently would call it again), then times it.
 */
export function probe(space: CodeSpace, enter: Enter): ProbeResult {
  using context = new ContextBlock();
  const words = context.i64;
  const address = space.publish(probeRoutine());
  const entry = pointerTo(address);
  const here = BigInt(context.address);
  try {
    for (const result of [0n, 1n, -1n]) {
      words.fill(0n, 0, 3);
      words[PROBE.result] = result;
      enter(entry, context.pointer);
      const fault = words[PROBE.calls] !== 1n
        ? `one call with result ${result} ran the code ${words[PROBE.calls]} times`
        : words[PROBE.first] !== here
        ? `the first argument arrived as ${words[PROBE.first]}, not ${here}`
        : words[PROBE.second] !== here
        ? `the second argument arrived as ${words[PROBE.second]}, not ${here}`
        : null;
      if (fault !== null) return { fault, nanoseconds: Infinity };
    }
    return { fault: null, nanoseconds: fastestCall(enter, entry, context.pointer) };
  } finally {
    space.free(address);
  }
}

function fastestCall(enter: Enter, entry: Pointer, context: Pointer): number {
  const rounds = 3;
  const calls = 16;
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) enter(entry, context);
    best = Math.min(best, performance.now() - start);
  }
  return Math.round(best * 1e6 / calls);
}

function probeRoutine(): Uint8Array {
  const support = nativeSupport();
  if (!support.supported) throw new Error(`internal: ${support.reason}`);
  return support.arch === "x86_64"
    ? new Uint8Array(PROBE_X64)
    : new Uint8Array(new Uint32Array(PROBE_A64).buffer);
}
