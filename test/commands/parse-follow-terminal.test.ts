/** A terminal that shows logs while they grow. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
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
    await live.until((written) => /@ 1,000/.test(written));
    appendFileSync(join(folder, "train.log"), train(3000) + train(4000));
    let shown = "";
    await live.until((written) => {
      shown = written;
      return /last \S+ @ 4,000/.test(written);
    });
    expect(screenOf(shown).filter((line) => line.startsWith("cost"))).toHaveLength(1);
    live.child.stdin.write(CTRL.c);
    const { stdout } = await live.done;
    const lines = screenOf(stdout);
    expect(lines.filter((line) => line.startsWith("cost"))).toHaveLength(1);
    expect(lines.some((line) => line.startsWith("⠒⠒ train.log: last 0.0025 @ 4,000"))).toBe(true);
    expect(lines.at(-2)).toBe("stopped by SIGINT");
  });

  it("shows how each training is doing, until the end; messages stand above", async () => {
    const folder = freshFolder({ "a.log": LOG });
    const live = startOnTerminal(["parse", "--follow", "a.log", "b.log", "-o", "out"], { folder });
    let shown: string[] = [];
    const until = (condition: () => boolean) =>
      live.until((written) => {
        shown = screenOf(written);
        return condition();
      });
    await until(() => shown.some((line) => /^a: update 2,000, cost 0\.005, \d+ s ago/.test(line)));
    const lines = shown.filter((line) => line !== "");
    expect(lines[0]).toBe("b.log: there is no such file yet; waiting for it");
    expect(lines.at(-1)).toBe("b: no record yet");
    writeFileSync(join(folder, "b.log"), LOG);
    await until(() => shown.some((line) => /^b: update 2,000, cost 0\.005/.test(line)));
    expect(shown.filter((line) => line.startsWith("a: "))).toHaveLength(1);
    live.child.stdin.write(CTRL.c);
    const end = screenOf((await live.done).stdout);
    expect(end.filter((line) => /^[ab]: /.test(line))).toEqual([]);
    expect(end.at(-2)).toBe("stopped by SIGINT");
  });

  it.each([
    ["--quiet", ["--quiet"], {}],
    ["--json", ["--json"], {}],
    ["a terminal that can't redraw", [], { TERM: "dumb" }],
  ])("shows no status with %s", async (_what, flags, env) => {
    const folder = freshFolder({ "a.log": LOG });
    const args = ["parse", "--follow", "a.log", "-o", "out", ...flags];
    const live = startOnTerminal(args, { folder, env });
    // More than one drawing would have come by the time the held row has.
    await eventually(() => rowsOf(folder).includes(trainRow(2000)), live);
    live.child.stdin.write(CTRL.c);
    const { stdout } = await live.done;
    expect([stdout.includes("s ago"), stdout.includes("\u001b[J")]).toEqual([false, false]);
  });

  it("reads on while the terminal takes nothing", async () => {
    const folder = freshFolder({ "train.log": LOG });
    const live = startOnTerminal(["parse", "--follow", "train.log", "-o", "out", "--plot", "cost"], {
      folder,
    });
    await live.until((written) => /@ 1,000/.test(written));
    live.child.stdin.write(CTRL.s);
    // Charts beyond count: they would fill the buffer of any terminal.
    for (let up = 3000; up <= 6000; up += 1000) {
      appendFileSync(join(folder, "train.log"), train(up));
      await eventually(() => rowsOf(folder).includes(trainRow(up - 1000)), live);
    }
    live.child.stdin.write(CTRL.q);
    await live.until((written) => /last \S+ @ [56],000/.test(written));
    live.child.stdin.write(CTRL.c);
    expect(screenOf((await live.done).stdout).filter((line) => line.startsWith("cost"))).toHaveLength(1);
  });
});
