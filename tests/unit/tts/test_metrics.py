"""The metrics of synthesis: the latency and the speed of each sentence."""

from __future__ import annotations

import pytest

from tertulia_shared.metrics import Metrics
from tertulia_tts.metrics import BYTES_PER_SECOND, SpeechMetrics
from tests.harness.scrape import scraped


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_sentence_timer_records_the_latency_of_the_first_chunk_and_the_real_time_ratio() -> None:
    metrics, clock = Metrics(), Clock()
    timer = SpeechMetrics(metrics, "scripted", clock).begin()
    clock.now += 0.25
    timer.first_chunk()
    clock.now += 0.75
    timer.done(4 * BYTES_PER_SECOND)
    seen = scraped(metrics)
    assert seen.of("tertulia_tts_first_chunk_seconds_sum", engine="scripted") == pytest.approx(0.25)
    assert seen.of("tertulia_tts_real_time_ratio_sum", engine="scripted") == pytest.approx(0.25)
    assert seen.of("tertulia_tts_audio_seconds_total", engine="scripted") == pytest.approx(4)


def test_sentence_without_audio_records_no_real_time_ratio() -> None:
    metrics = Metrics()
    SpeechMetrics(metrics, "scripted").begin().done(0)
    assert scraped(metrics).of("tertulia_tts_real_time_ratio_count", engine="scripted") == 0
