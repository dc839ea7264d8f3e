"""Hosted servers: OpenAI, OpenRouter, Mistral, Gemini, DeepSeek."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fakes.model_sse import DONE
from tests.fakes.server_kinds.server import (
    MODEL,
    WINDOW_TOKENS,
    Body,
    Refusal,
    ServerKind,
    asked_tokens,
    delta,
    event,
    figures,
    named,
    over_window,
    prompt_tokens,
    usage,
    words,
)

REASONING = "The user greets me, so I greet back."


def _openai_error(message: str, *, param: str | None, code: str | None) -> Refusal:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Refusal(400, {"error": error})


def _openai_refusal(body: Body) -> Refusal | None:
    """Refuse as a reasoning model of OpenAI does: each error names only one unsupported parameter."""
    for name in named(body, ("min_p", "top_k", "repetition_penalty")):
        return _openai_error(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    if "max_tokens" in body:
        return _openai_error(
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            param="max_tokens",
            code="unsupported_parameter",
        )
    for name in named(body, ("temperature", "top_p", "frequency_penalty", "presence_penalty")):
        return _openai_error(
            f"Unsupported value: '{name}' does not support {body[name]} with this model. "
            "Only the default (1) value is supported.",
            param=name,
            code="unsupported_value",
        )
    if over_window(body):
        return _openai_error(
            f"This model's maximum context length is {WINDOW_TOKENS} tokens. However, your messages resulted in "
            f"{prompt_tokens(body)} tokens. Please reduce the length of the messages.",
            param="messages",
            code="context_length_exceeded",
        )
    return None


def _openai_stream(text: str, body: Body) -> Iterator[bytes]:
    yield delta({"role": "assistant", "content": "", "refusal": None})
    for word in words(text):
        yield delta({"content": word}, logprobs=None)
    yield delta({}, "stop")
    yield usage(text, body, completion_tokens_details={"reasoning_tokens": 64})
    yield DONE


def _openrouter_refusal(body: Body) -> Refusal | None:
    if not over_window(body):
        return None
    asked = prompt_tokens(body) + asked_tokens(body)
    message = (
        f"This endpoint's maximum context length is {WINDOW_TOKENS} tokens. However, you requested about {asked} "
        "tokens "
        f"({prompt_tokens(body)} of text input, {asked_tokens(body)} in the output). Please reduce the length of "
        'either one, or use the "middle-out" transform to compress your prompt automatically.'
    )
    return Refusal(400, {"error": {"message": message, "code": 400, "metadata": {"provider_name": None}}})


def _openrouter_stream(text: str, body: Body) -> Iterator[bytes]:
    yield b": OPENROUTER PROCESSING\n\n"
    for word in words(REASONING):
        details = [{"type": "reasoning.text", "text": word, "index": 0}]
        yield delta({"role": "assistant", "content": "", "reasoning": word, "reasoning_details": details})
        yield b": OPENROUTER PROCESSING\n\n"
    for word in words(text):
        yield delta({"role": "assistant", "content": word}, native_finish_reason=None)
    yield delta({"role": "assistant", "content": ""}, "stop", native_finish_reason="STOP")
    yield usage(text, body, cost=0.0003)
    yield DONE


def _mistral_refusal(body: Body) -> Refusal | None:
    extra = named(body, ("seed", "min_p", "top_k", "repetition_penalty", "max_completion_tokens"))
    if extra:
        detail = [
            {
                "type": "extra_forbidden",
                "loc": ["body", name],
                "msg": "Extra inputs are not permitted",
                "input": body[name],
            }
            for name in extra
        ]
        error = {"message": {"detail": detail}, "type": "invalid_request_error", "param": None, "code": None}
        return Refusal(422, {"object": "error", **error})
    if over_window(body):
        message = (
            f"Prompt contains {prompt_tokens(body)} tokens and 0 draft tokens, too large for model with "
            f"{WINDOW_TOKENS} maximum context length"
        )
        return Refusal(400, {"object": "error", "message": message, "type": "invalid_request_error", "code": "3051"})
    return None


def _mistral_stream(text: str, body: Body) -> Iterator[bytes]:
    yield delta({"role": "assistant", "content": ""})
    for word in words(REASONING):
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": word}]}
        yield delta({"content": [thinking]})
    for word in words(text):
        yield delta({"content": [{"type": "text", "text": word}]})
    yield delta({"content": ""}, "stop")
    yield DONE


def _gemini_error(message: str) -> Refusal:
    violations = [{"description": line} for line in message.splitlines()]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]
    error = {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": details}
    return Refusal(400, [{"error": error}])


def _gemini_refusal(body: Body) -> Refusal | None:
    unknown = named(body, ("seed", "min_p", "top_k", "repetition_penalty", "frequency_penalty", "presence_penalty"))
    if unknown:
        lines = (f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.' for name in unknown)
        return _gemini_error("\n".join(lines))
    if over_window(body):
        return _gemini_error(
            f"The input token count ({prompt_tokens(body)}) exceeds the maximum number of tokens allowed "
            f"({WINDOW_TOKENS - asked_tokens(body)})."
        )
    return None


def _gemini_stream(text: str, body: Body) -> Iterator[bytes]:
    *most, last = words(text)
    for word in most:
        yield delta({"role": "assistant", "content": word})
    yield delta({"role": "assistant", "content": last, "extra_content": {"google": {"thought_signature": "x"}}}, "stop")
    yield DONE


def _deepseek_refusal(body: Body) -> Refusal | None:
    if not over_window(body):
        return None
    asked = prompt_tokens(body) + asked_tokens(body)
    return _openai_error(
        f"This model's maximum context length is {WINDOW_TOKENS} tokens. However, you requested {asked} tokens "
        f"({prompt_tokens(body)} in the messages, {asked_tokens(body)} in the completion). "
        "Please reduce the length of the messages or completion.",
        param=None,
        code="invalid_request_error",
    )


def _deepseek_stream(text: str, body: Body) -> Iterator[bytes]:
    yield b": keep-alive\n\n"
    yield delta({"role": "assistant", "content": None, "reasoning_content": ""})
    for word in words(REASONING):
        yield delta({"content": None, "reasoning_content": word})
        yield b": keep-alive\n\n"
    for word in words(text):
        yield delta({"content": word, "reasoning_content": None})
    last = {"index": 0, "delta": {"content": "", "reasoning_content": None}, "finish_reason": "stop"}
    yield event({"id": "x", "choices": [last], "usage": figures(text, body)})
    yield DONE


def _model_list(**fields: object) -> object:
    return {"object": "list", "data": [{"id": MODEL, "object": "model", **fields}]}


HOSTED = (
    ServerKind("OpenAI", _openai_stream, (_openai_refusal,)),
    ServerKind(
        "OpenRouter",
        _openrouter_stream,
        (_openrouter_refusal,),
        prefix="/api/v1",
        models=_model_list(context_length=WINDOW_TOKENS),
    ),
    ServerKind("Mistral", _mistral_stream, (_mistral_refusal,), models=_model_list(max_context_length=WINDOW_TOKENS)),
    ServerKind("Gemini", _gemini_stream, (_gemini_refusal,), prefix="/v1beta/openai"),
    ServerKind("DeepSeek", _deepseek_stream, (_deepseek_refusal,)),
)
"""The hosted servers."""
