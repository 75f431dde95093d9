/**
 * Words under construction: labels, fix-ups with checked ranges, 8-byte literals, and how constants
 * come into registers.
 *
 * A conditional branch to a label is written in one of three ways, chosen for the whole function: the
 * short forms reach 1 MiB, those that test one bit 32 KiB. Whoever emits a function starts at level 0
 * and emits it anew at the level `link` asks for, so that a branch is never wrong, only longer.
 *
 *     level 0   tbz, cbz, b.cond
 *     level 1   tst and b.cond in place of tbz
 *     level 2   every condition inverted, over a `b`; no literals
 *
 * @module
 */
import { SCRATCH2, ZR } from "./abi.ts";
import {
  b,
  fmovFromGpr,
  fmovImm,
  fpImmediate32,
  fpImmediate64,
  Literal,
  loadLiteral,
  logicalImmediate,
  movBitmask,
  MoveWide,
  moveWide,
  movk,
  offsetBits,
  withOffset,
} from "./encoder.ts";

/** Growing code of one function. Reused: `reset` starts the next one. */
export class CodeBuffer {
  /** The words; the first `length` count. */
  words: Int32Array = new Int32Array(4096);
  /** Number of words. */
  length = 0;
  /** How branches are written; see the module. */
  level = 0;

  /** Word index of each label, -1 while unbound. */
  #labels: Int32Array = new Int32Array(256);
  #labelCount = 0;
  /** Pairs (word index, label) of PC-relative words. */
  #fixups: Int32Array = new Int32Array(512);
  #fixupCount = 0;
  /** Triples (word index, label, word index of the table). */
  readonly #entries: number[] = [];
  /** Literals: label by their halves. */
  readonly #literals = new Map<string, number>();
  readonly #literalWords: number[] = [];
  /** Pairs (from, to) of byte offsets between which there are no instructions, ascending. */
  data: number[] = [];

  /** Forgets everything and writes at `level` from now on. */
  reset(level: number): void {
    this.length = 0;
    this.level = level;
    this.#labelCount = 0;
    this.#fixupCount = 0;
    this.#entries.length = 0;
    this.#literals.clear();
    this.#literalWords.length = 0;
    this.data = [];
  }

  /** Appends a word. */
  emit(word: number): void {
    if (this.length === this.words.length) this.words = enlarge(this.words);
    this.words[this.length++] = word;
  }

