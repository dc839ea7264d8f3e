"""Servers that people run themselves: Ollama, llama.cpp, vLLM, LM Studio."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fakes.model_sse import DONE
from tests.fakes.server_kinds.hosted import REASONING
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
    over_window,
    prompt_tokens,
    usage,
    words,
)


def _ollama_stream(text: str, body: Body) -> Iterator[bytes]:
    for word in words(REASONING):
        yield delta({"role": "assistant", "content": "", "reasoning": word})
    for word in words(text):
        yield delta({"role": "assistant", "content": word})
    yield delta({"role": "assistant", "content": ""}, "stop")
    yield usage(text, body)
    yield DONE


def _llama_cpp_refusal(body: Body) -> Refusal | None:
    """Refuse as llama.cpp does with Gemma's chat template, which has no system role."""
    if body["messages"][0]["role"] == "system":
        message = "Jinja Exception: System role not supported"
        return Refusal(500, {"error": {"code": 500, "message": message, "type": "server_error"}})
    if over_window(body):
        error = {
            "code": 400,
            "message": "the request exceeds the available context size, try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": prompt_tokens(body),
            "n_ctx": WINDOW_TOKENS,
        }
        return Refusal(400, {"error": error})
    return None


def _llama_cpp_stream(text: str, body: Body) -> Iterator[bytes]:
    yield delta({"role": "assistant", "content": None})
    for word in words(text):
        yield delta({"content": word})
    yield delta({}, "stop")
    yield event({"choices": [], "usage": figures(text, body), "timings": {"prompt_n": 10}})
    yield DONE


def _vllm_refusal(body: Body) -> Refusal | None:
    """Refuse a request that exceeds the context window; the error names `max_tokens` nevertheless."""
    if not over_window(body):
        return None
    asked, prompt = asked_tokens(body), prompt_tokens(body)
    message = (
        f"'max_tokens' or 'max_completion_tokens' is too large: {asked}. This model's maximum context length is "
        f"{WINDOW_TOKENS} tokens and your request has {prompt} input tokens ({asked} > {WINDOW_TOKENS} - {prompt}). "
        f"(parameter=max_tokens, value={asked})"
    )
    return Refusal(400, {"error": {"message": message, "type": "BadRequestError", "param": "max_tokens", "code": 400}})


def _vllm_stream(text: str, body: Body) -> Iterator[bytes]:
    """Stream as vLLM does without a reasoning parser: the content contains the reasoning."""
    yield delta({"role": "assistant", "content": ""})
    for word in ("<think>", "\n", *words(REASONING), "\n", "</think>", "\n\n", *words(text)):
        yield delta({"content": word})
    yield delta({"content": ""}, "stop", stop_reason=None)
    yield usage(text, body)
    yield DONE


def _lm_studio_refusal(body: Body) -> Refusal | None:
    if not over_window(body):
        return None
    message = (
        f"Trying to keep the first {prompt_tokens(body)} tokens when context the overflows. However, the model is "
        f"loaded with context length of only {WINDOW_TOKENS} tokens, which is not enough. Try to load the model with a "
        "larger context length, or provide a shorter input"
    )
    return Refusal(200, stream=[b"event: error\n", event({"error": {"message": message}})])


def _lm_studio_stream(text: str, body: Body) -> Iterator[bytes]:
    """Stream as LM Studio does without a chat template: the end-of-turn token and an invented turn follow the reply."""
    for word in words(text):
        yield delta({"role": "assistant", "content": word})
    for word in ("<|im_end|>", "\n", "<|im_start|>", "user", "\n", "And", " you?"):
        yield delta({"role": "assistant", "content": word})
    yield delta({}, "stop")
    yield DONE


_LOADING = Refusal(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})

LOCAL = (
    ServerKind(
        "Ollama",
        _ollama_stream,
        paths={
            "/api/show": {"parameters": f"num_ctx {WINDOW_TOKENS}", "model_info": {"llama.context_length": 131_072}},
            "/api/ps": {"models": [{"name": MODEL, "model": MODEL, "context_length": WINDOW_TOKENS}]},
        },
    ),
    ServerKind(
        "llama.cpp",
        _llama_cpp_stream,
        (_llama_cpp_refusal,),
        models={"object": "list", "data": [{"id": MODEL, "meta": {"n_ctx_train": 131_072}}]},
        paths={"/props": {"default_generation_settings": {"n_ctx": WINDOW_TOKENS}}},
        fails_first=_LOADING,
    ),
    ServerKind(
        "vLLM",
        _vllm_stream,
        (_vllm_refusal,),
        models={"object": "list", "data": [{"id": MODEL, "max_model_len": WINDOW_TOKENS}]},
    ),
    ServerKind(
        "LM Studio",
        _lm_studio_stream,
        (_lm_studio_refusal,),
        paths={"/api/v0/models": {"data": [{"id": MODEL, "loaded_context_length": WINDOW_TOKENS}]}},
        answers_unknown_paths=True,
    ),
)
"""The servers that people run themselves."""
