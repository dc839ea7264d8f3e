"""Parses the replies of Redis. An error reply is an exception, as is a reply that ends the connection.

RedisError
├── ConnectionLost    the connection cannot be used any more
│   └── LoginRefused  Redis refuses the login
└── ErrorReply        Redis refused one command
    ├── NoRight       the user lacks the right to run it
    └── ScriptMissing Redis does not have the script: load it and call again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import hiredis

from tertulia_shared.bus.scripts.script import Argument

INCOMPLETE: Final = object()
"""What `gets` of a reader returns while the next reply is not complete."""
UNDECODED: Final = False
"""Argument of `gets`: replies are bytes."""

pack: Callable[[tuple[Argument, ...]], bytes] = cast("Any", hiredis).pack_command  # its type hint is wrong
"""Encode one command."""


class RedisError(Exception):
    """Base class of these errors."""


class ConnectionLost(RedisError):
    """The connection is closed, or Redis refuses to serve it."""


class LoginRefused(ConnectionLost):
    """The user or the password is wrong, or missing."""


class ErrorReply(RedisError):
    """The reply to one command is an error; the text is that of Redis, with its code."""


class NoRight(ErrorReply):
    """The user lacks the right to run the command."""


class ScriptMissing(ErrorReply):
    """Redis does not have the script of an EVALSHA."""


_BY_CODE: Final[Mapping[str, type[RedisError]]] = {
    "LOADING": ConnectionLost,
    "NOAUTH": LoginRefused,
    "NOPERM": NoRight,
    "NOSCRIPT": ScriptMissing,
    "WRONGPASS": LoginRefused,
}
_BY_TEXT: Final[Mapping[str, type[RedisError]]] = {
    "ERR AUTH <password> called without any password configured": LoginRefused,
    "ERR max number of clients reached": ConnectionLost,
}


def error_of(text: str) -> RedisError:
    """The exception for an error reply, by the code at the beginning of its text."""
    by_text = next((error for beginning, error in _BY_TEXT.items() if text.startswith(beginning)), ErrorReply)
    return _BY_CODE.get(text.partition(" ")[0], by_text)(text)


def reply_reader() -> hiredis.Reader:
    """A parser of replies. It raises `ConnectionLost` for bytes that are not a reply."""
    return hiredis.Reader(protocolError=ConnectionLost, replyError=error_of, notEnoughData=INCOMPLETE)
