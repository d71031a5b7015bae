"""Does jobs with the official W&B client. Jobs come as a JSON list on stdin, results go as a JSON list to stdout."""

import json
import os
import sys
import tempfile

import wandb


def publish(job):
    """Publishes a run; rows are [step, values] or [null, values] for a log call without a step."""
    arguments = {name: job[name] for name in ("project", "id", "resume", "group", "name", "tags", "config", "notes")
                 if name in job}
    run = wandb.init(settings=wandb.Settings(console="off", x_disable_stats=True), **arguments)
    result = {
        "resumed": run.resumed,
        "starting_step": run.starting_step,
        "config": dict(run.config),
        "tags": list(run.tags or ()),
        "summary": dict(run.summary._as_dict()),
    }
    for step, values in job.get("rows", []):
        values = {key: value_of(value) for key, value in values.items()}
        if step is None:
            run.log(values)
        else:
            run.log(values, step=step)
    if "artifact" in job:
        artifact = wandb.Artifact(job["artifact"]["name"], type=job["artifact"]["type"])
        artifact.add_dir(job["artifact"]["path"])
        run.log_artifact(artifact)
    run.finish()
    return result


def value_of(value):
    """Tables and bar charts in the form of the recorded calls; everything else as it is."""
    if isinstance(value, dict) and value.get("_type") == "plot.bar":
        return wandb.plot.bar(value_of(value["table"]), value["label"], value["value"], title=value["title"])
    if isinstance(value, dict) and value.get("_type") == "Table":
        return wandb.Table(columns=value["columns"], data=value["data"])
    return value


def read(job):
    """Everything that wandb.Api says of a run."""
    run = wandb.Api().run(job["path"])
    files = {}
    folder = tempfile.mkdtemp()
    for file in run.files():
        with file.download(root=folder, replace=True) as opened:
            files[file.name] = opened.read()
    artifacts = []
    for artifact in run.logged_artifacts():
        root = artifact.download(root=tempfile.mkdtemp())
        artifacts.append({
            "name": artifact.name,
            "type": artifact.type,
            "digest": artifact.digest,
            "aliases": artifact.aliases,
            "files": {entry: open(os.path.join(root, entry), "rb").read().decode("latin1")
                      for entry in artifact.manifest.entries},
        })
    return {
        "id": run.id,
        "name": run.name,
        "state": run.state,
        "group": run.group,
        "job_type": run.job_type,
        "notes": run.notes,
        "tags": list(run.tags),
        "config": run.config,
        "rawconfig": run.rawconfig,
        "summary": run.summary._json_dict,
        "scan": list(run.scan_history()),
        "history": run.history(samples=100000, pandas=False),
        "system": run.history(stream="system", pandas=False),
        "console": [[line.timestamp, line.level, line.content] for line in run.console_logs()],
        "files": files,
        "artifacts": artifacts,
    }


def table(job):
    """A table as the client reads it back from its artifact."""
    found = wandb.Api().artifact(job["artifact"]).get(job["name"])
    return {"columns": found.columns, "data": found.data}


def runs(job):
    """Ids of the runs that answer a filter."""
    return [run.id for run in wandb.Api().runs(job["path"], filters=job["filters"])]


def digest(job):
    """Digest that the client gives a directory."""
    artifact = wandb.Artifact("any", type="logs")
    artifact.add_dir(job["path"])
    return artifact.digest


JOBS = {"publish": publish, "read": read, "table": table, "runs": runs, "digest": digest}

if __name__ == "__main__":
    # Only results may stand on stdout.
    out = os.dup(1)
    os.dup2(2, 1)
    results = [JOBS[job["do"]](job) for job in json.load(sys.stdin)]
    with os.fdopen(out, "w") as stream:
        json.dump(results, stream, default=str)
