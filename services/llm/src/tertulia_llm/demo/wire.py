"""The OpenAI chat format: checks the body of a request, and builds the objects of a response. Pure.

`BadRequestError` (400) names the wrong field and its valid values; `UnknownModelError` (404) names the models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tertulia_llm.demo.scene import Message, Role

MODEL = "tertulia-demo"
MAX_MESSAGES = 2000
MAX_STOPS = 4

_ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0, 2),
}


class RequestError(Exception):
    """Raised to refuse a request. `status`: the HTTP status. `code` and `param`: as in OpenAI's error objects."""

    status = 400
    code: str | None = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param

    def body(self) -> dict[str, Any]:
        return error_body(str(self), param=self.param, code=self.code)


class BadRequestError(RequestError):
    """The body is not a chat completion request."""


class UnknownModelError(RequestError):
    """The body asks for a model that this server does not have."""

    status = 404
    code = "model_not_found"


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked request. `max_tokens`: None for no limit. `seed`: None for the server's own seed."""

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


def parse_request(body: object) -> ChatRequest:
    """Check a decoded JSON body. Unknown fields are ignored, as in OpenAI-compatible servers.

    Raises:
        BadRequestError: a field is missing or invalid.
        UnknownModelError: the model is not `MODEL`.
    """
    if not isinstance(body, dict):
        raise BadRequestError(f"The body must be a JSON object, not {_kind(body)}.")
    fields = cast("dict[str, object]", body)
    model = fields.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequestError(f"'model' must be the name of a model. This server has '{MODEL}'.", param="model")
    if model != MODEL:
        raise UnknownModelError(f"The model '{model[:80]}' does not exist. This server has '{MODEL}'.", param="model")
    stream = _flag(fields, "stream")
    limits = [_integer(fields, name, least=1) for name in ("max_tokens", "max_completion_tokens")]
    for name, (least, most) in _RANGES.items():
        _check_range(fields, name, least, most)
    _integer(fields, "top_k", least=0)
    if _integer(fields, "n", least=1) not in {None, 1}:
        raise BadRequestError("'n' must be 1: this server makes one reply a request.", param="n")
    return ChatRequest(
        model=model,
        messages=_messages(fields.get("messages")),
        stream=stream,
        include_usage=_include_usage(fields.get("stream_options"), stream=stream),
        max_tokens=min((limit for limit in limits if limit is not None), default=None),
        seed=_integer(fields, "seed"),
        stop=_stop(fields.get("stop")),
    )


def error_body(
    message: str, *, param: str | None = None, code: str | None = None, kind: str = "invalid_request_error"
) -> dict[str, Any]:
    """The error object of OpenAI's API."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def completion(reply_id: str, created: int, text: str, finish_reason: str, usage: Mapping[str, int]) -> dict[str, Any]:
    """The response to a request without streaming. `created`: in Unix seconds."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": finish_reason,
    }
    head = {"id": reply_id, "object": "chat.completion", "created": created, "model": MODEL}
    return {**head, "choices": [choice], "usage": dict(usage)}


def chunk(reply_id: str, created: int, delta: Mapping[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    """One object of a streamed response."""
    choice = {"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish_reason}
    head = {"id": reply_id, "object": "chat.completion.chunk", "created": created, "model": MODEL}
    return {**head, "choices": [choice]}


def usage_chunk(reply_id: str, created: int, usage: Mapping[str, int]) -> dict[str, Any]:
    """The last object of a streamed response, if the request asked for the token counts."""
    head = {"id": reply_id, "object": "chat.completion.chunk", "created": created, "model": MODEL}
    return {**head, "choices": [], "usage": dict(usage)}


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def models() -> dict[str, Any]:
    """The list of models. It has one model."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "tertulia"}]}


def _messages(value: object) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise BadRequestError("'messages' must be a list of at least one message.", param="messages")
    items = cast("list[object]", value)
    if len(items) > MAX_MESSAGES:
        raise BadRequestError(
            f"'messages' has {len(items)} messages; at most {MAX_MESSAGES} are allowed.", param="messages"
        )
    return tuple(_message(item, f"messages[{index}]") for index, item in enumerate(items))


def _message(value: object, where: str) -> Message:
    if not isinstance(value, dict):
        raise BadRequestError(
            f"'{where}' must be an object with 'role' and 'content', not {_kind(value)}.", param=where
        )
    fields = cast("dict[str, object]", value)
    role = fields.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise BadRequestError(f"'{where}.role' must be one of {', '.join(_ROLES)}.", param=f"{where}.role")
    return Message(_ROLES[role], _content(fields.get("content"), role, f"{where}.content"))


def _content(value: object, role: str, where: str) -> str:
    if isinstance(value, str):
        return value
    if value is None and role == "assistant":
        return ""
    if isinstance(value, list):
        return "".join(_text_parts(cast("list[object]", value), where))
    raise BadRequestError(f"'{where}' must be a string or a list of text parts, not {_kind(value)}.", param=where)


def _text_parts(parts: Iterable[object], where: str) -> Iterable[str]:
    for index, part in enumerate(parts):
        text = cast("dict[str, object]", part).get("text") if isinstance(part, dict) else None
        if not isinstance(text, str):
            allowed = 'only {"type": "text", "text": "…"} parts are understood'
            raise BadRequestError(f"'{where}[{index}]' is not a text part; {allowed}.", param=f"{where}[{index}]")
        yield text


def _include_usage(value: object, *, stream: bool) -> bool:
    if value is None:
        return False
    if not isinstance(value, dict):
        raise BadRequestError(f"'stream_options' must be an object, not {_kind(value)}.", param="stream_options")
    if not stream:
        raise BadRequestError("'stream_options' is only allowed when 'stream' is true.", param="stream_options")
    return _flag(cast("dict[str, object]", value), "include_usage")


def _stop(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else cast("list[object]", value) if isinstance(value, list) else None
    strings = [stop for stop in stops or () if isinstance(stop, str) and stop]
    if stops is None or len(strings) != len(stops) or len(stops) > MAX_STOPS:
        raise BadRequestError(
            f"'stop' must be a non-empty string or a list of at most {MAX_STOPS} of them.", param="stop"
        )
    return tuple(strings)


def _flag(fields: Mapping[str, object], name: str) -> bool:
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise BadRequestError(f"'{name}' must be true or false, not {_kind(value)}.", param=name)


def _integer(fields: Mapping[str, object], name: str, *, least: int | None = None) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        allowed = "an integer" if least is None else f"an integer of at least {least}"
        raise BadRequestError(f"'{name}' must be {allowed}.", param=name)
    return value


def _check_range(fields: Mapping[str, object], name: str, least: float, most: float) -> None:
    value = fields.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadRequestError(f"'{name}' must be a number from {least} to {most}.", param=name)


def _kind(value: object) -> str:
    names = {"NoneType": "null", "bool": "a boolean", "str": "a string", "list": "a list", "dict": "an object"}
    return names.get(type(value).__name__, "a number")
