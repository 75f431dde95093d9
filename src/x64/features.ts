/**
 * Which optional instructions code may use. Owns the names alone: whoever knows the processor the code
 * will run on fills them in.
 *
 * @module
 */

/** Optional instruction sets of x86-64 that instruction selection makes use of. */
export interface X64Features {
  /** SSE4.1: `roundss`, `roundsd`. */
  readonly sse41: boolean;
  /** `popcnt`. */
  readonly popcnt: boolean;
  /** `lzcnt`. */
  readonly lzcnt: boolean;
  /** BMI1: `tzcnt`. */
  readonly bmi1: boolean;
  /** BMI2: `shlx`, `shrx`, `sarx`, `rorx`, `mulx`. */
  readonly bmi2: boolean;
}

/** What every x86-64 processor has: none of them. */
export const X64_NO_FEATURES: X64Features = {
  sse41: false,
  popcnt: false,
  lzcnt: false,
  bmi1: false,
  bmi2: false,
};

/** All of them: processors since about 2013. */
export const X64_ALL_FEATURES: X64Features = {
  sse41: true,
  popcnt: true,
  lzcnt: true,
  bmi1: true,
  bmi2: true,
};
