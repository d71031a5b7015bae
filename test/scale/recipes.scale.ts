/** The recipes for Slurm and GNU parallel: their shards hold every row of the archive, also after a failure. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  isWhole,
  type Prepared,
  PYTHON,
  plan,
  prepare,
  recipe,
  statusOf,
  WORKER,
  workFolder,
} from "./work.js";

const DEBIAN = process.env["SCALE_DEBIAN"] ?? "";
if (DEBIAN === "")
  process.stderr.write("skipped: the tests with Slurm and GNU parallel (run `npm run test:scale`)\n");

describe.skipIf(DEBIAN === "" || PYTHON === "")("recipes", () => {
  const folder = workFolder();
  let prepared: Prepared;

  beforeAll(() => {
    prepared = prepare(folder);
  });

  test("GNU parallel, interrupted and resumed", () => {
    const output = join(folder, "by parallel");
    const manifests = plan(prepared.archive, 5, join(folder, "plan 5"));
    const environment = {
      ...process.env,
      PATH: `${join(DEBIAN, "usr/bin")}:${process.env["PATH"]}`,
      MARIAN_TRACKING: WORKER,
    };
    const run = () =>
      spawnSync(recipe("parallel/reprocess.sh"), [manifests, output, "5", "--jobs", "2"], {
        env: environment,
        encoding: "utf8",
      });
    const jobs = () => readFileSync(join(output, "jobs.log"), "utf8").trim().split("\n").slice(1);
    // A worker that always fails, as on a machine that has gone away.
    const flaky = join(folder, "flaky.sh");
    writeFileSync(flaky, `#!/bin/sh\ncase "$*" in *2/5*|*4/5*) exit 1;; esac\nexec ${WORKER} "$@"\n`, {
      mode: 0o755,
    });
    environment.MARIAN_TRACKING = flaky;
    const failed = run();
    // The gate names what is missing.
    expect([failed.status, failed.stdout]).toEqual([1, expect.stringMatching(/^shard-2-of-5 +missing$/m)]);
    expect(readdirSync(output).sort()).toEqual(["jobs.log", "shard-1-of-5", "shard-3-of-5", "shard-5-of-5"]);
    environment.MARIAN_TRACKING = WORKER;
    const before = jobs().length;
    const again = run();
    expect({ status: again.status, stderr: again.stderr }).toMatchObject({ status: 0 });
    // The three that were done are not done again.
    expect(jobs().length - before).toBe(2);
    isWhole(prepared, output, 5);
  });

  describe("Slurm", () => {
    const libraries = join(DEBIAN, "usr/lib/x86_64-linux-gnu");
    const place = join(folder, "slurm");
    const environment = {
      ...process.env,
      SLURM_CONF: join(place, "slurm.conf"),
      LD_LIBRARY_PATH: `${join(libraries, "slurm-wlm")}:${libraries}`,
      MARIAN_TRACKING: WORKER,
    };
    const daemons: { kill(signal: "SIGTERM"): boolean }[] = [];
    const slurm = (command: string, ...args: string[]) =>
      spawnSync(join(DEBIAN, "usr/bin", command), args, {
        env: environment,
        encoding: "utf8",
        timeout: 300_000,
      });
    const daemon = (command: string, ...args: string[]) => {
      const log = join(place, `${command}.out`);
      const script = `exec "$0" "$@" >'${log}' 2>&1`;
      daemons.push(
        spawn("sh", ["-c", script, join(DEBIAN, "usr/sbin", command), ...args], {
          env: environment,
          stdio: "ignore",
        }),
      );
    };

    beforeAll(async () => {
      for (const part of ["state", "spool"]) mkdirSync(join(place, part), { recursive: true });
      writeFileSync(environment.SLURM_CONF, configuration(place, join(libraries, "slurm-wlm")));
      daemon("slurmctld-wlm", "-D");
      daemon("slurmd-wlm", "-D", "-N", "worker", "-d", join(DEBIAN, "usr/sbin/slurmstepd-wlm"));
      for (let tries = 0; tries < 60; tries += 1) {
        if (/\bidle\b/.test(slurm("sinfo").stdout)) return;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      throw new Error(`Slurm does not come up: ${readFileSync(join(place, "slurmd-wlm.out"), "utf8")}`);
    });
    afterAll(() => {
      for (const process of daemons) process.kill("SIGTERM");
    });

    test("a job array, its gate, and the tasks that it names sent again", () => {
      const output = join(folder, "by-slurm");
      const manifests = plan(prepared.archive, 6, join(folder, "plan"));
      const submit = (array: string) =>
        slurm(
          "sbatch",
          "--wait",
          `--array=${array}`,
          `--output=${join(place, "task-%a.txt")}`,
          recipe("slurm/reprocess.sh"),
          manifests,
          output,
          "6",
        );
      const first = submit("1-6");
      const said = readdirSync(place)
        .filter((name) => name.startsWith("task-"))
        .map((name) => readFileSync(join(place, name), "utf8"));
      expect(first.status, `${first.stderr}${said.join("")}`).toBe(0);
      isWhole(prepared, output, 6);
      rmSync(join(output, "shard-4-of-6"), { recursive: true });
      expect(statusOf(output)).toMatchObject({ complete: false, missing: 1 });
      expect(submit("4").status).toBe(0);
      isWhole(prepared, output, 6);
      // The broken logs are told once more; all shards are there, and `publish` knows their runs.
      const [node = "", program = ""] = WORKER.split(" ");
      const dry = ["publish", "--from", output, "--dry-run", "--wandb-client", "offline"];
      const published = spawnSync(node, [program, ...dry], { encoding: "utf8" });
      expect(published.status, published.stderr).toBe(1);
      expect(published.stdout.match(/^ {2}\w+ +\S+: [\d,]+ training rows/gm)).toHaveLength(60);
    });
  });
});

/** A cluster of one machine that nobody outside can reach. */
function configuration(place: string, plugins: string): string {
  const user = userInfo().username;
  return `ClusterName=test
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=17817
SlurmdPort=17818
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/none
CredType=cred/none
PluginDir=${plugins}
StateSaveLocation=${place}/state
SlurmdSpoolDir=${place}/spool
SlurmctldPidFile=${place}/slurmctld.pid
SlurmdPidFile=${place}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
NodeName=worker NodeHostname=${hostname()} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=all Nodes=worker Default=YES State=UP
`;
}
