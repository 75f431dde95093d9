/**
 * The public module in a browser: bundled by `deno bundle`, run by headless Chromium.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { corpusEntries } from "../harness/corpus.ts";
import { Chromium, RUNS_CHROMIUM } from "../harness/chromium.ts";
import { OBSERVED } from "./observed.ts";
import { BROWSER_TIERS, type Report } from "./page.ts";
import { bundle, Site } from "./site.ts";

/** A page whose module code finds out `answer`. */
function page(body: string, code: string): string {
  return `<!doctype html>
<meta charset="utf-8">
${body}
<script type="module">
  let answer;
  try {
    ${code}
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  await fetch("/answer", { method: "POST", body: JSON.stringify(answer) });
</script>
`;
}

/** What the page at `/` of a site answers. */
async function ask(site: Site): Promise<unknown> {
  await using chromium = new Chromium(`${site.origin}/`);
  const answer = JSON.parse(await chromium.waitFor(site.answer));
  if (answer?.error !== undefined) throw new Error(`in the page: ${answer.error}`);
  return answer;
}

/** Runs a test with a folder that is removed afterwards. */
async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "the recorded outcomes and asynchronous runs in headless Chromium",
  ...RUNS_CHROMIUM,
  fn: (t) =>
    withFolder(async (folder) => {
      const modules = ["page.ts", "worker.ts"].map((file) => new URL(file, import.meta.url));
      await bundle(modules, folder);
      const code = 'answer = await (await import("/page.js")).report();';
      await using site = new Site(folder, { "/": page("", code) });
      const report = await ask(site) as Report;

      await t.step("it is a browser, with WebAssembly that can wait for promises", () => {
        assert(report.agent.includes("Chrome/"), report.agent);
        assertEquals(report.globals, ["undefined", "function"]);
      });
      const count = corpusEntries().length;
      assertEquals(report.tiers.map(({ tier }) => tier), [...BROWSER_TIERS]);
      for (const { tier, entries, asyncEntries, failed, runs } of report.tiers) {
        await t.step(
          `${entries} entries in tier ${tier}, ${asyncEntries} again in runAsync`,
          () => {
            assertEquals(failed, []);
            assertEquals(entries, count);
            assert(asyncEntries > 700 && runs > 4000, `${asyncEntries} and ${runs}`);
          },
        );
      }
      assertEquals(Object.keys(report.observed), ["worker", ...BROWSER_TIERS]);
      for (const [where, observed] of Object.entries(report.observed)) {
        await t.step(`promises, signals and timeouts: ${where}`, () => {
          assertEquals(observed, OBSERVED);
        });
      }
      await t.step("the engine says why there is no machine code", () => {
        const reason = "native code is not available: this runtime has no Deno.dlopen";
        assertEquals(report.native.error, reason);
        for (const reasons of [report.native.reasons, report.tiers[2].reasons]) {
          assert(reasons.includes(reason), reasons.join("\n"));
        }
      });
    }),
});

Deno.test({
  name: "the example for browsers runs in headless Chromium",
  ...RUNS_CHROMIUM,
  fn: () =>
    withFolder(async (folder) => {
      const example = new URL("../../examples/browser/", import.meta.url);
      await bundle([new URL("main.ts", example)], `${folder}/out`);
      await using site = new Site(folder, {
        "/": page(
          '<iframe src="/examples/browser/"></iframe>',
          `do {
            await new Promise((resolve) => setTimeout(resolve, 50));
            answer = document.querySelector("iframe").contentDocument.body?.innerText ?? "";
          } while (!answer.includes("dlopen"));`,
        ),
        "/examples/browser/": await Deno.readTextFile(new URL("index.html", example)),
      });
      assertMatch(
        String(await ask(site)),
        /^interp: fib\(27\) = 196418, 4449344 fuel, .*\nwasm: fib\(27\) = 196418, 4449344 fuel, /,
      );
    }),
});

Deno.test({
  name: "a page that does not answer is an error with Chromium's messages, and leaves no process",
  ...RUNS_CHROMIUM,
  fn: async () => {
    const page = "<!doctype html><script>console.error('a word from the page')</script>";
    await using site = new Site("", { "/": page });
    for (const dies of [false, true]) {
      const started: Chromium[] = [];
      const error = await assertRejects(async () => {
        await using chromium = new Chromium(`${site.origin}/`);
        started.push(chromium);
        assert(processes(chromium).length > 0);
        if (dies) Deno.kill(-chromium.group, "SIGKILL");
        await chromium.waitFor(site.answer, dies ? undefined : 3000);
      }, Error);
      const problem = dies
        ? "Chromium ended before the page answered"
        : "the page did not answer in 3000 ms";
      assert(error.message.startsWith(`${problem}; Chromium's last messages:`), error.message);
      assert(dies || error.message.includes("a word from the page"), error.message);
      assertEquals(started.flatMap(processes), []);
    }
  },
});

/** The processes of a browser that are alive. */
function processes({ group, profile }: Chromium): string[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const command = Deno.readTextFileSync(`/proc/${name}/cmdline`);
      // Behind the name in parentheses: state, parent, process group.
      const [state, , itsGroup] = Deno.readTextFileSync(`/proc/${name}/stat`).split(") ")[1]
        .split(" ");
      const isItsOwn = command.includes(profile) || Number(itsGroup) === group;
      return isItsOwn && state !== "Z" ? [`${name} ${command}`] : [];
    } catch {
      return []; // It ended while it was looked at.
    }
  });
}
