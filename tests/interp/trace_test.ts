/**
 * Order and contents of trace events (specification §10).
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { createHost, hostFunction } from "../../src/interp/host.ts";
import { createInterpreter } from "../../src/interp/interpreter.ts";
import { type TraceEvent, TraceMask } from "../../src/interp/trace.ts";
import { i64, u64 } from "../../src/tape/value.ts";
import { tape } from "./helpers.ts";

const TEXT = `
  host note(i64) -> ()
  host wrong() -> (i64)
  host fail() -> (i64)

  func main(n: i64) -> (i64) {
    .span 1
    one = const.i64 1
    r = call twice(n)
    .span 2
    host_call note(r)
    ret r
  }
  func twice(n: i64) -> (i64) {
    m = i64.add n, n
    ret m
  }
  func mistyped() -> (i64) {
    r = host_call wrong()
    ret r
  }
  func failing() -> (i64) {
    r = host_call fail()
    ret r
  }
  func divides(n: i64) -> (i64) {
    r = call quotient(n)
    ret r
  }
  func quotient(n: i64) -> (i64) {
    z = const.i64 0
    n = i64.div n, z
    ret n
  }`;

const events: string[] = [];
const program = tape(TEXT);
const host = createHost([
  hostFunction({ symbol: "note", args: ["i64"], results: [] }, () => void events.push("note")),
  hostFunction({ symbol: "wrong", args: [], results: ["i64"] }, () => u64(1)),
  hostFunction({ symbol: "fail", args: [], results: ["i64"] }, () => {
    throw new Error("no");
  }),
]);

function line(event: TraceEvent): string {
  switch (event.type) {
    case "run_start":
      return `start f${event.entry} ${event.argCount}`;
    case "instr":
      return `f${event.func} ${event.pc}-${event.nextPc} ${event.span ?? "-"} ` +
        event.opcode.toString(16);
    case "scope_enter":
    case "scope_exit": {
      const { scope } = event;
      const what = scope.kind === "callFrame"
        ? `f${scope.func}`
        : program.program.symbols[scope.symbol];
      return `${event.type.slice(6)} ${what} depth ${event.depth} at f${event.func} ${event.pc} ` +
        (event.span ?? "-");
    }
    case "run_end":
      return `end ${event.trap?.kind ?? "ok"}`;
  }
}

function trace(func: number, mask: number | undefined, fuel = 1000n): string[] {
  events.length = 0;
  const args = func === 0 || func === 4 ? [i64(21)] : [];
  createInterpreter(program, host).run(func, args, {
    limits: { fuel },
    trace: { mask, sink: (event) => void events.push(line(event)) },
  });
  return [...events];
}

Deno.test("all events in order", () => {
  assertEquals(trace(0, undefined), [
    "start f0 1",
    "enter f0 depth 1 at f0 0 1",
    "f0 0-3 1 12",
    "f0 3-11 1 50",
    "enter f1 depth 2 at f1 0 -",
    "f1 0-4 - 20",
    "f1 4-8 - 51",
    "exit f1 depth 2 at f1 4 -",
    "f0 11-18 2 52",
    "enter note depth 1 at f0 11 2",
    "note",
    "exit note depth 1 at f0 11 2",
    "f0 18-22 2 51",
    "exit f0 depth 1 at f0 18 2",
    "end ok",
  ]);
});

Deno.test("each mask bit reports its own events", () => {
  assertEquals(trace(0, TraceMask.NONE), ["note"]);
  assertEquals(trace(0, TraceMask.RUN), ["start f0 1", "note", "end ok"]);
  assertEquals(trace(0, TraceMask.CALL), [
    "enter f0 depth 1 at f0 0 1",
    "enter f1 depth 2 at f1 0 -",
    "exit f1 depth 2 at f1 4 -",
    "note",
    "exit f0 depth 1 at f0 18 2",
  ]);
  assertEquals(trace(0, TraceMask.HOST), [
    "enter note depth 1 at f0 11 2",
    "note",
    "exit note depth 1 at f0 11 2",
  ]);
  assertEquals(trace(0, TraceMask.INSTR).length, 7);
});

Deno.test("traps leave scopes open, but a mistyped host result closes its own", () => {
  assertEquals(trace(2, TraceMask.ALL & ~TraceMask.INSTR), [
    "start f2 0",
    "enter f2 depth 1 at f2 0 -",
    "enter wrong depth 1 at f2 0 -",
    "exit wrong depth 1 at f2 0 -",
    "end TypeMismatch",
  ]);
  assertEquals(trace(3, TraceMask.ALL & ~TraceMask.INSTR), [
    "start f3 0",
    "enter f3 depth 1 at f3 0 -",
    "enter fail depth 1 at f3 0 -",
    "end HostCallFailed",
  ]);
  assertEquals(trace(4, TraceMask.ALL), [
    "start f4 1",
    "enter f4 depth 1 at f4 0 -",
    "f4 0-8 - 50",
    "enter f5 depth 2 at f5 0 -",
    "f5 0-3 - 12",
    "f5 3-7 - 6c",
    "end DivByZero",
  ]);
});

Deno.test("an instruction without fuel has no event", () => {
  assertEquals(trace(0, TraceMask.INSTR | TraceMask.RUN, 2n), [
    "start f0 1",
    "f0 0-3 1 12",
    "f0 3-11 1 50",
    "end FuelExceeded",
  ]);
});

Deno.test("failed entry checks give run_start and run_end alone", () => {
  assertEquals(trace(9, undefined), ["start f9 0", "end InvalidPc"]);
});

Deno.test("what a sink throws passes through and the instance stays usable", () => {
  const instance = createInterpreter(program, host);
  for (const mask of [TraceMask.RUN, TraceMask.INSTR, TraceMask.CALL, TraceMask.HOST]) {
    const sink = () => {
      throw new Error("full");
    };
    assertThrows(() => instance.run(0, [i64(1)], { trace: { mask, sink } }), Error, "full");
  }
  assertEquals(instance.run(0, [i64(1)]).ok, true);
});
