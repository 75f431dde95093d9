/**
 * `burin dis`: a program as text that `burin asm` takes back.
 *
 * @module
 */
import { disassemble } from "../../tape/disassemble.ts";
import { atMost, type Command, JSON_FLAG, requiredArgument } from "../command.ts";
import { ExitStatus } from "../errors.ts";
import { loadProgram } from "../program_file.ts";

/** The command. */
export const disCommand: Command = {
  name: "dis",
  usage: "FILE",
  summary: "Print a program as assembly text.",
  details: "The text assembles to the same program. Unverifiable programs are listed too.",
  flags: [JSON_FLAG],
  run(args, io) {
    const file = requiredArgument(this, args, 0, "FILE");
    atMost(this, args, 1);
    const text = disassemble(loadProgram(io, file));
    io.stdout(args.json ? `${JSON.stringify({ text })}\n` : text);
    return ExitStatus.Ok;
  },
};
