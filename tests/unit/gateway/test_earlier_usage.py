"""The token usage of earlier turns is summed without reading the store for each turn."""

from __future__ import annotations

from tertulia_gateway.conversation.earlier_usage import EarlierUsage
from tertulia_gateway.conversation.turn_timeline import TurnTimeline
from tertulia_shared.codec import Fields

FIRST, SECOND = {"prompt_tokens": 10, "cost": 0.5}, {"prompt_tokens": 3, "completion_tokens": 4}


def event(**fields: str) -> Fields:
    return {b"ts": b"1", **{name.encode(): value.encode() for name, value in fields.items()}}


def begin(timeline: TurnTimeline, turn_id: str) -> int:
    timeline.see(b"turn_accepted", event(turn_id=turn_id, source="typed"))
    return timeline.changes


def test_usage_before_the_first_turn_is_read_from_the_store() -> None:
    assert EarlierUsage().before("one", begin(TurnTimeline(), "one")) is None


def test_each_following_turn_adds_the_usage_of_the_turn_before_it() -> None:
    timeline, usage = TurnTimeline(), EarlierUsage()
    usage.note("one", begin(timeline, "one"), {}, dict(FIRST))
    changes = begin(timeline, "two")
    earlier = usage.before("two", changes)
    assert earlier is not None
    assert earlier == FIRST
    usage.note("two", changes, earlier, dict(SECOND))
    assert usage.before("three", begin(timeline, "three")) == {
        "prompt_tokens": 13,
        "completion_tokens": 4,
        "cost": 0.5,
    }


def test_usage_is_read_again_after_a_turn_that_was_not_reported() -> None:
    timeline, usage = TurnTimeline(), EarlierUsage()
    usage.note("one", begin(timeline, "one"), {}, dict(FIRST))
    begin(timeline, "not reported")
    assert usage.before("three", begin(timeline, "three")) is None


def test_usage_is_read_again_after_a_turn_that_was_interrupted_while_it_was_written() -> None:
    timeline, usage = TurnTimeline(), EarlierUsage()
    usage.note("one", begin(timeline, "one"), {}, dict(FIRST))
    timeline.see(b"interrupted", event())
    assert usage.before("two", begin(timeline, "two")) is None


def test_complete_turn_keeps_its_usage_when_its_sound_is_interrupted() -> None:
    timeline, usage = TurnTimeline(), EarlierUsage()
    changes = begin(timeline, "one")
    timeline.see(b"turn_complete", event(turn_id="one"))
    usage.note("one", changes, {}, dict(FIRST))
    timeline.see(b"interrupted", event())
    assert usage.before("two", begin(timeline, "two")) == FIRST


def test_usage_is_read_again_after_a_turn_was_reopened() -> None:
    timeline, usage = TurnTimeline(), EarlierUsage()
    usage.note("one", begin(timeline, "one"), {}, dict(FIRST))
    timeline.see(b"turn_reopened", event(turn_id="one"))
    assert usage.before("one", begin(timeline, "one")) is None
