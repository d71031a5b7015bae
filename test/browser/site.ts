/** A static server, as plain as they come. */
import { createReadStream, statSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** What is served. */
export interface SiteOptions {
  /** Folders by the first part of an address: `/package/dist/x.js` is `dist/x.js` of `package`, `/x.js` of "". */
  readonly folders: Readonly<Record<string, string>>;
  /** Pages by their address: `/`. */
  readonly pages?: Readonly<Record<string, string>>;
  /** Added to every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers on its own; `true` when it did. */
  readonly handle?: (path: string, response: ServerResponse) => boolean;
  /** Types by extension, instead of the usual ones. */
  readonly types?: Readonly<Record<string, string>>;
}

/** A server on 127.0.0.1, and what it was asked for. */
export class Site implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(options: SiteOptions): Promise<Site> {
    const server = createServer();
    const site = new Site(server);
    server.on("request", ({ url = "/" }, response) => {
      const path = decodeURIComponent(new URL(url, "http://site").pathname);
      site.requests.push(path);
      answer(path, response, options);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return site;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function answer(path: string, response: ServerResponse, options: SiteOptions): void {
  for (const [name, value] of Object.entries(options.headers ?? {})) response.setHeader(name, value);
  if (options.handle?.(path, response)) return;
  const page = options.pages?.[path];
  if (page !== undefined) {
    response.setHeader("content-type", TYPES[".html"] ?? "");
    response.end(page);
    return;
  }
  const [, mount = "", rest = ""] = /^(?:\/([^/]+))?\/(.*)$/.exec(normalize(path)) ?? [];
  const folder = options.folders[mount];
  const file = folder === undefined ? undefined : join(folder, rest);
  const info = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  if (file === undefined || !info?.isFile()) {
    response.writeHead(404, { "content-type": "text/html" }).end("<!doctype html><p>not here</p>");
    return;
  }
  const types = { ...TYPES, ...options.types };
  response.writeHead(200, {
    "content-type": types[extname(file)] ?? "application/octet-stream",
    "content-length": info.size,
  });
  createReadStream(file).pipe(response);
}
