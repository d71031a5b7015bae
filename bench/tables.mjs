// The tables of an archive beside what else makes them: a script with pyarrow, Spark; in one process and in shards.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataFrames, python, root } from "../scripts/tools.mjs";
import { archiveTree } from "./archive-tree.mjs";
import { grouped, interleaved, measure, measureAll, page, times } from "./measure.mjs";
import { nativeCore } from "./parse.mjs";

const node = process.execPath;

/** A command in bash; `$1` and so on are the arguments. */
const bash = (script, ...args) => ["bash", "-c", script, "bash", ...args];

/** Broken logs are part of the archive, so that exit code 1 is right. */
const tolerant = (command) => bash('"$@" || [ $? = 1 ]', ...command);

/** Ways to the tables; `out` is a folder that does not exist yet. */
function contenders(tree, manifest, programs, quick) {
  const all = [];
  for (const { label, role, folder } of programs) {
    const program = [node, join(folder, "bin/run.js")];
    const archive = (...args) => [...program, "archive", tree.folder, "--no-wandb", "--quiet", ...args];
    for (const format of ["csv", "parquet"]) {
      all.push({
        name: `**\`archive\`** to ${format === "csv" ? "CSV" : "Parquet"}, \`-j 1\`${label}`,
        role: `${role} ${format}`,
        command: (out) => tolerant(archive("--format", format, "-j", "1", "-o", out)),
      });
    }
    all.push({
      name: `the same to Parquet, \`-j 2\`${label}`,
      role: `${role} threads`,
      command: (out) => tolerant(archive("--format", "parquet", "-j", "2", "-o", out)),
    });
    for (const shards of role === "before" ? [] : quick ? [4] : [16, 64]) {
      const worker = [
        ...program,
        "archive",
        "--manifest",
        manifest(folder, shards),
        "--format",
        "parquet",
        "--quiet",
      ];
      all.push({
        name: `${shards} shards to Parquet, one after the other${label}`,
        role: `${role} ${shards}`,
        once: true,
        shards,
        command: (out) =>
          bash(
            'n=$1 out=$2; shift 2; for i in $(seq "$n"); do "$@" --shard "$i/$n" -o "$out" || exit; done',
            ...[String(shards), out, ...worker],
          ),
      });
    }
  }
  const native = nativeCore();
  const logs = tree.runs.map(({ log }) => log).filter((log) => log.endsWith(".log"));
  if (native !== undefined)
    all.push({
      name: "the core in native Rust, CSV of the logs that are not packed",
      role: "native",
      work: logs.reduce((sum, log) => sum + statSync(log).size / 1e6, 0),
      command: (out) =>
        bash(
          'program=$1 out=$2; shift 2; mkdir "$out" && exec "$program" --csv "$out" "$@"',
          native,
          out,
          ...logs,
        ),
    });
  if (quick) {
    console.error("skipped: pyarrow and Spark, which are hundreds of MB to fetch (--quick)");
    return all;
  }
  const pandas = dataFrames();
  if (pandas !== undefined)
    all.push({
      name: "Python and pyarrow: the training rows alone",
      role: "rival",
      command: (out) => [
        join(pandas, "bin/python"),
        join(root, "bench/rivals/archive_pyarrow.py"),
        ...[tree.folder, `${out}.parquet`],
      ],
    });
  const spark =
    spawnSync("java", ["-version"]).status === 0 ? python("Spark", "pyspark", "4.3.0") : undefined;
  if (spark === undefined) console.error("skipped: Spark (Java and pyspark are needed)");
  else {
    const home = sparkHome(spark);
    all.push({
      name: "PySpark, `local[2]`: the training rows alone, without zstd",
      role: "spark",
      once: true,
      all: true,
      command: (out) => [
        join(spark, "bin/python"),
        join(root, "bench/rivals/archive_spark.py"),
        tree.folder,
        out,
      ],
    });
    // As large as `plan` recommends.
    const shards = Math.max(2, Math.floor(tree.text / 400e6));
    all.push(...sparkJobs(home, spark, programs[0].folder, manifest, shards));
  }
  return all;
}

function sparkHome(venv) {
  const script = "import pyspark, os; print(os.path.dirname(pyspark.__file__))";
  return spawnSync(join(venv, "bin/python"), ["-c", script], { encoding: "utf8" }).stdout.trim();
}

/** The job of jobs/spark, and an empty one: what the JVMs cost. */
function sparkJobs(home, venv, folder, manifest, shards) {
  const environment = [
    `SPARK_HOME=${home}`,
    `PYSPARK_PYTHON=${join(venv, "bin/python")}`,
    "SPARK_LOCAL_IP=127.0.0.1",
    `SPARK_WORKER_DIR=${join(tmpdir(), "bench-spark-work")}`,
  ];
  const empty = "from pyspark.sql import SparkSession; SparkSession.builder.getOrCreate().range(2).count()";
  const job = [join(root, "jobs/spark/reprocess.py"), manifest(folder, shards)];
  return ["local[2]", "local-cluster[2,1,1024]"].flatMap((master) => {
    const submit = ["env", ...environment, join(home, "bin/spark-submit"), "--master", master];
    const settings = ["--conf", "spark.ui.enabled=false"];
    return [
      {
        name: `Spark, \`${master}\`: an empty job`,
        role: `empty ${master}`,
        once: true,
        all: true,
        command: (out) =>
          bash(
            'echo "$1" >"$2.py"; shift; out=$1; shift; exec "$@" "$out.py"',
            empty,
            out,
            ...submit,
            ...settings,
          ),
      },
      {
        name: `the job of \`jobs/spark\`, ${shards} shards, \`${master}\``,
        role: `job ${master}`,
        once: true,
        all: true,
        command: (out) => [
          ...[...submit, ...settings, ...job, out, String(shards)],
          ...["--worker", `${node} ${join(folder, "bin/run.js")}`],
        ],
      },
    ];
  });
}

