/**
 * Runs entries of a manifest of recorded outcomes in one tier and compares. Where the programs come
 * from is the caller's business, so that this also runs in a browser.
 *
 * @module
 */
import {
  type AsyncRunOptions,
  createHost,
  DecodeError,
  decodeProgram,
  type Engine,
  type Limits,
  type Value,
} from "../mod.ts";
import { type EngineStats, type VerifiedProgram, verify, VerifyError } from "../mod.ts";
import {
  applyEdit,
  type ManifestEntry,
  manifestOutcome,
  parseManifestLimits,
  parseManifestValue,
  sameOutcome,
} from "./manifest.ts";
import { createStandardHost } from "./standard_host.ts";

/** What one entry came to: the outcome in the manifest's form. */
export type Actual = Record<string, unknown>;

/** Runs entries of one manifest; keeps decoded programs between entries of one file. */
export class ConformanceRunner implements Disposable {
  readonly #engine: Engine;
  readonly #read: (file: string) => Uint8Array;
  readonly #files = new Map<string, Uint8Array>();
  readonly #programs = new Map<string, VerifiedProgram>();

  /**
   * A runner in `engine`, which is disposed of with it.
   *
   * @param read returns the bytes of a program file that an entry names.
   */
  constructor(read: (file: string) => Uint8Array, engine: Engine) {
    this.#engine = engine;
    this.#read = read;
  }

  /** What the engine did so far. */
  get stats(): EngineStats {
    return this.#engine.stats();
  }

  /** Frees what the engine holds. */
  [Symbol.dispose](): void {
    this.#engine[Symbol.dispose]();
  }

  #load(entry: ManifestEntry): VerifiedProgram {
    let bytes = this.#files.get(entry.file);
    if (bytes === undefined) {
      bytes = this.#read(entry.file);
      this.#files.set(entry.file, bytes);
    }
    if (entry.edit !== undefined) return verify(decodeProgram(applyEdit(bytes, entry.edit)));
    let program = this.#programs.get(entry.file);
    if (program === undefined) {
      program = verify(decodeProgram(bytes));
      this.#programs.set(entry.file, program);
    }
    return program;
  }

  /** The program of an entry, or why it is refused. */
  #program(entry: ManifestEntry): VerifiedProgram | Actual {
    try {
      return this.#load(entry);
    } catch (error) {
      if (error instanceof DecodeError) return { decodeError: error.toJSON() };
      if (error instanceof VerifyError) return { verifyError: error.detail };
      throw error;
    }
  }

  /** The outcome of one entry. */
  run(entry: ManifestEntry): Actual {
    const program = this.#program(entry);
    if (!isVerified(program)) return program;
    const { functions, log } = createStandardHost();
    using instance = this.#engine.load(program, createHost(functions));
    const [func, args, limits] = invocation(entry);
    return manifestOutcome(instance.run(func, args, { limits }), log) as unknown as Actual;
  }

  /** Like {@linkcode run}, asynchronously; the options are those of `Instance.runAsync`. */
  async runAsync(entry: ManifestEntry, options: AsyncRunOptions = {}): Promise<Actual> {
    const program = this.#program(entry);
    if (!isVerified(program)) return program;
    const { functions, log } = createStandardHost();
    using instance = this.#engine.load(program, createHost(functions));
    const [func, args, limits] = invocation(entry);
    const outcome = await instance.runAsync(func, args, { ...options, limits });
    return manifestOutcome(outcome, log) as unknown as Actual;
  }

  /** Runs `entries`; a line about each whose outcome is not the recorded one. */
  failures(entries: readonly ManifestEntry[]): string[] {
    const failed: string[] = [];
    for (const entry of entries) {
      const actual = this.run(entry);
      if (!matches(entry, actual)) failed.push(failure(entry, actual));
    }
    return failed;
  }
}

/** A line about an entry whose outcome is not the recorded one. */
export function failure(entry: ManifestEntry, actual: Actual): string {
  return `${entry.id}: ${JSON.stringify(entry.expect)} but ${JSON.stringify(actual)}`;
}

function isVerified(program: VerifiedProgram | Actual): program is VerifiedProgram {
  return "program" in program;
}

/** Function, arguments and limits of an entry. */
function invocation(entry: ManifestEntry): [number, Value[], Partial<Limits>] {
  return [
    entry.func ?? 0,
    (entry.args ?? []).map(parseManifestValue),
    // The reference has no memory limit; recorded runs stay far below this one.
    { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 },
  ];
}

/** Whether `actual` is what the entry expects. */
export function matches(entry: ManifestEntry, actual: Actual): boolean {
  if (entry.expect === undefined) return true;
  // The reference itself crashes on these inputs: refusing them is right.
  if ("crash" in entry.expect) return "decodeError" in actual || "verifyError" in actual;
  return sameOutcome(entry.expect, actual, entry.nan === "exact");
}
