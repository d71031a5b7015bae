/** The viewer with data in it: one self-contained HTML file. */
import { gunzipSync, gzipSync } from "node:zlib";
import { InputError } from "../io/input-error.js";
import type { ReportData } from "./report-data.js";
import { reportFromJson, reportToJson } from "./report-json.js";

const PLACE = 'id="report-data">';
const TITLE = /<title>[^<]*<\/title>/;

/**
 * Puts a report into the built viewer. The data is base64 and the title is escaped, so no text of a log can become
 * markup.
 *
 * @throws Error if `viewer` is not the page that the build makes.
 */
export function reportPage(viewer: string, data: ReportData): string {
  const [before, after, ...more] = viewer.split(PLACE);
  if (before === undefined || after === undefined || more.length > 0 || !TITLE.test(before)) {
    throw new Error("the viewer's page is not the one that the build makes: run `npm run build`");
  }
  const packed = gzipSync(reportToJson(data), { level: 9 }).toString("base64");
  const titled = before.replace(TITLE, () => `<title>${escapeText(data.title)}</title>`);
  return `${titled}${PLACE}${packed}${after}`;
}

/**
 * The report in a page.
 *
 * @throws InputError if the page holds no report, or one that is damaged or of another version.
 */
export function reportOfPage(page: string): ReportData {
  const start = page.indexOf(PLACE);
  const packed = start === -1 ? "" : page.slice(start + PLACE.length, page.indexOf("<", start));
  if (packed === "") throw new InputError("the page holds no report of marian-tracking");
  try {
    return reportFromJson(gunzipSync(Buffer.from(packed, "base64")).toString());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`the report in the page can't be read (${reason})`, {
      cause: error,
      hint: "make it again with `marian-tracking report`",
    });
  }
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
