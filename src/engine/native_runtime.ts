/**
 * What an engine needs to run machine code: executable memory, the gate, the shared routines, and
 * pools of context blocks and guest stacks. One per engine, opened on first use.
 *
 * @module
 */
import { Callback } from "../../ffi/callbacks.ts";
import { CodeSpace } from "../../ffi/code_space.ts";
import { detectX64Features } from "../../ffi/cpu.ts";
import { Gate } from "../../ffi/gate.ts";
import { type Libc, openLibc } from "../../ffi/libc.ts";
import { ContextBlock, GuestStack } from "../../ffi/memory.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import { type Pointer, pointerTo } from "../../ffi/pointer.ts";
import { Context } from "../codegen/context.ts";
import { Counters } from "./stats.ts";
import { a64Target, type Target, x64Target } from "./target.ts";

/** Pooled things of each kind that are kept for later runs. */
const POOL_LIMIT = 8;

/** Stacks up to this size go back to the pool. */
const POOLED_STACK_BYTES = 1 << 20;

/** What C functions called from machine code may need below the guest's own frames. */
export const NATIVE_STACK_RESERVE: number = 64 << 10;

/**
 * How requests of machine code, host calls above all, reach JavaScript: by leaving and entering
 * again, or by a call from machine code on the host stack.
 */
export type HostCallRoute = "reenter" | "callback";

/** Who answers the requests of the machine code that runs. */
export interface RequestHandler {
  /** Answers the request in the handler's context; 0 to go on, anything else to leave. */
  answer(): number;
}

/** How machine code is placed and entered; for tests and unusual systems. */
export interface NativeOptions {
  /**
   * How code gets into executable pages: through a second mapping (`"memfd"`), by changing their
   * protection (`"mprotect"`), or as macOS's `MAP_JIT` has it. What works, unless given.
   */
  readonly pages?: "auto" | "memfd" | "mprotect" | "map_jit";
  /** Bytes of address space for code; 64 MiB unless given, 128 MiB at most. */
  readonly reserve?: number;
  /** How code is entered: V8's fast call of `bsearch`, or `Deno.UnsafeFnPointer`. The fast one. */
  readonly entry?: "auto" | "bsearch" | "fn_pointer";
}

/** See the module text. */
export class NativeRuntime implements Disposable {
  /** Whether the code space is there; without it all code is gone. */
  isOpen = true;
  /** The instruction set. */
  readonly target: Target;
  /** Executable memory. */
  readonly space: CodeSpace;
  /** The way in. */
  readonly gate: Gate;
  /** The C function that goes from a context block into machine code. */
  readonly start: Pointer;
  /** What is counted. */
  readonly counters: Counters;
  /** How requests come. */
  readonly route: HostCallRoute;
  readonly #libc: Libc;
  readonly #callback: Callback | undefined;
  /** Whose machine code runs, that is, the innermost of nested runs. The callback holds this object. */
  readonly #running: { handler: RequestHandler | undefined } = { handler: undefined };
  readonly #leave: number;
  readonly #fuelOut: number;
  readonly #contexts: ContextBlock[] = [];
  readonly #stacks: GuestStack[] = [];
  #disposed = false;
  /** Contexts that are lent: runs under way. */
  #runs = 0;

  /**
   * Opens the runtime.
   *
   * @throws {Error} When machine code can't run here; the message says why.
   */
  constructor(
    options: NativeOptions = {},
    hostCalls: HostCallRoute = "reenter",
    counters: Counters = new Counters(),
  ) {
    this.counters = counters;
    this.route = hostCalls;
    const support = nativeSupport();
    if (!support.supported) throw new Error(support.reason);
    using cleanup = new DisposableStack();
    this.#libc = cleanup.use(openLibc());
    this.space = cleanup.use(new CodeSpace({ mode: options.pages, reserve: options.reserve }));
    this.gate = cleanup.use(new Gate(this.space, { route: options.entry }));
    this.target = support.arch === "aarch64"
      ? a64Target()
      : x64Target(detectX64Features(this.space, this.gate, support.arch));
    const stubs = this.target.stubs();
    const address = this.space.publish(stubs.code, 16);
    this.start = pointerTo(address + stubs.start);
    this.#leave = address + stubs.leave;
    if (hostCalls === "callback") {
      this.#callback = cleanup.use(new Callback(answering(this.#running)));
    }
    this.#fuelOut = address + stubs.fuelOut;
    cleanup.move();
  }

