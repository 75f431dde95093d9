/**
 * Time from bytes to a verified program and back, for a small program, one of 500 functions and one
 * of 5,000 straight instructions.
 *
 * @module
 */
import { decodeCode } from "../src/tape/code.ts";
import { decodeProgram } from "../src/tape/decode.ts";
import { encodeProgram } from "../src/tape/encode.ts";
import { verify } from "../src/tape/verify.ts";

const CORPUS = new URL("../tests/corpus/extape/p/", import.meta.url);

for (const name of ["perf_fib", "perf_many_funcs", "perf_straight"]) {
  const bytes = Deno.readFileSync(new URL(`${name}.etp`, CORPUS));
  const program = decodeProgram(bytes);
  Deno.bench(`decode ${name}`, { group: "decode" }, () => {
    decodeProgram(bytes);
  });
  Deno.bench(`encode ${name}`, { group: "encode" }, () => {
    encodeProgram(program);
  });
  Deno.bench(`decode code of ${name}`, { group: "code" }, () => {
    for (const { code } of program.functions) decodeCode(code);
  });
  Deno.bench(`verify ${name}`, { group: "verify" }, () => {
    verify(program);
  });
}
