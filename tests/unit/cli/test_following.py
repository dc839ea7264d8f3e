"""`tertulia inspect --follow`, and messages as JSON and sound."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from tertulia_cli.exits import Failure
from tertulia_cli.inspect import following as following_module
from tertulia_cli.inspect import json_output
from tertulia_cli.inspect.command import choose_message
from tertulia_cli.inspect.following import Following
from tertulia_cli.inspect.lines import Line, LineFormatter, StreamRef, as_json, as_text
from tertulia_cli.inspect.recording import conversation_of_message, record, sound_of
from tertulia_cli.inspect.sound import check_sound, write_wav
from tertulia_cli.inspect.timeline import build
from tertulia_shared.bus import Append, Bus, Entry, Follow
from tertulia_shared.clock import wall_ms
from tertulia_shared.entries import (
    AudioChunk,
    DeadLetter,
    Interrupt,
    Receipt,
    StoreWrite,
    TTSSentence,
    UserTurn,
    Work,
)
from tertulia_shared.events import (
    Error,
    Interrupted,
    LLMChunk,
    MessageComplete,
    MessageStarted,
    TurnAccepted,
    TurnComplete,
    TurnStarted,
    VadStart,
)
from tertulia_shared.keys import Key
from tests.harness.sample_recording import (
    M1,
    M2,
    SOUND,
    SPOKEN_SENTENCES,
    T0,
    T1,
    T2,
    TYPED,
    C,
    L,
    entry,
    recording,
    replies,
    sentence,
)  # fmt: skip

STARTED = TurnStarted(T1, replies((M1, "Luna")))


def formatted(kind: str, what: object) -> tuple[str, str]:
    """The `who` and `what` of an entry's line, after Luna's message was announced."""
    formatter = LineFormatter()
    formatter.format(StreamRef("events", C), entry(STARTED, 0))
    line = formatter.format(StreamRef(kind, C), entry(what, 1))
    return line.who, line.what


@pytest.mark.parametrize(
    ("kind", "what", "line"),
    [
        ("turns", UserTurn(T1, C, "Hello", "typed"), ("you", "typed “Hello”")),
        ("events", TurnAccepted(T1, "Hello", "spoken"), ("you", "turn_accepted “Hello”")),
        ("events", STARTED, ("", "turn_started: Luna will answer")),
        ("events", MessageStarted(M1, T1, L, "Luna"), ("Luna", "message_started")),
        ("events", LLMChunk("Hi. ", L, M1), ("Luna", "llm_chunk “Hi. ”")),
        ("events", MessageComplete(M1, L, "Hi."), ("Luna", "message_complete: complete, 3 characters")),
        ("events", Error("llm_auth", "no key"), ("", "error llm_auth: no key")),
        ("events", Interrupted("turn"), ("you", "interrupted (turn)")),
        ("events", VadStart("s"), ("", "vad_start")),
        ("sentences", sentence("Hi.", 0), ("Luna", "sentence 1 “Hi.”")),
        ("sentences", sentence("", 1, final=True), ("Luna", "no more sentences")),
        ("audio", AudioChunk(b"\0" * 4_800, 1, 2, C, M1, L), ("Luna", "sound of sentence 2, chunk 3: 100 ms")),
        ("audio", AudioChunk(b"", 2, 0, C, M1, L, is_final=True), ("Luna", "no more sound")),
        ("receipts", Receipt(M1, 1, 3, 4_200), ("you", "heard Luna to sentence 2, 4.2 s in all")),
        ("control", Interrupt("request"), ("you", "interrupt (request)")),
        ("work:tts", Work(C, M1), ("", f"posted: message {M1}")),
        ("work:stt", Work(C, session_id=T2), ("", f"posted: listening session {T2}")),
        ("work:llm", Work(C), ("", "posted: a conversation's turns")),
        ("dead", DeadLetter("tts", "5-0", 3, "no voice"), ("", "given up: tts work 5-0: no voice")),
        ("store", StoreWrite("message", C, M1, b"x"), ("", "waits for the store: a message")),
        ("store:held", StoreWrite("settings", C, "", b"x"), ("", "waits for the store: settings")),
    ],
    ids=lambda value: f"{type(value).__name__}" if not isinstance(value, str | tuple) else None,
)
def test_follow_prints_an_entry_as_one_line(kind: str, what: object, line: tuple[str, str]) -> None:
    assert formatted(kind, what) == line


def test_follow_reports_an_entry_of_a_newer_release_as_unreadable() -> None:
    newer = Entry("9-0", {b"v": b"99", b"type": b"llm_chunk", b"ts": b"1", b"epoch": b"1"})
    line = LineFormatter().format(StreamRef("events", C), newer)
    assert line.what.startswith("cannot be read by this release: it was written by a newer release (schema version 99")


def test_follow_reports_a_malformed_audio_entry_as_unreadable() -> None:
    bad = entry(AudioChunk(b"\0\0", 1, 2, C, M1, L), 0)
    line = LineFormatter().format(StreamRef("audio", C, M1), Entry(bad.id, {**bad.fields, b"chunk_index": b"many"}))
    assert line.what.startswith("cannot be read by this release: AudioChunk entry: field 'chunk_index'")


def test_followed_line_contains_no_control_characters() -> None:
    line = Line(T0, "1-0", "events", C, M1, "Lu\x1bna", "said\x1b[2J\nmore")
    text = as_text(line, every_conversation=True)
    assert text.endswith(" 00000000 events             Lu na    said [2J more")
    assert "\x1b" not in as_text(Line(T0, "1-0", "dead", "\x1b[2J", "", "", ""), every_conversation=True)
    assert C[:8] not in as_text(line, every_conversation=False)


def test_followed_json_line_has_stable_field_names() -> None:
    assert json.loads(json.dumps(as_json(Line(T0, "1-0", "events", C, M1, "Luna", "x")))) == {
        "ts": T0, "id": "1-0", "stream": "events", "conversation_id": C, "message_id": M1, "who": "Luna", "what": "x",
    }  # fmt: skip


# -- following


class Lines:
    """Collects the reported lines."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.warnings: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, line: Line) -> None:
        self.lines.append(line)
        self._more.set()

    async def until_count(self, stream: str, count: int) -> None:
        while sum(line.stream == stream for line in self.lines) < count:
            self._more.clear()
            await self._more.wait()

    async def until(self, stream: str, what: str) -> None:
        while not any(line.stream == stream and what in line.what for line in self.lines):
            self._more.clear()
            await self._more.wait()


