"""How a response ends, and the result if it ends without a reply."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tertulia_llm.model.endings import Ending, ending_of
from tertulia_llm.model.reply_reader import MAX_REASONING_CHARS, Marker, ReplyReader

DONE = b"data: [DONE]\n\n"
MAX_TOKENS = 1024


def event(**fields: Any) -> bytes:
    return f"data: {json.dumps(fields)}\n\n".encode()


def delta(finish_reason: str | None = None, **fields: Any) -> bytes:
    return event(choices=[{"index": 0, "delta": fields, "finish_reason": finish_reason}])


def read(*events: bytes, reasons_first: bool = False) -> tuple[Sequence[str | Marker], ReplyReader]:
    """The pieces of a response, and its reader at the end. Checks that the sizes of the pieces do not affect the
    result.
    """
    results: list[tuple[list[str | Marker], ReplyReader]] = []
    for parts in (events, [b"".join(events)]):
        reader = ReplyReader(MAX_TOKENS, reasons_first=reasons_first)
        pieces: list[str | Marker] = []
        for part in parts:
            if not reader.is_done:
                pieces += reader.feed(part)
        if not reader.is_done:
            pieces += reader.finish()
        assert reader.is_done
        results.append((pieces, reader))
    assert _joined(results[0][0]) == _joined(results[1][0])
    assert str(results[0][1].failure) == str(results[1][1].failure)
    assert results[0][1].ending is results[1][1].ending
    return results[0]


def _joined(pieces: Sequence[str | Marker]) -> list[str | Marker]:
    joined: list[str | Marker] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


@pytest.mark.parametrize(
    ("reason", "native", "ending"),
    [
        ("stop", "", Ending.COMPLETE), ("eos", "", Ending.COMPLETE), ("end_turn", "", Ending.COMPLETE),
        ("STOP", "", Ending.COMPLETE), ("something new", "", Ending.COMPLETE), ("stop", "stop", Ending.COMPLETE),
        ("length", "", Ending.LENGTH), ("max_tokens", "", Ending.LENGTH), ("MAX_TOKENS", "", Ending.LENGTH),
        ("FinishReason.MAX_TOKENS", "", Ending.LENGTH), ("model_length", "", Ending.LENGTH),
        ("content_filter", "", Ending.FILTERED), ("SAFETY", "", Ending.FILTERED), ("recitation", "", Ending.FILTERED),
        ("content-filter", "", Ending.FILTERED), ("sensitive", "", Ending.FILTERED), ("refusal", "", Ending.REFUSED),
        ("tool_calls", "", Ending.TOOL_CALLS), ("function_call", "", Ending.TOOL_CALLS),
        ("stop", "MAX_TOKENS", Ending.LENGTH), ("stop", "refusal", Ending.REFUSED), ("stop", "SAFETY", Ending.FILTERED),
        ("length", "stop", Ending.LENGTH), ("max_length", "", Ending.LENGTH), ("max_new_tokens", "", Ending.LENGTH),
        ("maxTokens", "", Ending.LENGTH), ("contextLengthReached", "", Ending.LENGTH),
        ("length_limit", "", Ending.LENGTH), ("maxPredictedTokensReached", "", Ending.LENGTH),
        ("ERROR_LIMIT", "", Ending.LENGTH), ("model_context_window_exceeded", "", Ending.LENGTH),
        ("IMAGE_SAFETY", "", Ending.FILTERED), ("ERROR_TOXIC", "", Ending.FILTERED),
        ("safety_violation", "", Ending.FILTERED), ("contentFilter", "", Ending.FILTERED),
        ("content_filter: hate", "", Ending.FILTERED), ("guardrail_intervened", "", Ending.FILTERED),
        ("malformed_function_call", "", Ending.TOOL_CALLS), ("eosFound", "", Ending.COMPLETE),
        ("stop_sequence", "", Ending.COMPLETE), ("userStopped", "", Ending.COMPLETE),
    ],
)  # fmt: skip
def test_finish_reason_decides_the_ending(reason: str, native: str, ending: Ending) -> None:
    assert ending_of(reason, native) is ending
    last = event(choices=[{"delta": {}, "finish_reason": reason, "native_finish_reason": native}])
    pieces, reader = read(delta(content="Hi"), last, DONE)
    assert (pieces, reader.ending, reader.failure) == (["Hi"], ending, None)


def test_reply_is_complete_if_the_stream_ends_normally_after_text() -> None:
    pieces, reader = read(delta(content="Hello."))
    assert (pieces, reader.ending, reader.failure) == (["Hello."], Ending.COMPLETE, None)


def test_stream_that_ends_without_text_or_reason_is_retryable() -> None:
    for events in ([], [delta(role="assistant")], [b": ping\n\n"], [DONE]):
        _, reader = read(*events)
        assert reader.failure is not None
        assert (reader.failure.code, reader.failure.retryable) == ("llm_unavailable", True)


def test_stream_that_ends_within_an_event_is_retryable_unless_the_reply_had_ended() -> None:
    _, reader = read(delta(content="Hi"), b'data: {"choices": [')
    assert reader.failure is not None
    assert reader.failure.retryable
    _, reader = read(delta(content="Hi"), delta("stop"), b'data: {"usage": {')
    assert reader.failure is None


@pytest.mark.parametrize(
    "last",
    [
        b"data: {not json\n\n", b'data: {"id": "1", "obj\n\n', b"data: {not json\n", b"{not json\n",
        b"<html><body>502 Bad Gateway</body></html>\n", b"data: <html>504 Gateway Time-out</html>\n\n",
        b"upstream connect error or disconnect/reset before headers\n", b"data: [PING]\n\ndata: {half\n\n",
    ],
)  # fmt: skip
def test_stream_whose_last_event_cannot_be_read_is_retryable_unless_the_reply_had_ended(last: bytes) -> None:
    pieces, reader = read(delta(content="Hi"), last)
    assert pieces == ["Hi"]
    assert reader.failure is not None
    assert reader.failure.retryable
    assert "broke off" in str(reader.failure) or "not JSON" in str(reader.failure)
    for end in (delta("stop"), DONE):
        pieces, reader = read(delta(content="Hi"), end, last)
        assert (pieces, reader.failure) == (["Hi"], None)
    pieces, reader = read(delta(content="Hi"), last, delta(content=" there"))
    assert (pieces, reader.failure) == (["Hi", " there"], None)


@pytest.mark.parametrize(
    "last", [b"data: [PING]\n\n", b"data: ping\n\n", b": PROCESSING\n\n", b"data: {ping}\n\n", b"event: ping\n\n"]
)
def test_word_that_keeps_the_connection_alive_may_be_the_end_of_a_stream(last: bytes) -> None:
    for times in (1, 2, 1000):
        pieces, reader = read(delta(content="Hi"), last * times)
        assert (pieces, reader.failure) == (["Hi"], None)
    _, reader = read(delta(content="Hi"), last * 1000, b"502 Bad Gateway\n")
    assert reader.failure is not None


@pytest.mark.parametrize("reason", ["error", "ABORT", "network_error", "timeout", "insufficient_system_resource"])
def test_reply_that_the_server_aborted_is_retryable(reason: str) -> None:
    pieces, reader = read(delta(content="Hi"), delta(reason), DONE)
    assert pieces == ["Hi"]
    assert reader.failure is not None
    assert reader.failure.retryable
    assert reason in str(reader.failure)


def test_text_before_an_error_is_kept() -> None:
    pieces, reader = read(delta(content="Hi"), event(error={"code": 502, "message": "gone"}), delta(content="No"))
    assert pieces == ["Hi"]
    assert "gone" in str(reader.failure)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "thinking"])
def test_reasoning_in_a_field_yields_one_marker(field: str) -> None:
    pieces, reader = read(
        delta(role="assistant"), delta(**{field: "Hmm"}), delta(content="", **{field: "."}), delta(content="Hi"), DONE
    )
    assert pieces == [Marker.THINKING, "Hi"]
    assert reader.failure is None


def test_reasoning_in_the_text_yields_one_marker() -> None:
    pieces, _ = read(
        delta(content="<think>Hm"), delta(content="m</think>\n\nHi"), delta(content=".\n<think>x</think>"), DONE
    )
    assert _joined(pieces) == [Marker.THINKING, "Hi.\n"]


def test_reasoning_without_text_up_to_the_token_limit_is_not_retried() -> None:
    for events in ([delta(reasoning="Hmm")], [delta(content="<think>Hmm")]):
        _, reader = read(*events, delta("length"), DONE)
        assert reader.failure is not None
        assert (reader.failure.code, reader.failure.retryable) == ("llm_reasoning", False)
        assert "1024 tokens" in str(reader.failure)
        assert "TERTULIA_LLM_MAX_TOKENS" in str(reader.failure)


def test_reply_that_reached_the_limit_without_a_word_is_left_to_the_caller() -> None:
    pieces, reader = read(delta(role="assistant"), delta("length"), DONE)
    assert (pieces, reader.ending, reader.failure) == ([], Ending.LENGTH, None)


def test_reasoning_without_text_is_retried_if_it_ended_normally() -> None:
    _, reader = read(delta(content="<think>Hmm"), delta("stop"), DONE)
    assert reader.failure is not None
    assert (reader.failure.code, reader.failure.retryable) == ("llm_unavailable", True)


def test_reasoning_above_the_maximum_length_fails() -> None:
    chunk = "x" * (MAX_REASONING_CHARS // 4)
    for first in (delta(reasoning=chunk), delta(content="<think>" + chunk)):
        _, reader = read(first, *[delta(content=chunk, reasoning=chunk)] * 4, delta(content="Hi"), DONE)
        assert reader.failure is not None
        assert (reader.failure.code, reader.failure.retryable) == ("llm_reasoning", False)


def test_closing_tag_without_an_opening_tag_yields_discard_and_sets_reasons_first() -> None:
    events = [
        delta(content="Jay says hello."),
        delta(content="\n</think>\n\n"),
        delta(content="Hi"),
        delta("stop"),
        DONE,
    ]
    first = ReplyReader(MAX_TOKENS)
    pieces = [piece for part in events for piece in first.feed(part)]
    assert pieces == ["Jay says hello.", Marker.THINKING, Marker.DISCARD, "Hi"]
    assert first.reasons_first
    pieces, second = read(*events, reasons_first=True)
    assert pieces == [Marker.THINKING, "Hi"]
    assert second.reasons_first


def test_reasons_first_is_reset_after_a_complete_reply_without_reasoning() -> None:
    pieces, reader = read(delta(content="Hello."), delta("stop"), DONE, reasons_first=True)
    assert pieces[-1] == "Hello."
    assert not reader.reasons_first
    _, reader = read(delta(content="Jay says"), delta("length"), DONE, reasons_first=True)
    assert reader.reasons_first


@pytest.mark.parametrize(("reason", "ending"), [("content_filter", Ending.FILTERED), ("tool_calls", Ending.TOOL_CALLS)])
def test_ending_without_text_is_no_failure_if_the_server_gave_a_reason(reason: str, ending: Ending) -> None:
    pieces, reader = read(delta(role="assistant"), delta(reason), DONE)
    assert (pieces, reader.ending, reader.failure) == ([], ending, None)


def test_tool_call_without_text_gives_the_ending_tool_call_even_without_a_reason() -> None:
    for events in ([delta(tool_calls=[{"index": 0}]), delta("stop")], [delta(content="<tool_call>{}")]):
        _, reader = read(*events, DONE)
        assert (reader.ending, reader.failure) == (Ending.TOOL_CALLS, None)


def test_text_of_a_refusal_is_the_text_of_the_reply() -> None:
    pieces, reader = read(delta(refusal="I can't "), delta(refusal="say."), delta("stop"), DONE)
    assert _joined(pieces) == ["I can't say."]
    assert (reader.ending, reader.failure) == (Ending.REFUSED, None)


def test_end_of_turn_token_ends_the_reply_before_the_stream_ends() -> None:
    reader = ReplyReader(MAX_TOKENS)
    assert reader.feed(delta(content="Hi<|im_end|>")) == ["Hi"]
    assert (reader.is_done, reader.ending, reader.failure) == (True, Ending.COMPLETE, None)


def test_delayed_text_is_returned_at_the_end() -> None:
    pieces, _ = read(delta(content="1 <"), delta("stop"), DONE)
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == "1 <"


def test_text_of_a_server_that_sends_no_completion_is_quoted_in_the_failure() -> None:
    _, reader = read(b"<html><head><title>Sign in</title></head>", b"<body>Please log in</body></html>")
    assert reader.failure is not None
    assert (reader.failure.code, reader.failure.retryable) == ("llm_address", False)
    assert "Sign in" in str(reader.failure)
    _, reader = read(b"Out of order")
    assert "sent no chat completion, but: Out of order" in str(reader.failure)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b'{"detail": "Not authenticated"}', "llm_auth", "Not authenticated"),
        (b'{"message": "Invalid API key"}', "llm_auth", "Invalid API key"),
        (b'data: {"code": 401, "message": "no", "data": null}\n\n', "llm_auth", "no"),
        (b'{"success": false, "errors": [{"code": 1, "message": "bad key"}]}', "llm_auth", "bad key"),
        (b'{"base_resp": {"status_code": 1004, "status_msg": "login fail"}}', "llm_auth", "login fail"),
        (b'{"errors": ["bad"]}', "llm_bad_request", "bad"),
        (b'{"msg": "the server is busy"}', "llm_unavailable", "busy"),
    ],
)
def test_error_in_a_shape_of_its_own_is_explained(body: bytes, code: str, words: str) -> None:
    _, reader = read(body)
    assert reader.failure is not None
    assert reader.failure.code == code
    assert reader.failure.retryable == (code == "llm_unavailable")
    assert words in str(reader.failure)
    _, reader = read(delta(content="Hi"), body)
    assert reader.failure is not None
    assert words in str(reader.failure)
    pieces, reader = read(body, delta(content="Hi"), DONE)
    assert (pieces, reader.failure) == (["Hi"], None)


def test_web_page_with_scripts_is_no_broken_event() -> None:
    page = b'<!doctype html>\n<html><head><title>Sign in</title><script>\n{"a": [\n[1]\n</script></head></html>\n'
    _, reader = read(page)
    assert reader.failure is not None
    assert reader.failure.code == "llm_address"


def test_usage_that_arrives_with_an_end_of_turn_token_is_kept() -> None:
    reader = ReplyReader(MAX_TOKENS)
    reader.feed(delta(content="Hi<|im_end|>") + delta("stop") + event(choices=[], usage={"total_tokens": 9}) + DONE)
    assert (reader.is_done, reader.usage) == (True, {"total_tokens": 9})
