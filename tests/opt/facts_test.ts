/**
 * Comparisons of a few values with each other, again and again, behind branches, traps and in loops:
 * what numbering concludes from one about another.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { FuncBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";
import { print } from "../../src/ir/print.ts";
import { assertValid } from "../../src/ir/verify.ts";
import { Analyses } from "../../src/opt/analyses.ts";
import { numberValues } from "../../src/opt/gvn.ts";
import { optimize } from "../../src/opt/pipeline.ts";
import { Random } from "../harness/random.ts";

const { I32, I64 } = Type;

class Generator {
  readonly #random: Random;
  readonly #b: FuncBuilder;
  readonly #sum: number;
  readonly #flags: number[] = [];
  #pc = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#b = new FuncBuilder(`seed${seed}`, [I64, I64, I64, I32, I32], [I64]);
    this.#sum = this.#b.declareVar(I64);
  }

  make(): Func {
    const b = this.#b;
    b.defVar(this.#sum, b.i64(1n));
    this.#flags.push(...b.func.params(0).slice(3));
    this.#region(3);
    b.ret([b.useVar(this.#sum)]);
    return b.finish();
  }

  #comparison(): number {
    const b = this.#b, random = this.#random, params = b.func.params(0);
    const value = () =>
      random.below(4) === 0 ? b.i64(BigInt(random.below(3) - 1)) : params[random.below(3)];
    return b.icmp(random.below(10), value(), value());
  }

  #condition(): number {
    const b = this.#b, random = this.#random;
    const pick = () => random.below(3) === 0 ? random.pick(this.#flags) : this.#comparison();
    switch (random.below(6)) {
      case 0:
        return b.binary(random.pick([Op.iand, Op.ior, Op.ixor]), pick(), pick());
      case 1:
        return b.icmp(random.below(2), pick(), b.i32(random.below(2)));
      case 2:
        return b.select(pick(), pick(), pick());
      default:
        return pick();
    }
  }

  /** Makes a condition count in the result. */
  #use(): void {
    const b = this.#b, flag = this.#condition();
    const scaled = b.binary(Op.imul, b.useVar(this.#sum), b.i64(3n));
    b.defVar(this.#sum, b.binary(Op.iadd, scaled, b.unary(Op.extend_u, flag, I64)));
  }

  #region(depth: number): void {
    const b = this.#b, random = this.#random, known = this.#flags.length;
    for (let n = 2 + random.below(3); n > 0; n--) {
      const roll = random.below(8);
      if (roll < 3 || depth === 0) this.#use();
      else if (roll === 3) {
        const site = b.func.addTrapSite(1, this.#pc++), flag = this.#condition();
        random.below(2) === 0 ? b.trapIf(flag, site) : b.trapUnless(flag, site);
      } else if (roll === 4) this.#flags.push(this.#condition());
      else if (roll === 5) this.#loop(depth);
      else this.#branch(depth);
    }
    this.#flags.length = known;
  }

  /** One way or both have code, so that joins are reached straight from branches, too. */
  #branch(depth: number): void {
    const b = this.#b, then = b.createBlock(), join = b.createBlock();
    const isHalf = this.#random.below(2) === 0, otherwise = isHalf ? join : b.createBlock();
    const flag = this.#condition();
    if (this.#random.below(2) === 0) b.brIf(flag, then, otherwise);
    else b.brIf(flag, otherwise, then);
    for (const block of isHalf ? [then] : [then, otherwise]) {
      b.seal(block);
      b.switchTo(block);
      this.#region(depth - 1);
      b.jump(join);
    }
    b.seal(join);
    b.switchTo(join);
  }

  /** Runs at most three times; entered straight from a branch that may skip it. */
  #loop(depth: number): void {
    const b = this.#b, header = b.createBlock(), exit = b.createBlock();
    const count = b.declareVar(I64);
    b.defVar(count, b.i64(3n));
    b.brIf(this.#condition(), header, exit);
    b.switchTo(header);
    this.#region(depth - 1);
    const left = b.binary(Op.isub, b.useVar(count), b.i64(1n));
    b.defVar(count, left);
    const more = b.icmp(4, left, b.i64(0n));
    b.brIf(b.binary(Op.iand, more, this.#isSet()), header, exit);
    b.seal(header);
    b.seal(exit);
    b.switchTo(exit);
  }

  /** A condition as 0 or 1. */
  #isSet(): number {
    return this.#b.icmp(1, this.#condition(), this.#b.i32(0));
  }
}

const WORDS = [0n, 1n, 2n, -1n, -2n, 1n << 62n, -(1n << 63n), (1n << 63n) - 1n];

Deno.test("what is concluded from conditions holds", () => {
  const analyses = new Analyses();
  let before = 0, after = 0;
  for (let seed = 0; seed < 1500; seed++) {
    const original = new Generator(seed).make();
    const numbered = new Generator(seed).make(), optimized = new Generator(seed).make();
    numberValues(numbered, analyses);
    assertValid(numbered, `numbering, seed ${seed}`);
    optimize(optimized, { onPass: (name, f) => assertValid(f, `${name}, seed ${seed}`) });
    before += countComparisons(original);
    after += countComparisons(numbered);
    const random = new Random(seed + 1_000_000);
    for (let round = 0; round < 8; round++) {
      const words = Array.from({ length: 3 }, () => random.pick(WORDS));
      const args = [...words, BigInt(random.below(3)), BigInt(random.below(2))];
      const want = text(original, args);
      for (const func of [numbered, optimized]) {
        const have = text(func, args);
        const message = () => `seed ${seed}, (${args})\n${print(original)}\n${print(func)}`;
        if (have !== want) assertEquals(have, want, message());
      }
    }
  }
  assert(after < 0.8 * before, `${after} of ${before} comparisons are left`);
});

function text(func: Func, args: readonly bigint[]): string {
  const { outcome } = evaluate(func, args);
  return outcome.kind === "return" ? `${outcome.values[0]}` : JSON.stringify(outcome);
}

function countComparisons(func: Func): number {
  let n = 0;
  for (let v = 0; v < func.count; v++) if (func.op[v] === Op.icmp) n++;
  return n;
}
