"""Fixtures: one stack of containers for all tests here, started by `docker compose up` without any setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.compose import Compose


@pytest.fixture(scope="session")
def stack() -> Iterator[Compose]:
    """The tests damage and share this stack, so each test must leave it healthy."""
    with Compose() as running:
        yield running


@pytest.fixture(scope="session")
def steady() -> Iterator[Compose]:
    """A stack with the engines that need the least CPU, for tests that measure a silence."""
    with Compose(settings={"TERTULIA_STT_ENGINE": "pocketsphinx", "TERTULIA_TTS_ENGINE": "espeak"}) as running:
        yield running


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> Iterator[None]:
    """Wait until the services that the previous test stopped are ready. If the test fails, the logs are shown."""
    used = [name for name in ("stack", "steady") if name in request.fixturenames]
    if used:
        stack: Compose = request.getfixturevalue(used[0])
        stack.wait_ready()
        yield
        print(stack.run("logs", "--no-color", "--tail", "25", check=False))  # noqa: T201 - pytest shows it with a failure
    else:
        yield
