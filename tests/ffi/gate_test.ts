import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Callback } from "../../ffi/callbacks.ts";
import { CodeSpace } from "../../ffi/code_space.ts";
import { chooseRoute, Gate, type GateOptions, probe } from "../../ffi/gate.ts";
import { ContextBlock } from "../../ffi/memory.ts";
import { NATIVE, runChild } from "./environment.ts";
import { CALL, INCREMENT, publish } from "./machine.ts";

const ROUTES: NonNullable<GateOptions["route"]>[] = ["auto", "bsearch", "fn_pointer"];

for (const route of ROUTES) {
  Deno.test(`Gate (${route}) enters code once a call`, NATIVE, () => {
    using space = new CodeSpace();
    using gate = new Gate(space, { route });
    using context = new ContextBlock();
    if (route !== "auto") assertEquals(gate.route, route);
    assertEquals(gate.fallback, null);
    const entry = publish(space, INCREMENT);
    for (let i = 0; i < 20_000; i++) gate.enter(entry, context.pointer);
    assertEquals(context.i64[0], 20_000n);
    gate.enterSlow(entry, context.pointer);
    assertEquals(context.i64[0], 20_001n);
  });

  Deno.test(`Gate (${route}) lets callbacks collect, nest and fail`, NATIVE, () => {
    using space = new CodeSpace();
    using gate = new Gate(space, { route });
    using context = new ContextBlock();
    using nested = new ContextBlock();
    const increment = publish(space, INCREMENT);
    let garbage: unknown[] = [];
    let calls = 0;
    using callback = new Callback(() => {
      calls++;
      garbage.push(new Array(50).fill(calls), `${calls}`.repeat(3));
      if (garbage.length > 1000) garbage = [];
      gate.enter(increment, nested.pointer);
      if (calls % 1000 === 0) throw new Error(`call ${calls}`);
      return calls;
    });
    const entry = publish(space, CALL);
    context.i64[0] = BigInt(callback.address);
    const count = 20_000;
    let failures = 0;
    for (let i = 1; i <= count; i++) {
      gate.enter(entry, context.pointer);
      if (callback.threw) {
        failures++;
        assertEquals((callback.takeError() as Error).message, `call ${i}`);
      } else if (context.i64[1] !== BigInt(i)) {
        throw new Error(`call ${i} returned ${context.i64[1]}`);
      }
    }
    assertEquals(calls, count);
    assertEquals(failures, count / 1000);
    assertEquals(nested.i64[0], BigInt(count));
  });
}

Deno.test("Gate chooses bsearch where it works", NATIVE, () => {
  using space = new CodeSpace();
  using gate = new Gate(space);
  assertEquals(gate.route, "bsearch");
});

Deno.test("Gate leaves nothing published", NATIVE, () => {
  using space = new CodeSpace();
  using _gate = new Gate(space);
  assertEquals(space.stats().published, 0);
});

Deno.test(
  "probe sees an entry that runs no code, or more than once, or on another context",
  NATIVE,
  () => {
    using space = new CodeSpace();
    using gate = new Gate(space);
    using other = new ContextBlock();
    const { enter } = gate;
    assertEquals(probe(space, enter).fault, null);
    assert(probe(space, enter).nanoseconds > 0);
    assertEquals(probe(space, () => {}).fault, "one call with result 0 ran the code 0 times");
    const twice = probe(space, (entry, context) => {
      enter(entry, context);
      enter(entry, context);
    });
    assertEquals(twice.fault, "one call with result 0 ran the code 2 times");
    assertEquals(twice.nanoseconds, Infinity);
    const astray = probe(space, (entry) => enter(entry, other.pointer));
    assertEquals(astray.fault, "one call with result 0 ran the code 0 times");
    assertEquals(space.stats().published, 0);
  },
);

