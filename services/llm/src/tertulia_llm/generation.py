"""Asks the model for one reply, and repeats the request after a failure, until the reply is complete."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TypedDict

from tertulia_llm.greeting import greeting_pieces
from tertulia_llm.history.changes import replaced
from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Replies
from tertulia_llm.model.endings import Ending
from tertulia_llm.model.failures import ModelFailed, jitter, retry_delay_s
from tertulia_llm.model.notices import Notices
from tertulia_llm.model.stream import DISCARD, MOST_TICKS, THINKING, ModelStream
from tertulia_llm.model.usage import usage_of
from tertulia_llm.prompt_lore import PromptLore, lore_used
from tertulia_llm.reply import Reply
from tertulia_llm.reply_ending import failure, warning
from tertulia_llm.reply_requests import cue_of
from tertulia_llm.reply_writer import EmptyReply, ReplyWriter
from tertulia_llm.settings import LLMSettings
from tertulia_llm.summary.in_prompt import beginning
from tertulia_llm.text.card_prompt import card_texts, expanded_text
from tertulia_llm.text.language import in_conversation
from tertulia_llm.text.prompt import Message, build_messages
from tertulia_llm.text.stage_notes import DepthNote
from tertulia_llm.turn import Turn
from tertulia_llm.voice_languages import VoiceLanguages
from tertulia_shared.entries import ModelSettings
from tertulia_shared.model_settings import merged
from tertulia_shared.tracing import SpanHandle
from tertulia_shared.usage import added

MAX_ROUNDS = 4
"""The maximum number of requests for one reply is this times (`llm_retries` + 1), even if each of them brings some
text.
"""

MAX_DELAY_STEPS = 4
"""The delay between requests for one reply grows with each request, up to this many. Failures without text can raise it
further.
"""

SEEDS = 2**31
"""The number of seeds."""

_LANGUAGE_MESSAGES = 6
"""The last messages that show the language of a conversation."""


class _Expansion(TypedDict):
    """What the macros in the texts of a character stand for."""

    character_name: str
    other_names: Sequence[str]
    user_name: str
    persona: str
    seed: str
    fixed_seed: str
    now: datetime


def reply_seed(message_id: str, empty_replies: int = 0, versions: Sequence[str] = ()) -> int:
    """The seed for the model (31 bits). It is derived from the message id, so a repeated request has the same seed.

    After replies without any text (their number is `empty_replies`) the seed is a different one: with the same seed the
    model might give an empty reply again. `versions`: the ids of the earlier versions of the reply. The seeds of all
    versions follow each other, so the demo model takes the next of its lines.
    """
    if versions and not empty_replies:
        return (reply_seed(versions[0]) + len(versions)) % SEEDS
    source = f"{message_id}/{empty_replies}" if empty_replies else message_id
    return int.from_bytes(hashlib.blake2b(source.encode(), digest_size=4).digest(), "big") >> 1


class ReplyGenerator:
    """Has the model write replies, and publishes them."""

    def __init__(
        self, model: Replies, settings: LLMSettings, metrics: LLMMetrics, voices: VoiceLanguages, lore: PromptLore
    ) -> None:
        self._voices = voices
        self._lore = lore
        self._model = model
        self._settings = settings
        self._metrics = metrics
        self._notices = Notices()

    async def generate(self, turn: Turn, reply: Reply) -> None:
        """Have the model write the rest of a reply.

        Raises:
            ModelFailed: the model failed, and no further request is made. The text so far is published.
        """
        if turn.user_turn.greeting and await self._greet(turn, reply):
            return
        failures = requests = empty = 0
        tries = self._settings.llm_retries + 1
        while True:
            requests += 1
            text_before = reply.written.text
            span = self._metrics.tracer.start("model request", turn.user_turn.turn_id, parent=turn.timer.span.id)
            seed = reply_seed(reply.message_id, empty, turn.plan.versions if turn.replaces_by(reply.number) else ())
            try:
                await self._request(turn, reply, seed, span)
            except ModelFailed as failed:
                span.end(failed=True, message_id=reply.message_id, code=failed.code)
                self._metrics.request_failed(failed.code)
                if not failed.is_adapted:
                    failures = 1 if reply.written.text != text_before else failures + 1
                empty += isinstance(failed.__cause__, EmptyReply)
                # each request costs money: stop after this many, even if the server sends a sentence each time before
                # it breaks off
                if not failed.retryable or failures >= tries or requests >= MAX_ROUNDS * tries:
                    raise
                # if the server keeps breaking off, the delay grows, even if each request brings some text
                steps = max(failures, min(requests, MAX_DELAY_STEPS))
                await asyncio.sleep(retry_delay_s(steps, failed, jitter()))
                if reply.announced:
                    reply.announce(resumed=True)
            else:
                tokens = int(reply.usage.get("completion_tokens", 0))
                span.end(message_id=reply.message_id, completion_tokens=tokens)
                return
            finally:
                span.end(message_id=reply.message_id, interrupted=True)

    async def _greet(self, turn: Turn, reply: Reply) -> bool:
        """Publish the turn's greeting as the reply. Returns False if it has nothing to say: the model then replies."""
        pieces = list(greeting_pieces(turn, reply))
        if not pieces and not reply.written.text:
            return False
        turn.timer.token()
        writer = ReplyWriter(reply, in_conversation(self._voices.of(reply.speaker.voice), ["".join(pieces)]))
        if not reply.announced:
            self._announce(turn, reply)
        for piece in pieces:
            if not await writer.write(piece):
                break
        try:
            writer.finish()
        except EmptyReply:
            return False
        return True

    async def _request(self, turn: Turn, reply: Reply, seed: int, span: SpanHandle) -> None:
        settings = merged(reply.speaker.settings, turn.plan.settings)
        names = (turn.user_name, reply.speaker.name)
        prompt = self._prompt(turn, reply, settings)
        async with self._model.reply(prompt, settings, seed=seed, names=names) as stream:
            if stream.left_out:
                turn.note_history_room(len(prompt) - stream.left_out)
            for notice in self._notices.first_time(turn.conversation_id, stream.dropped):
                reply.warn("model_setting_dropped", notice)
            try:
                writer = await self._write(turn, reply, stream, span)
                self._finish(reply, writer, stream.ending)
            finally:
                usage = usage_of(stream.usage)
                self._metrics.count_tokens(usage)
                reply.usage = added(reply.usage, usage)

    async def _write(self, turn: Turn, reply: Reply, stream: ModelStream, span: SpanHandle) -> ReplyWriter:
        """Publish the stream's text until the stream ends, or until the reply can take no more text."""
        messages = turn.history.prompt_messages(_LANGUAGE_MESSAGES)
        recent = [reply.written.text, *(message.text for message in reversed(messages))]
        voice = in_conversation(self._voices.of(reply.speaker.voice), recent)
        start = reply.written
        writer = ReplyWriter(reply, voice)
        is_first = True
        async with aclosing(aiter(stream)) as pieces:
            async for piece in pieces:
                if piece is THINKING:
                    reply.think()
                    continue
                if piece is DISCARD:
                    reply.discard(start)
                    writer = ReplyWriter(reply, voice)
                    continue
                if is_first:
                    is_first = False
                    span.event("first token")
                turn.timer.token()
                if not reply.announced:
                    self._announce(turn, reply)
                takes_more = await writer.write(piece)
                if reply.written.sentences:  # until then, the user waits for each token; later, there is sound to play
                    turn.timer.sentence()
                    stream.merge_text(min(reply.written.sentences, MOST_TICKS))
                if not takes_more:
                    break
        if (
            not reply.announced and reply.written.text
        ):  # if the text of a resumed reply is already complete, the model may have nothing to add
            self._announce(turn, reply)
        return writer

    def _announce(self, turn: Turn, reply: Reply) -> None:
        is_new = turn.progress.started <= reply.number
        if is_new and turn.replaces_by(reply.number):  # in the same write as `message_started`
            reply.tell(replaced(turn.plan, reply.message_id))
        reply.announce(resumed=turn.progress.started > reply.number)

    def _finish(self, reply: Reply, writer: ReplyWriter, ending: Ending) -> None:
        """End the reply according to `ending`, the reason that the model server gave.

        Raises:
            ModelFailed: there is no text.
        """
        name, max_tokens = reply.speaker.name, self._settings.llm_max_tokens
        if writer.is_cut_short:
            ending = Ending.COMPLETE
        try:
            writer.finish(is_whole=ending is not Ending.LENGTH)
        except EmptyReply as empty:
            raise failure(ending, name, max_tokens, spoke_for_others=empty.spoke_for_others) from empty
        cut = warning(ending, name, max_tokens)
        if cut is not None:
            reply.warn(cut.code, cut.message)

    def _prompt(self, turn: Turn, reply: Reply, settings: ModelSettings) -> list[Message]:
        speaker = reply.speaker
        names: _Expansion = {
            "character_name": speaker.name,
            "other_names": reply.others,
            "user_name": turn.user_name,
            "persona": turn.persona.description,
            "seed": reply.message_id,
            "fixed_seed": speaker.id,
            "now": datetime.now().astimezone(),
        }
        summary, covers = beginning(turn, reply, is_wanted=self._settings.llm_summary)
        history = turn.history.prompt_messages(
            self._settings.llm_history_messages, turn.cast.hearing(speaker.id), after=covers
        )
        lore = self._lore.choose(
            turn,
            reply,
            history,
            settings,
            lambda text: expanded_text(text, speaker.system_prompt, speaker.card, **names),
        )
        reply.use_lore(lore_used(reply.message_id, lore) if lore else None)
        texts = card_texts(
            speaker.system_prompt,
            speaker.card,
            lore_before=lore.texts("before"),
            lore_after=lore.texts("after"),
            note=turn.note.text,
            **names,
        )
        notes = [DepthNote(entry.depth, entry.text, "background") for entry in lore.entries if entry.place == "depth"]
        if texts.note:
            notes.append(DepthNote(turn.note.depth, texts.note))
        return build_messages(
            character_name=speaker.name,
            system_prompt=texts.system,
            persona=texts.persona,
            notes=notes,
            post_history=texts.post_history,
            other_names=reply.others,
            user_name=turn.user_name,
            history=history,
            continuing=reply.written.text,
            cue=cue_of(turn.user_turn, turn.plan, reply.number),
            summary=summary,
        )
