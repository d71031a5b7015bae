"""Reads an archive with Spark, one task a shard. The workers write the tables themselves; Spark says where they run, tries
them again, and registers the tables when every shard is there:

    marian-tracking plan /data/archive --shards 64 -o plan
    spark-submit --archives tool.tgz#tool jobs/spark/reprocess.py /data/plan /data/tables 64 \
      --worker 'tool/node tool/node_modules/marian-tracking/bin/run.js' --catalog logs

A shard is there whole or not at all, also if two attempts write it at once (speculation, a lost executor). Run again, the
job leaves shards that are done and have not changed.

Exit codes: 0 every shard is there; 1 one is not, the job names it; 2 wrong arguments.
"""

import argparse
import collections
import ctypes
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile

from pyspark import SparkFiles, TaskContext
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

TABLES = ["training", "validation", "evaluations", "runs"]
USAGE = 2


def run_worker(command):
    """Runs a worker on an executor to its end. Returns its exit code, its output and the end of its messages."""
    words = shlex.split(command)
    # YARN and Kubernetes unpack --archives where the executor runs, other masters in a folder of Spark's.
    folder = os.getcwd() if os.path.exists(words[0]) else SparkFiles.getRootDirectory()
    if "/" in words[0]:
        words[0] = os.path.join(folder, words[0])
    end = collections.deque(maxlen=20)
    with tempfile.TemporaryFile("w+") as output:
        try:
            worker = subprocess.Popen(
                words, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True,
                preexec_fn=end_with_parent if sys.platform == "linux" else None,
            )
        except OSError as error:
            return 127, "", f"{words[0]}: {error.strerror}"
        for line in worker.stderr:
            sys.stderr.write(line)
            end.append(line)
        code = worker.wait()
        output.seek(0)
        return code, output.read(), "".join(end).strip()


def end_with_parent():
    """Lets no worker run on when Spark has ended its task."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def shard_task(command, shards, attempts):
    """Returns a function that reads a shard in a task of Spark, and returns what went wrong. Spark tries a task again that
    raises; the last attempt does not, so that the other shards are still read."""

    def read_shard(shard):
        code, _, messages = run_worker(f"{command} --shard {shard}/{shards}")
        if code == 0:
            return None
        reason = f"shard {shard}/{shards}: the worker ended with {code}: {messages}"
        if code != USAGE and TaskContext.get().attemptNumber() + 1 < attempts:
            raise RuntimeError(reason)
        return reason

    return read_shard


def on_executors(spark, function, tasks, kind="string"):
    """Calls a function once in each of so many tasks, with numbers from 1 on."""
    call = udf(function, kind).asNondeterministic()
    return [row[0] for row in spark.range(1, tasks + 1, 1, tasks).select(call("id")).collect()]


def attempts_of(spark):
    """How often Spark tries a task before it gives the job up."""
    local = re.fullmatch(r"local(?:\[[^,]*(?:,\s*(\d+))?\])?", spark.conf.get("spark.master", ""))
    return int(local[1] or 1) if local else int(spark.conf.get("spark.task.maxFailures", "4"))


def missing_shards(status, shards):
    """What the gate finds wrong, a line each."""
    if status["count"] != shards:
        yield f"the folder has {status['count']} shards, not {shards}"
    for shard in status["shards"]:
        if shard["state"] != "done":
            yield f"shard {shard['shard']}/{status['count']} {': '.join(filter(None, [shard['state'], shard.get('reason')]))}"
    for name in status["other_jobs"]:
        yield f"{name} is of another job"
    for run in status["doubled_runs"]:
        yield f"{run['run']} is in {' and in '.join(run['shards'])}"
    if status["too_many_errors"]:
        yield f"{status['with_errors']} of {status['runs']} runs have errors, more than --max-errors allows"


def read(spark, command, gate, shards):
    """Reads the shards and asks the gate, on an executor too: the driver may have neither the worker nor the folder.
    Returns what is wrong."""
    failures = []
    try:
        failures = on_executors(spark, shard_task(command, shards, attempts_of(spark)), shards)
    except Exception as error:  # Of Spark or Py4J: the gate says which shards are missing.
        failures = [str(error).split("JVM stacktrace")[0]]
    problems = [failure for failure in failures if failure is not None]
    [answer] = on_executors(spark, lambda _: json.dumps(run_worker(gate)), 1)
    code, output, messages = json.loads(answer)
    if not output:
        return [*problems, f"{gate} ended with {code}: {messages}"]
    status = json.loads(output)
    problems += missing_shards(status, shards)
    if not problems:
        print(
            f"{shards} shards are done: {status['runs']} runs, {status['with_errors']} with errors, "
            f"{status['training_rows']} training rows, {status['validation_points']} validation points"
        )
    return problems


def register(spark, catalog, files):
    """Makes an external table for each table of the archive; its files stay when it is dropped."""
    for table, path in files.items():
        name = f"{catalog}.marian_{table}"
        if spark.catalog.tableExists(name):
            if spark.catalog.getTable(name).tableType != "EXTERNAL":
                sys.exit(f"{name} is there, and is no external table: drop it, or name another --catalog")
            spark.sql(f"DROP TABLE {name}")
        spark.sql(f"CREATE TABLE {name} USING parquet OPTIONS (path '{path}')")
        print(f"{name}: {path}")


def absolute(place):
    return place if "://" in place else os.path.abspath(place)


def main():
    parser = argparse.ArgumentParser(description="Read an archive with Spark, one task a shard.")
    parser.add_argument("plan", help="folder that `marian-tracking plan --shards` wrote; a URL ends with /")
    parser.add_argument("tables", help="folder that the workers write to")
    parser.add_argument("shards", type=int, help="number of shards of the plan")
    parser.add_argument("--worker", default="marian-tracking", help="command of the worker on the executors")
    parser.add_argument("--max-errors", metavar="N|N%", help="so many runs may have errors, of a shard and of all")
    parser.add_argument("--catalog", metavar="NAME", help="schema for the tables marian_training, …, e.g. `logs`")
    parser.add_argument(
        "--spark-tables", metavar="URL", help="what Spark calls the folder of the tables, if it is not the same: s3a://…"
    )
    values = parser.parse_args()
    plan, tables, shards = absolute(values.plan), absolute(values.tables), values.shards
    if shards < 1:
        parser.error("the number of shards is 1 or more")

    # Executors need no pyarrow, and the tables are no output of a stream.
    settings = {
        "spark.sql.execution.pythonUDF.arrow.enabled": "false",
        "spark.sql.streaming.fileStreamSink.ignoreMetadata": "true",
    }
    spark = SparkSession.builder.config(map=settings).getOrCreate()
    limit = "" if values.max_errors is None else f" --max-errors {shlex.quote(values.max_errors)}"
    command = f"{values.worker} archive --manifest {shlex.quote(plan)} --format parquet -o {shlex.quote(tables)}{limit}"
    try:
        problems = read(spark, command, f"{values.worker} status {shlex.quote(tables)} --json{limit}", shards)
        if values.catalog is not None and not problems:
            folder = values.spark_tables or tables
            register(spark, values.catalog, {one: f"{folder}/shard-*-of-{shards}/{one}.parquet" for one in TABLES})
    finally:
        spark.stop()
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
