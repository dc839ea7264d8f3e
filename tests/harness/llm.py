"""One conversation with a scripted model and llm workers that crash after a chosen write, in memory, on virtual time.

`LLMBench` does what the gateway does. `LLMBench.worker()` makes the llm stage's handler, as a new process does.
`Client` applies the events to the state that a client shows.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from tertulia_llm.characters import CharacterCache
from tertulia_llm.history.history import HistoryCache
from tertulia_llm.lorebooks import ConversationLorebooks
from tertulia_llm.metrics import LLMMetrics
from tertulia_llm.model.client import Model
from tertulia_llm.model.endings import Ending
from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.stream import DISCARD, THINKING, Marker
from tertulia_llm.outbox.drainer import OutboxDrainer
from tertulia_llm.past import Past
from tertulia_llm.settings import LLMSettings
from tertulia_llm.summary.activity import TurnActivity
from tertulia_llm.text.prompt import Message, merge
from tertulia_llm.turn import Turn
from tertulia_llm.turn_handler import TurnHandler
from tertulia_shared.answering import AnsweringRules
from tertulia_shared.bus import Claim, Put
from tertulia_shared.codec import decode, decode_event, envelope
from tertulia_shared.conversation_writes import accept_turn, interrupt
from tertulia_shared.entries import STORE_WRITE_VERSION, ModelSettings, Receipt, StoreWrite, TTSSentence, UserTurn
from tertulia_shared.events import (
    Error,
    Event,
    HistoryChanged,
    LLMChunk,
    MessageComplete,
    MessageHeard,
    MessageResumed,
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    Warn,
)
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.metrics import Metrics
from tertulia_shared.outbox import Outbox
from tertulia_shared.outbox_writes import message_of
from tertulia_shared.store.port import Store
from tertulia_shared.testing.memory_store import MemoryStore, MemoryTables
from tertulia_shared.written_texts import written_texts
from tests.harness.crashing_process import CountingBus, CountingStore, Writes
from tests.harness.settings_of import settings_of

_SPEAKER = re.compile(r"You are (\w+), in a spoken conversation")


@dataclass(frozen=True, slots=True)
class BreakAfter:
    """The model's stream breaks after this many words; with 0 the request is refused."""

    words: int
    failure: ModelFailed = field(
        default_factory=lambda: ModelFailed("llm_unavailable", "The model's reply broke off.", retryable=True)
    )


@dataclass(frozen=True, slots=True)
class Say:
    """The model answers with this text, after it has reasoned if `thinks`, and ends in this way.

    `discarded`: text before it that turns out to be reasoning.
    """

    text: str
    ending: Ending = Ending.COMPLETE
    thinks: bool = False
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    discarded: str | None = None


@dataclass(slots=True)
class Words:
    """The stream of a reply; implements `ModelStream`."""

    texts: AsyncGenerator[str | Marker]
    usage: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ending: Ending = Ending.COMPLETE
    dropped: Sequence[str] = ()
    left_out: int = 0

    def __aiter__(self) -> AsyncGenerator[str | Marker]:
        return self.texts

    def merge_text(self, ticks: int) -> None:
        """Nothing to do: the words come as they are."""


