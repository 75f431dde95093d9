/**
 * The host functions that `burin run` offers: printing, and a key-value store whose reads and writes
 * are recorded, as an embedder's own host would be.
 *
 * | symbol | signature | does |
 * |---|---|---|
 * | `burin.print` | `(str) -> ()` | prints a line |
 * | `kv.get` | `(str) -> (i64)` | the value stored under a key, 0 if there is none |
 * | `kv.set` | `(str, i64) -> ()` | stores a value under a key |
 *
 * @module
 */
import { createHost, type Host, hostFunction } from "../interp/host.ts";

/** Makes a fresh host whose printed lines go to `print`. */
export function createCliHost(print: (line: string) => void): Host {
  const store = new Map<string, bigint>();
  return createHost([
    hostFunction({ symbol: "burin.print", args: ["str"], results: [] }, (text) => {
      print(text);
    }),
    hostFunction({ symbol: "kv.get", args: ["str"], results: ["i64"] }, (key, context) => {
      context.recordRead({ kind: "input", name: key });
      return store.get(key) ?? 0n;
    }),
    hostFunction({ symbol: "kv.set", args: ["str", "i64"], results: [] }, (key, value, context) => {
      context.recordWrite({ kind: "input", name: key });
      store.set(key, value);
    }),
  ]);
}
