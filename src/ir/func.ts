/**
 * Storage of one function: parallel typed arrays indexed by value id, linked lists for the order of
 * blocks and instructions, pools for constants and variable-length operands, and the table of sites.
 *
 * Relies on `opcodes.ts` for what the fields of an instruction mean. Guarantees that ids never
 * change and are never reused; everything about well-formedness is `verify.ts`'s business. Typed
 * arrays are replaced when they grow, so don't hold one across an operation that adds something.
 *
 * @module
 */
import { isTerminator, Op, OP_LIST, OP_VALUES, Type } from "./opcodes.ts";

/** What a site stands for. */
export type SiteKind = "trap" | "fuel" | "depth" | "exit";

/** Place in the guest program named by an instruction that may leave machine code. */
export interface Site {
  /** What happens there. */
  kind: SiteKind;
  /** Trap number, meaningful to the engine; 0 for other kinds. */
  code: number;
  /** Guest pc of the trap, call or exit; -1 for `fuel`. */
  pc: number;
  /** Guest function of `pc` when it differs from the one compiled (inlining), else -1. */
  func: number;
  /** Only for `fuel`: `pcs[n]` is the pc that does not run when `n` units are left. */
  pcs: readonly number[];
  /** Only for `fuel`: guest function of each pc, -1 as above; empty when all are -1. */
  funcs: readonly number[];
}

const NO_NUMBERS: readonly number[] = [];

/** Number of blocks that there is room for at first. */
const BLOCK_ROOM = 16;

function grow<T extends Uint8Array | Int32Array | BigInt64Array>(old: T, length: number): T {
  const bigger = new (old.constructor as new (length: number) => T)(length);
  (bigger as Uint8Array).set(old as Uint8Array);
  return bigger;
}

/** The arrays of a function. */
type Room = Pick<
  Func,
  | ("op" | "type" | "aux" | "a" | "b" | "c" | "block" | "next" | "prev" | "pc")
  | ("first" | "last" | "lastParam" | "paramCount" | "blockNext" | "blockPrev" | "inLayout")
  | ("constants" | "constantHalves" | "extra")
>;

/** Arrays of a recycled function, for the next one: they cost more to make than a small one needs. */
let spare: Room | undefined;

/** Functions with room for more values are not kept. */
const MAX_SPARE = 1 << 16;

/** Makes arrays for `capacity` values, in one buffer. */
function makeRoom(capacity: number): Room {
  const n = (Math.max(capacity, 16) + 7) & ~7;
  const constantRoom = Math.max(16, n >> 2), extraRoom = Math.max(64, n);
  const buffer = new ArrayBuffer(
    constantRoom * 8 + (7 * n + 6 * BLOCK_ROOM + extraRoom) * 4 + 3 * n + BLOCK_ROOM,
  );
  let at = 8 * constantRoom;
  const words = (length: number): Int32Array => {
    at += 4 * length;
    return new Int32Array(buffer, at - 4 * length, length);
  };
  const bytes = (length: number): Uint8Array => {
    at += length;
    return new Uint8Array(buffer, at - length, length);
  };
  return {
    constants: new BigInt64Array(buffer, 0, constantRoom),
    constantHalves: new Int32Array(buffer, 0, 2 * constantRoom),
    a: words(n),
    b: words(n),
    c: words(n),
    block: words(n),
    next: words(n),
    prev: words(n),
    pc: words(n),
    first: words(BLOCK_ROOM),
    last: words(BLOCK_ROOM),
    lastParam: words(BLOCK_ROOM),
    paramCount: words(BLOCK_ROOM),
    blockNext: words(BLOCK_ROOM),
    blockPrev: words(BLOCK_ROOM),
    extra: words(extraRoom),
    op: bytes(n),
    type: bytes(n),
    aux: bytes(n),
    inLayout: bytes(BLOCK_ROOM),
  };
}

/**
 * A function in SSA form with block parameters.
 *
 * Values and instructions share one id space; blocks have another, from 0, and block 0 is the entry.
 * -1 means "none" in every link.
 */
