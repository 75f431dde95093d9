/** One test a rule: a well-formed function is broken in one way and the verifier says which. @module */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Func } from "../../src/ir/func.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";
import { parse } from "../../src/ir/parse.ts";
import { assertValid, type Rule, verify, type VerifyOptions } from "../../src/ir/verify.ts";

const GOOD = `
func good(i64, i32) -> i64 {
block0(v0: i64, v1: i32):
  v2 = iconst.i64 5
  v3 = fconst.f64 1.5
  v4 = iconst.i32 -1
  v5 = icmp.eq v0, v2
  fuel 2, site0
  v6: i64, v7: f64 = call f1(v0), site1
  trap_if v5, site2
  exit 3, site3
  v8 = ctx_load.i64 16
  v9 = bitcast.i64 v3
  v12 = wrap v0
  br_if v5, block1(v6), block2
block1(v10: i64):
  ret v10
block2:
  v11 = iadd.i64 v0, v8
  jump block1(v11)
}
sites {
  site0 = fuel pcs [0, 4]
  site1 = depth pc 4
  site2 = trap 1 pc 8
  site3 = exit pc 9
}`;

/** First instruction with an opcode. */
function find(f: Func, op: number): number {
  for (let v = 0; v < f.count; v++) if (f.op[v] === op) return v;
  throw new Error(`no instruction with opcode ${op}`);
}

const callee = { paramTypes: [Type.I64], resultTypes: [Type.I64, Type.F64] };
const withCallee: VerifyOptions = { functions: [callee, callee] };

Deno.test("the verifier accepts a good function", () => {
  assertEquals(verify(parse(GOOD), { rejectUnreachable: true, ...withCallee }), []);
  assertValid(parse(GOOD), "parsing");
});

