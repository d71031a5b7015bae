/** A real Marian in front of the pipe that is pre-empted with it: both get the signal, as from Slurm or Taskcluster. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { binaryPath, cleanEnvironment } from "../cli/run-binary.js";
import { StandInServer } from "../servers/wandb/index.js";

const venv = process.env["MARIAN_VENV"] ?? "";
const LAST_UPDATE = 12;
const WORDS = Array.from({ length: 24 }, (_, index) => index);
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder with a corpus of toy sentences, and Marian as a program that SIGPIPE ends, like the one in C++. */
function trainingFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "real-marian-"));
  folders.push(folder);
  const sentences = Array.from({ length: 2000 }, (_, line) =>
    Array.from({ length: 3 + (line % 7) }, (_, at) => WORDS[(line * 7 + at * 5) % WORDS.length] ?? 0),
  );
  for (const [language, word] of [
    ["de", "wort"],
    ["en", "word"],
  ] as const) {
    const text = sentences.map((words) => words.map((index) => word + index).join(" ")).join("\n");
    writeFileSync(join(folder, `train.${language}`), `${text}\n`);
    const entries = WORDS.map((index) => `${word}${index}: ${index + 2}\n`).join("");
    writeFileSync(join(folder, `vocabulary.${language}.yml`), `</s>: 0\n<unk>: 1\n${entries}`);
  }
  writeFileSync(
    join(folder, "marian.py"),
    "import signal, sys\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\nimport _pymarian\nsys.exit(_pymarian.main(sys.argv[1:]))\n",
  );
  return folder;
}

/** A model of 0.7 GB, which takes some ten seconds to save. */
const OPTIONS = [
  ..."train --cpu-threads 1 --type transformer --train-sets train.de train.en --model m.npz".split(" "),
  ..."--vocabs vocabulary.de.yml vocabulary.en.yml --maxi-batch 10 --mini-batch 4 --workspace 1024".split(
    " ",
  ),
  ..."--dim-emb 1024 --transformer-dim-ffn 4096 --transformer-heads 8 --enc-depth 6 --dec-depth 6".split(" "),
  ..."--learn-rate 0.003 --seed 7 --overwrite --disp-freq 1 --save-freq 10000 --log train.log".split(" "),
  ...`--after ${LAST_UPDATE}u`.split(" "),
];

/** The training and the pipe in a group of their own, as a shell starts them. */
function start(folder: string, server: StandInServer) {
  const script = `trap : TERM INT; "$MARIAN" marian.py ${OPTIONS.join(" ")} 2>&1 |
    "$NODE" "$PIPE" --from-stream --wandb-project real --wandb-run-name student >echo 2>said
    echo "\${PIPESTATUS[@]}" >codes`;
  const child = spawn("bash", ["-c", script], {
    cwd: folder,
    detached: true,
    stdio: "ignore",
    env: cleanEnvironment({
      MARIAN: join(venv, "bin/python"),
      NODE: process.execPath,
      PIPE: binaryPath("parse_tc_logs"),
      HOME: folder,
      WANDB_DIR: folder,
      WANDB_BASE_URL: server.url,
      WANDB_API_KEY: server.apiKey,
      WANDB_PUBLICATION: "true",
    }),
  });
  const done = new Promise((resolve) => child.once("close", resolve));
  return { done, signal: (name: NodeJS.Signals) => process.kill(-(child.pid ?? 0), name) };
}

const read = (folder: string, name: string) =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), "latin1") : "";
const updates = (log: string) => [...log.matchAll(/ Up\. (\d+) : Sen\./g)].map(([, up]) => Number(up));
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("a real Marian and the pipe behind it", () => {
  it.each([
    ["one SIGTERM", ["SIGTERM"], 143],
    ["two SIGTERM", ["SIGTERM", "SIGTERM"], 143],
    ["Ctrl-C", ["SIGINT"], 130],
  ] as const)(
    "%s: it ends in its own time, its checkpoint is whole, and no row is missing after the restart",
    async (_what, signals, code) => {
      const folder = trainingFolder();
      const server = await StandInServer.start();
      try {
        const first = start(folder, server);
        while (updates(read(folder, "train.log")).length < 4) await pause(100);
        for (const name of signals) {
          first.signal(name);
          // While the checkpoint is being saved.
          if (signals.length > 1)
            while (!read(folder, "train.log").includes("Saving model")) await pause(100);
        }
        const began = Date.now();
        await first.done;
        const codes = read(folder, "codes").trim().split(" ").map(Number);
        const log = read(folder, "train.log");
        process.stdout.write(
          `${signals.join(", ")}: codes ${codes.join(" ")} after ${Math.round((Date.now() - began) / 1000)} s, updates to ${updates(log).at(-1)}\n`,
        );
        // 141 is the code of a program that a broken pipe has ended.
        expect(codes[0]).not.toBe(141);
        expect(codes[1]).toBe(code);
        expect(read(folder, "echo")).toBe(log);
        expect(log).toMatch(/Saving training checkpoint|Saving Adam parameters/);
        const [model, optimizer] = ["m.npz", "m.npz.optimizer.npz"].map(
          (name) => statSync(join(folder, name)).size,
        );
        expect(optimizer).toBeGreaterThan(model ?? 0);

        const last = updates(log).at(-1) ?? 0;
        // This Marian takes no notice of SIGINT, and trains to its end.
        if (last < LAST_UPDATE) {
          rmSync(join(folder, "train.log"));
          await start(folder, server).done;
          expect(read(folder, "codes").trim()).toBe("0 0");
          const again = read(folder, "train.log");
          expect(read(folder, "echo")).toBe(again);
          // It went on with its checkpoint.
          expect(updates(again)[0]).toBe(last + 1);
        }
        const rows = server.history("real", "student").map(({ _step }) => _step);
        expect(rows).toEqual(Array.from({ length: LAST_UPDATE }, (_, index) => index + 1));
        expect(server.violations).toEqual([]);
      } finally {
        await server.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
