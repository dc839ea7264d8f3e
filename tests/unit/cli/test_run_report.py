"""The output of `tertulia run`."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tertulia_cli.run.report import Report


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")], ids=["IPv4", "IPv6"]
)  # fmt: skip
def test_run_prints_all_metrics_addresses_in_one_line(host: str, shown: str) -> None:
    out = io.StringIO()
    Report(Console(file=out, width=60, soft_wrap=True)).metrics(host, {"gateway": 9100, "stt": 9101, "tts-2": 9102})
    assert out.getvalue() == f"  Metrics: http://{shown}:9100/metrics (gateway), :9101 (stt), :9102 (tts-2)\n"
