"""Publishes one reply: its `llm_chunk` events, its sentences, and its progress in the conversation's state.

The `sentences` stream is the source of truth. If a worker takes a reply over, or repeats the request after the model's
stream broke, the model continues after the last sentence in that stream. So the client shows the same text as is
spoken.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tertulia_llm.text.sentences import Sentence
from tertulia_shared.bus import Entry, Outlet
from tertulia_shared.codec import decode
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import Speaker, TTSSentence
from tertulia_shared.events import (
    Event,
    LLMChunk,
    LoreUsed,
    MessageComplete,
    MessageResumed,
    MessageStarted,
    MessageStatus,
    Thinking,
    Warn,
)
from tertulia_shared.keys import Keys
from tertulia_shared.written_texts import written_texts


@dataclass(frozen=True, slots=True)
class WrittenText:
    """The part of a reply that is in its `sentences` stream."""

    sentences: int = 0
    text: str = ""
    is_final: bool = False
    sentence_ends: tuple[int, ...] = ()
    """Where each sentence ends in `text` (exclusive)."""


def read_written(entries: Sequence[Entry]) -> WrittenText:
    """Read the entries of a `sentences` stream.

    Raises:
        BadEntry: an entry cannot be read.
    """
    if not entries:
        return WrittenText()
    last = decode(TTSSentence, entries[-1].fields)
    written = written_texts(entries)
    ends = tuple(itertools.accumulate(map(len, written)))
    return WrittenText(
        last.index + (not last.is_final), "".join(written), last.is_final, ends[:-1] if last.is_final else ends
    )


@dataclass(slots=True)
class Reply:
    """A reply that is being written.

    `number`: its index among the replies of the turn (from 0). `others`: the names of the other characters.
    """

    keys: Keys
    outlet: Outlet
    conversation_id: str
    turn_id: str
    message_id: str
    number: int
    speaker: Speaker
    others: Sequence[str]
    user_name: str
    written: WrittenText = field(default_factory=WrittenText)
    shown: str = ""
    """The text that the client has received. It begins with `written.text`."""
    announced: bool = False
    discards_from: int | None = None
    """The first sentence whose text was discarded, until an entry says so."""
    usage: Mapping[str, int | float] = field(default_factory=dict[str, int | float])
    """The model server's token counts, added up over all requests for this reply."""
    _lore: LoreUsed | None = None

    def announce(self, *, resumed: bool) -> None:
        """Tell the client that the reply begins; or, if `resumed`, that it continues after `written`."""
        events = self.keys.events(self.conversation_id)
        if resumed:
            self.outlet.append(events, self._message_resumed())
        else:
            self.outlet.append(
                events, MessageStarted(self.message_id, self.turn_id, self.speaker.id, self.speaker.name)
            )
            self.outlet.put(self.keys.state(self.conversation_id), {StateField.STARTED: self.number + 1})
        self.shown = self.written.text
        self.announced = True

    def publish(self, text: str, sentences: Sequence[Sentence], *, can_wait: bool = False) -> None:
        """Send `text` to the client, and the sentences that it completes to tts. `can_wait`: text that completes no
        sentence may wait for the next tick.
        """
        self.shown += text
        lengths = (len(sentence.written) for sentence in sentences)
        _, *ends = itertools.accumulate(lengths, initial=len(self.written.text))
        events = self.keys.events(self.conversation_id)
        chunk = LLMChunk(text, self.speaker.id, self.message_id, tuple(ends))
        if can_wait and not sentences:
            self.outlet.append_by_tick(events, chunk)
        else:
            self.outlet.append(events, chunk)
        self.speak(sentences)

    def speak(self, sentences: Sequence[Sentence]) -> None:
        """Send these sentences to tts."""
        for sentence in sentences:
            self._sentence(sentence.spoken, sentence.written)

    def end(self, unspoken: str) -> None:
        """Send the final entry to tts. `unspoken`: the text after the last sentence, which has nothing to speak."""
        self._sentence("", unspoken, is_final=True)

    def truncate(self) -> None:
        """End the reply after its last sentence. The client removes the text after it."""
        if self.shown != self.written.text:
            self.outlet.append(self.keys.events(self.conversation_id), self._message_resumed())
            self.shown = self.written.text
        self.end("")

    def discard(self, start: WrittenText) -> None:
        """Go back to the text of `start`: what was written after it was the model's reasoning.

        Sentences that tts has are spoken nevertheless; they keep their numbers, and have no text.
        """
        count = self.written.sentences
        if count > start.sentences:
            ends = (*start.sentence_ends, *[len(start.text)] * (count - start.sentences))
            self.written = WrittenText(count, start.text, sentence_ends=ends)
            self.discards_from = start.sentences
        if self.announced:
            self.announce(resumed=True)

    def use_lore(self, used: LoreUsed | None) -> None:
        """Tell the client which entries of lorebooks are in the prompt, unless it was told the same. None: none are."""
        if used is not None and used != self._lore:
            self.outlet.append(self.keys.events(self.conversation_id), used)
        self._lore = used

    def think(self) -> None:
        """Tell the client that the model is reasoning."""
        event = Thinking(self.message_id, self.turn_id, self.speaker.id, self.speaker.name)
        self.outlet.append(self.keys.events(self.conversation_id), event)

    def tell(self, event: Event) -> None:
        """Send the client an event about this reply."""
        self.outlet.append(self.keys.events(self.conversation_id), event)

    def warn(self, code: str, message: str) -> None:
        """Send the client a warning about this reply."""
        self.outlet.append(self.keys.events(self.conversation_id), Warn(code, message))

    def complete(self, status: MessageStatus = "complete") -> None:
        """Tell the client that the reply's text has ended."""
        events = self.keys.events(self.conversation_id)
        text, ends = self.written.text, self.written.sentence_ends
        self.outlet.append(events, MessageComplete(self.message_id, self.speaker.id, text, status, self.usage, ends))
        self.outlet.put(self.keys.state(self.conversation_id), {StateField.COMPLETE: self.number + 1})

    def end_speech(self) -> None:
        """Send the final entry to tts, unless it was sent. Used when the model failed: tts then speaks the sentences so
        far.
        """
        if not self.written.is_final:
            self.end("")

    def _message_resumed(self) -> MessageResumed:
        return MessageResumed(self.message_id, self.speaker.id, self.written.text, self.written.sentence_ends)

    def _sentence(self, spoken: str, written: str, *, is_final: bool = False) -> None:
        index = self.written.sentences
        entry = TTSSentence(
            spoken,
            index,
            self.conversation_id,
            self.message_id,
            self.speaker.id,
            self.speaker.name,
            self.speaker.voice,
            is_final,
            self.speaker.speed,
            self.speaker.pitch,
        )
        key = self.keys.sentences(self.conversation_id, self.message_id)
        discards = {} if self.discards_from is None else {"discards_from": self.discards_from}
        self.outlet.append(key, entry, id=f"{index + 1}-0", written=written, **discards)
        self.discards_from = None
        text, ends = self.written.text + written, self.written.sentence_ends
        self.written = WrittenText(index + (not is_final), text, is_final, ends if is_final else (*ends, len(text)))
