"""A bounded part of `make fuzz`: every kind of input, with a seed of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import fuzz
from tests.fuzz.report import table

INPUTS = 5_000
SEED = 20261126


@pytest.mark.timeout(180)  # it starts all services, and takes 30 s on an idle machine
def test_random_inputs_do_no_harm(tmp_path: Path) -> None:
    reports = fuzz(INPUTS, SEED, tmp_path)
    assert sum(report.inputs for report in reports) >= INPUTS
    assert not [report.kind for report in reports if report.failures], table(reports, SEED)
