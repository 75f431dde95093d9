/**
 * Damaged programs for the promise that no bytes lead out: whatever is decoded, verified and run ends
 * in a result, a trap or one of the typed errors. Shared by the test and by scripts/fuzz.ts.
 *
 * @module
 */
import { DecodeError, decodeProgram } from "../../src/tape/decode.ts";
import { encodeProgram } from "../../src/tape/encode.ts";
import type { Program } from "../../src/tape/program.ts";
import { objTypeId, type ValueType } from "../../src/tape/types.ts";
import {
  array,
  bool,
  bytes as bytesValue,
  closure,
  dec,
  f64,
  f64FromBits,
  func as funcValue,
  i64,
  obj,
  str,
  struct,
  tuple,
  u64,
  unit,
  type Value,
} from "../../src/tape/value.ts";
import { type VerifiedProgram, verify } from "../../src/tape/verify.ts";
import { VerifyError } from "../../src/tape/verify_error.ts";
import { createHost, type Host, type HostFunction, hostFunction } from "../../src/interp/host.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Outcome } from "../../src/interp/outcome.ts";
import { formatTrap } from "../../src/interp/trap.ts";
import { corpusFile, corpusFiles } from "./corpus.ts";
import { Random } from "./random.ts";

/** How far a program came. */
export type Ending = "decodeError" | "verifyError" | "trap" | "ok";

/** Number of cases by ending. */
export type FuzzStats = Record<Ending, number>;

/** Statistics of no cases. */
export function newStats(): FuzzStats {
  return { decodeError: 0, verifyError: 0, trap: 0, ok: 0 };
}

/**
 * Takes `bytes` as far as they go. Programs that verify run with little of everything, with values
 * and host functions made up from `random`, and must do the same when run again, when traced, and
 * with just the fuel they used, and run out with one unit less; and the same in the tier of
 * `engine`, if given.
 *
 * @throws Whatever is neither a decode error nor a verify error: a finding.
 */
export function tryProgram(bytes: Uint8Array, random: Random, engine?: Engine): Ending {
  let verified: VerifiedProgram;
  try {
    const program = decodeProgram(bytes);
    const once = encodeProgram(program);
    if (encodeProgram(decodeProgram(once)).toHex() !== once.toHex()) {
      throw new Error("encoding is no fixed point");
    }
    verified = verify(program);
  } catch (error) {
    if (error instanceof VerifyError) return "verifyError";
    if (!(error instanceof DecodeError)) throw error;
    if (error.offset >= 0 && error.offset <= bytes.length) return "decodeError";
    throw new Error(`decode error outside the input: offset ${error.offset}`, { cause: error });
  }
  return runVerified(verified, random, engine);
}

const LIMITS = { fuel: 300n, maxCallDepth: 8, maxHostCalls: 6n, maxMemory: 1 << 20 };

function runVerified(verified: VerifiedProgram, random: Random, engine?: Engine): Ending {
  const { program } = verified;
  if (program.functions.length === 0) return "ok";
  const func = random.below(program.functions.length);
  const args = program.functions[func].args.map((type) => anyValue(type, random));
  const host = hostFor(program, random.below(4) === 0, random);
  const instance = createInterpreter(verified, host);
  const outcome = instance.run(func, args, { limits: LIMITS });
  const name = new Names();
  const expected = name.of(outcome);
  const expectSame = (what: string, other: Outcome): void => {
    if (name.of(other) !== expected) {
      throw new Error(`${what} changes the outcome: ${show(outcome)} and ${show(other)}`);
    }
  };
  let events = 0;
  expectSame("running again", instance.run(func, args, { limits: LIMITS }));
  const trace = { sink: () => void events++ };
  expectSame("tracing", instance.run(func, args, { limits: LIMITS, trace }));
  if (events < 2) throw new Error(`a traced run gave ${events} events`);
  const fuel = outcome.fuelUsed;
  const short = (other: Outcome): boolean => !other.ok && other.trap.kind === "FuelExceeded";
  if (fuel > LIMITS.fuel || short(outcome) && fuel !== LIMITS.fuel) {
    throw new Error(`${fuel} fuel used of ${LIMITS.fuel}: ${show(outcome)}`);
  }
  if (!short(outcome)) {
    expectSame("just enough fuel", instance.run(func, args, { limits: { ...LIMITS, fuel } }));
    if (fuel === 0n) return "trap";
    const less = instance.run(func, args, { limits: { ...LIMITS, fuel: fuel - 1n } });
    if (!short(less) || less.fuelUsed !== fuel - 1n) {
      throw new Error(`one unit less than used: ${show(less)} instead of FuelExceeded`);
    }
  }
  if (engine !== undefined) {
    using other = engine.load(verified, host);
    expectSame(`tier ${engine.tier}`, other.run(func, args, { limits: LIMITS }));
    const part = BigInt(random.below(Number(fuel) + 1));
    const limits = { ...LIMITS, fuel: part, maxMemory: random.below(4096) };
    const [here, there] = [instance, other].map((one) => one.run(func, args, { limits }));
    if (name.of(here) !== name.of(there)) {
      throw new Error(
        `tier ${engine.tier} with fuel ${part} and ${limits.maxMemory} bytes: ` +
          `${show(there)} instead of ${show(here)}`,
      );
    }
  }
  return outcome.ok ? "ok" : "trap";
}

