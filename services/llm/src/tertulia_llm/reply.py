"""One character's reply: from the model's stream to `llm_chunk` events and sentences, as fast as they come.

The sentences that are in the stream are the truth. Whoever takes a reply over (after a worker's death, or after the
model's stream broke) asks the model to go on from them, so what is shown and what is spoken agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tertulia_llm.text.cleaning import StreamCleaner
from tertulia_llm.text.sentences import Sentence, SentenceSplitter
from tertulia_llm.text.tags import TagStripper
from tertulia_shared import codec
from tertulia_shared.bus import Entry, Outlet
from tertulia_shared.codec import decode
from tertulia_shared.conversation_state import StateField
from tertulia_shared.entries import Speaker, TTSSentence
from tertulia_shared.events import LLMChunk, MessageComplete, MessageResumed, MessageStarted, MessageStatus, Warn
from tertulia_shared.keys import Keys

MAX_REPLY_CHARS = 20_000
"""A longer reply ends at its last whole sentence: half an hour of speech."""
MAX_MODEL_CHARS = 4 * MAX_REPLY_CHARS
"""What is read of one stream at most, also of text that nobody is shown (tags, white space)."""
YIELD_CHARS = 400
"""Text after which the loop is let go: a model that sends without a pause must not starve other conversations."""
_NEEDS_NO_SPACE_AFTER = frozenset(" \t\n。？！」』、")  # noqa: RUF001 - the marks that are meant
_NEEDS_NO_SPACE_BEFORE = frozenset(" \t\n.,;:!?…)]}»”")


class EmptyReply(Exception):
    """The model ended its reply without a word of the character's own."""


@dataclass(frozen=True, slots=True)
class Said:
    """How much of a reply is in its sentence stream."""

    sentences: int = 0
    text: str = ""
    is_final: bool = False


def said_so_far(entries: Sequence[Entry]) -> Said:
    """What a `sentences` stream says of the reply's text."""
    if not entries:
        return Said()
    text = "".join(codec.text(entry.fields, b"written", "") for entry in entries)
    last = decode(TTSSentence, entries[-1].fields)
    return Said(last.index + (not last.is_final), text, last.is_final)


@dataclass(slots=True)
class Reply:
    """A reply being written. `number` is its place in the turn (from 0); `others` are the other characters' names."""

    keys: Keys
    outlet: Outlet
    conversation_id: str
    turn_id: str
    message_id: str
    number: int
    speaker: Speaker
    others: Sequence[str]
    user_name: str
    said: Said = field(default_factory=Said)
    shown: str = ""
    """All text that the client has been shown."""
    begun: bool = False
    usage: Mapping[str, int | float] = field(default_factory=dict[str, int | float])
    """What the model server says that it took."""

    def announce(self, *, again: bool) -> None:
        """Tell the client that it begins, or that it goes on from `said`."""
        events = self.keys.events(self.conversation_id)
        if again:
            self.outlet.append(events, MessageResumed(self.message_id, self.speaker.id, self.said.text))
        else:
            self.outlet.append(
                events, MessageStarted(self.message_id, self.turn_id, self.speaker.id, self.speaker.name)
            )
            self.outlet.put(self.keys.state(self.conversation_id), {StateField.STARTED: self.number + 1})
        self.shown = self.said.text
        self.begun = True

    async def write(self, texts: Callable[[], Awaitable[str | None]]) -> None:
        """Publish what the model says, until `texts()` gives None; then the reply is complete.

        When `texts` raises, what is published so far stands: `said` tells where to go on.

        Raises:
            EmptyReply: there was nothing to show; the reply is not ended.
        """
        cleaner = StreamCleaner()
        stripper = TagStripper(self.speaker.name, others=self.others, user=self.user_name)
        splitter = SentenceSplitter()
        loose = fed = 0
        is_cut = False
        while not is_cut and (text := await texts()) is not None:
            fed += len(text)
            clean = stripper.feed(cleaner.feed(text))
            room = MAX_REPLY_CHARS - len(self.shown)
            is_cut = len(clean) > room or fed > MAX_MODEL_CHARS
            clean = clean[: max(0, room)]
            if clean:
                clean = self._joined(clean)
                self._show(clean)
                first = self.said.sentences == 0
                sentences = splitter.feed(clean)
                self._speak(sentences)
                loose += len(clean)
                if sentences or loose > YIELD_CHARS or (first and loose == len(clean)):
                    loose = 1
                    await asyncio.sleep(0)  # let the first word, and each sentence, go out at once
                await self.outlet.room()
            if stripper.cut:
                break
        if is_cut and self.said.sentences:
            self._cut()
            return
        rest = (stripper.feed(cleaner.finish()) + stripper.finish())[: max(0, MAX_REPLY_CHARS - len(self.shown))]
        if rest:
            rest = self._joined(rest)
            self._show(rest)
            self._speak(splitter.feed(rest))
        if not self.shown:
            raise EmptyReply
        sentences, unspoken = splitter.finish()
        self._speak(sentences)
        self._end(unspoken)

    def _cut(self) -> None:
        """It is long enough: it ends with its last whole sentence, and the client is told."""
        events = self.keys.events(self.conversation_id)
        self.outlet.append(events, MessageResumed(self.message_id, self.speaker.id, self.said.text))
        self.outlet.append(events, Warn("reply_cut", f"{self.speaker.name}'s reply was too long and was cut."))
        self.shown = self.said.text
        self._end("")

    def complete(self, status: MessageStatus = "complete") -> None:
        """Tell the client that the text ends here."""
        events = self.keys.events(self.conversation_id)
        done = MessageComplete(self.message_id, self.speaker.id, self.said.text, status, self.usage)
        self.outlet.append(events, done)
        self.outlet.put(self.keys.state(self.conversation_id), {StateField.COMPLETE: self.number + 1})

    def end_speech(self) -> None:
        """No more sentences follow (the model gave up): tts may finish what it has."""
        if not self.said.is_final:
            self._end("")

    def _joined(self, clean: str) -> str:
        # text that goes on after a resumed beginning: the model's first word must not stick to the last one
        resumed = self.said.text and self.shown == self.said.text
        if resumed and self.shown[-1] not in _NEEDS_NO_SPACE_AFTER and clean[0] not in _NEEDS_NO_SPACE_BEFORE:
            return f" {clean}"
        return clean

    def _show(self, text: str) -> None:
        self.shown += text
        self.outlet.append(self.keys.events(self.conversation_id), LLMChunk(text, self.speaker.id, self.message_id))

    def _speak(self, sentences: Sequence[Sentence]) -> None:
        for sentence in sentences:
            self._sentence(sentence.spoken, sentence.written)

    def _end(self, unspoken: str) -> None:
        self._sentence("", unspoken, is_final=True)

    def _sentence(self, spoken: str, written: str, *, is_final: bool = False) -> None:
        index = self.said.sentences
        entry = TTSSentence(
            spoken, index, self.conversation_id, self.message_id, self.speaker.id, self.speaker.name,
            self.speaker.voice, is_final,
        )  # fmt: skip
        key = self.keys.sentences(self.conversation_id, self.message_id)
        self.outlet.append(key, entry, id=f"{index + 1}-0", written=written)
        self.said = Said(index + (not is_final), self.said.text + written, is_final)
