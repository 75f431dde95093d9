/**
 * The command line with its files and streams replaced: results, exit codes, and one clear line for
 * every mistake.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { encodeProgram } from "../../src/tape/encode.ts";
import { assemble } from "../../src/tape/assemble.ts";

const SUM = `
program demo

host burin.print(str) -> ()
host kv.get(str) -> (i64)
host kv.set(str, i64) -> ()

func main(a: i64, b: i64) -> (sum: i64) {
  s = i64.add a, b
  ret s
}

func divide(a: i64, b: i64) -> (i64) {
  q = i64.div a, b
  ret q
}

func spin() -> () {
again:
  jmp again
}

func shout(text: str) -> (str) {
  host_call burin.print(text)
  both = str.concat text, text
  ret both
}

func count(key: str) -> (i64) {
  n = host_call kv.get(key)
  one = const.i64 1
  m = i64.add n, one
  host_call kv.set(key, m)
  ret m
}

func kinds(a: bool, b: u64, c: f64, d: dec, e: bytes, f: obj(7), g: func) -> (bool, u64, f64, dec, bytes, obj(7), func) {
  ret a, b, c, d, e, f, g
}

func length(t: agg) -> (u64) {
  n = tuple.len t
  ret n
}
`;

interface Result {
  code: number;
  out: string;
  err: string;
  files: Map<string, Uint8Array>;
}

async function burin(...args: string[]): Promise<Result> {
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>([
    ["sum.tape", encoder.encode(SUM)],
    ["sum.etp", encodeProgram(assemble(SUM))],
    ["bad.tape", encoder.encode("func main() -> (i64) {\n  x = i64.ad x, x\n  ret x\n}\n")],
    ["unverifiable.tape", encoder.encode("func main(a: i64) -> (u64) {\n  ret a\n}\n")],
    ["cut.etp", encodeProgram(assemble(SUM)).subarray(0, 40)],
    ["noise.etp", encoder.encode("this is not a container")],
    ["empty.etp", new Uint8Array(0)],
    ["latin1.tape", Uint8Array.of(0x66, 0xe9, 0x0a)],
  ]);
  const decoder = new TextDecoder();
  let out = "";
  let err = "";
  const code = await main(args, {
    readFile: (path) => {
      const bytes = files.get(path);
      if (bytes === undefined) throw new Deno.errors.NotFound(`no ${path}`);
      return bytes;
    },
    writeFile: (path, bytes) => {
      if (path.startsWith("/nowhere/")) throw new Deno.errors.NotFound("no such folder");
      files.set(path, bytes);
    },
    stdout: (text) => out += typeof text === "string" ? text : decoder.decode(text),
    stderr: (text) => err += text,
    isTerminal: false,
  });
  return { code, out, err, files };
}

Deno.test("burin run prints results and exits with 0", async () => {
  assertEquals((await burin("run", "sum.etp", "2", "3")).out, "5\n");
  assertEquals((await burin("run", "sum.tape", "--", "-2", "0x10")).out, "14\n");
  const { code, out } = await burin("run", "sum.tape", "--func", "divide", "7", "2");
  assertEquals([code, out], [0, "3\n"]);
  assertEquals((await burin("run", "sum.tape", "--func", "1", "9", "3")).out, "3\n");
});

Deno.test("burin run reads and prints every type of argument", async () => {
  const args = ["true", "18446744073709551615", "-0.5", "-12.50", "0x00ff", "9", "divide"];
  const { code, out } = await burin("run", "sum.tape", "-f", "kinds", "--", ...args);
  assertEquals(code, 0);
  assertEquals(
    out,
    "true\n18446744073709551615\n-0.5\n-12.50\n0x00ff\nobj(7)#9\nf1\n",
  );
  const tuple = '{"t":"tuple","v":[{"t":"i64","v":"1"},{"t":"unit"}]}';
  assertEquals((await burin("run", "sum.tape", "-f", "length", tuple)).out, "2\n");
});

Deno.test("burin run reports a trap with its place and exits with 1", async () => {
  const { code, out, err } = await burin("run", "sum.tape", "-f", "divide", "1", "0");
  assertEquals([code, out], [1, ""]);
  assertEquals(err, "trap at f1 pc=0: division by zero (in divide)\n");
});

Deno.test("burin run keeps to its limits", async () => {
  const fuel = await burin("run", "sum.tape", "-f", "spin", "--fuel", "1000", "--json");
  assertEquals(fuel.code, 1);
  assertEquals(JSON.parse(fuel.out), {
    trap: { kind: "FuelExceeded", func: 2, pc: 0, span: null },
    fuelUsed: 1000,
  });
  const memory = await burin("run", "sum.tape", "-f", "shout", "--memory", "4", "abcd");
  assertStringIncludes(memory.err, "memory limit exceeded");
  const calls = await burin("run", "sum.tape", "-f", "shout", "--host-calls", "0", "abcd");
  assertStringIncludes(calls.err, "host call limit exceeded");
  const fuelForever = ["--fuel", "0xffffffffffffffff"];
  const time = await burin("run", "sum.tape", "-f", "spin", ...fuelForever, "--timeout", "20");
  assertEquals([time.code, time.err.trimEnd()], [1, "trap at f2 pc=0: timed out (in spin)"]);
});

Deno.test("burin run offers printing and a key-value store", async () => {
  const printed = await burin("run", "sum.tape", "-f", "shout", "héllo");
  assertEquals(printed.out, 'héllo\n"héllohéllo"\n');
  const { out } = await burin("run", "sum.tape", "-f", "count", "visits", "--json", "--accesses");
  assertEquals(JSON.parse(out), {
    ok: [{ t: "i64", v: "1" }],
    fuelUsed: 5,
    hostCalls: 2,
    accesses: [
      { access: "read", key: "input visits" },
      { access: "write", key: "input visits" },
    ],
  });
});

Deno.test("burin run --stats says what ran where", async () => {
  const { out, err } = await burin("run", "sum.tape", "--stats", "--tier", "interp", "2", "3");
  assertEquals(out, "5\n");
  assertMatch(err, /^tier interp\ncompiled 0 functions and 0 loops/);
  const json = await burin("run", "sum.tape", "--stats", "--json", "--tier", "interp", "2", "3");
  const { stats } = JSON.parse(json.out);
  assertEquals([stats.tier, stats.runs, stats.entries, stats.reasons], ["interp", 1, 0, []]);
  const traced = await burin("run", "sum.tape", "--stats", "--trace", "2", "3");
  assertMatch(
    traced.err,
    /note: (traced runs are interpreted|native code is not available)/,
  );
});

Deno.test("burin run --trace prints events in order", async () => {
  const { err } = await burin("run", "sum.tape", "--trace", "1", "2");
  const events = err.trimEnd().split("\n").map((line) => line.split(" ")[0]);
  assertEquals(events, ["run_start", "scope_enter", "instr", "instr", "scope_exit", "run_end"]);
});

Deno.test("burin says what is wrong with its arguments in one line and exits with 2", async () => {
  const cases: [string[], RegExp][] = [
    [["rum", "x"], /unknown command rum; did you mean `run`/],
    [["run"], /FILE is missing/],
    [["run", "absent.etp"], /^error: absent\.etp: no such file$/],
    [["run", "sum.etp", "1"], /f0 takes 2 arguments \(i64, i64\): got 1/],
    [["run", "sum.etp", "1", "x"], /argument 2 \(b\): "x" is not i64: expected a whole number/],
    [["run", "sum.etp", "1", "9223372036854775808"], /argument 2 .* is not i64/],
    [["run", "sum.etp", "--fule", "3"], /unknown flag --fule; did you mean `--fuel`/],
    [["run", "sum.etp", "--fuel", "-3", "1", "2"], /--fuel|unknown flag/],
    [["run", "sum.etp", "--fuel", "lots", "1", "2"], /--fuel lots: expected a whole number/],
    [["run", "sum.etp", "--memory", "lots", "1", "2"], /--memory lots: expected bytes/],
    [["run", "sum.etp", "--timeout", "soon", "1", "2"], /--timeout soon: expected milliseconds/],
    [["run", "sum.etp", "--func", "mian", "1", "2"], /no such function; did you mean `main`/],
    [["run", "sum.etp", "--func", "99", "1", "2"], /functions 0 to 6/],
    [["run", "sum.etp", "--tier", "turbo", "1", "2"], /--tier turbo: expected one of auto, interp/],
    [["run", "latin1.tape"], /is not UTF-8 text/],
    [["asm", "sum.tape", "-o", "/nowhere/x.etp"], /\/nowhere\/x\.etp: no such folder/],
    [["verify", "sum.etp", "more"], /unexpected argument "more"/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await burin(...args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertMatch(err.trimEnd(), message);
    assertEquals(err.trimEnd().split("\n").length, 1, args.join(" "));
  }
});

Deno.test("burin refuses what is no valid program and exits with 3", async () => {
  const cases: [string, RegExp, string][] = [
    ["cut.etp", /cut\.etp: .*byte 13: a section length is 104/, "decodeError"],
    ["empty.etp", /empty\.etp: /, "decodeError"],
    ["noise.etp", /noise\.etp: /, "decodeError"],
    ["unverifiable.tape", /expected u64/, "verifyError"],
    ["bad.tape", /bad\.tape:2:7[\s\S]*i64\.ad[\s\S]*\^/, "assembleError"],
  ];
  for (const [file, message, key] of cases) {
    const { code, err, out } = await burin("run", file, "1");
    assertEquals([code, out], [3, ""], file);
    assertMatch(err, message);
    const json = await burin("verify", file, "--json");
    assertEquals(json.code, 3);
    assert(key in JSON.parse(json.out), `${file}: ${json.out}`);
  }
});

Deno.test("burin verify, asm, dis and info", async () => {
  assertEquals((await burin("verify", "sum.etp")).out, "sum.etp: valid, 7 functions\n");
  const asm = await burin("asm", "sum.tape");
  assertEquals(asm.files.get("sum.etp"), encodeProgram(assemble(SUM)));
  assertMatch(asm.out, /^sum\.etp: \d+ bytes\n$/);
  const dis = await burin("dis", "sum.etp");
  assertEquals(encodeProgram(assemble(dis.out)), encodeProgram(assemble(SUM)));
  const info = JSON.parse((await burin("info", "sum.etp", "--json")).out);
  assertEquals(info.name, "demo");
  assertEquals(info.functions[1].name, "divide");
  assertEquals(info.hostFunctions.length, 3);
  assertStringIncludes((await burin("info", "sum.etp")).out, "f1 divide(i64, i64) -> (i64)");
});

Deno.test("burin has help for itself and each command", async () => {
  const general = await burin("--help");
  assertEquals(general.code, 0);
  for (const command of ["run", "verify", "asm", "dis", "info", "explain"]) {
    assertStringIncludes(general.out, `  ${command}`);
    const help = await burin(command, "--help");
    assertEquals(help.code, 0);
    assertStringIncludes(help.out, `Usage: burin ${command}`);
    assertEquals((await burin("help", command)).out, help.out);
  }
  assertEquals((await burin()).code, 2);
});
