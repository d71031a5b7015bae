/** Findings about the course of a training: stall, gap, restart, unfinished. */
import { describe, expect, it } from "vitest";
import { check, MarianLog, said } from "./marian-log.js";

const training = (config: Readonly<Record<string, string | number>> = {}) => new MarianLog().start(config);

describe("stall", () => {
  /** Validations of two metrics; the first stalls `first` times at last, the second `second` times. */
  function stalled(
    config: Readonly<Record<string, string | number>>,
    first: number,
    second: number,
  ): MarianLog {
    const log = training(config);
    for (let index = 0; index <= Math.max(first, second); index += 1) {
      const up = 100 * (index + 1);
      log
        .row(up)
        .valid(up, "chrf", 30, Math.min(index, first))
        .valid(up, "bleu", 20, Math.min(index, second), 20.5);
    }
    return log.finished();
  }

  it("reaches the early-stopping of the configuration: the end that was asked for", async () => {
    expect(await check(stalled({ "early-stopping": 3 }, 3, 1))).toEqual([
      {
        kind: "stall",
        severity: "info",
        metric: "chrf",
        line: 18,
        segment: 0,
        timestamp: "2024-07-03T08:06:40",
        epoch: 1,
        up: 400,
        words:
          "chrf did not improve in 3 validations (best 30), up to the end of the log; early-stopping is 3",
        numbers: { stalled: 3, limit: 3, last_up: 400, best: 30 },
      },
    ]);
  });

  it("of another metric does not end it", async () => {
    expect(await said(stalled({ "early-stopping": 3 }, 1, 4))).toEqual([
      expect.stringMatching(
        /: stall: bleu did not improve in 4 validations \(best 20.5, reached before this log\), up to the end of the log; early-stopping does not look at it \[info\]$/,
      ),
    ]);
    expect(await said(stalled({ "early-stopping": 3, "early-stopping-on": "any" }, 1, 4))).toEqual([
      expect.stringMatching(/early-stopping is 3 on any \[info\]$/),
    ]);
  });

  it("is a warning where early-stopping is off, or where the user asks", async () => {
    expect(await said(stalled({ "early-stopping": 0 }, 20, 19))).toEqual([
      expect.stringMatching(/chrf did not improve in 20 .*; early-stopping is off \[warning\]$/),
    ]);
    expect(await said(stalled({ "early-stopping": 0 }, 19, 20))).toEqual([
      expect.stringMatching(/bleu did not improve in 20 .* \[info\]$/),
    ]);
    expect(await said(stalled({ "early-stopping": 9 }, 2, 3), { stalled: 3 })).toEqual([
      expect.stringMatching(
        /bleu did not improve in 3 validations \(best 20.5, reached before this log\), up to the end of the log \[warning\]$/,
      ),
    ]);
    expect(await said(stalled({}, 19, 19))).toEqual([]);
    expect(await said(stalled({}, 20, 19))).toEqual([expect.stringMatching(/chrf did .*the log \[info\]$/)]);
  });

  it("ends with a new best, or a restart that counts anew", async () => {
    const log = training({ "early-stopping": 2 });
    const at = (up: number, count: number) => log.row(up).valid(up, "chrf", 30, count);
    for (const [index, count] of [0, 1, 2, 3, 0, 1, 2].entries()) at(100 * (index + 1), count);
    log.start({ "early-stopping": 2 });
    for (const [index, count] of [1, 2].entries()) at(800 + 100 * index, count);
    log.finished();
    expect(await said(log, { kinds: ["stall"] })).toEqual([
      expect.stringMatching(/in 3 validations \(best 30\), up to update 400;/),
      expect.stringMatching(/in 2 validations \(best 30\), up to update 700;/),
      expect.stringMatching(/in 2 validations \(best 30\), up to the end of the log;/),
    ]);
  });
});

