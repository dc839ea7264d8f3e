"""Parses the response to a streamed `/chat/completions`. Pure; makes no object per token.

Most servers send server-sent events, some of them loosely: comment lines keep the connection alive (`: OPENROUTER
PROCESSING`); data may be empty or a word (`[PING]`); line ends are LF, CRLF or CR; one event may have several data
lines; [DONE] may be missing. Other servers send one JSON object per line, or one whole JSON answer. What cannot be
read is kept as the server's words. It breaks the stream if it is a part of a chunk, or if the stream ends with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from tertulia_llm.model.chunks import ChunkReader, Delta
from tertulia_llm.model.event_frame import EventFrame
from tertulia_llm.model.loose_json import NOT_JSON, loosely_loaded

MAX_LINE_BYTES: Final = 1 << 20
"""Maximum length of a line, and of an event. A longer line or event makes the stream fail."""
MAX_EVENT_LINES: Final = 2000
"""Maximum number of lines of one event."""
MAX_WORDS: Final = 200
"""The error message quotes at most this many characters of the text that cannot be read."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_MARKUP: Final = re.compile(r"<(?:script|style)\b.*?(?:</(?:script|style)>|\Z)|<[^>]*>", re.IGNORECASE | re.DOTALL)
_FIELDS: Final = frozenset({b"data", b"event", b"id", b"retry", b"error", b""})
"""The fields of server-sent events, and that of llama.cpp's errors; a comment has no name."""
_KEEP_ALIVE: Final = re.compile(r"\w+|\[\w+\]|\{\w+\}|\(\w+\)|<\w+>")
"""A word that is no part of a reply, such as `[PING]`."""
_OBJECT: Final = b"{"[0]
_MAX_ERROR_BYTES: Final = 2000
_IN_CHUNKS_ONLY: Final = frozenset({"choices", "error"})


class _BrokenStream(ValueError):
    """Raised if the data is not a response of `/chat/completions`."""


