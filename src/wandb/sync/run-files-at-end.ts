import { stat } from "node:fs/promises";
import type { ConsoleText } from "../client/console-text.js";
import { stringifyJson } from "../client/format/json.js";
import type { RunFiles } from "../client/run-files.js";
import { RUN_FILES_AT_END } from "../client/run-options.js";
import type { StartedRun } from "../client/start-run.js";
import type { RunContent } from "./run-content.js";

/** What the files of a run are made of. */
export interface RunFileSources {
  readonly content: RunContent;
  readonly started: StartedRun;
  /** The complete summary as JSON. */
  readonly summary: string;
  readonly console: ConsoleText;
  /** Number of the first console line in the server's run. */
  readonly consoleStart: number;
}

/**
 * Adds the files of an offline run, and those that a run has at its end where the file has none of its own. Returns
 * what is not there any more, in words.
 */
export async function addRunFiles(files: RunFiles, sources: RunFileSources): Promise<string[]> {
  const { content, started, summary, console, consoleStart } = sources;
  const names = RUN_FILES_AT_END;
  files.add(names.config, Buffer.from(started.config.toYaml()));
  files.add(names.summary, Buffer.from(summary));
  if (!started.resumed) files.add(names.metadata, metadata(content));
  if (!console.empty) {
    // The lines of a run that goes on are only its later part, which must not replace the file with the earlier one.
    files.add(consoleStart === 0 ? names.console : `logs/output_${consoleStart}.log`, await console.source());
  }
  const missing: string[] = [];
  for (const { path, type, localPath } of content.files) {
    const status = await stat(localPath).catch(() => undefined);
    if (status?.isFile()) files.add(path, { path: localPath, size: status.size });
    // The official client lists some of its own files before it writes them.
    else if (type !== "wandb") missing.push(`the run file ${path} is not there any more (${localPath})`);
  }
  return missing;
}

function metadata({ run }: RunContent): Buffer {
  const startedAt = run.startTime === undefined ? undefined : new Date(run.startTime * 1000).toISOString();
  return Buffer.from(stringifyJson({ startedAt, host: run.host }));
}