describe("gap", () => {
  it("is what is missing at the configured distance", async () => {
    const log = training({ "disp-freq": "100u" }).rows(100, 300, 100);
    const line = log.next;
    log.row(700).row(800).finished();
    expect(await check(log)).toMatchObject([
      {
        kind: "gap",
        severity: "warning",
        line,
        up: 700,
        words: "3 training rows are missing between updates 300 and 700; there is one every 100 updates",
        numbers: { last_up: 300, missing: 3, interval: 100 },
      },
    ]);
  });

  it("is found at the usual distance too, once that is sure", async () => {
    expect(await said(new MarianLog().rows(500, 5500, 500).row(6500))).toEqual([
      expect.stringMatching(
        /: gap: 1 training row is missing between updates 5500 and 6500; there is one every 500 updates/,
      ),
    ]);
    expect(await said(new MarianLog().rows(500, 4500, 500).row(6500))).toEqual([]);
  });

  it("is none where rows count labels, stand closer, or come twice", async () => {
    const labels = training({ "disp-freq": "1Mt" }).rows(100, 2000, 100).row(2250).row(2500).finished();
    expect(await said(labels)).toEqual([]);
    const first = training({ "disp-freq": 100, "disp-first": 3 })
      .rows(1, 3, 1)
      .rows(100, 300, 100)
      .row(300)
      .row(400);
    expect(await said(first.finished())).toEqual([]);
  });

  it("between two starts is what the log of the first part lacks", async () => {
    const log = training({ "disp-freq": 100 })
      .rows(100, 300, 100)
      .start({ "disp-freq": 100 })
      .rows(600, 800, 100);
    expect(await said(log.finished(), { kinds: ["gap"] })).toEqual([
      expect.stringMatching(/2 training rows are missing between updates 300 and 600/),
    ]);
    const back = training({ "disp-freq": 100 })
      .rows(100, 500, 100)
      .start({ "disp-freq": 100 })
      .rows(300, 800, 100);
    expect(await said(back.finished(), { kinds: ["gap"] })).toEqual([]);
  });

  it("is long silence", async () => {
    const log = training().rows(100, 2000, 100);
    log.wait(6 * 3600);
    const line = log.next;
    log.row(2100).rows(2200, 3000, 100).finished();
    expect(await check(log)).toMatchObject([
      {
        kind: "gap",
        line,
        up: 2100,
        words: "nothing was written for 6.0 h before this line; a row every 100 s is usual",
        numbers: { seconds: 6 * 3600 + 100 },
      },
    ]);
    expect(await said(log, { gapSeconds: 7 * 3600 })).toEqual([]);
  });

  it("is no silence where validations take their usual time", async () => {
    const log = training();
    for (let up = 100; up <= 3000; up += 100) {
      log.row(up);
      if (up % 500 === 0) log.wait(2400).valid(up, "bleu", 20);
    }
    expect(await said(log.finished())).toEqual([]);
    log
      .row(3100)
      .wait(5 * 3600)
      .valid(3100, "bleu", 20)
      .row(3200)
      .finished();
    expect(await said(log)).toEqual([expect.stringMatching(/gap: nothing was written for 5\.0 h/)]);
  });

  it("is no silence where the clock was put forward by an hour", async () => {
    const log = training().rows(100, 2000, 100);
    // The row's own Time goes on as usual.
    log.wait(3600).row(2100).rows(2200, 3000, 100).finished();
    expect(await said(log)).toEqual([]);
  });
});

