"""`tertulia doctor` reports the problems that the running gateway reports, or those that it finds itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tertulia_cli.doctor.findings import Finding
from tertulia_cli.doctor.problem_findings import found_here, read_problems
from tertulia_cli.settings import RunSettings
from tertulia_shared.problems import LEAST_STORE_BYTES
from tests.harness.settings_of import settings_of

FULL = {"code": "redis_nearly_full", "blocks": False, "text": "Redis uses 700 of 768 MB", "advice": "more memory"}
AWAY = {"code": "stage_away", "blocks": True, "text": "no tts worker is running", "advice": "start it"}


def test_each_problem_of_the_gateway_is_a_finding_and_what_blocks_is_needed() -> None:
    answer = {"ready": False, "missing": ["tts"], "problems": [AWAY, FULL]}
    assert read_problems(json.dumps(answer).encode()) == [
        Finding(ok=False, what="no tts worker is running", advice="start it", needed=True),
        Finding(ok=False, what="Redis uses 700 of 768 MB", advice="more memory", needed=False),
    ]


@pytest.mark.parametrize("answer", [{"ready": True, "missing": []}, [], "?", {"problems": 7}, {"problems": [1]}])
def test_answer_of_an_older_release_or_another_program_has_no_findings(answer: Any) -> None:
    assert read_problems(json.dumps(answer).encode()) == []
    assert read_problems(b"<html>") == []


async def test_installation_that_does_not_run_is_checked_for_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    settings = settings_of(RunSettings, data_dir=tmp_path / "new", redis_url=redis_url)
    assert await found_here(settings) == []
    full = shutil.disk_usage(tmp_path)._replace(free=LEAST_STORE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", {tmp_path: full}.get)
    (found,) = await found_here(settings)
    assert "the disk of the store" in found.what
    assert not found.needed
