"""Executes a command that ends when its parent process dies.

Usage: `python die_with_parent.py PARENT_PID COMMAND…`. On Linux, `prctl(PR_SET_PDEATHSIG)` makes the kernel send
SIGTERM to a process when its parent dies; the setting survives `execve` (prctl(2)). This wrapper sets it in the new
process just before `exec`: a `preexec_fn` would run Python code between fork and exec, which is not safe in a parent
with threads. Other systems lack this: there the services survive a `kill -9` of `tertulia run`, and the next start
reports it.

It is run by path and imports only the standard library, so it costs a few milliseconds per service.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Set the death signal, then execute the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != int(parent):  # the parent died before the call
            sys.exit(0)
    os.execvp(command[0], command)  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    main()