@asynccontextmanager
async def following(bus: Bus, conversation_id: str) -> AsyncGenerator[Lines]:
    """Follows streams while the block runs."""
    lines, ready = Lines(), asyncio.Event()
    task = asyncio.create_task(Following(bus, conversation_id, lines, lines.warnings.append).run(ready.set))
    await ready.wait()
    try:
        yield lines
    finally:
        task.cancel()
        await asyncio.wait([task])


async def say(bus: Bus, conversation_id: str, message_id: str, text: str, *, posted: bool = True) -> None:
    """Write a whole turn into the streams, with its pointer unless its work is already finished."""
    keys = bus.keys
    for stage in ("llm", "tts"):
        await bus.prepare(stage)
    events, sentences = keys.events(conversation_id), keys.sentences(conversation_id, message_id)
    audio = keys.audio(conversation_id, message_id)
    spoken = TTSSentence(text, 0, conversation_id, message_id, L, "Luna", "luna")
    last = TTSSentence("", 1, conversation_id, message_id, L, "Luna", "luna", is_final=True)
    await bus.transact(
        conversation_id,
        [
            Append(keys.turns(conversation_id), UserTurn(T1, conversation_id, text, "typed")),
            Append(events, TurnAccepted(T1, text, "typed")),
            Append(events, TurnStarted(T1, replies((message_id, "Luna")))),
            Append(events, MessageStarted(message_id, T1, L, "Luna")),
            Append(sentences, spoken, "1-0"),
            Append(sentences, last, "2-0"),
            Append(audio, AudioChunk(b"\1\2" * 2_400, 0, 0, conversation_id, message_id, L), "1-1"),
            Append(audio, AudioChunk(b"", 1, 0, conversation_id, message_id, L, is_final=True), "2-0"),
            Append(events, TurnComplete(T1)),
        ],
        raise_epoch=True,
        then=("llm", Work(conversation_id)) if posted else None,
    )  # fmt: skip


