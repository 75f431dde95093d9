/**
 * Builds SSA from code with variables, by Braun et al., "Simple and Efficient Construction of
 * Static Single Assignment Form" (CC 2013), with block parameters in the role of phis.
 *
 * A front end declares variables, switches to a block, emits, and seals a block once all branches
 * to it are emitted. Differences from the paper: reading a variable walks and queues instead of
 * recursing, so long functions cannot overflow the stack, and trivial parameters are removed in one
 * go by `finish`. The result is minimal for reducible graphs, and a variable read before it was
 * written is zero.
 *
 * @module
 */
import { Func } from "./func.ts";
import { Op, Type } from "./opcodes.ts";

/** Length that tables start with; those of edges twice that. */
const ROOM = 16;

/** Of how many blocks on the way to a definition one remembers it. */
const REMEMBERED = 32;

/** Looks at parameters, while removing trivial ones, that a function of any size may take. */
const MIN_STEPS = 1 << 24;

/**
 * Thrown by a builder when variables meet in so many blocks that SSA form would be far larger than
 * the code: loops in loops that all of a function's variables are carried around, above all.
 */
export class EntangledError extends Error {
  /** Tells it from other errors. */
  override readonly name = "EntangledError";
}

/** The arrays of a builder. */
interface Tables {
  readonly slots: Int32Array;
  readonly edgeHead: Int32Array;
  readonly edgeCount: Int32Array;
  readonly above: Int32Array;
  readonly edgeNext: Int32Array;
  readonly edgeFrom: Int32Array;
  readonly edgeTerm: Int32Array;
  readonly edgeTarget: Int32Array;
  readonly queue: Int32Array;
  readonly zero: Int32Array;
  readonly varTypes: Uint8Array;
  readonly sealed: Uint8Array;
  readonly hasVarParams: Uint8Array;
}

/** Arrays of a builder that has finished, for the next one. */
let spare: Tables | undefined;

function makeTables(): Tables {
  return {
    slots: new Int32Array(0),
    edgeHead: new Int32Array(ROOM),
    edgeCount: new Int32Array(ROOM),
    above: new Int32Array(ROOM),
    edgeNext: new Int32Array(2 * ROOM),
    edgeFrom: new Int32Array(2 * ROOM),
    edgeTerm: new Int32Array(2 * ROOM),
    edgeTarget: new Int32Array(2 * ROOM),
    queue: new Int32Array(ROOM),
    zero: new Int32Array(8),
    varTypes: new Uint8Array(ROOM),
    sealed: new Uint8Array(ROOM),
    hasVarParams: new Uint8Array(ROOM),
  };
}

/** Builder of one function; finished once. */
export class FuncBuilder {
  /** The function being built. */
  readonly func: Func;
  /** Block that receives instructions, -1 behind a terminator. */
  current = -1;

  #varTypes: Uint8Array;
  #varCount = 0;

  // Definitions: an open-addressed table from (block, variable) to value. A slot is four words,
  // {block + 1, variable, value, -}, so that it lies in one cache line; 0 in the first means free.
  #slots: Int32Array;
  #slotsUsed = 0;
  /** Most slots that may be used. */
  readonly #maxSlots: number;

  // Edges, linked per target block: newest first.
  #edgeHead: Int32Array;
  #edgeCount: Int32Array;
  #edgeNext: Int32Array;
  #edgeFrom: Int32Array;
  #edgeTerm: Int32Array;
  #edgeTarget: Int32Array;
  #edges = 0;

  #sealed: Uint8Array;
  /** What `seal` was told. */
  #above: Int32Array;
  /** Parameters of unsealed blocks that wait for their arguments: block -> [variable, param...]. */
  readonly #incomplete = new Map<number, number[]>();
  /** Blocks that already have a parameter for a variable: explicit ones may no longer be added. */
  #hasVarParams: Uint8Array;
  #zero: Int32Array;

