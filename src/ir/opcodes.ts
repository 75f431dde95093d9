/**
 * The IR's vocabulary: types, opcodes, condition codes, memory regions, and one table that says for
 * every opcode what it is called, which operands it has, what types they must have, and what it may
 * do besides computing a value.
 *
 * Owns the numbering. Big switches over opcodes need literal labels to be fast in V8; write them as
 * `case 0x08: // ir.iadd` and a test compares every such label in `src/` with this table.
 *
 * @module
 */

/** Value types. Booleans are `I32` 0 or 1; 8- and 16-bit integers exist only in memory. */
export const Type = { VOID: 0, I32: 1, I64: 2, F32: 3, F64: 4 } as const;

/** Names of the types, indexed by type number. */
export const TYPE_NAMES: readonly string[] = ["void", "i32", "i64", "f32", "f64"];

/** Sizes of the types in bytes, indexed by type number. */
export const TYPE_BYTES: Uint8Array = Uint8Array.of(0, 4, 8, 4, 8);

/**
 * Every opcode by name. What each computes is said once, in `OP_TABLE` below; `evaluate.ts` is the
 * executable definition.
 */
export const Op = {
  none: 0x00,
  param: 0x01,
  proj: 0x02,
  copy: 0x03,
  iconst: 0x04,
  fconst: 0x05,
  select: 0x06,

  iadd: 0x08,
  isub: 0x09,
  imul: 0x0a,
  iand: 0x0b,
  ior: 0x0c,
  ixor: 0x0d,
  ishl: 0x0e,
  ushr: 0x0f,
  sshr: 0x10,
  rotl: 0x11,
  rotr: 0x12,
  umulh: 0x13,
  smulh: 0x14,
  sdiv: 0x15,
  srem: 0x16,
  udiv: 0x17,
  urem: 0x18,
  ineg: 0x19,
  inot: 0x1a,
  clz: 0x1b,
  ctz: 0x1c,
  popcnt: 0x1d,
  bswap: 0x1e,
  icmp: 0x1f,
  sadd_ovf: 0x20,
  ssub_ovf: 0x21,
  smul_ovf: 0x22,
  sext8: 0x23,
  sext16: 0x24,
  sext32: 0x25,
  zext8: 0x26,
  zext16: 0x27,
  extend_s: 0x28,
  extend_u: 0x29,
  wrap: 0x2a,

  fadd: 0x30,
  fsub: 0x31,
  fmul: 0x32,
  fdiv: 0x33,
  fmin: 0x34,
  fmax: 0x35,
  fminnum: 0x36,
  fmaxnum: 0x37,
  fcopysign: 0x38,
  fneg: 0x39,
  fabs: 0x3a,
  fsqrt: 0x3b,
  ffloor: 0x3c,
  fceil: 0x3d,
  ftrunc: 0x3e,
  fnearest: 0x3f,
  fcmp: 0x40,
  fcanon: 0x41,
  fcvt_from_sint: 0x42,
  fcvt_from_uint: 0x43,
  fcvt_to_sint: 0x44,
  fcvt_to_uint: 0x45,
  fcvt_to_sint_sat: 0x46,
  fcvt_to_uint_sat: 0x47,
  fpromote: 0x48,
  fdemote: 0x49,
  bitcast: 0x4a,

  load8u: 0x50,
  load8s: 0x51,
  load16u: 0x52,
  load16s: 0x53,
  load32: 0x54,
  load32u: 0x55,
  load32s: 0x56,
  load64: 0x57,
  loadf32: 0x58,
  loadf64: 0x59,
  store8: 0x5a,
  store16: 0x5b,
  store32: 0x5c,
  store64: 0x5d,
  storef32: 0x5e,
  storef64: 0x5f,
  // Heap-relative forms sit 0x10 above the absolute ones.
  hload8u: 0x60,
  hload8s: 0x61,
  hload16u: 0x62,
  hload16s: 0x63,
  hload32: 0x64,
  hload32u: 0x65,
  hload32s: 0x66,
  hload64: 0x67,
  hloadf32: 0x68,
  hloadf64: 0x69,
  hstore8: 0x6a,
  hstore16: 0x6b,
  hstore32: 0x6c,
  hstore64: 0x6d,
  hstoref32: 0x6e,
  hstoref64: 0x6f,
  ctx_load: 0x70,
  ctx_store: 0x71,
  heap_base: 0x72,

  fuel: 0x78,
  depth_enter: 0x79,
  depth_leave: 0x7a,
  depth_check: 0x7b,
  trap_if: 0x7c,
  trap_unless: 0x7d,
  exit: 0x7e,

  call: 0x80,
  call_indirect: 0x81,
  call_native: 0x82,

  jump: 0x88,
  br_if: 0x89,
  br_table: 0x8a,
  ret: 0x8b,
  trap: 0x8c,
} as const;

