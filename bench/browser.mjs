// What a log costs in a web page: the module for pages in real Chromium, beside reading the same file without parsing.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";
import { benchLog } from "./logs.mjs";
import { page as listing, times } from "./measure.mjs";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const PAGE = '<!doctype html><meta charset="utf-8"><title>bench</title><input type="file">';
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves the page, and each program's package as it lies on the disk: `/0/dist/web/browser.js`. */
async function serve(programs) {
  const server = createServer(({ url = "/" }, response) => {
    const [, program, file] = /^\/(\d)\/((?:dist\/web|wasm)\/[^?]*)$/.exec(url) ?? [];
    const path = program === undefined ? "" : join(programs[Number(program)].folder, file);
    if (url === "/") response.setHeader("content-type", "text/html").end(PAGE);
    else if (existsSync(path))
      response.setHeader("content-type", TYPES[extname(path)] ?? "text/plain").end(readFileSync(path));
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Ways of reading the chosen file with the package at `base`; each runs in the page and returns its training rows. */
const ways = [
  {
    name: "**`parseBatches(file)`**: columns, parsed in a worker",
    async read(base) {
      let rows = 0;
      const { parseBatches } = await import(`${base}/dist/web/browser.js`);
      for await (const { training } of parseBatches(document.querySelector("input").files[0]))
        rows += training.length;
      return rows;
    },
  },
  {
    name: "the same on the page's own thread",
    async read(base) {
      let rows = 0;
      const { parseBatches } = await import(`${base}/dist/web/browser.js`);
      const file = document.querySelector("input").files[0];
      for await (const { training } of parseBatches(file, { worker: false })) rows += training.length;
      return rows;
    },
  },
  {
    name: "`parseLog(file)`: an object for each measurement",
    async read(base) {
      let rows = 0;
      const { parseLog } = await import(`${base}/dist/web/browser.js`);
      for await (const { type } of parseLog(document.querySelector("input").files[0]))
        if (type === "training") rows += 1;
      return rows;
    },
  },
];

const reading = {
  name: "`File.stream()` alone, nothing parsed",
  async read() {
    const reader = document.querySelector("input").files[0].stream().getReader();
    while (!(await reader.read()).done);
  },
};

/** Measures, and returns the lines of a table; without Chromium, none. */
export async function browserTable({ quick, programs, show }) {
  const { lines, say } = listing(show);
  if (!existsSync(executablePath)) {
    console.error(`skipped: the browser (no Chromium at ${executablePath}; set CHROMIUM)`);
    return lines;
  }
  const megabytes = quick ? 20 : 200;
  const runs = quick ? 2 : 7;
  const all = [{ ...reading, base: "" }];
  for (const way of ways) {
    for (const [index, { label, role }] of programs.entries())
      all.push({ ...way, name: way.name + label, role, base: `/${index}` });
  }
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
  const server = await serve(programs);
  const browser = await chromium.launch({ executablePath, headless: true, args });
  try {
    say(`Chromium ${browser.version()}. Median of ${runs} runs, interleaved.`);
    say("");
    say("| in a web page | log | MB/s | of reading alone | × before |");
    say("|---|---|---:|---:|---:|");
    for (const kind of ["realistic", "dense", "half"]) {
      const log = await benchLog(kind, megabytes);
      const size = statSync(log).size / 1e6;
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.setInputFiles("input", log);
      const seconds = all.map(() => []);
      const rows = new Set();
      // The first round is not counted: it fetches the script and compiles the core.
      for (let run = 0; run <= runs; run += 1) {
        for (const [index, { read, base }] of all.entries()) {
          const code = `(async () => {
            const start = performance.now();
            const rows = await ({ ${read} }).read("${base}");
            return { rows, seconds: (performance.now() - start) / 1000 };
          })()`;
          const measured = await page.evaluate(code);
          if (run > 0) seconds[index].push(measured.seconds);
          if (measured.rows !== undefined) rows.add(measured.rows);
        }
      }
      await page.close();
      if (rows.size !== 1) throw new Error(`the rows differ: ${[...rows].join(", ")}`);
      const medians = seconds.map((times) => times.sort((one, other) => one - other)[times.length >> 1]);
      for (const [index, { name, role }] of all.entries()) {
        const part = index === 0 ? "" : `${Math.round((100 * medians[0]) / medians[index])} %`;
        const before =
          role === "ours" && all[index + 1]?.role === "before"
            ? times(medians[index + 1] / medians[index])
            : "";
        say(
          `| ${name} | ${kind === "realistic" ? "sparse" : kind}, ${Math.round(size)} MB | ${Math.round(size / medians[index])} | ${part} | ${before} |`,
        );
      }
    }
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
  return lines;
}
