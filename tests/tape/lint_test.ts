import { assert, assertEquals } from "@std/assert";
import type { DecodedCode } from "../../src/tape/code.ts";
import { type Lint, lint } from "../../src/tape/lint.ts";
import { OPCODES } from "../../src/tape/opcodes.ts";
import { type FunctionFacts, verify } from "../../src/tape/verify.ts";
import { visitRegisters } from "../../src/tape/verify_types.ts";
import { func, type Line, program, verdict } from "./verify_helpers.ts";
import { randomProgram } from "./verify_random.ts";

const RET: Line = ["ret", 0, []];

/** Lints of a function without arguments that may call itself. */
function lints(...lines: Line[]): Lint[] {
  return lint(verify(program([func({ lines })])));
}

Deno.test("lint() finds unreachable blocks, first of all", () => {
  assertEquals(lints(["const.unit", 1], RET, ["nop"], RET, RET), [
    { kind: "UnreachableBlock", func: 0, pc: 5 },
    { kind: "UnreachableBlock", func: 0, pc: 9 },
    { kind: "DeadStore", func: 0, pc: 0, reg: 1 },
  ]);
});

Deno.test("lint() goes through each block backwards", () => {
  assertEquals(
    lints(["const.i64", 1, 1], ["mov", 2, 1], ["mov", 2, 2], ["const.bool", 3, true], RET),
    [
      { kind: "DeadStore", func: 0, pc: 9, reg: 3 },
      { kind: "RedundantMove", func: 0, pc: 6, dst: 2, src: 2 },
      { kind: "DeadStore", func: 0, pc: 6, reg: 2 },
    ],
  );
});

Deno.test("lint() tells call results from other stores, indirect calls aside", () => {
  const verified = verify(program([
    func({
      lines: [
        ["call", 0, 1, 0, [], [1, 2]],
        ["const.func", 3, 1],
        ["call.indirect", 0, 0, 3, 0, [], [1, 4]],
        ["bool.not", 4, 4],
        ["br", 4, "@end", "@end"],
        "end:",
        RET,
      ],
    }),
    func({
      results: ["i64", "bool"],
      lines: [["const.i64", 1, 1], ["const.bool", 2, true], ["ret", 0, [1, 2]]],
    }),
  ], { callSigs: [{ args: [], results: ["i64", "bool"] }] }));
  assertEquals(lint(verified), [
    { kind: "DeadStore", func: 0, pc: 11, reg: 1 },
    { kind: "UnusedCallReturn", func: 0, pc: 0, reg: 1 },
    { kind: "UnusedCallReturn", func: 0, pc: 0, reg: 2 },
  ]);
});

Deno.test("lint() follows values around loops and ignores r0", () => {
  assertEquals(
    lints(
      ["const.i64", 1, 0],
      ["const.i64", 2, 1],
      ["const.unit", 0],
      ["jmp", "@loop"],
      "loop:",
      ["i64.add", 1, 1, 2],
      ["i64.lt", 3, 1, 2],
      ["br", 3, "@loop", "@out"],
      "out:",
      ["const.i64", 2, 5],
      RET,
    ),
    [{ kind: "DeadStore", func: 0, pc: 28, reg: 2 }],
  );
});

Deno.test("lint() names registers as the program does", () => {
  const verified = verify(
    program([func({ regCount: 9001, lines: [["const.i64", 9000, 1], RET] })]),
  );
  assertEquals(lint(verified), [{ kind: "DeadStore", func: 0, pc: 0, reg: 9000 }]);
});

/** The same by plain sets, one block after the other until nothing changes. */
function referenceLints({ func, code, regNames, blocks }: FunctionFacts): Lint[] {
  const out: Lint[] = [];
  const name = (reg: number) => regNames?.[reg] ?? reg;
  for (let b = 0; b < blocks.count; b++) {
    if (!blocks.reachable[b]) {
      out.push({ kind: "UnreachableBlock", func, pc: code.pcs[blocks.starts[b]] });
    }
  }
  const liveIn = Array.from({ length: blocks.count }, () => new Set<number>());
  const walk = (b: number, visit: (i: number, reg: number, live: boolean) => void) => {
    const live = new Set<number>();
    for (const next of blocks.successors.subarray(2 * b, 2 * b + 2)) {
      if (next >= 0) liveIn[next].forEach((reg) => live.add(reg));
    }
    for (let i = blocks.starts[b + 1] - 1; i >= blocks.starts[b]; i--) {
      for (const reg of registers(code, i, 16)) {
        visit(i, reg, live.has(reg));
        live.delete(reg);
      }
      for (const reg of registers(code, i, 0)) live.add(reg);
    }
    live.delete(0);
    return live;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (let b = 0; b < blocks.count; b++) {
      const live = walk(b, () => {});
      if (live.size > liveIn[b].size) changed = true;
      liveIn[b] = live;
    }
  }
  for (let b = 0; b < blocks.count; b++) {
    if (!blocks.reachable[b]) continue;
    walk(b, (i, reg, live) => {
      const pc = code.pcs[i];
      const { mnemonic } = OPCODES.get(code.ops[i])!;
      if (mnemonic === "mov" && reg !== 0 && registers(code, i, 0)[0] === reg) {
        out.push({ kind: "RedundantMove", func, pc, dst: name(reg), src: name(reg) });
      }
      if (reg === 0 || live) return;
      const kind = mnemonic === "call" || mnemonic === "host_call"
        ? "UnusedCallReturn"
        : "DeadStore";
      out.push({ kind, func, pc, reg: name(reg) });
    });
  }
  return out;
}

function registers(code: DecodedCode, i: number, written: 0 | 16): number[] {
  const regs: number[] = [];
  visitRegisters(code, i, written, (reg) => regs.push(reg));
  return regs;
}

Deno.test("random functions get the lints of plain liveness", () => {
  let compared = 0;
  let found = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const random = randomProgram(seed);
    if (verdict(random) !== null) continue;
    const verified = verify(random);
    const expected = verified.functions.flatMap(referenceLints);
    assertEquals(lint(verified), expected, `seed ${seed}`);
    compared++;
    found += expected.length;
  }
  assert(compared > 300 && found > compared);
});
