/** `--dry-run`: what would be published. */

import { fileSource } from "../../archive/input-source.js";
import { counted } from "../../check/format.js";
import type { ParserOptions } from "../../core/log-parser.js";
import { EXIT } from "../../exit-code.js";
import { jsonText } from "../../io/escape.js";
import { STDIN } from "../../io/inputs.js";
import { print, printText, say } from "../../io/terminal.js";
import { planSource } from "../../pipeline/plan-source.js";
import type { WandbTarget } from "../flags/wandb-target.js";

/** Prints a line a run, or JSON, on standard output; returns the exit code. */
export async function printPreviews(
  names: readonly string[],
  wandb: WandbTarget | undefined,
  options: ParserOptions,
  json: boolean,
): Promise<number> {
  const previews: unknown[] = [];
  let code: number = EXIT.ok;
  for (const name of names) {
    if (name === STDIN) {
      say("standard input: its content is known only after it is read");
      continue;
    }
    const plan = await planSource(fileSource(name), options);
    if (plan.rows === 0 || wandb === undefined) {
      say(`${name}: ${plan.rows === 0 ? "it contains no Marian measurements" : "W&B is switched off"}`);
      if (plan.rows === 0) code = EXIT.input;
      continue;
    }
    try {
      const preview = await wandb.preview(name, plan);
      previews.push({ source: name, ...preview });
      if (json) continue;
      const { id, project, group, rows, held, sent, tables, notes } = preview;
      const place = `${project}/${id}${group === null ? "" : ` in group ${group}`}`;
      const changed = tables.filter(({ state }) => state !== "unchanged");
      print(
        `${name} -> ${place}: ${counted(rows, "row")}, ${held} on the server, ${sent} to send, ${counted(changed.length, "table")}`,
      );
      for (const { name: table, state } of tables) print(`  table ${table}: ${state}`);
      for (const note of notes) print(`  ${note}`);
    } catch (error) {
      code = EXIT.publisher;
      say(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  await wandb?.close();
  if (json) printText(jsonText({ runs: previews }));
  return code;
}
