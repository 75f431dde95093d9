/** Storage: lists of instructions and blocks, pools, uses, growth. @module */
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Func } from "../../src/ir/func.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";
import { verify } from "../../src/ir/verify.ts";

const { I64, VOID } = Type;

function insts(f: Func, block: number): number[] {
  const forward: number[] = [], backward: number[] = [];
  for (let v = f.first[block]; v >= 0; v = f.next[v]) forward.push(v);
  for (let v = f.last[block]; v >= 0; v = f.prev[v]) backward.unshift(v);
  assertEquals(backward, forward);
  return forward;
}

function layout(f: Func): number[] {
  const forward: number[] = [], backward: number[] = [];
  for (let b = 0; b >= 0; b = f.blockNext[b]) forward.push(b);
  for (let b = f.lastBlock; b >= 0; b = f.blockPrev[b]) backward.unshift(b);
  assertEquals(backward, forward);
  return forward;
}

function constant(f: Func, value: bigint): number {
  return f.create(Op.iconst, I64, f.addConstant(value), 0, 0);
}

Deno.test("instructions are inserted, moved and erased", () => {
  const f = new Func("t", [], []);
  f.addBlock();
  const ret = f.append(0, Op.ret, VOID);
  const x = constant(f, 1n), y = constant(f, 2n), z = constant(f, 3n);
  f.insertBefore(x, ret);
  f.insertAfter(y, x);
  f.insertBefore(z, x);
  assertEquals(insts(f, 0), [z, x, y, ret]);
  f.detach(z);
  f.insertAfter(z, y);
  assertEquals(insts(f, 0), [x, y, z, ret]);
  f.erase(x);
  f.erase(z);
  assertEquals(insts(f, 0), [y, ret]);
  assertEquals([f.op[x], f.block[x]], [Op.none, -1]);
  assertEquals(verify(f), []);
});

Deno.test("parameters stay in front and are renumbered when some go", () => {
  const f = new Func("t", [], []);
  f.addBlock();
  const b = f.addBlock();
  const ret = f.append(b, Op.ret, VOID);
  const params = [0, 1, 2, 3].map(() => f.addParam(b, I64));
  const c = constant(f, 7n);
  f.insertBefore(c, ret);
  assertEquals(insts(f, b), [...params, c, ret]);
  assertEquals(f.firstInst(b), c);
  f.filterParams(b, [0, 1, 0, 1]);
  assertEquals(f.params(b), [params[1], params[3]]);
  assertEquals([f.b[params[1]], f.b[params[3]]], [0, 1]);
  assertEquals(insts(f, b), [params[1], params[3], c, ret]);
  f.filterParams(b, [0, 0]);
  assertEquals([f.paramCount[b], f.lastParam[b], f.firstInst(b)], [0, -1, c]);
  const late = f.addParam(b, I64);
  assertEquals(insts(f, b), [late, c, ret]);
  assertThrows(() => f.detach(late), Error, "internal: detach of parameter");
});

Deno.test("blocks move and vanish", () => {
  const f = new Func("t", [], []);
  for (let i = 0; i < 40; i++) f.addBlock();
  f.moveBlockAfter(39, 0);
  f.moveBlockAfter(1, 38);
  assertEquals(layout(f).slice(0, 3), [0, 39, 2]);
  assertEquals(f.lastBlock, 1);
  const v = f.append(5, Op.ret, VOID);
  f.eraseBlock(5);
  f.eraseBlock(1);
  assertEquals(layout(f), [0, 39, 2, 3, 4, ...Array.from({ length: 33 }, (_, i) => i + 6)]);
  assertEquals([f.op[v], f.inLayout[5]], [Op.none, 0]);
  assertThrows(() => f.eraseBlock(0), Error, "internal: the entry block");
  assertThrows(() => f.moveBlockAfter(0, 3), Error, "internal: cannot move");
});

Deno.test("constants are readable whole and in halves", () => {
  const f = new Func("t", [], []);
  f.addBlock();
  const values = Array.from({ length: 50 }, (_, i) => BigInt(i) * 0x1_2345_6789n - 3n);
  const ids = values.map((value) => constant(f, value));
  ids.forEach((v, i) => {
    assertEquals(f.constBits(v), values[i]);
    assertEquals(BigInt.asIntN(32, values[i]), BigInt(f.constLo(v)));
    assertEquals(values[i] >> 32n, BigInt(f.constHi(v)));
  });
  const h = f.create(Op.iconst, I64, f.addConstantHalves(-2, -1), 0, 0);
  assertEquals(f.constBits(h), -2n);
});

Deno.test("growing lists keep their members and never touch each other", () => {
  fc.assert(fc.property(fc.array(fc.nat(4), { maxLength: 200 }), (script) => {
    const f = new Func("t", [], []);
    const lists = [0, 1, 2, 3, 4].map((n) => f.addList(Array.from({ length: n }, (_, i) => i)));
    const model = [0, 1, 2, 3, 4].map((n) => Array.from({ length: n }, (_, i) => i));
    script.forEach((which, step) => {
      lists[which] = f.appendToList(lists[which], step);
      model[which].push(step);
    });
    assertEquals(lists.map((list) => f.listValues(list)), model);
    assertEquals(f.listLength(0), 0);
  }));
});

Deno.test("uses are visited, mapped and counted", () => {
  const f = new Func("t", [I64, I64], [I64]);
  f.addBlock();
  const x = f.addParam(0, I64), y = f.addParam(0, I64);
  const b = f.addBlock(), p = f.addParam(b, I64);
  const sum = f.append(0, Op.iadd, I64, x, y);
  const cond = f.append(0, Op.icmp, Type.I32, sum, sum, 0, 0);
  const sel = f.append(0, Op.select, I64, cond, x, sum);
  const call = f.append(0, Op.call, VOID, 9, f.addList([x, sel]), 0);
  const result = f.append(0, Op.proj, I64, call, 0);
  const br = f.append(0, Op.br_if, VOID, cond, f.addTargets([b, b]));
  f.addTargetArg(br, 0, x);
  f.addTargetArg(br, 1, result);
  f.append(b, Op.ret, VOID, 0, f.addList([p]));
  const uses = (v: number) => {
    const found: number[] = [];
    f.forEachUse(v, (u) => found.push(u));
    return found;
  };
  assertEquals(uses(sel), [cond, x, sum]);
  assertEquals(uses(call), [x, sel]);
  assertEquals(uses(result), []);
  assertEquals(uses(br), [cond, x, result]);
  const counts = f.useCounts();
  assertEquals([x, y, sum, cond, sel, result, p].map((v) => counts[v]), [4, 1, 3, 2, 1, 1, 1]);
  const map = Int32Array.from({ length: f.count }, (_, i) => i);
  map[x] = y;
  f.mapAllUses(map);
  assertEquals([uses(sum), uses(sel), uses(call), uses(br)], [
    [y, y],
    [cond, y, sum],
    [y, sel],
    [cond, y, result],
  ]);
  f.filterTargetArgs(br, 0, [0]);
  assertEquals(uses(br), [cond, result]);
});
