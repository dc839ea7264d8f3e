"""Tracks user speech that begins while a character is speaking, and collects the data that `barge_in` needs for its
decision.
"""

from __future__ import annotations

import logging

from tertulia_shared import codec
from tertulia_shared.bus import Bus
from tertulia_shared.codec import decode
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.entries import TTSSentence, TurnPlan
from tertulia_stt.barge_in import BargeInDecision, Bounds, Heard, decide, echo_share, words_of
from tertulia_stt.engine import TranscriptionFinished, TranscriptionUpdate
from tertulia_stt.settings import STTSettings

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
        self._first_sample: int | None = None
        self._overlaps = False
        self._interrupted = False
        self.is_character_speaking = False
        """Whether a character was speaking at the last look."""
        self._sentences: dict[str, str] = {}
        """The sentences that characters have spoken since the utterance began. The key is the message id and the entry
        id.
        """

    @property
    def is_undecided(self) -> bool:
        """True if the utterance overlaps a character's speech, and has not interrupted the character."""
        return self._overlaps and not self._interrupted

    async def begin(self, at_sample: int) -> None:
        """Begin an utterance. Looks up whether a character is speaking, and which sentences."""
        self._first_sample, self._interrupted, self._sentences = at_sample, False, {}
        self._overlaps = await self._is_character_speaking()

    async def is_barge_in(self, event: TranscriptionUpdate) -> bool:
        """True if this partial text interrupts the character. This is the case at most once per utterance."""
        if not (self.is_undecided and self._barge_in_enabled):
            return False
        if self._decide(event.at_sample, event.text, is_final=False) is not BargeInDecision.BREAK_IN:
            return False
        # reload the sentences, because the text may be the echo of a newer sentence
        await self._is_character_speaking()
        self._interrupted = self._decide(event.at_sample, event.text, is_final=False) is BargeInDecision.BREAK_IN
        return self._interrupted

    async def is_false_alarm(self, event: TranscriptionFinished, text: str) -> bool:
        """True if an undecided utterance must be ignored, because it is an echo or a backchannel word, or barge-in is
        disabled.
        """
        # the character has finished, so a "yes" is an answer now, but an echo is not
        if not await self._is_character_speaking():
            return echo_share(words_of(text), list(self._sentences.values())) >= self._bounds.echo_share
        return (
            not self._barge_in_enabled or self._decide(event.speech_end, text, is_final=True) is BargeInDecision.IGNORE
        )

    def end(self) -> None:
        """End the utterance."""
        self._first_sample, self._overlaps = None, False

    def _decide(self, until: int, text: str, *, is_final: bool) -> BargeInDecision:
        begun = until if self._first_sample is None else self._first_sample
        return decide(Heard(until - begun, text, is_final), list(self._sentences.values()), self._bounds)

    async def _is_character_speaking(self) -> bool:
        """Ask Redis whether a character is speaking. Also adds the sentences of the current turn to `_sentences`."""
        state = ConversationState(await self._bus.hash(self._bus.keys.state(self._conversation_id)))
        is_speaking, plan = state.is_talking, state.get(StateField.PLAN)
        self.is_character_speaking = is_speaking
        if (is_speaking or self._overlaps) and plan is not None:
            try:
                await self._add_sentences(codec.known(TurnPlan, codec.unpack(plan)))
            except (
                ValueError
            ) as error:  # includes BadEntry; continue without the sentences, although echoes may then not be recognized
                ids = {"conversation_id": self._conversation_id}
                log.warning("the sentences being spoken cannot be read: %s", error, extra=ids)
        return is_speaking

    async def _add_sentences(self, plan: TurnPlan) -> None:
        for message_id in plan.message_ids:
            for entry in await self._bus.read(self._bus.keys.sentences(self._conversation_id, message_id)):
                self._sentences[f"{message_id} {entry.id}"] = decode(TTSSentence, entry.fields).text
