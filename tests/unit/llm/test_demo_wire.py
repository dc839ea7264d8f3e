"""Valid requests, and the errors of invalid ones."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia_llm.demo.scene import Message
from tertulia_llm.demo.wire import MAX_MESSAGES, MODEL, BadRequestError, UnknownModelError, parse_request

MESSAGES = [{"role": "user", "content": "Hi"}]


def request(**fields: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": MESSAGES, **fields}


def test_fields_of_a_request_are_parsed() -> None:
    chat = parse_request(
        request(stream=True, stream_options={"include_usage": True}, max_tokens=7, seed=-3, stop="x", temperature=0.5)
    )
    assert chat.messages == (Message("user", "Hi"),)
    assert (chat.stream, chat.include_usage, chat.max_tokens, chat.seed, chat.stop) == (True, True, 7, -3, ("x",))


def test_request_with_text_parts_and_the_developer_role_is_parsed() -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]
    chat = parse_request(
        request(messages=[{"role": "developer", "content": parts}, {"role": "assistant", "content": None}])
    )
    assert chat.messages == (Message("system", "Hello"), Message("assistant", ""))


def test_unknown_fields_are_ignored_and_null_counts_as_missing() -> None:
    assert parse_request(request(provider={"order": ["x"]}, max_tokens=None, stop=None)) == parse_request(request())


def test_smaller_limit_applies_if_a_request_has_both_token_limits() -> None:
    assert parse_request(request(max_tokens=9, max_completion_tokens=4)).max_tokens == 4


@pytest.mark.parametrize(
    ("body", "param", "part"),
    [
        ([], None, "must be a JSON object, not a list"),
        ({}, "model", MODEL),
        (request(model=3), "model", MODEL),
        (request(messages=[]), "messages", "at least one"),
        (request(messages="Hi"), "messages", "list"),
        (request(messages=MESSAGES * (MAX_MESSAGES + 1)), "messages", str(MAX_MESSAGES)),
        (request(messages=["Hi"]), "messages[0]", "not a string"),
        (request(messages=[*MESSAGES, {"role": "tool"}]), "messages[1].role", "user"),
        (request(messages=[{"role": ["user"]}]), "messages[0].role", "user"),
        (request(messages=[{"role": "user", "content": None}]), "messages[0].content", "not null"),
        (request(messages=[{"role": "user", "content": 3}]), "messages[0].content", "not a number"),
        (request(messages=[{"role": "user", "content": [{"type": "image_url"}]}]), "messages[0].content[0]", "text"),
        (request(stream="yes"), "stream", "true or false"),
        (request(stream_options={}), "stream_options", "only allowed when 'stream' is true"),
        (request(stream=True, stream_options=[]), "stream_options", "not a list"),
        (request(stream=True, stream_options={"include_usage": 1}), "include_usage", "not a number"),
        (request(max_tokens=0), "max_tokens", "at least 1"),
        (request(max_tokens=True), "max_tokens", "integer"),
        (request(max_completion_tokens=1.5), "max_completion_tokens", "integer"),
        (request(seed="x"), "seed", "an integer"),
        (request(n=2), "n", "must be 1"),
        (request(temperature=2.1), "temperature", "from 0 to 2"),
        (request(temperature=float("nan")), "temperature", "from 0 to 2"),
        (request(top_p="1"), "top_p", "from 0 to 1"),
        (request(presence_penalty=-3), "presence_penalty", "from -2 to 2"),
        (request(top_k=-1), "top_k", "at least 0"),
        (request(stop=""), "stop", "non-empty"),
        (request(stop=["a"] * 5), "stop", "at most 4"),
        (request(stop=[1]), "stop", "string"),
        (request(stop=7), "stop", "string"),
    ],
)
def test_error_names_the_invalid_field_and_its_valid_values(body: object, param: str | None, part: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse_request(body)
    error = caught.value.body()["error"]
    assert (caught.value.status, error["param"], error["type"]) == (400, param, "invalid_request_error")
    assert part in error["message"]


def test_error_for_an_unknown_model_names_the_model_of_the_server() -> None:
    with pytest.raises(UnknownModelError, match=MODEL) as caught:
        parse_request(request(model="gpt-" + "5" * 500))
    assert (caught.value.status, caught.value.body()["error"]["code"]) == (404, "model_not_found")
    assert len(str(caught.value)) < 200
