/**
 * Text form of the IR. Printing numbers blocks in layout order and values in order of appearance,
 * so equal functions print equally whatever their history, and `parse` of the text prints the same.
 *
 *     func sum(i64) -> i64 {
 *     block0(v0: i64):
 *       v1 = iconst.i64 0
 *       jump block1(v0, v1)
 *     ...
 *     }
 *     sites {
 *       site0 = fuel pcs [0, 3, 6]
 *     }
 *
 * The result type follows the opcode after a dot where the opcode allows several; ` at 12` gives the
 * guest pc; `@bytes` the region of a memory operation.
 *
 * @module
 */
import type { Func, Site } from "./func.ts";
import {
  COND_NAMES,
  FCOND_NAMES,
  Op,
  OP_NAMES,
  OP_RESULT,
  OP_SHAPE,
  REGION_NAMES,
  Type,
  TYPE_NAMES,
} from "./opcodes.ts";

/** How to print. */
export interface PrintOptions {
  /** Name values and blocks by their ids instead of renumbering them; for debugging. */
  rawIds?: boolean;
}

/** The text of a function, ending in a newline. */
export function print(f: Func, options: PrintOptions = {}): string {
  const values = new Int32Array(f.count), blocks = new Int32Array(f.blockCount);
  if (options.rawIds) {
    for (let v = 0; v < f.count; v++) values[v] = v;
    for (let block = 0; block < f.blockCount; block++) blocks[block] = block;
  } else {
    number(f, values, blocks);
  }
  const types = (list: readonly number[]) => list.map((t) => TYPE_NAMES[t]).join(", ");
  const out: string[] = [];
  const arrow = f.resultTypes.length === 0 ? "" : ` -> ${types(f.resultTypes)}`;
  out.push(`func ${printName(f.name)}(${types(f.paramTypes)})${arrow} {`);
  for (let block = f.blockCount === 0 ? -1 : 0; block >= 0; block = f.blockNext[block]) {
    const params = f.params(block).map((v) => `v${values[v]}: ${TYPE_NAMES[f.type[v]]}`);
    out.push(`block${blocks[block]}${params.length === 0 ? "" : `(${params.join(", ")})`}:`);
    for (let v = f.firstInst(block); v >= 0; v = f.next[v]) {
      if (f.op[v] === Op.proj && isAttached(f, v)) continue;
      out.push(`  ${printInst(f, v, values, blocks)}`);
    }
  }
  out.push("}");
  if (f.sites.length > 0) {
    out.push("sites {");
    f.sites.forEach((site, i) => out.push(`  site${i} = ${printSite(site)}`));
    out.push("}");
  }
  return out.join("\n") + "\n";
}

/** One instruction as text, values and blocks named by their ids. For messages. */
export function printInstRaw(f: Func, v: number): string {
  const size = Math.max(f.count, f.blockCount);
  const values = Int32Array.from({ length: size }, (_, i) => i);
  return printInst(f, v, values, values);
}

/** True for a projection that stands where it must, so that its call's line shows it. */
function isAttached(f: Func, v: number): boolean {
  return f.prev[v] >= 0 && f.b[v] < f.resultCount(f.a[v]) &&
    (f.prev[v] === f.a[v] || (f.op[f.prev[v]] === Op.proj && f.a[f.prev[v]] === f.a[v]));
}

function number(f: Func, values: Int32Array, blocks: Int32Array): void {
  let nextValue = 0, nextBlock = 0;
  values.fill(-1);
  for (let block = f.blockCount === 0 ? -1 : 0; block >= 0; block = f.blockNext[block]) {
    blocks[block] = nextBlock++;
    for (let v = f.first[block]; v >= 0; v = f.next[v]) {
      if (f.type[v] !== Type.VOID) values[v] = nextValue++;
    }
  }
}

function printName(name: string): string {
  return /^[A-Za-z_][\w.$]*$/.test(name) ? name : JSON.stringify(name);
}

function printSite(site: Site): string {
  const place = (pc: number, func: number) => func < 0 ? `${pc}` : `f${func}:${pc}`;
  switch (site.kind) {
    case "trap":
      return `trap ${site.code} pc ${place(site.pc, site.func)}`;
    case "fuel":
      return `fuel pcs [${site.pcs.map((pc, i) => place(pc, site.funcs[i] ?? -1)).join(", ")}]`;
    default:
      return `${site.kind} pc ${place(site.pc, site.func)}`;
  }
}