/** Name of an opcode. */
export type OpName = keyof typeof Op;

/**
 * Integer condition codes, the `aux` byte of `icmp`. Flipping the lowest bit negates the condition.
 */
export const Cond = {
  eq: 0,
  ne: 1,
  slt: 2,
  sge: 3,
  sgt: 4,
  sle: 5,
  ult: 6,
  uge: 7,
  ugt: 8,
  ule: 9,
} as const;

/** Names of the integer conditions, indexed by code. */
export const COND_NAMES: readonly string[] = Object.keys(Cond);

/** The condition that holds for (b, a) exactly when `cond` holds for (a, b), indexed by code. */
export const COND_SWAPPED: Uint8Array = Uint8Array.of(0, 1, 4, 5, 2, 3, 8, 9, 6, 7);

/**
 * Float conditions, the `aux` byte of `fcmp`. All but `ne` and `uno` are false when an operand is
 * NaN, so only eq/ne and uno/ord are each other's negation (lowest bit flipped).
 */
export const FCond = { eq: 0, ne: 1, lt: 2, le: 3, gt: 4, ge: 5, uno: 6, ord: 7 } as const;

/** Names of the float conditions, indexed by code. */
export const FCOND_NAMES: readonly string[] = Object.keys(FCond);

/** The float condition that holds for (b, a) exactly when `cond` holds for (a, b). */
export const FCOND_SWAPPED: Uint8Array = Uint8Array.of(0, 1, 4, 5, 2, 3, 6, 7);

/**
 * Alias classes, the `aux` byte of memory operations. Accesses of two different non-zero regions
 * never overlap; `unknown` may overlap anything. `object` memory is stored to once: each of its words
 * by one store behind its allocation, before which nothing loads it. So a load from it gives what was
 * stored, wherever it stands, and is as good as pure. Numbers from 4 on are the front end's own.
 */
export const Region = { unknown: 0, object: 1, bytes: 2, context: 3 } as const;

/** Names of the regions that have one, indexed by number. */
export const REGION_NAMES: readonly string[] = Object.keys(Region);

/** What an operation may do besides computing its result; a set of bits in `OP_FLAGS`. */
export const Flag = {
  /** Result depends on the operands alone: may be merged, folded, removed, repeated. */
  PURE: 1 << 0,
  /** Reads memory (heap, context or absolute). */
  READS: 1 << 1,
  /** Writes memory. */
  WRITES: 1 << 2,
  /** May leave the function: a trap, exhausted fuel or depth, an exit, a call that traps. */
  EXITS: 1 << 3,
  /** Ends a block. */
  TERMINATOR: 1 << 4,
  /** `a` and `b` may be swapped. */
  COMMUTATIVE: 1 << 5,
  /** Defined only behind a guard (a divisor test, a bounds check): never move it above one. */
  GUARDED: 1 << 6,
  /** Changes the fuel or depth counters. */
  METER: 1 << 7,
  /** Runs other code and clobbers every register. */
  CALL: 1 << 8,
  /** Belongs to a place (block head, behind its call): never moved, merged or removed on its own. */
  ATTACHED: 1 << 9,
} as const;

/** Instructions with any of these flags stay even if nobody uses their result. */
export const KEEP_FLAGS: number = Flag.WRITES | Flag.EXITS | Flag.TERMINATOR | Flag.METER |
  Flag.ATTACHED;

/**
 * Operand shapes: which fields of an instruction mean what. Value operands always are a prefix of
 * `a`, `b`, `c`; lists live in the pool and are named by `b`; displacements, context offsets and
 * sites are always in `c`. Sites don't change once the function has been lowered: copies of an
 * instruction share its site, and a pass that needs another one adds it.
 */
