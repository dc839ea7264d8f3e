"""Starts a service by forking a process that has imported all services: the start takes no time for imports.

Tests start hundreds of services, and the imports of one take up to a second of processor time. The imports are the
only difference: the service has a process, a session, an environment, a working folder and a log of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

_FORK_SERVER = multiprocessing.get_context("forkserver")
_FORK_SERVER.set_forkserver_preload(
    [__name__, *(f"tertulia_{service}.main" for service in ("gateway", "stt", "llm", "tts"))]
)


class ForkedService:
    """A running service, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, module: str, log: Path, env: Mapping[str, str]) -> None:
        """Start `main()` of a module in the folder of the log."""
        log.touch()
        self._process = _FORK_SERVER.Process(target=_run, args=(module, str(log), dict(env)))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code (negative: the signal that ended it); None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait for the end; returns the exit code.

        Raises:
            subprocess.TimeoutExpired: it does not end in time.
        """
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _run(module: str, log: str, env: Mapping[str, str]) -> None:
    """Become the service, as `python -m module` does."""
    os.setsid()
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)
    os.chdir(Path(log).parent)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [module]
    import_module(module).main()
