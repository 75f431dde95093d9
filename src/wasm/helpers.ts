/**
 * Functions that every module may use, as text: leaving, requests, and operations that need more than
 * WebAssembly has. Memory `$heap` is the guest's, `$context` the context block of `ir/context.ts`;
 * all results are those of `ir/evaluate.ts`, bit for bit.
 *
 * @module
 */
import { Context, ExitCode } from "../ir/context.ts";

/** Names of the imports, all in module `burin`. */
export const IMPORTS = {
  /** The guest's memory; only of modules that use it. */
  heap: "heap",
  /** The memory that holds the context block. */
  context: "context",
  /** The tag of the exception that leaves for good. */
  leave: "leave",
  /** `(exit: i32) -> ()`: does the work of a request. */
  request: "request",
  /** `(f64, f64) -> f64`: the remainder of JavaScript's `%`. */
  fmod: "fmod",
} as const;

/** Binds the module's imports and defines how to leave. */
export function baseText(usesHeap: boolean): string {
  return `
    ${usesHeap ? `(import "burin" "${IMPORTS.heap}" (memory $heap 1 65536))` : ""}
    (import "burin" "${IMPORTS.context}" (memory $context 1 65536))
    (import "burin" "${IMPORTS.leave}" (tag $leave))
    (import "burin" "${IMPORTS.request}" (func $request (param i32)))
    (import "burin" "${IMPORTS.fmod}" (func $remainder (param f64 f64) (result f64)))
    (func $leave (param $exit i32) (param $fuel i64)
      (i32.store $context offset=${Context.exitCode} (i32.const 0) (i32.const ${ExitCode.Trap}))
      (i32.store $context offset=${Context.exitSite} (i32.const 0) (local.get $exit))
      (i64.store $context offset=${Context.fuel} (i32.const 0) (local.get $fuel))
      (throw $leave))
    (func $exit (param $exit i32) (param $fuel i64) (result i64)
      (i32.store $context offset=${Context.exitSite} (i32.const 0) (local.get $exit))
      (i64.store $context offset=${Context.fuel} (i32.const 0) (local.get $fuel))
      (call $request (local.get $exit))
      (i64.load $context offset=${Context.fuel} (i32.const 0)))`;
}

const MUL_HIGH = `
    (local $al i64) (local $ah i64) (local $bl i64) (local $bh i64) (local $t i64)
    (local.set $al (i64.and (local.get $a) (i64.const 0xffffffff)))
    (local.set $bl (i64.and (local.get $b) (i64.const 0xffffffff)))
    (local.set $ah (i64.shr_u (local.get $a) (i64.const 32)))
    (local.set $bh (i64.shr_u (local.get $b) (i64.const 32)))
    (local.set $t (i64.add
      (i64.mul (local.get $ah) (local.get $bl))
      (i64.shr_u (i64.mul (local.get $al) (local.get $bl)) (i64.const 32))))
    (local.set $al (i64.add
      (i64.mul (local.get $al) (local.get $bh))
      (i64.and (local.get $t) (i64.const 0xffffffff))))
    (i64.add
      (i64.add (i64.mul (local.get $ah) (local.get $bh)) (i64.shr_u (local.get $t) (i64.const 32)))
      (i64.shr_u (local.get $al) (i64.const 32)))`;

/** Minimum or maximum of a type; only the bits of NaNs are in the way of the instruction. */
function minMax(name: string, type: string, op: string, nan: string): string {
  return `(func $${name} (param $a ${type}) (param $b ${type}) (result ${type})
    (local $r ${type})
    (local.set $r (${type}.${op} (local.get $a) (local.get $b)))
    (select (local.get $r) (${type}.const ${nan})
      (${type}.eq (local.get $r) (local.get $r))))`;
}

/** The same where a number beats a NaN. */
function minMaxNumber(name: string, type: string, inner: string): string {
  return `(func $${name} (param $a ${type}) (param $b ${type}) (result ${type})
    (if (${type}.ne (local.get $a) (local.get $a)) (then
      (if (${type}.eq (local.get $b) (local.get $b)) (then (return (local.get $b))))))
    (if (${type}.ne (local.get $b) (local.get $b)) (then
      (if (${type}.eq (local.get $a) (local.get $a)) (then (return (local.get $a))))))
    (call $${inner} (local.get $a) (local.get $b)))`;
}

const NAN_64 = "nan:0x8000000000000", NAN_32 = "nan:0x400000";

/** A helper: its text and the helpers it calls. */
interface Helper {
  readonly text: string;
  readonly needs?: readonly string[];
}

