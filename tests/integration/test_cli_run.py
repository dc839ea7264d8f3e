"""`tertulia run` with all its processes, from the command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.eventually import eventually
from tests.harness.scrape import scrape
from tests.servers.redis_server import free_port, free_ports

TERTULIA = [sys.executable, "-m", "tertulia_cli.main"]
STOP_S = 40.0
pytestmark = pytest.mark.timeout(240)


class Run:
    """A `tertulia run` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.metrics_port = free_ports(5)
        self.environment = (
            {name: value for name, value in os.environ.items() if not name.startswith(("TERTULIA_", "OPENROUTER_"))}
            | {"TERTULIA_DEMO_TOKENS_PER_SECOND": "0", "TERTULIA_PORT": str(self.port)}
            | {"TERTULIA_WHO_ANSWERS": "everyone"}
            | {"TERTULIA_METRICS_PORT": str(self.metrics_port)}
        )
        self._out = folder / "out.txt"
        self.process = self.start()

    def start(self, *before: str) -> subprocess.Popen[bytes]:
        """Start the run, or start it again. `before`: a command that starts it."""
        with self._out.open("wb") as out:
            return subprocess.Popen(
                [*before, *TERTULIA, "run", "--workers", "tts=2"],
                cwd=self.folder, env=self.environment, stdout=out, stderr=out,
            )  # fmt: skip

    @property
    def shown(self) -> str:
        return self._out.read_text()

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait until the output of the run matches this pattern."""

        def look() -> re.Match[str] | None:
            assert self.process.poll() is None, self.shown
            return re.search(pattern, self.shown)

        return await eventually(look, f"{pattern!r} from tertulia run")

    def tertulia(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another `tertulia` command in the same folder."""
        return subprocess.run(
            [*TERTULIA, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def services(self) -> list[str]:
        """The services that serve metrics, in the order of their ports."""
        found: list[str] = []
        for port in range(self.metrics_port, self.metrics_port + 5):
            (info,) = [dict(labels) for name, labels in scrape(port).values if name == "tertulia_build_info"]
            found.append(info["service"])
        return found

    def children(self) -> dict[int, str]:
        """The child processes of the run, each with its pid and command line."""
        found: dict[int, str] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid:
                    found[int(stat.parent.name)] = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found

    def child(self, word: str) -> int:
        """The first child process whose command line contains this word."""
        return next(pid for pid, command in sorted(self.children().items()) if word in command)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    running = Run(tmp_path)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait(STOP_S)


def lives(pid: int) -> bool:
    """True if the process runs. A zombie does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_run_starts_all_services_answers_a_message_and_stops(run: Run) -> None:
    await run.says(rf"Open http://127\.0\.0\.1:{run.port}")
    await run.says("All services are ready")
    for name in ("redis", "gateway", "stt", "llm", "tts", "tts-2"):
        assert re.search(rf"✓ {name}(?= |$)", run.shown, re.MULTILINE), run.shown
    await run.says("The demo answers")
    assert f"Metrics: http://127.0.0.1:{run.metrics_port}/metrics (gateway), " in run.shown
    assert run.services() == ["gateway", "stt", "llm", "tts", "tts"]
    assert len(run.children()) == 6

    said = run.tertulia("say", "Hello Luna", "--out", "reply.wav")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("Luna: ")
    assert (run.folder / "reply.wav").stat().st_size > 24_000

    seen = run.tertulia("inspect", "last")
    assert seen.returncode == 0, seen.stderr
    assert "“Hello Luna”" in seen.stdout
    assert "first sound" in seen.stdout
    assert "no work is waiting, none was given up" in seen.stdout

    second = run.tertulia("run")
    assert second.returncode == 1
    assert f"another `tertulia run` (process {run.process.pid})" in second.stderr

    doctor = run.tertulia("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "the gateway answers there" in doctor.stdout

    os.kill(run.child("tertulia_llm"), signal.SIGKILL)
    await run.says(r"llm was killed by SIGKILL; restarting now")
    await run.says(r"✓ llm +is back \(demo\)")
    assert run.services() == ["gateway", "stt", "llm", "tts", "tts"], "each where it was"
    assert run.tertulia("say", "Rex?").returncode == 0

    children = run.children()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(STOP_S) == 0, run.shown
    assert run.shown.endswith("stopped\n")
    assert not [command for pid, command in children.items() if lives(pid)]
    assert not (run.folder / "data" / "redis" / "url").exists()


async def test_run_that_is_killed_leaves_no_process_and_the_next_run_has_the_conversations(run: Run) -> None:
    await run.says("All services are ready")
    assert run.tertulia("say", "Hello Sage").returncode == 0
    children = run.children()
    run.process.kill()
    run.process.wait(STOP_S)
    if sys.platform == "linux":
        await eventually(lambda: not any(map(lives, children)), "the services' end")
    run.process = run.start()
    await run.says("All services are ready")
    assert "“Hello Sage”" in run.tertulia("inspect", "last").stdout
    run.process.terminate()
    assert run.process.wait(STOP_S) == 0


DEAF = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Start a command with SIGINT ignored, as a shell does with the background commands of a script."""


async def test_sigint_stops_a_run_that_a_script_has_started_in_the_background(run: Run) -> None:
    run.process.kill()
    run.process.wait(STOP_S)
    run.process = run.start(sys.executable, "-c", DEAF)
    await run.says("All services are ready")
    children = run.children()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(STOP_S) == 0, run.shown
    assert run.shown.endswith("stopped\n")
    assert not [command for pid, command in children.items() if lives(pid)]


async def test_sigint_during_the_start_of_a_run_stops_it(run: Run) -> None:
    run.process.kill()
    run.process.wait(STOP_S)
    run.process = run.start(sys.executable, "-c", DEAF)
    await run.says("Tertulia starts")
    run.process.send_signal(signal.SIGINT)
    # a shell shows both 130 and the end by the signal itself as 130
    assert run.process.wait(STOP_S) in {0, 130, -signal.SIGINT}, run.shown


async def test_run_prints_which_setting_of_a_service_is_wrong(run: Run) -> None:
    run.process.kill()
    run.process.wait(STOP_S)
    run.environment["TERTULIA_TTS_ENGINE"] = "no_such_engine"
    refused = run.tertulia("run")
    assert refused.returncode == 1
    assert "tts did not start:" in refused.stdout
    assert "no_such_engine" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