async def test_follow_reports_entries_of_new_streams(bus: Bus) -> None:
    async with following(bus, "") as lines:
        await say(bus, C, M1, "Hello")
        await lines.until("audio", "no more sound")
        await lines.until("sentences", "no more sentences")
        await lines.until("events", "turn_complete")
        await lines.until("turns", "Hello")
    assert {line.conversation_id for line in lines.lines} == {C}
    assert sum(line.stream == "audio" for line in lines.lines) == 2


async def test_follow_does_not_report_existing_entries(bus: Bus) -> None:
    await say(bus, C, M1, "before")
    async with following(bus, C) as lines:
        await say(bus, C, M2, "after")
        await lines.until("audio", "no more sound")
        await lines.until("turns", "after")
        await lines.until("events", "turn_complete")
    assert not [line for line in lines.lines if "before" in line.what or line.message_id == M1]


async def test_follow_of_one_conversation_ignores_others(bus: Bus) -> None:
    await say(bus, C, M1, "before")
    async with following(bus, C) as lines:
        await say(bus, T2, M2, "elsewhere")
        outlet = bus.outlet()
        outlet.append(bus.keys.events(C), TurnComplete("the end"))
        await outlet.flush()
        await lines.until("events", "turn_complete")
    assert {line.conversation_id for line in lines.lines} == {C}


