/**
 * What the x86-64 back end makes of whole functions: listings of the shared inputs, golden for both
 * feature sets, and what must hold of all code: the emitter's labels are those of the table, everything
 * emitted can be read back, and GNU objdump reads the same.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import { checkAllocation } from "../../src/codegen/check.ts";
import { SharedMop } from "../../src/codegen/shared_ops.ts";
import { parseAll } from "../../src/ir/parse.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { compileX64, type X64Function } from "../../src/x64/compile.ts";
import { decodeInstruction, disassemble } from "../../src/x64/disasm.ts";
import { X64_ALL_FEATURES, X64_NO_FEATURES } from "../../src/x64/features.ts";
import { Mop } from "../../src/x64/ops.ts";
import { x64Stubs } from "../../src/x64/stubs.ts";
import { randomProgram } from "../codegen/random_ir.ts";
import { disassemble as objdump, hasTool } from "../harness/binutils.ts";

const INPUTS = new URL("../codegen/inputs/", import.meta.url);
const GOLDEN = new URL("../golden/x64/", import.meta.url).pathname;

/** Instructions with the guest pcs they begin at, then data in words. */
function listing(compiled: X64Function): string {
  const { code, data, thunk, pcMap } = compiled;
  const lines: string[] = [];
  let next = 0;
  for (let at = 0; at < data;) {
    for (; next < pcMap.length && pcMap[next] <= at; next += 2) {
      lines.push(`; pc ${pcMap[next + 1]}`);
    }
    if (at === thunk) lines.push("; thunk");
    const { length, text } = decodeInstruction(code, at);
    lines.push(`${at.toString(16).padStart(4)}: ${text}`);
    at += length;
  }
  for (let at = data; at < code.length; at += 8) {
    lines.push(`${at.toString(16).padStart(4)}: ${code.slice(at, at + 8).toHex()}`);
  }
  return lines.join("\n");
}

for (const name of ["loops", "calls", "integers", "floats"]) {
  Deno.test(`compileX64() makes the expected code of ${name}.ir`, (t) => {
    const text = Deno.readTextFileSync(new URL(`${name}.ir`, INPUTS));
    const parts: string[] = [];
    for (const [label, cpu] of [["all", X64_ALL_FEATURES], ["no", X64_NO_FEATURES]] as const) {
      parseAll(text).forEach((func, index) => {
        assertValid(func, `input ${name}`);
        const compiled = compileX64(func, index, { cpu, onAllocated: checkAllocation });
        parts.push(
          `== ${func.name}, ${label} features, frame ${compiled.frameBytes}\n${
            listing(compiled)
          }\n`,
        );
      });
    }
    assertSnapshot(t, parts.join("\n"), { path: `${GOLDEN}${name}.txt` });
  });
}

Deno.test("x64Stubs() makes the expected code", (t) => {
  const { code, start, leave, fuelOut } = x64Stubs();
  assertEquals(start, 0);
  const names = new Map([[leave, "leave:\n"], [fuelOut, "fuelOut:\n"]]);
  const lines = disassemble(code).map((line) => (names.get(parseInt(line, 16)) ?? "") + line);
  assertSnapshot(t, lines.join("\n") + "\n", { path: `${GOLDEN}stubs.txt` });
});

Deno.test("the emitter's case labels are the numbers of their names", () => {
  const source = Deno.readTextFileSync(new URL("../../src/x64/emit.ts", import.meta.url));
  const seen = new Map<string, number>();
  for (const [, label, name] of source.matchAll(/case (0x[0-9a-f]+):(?: \{)? \/\/ x64\.(\w+)/g)) {
    seen.set(name, Number(label));
  }
  assertEquals(seen, new Map(Object.entries({ ...Mop, ...SharedMop })));
});

/** Code of some random programs, instructions only. */
function* randomCode(): Generator<Uint8Array> {
  for (let seed = 1; seed <= 60; seed++) {
    for (const [index, func] of randomProgram(seed).entries()) {
      const cpu = seed % 2 === 0 ? X64_ALL_FEATURES : X64_NO_FEATURES;
      const { code, data } = compileX64(func, index, { cpu });
      yield code.subarray(0, data);
    }
  }
}

Deno.test("compileX64() emits nothing that cannot be read back", () => {
  for (const code of randomCode()) {
    const bad = disassemble(code).filter((line) => line.endsWith("(bad)"));
    assertEquals(bad, []);
  }
});

Deno.test({
  name: "objdump reads emitted code as the disassembler does" +
    (hasTool("x64") ? "" : " (skipped: no binutils)"),
  ignore: !hasTool("x64"),
  fn: async () => {
    const parts = [...randomCode()];
    const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    const ours = disassemble(all);
    assert(ours.length > 10_000, `only ${ours.length} instructions`);
    assertEquals(ours, await objdump("x64", all));
  },
});
