/**
 * The pace of a run: fuel is handed out in slices, and between slices the run looks at the clock and
 * at its signal and gives the event loop a turn. Every tier hands its fuel out through this, so a run
 * ends late or aborted in the same places everywhere; what it computes does not depend on the slices.
 *
 * @module
 */
import type { HostCaller } from "./host_call.ts";
import type { TrapReason } from "./trap.ts";

/** What paces a run. */
export interface PaceOptions {
  /**
   * Milliseconds after which the run ends with a `TimedOut` trap, counted from its start; never
   * unless given. A host function that is busy is not interrupted, one that is awaited is.
   */
  readonly timeout?: number;
}

/** What paces a run that may wait. */
export interface AsyncPaceOptions extends PaceOptions {
  /**
   * Units of fuel after which the run lets the event loop have a turn, over and over. Without it,
   * a run with a signal does so every few million units, any other one never.
   */
  readonly yieldEvery?: bigint | number;
  /** Ends the run with an `Aborted` trap whose cause is the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Largest amount of fuel. */
const ALL = (1n << 64n) - 1n;

/**
 * Units between looks at the clock. A look with its exit costs half a microsecond; the slice takes from
 * 150 us, in the tightest loop of machine code, to some 5 ms in the interpreter.
 */
const CLOCK_SLICE = 1n << 21n;

/** Units between turns for the sake of a signal. A turn costs 1 to 6 us. */
const SIGNAL_SLICE = 1n << 22n;

/** Longest delay that timers accept. */
const MAX_DELAY = 2 ** 31 - 1;

/** What a promise that was not waited for gives. */
const STOPPED = Symbol("stopped");

/** The fuel of one run that was not handed out yet, and what the run looks at between slices. */
export class Pace {
  /** Fuel that was not handed out. */
  reserve = 0n;
  /** Whether a run can end by this. */
  readonly canStop: boolean;
  readonly #slice: bigint;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #yieldEvery: bigint;
  /** Fuel to be handed out until the next turn. */
  #untilTurn: bigint;
  /** Whether timer and listener are set, and what they do. */
  #isArmed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopWaiting: ((value: unknown) => void) | undefined;

  /** Use {@linkcode createPace}. */
  constructor(deadline: number, signal: AbortSignal | undefined, yieldEvery: bigint) {
    this.#deadline = deadline;
    this.#signal = signal;
    this.canStop = deadline !== Infinity || signal !== undefined;
    this.#yieldEvery = yieldEvery;
    this.#untilTurn = yieldEvery;
    this.#slice = deadline !== Infinity && yieldEvery > CLOCK_SLICE ? CLOCK_SLICE : yieldEvery;
  }

  /** Starts a run with `fuel`; returns the first slice. */
  begin(fuel: bigint): bigint {
    if (this.#slice === ALL) return fuel;
    this.reserve = fuel;
    return this.more(0n);
  }

  /** The next slice, or as many as it takes to have `missing` units; less when nothing else is left. */
  more(missing: bigint): bigint {
    let units = this.#slice;
    // Slices end where they would have ended had each been used up.
    if (units < missing) units *= (missing + units - 1n) / units;
    if (units > this.reserve) units = this.reserve;
    this.reserve -= units;
    this.#untilTurn -= units;
    return units;
  }

  /** Takes a charge that exceeds what was handed out by `units`. */
  take(units: bigint): void {
    this.reserve = this.reserve > units ? this.reserve - units : 0n;
  }

  /** Takes back fuel that was handed out, so that the slice ends at once. */
  giveBack(units: bigint): void {
    this.reserve += units;
    this.#untilTurn += units;
  }

  /** Why the run is to end, if it is. */
  check(): TrapReason | undefined {
    const signal = this.#signal;
    if (signal !== undefined && signal.aborted) return { kind: "Aborted", cause: signal.reason };
    if (this.#deadline !== Infinity && performance.now() >= this.#deadline) {
      return { kind: "TimedOut" };
    }
  }

  /** Whether the event loop is to have a turn before the next slice. */
  get wantsTurn(): boolean {
    return this.#untilTurn <= 0n;
  }

  /** Lets the event loop have a turn. */
  turn(): Promise<void> {
    while (this.#untilTurn <= 0n) this.#untilTurn += this.#yieldEvery;
    return eventLoopTurn();
  }

  /** What the pending host call gives; or that the run is to end before that, which `settle` knows. */
  wait(pending: PromiseLike<unknown>): PromiseLike<unknown> {
    return this.canStop ? this.#until(pending) : pending;
  }

  /**
   * Goes on with what `wait` gave.
   *
   * @returns what `HostCaller.call` would have; its results are to be read at once.
   */
  settle(host: HostCaller, value: unknown): number {
    return value === STOPPED ? host.abandon(this.check()!) : host.settle(value);
  }

  /** What `promise` gives, or `STOPPED` once there is a reason to end the run. */
  #until(promise: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // What has happened already does not happen again.
      if (this.check() !== undefined) return resolve(STOPPED);
      this.#stopWaiting = resolve;
      promise.then(resolve, reject);
      if (this.#isArmed) return;
      this.#isArmed = true;
      this.#signal?.addEventListener("abort", this.#stop);
      this.#arm();
    });
  }

  /** Once armed for the first wait, timer and listener stay for those that follow. */
  #arm(): void {
    if (this.#deadline === Infinity) return;
    const left = Math.max(0, Math.ceil(this.#deadline - performance.now()));
    this.#timer = setTimeout(this.#stop, Math.min(left, MAX_DELAY));
  }

  readonly #stop = (): void => {
    // Timers may be early, and don't reach far.
    if (this.check() === undefined) this.#arm();
    else this.#stopWaiting?.(STOPPED);
  };

  /** Ends the run: lets go of timer and signal. */
  end(): void {
    if (!this.#isArmed) return;
    this.#isArmed = false;
    this.#stopWaiting = undefined;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#stop);
  }
}

/** The pace of runs that nothing paces: all fuel at once. */
export const UNPACED: Pace = new Pace(Infinity, undefined, ALL);

/**
 * The pace that `options` ask for, from now on.
 *
 * @param async whether the run may wait; otherwise only the timeout counts.
 * @throws {RangeError} When an option is out of range.
 */
export function createPace(options: AsyncPaceOptions, async: boolean): Pace {
  const { timeout } = options;
  const signal = async ? options.signal : undefined;
  const yieldEvery = async ? options.yieldEvery : undefined;
  if (timeout === undefined && signal === undefined && yieldEvery === undefined) return UNPACED;
  if (timeout !== undefined && !(timeout >= 0)) {
    throw new RangeError(`timeout must be a number of milliseconds from 0: got ${timeout}`);
  }
  if (yieldEvery !== undefined) checkUnits(yieldEvery);
  const deadline = timeout === undefined ? Infinity : performance.now() + timeout;
  const every = yieldEvery ?? (signal === undefined ? ALL : SIGNAL_SLICE);
  return new Pace(deadline, signal, BigInt(every));
}

function checkUnits(units: bigint | number): void {
  if (typeof units === "number" ? Number.isSafeInteger(units) && units > 0 : units > 0n) return;
  throw new RangeError(`yieldEvery must be a positive integer: got ${units}`);
}

/** Settles when timers, input and output that are due have had their turn. */
function eventLoopTurn(): Promise<void> {
  // Node's and Deno's way; browsers lack it. Deno loads its timers when it is first looked at.
  const { setImmediate } = globalThis as { setImmediate?: (call: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate !== undefined) setImmediate(resolve);
    else {
      // A message to oneself: timers wait 4 ms when they come one after another.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }
  });
}
