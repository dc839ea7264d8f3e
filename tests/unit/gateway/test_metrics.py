"""Latencies and interruptions are recorded once per turn, and not for replayed events."""

from __future__ import annotations

import pytest

from tertulia_gateway.conversation.metrics import ConversationMetrics
from tertulia_shared.metrics import Metrics
from tests.harness.scrape import Scrape, scraped

OPENED_MS = 1_000_000


class MeasuredConversation:
    """The metrics of one conversation, on a clock that the test moves."""

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
        self.measured.audio_sent("m", {b"ts": str(at_ms).encode()}, asked_ms=asked_ms)

    @property
    def seen(self) -> Scrape:
        return scraped(self.metrics)


@pytest.fixture
def conversation() -> MeasuredConversation:
    return MeasuredConversation()


def test_turn_records_the_latency_of_its_first_text_and_first_audio(conversation: MeasuredConversation) -> None:
    conversation.accepted(OPENED_MS + 100, "spoken")
    conversation.now_ms += 400
    conversation.measured.text_sent()
    conversation.now_ms += 200
    conversation.measured.text_sent()
    conversation.audio(OPENED_MS + 590)
    conversation.audio(OPENED_MS + 600)  # the second character's first text and audio
    assert conversation.seen.of("tertulia_turns_total", source="spoken") == 1
    for what, seconds in (("text", 0.3), ("sound", 0.5)):
        name = f"tertulia_turn_first_{what}_seconds"
        assert conversation.seen.of(f"{name}_count", source="spoken") == 1
        assert conversation.seen.of(f"{name}_sum", source="spoken") == pytest.approx(seconds)
    assert conversation.seen.of("tertulia_hop_seconds_count", hop="audio") == 2


def test_text_and_audio_before_the_first_turn_record_no_latency(conversation: MeasuredConversation) -> None:
    conversation.measured.text_sent()
    conversation.audio(OPENED_MS)
    assert not conversation.seen.has("tertulia_turn_first_text_seconds_count")
    assert not conversation.seen.has("tertulia_turn_first_sound_seconds_count")


def test_replayed_events_are_not_counted(conversation: MeasuredConversation) -> None:
    conversation.accepted(OPENED_MS - 5000)
    conversation.event(b"interrupted", OPENED_MS - 1, cause=b"turn")
    conversation.measured.text_sent()
    assert not conversation.seen.has("tertulia_turns_total")
    assert not conversation.seen.has("tertulia_interruptions_total")
    assert conversation.seen.of("tertulia_hop_seconds_count", hop="events") == 0


@pytest.mark.parametrize("cause", ["turn", "request"])
def test_interruption_is_counted_and_ends_the_latency_measurement_of_its_turn(
    conversation: MeasuredConversation, cause: str
) -> None:
    conversation.accepted(OPENED_MS)
    conversation.event(b"interrupted", OPENED_MS, cause=cause.encode())
    conversation.measured.text_sent()
    conversation.audio(OPENED_MS)
    assert conversation.seen.of("tertulia_interruptions_total", cause=cause) == 1
    assert conversation.seen.of("tertulia_turn_first_text_seconds_count", source="typed") == 0


def test_latency_of_audio_written_before_the_read_began_is_measured_from_the_read(
    conversation: MeasuredConversation,
) -> None:
    conversation.now_ms += 9000
    conversation.audio(OPENED_MS, asked_ms=conversation.now_ms - 2)
    assert conversation.seen.of("tertulia_hop_seconds_sum", hop="audio") == pytest.approx(0.002)


def test_confirmed_turn_is_measured_from_its_confirmation(conversation: MeasuredConversation) -> None:
    conversation.now_ms += 1000
    confirmed = str(conversation.now_ms).encode()
    conversation.event(b"turn_accepted", OPENED_MS + 100, source=b"spoken", confirmed_ms=confirmed)
    conversation.event(b"turn_started", OPENED_MS + 105)
    conversation.measured.text_sent()
    conversation.now_ms += 20
    conversation.audio(OPENED_MS + 500)
    assert conversation.seen.of("tertulia_turn_first_text_seconds_sum", source="spoken") == 0
    assert conversation.seen.of("tertulia_turn_first_sound_seconds_sum", source="spoken") == pytest.approx(0.02)
    assert conversation.seen.of("tertulia_hop_seconds_sum", hop="events") == 0


def test_reopened_turn_is_counted_once_and_measured_again(conversation: MeasuredConversation) -> None:
    for at_ms in (OPENED_MS, OPENED_MS + 2000):
        conversation.event(b"turn_accepted", at_ms, source=b"spoken", turn_id=b"t")
        if at_ms == OPENED_MS:
            conversation.event(b"turn_reopened", at_ms + 300, turn_id=b"t")
            conversation.measured.text_sent()
    conversation.now_ms += 2400
    conversation.measured.text_sent()
    assert conversation.seen.of("tertulia_turns_total", source="spoken") == 1
    assert conversation.seen.of("tertulia_turn_first_text_seconds_count", source="spoken") == 1
    assert conversation.seen.of("tertulia_turn_first_text_seconds_sum", source="spoken") == pytest.approx(0.4)


def test_gaps_that_the_client_reports_are_counted_once(conversation: MeasuredConversation) -> None:
    conversation.accepted(OPENED_MS)
    conversation.audio(OPENED_MS)
    for gaps, gap_ms in ((0, 0), (1, 300), (1, 300), (3, 1500), (2, 900)):
        conversation.measured.gaps_reported("m", gaps, gap_ms)
    conversation.measured.gaps_reported("never sent", 900, 900_000)
    assert conversation.seen.of("tertulia_client_gaps_total") == 3
    assert conversation.seen.of("tertulia_client_gap_seconds_total") == pytest.approx(1.5)


def test_message_that_ends_without_sound_is_counted(conversation: MeasuredConversation) -> None:
    conversation.accepted(OPENED_MS)
    conversation.audio(OPENED_MS)
    conversation.measured.audio_complete("m")
    assert not conversation.seen.has("tertulia_replies_without_sound_total")
    conversation.measured.audio_complete("silent")
    assert conversation.seen.of("tertulia_replies_without_sound_total", cause="silent") == 1


@pytest.mark.parametrize(("waited_ms", "counted"), [(9_000, False), (11_000, True)])
@pytest.mark.parametrize("end", ["interrupted", "the next turn"])
def test_turn_that_ends_after_a_long_wait_without_sound_is_counted(
    conversation: MeasuredConversation, waited_ms: int, *, counted: bool, end: str
) -> None:
    conversation.accepted(OPENED_MS)
    conversation.now_ms += waited_ms
    if end == "interrupted":
        conversation.event(b"interrupted", conversation.now_ms, cause=b"request")
    else:
        conversation.accepted(conversation.now_ms)
    assert conversation.seen.has("tertulia_replies_without_sound_total") is counted


def test_turn_that_failed_with_an_error_was_not_waited_for(conversation: MeasuredConversation) -> None:
    conversation.accepted(OPENED_MS)
    conversation.event(b"error", OPENED_MS)
    conversation.now_ms += 60_000
    conversation.accepted(conversation.now_ms)
    assert not conversation.seen.has("tertulia_replies_without_sound_total")
