"""Random changes of the past, crashes and an absent store: the client, the store and the prompt agree."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from tertulia_shared.store.versions import REMOVED, root_of
from tests.harness.llm import Change, LLMBench
from tests.harness.virtual_time import virtual_time
from tests.unit.llm.turn_bench import bench_with

NAMES = ("Luna", "Rex")
CHANGES: Sequence[Change | None] = (None, None, "edit", "edit", "again", "again", "after", "choose", "choose", "delete")
STEPS = 25


class RandomTalk:
    """A conversation to which random things happen."""

    def __init__(self, bench: LLMBench, seed: int) -> None:
        self.bench = bench
        self.chance = random.Random(seed)
        self.number = 0
        self.log: list[str] = []

    def text(self) -> str:
        self.number += 1
        return f"word{self.number}word"

    async def begin(self, *changes: Change | None) -> None:
        """Begin a random turn, one of these."""
        bench, chance = self.bench, self.chance
        messages = bench.tables.messages.values()
        aside = [each.message for each in bench.tables.set_aside.values() if each.branch == each.message.id]
        users = [each for each in messages if each.role == "user"]
        replies = [each for each in messages if each.role == "character"]
        name = chance.choice(NAMES)
        change = chance.choice(changes)
        pool = {"edit": users, "again": replies, "after": replies, "choose": aside, "delete": [*users, *replies]}
        if change is None or not pool[change]:
            if None not in changes:
                return
            self.log.append("say")
            await bench.say(f"{name}, {self.text()}")
            return
        message = chance.choice(pool[change])
        self.log.append(f"{change} {message.text}")
        await bench.change(change, message.id, text=f"{name}, {self.text()}" if change == "edit" else "")

    async def handle(self) -> None:
        """Handle the turns, in one of several ways."""
        bench = self.bench
        how = self.chance.choice(["work", "crash", "crash", "away", "other worker", "interrupt", "overtake"])
        self.log.append(how)
        match how:
            case "crash":
                await bench.die_after(self.chance.randrange(1, 16))
            case "away":
                if bench.handler is None:
                    await bench.worker()
                bench.store.away = True
                await bench.work()
                bench.store.away = False
            case "other worker":  # it comes back later, with what it has cached
                before = bench.handler, bench.store
                bench.handler = None
                await bench.work()
                if before[0] is not None:
                    bench.handler, bench.store = before
            case "interrupt" | "overtake":
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(bench.work())
                    await asyncio.sleep(self.chance.random() / 5)
                    await (bench.interrupt() if how == "interrupt" else self.begin(*CHANGES))
            case _:
                pass
        await bench.work()

    async def check(self) -> None:
        """Check the table of the client, of the store and of the prompt."""
        bench = self.bench
        client = await bench.client()
        stored = {each.id: each.text for each in bench.tables.messages.values()}
        aside = bench.tables.set_aside
        # a reply without text may be shown or not
        shown = {message_id: text for message_id, text in client.table.items() if text}
        assert shown == {message_id: text for message_id, text in stored.items() if text}, self.log
        assert not stored.keys() & aside.keys(), self.log
        roots = [root_of(each) for each in bench.tables.messages.values()]
        assert len(set(roots)) == len(roots), self.log
        branches = {each.branch for each in aside.values()} - {REMOVED}
        assert branches <= aside.keys(), self.log

    async def check_prompt(self) -> None:
        """Check what a character remembers."""
        bench = self.bench
        table = {text for text in (each.text for each in bench.tables.messages.values()) if text}
        others = {each.message.text for each in bench.tables.set_aside.values()} - {"", *table}
        await bench.say(f"Luna, {self.text()}")
        await bench.work()
        prompt = "\n".join(message["content"] for message in bench.model.requests[-1])
        assert not [each for each in table if each not in prompt], self.log
        assert not [each for each in others if each in prompt], self.log


@pytest.mark.parametrize("seed", range(10))
@virtual_time
async def test_client_store_and_prompt_agree_after_random_changes(seed: int) -> None:
    talk = RandomTalk(await bench_with(), seed)
    for _ in range(STEPS):
        talk.bench.model.lines = {name: f"{talk.text()} and {talk.text()}." for name in NAMES}
        await talk.begin(*CHANGES)
        if talk.chance.random() < 0.2:
            await talk.begin("choose", "delete")  # it interrupts
        await talk.handle()
        await talk.check()
    await talk.check_prompt()
