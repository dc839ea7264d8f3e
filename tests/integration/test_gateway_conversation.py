"""A conversation through the real gateway: a typed turn, a repeated turn, interruptions, settings, characters."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from tertulia_shared.answering import AnsweringRules, stored_rules
from tertulia_shared.bus import Append
from tertulia_shared.codec import decode, unpack
from tertulia_shared.entries import UserTurn
from tertulia_shared.events import Interrupted, TurnAccepted
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_store import MemoryStore
from tests.harness.card_shapes import DATA, V2
from tests.harness.eventually import eventually
from tests.harness.gateway import LUNA, REX, Client, Gateway, Workers, gateway


@pytest.fixture
async def store() -> MemoryStore:
    made = MemoryStore()
    await made.open()
    return made


@pytest.fixture
async def open_gateway(redis_url: str, keys: Keys, store: MemoryStore) -> AsyncGenerator[Gateway]:
    async with gateway(redis_url, keys, store=store) as made:
        yield made


async def test_typed_turn_is_answered_with_text_and_audio_in_order(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        started = await client.next()
        assert (started["type"], started["resumed"], started["demo"]) == ("conversation_started", False, False)
        workers = Workers(open_gateway.bus, client.conversation_id)
        turn_id = str(uuid.uuid4())
        await client.send("user_message", text="  Luna and Rex, hello! ", turn_id=turn_id)
        turn, epoch = await workers.next_turn()
        assert (turn.turn_id, turn.text, turn.source, epoch) == (turn_id, "Luna and Rex, hello!", "typed", 1)
        reply = workers.reply(turn, epoch, (LUNA, REX))
        await reply.whole()
        metrics = await client.until("turn_metrics")

    events = [frame for frame in client.frames if "event_id" in frame]
    assert [e["event_id"] for e in events] == sorted((e["event_id"] for e in events), key=_order)
    assert all(e["epoch"] == 1 for e in events[1:])
    luna, rex = reply.message_ids.values()
    expected = [(m, s, k) for m in (luna, rex) for s in range(3) for k in range(4)]
    audio = client.of("audio")
    assert [(a["message_id"], a["sentence_index"], a["chunk_index"]) for a in audio] == expected
    assert [a["id"] for a in audio] == [f"{s + 1}-{k + 1}" for _, s, k in expected]
    assert {a["sample_rate"] for a in audio} == {24000}
    assert {a["pcm"] for a in audio} == {b"\1\0" * 240}
    assert {(a["message_id"], a["character_id"]) for a in audio} == {(luna, LUNA), (rex, REX)}
    assert [(a["message_id"], a["id"]) for a in client.of("audio_complete")] == [(luna, "4-0"), (rex, "4-0")]
    types = [(f["type"], f.get("message_id")) for f in client.frames]
    for message_id in (luna, rex):
        assert types.index(("message_started", message_id)) < types.index(("audio", message_id))
    assert types.index(("audio_complete", luna)) < types.index(("audio", rex))

    first = metrics["metrics"]["messages"][0]
    assert metrics["turn_id"] == turn_id
    assert first["character_name"] == "Luna"
    in_order = [
        first[name] for name in ("message_started", "first_chunk", "first_audio", "first_frame", "audio_complete")
    ]
    assert in_order == sorted(in_order)
    assert first["first_sentence"] is not None
    assert metrics["metrics"]["source"] == "typed"


async def test_talk_mark_is_cleared_when_the_client_has_played_everything(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        workers = Workers(open_gateway.bus, client.conversation_id)
        state = open_gateway.bus.keys.state(client.conversation_id)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        reply = workers.reply(turn, epoch)
        await reply.whole(
            pcm=b"\0\0" * 24_000 * 10
        )  # Two minutes of audio: the talk mark is cleared in time only if the receipt clears it.
        await client.until("turn_metrics")
        assert b"talk" in await open_gateway.bus.hash(state)
        await client.send(
            "playback", message_id=reply.message_ids[LUNA], sentence_index=2, chunk_index=3, played_ms=120_000
        )

        async def is_over() -> bool:
            return b"talk" not in await open_gateway.bus.hash(state)

        await eventually(is_over)
        assert (await open_gateway.bus.last(open_gateway.bus.keys.receipts(client.conversation_id))) is not None


async def test_message_that_is_sent_again_is_confirmed_again_and_written_once(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        turn_id = str(uuid.uuid4())
        for again in (False, True):
            await client.send("user_message", text="hello", turn_id=turn_id)
            accepted = await client.until("turn_accepted")
            assert accepted["turn_id"] == turn_id
            assert ("event_id" in accepted) is not again
        turns = await open_gateway.bus.read(open_gateway.bus.keys.turns(client.conversation_id))
        assert len(turns) == 1
        assert (
            await open_gateway.bus.open_work("llm") == 2
        )  # the pointer is posted again, because the first one may have been lost


@pytest.mark.parametrize("way", ["interrupt", "turn", "spoken"])
async def test_frames_of_an_older_epoch_are_not_sent_after_an_interruption(open_gateway: Gateway, way: str) -> None:
    bus = open_gateway.bus
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        c = client.conversation_id
        workers = Workers(bus, c)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        reply = workers.reply(turn, epoch, (LUNA, REX))
        reply.start()
        reply.begin(LUNA)
        for k in range(300):
            reply.sound(LUNA, 0, k, b"\1\0" * 960)
        await reply.flush()
        await client.until("audio")
        match way:
            case "interrupt":
                await client.send("interrupt")
            case "turn":
                await client.send("user_message", text="wait!")
            case _:
                await _begin_spoken_turn(workers)
        # this worker has not noticed the interruption yet
        for k in range(300, 400):
            reply.sound(LUNA, 0, k, b"\1\0" * 960)
        reply.text(LUNA, "stale")
        reply.begin(REX)
        await reply.flush()
        interrupted = await client.until("interrupted")
        at = len(client.frames)
        assert interrupted["cause"] == ("request" if way == "interrupt" else "turn")
        # after it, only the reply of the next turn comes
        if way == "interrupt":
            await client.send("user_message", text="go on")
        turn, epoch = await workers.next_turn()
        again = workers.reply(turn, epoch, (REX,))
        await again.whole(sentences=1)
        await client.until("turn_metrics")
    after = client.frames[at:]
    assert [f for f in after if f["type"] == "audio" and f["message_id"] != again.message_ids[REX]] == []
    assert [f for f in after if f.get("text") == "stale"] == []
    assert all(f["epoch"] >= interrupted["epoch"] for f in after if "epoch" in f)
    assert len([f for f in after if f["type"] == "audio"]) == 4
    control = await bus.read(bus.keys.control(c))
    assert [entry.fields[b"cause"].decode() for entry in control] == [interrupted["cause"]]


async def _begin_spoken_turn(workers: Workers) -> None:
    """Write the beginning of a spoken turn, as stt does."""
    keys, c, turn_id = workers.bus.keys, workers.conversation_id, str(uuid.uuid4())
    await workers.bus.transact(
        c,
        [
            Append(keys.turns(c), UserTurn(turn_id, c, "wait!", "spoken")),
            Append(keys.events(c), TurnAccepted(turn_id, "wait!", "spoken")),
        ],
        raise_epoch=True,
        talk=True,
        if_talking=[
            Append(keys.control(c), Interrupted("turn")),
            Append(keys.events(c), Interrupted("turn")),
        ],
    )


async def test_interrupt_without_a_reply_sends_no_event(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("interrupt")
        await client.send("refresh_characters")
        assert (await client.next())["type"] == "characters"


async def test_reply_that_failed_before_its_first_word_does_not_delay_the_next_reply(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        workers = Workers(open_gateway.bus, client.conversation_id)
        await client.send("user_message", text="hello")
        turn, epoch = await workers.next_turn()
        reply = workers.reply(turn, epoch, (LUNA, REX))
        reply.start()
        reply.begin(LUNA)
        await reply.flush()
        await client.until("message_started")
        reply.end_text(LUNA, "", "failed")
        reply.begin(REX)
        reply.sound(REX, 0, 0, b"\0\0")
        reply.end_sound(REX, 1)
        await reply.flush()
        assert (await client.until("audio_complete"))["message_id"] == reply.message_ids[LUNA]
        assert (await client.until("audio"))["message_id"] == reply.message_ids[REX]
        assert (await client.until("audio_complete"))["id"] == "2-0"


async def test_model_settings_are_merged_saved_and_confirmed(open_gateway: Gateway, store: MemoryStore) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("model_settings", temperature=0.5, model="some/model")
        await client.until("model_settings")
        await client.send("model_settings", top_k=40, model=None)
        answer = await client.until("model_settings")
        assert (answer["temperature"], answer["top_k"], answer["model"]) == (0.5, 40, None)
        state = await open_gateway.bus.hash(open_gateway.bus.keys.state(client.conversation_id))
        assert unpack(state[b"settings"])["top_k"] == 40

        async def is_saved() -> bool:
            if await store.conversation(client.conversation_id) is None:
                return False
            return (await store.model_settings(client.conversation_id)).get("top_k") == 40

        await eventually(is_saved)


async def test_rules_of_who_answers_are_merged_saved_and_confirmed(open_gateway: Gateway, store: MemoryStore) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("model_settings", top_k=40)
        await client.send("answering", mode="in_turn", muted=[REX])
        assert (await client.until("answering"))["muted"] == [REX]
        await client.send("answering", discussion=6)
        answer = await client.until("answering")
        assert (answer["mode"], answer["muted"], answer["discussion"]) == ("in_turn", [REX], 6)
        state = await open_gateway.bus.hash(open_gateway.bus.keys.state(client.conversation_id))
        assert (state[b"answering"], state[b"muted"], state[b"discussion"]) == (b"in_turn", REX.encode(), b"6")

        async def is_saved() -> bool:
            if await store.conversation(client.conversation_id) is None:
                return False
            return stored_rules(await store.model_settings(client.conversation_id)).discussion == 6

        await eventually(is_saved)
        assert (await store.model_settings(client.conversation_id))["top_k"] == 40
        await client.send("answering", mode=None, muted=[])
        answer = await client.until("answering")
        assert (answer["mode"], answer["muted"], answer["discussion"]) == (None, [], 6)
        assert answer["default_mode"] == "fitting"


async def test_rules_of_who_answers_are_read_from_the_store(open_gateway: Gateway, store: MemoryStore) -> None:
    talk = new_id()
    await store.ensure_conversation(talk)
    rules = AnsweringRules("named", (LUNA,), 3)
    await store.save_model_settings(talk, {"top_k": 7, **rules.stored()})
    async with Client.at(open_gateway.url(f"?conversation_id={talk}")) as client:
        await client.next()
        await client.send("answering")
        answer = await client.until("answering")
        assert AnsweringRules(answer["mode"], tuple(answer["muted"]), answer["discussion"]) == rules
        await client.send("model_settings", top_p=0.5)
        await client.until("model_settings")

        async def is_saved() -> bool:
            return (await store.model_settings(talk)).get("top_p") == 0.5

        await eventually(is_saved)
        assert stored_rules(await store.model_settings(talk)) == rules


async def test_name_of_the_user_is_saved_with_the_other_settings_and_confirmed(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("user_name")
        answer = await client.until("user_name")
        assert (answer["name"], answer["default_name"]) == ("", "Jay")
        assert await store.conversation(client.conversation_id) is None
        await client.send("model_settings", top_k=40)
        await client.send("user_name", name=" Ana ")
        assert (await client.until("user_name"))["name"] == "Ana"
        await client.send("answering", discussion=2)
        await client.until("answering")

        async def is_saved() -> bool:
            if await store.conversation(client.conversation_id) is None:
                return False
            return stored_rules(await store.model_settings(client.conversation_id)).discussion == 2

        await eventually(is_saved)
        stored = await store.model_settings(client.conversation_id)
        assert (stored["user_name"], stored["top_k"]) == ("Ana", 40)
        state = await open_gateway.bus.hash(open_gateway.bus.keys.state(client.conversation_id))
        assert state[b"user_name"] == b"Ana"
        await client.send("user_name", name=None)
        assert (await client.until("user_name"))["name"] == ""


async def test_name_of_the_user_is_read_from_the_store(open_gateway: Gateway, store: MemoryStore) -> None:
    talk = new_id()
    await store.ensure_conversation(talk)
    await store.save_model_settings(talk, {"user_name": "Ana"})
    async with Client.at(open_gateway.url(f"?conversation_id={talk}")) as client:
        await client.next()
        await client.send("user_name")
        assert (await client.until("user_name"))["name"] == "Ana"


async def test_name_of_a_character_is_refused_as_the_name_of_the_user(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("user_name", name="luna")
        error = await client.until("error")
        assert (error["code"], "called Luna" in error["message"]) == ("bad_field", True)
        await client.send("user_name")
        assert (await client.until("user_name"))["name"] == ""


async def test_name_of_the_user_can_be_changed_while_the_store_is_away(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        store.away = True
        await client.send("user_name", name="Ana")
        assert (await client.until("user_name"))["name"] == "Ana"
        store.away = False


async def test_request_for_a_reply_begins_a_turn_without_text(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        turn_id = new_id()
        await client.send("request_reply", character_id=REX, turn_id=turn_id, replies=4)
        accepted = await client.until("turn_accepted")
        assert (accepted["turn_id"], accepted["text"], accepted["source"]) == (turn_id, "", "request")
        (entry,) = await open_gateway.bus.read(open_gateway.bus.keys.turns(client.conversation_id))
        turn = decode(UserTurn, entry.fields)
        assert (turn.source, turn.to, turn.replies) == ("request", REX, 4)


@pytest.mark.parametrize(("number", "expected"), [(1, DATA["first_mes"]), (3, "The door was open."), (4, "")])
async def test_request_for_a_greeting_has_the_text_of_the_card(
    open_gateway: Gateway, store: MemoryStore, number: int, expected: str
) -> None:
    mira = replace((await store.characters())[0], card=json.dumps(V2))
    await store.save_character(mira)
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("request_reply", character_id=mira.id, greeting=number)
        await client.until("turn_accepted")
        (entry,) = await open_gateway.bus.read(open_gateway.bus.keys.turns(client.conversation_id))
        turn = decode(UserTurn, entry.fields)
        assert (turn.to, turn.greeting) == (mira.id, expected)


async def test_request_for_a_greeting_is_one_for_a_reply_while_the_store_is_unavailable(
    open_gateway: Gateway, store: MemoryStore
) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        store.away = True
        await client.send("request_reply", character_id=REX, greeting=1)
        await client.until("turn_accepted")
        store.away = False
        (entry,) = await open_gateway.bus.read(open_gateway.bus.keys.turns(client.conversation_id))
        assert decode(UserTurn, entry.fields).greeting == ""


async def test_refresh_characters_sends_the_characters_to_the_client(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        await client.send("refresh_characters")
        answer = await client.until("characters")
        assert [c["name"] for c in answer["characters"]] == ["Luna", "Rex", "Sage"]
        assert set(answer["characters"][0]) == {"id", "name", "voice", "image", "active"}
        assert await open_gateway.bus.last(open_gateway.bus.keys.broadcast()) is not None


async def test_new_conversation_command_replaces_the_open_conversation(open_gateway: Gateway) -> None:
    async with Client.at(open_gateway.url()) as client:
        await client.next()
        first = client.conversation_id
        await client.send("new_conversation")
        await client.until("conversation_started")
        assert client.conversation_id != first
        old = Workers(open_gateway.bus, first)
        outlet = open_gateway.bus.outlet()
        outlet.append(open_gateway.bus.keys.events(first), Interrupted("request"))
        await outlet.flush()
        await client.send("refresh_characters")
        assert (await client.next())["type"] == "characters"
        assert old.conversation_id == first


def _order(entry_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in entry_id.split("-"))
