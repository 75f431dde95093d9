/**
 * F9 to F12 as the specification words them: every register of every block, sets and strings, no
 * shortcut. The slow half of a differential test.
 *
 * @module
 */
import { decodeCode } from "../../src/tape/code.ts";
import { OPCODES } from "../../src/tape/opcodes.ts";
import type { Program } from "../../src/tape/program.ts";
import type { Signature, ValueType } from "../../src/tape/types.ts";
import type { VerifyErrorDetail } from "../../src/tape/verify_error.ts";

type State = ValueType | "top" | "uninit" | "ambiguous";

type Shape =
  | { kind: "Tuple"; elements: (ValueType | null)[] }
  | { kind: "Struct"; id: number }
  | { kind: "Array"; id: number };

interface Point {
  types: State[];
  shapes: (Shape | null)[];
}

/** One instruction with its operands by role. */
interface Instruction {
  pc: number;
  mnemonic: string;
  reads: number[];
  writes: number[];
  /** Single registers by operand name. */
  reg: Record<string, number>;
  /** Register lists by operand name. */
  list: Record<string, number[]>;
  /** 32-bit immediates by operand name. */
  imm: Record<string, number>;
  inputs: readonly string[];
  output: string;
  terminator: boolean;
}

class Refused {
  constructor(readonly detail: VerifyErrorDetail) {}
}

function refuse(detail: VerifyErrorDetail): never {
  throw new Refused(detail);
}

function parse(bytes: Uint8Array): Instruction[] {
  const code = decodeCode(bytes);
  return Array.from({ length: code.count }, (_, i) => {
    const row = OPCODES.get(code.ops[i])!;
    const out: Instruction = {
      pc: code.pcs[i],
      mnemonic: row.mnemonic,
      reads: [],
      writes: [],
      reg: {},
      list: {},
      imm: {},
      inputs: row.inputs,
      output: row.outputs[0],
      terminator: row.terminator,
    };
    let word = code.at[i];
    for (const { name, kind, access } of row.operands) {
      let regs: number[] = [];
      if (kind === "reg") {
        out.reg[name] = code.operands[word++] >>> 0;
        regs = [out.reg[name]];
      } else if (kind === "regs") {
        const count = code.operands[word++];
        regs = Array.from({ length: count }, () => code.operands[word++] >>> 0);
        out.list[name] = regs;
      } else if (kind === "uleb64" || kind === "sleb64" || kind === "u64le") {
        word += 2;
      } else {
        out.imm[name] = code.operands[word++] >>> 0;
      }
      (access === "w" ? out.writes : out.reads).push(...regs);
    }
    return out;
  });
}

/** The first error of F9 to F12 in function `func`, or null; F1 to F8 must hold. */
export function referenceVerdict(program: Program, func: number): VerifyErrorDetail | null {
  try {
    check(program, func);
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.detail;
    throw error;
  }
}

function check(program: Program, func: number): void {
  const fn = program.functions[func];
  const code = parse(fn.code);
  const leaders = new Set<number>([0]);
  const targets = (ins: Instruction) =>
    ins.mnemonic === "br"
      ? [ins.imm.pc_true, ins.imm.pc_false]
      : ins.mnemonic === "jmp"
      ? [ins.imm.pc_target]
      : [];
  code.forEach((ins, i) => {
    for (const target of targets(ins)) leaders.add(target);
    if (ins.terminator && i + 1 < code.length) leaders.add(code[i + 1].pc);
  });
  const starts = [...leaders].sort((a, b) => a - b);
  const blocks = starts.map((start, b) =>
    code.filter((ins) => ins.pc >= start && ins.pc < (starts[b + 1] ?? Infinity))
  );
  const successors = blocks.map((block) =>
    targets(block[block.length - 1]).map((pc) => starts.indexOf(pc))
  );
  const reachable = new Set<number>([0]);
  for (const b of reachable) successors[b].forEach((next) => reachable.add(next));
  const order = [...reachable].sort((a, b) => a - b);

  initialisation(program, func, blocks, successors, order);
  const fixed = types(program, func, blocks, successors, order);
  classes(program, func, code, fixed);
}

