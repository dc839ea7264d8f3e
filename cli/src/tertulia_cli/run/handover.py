"""Replaces the process that made the plan by a program that supervises.

The settings' library (pydantic) and all that checks and downloads take 20 MB. A program that keeps running until Ctrl-C
needs none of it. The process keeps its id, its terminal, and the lock of the data folder.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import tempfile
from collections.abc import Sequence
from typing import Final, NoReturn, cast

from tertulia_cli.run.system_plan import SystemPlan

PROGRAM: Final = "tertulia_cli.run.supervise"
STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that stop everything. They wait while Python starts, so that Ctrl-C prints no traceback."""


def hand_over(plan: SystemPlan, keep_fds: Sequence[int]) -> NoReturn:
    """Continue as the program that supervises, which inherits the `keep_fds`."""
    with tempfile.TemporaryFile() as file:  # it has no name: the plan may contain passwords
        pickle.dump(plan, file)
        file.seek(0)
        for number in (file.fileno(), *keep_fds):
            os.set_inheritable(number, True)  # noqa: FBT003 - the parameter has no name
        sys.stdout.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            os.execv(sys.executable, [sys.executable, "-m", PROGRAM, str(file.fileno())])  # noqa: S606 - our own module
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def take_over(number: int) -> SystemPlan:
    """The plan in the file that the process before left open."""
    with os.fdopen(number, "rb") as file:
        plan = cast("SystemPlan", pickle.load(file))  # noqa: S301 - our own process wrote it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    return plan
