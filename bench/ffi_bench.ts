/**
 * What the boundary to machine code costs: entering it both ways, calling back, publishing code, and
 * starting up. Calls are timed a thousand at a time, so a figure in µs is the same figure in ns a
 * call. Routines are hand-assembled for both processors.
 *
 * @module
 */
import { Callback } from "../ffi/callbacks.ts";
import { CodeSpace } from "../ffi/code_space.ts";
import { Gate } from "../ffi/gate.ts";
import { ContextBlock, GuestStack } from "../ffi/memory.ts";
import { pointerTo } from "../ffi/pointer.ts";
import { MODES } from "../tests/ffi/environment.ts";
import { CALL, INCREMENT, publish } from "../tests/ffi/machine.ts";

const CALLS = 1000;

const space = new CodeSpace();
const gate = new Gate(space);
const context = new ContextBlock();
const increment = publish(space, INCREMENT);
const call = publish(space, CALL);
const callback = new Callback(() => 0);
const callbackContext = new ContextBlock();
callbackContext.i64[0] = BigInt(callback.address);

Deno.bench(`enter through the gate (${gate.route}), ${CALLS} calls`, {
  group: "enter",
  baseline: true,
}, () => {
  for (let i = 0; i < CALLS; i++) gate.enter(increment, context.pointer);
});

Deno.bench(`enter through UnsafeFnPointer, ${CALLS} calls`, { group: "enter" }, () => {
  for (let i = 0; i < CALLS; i++) gate.enterSlow(increment, context.pointer);
});

Deno.bench(`enter through a gate opened after others were closed, ${CALLS} calls`, {
  group: "enter",
}, () => {
  for (let i = 0; i < CALLS; i++) reopened.enter(increment, context.pointer);
});

Deno.bench(`enter and call back once, ${CALLS} calls`, { group: "enter" }, () => {
  // Also keeps the callback alive, which machine code knows by its address only.
  if (callback.threw) throw callback.takeError();
  for (let i = 0; i < CALLS; i++) gate.enter(call, callbackContext.pointer);
});

// Other gates come and go; what they leave behind in V8's feedback must not slow this one.
let reopened = new Gate(space);
for (let i = 0; i < 5; i++) {
  for (let j = 0; j < 20_000; j++) reopened.enter(increment, context.pointer);
  reopened[Symbol.dispose]();
  reopened = new Gate(space);
}

for (const mode of MODES.filter((name) => name !== "auto")) {
  const other = new CodeSpace({ mode });
  const code = new Uint8Array(1024);
  Deno.bench(`publish and free 1 KiB (${mode})`, { group: "publish" }, () => {
    other.free(other.publish(code));
  });
}

Deno.bench("pointerTo", { group: "memory" }, () => {
  pointerTo(0x1234_5000);
});

Deno.bench("ContextBlock, mapped and unmapped", { group: "memory" }, () => {
  new ContextBlock()[Symbol.dispose]();
});

Deno.bench("GuestStack, mapped and unmapped", { group: "memory" }, () => {
  new GuestStack()[Symbol.dispose]();
});

Deno.bench("CodeSpace and Gate, opened, probed and closed", { group: "start" }, () => {
  using fresh = new CodeSpace();
  using _gate = new Gate(fresh);
});
