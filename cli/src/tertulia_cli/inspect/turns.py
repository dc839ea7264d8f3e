"""The timeline of a conversation: turns, replies and sentences, with the time of each step (ms since 1970)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tertulia_cli.inspect.snapshot import GivenUp, OpenWork
from tertulia_shared.entries import SAMPLE_RATE_OUT
from tertulia_shared.events import HistoryChanged

BYTES_PER_S: Final = SAMPLE_RATE_OUT * 2


@dataclass(slots=True)
class Sentence:
    """One sentence, with the times of its text and its sound."""

    index: int
    text: str
    written: int
    letters: int = 0
    """Length of the reply's shown text up to the end of this sentence, in characters."""
    first_sound: int | None = None
    last_sound: int | None = None
    longest_gap: int = 0
    """The longest time between two successive chunks of its sound, in ms."""
    chunks: int = 0
    pcm_bytes: int = 0

    @property
    def seconds(self) -> float:
        """Length of its sound so far."""
        return self.pcm_bytes / BYTES_PER_S


@dataclass(frozen=True, slots=True)
class Resumed:
    """A takeover of a reply by another llm worker: its time, the gap since the last event, and the sentence (from
    0)."""

    at: int
    after_ms: int
    sentence: int


@dataclass(slots=True)
class Message:
    """One reply. `owner`: token of its tts work's current or last owner; `attempts`: number of claims of that work;
    `played_ms`: playback time by the client's receipts."""

    message_id: str
    name: str
    turn_id: str = ""
    character_id: str = ""
    is_discussion: bool = False
    """True if it follows another reply because the characters talk among themselves."""
    started: int | None = None
    first_text: int | None = None
    text_complete: int | None = None
    sound_complete: int | None = None
    status: str = "not begun"
    text: str = ""
    heard: str | None = None
    lore: tuple[Mapping[str, str], ...] = ()
    """The entries of lorebooks in its prompt: {name, source} (see `LoreUsed`)."""
    lore_left_out: tuple[str, ...] = ()
    """The names of entries that did not fit into its prompt."""
    resumptions: list[Resumed] = field(default_factory=list[Resumed])
    owner: str = ""
    attempts: int = 0
    played_ms: int | None = None
    last_event: int = 0
    """Time of the llm worker's last event for this reply."""
    sentences: dict[int, Sentence] = field(default_factory=dict[int, Sentence])

    @property
    def resumed(self) -> int:
        """Number of times another llm worker resumed it."""
        return len(self.resumptions)

    @property
    def seconds(self) -> float:
        """Length of its sound so far."""
        return sum(sentence.seconds for sentence in self.sentences.values())

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The completed steps by name and time, in order."""
        first = self.sentences.get(0)
        steps = (
            ("started", self.started),
            ("first text", self.first_text),
            ("first sentence", first.written if first else None),
            ("first sound", first.first_sound if first else None),
            ("text complete", self.text_complete),
            ("sound complete", self.sound_complete),
        )
        return sorted(((name, at) for name, at in steps if at is not None), key=lambda step: step[1])


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An earlier version of a spoken turn, which was withdrawn at `at`, usually because the user continued the turn.

    `tentative`: it was never confirmed, so no client got it.
    """

    text: str
    epoch: int
    accepted: int
    at: int
    tentative: bool


@dataclass(slots=True)
class Turn:
    """One turn, in its last version. Its times are shown relative to `zero`."""

    turn_id: str
    text: str
    source: str
    epoch: int
    accepted: int
    speech_end: int | None = None
    transcript: int | None = None
    tentative: bool = False
    """True if the turn was accepted at a pause that might not have been its end."""
    confirmed: int | None = None
    """The time at which a tentative turn became certain."""
    withdrawn: int | None = None
    """The time at which this version was withdrawn; None if it was not. No later version has been accepted."""
    earlier: tuple[Withdrawn, ...] = ()
    started: int | None = None
    complete: int | None = None
    reason: str = ""
    """Why these characters answer (see `turn_started` in the protocol); "" if older llm workers write no reason."""
    interrupted: bool = False
    """True if the user interrupted the turn before its text was complete."""
    cut: int | None = None
    """The time at which the user interrupted the turn's replies."""
    changes: list[HistoryChanged] = field(default_factory=list[HistoryChanged])
    """What the turn changed of the past."""
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    errors: list[str] = field(default_factory=list[str])

    @property
    def is_certain(self) -> bool:
        """False if the turn was withdrawn, or waits to be confirmed."""
        return self.withdrawn is None and (not self.tentative or self.confirmed is not None)

    @property
    def zero(self) -> int:
        """The end of the user's speech, or the time of the typed message."""
        return self.accepted if self.speech_end is None else self.speech_end

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The steps before the first reply, by name and time."""
        steps = (
            ("speech ended", self.speech_end),
            ("transcribed", self.transcript),
            ("turn accepted", self.accepted),
            ("turn started", self.started),
            ("turn confirmed", self.confirmed),
            ("withdrawn", self.withdrawn),
        )
        known = [(name, at) for name, at in steps if at is not None]
        return sorted(known, key=lambda step: step[1]) if self.tentative else known


@dataclass(frozen=True, slots=True)
class Timeline:
    """A conversation's turns in order, with its open and dead work."""

    conversation_id: str
    now_ms: int
    epoch: int
    demo: bool
    turns: tuple[Turn, ...]
    waiting: tuple[str, ...]
    """Ids of turns that no llm worker has started."""
    open_work: tuple[OpenWork, ...]
    dead: tuple[GivenUp, ...]
    workers: tuple[str, ...] = ()
    """The live workers: `stage:name:engine`."""
