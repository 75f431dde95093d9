/**
 * The `burin` command: finds the command, runs it, and turns errors into one line and an exit code.
 *
 * @module
 */
import { asmCommand } from "./commands/asm.ts";
import { disCommand } from "./commands/dis.ts";
import { explainCommand } from "./commands/explain.ts";
import { infoCommand } from "./commands/info.ts";
import { runCommand } from "./commands/run.ts";
import { verifyCommand } from "./commands/verify.ts";
import { type Command, commandHelp, parseCommandArgs } from "./command.ts";
import { ExitStatus, RefusedError, UsageError } from "./errors.ts";
import { type CliIo, paint, processIo } from "./io.ts";

export type { CliIo } from "./io.ts";
import { didYouMean } from "../util/did_you_mean.ts";

const COMMANDS: readonly Command[] = [
  runCommand,
  verifyCommand,
  asmCommand,
  disCommand,
  infoCommand,
  explainCommand,
];

function generalHelp(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length)) + 2;
  const list = COMMANDS.map((c) => `  ${c.name.padEnd(width)}${c.summary}`).join("\n");
  return `Burin runs EXTAPE programs: metered, bounded, and unable to reach what they were not given.

Usage: burin COMMAND [OPTIONS]

Commands:
${list}

Every command has --help. Programs are EXTAPE containers (.etp) or assembly text (.tape).

Exit codes: 0 result, 1 trap, 2 wrong usage or file, 3 refused program.
`;
}

/**
 * Runs the command line `args` and returns the exit code.
 *
 * @param io Files and streams; the process's own by default.
 */
export async function main(args: readonly string[], io: CliIo = processIo()): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const command = COMMANDS.find((c) => c.name === rest[0]);
    io.stdout(name === "help" && command ? commandHelp(command) : generalHelp());
    return name === undefined ? ExitStatus.Usage : ExitStatus.Ok;
  }
  const { red } = paint(io.isTerminal);
  try {
    const command = COMMANDS.find((c) => c.name === name);
    if (command === undefined) {
      const hint = didYouMean(name, COMMANDS.map((c) => c.name));
      throw new UsageError(`unknown command ${name}${hint}; burin --help lists them`);
    }
    const parsed = parseCommandArgs(command, rest);
    if (parsed.help) {
      io.stdout(commandHelp(command));
      return ExitStatus.Ok;
    }
    try {
      return await command.run(parsed, io);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (parsed.json) io.stdout(`${JSON.stringify(error.detail)}\n`);
      else io.stderr(`${red("refused")}: ${error.message}\n`);
      return ExitStatus.Refused;
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.stderr(`${red("error")}: ${error.message}\n`);
    return ExitStatus.Usage;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
