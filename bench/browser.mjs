// What a log costs in a web page: the module for pages in real Chromium, beside reading the same file without parsing.
//
//   node bench/browser.mjs [--quick]
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { cpus } from "node:os";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { must, root } from "../scripts/tools.mjs";
import { benchLog } from "./logs.mjs";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const PAGE = '<!doctype html><meta charset="utf-8"><title>bench</title><input type="file">';
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves the page, and the package as it lies on the disk. */
async function serve() {
  const server = createServer(({ url = "/" }, response) => {
    const path = join(root, new URL(url, "http://127.0.0.1").pathname);
    if (url === "/") response.setHeader("content-type", "text/html").end(PAGE);
    else if (/^\/(?:dist\/web|wasm)\//.test(url) && existsSync(path))
      response.setHeader("content-type", TYPES[extname(path)] ?? "text/plain").end(readFileSync(path));
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Ways of reading the chosen file; each runs in the page and gives how many training rows it saw. */
const ways = [
  {
    name: "`File.stream()` alone, nothing parsed",
    async read() {
      const reader = document.querySelector("input").files[0].stream().getReader();
      while (!(await reader.read()).done);
    },
  },
  {
    name: "**`parseBatches(file)`**: columns, parsed in a worker",
    async read() {
      let rows = 0;
      const { parseBatches } = await import("/dist/web/browser.js");
      for await (const { training } of parseBatches(document.querySelector("input").files[0]))
        rows += training.length;
      return rows;
    },
  },
  {
    name: "the same on the page's own thread",
    async read() {
      let rows = 0;
      const { parseBatches } = await import("/dist/web/browser.js");
      const file = document.querySelector("input").files[0];
      for await (const { training } of parseBatches(file, { worker: false })) rows += training.length;
      return rows;
    },
  },
  {
    name: "`parseLog(file)`: an object for each measurement",
    async read() {
      let rows = 0;
      const { parseLog } = await import("/dist/web/browser.js");
      for await (const { type } of parseLog(document.querySelector("input").files[0]))
        if (type === "training") rows += 1;
      return rows;
    },
  },
];

/** Measures, and returns the lines of a table for the README; none where there is no Chromium. */
export async function browserTable({ quick, show }) {
  if (!existsSync(executablePath)) {
    console.error(`skipped: the browser (no Chromium at ${executablePath}; set CHROMIUM)`);
    return [];
  }
  const megabytes = quick ? 20 : 200;
  const runs = quick ? 2 : 7;
  const lines = [];
  const say = (line) => {
    lines.push(line);
    show(line);
  };
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
  const server = await serve();
  const browser = await chromium.launch({ executablePath, headless: true, args });
  try {
    say(
      `Chromium ${browser.version()}, ${cpus()[0].model.trim()}, ${cpus().length} cores. Median of ${runs} runs, taken in turns.`,
    );
    say("");
    say("| in a web page | log | MB/s | of reading alone |");
    say("|---|---|---:|---:|");
    for (const kind of ["realistic", "dense"]) {
      const log = await benchLog(kind, megabytes);
      const size = statSync(log).size / 1e6;
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.setInputFiles("input", log);
      const seconds = ways.map(() => []);
      const rows = new Set();
      // The first round is not counted: it fetches the script and compiles the core.
      for (let run = 0; run <= runs; run += 1) {
        for (const [index, { read }] of ways.entries()) {
          const code = `(async () => {
            const start = performance.now();
            const rows = await ({ ${read} }).read();
            return { rows, seconds: (performance.now() - start) / 1000 };
          })()`;
          const measured = await page.evaluate(code);
          if (run > 0) seconds[index].push(measured.seconds);
          if (measured.rows !== undefined) rows.add(measured.rows);
        }
      }
      await page.close();
      if (rows.size !== 1) throw new Error(`the rows differ: ${[...rows].join(", ")}`);
      const medians = seconds.map((all) => all.sort((one, other) => one - other)[Math.floor(all.length / 2)]);
      for (const [index, { name }] of ways.entries()) {
        const part = index === 0 ? "" : `${Math.round((100 * medians[0]) / medians[index])} %`;
        say(`| ${name} | ${kind}, ${Math.round(size)} MB | ${Math.round(size / medians[index])} | ${part} |`);
      }
    }
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
  return lines;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  must(process.execPath, ["scripts/build.mjs"]);
  await browserTable({ quick: process.argv.includes("--quick"), show: (line) => console.log(line) });
}