/** Helpers by name. */
const HELPERS: Readonly<Record<string, Helper>> = {
  umulh64: {
    text: `(func $umulh64 (param $a i64) (param $b i64) (result i64) ${MUL_HIGH})`,
  },
  // The unsigned product counts a negative operand 2^64 too high.
  smulh64: {
    needs: ["umulh64"],
    text: `(func $smulh64 (param $a i64) (param $b i64) (result i64)
      (i64.sub
        (i64.sub
          (call $umulh64 (local.get $a) (local.get $b))
          (i64.and (i64.shr_s (local.get $a) (i64.const 63)) (local.get $b)))
        (i64.and (i64.shr_s (local.get $b) (i64.const 63)) (local.get $a))))`,
  },
  smul_ovf64: {
    needs: ["smulh64"],
    text: `(func $smul_ovf64 (param $a i64) (param $b i64) (result i32)
      (if (i32.and
            (i64.eq (local.get $a) (i64.extend32_s (local.get $a)))
            (i64.eq (local.get $b) (i64.extend32_s (local.get $b))))
        (then (return (i32.const 0))))
      (i64.ne
        (call $smulh64 (local.get $a) (local.get $b))
        (i64.shr_s (i64.mul (local.get $a) (local.get $b)) (i64.const 63))))`,
  },
  bswap32: {
    text: `(func $bswap32 (param $a i32) (result i32)
      (i32.or
        (i32.and (i32.rotl (local.get $a) (i32.const 8)) (i32.const 0x00ff00ff))
        (i32.and (i32.rotr (local.get $a) (i32.const 8)) (i32.const 0xff00ff00))))`,
  },
  bswap64: {
    needs: ["bswap32"],
    text: `(func $bswap64 (param $a i64) (result i64)
      (i64.or
        (i64.shl
          (i64.extend_i32_u (call $bswap32 (i32.wrap_i64 (local.get $a)))) (i64.const 32))
        (i64.extend_i32_u
          (call $bswap32 (i32.wrap_i64 (i64.shr_u (local.get $a) (i64.const 32)))))))`,
  },
  fmin32: { text: minMax("fmin32", "f32", "min", NAN_32) },
  fmin64: { text: minMax("fmin64", "f64", "min", NAN_64) },
  fmax32: { text: minMax("fmax32", "f32", "max", NAN_32) },
  fmax64: { text: minMax("fmax64", "f64", "max", NAN_64) },
  fminnum32: { needs: ["fmin32"], text: minMaxNumber("fminnum32", "f32", "fmin32") },
  fminnum64: { needs: ["fmin64"], text: minMaxNumber("fminnum64", "f64", "fmin64") },
  fmaxnum32: { needs: ["fmax32"], text: minMaxNumber("fmaxnum32", "f32", "fmax32") },
  fmaxnum64: { needs: ["fmax64"], text: minMaxNumber("fmaxnum64", "f64", "fmax64") },
  // JavaScript need not keep the bits of NaNs, so all of them come from arithmetic.
  fmod: {
    text: `(func $fmod (param $a f64) (param $b f64) (result f64)
      (local $r f64)
      (if (i32.or
            (f64.ne (local.get $a) (local.get $a))
            (f64.ne (local.get $b) (local.get $b)))
        (then (return (f64.add (local.get $a) (local.get $b)))))
      (local.set $r (call $remainder (local.get $a) (local.get $b)))
      (if (result f64) (f64.eq (local.get $r) (local.get $r))
        (then (local.get $r))
        (else (f64.add
          (f64.sub (local.get $a) (local.get $a))
          (f64.div (local.get $b) (local.get $b))))))`,
  },
  // Sign of the first difference: eight bytes at a time, then one.
  memcmp: {
    needs: ["bswap64"],
    text: `(func $memcmp (param $a i32) (param $b i32) (param $n i32) (result i32)
      (local $x i64) (local $y i64)
      (block $done
        (block $tail
          (loop $words
            (br_if $tail (i32.lt_u (local.get $n) (i32.const 8)))
            (local.set $x (i64.load $heap align=1 (local.get $a)))
            (local.set $y (i64.load $heap align=1 (local.get $b)))
            (if (i64.ne (local.get $x) (local.get $y)) (then
              (local.set $x (call $bswap64 (local.get $x)))
              (local.set $y (call $bswap64 (local.get $y)))
              (br $done)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (local.set $b (i32.add (local.get $b) (i32.const 8)))
            (local.set $n (i32.sub (local.get $n) (i32.const 8)))
            (br $words)))
        (loop $bytes
          (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
          (local.set $x (i64.load8_u $heap (local.get $a)))
          (local.set $y (i64.load8_u $heap (local.get $b)))
          (br_if $done (i64.ne (local.get $x) (local.get $y)))
          (local.set $a (i32.add (local.get $a) (i32.const 1)))
          (local.set $b (i32.add (local.get $b) (i32.const 1)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $bytes)))
      (select (i32.const -1) (i32.const 1) (i64.lt_u (local.get $x) (local.get $y))))`,
  },
};

/** The text of the helpers `names` and of those they need. */
export function helperText(names: Iterable<string>): string {
  const all = new Set(names);
  let text = "";
  for (const name of all) {
    const helper = HELPERS[name];
    if (helper === undefined) throw new Error(`internal: no helper is called ${name}`);
    text += helper.text;
    for (const needed of helper.needs ?? []) all.add(needed);
  }
  return text;
}
