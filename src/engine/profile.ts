/**
 * What compiling brought, function by function: an estimate from samples. Every entry into compiled
 * code from outside is counted; of the time and fuel it takes only some are looked at, so that looking
 * costs about a nanosecond an entry and nothing inside of compiled code. How long the interpreter takes
 * for a unit of fuel is known from its own looks at what it runs and from whole runs, sampled as well.
 *
 * The time saved by a function is what the interpreter would have taken for the fuel that its entries
 * used, less what they took, less the time of compiling. Times include those of host functions, on both
 * sides. Rates are medians of the latest samples, weighted by fuel, so a sample that another process
 * interrupted does no harm. Where the interpreter has run so little that the JavaScript engine may not
 * have compiled its loop yet, it looks ten times slower than it would have been; the difference is then
 * taken to be `COLD_DIFFERENCE` at most.
 *
 * @module
 */
import { functionName, type Program } from "../tape/program.ts";
import type { VerifiedProgram } from "../tape/verify.ts";

/** What an engine knows of one function that was compiled. */
export interface FunctionStats {
  /** Name of the program, if it has one. */
  readonly program?: string;
  /** Function id. */
  readonly func: number;
  /** Name of the function, if it has one. */
  readonly name?: string;
  /** Milliseconds of compiling it, its loops, and what it calls that had not been compiled before. */
  readonly compileMilliseconds: number;
  /** Bytes of code that this made. */
  readonly codeBytes: number;
  /** Times its compiled code was entered from outside: by a run, or by the interpreter. */
  readonly entries: number;
  /** Fuel that those used, what they called included; an estimate. */
  readonly fuel: number;
  /** Nanoseconds for a unit of fuel in the interpreter; undefined while nothing is known. */
  readonly interpreterRate?: number;
  /** Nanoseconds for a unit of fuel in compiled code; undefined while nothing is known. */
  readonly compiledRate?: number;
  /**
   * Milliseconds that the interpreter would have taken longer, compiling included: negative while it
   * has not paid. An estimate; undefined where one of the rates is, as in tier `"native"`, in which
   * nothing is interpreted.
   */
  readonly millisecondsSaved?: number;
  /**
   * Entries after which compiling has paid; undefined where nothing is known, or if entries don't get
   * faster by it. An estimate.
   */
  readonly breakEvenEntries?: number;
}

/** Samples that a rate remembers. */
const SAMPLES = 16;

/** Entries at first of which every one is a sample. */
const FIRST_ENTRIES = 16;
/** Later, one entry in so many, if they are short. */
const RARE = 1024;
/** Nanoseconds of entries for each sample, which takes some hundred. */
const SAMPLE_INTERVAL = 100_000;

/** Milliseconds of interpreting until its loop is sure to be compiled. */
const COLD_MILLISECONDS = 100;
/**
 * Nanoseconds that compiled code is faster for a unit of fuel, at most, as far as a cold interpreter can
 * tell: the middle of what was measured over a score of programs with a warm one, 3.3 against 0.3.
 */
const COLD_DIFFERENCE = 3;

/** Interpreting less than this between two looks says nothing. */
const LEAST_FUEL = 1000;

/** Milliseconds that interpreters of this process were seen working. */
let interpretedMilliseconds = 0;

/** Nanoseconds for a unit of fuel, by the latest samples. */
class Rate {
  readonly #samples: { readonly rate: number; readonly fuel: number }[] = [];
  #count = 0;

  add(nanoseconds: number, fuel: number): void {
    this.#samples[this.#count++ % SAMPLES] = { rate: nanoseconds / fuel, fuel };
  }

  /** The median, weighted by fuel. */
  get(): number | undefined {
    const samples = this.#samples.toSorted((a, b) => a.rate - b.rate);
    let left = samples.reduce((sum, { fuel }) => sum + fuel, 0) / 2;
    for (const { rate, fuel } of samples) {
      left -= fuel;
      if (left <= 0) return rate;
    }
  }
}

