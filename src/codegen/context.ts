/**
 * The context block under the name that back ends know it by; `ir/context.ts` defines it.
 *
 * @module
 */
export { Context, ExitCode, NATIVE_SYMBOL_OFFSET, NativeSymbol } from "../ir/context.ts";
