/**
 * Bounds-checked reading of the tape container (specification §1): the cursor, its error type and
 * the rule which error wins. Every read either succeeds or throws a `DecodeError` that knows the
 * section and the offset; no read allocates more than the bytes it returns.
 *
 * @module
 */
import { LEB_INVALID, LEB_OK, type LebCursor, readSleb, readUleb } from "../util/leb128.ts";

/** Why a container was refused (specification §2.5). */
export type DecodeErrorKind =
  | "UnexpectedEof"
  | "InvalidVarint"
  | "OutOfBounds"
  | "InvalidUtf8"
  | "BadMagic"
  | "UnsupportedVersion"
  | "DuplicateSection"
  | "MissingSection";

/** A `DecodeError` as plain data: the kind and the fields that belong to it. */
export type DecodeErrorData =
  | { readonly kind: Exclude<DecodeErrorKind, "UnsupportedVersion" | "MissingSection"> }
  | { readonly kind: "UnsupportedVersion"; readonly major: number; readonly minor: number }
  | { readonly kind: "MissingSection"; readonly tag: number };

/** Names of the sections by tag (specification §2.2); unknown tags have none. */
export const SECTION_NAMES: readonly (string | undefined)[] = [
  undefined,
  "symbols",
  "const_pool",
  "types",
  "function_table",
  "bytecode_blobs",
  "span_tables",
  "function_sigs",
  "host_sigs",
  "names",
  "call_sigs",
  "function_arg_agg_shapes",
];

/**
 * A container that is not a valid program.
 *
 * @example
 * ```ts
 * import { DecodeError, decodeProgram } from "@burin/burin";
 *
 * try {
 *   decodeProgram(new Uint8Array(12));
 * } catch (error) {
 *   if (error instanceof DecodeError) console.log(error.kind, error.offset); // BadMagic 0
 * }
 * ```
 */
export class DecodeError extends Error {
  /** What is wrong (specification §2.5). */
  readonly kind: DecodeErrorKind;
  /** Tag of the section the fault lies in; null in the header and between sections. */
  readonly section: number | null;
  /**
   * Offset in the input of the first byte of the field that was refused. For a reference from one
   * section to another it is the start of the payload that holds the reference.
   */
  readonly offset: number;
  /** The kind with the fields that belong to it. */
  readonly data: DecodeErrorData;

  /** Creates the error; the message gets section and offset in front. */
  constructor(data: DecodeErrorData, section: number | null, offset: number, message: string) {
    const where = section === null ? "" : `section ${section} (${SECTION_NAMES[section] ?? "?"}), `;
    super(`cannot decode program: ${where}byte ${offset}: ${message}`);
    this.name = "DecodeError";
    this.kind = data.kind;
    this.section = section;
    this.offset = offset;
    this.data = data;
  }

