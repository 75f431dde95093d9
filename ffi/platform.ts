/**
 * Whether native code can run here. Owns that one question; asks it without prompting, without
 * opening a library and without needing `Deno` to exist, so that it is safe in a browser.
 *
 * @module
 */
import { systemFor } from "./systems.ts";

/** A processor this project can generate code for, as `Deno.build.arch` names it. */
export type Arch = "x86_64" | "aarch64";

/** The answer of {@linkcode nativeSupport}. */
export type NativeSupport =
  | { readonly supported: true; readonly os: string; readonly arch: Arch }
  | { readonly supported: false; readonly reason: string };

/** What {@linkcode nativeSupport} looks at, so that tests can show it other machines. */
export interface Host {
  /** As `Deno.build`. */
  readonly build: { readonly os: string; readonly arch: string };
  /** As `Deno.dlopen`: present where native libraries can be opened. */
  readonly dlopen?: unknown;
  /** As `Deno.permissions`. */
  readonly permissions: { querySync(descriptor: { name: "ffi" }): { readonly state: string } };
}

/**
 * Whether machine code can run in this process, or why not. Never prompts: a permission that would
 * have to be asked for counts as missing.
 *
 * @param host the runtime to look at; by default the one this runs in.
 *
 * @example Falling back
 * ```ts
 * import { nativeSupport } from "./platform.ts";
 *
 * const support = nativeSupport();
 * console.log(support.supported ? `native code for ${support.arch}` : support.reason);
 * ```
 */
export function nativeSupport(host: Host | undefined = runtime()): NativeSupport {
  if (host === undefined || typeof host.dlopen !== "function") {
    return refuse("this runtime has no Deno.dlopen");
  }
  const { os, arch } = host.build;
  const system = systemFor(os);
  if ("refused" in system) return refuse(system.refused);
  if (arch !== "x86_64" && arch !== "aarch64") return refuse(`processor "${arch}" is unknown`);
  const { state } = host.permissions.querySync({ name: "ffi" });
  if (state !== "granted") {
    return refuse(`it needs --allow-ffi without a path (the permission's state is "${state}")`);
  }
  return { supported: true, os, arch };
}

function refuse(reason: string): NativeSupport {
  return { supported: false, reason: `native code is not available: ${reason}` };
}

function runtime(): Host | undefined {
  return (globalThis as { Deno?: Host }).Deno;
}
