/**
 * JavaScript functions that machine code can call. Owns the trampolines; relies on machine code that
 * is on the stack its thread was entered on when it calls one. Guarantees that nothing is thrown
 * through machine frames and that a callback never keeps the process alive.
 *
 * Each call costs some 45 ns, four times as much as leaving machine code and entering it again: V8 has
 * to be entered from outside. There are no parameters, since an integer would add 15 ns and a pointer,
 * which becomes an object, 30.
 *
 * @module
 */
import { addressOf } from "./pointer.ts";
import { type Reclaim, reclaim, throwDisposed } from "./reclaim.ts";

/** What a callback runs. Returns a status for machine code to act on, by convention 0 if all is well. */
export type CallbackFunction = () => number;

/** The status machine code sees when the function threw: the smallest 32-bit integer. */
export const CALLBACK_THREW = -0x8000_0000;

const DEFINITION = { parameters: [], result: "i32" } as const;

/**
 * A C function `int32_t callback(void)` that runs a JavaScript function; it may be called with
 * arguments, which nobody sees.
 *
 * An exception is kept for {@linkcode Callback.takeError}, and machine code gets
 * {@linkcode CALLBACK_THREW}. Keep the callback alive while machine code knows its address.
 */
export class Callback implements Disposable {
  readonly #address: number;
  readonly #errors: { thrown: boolean; error: unknown };
  readonly #reclaim: Reclaim;
  /**
   * Makes the trampoline.
   *
   * @param run called on each call from machine code, synchronously. The trampoline, a root of the
   * collector, holds it, so it must not lead to the callback or to who owns it: neither would ever be
   * collected. (Asking a `WeakRef` for it would cost 15 ns a call.)
   */
  constructor(run: CallbackFunction) {
    const errors = { thrown: false, error: undefined as unknown };
    const trampoline = new Deno.UnsafeCallback(DEFINITION, guarded(run, errors));
    this.#address = addressOf(trampoline.pointer);
    this.#errors = errors;
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
  }
}

/** `run` with what it throws put into `errors`. A closure of its own, which holds these two alone. */
function guarded(
  run: CallbackFunction,
  errors: { thrown: boolean; error: unknown },
): CallbackFunction {
  return () => {
    try {
      return run() | 0;
    } catch (error) {
      errors.thrown = true;
      errors.error = error;
      return CALLBACK_THREW;
    }
  };
}
