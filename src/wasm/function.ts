/**
 * One IR function to one WebAssembly function. Relies on `layout.ts` for structure and `folding.ts`
 * for trees; graphs that cannot be structured (several entries into a cycle) or only at great depth
 * become a loop around a switch over block numbers.
 *
 * The function takes the fuel that is left (i64), the call levels that are left (i32) and the IR's
 * parameters; it returns the fuel that is left and the IR's results. So both counters are locals: no
 * memory is touched to meter. Leaving for good is an exception; see `helpers.ts`.
 *
 * Frames are on the JavaScript engine's stack, which may be small. So a function that calls others
 * first looks at `LEVEL_FLOOR`: where the engine has no stack for it, it has itself run elsewhere.
 *
 * @module
 */
import { Context, ExitCode } from "../ir/context.ts";
import type { Func } from "../ir/func.ts";
import { Flag, Op, OP_FLAGS, Type } from "../ir/opcodes.ts";
import { type Binaryen, labelledBlock, type WasmBuilder } from "./binaryen.ts";
import { foldedValues } from "./folding.ts";
import { constant, instruction, type Operands } from "./instructions.ts";
import { computeLayout, type Layout } from "./layout.ts";
import { Locals } from "./locals.ts";

/** Parameters before those of the IR: fuel and levels. */
export const METER_PARAMS = 2;
/** Local that holds the fuel. */
export const FUEL_LOCAL = 0;
/** Local that holds the call levels left. */
export const DEPTH_LOCAL = 1;

/**
 * Context field (i32): calls that must be allowed below a function for it to run here. Guests have no
 * stack of their own in WebAssembly, so the field of its address is free.
 */
export const LEVEL_FLOOR = Context.guestStack;

/** Exit code of a function that finds fewer levels than `LEVEL_FLOOR`; see `module.ts`. */
export const EXIT_DEEP = 8;

/** Words of a frame that are neither locals nor arguments: temporaries and the engine's own. */
const FRAME_OVERHEAD = 16;

/** Constructs may nest this deep in structured code; all who walk them recur. */
const MAX_NESTING = 256;

/** Where a module leaves: named by index. */
export interface WasmExit {
  /** `ExitCode`, `EXIT_DEEP`, or `ExitCode.Request` and the request's code. */
  readonly code: number;
  /** Function whose sites `site` is of. */
  readonly func: number;
  /** Site. */
  readonly site: number;
}

/** What the functions of one module share. */
export interface ModuleContext {
  /** Binaryen. */
  readonly binaryen: Binaryen;
  /** The module. */
  readonly m: WasmBuilder;
  /** Whether more fuel can be asked for where it runs out, which costs loops some speed. */
  readonly resumable: boolean;
  /** All exits; functions add theirs. */
  readonly exits: WasmExit[];
  /** Binaryen's numbers of the IR types. */
  readonly types: readonly number[];
  /** The tuple type of a function's results: the fuel, then these IR types. */
  resultType(types: readonly number[]): number;
  /** The tuple type of a function's parameters: the meters, then these IR types. */
  paramType(types: readonly number[]): number;
}

/** Name of a function in its module. */
export function functionName(index: number): string {
  return `f${index}`;
}

/** Name of the function that has function `index` run elsewhere. */
export function deepName(index: number): string {
  return `d${index}`;
}

/** Whether `f` calls others, so that it looks for stack. */
export function isGuarded(f: Func): boolean {
  for (let block = 0; block >= 0; block = f.blockNext[block]) {
    for (let v = f.firstInst(block); v >= 0; v = f.next[v]) {
      if (f.op[v] === Op.call || f.op[v] === Op.call_indirect) return true;
    }
  }
  return false;
}

class TooDeep extends Error {}

/** One of the moves of an edge. */
interface Move {
  /** Local to write. */
  readonly to: number;
  /** Value to write. */
  readonly arg: number;
  /** Binaryen's type of both. */
  readonly type: number;
  /** Local where the value waits, -1 if it doesn't. */
  held: number;
  /** Moves to locals that this one reads. */
  readonly reads: Move[];
  /** Number of unfinished moves that read `to`. */
  readers: number;
  done: boolean;
}

/**
 * Adds function `f` with the program's index `index` to the module, `flat` only as a switch.
 *
 * @param guarded whether it looks for stack; `deepName(index)` is called if there is none.
 * @returns about how many words its frames have.
 */