/** Measures, and returns the lines of tables. */
export async function tablesTable({ quick, runs: rounds, size, programs, show }) {
  const { lines, say } = page(show);
  const count = quick ? 20 : size;
  const tree = archiveTree({ runs: count, megabytes: count });
  const scratch = mkdtempSync(join(tmpdir(), "bench-tables-"));
  const manifests = new Map();
  /** The list of runs that a program makes itself, a file a shard if it can. */
  const manifest = (folder, shards = 0) => {
    const key = `${folder} ${shards}`;
    const plan = (...args) =>
      spawnSync(node, [join(folder, "bin/run.js"), "plan", tree.folder, "--quiet", ...args]).status === 0;
    if (!manifests.has(key)) {
      const place = join(scratch, `manifest-${manifests.size}`);
      if (shards === 0) plan("-o", place);
      else if (!plan("--shards", String(shards), "-o", place)) return manifest(folder);
      manifests.set(key, place);
    }
    return manifests.get(key);
  };
  const megabytes = tree.text / 1e6;
  const repeats = Math.min(rounds, 2);
  say(
    `${grouped(count)} runs, ${grouped(megabytes)} MB of logs (10 % compressed; 1 % broken), all four tables if nothing else is said. Least CPU of ${repeats} runs; shards and Spark ran once.`,
  );
  say("");
  say("| | CPU s | MB per CPU-s | wall s | peak MB | × native | × pyarrow | × one process | × before |");
  say("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
  try {
    let number = 0;
    /** Measures a command once, in a folder that is gone after it. */
    const once =
      ({ command, all }) =>
      async () => {
        const out = join(scratch, `out-${number++}`);
        try {
          return await (all ? measureAll : measure)(command(out));
        } finally {
          for (const end of ["", ".parquet", ".py"]) rmSync(out + end, { recursive: true, force: true });
        }
      };
    const rows = contenders(tree, manifest, programs, quick);
    const often = rows.filter((row) => !row.once);
    const costs = await interleaved(often.map(once), repeats);
    for (const [index, cost] of costs.entries()) Object.assign(often[index], cost);
    for (const row of rows.filter((row) => row.once)) Object.assign(row, await once(row)());
    const speed = ({ work = megabytes, cpu }) => work / cpu;
    const over = (row, role) => {
      const other = rows.find((one) => one.role === role);
      return other === undefined || other === row ? "" : times(speed(row) / speed(other));
    };
    for (const row of rows) {
      const { name, role, cpu, wall, peak } = row;
      const [own, kind] = role.split(" ");
      const before = own === "ours" ? over(row, `before ${kind}`) : "";
      const one = row.shards === undefined ? "" : over(row, `${own} parquet`);
      const cells = [cpu.toFixed(1), grouped(speed(row)), wall.toFixed(1), peak.toFixed(0)];
      say(
        `| ${name} | ${cells.join(" | ")} | ${over(row, "native")} | ${over(row, "rival")} | ${one} | ${before} |`,
      );
    }
    say("");
    await planTable({ quick, size, programs, scratch, say });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return lines;
}

/** What listing costs, and how its memory grows. */
async function planTable({ quick, size, programs, scratch, say }) {
  say("| `plan`, a folder of tiny runs | CPU s | peak MB | × before |");
  say("|---|---:|---:|---:|");
  for (const runs of quick ? [500] : [5 * size, 50 * size]) {
    const folder = tinyRuns(join(scratch, `tiny-${runs}`), runs);
    const costs = await interleaved(
      programs.map((program) => () => {
        const command = [node, join(program.folder, "bin/run.js"), "plan", folder, "--quiet"];
        return measure([...command, "-o", join(scratch, "plan.ndjson")]);
      }),
      1,
    );
    for (const [index, { cpu, peak }] of costs.entries()) {
      const before = index === 0 && costs.length > 1 ? times(costs[1].cpu / cpu) : "";
      say(
        `| ${grouped(runs)} runs${programs[index].label} | ${cpu.toFixed(1)} | ${peak.toFixed(0)} | ${before} |`,
      );
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An archive of runs with a log of one update each. */
function tinyRuns(folder, runs) {
  const text =
    "[2024-01-01 00:00:00] Ep. 1 : Up. 100 : Sen. 1,000 : Cost 3.5 : Time 20.00s : 100.00 words/s : gNorm 0.5\n";
  for (let run = 0; run < runs; run += 1) {
    const place = join(folder, "models/en-hu", `exp${Math.floor(run / 5)}`, `teacher-base${run % 5}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "train.log"), text);
  }
  return folder;
}
