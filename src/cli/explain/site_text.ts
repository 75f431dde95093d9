/**
 * What the numbers in IR and machine code stand for, in words: sites, context fields, requests.
 *
 * @module
 */
import { Request } from "../../front/requests.ts";
import { trapReason } from "../../front/traps.ts";
import { trapMessage } from "../../interp/trap.ts";
import { Context, NativeSymbol } from "../../ir/context.ts";
import type { Site } from "../../ir/func.ts";
import { functionName, type Program } from "../../tape/program.ts";

/** What a site stands for and where it is: `division by zero at pc 12`. */
export function siteText(site: Site): string {
  const place = site.func < 0 ? `pc ${site.pc}` : `f${site.func} pc ${site.pc}`;
  switch (site.kind) {
    case "trap":
      return `${trapMessage(trapReason(site.code))} at ${place}`;
    case "depth":
      return `call depth exceeded at ${place}`;
    case "exit":
      return `request at ${place}`;
    case "fuel": {
      const pcs = site.pcs.map((pc, i) =>
        (site.funcs[i] ?? -1) < 0 ? pc : `f${site.funcs[i]}:${pc}`
      );
      const shown = pcs.length > 6
        ? `${pcs.slice(0, 5).join(", ")}, … ${pcs.at(-1)}`
        : pcs.join(", ");
      return `out of fuel at pc ${shown}`;
    }
  }
}

const FIELDS = Object.entries(Context).map(([name, offset]) => ({ name, offset }));

/** The name of the context field at `offset`: `ctx.leave`, `ctx.area[2]`. */
export function contextField(offset: number): string {
  const field = FIELDS.findLast((entry) => entry.offset <= offset)!;
  const { name } = field;
  if (name === "scratch" || name === "saved" || name === "area") {
    return `ctx.${name}[${(offset - field.offset) >> 3}]`;
  }
  return offset === field.offset ? `ctx.${name}` : `ctx.${name}+${offset - field.offset}`;
}

/** The name of a key of `table` whose value is `value`, or `value` itself. */
function keyOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(table).find((key) => table[key] === value) ?? String(value);
}

/** The name of request `code`. */
export function requestName(code: number): string {
  return keyOf(Request, code);
}

/** What one line of printed IR does not say by itself, or undefined. */
export function irComment(
  line: string,
  sites: readonly Site[],
  program: Program,
): string | undefined {
  const match =
    /(?:^| = |^ +)(ctx_load|ctx_store|exit|trap_if|trap_unless|trap|call_native|call)\b(.*)$/
      .exec(line);
  if (match === null) return undefined;
  const [, op, rest] = match;
  switch (op) {
    case "ctx_load":
    case "ctx_store": {
      const offset = /(?:^(?:\.\w+)? |, )(\d+)(?: at \d+)?$/.exec(rest)?.[1];
      return offset === undefined ? undefined : contextField(Number(offset));
    }
    case "exit":
      return `request ${requestName(parseInt(rest, 10))}`;
    case "call_native":
      return keyOf(NativeSymbol, Number(/ n(\d+)/.exec(rest)?.[1]));
    case "call":
      return functionName(program, Number(/ f(\d+)/.exec(rest)?.[1]));
    default: {
      const site = sites[Number(/site(\d+)/.exec(rest)?.[1])];
      return site?.kind === "trap" ? trapMessage(trapReason(site.code)) : undefined;
    }
  }
}
