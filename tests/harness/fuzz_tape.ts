/**
 * Random programs (`random_tape.ts`) against one tier: their host, their arguments, and the comparison
 * with the interpreter under all sorts of limits, also when the run waits now and then.
 *
 * @module
 */
import { createHost, type Host, hostFunction } from "../../src/interp/host.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import type { Limits } from "../../src/interp/limits.ts";
import type { Outcome } from "../../src/interp/outcome.ts";
import { assemble } from "../../src/tape/assemble.ts";
import type { ValueType } from "../../src/tape/types.ts";
import {
  array,
  bool,
  bytes as bytesValue,
  closure,
  dec,
  f64,
  func as funcValue,
  i64,
  obj,
  str,
  tuple,
  u64,
  unit,
  type Value,
} from "../../src/tape/value.ts";
import { type VerifiedProgram, verify } from "../../src/tape/verify.ts";
import { Names } from "./fuzz.ts";
import { Random } from "./random.ts";
import { edge, randomTape } from "./random_tape.ts";

/** What host functions of random programs were called with, in order. */
interface TapeHost {
  readonly host: Host;
  readonly log: string[];
}

const wrap = (value: bigint) => BigInt.asIntN(64, value);

/** The host of random programs: deterministic, and telling of every call. */
function tapeHost(): TapeHost {
  const log: string[] = [];
  const note = (name: string, ...values: unknown[]): void => {
    if (log.length < 5000) log.push(`${name} ${values.map(String).join(" ")}`);
  };
  const host = createHost([
    hostFunction({ symbol: "h.add", args: ["i64", "i64"], results: ["i64"] }, (a, b) => {
      note("add", a, b);
      return wrap(a + b);
    }),
    hostFunction(
      { symbol: "h.text", args: ["str", "bytes", "u64"], results: ["str", "bytes"] },
      (text, bytes, n) => {
        note("text", text, bytes.toHex(), n);
        // What a host function is given is its own.
        const hex = bytes.toHex();
        bytes.fill(0xee);
        return [text.slice(0, 9).toWellFormed() + "é", Uint8Array.fromHex(hex.slice(0, 40))];
      },
    ),
    hostFunction({ symbol: "h.float", args: ["f64", "bool"], results: ["f64"] }, (x, flag) => {
      note("float", x, flag);
      return flag ? x / 2 : -x;
    }),
    hostFunction({ symbol: "h.dec", args: ["dec", "unit"], results: ["dec", "unit"] }, (d) => {
      note("dec", d.mantissa, d.scale);
      return [{ mantissa: wrap(d.mantissa + 1n), scale: d.scale }, undefined];
    }),
    hostFunction(
      { symbol: "h.obj0", args: [], results: ["obj(7)"] },
      () => ({ objType: 7n, handle: 1n }),
    ),
    hostFunction({ symbol: "h.obj", args: ["obj(7)"], results: ["obj(7)"] }, (o) => {
      note("obj", o.objType, o.handle);
      return { objType: 7n, handle: o.handle + 1n };
    }),
    hostFunction({ symbol: "h.agg", args: ["agg", "i64"], results: ["agg", "i64"] }, (view, n) => {
      note("agg", view.kind, view.typeId, view.length, n);
      const inner = view.length > 0 ? view.get(view.length - 1) : undefined;
      return [inner?.type === "agg" ? inner : view, BigInt(view.length)];
    }),
    hostFunction(
      { symbol: "h.call", args: ["func", "closure"], results: ["func", "closure"] },
      (f, c) => {
        note("call", f.func, c.func, c.env.length);
        return [{ func: c.func }, c];
      },
    ),
    hostFunction({ symbol: "h.charge", args: ["u64"], results: [] }, (n, context) => {
      note("charge", n);
      context.chargeFuel(n % 11n);
    }),
    hostFunction({ symbol: "h.none", args: [], results: [] }, () => note("none")),
    hostFunction({ symbol: "h.fail", args: ["u64"], results: ["u64"] }, (n) => {
      note("fail", n);
      if (n % 3n === 0n) throw new Error("three");
      return n;
    }),
    hostFunction(
      {
        symbol: "h.many",
        args: ["i64", "f64", "bool", "str", "i64", "dec", "i64", "u64", "f64", "i64"],
        results: ["i64", "f64", "str", "bool", "i64", "dec", "u64", "i64", "i64"],
      },
      (a, b, c, d, e, f, g, h, i, j) => {
        note("many", a, b, c, d, e, f.mantissa, f.scale, g, h, i, j);
        return [j, i, d.slice(0, 5).toWellFormed(), !c, e, f, h, g, a];
      },
    ),
  ]);
  return { host, log };
}

