from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tertulia_llm.model.event_frame import EventFrame
from tertulia_llm.model.sse import StreamParser


def event(delta: dict[str, Any], **fields: Any) -> bytes:
    return f"data: {json.dumps({**fields, 'choices': [{'index': 0, 'delta': delta}]}, ensure_ascii=False)}".encode()


def known_frame() -> EventFrame:
    frame = EventFrame()
    frame.learn(event({"content": "Hi"}), "Hi")
    return frame


def test_an_event_with_the_same_frame_is_read_without_json() -> None:
    assert known_frame().text_of(event({"content": " Zoë, you"})) == " Zoë, you"


@pytest.mark.parametrize(
    "line",
    [
        event({"content": ""}),
        event({"content": 'a "quote"'}),
        event({"content": "two\nlines"}),
        event({"content": "a", "role": "assistant"}),
        event({"content": "a"}, id="2"),
        event({"reasoning_content": "a"}),
        event({"content": "Hi"}).replace(b"Hi", b"\xff"),
        event({"content": "Hi"}).replace(b"Hi", b"\x01"),
        event({"content": "Hi"})[:-1],
        event({"content": "Hi"})[:20],
    ],
)
def test_every_other_event_is_read_as_json(line: bytes) -> None:
    assert known_frame().text_of(line) is None


def test_the_frame_is_not_known_if_two_fields_have_its_name() -> None:
    frame = EventFrame()
    frame.learn(event({"content": "Hi"}, content="Hi"), "Hi")
    assert frame.text_of(event({"content": "Ho"}, content="Hi")) is None


def test_text_with_an_escape_does_not_change_the_frame() -> None:
    frame = known_frame()
    for _ in range(9):
        line = event({"content": "\n"})
        assert frame.text_of(line) is None
        frame.learn(line, "\n")
    assert frame.text_of(event({"content": "Ho"})) == "Ho"


def test_no_frame_is_learned_from_events_that_all_differ() -> None:
    frame = EventFrame()
    for number in range(9):
        frame.learn(event({"content": "Hi"}, id=number), "Hi")
    assert frame.text_of(event({"content": "Ho"}, id=8)) is None


def test_a_frame_that_was_used_is_replaced_by_the_next_one() -> None:
    frame = EventFrame()
    for number in range(9):
        frame.learn(event({"content": "Hi"}, id=number), "Hi")
        assert frame.text_of(event({"content": "Ho"}, id=number)) == "Ho"


def test_a_mixed_stream_has_the_text_of_its_events() -> None:
    rng = random.Random(5)
    pieces = ["a", " b", "ü", "😀", '"', "\\", "\n", '","x":"', "content", '"content":"c"', "}", ""]
    for _ in range(300):
        texts = [rng.choice(pieces) + rng.choice(pieces) for _ in range(12)]
        fields = [{}, {"id": "1"}, {"id": rng.random()}]
        body = b"".join(event({"content": text}, **rng.choice(fields)) + b"\n\n" for text in texts)
        size = rng.randint(1, len(body))
        parser = StreamParser()
        deltas = [d for i in range(0, len(body), size) for d in parser.feed(body[i : i + size])] + parser.finish()
        assert "".join(delta.text for delta in deltas) == "".join(texts)
