from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from tertulia_llm.model.sse import MAX_LINE_BYTES, BrokenStream, Delta, StreamParser


def event(**fields: Any) -> bytes:
    return f"data: {json.dumps(fields)}\n\n".encode()


def token(text: str | None, finish: str | None = None) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": finish}])


def test_read_of_many_tokens_is_one_delta() -> None:
    delta = StreamParser().feed(token("Hel") + token("lo") + token("", "stop") + b"data: [DONE]\n\n")
    assert delta == Delta(text="Hello", done=True, finish_reason="stop")


@pytest.mark.parametrize(
    "nothing",
    [
        b": OPENROUTER PROCESSING\n\n",
        b"event: ping\nid: 3\nretry: 10\n\n",
        event(choices=[]),
        event(choices=None),
        event(choices=[{"delta": {"role": "assistant"}}]),
        event(choices=[{"delta": None}]),
        event(choices=[{}]),
        token(None),
    ],
)
def test_events_without_text_yield_no_text(nothing: bytes) -> None:
    assert StreamParser().feed(nothing + token("Hi")) == Delta(text="Hi")


def test_usage_and_errors_are_parsed() -> None:
    parser = StreamParser()
    assert parser.feed(event(choices=[], usage={"total_tokens": 9})).usage == {"total_tokens": 9}
    assert parser.feed(token("Hi") + event(error={"code": 502})) == Delta(text="Hi", error={"code": 502})
    assert parser.feed(event(error="overloaded")).error == {"message": "overloaded"}


def test_parser_leaves_nul_characters_to_the_cleaner() -> None:
    assert StreamParser().feed(token("a\0b")).text == "a\0b"


def test_result_does_not_depend_on_how_bytes_are_cut() -> None:
    stream = b": hi\r\n\r\n" + token("Ünï") + token("cödé ✓").replace(b"\n\n", b"\r\n\r\n") + b"data:[DONE]\n\n"
    draw = random.Random(3)
    for _ in range(200):
        parser, text, done, at = StreamParser(), "", False, 0
        while at < len(stream):
            size = draw.randrange(1, 9)
            delta = parser.feed(stream[at : at + size])
            text, done, at = text + delta.text, done or delta.done, at + size
        assert (text, done) == ("Ünïcödé ✓", True)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {half\n",
        b"data: [1, 2]\n",
        b"data: 7\n",
        event(choices=["text"]),
        event(choices=7),
        event(choices=[{"delta": {"content": ["parts"]}}]),
        event(choices=[{"delta": "text"}]),
        b": " + b"x" * MAX_LINE_BYTES,
    ],
)
def test_other_data_is_a_broken_stream(data: bytes) -> None:
    with pytest.raises(BrokenStream, match="model server sent"):
        StreamParser().feed(data)


def test_chunks_of_every_shape_are_parsed() -> None:
    shapes: list[Mapping[str, Any]] = [{"choices": [{"delta": {"content": str(n)}}]} for n in range(50)]
    parser = StreamParser()
    assert parser.feed(b"".join(event(**shape) for shape in shapes)).text == "".join(map(str, range(50)))
