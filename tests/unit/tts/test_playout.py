from __future__ import annotations

import pytest

from tertulia_tts.engine import BYTES_PER_SAMPLE, SAMPLE_RATE
from tertulia_tts.playout import Playout

SECOND = SAMPLE_RATE * BYTES_PER_SAMPLE


def test_listener_without_audio_has_none_left_now() -> None:
    assert Playout().ends(5) == 5


def test_audio_is_played_from_its_first_chunk_on() -> None:
    playout = Playout()
    playout.published(2 * SECOND, now=5)
    playout.published(SECOND, now=5.5)
    assert playout.ends(6) == pytest.approx(8)


def test_playout_continues_now_after_a_gap() -> None:
    playout = Playout()
    playout.published(SECOND, now=5)
    playout.published(SECOND, now=20)
    assert playout.ends(20) == pytest.approx(21)