/** F9. */
function initialisation(
  program: Program,
  func: number,
  blocks: Instruction[][],
  successors: number[][],
  order: number[],
): void {
  const fn = program.functions[func];
  const entry = new Set(Array.from({ length: fn.argCount + 1 }, (_, r) => r));
  const ins: (Set<number> | null)[] = blocks.map(() => null);
  ins[0] = entry;
  for (let changed = true; changed;) {
    changed = false;
    for (const b of order) {
      if (ins[b] === null) continue;
      const out = new Set(ins[b]);
      for (const { writes } of blocks[b]) writes.forEach((reg) => out.add(reg));
      for (const next of successors[b]) {
        const old = ins[next];
        const joined = old === null ? out : new Set([...old].filter((reg) => out.has(reg)));
        if (old !== null && joined.size === old.size) continue;
        ins[next] = joined;
        changed = true;
      }
    }
  }
  for (const b of order) {
    const known = new Set(ins[b]);
    for (const { pc, mnemonic, reads, writes, reg, list, imm } of blocks[b]) {
      const arity = (args: number, results: number) =>
        list.args.length === args && list.rets.length === results;
      if ("eff_in" in reg && reg.eff_in !== 0) {
        refuse({ kind: "EffectInNotR0", func, pc, reg: reg.eff_in });
      }
      if ("eff_out" in reg && reg.eff_out !== 0) {
        refuse({ kind: "EffectOutNotR0", func, pc, reg: reg.eff_out });
      }
      if (mnemonic === "call") {
        const callee = program.functions[imm.func_id];
        if (!arity(callee.argCount, callee.resultCount)) {
          refuse({ kind: "CallArityMismatch", func, pc });
        }
      } else if (mnemonic === "ret" && list.rets.length !== fn.resultCount) {
        refuse({ kind: "ReturnArityMismatch", func, pc });
      } else if (mnemonic === "host_call") {
        const host = program.hostSigs[imm.host_sig];
        if (!arity(host.args.length, host.results.length)) {
          refuse({ kind: "HostCallArityMismatch", func, pc });
        }
      } else if (mnemonic === "call.indirect") {
        const sig = program.callSigs[imm.call_sig];
        if (!arity(sig.args.length, sig.results.length)) {
          refuse({ kind: "CallArityMismatch", func, pc });
        }
      }
      for (const r of reads) {
        if (r >= fn.regCount) refuse({ kind: "RegOutOfBounds", func, pc, reg: r });
        if (!known.has(r)) refuse({ kind: "UninitializedRead", func, pc, reg: r });
      }
      for (const r of writes) {
        if (r >= fn.regCount) refuse({ kind: "RegOutOfBounds", func, pc, reg: r });
        known.add(r);
      }
    }
  }
}

const equal = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function join(a: Point, b: Point): Point {
  const types = a.types.map((x, r): State => {
    const y = b.types[r];
    if (x === "top") return y;
    if (y === "top") return x;
    if (x === "uninit" || y === "uninit") return "uninit";
    return x === y ? x : "ambiguous";
  });
  const shapes = a.shapes.map((x, r) =>
    x !== null && equal(x, b.shapes[r]) && types[r] === "agg" ? x : null
  );
  return { types, shapes };
}

/** The signature that a call instruction goes by. */
function called(program: Program, ins: Instruction): Signature {
  if (ins.mnemonic === "call") return program.functions[ins.imm.func_id];
  if (ins.mnemonic === "host_call") return program.hostSigs[ins.imm.host_sig];
  return program.callSigs[ins.imm.call_sig];
}

