/**
 * Runs every opcode of the loop once, so that V8 has type feedback for all of them before it optimises
 * the loop for good. Without it each opcode that a long run meets late throws the optimised loop away,
 * which costs some 20 ms a time. Touches nothing but storage of its own.
 *
 * @module
 */
import { Heap } from "../heap/heap.ts";
import { buildAggregate } from "../heap/values.ts";
import { createWords } from "../heap/words.ts";
import type { Program } from "../tape/program.ts";
import { signatureHash } from "../tape/types.ts";
import { i64, tuple } from "../tape/value.ts";
import { execute } from "./execute.ts";
import { createHost, hostFunction } from "./host.ts";
import { HostCaller } from "./host_call.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { Exit, Machine } from "./machine.ts";
import { Op } from "./ops.ts";

/** Slots of the operands, and of the first result. */
const ONE = 0;
const THREE = 1;
const FLOAT = 2;
const LARGE_FLOAT = 3;
const NAN = 4;
const DECIMAL = 5;
const LARGE_DECIMAL = 7;
const TEXT = 9;
const ZERO = 10;
const TUPLE = 11;
const FUNC = 12;
const CLOSURE = 13;
const ARRAY = 14;
const SHIFT = 15;
const SAME_TEXT = 16;
const EMPTY = 17;
const HUGE = 18;
const RESULT = 19;
const FRAME = 32;

/** Opcodes with a result and two integer or boolean operands that never trap on 1 and 3. */
// deno-fmt-ignore
const INTEGER_OPS = [
  0x20, 0x21, 0x22, 0x28, 0x29, 0x2b, 0x2d, 0x2e, 0x31, 0x33, 0x36, 0x37, 0x3a, 0x3c, 0x3d, 0x6c,
  0x6d, 0x6e, 0x6f, 0x88, 0x89, 0x8a,
];
/** Opcodes with a result and two float operands. */
// deno-fmt-ignore
const FLOAT_OPS = [
  0x1a, 0x1b, 0x1c, 0x82, 0x83, 0x84, 0x86, 0x8d, 0x8e, 0x8f, 0x90, 0x91,
];

/** Code words and positions in them. */
interface WarmCode {
  readonly code: Int32Array;
  /** Where to start. */
  readonly start: number;
  /** Entries of the functions called. */
  readonly entries: Int32Array;
  /** Instructions that need more memory or stack than there is. */
  readonly leaving: readonly number[];
}

