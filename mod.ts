/**
 * Burin runs verified bytecode inside Deno: metered, bounded, and unable to reach anything it was not
 * handed. This module is the whole public surface.
 *
 * The way of a program: `decodeProgram` or `assemble`, then `verify`, then `Engine.load` and
 * `Instance.run`.
 *
 * @module
 */
export * from "./src/tape/assemble.ts";
export type { Blocks } from "./src/tape/blocks.ts";
export * from "./src/tape/builder.ts";
export * from "./src/tape/code.ts";
export * from "./src/tape/decode.ts";
export * from "./src/tape/disassemble.ts";
export * from "./src/tape/encode.ts";
export * from "./src/tape/lint.ts";
export * from "./src/tape/listing.ts";
export * from "./src/tape/opcodes.ts";
export * from "./src/tape/program.ts";
export * from "./src/tape/types.ts";
export * from "./src/tape/value.ts";
export * from "./src/tape/value_text.ts";
export * from "./src/tape/verify.ts";
export * from "./src/tape/verify_error.ts";
export type { AggView, ClosureView, ViewElement } from "./src/heap/views.ts";
export * from "./src/interp/access.ts";
export * from "./src/interp/host.ts";
export * from "./src/interp/limits.ts";
export * from "./src/interp/outcome.ts";
export * from "./src/interp/outcome_json.ts";
export type { AsyncPaceOptions, PaceOptions } from "./src/interp/pace.ts";
export type { PlainArgument, PlainResult } from "./src/interp/plain.ts";
export * from "./src/interp/trace.ts";
export * from "./src/interp/trap.ts";
export * from "./src/engine/engine.ts";
