/** The opcode table against itself, and against the literal labels used all over `src/`. @module */
import { assert, assertEquals } from "@std/assert";
import {
  Cond,
  COND_NAMES,
  COND_SWAPPED,
  FCOND_SWAPPED,
  Flag,
  KEEP_FLAGS,
  Op,
  OP_FLAGS,
  OP_HAS_SITE,
  OP_LIST,
  OP_NAMES,
  OP_RESULT,
  OP_TABLE,
  OP_VALUES,
  type OpName,
} from "../../src/ir/opcodes.ts";

Deno.test("opcode numbers are distinct bytes and every opcode has a row", () => {
  const numbers = Object.values(Op);
  assertEquals(new Set<number>(numbers).size, numbers.length);
  assert(numbers.every((n) => n >= 0 && n < 256));
  assertEquals(Object.keys(OP_TABLE).sort(), Object.keys(Op).sort());
  for (const [name, op] of Object.entries(Op)) assertEquals(OP_NAMES[op], name);
});

Deno.test("flags are consistent", () => {
  for (const [name, op] of Object.entries(Op)) {
    const flags = OP_FLAGS[op], has = (flag: number) => (flags & flag) !== 0;
    if (has(Flag.PURE)) assert(!has(KEEP_FLAGS | Flag.READS), `${name} is pure and has effects`);
    if (has(Flag.COMMUTATIVE)) assertEquals(OP_VALUES[op], 2, name);
    if (has(Flag.TERMINATOR)) assertEquals(OP_RESULT[op], 0, name);
    if (OP_LIST[op] === 2) assert(has(Flag.TERMINATOR), name);
    if (OP_HAS_SITE[op]) assert(has(Flag.EXITS), name);
    // An operand in b would clash with the list that b names.
    if (OP_LIST[op] !== 0) assert(OP_VALUES[op] <= 1, name);
  }
});

Deno.test("heap-relative opcodes sit 0x10 above the absolute ones", () => {
  for (const [name, op] of Object.entries(Op)) {
    if (/^(load|store)/.test(name)) assertEquals(Op[`h${name}` as OpName], op + 0x10);
  }
});

Deno.test("conditions negate by their lowest bit and swap as the table says", () => {
  const holds = (cond: number, a: bigint, b: bigint): boolean => {
    const ua = BigInt.asUintN(64, a), ub = BigInt.asUintN(64, b);
    switch (COND_NAMES[cond]) {
      case "eq":
        return a === b;
      case "ne":
        return a !== b;
      case "slt":
        return a < b;
      case "sge":
        return a >= b;
      case "sgt":
        return a > b;
      case "sle":
        return a <= b;
      case "ult":
        return ua < ub;
      case "uge":
        return ua >= ub;
      case "ugt":
        return ua > ub;
      default:
        return ua <= ub;
    }
  };
  for (const cond of Object.values(Cond)) {
    for (const a of [-1n, 0n, 1n]) {
      for (const b of [-1n, 0n, 1n]) {
        assertEquals(holds(cond ^ 1, a, b), !holds(cond, a, b));
        assertEquals(holds(COND_SWAPPED[cond], b, a), holds(cond, a, b));
      }
    }
  }
  // eq ne lt le gt ge uno ord
  assertEquals(Array.from(FCOND_SWAPPED), [0, 1, 4, 5, 2, 3, 6, 7]);
});

Deno.test("literal case labels in src name the right opcode", () => {
  let labels = 0;
  const visit = (folder: URL) => {
    for (const entry of Deno.readDirSync(folder)) {
      const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), folder);
      if (entry.isDirectory) visit(url);
      else if (entry.name.endsWith(".ts")) {
        const text = Deno.readTextFileSync(url);
        for (const [, number, name] of text.matchAll(/case (\w+):.*?\/\/ ir\.(\w+)/g)) {
          labels++;
          assertEquals(Op[name as OpName], Number(number), `${url.pathname}: ir.${name}`);
        }
      }
    }
  };
  visit(new URL("../../src/", import.meta.url));
  assert(labels >= 100, `only ${labels} labels found`);
});
