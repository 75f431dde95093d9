/**
 * Runs compiled A64 functions on any machine that has `qemu-aarch64-static`: an executable without
 * libc serves memory accesses and entries over its standard input and output, so that one process
 * runs any number of programs, exits that come back are served here, and runs that need no answer can
 * be sent in batches.
 *
 *     request    op u32, length u32, address u64, then `length` bytes for WRITE
 *     WRITE 0    bytes to memory        READ 1    answers with `length` bytes of memory
 *     ENTER 2    start(address), the routine of stubs.ts          STOP 3    ends the process
 *
 * Native functions are small IR functions compiled by the same back end: guest and C conventions
 * agree on the registers they use.
 *
 * @module
 */
import type { CompiledFunction } from "../../src/codegen/compiled.ts";
import { Context, ExitCode, NativeSymbol } from "../../src/codegen/context.ts";
import type { Outcome } from "../../src/ir/evaluate.ts";
import type { Site } from "../../src/ir/func.ts";
import { SLACK_BYTES } from "../../src/heap/layout.ts";
import { Type } from "../../src/ir/opcodes.ts";
import { parseAll } from "../../src/ir/parse.ts";
import { CodeBuffer } from "../../src/a64/code_buffer.ts";
import { compileA64 } from "../../src/a64/compile.ts";
import {
  add,
  b,
  bCond,
  bl,
  cmp,
  cmpImm,
  Cond,
  fmovFromGpr,
  fmovToGpr,
  ldp,
  ldr,
  mov,
  movSp,
  movz,
  ret,
  sub,
  subImm,
  svc,
} from "../../src/a64/encoder.ts";
import { a64Stubs } from "../../src/a64/stubs.ts";
import { SlicedFuel } from "./sliced_fuel.ts";
import { elfExecutable, SegmentFlag } from "./elf.ts";

const QEMU = "qemu-aarch64-static";