class BenchModel:
    """Streams each character's line word by word, and continues it on request. `acts` replace the next replies."""

    def __init__(self, lines: Mapping[str, str]) -> None:
        self.lines = dict(lines)
        self.acts: list[BreakAfter | Say] = []
        self.requests: list[list[Message]] = []
        self.settings: list[ModelSettings] = []
        self.seeds: list[int | None] = []
        self.word_s = 0.01
        self.summary = "They met."
        """The answer to each request for a summary."""
        self.summaries: list[str] = []
        """The requests for summaries."""
        self.summary_failure: ModelFailed | None = None
        self.left_out = 0
        """How many messages of each prompt do not fit."""
        self.tokens: int | None = None
        """The context window."""

    def window(self, settings: ModelSettings) -> int | None:
        """Every model has the same window."""
        return self.tokens

    @asynccontextmanager
    async def reply(
        self,
        messages: Sequence[Mapping[str, str]],
        settings: ModelSettings,
        *,
        seed: int | None = None,
        names: Sequence[str] = (),
    ) -> AsyncGenerator[Words]:
        messages = merge([dict(message) for message in messages])
        if messages[0]["content"].startswith("You keep the memory"):
            self.summaries.append("\n\n".join(message["content"] for message in messages))
            await asyncio.sleep(self.word_s)
            if self.summary_failure is not None:
                raise self.summary_failure
            yield Words(self._words(None, self.summary), {"prompt_tokens": 100, "completion_tokens": 10})
            return
        self.requests.append(messages)
        self.settings.append(settings)
        self.seeds.append(seed)
        act = self.acts.pop(0) if self.acts else None
        await asyncio.sleep(self.word_s)
        if isinstance(act, BreakAfter) and act.words == 0:
            raise act.failure
        try:
            words = Words(self._words(act, self._wanted(messages, act)), left_out=self.left_out)
            if isinstance(act, Say):
                words.usage, words.ending = act.usage, act.ending
            yield words
        finally:
            await asyncio.sleep(0)  # closing a connection yields to the event loop

    def _wanted(self, messages: Sequence[Mapping[str, str]], act: BreakAfter | Say | None) -> str:
        if isinstance(act, Say):
            return act.text
        speaker = _SPEAKER.search(messages[0]["content"])
        assert speaker is not None, "the system prompt does not name the speaker"
        line = self.lines[speaker.group(1)]
        if not messages[-1]["content"].startswith("[Stage: continue"):
            return line
        said = messages[-2]["content"].rpartition(f"<{speaker.group(1)}>")[2]
        assert line.startswith(said), f"asked to continue {said!r}, which is not the start of {line!r}"
        return line[len(said) :]

    async def _words(self, act: BreakAfter | Say | None, wanted: str) -> AsyncGenerator[str | Marker]:
        if isinstance(act, Say) and act.thinks:
            yield THINKING
        if isinstance(act, Say) and act.discarded is not None:
            for word in re.findall(r"\S+\s*", act.discarded):
                await asyncio.sleep(self.word_s)
                yield word
            yield THINKING
            yield DISCARD
        for number, word in enumerate(re.findall(r"\s*\S+(?:\s+$)?", wanted)):
            if isinstance(act, BreakAfter) and number == act.words:
                raise act.failure
            await asyncio.sleep(self.word_s)
            yield word


LINES = {
    "Luna": "Hello there, Jay. I was just counting the stars! Do you see the bright one? It is Vega.",
    "Rex": "Stars, stars. Give me a good bone any day. Woof.",
    "Sage": "Every bone was once a star.",
}


Change = Literal["edit", "again", "after", "choose", "delete"]
SOURCE_OF_CHANGE: Mapping[Change, Literal["typed", "request", "change"]] = {
    "edit": "typed", "again": "request", "after": "request", "choose": "change", "delete": "change",
}  # fmt: skip


