"""Summaries are made in the background, survive crashes, and keep what left the prompt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Replies
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.settings import LLMSettings
from tertulia_llm.summary.extension import Outdated, SummaryExtension
from tertulia_llm.summary.summarizer import Summarizer
from tertulia_llm.turn import Turn
from tertulia_shared.bus import Put
from tertulia_shared.codec import decode_event
from tertulia_shared.conversation_state import ConversationState, StateField
from tertulia_shared.conversation_summary import Summary, summary_of
from tertulia_shared.events import SummaryChanged
from tertulia_shared.outbox import Outbox
from tertulia_shared.summary_documents import stored_summary
from tests.harness.llm import Change, LLMBench
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, virtual_time

FACT = "My dog is called Otto."
HISTORY = 6


class Bench(LLMBench):
    """A conversation with Sage, whose prompts have at most `HISTORY` messages."""

    def __init__(self) -> None:
        super().__init__({"Sage": "I see."})
        self.settings = settings_of(LLMSettings, llm_history_messages=HISTORY, who_answers="everyone")
        self.model.summary = "Jay has a dog, Otto."
        self.on_answered = self._note
        self.summarizer = self.process()

    def extension(self) -> SummaryExtension:
        return SummaryExtension(
            self.bus,
            self.store,
            Outbox(self.bus, self.store, self.settings.store_patience_s),
            cast("Replies", self.model),
            activity=self.activity,
            metrics=LLMMetrics(self.metrics, "scripted"),
            now_ms=lambda: round(now() * 1000),
        )

    def process(self) -> Summarizer:
        """The part of a new process that makes summaries."""
        self.summarizer = Summarizer(
            self.bus,
            self.extension(),
            activity=self.activity,
            metrics=LLMMetrics(self.metrics, "scripted"),
            history=HISTORY,
            is_wanted=lambda: self.settings.llm_summary,
        )
        return self.summarizer

    def _note(self, turn: Turn) -> None:
        self.summarizer.note(turn)

    async def talk(self, *words: str) -> None:
        """Say each, and have it answered."""
        for each in words:
            await self.say(each)
            await self.work()

    async def summary(self) -> Summary:
        return summary_of(ConversationState(await self.bus.hash(self.bus.keys.state(self.conversation_id))))

    async def put(self, summary: Summary) -> None:
        """Change the summary, as the gateway writes it."""
        await self.bus.transact(
            self.conversation_id, [Put(self.bus.keys.state(self.conversation_id), summary.fields())]
        )

    async def due(self) -> list[bytes]:
        return list(await self.bus.hash(self.bus.keys.summaries_due()))

    def last_prompt(self) -> str:
        return "\n".join(message["content"] for message in self.model.requests[-1])


@asynccontextmanager
async def summarizing(summarizer: Summarizer, holder: str = "worker") -> AsyncGenerator[asyncio.Task[None]]:
    """Run the summarizer meanwhile."""
    running = asyncio.create_task(summarizer.run(holder))
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def begun() -> Bench:
    bench = Bench()
    await bench.set("Sage")
    await bench.worker()
    bench.process()
    return bench


async def until_summary(bench: Bench, covers: int = 1) -> Summary:
    while (found := await bench.summary()).covers < covers:  # noqa: ASYNC110 - another task writes it
        await asyncio.sleep(0.05)
    return found


NUMBERS = tuple(f"Number {number}." for number in range(5))


@virtual_time
async def test_long_talk_keeps_its_first_fact_in_the_prompt() -> None:
    bench = await begun()
    async with summarizing(bench.summarizer):
        await bench.talk(FACT)
        for words in NUMBERS:
            await bench.talk(words)
            await asyncio.sleep(5)
            prompt = bench.last_prompt()
            assert "Otto" in prompt, "it is in the history or in the summary at any time"
        assert FACT not in bench.last_prompt()
        assert "What was said before:\nJay has a dog, Otto." in bench.last_prompt()
        await bench.talk("Number 5.", "Number 6.", "Number 7.")
        await asyncio.sleep(5)
    assert "The memory so far:\n\nJay has a dog, Otto." in bench.model.summaries[-1]
    summary = await bench.summary()
    assert summary.usage["prompt_tokens"] % 100 == 0 < summary.usage["prompt_tokens"]
    assert await stored_summary(bench.store, bench.conversation_id) == summary
    assert await bench.due() == []


@virtual_time
async def test_small_window_of_the_model_makes_a_summary_due_earlier() -> None:
    bench = await begun()
    bench.model.left_out = 2
    async with summarizing(bench.summarizer):
        await bench.talk(FACT, "Number 0.")
        assert (await until_summary(bench)).text == "Jay has a dog, Otto."


@virtual_time
async def test_client_is_told_each_summary() -> None:
    bench = await begun()
    await bench.talk(FACT, *NUMBERS)
    async with summarizing(bench.summarizer):
        summary = await until_summary(bench)
    events = [
        decode_event(entry.fields) for entry in await bench.bus.read(bench.bus.keys.events(bench.conversation_id))
    ]
    shown = [event for event in events if isinstance(event, SummaryChanged)]
    assert [(event.text, event.covers, event.edited) for event in shown] == [(summary.text, summary.covers, False)]


@virtual_time
async def test_turn_that_begins_cancels_the_request_and_is_not_delayed() -> None:
    bench = await begun()
    await bench.talk(FACT, *NUMBERS)
    bench.model.word_s = 100.0
    async with summarizing(bench.summarizer):
        while not bench.model.summaries:  # noqa: ASYNC110 - another task asks
            await asyncio.sleep(0.05)
        bench.model.word_s = 0.01
        before = now()
        await bench.talk("Wait for me.")
        assert now() - before < 5
        assert (await bench.summary()).covers == 0
        assert bench.model.requests[-1][-1]["content"] == "Wait for me."
        await until_summary(bench)
    assert len(bench.model.summaries) == 2


@virtual_time
async def test_another_worker_makes_the_summary_of_one_that_died() -> None:
    bench = await begun()
    await bench.talk(FACT, *NUMBERS)
    bench.model.word_s = 100.0
    async with summarizing(bench.summarizer, "first"):
        while not bench.model.summaries:  # noqa: ASYNC110 - another task asks
            await asyncio.sleep(0.05)
    bench.model.word_s = 0.01
    async with summarizing(bench.process(), "second"):
        assert (await until_summary(bench)).text == "Jay has a dog, Otto."


@virtual_time
async def test_only_one_worker_makes_summaries() -> None:
    bench = await begun()
    await bench.talk(FACT, *NUMBERS)
    async with summarizing(bench.summarizer, "first"), summarizing(bench.process(), "second"):
        await until_summary(bench)
        await asyncio.sleep(20)
    assert len(bench.model.summaries) == 1


@virtual_time
async def test_store_that_is_away_postpones_the_summary() -> None:
    bench = await begun()
    await bench.talk(FACT, *NUMBERS)
    bench.store.away = True
    async with summarizing(bench.summarizer):
        await asyncio.sleep(20)
        assert bench.model.summaries == []
        bench.store.away = False
        await until_summary(bench)


@virtual_time
async def test_failure_of_the_model_is_no_error_of_a_turn_and_is_tried_again_later() -> None:
    bench = await begun()
    await bench.talk(FACT, *NUMBERS)
    bench.model.summary_failure = ModelFailed("llm_refused", "No.", retryable=False)
    async with summarizing(bench.summarizer):
        await asyncio.sleep(20)
        assert len(bench.model.summaries) == 1
        bench.model.summary_failure = None
        await asyncio.sleep(30)
        await until_summary(bench)
    assert (await bench.client()).errors == []


@virtual_time
async def test_prompt_that_does_not_fit_is_made_smaller() -> None:
    bench = await begun()
    await bench.talk(FACT, *NUMBERS)
    bench.model.summary_failure = ModelFailed("llm_context", "Too long.", retryable=False)
    async with summarizing(bench.summarizer):
        while len(bench.model.summaries) < 6:  # noqa: ASYNC110 - another task asks
            await asyncio.sleep(0.05)
        bench.model.summary_failure = None
        await until_summary(bench)
    assert bench.model.summaries[0].count("\nJay: ") > 1 == bench.model.summaries[6].count("\nJay: ")


@virtual_time
@pytest.mark.parametrize("change", ["epoch", "summary"])
async def test_summary_of_a_conversation_that_changed_meanwhile_is_not_written(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await begun()
    await bench.talk(FACT, *NUMBERS)
    monkeypatch.setattr(bench.activity, "until_turn", _undisturbed)
    bench.model.word_s = 100.0
    extending = asyncio.create_task(bench.extension().extend(bench.conversation_id, 3))
    while not bench.model.summaries:  # noqa: ASYNC110 - another task asks
        await asyncio.sleep(0.05)
    if change == "epoch":
        await bench.interrupt()
    else:
        await bench.put(Summary(own="Mine.", made_at_ms=1))
    with pytest.raises(Outdated):
        await extending
    assert (await bench.summary()).covers == 0


@asynccontextmanager
async def _undisturbed() -> AsyncGenerator[None]:
    yield


@virtual_time
async def test_text_of_the_user_stays_and_later_messages_are_added_to_it() -> None:
    bench = await begun()
    async with summarizing(bench.summarizer):
        await bench.talk(FACT, *NUMBERS)
        made = await until_summary(bench)
        await bench.put(made.edited(round(now() * 1000), text="Otto is old."))
        bench.model.summary = "They count."
        await bench.talk("Number 5.", "Number 6.", "Number 7.")
        assert (await until_summary(bench, made.covers + 1)).text == "Otto is old.\n\nThey count."
    assert "Do not repeat it:\n\nOtto is old." in bench.model.summaries[-1]


@virtual_time
async def test_summary_that_was_emptied_is_made_from_the_beginning() -> None:
    bench = await begun()
    async with summarizing(bench.summarizer):
        await bench.talk(FACT, *NUMBERS)
        made = await until_summary(bench)
        await bench.put(made.forgotten(round(now() * 1000)))
        await bench.talk("Number 5.")
        await until_summary(bench)
    assert f"next:\n\nJay: {FACT}" in bench.model.summaries[-1]


@virtual_time
@pytest.mark.parametrize("change", ["delete", "edit", "again"])
async def test_change_of_a_covered_message_empties_the_summary_before_the_model_is_asked(change: Change) -> None:
    bench = await begun()
    async with summarizing(bench.summarizer):
        await bench.talk(FACT, *NUMBERS)
        made = await until_summary(bench)
        first = (await bench.store.messages(bench.conversation_id, 2))[1 if change == "again" else 0]
        bench.model.summary = "They count."
        await bench.change(change, first.id, text="My cat is called Mia." if change == "edit" else "")
        await bench.work()
        emptied = await bench.summary()
        assert (emptied.text, emptied.covers, emptied.usage) == ("", 0, made.usage)
        assert await stored_summary(bench.store, bench.conversation_id) == emptied
        assert "What was said before" not in bench.last_prompt() or change == "delete"
        await bench.talk(*NUMBERS)
        assert (await until_summary(bench)).text == "They count."
        assert ("Otto" in bench.model.summaries[-1]) == (change == "again")


@virtual_time
async def test_change_of_a_message_that_is_in_the_prompt_leaves_the_summary() -> None:
    bench = await begun()
    async with summarizing(bench.summarizer):
        await bench.talk(FACT, *NUMBERS)
        made = await until_summary(bench)
        last = (await bench.store.history(bench.conversation_id, 1))[0]
        await bench.change("again", last.id)
        await bench.work()
        assert (await bench.summary()).text == made.text
        assert made.text in bench.last_prompt()


@virtual_time
async def test_stored_summary_continues_after_the_state_has_expired() -> None:
    bench = await begun()
    async with summarizing(bench.summarizer):
        await bench.talk(FACT, *NUMBERS)
        made = await until_summary(bench)
    state = bench.bus.keys.state(bench.conversation_id)
    await bench.bus.transact(bench.conversation_id, [Put(state, {StateField.SUMMARY: None})])
    async with summarizing(bench.process()):
        await bench.talk("Number 5.", "Number 6.", "Number 7.")
        await until_summary(bench, made.covers + 1)
    assert FACT not in bench.model.summaries[-1]


@virtual_time
@pytest.mark.parametrize("by", ["conversation", "setting"])
async def test_summary_that_is_off_is_neither_made_nor_used(by: str) -> None:
    bench = await begun()
    await bench.put(Summary(made="A secret.", made_at_ms=1, off=by == "conversation"))
    bench.settings = settings_of(LLMSettings, llm_history_messages=HISTORY, llm_summary=by == "conversation")
    await bench.worker()
    async with summarizing(bench.summarizer):
        await bench.talk(FACT, *NUMBERS)
        await asyncio.sleep(20)
    assert bench.model.summaries == []
    assert "secret" not in bench.last_prompt()
