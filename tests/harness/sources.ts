/**
 * Functions that several tests run, as assembly text.
 *
 * @module
 */

/** Recursion: the `n`th Fibonacci number. */
export const FIB = `
func fib(n: i64) -> (i64) {
  two = const.i64 2
  small = i64.lt n, two
  br small, base, step
base:
  ret n
step:
  one = const.i64 1
  a = i64.sub n, one
  x = call fib(a)
  b = i64.sub n, two
  y = call fib(b)
  z = i64.add x, y
  ret z
}
`;

/** A loop that ends in `DivByZero`: the sum of 100 divided by `n`, `n - 1` and so on. */
export const QUOTIENTS = `
func quotients(n: i64) -> (i64) {
  sum = const.i64 0
  one = const.i64 1
  zero = const.i64 0
  hundred = const.i64 100
  jmp loop
loop:
  q = i64.div hundred, n
  sum = i64.add sum, q
  n = i64.sub n, one
  more = i64.ge n, zero
  br more, loop, done
done:
  ret sum
}
`;
