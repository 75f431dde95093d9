import { assert, assertEquals } from "@std/assert";
import { type Host, nativeSupport } from "../../ffi/platform.ts";
import { systemFor, SYSTEMS } from "../../ffi/systems.ts";
import { runChild } from "./environment.ts";

function host(os: string, arch: string, state = "granted"): Host {
  return {
    build: { os, arch },
    dlopen: () => {},
    permissions: { querySync: () => ({ state }) },
  };
}

function reason(where: Host | undefined): string {
  const support = nativeSupport(where);
  assert(!support.supported);
  return support.reason;
}

Deno.test("nativeSupport accepts Linux and macOS on both processors", () => {
  for (const os of ["linux", "darwin"]) {
    for (const arch of ["x86_64", "aarch64"] as const) {
      assertEquals(nativeSupport(host(os, arch)), { supported: true, os, arch });
    }
  }
});

Deno.test("nativeSupport says why there is no native code", () => {
  assertEquals(
    reason({ ...host("linux", "x86_64"), dlopen: undefined }),
    "native code is not available: this runtime has no Deno.dlopen",
  );
  assertEquals(
    reason(host("windows", "x86_64")),
    "native code is not available: Windows has no table of its memory functions yet",
  );
  assertEquals(
    reason(host("plan9", "x86_64")),
    'native code is not available: operating system "plan9" is unknown',
  );
  assertEquals(
    reason(host("toString", "x86_64")),
    'native code is not available: operating system "toString" is unknown',
  );
  assertEquals(
    reason(host("linux", "riscv64")),
    'native code is not available: processor "riscv64" is unknown',
  );
  assertEquals(
    reason(host("linux", "aarch64", "prompt")),
    "native code is not available: it needs --allow-ffi without a path " +
      `(the permission's state is "prompt")`,
  );
});

Deno.test("every system has an entry that is complete or refused", () => {
  for (const os of Object.keys(SYSTEMS)) {
    const system = systemFor(os);
    if ("refused" in system) assert(system.refused.length > 0);
    else assert(system.libraries.length > 0 && system.map.anonymous > 0);
  }
});

// Every module of the folder, so that a new one cannot be forgotten.
const MODULES = [...Deno.readDirSync(new URL("../../ffi", import.meta.url))]
  .map((entry) => entry.name)
  .filter((name) => name.endsWith(".ts"))
  .sort();

Deno.test("all of ffi/ is imported without permissions and refuses to be used", async () => {
  const imports = MODULES.map((name, i) => `import * as m${i} from "../../ffi/${name}";`);
  const { code, stdout, stderr } = await runChild(
    `${imports.join("\n")}
    import { nativeSupport } from "../../ffi/platform.ts";
    import { CodeSpace } from "../../ffi/code_space.ts";
    console.log(nativeSupport().reason);
    try { new CodeSpace(); } catch (error) { console.log(error.message); }`,
  );
  assertEquals(stderr, "");
  assertEquals(code, 0);
  const missing = "native code is not available: it needs --allow-ffi without a path " +
    `(the permission's state is "prompt")`;
  assertEquals(stdout, `${missing}\nCannot open the C library: ${missing}\n`);
});

Deno.test("all of ffi/ is imported where there is no Deno", async () => {
  const imports = MODULES.map((name) => `await import("../../ffi/${name}");`);
  const { code, stdout, stderr } = await runChild(
    // Deleting the name is as close to a browser as one process gets.
    `import "../../ffi/systems.ts";
    const log = console.log;
    const at = (name: string) => new URL(name, FOLDER).href;
    delete globalThis.Deno;
    ${imports.join("\n").replaceAll(/"\.\.\/\.\.\/ffi\/([^"]+)"/g, 'at("$1")')}
    log((await import(at("platform.ts"))).nativeSupport().reason);`
      .replace("FOLDER", JSON.stringify(new URL("../../ffi/", import.meta.url).href)),
    "--allow-read",
  );
  assertEquals(stderr, "");
  assertEquals(code, 0);
  assertEquals(stdout, "native code is not available: this runtime has no Deno.dlopen\n");
});
