"""An independent reader of the archives that bench/archive-tree.mjs makes: all rows of all four tables, by regular
expressions of its own, as a count and a hash of the multiset of rows.

    archive_reader.py ARCHIVE [URL]      the rows that the files of the archive hold, if it is read at the address
    archive_reader.py --tables DIR…      the rows of the Parquet files below these folders, in the same form

What is wrong with a log is compared as whether something is.
"""

import datetime
import glob
import gzip
import hashlib
import json
import math
import os
import re
import sys
import zlib
from decimal import Decimal

import pyarrow
import pyarrow.parquet

STAMP = r"^(?:\[task (?P<task>[^\]]+)Z\] )?\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\] "
TRAINING = re.compile(
    STAMP + r"Ep\. (?P<epoch>\d+) : Up\. (?P<up>\d+) : Sen\. (?P<sen>[\d,]+) : Cost (?P<cost>\d+\.\d{8})"
    r"(?: \* (?P<labels>[\d,]+) @ (?P<batch_labels>[\d,]+) after (?P<total_labels>[\d,]+))?"
    r" : Time (?P<seconds>[\d.]+)s : (?P<rate>[\d.]+) words/s : gNorm (?P<gnorm>\d+\.\d{4})"
    r"(?: : L\.r\. (?P<learning_rate>\d\.\d{4}e[-+]\d\d))?$"
)
VALIDATION = re.compile(
    STAMP + r"\[valid\] Ep\. (?P<epoch>\d+) : Up\. (?P<up>\d+) : (?P<metric>[\w-]+) : (?P<value>[\d.e+-]+)"
    r" : (?:new best|stalled (?P<stalled>\d+) times \(last best: (?P<best>[\d.e+-]+)\))$"
)
START = re.compile(STAMP + r"\[marian\] Marian (?P<version>v\S+)")
OPTION = re.compile(STAMP + r"\[config\] (?:(?P<name>[\w-]+):|  - (?P<item>\S+)$)")
BEGUN = re.compile(STAMP + r"(?:\[valid\] )?Ep\. \d")

MODELS = {
    "backward": "backwards",
    "teacher-base0": "teacher-base-0",
    "teacher-finetuned0": "teacher-finetune-0",
    "student-finetuned": "student-finetune",
    "finetuned-student": "finetune-student",
}
LOWER_IS_BETTER = {"perplexity", "ce_mean_words"}
KNOWN = ["chrf", "ce_mean_words", "bleu_detok", "perplexity"]
TEXT, WHOLE, REAL, MAP = "string", "int64", "double", "map<string, double>"
TIME, TRUTH = "timestamp[us, tz=UTC]", "bool"
NAMES = {"project": TEXT, "group": TEXT, "run": TEXT}
POSITION = {**NAMES, "segment": WHOLE, "line": WHOLE, "timestamp": TIME, "epoch": REAL, "up": WHOLE}
TABLES = {
    "training": {
        **POSITION, "sen": WHOLE, "cost": REAL, "time": REAL, "rate": REAL, "gnorm": REAL, "learning_rate": REAL,
        "labels": WHOLE, "batch_labels": WHOLE, "total_labels": WHOLE,
    },
    "validation": {
        **POSITION, **{name: REAL for name in KNOWN}, **{f"{name}_stalled": REAL for name in KNOWN}, "further": MAP
    },
    "evaluations": {
        **NAMES, "model": TEXT, "importer": TEXT, "dataset": TEXT, "augmentation": TEXT, "bleu_detok": REAL,
        "chrf": REAL, "comet": REAL, "further": MAP,
    },
    "runs": {
        **NAMES, "run_id": TEXT, "kind": TEXT, "source": TEXT, "marian_version": TEXT, "segments": WHOLE,
        "started": TIME, "ended": TIME, "last_epoch": REAL, "last_update": WHOLE, "training_rows": WHOLE,
        "validation_points": WHOLE, "partial_points": WHOLE, "unmatched": WHOLE, "error": TEXT, "finished": TRUTH,
        "further": MAP,
    },
}


