/**
 * A program of its own for the tests of what instances leave behind, since memory belongs to the
 * process: does something in rounds of many turns, and prints as JSON what the process held after each
 * round and when everything had been disposed of. Its argument is a `Scenario` as JSON; the collector
 * has to be exposed.
 *
 * @module
 */
import {
  assemble,
  createHost,
  decodeProgram,
  encodeProgram,
  Engine,
  type EngineOptions,
  type Host,
  hostFunction,
  i64,
  type Instance,
  type Outcome,
  type VerifiedProgram,
  verify,
} from "../../mod.ts";

/**
 * What is done over and over, each time with an instance that is disposed of:
 *
 * - `run`: a run, each of five endings in turn; `live`: the same, disposed of at the very end
 * - `nest`: runs within runs of the same instance, and runs that wait together
 * - `park`: disposed of while a host function's promise is pending, which settles then
 * - `abort`: the same, and a signal ends the run
 * - `abandon`: the same, and nobody can settle the promise any more
 * - `program`: of a new program, decoded, verified and compiled
 * - `engine`: of an engine of its own
 */
export type Action = "run" | "live" | "nest" | "park" | "abort" | "abandon" | "program" | "engine";

/** What to do, how, and how often. */
export interface Scenario {
  readonly action: Action;
  readonly engine: EngineOptions;
  /** Turns between two measurements. */
  readonly turns: number;
  /** Measurements. */
  readonly rounds: number;
}

/** What the process holds. */
export interface Footprint {
  /** Resident bytes. */
  readonly resident: number;
  /** Bytes that objects take in V8's heap. */
  readonly heap: number;
  /** Bytes of address space; 0 where the system does not tell. */
  readonly reserved: number;
  /** Mappings; 0 where the system does not tell. */
  readonly mappings: number;
}

const SOURCE = `
host h.next(i64) -> (i64)

func work(n: i64, divisor: i64) -> (i64, str) {
  s = const.pool "some text"
  t = str.concat s, s
  u = str.concat t, t
  a = array.new i64, n, n
  zero = const.i64 0
  x = array.get_imm a, 0
  y = i64.div x, divisor
  ret y, u
}

func call(n: i64) -> (i64, str) {
  s = const.pool "some text"
  t = str.concat s, s
  m = host_call h.next(n)
  ret m, t
}

func loop(n: i64) -> (i64) {
  jmp again
again:
  n = i64.add n, n
  jmp again
}
`;

const PROGRAM = verify(assemble(SOURCE));

/** Throws for 0, adds one to anything else. */
const host = createHost([
  hostFunction({ symbol: "h.next", args: ["i64"], results: ["i64"] }, (n) => {
    if (n === 0n) throw new Error("nothing follows");
    return n + 1n;
  }),
]);

/** Runs below a run, and runs that wait at once, in a turn of `nest`. */
const NESTED = 20;

/** Instances that are disposed of at the end. */
const live: Instance[] = [];

/** A host whose function may wait. */
function waitingHost(next: (n: bigint) => bigint | Promise<bigint>): Host {
  return createHost([
    hostFunction({ symbol: "h.next", args: ["i64"], results: ["i64"] }, next),
  ]);
}

function expect(outcome: Outcome, ending: string): void {
  const actual = outcome.ok ? "ok" : outcome.trap.kind;
  if (actual !== ending) throw new Error(`a run ended in ${actual}, not in ${ending}`);
}

/** One run of each ending in turn. */
function run(instance: Instance, k: number): void {
  switch (k % 5) {
    case 0:
      return expect(instance.run("work", [i64(3), i64(1)]), "ok");
    case 1:
      return expect(instance.run("call", [i64(1)]), "ok");
    case 2:
      return expect(instance.run("work", [i64(3), i64(0)]), "DivByZero");
    case 3:
      return expect(instance.run("call", [i64(0)]), "HostCallFailed");
    case 4:
      return expect(
        instance.run("loop", [i64(1)], { limits: { fuel: 50n } }),
        "FuelExceeded",
      );
  }
}

