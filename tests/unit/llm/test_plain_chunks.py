"""An event that has nothing but text is read the same with and without the checks for the variants of servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.model.chunks import ChunkReader, Delta

PLAIN = {"index": 0, "delta": {"content": "a"}, "logprobs": None, "finish_reason": None}
CHOICES = st.just(PLAIN) | st.fixed_dictionaries(
    {
        "delta": st.sampled_from(
            [{"content": "b"}, {"content": "c", "role": "assistant"}, {"content": ""}, "d", [], None]
        )
    },
    optional={
        "index": st.sampled_from([0, 0, 1, None]),
        "finish_reason": st.sampled_from([None, "", "stop"]),
        "done_reason": st.just("stop"),
        "error": st.sampled_from([None, "broken"]),
        "message": st.just({"content": "e"}),
        "logprobs": st.none(),
    },
)
EVENTS = st.just({"choices": [PLAIN]}) | st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(CHOICES, max_size=2) | st.sampled_from([None, "f", {"g": 1}]),
        "error": st.sampled_from([None, "", "broken", {"message": "broken"}]),
        "usage": st.sampled_from([None, {}, {"total_tokens": 1}]),
        "detail": st.just("a problem"),
    },
)


@given(st.lists(EVENTS, max_size=5))
def test_quick_reading_gives_what_reading_with_all_checks_gives(events: Sequence[dict[str, Any]]) -> None:
    checked, quick = ChunkReader(), ChunkReader()
    for event in events:
        delta, texts = Delta(), list[str]()
        checked.read(event, delta, texts)
        found, found_texts = Delta(), list[str]()
        text = quick.plain_text(event)
        if text is None:
            quick.read(event, found, found_texts)
        else:
            found_texts.append(text)
        assert (found, found_texts, quick.possible_error) == (delta, texts, checked.possible_error)


def test_most_events_are_read_quickly() -> None:
    reader = ChunkReader()
    assert reader.plain_text({"choices": [PLAIN]}) is None  # the first event decides which choice is read
    reader.read({"choices": [PLAIN]}, Delta(), [])
    assert reader.plain_text({"choices": [PLAIN]}) == "a"