function assemble(): WarmCode {
  const words: number[] = [0];
  // Functions with no result, one and two.
  words.push(FRAME, 1);
  const callee = words.length;
  words.push(Op.RET0);
  words.push(FRAME, 1);
  const returnsOne = words.length;
  words.push(Op.RET1, ONE);
  words.push(FRAME, 1);
  const returnsTwo = words.length;
  words.push(Op.RETN, 2, ONE, THREE);
  words.push(0);
  const start = words.length;
  const emit = (...instruction: number[]): void => void words.push(...instruction);

  for (const op of INTEGER_OPS) emit(op, RESULT, THREE, ONE);
  for (const op of FLOAT_OPS) emit(op, RESULT, FLOAT, LARGE_FLOAT);
  for (const op of [0x8d, 0x8e, 0x8f, 0x90]) {
    emit(op, RESULT, FLOAT, NAN);
    emit(op, RESULT, NAN, FLOAT);
    emit(op, RESULT, NAN, NAN);
  }
  for (const op of [0x01, 0x30, 0x34, 0x35, 0x70, 0x71]) emit(op, RESULT, ONE);
  emit(0x70, RESULT, NAN); // Any word is an integer; this one has high bits.
  emit(0x71, RESULT, NAN);
  for (const op of [0x72, 0x73, 0x8b, 0x8c]) emit(op, RESULT, LARGE_FLOAT);
  for (const op of [0x2e, 0x3d]) emit(op, RESULT, NAN, SHIFT);
  emit(0x38, RESULT, ONE, ONE, THREE);
  emit(0x38, RESULT, ZERO, ONE, THREE);
  emit(Op.SELECT2, RESULT, ONE, DECIMAL, LARGE_DECIMAL);
  emit(Op.MOV2, RESULT, DECIMAL);
  emit(Op.CONST, RESULT, 1, 0);
  emit(Op.CONST2, RESULT, 1, 0, 2);
  for (const op of [0x17, 0x18, 0x19]) emit(op, RESULT, DECIMAL, DECIMAL);
  emit(0x19, RESULT, DECIMAL, LARGE_DECIMAL);
  emit(0x74, RESULT, DECIMAL);
  emit(0x75, RESULT, DECIMAL);
  emit(0x76, RESULT, ONE, 2);
  emit(0x77, RESULT, ONE, 2);
  emit(0x6a, RESULT, TEXT);
  for (const op of [0x78, 0x7a]) {
    emit(op, RESULT, TEXT, TEXT);
    emit(op, RESULT + 1, RESULT, TEXT);
    emit(op, RESULT + 1, TEXT, TEXT);
    emit(op, RESULT + 1, RESULT, TEXT);
  }
  emit(0x78, RESULT, TEXT, SAME_TEXT);
  emit(0x7a, RESULT, TEXT, EMPTY);
  emit(0x7a, RESULT, EMPTY, TEXT);
  // Doubling until a concatenation takes the long way.
  for (let k = 0; k < 5; k++) {
    emit(0x7a, RESULT, TEXT, TEXT);
    emit(0x7a, RESULT, RESULT, RESULT);
    emit(0x7a, RESULT, RESULT, RESULT);
    emit(0x7a, RESULT, RESULT, RESULT);
    emit(0x7a, RESULT, RESULT, RESULT);
    emit(0x7a, RESULT + 1, TEXT, RESULT);
    emit(0x7a, RESULT + 2, RESULT, TEXT);
  }
  emit(0x7c, RESULT, TEXT, ONE);
  emit(0x7d, RESULT, TEXT, 1);
  emit(0x7e, RESULT, TEXT, ONE, THREE);
  emit(0x7f, RESULT, TEXT, ONE, THREE);
  emit(0x81, RESULT, TEXT);
  emit(0x55, RESULT, FUNC, TUPLE);
  const plain = [RESULT, 0, 0, 2, 16 + 16 + 8, ONE, THREE, 0x202, 0];
  emit(Op.NEW, words.length + 2 + plain.length, ...plain);
  const mixed = [RESULT, 2, 0, 3, 16 + 24 + 8 + 16, ONE, DECIMAL, -1, 0x502, 0, 2, 5, 0];
  emit(Op.NEWX, words.length + 2 + mixed.length, ...mixed);
  emit(Op.LEN, RESULT, TUPLE, 0);
  emit(Op.GET, RESULT, TUPLE, 0, 1, 2);
  emit(Op.GETX, RESULT, ARRAY, 2, 1, 5);
  emit(Op.AGET, RESULT, ARRAY, ZERO, 2);
  emit(Op.AGETX, RESULT, ARRAY, ONE, 5);
  emit(Op.MUL_ADD, RESULT, ONE, THREE, RESULT, ONE, THREE);
  emit(Op.ADD_ADD, RESULT, ONE, THREE, RESULT, ONE, THREE);

  // Calls: the return list, then the cost of what follows.
  const call = (op: number, func: number, args: number[], returns: number[]): void => {
    emit(op, func, FRAME + 1, words.length + 4 + args.length + returns.length + 1);
    emit(...args, ...returns, 1);
  };
  call(Op.CALLN, 0, [0], []);
  call(Op.CALL1, 1, [ONE], [RESULT]);
  call(Op.CALL2, 2, [ONE, THREE], [RESULT + 1, RESULT, 2]);
  call(Op.CALLN, 0, [4, ONE, THREE, FLOAT, NAN], []);
  for (const [op, value] of [[Op.CALL_FUNC, FUNC], [Op.CALL_CLOSURE, CLOSURE]]) {
    emit(op, 0, value, FRAME + 1, words.length + 8, 1, ONE, 1);
  }
  emit(Op.HOST, 0, words.length + 7, 1, ONE, RESULT, 1);

  // Branches go to the next instruction, whose cost precedes it.
  const branch = (op: number, operands: number[], targets: number): void => {
    const next = words.length + 1 + operands.length + targets + 1;
    emit(op, ...operands, ...new Array<number>(targets).fill(next), 1);
  };
  branch(0x40, [ONE], 2);
  branch(0x41, [], 1);
  for (const op of [Op.EQ_BR, Op.LT_S_BR, Op.LE_S_BR, Op.LT_U_BR, Op.LE_U_BR]) {
    branch(op, [RESULT, ONE, THREE], 2);
    branch(op, [RESULT, THREE, ONE], 2);
  }
  for (const op of [Op.EQ_F_BR, Op.LT_F_BR, Op.LE_F_BR]) {
    branch(op, [RESULT, FLOAT, LARGE_FLOAT], 2);
    branch(op, [RESULT, LARGE_FLOAT, FLOAT], 2);
  }
  for (const op of [Op.JMP_LT_S_BR, Op.JMP_LT_U_BR]) {
    branch(op, [RESULT, ONE, THREE], 3);
    branch(op, [RESULT, THREE, ONE], 3);
  }
  branch(Op.ADD_JMP, [RESULT, ONE, THREE], 1);
  for (const op of [Op.ADD_JMP_LT_S_BR, Op.ADD_JMP_LT_U_BR]) {
    branch(op, [RESULT, ONE, THREE, RESULT + 1, ONE, THREE], 3);
    branch(op, [RESULT, ONE, THREE, RESULT + 1, THREE, ONE], 3);
  }
  emit(Op.TICK, 0, 0, Op.TRACE_ENTER, 0, 0, Op.TRACE_EXIT);
  emit(Op.HALT);
  // Out of memory, out of stack and out of hand: each leaves the loop.
  const leaving = [words.length];
  emit(Op.NEW, 0, RESULT, 0, 0, 0, 1 << 22);
  leaving.push(words.length);
  emit(0x7a, RESULT, TEXT, HUGE);
  leaving.push(words.length);
  emit(Op.HAND_OVER, 0, -1);
  for (const op of [Op.CALL1, Op.CALL2, Op.CALLN]) {
    leaving.push(words.length);
    emit(op, 0, 1 << 20);
  }
  for (const [op, value] of [[Op.CALL_FUNC, FUNC], [Op.CALL_CLOSURE, CLOSURE]]) {
    leaving.push(words.length);
    emit(op, 0, value, 1 << 20);
  }
  return {
    leaving,
    code: Int32Array.from(words),
    start,
    entries: Int32Array.of(callee, returnsOne, returnsTwo),
  };
}

