/**
 * Exit codes of the command line, and the two errors that end a command with one clear line.
 *
 * @module
 */

/** What the process's exit code says. */
export const ExitStatus = {
  /** The command did what it was asked. */
  Ok: 0,
  /** The program ran and trapped. */
  Trap: 1,
  /** The command line or a file was wrong. */
  Usage: 2,
  /** The program was refused: malformed, not verifiable, or not assemblable. */
  Refused: 3,
} as const;

/** A mistake in how the command was called; ends with `ExitStatus.Usage`. */
export class UsageError extends Error {
  /** Creates the error; the message is one line. */
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** A program that cannot run; ends with `ExitStatus.Refused`. */
export class RefusedError extends Error {
  /** Fields for `--json`. */
  readonly detail: unknown;
  /** Creates the error; `detail` goes to `--json`. */
  constructor(message: string, detail: unknown, cause?: unknown) {
    super(message, { cause });
    this.name = "RefusedError";
    this.detail = detail;
  }
}
