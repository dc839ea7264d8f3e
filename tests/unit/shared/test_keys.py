from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from tertulia_shared.keys import STAGES, Key, Keys

C = "0a6f1b52-7e0e-4e53-8a4b-2f0c9d9e7a11"  # fixed, since the ids are part of test names, which xdist compares
NOT_KEYS = {"every_turns", "every_audio", "conversation_of"}


def every_key(keys: Keys) -> Iterator[tuple[str, Key]]:
    """Every kind of key, with any conversation and any ids."""
    for name, method in inspect.getmembers(keys, inspect.ismethod):
        if name.startswith("_") or name in NOT_KEYS:
            continue
        for stage in STAGES:
            values = {"conversation_id": C, "stage": stage}
            key = method(*(values.get(parameter, parameter) for parameter in inspect.signature(method).parameters))
            assert isinstance(key, Key), name
            yield name, key


@pytest.mark.parametrize(("name", "key"), sorted(set(every_key(Keys("ns"))), key=str), ids=str)
def test_every_key_has_the_namespace_and_a_ttl(name: str, key: Key) -> None:
    assert key.name.startswith("ns:")
    assert str(key) == key.name
    assert 0 < key.ttl_s <= 30 * 24 * 3600
    assert key.max_len is None or 0 < key.max_len <= 100_000


def test_different_arguments_give_different_keys() -> None:
    names = {key.name for _, key in every_key(Keys("ns"))}
    assert len(names) == len({(name, key.name) for name, key in every_key(Keys("ns"))})
    assert names.isdisjoint(key.name for _, key in every_key(Keys("other")))


def test_only_keys_of_a_conversation_have_a_hash_tag() -> None:
    keys = Keys("ns")
    for name, key in every_key(keys):
        own = "conversation_id" in inspect.signature(getattr(keys, name)).parameters
        assert (f":{{{C}}}:" in key.name) == own
        assert keys.conversation_of(key.name) == (C if own else "")


def test_only_stream_keys_have_a_length_bound() -> None:
    other = {"mic_progress", "turn_seen", "state", "owner", "workers", "voices", "models", "engines", "drainer"}
    other |= {"work_failure", "work_left", "probe", "space_keeper", "model_keeper", "cast", "character_names", "clip"}
    other |= {"clip_faults", "engine_speeds", "speed_keeper", "slots", "speech_workers", "lorebook", "summaries_due"}
    other |= {"summarizer"}
    for name, key in every_key(Keys()):
        assert (key.max_len is None) == (name in other), name


@pytest.mark.parametrize("name", ["", "ns:work:llm", "}{", "{", "a}b{c"])
def test_conversation_id_of_a_key_without_a_conversation_is_empty(name: str) -> None:
    assert Keys().conversation_of(name) == ""


def test_pattern_of_every_turns_matches_the_turns_key_of_a_conversation() -> None:
    keys = Keys("ns")
    before, after = keys.every_turns().split("*")
    assert keys.turns(C).name.removeprefix(before).removesuffix(after) == C
