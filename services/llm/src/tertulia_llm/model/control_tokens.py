"""Recognizes the control tokens of chat models in text: reasoning tags, turn ends, roles, channels. Pure.

A server that decodes special tokens as text, or has no parser for the model's reasoning, sends them as a part of the
reply. The spellings are those in the chat templates of Llama, Qwen, DeepSeek, Mistral, Gemma, Phi, gpt-oss (Harmony),
Command, Granite, Kimi, GLM, Seed, MiniMax, EXAONE, Apertus, Pangu, PLaMo and others. A piped token with an unknown name
(`<|name|>`) is dropped, since it is never something that a character says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from tertulia_llm.model.reasoning_tags import (
    THOUGHT,
    closes_reasoning,
    doubtful_tag,
    is_reasoning_tag,
    may_become_doubtful_tag,
    may_become_reasoning_tag,
)


class Kind(Enum):
    """What a control token means."""

    OPEN = auto()
    """Reasoning begins."""
    CLOSE = auto()
    """Reasoning ends."""
    CHANNEL = auto()
    """The name of a channel follows: a channel for reasoning, or the channel of the reply."""
    CLOSE_CHANNEL = auto()
    """A channel ends; its name follows."""
    END = auto()
    """The turn ends."""
    TURN = auto()
    """A turn begins; its role follows."""
    USER = auto()
    """A turn of the user, the system or a tool begins."""
    ASSISTANT = auto()
    """A turn of the model (the assistant) begins."""
    BEGIN = auto()
    """The start of the whole text (a model's "beginning of sequence")."""
    ANSWER = auto()
    """An element begins that contains the reply, such as `<answer>`."""
    ANSWER_END = auto()
    TOOL = auto()
    """A tool call begins."""
    FORMAT = auto()
    """The format of a channel's text follows."""
    DROP = auto()
    """Has no meaning for the reply."""


@dataclass(frozen=True, slots=True)
class Token:
    """A control token. `is_soft`: the same characters occur in ordinary text, so the position decides whether it is a
    token.
    """

    kind: Kind
    length: int
    is_soft: bool = False
    is_doubtful: bool = False
    """True for a tag that opens reasoning only if it is closed."""
    is_strike: bool = False
    """True for `<s>` and `</s>`: in HTML they are the tags of text that is crossed out."""


_ANSWER_TAGS: Final = frozenset({"answer", "final_answer", "final", "response", "final_response", "output", "reply"})
_TAGS: Final = {
    **dict.fromkeys(("eos", "eod", "eop", "eom", "eot", "end_of_turn", "turn_end", "endoftext"), Kind.END),
    **dict.fromkeys(("im_end", "end_of_text", "eot_id", "end_of_sentence", "/s", "end_of_utterance"), Kind.END),
    **dict.fromkeys(("start_of_turn", "im_start"), Kind.TURN),
    **dict.fromkeys(("s", "bos", "sop", "begin_of_text", "begin_of_sentence"), Kind.BEGIN),
    **dict.fromkeys(("pad", "unk", "mask"), Kind.DROP),
    **dict.fromkeys(("tool_call", "tool_calls", "function_call", "function_calls"), Kind.TOOL),
    "unused94": Kind.OPEN,  # MedGemma
    "unused95": Kind.CLOSE,
    "reserved_106": Kind.USER,  # Baichuan
    "reserved_107": Kind.ASSISTANT,
}
_PIPED: Final = {
    **{
        name: Kind.OPEN
        for word in THOUGHT
        for name in (word, *(f"{first}{word}" for first in ("begin_", "start_", "begin_of_", "start_of_")))
    },
    **{f"{word}{last}": Kind.OPEN for word in THOUGHT for last in ("_start", ":start", "_begin")},
    **{
        name: Kind.CLOSE
        for word in THOUGHT
        for name in (*(f"{first}{word}" for first in ("/", "end_", "end_of_", "endof")), f"{word}_end", f"{word}:end")
    },
    **dict.fromkeys(("inner_prefix", "plamo:begin_think:plamo"), Kind.OPEN),
    **dict.fromkeys(("inner_suffix", "plamo:end_think:plamo", "start_response", "begin_of_solution"), Kind.CLOSE),
    **dict.fromkeys(("channel", "open"), Kind.CHANNEL),
    "close": Kind.CLOSE_CHANNEL,
    "constrain": Kind.FORMAT,
    **dict.fromkeys(("end", "return", "eos", "eod", "eot", "eot_id", "eom", "eom_id", "eoc", "im_end"), Kind.END),
    **dict.fromkeys(("end_of_text", "endoftext", "end_of_turn", "endofturn", "end_of_turn_token"), Kind.END),
    **dict.fromkeys(("end_of_sentence", "end_of_utterance", "end_of_message", "end_response"), Kind.END),
    **dict.fromkeys(("end_of_solution", "end_text", "assistant_end", "plamo:tag", "end_of_generation"), Kind.END),
    **dict.fromkeys(("turn_end", "end_turn"), Kind.END),
    **dict.fromkeys(("im_start", "start", "start_header_id", "start_of_role", "start_of_turn", "turn"), Kind.TURN),
    "header_start": Kind.TURN,  # Llama 4
    "im_assistant": Kind.TURN,  # Kimi: the role is repeated after this token
    "start_of_turn_token": Kind.DROP,  # a token with the role follows
    **dict.fromkeys(("user", "human", "prompter", "system", "tool", "observation", "function", "developer"), Kind.USER),
    **dict.fromkeys(("user_token", "system_token", "im_user", "im_system", "user_start", "system_start"), Kind.USER),
    "user_prompt": Kind.USER,
    **dict.fromkeys(("assistant", "bot", "model", "chatbot_token", "assistant_start"), Kind.ASSISTANT),
    **dict.fromkeys(("begin_of_text", "startoftext", "begin_of_sentence", "bos"), Kind.BEGIN),
    **dict.fromkeys(("tool_call", "tool_calls", "tool_calls_begin", "tool_call_begin"), Kind.TOOL),
    **dict.fromkeys(("tool_calls_section_begin", "python_tag", "start_action", "call", "tools_prefix"), Kind.TOOL),
}
_RIGHT_PIPED: Final = {
    "turn": Kind.END,
    "channel": Kind.CLOSE,
    "think": Kind.CLOSE,
    **dict.fromkeys(("tool_call", "tool_response", "tool", "image", "audio"), Kind.DROP),
}
"""Gemma 4 writes `<|turn>` and `<turn|>`."""
_LITERALS: Final = {
    "◁think▷": Token(Kind.OPEN, 7, is_soft=True),
    "◁/think▷": Token(Kind.CLOSE, 8),
    "[THINK]": Token(Kind.OPEN, 7, is_soft=True),
    "[/THINK]": Token(Kind.CLOSE, 8),
    "[unused16]": Token(Kind.OPEN, 10),
    "[unused17]": Token(Kind.CLOSE, 10),
    **{text: Token(Kind.USER, len(text)) for text in ("[INST]", "[SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]", "<<SYS>>")},
    **{text: Token(Kind.USER, len(text)) for text in ("[|user|]", "[|system|]", "[|tool|]")},
    **{text: Token(Kind.ASSISTANT, len(text)) for text in ("[/INST]", "[|assistant|]")},
    **{text: Token(Kind.DROP, len(text)) for text in ("[PAD]", "[UNK]", "[/SYSTEM_PROMPT]", "<</SYS>>")},
    **{text: Token(Kind.BEGIN, len(text)) for text in ("[gMASK]", "[BOS]")},
    **{text: Token(Kind.END, len(text)) for text in ("[EOS]", "[|endofturn|]", "[e~[")},
    "[TOOL_CALLS]": Token(Kind.TOOL, 12),
}
_LITERAL_PREFIXES: Final = frozenset(text[:length] for text in _LITERALS for length in range(1, len(text)))
_LONGEST_LITERAL: Final = max(map(len, _LITERALS))
_ALL_TAGS: Final = (*_ANSWER_TAGS, *_TAGS, *(f"{name}|" for name in _RIGHT_PIPED))
_TAG_PREFIXES: Final = frozenset(
    name.lstrip("/")[:length] for name in _ALL_TAGS for length in range(len(name.lstrip("/")) + 1)
)
_MIN_NAME: Final = 3
"""Piped tokens with an unknown name that is shorter are text: `a<|b|>c`."""

_PIPED_TOKEN: Final = re.compile(
    r"<(?:[|\uff5c]([^\s<>|\uff5c]{1,40})[|\uff5c]?|(" + "|".join(_RIGHT_PIPED) + r")\|)>",
    re.IGNORECASE,
)
_PIPED_PART: Final = re.compile(r"<[|\uff5c](?:[^\s<>|\uff5c]{1,40}[|\uff5c]?)?\Z")
_TAG: Final = re.compile(r"<\s{0,2}(/?)\s{0,2}([A-Za-z][\w:.-]{0,31})(\s[^<>]{0,80}?)?\s{0,2}(/?)\s{0,2}>")
_TAG_PART: Final = re.compile(r"<\s{0,2}/?\s{0,2}([A-Za-z][\w:.|-]{0,31})?(\s[^<>]{0,80})?/?\s{0,2}\Z")

FIRST: Final = "<[◁&\uff1c"
"""The characters with which a token can begin."""
MAX_CHARS: Final = 128
"""The maximum length of a token."""


def token_at(text: str, at: int) -> Token | None:
    """The token at the index `at` of a text, or None. The text must have one of the characters `FIRST` there."""
    for length in (*range(4, _LONGEST_LITERAL + 1),) if text[at] in "[◁" or text.startswith("<<", at) else ():
        literal = _LITERALS.get(text[at : at + length])
        if literal is not None:
            return literal
    if text[at] != "<":
        doubtful = doubtful_tag(text, at)
        if doubtful is None:
            return None
        closes, length = doubtful
        return Token(Kind.CLOSE, length) if closes else Token(Kind.OPEN, length, is_soft=True, is_doubtful=True)
    piped = _PIPED_TOKEN.match(text, at)
    if piped is not None:
        kind = _piped_kind(piped)
        return None if kind is None else Token(kind, len(piped.group()))
    tag = _TAG.match(text, at)
    return None if tag is None else _tag(tag)


def may_become_token(text: str, at: int) -> bool:  # noqa: PLR0911 - one case for each spelling
    """True if the text from `at` to its end may be the beginning of a token."""
    rest = text[at : at + MAX_CHARS + 1]
    if len(rest) > MAX_CHARS:
        return False
    if rest in _LITERAL_PREFIXES:
        return True
    if rest[0] != "<":
        return may_become_doubtful_tag(rest)
    if _PIPED_PART.match(rest):
        return True
    part = _TAG_PART.match(rest)
    if part is None:
        return False
    name = (part.group(1) or "").lower().replace("-", "_")
    if part.group(2):
        return name in _ANSWER_TAGS or is_reasoning_tag(name)
    return name in _TAG_PREFIXES or may_become_reasoning_tag(name)


def _piped_kind(match: re.Match[str]) -> Kind | None:
    name, right_name = match.groups()
    if right_name is not None:
        return _RIGHT_PIPED[right_name.lower()]
    return _PIPED.get(name.lower().replace("\u2581", "_"), Kind.DROP if len(name) >= _MIN_NAME else None)


def _tag(match: re.Match[str]) -> Token | None:
    slash, name, attributes, end_slash = match.groups()
    name, length = name.lower().replace("-", "_"), len(match.group())
    if is_reasoning_tag(name):
        if end_slash:
            return Token(Kind.DROP, length)
        closes = slash or closes_reasoning(name)
        return Token(Kind.CLOSE, length) if closes else Token(Kind.OPEN, length, is_soft=True)
    if name in _ANSWER_TAGS:
        return Token(Kind.ANSWER_END if slash else Kind.ANSWER, length, is_soft=True)
    if attributes:
        return None
    kind = _TAGS.get(slash + name)
    if kind is None:
        return Token(Kind.DROP, length) if re.fullmatch(r"unused\d+", name) else None
    return Token(kind, length, is_soft=kind is Kind.TOOL, is_strike=name == "s")
