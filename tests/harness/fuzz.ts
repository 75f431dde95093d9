/**
 * Damaged programs for the promise that no bytes lead out: whatever is decoded, verified and run ends
 * in a result, a trap or one of the typed errors. Shared by the test and by scripts/fuzz.ts.
 *
 * @module
 */
import { DecodeError, decodeProgram } from "../../src/tape/decode.ts";
import { encodeProgram } from "../../src/tape/encode.ts";
import { verify } from "../../src/tape/verify.ts";
import { VerifyError } from "../../src/tape/verify_error.ts";
import { corpusFile, corpusFiles } from "./corpus.ts";
import { Random } from "./random.ts";

/** How far a program came. */
export type Ending = "decodeError" | "verifyError" | "verified";

/** Number of cases by ending. */
export type FuzzStats = Record<Ending, number>;

/** Statistics of no cases. */
export function newStats(): FuzzStats {
  return { decodeError: 0, verifyError: 0, verified: 0 };
}

/**
 * Takes `bytes` as far as they go.
 *
 * @throws Whatever is neither a decode error nor a verify error: a finding.
 */
export function tryProgram(bytes: Uint8Array, _random: Random): Ending {
  try {
    const program = decodeProgram(bytes);
    const once = encodeProgram(program);
    if (encodeProgram(decodeProgram(once)).toHex() !== once.toHex()) {
      throw new Error("encoding is no fixed point");
    }
    verify(program);
    return "verified";
  } catch (error) {
    if (error instanceof VerifyError) return "verifyError";
    if (!(error instanceof DecodeError)) throw error;
    if (error.offset >= 0 && error.offset <= bytes.length) return "decodeError";
    throw new Error(`decode error outside the input: offset ${error.offset}`, { cause: error });
  }
}

/**
 * Runs case `index` of `seed` and counts how it ended.
 *
 * @throws {Error} When the case is a finding; the message says how to repeat it.
 */
export function fuzzCase(seed: number, index: number, stats: FuzzStats): void {
  // Neighbouring cases and seeds must not share their streams.
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  const { bytes, description } = damage(random);
  try {
    stats[tryProgram(bytes, random)]++;
  } catch (cause) {
    throw new Error(`case ${index} of seed ${seed}: ${description}`, { cause });
  }
}

/** A corpus file and where the code of its functions lies. */
interface Seed {
  readonly file: string;
  readonly bytes: Uint8Array;
  /** Start and length of code in the file; empty for files that do not decode. */
  readonly code: readonly (readonly [start: number, length: number])[];
}

let seeds: readonly Seed[] | undefined;

/** All corpus files, read once. */
export function seedFiles(): readonly Seed[] {
  return seeds ??= corpusFiles().map((file) => {
    const bytes = corpusFile(file);
    try {
      // Decoded code is a view of a copy of the file, at the same offset.
      const code = decodeProgram(bytes).functions.map((f) =>
        [f.code.byteOffset, f.code.length] as const
      );
      return { file, bytes, code: code.filter(([, length]) => length > 0) };
    } catch (error) {
      if (error instanceof DecodeError) return { file, bytes, code: [] };
      throw error;
    }
  });
}

/** A damaged program and how to name it. */
export interface Damaged {
  readonly bytes: Uint8Array;
  readonly description: string;
}

/**
 * A corpus program with one to four bytes changed. Half of the cases change code only, which gets
 * further than damage to the frame does.
 */
export function damage(random: Random): Damaged {
  const seed = random.pick(seedFiles());
  const bytes = seed.bytes.slice();
  const [start, length] = seed.code.length > 0 && random.below(2) === 0
    ? random.pick(seed.code)
    : [0, bytes.length];
  const flips: string[] = [];
  for (let count = random.pick([1, 1, 1, 2, 4]); count > 0; count--) {
    const offset = start + random.below(length);
    // Single bits, small steps and arbitrary bytes find different things.
    const byte = random.pick([
      bytes[offset] ^ 1 << random.below(8),
      bytes[offset] + random.pick([-1, 1]) & 0xff,
      random.below(256),
    ]);
    flips.push(`[${offset}, ${bytes[offset] ^ byte}]`);
    bytes[offset] = byte;
  }
  return { bytes, description: `${seed.file} with xor [${flips.join(", ")}]` };
}