function transfer(program: Program, at: Point, ins: Instruction): void {
  const put = (reg: number, type: State) => {
    at.types[reg] = type;
    if (type !== "agg") at.shapes[reg] = null;
  };
  const { mnemonic, reg, list, imm } = ins;
  const shapeOf = (r: number) => at.shapes[r];
  switch (mnemonic) {
    case "nop":
    case "trap":
    case "br":
    case "jmp":
    case "ret":
      return;
    case "mov": {
      const shape = shapeOf(reg.src);
      put(reg.dst, at.types[reg.src]);
      if (at.types[reg.dst] === "agg") at.shapes[reg.dst] = shape;
      return;
    }
    case "const.pool":
      return put(reg.dst, program.constants[imm.idx].type as State);
    case "select":
      return put(reg.dst, at.types[reg.a]);
    case "call":
    case "host_call":
    case "call.indirect":
      put(reg.eff_out, "unit");
      return called(program, ins).results.forEach((type, k) => put(list.rets[k], type));
    case "tuple.new": {
      const elements = list.values.map((r) => {
        const type = at.types[r];
        return type === "top" || type === "uninit" || type === "ambiguous" ? null : type;
      });
      put(reg.dst, "agg");
      at.shapes[reg.dst] = { kind: "Tuple", elements };
      return;
    }
    case "struct.new":
      put(reg.dst, "agg");
      at.shapes[reg.dst] = { kind: "Struct", id: imm.type_id };
      return;
    case "array.new":
      put(reg.dst, "agg");
      at.shapes[reg.dst] = { kind: "Array", id: imm.elem_type_id };
      return;
    case "tuple.get": {
      const shape = shapeOf(reg.tuple);
      const type = shape?.kind === "Tuple" ? shape.elements[imm.index] : null;
      return put(reg.dst, type ?? "ambiguous");
    }
    case "struct.get": {
      const shape = shapeOf(reg.st);
      const field = shape?.kind === "Struct"
        ? program.structs[shape.id].fields[imm.field_index]
        : undefined;
      return put(reg.dst, field?.type ?? "ambiguous");
    }
    case "array.get":
    case "array.get_imm": {
      const shape = shapeOf(reg.arr);
      return put(reg.dst, shape?.kind === "Array" ? program.arrayElems[shape.id] : "ambiguous");
    }
    default:
      put(reg.dst, ins.output as State);
  }
}