export const Shape = {
  none: 0, // no operands
  unary: 1, // a
  binary: 2, // a, b
  ternary: 3, // a, b, c
  compare: 4, // a, b; aux = condition
  constant: 5, // a = index into the constant pool
  load: 6, // a = address; c = displacement; aux = region
  store: 7, // a = address, b = value; c = displacement; aux = region
  ctx_load: 8, // c = byte offset in the context block
  ctx_store: 9, // a = value; c = byte offset in the context block
  param: 10, // b = position in the block
  proj: 11, // a = the call; b = which result
  charge: 12, // a = immediate (fuel cost, exit code); c = site
  site: 13, // c = site
  trap_cond: 14, // a = condition; c = site
  call: 15, // a = function index (immediate); b = list of arguments; c = site
  call_indirect: 16, // a = function index (value); b = list of arguments; c = site
  call_native: 17, // a = symbol (immediate); b = list of arguments
  jump: 18, // b = targets (one)
  br_if: 19, // a = condition; b = targets (then, else)
  br_table: 20, // a = index; b = targets (0, 1, ..., default)
  ret: 21, // b = list of values
} as const;

/** One of the operand shapes. */
export type ShapeCode = (typeof Shape)[keyof typeof Shape];

/** Set of types: bit `type - 1`. */
const I32 = 1, I64 = 2, F32 = 4, F64 = 8, INT = I32 | I64, FLOAT = F32 | F64, ANY = INT | FLOAT;
/** Operand rule: same type as the result. */
export const SAME_AS_RESULT = 0x10;
/** Operand rule: same type as operand `a`. */
export const SAME_AS_A = 0x20;
const SAME = SAME_AS_RESULT, SAME_A = SAME_AS_A;

const { PURE, READS, WRITES, EXITS, TERMINATOR, COMMUTATIVE, GUARDED, METER, CALL, ATTACHED } =
  Flag;
const COMM = PURE | COMMUTATIVE, DIV = PURE | GUARDED, LOAD = READS | GUARDED;
const CALLS = READS | WRITES | EXITS | CALL;

/**
 * Shape, allowed result types (0 = no result), rule for each value operand, flags, meaning.
 * Integers are two's complement; N is the width of the type.
 */
type Row = [
  shape: ShapeCode,
  result: number,
  operands: readonly number[],
  flags: number,
  meaning: string,
];

const { none, unary, binary, compare, load, store, charge, site } = Shape;

