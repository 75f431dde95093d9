/**
 * Lints: things in a verified program that are allowed and most likely not meant (specification
 * §7.12). Blocks nobody reaches, values nobody reads.
 *
 * @module
 */
import type { Blocks } from "./blocks.ts";
import { bucket } from "./buckets.ts";
import { GroupLiveness } from "./liveness.ts";
import { visitRegisters } from "./verify_types.ts";
import type { FunctionFacts, VerifiedProgram } from "./verify.ts";

/** One finding. `func` and `pc` say where; registers have the program's numbers. */
export type Lint =
  | { readonly kind: "UnreachableBlock"; readonly func: number; readonly pc: number }
  | {
    /** A register is copied to itself. */
    readonly kind: "RedundantMove";
    readonly func: number;
    readonly pc: number;
    readonly dst: number;
    readonly src: number;
  }
  | {
    /** The value written to `reg` is never read; `UnusedCallReturn` if a call returned it. */
    readonly kind: "DeadStore" | "UnusedCallReturn";
    readonly func: number;
    readonly pc: number;
    readonly reg: number;
  };

/**
 * All lints of a program, function by function: unreachable blocks first, then block by block from
 * the last instruction to the first.
 *
 * @example
 * ```ts
 * import { assemble, lint, verify } from "@burin/burin";
 *
 * const lints = lint(verify(assemble("func main() -> () {\n  r1 = const.i64 5\n  ret\n}")));
 * console.log(lints[0].kind); // DeadStore
 * ```
 */
export function lint(verified: VerifiedProgram): Lint[] {
  const lints: Lint[] = [];
  for (const facts of verified.functions) lintFunction(facts, lints);
  return lints;
}

function lintFunction(facts: FunctionFacts, lints: Lint[]): void {
  const { func, code, blocks } = facts;
  for (let b = 0; b < blocks.count; b++) {
    if (blocks.reachable[b] === 0) {
      lints.push({ kind: "UnreachableBlock", func, pc: code.pcs[blocks.starts[b]] });
    }
  }
  // The same walk twice: first to learn what to ask about other blocks, then with the answers.
  const questions: Questions = { blocks: [], regs: [], mentions: [] };
  walk(facts, [], (block, reg) => {
    questions.blocks.push(block);
    questions.regs.push(reg);
    return false;
  }, (block, reg, live) => questions.mentions.push({ block, reg, live }));
  const answers = liveAfter(blocks, facts.regCount, questions);
  let asked = 0;
  walk(facts, lints, () => answers[asked++] !== 0, () => {});
}

interface Questions {
  /** "Is this register live after this block?", by position. */
  readonly blocks: number[];
  readonly regs: number[];
  /** Whether a block makes a register live (reads it first) or dead (writes it first). */
  readonly mentions: { readonly block: number; readonly reg: number; readonly live: boolean }[];
}

/**
 * Walks reachable blocks in order, each backwards. `isLiveAfter` is asked about the last write of a
 * register that the rest of the block does not mention; `atStart` hears what each block does to each
 * register it mentions.
 */
function walk(
  { func, code, regCount, regNames, blocks }: FunctionFacts,
  lints: Lint[],
  isLiveAfter: (block: number, reg: number) => boolean,
  atStart: (block: number, reg: number, live: boolean) => void,
): void {
  const { ops, operands } = code;
  const name = (reg: number): number => regNames === null ? reg : regNames[reg];
  /** Block that last mentioned each register, and whether it is live at this point of it. */
  const mentionedIn = new Int32Array(regCount).fill(-1);
  const live = new Uint8Array(regCount);
  const mentioned: number[] = [];
  let block = 0;
  let i = 0;

  const mark = (reg: number, isLive: 0 | 1): void => {
    if (mentionedIn[reg] !== block) mentioned.push(reg);
    mentionedIn[reg] = block;
    live[reg] = isLive;
  };
  const write = (reg: number): void => {
    if (reg === 0) return;
    const needed = mentionedIn[reg] === block ? live[reg] !== 0 : isLiveAfter(block, reg);
    if (!needed) {
      const returned = ops[i] === 0x50 || ops[i] === 0x52;
      lints.push({
        kind: returned ? "UnusedCallReturn" : "DeadStore",
        func,
        pc: code.pcs[i],
        reg: name(reg),
      });
    }
    mark(reg, 0);
  };
  const read = (reg: number): void => {
    if (reg !== 0) mark(reg, 1);
  };

  for (block = 0; block < blocks.count; block++) {
    if (blocks.reachable[block] === 0) continue;
    for (i = blocks.starts[block + 1] - 1; i >= blocks.starts[block]; i--) {
      const first = code.at[i];
      const dst = operands[first];
      if (ops[i] === 0x01 && dst !== 0 && operands[first + 1] === dst) { // mov
        lints.push({
          kind: "RedundantMove",
          func,
          pc: code.pcs[i],
          dst: name(dst),
          src: name(dst),
        });
      }
      visitRegisters(code, i, 16, write);
      visitRegisters(code, i, 0, read);
    }
    for (const reg of mentioned) atStart(block, reg, live[reg] !== 0);
    mentioned.length = 0;
  }
}

/** 1 for each question whose register is live after its block. */
function liveAfter(blocks: Blocks, regCount: number, questions: Questions): Uint8Array {
  const answers = new Uint8Array(questions.regs.length);
  const slotOf = new Int32Array(regCount).fill(-1);
  let slots = 0;
  for (const reg of questions.regs) if (slotOf[reg] < 0) slotOf[reg] = slots++;
  const groups = (slots + 31) >>> 5;
  const asked = bucket(questions.regs.map((reg) => slotOf[reg] >>> 5), groups);
  const mentions = questions.mentions.filter(({ reg }) => slotOf[reg] >= 0);
  const mentioned = bucket(mentions.map(({ reg }) => slotOf[reg] >>> 5), groups);
  const liveness = new GroupLiveness(blocks);
  for (let group = 0; group < groups; group++) {
    for (let k = mentioned.starts[group]; k < mentioned.starts[group + 1]; k++) {
      const { block, reg, live } = mentions[mentioned.order[k]];
      const bit = 1 << (slotOf[reg] & 31);
      if (live) liveness.read(block, bit);
      else liveness.write(block, bit);
    }
    liveness.spread();
    for (let k = asked.starts[group]; k < asked.starts[group + 1]; k++) {
      const question = asked.order[k];
      const b = questions.blocks[question];
      let out = 0;
      for (let edge = 2 * b; edge < 2 * b + 2; edge++) {
        if (blocks.successors[edge] >= 0) out |= liveness.live[blocks.successors[edge]];
      }
      answers[question] = (out >>> (slotOf[questions.regs[question]] & 31)) & 1;
    }
    liveness.clear();
  }
  return answers;
}