class LLMBench:
    """One conversation: the gateway's writes, and its workers."""

    def __init__(self, lines: Mapping[str, str] = LINES) -> None:
        self.writes = Writes()
        self.metrics = Metrics()
        self.bus = CountingBus(Keys("test"), self.writes)
        self.tables = MemoryTables()
        self.model = BenchModel(lines)
        self.settings = settings_of(LLMSettings, llm_retries=2, who_answers="everyone")
        self.activity = TurnActivity(self.bus)
        self.on_answered: Callable[[Turn], None] = lambda _: None
        self.conversation_id = new_id()
        self.store = CountingStore(self.tables, self.writes)
        self.handler: TurnHandler | None = None
        self.claim: Claim | None = None
        self.orphaned = False
        """A worker crashed and left its claim pending."""

    async def set(self, *names: str) -> None:
        """Make exactly these characters active."""
        await self.store.open()
        for character in await self.store.characters():
            if character.name not in names:
                await self.store.delete_character(character.id)
        await self.bus.prepare("llm")
        await self.bus.prepare("tts")

    async def say(self, words: str, turn_id: str = "") -> str:
        """The user's message, as the gateway writes it."""
        turn_id = turn_id or new_id()
        await accept_turn(self.bus, UserTurn(turn_id, self.conversation_id, words, "typed"))
        return turn_id

    async def request(self, to: str = "", *, replies: int = 0, turn_id: str = "", greeting: str = "") -> str:
        """The user's request for a reply, or for a discussion, as the gateway writes it."""
        turn_id = turn_id or new_id()
        turn = UserTurn(turn_id, self.conversation_id, "", "request", to=to, replies=replies, greeting=greeting)
        await accept_turn(self.bus, turn)
        return turn_id

    async def change(self, change: Change, message_id: str, *, text: str = "", to: str = "", turn_id: str = "") -> str:
        """A turn that changes the past, as the gateway writes it."""
        turn_id = turn_id or new_id()
        source = SOURCE_OF_CHANGE[change]
        turn = UserTurn(turn_id, self.conversation_id, text, source, to=to, change=change, message_id=message_id)
        await accept_turn(self.bus, turn)
        return turn_id

    async def set_rules(self, rules: AnsweringRules) -> None:
        """Set who answers, as the gateway writes it."""
        put = Put(self.bus.keys.state(self.conversation_id), rules.fields())
        await self.bus.transact(self.conversation_id, [put])

    async def character_id(self, name: str) -> str:
        """The id of the character with this name."""
        return next(each.id for each in await self.store.characters() if each.name == name)

    async def interrupt(self) -> None:
        """The user's interruption, as the gateway writes it."""
        await interrupt(self.bus, self.conversation_id, "request")

    async def played(
        self, message_id: str, sentence: int, chunk: int, next_samples: int = 0, *, played_ms: int = 40
    ) -> None:
        """Write a receipt of the client."""
        outlet = self.bus.outlet()
        outlet.append(
            self.bus.keys.receipts(self.conversation_id), Receipt(message_id, sentence, chunk, played_ms, next_samples)
        )
        await outlet.flush()

    async def worker(self) -> TurnHandler:
        """Make the handler of a new process."""
        self.store = CountingStore(self.tables, self.writes)
        await self.store.open()
        characters = CharacterCache(self.bus, self.store)
        await characters.read()
        store: Store = self.store
        model = cast("Model", self.model)
        outbox = Outbox(self.bus, store, self.settings.store_patience_s)
        histories = HistoryCache(self.bus, store, outbox, self.settings.llm_history_messages, self.settings.user_name)
        metrics = LLMMetrics(self.metrics, "scripted")
        self.handler = TurnHandler(
            self.bus,
            outbox,
            histories=histories,
            past=Past(self.bus, store, outbox, histories),
            characters=characters,
            lorebooks=ConversationLorebooks(self.bus, store, outbox),
            model=model,
            settings=self.settings,
            metrics=metrics,
            activity=self.activity,
            on_answered=self.on_answered,
        )
        return self.handler

    async def claimed(self) -> Claim:
        """Claim the next work, or take over the work of the crashed worker."""
        if self.orphaned:
            claims = await self.bus.take_over("llm", "worker", idle_s=0, count=1)
        else:
            claims = await self.bus.claim("llm", "worker", count=1, block_s=0)
        self.orphaned = False
        self.claim = claims[0]
        return self.claim

    async def work(self) -> None:
        """Handle all open work, one piece after the other."""
        handler = self.handler or await self.worker()
        while await self.bus.open_work("llm"):
            claim = await self.claimed()
            await handler.handle(claim)
            await self.bus.finish(claim, "worker")
        if not self.store.away:
            await self.drain()

    async def drain(self) -> None:
        """Apply all writes in the outbox."""
        store = MemoryStore(self.tables)
        await store.open()
        drain = asyncio.create_task(OutboxDrainer(self.bus, store, "drainer").run())
        while await self.bus.length(self.bus.keys.store()):  # noqa: ASYNC110 - another task empties it
            await asyncio.sleep(0.01)
        drain.cancel()
        await asyncio.wait([drain])

    async def waiting(self) -> list[tuple[str, str]]:
        """The writes in the outbox: their kinds, and the texts of messages."""
        entries = await self.bus.read(self.bus.keys.store())
        writes = [decode(StoreWrite, entry.fields, newest=STORE_WRITE_VERSION) for entry in entries]
        return [(each.kind, message_of(each).text if each.kind in ("message", "version") else "") for each in writes]

    async def die_after(self, writes: int) -> bool:
        """Handle the conversation with a new worker that crashes after `writes` writes. False if it ended before."""
        handler = await self.worker()
        store = self.store

        def lose_store() -> None:
            store.away = True

        crashed = await self.bus.crash_after(writes, handler.handle(await self.claimed()), on_crash=lose_store)
        self.handler, self.orphaned = None, True
        return crashed

    async def client(self) -> Client:
        """The client's state after all events so far."""
        client = Client()
        for entry in await self.bus.read(self.bus.keys.events(self.conversation_id)):
            client.see(decode_event(entry.fields), envelope(entry.fields).epoch)
        for message_id in client.order:
            entries = await self.bus.read(self.bus.keys.sentences(self.conversation_id, message_id))
            for entry, written in zip(entries, written_texts(entries), strict=True):
                sentence = decode(TTSSentence, entry.fields)
                client.sentences.setdefault(message_id, []).append(sentence)
                client.written[message_id] = client.written.get(message_id, "") + written
                if not sentence.is_final:
                    client.written_ends.setdefault(message_id, []).append(len(client.written[message_id]))
        return client

    async def set_aside(self) -> list[tuple[str, str]]:
        """Name and text of each stored message that is not at the table."""
        store = MemoryStore(self.tables)
        await store.open()
        found = await store.versions(self.conversation_id)
        return [(each.message.character_name, each.message.text) for each in found]

    async def rows(self) -> list[tuple[str, str, str]]:
        """Name, text and status of each stored message, in order."""
        store = MemoryStore(self.tables)
        await store.open()
        found = await store.messages(self.conversation_id, 1000)
        return [(row.character_name, row.text, row.status) for row in found]


