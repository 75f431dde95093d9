/**
 * Runs every recorded entry that decodes and verifies and compares the whole outcome; then the same
 * traced, which takes the metered translation; and small ones with every amount of fuel.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import {
  applyEdit,
  type ManifestEntry,
  manifestOutcome,
  parseManifest,
  parseManifestLimits,
  parseManifestValue,
  sameOutcome,
} from "../../scripts/manifest.ts";
import { createStandardHost } from "../../scripts/standard_host.ts";
import { createInterpreter, type RunOptions } from "../../src/interp/interpreter.ts";
import { type TraceEvent, TraceMask } from "../../src/interp/trace.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import { type VerifiedProgram, verify } from "../../src/tape/verify.ts";

const FOLDER = new URL("../corpus/extape/", import.meta.url);
const ENTRIES = parseManifest(Deno.readTextFileSync(new URL("manifest.jsonl", FOLDER)));
const programs = new Map<string, VerifiedProgram>();

function load(entry: ManifestEntry): VerifiedProgram {
  const key = entry.file + JSON.stringify(entry.edit ?? null);
  let program = programs.get(key);
  if (program === undefined) {
    const bytes = Deno.readFileSync(new URL(entry.file, FOLDER));
    program = verify(decodeProgram(entry.edit ? applyEdit(bytes, entry.edit) : bytes));
    programs.set(key, program);
  }
  return program;
}

function outcomeOf(entry: ManifestEntry, fuel?: bigint, options?: RunOptions): any {
  const { host, log } = createStandardHost();
  const limits = { ...parseManifestLimits(entry.limits), maxMemory: 2 ** 31 };
  if (fuel !== undefined) limits.fuel = fuel;
  const outcome = createInterpreter(load(entry), host).run(
    entry.func ?? 0,
    (entry.args ?? []).map(parseManifestValue),
    { limits, ...options },
  );
  return manifestOutcome(outcome, log);
}

function check(entry: ManifestEntry, actual: unknown): void {
  if (sameOutcome(entry.expect, actual, entry.nan === "exact")) return;
  assertEquals(actual, entry.expect as unknown, `${entry.id} (${entry.tag})`);
  throw new Error(`${entry.id}: outcomes differ in a NaN`);
}

const runs = ENTRIES.filter(({ expect }) => expect && ("ok" in expect || "trap" in expect));

for (const category of ["a", "b", "c", "d"]) {
  const entries = runs.filter(({ cat }) => cat === category);
  Deno.test(`recorded outcomes of category ${category}: ${entries.length} runs`, () => {
    assert(entries.length > 0);
    for (const entry of entries) check(entry, outcomeOf(entry));
  });
}

Deno.test("recorded outcomes while every instruction is traced", () => {
  let traced = 0;
  for (const entry of runs) {
    const used = Number(entry.expect!.fuelUsed);
    if (used > 20_000) continue;
    let instructions = 0;
    const sink = (event: TraceEvent) => {
      if (event.type === "instr") instructions++;
    };
    const actual = outcomeOf(entry, undefined, { trace: { sink } });
    check(entry, actual);
    // An event for each unit of fuel, but for what the host charged and for an empty function.
    if (!mayCharge(load(entry))) {
      const empty = actual.trap?.kind === "InvalidPc" && used === 1;
      if (!empty) assertEquals(instructions, used, entry.id);
    }
    traced++;
  }
  assert(traced > 3000);
});

function mayCharge({ program }: VerifiedProgram): boolean {
  return program.hostSigs.some(({ symbol }) => program.symbols[symbol].startsWith("test.charge"));
}

Deno.test("small recorded runs with every amount of fuel", () => {
  let tried = 0;
  runs.forEach((entry, k) => {
    const used = BigInt(entry.expect!.fuelUsed as number);
    if (used > 60n || k % 2 !== 0 || "trap" in entry.expect! && used === 0n) return;
    if (mayCharge(load(entry))) return;
    const trap = entry.expect!.trap as { kind: string } | undefined;
    if (trap?.kind === "FuelExceeded") return;
    const places: { func: number; pc: number }[] = [];
    outcomeOf(entry, undefined, {
      trace: {
        mask: TraceMask.INSTR,
        sink: (event) => {
          if (event.type === "instr") places.push({ func: event.func, pc: event.pc });
        },
      },
    });
    if (BigInt(places.length) !== used) return; // An empty function has no event.
    for (let fuel = 0n; fuel <= used + 1n; fuel++) {
      const actual = outcomeOf(entry, fuel);
      if (fuel >= used) {
        check(entry, actual);
      } else {
        assertEquals(actual.trap?.kind, "FuelExceeded", `${entry.id} with fuel ${fuel}`);
        const { func, pc } = actual.trap;
        assertEquals({ func, pc }, places[Number(fuel)], `${entry.id} with fuel ${fuel}`);
        assertEquals(actual.fuelUsed, Number(fuel));
      }
    }
    tried++;
  });
  assert(tried > 300, `only ${tried} runs`);
});