describe("restart", () => {
  it("tells where it broke off, where it goes on, and how long nobody trained", async () => {
    const log = training().rows(100, 1000, 100).wait(3000);
    const line = log.next;
    log.start().rows(600, 1500, 100).finished();
    expect(await check(log)).toEqual([
      {
        kind: "restart",
        severity: "info",
        line,
        segment: 1,
        timestamp: "2024-07-03T09:06:40",
        epoch: 1,
        up: 1000,
        words: "Marian v1.12.14 started again and went from update 1000 to 600, 50 min after the last record",
        numbers: { last_up: 1000, next_up: 600, idle_seconds: 3000 },
      },
    ]);
  });

  it("after an error is a warning, if updates were made", async () => {
    const error =
      "CUDA error 2 'out of memory' - /src/tensors/gpu/device.cu:38: cudaMalloc(&data_, size) and on and on";
    const log = training().line(`Error: ${error}`).line("Error: Aborted from somewhere").raw("[CALL STACK]");
    log.start().row(100).line(`Error: ${error}`).start().row(100).finished();
    expect((await said(log)).map((line) => line.replace(/^\d+: /, ""))).toEqual([
      `restart: Marian v1.12.14 started again after an error (${error.slice(0, 80)}…) and came to update 100 [info]`,
      `restart: Marian v1.12.14 started again after an error (${error.slice(0, 80)}…) and went from update 100 to 100, 0 s after the last record [warning]`,
    ]);
  });

  it("after a finished training, after a signal, and to no avail", async () => {
    const log = training().row(100).finished().start().row(200);
    log.line("Training interrupted (via signal).").start().line("Training finished");
    expect((await said(log)).map((line) => line.replace(/^\d+: /, ""))).toEqual([
      "restart: Marian v1.12.14 started again after a finished training and went from update 100 to 200, 0 s after the last record [info]",
      "restart: Marian v1.12.14 started again after a signal, but no update followed, 0 s after the last record [info]",
    ]);
  });

  it("without a banner is known by its second start of the training", async () => {
    const log = new MarianLog().line("Training started").rows(100, 300, 100);
    const line = log.next;
    log.line("Training started").row(200).finished();
    expect(await said(log)).toEqual([
      `${line}: restart: Marian started again and went from update 300 to 200 [info]`,
    ]);
  });

  it("without any line is known by its updates", async () => {
    const log = training({ "disp-freq": 500 }).rows(500, 3000, 500);
    const line = log.next;
    log.rows(1000, 9000, 1000).finished();
    expect(await said(log)).toEqual([
      `${line}: restart: updates go back from 3000 to 1000 without a start of Marian [warning]`,
    ]);
    expect(await said(new MarianLog().rows(100, 300, 100).rows(100, 300, 100))).toEqual([
      "4: restart: updates go back from 300 to 100 without a start of Marian [info]",
    ]);
    const valid = new MarianLog().valid(100, "chrf", 1).valid(200, "chrf", 1).valid(100, "chrf", 1);
    expect(await said(valid)).toEqual([
      "3: restart: updates go back from 200 to 100 without a start of Marian [info]",
    ]);
  });

  it("is none of another program of Marian's", async () => {
    const log = training().row(100).finished().start({}, "/opt/marian/build/marian-decoder");
    expect(await said(log.line("Total time: 3.00s wall"))).toEqual([]);
    const decoder = new MarianLog().start({}, "marian-decoder");
    expect(await said(decoder)).toEqual([]);
  });
});