/** A program whose code no other has. */
function newProgram(k: number): VerifiedProgram {
  const bytes = encodeProgram(assemble(SOURCE.replace("const.i64 0", `const.i64 ${k}`)));
  return verify(decodeProgram(bytes));
}

/** What does one turn of a scenario, given its number. */
async function turnsOf({ action, engine: options }: Scenario): Promise<(k: number) => unknown> {
  const engine = await Engine.open(options);
  switch (action) {
    case "run":
      return (k) => {
        using instance = engine.load(PROGRAM, host);
        run(instance, k);
      };
    case "live":
      return (k) => {
        const instance = engine.load(PROGRAM, host);
        live.push(instance);
        run(instance, k);
      };
    case "nest":
      return async () => {
        using instance: Instance = engine.load(
          PROGRAM,
          waitingHost((n) => {
            if (n < 0n) return Promise.resolve(n);
            if (n > 0n) expect(instance.run("call", [i64(n - 1n)]), "ok");
            return n;
          }),
        );
        expect(instance.run("call", [i64(NESTED)]), "ok");
        const waiting = Array.from({ length: NESTED }, () => instance.runAsync("call", [i64(-1)]));
        for (const outcome of await Promise.all(waiting)) expect(outcome, "ok");
      };
    case "park":
      return async (k) => {
        const gate = Promise.withResolvers<bigint>();
        const instance = engine.load(PROGRAM, waitingHost(() => gate.promise));
        const parked = instance.runAsync("call", [i64(k)]);
        instance[Symbol.dispose]();
        gate.resolve(1n);
        expect(await parked, "ok");
      };
    case "abort":
      return async (k) => {
        const controller = new AbortController();
        const { signal } = controller;
        const instance = engine.load(PROGRAM, waitingHost(() => new Promise(() => {})));
        const parked = instance.runAsync("call", [i64(k)], { signal });
        instance[Symbol.dispose]();
        controller.abort();
        expect(await parked, "Aborted");
      };
    case "abandon":
      return (k) => {
        const instance = engine.load(PROGRAM, waitingHost(() => new Promise(() => {})));
        void instance.runAsync("call", [i64(k)]);
        instance[Symbol.dispose]();
      };
    case "program":
      return (k) => {
        using instance = engine.load(newProgram(k), host);
        instance.compile();
        run(instance, k);
      };
    case "engine":
      return async (k) => {
        using own = await Engine.open(options);
        using instance = own.load(PROGRAM, host);
        run(instance, k);
      };
  }
}

/** What the process holds once the collector has run and what it found has been freed. */
async function measure(): Promise<Footprint> {
  const { gc } = globalThis as { gc?: (options: object) => void };
  if (gc === undefined) throw new Error("the collector is not exposed: --v8-flags=--expose-gc");
  for (let k = 0; k < 3; k++) {
    // As if memory were short: V8 gives back unused pages and forgets compiled source texts.
    gc({ type: "major", execution: "sync", flavor: "last-resort" });
    // Finalizers run in turns of their own.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { rss: resident, heapUsed: heap } = Deno.memoryUsage();
  if (Deno.build.os !== "linux") return { resident, heap, reserved: 0, mappings: 0 };
  const pages = Number(Deno.readTextFileSync("/proc/self/statm").split(" ")[0]);
  const mappings = Deno.readTextFileSync("/proc/self/maps").split("\n").length;
  return { resident, heap, reserved: 4096 * pages, mappings };
}

if (import.meta.main) {
  const scenario: Scenario = JSON.parse(Deno.args[0]);
  const turn = await turnsOf(scenario);
  const footprints: Footprint[] = [];
  for (let round = 0; round < scenario.rounds; round++) {
    for (let k = 0; k < scenario.turns; k++) await turn(round * scenario.turns + k);
    footprints.push(await measure());
  }
  for (const instance of live.splice(0)) instance[Symbol.dispose]();
  footprints.push(await measure());
  console.log(JSON.stringify(footprints));
}
