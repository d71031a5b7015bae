// Makes the pictures of docs/viewer.md anew, from the logs in fixtures/. Needs a build, and Chromium at /usr/bin/chromium or
// CHROMIUM: `node scripts/screenshots.mjs`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { root } from "./tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "marian-tracking-screenshots-"));
const log = readFileSync(`${root}fixtures/train.log`, "utf8");
// A second training, which came less far and a little less high.
const other = log
  .split("\n")
  .slice(0, 190)
  .join("\n")
  .replace(
    /(chrf : |bleu-detok : )([\d.]+)/g,
    (_, name, value) => `${name}${(Number(value) * 0.96).toFixed(4)}`,
  )
  .replace(/Cost ([\d.]+)/g, (_, value) => `Cost ${(Number(value) * 1.04).toFixed(8)}`);
writeFileSync(join(folder, "student.log"), log);
writeFileSync(join(folder, "student-small.log"), other);
const report = (name, ...logs) => {
  const page = join(folder, name);
  const inputs = logs.map((input) => join(folder, input));
  execFileSync(process.execPath, [
    `${root}bin/run.js`,
    "report",
    ...inputs,
    "-o",
    page,
    "-q",
    "--title",
    "en-cs",
  ]);
  return pathToFileURL(page).href;
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--force-device-scale-factor=1"],
});

/** One picture. `prepare` brings the page to what is shown. */
async function picture(name, url, { width, height, colorScheme }, prepare) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(url);
  await page.waitForSelector("#charts canvas");
  await prepare(page);
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${root}docs/viewer/${name}.png` });
  await page.close();
}

try {
  const both = report("both.html", "student.log", "student-small.log");
  await picture("light", both, { width: 1280, height: 800, colorScheme: "light" }, async (page) => {
    const box = await page.locator('[data-chart="validation chrf"] .u-over').boundingBox();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
  });
  await picture("dark", both, { width: 1280, height: 800, colorScheme: "dark" }, async (page) => {
    await page.locator("#smoothing").fill("0.8");
    await page.locator('[data-chart="training cost"]').scrollIntoViewIfNeeded();
    const chart = page.locator('[data-chart="training cost"] .u-over');
    await page.waitForTimeout(300);
    const box = await chart.boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5);
  });
  await picture("narrow", both, { width: 390, height: 844, colorScheme: "light" }, async () => {});
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
