"""Conversations stored in Supabase. The database is killed or does not answer during a turn, and is available again
later.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, Iterator

import pytest
from pydantic import SecretStr

from tertulia_shared.ids import new_id
from tertulia_shared.store.supabase import SupabaseStore
from tests.fakes.model_server import Hold, Reply, ScriptedModel, model_at
from tests.harness.client import TalkClient, talk
from tests.harness.eventually import eventually
from tests.harness.stack import Stack
from tests.servers.supabase_server import SERVICE_KEY, SupabaseServer

pytestmark = pytest.mark.timeout(120)
STORY = ("Once there was a lighthouse. ", "Its keeper was a cat. ", "Nobody ever ran aground.")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, supabase_server: SupabaseServer, model_port: int) -> Iterator[Stack]:
    """A stack with two llm workers and the store Supabase."""
    with Stack(
        tmp_path_factory.mktemp("supabase") / "stack",
        workers={"gateway": 1, "llm": 2, "tts": 1},
        env={
            "TERTULIA_STORE": "supabase",
            "SUPABASE_URL": supabase_server.url,
            "SUPABASE_KEY": SERVICE_KEY,
            **model_at(model_port),
            "TERTULIA_LOG_LEVEL": "DEBUG",
        },
    ) as stack:
        stack.unsaid.add(SERVICE_KEY)
        yield stack


@pytest.fixture
async def store(supabase: SupabaseServer) -> AsyncGenerator[SupabaseStore]:
    store = SupabaseStore(supabase.url, SecretStr(SERVICE_KEY))
    await store.open()
    yield store
    await store.close()


@pytest.fixture(autouse=True)
async def model(model_port: int) -> AsyncGenerator[ScriptedModel]:
    """The model server of the llm workers. It always tells the same story."""
    async with ScriptedModel(default=Reply(STORY), port=model_port) as model:
        yield model


def waiting(stack: Stack) -> int:
    """The number of writes that wait in the outbox."""
    return stack.length(stack.keys.store())


async def until_written(stack: Stack) -> None:
    """Wait until the store has all rows: every turn is finished, and no write waits."""
    await eventually(lambda: not stack.length(stack.keys.work("llm")) and not waiting(stack), "the store has all rows")


async def assert_stored(stack: Stack, store: SupabaseStore, client: TalkClient) -> None:
    """Check that the store has each message once, in order, and as it was shown."""
    stack.unsaid |= client.record.words()
    await until_written(stack)
    said: list[tuple[str, str]] = []
    for turn_id, text in client.record.turns_accepted.items():
        said.append((turn_id, text))
        said += [(heard.message_id, heard.text) for heard in client.record.of_turn(turn_id)]
    rows = await store.messages(client.record.conversation_id, 1000)
    assert [(row.id, row.text) for row in rows] == said
    assert {row.status for row in rows} == {"complete"}


async def test_messages_of_a_conversation_are_stored_in_supabase(kept: Stack, store: SupabaseStore) -> None:
    async with talk(*kept.urls) as client:
        await client.hears("Luna and Rex, hello!", new_id())
        await client.hears("Sage, and you?", new_id())
        await assert_stored(kept, store, client)
        assert client.record.of("warning") == []
        found = await store.conversation(client.record.conversation_id)
    assert found is not None
    assert found.title == "Luna and Rex, hello!"


async def test_killed_database_delays_no_turn_and_has_every_row_later(
    kept: Stack, store: SupabaseStore, supabase: SupabaseServer, model: ScriptedModel
) -> None:
    async with talk(*kept.urls) as client:
        await client.hears("Luna and Rex, hello!", new_id())
        supabase.database.kill()
        await client.hears("Luna, are you there?", new_id())
        await client.send("model_settings", temperature=0.5)
        story = new_id()
        model.script.append(Reply(STORY, hold=Hold(2)))
        await client.say("Rex, tell me a story.", story)
        await client.until(lambda: client.record.of_turn(story), "the story begins")
        await eventually(lambda: kept.length(kept.keys.work("llm")) == 1, "only the story is in progress")
        owner = kept.owner("llm")
        assert owner is not None
        owner.send(signal.SIGKILL)
        await client.until_done(story)
        kept.start("llm")  # this worker starts without the database, and reads the characters from Redis
        kept.wait_ready()
        kept.of("llm")[0].send(signal.SIGKILL)
        await client.hears("Sage, and what do you say?", new_id())
        async with talk(*kept.urls) as other:
            await other.hears("Luna, a new talk?", new_id())
            assert [warning["code"] for warning in client.record.of("warning")] == ["store_unavailable"]
            assert waiting(kept) > 0
            supabase.database.start()
            await assert_stored(kept, store, client)
            await assert_stored(kept, store, other)
        assert (await store.model_settings(client.record.conversation_id))["temperature"] == 0.5
        await client.hears("Luna, once more?", new_id())
        await assert_stored(kept, store, client)
    kept.start("llm")
    kept.wait_ready()


async def test_database_that_does_not_answer_delays_no_turn_and_has_every_row_later(
    kept: Stack, store: SupabaseStore, supabase: SupabaseServer
) -> None:
    async with talk(*kept.urls) as client:
        supabase.hold()
        await client.hears("Luna and Rex, hello!", new_id())
        await client.hears("Sage, and you?", new_id())
        client.drop()  # the conversation is resumed without the database
        await client.hears("Luna, still here?", new_id())
        supabase.let_go()
        await assert_stored(kept, store, client)


async def test_heard_text_of_a_reply_interrupted_during_an_outage_is_stored(
    kept: Stack, store: SupabaseStore, supabase: SupabaseServer, model: ScriptedModel
) -> None:
    async with talk(*kept.urls) as client:
        supabase.database.kill()
        story = new_id()
        # the text after the second sentence confirms the sentence's end
        model.script.append(Reply(STORY, hold=Hold(len(STORY))))
        await client.say("Rex, tell me a story.", story)
        await client.until(lambda: any(len(m.pcm) > 1 for m in client.record.of_turn(story)), "the second sentence")
        (rex,) = client.record.of_turn(story)
        chunk = max(chunk for sentence, chunk in rex.chunks if sentence == 0)
        await client.send("playback", message_id=rex.message_id, sentence_index=0, chunk_index=chunk, played_ms=1000)
        await client.send("interrupt")
        heard = await client.until_event("message_heard")
        supabase.database.start()
        await until_written(kept)
        row = (await store.messages(client.record.conversation_id, 10))[1]
        kept.unsaid |= client.record.words()
    assert (row.id, row.text, row.status) == (rex.message_id, heard["text"], "interrupted")


async def test_services_exit_with_one_sentence_if_the_supabase_key_is_wrong(
    kept: Stack, supabase: SupabaseServer
) -> None:
    # the services must exit without being stopped
    starting = [kept.start(service, SUPABASE_KEY="a-key-that-is-none") for service in ("gateway", "llm")]
    for process in starting:
        process.stopping = process.killed = True
    for process in starting:
        assert process.wait() == 1
        last = process.tail().splitlines()[-1]
        assert last.startswith(f"tertulia-{process.service} cannot start: Supabase at {supabase.url}")
        assert "SUPABASE_KEY" in last
        assert "a-key-that-is-none" not in process.tail()
