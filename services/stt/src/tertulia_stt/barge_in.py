"""Decides about the user's speech during a character's speech: whether it is an interruption, a cough, an "mm-hm", or
an echo of the character.

Pure. `OverlappingSpeech` calls `decide` with each partial transcript, and with the final transcript.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import takewhile

from tertulia_shared.phrases.tokens import is_spaceless, tokens_of
from tertulia_shared.stop_phrases import begins_with_stop, is_plain_stop
from tertulia_stt.engine import SAMPLE_RATE
from tertulia_stt.overlap_words import (
    begins_with_break_in,
    begins_with_name,
    is_backchannel,
    sounds_like_call,
    without_descriptions,
    without_sounds,
)
from tertulia_stt.speech_sound import Sound, SoundKind

MIN_WORDS = 2
"""A partial text interrupts if it has at least this many different words. A letter of a script without spaces counts as
half a word.
"""
MAX_CALL_WORDS = 3
"""A text of at most this many words that is a stop phrase or begins with a name interrupts even if nearly all sound is
echo.
"""
MIN_CALL_MS = 40
"""Such a text interrupts only if another voice than the character's was heard for this long."""
MIN_VOICED_MS = 150
"""Words after an echo interrupt only if the user's voice was heard for this long. The words themselves do not count,
because the recognizer often mishears a "stop" in an echo.
"""
DENIALS = frozenset({"no", "nein", "non", "nao", "nee", "nie", "hayir", "нет"})
ECHO_WINDOW = 3
"""Two words of an echo are at most this many words apart in the character's text. Words that are farther apart match by
chance.
"""
ECHO_RUN = 3
"""In a script without spaces, this many neighbouring letters that the character also says are an echo."""


class BargeInDecision(Enum):
    """The decision about the user's speech during a character's speech."""

    WAIT = "wait"
    """Too early to decide."""
    IGNORE = "ignore"
    """Not meant as an interruption: an echo, a cough or backchannel."""
    BREAK_IN = "break in"
    """Interrupt the character."""


class SoundSource(Enum):
    """Whose voice the microphone has recorded, as judged from the sound."""

    UNKNOWN = "unknown"
    """The sound does not show it: the microphone does not record the loudspeaker, or too little sound was compared."""
    UNDECIDED = "undecided"
    """A character has just begun to speak: it is too early to tell."""
    ECHO = "echo"
    """Only the character's voice, from the loudspeaker."""
    USER = "user"
    """Another voice, which is not in the sound that was sent to the client; perhaps also the character's voice."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The user's speech during a character's speech: its length in samples, and its transcript so far.

    `before`: the partial text before `text`; words that are in both are probably recognized correctly. `has_echo`: the
    text may begin with words of the character. `other_ms`, `sound`: see `Verdict` in `echo.detector`.
    """

    samples: int
    text: str
    is_final: bool = False
    source: SoundSource = SoundSource.UNKNOWN
    has_echo: bool = False
    other_ms: int = 0
    sound: Sound | None = None
    before: str | None = None

    @property
    def may_be_words(self) -> bool:
        """False if the user only coughs, hums or laughs, according to the sound."""
        return self.sound is None or self.sound.kind is SoundKind.WORDS


