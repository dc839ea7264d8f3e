"""Which writes are appended by a transaction instead of a script."""

from __future__ import annotations

import pytest

from tertulia_shared.bus import Append, Expire, Put, Write
from tertulia_shared.bus.fenced_append import only_appends_sound
from tertulia_shared.bus.write_commands import LONG_VALUE
from tertulia_shared.entries import AudioChunk
from tertulia_shared.events import TurnComplete
from tertulia_shared.keys import Key

AUDIO, OTHER = Key("audio", 60), Key("other", 60)


def chunk(size: int = LONG_VALUE + 2, id: str | None = "1-2", key: Key = AUDIO) -> Append:
    return Append(key, AudioChunk(bytes(size), 0, 1, "c", "m", "luna"), id)


END = Append(AUDIO, AudioChunk(b"", 1, 0, "c", "m", "luna", is_final=True), "2-0")


@pytest.mark.parametrize("writes", [[chunk()], [chunk(), chunk(2, "1-3"), END], [chunk(700), chunk(700, "1-3")]])
def test_sound_is_appended_by_a_transaction(writes: list[Write]) -> None:
    assert only_appends_sound(writes)


@pytest.mark.parametrize(
    "writes",
    [
        [chunk(LONG_VALUE)], [END], [chunk(id=None)],
        [chunk(), chunk(id="1-3", key=OTHER)], [chunk(), Append(AUDIO, TurnComplete("t"), "1-3")],
        [chunk(), Put(AUDIO, {"x": 1})], [chunk(), Expire(AUDIO, 1)],
    ],
)  # fmt: skip
def test_other_writes_and_little_sound_go_through_the_script(writes: list[Write]) -> None:
    assert not only_appends_sound(writes)