export class Func {
  /** Name, for people. */
  name: string;
  /** Types of the entry block's parameters. */
  readonly paramTypes: readonly number[];
  /** Types that `ret` returns. */
  readonly resultTypes: readonly number[];

  /** Number of ids handed out; valid ids are below it (erased ones have op `none`). */
  count = 0;
  /** Opcode. */
  op: Uint8Array;
  /** Result type, `VOID` for none. */
  type: Uint8Array;
  /** Condition code or region. */
  aux: Uint8Array;
  /** First field; see `Shape`. */
  a: Int32Array;
  /** Second field; see `Shape`. */
  b: Int32Array;
  /** Third field; see `Shape`. */
  c: Int32Array;
  /** Owning block, -1 while in none. */
  block: Int32Array;
  /** Following instruction in the block, -1 for the last. */
  next: Int32Array;
  /** Preceding instruction in the block, -1 for the first. */
  prev: Int32Array;
  /** Guest pc the instruction came from, or -1. */
  pc: Int32Array;
  /** Pc given to new instructions. */
  currentPc = -1;

  /** Number of block ids handed out. */
  blockCount = 0;
  /** First instruction by block (parameters come first), -1 if empty. */
  first: Int32Array;
  /** Last instruction by block, -1 if empty. */
  last: Int32Array;
  /** Last parameter by block, -1 if it has none. */
  lastParam: Int32Array;
  /** Number of parameters by block. */
  paramCount: Int32Array;
  /** Following block in the layout, -1 for the last. */
  blockNext: Int32Array;
  /** Preceding block in the layout, -1 for the first. */
  blockPrev: Int32Array;
  /** 1 for blocks in the layout, 0 for erased ones. */
  inLayout: Uint8Array;
  /** Last block of the layout. */
  lastBlock = -1;

  /** Constant pool: what `iconst` and `fconst` name by `a`. */
  constants: BigInt64Array;
  /** The same pool in halves: low at `2 * k`, high at `2 * k + 1`. */
  constantHalves: Int32Array;
  /** Used length of the constant pool. */
  constantCount = 0;

  /** Pool of lists. A list is its length followed by its members; list 0 is empty. */
  extra: Int32Array;
  /** Used length of `extra`. */
  extraLength = 1;

  /** Sites, named by index. */
  readonly sites: Site[] = [];

  /** An empty function: no blocks yet, not even the entry. */
  constructor(
    name: string,
    paramTypes: readonly number[],
    resultTypes: readonly number[],
    capacity = 64,
  ) {
    this.name = name;
    this.paramTypes = paramTypes;
    this.resultTypes = resultTypes;
    let room: Room;
    if (spare !== undefined && spare.op.length >= capacity) {
      room = spare;
      spare = undefined;
    } else room = makeRoom(capacity);
    this.op = room.op;
    this.type = room.type;
    this.aux = room.aux;
    this.a = room.a;
    this.b = room.b;
    this.c = room.c;
    this.block = room.block;
    this.next = room.next;
    this.prev = room.prev;
    this.pc = room.pc;
    this.first = room.first;
    this.last = room.last;
    this.lastParam = room.lastParam;
    this.paramCount = room.paramCount;
    this.blockNext = room.blockNext;
    this.blockPrev = room.blockPrev;
    this.inLayout = room.inLayout;
    this.constants = room.constants;
    this.constantHalves = room.constantHalves;
    this.extra = room.extra;
    this.extra[0] = 0;
  }

  /**
   * Gives the arrays to the next function; this one may not be used any more, but its sites stay. For
   * whoever made it and knows that nobody else has it.
   */
  recycle(): void {
    if (this.op.length <= MAX_SPARE) spare = this;
  }

  // ---- blocks

  /** Adds a block at the end of the layout and returns its id. */
  addBlock(): number {
    const id = this.blockCount++;
    if (id === this.first.length) this.#growBlocks();
    this.first[id] = this.last[id] = this.lastParam[id] = -1;
    this.paramCount[id] = 0;
    this.inLayout[id] = 1;
    this.blockNext[id] = -1;
    this.blockPrev[id] = this.lastBlock;
    if (this.lastBlock >= 0) this.blockNext[this.lastBlock] = id;
    this.lastBlock = id;
    return id;
  }

