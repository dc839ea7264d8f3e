"""The summary of a conversation's beginning: what the characters remember of messages that left the prompt. Pure.

Redis holds it in a field of the conversation's state, the store as a document of the conversation. A summary covers all
messages up to a position; the prompt has the later messages themselves. So no message is missing between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import orjson

from tertulia_shared.codec import Value
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.events import SummaryChanged
from tertulia_shared.text import clean_text
from tertulia_shared.usage import Usage, added, possible_usage

TEXT_MAX_CHARS: Final = 8_000
"""The longest summary."""
MADE_MAX_CHARS: Final = 4_000
"""The longest text that the model makes."""
ROOM_CHARS: Final = 500
"""If the user's text leaves less room than this for the model's, the model rewrites both."""
DOCUMENT: Final = "summary"
"""The kind of the store's document, and its id."""
_MAX: Final = 2**53 - 1
_BETWEEN: Final = "\n\n"


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of one conversation.

    `own`: the text that the user wrote; the model does not change it. `made`: the model's text, which follows it.
    `covers`: the position of the last message that the text covers; 0: none.
    `since_ms`, `until_ms`: the times of the first and the last turn that it covers, in ms since 1970.
    `made_at_ms`: when it was changed, in ms since 1970; every change is later than the one before.
    `off`: it is neither made nor used. `usage`: what the model server reported for making it, summed.
    """

    own: str = ""
    made: str = ""
    covers: int = 0
    since_ms: int = 0
    until_ms: int = 0
    made_at_ms: int = 0
    off: bool = False
    usage: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])

    @property
    def text(self) -> str:
        """The whole text; "" if there is none."""
        return _BETWEEN.join(filter(None, (self.own, self.made)))

    @property
    def is_edited(self) -> bool:
        """True if the user wrote some of the text."""
        return bool(self.own)

    @property
    def room(self) -> int:
        """The number of characters that the model's text may have beside the user's."""
        return min(MADE_MAX_CHARS, TEXT_MAX_CHARS - len(self.own) - len(_BETWEEN) if self.own else MADE_MAX_CHARS)

    def extended(self, made: str, covers: int, times_ms: tuple[int, int], usage: Usage, now_ms: int) -> Summary:
        """The summary with a new text of the model, which also covers later messages.

        Args:
            made: the model's whole text. covers: the position of the last message that it covers.
            times_ms: the times of the first and the last turn that are new in it.
            usage: what the model server reported for it. now_ms: the time.
        """
        return replace(
            self,
            made=made,
            covers=covers,
            since_ms=self.since_ms if self.covers else times_ms[0],
            until_ms=times_ms[1],
            usage=added(self.usage, usage),
            made_at_ms=self._later(now_ms),
        )

    def without_own(self) -> Summary:
        """The summary with the user's text as a part of the model's, which the model may change."""
        return replace(self, own="", made=self.text)

    def edited(
        self, now_ms: int, *, text: str | None = None, off: bool | None = None, covers: int | None = None
    ) -> Summary:
        """The summary after a change of the user; None: no change.

        `covers`: the value that the summary had when the user began to edit it. If the model has added messages since
        then, the new text lacks them; they are added again.
        """
        after = self if off is None else replace(self, off=off)
        if text is not None and text != self.text:
            after = replace(
                after, own=text, made="", covers=self.covers if covers is None else min(covers, self.covers)
            )
        return self if after == self else replace(after, made_at_ms=self._later(now_ms))

    def forgotten(self, now_ms: int) -> Summary:
        """An empty summary, which covers nothing. It keeps `off` and `usage`."""
        return Summary(off=self.off, usage=self.usage, made_at_ms=self._later(now_ms))

    def fields(self) -> dict[str, Value | None]:
        """The field of the conversation's state. An empty summary has one too: it is newer than a stored one."""
        return {StateField.SUMMARY: self.to_json()}

    def to_json(self) -> str:
        """The summary as JSON, without defaults."""
        default = Summary()
        names = ("own", "made", "covers", "since_ms", "until_ms", "made_at_ms", "off", "usage")
        plain = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(default, name)}
        return orjson.dumps(plain).decode()

    def _later(self, now_ms: int) -> int:
        return max(now_ms, self.made_at_ms + 1)


NO_SUMMARY: Final = Summary()


def summary_event(summary: Summary) -> SummaryChanged:
    """The event that tells a client the summary."""
    return SummaryChanged(
        summary.text, summary.covers, summary.made_at_ms, summary.is_edited, summary.off, dict(summary.usage)
    )


def invalidates(summary: Summary, positions: Iterable[int]) -> bool:
    """True if messages at these positions were covered by the summary. A change of one of them makes it wrong."""
    return summary.covers > 0 and any(position <= summary.covers for position in positions)


def after_change(summary: Summary, positions: Iterable[int], now_ms: int) -> Summary | None:
    """The summary after messages at these positions were removed, restored or replaced: empty, to be made again.

    None: the summary does not cover any of them, so it stays.
    """
    return summary.forgotten(now_ms) if invalidates(summary, positions) else None


def is_known_to(summary: Summary, cast: Cast, character_id: str) -> bool:
    """True if the character heard all that the summary covers, or is told what it missed."""
    if cast.told or cast.seats is None or character_id not in cast.stays:
        return True
    if not summary.covers:  # the user wrote it, and it stands for no message
        return True
    changes = cast.stays[character_id]
    is_changed = any(summary.since_ms < change_ms <= summary.until_ms for change_ms in changes)
    return cast.heard(character_id, summary.since_ms) and not is_changed


def summary_of(state: ConversationState) -> Summary:
    """The summary in a conversation's state. An impossible one counts as missing."""
    return summary_from_json(state.get(StateField.SUMMARY, b""))


def summary_from_json(text: str | bytes) -> Summary:
    """The inverse of `Summary.to_json`. What is impossible in an untrusted text is left out."""
    try:
        plain = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return NO_SUMMARY
    if not isinstance(plain, dict):
        return NO_SUMMARY
    given = cast("Mapping[str, Any]", plain)
    numbers = {
        name: given[name]
        for name in ("covers", "since_ms", "until_ms", "made_at_ms")
        if isinstance(given.get(name), int) and not isinstance(given[name], bool) and 0 <= given[name] <= _MAX
    }
    texts = {name: clean_text(given[name]) for name in ("own", "made") if isinstance(given.get(name), str)}
    summary = Summary(**texts, **numbers, off=given.get("off") is True, usage=possible_usage(given.get("usage")))
    return summary if len(summary.text) <= TEXT_MAX_CHARS else replace(summary, own="", made="", covers=0)