@dataclass(frozen=True, slots=True)
class Spoken:
    """The sentences that the characters are speaking, and the names of the characters."""

    sentences: Sequence[str]
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The thresholds; see the settings `stt_barge_in_ms` and `stt_echo_share`."""

    min_ms: int
    echo_share: float


def decide(heard: Heard, spoken: Spoken, bounds: Bounds) -> BargeInDecision:
    """Decide about the speech.

    Stop phrases and names interrupt at once, regardless of their length and sound. Words such as "no" and "but"
    interrupt regardless of their length, unless they sound like a cough or a hum. Other words must also last for
    `min_ms`.
    """
    heard = replace(heard, text=without_descriptions(heard.text))
    tokens = tokens_of(heard.text)
    if tokens and _interrupts(heard, tokens, spoken, bounds):
        return BargeInDecision.BREAK_IN
    return BargeInDecision.IGNORE if heard.is_final else BargeInDecision.WAIT


def _interrupts(heard: Heard, tokens: Sequence[str], spoken: Spoken, bounds: Bounds) -> bool:
    if _is_call(heard, tokens, spoken, bounds):
        return True
    if _is_echo(heard, tokens, spoken, bounds):
        return False
    if is_backchannel(tokens) or not (heard.may_be_words or _is_repeated(tokens)):
        return False
    return _asks_for_the_word(heard, tokens, spoken) or _is_long(heard, tokens, bounds)


def _is_repeated(tokens: Sequence[str]) -> bool:
    """True for "no no no", which sounds like laughter."""
    return len(tokens) > 1 and len(set(tokens)) == 1 and tokens[0] in DENIALS


def _asks_for_the_word(heard: Heard, tokens: Sequence[str], spoken: Spoken) -> bool:
    """True if the text begins like an interruption. After an echo, only a stop phrase counts, because recognizers often
    mishear short words that follow an echo.
    """
    if heard.has_echo:
        return has_stop(heard.text)
    return (
        begins_with_stop(heard.text, spoken.names)
        or begins_with_break_in(tokens)
        or sounds_like_call(heard.text, spoken.names, spoken.sentences)
    )


def _is_long(heard: Heard, tokens: Sequence[str], bounds: Bounds) -> bool:
    min_voiced_ms = MIN_VOICED_MS if heard.has_echo else bounds.min_ms // 2
    is_voiced = heard.sound is None or heard.sound.voiced_ms >= min_voiced_ms
    is_long = is_voiced and heard.samples * 1000 >= bounds.min_ms * SAMPLE_RATE
    words = tokens if heard.has_echo else _lasting(tokens, heard.before)
    return is_long and (heard.is_final or _word_count(words) >= MIN_WORDS)


def _is_call(heard: Heard, tokens: Sequence[str], spoken: Spoken, bounds: Bounds) -> bool:
    """True if the text asks the characters to be quiet or calls a character by name, and is probably no echo."""
    if not (is_plain_stop(heard.text, spoken.names) or begins_with_name(tokens, spoken.names)):
        return False
    if heard.source is SoundSource.USER:
        return True
    if heard.source is SoundSource.ECHO:
        said = {token for sentence in spoken.sentences for token in tokens_of(sentence)}
        has_voice = heard.other_ms >= MIN_CALL_MS and len(tokens) <= MAX_CALL_WORDS
        return has_voice and said.isdisjoint(tokens)
    return echo_share(tokens, spoken.sentences) < bounds.echo_share


def _is_echo(heard: Heard, tokens: Sequence[str], spoken: Spoken, bounds: Bounds) -> bool:
    """True if the speech is an echo, or may still turn out to be one."""
    if heard.source is SoundSource.UNKNOWN or (heard.source is SoundSource.UNDECIDED and heard.is_final):
        return echo_share(tokens, spoken.sentences) >= bounds.echo_share
    return heard.source is not SoundSource.USER


def has_stop(text: str) -> bool:
    """True if the text has a stop phrase, at its beginning or later."""
    words = text.split()
    return any(begins_with_stop(" ".join(words[first:])) for first in range(len(words)))


def _lasting(tokens: Sequence[str], before: str | None) -> Sequence[str]:
    """The first tokens that the earlier partial text has, too. Other tokens may be noise: recognizers often withdraw
    the words that they wrote for a noise.
    """
    if before is None:
        return tokens
    pairs = zip(tokens, tokens_of(before), strict=False)
    return [token for token, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]


def _word_count(tokens: Sequence[str]) -> float:
    return sum(0.5 if is_spaceless(token) else 1 for token in set(without_sounds(tokens)))


def echo_share(tokens: Sequence[str], being_said: Sequence[str]) -> float:
    """The share (0..1) of `tokens` that are probably an echo of `being_said`.

    Words count in pairs: two words that occur in both texts in the same order, at most `ECHO_WINDOW` words apart. So
    there may be misheard words between them. Letters of a script without spaces count in runs of `ECHO_RUN`. A single
    token counts if it occurs in `being_said`.
    """
    said = [token for sentence in being_said for token in tokens_of(sentence)]
    if not tokens or not said:
        return 0.0
    places: dict[str, list[int]] = {}
    for place, token in enumerate(said):
        places.setdefault(token, []).append(place)
    if len(tokens) == 1:
        return 1.0 if tokens[0] in places else 0.0
    echoed: set[int] = set()
    for i, first in enumerate(tokens):
        if is_spaceless(first):
            run = tokens[i : i + ECHO_RUN]
            if len(run) == min(ECHO_RUN, len(tokens)) and any(
                said[place : place + len(run)] == list(run) for place in places.get(first, ())
            ):
                echoed |= set(range(i, i + len(run)))
            continue
        for j in range(i + 1, min(i + 1 + ECHO_WINDOW, len(tokens))):
            if any(
                0 < after - before <= ECHO_WINDOW
                for before in places.get(first, ())
                for after in places.get(tokens[j], ())
            ):
                echoed |= {i, j}
    return len(echoed) / len(tokens)
