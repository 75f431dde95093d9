/**
 * Stand-in for `jsr:@std/cli`: `parseArgs` with the options Burin's command line uses, over
 * `node:util`. Replace the one line in deno.json to use the real one.
 *
 * Differences from the original that callers may not rely on: only `boolean`, `string`, `alias`,
 * `default`, `collect`, `stopEarly`, `negatable` and `unknown` are understood.
 *
 * @module
 */
import { parseArgs as nodeParseArgs } from "node:util";

/** Which flags exist and how they are read. */
export interface ParseOptions {
  /** Flags without a value. */
  boolean?: readonly string[];
  /** Flags with a value, kept as text. */
  string?: readonly string[];
  /** Flags that may be given more than once; their values come as an array. */
  collect?: readonly string[];
  /** Boolean flags that may be written `--no-NAME`. */
  negatable?: readonly string[];
  /** Other names of a flag, by its main name. */
  alias?: Readonly<Record<string, string | readonly string[]>>;
  /** Values of flags that are not given. */
  default?: Readonly<Record<string, unknown>>;
  /** When true, everything after the first positional argument is positional. */
  stopEarly?: boolean;
  /** Called for a flag that is not declared; returning false leaves it out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Flags by name, and positional arguments under `_`. */
// deno-lint-ignore no-explicit-any
export type Args = { _: string[]; [flag: string]: any };

/**
 * Parses command-line arguments.
 *
 * @example
 * ```ts
 * import { parseArgs } from "@std/cli";
 *
 * const args = parseArgs(["--json", "--fuel=5", "a.etp"], { boolean: ["json"], string: ["fuel"] });
 * console.log(args.json, args.fuel, args._); // true 5 [ "a.etp" ]
 * ```
 */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): Args {
  const boolean = new Set(options.boolean ?? []);
  const string = new Set(options.string ?? []);
  const collect = new Set(options.collect ?? []);
  const mainName = new Map<string, string>();
  for (const [name, others] of Object.entries(options.alias ?? {})) {
    for (const other of typeof others === "string" ? [others] : others) mainName.set(other, name);
  }
  const types: Record<string, { type: "boolean" | "string"; multiple?: boolean; short?: string }> =
    {};
  for (const name of boolean) types[name] = { type: "boolean" };
  for (const name of [...string, ...collect]) types[name] = { type: "string", multiple: true };
  for (const [other, name] of mainName) {
    if (types[name] === undefined) continue;
    if (other.length === 1) types[name].short = other;
    else types[other] = { ...types[name], short: undefined };
  }
  for (const type of Object.values(types)) if (type.short === undefined) delete type.short;
  const result: Args = { _: [] };
  for (const [name, value] of Object.entries(options.default ?? {})) result[name] = value;
  for (const name of boolean) result[name] ??= false;
  for (const name of collect) result[name] ??= [];
  const { tokens } = nodeParseArgs({
    args: [...args],
    options: types,
    allowPositionals: true,
    allowNegative: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "option-terminator") {
      result._.push(...args.slice(token.index + 1));
      break;
    }
    if (token.kind === "positional") {
      if (options.stopEarly) {
        result._.push(...args.slice(token.index));
        break;
      }
      result._.push(token.value);
      continue;
    }
    let name = mainName.get(token.name) ?? token.name;
    const negated = name.startsWith("no-") && options.negatable?.includes(name.slice(3));
    if (negated) name = name.slice(3);
    if (!boolean.has(name) && !string.has(name) && !collect.has(name)) {
      if (options.unknown?.(token.rawName, token.name, token.value) !== false) {
        result[name] = token.value ?? true;
      }
    } else if (boolean.has(name)) {
      result[name] = negated ? false : token.value !== "false";
    } else if (collect.has(name)) {
      (result[name] as unknown[]).push(token.value ?? "");
    } else {
      result[name] = token.value ?? "";
    }
  }
  return result;
}
