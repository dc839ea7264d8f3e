"""The measured speed of speech engines."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tertulia_shared.engine_speed import (
    FILE,
    MAX_AGE_IF_BUSY_S,
    MAX_AGE_S,
    MAX_REAL_TIME_FACTOR,
    Measured,
    Speeds,
    is_fast_enough,
    speed_text,
)


def test_kept_result_is_read_again(tmp_path: Path) -> None:
    Speeds(tmp_path, "laptop").keep("kokoro", Measured(0.41234, time.time()))
    Speeds(tmp_path, "laptop").keep("other", Measured(3, time.time()))
    assert Speeds(tmp_path, "laptop").of("kokoro") == pytest.approx(0.412)
    assert Speeds(tmp_path, "laptop").of("espeak") is None


def test_result_of_another_machine_does_not_count(tmp_path: Path) -> None:
    Speeds(tmp_path, "laptop").keep("kokoro", Measured(0.4, time.time()))
    assert Speeds(tmp_path, "server").of("kokoro") is None


@pytest.mark.parametrize(("busy", "max_age_s"), [(False, MAX_AGE_S), (True, MAX_AGE_IF_BUSY_S)])
def test_old_result_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, max_age_s: float, *, busy: bool
) -> None:
    speeds = Speeds(tmp_path)
    speeds.keep("kokoro", Measured(0.9, time.time(), busy=busy))
    assert speeds.of("kokoro") is not None
    later = time.time() + max_age_s + 2
    monkeypatch.setattr(time, "time", lambda: later)
    assert speeds.of("kokoro") is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"kokoro": 4}', '{"kokoro": {"factor": "0.4", "at": 1}}'])
def test_file_that_cannot_be_read_counts_as_no_result(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    speeds = Speeds(tmp_path)
    assert speeds.of("kokoro") is None
    speeds.keep("kokoro", Measured(0.4, time.time()))
    assert speeds.of("kokoro") == pytest.approx(0.4)


def test_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    speeds = Speeds(tmp_path / "missing")
    speeds.keep("kokoro", Measured(0.4, time.time()))
    assert speeds.of("kokoro") is None


def test_engine_without_sound_is_measured_again(tmp_path: Path) -> None:
    Speeds(tmp_path).keep("kokoro", Measured(float("inf"), time.time()))
    assert Speeds(tmp_path).of("kokoro") is None
    assert speed_text(float("inf")) == "it made no sound"


def test_only_a_factor_below_the_limit_is_fast_enough() -> None:
    assert is_fast_enough(MAX_REAL_TIME_FACTOR - 0.01)
    assert not is_fast_enough(MAX_REAL_TIME_FACTOR)
