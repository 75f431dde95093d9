import { assertEquals, assertThrows } from "@std/assert";
import { Callback, CALLBACK_THREW } from "../../ffi/callbacks.ts";
import { CodeSpace } from "../../ffi/code_space.ts";
import { Gate } from "../../ffi/gate.ts";
import { ContextBlock } from "../../ffi/memory.ts";
import { NATIVE, runChild } from "./environment.ts";
import { CALL, publish } from "./machine.ts";

Deno.test("Callback passes a status out", NATIVE, () => {
  using space = new CodeSpace();
  using gate = new Gate(space);
  using context = new ContextBlock();
  let calls = 0;
  let status = 0;
  using callback = new Callback(() => {
    calls++;
    return status;
  });
  const entry = publish(space, CALL);
  context.i64[0] = BigInt(callback.address);
  for (status of [0, 1, -1, 0x7fff_ffff, -0x8000_0000]) {
    gate.enter(entry, context.pointer);
    assertEquals(context.i64[1], BigInt(status));
  }
  assertEquals(calls, 5);
  assertEquals(callback.threw, false);
});

Deno.test("Callback keeps what its function threw", NATIVE, () => {
  using space = new CodeSpace();
  using gate = new Gate(space);
  using context = new ContextBlock();
  let thrown: unknown;
  using callback = new Callback(() => {
    throw thrown;
  });
  const entry = publish(space, CALL);
  context.i64[0] = BigInt(callback.address);
  for (thrown of [new Error("no"), undefined, "text"]) {
    gate.enter(entry, context.pointer);
    assertEquals(context.i64[1], BigInt(CALLBACK_THREW));
    assertEquals(callback.threw, true);
    assertEquals(callback.takeError(), thrown);
    assertEquals(callback.threw, false);
  }
  assertThrows(() => callback.takeError(), Error, "no call of this callback threw");
});

Deno.test("Callback has no address after disposal", NATIVE, () => {
  const callback = new Callback(() => 0);
  callback[Symbol.dispose]();
  callback[Symbol.dispose]();
  assertThrows(() => callback.address, Error, "Cannot use a Callback after it was disposed");
});

Deno.test("Callback does not keep the process alive", NATIVE, async () => {
  const { code, stdout } = await runChild(
    `import { Callback } from "../../ffi/callbacks.ts";
    globalThis.kept = new Callback(() => 0);
    console.log(kept.address > 0);`,
    "--allow-ffi",
  );
  assertEquals({ code, stdout }, { code: 0, stdout: "true\n" });
});
