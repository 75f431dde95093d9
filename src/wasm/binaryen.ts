/**
 * Loads Binaryen when somebody first needs it: 15 MB of JavaScript, a third of a second. Nothing else
 * in `src/` imports the package except for its types, so programs that never use this tier never
 * load it.
 *
 * @module
 */
import type binaryen from "binaryen";

/** Binaryen's interface. */
export type Binaryen = typeof binaryen;

/** A module under construction. */
export type WasmBuilder = binaryen.Module;

let loaded: Binaryen | undefined;
let loading: Promise<Binaryen> | undefined;

/**
 * Loads Binaryen, once. It starts asynchronously, so there is no synchronous way; see
 * {@linkcode loadedBinaryen}.
 *
 * @throws {Error} (by rejecting) When the package cannot be found.
 */
export function loadBinaryen(): Promise<Binaryen> {
  loading ??= import("binaryen").then((module) => loaded = module.default, (error) => {
    loading = undefined;
    throw new Error(`Binaryen, which the wasm tier needs, cannot be loaded: ${error}`, {
      cause: error,
    });
  });
  return loading;
}

/** Binaryen if {@linkcode loadBinaryen} is done, else undefined. */
export function loadedBinaryen(): Binaryen | undefined {
  return loaded;
}