@dataclass(slots=True)
class Client:
    """The state of a client, folded from the events by the rules of docs/protocol.md."""

    order: list[str] = field(default_factory=list[str])
    names: dict[str, str] = field(default_factory=dict[str, str])
    shown: dict[str, str] = field(default_factory=dict[str, str])
    ends: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """The sentence ends of each message."""
    status: dict[str, str] = field(default_factory=dict[str, str])
    final: dict[str, str] = field(default_factory=dict[str, str])
    """The text of each `message_complete`."""
    sentences: dict[str, list[TTSSentence]] = field(default_factory=dict[str, list[TTSSentence]])
    written: dict[str, str] = field(default_factory=dict[str, str])
    written_ends: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """The offset in `written` at which each sentence ends."""
    heard: dict[str, str] = field(default_factory=dict[str, str])
    complete: list[str] = field(default_factory=list[str])
    errors: list[Error] = field(default_factory=list[Error])
    warnings: list[Warn] = field(default_factory=list[Warn])
    events: list[tuple[int, Event]] = field(default_factory=list[tuple[int, Event]])
    table: dict[str, str] = field(default_factory=dict[str, str])
    """The id and the text of each message at the table, in order; of a reply, the text is "" until it has ended."""
    groups: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The versions of each message that has several."""

    def see(self, event: Event, epoch: int) -> None:
        """Apply the next event."""
        self.events.append((epoch, event))
        self._set_table(event)
        match event:
            case MessageStarted():
                assert event.message_id not in self.order, "a message was started twice"
                self.order.append(event.message_id)
                self.names[event.message_id] = event.character_name
                self.shown[event.message_id] = ""
            case LLMChunk():
                self.shown[event.message_id] += event.text
                self.ends[event.message_id] = self.ends.get(event.message_id, ()) + event.sentence_ends
            case MessageResumed():
                self.shown[event.message_id] = event.text
                self.ends[event.message_id] = event.sentence_ends
            case MessageComplete():
                assert event.message_id not in self.final, "a message was completed twice"
                self.final[event.message_id] = event.text
                known = self.ends.get(event.message_id, ())
                assert event.status != "complete" or event.sentence_ends[: len(known)] == known, "an end was taken back"
                self.ends[event.message_id] = event.sentence_ends
                self.status[event.message_id] = event.status
            case MessageHeard():
                self.heard[event.message_id] = event.text
            case TurnComplete():
                self.complete.append(event.turn_id)
            case Error():
                self.errors.append(event)
            case Warn():
                self.warnings.append(event)
            case _:
                pass

    def _set_table(self, event: Event) -> None:
        match event:
            case TurnAccepted(source="typed" | "spoken"):
                self.table[event.turn_id] = event.text
            case MessageStarted():
                self.table[event.message_id] = ""
            case MessageComplete() if event.message_id in self.table:
                self.table[event.message_id] = event.text
            case MessageHeard() if event.message_id in self.table:
                self.table[event.message_id] = event.text
            case HistoryChanged():
                for message_id in event.removed:
                    self.table.pop(message_id, None)
                self.table |= {row["id"]: row["text"] for row in event.restored}
                self.groups |= {message_id: [*group] for group in event.versions for message_id in group}
            case Error(code="message_unknown"):
                self.table.pop(event.turn_id, None)
            case _:
                pass

    def talk(self) -> list[tuple[str, str, str]]:
        """Name, text and status of each message, as the client shows them."""
        return [(self.names[id], self.final.get(id, self.shown[id]), self.status.get(id, "?")) for id in self.order]

    def speech(self) -> list[str]:
        """The text that tts speaks of each message."""
        return [" ".join(s.text for s in self.sentences.get(id, ()) if not s.is_final) for id in self.order]

    def check(self) -> None:
        """Check the invariants of a conversation whose text is complete."""
        for id in self.order:
            spoken = self.sentences.get(id, [])
            assert [s.index for s in spoken] == list(range(len(spoken))), "sentences in order, each once"
            if self.status[id] in ("complete", "failed"):
                assert [s.is_final for s in spoken] == [False] * (len(spoken) - 1) + [True], (
                    "one final entry, at the end"
                )
                assert self.final[id] == self.written[id], "the shown text is the spoken text"
                assert list(self.ends[id]) == self.written_ends.get(id, []), "each sentence ends where it was spoken to"
            if self.status[id] == "complete":
                assert self.shown[id] == self.final[id], "the chunks add up to the reply"
