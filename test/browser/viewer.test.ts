/** A report, opened from its file in a real browser. */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LogParser } from "../../src/index.js";
import { CsvPublisher } from "../../src/publishers/csv/csv-publisher.js";
import type { ReportRun } from "../../src/report/report-data.js";
import { RunReader } from "../../src/run/run-reader.js";
import { freshFolder, result } from "../cli/run-binary.js";
import { start, train, valid } from "../cli/sample-logs.js";
import { runOf } from "../report/sample-run.js";
import { chromiumIsThere, launchChromium, type OpenedPage, openPage } from "./chromium.js";
import { drawn, fixture, pixelsOf, plot, readValues, reportUrl, scratch, settled } from "./viewer-report.js";

const CHRF = "validation chrf";
const COST = "training cost";

/** The CSV files of a log, as `parse` writes them. */
async function tables(log: Uint8Array): Promise<Record<"training" | "validation", Record<string, string>[]>> {
  const folder = freshFolder();
  using parser = new LogParser();
  const reader = new RunReader(parser);
  const csv = new CsvPublisher({ folder, mode: "whole", combine: false, patterns: false });
  await csv.publish(await reader.read(log));
  await csv.publish(await reader.finish());
  await csv.close();
  const read = (name: string) =>
    parse(result({ folder }, name), { columns: true }) as Record<string, string>[];
  return { training: read("training.csv"), validation: read("validation.csv") };
}

/** Numbers in what a chart says of a value: the update and the value itself. */
function numbersOf(text: string): [number, number] {
  const [, up = "", value = ""] =
    /update ([\d,]+): .*? (−?[\d,.]+(?:e−?\d+)?|NaN|−?inf)(?:,|$)/.exec(text) ?? [];
  const number = (words: string) =>
    Number(words.replaceAll(",", "").replaceAll("−", "-").replace("inf", "Infinity"));
  return [number(up), number(value)];
}

const named = async (name: string, log: string | Uint8Array): Promise<ReportRun> => ({
  ...(await runOf(log)),
  name,
  source: `${name}.log`,
});