  /** Moves a block (not the entry) right behind another one in the layout. */
  moveBlockAfter(block: number, after: number): void {
    if (block === 0 || block === after) throw new Error(`internal: cannot move block ${block}`);
    this.#unlinkBlock(block);
    const next = this.blockNext[after];
    this.blockPrev[block] = after;
    this.blockNext[block] = next;
    this.blockNext[after] = block;
    if (next >= 0) this.blockPrev[next] = block;
    else this.lastBlock = block;
  }

  /** Erases a block and its instructions. Nothing may branch to it or use its values any more. */
  eraseBlock(block: number): void {
    if (block === 0) throw new Error("internal: the entry block cannot be erased");
    for (let v = this.first[block]; v >= 0;) {
      const next = this.next[v];
      this.op[v] = Op.none;
      this.type[v] = Type.VOID;
      this.block[v] = -1;
      v = next;
    }
    this.first[block] = this.last[block] = this.lastParam[block] = -1;
    this.paramCount[block] = 0;
    this.#unlinkBlock(block);
    this.blockPrev[block] = this.blockNext[block] = -1;
    this.inLayout[block] = 0;
  }

  #unlinkBlock(block: number): void {
    const prev = this.blockPrev[block], next = this.blockNext[block];
    if (prev >= 0) this.blockNext[prev] = next;
    if (next >= 0) this.blockPrev[next] = prev;
    else this.lastBlock = prev;
  }

  /** First instruction of a block that is not a parameter, -1 if there is none. */
  firstInst(block: number): number {
    const p = this.lastParam[block];
    return p < 0 ? this.first[block] : this.next[p];
  }

  /** The block's terminator, -1 if it has none yet. */
  terminator(block: number): number {
    const v = this.last[block];
    return v >= 0 && isTerminator(this.op[v]) ? v : -1;
  }

  /** Value ids of a block's parameters. */
  params(block: number): number[] {
    const ids: number[] = [];
    for (let v = this.first[block], n = this.paramCount[block]; n > 0; n--) {
      ids.push(v);
      v = this.next[v];
    }
    return ids;
  }

  /** Adds a parameter at the end of a block's list; the edges to it are the caller's to extend. */
  addParam(block: number, type: number): number {
    const v = this.create(Op.param, type, 0, this.paramCount[block], 0);
    this.pc[v] = -1;
    this.#link(v, block, this.lastParam[block]);
    this.lastParam[block] = v;
    this.paramCount[block]++;
    return v;
  }

  /**
   * Keeps only the parameters of a block for which `keep` is 1 (indexed by position) and erases the
   * others; the edges to it are the caller's to shorten.
   */
  filterParams(block: number, keep: ArrayLike<number>): void {
    let v = this.first[block], position = 0, lastKept = -1;
    for (let i = 0, n = this.paramCount[block]; i < n; i++) {
      const next = this.next[v];
      if (keep[i]) {
        this.b[v] = position++;
        lastKept = v;
      } else {
        this.#unlink(v);
        this.op[v] = Op.none;
        this.type[v] = Type.VOID;
        this.block[v] = -1;
      }
      v = next;
    }
    this.lastParam[block] = lastKept;
    this.paramCount[block] = position;
  }

  // ---- instructions

  /** Makes an instruction that is in no block yet. */
  create(op: number, type: number, a: number, b: number, c: number, aux = 0): number {
    const v = this.count++;
    if (v === this.op.length) this.#growValues();
    this.op[v] = op;
    this.type[v] = type;
    this.aux[v] = aux;
    this.a[v] = a;
    this.b[v] = b;
    this.c[v] = c;
    this.block[v] = -1;
    this.next[v] = -1;
    this.prev[v] = -1;
    this.pc[v] = this.currentPc;
    return v;
  }

  /** Makes an instruction at the end of a block. */
  append(block: number, op: number, type: number, a = 0, b = 0, c = 0, aux = 0): number {
    const v = this.create(op, type, a, b, c, aux);
    const last = this.last[block];
    this.block[v] = block;
    this.prev[v] = last;
    if (last < 0) this.first[block] = v;
    else this.next[last] = v;
    this.last[block] = v;
    return v;
  }

  /** Puts an instruction that is in no block before one that is. */
  insertBefore(v: number, before: number): void {
    this.#link(v, this.block[before], this.prev[before]);
  }

  /** Puts an instruction that is in no block behind one that is. */
  insertAfter(v: number, after: number): void {
    this.#link(v, this.block[after], after);
  }

  /** Puts an instruction that is in no block at the end of one. */
  insertAtEnd(v: number, block: number): void {
    this.#link(v, block, this.last[block]);
  }

  /** Takes an instruction (not a parameter) out of its block; it can be inserted elsewhere. */
  detach(v: number): void {
    if (this.op[v] === Op.param) throw new Error(`internal: detach of parameter v${v}`);
    this.#unlink(v);
    this.block[v] = -1;
  }

  /** Takes an instruction (not a parameter) out of its block for good. Nothing may use it. */
  erase(v: number): void {
    if (this.block[v] >= 0) this.detach(v);
    this.op[v] = Op.none;
    this.type[v] = Type.VOID;
  }

  #link(v: number, block: number, after: number): void {
    const next = after < 0 ? this.first[block] : this.next[after];
    this.block[v] = block;
    this.prev[v] = after;
    this.next[v] = next;
    if (after < 0) this.first[block] = v;
    else this.next[after] = v;
    if (next < 0) this.last[block] = v;
    else this.prev[next] = v;
  }

  #unlink(v: number): void {
    const block = this.block[v], prev = this.prev[v], next = this.next[v];
    if (prev < 0) this.first[block] = next;
    else this.next[prev] = next;
    if (next < 0) this.last[block] = prev;
    else this.prev[next] = prev;
    this.prev[v] = this.next[v] = -1;
  }

  /** Number of results of a call: the `proj` instructions behind it. */
  resultCount(call: number): number {
    let n = 0;
    for (let p = this.next[call]; p >= 0 && this.op[p] === Op.proj && this.a[p] === call; n++) {
      p = this.next[p];
    }
    return n;
  }

  // ---- constants

  /** Adds a constant to the pool; i32 is sign-extended, f32 has its bits in the low half. */
  addConstant(bits: bigint): number {
    const k = this.constantCount;
    if (k === this.constants.length) this.#growConstants();
    this.constants[k] = bits;
    return this.constantCount++;
  }

  /** Adds a constant to the pool from its 32-bit halves. */
  addConstantHalves(lo: number, hi: number): number {
    const k = this.constantCount;
    if (k === this.constants.length) this.#growConstants();
    this.constantHalves[2 * k] = lo;
    this.constantHalves[2 * k + 1] = hi;
    return this.constantCount++;
  }

  /** Bits of a constant instruction as a signed BigInt. */
  constBits(v: number): bigint {
    return this.constants[this.a[v]];
  }

  /** Low 32 bits of a constant instruction, signed: the whole value of an i32. */
  constLo(v: number): number {
    return this.constantHalves[2 * this.a[v]];
  }

  /** High 32 bits of a constant instruction, signed. */
  constHi(v: number): number {
    return this.constantHalves[2 * this.a[v] + 1];
  }

  // ---- lists

  /** Adds a list of values to the pool. */
  addList(values: ArrayLike<number>): number {
    const n = values.length;
    if (n === 0) return 0;
    const list = this.#allocateList(n);
    for (let i = 0; i < n; i++) this.extra[list + 1 + i] = values[i];
    return list;
  }

  /** Length of a list; its members are `extra[list + 1 + i]`. */
  listLength(list: number): number {
    return this.extra[list];
  }

  /** Member `i` of a list. */
  listAt(list: number, i: number): number {
    return this.extra[list + 1 + i];
  }

  /** The members of a list, copied out. */
  listValues(list: number): number[] {
    const values: number[] = [];
    for (let i = list + 1, end = i + this.extra[list]; i < end; i++) values.push(this.extra[i]);
    return values;
  }

  /**
   * A list's room is not stored: it is the smallest power of two that holds length and members.
   * Appending to a full list moves it, so the caller stores the returned id.
   */
  appendToList(list: number, value: number): number {
    const n = this.extra[list];
    let at = list;
    if (((n + 1) & n) === 0) { // n + 1 words used: a power of two, full
      at = this.#allocateList(n + 1);
      this.extra.copyWithin(at + 1, list + 1, list + 1 + n);
    }
    this.extra[at] = n + 1;
    this.extra[at + 1 + n] = value;
    return at;
  }

  #allocateList(n: number): number {
    const room = 1 << (32 - Math.clz32(n)); // smallest power of two >= n + 1
    const list = this.#allocateExtra(room);
    this.extra[list] = n;
    return list;
  }

  #allocateExtra(words: number): number {
    const at = this.extraLength;
    this.extraLength = at + words;
    if (this.extraLength > this.extra.length) {
      this.extra = grow(this.extra, Math.max(this.extra.length * 2, this.extraLength));
    }
    return at;
  }

  // ---- branch targets: a record {count, block 0, list 0, block 1, list 1, ...} named by b

  /** Adds a record of targets without arguments, for the `b` of a branch. */
  addTargets(blocks: ArrayLike<number>): number {
    const n = blocks.length;
    const at = this.#allocateExtra(1 + 2 * n);
    this.extra[at] = n;
    for (let k = 0; k < n; k++) {
      this.extra[at + 1 + 2 * k] = blocks[k];
      this.extra[at + 2 + 2 * k] = 0;
    }
    return at;
  }

  /** Number of targets of an instruction; 0 unless it is a branch. */
  targetCount(v: number): number {
    return v >= 0 && OP_LIST[this.op[v]] === 2 ? this.extra[this.b[v]] : 0;
  }

  /** Block of target `k` of a branch. */
  targetBlock(v: number, k: number): number {
    return this.extra[this.b[v] + 1 + 2 * k];
  }

  /** List of arguments of target `k` of a branch. */
  targetArgs(v: number, k: number): number {
    return this.extra[this.b[v] + 2 + 2 * k];
  }

  /** Points target `k` of a branch at another block, arguments unchanged. */
  setTargetBlock(v: number, k: number, block: number): void {
    this.extra[this.b[v] + 1 + 2 * k] = block;
  }

  /** Gives target `k` of a branch another list of arguments. */
  setTargetArgs(v: number, k: number, list: number): void {
    this.extra[this.b[v] + 2 + 2 * k] = list;
  }

  /** Appends an argument to target `k` of a branch. */
  addTargetArg(v: number, k: number, value: number): void {
    const at = this.b[v] + 2 + 2 * k;
    const list = this.appendToList(this.extra[at], value);
    this.extra[at] = list;
  }

  /** Keeps only those arguments of target `k` for which `keep` is 1 (indexed by position). */
  filterTargetArgs(v: number, k: number, keep: ArrayLike<number>): void {
    const list = this.targetArgs(v, k), n = this.extra[list];
    let kept = 0;
    for (let i = 0; i < n; i++) if (keep[i]) kept++;
    if (kept === n) return;
    // A fresh list, because the room of the old one would no longer follow from its length.
    const fresh = kept === 0 ? 0 : this.#allocateList(kept);
    for (let i = 0, at = fresh + 1; i < n; i++) {
      if (keep[i]) this.extra[at++] = this.extra[list + 1 + i];
    }
    this.setTargetArgs(v, k, fresh);
  }

  // ---- uses

  /** Calls `visit` with every value an instruction uses, in order, repeats included. */
  forEachUse(v: number, visit: (value: number) => void): void {
    const op = this.op[v], n = OP_VALUES[op];
    if (n > 0) visit(this.a[v]);
    if (n > 1) visit(this.b[v]);
    if (n > 2) visit(this.c[v]);
    const kind = OP_LIST[op];
    if (kind === 0) return;
    if (kind === 1) {
      const list = this.b[v];
      for (let i = list + 1, end = i + this.extra[list]; i < end; i++) visit(this.extra[i]);
      return;
    }
    for (let k = 0, m = this.extra[this.b[v]]; k < m; k++) {
      const list = this.targetArgs(v, k);
      for (let i = list + 1, end = i + this.extra[list]; i < end; i++) visit(this.extra[i]);
    }
  }

  /** Replaces every use `u` in one instruction by `map[u]`. */
  mapUses(v: number, map: ArrayLike<number>): void {
    const op = this.op[v], n = OP_VALUES[op], extra = this.extra;
    if (n > 0) this.a[v] = map[this.a[v]];
    if (n > 1) this.b[v] = map[this.b[v]];
    if (n > 2) this.c[v] = map[this.c[v]];
    const kind = OP_LIST[op];
    if (kind === 0) return;
    if (kind === 1) {
      const list = this.b[v];
      for (let i = list + 1, end = i + extra[list]; i < end; i++) extra[i] = map[extra[i]];
      return;
    }
    for (let k = 0, m = extra[this.b[v]]; k < m; k++) {
      const list = this.targetArgs(v, k);
      for (let i = list + 1, end = i + extra[list]; i < end; i++) extra[i] = map[extra[i]];
    }
  }

  /**
   * Replaces every use `u` in the function by `map[u]`; `map` covers all ids and is the identity
   * where nothing changes. Chains are not followed: resolve them first.
   */
  mapAllUses(map: ArrayLike<number>): void {
    for (let block = 0; block >= 0; block = this.blockNext[block]) {
      for (let v = this.firstInst(block); v >= 0; v = this.next[v]) this.mapUses(v, map);
    }
  }

  /** Number of uses of every value, computed now. */
  useCounts(): Int32Array {
    const counts = new Int32Array(this.count);
    for (let block = 0; block >= 0; block = this.blockNext[block]) {
      for (let v = this.firstInst(block); v >= 0; v = this.next[v]) {
        this.forEachUse(v, (u) => counts[u]++);
      }
    }
    return counts;
  }

  // ---- sites

  /** Adds the site of a trap. `code` is the engine's number of the trap. */
  addTrapSite(code: number, pc: number, func = -1): number {
    return this.sites.push({ kind: "trap", code, pc, func, pcs: NO_NUMBERS, funcs: NO_NUMBERS }) -
      1;
  }

  /** Adds the site of a fuel segment: the pcs of its units, and their functions if they differ. */
  addFuelSite(pcs: readonly number[], funcs: readonly number[] = NO_NUMBERS): number {
    return this.sites.push({ kind: "fuel", code: 0, pc: -1, func: -1, pcs, funcs }) - 1;
  }

  /** Adds the site of a call, where the depth may run out. */
  addDepthSite(pc: number, func = -1): number {
    return this.sites.push({
      kind: "depth",
      code: 0,
      pc,
      func,
      pcs: NO_NUMBERS,
      funcs: NO_NUMBERS,
    }) - 1;
  }

  /** Adds the site of a resumable exit. */
  addExitSite(pc: number, func = -1): number {
    return this.sites.push({
      kind: "exit",
      code: 0,
      pc,
      func,
      pcs: NO_NUMBERS,
      funcs: NO_NUMBERS,
    }) -
      1;
  }

  // ---- growth

  #growValues(): void {
    const n = this.op.length * 2;
    this.op = grow(this.op, n);
    this.type = grow(this.type, n);
    this.aux = grow(this.aux, n);
    this.a = grow(this.a, n);
    this.b = grow(this.b, n);
    this.c = grow(this.c, n);
    this.block = grow(this.block, n);
    this.next = grow(this.next, n);
    this.prev = grow(this.prev, n);
    this.pc = grow(this.pc, n);
  }

  #growBlocks(): void {
    const n = this.first.length * 2;
    this.first = grow(this.first, n);
    this.last = grow(this.last, n);
    this.lastParam = grow(this.lastParam, n);
    this.paramCount = grow(this.paramCount, n);
    this.blockNext = grow(this.blockNext, n);
    this.blockPrev = grow(this.blockPrev, n);
    this.inLayout = grow(this.inLayout, n);
  }

  #growConstants(): void {
    this.constants = grow(this.constants, this.constants.length * 2);
    this.constantHalves = new Int32Array(this.constants.buffer);
  }
}
