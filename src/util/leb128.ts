/**
 * LEB128, the variable-length integers of the tape format (specification §1.1–§1.3): seven payload
 * bits a byte, low group first, bit 7 set on every byte but the last. Numbers are 64 bits wide and
 * travel as two int32 halves, so that nothing here allocates. Readers follow the format's error
 * rules and accept overlong forms of up to ten bytes; writers emit the shortest form.
 *
 * @module
 */

/** Where a reader reads and where it leaves its result. */
export interface LebCursor {
  /** The input. */
  readonly bytes: Uint8Array;
  /** Offset behind the last byte that may be read. */
  readonly end: number;
  /** Offset of the next byte; moves only when a read succeeds. */
  pos: number;
  /** Low 32 bits of the number read, as an int32. */
  lo: number;
  /** High 32 bits of the number read, as an int32. */
  hi: number;
}

/** Outcome of a read: the number is in the cursor. */
export const LEB_OK = 0;
/** Outcome of a read: the input ends inside the number. */
export const LEB_EOF = 1;
/** Outcome of a read: the tenth byte makes the number longer than 64 bits. */
export const LEB_INVALID = 2;

/** The most bytes a 64-bit number takes. */
export const LEB_MAX_BYTES = 10;

/** Reads an unsigned number at `cursor.pos` and returns `LEB_OK`, `LEB_EOF` or `LEB_INVALID`. */
export function readUleb(cursor: LebCursor): number {
  const { bytes, end } = cursor;
  let pos = cursor.pos;
  let lo = 0;
  let hi = 0;
  let byte = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    if (pos >= end) return LEB_EOF;
    byte = bytes[pos++];
    lo |= (byte & 0x7f) << shift;
    if (byte < 0x80) return store(cursor, pos, lo, 0);
  }
  // The fifth byte straddles the halves: four bits below, three above.
  if (pos >= end) return LEB_EOF;
  byte = bytes[pos++];
  lo |= byte << 28;
  hi = (byte & 0x7f) >>> 4;
  if (byte < 0x80) return store(cursor, pos, lo, hi);
  for (let shift = 3; shift < 31; shift += 7) {
    if (pos >= end) return LEB_EOF;
    byte = bytes[pos++];
    hi |= (byte & 0x7f) << shift;
    if (byte < 0x80) return store(cursor, pos, lo, hi);
  }
  // One bit is left for the tenth byte, which may not be continued either.
  if (pos >= end) return LEB_EOF;
  byte = bytes[pos++];
  if (byte > 1) return LEB_INVALID;
  return store(cursor, pos, lo, hi | byte << 31);
}

/** Reads a signed number at `cursor.pos` and returns `LEB_OK`, `LEB_EOF` or `LEB_INVALID`. */
export function readSleb(cursor: LebCursor): number {
  const { bytes, end } = cursor;
  let pos = cursor.pos;
  let lo = 0;
  let hi = 0;
  let byte = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    if (pos >= end) return LEB_EOF;
    byte = bytes[pos++];
    lo |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if ((byte & 0x40) === 0) return store(cursor, pos, lo, 0);
      return store(cursor, pos, lo | -1 << (shift + 7), -1);
    }
  }
  if (pos >= end) return LEB_EOF;
  byte = bytes[pos++];
  lo |= byte << 28;
  hi = (byte & 0x7f) >>> 4;
  if (byte < 0x80) return store(cursor, pos, lo, (byte & 0x40) === 0 ? hi : hi | -1 << 3);
  for (let shift = 3; shift < 31; shift += 7) {
    if (pos >= end) return LEB_EOF;
    byte = bytes[pos++];
    hi |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      return store(cursor, pos, lo, (byte & 0x40) === 0 ? hi : hi | -1 << (shift + 7));
    }
  }
  // Bit 63 is all that is left, and the rest of the tenth byte must agree with it.
  if (pos >= end) return LEB_EOF;
  byte = bytes[pos++];
  if (byte !== 0 && byte !== 0x7f) return LEB_INVALID;
  return store(cursor, pos, lo, hi | byte << 31);
}

function store(cursor: LebCursor, pos: number, lo: number, hi: number): number {
  cursor.pos = pos;
  cursor.lo = lo;
  cursor.hi = hi;
  return LEB_OK;
}

/**
 * Writes the unsigned number with the halves `lo` and `hi` at `out[at]` and returns the offset
 * behind it. The caller has seen to it that `LEB_MAX_BYTES` fit.
 */
export function writeUleb(out: Uint8Array, at: number, lo: number, hi: number): number {
  while (hi !== 0 || lo >>> 0 > 0x7f) {
    out[at++] = lo & 0x7f | 0x80;
    lo = lo >>> 7 | hi << 25;
    hi >>>= 7;
  }
  out[at++] = lo;
  return at;
}

/**
 * Writes the signed number with the halves `lo` and `hi` at `out[at]` and returns the offset behind
 * it. The caller has seen to it that `LEB_MAX_BYTES` fit.
 */
export function writeSleb(out: Uint8Array, at: number, lo: number, hi: number): number {
  for (;;) {
    const byte = lo & 0x7f;
    lo = lo >>> 7 | hi << 25;
    hi >>= 7;
    // The last byte is the first whose bit 6 already stands for everything above it.
    const rest = (byte & 0x40) === 0 ? 0 : -1;
    if (lo === rest && hi === rest) {
      out[at++] = byte;
      return at;
    }
    out[at++] = byte | 0x80;
  }
}
