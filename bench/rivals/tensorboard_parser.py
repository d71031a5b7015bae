"""The parser of marian-tensorboard, without TensorBoard behind it."""

import sys

from marian_tensorboard.marian_tensorboard import MarianLogParser

parser = MarianLogParser()
rows = 0
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        for kind, _, _, metric, _ in parser.parse_line(line):
            rows += kind == "scalar" and metric.startswith("train/") and metric.endswith("learning_rate")
print(rows)
