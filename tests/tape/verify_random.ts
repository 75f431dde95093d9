/**
 * Random functions for the verifier: each register has a favourite type and most instructions
 * respect it, so that many functions verify and the others break one rule or two.
 *
 * @module
 */
import type { Program } from "../../src/tape/program.ts";
import type { ValueType } from "../../src/tape/types.ts";
import { func, type Line, program } from "./verify_helpers.ts";

/** A small seeded generator (mulberry32); returns integers below `limit`. */
export function randomSource(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const TYPES: ValueType[] = ["i64", "u64", "bool", "agg", "i64", "agg", "func", "obj(1)", "obj(2)"];

/** A program whose function 1 is random; function 0 is there to be called. */
export function randomProgram(seed: number): Program {
  const random = randomSource(seed);
  const pick = <T>(items: readonly T[]): T => items[random(items.length)];
  // One in `sloppy` choices ignores types.
  const sloppy = pick([6, 30, 1000, 1000]);
  const slip = () => random(sloppy) === 0;
  const regs = 4 + random(random(3) === 0 ? 60 : 10);
  const argCount = random(Math.min(4, regs - 2));
  const favourite: ValueType[] = ["unit"];
  for (let r = 1; r < regs; r++) favourite.push(pick(TYPES));
  const args = favourite.slice(1, argCount + 1);
  const results = random(2) === 0 ? [] : [pick(TYPES)];
  const of = (type: ValueType): number => {
    const fitting = favourite.flatMap((other, r) => other === type ? [r] : []);
    return slip() || fitting.length === 0 ? random(regs + (slip() ? 1 : 0)) : pick(fitting);
  };
  const any = () => 1 + random(regs - 1);
  const hostSigs = [{ symbol: 1, hash: 0x49048bcfa89ce5f5n, args: ["i64"], results: ["i64"] }];

  const make = (reg: number): Line[] => {
    switch (favourite[reg]) {
      case "i64":
        return [pick<Line>([["const.i64", reg, 5], ["const.pool", reg, 0]])];
      case "u64":
        return [pick<Line>([["const.u64", reg, 5], ["const.pool", reg, 1]])];
      case "bool":
        return [["const.bool", reg, true]];
      case "func":
        return [["const.func", reg, 0]];
      case "agg":
        return [pick<Line>([
          ["tuple.new", reg, []],
          ["tuple.new", reg, [of("i64"), of("agg")]],
          ["struct.new", reg, 0, [of("i64"), of("agg")]],
          ["array.new", reg, 0, [of("i64"), of("i64")]],
        ])];
      case "obj(1)":
        return [["call.indirect", 0, 1, of("func"), 0, [], [reg]]];
      case "obj(2)":
        return [["call.indirect", 0, 2, of("func"), 0, [], [reg]]];
      default:
        return [["const.unit", reg]];
    }
  };
  const step = (): Line[] => {
    const reg = any();
    const same = of(favourite[reg]);
    const agg = of("agg");
    switch (random(20)) {
      case 0:
      case 1:
        return make(reg);
      case 2:
        return [["mov", reg, same]];
      case 3:
        return [["select", reg, of("bool"), same, of(favourite[reg])]];
      case 4:
        return [["i64.add", of("i64"), of("i64"), of("i64")]];
      case 5:
        return [["i64.lt", of("bool"), of("i64"), of("i64")]];
      case 6:
        return [["tuple.new", agg, [same, any()]], [
          "tuple.get",
          reg,
          agg,
          random(12) === 0 ? 2 : 0,
        ]];
      case 7:
        return [["struct.new", agg, 0, [of("i64"), of("agg")]], ["struct.get", of("i64"), agg, 0]];
      case 8:
        return [["array.new", agg, 0, [of("i64")]], ["array.get", of("i64"), agg, of("u64")]];
      case 9:
        return [pick<Line>([
          ["tuple.len", of("u64"), agg],
          ["array.len", of("u64"), agg],
          ["struct.field_count", of("u64"), agg],
        ])];
      case 10:
        return [["call", 0, 0, 0, [of("i64")], [of("i64")]]];
      case 11:
        return [["host_call", 0, 0, 0, [of("i64")], [of("i64")]]];
      case 12:
        return [["call.indirect", 0, 0, of("func"), 0, [of("i64")], [of("i64"), of("u64")]]];
      case 13:
        return random(25) === 0 ? [["tuple.get", reg, agg, 0]] : [["nop"]];
      case 14:
        return [["tuple.new", agg, [same]], ["mov", of("agg"), agg]];
      case 15:
        return random(25) === 0
          ? [["const.bool", any(), true]]
          : [["u64.to_i64", of("i64"), of("u64")]];
      case 16: {
        // A stale shape: the tuple of `agg` still counts after the select.
        const other = of("agg");
        return [
          ["tuple.new", agg, [same]],
          ["select", agg, of("bool"), other, other],
          ["tuple.get", reg, agg, 0],
        ];
      }
      case 17:
        return slip() ? [["ret", any(), []]] : [["mov", 0, 0]];
      default:
        return make(reg);
    }
  };

  /** Writes all registers but one in `skip`; what needs no operands first. */
  const initialise = (skip: number): Line[] => {
    const needs = (reg: number) => favourite[reg].startsWith("obj");
    const order = favourite.map((_, r) => r).slice(argCount + 1);
    order.sort((a, b) => Number(needs(a)) - Number(needs(b)));
    return order.filter(() => random(skip) > 0).flatMap((reg) =>
      favourite[reg] === "agg" ? [["tuple.new", reg, []]] : make(reg)
    );
  };

  const blocks = 1 + random(7);
  const lines: Line[] = [];
  const target = () => `@b${random(6) === 0 ? 0 : random(blocks)}`;
  for (let b = 0; b < blocks; b++) {
    lines.push(`b${b}:`);
    if (b === 0) lines.push(...initialise(random(8) === 0 ? 20 : 2000));
    for (let n = random(5); n > 0; n--) lines.push(...step());
    switch (random(b === blocks - 1 ? 3 : 8)) {
      case 0:
        lines.push(["ret", 0, results.map(of)]);
        break;
      case 1:
        lines.push(["trap", 1]);
        break;
      case 2:
      case 3:
        lines.push(["jmp", target()]);
        break;
      default:
        lines.push(["br", of("bool"), `@b${b + 1}`, target()]);
    }
  }

  // One function in four gets register numbers far apart.
  const gap = random(4) === 0 ? 1 + random(400) : 0;
  const spread = (r: number) => r <= argCount ? r : r + (r - argCount) * gap;
  const mapped = gap === 0 ? lines : lines.map((line) => spreadLine(line, spread));
  const argShapes = args.flatMap((type, arg) =>
    type === "agg" && random(2) === 0
      ? [{
        func: 1,
        arg,
        shape: pick<Program["argShapes"][number]["shape"]>([
          { kind: "tuple", elements: ["i64", null] },
          { kind: "tuple", elements: ["i64", "agg"] },
          { kind: "struct", typeId: 0 },
          { kind: "array", elemTypeId: 0 },
        ]),
      }]
      : []
  );
  return program([
    func({ args: ["i64"], results: ["i64"], lines: [["ret", 0, [1]]] }),
    func({ args, results, regCount: spread(regs - 1) + 1, lines: mapped }),
  ], {
    symbols: ["", "h"],
    constants: [{ type: "i64", value: 1n }, { type: "u64", value: 2n }],
    structs: [{ fields: [{ name: "a", type: "i64" }, { name: "b", type: "agg" }] }],
    arrayElems: ["i64"],
    hostSigs: hostSigs as Program["hostSigs"],
    callSigs: [
      { args: ["i64"], results: ["i64", "u64"] },
      { args: [], results: ["obj(1)"] },
      { args: [], results: ["obj(2)"] },
    ],
    argShapes,
  });
}

/** Positions of register operands that are not immediates, by mnemonic where some are. */
const IMMEDIATES: Record<string, readonly number[]> = {
  "const.i64": [1],
  "const.u64": [1],
  "const.bool": [1],
  "const.pool": [1],
  "const.func": [1],
  "struct.new": [1],
  "array.new": [1],
  "tuple.get": [2],
  "struct.get": [2],
  "call": [1],
  "host_call": [1],
  "call.indirect": [1],
  "trap": [0],
};

function spreadLine(line: Line, spread: (reg: number) => number): Line {
  if (typeof line === "string") return line;
  const [mnemonic, ...operands] = line;
  const immediates = IMMEDIATES[mnemonic] ?? [];
  return [
    mnemonic,
    ...operands.map((operand, k) =>
      immediates.includes(k) || typeof operand === "string" || typeof operand === "boolean"
        ? operand
        : typeof operand === "object"
        ? operand.map(spread)
        : spread(Number(operand))
    ),
  ];
}
