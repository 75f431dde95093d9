/**
 * What a browser under test sees: a bundle made by `deno bundle`, the recorded corpus, and a place to
 * send answers to, on a server on this machine.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const CORPUS = new URL("../corpus/extape/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/** Bundles `entries` for browsers into `folder`; what is imported dynamically gets files of its own. */
export async function bundle(entries: readonly URL[], folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    // deno-fmt-ignore
    args: ["bundle", "--platform", "browser", "--code-splitting", "--outdir", folder,
      ...entries.map((entry) => fileURLToPath(entry))],
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) {
    throw new Error(`deno bundle ${entries.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}

/** A server of the files of a folder, and of the corpus under `/corpus/`. */
export class Site implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #folder: string;
  readonly #pages: Readonly<Record<string, string>>;
  readonly #answer = Promise.withResolvers<string>();

  /** Serves `folder`, and `pages`, which are HTML by path. */
  constructor(folder: string, pages: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#pages = pages;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#serve(request),
    );
  }

  /** Where it is, without a path. */
  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The first text that a page posts to `/answer`. */
  get answer(): Promise<string> {
    return this.#answer.promise;
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "POST" && pathname === "/answer") {
      this.#answer.resolve(await request.text());
      return new Response();
    }
    if (pathname in this.#pages) return respond(this.#pages[pathname], "html");
    const file = pathname.startsWith("/corpus/")
      ? new URL(pathname.slice("/corpus/".length), CORPUS)
      : `${this.#folder}${pathname}`;
    try {
      return respond(await Deno.readFile(file), pathname.slice(pathname.lastIndexOf(".") + 1));
    } catch {
      return new Response(`there is no ${pathname}`, { status: 404 });
    }
  }

  /** Stops serving. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function respond(body: string | Uint8Array<ArrayBuffer>, extension: string): Response {
  return new Response(body, {
    headers: { "content-type": TYPES[extension] ?? "application/octet-stream" },
  });
}
