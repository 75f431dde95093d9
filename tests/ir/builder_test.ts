/** SSA construction: hand-made shapes, and random programs run both with and without SSA. @module */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { Cfg } from "../../src/ir/cfg.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Cond, Op, Type } from "../../src/ir/opcodes.ts";
import { print } from "../../src/ir/print.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { graphs } from "./graphs.ts";

const { I32, I64 } = Type;

Deno.test("a loop gets parameters for what changes and nothing else", () => {
  const b = new FuncBuilder("sum", [I64], [I64]);
  const n = b.func.params(0)[0];
  const i = b.declareVar(I64), total = b.declareVar(I64), limit = b.declareVar(I64);
  b.defVar(limit, n);
  b.defVar(i, b.i64(0n));
  b.defVar(total, b.useVar(i));
  const head = b.createBlock(), body = b.createBlock(), done = b.createBlock();
  b.jump(head);
  b.switchTo(head);
  b.brIf(b.icmp(Cond.slt, b.useVar(i), b.useVar(limit)), body, done);
  b.seal(body);
  b.switchTo(body);
  b.defVar(total, b.binary(Op.iadd, b.useVar(total), b.useVar(i)));
  b.defVar(i, b.binary(Op.iadd, b.useVar(i), b.i64(1n)));
  b.jump(head);
  b.seal(head);
  b.seal(done);
  b.switchTo(done);
  b.ret([b.useVar(total)]);
  const f = b.finish();
  assertValid(f, "building");
  assertEquals(
    print(f),
    `func sum(i64) -> i64 {
block0(v0: i64):
  v1 = iconst.i64 0
  jump block1(v1, v1)
block1(v2: i64, v3: i64):
  v4 = icmp.slt v2, v0
  br_if v4, block2, block3
block2:
  v5 = iadd.i64 v3, v2
  v6 = iconst.i64 1
  v7 = iadd.i64 v2, v6
  jump block1(v7, v5)
block3:
  ret v3
}
`,
  );
});

