// Generates the benchmark's archive: folders as Taskcluster and Snakemake leave them, logs in the mix of real ones (about
// half of the lines are measurements), some compressed, some broken. The same parameters give the same logs.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** What `archiveTree` makes when nothing else is asked for. */
const DEFAULTS = { runs: 2000, megabytes: 2000, compressed: 0.1, broken: 0.01, seed: 7 };

const MODELS = {
  taskcluster: ["backwards", "teacher-1", "teacher-2", "student", "finetuned-student"],
  snakemake: ["backward", "teacher-base0", "teacher-finetuned0", "student", "student-finetuned"],
};
const PAIRS = ["en-hu", "fi-en", "en-nl", "et-en", "en-uk", "ca-en", "en-lt", "is-en", "en-sl", "el-en"];
const DATASETS = [
  "flores_devtest",
  "flores_aug-mix_devtest",
  "sacrebleu_wmt19",
  "mtdata_Local-talks_test-1-eng-xxx",
];
const METRICS = ["perplexity", "chrf", "ce-mean-words", "bleu-detok"];
const WORDS =
  "a river keeps its own time under the old bridge while boats wait for rain and lights of town go out one by one".split(
    " ",
  );
const ID = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/** Marian's options as a training prints them; what differs between trainings is filled in by `config`. */
const OPTIONS =
  `after 0e|after-batches 0|after-epochs 0|all-caps-every 0|allow-unk false|authors false|beam-size 4|
bert-class-symbol "[CLS]"|bert-mask-symbol "[MASK]"|bert-masking-fraction 0.15|bert-sep-symbol "[SEP]"|
bert-train-type-embeddings true|bert-type-vocab-size 2|build-info ""|check-gradient-nan false|check-nan false|
cite false|clip-norm 0|cost-scaling []|cost-type ce-mean-words|cpu-threads 0|data-threads 8|data-weighting ""|
data-weighting-type sentence|dec-cell ssru|dec-cell-base-depth 2|dec-cell-high-depth 1|dec-depth 2|devices 0,1,2,3|
dim-emb 256|dim-rnn 1024|dim-vocabs 32000,32000|disp-first 10|disp-freq 1000|disp-label-counts $labels|dropout-rnn 0|
dropout-src 0|dropout-trg 0|dump-config ""|dynamic-gradient-scaling []|early-stopping 20|early-stopping-on first|
embedding-fix-src false|embedding-fix-trg false|embedding-normalization false|embedding-vectors []|enc-cell gru|
enc-cell-depth 1|enc-depth 6|enc-type bidirectional|english-title-case-every 0|exponential-smoothing 0.0001|
factor-weight 1|factors-combine sum|factors-dim-emb 0|gradient-checkpointing false|gradient-norm-average-window 100|
guided-alignment $folder/corpus.aln.gz|guided-alignment-cost ce|guided-alignment-weight 0.1|ignore-model-config false|
input-types []|interpolate-env-vars false|keep-best true|label-smoothing 0.1|layer-normalization false|
learn-rate 0.0003|lemma-dependency ""|lemma-dim-emb 0|log $folder/train.log|log-level info|log-time-zone ""|
logical-epoch 1e,0|lr-decay 0|lr-decay-freq 50000|lr-decay-inv-sqrt 32000|lr-decay-repeat-warmup false|
lr-decay-reset-optimizer false|lr-decay-start 10,1|lr-decay-strategy epoch+stalled|lr-report true|lr-warmup 16000|
lr-warmup-at-reload false|lr-warmup-cycle false|lr-warmup-start-rate 0|max-length 100|max-length-crop false|
max-length-factor 3|maxi-batch 1000|maxi-batch-sort trg|mini-batch 1000|mini-batch-fit true|mini-batch-fit-step 10|
mini-batch-round-up true|mini-batch-track-lr false|mini-batch-warmup 0|mini-batch-words 0|mini-batch-words-ref 0|
model $folder/model.npz|multi-loss-type sum|n-best false|no-nccl false|no-reload false|no-restore-corpus false|
normalize 1|normalize-gradient false|num-devices 0|optimizer adam|optimizer-delay 2|optimizer-params 0.9,0.98,1e-09|
output-omit-bias false|overwrite true|precision float32,float32|pretrained-model ""|quantize-biases false|
quantize-bits 0|quantize-log-based false|quantize-optimization-steps 0|quiet false|quiet-translation true|
relative-paths false|right-left false|save-freq 5000|seed $seed|sentencepiece-alphas []|
sentencepiece-max-lines 2000000|sentencepiece-options ""|sharding local|shuffle data|shuffle-in-ram true|
sigterm save-and-exit|skip false|sqlite ""|sqlite-drop false|sync-freq 200u|sync-sgd true|tempdir $folder/tmp|
tied-embeddings false|tied-embeddings-all true|tied-embeddings-src false|train-embedder-rank []|
train-sets $folder/corpus.src.gz,$folder/corpus.trg.gz|transformer-aan-activation swish|transformer-aan-depth 2|
transformer-aan-nogate false|transformer-decoder-autoreg rnn|transformer-decoder-dim-ffn 0|
transformer-decoder-ffn-depth 0|transformer-depth-scaling false|transformer-dim-aan 2048|transformer-dim-ffn 1536|
transformer-dropout 0|transformer-dropout-attention 0|transformer-dropout-ffn 0|transformer-ffn-activation relu|
transformer-ffn-depth 2|transformer-flat-positions false|transformer-guided-alignment-layer last|
transformer-heads 8|transformer-no-projection false|transformer-pool false|transformer-postprocess dan|
transformer-postprocess-emb d|transformer-postprocess-top ""|transformer-preprocess ""|
transformer-rnn-projection false|transformer-tied-layers []|transformer-train-position-embeddings false|tsv false|
tsv-fields 0|type transformer|ulr false|ulr-dim-emb 0|ulr-dropout 0|ulr-keys-vectors ""|ulr-query-vectors ""|
ulr-softmax-temperature 1|ulr-trainable-transformation false|unlikelihood-loss false|valid-freq 5000|
valid-log $folder/valid.log|valid-max-length 1000|valid-metrics $metrics|valid-mini-batch 64|valid-reset-all false|
valid-reset-stalled false|valid-script-args []|valid-script-path ""|valid-sets $folder/dev.src,$folder/dev.trg|
valid-translation-output ""|version v1.12.14|vocabs $folder/vocab.spm,$folder/vocab.spm|word-penalty 0|
word-scores false|workspace 12000`
    .split("|")
    .map((option) => option.trim());

