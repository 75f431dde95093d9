/**
 * GNU binutils for tests: assemble text, disassemble bytes, and ask which lines the assembler
 * refuses. Owns the choice of the installed tools and their temporary files; relies on `as`,
 * `objcopy` and `objdump` of either the cross or the native package; guarantees flat `.text` bytes
 * and one normalised line an instruction. Tests call {@linkcode hasTool} first and say what they
 * skip when it answers false.
 *
 * @module
 */

/** An instruction set these tools are asked about. */
export type Target = "a64" | "x64";

/** A binutils program by its plain name. */
export type Tool = "as" | "ld" | "objcopy" | "objdump";

interface TargetInfo {
  prefix: string;
  nativeArch: string;
  disassembly: string[];
  comment: RegExp;
}

const TARGETS: Record<Target, TargetInfo> = {
  a64: {
    prefix: "aarch64-linux-gnu-",
    nativeArch: "aarch64",
    disassembly: ["-m", "aarch64"],
    comment: /\s*\/\/.*$/,
  },
  x64: {
    prefix: "x86_64-linux-gnu-",
    nativeArch: "x86_64",
    disassembly: ["-m", "i386:x86-64", "-M", "intel"],
    comment: /\s*#.*$/,
  },
};

const present = new Map<string, boolean>();

/**
 * Whether the program `name` is installed and is a GNU tool (the same names on other systems
 * belong to programs with other options).
 *
 * @param name a program name such as `"aarch64-linux-gnu-as"`, or a target (`"a64"`, `"x64"`),
 * which asks for everything {@linkcode assemble} and {@linkcode disassemble} need.
 */
export function hasTool(name: string): boolean {
  if (name === "a64" || name === "x64") {
    return (["as", "objcopy", "objdump"] as const).every((tool) => toolName(name, tool) !== null);
  }
  let found = present.get(name);
  if (found === undefined) {
    found = probe(name);
    present.set(name, found);
  }
  return found;
}

function probe(name: string): boolean {
  try {
    const { success, stdout } = new Deno.Command(name, {
      args: ["--version"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).outputSync();
    return success && new TextDecoder().decode(stdout).includes("GNU");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The name under which `tool` for `target` is installed, or null. */
export function toolName(target: Target, tool: Tool): string | null {
  const { prefix, nativeArch } = TARGETS[target];
  if (hasTool(prefix + tool)) return prefix + tool;
  const native = Deno.build.os === "linux" && Deno.build.arch === nativeArch;
  return native && hasTool(tool) ? tool : null;
}

function needTool(target: Target, tool: Tool): string {
  const name = toolName(target, tool);
  if (name === null) {
    throw new Error(`GNU ${tool} for ${target} is not installed: call hasTool("${target}") first`);
  }
  return name;
}

interface Outcome {
  success: boolean;
  stdout: string;
  stderr: string;
}

async function run(name: string, args: string[]): Promise<Outcome> {
  const output = await new Deno.Command(name, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C" },
  }).output();
  const decoder = new TextDecoder();
  return {
    success: output.success,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

async function inTempDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "burin-binutils-" });
  try {
    return await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/**
 * Assembles `source` with GNU as and returns the flat bytes of `.text`.
 *
 * The text is GNU syntax; for x64 start it with `.intel_syntax noprefix` if that is what it is.
 * Nothing is linked, so references to undefined symbols stay zero.
 *
 * @throws {Error} with the assembler's messages when it rejects a line.
 */
export async function assemble(target: Target, source: string): Promise<Uint8Array> {
  const as = needTool(target, "as");
  const objcopy = needTool(target, "objcopy");
  return await inTempDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/in.s`, source.endsWith("\n") ? source : source + "\n");
    const assembled = await run(as, ["-o", `${dir}/out.o`, `${dir}/in.s`]);
    if (!assembled.success) throw new Error(`${as} rejected the source:\n${assembled.stderr}`);
    const copied = await run(objcopy, [
      "-O",
      "binary",
      "-j",
      ".text",
      `${dir}/out.o`,
      `${dir}/out.bin`,
    ]);
    if (!copied.success) throw new Error(`${objcopy} failed:\n${copied.stderr}`);
    return await Deno.readFile(`${dir}/out.bin`);
  });
}

/**
 * Assembles `lines` as one file and returns the indices (from 0, ascending) of those for which
 * GNU as reports an error. Warnings don't count.
 *
 * @param prologue one line put in front, for example `.intel_syntax noprefix`.
 */
export async function rejectedLines(
  target: Target,
  lines: readonly string[],
  prologue = "",
): Promise<number[]> {
  const as = needTool(target, "as");
  return await inTempDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/in.s`, [prologue, ...lines, ""].join("\n"));
    const { success, stderr } = await run(as, ["-o", `${dir}/out.o`, `${dir}/in.s`]);
    const rejected = new Set<number>();
    for (const [, line] of stderr.matchAll(/in\.s:(\d+): (?:Error|Fatal error):/g)) {
      rejected.add(Number(line) - 2);
    }
    if (success !== (rejected.size === 0)) {
      throw new Error(`cannot read ${as}'s answer:\n${stderr}`);
    }
    return [...rejected].sort((a, b) => a - b);
  });
}

/**
 * Disassembles raw `bytes` with objdump (Intel syntax for x64).
 *
 * @param startAddress the address of the first byte: PC-relative targets are printed from it.
 * @returns one line an instruction, `offset: text`: the offset from the first byte in hexadecimal
 * without `0x`, the text with single spaces, without comments and symbol names.
 * @throws {Error} when objdump fails.
 */
export async function disassemble(
  target: Target,
  bytes: Uint8Array,
  startAddress = 0,
): Promise<string[]> {
  const objdump = needTool(target, "objdump");
  const { disassembly, comment } = TARGETS[target];
  return await inTempDir(async (dir) => {
    await Deno.writeFile(`${dir}/in.bin`, bytes);
    const { success, stdout, stderr } = await run(objdump, [
      "-D",
      "-z",
      "-b",
      "binary",
      ...disassembly,
      "--no-show-raw-insn",
      `--adjust-vma=0x${startAddress.toString(16)}`,
      `${dir}/in.bin`,
    ]);
    if (!success) throw new Error(`${objdump} failed:\n${stderr}`);
    const lines: string[] = [];
    for (const line of stdout.split("\n")) {
      const match = /^\s*([0-9a-f]+):\t(.*)$/.exec(line);
      if (match === null) continue;
      const text = match[2]
        .replace(comment, "")
        .replace(/\s*<[^>]*>/g, "")
        .replace(/\s+/g, " ")
        .trim();
      lines.push(`${(parseInt(match[1], 16) - startAddress).toString(16)}: ${text}`);
    }
    return lines;
  });
}
