/**
 * What a command of the command line is: its help, its flags, and what it does.
 *
 * @module
 */
import { type Args, parseArgs } from "@std/cli";
import { didYouMean } from "../util/did_you_mean.ts";
import { UsageError } from "./errors.ts";
import type { CliIo } from "./io.ts";

/** One flag. */
export interface Flag {
  /** Name without dashes. */
  readonly name: string;
  /** Placeholder of its value in the help; flags without one are switches. */
  readonly value?: string;
  /** One-letter name. */
  readonly short?: string;
  /** One line of help. */
  readonly help: string;
}

/** One command. */
export interface Command {
  /** The word on the command line. */
  readonly name: string;
  /** Placeholders of its positional arguments. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Paragraphs for the command's own help. */
  readonly details?: string;
  /** Flags, without `--help`. */
  readonly flags: readonly Flag[];
  /** Runs it and returns the exit code. */
  run(args: Args, io: CliIo): number | Promise<number>;
}

/** The switch every command has. */
export const JSON_FLAG: Flag = { name: "json", help: "print one JSON object for machines" };

/** Parses a command's arguments; an unknown flag or a missing value is a usage error. */
export function parseCommandArgs(command: Command, args: readonly string[]): Args {
  const switches = command.flags.filter((flag) => flag.value === undefined).map((f) => f.name);
  const valued = command.flags.filter((flag) => flag.value !== undefined).map((f) => f.name);
  const parsed = parseArgs([...args], {
    boolean: [...switches, "help"],
    string: valued,
    alias: {
      help: "h",
      ...Object.fromEntries(command.flags.flatMap((f) => f.short ? [[f.name, f.short]] : [])),
    },
    unknown: (arg) => {
      const known = [...command.flags.map((flag) => `--${flag.name}`), "--help"];
      throw new UsageError(`${command.name}: unknown flag ${arg}${didYouMean(arg, known)}`);
    },
  });
  for (const name of valued) {
    if (parsed[name] === "" || parsed[name] === true) {
      throw new UsageError(`${command.name}: --${name} needs a value`);
    }
  }
  return parsed;
}

/** The help text of one command. */
export function commandHelp(command: Command): string {
  const flags = [...command.flags, { name: "help", short: "h", help: "show this help" }];
  const heads = flags.map((flag: Flag) =>
    `${flag.short ? `-${flag.short}, ` : "    "}--${flag.name}${flag.value ? ` ${flag.value}` : ""}`
  );
  const width = Math.max(...heads.map((head) => head.length)) + 2;
  const lines = flags.map((flag, i) => `  ${heads[i].padEnd(width)}${flag.help}`);
  return `Usage: burin ${command.name} ${command.usage}\n\n${command.summary}\n` +
    `${command.details ? `\n${command.details}\n` : ""}\nOptions:\n${lines.join("\n")}\n`;
}

/** The positional argument at `index`, which the command cannot do without. */
export function requiredArgument(
  command: Command,
  args: Args,
  index: number,
  what: string,
): string {
  if (args._.length > index) return args._[index];
  throw new UsageError(
    `${command.name}: ${what} is missing; usage: burin ${command.name} ${command.usage}`,
  );
}

/** Refuses more than `count` positional arguments. */
export function atMost(command: Command, args: Args, count: number): void {
  if (args._.length > count) {
    throw new UsageError(`${command.name}: unexpected argument ${JSON.stringify(args._[count])}`);
  }
}
