// Generates the benchmark's logs: `realistic` (2 % of the lines are measurements), `dense` (all of them, one training row in
// 50 validated) and `half` (all of them, as many validation records as training records).

import { once } from "node:events";
import { createWriteStream, existsSync, mkdirSync, statSync } from "node:fs";

const folder = new URL("data/", import.meta.url);

/** A generator of numbers that gives the same log on every machine. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const words =
  "we of the in translation model has been reported by session minister measures regional not after".split(
    " ",
  );
const metrics = ["chrf", "ce-mean-words", "bleu-detok"];

function* lines(kind) {
  const next = random(7);
  const pick = () => words[Math.floor(next() * words.length)];
  let time = Date.UTC(2024, 0, 1);
  const stamp = () => `[${new Date(time).toISOString().slice(0, 19).replace("T", " ")}]`;
  yield `${stamp()} [marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500`;
  yield `${stamp()} [marian] Running on node as process 7 with command line:`;
  yield `${stamp()} [marian] /opt/marian/marian --model model.npz --valid-metrics ${metrics.join(" ")}`;
  yield `${stamp()} [config] valid-metrics:`;
  for (const metric of metrics) yield `${stamp()} [config]   - ${metric}`;
  yield `${stamp()} [config] Model is being created with Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500`;
  for (let row = 1; ; row += 1) {
    time += 20_000;
    const up = row * 100;
    const sen = (row * 75_376).toLocaleString("en-US");
    yield `${stamp()} Ep. ${1 + Math.floor(row / 5000)} : Up. ${up} : Sen. ${sen} : Cost ${(3 + next()).toFixed(8)} : Time ${(20 + next()).toFixed(2)}s : ${(40_000 + next() * 9000).toFixed(2)} words/s : gNorm ${next().toFixed(4)} : L.r. ${(next() * 3e-4).toExponential(4).replace(/e-(\d)$/, "e-0$1")}`;
    if (row % (kind === "half" ? metrics.length : 50) === 0) {
      for (const metric of metrics) {
        yield `${stamp()} [valid] Ep. ${1 + Math.floor(row / 5000)} : Up. ${up} : ${metric} : ${(next() * 40).toPrecision(6)} : stalled ${row % 7} times (last best: ${(next() * 40).toPrecision(6)})`;
      }
    }
    if (kind === "realistic") {
      // What fills real logs between measurements: the translations of the validation set, and a few remarks.
      for (let line = 0; line < 49; line += 1) {
        const text = Array.from({ length: 8 + Math.floor(next() * 20) }, pick).join(" ");
        if (line < 46) yield `${stamp()} Best translation ${row * 46 + line} : ${text}`;
        else if (line === 46) yield `${stamp()} [valid]   Hyp: ${text}`;
        else if (line === 47) yield `${stamp()} [valid]   Ref: ${text}`;
        else
          yield `${stamp()} [training] Saving training checkpoint to model.npz and model.npz.optimizer.npz`;
      }
    }
  }
}

/** The path of a log of about `megabytes` MB, generated when it is not there. */
export async function benchLog(kind, megabytes) {
  const path = new URL(`${kind}-${megabytes}.log`, folder).pathname;
  if (existsSync(path) && statSync(path).size >= megabytes * 1e6) return path;
  mkdirSync(folder, { recursive: true });
  const file = createWriteStream(path);
  // A large log repeats its first 20 MB: the numbers are parsed anew each time.
  let block = "";
  for (const line of lines(kind)) {
    block += `${line}\n`;
    if (block.length >= Math.min(megabytes, 20) * 1e6) break;
  }
  for (let written = 0; written < megabytes * 1e6; written += block.length) {
    if (!file.write(block)) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
  return path;
}
