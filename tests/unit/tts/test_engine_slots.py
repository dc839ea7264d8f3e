"""How many sentences an engine synthesizes at once, as the worker learns it."""

from __future__ import annotations

from pathlib import Path

from tertulia_tts.engine import slots_of
from tertulia_tts.engines.higgs.engine import HiggsEngine, HiggsOptions
from tertulia_tts.engines.instant.engine import InstantEngine


def test_engine_that_synthesizes_one_sentence_at_a_time_has_one_slot(tmp_path: Path) -> None:
    assert slots_of(HiggsEngine(HiggsOptions(tmp_path, tmp_path), lambda: None)) == 1  # pyright: ignore[reportArgumentType] - never loaded


def test_engine_without_a_bound_has_no_slots() -> None:
    assert slots_of(InstantEngine()) is None