export function addFunction(
  context: ModuleContext,
  f: Func,
  index: number,
  flat: boolean,
  guarded: boolean,
): number {
  const layout = computeLayout(f);
  if (layout.reducible && !flat) {
    const exits = context.exits.length;
    try {
      return new Emitter(context, f, index, layout, false).add(guarded);
    } catch (error) {
      if (!(error instanceof TooDeep)) throw error;
      context.exits.length = exits;
    }
  }
  return new Emitter(context, f, index, layout, true).add(guarded);
}

/** The state of one function's translation. */
class Emitter implements Operands {
  readonly m: WasmBuilder;
  readonly f: Func;
  readonly #context: ModuleContext;
  readonly #index: number;
  readonly #layout: Layout;
  /** Whether blocks are cases of a switch. */
  readonly #flat: boolean;
  readonly #locals: Locals;
  readonly #uses: Int32Array;
  readonly #folded: Uint8Array;
  /** Local of a value, -1 while it has none. */
  readonly #localOf: Int32Array;
  /** 1 for values that only their own block uses: their locals are given back. */
  readonly #private: Uint8Array;
  /** Uses of a private value that are still to be written. */
  readonly #left: Int32Array;
  /** Locals to give back once the current instruction is complete: pairs of local and type. */
  #returned: number[] = [];
  #nesting = 0;
  /** Local that holds the next block's number, for the switch. */
  #next = -1;
  /** Most words of arguments and results of a call. */
  #callWords = 0;

  constructor(context: ModuleContext, f: Func, index: number, layout: Layout, flat: boolean) {
    this.m = context.m;
    this.f = f;
    this.#context = context;
    this.#index = index;
    this.#layout = layout;
    this.#flat = flat;
    this.#locals = new Locals(METER_PARAMS + f.paramTypes.length);
    this.#uses = f.useCounts();
    this.#folded = foldedValues(f, this.#uses);
    this.#localOf = new Int32Array(f.count).fill(-1);
    this.#private = new Uint8Array(f.count).fill(1);
    this.#left = this.#uses.slice();
  }

