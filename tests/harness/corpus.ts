/**
 * Access to the recorded corpus in tests/corpus/extape: entries of the manifest and their bytes with
 * the damage applied that the manifest asks for.
 *
 * @module
 */

const ROOT = new URL("../corpus/extape/", import.meta.url);

/** One manifest line; HOST.md beside the manifest explains the fields. */
export interface CorpusEntry {
  readonly id: string;
  readonly cat: "a" | "b" | "c" | "d";
  readonly tag: string;
  readonly file: string;
  readonly edit?: { readonly xor?: readonly [number, number][]; readonly truncate?: number };
  readonly func: number;
  readonly args: readonly unknown[];
  readonly limits?: {
    readonly fuel?: number | string;
    readonly depth?: number;
    readonly hostCalls?: number;
  };
  readonly nan?: "exact";
  readonly perf?: boolean;
  readonly expect: {
    readonly ok?: readonly unknown[];
    readonly trap?: Record<string, unknown>;
    readonly decodeError?: Record<string, unknown>;
    readonly verifyError?: Record<string, unknown>;
    readonly crash?: string;
    readonly fuelUsed?: number | string;
    readonly hostCalls?: number;
    readonly log?: readonly string[];
  };
}

const files = new Map<string, Uint8Array>();

/** The bytes of a corpus file such as `p/perf_fib.etp`; callers must not write to them. */
export function corpusFile(file: string): Uint8Array {
  let bytes = files.get(file);
  if (bytes === undefined) {
    bytes = Deno.readFileSync(new URL(file, ROOT));
    files.set(file, bytes);
  }
  return bytes;
}

/** Names of all program files, sorted. */
export function corpusFiles(): string[] {
  return [...Deno.readDirSync(new URL("p/", ROOT))].map((entry) => `p/${entry.name}`).sort();
}

/** All manifest entries in order. */
export function corpusEntries(): CorpusEntry[] {
  const text = Deno.readTextFileSync(new URL("manifest.jsonl", ROOT));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The bytes of an entry's program, damaged as it asks: first every xor, then the cut. */
export function entryBytes(entry: CorpusEntry): Uint8Array {
  const bytes = corpusFile(entry.file).slice();
  for (const [offset, mask] of entry.edit?.xor ?? []) bytes[offset] ^= mask;
  return bytes.subarray(0, entry.edit?.truncate ?? bytes.length);
}
