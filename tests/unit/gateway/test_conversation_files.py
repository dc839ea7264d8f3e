"""A conversation is exported as a file and imported again, as JSON and as a chat of SillyTavern."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tertulia_gateway.problem_codes import ProblemCode
from tertulia_gateway.rest import conversation_branch, conversation_import
from tertulia_gateway.rest.import_fields import MAX_MESSAGES
from tertulia_gateway.rest.middleware import MAX_IMPORT_BODY_BYTES
from tertulia_gateway.rest.silly_tavern import time_in
from tertulia_shared.author_note import AuthorNote
from tertulia_shared.bus import BusUnavailable
from tertulia_shared.conversation_cast import Cast, stored_cast
from tertulia_shared.conversation_summary import Summary
from tertulia_shared.persona import Persona
from tertulia_shared.store import Message, StoreUnavailable
from tertulia_shared.store.ordering import turn_position
from tertulia_shared.store.records import JsonValue
from tertulia_shared.summary_documents import stored_summary, summary_document
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.testing.memory_store import MemoryStore
from tests.unit.gateway.rest_client import problem

BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEGUN_MS = int(BEGUN.timestamp() * 1000)


async def conversation(store: MemoryStore, turns: int = 2) -> str:
    """Store a conversation with Luna, whose last reply was interrupted, and with a character that was deleted."""
    (luna, rex, _) = await store.characters()
    c = str(uuid4())
    await store.ensure_conversation(c, "The old harbour")
    cast = Cast((rex.id, luna.id), {rex.id: (BEGUN_MS + 1,)}, told=True)
    answering: JsonValue = {"mode": "named", "muted": [rex.id], "discussion": 0}
    await store.save_model_settings(
        c,
        {
            "temperature": 0.5,
            "user_name": "Ann",
            "answering": answering,
            **cast.stored(),
            **Persona(str(uuid4()), "Ann", "A clockmaker.").stored(),
            **AuthorNote("It rains.", 2).stored(),
        },
    )
    for turn in range(turns):
        at, turn_id = BEGUN + timedelta(seconds=turn), str(uuid4())
        mine = Message(
            str(uuid4()), c, turn_id, "user", None, "Ann", f"Where is it?\n{turn}", "complete",
            turn_position(f"{BEGUN_MS + turn * 1000}-0", 0), at, at,
        )  # fmt: skip
        luna_says = replace(
            mine, id=str(uuid4()), role="character", character_id=luna.id, character_name="Luna", text="By the",
            unheard=" sea.", status="interrupted", position=mine.position + 1, usage={"prompt_tokens": 7},
        )  # fmt: skip
        ghost = replace(luna_says, id=str(uuid4()), character_id=str(uuid4()), character_name="Ghost", unheard="",
                        status="complete", position=mine.position + 2, usage={})  # fmt: skip
        await store.save_messages([mine, luna_says, ghost])
    return c


async def exported(api: httpx2.AsyncClient, conversation_id: str, format: str) -> bytes:
    response = await api.get(f"/api/conversations/{conversation_id}/export", params={"format": format})
    assert response.status_code == 200
    return response.content


async def imported(api: httpx2.AsyncClient, content: bytes | str, **params: str) -> dict[str, Any]:
    response = await api.post("/api/conversations/import", content=content, params=params)
    assert response.status_code in (200, 201), response.text
    return response.json()


def lines_of(*messages: dict[str, Any]) -> str:
    return "\n".join(json.dumps(message) for message in ({"user_name": "Ann", "character_name": "Luna"}, *messages))


def remembered(message: Message) -> tuple[object, ...]:
    """What an import keeps of a message of our JSON format."""
    return (
        message.role, message.character_name, message.text, message.unheard, message.status, message.position,
        message.created_at, dict(message.usage),
    )  # fmt: skip


async def test_json_makes_a_copy_with_the_same_messages_settings_and_cast(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c = await conversation(store)
    copy = await imported(api, await exported(api, c, "json"))
    assert copy["id"] != c
    assert (copy["title"], copy["messages"]) == ("The old harbour", 6)
    before, after = await store.messages(c, 100), await store.messages(copy["id"], 100)
    assert [remembered(message) for message in after] == [remembered(message) for message in before]
    assert not {message.id for message in after} & {message.id for message in before}
    assert len({message.turn_id for message in after}) == 2
    assert after[1].character_id == before[1].character_id  # Luna
    assert await store.model_settings(copy["id"]) == await store.model_settings(c)


async def test_json_has_the_lorebook_and_an_impossible_one_is_left_out(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c = await conversation(store)
    assert "lorebook" not in json.loads(await exported(api, c, "json"))
    book = {"entries": {"0": {"uid": 0, "key": ["tower", "\ud800"], "content": "It leans.\x00"}}}
    assert (await api.put(f"/api/conversations/{c}/lorebook", content=json.dumps(book))).status_code == 200
    file = await exported(api, c, "json")
    copy = await imported(api, file)
    saved = (await api.get(f"/api/conversations/{copy['id']}/lorebook")).json()
    assert saved == (await api.get(f"/api/conversations/{c}/lorebook")).json()
    assert saved["entries"]["0"]["key"] == ["tower", "\ufffd"]
    for impossible in (3, {}, {"entries": 3}, {"entries": {"0": 1}}):
        copy = await imported(api, json.dumps({**json.loads(file), "lorebook": impossible}))
        assert (await api.get(f"/api/conversations/{copy['id']}/lorebook")).json() == {"entries": {}}


async def test_json_has_the_summary_which_covers_the_same_messages_of_the_copy(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c = await conversation(store)
    positions = [message.position for message in await store.messages(c, 100)]
    summary = Summary(
        own="Ann seeks a clock.", made="They met.", covers=positions[2], since_ms=BEGUN_MS, until_ms=BEGUN_MS,
        made_at_ms=BEGUN_MS, usage={"prompt_tokens": 9},
    )  # fmt: skip
    assert "summary" not in json.loads(await exported(api, c, "json"))
    await store.save_document(summary_document(c, summary))
    file = await exported(api, c, "json")
    copy = await imported(api, file)
    assert await stored_summary(store, copy["id"]) == summary
    whole = json.loads(file)
    for number, message in enumerate(whole["messages"]):
        message["position"] = number + 7  # no turn is so early: the copy has positions of its own
    whole["messages"][0]["turn_id"] = ""
    copy = await imported(api, json.dumps(whole | {"summary": whole["summary"] | {"covers": 9}}))
    covers = (await store.messages(copy["id"], 100))[2].position
    assert await stored_summary(store, copy["id"]) == replace(summary, covers=covers)


async def test_repeated_import_keeps_a_change_of_the_summary(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    c = await conversation(store)
    late = BEGUN_MS * 10
    await store.save_document(summary_document(c, Summary(own="Ann seeks a clock.", made_at_ms=late)))
    file = await exported(api, c, "json")
    copy = (await imported(api, file))["id"]
    assert 0 < (await stored_summary(store, copy)).made_at_ms < late
    changed = await api.put(f"/api/conversations/{copy}/summary", json={"text": "Ann has a clock."})
    assert changed.status_code == 200
    assert (await imported(api, file))["id"] == copy
    assert (await stored_summary(store, copy)).text == "Ann has a clock."


@pytest.mark.parametrize(
    ("summary", "kept"),
    [
        (3, Summary()),
        ({"made": "They met.", "covers": "all"}, Summary()),
        ({"own": "Ann.", "made": "They met.", "covers": 2**53 - 1, "made_at_ms": 2**53 - 1}, Summary(own="Ann.")),
        ({"made": "x" * 9000, "covers": 5, "off": True}, Summary(off=True)),
        ({"own": "Ann.", "off": True, "usage": {"junk": 1}}, Summary(own="Ann.", off=True)),
    ],
)
async def test_impossible_parts_of_a_summary_are_left_out(
    api: httpx2.AsyncClient, store: MemoryStore, summary: object, kept: Summary
) -> None:
    copy = await imported(api, json.dumps(OURS | {"summary": summary}))
    assert replace(await stored_summary(store, copy["id"]), made_at_ms=0) == kept


async def test_json_has_the_stored_summary_while_redis_is_away(
    api: httpx2.AsyncClient, bus: MemoryBus, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    c = await conversation(store)
    await store.save_document(summary_document(c, Summary(own="Ann seeks a clock.", made_at_ms=BEGUN_MS)))

    async def away(_: str) -> dict[str, bytes]:
        raise BusUnavailable("away")

    monkeypatch.setattr(bus, "hash", away)
    assert json.loads(await exported(api, c, "json"))["summary"]["own"] == "Ann seeks a clock."


async def test_exported_json_names_its_format_and_the_characters_at_the_table(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c = await conversation(store)
    file = json.loads(await exported(api, c, "json"))
    assert (file["format"], file["id"], file["title"]) == ("tertulia.conversation/1", c, "The old harbour")
    assert file["settings"]["temperature"] == 0.5
    assert [each["name"] for each in file["cast"]["characters"]] == ["Rex", "Luna"]
    assert file["messages"][1]["usage"] == {"prompt_tokens": 7}


async def test_characters_of_another_installation_are_found_by_their_names(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c = await conversation(store)
    (luna, rex, _) = await store.characters()
    foreign = {luna.id: str(uuid4()), rex.id: str(uuid4())}
    text = (await exported(api, c, "json")).decode()
    for here, there in foreign.items():
        text = text.replace(here, there)
    copy = await imported(api, text.replace('"Rex"', '"Stranger"'))
    assert (await store.messages(copy["id"], 100))[1].character_id == luna.id
    assert stored_cast(await store.model_settings(copy["id"])) == Cast((luna.id,), told=True)


async def test_speaker_that_does_not_exist_here_keeps_its_name(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    copy = await imported(api, await exported(api, await conversation(store), "jsonl"))
    ghosts = [each for each in await store.messages(copy["id"], 100) if each.character_name == "Ghost"]
    assert len(ghosts) == 2
    assert len({each.character_id for each in ghosts}) == 1
    assert ghosts[0].character_id not in {each.id for each in await store.characters()}


async def test_same_file_is_imported_once_unless_another_copy_is_requested(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    content = await exported(api, await conversation(store), "json")
    first = await imported(api, content)
    await store.rename_conversation(first["id"], "Mine")
    await store.save_model_settings(first["id"], {"temperature": 1.0})
    again = await api.post("/api/conversations/import", content=content)
    assert (again.status_code, again.json()["id"], again.json()["title"]) == (200, first["id"], "Mine")
    assert len(await store.messages(first["id"], 100)) == 6
    assert await store.model_settings(first["id"]) == {"temperature": 1.0}
    request_id = str(uuid4())
    other = await imported(api, content, request_id=request_id)
    assert other["id"] != first["id"]
    assert (await imported(api, content, request_id=request_id))["id"] == other["id"]


async def test_repeated_import_completes_one_that_the_store_interrupted(
    api: httpx2.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, save, calls = await exported(api, await conversation(store, 150), "json"), store.save_messages, 0

    async def failing_once(messages: list[Message]) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreUnavailable("the database is locked")
        await save(messages)

    monkeypatch.setattr(store, "save_messages", failing_once)
    refused = await api.post("/api/conversations/import", content=content)
    assert problem(refused, 503)["code"] == ProblemCode.STORE_UNAVAILABLE
    copy = await imported(api, content)
    messages = await store.messages(copy["id"], 1000)
    assert len(messages) == 450
    assert [each.position for each in messages] == sorted(each.position for each in messages)


async def test_absent_store_is_reported(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    store.away = True
    response = await api.post("/api/conversations/import", content=lines_of({"name": "Ann", "mes": "Hello"}))
    assert problem(response, 503)["code"] == ProblemCode.STORE_UNAVAILABLE


async def test_silly_tavern_chat_keeps_speakers_texts_and_what_was_not_heard(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    c = await conversation(store)
    copy = await imported(api, await exported(api, c, "jsonl"))
    assert copy["title"] == "The old harbour"
    before, after = await store.messages(c, 100), await store.messages(copy["id"], 100)
    kept = [(m.role, m.character_name, m.text, m.unheard, m.status, m.created_at) for m in before]
    assert [(m.role, m.character_name, m.text, m.unheard, m.status, m.created_at) for m in after] == kept
    assert after[1].character_id == before[1].character_id


async def test_exported_silly_tavern_chat_has_the_fields_of_that_format(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    lines = (await exported(api, await conversation(store), "jsonl")).decode().splitlines()
    header, first, second, *_ = map(json.loads, lines)
    assert {"user_name", "character_name", "create_date", "chat_metadata"} <= header.keys()
    assert (first["name"], first["is_user"], first["mes"]) == ("Ann", True, "Where is it?\n0")
    assert (second["name"], second["is_user"], second["mes"]) == ("Luna", False, "By the")
    assert second["send_date"] == "2026-03-01T12:00:00.000Z"


async def test_chat_that_begins_with_a_greeting_has_one_turn_per_message_of_the_user(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    copy = await imported(
        api,
        lines_of(
            {"name": "Luna", "is_user": False, "send_date": "June 19, 2024 2:28pm", "mes": "Hello!"},
            {"name": "Ann", "is_user": True, "send_date": "June 19, 2024 2:29pm", "mes": "Good evening."},
            {"name": "Note", "is_user": False, "is_system": True, "mes": "hidden"},
            {"name": "Luna", "is_user": False, "send_date": "unreadable", "mes": "How are you?"},
        ),
    )
    greeting, mine, answer = await store.messages(copy["id"], 100)
    assert [greeting.text, mine.text, answer.text] == ["Hello!", "Good evening.", "How are you?"]
    assert greeting.turn_id != mine.turn_id == answer.turn_id
    assert greeting.created_at == datetime(2024, 6, 19, 14, 28, tzinfo=UTC)
    assert answer.created_at == mine.created_at
    assert copy["title"] == "Luna"


async def test_chat_of_a_group_has_the_first_message_of_the_user_as_its_title(api: httpx2.AsyncClient) -> None:
    lines = [
        {"user_name": "unused", "character_name": "unused"},
        {"name": "Luna", "is_user": False, "mes": "Hello!"},
        {"name": "Ann", "is_user": True, "mes": "Is the lighthouse lit?"},
    ]
    assert (await imported(api, "\r\n".join(map(json.dumps, lines))))["title"] == "Is the lighthouse lit?"


@pytest.mark.parametrize(
    ("written", "minute"),
    [
        ("2024-06-19T14:28:00.123Z", 28),
        ("2024-06-19T16:28:00+02:00", 28),
        ("2024-6-19 @14h 28m 5s 123ms", 28),
        ("2024-6-19@14h28m5s", 28),
        ("June 19, 2024 2:28pm", 28),
        (1718807280000, 28),
        ("1718807280000", 28),
        (1718807280, 28),
        ("June 31, 2024 2:28pm", None),
        ("2024-13-40 @99h 1m", None),
        ("soon", None),
        (1e300, None),
        (True, None),
        (None, None),
    ],
)
def test_time_of_a_message_is_read_in_the_forms_of_all_releases(written: object, minute: int | None) -> None:
    time = time_in(written)
    found = time and (time.year, time.month, time.day, time.hour, time.minute)
    assert found == (None if minute is None else (2024, 6, 19, 14, minute))


MESSAGE = {"role": "user", "text": "Hello"}
OURS = {"format": "tertulia.conversation/1", "messages": [MESSAGE]}


@pytest.mark.parametrize(
    ("content", "code", "params"),
    [
        ("", ProblemCode.IMPORT_EMPTY, {}),
        ("not json", ProblemCode.IMPORT_UNREADABLE, {"line": 1}),
        (lines_of() + "\n[1]", ProblemCode.IMPORT_UNREADABLE, {"line": 2}),
        (b"\xff\xfe\x00", ProblemCode.IMPORT_ENCODING, {}),
        ("[" * 100_000, ProblemCode.IMPORT_UNREADABLE, {"line": 1}),
        (json.dumps(OURS | {"format": "tertulia.conversation/2"}), ProblemCode.IMPORT_FORMAT, {}),
        (json.dumps({"messages": []}), ProblemCode.IMPORT_FORMAT, {}),
        (json.dumps(OURS | {"messages": []}), ProblemCode.IMPORT_EMPTY, {}),
        (json.dumps(OURS | {"messages": None}), ProblemCode.IMPORT_EMPTY, {}),
        (json.dumps(OURS | {"messages": [MESSAGE, 1]}), ProblemCode.IMPORT_MESSAGE, {"number": 2}),
        (json.dumps(OURS | {"messages": [MESSAGE | {"role": "x"}]}), ProblemCode.IMPORT_MESSAGE, {"number": 1}),
        (json.dumps(OURS | {"messages": [MESSAGE | {"status": []}]}), ProblemCode.IMPORT_MESSAGE, {"number": 1}),
        (json.dumps(OURS | {"messages": [MESSAGE | {"text": None}]}), ProblemCode.IMPORT_MESSAGE, {"number": 1}),
        (json.dumps(OURS | {"messages": [MESSAGE | {"text": "x" * 100_001}]}), ProblemCode.IMPORT_MESSAGE,
         {"number": 1}),
        (lines_of({"name": 5, "mes": ""}), ProblemCode.IMPORT_MESSAGE, {"number": 1}),
        (json.dumps(OURS | {"messages": [MESSAGE] * (MAX_MESSAGES + 1)}), ProblemCode.IMPORT_TOO_MANY,
         {"most": MAX_MESSAGES}),
    ],
)  # fmt: skip
async def test_file_that_cannot_be_imported_is_refused_and_nothing_is_stored(
    api: httpx2.AsyncClient, store: MemoryStore, content: str | bytes, code: ProblemCode, params: dict[str, int]
) -> None:
    details = problem(await api.post("/api/conversations/import", content=content), 422)
    assert (details["code"], details["params"]) == (code, params)
    assert await store.conversations(10) == []


async def test_long_names_are_shortened_and_counted_once_each(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    long, fits = "Luna " * 20, "x" * 80
    luna = {"name": long, "mes": "Hi", "swipes": ["Hi", "Ho"], "swipe_id": 0}
    copy = await imported(api, lines_of(luna, luna, {"name": fits, "mes": "Hello"}))
    names = [message.character_name for message in await store.messages(copy["id"], 100)]
    assert copy["shortened_names"] == 1
    assert names == [long[:79] + "…", long[:79] + "…", fits]
    ours = OURS | {"messages": [MESSAGE | {"character_name": fits + "y"}, MESSAGE | {"character_name": fits + "z"}]}
    assert (await imported(api, json.dumps(ours)))["shortened_names"] == 2
    assert (await imported(api, json.dumps(OURS)))["shortened_names"] == 0


async def test_names_have_no_invisible_characters(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    copy = await imported(api, lines_of({"name": "Lu\u202ena\u200b", "mes": "Hi"}))
    ours = await imported(api, json.dumps(OURS | {"messages": [MESSAGE | {"character_name": "\u2066An\u2069n"}]}))
    names = [(await store.messages(each["id"], 1))[0].character_name for each in (copy, ours)]
    assert names == ["Luna", "Ann"]


async def test_null_in_a_chat_counts_as_an_empty_text(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    reply = {"name": None, "mes": None, "swipes": [None, "Ho"], "swipe_id": 1}
    copy = await imported(api, lines_of({"name": "Ann", "is_user": True, "mes": "Hello"}, reply))
    assert [message.text for message in await store.messages(copy["id"], 100)] == ["Hello", ""]


async def test_large_conversations_are_copied_beside_the_event_loop(
    api: httpx2.AsyncClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = list[int]()

    def noted(do: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any) -> Any:
            threads.append(threading.get_ident())
            return do(*given)

        return act

    monkeypatch.setattr(conversation_import, "records", noted(conversation_import.records))
    monkeypatch.setattr(conversation_branch, "copied", noted(conversation_branch.copied))
    copy = await imported(api, await exported(api, await conversation(store), "json"))
    last = (await store.messages(copy["id"], 100))[-1]
    branch = {"message_id": last.id, "request_id": str(uuid4())}
    assert (await api.post(f"/api/conversations/{copy['id']}/branch", json=branch)).status_code == 201
    assert len(threads) == 7
    assert threading.get_ident() not in threads


async def test_file_over_the_bound_is_refused(api: httpx2.AsyncClient) -> None:
    problem(await api.post("/api/conversations/import", content=b" " * (MAX_IMPORT_BODY_BYTES + 1)), 413)


async def test_impossible_settings_and_positions_in_a_file_are_left_out(
    api: httpx2.AsyncClient, store: MemoryStore
) -> None:
    hostile = OURS | {
        "title": "a\u202eb\n" + "x" * 500,
        "settings": {
            "temperature": "hot",
            "answering": {"mode": "chaos"},
            "user_name": "<b>",
            "persona": {"id": 1},
            "note": {"depth": "x"},
            "junk": "x" * 9000,
        },
        "cast": {"characters": [1, {"id": "x"}], "stays": {"x": [1]}, "told": 1},
        "messages": [
            MESSAGE | {"position": 2**53, "turn_id": "x", "created_at": "9999-12-31T23:59:59Z"},
            MESSAGE | {"position": True, "id": "x", "usage": {"prompt_tokens": "many"}, "status": "streaming"},
        ],
    }
    copy = await imported(api, json.dumps(hostile))
    assert await store.model_settings(copy["id"]) == {}
    first, second = await store.messages(copy["id"], 100)
    assert first.created_at <= datetime.now(UTC)
    assert first.position < second.position < turn_position("1735689601000-0", 0)
    assert second.status == "interrupted"


async def test_plain_text_has_one_paragraph_per_message(api: httpx2.AsyncClient, store: MemoryStore) -> None:
    text = (await exported(api, await conversation(store, 1), "text")).decode()
    title, begun, rest = text.split("\n", 2)
    assert title == "The old harbour"
    assert begun.startswith("Begun 20")
    assert rest == "\nAnn: Where is it?\n    0\n\nLuna: By the (cut off)\n\nGhost: By the\n"
