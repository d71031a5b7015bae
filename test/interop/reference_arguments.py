"""Reads command lines with argparse, as the Python commands define their options. Standard input and output are JSON."""

import argparse
import contextlib
import io
import json
import sys


def parse_tc_logs() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parse_tc_logs")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--input-file", "-i")
    group.add_argument("--from-stream", "-s", action="store_true")
    parser.add_argument("--output-dir", "-o")
    parser.add_argument("--verbose", "-v", action="store_const", dest="verbose", const=True)
    parser.add_argument("--publish-group-logs", action="store_true")
    parser.add_argument("--wandb-project")
    parser.add_argument("--wandb-artifacts")
    parser.add_argument("--wandb-group")
    parser.add_argument("--wandb-run-name")
    parser.add_argument("--wandb-publication", action="store_true")
    parser.add_argument("--taskcluster-secret")
    parser.add_argument("--tags", nargs="+")
    return parser


def parse_experiment_dir() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parse_experiment_dir")
    parser.add_argument("--mode", "-m", choices=["snakemake", "taskcluster"], required=True)
    parser.add_argument("--directory", "-d")
    return parser


def parse_tc_group() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parse_tc_group")
    parser.add_argument("group_id")
    parser.add_argument("--no-recursive-lookup", action="store_true")
    parser.add_argument("--override-runs", action="store_true")
    parser.add_argument("--verbose", "-v", action="store_const", dest="verbose", const=True)
    return parser


# Later versions read some joined options and "--" in another way.
if sys.version_info[:2] not in ((3, 10), (3, 11)):
    sys.exit("Python 3.10 or 3.11 is needed")

PARSERS = {make.__name__: make() for make in (parse_tc_logs, parse_experiment_dir, parse_tc_group)}


def read(program: str, words: list[str]) -> object:
    """Returns the options that were given, or what else the command line comes to."""
    errors = io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            values = vars(PARSERS[program].parse_args(words))
    except SystemExit as end:
        if end.code == 0:
            return "help"
        return errors.getvalue().splitlines()[-1]
    return {name: value for name, value in values.items() if value not in (None, False)}


json.dump([read(program, words) for program, *words in json.load(sys.stdin)], sys.stdout)
