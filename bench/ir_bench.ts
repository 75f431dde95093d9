/** Cost of building, walking and analysing IR of about `SIZE` instructions. @module */
import { FuncBuilder } from "../src/ir/builder.ts";
import { Cfg } from "../src/ir/cfg.ts";
import { Dominators } from "../src/ir/dominators.ts";
import { Func } from "../src/ir/func.ts";
import { Loops } from "../src/ir/loops.ts";
import { Op, Type } from "../src/ir/opcodes.ts";
import { print } from "../src/ir/print.ts";
import { verify } from "../src/ir/verify.ts";

const SIZE = 10_000;
const { I64 } = Type;

function straight(capacity: number): Func {
  const f = new Func("straight", [I64], [I64], capacity);
  f.addBlock();
  let v = f.addParam(0, I64), w = v;
  for (let i = 0; i < SIZE; i++) {
    const x = f.append(0, Op.iadd, I64, v, w);
    w = v;
    v = x;
  }
  f.append(0, Op.ret, Type.VOID, 0, f.addList([v]));
  return f;
}

/** Blocks of eight additions over eight variables; every fourth is a loop. */
function looped(): Func {
  const b = new FuncBuilder("looped", [I64], [I64], SIZE * 2);
  const vars = Array.from({ length: 8 }, () => b.declareVar(I64));
  for (const v of vars) b.defVar(v, b.func.params(0)[0]);
  for (let i = 0; i < SIZE / 10; i++) {
    const next = b.createBlock();
    if (i % 4 === 0) {
      b.jump(next);
      b.switchTo(next);
    } else {
      b.jump(next);
      b.seal(next);
      b.switchTo(next);
    }
    for (let k = 0; k < 8; k++) {
      b.setPc(i * 10 + k);
      const sum = b.binary(Op.iadd, b.useVar(vars[k]), b.useVar(vars[(k + i) & 7]));
      b.defVar(vars[(k * 3) & 7], sum);
    }
    if (i % 4 === 0) {
      const after = b.createBlock();
      b.brIf(b.icmp(0, b.useVar(vars[0]), b.useVar(vars[1])), next, after);
      b.seal(next);
      b.seal(after);
      b.switchTo(after);
    }
  }
  b.ret([b.useVar(vars[0])]);
  return b.finish();
}

/** Reads every instruction in order; the result keeps the walk from being dropped. */
function walk(f: Func): number {
  let sum = 0;
  for (let block = 0; block >= 0; block = f.blockNext[block]) {
    for (let v = f.first[block]; v >= 0; v = f.next[v]) {
      sum = (sum + f.op[v] + f.a[v] + f.b[v]) | 0;
    }
  }
  return sum;
}

Deno.bench("append 10,000 instructions, room known", { group: "build", baseline: true }, () => {
  straight(SIZE + 16);
});

Deno.bench("append 10,000 instructions, growing", { group: "build" }, () => {
  straight(16);
});

Deno.bench("append 10,000 instructions and walk them three times", { group: "build" }, () => {
  const f = straight(SIZE + 16);
  if (walk(f) + walk(f) + walk(f) === 1) throw new Error("unexpected sum");
});

Deno.bench("build 8,000 additions over 8 variables, in SSA form", { group: "build" }, () => {
  looped();
});

const f = looped(), cfg = new Cfg(f), dominators = new Dominators(cfg), loops = new Loops();

Deno.bench("control-flow graph, dominators, loops of 1,250 blocks", { group: "analyse" }, () => {
  loops.compute(cfg.compute(f), dominators.compute(cfg));
});

Deno.bench("use counts", { group: "analyse" }, () => {
  f.useCounts();
});

Deno.bench("verify", { group: "analyse" }, () => {
  verify(f);
});

Deno.bench("print", { group: "analyse" }, () => {
  print(f);
});
