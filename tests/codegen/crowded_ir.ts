/**
 * A function with more values alive across each of its charges of fuel than there are registers of
 * either class in any target: whoever goes on after an exit for want of fuel must find them all.
 *
 * @module
 */
import { FuncBuilder } from "../../src/ir/builder.ts";
import type { Func } from "../../src/ir/func.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";

/** Values of each class. */
export const CROWD = 40;

/** Charges of fuel, each of one unit. */
export const CHARGES = 3;

const TYPES: number[] = Array.from(
  { length: 2 * CROWD },
  (_, k) => k < CROWD ? Type.I64 : Type.F64,
);

/** Doubles each of its arguments before and after each charge. */
export function crowdedFunction(): Func {
  const b = new FuncBuilder("crowded", TYPES, TYPES);
  let values = TYPES.map((_, k) => k);
  const double = () => {
    values = values.map((v, k) => b.binary(k < CROWD ? Op.iadd : Op.fadd, v, v));
  };
  double();
  for (let k = 0; k < CHARGES; k++) {
    b.fuel(1, b.func.addFuelSite([k]));
    double();
  }
  b.ret(values);
  return b.finish();
}

const f64 = new Float64Array(1);
const bits = new BigUint64Array(f64.buffer);

function floatBits(value: number): bigint {
  f64[0] = value;
  return bits[0];
}

/** Arguments that are all different. */
export function crowdedArgs(): bigint[] {
  return TYPES.map((_, k) => k < CROWD ? BigInt(1000 + k) : floatBits(k + 0.5));
}

/** What `crowdedFunction` makes of them. */
export function crowdedResults(): bigint[] {
  const factor = 2 ** (CHARGES + 1);
  return TYPES.map((_, k) =>
    k < CROWD ? BigInt(factor * (1000 + k)) : floatBits(factor * (k + 0.5))
  );
}
