"""Prints what TensorBoard's own reader finds below a log directory, as JSON by run."""

import json
import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def number(value):
    return value if value - value == 0 else str(value)


runs = {}
for folder, _, files in os.walk(sys.argv[1]):
    if not any("tfevents" in name for name in files):
        continue
    accumulator = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    runs[os.path.relpath(folder, sys.argv[1])] = {
        "start": accumulator.FirstEventTimestamp(),
        "scalars": {
            tag: [[point.step, point.wall_time, number(point.value)] for point in accumulator.Scalars(tag)]
            for tag in tags["scalars"]
        },
        "texts": {
            tag: [
                [point.step, point.wall_time, point.tensor_proto.string_val[0].decode()]
                for point in accumulator.Tensors(tag)
            ]
            for tag in tags["tensors"]
        },
    }
json.dump(runs, sys.stdout)
