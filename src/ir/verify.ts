/**
 * Checks that a function is well-formed: structure, operands, types, dominance, sites.
 *
 * Every rule has a name, and every complaint names the rule, the block and the instruction. It
 * believes nothing, not even the linked lists, so it can be run after any pass. What it cannot know
 * are the conditions of guarded operations (see `Flag.GUARDED`).
 *
 * @module
 */
import { Cfg } from "./cfg.ts";
import { Dominators } from "./dominators.ts";
import type { Func } from "./func.ts";
import {
  COND_NAMES,
  FCOND_NAMES,
  isTerminator,
  Op,
  OP_HAS_SITE,
  OP_LIST,
  OP_NAMES,
  OP_RESULT,
  OP_SHAPE,
  OP_TABLE,
  OP_VALUES,
  type OpName,
  SAME_AS_A,
  SAME_AS_RESULT,
  Shape,
  type ShapeCode,
  Type,
  TYPE_BYTES,
  TYPE_NAMES,
  typeBit,
} from "./opcodes.ts";
import { printInstRaw } from "./print.ts";

/** Names of the rules. */
export type Rule =
  | "layout" // block list, instruction lists and owners agree
  | "entry" // there is an entry; its parameters are the signature's; nothing branches to it
  | "opcode" // the opcode exists
  | "terminator" // a block ends with a terminator and has no other
  | "param" // parameters stand first, numbered in order
  | "proj" // results stand right behind their call, numbered in order
  | "result" // the result type is one the opcode allows
  | "operand" // an operand is a value that exists
  | "operand-type" // ... of a type the opcode allows
  | "dominance" // ... whose definition dominates the use
  | "condition" // a condition code exists
  | "constant" // a constant is in the pool and fits its type
  | "context" // a context offset is aligned and not negative
  | "target" // a branch has its targets and they exist
  | "arguments" // arguments match the target's parameters, the callee's, the signature's results
  | "site" // a site exists and is of the right kind
  | "fuel" // a fuel charge is positive and its site has a pc for each unit
  | "unreachable"; // every block is reachable (only if asked for)

/** One complaint. */
export interface Violation {
  /** The broken rule. */
  rule: Rule;
  /** Block id, -1 if it isn't about one. */
  block: number;
  /** Instruction id, -1 if it isn't about one. */
  inst: number;
  /** What is wrong, with block and instruction. */
  message: string;
}

/** What to check besides the function itself. */
export interface VerifyOptions {
  /** Complain about unreachable blocks. */
  rejectUnreachable?: boolean;
  /** Functions by index, to check direct calls against. */
  functions?: readonly Pick<Func, "paramTypes" | "resultTypes">[];
}

/** Everything wrong with the function; empty if it is well-formed. */
export function verify(f: Func, options: VerifyOptions = {}): Violation[] {
  const found: Violation[] = [];
  checkLayout(f, found);
  if (found.length > 0) return found; // the lists cannot be walked safely
  const report: Report = (rule, block, inst, what) => {
    const at = inst < 0 ? "" : ` '${safeText(f, inst)}' (v${inst})`;
    found.push({ rule, block, inst, message: `${rule}: block${block}${at}: ${what}` });
  };
  for (let block = 0; block >= 0; block = f.blockNext[block]) {
    checkBlock(f, block, options, report);
  }
  checkEntry(f, report);
  // Dominance needs a graph to speak of.
  if (!found.some((v) => v.rule === "terminator" || v.rule === "target" || v.rule === "opcode")) {
    checkDominance(f, options, report);
  }
  return found;
}

/** Throws an internal error that lists what is wrong; `when` says after which step. */
export function assertValid(f: Func, when: string, options: VerifyOptions = {}): void {
  const found = verify(f, options);
  if (found.length === 0) return;
  const list = found.slice(0, 10).map((v) => `  ${v.message}`).join("\n");
  throw new Error(`internal: malformed function '${f.name}' after ${when}:\n${list}`);
}

type Report = (rule: Rule, block: number, inst: number, what: string) => void;

/** The instruction as text; a broken one may not be printable. */
function safeText(f: Func, v: number): string {
  try {
    return printInstRaw(f, v);
  } catch {
    return OP_NAMES[f.op[v]];
  }
}

