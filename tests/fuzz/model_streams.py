"""Mutated responses of a model server. The result must not depend on how the bytes are split."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final

from tertulia_llm.model.reply_reader import Marker, ReplyReader
from tertulia_llm.model.usage import usage_of
from tests.fuzz.mutations import changed, flipped, value

MAX_TOKENS: Final = 1024
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WORDS: Final = (
    "Hello ", "Jay", ".", "!\n", "\n\n", " ", "été ", "😀", "👩‍🚀", "日本語。", "`", "```\n", '"',
    "a < b ", "[1]", "#", "(", "The user ", "Okay, ", "assistant\n", "analysis", "We ", "assistantfinal",
    "Here is my thought process:", "Here is my response:", "use the ", " tag ", "Luna: ",
    "Jay says ", "Let me think. ", "I should reply. ", "user\n", "assistant", "model",
    "```thinking\n", "\ufeff", "\ufffd", "\0",
)  # fmt: skip
_TOKENS: Final = (
    "<think>", "</think>", "<thinking>", "</thinking>", "< Think >", "</ THINK >", '<think a="1">', "<think/>",
    "◁think▷", "◁/think▷", "[THINK]", "[/THINK]", "<|channel|>analysis<|message|>", "<|channel|>final<|message|>",
    "<|end|>", "<|start|>assistant", "<|return|>", "<|im_end|>", "<|im_start|>user\n", "<|im_start|>assistant\n",
    "</s>", "<s>",
    "[INST]", "[/INST]", "<|eot_id|>", "<|start_header_id|>assistant<|end_header_id|>\n\n", "<end_of_turn>",
    "<start_of_turn>model\n", "<｜end▁of▁sentence｜>", "<|user|>", "<|assistant|>", "<bos>", "<pad>", "### User:",
    "### Response:\n", "<unused94>thought\n", "<unused95>", "<|channel>thought\n", "<channel|>",
    "<answer>", "</answer>",
    "<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>", "<tool_call>", "<|open|>think<|sep|>",
    "<|close|>think<|sep|>", "<Luna>", "</Luna>", "<|what|>", "[thinking]", "[/thinking]", "&lt;think&gt;",
    "&lt;/think&gt;",
    "<private_thoughts>",
    "<end_think>", "<|header_start|>", "<|constrain|>text", "<", "<|", "</", "[",
)  # fmt: skip
_REASONS: Final = ("stop", "length", "content_filter", "tool_calls", "error", "eos", "SAFETY", "", None, 7)
_LINE_ENDS: Final = ("\n", "\r\n", "\r")
_STRAY: Final = (
    ": ping", ":", "event: error", "event: ping", "id: 3", "retry: 10", "data:", "data: ping", "data: null",
    "data: 7", "data: {", "data: [DONE]", "[DONE]", "{", "}", "ping", "data: [PING]", "[done]",
    'error: {"code": 503}', "data: error: x", '{"detail": "no"}', "\x1e{}",
    "<html><title>Sign in</title>", " data: x", "\ufeff",
)  # fmt: skip


def text_of(rng: Random) -> str:
    """The text of a reply, with control tokens and fragments of control tokens."""
    out: list[str] = []
    for _ in range(rng.randrange(12)):
        token = rng.choice(_TOKENS if rng.randrange(2) else _WORDS)
        out.append(token if rng.randrange(6) else token[: rng.randrange(len(token) + 1)])
    return "".join(out)


def _content(rng: Random, text: str) -> Any:
    match rng.randrange(12):
        case 0:
            return [{"type": "text", "text": text}]
        case 1:
            return [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}, {"type": "text", "text": text}]
        case 2:
            return {"text": text}
        case 3:
            return None
        case _:
            return text


def _choice(rng: Random, text: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"content": _content(rng, text)}
    if rng.randrange(8) == 0:
        fields[rng.choice(("reasoning_content", "reasoning", "refusal", "tool_calls", "thinking"))] = text
    choice: dict[str, Any] = {"index": 0, rng.choice(("delta",) * 9 + ("message",)): fields}
    if rng.randrange(6) == 0:
        choice["finish_reason"] = rng.choice(_REASONS)
    if rng.randrange(10) == 0:
        choice["index"] = rng.choice((1, None, "0", 0))
    return changed(rng, choice) if rng.randrange(12) == 0 else choice


def _chunk(rng: Random, text: str) -> str:
    chunk: Mapping[str, Any] = {"choices": [_choice(rng, text) for _ in range(rng.choice((1, 1, 1, 1, 0, 2)))]}
    if rng.randrange(10) == 0:
        chunk = {**chunk, "usage": rng.choice((None, {"completion_tokens": 3}, {"cost": float("nan")}, 7))}
    if rng.randrange(40) == 0:
        chunk = {**chunk, "error": rng.choice(({"message": "overloaded", "code": 502}, "overloaded", True, []))}
    if rng.randrange(16) == 0:
        chunk = changed(rng, chunk)
    if rng.randrange(40) == 0:
        return json.dumps(value(rng))
    return json.dumps(chunk, ensure_ascii=bool(rng.randrange(2)), indent=rng.choice((None,) * 9 + (1,)))


def _cut(rng: Random, text: str) -> Iterator[str]:
    """Pieces of a text. A split may be between the two halves of a surrogate pair."""
    halves = text.encode("utf-16-le", "surrogatepass")
    at = 0
    while at < len(halves):
        end = min(len(halves), at + 2 * rng.randrange(1, 12))
        yield halves[at:end].decode("utf-16-le", "surrogatepass")
        at = end


def response(rng: Random) -> bytes:
    """A response as server-sent events, JSON lines or one JSON object; sometimes mutated."""
    end = rng.choice(_LINE_ENDS)
    prefix = rng.choice(("data: ", "data:", "data: ", "")) if rng.randrange(8) else ""
    lines: list[str] = ["\ufeff"] if rng.randrange(20) == 0 else []
    for piece in _cut(rng, text_of(rng)):
        chunk = _chunk(rng, piece)
        parts = chunk.split("\n") if prefix else [chunk]
        lines.extend(f"{prefix}{part}{end}" for part in parts)
        lines.append(end if prefix and rng.randrange(10) else "")
        if rng.randrange(10) == 0:
            lines.append(rng.choice(_STRAY) + end * rng.randrange(3))
    if rng.randrange(2):
        lines.append(f"data: [DONE]{end}{end}")
    data = "".join(lines).encode("utf-8", "surrogatepass")
    return flipped(rng, data) if rng.randrange(4) == 0 else data


def pieces_of(rng: Random, data: bytes) -> Sequence[bytes]:
    """The data, split into random pieces."""
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(1, 20)))
    ends = [*cuts, len(data)]
    return [data[start:end] for start, end in zip([0, *cuts], ends, strict=True) if end > start]


def read(pieces: Sequence[bytes], *, reasons_first: bool) -> tuple[str, str, str]:
    """The result of reading a response: the text, the ending, and the failure."""
    reader = ReplyReader(MAX_TOKENS, reasons_first=reasons_first, names=("Jay", "Luna"))
    shown: list[str] = []
    steps: list[Callable[[], Sequence[str | Marker]]] = [lambda piece=piece: reader.feed(piece) for piece in pieces]
    for step in [*steps, reader.finish]:
        if reader.is_done:
            break
        for piece in step():
            if piece is Marker.DISCARD:
                shown.clear()
            elif isinstance(piece, str):
                assert piece, "an empty text"
                shown.append(piece)
    assert reader.is_done, "no end"
    usage_of(reader.usage)
    return "".join(shown), reader.ending.name, str(reader.failure)


def model_stream(rng: Random) -> None:
    """Test one input."""
    data = response(rng)
    reasons_first = rng.randrange(8) == 0
    whole = read([data], reasons_first=reasons_first)
    assert read(pieces_of(rng, data), reasons_first=reasons_first) == whole, data
    if rng.randrange(4) == 0:
        assert read([bytes([byte]) for byte in data], reasons_first=reasons_first) == whole, data
    text = whole[0]
    assert not _SURROGATE.search(text), f"half a character of {data!r}"
    if "\ufffd" in text:
        assert "\ufffd".encode() in data or b"fffd" in data.lower(), f"a character that was not in {data!r}"
