"""Property tests: any error body can be read and leads to a change or a failure, without another exception."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.model.adaptation import Adaptations, adapted
from tertulia_llm.model.context_window import overflow_of
from tertulia_llm.model.failures import by_status, error_in_stream
from tertulia_llm.model.server_error import MAX_MESSAGE_CHARS, read_error
from tertulia_shared.model_server import checked_base_url, checked_key

WORDS = st.sampled_from(
    [
        *("error", "message", "detail", "param", "code", "type", "loc", "msg", "metadata", "raw", "role", "system"),
        *("errors", "issues", "keys", "path", "source", "pointer", "title", "meta", "base_resp", "status_code", "msg"),
        *("seed", "max_tokens", "not supported", "\ud83d", "\x00", "[1, 8192]"),
        *("<html><body>seed <", "try again in 99999999999h", "`max_tokens` must be less than 1", "1 > 2"),
        "maximum context length is 99999999999999999999 tokens",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
BODY: dict[str, Any] = {
    "model": "house",
    "messages": [{"role": "system", "content": "You are Luna."}, {"role": "user", "content": "Hi"}],
    "stream": True,
    "max_tokens": 1024,
    "seed": 7,
}


@given(body=VALUES | st.binary(max_size=60), status=st.sampled_from([400, 404, 413, 422, 429, 500]))
def test_any_error_body_can_be_read_and_explained(body: object, status: int) -> None:
    error = read_error(body)
    assert len(error.message) <= MAX_MESSAGE_CHARS
    assert error.message.isprintable() or not error.message
    error.message.encode()
    str(by_status(status, error)).encode()
    overflow_of(error, status)
    changed = adapted(Adaptations(), error, status, BODY)
    if changed is not None:
        sent = changed.applied(BODY)
        assert sent["model"] == "house"
        assert sent["messages"][-1]["content"].endswith("Hi")
        assert sent != BODY
    if isinstance(body, dict):
        error_in_stream(body)  # pyright: ignore[reportUnknownArgumentType] - from the strategy


@given(text=st.text(max_size=40))
def test_any_text_for_a_setting_is_accepted_or_raises_value_error(text: str) -> None:
    for check in (checked_key, checked_base_url):
        with suppress(ValueError):
            assert isinstance(check(text), str)
