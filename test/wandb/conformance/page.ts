/** The table in docs/wandb-clients.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { TRANSPORTS, type TransportName } from "./transports.js";

const PAGE = fileURLToPath(new URL("../../../docs/wandb-clients.md", import.meta.url));
const BEGIN = "<!-- conformance: begin -->";
const END = "<!-- conformance: end -->";

/** What each transport was found to do. */
export type Findings = ReadonlyMap<string, Readonly<Record<TransportName, boolean>>>;

/** The findings as a Markdown table. */
export function tableOf(findings: Findings): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  let table = line(["", ...TRANSPORTS]) + line(["---", ...TRANSPORTS.map(() => "---")]);
  for (const [requirement, found] of findings)
    table += line([requirement, ...TRANSPORTS.map((name) => (found[name] ? "yes" : "**no**"))]);
  return table;
}

/** The table that the page shows. */
export function readPage(): string {
  return parts().table;
}

/** Puts a table into the page. */
export function writePage(table: string): void {
  const { before, after } = parts();
  writeFileSync(PAGE, before + table + after);
}

function parts(): { readonly before: string; readonly table: string; readonly after: string } {
  const text = readFileSync(PAGE, "utf8");
  const from = text.indexOf(BEGIN) + BEGIN.length + 1;
  const to = text.indexOf(END);
  if (from <= BEGIN.length || to < from) throw new Error(`${PAGE} has no place for the table`);
  return { before: text.slice(0, from), table: text.slice(from, to), after: text.slice(to) };
}