/** A generator of numbers that gives the same ones on every machine. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function grouped(count) {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

function exponent(value) {
  return value.toExponential(4).replace(/e-(\d)$/, "e-0$1");
}

/** The configuration of a training, line by line. */
function config(values) {
  return OPTIONS.flatMap((option) => {
    const [key, text] = /^(\S+) (.*)$/.exec(option).slice(1);
    const value = text.replace(/\$(\w+)/g, (_, name) => values[name]);
    if (value === "[]") return [`${key}:`, "  []"];
    return value.includes(",")
      ? [`${key}:`, ...value.split(",").map((item) => `  - ${item}`)]
      : [`${key}: ${value}`];
  });
}

/**
 * A training's log of about `bytes`, and the lines of validation of it.
 *
 * @param shape `task`: lines carry Taskcluster's prefix; `labels`: costs with label counts; `restart`: killed and
 *   continued once; `lateMetric`: the last third has a metric that was not there before; `quiet`: no validations.
 */
function trainingLog(next, bytes, folder, shape) {
  const lines = [];
  const validations = [];
  let length = 0;
  let time = Date.UTC(2020, 0, 1) + Math.floor(next() * 4e4) * 3_600_000;
  const stamp = () => {
    const iso = new Date(time).toISOString();
    const clock = `[${iso.slice(0, 10)} ${iso.slice(11, 19)}]`;
    return shape.task ? `[task ${iso}] ${clock}` : clock;
  };
  const say = (text) => {
    const line = `${stamp()} ${text}`;
    lines.push(line);
    length += line.length + 1;
    return line;
  };
  const text = () =>
    Array.from({ length: 12 + Math.floor(next() * 20) }, () => WORDS[Math.floor(next() * WORDS.length)]);
  const metrics = shape.task ? METRICS.slice(1) : METRICS;
  const start = () => {
    say("[marian] Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500");
    say(
      `[marian] Running on node${Math.floor(next() * 90)} as process ${Math.floor(next() * 9000)} with command line:`,
    );
    say(
      `[marian] /opt/marian/marian --model ${folder}/model.npz -c student.yml --valid-metrics ${metrics.join(" ")} --seed ${shape.seed} --devices 0 1 2 3 --log ${folder}/train.log`,
    );
    const values = { folder, seed: shape.seed, labels: shape.labels, metrics: metrics.join(",") };
    for (const line of config(values)) say(`[config] ${line}`);
    say("[config] Model is being created with Marian v1.12.14 2d067af 2024-02-16 11:44:13 -0500");
    say("Using synchronous SGD");
    for (let gpu = 0; gpu < 8; gpu += 1)
      say(`[memory] Extending reserved space to 18048 MB (device gpu${gpu})`);
    say(`[batching] Done. Typical MB size is ${grouped(Math.floor(300_000 + next() * 2e5))} target words`);
    for (let gpu = 0; gpu < 8; gpu += 1) say(`[memory] Reserving 64 MB, device gpu${gpu}`);
    say("Training started");
    say("[data] Shuffling data");
    say(`[data] Done reading ${grouped(Math.floor(1e7 + next() * 1e8))} sentences`);
  };
  start();
  let [up, sen, epoch, labels, restarted] = [0, 0, 1, 0, false];
  const best = metrics.map(() => 0);
  const stalled = metrics.map(() => 0);
  while (length < bytes) {
    if (shape.restart && !restarted && length > bytes / 2) {
      restarted = true;
      up -= Math.min(up, 7000);
      start();
    }
    for (let row = 0; row < 5; row += 1) {
      time += 400_000 + Math.floor(next() * 60_000);
      up += 1000;
      sen += 11_700_000 + Math.floor(next() * 99_999);
      if (sen > 1e8) {
        say(`Seen ${grouped(sen)} samples`);
        epoch += 1;
        sen = Math.floor(next() * 1e6);
        say(`Starting data epoch ${epoch} in logical epoch ${epoch}`);
        say("[data] Shuffling data");
        say("[data] Done shuffling 117,618,061 sentences (cached in RAM)");
      }
      const batch = Math.floor(4e8 + next() * 1e7);
      labels += batch;
      const cost = (0.7 + 6 / (1 + up / 20_000) + next() * 0.05).toFixed(8);
      const counts = shape.labels
        ? ` * ${grouped(batch)} @ ${grouped(Math.floor(batch / 1000))} after ${grouped(labels)}`
        : "";
      const rate = shape.task ? "" : ` : L.r. ${exponent(3e-4 * Math.min(1, up / 16_000))}`;
      say(
        `Ep. ${epoch} : Up. ${up} : Sen. ${grouped(sen)} : Cost ${cost}${counts} : Time ${(400 + next() * 60).toFixed(2)}s : ${(5e5 + next() * 1e5).toFixed(2)} words/s : gNorm ${(0.3 + next()).toFixed(4)}${rate}`,
      );
    }
    say(`Saving model weights and runtime parameters to ${folder}/model.npz`);
    say("Saving Adam parameters");
    say(`[training] Saving training checkpoint to ${folder}/model.npz and ${folder}/model.npz.optimizer.npz`);
    const names = shape.lateMetric && length > (bytes * 2) / 3 ? [...metrics, "bleu"] : metrics;
    for (const [index, metric] of names.entries()) {
      time += 9000;
      const value = Number((10 + 40 * next()).toPrecision(6));
      const better = value > (best[index] ?? 0);
      if (better)
        say(`Saving model weights and runtime parameters to ${folder}/model.npz.best-${metric}.npz`);
      stalled[index] = better ? 0 : (stalled[index] ?? 0) + 1;
      const verdict = better ? "new best" : `stalled ${stalled[index]} times (last best: ${best[index]})`;
      if (better) best[index] = value;
      const record = `[valid] Ep. ${epoch} : Up. ${up} : ${metric} : ${value} : ${verdict}`;
      validations.push(shape.quiet ? `${stamp()} ${record}` : say(record));
    }
    if (up % 20_000 < 5000 && !shape.quiet) {
      say("[valid] First sentence's tokens as scored:");
      say("[valid] Decoding validation set with SentencePieceVocab for scoring");
      say(`[valid]   Hyp: ${text().join(" ").split("").join(" ")}`);
      say(`[valid]   Ref: ${text().join(" ").split("").join(" ")}`);
    }
  }
  say("Training finished");
  return { log: `${lines.join("\n")}\n`, validationLog: `${validations.join("\n")}\n` };
}

