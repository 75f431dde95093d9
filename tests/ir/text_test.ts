/**
 * Text in, text out: each file of `inputs/` is parsed, verified, printed and analysed, and compared
 * with the golden file of the same name.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { Cfg } from "../../src/ir/cfg.ts";
import { Dominators } from "../../src/ir/dominators.ts";
import type { Func } from "../../src/ir/func.ts";
import { Loops } from "../../src/ir/loops.ts";
import { parse, parseAll, ParseError } from "../../src/ir/parse.ts";
import { print } from "../../src/ir/print.ts";
import { verify } from "../../src/ir/verify.ts";

const inputs = new URL("./inputs/", import.meta.url);

/** What the analyses say, a line a block in reverse postorder. */
function describe(f: Func): string {
  const cfg = new Cfg(f), dominators = new Dominators(cfg), loops = new Loops(cfg, dominators);
  const lines = [loops.irreducible ? "irreducible" : "reducible"];
  for (const block of cfg.rpo.subarray(0, cfg.rpoLength)) {
    const preds = Array.from(cfg.predBlock.subarray(cfg.predStart[block], cfg.predStart[block + 1]))
      .map((p) => `block${p}`).join(" ");
    const idom = dominators.idom[block];
    const header = loops.isHeader(block) ? " header" : "";
    lines.push(
      `block${block}: idom ${idom < 0 ? "-" : `block${idom}`}, loop depth ` +
        `${loops.blockDepth(block)}${header}, preds [${preds}]`,
    );
  }
  return lines.join("\n") + "\n";
}

for (const entry of [...Deno.readDirSync(inputs)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`text round trip: ${entry.name}`, (t) => {
    const f = parse(Deno.readTextFileSync(new URL(entry.name, inputs)));
    assertEquals(verify(f).map((v) => v.message), []);
    const text = print(f);
    // The printed text prints as itself, so blocks are numbered as in the analyses below.
    const again = parse(text);
    assertEquals(print(again), text);
    const path = new URL(`../golden/ir/${entry.name}`, import.meta.url).pathname;
    assertSnapshot(t, `${text}--\n${describe(again)}`, { path });
  });
}

Deno.test("raw ids parse to the same function", () => {
  const f = parse(Deno.readTextFileSync(new URL("sum.txt", inputs)));
  assertEquals(print(parse(print(f, { rawIds: true }))), print(f));
});

Deno.test("several functions in one text", () => {
  const text = "func a() {\nblock0:\n  ret\n}\n";
  assertEquals(parseAll(text + text.replace("a()", "b()")).map((f) => f.name), ["a", "b"]);
  assertThrows(() => parse(text + text), ParseError, "expected one function, found 2");
});

const body = (inst: string) => `func t(i64) {\nblock0(v0: i64):\n  ${inst}\n  ret\n}`;

for (
  const [what, text, message] of [
    ["unknown character", body("v1 = #"), "3:8: expected a token, found '#'"],
    ["unknown instruction", body("v1 = iaddd v0, v0"), "unknown instruction 'iaddd'"],
    ["missing type", body("v1 = iadd v0, v0"), "needs a result type, as in 'iadd.i64'"],
    ["surplus type", body("v1 = wrap.i32 v0"), "'wrap.i32' says too much"],
    ["unknown condition", body("v1 = icmp.lt v0, v0"), "unknown condition in 'icmp.lt'"],
    ["missing result", body("iadd.i64 v0, v0"), "'iadd.i64' has a result"],
    ["result of nothing", body("v1 = ctx_store v0, 8"), "'ctx_store' has no result"],
    ["two results", body("v1, v2 = iadd.i64 v0, v0"), "one result at most"],
    ["call result without a type", body("v1 = call f0(), site0"), "need types"],
    ["constant too big", body("v1 = iconst.i32 2147483648"), "not a signed 32-bit integer"],
    ["float as integer", body("v1 = iconst.i64 1.5"), "'1.5' is not a signed 64-bit integer"],
    ["value never defined", body("v1 = ineg.i64 v9"), "3:17: v9 is never defined"],
    ["value defined twice", body("v0 = ineg.i64 v0"), "v0 is defined twice"],
    [
      "block never defined",
      "func t() {\nblock0:\n  jump block4\n}",
      "3:8: block4 is never defined",
    ],
    [
      "block defined twice",
      "func t() {\nblock0:\n  ret\nblock0:\n  ret\n}",
      "block0 is defined twice",
    ],
    ["code behind a terminator", body("ret"), "instruction behind 'ret'"],
    ["negative offset", body("v1 = ctx_load.i64 -8"), "an offset from 0"],
    ["unknown region", body("v1 = load64 v0 @sea"), "a region name, or a number from 0 to 255"],
    ["projection written out", body("v1 = proj.i64 v0, 0"), "not written out"],
    ["site out of order", body("") + "sites { site1 = exit pc 0 }", "expected site0, found site1"],
    ["unknown site", body("") + "sites { site0 = oops pc 0 }", "unknown kind of site 'oops'"],
    ["open end", "func t() {\nblock0:\n  ret\n", "expected a block, found 'end of text'"],
  ]
) {
  Deno.test(`parse rejects: ${what}`, () => {
    assertThrows(() => parse(text), ParseError, message);
  });
}