  /**
   * Runs machine code from the context block at `context` until it leaves. `handler` answers its
   * requests if they come as calls; otherwise they are exits like others.
   */
  enter(context: Pointer, handler: RequestHandler): void {
    const callback = this.#callback;
    if (callback === undefined) {
      // SAFETY: `start` is this runtime's own routine and keeps what C functions must. The caller owns
      // the context, and through it a guarded stack that is large enough and a memory, for as long as
      // its run lasts, on this thread. The context's views are of fixed pages; those of the memory are
      // the caller's to fetch anew.
      this.gate.enter(this.start, context);
      return;
    }
    const running = this.#running;
    const outer = running.handler;
    running.handler = handler;
    try {
      // SAFETY: as above.
      this.gate.enter(this.start, context);
    } finally {
      // The way in may not fit the stack of JavaScript, and what runs below goes on all the same.
      running.handler = outer;
    }
    if (callback.threw) throw callback.takeError();
  }

  /** Whether runs may begin. */
  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** A context block of at least `bytes` bytes with the fixed addresses filled in. */
  borrowContext(bytes: number): ContextBlock {
    if (this.#disposed) throw new Error("the engine has been disposed of");
    const pooled = this.#contexts.pop();
    if (pooled !== undefined) {
      if (pooled.size >= bytes) {
        this.#runs++;
        return pooled;
      }
      pooled[Symbol.dispose]();
    }
    const context = new ContextBlock(bytes);
    this.#runs++;
    const { u64 } = context;
    u64[Context.leave >> 3] = BigInt(this.#leave);
    u64[Context.callback >> 3] = BigInt(this.#callback?.address ?? 0);
    u64[Context.fuelOut >> 3] = BigInt(this.#fuelOut);
    u64[Context.memcpy >> 3] = BigInt(this.#libc.address("memcpy"));
    u64[Context.memcmp >> 3] = BigInt(this.#libc.address("memcmp"));
    u64[Context.fmod >> 3] = BigInt(this.#libc.address("fmod"));
    return context;
  }

  /** Takes a context block back. */
  returnContext(context: ContextBlock): void {
    this.#runs--;
    if (this.#disposed || this.#contexts.length >= POOL_LIMIT) context[Symbol.dispose]();
    else this.#contexts.push(context);
    if (this.#disposed && this.#runs === 0) this.#free();
  }

  /** A guest stack with room for `bytes` of frames beside what C functions need. */
  borrowStack(bytes: number): GuestStack {
    const size = bytes + NATIVE_STACK_RESERVE;
    const pooled = this.#stacks.pop();
    if (pooled !== undefined) {
      if (pooled.size >= size) return pooled;
      pooled[Symbol.dispose]();
    }
    return new GuestStack({ size });
  }

  /** Takes a stack back. */
  returnStack(stack: GuestStack): void {
    if (this.#disposed || this.#stacks.length >= POOL_LIMIT || stack.size > POOLED_STACK_BYTES) {
      stack[Symbol.dispose]();
    } else this.#stacks.push(stack);
  }

  /** Frees code, contexts and stacks, as soon as the last run has ended. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#runs === 0) this.#free();
  }

  #free(): void {
    this.isOpen = false;
    for (const context of this.#contexts.splice(0)) context[Symbol.dispose]();
    for (const stack of this.#stacks.splice(0)) stack[Symbol.dispose]();
    this.#callback?.[Symbol.dispose]();
    this.gate[Symbol.dispose]();
    this.space[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
  }
}

/** Has the running handler answer. It must not lead to the runtime: see `Callback`. */
function answering(running: { readonly handler: RequestHandler | undefined }): () => number {
  return () => running.handler!.answer();
}
