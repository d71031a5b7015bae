import { parseLine } from "./json-lines.js";
import { LINE_FILES, type LineFile, type Store, type StoredRun } from "./store.js";

/** Carries out a file_stream request. Returns the answer; throws an Error when the body is not acceptable. */
export function writeLines(store: Store, run: StoredRun, body: unknown): unknown {
  if (!isRecord(body)) throw new Error("file_stream body is not an object");
  const files = isRecord(body.files) ? body.files : {};
  for (const [name, part] of Object.entries(files)) {
    const file = LINE_FILES.find((candidate) => candidate === name);
    if (file !== undefined) writePart(run, file, part);
    else if (!isRecord(part)) throw new Error(`file_stream part ${name} is malformed`);
  }
  for (const name of Array.isArray(body.uploaded) ? body.uploaded : []) run.visible.add(String(name));
  run.heartbeatAt = store.now();
  if (body.preempting === true) run.preempting = true;
  if (body.complete === true) {
    run.exitCode = Number(body.exitcode ?? 0);
    run.state = run.exitCode === 0 ? "finished" : run.preempting ? "preempted" : "failed";
  } else run.state = "running";
  return { exitcode: run.exitCode, limits: {}, stopped: run.stopped };
}

function writePart(run: StoredRun, file: LineFile, part: unknown): void {
  if (!isRecord(part) || !Array.isArray(part.content))
    throw new Error(`file_stream part ${file} is malformed`);
  const offset = Number(part.offset);
  const lines = run.lines[file];
  if (offset > lines.length)
    throw new Error(`${file}: offset ${offset} leaves a gap after line ${lines.length}`);
  part.content.forEach((line: unknown, index: number) => {
    if (typeof line !== "string") throw new Error(`${file}: a line is not a string`);
    if (file !== "output.log") parseLine(line);
    lines[offset + index] = line;
  });
  if (file === "wandb-summary.json") run.summary = lines[0] ?? "{}";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