/** Whether A64 programs can be run here. */
function hasQemu(): boolean {
  try {
    return new Deno.Command(QEMU, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Spread into tests that run A64 code: they are reported as ignored where qemu is missing. */
export const RUNS_A64: { ignore: boolean } = { ignore: !hasQemu() };
if (RUNS_A64.ignore) console.warn(`${QEMU} is not installed: tests that run A64 code are ignored`);

const READ_WRITE = SegmentFlag.READ | SegmentFlag.WRITE;

// Addresses of the executable; all fit in 32 bits.
const SERVER_AT = 0x0040_0000;
const CODE_AT = 0x1000_0000;
const CODE_BYTES = 64 << 20;
const CONTEXT_AT = 0x2000_0000;
const CONTEXT_BYTES = 1 << 16;
const TABLE_AT = 0x2100_0000;
const TABLE_BYTES = 1 << 20;
const STACK_AT = 0x3000_0000;
const STACK_BYTES = 192 << 20;
/** Address of the heap. */
export const HEAP_AT = 0x4000_0000;

/** Exit code of a process in which code came back without what C functions preserve. */
const SPOILED = 99;

const JUNK = 0xdead_beef_0000_0000n;

/** Settings of one run. */
export interface RunOptions {
  /** Fuel, 2^62 by default. */
  fuel?: bigint;
  /** Fuel handed out at a time; all of it by default. */
  slice?: bigint;
  /** Call levels, 64 by default. */
  depth?: number;
  /** Words of the area that exits use; those of arguments and results are always there. */
  areaWords?: number;
  /** Does the work of an `exit`, perhaps through `readHeap` and `writeHeap`. */
  onExit?: (code: number, site: Site, machine: A64Machine) => void | Promise<void>;
}

/** A function to enter, by index in the loaded program, with the types of its signature. */
export interface Entry {
  /** Index of the function. */
  readonly index: number;
  /** Types of the arguments. */
  readonly paramTypes: readonly number[];
  /** Types of the results. */
  readonly resultTypes: readonly number[];
}

/** One run of a batch: nothing comes back to be answered. */
export interface BatchCase extends Entry {
  /** Bits of the arguments. */
  readonly args: readonly bigint[];
  /** Fuel, 2^62 by default. */
  readonly fuel?: bigint;
  /** Call levels, 64 by default. */
  readonly depth?: number;
}

/** How a run of a batch ended. */
export interface BatchOutcome {
  /** As `run` says it. */
  readonly outcome: Outcome;
  /** Fuel left. */
  readonly fuel: bigint;
}

/** A running executable with one context, stack, heap and function table. */
export class A64Machine implements AsyncDisposable {
  /** The context block as it was when machine code last left; written back before it is entered. */
  readonly context: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(CONTEXT_BYTES));
  /** Bytes of the heap. */
  readonly heapBytes: number;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #requests: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 16);
  #requestBytes = 0;
  #input: Uint8Array = new Uint8Array(0);
  #file: string;
  #codeTop = CODE_AT;
  #functions: (CompiledFunction | undefined)[] = [];
  #addresses: number[] = [];
  #fuel = new SlicedFuel(0n, undefined);

  private constructor(child: Deno.ChildProcess, file: string, heapBytes: number) {
    this.heapBytes = heapBytes;
    this.#child = child;
    this.#file = file;
    this.#writer = child.stdin.getWriter() as WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
    this.#reader = child.stdout.getReader();
    this.#setField(Context.functionTable, TABLE_AT);
    this.#setField(Context.heapBase, HEAP_AT);
    this.#setField(Context.leave, SERVER_AT + serverImage().leave);
    this.#setField(Context.fuelOut, SERVER_AT + serverImage().fuelOut);
  }

  /** Starts one with `heapBytes` of heap, zero. */
  static async start(heapBytes = 1 << 20): Promise<A64Machine> {
    const { code, entry } = serverImage();
    const zero = new Uint8Array(0);
    const region = (address: number, size: number, flags = READ_WRITE) => ({
      address,
      bytes: zero,
      size,
      flags,
    });
    const image = elfExecutable([
      {
        address: SERVER_AT,
        bytes: code,
        size: code.length,
        flags: SegmentFlag.READ | SegmentFlag.EXECUTE,
      },
      // Code arrives while the process runs, so this one is writable; guests have no pointer to it.
      region(CODE_AT, CODE_BYTES, READ_WRITE | SegmentFlag.EXECUTE),
      region(CONTEXT_AT, CONTEXT_BYTES),
      region(TABLE_AT, TABLE_BYTES),
      region(STACK_AT, STACK_BYTES),
      // Accesses may go a little beyond what a program has allocated.
      region(HEAP_AT, heapBytes + SLACK_BYTES),
    ], SERVER_AT + entry);
    const file = await Deno.makeTempFile({ prefix: "burin-a64-" });
    await Deno.writeFile(file, image, { mode: 0o700 });
    const child = new Deno.Command(QEMU, {
      args: [file],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const machine = new A64Machine(child, file, heapBytes);
    const natives = parseAll(NATIVES).map((func, k) => compileA64(func, k));
    const fields = [Context.memcpy, Context.memcmp, Context.fmod];
    Object.values(NativeSymbol).forEach((symbol) => {
      const native = natives[symbol];
      machine.#setField(fields[symbol], machine.#publish(native.code) + native.entry);
    });
    return machine;
  }

  #setField(offset: number, value: number): void {
    this.context.setBigUint64(offset, BigInt(value), true);
  }

  // ---- the wire

  #request(op: number, address: number, length: number, bytes?: Uint8Array): void {
    const size = 16 + (bytes?.length ?? 0);
    if (this.#requestBytes + size > this.#requests.length) {
      const larger = new Uint8Array(2 * this.#requests.length + size);
      larger.set(this.#requests.subarray(0, this.#requestBytes));
      this.#requests = larger;
    }
    const header = new DataView(this.#requests.buffer, this.#requestBytes);
    header.setUint32(0, op, true);
    header.setUint32(4, length, true);
    header.setBigUint64(8, BigInt(address), true);
    if (bytes !== undefined) this.#requests.set(bytes, this.#requestBytes + 16);
    this.#requestBytes += size;
  }

  #send(): Promise<void> {
    const bytes = this.#requests.slice(0, this.#requestBytes);
    this.#requestBytes = 0;
    return this.#writer.write(bytes);
  }

  async #receive(length: number): Promise<Uint8Array> {
    while (this.#input.length < length) {
      const { value, done } = await this.#reader.read();
      if (done) {
        const { code, signal } = await this.#child.status;
        throw new Error(`the A64 process ended: exit code ${code}, signal ${signal}`);
      }
      if (this.#input.length === 0) this.#input = value;
      else {
        const joined = new Uint8Array(this.#input.length + value.length);
        joined.set(this.#input);
        joined.set(value, this.#input.length);
        this.#input = joined;
      }
    }
    const bytes = this.#input.slice(0, length);
    this.#input = this.#input.subarray(length);
    return bytes;
  }

  // ---- memory

  /** Writes heap bytes before anything else happens. */
  writeHeap(offset: number, bytes: Uint8Array): void {
    this.#request(0, HEAP_AT + offset, bytes.length, bytes);
  }

  /** Reads heap bytes. */
  async readHeap(offset: number, length: number): Promise<Uint8Array> {
    this.#request(1, HEAP_AT + offset, length);
    await this.#send();
    return await this.#receive(length);
  }

  #publish(code: Uint8Array): number {
    if (this.#codeTop + code.length > CODE_AT + CODE_BYTES) this.#codeTop = CODE_AT;
    const address = this.#codeTop;
    this.#codeTop += Math.ceil(code.length / 16) * 16;
    this.#request(0, address, code.length, code);
    return address;
  }

  /** Loads `functions` under their indices, in place of those of the last program. */
  load(functions: readonly (CompiledFunction | undefined)[]): void {
    this.#functions = [...functions];
    this.#addresses = functions.map((f) => f === undefined ? 0 : this.#publish(f.code));
    const table = new BigUint64Array(functions.length);
    functions.forEach((f, k) => {
      if (f !== undefined) table[k] = BigInt(this.#addresses[k] + f.entry);
    });
    this.#request(0, TABLE_AT, 8 * table.length, new Uint8Array(table.buffer));
  }

  // ---- runs

  #prepare(entry: Entry, args: readonly bigint[], fuel: bigint, depth: number): void {
    const { context } = this;
    args.forEach((bits, k) => {
      // What the caller leaves in the upper half of a narrow argument must not matter.
      const word = isNarrow(entry.paramTypes[k]) ? bits | JUNK : bits;
      context.setBigUint64(Context.area + 8 * k, word, true);
    });
    const { thunk } = this.#functions[entry.index]!;
    this.#setField(Context.target, this.#addresses[entry.index] + thunk);
    this.#setField(Context.guestStack, STACK_AT + STACK_BYTES);
    context.setBigUint64(Context.fuel, fuel, true);
    context.setBigInt64(Context.depth, BigInt(depth), true);
  }

  /** Writes the context with `words` of the area, enters, and asks for the same back. */
  #enter(words: number): number {
    const length = Context.area + 8 * words;
    this.#request(0, CONTEXT_AT, length, new Uint8Array(this.context.buffer, 0, length));
    this.#request(2, CONTEXT_AT, 0);
    this.#request(1, CONTEXT_AT, length);
    return length;
  }

  /** Runs a function on `args` (bits) and says how it ended; `context` is left as it was then. */
  async run(entry: Entry, args: readonly bigint[], options: RunOptions = {}): Promise<Outcome> {
    this.#fuel = new SlicedFuel(options.fuel ?? 1n << 62n, options.slice);
    this.#prepare(entry, args, this.#fuel.first(), options.depth ?? 64);
    const bytes = new Uint8Array(this.context.buffer);
    const words = Math.max(args.length, entry.resultTypes.length, options.areaWords ?? 0);
    for (;;) {
      const length = this.#enter(words);
      await this.#send();
      bytes.set(await this.#receive(length));
      const code = this.context.getInt32(Context.exitCode, true);
      if (code === ExitCode.Fuel || code >= ExitCode.Request) {
        // Processors fault on accesses by a stack pointer that is not aligned; qemu does not.
        const stack = this.context.getBigUint64(Context.guestStack, true);
        if (stack % 16n !== 0n) throw new Error(`the stack pointer is 0x${stack.toString(16)}`);
      }
      if (code === ExitCode.Fuel) {
        const cost = BigInt(this.#site(this.context).pcs.length);
        const { field, goesOn } = this.#fuel.next(this.fuelField, cost);
        this.context.setBigUint64(Context.fuel, field, true);
        if (goesOn) continue;
      }
      if (code < ExitCode.Request) return this.#outcome(this.context, entry.resultTypes);
      await options.onExit!(code - ExitCode.Request, this.#site(this.context), this);
    }
  }

  /** Runs all of `cases`, one after another on one heap, without waiting in between. */
  async runBatch(cases: readonly BatchCase[]): Promise<BatchOutcome[]> {
    const lengths = cases.map((c) => {
      this.#prepare(c, c.args, c.fuel ?? 1n << 62n, c.depth ?? 64);
      return this.#enter(Math.max(c.args.length, c.resultTypes.length));
    });
    const sent = this.#send();
    const outcomes: BatchOutcome[] = [];
    for (const [k, length] of lengths.entries()) {
      const { buffer, byteOffset } = await this.#receive(length);
      const context = new DataView(buffer, byteOffset, length);
      outcomes.push({
        outcome: this.#outcome(context, cases[k].resultTypes),
        fuel: context.getBigUint64(Context.fuel, true),
      });
    }
    await sent;
    return outcomes;
  }

  /** Fuel left after the last `run`. */
  get fuel(): bigint {
    return this.#fuel.reserve + this.fuelField;
  }

  /** The context's field: fuel that was handed out and is left. */
  get fuelField(): bigint {
    return this.context.getBigUint64(Context.fuel, true);
  }

  /** Takes fuel from the run under way, down to none at most. */
  chargeFuel(amount: bigint): void {
    const left = this.fuelField;
    if (left < amount) this.#fuel.take(amount - left);
    this.context.setBigUint64(Context.fuel, left > amount ? left - amount : 0n, true);
  }

  #site(context: DataView): Site {
    const func = context.getInt32(Context.exitFunction, true);
    return this.#functions[func]!.sites[context.getInt32(Context.exitSite, true)];
  }

  #outcome(context: DataView, resultTypes: readonly number[]): Outcome {
    const code = context.getInt32(Context.exitCode, true);
    if (code === ExitCode.Return) {
      const values = resultTypes.map((type, k) => {
        const word = context.getBigUint64(Context.area + 8 * k, true);
        if (isNarrow(type) && word >> 32n !== 0n) {
          throw new Error(`result ${k} has 0x${word.toString(16)} in a 32-bit word`);
        }
        return word;
      });
      return { kind: "return", values };
    }
    const site = this.#site(context);
    const own = context.getInt32(Context.exitFunction, true);
    const func = site.func >= 0 ? site.func : own;
    if (code === ExitCode.Trap) return { kind: "trap", code: site.code, func, pc: site.pc };
    if (code === ExitCode.Depth) return { kind: "depth", func, pc: site.pc };
    if (code !== ExitCode.Fuel) throw new Error(`machine code left with exit code ${code}`);
    const fuel = context.getBigUint64(Context.fuel, true);
    const left = Number(BigInt.asUintN(64, fuel + BigInt(site.pcs.length)));
    const at = site.funcs[left] ?? -1;
    return { kind: "fuel", func: at >= 0 ? at : own, pc: site.pcs[left] };
  }

  /** Ends the process and removes its file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#request(3, 0, 0);
    // A process that has crashed takes no more requests; its status says so to whoever waits.
    await this.#send().catch(() => {});
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel();
    await this.#child.status;
    await Deno.remove(this.#file);
  }
}

function isNarrow(type: number): boolean {
  return type === Type.I32 || type === Type.F32;
}

interface ServerImage {
  code: Uint8Array;
  entry: number;
  leave: number;
  fuelOut: number;
}

/** The shared routines, then the loop that serves requests. */
function serverImage(): ServerImage {
  const stubs = a64Stubs();
  const buf = new CodeBuffer();
  for (const word of new Int32Array(stubs.code.buffer)) buf.emit(word);
  const transfer = buf.newLabel(), next = buf.newLabel(), read = buf.newLabel();
  const other = buf.newLabel(), stop = buf.newLabel();
  const entry = 4 * buf.length;
  const SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SP = 31;
  buf.emit(subImm(1, SP, SP, 16)); // room for a header
  buf.bind(next);
  buf.emit(movz(0, 8, SYS_READ));
  buf.emit(movz(0, 19, 0)); // standard input
  buf.emit(movSp(1, 1, SP));
  buf.emit(movz(0, 2, 16));
  buf.emitTo(bl(0), transfer);
  buf.emit(ldp(0, 20, 2, SP, 0));
  buf.emit(ldr(1, 1, SP, 8));
  buf.emit(cmpImm(0, 20, 1));
  buf.emitTo(bCond(Cond.EQ, 0), read);
  buf.emitTo(bCond(Cond.HI, 0), other);
  buf.emitTo(bl(0), transfer); // WRITE: the same system call for the bytes
  buf.emitTo(b(0), next);
  buf.bind(read);
  buf.emit(movz(0, 8, SYS_WRITE));
  buf.emit(movz(0, 19, 1)); // standard output
  buf.emitTo(bl(0), transfer);
  buf.emitTo(b(0), next);
  buf.bind(other);
  buf.emit(cmpImm(0, 20, 2));
  buf.emitTo(bCond(Cond.NE, 0), stop);
  buf.emit(mov(1, 0, 1));
  // What C functions may destroy is destroyed: guests find nothing of theirs there. What they must
  // preserve, and the platform's X18, is looked at afterwards.
  for (let reg = 1; reg < 18; reg++) buf.emit(movz(1, reg, 0xdead));
  for (let reg = 0; reg < 32; reg++) if (reg < 8 || reg > 15) buf.emit(fmovFromGpr(1, reg, 17));
  const preserved = Array.from({ length: 12 }, (_, k) => 18 + k),
    floats = [8, 9, 10, 11, 12, 13, 14, 15];
  for (const reg of preserved) buf.emit(movz(1, reg, 0x5000 + reg));
  for (const reg of floats) buf.emit(fmovFromGpr(1, reg, 18 + reg - 8));
  buf.emit(movSp(1, 19, SP));
  buf.emit(bl(-4 * buf.length + stubs.start));
  const spoiled = buf.newLabel();
  const expect = (reg: number, value: number) => {
    buf.emit(movz(1, 16, value));
    buf.emit(cmp(1, reg, 16));
    buf.emitTo(bCond(Cond.NE, 0), spoiled);
  };
  buf.emit(movSp(1, 17, SP));
  buf.emit(cmp(1, 19, 17));
  buf.emitTo(bCond(Cond.NE, 0), spoiled);
  for (const reg of preserved) if (reg !== 19) expect(reg, 0x5000 + reg);
  for (const reg of floats) {
    buf.emit(fmovToGpr(1, 17, reg));
    expect(17, 0x5000 + 18 + reg - 8);
  }
  buf.emitTo(b(0), next);
  buf.bind(spoiled);
  buf.emit(movz(0, 0, SPOILED));
  buf.emit(movz(0, 8, SYS_EXIT));
  buf.emit(svc(0));
  buf.bind(stop);
  buf.emit(movz(0, 0, 0));
  buf.emit(movz(0, 8, SYS_EXIT));
  buf.emit(svc(0));
  // Transfers x2 bytes at x1 by system call x8 on file x19; ends the process if that fails.
  buf.bind(transfer);
  const again = buf.newLabel(), done = buf.newLabel();
  buf.bind(again);
  buf.emit(cmpImm(1, 2, 0));
  buf.emitTo(bCond(Cond.EQ, 0), done);
  buf.emit(mov(1, 0, 19));
  buf.emit(svc(0));
  buf.emit(cmpImm(1, 0, 0));
  buf.emitTo(bCond(Cond.LE, 0), stop);
  buf.emit(add(1, 1, 1, 0));
  buf.emit(sub(1, 2, 2, 0));
  buf.emitTo(b(0), again);
  buf.bind(done);
  buf.emit(ret());
  buf.link();
  return { code: buf.bytes(), entry, leave: stubs.leave, fuelOut: stubs.fuelOut };
}

/** In the order of `NativeSymbol`. memcmp leaves junk above its 32-bit result, as C functions may. */
const NATIVES = `
func memcpy(i64, i64, i64) -> i64 {
block0(v0: i64, v1: i64, v2: i64):
  v3 = iconst.i64 0
  v4 = iconst.i64 1
  jump block1(v3)
block1(v5: i64):
  v6 = icmp.ult v5, v2
  br_if v6, block2, block3
block2:
  v7 = iadd.i64 v1, v5
  v8 = iadd.i64 v0, v5
  v9 = load8u.i32 v7
  store8 v9, v8
  v10 = iadd.i64 v5, v4
  jump block1(v10)
block3:
  ret v0
}
func memcmp(i64, i64, i64) -> i64 {
block0(v0: i64, v1: i64, v2: i64):
  v3 = iconst.i64 0
  v4 = iconst.i64 1
  jump block1(v3)
block1(v5: i64):
  v6 = icmp.ult v5, v2
  br_if v6, block2, block4
block2:
  v7 = iadd.i64 v0, v5
  v8 = iadd.i64 v1, v5
  v9 = load8u.i64 v7
  v10 = load8u.i64 v8
  v11 = isub.i64 v9, v10
  v12 = iadd.i64 v5, v4
  v13 = icmp.eq v11, v3
  br_if v13, block1(v12), block3
block3:
  ret v11
block4:
  v14 = iconst.i64 1311768464867721216
  ret v14
}
; x is r * 2^d times the unit of y's last place; r modulo y's significand, eleven bits of d at a time.
func fmod(f64, f64) -> f64 {
block0(v0: f64, v1: f64):
  v2 = fabs.f64 v0
  v3 = fabs.f64 v1
  v4 = fconst.f64 inf
  v5 = fconst.f64 0
  v6 = fcmp.lt v2, v4
  br_if v6, block1, block2
block2:
  v7 = fconst.f64 nan:0x7ff8000000000000
  ret v7
block1:
  v8 = fcmp.gt v3, v5
  br_if v8, block3, block2
block3:
  v9 = fcmp.lt v2, v3
  br_if v9, block4, block5
block4:
  ret v0
block5:
  v10 = bitcast.i64 v2
  v11 = bitcast.i64 v3
  v12 = iconst.i64 52
  v13 = iconst.i64 4503599627370495
  v14 = iconst.i64 4503599627370496
  v15 = iconst.i64 0
  v16 = iconst.i64 1
  v17 = ushr.i64 v10, v12
  v18 = ushr.i64 v11, v12
  v19 = iand.i64 v10, v13
  v20 = iand.i64 v11, v13
  v21 = icmp.eq v17, v15
  v22 = icmp.eq v18, v15
  v23 = ior.i64 v19, v14
  v24 = ior.i64 v20, v14
  v25 = select.i64 v21, v19, v23
  v26 = select.i64 v22, v20, v24
  v27 = select.i64 v21, v16, v17
  v28 = select.i64 v22, v16, v18
  v29 = urem.i64 v25, v26
  v30 = isub.i64 v27, v28
  jump block6(v29, v30)
block6(v31: i64, v32: i64):
  v33 = icmp.sgt v32, v15
  br_if v33, block7, block8
block7:
  v34 = iconst.i64 11
  v35 = icmp.slt v32, v34
  v36 = select.i64 v35, v32, v34
  v37 = ishl.i64 v31, v36
  v38 = urem.i64 v37, v26
  v39 = isub.i64 v32, v36
  jump block6(v38, v39)
block8:
  v40 = isub.i64 v28, v12
  v41 = ishl.i64 v40, v12
  v42 = isub.i64 v28, v16
  v43 = ishl.i64 v16, v42
  v44 = icmp.sgt v40, v15
  v45 = select.i64 v44, v41, v43
  v46 = bitcast.f64 v45
  v47 = fcvt_from_uint.f64 v31
  v48 = fmul.f64 v47, v46
  v49 = fcopysign.f64 v48, v0
  ret v49
}
`;
