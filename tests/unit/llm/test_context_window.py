"""The window sizes that servers state in their lists of models and in their refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia_llm.model.context_window import (
    LEAST_REPLY,
    Overflow,
    divide,
    entries_in,
    entry_of,
    names_in,
    overflow_of,
    reply_room,
    window_in,
)
from tertulia_llm.model.server_error import read_error


@pytest.mark.parametrize(
    ("error", "window", "prompt"),
    [
        (
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
            8192,
            9000,
        ),
        (
            (
                "This model's maximum context length is 8,192 tokens. However, you requested "
                "9,000 tokens (8,000 in the messages, "
                "1,000 in the completion)."
            ),
            8192,
            8000,
        ),
        (
            (
                "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's "
                "maximum context length is 2048 tokens and "
                "your request has 1500 input tokens (1024 > 2048 - 1500)."
            ),
            2048,
            1500,
        ),
        (
            (
                "This endpoint's maximum context length is 8192 tokens. However, you requested "
                "about 9000 tokens (8000 of text input, "
                "1000 in the output). Please reduce the length of either one"
            ),
            8192,
            8000,
        ),
        ("prompt is too long: 12345 tokens > 8000 maximum", 8000, 12345),
        (
            "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            32768,
            40000,
        ),
        ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1048576, 1200000),
        (
            (
                "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. "
                "Given: 5000 `inputs` tokens and 1024 "
                "`max_new_tokens`"
            ),
            4096,
            5000,
        ),
        ("Input validation error: `inputs` must have less than 4096 tokens. Given: 5000", 4096, 5000),
        (
            (
                "Trying to keep the first 5000 tokens when context the overflows. However, the "
                "model is loaded with context length of "
                "only 4096 tokens, which is not enough."
            ),
            4096,
            None,
        ),
        (
            (
                "Requested token count exceeds the model's maximum context length of 4096 "
                "tokens. You requested a total of 5000 "
                "tokens: 3976 tokens from the input messages and 1024 tokens for the completion."
            ),
            4096,
            3976,
        ),
        ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", 4096, 5000),
        ("the request exceeds the available context size (2048 tokens), try increasing it", 2048, None),
        ("request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it", 4096, 5000),
        ("This model's maximum prompt length is 131072 but the request contains 140000 tokens.", 131072, 140000),
        ("Please reduce the length of the messages or completion.", None, None),
        ("Input is too long for requested model.", None, None),
        ("input length exceeds the context length", None, None),
        ("Context size has been exceeded", None, None),
        ("Requested tokens (757) exceed context window of 512", 512, None),
        ("Number of tokens (757) exceeded maximum context length (512).", 512, None),
        ("Range of input length should be [1, 30720]", 30720, None),
        ("too many tokens: size limit exceeded by 1200 tokens", None, None),
        ({"error": {"message": "Prompt exceeds max length", "code": "1261"}}, None, None),
        ({"error": {"message": "no", "code": "context_length_exceeded"}}, None, None),
        (
            {
                "error": {
                    "code": 400,
                    "type": "exceed_context_size_error",
                    "message": "the request exceeds the available context size, try increasing it",
                    "n_prompt_tokens": 5000,
                    "n_ctx": 4096,
                }
            },
            4096,
            5000,
        ),
    ],
)
def test_refusal_of_a_prompt_that_is_too_long_is_recognized(
    error: object, window: int | None, prompt: int | None
) -> None:
    assert overflow_of(read_error(error), 400) == Overflow(window, prompt)


@pytest.mark.parametrize(
    ("message", "status", "window", "prompt"),
    [
        ("the input token count is 11032 but model only supports up to 8192. Reduce it", 400, 8192, 11032),
        ("Prompt length 11032 is greater than max_seq_len 8192", 400, 8192, 11032),
        ("Prompt length of 11032 tokens exceeds max_seq_len 8192", 500, 8192, 11032),
        ("context shift is disabled", 500, None, None),
        ("Prompt too long: exceeds context size 8192", 503, 8192, None),
        ("Prompt 超长", 400, None, None),
        ("Prompt is longer than context: 11032 > 8192", 400, 8192, 11032),
        ("Request too large for x on tokens per min (TPM): Limit 6000, Requested 12056. Reduce", 429, 6000, None),
        ("Prompt tokens limit exceeded: 11032 > 6000. To increase, visit x", 402, 6000, 11032),
        ("Prompt is 11032 tokens but the model allows 8192 at most.", 400, 8192, 11032),
        ("Input size 11032 exceeds maximum 8192", 400, 8192, 11032),
        ("The prompt is too long: 11032, model maximum context length: 8191", 400, 8191, 11032),
        ("too many tokens: size limit exceeded by 9 tokens. The limit for this model is 8192 tokens.", 400, 8192, None),
        ("too many tokens: the prompt cannot exceed 8192 - received 11032.", 400, 8192, 11032),
        ("prompt (length 9000) is longer than the maximum model length of 8192.", 400, 8192, 9000),
        ("tokens to keep is greater than the context length (n_keep: 9000>= n_ctx: 8192)", 400, 8192, None),
        ("Input exceeds the model's 8192 token limit.", 400, 8192, None),
        ("Request body too large. Max size: 8000 tokens.", 413, 8000, None),
        ("Input too long: 9000 tokens, max 8192", 400, 8192, None),
        ("`max_tokens` and input exceed context limit: 11032 + 1024 > 8192", 400, 8192, 11032),
        ("Context length exceeded: 8.192 tokens at most", 400, 8192, None),
    ],
)
def test_length_is_read_in_the_words_of_other_servers(
    message: str, status: int, window: int | None, prompt: int | None
) -> None:
    assert overflow_of(read_error(message), status) == Overflow(window, prompt)


def test_error_413_counts_as_a_prompt_that_is_too_long() -> None:
    text = "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000"
    assert overflow_of(read_error(text), 413) == Overflow(6000)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("max_tokens is too large: 1024. This model supports at most 512 completion tokens.", 400),
        ("Unknown parameter: 'context'", 400),
        ("Rate limit reached: maximum number of tokens per minute", 429),
        ("maximum context length is 8192 tokens", 401),
        ("Rate limit reached (TPM): Limit 30000, Used 29000, Requested 2000.", 429),
        ("Request too large (TPM): Limit 6000, Requested 500", 429),
        ("Too many tokens, please wait before trying again.", 429),
        ("Loading model", 503),
        ("", 400),
    ],
)
def test_other_errors_are_not_taken_for_a_prompt_that_is_too_long(message: str, status: int) -> None:
    assert overflow_of(read_error(message), status) is None


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"context_length": 8192}, 8192),
        ({"context_length": 200_000, "top_provider": {"context_length": 131_072}}, 131_072),
        ({"max_model_len": 4096}, 4096),
        ({"max_context_length": 32_768}, 32_768),
        ({"max_context_length": 131_072, "loaded_context_length": 4096}, 4096),
        ({"context_window": 8192}, 8192),
        ({"meta": {"n_ctx_train": 131_072}}, 131_072),
        ({"meta": {"n_ctx_train": 131_072, "n_ctx": 4096}}, 4096),
        ({"default_generation_settings": {"n_ctx": 2048}}, 2048),
        ({"limits": {"max_input_tokens": 8000}}, 8000),
        ({"num_ctx": "4096"}, 4096),
        ({"context_length": 8192.0}, 8192),
        ({"context_length": None}, None),
        ({"context_length": 0}, None),
        ({"context_length": True}, None),
        ({"context_length": "many"}, None),
        ({"id": "x"}, None),
        ({}, None),
    ],
)
def test_window_is_read_from_the_entry_of_a_model(entry: dict[str, Any], window: int | None) -> None:
    assert window_in(entry) == window


def test_models_are_read_from_a_list_in_any_known_format() -> None:
    entries = [{"id": "a"}, {"id": "B"}, "rubbish"]
    assert names_in(entries_in({"object": "list", "data": entries})) == ["a", "B"]
    assert names_in(entries_in({"models": [{"name": "llama3:latest"}]})) == ["llama3:latest"]
    assert names_in(entries_in(entries)) == ["a", "B"]
    assert names_in(entries_in({"data": ["a", "B"]})) == ["a", "B"]
    assert entries_in({"models": {"a": {"n_ctx": 4096}, "count": 1}}) == [{"id": "a", "n_ctx": 4096}]
    assert entries_in("<html>") == entries_in(None) == entries_in({"data": 1}) == []


@pytest.mark.parametrize(
    ("model", "found"),
    [("owner/m:free", "owner/m"), ("owner/m:online", "owner/m"), ("owner/n:free", "owner/n:free"), ("m:8b", None)],
)
def test_variant_of_a_model_is_found_by_the_models_name(model: str, found: str | None) -> None:
    entries = [{"id": "owner/m"}, {"id": "owner/n"}, {"id": "owner/n:free"}, {"id": "m"}]
    entry = entry_of(model, entries)
    assert (entry and entry["id"]) == found


def test_model_is_found_if_the_server_spells_its_name_differently() -> None:
    entries = [{"id": "models/gemini"}, {"name": "llama3:latest"}, {"id": "Owner/Big"}]
    assert entry_of("gemini", entries) is entries[0]
    assert entry_of("llama3", entries) is entries[1]
    assert entry_of("owner/big", entries) is entries[2]
    assert entry_of("other", entries) is None


@pytest.mark.parametrize("window", [512, 2048, 8192, 131_072])
def test_prompt_and_reply_together_fit_into_the_window(window: int) -> None:
    room = divide(window, 1024)
    assert 0 < room.reply <= 1024
    assert room.prompt > 0
    assert room.prompt + room.reply < window
    assert reply_room(window, room.prompt, 1024) == room.reply
    assert reply_room(window, 0, 1024) == min(1024, reply_room(window, 0, 10**9))
    assert reply_room(window, window * 2, 1024) == LEAST_REPLY