  /**
   * Starts a function: makes the entry block with a parameter for each of `paramTypes`, sealed and
   * current. `maxDefinitions` bounds the pairs of a block and a variable that has a value there; what
   * reads or writes a variable, or seals a block, throws an {@linkcode EntangledError} beyond it.
   */
  constructor(
    name: string,
    paramTypes: readonly number[],
    resultTypes: readonly number[],
    capacity = 64,
    maxDefinitions = Infinity,
  ) {
    this.#maxSlots = maxDefinitions;
    this.func = new Func(name, paramTypes, resultTypes, capacity);
    const slots = 4 << (32 - Math.clz32(Math.max(capacity, 32) - 1));
    const old = spare ?? makeTables();
    spare = undefined;
    // A table of another order of size would cost more to clear than to make.
    const fits = old.slots.length >= slots && old.slots.length <= 16 * slots;
    this.#slots = fits ? old.slots.fill(0) : new Int32Array(slots);
    this.#edgeHead = old.edgeHead;
    this.#edgeCount = old.edgeCount;
    this.#above = old.above;
    this.#edgeNext = old.edgeNext;
    this.#edgeFrom = old.edgeFrom;
    this.#edgeTerm = old.edgeTerm;
    this.#edgeTarget = old.edgeTarget;
    this.#queue = old.queue;
    this.#zero = old.zero.fill(-1);
    this.#varTypes = old.varTypes;
    this.#sealed = old.sealed;
    this.#hasVarParams = old.hasVarParams;
    const entry = this.createBlock();
    for (const type of paramTypes) this.func.addParam(entry, type);
    this.#sealed[entry] = 1;
    this.current = entry;
  }

  // ---- blocks

  /** Makes an unsealed block at the end of the layout. */
  createBlock(): number {
    const block = this.func.addBlock();
    if (block >= this.#sealed.length) {
      const n = 2 * block;
      this.#edgeHead = enlarge(this.#edgeHead, n);
      this.#edgeCount = enlarge(this.#edgeCount, n);
      this.#above = enlarge(this.#above, n);
      this.#sealed = enlarge(this.#sealed, n);
      this.#hasVarParams = enlarge(this.#hasVarParams, n);
    }
    this.#edgeHead[block] = this.#above[block] = -1;
    this.#edgeCount[block] = this.#sealed[block] = this.#hasVarParams[block] = 0;
    return block;
  }

  /**
   * Adds an explicit parameter, to be passed by every branch to the block. Must come before the
   * first variable is read there.
   */
  addBlockParam(block: number, type: number): number {
    if (this.#hasVarParams[block]) {
      throw new Error(`internal: explicit parameter of block${block} added too late`);
    }
    return this.func.addParam(block, type);
  }

  /** Makes a block the one that receives instructions. */
  switchTo(block: number): void {
    this.current = block;
  }