function checkLayout(f: Func, found: Violation[]): void {
  const fail = (block: number, inst: number, what: string) =>
    found.push({ rule: "layout", block, inst, message: `layout: block${block}: ${what}` });
  if (f.blockCount === 0) {
    found.push({ rule: "entry", block: -1, inst: -1, message: "entry: there is no entry block" });
    return;
  }
  const seenBlock = new Uint8Array(f.blockCount), seen = new Uint8Array(f.count);
  let before = -1;
  for (let block = 0; block !== -1; before = block, block = f.blockNext[block]) {
    if (block < 0 || block >= f.blockCount) return void fail(before, -1, `leads to block${block}`);
    if (seenBlock[block]) return void fail(block, -1, "is in the layout twice");
    seenBlock[block] = 1;
    if (!f.inLayout[block]) fail(block, -1, "is in the layout but marked erased");
    if (f.blockPrev[block] !== before) fail(block, -1, "has a wrong predecessor in the layout");
    let last = -1;
    for (let v = f.first[block]; v !== -1; last = v, v = f.next[v]) {
      if (v < 0 || v >= f.count) return void fail(block, last, `instruction list leads to v${v}`);
      if (seen[v]) return void fail(block, v, `v${v} is in the instruction lists twice`);
      seen[v] = 1;
      if (f.block[v] !== block) fail(block, v, `v${v} thinks it is in block${f.block[v]}`);
      if (f.prev[v] !== last) fail(block, v, `v${v} has a wrong predecessor`);
    }
    if (f.last[block] !== last) fail(block, last, "has a wrong last instruction");
  }
  if (f.lastBlock !== before) fail(before, -1, "is not recorded as the last block");
}

function checkEntry(f: Func, report: Report): void {
  const types = f.params(0).map((v) => f.type[v]);
  if (types.join() !== f.paramTypes.join()) {
    report("entry", 0, -1, `parameters (${names(types)}), signature (${names(f.paramTypes)})`);
  }
  for (let block = 0; block >= 0; block = f.blockNext[block]) {
    const t = f.terminator(block);
    for (let k = 0; k < f.targetCount(t); k++) {
      if (f.targetBlock(t, k) === 0) report("entry", block, t, "branches to the entry block");
    }
  }
}

function names(types: readonly number[]): string {
  return types.map((t) => TYPE_NAMES[t] ?? t).join(", ");
}

function checkBlock(f: Func, block: number, options: VerifyOptions, report: Report): void {
  let params = 0, inHead = true, lastParam = -1;
  for (let v = f.first[block]; v >= 0; v = f.next[v]) {
    const op = f.op[v];
    if (OP_NAMES[op] === "" || op === Op.none) {
      report("opcode", block, v, `opcode ${op} does not exist`);
      continue;
    }
    if (op === Op.param) {
      if (!inHead) report("param", block, v, "parameter behind other instructions");
      if (f.b[v] !== params) report("param", block, v, `is number ${f.b[v]}, stands at ${params}`);
      params++;
      lastParam = v;
    } else {
      inHead = false;
    }
    if (isTerminator(op) && f.next[v] >= 0) report("terminator", block, v, "in mid-block");
    checkInst(f, block, v, options, report);
  }
  if (params !== f.paramCount[block] || lastParam !== f.lastParam[block]) {
    report("param", block, -1, `records ${f.paramCount[block]} parameters, has ${params}`);
  }
  if (f.terminator(block) < 0) report("terminator", block, -1, "does not end with one");
}

