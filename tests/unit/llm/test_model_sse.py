from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tertulia_llm.model.chunks import Delta
from tertulia_llm.model.sse import MAX_EVENT_LINES, MAX_LINE_BYTES, MAX_WORDS, StreamParser


def event(**fields: Any) -> bytes:
    return f"data: {json.dumps(fields)}\n\n".encode()


def token(text: str | None, finish: str | None = None) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": finish}])


def parsed(*pieces: bytes) -> list[Delta]:
    """All deltas of a stream, without the empty ones."""
    parser = StreamParser()
    deltas = [delta for piece in pieces for delta in parser.feed(piece)] + parser.finish()
    return [delta for delta in deltas if delta != Delta()]


def text_of(*pieces: bytes) -> str:
    return "".join(delta.text for delta in parsed(*pieces))


def test_tokens_that_are_read_together_become_one_delta() -> None:
    deltas = StreamParser().feed(token("Hel") + token("lo") + token("", "stop") + b"data: [DONE]\n\n")
    assert deltas == [Delta("Hello"), Delta(finish_reason="stop", is_whole=True), Delta(done=True, is_whole=True)]


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
    assert parsed(nothing + token("Hi")) == [Delta(text="Hi")]


def test_usage_and_errors_are_parsed() -> None:
    assert parsed(event(choices=[], usage={"total_tokens": 9})) == [Delta(usage={"total_tokens": 9})]
    assert parsed(token("Hi") + event(error={"code": 502})) == [Delta("Hi"), Delta(error={"code": 502}, is_whole=True)]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (event(error="overloaded"), {"message": "overloaded"}),
        (event(error="overloaded", code=503), {"message": "overloaded", "code": 503}),
        (event(error=True, message="overloaded"), {"error": True, "message": "overloaded"}),
        (
            event(object="error", message="no such model", code=404),
            {"object": "error", "message": "no such model", "code": 404},
        ),
        (b'event: error\ndata: {"message": "overloaded"}\n\n', {"message": "overloaded"}),
        (
            event(choices=[{"delta": {"content": ""}, "error": {"code": 502, "message": "gone"}}]),
            {"code": 502, "message": "gone"},
        ),
        (b"event: error\ndata: overloaded\n\n", {"message": "overloaded"}),
        (b"data: error: overloaded\n\n", {"message": "overloaded"}),
        (b'error: {"code": 503, "message": "busy"}\n\n', {"code": 503, "message": "busy"}),
        (b'[{"error": {"code": 400, "message": "bad"}}]', {"code": 400, "message": "bad"}),
        (b'{\n  "error": {\n    "code": 401,\n    "message": "no key"\n  }\n}\n', {"code": 401, "message": "no key"}),
    ],
)
def test_error_is_found_wherever_a_server_puts_it(data: bytes, error: Mapping[str, Any]) -> None:
    assert parsed(data)[-1].error == error
    assert parsed(*(bytes([byte]) for byte in data))[-1].error == error


def test_nul_characters_are_not_removed_by_the_parser() -> None:
    assert text_of(token("a\0b")) == "a\0b"


def test_result_does_not_depend_on_where_the_bytes_are_split() -> None:
    stream = b": hi\r\n\r\n" + token("Ünï") + token("cödé ✓").replace(b"\n\n", b"\r\n\r\n") + b"data:[DONE]\n\n"
    draw = random.Random(3)
    for _ in range(200):
        pieces, at = list[bytes](), 0
        while at < len(stream):
            size = draw.randrange(1, 9)
            pieces.append(stream[at : at + size])
            at += size
        deltas = parsed(*pieces)
        assert ("".join(delta.text for delta in deltas), deltas[-1].done) == ("Ünïcödé ✓", True)


def content(value: Any) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": value}}])


