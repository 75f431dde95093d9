/**
 * Where the tests of `ffi/` run: which of them apply here, and how to start a child process.
 *
 * @module
 */
import type { CodeSpaceOptions } from "../../ffi/code_space.ts";
import { nativeSupport } from "../../ffi/platform.ts";

const support = nativeSupport();

/** Spread into a test that needs native code: its name then says when it is left out. */
export const NATIVE: { ignore: boolean } = { ignore: !support.supported };

/** Spread into a test that reads `/proc`, which Deno allows with `--allow-all` only. */
export const LINUX: { ignore: boolean } = {
  ignore: !support.supported || Deno.build.os !== "linux",
};

/**
 * Words before the path of Deno that start a child like this process: an emulator and its options, in
 * the environment variable `BURIN_TEST_RUNNER`. Empty on a real processor.
 */
const RUNNER = (Deno.env.get("BURIN_TEST_RUNNER") ?? "").split(" ").filter((word) => word !== "");

/** Whether this process runs in an emulator, which may not show code written through an alias. */
export const EMULATED: boolean = RUNNER.length > 0;

/** The ways a code space can be made on this system. */
export const MODES: NonNullable<CodeSpaceOptions["mode"]>[] = modes();

function modes(): typeof MODES {
  if (Deno.build.os === "linux") {
    return EMULATED ? ["auto", "mprotect"] : ["auto", "memfd", "mprotect"];
  }
  return Deno.build.arch === "aarch64" ? ["auto", "mprotect", "map_jit"] : ["auto", "mprotect"];
}

/** How a child process ended. */
export interface ChildResult {
  code: number;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs `source` in a Deno of its own; it may import this folder's files and `ffi/` by their path
 * relative to here.
 */
export async function runChild(source: string, ...flags: string[]): Promise<ChildResult> {
  const path = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    const text = source.replaceAll(
      /(from |import )"(\.[^"]+)"/g,
      (_, keyword, to) => `${keyword}"${new URL(to, import.meta.url).href}"`,
    );
    Deno.writeTextFileSync(path, text);
    const words = [...RUNNER, Deno.execPath(), "run", "--no-check", "--no-prompt", ...flags, path];
    const output = await new Deno.Command(words[0], {
      args: words.slice(1),
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return {
      code: output.code,
      signal: output.signal,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  } finally {
    Deno.removeSync(path);
  }
}
