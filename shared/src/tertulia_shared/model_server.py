"""Checks the settings of a model server: its address, its key, and JSON for its requests. Pure.

The llm worker and the `tertulia` command use the same checks, so a wrong setting is reported at the start.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast
from urllib.parse import urlsplit

from tertulia_shared.visible_text import invisible_fault

OPENROUTER: Final = "https://openrouter.ai/api/v1"
ENDPOINTS: Final = (
    "/chat/completions", "/completions", "/models", "/responses", "/embeddings", "/messages", "/api/chat",
    "/api/generate", "/api/tags", "/api/v1/generate",
)  # fmt: skip
MAX_HEADER_CHARS: Final = 7_000
"""Servers take about 8 kB for a header."""
LIMITS: Final = ("max_tokens", "max_completion_tokens")
OWN_HEADERS: Final = ("content-length", "content-type", "transfer-encoding")
_CREDENTIALS: Final = ("authorization", "api-key", "x-api-key")
QUOTES: Final = "'\"`“”\u2018\u2019"
_PLACEHOLDER = re.compile(
    r"(sk-(or-)?(v1-)?)?(x{3,}[x-]*|\*{3,}|<.*>|\[.*\]|\{.*\}|(your|insert|enter|paste)[-_ ].*|change[-_ ]?me|todo"
    r"|redacted|((my|the)[-_ ]?)?api[-_ ]?key)",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"\$\{?\w+\}?|%\w+%|(export )?[A-Z][A-Z0-9_]*_(KEY|TOKEN)(=.*)?")
_ONLY_BEGINNING = re.compile(r"sk-((or|ant|proj)-)?(v1-)?", re.IGNORECASE)
_GEMINI = re.compile(r":(stream)?generateContent$", re.IGNORECASE)
_MAX_LABEL: Final = 63
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def checked_base_url(url: str) -> str:
    """The base URL without a slash at its end.

    Raises:
        ValueError: it is not the base URL of an HTTP server.
    """
    stripped = url.strip().rstrip("/")
    if not stripped.isprintable() or any(character.isspace() or character in "\\…" for character in stripped):
        raise ValueError("contains white space, an invisible character, a backslash or an ellipsis: write it again")
    try:
        parts = urlsplit(stripped)
        parts.port  # noqa: B018 - raises if the port is not a number
    except ValueError as error:
        raise ValueError(f"is not a URL ({error}): write it like {OPENROUTER}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"must be an http:// or https:// URL, such as {OPENROUTER}")
    if any(not label or len(label) > _MAX_LABEL for label in parts.hostname.removesuffix(".").split(".")):
        raise ValueError("has an impossible host name")
    if parts.query or parts.fragment:
        raise ValueError("must have nothing after its path: leave out ? or # and what follows")
    if _GEMINI.search(parts.path):
        raise ValueError("is of Gemini's own API: use https://generativelanguage.googleapis.com/v1beta/openai")
    for endpoint in ENDPOINTS:
        if parts.path.lower().endswith(endpoint):
            raise ValueError(f"must be the base URL: leave out {endpoint} at its end")
    return stripped


def checked_key(key: str) -> str:
    """The key for a model server without white space around it; "" if there is none.

    Raises:
        ValueError: it cannot be a key. The message does not repeat it.
    """
    key = key.strip()
    if not key:
        return ""
    if fault := key_fault(key):
        raise ValueError(fault)
    return key


def key_fault(key: str) -> str:
    """Why this cannot be a key, without the key itself; "" if it can."""
    ends = key[0] + key[-1]
    faults = {
        "begins with “Bearer ”: give the key alone": key[:7].lower() == "bearer ",
        "stands in quotation marks: leave them out": any(end in QUOTES for end in ends),
        "is shortened with an ellipsis: copy the whole key": "…" in key or "..." in key,
        "is a placeholder: put your own key there, or leave the setting empty": bool(_PLACEHOLDER.fullmatch(key)),
        "holds the name of a variable: give the key itself": bool(_VARIABLE.fullmatch(key)),
        "contains white space: copy the key again, in one piece": any(character.isspace() for character in key),
        "contains characters that no key has: copy it again from the page of the model server": (
            not key.isascii() or not key.isprintable() or "\\" in key
        ),
        "is only the beginning of a key: copy the whole key": bool(_ONLY_BEGINNING.fullmatch(key)),
        "is masked with asterisks: copy the whole key": "***" in key,
        "ends with a comma or a semicolon: leave it out": key[-1] in ",;",
        "is an address: put the key there": "://" in key,
    }
    return next((fault for fault, applies in faults.items() if applies), "")


def checked_model(name: str) -> str:
    """The name of a model without white space around it.

    Raises:
        ValueError: no model can have this name.
    """
    name = name.strip()
    if not name:
        raise ValueError("is blank: give the name of a model, such as openrouter/auto")
    if name[0] in QUOTES or name[-1] in QUOTES:
        raise ValueError("stands in quotation marks: leave them out")
    if fault := invisible_fault(name):
        raise ValueError(fault)
    return name


def checked_object(text: str) -> dict[str, Any]:
    """The JSON object in `text`; an empty one if the text is empty.

    Raises:
        ValueError: it is not a JSON object.
    """
    if not text.strip():
        return {}
    example = '{"name": "value"}'
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise ValueError("contains half of a surrogate pair") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error}): write an object such as {example}") from None
    if not isinstance(value, dict):
        raise ValueError(f"is not a JSON object: write one such as {example}")  # noqa: TRY004 - pydantic reports it
    return cast("dict[str, Any]", value)


def checked_body(text: str) -> dict[str, Any]:
    """The JSON object of TERTULIA_LLM_EXTRA_BODY.

    Raises:
        ValueError: it is not a JSON object, or it changes what Tertulia alone sets.
    """
    body = checked_object(text)
    if "messages" in body:
        raise ValueError("must not have `messages`: they are the conversation")
    if "model" in body:
        raise ValueError("must not have `model`: set TERTULIA_LLM_MODEL instead")
    if body.get("stream", True) is not True:
        raise ValueError("must not change `stream`: Tertulia reads replies while they are written")
    if body.get("n") not in (None, 1):
        raise ValueError("must not have `n` above 1: Tertulia reads one reply")
    for name in LIMITS:
        limit = body.get(name)
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
            raise ValueError(f"must have a whole number above 0 as `{name}`, or null")
    return body


def checked_headers(text: str) -> dict[str, str]:
    """The headers of TERTULIA_LLM_EXTRA_HEADERS.

    Raises:
        ValueError: it is not a JSON object of strings that can be headers. The message does not repeat the values.
    """
    headers = checked_object(text)
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"has a header with an impossible name: {name[:40]!r}")
        if not isinstance(value, str):
            raise ValueError(f"must give the header {name} as text, in quotation marks")  # noqa: TRY004 - as above
        if not value.isascii() or not (value.isprintable() or not value) or value != value.strip():
            raise ValueError(f"gives the header {name} a value that no header can have (printable ASCII only)")
        if name.lower() in OWN_HEADERS:
            raise ValueError(f"must not have the header {name}: Tertulia sets it")
        if len(value) > MAX_HEADER_CHARS:
            raise ValueError(f"gives the header {name} more than {MAX_HEADER_CHARS:,} characters")
        credential = value.rpartition(" ")[2]
        if name.lower() in _CREDENTIALS and credential and (fault := key_fault(credential)):
            raise ValueError(f"gives the header {name} a key that {fault}")
    return cast("dict[str, str]", headers)
