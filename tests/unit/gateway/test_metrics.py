"""Turn latencies and interruptions: recorded once per turn, and not for replayed events."""

from __future__ import annotations

import pytest

from tertulia_gateway.conversation.metrics import ConversationMetrics
from tertulia_shared.metrics import Metrics
from tests.harness.scrape import Scrape, scraped

OPENED_MS = 1_000_000


class Scene:
    def __init__(self) -> None:
        self.now_ms = OPENED_MS
        self.metrics = Metrics()
        self.measured = ConversationMetrics(self.metrics, lambda: self.now_ms)

    def accepted(self, at_ms: int, source: str = "typed") -> None:
        self.measured.event_sent(b"turn_accepted", {b"ts": str(at_ms).encode(), b"source": source.encode()})

    def event(self, kind: bytes, at_ms: int, **fields: bytes) -> None:
        self.measured.event_sent(
            kind, {b"ts": str(at_ms).encode(), **{name.encode(): raw for name, raw in fields.items()}}
        )

    def audio(self, at_ms: int, asked_ms: int = OPENED_MS) -> None:
        self.measured.audio_sent({b"ts": str(at_ms).encode()}, asked_ms=asked_ms)

    @property
    def seen(self) -> Scrape:
        return scraped(self.metrics)


@pytest.fixture
def it() -> Scene:
    return Scene()


def test_turn_records_the_latency_of_its_first_text_and_first_audio(it: Scene) -> None:
    it.accepted(OPENED_MS + 100, "spoken")
    it.now_ms += 400
    it.measured.text_sent()
    it.now_ms += 200
    it.measured.text_sent()
    it.audio(OPENED_MS + 590)
    it.audio(OPENED_MS + 600)  # the second character's first text and audio
    assert it.seen.of("tertulia_turns_total", source="spoken") == 1
    for what, seconds in (("text", 0.3), ("sound", 0.5)):
        name = f"tertulia_turn_first_{what}_seconds"
        assert it.seen.of(f"{name}_count", source="spoken") == 1
        assert it.seen.of(f"{name}_sum", source="spoken") == pytest.approx(seconds)
    assert it.seen.of("tertulia_hop_seconds_count", hop="audio") == 2


def test_text_and_audio_without_a_turn_record_no_latency(it: Scene) -> None:
    it.measured.text_sent()
    it.audio(OPENED_MS)
    assert not it.seen.has("tertulia_turn_first_text_seconds_count")
    assert not it.seen.has("tertulia_turn_first_sound_seconds_count")


def test_replayed_events_are_not_counted(it: Scene) -> None:
    it.accepted(OPENED_MS - 5000)
    it.event(b"interrupted", OPENED_MS - 1, cause=b"turn")
    it.measured.text_sent()
    assert not it.seen.has("tertulia_turns_total")
    assert not it.seen.has("tertulia_interruptions_total")
    assert it.seen.of("tertulia_hop_seconds_count", hop="events") == 0


@pytest.mark.parametrize("cause", ["turn", "request"])
def test_interruption_is_counted_and_ends_the_latency_measurement(it: Scene, cause: str) -> None:
    it.accepted(OPENED_MS)
    it.event(b"interrupted", OPENED_MS, cause=cause.encode())
    it.measured.text_sent()
    it.audio(OPENED_MS)
    assert it.seen.of("tertulia_interruptions_total", cause=cause) == 1
    assert it.seen.of("tertulia_turn_first_text_seconds_count", source="typed") == 0


def test_latency_of_audio_written_earlier_is_measured_from_the_read(it: Scene) -> None:
    it.now_ms += 9000
    it.audio(OPENED_MS, asked_ms=it.now_ms - 2)
    assert it.seen.of("tertulia_hop_seconds_sum", hop="audio") == pytest.approx(0.002)
