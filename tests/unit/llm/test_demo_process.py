"""The demo model as a process: it prints its URL, and stops on a signal."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

from tertulia_llm.demo.main import main

pytestmark = pytest.mark.slow


@contextmanager
def demo(*options: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "tertulia_llm.demo", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_prints_its_url_and_stops_on_a_signal(number: signal.Signals) -> None:
    with demo("--tokens-per-second", "0") as (process, line):
        found = re.fullmatch(r"demo model ready on (http://127\.0\.0\.1:\d+)/v1\n", line)
        assert found
        with urlopen(f"{found[1]}/healthz") as response:  # noqa: S310 - an address of our own
            assert response.status == 200
        process.send_signal(number)
        out, err = process.communicate()
        assert (process.returncode, out, err) == (0, "", "")


def test_process_stops_on_a_signal_while_it_sends_a_reply() -> None:
    with demo("--tokens-per-second", "0.001", "--first-token-ms", "0") as (process, line):
        body = b'{"model": "tertulia-demo", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'
        with urlopen(line.split()[-1] + "/chat/completions", data=body) as response:  # noqa: S310 - our own
            assert response.readline().startswith(b"data: ")
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_port_that_is_in_use_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with demo() as (_, line):
        port = line.rsplit(":", 1)[1].split("/")[0]
        assert main(["--port", port]) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


def test_process_reports_an_invalid_setting_and_exits(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--port", "70000"])
    assert caught.value.code == 2
    assert "port is 70000; it must be from 0" in capsys.readouterr().err