describe("unfinished", () => {
  const ends = async (log: MarianLog) =>
    (await said(log, { kinds: ["unfinished"] })).map((line) => line.replace(/^\d+: unfinished: /, ""));

  it("is a log that just ends", async () => {
    const log = training().rows(100, 300, 100).line("Saving model");
    expect(await check(log)).toMatchObject([
      {
        kind: "unfinished",
        severity: "warning",
        line: 9,
        up: 300,
        epoch: 1,
        timestamp: "2024-07-03T08:05:00",
        words:
          "the log ends after update 300, without 'Training finished': the training was stopped, or is still running; it was saving the model since 08:05:00 (line 10)",
        numbers: { last_up: 300 },
      },
    ]);
    expect(await ends(training())).toEqual([expect.stringMatching(/^the log ends before its first update/)]);
  });

  it.each(["Training finished", "Training finshed"])("is none with %s", async (end) => {
    expect(await ends(training().row(100).line(end))).toEqual([]);
  });

  it("is none behind the prefixes of Taskcluster, OpusTrainer and mpirun", async () => {
    for (const prefix of [
      "[task 2024-07-03T08:00:00.000Z] ",
      "[2024-07-03 08:00:00] [Trainer] [INFO] ",
      "[1,0]<stderr>:",
    ]) {
      const log = new MarianLog();
      log.prefix = prefix;
      expect(await ends(log.start().row(100))).toHaveLength(1);
      log.finished();
      expect(await ends(log)).toEqual([]);
    }
  });

  it("is not ended by what a translation says", async () => {
    const log = training()
      .row(100)
      .line("Best translation 1 : [the] Training finished")
      .line("[valid]   Hyp: Training finished");
    log.raw("Training finished yesterday, said the trainer").raw("Error: no Marian wrote this");
    expect(await ends(log)).toEqual([expect.stringMatching(/^the log ends after update 100/)]);
  });

  it("is an error of Marian's", async () => {
    const log = training().row(100);
    const line = log.next;
    log.line("Error: CUDA error 4 'unspecified launch failure'").line("Error: Aborted from void CudaCopy()");
    expect(await said(log)).toEqual([
      `${line}: unfinished: Marian ended with an error after update 100: CUDA error 4 'unspecified launch failure' [error]`,
    ]);
    expect(await ends(new MarianLog().line("Error: mal-formed device config array??"))).toEqual([
      "Marian ended with an error before its first update: mal-formed device config array?? [error]",
    ]);
    expect(await ends(training().row(100).finished().line("Error: Segmentation fault"))).toEqual([
      "Marian ended with an error after update 100, when the training was finished: Segmentation fault [warning]",
    ]);
    // It went on, as after a failed validation.
    expect(await ends(training().row(100).line("Error: a warning in disguise").row(200).finished())).toEqual(
      [],
    );
  });

  it("is a signal", async () => {
    for (const line of ["Training interrupted (via signal).", "Training interrupted (SIGTERM)."])
      expect(await ends(training().row(100).line(line))).toEqual([
        "the training was interrupted by a signal after update 100 [warning]",
      ]);
  });

  it("is none when the configured end was reached", async () => {
    expect(await ends(training({ "after-batches": 300 }).rows(100, 300, 100))).toEqual([]);
    expect(await ends(training({ "after-batches": 301 }).rows(100, 300, 100))).toHaveLength(1);
    expect(await ends(training({ after: "2e,300u" }).rows(100, 300, 100))).toEqual([]);
    expect(
      await ends(training({ after: "0e", "after-batches": 0, "after-epochs": 0 }).row(100)),
    ).toHaveLength(1);
    expect(await ends(training({ "after-epochs": 2 }).row(100, { epoch: 2 }))).toHaveLength(1);
    expect(await ends(training({ "after-epochs": 2 }).row(100, { epoch: 2.001 }))).toEqual([]);
    for (const [on, stalled, count] of [
      ["first", [2, 0], 0],
      ["first", [0, 2], 1],
      ["any", [0, 2], 0],
      ["all", [2, 0], 1],
      ["all", [2, 2], 0],
    ] as const) {
      const log = training({ "early-stopping": 2, "early-stopping-on": on, "valid-metrics": "[chrf, bleu]" });
      log.row(100).valid(100, "chrf", 30, stalled[0]).valid(100, "bleu", 30, stalled[1]);
      expect([on, stalled, await ends(log)]).toEqual([
        on,
        stalled,
        expect.toSatisfy((list) => list.length === count),
      ]);
    }
  });

  it("can't be told of an excerpt or of a log of validations", async () => {
    expect(await ends(new MarianLog().rows(100, 300, 100))).toEqual([]);
    expect(await ends(new MarianLog().valid(100, "chrf", 1))).toEqual([]);
  });
});

/** Findings of the end, without their lines. */
const ends = async (log: MarianLog | string, closed = false) =>
  (await said(log, { kinds: ["unfinished"], closed })).map((line) => line.replace(/^\d+: unfinished: /, ""));