/** The table all the arrays below are read from. */
export const OP_TABLE: Readonly<Record<OpName, Row>> = {
  none: [none, 0, [], 0, "erased"],
  param: [Shape.param, ANY, [], ATTACHED, "block parameter"],
  proj: [Shape.proj, ANY, [], ATTACHED, "result b of call a; all of them follow the call in order"],
  copy: [unary, ANY, [SAME], PURE, "a"],
  iconst: [Shape.constant, INT, [], PURE, "integer constant; i32 is kept sign-extended"],
  fconst: [Shape.constant, FLOAT, [], PURE, "float constant, as bits; f32 in the low half"],
  select: [Shape.ternary, ANY, [I32, SAME, SAME], PURE, "a != 0 ? b : c"],

  iadd: [binary, INT, [SAME, SAME], COMM, "a + b mod 2^N"],
  isub: [binary, INT, [SAME, SAME], PURE, "a - b mod 2^N"],
  imul: [binary, INT, [SAME, SAME], COMM, "a * b mod 2^N"],
  iand: [binary, INT, [SAME, SAME], COMM, "bitwise and"],
  ior: [binary, INT, [SAME, SAME], COMM, "bitwise or"],
  ixor: [binary, INT, [SAME, SAME], COMM, "bitwise exclusive or"],
  ishl: [binary, INT, [SAME, SAME], PURE, "a << (b mod N)"],
  ushr: [binary, INT, [SAME, SAME], PURE, "a >> (b mod N), zeros shifted in"],
  sshr: [binary, INT, [SAME, SAME], PURE, "a >> (b mod N), sign shifted in"],
  rotl: [binary, INT, [SAME, SAME], PURE, "a rotated left by b mod N"],
  rotr: [binary, INT, [SAME, SAME], PURE, "a rotated right by b mod N"],
  umulh: [binary, INT, [SAME, SAME], COMM, "upper N bits of the unsigned 2N-bit product"],
  smulh: [binary, INT, [SAME, SAME], COMM, "upper N bits of the signed 2N-bit product"],
  sdiv: [binary, INT, [SAME, SAME], DIV, "a / b toward zero; b is not 0, not min / -1"],
  srem: [binary, INT, [SAME, SAME], DIV, "a - b * sdiv(a, b); same conditions"],
  udiv: [binary, INT, [SAME, SAME], DIV, "unsigned a / b; b is not 0"],
  urem: [binary, INT, [SAME, SAME], DIV, "unsigned a mod b; b is not 0"],
  ineg: [unary, INT, [SAME], PURE, "0 - a mod 2^N"],
  inot: [unary, INT, [SAME], PURE, "bitwise not"],
  clz: [unary, INT, [SAME], PURE, "leading zero bits, N for 0"],
  ctz: [unary, INT, [SAME], PURE, "trailing zero bits, N for 0"],
  popcnt: [unary, INT, [SAME], PURE, "one bits"],
  bswap: [unary, INT, [SAME], PURE, "bytes reversed"],
  icmp: [compare, I32, [INT, SAME_A], PURE, "1 if the condition holds, else 0"],
  sadd_ovf: [binary, I32, [INT, SAME_A], COMM, "1 if signed a + b does not fit N bits, else 0"],
  ssub_ovf: [binary, I32, [INT, SAME_A], PURE, "1 if signed a - b does not fit N bits, else 0"],
  smul_ovf: [binary, I32, [INT, SAME_A], COMM, "1 if signed a * b does not fit N bits, else 0"],
  sext8: [unary, INT, [SAME], PURE, "low 8 bits, sign-extended"],
  sext16: [unary, INT, [SAME], PURE, "low 16 bits, sign-extended"],
  sext32: [unary, I64, [SAME], PURE, "low 32 bits, sign-extended"],
  zext8: [unary, INT, [SAME], PURE, "low 8 bits"],
  zext16: [unary, INT, [SAME], PURE, "low 16 bits"],
  extend_s: [unary, I64, [I32], PURE, "sign-extended to 64 bits"],
  extend_u: [unary, I64, [I32], PURE, "zero-extended to 64 bits"],
  wrap: [unary, I32, [I64], PURE, "low 32 bits"],

  // A NaN made by arithmetic has unspecified bits; `fcanon` pins them where they can be seen.
  fadd: [binary, FLOAT, [SAME, SAME], COMM, "IEEE 754 addition, ties to even"],
  fsub: [binary, FLOAT, [SAME, SAME], PURE, "IEEE 754 subtraction"],
  fmul: [binary, FLOAT, [SAME, SAME], COMM, "IEEE 754 multiplication"],
  fdiv: [binary, FLOAT, [SAME, SAME], PURE, "IEEE 754 division"],
  fmin: [binary, FLOAT, [SAME, SAME], COMM, "754-2019 minimum, -0 < +0; NaN is canonical"],
  fmax: [binary, FLOAT, [SAME, SAME], COMM, "754-2019 maximum, -0 < +0; NaN is canonical"],
  fminnum: [binary, FLOAT, [SAME, SAME], COMM, "fmin, but a lone NaN gives the other operand"],
  fmaxnum: [binary, FLOAT, [SAME, SAME], COMM, "fmax, but a lone NaN gives the other operand"],
  fcopysign: [binary, FLOAT, [SAME, SAME], PURE, "a with the sign bit of b"],
  fneg: [unary, FLOAT, [SAME], PURE, "sign bit flipped, NaN too"],
  fabs: [unary, FLOAT, [SAME], PURE, "sign bit cleared, NaN too"],
  fsqrt: [unary, FLOAT, [SAME], PURE, "IEEE 754 square root"],
  ffloor: [unary, FLOAT, [SAME], PURE, "rounded toward minus infinity"],
  fceil: [unary, FLOAT, [SAME], PURE, "rounded toward plus infinity"],
  ftrunc: [unary, FLOAT, [SAME], PURE, "rounded toward zero"],
  fnearest: [unary, FLOAT, [SAME], PURE, "rounded to nearest, ties to even"],
  fcmp: [compare, I32, [FLOAT, SAME_A], PURE, "1 if the condition holds, else 0"],
  fcanon: [unary, FLOAT, [SAME], PURE, "a, or 7fc00000 / 7ff8000000000000 if a is NaN"],
  fcvt_from_sint: [unary, FLOAT, [INT], PURE, "nearest float of a signed integer"],
  fcvt_from_uint: [unary, FLOAT, [INT], PURE, "nearest float of an unsigned integer"],
  fcvt_to_sint: [unary, INT, [FLOAT], DIV, "truncated; the truncation fits the signed type"],
  fcvt_to_uint: [unary, INT, [FLOAT], DIV, "truncated; the truncation fits the unsigned type"],
  fcvt_to_sint_sat: [unary, INT, [FLOAT], PURE, "truncated and clamped; NaN gives 0"],
  fcvt_to_uint_sat: [unary, INT, [FLOAT], PURE, "truncated and clamped; NaN gives 0"],
  fpromote: [unary, F64, [F32], PURE, "exact"],
  fdemote: [unary, F32, [F64], PURE, "nearest, ties to even"],
  bitcast: [unary, ANY, [ANY], PURE, "same bits, integer to float or back, equal widths"],

  load8u: [load, INT, [I64], LOAD, "8 bits at a + c, zero-extended"],
  load8s: [load, INT, [I64], LOAD, "8 bits at a + c, sign-extended"],
  load16u: [load, INT, [I64], LOAD, "16 bits at a + c, zero-extended"],
  load16s: [load, INT, [I64], LOAD, "16 bits at a + c, sign-extended"],
  load32: [load, I32, [I64], LOAD, "32 bits at a + c"],
  load32u: [load, I64, [I64], LOAD, "32 bits at a + c, zero-extended"],
  load32s: [load, I64, [I64], LOAD, "32 bits at a + c, sign-extended"],
  load64: [load, I64, [I64], LOAD, "64 bits at a + c"],
  loadf32: [load, F32, [I64], LOAD, "32 bits at a + c"],
  loadf64: [load, F64, [I64], LOAD, "64 bits at a + c"],
  store8: [store, 0, [I64, INT], WRITES | GUARDED, "low 8 bits of b to a + c"],
  store16: [store, 0, [I64, INT], WRITES | GUARDED, "low 16 bits of b to a + c"],
  store32: [store, 0, [I64, INT], WRITES | GUARDED, "low 32 bits of b to a + c"],
  store64: [store, 0, [I64, I64], WRITES | GUARDED, "b to a + c"],
  storef32: [store, 0, [I64, F32], WRITES | GUARDED, "b to a + c"],
  storef64: [store, 0, [I64, F64], WRITES | GUARDED, "b to a + c"],
  // Heap-relative: the address is heap base + zero-extended a + c, never wrapped.
  hload8u: [load, INT, [I32], LOAD, "8 bits at heap + a + c, zero-extended"],
  hload8s: [load, INT, [I32], LOAD, "8 bits at heap + a + c, sign-extended"],
  hload16u: [load, INT, [I32], LOAD, "16 bits at heap + a + c, zero-extended"],
  hload16s: [load, INT, [I32], LOAD, "16 bits at heap + a + c, sign-extended"],
  hload32: [load, I32, [I32], LOAD, "32 bits at heap + a + c"],
  hload32u: [load, I64, [I32], LOAD, "32 bits at heap + a + c, zero-extended"],
  hload32s: [load, I64, [I32], LOAD, "32 bits at heap + a + c, sign-extended"],
  hload64: [load, I64, [I32], LOAD, "64 bits at heap + a + c"],
  hloadf32: [load, F32, [I32], LOAD, "32 bits at heap + a + c"],
  hloadf64: [load, F64, [I32], LOAD, "64 bits at heap + a + c"],
  hstore8: [store, 0, [I32, INT], WRITES | GUARDED, "low 8 bits of b to heap + a + c"],
  hstore16: [store, 0, [I32, INT], WRITES | GUARDED, "low 16 bits of b to heap + a + c"],
  hstore32: [store, 0, [I32, INT], WRITES | GUARDED, "low 32 bits of b to heap + a + c"],
  hstore64: [store, 0, [I32, I64], WRITES | GUARDED, "b to heap + a + c"],
  hstoref32: [store, 0, [I32, F32], WRITES | GUARDED, "b to heap + a + c"],
  hstoref64: [store, 0, [I32, F64], WRITES | GUARDED, "b to heap + a + c"],
  ctx_load: [Shape.ctx_load, ANY, [], READS, "context field at offset c"],
  ctx_store: [Shape.ctx_store, 0, [ANY], WRITES, "a to the context field at offset c"],
  heap_base: [none, I64, [], PURE, "address of the heap, constant during a run"],

  fuel: [charge, 0, [], EXITS | METER, "fuel -= a; traps at site.pcs[fuel] if fuel < a"],
  // Levels are taken and given back in pairs: on all ways to a block the same number is taken, and at
  // `ret` none. Whatever traps gives nothing back.
  depth_enter: [site, 0, [], EXITS | METER, "takes one call level; traps if none is left"],
  depth_leave: [none, 0, [], METER, "gives the level back"],
  depth_check: [site, 0, [], EXITS, "traps if no call level is left, takes none"],
  trap_if: [Shape.trap_cond, 0, [I32], EXITS, "traps if a != 0"],
  trap_unless: [Shape.trap_cond, 0, [I32], EXITS, "traps if a == 0"],
  exit: [charge, 0, [], CALLS, "leaves to the dispatcher with code a and comes back"],

  call: [Shape.call, 0, [], CALLS, "takes one call level (traps at the site), calls function a"],
  call_indirect: [Shape.call_indirect, 0, [I32], CALLS, "call of the function whose index is a"],
  call_native: [Shape.call_native, 0, [], READS | WRITES | CALL, "C call of symbol a; never traps"],

  jump: [Shape.jump, 0, [], TERMINATOR, "goes to the target"],
  br_if: [Shape.br_if, 0, [I32], TERMINATOR, "first target if a != 0, else the second"],
  br_table: [Shape.br_table, 0, [I32], TERMINATOR, "target a (unsigned), the last if a is beyond"],
  ret: [Shape.ret, 0, [], TERMINATOR | EXITS, "leaves the function with the listed values"],
  trap: [site, 0, [], TERMINATOR | EXITS, "traps"],
};

