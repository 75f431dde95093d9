/**
 * What the command line needs from the outside, so that tests can stand in for it, and how it prints:
 * colours only on a terminal, progress on one line that is wiped.
 *
 * @module
 */

/** The outside world of a command. */
export interface CliIo {
  /** Reads a whole file; throws Deno's errors. */
  readFile(path: string): Uint8Array;
  /** Writes a whole file; throws Deno's errors. */
  writeFile(path: string, bytes: Uint8Array): void;
  /** Writes to standard output. */
  stdout(text: string | Uint8Array): void;
  /** Writes to standard error. */
  stderr(text: string): void;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
}

/** The process's own files and streams. */
export function processIo(): CliIo {
  const encoder = new TextEncoder();
  const writeAll = (
    stream: { writeSync(bytes: Uint8Array): number },
    text: string | Uint8Array,
  ) => {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  };
  return {
    readFile: (path) => Deno.readFileSync(path),
    writeFile: (path, bytes) => Deno.writeFileSync(path, bytes),
    stdout: (text) => writeAll(Deno.stdout, text),
    stderr: (text) => writeAll(Deno.stderr, text),
    isTerminal: Deno.stdout.isTerminal() && !Deno.noColor,
  };
}

/** Paints text when `on`; leaves it alone otherwise. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
}

/** ANSI colours, or none. */
export function paint(on: boolean): Paint {
  const style = (code: number) => (text: string) => on ? `\x1b[${code}m${text}\x1b[0m` : text;
  return { bold: style(1), dim: style(2), red: style(31), green: style(32) };
}