class Multiset:
    """A count of rows, and a hash that does not depend on their order."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = 0
        self.hash = 0

    def add(self, row):
        unknown = set(row) - set(self.columns)
        assert not unknown, unknown
        cells = [self.cell(name, kind, row.get(name)) for name, kind in self.columns.items()]
        digest = hashlib.sha256("\x1f".join(cells).encode()).digest()
        self.hash = (self.hash + int.from_bytes(digest[:16], "big")) % (1 << 128)
        self.rows += 1

    @staticmethod
    def cell(name, kind, value):
        if name == "error":
            return str(value is not None)
        if value is None:
            return "\x00"
        if kind == REAL:
            return float(value).hex()
        if kind == MAP:
            return json.dumps(sorted((key, float(number).hex()) for key, number in dict(value).items()))
        return str(value)

    def found(self):
        return {"rows": self.rows, "hash": f"{self.hash:032x}"}


def text_of(path):
    """The text of a log, and what is wrong with it."""
    with open(path, "rb") as file:
        stored = file.read()
    if path.endswith(".zst"):
        return pyarrow.input_stream(path, compression="zstd").read().decode("utf-8", "replace"), None
    if not stored.startswith(b"\x1f\x8b"):
        return stored.decode("utf-8", "replace"), None
    unpacker = zlib.decompressobj(wbits=31)
    text = unpacker.decompress(stored).decode("utf-8", "replace")
    return text, None if unpacker.eof else "it ends early"


def micros(match):
    """Microseconds since 1970 of a line: the worker's time, or else Marian's."""
    text = match["task"] or match["time"]
    time = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return round(time.timestamp() * 1_000_000)


def count(text):
    return None if text is None else int(text.replace(",", ""))


def real(text):
    return None if text is None else float(text)


def joined(lines, validations, is_cut):
    """The lines of a log with those of its log of validations that it lacks, each where it belongs by its time; a last
    line that was cut stays the last."""
    key = lambda match: (match["epoch"], match["up"], match["metric"], match["value"])
    held = {key(match) for match in map(VALIDATION.match, lines) if match}
    missing = [line for line in validations if (match := VALIDATION.match(line)) and key(match) not in held]
    if not missing:
        return lines
    times = [micros(VALIDATION.match(line)) for line in missing]
    made = []
    at = 0
    for line in lines:
        anchor = TRAINING.match(line) or VALIDATION.match(line) or START.match(line)
        if anchor:
            time = micros(anchor)
            while at < len(missing) and (times[at] < time or times[at] == time and START.match(line)):
                made.append(missing[at])
                at += 1
        made.append(line)
    has_record = TRAINING.match(lines[-1]) or VALIDATION.match(lines[-1])
    cut = [made.pop()] if is_cut and not has_record else []
    return made + missing[at:] + cut


class Log:
    """Reads the lines of one run."""

    def __init__(self, names, tables):
        self.names = names
        self.tables = tables
        self.segment = -1
        self.option = None
        self.configured = set()
        self.last = set()
        self.open = {}
        self.run = {**names, "run_id": names["run"], "kind": "training", "segments": 0, "finished": False}
        self.run.update(training_rows=0, validation_points=0, partial_points=0, unmatched=0)
        self.best = {}
        self.version = None

    def read(self, lines):
        for number, line in enumerate(lines, 1):
            match = TRAINING.match(line)
            if match:
                self.training(match, number)
            elif match := VALIDATION.match(line):
                self.validation(match, number)
            elif match := START.match(line):
                for key in list(self.open):
                    self.close(key)
                self.segment += 1
                self.configured = set()
                self.version = match["version"]
                self.run["segments"] += 1
                self.run.setdefault("started", micros(match))
            elif match := OPTION.match(line):
                self.option = match["name"] or self.option
                if self.option == "valid-metrics" and match["item"]:
                    self.configured.add(match["item"])
            elif BEGUN.match(line):
                self.run["unmatched"] += 1
            elif line.endswith("] Training finished"):
                self.run["finished"] = True
        for key in list(self.open):
            self.close(key)
        self.finish()

    def record(self, match):
        time = micros(match)
        self.run.setdefault("started", time)
        self.run["ended"] = time
        self.run["marian_version"] = self.version
        return {**self.names, "segment": max(self.segment, 0), "timestamp": time}

    def training(self, match, line):
        row = {**self.record(match), "line": line, "epoch": real(match["epoch"]), "up": int(match["up"])}
        row.update(sen=count(match["sen"]), cost=real(match["cost"]), time=real(match["seconds"]))
        row.update({name: real(match[name]) for name in ("rate", "gnorm", "learning_rate")})
        row.update({name: count(match[name]) for name in ("labels", "batch_labels", "total_labels")})
        self.tables["training"].add(row)
        self.run["training_rows"] += 1
        self.run.update(last_epoch=row["epoch"], last_update=row["up"])

    def validation(self, match, line):
        row = {**self.record(match), "line": line, "epoch": real(match["epoch"]), "up": int(match["up"])}
        metric = match["metric"].replace("-", "_")
        key = (row["segment"], row["epoch"], row["up"])
        point, values, metrics = self.open.setdefault(key, (row, {}, set()))
        values[metric] = float(match["value"])
        if match["stalled"]:
            values[f"{metric}_stalled"] = float(match["stalled"])
        metrics.add(match["metric"])
        self.note_best(metric, values[metric], row["up"], real(match["best"]))
        if len(self.open) > 8:
            self.close(next(iter(self.open)))
        while whole := [key for key, (_, _, metrics) in self.open.items() if self.is_whole(metrics)]:
            self.close(whole[0])

    def is_whole(self, metrics):
        """A point has the metrics of the configuration, or else of the point that closed last."""
        expected = self.configured or self.last
        return bool(expected) and expected <= metrics

    def note_best(self, metric, value, up, last_best):
        sign = -1 if metric in LOWER_IS_BETTER else 1
        for candidate, update in ((value, up), (last_best, None)):
            if candidate is not None and (metric not in self.best or sign * candidate > sign * self.best[metric][0]):
                self.best[metric] = (candidate, update)

    def close(self, key):
        row, values, metrics = self.open.pop(key)
        known = {name: value for name, value in values.items() if name.removesuffix("_stalled") in KNOWN}
        further = {name: value for name, value in values.items() if name not in known}
        self.tables["validation"].add({**row, **known, "further": further or None})
        self.run["validation_points"] += 1
        self.run["partial_points"] += bool(self.configured or self.last) and not self.is_whole(metrics)
        self.last = metrics
        if self.run["training_rows"] == 0:
            self.run.update(last_epoch=row["epoch"], last_update=row["up"])

    def finish(self):
        further = {}
        for metric, (value, update) in self.best.items():
            further[f"best_{metric}"] = value
            if update is not None:
                further[f"best_{metric}_update"] = update
        self.run["further"] = further or None


def scores_of(folder):
    """The evaluations of a model: by importer, dataset and augmentation."""
    found = {}
    for path in sorted(glob.glob(f"{folder}/*.metrics") + glob.glob(f"{folder}/*.metrics.json")):
        name = re.sub(r"\.metrics(\.json)?$", "", os.path.basename(path))
        importer, dataset = name.split("_", 1)
        augmentation = None
        if dataset.startswith("aug-"):
            augmentation, dataset = dataset.split("_", 1)
        with open(path) as file:
            if path.endswith(".json"):
                raw = json.load(file, parse_float=Decimal)
                scores = {metric: Decimal(value["score"]) for metric, value in raw.items()}
            else:
                scores = dict(zip(("bleu", "chrf", "comet"), map(Decimal, file.read().split())))
        scores["comet"] *= 100
        scores["bleu_detok"] = scores.pop("bleu")
        row = found.setdefault((importer, dataset, augmentation), {})
        row.update({metric: float(value) for metric, value in scores.items()})
    for (importer, dataset, augmentation), scores in found.items():
        known = {name: scores.pop(name) for name in ("bleu_detok", "chrf", "comet")}
        yield {"importer": importer, "dataset": dataset, "augmentation": augmentation, **known, "further": scores or None}


def read_archive(archive, address):
    tables = {name: Multiset(columns) for name, columns in TABLES.items()}
    with open(f"{archive}/tree.json") as tree:
        runs = json.load(tree)["runs"]
    for run in runs:
        folder = os.path.basename(os.path.dirname(run["log"]))
        model = MODELS.get(folder, folder)
        names = {"project": run["project"], "group": run["group"], "run": model + run["run"][len(folder) :]}
        text, error = text_of(run["log"])
        lines = text.removesuffix("\n").split("\n")
        if "validationLog" in run:
            validations = text_of(run["validationLog"])[0].split("\n")
            lines = joined(lines, validations, not text.endswith("\n"))
        log = Log(names, tables)
        log.read(lines)
        held = log.run["training_rows"] + log.run["validation_points"]
        row = {**log.run, "source": address + run["log"][len(archive) :], "error": error or (None if held else "no records")}
        if error:
            row["finished"] = None
        tables["runs"].add(row)
        evaluated = f"{archive}/{'taskcluster' if '/taskcluster/logs/' in run['log'] else 'snakemake'}/models"
        for scores in scores_of(f"{evaluated}/{run['project']}/{run['group']}/evaluation/{folder}"):
            tables["evaluations"].add({**names, "model": model, **scores})
    return {name: table.found() for name, table in tables.items()}


def read_tables(folders):
    found = {}
    for name, columns in TABLES.items():
        table = Multiset(columns)
        paths = [path for folder in folders for path in glob.glob(f"{folder}/**/*.parquet", recursive=True)]
        for path in sorted(path for path in paths if name in path.removesuffix(".parquet").split("/")[-2:]):
            file = pyarrow.parquet.ParquetFile(path)
            types = {field.name: re.sub(r" \('\w+'\)", "", str(field.type)) for field in file.schema_arrow}
            assert types == columns, f"{path}: {types}"
            for batch in file.iter_batches():
                times = [index for index, kind in enumerate(columns.values()) if kind == TIME]
                arrays = [column.cast("int64") if index in times else column for index, column in enumerate(batch.columns)]
                lists = [array.to_pylist() for array in arrays]
                for cells in zip(*lists):
                    table.add(dict(zip(columns, cells)))
        found[name] = table.found()
    return found


if __name__ == "__main__":
    if sys.argv[1] == "--tables":
        print(json.dumps(read_tables(sys.argv[2:])))
    else:
        print(json.dumps(read_archive(sys.argv[1], sys.argv[-1])))