  /**
   * Says that all branches to the block are emitted. If `above` is given, all of them come from there
   * without writing a variable on the way, and so no parameters are needed.
   */
  seal(block: number, above = -1): void {
    if (this.#sealed[block]) return;
    this.#above[block] = above;
    this.#sealed[block] = 1;
    const waiting = this.#incomplete.get(block);
    if (waiting === undefined) return;
    this.#incomplete.delete(block);
    for (let i = 0; i < waiting.length; i += 2) this.#fill(block, waiting[i], waiting[i + 1]);
  }

  /** Seals every block that isn't. */
  sealAll(): void {
    for (let block = 0; block < this.func.blockCount; block++) this.seal(block);
  }

  // ---- variables

  /** Makes a variable. */
  declareVar(type: number): number {
    const id = this.#varCount++;
    if (id === this.#varTypes.length) this.#varTypes = enlarge(this.#varTypes, 2 * id);
    this.#varTypes[id] = type;
    return id;
  }

  /** Sets a variable in the current block. */
  defVar(variable: number, value: number): void {
    this.#write(this.current, variable, value);
  }

  /** Value of a variable in the current block. */
  useVar(variable: number): number {
    const known = this.#read(this.current, variable);
    if (known >= 0) return known;
    this.#queued = 0;
    const value = this.#lookup(this.current, variable);
    this.#drain(variable);
    return value;
  }

  // Parameters made by #lookup in sealed blocks whose arguments are yet to be read.
  #queue: Int32Array;
  #queued = 0;

  #fill(block: number, variable: number, param: number): void {
    this.#queued = 0;
    this.#fillEdges(block, variable);
    this.#drain(variable);
    if (this.#read(block, variable) < 0) {
      throw new Error(`internal: parameter v${param} of block${block} lost its variable`);
    }
  }

  #drain(variable: number): void {
    while (this.#queued > 0) this.#fillEdges(this.#queue[--this.#queued], variable);
  }

  #fillEdges(block: number, variable: number): void {
    for (let e = this.#edgeHead[block]; e >= 0; e = this.#edgeNext[e]) {
      const value = this.#lookup(this.#edgeFrom[e], variable);
      this.func.addTargetArg(this.#edgeTerm[e], this.#edgeTarget[e], value);
    }
  }

  /**
   * Walks up single predecessors to a definition. Where paths meet (or may still), makes a
   * parameter that defines the variable, which also ends cycles. The first block and some of those
   * visited remember the answer.
   */
  #lookup(start: number, variable: number): number {
    let block = start, value = this.#read(block, variable), steps = 0;
    while (value < 0) {
      const above = this.#sealed[block] ? this.#onlyAbove(block) : -1;
      if (above >= 0) {
        // More steps than blocks: an unreachable cycle, where nothing is ever defined.
        if (steps++ > this.func.blockCount) {
          value = this.#zeroOf(this.#varTypes[variable]);
          break;
        }
        block = above;
        value = this.#read(block, variable);
        continue;
      }
      if (this.#sealed[block] && this.#edgeCount[block] === 0) {
        value = this.#zeroOf(this.#varTypes[variable]);
        break;
      }
      value = this.func.addParam(block, this.#varTypes[variable]);
      this.#hasVarParams[block] = 1;
      this.#write(block, variable, value);
      if (this.#sealed[block]) {
        if (this.#queued === this.#queue.length) {
          this.#queue = enlarge(this.#queue, 2 * this.#queued);
        }
        this.#queue[this.#queued++] = block;
      } else {
        const waiting = this.#incomplete.get(block);
        if (waiting === undefined) this.#incomplete.set(block, [variable, value]);
        else waiting.push(variable, value);
      }
    }
    // Not all of them: many variables read at the end of a long way would fill the table.
    for (block = start; steps > 0; steps--) {
      if (block === start || steps % REMEMBERED === 0) this.#write(block, variable, value);
      block = this.#onlyAbove(block);
    }
    if (this.#read(block, variable) < 0) this.#write(block, variable, value);
    return value;
  }

  /** The block whose variables a sealed block starts with, -1 if there may be several. */
  #onlyAbove(block: number): number {
    if (this.#edgeCount[block] === 1) return this.#edgeFrom[this.#edgeHead[block]];
    return this.#above[block];
  }

  /** Zero of a type, placed at the head of the entry block. */
  #zeroOf(type: number): number {
    if (this.#zero[type] >= 0) return this.#zero[type];
    const f = this.func;
    const op = type === Type.F32 || type === Type.F64 ? Op.fconst : Op.iconst;
    const v = f.create(op, type, f.addConstantHalves(0, 0), 0, 0);
    f.pc[v] = -1;
    const first = f.firstInst(0);
    if (first >= 0) f.insertBefore(v, first);
    else f.insertAtEnd(v, 0);
    this.#zero[type] = v;
    return v;
  }

  #read(block: number, variable: number): number {
    const slots = this.#slots, mask = slots.length - 1;
    for (let i = hash(block, variable) & mask;; i = (i + 4) & mask) {
      const owner = slots[i];
      if (owner === block + 1 && slots[i + 1] === variable) return slots[i + 2];
      if (owner === 0) return -1;
    }
  }

  #write(block: number, variable: number, value: number): void {
    const slots = this.#slots, mask = slots.length - 1;
    for (let i = hash(block, variable) & mask;; i = (i + 4) & mask) {
      const owner = slots[i];
      if (owner === block + 1 && slots[i + 1] === variable) {
        slots[i + 2] = value;
        return;
      }
      if (owner === 0) {
        slots[i] = block + 1;
        slots[i + 1] = variable;
        slots[i + 2] = value;
        if (++this.#slotsUsed * 8 > slots.length) this.#rehash();
        return;
      }
    }
  }

  #rehash(): void {
    if (this.#slotsUsed > this.#maxSlots) {
      throw new EntangledError(`more than ${this.#maxSlots} values of variables in blocks`);
    }
    const old = this.#slots, slots = new Int32Array(old.length * 2), mask = slots.length - 1;
    for (let j = 0; j < old.length; j += 4) {
      if (old[j] === 0) continue;
      let i = hash(old[j] - 1, old[j + 1]) & mask;
      while (slots[i] !== 0) i = (i + 4) & mask;
      slots[i] = old[j];
      slots[i + 1] = old[j + 1];
      slots[i + 2] = old[j + 2];
    }
    this.#slots = slots;
  }

