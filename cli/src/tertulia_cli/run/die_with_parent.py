"""Becomes a command that does not outlive the process that started it.

Usage: `python die_with_parent.py PARENT_PID COMMAND…`. On Linux the kernel sends SIGTERM to a process whose parent has
died if it has asked for that (`prctl(PR_SET_PDEATHSIG)`, prctl(2)); the wish survives `execve`. It is made here, in the
new process just before it becomes the command, and not between fork and exec of a parent that may have threads, where
Python code is not safe. Elsewhere nothing like it exists: there `kill -9` of `tertulia run` leaves its services, and
the next start says so.

Run by path, with no import beyond the standard library: it costs a few milliseconds a service.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind, then become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(0)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
