"""The conversation's state hash as the llm worker reads it: the plan of the last turn and its progress. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tertulia_shared import codec
from tertulia_shared.answering import AnsweringRules, rules_of
from tertulia_shared.author_note import AuthorNote, note_of
from tertulia_shared.codec import BadEntry, Fields
from tertulia_shared.conversation_cast import Cast, cast_of
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_summary import NO_SUMMARY, Summary, summary_of
from tertulia_shared.entries import ModelSettings, TurnPlan
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.ids import is_id
from tertulia_shared.model_settings import possible_settings
from tertulia_shared.persona import Persona, persona_of
from tertulia_shared.user_name import name_of

MAX_DIGITS = 18
DEFAULTS = ModelSettings()
_ENTRY_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the planned replies are: how many were started (`message_started`), and how many are complete."""

    started: int = 0
    complete: int = 0
    failed: int | None = None
    """The number (from 0) of the reply that the model failed to write. No reply follows it, and all replies count as
    complete.
    """

    def ending_of(self, number: int) -> Literal["complete", "failed"] | None:
        """How the reply with this number ended; None if it has not ended, or never began."""
        if self.failed is not None and number >= self.failed:
            return "failed" if number == self.failed else None
        return "complete" if number < self.complete else None


@dataclass(frozen=True, slots=True)
class TurnState:
    """The fields of the state hash that the llm worker reads."""

    epoch: int
    cursor: str
    settings: ModelSettings
    plan: TurnPlan | None
    progress: Progress
    cut: int
    """The last epoch at which a reply was cut off."""
    settled: str
    """The last turn whose interruption was settled. Turns are named by `UserTurn.ref` here."""
    ended: str = ""
    """The last turn whose `turn_complete` was sent."""
    warned: bool = False
    """True if the client was warned that the store is unavailable, and nothing has been saved since then."""
    rules: AnsweringRules = field(default_factory=AnsweringRules)
    """Who answers in this conversation."""
    cast: Cast = field(default_factory=Cast)
    """The characters at the table."""
    summary: Summary = NO_SUMMARY
    """What the characters remember of the messages that left the prompt."""
    user_name: str = ""
    """The name that the characters call the user by; "": the worker's default."""
    persona: Persona = field(default_factory=Persona)
    """Who the user is."""
    note: AuthorNote = field(default_factory=AuthorNote)
    """The author's note."""
    tentative: str = ""
    """The turn that waits to be confirmed."""
    withdrawn: frozenset[str] = frozenset()
    """The last turns that were withdrawn."""
    sounding: str = ""
    """The last epoch of which the client was sent sound; "": unknown."""
    lorebook: str = ""
    """The revision of the conversation's lorebook; "": it has none."""

    @property
    def unsettled(self) -> TurnPlan | None:
        """The plan of the last turn, if that turn was interrupted and is not settled yet; else None."""
        if self.plan is not None and self.cut > self.plan.epoch and self.settled != self.plan.ref:
            return self.plan
        return None

    @property
    def is_soundless(self) -> bool:
        """True if the client was sent no sound of the planned turn."""
        return self.plan is not None and self.sounding not in ("", str(self.plan.epoch))

    def has_plan_of(self, ref: str) -> bool:
        """True if the state has the plan of this turn: a worker has begun to answer it."""
        return self.plan is not None and self.plan.ref == ref

    def progress_of(self, ref: str) -> Progress:
        """The progress of a turn. If the state has the plan of another turn, no reply is started or complete."""
        return self.progress if self.has_plan_of(ref) else Progress()


_NOTHING = b""


def _number(raw: bytes) -> int:
    text = raw.decode()
    if not text:
        return 0
    # accept only the form that scripts write: a script that compares numbers as text sees `007` and `7` as different
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS or str(int(text)) != text:
        raise ValueError(f"{text[:MAX_DIGITS]!r} is not a number that a script has written")
    return int(text)


