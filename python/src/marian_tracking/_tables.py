"""A log as tables, read by the program."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Dict, Iterator, List, Union

from ._node import command

if TYPE_CHECKING:
    import pandas
    import polars

PathLike = Union[str, "os.PathLike[str]"]
Value = Union[int, float, datetime, None]
Row = Dict[str, Value]

TABLES = ("training", "validation")
INTEGER = re.compile(r"-?\d+")


class ParseError(RuntimeError):
    """The program read nothing: its message, and its exit code as ``code``."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def read(path: PathLike, *, time_zone: str | None = None) -> dict[str, list[Row]]:
    """The rows of a log, as ``{"training": rows, "validation": rows}``.

    A row is a dict by column, as in ``training.csv`` and ``validation.csv``; what a line does not have is None, a time
    is in UTC. ``time_zone`` is the zone of Marian's clock, for example ``Europe/Paris``; without it, a clock of an
    unknown zone is taken for UTC.

    Raises ParseError if the log can't be read or holds no measurement, NodeNotFoundError without Node.
    """
    with _parsed(path, "csv", time_zone) as folder:
        return {table: _rows(folder / f"{table}.csv") for table in TABLES}


def to_pandas(path: PathLike, *, time_zone: str | None = None) -> dict[str, pandas.DataFrame]:
    """As ``read``, as pandas' data frames. Needs pandas and pyarrow."""
    import pandas

    with _parsed(path, "parquet", time_zone) as folder:
        return {table: pandas.read_parquet(folder / f"{table}.parquet") for table in TABLES}


def to_polars(path: PathLike, *, time_zone: str | None = None) -> dict[str, polars.DataFrame]:
    """As ``read``, as Polars' data frames. Needs polars."""
    import polars

    with _parsed(path, "parquet", time_zone) as folder:
        return {table: polars.read_parquet(folder / f"{table}.parquet", memory_map=False) for table in TABLES}


@contextmanager
def _parsed(path: PathLike, form: str, time_zone: str | None) -> Iterator[Path]:
    """A folder with the tables of a log, which is removed afterwards."""
    log = os.fspath(path)
    if os.path.isdir(log):
        raise ParseError(f"{log} is a folder: name one log", 1)
    with TemporaryDirectory(prefix="marian-tracking-") as folder:
        zone = [] if time_zone is None else ["--time-zone", time_zone]
        options = ["--format", form, "--output-dir", folder, "--quiet", *zone]
        # Neither the folder's options nor the environment may make a notebook publish.
        environment = {**os.environ, "WANDB_MODE": "disabled", "NO_COLOR": "1"}
        done = subprocess.run(
            command("run.js", "parse", *options, "--", log),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
        )
        said = done.stderr.decode("utf-8", "replace").strip()
        files = [Path(folder) / f"{table}.{form}" for table in TABLES]
        if not all(file.exists() for file in files):
            raise ParseError(said or f"{log}: nothing was read", done.returncode)
        if said:
            print(said, file=sys.stderr)
        yield Path(folder)


def _rows(path: Path) -> List[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return [{column: _value(column, text) for column, text in row.items()} for row in csv.DictReader(file)]


def _value(column: str, text: str) -> Value:
    if text == "":
        return None
    if column == "timestamp":
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return int(text) if INTEGER.fullmatch(text) else float(text)
