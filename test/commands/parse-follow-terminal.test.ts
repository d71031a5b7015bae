/** A terminal that shows logs while they grow. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CTRL, canUseTerminal, screenOf, startOnTerminal } from "../cli/on-terminal.js";
import { eventually, freshFolder } from "../cli/run-binary.js";
import { start, train, trainRow } from "../cli/sample-logs.js";

/** Two rows: the later of them holds the first back no longer. */
const LOG = start() + train(1000) + train(2000);

const rowsOf = (folder: string) => {
  const path = join(folder, "out/training.csv");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};

describe.skipIf(!canUseTerminal).concurrent("parse --follow on a terminal", () => {
  it("redraws the charts of --plot in place; those of the end stay", async () => {
    const folder = freshFolder({ "train.log": LOG });
    const live = startOnTerminal(["parse", "--follow", "train.log", "-o", "out", "--plot", "cost"], {
      folder,
    });
    await live.until((written) => /at 1000/.test(written));
    appendFileSync(join(folder, "train.log"), train(3000) + train(4000));
    let shown = "";
    await live.until((written) => {
      shown = written;
      return /last \S+ at 4000/.test(written);
    });
    expect(screenOf(shown).filter((line) => line.startsWith("cost"))).toHaveLength(1);
    live.child.stdin.write(CTRL.c);
    const { stdout } = await live.done;
    const lines = screenOf(stdout);
    expect(lines.filter((line) => line.startsWith("cost"))).toHaveLength(1);
    expect(lines.some((line) => line.startsWith("⠒⠒ train.log: last 0.0025 at 4000"))).toBe(true);
    expect(lines.at(-2)).toBe("stopped by SIGINT");
  });

  it("reads on while the terminal takes nothing", async () => {
    const folder = freshFolder({ "train.log": LOG });
    const live = startOnTerminal(["parse", "--follow", "train.log", "-o", "out", "--plot", "cost"], {
      folder,
    });
    await live.until((written) => /at 1000/.test(written));
    live.child.stdin.write(CTRL.s);
    // Charts beyond count: they would fill the buffer of any terminal.
    for (let up = 3000; up <= 6000; up += 1000) {
      appendFileSync(join(folder, "train.log"), train(up));
      await eventually(() => rowsOf(folder).includes(trainRow(up - 1000)), live);
    }
    live.child.stdin.write(CTRL.q);
    await live.until((written) => /last \S+ at [56]000/.test(written));
    live.child.stdin.write(CTRL.c);
    expect(screenOf((await live.done).stdout).filter((line) => line.startsWith("cost"))).toHaveLength(1);
  });
});
