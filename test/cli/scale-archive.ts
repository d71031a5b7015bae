/** A small archive for the commands that share work. */
import { gzipSync } from "node:zlib";
import { LOGS } from "../pipeline/table-logs.js";

export const GROUP = "base_aY25-4fXTcuJNuMcWXUYtQ";

/** Every kind of log, in two layouts, with evaluations, a configuration, and a model that has no log. */
export function scaleArchive(folder = "archive"): Record<string, string | Uint8Array> {
  const files: Record<string, string | Uint8Array> = {
    [`${folder}/models/en-hu/${GROUP}/evaluation/quantized/flores_devtest.metrics.json`]:
      '{"bleu":{"score":29.5,"details":{}},"metricx":{"score":1.5}}',
    [`${folder}/models/en-hu/${GROUP}/evaluation/teacher-1/flores_devtest.metrics`]: "30.5\n60.5\n0.85\n",
    [`${folder}/models/en-hu/${GROUP}/evaluation/teacher-1/mtdata_x.metrics`]: "no numbers\n",
    [`${folder}/experiments/en-hu/${GROUP}/config.yml`]: "experiment:\n  name: base\n",
  };
  for (const [name, log] of LOGS) {
    const isPacked = typeof log !== "string" && log[0] === 0x1f;
    files[`${folder}/logs/en-hu/${GROUP}/${name}/train.log${isPacked ? ".gz" : ""}`] = log;
  }
  const last = LOGS[0]?.[1] ?? "";
  files[`${folder}/models/en-hu/snake/student/train.log`] = last;
  files[`${folder}/models/en-hu/snake/student/valid.log`] =
    "[2026-01-01 10:00:00] [valid] Ep. 1 : Up. 40 : perplexity : 3.5 : new best\n";
  files[`${folder}/models/en-hu/snake/teacher/train.log.gz`] = gzipSync(last);
  return files;
}