describe("prefixes of other programs", () => {
  it.each([
    "[task 2024-07-03T08:00:00.000+00:00] ",
    "2024-07-03T08:00:00.123456789Z ",
    "2024-07-03T08:00:00.123456789Z stdout F ",
    "3: ",
    "Jul 03 08:00:00 node7 train[42]: ",
    "[08:00:00 INF] ",
    "\u001b[32m",
    "> ",
    "train.log:",
    "anything at all ",
  ])("%j hide neither an end nor an error", async (prefix) => {
    const log = new MarianLog();
    log.prefix = prefix;
    log.start().row(100);
    expect(await ends(log)).toHaveLength(1);
    expect(await ends(`${log.text}${prefix}[2024-07-03 09:00:00] Training finished\n`)).toEqual([]);
    expect(await ends(`${log.text}${prefix}2024-07-03 09:00:00] Error: no memory\n`)).toEqual([
      "Marian ended with an error after update 100: no memory [error]",
    ]);
    if (prefix.startsWith("any")) return;
    expect(await ends(`${log.text}${prefix}Segmentation fault (core dumped)\n`)).toEqual([
      "the training died after update 100: Segmentation fault (core dumped) [error]",
    ]);
    // A log that was stripped of its stamps.
    const bare = log.text.replaceAll(/\[2024-[^\]]*\] (?=[^\n])/g, "");
    expect(await ends(`${bare}${prefix}Training finished\n`)).toEqual([]);
    expect(await ends(`${bare}${prefix}Error: no memory\n`)).toEqual([
      "Marian ended with an error after update 100: no memory [error]",
    ]);
  });
});

describe("deaths", () => {
  const DEATH =
    "slurmstepd: error: *** JOB 7 ON node7 CANCELLED AT 2024-07-03T10:00:00 DUE TO TIME LIMIT ***";

  it("are errors that quote the line, also before the first update", async () => {
    const log = training().rows(100, 300, 100).raw(DEATH);
    expect(await check(log)).toMatchObject([
      {
        kind: "unfinished",
        severity: "error",
        line: log.next - 1,
        up: 300,
        words: `the training died after update 300: ${DEATH}`,
      },
    ]);
    expect(await ends(training().raw("Killed"))).toEqual([
      "the training died before its first update: Killed [error]",
    ]);
    expect(await ends("Error: The following arguments were not expected: 3 --frobnicate\n")).toEqual([
      "the training died before its first update: Error: The following arguments were not expected: 3 --frobnicate [error]",
    ]);
  });

  it("of which several lines tell are the first one: it is the reason of the others", async () => {
    const log = training().row(100).line("Error: CUDA error 2 'out of memory'").line("Error: Aborted from x");
    log.raw("train.sh: line 3: 1234 Aborted                 (core dumped) marian");
    expect(await ends(log)).toEqual([
      "Marian ended with an error after update 100: CUDA error 2 'out of memory' [error]",
    ]);
  });

  it("of a script that scores do not end the training", async () => {
    const traceback = (log: MarianLog) =>
      log
        .raw("Traceback (most recent call last):")
        .raw('  File "score.py", line 1, in <module>')
        .raw("UnicodeDecodeError: 'utf-8' codec can't decode byte 0xc3");
    expect(await ends(traceback(training().row(100)).valid(100, "translation", 3).finished())).toEqual([]);
    expect(await ends(traceback(training().row(100)).row(200).finished())).toEqual([]);
    expect(await ends(traceback(training().row(100)))).toEqual([
      "the training died after update 100: UnicodeDecodeError: 'utf-8' codec can't decode byte 0xc3 [error]",
    ]);
    expect(await ends(traceback(training().row(100).finished()))).toEqual([
      "a process died after update 100, when the training was finished: UnicodeDecodeError: 'utf-8' codec can't decode byte 0xc3 [warning]",
    ]);
  });

  it("are none where the pipe to a finished Marian is closed, or somebody pressed a key", async () => {
    const traceback = (last: string) =>
      `Traceback (most recent call last):\n  File "trainer.py", line 1, in <module>\n${last}\n`;
    const broken = traceback("BrokenPipeError: [Errno 32] Broken pipe");
    expect(await ends(training().row(100).finished().text + broken)).toEqual([]);
    expect(await ends(training().row(100).text + traceback("KeyboardInterrupt"))).toEqual([
      "the training was interrupted by a signal after update 100 [warning]",
    ]);
  });

  it("make a restart a warning, unless somebody asked for the end", async () => {
    const restart = async (line: string) =>
      (await said(training().row(100).raw(line).start().row(100).finished())).map((text) =>
        text.replace(/^\d+: /, ""),
      );
    expect(await restart("Killed")).toEqual([
      "restart: Marian v1.12.14 started again after an error (Killed) and went from update 100 to 100, 0 s after the last record [warning]",
    ]);
    expect(await restart("train.sh: line 2:  77 Terminated              marian")).toEqual([
      "restart: Marian v1.12.14 started again after a signal and went from update 100 to 100, 0 s after the last record [info]",
    ]);
  });
});

