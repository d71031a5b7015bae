/** `--dry-run`: what would be published. */

import { planSource } from "../jobs/plan-source.js";
import type { ParserOptions } from "../parser/log-parser.js";
import { fileSource, STDIN } from "../sources/inputs.js";
import { EXIT } from "./exit-code.js";
import type { WandbTarget } from "./wandb-flags.js";

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
      process.stderr.write("standard input: what is in it is known only when it is read\n");
      continue;
    }
    const plan = await planSource(fileSource(name), options);
    if (plan.rows === 0 || wandb === undefined) {
      process.stderr.write(
        `${name}: ${plan.rows === 0 ? "it holds no measurement" : "W&B is switched off"}\n`,
      );
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
      process.stdout.write(
        `${name} -> ${place}: ${rows} rows, ${held} on the server, ${sent} to send, ${changed.length} tables\n`,
      );
      for (const { name: table, state } of tables) process.stdout.write(`  table ${table}: ${state}\n`);
      for (const note of notes) process.stdout.write(`  ${note}\n`);
    } catch (error) {
      code = EXIT.sink;
      process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  await wandb?.close();
  if (json) process.stdout.write(`${JSON.stringify({ runs: previews }, null, 2)}\n`);
  return code;
}