function checkInst(
  f: Func,
  block: number,
  v: number,
  options: VerifyOptions,
  report: Report,
): void {
  const op = f.op[v], type = f.type[v], shape = OP_SHAPE[op] as ShapeCode;
  const row = OP_TABLE[OP_NAMES[op] as OpName];
  const fail = (rule: Rule, what: string) => report(rule, block, v, what);

  const typeOk = OP_RESULT[op] === 0 ? type === Type.VOID : (OP_RESULT[op] & typeBit(type)) !== 0;
  if (!typeOk || TYPE_NAMES[type] === undefined) {
    fail("result", `result type ${TYPE_NAMES[type] ?? type} is not allowed`);
  }
  // Typed operands in a, b, c.
  const fields = [f.a[v], f.b[v], f.c[v]];
  if (shape !== Shape.proj) {
    for (let i = 0; i < OP_VALUES[op]; i++) {
      const operand = fields[i];
      if (!isValue(f, operand)) {
        fail("operand", `operand v${operand} is not a value`);
        continue;
      }
      const rule = row[2][i], have = f.type[operand];
      const want = rule === SAME_AS_RESULT
        ? typeBit(type)
        : rule === SAME_AS_A
        ? (isValue(f, fields[0]) ? typeBit(f.type[fields[0]]) : 0xf)
        : rule;
      if ((typeBit(have) & want) === 0) {
        fail("operand-type", `operand v${operand} is ${TYPE_NAMES[have]}`);
      }
    }
  }
  if (op === Op.bitcast && isValue(f, f.a[v])) {
    const from = f.type[f.a[v]];
    if (TYPE_BYTES[from] !== TYPE_BYTES[type] || (from >= Type.F32) === (type >= Type.F32)) {
      fail("operand-type", `no bitcast from ${TYPE_NAMES[from]} to ${TYPE_NAMES[type]}`);
    }
  }
  if (OP_LIST[op] === 1) checkList(f, f.b[v], fail);
  if (OP_HAS_SITE[op]) checkSite(f, v, fail);

  switch (shape) {
    case Shape.compare: {
      const known = op === Op.icmp ? COND_NAMES.length : FCOND_NAMES.length;
      if (f.aux[v] >= known) fail("condition", `condition ${f.aux[v]} does not exist`);
      break;
    }
    case Shape.constant:
      if (f.a[v] < 0 || f.a[v] >= f.constantCount) {
        fail("constant", `constant ${f.a[v]} is not in the pool`);
      } else if (type === Type.I32 && f.constHi(v) !== f.constLo(v) >> 31) {
        fail("constant", "i32 is not sign-extended");
      } else if (type === Type.F32 && f.constHi(v) !== 0) {
        fail("constant", "f32 has bits in the high half");
      }
      break;
    case Shape.ctx_load:
    case Shape.ctx_store: {
      const width = TYPE_BYTES[shape === Shape.ctx_load ? type : f.type[f.a[v]]] || 8;
      if (f.c[v] < 0 || f.c[v] % width !== 0) {
        fail("context", `offset ${f.c[v]} is not a multiple of ${width}`);
      }
      break;
    }
    case Shape.proj: {
      const before = f.prev[v], call = f.a[v];
      const afterCall = before === call && f.b[v] === 0;
      const afterProj = before >= 0 && f.op[before] === Op.proj && f.a[before] === call &&
        f.b[before] === f.b[v] - 1;
      const isCall = call >= 0 && call < f.count && OP_LIST[f.op[call]] === 1 &&
        f.op[call] !== Op.ret;
      if (!isCall || (!afterCall && !afterProj)) {
        fail("proj", `result ${f.b[v]} of v${call} does not stand right behind it`);
      }
      break;
    }
    case Shape.jump:
      checkTargets(f, v, 1, 1, fail);
      break;
    case Shape.br_if:
      checkTargets(f, v, 2, 2, fail);
      break;
    case Shape.br_table:
      checkTargets(f, v, 1, Infinity, fail);
      break;
    case Shape.ret:
      checkArguments(f, f.b[v], f.resultTypes, "the signature's results", fail);
      break;
    case Shape.call: {
      const callee = options.functions?.[f.a[v]];
      if (f.a[v] < 0 || (options.functions !== undefined && callee === undefined)) {
        fail("arguments", `function f${f.a[v]} does not exist`);
      }
      if (callee === undefined) break;
      checkArguments(f, f.b[v], callee.paramTypes, `the parameters of f${f.a[v]}`, fail);
      const results: number[] = [];
      for (let p = f.next[v], n = f.resultCount(v); n > 0; n--, p = f.next[p]) {
        results.push(f.type[p]);
      }
      if (results.join() !== callee.resultTypes.join()) {
        const want = names(callee.resultTypes);
        fail("arguments", `results (${names(results)}), f${f.a[v]} returns (${want})`);
      }
      break;
    }
    case Shape.call_native:
      if (f.resultCount(v) > 1) fail("proj", "a native call has at most one result");
      break;
  }
}

