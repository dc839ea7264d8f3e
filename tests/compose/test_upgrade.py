"""Upgrade, scaling and a Redis restart during a reply: the listener hears no gap."""

from __future__ import annotations

import pytest

from tests.compose.silence import MAX_SILENCE_S, MAX_WAIT_S, playback_during
from tests.harness.compose import ROOT, WORKERS, Compose

pytestmark = [pytest.mark.compose, pytest.mark.timeout(600)]


def ids(steady: Compose, *services: str) -> dict[str, set[str]]:
    return {service: {each.id for each in steady.containers(service)} for service in services}


def redis_start(steady: Compose) -> tuple[str, str]:
    """The id of the Redis container, and when its process started."""
    (redis,) = steady.containers("redis")
    return redis.id, redis.attrs["State"]["StartedAt"]


def scale(steady: Compose, number: int) -> None:
    """The line of the README."""
    steady.run("up", "--detach", "--no-build", "--scale", f"tts={number}")
    steady.wait(lambda: len(steady.containers("tts")) == number, f"{number} tts", lambda: steady.run("ps", "--all"))
    steady.wait_healthy("tts")


async def test_upgrade_during_a_reply_is_not_heard(steady: Compose) -> None:
    services = (*WORKERS, "gateway")
    before, redis = ids(steady, *services), redis_start(steady)
    steady.set(TERTULIA_DRAIN_S="9")  # Compose replaces a gateway only if its image or its settings have changed
    playback = await playback_during(steady.url, steady.upgrade)
    assert playback.longest_silence_s <= MAX_SILENCE_S
    after = ids(steady, *services)
    for service in services:
        assert len(after[service]) == len(before[service])
        assert not after[service] & before[service], f"{service} was not replaced"
    assert redis_start(steady) == redis


async def test_scaling_during_a_reply_is_not_heard(steady: Compose) -> None:
    before, redis = ids(steady, "gateway", "llm", "stt"), redis_start(steady)

    def up_and_down() -> None:
        scale(steady, 3)
        scale(steady, 1)

    playback = await playback_during(steady.url, up_and_down)
    assert playback.longest_silence_s <= MAX_SILENCE_S
    assert ids(steady, "gateway", "llm", "stt") == before, "a service was replaced by scaling another one"
    assert redis_start(steady) == redis


async def test_redis_restart_during_a_reply_with_three_voices_is_not_heard(steady: Compose) -> None:
    scale(steady, 3)
    try:
        playback = await playback_during(steady.url, lambda: steady.run("restart", "redis"))
    finally:
        scale(steady, 1)
    assert playback.longest_silence_s <= MAX_SILENCE_S
    assert playback.longest_wait_s <= MAX_WAIT_S


def test_upgrade_keeps_the_old_worker_if_the_new_one_does_not_start(steady: Compose) -> None:
    """The new tts has an engine that does not exist, so it exits."""
    before = ids(steady, "tts", "gateway")
    broken = steady.with_settings(TERTULIA_TTS_ENGINE="no-such-engine")
    with pytest.raises(AssertionError, match="the new container of tts did not become healthy"):
        broken.upgrade()
    assert ids(steady, "tts", "gateway") == before
    steady.wait_healthy("tts")


def test_readme_names_the_upgrade_script() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "`git pull && deploy/upgrade.sh`" in readme