function validate(program: Program, func: number, at: Point, ins: Instruction): void {
  const { pc, mnemonic, reg, list, imm } = ins;
  const expect = (expected: ValueType, r: number) => {
    const actual = at.types[r];
    if (actual === "top" || actual === "uninit") {
      refuse({ kind: "UninitializedRead", func, pc, reg: r });
    }
    if (actual === "ambiguous") refuse({ kind: "UnknownTypeAtUse", func, pc, reg: r, expected });
    if (actual !== expected) refuse({ kind: "TypeMismatch", func, pc, expected, actual });
  };
  const kind = (expected: "Tuple" | "Struct" | "Array", r: number) => {
    const actual = at.shapes[r]?.kind ?? expected;
    if (actual !== expected) refuse({ kind: "AggKindMismatch", func, pc, expected, actual });
  };
  switch (mnemonic) {
    case "nop":
    case "trap":
    case "jmp":
    case "mov":
    case "const.pool":
    case "tuple.new":
      return;
    case "select": {
      expect("bool", reg.cond);
      const a = at.types[reg.a] as ValueType | "ambiguous";
      const b = at.types[reg.b] as ValueType | "ambiguous";
      if (a === "ambiguous" && b === "ambiguous") {
        refuse({ kind: "UnknownTypeAtSelect", func, pc, reg: reg.a });
      } else if (a === "ambiguous") {
        refuse({ kind: "UnknownTypeAtUse", func, pc, reg: reg.a, expected: b as ValueType });
      } else if (b === "ambiguous") {
        refuse({ kind: "UnknownTypeAtUse", func, pc, reg: reg.b, expected: a });
      } else if (a !== b) refuse({ kind: "TypeMismatch", func, pc, expected: a, actual: b });
      return;
    }
    case "call":
    case "host_call":
    case "call.indirect": {
      if (mnemonic === "call.indirect") {
        const callee = at.types[reg.callee];
        if (callee !== "closure") expect("func", reg.callee);
      }
      const sig = called(program, ins);
      if (list.args.length !== sig.args.length || list.rets.length !== sig.results.length) {
        refuse({ kind: "CallArityMismatch", func, pc });
      }
      sig.args.forEach((type, k) => expect(type, list.args[k]));
      sig.results.forEach((type, k) => {
        const old = at.types[list.rets[k]];
        if (old !== "top" && old !== "uninit") expect(type, list.rets[k]);
      });
      return;
    }
    case "ret":
      return program.functions[func].results.forEach((type, k) => expect(type, list.rets[k]));
    case "struct.new": {
      const { fields } = program.structs[imm.type_id];
      if (list.values.length !== fields.length) {
        refuse({ kind: "StructArityMismatch", func, pc, typeId: imm.type_id });
      }
      return fields.forEach((field, k) => expect(field.type, list.values[k]));
    }
    case "array.new":
      return list.values.forEach((r) => expect(program.arrayElems[imm.elem_type_id], r));
    case "tuple.get": {
      expect("agg", reg.tuple);
      kind("Tuple", reg.tuple);
      const shape = at.shapes[reg.tuple];
      if (shape?.kind === "Tuple" && imm.index >= shape.elements.length) {
        const arity = shape.elements.length;
        refuse({ kind: "TupleIndexOutOfBounds", func, pc, arity, index: imm.index });
      }
      return;
    }
    case "struct.get": {
      expect("agg", reg.st);
      kind("Struct", reg.st);
      const shape = at.shapes[reg.st];
      const fieldIndex = imm.field_index;
      if (shape?.kind === "Struct" && fieldIndex >= program.structs[shape.id].fields.length) {
        refuse({ kind: "StructFieldIndexOutOfBounds", func, pc, typeId: shape.id, fieldIndex });
      }
      return;
    }
    case "array.get":
      expect("agg", reg.arr);
      expect("u64", reg.index);
      return kind("Array", reg.arr);
    case "array.get_imm":
    case "array.len":
      expect("agg", reg.arr);
      return kind("Array", reg.arr);
    case "tuple.len":
      expect("agg", reg.tuple);
      return kind("Tuple", reg.tuple);
    case "struct.field_count":
      expect("agg", reg.st);
      return kind("Struct", reg.st);
    default:
      ins.reads.forEach((r, k) => expect(ins.inputs[k] as ValueType, r));
  }
}

