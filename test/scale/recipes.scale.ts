/** The recipes for Slurm and GNU parallel: their shards hold what one process gives. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPARED, prepare, recipe, sumsOf, WORKER, workFolder } from "./work.js";

const DEBIAN = process.env["SCALE_DEBIAN"] ?? "";
if (DEBIAN === "")
  process.stderr.write("skipped: the tests with Slurm and GNU parallel (run `npm run test:scale`)\n");

describe.skipIf(DEBIAN === "")("recipes", () => {
  const folder = workFolder();
  let prepared = { manifest: "", tables: "" };

  beforeAll(() => {
    prepared = prepare(folder);
  });

  async function isWhole(output: string): Promise<void> {
    for (const table of COMPARED)
      expect(await sumsOf(join(output, `shard-*/${table}.parquet`))).toEqual(
        await sumsOf(join(prepared.tables, `${table}.parquet`)),
      );
  }

  test("GNU parallel, interrupted and resumed", async () => {
    const output = join(folder, "by parallel");
    const environment = {
      ...process.env,
      PATH: `${join(DEBIAN, "usr/bin")}:${process.env["PATH"]}`,
      MARIAN_TRACKING: WORKER,
    };
    const run = (...more: string[]) =>
      spawnSync(recipe("parallel/reprocess.sh"), [prepared.manifest, output, "5", "--jobs", "2", ...more], {
        env: environment,
        encoding: "utf8",
      });
    const jobs = () => readFileSync(join(output, "jobs.log"), "utf8").trim().split("\n").slice(1);
    // A worker that fails for the first time, as on a machine that goes away.
    const flaky = join(folder, "flaky.sh");
    writeFileSync(flaky, `#!/bin/sh\ncase "$*" in *2/5*|*4/5*) exit 1;; esac\nexec ${WORKER} "$@"\n`, {
      mode: 0o755,
    });
    environment.MARIAN_TRACKING = flaky;
    expect(run().status).toBe(2);
    expect(readdirSync(output).sort()).toEqual(["jobs.log", "shard-1-of-5", "shard-3-of-5", "shard-5-of-5"]);
    environment.MARIAN_TRACKING = WORKER;
    const before = jobs().length;
    const again = run();
    expect({ status: again.status, stderr: again.stderr }).toMatchObject({ status: 0 });
    // The three that were done are not done again.
    expect(jobs().length - before).toBe(2);
    await isWhole(output);
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

    test("a job array, and one task of it sent again", async () => {
      const output = join(folder, "by-slurm");
      const submit = (array: string) =>
        slurm(
          "sbatch",
          "--wait",
          `--array=${array}`,
          `--output=${join(place, "task-%a.txt")}`,
          recipe("slurm/reprocess.sh"),
          prepared.manifest,
          output,
          "6",
        );
      const first = submit("1-6");
      const said = readdirSync(place)
        .filter((name) => name.startsWith("task-"))
        .map((name) => readFileSync(join(place, name), "utf8"));
      expect(first.status, `${first.stderr}${said.join("")}`).toBe(0);
      await isWhole(output);
      rmSync(join(output, "shard-4-of-6"), { recursive: true });
      expect(submit("4").status).toBe(0);
      await isWhole(output);
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
