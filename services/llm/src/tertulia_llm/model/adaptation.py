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
_ALSO_REFUSED: Final = frozenset({403, 404, 405, 406, 500, 501})
"""With these statuses, a server may have refused a parameter or failed otherwise; the words near its name decide."""
_REFUSES = re.compile(
    r"unsupported|not supported"
    r"|(does|do|is|are)(n't| not) (support|accept|allow|permit|enabl|available|valid|recogni[sz])"
    r"|unrecogni[sz]ed|unknown|unexpected|extra |not (permitted|allowed|accepted|enabled|available|valid)|invalid|must"
    r"|deprecated|only |cannot|can't|disabled|fixed|no such|forbidden|not in |不支持|不允许|无效|非法|不合法",
    re.IGNORECASE,
)
_REFUSES_CLEARLY = (
    r"(?:unsupported|not (?:supported|permitted|allowed|accepted|enabled|available|valid)"
    r"|(?:does|do|is|are)(?:n't| not) (?:support|accept|allow|permit)\w*|unrecogni[sz]ed|unknown|invalid"
    r"|unexpected (?:keyword )?(?:argument|parameter|field|key|property))"
)
_CLOSE: Final = r"[^.;\n]{0,30}"
_OFFERS = re.compile(
    r"(?<!not )(?<!not a )\b(supported|allowed|valid|accepted|permitted|available|known|possible) "
    r"(parameters?|params?|arguments?|fields?|options?|names?|keys?)\b"
    r"|expected (one of|any of)|did you mean|use\b[^.]{0,60}\binstead|please use\b|supports only\b",
    re.IGNORECASE,
)
"""The text after such a phrase names the parameters that the server accepts."""
_SYSTEM_REFUSED = re.compile(
    r"system[ _'\"`]{0,3}(role|message|prompt|instruction)s?\b|system ?角色|系统(角色|消息|提示)"
    r"|role[^.]{0,20}\bsystem\b|\bsystem\b[^.]{0,20}\brole|['\"`]system['\"`]"
    r"|developer[ _'\"`]{0,3}(role|message|instruction)s?\b|only[^.]{0,20}\buser\b[^.]{0,20}\bassistant\b",
    re.IGNORECASE,
)
_ALTERNATE = re.compile(
    r"roles? must alternate|must alternate between|first message must be[^.]{0,20}user"
    r"|expected last role[^.]{0,20}\buser\b",
    re.IGNORECASE,
)
_PENALTIES = ("frequency_penalty", "presence_penalty", "repetition_penalty")
_BOUND = re.compile(
    r"at most|maximum|up to|less than|greater than|too (large|high|big)|exceed|range|between|<=|≤|> ?\d", re.IGNORECASE
)
_LESS = re.compile(r"(less|smaller|lower) than [`'\"]?(\d+)", re.IGNORECASE)
_MISSING = re.compile(r"missing|required|requires|must (be )?(set|specif|provid)", re.IGNORECASE)
_REPLY_LIMIT = re.compile(
    r"(?<!\+ )(?<!\+ [`'\"])(?<!and )(?<!and [`'\"])\bmax_(?:completion_|output_|new_)?tokens[`'\"]?(?: value)?"
    r" (?:must|should|has to|needs to|cannot|can't|may not) (?:not )?(?:be |exceed )",
    re.IGNORECASE,
)
_SHORT_NAMES: Final = {"top_p": "p", "top_k": "k"}
"""Cohere's names."""
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
    if status not in _REFUSED and status not in _ALSO_REFUSED:
        return None
    must_be_clear = status not in _REFUSED
    if not known.folds_system and _refuses_system(error, body, must_be_clear=must_be_clear):
        return replace(known, folds_system=True)
    changed = known
    for name in _refused(error, body, must_be_clear=must_be_clear):
        changed = _limit_changed(changed, error, name, body[name]) if name in LIMITS else _without(changed, name)
    return None if changed == known else changed


