"""Reading errors of model servers in all known formats."""

from __future__ import annotations

import json

import pytest

from tertulia_llm.model.server_error import MAX_MESSAGE_CHARS, read_error

WORDS = "Unsupported parameter: 'seed'"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": WORDS, "type": "invalid_request_error", "param": "seed", "code": None}}, WORDS),
        ({"error": WORDS}, WORDS),
        ({"message": WORDS}, WORDS),
        ({"detail": WORDS}, WORDS),
        (
            {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
            "Extra inputs are not permitted",
        ),
        ({"message": {"detail": [{"loc": ["body", "seed"], "msg": WORDS}]}, "object": "error"}, WORDS),
        ([{"error": {"code": 400, "message": WORDS, "status": "INVALID_ARGUMENT"}}], WORDS),
        ({"errors": [{"message": WORDS}]}, WORDS),
        ({"error": {"message": '{"error": {"message": "inner"}}'}}, "inner"),
        (
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 400,
                    "metadata": {"raw": json.dumps({"error": WORDS})},
                }
            },
            f"Provider returned error: {WORDS}",
        ),
        ("a bare string", "a bare string"),
        ("two\n  lines\twith\x00 control", "two lines with control"),
        ("{not json", "{not json"),
        (b"\xff\xfe bytes", "\ufffd\ufffd bytes"),
        ("", ""),
        (None, ""),
        (42, "42"),
        ({}, ""),
        ({"error": None}, ""),
        ({"error": {"message": None}}, ""),
        ({"errors": {"seed": ["is not allowed"]}}, "seed: is not allowed"),
        ({"title": "Invalid.", "status": 400, "errors": {"min_p": ["not supported"]}}, "min_p: not supported"),
        ({"type": "about:blank", "title": "Bad Request"}, "Bad Request"),
        ({"error": {"issues": [{"keys": ["seed"], "message": WORDS}], "name": "ZodError"}}, WORDS),
        ({"message": "Validation error", "meta": [{"message": WORDS}]}, f"Validation error: {WORDS}"),
        ({"message": json.dumps({"external_model_error": {"error": {"message": WORDS}}})}, WORDS),
        ({"base_resp": {"status_code": 1004, "status_msg": WORDS}}, WORDS),
        ({"unknown": {"shape": 7}}, '{"unknown": {"shape": 7}}'),
    ],
)
def test_message_of_the_server_is_found_in_any_known_format(body: object, message: str) -> None:
    assert read_error(body).message == message
    if isinstance(body, dict | list):
        assert read_error(json.dumps(body)).message == message


@pytest.mark.parametrize(
    ("body", "params"),
    [
        ({"error": {"message": "x", "param": "seed"}}, ("seed",)),
        ({"error": {"message": "x", "param": "messages[0].role"}}, ("messages.0.role",)),
        ({"error": {"message": "x", "param": "body.seed"}}, ("seed",)),
        (
            {"detail": [{"loc": ["body", "seed"], "msg": "x"}, {"loc": ["body", "top_k"], "msg": "y"}]},
            ("seed", "top_k"),
        ),
        ({"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "x"}]}, ("messages.0.role",)),
        ({"error": {"details": [{"fieldViolations": [{"field": "seed", "description": "x"}]}]}}, ("seed",)),
        ({"errors": {"seed": ["is not allowed"], "$.min_p": "x"}}, ("seed", "min_p")),
        ({"errors": [{"source": {"pointer": "/seed"}, "title": "Invalid", "detail": "x"}]}, ("seed",)),
        ({"errors": [{"source": {"parameter": "seed"}, "detail": "x"}]}, ("seed",)),
        ({"error": {"issues": [{"keys": ["seed", "top_k"], "path": [], "message": "x"}]}}, ("seed", "top_k")),
        ({"error": {"issues": [{"path": ["messages", 0, "role"], "message": "x"}]}}, ("messages.0.role",)),
        ({"error": {"message": "x", "param": None}}, ()),
        ({"error": {"message": "x", "param": ["seed"]}}, ()),
    ],
)
def test_parameters_that_an_error_names_are_read(body: object, params: tuple[str, ...]) -> None:
    assert read_error(body).params == params


def test_codes_token_counts_and_delay_are_read_from_an_error() -> None:
    body = {
        "error": {
            "code": 400,
            "type": "exceed_context_size_error",
            "message": "too long",
            "n_ctx": 4096,
            "n_prompt_tokens": 5000,
            "details": [{"@type": "RetryInfo", "retryDelay": "34.5s"}],
        }
    }
    error = read_error(body)
    assert error.codes >= {"400", "exceed_context_size_error"}
    assert error.figures == {"n_ctx": 4096, "n_prompt_tokens": 5000}
    assert (error.status, error.retry_after_s) == (400, 34.5)


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<!DOCTYPE html><html><head><title>Sign in &amp; up</title></head></html>", "Sign in & up"),
        ("  <html>\n<body>502</body></html>", ""),
        ("<HTML><TITLE>\n  502 Bad\n Gateway </TITLE></HTML>", "502 Bad Gateway"),
    ],
)
def test_web_page_is_recognized_and_its_title_is_read(page: str, title: str) -> None:
    assert read_error(page).page_title == title
    assert read_error({"error": "x"}).page_title is None


def test_text_of_a_web_page_is_read_without_its_markup() -> None:
    page = "<html><head><title>400</title><style>p {}</style></head><body><p>Unsupported &amp; bad: seed</body></html>"
    assert read_error(page).text == "Unsupported & bad: seed"


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ("Please retry in 7.5s.", 7.5),
        ("Please try again in 7m12s.", 432.0),
        ("Please retry after 48 seconds.", 48.0),
        ("Try again in 5 seconds.", 5.0),
        ("Please try again in 850ms", 0.85),
        ("please wait 2 minutes", 120.0),
        ("try again in 1h0m3s", 3603.0),
        ("Try again in 2 days", 172_800.0),
        ("Please try again.", None),
        ("Retry in a moment: 7 others wait", None),
    ],
)
def test_wait_is_read_in_words(words: str, wait_s: float | None) -> None:
    assert read_error({"error": {"message": words}}).retry_after_s == wait_s


def test_gist_is_without_what_differs_between_requests() -> None:
    first, second = (read_error({"error": f"request {number}: seed is unknown"}) for number in ("a1b2", "c3d4"))
    assert first.gist == second.gist != read_error({"error": "request a1b2: top_p is unknown"}).gist


def test_long_and_deeply_nested_errors_are_truncated() -> None:
    assert len(read_error("word " * 5_000).message) <= MAX_MESSAGE_CHARS
    assert read_error("word " * 5_000).message.endswith("…")
    deep: object = "words"
    for _ in range(200):
        deep = {"error": deep}
    assert len(read_error(deep).message) <= MAX_MESSAGE_CHARS
    assert read_error("[" * 100_000).message.startswith("[")