def _cursor(raw: bytes) -> str:
    cursor = raw.decode() or BEGINNING
    if _ENTRY_ID.fullmatch(cursor) is None:
        raise ValueError("the cursor is not an entry id")
    return cursor


def _settings(raw: bytes) -> ModelSettings:
    """The valid settings. The turn is answered without those that are invalid."""
    try:
        return possible_settings(codec.unpack(raw)) if raw else ModelSettings()
    except BadEntry:
        return ModelSettings()


def _possible(settings: ModelSettings) -> ModelSettings:
    """The valid settings: the same object, if all are valid."""
    if settings == DEFAULTS:
        return settings
    possible = possible_settings(settings.to_wire())
    return settings if possible == settings else possible


def _plan(raw: bytes) -> TurnPlan | None:
    if not raw:
        return None
    plan = codec.known(TurnPlan, codec.unpack(raw))
    settings, own = _possible(plan.settings), [_possible(speaker.settings) for speaker in plan.speakers]
    if settings is not plan.settings or any(
        mine is not speaker.settings for mine, speaker in zip(own, plan.speakers, strict=True)
    ):
        speakers = tuple(replace(speaker, settings=mine) for speaker, mine in zip(plan.speakers, own, strict=True))
        plan = replace(plan, settings=settings, speakers=speakers)
    if not is_id(plan.turn_id):
        raise BadEntry("TurnPlan: field 'turn_id' is not a UUID")
    if _ENTRY_ID.fullmatch(plan.entry_id) is None:
        raise BadEntry("TurnPlan: field 'entry_id' is not an entry id")
    if not 0 <= plan.epoch < 10**MAX_DIGITS:
        raise BadEntry("TurnPlan: field 'epoch' is not an epoch")
    return plan


_READERS: Mapping[StateField, Callable[[bytes], Any]] = {
    StateField.EPOCH: _number,
    StateField.CURSOR: _cursor,
    StateField.SETTINGS: _settings,
    StateField.PLAN: _plan,
    StateField.STARTED: _number,
    StateField.COMPLETE: _number,
    StateField.FAILED: lambda raw: _number(raw) if raw else None,
    StateField.CUT: _number,
    StateField.SETTLED: bytes.decode,
    StateField.ENDED: bytes.decode,
}
"""How to read each field. If the field is missing, the reader gets `_NOTHING`. It raises ValueError, of which BadEntry
is a kind.
"""


def read_state(state: Fields) -> TurnState:
    """Read the state hash.

    Raises:
        BadEntry: a field cannot be read.
    """
    fields = ConversationState(state)
    try:
        of = {name: read(fields.get(name, _NOTHING)) for name, read in _READERS.items()}
        return TurnState(
            epoch=of[StateField.EPOCH],
            cursor=of[StateField.CURSOR],
            settings=of[StateField.SETTINGS],
            plan=of[StateField.PLAN],
            progress=Progress(of[StateField.STARTED], of[StateField.COMPLETE], of[StateField.FAILED]),
            cut=of[StateField.CUT],
            settled=of[StateField.SETTLED],
            ended=of[StateField.ENDED],
            warned=StateField.WARNED in fields,
            rules=rules_of(fields),
            cast=cast_of(fields),
            summary=summary_of(fields),
            user_name=name_of(fields),
            persona=persona_of(fields),
            note=note_of(fields),
            tentative=fields.get(StateField.TENTATIVE, _NOTHING).decode(errors="replace"),
            withdrawn=fields.withdrawn,
            sounding=fields.get(StateField.SOUNDING, _NOTHING).decode(errors="replace"),
            lorebook=fields.get(StateField.LOREBOOK, _NOTHING).decode(errors="replace"),
        )
    except ValueError as error:
        raise BadEntry(f"the conversation's state cannot be read: {error}") from error


def unreadable_fields(state: Fields) -> list[str]:
    """The names of the fields that cannot be read."""
    bad: list[str] = []
    for name, read in _READERS.items():
        try:
            read(ConversationState(state).get(name, _NOTHING))
        except ValueError:
            bad.append(name)
    return bad
