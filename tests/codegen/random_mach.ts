/**
 * Seeded random machine functions for the allocator's tests: nested conditionals and loops, calls,
 * fixed operands, constants, two-address forms, over a small register file so that pressure is high.
 *
 * @module
 */
import { Constraint, MachFunc } from "../../src/codegen/mach.ts";
import type { RegisterFile } from "../../src/codegen/registers.ts";

/** A small register file: as many registers of each class as asked for. */
export function smallRegisters(ints: number, floats: number): RegisterFile {
  return {
    int: Array.from({ length: ints }, (_, k) => k),
    float: Array.from({ length: floats }, (_, k) => 32 + k),
    name: (reg) => reg < 32 ? `r${reg}` : `f${reg - 32}`,
  };
}

/** Mulberry32: a small seeded generator of numbers below 1. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Builds a random function; the same seed gives the same function. */
export function randomMach(seed: number, registers: RegisterFile, size: number): MachFunc {
  const random = randomSource(seed);
  const pick = (n: number) => Math.floor(random() * n);
  const mach = new MachFunc(registers, seed);
  let budget = size;
  // Blocks are numbered in layout order but jump forward, so successors are patched afterwards.
  const succs: number[][] = [];
  const args: number[][] = [];
  const params: number[][] = [];
  const bodies: (() => void)[][] = [];
  const depths: number[] = [];
  const idoms: number[] = [];
  let current = -1;
  const open = (depth: number, idom: number): number => {
    current = bodies.length;
    bodies.push([]);
    succs.push([]);
    args.push([]);
    params.push([]);
    depths.push(depth);
    idoms.push(idom);
    return current;
  };
  const classes: number[] = [];
  const newVreg = (cls: number): number => {
    classes.push(cls);
    return classes.length - 1;
  };
  const constants = new Set<number>();
  const emit = (operands: [number, number][], clobbers = false): void => {
    bodies[current].push(() => {
      mach.emit(1, -1);
      for (const [v, constraint] of operands) mach.operand(v, constraint);
      if (clobbers) mach.clobberAll();
    });
  };
  const ofClass = (live: number[], cls: number) => live.filter((v) => classes[v] === cls);
  const poolOf = (cls: number) => cls === 0 ? registers.int : registers.float;

  function straight(live: number[]): void {
    const n = 1 + pick(6);
    for (let k = 0; k < n && budget > 0; k++, budget--) {
      const roll = random();
      const cls = random() < 0.75 ? 0 : 1;
      const have = ofClass(live, cls);
      const use = (constraint: number): [number, number][] =>
        have.length > 0 ? [[have[pick(have.length)], constraint]] : [];
      if (roll < 0.12) {
        const v = newVreg(cls);
        constants.add(v);
        bodies[current].push(() => {
          // Numbers must agree with `classes`, so constants are remade in place.
          mach.vregIsConst[v] = 1;
          mach.vregConst[3 * v] = v;
          mach.vregConst[3 * v + 2] = mach.count;
        });
        live.push(v);
      } else if (roll < 0.24) { // call
        const pool = poolOf(0);
        const ints = ofClass(live, 0);
        const operands: [number, number][] = [];
        const results = pick(3);
        for (let r = 0; r < results; r++) {
          const v = newVreg(0);
          operands.push([v, Constraint.DefFixed + pool[r]]);
          live.push(v);
        }
        const argCount = Math.min(pick(4), pool.length - 1);
        for (let a = 0; a < argCount && ints.length > 0; a++) {
          operands.push([ints[pick(ints.length)], Constraint.UseFixed + pool[a]]);
        }
        if (random() < 0.5 && ints.length > 0) {
          operands.push([ints[pick(ints.length)], random() < 0.5 ? 0 : 2]);
        }
        emit(operands, true);
      } else if (roll < 0.34) { // division: fixed uses, clobber, late divisor
        const ints = ofClass(live, 0);
        if (ints.length < 2 || registers.int.length < 4) continue;
        const v = newVreg(0);
        emit([
          [v, Constraint.DefFixed + registers.int[0]],
          [-1, Constraint.Clobber + registers.int[1]],
          [ints[pick(ints.length)], Constraint.UseFixed + registers.int[0]],
          [ints[pick(ints.length)], Constraint.UseRegLate],
        ]);
        live.push(v);
      } else if (roll < 0.7) { // two-address
        const v = newVreg(cls);
        const first = use(Constraint.UseReg);
        emit([
          [v, first.length > 0 ? Constraint.DefReuse : Constraint.DefReg],
          ...first,
          ...use(random() < 0.5 ? Constraint.UseRegLate : Constraint.UseAnyLate),
        ]);
        live.push(v);
      } else if (roll < 0.85) {
        const v = newVreg(cls);
        const operands: [number, number][] = [[v, Constraint.DefReg]];
        if (random() < 0.3) operands.push([newVreg(0), Constraint.Temp]);
        emit([...operands, ...use(0), ...use(2)]);
        live.push(v);
      } else if (roll < 0.92) {
        const v = newVreg(cls);
        emit([[v, Constraint.DefRegEarly], ...use(0)]);
        live.push(v);
      } else emit([...use(0), ...use(3), ...use(2)]);
    }
  }

  function region(live: number[], depth: number): void {
    straight(live);
    while (budget > 0 && random() < 0.6) {
      if (depth < 4 && random() < 0.5) {
        conditional(live, depth);
      } else if (depth < 4) loop(live, depth);
      straight(live);
    }
  }

  function conditional(live: number[], depth: number): void {
    const ints = ofClass(live, 0);
    emit(ints.length > 0 ? [[ints[pick(ints.length)], 0]] : []);
    const head = current;
    const arms: { end: number; live: number[] }[] = [];
    for (let arm = 0; arm < 2; arm++) {
      succs[head].push(open(depths[head], head));
      const inner = [...live];
      if (random() < 0.7) region(inner, depth + 1);
      emit([]);
      arms.push({ end: current, live: inner });
    }
    const join = open(depths[head], head);
    const count = pick(4);
    const chosen: [number, number, number][] = [];
    for (let k = 0; k < count; k++) {
      const a = arms[0].live[pick(arms[0].live.length)];
      if (a === undefined) continue;
      const others = ofClass(arms[1].live, classes[a]);
      if (others.length === 0) continue;
      chosen.push([newVreg(classes[a]), a, others[pick(others.length)]]);
    }
    for (const [p] of chosen) {
      params[join].push(p);
      live.push(p);
    }
    arms.forEach((arm, side) => {
      succs[arm.end].push(join);
      args[arm.end].push(...chosen.map((c) => c[1 + side]));
    });
  }

  function loop(live: number[], depth: number): void {
    const carried: number[] = [];
    for (let k = pick(5); k > 0 && live.length > 0; k--) carried.push(live[pick(live.length)]);
    emit([]);
    const pre = current;
    const header = open(depths[pre] + 1, pre);
    succs[pre].push(header);
    args[pre].push(...carried);
    const phis = carried.map((v) => newVreg(classes[v]));
    params[header].push(...phis);
    const inner = [...live, ...phis];
    region(inner, depth + 1);
    const ints = ofClass(inner, 0);
    emit(ints.length > 0 ? [[ints[pick(ints.length)], 0]] : []);
    const tail = current;
    succs[tail].push(open(depths[header], tail));
    emit([]);
    succs[current].push(header);
    args[current].push(...phis.map((p) => {
      const same = ofClass(inner, classes[p]);
      return same[pick(same.length)];
    }));
    succs[tail].push(open(depths[pre], tail));
    live.push(...phis);
  }

  open(0, -1);
  const live: number[] = [];
  const entry: [number, number][] = [];
  for (let k = 0; k < Math.min(3, registers.int.length); k++) {
    const v = newVreg(0);
    live.push(v);
    entry.push([v, Constraint.DefFixed + registers.int[k]]);
  }
  emit(entry);
  region(live, 0);
  const ints = ofClass(live, 0);
  emit(ints.length > 0 ? [[ints[pick(ints.length)], Constraint.UseFixed + registers.int[0]]] : []);

  for (const cls of classes) mach.newVreg(cls);
  bodies.forEach((body, b) => {
    mach.beginBlock(depths[b], idoms[b]);
    for (const p of params[b]) mach.addParam(p);
    for (const make of body) make();
    for (const s of succs[b]) mach.addSuccessor(s);
    for (const a of args[b]) mach.addArg(a);
  });
  return mach;
}
