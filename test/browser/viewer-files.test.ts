/** Logs, folders and evaluations, opened in the viewer. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { pack } from "tar-stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isDeadTraining } from "../../src/run/dead-training.js";
import { freshFolder } from "../cli/run-binary.js";
import { runHere } from "../cli/run-here.js";
import { train, valid } from "../cli/sample-logs.js";
import { publishedLogs, shared, sharedIsThere } from "../golden/shared.js";
import { runOf } from "../report/sample-run.js";
import { chromiumIsThere, launchChromium, type OpenedPage, openPage } from "./chromium.js";
import { drawn, fixture, readValues, scratch, settled, viewerUrl } from "./viewer-report.js";
import { zstdFrame } from "./zstd-frame.js";

const CHRF = "validation chrf";

/** Drags files or folders over the page and lets them fall, as the system's file manager does. */
async function drop(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", {
      type,
      x: 400,
      y: 400,
      data: { items: [], files: [...paths], dragOperationsMask: 1 },
    });
  }
}

const names = (page: Page) => page.locator(".run .name").allTextContents();

describe.skipIf(!chromiumIsThere)("the viewer", () => {
  let browser: Browser;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    const url = viewerUrl();
    opened = await openPage(browser, url);
    page = opened.page;
    await page.waitForSelector("#start:not([hidden])");
    return async () => {
      expect(opened.faults).toEqual([]);
      expect(opened.urls.filter((asked) => !/^(data|blob):/.test(asked))).toEqual([url]);
      await page.close();
    };
  });

  test("reads each log and evaluation of a tar by itself, packed or not", async () => {
    const tar = pack();
    const scores = JSON.stringify({ score: 61.2, details: { name: "chrF2" } });
    for (const [name, content] of [
      ["exp/one/train.log", `${train(10)}\n${train(20)}\n`],
      ["exp/two/train.log", `${train(10)}\n${train(30)}\n`],
      ["exp/notes.txt", "nothing"],
      ["exp/evaluation/student/flores_devtest__chrf.metrics.json", scores],
    ] as const)
      tar.entry({ name }, content);
    tar.finalize();
    const parts: Buffer[] = [];
    for await (const part of tar) parts.push(part as Buffer);
    const bytes = Buffer.concat(parts);
    const whole = scratch("logs.tar", bytes);
    const packed = scratch("packed.tgz", gzipSync(bytes));
    const cut = scratch("cut.tar", bytes.subarray(0, 512 + 50));
    // The reading may not have begun when the page looks settled.
    const eventually = { timeout: 60_000 };
    await drop(page, [whole]);
    await expect.poll(() => names(page), eventually).toHaveLength(2);
    await drop(page, [packed]);
    await expect.poll(() => names(page), eventually).toHaveLength(4);
    await drop(page, [cut]);
    await expect.poll(() => page.textContent("body"), eventually).toContain("the tar ends early");
  });

  test("begins with a place to drop logs on", async () => {
    expect(await page.textContent("#start h2")).toBe("Drop Marian logs here");
    expect(await page.getByRole("tab").count()).toBe(0);
    expect(await page.isVisible("#runs")).toBe(false);
  });

  test("reads a chosen log, in a thread of its own, to the rows that Node reads", async () => {
    await page.setInputFiles("#files", fixture("train.log"));
    await drawn(page, CHRF);
    expect(await names(page)).toEqual(["train"]);
    const run = await runOf(readFileSync(fixture("train.log")));
    const said = await readValues(page, CHRF);
    expect(said).toHaveLength(run.validation.get("chrf")?.length ?? 0);
    expect(said[0]).toBe("train, update 2,500: chrf 21.5592, new best");
  });

  test("reads gzip and zstd, several at once, and names them by where they lie", async () => {
    const log = readFileSync(fixture("train.log"));
    const folder = freshFolder({
      "teacher-1/train.log.gz": gzipSync(log),
      "student/train.log.zst": zstdFrame(log),
    });
    await page.setInputFiles("#folder", folder);
    await drawn(page, CHRF);
    await page.waitForFunction(() => document.querySelectorAll(".run").length === 2);
    expect((await names(page)).sort()).toEqual(["student", "teacher-1"]);
    const facts = await page.locator(".run .facts").allTextContents();
    expect(new Set(facts).size).toBe(1);
  });

  test("takes dropped files and folders, and passes over what is none of its own", async () => {
    const log = readFileSync(fixture("train.log"));
    const folder = freshFolder({
      "models/student/train.log": log,
      "models/student/valid.log": log.toString().replace(/^(?!.*\[valid\]).*\n/gm, ""),
      "models/student/model.npz": "not a log",
      "models/student/deep/er/nohup.out": train(100),
      "models/evaluation/student/flores_devtest.metrics": "30.5\n55.25\n",
    });
    writeFileSync(join(folder, "loose.txt"), train(100) + train(200));
    await drop(page, [join(folder, "models"), join(folder, "loose.txt")]);
    await page.waitForFunction(() => document.querySelectorAll(".run").length === 3);
    await settled(page);
    expect((await names(page)).sort()).toEqual(["loose", "nohup", "student"]);
    expect(await page.isVisible("#problems")).toBe(false);
    const passedOver =
      "the folder: 2 other files with nothing to show: models/student/model.npz, models/student/valid.log";
    expect(await page.locator("#notice li").allTextContents()).toEqual([passedOver]);
    expect(await page.textContent("#announcer")).toBe(`4 files read. ${passedOver}`);
    await page.keyboard.press("4");
    await page.waitForSelector("#panel-evaluations table");
    expect(await page.locator("#panel-evaluations td").allTextContents()).toEqual(["30.5", "55.25"]);
  });

  test("takes more while there is something, and the same log only once", async () => {
    await page.setInputFiles("#files", fixture("train.log"));
    await drawn(page, CHRF);
    const folder = freshFolder({ "other.log": train(100) + valid(100, "comet", 80) });
    await drop(page, [join(folder, "other.log")]);
    await page.waitForFunction(() => document.querySelectorAll(".run").length === 2);
    await page.setInputFiles("#files", fixture("train.log"));
    await page.waitForSelector("#reading", { state: "hidden" });
    await settled(page);
    expect(await names(page)).toEqual(["train", "other"]);
    // Another training whose log is called alike is another one.
    await page.setInputFiles("#files", join(freshFolder({ "train.log": train(700) }), "train.log"));
    await page.waitForFunction(() => document.querySelectorAll(".run").length === 3);
    expect(await names(page)).toEqual(["train", "other", "train-2"]);
    expect(await page.locator("#charts figure h3").allTextContents()).toContain("comet");
  });

  test("says what is wrong with a file, and goes on with the others", async () => {
    const log = readFileSync(fixture("train.log"));
    const folder = freshFolder({
      "notes.txt": "Dear diary\n",
      "empty.log": "",
      "cut.log.gz": gzipSync(log).subarray(0, 3000),
      "noise.log.gz": Buffer.concat([gzipSync(log).subarray(0, 20), Buffer.alloc(500, 7)]),
      "none.metrics": "no scores\n",
      "model.xz": Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2]),
      "good.log": log,
    });
    const paths = [
      "notes.txt",
      "empty.log",
      "cut.log.gz",
      "noise.log.gz",
      "none.metrics",
      "model.xz",
      "good.log",
    ];
    await page.setInputFiles(
      "#files",
      paths.map((path) => join(folder, path)),
    );
    await page.waitForFunction(() => document.querySelectorAll(".run").length === 2);
    await page.waitForSelector("#reading", { state: "hidden" });
    await settled(page);
    expect(await names(page)).toEqual(["cut", "good"]);
    // Where they were dropped, in sight, and for those who do not see it.
    const problems = await page.locator("#notice li").allTextContents();
    const said = await page.textContent("#announcer");
    expect(said).toMatch(/^2 files read\. /);
    for (const problem of problems) expect(said).toContain(problem);
    expect(await page.locator("#problems li").allTextContents()).toEqual(
      problems.filter((problem) => !problem.startsWith("cut")),
    );
    const of = (name: string) => problems.find((problem) => problem.startsWith(name));
    expect(of("notes.txt")).toBe("notes.txt: it contains no Marian measurements: is this a training log?");
    expect(of("empty.log")).toBe("empty.log: the file is empty");
    expect(of("none.metrics")).toContain("2 or 3 lines that are a number");
    expect(of("noise.log.gz")).toMatch(/gzip/);
    expect(of("model.xz")).toMatch(/xz/);
    expect(of("cut.log.gz")).toMatch(/^cut\.log\.gz: shown as far as it was read: .*gzip/);
    // It stays while others are read, as long as they are not the same, and until it is closed.
    await page.setInputFiles("#files", scratch("notes.txt", train(100)));
    await page.setInputFiles("#files", join(freshFolder({ "empty.log": train(300) }), "empty.log"));
    await page.waitForFunction(() => document.querySelectorAll(".run").length === 4);
    await settled(page);
    expect(await page.locator("#notice li").allTextContents()).toEqual(
      problems.filter((problem) => !problem.startsWith("empty")),
    );
    await page.focus("#notice-close");
    await page.keyboard.press("Enter");
    expect(await page.isVisible("#notice")).toBe(false);
    // What came before the cut is drawn, and marked.
    expect(await page.locator(".run", { hasText: "cut" }).locator(".warn").textContent()).toBe("not whole");
    await page.keyboard.press("2");
    await page.waitForSelector("#panel-summary .notes");
    expect(await page.textContent("#panel-summary .notes")).toMatch(/cut was not read to its end: .*gzip/);
  });

  test("of a folder without logs says that", async () => {
    const folder = freshFolder({ "a/b.txt": "x", "a/c.npz": "y" });
    await page.setInputFiles("#folder", join(folder, "a"));
    await page.waitForSelector("#problems:not([hidden])");
    expect(await page.locator("#problems li").allTextContents()).toEqual([
      "the folder: it holds no log of Marian's and no evaluation",
    ]);
  });

  test("stops when it is told to, and reads on afterwards", async () => {
    const folder = freshFolder({ "z.log": train(100) });
    // When the bar first moves, most of it is still to be read. The button is pressed by the page itself, so that no
    // machine is too slow to do it in time.
    writeFileSync(join(folder, "train.log"), train(100).repeat(1_500_000));
    await page.evaluate(() => {
      const progress = document.querySelector<HTMLProgressElement>("#progress");
      if (progress === null) throw new Error("no bar");
      const watch = new MutationObserver(() => {
        if (progress.value === 0) return;
        watch.disconnect();
        document.querySelector<HTMLElement>("#cancel")?.click();
      });
      watch.observe(progress, { attributes: true });
    });
    await page.setInputFiles("#files", [join(folder, "train.log"), join(folder, "z.log")]);
    await page.waitForSelector("#problems:not([hidden])");
    await page.waitForSelector("#reading", { state: "hidden" });
    await settled(page);
    expect(await page.locator("#notice li").allTextContents()).toEqual([
      "the rest: 1 file not read, because the reading was stopped",
      "train.log: shown as far as it was read: the reading was stopped before its end",
    ]);
    // It was stopped there and then, and what was read is kept.
    expect(await page.locator("#progress").evaluate((bar: HTMLProgressElement) => bar.value)).toBeLessThan(
      0.9,
    );
    expect(await names(page)).toEqual(["train"]);
    expect(await page.locator(".run .warn").textContent()).toBe("not whole");
    await page.setInputFiles("#files", fixture("train.log"));
    await drawn(page, CHRF);
    expect(await names(page)).toEqual(["train", "train-2"]);
    expect(await page.isVisible("#problems")).toBe(false);
    // The same log, read to its end, takes the place of its beginning.
    writeFileSync(join(folder, "train.log"), train(100).repeat(3));
    await page.setInputFiles("#files", join(folder, "train.log"));
    await page.waitForSelector(".run .warn", { state: "detached" });
    expect(await names(page)).toEqual(["train", "train-2"]);
  });

  test("stops also before its thread has begun", async () => {
    // Pressed in the moment in which there is a button.
    await page.evaluate(() => {
      const reading = document.querySelector<HTMLElement>("#reading");
      if (reading === null) throw new Error("no sign of the reading");
      new MutationObserver(() => {
        if (!reading.hidden) document.querySelector<HTMLElement>("#cancel")?.click();
      }).observe(reading, { attributes: true });
    });
    await page.setInputFiles("#files", fixture("train.log"));
    await page.waitForSelector("#problems:not([hidden])");
    await page.waitForSelector("#reading", { state: "hidden" });
    expect(await page.locator("#problems li").allTextContents()).toEqual([
      "train.log: the reading was stopped before its end",
    ]);
    expect(await names(page)).toEqual([]);
  });

  test("marks the best of each row of the evaluations", async () => {
    const folder = freshFolder({
      "evaluation/student/flores_devtest.metrics": "30\n55.5\n",
      "evaluation/teacher-1/flores_devtest.metrics": "33.25\n55\n",
      "evaluation/teacher-1/mtdata_x_y.metrics.json": '{"bleu":{"score":20},"unaligned-ratio":{"score":0.5}}',
    });
    await page.setInputFiles("#folder", join(folder, "evaluation"));
    await page.waitForSelector("#tabs:not([hidden])");
    await page.keyboard.press("4");
    await page.waitForSelector("#panel-evaluations table");
    await page.waitForSelector("#reading", { state: "hidden" });
    await settled(page);
    const tables = await page.locator("#panel-evaluations .table-box").evaluateAll((boxes) =>
      boxes.map((box) => ({
        name: box.getAttribute("aria-label"),
        rows: Array.from(box.querySelectorAll("tr"), (row) =>
          Array.from(row.children, (cell) => cell.textContent),
        ),
      })),
    );
    expect(tables).toEqual([
      {
        name: "bleu_detok",
        rows: [
          ["Dataset", "student", "teacher-1"],
          ["flores devtest", "30.00", "33.25 (best)"],
          ["mtdata x_y", "", "20.00"],
        ],
      },
      {
        name: "chrf",
        rows: [
          ["Dataset", "student", "teacher-1"],
          ["flores devtest", "55.5 (best)", "55.0"],
        ],
      },
      {
        name: "unaligned-ratio",
        rows: [
          ["Dataset", "teacher-1"],
          ["mtdata x_y", "0.5"],
        ],
      },
    ]);
  });
});