  /** Makes a label. */
  newLabel(): number {
    if (this.#labelCount === this.#labels.length) this.#labels = enlarge(this.#labels);
    this.#labels[this.#labelCount] = -1;
    return this.#labelCount++;
  }

  /** Puts a label here. */
  bind(label: number): void {
    this.#labels[label] = this.length;
  }

  /** Appends a word whose PC-relative offset is to lead to `label`. */
  emitTo(word: number, label: number): void {
    if (2 * this.#fixupCount + 2 > this.#fixups.length) this.#fixups = enlarge(this.#fixups);
    this.#fixups[2 * this.#fixupCount] = this.length;
    this.#fixups[2 * this.#fixupCount++ + 1] = label;
    this.emit(word);
  }

  /** Appends a conditional branch (`b.cond`, `cbz`, `tbz` and their opposites) to `label`. */
  branchIf(word: number, label: number): void {
    if (this.level < 2) this.emitTo(word, label);
    else {
      this.emit(withOffset(invertBranch(word), 8));
      this.emitTo(b(0), label);
    }
  }

  /** Appends a table of the distances, in bytes, from its start to each of `labels`. */
  emitTable(labels: readonly number[]): void {
    const start = this.length;
    for (const label of labels) {
      this.#entries.push(this.length, label, start);
      this.emit(0);
    }
    this.data.push(4 * start, 4 * this.length);
  }

  /** Sets a register to a constant. Writes no flags and no other register. */
  loadInt(rd: number, lo: number, hi: number): void {
    loadConstant(this, rd, lo, hi);
  }

  /** Sets a float register to the 64 bits given, by way of the second scratch register. */
  loadFloat(rd: number, lo: number, hi: number): void {
    if (lo === 0 && hi === 0) return this.emit(fmovFromGpr(1, rd, ZR));
    // Writing an S register clears the rest, so f32 constants need no case of their own.
    const imm = hi === 0 ? fpImmediate32(lo) : fpImmediate64(lo, hi);
    if (imm >= 0) return this.emit(fmovImm(hi === 0 ? 0 : 1, rd, imm));
    if (this.level < 2 && constantLength(lo, hi) > 2 - (hi === 0 ? 1 : 0)) {
      const label = this.#literal(lo, hi);
      return this.emitTo(loadLiteral(hi === 0 ? Literal.LDR_S : Literal.LDR_D, rd, 0), label);
    }
    loadConstant(this, SCRATCH2, lo, hi);
    this.emit(fmovFromGpr(1, rd, SCRATCH2));
  }

  #literal(lo: number, hi: number): number {
    const key = `${lo},${hi}`;
    let label = this.#literals.get(key);
    if (label === undefined) {
      label = this.newLabel();
      this.#literals.set(key, label);
      this.#literalWords.push(lo, hi);
    }
    return label;
  }

  /** Appends the literals asked for, 8-aligned. Nothing may be appended behind them. */
  emitLiterals(): void {
    if (this.#literals.size === 0) return;
    this.data.push(4 * this.length);
    if ((this.length & 1) !== 0) this.emit(0);
    let k = 0;
    for (const label of this.#literals.values()) {
      this.bind(label);
      this.emit(this.#literalWords[k++]);
      this.emit(this.#literalWords[k++]);
    }
    this.data.push(4 * this.length);
  }

  /**
   * Completes all PC-relative words. Returns the level at which the function must be emitted anew, or
   * 0 when everything is in reach; 3 means that no level reaches.
   */
  link(): number {
    const words = this.words, labels = this.#labels;
    let needed = 0;
    for (let k = 0; k < this.#fixupCount; k++) {
      const at = this.#fixups[2 * k];
      const target = labels[this.#fixups[2 * k + 1]];
      if (target < 0) throw new Error(`internal: label ${this.#fixups[2 * k + 1]} is nowhere`);
      const bits = offsetBits(words[at]);
      const offset = 4 * (target - at);
      const reach = 2 ** (bits - 1 + (bits === 21 ? 0 : 2));
      if (offset >= -reach && offset < reach) words[at] = withOffset(words[at], offset);
      else needed = Math.max(needed, bits === 26 ? 3 : bits === 14 ? 1 : 2);
    }
    for (let k = 0; k < this.#entries.length; k += 3) {
      words[this.#entries[k]] = 4 * (labels[this.#entries[k + 1]] - this.#entries[k + 2]);
    }
    return needed;
  }

  /** The bytes, good until the next change. */
  view(): Uint8Array {
    const { buffer, byteOffset } = this.words;
    return new Uint8Array(buffer, byteOffset, 4 * this.length);
  }

  /** A copy of the bytes. */
  bytes(): Uint8Array {
    return this.view().slice();
  }
}

/** The conditional branch that is taken exactly when `word` is not; the offset stays. */
function invertBranch(word: number): number {
  // b.cond: lowest bit of the condition; cbz and tbz: bit 24.
  return (word & 0xff000010) === 0x54000000 ? word ^ 1 : word ^ 0x01000000;
}

function enlarge(array: Int32Array): Int32Array {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}

function quarter(lo: number, hi: number, k: number): number {
  return (k < 2 ? lo : hi) >>> (16 * (k & 1)) & 0xffff;
}

/** How many quarters of a constant are not `fill`. */
function unlike(lo: number, hi: number, quarters: number, fill: number): number {
  let n = 0;
  for (let k = 0; k < quarters; k++) if (quarter(lo, hi, k) !== fill) n++;
  return n;
}

/** Number of instructions that `loadInt` takes. */
function constantLength(lo: number, hi: number): number {
  const quarters = hi === 0 ? 2 : 4;
  const moves = Math.max(
    1,
    Math.min(unlike(lo, hi, quarters, 0), unlike(lo, hi, quarters, 0xffff)),
  );
  return moves > 1 && logicalImmediate(lo, hi, hi === 0 ? 32 : 64) >= 0 ? 1 : moves;
}

/** movz or movn with the movk that are left to do, or one orr of a bitmask. */
function loadConstant(buffer: CodeBuffer, rd: number, lo: number, hi: number): void {
  // W registers suffice for what has zeros above: writing one clears the upper half.
  const sf = hi === 0 ? 0 : 1;
  const quarters = sf === 0 ? 2 : 4;
  const zeros = unlike(lo, hi, quarters, 0), ones = unlike(lo, hi, quarters, 0xffff);
  if (zeros > 1 && ones > 1) {
    const fields = logicalImmediate(lo, hi, sf === 0 ? 32 : 64);
    if (fields >= 0) return buffer.emit(movBitmask(sf, rd, fields));
  }
  const fill = ones < zeros ? 0xffff : 0;
  let first = true;
  for (let k = 0; k < quarters; k++) {
    const value = quarter(lo, hi, k);
    if (value === fill) continue;
    if (!first) buffer.emit(movk(sf, rd, value, 16 * k));
    else if (fill === 0) buffer.emit(moveWide(MoveWide.MOVZ, sf, rd, value, 16 * k));
    else buffer.emit(moveWide(MoveWide.MOVN, sf, rd, ~value & 0xffff, 16 * k));
    first = false;
  }
  if (first) buffer.emit(moveWide(fill === 0 ? MoveWide.MOVZ : MoveWide.MOVN, sf, rd, 0, 0));
}
