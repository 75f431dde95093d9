/**
 * Writes src/tape/opcodes.ts from src/tape/opcodes.tsv, the specification's opcode list.
 * `deno run -R -W scripts/generate_opcodes.ts` rewrites the file, `--check` only compares and exits
 * with 1 when it is stale.
 *
 * @module
 */

const TSV = new URL("../src/tape/opcodes.tsv", import.meta.url);
const OUT = new URL("../src/tape/opcodes.ts", import.meta.url);

/** Operand kinds in the order of their numbers in `OPERAND_KINDS`; 0 ends an opcode's list. */
const KINDS = ["reg", "regs", "uleb32", "uleb64", "sleb64", "u64le", "u8", "bool8"];

/** Returns the text of opcodes.ts for the text of opcodes.tsv. */
export function generateOpcodes(tsv: string): string {
  const rows = tsv.trimEnd().split("\n").slice(1).map((line) => line.split("\t"));
  const infos: string[] = [];
  const names: string[] = [];
  const kinds: number[][] = Array.from({ length: 256 }, () => []);
  for (const [mnemonic, opcode, terminator, operands, types, traps, fuel, description] of rows) {
    const code = Number(opcode);
    const operandList = operands === "-" ? [] : operands.split(" ").map((operand) => {
      const [name, kind, access] = operand.split(":");
      if (!KINDS.includes(kind)) throw new Error(`unknown operand kind ${kind} of ${mnemonic}`);
      kinds[code].push(KINDS.indexOf(kind) + 1 + (access === "w" ? 16 : 0));
      return `{ name: "${name}", kind: "${kind}", access: ${access ? `"${access}"` : "null"} }`;
    });
    const [inputs, outputs] = types.split("->").map((side) =>
      JSON.stringify(
        side.trim() === "" ? [] : side.trim().split(/\s+/).map((t) => t.replace("decimal", "dec")),
      )
    );
    const trapList = JSON.stringify(traps === "-" ? [] : traps.split(" "));
    if (fuel !== "1") throw new Error(`${mnemonic} costs ${fuel}; the tiers assume 1`);
    const pascal = mnemonic.split(/[._]/).map((p) => p[0].toUpperCase() + p.slice(1)).join("");
    names.push(`  /** ${description} */\n  ${pascal}: 0x${hex2(code)},`);
    infos.push(`  [0x${hex2(code)}, {
    mnemonic: "${mnemonic}",
    opcode: 0x${hex2(code)},
    terminator: ${terminator === "1"},
    operands: [${operandList.join(", ")}],
    inputs: ${inputs},
    outputs: ${outputs},
    traps: ${trapList},
    description: ${JSON.stringify(description)},
  }],`);
  }
  const width = Math.max(...kinds.map((k) => k.length)) + 1;
  const flat = kinds.flatMap((k) => [...k, ...Array(width - k.length).fill(0)]);
  return `/**
 * The opcode table of EXTAPE (specification §6.2). Generated from opcodes.tsv by
 * scripts/generate_opcodes.ts; do not edit.
 *
 * @module
 */

/** How an operand is encoded (specification §6.1). */
export type OperandKind =
  | ${KINDS.map((k) => `"${k}"`).join("\n  | ")};

/** One operand of an opcode. */
export interface OperandInfo {
  /** Name in the specification. */
  readonly name: string;
  /** Encoding. */
  readonly kind: OperandKind;
  /** Whether a register is read or written; null for immediates. */
  readonly access: "r" | "w" | null;
}

/** One row of the opcode table. */
export interface OpcodeInfo {
  /** Dotted name, for example \`i64.add\`. */
  readonly mnemonic: string;
  /** The instruction's first byte. */
  readonly opcode: number;
  /** Whether the instruction ends a basic block. */
  readonly terminator: boolean;
  /** Operands in encoding order. */
  readonly operands: readonly OperandInfo[];
  /** Types read, in operand order; \`T\`, \`A..\`, \`R..\`, \`F..\`, \`E..\` as in the specification. */
  readonly inputs: readonly string[];
  /** Types written, in operand order. */
  readonly outputs: readonly string[];
  /** Traps that executing the verified instruction can raise. */
  readonly traps: readonly string[];
  /** One sentence. */
  readonly description: string;
}

/** Opcode bytes by name. V8 compiles a switch well only over literals: hot loops repeat these. */
export const Op = {
${names.join("\n")}
} as const;

/** Rows by opcode byte, in table order. */
export const OPCODES: ReadonlyMap<number, OpcodeInfo> = new Map<number, OpcodeInfo>([
${infos.join("\n")}
]);

/** Numbers that \`OPERAND_KINDS\` uses; a written register has ${16} added. */
export const OperandCode = {
${KINDS.map((k, i) => `  ${k}: ${i + 1},`).join("\n")}
  written: 16,
} as const;

/** Slots of \`OPERAND_KINDS\` for each opcode. */
export const OPERAND_SLOTS = ${width};

/** Operand numbers (\`OperandCode\`) of opcode \`op\` from \`op * OPERAND_SLOTS\` on, ended by 0. */
// deno-fmt-ignore
export const OPERAND_KINDS: Uint8Array = new Uint8Array([
${chunk(flat, width * 8).map((row) => `  ${row.join(",")},`).join("\n")}
]);

/** 1 for each byte that is an opcode. */
// deno-fmt-ignore
export const IS_OPCODE: Uint8Array = new Uint8Array([
${
    chunk(kinds.map((_, i) => rows.some((r) => Number(r[1]) === i) ? 1 : 0), 32)
      .map((row) => `  ${row.join(",")},`).join("\n")
  }
]);
`;
}

function chunk<T>(list: T[], size: number): T[][] {
  return Array.from(
    { length: Math.ceil(list.length / size) },
    (_, i) => list.slice(i * size, (i + 1) * size),
  );
}

function hex2(value: number): string {
  return value.toString(16).padStart(2, "0");
}

async function format(source: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--line-width=100", "--ext=ts", "-"],
    stdin: "piped",
    stdout: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

if (import.meta.main) {
  const text = await format(generateOpcodes(await Deno.readTextFile(TSV)));
  if (Deno.args.includes("--check")) {
    if (text !== await Deno.readTextFile(OUT)) {
      console.error("src/tape/opcodes.ts is stale: run scripts/generate_opcodes.ts");
      Deno.exit(1);
    }
  } else {
    await Deno.writeTextFile(OUT, text);
  }
}
