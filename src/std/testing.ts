/**
 * Stand-in for `jsr:@std/testing`: golden-file comparison in the manner of its snapshots, over
 * `node:fs`. Replace the one line in deno.json to use the real one.
 *
 * @module
 */
import strict from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Where a golden text lies. */
export interface SnapshotOptions {
  /** Path of the file that holds the expected text. */
  path: string;
}

/**
 * Fails unless `actual` equals the text stored at `options.path`. With the environment variable
 * `UPDATE_GOLDEN=1` the file is rewritten instead.
 */
export function assertSnapshot(_t: unknown, actual: string, options: SnapshotOptions): void {
  if (Deno.env.get("UPDATE_GOLDEN") === "1") {
    mkdirSync(dirname(options.path), { recursive: true });
    writeFileSync(options.path, actual);
    return;
  }
  strict.ok(
    existsSync(options.path),
    `No golden file ${options.path}: run with UPDATE_GOLDEN=1 to write it.`,
  );
  strict.strictEqual(actual, readFileSync(options.path, "utf8"));
}
