"""`tertulia inspect --message` and `--audio`: one message as JSON and sound."""

from __future__ import annotations

import io
import json
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tertulia_cli.exit_codes import Failure
from tertulia_cli.inspect import json_output
from tertulia_cli.inspect.command import choose_message
from tertulia_cli.inspect.snapshot import conversation_of_message, sound_of, take_snapshot
from tertulia_cli.inspect.sound import check_sound, write_wav, write_wav_to_pipe
from tertulia_cli.inspect.timeline import build
from tertulia_shared.bus import Bus, Entry
from tests.harness.sample_snapshot import (
    M1,
    SOUND,
    SPOKEN_SENTENCES,
    T0,
    TYPED,
    C,
    snapshot,
)  # fmt: skip
from tests.unit.cli.followed_streams import say


async def test_inspect_finds_a_message_by_the_start_of_its_id(bus: Bus) -> None:
    await say(bus, C, M1, "Hello")
    assert await conversation_of_message(bus, M1[:34]) == (C, M1)
    assert await conversation_of_message(bus, "ffff") is None
    timeline = build(await take_snapshot(bus, C, T0))
    assert choose_message("", timeline).message_id == choose_message(M1, timeline).message_id == M1
    with pytest.raises(Failure, match="no message x"):
        choose_message("x", timeline)
    with pytest.raises(Failure, match="has no reply yet"):
        choose_message("", build(snapshot([])))
    with pytest.raises(Failure, match="2 messages of conversation"):
        choose_message("0000", build(snapshot(TYPED)))


async def test_sound_of_a_message_is_written_to_a_wav_unchanged(bus: Bus, tmp_path: Path) -> None:
    await say(bus, C, M1, "Hello")
    seconds = await write_wav(tmp_path / "out.wav", sound_of(bus, C, M1))
    assert seconds == 0.1
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(10_000) == b"\1\2" * 2_400


async def test_sound_that_is_written_to_a_pipe_is_a_complete_wav(bus: Bus) -> None:
    await say(bus, C, M1, "Hello")
    receiving, sending = os.pipe()
    with os.fdopen(receiving, "rb") as output:
        with os.fdopen(sending, "wb") as pipe:
            assert await write_wav_to_pipe(pipe, sound_of(bus, C, M1)) == 0.1
        piped = output.read()
    with wave.open(io.BytesIO(piped)) as file:
        assert file.getnframes() == 2_400
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
    timeline = build(snapshot(TYPED, sentences={M1: sentences}, audio={M1: audio}))
    with pytest.raises(Failure, match=why):
        check_sound(timeline.turns[0].messages[M1])


def test_inspect_json_has_times_and_text_but_no_audio() -> None:
    timeline = build(snapshot(TYPED, sentences={M1: SPOKEN_SENTENCES}, audio={M1: SOUND}, owners={M1: "5-0/1"}))
    plain = json.loads(json.dumps(json_output.timeline_json(timeline)))
    assert set(plain) == {
        "conversation_id", "now_ms", "epoch", "demo", "turns", "waiting", "open_work", "dead", "workers", "stuck",
    }  # fmt: skip
    (turn,) = plain["turns"]
    assert turn["explanation"][0].startswith("You typed")
    assert turn["times"] == {
        "speech_end": None, "transcript": None, "accepted": T0, "confirmed": None, "withdrawn": None,
        "started": T0 + 4, "complete": T0 + 210, "cut": None,
    }  # fmt: skip
    luna = turn["messages"][0]
    assert (luna["text"], luna["owner"], luna["attempts"], luna["seconds"]) == ("Hi. Well.", "5-0/1", 1, 2.5)
    message = json_output.message_json(timeline, timeline.turns[0].messages[M1], SOUND)
    assert [(each["sentence_index"], each["ms"], each["is_final"]) for each in message["chunks"]] == [
        (0, 1_000, False), (0, 500, False), (1, 1_000, False), (2, 0, True),
    ]  # fmt: skip