/**
 * Entries of one kind into the functions of a program. Who enters counts `left` down and, where that
 * gives 0 or less, should let the entry be a sample.
 */
export class Tally {
  /** Entries until the next that is to be a sample, by function. */
  readonly left: Int32Array;
  /** What `left` was after the last sample. */
  readonly #steps: Int32Array;
  /** Entries up to the last sample, and their fuel. */
  readonly #entries: Float64Array;
  readonly #fuel: Float64Array;
  /** Fuel of the last sample. */
  readonly #lastFuel: Float64Array;

  /** Nothing yet, for so many functions. Without `isSampled`, hardly any sample is wanted. */
  constructor(functions: number, isSampled: boolean) {
    this.left = new Int32Array(functions).fill(isSampled ? 1 : 0x7fff_ffff);
    this.#steps = this.left.slice();
    this.#entries = new Float64Array(functions);
    this.#fuel = new Float64Array(functions);
    this.#lastFuel = new Float64Array(functions);
  }

  /** Records what the latest entry into `func` took; `nanoseconds` is 0 if that is not known. */
  sample(func: number, nanoseconds: number, fuel: number): void {
    const covered = this.#steps[func] - this.left[func];
    const entries = this.#entries[func] += covered;
    // It stands for those before it that were no samples.
    this.#fuel[func] += fuel * covered;
    this.#lastFuel[func] = fuel;
    const step = entries < FIRST_ENTRIES || nanoseconds === 0
      ? 1
      : Math.ceil(Math.min(RARE, SAMPLE_INTERVAL / nanoseconds));
    this.left[func] = this.#steps[func] = step;
  }

  /** How often `func` was entered. */
  entries(func: number): number {
    return this.#entries[func] + this.#steps[func] - this.left[func];
  }

  /** Fuel that this took. */
  fuel(func: number): number {
    return this.#fuel[func] + (this.#steps[func] - this.left[func]) * this.#lastFuel[func];
  }
}

/** What is known of one function. */
class FunctionProfile {
  readonly interpreterRate: Rate = new Rate();
  readonly compiledRate: Rate = new Rate();
  /** Whether the interpreter was warm when it was sampled last. */
  isWarm = false;
  compileMilliseconds = 0;
  codeBytes = 0;
}

/** What is known of the functions of one program. */
export class ProgramProfile {
  /** Entries into compiled code. */
  readonly compiled: Tally;
  /** Runs that begin in the interpreter. */
  readonly interpreted: Tally;
  readonly #program: Program;
  readonly #functions: (FunctionProfile | undefined)[];
  /** The interpreter's rate, whatever the function. */
  readonly #rate = new Rate();
  #isWarm = false;

  /** Without `isCompiled`, hardly any sample is wanted. */
  constructor(program: Program, isCompiled: boolean) {
    const { length } = program.functions;
    this.#program = program;
    this.#functions = new Array(length).fill(undefined);
    this.compiled = new Tally(length, isCompiled);
    this.interpreted = new Tally(length, isCompiled);
  }