  // ---- instructions

  /** Sets the guest pc of the instructions that follow. */
  setPc(pc: number): void {
    this.func.currentPc = pc;
  }

  /** Emits any instruction; the named methods below fill in the fields. */
  emit(op: number, type: number, a = 0, b = 0, c = 0, aux = 0): number {
    if (this.current < 0) throw new Error("internal: instruction emitted behind a terminator");
    return this.func.append(this.current, op, type, a, b, c, aux);
  }

  /** An i32 constant. */
  i32(value: number): number {
    const lo = value | 0;
    return this.emit(Op.iconst, Type.I32, this.func.addConstantHalves(lo, lo >> 31));
  }

  /** An i64 constant. */
  i64(value: bigint): number {
    return this.emit(Op.iconst, Type.I64, this.func.addConstant(value));
  }

  /** An i64 constant from its halves. */
  i64Halves(lo: number, hi: number): number {
    return this.emit(Op.iconst, Type.I64, this.func.addConstantHalves(lo, hi));
  }

  /** An f32 constant from its bits. */
  f32Bits(bits: number): number {
    return this.emit(Op.fconst, Type.F32, this.func.addConstantHalves(bits, 0));
  }

  /** An f64 constant from its bits. */
  f64Bits(lo: number, hi: number): number {
    return this.emit(Op.fconst, Type.F64, this.func.addConstantHalves(lo, hi));
  }

  /** A one-operand operation; its result has the operand's type unless another is given. */
  unary(op: number, a: number, type: number = this.func.type[a]): number {
    return this.emit(op, type, a);
  }

  /** A two-operand operation; its result has the first operand's type unless another is given. */
  binary(op: number, a: number, b: number, type: number = this.func.type[a]): number {
    return this.emit(op, type, a, b);
  }

  /** An integer comparison; see `Cond`. */
  icmp(cond: number, a: number, b: number): number {
    return this.emit(Op.icmp, Type.I32, a, b, 0, cond);
  }

  /** A float comparison; see `FCond`. */
  fcmp(cond: number, a: number, b: number): number {
    return this.emit(Op.fcmp, Type.I32, a, b, 0, cond);
  }

  /** `cond != 0 ? a : b`. */
  select(cond: number, a: number, b: number): number {
    return this.emit(Op.select, this.func.type[a], cond, a, b);
  }

  /** A load, absolute or heap-relative by its opcode. */
  load(op: number, type: number, address: number, displacement = 0, region = 0): number {
    return this.emit(op, type, address, 0, displacement, region);
  }

  /** A store, absolute or heap-relative by its opcode. */
  store(op: number, address: number, value: number, displacement = 0, region = 0): number {
    return this.emit(op, Type.VOID, address, value, displacement, region);
  }

  /** Reads a field of the context block. */
  ctxLoad(type: number, offset: number): number {
    return this.emit(Op.ctx_load, type, 0, 0, offset);
  }

  /** Writes a field of the context block. */
  ctxStore(offset: number, value: number): number {
    return this.emit(Op.ctx_store, Type.VOID, value, 0, offset);
  }

  /** Charges fuel; `site` lists the pc of each unit. */
  fuel(cost: number, site: number): number {
    return this.emit(Op.fuel, Type.VOID, cost, 0, site);
  }

  /** Traps if `cond` is not 0. */
  trapIf(cond: number, site: number): number {
    return this.emit(Op.trap_if, Type.VOID, cond, 0, site);
  }

  /** Traps if `cond` is 0. */
  trapUnless(cond: number, site: number): number {
    return this.emit(Op.trap_unless, Type.VOID, cond, 0, site);
  }

  /** Leaves to the dispatcher with an exit code and comes back. */
  exit(code: number, site: number): number {
    return this.emit(Op.exit, Type.VOID, code, 0, site);
  }

