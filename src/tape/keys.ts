/**
 * Text keys of table entries: equal exactly when the entries are, so that the builder can intern
 * them and the disassembler can tell what the builder would share.
 *
 * @module
 */
import type { Constant, StructType } from "./program.ts";
import type { Signature } from "./types.ts";

/** A text key that is equal for bit-exactly equal constants. */
export function constantKey(constant: Constant): string {
  switch (constant.type) {
    case "unit":
      return "unit";
    case "f64":
      return `f64 ${constant.bits}`;
    case "dec":
      return `dec ${constant.mantissa} ${constant.scale}`;
    case "bytes":
      return `bytes ${constant.value.toHex()}`;
    default:
      return `${constant.type} ${constant.value}`;
  }
}

/** A text key that is equal for equal signatures. */
export function signatureKey(signature: Signature): string {
  return `${signature.args}>${signature.results}`;
}

/** A text key that is equal for equal struct types. */
export function structKey(struct: StructType): string {
  return JSON.stringify(struct.fields.map((field) => [field.name, field.type]));
}