  add(guarded: boolean): number {
    const { m, f } = this, context = this.#context;
    this.#findShared();
    f.params(0).forEach((v, k) => this.#localOf[v] = METER_PARAMS + k);
    const code: number[] = [];
    if (guarded) code.push(this.#guard());
    if (this.#flat) this.#emitSwitch(code);
    else this.#emitTree(0, code);
    code.push(m.unreachable());
    m.addFunction(
      functionName(this.#index),
      context.paramType(f.paramTypes),
      context.resultType(f.resultTypes),
      this.#locals.types,
      m.block(null, code),
    );
    return this.#locals.count + this.#callWords + FRAME_OVERHEAD;
  }

  /** Has the function run elsewhere if there is no stack for it. */
  #guard(): number {
    const { m, f } = this, context = this.#context;
    const floor = m.i32.load(LEVEL_FLOOR, 0, m.i32.const(0), "context");
    const operands = [this.#fuel(), this.#depth()];
    f.paramTypes.forEach((type, k) => {
      operands.push(m.local.get(METER_PARAMS + k, this.wasmType(type)));
    });
    const elsewhere = m.call(deepName(this.#index), operands, context.resultType(f.resultTypes));
    return m.if(m.i32.lt_s(this.#depth(), floor), m.return(elsewhere));
  }

  /** Parameters and values used in other blocks keep their locals. */
  #findShared(): void {
    const { f } = this;
    for (let block = 0; block >= 0; block = f.blockNext[block]) {
      for (let v = f.first[block]; v >= 0; v = f.next[v]) {
        if (f.op[v] === Op.param) this.#private[v] = 0;
        else f.forEachUse(v, (u) => f.block[u] === block || (this.#private[u] = 0));
      }
    }
  }

  // ---- values

  wasmType(type: number): number {
    return this.#context.types[type];
  }

  get(v: number): number {
    const { m, f } = this, op = f.op[v];
    if (op === Op.iconst || op === Op.fconst) return constant(m, f, v);
    if (this.#folded[v] !== 0) return instruction(this, v);
    const local = this.#local(v), type = this.wasmType(f.type[v]);
    if (--this.#left[v] === 0 && this.#private[v] !== 0) this.#returned.push(local, type);
    return m.local.get(local, type);
  }

  twice(v: number): [first: number, again: () => number] {
    const { m, f } = this, op = f.op[v], type = this.wasmType(f.type[v]);
    if (op === Op.iconst || op === Op.fconst) {
      return [constant(m, f, v), () => constant(m, f, v)];
    }
    if (this.#folded[v] !== 0) {
      const local = this.scratch(f.type[v]);
      return [m.local.tee(local, instruction(this, v), type), () => m.local.get(local, type)];
    }
    const local = this.#local(v);
    return [this.get(v), () => m.local.get(local, type)];
  }

  scratch(type: number): number {
    const local = this.#locals.take(this.wasmType(type));
    this.#returned.push(local, this.wasmType(type));
    return local;
  }

  /** The local of a value; parameters of blocks may be asked for before their block is written. */
  #local(v: number): number {
    let local = this.#localOf[v];
    if (local < 0) {
      local = this.#locals.take(this.wasmType(this.f.type[v]));
      this.#localOf[v] = local;
    }
    return local;
  }

  /** Ends an instruction: what it used last is free. */
  #giveBack(): void {
    for (let k = 0; k < this.#returned.length; k += 2) {
      this.#locals.give(this.#returned[k], this.#returned[k + 1]);
    }
    this.#returned.length = 0;
  }

  #fuel(): number {
    return this.m.local.get(FUEL_LOCAL, this.wasmType(Type.I64));
  }

  #depth(): number {
    return this.m.local.get(DEPTH_LOCAL, this.wasmType(Type.I32));
  }

  // ---- exits

  #exit(code: number, site: number): number {
    this.#context.exits.push({ code, func: this.#index, site });
    return this.m.i32.const(this.#context.exits.length - 1);
  }

  /** Leaves for good with `fuel` left. */
  #leave(code: number, site: number, fuel: number): number {
    const { m } = this, none = this.#context.binaryen.none;
    return m.block(null, [m.call("leave", [this.#exit(code, site), fuel], none), m.unreachable()]);
  }

  /** Asks the engine for something; the fuel may be another afterwards. */
  #request(code: number, site: number): number {
    const { m } = this;
    const call = m.call("exit", [this.#exit(code, site), this.#fuel()], this.wasmType(Type.I64));
    return m.local.set(FUEL_LOCAL, call);
  }

  #checkDepth(site: number): number {
    const { m } = this;
    const exhausted = m.i32.le_s(this.#depth(), m.i32.const(0));
    return m.if(exhausted, this.#leave(ExitCode.Depth, site, this.#fuel()));
  }

  // ---- instructions

  /** Writes the instructions of a block up to its terminator. */
  #emitInstructions(block: number, out: number[]): void {
    const { m, f } = this;
    for (let v = f.firstInst(block); v >= 0; v = f.next[v]) {
      if ((OP_FLAGS[f.op[v]] & Flag.TERMINATOR) !== 0) return;
      if (this.#folded[v] !== 0) continue;
      switch (f.op[v]) {
        case 0x02: // ir.proj
        case 0x04: // ir.iconst
        case 0x05: // ir.fconst
          continue;
        case 0x78: { // ir.fuel
          const cost = () => m.i64.const(BigInt(f.a[v]));
          // The code that goes on is kept free of calls where that can be: engines then do more to it.
          const outOfFuel = this.#context.resumable
            ? this.#request(ExitCode.Fuel, f.c[v])
            : this.#leave(ExitCode.Fuel, f.c[v], this.#fuel());
          out.push(
            m.if(m.i64.lt_u(this.#fuel(), cost()), outOfFuel),
            m.local.set(FUEL_LOCAL, m.i64.sub(this.#fuel(), cost())),
          );
          break;
        }
        case 0x79: // ir.depth_enter
          out.push(
            this.#checkDepth(f.c[v]),
            m.local.set(DEPTH_LOCAL, m.i32.sub(this.#depth(), m.i32.const(1))),
          );
          break;
        case 0x7a: // ir.depth_leave
          out.push(m.local.set(DEPTH_LOCAL, m.i32.add(this.#depth(), m.i32.const(1))));
          break;
        case 0x7b: // ir.depth_check
          out.push(this.#checkDepth(f.c[v]));
          break;
        case 0x7c: // ir.trap_if
          out.push(m.if(this.get(f.a[v]), this.#leave(ExitCode.Trap, f.c[v], this.#fuel())));
          break;
        case 0x7d: // ir.trap_unless
          out.push(
            m.if(m.i32.eqz(this.get(f.a[v])), this.#leave(ExitCode.Trap, f.c[v], this.#fuel())),
          );
          break;
        case 0x7e: // ir.exit
          out.push(this.#request(ExitCode.Request + f.a[v], f.c[v]));
          break;
        case 0x80: // ir.call
        case 0x81: // ir.call_indirect
          this.#emitCall(v, out);
          break;
        case 0x82: // ir.call_native
          this.#emitNative(v, out);
          break;
        default:
          this.#emitPlain(v, out);
      }
      this.#giveBack();
    }
  }

  #emitPlain(v: number, out: number[]): void {
    const { m, f } = this;
    if (f.type[v] === Type.VOID) {
      out.push(instruction(this, v));
      return;
    }
    if (this.#uses[v] === 0) return;
    const value = instruction(this, v);
    this.#giveBack();
    out.push(m.local.set(this.#local(v), value));
  }

  #emitCall(v: number, out: number[]): void {
    const { m, f } = this, context = this.#context;
    const direct = f.op[v] === Op.call;
    const args = f.listValues(f.b[v]), projections = this.#projections(v);
    const types = projections.map((p) => f.type[p]);
    const results = context.resultType(types);
    // The results are copied, one by one, out of a tuple.
    this.#callWords = Math.max(this.#callWords, args.length + 2 * types.length);
    out.push(this.#checkDepth(f.c[v]));
    const operands = [this.#fuel(), m.i32.sub(this.#depth(), m.i32.const(1))];
    for (const arg of args) operands.push(this.get(arg));
    let call: number;
    if (direct) call = m.call(functionName(f.a[v]), operands, results);
    else {
      const params = context.paramType(args.map((arg) => f.type[arg]));
      call = m.call_indirect("functions", this.get(f.a[v]), operands, params, results);
    }
    this.#giveBack();
    if (projections.length === 0) {
      out.push(m.local.set(FUEL_LOCAL, call));
      return;
    }
    const tuple = this.#locals.take(results);
    const element = (k: number) => m.tuple.extract(m.local.get(tuple, results), k);
    out.push(m.local.set(tuple, call), m.local.set(FUEL_LOCAL, element(0)));
    projections.forEach((p, k) => {
      if (this.#uses[p] > 0) out.push(m.local.set(this.#local(p), element(k + 1)));
    });
    this.#locals.give(tuple, results);
  }

  #projections(call: number): number[] {
    const { f } = this;
    const list: number[] = [];
    for (let p = f.next[call], n = f.resultCount(call); list.length < n; p = f.next[p]) {
      list.push(p);
    }
    return list;
  }

  #emitNative(v: number, out: number[]): void {
    const { m, f } = this;
    const [a, b, n] = f.listValues(f.b[v]), [result] = this.#projections(v);
    const used = this.#uses[result] > 0;
    const offset = (value: number) => m.i32.wrap(value);
    switch (f.a[v]) {
      case 0: { // memcpy, which returns its destination
        const [first, again] = this.twice(a);
        const destination = again();
        out.push(
          m.memory.copy(
            offset(first),
            offset(this.get(b)),
            offset(this.get(n)),
            "heap",
            "heap",
          ),
        );
        // Into a local that is not one of those just read.
        if (used) out.push(m.local.set(this.#local(result), destination));
        return;
      }
      case 1: { // memcmp
        const args = [offset(this.get(a)), offset(this.get(b)), offset(this.get(n))];
        const call = m.call("memcmp", args, this.wasmType(Type.I32));
        out.push(used ? m.local.set(this.#local(result), call) : m.drop(call));
        return;
      }
      case 2: { // fmod
        const call = m.call("fmod", [this.get(a), this.get(b)], this.wasmType(Type.F64));
        out.push(used ? m.local.set(this.#local(result), call) : m.drop(call));
        return;
      }
      default:
        throw new Error(`internal: native symbol ${f.a[v]} does not exist`);
    }
  }

  // ---- structure

  /** Writes a block and everything below it, see `layout.ts`. */
  #emitTree(root: number, out: number[]): void {
    const { header, inside, outside } = this.#layout;
    if (++this.#nesting > MAX_NESTING) throw new TooDeep();
    for (let block = root;;) {
      const isHeader = header[block] !== 0;
      const after = isHeader ? outside[block] : inside[block];
      const code = this.#label(after, (list) => {
        if (isHeader) this.#emitLoop(block, list);
        else this.#emitBlock(block, list);
      });
      out.push(...code);
      if (after.length === 0) break;
      // The last one in place of a recursion: sequences of joins are long.
      block = after[0];
    }
    this.#nesting--;
  }

  #emitLoop(header: number, out: number[]): void {
    const { m } = this, within = this.#layout.inside[header];
    const body = this.#label(within, (list) => this.#emitBlock(header, list));
    if (within.length > 0) this.#emitTree(within[0], body);
    out.push(m.loop(`l${header}`, m.block(null, body)));
  }

  /** What `first` writes with the labels of `blocks` around, and their trees but that of `blocks[0]`. */
  #label(blocks: readonly number[], first: (out: number[]) => void): number[] {
    let code: number[] = [];
    first(code);
    for (let k = blocks.length - 1; k >= 0; k--) {
      code = [this.#labelled(`b${blocks[k]}`, code)];
      if (k > 0) this.#emitTree(blocks[k], code);
    }
    return code;
  }

  /** A block to branch to the end of. */
  #labelled(label: string, code: readonly number[]): number {
    return labelledBlock(this.#context.binaryen, this.m, label, code);
  }

  /** Writes a block's own code. */
  #emitBlock(block: number, out: number[]): void {
    const { m, f } = this;
    this.#emitInstructions(block, out);
    const t = f.terminator(block);
    switch (f.op[t]) {
      case 0x88: // ir.jump
        this.#emitEdge(block, t, 0, out);
        return;
      case 0x89: { // ir.br_if
        const condition = this.get(f.a[t]);
        this.#giveBack();
        // What follows on is written behind the branch: it may be a whole tree.
        const yes = this.#plainLabel(block, t, 0);
        if (yes !== undefined) {
          out.push(m.br(yes, condition));
          this.#emitEdge(block, t, 1, out);
          return;
        }
        const no = this.#plainLabel(block, t, 1);
        if (no !== undefined) {
          out.push(m.br(no, m.i32.eqz(condition)));
          this.#emitEdge(block, t, 0, out);
          return;
        }
        const code: number[] = [];
        this.#emitEdge(block, t, 0, code);
        out.push(m.if(condition, m.block(null, code)));
        this.#emitEdge(block, t, 1, out);
        return;
      }
      case 0x8a: // ir.br_table
        this.#emitTable(block, t, out);
        return;
      case 0x8b: { // ir.ret
        const values = f.listValues(f.b[t]).map((v) => this.get(v));
        this.#giveBack();
        out.push(
          m.return(values.length === 0 ? this.#fuel() : m.tuple.make([this.#fuel(), ...values])),
        );
        return;
      }
      case 0x8c: // ir.trap
        out.push(this.#leave(ExitCode.Trap, f.c[t], this.#fuel()));
        return;
      default:
        throw new Error(`internal: block ${block} of '${f.name}' has no terminator`);
    }
  }

  #emitTable(block: number, t: number, out: number[]): void {
    const { m, f } = this;
    const index = this.get(f.a[t]);
    this.#giveBack();
    const count = f.targetCount(t);
    // Targets that need code of their own get a label in front of it; equal ones share it.
    const labels: string[] = [], cases: number[] = [];
    const known = new Map<string, string>();
    for (let k = 0; k < count; k++) {
      const target = f.targetBlock(t, k), args = f.targetArgs(t, k);
      const key = `${target}/${f.listLength(args) === 0 ? 0 : args}`;
      let label = known.get(key);
      if (label === undefined) {
        label = this.#plainLabel(block, t, k);
        if (label === undefined) {
          label = `t${block}.${k}`;
          cases.push(k);
        }
        known.set(key, label);
      }
      labels.push(label);
    }
    let code = [m.switch(labels.slice(0, -1), labels[count - 1], index)];
    for (const k of cases) {
      code = [this.#labelled(`t${block}.${k}`, code)];
      this.#emitEdge(block, t, k, code);
    }
    out.push(...code);
  }

  /** The label that stands for an edge without arguments, if there is one. */
  #labelOf(from: number, to: number): string | undefined {
    if (this.#flat) return undefined;
    const { rpoIndex } = this.#layout.cfg;
    if (rpoIndex[to] <= rpoIndex[from]) return `l${to}`;
    return this.#layout.labelled[to] !== 0 ? `b${to}` : undefined;
  }

  /** The label of an edge that has one and passes nothing. */
  #plainLabel(from: number, t: number, k: number): string | undefined {
    const { f } = this;
    if (f.listLength(f.targetArgs(t, k)) > 0) return undefined;
    return this.#labelOf(from, f.targetBlock(t, k));
  }

  /** Writes an edge: the arguments, then the way to the target or the target itself. */
  #emitEdge(from: number, t: number, k: number, out: number[]): void {
    const { m, f } = this, target = f.targetBlock(t, k);
    this.#emitMoves(t, k, out);
    if (this.#flat) {
      const number = this.#layout.cfg.rpoIndex[target];
      out.push(m.local.set(this.#next, m.i32.const(number)), m.br("dispatch"));
      return;
    }
    const label = this.#labelOf(from, target);
    if (label === undefined) this.#emitTree(target, out);
    else out.push(m.br(label));
  }

  /** Writes the parallel move of an edge's arguments to the target's parameters. */
  #emitMoves(t: number, k: number, out: number[]): void {
    const { m, f } = this;
    const list = f.targetArgs(t, k), n = f.listLength(list);
    if (n === 0) return;
    const byTarget = new Map<number, Move>();
    let p = f.first[f.targetBlock(t, k)];
    for (let i = 0; i < n; i++, p = f.next[p]) {
      const arg = f.listAt(list, i);
      if (this.#uses[p] === 0) continue;
      const to = this.#local(p);
      if (this.#localOf[arg] === to && this.#folded[arg] === 0) continue;
      const type = this.wasmType(f.type[p]);
      byTarget.set(to, { to, arg, type, held: -1, reads: [], readers: 0, done: false });
    }
    for (const move of byTarget.values()) {
      this.#collectReads(move.arg, byTarget, move);
      for (const read of move.reads) read.readers++;
    }
    const ready = [...byTarget.values()].filter((move) => move.readers === 0);
    const release = (move: Move) => {
      for (const read of move.reads) if (--read.readers === 0) ready.push(read);
      move.reads.length = 0;
    };
    const drain = () => {
      for (let move = ready.pop(); move !== undefined; move = ready.pop()) {
        const value = move.held < 0 ? this.get(move.arg) : m.local.get(move.held, move.type);
        out.push(m.local.set(move.to, value));
        move.done = true;
        release(move);
      }
    };
    drain();
    const temporaries: number[] = [];
    for (const move of byTarget.values()) {
      if (move.done) continue;
      // Part of a cycle, or its target is read by one. Its value waits in a temporary.
      move.held = this.#locals.take(move.type);
      temporaries.push(move.held, move.type);
      out.push(m.local.set(move.held, this.get(move.arg)));
      release(move);
      drain();
    }
    this.#returned.push(...temporaries);
    this.#giveBack();
  }

  /** Adds to `reader.reads` the moves, but itself, whose targets the expression of `v` reads. */
  #collectReads(v: number, byTarget: ReadonlyMap<number, Move>, reader: Move): void {
    if (this.#folded[v] === 0) {
      const read = byTarget.get(this.#localOf[v]);
      if (read !== undefined && read !== reader) reader.reads.push(read);
    } else this.f.forEachUse(v, (u) => this.#collectReads(u, byTarget, reader));
  }

  // ---- the switch

  /** Writes all blocks as cases of one switch in a loop. */
  #emitSwitch(out: number[]): void {
    const { m } = this, { rpo, rpoLength } = this.#layout.cfg;
    const i32 = this.wasmType(Type.I32);
    this.#next = this.#locals.take(i32);
    const label = (k: number) => `b${rpo[k]}`;
    const labels = Array.from({ length: rpoLength }, (_, k) => label(k));
    let code = [m.switch(labels, labels[0], m.local.get(this.#next, i32))];
    for (let k = 0; k < rpoLength; k++) {
      code = [this.#labelled(label(k), code)];
      this.#emitBlock(rpo[k], code);
    }
    // Block 0 is no branch target, so number 0 is where the local starts out.
    out.push(m.loop("dispatch", m.block(null, code)));
  }
}
