/**
 * `burin verify`: says whether a program may run, and what the lints find.
 *
 * @module
 */
import { lint } from "../../tape/lint.ts";
import { atMost, type Command, JSON_FLAG, requiredArgument } from "../command.ts";
import { ExitStatus } from "../errors.ts";
import { loadVerified } from "../program_file.ts";

/** The command. */
export const verifyCommand: Command = {
  name: "verify",
  usage: "FILE [--lint] [--json]",
  summary: "Check that a program is valid.",
  details: "Exits with 3 and the first error, its place included, when it is not.",
  flags: [
    { name: "lint", help: "also report dead stores, unreachable blocks and the like" },
    JSON_FLAG,
  ],
  run(args, io) {
    const file = requiredArgument(this, args, 0, "FILE");
    atMost(this, args, 1);
    const verified = loadVerified(io, file);
    const lints = args.lint ? lint(verified) : [];
    if (args.json) {
      io.stdout(`${JSON.stringify(args.lint ? { ok: true, lints } : { ok: true })}\n`);
      return ExitStatus.Ok;
    }
    for (const { kind, func, pc, ...rest } of lints) {
      const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${value}`).join("");
      io.stdout(`${file}: f${func} pc ${pc}: ${kind}${fields}\n`);
    }
    const count = verified.program.functions.length;
    io.stdout(`${file}: valid, ${count} function${count === 1 ? "" : "s"}\n`);
    return ExitStatus.Ok;
  },
};