@pytest.fixture
def follows(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the keys that are being followed."""
    held: list[str] = []
    follow = type(bus).follow

    def counted(self: Any, key: Key, *of: Any, **more: Any) -> Follow:
        made = follow(self, key, *of, **more)
        held.append(key.name)
        close = made.close

        def closed() -> None:
            held.remove(key.name)
            close()

        return cast("Follow", SimpleNamespace(read=made.read, close=closed))

    monkeypatch.setattr(type(bus), "follow", counted)
    return held


async def test_follow_pauses_the_longest_silent_conversation_above_its_limit(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, follows: list[str]
) -> None:
    monkeypatch.setattr(following_module, "MAX_CONVERSATIONS", 2)
    ids = [str(UUID(int=0xC0 + number)) for number in range(3)]
    messages = [str(UUID(int=0xA0 + number)) for number in range(6)]
    for id, message_id in zip(ids[:2], messages, strict=False):
        await say(bus, id, message_id, "before")
    async with following(bus, "") as lines:
        assert lines.warnings == []
        for number, id in ((2, ids[2]), (3, ids[0]), (4, ids[0]), (5, ids[1])):
            await say(bus, id, messages[number], f"text {number}")
            for stream, what in (("audio", "no more sound"), ("events", "turn_complete"), ("turns", "text")):
                await lines.until(stream, what)
            await lines.until("sentences", f"text {number}")
            await lines.until_count("turns", number - 1)
            await lines.until_count("events", 4 * (number - 1))
            await lines.until_count("audio", 2 * (number - 1))
            await lines.until_count("sentences", 2 * (number - 1))
        assert sum("}:events" in name for name in follows) == 2
        assert not [name for name in follows if ids[2] in name]
    assert follows == []
    turns = [(line.conversation_id, line.what) for line in lines.lines if line.stream == "turns"]
    assert turns == [
        (ids[2], "typed “text 2”"),
        *((ids[0], f"typed “text {n}”") for n in (3, 4)),
        (ids[1], "typed “text 5”"),
    ]
    (warning,) = lines.warnings
    assert warning.startswith("more than 2 conversations: the longest silent ones are skipped")


async def test_conversation_paused_at_the_start_is_followed_from_the_start_time(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following_module, "MAX_CONVERSATIONS", 1)
    monkeypatch.setattr(following_module, "POLL_WHEN_FULL_S", 0.01)
    await say(bus, C, M1, "before")
    written = wall_ms()
    while wall_ms() == written:  # noqa: ASYNC110 - a clock has no event; ids of one ms are not ordered
        await asyncio.sleep(0)
    await say(bus, T2, M2, "before, too")
    third = str(UUID(int=0xA0))
    async with following(bus, "") as lines:
        assert len(lines.warnings) == 1
        await say(bus, C, third, "after", posted=False)
        await lines.until("turns", "after")
        await lines.until("audio", "no more sound")
        await lines.until("events", "turn_complete")
    assert {line.conversation_id for line in lines.lines} == {C}
    assert not [line for line in lines.lines if "before" in line.what or line.message_id == M1]


# -- one message


async def test_inspect_finds_a_message_by_the_start_of_its_id(bus: Bus) -> None:
    await say(bus, C, M1, "Hello")
    assert await conversation_of_message(bus, M1[:34]) == (C, M1)
    assert await conversation_of_message(bus, "ffff") is None
    timeline = build(await record(bus, C, T0))
    assert choose_message("", timeline).message_id == choose_message(M1, timeline).message_id == M1
    with pytest.raises(Failure, match="no message x"):
        choose_message("x", timeline)
    with pytest.raises(Failure, match="has no reply yet"):
        choose_message("", build(recording([])))
    with pytest.raises(Failure, match="2 messages of conversation"):
        choose_message("0000", build(recording(TYPED)))


async def test_sound_of_a_message_is_written_to_a_wav_unchanged(bus: Bus, tmp_path: Path) -> None:
    await say(bus, C, M1, "Hello")
    seconds = await write_wav(tmp_path / "out.wav", sound_of(bus, C, M1))
    assert seconds == 0.1
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(10_000) == b"\1\2" * 2_400


async def test_unwritable_output_file_is_reported_with_its_path(tmp_path: Path) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        for pcm in ():
            yield pcm

    with pytest.raises(Failure, match="cannot be written: Is a directory"):
        await write_wav(tmp_path, nothing())


@pytest.mark.parametrize(
    ("sentences", "audio", "why"),
    [
        ([], [], "has expired: Redis keeps it for two minutes"),
        (SPOKEN_SENTENCES, [], "has no sound yet"),
        (SPOKEN_SENTENCES, SOUND[-1:], "ended without sound"),
    ],
    ids=["expired", "not yet", "none"],
)
def test_inspect_explains_why_a_message_has_no_sound(sentences: list[Entry], audio: list[object], why: str) -> None:
    timeline = build(recording(TYPED, sentences={M1: sentences}, audio={M1: audio}))
    with pytest.raises(Failure, match=why):
        check_sound(timeline.turns[0].messages[M1])


def test_inspect_json_has_times_and_text_but_no_audio() -> None:
    timeline = build(recording(TYPED, sentences={M1: SPOKEN_SENTENCES}, audio={M1: SOUND}, owners={M1: "5-0/1"}))
    plain = json.loads(json.dumps(json_output.timeline_json(timeline)))
    assert set(plain) == {
        "conversation_id", "now_ms", "epoch", "demo", "turns", "waiting", "open_work", "dead", "workers", "stuck",
    }  # fmt: skip
    (turn,) = plain["turns"]
    assert turn["explanation"][0].startswith("You typed")
    assert turn["times"] == {
        "speech_end": None, "transcript": None, "accepted": T0, "started": T0 + 4, "complete": T0 + 210, "cut": None,
    }  # fmt: skip
    luna = turn["messages"][0]
    assert (luna["text"], luna["owner"], luna["attempts"], luna["seconds"]) == ("Hi. Well.", "5-0/1", 1, 2.5)
    message = json_output.message_json(timeline, timeline.turns[0].messages[M1], SOUND)
    assert [(each["sentence_index"], each["ms"], each["is_final"]) for each in message["chunks"]] == [
        (0, 1_000, False), (0, 500, False), (1, 1_000, False), (2, 0, True),
    ]  # fmt: skip
