"""Decides how to change the requests to a model after its server has refused one. Pure.

A change is made only for what the server names: a parameter of the request, or the system message's role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from tertulia_llm.model.server_error import ServerError
from tertulia_llm.text.prompt import Message, fold_system

MAX_TOKENS, MAX_COMPLETION_TOKENS = "max_tokens", "max_completion_tokens"
LIMITS: Final = (MAX_TOKENS, MAX_COMPLETION_TOKENS)
NEVER_DROPPED: Final = frozenset({"model", "messages"})
WORDS: Final = frozenset({"stream", "user", "stop", "n"})
"""Parameters whose names are ordinary words. They are not searched for in an error's text, only in its fields."""
LEAST_CAP = 16
"""No server limits a reply to fewer tokens than this, so a smaller number in an error is not its maximum for
`max_tokens`.
"""

_REFUSED: Final = frozenset({400, 422})
_ALSO_REFUSED: Final = frozenset({404, 405, 500, 501})
"""With these statuses, a server may have refused a parameter or failed otherwise; the text of the error decides."""
_REFUSES = re.compile(
    r"unsupported|not supported"
    r"|(does|do|is|are)(n't| not) (support|accept|allow|permit|enabl|available|valid|recogni[sz])"
    r"|unrecogni[sz]ed|unknown|unexpected|extra |not (permitted|allowed|accepted|enabled|available|valid)|invalid|must"
    r"|deprecated|only |cannot|can't|disabled|fixed|no such|forbidden",
    re.IGNORECASE,
)
_OFFERS = re.compile(
    r"(?<!not )(?<!not a )\b(supported|allowed|valid|accepted|permitted|available|known|possible) "
    r"(parameters?|params?|arguments?|fields?|options?|names?|keys?)\b"
    r"|expected (one of|any of)|did you mean|use\b[^.]{0,60}\binstead|please use\b|supports only\b",
    re.IGNORECASE,
)
"""The text after such a phrase names the parameters that the server accepts."""
_SYSTEM_REFUSED = re.compile(
    r"system[ _'\"`]{0,3}(role|message|prompt|instruction)s?\b"
    r"|role[^.]{0,20}\bsystem\b|\bsystem\b[^.]{0,20}\brole|['\"`]system['\"`]"
    r"|developer[ _'\"`]{0,3}(role|message|instruction)s?\b|only[^.]{0,20}\buser\b[^.]{0,20}\bassistant\b",
    re.IGNORECASE,
)
_ALTERNATE = re.compile(
    r"roles? must alternate|must alternate between|first message must be[^.]{0,20}user", re.IGNORECASE
)
_PENALTIES = ("frequency_penalty", "presence_penalty", "repetition_penalty")
_BOUND = re.compile(
    r"at most|maximum|up to|less than|greater than|too (large|high|big)|exceed|range|between|<=|≤|> ?\d", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,_]*(?![\w-])")


