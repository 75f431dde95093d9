/**
 * JavaScript functions that machine code can call. Owns the trampolines; relies on machine code that
 * is on the stack its thread was entered on when it calls one. Guarantees that nothing is thrown
 * through machine frames and that a callback never keeps the process alive.
 *
 * Each call costs 50 to 100 ns, five to ten times as much as leaving machine code and entering it
 * again: V8 has to be entered from outside, and the pointer becomes an object.
 *
 * @module
 */
import { addressOf, type Pointer } from "./pointer.ts";
import { type Reclaim, reclaim, throwDisposed } from "./reclaim.ts";

/**
 * What a callback runs: given the context pointer that machine code passed, it returns a status word
 * for machine code to act on, 0 by convention when all is well.
 */
export type CallbackFunction = (context: Pointer | null) => number;

/** The status machine code sees when the function threw: the smallest 32-bit integer. */
export const CALLBACK_THREW = -0x8000_0000;

const DEFINITION = { parameters: ["pointer"], result: "i32" } as const;

/**
 * A C function `int32_t callback(void *context)` that runs a JavaScript function.
 *
 * An exception is kept for {@linkcode Callback.takeError}, and machine code gets
 * {@linkcode CALLBACK_THREW}. Keep the callback alive while machine code knows its address.
 */
export class Callback implements Disposable {
  readonly #address: number;
  readonly #errors: { thrown: boolean; error: unknown };
  readonly #reclaim: Reclaim;
  // Held here alone: the trampoline is a root of the collector, and what the function closes over may
  // lead back to this object, which then could never be collected.
  #run: CallbackFunction | null;

  /**
   * Makes the trampoline.
   *
   * @param run called on each call from machine code, synchronously.
   */
  constructor(run: CallbackFunction) {
    const errors = { thrown: false, error: undefined as unknown };
    const target = new WeakRef(run);
    const trampoline = new Deno.UnsafeCallback(DEFINITION, (context) => {
      try {
        return target.deref()!(context) | 0;
      } catch (error) {
        errors.thrown = true;
        errors.error = error;
        return CALLBACK_THREW;
      }
    });
    this.#address = addressOf(trampoline.pointer);
    this.#errors = errors;
    this.#run = run;
    this.#reclaim = reclaim(this, () => trampoline.close());
  }

  /** Address of the C function. */
  get address(): number {
    if (!this.#reclaim.live) throwDisposed("Callback");
    return this.#address;
  }

  /** Whether a call threw since the last {@linkcode Callback.takeError}. */
  get threw(): boolean {
    return this.#errors.thrown;
  }

  /**
   * What the last call that threw threw; forgets it.
   *
   * @throws {Error} if no call threw since the last time.
   */
  takeError(): unknown {
    if (!this.#errors.thrown) {
      throw new Error("Cannot take an error: no call of this callback threw");
    }
    const { error } = this.#errors;
    this.#errors.thrown = false;
    this.#errors.error = undefined;
    return error;
  }

  /** Frees the trampoline. Machine code must not call it any more, and must not be inside it. */
  [Symbol.dispose](): void {
    this.#reclaim.free();
    this.#run = null;
  }
}