const breakages: [Rule, string, (f: Func) => void, VerifyOptions?][] = [
  ["layout", "wrong owner", (f) => f.block[find(f, Op.icmp)] = 1],
  ["layout", "cut backward link", (f) => f.prev[find(f, Op.icmp)] = 0],
  ["layout", "cyclic list", (f) => f.next[find(f, Op.icmp)] = find(f, Op.iconst)],
  ["layout", "block twice", (f) => f.blockNext[2] = 1],
  ["layout", "erased block in the layout", (f) => f.inLayout[1] = 0],
  ["entry", "signature differs", (f) => f.type[f.params(0)[1]] = Type.F32],
  ["entry", "branch to the entry", (f) => {
    f.setTargetBlock(f.terminator(2), 0, 0);
    f.setTargetArgs(f.terminator(2), 0, f.addList(f.params(0)));
  }],
  ["opcode", "unknown opcode", (f) => f.op[find(f, Op.iadd)] = 0xee],
  ["terminator", "none", (f) => f.erase(f.terminator(2))],
  [
    "terminator",
    "in mid-block",
    (f) => void f.append(1, Op.ret, Type.VOID, 0, f.b[f.terminator(1)]),
  ],
  ["param", "wrong number", (f) => f.b[f.params(1)[0]] = 1],
  ["param", "wrong last one", (f) => f.lastParam[1] = -1],
  ["proj", "apart from its call", (f) => {
    const p = find(f, Op.proj);
    f.detach(p);
    f.insertBefore(p, f.terminator(0));
  }],
  ["proj", "out of order", (f) => f.b[find(f, Op.proj)] = 1],
  ["proj", "of something else", (f) => f.a[find(f, Op.proj)] = find(f, Op.icmp)],
  ["result", "float as low half of an i64", (f) => f.type[find(f, Op.wrap)] = Type.F32],
  ["result", "result of a jump", (f) => f.type[f.terminator(2)] = Type.I32],
  ["operand", "does not exist", (f) => f.a[find(f, Op.iadd)] = 1000],
  ["operand", "erased", (f) => f.erase(find(f, Op.ctx_load))],
  ["operand", "has no result", (f) => f.b[find(f, Op.iadd)] = find(f, Op.fuel)],
  ["operand", "in a list", (f) => f.extra[f.b[f.terminator(1)] + 1] = -5],
  ["operand-type", "sum of i64 and i32", (f) => f.b[find(f, Op.iadd)] = f.params(0)[1]],
  ["operand-type", "comparison of i64 and i32", (f) => f.b[find(f, Op.icmp)] = f.params(0)[1]],
  ["operand-type", "i64 condition", (f) => f.a[find(f, Op.trap_if)] = f.params(0)[0]],
  ["operand-type", "bitcast i64 to i64", (f) => f.a[find(f, Op.bitcast)] = f.params(0)[0]],
  ["dominance", "other branch", (f) => f.extra[f.b[f.terminator(1)] + 1] = find(f, Op.iadd)],
  ["dominance", "later in the block", (f) => f.a[find(f, Op.icmp)] = find(f, Op.ctx_load)],
  ["dominance", "itself", (f) => f.a[find(f, Op.iadd)] = find(f, Op.iadd)],
  ["condition", "unknown code", (f) => f.aux[find(f, Op.icmp)] = 10],
  ["constant", "not in the pool", (f) => f.a[find(f, Op.iconst)] = 99],
  ["constant", "i32 with high bits", (f) => {
    for (let v = 0; v < f.count; v++) {
      if (f.op[v] === Op.iconst && f.type[v] === Type.I32) f.constants[f.a[v]] = 1n << 40n;
    }
  }],
  ["context", "misaligned", (f) => f.c[find(f, Op.ctx_load)] = 12],
  ["target", "does not exist", (f) => f.setTargetBlock(f.terminator(2), 0, 17)],
  ["target", "too many", (f) => f.b[f.terminator(2)] = f.b[f.terminator(0)]],
  [
    "arguments",
    "too many for the block",
    (f) => f.addTargetArg(f.terminator(2), 0, f.params(0)[0]),
  ],
  ["arguments", "wrong type for the block", (f) => {
    f.setTargetArgs(f.terminator(2), 0, f.addList([f.params(0)[1]]));
  }],
  ["arguments", "missing return value", (f) => f.b[f.terminator(1)] = 0],
  ["arguments", "unknown callee", (f) => f.a[find(f, Op.call)] = 2, withCallee],
  ["arguments", "missing for the callee", (f) => f.b[find(f, Op.call)] = 0, withCallee],
  ["arguments", "other results than the callee's", (f) => {
    f.erase(f.next[find(f, Op.proj)]);
  }, withCallee],
  ["site", "does not exist", (f) => f.c[find(f, Op.trap_if)] = 4],
  ["site", "of another kind", (f) => f.c[find(f, Op.trap_if)] = 1],
  ["fuel", "cost and pcs differ", (f) => f.a[find(f, Op.fuel)] = 3],
  ["fuel", "cost of nothing", (f) => {
    f.a[find(f, Op.fuel)] = 0;
    f.sites[0].pcs = [];
  }],
  ["unreachable", "block", (f) => void f.append(f.addBlock(), Op.trap, Type.VOID, 0, 0, 2), {
    rejectUnreachable: true,
  }],
];

for (const [rule, what, breakIt, options] of breakages) {
  Deno.test(`the verifier rejects: ${rule}: ${what}`, () => {
    const f = parse(GOOD);
    breakIt(f);
    const found = verify(f, options);
    assert(found.length > 0, "accepted");
    assertEquals(
      [...new Set(found.map((v) => v.rule))],
      [rule],
      found.map((v) => v.message).join(),
    );
    assertStringIncludes(found[0].message, `${rule}: block${found[0].block}`);
    assertThrows(() => assertValid(f, "breaking it", options), Error, "'good' after breaking it");
  });
}

Deno.test("the verifier rejects: entry: none at all", () => {
  assertEquals(verify(new Func("t", [], []))[0].message, "entry: there is no entry block");
});

Deno.test("unreachable blocks may use anything, unless they are rejected", () => {
  const f = parse(GOOD), b = f.addBlock();
  f.append(b, Op.ret, Type.VOID, 0, f.addList([find(f, Op.iadd)]));
  assertEquals(verify(f), []);
  assertEquals(
    verify(f, { rejectUnreachable: true })[0].message,
    `unreachable: block${b}: is never reached`,
  );
});
