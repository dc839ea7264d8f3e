"""The time of each step of a turn, and when a turn counts as settled."""

from __future__ import annotations

from tertulia_gateway.conversation.turn_timeline import TurnTimeline
from tertulia_shared.codec import Fields, pack


def event(ts: int, **fields: str) -> Fields:
    return {b"ts": str(ts).encode(), **{name.encode(): value.encode() for name, value in fields.items()}}


def spoken_turn(timeline: TurnTimeline) -> None:
    timeline.see(b"vad_stop", event(900))
    timeline.see(b"transcription_finished", event(995, turn_id="t"))
    timeline.see(b"turn_accepted", event(1000, turn_id="t", source="spoken"))
    timeline.see(b"turn_started", event(1003, turn_id="t"))
    timeline.see(b"message_started", event(1004, turn_id="t", message_id="m", character_id="c", character_name="Luna"))
    timeline.see(b"llm_chunk", event(1200, message_id="m"))
    timeline.see(b"llm_chunk", event(1300, message_id="m"))
    timeline.note_audio("m", 1500, 1501)
    timeline.note_audio("m", 1600, 1601)
    timeline.see(b"message_complete", {**event(1700, message_id="m"), b"usage": pack({"completion_tokens": 60})})


def test_spoken_turn_has_the_time_of_each_step_and_is_settled_after_its_audio() -> None:
    timeline = TurnTimeline()
    spoken_turn(timeline)
    assert not timeline.settled
    timeline.see(b"turn_complete", event(1701, turn_id="t"))
    assert not timeline.settled
    timeline.note_audio_complete("m", 1900)
    timeline.note_sentence("m", 1400)
    assert timeline.settled
    assert timeline.metrics() == {
        "source": "spoken", "accepted_at": 1000, "speech_end": -100, "transcript": -5, "ahead_ms": 0,
        "turn_started": 3, "turn_complete": 701, "usage": {"completion_tokens": 60},
        "messages": [
            {
                "message_id": "m", "character_id": "c", "character_name": "Luna", "message_started": 4,
                "first_chunk": 200, "first_sentence": 400, "first_audio": 500, "first_frame": 501,
                "text_complete": 700, "audio_complete": 900, "usage": {"completion_tokens": 60},
            }
        ],
    }  # fmt: skip


def replied_turn(timeline: TurnTimeline) -> None:
    timeline.see(b"turn_accepted", event(1000, turn_id="t", source="typed"))
    timeline.see(b"message_started", event(1004, turn_id="t", message_id="m"))
    timeline.see(b"llm_chunk", event(1200, message_id="m"))
    assert timeline.without_sentence == ("m",)


def test_first_sentence_is_complete_with_the_first_event_that_has_sentence_ends() -> None:
    timeline = TurnTimeline()
    assert timeline.without_sentence == ()
    replied_turn(timeline)
    timeline.see(b"llm_chunk", {**event(1300, message_id="m"), b"sentence_ends": pack([12])})
    timeline.see(b"llm_chunk", {**event(1400, message_id="m"), b"sentence_ends": pack([24])})
    timeline.see(b"message_complete", {**event(1500, message_id="m"), b"sentence_ends": pack([12, 24])})
    assert timeline.without_sentence == ()
    assert timeline.metrics()["messages"][0]["first_sentence"] == 300


def test_only_sentence_of_a_message_is_complete_with_the_message() -> None:
    timeline = TurnTimeline()
    replied_turn(timeline)
    timeline.see(b"message_complete", {**event(1500, message_id="m"), b"sentence_ends": pack([12])})
    assert timeline.without_sentence == ()
    assert timeline.metrics()["messages"][0]["first_sentence"] == 500


def test_first_sentence_of_a_message_without_sentence_ends_is_unknown_until_it_is_noted() -> None:
    timeline = TurnTimeline()
    replied_turn(timeline)
    timeline.see(b"message_complete", event(1500, message_id="m"))
    assert timeline.without_sentence == ("m",)
    timeline.note_sentence("m", 1300)
    assert timeline.without_sentence == ()
    assert timeline.metrics()["messages"][0]["first_sentence"] == 300


def test_transcript_event_that_comes_after_turn_accepted_is_recorded() -> None:
    timeline = TurnTimeline()
    timeline.see(b"turn_accepted", event(1000, turn_id="t", source="spoken"))
    timeline.see(b"transcription_finished", event(1001, turn_id="t"))
    assert timeline.metrics()["transcript"] == 1


def test_typed_turn_has_no_time_for_the_end_of_speech() -> None:
    timeline = TurnTimeline()
    timeline.see(b"vad_stop", event(900))
    timeline.see(b"turn_accepted", event(1000, turn_id="t", source="typed"))
    assert timeline.metrics()["speech_end"] is None


def test_interrupted_turn_is_never_settled() -> None:
    timeline = TurnTimeline()
    spoken_turn(timeline)
    timeline.see(b"interrupted", event(1800))
    timeline.see(b"turn_complete", event(1801, turn_id="t"))
    assert not timeline.settled
    assert timeline.turn_id == ""
    assert timeline.metrics() == {}


def test_reopened_turn_is_forgotten_and_its_next_version_has_its_own_times() -> None:
    timeline = TurnTimeline()
    spoken_turn(timeline)
    before = timeline.key
    timeline.see(b"turn_reopened", event(1800, turn_id="t", epoch="2"))
    assert (timeline.turn_id, timeline.message_ids, timeline.metrics()) == ("", (), {})
    timeline.see(b"turn_accepted", event(3000, turn_id="t", source="spoken", epoch="3"))
    assert timeline.metrics()["accepted_at"] == 3000
    assert timeline.key != before


def test_reopening_of_another_turn_changes_nothing() -> None:
    timeline = TurnTimeline()
    spoken_turn(timeline)
    timeline.see(b"turn_reopened", event(1800, turn_id="u"))
    assert timeline.turn_id == "t"


def test_confirmed_turn_has_the_time_between_its_acceptance_and_its_confirmation() -> None:
    timeline = TurnTimeline()
    timeline.see(b"turn_accepted", event(1000, turn_id="t", source="spoken", confirmed_ms="1400"))
    assert (timeline.metrics()["accepted_at"], timeline.metrics()["ahead_ms"]) == (1000, 400)


def test_token_usage_of_a_turn_is_the_sum_of_the_usage_of_its_replies() -> None:
    timeline = TurnTimeline()
    timeline.see(b"turn_accepted", event(1000, turn_id="t", source="typed"))
    for message_id, usage in (
        ("m", {"prompt_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 3, "cost": 0.25}),
        ("n", {"prompt_tokens": 20, "cost": 0.5, "unknown": 7}),
        ("o", ["no usage"]),
    ):
        timeline.see(b"message_started", event(1004, turn_id="t", message_id=message_id))
        timeline.see(b"message_complete", {**event(1700, message_id=message_id), b"usage": pack(usage)})
    assert timeline.usage == {"prompt_tokens": 30, "completion_tokens": 5, "reasoning_tokens": 3, "cost": 0.75}
    assert timeline.metrics()["usage"] == timeline.usage
