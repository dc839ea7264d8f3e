"""What a refusal changes in the next request, and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia_llm.model.adaptation import Adaptations, adapted, bounds_reply
from tertulia_llm.model.server_error import read_error

MESSAGES = [
    {"role": "system", "content": "You are Luna."},
    {"role": "user", "content": "What is the temperature outside?"},
]
BODY: dict[str, Any] = {
    "model": "house/seed-oss-36b",
    "messages": MESSAGES,
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_tokens": 1024,
    "seed": 7,
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "min_p": 0.05,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.1,
    "repetition_penalty": 1.1,
}


def openai(message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def after(error: object, status: int = 400, known: Adaptations | None = None) -> Adaptations | None:
    known = known or Adaptations()
    return adapted(known, read_error(error), status, known.applied(BODY))


def extra(*names: str) -> dict[str, Any]:
    return {
        "detail": [
            {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}
            for name in names
        ]
    }


@pytest.mark.parametrize(
    ("error", "dropped"),
    [
        (openai("Unrecognized request argument supplied: seed"), ["seed"]),
        (openai("Unknown parameter: 'top_k'.", "top_k", "unknown_parameter"), ["top_k"]),
        (
            openai(
                "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is "
                "supported.",
                "temperature",
                "unsupported_value",
            ),
            ["temperature"],
        ),
        (openai("`temperature` and `top_p` cannot both be specified for this model. Please use only one."), ["top_p"]),
        (openai("Unsupported parameters: seed, top_k and min-p"), ["seed", "top_k", "min_p"]),
        (openai("Unsupported parameter: 'seed'. Supported parameters are: temperature, top_p, max_tokens."), ["seed"]),
        (openai("Not supported parameters: seed"), ["seed"]),
        (openai("'seed' is not a valid parameter"), ["seed"]),
        (openai("stream_options is only allowed when `stream` is set"), ["stream_options"]),
        (openai("Model house/seed-oss-36b: `min_p` is not supported"), ["min_p"]),
        (extra("seed"), ["seed"]),
        (extra("seed", "top_k"), ["seed", "top_k"]),
        ({"object": "error", "message": extra("min_p"), "type": "invalid_request_error"}, ["min_p"]),
        ({"detail": "topK is not supported"}, ["top_k"]),
        (
            {
                "object": "error",
                "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'min_p'), 'msg': 'Extra inputs'}]",
                "type": "BadRequestError",
            },
            ["min_p"],
        ),
        ({"message": "property 'repetition_penalty' is unsupported"}, ["repetition_penalty"]),
        ({"error": 'json: unknown field "seed"'}, ["seed"]),
        ("unknown field `seed`, expected one of `model`, `messages`, `temperature`, `max_tokens` at line 1", ["seed"]),
        (
            [
                {
                    "error": {
                        "code": 400,
                        "message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.',
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
            ["seed"],
        ),
        (
            [{"error": {"message": "Penalty is not enabled for models/gemini-2.5-flash"}}],
            ["frequency_penalty", "presence_penalty", "repetition_penalty"],
        ),
        (
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 400,
                    "metadata": {
                        "raw": (
                            '{"error":{"message":"Unsupported parameter: '
                            '\'presence_penalty\'","param":"presence_penalty"}}'
                        )
                    },
                }
            },
            ["presence_penalty"],
        ),
        (
            {"error": {"message": "litellm.UnsupportedParamsError: groq does not support parameters: {'seed': 7}"}},
            ["seed"],
        ),
        (openai("Frequency penalty: not available for this model"), ["frequency_penalty"]),
        ("<html><head><title>400</title></head><body>Unsupported parameter: seed</body></html>", ["seed"]),
        ({"errors": {"seed": ["is not allowed"]}}, ["seed"]),
        ({"title": "One or more validation errors occurred.", "errors": {"min_p": ["not supported"]}}, ["min_p"]),
        ({"errors": [{"source": {"pointer": "/seed"}, "title": "Invalid attribute"}]}, ["seed"]),
        ({"error": {"issues": [{"code": "unrecognized_keys", "keys": ["seed"], "message": "x"}]}}, ["seed"]),
        ({"message": "Validation error", "meta": [{"keys": ["seed"], "message": "Unrecognized key(s)"}]}, ["seed"]),
        ("Error: oneOf at '/' not met, Type mismatch of '/seed', 'integer' not in 'string'", ["seed"]),
        ({"message": "invalid request: p must be between 0.01 and 0.99 inclusive"}, ["top_p"]),
    ],
)
def test_parameter_that_a_refusal_names_is_left_out(error: object, dropped: list[str]) -> None:
    found = after(error, 422 if isinstance(error, dict) and "detail" in error else 400)
    assert found is not None
    assert sorted(found.dropped) == sorted(dropped)
    assert sorted(set(BODY) - set(found.applied(BODY))) == sorted(dropped)
    assert not found.folds_system


@pytest.mark.parametrize(
    "error",
    [
        openai("The model `house/seed-oss-36b` cannot be used."),
        openai("Invalid content: 'What is the temperature outside?' was flagged"),
        openai("Unknown parameter: 'logit_bias'.", "logit_bias"),
        openai("Something is wrong with your request", None),
        openai("Invalid 'messages': expected an array", "messages"),
        openai("Invalid model", "model"),
        {"detail": [{"loc": ["body", "messages", 3, "assistant", "seed"], "msg": "Extra inputs are not permitted"}]},
        openai("the seedling is not supported"),
        "Bad Request",
        "",
        "<html><title>400</title></html>",
    ],
)
def test_refusal_that_names_no_parameter_of_the_request_changes_nothing(error: object) -> None:
    assert after(error) is None


@pytest.mark.parametrize(
    ("status", "message", "is_adapted"),
    [
        (404, "No endpoints found that support the parameter `seed`: it is not supported", True),
        (500, "Unexpected keyword argument 'seed'", True),
        (500, "Failed at random seed 7", False),
        (500, "Internal error: only nodes with a seed; the request must be repeated", False),
        (406, "Parameter 'seed' is not supported", True),
        (403, "Parameter 'seed' is not available on your plan", True),
        (403, "You may not use this. See the documentation of seed", False),
        (503, "seed is not supported", False),
        (401, "seed is not supported", False),
        (429, "seed is not supported", False),
    ],
)
def test_other_status_must_come_with_a_text_that_refuses_a_parameter(
    status: int, message: str, *, is_adapted: bool
) -> None:
    assert (after(openai(message), status) is not None) == is_adapted


def test_refused_token_limit_is_sent_under_its_other_name_or_left_out_if_both_are_refused() -> None:
    swapped = after(
        openai(
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead."
            ),
            "max_tokens",
            "unsupported_parameter",
        )
    )
    assert swapped is not None
    body = swapped.applied(BODY)
    assert (body["max_completion_tokens"], "max_tokens" in body) == (1024, False)
    neither = after(extra("max_completion_tokens"), 422, swapped)
    assert neither is not None
    assert not {"max_tokens", "max_completion_tokens"} & set(neither.applied(BODY))
    own_name = {**BODY, "max_completion_tokens": 500}
    del own_name["max_tokens"]
    error = read_error(extra("max_completion_tokens"))
    back = adapted(Adaptations(), error, 422, own_name)
    assert back is not None
    assert (back.applied(own_name)["max_tokens"], "max_completion_tokens" in back.applied(own_name)) == (500, False)


@pytest.mark.parametrize(
    "message",
    [
        "Please use `max_completion_tokens` instead of `max_tokens`",
        "max_tokens is deprecated, use max_completion_tokens",
        "'max_tokens' is not supported with house/seed-oss-36b",
        "Missing required parameter: 'max_completion_tokens'.",
    ],
)
def test_max_tokens_is_renamed_if_the_parameter_is_named_only_in_the_error_text(message: str) -> None:
    found = after(openai(message))
    assert found is not None
    assert found.applied(BODY)["max_completion_tokens"] == 1024


@pytest.mark.parametrize(
    ("message", "cap"),
    [
        (
            (
                "max_tokens is too large: 1024. This model supports at most 512 completion "
                "tokens, whereas you provided 1024."
            ),
            512,
        ),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 800]", 800),
        (
            (
                "`max_tokens` must be less than or equal to `1,000`, the maximum value for "
                "`max_tokens` is less than the window"
            ),
            1000,
        ),
        ("max_tokens must be less than 513", 512),
    ],
)
def test_token_limit_is_lowered_to_the_maximum_that_the_refusal_states(message: str, cap: int) -> None:
    found = after(openai(message, "max_tokens"))
    assert found is not None
    assert found.applied(BODY)["max_tokens"] == cap
    assert "asks for at most" in found.described()[0]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (
            openai(
                "Unsupported value: 'messages[0].role' does not support 'system' with this model.", "messages[0].role"
            ),
            400,
        ),
        (openai("System role not supported"), 400),
        (openai("Conversation roles must alternate user/assistant/user/assistant/..."), 400),
        (openai("Only user and assistant roles are supported!"), 400),
        (openai("Developer instruction is not enabled for models/gemma-3-27b-it"), 400),
        (openai("Unexpected role 'system' in the messages"), 400),
        ({"error": {"code": 500, "message": "Jinja Exception: System role not supported"}}, 500),
        ({"error": "Error rendering prompt with jinja template: Conversation roles must alternate"}, 400),
        ({"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "Input should be 'user' or 'assistant'"}]}, 422),
        ("After the optional system message, conversation roles must alternate user/assistant", 400),
        (openai("This model does not support system messages"), 400),
        (openai("system: role is not allowed"), 400),
        (openai("Role 'system' not in the allowed list [user, assistant]"), 400),
        (openai("该模型不支持 system 角色"), 400),
        (openai("Expected last role User or Tool for serving but got system"), 400),
    ],
)
def test_refused_system_role_moves_the_system_text_to_the_first_user_message(error: object, status: int) -> None:
    found = after(error, status)
    assert found is not None
    assert found.applied(BODY)["messages"] == [
        {"role": "user", "content": "You are Luna.\n\nWhat is the temperature outside?"}
    ]
    assert after(error, status, found) is None, "the same refusal again changes nothing"


@pytest.mark.parametrize(
    ("message", "bounds"),
    [
        ("`max_tokens` must be less than or equal to `512`, which is less than the `context_window`", True),
        ("max_completion_tokens cannot exceed 512", True),
        ("`max_tokens` must be less than or equal to `8192`", False),
        ("`inputs` tokens + `max_new_tokens` must be <= 512. Given: 600", False),
        ("the sum of the prompt and max_tokens must not exceed 512", False),
        ("This model's maximum context length is 512 tokens", False),
    ],
)
def test_bound_of_the_reply_is_told_from_the_size_of_the_window(message: str, bounds: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert bounds_reply(read_error(openai(message)), BODY) == bounds


def test_internal_system_error_does_not_move_the_system_text() -> None:
    assert after(openai("Unexpected internal system error"), 500) is None


def test_description_of_the_adaptations_has_a_phrase_for_each_change() -> None:
    changed = Adaptations(
        dropped=("seed",), limit="max_completion_tokens", refused_limits=("max_tokens",), folds_system=True
    )
    assert changed.described() == (
        "leaves out seed",
        "sends max_completion_tokens instead of max_tokens",
        "sends the system text in the first user message",
    )
    assert Adaptations().described() == ()
    assert Adaptations().applied(BODY) == BODY
