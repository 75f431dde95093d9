/**
 * What the statistics say of single functions: estimates from samples that are given, and what engines
 * count.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { nativeSupport } from "../../ffi/platform.ts";
import {
  assemble,
  createHost,
  Engine,
  type EngineOptions,
  formatStats,
  hostFunction,
  i64,
  TraceMask,
  verify,
} from "../../mod.ts";
import { Profiles, ProgramProfile } from "../../src/engine/profile.ts";

const VERIFIED = verify(assemble(`
  program shop
  host wait(i64) -> (i64)
  func sum(n: i64) -> (i64) {
    zero = const.i64 0
    one = const.i64 1
    x = const.i64 0
    jmp test
  test:
    more = i64.gt n, zero
    br more, body, done
  body:
    x = i64.add x, n
    n = i64.sub n, one
    jmp test
  done:
    ret x
  }
  func sums(n: i64) -> (i64) {
    zero = const.i64 0
    one = const.i64 1
    x = const.i64 0
    jmp test
  test:
    more = i64.gt n, zero
    br more, body, done
  body:
    y = call sum(n)
    x = i64.add x, y
    n = i64.sub n, one
    jmp test
  done:
    ret x
  }
  func waits(n: i64) -> (i64) {
    m = host_call wait(n)
    ret m
  }
`));
const { program } = VERIFIED;

/** Counts an entry into compiled code of function 0; the first ones are samples. */
function enter(profile: ProgramProfile, nanoseconds: number, fuel: number): void {
  if (--profile.compiled.left[0] <= 0) profile.sampleCompiled(0, nanoseconds, fuel);
}

// The first test: interpreters are cold until they have been seen at work for a while.
Deno.test("what a cold interpreter says counts for little", () => {
  const profile = new ProgramProfile(program, true);
  profile.addCode(0, 2, 100);
  for (let k = 0; k < 4; k++) profile.sampleInterpreter(0, 80 * 8192, 8192);
  for (let k = 0; k < 10; k++) enter(profile, 1e6 / 2, 1e6);
  const [stats] = profile.stats();
  assertEquals(stats, {
    program: "shop",
    func: 0,
    name: "sum",
    compileMilliseconds: 2,
    codeBytes: 100,
    entries: 10,
    fuel: 1e7,
    interpreterRate: 80,
    compiledRate: 0.5,
    // 3 ns a unit less, not 79.5.
    millisecondsSaved: 28,
    breakEvenEntries: 1,
  });
});

Deno.test("time saved is what the interpreter would have taken longer", () => {
  const profile = new ProgramProfile(program, true);
  profile.sampleInterpreter(1, 10e6, 1e6);
  profile.sampleInterpreter(1, 200e6, 20e6); // warm now
  profile.addCode(0, 12, 100);
  for (let k = 0; k < 10; k++) enter(profile, 2e6, 1e6);
  const [stats] = profile.stats();
  // Nothing is known of function 0 in the interpreter, so it is the program's rate.
  assertEquals([stats.interpreterRate, stats.compiledRate], [10, 2]);
  assertEquals([stats.millisecondsSaved, stats.breakEvenEntries], [8 * 10 - 12, 2]);
  // Its own, once there is one; and one that shows no gain.
  for (let k = 0; k < 3; k++) profile.sampleInterpreter(0, 2e6, 1e6);
  const [equal] = profile.stats();
  assertEquals([equal.millisecondsSaved, equal.breakEvenEntries], [-12, undefined]);
});

Deno.test("samples that were interrupted do no harm, and old ones are forgotten", () => {
  const profile = new ProgramProfile(program, true);
  const rate = () => profile.stats()[0].interpreterRate;
  profile.addCode(0, 1, 1);
  for (let k = 0; k < 9; k++) profile.sampleLook(0, k % 3 === 0 ? 1e9 : 5 * 8192, 8192);
  assertEquals(rate(), 5);
  // A sample of much fuel weighs more, and one of very little nothing.
  profile.sampleLook(0, 7e6, 1e6);
  profile.sampleLook(0, 1e6, 1);
  assertEquals(rate(), 7);
  for (let k = 0; k < 16; k++) profile.sampleLook(0, 4 * 8192, 8192);
  assertEquals(rate(), 4);
});

Deno.test("entries are all counted, their fuel is extrapolated", () => {
  const profile = new ProgramProfile(program, true);
  let samples = 0;
  const entries = 100_000;
  for (let k = 0; k < entries; k++) {
    if (--profile.compiled.left[0] > 0) continue;
    samples++;
    profile.sampleCompiled(0, 100, k % 2 === 0 ? 10 : 30);
  }
  assert(samples > 50 && samples < 200, `${samples} samples`);
  const [short] = profile.stats();
  assertEquals(short.entries, entries);
  assert(short.fuel >= 10 * entries && short.fuel <= 30 * entries);
  // Long ones are looked at one by one, so their fuel is exact.
  const long = new ProgramProfile(program, true);
  for (let k = 0; k < 1000; k++) enter(long, 1e6, k);
  assertEquals(long.stats()[0].fuel, 999 * 500);
  // Where no time is known, nothing is said of it.
  const waiting = new ProgramProfile(program, true);
  for (let k = 0; k < 3; k++) enter(waiting, 0, 5);
  const [unknown] = waiting.stats();
  assertEquals([unknown.entries, unknown.fuel, unknown.compiledRate], [3, 15, undefined]);
});

