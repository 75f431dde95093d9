/**
 * Access records (specification §9): what host functions say they read and wrote, for embedders that
 * recompute incrementally. Runs record nothing by themselves.
 *
 * @module
 */

/** What was accessed; keys compare by structure. */
export type AccessKey =
  /** A named input. */
  | { readonly kind: "input"; readonly name: string }
  /** One piece of host state behind the host function with signature hash `op`. */
  | { readonly kind: "hostState"; readonly op: bigint; readonly key: bigint }
  /** Unspecified state behind the host function with signature hash `op`. */
  | { readonly kind: "opaqueHost"; readonly op: bigint };

/** Receives access records in the order they are made. */
export interface AccessSink {
  /** A host function read `key`. */
  read(key: AccessKey): void;
  /** A host function wrote `key`. */
  write(key: AccessKey): void;
}