describe("what was going on", () => {
  const LOG =
    "the log ends after update 100, without 'Training finished': the training was stopped, or is still running";
  it.each([
    [["Translating validation set..."], "; it was translating the validation set since 08:01:40 (line 8)"],
    [
      ["Best translation 0 : a", "Best translation 1 : b"],
      "; it was translating the validation set since 08:01:40 (line 8)",
    ],
    [
      ["Best translation 0 : a", "Total translation time: 1s"],
      "; it was scoring the translated validation set since 08:01:40 (line 9)",
    ],
    [
      ["[training] Saving training checkpoint to model.npz"],
      "; it was saving the model since 08:01:40 (line 8)",
    ],
    [
      ["Seen 500 samples", "Starting data epoch 2 in logical epoch 2.000"],
      "; it was waiting for data since 08:01:40 (line 9)",
    ],
    [["[memory] Reserving 9 MB"], ""],
  ])("is said at the end: %j", async (lines, doing) => {
    const log = training().row(100);
    for (const line of lines) log.line(line);
    expect(await ends(log)).toEqual([`${LOG}${doing} [warning]`]);
  });

  it("is waiting for data where no update followed the start", async () => {
    expect(await ends(training())).toEqual([
      "the log ends before its first update, without 'Training finished': the training was stopped, or is still running; it was waiting for data since 08:00:00 (line 6) [warning]",
    ]);
  });
});

