"""``parse_tc_logs`` behind a training. Whatever becomes of Node, standard input is passed on to its end."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from types import FrameType

from ._node import NodeNotFoundError, command, reason

CHUNK = 1 << 16
#: Not everything was delivered.
UNDELIVERED = 3
STOPS = [signal.SIGINT, signal.SIGTERM]


def is_pipe(arguments: list[str]) -> bool:
    """Whether the program will pass standard input on; the same rule as in ``src/live/main.ts``."""
    if any(re.fullmatch("--h(e|el|elp)?|-v*h|--version|-V", argument) for argument in arguments) or _is_a("directory"):
        return False
    if any(re.match("--f(ro?)?$|--from|-v*s", argument) for argument in arguments):
        return True
    return not any(re.match("--i|-v*i", argument) for argument in arguments) and _is_a("pipe")


def run_pipe(binary: str, arguments: list[str]) -> int:
    """Runs the program and returns the exit code. What it leaves of standard input, this process passes on."""
    came: list[int] = []
    child: subprocess.Popen[bytes] | None = None

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if child is not None:
            child.send_signal(number)

    for name in STOPS:
        signal.signal(name, stop)
    if sys.platform != "win32":
        # A handler, not SIG_IGN, which the child would inherit.
        signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        child = subprocess.Popen(command(binary, *arguments))
        for number in came:
            child.send_signal(number)
        code = child.wait()
        why = f"Node was ended by signal {-code}" if code < 0 else f"Node ended early with code {code}"
    except (NodeNotFoundError, OSError) as error:
        code, why = None, reason(error)

    left = _pass_on(why)
    if code is not None and code >= 0 and not left:
        return code
    if came:
        return 128 + came[0]
    # An error of the publication must not look like one of the training.
    return 0 if os.environ.get("MOZ_AUTOMATION") else UNDELIVERED


def _pass_on(why: str) -> bool:
    """Passes standard input on to its end, and says why. Returns whether anything was left of it."""
    left = False
    writable = True
    # Node left them otherwise, for all who share them.
    for descriptor in (0, 1):
        _wait_for(descriptor)
    while True:
        try:
            chunk = os.read(0, CHUNK)
        except OSError:
            chunk = b""
        if not chunk:
            return left
        if not left:
            left = True
            sys.stderr.write(f"parse_tc_logs: {why}; standard input is passed on, and no more of it is read\n")
        while chunk and writable:
            try:
                chunk = chunk[os.write(1, chunk) :]
            except OSError:
                # Nobody reads any more: the training must not notice.
                writable = False


def _wait_for(descriptor: int) -> None:
    """Makes calls on a descriptor wait again."""
    if sys.platform != "win32":
        try:
            os.set_blocking(descriptor, True)
        except OSError:
            pass


def _is_a(kind: str) -> bool:
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) if kind == "directory" else stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
