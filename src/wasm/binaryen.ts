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

/** What Binaryen offers on blocks; its declarations leave it out. */
interface BlockFunctions {
  readonly Block: { appendChild(block: number, child: number): number };
}

/**
 * A block that something in `code` branches out of by `label`. Made empty and then filled: a filled
 * block is searched for its branches when it is made, which takes quadratic time where blocks nest.
 */
export function labelledBlock(
  binaryen: Binaryen,
  m: WasmBuilder,
  label: string,
  code: readonly number[],
): number {
  const block = m.block(label, [], binaryen.none);
  const { Block } = binaryen as unknown as BlockFunctions;
  for (const child of code) Block.appendChild(block, child);
  return block;
}
