/**
 * What `no_permission_test.ts` runs without any permission: prints as JSON what `observe.ts` sees.
 *
 * @module
 */
import { observe, whyNotNative } from "./observe.ts";

console.log(JSON.stringify({
  observed: {
    interp: await observe("interp"),
    wasm: await observe("wasm"),
    auto: await observe("auto"),
  },
  native: whyNotNative(),
}));
