/** What commands do with artifacts that can't be had, and with a cache that is damaged. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StandInServer } from "../servers/wandb/index.js";
import { IDS } from "../taskcluster/client/ids.js";
import { REFUSED_LOGS } from "../taskcluster/unusable-logs.js";
import { check, filesBelow } from "./run-binary.js";
import { runHere } from "./run-here.js";
import { setting } from "./taskcluster.js";

const LOG = `[2026-11-24 11:00:00] [marian] Marian v1.12.14 2d067afb 2024-02-16 11:44:13 -0500
[2026-11-24 11:10:00] Ep. 3 : Up. 7000 : Sen. 250,000 : Cost 5.12345678 : Time 60.00s : 12345.67 words/s : gNorm 1.2345
[2026-11-24 11:20:00] Ep. 3 : Up. 8000 : Sen. 290,000 : Cost 5.02345678 : Time 60.00s : 12345.67 words/s : gNorm 1.2345
`;
const TEACHER = `train-teacher-model-nb-en-1 (${IDS.teacher1})`;

describe("a training whose train.log can't be had comes from the log of its task", () => {
  test.each(REFUSED_LOGS.map((fault, index) => [fault.name, fault, index % 3] as const))(
    "%s",
    async (_, fault, which) => {
      const { server, options, run } = await setting({ trainLog: Buffer.from(LOG) });
      fault.apply(server, IDS.teacher1, 1, "public/build/train.log");
      const args = [
        [
          "group",
          IDS.fjord,
          "--no-recursive-lookup",
          "--only",
          "training",
          "--no-wandb",
          "-o",
          "out",
          "--format",
          "csv",
        ],
        ["download", IDS.fjord, "--only", "training", "-o", "out"],
        ["ls", IDS.fjord],
      ][which] as string[];
      const done = await run(...args);
      check(done, { code: 0, stdout: which === 2 ? /./ : "", stderr: fault.reason });
      const source = which === 2 ? "train-teacher-model-nb-en-1" : TEACHER;
      expect(done.stderr.replace(/\s+/g, " ")).toMatch(`warning: ${source}: `);
      expect(done.stderr).toMatch(/: read from public\/logs\/live_backing\.log/);
      const written = (path: string) => readFileSync(join(options.folder, "out", path), "utf8");
      if (which === 0)
        expect(written("training.csv").match(/^nb-en,fjord_.*?,(student|teacher-1)_ZowUk,/gm)).toHaveLength(
          4,
        );
      if (which === 1)
        for (const model of ["student", "teacher-1"])
          expect(written(`logs/nb-en/fjord_${IDS.fjord}/${model}/train.log`)).toContain("Up. 8000");
      if (which === 2)
        expect(done.stdout.match(/^(student|teacher-1) .*Ep\. 3 Up\. 8000 /gm)).toHaveLength(2);
    },
  );
});

describe("a damaged cache", () => {
  test("is fetched anew: what would be published is what was", async () => {
    const { server, options } = await setting({ trainLog: Buffer.from(LOG) });
    const wandb = await StandInServer.start();
    const { folder, env } = options;
    const publish = (...more: string[]) =>
      runHere("run", ["task", IDS.student, "--ledger", `${more.length}.ndjson`, ...more], {
        folder,
        env: { ...env, WANDB_BASE_URL: wandb.url, WANDB_API_KEY: wandb.apiKey },
      });
    check(await publish(), { code: 0, stderr: /1 run: 1 new/ });
    const kept = filesBelow(join(folder, "cache")).filter((path) => path.includes("train.log"));
    expect(kept).toHaveLength(1);
    const [path = ""] = kept.map((one) => join(folder, "cache", one));
    // A whole gzip of another log: nothing but the digest shows it.
    writeFileSync(path, LOG.split("\n").slice(0, 2).join("\n"));
    const before = server.count("content");
    const plan = await publish("--dry-run");
    check(plan, {
      code: 0,
      stdout: /student_ZowUk: 2 training rows.*\n.* 2 rows, 2 on the server, 0 to send/,
      stderr: /1 damaged file in the cache: fetched again/,
    });
    expect(plan.stdout).not.toMatch(/-r2/);
    expect(server.count("content")).toBe(before + 1);
    await wandb.close();
  });

  test("keeps what was used last, within --cache-size", async () => {
    const { options, run } = await setting({ trainLog: Buffer.from(LOG.repeat(50)) });
    const cached = () => filesBelow(join(options.folder, "cache"));
    await run("ls", IDS.fjord);
    expect(cached().length).toBeGreaterThan(2);
    await run("ls", IDS.fjord, "--cache-size", "0");
    expect(cached()).toEqual([]);
    check(await run("ls", IDS.fjord, "--cache-size", "much"), { code: 2, stderr: /such as 500M or 2G/ });
  });
});