def bounds_reply(error: ServerError, body: Mapping[str, Any]) -> bool:
    """True if the error bounds the reply's tokens, and not those of the prompt, to less than the request has."""
    return bool(_REPLY_LIMIT.search(error.text)) and any(_cap(error.text, body.get(name)) for name in LIMITS)


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
    less = _LESS.search(text)
    if less and LEAST_CAP < int(less.group(2)) <= tokens:
        return int(less.group(2)) - 1
    numbers = [int(found.replace(",", "").replace("_", "")) for found in _NUMBER.findall(text)]
    return max((number for number in numbers if LEAST_CAP <= number < tokens), default=None)


def _refuses_system(error: ServerError, body: Mapping[str, Any], *, must_be_clear: bool) -> bool:
    messages = body["messages"]
    if not messages or messages[0]["role"] != "system":
        return False
    if any(param.endswith("role") or param == "system" for param in error.params):
        return True
    text = _without_echo(error.text, body)
    if _ALTERNATE.search(text):
        return True
    if must_be_clear:
        return any(_is_refused_clearly(found, text) for found in _SYSTEM_REFUSED.finditer(text))
    return bool(_SYSTEM_REFUSED.search(text) and _REFUSES.search(text))


def _is_refused_clearly(found: re.Match[str], text: str) -> bool:
    """True if a refusing word stands close to what was found."""
    before, after = text[max(0, found.start() - 60) : found.start()], text[found.end() :]
    return bool(
        re.search(rf"{_REFUSES_CLEARLY}{_CLOSE}$", before, re.IGNORECASE)
        or re.match(rf"{_CLOSE}{_REFUSES_CLEARLY}", after, re.IGNORECASE)
    )


def _refused(error: ServerError, body: Mapping[str, Any], *, must_be_clear: bool) -> list[str]:
    """The names of the request's parameters that the error refuses."""
    candidates = [name for name in body if name not in NEVER_DROPPED]
    named = [name for name in candidates if any(_is_about(name, param) for param in error.params)]
    if named:
        return named
    text = _without_echo(error.text, body)
    refused = _OFFERS.split(text, maxsplit=1)[0]
    found = {name: place for name in candidates if name not in WORDS and (place := _pattern(name).search(refused))}
    if must_be_clear:
        return [name for name, place in found.items() if _is_refused_clearly(place, refused)]
    named = sorted(found, key=lambda name: found[name].start()) or _refused_indirectly(error, text, refused, candidates)
    if len(named) > 1 and re.search(r"\bboth\b|together|at the same time|simultaneously", refused, re.IGNORECASE):
        named = named[1:]  # the server takes the first parameter if the others are left out
    return named


def _refused_indirectly(error: ServerError, text: str, refused: str, candidates: Sequence[str]) -> list[str]:
    """The parameters that an error means without their names, or in what it says to send instead."""
    named = [
        name for name in candidates if name not in WORDS and re.search(rf"instead of\W{{1,3}}{re.escape(name)}\b", text)
    ]
    if not named and re.search(r"\bpenalt(y|ies)\b", refused, re.IGNORECASE):
        named = [name for name in _PENALTIES if name in candidates]
    if not named and _MISSING.search(text):
        asked = [name for name in LIMITS if name not in candidates and (name in error.params or name in text)]
        named = [name for name in LIMITS if asked and name in candidates]
    return named or [
        name
        for name, short in _SHORT_NAMES.items()
        if name in candidates and re.search(rf"(?<![\w-]){short} (must|should|has to)\b", refused)
    ]


def _is_about(name: str, param: str) -> bool:
    """True if a field of the error names this parameter: `seed` or `generation_config.seed`, but not
    `messages.0.seed`.
    """
    segments = param.split(".")
    return name in segments and segments[0] != "messages"


def _pattern(name: str) -> re.Pattern[str]:
    """A pattern that finds a parameter's name as a word: `top_k`, `top-k`, `top k`, `topK`."""
    words = "[_ -]?".join(map(re.escape, name.split("_")))
    return re.compile(rf"(?:(?<![\w/-])|(?<=['\"`\s(#]/)){words}(?![\w/-])", re.IGNORECASE)


def _without_echo(text: str, body: Mapping[str, Any]) -> str:
    """The error's text without the request's model name and messages, which some servers repeat in it."""
    for echoed in (body.get("model"), *(message.get("content") for message in body["messages"])):
        if isinstance(echoed, str) and echoed:
            text = text.replace(" ".join(echoed.split()), " ")
    return text
