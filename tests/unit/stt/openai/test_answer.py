"""Answers of transcription servers, as they are sent."""

from __future__ import annotations

import json

import pytest

from tertulia_stt.engines.openai.answer import BadAnswer, EventReader, Transcript, read_json, read_text

OPENAI = (
    b'event: transcript.text.delta\r\ndata: {"type":"transcript.text.delta","delta":"Caf"}\r\n\r\n'
    + 'data: {"type":"transcript.text.delta","delta":"é noir."}\n\n'.encode()
    + 'data: {"type":"transcript.text.done","text":"Café noir.",'.encode()
    + b'"logprobs":[{"logprob":-0.2},{"logprob":-0.4}]}\n\n'
)
VLLM = (
    b'data: {"object":"transcription.chunk","choices":[{"delta":{"content":"Good"}}]}\n\n'
    b'data: {"object":"transcription.chunk","choices":[{"delta":{"content":" morning."},"finish_reason":"stop"}]}\n\n'
    b'data: {"object":"transcription.chunk","choices":[],"usage":{"total_tokens":9}}\n\ndata: [DONE]\n\n'
)
SPEACHES = (
    b'data: {"type":"transcript.text.delta","delta":" Good morning.","logprobs":null}\n\n'
    b'data: {"type":"transcript.text.done","text":"","logprobs":null}\n\n'
)


def test_verbose_json_has_the_mean_confidence_of_its_segments() -> None:
    body = {
        "text": " Tell me a story. Please.",
        "segments": [
            {"text": "a" * 30, "avg_logprob": -0.2, "no_speech_prob": 0.1},
            {"text": "b" * 10, "avg_logprob": -1.0, "no_speech_prob": 0.5},
        ],
    }
    transcript = read_json(json.dumps(body).encode())
    assert transcript.text == "Tell me a story. Please."
    assert transcript.confidence == pytest.approx(-0.4)
    assert transcript.no_speech == pytest.approx(0.2)


def test_probability_of_no_speech_is_unknown_if_the_server_does_not_report_it() -> None:
    body = b'{"text": "Yes.", "segments": [{"text": "Yes.", "avg_logprob": -0.3, "no_speech_prob": null}]}'
    assert read_json(body) == Transcript("Yes.", -0.3, None)


def test_json_with_logprobs_has_a_confidence() -> None:
    body = b'{"text": "Yes.", "logprobs": [{"token": "Yes", "logprob": -0.1}, {"token": ".", "logprob": -0.3}]}'
    assert read_json(body).confidence == pytest.approx(-0.2)


def test_plain_json_has_only_a_text() -> None:
    assert read_json(b'{"text": "Yes."}') == Transcript("Yes.")


def test_plain_text_may_be_json() -> None:
    assert read_text(b" Yes.\n") == Transcript("Yes.")
    assert read_text(b'{"text": "Yes."}') == Transcript("Yes.")


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        (b"", "an empty answer"),
        (b"[]", r"\[\]"),
        (b"<html>busy</html>", "busy"),
        (b'{"error": "Unexpected endpoint"}', "Unexpected endpoint"),
        (b'{"text": null}', "null"),
    ],
)
def test_answer_without_a_text_is_quoted(body: bytes, quoted: str) -> None:
    with pytest.raises(BadAnswer, match=quoted):
        read_json(body)


@pytest.mark.parametrize(
    ("stream", "expected"), [(OPENAI, "Café noir."), (VLLM, "Good morning."), (SPEACHES, "Good morning.")]
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_are_read_whatever_the_sizes_of_their_parts(stream: bytes, expected: str, size: int) -> None:
    events = EventReader()
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    texts = [events.text for part in parts if events.feed(part)]
    assert events.is_done
    assert events.text == expected
    assert all(expected.startswith(text) for text in texts)


def test_last_event_reports_the_confidence() -> None:
    events = EventReader()
    events.feed(OPENAI)
    assert events.transcript.confidence == pytest.approx(-0.3)


@pytest.mark.parametrize(
    "line", [b'{"error": {"message": "out of memory"}}', b'{"type": "error", "message": "out of memory"}']
)
def test_error_in_the_stream_is_quoted(line: bytes) -> None:
    with pytest.raises(BadAnswer, match="out of memory"):
        EventReader().feed(b"data: " + line + b"\n\n")


def test_stream_without_lines_is_refused() -> None:
    with pytest.raises(BadAnswer, match="without an end"):
        EventReader().feed(b"x" * 2_000_000)
