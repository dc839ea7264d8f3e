"""The models in `/api/status`."""

from __future__ import annotations

import json

import pytest

from tertulia_gateway.rest.model_states import RECENT_MS, known_models, models_of
from tertulia_gateway.rest.schemas import ModelState
from tertulia_shared.bus import BusUnavailable
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus

NOW = 10_000_000
STATE = {"server": "http://x/v1", "model": "house", "context_tokens": 8192, "changes": ["leaves out seed"], "at": NOW}
SHOWN = ModelState(server="http://x/v1", model="house", context_tokens=8192, changes=["leaves out seed"])


def raw(**changes: object) -> bytes:
    return json.dumps({**STATE, **changes}).encode()


def test_published_models_are_listed_in_order_of_server_and_name() -> None:
    published = {
        b"http://x/v1 b": raw(model="b", context_tokens=None),
        b"http://x/v1 a": raw(model="a", newer=1),
        b"http://w/v1 c": raw(server="http://w/v1", model="c"),
    }
    assert [model.model for model in models_of(published, NOW)] == ["c", "a", "b"]
    assert models_of({b"x": raw()}, NOW) == [SHOWN]


def test_model_that_was_not_published_lately_is_left_out() -> None:
    assert models_of({b"x": raw(at=NOW - RECENT_MS - 1)}, NOW) == []


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"[]", b"{}", b'{"at": "x"}', raw(changes=3), raw(model=None), b"[" * 9000]
)
def test_model_entry_that_cannot_be_decoded_is_skipped(value: bytes) -> None:
    assert models_of({b"a": value, b"b": raw()}, NOW) == [SHOWN]


async def test_list_of_models_is_empty_while_redis_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = MemoryBus(Keys("test"))
    assert await known_models(bus, NOW) == []

    async def away(*_: object) -> object:
        raise BusUnavailable("away")

    monkeypatch.setattr(bus, "hash", away)
    assert await known_models(bus, NOW) == []