describe.skipIf(!chromiumIsThere)("a report", () => {
  const log = chromiumIsThere ? readFileSync(fixture("train.log")) : new Uint8Array();
  let browser: Browser;
  let url: string;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    browser = await launchChromium();
    const other = readFileSync(fixture("train.log"), "utf8")
      .split("\n")
      .slice(0, 150)
      .join("\n")
      .replaceAll("Cost 5.", "Cost 6.")
      .replace("[config] dim-emb: 512", "[config] dim-emb: 1024");
    url = reportUrl({
      title: "two trainings",
      runs: [await named("student", log), await named("teacher-1", other)],
      problems: [{ source: "gone.log", reason: "there is no such file" }],
    });
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    opened = await openPage(browser, url);
    page = opened.page;
    await drawn(page, CHRF);
    return async () => {
      expect(opened.faults).toEqual([]);
      // Its own file, and nothing else: no server is asked for anything.
      expect(opened.urls.filter((asked) => !/^(data|blob):/.test(asked))).toEqual([url]);
      await page.close();
    };
  });

  test("has its title, its runs, a chart for each metric, and what could not be read", async () => {
    expect(await page.title()).toBe("two trainings");
    expect(await page.textContent("h1")).toBe("two trainings");
    expect(await page.locator(".run .name").allTextContents()).toEqual(["student", "teacher-1"]);
    expect(await page.locator("#charts figure h3").allTextContents()).toEqual([
      "chrf",
      "ce-mean-words",
      "bleu-detok",
      "perplexity",
      "cost",
      "gNorm",
      "learning rate",
      "labels",
      "labels in the batch",
      "labels since the start",
    ]);
    expect(await page.textContent("#problems")).toContain("gone.log: there is no such file");
  });

  test("says the values that the CSV has, every one", async () => {
    await page.getByRole("checkbox", { name: "teacher-1" }).uncheck();
    await settled(page);
    const { training, validation } = await tables(log);
    const byPlace = (one: [number, number], other: [number, number]) =>
      one[0] - other[0] || one[1] - other[1];
    const chrf = (await readValues(page, CHRF)).map(numbersOf).sort(byPlace);
    expect(chrf).toEqual(
      validation.map((row): [number, number] => [Number(row["up"]), Number(row["chrf"])]).sort(byPlace),
    );
    await page.locator(plot(COST)).scrollIntoViewIfNeeded();
    await drawn(page, COST);
    const cost = (await readValues(page, COST)).map(numbersOf).sort(byPlace);
    expect(cost).toHaveLength(87);
    expect(cost).toEqual(
      training.map((row): [number, number] => [Number(row["up"]), Number(row["cost"])]).sort(byPlace),
    );
  });

  test("draws each run in its colour; a run that is switched off is gone", async () => {
    expect(await pixelsOf(page, CHRF, "student")).toBeGreaterThan(100);
    expect(await pixelsOf(page, CHRF, "teacher-1")).toBeGreaterThan(40);
    await page.getByRole("checkbox", { name: "student" }).uncheck();
    await settled(page);
    expect(await pixelsOf(page, CHRF, "student")).toBe(0);
    expect(await pixelsOf(page, CHRF, "teacher-1")).toBeGreaterThan(40);
    expect(await page.getAttribute(plot(CHRF), "aria-label")).toContain("chrf over updates, 1 run");
    await page.getByRole("button", { name: "only student" }).click();
    await settled(page);
    expect(await pixelsOf(page, CHRF, "teacher-1")).toBe(0);
    await page.getByRole("button", { name: "all", exact: true }).click();
    await settled(page);
    expect(await page.getByRole("checkbox", { checked: true }).count()).toBe(2);
    await page.getByRole("button", { name: "none", exact: true }).click();
    await settled(page);
    expect(await page.textContent(`[data-chart="${CHRF}"] .chart-note`)).toBe(
      "No run that is switched on has such values.",
    );
  });

  test("shows the values under the pointer, and takes them away with it", async () => {
    const over = page.locator(`${plot(CHRF)} .u-over`);
    const box = await over.boundingBox();
    if (box === null) throw new Error("no plot");
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const tooltip = page.locator(`${plot(CHRF)} .tooltip`);
    const text = await tooltip.innerText();
    // In the middle of the 40,000 updates.
    expect(text).toMatch(/^update 20,000\n/);
    expect(text).toContain("student");
    expect(text).toContain("47.9336");
    expect(text).toContain("new best");
    expect(text).toMatch(/Ep\. 1 · .* · start 1 · line \d+/);
    await page.mouse.move(2, 2);
    expect(await tooltip.isVisible()).toBe(false);
  });

  test("zooms by a drag, the wheel and keys, all charts together, and back", async () => {
    const box = await page.locator(`${plot(CHRF)} .u-over`).boundingBox();
    if (box === null) throw new Error("no plot");
    const shown = () => page.textContent("#shown-range");
    const reset = page.getByRole("button", { name: "Reset zoom" });
    expect(await reset.isDisabled()).toBe(true);
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 5 });
    await page.mouse.up();
    await settled(page);
    const [, from = "", to = ""] = /^update ([\d,]+) to update ([\d,]+)$/.exec((await shown()) ?? "") ?? [];
    const range = [from, to].map((text) => Number(text.replaceAll(",", "")));
    expect(range[0]).toBeGreaterThan(9_000);
    expect(range[0]).toBeLessThan(11_500);
    expect(range[1]).toBeGreaterThan(19_000);
    expect(range[1]).toBeLessThan(21_500);
    // The other charts go along.
    await page.focus(plot("validation perplexity"));
    await page.keyboard.press("Home");
    expect(numbersOf((await page.textContent("#announcer")) ?? "")[0]).toBeGreaterThan(7_000);
    await reset.click();
    await settled(page);
    expect(await shown()).toBe("");

    await page.mouse.move(box.x + box.width / 2, box.y + 50);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -300);
    await page.keyboard.up("Control");
    await settled(page);
    const zoomedIn = await shown();
    expect(zoomedIn).toMatch(/^update [\d,]+ to update [\d,]+$/);
    await page.keyboard.down("Shift");
    await page.mouse.wheel(120, 0);
    await page.keyboard.up("Shift");
    await settled(page);
    expect(await shown()).not.toBe(zoomedIn);
    await page.mouse.dblclick(box.x + box.width / 2, box.y + 50);
    await settled(page);
    expect(await shown()).toBe("");

    await page.focus(plot(CHRF));
    await page.keyboard.press("+");
    await page.keyboard.press("+");
    await settled(page);
    expect(await shown()).not.toBe("");
    await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("-");
    await page.keyboard.press("0");
    await settled(page);
    expect(await shown()).toBe("");
  });

  test("is drawn over every axis that the logs know", async () => {
    const options = page.locator("#axis option");
    expect(await options.allTextContents()).toEqual([
      "Updates",
      "Epochs",
      "Sentences",
      "Time since start",
      "Clock",
    ]);
    const expected: [string, RegExp][] = [
      ["epoch", /^student, epoch 0\.\d+: chrf 21\.5592, new best$/],
      ["sentences", /^student, [\d,]+ sentences: chrf 21\.5592/],
      ["elapsed", /^student, 9 min 31 s after the start: chrf 21\.5592/],
      ["clock", /^student, 2024-03-04 09:\d\d:\d\d: chrf 21\.5592/],
    ];
    for (const [axis, said] of expected) {
      await page.selectOption("#axis", axis);
      await settled(page);
      await page.focus(plot(CHRF));
      await page.keyboard.press("Home");
      expect(await page.textContent("#announcer")).toMatch(said);
      expect(await pixelsOf(page, CHRF, "student")).toBeGreaterThan(100);
    }
  });

  test("has logarithmic scales, for one chart and for all", async () => {
    const one = page.getByRole("button", { name: "log scale of chrf" });
    const all = page.getByRole("button", { name: "Log scale", exact: true });
    const before = await page.locator(`${plot(CHRF)} canvas`).screenshot();
    await one.click();
    await settled(page);
    expect(await one.getAttribute("aria-pressed")).toBe("true");
    expect(await all.getAttribute("aria-pressed")).toBe("false");
    expect((await page.locator(`${plot(CHRF)} canvas`).screenshot()).equals(before)).toBe(false);
    await all.click();
    await settled(page);
    expect(await page.locator('figure button[aria-pressed="true"]').count()).toBeGreaterThan(5);
    await page.keyboard.press("l");
    await settled(page);
    expect(await page.locator('figure button[aria-pressed="true"]').count()).toBe(0);
  });

  test("smooths training and not validation", async () => {
    await page.locator(plot(COST)).scrollIntoViewIfNeeded();
    await drawn(page, COST);
    const pictures = async () => {
      const [cost, chrf] = [page.locator(`${plot(COST)} canvas`), page.locator(`${plot(CHRF)} canvas`)];
      return { cost: await cost.screenshot(), chrf: await chrf.screenshot() };
    };
    const before = await pictures();
    await page.locator("#smoothing").fill("0.9");
    await settled(page);
    expect(await page.textContent("#smoothing-value")).toBe("0.90");
    const after = await pictures();
    expect(after.cost.equals(before.cost)).toBe(false);
    expect(after.chrf.equals(before.chrf)).toBe(true);
  });

  test("tells the smoothed value beside the one of the log", async () => {
    await page.locator("#smoothing").fill("0.9");
    await page.locator(plot(COST)).scrollIntoViewIfNeeded();
    await drawn(page, COST);
    await page.focus(plot(COST));
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    const said = (await page.textContent("#announcer")) ?? "";
    const [, raw, smooth] = /cost ([\d.]+), smoothed ([\d.]+)$/.exec(said) ?? [];
    const { training } = await tables(log);
    const costs = training.slice(0, 2).map((row) => Number(row["cost"]));
    expect(Number(raw)).toBe(costs[1]);
    // The average of two rows, the later one weighing 1, the earlier one 0.9.
    expect(Number(smooth)).toBeCloseTo(((costs[1] ?? 0) + 0.9 * (costs[0] ?? 0)) / 1.9, 4);
    const tooltip = page.locator(`${plot(COST)} .tooltip`);
    expect(await tooltip.locator(".heads").innerText()).toMatch(/value\s+smoothed/);
    expect(await tooltip.locator(".first").innerText()).toMatch(new RegExp(`student\\s+${raw}\\s+${smooth}`));
    // Validations are not smoothed.
    await page.focus(plot(CHRF));
    await page.keyboard.press("Home");
    expect(await page.textContent("#announcer")).toMatch(/chrf 21\.5592, new best$/);
  });

  test("keeps its marks at their point while it changes below them", async () => {
    await page.focus(plot(CHRF));
    await page.keyboard.press("Home");
    for (let step = 0; step < 4; step += 1) await page.keyboard.press("ArrowRight");
    const before = await marked(page, CHRF);
    for (const key of ["+", "+", "PageUp", "w", "l", "-", "0"]) {
      await page.keyboard.press(key);
      await settled(page);
      const now = await marked(page, CHRF);
      // Where they would be, were the value read anew.
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowLeft");
      expect([key, now]).toEqual([key, await marked(page, CHRF)]);
      expect([key, Math.abs(now.cursor - (now.rings[0]?.[0] ?? 0)) <= 1]).toEqual([key, true]);
      if (key === "+") expect(now).not.toEqual(before);
    }
    // The pointer keeps its place, and what lies below it is told.
    const box = await page.locator(`${plot(CHRF)} .u-over`).boundingBox();
    if (box === null) throw new Error("no plot");
    await page.mouse.move(box.x + box.width / 2, box.y + 60);
    const said = await page.innerText(`${plot(CHRF)} .tooltip .place`);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -600);
    await page.keyboard.up("Control");
    await page.mouse.wheel(0, 0);
    await settled(page);
    const { rings, cursor } = await marked(page, CHRF);
    expect(Math.abs(cursor - box.width / 2)).toBeLessThanOrEqual(1);
    expect(rings.length).toBeGreaterThan(0);
    expect(await page.innerText(`${plot(CHRF)} .tooltip .place`)).toMatch(/^update [\d,]+$/);
    expect(said).toMatch(/^update [\d,]+$/);
  });

  test("zooms the values by keys, the wheel and an upright drag, and back", async () => {
    const reset = page.getByRole("button", { name: "Reset zoom" });
    const height = async () => {
      await page.focus(plot(CHRF));
      await page.keyboard.press("Home");
      const [first] = (await marked(page, CHRF)).rings;
      await page.keyboard.press("End");
      const [last] = (await marked(page, CHRF)).rings;
      return Math.abs((first?.[1] ?? 0) - (last?.[1] ?? 0));
    };
    const usual = await height();
    await page.keyboard.press("PageUp");
    await page.keyboard.press("PageUp");
    await settled(page);
    const zoomed = await height();
    expect(zoomed).toBeGreaterThan(2 * usual);
    expect(await page.textContent("#shown-range")).toBe("");
    const top = (await marked(page, CHRF)).rings[0]?.[1] ?? 0;
    await page.keyboard.press("Shift+ArrowUp");
    await settled(page);
    expect((await marked(page, CHRF)).rings[0]?.[1]).toBeGreaterThan(top);
    await reset.click();
    await settled(page);
    expect(await height()).toBe(usual);
    expect(await reset.isDisabled()).toBe(true);
    const box = await page.locator(`${plot(CHRF)} .u-over`).boundingBox();
    if (box === null) throw new Error("no plot");
    await page.mouse.move(box.x + 200, box.y + 5);
    await page.mouse.down();
    await page.mouse.move(box.x + 210, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    await settled(page);
    expect(await height()).toBeGreaterThan(1.5 * usual);
    expect(await page.textContent("#shown-range")).toBe("");
    await page.mouse.dblclick(box.x + 200, box.y + 50);
    await settled(page);
    expect(await height()).toBe(usual);
    await page.mouse.move(box.x + 200, box.y + 10);
    await page.keyboard.down("Control");
    await page.keyboard.down("Shift");
    await page.mouse.wheel(0, -500);
    await page.keyboard.up("Shift");
    await page.keyboard.up("Control");
    await settled(page);
    expect(await height()).toBeGreaterThan(1.5 * usual);
  });

  test("has a chart at the whole width in sight, and on the whole screen with its legend", async () => {
    const shown = (chart: string) =>
      page.locator(`[data-chart="${chart}"]`).evaluate((figure) => {
        const { top, bottom } = figure.getBoundingClientRect();
        return { top, whole: top >= -1 && bottom <= innerHeight + 1 };
      });
    for (const chart of ["validation perplexity", "training learning_rate"]) {
      await page.focus(plot(chart));
      await drawn(page, chart);
      for (const wide of [true, false]) {
        await page.keyboard.press("w");
        await settled(page);
        expect([chart, await page.getAttribute(`[data-chart="${chart}"]`, "class")]).toEqual([
          chart,
          wide ? "chart wide" : "chart",
        ]);
        expect([chart, wide, (await shown(chart)).whole]).toEqual([chart, wide, true]);
      }
    }
    // From one to the other.
    await page.focus(plot("validation bleu-detok"));
    await page.keyboard.press("w");
    await settled(page);
    await page.focus(plot("training gnorm"));
    await page.keyboard.press("w");
    await settled(page);
    expect(await page.locator(".chart.wide").count()).toBe(1);
    expect((await shown("training gnorm")).whole).toBe(true);

    const legend = page.locator('[data-chart="training gnorm"] .legend');
    expect(await legend.isVisible()).toBe(false);
    await page.keyboard.press("f");
    await page.waitForFunction(() => document.fullscreenElement !== null);
    await settled(page);
    const size = await page.locator('[data-chart="training gnorm"] canvas').boundingBox();
    const screen = page.viewportSize();
    expect(size?.width).toBeGreaterThan((screen?.width ?? 0) * 0.9);
    expect(size?.height).toBeGreaterThan((screen?.height ?? 0) * 0.75);
    expect(await legend.locator("li").allTextContents()).toEqual(["student", "teacher-1"]);
    await page.keyboard.press("Home");
    expect(await page.textContent("#announcer")).toContain("gNorm");
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.fullscreenElement === null);
    await settled(page);
    expect(await legend.isVisible()).toBe(false);
    expect((await page.locator('[data-chart="training gnorm"] .uplot').boundingBox())?.height).toBeLessThan(
      520,
    );
    await page.getByRole("button", { name: "full screen of chrf" }).click();
    await page.waitForFunction(
      () => document.fullscreenElement?.getAttribute("data-chart") === "validation chrf",
    );
    // The button has the keyboard now.
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => document.fullscreenElement === null);
  });

  test("is printed in ink, with a legend", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.getByRole("checkbox", { name: "teacher-1" }).uncheck();
    await settled(page);
    const screen = await page.locator(`${plot(CHRF)} canvas`).screenshot();
    await page.emulateMedia({ colorScheme: "dark", media: "print" });
    await settled(page);
    expect(await page.locator(".run .name").locator("visible=true").allTextContents()).toEqual(["student"]);
    expect(await page.locator(".run .swatch").first().isVisible()).toBe(true);
    expect(await page.locator(".run input, .chart button, .toolbar").locator("visible=true").count()).toBe(0);
    // In the colours of the light theme, text and lines.
    expect(await page.evaluate(() => getComputedStyle(document.body).color)).toBe("rgb(28, 33, 38)");
    expect(await pixelsOf(page, CHRF, "student")).toBeGreaterThan(100);
    // Charts that were never on the screen are on the paper.
    expect(await pixelsOf(page, "training total_labels", "student")).toBeGreaterThan(100);
    await page.emulateMedia({ colorScheme: "dark", media: "screen" });
    await settled(page);
    expect((await page.locator(`${plot(CHRF)} canvas`).screenshot()).equals(screen)).toBe(true);
  });

  test("tells of restarts, where they are and in the summary", async () => {
    const box = await page.locator(`${plot(CHRF)} .u-over`).boundingBox();
    if (box === null) throw new Error("no plot");
    // The axis begins a little before update 500 and ends a little behind 40,000.
    const share = (20_500 - (500 - 790)) / (39_500 + 2 * 790);
    await page.mouse.move(box.x + box.width * share, box.y + 40);
    expect(await page.innerText(`${plot(CHRF)} .tooltip`)).toContain(
      "student: Marian v1.12.14 began again, first report at update 20,500",
    );
    await page.getByRole("tab", { name: "Summary" }).click();
    await page.waitForSelector("#panel-summary table");
    const findings = page.getByRole("region", { name: "Findings" });
    expect(await findings.locator("tr", { hasText: "restart" }).count()).toBeGreaterThan(0);
    const runs = page.getByRole("region", { name: "Runs" });
    const cells = await runs.locator("tbody tr").first().locator("th, td").allTextContents();
    expect(cells.slice(0, 3)).toEqual(["student", "40,000", "2"]);
  });

  test("compares configurations and shows differences alone, or everything", async () => {
    await page.keyboard.press("5");
    const panel = page.locator("#panel-configuration");
    await panel.locator("table").waitFor();
    // Each run as it was started last.
    const chosen = (side: string) => panel.getByLabel(side).locator("option:checked").textContent();
    expect([await chosen("Left"), await chosen("Right")]).toEqual(["student, start 2", "teacher-1"]);
    expect(await panel.getByRole("status").textContent()).toMatch(/^1 difference of \d+ settings$/);
    expect(await panel.locator("tbody tr > *").allTextContents()).toEqual(["dim-emb", "512", "1024"]);
    await panel.getByLabel("Right").selectOption("student, start 1");
    expect(await panel.getByRole("status").textContent()).toMatch(/^0 differences of \d+ settings$/);
    await panel.getByRole("checkbox").uncheck();
    expect(await panel.locator("tbody tr").count()).toBeGreaterThan(5);
    await panel.getByRole("searchbox").fill("valid-metrics");
    expect(await panel.locator("tbody tr").allTextContents()).toEqual([
      expect.stringContaining("chrf\nce-mean-words\nbleu-detok\nperplexity"),
    ]);
  });

  test("keeps the order of its tables, and the keyboard", async () => {
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement;
        return element?.getAttribute("data-focus") ?? element?.textContent ?? "";
      });
    const order = () => page.locator('[aria-label="Runs"] table tbody th').allTextContents();
    await page.keyboard.press("2");
    await page.waitForSelector("#panel-summary table");
    expect(await order()).toEqual(["student", "teacher-1"]);
    const head = page.getByRole("region", { name: "Runs" }).getByRole("button", { name: "Updates" });
    await head.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    expect(await order()).toEqual(["teacher-1", "student"]);
    // Tables are made anew, and another page is looked at in between.
    await page.keyboard.press("n");
    await settled(page);
    await page.keyboard.press("a");
    await settled(page);
    await head.focus();
    await page.getByRole("checkbox", { name: "student" }).evaluate((box: HTMLElement) => box.click());
    await page.getByRole("checkbox", { name: "student" }).evaluate((box: HTMLElement) => box.click());
    await settled(page);
    expect(await order()).toEqual(["teacher-1", "student"]);
    expect(await focused()).toBe("Runs: Updates ");
    await page.keyboard.press("3");
    await settled(page);
    // What had it is out of sight: the tab is the nearest.
    expect(await focused()).toBe("Throughput");
    await page.keyboard.press("2");
    await settled(page);
    expect(await order()).toEqual(["teacher-1", "student"]);
    expect(await head.locator("..").getAttribute("aria-sort")).toBe("ascending");
    await page.keyboard.press("1");
    await settled(page);
    // A button that has nothing more to do keeps it, too.
    await page.focus(plot(CHRF));
    await page.keyboard.press("+");
    await settled(page);
    await page.focus("#reset-zoom");
    await page.keyboard.press("Enter");
    await settled(page);
    expect(await focused()).toBe("Reset zoom");
    // So does a chart while others come.
    await page.focus(plot(CHRF));
    await page.setInputFiles("#files", scratch("other.log", train(100) + valid(100, "comet", 80)));
    await page.waitForFunction(() => document.querySelectorAll(".run").length === 3);
    await settled(page);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(
      /^chrf over/,
    );
  });

  test("keeps what was chosen while runs are switched on and off", async () => {
    await page.selectOption("#axis", "epoch");
    await page.getByRole("checkbox", { name: "teacher-1" }).uncheck();
    await settled(page);
    expect(await page.inputValue("#axis")).toBe("epoch");
    await page.getByRole("tab", { name: "Throughput" }).click();
    await page.waitForSelector("#throughput-table table");
    expect(await page.locator("#throughput-table tbody th").allTextContents()).toEqual(["student"]);
    expect(await page.locator("#throughput-charts figure h3").allTextContents()).toEqual([
      "words per second",
      "seconds between reports",
    ]);
  });
});

