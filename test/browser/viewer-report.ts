/** Reports in files, as the command writes them, and what tests ask of their page. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll } from "vitest";
import type { ReportData } from "../../src/report/report-data.js";
import { reportPage } from "../../src/report/report-page.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "marian-tracking-viewer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** The built page without data. */
const viewer = readFileSync(join(root, "dist/viewer.html"), "utf8");

/** A file of the repository's own logs. */
export const fixture = (name: string): string => join(root, "fixtures", name);

/** Writes a file of a test and returns its path. */
export function scratch(name: string, content: string | Uint8Array): string {
  count += 1;
  const path = join(folder, `${count}-${name}`);
  writeFileSync(path, content);
  return path;
}

/** The address of the viewer without data. */
export function viewerUrl(): string {
  return pathToFileURL(scratch("viewer.html", viewer)).href;
}

/** The address of a report in a file. */
export function reportUrl(data: Partial<ReportData>): string {
  const whole = {
    title: "report",
    created: "2026-01-02T03:04:05.000Z",
    runs: [],
    evaluations: [],
    problems: [],
    ...data,
  };
  return pathToFileURL(scratch("report.html", reportPage(viewer, whole))).href;
}

/** The place on the page of one chart. */
export const plot = (chart: string): string => `[data-chart="${chart}"] .plot`;

/** Waits until a chart is drawn. */
export async function drawn(page: Page, chart: string): Promise<void> {
  await page.waitForSelector(`${plot(chart)} canvas`);
  await settled(page);
}

/** Waits until what was done is on the screen. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    await new Promise((resolve) => setTimeout(resolve, 150));
    await frame();
  });
}

/** What a chart says of each value of the run that comes first, read with the arrow keys from its start. */
export async function readValues(page: Page, chart: string, limit = 500): Promise<string[]> {
  await page.focus(plot(chart));
  const said = () => page.textContent("#announcer");
  const texts: string[] = [];
  await page.keyboard.press("Home");
  for (
    let text = (await said()) ?? "";
    text !== texts.at(-1) && texts.length < limit;
    text = (await said()) ?? ""
  ) {
    texts.push(text);
    await page.keyboard.press("ArrowRight");
  }
  return texts;
}

/** How many pixels of a chart have about the colour of a run. */
export async function pixelsOf(page: Page, chart: string, run: string): Promise<number> {
  return page.evaluate(
    ({ selector, name }) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`${selector} canvas`);
      const rows = Array.from(document.querySelectorAll<HTMLElement>(".run"));
      const row = rows.find((element) => element.querySelector(".name")?.textContent === name);
      const swatch = row?.querySelector<HTMLElement>(".swatch");
      if (canvas === null || !swatch) throw new Error(`nothing to compare for ${name}`);
      const copy = document.createElement("canvas");
      [copy.width, copy.height] = [canvas.width, canvas.height];
      const sample = copy.getContext("2d", { willReadFrequently: true });
      if (sample === null) throw new Error("no canvas");
      sample.fillStyle = getComputedStyle(swatch).backgroundColor;
      sample.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = sample.getImageData(0, 0, 1, 1).data;
      sample.clearRect(0, 0, 1, 1);
      sample.drawImage(canvas, 0, 0);
      const { data } = sample.getImageData(0, 0, canvas.width, canvas.height);
      let found = 0;
      for (let at = 0; at < data.length; at += 4) {
        const away =
          Math.abs((data[at] ?? 0) - red) +
          Math.abs((data[at + 1] ?? 0) - green) +
          Math.abs((data[at + 2] ?? 0) - blue);
        if (away < 24 && (data[at + 3] ?? 0) > 200) found += 1;
      }
      return found;
    },
    { selector: plot(chart), name: run },
  );
}