function show(outcome: Outcome): string {
  return outcome.ok
    ? `ok after ${outcome.fuelUsed} fuel`
    : `${formatTrap(outcome.trap)} after ${outcome.fuelUsed} fuel`;
}

/**
 * Numbers for structures such that equal structures have equal numbers. A comparison that walks
 * aggregates would take exponential time on those that share their parts.
 */
export class Names {
  readonly #anyNaN: boolean;
  readonly #byContent = new Map<string, number>();
  readonly #byObject = new Map<object, number>();

  /** No names yet. With `anyNaN`, all NaN have one. */
  constructor(anyNaN = false) {
    this.#anyNaN = anyNaN;
  }

  /** The name of a value. */
  of(value: unknown): number {
    if (typeof value !== "object" || value === null) {
      return this.#name(`${typeof value} ${String(value)}`);
    }
    let name = this.#byObject.get(value);
    if (name === undefined) {
      // The cause of a failed host call is an error of its own each time.
      const isNaNValue = this.#anyNaN && "bits" in value &&
        Number.isNaN(f64FromBits(value.bits as bigint));
      const parts = value instanceof Uint8Array
        ? [value.toHex()]
        : isNaNValue
        ? ["NaN"]
        : Object.entries(value).filter(([key]) => key !== "cause")
          .map(([key, part]) => `${key}:${this.of(part)}`);
      this.#byObject.set(value, name = this.#name(parts.join()));
    }
    return name;
  }

  #name(content: string): number {
    let name = this.#byContent.get(content);
    if (name === undefined) this.#byContent.set(content, name = this.#byContent.size);
    return name;
  }
}

/** A value of `type`, often an awkward one. */
function anyValue(type: ValueType, random: Random): Value {
  const word = random.pick([0n, 1n, 2n, 7n, 64n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n]);
  switch (type) {
    case "unit":
      return unit;
    case "bool":
      return bool(random.below(2) === 0);
    case "i64":
      return i64(BigInt.asIntN(64, word));
    case "u64":
      return u64(word);
    case "f64":
      return f64(random.pick([0, -0, 1.5, -3, NaN, Infinity, 2 ** 63, 5e-324]));
    case "dec":
      return dec(BigInt.asIntN(64, word), random.pick([0, 2, 255]));
    case "bytes":
      return bytesValue(new Uint8Array(random.below(9)).fill(0xc3));
    case "str":
      return str(random.pick(["", "a", "é", "a\0b", "\u{10ffff}x".repeat(9)]));
    case "agg":
      return random.pick([
        tuple(),
        tuple(i64(1), i64(2)),
        tuple(tuple(i64(5)), bool(true)),
        struct(0, i64(3), i64(4)),
        array(0, i64(1), i64(2), i64(3)),
      ]);
    case "func":
      return funcValue(random.below(4));
    case "closure":
      return closure(random.below(4), tuple(i64(9)));
    default:
      return obj(objTypeId(type), word);
  }
}

/** A host that has every function the program names, or none, or functions that misbehave. */
function hostFor(program: Program, failing: boolean, random: Random): Host {
  const functions = new Map<string, HostFunction>();
  for (const sig of program.hostSigs) {
    const symbol = program.symbols[sig.symbol];
    const results = sig.results.map((type) => anyValue(type, random));
    const returned = results.length === 1 ? results[0] : results.length === 0 ? undefined : results;
    const call = (): any => {
      if (failing) throw new Error("no");
      return returned;
    };
    functions.set(
      `${symbol} ${sig.hash}`,
      hostFunction({ symbol, args: sig.args, results: sig.results }, call),
    );
  }
  return createHost(random.below(8) === 0 ? [] : functions.values());
}

/**
 * Runs case `index` of `seed` and counts how it ended.
 *
 * @throws {Error} When the case is a finding; the message says how to repeat it.
 */
export function fuzzCase(seed: number, index: number, stats: FuzzStats, engine?: Engine): void {
  // Neighbouring cases and seeds must not share their streams.
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  const { bytes, description } = damage(random);
  try {
    stats[tryProgram(bytes, random, engine)]++;
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
