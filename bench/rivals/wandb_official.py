"""Publishes rows with the official W&B client, as it is meant to be used: one wandb.log an update, one run at a time.

Arguments: project, folder. Every <run>.rows.json of the folder is a run: a list of [step, values]. The client's own
extras (console capture, system metrics, files about the machine) are off, so that only the rows are measured.
"""

import json
import sys
from pathlib import Path

import wandb

project, folder = sys.argv[1:]
total = 0
for path in sorted(Path(folder).glob("*.rows.json")):
    run_id = path.name[: -len(".rows.json")]
    settings = wandb.Settings(
        console="off", silent=True, x_disable_stats=True, x_disable_meta=True, save_code=False
    )
    run = wandb.init(project=project, id=run_id, name=run_id, resume="allow", settings=settings)
    rows = json.loads(path.read_text())
    for step, values in rows:
        run.log(values, step=step)
    run.finish()
    total += len(rows)
print(total)
