/**
 * Sources with one mistake each, for the golden file of the assembler's messages.
 *
 * @module
 */

/** Wraps lines into a function. */
function body(...lines: string[]): string {
  return `func main(n: i64) -> (i64) {\n${lines.map((line) => `  ${line}`).join("\n")}\n}`;
}

/** The sources. */
export const ERROR_SOURCES: readonly string[] = [
  // Characters and strings.
  "func main() { % }",
  "func main() { # }",
  'program "abc',
  'program "a\\q"',
  'program "\\u{d800}"',
  // Declarations.
  "fnc main() {}",
  "5",
  "program",
  "program a b",
  "}",
  "struct { x: i64 }",
  "struct P { x i64 }",
  "struct P { x: i46 }",
  "struct P { x: i64 y: i64 }",
  "struct P {}\nstruct P {}",
  "sig pair = (i64, i64) -> (i64,\nsig",
  "sig obj",
  "sig (obj(x))",
  "sig (obj(18446744073709551616))",
  "constants { 5 }",
  "constants { i64 9223372036854775808 }",
  "constants { u64 -1 }",
  "constants { i64 x }",
  "constants { f64 1.5.2 }",
  "constants { dec 1e5 }",
  "constants { dec 99999999999999999999 }",
  "constants { dec 1e-256 }",
  "constants { bytes 0x123 }",
  "host (i64) -> (i64)",
  "host h(i64) hash x",
  'symbols { "a" }\nprogram b#1',
  'program "a"#7',
  "shape main, 0, i64",
  "shape main, 0, tuple(i64)",
  // Function heads.
  "func main {",
  "func main() {",
  "func main() -> {}",
  "func main(a: i64 b: i64) {}",
  "func main(r1: i64) {}",
  "func main(a: i64, a: i64) {}",
  "func main() {}\nfunc main() {}",
  "func #1 main() {}",
  "func main(p: struct Point) {}",
  // Instructions.
  body("x = i64.ad n, n"),
  body("x = i64.add n n"),
  body("x = i64.add n"),
  body("x = i64.add n, n, n"),
  body("i64.add n, n"),
  body("x, y = i64.add n, n"),
  body("x = ret n"),
  body("ret totl"),
  body("total = mov n", "ret totl"),
  body("x = const.i64 1.5"),
  body("x = const.bool yes"),
  body("x = const.pool"),
  body("x = const.f64 fast"),
  body("x = i64.to_dec n, 256"),
  body("r4294967296 = mov n"),
  body("x = mov .5"),
  body("x~11 = mov n"),
  body("x = const.i64 1000~1"),
  body("ret n eff_out=r1"),
  // Labels.
  body("jmp lop", "loop:", "ret n"),
  body("jmp", "ret n"),
  body("a:", "a:", "ret n"),
  body("r1:", "ret n"),
  // Calls and references.
  body("x = call mian(n)"),
  body("x = call main n"),
  body("x = call main(n"),
  body("x = call 5(n)"),
  body("x = host_call print(n)"),
  "host h(i64)\nhost h(u64)\nfunc main(n: i64) {\n  host_call h(n)\n}",
  body("x = call.indirect n(n)"),
  body("x = call.indirect n(n) as sgi"),
  body("x = struct.new Point, n"),
  body("x = struct.get n, Point.x"),
  "struct Point { x: i64 }\nfunc main(p: agg) {\n  a = struct.get p, Point.y\n}",
  "struct Point { x: i64 }\nfunc main(p: agg) {\n  a = struct.get p, x\n}",
  body("x = array.new i32, n"),
  body("x = const.func #4294967296"),
  // Directives.
  body(".spam 5"),
  body(".span 0"),
  body(".bytes 5"),
  body(".name x, 5"),
];
