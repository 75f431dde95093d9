/**
 * Comparison of a program before and after passes: results, the place and kind of every trap, fuel
 * and depth left, memory, with fuel and depth limits at which everything that can run out does.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Context } from "../../src/ir/context.ts";
import type { Evaluation } from "../../src/ir/evaluate.ts";
import type { Func } from "../../src/ir/func.ts";
import { print } from "../../src/ir/print.ts";
import { initialHeap, randomBits, runReference, SCRATCH_WORDS } from "../codegen/random_ir.ts";
import { Random } from "../harness/random.ts";

const HEAP_BASE = 1n << 32n;

/** What can be observed of a run. */
function observe(
  funcs: readonly Func[],
  index: number,
  args: readonly bigint[],
  fuel: bigint,
  depth: number,
): unknown {
  const heap = initialHeap();
  const run: Evaluation = runReference(funcs, index, args, heap, HEAP_BASE, fuel, depth);
  const { outcome, machine } = run;
  // Where fuel ran out, nothing but the place counts: the segment has been charged or it hasn't.
  if (outcome.kind === "fuel") return outcome;
  let sum = 0;
  for (const byte of heap) sum = Math.imul(sum, 31) + byte | 0;
  const scratch = Array.from(
    { length: SCRATCH_WORDS },
    (_, k) => machine.context.getBigUint64(Context.scratch + 8 * k, true),
  );
  // A trap drops all frames, so levels count only after a return.
  const depthLeft = outcome.kind === "return" ? machine.depth : -1;
  return { outcome, fuel: machine.fuel, depth: depthLeft, sum, scratch };
}

/** Fuel limits to try for a run that takes `used`: all of them if they are few. */
function fuelLimits(random: Random, used: number): number[] {
  if (used <= 48) return Array.from({ length: used + 2 }, (_, k) => k);
  const limits = [0, 1, 2, used - 1, used, used + 1];
  for (let k = 0; k < 24; k++) limits.push(random.below(used));
  return limits;
}

/** Runs both programs on random arguments and limits; throws at the first difference. */
export function assertSameBehaviour(
  before: readonly Func[],
  after: readonly Func[],
  seed: number,
  what: string,
): void {
  const random = new Random(seed);
  for (let index = 0; index < before.length; index++) {
    for (let round = 0; round < 2; round++) {
      const args = before[index].paramTypes.map((type) => randomBits(random, type));
      const depth = random.below(5);
      const compare = (fuel: number): unknown => {
        const expected = observe(before, index, args, BigInt(fuel), depth);
        let actual: unknown;
        try {
          actual = observe(after, index, args, BigInt(fuel), depth);
        } catch (error) {
          actual = error;
        }
        const say = () =>
          `seed ${seed}, ${what}, f${index}(${args.join(", ")}), fuel ${fuel}, depth ${depth}\n` +
          `${print(before[index])}\n${print(after[index])}`;
        if (!same(expected, actual)) assertEquals(actual, expected, say());
        return expected;
      };
      const most = compare(300) as { fuel?: bigint };
      const used = most.fuel === undefined ? 300 : Math.max(0, 300 - Number(most.fuel));
      for (const fuel of fuelLimits(random, used)) compare(fuel);
    }
  }
}

function same(a: unknown, b: unknown): boolean {
  return !(b instanceof Error) && text(a) === text(b);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}n` : part);
}