function printInst(
  f: Func,
  v: number,
  values: ArrayLike<number>,
  blocks: ArrayLike<number>,
): string {
  const op = f.op[v], shape = OP_SHAPE[op], result = OP_RESULT[op];
  const a = f.a[v], b = f.b[v], c = f.c[v];
  const list = (at: number) => f.listValues(at).map((x) => `v${values[x]}`).join(", ");
  const target = (k: number) => {
    const args = list(f.targetArgs(v, k));
    return `block${blocks[f.targetBlock(v, k)]}${args === "" ? "" : `(${args})`}`;
  };
  const address = () => {
    const region = REGION_NAMES[f.aux[v]] ?? f.aux[v];
    const sign = c < 0 ? "" : "+";
    return `v${values[a]}${c === 0 ? "" : sign + c}${f.aux[v] === 0 ? "" : ` @${region}`}`;
  };
  let text = OP_NAMES[op] || `op${op}`;
  // Where the opcode allows several result types, it says which.
  if ((result & (result - 1)) !== 0) text += `.${TYPE_NAMES[f.type[v]]}`;
  let assigned = f.type[v] === Type.VOID ? "" : `v${values[v]}`;
  switch (shape) {
    case 0: // none
      break;
    case 1: // unary
      text += ` v${values[a]}`;
      break;
    case 2: // binary
      text += ` v${values[a]}, v${values[b]}`;
      break;
    case 3: // ternary
      text += ` v${values[a]}, v${values[b]}, v${values[c]}`;
      break;
    case 4: { // compare
      const names = op === Op.icmp ? COND_NAMES : FCOND_NAMES;
      text += `.${names[f.aux[v]] ?? f.aux[v]} v${values[a]}, v${values[b]}`;
      break;
    }
    case 5: // constant
      text += ` ${printConstant(f, v)}`;
      break;
    case 6: // load
      text += ` ${address()}`;
      break;
    case 7: // store
      text += ` v${values[b]}, ${address()}`;
      break;
    case 8: // ctx_load
      text += ` ${c}`;
      break;
    case 9: // ctx_store
      text += ` v${values[a]}, ${c}`;
      break;
    case 10: // param
      text += ` ${b}`;
      break;
    case 11: // proj
      text += ` v${values[a]}, ${b}`;
      break;
    case 12: // charge
      text += ` ${a}, site${c}`;
      break;
    case 13: // site
      text += ` site${c}`;
      break;
    case 14: // trap_cond
      text += ` v${values[a]}, site${c}`;
      break;
    case 15: // call
      text += ` f${a}(${list(b)}), site${c}`;
      break;
    case 16: // call_indirect
      text += ` v${values[a]}(${list(b)}), site${c}`;
      break;
    case 17: // call_native
      text += ` n${a}(${list(b)})`;
      break;
    case 18: // jump
      text += ` ${target(0)}`;
      break;
    case 19: // br_if
      text += ` v${values[a]}, ${target(0)}, ${target(1)}`;
      break;
    case 20: { // br_table
      const targets = Array.from({ length: f.targetCount(v) }, (_, k) => target(k));
      const fallback = targets.pop();
      text += ` v${values[a]}, [${targets.join(", ")}], ${fallback}`;
      break;
    }
    case 21: // ret
      text += b === 0 ? "" : ` ${list(b)}`;
      break;
    default:
      throw new Error(`internal: cannot print operand shape ${shape}`);
  }
  if (shape >= 15 && shape <= 17) {
    const results: string[] = [];
    for (let p = f.next[v], n = f.resultCount(v); n > 0; n--, p = f.next[p]) {
      results.push(`v${values[p]}: ${TYPE_NAMES[f.type[p]]}`);
    }
    assigned = results.join(", ");
  }
  const pc = f.pc[v] < 0 ? "" : ` at ${f.pc[v]}`;
  return `${assigned === "" ? "" : `${assigned} = `}${text}${pc}`;
}

const scratch = new BigInt64Array(1);
const scratchF64 = new Float64Array(scratch.buffer);
const scratchF32 = new Float32Array(scratch.buffer);

function printConstant(f: Func, v: number): string {
  const bits = f.constBits(v);
  if (f.op[v] === Op.iconst) return `${bits}`;
  scratch[0] = bits;
  const wide = f.type[v] === Type.F64;
  const value = wide ? scratchF64[0] : scratchF32[0];
  if (Number.isNaN(value)) return `nan:0x${BigInt.asUintN(wide ? 64 : 32, bits).toString(16)}`;
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? `${value}` : value > 0 ? "inf" : "-inf";
}
