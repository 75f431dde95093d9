/**
 * `burin asm`: assembly text to a container.
 *
 * @module
 */
import { encodeProgram } from "../../tape/encode.ts";
import { atMost, type Command, JSON_FLAG, requiredArgument } from "../command.ts";
import { ExitStatus, UsageError } from "../errors.ts";
import { loadVerified } from "../program_file.ts";

/** The command. */
export const asmCommand: Command = {
  name: "asm",
  usage: "FILE.tape [-o FILE.etp]",
  summary: "Assemble and verify text, and write the container.",
  details: "Without -o the container lies beside the text, with the ending .etp.",
  flags: [
    { name: "output", short: "o", value: "FILE", help: "where to write the container" },
    JSON_FLAG,
  ],
  run(args, io) {
    const file = requiredArgument(this, args, 0, "FILE");
    atMost(this, args, 1);
    const bytes = encodeProgram(loadVerified(io, file).program);
    const output: string = args.output ?? file.replace(/(\.tape)?$/, ".etp");
    try {
      io.writeFile(output, bytes);
    } catch (error) {
      throw new UsageError(`${output}: ${(error as Error).message}`);
    }
    io.stdout(
      args.json
        ? `${JSON.stringify({ output, bytes: bytes.length })}\n`
        : `${output}: ${bytes.length} bytes\n`,
    );
    return ExitStatus.Ok;
  },
};
