"""A short run of `make fuzz`: every kind of input, with a fixed seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import fuzz
from tests.fuzz.report import Run

INPUTS = 5_000
KIND_S = 1.5
SEED = 20261126


@pytest.mark.timeout(180)  # the run starts all services, which takes 20 s on an idle machine
def test_short_fuzzing_run_with_a_fixed_seed_finds_no_failure(tmp_path: Path) -> None:
    run = Run(SEED)
    fuzz(run, INPUTS, tmp_path, kind_s=KIND_S)
    assert run.inputs >= INPUTS
    assert not [report.kind for report in run.reports if report.failures], run.table()