/** An argument of this type. */
function anyArgument(type: ValueType, random: Random): Value {
  switch (type) {
    case "unit":
      return unit;
    case "bool":
      return bool(random.below(2) === 0);
    case "i64":
      return i64(BigInt.asIntN(64, edge(random)));
    case "u64":
      return u64(edge(random));
    case "f64":
      return f64(random.pick([0, -0, 1.5, -3, NaN, Infinity, 2 ** 63, 5e-324]));
    case "dec":
      return dec(BigInt.asIntN(64, edge(random)), random.pick([0, 2, 255]));
    case "bytes":
      return bytesValue(new Uint8Array(random.below(30)).fill(random.below(256)));
    case "str":
      return str(random.pick(["", "a", "é", "a\0b", "\u{10ffff}x".repeat(9)]));
    case "agg":
      return random.pick([
        tuple(),
        tuple(i64(1), f64(2), str("three")),
        tuple(tuple(i64(5)), bool(true)),
        array(0, i64(1), i64(2), i64(3)),
      ]);
    case "func":
      return funcValue(random.below(6));
    case "closure":
      return closure(random.below(6), tuple(i64(9)));
    default:
      return obj(7n, edge(random));
  }
}

/** What random programs run in besides the interpreter; an `Engine` is one. */
export interface TapeTier {
  /** What it is, for messages. */
  readonly tier: string;
  /** Prepares a program. */
  load(verified: VerifiedProgram, host: Host): TapeInstance;
}

/** A program in a tier; an engine's `Instance` is one. */
export interface TapeInstance extends Disposable {
  /** Runs a function in one go. */
  run(
    func: number,
    args: readonly Value[],
    options: { limits: Partial<Limits> },
  ): Outcome | Promise<Outcome>;
  /** Runs a function, waiting after every so much fuel. */
  runAsync(
    func: number,
    args: readonly Value[],
    options: { limits: Partial<Limits>; yieldEvery: number },
  ): Promise<Outcome>;
}

/** Runs of each program. */
const RUNS = 16;

/**
 * Runs program `seed` here and in `tier`, and compares.
 *
 * @param endings Counts runs by how they ended.
 * @throws {Error} When anything differs or goes wrong; the message says what, and how to repeat it.
 */
export async function fuzzTape(
  seed: number,
  tier: TapeTier,
  endings: Map<string, number>,
): Promise<void> {
  const where = `tape seed ${seed}, tier ${tier.tier}`;
  let difference: string | undefined;
  try {
    difference = await firstDifference(seed, tier, endings);
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
  }
  if (difference !== undefined) throw new Error(`${where}, ${difference}`);
}

async function firstDifference(
  seed: number,
  tier: TapeTier,
  endings: Map<string, number>,
): Promise<string | undefined> {
  const random = new Random(seed);
  const source = randomTape(random), verified = verify(assemble(source));
  const here = tapeHost(), there = tapeHost();
  using reference = createInterpreter(verified, here.host);
  using instance = tier.load(verified, there.host);
  for (let run = 0; run < RUNS; run++) {
    const { func, args, limits } = anyRun(verified, run, random);
    here.log.length = there.log.length = 0;
    const expected = reference.run(func, args, { limits });
    const yieldEvery = random.below(4) === 0 ? 1 + random.below(random.pick([3, 50, 700])) : 0;
    const actual = await runOnce(instance, func, args, { limits }, yieldEvery);
    const ending = expected.ok ? "ok" : expected.trap.kind;
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
    const names = new Names(true);
    if (
      names.of(actual) === names.of(expected) && there.log.join("\n") === here.log.join("\n")
    ) continue;
    return `run ${run}, yieldEvery ${yieldEvery}: function ${func} with ${Deno.inspect(args)} ` +
      `and ${Deno.inspect(limits)} gives\n${Deno.inspect(actual)} instead of\n` +
      `${Deno.inspect(expected)}, after the host calls\n${there.log.join("\n")}\ninstead of\n` +
      `${here.log.join("\n")}\nin\n${source}`;
  }
  return undefined;
}

function anyRun(verified: VerifiedProgram, run: number, random: Random) {
  const { functions } = verified.program;
  const func = run < functions.length ? run : random.below(functions.length);
  const args = functions[func].args.map((type) => anyArgument(type, random));
  const fuel = run % 3 === 0 ? 4000 : random.below(run % 3 === 1 ? 200 : 2500);
  return {
    func,
    args,
    limits: {
      fuel: BigInt(fuel),
      maxCallDepth: random.pick([0, 2, 5, 30, 100, 300]),
      maxHostCalls: BigInt(random.pick([0, 3, 7, 1000, 1000, 1000, 1000, 1000])),
      maxMemory: random.pick([random.below(600), random.below(6000), 1 << 16, 1 << 20, 1 << 20]),
    },
  };
}

function runOnce(
  instance: TapeInstance,
  func: number,
  args: readonly Value[],
  options: { limits: Partial<Limits> },
  yieldEvery: number,
): Outcome | Promise<Outcome> {
  if (yieldEvery === 0) return instance.run(func, args, options);
  return instance.runAsync(func, args, { ...options, yieldEvery });
}