test.skipIf(!chromiumIsThere)(
  "the viewer on a server reads as it does from a disk, and asks for nothing else",
  async () => {
    const page = readFileSync(new URL(viewerUrl()));
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.setHeader("content-type", "text/html; charset=utf-8").end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const browser = await launchChromium();
    try {
      const { page: opened, faults } = await openPage(browser, `http://127.0.0.1:${port}/viewer.html`);
      await drop(opened, [fixture("train.log")]);
      await drawn(opened, CHRF);
      expect(await names(opened)).toEqual(["train"]);
      expect(faults).toEqual([]);
      expect(asked).toEqual(["/viewer.html"]);
    } finally {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  },
);

/** A run as text in which nothing is lost. */
const asText = (run: unknown): string =>
  JSON.stringify(run, (_key, value: unknown) => {
    if (value instanceof Map) return [...value];
    if (value instanceof Float64Array || value instanceof Uint8Array) return Array.from(value, String);
    return value;
  });

test.skipIf(!chromiumIsThere || !sharedIsThere)(
  "a report of two archives compares within a pair of languages alone",
  async () => {
    const archives = ["1_10", "1_12"].map((name) => shared(`archives/experiments_${name}`));
    const { folder } = await runHere("run", ["report", "--from", "archive", ...archives, "-q"]);
    const browser = await launchChromium();
    try {
      const { page, faults } = await openPage(browser, pathToFileURL(join(folder, "report.html")).href);
      await page.keyboard.press("4");
      await page.waitForSelector("#panel-evaluations table");
      const table = async (name: string) => {
        const rows = await page
          .getByRole("region", { name, exact: true })
          .locator("tr")
          .evaluateAll((found) =>
            found.map((row) => Array.from(row.children, (cell) => cell.textContent ?? "")),
          );
        return {
          heads: rows[0]?.slice(1) ?? [],
          rows: new Map(rows.map(([first = "", ...rest]) => [first, rest])),
        };
      };
      expect(await page.locator("#panel-evaluations h2").allTextContents()).toEqual(["en-nl", "fi-en"]);
      const [nl, fi] = [await table("en-nl chrf"), await table("fi-en chrf")];
      // One form of names: models of the one experiment that each pair has.
      for (const { heads } of [nl, fi]) {
        expect(heads).toEqual(expect.arrayContaining(["student", "quantized"]));
        expect(heads.filter((head) => /[/_]/.test(head))).toEqual([]);
      }
      const best = ({ rows }: typeof nl) =>
        rows.get("flores devtest")?.filter((text) => text.includes("(best)"));
      expect([best(nl)?.length, best(fi)?.length]).toEqual([1, 1]);
      // What is switched off is not the best.
      const before = best(nl);
      const winner = (nl.rows.get("flores devtest") ?? []).findIndex((text) => text.includes("(best)"));
      const [, ...heads] = await page
        .getByRole("region", { name: "en-nl chrf", exact: true })
        .locator("thead th")
        .allTextContents();
      await page.getByRole("checkbox", { name: new RegExp(`^${heads[winner]}_`) }).uncheck();
      await settled(page);
      const now = await table("en-nl chrf");
      expect(now.heads).not.toContain(heads[winner]);
      expect(best(now)).toHaveLength(1);
      expect(best(now)).not.toEqual(before);
      await page.keyboard.press("a");
      await page.keyboard.press("2");
      await page.waitForSelector("#panel-summary table");
      expect(await page.locator("#panel-summary h3").allTextContents()).toEqual(["en-nl", "fi-en"]);
      const validations = await table("Best validations en-nl");
      expect([...validations.rows.keys()].length).toBe(4);
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);

describe.skipIf(!chromiumIsThere || !sharedIsThere)("the viewer with real trainings", () => {
  test("reads every real log to exactly the run that Node reads", async () => {
    const files = publishedLogs();
    expect(files.length).toBeGreaterThan(100);
    const browser = await launchChromium();
    try {
      const { page, faults } = await openPage(browser, viewerUrl());
      // The page's own thread, asked without the page.
      await page.evaluate(async () => {
        const unpack = async (id: string) => {
          const packed = Uint8Array.from(atob(document.getElementById(id)?.textContent ?? ""), (c) =>
            c.charCodeAt(0),
          );
          return new Response(
            new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")),
          ).arrayBuffer();
        };
        const script = new Blob([await unpack("packed-worker")], { type: "text/javascript" });
        const worker = new Worker(URL.createObjectURL(script));
        const core = await unpack("packed-core");
        Object.assign(window, {
          readLog: (base64: string) =>
            new Promise<string>((resolve) => {
              worker.onmessage = ({ data }) => {
                if (data.type === "progress") return;
                const text = JSON.stringify(data.run ?? null, (_key, value) => {
                  if (value instanceof Map) return Array.from(value);
                  if (value instanceof Float64Array || value instanceof Uint8Array)
                    return Array.from(value, String);
                  return value;
                });
                resolve(text);
              };
              const file = new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]);
              worker.postMessage({ type: "read", core, file, source: "run.log", fromFolder: false });
            }),
        });
      });
      let drawnRuns = 0;
      for (const file of files) {
        const bytes = readFileSync(shared(`logs/${file}`));
        const here = { ...(await runOf(bytes)), name: "run.log" };
        const there = await page.evaluate(
          (base64) => (window as unknown as { readLog(base64: string): Promise<string> }).readLog(base64),
          bytes.toString("base64"),
        );
        const none = here.counts.training + here.counts.validation === 0 && !isDeadTraining(here, false);
        if (!none) drawnRuns += 1;
        expect([file, there]).toEqual([file, none ? "null" : asText(here)]);
      }
      expect(drawnRuns).toBeGreaterThan(50);
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test("has the runs, the last updates and the scores of an archive", async () => {
    const browser = await launchChromium();
    try {
      const { page, faults } = await openPage(browser, viewerUrl());
      await page.setInputFiles("#folder", shared("archives/experiments_1_10/models"));
      await page.waitForFunction(() => document.querySelectorAll(".run").length === 3);
      await page.waitForSelector("#reading", { state: "hidden" });
      await settled(page);
      expect((await names(page)).sort()).toEqual(["student", "teacher-finetune-0", "teacher-finetune-1"]);
      await page.keyboard.press("2");
      await page.waitForSelector("#panel-summary table");
      const rows = await page
        .getByRole("region", { name: "Runs" })
        .locator("tbody tr")
        .evaluateAll((found) =>
          found.map((row) => [row.children[0]?.textContent, row.children[1]?.textContent]),
        );
      expect(rows.sort()).toEqual([
        ["student", "540,000"],
        ["teacher-finetune-0", "567,000"],
        ["teacher-finetune-1", "573,000"],
      ]);
      await page.keyboard.press("4");
      await page.waitForSelector("#panel-evaluations table");
      expect(await page.locator("#panel-evaluations table").count()).toBe(2);
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
