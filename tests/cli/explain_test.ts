/**
 * `burin explain`: goldens of what depends on the bytecode alone, and for the stages behind it the
 * properties that hold whatever the optimiser and the back ends make of a function.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertSnapshot } from "@std/testing";
import fc from "fast-check";
import { formatMachineCode } from "../../src/cli/explain/asm_text.ts";
import { listBytecode } from "../../src/cli/explain/bytecode.ts";
import { irGraph } from "../../src/cli/explain/graph.ts";
import { irText } from "../../src/cli/explain/ir_text.ts";
import { layoutGraph, type Rect } from "../../src/cli/explain/layout.ts";
import { listMachineCode } from "../../src/cli/explain/machine.ts";
import { diffLines, formatPasses, PassRecorder } from "../../src/cli/explain/passes.ts";
import { contextField } from "../../src/cli/explain/site_text.ts";
import { graphToSvg } from "../../src/cli/explain/svg.ts";
import { TARGET_NAMES } from "../../src/cli/explain/target.ts";
import { main } from "../../src/cli/main.ts";
import { LowerError } from "../../src/front/lower_error.ts";
import { lowerFunction } from "../../src/front/tape.ts";
import { Cfg } from "../../src/ir/cfg.ts";
import { Context } from "../../src/ir/context.ts";
import { Dominators } from "../../src/ir/dominators.ts";
import { Func } from "../../src/ir/func.ts";
import { Loops } from "../../src/ir/loops.ts";
import { Op, Type } from "../../src/ir/opcodes.ts";
import { parse } from "../../src/ir/parse.ts";
import { print } from "../../src/ir/print.ts";
import { assemble } from "../../src/tape/assemble.ts";
import { decodeProgram } from "../../src/tape/decode.ts";
import { type VerifiedProgram, verify } from "../../src/tape/verify.ts";

const GOLDEN = new URL("../golden/explain/", import.meta.url).pathname;

const DEMO = `
program demo

host burin.print(str) -> ()

; Two loops, one in the other; traps, a call, a host call, spans, and a block nobody reaches.
func grid(rows: i64, columns: i64) -> (sum: i64) {
  zero = const.i64 0
  one = const.i64 1
  sum = const.i64 0
  row = const.i64 0
  jmp next_row

.span 7
next_row:
  more = i64.lt row, rows
  br more, start_row, done

start_row:
  column = const.i64 0
  jmp next_column

.span 8
next_column:
  more = i64.lt column, columns
  br more, cell, end_row

cell:
  part = i64.div columns, row
  twice = call double(part)
  sum = i64.add sum, twice
  column = i64.add column, one
  bad = i64.lt sum, zero
  br bad, fail, next_column

.span 7
end_row:
  text = const.pool "row <&>"
  host_call burin.print(text)
  row = i64.add row, one
  jmp next_row

fail:
  trap 9

done:
  ret sum

dead:
  jmp done
}

func double(x: i64) -> (i64) {
  y = i64.add x, x
  ret y
}

func half(x: f64) -> (f64) {
  h = const.f64 0.5
  y = f64.mul x, h
  ret y
}

; A result register listed twice with different types is the one thing that is not lowered.
func pair() -> (i64, f64) {
  a = const.i64 1
  b = const.f64 1.0
  ret a, b
}

func clash() -> () {
  r5, r5 = call pair()
  ret
}

func empty() -> () {
}
`;

const decoder = new TextDecoder();

async function burin(
  ...args: string[]
): Promise<{ code: number; out: string; err: string; files: Map<string, Uint8Array> }> {
  const files = new Map<string, Uint8Array>([["demo.tape", new TextEncoder().encode(DEMO)]]);
  let out = "", err = "";
  const code = await main(args, {
    readFile: (path) => files.get(path) ?? Deno.readFileSync(path),
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

async function explained(...args: string[]): Promise<string> {
  const { code, out, err } = await burin("explain", "demo.tape", ...args);
  assertEquals([code, err], [0, ""], args.join(" "));
  return out;
}

function golden(t: Deno.TestContext, name: string, text: string): void {
  assertSnapshot(t, text, { path: `${GOLDEN}${name}` });
}

Deno.test("explain lists bytecode with blocks, fuel segments and spans", async (t) => {
  golden(t, "grid_bytecode.txt", await explained("--emit", "bytecode"));
  // What is not lowered has bytecode all the same.
  assertStringIncludes(await explained("-e", "bytecode", "-f", "clash"), "fuel segments unknown");
});

Deno.test("explain draws the graph of bytecode as text and as a picture", async (t) => {
  golden(t, "grid_cfg.txt", await explained("-e", "cfg", "--stage", "bytecode"));
  const svg = await explained("-e", "cfg", "--stage", "bytecode", "--format", "svg");
  golden(t, "grid_cfg.svg", svg);
  assertStringIncludes(svg, "row &lt;&amp;&gt;");
  const written = await burin("explain", "demo.tape", "--stage", "bytecode", "--svg", "g.svg");
  assertEquals(decoder.decode(written.files.get("g.svg")), svg);
});

Deno.test("explain shows IR that reads back, before and after optimisation", async () => {
  const verified = verify(assemble(DEMO));
  const ir = await explained("-e", "ir");
  assertEquals(print(parse(ir)), print(lowerFunction(verified, 0, { requests: true })));
  assertMatch(ir, /exit \d+, site\d+ at \d+ +; request HostCall/);
  assertMatch(ir, /trap_if v\d+, site\d+ at \d+ +; division by zero/);
  assertMatch(await explained("-e", "ir", "-f", "grid"), /call f1\(.*; double/);
  const opt = await explained("-e", "opt");
  parse(opt);
  assert(opt.split("\n").length < ir.split("\n").length + 40);
  assert(opt !== ir);
});

Deno.test("explain shows what each pass changed", async () => {
  const { passes } = JSON.parse(await explained("-e", "passes", "--json"));
  assert(passes.length > 3);
  assert(passes.some((pass: { blocks: unknown[] }) => pass.blocks.length > 0));
  for (const { before, after, blocks } of passes) {
    const signs = blocks.flatMap((block: { lines: string[] }) =>
      block.lines.filter((line) => line.slice(2).startsWith("  ")).map((line) => line[0])
    );
    const count = (sign: string) => signs.filter((entry: string) => entry === sign).length;
    assertEquals(after - before, count("+") - count("-"));
  }
  const text = await explained("-e", "passes");
  assertMatch(text, /^── \w+/);
  assertMatch(text, /^changed nothing: /m);
});

Deno.test("a pass recorder tells changed, new and removed blocks", () => {
  const func = parse(`func f(i64) -> i64 {
block0(v0: i64):
  jump block1(v0)
block1(v1: i64):
  v2 = iadd.i64 v1, v1
  v3 = iadd.i64 v2, v1
  ret v2
}`);
  const recorder = new PassRecorder(func);
  recorder.record("nothing", func);
  func.erase(func.prev[func.last[func.blockNext[0]]]);
  recorder.record("dead code", func);
  // Ids are the parser's business.
  assertEquals(formatPasses(recorder.passes, 1).map((line) => line.replace(/v\d+/g, "v")), [
    "── dead code: 4 → 3 instructions",
    "  block1(v: i64):",
    "    v = iadd.i64 v, v",
    "-   v = iadd.i64 v, v",
    "    ret v",
    "",
    "changed nothing: nothing",
  ]);
});

Deno.test("diffs turn the old lines into the new ones", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
  fc.assert(fc.property(lines, lines, (a, b) => {
    const diff = diffLines(a, b);
    const side = (gone: string) =>
      diff.filter((line) => line[0] !== gone).map((line) => line.slice(2));
    assertEquals(side("+"), a);
    assertEquals(side("-"), b);
  }));
});

Deno.test("explain shows machine code of both targets beside its bytecode", async () => {
  for (const target of TARGET_NAMES) {
    const text = await explained("--target", target, "-f", "grid");
    assertStringIncludes(text, `f0 grid(i64, i64) -> (i64), ${target}\n`);
    assertMatch(text, /^frame \d+ bytes: \d+ spill slots?, \d+ bytes for arguments/m);
    assertMatch(text, /; fuel\n.*; → out of fuel at pc 0/);
    assertMatch(text, /; → division by zero at pc \d+/);
    assertMatch(text, /^ +division by zero at pc \d+:$/m);
    assertStringIncludes(text, "[ctx.leave]");
    assertStringIncludes(text, "thunk: arguments from ctx.area");
    assertStringIncludes(text, 'r12 = const.pool "row <&>"');
    const half = await explained("--target", target, "-f", "half");
    assertMatch(half, target === "x64" ? /mulsd xmm0/ : /fmul d0/);
  }
  const modern = await explained("--target", "x64", "--json");
  const { code, instructions, frame } = JSON.parse(modern);
  assertEquals(
    instructions.map((line: { bytes: string }) => line.bytes.replaceAll(" ", "")).join(""),
    code,
  );
  assert(frame.bytes >= 8 + 8 * frame.slots);
});

/** Functions of the recorded programs, one in `step`, that can be compiled. */
function* corpusFunctions(step: number): Generator<[VerifiedProgram, number, Func]> {
  const folder = new URL("../corpus/extape/p/", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
  for (let i = 0; i < names.length; i += step) {
    let verified: VerifiedProgram;
    try {
      verified = verify(decodeProgram(Deno.readFileSync(new URL(names[i], folder))));
    } catch {
      continue; // programs that are refused are part of the corpus
    }
    for (let func = 0; func < Math.min(3, verified.functions.length); func++) {
      try {
        yield [verified, func, lowerFunction(verified, func, { requests: true })];
      } catch (error) {
        if (!(error instanceof LowerError)) throw error;
      }
    }
  }
}

Deno.test("listings of recorded programs are complete", () => {
  let seen = 0;
  const plain = { bold: (text: string) => text, dim: (text: string) => text };
  for (const [verified, func] of corpusFunctions(23)) {
    const bytecode = listBytecode(verified, func, undefined);
    if (bytecode.lines.length > 400) continue;
    for (const target of TARGET_NAMES) {
      const ir = lowerFunction(verified, func, { requests: true });
      const machine = listMachineCode(ir, func, target, false);
      let end = 0;
      for (const { offset, bytes, text, section } of machine.lines) {
        assertEquals(offset, end);
        end += bytes.replaceAll(" ", "").length / 2;
        if (section !== "data" && text !== ".word") {
          assert(!/\(bad\)|\.inst/.test(text), `${target}: ${text} at ${offset}`);
        }
      }
      assertEquals(end, machine.compiled.code.length);
      const { sizes } = machine;
      assertEquals(sizes.body + sizes.exits + sizes.thunk + sizes.data, end);
      // Every reachable instruction has its line, once as a heading.
      const shown = formatMachineCode(machine, bytecode, plain);
      for (const { pc, text, block } of bytecode.lines) {
        if (!bytecode.blocks[block].reachable) continue;
        const pattern = `${String(pc).padStart(String(bytecode.lines.at(-1)!.pc).length)}  ${text}`;
        const headings = shown.filter((line) =>
          line.trimEnd().replace(/ {2}\(no code\)$/, "") === `  ${pattern}`
        );
        const isCoded = machine.lines.some((line) => line.isNewPc && line.pc === pc);
        assert(headings.length === 1 || !isCoded && headings.length === 0, `${pattern}`);
      }
      seen++;
    }
  }
  assert(seen > 20, `only ${seen} listings`);
});

Deno.test("graphs of recorded programs are drawn", () => {
  for (const [verified, func, ir] of corpusFunctions(37)) {
    const graph = irGraph(ir, verified.program, "graph");
    const svg = graphToSvg(graph);
    assert(!/="[^"]*(NaN|Infinity)/.test(svg), `no number in the picture of function ${func}`);
    assertEquals(svg.match(/<g class="block/g)?.length, graph.blocks.length);
    const edges = graph.blocks.reduce((count, block) => count + block.edges.length, 0);
    assertEquals(svg.match(/<path class="tip-/g)?.length ?? 0, edges);
    parse(irText(ir, verified.program));
  }
});

Deno.test("jump tables are shown as data", () => {
  const text = `func f(i32) -> i32 {
block0(v0: i32):
  br_table v0, [block1, block2, block1, block2, block3], block3
block1:
  v1 = iconst.i32 10
  ret v1
block2:
  v2 = iconst.i32 20
  ret v2
block3:
  v3 = iconst.i32 30
  ret v3
}`;
  for (const target of TARGET_NAMES) {
    const { lines, sizes } = listMachineCode(parse(text), 0, target, true);
    assert(!lines.some((line) => /\(bad\)|\.inst/.test(line.text)), target);
    const tableBytes = target === "a64"
      ? lines.filter((line) => line.text === ".word").length * 4
      : sizes.data;
    assert(tableBytes >= 20, `${target}: ${tableBytes}`);
  }
});

Deno.test("layouts never overlap, whatever the graph", () => {
  const shape = fc.array(
    fc.record({
      targets: fc.array(fc.nat(30), { maxLength: 3 }),
      width: fc.integer({ min: 20, max: 300 }),
      height: fc.integer({ min: 20, max: 200 }),
      isCold: fc.boolean(),
    }),
    { minLength: 1, maxLength: 14 },
  );
  fc.assert(
    fc.property(shape, (nodes) => {
      const successors = nodes.map((node, i) =>
        // Each block is reached from the one before it.
        [i + 1, ...node.targets].map((to) => to % nodes.length)
      );
      const skeleton = new Func("", [], []);
      nodes.forEach(() => skeleton.addBlock());
      successors.forEach((to, block) =>
        skeleton.append(block, Op.br_table, Type.VOID, 0, skeleton.addTargets(to))
      );
      const cfg = new Cfg(skeleton), loops = new Loops(cfg, new Dominators(cfg));
      const edges = successors.flatMap((targets, from) => targets.map((to) => ({ from, to })));
      const layout = layoutGraph({
        blocks: nodes.map((node, i) => ({
          ...node,
          loop: loops.loopOf[i],
          order: cfg.rpoIndex[i],
        })),
        edges,
        loops: Array.from({ length: loops.count }, (_, loop) => ({
          header: loops.header[loop],
          parent: loops.parent[loop],
        })),
      });
      const page = { x: 0, y: 0, width: layout.width, height: layout.height };
      layout.blocks.forEach((a, i) => {
        assert(isWithin(a, page), `block ${i} is outside the page`);
        layout.blocks.forEach((b, j) => assert(i === j || !touch(a, b), `${i} and ${j} overlap`));
        layout.loops.forEach((box, loop) => {
          if (loops.contains(loop, i)) assert(isWithin(a, box), `${i} sticks out of loop ${loop}`);
          else assert(!touch(a, box), `${i} lies in loop ${loop}`);
        });
      });
      layout.edges.forEach(({ curve, corners }, e) => {
        const { from, to } = edges[e];
        const start = curve[0], end = corners.at(-1) ?? curve.at(-1)!;
        assertEquals(start.y, layout.blocks[from].y + layout.blocks[from].height);
        assertEquals(end.y, layout.blocks[to].y);
        curve.forEach((point, i) => assert(i === 0 || point.y >= curve[i - 1].y, "runs upwards"));
        assertEquals(corners.length > 0, cfg.rpoIndex[to] <= cfg.rpoIndex[from]);
      });
    }),
    { numRuns: 150 },
  );
});

function touch(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height &&
    b.y < a.y + a.height;
}

function isWithin(a: Rect, b: Rect): boolean {
  const slack = 1e-6;
  return a.x >= b.x - slack && a.y >= b.y - slack &&
    a.x + a.width <= b.x + b.width + slack && a.y + a.height <= b.y + b.height + slack;
}

Deno.test("context fields have their names", () => {
  assertEquals(contextField(Context.leave), "ctx.leave");
  assertEquals(contextField(Context.area + 16), "ctx.area[2]");
  assertEquals(contextField(Context.scratch), "ctx.scratch[0]");
  assertEquals(contextField(Context.fuel + 4), "ctx.fuel+4");
});

Deno.test("explain takes functions without code", async () => {
  assertStringIncludes(await explained("-f", "empty", "-e", "bytecode"), "0 instructions");
  for (const stage of ["bytecode", "ir"]) {
    const args = ["-f", "empty", "-e", "cfg", "--stage", stage];
    assertStringIncludes(await explained(...args), stage === "ir" ? "1 block," : "0 blocks,");
    assertMatch(await explained(...args, "--format", "svg"), /^<svg[^]*<\/svg>\n$/);
  }
  for (const target of TARGET_NAMES) {
    assertStringIncludes(await explained("-f", "empty", "--target", target), "invalid pc at pc 0");
  }
});

Deno.test("explain refuses what is not lowered, with opcode and pc", async () => {
  for (const emit of ["ir", "opt", "passes", "asm", "cfg"]) {
    const { code, out, err } = await burin("explain", "demo.tape", "-f", "clash", "--emit", emit);
    assertEquals([code, out], [3, ""]);
    assertMatch(err, /^refused: f4 cannot be compiled: call \(opcode 0x50\) at pc 0: .*\n$/);
  }
  const { code, out } = await burin("explain", "demo.tape", "-f", "clash", "--json");
  assertEquals(code, 3);
  const { func, pc, opcode, mnemonic } = JSON.parse(out).lowerError;
  assertEquals([func, pc, opcode, mnemonic], [4, 0, 0x50, "call"]);
});

Deno.test("explain knows exits for want of fuel, which come back", async () => {
  for (const target of ["x64", "a64"]) {
    const { code, out } = await burin("explain", "demo.tape", "--emit", "asm", "--target", target);
    assertEquals(code, 0);
    const lines = out.split("\n");
    const back = lines.filter((line) => line.endsWith("; with more fuel"));
    assert(back.length > 0, target);
    const stubs = lines.filter((line) => /^ +out of fuel at pc .*:$/.test(line));
    assertEquals(stubs.length, back.length, `${target}: each charge has a stub that comes back`);
  }
});

Deno.test("explain says what is wrong with its arguments", async () => {
  const cases: [string[], RegExp][] = [
    [["--emit", "ast"], /--emit ast: expected one of bytecode, ir, opt, passes, asm, cfg/],
    [["--emit", "am"], /--emit am: expected one of .*did you mean `asm`/],
    [["--target", "x86"], /--target x86: expected one of a64, x64/],
    [["--emit", "cfg", "--stage", "asm"], /--stage asm: expected one of bytecode, ir, opt/],
    [["--emit", "asm", "--svg", "x.svg"], /--svg goes with --emit cfg: got --emit asm/],
    [["--svg", "/nowhere/x.svg"], /\/nowhere\/x\.svg: no such folder/],
    [["--func", "gird"], /no such function; did you mean `grid`/],
    [["more"], /unexpected argument "more"/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await burin("explain", "demo.tape", ...args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertMatch(err, message);
  }
});

Deno.test("explain needs no permission but to read", async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "src/cli/main.ts", "explain", "examples/fib.tape"],
    cwd: root,
  }).output();
  assertEquals([code, decoder.decode(stderr)], [0, ""]);
  assertStringIncludes(decoder.decode(stdout), "cold exits");
});
