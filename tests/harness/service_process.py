"""One service of Tertulia as a real process, which a test kills, pauses and watches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from tests.harness.forked import ForkedService
from tests.servers.slow_network_link import FarLink

Service = Literal["gateway", "stt", "llm", "tts"]

STOP_S = 30.0
CHILDREN_END_S = 5.0
"""A child of a killed process ends when it finds its input closed, which takes a moment on a busy machine."""
POLL_S = 0.02
TAIL_LINES = 15
USER_AND_SYSTEM = slice(11, 13)
"""The two times among the fields of /proc/<pid>/stat (proc(5)), counted after the name of the program."""


class StackFailed(AssertionError):
    """A process failed; the message has the ends of the logs."""


class Process:
    """One service process; its log is a file.

    `stopping`: the test sent SIGTERM or SIGKILL. `killed`: the test sent SIGKILL, so the exit code means nothing.
    `may_fail`: the process is expected to end by itself. `began`: its start (monotonic seconds).
    """

    def __init__(
        self, service: Service, name: str, log: Path, env: Mapping[str, str],
        *, port: int, metrics_port: int, link: FarLink | None = None,
    ) -> None:  # fmt: skip
        self.service: Service = service
        self.name = name
        self.log = log
        self.port = port
        self.metrics_port = metrics_port
        self.stopping = False
        self.killed = False
        self.may_fail = False
        self.began = time.monotonic()
        module = f"tertulia_{service}.main"
        if link is None:
            self._process = ForkedService(module, log, env)
            return
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                link.command([sys.executable, "-m", module]),
                env=env, cwd=log.parent, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def cpu_s(self) -> float:
        """The processor time that the process has used, in seconds: independent of the load, unlike clock time."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[USER_AND_SYSTEM])) / os.sysconf("SC_CLK_TCK")

    def send(self, number: signal.Signals) -> None:
        """Send a signal; after SIGKILL, wait for the end."""
        self.stopping = self.stopping or number in (signal.SIGTERM, signal.SIGKILL)
        self._process.send_signal(number)
        if number is signal.SIGKILL:
            self.killed = True
            self._process.wait(STOP_S)

    def wait(self) -> int:
        """Wait for the end; returns the exit code.

        Raises:
            StackFailed: the process does not end in time.
        """
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise StackFailed(f"{self.name} does not end\n{self.tail()}") from None

    def answers(self, path: str) -> bool:
        """True if this gateway answers a request for a path with 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def left_behind(self) -> bool:
        """Kill the child processes that outlived the process by `CHILDREN_END_S`; True if there were any."""
        deadline = time.monotonic() + CHILDREN_END_S
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.killpg(self.pid, 0)
                time.sleep(POLL_S)
            os.killpg(self.pid, signal.SIGKILL)
            return True
        return False

    def tail(self, behind: int = 0) -> str:
        """The last lines of its log, without the first `behind` bytes."""
        lines = self.log.read_bytes()[behind:].decode(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"-- {self.name}:", *lines])