function isValue(f: Func, v: number): boolean {
  return v >= 0 && v < f.count && f.op[v] !== Op.none && f.type[v] !== Type.VOID &&
    f.block[v] >= 0;
}

type Fail = (rule: Rule, what: string) => void;

function isList(f: Func, list: number): boolean {
  return list === 0 || (list > 0 && list < f.extraLength &&
    f.extra[list] >= 0 && list + f.extra[list] < f.extraLength);
}

function checkList(f: Func, list: number, fail: Fail): boolean {
  if (!isList(f, list)) {
    fail("operand", `list ${list} is not in the pool`);
    return false;
  }
  for (const value of f.listValues(list)) {
    if (!isValue(f, value)) {
      fail("operand", `operand v${value} is not a value`);
      return false;
    }
  }
  return true;
}

function checkArguments(
  f: Func,
  list: number,
  types: readonly number[],
  of: string,
  fail: Fail,
): void {
  // Anything else about the list is reported by checkList.
  if (!isList(f, list) || !f.listValues(list).every((v) => isValue(f, v))) return;
  const have = f.listValues(list).map((v) => f.type[v]);
  if (have.join() !== types.join()) {
    fail("arguments", `(${names(have)}), but ${of} are (${names(types)})`);
  }
}

function checkTargets(f: Func, v: number, min: number, max: number, fail: Fail): void {
  const record = f.b[v];
  const n = record > 0 && record < f.extraLength ? f.extra[record] : -1;
  if (n < min || n > max || record + 2 * n >= f.extraLength) {
    return fail("target", `has ${n} targets`);
  }
  for (let k = 0; k < n; k++) {
    const block = f.targetBlock(v, k), list = f.targetArgs(v, k);
    if (block < 0 || block >= f.blockCount || !f.inLayout[block]) {
      fail("target", `block${block} does not exist`);
    } else if (checkList(f, list, fail)) {
      const types = f.params(block).map((p) => f.type[p]);
      checkArguments(f, list, types, `the parameters of block${block}`, fail);
    }
  }
}

function checkSite(f: Func, v: number, fail: Fail): void {
  const op = f.op[v], site = f.sites[f.c[v]];
  if (site === undefined) return fail("site", `site${f.c[v]} does not exist`);
  const kind = op === Op.fuel
    ? "fuel"
    : op === Op.exit
    ? "exit"
    : op === Op.trap || op === Op.trap_if || op === Op.trap_unless
    ? "trap"
    : "depth";
  if (site.kind !== kind) fail("site", `site${f.c[v]} is of kind ${site.kind}, not ${kind}`);
  if (op !== Op.fuel || site.kind !== "fuel") return;
  if (f.a[v] <= 0) fail("fuel", `charge ${f.a[v]} is not positive`);
  if (site.pcs.length !== f.a[v]) {
    fail("fuel", `charge ${f.a[v]}, but site${f.c[v]} has ${site.pcs.length} pcs`);
  }
  if (site.funcs.length !== 0 && site.funcs.length !== site.pcs.length) {
    fail("fuel", `site${f.c[v]} has ${site.pcs.length} pcs, ${site.funcs.length} functions`);
  }
}

function checkDominance(f: Func, options: VerifyOptions, report: Report): void {
  const cfg = new Cfg(f), dominators = new Dominators(cfg);
  const position = new Int32Array(f.count); // within its block
  for (let block = 0; block >= 0; block = f.blockNext[block]) {
    let i = 0;
    for (let v = f.first[block]; v >= 0; v = f.next[v]) position[v] = i++;
  }
  for (let block = 0; block >= 0; block = f.blockNext[block]) {
    if (!cfg.isReachable(block)) {
      // Whatever an unreachable block uses, it uses it never.
      if (options.rejectUnreachable) report("unreachable", block, -1, "is never reached");
      continue;
    }
    for (let v = f.firstInst(block); v >= 0; v = f.next[v]) {
      if (f.op[v] === Op.proj) continue;
      f.forEachUse(v, (u) => {
        if (!isValue(f, u)) return;
        const home = f.block[u];
        const fine = home === block ? position[u] < position[v] : dominators.dominates(home, block);
        if (!fine) report("dominance", block, v, `v${u} of block${home} may not be there yet`);
      });
    }
  }
}
