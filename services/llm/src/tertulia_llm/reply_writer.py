"""Publishes the text of one model stream as a reply. It cleans the text, removes what the model wrote for other
speakers, and splits the rest into sentences.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tertulia_llm.reply import Reply
from tertulia_llm.reply_ending import ends_whole
from tertulia_llm.text.cleaning import StreamCleaner
from tertulia_llm.text.language import VoiceLanguage
from tertulia_llm.text.sentences import Sentence, SentenceSplitter
from tertulia_llm.text.speaker_lines import SpeakerLines

MAX_REPLY_CHARS = 20_000
"""Maximum length of a reply, about half an hour of speech. A longer reply ends after its last complete sentence."""
MAX_MODEL_CHARS = 4 * MAX_REPLY_CHARS
"""Maximum number of characters read from one stream, including those that are not shown (tags, white space)."""
YIELD_CHARS = 400
"""After this many characters the writer yields to the event loop, so that a fast model does not delay other
conversations.
"""
_NEEDS_NO_SPACE_AFTER = frozenset(" \t\n。？！」』、")  # noqa: RUF001 - these Unicode marks are intended
_NEEDS_NO_SPACE_BEFORE = frozenset(" \t\n.,;:!?…)]}»”")


class EmptyReply(Exception):
    """Raised when the model ended its reply without text to show.

    `spoke_for_others`: True if the model wrote text, but only for other speakers.
    """

    def __init__(self, *, spoke_for_others: bool = False) -> None:
        super().__init__("the reply has no text")
        self.spoke_for_others = spoke_for_others


class ReplyWriter:
    """Cleans the text of one model stream and publishes it as a reply."""

    def __init__(self, reply: Reply, voice: VoiceLanguage | None = None) -> None:
        self._reply = reply
        self._cleaner = StreamCleaner()
        self._lines = SpeakerLines(
            reply.speaker.name, others=reply.others, user=reply.user_name, before=reply.written.text
        )
        self._splitter = SentenceSplitter(voice=voice)
        self._chars_read = 0
        self._chars_since_yield = 0
        self._is_too_long = False

    async def write(self, text: str) -> bool:
        """Publish the next text of the stream.

        Returns:
            True if the reply can take more text. False if it is too long, or if the model began to write what another
            character or the user says.
        """
        self._chars_read += len(text)
        clean = self._lines.feed(self._cleaner.feed(text))
        room = self._room()
        self._is_too_long = len(clean) > room or self._chars_read > MAX_MODEL_CHARS
        clean = clean[:room]
        if clean:
            is_first_sentence = self._reply.written.sentences == 0
            clean = self._joined(clean)
            sentences = self._splitter.feed(clean)
            is_first_text = is_first_sentence and self._chars_since_yield == 0
            # after the first sentence, the text was read by tick
            self._reply.publish(clean, sentences, can_wait=is_first_sentence and not is_first_text)
            self._chars_since_yield += len(clean)
            if sentences or is_first_text or self._chars_since_yield > YIELD_CHARS:
                self._chars_since_yield = 1
                await asyncio.sleep(0)  # yield, so that the outlet writes to Redis now
            await self._reply.outlet.room()
        return not (self._is_too_long or self._lines.cut)

    @property
    def is_cut_short(self) -> bool:
        """True if the rest of the stream is not part of the reply: the reply is too long, or the model writes for
        another speaker.
        """
        return self._is_too_long or self._lines.cut

    def finish(self, *, is_whole: bool = True) -> None:
        """Publish the remaining text after the end of the stream, and end the reply.

        `is_whole`: False if the model server cut the reply off. The reply then ends after its last complete sentence.
        If there is none, or tts already has a part of the incomplete sentence, the reply keeps that sentence and ends
        with "…".

        Raises:
            EmptyReply: there is no text to show; the reply is not ended.
        """
        if self._is_too_long and self._reply.written.sentences:
            self._warn_too_long()
            self._reply.truncate()
            return
        rest = self._lines.feed(self._cleaner.finish()) + self._lines.finish()
        rest = rest[: self._room()]
        if rest:
            rest = self._joined(rest)
            self._reply.publish(rest, self._splitter.feed(rest))
        if not self._reply.shown:
            raise EmptyReply(spoke_for_others=self._lines.has_dropped)
        if self._is_too_long:
            self._warn_too_long()
        sentences, unspoken = self._splitter.finish()
        if not is_whole and sentences and not ends_whole(sentences[-1].written):
            self._finish_cut(sentences, unspoken)
            return
        self._reply.speak(sentences)
        self._reply.end(unspoken)

    def _finish_cut(self, sentences: Sequence[Sentence], unspoken: str) -> None:
        """End the reply before its last sentence, which is incomplete. If tts has a part of that sentence, end it with
        "…" instead.
        """
        *whole, cut = sentences
        self._reply.speak(whole)
        if ends_whole(self._reply.written.text):
            self._reply.truncate()
            return
        self._reply.publish("…", ())
        self._reply.speak([Sentence(f"{cut.written}{unspoken}…", f"{cut.spoken}…")])
        self._reply.end("")

    def _warn_too_long(self) -> None:
        text = f"{self._reply.speaker.name}'s reply was cut: it has more than {MAX_REPLY_CHARS} characters."
        self._reply.warn("reply_cut", text)

    def _room(self) -> int:
        return max(0, MAX_REPLY_CHARS - len(self._reply.shown))

    def _joined(self, clean: str) -> str:
        """Put a space before the first text of a resumed reply, if its first word would otherwise join the last
        published word.
        """
        shown = self._reply.shown
        resumes = shown and shown == self._reply.written.text
        if resumes and shown[-1] not in _NEEDS_NO_SPACE_AFTER and clean[0] not in _NEEDS_NO_SPACE_BEFORE:
            return f" {clean}"
        return clean
