"""The four commands. Each becomes Node, but for the pipe after a training, which keeps its parent."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from ._node import NodeNotFoundError, command, reason
from ._pipe import is_pipe, run_pipe

CANNOT_RUN = 126


def marian_tracking() -> NoReturn:
    _become("marian-tracking", "run.js")


def parse_experiment_dir() -> NoReturn:
    _become("parse_experiment_dir", "parse_experiment_dir.js")


def parse_tc_group() -> NoReturn:
    _become("parse_tc_group", "parse_tc_group.js")


def parse_tc_logs() -> NoReturn:
    if is_pipe(sys.argv[1:]):
        sys.exit(run_pipe("parse_tc_logs.js", sys.argv[1:]))
    _become("parse_tc_logs", "parse_tc_logs.js")


def _become(name: str, binary: str) -> NoReturn:
    try:
        arguments = command(binary, *sys.argv[1:])
        if sys.platform == "win32":
            # There, execv returns to the shell before the program has ended.
            sys.exit(subprocess.call(arguments))
        os.execv(arguments[0], arguments)
    except (NodeNotFoundError, OSError) as error:
        sys.stderr.write(f"{name}: {reason(error)}\n")
        sys.exit(CANNOT_RUN)
