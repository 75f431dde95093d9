/**
 * A program of its own for the test of page protections: mappings belong to the process, and other
 * tests run in the same one. Prints what it found of the engine's code memory as JSON. V8's own code
 * pages are not the engine's business.
 *
 * @module
 */
import { hasWritableCode, type Mapping, memoryFiles } from "../ffi/machine.ts";
import { assemble, createHost, Engine, hostFunction, i64, verify } from "../../mod.ts";

const program = verify(assemble(`
  host h.look(i64) -> (i64)
  func main(n: i64) -> (i64) {
    m = host_call h.look(n)
    ret m
  }
`));

const during: Mapping[] = [];
for (const hostCalls of ["reenter", "callback"] as const) {
  using engine = new Engine({ tier: "native", hostCalls });
  const look = hostFunction({ symbol: "h.look", args: ["i64"], results: ["i64"] }, (n) => {
    during.push(...memoryFiles());
    return n;
  });
  using instance = engine.load(program, createHost([look]));
  if (!instance.run("main", [i64(1)]).ok) throw new Error("the run trapped");
}
console.log(JSON.stringify({
  isWritableCode: hasWritableCode(during),
  rights: [...new Set(during.map((mapping) => mapping.rights))].sort(),
  left: memoryFiles().length,
}));