Deno.test("profiles are kept by program", () => {
  const profiles = new Profiles(true);
  const other = verify(assemble("func f() -> () {\n ret\n}"));
  profiles.of(other).addCode(0, 1, 2);
  profiles.of(VERIFIED).addCode(1, 3, 4);
  assertEquals(profiles.of(VERIFIED), profiles.of(VERIFIED));
  assertEquals(profiles.stats().map(({ program, func, codeBytes }) => [program, func, codeBytes]), [
    [undefined, 0, 2],
    ["shop", 1, 4],
  ]);
  // Only those that still exist; more than are remembered in one go.
  const many = Array.from({ length: 200 }, () => verify(assemble("func f() -> () {\n ret\n}")));
  for (const one of many) profiles.of(one).addCode(0, 1, 1);
  assertEquals(profiles.stats().length, 202);
});

function nativeTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore: !nativeSupport().supported, fn });
}

const wait = hostFunction(
  { symbol: "wait", args: ["i64"], results: ["i64"] },
  (n) => n > 0n ? new Promise<bigint>((resolve) => setTimeout(resolve, 20, n)) : n,
);

function open(options: EngineOptions) {
  const engine = new Engine(options);
  return { engine, instance: engine.load(VERIFIED, createHost([wait])) };
}

nativeTest("auto: every entry and all of the code is some function's", () => {
  const { engine, instance } = open({ thresholds: { interval: 2000, looks: 2 } });
  using _ = engine;
  const limits = { fuel: 10n ** 9n };
  for (let run = 0; run < 300; run++) assert(instance.run("sum", [i64(40)]).ok);
  for (let run = 0; run < 3; run++) assert(instance.run("sums", [i64(1000)], { limits }).ok);
  const stats = engine.stats();
  const { functions } = stats;
  assertEquals(functions.map(({ func, name }) => [func, name]), [[0, "sum"], [1, "sums"]]);
  const total = (pick: (row: (typeof functions)[0]) => number) =>
    functions.reduce((sum, row) => sum + pick(row), 0);
  assertEquals(total((row) => row.codeBytes), stats.codeBytes);
  assert(Math.abs(total((row) => row.compileMilliseconds) - stats.compileMilliseconds) < 1e-6);
  assertEquals(total((row) => row.entries), stats.tierUps.functions + stats.tierUps.loops);
  for (const row of functions) {
    assert(row.interpreterRate! > 0 && row.compiledRate! > 0);
    assert(row.millisecondsSaved !== undefined && row.fuel > 0);
  }
  const text = formatStats(stats);
  const head = text.findIndex((line) => line.startsWith("function "));
  assertMatch(
    text[head],
    /^function +compile ms +bytes +entries +fuel +interp ns\/fuel +code ns\/fuel/,
  );
  assertMatch(
    text[head + 1],
    /^shop f1 sums +\d+\.\d\d +\d+ +\d+ +\d+ +\d+\.\d\d +\d+\.\d\d +-?\d+\.\d\d +/,
  );
});

nativeTest("native: time is known of code alone; compiling ahead enters nothing", async () => {
  const { engine, instance } = open({ tier: "native" });
  using _ = engine;
  instance.compile("sums");
  const [ahead] = engine.stats().functions;
  // Compiling `sums` compiled `sum`.
  assertEquals([ahead.func, ahead.entries, engine.stats().functions.length], [1, 0, 1]);
  assert(ahead.codeBytes > 0 && ahead.compileMilliseconds > 0);
  for (let run = 0; run < 40; run++) assert(instance.run("sum", [i64(10)]).ok);
  const { fuelUsed } = instance.run("sum", [i64(10)]);
  const sum = engine.stats().functions.find(({ func }) => func === 0)!;
  assertEquals([sum.entries, sum.fuel, sum.codeBytes], [41, 41 * Number(fuelUsed), 0]);
  assert(sum.compiledRate! > 0);
  assertEquals([sum.interpreterRate, sum.millisecondsSaved, sum.breakEvenEntries], [
    undefined,
    undefined,
    undefined,
  ]);
  // The time of waiting is nobody's.
  assert((await instance.runAsync("waits", [i64(1)])).ok);
  const waits = () => engine.stats().functions.find(({ func }) => func === 2)!;
  assertEquals([waits().entries, waits().fuel, waits().compiledRate], [1, 2, undefined]);
  assert((await instance.runAsync("waits", [i64(0)])).ok);
  assert(waits().compiledRate! > 0 && waits().compiledRate! < 1e7);
  assert(
    formatStats(engine.stats()).some((line) => /^shop f2 waits .* - +\d+\.\d\d +- +-$/.test(line)),
  );
});

Deno.test("interp: no function was compiled; events and odd ids are no samples", () => {
  const { engine, instance } = open({ tier: "interp" });
  using _ = engine;
  for (let run = 0; run < 20; run++) assert(instance.run("sum", [i64(10)]).ok);
  for (const func of [3, -1, 0.5]) assert(!instance.run(func, []).ok);
  assertEquals(engine.stats().functions, []);
  const auto = open({ thresholds: { looks: 1000 } });
  using __ = auto.engine;
  const trace = { mask: TraceMask.ALL, sink: () => {} };
  assert(auto.instance.run("sum", [i64(1000)], { trace }).ok);
  for (const func of [3, -1, 0.5]) assert(!auto.instance.run(func, []).ok);
  assertEquals(auto.engine.stats().functions, []);
});
