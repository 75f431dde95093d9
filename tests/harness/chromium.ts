/**
 * Headless Chromium: loads a page and goes away again, whatever happens. Pages talk to the test
 * through a server of the test's own.
 *
 * Guarantees that no process of the browser outlives its {@linkcode Chromium}, or this process: a
 * shell in a process group of its own waits for the end of its input, which comes even if this process
 * is killed, and then ends the group.
 *
 * @module
 */

const CHROMIUM = "chromium";

/** Milliseconds that a page has to answer, on a busy machine. */
const PATIENCE = 240_000;

/** Characters of Chromium's messages that an error quotes. */
const QUOTED = 8000;

/**
 * Starts its arguments as a command. At the end of its input it asks the command to end, which lets
 * Chromium wait for its own children, and after three seconds ends all that is left.
 */
const GUARD = `"$@" & exec 2>/dev/null
read -r _
kill $!
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 $! || break; sleep 0.3; done
kill -9 -$$`;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-logging=stderr",
];

function hasChromium(): boolean {
  try {
    return new Deno.Command(CHROMIUM, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Spread into tests that need Chromium: they are reported as ignored where it is missing. */
export const RUNS_CHROMIUM: { ignore: boolean } = { ignore: !hasChromium() };
if (RUNS_CHROMIUM.ignore) {
  console.log(
    `skipped: tests in a browser need the command ${CHROMIUM} (Debian's package chromium)`,
  );
}

/** A browser that shows one page. */
export class Chromium implements AsyncDisposable {
  /** Where it keeps its files; part of the command lines of its processes. */
  readonly profile: string = Deno.makeTempDirSync();
  readonly #guard: Deno.ChildProcess;
  /** Settles when no process of the browser can write messages any more. */
  readonly #silent: Promise<void>;
  #messages = "";

  /** Starts a browser with an empty profile on `url`. */
  constructor(url: string) {
    this.#guard = new Deno.Command("sh", {
      args: ["-c", GUARD, "sh", CHROMIUM, ...FLAGS, `--user-data-dir=${this.profile}`, url],
      env: { HOME: this.profile, TMPDIR: this.profile },
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
      detached: true,
    }).spawn();
    this.#silent = this.#listen();
  }

  async #listen(): Promise<void> {
    for await (const text of this.#guard.stderr.pipeThrough(new TextDecoderStream())) {
      this.#messages = (this.#messages + text).slice(-QUOTED);
    }
  }

  /** The process group of the browser. */
  get group(): number {
    return this.#guard.pid;
  }

  /**
   * What `answer` settles to.
   *
   * @param patience milliseconds it may take.
   * @throws {Error} (by rejecting) When the browser ends first, or time is up; with its messages.
   */
  async waitFor<T>(answer: Promise<T>, patience: number = PATIENCE): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, patience, `the page did not answer in ${patience} ms`);
    });
    const ended = this.#silent.then(() => "Chromium ended before the page answered");
    const failed = Promise.race([late, ended]).then((problem) => {
      throw new Error(`${problem}; Chromium's last messages:\n${this.#messages}`);
    });
    try {
      return await Promise.race([answer, failed]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the browser and removes its profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#guard.stdin.close();
    await this.#guard.status;
    await this.#silent;
    await Deno.remove(this.profile, { recursive: true });
  }
}