/** A zstd frame: by the zstd program, else of stored blocks. */
function zstd(content) {
  const packed = spawnSync("zstd", ["-q", "-3", "--no-check", "-c"], { input: content, maxBuffer: 1 << 30 });
  if (packed.status === 0) return packed.stdout;
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58])];
  for (let at = 0; at < content.length; at += 1 << 17) {
    const part = content.subarray(at, at + (1 << 17));
    const header = (part.length << 3) | Number(at + part.length >= content.length);
    parts.push(Buffer.from([header & 255, (header >> 8) & 255, header >> 16]), part);
  }
  return Buffer.concat(parts);
}

/** What a broken log holds, in turn: a gzip that ends early, nothing, another program's log, bytes. */
function broken(kind, log, next) {
  if (kind === 0) return gzipSync(log).subarray(0, Math.floor(log.length / 20));
  if (kind === 1) return Buffer.alloc(0);
  if (kind === 2)
    return Buffer.from(Array.from({ length: 400 }, (_, line) => `INFO step ${line}: all is well\n`).join(""));
  return Buffer.from(Array.from({ length: 40_000 }, () => Math.floor(next() * 256)));
}

/** Whether the `index`th of all belongs to the `share` that is chosen evenly. */
function chosen(index, share) {
  return Math.floor((index + 1) * share) > Math.floor(index * share);
}

