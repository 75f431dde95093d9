/**
 * Text in, text out: each file of `inputs/` starts with `; pass:`, the pass that its first function
 * goes through; `pipeline` is all of them, with a dump after each that changed something.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { parseAll } from "../../src/ir/parse.ts";
import { print } from "../../src/ir/print.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import { PASSES } from "./passes.ts";

const inputs = new URL("./inputs/", import.meta.url);
const goldens = new URL("../golden/opt/", import.meta.url);
const files = [...Deno.readDirSync(inputs)].map((entry) => entry.name).sort();

/** The text after the pass, or after each that changed something. */
function transform(pass: string, text: string): string {
  const funcs = parseAll(text), [func] = funcs;
  assertValid(func, "parsing");
  const functions = (k: number) => funcs[k];
  if (pass !== "pipeline") {
    PASSES[pass](func, 0, functions);
    assertValid(func, pass);
    return print(func);
  }
  let last = print(func), dumps = "";
  const onPass = (name: string) => {
    assertValid(func, name);
    const now = print(func);
    if (now !== last) dumps += `-- ${name}\n${now}`;
    last = now;
  };
  optimize(func, { index: 0, functions, onPass });
  return dumps;
}

for (const file of files) {
  Deno.test(`pass on ${file}`, (t) => {
    const text = Deno.readTextFileSync(new URL(file, inputs));
    assertMatch(text, /^; \w+:/);
    const pass = text.slice(2, text.indexOf(":"));
    assertSnapshot(t, transform(pass, text), { path: new URL(file, goldens).pathname });
  });
}

Deno.test("every pass has a golden file", () => {
  const covered = new Set(
    files.map((file) => Deno.readTextFileSync(new URL(file, inputs)).slice(2).split(":")[0]),
  );
  assertEquals(Object.keys(PASSES).filter((pass) => !covered.has(pass)), []);
});
