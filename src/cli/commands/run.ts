/**
 * `burin run`: runs one function of a program and prints its results, or where and why it trapped.
 *
 * @module
 */
import type { Args } from "@std/cli";
import { Engine, type RunOptions, type Tier, TIERS } from "../../engine/engine.ts";
import type { AccessKey } from "../../interp/access.ts";
import type { Limits } from "../../interp/limits.ts";
import type { Outcome } from "../../interp/outcome.ts";
import { type OutcomeJson, outcomeToJson } from "../../interp/outcome_json.ts";
import { type TraceEvent, TraceMask } from "../../interp/trace.ts";
import { formatTrap } from "../../interp/trap.ts";
import { parseIntegerLiteral } from "../../tape/literals.ts";
import { OPCODES } from "../../tape/opcodes.ts";
import { functionName, type Program } from "../../tape/program.ts";
import { formatValue } from "../../tape/value_text.ts";
import { didYouMean } from "../../util/did_you_mean.ts";
import { formatStats } from "../../engine/stats.ts";
import { parseArguments } from "../arguments.ts";
import { type Command, JSON_FLAG, requiredArgument } from "../command.ts";
import { ExitStatus, UsageError } from "../errors.ts";
import { createCliHost } from "../host.ts";
import { type CliIo, paint } from "../io.ts";
import { loadVerified, resolveFunction } from "../program_file.ts";

const SIZE_UNITS: Record<string, number> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function parseCount(flag: string, text: string): bigint {
  const value = parseIntegerLiteral(text);
  if (value !== undefined && value >= 0n && value < 1n << 64n) return value;
  throw new UsageError(`--${flag} ${text}: expected a whole number from 0 to 2^64 - 1`);
}

function parseSize(flag: string, text: string): number {
  const match = /^(\d{1,15})([kmg]?)i?b?$/i.exec(text);
  const size = match === null ? NaN : Number(match[1]) * SIZE_UNITS[match[2].toLowerCase()];
  if (Number.isSafeInteger(size)) return size;
  throw new UsageError(`--${flag} ${text}: expected bytes, such as 65536, 64k or 16m`);
}

function parseLimits(args: Args): Partial<Limits> {
  const limits: { -readonly [K in keyof Limits]?: Limits[K] } = {};
  if (args.fuel !== undefined) limits.fuel = parseCount("fuel", args.fuel);
  if (args.depth !== undefined) {
    const depth = parseCount("depth", args.depth);
    if (depth > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new UsageError(`--depth ${args.depth}: expected a whole number up to 2^53 - 1`);
    }
    limits.maxCallDepth = Number(depth);
  }
  if (args["host-calls"] !== undefined) {
    limits.maxHostCalls = parseCount("host-calls", args["host-calls"]);
  }
  if (args.memory !== undefined) limits.maxMemory = parseSize("memory", args.memory);
  return limits;
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}(?:\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`--timeout ${text}: expected milliseconds, such as 500`);
}

function parseTier(text: string | undefined): Tier | undefined {
  if (text === undefined) return undefined;
  const tier = TIERS.find((name) => name === text);
  if (tier !== undefined) return tier;
  throw new UsageError(
    `--tier ${text}: expected one of ${TIERS.join(", ")}${didYouMean(text, TIERS)}`,
  );
}

function formatKey(key: AccessKey): string {
  switch (key.kind) {
    case "input":
      return `input ${key.name}`;
    case "hostState":
      return `host state ${key.op.toString(16)} ${key.key}`;
    case "opaqueHost":
      return `host ${key.op.toString(16)}`;
  }
}

function functionLabel(program: Program, func: number): string {
  const name = functionName(program, func);
  return name === undefined ? `f${func}` : `f${func} ${name}`;
}

function formatEvent(event: TraceEvent): string {
  switch (event.type) {
    case "run_start":
      return `run_start f${event.entry} args=${event.argCount}`;
    case "run_end":
      return event.trap ? `run_end ${formatTrap(event.trap)}` : "run_end ok";
    case "instr": {
      const span = event.span === undefined ? "" : ` span=${event.span}`;
      const mnemonic = OPCODES.get(event.opcode)!.mnemonic;
      return `instr f${event.func} pc=${event.pc} next=${event.nextPc}${span} ${mnemonic}`;
    }
    default: {
      const what = event.scope.kind === "callFrame"
        ? functionLabel(event.program, event.scope.func)
        : `host ${event.program.symbols[event.scope.symbol]}`;
      return `${event.type} ${what} depth=${event.depth} f${event.func} pc=${event.pc}`;
    }
  }
}

