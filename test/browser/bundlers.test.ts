/** The packed package in a Vite and a webpack project without any configuration, and in one of esbuild, built and loaded in Chromium. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import type { Browser } from "playwright-core";
import { build, createServer } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import webpack from "webpack";
import { chromiumIsThere, launchChromium, openPage } from "./chromium.js";
import { measurementsInNode, runInNode } from "./in-node.js";
import { projectWithPackage } from "./packed-package.js";
import { Site } from "./site.js";
import { zstdFrame } from "./zstd-frame.js";

const icon = '<link rel="icon" href="data:,">';
const log = readFileSync(fileURLToPath(new URL("../../fixtures/train.log", import.meta.url)));

/** A project with a page that imports the package, and logs beside it. */
function project(): string {
  const folder = projectWithPackage();
  mkdirSync(join(folder, "public"));
  writeFileSync(join(folder, "package.json"), '{ "name": "a-page", "private": true, "type": "module" }');
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html>${icon}<script type="module" src="/src/index.js"></script>`,
  );
  mkdirSync(join(folder, "src"));
  copyFileSync(fileURLToPath(new URL("page/harness.js", import.meta.url)), join(folder, "src/index.js"));
  writeFileSync(join(folder, "public/train.log"), log);
  // Not `.gz`: a server may take that for the encoding of an answer.
  writeFileSync(join(folder, "public/packed-1"), gzipSync(log));
  writeFileSync(join(folder, "public/packed-2"), zstdFrame(log));
  return folder;
}

describe.skipIf(!chromiumIsThere)("a page built by", () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    browser = await launchChromium();
    folder = project();
  });
  afterAll(() => browser.close());

  /** The page reads logs in a worker, and on its own thread. */
  async function check(url: string): Promise<void> {
    const { page, faults } = await openPage(browser, url);
    await page.waitForFunction(() => "page" in globalThis);
    const expected = await measurementsInNode(log);
    for (const worker of [true, false]) {
      for (const name of ["train.log", "packed-1", "packed-2"]) {
        const { found, fault } = await page.evaluate((asked) => globalThis.page.read(asked), {
          url: `/${name}`,
          options: { worker },
        });
        expect(fault).toBeUndefined();
        expect(found).toBe(expected);
      }
      // One worker that knows zstd and one that doesn't.
      expect(page.workers()).toHaveLength(2);
    }
    const run = await page.evaluate((asked) => globalThis.page.read(asked), {
      url: "/train.log",
      way: "readRun" as const,
    });
    expect(run.found).toBe(await runInNode(log));
    expect(faults).toEqual([]);
    await page.close();
  }

  test("Vite", async () => {
    const outDir = join(folder, "vite");
    await build({ root: folder, logLevel: "silent", build: { outDir } });
    await using site = await Site.start({
      folders: { "": outDir, assets: join(outDir, "assets") },
      pages: { "/": readFileSync(join(outDir, "index.html"), "utf8") },
    });
    await check(site.url);
  });

  test("Vite, while a page is being written", async () => {
    const server = await createServer({
      root: folder,
      logLevel: "silent",
      server: { host: "127.0.0.1", watch: null },
    });
    try {
      await server.listen();
      const address = server.httpServer?.address();
      if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
      await check(`http://127.0.0.1:${address.port}/`);
    } finally {
      await server.close();
    }
  });

  test("Vite before 8, which moves the script while a page is being written", async () => {
    const moved = join(folder, "node_modules/.vite/deps");
    await esbuild.build({
      entryPoints: [join(folder, "src/index.js")],
      outdir: moved,
      bundle: true,
      splitting: true,
      format: "esm",
      logLevel: "silent",
    });
    await using site = await Site.start({
      folders: { "": join(folder, "public"), node_modules: join(folder, "node_modules") },
      pages: {
        "/": `<!doctype html>${icon}<script type="module" src="/node_modules/.vite/deps/index.js"></script>`,
      },
    });
    await check(site.url);
  });

  test("esbuild, as docs/browser.md says", async () => {
    const outdir = join(folder, "esbuild");
    const page = readFileSync(fileURLToPath(new URL("../../docs/browser.md", import.meta.url)), "utf8");
    const [, code = "", command = ""] = /```js\n\/\/ app\.js\n(.*?)```\n\n```\n(.*?)```/s.exec(page) ?? [];
    writeFileSync(join(folder, "app.js"), `${code}\nimport("./src/index.js");`);
    const args = command.trim().replace("--outdir=public", `--outdir=${outdir}`).split(" ").slice(1);
    // The harness reads through the entry that the page describes.
    execFileSync(
      fileURLToPath(new URL("../../node_modules/.bin/esbuild", import.meta.url)),
      [...args, "--alias:marian-tracking/browser=marian-tracking/slim", "--log-level=error"],
      { cwd: folder },
    );
    await using site = await Site.start({
      folders: { esbuild: outdir, "": join(folder, "public") },
      pages: { "/": `<!doctype html>${icon}<script type="module" src="/esbuild/app.js"></script>` },
    });
    await check(site.url);
    expect(site.requests.filter((path) => path.endsWith(".wasm"))).toEqual([]);
  });

  test.each(["production", "development"] as const)("webpack, %s", async (mode) => {
    const path = join(folder, `webpack-${mode}`);
    const compiler = webpack({ context: folder, mode, entry: "./src/index.js", output: { path } });
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
      compiler?.run((error, stats) => {
        compiler.close(() => (error ? reject(error) : resolve(stats)));
      });
    });
    expect(stats?.toJson({ all: false, errors: true }).errors).toEqual([]);
    await using site = await Site.start({
      folders: { dist: path, "": join(folder, "public") },
      pages: { "/": `<!doctype html>${icon}<script src="/dist/main.js"></script>` },
    });
    await check(site.url);
  });
});
