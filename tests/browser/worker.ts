/**
 * What `page.ts` runs in a worker.
 *
 * @module
 */
import { observe } from "./observe.ts";

const { postMessage } = globalThis as unknown as { postMessage(message: unknown): void };

postMessage(await observe("wasm"));
