"""Tracks user speech that begins while a character is speaking, and collects the data that `barge_in` needs for its
decision.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tertulia_shared import codec
from tertulia_shared.bus import Bus
from tertulia_shared.codec import decode
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import TTSSentence, TurnPlan
from tertulia_shared.entry_ids import BEGINNING
from tertulia_shared.phrases.tokens import tokens_of
from tertulia_shared.stop_phrases import is_plain_stop, is_withdrawal
from tertulia_stt.barge_in import (
    BargeInDecision,
    Bounds,
    Heard,
    SoundSource,
    Spoken,
    decide,
    echo_share,
)
from tertulia_stt.echo.detector import UNKNOWN, EchoDetector, Verdict
from tertulia_stt.engine import SAMPLE_RATE, TranscriptionFinished, TranscriptionUpdate, VadStart
from tertulia_stt.overlap_words import is_backchannel, is_interjection, is_unlikely_after_sentence, without_descriptions
from tertulia_stt.own_words import MAX_REVISED, own_words
from tertulia_stt.settings import STTSettings
from tertulia_stt.speech_sound import SoundKind
from tertulia_stt.taking_back import takes_itself_back

SENTENCES_BEFORE: Final = 2
"""The echo may have up to this many of the sentences before the one that is played."""
SENTENCES_AFTER: Final = 3
"""The echo may have up to this many of the sentences after the one that the last receipt names, because receipts arrive
late.
"""
ECHO_AFTER_SAMPLES: Final = 2 * SAMPLE_RATE
"""The echo of an interrupted reply may go on for this long after the interruption, because the client has buffers."""
MAX_NOISE_WORDS: Final = 2
"""A recognizer writes at most this many words for a cough."""
MAX_PARTIALS: Final = 64
"""Only this many of the last partial texts of an utterance are kept."""

log = logging.getLogger(__name__)


class OverlappingSpeech:
    """The current utterance of a session, and whether it overlaps a character's speech.

    Call `begin` when the speech begins, `is_barge_in` for each partial text, and `end` after the final text.
    """

    def __init__(self, bus: Bus, conversation_id: str, settings: STTSettings) -> None:
        self._bus = bus
        self._conversation_id = conversation_id
        self._barge_in_enabled = settings.stt_barge_in
        self._bounds = Bounds(settings.stt_barge_in_ms, settings.stt_echo_share)
        self._echo = EchoDetector(bus, conversation_id)
        self._first_sample = 0
        self._spoken_until = -ECHO_AFTER_SAMPLES  # the last sample at which an echo was heard
        self._overlaps = False
        self._interrupted = False
        self.is_character_speaking = False
        """Whether a character was speaking when Redis was asked last."""
        self._sentences: dict[tuple[str, int], str] = {}
        """The sentences that characters have spoken since the utterance began, by message and index."""
        self._read_up_to: dict[str, str] = {}
        """The id of the last entry that was read of each message's sentences."""
        self._planned_names: tuple[str, ...] = ()
        self._active_names: tuple[str, ...] = ()
        self._partials: deque[tuple[int, str]] = deque(maxlen=MAX_PARTIALS)
        self._verdict = UNKNOWN

    def expect(self, names: Sequence[str]) -> None:
        """Set the names of the active characters. The names in the plan of the last turn count, too."""
        self._active_names = tuple(names)

    def hear(self, first_sample: int, pcm: bytes, ts: int) -> None:
        """Add sound of the microphone. `ts`: when the gateway wrote it (ms since 1970)."""
        self._echo.microphone.add(first_sample, pcm, ts)

    @property
    def is_undecided(self) -> bool:
        """True if the utterance overlaps a character's speech, and has not interrupted the character."""
        return self._overlaps and not self._interrupted

    async def begin(self, event: VadStart) -> None:
        """Begin an utterance. Looks up whether a character is speaking, and which sentences."""
        self._first_sample = event.at_sample if event.start_sample is None else event.start_sample
        self._interrupted, self._verdict = False, UNKNOWN
        self._sentences, self._read_up_to = {}, {}
        self._partials.clear()
        self._overlaps = await self._look() or self._first_sample - self._spoken_until < ECHO_AFTER_SAMPLES

    async def is_barge_in(self, event: TranscriptionUpdate) -> bool:
        """True if this partial text interrupts the character. This is the case at most once per utterance."""
        if not (self.is_undecided and self._barge_in_enabled):
            return False
        if is_backchannel(tokens_of(event.text)):
            return False
        is_speaking = await self._look()  # look again, because the text may be the echo of a newer sentence
        self._verdict = await self._echo.examine(self._first_sample, event.at_sample)
        if is_speaking and self._verdict.source in (SoundSource.ECHO, SoundSource.USER):
            self._spoken_until = event.at_sample
        heard = self._heard(event.at_sample, event.text, self._verdict)
        self._interrupted = self._decide(heard) is BargeInDecision.BREAK_IN
        self._partials.append((event.at_sample, event.text))
        return self._interrupted

    async def is_false_alarm(self, event: TranscriptionFinished, text: str) -> bool:
        """True if an undecided utterance must be ignored, because it is an echo or a backchannel word, or barge-in is
        disabled.
        """
        is_speaking = await self._look()
        verdict = self._verdict = await self._echo.examine(self._first_sample, event.speech_end)
        heard = self._heard(event.speech_end, text, verdict, is_final=True)
        if is_speaking:
            return not self._barge_in_enabled or self._decide(heard) is BargeInDecision.IGNORE
        # the character has finished, so a "yes" is an answer now, but an echo is not
        if verdict.source in (SoundSource.UNKNOWN, SoundSource.UNDECIDED):
            return echo_share(tokens_of(text), self._being_said()) >= self._bounds.echo_share
        if not heard.has_echo:
            return verdict.source is SoundSource.ECHO
        if is_backchannel(tokens_of(heard.text)):
            return not heard.may_be_words
        return self._decide(heard) is BargeInDecision.IGNORE

    async def is_stop(self, event: TranscriptionFinished, text: str) -> bool:
        """True if the utterance only asks the characters to be quiet, or ends with words that take it back. Looks up
        whether a character is speaking.
        """
        await self._look()
        said = without_descriptions(text)
        if is_plain_stop(said, self._names) or takes_itself_back(said, self._names):
            return True
        if self._interrupted:
            before, verdict = self._verdict, await self._echo.examine(self._first_sample, event.speech_end)
            if (
                before.source is SoundSource.USER and verdict.source is SoundSource.USER
            ):  # keep the words before a pause
                verdict = replace(verdict, user_from=min(before.user_from, verdict.user_from))
            self._verdict = verdict
        if not self._has_echo(self._verdict):
            return False
        words = self.own_text(text).split()  # the first of them may be words of the echo
        return any(is_plain_stop(" ".join(words[at:]), self._names) for at in range(MAX_REVISED + 1))

    def takes_back(self, text: str) -> bool:
        """True if a text that only asks for silence also cancels the user's words before it ("never mind")."""
        is_withdrawn = is_withdrawal(text, self._names) or takes_itself_back(text, self._names)
        return not self.is_character_speaking and is_withdrawn

    async def is_noise(self, event: TranscriptionFinished, text: str, *, is_finished: bool) -> bool:
        """True if the recognizer wrote words for a cough, a hum or the like, according to the text and the sound.
        `is_finished`: the sentence before is finished.

        A hum and a short word can sound alike ("you"), so a hum must also be written as a hum.
        """
        tokens = tokens_of(without_descriptions(text))
        if not tokens:
            return True
        is_murmur = is_unlikely_after_sentence(tokens) if is_finished else is_interjection(tokens)
        if not is_murmur and len(tokens) > MAX_NOISE_WORDS:
            return False
        sound = (await self._echo.examine(self._first_sample, event.speech_end)).sound
        kind = SoundKind.WORDS if sound is None else sound.kind
        return kind is SoundKind.NOISE or (kind is SoundKind.MURMUR and is_murmur)

    def own_text(self, text: str) -> str:
        """The final text without the words of an echo that came before the user spoke."""
        return self._own_words(text, self._verdict) if self._has_echo(self._verdict) else text

    def end(self) -> None:
        """End the utterance."""
        self._overlaps = False

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._planned_names, *self._active_names)))

    def _heard(self, until: int, text: str, verdict: Verdict, *, is_final: bool = False) -> Heard:
        has_echo = self._has_echo(verdict)
        before = self._partials[-1][1] if self._partials else ""
        return Heard(
            until - (verdict.user_from if has_echo else self._first_sample),
            self._own_words(text, verdict) if has_echo else text,
            is_final,
            verdict.source,
            has_echo=has_echo,
            other_ms=verdict.other_ms,
            sound=verdict.sound,
            before=self._own_words(before, verdict) if has_echo else before,
        )

    def _decide(self, heard: Heard) -> BargeInDecision:
        return decide(heard, Spoken(self._being_said(), self._names), self._bounds)

    def _has_echo(self, verdict: Verdict) -> bool:
        """True if the utterance began with an echo before the user spoke."""
        return verdict.source is SoundSource.USER and any(at <= verdict.user_from for at, _ in self._partials)

    def _own_words(self, text: str, verdict: Verdict) -> str:
        return own_words(text, tuple(self._partials), verdict.user_from)

    def _being_said(self) -> list[str]:
        """The sentences that the echo may have."""
        position = self._echo.played.position
        if position is None:
            return list(self._sentences.values())
        order = list(dict.fromkeys(id for id, _ in self._sentences))
        if position.message_id not in order:
            return list(self._sentences.values())
        playing, index = order.index(position.message_id), position.sentence_index
        first, last = (playing, index - SENTENCES_BEFORE), (playing, index + SENTENCES_AFTER)
        following = range(SENTENCES_AFTER + 1)
        return [
            text
            for (id, at), text in self._sentences.items()
            if first <= (order.index(id), at) <= last or (order.index(id) == playing + 1 and at in following)
        ]

    async def _look(self) -> bool:
        """Ask Redis whether a character is speaking. Also adds the sentences of the current turn to `_sentences`."""
        state = ConversationState(await self._bus.hash(self._bus.keys.state(self._conversation_id)))
        plan = state.get(StateField.PLAN)
        is_speaking = state.is_talking and StateField.TENTATIVE not in state  # a tentative turn is not heard yet
        self.is_character_speaking = is_speaking
        if plan is not None:
            try:
                turn = codec.known(TurnPlan, codec.unpack(plan))
                await self._read_turn(turn, sentences=is_speaking or self._overlaps)
            except (
                ValueError
            ) as error:  # includes BadEntry; continue without the sentences, although echoes may then not be recognized
                ids = {"conversation_id": self._conversation_id}
                log.warning("the sentences being spoken cannot be read: %s", error, extra=ids)
        return is_speaking

    async def _read_turn(self, plan: TurnPlan, *, sentences: bool) -> None:
        self._planned_names = (*plan.others, *(speaker.name for speaker in plan.speakers))
        if not sentences:
            return
        await self._echo.played.read_receipts(plan.message_ids)
        for message_id in plan.message_ids:
            key = self._bus.keys.sentences(self._conversation_id, message_id)
            for entry in await self._bus.read(key, self._read_up_to.get(message_id, BEGINNING)):
                self._read_up_to[message_id] = entry.id
                sentence = decode(TTSSentence, entry.fields)
                self._sentences[message_id, sentence.index] = sentence.text
