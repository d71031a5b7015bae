/** The viewer with data in it: one self-contained HTML file. */
import { gzipSync } from "node:zlib";
import type { ReportData } from "./report-data.js";
import { reportToJson } from "./report-json.js";

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

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