function jsonOutcome(outcome: Outcome): OutcomeJson {
  try {
    return outcomeToJson(outcome);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`--json: ${error.message}`);
    throw error;
  }
}

function printOutcome(outcome: Outcome, program: Program, io: CliIo): void {
  const { red, dim } = paint(io.isTerminal);
  if (outcome.ok) {
    for (const value of outcome.values) io.stdout(`${formatValue(value)}\n`);
    return;
  }
  const { trap } = outcome;
  const name = functionName(program, trap.func);
  io.stderr(`${red(formatTrap(trap))}${name === undefined ? "" : dim(` (in ${name})`)}\n`);
}

/** The command. */
export const runCommand: Command = {
  name: "run",
  usage: "FILE [--func NAME|N] [ARGS…]",
  summary: "Run a function of a program.",
  details:
    `Runs the function main, or function 0 if there is none. Arguments are read by the types of
its signature. Results go to standard output, a line each; a trap goes to standard
error and makes the exit code 1. Arguments that start with a dash follow a --.

The program may call burin.print (str) -> (), kv.get (str) -> (i64) and
kv.set (str, i64) -> ().`,
  flags: [
    { name: "func", short: "f", value: "NAME|N", help: "function to run" },
    { name: "fuel", value: "N", help: "instructions it may execute (default 1000000)" },
    { name: "depth", value: "N", help: "call frames at a time (default 256)" },
    { name: "host-calls", value: "N", help: "host calls it may make (default 1000000)" },
    { name: "memory", value: "SIZE", help: "bytes it may allocate, such as 64m (default 256m)" },
    { name: "timeout", value: "MS", help: "milliseconds after which it is ended (default never)" },
    { name: "tier", value: "TIER", help: `how to run it: ${TIERS.join(", ")} (default auto)` },
    { name: "trace", help: "print run, instruction, call and host-call events to standard error" },
    { name: "accesses", help: "print the keys that host functions read and wrote" },
    { name: "time", help: "print fuel, host calls and time to standard error" },
    { name: "stats", help: "print what was compiled, and what that brought, to standard error" },
    JSON_FLAG,
  ],
  async run(args, io) {
    const file = requiredArgument(this, args, 0, "FILE");
    const limits = parseLimits(args);
    const timeout = parseTimeout(args.timeout);
    const tier = parseTier(args.tier);
    const verified = loadVerified(io, file);
    const { program } = verified;
    const func = resolveFunction(program, args.func);
    const values = parseArguments(program, func, args._.slice(1));
    const options: { -readonly [K in keyof RunOptions]: RunOptions[K] } = { limits, timeout };
    if (args.trace) {
      options.trace = {
        mask: TraceMask.ALL,
        sink: (event) => io.stderr(`${formatEvent(event)}\n`),
      };
    }
    const accesses: { access: "read" | "write"; key: AccessKey }[] = [];
    if (args.accesses) {
      options.accessSink = {
        read: (key) => accesses.push({ access: "read", key }),
        write: (key) => accesses.push({ access: "write", key }),
      };
    }
    const printed: string[] = [];
    const host = createCliHost((line) => args.json ? printed.push(line) : io.stdout(`${line}\n`));
    using engine = await Engine.open({ tier });
    using instance = engine.load(verified, host);
    const start = performance.now();
    const outcome = instance.run(func, values, options);
    const milliseconds = performance.now() - start;
    if (args.json) {
      const extra = {
        ...(printed.length > 0 ? { printed } : {}),
        ...(args.accesses
          ? { accesses: accesses.map(({ access, key }) => ({ access, key: formatKey(key) })) }
          : {}),
        ...(args.time ? { milliseconds } : {}),
        ...(args.stats ? { stats: engine.stats() } : {}),
      };
      io.stdout(`${JSON.stringify({ ...jsonOutcome(outcome), ...extra })}\n`);
    } else {
      printOutcome(outcome, program, io);
      for (const { access, key } of accesses) io.stderr(`${access} ${formatKey(key)}\n`);
      if (args.time) {
        io.stderr(
          `${outcome.fuelUsed} fuel, ${outcome.hostCalls} host calls, ` +
            `${milliseconds.toFixed(3)} ms\n`,
        );
      }
      if (args.stats) { for (const line of formatStats(engine.stats())) io.stderr(`${line}\n`); }
    }
    return outcome.ok ? ExitStatus.Ok : ExitStatus.Trap;
  },
};
