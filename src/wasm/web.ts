/**
 * The parts of the `WebAssembly` namespace that TypeScript's library does not describe: exceptions,
 * which all engines have, and promise integration, which some have.
 *
 * @module
 */

/** A kind of WebAssembly exception. */
export type WasmTag = object;

interface Namespace {
  readonly Tag: new (type: { parameters: readonly string[] }) => WasmTag;
  readonly Exception: new (tag: WasmTag, payload: readonly unknown[]) => {
    is(tag: WasmTag): boolean;
  };
  readonly Suspending?: new (call: (...args: number[]) => unknown) => object;
  readonly promising?: (call: () => void) => () => Promise<void>;
}

const namespace = WebAssembly as unknown as Namespace;

/** Makes a kind of exception without payload. */
export function createTag(): WasmTag {
  return new namespace.Tag({ parameters: [] });
}

/** Whether `error` is a WebAssembly exception of kind `tag`. */
export function isException(error: unknown, tag: WasmTag): boolean {
  return error instanceof namespace.Exception && error.is(tag);
}

/** Whether WebAssembly code can wait for promises here. */
export function canSuspend(): boolean {
  return namespace.Suspending !== undefined && namespace.promising !== undefined;
}

/** An import that suspends the WebAssembly code calling it while its promise is pending. */
export function suspending(call: (...args: number[]) => unknown): WebAssembly.ImportValue {
  return new namespace.Suspending!(call) as unknown as WebAssembly.ImportValue;
}

/** An export as a function whose promise settles when the code, suspended or not, ends. */
export function promising(call: () => void): () => Promise<void> {
  return namespace.promising!(call);
}