  /** Calls a function by index. Result `k` is value `returned id + 1 + k`. */
  call(func: number, args: ArrayLike<number>, results: ArrayLike<number>, site: number): number {
    return this.#results(
      this.emit(Op.call, Type.VOID, func, this.func.addList(args), site),
      results,
    );
  }

  /** Calls the function whose index (i32) is a value. Results as in `call`. */
  callIndirect(
    index: number,
    args: ArrayLike<number>,
    results: ArrayLike<number>,
    site: number,
  ): number {
    const list = this.func.addList(args);
    return this.#results(this.emit(Op.call_indirect, Type.VOID, index, list, site), results);
  }

  /** Calls a C function by symbol id. Results (at most one) as in `call`. */
  callNative(symbol: number, args: ArrayLike<number>, results: ArrayLike<number>): number {
    const list = this.func.addList(args);
    return this.#results(this.emit(Op.call_native, Type.VOID, symbol, list), results);
  }

  #results(call: number, types: ArrayLike<number>): number {
    for (let k = 0; k < types.length; k++) this.emit(Op.proj, types[k], call, k);
    return call;
  }

  // ---- terminators

  /** Jumps; `args` are for the block's explicit parameters. */
  jump(block: number, args: ArrayLike<number> = []): number {
    const v = this.#branch(Op.jump, 0, [block]);
    this.func.setTargetArgs(v, 0, this.func.addList(args));
    return v;
  }

  /** Branches on a condition. */
  brIf(
    cond: number,
    then: number,
    otherwise: number,
    thenArgs: ArrayLike<number> = [],
    otherwiseArgs: ArrayLike<number> = [],
  ): number {
    const v = this.#branch(Op.br_if, cond, [then, otherwise]);
    this.func.setTargetArgs(v, 0, this.func.addList(thenArgs));
    this.func.setTargetArgs(v, 1, this.func.addList(otherwiseArgs));
    return v;
  }

  /** Branches by index, to `fallback` when it is beyond `blocks`; none of them takes arguments. */
  brTable(index: number, blocks: readonly number[], fallback: number): number {
    return this.#branch(Op.br_table, index, [...blocks, fallback]);
  }

  /** Returns. */
  ret(values: ArrayLike<number> = []): number {
    const v = this.emit(Op.ret, Type.VOID, 0, this.func.addList(values));
    this.current = -1;
    return v;
  }

  /** Traps. */
  trap(site: number): number {
    const v = this.emit(Op.trap, Type.VOID, 0, 0, site);
    this.current = -1;
    return v;
  }

  #branch(op: number, a: number, blocks: readonly number[]): number {
    const from = this.current;
    const v = this.emit(op, Type.VOID, a, this.func.addTargets(blocks));
    for (let k = 0; k < blocks.length; k++) {
      const block = blocks[k];
      if (this.#sealed[block]) throw new Error(`internal: branch to the sealed block${block}`);
      const e = this.#edges++;
      if (e === this.#edgeNext.length) {
        this.#edgeNext = enlarge(this.#edgeNext, 2 * e);
        this.#edgeFrom = enlarge(this.#edgeFrom, 2 * e);
        this.#edgeTerm = enlarge(this.#edgeTerm, 2 * e);
        this.#edgeTarget = enlarge(this.#edgeTarget, 2 * e);
      }
      this.#edgeNext[e] = this.#edgeHead[block];
      this.#edgeFrom[e] = from;
      this.#edgeTerm[e] = v;
      this.#edgeTarget[e] = k;
      this.#edgeHead[block] = e;
      this.#edgeCount[block]++;
    }
    this.current = -1;
    return v;
  }

  // ---- end

  /** Removes trivial parameters and returns the function. All blocks must be sealed. */
  finish(): Func {
    for (let block = 0; block < this.func.blockCount; block++) {
      if (!this.#sealed[block]) throw new Error(`internal: block${block} was never sealed`);
    }
    const map = this.#trivialParams();
    if (map !== null) {
      this.#removeParams(map);
      this.func.mapAllUses(map);
    }
    this.func.currentPc = -1;
    spare = {
      slots: this.#slots,
      edgeHead: this.#edgeHead,
      edgeCount: this.#edgeCount,
      above: this.#above,
      edgeNext: this.#edgeNext,
      edgeFrom: this.#edgeFrom,
      edgeTerm: this.#edgeTerm,
      edgeTarget: this.#edgeTarget,
      queue: this.#queue,
      zero: this.#zero,
      varTypes: this.#varTypes,
      sealed: this.#sealed,
      hasVarParams: this.#hasVarParams,
    };
    return this.func;
  }

  /** Maps each value to what replaces it, or null if no parameter is trivial. */
  #trivialParams(): Int32Array | null {
    const f = this.func, work: number[] = [];
    let total = 0;
    for (let block = 1; block < f.blockCount; block++) {
      total += f.paramCount[block] * this.#edgeCount[block];
    }
    if (total === 0) return null;
    // Parameters that receive a parameter, linked per received one: they are looked at again when
    // it goes away.
    const tables = new Int32Array(3 * f.count + 2 * total);
    const map = tables.subarray(0, f.count);
    const head = tables.subarray(f.count, 2 * f.count).fill(-1);
    const tail = tables.subarray(2 * f.count, 3 * f.count); // meaningful where head is
    const nodeNext = tables.subarray(3 * f.count, 3 * f.count + total);
    const nodeParam = tables.subarray(3 * f.count + total);
    let nodes = 0;
    for (let block = f.blockCount - 1; block > 0; block--) {
      if (f.paramCount[block] === 0) continue;
      const params = f.params(block);
      for (let i = params.length - 1; i >= 0; i--) work.push(params[i]);
      for (let e = this.#edgeHead[block]; e >= 0; e = this.#edgeNext[e]) {
        const list = f.targetArgs(this.#edgeTerm[e], this.#edgeTarget[e]);
        for (let i = 0; i < params.length; i++) {
          const arg = f.listAt(list, i);
          if (arg === params[i] || f.op[arg] !== Op.param) continue;
          nodeParam[nodes] = params[i];
          nodeNext[nodes] = head[arg];
          if (head[arg] < 0) tail[arg] = nodes;
          head[arg] = nodes++;
        }
      }
    }
    for (let v = 0; v < map.length; v++) map[v] = v;
    const resolve = (v: number): number => {
      let root = v;
      while (map[root] !== root) root = map[root];
      while (map[v] !== root) {
        const next = map[v];
        map[v] = root;
        v = next;
      }
      return root;
    };
    let removed = 0;
    // What nests deeply is looked at again and again; parameters left over do no harm.
    for (let steps = MIN_STEPS + 16 * total; work.length > 0 && steps > 0; steps--) {
      const param = work.pop()!;
      if (map[param] !== param) continue;
      const only = this.#onlyArgument(param, resolve);
      if (only < 0) continue;
      map[param] = only;
      removed++;
      if (head[param] < 0) continue;
      for (let node = head[param]; node >= 0; node = nodeNext[node]) work.push(nodeParam[node]);
      nodeNext[tail[param]] = head[only];
      if (head[only] < 0) tail[only] = tail[param];
      head[only] = head[param];
    }
    if (removed === 0) return null;
    for (let v = 0; v < map.length; v++) resolve(v);
    return map;
  }

  /** The one value a parameter receives besides itself, or -1 if there are more (or none). */
  #onlyArgument(param: number, resolve: (v: number) => number): number {
    const f = this.func, block = f.block[param], position = f.b[param];
    let only = -1;
    for (let e = this.#edgeHead[block]; e >= 0; e = this.#edgeNext[e]) {
      const list = f.targetArgs(this.#edgeTerm[e], this.#edgeTarget[e]);
      const arg = resolve(f.listAt(list, position));
      if (arg === param || arg === only) continue;
      if (only >= 0) return -1;
      only = arg;
    }
    return only;
  }

  #removeParams(map: Int32Array): void {
    const f = this.func;
    for (let block = 1; block < f.blockCount; block++) {
      if (f.paramCount[block] === 0) continue;
      const params = f.params(block);
      if (params.every((p) => map[p] === p)) continue;
      const keep = params.map((p) => map[p] === p ? 1 : 0);
      for (let e = this.#edgeHead[block]; e >= 0; e = this.#edgeNext[e]) {
        f.filterTargetArgs(this.#edgeTerm[e], this.#edgeTarget[e], keep);
      }
      f.filterParams(block, keep);
    }
  }
}

/** A multiple of four: the word where the search for a slot starts. */
function hash(block: number, variable: number): number {
  const h = Math.imul(block, 0x9e3779b1) ^ Math.imul(variable, 0x85ebca6b);
  return (h ^ (h >>> 15)) << 2;
}

function enlarge<T extends Uint8Array | Int32Array>(old: T, length: number): T {
  const bigger = new (old.constructor as new (length: number) => T)(length);
  bigger.set(old);
  return bigger;
}
