/**
 * The standard host of the recorded outcomes (`tests/corpus/extape/HOST.md`): what programs of the
 * corpus call. Some of its functions misbehave on purpose.
 *
 * @module
 */
import { createHost, type Host, type HostFunction, hostFunction } from "../src/interp/host.ts";
import { u64 } from "../src/tape/value.ts";
import type { Value } from "../src/tape/value.ts";

/** A standard host and what its functions leave behind. */
export interface StandardHost {
  readonly functions: readonly HostFunction[];
  readonly host: Host;
  /** Strings logged by `test.log` and `test.note`. */
  readonly log: string[];
}

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/** A standard host in its state before a run: nothing logged, the counter at zero. */
export function createStandardHost(): StandardHost {
  const log: string[] = [];
  let counter = 0n;
  const functions: HostFunction[] = [
    hostFunction(
      { symbol: "test.add", args: ["i64", "i64"], results: ["i64"] },
      (a, b) => wrap(a + b),
    ),
    hostFunction(
      { symbol: "test.sum3", args: ["i64", "i64", "i64"], results: ["i64"] },
      (a, b, c) => wrap(a + b + c),
    ),
    hostFunction({ symbol: "test.log", args: ["str"], results: ["unit"] }, (text) => {
      log.push(text);
    }),
    hostFunction({ symbol: "test.note", args: ["i64"], results: [] }, (number) => {
      log.push(String(number));
    }),
    hostFunction({ symbol: "test.fail", args: [], results: ["i64"] }, () => {
      throw new Error("test.fail always fails");
    }),
    hostFunction(
      { symbol: "test.len", args: ["bytes"], results: ["u64"] },
      (bytes) => BigInt(bytes.length),
    ),
    hostFunction({ symbol: "test.charge", args: ["u64"], results: ["unit"] }, (units, context) => {
      context.chargeFuel(units);
    }),
    hostFunction({ symbol: "test.agg_sum", args: ["agg"], results: ["i64"] }, (aggregate) => {
      if (aggregate.kind !== "tuple") throw new TypeError(`a ${aggregate.kind} is no tuple`);
      let sum = 0n;
      for (const element of aggregate) if (element.type === "i64") sum += element.value;
      return wrap(sum);
    }),
    hostFunction(
      { symbol: "test.two", args: ["i64"], results: ["i64", "i64"] },
      (a) => [wrap(a + 1n), wrap(a * 2n)],
    ),
    hostFunction({ symbol: "test.not", args: ["bool"], results: ["bool"] }, (value) => !value),
    hostFunction({ symbol: "test.echo_f64", args: ["f64"], results: ["f64"] }, (value) => value),
    hostFunction({ symbol: "test.echo_str", args: ["str"], results: ["str"] }, (value) => value),
    hostFunction(
      { symbol: "test.echo_bytes", args: ["bytes"], results: ["bytes"] },
      (value) => value,
    ),
    hostFunction({ symbol: "test.echo_dec", args: ["dec"], results: ["dec"] }, (value) => value),
    hostFunction({ symbol: "test.echo_agg", args: ["agg"], results: ["agg"] }, (value) => value),
    hostFunction({ symbol: "test.echo_func", args: ["func"], results: ["func"] }, (value) => value),
    hostFunction(
      { symbol: "test.echo_closure", args: ["closure"], results: ["closure"] },
      (value) => value,
    ),
    hostFunction(
      { symbol: "test.obj_new", args: ["u64"], results: ["obj(7)"] },
      (handle) => ({ objType: 7n, handle }),
    ),
    hostFunction(
      { symbol: "test.obj_get", args: ["obj(7)"], results: ["u64"] },
      (object) => object.handle,
    ),
    hostFunction(
      { symbol: "test.obj_bad", args: [], results: ["obj(7)"] },
      () => ({ objType: 8n, handle: 1n }),
    ),
    hostFunction({ symbol: "test.bad_type", args: [], results: ["i64"] }, () => u64(7)),
    hostFunction(
      { symbol: "test.no_write", args: [], results: ["i64"] },
      (): Value => ({ type: "unit" }),
    ),
    hostFunction(
      {
        symbol: "test.many",
        args: ["i64", "i64", "i64", "i64", "i64", "i64", "i64", "i64", "i64"],
        results: ["i64", "i64", "i64", "i64", "i64", "i64", "i64", "i64", "i64"],
      },
      (a, b, c, d, e, f, g, h, i) => [i, h, g, f, e, d, c, b, a],
    ),
    hostFunction({ symbol: "test.counter", args: [], results: ["u64"] }, () => counter++),
    hostFunction({ symbol: "test.nop", args: [], results: [] }, () => {}),
    hostFunction(
      { symbol: "test.charge_add", args: ["i64", "u64"], results: ["i64"] },
      (a, units, context) => {
        context.chargeFuel(units);
        return wrap(a + 1n);
      },
    ),
  ];
  return { functions, host: createHost(functions), log };
}