HI = json.dumps({"choices": [{"delta": {"content": "Hi"}}]})
WHOLE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}
SHAPES: Sequence[bytes] = (
    content([{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]),
    content([{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}, {"type": "text", "text": "Hi"}]),
    content({"type": "text", "text": "Hi"}),
    content({"type": "text", "text": {"value": "Hi"}}),
    content(["H", "i", {"type": "image_url"}, 7]),
    event(choices=[{"message": {"content": "Hi"}}]),
    event(choices=[{"delta": "Hi"}]),
    event(choices=[{"text": "Hi", "index": 0}]),
    event(choices=[{"delta": {"content": "Hi"}, "message": {"content": "Hi"}}]),
    event(choices=[{"delta": {"content": None, "refusal": "Hi"}}]),
    event(choices=[{"index": 1, "delta": {"content": "Hi"}}, {"index": 0, "delta": {"content": "No"}}]),
    event(choices=[{"index": 0, "delta": {"content": "Hi"}}, {"index": 1, "delta": {"content": "No"}}]),
    event(choices=[{"index": "0", "delta": {"content": "Hi"}}]),
    event(choices=["text", {"delta": {"content": "Hi"}}]),
    b"data:\n\n" + token("Hi") + b"data: \n\n",
    b"data: ping\n\n" + token("Hi") + b"data: null\n\ndata: 7\n\ndata: [1, 2]\n\n",
    b": comment\nevent: message\nid: 7\nretry: 10\n" + token("Hi"),
    b'event: ping\ndata: {"type": "ping"}\n\n' + token("Hi"),
    token("Hi").replace(b"\n", b"\r"),
    token("Hi").replace(b"\n", b"\r\n"),
    token("Hi").replace(b"data: ", b"data:"),
    token("Hi").replace(b"data: ", b" data: "),
    token("Hi").rstrip(),
    b"\xef\xbb\xbf" + token("Hi"),
    b'data: {\ndata: "choices": [\ndata: {"delta": {"content": "Hi"}}\ndata: ]}\n\n',
    f"data: {HI[:12]}\n: comment\ndata: {HI[12:]}\n\n".encode(),
    f"data: {HI}\ndata: [DONE]\n".encode(),
    HI.encode(),
    f"{HI}\n".encode() + b'{"choices": [], "usage": {}}\n[DONE]\n',
    f"[{HI}]".encode(),
    json.dumps(WHOLE).encode(),
    json.dumps(WHOLE, indent=2).encode(),
    json.dumps(WHOLE, indent=4).replace("\n", "\r\n").encode(),
    b"\n\n" + json.dumps(WHOLE, indent="\t").encode() + b"\n\n",
    b'{"message": {"role": "assistant", "content": "Hi"}, "done": true, "done_reason": "stop"}\n',
    f'data: {{"usage": {{"cost": NaN, "x": -Infinity}}, {HI[1:]}\n\n'.encode(),
    content("H") + content("i") + content("\ud83d"),
    *(
        token("H") + b"data: " + word + end + token("i") + b"data: " + word + b"\n\n"
        for word in (b"[PING]", b"[HEARTBEAT]", b"{ping}", b"[START]", b"{half")
        for end in (b"\n\n", b"\n")
    ),
    *(token("Hi") + b"data: " + done + b"\n\n" for done in (b"[done]", b"DONE", b'"[DONE]"')),
    f"data: {HI}{HI}\n\n".replace("Hi", "H", 1).replace("Hi", "i", 1).encode(),
    f"data: {HI}data: {HI}\n\n".replace("Hi", "H", 1).replace("Hi", "i", 1).encode(),
    f"data: data: {HI}\n\n".encode(),
    token("H") + b"\xef\xbb\xbf" + token("i"),
    b"data: \xef\xbb\xbf" + HI.encode() + b"\n\n",
    b"\x1e" + HI.encode() + b"\n\x1e" + json.dumps({"choices": []}).encode() + b"\n",
    token("Hi").replace(b"data: ", b"DATA: "),
    content([{"text": "x", "thought": True}, {"text": "Hi"}]),
    content([{"type": "reasoning_text", "text": "x"}, {"type": "text", "text": "Hi"}]),
    content([{"type": "text", "content": "Hi"}]),
    content([{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]),
    b'data: {"choices": [{"delta": {"content": "Hi\xc3"}}]}\n\n',
)


@pytest.mark.parametrize("stream", SHAPES)
def test_reply_is_read_in_any_known_format(stream: bytes) -> None:
    assert text_of(stream) == "Hi"
    assert text_of(*(bytes([byte]) for byte in stream)) == "Hi"
    assert all(text_of(stream[:at], stream[at:]) == "Hi" for at in range(len(stream)))


@pytest.mark.parametrize(
    "halves",
    [
        (b'"\\ud83d"', b'"\\ude00"'),
        (b'"\xf0\x9f"', b'"\x98\x80"'),
        (b'"\xf0"', b'"\x9f\x98\x80"'),
        (b'"\xf0\x9f\x98"', b'"\x80"'),
    ],
)
def test_character_that_is_split_between_two_events_is_joined(halves: Sequence[bytes]) -> None:
    chunks = [b'data: {"choices": [{"delta": {"content": %s}}]}\n\n' % half for half in halves]
    assert text_of(token("é"), *chunks, token("é")) == "é😀é"
    assert text_of(token("é") + b"".join(chunks) + token("é")) == "é😀é"


def test_half_of_a_character_without_its_other_half_is_dropped() -> None:
    for half, rest in (("\ud83d", ""), ("\ude00", ""), ("\ud83dx", "x"), ("x\ude00", "x")):
        assert text_of(token(half), token("é")) == f"{rest}é"
    assert text_of(b'data: {"choices": [{"delta": {"content": "\x9f\xff\xc3("}}]}\n\n', token("é")) == "(é"


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content", "thinking", "reasoning_details"])
def test_reasoning_in_a_field_is_counted_and_not_returned_as_text(name: str) -> None:
    assert parsed(event(choices=[{"delta": {"content": None, name: "Hmm."}}])) == [Delta(reasoning=4, is_whole=True)]
    details = parsed(event(choices=[{"delta": {name: [{"type": "reasoning.encrypted", "data": "x"}]}}]))
    assert details[0].reasoning > 0


def test_whole_message_after_deltas_is_not_read_again() -> None:
    last = event(choices=[{"message": {"content": "Hi"}, "finish_reason": "stop"}])
    assert text_of(token("H"), token("i"), last) == "Hi"


def test_tool_calls_refusals_and_finish_reasons_are_reported() -> None:
    (called,) = parsed(event(choices=[{"delta": {"tool_calls": [{"index": 0}]}}]))
    assert called.calls_tool
    (refused,) = parsed(event(choices=[{"delta": {"refusal": "No."}}]))
    assert (refused.text, refused.refused) == ("No.", True)
    (ended,) = parsed(event(choices=[{"delta": {}, "finish_reason": "stop", "native_finish_reason": "SAFETY"}]))
    assert (ended.finish_reason, ended.native_finish_reason) == ("stop", "SAFETY")


@pytest.mark.parametrize(
    "data",
    [
        b'data: {"choices": [half\n\n',
        b"data: {half",
        b'data: {"choices": [half\n' + token("Hi"),
        b'{\n"choices": [\n',
        b": " + b"x" * MAX_LINE_BYTES,
        b"data: [\n" * (MAX_EVENT_LINES + 1),
    ],
)
def test_event_that_never_becomes_complete_json_fails_the_stream(data: bytes) -> None:
    assert "The model server sent" in parsed(data)[-1].broken


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            b"<html><head><title>Sign in</title><style>a {}</style></head>\n<body><p>Please log in",
            "Sign in Please log in",
        ),
        (b"Service Unavailable", "Service Unavailable"),
        (b"data: no credit left\n\n", "no credit left"),
        (b'{"detail": "Not Found"}', '{"detail": "Not Found"}'),
        (b"x" * 5000, "x" * MAX_WORDS),
    ],
)
def test_text_of_a_server_that_sends_no_completion_is_kept_for_the_error(data: bytes, words: str) -> None:
    parser = StreamParser()
    for byte in data:
        parser.feed(bytes([byte]))
    parser.finish()
    assert parser.words == words


def test_chunks_in_any_known_format_are_parsed() -> None:
    shapes: list[Mapping[str, Any]] = [{"choices": [{"delta": {"content": str(n)}}]} for n in range(50)]
    assert text_of(b"".join(event(**shape) for shape in shapes)) == "".join(map(str, range(50)))