  /** The kind with its fields, without position and message. */
  toJSON(): DecodeErrorData {
    return this.data;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// Joins two halves without shifting bigints.
const halves = new Int32Array(2);
const signedWord = new BigInt64Array(halves.buffer);
const unsignedWord = new BigUint64Array(halves.buffer);

/**
 * Texts up to this many bytes are tried as ASCII before the platform's decoder is called, which costs
 * 0.3 µs even for one byte.
 */
const SHORT_TEXT = 64;

/**
 * A cursor over the container, confined to one section's payload at a time. Offsets are those of the
 * whole input. `what` arguments name the field for the message.
 */
export class ByteReader implements LebCursor {
  /** The whole input. */
  readonly bytes: Uint8Array;
  /** Offset behind the last byte that may be read. */
  end: number;
  /** Offset of the next byte. */
  pos = 0;
  /** Low half of the last LEB128 or `u64le` read. */
  lo = 0;
  /** High half of the last LEB128 or `u64le` read. */
  hi = 0;
  /** Tag of the section being read, null between sections. */
  section: number | null = null;
  /** Where the current payload starts. */
  #start = 0;

  /** Creates a cursor at the start of `bytes`. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Confines the cursor to the payload at `start` of section `tag`, `length` bytes long. */
  enter(tag: number, start: number, length: number): void {
    this.section = tag;
    this.pos = this.#start = start;
    this.end = start + length;
  }

  /** Leaves the payload, read to its end or not, and continues behind it. */
  leave(): void {
    this.pos = this.end;
    this.end = this.bytes.length;
    this.section = null;
    this.#start = 0;
  }

  /** Throws `kind` for the field at `offset`. */
  fail(
    kind: Exclude<DecodeErrorKind, "UnsupportedVersion" | "MissingSection">,
    offset: number,
    message: string,
  ): never {
    throw new DecodeError({ kind }, this.section, offset, message);
  }

  /** Reads one byte. */
  u8(what: string): number {
    if (this.pos >= this.end) this.#eof(what, 1);
    return this.bytes[this.pos++];
  }

  /** Reads a 16-bit number, little-endian. */
  u16le(what: string): number {
    if (this.end - this.pos < 2) this.#eof(what, 2);
    return this.bytes[this.pos++] | this.bytes[this.pos++] << 8;
  }

  /** Reads eight bytes, little-endian, into `lo` and `hi`. */
  u64le(what: string): void {
    if (this.end - this.pos < 8) this.#eof(what, 8);
    const { bytes, pos } = this;
    this.lo = bytes[pos] | bytes[pos + 1] << 8 | bytes[pos + 2] << 16 | bytes[pos + 3] << 24;
    this.hi = bytes[pos + 4] | bytes[pos + 5] << 8 | bytes[pos + 6] << 16 | bytes[pos + 7] << 24;
    this.pos = pos + 8;
  }

  /** Reads an unsigned LEB128 into `lo` and `hi`. */
  uleb(what: string): void {
    const outcome = readUleb(this);
    if (outcome !== LEB_OK) this.#badLeb(what, outcome);
  }

  /** Reads a signed LEB128 into `lo` and `hi`. */
  sleb(what: string): void {
    const outcome = readSleb(this);
    if (outcome !== LEB_OK) this.#badLeb(what, outcome);
  }

  /** `lo` and `hi` as an unsigned number. */
  unsigned(): bigint {
    halves[0] = this.lo;
    halves[1] = this.hi;
    return unsignedWord[0];
  }

  /** `lo` and `hi` as a signed number. */
  signed(): bigint {
    halves[0] = this.lo;
    halves[1] = this.hi;
    return signedWord[0];
  }

  /** Reads an unsigned LEB128 that must fit 32 bits. */
  uleb32(what: string): number {
    const { pos } = this;
    if (pos < this.end && this.bytes[pos] < 0x80) return this.bytes[this.pos++];
    this.uleb(what);
    if (this.hi !== 0) {
      this.fail("OutOfBounds", pos, `${what} must fit 32 bits: got ${this.unsigned()}`);
    }
    return this.lo >>> 0;
  }

  /** Reads an unsigned LEB128 that must fit 32 bits and may not be 0. */
  uleb32nz(what: string): number {
    const { pos } = this;
    const value = this.uleb32(what);
    if (value === 0) this.fail("OutOfBounds", pos, `${what} must not be 0`);
    return value;
  }

  /**
   * Reads a list's length or an index. Above 2^53 the number returned is rounded, which is harmless:
   * callers only compare it with sizes of things in memory. Nothing may be allocated from it before
   * that many bytes are known to exist.
   */
  count(what: string): number {
    const { pos } = this;
    if (pos < this.end && this.bytes[pos] < 0x80) return this.bytes[this.pos++];
    this.uleb(what);
    return (this.hi >>> 0) * 0x1_0000_0000 + (this.lo >>> 0);
  }

  /**
   * Reads a length and skips that many bytes, which `pos` then lies behind.
   *
   * @returns The length.
   */
  sized(what: string): number {
    const { pos } = this;
    const length = this.count(what);
    if (length > this.end - this.pos) {
      const cursor = this.pos - this.#start;
      // The reference's cursor is a 64-bit offset into the payload, and its overflow is another
      // error than running out of bytes (specification §1.4). `hi` is stale for one-byte lengths.
      if (length > 0x7f && this.hi === -1 && (this.lo >>> 0) + cursor > 0xffff_ffff) {
        this.fail("OutOfBounds", pos, `${what} of ${this.unsigned()} overflows an offset`);
      }
      const got = length < 0x80 ? length : this.unsigned();
      this.fail(
        "UnexpectedEof",
        pos,
        `${what} is ${got} but ${this.end - this.pos} bytes are left`,
      );
    }
    this.pos += length;
    return length;
  }

  /** Reads a length and that many bytes, as a view of the input. */
  sizedBytes(what: string): Uint8Array {
    const length = this.sized(what);
    return this.bytes.subarray(this.pos - length, this.pos);
  }

  /** Reads a length and that many bytes of strict UTF-8; byte-order mark and NUL are ordinary. */
  sizedText(what: string): string {
    const length = this.sized(what);
    const start = this.pos - length;
    const view = this.bytes.subarray(start, this.pos);
    if (length <= SHORT_TEXT && isAscii(view)) {
      return String.fromCharCode.apply(null, view as unknown as number[]);
    }
    try {
      return utf8.decode(view);
    } catch {
      return this.fail("InvalidUtf8", start, `${what} gives ${length} bytes that are not UTF-8`);
    }
  }

  #eof(what: string, needed: number): never {
    const left = this.end - this.pos;
    const message = `${what} needs ${needed} byte${needed === 1 ? "" : "s"} but there ${
      left === 1 ? "is" : "are"
    } ${left}`;
    return this.fail("UnexpectedEof", this.pos, message);
  }

  #badLeb(what: string, outcome: number): never {
    if (outcome === LEB_INVALID) {
      return this.fail("InvalidVarint", this.pos, `${what} is longer than 64 bits`);
    }
    const message = `${what} is a LEB128 number that the end of the bytes cuts short`;
    return this.fail("UnexpectedEof", this.pos, message);
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] >= 0x80) return false;
  return true;
}