/** A program that is nothing but the host signature called. */
function hostProgram(): Program {
  const signature = { args: ["i64"], results: ["i64"] } as const;
  return {
    symbols: ["", "warm"],
    constants: [],
    structs: [],
    arrayElems: [],
    functions: [],
    hostSigs: [{ ...signature, symbol: 1, hash: signatureHash(signature) }],
    callSigs: [],
    argShapes: [],
    name: 0,
    functionNames: [],
    labelNames: [],
  };
}

/** Runs all opcodes a few times. */
export function warmUp(): void {
  const heap = new Heap([]);
  heap.begin(1 << 18);
  // Any memory may come, and nothing that is meant to stay in the loop may leave it for more.
  heap.reserve(1 << 17);
  const host = new HostCaller(
    hostProgram(),
    createHost([
      hostFunction({ symbol: "warm", args: ["i64"], results: ["i64"] }, (value) => value),
    ]),
    heap,
  );
  host.begin(DEFAULT_LIMITS, undefined, undefined, false);
  const words = createWords(256);
  const { code, start, entries, leaving } = assemble();
  const fp = 1;
  const { i64: r, f64: rf, i32: ri } = words;
  const text = heap.allocBytes(8);
  heap.u8.fill(0x61, text, text + 8);
  const pair = buildAggregate(heap, tuple(i64(1), i64(3)));
  const list = buildAggregate(heap, {
    type: "array",
    elemTypeId: 0,
    values: [i64(1), { type: "dec", mantissa: 5n, scale: 0 }],
  });
  r[fp + ONE] = 1n;
  r[fp + THREE] = 3n;
  rf[fp + FLOAT] = 2.5;
  rf[fp + LARGE_FLOAT] = 2 ** 52 + 1;
  rf[fp + NAN] = NaN;
  r[fp + DECIMAL] = 5n;
  r[fp + LARGE_DECIMAL] = 1n << 40n;
  ri[2 * (fp + TEXT)] = text;
  ri[2 * (fp + TEXT) + 1] = 8;
  const same = heap.allocBytes(8);
  heap.u8.copyWithin(same, text, text + 8);
  ri[2 * (fp + SAME_TEXT)] = same;
  ri[2 * (fp + SAME_TEXT) + 1] = 8;
  // Claims bytes that are never read: there is no room for a copy.
  ri[2 * (fp + HUGE)] = text;
  ri[2 * (fp + HUGE) + 1] = 1 << 22;
  r[fp + TUPLE] = BigInt(pair);
  r[fp + ARRAY] = BigInt(list);
  r[fp + SHIFT] = 32n;
  ri[2 * (fp + CLOSURE) + 1] = pair;
  const machine = new Machine(heap, host, code, entries, 1);
  machine.words = words;
  machine.funcSigs.fill(0);
  machine.closureSigs.fill(0);
  machine.callSigs.fill(0);
  machine.fp = fp;
  machine.depth = 1;
  machine.fuel = 1 << 20;
  machine.maxDepth = 8;
  for (let k = 0; k < 4; k++) {
    machine.ip = start;
    const exit = execute(machine);
    if (exit !== Exit.DONE) {
      throw new Error(`internal: warming up left the loop with ${exit} at ${machine.ip - start}`);
    }
    for (const ip of leaving) {
      machine.ip = ip;
      execute(machine);
    }
  }
  heap.dispose();
}
