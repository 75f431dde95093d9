/**
 * What an engine counts while it works, and the form in which it tells.
 *
 * @module
 */
import { Request } from "../front/requests.ts";
import type { FunctionStats } from "./profile.ts";

/** Why compiled code left, or called back, counted. */
export interface ExitCounts {
  /** The function that was entered returned. */
  readonly return: number;
  /** A trap of an instruction. */
  readonly trap: number;
  /** Fuel ran out. */
  readonly fuel: number;
  /** A call found no level left. */
  readonly depth: number;
  /** A host function was called. */
  readonly hostCall: number;
  /** More memory was needed. */
  readonly reserve: number;
  /** Bytes had to be checked for UTF-8. */
  readonly checkUtf8: number;
  /** A call through a value had to be checked. */
  readonly checkCall: number;
}

/** What an engine did so far; made by `Engine.stats`. Counts are of all its instances together. */
export interface EngineStats {
  /** The tier the engine uses. */
  readonly tier: string;
  /** What it compiles to: the instruction set of its machine code; undefined while it does not. */
  readonly target?: "x64" | "a64" | "wasm";
  /**
   * Why something ran in the interpreter although another tier was asked for, or why there is no machine
   * code; each reason once.
   */
  readonly reasons: readonly string[];
  /** Runs that ended or failed, waiting ones not included. */
  readonly runs: number;
  /**
   * Functions compiled from their first instruction on. WebAssembly of a function may be in several
   * modules, which counts once.
   */
  readonly functionsCompiled: number;
  /** Loops compiled so that a call under way can be moved to machine code. */
  readonly loopsCompiled: number;
  /** Time spent on lowering, optimising and compiling, in milliseconds. */
  readonly compileMilliseconds: number;
  /** Bytes of machine code, or of WebAssembly modules, made. */
  readonly codeBytes: number;
  /** Times compiled code was entered, returns to it included. */
  readonly entries: number;
  /** Why it left, or called back. */
  readonly exits: ExitCounts;
  /** Host calls, by the way they took. */
  readonly hostCalls: {
    /** From the interpreter. */
    readonly interpreter: number;
    /** From machine code, which left and was entered again. */
    readonly reentry: number;
    /** From machine code, by a call on the host stack. */
    readonly callback: number;
    /** From WebAssembly. */
    readonly wasm: number;
  };
  /**
   * Calls that were interpreted, with all they call, although there is WebAssembly for them, because they
   * nest too deep for the stack of the JavaScript engine.
   */
  readonly deepCalls: number;
  /** Calls that moved from the interpreter to compiled code. */
  readonly tierUps: {
    /** At their start. */
    readonly functions: number;
    /** In a loop. */
    readonly loops: number;
  };
  /** What compiling brought, by function; of programs that still exist. */
  readonly functions: readonly FunctionStats[];
}

/** Indices into `Counters.exits`. */
export const ExitCount = {
  Return: 0,
  Trap: 1,
  Fuel: 2,
  Depth: 3,
  /** Requests follow in the order of their codes. */
  Request: 4,
} as const;

/** The counters of one engine. */
export class Counters {
  /** By `ExitCount`; of the host calls only those that were refused. */
  readonly exits: Float64Array = new Float64Array(8);
  runs = 0;
  /** Host calls of the runs counted. */
  hostCalls = 0;
  /** Those of them that machine code made by leaving and being entered again. */
  reentries = 0;
  /** And those that it made by a call on the host stack. */
  callbacks = 0;
  /** And those that WebAssembly made. */
  wasmCalls = 0;
  /** See `EngineStats.deepCalls`. */
  deepCalls = 0;
  /** Times compiled code was entered. */
  entries = 0;
  functionsCompiled = 0;
  loopsCompiled = 0;
  compileMilliseconds = 0;
  codeBytes = 0;
  tierUpFunctions = 0;
  tierUpLoops = 0;
  readonly #reasons = new Set<string>();

  /** Calls that moved from the interpreter to machine code. */
  get tierUps(): number {
    return this.tierUpFunctions + this.tierUpLoops;
  }

  /** Notes why something ran in the interpreter. */
  because(reason: string): void {
    if (this.#reasons.size < 100) this.#reasons.add(reason);
  }

  /** The host call counted last was beyond its run's limit: the code left, but nothing was called. */
  refuse(route: "reenter" | "callback"): void {
    this.exits[ExitCount.Request + Request.HostCall]++;
    if (route === "callback") this.callbacks--;
    else this.reentries--;
  }

  get #compiledCalls(): number {
    return this.reentries + this.callbacks + this.wasmCalls;
  }