Deno.test("variables pass through joins and nested loops untouched", () => {
  const b = new FuncBuilder("t", [I32, I64], [I64]);
  const [cond, value] = b.func.params(0);
  const x = b.declareVar(I64);
  b.defVar(x, value);
  const outer = b.createBlock(), inner = b.createBlock(), left = b.createBlock();
  const right = b.createBlock(), join = b.createBlock(), done = b.createBlock();
  b.jump(outer);
  b.switchTo(outer);
  b.jump(inner);
  b.switchTo(inner);
  b.brIf(cond, left, right);
  b.switchTo(left);
  b.jump(join);
  b.switchTo(right);
  b.useVar(x);
  b.brIf(cond, inner, join);
  b.switchTo(join);
  b.brIf(cond, outer, done);
  b.sealAll();
  b.switchTo(done);
  b.ret([b.useVar(x)]);
  const f = b.finish();
  assertValid(f, "building");
  assertEquals(f.listValues(f.b[f.terminator(done)]), [value]);
  assertEquals([outer, inner, left, right, join, done].map((k) => f.paramCount[k]), [
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("explicit parameters come before those of variables", () => {
  const b = new FuncBuilder("t", [I32], [I64, I64]);
  const x = b.declareVar(I64), join = b.createBlock(), other = b.createBlock();
  const cond = b.func.params(0)[0], p = b.addBlockParam(join, I64);
  const one = b.i64(1n), two = b.i64(2n), three = b.i64(3n);
  b.defVar(x, one);
  b.brIf(cond, join, other, [two]);
  b.seal(other);
  b.switchTo(other);
  b.defVar(x, three);
  b.jump(join, [one]);
  b.switchTo(join);
  const merged = b.useVar(x);
  assertThrows(() => b.addBlockParam(join, I64), Error, "internal: explicit parameter of block1");
  b.seal(join);
  b.ret([p, merged]);
  const f = b.finish();
  assertValid(f, "building");
  assertEquals(f.params(join), [p, merged]);
  assertEquals(evaluate(f, [1n]).outcome, { kind: "return", values: [2n, 1n] });
  assertEquals(evaluate(f, [0n]).outcome, { kind: "return", values: [1n, 3n] });
});

Deno.test("a variable read before it is written is zero, in unreachable cycles too", () => {
  const b = new FuncBuilder("t", [], [I64]);
  const x = b.declareVar(I64);
  b.ret([b.useVar(x)]);
  const one = b.createBlock(), two = b.createBlock(), three = b.createBlock();
  b.switchTo(one);
  b.jump(two);
  b.switchTo(two);
  b.brIf(b.i32(1), one, three);
  b.sealAll();
  b.switchTo(three);
  b.ret([b.useVar(x)]);
  const f = b.finish();
  assertValid(f, "building");
  assertEquals(evaluate(f, []).outcome, { kind: "return", values: [0n] });
});

Deno.test("long chains of blocks do not recurse", () => {
  const b = new FuncBuilder("t", [I64], [I64]);
  const x = b.declareVar(I64), blocks = 100_000;
  b.defVar(x, b.func.params(0)[0]);
  for (let i = 0; i < blocks; i++) {
    const next = b.createBlock();
    // Every other block is entered twice, so that both ways of looking back are long.
    if (i % 2 === 0) b.jump(next);
    else b.brIf(b.i32(0), next, next);
    b.seal(next);
    b.switchTo(next);
  }
  b.ret([b.useVar(x)]);
  const f = b.finish();
  assertEquals(f.listValues(f.b[f.terminator(blocks)]), [f.params(0)[0]]);
});

Deno.test("misuse is reported", () => {
  const b = new FuncBuilder("t", [], []);
  const block = b.createBlock();
  assertThrows(() => b.jump(0), Error, "internal: branch to the sealed block0");
  b.switchTo(0);
  b.ret();
  assertThrows(() => b.i32(1), Error, "internal: instruction emitted behind a terminator");
  assertThrows(() => b.finish(), Error, `internal: block${block} was never sealed`);
});

/** `vars[target] = vars[x] * 3 + vars[y] + literal`, the only kind of statement there is. */
interface Statement {
  target: number;
  x: number;
  y: number;
  literal: number;
}

interface Program {
  blocks: { statements: Statement[]; selector: number; targets: number[]; late: boolean }[];
}

const VARS = 5, FUEL = 40;

const variable = fc.nat(VARS - 1);
const statement: fc.Arbitrary<Statement> = fc.record({
  target: variable,
  x: variable,
  y: variable,
  literal: fc.nat(9),
});
const programs: fc.Arbitrary<Program> = graphs(10).chain((graph) =>
  fc.record({
    blocks: fc.tuple(...graph.map((targets) =>
      fc.record({
        statements: fc.array(statement, { maxLength: 3 }),
        selector: variable,
        targets: fc.constant(targets),
        late: fc.boolean(),
      })
    )),
  })
);

function build(program: Program): Func {
  const b = new FuncBuilder("random", [], Array(VARS).fill(I64));
  const vars = Array.from({ length: VARS }, () => b.declareVar(I64));
  const pending = program.blocks.map(() => 0);
  for (const { targets } of program.blocks) for (const t of targets) pending[t]++;
  for (let i = 1; i < program.blocks.length; i++) b.createBlock();
  program.blocks.forEach(({ statements, selector, targets }, i) => {
    b.switchTo(i);
    if (i > 0 && pending[i] === 0 && !program.blocks[i].late) b.seal(i);
    b.fuel(1, b.func.addFuelSite([i]));
    for (const { target, x, y, literal } of statements) {
      const scaled = b.binary(Op.imul, b.useVar(vars[x]), b.i64(3n));
      const sum = b.binary(Op.iadd, scaled, b.useVar(vars[y]));
      b.defVar(vars[target], b.binary(Op.iadd, sum, b.i64(BigInt(literal))));
    }
    if (targets.length === 0) b.ret(vars.map((v) => b.useVar(v)));
    else {
      const chosen = b.binary(Op.urem, b.useVar(vars[selector]), b.i64(BigInt(targets.length)));
      b.brTable(b.unary(Op.wrap, chosen, I32), targets.slice(0, -1), targets.at(-1)!);
      for (const t of targets) {
        if (--pending[t] === 0 && !program.blocks[t].late) b.seal(t);
      }
    }
  });
  b.sealAll();
  return b.finish();
}

function interpret(program: Program): unknown {
  const vars: bigint[] = Array(VARS).fill(0n);
  for (let at = 0, fuel = FUEL;; fuel--) {
    if (fuel === 0) return { kind: "fuel", func: -1, pc: at };
    const { statements, selector, targets } = program.blocks[at];
    for (const { target, x, y, literal } of statements) {
      vars[target] = BigInt.asUintN(64, vars[x] * 3n + vars[y] + BigInt(literal));
    }
    if (targets.length === 0) return { kind: "return", values: vars };
    at = targets[Number(vars[selector] % BigInt(targets.length))];
  }
}

Deno.test("random programs, reducible or not, mean the same in SSA form", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(programs, (program) => {
      const f = build(program);
      assertValid(f, "building");
      const { outcome } = evaluate(f, [], { fuel: BigInt(FUEL) });
      seen.add(outcome.kind);
      assertEquals<unknown>(outcome, interpret(program));
    }),
    { numRuns: 400 },
  );
  assertEquals(seen, new Set(["return", "fuel"]));
});

Deno.test("no trivial parameter survives", () => {
  let params = 0;
  fc.assert(fc.property(programs, (program) => {
    const f = build(program), cfg = new Cfg(f);
    for (let block = 1; block < f.blockCount; block++) {
      if (!cfg.isReachable(block)) continue;
      f.params(block).forEach((p, i) => {
        params++;
        const args = new Set<number>();
        for (let e = cfg.predStart[block]; e < cfg.predStart[block + 1]; e++) {
          const t = f.terminator(cfg.predBlock[e]);
          args.add(f.listAt(f.targetArgs(t, cfg.predTarget[e]), i));
        }
        args.delete(p);
        assert(args.size >= 2, print(f));
      });
    }
  }));
  assert(params > 0);
});

Deno.test("a block that everybody reaches unchanged from one above needs no parameters", () => {
  const b = new FuncBuilder("t", [Type.I64], [Type.I64]);
  const x = b.declareVar(Type.I64), top = b.current;
  b.defVar(x, b.i64(7n));
  const rare = b.createBlock(), join = b.createBlock();
  b.brIf(b.unary(Op.wrap, b.func.params(0)[0], Type.I32), rare, join);
  b.seal(rare);
  b.switchTo(rare);
  b.ctxStore(64, b.useVar(x));
  b.jump(join);
  b.seal(join, top);
  b.switchTo(join);
  const value = b.useVar(x);
  assertEquals(b.func.op[value], Op.iconst);
  b.ret([value]);
  assertValid(b.finish(), "building");
  assertEquals(b.func.paramCount[join], 0);
});