/** F10 and F11; the result is the type of each register, or undefined. */
function types(
  program: Program,
  func: number,
  blocks: Instruction[][],
  successors: number[][],
  order: number[],
): (ValueType | undefined)[] {
  const fn = program.functions[func];
  const copy = (point: Point): Point => ({ types: [...point.types], shapes: [...point.shapes] });
  const filled = (type: State): Point => ({
    types: new Array(fn.regCount).fill(type),
    shapes: new Array(fn.regCount).fill(null),
  });
  const through = (b: number, point: Point): Point => {
    const at = copy(point);
    for (const instruction of blocks[b]) transfer(program, at, instruction);
    return at;
  };
  const entry = filled("uninit");
  entry.types[0] = "unit";
  fn.args.forEach((type, arg) => entry.types[arg + 1] = type);
  for (const { func: owner, arg, shape } of program.argShapes) {
    if (owner !== func) continue;
    entry.shapes[arg + 1] = shape.kind === "tuple"
      ? { kind: "Tuple", elements: [...shape.elements] }
      : shape.kind === "struct"
      ? { kind: "Struct", id: shape.typeId }
      : { kind: "Array", id: shape.elemTypeId };
  }
  const ins = blocks.map(() => filled("top"));
  const outs = blocks.map(() => filled("top"));
  ins[0] = entry;
  outs[0] = through(0, entry);
  const worklist = [0];
  while (worklist.length > 0) {
    const b = worklist.shift()!;
    for (const next of successors[b]) {
      const joined = join(ins[next], outs[b]);
      if (equal(joined, ins[next])) continue;
      ins[next] = joined;
      const out = through(next, joined);
      if (equal(out, outs[next])) continue;
      outs[next] = out;
      worklist.push(next);
    }
  }

  for (const b of order) {
    const at = copy(ins[b]);
    for (const instruction of blocks[b]) {
      validate(program, func, at, instruction);
      transfer(program, at, instruction);
    }
  }
  for (const b of order) {
    for (const point of [ins[b], outs[b]]) {
      const reg = point.types.indexOf("ambiguous");
      if (reg >= 0) refuse({ kind: "UnstableRegType", func, reg });
    }
  }
  const fixed: (ValueType | undefined)[] = ["unit", ...fn.args];
  for (const b of order) {
    const at = copy(ins[b]);
    for (const instruction of blocks[b]) {
      transfer(program, at, instruction);
      for (const reg of instruction.writes) {
        const type = at.types[reg];
        const known = type !== "top" && type !== "uninit" && type !== "ambiguous";
        if (!known || (fixed[reg] !== undefined && fixed[reg] !== type)) {
          refuse({ kind: "UnstableRegTypeAt", func, pc: instruction.pc, reg });
        } else fixed[reg] = type;
      }
    }
  }
  return fixed;
}

/** F12. */
function classes(
  program: Program,
  func: number,
  code: Instruction[],
  fixed: (ValueType | undefined)[],
): void {
  const { regCount } = program.functions[func];
  const classOf = (type: string) => type.startsWith("obj") ? "obj" : type;
  const classAt = (reg: number) => classOf(fixed[reg] ?? "unit");
  for (const { pc, mnemonic, reads, reg, list, imm, inputs, output } of code) {
    const bounds = (...regs: number[]) =>
      regs.forEach((r) => {
        if (r >= regCount) refuse({ kind: "RegOutOfBounds", func, pc, reg: r });
      });
    const wrong = (r: number) => refuse({ kind: "UnstableRegTypeAt", func, pc, reg: r });
    const has = (r: number, type: string) => {
      bounds(r);
      if (classAt(r) !== type) wrong(r);
    };
    switch (mnemonic) {
      case "mov":
        bounds(reg.dst, reg.src);
        if (classAt(reg.dst) !== classAt(reg.src)) wrong(reg.dst);
        break;
      case "select":
        bounds(reg.dst, reg.a, reg.b);
        if (new Set([reg.dst, reg.a, reg.b].map(classAt)).size !== 1) wrong(reg.dst);
        has(reg.cond, "bool");
        break;
      case "call":
      case "host_call":
        has(reg.eff_out, "unit");
        has(reg.eff_in, "unit");
        bounds(...list.args, ...list.rets);
        break;
      case "ret":
        has(reg.eff_in, "unit");
        bounds(...list.rets);
        break;
      case "call.indirect":
        bounds(reg.callee, ...list.args, ...list.rets);
        if (!["func", "closure"].includes(classAt(reg.callee))) wrong(reg.callee);
        has(reg.eff_out, "unit");
        has(reg.eff_in, "unit");
        break;
      case "tuple.new":
      case "struct.new":
      case "array.new":
        has(reg.dst, "agg");
        bounds(...list.values);
        break;
      case "tuple.get":
      case "struct.get":
      case "array.get":
      case "array.get_imm":
        bounds(reg.dst);
        reads.forEach((r, k) => has(r, inputs[k]));
        break;
      case "const.pool":
        has(reg.dst, program.constants[imm.idx].type);
        break;
      default:
        if ("dst" in reg) has(reg.dst, output);
        reads.forEach((r, k) => has(r, inputs[k]));
    }
  }
}
