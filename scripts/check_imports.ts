/**
 * Checks that imports point one way: inside `src/` a folder imports only itself and folders before it
 * in the list, `ffi/` imports nothing but `src/util`, and only `src/engine` imports `ffi/`. Only
 * `ffi/` names `Deno.dlopen` and `Deno.Unsafe*`. Exits with 1 and one line per violation.
 *
 * @module
 */

/** Folders of `src/`, lowest first. */
const LAYERS = [
  "util",
  "std",
  "tape",
  "heap",
  "interp",
  "ir",
  "opt",
  "front",
  "codegen",
  "a64",
  "x64",
  "wasm",
  "engine",
  "cli",
];

const ROOT = new URL("../", import.meta.url);

async function* sources(folder: URL): AsyncGenerator<URL> {
  for await (const entry of Deno.readDir(folder)) {
    const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), folder);
    if (entry.isDirectory) yield* sources(url);
    else if (entry.name.endsWith(".ts")) yield url;
  }
}

/** Folder of a source file: `src/NAME`, `ffi`, or the file's own path. */
function folderOf(path: string): string {
  return /^(src\/[^/]+|ffi)\//.exec(path)?.[1] ?? path;
}

/** Says why `importer` may not import `imported` (paths from the root), or returns undefined. */
export function importProblem(importer: string, imported: string): string | undefined {
  const from = folderOf(importer);
  const to = folderOf(imported);
  if (from === to) return undefined;
  if (to === "ffi") return from === "src/engine" ? undefined : "only src/engine imports ffi";
  if (from === "ffi") return to === "src/util" ? undefined : "ffi imports nothing but src/util";
  const fromLayer = LAYERS.indexOf(from.slice(4));
  const toLayer = LAYERS.indexOf(to.slice(4));
  if (fromLayer < 0 || toLayer < 0) return `unknown folder ${fromLayer < 0 ? from : to}`;
  return toLayer < fromLayer ? undefined : `${from} is below ${to}`;
}

/** All violations below the project's root, one line each. */
export async function checkImports(): Promise<string[]> {
  const problems: string[] = [];
  for (const folder of ["src/", "ffi/"]) {
    for await (const url of sources(new URL(folder, ROOT))) {
      const path = url.href.slice(ROOT.href.length);
      const text = await Deno.readTextFile(url);
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, (c) => c.replaceAll(/[^\n]/g, " "));
      for (const match of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
        if (code.slice(match.index, match.index + 4).trim() === "") continue;
        const target = new URL(match[1], url).href.slice(ROOT.href.length);
        const problem = importProblem(path, target);
        if (problem !== undefined) problems.push(`${path}: imports ${match[1]}: ${problem}`);
      }
      if (!path.startsWith("ffi/")) {
        const named = /Deno\.(dlopen|Unsafe\w+)/.exec(code);
        if (named) problems.push(`${path}: names ${named[0]}, which belongs in ffi/`);
      }
    }
  }
  return problems.sort();
}

if (import.meta.main) {
  const problems = await checkImports();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) Deno.exit(1);
}
