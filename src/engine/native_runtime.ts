/**
 * What an engine needs to run machine code: executable memory, the gate, the shared routines, and
 * pools of context blocks and guest stacks. One per engine, opened on first use.
 *
 * @module
 */
import { CodeSpace, type CodeSpaceOptions } from "../../ffi/code_space.ts";
import { detectX64Features } from "../../ffi/cpu.ts";
import { Gate, type GateOptions } from "../../ffi/gate.ts";
import { type Libc, openLibc } from "../../ffi/libc.ts";
import { ContextBlock, GuestStack } from "../../ffi/memory.ts";
import { nativeSupport } from "../../ffi/platform.ts";
import { type Pointer, pointerTo } from "../../ffi/pointer.ts";
import { Context } from "../codegen/context.ts";
import { a64Target, type Target, x64Target } from "./target.ts";

/** Pooled things of each kind that are kept for later runs. */
const POOL_LIMIT = 8;

/** Stacks up to this size go back to the pool. */
const POOLED_STACK_BYTES = 1 << 20;

/** What C functions called from machine code may need below the guest's own frames. */
export const NATIVE_STACK_RESERVE: number = 64 << 10;

/** How machine code is placed and entered; for tests and unusual systems. */
export interface NativeOptions {
  /** Where code lies. */
  readonly codeSpace?: CodeSpaceOptions;
  /** How code is entered. */
  readonly gate?: GateOptions;
}

/** See the module text. */
export class NativeRuntime implements Disposable {
  /** The instruction set. */
  readonly target: Target;
  /** Executable memory. */
  readonly space: CodeSpace;
  /** The way in. */
  readonly gate: Gate;
  /** The C function that goes from a context block into machine code. */
  readonly start: Pointer;
  readonly #libc: Libc;
  readonly #leave: number;
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
  constructor(options: NativeOptions = {}) {
    const support = nativeSupport();
    if (!support.supported) throw new Error(support.reason);
    using cleanup = new DisposableStack();
    this.#libc = cleanup.use(openLibc());
    this.space = cleanup.use(new CodeSpace(options.codeSpace));
    this.gate = cleanup.use(new Gate(this.space, options.gate));
    this.target = support.arch === "aarch64"
      ? a64Target()
      : x64Target(detectX64Features(this.space, this.gate, support.arch));
    const stubs = this.target.stubs();
    const address = this.space.publish(stubs.code, 16);
    this.start = pointerTo(address + stubs.start);
    this.#leave = address + stubs.leave;
    cleanup.move();
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
    for (const context of this.#contexts.splice(0)) context[Symbol.dispose]();
    for (const stack of this.#stacks.splice(0)) stack[Symbol.dispose]();
    this.gate[Symbol.dispose]();
    this.space[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
  }
}