/** Where a chart has its rings and its cursor, in pixels of its plot. */
function marked(page: Page, chart: string): Promise<{ rings: [number, number][]; cursor: number }> {
  return page.evaluate((selector) => {
    const placeOf = (element: Element | null): [number, number] => {
      const { e, f } = new DOMMatrix(element === null ? "" : getComputedStyle(element).transform);
      return [Math.round(e), Math.round(f)];
    };
    const plot = document.querySelector(selector);
    return {
      rings: Array.from(plot?.querySelectorAll(".ring") ?? [], placeOf),
      cursor: placeOf(plot?.querySelector(".u-cursor-x") ?? null)[0],
    };
  }, plot(chart));
}

describe.skipIf(!chromiumIsThere)("a report of odd logs", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test("shows trainings that died before their first update, and marks what happened between records", async () => {
    const dead = await named("dead", `${start()}[2024-07-03 08:00:01] Error: CUDA error 2 'out of memory'\n`);
    const marks =
      start() +
      train(100) +
      "[2024-07-03 09:00:01] Saving model weights and runtime parameters to model.npz\n" +
      "[2024-07-03 09:00:01] Saving model weights and runtime parameters to model.npz.orig.npz\n" +
      train(200) +
      "[2024-07-03 09:00:02] Decaying learning rate to 0.0001 in epoch 1\n" +
      train(300) +
      train(400);
    const run = await named("marks", marks);
    expect(run.marks.map(({ kind }) => kind)).toEqual(["save", "save", "decay"]);
    const plain = { ...run, marks: [] };
    const { page, faults } = await openPage(browser, reportUrl({ runs: [run, dead] }));
    await drawn(page, COST);
    expect(await page.locator(".run", { hasText: "dead" }).locator(".warn").textContent()).toBe("no update");
    // At update 100, 2 % of the width from its left edge; and at 200.
    const box = await page.locator(`${plot(COST)} .u-over`).boundingBox();
    if (box === null) throw new Error("no plot");
    const said = async (up: number) => {
      await page.mouse.move(box.x + (box.width * (up - 94)) / 312, box.y + 60);
      return page.locator(`${plot(COST)} .tooltip .mark`).allTextContents();
    };
    expect(await said(100)).toEqual(["marks: Saving model weights and runtime parameters to model.npz"]);
    expect(await said(200)).toEqual(["marks: Decaying learning rate to 0.0001 in epoch 1"]);
    await page.mouse.move(2, 2);
    const inked = await pixelsOf(page, COST, "marks");
    await page.keyboard.press("2");
    await page.waitForSelector("#panel-summary table");
    expect(await page.getByRole("region", { name: "Runs" }).locator("tbody th").allTextContents()).toEqual([
      "marks",
      "dead",
    ]);
    expect(await page.getByRole("region", { name: "Findings" }).innerText()).toContain("out of memory");
    expect(faults).toEqual([]);
    await page.close();
    const other = await openPage(browser, reportUrl({ runs: [plain] }));
    await drawn(other.page, COST);
    expect(await pixelsOf(other.page, COST, "marks")).toBeLessThan(inked);
    await other.page.close();
  });

  test("are scaled to the values without outliers, and to all of them where that is asked for", async () => {
    const values = [4e10, 300, 60, 40, 30];
    const text = values.map((value, index) => valid(100 * (index + 1), "perplexity", value)).join("");
    const { page, faults } = await openPage(browser, reportUrl({ runs: [await named("a", text)] }));
    const chart = "validation perplexity";
    await drawn(page, chart);
    const note = page.locator(`[data-chart="${chart}"] .chart-note`);
    const apart = async () => {
      await page.focus(plot(chart));
      await page.keyboard.press("End");
      const [last] = (await marked(page, chart)).rings;
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      const [before] = (await marked(page, chart)).rings;
      return (last?.[1] ?? 0) - (before?.[1] ?? 0);
    };
    expect(await note.textContent()).toBe("Outliers up to 40,000,000,000 lie beyond the scale.");
    expect(await apart()).toBeGreaterThan(5);
    // Its value is read all the same.
    await page.keyboard.press("Home");
    expect(await page.textContent("#announcer")).toContain("perplexity 40,000,000,000");
    await page.keyboard.press("y");
    await settled(page);
    expect(await page.getByRole("button", { name: "Outliers", pressed: true }).count()).toBe(1);
    expect(await note.isVisible()).toBe(false);
    expect(await apart()).toBe(0);
    await page.getByRole("button", { name: "Outliers" }).click();
    await settled(page);
    expect(await apart()).toBeGreaterThan(5);
    // Zooming out with keys reaches all values, too.
    for (let step = 0; step < 60; step += 1) await page.keyboard.press("PageDown");
    await settled(page);
    expect(await apart()).toBe(0);
    expect(faults).toEqual([]);
    await page.close();
  });

  test("rings the best validation also where there is no room for each point", async () => {
    // The same values twice; of the second metric nobody knows whether more is better.
    const log = Array.from({ length: 300 }, (_, index) => {
      const value = 20 + Math.sin(index / 20);
      return train(index + 1) + valid(index + 1, "chrf", value) + valid(index + 1, "my-score", value);
    }).join("");
    const { page } = await openPage(browser, reportUrl({ runs: [await named("train", log)] }));
    await drawn(page, CHRF);
    await drawn(page, "validation my-score");
    const [ringed, plain] = [
      await pixelsOf(page, CHRF, "train"),
      await pixelsOf(page, "validation my-score", "train"),
    ];
    expect(plain).toBeGreaterThan(300);
    expect(ringed - plain).toBeGreaterThan(20);
    await page.close();
  });

  test("shows NaN and infinities where they happened", async () => {
    const log =
      start() +
      [100, 200, 300, 400].map((up) => train(up)).join("") +
      train(500).replace(/Cost [\d.]+/, "Cost nan") +
      train(600).replace(/Cost [\d.]+/, "Cost inf") +
      [700, 800].map((up) => train(up)).join("");
    const { page, faults } = await openPage(browser, reportUrl({ runs: [await named("broken", log)] }));
    await drawn(page, COST);
    expect(await page.textContent(".run .facts")).toContain("2 NaN");
    const said = await readValues(page, COST);
    expect(said.map((text) => numbersOf(text)[1])).toEqual([
      0.1,
      0.05,
      0.03333333,
      0.025,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      0.01428571,
      0.0125,
    ]);
    // Without the two marks there are fewer pixels of its colour.
    const marked = await pixelsOf(page, COST, "broken");
    await page.close();
    const plain = log.replace(/.*Cost (?:nan|inf).*\n/g, "");
    const other = await openPage(browser, reportUrl({ runs: [await named("broken", plain)] }));
    await drawn(other.page, COST);
    const joined = await pixelsOf(other.page, COST, "broken");
    expect(marked).not.toBe(joined);
    expect([...faults, ...other.faults]).toEqual([]);
    await other.page.close();
  });

  test("leaves nothing of a log but text", async () => {
    const hostile = `</script><img src=x onerror="document.title='taken'"><b>`;
    const log =
      start().replace("type: transformer", `type: '${hostile.replaceAll("'", "''")}'`) +
      train(100) +
      valid(100, "chrf", 4);
    const run = await named(hostile, log);
    const url = reportUrl({
      title: hostile,
      runs: [run, { ...run, name: "b" }],
      problems: [{ source: hostile, reason: hostile }],
    });
    const { page, faults, urls } = await openPage(browser, url);
    await drawn(page, CHRF);
    for (const tab of ["Summary", "Throughput", "Evaluations", "Configuration", "Charts"]) {
      await page.getByRole("tab", { name: tab }).click();
      await settled(page);
    }
    await page.keyboard.press("5");
    await page.locator("#panel-configuration").getByRole("checkbox").uncheck();
    expect(await page.locator("#panel-configuration td", { hasText: "onerror" }).count()).toBe(2);
    await page.keyboard.press("1");
    await page.hover(`${plot(CHRF)} .u-over`);
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.title()).toBe(hostile);
    expect(await page.textContent("h1")).toBe(hostile);
    expect(faults).toEqual([]);
    expect(urls).toEqual([url, ...urls.filter((asked) => asked.startsWith("data:"))]);
    await page.close();
  });

  test("may not ask any server, even if it wanted to", async () => {
    const { page } = await openPage(browser, reportUrl({ runs: [await named("a", train(100))] }));
    const refused = await page.evaluate(async () => {
      const blocked = new Promise<string>((resolve) =>
        document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) =>
          resolve(effectiveDirective),
        ),
      );
      await fetch("http://127.0.0.1:9/").catch(() => {});
      return blocked;
    });
    expect(refused).toBe("connect-src");
    await page.close();
  });

  test("whose data is damaged says so", async () => {
    const url = reportUrl({ runs: [await named("a", train(100))] });
    const text = readFileSync(new URL(url), "utf8");
    const cut = text.replace(/id="report-data">([A-Za-z0-9+/=]{40})[A-Za-z0-9+/=]*</, 'id="report-data">$1<');
    const { writeFileSync } = await import("node:fs");
    writeFileSync(new URL(url), cut);
    const { page } = await openPage(browser, url);
    await page.waitForSelector("#problems:not([hidden])");
    expect(await page.textContent("#problems")).toContain("this report: its data can't be read");
    await page.close();
  });

  test("of validations alone has no axis of sentences", async () => {
    const { page, faults } = await openPage(
      browser,
      reportUrl({ runs: [await named("valid", valid(100, "chrf", 4) + valid(200, "chrf", 5))] }),
    );
    await drawn(page, CHRF);
    expect(await page.locator("#axis option:disabled").allTextContents()).toEqual(["Sentences"]);
    expect((await readValues(page, CHRF)).map(numbersOf)).toEqual([
      [100, 4],
      [200, 5],
    ]);
    expect(faults).toEqual([]);
    await page.close();
  });
});