function evaluations(next, folder, taskcluster, put) {
  for (const dataset of DATASETS.slice(0, 2 + Math.floor(next() * 3))) {
    const [bleu, chrf, comet] = [20 + next() * 20, 45 + next() * 20, 0.7 + next() * 0.2].map((score) =>
      score.toFixed(4),
    );
    if (taskcluster && dataset.startsWith("flores")) {
      const scores = { bleu, chrf, comet, metricx: (3 + next()).toFixed(4) };
      const entries = Object.entries(scores).map(([name, score]) => [
        name,
        { score: Number(score), details: {} },
      ]);
      put(join(folder, `${dataset}.metrics.json`), JSON.stringify(Object.fromEntries(entries)));
    }
    put(join(folder, `${dataset}.metrics`), `${bleu}\n${chrf}\n${comet}\n`);
  }
}

/**
 * The folder of an archive with these parameters, generated when it is not there. `taskcluster/` and `snakemake/` in
 * it are archives of one layout each. Beside them `tree.json`: `text` and `stored` in bytes, and `runs`, each with
 * project, group, run and the paths of its logs, absolute.
 */
export function archiveTree(parameters = {}, place = new URL("data/", import.meta.url).pathname) {
  const wanted = { ...DEFAULTS, ...parameters };
  const folder = join(place, `archive-${Object.values(wanted).join("-")}`);
  const list = join(folder, "tree.json");
  if (existsSync(list)) return { folder, ...JSON.parse(readFileSync(list, "utf8")) };
  const building = `${folder}.partial`;
  rmSync(building, { recursive: true, force: true });
  const tree = build(wanted, building, folder);
  writeFileSync(join(building, "tree.json"), JSON.stringify(tree));
  renameSync(building, folder);
  return { folder, ...tree };
}

