"""Checks the settings of a model server: its address, its key, and JSON for its requests. Pure.

The llm worker and the `tertulia` command use the same checks, so a wrong setting is reported at the start.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast
from urllib.parse import urlsplit

OPENROUTER: Final = "https://openrouter.ai/api/v1"
ENDPOINTS: Final = ("/chat/completions", "/completions", "/models", "/responses", "/embeddings")
QUOTES: Final = "'\"`“”\u2018\u2019"
_PLACEHOLDER = re.compile(
    r"(sk-(or-)?(v1-)?)?(x{3,}|\*{3,}|<.*>|\[.*\]|\{.*\}|(your|insert|enter|paste)[-_ ].*|change[-_ ]?me|todo)",
    re.IGNORECASE,
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def checked_base_url(url: str) -> str:
    """The base URL without a slash at its end.

    Raises:
        ValueError: it is not the base URL of an HTTP server.
    """
    stripped = url.strip().rstrip("/")
    try:
        parts = urlsplit(stripped)
        parts.port  # noqa: B018 - raises if the port is not a number
    except ValueError as error:
        raise ValueError(f"is not a URL ({error}): write it like {OPENROUTER}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"must be an http:// or https:// URL, such as {OPENROUTER}")
    for endpoint in ENDPOINTS:
        if parts.path.endswith(endpoint):
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
    if key[:7].lower() == "bearer ":
        raise ValueError("begins with “Bearer ”: give the key alone")
    if key[0] in QUOTES or key[-1] in QUOTES:
        raise ValueError("stands in quotation marks: leave them out")
    if "…" in key or "..." in key:
        raise ValueError("is shortened with an ellipsis: copy the whole key")
    if any(character.isspace() for character in key):
        raise ValueError("contains white space: copy the key again, in one piece")
    if not key.isascii() or not key.isprintable():
        raise ValueError("contains characters that no key has: copy it again from the page of the model server")
    if _PLACEHOLDER.fullmatch(key):
        raise ValueError("is a placeholder: put your own key there, or leave the setting empty")
    return key


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
    return cast("dict[str, str]", headers)