  /** The counts as they are now. */
  stats(
    tier: string,
    target: EngineStats["target"],
    functions: readonly FunctionStats[],
  ): EngineStats {
    const [ret, trap, fuel, depth, reserve, refused, checkCall, checkUtf8] = this.exits;
    const hostCall = refused + this.reentries + this.callbacks;
    return {
      tier,
      ...(target !== undefined && { target }),
      reasons: [...this.#reasons],
      runs: this.runs,
      functionsCompiled: this.functionsCompiled,
      loopsCompiled: this.loopsCompiled,
      compileMilliseconds: this.compileMilliseconds,
      codeBytes: this.codeBytes,
      entries: this.entries,
      exits: { return: ret, trap, fuel, depth, hostCall, reserve, checkUtf8, checkCall },
      hostCalls: {
        // Of runs that are not over only what compiled code called has been counted.
        interpreter: Math.max(0, this.hostCalls - this.#compiledCalls),
        reentry: this.reentries,
        callback: this.callbacks,
        wasm: this.wasmCalls,
      },
      deepCalls: this.deepCalls,
      tierUps: { functions: this.tierUpFunctions, loops: this.tierUpLoops },
      functions,
    };
  }
}

/** Statistics for people, a line each. */
export function formatStats(stats: EngineStats): string[] {
  const { exits, hostCalls, tierUps } = stats;
  const lines = [`tier ${stats.tier}${stats.target === undefined ? "" : ` (${stats.target})`}`];
  for (const reason of stats.reasons) lines.push(`note: ${reason}`);
  lines.push(
    `compiled ${stats.functionsCompiled} functions and ${stats.loopsCompiled} loops to ` +
      `${stats.codeBytes} bytes in ${stats.compileMilliseconds.toFixed(2)} ms`,
    `moved to compiled code ${tierUps.functions} calls at their start, ${tierUps.loops} in a loop`,
  );
  const kinds = Object.entries(exits).filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind} ${count}`);
  lines.push(
    `entered compiled code ${stats.entries} times` +
      (kinds.length === 0 ? "" : `, left for: ${kinds.join(", ")}`),
    `host calls: ${hostCalls.interpreter} from the interpreter, ${hostCalls.reentry} by re-entry, ` +
      `${hostCalls.callback} by callback, ${hostCalls.wasm} from WebAssembly`,
    ...formatFunctions(stats.functions),
  );
  if (stats.deepCalls > 0) lines.push(`interpreted for lack of stack: ${stats.deepCalls} calls`);
  return lines;
}

/** Rows of the table of functions. */
const MAX_ROWS = 20;

/** A table of the functions that used most fuel in compiled code. */
function formatFunctions(functions: readonly FunctionStats[]): string[] {
  if (functions.length === 0) return [];
  const fixed = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? "-";
  const rows = functions.toSorted((a, b) => b.fuel - a.fuel).slice(0, MAX_ROWS).map((row) => [
    [row.program, `f${row.func}`, row.name].filter((part) => part !== undefined).join(" "),
    fixed(row.compileMilliseconds, 2),
    String(row.codeBytes),
    String(row.entries),
    row.fuel.toFixed(0),
    fixed(row.interpreterRate, 2),
    fixed(row.compiledRate, 2),
    fixed(row.millisecondsSaved, 2),
    row.breakEvenEntries === undefined ? "-" : String(row.breakEvenEntries),
  ]);
  const table = [
    [
      "function",
      "compile ms",
      "bytes",
      "entries",
      "fuel",
      "interp ns/fuel",
      "code ns/fuel",
      "saved ms",
      "pays after",
    ],
    ...rows,
  ];
  const widths = table[0].map((_, k) => Math.max(...table.map((row) => row[k].length)));
  const lines = table.map((row) =>
    row.map((cell, k) => k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k])).join("  ")
  );
  if (functions.length > MAX_ROWS) lines.push(`and ${functions.length - MAX_ROWS} more`);
  return [
    "compiled functions (fuel, time for a unit of it, time saved and entries to pay are estimates):",
    ...lines,
  ];
}
