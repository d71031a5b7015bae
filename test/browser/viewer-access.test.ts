/** The viewer for everyone: by keyboard alone, in both themes, on a narrow screen, read aloud. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runOf } from "../report/sample-run.js";
import { chromiumIsThere, launchChromium, type OpenedPage, openPage } from "./chromium.js";
import { drawn, fixture, plot, reportUrl, scratch, settled, viewerUrl } from "./viewer-report.js";

const CHRF = "validation chrf";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TABS = ["Charts", "Summary", "Throughput", "Evaluations", "Configuration"];

/** What the page says of the element that has the keyboard. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent?.trim() ?? element?.id ?? "";
  });
}

/** Texts whose colour is too near to what is behind them: under 4.5 to 1, or 3 to 1 where they are large. */
function weakTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (pen === null) throw new Error("no canvas");
    const rgba = (color: string): number[] => {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      return Array.from(pen.getImageData(0, 0, 1, 1).data);
    };
    const over = (top: number[], below: number[]) => {
      const alpha = (top[3] ?? 255) / 255;
      return [0, 1, 2].map((part) => (top[part] ?? 0) * alpha + (below[part] ?? 0) * (1 - alpha));
    };
    const light = (color: number[]) => {
      const [red = 0, green = 0, blue = 0] = color.map((part) => {
        const share = part / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element: Element | null): number[] => {
      if (element === null) return [255, 255, 255];
      const color = rgba(getComputedStyle(element).backgroundColor);
      return color[3] === 255 ? color : over(color, behind(element.parentElement));
    };
    const weak: string[] = [];
    for (const element of Array.from(document.body.querySelectorAll<HTMLElement>("*"))) {
      const own = Array.from(element.childNodes).some(
        (node) => node.nodeType === 3 && node.textContent?.trim(),
      );
      if (!own || !element.checkVisibility() || element.closest(".unseen, :disabled, script") !== null)
        continue;
      const style = getComputedStyle(element);
      const back = behind(element);
      const [one, other] = [light(over(rgba(style.color), back)), light(back)];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      const large = Number.parseFloat(style.fontSize) >= 24;
      if (ratio < (large ? 3 : 4.5))
        weak.push(`${element.tagName} ${element.textContent?.slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return weak;
  });
}

/** What axe finds, its experimental rules included. */
function faultsOfAxe(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        getRules(): { ruleId: string; tags: string[] }[];
        run(options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    // AAA asks for more contrast than the system's own controls have.
    const rules = axe.getRules().filter(({ tags }) => !tags.some((tag) => tag.endsWith("aaa")));
    const runOnly = { type: "rule", values: rules.map(({ ruleId }) => ruleId) };
    const { violations } = await axe.run({ runOnly, resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
  });
}

/** What is wrong with names, labels and roles. */
function faultsOfNames(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = [];
    const ids = Array.from(document.querySelectorAll("[id]"), ({ id }) => id);
    for (const id of ids) if (ids.filter((other) => other === id).length > 1) faults.push(`id ${id} twice`);
    for (const element of Array.from(document.querySelectorAll<HTMLElement>("*"))) {
      for (const name of ["aria-controls", "aria-labelledby", "for"]) {
        const wanted = element.getAttribute(name);
        if (wanted !== null && document.getElementById(wanted) === null)
          faults.push(`${name} ${wanted} leads nowhere`);
      }
    }
    const controls = document.querySelectorAll<HTMLElement>(
      "button, input, select, a[href], [tabindex='0'], dialog, progress",
    );
    for (const element of Array.from(controls)) {
      const labels = (element as HTMLInputElement).labels;
      const labelled = element.getAttribute("aria-labelledby");
      const name =
        element.getAttribute("aria-label") ??
        (labelled === null ? undefined : document.getElementById(labelled)?.textContent) ??
        (labels?.length ? labels[0]?.textContent : element.textContent);
      if (!name?.trim()) faults.push(`${element.outerHTML.slice(0, 80)} has no name`);
    }
    for (const table of Array.from(document.querySelectorAll("table"))) {
      if (!table.caption?.textContent) faults.push("a table without a caption");
      for (const head of Array.from(table.querySelectorAll("th")))
        if (!head.scope) faults.push("a head without a scope");
    }
    const levels = Array.from(document.querySelectorAll("h1, h2, h3"), ({ tagName }) => Number(tagName[1]));
    if (levels.filter((level) => level === 1).length !== 1) faults.push("not one h1");
    if (document.documentElement.lang !== "en") faults.push("no language");
    return faults;
  });
}

describe.skipIf(!chromiumIsThere)("the viewer", () => {
  let browser: Browser;
  let url: string;
  let opened: OpenedPage;
  let page: Page;

  beforeAll(async () => {
    browser = await launchChromium();
    const log = readFileSync(fixture("train.log"));
    const run = await runOf(log);
    const dialects = await runOf(readFileSync(fixture("dialects.log")));
    url = reportUrl({
      title: "trainings",
      runs: [
        { ...run, name: "student", source: "student/train.log" },
        { ...dialects, name: "dialects", source: "dialects.log", error: "the gzip data ends early" },
      ],
      evaluations: ["student", "teacher-1"].map((run, index) => ({
        run,
        importer: "flores",
        dataset: "devtest",
        augmentation: null,
        metrics: new Map([["chrf", 50 + index]]),
        source: `${run}/x.metrics`,
      })),
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
      await page.close();
    };
  });

  test.each(["light", "dark"] as const)(
    "has texts that can be read, %s, on every page",
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      await page.click("#problems summary");
      for (const tab of TABS) {
        await page.getByRole("tab", { name: tab }).click();
        await settled(page);
        expect(await weakTexts(page)).toEqual([]);
      }
      await page.keyboard.press("?");
      expect(await weakTexts(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.keyboard.press("1");
      await page.hover(`${plot(CHRF)} .u-over`);
      expect(await page.isVisible(`${plot(CHRF)} .tooltip`)).toBe(true);
      expect(await weakTexts(page)).toEqual([]);
    },
  );

  test.each(["light", "dark"] as const)(
    "has nothing that axe finds fault with, %s, on every page",
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      // By the browser itself: the page's policy allows no script but its own.
      const session = await page.context().newCDPSession(page);
      await session.send("Runtime.evaluate", { expression: axe });
      await page.setInputFiles("#files", scratch("notes.txt", "no log"));
      await page.waitForSelector("#notice:not([hidden])");
      for (const tab of TABS) {
        await page.getByRole("tab", { name: tab }).click();
        await settled(page);
        if (tab === "Charts") await page.hover(`${plot(CHRF)} .u-over`);
        expect([tab, await faultsOfAxe(page)]).toEqual([tab, []]);
      }
      await page.keyboard.press("?");
      expect(["help", await faultsOfAxe(page)]).toEqual(["help", []]);
    },
  );

  test("names every control, table and role, on every page", async () => {
    for (const tab of TABS) {
      await page.getByRole("tab", { name: tab }).click();
      await settled(page);
      expect(await faultsOfNames(page)).toEqual([]);
      expect(await page.getByRole("tab", { selected: true }).allTextContents()).toEqual([tab]);
      expect(await page.getByRole("tabpanel").count()).toBe(1);
    }
  });

  test("follows the system's theme, until one is chosen, and keeps that", async () => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMedia({ colorScheme: "light" });
    const light = await background();
    await page.emulateMedia({ colorScheme: "dark" });
    await settled(page);
    const dark = await background();
    expect(dark).not.toBe(light);
    const picture = await page.locator(`${plot(CHRF)} canvas`).screenshot();
    await page.getByRole("button", { name: "Dark or light" }).click();
    await settled(page);
    expect(await background()).toBe(light);
    expect((await page.locator(`${plot(CHRF)} canvas`).screenshot()).equals(picture)).toBe(false);
    await page.reload();
    expect(await background()).toBe(light);
    await page.keyboard.press("t");
    expect(await background()).toBe(dark);
  });

  test("can be used with the keyboard alone", async () => {
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("To the charts");
    await page.keyboard.press("Tab");
    expect(await focused(page)).toBe("Charts");
    await page.keyboard.press("ArrowRight");
    await settled(page);
    expect(await focused(page)).toBe("Summary");
    expect(await page.isVisible("#panel-summary table")).toBe(true);
    await page.keyboard.press("ArrowLeft");
    await settled(page);
    // Buttons, the list of runs, the tools, the charts, in the order in which they are seen.
    const order: string[] = [];
    for (let step = 0; step < 24; step += 1) {
      await page.keyboard.press("Tab");
      order.push(await focused(page));
      const ring = await page.evaluate(() => {
        const element = document.activeElement;
        return element === null || element === document.body
          ? "none"
          : getComputedStyle(element).outlineStyle;
      });
      expect([order.at(-1), ring]).toEqual([order.at(-1), expect.not.stringMatching(/^none$/)]);
    }
    const wanted = [
      "Open files",
      "Open folder",
      "Dark or light",
      "all",
      "none",
      "only student",
      "only dialects",
      "Reset zoom",
    ];
    const places = wanted.filter((name) => name !== "Reset zoom").map((name) => order.indexOf(name));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((one, other) => one - other));
    expect(order.some((name) => name.startsWith("chrf over updates"))).toBe(true);

    await page.focus(plot(CHRF));
    await page.keyboard.press("ArrowRight");
    const first = await page.textContent("#announcer");
    expect(first).toBe("student, update 2,500: chrf 21.5592, new best");
    expect(await page.isVisible(`${plot(CHRF)} .tooltip`)).toBe(true);
    await page.keyboard.press("Escape");
    expect(await page.isVisible(`${plot(CHRF)} .tooltip`)).toBe(false);
    await page.focus(plot("validation perplexity"));
    await settled(page);
    await page.keyboard.press("End");
    expect(await page.textContent("#announcer")).toMatch(/^student, update 40,000: perplexity /);
    await page.keyboard.press("ArrowDown");
    expect(await page.textContent("#announcer")).toMatch(/^dialects, /);
  });

  test("has keys for everything that has a button", async () => {
    await page.keyboard.press("x");
    await settled(page);
    expect(await page.inputValue("#axis")).toBe("epoch");
    await page.keyboard.press("]");
    await page.keyboard.press("]");
    await page.keyboard.press("[");
    await settled(page);
    expect(await page.textContent("#smoothing-value")).toBe("0.10");
    await page.keyboard.press("l");
    await settled(page);
    expect(await page.getAttribute("#log-all", "aria-pressed")).toBe("true");
    await page.keyboard.press("n");
    await settled(page);
    expect(await page.getByRole("checkbox", { checked: true }).count()).toBe(0);
    await page.keyboard.press("a");
    await settled(page);
    expect(await page.getByRole("checkbox", { checked: true }).count()).toBe(2);
    const chooser = page.waitForEvent("filechooser");
    await page.keyboard.press("o");
    expect((await chooser).isMultiple()).toBe(true);
    await page.focus(plot(CHRF));
    await page.keyboard.press("w");
    await settled(page);
    expect(await page.getAttribute(`[data-chart="${CHRF}"]`, "class")).toContain("wide");
    await page.keyboard.press("?");
    expect(await page.isVisible("#help")).toBe(true);
    // Behind the open box they do nothing.
    await page.keyboard.press("2");
    await page.keyboard.press("Escape");
    await settled(page);
    expect(await page.isVisible("#help")).toBe(false);
    expect(await page.isVisible("#panel-charts")).toBe(true);
    for (const [index, tab] of TABS.entries()) {
      await page.keyboard.press(String(index + 1));
      await settled(page);
      expect(await page.getByRole("tab", { selected: true }).textContent()).toBe(tab);
    }
    // In a field they are letters.
    await page.focus("#config-filter");
    await page.keyboard.type("1x");
    expect(await page.inputValue("#config-filter")).toBe("1x");
    expect(await page.isVisible("#panel-configuration")).toBe(true);
  });

  test.each([320, 390, 400])("fits a screen of %d pixels", async (width) => {
    await page.setViewportSize({ width, height: 844 });
    // Names as long as those of experiments.
    await page.setInputFiles("#files", [
      scratch(`${"teacher-finetune-opus_".repeat(5)}.log`, readFileSync(fixture("train.log"))),
    ]);
    await page.waitForFunction(() => document.querySelectorAll(".run").length === 3);
    for (const tab of [...TABS, "Charts"]) {
      // By its key: a click would bring the tab into sight by itself.
      await page.keyboard.press(String(TABS.indexOf(tab) + 1));
      await settled(page);
      const box = await page.getByRole("tab", { name: tab }).boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? 1000)).toBeLessThanOrEqual(width);
      // What reaches over the edge, other than in a box that scrolls by itself.
      const wide = await page.evaluate(
        (edge) =>
          Array.from(document.querySelectorAll<HTMLElement>("body *"))
            .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > edge)
            .filter((element) => element.closest("table, .uplot, #tabs") === null)
            .map((element) => element.outerHTML.slice(0, 100)),
        width + 1,
      );
      expect([tab, wide]).toEqual([tab, []]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  });
});

describe.skipIf(!chromiumIsThere)("the viewer without a log", () => {
  test.each(["light", "dark"] as const)("is readable and named, %s", async (colorScheme) => {
    const browser = await launchChromium();
    try {
      const { page, faults } = await openPage(browser, viewerUrl());
      await page.emulateMedia({ colorScheme });
      await page.waitForSelector("#start:not([hidden])");
      expect(await weakTexts(page)).toEqual([]);
      expect(await faultsOfNames(page)).toEqual([]);
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
