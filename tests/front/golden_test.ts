/**
 * Text in, text out: each program of `inputs/` is lowered, and the IR compared with the golden file of
 * the same name.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { lowerFunction } from "../../src/front/tape.ts";
import { parse } from "../../src/ir/parse.ts";
import { print } from "../../src/ir/print.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { assemble } from "../../src/tape/assemble.ts";
import { verify } from "../../src/tape/verify.ts";

const inputs = new URL("./inputs/", import.meta.url);

for (const { name } of [...Deno.readDirSync(inputs)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`lowered: ${name}`, (t) => {
    const verified = verify(assemble(Deno.readTextFileSync(new URL(name, inputs))));
    const texts = verified.functions.map(({ func }) => {
      const lowered = lowerFunction(verified, func, { requests: true });
      assertValid(lowered, "lowering", { rejectUnreachable: true });
      const text = print(lowered);
      assertEquals(print(parse(text)), text);
      return text;
    });
    const file = name.replace(".tape", ".txt");
    const path = new URL(`../golden/front/${file}`, import.meta.url).pathname;
    assertSnapshot(t, texts.join("\n"), { path });
  });
}