@dataclass(frozen=True, slots=True)
class Adaptations:
    """The changes to make in each request to one model. `limit`: the name of the parameter that limits the reply's
    tokens.
    """

    dropped: tuple[str, ...] = ()
    limit: str = MAX_TOKENS
    refused_limits: tuple[str, ...] = ()
    max_reply_tokens: int | None = None
    folds_system: bool = False

    def described(self) -> tuple[str, ...]:
        """A phrase for each change."""
        phrases = [f"leaves out {name}" for name in self.dropped]
        if self.refused_limits and self.limit not in self.dropped:
            phrases.append(f"sends {self.limit} instead of {self.refused_limits[-1]}")
        if self.max_reply_tokens is not None:
            phrases.append(f"asks for at most {self.max_reply_tokens} tokens")
        if self.folds_system:
            phrases.append("sends the system text in the first user message")
        return tuple(phrases)

    def applied(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a request, with these changes made."""
        changed = {name: value for name, value in body.items() if name not in self.dropped}
        if self.refused_limits:
            tokens = next((body[name] for name in LIMITS if name in body), None)
            for name in self.refused_limits:
                changed.pop(name, None)
            if tokens is not None and self.limit not in self.dropped:
                changed[self.limit] = tokens
        for name in LIMITS if self.max_reply_tokens is not None else ():
            if isinstance(changed.get(name), int):
                changed[name] = min(changed[name], self.max_reply_tokens)
        if self.folds_system:
            changed["messages"] = fold_system(cast("Sequence[Message]", body["messages"]))
        return changed


def adapted(known: Adaptations, error: ServerError, status: int, body: Mapping[str, Any]) -> Adaptations | None:
    """The adaptations after the server refused a request with this `body`; None if the error names nothing to
    change.
    """
    if status not in _REFUSED and not (status in _ALSO_REFUSED and _REFUSES.search(error.text)):
        return None
    if _refuses_system(error, body) and not known.folds_system:
        return replace(known, folds_system=True)
    changed = known
    for name in _refused(error, body):
        changed = _limit_changed(changed, error, name, body[name]) if name in LIMITS else _without(changed, name)
    return None if changed == known else changed


def _without(known: Adaptations, *names: str) -> Adaptations:
    return replace(known, dropped=tuple(dict.fromkeys([*known.dropped, *names])))


def _limit_changed(known: Adaptations, error: ServerError, name: str, tokens: object) -> Adaptations:
    cap = _cap(error.text, tokens)
    if cap is not None:
        return replace(known, max_reply_tokens=cap)
    refused = tuple(dict.fromkeys([*known.refused_limits, name]))
    other = MAX_TOKENS if name == MAX_COMPLETION_TOKENS else MAX_COMPLETION_TOKENS
    if other in refused:
        return _without(replace(known, refused_limits=refused), *LIMITS)
    return replace(known, limit=other, refused_limits=refused)


def _cap(text: str, tokens: object) -> int | None:
    """The highest number in the text that is lower than the limit in the request: the server's maximum."""
    if not isinstance(tokens, int) or not _BOUND.search(text):
        return None
    numbers = [int(found.replace(",", "").replace("_", "")) for found in _NUMBER.findall(text)]
    return max((number for number in numbers if LEAST_CAP <= number < tokens), default=None)


def _refuses_system(error: ServerError, body: Mapping[str, Any]) -> bool:
    messages = body["messages"]
    if not messages or messages[0]["role"] != "system":
        return False
    if any(param.endswith("role") or param == "system" for param in error.params):
        return True
    text = _without_echo(error.text, body)
    return bool(_ALTERNATE.search(text) or (_SYSTEM_REFUSED.search(text) and _REFUSES.search(text)))


def _refused(error: ServerError, body: Mapping[str, Any]) -> list[str]:
    """The names of the request's parameters that the error refuses."""
    candidates = [name for name in body if name not in NEVER_DROPPED]
    named = [name for name in candidates if any(_is_about(name, param) for param in error.params)]
    if named:
        return named
    text = _without_echo(error.text, body)
    refused = _OFFERS.split(text, maxsplit=1)[0]
    words = [name for name in candidates if name not in WORDS]
    places = {name: place.start() for name in words if (place := _pattern(name).search(refused))}
    if not places:
        places = {name: 0 for name in words if re.search(rf"instead of\W{{1,3}}{re.escape(name)}\b", text)}
    named = sorted(places, key=lambda name: places[name])
    if not named and re.search(r"\bpenalt(y|ies)\b", refused, re.IGNORECASE):
        named = [name for name in _PENALTIES if name in candidates]
    if len(named) > 1 and re.search(r"\bboth\b|together|at the same time|simultaneously", refused, re.IGNORECASE):
        named = named[1:]  # the server takes the first parameter if the others are left out
    return named


def _is_about(name: str, param: str) -> bool:
    """True if a field of the error names this parameter: `seed` or `generation_config.seed`, but not
    `messages.0.seed`.
    """
    segments = param.split(".")
    return name in segments and segments[0] != "messages"


def _pattern(name: str) -> re.Pattern[str]:
    """A pattern that finds a parameter's name as a word: `top_k`, `top-k`, `top k`, `topK`."""
    words = "[_ -]?".join(map(re.escape, name.split("_")))
    return re.compile(rf"(?<![\w/-]){words}(?![\w/-])", re.IGNORECASE)


def _without_echo(text: str, body: Mapping[str, Any]) -> str:
    """The error's text without the request's model name and messages, which some servers repeat in it."""
    for echoed in (body.get("model"), *(message.get("content") for message in body["messages"])):
        if isinstance(echoed, str) and echoed:
            text = text.replace(" ".join(echoed.split()), " ")
    return text