class StreamParser:
    """Parses one response, fed in pieces of any size."""

    def __init__(self) -> None:
        self._rest: bytes = b""
        self._is_at_start = True
        self._skip_line_feed = False
        self._lines: list[bytes] = []
        """The lines of an event whose JSON is not complete yet."""
        self._lines_bytes = 0
        self._event_name = b""
        self._has_fields = False
        self._is_ended = False
        self._reader = ChunkReader()
        self._frame = EventFrame()
        self._unread = ""
        self._last_words = ""
        """What could not be read since the last JSON."""

    @property
    def unread(self) -> str:
        """The beginning of what could not be read."""
        return self._unread

    @property
    def possible_error(self) -> Mapping[str, Any] | None:
        """An event that may be an error, unless text follows it."""
        return self._reader.possible_error

    @property
    def words(self) -> str:
        """The beginning of the text that could not be read, without HTML tags."""
        return _without_markup(self._unread)

    @property
    def last_words(self) -> str:
        """The text without JSON that ended the stream, such as the error page of a proxy or a part of an event. Empty
        if it is a word that keeps the connection alive.
        """
        words = self._last_words.strip()
        if _KEEP_ALIVE.fullmatch(words):
            return ""
        return _without_markup(words) or words[:MAX_WORDS]

    def feed(self, data: bytes) -> list[Delta]:
        """Take more bytes; return the events that are now complete. Successive events with text are joined into one
        `Delta`.
        """
        data = self._rest + self._with_line_feeds(data)
        if self._is_at_start:
            if len(data) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(data):
                self._rest = data
                return []
            data = data.removeprefix(_BYTE_ORDER_MARK)
            self._is_at_start = False
        lines = data.split(b"\n")
        self._rest = lines.pop()
        deltas = self._read(lines)
        if len(self._rest) > MAX_LINE_BYTES:
            deltas.append(Delta(broken=f"The model server sent a line of more than {MAX_LINE_BYTES} bytes."))
        return deltas

    def finish(self) -> list[Delta]:
        """End the stream: return the last event, even if its line end is missing."""
        self._is_ended = True
        lines, self._rest = [self._rest, b""], b""
        return self._read(lines)

    def _with_line_feeds(self, data: bytes) -> bytes:
        """Convert CR and CRLF to LF. A CR and its LF may come in different pieces."""
        if self._skip_line_feed:
            data = data.removeprefix(b"\n")
            self._skip_line_feed = False
        if b"\r" in data:
            self._skip_line_feed = data.endswith(b"\r")
            return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _read(self, lines: list[bytes]) -> list[Delta]:
        deltas: list[Delta] = []
        delta, texts = Delta(), list[str]()
        try:
            for line in lines:
                count = len(texts)
                if line.startswith(b"data:"):
                    self._has_fields = True
                    self._data_line(line, delta, texts)
                elif line:
                    self._other_line(line.strip(), delta, texts)
                elif self._lines and (self._has_fields or self._is_ended):
                    self._give_up_lines()
                else:
                    self._event_name = b""
                if delta.is_whole:
                    if count:  # the events before this one come first
                        deltas.append(Delta("".join(texts[:count])))
                    delta.text = "".join(texts[count:])
                    deltas.append(delta)
                    if delta.done or delta.error is not None:
                        return deltas
                    delta, texts = Delta(), []
        except _BrokenStream as error:
            delta.broken = str(error)
        if texts or delta.broken or delta.usage:
            delta.text = "".join(texts)
            deltas.append(delta)
        return deltas

    def _other_line(self, line: bytes, delta: Delta, texts: list[str]) -> None:
        """Read a line that does not start with `data:`: another field, a comment, or JSON without a field name."""
        line = line.lstrip(b"\x1e").removeprefix(_BYTE_ORDER_MARK).strip()
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        if colon and name in _FIELDS and (self._has_fields or not self._lines):
            self._has_fields = True
            if name == b"event":
                self._event_name = value.strip()
            elif name == b"data":  # in capitals, or white space before it
                self._data(value.strip(), delta, texts)
            elif name == b"error":
                self._error(value.strip(), delta, texts)
        elif self._lines or (line.startswith((b"{", b"[")) and not self._unread.startswith("<")):
            self._data(line, delta, texts)
        else:
            self._keep_words(line)

    def _data_line(self, line: bytes, delta: Delta, texts: list[str]) -> None:
        text = None if self._lines else self._frame.text_of(line)
        if text is not None:
            self._last_words = ""
            texts.append(self._reader.next_text(text))
        elif self._data(line[5:].strip(), delta, texts):
            self._frame.learn(line, texts[-1])
        else:
            self._frame.forget()

    def _data(self, data: bytes, delta: Delta, texts: list[str]) -> bool:
        """Read the data of an event. Returns True if it has nothing but text."""
        if not data:
            return False
        if data[0] != _OBJECT and data.strip(b'"[] ').upper() == b"DONE":
            self._give_up_lines()
            delta.done = delta.is_whole = True
            return False
        event = self._loaded(data)
        text = self._reader.plain_text(event) if not self._lines else None
        if text is not None:
            self._last_words = ""
            texts.append(text)
            return True
        if self._lines or event is NOT_JSON:
            event = self._pieced(event, data)
            if event is NOT_JSON:
                if not self._lines:
                    self._words(data, delta, texts)
                return False
        self._last_words = ""
        if not self._reader.read(event, delta, texts, is_error=self._event_name == b"error"):
            self._keep(data)
        return False

    def _pieced(self, event: object, data: bytes) -> object:
        """The event of this line, or of the lines so far; `NOT_JSON` if there is none yet."""
        if self._lines and not _is_chunk(event):
            return self._continued(data)
        self._give_up_lines()
        return self._continued(data) if event is NOT_JSON and data.startswith((b"{", b"[")) else event

    def _continued(self, data: bytes) -> object:
        """Add a line to an incomplete event. Returns the event when its JSON is complete, else `_NOT_JSON`."""
        self._lines.append(data)
        self._lines_bytes += len(data)
        if self._lines_bytes > MAX_LINE_BYTES or len(self._lines) > MAX_EVENT_LINES:
            raise _BrokenStream(f"The model server sent an event of more than {MAX_LINE_BYTES} bytes.")
        if len(self._lines) == 1 or not data.endswith((b"}", b"]")):
            return NOT_JSON
        event = self._loaded(b"\n".join(self._lines))
        if event is not NOT_JSON:
            self._lines.clear()
            self._lines_bytes = 0
        return event

    def _give_up_lines(self) -> None:
        """Skip an event that is not JSON (`[PING]`), unless it is a part of a chunk."""
        if not self._lines:
            return
        data = b"\n".join(self._lines)
        self._lines.clear()
        self._lines_bytes = 0
        if self._is_ended or b"choices" in data:
            text = data[:MAX_WORDS].decode("utf-8", "ignore")
            raise _BrokenStream(f"The model server sent an event that is not JSON: {text}")
        self._keep_words(data)

    def _words(self, data: bytes, delta: Delta, texts: list[str]) -> None:
        """Data that is not JSON: words, or an error in words."""
        start, colon, rest = data.partition(b":")
        if colon and start.lower() == b"error":
            self._error(rest.strip(), delta, texts)
        elif self._event_name == b"error":
            self._error(data, delta, texts)
        else:
            self._keep_words(data)

    def _error(self, data: bytes, delta: Delta, texts: list[str]) -> None:
        """Take an error, in JSON or in words."""
        event = self._loaded(data)
        if not self._reader.read(event, delta, texts, is_error=True):
            delta.error = {"message": data[:_MAX_ERROR_BYTES].decode("utf-8", "ignore")}
            delta.is_whole = True

    def _keep_words(self, data: bytes) -> None:
        line = data[: 10 * MAX_WORDS].decode("utf-8", "ignore") + "\n"
        # a word that keeps the connection alive comes again and again: once is enough
        if len(self._last_words) < 10 * MAX_WORDS and not self._last_words.endswith(line):
            self._last_words += line
        self._keep(data)

    def _keep(self, data: bytes) -> None:
        if len(self._unread) < 10 * MAX_WORDS:  # most of an HTML page is markup, so keep more than is quoted
            self._unread += data[: 10 * MAX_WORDS].decode("utf-8", "ignore") + "\n"

    def _loaded(self, data: bytes) -> object:
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            pass
        event = loosely_loaded(data)
        if event is not NOT_JSON:
            self._reader.may_have_halves = True
        return event


def _without_markup(text: str) -> str:
    return " ".join(_MARKUP.sub(" ", text).split())[:MAX_WORDS]


def _is_chunk(event: object) -> bool:
    """True for a chunk or an error; False for a fragment of JSON that happens to be valid on its own line."""
    return isinstance(event, dict) and not _IN_CHUNKS_ONLY.isdisjoint(cast("dict[str, Any]", event))