Deno.test("chooseRoute leaves bsearch alone if it misbehaves or is slow", NATIVE, () => {
  using space = new CodeSpace();
  using gate = new Gate(space, { route: "bsearch" });
  const { enter } = gate;
  const idle = () => {};
  const slow = (...[entry, context]: Parameters<typeof enter>) => {
    const start = performance.now();
    while (performance.now() - start < 0.05);
    enter(entry, context);
  };
  assertEquals(chooseRoute("auto", space, enter, slow), { route: "bsearch", fallback: null });
  assertEquals(chooseRoute("auto", space, idle, enter), {
    route: "fn_pointer",
    fallback: "bsearch misbehaves: one call with result 0 ran the code 0 times",
  });
  const { route, fallback } = chooseRoute("auto", space, slow, enter);
  assertEquals(route, "fn_pointer");
  assertMatch(String(fallback), /^bsearch took \d+ ns a call, a pointer \d+ ns$/);
  // Slow at first, as on a machine that was busy with something else.
  let calls = 0;
  const slowAtFirst = (...args: Parameters<typeof enter>) => {
    (calls++ < 100 ? slow : enter)(...args);
  };
  const late = chooseRoute("auto", space, slowAtFirst, gate.enterSlow);
  assertEquals(late, { route: "bsearch", fallback: null });
  assertEquals(chooseRoute("bsearch", space, slow, enter).route, "bsearch");
  assertThrows(
    () => chooseRoute("bsearch", space, idle, enter),
    Error,
    "code by bsearch: one call",
  );
  for (const choice of ["auto", "fn_pointer"] as const) {
    assertThrows(
      () => chooseRoute(choice, space, idle, idle),
      Error,
      "through a pointer: one call",
    );
  }
});

Deno.test("Gate throws after disposal, while others stay open", NATIVE, () => {
  using space = new CodeSpace();
  using context = new ContextBlock();
  const entry = publish(space, INCREMENT);
  const gone = new Gate(space);
  using stays = new Gate(space);
  gone[Symbol.dispose]();
  gone[Symbol.dispose]();
  assertThrows(() => gone.enter(entry, context.pointer), Error, "a Gate after it was disposed");
  assertThrows(() => gone.enterSlow(entry, context.pointer), Error, "a Gate after it was disposed");
  stays.enter(entry, context.pointer);
  assertEquals(context.i64[0], 1n);
});

Deno.test("Gate works where code from strings is forbidden", NATIVE, async () => {
  const { code, stdout, stderr } = await runChild(
    `import { CodeSpace } from "../../ffi/code_space.ts";
    import { Gate } from "../../ffi/gate.ts";
    import { ContextBlock } from "../../ffi/memory.ts";
    import { INCREMENT, publish } from "./machine.ts";
    using space = new CodeSpace();
    using gate = new Gate(space);
    using context = new ContextBlock();
    gate.enter(publish(space, INCREMENT), context.pointer);
    let forbidden = false;
    try { new Function("") } catch { forbidden = true; }
    console.log(forbidden, gate.route, context.i64[0]);`,
    "--allow-ffi",
    "--v8-flags=--disallow-code-generation-from-strings",
  );
  assertEquals(stderr, "");
  assertEquals(stdout, "true bsearch 1n\n");
  assertEquals(code, 0);
});

Deno.test("code survives a collection forced from inside a callback", NATIVE, async () => {
  const { code, stdout, stderr } = await runChild(
    `import { Callback } from "../../ffi/callbacks.ts";
    import { CodeSpace } from "../../ffi/code_space.ts";
    import { Gate } from "../../ffi/gate.ts";
    import { ContextBlock } from "../../ffi/memory.ts";
    import { CALL, publish } from "./machine.ts";
    using space = new CodeSpace();
    using gate = new Gate(space);
    using context = new ContextBlock();
    let calls = 0, frames = 0;
    using callback = new Callback(() => {
      if (++calls % 500 === 0) {
        globalThis.gc();
        frames += new Error().stack!.split("\\n").length > 2 ? 1 : 0;
      }
      return calls;
    });
    const entry = publish(space, CALL);
    context.i64[0] = BigInt(callback.address);
    function loop(n: number) {
      const held = { sum: 0 };
      for (let i = 0; i < n; i++) {
        gate.enter(entry, context.pointer);
        held.sum += Number(context.i64[1]);
      }
      return held.sum;
    }
    console.log(loop(20000), calls, frames);`,
    "--allow-ffi",
    "--v8-flags=--expose-gc",
  );
  assertEquals(stderr, "");
  assertMatch(stdout, /^200010000 20000 40\n$/);
  assertEquals(code, 0);
});
