"""The training rows of an archive as Parquet, as a script of one's own has them: archive_pyarrow.py ARCHIVE OUT"""

import datetime
import gzip
import json
import re
import sys

import pyarrow
import pyarrow.parquet

TRAINING = re.compile(
    r"^(?:\[task [^\]]+\] )?\[([\d-]+ [\d:]+)\] Ep\. ([\d.]+) : Up\. (\d+) : Sen\. ([\d,]+) : Cost ([-\d.naif]+)"
    r"(?: \* ([\d,]+) @ ([\d,]+) after ([\d,]+))? : Time ([\d.]+)s : ([\d.]+) words/s"
    r"(?: : gNorm ([\d.]+))?(?: : L\.r\. ([\d.e+-]+))?",
    re.MULTILINE,
)
COUNT, NUMBER = (lambda text: int(text.replace(",", ""))), float
FIELDS = {
    "timestamp": datetime.datetime.fromisoformat, "epoch": NUMBER, "up": COUNT, "sen": COUNT, "cost": NUMBER,
    "labels": COUNT, "batch_labels": COUNT, "total_labels": COUNT, "time": NUMBER, "rate": NUMBER, "gnorm": NUMBER,
    "learning_rate": NUMBER,
}
TYPES = {NUMBER: pyarrow.float64(), COUNT: pyarrow.int64()}


def text_of(path):
    if path.endswith(".zst"):
        return pyarrow.input_stream(path, compression="zstd").read().decode(errors="replace")
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as log:
        return log.read().decode(errors="replace")


if __name__ == "__main__":
    archive, out = sys.argv[1:]
    names = ["project", "group", "run"]
    types = [TYPES.get(kind, pyarrow.timestamp("us")) for kind in FIELDS.values()]
    schema = pyarrow.schema([*((name, pyarrow.string()) for name in names), *zip(FIELDS, types)])
    total = 0
    with pyarrow.parquet.ParquetWriter(out, schema) as writer, open(f"{archive}/tree.json") as tree:
        for run in json.load(tree)["runs"]:
            try:
                found = TRAINING.findall(text_of(run["log"]))
            except (EOFError, OSError, UnicodeError):
                continue
            columns = [pyarrow.array([run[name]] * len(found)) for name in names]
            for kind, type, cells in zip(FIELDS.values(), types, zip(*found)):
                columns.append(pyarrow.array([kind(cell) if cell else None for cell in cells], type))
            if found:
                writer.write_table(pyarrow.table(columns, schema=schema))
            total += len(found)
    print(total)
