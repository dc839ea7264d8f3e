"""Parses the JSON of a file that another program wrote. Pure."""

from __future__ import annotations

import re
from typing import Final

import orjson

_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape in JSON: a surrogate pair, half of one, or any other."""


def parsed(content: bytes) -> object:
    """The value of a JSON text. Halves of surrogate pairs become U+FFFD: a program that cuts a text in the middle of an
    emoji writes one, and neither JSON's parser nor the store takes it.

    Raises:
        orjson.JSONDecodeError: it is not valid JSON.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        whole = _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["half"] else escape[0], content)
        if whole == content:
            raise
        return orjson.loads(whole)