function build({ runs, megabytes, compressed, broken: faulty, seed }, building, folder) {
  const next = random(seed);
  const made = { text: 0, stored: 0, runs: [] };
  const put = (path, content) => {
    mkdirSync(dirname(join(building, path)), { recursive: true });
    writeFileSync(join(building, path), content);
    return content.length;
  };
  let experiment = { name: "", pair: "", layout: "taskcluster", group: "" };
  for (let index = 0; index < runs; index += 1) {
    const number = Math.floor(index / 5);
    if (index % 5 === 0) {
      const layout = number % 5 < 3 ? "taskcluster" : "snakemake";
      const id = `${Array.from({ length: 21 }, () => ID[Math.floor(next() * 62)]).join("")}A`;
      const name = `exp${number}`;
      experiment = {
        name,
        layout,
        pair: PAIRS[number % PAIRS.length],
        group: layout === "taskcluster" ? `${name}_${id}` : name,
      };
    }
    const { layout, pair, group, name } = experiment;
    const task = layout === "taskcluster";
    const model = MODELS[layout][index % 5];
    const training = join(layout, task ? "logs" : "models", pair, group, model);
    // Sizes from a fifth of the mean to nearly twice of it.
    const bytes = ((megabytes * 1e6) / runs) * (0.2 + 1.6 * next());
    const shape = {
      task,
      seed: 1 + Math.floor(next() * 1e6),
      labels: chosen(index, 0.07),
      restart: chosen(index, 0.13),
      lateMetric: chosen(index, 0.03),
      quiet: !task && chosen(index, 0.3),
    };
    const { log, validationLog } = trainingLog(next, bytes, `/data/${pair}/${group}/${model}`, shape);
    let content = Buffer.from(log);
    let extension = "";
    if (chosen(index, faulty)) content = broken(Math.floor(index * faulty) % 4, log, next);
    else if (chosen(index, compressed)) {
      extension = Math.floor(index * compressed) % 2 === 0 ? ".gz" : ".zst";
      content = extension === ".gz" ? gzipSync(log) : zstd(content);
    }
    const run = {
      project: pair,
      group,
      run: `${model}_${task ? group.slice(name.length + 1).slice(0, 5) : name}`,
    };
    made.stored += put(join(training, `train.log${extension}`), content);
    made.text += extension === "" ? content.length : log.length;
    const paths = { log: join(folder, training, `train.log${extension}`) };
    if (!task) {
      made.stored += put(join(training, "valid.log"), validationLog);
      made.text += validationLog.length;
      paths.validationLog = join(folder, training, "valid.log");
    }
    evaluations(next, join(layout, "models", pair, group, "evaluation", model), task, put);
    made.runs.push({ ...run, kind: "training", ...paths });
  }
  return made;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [runs, megabytes] = process.argv.slice(2).map(Number);
  const { folder, text, stored } = archiveTree({
    ...(runs ? { runs } : {}),
    ...(megabytes ? { megabytes } : {}),
  });
  console.log(`${folder}: ${(text / 1e6).toFixed(0)} MB of logs, ${(stored / 1e6).toFixed(0)} MB as stored`);
}
