"""A conversation as it went: turns, replies, sentences, with the time of each step (ms since 1970)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tertulia_cli.inspect.recording import GivenUp, OpenWork
from tertulia_shared.entries import SAMPLE_RATE_OUT

BYTES_PER_S: Final = SAMPLE_RATE_OUT * 2


@dataclass(slots=True)
class Sentence:
    """One sentence: when it was written, when its sound began and was complete, how long it sounds."""

    index: int
    text: str
    written: int
    letters: int = 0
    """How much of the reply's text, as it is shown, ends with it (characters)."""
    first_sound: int | None = None
    last_sound: int | None = None
    longest_gap: int = 0
    """Between two of its chunks, in ms."""
    chunks: int = 0
    pcm_bytes: int = 0

    @property
    def seconds(self) -> float:
        """Length of its sound so far."""
        return self.pcm_bytes / BYTES_PER_S


@dataclass(frozen=True, slots=True)
class Resumed:
    """Another llm worker went on with a reply: when, how long after the last sign of the one before it, and in which
    sentence (from 0)."""

    at: int
    after_ms: int
    sentence: int


@dataclass(slots=True)
class Message:
    """One reply. `owner`: the token of who speaks or spoke it, `attempts`: how often a tts worker was given it;
    `played_ms`: what the client says that it has played."""

    message_id: str
    name: str
    turn_id: str = ""
    character_id: str = ""
    started: int | None = None
    first_text: int | None = None
    text_complete: int | None = None
    sound_complete: int | None = None
    status: str = "not begun"
    text: str = ""
    heard: str | None = None
    resumptions: list[Resumed] = field(default_factory=list[Resumed])
    owner: str = ""
    attempts: int = 0
    played_ms: int | None = None
    last_sign: int = 0
    """When the llm worker's last event of it was written."""
    sentences: dict[int, Sentence] = field(default_factory=dict[int, Sentence])

    @property
    def resumed(self) -> int:
        """How often another llm worker went on with it."""
        return len(self.resumptions)

    @property
    def seconds(self) -> float:
        """Length of its sound so far."""
        return sum(sentence.seconds for sentence in self.sentences.values())

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The steps that were taken, by name and time."""
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


@dataclass(slots=True)
class Turn:
    """One turn. `zero` is what its times are counted from: the end of the user's speech, or the typed message."""

    turn_id: str
    text: str
    source: str
    epoch: int
    accepted: int
    speech_end: int | None = None
    transcript: int | None = None
    started: int | None = None
    complete: int | None = None
    interrupted: bool = False
    """It was cut off before its text was complete."""
    cut: int | None = None
    """When the user cut off what was being made or heard of it."""
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    errors: list[str] = field(default_factory=list[str])

    @property
    def zero(self) -> int:
        """See above."""
        return self.accepted if self.speech_end is None else self.speech_end

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The steps before the first reply, by name and time."""
        steps = (
            ("speech ended", self.speech_end),
            ("transcribed", self.transcript),
            ("turn accepted", self.accepted),
            ("turn started", self.started),
        )
        return [(name, at) for name, at in steps if at is not None]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A conversation's turns in order, and what is open or given up of it."""

    conversation_id: str
    now_ms: int
    epoch: int
    demo: bool
    turns: tuple[Turn, ...]
    waiting: tuple[str, ...]
    """Ids of turns that nobody has begun to answer."""
    open_work: tuple[OpenWork, ...]
    dead: tuple[GivenUp, ...]
    workers: tuple[str, ...] = ()
    """The workers that gave a sign of life just now: `stage:name:engine`."""