describe("an end before its limits", () => {
  const CONFIG = { after: "40000u", "early-stopping": 20, "valid-freq": 5000, "disp-freq": 10 };

  it("is a warning: what feeds Marian has ended", async () => {
    const log = training(CONFIG).rows(10, 210, 10).finished();
    expect(await check(log)).toMatchObject([
      {
        kind: "unfinished",
        severity: "warning",
        line: log.next - 2,
        up: 210,
        words:
          "Marian finished after update 210, before its limits (40000 updates, early-stopping 20): its input ended",
      },
    ]);
  });

  it("is an error with its cause where one was printed, before the last rows or after them", async () => {
    const cause =
      'Traceback (most recent call last):\n  File "t.py", line 1, in <module>\nValueError: torn\n';
    const first = training(CONFIG).rows(10, 200, 10).raw(cause.trimEnd());
    const line = first.text.split("\n").indexOf("ValueError: torn") + 1;
    for (const log of [
      first.finished().text,
      training(CONFIG).rows(10, 200, 10).raw(cause.trimEnd()).row(210).finished().text,
    ])
      expect(await said(log, { kinds: ["unfinished"] })).toEqual([
        expect.stringMatching(
          new RegExp(
            `^${line}: unfinished: the training died after update 2.0: ValueError: torn; Marian finished after update 2.0, before its limits .*: its input ended \\[error\\]$`,
          ),
        ),
      ]);
    const late = training(CONFIG).rows(10, 200, 10).finished().text + cause;
    expect(await ends(late)).toEqual([
      expect.stringMatching(/^the training died after update 200: ValueError: torn; .*\[error\]$/),
    ]);
  });

  it("is none where OpusTrainer finished its last stage, in this start of Marian", async () => {
    const fed = "[2024-01-01 09:00:00] [Trainer] [INFO] Finished the last stage";
    const log = training(CONFIG).rows(10, 210, 10).raw(fed);
    expect(await ends(log.finished())).toEqual([]);
    expect(await ends(training(CONFIG).raw(fed).rows(10, 210, 10).finished())).toEqual([]);
    const again = log.finished().text + training(CONFIG).rows(10, 210, 10).finished().text;
    expect(await ends(again)).toEqual([expect.stringMatching(/before its limits .*\[warning\]$/)]);
  });

  it("is none where a limit may have been reached, or the data came to their end", async () => {
    const finished = async (
      config: Readonly<Record<string, string | number>>,
      tail = (log: MarianLog) => log,
    ) => ends(tail(training(config).rows(100, 1000, 100)).finished());
    expect(await finished({ after: "1000u" })).toEqual([]);
    // Updates after the last row.
    expect(await finished({ after: "1050u" })).toEqual([]);
    expect(await finished({ after: "2000u" })).toHaveLength(1);
    expect(await finished({ "after-batches": 2000, after: "0e" })).toHaveLength(1);
    // Labels are not shown.
    expect(await finished({ after: "2000u,10Gt" })).toEqual([]);
    expect(await finished({ "after-epochs": 1 })).toEqual([]);
    expect(await finished({ "after-epochs": 2 })).toHaveLength(1);
    // Nothing is known of its limits, or files are read again and again.
    expect(await finished({})).toEqual([]);
    expect(await finished({ "early-stopping": 10, "valid-freq": 500 })).toEqual([]);
    expect(await finished({ "early-stopping": 10, "valid-freq": 500, "train-sets": "[stdin]" })).toHaveLength(
      1,
    );
    expect(await finished({ "early-stopping": 2, "valid-freq": 500, "train-sets": "[stdin]" })).toEqual([]);
    const stall = (count: number) => (log: MarianLog) => log.valid(1000, "chrf", 3, count);
    expect(await finished({ after: "2000u", "early-stopping": 3 }, stall(3))).toEqual([]);
    expect(await finished({ after: "2000u", "early-stopping": 3 }, stall(2))).toHaveLength(1);
    const stopped = (log: MarianLog) => log.line("Training interrupted (via signal).");
    expect(await finished({ after: "2000u" }, stopped)).toEqual([
      "the training was interrupted by a signal after update 1000 [warning]",
    ]);
    // It goes on from a checkpoint that had reached them.
    const again = training({ after: "2000u" }).line("Loading model from model.npz").finished();
    expect(await ends(again)).toEqual([]);
  });
});

describe("a pipe that has ended", () => {
  it("without the training's end is a death", async () => {
    const log = training().row(100).line("Translating validation set...");
    expect(await ends(log, true)).toEqual([
      "the input ended after update 100, without 'Training finished': the training died; it was translating the validation set since 08:01:40 (line 8) [error]",
    ]);
    // It may have died while it saved its last model.
    const reached = training({ "after-batches": 100 }).row(100);
    expect(await ends(reached, true)).toEqual([expect.stringMatching(/the training died \[error\]$/)]);
    expect(await ends(reached, false)).toEqual([]);
    expect(await ends(training().row(100).finished(), true)).toEqual([]);
  });
});

describe("order", () => {
  it("tells of an epoch and of a clock that go back", async () => {
    const log = training({ "disp-freq": 100 }).row(100, { epoch: 3 });
    const epoch = log.next;
    log.row(200, { epoch: 2 }).wait(-3800);
    const clock = log.next;
    log.row(300, { epoch: 2, seconds: 100 }).finished();
    expect(await check(log)).toMatchObject([
      {
        kind: "order",
        severity: "info",
        line: epoch,
        words: "the epoch goes back from 3 to 2, while updates go on from 100 to 200",
      },
      {
        kind: "order",
        severity: "info",
        line: clock,
        words: `the clock goes back by 62 min, after line ${clock - 1}`,
        numbers: { seconds: 3700 },
      },
    ]);
  });

  it("says nothing of lines that change places, of a restart, of logical epochs that go on", async () => {
    const log = training({ "disp-freq": 100 })
      .row(100, { epoch: "1.250" })
      .wait(-30)
      .row(200, { epoch: "1.500", seconds: 1 });
    log.start().row(100, { epoch: "1.250" }).finished();
    expect(await check(log, { kinds: ["order"] })).toEqual([]);
  });
});