/** Opcode names, indexed by number ("" where there is none). */
export const OP_NAMES: readonly string[] = (() => {
  const names: string[] = new Array(256).fill("");
  for (const [name, op] of Object.entries(Op)) names[op] = name;
  return names;
})();

const rows: (Row | undefined)[] = OP_NAMES.map((name) =>
  name === "" ? undefined : OP_TABLE[name as OpName]
);

/** `Flag` bits by opcode. */
export const OP_FLAGS: Uint16Array = Uint16Array.from(rows, (row) => row?.[3] ?? 0);
/** Operand shape by opcode. */
export const OP_SHAPE: Uint8Array = Uint8Array.from(rows, (row) => row?.[0] ?? 0);
/** Number of value operands in `a`, `b`, `c` by opcode; they are always the first ones. */
export const OP_VALUES: Uint8Array = Uint8Array.from(rows, (row) => row?.[2].length ?? 0);
/** Allowed result types by opcode: bit `type - 1`; 0 for no result. */
export const OP_RESULT: Uint8Array = Uint8Array.from(rows, (row) => row?.[1] ?? 0);
/** What `b` names by opcode: 0 no list, 1 a list of values, 2 branch targets. */
export const OP_LIST: Uint8Array = Uint8Array.from(rows, (row) => {
  const shape = row?.[0] ?? 0;
  if (shape >= Shape.jump && shape <= Shape.br_table) return 2;
  return shape === Shape.ret || (shape >= Shape.call && shape <= Shape.call_native) ? 1 : 0;
});
/** 1 for opcodes whose `c` is a site, by opcode. */
export const OP_HAS_SITE: Uint8Array = Uint8Array.from(rows, (row) => {
  const shape = row?.[0] ?? 0;
  return shape >= Shape.charge && shape <= Shape.call_indirect ? 1 : 0;
});

/** The set bit of a type in the sets of `OP_TABLE`. */
export function typeBit(type: number): number {
  return type === 0 ? 0 : 1 << (type - 1);
}

/** True if the instruction ends a block. */
export function isTerminator(op: number): boolean {
  return (OP_FLAGS[op] & Flag.TERMINATOR) !== 0;
}
