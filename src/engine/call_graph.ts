/**
 * Which functions of a verified program can call which: what has to be compiled before one of them
 * runs.
 *
 * A call through a value may reach every function that its call signature fits, wherever the value
 * came from. All such calls of one signature share a node between them and the functions, so the graph
 * is no larger than the code.
 *
 * @module
 */
import { formatSignature } from "../tape/types.ts";
import type { VerifiedProgram } from "../tape/verify.ts";

/** A program's calls. Nodes below the number of functions are functions. */
export class CallGraph {
  readonly #verified: VerifiedProgram;
  readonly #functionCount: number;
  /** By node, once asked for. */
  readonly #targets: (readonly number[] | undefined)[] = [];
  /** Node of the functions of each signature; made for the first call through a value. */
  #groups: Map<string, number> | undefined;

  /** The calls of `verified`; looked for when asked for. */
  constructor(verified: VerifiedProgram) {
    this.#verified = verified;
    this.#functionCount = verified.program.functions.length;
  }

  /** Nodes that calls of a node lead to, each once. */
  targets(node: number): readonly number[] {
    return this.#targets[node] ??= this.#find(node);
  }

  /** Functions that calls of `func` lead to, each once. */
  callees(func: number): number[] {
    const found = new Set<number>();
    for (const target of this.targets(func)) {
      if (target < this.#functionCount) found.add(target);
      else for (const member of this.targets(target)) found.add(member);
    }
    return [...found];
  }

  /** `funcs` and all functions that their calls can lead to, `funcs` first. */
  reachableFrom(...funcs: number[]): number[] {
    const found = new Set(funcs);
    for (const node of found) for (const target of this.targets(node)) found.add(target);
    return [...found].filter((node) => node < this.#functionCount);
  }

  /** Whether calls among `funcs`, which are all that they can call, can recur. */
  canRecur(funcs: readonly number[]): boolean {
    const nodes = new Set(funcs);
    for (const node of nodes) for (const target of this.targets(node)) nodes.add(target);
    const callers = new Map<number, number>();
    for (const node of nodes) callers.set(node, 0);
    for (const node of nodes) {
      for (const target of this.targets(node)) callers.set(target, callers.get(target)! + 1);
    }
    // Takes away those that nobody left calls; what is called in a circle stays.
    const free = [...nodes].filter((node) => callers.get(node) === 0);
    for (const node of free) {
      for (const target of this.targets(node)) {
        callers.set(target, callers.get(target)! - 1);
        if (callers.get(target) === 0) free.push(target);
      }
    }
    return free.length < nodes.size;
  }

  #find(func: number): number[] {
    const { code, regClasses } = this.#verified.functions[func];
    const { ops, at, operands } = code;
    const { callSigs } = this.#verified.program;
    const found = new Set<number>(), seen = new Set<number>();
    for (let i = 0; i < code.count; i++) {
      if (ops[i] === 0x50) found.add(operands[at[i] + 1] >>> 0); // call
      if (ops[i] !== 0x54) continue; // call.indirect
      const sig = operands[at[i] + 1], isClosure = regClasses[operands[at[i] + 2]] === 11;
      const key = 2 * sig + (isClosure ? 1 : 0);
      if (seen.has(key)) continue;
      seen.add(key);
      const { args, results } = callSigs[sig];
      // A closure's function takes the environment first.
      const wanted = isClosure ? { args: ["agg" as const, ...args], results } : callSigs[sig];
      const group = this.#groupFunctions().get(formatSignature(wanted));
      if (group !== undefined) found.add(group);
    }
    return [...found];
  }

  #groupFunctions(): Map<string, number> {
    if (this.#groups !== undefined) return this.#groups;
    this.#groups = new Map();
    const members: number[][] = [];
    for (const [func, signature] of this.#verified.program.functions.entries()) {
      const text = formatSignature(signature);
      let node = this.#groups.get(text);
      if (node === undefined) {
        node = this.#functionCount + members.length;
        this.#groups.set(text, node);
        members.push([]);
      }
      members[node - this.#functionCount].push(func);
    }
    members.forEach((list, k) => this.#targets[this.#functionCount + k] = list);
    return this.#groups;
  }
}
