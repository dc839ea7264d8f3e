"""Reads the bytes of one response as text and markers, and decides whether it is complete or failed. Pure: no clock.

A response without text is a failure, except when the server gave a reason that the caller handles: a filter, a refusal,
a tool call. If the stream ends normally after text, the reply is complete, even without a `finish_reason`; but not if
the last thing in the stream cannot be read, such as a part of an event or the error page of a proxy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final

from tertulia_llm.model.chunks import Delta
from tertulia_llm.model.endings import Ending, ending_of, gave_up
from tertulia_llm.model.failures import ModelFailed, error_in_stream, says
from tertulia_llm.model.reply_filter import ReplyFilter
from tertulia_llm.model.server_error import read_error
from tertulia_llm.model.sse import StreamParser

MAX_REASONING_CHARS: Final = 500_000
"""Maximum number of characters of reasoning in one response. It is more than 100,000 tokens, the highest limit that can
be set.
"""
_WEB_PAGE: Final = (
    "The model server sent a web page in place of a reply, perhaps to log in: TERTULIA_LLM_BASE_URL must be the "
    "address of an OpenAI-compatible API, which often ends in /v1."
)


class Marker(Enum):
    """What a stream yields besides text."""

    THINKING = auto()
    """The model began to reason. Yielded at most once per stream, before or between texts."""
    DISCARD = auto()
    """All texts yielded so far were reasoning: the texts that follow replace what is shown."""


class ReplyReader:
    """Reads one response, fed in pieces of any size."""

    def __init__(self, max_tokens: int, *, reasons_first: bool = False, names: Sequence[str] = ()) -> None:
        """`max_tokens`: the maximum asked for. `reasons_first` and `names`: see `ReplyFilter`."""
        self.usage: Mapping[str, Any] = {}
        self.ending = Ending.COMPLETE
        self.failure: ModelFailed | None = None
        """Set when the response failed. Pieces that are returned together with it are valid."""
        self.is_finished = False
        """True after the end of the reply; only token counts may follow."""
        self.is_done = False
        """True when nothing may follow."""
        self.progress = 0
        """Increases with each piece of text or reasoning."""
        self._max_tokens = max_tokens
        self._parser = StreamParser()
        self._filter = ReplyFilter(reasons_first=reasons_first, names=names)
        self._reasons_first = reasons_first
        self._field_chars = 0
        self._has_announced = False
        self._has_text = False
        self._discards = 0
        self._finish_reason = ""
        self._refused = False
        self._calls_tool = False

    @property
    def reasons_first(self) -> bool:
        """True if this model's next response should be expected to begin with reasoning that has no opening tag: this
        one did, or it was read that way and did not complete.
        """
        if self._filter.was_opened_by_template:
            return True
        is_complete = self.is_done and self.failure is None and self.ending is Ending.COMPLETE
        return self._reasons_first and not is_complete

    def feed(self, data: bytes) -> Sequence[str | Marker]:
        """Take more bytes; return the texts and markers that are now complete."""
        pieces: list[str | Marker] = []
        for delta in self._parser.feed(data):
            if self.is_done:  # an end-of-turn token ended the reply before the figures that came with it
                self.usage = delta.usage or self.usage
            else:
                self._take(delta, pieces)
        return pieces

    def finish(self) -> Sequence[str | Marker]:
        """End the stream: return the remaining texts and markers, and set `ending` and `failure`."""
        pieces: list[str | Marker] = []
        for delta in self._parser.finish():
            if not self.is_done:
                self._take(delta, pieces)
        if not self.is_done:
            self._end(pieces)
            error = self._parser.possible_error
            if error is not None and not self.is_finished:  # the last that the server said
                self.failure = error_in_stream(error)
            elif self._parser.last_words and not self.is_finished and self.failure is None:
                problem = f"The model's reply broke off. The server's last words: {self._parser.last_words}"
                self.failure = ModelFailed("llm_unavailable", problem, retryable=True)
        return pieces

    def _take(self, delta: Delta, pieces: list[str | Marker]) -> None:
        self.usage = delta.usage or self.usage
        if delta.reasoning or delta.calls_tool:
            self.progress += 1
            self._field_chars += delta.reasoning
            self._calls_tool = self._calls_tool or delta.calls_tool
            self._announce(pieces, has_reasoned=delta.reasoning > 0)
        if delta.text:
            self.progress += 1
            self._refused = self._refused or delta.refused
            self._add(self._filter.feed(delta.text), pieces)
            if self._filter.ended:
                self.ending, self._finish_reason, self.is_finished = Ending.COMPLETE, "", True
                self._end(pieces)
                return
        if delta.finish_reason:
            self._finish_reason = delta.finish_reason
            self.ending = ending_of(delta.finish_reason, delta.native_finish_reason)
            self.is_finished = True
        if delta.done or (delta.broken and self.is_finished):
            self._end(pieces)
            return
        self.failure = self._failure_in(delta)
        self.is_done = self.failure is not None

    def _failure_in(self, delta: Delta) -> ModelFailed | None:
        if delta.error is not None:
            return error_in_stream(delta.error)
        if delta.broken:
            return ModelFailed("llm_unavailable", delta.broken, retryable=True)
        if self._field_chars + self._filter.reasoned_chars > MAX_REASONING_CHARS:
            return ModelFailed(
                "llm_reasoning",
                f"The model reasoned for more than {MAX_REASONING_CHARS:,} characters without an end: limit or turn "
                "off its reasoning, or choose another model.",
                retryable=False,
            )
        return None

    def _add(self, text: str, pieces: list[str | Marker]) -> None:
        self._announce(pieces, has_reasoned=self._filter.has_reasoned)
        if self._filter.discards > self._discards:
            self._discards = self._filter.discards
            self._has_text = False
            pieces.append(Marker.DISCARD)
        if text:
            self._has_text = True
            pieces.append(text)

    def _announce(self, pieces: list[str | Marker], *, has_reasoned: bool) -> None:
        if has_reasoned and not self._has_announced:
            self._has_announced = True
            pieces.append(Marker.THINKING)

    def _end(self, pieces: list[str | Marker]) -> None:
        """Flush the filter, and decide how the reply ended."""
        self.is_done = True
        self._add(self._filter.finish(is_cut=self.ending is Ending.LENGTH), pieces)
        if self._refused and self.ending is Ending.COMPLETE:
            self.ending = Ending.REFUSED
        if self._filter.calls_tool or (self._calls_tool and not self._has_text and self.ending is Ending.COMPLETE):
            self.ending = Ending.TOOL_CALLS
        self.failure = self._judged()

    def _judged(self) -> ModelFailed | None:
        if gave_up(self._finish_reason):
            problem = f"The model server gave the reply up ({self._finish_reason})."
            return ModelFailed("llm_unavailable", problem, retryable=True)
        if self._has_text or self.ending in (Ending.FILTERED, Ending.REFUSED, Ending.TOOL_CALLS):
            return None
        if self.is_finished and not self._has_announced:
            return None  # neither text nor reasoning: the caller knows whose reply it was
        if self.ending is Ending.LENGTH:
            return ModelFailed(
                "llm_reasoning",
                f"All of the reply's {self._max_tokens} tokens went into reasoning: raise TERTULIA_LLM_MAX_TOKENS, "
                "limit or turn off the model's reasoning, or choose another model.",
                retryable=False,
            )
        return self._without_reply()

    def _without_reply(self) -> ModelFailed:
        """The failure of a response that is no reply, or only reasoning."""
        if not self.is_finished and not self._has_announced:
            if self._parser.possible_error is not None:
                return error_in_stream(self._parser.possible_error)
            page = read_error(self._parser.unread)
            if page.page_title is not None:
                return ModelFailed("llm_address", f"{_WEB_PAGE}{says(page)}", retryable=False)
        return ModelFailed("llm_unavailable", self._problem(), retryable=True)

    def _problem(self) -> str:
        if self.is_finished:
            return "The model reasoned, but wrote no reply."
        if self._parser.words:
            return f"The model server sent no chat completion, but: {self._parser.words}"
        return "The model's reply broke off."
