"""Writes an offline run with the official client below the folder given as argument."""

import math
import os
import sys

os.environ["WANDB_MODE"] = "offline"

import wandb

folder = sys.argv[1]
run = wandb.init(
    dir=folder,
    project="ru-en",
    id="official",
    name="student",
    group="exp_MjcJG",
    tags=["a", "b"],
    job_type="train",
    notes="some notes",
    config={"marian": {"layers": [6, 2]}, "lr": 0.5},
)
run.log({"cost": 8.25, "gnorm": math.nan, "flag": True, "none": None, "big": 2**60, "deep": {"a": {"b": 1}}}, step=10)
run.log({"cost": -math.inf, "text": "é" * 50000}, step=20)
print("first line")
print("half", end="")
print(" a line\rover", flush=True)
run.log({"metrics": wandb.Table(columns=["name", "score"], data=[["x", 1], ["y", None]])}, step=30)
table = wandb.Table(columns=["Name", "Count"], data=[["x", 3]])
run.log({"Datasets": wandb.plot.bar(table, "Name", "Count", "T")})
artifact = wandb.Artifact("logs", "logs")
with artifact.new_file("sub/train.log") as file:
    file.write("marian")
run.log_artifact(artifact)
run.summary["best"] = {"chrf": 50.1}
run.config["late"] = "yes"
run.finish(exit_code=3)