  #of(func: number): FunctionProfile {
    return this.#functions[func] ??= new FunctionProfile();
  }

  /** Says what it took to compile `func` with what it calls. */
  addCode(func: number, milliseconds: number, bytes: number): void {
    const profile = this.#of(func);
    profile.compileMilliseconds += milliseconds;
    profile.codeBytes += bytes;
  }

  /** Says that the latest entry into compiled code of `func` took so long for `fuel` units. */
  sampleCompiled(func: number, nanoseconds: number, fuel: number): void {
    this.compiled.sample(func, nanoseconds, fuel);
    if (nanoseconds > 0 && fuel > 0) this.#of(func).compiledRate.add(nanoseconds, fuel);
  }

  /** Says that the interpreter took so long for `fuel` units, in or below `func`. */
  sampleInterpreter(func: number, nanoseconds: number, fuel: number): void {
    if (fuel === 0) return;
    interpretedMilliseconds += nanoseconds / 1e6;
    const profile = this.#of(func);
    profile.interpreterRate.add(nanoseconds, fuel);
    this.#rate.add(nanoseconds, fuel);
    profile.isWarm = this.#isWarm = interpretedMilliseconds > COLD_MILLISECONDS;
  }

  /** The same of the time between two looks. */
  sampleLook(func: number, nanoseconds: number, fuel: number): void {
    if (fuel >= LEAST_FUEL) this.sampleInterpreter(func, nanoseconds, fuel);
  }

  /** Functions that were compiled or entered, in order. */
  stats(): FunctionStats[] {
    const stats: FunctionStats[] = [];
    for (let func = 0; func < this.#functions.length; func++) {
      const profile = this.#functions[func];
      const isCompiled = profile !== undefined && profile.codeBytes > 0;
      if (!isCompiled && this.compiled.entries(func) === 0) continue;
      stats.push(this.#statsOf(func, profile ?? new FunctionProfile()));
    }
    return stats;
  }

  #statsOf(func: number, profile: FunctionProfile): FunctionStats {
    const { compileMilliseconds, codeBytes } = profile;
    const entries = this.compiled.entries(func);
    const fuel = this.compiled.fuel(func);
    const compiledRate = profile.compiledRate.get();
    const own = profile.interpreterRate.get();
    const interpreterRate = own ?? this.#rate.get();
    const program = this.#program.symbols[this.#program.name] || undefined;
    const name = functionName(this.#program, func);
    let millisecondsSaved: number | undefined;
    let breakEvenEntries: number | undefined;
    if (interpreterRate !== undefined && compiledRate !== undefined) {
      const isWarm = own === undefined ? this.#isWarm : profile.isWarm;
      const difference = interpreterRate - compiledRate;
      const gain = (isWarm ? difference : Math.min(difference, COLD_DIFFERENCE)) * fuel / 1e6;
      millisecondsSaved = gain - compileMilliseconds;
      if (gain > 0) breakEvenEntries = Math.ceil(compileMilliseconds / (gain / entries));
    }
    return {
      ...(program !== undefined && { program }),
      func,
      ...(name !== undefined && { name }),
      compileMilliseconds,
      codeBytes,
      entries,
      fuel,
      ...(interpreterRate !== undefined && { interpreterRate }),
      ...(compiledRate !== undefined && { compiledRate }),
      ...(millisecondsSaved !== undefined && { millisecondsSaved }),
      ...(breakEvenEntries !== undefined && { breakEvenEntries }),
    };
  }
}

/** What an engine knows of its programs, as long as these exist. */
export class Profiles {
  readonly #byProgram = new WeakMap<VerifiedProgram, ProgramProfile>();
  #all: WeakRef<ProgramProfile>[] = [];
  #limit = 64;
  readonly #isCompiled: boolean;

  /** Without `isCompiled`, no samples are taken. */
  constructor(isCompiled: boolean) {
    this.#isCompiled = isCompiled;
  }

  /** What is known of `verified`. */
  of(verified: VerifiedProgram): ProgramProfile {
    const known = this.#byProgram.get(verified);
    if (known !== undefined) return known;
    const profile = new ProgramProfile(verified.program, this.#isCompiled);
    this.#byProgram.set(verified, profile);
    if (this.#all.length >= this.#limit) {
      this.#all = this.#all.filter((ref) => ref.deref() !== undefined);
      this.#limit = Math.max(64, 2 * this.#all.length);
    }
    this.#all.push(new WeakRef(profile));
    return profile;
  }

  /** Functions of all programs that were compiled or entered. */
  stats(): FunctionStats[] {
    return this.#all.flatMap((ref) => ref.deref()?.stats() ?? []);
  }
}
